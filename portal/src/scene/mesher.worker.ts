/** Finds faces away from the page, so that it stays quick. */
import { facesOf, type Cells } from './mesher';

addEventListener('message', ({ data }: MessageEvent<{ ask: number; cells: Cells }>) => {
  const faces = facesOf(data.cells);
  postMessage({ ask: data.ask, faces }, { transfer: [faces.corners.buffer, faces.index.buffer] });
});
