/** Land of the earth as vector tiles, which were made when the portal was built (`portal/land.ts`). */
import { addProtocol, MercatorCoordinate, type Map as MapLibre, type VectorSourceSpecification } from 'maplibre-gl';
import { DEEPEST, nameOf, placeOf, tilesOf, topOf, type Tile } from './land-parts';

const files = import.meta.glob<string>('../../node_modules/.land/*.bin', { query: '?url', import: 'default', eager: true });
const addresses = new Map(Object.entries(files).map(([file, address]) => [file.replace(/^.*\/|\.bin$/g, ''), address]));
const parts = new Map<string, Promise<ArrayBuffer>>();

export const LAND: VectorSourceSpecification = {
  type: 'vector',
  tiles: ['land://{z}/{x}/{y}'],
  maxzoom: DEEPEST,
  attribution: 'Natural Earth',
};

addProtocol('land', async ({ url }) => {
  const [zoom = 0, x = 0, y = 0] = url.replace('land://', '').split('/').map(Number);
  return { data: await tileOf([zoom, x, y]) };
});

/**
 * Have the parts that `map` begins with on their way. Its worker asks for them through the page, which is busy with making
 * the map just then.
 */
export function fetchAhead(map: MapLibre): void {
  const zoom = Math.max(0, Math.min(DEEPEST, Math.floor(map.getZoom())));
  const [top] = topOf([zoom, 0, 0]);
  const bounds = map.getBounds();
  const [low, high] = [bounds.getNorthWest(), bounds.getSouthEast()].map((corner) => {
    const { x, y } = MercatorCoordinate.fromLngLat(corner);
    return [x, y].map((share) => Math.floor(Math.max(0, Math.min(0.999999, share)) * 2 ** top));
  }) as [[number, number], [number, number]];
  for (let x = low[0]; x <= high[0]; x++)
    for (let y = low[1]; y <= high[1]; y++) partOf([top, x, y])?.catch(() => undefined); // told where it is asked for
}

/** Bytes of a tile; none where there is only sea. */
async function tileOf(tile: Tile): Promise<ArrayBuffer> {
  const part = await partOf(topOf(tile));
  return part ? cut(part, placeOf(tile)) : new ArrayBuffer(0);
}

/** The part below a tile, which is fetched once; none where there is only sea. */
function partOf(top: Tile): Promise<ArrayBuffer> | undefined {
  const name = nameOf(top);
  const address = addresses.get(name);
  if (!address) return undefined;
  const there = parts.get(name);
  if (there) return there;
  const coming = fetched(address);
  coming.catch(() => parts.delete(name)); // asked for again the next time
  parts.set(name, coming);
  return coming;
}

async function fetched(address: string): Promise<ArrayBuffer> {
  const reply = await fetch(address);
  if (!reply.ok) throw new Error(`${address}: ${reply.status}`);
  return reply.arrayBuffer();
}

/** Bytes of the tile at a place of a part, whose head tells where each ends. */
function cut(part: ArrayBuffer, place: number): ArrayBuffer {
  const head = new DataView(part);
  const first = 4 * tilesOf([0, 0, 0]).length;
  return part.slice(place ? head.getUint32(4 * (place - 1), true) : first, head.getUint32(4 * place, true));
}
