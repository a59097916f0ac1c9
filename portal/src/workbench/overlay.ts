/** What the workbench itself draws on the map: what is measured, where records lie, the place that was clicked. */
import type { Feature, FeatureCollection, Geometry, Position } from 'geojson';
import type { GeoJSONSource, Map as MapLibre } from 'maplibre-gl';
import type { Bbox, DatasetRecord } from '../api/types';

const LAYERS = ['own:hits-fill', 'own:hits', 'own:hits-place', 'own:area', 'own:track-case', 'own:track', 'own:line-case', 'own:line', 'own:points', 'own:spot', 'own:mark'];

export class Overlay {
  constructor(readonly map: MapLibre) {
    for (const source of ['hits', 'track', 'drawn', 'spot', 'mark']) map.addSource(`own:${source}`, { type: 'geojson', data: collection([]) });
    const ink = '#1c2a2f';
    const found = '#b4471f';
    map.addLayer({ id: 'own:hits-fill', type: 'fill', source: 'own:hits', paint: { 'fill-color': found, 'fill-opacity': ['case', ['get', 'hovered'], 0.18, 0] } });
    map.addLayer({ id: 'own:hits', type: 'line', source: 'own:hits', paint: { 'line-color': found, 'line-width': ['case', ['get', 'hovered'], 2.5, 0.8], 'line-opacity': ['case', ['get', 'hovered'], 1, 0.35] } });
    map.addLayer({ id: 'own:hits-place', type: 'circle', source: 'own:hits', filter: ['==', ['geometry-type'], 'Point'], paint: { 'circle-radius': ['case', ['get', 'hovered'], 7, 3.5], 'circle-color': found, 'circle-opacity': ['case', ['get', 'hovered'], 1, 0.6], 'circle-stroke-color': '#ffffff', 'circle-stroke-width': 1 } });
    map.addLayer({ id: 'own:area', type: 'fill', source: 'own:drawn', filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': '#ffd400', 'fill-opacity': 0.25 } });
    map.addLayer({ id: 'own:track-case', type: 'line', source: 'own:track', paint: { 'line-color': ink, 'line-width': 6 } });
    map.addLayer({ id: 'own:track', type: 'line', source: 'own:track', paint: { 'line-color': '#ffd400', 'line-width': 3 } });
    map.addLayer({ id: 'own:line-case', type: 'line', source: 'own:drawn', paint: { 'line-color': '#ffffff', 'line-width': 5, 'line-opacity': 0.8 } });
    map.addLayer({ id: 'own:line', type: 'line', source: 'own:drawn', paint: { 'line-color': ink, 'line-width': 2, 'line-dasharray': [2, 1.2] } });
    map.addLayer({ id: 'own:points', type: 'circle', source: 'own:drawn', filter: ['==', ['geometry-type'], 'Point'], paint: { 'circle-radius': 4, 'circle-color': '#ffffff', 'circle-stroke-color': ink, 'circle-stroke-width': 2 } });
    map.addLayer({ id: 'own:spot', type: 'circle', source: 'own:spot', paint: { 'circle-radius': 7, 'circle-color': 'rgba(0,0,0,0)', 'circle-stroke-color': ink, 'circle-stroke-width': 2 } });
    map.addLayer({ id: 'own:mark', type: 'circle', source: 'own:mark', paint: { 'circle-radius': 6, 'circle-color': '#ffd400', 'circle-stroke-color': ink, 'circle-stroke-width': 2 } });
  }

  /** Keep it above all data. */
  lift(): void {
    for (const id of LAYERS) this.map.moveLayer(id);
  }

  /** A line or an area that is being drawn, with the pointer as its next point. */
  draw(line: Position[], closed: boolean, next?: Position): void {
    const points: Feature[] = line.map((position) => feature({ type: 'Point', coordinates: position }));
    const run = next ? [...line, next] : line;
    const shape: Feature[] =
      run.length < 2
        ? []
        : closed && run.length > 2
          ? [feature({ type: 'Polygon', coordinates: [[...run, run[0]!]] })]
          : [feature({ type: 'LineString', coordinates: run })];
    this.#set('drawn', [...shape, ...points]);
  }

  /** Where records lie: outlines, and a dot for each, as an outline may be too small to see. */
  hits(records: DatasetRecord[], hovered: string): void {
    this.#set(
      'hits',
      records.flatMap((record) => {
        const properties = { id: record.id, hovered: record.id === hovered };
        const [shape, middle] = [outline(record), middleOf(record.bbox)];
        return [...(shape ? [feature(shape, properties)] : []), ...(middle ? [feature(middle, properties)] : [])];
      }),
    );
  }

  /** Parts of the survey line that is looked at. */
  track(parts: Position[][]): void {
    this.#set('track', [feature({ type: 'MultiLineString', coordinates: parts })]);
  }

  spot(spot: Position | null): void {
    this.#set('spot', spot ? [feature({ type: 'Point', coordinates: spot })] : []);
  }

  mark(position: Position | null): void {
    this.#set('mark', position ? [feature({ type: 'Point', coordinates: position })] : []);
  }

  #set(source: string, features: Feature[]): void {
    (this.map.getSource(`own:${source}`) as GeoJSONSource | undefined)?.setData(collection(features));
  }
}

function outline(record: DatasetRecord): Geometry | null {
  // Where data lies all over the earth an outline tells nothing.
  if (record.bbox && record.bbox[2] - record.bbox[0] > 150) return null;
  if (record.geometry) return record.geometry;
  return record.bbox ? box(record.bbox) : null;
}

function middleOf(bbox: Bbox | undefined): Geometry | null {
  if (!bbox) return null;
  const [west, south, east, north] = bbox;
  const turned = west > east ? east + 360 : east;
  return { type: 'Point', coordinates: [(west + turned) / 2, (south + north) / 2] };
}

function box([west, south, east, north]: Bbox): Geometry {
  return { type: 'Polygon', coordinates: [[[west, south], [east, south], [east, north], [west, north], [west, south]]] };
}

function feature(geometry: Geometry, properties: Record<string, unknown> = {}): Feature {
  return { type: 'Feature', geometry, properties };
}

function collection(features: Feature[]): FeatureCollection {
  return { type: 'FeatureCollection', features };
}
