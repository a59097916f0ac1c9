/** Keeping a pack: as a dataset of the node by the door of uploads, or as a file. */
import { add, begin, uploadOf, type Upload } from '../api/uploads';
import type { Overlay, Pack } from '../api/packs';
import { sendFile } from '../upload/sending';

const COLLECTION = 'packs';
const WAIT = 400;
const LONGEST = 3000;

/** A pack as the text of a file. */
export function textOf(pack: Pack): string {
  return JSON.stringify(pack, null, 1) + '\n';
}

export function fileNameOf(pack: Pack): string {
  return `${pack.id || 'pack'}.pack.json`;
}

/** Save a pack; saved again under the same identifier it is the next version of the same dataset, which is told. */
export async function save(pack: Pack, licence: string, signal: AbortSignal): Promise<string> {
  const name = fileNameOf(pack);
  const file = new File([textOf(pack)], name, { type: 'application/json' });
  const begun = await begin([{ name, size: file.size }], { collection: COLLECTION, ...(licence ? { licence } : {}) });
  await sendFile(begun.id, name, file, { onprogress: () => undefined, onbroken: () => undefined, signal });
  let upload: Upload = await add(begun.id);
  for (let wait = WAIT; upload.state === 'waiting' || upload.state === 'reading'; wait = Math.min(wait * 1.4, LONGEST)) {
    await new Promise((done) => setTimeout(done, wait));
    upload = await uploadOf(begun.id, signal);
  }
  const outcome = upload.outcomes.find((one) => one.records?.length) ?? upload.outcomes[0];
  const id = outcome?.records?.[0];
  if (!id) throw new Error(outcome?.message ?? upload.message ?? upload.state);
  return id;
}

/** Give a pack, or an overlay, as a file. */
export function download(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = Object.assign(document.createElement('a'), { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

export function overlayTextOf(overlay: Overlay): string {
  return JSON.stringify(overlay, null, 1) + '\n';
}
