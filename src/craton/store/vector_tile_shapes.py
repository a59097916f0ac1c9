"""Shapes in tiles: points, lines and rings of many features as flat arrays, cut and moved all at once.

A *part* is a run of vertices: all points of a point feature, one line, or one
ring without its closing vertex. A *piece* is what one tile holds of one
feature: its parts in order. Coordinates count in sides of the piece's tile,
to the right and downwards from its upper left corner.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
Integers = np.ndarray[Any, np.dtype[np.int64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]

POINT, LINE, POLYGON = 1, 2, 3
"""Kinds of shapes, numbered as vector tiles number them."""


@dataclass(frozen=True)
class Shapes:
    """Pieces of features in tiles of one level.

    Parameters
    ----------
    x, y : array (vertices,)
        Position in the tile, 0 to 1 within it.
    sizes : array (parts,)
        Vertices of each part.
    owners : array (parts,)
        Piece that each part belongs to, never decreasing.
    holes : array of bool (parts,)
        Rings that are holes of the ring before them.
    features : array (pieces,)
        Row of the feature.
    kinds : array (pieces,)
        `POINT`, `LINE` or `POLYGON`.
    rows, columns : array (pieces,)
        Tile.
    """

    x: Floats
    y: Floats
    sizes: Integers
    owners: Integers
    holes: Flags
    features: Integers
    kinds: Integers
    rows: Integers
    columns: Integers

    @property
    def starts(self) -> Integers:
        """First vertex of each part."""
        return starts_of(self.sizes)

    @property
    def part_kinds(self) -> Integers:
        """Kind of each part."""
        return self.kinds[self.owners]

    def kept(self, mask: Flags) -> Self:
        """Only parts of `mask`; pieces that lose all of theirs go."""
        if mask.all():
            return self
        vertices = np.repeat(mask, self.sizes)
        return replace(
            self, x=self.x[vertices], y=self.y[vertices], sizes=self.sizes[mask], owners=self.owners[mask],
            holes=self.holes[mask],
        ).without_empty()  # fmt: skip

    def kept_pieces(self, mask: Flags) -> Self:
        """Only pieces of `mask`."""
        return self.kept(mask[self.owners]) if len(mask) else self

    def without_empty(self) -> Self:
        """Without pieces that have no part."""
        used = np.zeros(len(self.features), bool)
        used[self.owners] = True
        if used.all():
            return self
        return replace(
            self, owners=(np.cumsum(used) - 1)[self.owners], features=self.features[used],
            kinds=self.kinds[used], rows=self.rows[used], columns=self.columns[used],
        )  # fmt: skip

    def boxes(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Least and greatest x, least and greatest y of each part; every part has a vertex."""
        if not len(self.sizes):
            nothing = np.empty(0)
            return nothing, nothing, nothing, nothing
        starts = self.starts
        return (
            np.minimum.reduceat(self.x, starts), np.maximum.reduceat(self.x, starts),
            np.minimum.reduceat(self.y, starts), np.maximum.reduceat(self.y, starts),
        )  # fmt: skip

    def piece_boxes(self) -> tuple[Floats, Floats, Floats, Floats]:
        """The same of each piece."""
        left, right, top, bottom = self.boxes()
        if not len(self.owners):
            return left, right, top, bottom
        first = np.flatnonzero(np.diff(self.owners, prepend=-1))
        return (
            np.minimum.reduceat(left, first), np.maximum.reduceat(right, first),
            np.minimum.reduceat(top, first), np.maximum.reduceat(bottom, first),
        )  # fmt: skip


def starts_of(sizes: Integers) -> Integers:
    """Where runs of `sizes` begin that lie one after the other."""
    return np.asarray(np.cumsum(sizes) - sizes)


def runs(starts: Integers, sizes: Integers) -> Integers:
    """Numbers of all elements of runs that begin at `starts`."""
    return np.repeat(starts - starts_of(sizes), sizes) + np.arange(int(sizes.sum()))


def joined(several: list[Shapes]) -> Shapes:
    """All shapes as one."""
    if len(several) == 1:
        return several[0]
    counts = np.array([len(one.features) for one in several])
    shifts = np.cumsum(counts) - counts
    names = ("x", "y", "sizes", "holes", "features", "kinds", "rows", "columns")
    arrays = {name: np.concatenate([getattr(one, name) for one in several]) for name in names}
    owners = np.concatenate([one.owners + shift for one, shift in zip(several, shifts, strict=True)])
    return Shapes(**arrays, owners=owners)


def with_parts(
    shapes: Shapes, x: Floats, y: Floats, sizes: Integers, origin: Integers, others: Flags
) -> Shapes:
    """`shapes` with new parts in the place of those that are not in `others`.

    Parameters
    ----------
    x, y, sizes
        The new parts.
    origin : array
        Part of `shapes` in whose place each new part stands.
    others : array of bool
        Parts of `shapes` that stay.
    """
    vertices = np.repeat(others, shapes.sizes)
    every_origin = np.concatenate([np.flatnonzero(others), origin])
    every_size = np.concatenate([shapes.sizes[others], sizes])
    order = np.argsort(every_origin, kind="stable")
    source = runs(starts_of(every_size)[order], every_size[order])
    origins = every_origin[order]
    return replace(
        shapes,
        x=np.concatenate([shapes.x[vertices], x])[source],
        y=np.concatenate([shapes.y[vertices], y])[source],
        sizes=every_size[order], owners=shapes.owners[origins], holes=shapes.holes[origins],
    ).without_empty()  # fmt: skip
