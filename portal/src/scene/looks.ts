/** Colours of codes: which are shown, and how; for volumes and for holes. */
import { NONE, SET, ramp } from '../map/colours';
import type { ClassOf, Variable } from './api';

/** Codes of a byte: 0 is none. */
export const CODES = 256;

export interface Look {
  /** Red, green, blue and whether it is shown (255) by code. */
  table: Uint8Array<ArrayBuffer>;
  shown: Uint8Array;
}

export function isColour(text: string | undefined): text is string {
  return /^#[0-9a-f]{6}$/i.test(text ?? '');
}

/** Colour of a class, which is one of ours where the data tells none. */
export function colourOfClass(one: ClassOf, place: number): string {
  return isColour(one.colour) ? one.colour : SET[place % SET.length]!;
}

export function channels(colour: string): [number, number, number] {
  return [1, 3, 5].map((start) => parseInt(colour.slice(start, start + 2), 16)) as [number, number, number];
}

/** Code of a number among those of a variable. */
export function codeOf(value: number, [low, high]: [number, number]): number {
  const share = high > low ? (value - low) / (high - low) : 0;
  return 1 + Math.round(254 * Math.max(0, Math.min(1, share)));
}

/** Number that a code stands for. */
export function numberOf(code: number, [low, high]: [number, number]): number {
  return low + ((code - 1) / 254) * (high - low);
}

/** Look of a variable: hidden classes, or the part of the range that is shown. */
export function lookOf(variable: Variable | undefined, hidden: number[], range: [number, number] | null, colours: string): Look {
  const table = new Uint8Array(4 * CODES);
  const shown = new Uint8Array(CODES);
  const put = (code: number, colour: string, seen: boolean): void => {
    table.set([...channels(colour), seen ? 255 : 0], 4 * code);
    shown[code] = seen ? 1 : 0;
  };
  if (variable?.type === 'number') {
    const [low, high] = rangeOf(variable);
    const [from, to] = range ?? [low, high];
    const shades = ramp(colours, CODES - 1);
    const seen = (code: number): boolean => code >= codeOf(from, [low, high]) && code <= codeOf(to, [low, high]);
    for (let code = 1; code < CODES; code++) put(code, shades[code - 1]!, seen(code));
  } else {
    for (let code = 1; code < CODES; code++) put(code, NONE, !hidden.includes(code));
    (variable?.classes ?? []).forEach((one, place) => {
      if (one.value > 0 && one.value < CODES) put(one.value, colourOfClass(one, place), !hidden.includes(one.value));
    });
  }
  return { table, shown };
}

export function rangeOf(variable: Variable): [number, number] {
  return variable.range ?? [0, 1];
}
