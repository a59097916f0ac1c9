/** The span of time that layers reach over. */
import { valuesOf, type LayerInfo } from '../map/infos.svelte';

/** First and last moment of all layers that have times, in milliseconds; nothing where none has. */
export function spanOf(layers: LayerInfo[]): [number, number] | null {
  const moments = layers.flatMap(momentsOf).filter(Number.isFinite);
  if (!moments.length) return null;
  const first = moments.reduce((a, b) => Math.min(a, b));
  const last = moments.reduce((a, b) => Math.max(a, b));
  return last > first ? [first, last] : null;
}

function momentsOf(info: LayerInfo): number[] {
  const grid = info.mode === 'grid' && info.record.properties['craton:shape']?.time !== undefined;
  if (!info.timeColumn && !grid) return [];
  if (info.mode === 'items' && info.timeColumn) return valuesOf(info, info.timeColumn).map((one) => Date.parse(String(one)));
  return (info.record.time?.interval ?? []).map((one) => Date.parse(one));
}
