/** Short messages that come at the edge of the page and go by themselves. */
import { ProblemError, isAbort } from '../api/client';
import { t, told } from './language.svelte';

export interface Toast {
  id: number;
  kind: 'info' | 'good' | 'bad';
  text: string;
}

const SECONDS = 6;
let last = 0;

class Toasts {
  shown: Toast[] = $state([]);

  say(text: string, kind: Toast['kind'] = 'info'): void {
    const id = ++last;
    this.shown.push({ id, kind, text });
    setTimeout(() => this.drop(id), SECONDS * 1000);
  }

  /** Tell an error in plain words; one that nobody waits for is not told. */
  fail(error: unknown): void {
    if (!isAbort(error)) this.say(wordsOf(error), 'bad');
  }

  drop(id: number): void {
    this.shown = this.shown.filter((one) => one.id !== id);
  }
}

export const toasts = new Toasts();

/** What to tell a person about an error: what it is in their language, then what the node says of it, in English. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof ProblemError)) return error instanceof Error ? error.message : String(error);
  if (error.status === 0) return t('error.no-reply');
  const detail = error.hint ? `${error.detail} (${error.hint})` : error.detail;
  const kind = kindOf(error);
  if (!kind) return detail || error.title;
  return detail ? t('problem.told', { kind: t(kind), detail }) : t(kind);
}

/** Key of the words for a problem: by its type, or by its status. */
function kindOf({ type, status }: ProblemError): string | undefined {
  const known = [type.split(/[/#:]/).pop() ?? '', String(status), status >= 500 ? '500' : '400'];
  return known.map((one) => `problem.${one}`).find(told);
}
