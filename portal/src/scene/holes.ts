/** Drill holes as tubes, coloured along their depth by a table of intervals or a log. */
import {
  BufferAttribute,
  BufferGeometry,
  DataTexture,
  DoubleSide,
  Float32BufferAttribute,
  GLSL3,
  Group,
  Mesh,
  NearestFilter,
  Points,
  ShaderMaterial,
  type IUniform,
  type Object3D,
} from 'three';
import { quantity, t } from '../stores/language.svelte';
import type { Hole, HoleTable, Holes, Triple, Variable } from './api';
import { allow, cutting, isCut, isKept, setCutting, type Aim, type Drawn, type Hit, type Plane, type View } from './drawn';
import { channels, codeOf, lookOf, rangeOf, type Look } from './looks';
import { indexOf } from './mesher';
import { nearest } from './near';
import { plainMesh } from './plain';
import { DISC, TUBE } from './shaders';
import type { SceneLayer } from './state.svelte';
import { tellHole } from './tell';

/** Colours in a row of the texture. */
export const WIDE = 2048;

/** Places for colours along one hole, at most and at least. */
const MOST_TEXELS = 512;
const LEAST_TEXELS = 2;

/** Colour of a hole where nothing is logged, and that it is drawn thin there. */
const UNLOGGED = [120, 128, 132, 128] as const;

/** Height angle in degrees from which an upright tube is seen by its top. */
const STEEP = 50;

/** A piece of a hole between two places of its path. */
export interface Segment {
  hole: number;
  start: Triple;
  end: Triple;
  depths: [number, number];
}

/** Column of a table, as `table.column`. */
export function columnNamed(holes: Holes, name: string): { table: HoleTable; column: Variable; tableName: string } | undefined {
  for (const [tableName, table] of Object.entries(holes.tables)) {
    const column = table.columns.find((one) => `${tableName}.${one.name}` === name);
    if (column) return { table, column, tableName };
  }
  return undefined;
}

/** Share of rows of a table that do not reach the next one, above which it is a log and not of intervals. */
const GAPS = 0.9;

/** Each sample of a log reaches to the next one; intervals stay as they are. */
export function filled(table: HoleTable): HoleTable {
  const { hole, from, to } = table.rows;
  const same = hole.map((one, row) => hole[row + 1] === one);
  const gaps = same.filter((one, row) => one && from[row + 1]! > to[row]! + 1e-6).length;
  if (gaps <= GAPS * same.filter(Boolean).length || !gaps) return table;
  return { ...table, rows: { ...table.rows, to: to.map((one, row) => (same[row] ? from[row + 1]! : one)) } };
}

export function segmentsOf(holes: Holes, shift: Triple): Segment[] {
  const move = holes.origin.map((one, n) => one - shift[n]!);
  return holes.holes.flatMap(({ path }, hole) =>
    path.slice(1).map((end, n) => {
      const start = path[n]!;
      const at = (one: number[]): Triple => [one[0]! + move[0]!, one[1]! + move[1]!, one[2]! + move[2]!];
      return { hole, start: at(start), end: at(end), depths: [start[3], end[3]] as [number, number] };
    }),
  );
}

/** Where the colours of each hole stand in the texture. */
export interface Shelf {
  start: Int32Array;
  count: Int32Array;
  perMetre: Float64Array;
  rows: number;
}

export class HolesDrawn implements Drawn {
  readonly root = new Group();
  readonly segments: Segment[];
  readonly #cutting = cutting();
  readonly #shelf: Shelf;
  readonly #texture: DataTexture;
  readonly #uniforms: Record<string, IUniform>;
  readonly #materials: [ShaderMaterial, ShaderMaterial];
  readonly #discs: Points;
  /** Whether parts of holes are drawn thin, or not at all. */
  #gaps = true;
  #layer: SceneLayer | undefined;
  #planes: Plane[] = [];
  #look: Look | undefined;

