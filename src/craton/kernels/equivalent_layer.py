"""Equivalent layer: the harmonic field that fits scattered values at different heights.

The field above the sources is a sum of plane waves that decay upward,

    u(x, z) = mean + Σ c(k) exp(i k·x) exp(-|k| (z - z₀)),

with z₀ the lowest station. It is that of a layer of point sources at the depth
d below z₀, whose strengths are independent of each other: a wave has the
variance S(k) = A |k|⁻² exp(-2 |k| d). With values g and noise of variance σ²,

    Σᵢ (gᵢ - u(xᵢ, zᵢ))² + σ² Σ |c|² / S  →  least.

The dependence on height is interpolated between a few planes, so that the
normal matrix of all stations becomes products on a grid of nodes: after one
pass over the stations, the work does not depend on their number. The system is
solved by conjugate gradients. The preconditioner solves the long waves
exactly and the short ones as if stations were spread evenly.

References
----------
Dampney, C. N. G. (1969). The equivalent source technique. Geophysics 34(1),
39-53. doi:10.1190/1.1439996

Takahashi, D., Oliveira, V. C., and Barbosa, V. C. F. (2020). Convolutional
equivalent layer for gravity data processing. Geophysics 85(6), G129-G141.
doi:10.1190/geo2019-0826.1
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import fft, linalg

from craton.kernels.lattice import Floats, Lattice, Waves, sample, spread

PLANE_ERROR = 1e-4
"""Error of interpolation between planes, as a part of the field."""

MOST_PLANES = 12
ROUNDING = 1e-13
"""Part of its diagonal by which the normal matrix is damped at least, so that rounding leaves it positive."""

LONG_WAVES = 300
"""Waves that the preconditioner solves exactly."""

CROWDING = 16
"""Classes of how close stations lie."""

MEMORY_NODES = 1 << 24
"""Numbers that are held at once while stations are spread."""

BATCH = 1 << 16
"""Places that are worked out at once."""


class Stations(NamedTuple):
    """Places (n,) in metres; heights are positive up."""

    northing: Floats
    easting: Floats
    upward: Floats


class Spectrum(NamedTuple):
    """Variance of the waves of a layer: A |k|⁻² exp(-2 |k| d)."""

    amplitude: float
    depth: float

    def power(self, lattice: Lattice) -> Floats:
        """Variance of each wave; that of the mean is as good as unlimited."""
        wavenumber = np.maximum(lattice.wavenumber, 2 * np.pi / max(lattice.sides))
        power: Floats = self.amplitude * wavenumber**-2 * np.exp(-2 * wavenumber * self.depth)
        power[0, 0] *= 1e6
        return power


class Planes(NamedTuple):
    """Heights (p,) above the lowest station between which fields are interpolated, over log(z + offset)."""

    heights: Floats
    offset: float

    def weights(self, heights: Floats) -> Floats:
        """Lagrange's weights (p, n) of the planes at `heights` above the lowest station."""
        places, knots = np.log(heights + self.offset), np.log(self.heights + self.offset)
        weights = np.ones((knots.size, places.size))
        for one, knot in enumerate(knots):
            for other in np.delete(knots, one):
                weights[one] *= (places - other) / (knot - other)
        return weights


def planes_between(lowest: float, highest: float, shortest: float) -> Planes:
    """As few planes as give exp(-k z) for wavenumbers up to `shortest` between two heights.

    The error is weighed by exp(-5 k / shortest), as the field of a layer that the waves resolve is.
    """
    offset = 5.0 / shortest - min(lowest, 0.0)
    wavenumber, heights = np.linspace(0, shortest, 60), np.linspace(lowest, highest, 60)
    exact = np.exp(-np.outer(heights, wavenumber))
    ends = np.log(np.array([lowest, highest]) + offset)
    for count in range(1, MOST_PLANES + 1):
        knots = ends.mean() + np.ptp(ends) / 2 * np.cos(np.pi * (np.arange(count) + 0.5) / count)
        planes = Planes(np.exp(knots) - offset, offset)
        if np.ptp(ends) == 0:
            break
        error = planes.weights(heights).T @ np.exp(-np.outer(planes.heights, wavenumber)) - exact
        if np.abs(error * np.exp(-5 * wavenumber / shortest)).max() < PLANE_ERROR:
            break
    return planes


