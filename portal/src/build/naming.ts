/** Names of the parts of a pack: made from words, kept apart, changed everywhere at once. */
import type { Criterion, Pack, Scenario, Weights } from '../api/packs';

export type Group = 'attributes' | 'indicators' | 'criteria' | 'rules' | 'scenarios';

const RESERVED = new Set(['and', 'or', 'not', 'in', 'is', 'if', 'else', 'for', 'pi', 'score', 'where', 'class', 'grade', 'rank', 'label', 'geometry', 'efficiency', 'limiting', 'none', 'true', 'false']);

/** An identifier of the words of a title or the name of a column; `fallback` where no Latin letter is in them. */
export function identifierOf(words: string, fallback: string): string {
  const plain = words.normalize('NFKD').toLowerCase().replace(/[^a-z0-9]+/g, '_').replace(/^[_0-9]+|_+$/g, '').slice(0, 40).replace(/_+$/, '');
  const id = plain || fallback;
  return RESERVED.has(id) || id.startsWith('score_') ? `${id}_value` : id;
}

/** `id`, or with a number behind it where that is taken. */
export function free(id: string, taken: Iterable<string>): string {
  const among = new Set(taken);
  if (!among.has(id)) return id;
  let number = 2;
  while (among.has(`${id}_${number}`)) number += 1;
  return `${id}_${number}`;
}

/** All names that a new part must not have. */
export function taken(pack: Pack): string[] {
  return [...Object.keys(pack.attributes), ...Object.keys(pack.indicators), ...Object.keys(pack.criteria)];
}

/** `members` with another key in the place of one, in the same order. */
export function rekeyed<T>(members: Record<string, T>, from: string, to: string): Record<string, T> {
  return Object.fromEntries(Object.entries(members).map(([key, value]) => [key === from ? to : key, value]));
}

/** By name in its formula, what an indicator of the library is worked out from. */
export type InputsOf = (id: string) => Record<string, string>;

/** Call a part of the pack otherwise, wherever it is named. */
export function rename(pack: Pack, group: Group, from: string, to: string, inputsOf: InputsOf): void {
  const members = pack[group];
  if (from === to || !members || to in members) return;
  // Where an attribute and an indicator have one name, the plain name is the attribute's.
  const plain = group === 'attributes' || (group === 'indicators' && !(from in pack.attributes));
  const scored = group === 'indicators' || group === 'criteria';
  (pack as Record<string, unknown>)[group] = rekeyed(members as Record<string, unknown>, from, to);
  if (!plain && !scored) return;
  if (group === 'criteria' && pack.goal === from) pack.goal = to;
  if (group === 'attributes' && pack.area === from) pack.area = to;
  const texts = (text: string): string => {
    const named = plain ? inText(text, from, to) : text;
    return scored ? inText(named, `score_${from}`, `score_${to}`) : named;
  };
  if (plain) renameInputs(pack, from, to, inputsOf);
  if (scored) for (const one of Object.values(pack.criteria)) renameParts(one, from, to);
  for (const one of Object.values(pack.rules ?? {})) for (const rule of one.rules) rule.when = texts(rule.when);
  for (const one of Object.values(pack.scenarios ?? {})) renameScenario(one, group, from, to);
  for (const chart of pack.report?.charts ?? []) if (chart.columns) chart.columns = chart.columns.map(texts);
}

function renameInputs(pack: Pack, from: string, to: string, inputsOf: InputsOf): void {
  for (const [id, one] of Object.entries(pack.indicators)) {
    if (one.formula !== undefined && !(from in (one.inputs ?? {}))) one.formula = inText(one.formula, from, to);
    // A formula of the library names its inputs itself: what is called otherwise now has to be told.
    const told = one.library && !one.formula ? inputsOf(id) : (one.inputs ?? {});
    const changed = Object.entries(told).filter(([, source]) => source === from);
    if (changed.length) one.inputs = { ...one.inputs, ...Object.fromEntries(changed.map(([name]) => [name, to])) };
  }
}

function renameParts(criterion: Criterion, from: string, to: string): void {
  if (!criterion.parts.includes(from)) return;
  criterion.parts = criterion.parts.map((part) => (part === from ? to : part));
  if (criterion.weights) renameWeights(criterion.weights, from, to);
}

function renameWeights(weights: Weights, from: string, to: string): void {
  for (const name of ['values', 'best_over', 'over_worst'] as const) {
    const numbers = weights[name];
    if (numbers) weights[name] = rekeyed(numbers, from, to);
  }
  const other = (name: string): string => (name === from ? to : name);
  if (weights.judgments) weights.judgments = weights.judgments.map(([one, two, value]) => [other(one), other(two), value]);
}

function renameScenario(scenario: Scenario, group: Group, from: string, to: string): void {
  if (scenario.weights && group === 'criteria') scenario.weights = rekeyed(scenario.weights, from, to);
  if (scenario.weights && group !== 'attributes') for (const one of Object.values(scenario.weights)) renameWeights(one, from, to);
  if (!scenario.set || group !== 'attributes') return;
  const set = rekeyed(scenario.set, from, to);
  scenario.set = Object.fromEntries(Object.entries(set).map(([key, text]) => [key, inText(text, from, to)]));
}

/** An expression with another name in the place of one; texts in quotes stay, but for the names of attributes in `class(…)`. */
export function inText(text: string, from: string, to: string): string {
  const word = new RegExp(`\\b${from}\\b`, 'g');
  const parts = text.split(/('[^']*'|"[^"]*")/);
  return parts.map((part, at) => (at % 2 ? (/\bclass\(\s*$/.test(parts[at - 1] ?? '') ? part.replace(word, to) : part) : part.replace(word, to))).join('');
}

/** Take a part of the pack away, and out of the criteria it belongs to. */
export function remove(pack: Pack, group: Group, id: string): void {
  const members = pack[group] as Record<string, unknown> | undefined;
  if (!members) return;
  delete members[id];
  if (group === 'indicators' || group === 'criteria') for (const one of Object.values(pack.criteria)) withoutPart(one, id);
}

/** Take a part out of a criterion with all that is said of its weight. */
export function withoutPart(criterion: Criterion, id: string): void {
  if (!criterion.parts.includes(id)) return;
  criterion.parts = criterion.parts.filter((part) => part !== id);
  const weights = criterion.weights;
  if (!weights) return;
  for (const name of ['values', 'best_over', 'over_worst'] as const) delete weights[name]?.[id];
  if (weights.judgments) weights.judgments = weights.judgments.filter(([one, two]) => one !== id && two !== id);
}
