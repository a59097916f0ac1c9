/** The library of indicators, as the node tells it: all languages at once. */
import { get, path } from './client';

type Texts = Record<string, string>;

export const SUPPORTS = ['cell', 'parcel', 'basin', 'district', 'project'] as const;
export const DIRECTIONS = ['benefit', 'cost', 'target'] as const;

export interface IndicatorInput {
  unit: string;
  title: Texts;
  quantity?: string;
}

export interface IndicatorClass {
  title: Texts;
  /** None: no limit below. */
  from_value?: number;
  score?: number;
}

export interface Indicator {
  id: string;
  theme: string;
  criterion: string;
  title: Texts;
  definition: Texts;
  unit: string;
  formula: string;
  inputs: Record<string, IndicatorInput>;
  direction: (typeof DIRECTIONS)[number];
  target?: number[];
  lowest?: number;
  highest?: number;
  supports: (typeof SUPPORTS)[number][];
  period?: string;
  aggregate: string;
  classes?: IndicatorClass[];
  /** One text for all languages, or one for each. */
  class_source?: string | Texts;
  reference: string;
}

/** One indicator with the words of the goal and the criterion it serves. */
export interface IndicatorInFull extends Indicator {
  goal: Texts;
  criterionTitle: Texts;
}

export interface Theme {
  id: string;
  title: Texts;
  description: Texts;
  criteria: { id: string; title: Texts; count: number }[];
  count: number;
}

export async function allIndicators(signal?: AbortSignal): Promise<Indicator[]> {
  return (await get<{ indicators: Indicator[] }>('/indicators', {}, signal)).indicators;
}

export async function allThemes(signal?: AbortSignal): Promise<Theme[]> {
  return (await get<{ themes: Theme[] }>('/indicators/themes', {}, signal)).themes;
}

export function indicatorOf(id: string, signal?: AbortSignal): Promise<IndicatorInFull> {
  return get(path('indicators', id), {}, signal);
}
