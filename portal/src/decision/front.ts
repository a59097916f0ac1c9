/** The front of Pareto of an allocation: its plans, what each is worth for each objective, and which uses it gives. */
import { runOf, sisterOf } from '../api/decision';
import type { Column, DatasetRecord } from '../api/types';
import { SET } from '../map/colours';
import { itemsOf, type LayerInfo } from '../map/infos.svelte';
import { t } from '../stores/language.svelte';

/** Outputs of the processes that make a front: the plans, and the parcels with their uses. */
const OUTPUTS: Record<string, string> = { 'allocation.search': 'plans', 'allocation.trade_off': 'points' };

export interface Front {
  plans: string;
  parcels: string;
}

/** The two datasets of the front that `record` is a part of. */
export function frontOf(record: DatasetRecord): Front | undefined {
  const { process = '', output = '' } = runOf(record) ?? {};
  const plans = OUTPUTS[process];
  if (!plans || (output !== plans && output !== 'parcels')) return undefined;
  const [first, second] = [sisterOf(record, plans), sisterOf(record, 'parcels')];
  return first && second ? { plans: first, parcels: second } : undefined;
}

export interface Objective {
  name: string;
  title: string;
  /** Poorest and best of the front. */
  low: number;
  high: number;
}

export interface Plan {
  number: number;
  values: number[];
  /** The plan that the process put forward. */
  forward: boolean;
}

export interface Plans {
  objectives: Objective[];
  plans: Plan[];
}

const NOT_OBJECTIVES = new Set(['plan', 'point', 'balance', 'balanced', 'bend', 'hypervolume']);
const MOST = 1000;

export async function plansOf(record: DatasetRecord, signal?: AbortSignal): Promise<Plans> {
  const rows = ((await itemsOf(record.id, MOST, signal)) ?? []).map((one) => one.properties ?? {});
  const columns = (record.properties['craton:columns'] ?? []).filter((one) => !NOT_OBJECTIVES.has(one.name) && typeof rows[0]?.[one.name] === 'number');
  const plans = rows.map((row, n) => ({
    number: Number(row.plan ?? row.point ?? n + 1),
    values: columns.map((one) => Number(row[one.name])),
    forward: Boolean(row.balanced ?? row.bend),
  }));
  const objectives = columns.map((one, n) => {
    const values = plans.map((plan) => plan.values[n]!);
    return { name: one.name, title: titleOf(one), low: Math.min(...values), high: Math.max(...values) };
  });
  return { objectives, plans };
}

const OWN: Record<string, () => string> = {
  first_total: () => t('decision.front-first'),
  second_total: () => t('decision.front-second'),
  together: () => t('decision.front-together'),
};

function titleOf({ name }: Column): string {
  return OWN[name]?.() ?? name.replace(/_/g, ' ');
}

/** Where a value lies between the poorest and the best of the front. */
export function reach({ low, high }: Objective, value: number): number {
  return high > low ? (value - low) / (high - low) : 1;
}

/** Column of the parcels that holds the uses of a plan; that of the plan put forward where the others are not kept. */
export function useColumn(info: LayerInfo | undefined, plan: Plan | undefined): { column: string; isOwn: boolean } {
  const own = `plan_${plan?.number ?? ''}`;
  const has = info?.columns.some((one) => one.name === own) ?? false;
  return { column: has ? own : 'use', isOwn: has || Boolean(plan?.forward) };
}

/** Uses with their colours, the same for every plan. */
export function usesOf(info: LayerInfo | undefined): [use: string, colour: string][] {
  const columns = info?.columns.map((one) => one.name).filter((name) => name === 'use' || /^plan_\d+$/.test(name)) ?? [];
  const found = new Set<string>();
  for (const { properties } of info?.sample ?? []) {
    for (const name of columns) if (typeof properties?.[name] === 'string') found.add(properties[name]);
  }
  return [...found].sort().map((use, n) => [use, SET[n % SET.length]!]);
}

/** How many parcels each use has; nothing where only some of the parcels are at hand. */
export function countsOf(info: LayerInfo | undefined, column: string): Map<string, number> | undefined {
  if (!info?.features) return undefined;
  const counts = new Map<string, number>();
  for (const { properties } of info.features.features) {
    const use = properties?.[column];
    if (typeof use === 'string') counts.set(use, (counts.get(use) ?? 0) + 1);
  }
  return counts;
}
