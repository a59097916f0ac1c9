/** Boxes around geometries. */
import type { Geometry } from 'geojson';
import type { Bbox } from '../api/types';

/** West, south, east, north of a geometry; nothing where it has no coordinates. */
export function boxOf(geometry: Geometry): Bbox | undefined {
  const box: Bbox = [Infinity, Infinity, -Infinity, -Infinity];
  const take = (part: unknown): void => {
    if (!Array.isArray(part)) return;
    if (typeof part[0] !== 'number') return part.forEach(take);
    const [east, north] = part as [number, number];
    box[0] = Math.min(box[0], east);
    box[1] = Math.min(box[1], north);
    box[2] = Math.max(box[2], east);
    box[3] = Math.max(box[3], north);
  };
  if (geometry.type === 'GeometryCollection') for (const one of geometry.geometries) take((one as { coordinates?: unknown }).coordinates);
  else take(geometry.coordinates);
  return Number.isFinite(box[0]) ? box : undefined;
}

/** The box that holds all of `boxes` that are not as wide as the earth. */
export function around(boxes: (Bbox | undefined)[]): Bbox | undefined {
  const near = boxes.filter((box): box is Bbox => box !== undefined && box[0] <= box[2] && box[2] - box[0] < 180);
  if (!near.length) return undefined;
  const [west, south, east, north] = near.reduce((all, box) => [
    Math.min(all[0], box[0]),
    Math.min(all[1], box[1]),
    Math.max(all[2], box[2]),
    Math.max(all[3], box[3]),
  ]);
  // Near the poles the map is drawn so large that all else would be out of sight.
  return [west, Math.max(-65, Math.min(65, south)), east, Math.max(-65, Math.min(70, north))];
}
