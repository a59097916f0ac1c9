/** Short messages that come at the edge of the page and go by themselves. */
import { ProblemError, isAbort } from '../api/client';
import { t } from './language.svelte';

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

/** What to tell a person about an error. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof ProblemError)) return error instanceof Error ? error.message : String(error);
  if (error.status === 0) return t('error.no-reply');
  const detail = error.detail || error.title;
  return error.hint ? `${detail} (${error.hint})` : detail;
}
