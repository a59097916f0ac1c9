"""Parts of a grid at its own resolution: values of the cells that hold points, and the cells of a box."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from craton.model.crs import Bounds
from craton.model.errors import InvalidError, NotFoundError
from craton.store.grid_window import Grid
from craton.store.grid_window_layers import Layer
from craton.store.grid_window_levels import Part, Valid, Values
from craton.store.grid_window_place import Frame, Numbers, moved_points

MOST_VALUES = 4_000_000
"""Values of one answer at most."""

BLOCK_CELLS = 4_000_000
"""Cells of the box around points up to which it is read at once."""

Steps = Mapping[str, Sequence[int]]
"""Steps along further axes, by the name of the axis; all where one is left out."""


def too_many(count: int, most: int = MOST_VALUES) -> InvalidError:
    """What to raise where an answer would be too large."""
    return InvalidError(
        f"this asks for {count:,} values; an answer may have {most:,}",
        hint="ask for a smaller area, fewer steps of time or height, or fewer parameters",
    )


@dataclass(frozen=True)
class Spots:
    """Cells of a grid that hold points.

    Parameters
    ----------
    rows, columns : array of int
        Cell of each point, in the order of the file; −1 outside.
    inside : array of bool
        Whether the point lies in the grid.
    """

    rows: np.ndarray[Any, np.dtype[np.intp]]
    columns: np.ndarray[Any, np.dtype[np.intp]]
    inside: Valid


def spots(grid: Grid, eastings: Numbers, northings: Numbers, crs: str) -> Spots:
    """Cells that hold points of `crs` (east or longitude first)."""
    east, north = moved_points(crs, grid.crs, eastings, northings)
    columns, rows = grid.place.cells(east, north)
    with np.errstate(invalid="ignore"):
        inside = (columns >= -0.5) & (columns <= grid.place.width - 0.5)
        inside &= (rows >= -0.5) & (rows <= grid.place.height - 0.5)
    whole = [
        np.where(inside, np.floor(np.where(inside, one, 0) + 0.5), -1).astype(np.intp).clip(-1, most - 1)
        for one, most in ((rows, grid.place.height), (columns, grid.place.width))
    ]
    return Spots(whole[0], whole[1], inside)


def sample(grid: Grid, layer: Layer, where: Spots, steps: Steps) -> Values:
    """Values (points, steps of each further axis …) of the cells of `where`; NaN where there is none.

    Raises
    ------
    InvalidError
        If they are more than `MOST_VALUES`.
    """
    chosen = [list(steps.get(axis.name, range(axis.count))) for axis in layer.axes]
    shape = (where.rows.size, *(len(one) for one in chosen))
    if np.prod(shape, dtype=np.int64) > MOST_VALUES:
        raise too_many(int(np.prod(shape, dtype=np.int64)))
    found = np.full(shape, np.nan)
    at = np.flatnonzero(where.inside)
    if not at.size or not all(chosen):
        return found
    rows, columns = where.rows[at], where.columns[at]
    if grid.file is not None:
        found[at] = _of_file(grid, layer, rows, columns)
    else:
        found[at] = _of_dataset(grid, layer, rows, columns, chosen)
    return found


def _of_file(grid: Grid, layer: Layer, rows: np.ndarray[Any, Any], columns: np.ndarray[Any, Any]) -> Values:
    """Values of single cells of a COG; cells near each other are read at once."""
    assert grid.file is not None
    if np.ptp(rows) * np.ptp(columns) <= BLOCK_CELLS:
        groups = [np.arange(rows.size)]
    else:
        blocks = (rows // 512) * 1_000_000 + columns // 512
        order = np.argsort(blocks, kind="stable")
        groups = np.split(order, np.flatnonzero(np.diff(blocks[order])) + 1)
    found = np.empty(rows.size)
    for group in groups:
        top, left = int(rows[group].min()), int(columns[group].min())
        part = Part(top, left, int(rows[group].max()) - top + 1, int(columns[group].max()) - left + 1)
        values, valid = grid.file.read(0, layer.number, part)
        here = (rows[group] - top, columns[group] - left)
        numbers = np.abs(values[here]) if values.dtype.kind == "c" else values[here].astype(np.float64)
        found[group] = numbers if valid is None else np.where(valid[here], numbers, np.nan)
    return found


def _of_dataset(
    grid: Grid,
    layer: Layer,
    rows: np.ndarray[Any, Any],
    columns: np.ndarray[Any, Any],
    chosen: list[list[int]],
) -> Values:
    down, across = _source(grid, rows, columns)
    names = [axis.name for axis in layer.axes]
    array = grid.dataset[layer.name].isel(dict(zip(names, chosen, strict=True)))
    points = {
        layer.plane[0]: xr.DataArray(down, dims="point"),
        layer.plane[1]: xr.DataArray(across, dims="point"),
    }
    values = array.isel(points).transpose("point", *names).to_numpy()
    numbers = np.abs(values) if values.dtype.kind == "c" else values.astype(np.float64)
    return numbers if layer.nodata is None else np.where(values == layer.nodata, np.nan, numbers)


def _source(grid: Grid, rows: Any, columns: Any) -> tuple[Any, Any]:
    """Rows and columns of the file as rows and columns of the dataset, or back."""
    if grid.place.transform is None:
        return rows, columns
    return (
        grid.place.height - 1 - rows if grid.turned[0] else rows,
        grid.place.width - 1 - columns if grid.turned[1] else columns,
    )


@dataclass(frozen=True)
class Box:
    """Rows and columns of the cells of a box, from north to south and from west to east.

    Parameters
    ----------
    rows, columns : array of int
        In the order of the file; columns go on at the first where the box crosses the seam of a grid of
        all longitudes.
    northings, eastings : array
        Centres of the cells in the axes of the grid; longitudes go on beyond the seam.
    """

    rows: np.ndarray[Any, np.dtype[np.intp]]
    columns: np.ndarray[Any, np.dtype[np.intp]]
    northings: Numbers
    eastings: Numbers

    @property
    def size(self) -> int:
        """Number of cells."""
        return int(self.rows.size * self.columns.size)


def box_of(grid: Grid, bounds: Bounds | None, crs: str) -> Box:
    """Cells whose centres lie in `bounds` of `crs`, or the one cell that holds them; all without `bounds`.

    Raises
    ------
    NotFoundError
        If none does.
    InvalidError
        If the grid is rotated, so that its cells are no box.
    """
    if grid.place.is_rotated:
        raise InvalidError(f"the rows of {grid.id} do not run east, so no part can be cut out of it")
    eastings, northings = axes_of(grid)
    if bounds is None:
        return Box(np.arange(northings.size), np.arange(eastings.size), northings, eastings)
    west, south, east, north = _own_bounds(grid, bounds, crs)
    if grid.place.turn:
        columns, longitudes = _columns_of_turn(eastings, west, east)
    else:
        columns = _within(eastings, west, east)
        longitudes = eastings[columns]
    rows = _within(northings, south, north)
    if not rows.size or not columns.size:
        raise NotFoundError(f"no cell of {grid.id} lies there")
    return Box(rows, columns, northings[rows], longitudes)


def axes_of(grid: Grid) -> tuple[Numbers, Numbers]:
    """Eastings of the columns and northings of the rows, in the order of the file."""
    place = grid.place
    if place.transform is None:
        assert place.eastings is not None
        assert place.northings is not None
        return place.eastings, place.northings
    layer = grid.layer()
    if all(name in grid.dataset.coords for name in layer.plane):
        north, east = (grid.dataset[name].to_numpy().astype(np.float64) for name in layer.plane)
        return east[:: -1 if grid.turned[1] else 1], north[:: -1 if grid.turned[0] else 1]
    across, down = np.arange(place.width) + 0.5, np.arange(place.height) + 0.5
    return place.transform.c + place.transform.a * across, place.transform.f + place.transform.e * down


def _own_bounds(grid: Grid, bounds: Bounds, crs: str) -> Bounds:
    """`bounds` in the axes of the grid; a box across the antimeridian (west > east) keeps going east."""
    west, south, east, north = bounds
    if not np.isfinite(bounds).all() or south > north:
        raise InvalidError("a box must be four finite numbers: west, south, east, north, south ≤ north")
    if east < west:
        if crs not in {"OGC:CRS84", "EPSG:4326"}:
            raise InvalidError("the west of a box must not lie east of its east")
        east += 360.0
    edge = np.linspace(0, 1, 21)
    along, up = np.meshgrid(west + (east - west) * edge, south + (north - south) * edge)
    moved = moved_points(crs, grid.crs, along.ravel(), up.ravel())
    there = np.isfinite(moved[0]) & np.isfinite(moved[1])
    if not there.any():
        raise NotFoundError(f"no cell of {grid.id} lies there")
    xs, ys = moved[0][there], moved[1][there]
    if grid.place.turn:
        xs = np.unwrap(moved[0].reshape(21, 21), period=360.0, axis=1) if there.all() else xs
    return float(xs.min()), float(ys.min()), float(xs.max()), float(ys.max())


def _within(axis: Numbers, low: float, high: float) -> np.ndarray[Any, np.dtype[np.intp]]:
    """Places along `axis` whose coordinates lie within, or the nearest where they lie between two."""
    found = np.flatnonzero((axis >= low) & (axis <= high))
    if found.size or axis.size < 2:
        return found
    middle, step = (low + high) / 2, float(np.abs(np.diff(axis)).max())
    nearest = int(np.abs(axis - middle).argmin())
    return np.array([nearest] if abs(axis[nearest] - middle) <= step / 2 else [], np.intp)


def _columns_of_turn(
    eastings: Numbers, west: float, east: float
) -> tuple[np.ndarray[Any, np.dtype[np.intp]], Numbers]:
    """Columns of longitudes between `west` and `east` in any turn, and those longitudes."""
    if east - west >= 360.0:
        return np.arange(eastings.size), eastings
    turns = range(
        int(np.floor((west - eastings.max()) / 360)), int(np.ceil((east - eastings.min()) / 360)) + 1
    )
    pieces = [(_within_strictly(eastings + 360.0 * turn, west, east), turn) for turn in turns]
    if not any(found.size for found, _ in pieces):
        pieces = [(_within(eastings + 360.0 * turn, west, east), turn) for turn in turns]
    pieces = [(found, turn) for found, turn in pieces if found.size]
    if not pieces:
        return np.empty(0, np.intp), np.empty(0)
    columns = np.concatenate([found for found, _ in pieces])
    longitudes = np.concatenate([eastings[found] + 360.0 * turn for found, turn in pieces])
    _, first = np.unique(np.round(longitudes, 9), return_index=True)  # both ends may be the same meridian
    return columns[first], longitudes[first]


def _within_strictly(axis: Numbers, low: float, high: float) -> np.ndarray[Any, np.dtype[np.intp]]:
    return np.flatnonzero((axis >= low) & (axis <= high))


def cut(grid: Grid, names: Sequence[str], box: Box, steps: Steps, *, most: int = MOST_VALUES) -> xr.Dataset:
    """Variables at the cells of `box` and the `steps`, with the axes of the source, rows from the north.

    Raises
    ------
    InvalidError
        If they are more than `most` values.
    """
    layers = [grid.layer(name) for name in names]
    count = sum(
        box.size * int(np.prod([len(steps.get(a.name, range(a.count))) for a in layer.axes], dtype=np.int64))
        for layer in layers
    )
    if count > most:
        raise too_many(count, most)
    rows, columns = _source(grid, box.rows, box.columns)
    plane = layers[0].plane
    wanted: dict[str, Any] = {plane[0]: rows, plane[1]: columns}
    wanted |= {a.name: list(steps[a.name]) for layer in layers for a in layer.axes if a.name in steps}
    found = grid.dataset[[layer.name for layer in layers]].isel(wanted).load()
    return found.assign_coords({plane[0]: (plane[0], box.northings), plane[1]: (plane[1], box.eastings)})


def scaled(grid: Grid, names: Sequence[str], frame: Frame, indices: Mapping[str, int]) -> xr.Dataset:
    """Variables at the pixels of `frame`, which lies along the axes of the grid."""
    layers = [grid.layer(name) for name in names]
    selection = {axis.name: axis.told(indices[axis.name]) for layer in layers for axis in layer.axes}
    pixels = grid.window(names, frame, selection=selection)
    east, north = frame.centres()
    rows, columns = layers[0].plane
    arrays = {
        layer.name: ((rows, columns), np.where(one.valid, one.values, np.nan).astype(np.float32),
                     dict(grid.dataset[layer.name].attrs))
        for layer, one in zip(layers, pixels, strict=True)
    }  # fmt: skip
    return xr.Dataset(arrays, {rows: north, columns: east}, dict(grid.dataset.attrs))
