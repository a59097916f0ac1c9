/** Keeps what a map draws equal to the layers of the work: adds, orders, colours and removes. */
import type { FeatureCollection } from 'geojson';
import type { LayerSpecification, Map as MapLibre, SourceSpecification } from 'maplibre-gl';
import { at, path } from '../api/client';
import type { Layer, Selection } from '../stores/workspace.svelte';
import { TOP } from './order';
import { classesOf, colourExpression, columnOf } from './classes';
import { colourOf } from './colours';
import type { LayerInfo } from './infos.svelte';

/** Letters of a day, and of a moment down to its second, as they are written. */
const [DAY, SECOND] = [10, 19];

/** Start of the names of sources and layers of data. */
const OWN = 'data:';

export interface Scene {
  layers: Layer[];
  infos: Record<string, LayerInfo>;
  selection: Selection | null;
  time: string;
  side?: 'left' | 'right' | undefined;
}

type Paint = Record<string, unknown>;
type Part = LayerSpecification & { source: string };

export class Painter {
  #sources = new Map<string, string>();

  constructor(readonly map: MapLibre) {}

  /** Draw `scene`; what is the same as before is not touched. */
  draw(scene: Scene): void {
    // A page that was left takes its map away while what it asked for is still on its way.
    if (!this.map.style) return;
    const shown = scene.layers.filter((layer) => layer.visible && (!layer.side || !scene.side || layer.side === scene.side));
    const parts = [...shown].reverse().flatMap((layer) => this.#partsOf(layer, scene));
    const wanted = new Set(parts.map((part) => part.id));
    for (const { id } of this.map.getStyle().layers) if (id.startsWith(OWN) && !wanted.has(id)) this.map.removeLayer(id);
    const sources = new Set(parts.map((part) => part.source));
    for (const id of [...this.#sources.keys()]) if (!sources.has(id)) this.#drop(id);
    for (const part of parts) this.#put(part);
    for (const part of parts) this.map.moveLayer(part.id, TOP);
  }

  /** Identifiers of map layers that can be pointed at. */
  pointable(): string[] {
    return this.map.getStyle().layers.map(({ id }) => id).filter((id) => id.startsWith(OWN) && !id.includes(':chosen'));
  }

  #drop(id: string): void {
    if (this.map.getSource(id)) this.map.removeSource(id);
    this.#sources.delete(id);
  }

  #put(part: Part): void {
    const there = this.map.getLayer(part.id);
    if (!there) {
      this.map.addLayer(part, TOP);
      return;
    }
    for (const [name, value] of Object.entries((part.paint ?? {}) as Paint)) {
      if (JSON.stringify(this.map.getPaintProperty(part.id, name as never)) !== JSON.stringify(value))
        this.map.setPaintProperty(part.id, name as never, value as never);
    }
    if ('filter' in part) this.map.setFilter(part.id, part.filter);
  }

  #partsOf(layer: Layer, scene: Scene): Part[] {
    const info = scene.infos[layer.id];
    if (!info || info.mode === 'none') return [];
    const source = this.#source(layer, info, scene.time);
    if (info.mode === 'grid')
      return [{ id: `${OWN}${layer.id}:grid`, type: 'raster', source, paint: { 'raster-opacity': layer.opacity, 'raster-fade-duration': 0 } } as Part];
    return featureParts(layer, info, scene, source);
  }

  /** Source of a layer, made anew where its address changes. */
  #source(layer: Layer, info: LayerInfo, time: string): string {
    const id = OWN + layer.id;
    const said = info.mode === 'grid' ? gridTiles(layer, info, time) : info.mode;
    if (this.#sources.get(id) === said && this.map.getSource(id)) return id;
    for (const one of this.map.getStyle().layers) if ('source' in one && one.source === id) this.map.removeLayer(one.id);
    this.#drop(id);
    this.map.addSource(id, sourceOf(info, said));
    this.#sources.set(id, said);
    return id;
  }
}

function gridTiles(layer: Layer, info: LayerInfo, time: string): string {
  const hasTime = Boolean(info.collection?.extent?.temporal) && info.record.properties['craton:shape']?.time !== undefined;
  const datetime = hasTime && time ? time.split('/')[1] : '';
  const { style, stretch, azimuth } = layer.style;
  return at(path('collections', info.id, 'map', 'tiles', 'WebMercatorQuad') + '/{z}/{y}/{x}', { f: 'webp', style, stretch, azimuth, datetime });
}

