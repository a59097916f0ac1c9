/** A small area before the whole: cut the data to it, run the process on that, tell how long it took. */
import { recordOf } from '../api/records';
import { runAndWait, secondsOf } from '../api/processes';
import type { Bbox, DatasetRecord } from '../api/types';
import { namedOf, sizeOf } from './datasets';
import type { Field } from './fields';
import { inputsOf, type Values } from './values';

export interface Preview {
  /** Results by name. */
  results: Record<string, DatasetRecord>;
  job: string;
  /** Seconds that the process itself ran; nothing where the node had the result already. */
  seconds: number | undefined;
  /** Cells or rows of the whole, as many times those of the part. */
  times: number | undefined;
  /** All datasets that were made on the way. */
  made: string[];
}

const CUT = ['grid', 'table'];

/** Field whose dataset a preview is cut from: the first one that is filled, if its kind can be cut. */
export function mainField(fields: Field[], values: Values): Field | undefined {
  const first = fields.find((field) => field.form === 'data' && (values[field.name] || field.required));
  return first && CUT.includes(first.kind) && !first.many && values[first.name] ? first : undefined;
}

/** The middle of `bbox`, `share` of each of its sides. */
export function middleOf(bbox: Bbox, share: number): Bbox {
  return boxAt(bbox, 0.5, 0.5, share);
}

/** The part of `bbox` around a place in it, both told as shares of its sides; always inside. */
export function boxAt([west, south, east, north]: Bbox, x: number, y: number, share: number): Bbox {
  const [wide, high] = [east - west, north - south];
  const inside = (at: number): number => Math.max(share / 2, Math.min(1 - share / 2, at));
  const [middleX, middleY] = [west + inside(x) * wide, south + inside(y) * high];
  const round = (degrees: number): number => Math.round(degrees * 1e5) / 1e5;
  return [middleX - (wide * share) / 2, middleY - (high * share) / 2, middleX + (wide * share) / 2, middleY + (high * share) / 2].map(round) as Bbox;
}

interface Asked {
  id: string;
  fields: Field[];
  values: Values;
  outputs: string[];
  box: Bbox;
  title: string;
}

/** Run the process on the part of its data within `box`. */
export async function runPreview({ id, fields, values, outputs, box, title }: Asked, signal: AbortSignal): Promise<Preview> {
  const main = mainField(fields, values);
  const made: string[] = [];
  const cut = { ...values };
  // Grids that are worked out together lie on the same cells, so that all are cut.
  const fit = fields.filter((field) => field === main || (main?.kind === 'grid' && field.kind === 'grid' && field.form === 'data' && !field.many));
  for (const field of fit) {
    const text = values[field.name];
    if (!text) continue;
    cut[field.name] = await cutTo(text, await recordOf(namedOf(text).id, signal), box, title, made, signal);
  }
  const job = await runAndWait(id, { inputs: inputsOf(fields, cut), title }, outputs, signal);
  const results = await resultsOf(job.datasets ?? {}, signal);
  made.push(...Object.values(job.datasets ?? {}));
  const times = main ? await timesOf(values[main.name]!, cut[main.name]!, signal) : undefined;
  return { results, job: job.jobID, seconds: secondsOf(job), times, made: [...new Set(made)] };
}

export async function resultsOf(datasets: Record<string, string>, signal?: AbortSignal): Promise<Record<string, DatasetRecord>> {
  const pairs = Object.entries(datasets).map(async ([name, id]) => [name, await recordOf(id, signal)] as const);
  return Object.fromEntries(await Promise.all(pairs));
}

async function timesOf(whole: string, part: string, signal: AbortSignal): Promise<number | undefined> {
  const [all, some] = await Promise.all([recordOf(namedOf(whole).id, signal), recordOf(namedOf(part).id, signal)]);
  const [large, small] = [sizeOf(all), sizeOf(some)];
  return large && small ? large / small : undefined;
}

/** Identifier of the part of a dataset within `box`. */
async function cutTo(text: string, record: DatasetRecord, box: Bbox, title: string, made: string[], signal: AbortSignal): Promise<string> {
  const grid = record.properties['craton:kind'] !== 'table';
  const degrees = 'latitude' in (record.properties['craton:shape'] ?? {});
  if (grid && degrees) return step('grid.clip', { grid: text, region: box }, title, made, signal);
  // The box in degrees becomes a polygon, which is then brought to the reference system of the data.
  const [west, south, east, north] = box;
  const polygon = await step('vector.cells', { region: box, width: east - west, height: north - south }, title, made, signal);
  if (grid) return step('grid.clip', { grid: text, area: polygon }, title, made, signal);
  return step('vector.clip', { features: text, outline: polygon }, title, made, signal);
}

async function step(id: string, inputs: Record<string, unknown>, title: string, made: string[], signal: AbortSignal): Promise<string> {
  const job = await runAndWait(id, { inputs, title }, ['result'], signal);
  const result = job.datasets?.result ?? '';
  made.push(result);
  return result;
}
