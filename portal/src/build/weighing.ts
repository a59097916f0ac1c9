/** Weights as they are edited: sliders that keep their sum, judgments of pairs. */
import type { Judgment, Weights, Words } from '../api/packs';

/** Weights of all parts, adding up to 1. */
export function sharesOf(values: Record<string, number> | undefined, parts: string[]): Record<string, number> {
  const told = parts.map((part) => Math.max(0, values?.[part] ?? 0));
  const sum = told.reduce((one, other) => one + other, 0);
  return Object.fromEntries(parts.map((part, at) => [part, sum > 0 ? told[at]! / sum : 1 / parts.length]));
}

/** One weight set anew; the others share the rest as they did before. */
export function withShare(values: Record<string, number> | undefined, parts: string[], part: string, share: number): Record<string, number> {
  const shares = sharesOf(values, parts);
  if (parts.length < 2) return { [part]: 1 };
  const wanted = Math.min(1, Math.max(0, share));
  const rest = 1 - (shares[part] ?? 0);
  const others = parts.filter((one) => one !== part);
  const found: Record<string, number> = {};
  for (const one of parts) {
    const own = shares[one] ?? 0;
    found[one] = one === part ? wanted : rest > 1e-9 ? (own / rest) * (1 - wanted) : (1 - wanted) / others.length;
  }
  return rounded(found);
}

/** Weights with four digits that add up to 1 all the same. */
function rounded(shares: Record<string, number>): Record<string, number> {
  const found = Object.fromEntries(Object.entries(shares).map(([part, share]) => [part, Math.round(share * 1e4) / 1e4]));
  const largest = Object.keys(found).reduce((one, other) => ((found[other] ?? 0) > (found[one] ?? 0) ? other : one));
  const sum = Object.values(found).reduce((one, other) => one + other, 0);
  found[largest] = Math.round(((found[largest] ?? 0) + 1 - sum) * 1e4) / 1e4;
  return found;
}

/** Saaty's scale: how many times as important the first is, from 9 to one ninth. */
export const SCALE = [9, 8, 7, 6, 5, 4, 3, 2, 1, 1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 6, 1 / 7, 1 / 8, 1 / 9];

/** How a judgment is written. */
export function written(value: number): string {
  return value >= 1 ? String(Number(value.toFixed(3))) : `1/${Number((1 / value).toFixed(3))}`;
}

/** What is judged of a pair, whichever of the two comes first; nothing where it is not. */
export function judged(judgments: Judgment[] | undefined, one: string, other: string): number | undefined {
  for (const [first, second, value] of judgments ?? []) {
    if (first === one && second === other) return value;
    if (first === other && second === one) return 1 / value;
  }
  return undefined;
}

/** The judgments of all pairs with one said anew; those that nobody judged are alike. */
export function judgmentsWith(judgments: Judgment[] | undefined, parts: string[], one: string, other: string, value: number): Judgment[] {
  return pairsOf(parts).map(([first, second]): Judgment => {
    if (first === one && second === other) return [first, second, value];
    if (first === other && second === one) return [first, second, 1 / value];
    return [first, second, judged(judgments, first, second) ?? 1];
  });
}

export function pairsOf(parts: string[]): [string, string][] {
  return parts.flatMap((one, at) => parts.slice(at + 1).map((other): [string, string] => [one, other]));
}

/** Weights to begin a method with, for these parts. */
export function startOf(method: NonNullable<Weights['method']>, parts: string[], source: Words | undefined): Weights {
  const said = source ? { source } : {};
  const even = (): Record<string, number> => Object.fromEntries(parts.map((part) => [part, 1]));
  if (method === 'given') return { method, values: rounded(sharesOf(undefined, parts)), ...said };
  if (method === 'analytic_hierarchy') return { method, judgments: pairsOf(parts).map(([one, other]): Judgment => [one, other, 1]), ...said };
  if (method === 'best_worst') return { method, best_over: even(), over_worst: even(), ...said };
  return method === 'combined' ? { method, of: ['equal', 'entropy'], ...said } : { method, ...said };
}
