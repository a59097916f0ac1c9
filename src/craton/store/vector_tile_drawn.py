"""Shapes as a vector tile draws them: on the grid of the tile, without what is too small to be seen.

At every level but the last, coordinates are rounded to half a pixel, so that
lines that two features share stay shared; features smaller than a pixel become
one mark a pixel, however many there are; and a tile holds `MOST_FEATURES`, the
largest. The last level has every feature on the full grid: it is what clients
enlarge further.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from craton.store.vector_tile_shapes import (
    LINE,
    POINT,
    POLYGON,
    Flags,
    Floats,
    Integers,
    Shapes,
    joined,
    starts_of,
)

EXTENT = 4096
"""Steps of a tile's grid along each side."""

PIXEL = EXTENT // 512
"""Steps of a pixel, where a tile is shown with 512."""

COARSE = PIXEL // 2
"""Steps that coordinates are rounded to, but on the last level."""

MOST_FEATURES = 20_000
"""Features of a tile, but on the last level."""


def drawn(shapes: Shapes, *, last: bool) -> Shapes:
    """`shapes` as they are drawn on a level, `last` or not: `x` and `y` are whole steps of the grid."""
    if last:
        return _on_grid(shapes, 1)
    tiny = _tiny(shapes)
    large = _on_grid(_largest(shapes.kept_pieces(~tiny)), COARSE)
    return joined([large, _marks(shapes.kept_pieces(tiny))])


def _tiny(shapes: Shapes) -> Flags:
    left, right, top, bottom = shapes.piece_boxes()
    side = PIXEL / EXTENT
    return (right - left < side) & (bottom - top < side)


def _tiles(shapes: Shapes) -> Integers:
    """A number for the tile of each piece."""
    return np.asarray(shapes.rows * (int(shapes.columns.max(initial=0)) + 1) + shapes.columns)


def _marks(shapes: Shapes) -> Shapes:
    """The first of the pieces that lie in a pixel, as a point, a dash or a square of its size."""
    if not len(shapes.features):
        return shapes
    left, right, top, bottom = shapes.piece_boxes()
    across, down = (
        np.floor((low + high) / 2 * (EXTENT / PIXEL)).astype(np.int64)
        for low, high in ((left, right), (top, bottom))
    )
    # Pixels of the margin have negative numbers; so many pixels never make two of them equal.
    keys = ((_tiles(shapes) << 2) + shapes.kinds << 24) + ((down + 1024) << 12) + across + 1024
    first = np.sort(np.unique(keys, return_index=True)[1])
    return _squares(shapes, first, across[first], down[first])


def _squares(shapes: Shapes, pieces: Integers, across: Integers, down: Integers) -> Shapes:
    kinds = shapes.kinds[pieces]
    sizes = np.select([kinds == POINT, kinds == LINE], [1, 2], 4)
    corner = np.arange(int(sizes.sum())) - np.repeat(starts_of(sizes), sizes)
    half: Floats = np.where(np.repeat(kinds == POINT, sizes), 0.5, 0.0)
    return Shapes(
        x=PIXEL * (np.repeat(across, sizes) + half + 1.0 * ((corner == 1) | (corner == 2))),
        y=PIXEL * (np.repeat(down, sizes) + half + 1.0 * (corner >= 2)),
        sizes=sizes, owners=np.arange(len(pieces)), holes=np.zeros(len(pieces), bool),
        features=shapes.features[pieces], kinds=kinds, rows=shapes.rows[pieces],
        columns=shapes.columns[pieces],
    )  # fmt: skip


def _largest(shapes: Shapes) -> Shapes:
    """At most `MOST_FEATURES` pieces a tile."""
    tiles = _tiles(shapes)
    _, tile, counts = np.unique(tiles, return_inverse=True, return_counts=True)
    if counts.max(initial=0) <= MOST_FEATURES:
        return shapes
    left, right, top, bottom = shapes.piece_boxes()
    order = np.lexsort((-np.maximum(right - left, bottom - top), tile))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order)) - np.repeat(starts_of(counts), counts)
    return shapes.kept_pieces(rank < MOST_FEATURES)


