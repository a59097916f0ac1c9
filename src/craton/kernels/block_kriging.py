"""Kriging of blocks of any form: each block is a set of points of its own.

With c the mean covariances of the K nearest data with the points of a block, v the mean covariance among
these points, and ordinary kriging (Σ λ = 1, multiplier μ),

    ẑ = λᵀ z,   σ² = v − λᵀ c − μ,   C λ + μ 1 = c

and of the estimate Cov(Z, Ẑ) = λᵀ c, Var(Ẑ) = v − σ² … = 2 λᵀ c + σ² − v, so that

    kriging efficiency = (v − σ²) / v,   slope of regression = Cov(Z, Ẑ) / Var(Ẑ).

The nugget averages out over a block and is left out of c and v.

References
----------
Krige, D. G. (1997), A practical analysis of the effects of spatial structure and of data available and
accessed, on conditional biases in ordinary kriging, in Geostatistics Wollongong '96, Kluwer, 799–810.

Vann, J., Jackson, S. and Bertoli, O. (2003), Quantitative kriging neighbourhood analysis for the mining
geologist, 5th International Mining Geology Conference, AusIMM, 215–223.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numba import njit

from craton.kernels.covariance import Floats, Model, Whole, fill_covariances
from craton.kernels.kriging_groups import Numbers
from craton.kernels.kriging_local import factor, fill_matrix, whiten
from craton.kernels.threads import THREADS, do_all


class BlockEstimate(NamedTuple):
    """Of blocks: values (m, r), kriging variance, variance of blocks, and Cov(Z, Ẑ), each (m,)."""

    values: Floats
    variances: Floats
    within: Floats
    shared: Floats

    @property
    def efficiency(self) -> Floats:
        """Kriging efficiency (m,): 1 where the block is known, 0 or less where its mean is as good."""
        found: Floats = 1.0 - self.variances / self.within
        return found

    @property
    def slope(self) -> Floats:
        """Slope (m,) of the regression of true on estimated blocks: 1 where rich ones are not overrated."""
        spread = 2.0 * self.shared + self.variances - self.within
        return np.divide(self.shared, spread, out=np.zeros_like(spread), where=spread > 0)


def krige_blocks(
    model: Model, places: Floats, values: Floats, near: Numbers, points: Floats, starts: Whole
) -> BlockEstimate:
    """Ordinary kriging of blocks.

    Parameters
    ----------
    model : Model
        Covariance, made `for_region` of data and blocks.
    places, values : array (n, 3), (n, r)
        Data at different places; the r columns share the weights.
    near : array (m, k)
        Data that each block is estimated from.
    points, starts : array (p, 3), (m + 1,)
        Points of all blocks one after the other, and where each block's begin.
    """
    count = len(near)
    found = BlockEstimate(
        np.empty((count, values.shape[1])), np.empty(count), np.empty(count), np.empty(count)
    )
    places, values, points = (np.ascontiguousarray(one) for one in (places, values, points))
    near, starts = np.ascontiguousarray(near), np.ascontiguousarray(starts)

    def part(bounds: tuple[int, int]) -> None:
        _krige(bounds[0], bounds[1], model, places, values, near, points, starts, *found)

    edges = np.linspace(0, count, THREADS * 4 + 1).astype(int)
    do_all(part, pairwise(edges.tolist()))
    return found


@njit(nogil=True, cache=True, error_model="numpy")
def _krige(
    first: int,
    last: int,
    model: Model,
    places: Floats,
    values: Floats,
    near: Numbers,
    points: Floats,
    starts: Whole,
    estimates: Floats,
    variances: Floats,
    within: Floats,
    shared: Floats,
) -> None:
    """Krige the blocks `first` to `last`."""
    count, columns = near.shape[1], values.shape[1]
    matrix, variables = np.empty((count + 1, count)), np.zeros(count, np.int64)
    own, sides = np.empty((count, 3)), np.empty((count, 2 + columns))
    for block in range(first, last):
        some = points[starts[block] : starts[block + 1]]
        for row in range(count):
            own[row] = places[near[block, row]]
        fill_matrix(model, own, variables, count, matrix)
        factor(matrix, count)
        across, inner = np.zeros((count, len(some))), np.zeros((len(some), len(some)))
        fill_covariances(model, own, some, False, across)
        fill_covariances(model, some, some, False, inner)
        within[block] = inner.mean()
        for row in range(count):
            sides[row, 0], sides[row, 1] = across[row].mean(), 1.0
            for column in range(columns):
                sides[row, 2 + column] = values[near[block, row], column]
        whiten(matrix, count, sides)
        explained = cross = ones = 0.0
        for row in range(count):
            explained += sides[row, 0] ** 2
            cross += sides[row, 0] * sides[row, 1]
            ones += sides[row, 1] ** 2
        rest = (1.0 - cross) / ones
        variances[block] = max(within[block] - explained + rest * rest * ones, 0.0)
        shared[block] = explained + rest * cross
        for column in range(columns):
            value = 0.0
            for row in range(count):
                value += (sides[row, 0] + rest * sides[row, 1]) * sides[row, 2 + column]
            estimates[block, column] = value
