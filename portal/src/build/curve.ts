/** Scores over numbers, as the node works them out; for small pictures only. */
import type { Direction, Score } from '../api/packs';

export interface Curve {
  points: [number, number][];
  /** Numbers to mark below the curve. */
  marks: number[];
}

const STEPS = 80;

/** Score of a number; nothing where the scoring is not told in full. */
export function scoring(score: Score, direction: Direction): ((value: number) => number) | undefined {
  const { worst, best, target, reach, bounds = [], at = [], scores = [], points = [] } = score;
  switch (score.method ?? 'linear') {
    case 'linear':
      if (worst === undefined || best === undefined || worst === best) return undefined;
      return (value) => within((value - worst) / (best - worst));
    case 'target':
      if (target === undefined || !reach || direction !== 'target') return undefined;
      return (value) => within(1 - Math.abs(value - target) / reach);
    case 'classes':
      if (!bounds.length || scores.length !== bounds.length + 1) return undefined;
      return (value) => scores[bounds.filter((bound) => value >= bound).length] ?? 0;
    case 'piecewise':
      if (at.length < 2 || scores.length !== at.length) return undefined;
      return (value) => between(value, at, scores);
    case 'membership':
      return membership(score.shape, points);
    default:
      return within;
  }
}

function within(score: number): number {
  return Math.min(1, Math.max(0, score));
}

function between(value: number, at: number[], scores: number[]): number {
  const next = at.findIndex((one) => value <= one);
  if (next === 0) return scores[0] ?? 0;
  if (next < 0) return scores.at(-1) ?? 0;
  const [from, to] = [at[next - 1]!, at[next]!];
  const [low, high] = [scores[next - 1]!, scores[next]!];
  return low + ((high - low) * (value - from)) / (to - from);
}

function membership(shape: Score['shape'], points: number[]): ((value: number) => number) | undefined {
  const [a, b, c, d] = points;
  if (a === undefined || b === undefined) return undefined;
  if (shape === 'gaussian') return (value) => Math.exp(-0.5 * ((value - a) / b) ** 2);
  if (shape === 'sigmoid') return (value) => 1 / (1 + Math.exp(-b * (value - a)));
  if (c === undefined) return undefined;
  if (shape === 'bell') return (value) => 1 / (1 + Math.abs((value - a) / b) ** (2 * c));
  if (shape === 'triangle') return (value) => feet(value, a, b, b, c);
  return shape === 'trapezoid' && d !== undefined ? (value) => feet(value, a, b, c, d) : undefined;
}

function feet(value: number, a: number, b: number, c: number, d: number): number {
  if (value >= b && value <= c) return 1;
  if (value <= a || value >= d) return 0;
  return value < b ? (value - a) / (b - a) : (d - value) / (d - c);
}

/** Numbers between which a scoring changes. */
function markedOf(score: Score): number[] {
  const { worst, best, target, reach, bounds = [], at = [], points = [] } = score;
  const [a, b] = points;
  const told: Record<string, (number | undefined)[]> = {
    linear: [worst, best],
    target: target === undefined || !reach ? [] : [target - reach, target, target + reach],
    classes: bounds,
    piecewise: at,
    membership: a === undefined || b === undefined ? [] : score.shape === 'gaussian' ? [a - 3 * b, a, a + 3 * b] : score.shape === 'sigmoid' ? [a - 6 / Math.abs(b || 1), a, a + 6 / Math.abs(b || 1)] : score.shape === 'bell' ? [a - 3 * b, a, a + 3 * b] : points,
    as_it_is: [0, 1],
  };
  const marks = (told[score.method ?? 'linear'] ?? []).filter((one): one is number => one !== undefined);
  return [...new Set(marks)].sort((one, other) => one - other);
}

/** The curve of a scoring; nothing where it is not told in full. */
export function curveOf(score: Score, direction: Direction): Curve | undefined {
  const value = scoring(score, direction);
  const marks = markedOf(score);
  const [low, high] = [marks[0], marks.at(-1)];
  if (!value || low === undefined || high === undefined) return undefined;
  const room = (high - low || Math.abs(high) || 1) * 0.2;
  const [from, to] = [low - room, high + room];
  const even = Array.from({ length: STEPS + 1 }, (_, step) => from + ((to - from) * step) / STEPS);
  // A step stands upright where its two sides are drawn closely beside each other.
  const sides = marks.flatMap((mark) => [mark - (to - from) * 1e-6, mark]);
  const points = [...even, ...sides].sort((one, other) => one - other).map((one): [number, number] => [one, value(one)]);
  return points.every(([, score]) => Number.isFinite(score)) ? { points, marks } : undefined;
}