function sourceOf(info: LayerInfo, address: string): SourceSpecification {
  const bounds = info.bounds && info.bounds[0] < info.bounds[2] ? { bounds: [...info.bounds] as [number, number, number, number] } : {};
  if (info.mode === 'grid') return { type: 'raster', tiles: [address], tileSize: 256, maxzoom: 18, ...bounds };
  if (info.mode === 'tiles') {
    const tiles = [at(path('collections', info.id, 'tiles', 'WebMercatorQuad') + '/{z}/{y}/{x}', { f: 'mvt' })];
    return { type: 'vector', tiles, maxzoom: 14, ...bounds };
  }
  return { type: 'geojson', data: info.features as FeatureCollection, tolerance: 0.3 };
}

function featureParts(layer: Layer, info: LayerInfo, scene: Scene, source: string): Part[] {
  const classes = classesOf(info, layer.style);
  const colour = colourExpression(classes, columnOf(info, layer.style), plainColour(layer, info));
  const { opacity } = layer;
  const size = Number(layer.style.size) || 5;
  const radius = ['interpolate', ['linear'], ['zoom'], 2, size * 0.6, 8, size, 14, size * 1.5];
  const inside = info.mode === 'tiles' ? { 'source-layer': info.tileLayer } : {};
  const base = (kind: string, type: string, geometry: string, paint: Paint, chosen = false): Part =>
    ({ id: `${OWN}${layer.id}:${kind}`, type, source, ...inside, filter: filterOf(geometry, info, scene, chosen), paint }) as unknown as Part;
  const glow = { 'line-color': '#ffd400', 'line-width': 4, 'line-opacity': 1 };
  const parts = [
    base('fill', 'fill', 'Polygon', { 'fill-color': colour, 'fill-opacity': opacity * 0.7 }),
    base('edge', 'line', 'Polygon', { 'line-color': classes.length ? '#1c2a2f' : colour, 'line-width': classes.length ? 0.6 : 1.4, 'line-opacity': opacity }),
    base('line', 'line', 'LineString', { 'line-color': colour, 'line-width': 0.8 + size / 5, 'line-opacity': opacity }),
    base('point', 'circle', 'Point', {
      'circle-color': colour, 'circle-radius': radius, 'circle-opacity': opacity,
      'circle-stroke-color': '#ffffff', 'circle-stroke-width': 1.2, 'circle-stroke-opacity': opacity,
    }),
  ]; // prettier-ignore
  if (scene.selection?.layer !== layer.id) return parts;
  return [
    ...parts,
    base('chosen-edge', 'line', 'Polygon', glow, true),
    base('chosen-line', 'line', 'LineString', glow, true),
    base('chosen-point', 'circle', 'Point', {
      'circle-color': '#ffd400', 'circle-radius': size + 4, 'circle-opacity': 0.55,
      'circle-stroke-color': '#1c2a2f', 'circle-stroke-width': 2,
    }, true),
  ]; // prettier-ignore
}

/** The one colour of a layer: chosen, or the node's, or any. */
export function plainColour(layer: Layer, info: LayerInfo | undefined): string {
  const own = layer.style.mode === 'one' ? undefined : info?.nodeStyle?.colour;
  return own ?? layer.style.colour ?? colourOf(layer.id);
}

function filterOf(geometry: string, info: LayerInfo, scene: Scene, chosen: boolean): unknown {
  const all: unknown[] = ['all', ['==', ['geometry-type'], geometry]];
  if (chosen) all.push(['==', ['to-string', ['id']], String(scene.selection?.feature)]);
  const [start, end] = scene.time.split('/');
  if (info.timeColumn && start && end) {
    all.push(within(info.timeColumn, start, end));
  }
  return all;
}

/** Features whose moment lies in a span, and those that have none; days are compared with days. */
function within(column: string, start: string, end: string): unknown {
  const moment = ['to-string', ['get', column]];
  const between = (length: number): unknown => {
    const part = ['slice', moment, 0, length];
    return ['all', ['>=', part, start.slice(0, length)], ['<=', part, end.slice(0, length)]];
  };
  return ['case', ['==', moment, ''], true, ['<=', ['length', moment], DAY], between(DAY), between(SECOND)];
}
