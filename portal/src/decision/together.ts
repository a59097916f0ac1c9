/** Maps that move together: what one shows, all show. */
import type { Map as MapLibre } from 'maplibre-gl';

export interface Together {
  add(map: MapLibre): void;
}

export function together(): Together {
  const maps = new Set<MapLibre>();
  let leader: MapLibre | undefined;
  return {
    add(map) {
      const first = [...maps].find((one) => one.style);
      if (first) map.jumpTo({ center: first.getCenter(), zoom: first.getZoom() });
      maps.add(map);
      map.on('move', () => {
        // A map that follows moves too; it leads nobody.
        if (leader && leader !== map) return;
        leader = map;
        for (const other of maps) {
          if (other === map) continue;
          if (other.style) other.jumpTo({ center: map.getCenter(), zoom: map.getZoom() });
          else maps.delete(other);
        }
        leader = undefined;
      });
      map.on('remove', () => maps.delete(map));
    },
  };
}
