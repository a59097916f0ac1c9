/** What stands in a form: texts by name. They are checked here, sent from here, and kept in the address. */
import { number } from '../stores/language.svelte';
import type { Field } from './fields';

/** By name of the field; several datasets or columns are parted by a stroke. */
export type Values = Record<string, string>;

/** What is wrong with a value: a key of the languages and what goes into it. */
export interface Fault {
  key: string;
  values?: Record<string, string | number>;
}

export const PARTED = '|';
const NUMBER = /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*/i;
const METRES: Record<string, number> = { mm: 0.001, cm: 0.01, m: 1, km: 1000, ft: 0.3048, mi: 1609.344 };

export function parted(value: string): string[] {
  return value.split(PARTED).filter(Boolean);
}

/** What is wrong with the values, by field; the node checks the rest. */
export function faultsOf(fields: Field[], values: Values): Record<string, Fault> {
  const faults = fields.map((field) => [field.name, faultOf(field, (values[field.name] ?? '').trim())] as const);
  return Object.fromEntries(faults.filter((one): one is [string, Fault] => one[1] !== undefined));
}

function faultOf(field: Field, value: string): Fault | undefined {
  if (!value) return field.required ? { key: field.form === 'data' ? 'run.fault-data' : 'run.fault-needed' } : undefined;
  if (field.form !== 'number' && field.form !== 'integer') return undefined;
  const parts = field.many ? value.split(',') : [value];
  if (field.length && parts.length !== field.length) return { key: 'run.fault-length', values: { number: field.length } };
  return parts.map((part) => numberFault(field, part)).find(Boolean);
}

function numberFault(field: Field, text: string): Fault | undefined {
  const found = NUMBER.exec(text);
  const unit = text.slice(found?.[0].length ?? 0).trim();
  if (!found) return { key: 'run.fault-number' };
  if (unit && !field.unit) return { key: 'run.fault-unit', values: { unit } };
  const value = inUnit(Number(found[0]), unit, field.unit);
  if (value === undefined) return undefined;
  if (field.form === 'integer' && !Number.isInteger(value)) return { key: 'run.fault-whole' };
  const { minimum, maximum, open } = field;
  const low = minimum !== undefined && (open.minimum ? value <= minimum : value < minimum);
  const high = maximum !== undefined && (open.maximum ? value >= maximum : value > maximum);
  return low || high ? { key: 'run.fault-range', values: { range: rangeOf(field) } } : undefined;
}

/** A number of `unit` in the unit `wanted`; nothing where only the node can tell. */
function inUnit(value: number, unit: string, wanted: string): number | undefined {
  if (!unit || unit === wanted) return value;
  const [from, to] = [METRES[unit], METRES[wanted]];
  return from && to ? (value * from) / to : undefined;
}

/** What a length written in another unit comes to; empty where there is nothing to tell. */
export function convertedOf(field: Field, text: string): number | undefined {
  const found = NUMBER.exec(text);
  const unit = text.slice(found?.[0].length ?? 0).trim();
  return found && unit && unit !== field.unit && !field.many ? inUnit(Number(found[0]), unit, field.unit) : undefined;
}

/** What is allowed, such as `> 0 … 50000 m`; empty where everything is. */
export function rangeOf({ minimum, maximum, open, unit }: Field): string {
  if (minimum === undefined && maximum === undefined) return '';
  const more = unit ? ` ${unit}` : '';
  const low = minimum === undefined ? '' : `${open.minimum ? '>' : '≥'} ${number(minimum, 9)}`;
  const high = maximum === undefined ? '' : `${open.maximum ? '<' : '≤'} ${number(maximum, 9)}`;
  return [low, high].filter(Boolean).join(', ') + more;
}

/** Inputs as they go to the node; what is left out keeps its default. */
export function inputsOf(fields: Field[], values: Values): Record<string, unknown> {
  const said = fields.map((field) => [field.name, sent(field, (values[field.name] ?? '').trim())] as const);
  return Object.fromEntries(said.filter(([, value]) => value !== undefined));
}

function sent(field: Field, value: string): unknown {
  if (!value || (value === field.default && !field.required)) return undefined;
  if (field.form === 'data' || field.form === 'column') return field.many ? parted(value) : value;
  if (field.form === 'switch') return value === 'true';
  return field.many ? value.split(',').map((part) => plain(field, part.trim())) : plain(field, value);
}

function plain(field: Field, text: string): string | number {
  const number = field.form === 'number' || field.form === 'integer';
  return number && NUMBER.exec(text)?.[0].length === text.length ? Number(text) : text;
}

/** The values that a form begins with: those of the address, else the defaults. */
export function startOf(fields: Field[], query: URLSearchParams): Values {
  return Object.fromEntries(fields.map((field) => [field.name, query.get(field.name) ?? field.default]));
}

/** What differs from the defaults, as it stands in the address. */
export function queryOf(fields: Field[], values: Values): Record<string, string> {
  const said = fields.map(({ name, default: usual }) => [name, values[name] ?? '', usual] as const);
  return Object.fromEntries(said.filter(([, value, usual]) => value !== usual).map(([name, value]) => [name, value]));
}

/** What a job was asked with, as it stands in a form. */
export function valuesOfJob(inputs: Record<string, unknown>): Values {
  const text = (value: unknown): string => (Array.isArray(value) && typeof value[0] === 'string' ? value.join(PARTED) : String(value));
  const given = Object.entries(inputs).filter(([, value]) => value !== null && value !== '');
  return Object.fromEntries(given.map(([name, value]) => [name, Array.isArray(value) && typeof value[0] === 'number' ? value.join(', ') : text(value)]));
}
