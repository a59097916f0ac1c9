/** Points that were measured along lines: which lines there are, and the points of one in their order. */
import type { Feature, Position } from 'geojson';
import { get, getIfAny, pages, path } from '../api/client';
import type { Column, Link } from '../api/types';
import { numberColumns, type LayerInfo, type Parting } from '../map/infos.svelte';
import { distances } from '../map/measure';

export type LineName = string | number;

/** Points of a line that are fetched at most. */
export const MOST_POINTS = 20_000;
const PAGE = 5000;
/** Lines that the node lists at most; of more, one goes from each to the next. */
const MOST_LINES = 200;
/** A step this many times as long as they are commonly is a gap. */
const GAP = 5;
/** A path this many times as long as what it lies in goes to and fro: it is not in the order of the line. */
const ASTRAY = 3;

const LINE_NAME = /^(flight|survey|profile|tie|seismic|cruise)?[ _-]*(line|profile|traverse|track|leg|fid_?line)s?[ _-]*(id|no|nr|num|number|name|code)?$|^(测线|剖面|航线)/i;

/** Columns that seem to name the line of each point. */
export function lineColumns(info: LayerInfo): Column[] {
  return info.columns.filter((column) => LINE_NAME.test(column.name) && !/^(date|float|double)/.test(column.type));
}

/** Columns that hold what was measured. */
export function measuredColumns(info: LayerInfo, line: string): Column[] {
  const places = /^(lon|lat|east|north|x$|y$|id$|fid$)/i;
  const columns = numberColumns(info).filter((column) => column.name !== line && !LINE_NAME.test(column.name));
  return [...columns.filter((one) => !places.test(one.name)), ...columns.filter((one) => places.test(one.name))];
}

/** Names of all lines in their order; of the first only where there are more than the node lists. */
export async function namesOf(id: string, column: string, signal: AbortSignal): Promise<{ names: LineName[]; all: boolean }> {
  const told = await getIfAny<Parting>(path('collections', id, 'styles', 'default'), { column, scheme: 'categories' }, signal);
  const names = (told?.classes ?? []).map(([value]) => value as LineName);
  const compare = new Intl.Collator('en', { numeric: true }).compare;
  return { names: names.sort((a, b) => compare(String(a), String(b))), all: names.length > 0 && names.length < MOST_LINES };
}

/** The line before or after one, in the order of the column; nothing at the ends. */
export async function besideOf(id: string, column: string, name: LineName | null, step: 1 | -1, signal: AbortSignal): Promise<LineName | null> {
  const filter = name === null ? '' : `${quoted(column)} ${step > 0 ? '>' : '<'} ${literal(name)}`;
  const query = { filter, sortby: step > 0 ? column : `-${column}`, properties: column, limit: 1 };
  const page = await get<{ features: Feature[] }>(path('collections', id, 'items'), query, signal);
  return (page.features[0]?.properties?.[column] as LineName | undefined) ?? null;
}

export interface Line {
  name: LineName;
  features: Feature[];
  places: Position[];
  /** Metres from the first point. */
  distances: number[];
  /** Distances between which no point lies. */
  gaps: [number, number][];
  /** Whether there are more points than were fetched. */
  cut: boolean;
}

/** Points of a line, in the order in which they lie in the table, or along the line where that leads astray. */
export async function lineOf(id: string, column: string, name: LineName, signal: AbortSignal): Promise<Line> {
  const found: Feature[] = [];
  let cut = false;
  const query = { filter: `${quoted(column)} = ${literal(name)}`, limit: PAGE };
  for await (const page of pages<{ features: Feature[]; links?: Link[] }>(path('collections', id, 'items'), query, signal)) {
    found.push(...page.features);
    cut = found.length > MOST_POINTS || (found.length === MOST_POINTS && Boolean(page.links?.some((link) => link.rel === 'next')));
    if (found.length >= MOST_POINTS) break;
  }
  const features = inOrder(found.slice(0, MOST_POINTS).filter((one) => one.geometry?.type === 'Point'));
  const places = features.map(placeOf);
  const lengths = await distances(places);
  return { name, features, places, distances: lengths, gaps: gapsOf(lengths), cut };
}

/** Places of a line, parted at its gaps. */
export function partsOf({ places, distances: lengths, gaps }: Line): Position[][] {
  const ends = new Set(gaps.map(([from]) => from));
  const parts: Position[][] = [[]];
  places.forEach((place, n) => {
    parts[parts.length - 1]!.push(place);
    if (ends.has(lengths[n]!)) parts.push([]);
  });
  return parts.filter((part) => part.length > 1);
}

function placeOf(feature: Feature): Position {
  return feature.geometry.type === 'Point' ? feature.geometry.coordinates.slice(0, 2) : [];
}

function inOrder(features: Feature[]): Feature[] {
  const rows = [...features].sort((a, b) => Number(a.id) - Number(b.id) || 0);
  const flat = rows.map(placeOf).map(([east = 0, north = 0]) => [east * Math.cos((north * Math.PI) / 180), north] as const);
  if (flat.length < 3) return rows;
  const length = flat.slice(1).reduce((sum, one, n) => sum + Math.hypot(one[0] - flat[n]![0], one[1] - flat[n]![1]), 0);
  const direction = directionOf(flat);
  const along = flat.map(([east, north]) => east * direction[0] + north * direction[1]);
  const extent = along.reduce((a, b) => Math.max(a, b)) - along.reduce((a, b) => Math.min(a, b));
  if (length <= ASTRAY * extent) return rows;
  return rows.map((row, n) => [row, along[n]!] as const).sort((a, b) => a[1] - b[1]).map(([row]) => row);
}

/** Direction in which places are spread most. */
function directionOf(places: (readonly [number, number])[]): [number, number] {
  const middle = [0, 1].map((axis) => places.reduce((sum, one) => sum + one[axis]!, 0) / places.length);
  let [xx, xy, yy] = [0, 0, 0];
  for (const [east, north] of places) {
    const [x, y] = [east - middle[0]!, north - middle[1]!];
    xx += x * x;
    xy += x * y;
    yy += y * y;
  }
  const angle = Math.atan2(2 * xy, xx - yy) / 2;
  return [Math.cos(angle), Math.sin(angle)];
}

function gapsOf(lengths: number[]): [number, number][] {
  const steps = lengths.slice(1).map((one, n) => one - lengths[n]!);
  const common = steps.filter((one) => one > 0).sort((a, b) => a - b);
  const usual = common[common.length >> 1] ?? 0;
  return steps.flatMap((step, n) => (step > GAP * usual ? [[lengths[n]!, lengths[n + 1]!] as [number, number]] : []));
}

function quoted(column: string): string {
  return `"${column.replace(/"/g, '""')}"`;
}

function literal(name: LineName): string {
  return typeof name === 'number' ? String(name) : `'${name.replace(/'/g, "''")}'`;
}
