/** How an application wants its results shown, in the words of the map. */
import { getIfAny, path } from '../api/client';
import { kindOf } from '../api/records';
import type { DatasetRecord } from '../api/types';
import { classesOf } from '../map/classes';
import { legendOf, type LayerInfo, type NodeStyle } from '../map/infos.svelte';
import { readLegend } from '../map/legend';
import type { LayerStyle } from '../stores/workspace.svelte';

/** By palette of an application: the style that the node draws grids in, and the colours of features. */
const LOOKS: Record<string, [grid: string, features: string]> = {
  sequential: ['viridis', 'viridis'],
  diverging: ['diverging', 'balance'],
  terrain: ['elevation', 'viridis'],
  heat: ['heat', 'heat'],
};

/** Style of the layer that shows `record` by a palette and a column. */
export function styleOf(record: DatasetRecord, { palette = '', column = '' }): LayerStyle {
  const [grid, features] = LOOKS[palette] ?? ['', 'viridis'];
  if (kindOf(record) === 'grid') return grid ? { style: grid } : {};
  return column ? { by: column, colours: features } : {};
}

/** Key of a layer in its style. */
export async function keyOf(id: string, style: LayerStyle, info?: LayerInfo, signal?: AbortSignal): Promise<NodeStyle | null> {
  if (style.by) return info ? { title: style.by, classes: classesOf(info, style).map((one) => ({ ...one, value: one.label })) } : null;
  if (!style.style) return legendOf(id, {}, signal);
  return readLegend(await getIfAny<unknown>(path('collections', id, 'styles', style.style), {}, signal));
}
