"""Shapes cut to their tiles, and parted among the four tiles of the next level.

Rings are cut side by side of the tile (Sutherland and Hodgman 1974): a ring
that leaves the tile and comes back runs along its edge. The edge lies in the
margin around the tile, where nothing is seen of it. It never fails, whatever
the ring is.
"""

from __future__ import annotations

from collections.abc import Iterator
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
    starts_of,
    with_parts,
)

MARGIN = 80 / 4096
"""How far around a tile its shapes are kept, in sides of the tile."""

SIDES = ((True, -MARGIN, 1.0), (True, 1 + MARGIN, -1.0), (False, -MARGIN, 1.0), (False, 1 + MARGIN, -1.0))
"""Sides that shapes are cut at: whether x is cut, where, and on which hand of it they stay."""


def clip(shapes: Shapes) -> Shapes:
    """`shapes` cut to their tiles and the margin around them."""
    left, right, top, bottom = shapes.boxes()
    low, high = -MARGIN, 1 + MARGIN
    touches = (right >= low) & (left <= high) & (bottom >= low) & (top <= high)
    within = (left >= low) & (right <= high) & (top >= low) & (bottom <= high)
    if within.all():
        return shapes
    crossing = touches & ~within
    if not crossing.any():
        return shapes.kept(touches)
    found: list[tuple[Floats, Floats, Integers, Integers]] = []
    kinds = shapes.part_kinds
    for kind, cut in ((POINT, _cut_points), (LINE, _cut_lines), (POLYGON, _cut_rings)):
        if (chosen := np.flatnonzero(crossing & (kinds == kind))).size:
            mask = np.zeros(len(kinds), bool)
            mask[chosen] = True
            vertices = np.repeat(mask, shapes.sizes)
            found.append(cut(shapes.x[vertices], shapes.y[vertices], shapes.sizes[chosen], chosen))
    x, y, sizes, origin = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    return with_parts(shapes, x, y, sizes, origin, within)


Cut = tuple[Floats, Floats, Integers, Integers]
"""Vertices of parts, their sizes, and the parts that they were."""


def _cut_points(x: Floats, y: Floats, sizes: Integers, origin: Integers) -> Cut:
    low, high = -MARGIN, 1 + MARGIN
    inside = (x >= low) & (x <= high) & (y >= low) & (y <= high)
    counts = np.add.reduceat(inside.astype(np.int64), starts_of(sizes))
    return _filled(x[inside], y[inside], counts, origin)


def _filled(x: Floats, y: Floats, sizes: Integers, origin: Integers) -> Cut:
    some = sizes > 0
    return x, y, sizes[some], origin[some]


def _cut_rings(x: Floats, y: Floats, sizes: Integers, origin: Integers) -> Cut:
    for across, place, hand in SIDES:
        if not len(sizes):
            break
        distance = ((x if across else y) - place) * hand
        following = _next(sizes)
        inside, crosses = _sides(distance, following)
        if inside.all():
            continue
        counts = inside.astype(np.int64) + crosses
        x, y = _emitted(x, y, distance, following, inside, crosses)
        x, y, sizes, origin = _filled(x, y, np.add.reduceat(counts, starts_of(sizes)), origin)
    return x, y, sizes, origin


def _next(sizes: Integers) -> Integers:
    """Vertex after each in its ring."""
    following = np.arange(1, int(sizes.sum()) + 1)
    starts = starts_of(sizes)
    following[starts + sizes - 1] = starts
    return following


def _sides(distance: Floats, following: Integers) -> tuple[Flags, Flags]:
    inside = distance >= 0
    return inside, inside != inside[following]


def _emitted(
    x: Floats, y: Floats, distance: Floats, following: Integers, inside: Flags, crosses: Flags
) -> tuple[Floats, Floats]:
    """Vertices inside, and after each the place where its edge crosses."""
    counts = inside.astype(np.int64) + crosses
    places = starts_of(counts)
    edge = np.flatnonzero(crosses)
    after = following[edge]
    share = distance[edge] / (distance[edge] - distance[after])
    result = []
    for values in (x, y):
        out = np.empty(int(counts.sum()))
        out[places[inside]] = values[inside]
        out[places[edge] + inside[edge]] = values[edge] + share * (values[after] - values[edge])
        result.append(out)
    return result[0], result[1]


def _cut_lines(x: Floats, y: Floats, sizes: Integers, origin: Integers) -> Cut:
    for across, place, hand in SIDES:
        if not len(sizes):
            break
        distance = ((x if across else y) - place) * hand
        starts = starts_of(sizes)
        following = np.arange(1, len(x) + 1)
        following[starts + sizes - 1] -= 1  # the last vertex has no edge
        inside, crosses = _sides(distance, following)
        if inside.all():
            continue
        counts = inside.astype(np.int64) + crosses
        first = np.zeros(len(x), bool)
        first[starts] = True
        begins = (first & inside) | (crosses & ~inside)  # inside from the start, or coming in
        line = np.repeat(origin, sizes)
        x, y = _emitted(x, y, distance, following, inside, crosses)
        beginning = starts_of(counts)[begins]
        sizes, origin = np.diff(beginning, append=len(x)), line[begins]
    return x, y, sizes, origin


def children(shapes: Shapes) -> Iterator[Shapes]:
    """`shapes` in each of the four tiles of the next level."""
    left, right, top, bottom = shapes.piece_boxes()
    margin = MARGIN / 2
    for row in (0, 1):
        for column in (0, 1):
            low_x, low_y = column / 2 - margin, row / 2 - margin
            high_x, high_y = (column + 1) / 2 + margin, (row + 1) / 2 + margin
            touching = (right >= low_x) & (left <= high_x) & (bottom >= low_y) & (top <= high_y)
            if touching.any():
                chosen = shapes.kept_pieces(touching)
                yield clip(replace(
                    chosen, x=chosen.x * 2 - column, y=chosen.y * 2 - row,
                    rows=chosen.rows * 2 + row, columns=chosen.columns * 2 + column,
                ))  # fmt: skip
