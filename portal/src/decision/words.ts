/** Numbers and lines of an answer, in words of the page. */
import type { Evaluation, GradeShare, IndicatorAnswer, Spread, TreeNode, UnitAnswer } from '../api/decision';
import { area, language, local, number, place, t, unitWords, withUnit } from '../stores/language.svelte';

/** A score from 0 to 1, or a weight. */
export function scoreText(value: number | null | undefined, digits = 2): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  return new Intl.NumberFormat(language.locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
}

/** A part of the whole in hundredths. */
export function shareText(part: number | null | undefined): string {
  if (part === null || part === undefined || !Number.isFinite(part)) return '–';
  const digits = part > 0 && (part < 0.0995 || part > 0.995) && part < 1 ? 1 : 0;
  return new Intl.NumberFormat(language.locale, { style: 'percent', maximumFractionDigits: digits }).format(part);
}

/** A number of the data with its unit. */
export function valueText(value: number | null | undefined, unit = ''): string {
  return value === null || value === undefined ? t('decision.gap') : withUnit(number(value, 4), unit);
}

/** A part of draws in tenths: "9 of 10". */
export function tenths(part: number): number {
  return Math.round(part * 10);
}

export function areaText(squareMetres: number | undefined): string {
  return squareMetres === undefined ? '' : area(squareMetres);
}

/** Colours of grades that state none, from the lowest; the node gives cells of grids the same. */
const GRADES = ['#b2182b', '#ef8a62', '#fddbc7', '#d9f0d3', '#7fbf7b', '#1b7837'];

/** Colours of the grades from the lowest on. */
export function gradeColours(grades: GradeShare[]): string[] {
  const place = (n: number): number => Math.round((n * (GRADES.length - 1)) / Math.max(grades.length - 1, 1));
  return grades.map((one, n) => one.colour || GRADES[place(n)]!);
}

/** Words of a choice of a pack's, such as a way of weighing; the pack's own word where the page has none. */
function said(key: string, word: string): string {
  const words = t(key);
  return words === key ? word.replace(/_/g, ' ') : words;
}

export function combineWords(combine: string): string {
  return said(`decision.combine.${combine}`, combine);
}

const COMBINED = 'combined of ';

export function weighingWords(line: string): string {
  const each = line.startsWith(COMBINED) ? line.slice(COMBINED.length).split(', ') : [];
  if (!each.length) return said(`decision.weighing.${line}`, line);
  return t('decision.weighing-of', { methods: listed(each.map((one) => said(`decision.weighing.${one}`, one))) });
}

/** A list in a sentence. */
export function listed(words: string[]): string {
  return new Intl.ListFormat(language.locale, { type: 'conjunction' }).format(words);
}

type Read = (...parts: string[]) => string;

/** Scorings as the node writes them in a line, and how the page says them. */
const SCORINGS: [RegExp, Read][] = [
  [/^linear from (\S+) \(0\) to (\S+) \(1\)$/, (worst, best) => t('decision.scoring.linear', { worst, best } as Record<string, string>)],
  [/^linear from the most \(0\) to the least \(1\) of all units$/, () => t('decision.scoring.linear-cost')],
  [/^linear from the least \(0\) to the most \(1\) of all units$/, () => t('decision.scoring.linear-benefit')],
  [/^1 at (\S+), 0 at the farthest of all units$/, (target) => t('decision.scoring.farthest', { target: target! })],
  [/^1 at (\S+), 0 at (\S+) away$/, (target, reach) => t('decision.scoring.target', { target, reach } as Record<string, string>)],
  [/^classes: (\S+) below ([^,\s]+)(.*)$/, (first, bound, steps) => t('decision.scoring.classes', { first: first!, bound: bound!, steps: stepsOf(steps!) })],
  [/^straight between (.+)$/, (steps) => t('decision.scoring.piecewise', { steps: steps! })],
  [/^(triangle|trapezoid|gaussian|sigmoid|bell) of (.+)$/, (shape, points) => t('decision.scoring.membership', { shape: said(`decision.shape.${shape!}`, shape!), points: points! })],
  [/^a score as it is$/, () => t('decision.scoring.as-it-is')],
  [/^(\S+) % of the number$/, (part) => t('decision.error-relative', { part: part! })],
];

