/** Overlays to begin with: a further language, and the thresholds of a country. */
import type { Overlay, Pack, Resolved, Texts } from '../api/packs';

type Tree = Record<string, unknown>;

/** All words of a pack once more under `code`, in English until they are translated. */
export function translation(pack: Pack, code: string): Overlay {
  return (worded(pack, code) ?? {}) as Overlay;
}

function worded(part: unknown, code: string): unknown {
  if (Array.isArray(part)) return undefined; // an overlay replaces lists whole
  if (typeof part !== 'object' || part === null) return undefined;
  if (isWords(part)) return { [code]: part[code] ?? part.en };
  const found = Object.entries(part as Tree).flatMap(([key, value]) => {
    const inner = worded(value, code);
    return inner === undefined ? [] : [[key, inner]];
  });
  return found.length ? Object.fromEntries(found) : undefined;
}

function isWords(part: object): part is Texts {
  return 'en' in part && Object.values(part).every((one) => typeof one === 'string');
}

/** The scorings of all indicators with thresholds, to be replaced by a country's own. */
export function thresholds(resolved: Resolved): Overlay {
  const told = Object.entries(resolved.indicators ?? {}).filter(([, one]) => one.score.method !== 'as_it_is' && Object.keys(one.score).length > 1);
  return { indicators: Object.fromEntries(told.map(([id, one]) => [id, { score: { ...one.score } }])) };
}

/** Both overlays in one; the second wins. */
export function together(below: unknown, above: unknown): unknown {
  if (!isTree(below) || !isTree(above)) return above;
  return { ...below, ...Object.fromEntries(Object.entries(above).map(([key, value]) => [key, together(below[key], value)])) };
}

function isTree(part: unknown): part is Tree {
  return typeof part === 'object' && part !== null && !Array.isArray(part);
}
