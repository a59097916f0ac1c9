/** A grid as a sheet: at a height of its own, or over the terrain; coloured as the map is. */
import { BufferAttribute, DoubleSide, Mesh, MeshBasicMaterial, Plane as Half, PlaneGeometry, Raycaster, SRGBColorSpace, TextureLoader, Vector3, type BufferGeometry, type Object3D } from 'three';
import { isAbort } from '../api/client';
import { t } from '../stores/language.svelte';
import { heightsOf, pictureAddress, type Extent, type Triple } from './api';
import { halvesOf, type Aim, type Drawn, type Hit, type Plane } from './drawn';
import type { SceneLayer } from './state.svelte';

/** Pixels along the longer side of the picture, and steps along that of the terrain. */
const PIXELS = 1024;
const STEPS = 128;

export interface Ground {
  crs: string;
  extent: Extent;
  shift: Triple;
  /** Variable of a dataset that tells heights. */
  heightName: (id: string) => string;
}

export class SheetDrawn implements Drawn {
  readonly root: Mesh<BufferGeometry, MeshBasicMaterial>;
  readonly #clips: Half[] = [];
  #layer: SceneLayer | undefined;
  #heights: Float32Array | null = null;
  #shown = { picture: '', relief: '' };
  #planes: Plane[] = [];
  #exaggeration = 1;
  #control = new AbortController();

  constructor(
    readonly id: string,
    readonly ground: Ground,
    readonly changed: () => void,
    readonly told: (share: number, error?: unknown) => void,
  ) {
    this.root = new Mesh(new PlaneGeometry(1, 1), new MeshBasicMaterial({ side: DoubleSide, clippingPlanes: this.#clips, transparent: true, alphaTest: 0.05, visible: false, polygonOffset: true, polygonOffsetFactor: 2, polygonOffsetUnits: 8 }));
  }

  dress(layer: SceneLayer): void {
    this.#layer = layer;
    this.root.material.opacity = layer.opacity;
    const picture = layer.picture || this.id;
    const look = { variable: layer.picture ? '' : layer.variable, time: layer.picture ? '' : layer.time };
    const wanted = JSON.stringify([picture, look]);
    if (wanted !== this.#shown.picture) void this.#paint(wanted, picture, look);
    if (layer.relief !== this.#shown.relief) void this.#raise(layer.relief);
    else this.#place();
    this.cut(this.#planes);
  }

  async #paint(wanted: string, id: string, look: { variable: string; time: string }): Promise<void> {
    this.#shown.picture = wanted;
    const { crs, extent } = this.ground;
    try {
      const texture = await new TextureLoader().loadAsync(pictureAddress(id, look, { crs, extent, size: this.#size(PIXELS) }));
      texture.colorSpace = SRGBColorSpace;
      texture.anisotropy = 4;
      const { material } = this.root;
      material.map?.dispose();
      [material.map, material.visible, material.needsUpdate] = [texture, true, true];
      this.told(1);
      this.changed();
    } catch {
      this.told(1, new Error(t('scene.no-picture')));
    }
  }

  #size(most: number): [number, number] {
    const { easting, northing } = this.ground.extent;
    const [wide, high] = [easting[1] - easting[0], northing[1] - northing[0]];
    const long = Math.max(wide, high) || 1;
    return [Math.max(2, Math.round((most * wide) / long)), Math.max(2, Math.round((most * high) / long))];
  }

  /** Heights of the terrain that the sheet lies on, if it lies on one. */
  async #raise(relief: string): Promise<void> {
    this.#shown.relief = relief;
    this.#heights = null;
    this.#place();
    if (!relief) return;
    this.#control.abort();
    const { signal } = (this.#control = new AbortController());
    try {
      this.#heights = await this.#nodes(relief, signal);
      this.#place();
    } catch (error) {
      if (!isAbort(error)) this.told(1, error);
    }
  }

  /** Heights at the corners of the steps: in the middles of cells of a window that is half a step larger. */
  #nodes(relief: string, signal: AbortSignal): Promise<Float32Array> {
    const { crs, extent, heightName } = this.ground;
    const steps = this.#size(STEPS);
    const wider = ([low, high]: [number, number], count: number): [number, number] => {
      const half = (high - low) / count / 2;
      return [low - half, high + half];
    };
    const window = { ...extent, easting: wider(extent.easting, steps[0]), northing: wider(extent.northing, steps[1]) };
    return heightsOf(relief, heightName(relief), { crs, extent: window, size: [steps[0] + 1, steps[1] + 1] }, signal);
  }

  #place(): void {
    const { extent, shift } = this.ground;
    const { easting, northing } = extent;
    const [columns, rows] = this.#heights ? this.#size(STEPS) : [1, 1];
    const geometry = new PlaneGeometry(easting[1] - easting[0], northing[1] - northing[0], columns, rows);
    geometry.translate((easting[0] + easting[1]) / 2 - shift[0], (northing[0] + northing[1]) / 2 - shift[1], 0);
    const places = geometry.getAttribute('position');
    const flat = (this.#layer?.height ?? 0) - shift[2];
    const gone = new Set<number>();
    for (let n = 0; n < places.count; n++) {
      // The plane begins in the north, the heights in the south.
      const row = rows - Math.floor(n / (columns + 1));
      const own = this.#heights ? this.#heights[row * (columns + 1) + (n % (columns + 1))]! : 0;
      if (!Number.isFinite(own)) gone.add(n);
      places.setZ(n, (Number.isFinite(own) ? own : 0) + flat);
    }
    if (gone.size) geometry.setIndex(new BufferAttribute(withoutPlaces(geometry.index!.array, gone), 1));
    this.root.geometry.dispose();
    this.root.geometry = geometry;
    this.changed();
  }

  cut(planes: Plane[]): void {
    this.#planes = planes;
    this.#clips.splice(0, Infinity, ...halvesOf(this.#layer?.cut ? planes : [], this.#exaggeration));
    this.root.material.needsUpdate = true;
  }

  stretch(exaggeration: number, planes: Plane[]): void {
    this.#exaggeration = exaggeration;
    this.cut(planes);
  }

  hit({ ray, exaggeration }: Aim): Hit | null {
    const stretch = (one: Triple): Vector3 => new Vector3(one[0], one[1], one[2] * exaggeration);
    const found = new Raycaster(stretch(ray.origin), stretch(ray.direction))
      .intersectObject(this.root, false)
      .find(({ point }) => this.#clips.every((half) => half.distanceToPoint(point) >= 0));
    if (!found) return null;
    const place: Triple = [found.point.x, found.point.y, found.point.z / exaggeration];
    return { layer: this.id, title: '', place, distance: found.distance, facts: [] };
  }

  async plain(): Promise<Object3D | null> {
    const copy = this.root.clone();
    copy.material = this.root.material.clone();
    copy.material.clippingPlanes = null;
    copy.name = this.id;
    return copy;
  }

  dispose(): void {
    this.#control.abort();
    this.root.geometry.dispose();
    this.root.material.map?.dispose();
    this.root.material.dispose();
  }
}

/** Triangles that touch none of the places. */
function withoutPlaces(index: ArrayLike<number>, gone: Set<number>): Uint32Array {
  const kept: number[] = [];
  for (let n = 0; n < index.length; n += 3) {
    const corners = [index[n]!, index[n + 1]!, index[n + 2]!];
    if (!corners.some((one) => gone.has(one))) kept.push(...corners);
  }
  return new Uint32Array(kept);
}
