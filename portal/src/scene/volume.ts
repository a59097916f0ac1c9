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
import { along, cutting, dot, isKept, setCutting, type Aim, type Drawn, type Hit, type Plane, type View } from './drawn';
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
}

/** One level of detail with all that is drawn of it. */
interface Shown {
  grid: Grid;
  doubt: Grid | null;
  body: Mesh;
  caps: Mesh[];
  rectangles: number;
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
    this.cut(this.#planes, this.#alone);
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
    uniforms.least!.value = layer.doubt ? layer.least : 0;
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
      const levels = levelsToShow(this.scene);
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
    this.cut(this.#planes, this.#alone);
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
      level.rectangles = faces.index.length / 6;
    }
    this.says.changed();
  }

  #faces(grid: Grid, doubt: Grid | null): Promise<Faces> {
    const least = Math.round(255 * (this.#layer?.least ?? 0));
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
    return { grid, doubt, body, caps, rectangles: faces.index.length / 6, uniforms };
  }

  #low(grid: Grid): Triple {
    return grid.corner.map((one, n) => one - this.shift[n]!) as Triple;
  }

  cut(planes: Plane[], alone: boolean): void {
    this.#planes = planes;
    this.#alone = alone;
    const applies = this.#layer?.cut ?? true;
    setCutting(this.#cutting, planes, applies && !alone);
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
    const inward = plane.normal.map((one, n) => (-one / grid.spacing[n]!) * 1e-3 * Math.min(...grid.spacing));
    ((cap.material as ShaderMaterial).uniforms.inward!.value as Vector3).set(...(inward as Triple));
  }

  before({ isSlow }: View): void {
    const finest = this.#levels.at(-1);
    const quick = isSlow && finest && finest.rectangles > MOST_SLOW ? this.#levels[0] : finest;
    for (const level of this.#levels) {
      level.uniforms.contacts!.value = this.variable?.type === 'class' && !isSlow ? 1 : 0;
      level.body.visible = level === quick && !this.#alone;
      for (const cap of level.caps) cap.visible = level === finest && Boolean(cap.userData.on);
    }
  }

  #isShown(cell: number): boolean {
    const { grid, doubt } = this.#levels.at(-1)!;
    return this.#look.shown[grid.codes[cell]!] === 1 && (!doubt || doubt.codes[cell]! >= 255 * (this.#layer?.least ?? 0));
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
    return { layer: this.id, place: along(ray, found.distance), distance: found.distance, title, colour, facts };
  }

  #hitCaps(grid: Grid, ray: Aim['ray'], planes: Plane[], isShown: (cell: number) => boolean): { distance: number; cell: number } | null {
    const distances = planes
      .filter(({ on }) => on)
      .map(({ normal, offset }) => (offset - dot(normal, ray.origin)) / dot(normal, ray.direction))
      .filter((distance) => distance > 0)
      .sort((a, b) => a - b);
    for (const distance of distances) {
      const nudge = 1e-6 * Math.max(1, distance);
      const found = firstCell(grid, ray, [distance, distance + nudge], isShown);
      if (found) return found;
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
