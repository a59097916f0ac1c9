/** Turning, moving and zooming the view: by mouse, by touch, by keys. */
import type { Triple } from './api';
import type { Eye } from './state.svelte';

const DEGREE = Math.PI / 180;
const MOST_TILT = 89.5;

/** Directions of the view: towards whoever looks, to the right and upwards. */
export function axesOf({ azimuth, tilt }: Eye): { back: Triple; right: Triple; up: Triple } {
  const [a, h] = [azimuth * DEGREE, tilt * DEGREE];
  const back: Triple = [Math.sin(a) * Math.cos(h), Math.cos(a) * Math.cos(h), Math.sin(h)];
  const right: Triple = [-Math.cos(a), Math.sin(a), 0];
  const up: Triple = [-Math.sin(a) * Math.sin(h), -Math.cos(a) * Math.sin(h), Math.cos(h)];
  return { back, right, up };
}

export function turned(eye: Eye, azimuth: number, tilt: number): Eye {
  return { ...eye, azimuth: (((eye.azimuth + azimuth) % 360) + 360) % 360, tilt: Math.max(-MOST_TILT, Math.min(MOST_TILT, eye.tilt + tilt)) };
}

/** Moved across the screen by shares of the distance. */
export function moved(eye: Eye, right: number, up: number): Eye {
  const axes = axesOf(eye);
  const target = eye.target.map((one, n) => one + eye.distance * (right * axes.right[n]! + up * axes.up[n]!)) as Triple;
  return { ...eye, target };
}

export function zoomed(eye: Eye, factor: number): Eye {
  return { ...eye, distance: Math.max(1e-2, Math.min(1e8, eye.distance * factor)) };
}

/** What a key does to the view; nothing for other keys. */
export function keyed(eye: Eye, { key, shiftKey }: KeyboardEvent): Eye | undefined {
  const step = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[key];
  if (step) return shiftKey ? moved(eye, -0.05 * step[0]!, 0.05 * step[1]!) : turned(eye, 6 * step[0]!, 5 * step[1]!);
  if (key === '+' || key === '=' || key === 'PageUp') return zoomed(eye, 1 / 1.2);
  if (key === '-' || key === 'PageDown') return zoomed(eye, 1.2);
  return undefined;
}

interface Hands {
  eye: () => Eye;
  set: (eye: Eye) => void;
  click: (event: PointerEvent) => void;
  /** Share of the distance that a pixel is wide. */
  pixel: () => number;
}

/** Pixels within which a press is a click, not a drag. */
const STILL = 5;

/** Let pointers on `element` turn, move and zoom; what it gives takes it back. */
export function handle(element: HTMLElement, { eye, set, click, pixel }: Hands): () => void {
  const down = new Map<number, { x: number; y: number }>();
  let travelled = 0;
  const press = (event: PointerEvent): void => {
    element.setPointerCapture(event.pointerId);
    down.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (down.size === 1) travelled = 0;
  };
  const drag = (event: PointerEvent): void => {
    const before = down.get(event.pointerId);
    if (!before) return;
    const [right, low] = [event.clientX - before.x, event.clientY - before.y];
    travelled += Math.hypot(right, low);
    if (travelled < STILL) return;
    if (down.size === 1) set(event.buttons & 6 || event.shiftKey ? moved(eye(), -right * pixel(), low * pixel()) : turned(eye(), right * 0.35, low * 0.3));
    else pinch(event, before, right, low);
    down.set(event.pointerId, { x: event.clientX, y: event.clientY });
  };
  const pinch = (event: PointerEvent, before: { x: number; y: number }, right: number, low: number): void => {
    const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
    if (!other) return;
    const wide = (at: { x: number; y: number }): number => Math.max(1, Math.hypot(at.x - other.x, at.y - other.y));
    const factor = wide(before) / wide({ x: event.clientX, y: event.clientY });
    set(moved(zoomed(eye(), factor), (-right / 2) * pixel(), (low / 2) * pixel()));
  };
  const lift = (event: PointerEvent): void => {
    if (down.delete(event.pointerId) && !down.size && travelled < STILL && event.type === 'pointerup' && event.button === 0) click(event);
  };
  const wheel = (event: WheelEvent): void => {
    event.preventDefault();
    set(zoomed(eye(), Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.004)));
  };
  const calm = (event: Event): void => event.preventDefault();
  element.addEventListener('pointerdown', press);
  element.addEventListener('pointermove', drag);
  element.addEventListener('pointerup', lift);
  element.addEventListener('pointercancel', lift);
  element.addEventListener('wheel', wheel, { passive: false });
  element.addEventListener('contextmenu', calm);
  return () => {
    element.removeEventListener('pointerdown', press);
    element.removeEventListener('pointermove', drag);
    element.removeEventListener('pointerup', lift);
    element.removeEventListener('pointercancel', lift);
    element.removeEventListener('wheel', wheel);
    element.removeEventListener('contextmenu', calm);
  };
}
