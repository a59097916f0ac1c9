/** Asking the node: addresses, JSON, problems (RFC 9457), pages of a list. */
import { language } from '../stores/language.svelte';
import { session } from '../stores/session.svelte';

/** Address of the node, with a stroke at its end. */
export const ROOT = new URL('..', document.baseURI).href;

export type Query = Record<string, string | number | boolean | null | undefined>;

interface Link {
  href: string;
  rel: string;
  type?: string;
  title?: string;
}

/** What the node, or the way to it, says is wrong; `status` 0 means that no reply came. */
export class ProblemError extends Error {
  override name = 'ProblemError';
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly hint = '',
    readonly parameter = '',
    readonly type = '',
  ) {
    super(detail || title);
  }

  /** Nothing is there: for what is optional, that is no fault. */
  get absent(): boolean {
    return this.status === 404 || this.status === 405 || this.status === 501;
  }
}

/** Address of `path` at the node (`'/collections/x/items'`), with those of `query` that are not empty. */
export function at(path: string, query: Query = {}): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '');
  const text = new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString();
  return ROOT + path.replace(/^\//, '') + (text ? `?${text}` : '');
}

/** Path with its parts encoded: `path('collections', id, 'items')`. */
export function path(...parts: string[]): string {
  return parts.map((part) => '/' + encodeURIComponent(part).replace(/%40/g, '@').replace(/%3A/gi, ':')).join('');
}

/** A link of the node's as this page reaches it: behind another host's name, the links may tell the inner one. */
export function near(href: string): string {
  const url = new URL(href, ROOT);
  const root = new URL(ROOT);
  return url.pathname.startsWith(root.pathname) ? root.origin + url.pathname + url.search : url.href;
}

interface Options {
  signal?: AbortSignal | undefined;
  headers?: Record<string, string>;
  method?: string;
  /** Sent as JSON, or as it is if it is a file. */
  body?: unknown;
}

/** Longest that a node which is busy is waited for before it is asked once more, in seconds. */
const MOST_PATIENCE = 10;

/**
 * Reply to a request; a `ProblemError` where it is none of success. What only reads is asked for once more where the
 * node says when to come again.
 */
export async function ask(address: string, options: Options = {}): Promise<Response> {
  let reply = await replyTo(address, options);
  const pause = pauseOf(reply);
  if (pause !== undefined && (options.method ?? 'GET') === 'GET') {
    await sleep(pause, options.signal);
    reply = await replyTo(address, options);
  }
  if (!reply.ok) throw await problemOf(reply);
  return reply;
}

async function replyTo(address: string, { method = 'GET', body, signal, headers: more }: Options): Promise<Response> {
  const raw = body instanceof Blob || body instanceof FormData || body instanceof URLSearchParams;
  const headers: Record<string, string> = { Accept: 'application/json, */*;q=0.5', 'Accept-Language': language.code, ...more };
  if (body !== undefined && !raw) headers['Content-Type'] = 'application/json';
  if (method !== 'GET') Object.assign(headers, session.proof);
  try {
    return await fetch(address.startsWith('/') ? at(address) : address, {
      method,
      headers,
      body: body === undefined ? null : raw ? body : JSON.stringify(body),
      credentials: 'same-origin',
      signal: signal ?? null,
    });
  } catch (error) {
    if ((error as Error).name === 'AbortError') throw error;
    throw new ProblemError(0, 'no-reply', 'no-reply');
  }
}

/** Seconds after which a busy node wants to be asked again; nothing where it is not busy, or for too long. */
function pauseOf(reply: Response): number | undefined {
  if (reply.status !== 429 && reply.status !== 503) return undefined;
  const told = reply.headers.get('retry-after') ?? '';
  return /^\d+$/.test(told) && Number(told) <= MOST_PATIENCE ? Number(told) : undefined;
}

/** Resolves after so many seconds; ends with the signal's reason where nobody waits any more. */
function sleep(seconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((done, fail) => {
    const clock = setTimeout(done, seconds * 1000);
    signal?.addEventListener('abort', () => (clearTimeout(clock), fail(signal.reason)), { once: true });
  });
}

async function problemOf(reply: Response): Promise<ProblemError> {
  const text = await reply.text().catch(() => '');
  try {
    const said = JSON.parse(text) as Record<string, string>;
    const title = said.title ?? reply.statusText;
    return new ProblemError(reply.status, title, said.detail ?? '', said.hint, said.parameter, said.type);
  } catch {
    return new ProblemError(reply.status, reply.statusText || String(reply.status), '');
  }
}

/** JSON document at `path` of the node. */
export async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  const reply = await ask(at(path, query), { signal });
  return (await reply.json()) as T;
}

/** As `get`, but `null` where nothing is there. */
export async function getIfAny<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T | null> {
  try {
    return await get<T>(path, query, signal);
  } catch (error) {
    if (error instanceof ProblemError && error.absent) return null;
    throw error;
  }
}

/** Send something: POST, PUT, PATCH or DELETE. The reply's JSON, or `null` where it has none. */
export async function send<T>(method: string, path: string, body?: unknown, options: Options = {}): Promise<T | null> {
  const reply = await ask(at(path), { ...options, method, body });
  const type = reply.headers.get('content-type') ?? '';
  return /[/+]json/.test(type) ? ((await reply.json()) as T) : null;
}

/** Pages of a list, each as soon as it is asked for; they follow the links `next`. */
export async function* pages<T extends { links?: Link[] }>(
  path: string,
  query: Query = {},
  signal?: AbortSignal,
): AsyncGenerator<T> {
  let address: string | undefined = at(path, query);
  while (address) {
    const page = (await (await ask(address, { signal })).json()) as T;
    yield page;
    const next: Link | undefined = page.links?.find((link) => link.rel === 'next');
    address = next && near(next.href);
  }
}

/** Whether an error is only that nobody waits for the reply any more. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