@dataclass(frozen=True)
class Survey:
    """Stations and their values on a lattice; `lowest` is the height from which waves decay."""

    lattice: Lattice
    stations: Stations
    values: Floats
    lowest: float

    @cached_property
    def _planes(self) -> Planes:
        heights = self.stations.upward - self.lowest
        return planes_between(heights.min(), heights.max(), float(self.lattice.wavenumber.max()))

    @cached_property
    def _weights(self) -> Floats:
        return self._planes.weights(self.stations.upward - self.lowest)

    @cached_property
    def decay(self) -> Floats:
        """Factor of each wave on each plane."""
        decay: Floats = np.exp(-self._planes.heights[:, None, None] * self.lattice.wavenumber)
        return decay

    @cached_property
    def _rows_columns(self) -> tuple[Floats, Floats]:
        return self._places(self.lattice)

    def _places(self, lattice: Lattice) -> tuple[Floats, Floats]:
        return lattice.places(self.stations.northing, self.stations.easting, lattice.nodes)

    def forward(self, waves: Waves) -> Floats:
        """Field of `waves` at the stations."""
        lattice = self.lattice
        fields = np.stack(
            [lattice.to_nodes(decay * waves / lattice.bell(lattice.nodes)) for decay in self.decay]
        )
        values = np.empty(self.values.size)
        sample(*self._rows_columns, self._weights, fields, values)
        return values

    def adjoint(self, values: Floats) -> Waves:
        """Transpose of `forward`."""
        lattice = self.lattice
        fields = np.zeros((len(self.decay), *lattice.nodes))
        spread(*self._rows_columns, self._weights * values, fields)
        waves = [decay * lattice.from_nodes(field) for decay, field in zip(self.decay, fields, strict=True)]
        total: Waves = np.add.reduce(waves) / lattice.bell(lattice.nodes)
        return total

    @cached_property
    def right(self) -> Waves:
        """`adjoint` of the values."""
        return self.adjoint(self.values)

    @cached_property
    def pairs(self) -> list[tuple[int, int]]:
        """Pairs of planes, each once."""
        count = len(self.decay)
        return [(one, other) for one in range(count) for other in range(one, count)]

    @cached_property
    def density(self) -> Floats:
        """Weight of the stations at each node, for each pair of planes."""
        lattice, finer = self.lattice, self.lattice.finer
        places, bell = self._places(finer), finer.bell(finer.nodes)
        density = np.empty((len(self.pairs), *lattice.nodes))
        step = max(1, MEMORY_NODES // (finer.nodes[0] * finer.nodes[1]))
        for start in range(0, len(self.pairs), step):
            pairs = self.pairs[start : start + step]
            fields = np.zeros((len(pairs), *finer.nodes))
            for first in range(0, self.values.size, BATCH):
                part = slice(first, first + BATCH)
                products = np.stack([self._weights[p, part] * self._weights[q, part] for p, q in pairs])
                spread(places[0][part], places[1][part], products, fields)
            for number, field in enumerate(fields, start):
                density[number] = finer.to_nodes(finer.from_nodes(field) / bell, lattice.nodes)
        density /= lattice.nodes[0] * lattice.nodes[1]
        return density

    def normal(self, waves: Waves) -> Waves:
        """`adjoint` of `forward`, without a look at the stations."""
        fields = [self.lattice.to_nodes(decay * waves) for decay in self.decay]
        weighed = [np.zeros_like(field) for field in fields]
        for (one, other), density in zip(self.pairs, self.density, strict=True):
            weighed[one] += density * fields[other]
            if one != other:
                weighed[other] += density * fields[one]
        total: Waves = np.zeros_like(waves)
        for decay, field in zip(self.decay, weighed, strict=True):
            total += decay * self.lattice.from_nodes(field)
        return total

    def misfit(self, waves: Waves) -> float:
        """Sum of squares of values less field."""
        dot = self.lattice.dot
        fitted = dot(waves, self.normal(waves))
        return max(float(self.values @ self.values) - 2 * dot(waves, self.right) + fitted, 0.0)

    @cached_property
    def seen(self) -> Floats:
        """Mean square of each wave of unit size at the stations, which `even` spreads over them."""
        products = self._weights @ self._weights.T / self.values.size
        seen: Floats = np.einsum("pij,qij,pq->ij", self.decay, self.decay, products)
        return seen

    @cached_property
    def even(self) -> Floats:
        """Diagonal of `normal` if as many stations were spread evenly over their own extent alone."""
        extent = [np.ptp(axis) for axis in self.stations[:2]]
        covered = [
            min(1.0, max(length / side, 1e-3))
            for length, side in zip(extent, self.lattice.sides, strict=True)
        ]
        return self.seen * (self.values.size / (covered[0] * covered[1]))

    def crowding(self, reach: float) -> Floats:
        """Stations within about `reach` of evenly many places over the lattice, as if spread over all of it.

        Sorted, `CROWDING` numbers, each for an equal part of the area.
        """
        both = [1.0 if one == other else 2.0 for one, other in self.pairs]
        lattice, nodes = self.lattice, self.density[0].size
        waves = lattice.from_nodes(np.tensordot(both, self.density, axes=1))
        waves *= np.exp(-0.5 * (lattice.wavenumber * reach) ** 2)
        places = np.sort(lattice.to_nodes(waves), axis=None).clip(min=0.0)
        edges = np.linspace(0, nodes, CROWDING + 1).astype(np.int64)
        return np.add.reduceat(places, edges[:-1]) / np.diff(edges)

    @cached_property
    def long(self) -> LongWaves:
        """Long waves of `normal`, ready for any damping."""
        return LongWaves.of(self)


@dataclass(frozen=True)
class LongWaves:
    """Longest waves, real parts before imaginary ones, and their block (2m, 2m) of the normal matrix."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    block: Floats

    @classmethod
    def of(cls, survey: Survey) -> LongWaves:
        """Block of the longest `LONG_WAVES` waves (each with its conjugate), the mean first."""
        lattice = survey.lattice
        tall = np.r_[0 : lattice.highest[0] + 1, -lattice.highest[0] : 0]
        every = np.meshgrid(tall, np.arange(lattice.highest[1] + 1), indexing="ij")
        rows, columns = (one.ravel() for one in every)
        half = np.flatnonzero((columns > 0) | (rows >= 0))
        chosen = half[np.argsort(lattice.wavenumber.ravel()[half], kind="stable")[:LONG_WAVES]]
        decay = np.ascontiguousarray(survey.decay.reshape(len(survey.decay), -1)[:, chosen])
        transforms = np.stack([fft.fft2(density) for density in survey.density])
        rows, columns = rows[chosen], columns[chosen]
        block = np.zeros((2 * rows.size, 2 * rows.size))
        _fill_block(rows, columns, decay, transforms, block)
        return cls(rows, columns, block)

    def factor(self, damping: Floats) -> tuple[Floats, bool]:
        """Cholesky factor of the block with `damping` of each wave added."""
        added = damping[self.rows, self.columns].copy()
        # The mean is held at half its size, as its conjugate is itself.
        added[0] *= 2
        damped = self.block + np.diag(np.concatenate([added, added]))
        factor: tuple[Floats, bool] = linalg.cho_factor(
            damped, lower=True, overwrite_a=True, check_finite=False
        )
        return factor

    def solve(self, factor: tuple[Floats, bool], waves: Waves, into: Waves) -> None:
        """Replace the long waves of `into` by the solution for those of `waves`."""
        some = waves[self.rows, self.columns]
        parts = np.concatenate([some.real, some.imag])
        real, imaginary = np.split(linalg.cho_solve(factor, parts, check_finite=False), 2)
        solved = real + 1j * imaginary
        solved[0] = 2 * real[0]
        into[self.rows, self.columns] = solved
        twin = (self.columns == 0) & (self.rows > 0)
        into[-self.rows[twin], 0] = np.conj(solved[twin])


@njit(nogil=True, cache=True, error_model="numpy")
def _fill_block(
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    decay: Floats,
    transforms: NDArray[np.complex128],
    block: Floats,
) -> None:
    """Set the lower half of `block`: the parts of wave a that wave b and its conjugate bring forth."""
    count, height, width = rows.size, transforms.shape[1], transforms.shape[2]
    for a in range(count):
        for b in range(a + 1):
            down, right = (rows[a] - rows[b]) % height, (columns[a] - columns[b]) % width
            down_twin, right_twin = (rows[a] + rows[b]) % height, (columns[a] + columns[b]) % width
            direct, twin, pair = 0j, 0j, 0
            for one in range(decay.shape[0]):
                for other in range(one, decay.shape[0]):
                    weight = decay[one, a] * decay[other, b]
                    if one != other:
                        weight += decay[other, a] * decay[one, b]
                    direct += weight * transforms[pair, down, right]
                    twin += weight * transforms[pair, down_twin, right_twin]
                    pair += 1
            block[a, b] = direct.real + twin.real
            block[count + a, b] = direct.imag + twin.imag
            block[count + b, a] = twin.imag - direct.imag
            block[count + a, count + b] = direct.real - twin.real


def solve(
    survey: Survey, right: Waves, damping: Floats, start: Waves | None, *, gain: float, most: int
) -> Waves:
    """Waves c with (normal + damping) c = right, by conjugate gradients.

    Parameters
    ----------
    right, damping : array
        Right side, and what is added to the diagonal, above 0.
    start : array
        Waves to begin with; None for zero.
    gain : float
        Decrease of ½ c·(normal + damping) c - right·c, doubled, below which a step is not worth it.
    most : int
        Steps after which to stop in any case.
    """
    dot = survey.lattice.dot
    damping = damping + ROUNDING * survey.values.size
    factor = survey.long.factor(damping)
    short = 1.0 / (survey.even + damping)

    def preconditioned(waves: Waves) -> Waves:
        scaled: Waves = short * waves
        survey.long.solve(factor, waves, scaled)
        return scaled

    waves = np.zeros_like(right) if start is None else start.copy()
    rest = right - survey.normal(waves) - damping * waves if start is not None else right.copy()
    step = preconditioned(rest)
    direction, size = step, dot(rest, step)
    gains = [np.inf, np.inf]
    for _ in range(most):
        if size <= 0.0 or max(gains[-2:]) < gain:
            break
        image = survey.normal(direction) + damping * direction
        length = size / dot(direction, image)
        waves += length * direction
        rest -= length * image
        gains.append(length * size)
        step = preconditioned(rest)
        size, before = dot(rest, step), size
        direction = step + (size / before) * direction
    return waves
