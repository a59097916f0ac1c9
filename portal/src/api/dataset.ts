/** All that the page of one dataset reads of the node, beyond its record. */
import { local } from '../stores/language.svelte';
import { at, get, near, path, ROOT, send } from './client';
import { kindOf } from './records';
import type { Column, DatasetRecord, Link } from './types';

/** What the checks found, in words. */
export interface Finding {
  code: string;
  count?: number;
  message?: string;
  severity?: 'info' | 'doubt' | 'error';
  meaning?: string;
  todo?: string;
}

export interface Party {
  name: string;
  role?: string;
  contact?: string;
}

interface Member {
  name: string;
  size: number;
}

export interface Asset {
  media_type: string;
  members: Member[];
  roles?: string[];
  title?: string;
}

export interface Lineage {
  files?: { path: string; size: number }[];
  reader?: string;
  steps?: string[];
  run?: { process: string; process_version: string; software?: string; actor?: string; ended?: string; app?: string };
}

/** A box of the graph of provenance. */
export interface GraphNode {
  id: string;
  type: 'dataset' | 'missing' | 'file' | 'run' | 'reading';
  title: string;
  kind?: string;
  version?: string;
  parameters?: Record<string, unknown>;
  units?: Record<string, string>;
}

export interface Graph {
  nodes: GraphNode[];
  edges: { from: string; to: string; role: string }[];
}

/** Something the record says under `craton:` and a name. */
export function said<T>(record: DatasetRecord, name: string): T | undefined {
  return record.properties[`craton:${name}`] as T | undefined;
}

export function licenceOf(record: DatasetRecord): string {
  return said<string>(record, 'licence') ?? record.properties.license ?? '';
}

export function partiesOf(record: DatasetRecord): Party[] {
  const told = said<Party[]>(record, 'parties');
  return told ?? (record.properties.contacts ?? []).map(({ name, roles }) => ({ name, role: roles?.[0] ?? 'owner' }));
}

export function columnsOf(record: DatasetRecord): Column[] {
  const columns = said<Column[]>(record, 'columns') ?? [];
  return columns.filter((column) => column.type !== 'geometry' && !/^geometry/i.test(column.name));
}

/** Name of a column for people. */
export function columnTitle(column: Column): string {
  return local(column.title) || column.name;
}

export function isNumber(column: Column): boolean {
  return /^(u?int|float|double|number|integer|decimal)/.test(column.type);
}

export function graphOf(id: string, signal?: AbortSignal): Promise<Graph> {
  return get<Graph>(path('datasets', id, 'provenance'), { f: 'graph' }, signal);
}

export interface Download {
  format: string;
  href: string;
  type: string;
  /** Size in bytes, where the file lies there already. */
  size?: number | undefined;
}

/** The data in each format that the node offers. */
export function downloadsOf(record: DatasetRecord): Download[] {
  const data = said<Record<string, Asset>>(record, 'assets')?.data;
  const stored = data?.members.length === 1 ? data : undefined;
  // GeoJSON is of places on the earth: a table without them has none.
  const offered = (record.links ?? []).filter((link) => isData(link) && (record.bbox || !link.href.endsWith('f=geojson')));
  return offered.map(({ href, type = '' }) => {
    const format = new URL(href).searchParams.get('f') ?? '';
    const same = stored && format !== 'parquet' && bare(stored.media_type) === bare(type);
    return { format, href: near(href), type, size: same ? stored.members[0]?.size : undefined };
  });
}

function isData(link: Link): boolean {
  return link.rel === 'enclosure' && /\/data\?f=/.test(link.href);
}

export function bare(type: string): string {
  return (type.split(';')[0] ?? '').trim();
}

/** Files of the dataset as they are kept. */
export function filesOf(record: DatasetRecord): { title: string; href: string; size: number }[] {
  const links = (record.links ?? []).filter((link) => link.rel === 'enclosure' && !isData(link));
  return links.map((link) => ({ title: link.title ?? '', href: near(link.href), size: link.length ?? 0 }));
}

/** The same dataset in the words of other standards. */
export function documentsOf(record: DatasetRecord): { name: string; href: string }[] {
  const id = record.id;
  const iso = { service: 'CSW', version: '2.0.2', request: 'GetRecordById', id, elementSetName: 'full', outputSchema: 'http://www.isotc211.org/2005/gmd' };
  const all = [
    { name: 'JSON (OGC API Records)', href: at(path('datasets', id), { f: 'json' }) },
    { name: 'ISO 19139 (CSW)', href: at('/csw', iso) },
    { name: 'STAC', href: at(path('stac', 'collections', kindOf(record), 'items', id), { f: 'json' }) },
    { name: 'PROV-JSON', href: at(path('datasets', id, 'provenance'), { f: 'prov' }) },
    { name: 'RO-Crate', href: at(path('datasets', id, 'provenance'), { f: 'ro-crate' }) },
  ];
  const collection = { name: 'OGC API', href: at(path('collections', id), { f: 'html' }) };
  return kindOf(record) === 'document' ? all : [...all, collection];
}

/** What may be said anew of a dataset. */
export interface Patch {
  title?: Record<string, string>;
  description?: Record<string, string>;
  licence?: string;
  keywords?: string[];
  visibility?: string;
}

function seen(record: DatasetRecord): { headers: Record<string, string> } {
  return { headers: { 'If-Match': `"${record.properties['craton:version'] ?? 1}"` } };
}

/** Change what is said of a dataset, if nobody else did since it was read. */
export async function edit(record: DatasetRecord, patch: Patch): Promise<DatasetRecord> {
  return (await send<DatasetRecord>('PATCH', path('datasets', record.id), patch, seen(record)))!;
}

/** Delete a dataset with all its versions, if nobody changed it since it was read. */
export async function remove(record: DatasetRecord, reason: string): Promise<void> {
  const query = reason ? `?${new URLSearchParams({ reason })}` : '';
  await send('DELETE', path('datasets', record.id) + query, undefined, seen(record));
}

/** Address of the node as programs want it: without the stroke at its end. */
export const NODE = ROOT.replace(/\/$/, '');
