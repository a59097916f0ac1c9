/** Signing in and out, tokens, the audit log. */
import { session, type Me } from '../stores/session.svelte';
import { at, get, path, send } from './client';

export interface Token {
  id: string;
  name: string;
  role: string;
  created: string;
  expires: string;
  used?: string;
  /** The secret; told once, when it is made. */
  token?: string;
}

export interface AuditLine {
  time: string;
  event: string;
  actor?: string;
  role?: string;
  address?: string;
  status?: number;
  dataset?: string;
  version?: number;
  [name: string]: unknown;
}

/** Begin a session; afterwards the node knows who asks. */
export async function signIn(name: string, password: string): Promise<void> {
  session.me = (await send<Me>('POST', '/login', { name, password })) ?? {};
  await session.load();
}

export async function signOut(): Promise<void> {
  await send('POST', '/logout');
  await session.load();
}

export async function tokens(signal?: AbortSignal): Promise<Token[]> {
  return (await get<{ tokens: Token[] }>('/tokens', {}, signal)).tokens;
}

export async function makeToken(asked: { name: string; role?: string; days: number }): Promise<Token> {
  return (await send<Token>('POST', '/tokens', asked))!;
}

export async function revokeToken(id: string): Promise<void> {
  await send('DELETE', path('tokens', id));
}

export async function audit(query: Record<string, string | number>, signal?: AbortSignal): Promise<AuditLine[]> {
  return (await get<{ lines: AuditLine[] }>('/audit', query, signal)).lines;
}

/** Where the provider of identities is asked who somebody is; `next` is an address of the portal. */
export function providerAddress(next: string): string {
  const root = new URL('..', document.baseURI).pathname;
  return at('/login/oidc', { next: `/${next.slice(root.length)}` });
}
