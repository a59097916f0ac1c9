/** One upload from choosing files to the records they give. */
import { isAbort } from '../api/client';
import { add, answer, begin, eventsAddress, forget, uploadOf, type Answers, type Outcome, type Question, type Stated, type Upload } from '../api/uploads';
import { together, type Chosen } from './files';
import { sendFile } from './sending';

/** Bytes as they come move a number; events that change how things stand are read anew at the end. */
type Events = 'state' | 'outcome' | 'questions' | 'end';

export class UploadWork {
  chosen: Chosen[] = $state.raw([]);
  stated: Stated = $state({});
  upload: Upload | undefined = $state.raw();
  /** Bytes that have come, by file. */
  received: Record<string, number> = $state({});
  outcomes: Outcome[] = $state.raw([]);
  questions: Question[] = $state.raw([]);
  sending = $state(false);
  /** The connection is lost, and it is tried again. */
  broken = $state(false);
  problem: unknown = $state.raw();
  #control = new AbortController();
  #source: EventSource | undefined;

  get state(): Upload['state'] | 'choosing' {
    return this.upload?.state ?? 'choosing';
  }

  choose(files: Chosen[]): void {
    this.chosen = together(this.chosen, files);
    this.problem = undefined;
  }

  drop(name: string): void {
    this.chosen = this.chosen.filter((one) => one.name !== name);
  }

  /** Files of a begun upload of which not all bytes have come, and which are not at hand. */
  get missing(): string[] {
    const here = new Set(this.chosen.map((one) => `${one.name}/${one.file.size}`));
    return (this.upload?.files ?? []).filter((file) => (this.received[file.name] ?? 0) < file.size && !here.has(`${file.name}/${file.size}`)).map((file) => file.name);
  }

  /** Begin the upload, or go on with it; then have it added. */
  async start(): Promise<void> {
    this.problem = undefined;
    this.sending = true;
    try {
      if (!this.upload) {
        const files = this.chosen.map(({ name, file }) => ({ name, size: file.size }));
        this.#take(await begin(files, this.#plain()));
      }
      await this.#send();
      this.#take(await add(this.upload!.id));
      this.follow();
    } catch (error) {
      if (!isAbort(error)) this.problem = error;
    } finally {
      this.sending = this.broken = false;
    }
  }

  async #send(): Promise<void> {
    const upload = this.upload!;
    const sizes = new Map(upload.files.map((file) => [file.name, file.size]));
    for (const { name, file } of this.chosen) {
      if (sizes.get(name) !== file.size) continue;
      await sendFile(upload.id, name, file, {
        signal: this.#control.signal,
        onprogress: (bytes) => (this.received[name] = bytes),
        onbroken: (broken) => (this.broken = broken),
      });
    }
  }

  /** What is stated, without what was left empty. */
  #plain(): Stated {
    return Object.fromEntries(Object.entries(this.stated).filter(([, value]) => value)) as Stated;
  }

  /** Open an upload that was begun before. */
  async open(id: string): Promise<void> {
    try {
      this.#take(await uploadOf(id, this.#control.signal));
      if (['waiting', 'reading'].includes(this.state)) this.follow();
    } catch (error) {
      if (!isAbort(error)) this.problem = error;
    }
  }

  async answer(answers: Answers): Promise<void> {
    this.#take(await answer(this.upload!.id, answers));
    this.follow();
  }

  async again(): Promise<void> {
    this.problem = undefined;
    try {
      this.#take(await add(this.upload!.id));
      this.follow();
    } catch (error) {
      this.problem = error;
    }
  }

  /** Have the node stop reading and forget what was sent; whether that is done. */
  async stop(): Promise<boolean> {
    this.problem = undefined;
    try {
      await forget(this.upload!.id);
      return true;
    } catch (error) {
      this.problem = error;
      return false;
    }
  }

  #take(upload: Upload): void {
    this.upload = upload;
    this.outcomes = upload.outcomes;
    this.questions = upload.questions;
    for (const file of upload.files) this.received[file.name] = file.received;
  }

  /** Hear of what becomes of the files, as it happens. */
  follow(): void {
    this.#source?.close();
    const source = new EventSource(eventsAddress(this.upload!.id));
    this.#source = source;
    this.outcomes = [];
    const on = (name: Events, hear: (said: never) => void): void =>
      source.addEventListener(name, (event) => hear(JSON.parse((event as MessageEvent<string>).data) as never));
    source.onopen = () => (this.broken = false);
    source.onerror = () => (this.broken = true);
    on('state', (said: Partial<Upload>) => (this.upload = { ...this.upload!, ...said }));
    on('outcome', (said: Outcome) => (this.outcomes = [...this.outcomes.filter((one) => one.name !== said.name), said]));
    on('questions', (said: { questions: Question[] }) => (this.questions = said.questions));
    on('end', () => void this.#end(source));
  }

  async #end(source: EventSource): Promise<void> {
    source.close();
    this.broken = false;
    await this.open(this.upload!.id);
  }

  close(): void {
    this.#control.abort();
    this.#source?.close();
  }
}