function stepsOf(steps: string): string {
  return [...steps.matchAll(/, (\S+) from ([^,\s]+)/g)].map(([, score, bound]) => t('decision.scoring.step', { score: score!, bound: bound! })).join('');
}

/** A scoring or an error in words; one of no known form stays as it is. */
export function scoringWords(line: string): string {
  for (const [form, read] of SCORINGS) {
    const found = form.exec(line);
    if (found) return read(...found.slice(1));
  }
  return line;
}

/** The error of an attribute: a part of the number, or a number with its unit. */
export function errorWords(line: string): string {
  const [, value, unit] = /^([-+\d.e]+) (\S+)$/.exec(line) ?? [];
  return value && unit ? withUnit(value, unit) : scoringWords(line);
}

/** What is asked, and what is evaluated: words by the kind of the evaluation. */
export function countWords(told: Evaluation, count: number): string {
  return t(`decision.units.${told.supports}`, { count });
}

/** Name of a unit; a cell is told by its place. */
export function unitName({ supports }: Evaluation, { label, position }: UnitAnswer): string {
  const [longitude, latitude] = position ?? [];
  return supports === 'table' || longitude === undefined || latitude === undefined ? label : place(longitude, latitude);
}

/** The answer in a sentence or two. */
export function sentence(told: Evaluation): string {
  const { grades, evaluated } = told;
  const [lowest, best] = [grades[0], grades.at(-1)];
  if (!lowest || !best || !evaluated) return t('decision.nothing-evaluated');
  const part = (one: GradeShare): string => (one.area ? t('decision.part-area', { share: shareText(one.share), area: areaText(one.area) }) : shareText(one.share));
  const values = {
    all: countWords(told, evaluated),
    best: number(best.count), bestPart: part(best), bestTitle: local(best.title),
    low: number(lowest.count), lowPart: part(lowest), lowTitle: local(lowest.title),
  }; // prettier-ignore
  return t('decision.sentence', values);
}

/** What holds most units back. */
export function holdsBack(told: Evaluation): IndicatorAnswer | undefined {
  const most = [...told.indicators].sort((a, b) => b.limiting - a.limiting)[0];
  return most && most.limiting > 0 ? most : undefined;
}

/** A node of the hierarchy with how deep it stands, each after what it is part of. */
export interface Placed extends TreeNode {
  depth: number;
}

export function placed(nodes: TreeNode[]): Placed[] {
  const known = new Set(nodes.map((one) => one.id));
  const below = (parent: TreeNode, depth: number): Placed[] => [
    { ...parent, depth },
    ...nodes.filter((one) => one.parent === parent.id).flatMap((one) => below(one, depth + 1)),
  ];
  return nodes.filter((one) => !known.has(one.parent)).flatMap((one) => below(one, 0));
}

/** Titles of indicators, attributes and criteria by their identifiers. */
export function titlesOf(told: Evaluation): Record<string, string> {
  const all = [...told.nodes, ...told.attributes, ...told.indicators];
  return Object.fromEntries(all.map((one) => [one.id, local(one.title) || one.id]));
}

/** Lowest to highest with the unit. */
export function rangeText(spread: Spread, unit = ''): string {
  const { lowest, highest } = spread;
  if (lowest === undefined || highest === undefined) return '–';
  return withUnit(lowest === highest ? number(lowest, 4) : `${number(lowest, 4)} – ${number(highest, 4)}`, unit);
}

export function unitText(unit: string): string {
  return unitWords(unit) || '–';
}

/** An attribute that a number was made of, as the contributions write it. */
export interface Source {
  id: string;
  text: string;
  column: string;
  changed: boolean;
}

const SOURCE = /^(\S+) = (.*?) \[(.*)\]$/;

export function sourcesOf(from: string): Source[] {
  return from.split('; ').flatMap((one) => {
    const [, id = '', told = '', where = ''] = SOURCE.exec(one) ?? [];
    if (!id) return [];
    const [value = '', ...unit] = told.split(' ');
    const read = Number(value);
    const text = Number.isFinite(read) && value ? valueText(read, unit.join(' ')) : t('decision.gap');
    return [{ id, text, column: /^column ([^,]+)/.exec(where)?.[1] ?? '', changed: where.includes('changed by the scenario') }];
  });
}
