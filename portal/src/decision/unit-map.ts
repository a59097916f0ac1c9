/** Units of evaluation drawn on a map: in colours that a column decides, one of them chosen. */
import type { FeatureCollection } from 'geojson';
import type { ExpressionSpecification, LayerSpecification, Map as MapLibre, MapMouseEvent } from 'maplibre-gl';
import type { VectorTileSource } from 'maplibre-gl';
import { at, path } from '../api/client';
import { NONE } from '../map/colours';
import type { LayerInfo } from '../map/infos.svelte';
import { TOP } from '../map/order';

const SOURCE = 'units';
const MANY = 2000;
const PARTS = ['fill', 'edge', 'line', 'point'] as const;
const GEOMETRY = { fill: 'Polygon', edge: 'Polygon', line: 'LineString', point: 'Point' } as const;

/** Colours of the values of a column; or of all numbers from one on, up to the next. */
export interface Colouring {
  column: string;
  values: [value: string | number, colour: string][];
  steps?: [from: number, colour: string][];
}

function expression({ column, values, steps }: Colouring): ExpressionSpecification | string {
  if (steps?.length) {
    const told = steps.flatMap(([from, colour], n) => (n ? [from, colour] : [colour]));
    return ['case', ['==', ['typeof', ['get', column]], 'number'], ['step', ['get', column], ...told], NONE] as unknown as ExpressionSpecification;
  }
  const pairs = values.flatMap(([value, colour]) => [String(value), colour]);
  if (!pairs.length) return NONE;
  // A number that is whole comes as 3 or as 3.0: both are written alike.
  return ['match', ['to-string', ['get', column]], ...pairs, NONE] as unknown as ExpressionSpecification;
}

export class UnitMap {
  #chosen: number | undefined;
  /** Columns that the tiles hold: those that were drawn. */
  #columns: string[];

  constructor(
    readonly map: MapLibre,
    readonly info: LayerInfo,
    /** What the cells of a grid are coloured by, in the colours of the node. */
    readonly variable: string,
    column: string,
  ) {
    this.#columns = [column];
    if (info.mode === 'grid') this.#addGrid();
    else if (info.mode !== 'none') this.#addFeatures();
  }

  #addGrid(): void {
    const tiles = at(path('collections', this.info.id, 'map', 'tiles', 'WebMercatorQuad') + '/{z}/{y}/{x}', { f: 'webp', variable: this.variable });
    this.map.addSource(SOURCE, { type: 'raster', tiles: [tiles], tileSize: 256, maxzoom: 18 });
    this.map.addLayer({ id: 'units-grid', type: 'raster', source: SOURCE, paint: { 'raster-fade-duration': 0, 'raster-resampling': 'nearest' } }, TOP);
  }

  #addFeatures(): void {
    const { info, map } = this;
    if (info.mode === 'tiles') {
      map.addSource(SOURCE, { type: 'vector', tiles: this.#tiles(), maxzoom: 14 });
    } else map.addSource(SOURCE, { type: 'geojson', data: info.features as FeatureCollection, tolerance: 0.3 });
    for (const part of PARTS) map.addLayer(this.#layer(part, false), TOP);
    for (const part of ['edge', 'line', 'point'] as const) map.addLayer(this.#layer(part, true), TOP);
  }

  /** Address of tiles with no more than what is drawn: units have many columns. */
  #tiles(): string[] {
    const known = this.#columns.filter((name) => this.info.columns.some((one) => one.name === name));
    return [at(path('collections', this.info.id, 'tiles', 'WebMercatorQuad') + '/{z}/{y}/{x}', { f: 'mvt', properties: known.join(',') })];
  }

  #layer(part: (typeof PARTS)[number], chosen: boolean): LayerSpecification {
    const inside = this.info.mode === 'tiles' ? { 'source-layer': this.info.tileLayer } : {};
    const geometry = ['==', ['geometry-type'], GEOMETRY[part]];
    const paint = {
      fill: { 'fill-color': NONE, 'fill-opacity': 1 },
      edge: { 'line-color': chosen ? '#1c2a2f' : '#ffffff', 'line-width': chosen ? 3 : this.#many() ? 0.2 : 0.5, 'line-opacity': chosen ? 1 : this.#many() ? 0.3 : 0.6 },
      line: { 'line-color': chosen ? '#1c2a2f' : NONE, 'line-width': chosen ? 6 : 3 },
      point: {
        'circle-color': chosen ? 'rgba(0,0,0,0)' : NONE, 'circle-radius': chosen ? 9 : 6,
        'circle-stroke-color': chosen ? '#1c2a2f' : '#ffffff', 'circle-stroke-width': chosen ? 3 : 1,
      },
    }[part]; // prettier-ignore
    const type = part === 'edge' || part === 'line' ? 'line' : part === 'fill' ? 'fill' : 'circle';
    const filter = chosen ? ['all', geometry, this.#isChosen()] : geometry;
    return { id: `units-${part}${chosen ? '-chosen' : ''}`, type, source: SOURCE, ...inside, filter, paint } as unknown as LayerSpecification;
  }

  /** Whether there are so many units that lines between them would hide their colours. */
  #many(): boolean {
    return (this.info.count ?? 0) > MANY;
  }

  #isChosen(): unknown {
    return ['==', ['to-string', ['id']], String(this.#chosen ?? '')];
  }

  colour(colouring: Colouring): void {
    if (!this.map.getLayer('units-fill')) return;
    if (this.info.mode === 'tiles' && !this.#columns.includes(colouring.column)) {
      this.#columns.push(colouring.column);
      this.map.getSource<VectorTileSource>(SOURCE)?.setTiles(this.#tiles());
    }
    const told = expression(colouring);
    this.map.setPaintProperty('units-fill', 'fill-color', told);
    this.map.setPaintProperty('units-line', 'line-color', told);
    this.map.setPaintProperty('units-point', 'circle-color', told);
  }

  choose(row: number | undefined): void {
    this.#chosen = row;
    for (const part of ['edge', 'line', 'point'] as const) {
      if (!this.map.getLayer(`units-${part}-chosen`)) continue;
      this.map.setFilter(`units-${part}-chosen`, ['all', ['==', ['geometry-type'], GEOMETRY[part]], this.#isChosen()] as never);
    }
  }

  /** Tell of clicks: the row of the unit there, if it is one, and the place. */
  onclick(tell: (row: number | undefined, longitude: number, latitude: number) => void): void {
    const there = (event: MapMouseEvent): number | undefined => {
      const layers = ['units-point', 'units-line', 'units-fill'].filter((id) => this.map.getLayer(id));
      const id = layers.length ? this.map.queryRenderedFeatures(event.point, { layers })[0]?.id : undefined;
      return id === undefined ? undefined : Number(id);
    };
    this.map.on('click', (event) => tell(there(event), event.lngLat.wrap().lng, event.lngLat.lat));
    this.map.on('mousemove', (event) => {
      this.map.getCanvas().style.cursor = this.info.mode === 'grid' ? 'crosshair' : there(event) === undefined ? '' : 'pointer';
    });
  }
}
