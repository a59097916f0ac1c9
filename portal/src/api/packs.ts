/** Packs: evaluations as data, as the node lists, gives and checks them. */
import { get, path, send } from './client';

export type Texts = Record<string, string>;

/** A text for all languages, or one for each. */
export type Words = string | Texts;

export type Direction = 'benefit' | 'cost' | 'target';
export const SUPPORTS = ['table', 'grid', 'volume'] as const;
export type Support = (typeof SUPPORTS)[number];

export interface Attribute {
  title: Texts;
  unit?: string;
  quantity?: string;
  columns?: string[];
  optional?: boolean;
  lowest?: number;
  highest?: number;
  error?: number;
  relative?: boolean;
}

export const SCORINGS = ['linear', 'classes', 'piecewise', 'target', 'membership', 'as_it_is'] as const;
export const SHAPES = { triangle: 3, trapezoid: 4, gaussian: 2, sigmoid: 2, bell: 3 } as const;

export interface Score {
  method?: (typeof SCORINGS)[number];
  worst?: number;
  best?: number;
  target?: number;
  reach?: number;
  bounds?: number[];
  at?: number[];
  scores?: number[];
  shape?: keyof typeof SHAPES;
  points?: number[];
  source?: Words;
}

export interface PackIndicator {
  library?: string;
  title?: Texts;
  definition?: Texts;
  unit?: string;
  formula?: string;
  inputs?: Record<string, string>;
  direction?: Direction;
  reference?: string;
  score?: Score;
}

export const WEIGHINGS = ['equal', 'given', 'analytic_hierarchy', 'best_worst', 'entropy', 'critic', 'spread', 'principal_components', 'combined'] as const;
export type Weighing = (typeof WEIGHINGS)[number];

/** First, second, and how many times as important the first is. */
export type Judgment = [string, string, number];

export interface Weights {
  method?: Weighing;
  values?: Record<string, number>;
  judgments?: Judgment[];
  best_over?: Record<string, number>;
  over_worst?: Record<string, number>;
  of?: Weighing[];
  source?: Words;
}

export const COMBINATIONS = ['weighted_sum', 'weighted_product', 'ordered_weighted_average', 'limiting_factor', 'topsis', 'grey_relation', 'coupling_coordination'] as const;

export interface Criterion {
  title: Texts;
  parts: string[];
  weights?: Weights;
  combine?: (typeof COMBINATIONS)[number];
  power?: number;
  strictness?: number;
  contrast?: number;
}

export interface Grade {
  title: Texts;
  from_score?: number;
  colour?: string;
}

export interface RuleTable {
  title: Texts;
  answers: Record<string, Texts>;
  rules: { when: string; then: string }[];
  otherwise?: string;
  exclusive?: boolean;
  source?: Words;
}

export interface Scenario {
  title: Texts;
  description?: Texts;
  set?: Record<string, string>;
  weights?: Record<string, Weights>;
}

export const CHARTS = ['grades', 'criteria', 'distribution', 'obstacles', 'scatter', 'map'] as const;

export interface Chart {
  kind: (typeof CHARTS)[number];
  title: Texts;
  columns?: string[];
}

/** A pack as it is written; parts that the page has no fields for stay as they are. */
export interface Pack {
  id: string;
  version: string;
  title: Texts;
  question: Texts;
  description: Texts;
  limits: Texts;
  goal: string;
  attributes: Record<string, Attribute>;
  indicators: Record<string, PackIndicator>;
  criteria: Record<string, Criterion>;
  grades: Grade[];
  supports?: Support[];
  label?: string[];
  area?: string;
  rules?: Record<string, RuleTable>;
  scenarios?: Record<string, Scenario>;
  uncertainty?: { draws?: number; spread?: number; top?: number };
  report?: { summary?: Texts; method?: Texts; charts?: Chart[] };
  [more: string]: unknown;
}

export type Overlay = Record<string, unknown>;

export interface PackSummary {
  name: string;
  source: 'application' | 'dataset';
  id?: string;
  version?: string;
  title: Texts;
  question?: Texts;
  dataset?: string;
  datasetVersion?: number;
  updated?: string;
}

export interface PackFinding {
  place: string;
  reason: string;
  hint: string;
}

export interface ResolvedIndicator {
  title: Texts;
  definition: Texts;
  unit: string;
  formula: string;
  inputs: Record<string, string>;
  direction: Direction;
  score: Score;
  score_source: Texts;
}

export interface ResolvedCriterion {
  parts: { id: string; weight?: number; wholeWeight?: number }[];
  consistencyRatio?: number;
}

export interface Resolved {
  attributes?: Record<string, { title: Texts; unit: string }>;
  indicators?: Record<string, ResolvedIndicator>;
  criteria?: Record<string, ResolvedCriterion>;
  names?: { numbers: Record<string, string>; words: string[] };
}

export interface Checked {
  sound: boolean;
  findings: PackFinding[];
  resolved: Resolved;
  pack: Pack;
  overlay: Overlay;
}

export async function allPacks(signal?: AbortSignal): Promise<PackSummary[]> {
  return (await get<{ packs: PackSummary[] }>('/packs', {}, signal)).packs;
}

export function packOf(name: string, signal?: AbortSignal): Promise<Pack> {
  return get<Pack>(path('packs', name), {}, signal);
}

/** What is wrong in a pack, and what it becomes; each of the two is an object, or a text in TOML or JSON. */
export async function checkPack(pack: Pack | string, overlay: Overlay | string, signal?: AbortSignal): Promise<Checked> {
  const options = signal ? { signal } : {};
  return (await send<Checked>('POST', '/pack-check', { pack, overlay }, options))!;
}
