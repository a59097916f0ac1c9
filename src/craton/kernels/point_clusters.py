"""Clusters of points in space: crowds that touch one another, whatever their shape."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.spatial import cKDTree

Integers = NDArray[np.int64]


def crowds(places: ArrayLike, distance: float, least: int) -> Integers:
    """Cluster of each point, by the density of cubes.

    Use it for millions of points, many at nearly the same place, where the distance of every pair is too
    much to ask for.

    Parameters
    ----------
    places : array (n, k)
        Coordinates, finite.
    distance : float
        Side of the cubes in the unit of the coordinates, above 0.
    least : int
        Points, at least, in a cube and those around it, for the cube to be crowded.

    Returns
    -------
    array (n,)
        Number of the cluster, from 1 for the one of most points; 0 for points in cubes that are not crowded.
        Of clusters of as many points, the one with the smallest coordinates comes first.

    Notes
    -----
    Points are put in cubes counted from the origin of the coordinates. A cube is crowded where it and its
    3ᵏ − 1 neighbours hold `least` points; crowded cubes that touch, also at a corner, are one cluster. It is
    DBSCAN with cubes in place of balls, and linear in the number of points.

    References
    ----------
    Ester, M., Kriegel, H.-P., Sander, J. and Xu, X. (1996), A density-based algorithm for discovering
    clusters in large spatial databases with noise, Proceedings of KDD-96, 226-231.
    """
    points = np.asarray(places, dtype=np.float64)
    if not points.size:
        return np.zeros(points.shape[0], dtype=np.int64)
    cubes, cube, count = np.unique(
        np.floor(points / distance), axis=0, return_inverse=True, return_counts=True
    )
    cube = cube.reshape(-1)
    pairs = cKDTree(cubes).query_pairs(1.5, p=np.inf, output_type="ndarray")
    around = count.astype(np.int64)
    for one, other in ((0, 1), (1, 0)):
        np.add.at(around, pairs[:, one], count[pairs[:, other]])
    crowded = around >= least
    joined = pairs[crowded[pairs].all(axis=1)]
    size = len(cubes)
    graph = sparse.coo_array((np.ones(len(joined), dtype=np.int8), joined.T), shape=(size, size))
    part = sparse.csgraph.connected_components(graph, directed=False)[1]
    part = np.where(crowded, part, -1)
    return _by_size(part[cube])


def _by_size(part: Integers) -> Integers:
    """Parts (−1 for none), numbered in the order of the cubes, anew from 1 for the largest, 0 for none."""
    inside = part >= 0
    found, where, count = np.unique(part[inside], return_inverse=True, return_counts=True)
    rank = np.empty(found.size, dtype=np.int64)
    rank[np.argsort(-count, kind="stable")] = np.arange(1, found.size + 1)
    numbers = np.zeros(part.size, dtype=np.int64)
    numbers[inside] = rank[where.reshape(-1)]
    return numbers
