/** The units of an answer: found, chosen, and told of as far as the datasets of the run tell. */
import type { Feature } from 'geojson';
import { explainedOf, unitAt, unitsNamed, type Answer, type Contribution, type Explained, type UnitAnswer } from '../api/decision';
import { isAbort } from '../api/client';
import { valuesAt } from '../api/coverages';
import { kindOf } from '../api/records';
import { infos } from '../map/infos.svelte';
import { place } from '../stores/language.svelte';
import { unitName } from './words';

export interface Brought extends Contribution {
  obstacle?: number | undefined;
  from?: string | undefined;
}

export interface Unit extends Omit<UnitAnswer, 'contributions' | 'row' | 'rank'> {
  /** Nothing for a cell of a grid, which is asked for by its place. */
  row: number | undefined;
  rank: number | undefined;
  /** What each indicator brings; empty where it is not kept. */
  brought: Brought[];
  /** Scores of the indicators, where what they bring is not kept. */
  scores: { indicator: string; value: number | null; score: number | null }[];
}

const MOST_FOUND = 12;

type Properties = Record<string, unknown>;

export class Units {
  /** Identifier of the dataset of the units; empty where it is not to be had. */
  readonly id: string;
  readonly isGrid: boolean;
  chosen: Unit | undefined = $state.raw();
  error: unknown = $state.raw();
  busy = $state(false);
  #control: AbortController | undefined;

  constructor(readonly answer: Answer) {
    const { units, cells } = answer.sisters;
    this.id = (units ?? cells)?.id ?? '';
    this.isGrid = Boolean(cells && kindOf(cells) !== 'table');
    if (this.id && !(cells && kindOf(cells) === 'volume')) infos.want(this.id);
  }

  get info() {
    return infos.all[this.id];
  }

  /** Column that names the units: the one that says what the answer calls the best of them. */
  get label(): string {
    const told = [...this.answer.told.best, ...this.answer.told.poorest];
    const features = this.info?.features?.features ?? this.info?.sample ?? [];
    const byRow = new Map(features.map((one) => [Number(one.id), one.properties ?? {}]));
    const known = told.filter((one) => byRow.has(one.row));
    const columns = this.info?.columns ?? [];
    return columns.find(({ name }) => known.length > 0 && known.every((one) => String(byRow.get(one.row)![name]) === one.label))?.name ?? '';
  }

  /** Choose a unit by its row, from 1. */
  async choose(row: number): Promise<void> {
    await this.#load(async (signal) => {
      const told = [...this.answer.told.best, ...this.answer.told.poorest].find((one) => one.row === row);
      const contributions = this.answer.sisters.contributions?.id;
      const [feature, explained] = await Promise.all([
        this.id && !this.isGrid ? this.#feature(row, signal) : undefined,
        contributions ? explainedOf(contributions, row, signal) : [],
      ]);
      return unitOf(row, feature?.properties ?? {}, explained, told, this);
    });
  }

  /** Choose the cell of a grid at a place. */
  async chooseAt(longitude: number, latitude: number): Promise<void> {
    await this.#load(async (signal) => {
      const found = await valuesAt(this.id, longitude, latitude, signal);
      const properties = Object.fromEntries(found.map((one) => [one.name, one.values[0] ?? null]));
      const unit = unitOf(undefined, properties, [], undefined, this);
      return { ...unit, label: place(longitude, latitude), position: [longitude, latitude] };
    });
  }

  async #feature(row: number, signal: AbortSignal): Promise<Feature> {
    const here = this.info?.features?.features.find((one) => Number(one.id) === row);
    return here ?? (await unitAt(this.id, row, signal));
  }

  async #load(work: (signal: AbortSignal) => Promise<Unit>): Promise<void> {
    this.#control?.abort();
    const control = (this.#control = new AbortController());
    this.busy = true;
    this.error = undefined;
    try {
      this.chosen = await work(control.signal);
    } catch (error) {
      if (!isAbort(error)) this.error = error;
    } finally {
      if (this.#control === control) this.busy = false;
    }
  }

  /** Units whose name holds some words. */
  async find(words: string, signal: AbortSignal): Promise<{ row: number; label: string }[]> {
    const column = this.label;
    const features = this.info?.features?.features;
    const named = (one: Feature): { row: number; label: string } => ({ row: Number(one.id), label: String(one.properties?.[column] ?? one.id) });
    if (features) {
      const wanted = words.toLowerCase();
      const rank = (label: string): number => (label.toLowerCase() === wanted ? 0 : label.toLowerCase().startsWith(wanted) ? 1 : 2);
      const fits = features.map(named).filter((one) => one.label.toLowerCase().includes(wanted));
      return fits.sort((a, b) => rank(a.label) - rank(b.label)).slice(0, MOST_FOUND);
    }
    if (!column) return /^\d+$/.test(words) ? [{ row: Number(words), label: words }] : [];
    return (await unitsNamed(this.id, column, words, signal)).map(named).slice(0, MOST_FOUND);
  }
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function unitOf(row: number | undefined, properties: Properties, explained: Explained[], told: UnitAnswer | undefined, units: Units): Unit {
  const { indicators, nodes, rules = [] } = units.answer.told;
  const leaves = nodes.filter((one) => one.kind === 'indicator').map((one) => one.id);
  const tables = [...new Set(rules.map((one) => one.table))];
  const answers = Object.fromEntries(
    tables.flatMap((table) => {
      const words = wordOf(properties[table], rules.filter((one) => one.table === table).map((one) => one.id));
      return words ? [[table, words]] : [];
    }),
  );
  // Codes of cells count the scored indicators in the order in which the answer tells what they bring.
  const scored = units.answer.told.best[0]?.contributions?.map((one) => one.indicator) ?? leaves;
  const grade = number(properties.grade_number);
  return {
    row,
    label: (told && unitName(units.answer.told, told)) ?? explained[0]?.label ?? String(properties[units.label] ?? row ?? ''),
    score: number(properties.score) ?? told?.score ?? NaN,
    rank: number(properties.rank) ?? told?.rank,
    grade: !grade ? (told?.grade ?? -1) : grade - 1,
    limiting: wordOf(properties.limiting, scored) || (told?.limiting ?? ''),
    rules: Object.keys(answers).length ? answers : (told?.rules ?? {}),
    ...optional('grade_probability', number(properties.grade_probability) ?? told?.grade_probability),
    ...optional('best_rank', number(properties.best_rank) ?? told?.best_rank),
    ...optional('worst_rank', number(properties.worst_rank) ?? told?.worst_rank),
    brought: explained.length ? explained : (told?.contributions ?? []),
    scores: indicators
      .filter((one) => leaves.includes(one.id))
      .map(({ id }) => ({ indicator: id, value: number(properties[id]) ?? null, score: number(properties[`score_${id}`]) ?? null })),
  };
}

/** A word of a table; in a grid, where words are codes from 1, the one of `words` that the code stands for. */
function wordOf(value: unknown, words: string[]): string {
  return typeof value === 'number' ? (words[value - 1] ?? '') : typeof value === 'string' ? value : '';
}

function optional<Name extends string>(name: Name, value: number | undefined): Partial<Record<Name, number>> {
  return value === undefined ? {} : ({ [name]: value } as Partial<Record<Name, number>>);
}
