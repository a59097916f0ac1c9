/** Processes, applications and jobs, as the node tells them (OGC API – Processes, and Craton's own words). */
import { ask, at, get, near, pages, path, ProblemError, send } from './client';
import type { Kind, Link } from './types';

export interface AdditionalParameters {
  parameters?: { name: string; value: unknown[] }[];
}

export interface ProcessSummary {
  id: string;
  version: string;
  title?: string;
  description?: string;
  keywords?: string[];
  metadata?: { title?: string; href?: string; role?: string }[];
  additionalParameters?: AdditionalParameters;
}

/** JSON Schema, as far as forms are drawn from it. */
export interface Schema {
  type?: string;
  format?: string;
  enum?: (string | number)[];
  default?: unknown;
  nullable?: boolean;
  oneOf?: Schema[];
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: boolean;
  exclusiveMaximum?: boolean;
  'x-craton'?: Record<string, unknown>;
}

export interface InputDescription {
  title?: string;
  description?: string;
  schema: Schema;
  minOccurs?: number;
  maxOccurs?: number | 'unbounded';
  additionalParameters?: AdditionalParameters;
}

export interface ProcessDescription extends ProcessSummary {
  inputs: Record<string, InputDescription>;
  outputs: Record<string, InputDescription>;
}

type Texts = Record<string, string>;

export interface AppSummary {
  id: string;
  version: string;
  title: Texts;
  question: Texts;
  description: Texts;
  ready: boolean;
  missing: string[];
}

/** A dataset that an application needs, or one of its parameters. */
export interface AppInput extends Omit<InputDescription, 'title'> {
  title?: Texts | string;
  kind?: Kind;
  quantity?: string[];
  geometry?: string[];
  optional?: boolean;
  candidates?: string[];
}

export interface AppDescription extends AppSummary {
  inputs: Record<string, AppInput>;
  steps: { step: string; processID: string; title: Texts }[];
  outputs: Record<string, InputDescription>;
  show: { results: string[]; layers?: { step: string; palette?: string; column?: string }[]; picture?: string };
}

export type State = 'accepted' | 'running' | 'successful' | 'failed' | 'dismissed';

export interface Job {
  jobID: string;
  processID: string;
  status: State;
  message?: string;
  created?: string;
  started?: string;
  finished?: string;
  updated?: string;
  progress?: number;
  reused?: boolean;
  remainingSeconds?: number;
  steps?: { step: string; processID: string; status: State; progress?: number }[];
  /** What it was asked with; datasets as `ID@VERSION#FIELD` in lists. */
  inputs?: Record<string, unknown>;
  /** Identifiers of its results by name. */
  datasets?: Record<string, string>;
  links?: Link[];
}

export type What = 'processes' | 'apps';

/** What is asked for: inputs by name, and what the results are called. */
export interface Asked {
  inputs: Record<string, unknown>;
  title?: string;
}

/** All processes, in one list. */
export async function allProcesses(signal?: AbortSignal): Promise<ProcessSummary[]> {
  const found: ProcessSummary[] = [];
  for await (const page of pages<{ processes: ProcessSummary[]; links?: Link[] }>('/processes', {}, signal)) {
    found.push(...page.processes);
  }
  return found;
}

export function processOf(id: string, signal?: AbortSignal): Promise<ProcessDescription> {
  return get(path('processes', id), {}, signal);
}

export async function allApps(signal?: AbortSignal): Promise<AppSummary[]> {
  return (await get<{ apps: AppSummary[] }>('/apps', {}, signal)).apps;
}

export function appOf(id: string, signal?: AbortSignal): Promise<AppDescription> {
  return get(path('apps', id), {}, signal);
}

export function jobOf(id: string, signal?: AbortSignal): Promise<Job> {
  return get(path('jobs', id), {}, signal);
}

/** Values of what the node says beside a schema, by name. */
export function marksOf(more: AdditionalParameters | undefined): Record<string, unknown[]> {
  return Object.fromEntries((more?.parameters ?? []).map(({ name, value }) => [name, value]));
}

/** Whether a job is over, well or not. */
export function isOver(job: Job): boolean {
  return job.status !== 'accepted' && job.status !== 'running';
}

/** The request as it goes to the node: results are wanted as links, for they are datasets of the node. */
export function requestOf({ inputs, title }: Asked, outputs: string[]): Record<string, unknown> {
  const wanted = Object.fromEntries(outputs.map((name) => [name, { transmissionMode: 'reference' }]));
  return { inputs, outputs: wanted, response: 'document', ...(title ? { title } : {}) };
}

/** Put a job into the queue. */
export async function start(what: What, id: string, asked: Asked, outputs: string[]): Promise<Job> {
  const address = at(path(what, id, 'execution'));
  const headers = { Prefer: 'respond-async' };
  const reply = await ask(address, { method: 'POST', headers, body: requestOf(asked, outputs) });
  const told = (await reply.json()) as Partial<Job>;
  if (told.jobID) return told as Job;
  // The result was there already: then the results come at once, and the job stands in a header.
  return jobOf(monitored(reply));
}

function monitored(reply: Response): string {
  const address = /<([^>]+)>\s*;[^,]*rel="?monitor/.exec(reply.headers.get('link') ?? '')?.[1] ?? '';
  const id = new URL(near(address), document.baseURI).pathname.split('/').at(-1);
  if (!id) throw new ProblemError(502, 'no-reply', 'no-reply');
  return decodeURIComponent(id);
}

/** Run something small and wait for it; a `ProblemError` where it fails. */
export async function runAndWait(id: string, asked: Asked, outputs: string[], signal: AbortSignal): Promise<Job> {
  let job = await start('processes', id, asked, outputs);
  const cancel = (): void => void dismiss(job.jobID).catch(() => {});
  signal.addEventListener('abort', cancel, { once: true });
  for (let wait = 250; !isOver(job); wait = Math.min(wait * 1.4, 3000)) {
    await new Promise((done) => setTimeout(done, wait));
    job = await jobOf(job.jobID, signal);
  }
  signal.removeEventListener('abort', cancel);
  if (job.status !== 'successful') throw (await faultOf(job.jobID)) ?? new ProblemError(500, job.status, job.message ?? '');
  return job;
}

/** Why a job failed; nothing where it did not. Ask only of one that did: results can be large. */
export async function faultOf(id: string): Promise<ProblemError | null> {
  try {
    await ask(at(path('jobs', id, 'results')));
    return null;
  } catch (error) {
    return error instanceof ProblemError ? error : null;
  }
}

/** Stop a job that waits or runs; take one that is over from the list. */
export async function dismiss(id: string): Promise<void> {
  await send('DELETE', path('jobs', id));
}

/** Seconds that a job ran; nothing where its result was there already. */
export function secondsOf(job: Job): number | undefined {
  if (job.reused || !job.started || !job.finished) return undefined;
  return Math.max(0, (Date.parse(job.finished) - Date.parse(job.started)) / 1000);
}
