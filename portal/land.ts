/**
 * The land of the base map as vector tiles, made when the portal is built: a map then fetches the few kilobytes that it
 * shows, and nothing is left to be cut into tiles while somebody waits for it.
 *
 * A part holds one tile and those of the two levels below it. Its head tells where each of its tiles ends, in the order
 * of `placeOf`; no bytes mean that there is only sea.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GeoJSONVT } from '@maplibre/geojson-vt';
import { fromGeojsonVt } from '@maplibre/vt-pbf';
import type { FeatureCollection, MultiPolygon, Polygon, Position } from 'geojson';
import { feature } from 'topojson-client';
import type { Plugin } from 'vite';
import { DEEPEST, LEVELS, nameOf, tilesOf, type Tile } from './src/map/land-parts.ts';

const FOLDER = join(import.meta.dirname, 'node_modules', '.land');
const SHAPES = join(import.meta.dirname, 'node_modules', 'world-atlas', 'land-50m.json');
const EXTENT = 4096;

/** An eighth of the extent of a tile is a pixel of its 512: this keeps the coast within three eighths of one. */
const TOLERANCE = 3;

/** Writes the parts before anything asks for them. */
export function landTiles(): Plugin {
  return { name: 'land-tiles', buildStart: write };
}

function write(): void {
  const options = { maxZoom: DEEPEST, indexMaxZoom: DEEPEST, indexMaxPoints: 0, tolerance: TOLERANCE, extent: EXTENT };
  const index = new GeoJSONVT(land(), options);
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  for (let top = 0; top <= DEEPEST; top += LEVELS)
    for (let y = 0; y < 2 ** top; y++)
      for (let x = 0; x < 2 ** top; x++) {
        const tiles = tilesOf([top, x, y]).map((place) => tileOf(index, place));
        if (tiles.some((tile) => tile.length)) writeFileSync(join(FOLDER, `${nameOf([top, x, y])}.bin`), packed(tiles));
      }
}

function tileOf(index: GeoJSONVT, [z, x, y]: Tile): Uint8Array {
  const tile = index.getTile(z, x, y);
  return tile?.features.length ? fromGeojsonVt({ land: tile }, { version: 2, extent: EXTENT }) : new Uint8Array();
}

function packed(tiles: Uint8Array[]): Uint8Array {
  let end = 4 * tiles.length;
  const ends = new DataView(new ArrayBuffer(end));
  tiles.forEach((tile, n) => ends.setUint32(4 * n, (end += tile.length), true));
  return Buffer.concat([new Uint8Array(ends.buffer), ...tiles]);
}

function land(): FeatureCollection {
  const topology = JSON.parse(readFileSync(SHAPES, 'utf8'));
  const land = feature(topology, topology.objects.land) as unknown as FeatureCollection<Polygon | MultiPolygon>;
  for (const { geometry } of land.features) {
    if (geometry.type === 'Polygon') geometry.coordinates = unrolled(geometry.coordinates);
    else geometry.coordinates = geometry.coordinates.map(unrolled);
  }
  return land;
}

/**
 * A polygon of the sphere as one of the plane: rings that cross the 180th meridian run on beyond it, and one
 * that goes round a pole is closed over that pole.
 */
function unrolled(rings: Position[][]): Position[][] {
  const [outer = [], ...holes] = rings.map(unrolledRing);
  const middle = (ring: Position[]): number => (Math.min(...ring.map(east)) + Math.max(...ring.map(east))) / 2;
  const moved = holes.map((hole) => {
    const turns = 360 * Math.round((middle(outer) - middle(hole)) / 360);
    return hole.map(([longitude = 0, latitude = 0]) => [longitude + turns, latitude]);
  });
  return [outer, ...moved];
}

function unrolledRing(ring: Position[]): Position[] {
  let before = ring[0]?.[0] ?? 0;
  const run = ring.map(([longitude = 0, latitude = 0]) => {
    before = longitude + 360 * Math.round((before - longitude) / 360);
    return [before, latitude];
  });
  const [first, last] = [run[0], run[run.length - 1]];
  if (!first || !last || Math.abs(east(first) - east(last)) < 180) return run;
  const pole = (first[1] ?? 0) < 0 ? -89.9 : 89.9;
  return [...run, [east(last), pole], [east(first), pole], first];
}

function east(position: Position): number {
  return position[0] ?? 0;
}
