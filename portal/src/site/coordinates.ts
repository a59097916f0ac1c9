/** Reading a place that a person wrote: degrees in several spellings, or the form that an address has. */
import type { Site } from '../api/site';

const NUMBER = String.raw`[-+]?\d+(?:\.\d+)?`;
const DEGREES = new RegExp(
  String.raw`([NSEWnsew]?)\s*([-+]?\d+(?:\.\d+)?)\s*(?:°|º|d|\s)?\s*(?:(\d+(?:\.\d+)?)\s*['′m]\s*)?(?:(\d+(?:\.\d+)?)\s*["″s]\s*)?([NSEWnsew]?)`,
  'g',
);

/** Site of a text: `18.52, 103.07` (latitude first), `18°31′N 103°4′E`, `POINT(103.07 18.52)`, `POLYGON((…))`. */
export function siteOf(text: string): Site | undefined {
  return fromWkt(text) ?? fromDegrees(text);
}

function fromWkt(text: string): Site | undefined {
  const point = new RegExp(String.raw`^\s*POINT\s*\(\s*(${NUMBER})\s+(${NUMBER})\s*\)\s*$`, 'i').exec(text);
  if (point) return pointOf(Number(point[1]), Number(point[2]));
  const ring = /^\s*POLYGON\s*\(\(([^()]+)\)\)\s*$/i.exec(text)?.[1];
  if (!ring) return undefined;
  const coordinates = ring.split(',').map((pair) => pair.trim().split(/\s+/).map(Number));
  const good = coordinates.length >= 4 && coordinates.every((pair) => pair.length >= 2 && pair.every(Number.isFinite));
  return good ? { type: 'Polygon', coordinates: [coordinates] } : undefined;
}

function fromDegrees(text: string): Site | undefined {
  if (/[a-df-mo-rt-vx-z\u0e00-\u9fff]/i.test(text.replace(/[dm]/gi, ''))) return undefined;
  const plain = new RegExp(String.raw`^\s*(${NUMBER})\s*[,;\s]\s*(${NUMBER})\s*$`).exec(text);
  if (plain) return pointOf(Number(plain[2]), Number(plain[1]));
  const found = [...text.matchAll(DEGREES)].map(read).filter((one) => one !== undefined);
  const latitude = found.find((one) => 'NS'.includes(one.half));
  const longitude = found.find((one) => 'EW'.includes(one.half));
  return latitude && longitude ? pointOf(longitude.degrees, latitude.degrees) : undefined;
}

function read(match: RegExpMatchArray): { degrees: number; half: string } | undefined {
  const [, before, degrees, minutes, seconds, after] = match;
  const half = (after || before || '').toUpperCase();
  if (!half) return undefined;
  const size = Math.abs(Number(degrees)) + Number(minutes ?? 0) / 60 + Number(seconds ?? 0) / 3600;
  return { degrees: 'SW'.includes(half) ? -size : size, half };
}

function pointOf(longitude: number, latitude: number): Site | undefined {
  const good = Math.abs(longitude) <= 180 && Math.abs(latitude) <= 90;
  return good ? { type: 'Point', coordinates: [longitude, latitude] } : undefined;
}

/** Name of the direction of a bearing (degrees clockwise from north): its key among the words. */
export function directionOf(bearing: number): string {
  const names = ['n', 'ne', 'e', 'se', 's', 'sw', 'w', 'nw'] as const;
  return names[Math.round(bearing / 45) % 8] ?? 'n';
}

/** A site as a person would write it: latitude first; an area has no short form. */
export function written(site: Site | undefined): string {
  if (site?.type !== 'Point') return '';
  const [longitude = 0, latitude = 0] = site.coordinates;
  return `${Number(latitude.toFixed(5))}, ${Number(longitude.toFixed(5))}`;
}
