/** Features in words: what one is called, and what is known of it. */
import type { SiteFeature } from '../api/site';
import { cell, language, withUnit } from '../stores/language.svelte';

type Columns = Record<string, { title?: string; unit?: string }> | undefined;

const NAMES = [/^name$/i, /^name_/i, /name$/i, /^title/i, /^(unit|formation|lithology|rock|hole_id|site|station|place)/i];
const MOST_FACTS = 8;

/** What a feature is called: the first of its columns that looks like a name, in the language of the page if it can be. */
export function nameOf(feature: SiteFeature): string {
  const texts = Object.entries(feature.properties).filter(([, value]) => typeof value === 'string' && value);
  const own = texts.find(([column]) => column.toLowerCase() === `name_${language.code}`);
  if (own) return String(own[1]);
  for (const pattern of NAMES) {
    const found = texts.find(([column]) => pattern.test(column));
    if (found) return String(found[1]);
  }
  return texts[0] ? String(texts[0][1]) : '';
}

/** Title and value of what is known of a feature, its name aside. */
export function factsOf(feature: SiteFeature, columns: Columns): [string, string][] {
  const name = nameOf(feature);
  return Object.entries(feature.properties)
    .filter(([, value]) => value !== null && value !== '' && value !== name && typeof value !== 'object')
    .slice(0, MOST_FACTS)
    .map(([column, value]) => {
      const unit = columns?.[column]?.unit;
      const text = cell(value, { name: column, unit }, 6);
      return [columns?.[column]?.title || plain(column), typeof value === 'number' ? withUnit(text, unit) : text];
    });
}

function plain(column: string): string {
  const words = column.replace(/_/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
