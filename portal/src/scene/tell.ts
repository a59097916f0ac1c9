/** What is told of a thing that was pointed at. */
import { number, quantity, t } from '../stores/language.svelte';
import type { HoleTable, Triple, Variable } from './api';
import type { Grid } from './levels';
import { colourOfClass, numberOf, rangeOf } from './looks';

const MOST_FACTS = 12;

export interface Told {
  title: string;
  colour: string;
  facts: [string, string][];
}

/** The class or the number of a code. */
export function tellCode(variable: Variable | undefined, code: number): { title: string; colour: string } {
  if (!variable || !code) return { title: t('scene.nothing-told'), colour: '' };
  if (variable.type === 'number') return { title: quantity(numberOf(code, rangeOf(variable)), variable.unit, 3), colour: '' };
  const place = variable.classes?.findIndex((one) => one.value === code) ?? -1;
  const found = variable.classes?.[place];
  return found ? { title: found.title, colour: colourOfClass(found, place) } : { title: t('scene.class', { code }), colour: '' };
}

export function tellCell(variable: Variable | undefined, code: number, sure: number | undefined, cell: number, grid: Grid): Told {
  const { title, colour } = tellCode(variable, code);
  const facts: [string, string][] = [[variable?.title ?? '', title]];
  if (sure !== undefined) facts.push([t('scene.trust'), `${number(Math.round((100 * sure) / 255))} %`]);
  const column = columnTop(grid, cell);
  if (column) facts.push([t('scene.depth'), quantity(column, 'm', 4)]);
  return { title, colour, facts };
}

/** What all variables tell of a cell by the numbers of the data. */
export function tellNumbers(variables: Variable[], values: Map<string, number | null>): [string, string][] {
  return variables.slice(0, MOST_FACTS).flatMap((variable): [string, string][] => {
    const value = values.get(variable.name);
    if (value === null || value === undefined) return [];
    const known = variable.classes?.find((one) => (one.code ?? one.value) === value);
    return [[variable.title, known ? known.title : variable.type === 'class' ? t('scene.class', { code: value }) : quantity(value, variable.unit, 6)]];
  });
}

/** Depth of the middle of a cell below the highest cell of its column that holds anything. */
function columnTop({ size, codes, spacing }: Grid, cell: number): number {
  const layer = size[0] * size[1];
  const [column, own] = [cell % layer, Math.floor(cell / layer)];
  let top = size[2] - 1;
  while (top > own && !codes[top * layer + column]) top--;
  return (top - own + 0.5) * spacing[2];
}

/** Coordinates as they stand in the data. */
export function tellPlace([easting, northing, upward]: Triple): [string, string][] {
  const digits = (value: number): string => number(Math.round(value * 10) / 10, 9);
  return [
    [t('scene.easting'), `${digits(easting)} m`],
    [t('scene.northing'), `${digits(northing)} m`],
    [t('scene.upward'), `${digits(upward)} m`],
  ];
}

/** What the tables tell of a hole at a depth: the interval, and what was found in it; the shown table first. */
export function tellHole(tables: HoleTable[], hole: number, depth: number): [string, string][] {
  return tables.flatMap((table) => tellRow(table, hole, depth)).slice(0, MOST_FACTS);
}

function tellRow({ rows, columns }: HoleTable, hole: number, depth: number): [string, string][] {
  const { hole: holes, from, to, values } = rows;
  const row = holes.findIndex((one, n) => one === hole && from[n]! <= depth && depth <= to[n]!);
  if (row < 0) return [];
  const told = columns.slice(0, 8).map((column): [string, string] => [column.title, tellValue(column, values[column.name]?.[row])]);
  const span = to[row]! > from[row]! ? `${number(from[row]!, 5)} – ${quantity(to[row]!, 'm', 5)}` : quantity(from[row]!, 'm', 5);
  return [[t('scene.interval'), span], ...told.filter(([, words]) => words !== '')];
}

export function tellValue(column: Variable, value: number | string | null | undefined): string {
  if (value === null || value === undefined || value === '') return '';
  if (typeof value === 'string') return value;
  return column.type === 'class' ? tellCode(column, value).title : quantity(value, column.unit, 4);
}
