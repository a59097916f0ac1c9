/** What the scene shows: layers, planes, view; kept in the address, so that it can be passed on. */
import { SET } from '../map/colours';
import type { Kind } from '../api/types';
import type { Extent, SceneOf, Triple, Variable } from './api';
import type { Hit, Plane } from './drawn';

/** A part of a mesh. */
export interface Part {
  name: string;
  colour: string;
}

export interface SceneLayer {
  id: string;
  visible: boolean;
  opacity: number;
  /** What the colours tell: a variable of a volume, `table.column` of holes. */
  variable: string;
  /** Codes of classes that are not shown. */
  hidden: number[];
  /** Numbers that are shown. */
  range: [number, number] | null;
  colours: string;
  /** Variable that tells how sure a cell is, how far it makes cells transparent, and the least that is shown. */
  doubt: string;
  trust: number;
  least: number;
  /** Whether the planes cut it. */
  cut: boolean;
  /** Height of a sheet in metres, above the terrain that it lies on, if it lies on one. */
  height: number;
  relief: string;
  /** Dataset whose map is draped over a sheet; empty for its own. */
  picture: string;
  /** Parts of a mesh that are not shown. */
  without: string[];
  /** Radius of tubes and discs in metres. */
  size: number;
  colour: string;
  /** Hole or row that is selected. */
  chosen: string;
  time: string;
}

/** What is known of a layer, and how far it has come. */
export interface LayerState {
  title: string;
  kind: Kind;
  scene: SceneOf | null;
  variables: Variable[];
  parts: Part[];
  /** Names of holes. */
  holes: string[];
  /** What is not drawn as it is, or at all. */
  note: string;
  /** Share that has come. */
  share: number;
  failed: unknown;
  bounds: [number, number, number, number] | undefined;
  /** Where it lies, as far as is known. */
  extent: Extent | null;
  /** Whether something of it is drawn. */
  seen: boolean;
}

export const AXES = ['x', 'y', 'z', 'free'] as const;
export type Axis = (typeof AXES)[number];

export interface Cut {
  axis: Axis;
  on: boolean;
  /** Place along the axis, 0 to 1 of the box. */
  share: number;
  flip: boolean;
  /** Direction in which the free plane runs, degrees clockwise from north. */
  azimuth: number;
}

/** Where the camera is: direction it looks from, height angle, distance and what it looks at; kept in the data's coordinates. */
export interface Eye {
  azimuth: number;
  tilt: number;
  distance: number;
  target: Triple;
}

const STARTS: Cut[] = AXES.map((axis) => ({ axis, on: false, share: 0.5, flip: axis === 'y', azimuth: 45 }));

function freshLayer(id: string, place: number): SceneLayer {
  return {
    id, visible: true, opacity: 1, variable: '', hidden: [], range: null, colours: 'viridis', doubt: '', trust: 0.7, least: 0, cut: true,
    height: 0, relief: '', picture: '', without: [], size: 1, colour: SET[place % SET.length]!, chosen: '', time: '',
  };
}

class SceneWork {
  layers: SceneLayer[] = $state([]);
  cuts: Cut[] = $state(structuredClone(STARTS));
  /** Only what the planes cut is shown of volumes. */
  fence = $state(false);
  exaggeration = $state(1);
  /** Whether the exaggeration was chosen, and not found by the page. */
  stretched = false;
  time = $state('');
  eye: Eye | null = $state.raw(null);
  known: Record<string, LayerState> = $state({});
  /** All that is shown, in the coordinates of the data. */
  box: Extent | null = $state.raw(null);
  crs = $state('');
  hit: Hit | null = $state.raw(null);

  reset(): void {
    [this.layers, this.known, this.box, this.crs] = [[], {}, null, ''];
    [this.cuts, this.fence, this.exaggeration, this.stretched] = [structuredClone(STARTS), false, 1, false];
    [this.time, this.eye, this.hit] = ['', null, null];
  }

  add(id: string): void {
    const there = this.layers.find((layer) => layer.id === id);
    if (there) there.visible = true;
    else this.layers.push(freshLayer(id, this.layers.length));
  }

  remove(id: string): void {
    this.layers = this.layers.filter((layer) => layer.id !== id);
    const { [id]: _, ...rest } = this.known;
    this.known = rest;
    if (this.hit?.layer === id) this.hit = null;
  }

