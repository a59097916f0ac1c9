/** What the map must know of a dataset to draw it; loaded once for each layer. */
import type { Feature, FeatureCollection } from 'geojson';
import { getIfAny, pages, path, ProblemError, type Query } from '../api/client';
import { kindOf, recordOf } from '../api/records';
import { headed } from '../stores/language.svelte';
import { readLegend } from './legend';
import type { Bbox, Collection, Column, DatasetRecord, Kind, Link } from '../api/types';

/** Features up to this number are fetched whole: then all their values are at hand. */
const WHOLE = 4000;
const PAGE = 1000;

/** What the node says of the colours of a layer. */
export interface NodeStyle {
  type?: string;
  /** Column of features, or variable of a grid, that the colours tell of. */
  column?: string;
  variable?: string;
  /** The one colour of all features. */
  colour?: string;
  title?: string;
  unit?: string;
  stops?: [number, string][];
  /** Whether a ramp is linear, or each of its colours covers as many cells. */
  stretch?: 'linear' | 'equal';
  /** Whether a ramp is shaded as relief. */
  shaded?: boolean;
  classes?: NodeClass[];
}

/** A class of the node's: of words, or of rock units with the age they are ordered by. */
export interface NodeClass {
  value: string | number;
  colour: string;
  label: string;
  age?: string;
  count?: number;
}

export interface LayerInfo {
  id: string;
  record: DatasetRecord;
  kind: Kind;
  collection: Collection | null;
  /** How it is drawn: features whole or in tiles, pictures of a grid, or not at all. */
  mode: 'items' | 'tiles' | 'grid' | 'none';
  bounds: Bbox | undefined;
  columns: Column[];
  /** Column that says when a feature was. */
  timeColumn: string;
  features: FeatureCollection | null;
  /** Some of the features, where there are too many to fetch: for classes and charts. */
  sample: Feature[];
  /** Name of the layer inside the tiles. */
  tileLayer: string;
  links: Link[];
  /** How the node colours it. */
  nodeStyle: NodeStyle | null;
  /** How many features there are, where that is known. */
  count: number | undefined;
}

/** How the node parts the values of a column, of all features. */
export interface Parting {
  ranges?: { minimum: number; maximum: number }[];
  classes?: [string | number | boolean, string, string][];
}

/** By value, or by ranges that each hold about as many values. */
export type Scheme = 'categories' | 'quantiles';

class Infos {
  all: Record<string, LayerInfo> = $state.raw({});
  /** `null` where the node does not tell. */
  #partings: Record<string, Parting | null> = $state.raw({});
  failed: Record<string, unknown> = $state.raw({});
  #coming = new Map<string, Promise<void>>();
  #records = new Map<string, Promise<DatasetRecord>>();

  /** Info of a layer, which is fetched if it is not here yet. */
  want(id: string): LayerInfo | undefined {
    const there = this.all[id];
    if (!there && !this.#coming.has(id) && !this.failed[id]) this.#start(id, this.#load(id));
    return there;
  }

  /** Where a layer lies, as soon as that is known. */
  async boundsOf(id: string): Promise<Bbox | undefined> {
    this.want(id);
    const record = await this.#records.get(id)?.catch(() => undefined);
    if (record?.bbox) return record.bbox;
    await this.#coming.get(id);
    return this.all[id]?.bounds;
  }

  /** Try again to fetch what could not be had. */
  again(id: string): void {
    const { [id]: _, ...rest } = this.failed;
    this.failed = rest;
    this.want(id);
  }

  /** How the values of a column are parted, which is asked for if it is not here yet. */
  parting(id: string, column: string, scheme: Scheme, classes: number): Parting | null | undefined {
    const query = { column, scheme, classes };
    const key = JSON.stringify([id, query]);
    const there = this.#partings[key];
    if (there === undefined && !this.#coming.has(key)) this.#start(key, this.#part(key, id, query));
    return there;
  }

  #start(key: string, work: Promise<void>): void {
    this.#coming.set(key, work.finally(() => this.#coming.delete(key)));
  }

  async #part(key: string, id: string, query: Query): Promise<void> {
    const told = await getIfAny<Parting>(path('collections', id, 'styles', 'default'), query).catch(() => null);
    this.#partings = { ...this.#partings, [key]: told };
  }

