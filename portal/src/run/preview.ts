/** A small area before the whole: cut the data to it, run the process on that, tell how long it took. */
import { dismiss, runAndWait, secondsOf, type Job } from '../api/processes';
import { kindOf, recordOf } from '../api/records';
import type { Bbox, DatasetRecord } from '../api/types';
import { namedOf, sizeOf } from './datasets';
import type { Field } from './fields';
import { inputsOf, type Values } from './values';

export interface Preview {
  /** Results by name. */
  results: Record<string, DatasetRecord>;
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
  /** What the parts and the results are called. */
  titles: { part: string; result: string };
}

/** The datasets and jobs of a preview; the jobs are taken from the list in the end, for nobody asked for them by name. */
class Run {
  made: string[] = [];
  constructor(
    readonly titles: Asked['titles'],
    readonly signal: AbortSignal,
  ) {}

  /** Run one process and wait for it. */
  async step(id: string, inputs: Record<string, unknown>, outputs = ['result'], title = this.titles.part): Promise<Job> {
    const job = await runAndWait(id, { inputs, title }, outputs, this.signal);
    this.made.push(...Object.values(job.datasets ?? {}));
    void dismiss(job.jobID).catch(() => {
      // it then stays in the list, which does no harm
    });
    return job;
  }

  async part(id: string, inputs: Record<string, unknown>): Promise<string> {
    return (await this.step(id, inputs)).datasets?.result ?? '';
  }
}

/** Run the process on the part of its data within `box`. */
export async function runPreview({ id, fields, values, outputs, box, titles }: Asked, signal: AbortSignal): Promise<Preview> {
  const main = mainField(fields, values);
  const run = new Run(titles, signal);
  const cut = { ...values };
  // Grids that are worked out together lie on the same cells, so that all are cut.
  const fit = fields.filter((field) => field === main || (main?.kind === 'grid' && field.kind === 'grid' && field.form === 'data' && !field.many));
  for (const field of fit) {
    const text = values[field.name];
    if (text) cut[field.name] = await cutTo(run, text, await recordOf(namedOf(text).id, signal), box);
  }
  const job = await run.step(id, inputsOf(fields, cut), outputs, titles.result);
  const results = await resultsOf(job.datasets ?? {}, signal);
  const times = main ? await timesOf(values[main.name]!, cut[main.name]!, signal) : undefined;
  return { results, seconds: secondsOf(job), times, made: [...new Set(run.made)] };
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
async function cutTo(run: Run, text: string, record: DatasetRecord, box: Bbox): Promise<string> {
  const grid = kindOf(record) !== 'table';
  const degrees = 'latitude' in (record.properties['craton:shape'] ?? {});
  if (grid && degrees) return run.part('grid.clip', { grid: text, region: box });
  // The box in degrees becomes a polygon, which is then brought to the reference system of the data.
  const [west, south, east, north] = box;
  const polygon = await run.part('vector.cells', { region: box, width: east - west, height: north - south });
  if (grid) return run.part('grid.clip', { grid: text, area: polygon });
  return run.part('vector.clip', { features: text, outline: polygon });
}
