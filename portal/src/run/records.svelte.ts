/** Records of the datasets that stand in forms, each fetched once. */
import { recordIfAny } from '../api/records';
import type { DatasetRecord } from '../api/types';
import { namedOf } from './datasets';

class Records {
  /** By identifier; `null` where there is no such dataset, or not for this visitor. */
  all: Record<string, DatasetRecord | null> = $state.raw({});
  #coming = new Set<string>();

  /** See that the record of what `text` names comes. */
  want(text: string): void {
    const { id } = namedOf(text);
    if (!id || id in this.all || this.#coming.has(id)) return;
    this.#coming.add(id);
    recordIfAny(id)
      .then((record) => this.put(id, record))
      .catch(() => this.put(id, null))
      .finally(() => this.#coming.delete(id));
  }

  put(id: string, record: DatasetRecord | null): void {
    this.all = { ...this.all, [id]: record };
  }

  /** Record of what `text` names, where it is here already. */
  of(text: string | undefined): DatasetRecord | null | undefined {
    return text ? this.all[namedOf(text).id] : undefined;
  }
}

export const records = new Records();
