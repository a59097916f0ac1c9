"""Neighbourhoods of kriging: targets in groups that share their nearest data."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from craton.kernels.covariance import Floats, Model, Whole
from craton.kernels.threads import THREADS

WIDE = 2.0
"""Reach of a neighbourhood, in half diagonals of its tile, below which cells get one each."""

SHARE = 16
"""Neighbours for each one of them that lies within a tile, on the average."""

LARGEST_TILE = 8
"""Longest side of a tile in cells."""

Numbers = NDArray[np.int32]


class Data(NamedTuple):
    """Data of one or several variables: places (n, 3), variable numbers (n,), drift (n, p), values (n, r).

    The r columns of values are worked on with the same weights: realizations, or indicators.
    """

    places: Floats
    variables: Whole
    drift: Floats
    values: Floats


class Targets(NamedTuple):
    """Targets: places (m, 3), drift (m, p), and the group (m,) to which each belongs."""

    places: Floats
    drift: Floats
    groups: Whole


class Groups(NamedTuple):
    """Targets by group: order (m,), starts (g + 1,) into it, and data of each group (g, k)."""

    order: Whole
    starts: Whole
    near: Numbers


def metric(model: Model) -> Floats:
    """Matrix (3, 3) in whose lengths data are called near: that of the structure of the largest sill.

    Directions in which nothing changes keep a small length of their own, so that all are told apart.
    """
    matrix: Floats = model.matrices[int(np.argmax(model.sills[:, 0, 0]))] if model.kinds.size else np.eye(3)
    lengths = np.linalg.norm(matrix, axis=1)
    if not lengths.any():
        return np.eye(3)
    if lengths.all():
        return matrix
    scale = lengths.max()
    return matrix + 1e-3 * scale * (np.eye(3) - matrix.T @ matrix / scale**2)


def tile_side(cells_per_datum: float, neighbours: int) -> int:
    """Side in cells of tiles so small that their neighbourhood reaches well beyond them."""
    fit = np.sqrt(neighbours / SHARE * cells_per_datum)
    return int(np.clip(fit, 1, LARGEST_TILE))


def find_groups(data: Data, targets: Targets, lengths: Floats, neighbours: int) -> Groups:
    """Groups with the `neighbours` nearest data of each variable, by distance in `lengths` (3, 3).

    Groups whose data lie so dense that the neighbourhood would hardly reach beyond them are taken apart.
    """
    places, spots = data.places @ lengths.T, targets.places @ lengths.T
    trees = [
        (np.flatnonzero(data.variables == one), cKDTree(places[data.variables == one]))
        for one in np.unique(data.variables)
    ]
    order, starts = _sorted_groups(targets.groups)
    middles, radii = _middles(spots[order], starts)
    reach = _find(trees[:1], middles, neighbours)[1]
    dense = np.repeat(reach < WIDE * radii, np.diff(starts))
    if dense.any():
        groups = np.repeat(np.arange(len(radii)), np.diff(starts))
        groups[dense] = len(radii) + np.arange(np.count_nonzero(dense))
        again, starts = _sorted_groups(groups)
        order = order[again]
        middles, _radii = _middles(spots[order], starts)
    return Groups(order, starts, _find(trees, middles, neighbours)[0])


def _sorted_groups(groups: Whole) -> tuple[Whole, Whole]:
    order = np.argsort(groups, kind="stable")
    edges = np.flatnonzero(np.diff(groups[order])) + 1
    return order, np.concatenate([[0], edges, [groups.size]]).astype(np.int64)


def _middles(spots: Floats, starts: Whole) -> tuple[Floats, Floats]:
    """Middle of each group, and half the diagonal of the box around it."""
    low = np.minimum.reduceat(spots, starts[:-1], axis=0)
    high = np.maximum.reduceat(spots, starts[:-1], axis=0)
    return (low + high) / 2, np.linalg.norm(high - low, axis=1) / 2


def _find(trees: list[tuple[Whole, cKDTree]], middles: Floats, neighbours: int) -> tuple[Numbers, Floats]:
    """Numbers of the nearest data by variable, nearest first, and the distance of the last of the first.

    Where all data of a variable are taken, the distance is infinite.
    """
    parts, reach = [], np.full(len(middles), np.inf)
    for number, (own, tree) in enumerate(trees):
        count = min(neighbours, own.size)
        distances, found = tree.query(middles, count, workers=THREADS)
        parts.append(own[found.reshape(len(middles), count)].astype(np.int32))
        if number == 0 and count < own.size:
            reach = distances.reshape(len(middles), count)[:, -1]
    return np.hstack(parts), reach
