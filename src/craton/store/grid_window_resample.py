"""Pixels of a picture from cells of a plane: the level that fits, the part that is needed, its resampling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from craton.model.errors import InvalidError
from craton.store.grid_window_levels import Part, Plane, Size, Valid, Values
from craton.store.grid_window_place import Between, Cells

Numbers = np.ndarray[Any, np.dtype[np.floating[Any]]]

FINER = 1.2
"""Cells from pixel to pixel from which a coarser level would do; below it the picture would blur."""

HALF_VALID = 0.5
"""Weight of cells with a value from which a pixel has one."""

APART = 64
"""Cells between two groups of columns from which they are read each by itself."""

BAND_PIXELS = 16_384
"""Pixels that are drawn at a time: what is worked out for so many stays near the processor.

Larger arrays are also asked of the system anew each time, which then clears them,
one thread after the other.
"""

MOST_CELLS = 16_000_000
"""Cells that are read for one picture at most."""


class Pixels(NamedTuple):
    """Values (height, width) of pixels and which of them hold one."""

    values: Values
    valid: Valid


Resample = Callable[[Numbers, Numbers, Valid], Pixels]
"""Pixels at columns and rows of cells, of which some lie in the grid."""


class _Side(NamedTuple):
    """Columns or rows of pixels in a part of a level, and the pieces (first, count) it is made of."""

    places: Numbers
    pieces: tuple[tuple[int, int], ...]
    cells: int


class _Shown(NamedTuple):
    """What a picture shows: a part of a level.

    Parameters
    ----------
    level : int
        The level.
    columns, rows : _Side
        The part of it.
    band : callable
        Gives, for rows of pixels, their columns and rows in that part, and which of them lie in the grid.
    """

    level: int
    columns: _Side
    rows: _Side
    band: Callable[[slice], tuple[Numbers, Numbers, Valid]]


def draw(plane: Plane, cells: Cells, *, nearest: bool) -> Pixels:
    """Pixels that show `cells` of `plane`."""
    shown = (_shown_by_nodes if cells.is_sparse else _shown_by_pixels)(plane.sizes, cells)
    if shown is None:
        return Pixels(np.zeros(cells.shape, np.float32), np.zeros(cells.shape, bool))
    values, valid = _read(plane, shown.level, shown.rows, shown.columns)
    if values.dtype.kind == "f":
        finite = np.isfinite(values)
        valid = finite if valid is None else valid & finite
    if valid is not None and valid.all():
        valid = None
    resample = _nearest if nearest or values.dtype.kind == "b" else _linear
    return _by_bands(resample(values, valid), shown.band, cells.shape)


def _by_bands(
    resample: Resample, shown: Callable[[slice], tuple[Numbers, Numbers, Valid]], shape: tuple[int, int]
) -> Pixels:
    """All pixels, some rows at a time."""
    step = max(1, BAND_PIXELS // shape[1])
    first = resample(*shown(slice(0, step)))
    if step >= shape[0]:
        return first
    pixels = Pixels(np.empty(shape, first.values.dtype), np.empty(shape, bool))
    pixels.values[:step], pixels.valid[:step] = first
    for top in range(step, shape[0], step):
        band = slice(top, top + step)
        pixels.values[band], pixels.valid[band] = resample(*shown(band))
    return pixels


def _shown_by_pixels(sizes: tuple[Size, ...], cells: Cells) -> _Shown | None:
    """What is shown where each pixel is known by itself."""
    inside = _within(cells.columns, sizes[0].width) & _within(cells.rows, sizes[0].height)
    if not inside.any():
        return None
    level, columns, rows = _chosen(sizes, cells.ratio, lambda size: _at_level(cells, inside, sizes[0], size))

    def band(which: slice) -> tuple[Numbers, Numbers, Valid]:
        across = columns.places if columns.places.shape[0] == 1 else columns.places[which]
        return across, rows.places[which], inside[which]

    return _Shown(level, columns, rows, band)


def _shown_by_nodes(sizes: tuple[Size, ...], cells: Cells) -> _Shown | None:
    """The same where nodes are known: no pixel between them lies beyond them."""
    whole = sizes[0]
    if not (_touches(cells.columns, whole.width) and _touches(cells.rows, whole.height)):
        return None
    level, columns, rows = _chosen(sizes, cells.ratio, lambda size: _nodes_at_level(cells, whole, size))
    size = sizes[level]
    down, across = (Between(nodes, count) for nodes, count in zip(cells.rows.shape, cells.shape, strict=True))
    # In a part of a level single precision is plenty.
    lines = [np.ascontiguousarray(across.of(side.places.T).T, np.float32) for side in (columns, rows)]
    limits = [
        None if _is_inside(side, count) else (-0.5 - side.pieces[0][0], count - 0.5 - side.pieces[0][0])
        for side, count in ((columns, size.width), (rows, size.height))
    ]

    def band(which: slice) -> tuple[Numbers, Numbers, Valid]:
        places = [down.of(one, which) for one in lines]
        inside = np.ones(places[0].shape, bool)
        for one, ends in zip(places, limits, strict=True):
            if ends is not None:
                inside &= (one >= ends[0]) & (one <= ends[1])
        return places[0], places[1], inside

    return _Shown(level, columns, rows, band)


def _is_inside(side: _Side, count: int) -> bool:
    first = side.pieces[0][0]
    return bool(side.places.min() >= -0.5 - first and side.places.max() <= count - 0.5 - first)


def _touches(places: Numbers, count: int) -> bool:
    return bool(places.max() >= -0.5 and places.min() <= count - 0.5)


def _nodes_at_level(cells: Cells, whole: Size, size: Size) -> tuple[_Side, _Side]:
    columns, rows = _scaled(cells.columns, cells.rows, whole, size)
    pieces = _piece(columns, size.width), _piece(rows, size.height)
    left, top = pieces[0][0], pieces[1][0]
    return _Side(columns - left, (pieces[0],), pieces[0][1]), _Side(rows - top, (pieces[1],), pieces[1][1])


def _chosen(
    sizes: tuple[Size, ...], ratio: float, sides: Callable[[Size], tuple[_Side, _Side]]
) -> tuple[int, _Side, _Side]:
    """Level that fits and does not need too many cells, and the columns and rows of it."""
    for level in range(_level(sizes, ratio), len(sizes)):
        columns, rows = sides(sizes[level])
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
    columns, rows = _scaled(columns, rows, whole, size)
    used = [places[_used(inside, places.shape)] for places in (columns, rows)]
    return _side(columns, used[0], size.width), _side(rows, used[1], size.height)


def _scaled(columns: Numbers, rows: Numbers, whole: Size, size: Size) -> tuple[Numbers, Numbers]:
    across, down = size.width / whole.width, size.height / whole.height
    return (columns + 0.5) * across - 0.5, (rows + 0.5) * down - 0.5


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
    if all(valid is None for _, valid in read):
        return values, None
    masks = [np.ones(one.shape, bool) if valid is None else valid for one, valid in read]
    return values, np.concatenate(masks, axis=1)


def _nearest(values: Values, valid: Valid | None) -> Resample:
    """The nearest cell."""
    height, width = values.shape
    cells, held = values.ravel(), None if valid is None else valid.ravel()

    def resample(columns: Numbers, rows: Numbers, inside: Valid) -> Pixels:
        row, column = np.floor(rows + 0.5).clip(0, height - 1), np.floor(columns + 0.5).clip(0, width - 1)
        number = _number(row, column, width)
        return Pixels(cells.take(number), inside if held is None else inside & held.take(number))

    return resample


def _number(rows: Numbers, columns: Numbers, width: int) -> np.ndarray[Any, np.dtype[np.intp]]:
    """Number of the cell of whole rows and columns; single precision holds more cells than `MOST_CELLS`."""
    return np.asarray(rows * width + columns).astype(np.intp)


class _Corners(NamedTuple):
    """The cell before each pixel along a side, how far the one after it is, and the share of that one."""

    before: Numbers
    step: int
    share: np.ndarray[Any, Any]


def _corners(places: Numbers, count: int) -> _Corners:
    places = places.clip(0, count - 1)
    before = np.floor(places)
    np.minimum(before, max(0, count - 2), out=before)
    return _Corners(before, min(1, count - 1), (places - before).astype(np.float32, copy=False))


def _linear(values: Values, valid: Valid | None) -> Resample:
    """Linear interpolation among the cells around a pixel that hold a value."""
    height, width = values.shape
    filled = np.asarray(values if valid is None else np.where(valid, values, 0), np.float32)
    weights = None if valid is None else valid.astype(np.float32)

    def resample(columns: Numbers, rows: Numbers, inside: Valid) -> Pixels:
        down, across = _corners(rows, height), _corners(columns, width)
        pixels = _mixed(filled, down, across)
        if weights is None:
            return Pixels(pixels, inside)
        weight = _mixed(weights, down, across)
        held = weight >= HALF_VALID
        with np.errstate(divide="ignore", invalid="ignore"):
            return Pixels(np.where(held, pixels / weight, 0), inside & held)

    return resample


def _mixed(values: Values, down: _Corners, across: _Corners) -> Values:
    if across.before.shape[0] == 1 and down.before.shape[-1] == 1:
        return _mixed_apart(values, down, across)
    width = values.shape[1]
    corner = _number(down.before, across.before, width)
    cells, below = values.ravel(), down.step * width
    # A view that begins later has the neighbour where the cell was.
    upper = _between(cells.take(corner), cells[across.step :].take(corner), across.share)
    cells = cells[below:]
    lower = _between(cells.take(corner), cells[across.step :].take(corner), across.share)
    return _between(upper, lower, down.share)


def _mixed_apart(values: Values, down: _Corners, across: _Corners) -> Values:
    """The same where columns do not depend on rows: first along one side, then along the other."""
    before = down.before.ravel().astype(np.intp)
    bands = _between(values[before], values[down.step :][before], down.share.reshape(-1, 1))
    before = across.before.ravel().astype(np.intp)
    return _between(
        bands.take(before, axis=1), bands[:, across.step :].take(before, axis=1), across.share.reshape(1, -1)
    )


def _between(first: Values, second: Values, share: Values) -> Values:
    """`first` where `share` is 0, `second` where it is 1; `second` is written over."""
    second -= first
    second *= share
    second += first
    return second
