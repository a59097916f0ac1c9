"""Local planes: metres around one feature that is given in longitude and latitude."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyproj
import shapely

FARTHEST = 2.0e6
"""Metres from the middle of a feature to its ends above which a plane around it is too much out of scale."""

DEGREE = 110_500.0
"""Metres in a degree of latitude, at the least."""

CHORD = 0.05
"""Degrees an edge is divided by, so that a line straight in longitude and latitude stays what it is."""


@dataclass(frozen=True)
class LocalPlane:
    """An azimuthal equidistant projection of the ellipsoid around one position.

    Distances from the middle are true; across, at the distance c from it, they
    are too long by c² / (6 R²): 0.004 % at 100 km, 0.4 % at 1000 km.
    """

    projection: pyproj.Proj
    longitude: float
    latitude: float

    @classmethod
    def around(cls, shape: Any, geod: pyproj.Geod) -> LocalPlane:
        """Plane around the middle of the extent of `shape`."""
        west, south, east, north = shapely.bounds(shape)
        longitude, latitude = (west + east) / 2, (south + north) / 2
        projection = pyproj.Proj(proj="aeqd", lon_0=longitude, lat_0=latitude, a=geod.a, b=geod.b)
        return cls(projection, float(longitude), float(latitude))

    def forward(self, shape: Any) -> Any:
        """`shape` in longitude and latitude brought to metres east and north of the middle."""
        return shapely.transform(shape, lambda at: np.column_stack(self.projection(at[:, 0], at[:, 1])))

    def backward(self, shape: Any) -> Any:
        """`shape` in metres brought to longitude and latitude, within half a turn of the middle."""
        return shapely.transform(shape, self._backward)

    def _backward(self, at: np.ndarray) -> np.ndarray:
        longitude, latitude = self.projection(at[:, 0], at[:, 1], inverse=True)
        around = self.longitude + (longitude - self.longitude + 180.0) % 360.0 - 180.0
        return np.column_stack([around, latitude])

    def reach(self, shape: Any, geod: pyproj.Geod) -> float:
        """Metres from the middle to the farthest corner of the extent of `shape`."""
        west, south, east, north = shapely.bounds(shape)
        longitudes, latitudes = [west, west, east, east], [south, north, south, north]
        middle = [self.longitude] * 4, [self.latitude] * 4
        return float(np.max(geod.inv(*middle, longitudes, latitudes)[2]))


def finer(shapes: np.ndarray) -> np.ndarray:
    """Shapes (n,) in longitude and latitude without heights, their edges divided (see `CHORD`)."""
    return np.asarray(shapely.segmentize(shapely.force_2d(shapes), CHORD))
