/** What the node tells of a dataset for a scene: its extent, its levels of detail, their bricks, its holes. */
import { ask, at, get, path, ProblemError } from '../api/client';

export type Triple = [number, number, number];
export type Degrees = [longitude: number, latitude: number];

export interface ClassOf {
  value: number;
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
}

export function sceneOf(id: string, signal?: AbortSignal): Promise<SceneOf> {
  return get<SceneOf>(path('collections', id, 'scene'), {}, signal);
}

export function holesOf(id: string, signal?: AbortSignal): Promise<Holes> {
  return get<Holes>(path('collections', id, 'holes'), {}, signal);
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

export interface Brick {
  level: number;
  /** Place of the brick along upward, northing and easting. */
  place: Triple;
  variable: string;
  time?: string;
}

/** Milliseconds after which the node is asked again for what it is still making. */
const MAKING = 2000;

export async function brickOf(id: string, brick: Brick, signal: AbortSignal): Promise<Uint8Array> {
  const place = brick.place.map(String);
  const address = at(path('collections', id, 'bricks', String(brick.level), ...place), { variable: brick.variable, time: brick.time });
  for (;;) {
    try {
      const reply = await ask(address, { signal, headers: { Accept: 'application/octet-stream' } });
      return new Uint8Array(await reply.arrayBuffer());
    } catch (error) {
      if (!(error instanceof ProblemError && error.status === 503)) throw error;
      await new Promise((done) => setTimeout(done, MAKING));
    }
  }
}

/** Points and lines of a table, from the origin; `points` has a place for each row that is one. */
export interface Points {
  crs: string;
  origin: Triple;
  extent: Extent;
  heights: 'stated' | 'none';
  ids: (number | string)[];
  points: (Triple | null)[];
  lines: { row: number; path: Triple[] }[];
  columns: Variable[];
  values: Record<string, (number | string | null)[]>;
}

export function pointsOf(id: string, signal?: AbortSignal): Promise<Points> {
  return get<Points>(path('collections', id, 'points'), {}, signal);
}
