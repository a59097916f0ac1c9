/**
 * Rivers, towns and the like to find one's way by: the node's own datasets with the keyword `basemap`. They lie above
 * the data, thin enough to leave it to be seen.
 */
import type { FeatureCollection } from 'geojson';
import type { DataDrivenPropertyValueSpecification, Map as MapLibre } from 'maplibre-gl';
import { get, path } from '../api/client';
import { findRecords, kindOf } from '../api/records';
import { language } from '../stores/language.svelte';
import { LABEL_FONT, TOP } from './order';

const KEYWORD = 'basemap';
const MOST_DATASETS = 8;
const MOST_FEATURES = 5000;

let asked: Promise<FeatureCollection[]> | undefined;

/** Draw what the node keeps for orientation on `map` once it is `styled`; nothing where it keeps none. */
export async function drawOrientation(map: MapLibre, styled: Promise<unknown>, colour: (token: string) => string): Promise<void> {
  asked ??= fetched();
  const [found] = await Promise.all([asked, styled]);
  if (!map.getLayer(TOP)) return;
  found.forEach((data, n) => {
    const source = `orientation:${n}`;
    map.addSource(source, { type: 'geojson', data, tolerance: 0.5 });
    map.addLayer({ id: `${source}:edge`, type: 'line', source, filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'line-color': colour('--map-coast'), 'line-width': 0.7 } });
    map.addLayer({ id: `${source}:line`, type: 'line', source, filter: ['==', ['geometry-type'], 'LineString'], paint: { 'line-color': colour('--map-river'), 'line-width': ['interpolate', ['linear'], ['zoom'], 4, 0.7, 9, 1.8] } });
    map.addLayer({
      id: `${source}:name`,
      type: 'symbol',
      source,
      filter: ['==', ['geometry-type'], 'Point'],
      layout: {
        'text-field': nameExpression(),
        'text-font': LABEL_FONT,
        'text-size': ['interpolate', ['linear'], ['zoom'], 4, 10.5, 9, 13],
        'text-anchor': 'top',
        'text-offset': [0, 0.35],
        'text-optional': true,
        'symbol-sort-key': ['coalesce', ['to-number', ['get', 'rank'], 9], 9],
      },
      paint: { 'text-color': colour('--ink-soft'), 'text-halo-color': 'rgba(255,255,255,0.85)', 'text-halo-width': 1.4 },
    });
    map.addLayer({ id: `${source}:place`, type: 'circle', source, filter: ['==', ['geometry-type'], 'Point'], paint: { 'circle-radius': 2, 'circle-color': colour('--ink-soft'), 'circle-stroke-color': '#ffffff', 'circle-stroke-width': 1 } });
  });
}

/** Name in the language of the page, else in English, else any. */
function nameExpression(): DataDrivenPropertyValueSpecification<string> {
  return ['coalesce', ['get', `name_${language.code}`], ['get', 'name'], ['get', 'name_en'], ''];
}

async function fetched(): Promise<FeatureCollection[]> {
  try {
    const { features } = await findRecords({ keyword: KEYWORD, limit: MOST_DATASETS });
    const tables = features.filter((record) => kindOf(record) === 'table');
    return await Promise.all(tables.map(({ id }) => get<FeatureCollection>(path('collections', id, 'items'), { limit: MOST_FEATURES })));
  } catch {
    return []; // the coast is enough to find one's way by
  }
}