  layer(id: string): SceneLayer | undefined {
    return this.layers.find((layer) => layer.id === id);
  }

  /** Take back what a selection of a hole or a row has marked, and mark another. */
  choose(id: string, part: string): void {
    for (const layer of this.layers) layer.chosen = layer.id === id ? part : '';
  }

  /** Times that any layer has, in order. */
  get times(): string[] {
    return [...new Set(this.layers.flatMap(({ id }) => this.known[id]?.scene?.times ?? []))].sort();
  }

  /** Where a cut lies in the coordinates of the data: along its axis, or across the free plane. */
  placeOf(cut: Cut): number {
    const box = this.box;
    if (!box) return 0;
    const [low, high] = spanOf(cut, box);
    return low + cut.share * (high - low);
  }

  /** Where a cut through the middle of the box lies. */
  middleOf(cut: Cut): number {
    return this.placeOf({ ...cut, share: 0.5 });
  }

  /** The planes as they cut, counted from the origin `shift` of the scene. */
  planes(shift: Triple): Plane[] {
    return this.cuts.map((cut) => {
      const sign = cut.flip ? -1 : 1;
      const normal = normalOf(cut);
      const offset = this.placeOf(cut) - normal.reduce((sum, one, n) => sum + one * shift[n]!, 0);
      return { on: cut.on, normal: normal.map((one) => sign * one) as Triple, offset: sign * offset };
    });
  }

  /** Ends of the line that a vertical plane makes on the map; null for a level one. */
  lineOf(cut: Cut): [[number, number], [number, number]] | null {
    const box = this.box;
    if (!box || cut.axis === 'z') return null;
    const normal = normalOf(cut);
    const middle = [(box.easting[0] + box.easting[1]) / 2, (box.northing[0] + box.northing[1]) / 2] as const;
    const off = this.placeOf(cut) - (normal[0] * middle[0] + normal[1] * middle[1]);
    const foot = [middle[0] + off * normal[0], middle[1] + off * normal[1]] as const;
    return clipped(foot, [normal[1], -normal[0]], box);
  }

  hash(): string {
    const parts = new URLSearchParams();
    if (this.eye) parts.set('eye', [this.eye.azimuth.toFixed(1), this.eye.tilt.toFixed(1), this.eye.distance.toFixed(1), ...this.eye.target.map((one) => one.toFixed(1))].join(','));
    if (this.stretched) parts.set('ve', this.exaggeration.toFixed(2));
    for (const cut of this.cuts) if (cut.on) parts.append('cut', cutText(cut));
    if (this.fence) parts.set('fence', '1');
    if (this.time) parts.set('time', this.time);
    this.layers.forEach((layer, n) => parts.append('layer', layerText(layer, n)));
    return parts.toString().replace(/%2C/g, ',').replace(/%7E/g, '~').replace(/%3A/g, ':').replace(/%3D/g, '=').replace(/%23/g, '#');
  }

