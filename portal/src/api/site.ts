/** What is under a site, and places by name, as the node tells them. */
import type { Feature, Geometry, Point, Polygon } from 'geojson';
import { get } from './client';
import type { Kind, Link } from './types';

export interface SiteValue {
  variable: string;
  title?: string;
  unit?: string;
  quantity?: string;
  value?: number | string;
  /** What the class is called that the value stands for. */
  label?: string;
  minimum?: number;
  mean?: number;
  maximum?: number;
  cells?: number;
  range?: [number, number];
  classes?: { value: number | string; label?: string; share: number }[];
}

export interface SiteFeature {
  id: number;
  inside: boolean;
  properties: Record<string, unknown>;
  geometry?: Point;
  distance?: number;
  bearing?: number;
}

export type Interval = Record<string, unknown> & { from_depth?: number; to_depth?: number };

export interface SiteDataset {
  id: string;
  title: string;
  kind: Kind;
  source?: string;
  licence?: string;
  updated?: string;
  derived?: boolean;
  covers?: boolean;
  problem?: string;
  values?: SiteValue[];
  count?: number;
  more?: boolean;
  features?: SiteFeature[];
  columns?: Record<string, { title?: string; unit?: string }>;
  logs?: Record<string, Interval[]>;
  links: Link[];
}

export interface SiteAnswer {
  place: { geometry: Geometry; radius: number; area?: number };
  topics: { topic: string; datasets: SiteDataset[] }[];
  notAsked: string[];
}

export type Site = Point | Polygon;

/** All that the node knows at `site`, and within `radius` metres of it. */
export function askSite(site: Site, radius: number, language: string, signal?: AbortSignal): Promise<SiteAnswer> {
  return get('/under', { coords: text(site), radius, lang: language }, signal);
}

/** A place with its name, and a point on the line or in the area that it is. */
export type NamedPlace = Feature<Geometry, { name: string; dataset: string; title: string; point: [number, number] }>;

/** Places whose name holds `words`. */
export async function findPlaces(words: string, signal?: AbortSignal): Promise<NamedPlace[]> {
  return (await get<{ features: NamedPlace[] }>('/places', { q: words, limit: 8 }, signal)).features;
}

/** The site as it stands in an address (WKT). */
export function text(site: Site): string {
  const pair = ([x = 0, y = 0]: number[]): string => `${round(x)} ${round(y)}`;
  if (site.type === 'Point') return `POINT(${pair(site.coordinates)})`;
  return `POLYGON((${(site.coordinates[0] ?? []).map(pair).join(', ')}))`;
}

function round(degrees: number): number {
  return Math.round(degrees * 1e6) / 1e6;
}
