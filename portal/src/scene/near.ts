/** Which piece of a hole, or which point, lies under the pointer. */
import type { Triple } from './api';
import { dot } from './drawn';
import type { Segment } from './holes';
import type { Ray } from './levels';

interface How {
  /** Metres at distance 1 that are as wide as a pixel. */
  pixel: number;
  exaggeration: number;
  radius: number;
  isKept: (place: Triple) => boolean;
}

/** Pixels beside a thing at which a click still means it. */
const NEAR = 5;

/** As it is seen: heights exaggerated. */
function seen([easting, northing, upward]: Triple, exaggeration: number): Triple {
  return [easting, northing, upward * exaggeration];
}

export function nearest(ray: Ray, segments: Segment[], how: How): { segment: Segment; share: number; place: Triple; distance: number } | null {
  const origin = seen(ray.origin, how.exaggeration);
  const stretched = seen(ray.direction, how.exaggeration);
  const long = Math.hypot(...stretched);
  const direction = stretched.map((one) => one / long) as Triple;
  let best: { segment: Segment; share: number; place: Triple; distance: number } | null = null;
  for (const segment of segments) {
    const [start, end] = [seen(segment.start, how.exaggeration), seen(segment.end, how.exaggeration)];
    const { share, distance, off } = closest(origin, direction, start, end);
    if (distance <= 0 || off > Math.max(how.radius, NEAR * how.pixel * distance) || (best && distance / long >= best.distance)) continue;
    const place = segment.start.map((one, n) => one + share * (segment.end[n]! - one)) as Triple;
    if (how.isKept(place)) best = { segment, share, place, distance: distance / long };
  }
  return best;
}

/** Where a ray and a piece of a line are nearest: share along the piece, distance along the ray, and how far apart. */
function closest(origin: Triple, direction: Triple, start: Triple, end: Triple): { share: number; distance: number; off: number } {
  const axis = end.map((one, n) => one - start[n]!) as Triple;
  const between = start.map((one, n) => one - origin[n]!) as Triple;
  const [a, b, c] = [dot(axis, axis), dot(axis, direction), dot(axis, between)];
  const d = dot(direction, between);
  const bottom = a - b * b;
  const share = Math.max(0, Math.min(1, bottom > 1e-12 * a ? (b * d - c) / bottom : 0));
  const distance = d + share * b;
  const apart = between.map((one, n) => one + share * axis[n]! - distance * direction[n]!);
  return { share, distance, off: Math.hypot(...apart) };
}
