/** What a form asks for, drawn from the description of a process or an application. */
import { marksOf, type AppInput, type InputDescription, type ProcessDescription, type Schema } from '../api/processes';

export type Form = 'data' | 'number' | 'integer' | 'text' | 'choice' | 'switch' | 'column' | 'crs';

export interface Field {
  name: string;
  /** Name in words, without its unit. */
  title: string;
  words: string;
  form: Form;
  required: boolean;
  /** Several values: datasets, or a list. */
  many: boolean;
  /** A list of just so many values. */
  length?: number | undefined;
  unit: string;
  minimum?: number | undefined;
  maximum?: number | undefined;
  /** The limit itself is not allowed. */
  open: { minimum: boolean; maximum: boolean };
  choices: string[];
  /** Value where none is given, as it would be written; empty where there is none. */
  default: string;
  /** Of datasets: their kind, and what they must carry. */
  kind: string;
  quantities: string[];
  geometry: string[];
  /** Of columns: the field that names the table. */
  columnOf: string;
  numeric: boolean;
}

type Marks = Record<string, unknown>;

/** Fields of a process, in its order. */
export function fieldsOf(inputs: Record<string, InputDescription>): Field[] {
  return Object.entries(inputs).map(([name, said]) => {
    const listed = marksOf(said.additionalParameters);
    return field(name, said, { ...said.schema['x-craton'], ...listed });
  });
}

/** Fields of an application: what it needs first, then its parameters. */
export function appFieldsOf(inputs: Record<string, AppInput>, words: (texts: AppInput['title']) => string): Field[] {
  return Object.entries(inputs).map(([name, said]) => {
    const title = words(said.title);
    if (!said.kind) return field(name, { ...said, title }, said.schema['x-craton'] ?? {});
    const needed = field(name, { schema: said.schema, title }, { kind: [said.kind] });
    return { ...needed, required: !said.optional, quantities: said.quantity ?? [], geometry: said.geometry ?? [] };
  });
}

function field(name: string, said: InputDescription, marks: Marks): Field {
  const forms = said.schema.oneOf ?? [said.schema];
  const list = forms.find((one) => one.type === 'array');
  const plain = list?.items ? (list.items.oneOf?.[0] ?? list.items) : (forms[0] ?? {});
  const unit = first(marks.unit);
  return {
    name,
    title: titleOf(name, said.title ?? '', unit),
    words: said.description ?? '',
    form: formOf(plain, marks),
    required: (said.minOccurs ?? 1) > 0 && said.schema.default === undefined,
    many: Boolean(list) || said.maxOccurs === 'unbounded',
    length: list?.minItems === list?.maxItems ? list?.maxItems : undefined,
    unit: unit === '1' ? '' : unit,
    minimum: plain.minimum,
    maximum: plain.maximum,
    open: { minimum: plain.exclusiveMinimum === true, maximum: plain.exclusiveMaximum === true },
    choices: (plain.enum ?? []).map(String),
    default: written(said.schema.default ?? plain.default),
    kind: first(marks.kind),
    quantities: all(marks.quantities),
    geometry: all(marks.geometry),
    columnOf: first(marks.columnOf),
    numeric: first(marks.numeric) === 'true',
  };
}

function formOf(plain: Schema, marks: Marks): Form {
  if (plain.format === 'dataset-id') return 'data';
  if (plain.format === 'crs') return 'crs';
  if (marks.columnOf) return 'column';
  if (plain.enum) return 'choice';
  if (plain.type === 'boolean') return 'switch';
  return plain.type === 'number' || plain.type === 'integer' ? plain.type : 'text';
}

function titleOf(name: string, title: string, unit: string): string {
  const bare = (title || name.replace(/_/g, ' ')).replace(` (${unit})`, '').replace(/\bcrs\b/, 'CRS');
  return bare.charAt(0).toUpperCase() + bare.slice(1);
}

function all(value: unknown): string[] {
  return (Array.isArray(value) ? value : value === undefined ? [] : [value]).map(String);
}

function first(value: unknown): string {
  return all(value)[0] ?? '';
}

/** A value as a person would write it. */
export function written(value: unknown): string {
  if (value === null || value === undefined) return '';
  return Array.isArray(value) ? value.map(written).join(', ') : String(value);
}
