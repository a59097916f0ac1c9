/** Values of grids at places and along lines (OGC API EDR), read from CoverageJSON. */
import type { Position } from 'geojson';
import { local } from '../stores/language.svelte';
import { get, path, type Query } from './client';

interface NdArray {
  values: (number | string | null)[];
  shape?: number[];
}

interface Parameter {
  observedProperty?: { label?: Record<string, string>; categories?: { id: string; label?: Record<string, string> }[] };
  /** Codes that stand for the categories. */
  categoryEncoding?: Record<string, number | number[]>;
  unit?: { symbol?: string | { value?: string }; label?: Record<string, string> };
}

interface Coverage {
  type: string;
  domain?: {
    axes: Record<string, { values?: unknown[]; start?: number; stop?: number; num?: number }>;
    referencing?: { coordinates: string[]; system: { type: string } }[];
  };
  parameters?: Record<string, Parameter>;
  ranges?: Record<string, NdArray>;
  coverages?: Coverage[];
}

export interface Series {
  /** Name in the data. */
  name: string;
  /** Name for people. */
  label: string;
  unit: string;
  values: (number | null)[];
  /** What codes of classes are called; empty where the values measure. */
  words: Map<number, string>;
}

/** Values at one place by variable. */
export async function valuesAt(id: string, longitude: number, latitude: number, signal?: AbortSignal): Promise<Series[]> {
  const coords = `POINT(${longitude.toFixed(6)} ${latitude.toFixed(6)})`;
  return seriesOf(await get<Coverage>(path('collections', id, 'position'), { coords }, signal)).series;
}

/** Values along a line, and the places they are of. */
export async function valuesAlong(
  id: string,
  line: Position[],
  signal?: AbortSignal,
): Promise<{ series: Series[]; places: Position[] }> {
  const coords = `LINESTRING(${line.map((one) => `${one[0]!.toFixed(6)} ${one[1]!.toFixed(6)}`).join(',')})`;
  return seriesOf(await get<Coverage>(path('collections', id, 'trajectory'), { coords }, signal));
}

/** A part of a grid, one step of it where it has several. */
export interface Part {
  label: string;
  unit: string;
  /** Positions of the columns and of the rows, in metres or in degrees. */
  eastings: number[];
  northings: number[];
  geographic: boolean;
  /** By rows; NaN where there is none. */
  values: Float64Array;
}

/** Cells of `variable` in a part of a grid, made coarser as `query` tells. */
export async function partOf(id: string, variable: string, query: Query, signal?: AbortSignal): Promise<Part> {
  const coverage = await get<Coverage>(path('collections', id, 'coverage'), { f: 'CoverageJSON', properties: variable, ...query }, signal);
  const { axes = {}, referencing = [] } = coverage.domain ?? {};
  const [eastings, northings] = [axes.x?.values as number[], axes.y?.values as number[]];
  const { values = [], shape = [] } = coverage.ranges?.[variable] ?? {};
  const steps = shape.slice(2).reduce((all, one) => all * one, 1);
  const parameter = coverage.parameters?.[variable];
  return {
    label: local(parameter?.observedProperty?.label) || variable,
    unit: unitOf(parameter),
    eastings,
    northings,
    geographic: referencing.some(({ coordinates, system }) => coordinates.includes('x') && system.type === 'GeographicCRS'),
    values: Float64Array.from({ length: eastings.length * northings.length }, (_, n) => {
      const value = values[n * steps];
      return typeof value === 'number' ? value : NaN;
    }),
  };
}

function seriesOf(coverage: Coverage): { series: Series[]; places: Position[] } {
  const parts = coverage.coverages ?? [coverage];
  const parameters = { ...coverage.parameters, ...parts[0]?.parameters };
  const places = parts.flatMap((part) => placesOf(part));
  const names = [...new Set(parts.flatMap((part) => Object.keys(part.ranges ?? {})))];
  const series = names.map((name) => ({
    name,
    label: local(parameters[name]?.observedProperty?.label) || name,
    unit: unitOf(parameters[name]),
    words: wordsOf(parameters[name]),
    values: parts.flatMap((part) => (part.ranges?.[name]?.values ?? []).map((one) => (typeof one === 'number' ? one : null))),
  }));
  return { series, places };
}

function placesOf(coverage: Coverage): Position[] {
  const axes = coverage.domain?.axes ?? {};
  const tuples = axes.composite?.values as Position[] | undefined;
  if (tuples) {
    // A tuple starts with time where the path has one.
    return tuples.map((one) => one.filter((part) => typeof part === 'number').slice(0, 2));
  }
  const east = (axes.x?.values ?? []) as number[];
  const north = (axes.y?.values ?? []) as number[];
  return east.map((one, n) => [one, north[n] ?? north[0] ?? 0]);
}

function wordsOf(parameter: Parameter | undefined): Map<number, string> {
  const codes = parameter?.categoryEncoding ?? {};
  const categories = parameter?.observedProperty?.categories ?? [];
  return new Map(categories.flatMap(({ id, label }) => [codes[id] ?? []].flat().map((code): [number, string] => [code, local(label) || id])));
}

function unitOf(parameter: Parameter | undefined): string {
  const symbol = parameter?.unit?.symbol;
  const text = typeof symbol === 'string' ? symbol : symbol?.value;
  return text && text !== '1' ? text : '';
}
