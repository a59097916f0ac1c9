/** The box around the scene with its coordinates, the outlines of the planes, and the place that was clicked. */
import {
  BufferGeometry,
  CanvasTexture,
  Float32BufferAttribute,
  Group,
  LineBasicMaterial,
  LineSegments,
  OrthographicCamera,
  Points,
  Scene,
  Sprite,
  SpriteMaterial,
  SRGBColorSpace,
  Vector3,
  type PerspectiveCamera,
  type ShaderMaterial,
  type WebGLRenderer,
} from 'three';
import { number } from '../stores/language.svelte';
import type { Extent, Triple } from './api';
import { cutting } from './drawn';
import { shader } from './holes';
import { DISC } from './shaders';

/** Pixels between labels, and between labels and the edge of the screen, at least. */
const APART = { across: 8, down: 15 };
const EDGE = 4;

/** Pixels of a letter's picture for each of the screen, and pictures that are kept. */
const FINE = 2;
const MOST_TEXTS = 120;

export interface Label {
  text: string;
  place: Vector3;
  /** Which way the label lies from its place, in pixels. */
  off: [number, number];
}

/** Round numbers between two values, about so many. */
export function ticks([low, high]: [number, number], count: number): number[] {
  const rough = (high - low) / Math.max(1, count);
  if (!(rough > 0)) return [];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough) ?? rough;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, n) => (first + n) * step);
}

export class Frame {
  readonly root = new Group();
  readonly #box = lines('#7d898d');
  readonly #outlines = lines('#0d5c66');
  readonly #mark = new Points(new BufferGeometry(), markMaterial());
  readonly #over = new Scene();
  readonly #flat = new OrthographicCamera(0, 1, 1, 0, -1, 1);
  readonly #texts = new Map<string, Sprite>();
  #low: Triple = [0, 0, 0];
  #high: Triple = [0, 0, 0];
  #shift: Triple = [0, 0, 0];