  constructor(
    readonly id: string,
    readonly holes: Holes,
    shift: Triple,
    readonly changed: () => void,
  ) {
    this.segments = segmentsOf(holes, shift);
    this.#shelf = shelfOf(holes);
    this.#texture = colourTexture(this.#shelf.rows);
    this.#uniforms = {
      ...this.#cutting,
      own: { value: -1 },
      radius: { value: 1 },
      pixel: { value: 0.001 },
      fewest: { value: 1.25 },
      limit: { value: 14 },
      chosen: { value: -1 },
      logs: { value: this.#texture },
      wide: { value: WIDE },
      opacity: { value: 1 },
    };
    this.#materials = [shader(TUBE, this.#uniforms), shader(DISC, { ...this.#uniforms, fewest: { value: 3 } })];
    const tubes = new Mesh(tubeGeometry(this.segments, this.#shelf), this.#materials[0]);
    this.#discs = new Points(new BufferGeometry(), this.#materials[1]);
    // After all that is solid, so that what lies inside of it costs little.
    tubes.renderOrder = this.#discs.renderOrder = 1;
    tubes.frustumCulled = this.#discs.frustumCulled = false;
    this.root.add(tubes, this.#discs);
  }

  get column(): Variable | undefined {
    return columnNamed(this.holes, this.#layer?.variable ?? '')?.column;
  }

  dress(layer: SceneLayer): void {
    this.#layer = layer;
    this.#uniforms.opacity!.value = layer.opacity;
    this.#uniforms.radius!.value = layer.size;
    this.#uniforms.chosen!.value = this.holes.holes.findIndex(({ id }) => id === layer.chosen);
    const named = columnNamed(this.holes, layer.variable);
    this.#look = lookOf(named?.column, layer.hidden, layer.range, layer.colours);
    this.#paint(named);
    this.#top();
    this.changed();
  }

  /** Colours along all holes. */
  #paint(named: { table: HoleTable; column: Variable } | undefined): void {
    const texels = this.#texture.image.data as Uint8Array;
    for (let n = 0; n < texels.length; n += 4) texels.set(UNLOGGED, n);
    const { start, count, perMetre } = this.#shelf;
    const { hole = [], from = [], to = [], values = {} } = named?.table.rows ?? {};
    const column = values[named?.column.name ?? ''] ?? [];
    for (let row = 0; row < hole.length; row++) {
      const code = this.#code(named?.column, column[row]);
      const own = hole[row]!;
      if (!code || start[own] === undefined) continue;
      const first = Math.max(0, Math.floor(from[row]! * perMetre[own]! + 0.25));
      const last = Math.min(count[own]!, Math.max(first + 1, Math.round(to[row]! * perMetre[own]!)));
      const colour = this.#look!.table.subarray(4 * code, 4 * code + 4);
      for (let at = first; at < last; at++) texels.set(colour, 4 * (start[own]! + at));
    }
    this.#texture.needsUpdate = true;
    this.#gaps = start.some((first, own) => {
      for (let at = first; at < first + count[own]!; at++) if (texels[4 * at + 3] !== 255) return true;
      return false;
    });
    this.#allow();
  }

  #allow(): void {
    allow(this.#materials, { CUTS: isCut(this.#cutting), SIFTS: (this.#layer?.opacity ?? 1) < 1, GAPS: this.#gaps });
  }

  #code(column: Variable | undefined, value: number | string | null | undefined): number {
    if (!column || typeof value !== 'number') return 0;
    return column.type === 'class' ? value : codeOf(value, rangeOf(column));
  }