  /** Take over what another address says: what it does not name is as it begins. */
  reread(hash: string): void {
    const named = new Set(new URLSearchParams(hash.replace(/^#/, '')).getAll('layer').map((text) => text.split('~')[0]));
    for (const { id } of this.layers) if (!named.has(id)) this.remove(id);
    [this.cuts, this.stretched, this.hit] = [structuredClone(STARTS), false, null];
    this.read(hash);
  }

  /** Take over what `hash` says. */
  read(hash: string): void {
    const parts = new URLSearchParams(hash.replace(/^#/, ''));
    const eye = (parts.get('eye') ?? '').split(',').map(Number);
    if (eye.length === 6 && eye.every(Number.isFinite)) {
      const [azimuth, tilt, distance, ...target] = eye as [number, number, number, number, number, number];
      this.eye = { azimuth, tilt, distance: Math.max(1e-3, distance), target };
    }
    const stretch = Number(parts.get('ve'));
    if (stretch > 0 && stretch <= 100) [this.exaggeration, this.stretched] = [stretch, true];
    for (const text of parts.getAll('cut')) this.#readCut(text);
    this.fence = parts.get('fence') === '1';
    this.time = parts.get('time') ?? '';
    parts.getAll('layer').forEach((text) => this.#readLayer(text));
  }

  #readCut(text: string): void {
    const [axis, share, side, azimuth] = text.split(',');
    const cut = this.cuts.find((one) => one.axis === axis);
    if (!cut || !Number.isFinite(Number(share))) return;
    [cut.on, cut.share, cut.flip] = [true, Math.max(0, Math.min(1, Number(share))), side === 'flip'];
    if (azimuth && Number.isFinite(Number(azimuth))) cut.azimuth = Number(azimuth) % 180;
  }

  #readLayer(text: string): void {
    const [id = '', ...said] = text.split('~');
    if (!id) return;
    this.add(id);
    const layer = this.layer(id)!;
    const words = new Map(said.map((one) => [one.split('=')[0] ?? '', one.slice(one.indexOf('=') + 1)]));
    layer.visible = !words.has('off');
    if (words.has('uncut')) layer.cut = false;
    for (const word of TEXTS) layer[word] = words.get(word) ?? layer[word];
    for (const word of NUMBERS) {
      const value = Number(words.get(word));
      if (words.has(word) && Number.isFinite(value)) layer[word] = value;
    }
    layer.hidden = (words.get('hidden') ?? '').split(',').filter(Boolean).map(Number);
    layer.without = (words.get('without') ?? '').split(',').filter(Boolean).map(decodeURIComponent);
    const range = (words.get('range') ?? '').split(',').map(Number);
    if (range.length === 2 && range.every(Number.isFinite)) layer.range = range as [number, number];
  }
}

const TEXTS = ['variable', 'colours', 'doubt', 'relief', 'picture', 'chosen', 'time'] as const;
const NUMBERS = ['opacity', 'trust', 'least', 'height', 'size'] as const;

function cutText({ axis, share, flip, azimuth }: Cut): string {
  return [axis, share.toFixed(4), flip ? 'flip' : 'keep', ...(axis === 'free' ? [azimuth.toFixed(1)] : [])].join(',');
}

/** What of a layer is not as it begins. */
function layerText(layer: SceneLayer, place: number): string {
  const fresh = freshLayer(layer.id, place);
  const said = [layer.id];
  if (!layer.visible) said.push('off');
  if (!layer.cut) said.push('uncut');
  for (const word of TEXTS) if (layer[word] !== fresh[word]) said.push(`${word}=${layer[word].replace(/~/g, ' ')}`);
  for (const word of NUMBERS) if (layer[word] !== fresh[word]) said.push(`${word}=${Number(layer[word].toPrecision(6))}`);
  if (layer.hidden.length) said.push(`hidden=${layer.hidden.join(',')}`);
  if (layer.without.length) said.push(`without=${layer.without.map(encodeURIComponent).join(',')}`);
  if (layer.range) said.push(`range=${layer.range.map((one) => Number(one.toPrecision(6))).join(',')}`);
  return said.join('~');
}

/** Direction across a cut. */
function normalOf({ axis, azimuth }: Cut): Triple {
  if (axis !== 'free') return [axis === 'x' ? 1 : 0, axis === 'y' ? 1 : 0, axis === 'z' ? 1 : 0];
  const angle = (azimuth * Math.PI) / 180;
  return [Math.cos(angle), -Math.sin(angle), 0];
}

/** Places that a cut can have, across it. */
function spanOf(cut: Cut, box: Extent): [number, number] {
  if (cut.axis === 'x') return box.easting;
  if (cut.axis === 'y') return box.northing;
  if (cut.axis === 'z') return box.upward;
  const normal = normalOf(cut);
  const across = box.easting.flatMap((east) => box.northing.map((north) => east * normal[0] + north * normal[1]));
  return [Math.min(...across), Math.max(...across)];
}

/** The part of a line that lies in the box. */
function clipped(foot: readonly [number, number], run: [number, number], { easting, northing }: Extent): [[number, number], [number, number]] | null {
  let [near, far] = [-Infinity, Infinity];
  for (const [n, [low, high]] of [easting, northing].entries()) {
    const [at, step] = [foot[n]!, run[n]!];
    if (Math.abs(step) < 1e-12) {
      if (at < low || at > high) return null;
      continue;
    }
    const [one, other] = [(low - at) / step, (high - at) / step];
    near = Math.max(near, Math.min(one, other));
    far = Math.min(far, Math.max(one, other));
  }
  if (!(near < far)) return null;
  const end = (share: number): [number, number] => [foot[0] + share * run[0], foot[1] + share * run[1]];
  return [end(near), end(far)];
}

export const work = new SceneWork();
