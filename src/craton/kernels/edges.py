"""Crests of a field: places where it is greater than on either side, and the lines that they make."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.spatial import cKDTree

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

ACROSS = ((0, 1), (1, 0), (1, 1), (1, -1))
"""Steps, in rows and columns, of the four directions in which a cell has neighbours on either side."""

CELLS_APART = 2.0
"""Cells, along rows or columns, up to which two crest points may be joined: one cell may be missing."""

CLOSE = 0.5
"""Cells below which a point of a line says nothing beside the one before."""


class Crests(NamedTuple):
    """Points on crests (n,), row by row."""

    row: Floats
    """Place in rows, a fraction of a row near the cell it was found in."""
    column: Floats
    height: Floats
    """Value of the field on the crest."""
    directions: Integers
    """Directions of four in which the cell is a maximum: 1 for a weak crest, 4 for a peak."""


def crest_points(field: ArrayLike, *, least: int = 2) -> Crests:
    """Points where a field is greatest across a crest, between cells.

    Parameters
    ----------
    field : array (rows, columns)
        NaN where there is no value; a cell beside one is no crest in that direction.
    least : int
        Directions of four in which a cell must be a maximum, 1 to 4. 1 finds the faintest crests, and noise.

    Returns
    -------
    Crests
        None on the outermost cells, and none where the field is flat.

    Notes
    -----
    In each of the directions east, north and both diagonals a cell is compared with its two neighbours. Where
    it is above the one and not below the other, a parabola through the three has its top at
    d = (g₋ − g₊) / (2 (g₋ − 2g + g₊)) of a step, and there the value g − (g₋ − g₊) d / 4. The highest of the
    tops is taken.

    References
    ----------
    Blakely, R. J. and Simpson, R. W. (1986), Approximating edges of source bodies from magnetic or gravity
    anomalies, Geophysics 51(7), 1494-1498, doi:10.1190/1.1442197.
    """
    cells = np.asarray(field, dtype=np.float64)
    if min(cells.shape) < 3:
        nothing = np.zeros(0)
        return Crests(nothing, nothing, nothing, nothing.astype(np.int64))
    inner = cells[1:-1, 1:-1]
    top = np.full(inner.shape, -np.inf)
    shift_row, shift_column = np.zeros(inner.shape), np.zeros(inner.shape)
    directions = np.zeros(inner.shape, dtype=np.int64)
    for down, right in ACROSS:
        before, after = _neighbours(cells, -down, -right), _neighbours(cells, down, right)
        crest = (inner > before) & (inner >= after)
        with np.errstate(invalid="ignore", divide="ignore"):
            part = 0.5 * (before - after) / (before - 2 * inner + after)
            height = inner - 0.25 * (before - after) * part
        higher = crest & (height > top)
        top[higher] = height[higher]
        shift_row[higher], shift_column[higher] = down * part[higher], right * part[higher]
        directions += crest
    row, column = np.nonzero(directions >= least)
    at = (row, column)
    return Crests(row + 1 + shift_row[at], column + 1 + shift_column[at], top[at], directions[at])


def _neighbours(cells: Floats, down: int, right: int) -> Floats:
    """Neighbour of each inner cell, some rows and columns on."""
    rows, columns = cells.shape
    return cells[1 + down : rows - 1 + down, 1 + right : columns - 1 + right]


def join_points(row: ArrayLike, column: ArrayLike) -> list[Integers]:
    """Lines through points that lie along curves.

    Parameters
    ----------
    row, column : array (n,)
        Places of the points in cells.

    Returns
    -------
    list of array
        Numbers of the points of each line, in order, at least two of them. Where lines meet, one ends at a
        point of the other. Longest lines of each connected set come first.

    Notes
    -----
    Points up to two cells apart are joined by the shortest tree (Kruskal). Its longest path is a line; from
    each point where something branches off, the longest path that is left is another, and so on. Points
    less than half a cell from the one before are passed over.
    """
    places = np.column_stack([np.asarray(row, dtype=np.float64), np.asarray(column, dtype=np.float64)])
    if len(places) < 2:
        return []
    pairs = cKDTree(places).query_pairs(CELLS_APART, p=np.inf, output_type="ndarray")
    # Points at one place need a length above 0, or the tree would not see that they are joined.
    length = np.hypot(*(places[pairs[:, 0]] - places[pairs[:, 1]]).T) + 1e-9
    graph = sparse.coo_array((length, pairs.T), shape=(len(places),) * 2).tocsr()
    tree = sparse.csgraph.minimum_spanning_tree(graph).tocoo()
    links = np.column_stack([tree.row, tree.col])
    part = sparse.csgraph.connected_components(tree, directed=False)[1]
    roots = np.unique(part, return_index=True)[1]
    order, before, away = _walk(links, tree.data, roots, len(places))
    farthest = np.lexsort((np.arange(len(places)), -away, part))
    roots = farthest[np.unique(part[farthest], return_index=True)[1]]
    order, before, away = _walk(links, tree.data, roots, len(places))
    lines = (_thinned(places, path) for path in _longest_paths(order, before, away))
    return [line for line in lines if line.size > 1]


def _walk(links: Integers, length: Floats, roots: Integers, count: int) -> tuple[Integers, Integers, Floats]:
    """Points of a forest outward from its roots, the one before each (−1 for a root), and how far it is."""
    ends = np.concatenate([links, np.column_stack([np.full(roots.size, count), roots])])
    weights = np.concatenate([length, np.ones(roots.size)])
    graph = sparse.coo_array((weights, ends.T), shape=(count + 1,) * 2).tocsr()
    order, before = sparse.csgraph.breadth_first_order(graph, count, directed=False)
    before = np.where(before[:count] == count, -1, before[:count]).astype(np.int64)
    steps = np.zeros(count)
    child = np.where(before[links[:, 1]] == links[:, 0], links[:, 1], links[:, 0])
    steps[child] = length
    away = np.zeros(count)
    for point in order[1:].tolist():
        if before[point] >= 0:
            away[point] = away[before[point]] + steps[point]
    return order[1:].astype(np.int64), before, away


def _longest_paths(order: Integers, before: Integers, away: Floats) -> list[Integers]:
    """Paths from the roots outward, each the longest way on; others begin at the point they branch off."""
    farthest = away.copy()
    onward = np.full(before.size, -1)
    for point in order[::-1].tolist():
        parent = before[point]
        if parent >= 0 and (onward[parent] < 0 or farthest[point] > farthest[parent]):
            farthest[parent], onward[parent] = farthest[point], point
    paths = []
    for point in order.tolist():
        parent = before[point]
        if parent >= 0 and onward[parent] == point:
            continue
        path = [int(parent)] if parent >= 0 else []
        following = point
        while following >= 0:
            path.append(following)
            following = int(onward[following])
        paths.append(np.array(path, dtype=np.int64))
    return paths


def _thinned(places: Floats, path: Integers) -> Integers:
    """`path` without points less than half a cell from the one kept before; its first point stays."""
    kept = [int(path[0])]
    for point in path[1:].tolist():
        if np.hypot(*(places[point] - places[kept[-1]])) >= CLOSE:
            kept.append(point)
    return np.array(kept, dtype=np.int64)
