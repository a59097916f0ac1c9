/**
 * The work on the map: layers, view, selection, time. It can be told in an address and in a file, so that
 * it can be kept and passed on without the node keeping anything.
 */
import { SET } from '../map/colours';

/** How a layer is coloured. */
export interface LayerStyle {
  /** Column whose values give the colours. */
  by?: string;
  /** Ranges of numbers, single values, or one colour; without it, and without a column, as the node colours it. */
  mode?: 'steps' | 'values' | 'one';
  /** Name of the colours, see map/colours.ts. */
  colours?: string;
  /** The one colour. */
  colour?: string;
  /** Size of points, in pixels. */
  size?: number;
  /** Style of a grid that the node offers. */
  style?: string;
  /** How the colours of a grid follow its values: linear, or each covers as many cells. */
  stretch?: 'equal';
  /** Where light comes from that shades a grid as relief, in degrees clockwise from north. */
  azimuth?: number;
}

export interface Layer {
  /** Identifier of the dataset. */
  id: string;
  visible: boolean;
  opacity: number;
  style: LayerStyle;
  /** Shown on which side of the line where two maps are compared. */
  side?: 'left' | 'right' | undefined;
}

export interface View {
  longitude: number;
  latitude: number;
  zoom: number;
}

/** A feature that is chosen everywhere at once: on the map, in the table, in a chart. */
export interface Selection {
  layer: string;
  feature: string | number;
}

export interface Work {
  craton: 'work';
  version: 1;
  layers: Layer[];
  view: View | null;
  selection: Selection | null;
  /** Span of time that is shown, `start/end` in RFC 3339; empty for all. */
  time: string;
  /** Place of the line where two maps are compared, 0 to 1. */
  compare: number | null;
}

class Workspace {
  layers: Layer[] = $state([]);
  view: View | null = $state.raw(null);
  selection: Selection | null = $state.raw(null);
  time = $state('');
  compare: number | null = $state(null);