  /** The tops of the holes, in the colour of what they begin with: seen from above a tube has no sides. */
  #top(): void {
    const tops = this.segments.filter((one, n) => n === 0 || this.segments[n - 1]!.hole !== one.hole);
    const texels = this.#texture.image.data as Uint8Array;
    const tints = tops.flatMap(({ hole }) => [...texels.subarray(4 * this.#shelf.start[hole]!, 4 * this.#shelf.start[hole]! + 3)].map((one) => one / 255));
    this.#discs.geometry.setAttribute('position', new Float32BufferAttribute(tops.flatMap(({ start }) => start), 3));
    this.#discs.geometry.setAttribute('tint', new Float32BufferAttribute(tints, 3));
  }

  cut(planes: Plane[]): void {
    this.#planes = planes;
    setCutting(this.#cutting, planes, this.#layer?.cut ?? false);
    this.#allow();
  }

  before({ pixel, tilt }: View): void {
    this.#uniforms.pixel!.value = pixel;
    this.#discs.visible = Math.abs(tilt) > STEEP;
  }

  hit({ ray, pixel, planes, exaggeration }: Aim): Hit | null {
    const cuts = this.#layer?.cut ? planes : [];
    const found = nearest(ray, this.segments, { pixel, exaggeration, radius: this.#layer?.size ?? 1, isKept: (place) => isKept(place, cuts) });
    if (!found) return null;
    const { segment, share, place, distance } = found;
    const hole = this.holes.holes[segment.hole]!;
    const depth = segment.depths[0] + share * (segment.depths[1] - segment.depths[0]);
    return { ...this.#told(hole, segment.hole, depth), place, distance };
  }

  #told(hole: Hole, number: number, depth: number): Omit<Hit, 'place' | 'distance'> {
    const shown = columnNamed(this.holes, this.#layer?.variable ?? '')?.table;
    const tables = Object.values(this.holes.tables).sort((one, other) => Number(other === shown) - Number(one === shown));
    const facts: [string, string][] = [[t('scene.depth-along'), quantity(depth, 'm', 5)], ...tellHole(tables, number, depth)];
    if (hole.assumed?.includes('elevation')) facts.push([t('scene.elevation'), t('scene.elevation-assumed')]);
    return { layer: this.id, part: hole.id, feature: hole.feature, title: t('scene.hole', { id: hole.id }), facts };
  }

  spot(part: string): Hit | null {
    const number = this.holes.holes.findIndex(({ id }) => id === part);
    const top = this.segments.find(({ hole }) => hole === number);
    return top ? { ...this.#told(this.holes.holes[number]!, number, 0), place: top.start, distance: 0 } : null;
  }

  partOf(feature: string): string {
    return this.holes.holes.find((one) => String(one.feature) === feature)?.id ?? '';
  }

  async plain(): Promise<Object3D | null> {
    const group = new Group();
    group.name = t('kind.boreholes');
    const texels = this.#texture.image.data as Uint8Array;
    const planes = this.#layer?.cut ? this.#planes : [];
    const byColour = new Map<string, { start: Triple; end: Triple }[]>();
    for (const segment of this.segments) {
      for (const { colour, start, end } of piecesOf(segment, this.#shelf, texels)) {
        const middle = start.map((one, n) => (one + end[n]!) / 2) as Triple;
        if (!colour || !isKept(middle, planes)) continue;
        const there = byColour.get(colour);
        if (there) there.push({ start, end });
        else byColour.set(colour, [{ start, end }]);
      }
    }
    for (const [colour, pieces] of byColour) group.add(prisms(pieces, this.#layer?.size ?? 1, channels(colour), colour));
    return group;
  }

  dispose(): void {
    this.#texture.dispose();
    this.root.traverse((one) => {
      if (one instanceof Mesh || one instanceof Points) {
        one.geometry.dispose();
        (one.material as ShaderMaterial).dispose();
      }
    });
  }
}

/** Room for the colours of tubes. */
export function colourTexture(rows: number): DataTexture {
  const texture = new DataTexture(new Uint8Array(4 * WIDE * rows), WIDE, rows);
  texture.minFilter = texture.magFilter = NearestFilter;
  return texture;
}

export function shader(code: { vertex: string; fragment: string }, uniforms: Record<string, IUniform>): ShaderMaterial {
  return new ShaderMaterial({ glslVersion: GLSL3, vertexShader: code.vertex, fragmentShader: code.fragment, uniforms, side: DoubleSide });
}

/** As many places for each hole as its thinnest interval wants. */
function shelfOf({ holes, tables }: Holes): Shelf {
  const thinnest = new Float64Array(holes.length).fill(Infinity);
  for (const { rows } of Object.values(tables)) {
    rows.hole.forEach((hole, row) => {
      const thick = rows.to[row]! - rows.from[row]!;
      if (thick > 0) thinnest[hole] = Math.min(thinnest[hole]!, thick);
    });
  }
  const shelf: Shelf = { start: new Int32Array(holes.length), count: new Int32Array(holes.length), perMetre: new Float64Array(holes.length), rows: 1 };
  let used = 0;
  holes.forEach(({ path }, hole) => {
    const deep = Math.max(1e-3, path.at(-1)?.[3] ?? 0);
    const count = Math.max(LEAST_TEXELS, Math.min(MOST_TEXELS, Math.ceil((2 * deep) / thinnest[hole]!)));
    [shelf.start[hole], shelf.count[hole], shelf.perMetre[hole]] = [used, count, count / deep];
    used += count;
  });
  shelf.rows = Math.max(1, Math.ceil(used / WIDE));
  return shelf;
}

/** A rectangle for each piece; instances take a software renderer longer than corners. */
export function tubeGeometry(segments: Segment[], { start, count, perMetre }: Shelf): BufferGeometry {
  const CORNERS = [[-1, 0], [1, 0], [1, 1], [-1, 1]] as const;
  const corners = segments.length * CORNERS.length;
  const texel = (hole: number, depth: number): number => start[hole]! + Math.min(count[hole]! - 1e-3, depth * perMetre[hole]!);
  const parts = { position: new Float32Array(3 * corners), start: new Float32Array(3 * corners), end: new Float32Array(3 * corners), texels: new Float32Array(2 * corners), hole: new Float32Array(corners) };
  segments.forEach((one, n) => {
    CORNERS.forEach(([across, along], corner) => {
      const at = CORNERS.length * n + corner;
      parts.position.set([across, along, 0], 3 * at);
      parts.start.set(one.start, 3 * at);
      parts.end.set(one.end, 3 * at);
      parts.texels.set(one.depths.map((depth) => texel(one.hole, depth)), 2 * at);
      parts.hole[at] = one.hole;
    });
  });
  const geometry = new BufferGeometry();
  for (const [name, values] of Object.entries(parts)) geometry.setAttribute(name, new BufferAttribute(values, values.length / corners));
  geometry.setIndex(new BufferAttribute(indexOf(segments.length), 1));
  return geometry;
}

/** A piece of a hole parted where its colour changes; no colour where it is not shown. */
function* piecesOf({ hole, start, end, depths }: Segment, shelf: Shelf, texels: Uint8Array): Generator<{ colour: string; start: Triple; end: Triple }> {
  const at = (depth: number): Triple => {
    const share = (depth - depths[0]) / (depths[1] - depths[0] || 1);
    return start.map((one, n) => one + share * (end[n]! - one)) as Triple;
  };
  const colourAt = (texel: number): string => {
    const from = 4 * (shelf.start[hole]! + Math.min(texel, shelf.count[hole]! - 1));
    if (texels[from + 3]! < 64) return '';
    return '#' + [...texels.subarray(from, from + 3)].map((one) => one.toString(16).padStart(2, '0')).join('');
  };
  const per = shelf.perMetre[hole]!;
  let [from, texel] = [depths[0], Math.floor(depths[0] * per)];
  while (from < depths[1]) {
    const colour = colourAt(texel);
    while (texel < shelf.count[hole]! && colourAt(texel) === colour && texel / per < depths[1]) texel++;
    const to = Math.min(depths[1], Math.max(texel / per, from + 1e-6));
    yield { colour, start: at(from), end: at(texel >= shelf.count[hole]! ? depths[1] : to) };
    from = texel >= shelf.count[hole]! ? depths[1] : to;
  }
}

/** Six-sided pieces of one colour. */
function prisms(pieces: { start: Triple; end: Triple }[], radius: number, colour: Triple, name: string): Mesh {
  const SIDES = 6;
  const places: number[] = [];
  const index: number[] = [];
  for (const { start, end } of pieces) {
    const first = places.length / 3;
    const axis = end.map((one, n) => one - start[n]!) as Triple;
    const steep = Math.abs(axis[2]) > Math.hypot(axis[0], axis[1]);
    const one = unit(cross(axis, steep ? [1, 0, 0] : [0, 0, 1]));
    const other = unit(cross(axis, one));
    for (let side = 0; side < SIDES; side++) {
      const [cos, sin] = [Math.cos((2 * Math.PI * side) / SIDES), Math.sin((2 * Math.PI * side) / SIDES)];
      for (const middle of [start, end]) places.push(...middle.map((place, n) => place + radius * (cos * one[n]! + sin * other[n]!)));
      const [a, b] = [first + 2 * side, first + 2 * ((side + 1) % SIDES)];
      index.push(a, b, a + 1, b, b + 1, a + 1);
    }
  }
  return plainMesh(new Float32Array(places), new Uint32Array(index), colour, name);
}

function cross([a, b, c]: Triple, [d, e, f]: Triple): Triple {
  return [b * f - c * e, c * d - a * f, a * e - b * d];
}

function unit(vector: Triple): Triple {
  const long = Math.hypot(...vector) || 1;
  return vector.map((one) => one / long) as Triple;
}
