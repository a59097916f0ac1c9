/** Uploads as the node tells them, and what is sent for them. */
import type { Finding } from './dataset';
import { at, get, path, send } from './client';

export type UploadState = 'receiving' | 'waiting' | 'reading' | 'added' | 'failed';

export interface UploadFile {
  name: string;
  size: number;
  received: number;
}

export interface Outcome {
  name: string;
  outcome: string;
  records?: string[];
  code?: string;
  message?: string;
  todo?: string;
  findings?: Finding[];
}

export interface Question {
  ask: 'crs' | 'licence' | 'columns' | 'title';
  file: string;
  record: string;
  why: string;
  choices?: { value: string; title?: string }[];
  columns?: { name: string; type?: string; title?: string; unit?: string }[];
}

export interface Upload {
  id: string;
  created: string;
  owner: string;
  state: UploadState;
  message?: string;
  files: UploadFile[];
  outcomes: Outcome[];
  questions: Question[];
  done: number;
  total: number;
}

/** What is stated of all files when an upload begins. */
export interface Stated {
  crs?: string;
  licence?: string;
  owner?: string;
  language?: string;
  collection?: string;
  visibility?: string;
}

export interface Answers {
  file: string;
  crs?: string;
  licence?: string;
  title?: string;
  columns?: Record<string, { unit: string }>;
}

export async function begin(files: { name: string; size: number }[], stated: Stated): Promise<Upload> {
  return (await send<Upload>('POST', '/uploads', { files, ...stated }))!;
}

export async function uploads(signal?: AbortSignal): Promise<Upload[]> {
  return (await get<{ uploads: Upload[] }>('/uploads', { limit: 20 }, signal)).uploads;
}

export function uploadOf(id: string, signal?: AbortSignal): Promise<Upload> {
  return get<Upload>(path('uploads', id), {}, signal);
}

/** Have the files added to the node. */
export async function add(id: string): Promise<Upload> {
  return (await send<Upload>('POST', path('uploads', id) + '/add'))!;
}

export async function answer(id: string, answers: Answers): Promise<Upload> {
  return (await send<Upload>('PATCH', path('uploads', id), answers))!;
}

export async function forget(id: string): Promise<void> {
  await send('DELETE', path('uploads', id));
}

export async function received(id: string, name: string, signal: AbortSignal): Promise<number> {
  return (await get<UploadFile>(path('uploads', id, 'files', name), {}, signal)).received;
}

/** Where a part of a file that begins at `offset` is sent. */
export function partAddress(id: string, name: string, offset: number): string {
  return at(path('uploads', id, 'files', name), { offset });
}

export function eventsAddress(id: string): string {
  return at(path('uploads', id, 'events'));
}
