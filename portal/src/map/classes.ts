/** Classes of a layer: which colour stands for which values, as the map and the legend both need it. */
import { number } from '../stores/language.svelte';
import type { LayerStyle } from '../stores/workspace.svelte';
import { NONE, ramp, SET } from './colours';
import { infos, numberColumns, valuesOf, type LayerInfo, type Parting } from './infos.svelte';

export interface Class {
  colour: string;
  label: string;
  /** A word, or the start and end of a range; nothing stands for all else. */
  value?: string | number | boolean;
  from?: number;
  to?: number;
}

const STEPS = 6;
const MOST_VALUES = 10;

/** Classes of `info` by its style; none where it has one colour. */
export function classesOf(info: LayerInfo, style: LayerStyle): Class[] {
  if (!style.by) return style.mode === 'one' ? [] : nodeClasses(info);
  const steps = style.mode !== 'values' && numberColumns(info).some((column) => column.name === style.by);
  if (info.mode === 'tiles') {
    const told = steps ? infos.parting(info.id, style.by, 'quantiles', STEPS) : infos.parting(info.id, style.by, 'categories', MOST_VALUES + 1);
    if (told !== null) return told ? partedClasses(told, style) : [];
  }
  const values = valuesOf(info, style.by);
  return steps ? stepClasses(info, style, values) : valueClasses(values);
}

/** Classes of all features, as the node parts them: where they come in tiles, only some are at hand here. */
function partedClasses({ ranges, classes = [] }: Parting, style: LayerStyle): Class[] {
  if (ranges) {
    const colours = ramp(style.colours ?? 'viridis', ranges.length);
    return ranges.map(({ minimum, maximum }, n) => rangeClass(colours[n]!, minimum, maximum));
  }
  const shown: Class[] = classes.slice(0, MOST_VALUES).map(([value, colour, label]) => ({ value, colour, label }));
  return classes.length > MOST_VALUES ? [...shown, { colour: NONE, label: '…' }] : shown;
}

function rangeClass(colour: string, from: number, to: number): Class {
  return { colour, from, to, label: `${number(from, 4)} – ${number(to, 4)}` };
}

/** Column that the colours are taken from. */
export function columnOf(info: LayerInfo, style: LayerStyle): string {
  return style.by || (style.mode === 'one' ? '' : (info.nodeStyle?.column ?? ''));
}

/** Classes as the node has them: those of a geological map by age or rock, those of a measured value. */
function nodeClasses({ nodeStyle }: LayerInfo): Class[] {
  if (!nodeStyle?.column) return [];
  if (nodeStyle.classes) return nodeStyle.classes.map(({ value, colour, label }) => ({ value, colour, label }));
  const stops = nodeStyle.stops ?? [];
  return stops.slice(0, -1).map(([from, colour], n) => rangeClass(colour, from, stops[n + 1]![0]));
}

function stepClasses(info: LayerInfo, style: LayerStyle, values: unknown[]): Class[] {
  const numbers = values.filter((one): one is number => typeof one === 'number' && Number.isFinite(one));
  const known = info.record.properties['craton:quantities']?.find((one) => one.variable === style.by);
  if (!numbers.length) numbers.push(...[known?.minimum, known?.maximum].filter((one) => one !== undefined));
  if (!numbers.length) return [];
  const breaks = numbers.length > 2 * STEPS ? quantiles(numbers) : evenly(Math.min(...numbers), Math.max(...numbers));
  const colours = ramp(style.colours ?? 'viridis', breaks.length - 1);
  return colours.map((colour, n) => rangeClass(colour, breaks[n]!, breaks[n + 1]!));
}

/** Ends of ranges that each hold about as many values. */
function quantiles(values: number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))]!;
  const breaks = Array.from({ length: STEPS + 1 }, (_, n) => at(n / STEPS));
  const apart = breaks.filter((one, n) => n === 0 || one > breaks[n - 1]!);
  return apart.length > 1 ? apart : evenly(apart[0]!, apart[0]!);
}

function evenly(low: number, high: number): number[] {
  if (high <= low) return [low, low + (Math.abs(low) || 1) * 1e-6];
  return Array.from({ length: STEPS + 1 }, (_, n) => low + ((high - low) * n) / STEPS);
}

function valueClasses(values: unknown[]): Class[] {
  const counts = new Map<string | number | boolean, number>();
  for (const value of values) {
    if (typeof value !== 'object' && value !== undefined && value !== '') {
      const key = value as string | number | boolean;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  const often = [...counts].sort((a, b) => b[1] - a[1]);
  const shown: Class[] = often
    .slice(0, MOST_VALUES)
    .map(([value], n) => ({ value, label: String(value), colour: SET[n % SET.length]! }));
  return often.length > MOST_VALUES ? [...shown, { colour: NONE, label: '…' }] : shown;
}

/** Expression of the map for the colours of `classes`. */
export function colourExpression(classes: Class[], column: string, one: string): unknown {
  if (!column || !classes.length) return one;
  const ranges = classes.filter((each) => each.from !== undefined);
  if (ranges.length) {
    const steps = ranges.flatMap((each, n) => (n ? [each.from, each.colour] : [each.colour]));
    const coloured = ranges.length > 1 ? ['step', ['get', column], ...steps] : ranges[0]!.colour;
    return ['case', ['==', ['typeof', ['get', column]], 'number'], coloured, NONE];
  }
  const pairs = classes.filter((each) => each.value !== undefined).flatMap((each) => [String(each.value), each.colour]);
  return pairs.length ? ['match', ['to-string', ['get', column]], ...pairs, NONE] : one;
}
