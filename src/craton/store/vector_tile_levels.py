"""How deep tiles of a dataset go."""

from __future__ import annotations

import math

import numpy as np

from craton.store.vector_tile_drawn import EXTENT
from craton.store.vector_tile_shapes import LINE, POINT, Shapes

DEEPEST = 14
"""Deepest level that clients are told of; its grid has steps of 60 cm."""

FEWEST_LEVELS = 4
"""Last level of features that have no size and no neighbours."""

STEPS_OF_EDGE = 32
"""Steps of the grid of the last level that a short edge takes."""

STEPS_OF_POINTS = 64
"""Steps of the grid of the last level between neighbouring points."""

MOST_PIECES = 4_000_000
"""Pieces of features of the last level."""

FEW_PIECES, FEW_VERTICES = 20_000, 2_000_000
"""Pieces and vertices of all levels that are made for the asking."""

SHORT = 0.25
"""Share of the edges that are shorter than one that counts as short."""


def last_level(shapes: Shapes, share: float = 1.0) -> int:
    """Last level of an archive; tiles of deeper ones, which hold few features, are made when asked for.

    It is where short edges of features, or distances of points, are seen well; a higher one where
    features are so large that they would fill too many tiles; `DEEPEST` where that costs little.

    Parameters
    ----------
    shapes : Shapes
        Of a sample of the features, the whole world as one tile.
    share : float
        Part of the features that the sample is.
    """
    level = min(DEEPEST, max(FEWEST_LEVELS, _by_edges(shapes), _by_points(shapes, share)))
    while level > FEWEST_LEVELS and _pieces(shapes, level) / share > MOST_PIECES:
        level -= 1
    while level < DEEPEST and _is_cheap(shapes, share, level + 1):
        level += 1
    return level


def _is_cheap(shapes: Shapes, share: float, level: int) -> bool:
    pieces, vertices = _pieces(shapes, level) / share, len(shapes.x) / share
    return pieces * (level + 1) <= FEW_PIECES and vertices * (level + 1) <= FEW_VERTICES


def _by_edges(shapes: Shapes) -> int:
    """Level at which a short edge has `STEPS_OF_EDGE`."""
    lines = np.repeat(shapes.part_kinds != POINT, shapes.sizes)
    part = np.repeat(np.arange(len(shapes.sizes)), shapes.sizes)
    edges = np.flatnonzero(lines[1:] & (part[1:] == part[:-1]))
    lengths = np.hypot(shapes.x[edges + 1] - shapes.x[edges], shapes.y[edges + 1] - shapes.y[edges])
    lengths = lengths[lengths > 0]
    return _level(float(np.quantile(lengths, SHORT)), STEPS_OF_EDGE) if lengths.size else 0


def _by_points(shapes: Shapes, share: float) -> int:
    """Level at which neighbouring points are `STEPS_OF_POINTS` apart, if the middle half lies evenly."""
    chosen = np.repeat(shapes.part_kinds == POINT, shapes.sizes)
    x, y, count = shapes.x[chosen], shapes.y[chosen], chosen.sum() / share
    if len(x) < 2:
        return 0
    width, height = (float(np.diff(np.quantile(values, [0.25, 0.75]))[0]) for values in (x, y))
    spacing = math.sqrt(max(width * height, max(width, height) ** 2 / count) * 4 / count)
    return _level(spacing, STEPS_OF_POINTS) if spacing > 0 else 0


def _level(length: float, steps: int) -> int:
    """First level at which `length`, in sides of the world, takes `steps` of the grid."""
    return max(0, math.ceil(math.log2(steps / EXTENT / length)))


def _pieces(shapes: Shapes, z: int) -> float:
    """Pieces that `shapes` have at level `z`, at most."""
    left, right, top, bottom = shapes.piece_boxes()
    across, down = (right - left) * 2.0**z + 1, (bottom - top) * 2.0**z + 1
    return float(np.where(shapes.kinds == LINE, across + down, across * down).sum())
