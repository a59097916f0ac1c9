/** Indicators in words: filters, ranges, the text of a pack that uses one. */
import type { Indicator } from '../api/indicators';
import type { IconName } from '../components/icons';
import { number, t } from '../stores/language.svelte';

export interface Filter {
  words: string;
  theme: string;
  support: string;
  direction: string;
}

/** Whether an indicator is one of those that are looked for; words count in every language. */
export function fits(one: Indicator, filter: Filter): boolean {
  const { theme, support, direction } = filter;
  if ((theme && one.theme !== theme) || (direction && one.direction !== direction)) return false;
  if (support && !(one.supports as string[]).includes(support)) return false;
  const words = filter.words.toLowerCase().trim();
  return !words || words.split(/\s+/).every((word) => textOf(one).includes(word));
}

const texts = new WeakMap<Indicator, string>();

function textOf(one: Indicator): string {
  let text = texts.get(one);
  if (text === undefined) {
    const titles = [one.title, one.definition, ...Object.values(one.inputs).map((input) => input.title)];
    const said = titles.flatMap((each) => Object.values(each));
    text = [one.id, one.id.replace(/_/g, ' '), ...said, one.reference].join('\n').toLowerCase();
    texts.set(one, text);
  }
  return text;
}

export const DIRECTION_ICONS: Record<string, IconName> = { benefit: 'up', cost: 'down', target: 'target' };

/** Which way is better, with the best number where there is one. */
export function directionWords(one: Indicator): string {
  const [from, to] = one.target ?? [];
  if (from === undefined) return t(`indicators.direction.${one.direction}`);
  const best = to === undefined ? number(from) : `${number(from)}–${number(to)}`;
  return t('indicators.best-at', { best });
}

/** Numbers that can be. */
export function rangeWords({ lowest, highest }: Indicator): string {
  if (lowest !== undefined && highest !== undefined) return `${number(lowest)} – ${number(highest)}`;
  if (lowest !== undefined) return `≥ ${number(lowest)}`;
  return highest === undefined ? '' : `≤ ${number(highest)}`;
}

/** Text that puts an indicator into a pack: the attributes it needs, itself, and scores where it has some. */
export function packText(one: Indicator): string {
  const parts = Object.entries(one.inputs).map(([name, input]) =>
    [
      `[attributes.${name}]`,
      ...Object.entries(input.title).map(([code, words]) => `title.${code} = ${quoted(words)}`),
      `unit = ${quoted(input.unit)}`,
      ...(input.quantity ? [`quantity = ${quoted(input.quantity)}`] : []),
    ].join('\n'),
  );
  return [...parts, `[indicators.${one.id}]\nlibrary = ${quoted(one.id)}`, ...scoreText(one)].join('\n\n') + '\n';
}

function scoreText({ id, classes = [], class_source = '' }: Indicator): string[] {
  const [first, ...rest] = classes;
  const scores = classes.map((each) => each.score);
  if (!first || first.from_value !== undefined || !rest.length || scores.includes(undefined)) return [];
  const bounds = rest.map((each) => float(each.from_value ?? 0)).join(', ');
  const listed = scores.map((each) => float(each ?? 0)).join(', ');
  return [
    `[indicators.${id}.score]\nmethod = "classes"\nbounds = [${bounds}]\nscores = [${listed}]\nsource = ${worded(class_source)}`,
  ];
}

function float(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

/** A text, or one for each language, as TOML writes it. */
function worded(words: string | Record<string, string>): string {
  if (typeof words === 'string') return quoted(words);
  return `{ ${Object.entries(words).map(([code, text]) => `${code} = ${quoted(text)}`).join(', ')} }`;
}

/** A text as TOML writes it; JSON's way of writing one is the same. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
