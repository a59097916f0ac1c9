"""Kriging from the nearest data only: groups of targets share a neighbourhood and its factor.

Each group (a tile of cells, or one target) has at most K data. Their covariance matrix is factored once,
C = UᵀU; everything else follows from forward substitutions of the covariances c of all targets, of the
drift functions F and of the data z at once:

    ẑ = c̃ᵀ z̃ + tᵀ (F̃ᵀF̃)⁻¹ F̃ᵀ z̃,   σ² = C₀₀ − c̃ᵀ c̃ + tᵀ (F̃ᵀF̃)⁻¹ t,   t = f − F̃ᵀ c̃

where a tilde stands for U⁻ᵀ times. No matrix over all data is ever formed.

A datum that the ones before it determine to within rounding gets no weight, and so does a drift function
that is not independent among the neighbours (all on one line, say).

References
----------
Chilès, J.-P. and Delfiner, P. (2012), Geostatistics: modeling spatial uncertainty, 2nd ed., Wiley, chapter
3 and section 5.3 (cokriging).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numba import njit

from craton.kernels.covariance import (
    Floats,
    Model,
    Whole,
    add_structure,
    is_same_place,
    squared_distances,
    total_sill,
)
from craton.kernels.kriging import Estimate
from craton.kernels.kriging_groups import Data, Groups, Numbers, Targets
from craton.kernels.threads import THREADS, do_all

NEW = 1e-11
"""Part of its variance that a datum must have of its own to get a weight."""

NEW_DRIFT = 1e-9
"""Part of its length that a drift function must have of its own to count."""


def krige(
    model: Model,
    data: Data,
    targets: Targets,
    groups: Groups,
    batch: range,
    into: Estimate,
    *,
    offsets: Floats | None = None,
    within: float = 0.0,
) -> None:
    """Write values and variances of the first variable at the targets of a batch of groups.

    Parameters
    ----------
    model : Model
        Covariances, made `for_region` of data and targets.
    batch : range
        Numbers of the groups.
    into : Estimate
        Values (m, r) and variances (m,) of all targets.
    offsets : array (q, 3), optional
        Points of a block about its centre; its mean is estimated, without the nugget.
    within : float
        Mean covariance within the block, where there is one.
    """
    columns = np.ascontiguousarray(data.values), np.ascontiguousarray(data.drift)
    data = data._replace(places=np.ascontiguousarray(data.places), values=columns[0], drift=columns[1])
    places, drift = np.ascontiguousarray(targets.places), np.ascontiguousarray(targets.drift)
    point = offsets is None
    at_target = float(total_sill(model)[0, 0]) if point else within
    steps = np.zeros((1, 3)) if offsets is None else np.ascontiguousarray(offsets)

    def part(bounds: tuple[int, int]) -> None:
        _krige_groups(
            bounds[0], bounds[1], groups, model, data, places, drift, steps, point,
            at_target, into.values, into.variances,
        )  # fmt: skip

    edges = np.linspace(batch.start, batch.stop, THREADS * 4 + 1).astype(int)
    do_all(part, pairwise(edges.tolist()))


@njit(nogil=True, cache=True, error_model="numpy")
def factor(matrix: Floats, count: int) -> None:
    """Upper Cholesky factor of the first `count` rows of `matrix`, of which the upper half is read.

    Rows that are determined by those before them become zero.
    """
    for row in range(count):
        # What is left of the diagonal is compared with what it was, kept below it.
        if matrix[row, row] <= NEW * matrix[count, row]:
            matrix[row, row:count] = 0.0
            continue
        scale = 1.0 / np.sqrt(matrix[row, row])
        for column in range(row, count):
            matrix[row, column] *= scale
        for other in range(row + 1, count):
            part = matrix[row, other]
            if part != 0.0:
                for column in range(other, count):
                    matrix[other, column] -= part * matrix[row, column]


@njit(nogil=True, cache=True, error_model="numpy")
def whiten(matrix: Floats, count: int, sides: Floats) -> None:
    """Solve Uᵀ X = `sides` (count, m) in place, U from `factor`; rows of no weight become zero."""
    width = sides.shape[1]
    for row in range(count):
        scale = 1.0 / matrix[row, row] if matrix[row, row] > 0.0 else 0.0
        for column in range(width):
            sides[row, column] *= scale
        for other in range(row + 1, count):
            part = matrix[row, other]
            if part != 0.0:
                for column in range(width):
                    sides[other, column] -= part * sides[row, column]


@njit(nogil=True, cache=True, error_model="numpy")
def fill_matrix(model: Model, places: Floats, variables: Whole, count: int, matrix: Floats) -> None:
    """Upper half of the covariances of the first `count` data, and below it (row `count`) the diagonal."""
    squared, found = np.empty(count), np.empty(count)
    single = model.nugget.shape[0] == 1
    matrix[: count + 1, :count] = 0.0
    for number in range(model.kinds.size):
        for row in range(count):
            rest = count - row
            squared_distances(model.matrices[number], places[row], places[row:], rest, squared)
            found[:rest] = 0.0
            add_structure(
                model.kinds[number], model.shapes[number], model.shifts[number], 1.0, squared[:rest], found
            )
            for other in range(rest):
                sill = (
                    model.sills[number, 0, 0]
                    if single
                    else model.sills[number, variables[row], variables[row + other]]
                )
                matrix[row, row + other] += sill * found[other]
    for row in range(count):
        for other in range(row, count if not single else row + 1):
            if other == row or is_same_place(places[row], places[other]):
                matrix[row, other] += model.nugget[variables[row], variables[other]]
        matrix[count, row] = matrix[row, row]


@njit(nogil=True, cache=True, error_model="numpy")
def _fill_sides(
    model: Model, places: Floats, variables: Whole, count: int, spots: Floats, point: bool, sides: Floats
) -> None:
    """Covariances of the first `count` data with the first variable at `spots` (m, 3), added to `sides`."""
    many = spots.shape[0]
    squared, found = np.empty(many), np.empty(many)
    for row in range(count):
        for number in range(model.kinds.size):
            squared_distances(model.matrices[number], places[row], spots, many, squared)
            found[:] = 0.0
            add_structure(
                model.kinds[number], model.shapes[number], model.shifts[number],
                model.sills[number, variables[row], 0], squared, found,
            )  # fmt: skip
            for target in range(many):
                sides[row, target] += found[target]
        nugget = model.nugget[variables[row], 0]
        if point and nugget != 0.0:
            for target in range(many):
                if is_same_place(places[row], spots[target]):
                    sides[row, target] += nugget


@njit(nogil=True, cache=True, error_model="numpy")
def _fill_drift(drift: Floats, spots: Floats, count: int, many: int, sides: Floats, rest: Floats) -> None:
    """Drift functions of data into `sides`, of targets into `rest` (p, m); about their middle, to scale.

    The first function is constant, so that a constant may be taken off the others.
    """
    for term in range(drift.shape[1]):
        middle, size = 0.0, 0.0
        if term > 0:
            for row in range(count):
                middle += drift[row, term] / count
        for row in range(count):
            size = max(size, abs(drift[row, term] - middle))
        scale = 1.0 / size if size > NEW_DRIFT * abs(middle) else 0.0
        for row in range(count):
            sides[row, many + term] = (drift[row, term] - middle) * scale
        for target in range(many):
            rest[term, target] = (spots[target, term] - middle) * scale


@njit(nogil=True, cache=True, error_model="numpy")
def _rows(table: Floats, numbers: Whole | Numbers) -> Floats:
    """Some rows of `table` (n, p)."""
    found = np.empty((numbers.size, table.shape[1]))
    for row in range(numbers.size):
        for column in range(table.shape[1]):
            found[row, column] = table[numbers[row], column]
    return found


@njit(nogil=True, cache=True, error_model="numpy")
def _krige_groups(
    first: int,
    last: int,
    groups: Groups,
    model: Model,
    data: Data,
    targets: Floats,
    target_drift: Floats,
    offsets: Floats,
    point: bool,
    at_target: float,
    values: Floats,
    variances: Floats,
) -> None:
    """Krige the groups `first` to `last` into `values` (m, r) and `variances` (m,)."""
    terms, columns, count = data.drift.shape[1], data.values.shape[1], groups.near.shape[1]
    matrix = np.empty((count + 1, count))
    normal = np.empty((terms + 1, terms))
    variables = np.empty(count, np.int64)
    for group in range(first, last):
        members = groups.order[groups.starts[group] : groups.starts[group + 1]]
        many, near = members.size, groups.near[group]
        for row in range(count):
            variables[row] = data.variables[near[row]]
        places, spots = _rows(data.places, near), _rows(targets, members)
        fill_matrix(model, places, variables, count, matrix)
        factor(matrix, count)
        sides = np.zeros((count, many + terms + columns))
        rest = np.empty((terms, many))
        shifted = np.empty((many, 3))
        for number in range(offsets.shape[0]):
            for target in range(many):
                for axis in range(3):
                    shifted[target, axis] = spots[target, axis] + offsets[number, axis]
            _fill_sides(model, places, variables, count, shifted, point, sides)
        for row in range(count):
            for target in range(many):
                sides[row, target] /= offsets.shape[0]
            for column in range(columns):
                sides[row, many + terms + column] = data.values[near[row], column]
        _fill_drift(_rows(data.drift, near), _rows(target_drift, members), count, many, sides, rest)
        whiten(matrix, count, sides)
        _finish(sides, rest, normal, many, terms, at_target, members, values, variances)


@njit(nogil=True, cache=True, error_model="numpy")
def _products(sides: Floats, first: int, last: int, width: int) -> Floats:
    """Products of the columns `first` to `last` of `sides` with its first `width` columns."""
    found = np.zeros((last - first, width))
    for row in range(sides.shape[0]):
        for column in range(last - first):
            part = sides[row, first + column]
            for other in range(width):
                found[column, other] += part * sides[row, other]
    return found


@njit(nogil=True, cache=True, error_model="numpy")
def _finish(
    sides: Floats,
    rest: Floats,
    normal: Floats,
    many: int,
    terms: int,
    at_target: float,
    members: Whole,
    values: Floats,
    variances: Floats,
) -> None:
    """Values and variances of one group from its whitened `sides` and the drift `rest` of its targets."""
    columns = sides.shape[1] - many - terms
    trend = _products(sides, many, many + terms, sides.shape[1])
    fields = _products(sides, many + terms, sides.shape[1], many)
    for term in range(terms):
        for other in range(terms):
            normal[term, other] = trend[term, many + other]
        normal[terms, term] = normal[term, term]
        for target in range(many):
            trend[term, target] = rest[term, target] - trend[term, target]
    factor(normal, terms)
    whiten(normal, terms, trend)
    for target in range(many):
        left = at_target
        for row in range(sides.shape[0]):
            left -= sides[row, target] ** 2
        for term in range(terms):
            left += trend[term, target] ** 2
        variances[members[target]] = max(left, 0.0)
        for column in range(columns):
            value = fields[column, target]
            for term in range(terms):
                value += trend[term, target] * trend[term, many + terms + column]
            values[members[target], column] = value
