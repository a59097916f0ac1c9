/** Shapes around a site, on a sphere. */
import type { Polygon, Position } from 'geojson';
import type { Site } from '../api/site';
import type { Bbox } from '../api/types';

const METRES_PER_DEGREE = 111_195;

/** The circle of `radius` metres around a point, as a polygon of 64 corners. */
export function circle(point: Site, radius: number): Polygon {
  const [longitude = 0, latitude = 0] = point.coordinates as Position;
  const high = radius / METRES_PER_DEGREE;
  const wide = high / Math.max(0.01, Math.cos((latitude * Math.PI) / 180));
  const ring = Array.from({ length: 65 }, (_, n) => {
    const turn = (n / 32) * Math.PI;
    return [longitude + wide * Math.cos(turn), latitude + high * Math.sin(turn)];
  });
  return { type: 'Polygon', coordinates: [ring] };
}

/** Box around a site and what lies within `radius` metres of a point. */
export function boundsOf(site: Site, radius: number): Bbox {
  const area = site.type === 'Point' ? circle(site, Math.max(radius, 500)) : site;
  const corners = area.coordinates[0] ?? [];
  const longitudes = corners.map(([x = 0]) => x);
  const latitudes = corners.map(([, y = 0]) => y);
  return [Math.min(...longitudes), Math.min(...latitudes), Math.max(...longitudes), Math.max(...latitudes)];
}
