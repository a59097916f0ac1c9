/** The same run for other programs: what to type in a terminal, in Python, on the node itself. */
import { at, path, ROOT } from '../api/client';
import { requestOf, type Asked, type What } from '../api/processes';

const NODE = ROOT.replace(/\/$/, '');

export function curl(what: What, id: string, asked: Asked, outputs: string[]): string {
  const body = JSON.stringify(requestOf(asked, outputs)).replace(/'/g, `'\\''`);
  const lines = [`curl -X POST '${at(path(what, id, 'execution'))}'`, `-H 'Content-Type: application/json'`, `-H 'Prefer: respond-async'`, `-d '${body}'`];
  return lines.join(' \\\n  ');
}

/** Without any package of Craton's: what every client of the standard does. */
export function python(what: What, id: string, asked: Asked, outputs: string[]): string {
  return `import time
import requests

node = "${NODE}"
request = ${literal(requestOf(asked, outputs), '')}
with requests.Session() as session:  # keeps the cookie that the job is known by
    reply = session.post(f"{node}${path(what, id, 'execution')}", json=request, headers={"Prefer": "respond-async"})
    reply.raise_for_status()
    job = reply.links["monitor"]["url"] if "monitor" in reply.links else reply.headers["Location"]
    while session.get(job).json()["status"] in ("accepted", "running"):
        time.sleep(2)
    results = session.get(f"{job}/results")
    results.raise_for_status()
    print(results.json())`;
}

export function commandLine(id: string, asked: Asked, data: ReadonlySet<string>): string {
  const options = Object.entries(asked.inputs).flatMap(([name, value]) => {
    const word = data.has(name) ? '--input' : '--set';
    const all = data.has(name) && Array.isArray(value) ? value : [Array.isArray(value) ? value.join(',') : value];
    return all.map((one) => `${word} ${quoted(`${name}=${one}`)}`);
  });
  return [`craton run mynode ${id}`, ...options].join(' \\\n  ');
}

function quoted(text: string): string {
  return /^[\w@.:=,/+-]+$/.test(text) ? text : `'${text.replace(/'/g, `'\\''`)}'`;
}

/** A value as Python writes it. */
function literal(value: unknown, indent: string): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (Array.isArray(value)) return `[${value.map((one) => literal(one, indent)).join(', ')}]`;
  if (typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value as object);
  if (!entries.length) return '{}';
  const deeper = indent + '    ';
  const lines = entries.map(([name, one]) => `${deeper}${JSON.stringify(name)}: ${literal(one, indent ? indent : deeper)},`);
  return indent ? `{${lines.map((line) => line.trim().replace(/,$/, '')).join(', ')}}` : `{\n${lines.join('\n')}\n}`;
}
