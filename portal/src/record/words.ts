/** Words of the page for a word of the node; the node's own where the page has none. */
import { t } from '../stores/language.svelte';

export function wordOf(area: 'type' | 'role' | 'outcome' | 'axis', word: string): string {
  const key = `${area}.${word}`;
  const said = t(key);
  return said === key ? word : said;
}