def _on_grid(shapes: Shapes, step: int) -> Shapes:
    """Rounded to `step`, without vertices that change nothing and parts that vanish."""
    x, y = (np.rint(values * (EXTENT / step)) * step for values in (shapes.x, shapes.y))
    rounded = replace(shapes, x=x, y=y)
    rounded = _reduced(rounded, ~_repeated(rounded))
    rounded = _reduced(rounded, ~_straight(rounded))
    return _turned(_standing(rounded, rounded.sizes >= _least(rounded)))


def _least(shapes: Shapes) -> Integers:
    """Vertices that each part must have."""
    kinds = shapes.part_kinds
    return np.select([kinds == POINT, kinds == LINE], [1, 2], 3)


def _reduced(shapes: Shapes, keep: Flags) -> Shapes:
    """`shapes` with the vertices `keep`; every part keeps its number, some may be empty."""
    counts = np.zeros(len(shapes.sizes), np.int64)
    some = shapes.sizes > 0
    if keep.size:
        counts[some] = np.add.reduceat(keep.astype(np.int64), shapes.starts[some])
    return replace(shapes, x=shapes.x[keep], y=shapes.y[keep], sizes=counts)


def _neighbours(shapes: Shapes) -> tuple[Integers, Integers]:
    """Vertex before and after each in its part, round the end."""
    some = shapes.sizes > 0
    starts, ends = shapes.starts[some], (shapes.starts + shapes.sizes)[some] - 1
    before, after = np.arange(-1, len(shapes.x) - 1), np.arange(1, len(shapes.x) + 1)
    before[starts], after[ends] = ends, starts
    return before, after


def _repeated(shapes: Shapes) -> Flags:
    """Vertices of lines and rings at the place of the one before; of rings also where they close."""
    before, _after = _neighbours(shapes)
    same = (shapes.x == shapes.x[before]) & (shapes.y == shapes.y[before])
    kinds = np.repeat(shapes.part_kinds, shapes.sizes)
    first = np.zeros(len(same), bool)
    first[shapes.starts[shapes.sizes > 0]] = True
    return np.asarray(same & (kinds != POINT) & ((kinds == POLYGON) | ~first))


def _straight(shapes: Shapes) -> Flags:
    """Vertices of lines and rings on the straight way from the one before to the one after."""
    before, after = _neighbours(shapes)
    left_x, left_y = shapes.x - shapes.x[before], shapes.y - shapes.y[before]
    right_x, right_y = shapes.x[after] - shapes.x, shapes.y[after] - shapes.y
    straight = (left_x * right_y == left_y * right_x) & (left_x * right_x + left_y * right_y >= 0)
    kinds = np.repeat(shapes.part_kinds, shapes.sizes)
    some = shapes.sizes > 0
    ends = np.zeros(len(straight), bool)
    ends[shapes.starts[some]] = ends[(shapes.starts + shapes.sizes)[some] - 1] = True
    return np.asarray(straight & ((kinds == POLYGON) | ((kinds == LINE) & ~ends)))


def _standing(shapes: Shapes, stays: Flags) -> Shapes:
    """Only parts of `stays`; with a ring go its holes."""
    outer = np.maximum.accumulate(np.where(~shapes.holes, np.arange(len(stays)), 0))
    return shapes.kept(stays & stays[outer])


def _turned(shapes: Shapes) -> Shapes:
    """Rings turned as the format wants them: clockwise to the eye, holes the other way; none without area."""
    ring = shapes.part_kinds == POLYGON
    if not ring.any():
        return shapes
    area = _areas(shapes)
    if (flat := ring & (area == 0)).any():
        return _turned(_standing(shapes, ~flat))
    wrong = ring & ((area > 0) == shapes.holes)
    place = np.arange(len(shapes.x))
    starts, sizes = shapes.starts[wrong], shapes.sizes[wrong]
    inside = np.repeat(wrong, shapes.sizes)
    place[inside] = np.repeat(2 * starts + sizes - 1, sizes) - place[inside]
    return replace(shapes, x=shapes.x[place], y=shapes.y[place])


def _areas(shapes: Shapes) -> Floats:
    """Twice the area of each part as a ring, positive where it turns clockwise on a screen."""
    _before, after = _neighbours(shapes)
    return np.asarray(np.add.reduceat(shapes.x * shapes.y[after] - shapes.x[after] * shapes.y, shapes.starts))
