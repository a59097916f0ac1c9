// Checks the languages: English and Chinese have all words and no others, the rest only words that are used.
// `node check-words.mjs add` reads lines `key<TAB>English<TAB>Chinese` and puts them in their place.
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const FOLDER = join(import.meta.dirname, 'src/languages');
const COMPLETE = ['en', 'zh'];
const FORM = /\.(zero|one|two|few|many|other)$/;

const read = (code) => JSON.parse(readFileSync(join(FOLDER, `${code}.json`), 'utf8'));

function add(lines) {
  const rows = lines.split('\n').filter((line) => line.trim()).map((line) => line.split('\t'));
  COMPLETE.forEach((code, column) => {
    const words = read(code);
    for (const row of rows) if (row[column + 1]?.trim()) words[row[0].trim()] = row[column + 1].trim();
    const sorted = Object.fromEntries(Object.entries(words).sort(([a], [b]) => (a < b ? -1 : 1)));
    const file = join(FOLDER, `${code}.json`);
    writeFileSync(`${file}.new`, JSON.stringify(sorted, null, 2) + '\n');
    renameSync(`${file}.new`, file);
  });
}

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(svelte|ts)$/.test(entry.name))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n');
}

function check() {
  const text = sources(join(import.meta.dirname, 'src'));
  // A key is used where it stands in quotes; one that is put together, such as `kind.${kind}`, by its start.
  const quoted = new Set([...text.matchAll(/['"`]([a-z][a-z0-9-]*(?:\.[\w-]+)+)['"`]/g)].map((found) => found[1]));
  const starts = [...text.matchAll(/`([a-z][a-z0-9-]*\.(?:[\w-]+\.)*)\$\{/g)].map((found) => found[1]);
  const direct = new Set([...text.matchAll(/\bt\(\s*['"]([\w.-]+)['"]/g)].map((found) => found[1]));
  const faults = [];
  const english = read('en');
  const stems = new Set(Object.keys(english).map((key) => key.replace(FORM, '')));
  const used = (key) => {
    const stem = key.replace(FORM, '');
    return quoted.has(key) || quoted.has(stem) || starts.some((start) => key.startsWith(start));
  };
  for (const key of direct) if (!(key in english) && !stems.has(key)) faults.push(`en lacks ${key}`);
  for (const name of readdirSync(FOLDER).filter((one) => one.endsWith('.json'))) {
    const code = basename(name, '.json');
    const words = read(code);
    for (const key of Object.keys(words)) if (!used(key)) faults.push(`${code}: ${key} is not used`);
    for (const key of Object.keys(words)) {
      const stem = key.replace(FORM, '');
      if (!stems.has(stem)) faults.push(`${code}: ${key} is not in English`);
      const wanted = english[key] ?? english[`${stem}.other`] ?? '';
      const places = (said) => [...said.matchAll(/\{\w+\}/g)].map(String).sort().join();
      if (places(words[key]) !== places(wanted)) faults.push(`${code}: ${key} has other {places} than English`);
    }
    if (!COMPLETE.includes(code)) continue;
    const own = new Set(Object.keys(words).map((key) => key.replace(FORM, '')));
    for (const stem of stems) if (!own.has(stem)) faults.push(`${code} lacks ${stem}`);
  }
  for (const fault of faults) console.error(fault);
  process.exitCode = faults.length ? 1 : 0;
}

if (process.argv[2] === 'add') add(readFileSync(0, 'utf8'));
else check();
