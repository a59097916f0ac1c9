/** Datasets that fit a field: which to offer, what to tell of them. */
import { isAbort } from '../api/client';
import { findRecords, kindOf, recordIfAny } from '../api/records';
import type { Bbox, Column, DatasetRecord } from '../api/types';
import { number, t, unitWords } from '../stores/language.svelte';
import type { Field } from './fields';

const MOST = 30;

/** A dataset and its field, as `ID#FIELD` names them. */
export function namedOf(text: string): { id: string; field: string } {
  const [id = '', field = ''] = text.split('#');
  return { id, field };
}

/** Whether a dataset may be given for `field`, as far as its record tells. */
export function fits(field: Field, record: DatasetRecord): boolean {
  const kind = kindOf(record);
  const gridded = ['grid', 'volume'].includes(kind) && ['grid', 'volume'].includes(field.kind);
  if (field.kind && kind !== field.kind && !gridded) return false;
  if (field.geometry.length && !geometryFits(field, record)) return false;
  return !field.quantities.length || quantitiesOf(record).some((name) => field.quantities.includes(name));
}

function geometryFits(field: Field, record: DatasetRecord): boolean {
  const more = record.properties['craton:properties'] as { geometry_types?: string[] } | undefined;
  const types = (more?.geometry_types ?? []).map((one) => one.replace('Multi', ''));
  return !types.length || types.every((one) => field.geometry.includes(one));
}

export function quantitiesOf(record: DatasetRecord): string[] {
  const named = [...(record.properties['craton:quantities'] ?? []).map((one) => one.name), ...columnsOf(record).map((one) => one.quantity)];
  return [...new Set(named.filter((one): one is string => Boolean(one)))];
}

export function columnsOf(record: DatasetRecord): Column[] {
  return (record.properties['craton:columns'] ?? []).filter((one) => one.type !== 'geometry');
}

export function isNumeric(column: Column): boolean {
  return /^(u?int|float|double|number|integer|decimal)/.test(column.type);
}

/** Datasets of the catalogue for `field`; those of other quantities too, where `wide`. */
export async function found(field: Field, words: string, wide: boolean, signal?: AbortSignal): Promise<DatasetRecord[]> {
  const query = { kind: field.kind, quantity: wide ? '' : field.quantities.join(','), words, limit: MOST };
  const page = await findRecords(query, signal);
  const fitting = page.features.filter((record) => wide || fits(field, record));
  // What was measured or mapped stands before what was computed of it.
  return [...fitting.filter((one) => !isComputed(one)), ...fitting.filter(isComputed)];
}

function isComputed(record: DatasetRecord): boolean {
  return Boolean((record.properties['craton:lineage'] as { run?: unknown } | undefined)?.run);
}

/** Records of the layers on the map that fit `field`. */
export async function fittingLayers(field: Field, ids: string[], signal?: AbortSignal): Promise<DatasetRecord[]> {
  const records = await Promise.all(ids.slice(0, MOST).map((id) => quietly(id, signal)));
  return records.filter((record): record is DatasetRecord => record !== null && fits(field, record));
}

async function quietly(id: string, signal?: AbortSignal): Promise<DatasetRecord | null> {
  try {
    return await recordIfAny(id, signal);
  } catch (error) {
    if (isAbort(error)) throw error;
    return null;
  }
}

/** Field of a grid that fits best; empty where there is but one. */
export function fieldFor(field: Field, record: DatasetRecord): string {
  const names = variablesOf(record);
  if (names.length < 2) return '';
  const known = (record.properties['craton:quantities'] ?? []).filter((one) => one.variable && field.quantities.includes(one.name));
  return known.length === 1 ? '' : (known[0]?.variable ?? names[0] ?? '');
}

/** Fields of a grid. */
export function variablesOf(record: DatasetRecord): string[] {
  if (kindOf(record) !== 'grid') return [];
  return columnsOf(record).map((one) => one.name);
}

/** How much there is of a dataset: cells or rows. */
export function sizeOf(record: DatasetRecord): number | undefined {
  const sizes = Object.values(record.properties['craton:shape'] ?? {});
  return sizes.length ? sizes.reduce((product, one) => product * one, 1) : undefined;
}

/** Quantity, unit, size and extent in a line. */
export function factsOf(record: DatasetRecord): string {
  const units = (record.properties['craton:quantities'] ?? []).slice(0, 2).map(({ name, unit, variable }) => {
    const word = (name || variable || '').replace(/_/g, ' ');
    const words = unitWords(unit);
    return words ? `${word} (${words})` : word;
  });
  return [...units, shapeOf(record), extentOf(record.bbox)].filter(Boolean).join(' · ');
}

function shapeOf(record: DatasetRecord): string {
  const shape = record.properties['craton:shape'];
  if (shape?.row !== undefined) return t('run.rows', { count: shape.row });
  const sizes = Object.values(shape ?? {});
  return sizes.length ? t('run.cells', { shape: sizes.map((one) => number(one)).join(' × ') }) : '';
}

function extentOf(bbox: Bbox | undefined): string {
  if (!bbox) return '';
  const pair = (from: number, to: number, letters: string): string => {
    const [a, b] = [from, to].map((one) => `${Math.abs(one).toFixed(1)}°${one < 0 ? letters[1] : letters[0]}`);
    return `${a}–${b}`;
  };
  return `${pair(bbox[1], bbox[3], 'NS')}, ${pair(bbox[0], bbox[2], 'EW')}`;
}
