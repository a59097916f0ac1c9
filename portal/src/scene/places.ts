/** Rows of a table with places: points as discs, lines as they run, coloured by a column. */
import { BufferGeometry, Color, Float32BufferAttribute, Group, LineBasicMaterial, LineSegments, Mesh, Points as Discs, PointsMaterial, SRGBColorSpace, type DataTexture, type IUniform, type Object3D, type ShaderMaterial } from 'three';
import type { Points, Triple, Variable } from './api';
import { allow, cutting, isCut, isKept, setCutting, type Aim, type Drawn, type Hit, type Plane, type View } from './drawn';
import { colourTexture, shader, tubeGeometry, WIDE, type Segment } from './holes';
import { channels, codeOf, lookOf, rangeOf } from './looks';
import { nearest } from './near';
import { DISC, TUBE } from './shaders';
import type { SceneLayer } from './state.svelte';
import { tellValue } from './tell';

const FACTS = 10;

export class PlacesDrawn implements Drawn {
  readonly root = new Group();
  readonly #cutting = cutting();
  readonly #uniforms: Record<string, IUniform>;
  readonly #discs: Discs;
  readonly #lines: Mesh;
  readonly #colours: DataTexture;
  /** Points, as pieces without length, and pieces of lines; the number of the row stands for the hole. */
  readonly #points: Segment[];
  readonly #pieces: Segment[];
  #layer: SceneLayer | undefined;
  #planes: Plane[] = [];
  #hidden = new Set<number>();

