/** Asks the worker for faces: one worker for all volumes of the page. */
import type { Cells, Faces } from './mesher';

let worker: Worker | undefined;
let asked = 0;
const waiting = new Map<number, (faces: Faces) => void>();

function started(): Worker {
  if (worker) return worker;
  worker = new Worker(new URL('./mesher.worker.ts', import.meta.url), { type: 'module' });
  worker.addEventListener('message', ({ data }: MessageEvent<{ ask: number; faces: Faces }>) => {
    waiting.get(data.ask)?.(data.faces);
    waiting.delete(data.ask);
  });
  return worker;
}

/** Faces of what is shown; the cells are copied, for they stay in use here. */
export function findFaces(cells: Cells): Promise<Faces> {
  const ask = ++asked;
  started().postMessage({ ask, cells });
  return new Promise((done) => waiting.set(ask, done));
}
