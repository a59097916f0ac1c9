/** The command that repeats a run, and the texts that it reads from files. */
import type { Run } from '../api/decision';

/** Letters of a parameter from which on the command reads it from a file. */
const LONG = 160;

export interface Repeat {
  command: string;
  /** By the name of the file. */
  files: Record<string, string>;
}

export function repeatOf({ process, inputs = {}, parameters = {}, units = {} }: Run): Repeat {
  const files: Record<string, string> = {};
  const lines = [`craton run NODE ${quoted(process)}`];
  for (const [name, given] of Object.entries(inputs))
    for (const { id, version, variable } of given) lines.push(`--input ${quoted(`${name}=${id}@${version}${variable ? `#${variable}` : ''}`)}`);
  for (const [name, value] of Object.entries(parameters)) {
    if (value === null || value === undefined || value === '' || (Array.isArray(value) && !value.length)) continue;
    const isFile = typeof value === 'string' && (value.length > LONG || value.includes('\n'));
    if (isFile) files[`${name}.txt`] = value;
    // The whole number of a flag or a seed has no unit to be told.
    const unit = typeof value === 'number' && units[name] && units[name] !== '1' ? ` ${units[name]}` : '';
    lines.push(`--set ${quoted(`${name}=${isFile ? `@${name}.txt` : plain(value) + unit}`)}`);
  }
  return { command: lines.join(' \\\n  '), files };
}

function plain(value: unknown): string {
  if (Array.isArray(value) && value.every((one) => typeof one !== 'object')) return value.join(',');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** A word as a shell takes it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./#-]+$/.test(word) && !/#/.test(word) ? word : `'${word.replace(/'/g, `'"'"'`)}'`;
}
