/** Words of the page for a word of the node. */
import { t } from '../stores/language.svelte';

/** What the page says for `key`; the node's own word where it says nothing. */
export function wordOf(key: string, word: string): string {
  const said = t(key);
  return said === key ? word : said;
}
