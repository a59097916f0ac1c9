/** Files that a person chose or dropped, each with a plain name that the node takes. */

export interface Chosen {
  name: string;
  file: File;
}

export const MOST_FILES = 1000;

/** Files that systems leave in folders and nobody means to send. */
const LITTER = /^(\.|~\$|thumbs\.db$|desktop\.ini$)/i;

interface Found {
  file: File;
  /** Folders that it lies in, from the one that was dropped. */
  folders: string[];
}

/** Files of a drop, those in folders too. */
export async function dropped(transfer: DataTransfer): Promise<Chosen[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (!entries.length) return named([...transfer.files].map((file) => ({ file, folders: [] })));
  const found: Found[] = [];
  for (const entry of entries) await walk(entry, [], found);
  return named(found);
}

/** Files of an input, whose folders stand in their paths. */
export function picked(list: FileList): Chosen[] {
  return named([...list].map((file) => ({ file, folders: file.webkitRelativePath.split('/').slice(0, -1) })));
}

async function walk(entry: FileSystemEntry, folders: string[], found: Found[]): Promise<void> {
  if (found.length > MOST_FILES || LITTER.test(entry.name)) return;
  if (entry.isFile) {
    found.push({ file: await fileOf(entry as FileSystemFileEntry), folders });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (let some = await read(reader); some.length; some = await read(reader))
    for (const one of some) await walk(one, [...folders, entry.name], found);
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

/** A reader gives a hundred at a time, and then none. */
function read(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  return new Promise((resolve, reject) => reader.readEntries(resolve, reject));
}

/** Names without folders; where two files would have the same, folders are written before all names. */
function named(found: Found[]): Chosen[] {
  const kept = found.filter(({ file }) => !LITTER.test(file.name));
  const plain = kept.map(({ file }) => key(clean(file.name)));
  const alike = new Set(plain).size < plain.length;
  return kept.map(({ file, folders }) => ({ file, name: clean(alike ? [...folders, file.name].join('-') : file.name) }));
}

/** A name that every system takes. */
function clean(name: string): string {
  const plain = name.normalize('NFC').replace(/[/\\:*?"<>|\p{Cc}]/gu, '_').replace(/^[ .]+|[ .]+$/g, '');
  return plain || 'file';
}

function key(name: string): string {
  return name.toLowerCase();
}

/** Both lists, the newer file where both have one of the name. */
export function together(before: Chosen[], more: Chosen[]): Chosen[] {
  const fresh = new Set(more.map((one) => key(one.name)));
  return [...before.filter((one) => !fresh.has(key(one.name))), ...more];
}
