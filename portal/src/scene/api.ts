/** What the node tells of a dataset for a scene: its extent, its levels of detail, their bricks, its holes. */
import { ask, at, get, path, ProblemError } from '../api/client';

export type Triple = [number, number, number];
export type Degrees = [longitude: number, latitude: number];

export interface ClassOf {
  value: number;
  /** What stands in the data for it. */
  code?: number;
  title: string;
  colour: string;
}

/** Something that colours can tell: a variable of a volume, a column of a table of holes. */
export interface Variable {
  name: string;
  title: string;
  unit?: string;
  type: 'class' | 'number';
  classes?: ClassOf[];
  range?: [number, number];
  /** Code of the unit whose probability it is. */
  probability_of?: number | null;
  /** Whether its numbers are heights of a grid. */
  is_height?: boolean;
}

/** A volume at one level of detail: cells along upward, northing and easting. */
export interface Level {
  level: number;
  shape: Triple;
  spacing: Triple;
  /** Lowest south-west corner, as upward, northing, easting. */
  corner: Triple;
}

export interface Extent {
  easting: [number, number];
  northing: [number, number];
  upward: [number, number];
}

export interface SceneOf {
  kind: 'volume' | 'mesh' | 'boreholes' | 'grid' | 'table';
  crs: string;
  origin: Triple;
  extent: Extent;
  variables: Variable[];
  levels?: Level[];
  brick?: number;
  times?: string[];
  realizations?: string[];
  /** Longitude and latitude of the south-west, south-east, north-east and north-west corner of the extent. */
  corners?: [Degrees, Degrees, Degrees, Degrees] | null;
  /** Of a mesh, the columns of its parts; of a class, the value of the class. */
  parts?: { count: number; values: Record<string, (number | null)[]> };
}

