"""Where the cells of a volume lie in a scene: even steps in metres, whatever axes the volume has.

A scene has one lattice: even steps upward, to the north and to the east. Axes
that run the other way are turned, uneven ones take the cell that each step
lies in, and a volume on longitudes and latitudes is laid out in a projected
system of its place, each cell of the scene holding the cell of the volume that
its middle lies in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pyproj
import xarray as xr

from craton.model import crs as systems
from craton.model.crs import Bounds
from craton.model.errors import NotFoundError
from craton.store.codec_axis import is_regular, spacing
from craton.store.codec_grid import COLUMNS, ROWS
from craton.store.grid_window_place import moved_points

HEIGHT = "upward"

MOST_STEPS = 512
"""Even steps that an uneven axis is parted into at most."""

MOST_CELLS = 2_000_000_000
"""Cells of a scene at most."""

ZONE_DEGREES = 30.0
"""Width in degrees up to which a zone of UTM is the system of a place: at the edge its scale is then 4 % off.

Wider ones have a system that has no code, in which the node draws no pictures of grids.
"""

MOST_LATITUDE = 80.0
"""Latitude of the middle up to which it is one."""

POLAR = {True: "EPSG:5041", False: "EPSG:5042"}
"""Systems of the north and of the south beyond it."""

MOST_DEGREES = 60.0
"""Width and height in degrees above which no projected system shows a place as it is."""

METRES_PER_DEGREE = 111_195.0
EDGE_POINTS = 33

Numbers = np.ndarray[Any, np.dtype[np.float64]]
Steps = np.ndarray[Any, np.dtype[np.int64]]


class EvenAxis(NamedTuple):
    """Middles `first + step · n`, rising, and the cell of the volume at each; −1 where there is none."""

    first: float
    step: float
    cells: Steps

    @property
    def low(self) -> float:
        """Lower end of the first cell."""
        return self.first - self.step / 2

    @property
    def high(self) -> float:
        """Upper end of the last cell."""
        return self.low + self.step * self.cells.size

    @property
    def middles(self) -> Numbers:
        """Middle of each cell."""
        return self.first + self.step * np.arange(self.cells.size, dtype=np.float64)


@dataclass(frozen=True)
class VolumePlace:
    """The lattice of a volume in a scene.

    Parameters
    ----------
    crs : str
        System of the scene.
    names : tuple of str
        Axes of the volume: upward, rows, columns.
    upward, northing, easting : EvenAxis
        Axes of the scene.
    columns : tuple of arrays, optional
        Row and column of the volume at each (northing, easting) of the scene, −1 outside, where these
        are not those of `northing` and `easting` alone.
    """

    crs: str
    names: tuple[str, str, str]
    upward: EvenAxis
    northing: EvenAxis
    easting: EvenAxis
    columns: tuple[Steps, Steps] | None = None

    @property
    def axes(self) -> tuple[EvenAxis, EvenAxis, EvenAxis]:
        """Axes in the order of cells."""
        return self.upward, self.northing, self.easting

    @property
    def shape(self) -> tuple[int, int, int]:
        """Cells along each axis."""
        return self.upward.cells.size, self.northing.cells.size, self.easting.cells.size

    def rows_of(self, rows: slice) -> tuple[Steps, Steps]:
        """Row and column of the volume at `rows` of the scene, arrays that broadcast to (rows, columns)."""
        if self.columns is not None:
            return self.columns[0][rows], self.columns[1][rows]
        return self.northing.cells[rows, None], self.easting.cells[None, :]


def metric_crs(crs: str, bounds: Bounds) -> str:
    """System of a scene for data in `crs`: its own where that is in metres, else one of the place.

    Of one with heights it is the part without: positions in both are the same.
    A system in feet is left as well, for heights and depths are in metres.

    Parameters
    ----------
    crs : str
        As records name it.
    bounds : tuple
        West, south, east, north of the data in the axes of `crs`.

    Raises
    ------
    NotFoundError
        If the data lies on longitudes and latitudes, and reaches too far.
    """
    if in_metres(crs):
        return flat(crs)
    west, south, east, north = bounds if systems.is_geographic(crs) else _degrees(crs, bounds)
    middle, latitude = (west + east) / 2, (south + north) / 2
    if east - west > MOST_DEGREES or north - south > MOST_DEGREES:
        raise NotFoundError(
            f"data of more than {MOST_DEGREES:g} degrees lies on no plane, so there is no scene of it",
            hint="ask for a part of it, or reproject it",
        )
    longitude = (middle + 180) % 360 - 180
    if abs(latitude) > MOST_LATITUDE:
        return POLAR[latitude > 0]
    if east - west > ZONE_DEGREES:
        return f"+proj=aeqd +lat_0={latitude:.4f} +lon_0={longitude:.4f} +datum=WGS84 +units=m +no_defs"
    zone = int((longitude + 180) // 6) % 60 + 1
    return f"EPSG:32{6 if latitude >= 0 else 7}{zone:02d}"


def _degrees(crs: str, bounds: Bounds) -> Bounds:
    west, south, east, north = systems.to_crs84_bounds(crs, bounds)
    return west, south, east + 360 * (east < west), north


@lru_cache(maxsize=256)
def in_metres(crs: str) -> bool:
    """Whether positions of `crs` are told in metres; where it is not known, or ties to no place, they are."""
    return not systems.is_geographic(crs) and metres_across(crs) == 1.0


@lru_cache(maxsize=256)
def metres_across(crs: str) -> float:
    """Metres in a unit of the horizontal axes of `crs`; 1 where it is not known or ties to no place."""
    if not systems.is_placed(crs) or systems.is_geographic(crs):
        return 1.0
    return float(pyproj.CRS.from_user_input(crs).axis_info[0].unit_conversion_factor or 1.0)


@lru_cache(maxsize=256)
def flat(crs: str) -> str:
    """Horizontal part of a system that has heights too."""
    if not systems.is_placed(crs):
        return crs
    system = pyproj.CRS.from_user_input(crs)
    return systems.normalise(system.sub_crs_list[0].to_wkt()) if system.is_compound else crs


def place_of(dataset: xr.Dataset, crs: str) -> VolumePlace:
    """Lattice of the volume `dataset` in `crs`.

    Raises
    ------
    NotFoundError
        If its axes are not in order, or it has too many cells.
    """
    names = HEIGHT, _name(dataset, ROWS), _name(dataset, COLUMNS)
    upward, rows, columns = (_coordinates(dataset, name) for name in names)
    heights = even_axis(upward)
    if in_metres(crs):
        place = VolumePlace(flat(crs), names, heights, even_axis(rows), even_axis(columns))
    else:
        place = _projected(names, heights, rows, columns, crs)
    if math.prod(place.shape) > MOST_CELLS:
        raise NotFoundError(f"a volume of {math.prod(place.shape):,} cells is too large for a scene")
    return place


def _name(dataset: xr.Dataset, names: tuple[str, ...]) -> str:
    found = next((name for name in names if name in dataset.dims), "")
    if not found or HEIGHT not in dataset.dims:
        raise NotFoundError("the volume has no axes upward, to the north and to the east")
    return found


def _coordinates(dataset: xr.Dataset, name: str) -> Numbers:
    """Coordinates along an axis, in order."""
    axis = dataset.coords.get(name)
    values = (
        np.empty(0) if axis is None or axis.dtype.kind not in "iuf" else axis.to_numpy().astype(np.float64)
    )
    steps = np.diff(values)
    if not values.size or not np.isfinite(values).all() or not ((steps > 0).all() or (steps < 0).all()):
        raise NotFoundError(f"the coordinates along {name} are not in order, so there is no scene")
    return values


def even_axis(values: Numbers) -> EvenAxis:
    """Even steps along `values`, which rise or fall; a single one is 1 wide."""
    order = np.arange(values.size)
    rising, index = (
        (values, order) if values.size < 2 or values[1] > values[0] else (values[::-1], order[::-1])
    )
    if values.size == 1:
        return EvenAxis(float(values[0]), 1.0, index)
    if is_regular(rising):
        return EvenAxis(float(rising[0]), spacing(rising), index)
    edges = _edges(rising)
    span = float(edges[-1] - edges[0])
    count = math.ceil(span / max(float(np.diff(edges).min()), span / MOST_STEPS) - 1e-9)
    step = span / count
    middles = edges[0] + step * (np.arange(count) + 0.5)
    return EvenAxis(float(middles[0]), step, index[_within(edges, middles)])


def _edges(rising: Numbers) -> Numbers:
    """Ends of cells around `rising` middles."""
    if rising.size == 1:
        return np.array([rising[0] - 0.5, rising[0] + 0.5])
    between = (rising[1:] + rising[:-1]) / 2
    return np.concatenate([[2 * rising[0] - between[0]], between, [2 * rising[-1] - between[-1]]])


def _within(edges: Numbers, values: Numbers) -> Steps:
    """Cell between `edges` that holds each value; −1 outside."""
    found = np.searchsorted(edges, values, side="right") - 1
    return np.where((values >= edges[0]) & (values < edges[-1]), found, -1)


def _projected(
    names: tuple[str, str, str], upward: EvenAxis, latitudes: Numbers, longitudes: Numbers, crs: str
) -> VolumePlace:
    """Lattice of a volume on longitudes and latitudes, or feet, in a projected system of its place."""
    rows, columns = (np.sort(axis) for axis in (latitudes, longitudes))
    south, west = (_edges(axis)[0] for axis in (rows, columns))
    north, east = (_edges(axis)[-1] for axis in (rows, columns))
    system = metric_crs(crs, (west, south, east, north))
    across, up = _metres_of_unit(crs, (south + north) / 2)
    height, width = (north - south) / rows.size * up, (east - west) / columns.size * across
    edge_east, edge_north = moved_points(crs, system, *_outline(west, south, east, north))
    if not (np.isfinite(edge_east).all() and np.isfinite(edge_north).all()):
        raise NotFoundError("the volume lies where it cannot be projected, so there is no scene of it")
    northing, easting = _lattice(edge_north, height), _lattice(edge_east, width)
    grid = np.meshgrid(easting.middles, northing.middles)
    longitude, latitude = moved_points(system, crs, grid[0].ravel(), grid[1].ravel())
    if systems.is_geographic(crs):
        longitude = west + (longitude - west) % 360
    found = [
        _in_source(axis, _within(_edges(rising), values)).reshape(grid[0].shape)
        for axis, rising, values in ((latitudes, rows, latitude), (longitudes, columns, longitude))
    ]
    outside = (found[0] < 0) | (found[1] < 0)
    return VolumePlace(
        system, names, upward, northing, easting,
        (np.where(outside, -1, found[0]), np.where(outside, -1, found[1])),
    )  # fmt: skip


def _metres_of_unit(crs: str, latitude: float) -> tuple[float, float]:
    """Metres in a unit of `crs` to the east and to the north."""
    if not systems.is_geographic(crs):
        return metres_across(crs), metres_across(crs)
    return METRES_PER_DEGREE * math.cos(math.radians(latitude)), METRES_PER_DEGREE


def _in_source(axis: Numbers, index: Steps) -> Steps:
    """Index in the order of rising values as one in the order of `axis`."""
    if axis.size < 2 or axis[1] > axis[0]:
        return index
    return np.where(index < 0, -1, axis.size - 1 - index)


def _outline(west: float, south: float, east: float, north: float) -> tuple[Numbers, Numbers]:
    across, along = np.linspace(west, east, EDGE_POINTS), np.linspace(south, north, EDGE_POINTS)
    same = np.ones(EDGE_POINTS)
    return (
        np.concatenate([across, across, west * same, east * same]),
        np.concatenate([south * same, north * same, along, along]),
    )


def _lattice(edge: Numbers, step: float) -> EvenAxis:
    """Steps of about `step` that cover `edge`."""
    low, high = float(edge.min()), float(edge.max())
    count = max(1, math.ceil((high - low) / step - 1e-6))
    width = (high - low) / count
    return EvenAxis(low + width / 2, width, np.arange(count))
