/** Distances and areas on the ellipsoid, and lines cut into equal steps. */
import type { Position } from 'geojson';

type Library = typeof import('geographiclib-geodesic');

async function library(): Promise<Library> {
  const loaded = await import('geographiclib-geodesic');
  return (loaded as unknown as { default?: Library }).default ?? loaded;
}

export interface Measured {
  /** Metres along the line, or around the area. */
  length: number;
  /** Square metres. */
  area: number;
}

/** Length and area of a line or of a ring that is not closed, WGS 84. */
export async function measure(line: Position[], closed: boolean): Promise<Measured> {
  const { Geodesic } = await library();
  const figure = Geodesic.WGS84.Polygon(!closed);
  for (const [longitude = 0, latitude = 0] of line) figure.AddPoint(latitude, longitude);
  const { perimeter, area } = figure.Compute(false, true);
  return { length: perimeter, area: Math.abs(area ?? 0) };
}

/** Distance of each place from the first, in metres, along all of them. */
export async function distances(places: Position[]): Promise<number[]> {
  const { Geodesic } = await library();
  let sum = 0;
  return places.map((to, n) => {
    const from = places[n - 1];
    if (from) sum += Geodesic.WGS84.Inverse(from[1]!, from[0]!, to[1]!, to[0]!).s12 ?? 0;
    return sum;
  });
}

/** `count` places along a line, at equal distances. */
export async function along(line: Position[], count: number): Promise<Position[]> {
  const { Geodesic } = await library();
  const parts = line.slice(1).map((to, n) => {
    const from = line[n]!;
    return Geodesic.WGS84.InverseLine(from[1]!, from[0]!, to[1]!, to[0]!);
  });
  const total = parts.reduce((sum, part) => sum + part.s13, 0);
  return Array.from({ length: count }, (_, n) => {
    let rest = (total * n) / (count - 1);
    let at = 0;
    while (at < parts.length - 1 && rest > parts[at]!.s13) rest -= parts[at++]!.s13;
    const place = parts[at]!.Position(Math.min(rest, parts[at]!.s13));
    return [place.lon2!, place.lat2!];
  });
}