/** Colours that the parts of a mesh bring along, by the names of the parts. */
export function partColours(scene: SceneOf): Map<string, string> {
  const column = (name: string): (string | undefined)[] => {
    const classes = new Map(scene.variables.find((one) => one.name === name)?.classes?.map(({ value, title }) => [value, title]));
    return (scene.parts?.values[name] ?? []).map((value) => classes.get(value ?? NaN));
  };
  const colours = column('colour');
  return new Map(column('part_id').flatMap((name, n) => (name && /^#[0-9a-f]{6}$/i.test(colours[n] ?? '') ? [[name, colours[n]!]] : [])));
}

export interface Hole {
  id: string;
  /** Number of the hole among the features of the dataset. */
  feature: number;
  /** Easting, northing and upward from the origin, and depth along the hole. */
  path: [number, number, number, number][];
  /** What the node had to take as 0, such as the elevation. */
  assumed?: string[];
}

export interface HoleTable {
  columns: Variable[];
  rows: { hole: number[]; from: number[]; to: number[]; values: Record<string, (number | string | null)[]> };
}

export interface Holes {
  origin: Triple;
  holes: Hole[];
  tables: Record<string, HoleTable>;
  /** Holes that are not told. */
  left_out?: number;
}

/** What a dataset is in a scene; holes, points and lines also in another system than their own. */
export function sceneOf(id: string, signal?: AbortSignal, crs = ''): Promise<SceneOf> {
  return patient(() => get<SceneOf>(path('collections', id, 'scene'), { crs: crs && systemOf(crs) }, signal), signal);
}

/** Holes, in their own system where none is named. */
export function holesOf(id: string, crs: string, signal?: AbortSignal): Promise<Holes> {
  return get<Holes>(path('collections', id, 'holes'), { crs: crs && systemOf(crs) }, signal);
}

/** Milliseconds after which the node is asked again for what it is still making. */
const MAKING = 2000;

/** The reply to a question, as soon as the node has made what it needs for it. */
async function patient<T>(asked: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  for (;;) {
    try {
      return await asked();
    } catch (error) {
      if (signal?.aborted || !(error instanceof ProblemError && error.status === 503)) throw error;
      await new Promise((done) => setTimeout(done, MAKING));
    }
  }
}

export function meshAddress(id: string): string {
  return at(path('collections', id, 'mesh.glb'));
}

/** Address of a picture of a dataset, drawn in the system of the scene. */
export function pictureAddress(id: string, look: { variable: string; time: string }, { crs, extent, size }: Window): string {
  const system = systemOf(crs);
  const place = { bbox: boxOf(extent), 'bbox-crs': system, crs: system, width: size[0], height: size[1] };
  return at(path('collections', id, 'map'), { f: 'png', ...look, ...place, transparent: true });
}

/** A part of the ground, and how many pixels or nodes it has along easting and northing. */
export interface Window {
  crs: string;
  extent: Extent;
  size: [number, number];
}

function boxOf({ easting, northing }: Extent): string {
  return [easting[0], northing[0], easting[1], northing[1]].join(',');
}

/** Numbers of a grid in the middles of the cells of a window: row by row from the south, NaN where there is none. */
export async function heightsOf(id: string, variable: string, { crs, extent, size }: Window, signal: AbortSignal): Promise<Float32Array> {
  const query = { variable, bbox: boxOf(extent), crs: systemOf(crs), width: size[0], height: size[1] };
  const reply = await ask(at(path('collections', id, 'heights'), query), { signal, headers: { Accept: 'application/octet-stream' } });
  return new Float32Array(await reply.arrayBuffer());
}

/** A reference system as an address may name it. */
export function systemOf(crs: string): string {
  return /^[A-Z]+:\w+$/i.test(crs) ? `[${crs}]` : crs;
}

/** A reference system as people call it: its code, or the name that its description begins with. */
export function systemName(crs: string): string {
  return /^\w+\["([^"]+)"/.exec(crs)?.[1] ?? crs;
}

export interface Brick {
  level: number;
  /** Place of the brick along upward, northing and easting. */
  place: Triple;
  variable: string;
  time?: string;
}

export async function brickOf(id: string, brick: Brick, signal: AbortSignal): Promise<Uint8Array> {
  const place = brick.place.map(String);
  const address = at(path('collections', id, 'bricks', String(brick.level), ...place), { variable: brick.variable, time: brick.time });
  const reply = await patient(() => ask(address, { signal, headers: { Accept: 'application/octet-stream' } }), signal);
  return new Uint8Array(await reply.arrayBuffer());
}

/** Numbers of all variables at a place of a volume or a grid, as they stand in the data: a brick has but 255 steps. */
export async function valuesAt(id: string, { crs, place: [easting, northing, upward], isVolume, time }: Spot): Promise<Map<string, number | null>> {
  const query = { coords: `POINT(${easting} ${northing})`, z: isVolume ? upward : '', datetime: time, crs: systemOf(crs), f: 'CoverageJSON' };
  const { ranges = {} } = await get<{ ranges?: Record<string, { values?: (number | null)[] }> }>(path('collections', id, 'position'), query);
  return new Map(Object.entries(ranges).map(([name, { values }]) => [name, values?.at(-1) ?? null]));
}

/** A place in the coordinates of the data, and a moment. */
export interface Spot {
  crs: string;
  place: Triple;
  isVolume: boolean;
  time?: string | undefined;
}

/** Points and lines of a table, from the origin; `points` has a place for each row that is one. */
export interface Points {
  crs: string;
  origin: Triple;
  extent: Extent;
  heights: 'stated' | 'none';
  /** Rows that have no place. */
  left_out?: number;
  ids: (number | string)[];
  points: (Triple | null)[];
  lines: { row: number; path: Triple[] }[];
  columns: Variable[];
  values: Record<string, (number | string | null)[]>;
}

/** Points and lines, in their own system where none is named. */
export function pointsOf(id: string, crs: string, signal?: AbortSignal): Promise<Points> {
  return get<Points>(path('collections', id, 'points'), { crs: crs && systemOf(crs) }, signal);
}
