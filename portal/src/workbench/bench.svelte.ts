/** What the parts of the workbench share: the tool in hand, what is open, what was found. */
import type { Position } from 'geojson';
import type { Map as MapLibre, PaddingOptions } from 'maplibre-gl';
import type { Bbox, DatasetRecord } from '../api/types';

export type Drawer = 'table' | 'chart' | 'profile' | 'spectrum' | 'lines';

export type Tool = 'look' | 'distance' | 'area' | 'profile';

/** A feature or a value at a place that was pointed at. */
export interface Found {
  layer: string;
  feature?: string | number;
  values: Record<string, unknown>;
  /** What is shown where the values cannot be had. */
  note?: string;
}

class Bench {
  map: MapLibre | null = $state.raw(null);
  /** Part of the earth that the map shows. */
  bounds: Bbox | null = $state.raw(null);
  tool: Tool = $state('look');
  panel: 'find' | 'layers' | 'legend' = $state('find');
  drawer: Drawer | null = $state(null);
  /** Layer that the drawer is about. */
  subject = $state('');
  /** Layer to go to as soon as it is known where it lies. */
  wanted = $state('');
  /** Records that the search found. */
  hits: DatasetRecord[] = $state.raw([]);
  /** The one of them that is pointed at. */
  hovered = $state('');
  /** Place that was clicked, and what is there. */
  spot: [number, number] | null = $state.raw(null);
  found: Found[] = $state.raw([]);
  looking = $state(false);
  /** Line or area that is being drawn. */
  line: Position[] = $state.raw([]);
  /** Parts of the survey line that is looked at. */
  track: Position[][] = $state.raw([]);
  /** Whether more points can be set. */
  drawing = $state(false);
  /** How much of a phone's screen the panel takes. */
  sheet: 'low' | 'half' | 'full' = $state('half');

  open(drawer: Drawer, layer: string): void {
    this.subject = layer;
    this.drawer = drawer;
  }

  take(tool: Tool): void {
    this.tool = this.tool === tool ? 'look' : tool;
    this.line = [];
    this.spot = null;
    this.found = [];
    this.drawing = this.tool !== 'look';
    if (tool !== 'profile' && this.drawer === 'profile') this.drawer = null;
  }

  /** Room around what is shown, in pixels: on a phone the panel lies over the lower part of the map. */
  padding(): PaddingOptions {
    const low = matchMedia('(max-width: 48rem)').matches && this.sheet !== 'low' ? innerHeight * 0.4 : 0;
    return { top: 72, left: 40, right: 40, bottom: 40 + low };
  }

  /** Show a part of the earth; beside the panels where there is room. */
  show(bounds: Bbox | undefined, moving = true): void {
    if (!bounds || !this.map) return;
    const [west, south, east, north] = bounds;
    const turned = west > east ? east + 360 : east;
    const small = Math.max(turned - west, north - south) < 1e-6;
    const animate = moving && !matchMedia('(prefers-reduced-motion: reduce)').matches;
    if (small) this.map.easeTo({ center: [west, south], zoom: Math.max(this.map.getZoom(), 10), animate });
    else this.map.fitBounds([west, south, turned, north], { padding: this.padding(), maxZoom: 15, animate, duration: 500 });
  }
}

export const bench = new Bench();
