"""Sequential simulation on a grid: each cell is drawn given the data and the cells drawn before it.

All realizations follow one path, so that the weights of each cell are worked out once and used again
for every realization; what is drawn differs. The path goes from a coarse grid to the full one, each at
random, so that long waves are set before short ones.

References
----------
Nussbaumer, R., Mariethoz, G., Gravey, M., Gloaguen, E. and Holliger, K. (2018), Accelerating sequential
Gaussian simulation with a constant path, Computers and Geosciences 112, 121–132,
doi:10.1016/j.cageo.2017.12.006.

Deutsch, C. V. and Journel, A. G. (1998), GSLIB: geostatistical software library and user's guide, 2nd
ed., Oxford University Press, sections V.2.3 and V.3.1.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numba import njit

from craton.kernels.covariance import (
    Floats,
    Model,
    Whole,
    add_structure,
    squared_distances,
)
from craton.kernels.kriging_groups import Numbers, metric
from craton.kernels.kriging_local import factor, fill_matrix, whiten
from craton.kernels.threads import THREADS, do_all

STRIDES = (16, 8, 4, 2)
"""Distances in cells of the coarser grids that are drawn first."""

WINDOW = 4000
"""Cells around a cell that are looked through for neighbours."""

Shape = tuple[int, int, int]
Spacing = tuple[float, float, float]


class Weights(NamedTuple):
    """Simple kriging along a path.

    Parameters
    ----------
    path : array (t,)
        Numbers of the cells in the order in which they are drawn.
    near : array (t, k)
        Cells that each leans on, −1 for none.
    weights : array (t, k)
        Their weights.
    spreads : array (t,)
        Standard deviation given them.
    """

    path: Whole
    near: Numbers
    weights: Floats
    spreads: Floats


def weights_along_path(
    model: Model,
    shape: Shape,
    spacing: Spacing,
    known: Whole,
    neighbours: int,
    random: np.random.Generator,
) -> Weights:
    """Path over all cells but those `known`, and what each cell takes from its neighbours.

    Parameters
    ----------
    model : Model
        Covariance of the first variable; simple kriging with mean 0 uses it.
    shape, spacing : tuple
        Levels, rows, columns, and the signed distances from one to the next.
    known : array (c,)
        Numbers of the cells that have data.
    neighbours : int
        Cells that a cell leans on at most.
    """
    path = _path(shape, known, random)
    rank = np.empty(int(np.prod(shape)), np.int64)
    rank[known] = -1
    rank[path] = np.arange(path.size)
    found = Weights(
        path, np.full((path.size, neighbours), -1, np.int32), np.zeros((path.size, neighbours)),
        np.zeros(path.size),
    )  # fmt: skip
    offsets = _offsets(shape, spacing, metric(model))
    steps = np.array(spacing)

    def part(bounds: tuple[int, int]) -> None:
        _weigh(bounds[0], bounds[1], model, np.array(shape), steps, offsets, rank, *found)

    edges = np.linspace(0, path.size, THREADS * 4 + 1).astype(int)
    do_all(part, pairwise(edges.tolist()))
    return found


def _path(shape: Shape, known: Whole, random: np.random.Generator) -> Whole:
    """Cells from the coarsest grid to the finest, at random within each."""
    level, row, column = np.unravel_index(np.arange(int(np.prod(shape))), shape)
    stage = np.full(level.size, len(STRIDES))
    for number, stride in reversed(list(enumerate(STRIDES))):
        stage[(level % stride == 0) & (row % stride == 0) & (column % stride == 0)] = number
    order = np.lexsort((random.random(level.size), stage))
    free = np.ones(level.size, bool)
    free[known] = False
    path: Whole = order[free[order]].astype(np.int64)
    return path


def _offsets(shape: Shape, spacing: Spacing, lengths: Floats) -> Whole:
    """Steps (w, 3) in cells to the cells around one, nearest first in `lengths`."""
    half = WINDOW // 2
    reach = np.minimum(np.array(shape) - 1, half)
    while np.prod(2 * reach + 1.0) > 64 * WINDOW:
        reach = np.maximum(np.minimum(reach, (reach * 0.8).astype(int)), np.minimum(reach, 1))
    axes = [np.arange(-far, far + 1) for far in reach]
    steps = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    lags = (steps * np.array(spacing))[:, ::-1]
    far = np.round(np.linalg.norm(lags @ lengths.T, axis=1), 9)
    nearest = np.lexsort((*steps.T, far))[1 : WINDOW + 1]
    return np.ascontiguousarray(steps[nearest], dtype=np.int64)


@njit(nogil=True, cache=True, error_model="numpy")
def _weigh(
    first: int,
    last: int,
    model: Model,
    shape: Whole,
    spacing: Floats,
    offsets: Whole,
    rank: Whole,
    path: Whole,
    near: Numbers,
    weights: Floats,
    spreads: Floats,
) -> None:
    """Neighbours, weights and spreads of the cells `first` to `last` of the path."""
    most = near.shape[1]
    places, variables = np.zeros((most, 3)), np.zeros(most, np.int64)
    matrix, sides = np.empty((most + 1, most)), np.empty((most, 1))
    origin, squared, found = np.zeros(3), np.empty(most), np.empty(most)
    at_cell = model.nugget[0, 0]
    for number in range(model.kinds.size):
        at_cell += model.sills[number, 0, 0]
    for step in range(first, last):
        count = _look_around(path[step], rank, shape, spacing, offsets, near[step], places)
        fill_matrix(model, places, variables, count, matrix)
        factor(matrix, count)
        sides[:, 0] = 0.0
        for number in range(model.kinds.size):
            squared_distances(model.matrices[number], origin, places, count, squared)
            found[:] = 0.0
            add_structure(
                model.kinds[number], model.shapes[number], 1.0, model.sills[number, 0, 0],
                squared[:count], found,
            )  # fmt: skip
            for row in range(count):
                sides[row, 0] += found[row]
        whiten(matrix, count, sides[:count])
        rest = at_cell
        for row in range(count - 1, -1, -1):
            rest -= sides[row, 0] ** 2
            value = sides[row, 0]
            for other in range(row + 1, count):
                value -= matrix[row, other] * weights[step, other]
            weights[step, row] = value / matrix[row, row] if matrix[row, row] > 0.0 else 0.0
        spreads[step] = np.sqrt(max(rest, 0.0))


@njit(nogil=True, cache=True, error_model="numpy")
def _look_around(
    cell: int, rank: Whole, shape: Whole, spacing: Floats, offsets: Whole, near: Numbers, places: Floats
) -> int:
    """Write the nearest cells that come before `cell` to `near`, and their lags to `places`; how many."""
    size = shape[1] * shape[2]
    level, row, column = cell // size, cell % size // shape[2], cell % shape[2]
    count = 0
    for number in range(offsets.shape[0]):
        up, north, east = level + offsets[number, 0], row + offsets[number, 1], column + offsets[number, 2]
        if up < 0 or north < 0 or east < 0 or up >= shape[0] or north >= shape[1] or east >= shape[2]:
            continue
        other = (up * shape[1] + north) * shape[2] + east
        if rank[other] < rank[cell]:
            near[count] = other
            places[count, 0] = offsets[number, 2] * spacing[2]
            places[count, 1] = offsets[number, 1] * spacing[1]
            places[count, 2] = offsets[number, 0] * spacing[0]
            count += 1
            if count == near.size:
                break
    return count


@njit(nogil=True, cache=True, error_model="numpy")
def draw_gaussian(
    path: Whole, near: Numbers, weights: Floats, spreads: Floats, noise: Floats, field: Floats
) -> None:
    """Draw the cells of `path` into `field` (cells,), which has the data already, from `noise` (t,)."""
    for step in range(path.size):
        mean = 0.0
        for number in range(near.shape[1]):
            if near[step, number] < 0:
                break
            mean += weights[step, number] * field[near[step, number]]
        field[path[step]] = mean + spreads[step] * noise[step]


@njit(nogil=True, cache=True, error_model="numpy")
def draw_categories(
    path: Whole, near: Numbers, weights: Floats, shares: Floats, noise: Floats, field: Whole
) -> None:
    """Draw categories, 0 to the number of `shares`, into `field` (cells,) from uniform `noise` (t,).

    The probability of a category is its share and what the neighbours add by simple kriging; negative
    ones are set to zero and the rest brought to a sum of one.
    """
    chance = np.empty(shares.size)
    for step in range(path.size):
        for one in range(shares.size):
            chance[one] = shares[one]
        for number in range(near.shape[1]):
            if near[step, number] < 0:
                break
            weight = weights[step, number]
            for one in range(shares.size):
                chance[one] -= weight * shares[one]
            chance[field[near[step, number]]] += weight
        total = 0.0
        for one in range(shares.size):
            chance[one] = max(chance[one], 0.0)
            total += chance[one]
        level, drawn = noise[step] * total, shares.size - 1
        for one in range(shares.size):
            level -= chance[one]
            if level < 0.0:
                drawn = one
                break
        field[path[step]] = drawn
