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

/** Half the pixels that a tube is wide at least. */
const DRAWN = 1.25;

/** As it is seen: heights exaggerated. */
function seen([easting, northing, upward]: Triple, exaggeration: number): Triple {
  return [easting, northing, upward * exaggeration];
}

interface Near {
  segment: Segment;
  share: number;
  place: Triple;
  distance: number;
}

/** What lies under the pointer, the first along the ray; else what is least beside it. */
export function nearest(ray: Ray, segments: Segment[], how: How): Near | null {
  const origin = seen(ray.origin, how.exaggeration);
  const stretched = seen(ray.direction, how.exaggeration);
  const long = Math.hypot(...stretched);
  const direction = stretched.map((one) => one / long) as Triple;
  let best: Near | null = null;
  let least = NEAR;
  for (const segment of segments) {
    const [start, end] = [seen(segment.start, how.exaggeration), seen(segment.end, how.exaggeration)];
    const { share, distance, off } = closest(origin, direction, start, end);
    // Pixels between the pointer and what is drawn.
    const beside = Math.max(0, (off - how.radius) / (how.pixel * distance) - DRAWN);
    if (distance <= 0 || beside > least || (best && beside === least && distance / long >= best.distance)) continue;
    const place = segment.start.map((one, n) => one + share * (segment.end[n]! - one)) as Triple;
    if (how.isKept(place)) [best, least] = [{ segment, share, place, distance: distance / long }, beside];
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
