/** A pack as it comes from a text or a file, so that every field of the page has what it edits. */
import type { Pack } from '../api/packs';
import { emptyPack } from './templates';

const TABLES = ['attributes', 'indicators', 'criteria', 'rules', 'scenarios'] as const;

/** `read` with what is missing; nothing where a part is of another kind than it must be. */
export function shaped(read: unknown): Pack | undefined {
  if (!isTable(read)) return undefined;
  const pack = { ...emptyPack(), criteria: {}, ...read } as Pack;
  if (TABLES.some((name) => pack[name] !== undefined && !isTableOfTables(pack[name]))) return undefined;
  if (!Array.isArray(pack.grades) || !pack.grades.every(isTable)) return undefined;
  const parts = Object.values(pack.criteria).every((one) => Array.isArray((one.parts ??= [])));
  const rules = Object.values(pack.rules ?? {}).every((one) => Array.isArray((one.rules ??= [])) && isTable((one.answers ??= {})));
  const words = [pack.report, pack.uncertainty].every((one) => one === undefined || isTable(one));
  return parts && rules && words ? pack : undefined;
}

function isTable(one: unknown): one is Record<string, unknown> {
  return typeof one === 'object' && one !== null && !Array.isArray(one);
}

function isTableOfTables(one: unknown): boolean {
  return isTable(one) && Object.values(one).every(isTable);
}
