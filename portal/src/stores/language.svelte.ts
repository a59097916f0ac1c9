/** The language of the page: its words, and how it writes numbers, dates, lengths and areas. */
import english from '../languages/en.json';

type Words = Record<string, string>;
type Values = Record<string, string | number>;

/** Languages by code, each by its own name. */
export const LANGUAGES: Record<string, string> = {
  en: 'English',
  zh: '中文',
  lo: 'ລາວ',
  km: 'ខ្មែរ',
  th: 'ไทย',
  my: 'မြန်မာ',
  vi: 'Tiếng Việt',
  id: 'Bahasa Indonesia',
  ms: 'Bahasa Melayu',
};

/** Languages that have few words yet: most of the page is English then, and is told to be so. */
export const PARTLY = new Set(['lo', 'km', 'th', 'my', 'vi', 'id', 'ms']);

const KEPT_AS = 'craton.language';
const files = import.meta.glob<{ default: Words }>('../languages/*.json');

class Language {
  code = $state('en');
  words: Words = $state.raw(english as Words);

  /** Locale for numbers: digits are 0 to 9 everywhere, as in the data. */
  locale = $derived(`${this.code === 'zh' ? 'zh-CN' : this.code}-u-nu-latn`);

  /** Language of most of the words: what reads the page aloud must not read English as if it were Lao. */
  spoken = $derived(PARTLY.has(this.code) ? 'en' : this.code);

  /** Speak `code`; remembered in this browser. */
  async set(code: string, keep = true): Promise<void> {
    const load = files[`../languages/${code}.json`];
    if (!load) return;
    if (code === 'zh') void import('../styles/fonts-chinese');
    const own = code === 'en' ? {} : (await load()).default;
    this.words = { ...(english as Words), ...own };
    this.code = code;
    document.documentElement.lang = this.spoken;
    document.documentElement.dataset.language = code;
    document.documentElement.dir = 'ltr';
    if (keep) remember(code);
  }

  /** The language chosen before, asked for by `?lang=`, or the first of the browser's that is here. */
  async start(): Promise<void> {
    const asked = new URLSearchParams(location.search).get('lang');
    const wished = [asked, remembered(), ...navigator.languages.map((one) => one.slice(0, 2))];
    await this.set(wished.find((one) => one && one in LANGUAGES) ?? 'en', Boolean(asked));
  }
}

function remembered(): string | null {
  try {
    return localStorage.getItem(KEPT_AS);
  } catch {
    return null; // a browser may keep nothing
  }
}

function remember(code: string): void {
  try {
    localStorage.setItem(KEPT_AS, code);
  } catch {
    // the choice then lasts as long as the page
  }
}

export const language = new Language();

/**
 * The words of `key`, with `{name}` replaced by `values`. With a `count` among them, `key.one`, `key.other`
 * and so on are chosen by the rules of the language; numbers are written its way.
 */
export function t(key: string, values: Values = {}): string {
  const text = plural(key, values.count) ?? language.words[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === 'number' ? number(value) : value;
  });
}

function plural(key: string, count: string | number | undefined): string | undefined {
  if (typeof count !== 'number') return undefined;
  const form = new Intl.PluralRules(language.locale).select(count);
  return language.words[`${key}.${form}`] ?? language.words[`${key}.other`];
}

/** Whether there are words for `key`. */
export function told(key: string): boolean {
  return key in language.words;
}

/** The text in the language of the page, else in English, else any (`{en: …, zh: …}`). */
export function local(texts: Record<string, string> | string | undefined | null): string {
  if (!texts || typeof texts === 'string') return texts ?? '';
  return texts[language.code] ?? texts.en ?? texts.und ?? Object.values(texts)[0] ?? '';
}

/** A number with so many significant digits. */
export function number(value: number, digits = 6): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  const notation = size !== 0 && (size < 1e-4 || size >= 1e12) ? 'scientific' : 'standard';
  return new Intl.NumberFormat(language.locale, { maximumSignificantDigits: digits, notation }).format(value);
}

/** A number and its unit: `1`, `count` and nothing mean that there is none. */
export function quantity(value: number, unit = '', digits = 6): string {
  return withUnit(number(value, digits), unit);
}

