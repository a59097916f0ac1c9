/** What is at a place: features of every layer that is drawn there, and values of grids. */
import type { Map as MapLibre, PointLike } from 'maplibre-gl';
import { isAbort, ProblemError } from '../api/client';
import { valuesAt } from '../api/coverages';
import { infos } from '../map/infos.svelte';
import type { Layer } from '../stores/workspace.svelte';
import type { Found } from './bench.svelte';

/** How far from a feature one may click, in pixels. */
const REACH = 5;
const MOST = 30;

/** Features under a pixel, the topmost first; each once. */
export function featuresAt(map: MapLibre, layers: string[], point: { x: number; y: number }): Found[] {
  const box: [PointLike, PointLike] = [
    [point.x - REACH, point.y - REACH],
    [point.x + REACH, point.y + REACH],
  ];
  const seen = new Set<string>();
  return map.queryRenderedFeatures(box, { layers }).flatMap((feature) => {
    const layer = String(feature.source).slice('data:'.length);
    const key = `${layer}~${feature.id}`;
    if (seen.has(key) || seen.size >= MOST) return [];
    seen.add(key);
    return [{ layer, ...(feature.id === undefined ? {} : { feature: feature.id }), values: feature.properties }];
  });
}

/** Values of the grids that are shown. */
export async function gridsAt(layers: Layer[], longitude: number, latitude: number, signal: AbortSignal): Promise<Found[]> {
  const grids = layers.filter((layer) => layer.visible && infos.all[layer.id]?.mode === 'grid');
  const found = await Promise.all(grids.map(async ({ id }) => gridAt(id, longitude, latitude, signal)));
  return found.flat();
}

async function gridAt(layer: string, longitude: number, latitude: number, signal: AbortSignal): Promise<Found[]> {
  try {
    const series = await valuesAt(layer, longitude, latitude, signal);
    const values = series.map(({ label, unit, words, values: [value = null] }) => {
      const word = value === null ? undefined : words.get(value);
      return [unit ? `${label} [${unit}]` : label, word ? `${word} (${value})` : value];
    });
    return [{ layer, values: Object.fromEntries(values) }];
  } catch (error) {
    if (isAbort(error)) throw error;
    // Outside of a grid there is nothing to say; that is no fault.
    const quiet = error instanceof ProblemError && error.status >= 400 && error.status < 500;
    return quiet ? [] : [{ layer, values: {}, note: (error as Error).message }];
  }
}
