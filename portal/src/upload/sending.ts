/** Sends a file in parts; after a break it goes on where the node stopped hearing. */
import { ProblemError } from '../api/client';
import { partAddress, received } from '../api/uploads';
import { session } from '../stores/session.svelte';

/** Bytes of a part: small enough to lose little, large enough to ask seldom. */
const PART = 8 << 20;
const MOST_PAUSE = 30_000;

export interface Told {
  /** Bytes that have come. */
  onprogress: (received: number) => void;
  /** Whether the connection is lost. */
  onbroken: (broken: boolean) => void;
  signal: AbortSignal;
}

/** Send `file` as `name` of upload `id`, however often the connection breaks. */
export async function sendFile(id: string, name: string, file: File, told: Told): Promise<void> {
  let pause = 1000;
  for (;;) {
    try {
      let offset = await received(id, name, told.signal);
      told.onbroken(false);
      told.onprogress(offset);
      if (!file.size) await sendPart(id, name, file, 0, told);
      while (offset < file.size) {
        offset = await sendPart(id, name, file.slice(offset, offset + PART), offset, told);
        told.onprogress(offset);
        pause = 1000;
      }
      return;
    } catch (error) {
      if (!isPassing(error)) throw error;
      told.onbroken(true);
      await rest(pause, told.signal);
      pause = Math.min(2 * pause, MOST_PAUSE);
    }
  }
}

/** Whether it may be better in a moment: no reply, a silent or a busy node, parts that overtook each other. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof ProblemError)) return false;
  return [0, 408, 429, 502, 503, 504].includes(error.status) || error.type.endsWith('/offset');
}

/** A while, or until the browser says that it is connected again. */
function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      clearTimeout(clock);
      removeEventListener('online', done);
      if (signal.aborted) reject(new DOMException('stopped', 'AbortError'));
      else resolve();
    };
    const clock = setTimeout(done, milliseconds);
    addEventListener('online', done);
    signal.addEventListener('abort', done, { once: true });
  });
}

/** `fetch` does not tell how much was sent, so the older way is gone. */
function sendPart(id: string, name: string, part: Blob, offset: number, told: Told): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('PUT', partAddress(id, name, offset));
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    for (const [header, value] of Object.entries(session.proof)) request.setRequestHeader(header, value);
    request.upload.onprogress = (event) => told.onprogress(offset + event.loaded);
    request.onerror = () => reject(new ProblemError(0, 'no-reply', 'no-reply'));
    request.onabort = () => reject(new DOMException('stopped', 'AbortError'));
    request.onload = () => {
      const said = replyOf(request);
      if (request.status < 300) resolve(Number(said.received));
      else reject(new ProblemError(request.status, String(said.title ?? request.statusText), String(said.detail ?? ''), String(said.hint ?? ''), '', String(said.type ?? '')));
    };
    told.signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(part);
  });
}

function replyOf(request: XMLHttpRequest): Record<string, unknown> {
  try {
    return JSON.parse(request.responseText) as Record<string, unknown>;
  } catch {
    return {};
  }
}
