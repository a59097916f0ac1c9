"""Lattice: a field of plane waves that repeats beyond an area, known at places that lie anywhere.

A field on the lattice is a sum of waves

    u(x) = Σ c(k) exp(i k·x),   k = 2π (m / north side, l / east side),

with whole numbers |m| and l up to a highest one. Only waves with l ≥ 0 are
kept, rows m = 0, 1, …, M, -M, …, -1; the rest are their conjugates, for
fields are real. Between waves and scattered places stands a grid of nodes, at
least two to the shortest half wave, and a bell of `WIDTH` nodes. `sample`
and `spread` are exact adjoints of each other; values at places have about
seven correct digits.

References
----------
Barnett, A. H., Magland, J., and af Klinteberg, L. (2019). A parallel
nonuniform fast Fourier transform library based on an "exponential of
semicircle" kernel. SIAM Journal on Scientific Computing 41(5), C479-C504.
doi:10.1137/18M120885X
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import fft

from craton.kernels.threads import THREADS

Floats = NDArray[np.float64]
Waves = NDArray[np.complex128]

WIDTH = 8
"""Nodes that a place touches along each axis."""

STEEPNESS = 2.30 * WIDTH
"""Exponent of the bell, the best for two nodes to the shortest half wave."""

LARGE = 1 << 18
"""Nodes from which a second thread pays."""


@dataclass(frozen=True)
class Lattice:
    """Waves over a rectangle that repeats.

    Parameters
    ----------
    origin : tuple of float
        Northing and easting of the first node, in metres.
    sides : tuple of float
        Length to the north and to the east after which fields repeat, in metres.
    highest : tuple of int
        Highest number of waves along either side, at least 1.
    """

    origin: tuple[float, float]
    sides: tuple[float, float]
    highest: tuple[int, int]

    @cached_property
    def nodes(self) -> tuple[int, int]:
        """Rows and columns of nodes, of a size good for transforms."""
        rows, columns = (fft.next_fast_len(4 * count + 2, real=True) for count in self.highest)
        return rows, columns

    @cached_property
    def north(self) -> Floats:
        """Wavenumbers of the rows of waves, in rad/m."""
        count = self.highest[0]
        rows = np.concatenate([np.arange(count + 1.0), np.arange(-count, 0.0)])
        return np.asarray(rows * (2 * np.pi / self.sides[0]), dtype=np.float64)

    @cached_property
    def east(self) -> Floats:
        """Wavenumbers of the columns of waves, in rad/m."""
        columns = np.arange(self.highest[1] + 1) * (2 * np.pi / self.sides[1])
        return np.asarray(columns, dtype=np.float64)

    @cached_property
    def wavenumber(self) -> Floats:
        """Length of the wave vector of each wave, in rad/m."""
        lengths: Floats = np.hypot(self.north[:, None], self.east).astype(np.float64, copy=False)
        return lengths

    @cached_property
    def count(self) -> Floats:
        """How many waves each column stands for: 1 without a part to the east, else 2."""
        return np.where(np.arange(self.highest[1] + 1) == 0, 1.0, 2.0)

    @property
    def finer(self) -> Lattice:
        """The same area with waves of half the length, which holds products of two fields."""
        rows, columns = self.highest
        return Lattice(self.origin, self.sides, (2 * rows, 2 * columns))

    def bell(self, nodes: tuple[int, int]) -> Floats:
        """Factor by which the bell on a grid of `nodes` changes each wave."""
        rows = _bell_spectrum(self.north * self.sides[0] / nodes[0])
        columns = _bell_spectrum(self.east * self.sides[1] / nodes[1])
        return rows[:, None] * columns

    def to_nodes(self, waves: Waves, nodes: tuple[int, int] | None = None) -> Floats:
        """Field of `waves` at the nodes, or on another grid of enough `nodes`."""
        rows, columns = nodes or self.nodes
        count = self.highest[0]
        tall = np.zeros((rows, waves.shape[1]), dtype=np.complex128)
        tall[: count + 1] = waves[: count + 1]
        tall[-count:] = waves[count + 1 :]
        workers = self._workers
        tall = fft.ifft(tall, axis=0, norm="forward", overwrite_x=True, workers=workers)
        field: Floats = fft.irfft(tall, n=columns, axis=1, norm="forward", workers=workers)
        return field

    def from_nodes(self, field: Floats) -> Waves:
        """Adjoint of `to_nodes`: Σ field(x) exp(-i k·x) over nodes of a grid of any size."""
        rows, columns = self.highest
        workers = self._workers
        tall = fft.rfft(field, axis=1, workers=workers)[:, : columns + 1]
        tall = fft.fft(tall, axis=0, workers=workers)
        waves: Waves = np.concatenate([tall[: rows + 1], tall[-rows:]])
        return waves

    def places(self, northing: Floats, easting: Floats, nodes: tuple[int, int]) -> tuple[Floats, Floats]:
        """Rows and columns, with fractions, of places on a grid of `nodes`."""
        north, east = (
            (axis - start) / side * count
            for axis, start, side, count in zip(
                (northing, easting), self.origin, self.sides, nodes, strict=True
            )
        )
        return north, east

    def dot(self, one: Waves, other: Waves) -> float:
        """Scalar product of two real fields, as waves."""
        return float(np.sum((one.real * other.real + one.imag * other.imag) * self.count))

    def moved(self, waves: Waves, other: Lattice) -> Waves:
        """`waves` of this lattice on `other` of the same sides; waves that one lacks are zero or left out."""
        moved = np.zeros(other.wavenumber.shape, dtype=np.complex128)
        rows, columns = (min(pair) for pair in zip(self.highest, other.highest, strict=True))
        moved[: rows + 1, : columns + 1] = waves[: rows + 1, : columns + 1]
        moved[-rows:, : columns + 1] = waves[-rows:, : columns + 1]
        return moved

    @property
    def _workers(self) -> int:
        return THREADS if self.nodes[0] * self.nodes[1] >= LARGE else 1


def _bell_spectrum(angles: Floats) -> Floats:
    """Fourier transform of the bell at `angles` in radians a node, by Gauss-Legendre quadrature."""
    places, weights = np.polynomial.legendre.leggauss(60)
    bell = np.exp(STEEPNESS * (np.sqrt(1 - places**2) - 1)) * weights * (WIDTH / 2)
    spectrum: Floats = np.cos(np.outer(angles, places * (WIDTH / 2))) @ bell
    return spectrum


@njit(nogil=True, cache=True, error_model="numpy")
def _bell(place: float, weights: Floats) -> int:
    """Fill `weights` (WIDTH,) with the bell around `place`; returns the first node under it."""
    first = int(np.ceil(place - WIDTH / 2))
    for node in range(WIDTH):
        rest = 1.0 - ((first + node - place) / (WIDTH / 2)) ** 2
        weights[node] = np.exp(STEEPNESS * (np.sqrt(rest) - 1.0)) if rest > 0.0 else 0.0
    return first


@njit(nogil=True, cache=True, error_model="numpy")
def spread(rows: Floats, columns: Floats, values: Floats, field: Floats) -> None:
    """Add bells of `values` (layers, n) at the places (n,) to `field` (layers, rows, columns), in place."""
    layers, height, width = field.shape
    down, right = np.empty(WIDTH), np.empty(WIDTH)
    across = np.empty(WIDTH, dtype=np.int64)
    for number in range(rows.size):
        top, left = _bell(rows[number], down), _bell(columns[number], right)
        for j in range(WIDTH):
            across[j] = (left + j) % width
        for i in range(WIDTH):
            row = (top + i) % height
            for layer in range(layers):
                part = values[layer, number] * down[i]
                for j in range(WIDTH):
                    field[layer, row, across[j]] += part * right[j]


@njit(nogil=True, cache=True, error_model="numpy")
def sample(rows: Floats, columns: Floats, weights: Floats, field: Floats, values: Floats) -> None:
    """Set `values` (n,) to the sum over layers of `weights` (layers, n) times `field` under the bells."""
    layers, height, width = field.shape
    down, right = np.empty(WIDTH), np.empty(WIDTH)
    across = np.empty(WIDTH, dtype=np.int64)
    for number in range(rows.size):
        top, left = _bell(rows[number], down), _bell(columns[number], right)
        for j in range(WIDTH):
            across[j] = (left + j) % width
        total = 0.0
        for i in range(WIDTH):
            row = (top + i) % height
            for layer in range(layers):
                part = 0.0
                for j in range(WIDTH):
                    part += right[j] * field[layer, row, across[j]]
                total += weights[layer, number] * down[i] * part
        values[number] = total
