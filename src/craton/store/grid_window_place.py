"""Where the pixels of a picture lie in a grid: positions of one reference system as rows and columns of it.

Columns and rows are fractions; the centre of the first cell is at 0. A picture
is transformed at few nodes and in between by interpolation, where that is as
good as transforming each pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import pyproj
from pyproj.exceptions import CRSError, ProjError
from rasterio.transform import Affine

from craton.model import crs as systems
from craton.model.crs import Bounds
from craton.model.errors import InvalidError

Numbers = np.ndarray[Any, np.dtype[np.float64]]

FULL_TURN = 360.0
NODE_STEP = 16
"""Pixels from node to node."""

TOLERANCE = 0.2
"""Pixels that an interpolated place may be off."""

MOST_FRAME = 4096
"""Pixels of a picture along a side at most."""

ROOM = 64
"""Pixels that may be drawn beyond it and cut off again."""


@dataclass(frozen=True)
class Frame:
    """A picture: its extent in the axes of `crs` (east or longitude first), its pixels."""

    bounds: Bounds
    crs: str
    width: int
    height: int

    def __post_init__(self) -> None:
        west, south, east, north = self.bounds
        if not np.isfinite(self.bounds).all() or not (west < east and south < north):
            raise InvalidError("the extent must be finite numbers: west < east and south < north")
        if not (1 <= self.width <= MOST_FRAME + ROOM and 1 <= self.height <= MOST_FRAME + ROOM):
            raise InvalidError(f"a picture may have 1 to {MOST_FRAME} pixels along each side")

    @property
    def pixel(self) -> tuple[float, float]:
        """Width and height of a pixel in units of `crs`."""
        west, south, east, north = self.bounds
        return (east - west) / self.width, (north - south) / self.height

    def centres(self) -> tuple[Numbers, Numbers]:
        """Positions of the columns from the west, of the rows from the north."""
        across, down = self.pixel
        columns = self.bounds[0] + across * (np.arange(self.width, dtype=np.float64) + 0.5)
        return columns, self.bounds[3] - down * (np.arange(self.height, dtype=np.float64) + 0.5)

    def widened(self, pixels: int) -> Frame:
        """The same picture with `pixels` more at each side."""
        across, down = (pixels * size for size in self.pixel)
        west, south, east, north = self.bounds
        bounds = (west - across, south - down, east + across, north + down)
        return Frame(bounds, self.crs, self.width + 2 * pixels, self.height + 2 * pixels)


@dataclass(frozen=True)
class Place:
    """Where the cells of a grid lie.

    Parameters
    ----------
    crs : str
        Reference system of the positions.
    width, height : int
        Columns and rows.
    transform : Affine or None
        From columns and rows (their corners) to positions; `None` where an axis is not even.
    eastings, northings : array or None
        Coordinates of uneven axes.
    """

    crs: str
    width: int
    height: int
    transform: Affine | None
    eastings: Numbers | None = None
    northings: Numbers | None = None

    @cached_property
    def turn(self) -> float:
        """Columns in a full turn of longitude; 0 where there is none."""
        if self.transform is None or not systems.is_geographic(self.crs) or not self.transform.a:
            return 0.0
        return 0.0 if self.transform.b or self.transform.d else FULL_TURN / abs(self.transform.a)

    @property
    def cell_width(self) -> float:
        """Distance from column to column, in units of `crs`; the mean of uneven ones."""
        if self.transform is not None:
            return float(np.hypot(self.transform.a, self.transform.d))
        assert self.eastings is not None
        return float(np.ptp(self.eastings)) / max(1, self.width - 1)

    @property
    def is_rotated(self) -> bool:
        """Whether its rows do not run along an axis."""
        return self.transform is not None and bool(self.transform.b or self.transform.d)

    @cached_property
    def _inverse(self) -> Affine:
        assert self.transform is not None
        return ~self.transform

    def cells(self, eastings: Numbers, northings: Numbers) -> tuple[Numbers, Numbers]:
        """Columns and rows of positions in `crs`; outside the grid too, infinite where there is no place."""
        if self.transform is None:
            assert self.eastings is not None
            assert self.northings is not None
            return _along(self._nearest_turn(eastings), self.eastings), _along(northings, self.northings)
        inverse = self._inverse
        if inverse.b or inverse.d:
            eastings, northings = np.broadcast_arrays(eastings, northings)
        with np.errstate(invalid="ignore"):
            columns = inverse.a * eastings + inverse.c - 0.5
            rows = inverse.e * northings + inverse.f - 0.5
            if inverse.b or inverse.d:
                columns, rows = columns + inverse.b * northings, rows + inverse.d * eastings
            return self._turned(columns), rows

    def _nearest_turn(self, eastings: Numbers) -> Numbers:
        """Longitudes brought to the turn in which the uneven axis lies."""
        if not systems.is_geographic(self.crs):
            return eastings
        assert self.eastings is not None
        west = float(self.eastings.min()) - (FULL_TURN - np.ptp(self.eastings)) / 2
        with np.errstate(invalid="ignore"):
            return np.asarray((eastings - west) % FULL_TURN + west)

    def _turned(self, columns: Numbers) -> Numbers:
        """Columns brought into the grid by whole turns, where it is one of longitudes."""
        if not self.turn:
            return columns
        with np.errstate(invalid="ignore"):
            return np.asarray((columns + 0.5) % self.turn - 0.5)


def _along(positions: Numbers, axis: Numbers) -> Numbers:
    """Fractional places of `positions` along an uneven axis; half a cell beyond its ends is still on it."""
    order = 1 if axis[-1] > axis[0] else -1
    rising = axis[::order]
    middles = (rising[1:] + rising[:-1]) / 2
    edges = np.concatenate([[2 * rising[0] - middles[0]], middles, [2 * rising[-1] - middles[-1]]])
    places = np.interp(positions, edges, np.arange(edges.size) - 0.5, left=-np.inf, right=np.inf)
    return np.asarray(places if order == 1 else axis.size - 1 - places)


@dataclass(frozen=True)
class Cells:
    """Columns and rows that the pixels of a picture show.

    Parameters
    ----------
    columns, rows : array
        They broadcast to the shape of the picture: (1, width) and (height, 1), or both (height, width).
    ratio : float
        Cells of the grid from pixel to pixel.
    """

    columns: Numbers
    rows: Numbers
    ratio: float


def locate(frame: Frame, place: Place) -> Cells:
    """Cells of `place` that the pixels of `frame` show."""
    across, down = frame.centres()
    move = transformer(frame.crs, place.crs)
    if (apart := _apart(move, across, down)) is not None:
        east, north = apart
        east = np.unwrap(east, period=FULL_TURN) if systems.is_geographic(place.crs) else east
        east, north = east[np.newaxis, :], north[:, np.newaxis]
    else:
        east, north = _by_nodes(move, across, down, geographic=systems.is_geographic(place.crs))
    columns, rows = place.cells(east, north)
    return Cells(columns, rows, _ratio(east, north, place, frame))


def _apart(move: pyproj.Transformer | None, across: Numbers, down: Numbers) -> tuple[Numbers, Numbers] | None:
    """Positions of columns and of rows, where one does not depend on the other."""
    if move is None:
        return across, down
    # Columns and rows at the rim and in the middle tell; a projection that agrees there is apart.
    rows = [_moved(move, across, np.full_like(across, down[at])) for at in (0, down.size // 2, -1)]
    columns = [_moved(move, np.full_like(down, across[at]), down) for at in (0, across.size // 2, -1)]
    east, north = rows[0][0], columns[0][1]
    if not (np.isfinite(east).all() and np.isfinite(north).all()):
        return None
    slack = [TOLERANCE / 20 * max(np.ptp(one) / max(1, one.size - 1), 1e-12) for one in (east, north)]
    same = all(np.allclose(one[0], east, rtol=0, atol=slack[0]) for one in rows) and all(
        np.allclose(one[1], north, rtol=0, atol=slack[1]) for one in columns
    )
    return (east, north) if same else None


def _by_nodes(
    move: pyproj.Transformer | None, across: Numbers, down: Numbers, *, geographic: bool
) -> tuple[Numbers, Numbers]:
    """Positions (height, width) of pixels, interpolated between nodes where that is good enough."""
    assert move is not None
    at_columns, at_rows = (np.linspace(0, one.size - 1, 2 + one.size // NODE_STEP) for one in (across, down))
    nodes = _mesh(move, _at(across, at_columns), _at(down, at_rows), geographic=geographic)
    between = [(one[1:] + one[:-1]) / 2 for one in (at_columns, at_rows)]
    exact = _mesh(move, _at(across, between[0]), _at(down, between[1]), geographic=geographic)
    middle = [(one[1:, 1:] + one[1:, :-1] + one[:-1, 1:] + one[:-1, :-1]) / 4 for one in nodes]
    with np.errstate(invalid="ignore"):
        steps = [
            np.hypot(np.diff(one, axis=0)[:, 1:], np.diff(one, axis=1)[1:, :]) / NODE_STEP for one in nodes
        ]
        size = np.hypot(*steps)
        error = np.hypot(middle[0] - exact[0], middle[1] - exact[1])
        good = bool((error <= TOLERANCE * size).all())
    if not good:
        return _mesh(move, across, down, geographic=geographic)
    east, north = (_filled(one, at_rows, at_columns) for one in nodes)
    return east, north


def _at(positions: Numbers, places: Numbers) -> Numbers:
    return np.interp(places, np.arange(positions.size), positions)


def _filled(nodes: Numbers, at_rows: Numbers, at_columns: Numbers) -> Numbers:
    """Values (height, width) at whole numbers, between `nodes` at even steps from 0 to the last."""
    return _between_nodes(_between_nodes(nodes, at_rows).T, at_columns).T


def _between_nodes(nodes: Numbers, places: Numbers) -> Numbers:
    """Rows (count, …) between rows of `nodes`; plain sums, for a product of matrices would start threads."""
    wanted = np.arange(int(places[-1]) + 1) / max(places[-1], 1.0) * (places.size - 1)
    before = np.minimum(wanted.astype(np.intp), places.size - 2)
    share = (wanted - before)[:, np.newaxis]
    return np.asarray(nodes[before] + (nodes[before + 1] - nodes[before]) * share)


def _mesh(
    move: pyproj.Transformer, across: Numbers, down: Numbers, *, geographic: bool
) -> tuple[Numbers, Numbers]:
    east, north = _moved(move, *np.meshgrid(across, down))
    if geographic and np.isfinite(east).all():
        east = np.unwrap(np.unwrap(east, period=FULL_TURN, axis=1), period=FULL_TURN, axis=0)
    return east, north


def _moved(move: pyproj.Transformer, east: Numbers, north: Numbers) -> tuple[Numbers, Numbers]:
    try:
        moved = move.transform(east, north, errcheck=False)
    except ProjError:
        return np.full_like(east, np.inf), np.full_like(north, np.inf)
    return np.asarray(moved[0], np.float64), np.asarray(moved[1], np.float64)


def _ratio(east: Numbers, north: Numbers, place: Place, frame: Frame) -> float:
    """Cells from pixel to pixel in the middle of the picture."""
    east, north = np.broadcast_arrays(east, north)
    row, column = frame.height // 2, frame.width // 2
    beside, below = min(column + 1, frame.width - 1), min(row + 1, frame.height - 1)
    if not place.transform:
        assert place.eastings is not None
        assert place.northings is not None
        cell = np.ptp(place.eastings) / place.width * np.ptp(place.northings) / place.height
    else:
        cell = abs(place.transform.determinant)
    with np.errstate(invalid="ignore"):
        right = np.array([east[row, beside] - east[row, column], north[row, beside] - north[row, column]])
        under = np.array([east[below, column] - east[row, column], north[below, column] - north[row, column]])
        area = abs(right[0] * under[1] - right[1] * under[0])
    return float(np.sqrt(area / cell)) if np.isfinite(area) and cell else 0.0


@lru_cache(maxsize=256)
def transformer(source: str, target: str) -> pyproj.Transformer | None:
    """Transformer between two systems, east or longitude first; `None` where they are the same."""
    if source == target or {source, target} == {"OGC:CRS84", "EPSG:4326"}:
        return None
    try:
        start, end = _horizontal(source), _horizontal(target)
        try:
            return pyproj.Transformer.from_crs(start, end, always_xy=True)
        except ProjError:  # remarks of a system may ask for grids of heights that are not at hand
            start, end = _without_remarks(start), _without_remarks(end)
            return pyproj.Transformer.from_crs(start, end, always_xy=True)
    except (ProjError, CRSError) as error:
        raise InvalidError("positions cannot be transformed between the two reference systems") from error


def _horizontal(name: str) -> pyproj.CRS:
    """System `name`, or its horizontal part: heights stay as they are."""
    system = pyproj.CRS.from_user_input(name)
    if system.is_bound and system.source_crs:
        system = system.source_crs
    if system.is_compound:
        system = system.sub_crs_list[0]
    return system.to_2d() if len(system.axis_info) > 2 else system


def _without_remarks(system: pyproj.CRS) -> pyproj.CRS:
    said = system.to_json_dict()
    return pyproj.CRS.from_json_dict({key: value for key, value in said.items() if key != "remarks"})


def moved_points(source: str, target: str, east: Numbers, north: Numbers) -> tuple[Numbers, Numbers]:
    """Positions of `source` in `target`; infinite where there is none."""
    move = transformer(source, target)
    return (east, north) if move is None else _moved(move, east, north)
