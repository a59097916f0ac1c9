/** How the tiles of the land are put together to parts; the building of the portal and its map both go by it. */

/** Deepest level of the tiles; nearer, the map draws them larger. */
export const DEEPEST = 5;

/** Levels of a part: of one tile, its four and their sixteen. */
export const LEVELS = 3;

export type Tile = [zoom: number, x: number, y: number];

/** Tile at the top of the part that holds a tile. */
export function topOf([zoom, x, y]: Tile): Tile {
  const below = zoom % LEVELS;
  return [zoom - below, x >> below, y >> below];
}

/** Place of a tile among those of its part. */
export function placeOf([zoom, x, y]: Tile): number {
  const below = zoom % LEVELS;
  const side = 2 ** below;
  return (4 ** below - 1) / 3 + (y % side) * side + (x % side);
}

/** All tiles of the part below a tile, in the order of their places. */
export function tilesOf([top, left, upper]: Tile): Tile[] {
  return Array.from({ length: LEVELS }, (_, below) => 2 ** below).flatMap((side, below) =>
    Array.from({ length: side * side }, (_, n): Tile => [top + below, left * side + (n % side), upper * side + Math.floor(n / side)]),
  );
}

/** Name of the file of a part. */
export function nameOf([zoom, x, y]: Tile): string {
  return `land-${zoom}-${x}-${y}`;
}
