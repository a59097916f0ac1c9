/** Two answers held side by side: how their packs differ, and who gained or lost from one to the other. */
import type { Feature } from 'geojson';
import type { Evaluation, IndicatorAnswer } from '../api/decision';
import { itemsOf } from '../map/infos.svelte';
import { local, number, t } from '../stores/language.svelte';
import { scoreText, scoringWords, shareText } from './words';

export interface Difference {
  what: string;
  name: string;
  first: string;
  second: string;
}

const EQUAL = 5e-4;

/** What differs between the packs of two answers. */
export function differencesOf(a: Evaluation, b: Evaluation): Difference[] {
  return [...scenarios(a, b), ...grades(a, b), ...weights(a, b), ...indicators(a, b)];
}

function scenarios(a: Evaluation, b: Evaluation): Difference[] {
  const name = (one: Evaluation): string => (one.scenario ? local(one.scenario_title) || one.scenario : t('decision.as-it-is'));
  const rows: Difference[] = [];
  if (a.pack !== b.pack || a.version !== b.version) rows.push({ what: 'pack', name: '', first: `${a.pack} ${a.version}`, second: `${b.pack} ${b.version}` });
  if ((a.scenario ?? '') !== (b.scenario ?? '')) rows.push({ what: 'scenario', name: '', first: name(a), second: name(b) });
  const titles = Object.fromEntries([...b.attributes, ...a.attributes].map((one) => [one.id, local(one.title) || one.id]));
  const changed = new Set([...Object.keys(a.changes ?? {}), ...Object.keys(b.changes ?? {})]);
  for (const id of changed) {
    const [first, second] = [a, b].map((one) => one.changes?.[id] ?? t('decision.as-it-is'));
    if (first !== second) rows.push({ what: 'attribute', name: titles[id] ?? id, first: first!, second: second! });
  }
  return rows;
}

function grades(a: Evaluation, b: Evaluation): Difference[] {
  const told = (one: Evaluation): string => one.grades.map((grade) => `${local(grade.title)} ≥ ${scoreText(grade.from_score)}`).join(', ');
  return told(a) === told(b) ? [] : [{ what: 'grades', name: '', first: told(a), second: told(b) }];
}

function weights(a: Evaluation, b: Evaluation): Difference[] {
  return pairs(a.nodes, b.nodes).flatMap(({ id, first, second }) => {
    const [one, other] = [first?.whole_weight, second?.whole_weight];
    if (one !== undefined && other !== undefined && Math.abs(one - other) < EQUAL) return [];
    return [{ what: 'weight', name: local((first ?? second)?.title) || id, first: shareText(one), second: shareText(other) }];
  });
}

function indicators(a: Evaluation, b: Evaluation): Difference[] {
  const facts: [string, (one: IndicatorAnswer) => string][] = [
    ['formula', (one) => one.formula],
    ['scoring', (one) => scoringWords(one.scoring)],
    ['thresholds', (one) => local(one.scoring_source)],
  ];
  return pairs(a.indicators, b.indicators).flatMap(({ id, first, second }) =>
    facts.flatMap(([what, fact]) => {
      const [one, other] = [first ? fact(first) : t('decision.absent-there'), second ? fact(second) : t('decision.absent-there')];
      return one === other ? [] : [{ what, name: local((first ?? second)?.title) || id, first: one, second: other }];
    }),
  );
}

function pairs<T extends { id: string }>(a: T[], b: T[]): { id: string; first: T | undefined; second: T | undefined }[] {
  const ids = new Set([...a, ...b].map((one) => one.id));
  return [...ids].map((id) => ({ id, first: a.find((one) => one.id === id), second: b.find((one) => one.id === id) }));
}

/** Units that went from a grade to another. */
export interface Change {
  first: string;
  second: string;
  units: number;
  share: number;
  better: number;
  worse: number;
  mean: number;
  /** Square metres of all, of those that are better, and of those that are worse, where units have shapes. */
  areas?: { all: number; better: number; worse: number };
}

/** Rows of the summary of `evaluation.compare`. */
export async function changesOf(id: string, signal?: AbortSignal): Promise<Change[]> {
  const rows = (await itemsOf(id, 1000, signal)) ?? [];
  return rows.map((one: Feature) => {
    const told = one.properties ?? {};
    return {
      first: String(told.first_grade), second: String(told.second_grade), units: Number(told.units), share: Number(told.share),
      better: Number(told.better), worse: Number(told.worse), mean: Number(told.mean_difference),
      ...(typeof told.area === 'number' ? { areas: { all: told.area, better: Number(told.better_area), worse: Number(told.worse_area) } } : {}),
    }; // prettier-ignore
  });
}

/** Steps of the difference of the score, with their colours: what lost is warm, what gained is cool. */
const STEPS: [from: number, colour: string][] = [
  [-Infinity, '#b65537'],
  [-0.2, '#da9069'],
  [-0.05, '#efc9ae'],
  [-1e-9, '#f1efe9'],
  [1e-9, '#bcd3e4'],
  [0.05, '#7ba5c9'],
  [0.2, '#3f72a3'],
];

export const DIFFERENCE = { column: 'score_difference', values: [], steps: STEPS };

export function differenceKey(): { colour: string; title: string }[] {
  const words = STEPS.map(([from], n) => {
    const to = STEPS[n + 1]?.[0];
    if (from === -1e-9) return t('decision.same');
    if (from === -Infinity) return t('decision.worse-more', { by: number(-to!) });
    if (to === undefined) return t('decision.better-more', { by: number(from) });
    const [low, high] = [from, to].map((one) => number(Math.abs(Math.abs(one) < 1e-6 ? 0 : one)));
    if (from === 1e-9) return t('decision.better-up-to', { by: high! });
    if (to === -1e-9) return t('decision.worse-up-to', { by: low! });
    return from < 0 ? t('decision.worse-by', { from: high!, to: low! }) : t('decision.better-by', { from: low!, to: high! });
  });
  return STEPS.map(([, colour], n) => ({ colour, title: words[n]! }));
}