  constructor(
    readonly id: string,
    readonly told: Points,
    shift: Triple,
    readonly changed: () => void,
  ) {
    const move = told.origin.map((one, n) => one - shift[n]!);
    const at = (place: Triple): Triple => place.map((one, n) => one + move[n]!) as Triple;
    this.#points = told.points.flatMap((place, hole) => (place ? [{ hole, start: at(place), end: at(place), depths: [0, 0] as [number, number] }] : []));
    this.#pieces = told.lines.flatMap(({ row, path }) => path.slice(1).map((end, n) => ({ hole: row, start: at(path[n]!), end: at(end), depths: [0, 0] as [number, number] })));
    this.#uniforms = { ...this.#cutting, own: { value: -1 }, radius: { value: 1 }, pixel: { value: 0.001 }, fewest: { value: 5 }, limit: { value: 18 }, opacity: { value: 1 } };
    this.#discs = new Discs(new BufferGeometry(), shader(DISC, this.#uniforms));
    // Each row has one place for its colour.
    const rows = Math.max(1, Math.ceil(told.ids.length / WIDE));
    const shelf = { start: Int32Array.from(told.ids.keys()), count: new Int32Array(told.ids.length).fill(1), perMetre: new Float64Array(told.ids.length), rows };
    this.#colours = colourTexture(rows);
    const tubes = { ...this.#uniforms, fewest: { value: 1.25 }, chosen: { value: -1 }, logs: { value: this.#colours }, wide: { value: WIDE } };
    this.#lines = new Mesh(tubeGeometry(this.#pieces, shelf), shader(TUBE, tubes));
    this.#lines.visible = this.#pieces.length > 0;
    this.#discs.visible = this.#points.length > 0;
    this.#discs.frustumCulled = this.#lines.frustumCulled = false;
    this.root.add(this.#discs, this.#lines);
  }

  dress(layer: SceneLayer): void {
    this.#layer = layer;
    this.#uniforms.opacity!.value = layer.opacity;
    this.#uniforms.radius!.value = layer.size;
    const tint = this.#tints(layer);
    const points = this.#points.filter(({ hole }) => !this.#hidden.has(hole));
    this.#discs.geometry.setAttribute('position', new Float32BufferAttribute(points.flatMap(({ start }) => start), 3));
    this.#discs.geometry.setAttribute('tint', new Float32BufferAttribute(points.flatMap(({ hole }) => tint(hole)), 3));
    const texels = this.#colours.image.data as Uint8Array;
    this.told.ids.forEach((_, row) => texels.set([...tint(row).map((one) => 255 * one), this.#hidden.has(row) ? 0 : 255], 4 * row));
    this.#colours.needsUpdate = true;
    this.changed();
  }

  /** Colour of each row; those of a class or a range that is not shown are hidden. */
  #tints(layer: SceneLayer): (row: number) => number[] {
    this.#hidden = new Set();
    const column = this.column(layer.variable);
    const plain = channels(layer.colour).map((one) => one / 255);
    if (!column) return () => plain;
    const { table, shown } = lookOf(column, layer.hidden, layer.range, layer.colours);
    const codes = (this.told.values[column.name] ?? []).map((value) => (typeof value !== 'number' ? 0 : column.type === 'class' ? value : codeOf(value, rangeOf(column))));
    codes.forEach((code, row) => code && !shown[code] && this.#hidden.add(row));
    return (row) => (codes[row] ? [...table.subarray(4 * codes[row]!, 4 * codes[row]! + 3)].map((one) => one / 255) : plain);
  }

  column(name: string): Variable | undefined {
    return this.told.columns.find((one) => one.name === name);
  }

  cut(planes: Plane[]): void {
    this.#planes = planes;
    setCutting(this.#cutting, planes, this.#layer?.cut ?? false);
    const materials = [this.#discs, this.#lines].map(({ material }) => material as ShaderMaterial);
    allow(materials, { CUTS: isCut(this.#cutting), SIFTS: (this.#layer?.opacity ?? 1) < 1, GAPS: this.#hidden.size > 0 });
  }

  before({ pixel }: View): void {
    this.#uniforms.pixel!.value = pixel;
  }

  hit({ ray, pixel, planes, exaggeration }: Aim): Hit | null {
    const cuts = this.#layer?.cut ? planes : [];
    const there = [...this.#points, ...this.#pieces].filter(({ hole }) => !this.#hidden.has(hole));
    const found = nearest(ray, there, { pixel, exaggeration, radius: this.#layer?.size ?? 1, isKept: (place) => isKept(place, cuts) });
    if (!found) return null;
    return { ...this.#told(found.segment.hole), place: found.place, distance: found.distance };
  }

  #told(row: number): Omit<Hit, 'place' | 'distance'> {
    const words = this.told.columns.map((one): [string, string] => [one.title, tellValue(one, this.told.values[one.name]?.[row])]);
    const facts = words.filter(([, value]) => value !== '').slice(0, FACTS);
    const part = String(this.told.ids[row] ?? '');
    return { layer: this.id, part, feature: part, title: facts[0]?.[1] ?? '', facts };
  }

  spot(part: string): Hit | null {
    const row = this.told.ids.findIndex((one) => String(one) === part);
    const there = [...this.#points, ...this.#pieces].find(({ hole }) => hole === row);
    return there ? { ...this.#told(row), place: there.start, distance: 0 } : null;
  }

  partOf(feature: string): string {
    return this.told.ids.some((one) => String(one) === feature) ? feature : '';
  }

  async plain(): Promise<Object3D | null> {
    const planes = this.#layer?.cut ? this.#planes : [];
    const shown = ({ hole, start, end }: Segment): boolean => !this.#hidden.has(hole) && isKept(start, planes) && isKept(end, planes);
    const [points, pieces] = [this.#points.filter(shown), this.#pieces.filter(shown)];
    const group = new Group();
    group.name = this.id;
    if (points.length) group.add(new Discs(this.#coloured(points.map(({ hole, start }) => ({ hole, place: start }))), new PointsMaterial({ vertexColors: true })));
    if (pieces.length) group.add(new LineSegments(this.#coloured(pieces.flatMap(({ hole, start, end }) => [{ hole, place: start }, { hole, place: end }])), new LineBasicMaterial({ vertexColors: true })));
    return group.children.length ? group : null;
  }

  #coloured(vertices: { hole: number; place: Triple }[]): BufferGeometry {
    const texels = this.#colours.image.data as Uint8Array;
    const tints = vertices.flatMap(({ hole }) => new Color().setRGB(texels[4 * hole]! / 255, texels[4 * hole + 1]! / 255, texels[4 * hole + 2]! / 255, SRGBColorSpace).toArray());
    const geometry = new BufferGeometry();
    geometry.setAttribute('position', new Float32BufferAttribute(vertices.flatMap(({ place }) => place), 3));
    geometry.setAttribute('color', new Float32BufferAttribute(tints, 3));
    return geometry;
  }

  dispose(): void {
    this.#colours.dispose();
    for (const { geometry, material } of [this.#discs, this.#lines]) {
      geometry.dispose();
      (material as ShaderMaterial).dispose();
    }
  }
}
