/** Colours of layers: one after another for layers, ramps for numbers, sets for words. */

/** For single layers and for values that have no order; told apart with any common colour blindness. */
export const SET = ['#2f6fa8', '#d1662a', '#4a8f4d', '#8a5fa8', '#c0392f', '#9a7a2e', '#2c9c9a', '#c65d92', '#5b6670', '#7aa32b'];

/** Colours of what has no value. */
export const NONE = '#a9b0b3';

export const RAMPS: Record<string, string[]> = {
  viridis: ['#440154', '#472d7b', '#3b528b', '#2c728e', '#21918c', '#28ae80', '#5ec962', '#addc30', '#fde725'],
  magma: ['#000004', '#1d1147', '#51127c', '#822681', '#b73779', '#e75263', '#fc8961', '#fec488', '#fcfdbf'],
  cividis: ['#00224e', '#1b3a6d', '#434e6c', '#5f636e', '#7d7c78', '#9a9476', '#bcaf6f', '#dfcb5c', '#fee838'],
  water: ['#f1f7fb', '#d5e8f3', '#b0d3e8', '#82b9d9', '#569cc6', '#337fb0', '#1d6294', '#124776', '#0a2f56'],
  heat: ['#fdf3e3', '#fbdcab', '#f7bd76', '#ef984f', '#e0723a', '#c84f2d', '#a83324', '#841f1e', '#5c1219'],
  balance: ['#22466f', '#3f72a3', '#7ba5c9', '#bcd3e4', '#f1efe9', '#efc9ae', '#da9069', '#b65537', '#7d2719'],
};

/** `count` colours of a ramp, from end to end. */
export function ramp(name: string, count: number): string[] {
  const stops = RAMPS[name] ?? RAMPS.viridis!;
  return Array.from({ length: count }, (_, n) => mixed(stops, count === 1 ? 0.5 : n / (count - 1)));
}

function mixed(stops: string[], share: number): string {
  const place = share * (stops.length - 1);
  const below = Math.min(Math.floor(place), stops.length - 2);
  const [from, to] = [channels(stops[below]!), channels(stops[below + 1]!)];
  return '#' + from.map((one, n) => hex(one + (to[n]! - one) * (place - below))).join('');
}

function channels(colour: string): number[] {
  return [1, 3, 5].map((start) => parseInt(colour.slice(start, start + 2), 16));
}

function hex(value: number): string {
  return Math.round(value).toString(16).padStart(2, '0');
}

/** Colour of a layer that was given none: by its name, so that it is the same in every session. */
export function colourOf(id: string): string {
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + letter.charCodeAt(0)) >>> 0;
  return SET[sum % SET.length]!;
}