  constructor() {
    this.#mark.renderOrder = 9;
    this.root.add(this.#box, this.#outlines, this.#mark);
    for (const one of [this.#box, this.#outlines, this.#mark]) one.frustumCulled = false;
  }

  /** Corners of the box, counted from the origin of the scene. */
  set(box: Extent, shift: Triple): void {
    this.#shift = shift;
    this.#low = [box.easting[0] - shift[0], box.northing[0] - shift[1], box.upward[0] - shift[2]];
    this.#high = [box.easting[1] - shift[0], box.northing[1] - shift[1], box.upward[1] - shift[2]];
    const places: number[] = [];
    for (let axis = 0; axis < 3; axis++) {
      for (const [a, b] of [[0, 0], [0, 1], [1, 0], [1, 1]] as const) {
        const [one, other] = [(axis + 1) % 3, (axis + 2) % 3];
        for (const end of [this.#low, this.#high]) {
          const corner: Triple = [...end];
          corner[one] = (a ? this.#high : this.#low)[one]!;
          corner[other] = (b ? this.#high : this.#low)[other]!;
          places.push(...corner);
        }
      }
    }
    this.#box.geometry.setAttribute('position', new Float32BufferAttribute(places, 3));
  }

  /** Outlines of what the planes cut of the box. */
  outline(loops: Triple[][]): void {
    const places = loops.flatMap((loop) => loop.flatMap((one, n) => [...one, ...loop[(n + 1) % loop.length]!]));
    this.#outlines.geometry.setAttribute('position', new Float32BufferAttribute(places, 3));
    this.#outlines.visible = places.length > 0;
  }

  mark(place: Triple | null): void {
    this.#mark.visible = place !== null;
    if (!place) return;
    this.#mark.geometry.setAttribute('position', new Float32BufferAttribute(place, 3));
    this.#mark.geometry.setAttribute('tint', new Float32BufferAttribute([1, 0.83, 0], 3));
  }

  /** Write the coordinates beside those edges that are seen best. */
  label(renderer: WebGLRenderer, camera: PerspectiveCamera, exaggeration: number, [wide, high]: [number, number]): void {
    const screen = (place: Triple): Vector3 => {
      const seen = new Vector3(place[0], place[1], place[2] * exaggeration).project(camera);
      return new Vector3((0.5 + seen.x / 2) * wide, (0.5 - seen.y / 2) * high, seen.z);
    };
    const labels = this.#all(screen);
    for (const sprite of this.#texts.values()) sprite.visible = false;
    const written: { x: number; y: number; half: number }[] = [];
    for (const { text, place, off } of labels) {
      const sprite = this.#sprite(text);
      const half = sprite.scale.x / 2;
      // A label whose place is on the screen is on it too, as a whole.
      const x = Math.max(half + EDGE, Math.min(wide - half - EDGE, place.x + off[0]));
      const y = place.y + off[1];
      const inside = place.z < 1 && place.x > 0 && place.x < wide && y > EDGE + sprite.scale.y / 2 && y < high - EDGE - sprite.scale.y / 2;
      const free = written.every((one) => Math.abs(one.x - x) > one.half + half + APART.across || Math.abs(one.y - y) > APART.down);
      if (!inside || !free) continue;
      written.push({ x, y, half });
      sprite.visible = true;
      sprite.position.set(x, high - y, 0);
    }
    Object.assign(this.#flat, { right: wide, top: high });
    this.#flat.updateProjectionMatrix();
    renderer.autoClear = false;
    renderer.render(this.#over, this.#flat);
    renderer.autoClear = true;
  }

  /** Picture of a text, made once: letters of the page over the scene would be drawn anew with each picture. */
  #sprite(text: string): Sprite {
    const there = this.#texts.get(text);
    if (there) return there;
    if (this.#texts.size > MOST_TEXTS) this.#forget();
    const sprite = spriteOf(text);
    this.#texts.set(text, sprite);
    this.#over.add(sprite);
    return sprite;
  }

  #forget(): void {
    for (const sprite of this.#texts.values()) {
      this.#over.remove(sprite);
      sprite.material.map?.dispose();
      sprite.material.dispose();
    }
    this.#texts.clear();
  }

  #all(screen: (place: Triple) => Vector3): Label[] {
    const [low, high, shift] = [this.#low, this.#high, this.#shift];
    const below = (axis: 0 | 1): Label[] => {
      const other = axis === 0 ? 1 : 0;
      const middle = (low[axis] + high[axis]) / 2;
      // The lower edge that lies nearer to whoever looks.
      const edges = [low[other], high[other]].map((side) => ({ side, seen: screen(axis === 0 ? [middle, side, low[2]] : [side, middle, low[2]]) }));
      const near = edges[0]!.seen.z < edges[1]!.seen.z ? edges[0]! : edges[1]!;
      const away = near.seen.clone().sub(screen([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]]));
      const off: [number, number] = [Math.sign(away.x) * (Math.abs(away.x) > Math.abs(away.y) ? 34 : 14), 15];
      return ticks([low[axis] + shift[axis], high[axis] + shift[axis]], 4).map((value) => {
        const at = value - shift[axis];
        return { text: `${number(value, 9)} ${axis === 0 ? 'E' : 'N'}`, place: screen(axis === 0 ? [at, near.side, low[2]] : [near.side, at, low[2]]), off };
      });
    };
    const corners = [low[0], high[0]].flatMap((east) => [low[1], high[1]].map((north) => ({ east, north, x: screen([east, north, low[2]]).x })));
    const left = corners.reduce((best, one) => (one.x < best.x ? one : best));
    const upright = ticks([low[2] + shift[2], high[2] + shift[2]], 5).map((value): Label => ({ text: `${number(value, 6)} m`, place: screen([left.east, left.north, value - shift[2]]), off: [-30, 0] }));
    return [...upright, ...below(0), ...below(1)];
  }

  dispose(): void {
    for (const { geometry, material } of [this.#box, this.#outlines, this.#mark]) {
      geometry.dispose();
      material.dispose();
    }
    this.#forget();
  }
}

function lines(color: string): LineSegments<BufferGeometry, LineBasicMaterial> {
  return new LineSegments(new BufferGeometry(), new LineBasicMaterial({ color }));
}

/** A text as a sprite of as many pixels as it takes, with a light edge. */
function spriteOf(text: string): Sprite {
  const canvas = document.createElement('canvas');
  const pen = canvas.getContext('2d')!;
  const font = `600 ${12 * FINE}px 'Noto Sans', system-ui, sans-serif`;
  pen.font = font;
  const [wide, high] = [Math.ceil(pen.measureText(text).width) + 6 * FINE, 18 * FINE];
  [canvas.width, canvas.height] = [wide, high];
  Object.assign(pen, { font, textAlign: 'center', textBaseline: 'middle', lineWidth: 2.5 * FINE, lineJoin: 'round', strokeStyle: 'rgb(241 239 233 / 85%)', fillStyle: '#2b3a40' });
  pen.strokeText(text, wide / 2, high / 2);
  pen.fillText(text, wide / 2, high / 2);
  const map = new CanvasTexture(canvas);
  map.colorSpace = SRGBColorSpace;
  const sprite = new Sprite(new SpriteMaterial({ map, depthTest: false, transparent: true }));
  sprite.scale.set(wide / FINE, high / FINE, 1);
  return sprite;
}

/** A yellow disc with a dark edge, above all else, always as large. */
function markMaterial(): ShaderMaterial {
  const size = { value: 13 };
  const uniforms = { ...cutting(), own: { value: -1 }, radius: { value: 0 }, pixel: { value: 1 }, fewest: size, limit: size, opacity: { value: 1 } };
  const material = shader(DISC, uniforms);
  [material.depthTest, material.transparent] = [false, true];
  return material;
}
