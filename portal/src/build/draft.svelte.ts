/** The pack that is being built: its text, what the node says of it, what can be undone, what the browser keeps. */
import { untrack } from 'svelte';
import { isAbort } from '../api/client';
import { language } from '../stores/language.svelte';
import { checkPack, type Checked, type Overlay, type Pack, type PackFinding, type Resolved } from '../api/packs';

const KEPT_AS = 'craton.build';
const CHECK_AFTER = 350;
const KEEP_AFTER = 600;
const MOST_STEPS = 60;

interface Kept {
  pack: Pack;
  overlay: Overlay;
  dataset: string;
}

export class Draft {
  pack: Pack | undefined = $state();
  overlay: Overlay = $state({});
  /** Dataset that it is tried on. */
  dataset = $state('');
  checked: Checked | undefined = $state.raw();
  checking = $state(false);
  problem: unknown = $state.raw();
  #past: string[] = $state.raw([]);
  #future: string[] = $state.raw([]);
  #seen = '';
  #asked = '';
  #control: AbortController | undefined;
  #timers: ReturnType<typeof setTimeout>[] = [];

  #chinese: typeof import('./reasons-chinese') | undefined = $state.raw();
  findings: PackFinding[] = $derived((this.checked?.findings ?? []).map((one) => this.#said(one)));
  resolved: Resolved = $derived(this.checked?.resolved ?? {});
  mayUndo = $derived(this.#past.length > 0);
  mayRedo = $derived(this.#future.length > 0);

  constructor() {
    const kept = read();
    if (!kept) return;
    this.#take(kept);
    this.#seen = this.text;
  }

  /** Begin with `pack`; what was there can be had back by undoing. */
  open(pack: Pack, dataset = '', overlay: Overlay = {}): void {
    const before = this.text;
    this.#take({ pack, overlay, dataset });
    this.#seen = this.text;
    this.checked = undefined;
    this.#past = before ? [...this.#past, before] : [];
    this.#future = [];
    write(this.#seen);
  }

  /** Take everything away. */
  close(): void {
    this.pack = undefined;
    this.overlay = {};
    this.dataset = '';
    this.checked = undefined;
    this.#past = this.#future = [];
    this.#seen = this.#asked = '';
    this.#stop();
    write(undefined);
  }

  get text(): string {
    return this.pack ? JSON.stringify({ pack: this.pack, overlay: this.overlay, dataset: this.dataset }) : '';
  }

  /** Look at what changed: call in an effect, so that it is called again after each change. */
  watch(): void {
    const text = this.text;
    untrack(() => {
      if (!text || text === this.#asked) return;
      this.#asked = text;
      this.#later();
    });
  }

  #later(): void {
    this.#stop();
    this.#timers = [setTimeout(() => void this.check(), CHECK_AFTER), setTimeout(() => this.#remember(), KEEP_AFTER)];
  }

  #stop(): void {
    this.#timers.forEach(clearTimeout);
    this.#control?.abort();
  }

  async check(): Promise<void> {
    if (!this.pack) return;
    this.#control?.abort();
    const control = new AbortController();
    this.#control = control;
    this.checking = true;
    if (language.code === 'zh') this.#chinese ??= await import('./reasons-chinese');
    try {
      this.checked = await checkPack($state.snapshot(this.pack) as Pack, $state.snapshot(this.overlay), control.signal);
      this.problem = undefined;
    } catch (error) {
      if (isAbort(error)) return;
      this.problem = error;
    }
    this.checking = false;
  }

  /** Keep a step to come back to, and the draft in the browser. */
  #remember(): void {
    const text = this.text;
    if (text === this.#seen) return;
    if (this.#seen) this.#past = [...this.#past.slice(-MOST_STEPS), this.#seen];
    this.#future = [];
    this.#seen = text;
    write(text);
  }

  undo(): void {
    this.#remember();
    const before = this.#past.at(-1);
    if (!before) return;
    this.#past = this.#past.slice(0, -1);
    this.#future = [...this.#future, this.#seen];
    this.#restore(before);
  }

  redo(): void {
    const next = this.#future.at(-1);
    if (!next) return;
    this.#future = this.#future.slice(0, -1);
    this.#past = [...this.#past, this.#seen];
    this.#restore(next);
  }

  #restore(text: string): void {
    this.#take(JSON.parse(text) as Kept);
    this.#seen = this.text;
    write(this.#seen);
  }

  #take({ pack, overlay, dataset }: Kept): void {
    this.pack = pack;
    this.overlay = overlay;
    this.dataset = dataset;
  }

  /** A finding in the language of the page, where that is known. */
  #said(one: PackFinding): PackFinding {
    const words = language.code === 'zh' ? this.#chinese : undefined;
    return words ? { ...one, reason: words.reason(one.reason), hint: words.hint(one.hint) } : one;
  }

  /** What is wrong at `place` itself; with `within`, at all places in it too. */
  at(place: string, within = false): PackFinding[] {
    return this.findings.filter((one) => one.place === place || (within && one.place.startsWith(`${place}.`)));
  }
}

function read(): Kept | undefined {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT_AS) ?? 'null') as Kept | null;
    return kept?.pack?.attributes && kept.pack.criteria ? { ...kept, overlay: kept.overlay ?? {}, dataset: kept.dataset ?? '' } : undefined;
  } catch {
    return undefined; // a browser may keep nothing, or something else
  }
}

function write(text: string | undefined): void {
  try {
    if (text) localStorage.setItem(KEPT_AS, text);
    else localStorage.removeItem(KEPT_AS);
  } catch {
    // the draft then lasts as long as the page
  }
}

export const draft = new Draft();
