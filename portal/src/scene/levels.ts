/** A volume at one level of detail, put together from the node's bricks. */
import { brickOf, type Extent, type Level, type SceneOf, type Triple } from './api';

/** Cells that are fetched and drawn at most; larger volumes are shown coarser. */
export const MOST_CELLS = 32e6;

/** Bricks that are fetched at once. */
const AT_ONCE = 6;

export interface Grid {
  level: Level;
  /** Cells along easting, northing, upward. */
  size: Triple;
  /** Sides of a cell, and the lowest south-west corner, in that order, in metres. */
  spacing: Triple;
  corner: Triple;
  /** Codes, easting fastest, from the lowest layer upward. */
  codes: Uint8Array;
}

function turned([upward, northing, easting]: Triple): Triple {
  return [easting, northing, upward];
}

function cellsOf(level: Level): number {
  return level.shape.reduce((product, one) => product * one, 1);
}

/** Levels to show one after another: the coarsest first, the last as fine as is bearable; `most` cells along an axis. */
export function levelsToShow(scene: SceneOf, most: number): Level[] {
  const fromFine = [...(scene.levels ?? [])].sort((a, b) => a.level - b.level);
  const finest = fromFine.find((level) => cellsOf(level) <= MOST_CELLS && Math.max(...level.shape) <= most) ?? fromFine.at(-1);
  if (!finest) return [];
  const coarser = fromFine.filter((level) => level.level > finest.level);
  // A first picture of one or a few bricks; what lies between would only delay the last.
  const first = coarser.find((level) => cellsOf(level) <= 3e5);
  return first && cellsOf(finest) > 4e5 ? [first, finest] : [finest];
}

interface Wanted {
  id: string;
  scene: SceneOf;
  level: Level;
  variable: string;
  time?: string | undefined;
}

/** All cells of a level. */
export async function gridOf({ id, scene, level, variable, time }: Wanted, told: (share: number) => void, signal: AbortSignal): Promise<Grid> {
  const side = scene.brick ?? 64;
  const size = turned(level.shape);
  const codes = new Uint8Array(cellsOf(level));
  const places = placesOf(level.shape, side);
  let next = 0;
  let done = 0;
  const fetchSome = async (): Promise<void> => {
    for (let place = places[next++]; place; place = places[next++]) {
      const brick = await brickOf(id, { level: level.level, place, variable, ...(time ? { time } : {}) }, signal);
      putBrick(codes, size, brick, place, side);
      told(++done / places.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, fetchSome));
  return { level, size, spacing: turned(level.spacing), corner: turned(level.corner), codes };
}

function placesOf(shape: Triple, side: number): Triple[] {
  const [up, north, east] = shape.map((one) => Math.ceil(one / side));
  const places: Triple[] = [];
  for (let k = 0; k < up!; k++) for (let j = 0; j < north!; j++) for (let i = 0; i < east!; i++) places.push([k, j, i]);
  return places;
}

function putBrick(codes: Uint8Array, [east, north, up]: Triple, brick: Uint8Array, [k, j, i]: Triple, side: number): void {
  const width = Math.min(side, east - i * side);
  for (let layer = 0; layer < Math.min(side, up - k * side); layer++) {
    for (let row = 0; row < Math.min(side, north - j * side); row++) {
      const from = (layer * side + row) * side;
      const to = ((k * side + layer) * north + j * side + row) * east + i * side;
      codes.set(brick.subarray(from, from + width), to);
    }
  }
}

/** The part of a grid that holds anything, as easting, northing and upward; all of it where nothing does. */
export function filledPart({ size, spacing, corner, codes }: Grid): Extent {
  const [low, high] = [[...size], [-1, -1, -1]];
  for (let k = 0, cell = 0; k < size[2]; k++) {
    for (let j = 0; j < size[1]; j++) {
      for (let i = 0; i < size[0]; i++, cell++) {
        if (!codes[cell]) continue;
        low[0] = Math.min(low[0]!, i);
        high[0] = Math.max(high[0]!, i);
        low[1] = Math.min(low[1]!, j);
        high[1] = Math.max(high[1]!, j);
        low[2] = Math.min(low[2]!, k);
        high[2] = k;
      }
    }
  }
  const span = (n: number): [number, number] => {
    const [from, to] = high[n]! < 0 ? [0, size[n]!] : [low[n]!, high[n]! + 1];
    return [corner[n]! + from * spacing[n]!, corner[n]! + to * spacing[n]!];
  };
  return { easting: span(0), northing: span(1), upward: span(2) };
}

/** A point and where it goes, in metres from the origin of the scene. */
export interface Ray {
  origin: Triple;
  direction: Triple;
}

/** Where a ray meets the first cell that is shown, between two distances along it. */
export function firstCell(
  { size, spacing, corner }: Grid,
  ray: Ray,
  [near, far]: [number, number],
  isShown: (cell: number) => boolean,
): { distance: number; cell: number } | null {
  const start = ray.origin.map((one, n) => (one - corner[n]!) / spacing[n]!);
  const step = ray.direction.map((one, n) => one / spacing[n]!);
  let [enter, leave] = [near, far];
  for (let n = 0; n < 3; n++) {
    const [one, other] = [-start[n]! / step[n]!, (size[n]! - start[n]!) / step[n]!];
    if (step[n] === 0 && (start[n]! < 0 || start[n]! > size[n]!)) return null;
    if (step[n] === 0) continue;
    enter = Math.max(enter, Math.min(one, other));
    leave = Math.min(leave, Math.max(one, other));
  }
  if (enter >= leave) return null;
  const limits = size.map((one) => one - 1);
  let distance = enter;
  const at = start.map((one, n) => Math.max(0, Math.min(limits[n]!, Math.floor(one + (enter + 1e-9) * step[n]!))));
  for (;;) {
    const cell = (at[2]! * size[1] + at[1]!) * size[0] + at[0]!;
    if (isShown(cell)) return { distance, cell };
    const next = at.map((one, n) => (step[n] === 0 ? Infinity : (one + (step[n]! > 0 ? 1 : 0) - start[n]!) / step[n]!));
    const axis = next.indexOf(Math.min(...next));
    distance = next[axis]!;
    at[axis]! += Math.sign(step[axis]!);
    if (distance >= leave || at[axis]! < 0 || at[axis]! > limits[axis]!) return null;
  }
}
