/** The answer of an evaluation, as the node keeps it: one document, and the datasets of the same run beside it. */
import type { Feature, FeatureCollection } from 'geojson';
import { ask, at, get, path } from './client';
import { downloadsOf, said, type Asset, type Lineage } from './dataset';
import { kindOf, recordIfAny } from './records';
import type { DatasetRecord } from './types';

export type Texts = Record<string, string>;

/** A text for all languages, or one for each. */
export type Words = string | Texts;

export interface Spread {
  count: number;
  gaps: number;
  mean?: number;
  lowest?: number;
  quartiles?: number[];
  highest?: number;
  bins?: number[];
}

export interface GradeShare {
  title: Texts;
  from_score: number;
  count: number;
  share: number;
  colour: string;
  area?: number;
}

export interface Contribution {
  indicator: string;
  value: number | null;
  score: number;
  weight: number;
  contribution: number;
}

export interface UnitAnswer {
  row: number;
  label: string;
  score: number;
  rank: number;
  grade: number;
  limiting?: string;
  rules?: Record<string, string>;
  contributions?: Contribution[];
  grade_probability?: number;
  best_rank?: number;
  worst_rank?: number;
  position?: [number, number] | [];
}

export interface TreeNode {
  id: string;
  kind: 'criterion' | 'indicator';
  title: Texts;
  parent: string;
  weight: number;
  whole_weight: number;
  scores: Spread;
  combine?: string;
  weighing?: string;
  weighing_source?: Words;
  consistency_ratio?: number;
}

export interface IndicatorAnswer {
  id: string;
  title: Texts;
  definition: Texts;
  unit: string;
  formula: string;
  direction: string;
  reference: string;
  scoring: string;
  scoring_source: Words;
  values: Spread;
  obstacle: number;
  limiting: number;
  inputs?: Record<string, string>;
}

export interface AttributeAnswer {
  id: string;
  title: Texts;
  unit: string;
  column: string;
  found_unit: string;
  values: Spread;
  refused?: number;
  words?: Record<string, number>;
}

export interface RuleAnswer {
  table: string;
  table_title: Texts;
  id: string;
  title: Texts;
  count: number;
  share: number;
  source?: Words;
  area?: number;
}

export interface Robustness {
  draws: number;
  spread: number;
  errors: Record<string, string>;
  same_grade: number;
  unsure: number;
  first: string;
  first_probability: number;
  seed: number;
}

export interface FrontierAnswer {
  inputs: string[];
  outputs: string[];
  undesirable: string[];
  returns: string;
  efficient: number;
  efficiency: Spread;
}

export interface ProblemAnswer {
  id: string;
  title: Texts;
  worth: number;
  uses: Record<string, Texts>;
  counts: Record<string, number>;
  areas: Record<string, number>;
}

export interface Evaluation {
  pack: string;
  version: string;
  key: string;
  title: Texts;
  question: Texts;
  description: Texts;
  limits: Texts;
  supports: 'table' | 'grid' | 'volume';
  units: number;
  evaluated: number;
  scores: Spread;
  grades: GradeShare[];
  best: UnitAnswer[];
  poorest: UnitAnswer[];
  nodes: TreeNode[];
  indicators: IndicatorAnswer[];
  attributes: AttributeAnswer[];
  rules?: RuleAnswer[];
  scenario?: string;
  scenario_title?: Texts;
  changes?: Record<string, string>;
  area?: number;
  robustness?: Robustness;
  frontier?: FrontierAnswer;
  problems?: ProblemAnswer[];
  summary?: Texts;
  method?: Texts;
  note?: Texts;
}

const MEDIA_TYPE = 'application/vnd.craton.evaluation+json';
const ENDS = { units: 'units', cells: 'cells', weights: 'weights', contributions: 'contributions', answer: 'answer' } as const;

/** Name of a result of an evaluation. */
export type Output = keyof typeof ENDS;

export type Run = NonNullable<Lineage['run']> & {
  key?: string;
  output?: string;
  job?: string;
  started?: string;
  environment?: string;
  seed?: number;
  parameters?: Record<string, unknown>;
  units?: Record<string, string>;
  inputs?: Record<string, { id: string; version: number; content?: string; variable?: string }[]>;
};

