/** A volume: the faces of what is shown, and the planes that cut it, coloured cell by cell. */
import {
  BufferAttribute,
  BufferGeometry,
  Data3DTexture,
  DataTexture,
  DoubleSide,
  GLSL3,
  Group,
  Mesh,
  NearestFilter,
  RedFormat,
  ShaderMaterial,
  Vector3,
  type IUniform,
  type Object3D,
} from 'three';
import { t } from '../stores/language.svelte';
import type { Extent, SceneOf, Triple, Variable } from './api';
import { allow, along, cutting, dot, isCut, isKept, setCutting, type Aim, type Drawn, type Hit, type Plane, type View } from './drawn';
import { findFaces } from './faces';
import { filledPart, firstCell, gridOf, levelsToShow, type Grid } from './levels';
import { CODES, codeOf, lookOf, numberOf, rangeOf, type Look } from './looks';
import type { Faces } from './mesher';
import { BODY, CAP, PLANES } from './shaders';
import type { SceneLayer } from './state.svelte';
import { plainVolume } from './plain';
import { tellCell } from './tell';

/** Rectangles that are drawn where pictures take long; beyond it a coarser level is shown until the view rests. */
const MOST_SLOW = 3000;

type Uniforms = Record<string, IUniform>;

interface Says {
  changed: () => void;
  /** Share that has come, or why it does not. */
  told: (share: number, error?: unknown) => void;
  /** Something is there to be seen, in this part of the ground. */
  seen: (extent: Extent) => void;
  /** Cells along an axis that can be drawn. */
  most: number;
}

/** One level of detail with all that is drawn of it. */
interface Shown {
  grid: Grid;
  doubt: Grid | null;
  body: Mesh;
  caps: Mesh[];
  rectangles: number;
  /** Whether these are all its faces. */
  whole: boolean;
  uniforms: Uniforms;
}

function cube(codes: Uint8Array, size: Triple): Data3DTexture {
  const texture = new Data3DTexture(codes as Uint8Array<ArrayBuffer>, ...size);
  texture.format = RedFormat;
  texture.minFilter = texture.magFilter = NearestFilter;
  texture.unpackAlignment = 1;
  texture.needsUpdate = true;
  return texture;
}

export class VolumeDrawn implements Drawn {
  readonly root = new Group();
  readonly #cutting = cutting();
  readonly #lookTexture = new DataTexture(new Uint8Array(4 * CODES), CODES, 1);
  readonly #none = cube(new Uint8Array([255]), [1, 1, 1]);
  #look: Look = lookOf(undefined, [], null, '');
  #layer: SceneLayer | undefined;
  #levels: Shown[] = [];
  #planes: Plane[] = [];
  /** Whether only what the planes cut shall be shown, and whether it is: not where nothing cuts. */
  #fence = false;
  #alone = false;
  /** What was fetched last, so that it is not fetched again. */
  #fetched = '';
  #control = new AbortController();
  #meshing = 0;

  constructor(
    readonly id: string,
    readonly scene: SceneOf,
    readonly shift: Triple,
    readonly says: Says,
  ) {
    this.#lookTexture.minFilter = this.#lookTexture.magFilter = NearestFilter;
  }

