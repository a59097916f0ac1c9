"""Pixels of a picture from cells of a plane: the level that fits, the part that is needed, its resampling."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from craton.model.errors import InvalidError
from craton.store.grid_window_levels import Part, Plane, Size, Valid, Values
from craton.store.grid_window_place import Cells, Numbers

FINER = 1.2
"""Cells from pixel to pixel from which a coarser level would do; below it the picture would blur."""

HALF_VALID = 0.5
"""Weight of cells with a value from which a pixel has one."""

APART = 64
"""Cells between two groups of columns from which they are read each by itself."""

MOST_CELLS = 16_000_000
"""Cells that are read for one picture at most."""


class Pixels(NamedTuple):
    """Values (height, width) of pixels and which of them hold one."""

    values: Values
    valid: Valid


class _Side(NamedTuple):
    """Columns or rows of pixels in a part of a level, and the pieces (first, count) it is made of."""

    places: Numbers
    pieces: tuple[tuple[int, int], ...]
    cells: int


def draw(plane: Plane, cells: Cells, *, nearest: bool) -> Pixels:
    """Pixels that show `cells` of `plane`."""
    whole = plane.sizes[0]
    inside = _within(cells.columns, whole.width) & _within(cells.rows, whole.height)
    if not inside.any():
        return Pixels(np.zeros(inside.shape, np.float32), inside)
    level, columns, rows = _chosen(plane.sizes, cells, inside)
    values, valid = _read(plane, level, rows, columns)
    if values.dtype.kind == "f":
        finite = np.isfinite(values)
        valid = finite if valid is None else valid & finite
    resample = _nearest if nearest or values.dtype.kind == "b" else _linear
    return resample(values, valid, rows.places, columns.places, inside)


def _chosen(sizes: tuple[Size, ...], cells: Cells, inside: Valid) -> tuple[int, _Side, _Side]:
    """Level that fits and does not need too many cells, and the columns and rows of it."""
    for level in range(_level(sizes, cells.ratio), len(sizes)):
        columns, rows = _at_level(cells, inside, sizes[0], sizes[level])
        if columns.cells * rows.cells <= MOST_CELLS:
            return level, columns, rows
    raise InvalidError("the picture needs too many cells of the grid", hint="ask for a smaller extent")


def _level(sizes: tuple[Size, ...], ratio: float) -> int:
    """Coarsest level that is still fine enough."""
    fine = [n for n, size in enumerate(sizes) if ratio * size.height / sizes[0].height * FINER >= 1]
    return fine[-1] if fine else 0


def _within(places: Numbers, count: int) -> Valid:
    with np.errstate(invalid="ignore"):
        return np.asarray((places >= -0.5) & (places <= count - 0.5))


def _at_level(cells: Cells, inside: Valid, whole: Size, size: Size) -> tuple[_Side, _Side]:
    columns, rows = (
        np.where(_within(places, count), places, 0.0)
        for places, count in ((cells.columns, whole.width), (cells.rows, whole.height))
    )
    across, down = size.width / whole.width, size.height / whole.height
    columns, rows = (columns + 0.5) * across - 0.5, (rows + 0.5) * down - 0.5
    used = [places[_used(inside, places.shape)] for places in (columns, rows)]
    return _side(columns, used[0], size.width), _side(rows, used[1], size.height)


def _used(inside: Valid, shape: tuple[int, ...]) -> Valid:
    """Where columns or rows are shown by any pixel of the picture."""
    axes = tuple(n for n, (a, b) in enumerate(zip(inside.shape, shape, strict=True)) if b == 1 and a != 1)
    return np.asarray(inside.any(axis=axes, keepdims=True)) if axes else inside


def _side(places: Numbers, used: Numbers, count: int) -> _Side:
    """Pieces of a side that are needed, and the places of pixels in their union.

    A picture may show both ends of a grid that goes round the Earth, but not its middle.
    """
    low = used[used < count / 2]
    high = used[used >= count / 2]
    if low.size and high.size and count > 4 * APART and high.min() - low.max() > max(APART, count / 4):
        first, second = _piece(high, count), _piece(low, count)
        moved = np.where(places >= count / 2, places - first[0], places + first[1] - second[0])
        return _Side(moved, (first, second), first[1] + second[1])
    piece = _piece(used, count)
    return _Side(places - piece[0], (piece,), piece[1])


def _piece(used: Numbers, count: int) -> tuple[int, int]:
    first = max(0, int(np.floor(used.min())))
    return first, min(count, int(np.floor(used.max())) + 2) - first


def _read(plane: Plane, level: int, rows: _Side, columns: _Side) -> tuple[Values, Valid | None]:
    top, height = rows.pieces[0]
    read = [plane.read(level, Part(top, left, height, width)) for left, width in columns.pieces]
    if len(read) == 1:
        return read[0]
    values = np.concatenate([one for one, _ in read], axis=1)
    masks = [valid for _, valid in read if valid is not None]
    return values, np.concatenate(masks, axis=1) if len(masks) == len(read) else None


def _nearest(values: Values, valid: Valid | None, rows: Numbers, columns: Numbers, inside: Valid) -> Pixels:
    row = np.floor(rows + 0.5).astype(np.intp).clip(0, values.shape[0] - 1)
    column = np.floor(columns + 0.5).astype(np.intp).clip(0, values.shape[1] - 1)
    return Pixels(values[row, column], inside if valid is None else inside & valid[row, column])


class _Corners(NamedTuple):
    """The cell before each pixel along a side, how far the one after it is, and the share of that one."""

    before: np.ndarray[Any, Any]
    step: int
    share: np.ndarray[Any, Any]


def _corners(places: Numbers, count: int) -> _Corners:
    places = places.clip(0, count - 1)
    before = places.astype(np.intp)
    np.minimum(before, max(0, count - 2), out=before)
    return _Corners(
        before, min(1, count - 1), np.subtract(places, before, dtype=np.float32, casting="same_kind")
    )


def _linear(values: Values, valid: Valid | None, rows: Numbers, columns: Numbers, inside: Valid) -> Pixels:
    """Linear interpolation among the cells around a pixel that hold a value."""
    down, across = _corners(rows, values.shape[0]), _corners(columns, values.shape[1])
    if valid is None or bool(valid.all()):
        return Pixels(_mixed(np.asarray(values, np.float32), down, across), inside)
    filled = np.where(valid, values, 0).astype(np.float32)
    weight = _mixed(valid.astype(np.float32), down, across)
    held = weight >= HALF_VALID
    with np.errstate(divide="ignore", invalid="ignore"):
        pixels = np.where(held, _mixed(filled, down, across) / weight, 0)
    return Pixels(pixels, inside & held)


def _mixed(values: Values, down: _Corners, across: _Corners) -> Values:
    if across.before.shape[0] == 1 and down.before.shape[-1] == 1:
        return _mixed_apart(values, down, across)
    width = values.shape[1]
    corner = down.before * width + across.before
    cells, below = values.ravel(), down.step * width
    # A view that begins later has the neighbour where the cell was.
    upper = _between(cells.take(corner), cells[across.step :].take(corner), across.share)
    cells = cells[below:]
    lower = _between(cells.take(corner), cells[across.step :].take(corner), across.share)
    return _between(upper, lower, down.share)


def _mixed_apart(values: Values, down: _Corners, across: _Corners) -> Values:
    """The same where columns do not depend on rows: first along one side, then along the other."""
    before = down.before.ravel()
    bands = _between(values[before], values[down.step :][before], down.share.reshape(-1, 1))
    before = across.before.ravel()
    return _between(
        bands.take(before, axis=1), bands[:, across.step :].take(before, axis=1), across.share.reshape(1, -1)
    )


def _between(first: Values, second: Values, share: Values) -> Values:
    """`first` where `share` is 0, `second` where it is 1; `second` is written over."""
    second -= first
    second *= share
    second += first
    return second
