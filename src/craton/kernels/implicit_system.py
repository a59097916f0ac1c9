"""The cubic kernel of the implicit field: sums over it, its matrix, and the bordered system solved.

Lengths are in the unit of the extent of the data. With φ(r) = r³ and d = x − y, the functionals "value at
x" and "slope at x along e" have the covariances

    value, value: r³      value, slope g: −3r (d·g)      slope e, slope g: −3r (e·g) − 3 (e·d)(g·d)/r

and r³ is positive definite on all weights that are blind to planes (Wendland 2004, theorem 8.16). The
field is f(x) = Σ aᵢ |x − xᵢ|³ − 3 Σ r (d·vⱼ) + planes and steps, and with K the matrix of these covariances
and P the columns of planes, levels and steps, its weights solve

    K a + P b = r,   Pᵀ a = c.

With P = B R, B of orthonormal columns, Π = I − B Bᵀ and σ > 0, the matrix Π K Π + σ B Bᵀ is positive
definite, so that one Cholesky factor in the place of K serves every right-hand side.

References
----------
Wendland, H. (2004), Scattered data approximation, Cambridge University Press, chapters 8 and 16.

Macêdo, I., Gois, J. P. and Velho, L. (2011), Hermite radial basis functions implicits, Computer Graphics
Forum 30(1), 27-42. doi:10.1111/j.1467-8659.2010.01785.x
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.linalg import blas, lapack, solve_triangular

from craton.kernels.threads import do_all

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

INDEPENDENT = 1e-7
"""Part of its length that a column of P must have of its own to count."""

BLOCK = 4096
"""Places that one thread evaluates at a time."""

STRIP = 64
"""Rows of the matrix that one thread fills at a time."""

RIDGES = (0.0, 1e-15, 1e-13, 1e-11, 1e-9)
"""Added to the diagonal, times the number of rows, until the matrix has a factor."""

LOOSE = {"contract", "reassoc", "nsz", "arcp"}
"""Freedom to reorder sums, so that several centres are done at once; not to assume that all is finite."""


class Rows(NamedTuple):
    """What is asked of a field: values (n,) at places, and slopes (d,) at places along directions.

    Parameters
    ----------
    places : array (n, 3)
        Scaled places of values.
    slope_places, directions : array (d, 3)
        Scaled places of slopes, and the directions they are taken along.
    """

    places: Floats
    slope_places: Floats
    directions: Floats


class System(NamedTuple):
    """A factored system: lower factor (N, N), B (N, k), R (k, k), K B (N, k)."""

    factor: Floats
    basis: Floats
    triangle: Floats
    product: Floats


def independent_columns(columns: Floats) -> tuple[Floats, Whole]:
    """Orthonormal columns B that span those of P (N, k), and the numbers of the columns that counted."""
    found: list[Floats] = []
    kept = []
    for number, column in enumerate(columns.T):
        rest = column.copy()
        for other in found * 2:
            rest -= (other @ rest) * other
        length = float(np.linalg.norm(rest))
        if length > INDEPENDENT * float(np.linalg.norm(column)):
            found.append(rest / length)
            kept.append(number)
    basis = np.array(found).T if found else np.zeros((len(columns), 0))
    return np.asfortranarray(basis), np.array(kept, dtype=np.int64)


def factor(rows: Rows, columns: Floats, noise: Floats) -> System:
    """Factor the system of rows (N of them) and independent columns P (N, k).

    Parameters
    ----------
    noise : array (N,)
        Added to the diagonal of K.

    Raises
    ------
    ValueError
        If rows contradict or repeat each other so closely that no factor exists.
    """
    basis, kept = independent_columns(columns)
    triangle = basis.T @ columns[:, kept]
    for ridge in RIDGES:
        matrix = covariances(rows, noise + ridge * len(noise)).T
        product = blas.dsymm(1.0, matrix, basis, lower=1) if basis.size else basis
        inner = basis.T @ product
        rest = len(noise) - basis.shape[1]
        scale = float(np.trace(matrix) - np.trace(inner)) / rest if rest else 1.0
        half = product - basis @ (inner + scale * np.eye(len(inner))) / 2
        if basis.size:
            matrix = blas.dsyr2k(-1.0, basis, half, beta=1.0, c=matrix, lower=1, overwrite_c=1)
        matrix, failed = lapack.dpotrf(matrix, lower=1, clean=0, overwrite_a=1)
        if not failed:
            return System(matrix, basis, triangle, product)
    raise ValueError("the data repeat or contradict each other too closely to be told apart")


def solve(system: System, right: Floats, sums: Floats) -> tuple[Floats, Floats]:
    """Weights a (N, q) and coefficients b (k, q) with K a + P b = `right` (N, q) and Pᵀ a = `sums` (k, q)."""
    along = solve_triangular(system.triangle, sums, trans="T")
    rest = right - system.product @ along
    rest -= system.basis @ (system.basis.T @ rest)
    free = lapack.dpotrs(system.factor, rest, lower=1)[0]
    free -= system.basis @ (system.basis.T @ free)
    weights = free + system.basis @ along
    left = system.basis.T @ right - system.product.T @ weights
    return weights, solve_triangular(system.triangle, left)


def covariances(rows: Rows, noise: Floats) -> Floats:
    """Upper half of the matrix K (N, N) with `noise` (N,) on its diagonal; below it is zero."""
    size = len(rows.places) + len(rows.slope_places)
    matrix = np.zeros((size, size))
    places, slope_places, directions = (np.ascontiguousarray(part.T) for part in rows)

    def fill(first: int) -> None:
        last = min(first + STRIP, size)
        _fill_values(matrix, first, last, places, slope_places, directions)
        _fill_slopes(matrix, first, last, len(rows.places), slope_places, directions)

    do_all(fill, range(0, size, STRIP))
    matrix[np.diag_indices(size)] += noise
    return matrix


def covariances_between(rows: Rows, places: Floats) -> Floats:
    """Covariances (N, q) of the rows with values at places (q, 3)."""
    lag = rows.places[:, np.newaxis] - places
    slope_lag = rows.slope_places[:, np.newaxis] - places
    distance = np.sqrt((slope_lag**2).sum(axis=-1))
    slopes = 3.0 * distance * np.einsum("nqi,ni->nq", slope_lag, rows.directions)
    return np.concatenate([(lag**2).sum(axis=-1) ** 1.5, slopes])


def values_at(places: Floats, centres: Floats, weights: Floats, sources: Floats, vectors: Floats) -> Floats:
    """Σ aᵢ |x − xᵢ|³ − 3 Σ r (d·vⱼ) at scaled places (k, 3), in parts shared among the threads.

    Parameters
    ----------
    centres, weights : array (3, n), (n,)
        xᵢ and aᵢ.
    sources, vectors : array (3, m)
        Where slopes were asked for, and vⱼ.
    """
    found = np.empty(len(places))

    def part(first: int) -> None:
        last = first + BLOCK
        _values(places[first:last], centres, weights, sources, vectors, found[first:last])

    _in_parts(part, len(places))
    return found


def gradients_at(
    places: Floats, centres: Floats, weights: Floats, sources: Floats, vectors: Floats
) -> Floats:
    """Gradients (k, 3) of the sum of `values_at`."""
    found = np.empty((len(places), 3))

    def part(first: int) -> None:
        last = first + BLOCK
        _gradients(places[first:last], centres, weights, sources, vectors, found[first:last])

    _in_parts(part, len(places))
    return found


def _in_parts(part: Callable[[int], None], count: int) -> None:
    """Do the parts of `count` places; one part alone without threads."""
    if count <= BLOCK:
        part(0)
    else:
        do_all(part, range(0, count, BLOCK))


@njit(nogil=True, cache=True, error_model="numpy", fastmath=LOOSE)
def _values(
    places: Floats, centres: Floats, weights: Floats, sources: Floats, vectors: Floats, found: Floats
) -> None:
    """Write the sum of `values_at` at places (k, 3) into `found` (k,)."""
    for number in range(places.shape[0]):
        east, north, up = places[number]
        total = 0.0
        for centre in range(weights.size):
            x, y, z = east - centres[0, centre], north - centres[1, centre], up - centres[2, centre]
            square = x * x + y * y + z * z
            total += weights[centre] * square * np.sqrt(square)
        slopes = 0.0
        for source in range(sources.shape[1]):
            x, y, z = east - sources[0, source], north - sources[1, source], up - sources[2, source]
            along = vectors[0, source] * x + vectors[1, source] * y + vectors[2, source] * z
            slopes += np.sqrt(x * x + y * y + z * z) * along
        found[number] = total - 3.0 * slopes


@njit(nogil=True, cache=True, error_model="numpy", fastmath=LOOSE)
def _gradients(
    places: Floats, centres: Floats, weights: Floats, sources: Floats, vectors: Floats, found: Floats
) -> None:
    """Write the gradients of the sum of `values_at` at places (k, 3) into `found` (k, 3)."""
    for number in range(places.shape[0]):
        east, north, up = places[number]
        eastward, northward, upward = 0.0, 0.0, 0.0
        for centre in range(weights.size):
            x, y, z = east - centres[0, centre], north - centres[1, centre], up - centres[2, centre]
            pull = weights[centre] * np.sqrt(x * x + y * y + z * z)
            eastward += pull * x
            northward += pull * y
            upward += pull * z
        for source in range(sources.shape[1]):
            x, y, z = east - sources[0, source], north - sources[1, source], up - sources[2, source]
            distance = np.sqrt(x * x + y * y + z * z)
            along = vectors[0, source] * x + vectors[1, source] * y + vectors[2, source] * z
            pull = along / distance if distance > 0.0 else 0.0
            eastward -= distance * vectors[0, source] + pull * x
            northward -= distance * vectors[1, source] + pull * y
            upward -= distance * vectors[2, source] + pull * z
        found[number, 0], found[number, 1], found[number, 2] = 3.0 * eastward, 3.0 * northward, 3.0 * upward


@njit(nogil=True, cache=True, error_model="numpy", fastmath=LOOSE)
def _fill_values(
    matrix: Floats, first: int, last: int, places: Floats, slope_places: Floats, directions: Floats
) -> None:
    """Write rows `first` to `last` of values into the upper half of K; places and directions are (3, n)."""
    count = places.shape[1]
    for row in range(first, min(last, count)):
        east, north, up = places[0, row], places[1, row], places[2, row]
        for other in range(row, count):
            x, y, z = east - places[0, other], north - places[1, other], up - places[2, other]
            square = x * x + y * y + z * z
            matrix[row, other] = square * np.sqrt(square)
        for slope in range(slope_places.shape[1]):
            x, y, z = (
                east - slope_places[0, slope],
                north - slope_places[1, slope],
                up - slope_places[2, slope],
            )
            there = directions[0, slope] * x + directions[1, slope] * y + directions[2, slope] * z
            matrix[row, count + slope] = -3.0 * np.sqrt(x * x + y * y + z * z) * there


@njit(nogil=True, cache=True, error_model="numpy", fastmath=LOOSE)
def _fill_slopes(
    matrix: Floats, first: int, last: int, count: int, places: Floats, directions: Floats
) -> None:
    """Write rows `first` to `last` of the upper half of K that are slopes; `count` rows of values precede."""
    for row in range(max(first, count), last):
        own = row - count
        for other in range(own, places.shape[1]):
            here = there = both = square = 0.0
            for axis in range(3):
                lag = places[axis, own] - places[axis, other]
                square += lag * lag
                here += directions[axis, own] * lag
                there += directions[axis, other] * lag
                both += directions[axis, own] * directions[axis, other]
            distance = np.sqrt(square)
            bend = here * there / distance if distance > 0.0 else 0.0
            matrix[row, count + other] = -3.0 * (distance * both + bend)