export function runOf(record: DatasetRecord): Run | undefined {
  return said<Lineage>(record, 'lineage')?.run;
}

/** Whether a dataset is the answer of an evaluation. */
export function isAnswer(record: DatasetRecord): boolean {
  return kindOf(record) === 'document' && said<Record<string, Asset>>(record, 'assets')?.data?.media_type === MEDIA_TYPE;
}

/** Identifier of another result of the run that made `record`; they differ in the name of the output only. */
export function sisterOf(record: DatasetRecord, output: string): string {
  const own = runOf(record)?.output ?? '';
  const end = own ? record.id.lastIndexOf(`-${own}-`) : -1;
  return end < 0 ? '' : `${record.id.slice(0, end)}-${output}-${record.id.slice(end + own.length + 2)}`;
}

/** Identifier of the answer of the run that made `record`; empty where no evaluation did. */
export function answerIdOf(record: DatasetRecord): string {
  if (isAnswer(record)) return record.id;
  const { process = '', output = '' } = runOf(record) ?? {};
  const evaluates = /^evaluation\.(table|grid|volume)$/.test(process) && output in ENDS;
  return evaluates ? sisterOf(record, ENDS.answer) : '';
}

export interface Answer {
  record: DatasetRecord;
  told: Evaluation;
  /** The other results of the run, as far as they are there for this visitor. */
  sisters: Partial<Record<Output, DatasetRecord>>;
}

/** The answer itself, and what stands beside it. */
export async function answerOf(record: DatasetRecord, signal?: AbortSignal): Promise<Answer> {
  const isTable = runOf(record)?.process.endsWith('.table');
  const names: Output[] = isTable ? ['units', 'weights', 'contributions'] : ['cells', 'weights'];
  const asked = names.map(async (name) => {
    const id = sisterOf(record, name);
    return [name, id && (await recordIfAny(id, signal))] as const;
  });
  const [told, ...found] = await Promise.all([evaluationOf(record, signal), ...asked]);
  const sisters: Answer['sisters'] = {};
  for (const [name, one] of found) if (one) sisters[name] = one;
  return { record, told, sisters };
}

/** The content of an answer. */
export async function evaluationOf(record: DatasetRecord, signal?: AbortSignal): Promise<Evaluation> {
  const href = downloadsOf(record).find((one) => one.type.startsWith(MEDIA_TYPE))?.href;
  const address = href ?? at(path('datasets', record.id, 'data'), { f: 'bin' });
  const reply = await ask(address, { signal, headers: { Accept: '*/*' } });
  return (await reply.json()) as Evaluation;
}

/** Where a score comes from: a row of the contributions. */
export interface Explained extends Contribution {
  obstacle: number;
  from: string;
  /** Name of the unit. */
  label: string;
}

/** What each indicator brings to a unit; empty where that is not kept, which it is for the best units only. */
export async function explainedOf(id: string, row: number, signal?: AbortSignal): Promise<Explained[]> {
  const page = await get<FeatureCollection>(path('collections', id, 'items'), { filter: `row = ${row}`, limit: 500 }, signal);
  return page.features.map((one) => one.properties as unknown as Explained);
}

/** The first units whose `column` holds some words. */
export async function unitsNamed(id: string, column: string, words: string, signal?: AbortSignal): Promise<Feature[]> {
  const filter = `${/^\w+$/.test(column) ? column : `"${column.replace(/"/g, '""')}"`} LIKE '%${words.replace(/'/g, "''").replace(/[%_\\]/g, '\\$&')}%'`;
  return (await get<FeatureCollection>(path('collections', id, 'items'), { filter, limit: 20 }, signal)).features;
}

export function unitAt(id: string, row: number, signal?: AbortSignal): Promise<Feature> {
  return get(path('collections', id, 'items', String(row)), {}, signal);
}

export const REPORT_FORMATS = ['pdf', 'html'] as const;

/** Address of the report of an answer, in the language of the page where there is one in it. */
export function reportOf(record: DatasetRecord, format: (typeof REPORT_FORMATS)[number], language: string): string {
  return at(path('datasets', record.id, 'report'), { f: format, lang: language === 'zh' ? 'zh' : 'en' });
}