  /** Put a dataset on top of the map; one that is there already is shown. */
  add(id: string, more: Partial<Layer> = {}): void {
    const there = this.layer(id);
    if (there) there.visible = true;
    else this.layers.unshift({ id, visible: true, opacity: 1, style: { colour: this.#freshColour() }, ...more });
  }

  /** A colour that no other layer has. */
  #freshColour(): string {
    const used = new Set(this.layers.map((layer) => layer.style.colour));
    return SET.find((colour) => !used.has(colour)) ?? SET[this.layers.length % SET.length]!;
  }

  layer(id: string): Layer | undefined {
    return this.layers.find((layer) => layer.id === id);
  }

  remove(id: string): void {
    this.layers = this.layers.filter((layer) => layer.id !== id);
    if (this.selection?.layer === id) this.selection = null;
  }

  /** Move a layer by so many places; negative is up. */
  move(id: string, by: number): void {
    const from = this.layers.findIndex((layer) => layer.id === id);
    const place = Math.max(0, Math.min(this.layers.length - 1, from + by));
    if (from < 0 || place === from) return;
    const [layer] = this.layers.splice(from, 1);
    if (layer) this.layers.splice(place, 0, layer);
  }

  /** All of it, as it stands in a file. */
  save(): Work {
    return $state.snapshot({
      craton: 'work' as const,
      version: 1 as const,
      layers: this.layers,
      view: this.view,
      selection: this.selection,
      time: this.time,
      compare: this.compare,
    });
  }

  /** Take over what a file or an address says; parts that cannot be read are left out. */
  open(work: Partial<Work>): void {
    this.layers = (Array.isArray(work.layers) ? work.layers : []).flatMap(readLayer);
    this.view = readView(work.view);
    this.selection = readSelection(work.selection);
    this.time = typeof work.time === 'string' ? work.time : '';
    this.compare = finite(work.compare) ? Math.max(0, Math.min(1, work.compare)) : null;
  }

  /** What stands behind the # of an address: short, and readable by a person. */
  hash(): string {
    const parts = new URLSearchParams();
    if (this.view) parts.set('at', viewText(this.view));
    for (const layer of this.layers) parts.append('layer', layerText(layer));
    if (this.selection) parts.set('chosen', `${this.selection.layer}~${this.selection.feature}`);
    if (this.time) parts.set('time', this.time);
    if (this.compare !== null) parts.set('compare', this.compare.toFixed(3));
    return parts.toString().replace(/%2C/g, ',').replace(/%7E/g, '~').replace(/%3A/g, ':').replace(/%3D/g, '=');
  }

  /** Take over what `hash` says; whether it says anything. */
  read(hash: string): boolean {
    const parts = new URLSearchParams(hash.replace(/^#/, ''));
    if (!parts.has('at') && !parts.has('layer')) return false;
    const [longitude, latitude, zoom] = (parts.get('at') ?? '').split(',').map(Number);
    const [layer, feature] = (parts.get('chosen') ?? '').split('~');
    const compare = parts.get('compare');
    this.open({
      layers: parts.getAll('layer').map(layerOf),
      view: { longitude, latitude, zoom } as View,
      selection: layer && feature ? { layer, feature } : null,
      time: parts.get('time') ?? '',
      compare: compare === null ? null : Number(compare),
    });
    return true;
  }
}

export const workspace = new Workspace();

function finite(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function viewText(view: View): string {
  return [view.longitude.toFixed(4), view.latitude.toFixed(4), view.zoom.toFixed(2)].join(',');
}

const STYLE_WORDS = ['by', 'mode', 'colours', 'colour', 'size', 'style', 'stretch', 'azimuth'] as const;

function layerText(layer: Layer): string {
  const said = [layer.id];
  if (!layer.visible) said.push('off');
  if (layer.opacity !== 1) said.push(`opacity=${layer.opacity.toFixed(2)}`);
  if (layer.side) said.push(`side=${layer.side}`);
  for (const word of STYLE_WORDS) {
    const value = layer.style[word];
    if (value !== undefined && value !== '') said.push(`${word}=${String(value).replace(/~/g, ' ')}`);
  }
  return said.join('~');
}

function layerOf(text: string): Layer {
  const [id = '', ...said] = text.split('~');
  const values = new Map(said.map((one) => [one.split('=')[0] ?? '', one.slice(one.indexOf('=') + 1)]));
  const style = Object.fromEntries(STYLE_WORDS.filter((word) => values.has(word)).map((word) => [word, values.get(word)]));
  const opacity = Number(values.get('opacity') ?? 1);
  const side = values.get('side') as Layer['side'];
  return { id, visible: !values.has('off'), opacity, side, style: style as LayerStyle };
}

/** A layer of a stranger's file: nothing but what a layer may say. */
function readLayer(layer: unknown): Layer[] {
  const { id, visible, opacity, style, side } = (layer ?? {}) as Partial<Layer>;
  if (typeof id !== 'string' || !id) return [];
  const said = Object.entries(style ?? {}).filter(
    ([word, value]) => (STYLE_WORDS as readonly string[]).includes(word) && ['string', 'number'].includes(typeof value),
  );
  const read = Object.fromEntries(said) as LayerStyle;
  if (read.size !== undefined) read.size = Math.max(1, Math.min(30, Number(read.size) || 5));
  if (read.azimuth !== undefined) read.azimuth = Math.max(0, Math.min(360, Number(read.azimuth) || 0));
  if (read.stretch !== 'equal') delete read.stretch;
  if (read.colour && !/^#[0-9a-f]{6}$/i.test(read.colour)) delete read.colour;
  return [
    {
      id,
      visible: visible !== false,
      opacity: finite(opacity) ? Math.max(0, Math.min(1, opacity)) : 1,
      style: read,
      side: side === 'left' || side === 'right' ? side : undefined,
    },
  ];
}

function readView(view: unknown): View | null {
  const { longitude, latitude, zoom } = (view ?? {}) as View;
  if (!finite(longitude) || !finite(latitude) || !finite(zoom)) return null;
  return { longitude, latitude: Math.max(-85, Math.min(85, latitude)), zoom: Math.max(0, Math.min(22, zoom)) };
}

function readSelection(selection: unknown): Selection | null {
  const { layer, feature } = (selection ?? {}) as Selection;
  const said = typeof feature === 'string' || typeof feature === 'number';
  return typeof layer === 'string' && said ? { layer, feature } : null;
}
