/** Records: finding them, and what they are called. */
import { language, local } from '../stores/language.svelte';
import { get, getIfAny, path, type Query } from './client';
import type { DatasetRecord, Kind, RecordPage } from './types';

/** Kinds of data that can be put to use; documents are found where they are asked for. */
export const DATA_KINDS = 'grid,table,boreholes,series,mesh,volume';

/** One page of the catalogue; of the plain list of datasets, where the node has no catalogue. */
export async function findRecords(query: Query, signal?: AbortSignal): Promise<RecordPage> {
  const page = await getIfAny<RecordPage>('/collections/catalogue/items', query, signal);
  return page ?? get<RecordPage>('/datasets', { limit: query.limit, offset: query.offset }, signal);
}

/** Record of a dataset; `ID@VERSION` is one of its versions. */
export async function recordOf(id: string, signal?: AbortSignal): Promise<DatasetRecord> {
  return get<DatasetRecord>(path('datasets', id), {}, signal);
}

/** As `recordOf`, but `null` where it is not there, or not for this visitor. */
export async function recordIfAny(id: string, signal?: AbortSignal): Promise<DatasetRecord | null> {
  return getIfAny<DatasetRecord>(path('datasets', id), {}, signal);
}

/** Title in the language of the page. */
export function titleOf(record: DatasetRecord): string {
  return textOf(record, 'title') || record.id;
}

/** Description in the language of the page. */
export function descriptionOf(record: DatasetRecord): string {
  return textOf(record, 'description');
}

function textOf(record: DatasetRecord, name: 'title' | 'description'): string {
  void language.code;
  return local(record.properties[`craton:${name}`]) || record.properties[name] || '';
}

export function kindOf(record: DatasetRecord): Kind {
  return record.properties['craton:kind'] ?? 'document';
}
