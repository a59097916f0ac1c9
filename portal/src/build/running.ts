/** Running a pack on a dataset as jobs, and where the answers are shown. */
import type { Job } from '../api/processes';
import { start } from '../api/processes';
import type { Overlay, Pack } from '../api/packs';
import { to } from '../router.svelte';

/** By kind of dataset, the process, its input and what it gives. */
const PROCESSES: Record<string, { id: string; input: string; outputs: string[] }> = {
  table: { id: 'evaluation.table', input: 'units', outputs: ['units', 'weights', 'contributions', 'answer'] },
  grid: { id: 'evaluation.grid', input: 'cells', outputs: ['cells', 'weights', 'answer'] },
  volume: { id: 'evaluation.volume', input: 'cells', outputs: ['cells', 'weights', 'answer'] },
};

export function canRun(kind: string): boolean {
  return kind in PROCESSES;
}

export interface Asked {
  pack: Pack;
  overlay: Overlay;
  dataset: string;
  kind: string;
  scenario: string;
  title: string;
}

/** Put an evaluation into the queue. */
export function run({ pack, overlay, dataset, kind, scenario, title }: Asked): Promise<Job> {
  const process = PROCESSES[kind] ?? PROCESSES.table!;
  const inputs = {
    [process.input]: dataset,
    pack: JSON.stringify(pack),
    ...(Object.keys(overlay).length ? { overlay: JSON.stringify(overlay) } : {}),
    ...(scenario ? { scenario } : {}),
  };
  return start('processes', process.id, { inputs, ...(title ? { title } : {}) }, process.outputs);
}

/** Page of the answer of one job, or of two held side by side; nothing where one gave none. */
export function pageOf(jobs: Job[]): string | undefined {
  const [a, b] = jobs.map((job) => job.datasets?.answer);
  if (!a || (jobs.length > 1 && !b)) return undefined;
  return b ? to('decision/compare', { a, b }) : to('decision', { answer: a });
}