  async #load(id: string): Promise<void> {
    const record = recordOf(id);
    this.#records.set(id, record);
    try {
      const info = await loadInfo(id, record);
      this.all = { ...this.all, [id]: info };
    } catch (error) {
      this.failed = { ...this.failed, [id]: error };
    }
  }
}

export const infos = new Infos();

async function loadInfo(id: string, coming: Promise<DatasetRecord>): Promise<LayerInfo> {
  const [record, collection, nodeStyle] = await Promise.all([
    coming,
    getIfAny<Collection>(path('collections', id)),
    legendOf(id).catch(() => null),
  ]);
  const kind = kindOf(record);
  const columns = record.properties['craton:columns'] ?? [];
  const links = [...(collection?.links ?? []), ...(record.links ?? [])];
  const count = record.properties['craton:shape']?.row;
  const info: LayerInfo = {
    id,
    record,
    kind,
    collection,
    mode: 'none',
    bounds: record.bbox ?? collection?.extent?.spatial?.bbox?.[0],
    columns: columns.filter((column) => !/^geometry/i.test(column.name) && column.type !== 'geometry'),
    timeColumn: columns.find((column) => /^(date|datetime|date-time|timestamp)/.test(column.type))?.name ?? '',
    features: null,
    sample: [],
    tileLayer: '',
    nodeStyle,
    links,
    count,
  };
  if (kind === 'grid') info.mode = 'grid';
  else if (kind !== 'document' && kind !== 'volume') await loadFeatures(info);
  return info;
}

/** Legend of a layer as the node tells it: of what is in a box, or of a grid in another style. */
export async function legendOf(id: string, query: Query = {}, signal?: AbortSignal): Promise<NodeStyle | null> {
  return readLegend(await getIfAny<unknown>(path('collections', id, 'legend'), query, signal));
}

async function loadFeatures(info: LayerInfo): Promise<void> {
  if (info.count !== undefined && info.count > WHOLE && (await loadTileLayer(info))) {
    info.sample = (await itemsOf(info.id, PAGE)) ?? [];
    return;
  }
  const features = await itemsOf(info.id, WHOLE + 1);
  if (!features) return;
  info.sample = features;
  if (features.length > WHOLE && (await loadTileLayer(info))) return;
  info.mode = features.some((one) => one.geometry) ? 'items' : 'none';
  info.features = { type: 'FeatureCollection', features };
  if (features.length <= WHOLE) info.count = features.length;
}

/** Features of a dataset, at most so many; `null` where the node gives none. */
export async function itemsOf(id: string, most: number, signal?: AbortSignal): Promise<Feature[] | null> {
  const found: Feature[] = [];
  try {
    const query = { limit: Math.min(PAGE, most) };
    for await (const page of pages<FeatureCollection & { links?: Link[] }>(path('collections', id, 'items'), query, signal)) {
      found.push(...page.features.map(numbered));
      if (found.length >= most) break;
    }
  } catch (error) {
    if (error instanceof ProblemError && error.absent) return null;
    throw error;
  }
  return found;
}

/** The map tells features apart by numbers. */
function numbered(feature: Feature): Feature {
  const id = Number(feature.id);
  return Number.isInteger(id) ? { ...feature, id } : feature;
}

interface TileSet {
  layers?: { id: string }[];
  vector_layers?: { id: string }[];
}

async function loadTileLayer(info: LayerInfo): Promise<boolean> {
  const set = await getIfAny<TileSet>(path('collections', info.id, 'tiles', 'WebMercatorQuad')).catch(() => null);
  if (!set) return false;
  info.tileLayer = (set.layers ?? set.vector_layers)?.[0]?.id ?? info.id;
  info.mode = 'tiles';
  return true;
}

/** Columns that hold numbers. */
export function numberColumns(info: LayerInfo): Column[] {
  return info.columns.filter((column) => /^(u?int|float|double|number|integer|decimal)/.test(column.type));
}

/** What a column is called, with its unit. */
export function titled({ name, title, unit }: Column): string {
  return headed(title || name, unit);
}

/** Values of a column, of all features or of some. */
export function valuesOf(info: LayerInfo, column: string): unknown[] {
  return info.sample.map((feature) => feature.properties?.[column]);
}
