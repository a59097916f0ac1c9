/** What the node tells, as far as the portal reads it. */
import type { Geometry } from 'geojson';

export type Kind = 'grid' | 'table' | 'boreholes' | 'volume' | 'mesh' | 'series' | 'document';
export type Bbox = [west: number, south: number, east: number, north: number];

export interface Link {
  href: string;
  rel: string;
  type?: string;
  title?: string;
  length?: number;
}

export interface Quantity {
  name: string;
  unit?: string;
  variable?: string;
  minimum?: number;
  maximum?: number;
}

export interface Column {
  name: string;
  type: string;
  title?: string;
  unit?: string;
  quantity?: string;
}

/** A dataset's record (OGC API Records). */
export interface DatasetRecord {
  id: string;
  type: 'Feature';
  geometry: Geometry | null;
  bbox?: Bbox;
  time?: { interval?: [string, string]; date?: string; timestamp?: string } | null;
  properties: {
    title?: string;
    description?: string;
    license?: string;
    keywords?: string[];
    created?: string;
    updated?: string;
    contacts?: { name: string; roles?: string[] }[];
    'craton:kind'?: Kind;
    'craton:title'?: Record<string, string>;
    'craton:description'?: Record<string, string>;
    'craton:version'?: number;
    'craton:visibility'?: string;
    'craton:crs'?: string;
    'craton:shape'?: Record<string, number>;
    'craton:quantities'?: Quantity[];
    'craton:columns'?: Column[];
    [name: string]: unknown;
  };
  links?: Link[];
}

export interface RecordPage {
  features: DatasetRecord[];
  numberMatched?: number;
  numberReturned?: number;
  links?: Link[];
}

/** A collection (OGC API Common), with what the areas of the API add. */
export interface Collection {
  id: string;
  title?: string;
  description?: string;
  itemType?: string;
  extent?: { spatial?: { bbox?: Bbox[] }; temporal?: { interval?: [string | null, string | null][] } };
  links?: Link[];
  [name: string]: unknown;
}