/** What was written of a number, and its unit. */
export function withUnit(text: string, unit = ''): string {
  const words = unitWords(unit).replace(/^1\//, '/');
  return words ? `${text}${words === '°' ? '' : ' '}${words}` : text;
}

/** Units that are written otherwise than the data names them. */
const UNITS: [RegExp, string][] = [
  [/^degC$/, '°C'],
  [/^deg$/, '°'],
  [/\bohm\.m\b/, 'Ω·m'],
  [/\bu(?=(m|s|S|W)\b)/g, 'µ'],
  [/(?<=[A-Za-z])2\b/g, '²'],
  [/(?<=[A-Za-z])3\b/g, '³'],
];

/** A unit as it is written, such as km² for km2; nothing for `1`, `count` and none. */
export function unitWords(unit = ''): string {
  if (unit === '1' || unit === 'count') return '';
  const named = unit.replace(/\bmoney\b/, t('unit.money')).replace(/\bperson\b/, t('unit.person'));
  return UNITS.reduce((text, [from, to]) => text.replace(from, to), named);
}

/** What is told of numbers, with their unit. */
export function headed(title: string, unit: string | undefined): string {
  const words = unitWords(unit);
  return words ? `${title} [${words}]` : title;
}

/** Columns whose whole numbers name something, such as a hole or a year. */
const NAMING = /(^|[_\s.-])(id|fid|gid|oid|code|number|no|nr|year)$|编号|代码|年份?$/i;

/** What is known of a column: with a unit or a quantity, its numbers are measured and name nothing. */
interface Measured {
  name?: string;
  unit?: string | undefined;
  quantity?: string | undefined;
}

/** A value of a table: whole numbers that name something, or look like a year, are written without signs between their digits. */
export function cell(value: unknown, { name = '', unit, quantity: of }: Measured = {}, digits = 8): string {
  if (value === null || value === undefined || value === '') return '–';
  if (typeof value === 'object') return JSON.stringify(value);
  if (typeof value !== 'number') return String(value);
  const names = Number.isInteger(value) && (NAMING.test(name) || (!unit && !of && value > 1000 && value < 2200));
  return names ? String(value) : number(value, digits);
}

/** A day, and the time of day where `time` is wanted. */
export function date(text: string | number | Date, time = false): string {
  const moment = new Date(text);
  if (Number.isNaN(moment.getTime())) return String(text);
  const options: Intl.DateTimeFormatOptions = time
    ? { dateStyle: 'medium', timeStyle: 'short' }
    : { dateStyle: 'medium', timeZone: 'UTC' };
  return new Intl.DateTimeFormat(language.locale, options).format(moment);
}

/** A span of seconds, such as 2 min or 3 h. */
export function duration(seconds: number): string {
  const [value, unit] =
    seconds < 90 ? [seconds, 'second'] : seconds < 5400 ? [seconds / 60, 'minute'] : [seconds / 3600, 'hour'];
  return measured(value, unit, seconds < 10 ? 1 : 0);
}

/** A length in metres as m or km. */
export function distance(metres: number): string {
  return metres < 1000 ? measured(metres, 'meter', 1) : measured(metres / 1000, 'kilometer', metres < 1e5 ? 2 : 0);
}

/** An area in square metres as m², ha or km². */
export function area(squareMetres: number): string {
  if (squareMetres < 1e4) return `${number(squareMetres, 4)} m²`;
  return squareMetres < 1e6 ? `${number(squareMetres / 1e4, 4)} ha` : `${number(squareMetres / 1e6, 5)} km²`;
}

/** A size in bytes as kB, MB or GB. */
export function bytes(count: number): string {
  const steps = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;
  const step = Math.min(steps.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(count, 1)) / 3)));
  return measured(count / 1000 ** step, steps[step] ?? 'byte', step ? 1 : 0);
}

function measured(value: number, unit: string, digits: number): string {
  const options = { style: 'unit', unit, maximumFractionDigits: digits } as const;
  return new Intl.NumberFormat(language.locale, options).format(value);
}

/** A place as degrees, with letters for the halves of the earth. */
export function place(longitude: number, latitude: number, digits = 4): string {
  const one = (value: number, letters: string): string =>
    `${Math.abs(value).toFixed(digits)}° ${value < 0 ? letters[1] : letters[0]}`;
  return `${one(latitude, 'NS')}, ${one(longitude, 'EW')}`;
}
