"""Spatial weights: which units are neighbours, as a sparse matrix by rows.

A matrix W (n, n) holds in row i what each neighbour j weighs for unit i; its diagonal is empty. A unit
without neighbours, an island, has an empty row.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

Floats = NDArray[np.float64]
Integers = NDArray[np.int_]

SAME = 1.0 + 1e-12
"""Factor of a distance within which another one is equal."""


def by_corners(places: Floats, owners: Integers, count: int) -> csr_array:
    """Weights 1 between units that share a corner ("queen").

    Parameters
    ----------
    places : array (m, 2)
        Corners of all units; they are shared where their numbers are the same.
    owners : array (m,) of int
        Unit of each corner.
    count : int
        Number of units n.
    """
    return _sharing(places, owners, count)


def by_edges(places: Floats, rings: Integers, owners: Integers, count: int) -> csr_array:
    """Weights 1 between units that share an edge between two corners ("rook").

    Parameters
    ----------
    places : array (m, 2)
        Corners of closed rings, one ring after the other, the first of each again as its last.
    rings : array (m,) of int
        Ring of each corner.
    owners : array (m,) of int
        Unit of each corner.
    count : int
        Number of units n.
    """
    along = rings[1:] == rings[:-1]
    first, last = places[:-1][along], places[1:][along]
    swapped = (first[:, 0] > last[:, 0]) | ((first[:, 0] == last[:, 0]) & (first[:, 1] > last[:, 1]))
    ends = np.where(swapped[:, None], np.hstack([last, first]), np.hstack([first, last]))
    return _sharing(ends, owners[:-1][along], count)


def _sharing(things: Floats, owners: Integers, count: int) -> csr_array:
    """Weights 1 between units that own a same row of `things`."""
    _kinds, kind = np.unique(things + 0.0, axis=0, return_inverse=True)
    kinds = int(kind.max()) + 1 if kind.size else 0
    owns = csr_array((np.ones(owners.size), (owners, kind.ravel())), shape=(count, kinds))
    owns.data[:] = 1.0
    rows, others = (owns @ owns.T).nonzero()
    return _links(rows, others, count)


def nearest(places: Floats, neighbours: int) -> csr_array:
    """Weights 1 of the nearest other units of each; of equally near ones the first rows count.

    Parameters
    ----------
    places : array (n, d)
        Where units are.
    neighbours : int
        How many, below n.

    Notes
    -----
    Not symmetric: a unit need not be among the nearest of its nearest.
    """
    count = len(places)
    tree = cKDTree(places)
    reach = tree.query(places, k=[neighbours + 1])[0][:, 0]
    balls = tree.query_ball_point(places, reach * SAME)
    rows = np.repeat(np.arange(count), [len(one) for one in balls])
    others = np.concatenate([np.asarray(one, dtype=np.int64) for one in balls])
    rows, others = rows[rows != others], others[rows != others]
    apart = np.sum((places[rows] - places[others]) ** 2, axis=1)
    order = np.lexsort((others, apart, rows))
    rows, others = rows[order], others[order]
    starts = np.searchsorted(rows, np.arange(count))
    kept = np.arange(rows.size) - starts[rows] < neighbours
    return _links(rows[kept], others[kept], count)


def pairs_within(places: Floats, distance: float) -> int:
    """Number of links that `within` would make, for a look before."""
    tree = cKDTree(places)
    return int(tree.count_neighbors(tree, distance)) - len(places)


def within(places: Floats, distance: float) -> csr_array:
    """Weights 1 between units (n, d) at most `distance` apart."""
    pairs = cKDTree(places).query_pairs(distance, output_type="ndarray")
    both = np.concatenate([pairs, pairs[:, ::-1]])
    return _links(both[:, 0], both[:, 1], len(places))


def _links(rows: Integers, others: Integers, count: int) -> csr_array:
    apart = rows != others
    links = csr_array((np.ones(int(apart.sum())), (rows[apart], others[apart])), shape=(count, count))
    links.sort_indices()
    return links


def degrees(weights: csr_array) -> Integers:
    """Number of neighbours (n,) of each unit."""
    return np.asarray(np.diff(weights.indptr), dtype=np.int64)


def standardised(weights: csr_array) -> csr_array:
    """Weights whose rows add up to 1; rows of islands stay empty."""
    sums = np.asarray(weights.sum(axis=1)).ravel()
    data = weights.data / np.repeat(sums, np.diff(weights.indptr))
    return csr_array((data, weights.indices, weights.indptr), shape=weights.shape)


def among(weights: csr_array, kept: NDArray[np.bool_]) -> csr_array:
    """Weights among the units for which `kept` (n,) holds, and no others."""
    found: csr_array = weights[kept][:, kept]
    return found
