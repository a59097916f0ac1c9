/** The map that everything is drawn on: sea, land, coast and degrees, drawn from a file of the portal's own. */
import type { Feature, FeatureCollection, MultiPolygon, Polygon, Position } from 'geojson';
import {
  AttributionControl,
  Map as MapLibre,
  NavigationControl,
  prewarm,
  ScaleControl,
  setWorkerUrl,
  type GeoJSONSource,
  type StyleSpecification,
} from 'maplibre-gl';
import 'maplibre-gl/dist/maplibre-gl.css';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import { feature } from 'topojson-client';
import landUrl from 'world-atlas/land-50m.json?url';
import type { Bbox } from '../api/types';

setWorkerUrl(workerUrl);
prewarm();

/** What is drawn to find one's way by; its file comes while the map is made. */
const orientation = import('./orientation');

/** Fonts of labels; without glyphs on a server the map draws them from those of the page. */
export const LABEL_FONT = ['Noto Sans', 'Noto Sans Lao', 'Noto Sans Khmer', 'Noto Sans Thai', 'Noto Sans Myanmar', 'Noto Sans SC', 'sans-serif'];

/** Layers of data are put below this one, so that the degrees stay on top. */
export const TOP = 'graticule';

export interface MapOptions {
  bounds?: Bbox | undefined;
  center?: [number, number] | undefined;
  zoom?: number | undefined;
  interactive?: boolean;
  /** Without scale and words, for a map that lies over another. */
  bare?: boolean;
}

/** A map in `element`. Borders of countries are not drawn: where they run is the node's to say. */
export function makeMap(element: HTMLElement, { bounds, center, zoom, interactive = true, bare = false }: MapOptions = {}): MapLibre {
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  const map = new MapLibre({
    container: element,
    style: baseStyle(element),
    ...(bounds ? { bounds: [bounds[0], bounds[1], bounds[2], bounds[3]], fitBoundsOptions: { padding: 32, maxZoom: 12 } } : {}),
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
  map.touchZoomRotate.disableRotation();
  if (interactive) {
    map.addControl(new NavigationControl({ showCompass: false }), 'top-right');
    map.addControl(new ScaleControl({ maxWidth: 120 }), 'bottom-right');
  }
  if (!bare) map.addControl(new AttributionControl({ compact: true }), 'bottom-right');
  const styled = map.once('style.load');
  void Promise.all([land(), styled]).then(([shapes]) => (map.getSource('land') as GeoJSONSource | undefined)?.setData(shapes));
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
  const empty: FeatureCollection = { type: 'FeatureCollection', features: [] };
  return {
    version: 8,
    sources: {
      land: { type: 'geojson', data: empty, attribution: 'Natural Earth', tolerance: 0.2 },
      graticule: { type: 'geojson', data: graticule() },
    },
    layers: [
      { id: 'sea', type: 'background', paint: { 'background-color': token('--map-sea') } },
      { id: 'land', type: 'fill', source: 'land', paint: { 'fill-color': token('--map-land'), 'fill-antialias': false } },
      {
        id: 'coast',
        type: 'line',
        source: 'land',
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

let loaded: Promise<FeatureCollection> | undefined;

/** Land of the earth; fetched once for all maps of the page, and on its way before the first of them is made. */
function land(): Promise<FeatureCollection> {
  loaded ??= fetchLand();
  return loaded;
}
void land().catch(() => (loaded = undefined));

async function fetchLand(): Promise<FeatureCollection> {
  const topology = await (await fetch(landUrl)).json();
  const land = feature(topology, topology.objects.land) as unknown as FeatureCollection<Polygon | MultiPolygon>;
  for (const { geometry } of land.features) {
    if (geometry.type === 'Polygon') geometry.coordinates = unrolled(geometry.coordinates);
    else geometry.coordinates = geometry.coordinates.map(unrolled);
  }
  return land;
}

/**
 * A polygon of the sphere as one of the plane: rings that cross the 180th meridian run on beyond it, and one
 * that goes round a pole is closed over that pole.
 */
function unrolled(rings: Position[][]): Position[][] {
  const [outer = [], ...holes] = rings.map(unrolledRing);
  const middle = (ring: Position[]): number => (Math.min(...ring.map(east)) + Math.max(...ring.map(east))) / 2;
  const moved = holes.map((hole) => {
    const turns = 360 * Math.round((middle(outer) - middle(hole)) / 360);
    return hole.map(([longitude = 0, latitude = 0]) => [longitude + turns, latitude]);
  });
  return [outer, ...moved];
}

function unrolledRing(ring: Position[]): Position[] {
  let before = ring[0]?.[0] ?? 0;
  const run = ring.map(([longitude = 0, latitude = 0]) => {
    before = longitude + 360 * Math.round((before - longitude) / 360);
    return [before, latitude];
  });
  const [first, last] = [run[0], run[run.length - 1]];
  if (!first || !last || Math.abs(east(first) - east(last)) < 180) return run;
  const pole = (first[1] ?? 0) < 0 ? -89.9 : 89.9;
  return [...run, [east(last), pole], [east(first), pole], first];
}

function east(position: Position): number {
  return position[0] ?? 0;
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
