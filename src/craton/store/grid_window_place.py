"""Where the pixels of a picture lie in a grid: positions of one reference system as rows and columns of it.

Columns and rows are fractions; the centre of the first cell is at 0. A picture
is transformed at few nodes and in between by interpolation, where that is as
good as transforming each pixel.
"""

from __future__ import annotations

import math
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
NODE_STEPS = (32, 8, 2)
"""Pixels from node to node: the first is taken that is good enough, else each pixel is transformed."""

TOLERANCE = 0.2
"""Pixels that a place may be off that is interpolated between every second node.

Between all of them, which are used, it is off by a quarter of that.
"""

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
        They broadcast to the shape of the picture: (1, width) and (height, 1), or both (height, width);
        or they are those of nodes at even steps from the first pixel to the last, see `Between`.
    ratio : float
        Cells of the grid from pixel to pixel.
    shape : tuple of int
        Rows and columns of the picture.
    is_sparse : bool
        Whether they are those of nodes.
    """

    columns: Numbers
    rows: Numbers
    ratio: float
    shape: tuple[int, int]
    is_sparse: bool = False


def locate(frame: Frame, place: Place) -> Cells:
    """Cells of `place` that the pixels of `frame` show."""
    across, down = frame.centres()
    shape = (frame.height, frame.width)
    move = transformer(frame.crs, place.crs)
    geographic = systems.is_geographic(place.crs)
    if (apart := _apart(move, across, down)) is not None:
        east, north = apart
        east = np.unwrap(east, period=FULL_TURN) if geographic else east
        return _cells(place, east[np.newaxis, :], north[:, np.newaxis], shape)
    assert move is not None
    nodes = _nodes(move, across, down, geographic=geographic)
    if nodes is None:
        return _cells(place, *_mesh(move, across, down, geographic=geographic), shape)
    if place.transform is not None and not place.turn:
        return _cells(place, *nodes, shape, is_sparse=True)
    east, north = (spread(one, shape) for one in nodes)
    return _cells(place, east, north, shape)


def _cells(
    place: Place, east: Numbers, north: Numbers, shape: tuple[int, int], *, is_sparse: bool = False
) -> Cells:
    columns, rows = place.cells(east, north)
    return Cells(columns, rows, _ratio(east, north, place, shape), shape, is_sparse)


def _apart(move: pyproj.Transformer | None, across: Numbers, down: Numbers) -> tuple[Numbers, Numbers] | None:
    """Positions of columns and of rows, where one does not depend on the other."""
    if move is None:
        return across, down
    if not _may_be_apart(move, across, down):
        return None
    # Columns and rows at the rim and in the middle tell; a projection that agrees there is apart.
    rows = [_moved(move, across, np.full_like(across, down[at])) for at in (0, down.size // 2, -1)]
    columns = [_moved(move, np.full_like(down, across[at]), down) for at in (0, across.size // 2, -1)]
    east, north = rows[0][0], columns[0][1]
    if not (np.isfinite(east).all() and np.isfinite(north).all()):
        return None
    slack = _slack(east, east.size), _slack(north, north.size)
    same = all(np.allclose(one[0], east, rtol=0, atol=slack[0]) for one in rows) and all(
        np.allclose(one[1], north, rtol=0, atol=slack[1]) for one in columns
    )
    return (east, north) if same else None


def _may_be_apart(move: pyproj.Transformer, across: Numbers, down: Numbers) -> bool:
    """Whether the corners, the middles of the sides and the middle say so; they are soon transformed."""
    few = (one[[0, one.size // 2, -1]] for one in (across, down))
    east, north = _moved(move, *np.meshgrid(*few))
    if not (np.isfinite(east).all() and np.isfinite(north).all()):
        return False
    return bool(
        (np.ptp(east, axis=0) <= 2 * _slack(east[0], across.size)).all()
        and (np.ptp(north, axis=1) <= 2 * _slack(north[:, 0], down.size)).all()
    )


def _slack(positions: Numbers, pixels: int) -> float:
    """How much `positions` along a side of so many pixels may differ and still be the same."""
    return float(TOLERANCE / 20 * max(np.ptp(positions) / max(1, pixels - 1), 1e-12))


def _nodes(
    move: pyproj.Transformer, across: Numbers, down: Numbers, *, geographic: bool
) -> tuple[Numbers, Numbers] | None:
    """Positions of nodes between which those of pixels may be interpolated; `None` where there are none."""
    for step in NODE_STEPS:
        at_columns, at_rows = (
            np.linspace(0, one.size - 1, 2 * math.ceil(one.size / (2 * step)) + 1) for one in (across, down)
        )
        east, north = _mesh(move, _at(across, at_columns), _at(down, at_rows), geographic=geographic)
        if not (np.isfinite(east).all() and np.isfinite(north).all()):
            return None
        if _is_smooth(east, north, (at_rows[1], at_columns[1])):
            return east, north
    return None


def _is_smooth(east: Numbers, north: Numbers, steps: tuple[float, float]) -> bool:
    """Whether every second node tells where those between lie; `steps` are pixels from node to node.

    Nodes beside each other count, not only those amid four: a conformal map bends
    as much up along one axis as it bends down along the other, so amid four there
    is next to no error where there is most at the sides.
    """
    error = np.hypot(*(spread(one[::2, ::2], one.shape) - one for one in (east, north)))
    sides = [
        np.hypot(np.gradient(east, axis=axis), np.gradient(north, axis=axis)) / max(step, 1.0)
        for axis, step in enumerate(steps)
    ]
    return bool((error <= TOLERANCE * np.hypot(*sides) / math.sqrt(2)).all())


def _at(positions: Numbers, places: Numbers) -> Numbers:
    return np.interp(places, np.arange(positions.size), positions)


def spread(nodes: np.ndarray[Any, Any], shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """Values (height, width) between `nodes` at even steps from the first pixel to the last."""
    return Between(nodes.shape[0], shape[0]).of(Between(nodes.shape[1], shape[1]).of(nodes.T).T)


class Between:
    """Interpolation of `count` rows from the first of `nodes` to the last, at even steps."""

    def __init__(self, nodes: int, count: int) -> None:
        wanted = np.linspace(0, nodes - 1, count)
        self._before = np.minimum(wanted.astype(np.intp), nodes - 2)
        self._share = (wanted - self._before)[:, np.newaxis]

    def of(self, nodes: np.ndarray[Any, Any], rows: slice = slice(None)) -> np.ndarray[Any, Any]:
        """Values (count, n) of `nodes` (nodes, n), or some rows of them."""
        # Plain sums, for a product of matrices would start threads.
        before = self._before[rows]
        values = np.diff(nodes, axis=0).take(before, axis=0)
        values *= self._share[rows].astype(nodes.dtype)
        values += nodes.take(before, axis=0)
        return values


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


def _ratio(east: Numbers, north: Numbers, place: Place, shape: tuple[int, int]) -> float:
    """Cells from pixel to pixel in the middle of the picture."""
    east, north = np.broadcast_arrays(east, north)
    steps = [max(pixels - 1, 1) / max(count - 1, 1) for pixels, count in zip(shape, east.shape, strict=True)]
    row, column = east.shape[0] // 2, east.shape[1] // 2
    beside, below = min(column + 1, east.shape[1] - 1), min(row + 1, east.shape[0] - 1)
    if not place.transform:
        assert place.eastings is not None
        assert place.northings is not None
        cell = np.ptp(place.eastings) / place.width * np.ptp(place.northings) / place.height
    else:
        cell = abs(place.transform.determinant)
    with np.errstate(invalid="ignore"):
        right = np.array([east[row, beside] - east[row, column], north[row, beside] - north[row, column]])
        under = np.array([east[below, column] - east[row, column], north[below, column] - north[row, column]])
        area = abs(right[0] * under[1] - right[1] * under[0]) / (steps[0] * steps[1])
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
