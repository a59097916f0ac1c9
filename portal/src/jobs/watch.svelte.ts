/** Follows a job: asks often at first, then less, and not at all while nobody looks or once it is over. */
import { isAbort } from '../api/client';
import { isOver, jobOf, type Job } from '../api/processes';

const FIRST = 700;
const LONGEST = 10_000;

export class Watch {
  job: Job | undefined = $state.raw();
  error: unknown = $state.raw();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #control = new AbortController();
  #wait = FIRST;
  #stopped = false;

  constructor(readonly id: string) {
    document.addEventListener('visibilitychange', this.#seen);
    void this.ask();
  }

  /** Ask now; the next time comes by itself. */
  ask = async (): Promise<void> => {
    clearTimeout(this.#timer);
    try {
      const before = this.job;
      this.job = await jobOf(this.id, this.#control.signal);
      this.error = undefined;
      const moved = before?.progress !== this.job.progress || before?.status !== this.job.status;
      this.#wait = moved ? FIRST : Math.min(this.#wait * 1.5, LONGEST);
    } catch (error) {
      if (isAbort(error)) return;
      this.error = error;
      this.#wait = Math.min(this.#wait * 2, LONGEST);
    }
    this.#later();
  };

  #later(): void {
    const lost = this.error !== undefined && !this.job;
    if (this.#stopped || document.hidden || lost || (this.job && isOver(this.job))) return;
    this.#timer = setTimeout(() => void this.ask(), this.#wait);
  }

  #seen = (): void => {
    if (document.hidden) clearTimeout(this.#timer);
    else if (!this.job || !isOver(this.job)) void this.ask();
  };

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#control.abort();
    document.removeEventListener('visibilitychange', this.#seen);
  }
}
