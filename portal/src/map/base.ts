/** The map that everything is drawn on: land, coast and degrees, from files of the portal's own; the sea is what lies behind. */
import type { Feature, FeatureCollection } from 'geojson';
import {
  AttributionControl,
  Map as MapLibre,
  NavigationControl,
  prewarm,
  ScaleControl,
  setWorkerUrl,
  type PaddingOptions,
  type StyleSpecification,
} from 'maplibre-gl';
import 'maplibre-gl/dist/maplibre-gl.css';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import type { Bbox } from '../api/types';
import { fetchAhead, LAND } from './land';

setWorkerUrl(workerUrl);
prewarm();

/** What is drawn to find one's way by; its file comes while the map is made. */
const orientation = import('./orientation');

export interface MapOptions {
  bounds?: Bbox | undefined;
  /** Room around the bounds, in pixels. */
  padding?: PaddingOptions | undefined;
  center?: [number, number] | undefined;
  zoom?: number | undefined;
  interactive?: boolean;
  /** Without scale and words, for a map that lies over another. */
  bare?: boolean;
}

/** A map in `element`. Borders of countries are not drawn: where they run is the node's to say. */
export function makeMap(element: HTMLElement, { bounds, padding, center, zoom, interactive = true, bare = false }: MapOptions = {}): MapLibre {
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  const map = new MapLibre({
    container: element,
    style: baseStyle(element),
    ...(bounds ? { bounds: [bounds[0], bounds[1], bounds[2], bounds[3]], fitBoundsOptions: { padding: padding ?? 32, maxZoom: 12 } } : {}),
    ...(center ? { center } : { center: [20, 15] }),
    zoom: zoom ?? 1.4,
    minZoom: 0,
    maxZoom: 20,
    maxPitch: 0,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    interactive,
    attributionControl: false,
    fadeDuration: still ? 0 : 150,
    canvasContextAttributes: { preserveDrawingBuffer: true },
  });
  fetchAhead(map);
  map.touchZoomRotate.disableRotation();
  if (interactive) {
    map.addControl(new NavigationControl({ showCompass: false }), 'top-right');
    map.addControl(new ScaleControl({ maxWidth: 120 }), 'bottom-right');
  }
  if (!bare) map.addControl(new AttributionControl({ compact: true }), 'bottom-right');
  const styled = map.once('style.load');
  if (!bare) void orientation.then(({ drawOrientation }) => drawOrientation(map, styled, (name) => tokenOf(element, name)));
  // Whose shapes these are is told in a word that opens when it is wanted.
  map.once('idle', () => element.querySelector('.maplibregl-compact-show')?.classList.remove('maplibregl-compact-show'));
  return map;
}

function tokenOf(element: HTMLElement, name: string): string {
  return getComputedStyle(element).getPropertyValue(name).trim();
}

function baseStyle(element: HTMLElement): StyleSpecification {
  const token = (name: string): string => tokenOf(element, name);
  return {
    version: 8,
    sources: {
      land: LAND,
      graticule: { type: 'geojson', data: graticule() },
    },
    layers: [
      { id: 'land', type: 'fill', source: 'land', 'source-layer': 'land', paint: { 'fill-color': token('--map-land'), 'fill-antialias': false } },
      {
        id: 'coast',
        type: 'line',
        source: 'land',
        'source-layer': 'land',
        paint: { 'line-color': token('--map-coast'), 'line-width': ['interpolate', ['linear'], ['zoom'], 1, 0.4, 6, 1] },
      },
      {
        id: 'graticule',
        type: 'line',
        source: 'graticule',
        filter: ['<=', ['get', 'least'], ['zoom']],
        paint: { 'line-color': token('--map-graticule'), 'line-width': 0.6, 'line-opacity': 0.55 },
      },
    ],
  };
}

/** Lines of degrees: every 30 always, every 10 and 5 from nearer. */
function graticule(): FeatureCollection {
  const features: Feature[] = [];
  const line = (coordinates: number[][], degree: number): void => {
    const least = degree % 30 === 0 ? 0 : degree % 10 === 0 ? 2.5 : 4.5;
    features.push({ type: 'Feature', properties: { least }, geometry: { type: 'LineString', coordinates } });
  };
  for (let lon = -180; lon < 180; lon += 5) line([[lon, -85], [lon, 85]], lon);
  for (let lat = -80; lat <= 80; lat += 5) line([[-180, lat], [180, lat]], lat);
  return { type: 'FeatureCollection', features };
}