  get variable(): Variable | undefined {
    return this.scene.variables.find((one) => one.name === this.#layer?.variable) ?? this.scene.variables[0];
  }

  get finest(): Grid | undefined {
    return this.#levels.at(-1)?.grid;
  }

  dress(layer: SceneLayer): void {
    const before = this.#layer;
    this.#layer = layer;
    const wanted = JSON.stringify([this.variable?.name, layer.doubt, layer.time]);
    const look = lookOf(this.variable, layer.hidden, layer.range, layer.colours);
    const same = before && before.least === layer.least && look.shown.every((one, code) => one === this.#look.shown[code]);
    this.#look = look;
    (this.#lookTexture.image.data as Uint8Array).set(look.table);
    this.#lookTexture.needsUpdate = true;
    for (const { uniforms } of this.#levels) this.#dressUniforms(uniforms);
    this.cut(this.#planes, this.#fence);
    if (wanted !== this.#fetched) {
      this.#fetched = wanted;
      void this.#fetch();
    } else if (!same) void this.#mesh();
    this.says.changed();
  }

  #dressUniforms(uniforms: Uniforms): void {
    const layer = this.#layer;
    if (!layer) return;
    uniforms.opacity!.value = layer.opacity;
    uniforms.trust!.value = layer.doubt ? layer.trust : 0;
    uniforms.least!.value = layer.doubt ? Math.max(0, leastCode(layer) - 0.5) / 255 : 0;
  }

  async #fetch(): Promise<void> {
    this.#control.abort();
    const { signal } = (this.#control = new AbortController());
    const variable = this.variable;
    const { doubt, time } = this.#layer ?? {};
    if (!variable) return;
    const made: Shown[] = [];
    const look = this.#look;
    try {
      this.says.told(0);
      const levels = levelsToShow(this.scene, this.says.most);
      for (const [n, level] of levels.entries()) {
        const share = (part: number): void => this.says.told((n + part) / levels.length);
        const ask = { id: this.id, scene: this.scene, level, time };
        const [grid, sure] = await Promise.all([
          gridOf({ ...ask, variable: variable.name }, share, signal),
          doubt ? gridOf({ ...ask, variable: doubt }, () => {}, signal) : null,
        ]);
        made.push(await this.#make(grid, sure && certain(sure, doubt ?? '', this.scene)));
        if (signal.aborted) return;
        this.#show([...made]);
      }
      this.says.told(1);
      if (look !== this.#look) await this.#mesh();
    } catch (error) {
      if (!signal.aborted) this.says.told(1, error);
    }
  }

  #show(levels: Shown[]): void {
    const old = this.#levels.filter((one) => !levels.includes(one));
    this.#levels = levels;
    for (const one of old) this.#drop(one);
    for (const one of levels) this.root.add(one.body, ...one.caps);
    this.cut(this.#planes, this.#fence);
    this.says.seen(filledPart(levels.at(-1)!.grid));
    this.says.changed();
  }

  /** Faces anew of what is shown now. */
  async #mesh(): Promise<void> {
    const turn = ++this.#meshing;
    for (const level of [...this.#levels]) {
      const faces = await this.#faces(level.grid, level.doubt);
      if (turn !== this.#meshing) return;
      level.body.geometry.dispose();
      level.body.geometry = bodyGeometry(faces);
      [level.rectangles, level.whole] = [faces.index.length / 6, faces.whole];
    }
    this.says.changed();
  }

  #faces(grid: Grid, doubt: Grid | null): Promise<Faces> {
    const least = leastCode(this.#layer);
    const { size, codes } = grid;
    return findFaces({ size, codes, shown: this.#look.shown, sure: doubt?.codes, least });
  }

  async #make(grid: Grid, doubt: Grid | null): Promise<Shown> {
    const faces = await this.#faces(grid, doubt);
    const uniforms: Uniforms = {
      ...this.#cutting,
      codes: { value: cube(grid.codes, grid.size) },
      doubts: { value: doubt ? cube(doubt.codes, doubt.size) : this.#none },
      look: { value: this.#lookTexture },
      size: { value: new Vector3(...grid.size) },
      spacing: { value: new Vector3(...grid.spacing) },
      low: { value: new Vector3(...this.#low(grid)) },
      opacity: { value: 1 },
      trust: { value: 0 },
      least: { value: 0 },
      contacts: { value: 1 },
      pixel: { value: 0.001 },
    };
    this.#dressUniforms(uniforms);
    const body = new Mesh(bodyGeometry(faces), material(BODY, { ...uniforms, own: { value: -1 } }));
    const caps = Array.from({ length: PLANES }, (_, n) => {
      const own = { own: { value: n }, inward: { value: new Vector3() } };
      const cap = new Mesh(new BufferGeometry(), material(CAP, { ...uniforms, ...own }));
      cap.visible = false;
      return cap;
    });
    for (const one of [body, ...caps]) one.frustumCulled = false;
    return { grid, doubt, body, caps, rectangles: faces.index.length / 6, whole: faces.whole, uniforms };
  }

  #low(grid: Grid): Triple {
    return grid.corner.map((one, n) => one - this.shift[n]!) as Triple;
  }

  cut(planes: Plane[], alone: boolean): void {
    [this.#planes, this.#fence] = [planes, alone];
    const applies = this.#layer?.cut ?? true;
    this.#alone = alone && applies && planes.some(({ on }) => on);
    setCutting(this.#cutting, planes, applies && !this.#alone);
    const sifts = Boolean(this.#layer && (this.#layer.opacity < 1 || (this.#layer.doubt && (this.#layer.trust || this.#layer.least))));
    const all = this.#levels.flatMap(({ body, caps }) => [body, ...caps]).map((one) => one.material as ShaderMaterial);
    allow(all, { CUTS: isCut(this.#cutting), SIFTS: sifts });
    for (const level of this.#levels) {
      level.caps.forEach((cap, n) => {
        const plane = planes[n];
        cap.userData.on = Boolean(plane?.on && applies);
        if (cap.userData.on) this.#placeCap(cap, plane!, level.grid);
      });
    }
  }

  #placeCap(cap: Mesh, plane: Plane, grid: Grid): void {
    const low = this.#low(grid);
    const high = low.map((one, n) => one + grid.size[n]! * grid.spacing[n]!) as Triple;
    cap.geometry.dispose();
    cap.geometry = capGeometry(plane, low, high);
    // A cell lies on one side of the plane or the other: that which is kept, where the plane runs between two.
    const across = plane.normal.map((one, n) => -one / grid.spacing[n]!);
    const inward = across.map((one) => (2e-3 * one) / Math.max(...across.map(Math.abs)));
    ((cap.material as ShaderMaterial).uniforms.inward!.value as Vector3).set(...(inward as Triple));
  }

  before({ isSlow, pixel }: View): void {
    const finest = this.#levels.at(-1);
    const fine = this.#levels.findLast(({ whole }) => whole) ?? finest;
    const quick = isSlow && fine && fine.rectangles > MOST_SLOW ? this.#levels[0] : fine;
    for (const level of this.#levels) {
      level.uniforms.contacts!.value = this.variable?.type === 'class' && !isSlow ? 1 : 0;
      level.uniforms.pixel!.value = pixel;
      level.body.visible = level === quick && !this.#alone;
      for (const cap of level.caps) cap.visible = level === finest && Boolean(cap.userData.on);
    }
  }

  #isShown(cell: number): boolean {
    const { grid, doubt } = this.#levels.at(-1)!;
    return this.#look.shown[grid.codes[cell]!] === 1 && (!doubt || doubt.codes[cell]! >= leastCode(this.#layer));
  }

  hit({ ray, planes }: Aim): Hit | null {
    const grid = this.finest;
    if (!grid || !this.#layer) return null;
    const local = { ...grid, corner: this.#low(grid) };
    const isShown = (cell: number): boolean => this.#isShown(cell);
    const cuts = this.#layer.cut ? planes : [];
    const found = this.#alone ? this.#hitCaps(local, ray, cuts, isShown) : firstCell(local, ray, keptPart(ray, cuts), isShown);
    if (!found) return null;
    const code = grid.codes[found.cell]!;
    const { colour, title, facts } = tellCell(this.variable, code, this.#levels.at(-1)!.doubt?.codes[found.cell], found.cell, grid);
    return { layer: this.id, place: along(ray, found.distance), cell: this.#middle(grid, found.cell), distance: found.distance, title, colour, facts };
  }

  /** Middle of the cell of the data, or of the one in the middle of several that are shown as one. */
  #middle({ size, spacing }: Grid, cell: number): Triple {
    const low = this.#low(this.finest!);
    const own = this.scene.levels?.find(({ level }) => level === 0)?.spacing;
    const at = [cell % size[0], Math.floor(cell / size[0]) % size[1], Math.floor(cell / (size[0] * size[1]))];
    return at.map((one, n) => {
      const step = own?.[2 - n] ?? spacing[n]!;
      return low[n]! + one * spacing[n]! + step * (Math.floor(spacing[n]! / step / 2 - 1e-6) + 0.5);
    }) as Triple;
  }

  #hitCaps(grid: Grid, ray: Aim['ray'], planes: Plane[], isShown: (cell: number) => boolean): { distance: number; cell: number } | null {
    const meets = planes
      .filter(({ on }) => on)
      .map(({ normal, offset }) => ({ slope: dot(normal, ray.direction), distance: (offset - dot(normal, ray.origin)) / dot(normal, ray.direction) }))
      .filter(({ distance }) => distance > 0)
      .sort((a, b) => a.distance - b.distance);
    for (const { slope, distance } of meets) {
      // The cell on the side that is kept, which is the one that is drawn.
      const nudge = 1e-6 * Math.max(1, distance);
      const found = firstCell(grid, ray, slope > 0 ? [distance - nudge, distance] : [distance, distance + nudge], isShown);
      if (found) return { ...found, distance };
    }
    return null;
  }

  async plain(): Promise<Object3D | null> {
    const level = this.#levels.at(-1);
    if (!level) return null;
    const planes = this.#layer?.cut ? this.#planes : [];
    return plainVolume({ ...level.grid, corner: this.#low(level.grid) }, this.#look, {
      isShown: (cell) => this.#isShown(cell),
      isKept: (place) => isKept(place, planes),
      name: t('scene.volume'),
    });
  }

  #drop({ body, caps, uniforms }: Shown): void {
    for (const one of [body, ...caps]) {
      this.root.remove(one);
      one.geometry.dispose();
      (one.material as ShaderMaterial).dispose();
    }
    (uniforms.codes!.value as Data3DTexture).dispose();
    if (uniforms.doubts!.value !== this.#none) (uniforms.doubts!.value as Data3DTexture).dispose();
  }

  dispose(): void {
    this.#control.abort();
    this.#levels.forEach((one) => this.#drop(one));
    this.#lookTexture.dispose();
    this.#none.dispose();
  }
}

/** Least code of sureness that is shown. */
function leastCode(layer: SceneLayer | undefined): number {
  return Math.round(255 * (layer?.least ?? 0));
}

/** Names of variables that tell how unsure a cell is. */
const UNSURE = /entrop|uncert|onz|std|error|doubt/i;

/** How sure each cell is, 1 to 255: a probability as it is, an entropy or an error the less the larger. */
function certain(grid: Grid, name: string, scene: SceneOf): Grid {
  const variable = scene.variables.find((one) => one.name === name);
  const [low, high] = variable ? rangeOf(variable) : [0, 1];
  const whole = high > 1.5 ? (high <= 100 ? 100 : high) : 1;
  const unsure = UNSURE.test(`${name} ${variable?.title ?? ''}`);
  const table = Uint8Array.from({ length: CODES }, (_, code) => {
    const value = numberOf(code, [low, high]);
    return code && codeOf(unsure ? 1 - value / (high || 1) : value / whole, [0, 1]);
  });
  return { ...grid, codes: grid.codes.map((code) => table[code]!) };
}

function material(code: { vertex: string; fragment: string }, uniforms: Uniforms): ShaderMaterial {
  return new ShaderMaterial({ glslVersion: GLSL3, vertexShader: code.vertex, fragmentShader: code.fragment, uniforms, side: DoubleSide });
}

function bodyGeometry({ corners, index }: Faces): BufferGeometry {
  const geometry = new BufferGeometry();
  geometry.setAttribute('corner', new BufferAttribute(corners, 4));
  geometry.setIndex(new BufferAttribute(index, 1));
  return geometry;
}

/** A rectangle in the plane, as large as the box. */
function capGeometry({ normal, offset }: Plane, low: Triple, high: Triple): BufferGeometry {
  const middle = low.map((one, n) => (one + high[n]!) / 2) as Triple;
  const off = offset - dot(normal, middle);
  const centre = middle.map((one, n) => one + off * normal[n]!) as Triple;
  const half = Math.hypot(high[0] - low[0], high[1] - low[1]) / 2;
  const level = Math.abs(normal[2]) > 0.5;
  const across: Triple = level ? [(high[0] - low[0]) / 2, 0, 0] : [-normal[1] * half, normal[0] * half, 0];
  const up: Triple = level ? [0, (high[1] - low[1]) / 2, 0] : [0, 0, (high[2] - low[2]) / 2];
  const corners = [[-1, -1], [1, -1], [1, 1], [-1, 1]].flatMap(([a, b]) => centre.map((one, n) => one + a! * across[n]! + b! * up[n]!));
  const geometry = new BufferGeometry();
  geometry.setAttribute('position', new BufferAttribute(new Float32Array(corners), 3));
  geometry.setIndex([0, 1, 2, 0, 2, 3]);
  return geometry;
}

/** Part of a ray that the planes leave. */
function keptPart(ray: Aim['ray'], planes: Plane[]): [number, number] {
  let [near, far] = [0, Infinity];
  for (const { on, normal, offset } of planes) {
    if (!on) continue;
    const [slope, over] = [dot(normal, ray.direction), dot(normal, ray.origin) - offset];
    if (slope > 0) far = Math.min(far, -over / slope);
    else if (slope < 0) near = Math.max(near, -over / slope);
    else if (over > 0) return [0, 0];
  }
  return [near, far];
}
