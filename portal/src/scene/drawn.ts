/** What all drawn layers share: the planes that cut them, and what the stage asks of them. */
import { Plane as Half, Vector3, Vector4, type Camera, type IUniform, type Object3D, type ShaderMaterial } from 'three';
import type { Triple } from './api';
import type { Ray } from './levels';
import { PLANES } from './shaders';
import type { SceneLayer } from './state.svelte';

/** A plane: a place is kept where `normal · place ≤ offset`. */
export interface Plane {
  on: boolean;
  normal: Triple;
  offset: number;
}

/** What was hit by a click: where, how far away, and what is known of it. */
export interface Hit {
  layer: string;
  place: Triple;
  distance: number;
  /** Words and values, in the order in which they are told. */
  facts: [string, string][];
  colour?: string;
  title: string;
  /** Name of the hole, row or part that was hit. */
  part?: string;
  /** Its number among the features of the dataset, by which map and table know it. */
  feature?: number | string;
  /** Middle of the cell of a volume that was hit. */
  cell?: Triple;
}

export interface Aim {
  ray: Ray;
  /** Metres at distance 1 that are as wide as a pixel. */
  pixel: number;
  planes: Plane[];
  exaggeration: number;
  camera: Camera;
}

/** How the next picture is drawn. */
export interface View {
  /** Share of the distance that a pixel is wide. */
  pixel: number;
  /** Whether the view is changing, and pictures take long. */
  isSlow: boolean;
  /** Height angle that the view looks from, in degrees. */
  tilt: number;
}

/** A layer of the scene as it is drawn. */
export interface Drawn {
  readonly root: Object3D;
  /** Take over how the layer shall look. */
  dress(layer: SceneLayer): void;
  cut(planes: Plane[], alone: boolean): void;
  hit(aim: Aim): Hit | null;
  /** What a click on a part would tell: on the top of a hole, on a row. */
  spot?(part: string): Hit | null;
  /** Name of the part that is a feature of the dataset. */
  partOf?(feature: string): string;
  /** A plain object for the export, or nothing. */
  plain(): Promise<Object3D | null>;
  dispose(): void;
  /** Called before each picture. */
  before?(view: View): void;
}

export interface Cutting {
  planes: IUniform<Vector4[]>;
  cutting: IUniform<number[]>;
}

/** Uniforms of the planes, shared by all materials of a layer. */
export function cutting(): Cutting {
  return {
    planes: { value: Array.from({ length: PLANES }, () => new Vector4()) },
    cutting: { value: Array.from({ length: PLANES }, () => 0) },
  };
}

export function setCutting(uniforms: Cutting, planes: Plane[], applies: boolean): void {
  planes.forEach(({ normal, offset, on }, n) => {
    uniforms.planes.value[n]?.set(...normal, offset);
    uniforms.cutting.value[n] = on && applies ? 1 : 0;
  });
}

/** Whether any plane cuts. */
export function isCut(uniforms: Cutting): boolean {
  return uniforms.cutting.value.some((one) => one > 0);
}

/** Put the code that may drop pixels into materials, or leave it out. */
export function allow(materials: ShaderMaterial[], wanted: Partial<Record<'CUTS' | 'SIFTS' | 'GAPS', boolean>>): void {
  const names = Object.entries(wanted).flatMap(([name, is]) => (is ? [name] : []));
  for (const material of materials) {
    if (Object.keys(material.defines ?? {}).join() === names.join()) continue;
    material.defines = Object.fromEntries(names.map((name) => [name, 1]));
    material.needsUpdate = true;
  }
}

export function isKept(place: Triple, planes: Plane[], except = -1): boolean {
  return planes.every(({ on, normal, offset }, n) => n === except || !on || dot(normal, place) <= offset);
}

export function dot(one: Triple, other: Triple): number {
  return one[0] * other[0] + one[1] * other[1] + one[2] * other[2];
}

export function along(ray: Ray, distance: number): Triple {
  return ray.origin.map((one, n) => one + distance * ray.direction[n]!) as Triple;
}

/** The planes as materials of three.js want them: as they are seen, heights exaggerated. */
export function halvesOf(planes: Plane[], exaggeration: number): Half[] {
  return planes
    .filter(({ on }) => on)
    .map(({ normal, offset }) => {
      const seen = new Vector3(-normal[0], -normal[1], -normal[2] / exaggeration);
      const long = seen.length();
      return new Half(seen.divideScalar(long), offset / long);
    });
}
