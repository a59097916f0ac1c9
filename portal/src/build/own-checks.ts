/** What the page asks for beyond what the node must have: thresholds without a source are not believed. */
import type { Pack, PackFinding, Score, Words } from '../api/packs';
import { t } from '../stores/language.svelte';

/** Whether a scoring has thresholds and does not say where they come from. */
export function needsSource(score: Score | undefined): boolean {
  if (!score || isTold(score.source)) return false;
  const { worst, best, target, bounds, at, points } = score;
  return [worst, best, target].some((one) => one !== undefined) || Boolean(bounds?.length || at?.length || points?.length);
}

function isTold(words: Words | undefined): boolean {
  const texts = typeof words === 'string' ? [words] : Object.values(words ?? {});
  return texts.some((one) => one.trim());
}

/** Findings of the page itself. */
export function ownFindings(pack: Pack): PackFinding[] {
  return Object.entries(pack.indicators)
    .filter(([, one]) => needsSource(one.score))
    .map(([id]) => ({ place: `indicators.${id}.score.source`, reason: t('build.source-missing'), hint: '' }));
}
