"""Random fields: Gaussian, of mean 0, with a given covariance.

Circulant embedding wraps a grid onto a torus so wide that the covariance of its cells is not touched; the
Fourier transform of that covariance holds the variances of independent waves. Where they are all positive
the field is exact. Where some are negative (the torus would have to be larger than memory allows) they
are set to zero and the rest scaled to the right variance, which is the moving average of FFT-MA.

The turning bands method sums cosines of random directions and wavelengths that follow the spectrum of the
covariance; it gives a field at any places, close to Gaussian, with exactly the right covariance on the
mean over many fields.

References
----------
Dietrich, C. R. and Newsam, G. N. (1997), Fast and exact simulation of stationary Gaussian processes
through circulant embedding of the covariance matrix, SIAM Journal on Scientific Computing 18(4),
1088–1107, doi:10.1137/S1064827592240555.

Le Ravalec, M., Noetinger, B. and Hu, L. Y. (2000), The FFT moving average (FFT-MA) generator,
Mathematical Geology 32(6), 701–723, doi:10.1023/A:1007542406333.

Emery, X. and Lantuéjoul, C. (2006), TBSIM: a computer program for conditional simulation of
three-dimensional Gaussian random fields via the turning bands method, Computers and Geosciences 32(10),
1615–1628, doi:10.1016/j.cageo.2006.03.001.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import fft

from craton.kernels.covariance import (
    COMPACT,
    CUBIC,
    EXPONENTIAL,
    GAUSSIAN,
    HOLE_EFFECT,
    MATERN,
    SPHERICAL,
    Floats,
    Model,
    covariances,
    total_sill,
)
from craton.kernels.threads import THREADS

FORGOTTEN = 1e-8
"""Correlation that is taken for none where a torus closes."""

WIDTHS = (1.0, 2.0)
"""How much wider than the grid a torus is made, in grids, where the covariance reaches that far."""

MOST_CELLS = 1 << 26
"""Cells of the largest torus."""

Shape = tuple[int, int, int]
"""Levels, rows, columns."""


class Embedding:
    """Covariance on the cells of a grid, embedded in a torus; gives any number of fields.

    Parameters
    ----------
    model : Model
        Without power structures, which have no covariance.
    shape : tuple of int
        Levels, rows, columns.
    spacing : tuple of float
        Signed distances from level to level (upward), row to row (northing), column to column (easting).

    Attributes
    ----------
    error : float
        Part of the variance that was negative and is left out; 0 where the field is exact.
    """

    def __init__(self, model: Model, shape: Shape, spacing: tuple[float, float, float]) -> None:
        self.shape = shape
        for width in WIDTHS:
            self.torus = _torus(model, shape, spacing, width)
            waves = _spectrum(model, self.torus, spacing)
            negative = float(-np.minimum(waves, 0.0).sum() / np.abs(waves).sum())
            self.error = negative if negative > FORGOTTEN else 0.0
            if not self.error or _cells(_torus(model, shape, spacing, WIDTHS[-1])) > MOST_CELLS:
                break
        self.amplitudes = np.sqrt(np.maximum(waves, 0.0))
        if self.error:
            self.amplitudes *= np.sqrt(total_sill(model)[0, 0] / self._variance())

    def _variance(self) -> float:
        """Variance that the amplitudes give."""
        return float(fft.irfftn(self.amplitudes**2, s=self.torus).flat[0])

    def draw(self, random: np.random.Generator) -> Floats:
        """One field (levels, rows, columns)."""
        noise = fft.rfftn(random.standard_normal(self.torus), workers=THREADS, overwrite_x=True)
        noise *= self.amplitudes
        field = fft.irfftn(noise, s=self.torus, workers=THREADS, overwrite_x=True)
        levels, rows, columns = self.shape
        part: Floats = field[:levels, :rows, :columns]
        return part


def torus_cells(model: Model, shape: Shape, spacing: tuple[float, float, float]) -> int:
    """Cells of the least torus of an `Embedding`, which needs some 60 bytes for each."""
    return _cells(_torus(model, shape, spacing, WIDTHS[0]))


def _cells(shape: Shape) -> int:
    return shape[0] * shape[1] * shape[2]


def _torus(model: Model, shape: Shape, spacing: tuple[float, float, float], width: float) -> Shape:
    """Cells around a torus that holds the grid and what its covariance reaches beyond it."""
    reach = _reach(model)[::-1]
    sides = []
    for count, step, far in zip(shape, spacing, reach, strict=True):
        more = min(far / abs(step) + 1, width * count) if count > 1 else 0
        sides.append(fft.next_fast_len(count + int(np.ceil(more)), real=True) if count > 1 else 1)
    return sides[0], sides[1], sides[2]


def _reach(model: Model) -> Floats:
    """Distances along easting, northing and upward beyond which the covariance is forgotten."""
    reach = np.zeros(3)
    for kind, shape, matrix in zip(model.kinds, model.shapes, model.matrices, strict=True):
        if np.linalg.norm(matrix, axis=1).min() == 0.0 or kind == HOLE_EFFECT:
            return np.full(3, np.inf)
        inverse = np.linalg.inv(matrix)
        reach = np.maximum(reach, _forgotten_at(int(kind), float(shape)) * np.linalg.norm(inverse, axis=1))
    return reach


def _forgotten_at(kind: int, shape: float) -> float:
    """Reduced distance from which a structure is forgotten."""
    if kind in COMPACT:
        return 1.0
    if kind == GAUSSIAN:
        return float(np.sqrt(-np.log(FORGOTTEN)))
    return float(-np.log(FORGOTTEN)) + 4.0 * shape


def _spectrum(model: Model, torus: Shape, spacing: tuple[float, float, float]) -> Floats:
    """Variances of the waves on the torus, as of a real transform."""
    lags = [
        step * (np.arange(count) - count * (np.arange(count) > count // 2))
        for count, step in zip(torus, spacing, strict=True)
    ]
    cells = np.empty(torus)
    for level, up in enumerate(lags[0]):
        north, east = np.meshgrid(lags[1], lags[2], indexing="ij")
        places = np.column_stack([east.ravel(), north.ravel(), np.full(east.size, up)])
        cells[level] = covariances(model, np.zeros((1, 3)), places).reshape(east.shape)
    waves: Floats = fft.rfftn(cells, workers=THREADS, overwrite_x=True).real
    return waves


class Bands:
    """One field by turning bands, at any places; without the nugget.

    Parameters
    ----------
    model : Model
        Without power structures.
    random : Generator
        Gives directions, wavelengths and phases.
    lines : int
        Cosines of each structure.
    """

    def __init__(self, model: Model, random: np.random.Generator, lines: int) -> None:
        parts = [np.zeros((0, 3))]
        for kind, shape, matrix in zip(model.kinds, model.shapes, model.matrices, strict=True):
            parts.append(_frequencies(int(kind), float(shape), random, lines) @ matrix)
        self.frequencies = np.concatenate(parts)
        self.amplitudes = np.repeat(np.sqrt(2.0 * model.sills[:, 0, 0] / lines), lines)
        self.phases = random.uniform(0.0, 2 * np.pi, len(self.frequencies))

    def at(self, places: Floats) -> Floats:
        """Field (n,) at places (n, 3)."""
        field = np.empty(len(places))
        rows = max(1, MOST_CELLS // 16 // max(len(self.phases), 1))
        for start in range(0, len(places), rows):
            angles = places[start : start + rows] @ self.frequencies.T + self.phases
            field[start : start + rows] = np.cos(angles) @ self.amplitudes
        return field

    def on_grid(self, upward: Floats, northing: Floats, easting: Floats) -> Floats:
        """Field (levels, rows, columns) on axes, as one matrix product a level.

        cos(a + b) = cos a cos b − sin a sin b parts rows and columns.
        """
        to_east = np.outer(self.frequencies[:, 0], easting)
        columns = np.concatenate([np.cos(to_east), -np.sin(to_east)])
        to_north = np.outer(northing, self.frequencies[:, 1]) + self.phases
        field = np.empty((upward.size, northing.size, easting.size))
        for level, up in enumerate(upward):
            angles = to_north + up * self.frequencies[:, 2]
            rows = np.concatenate(
                [np.cos(angles) * self.amplitudes, np.sin(angles) * self.amplitudes], axis=1
            )
            field[level] = rows @ columns
        return field


def _frequencies(kind: int, shape: float, random: np.random.Generator, count: int) -> Floats:
    """Wave vectors (count, 3) of a structure in reduced coordinates, drawn from its spectrum."""
    normal = random.standard_normal((count, 3))
    if kind == GAUSSIAN:
        broad: Floats = normal * np.sqrt(2.0)
        return broad
    if kind in {EXPONENTIAL, MATERN}:
        # The spectrum (1 + k²)^−(ν + 3/2) is that of a Student distribution of 2ν degrees.
        smoothness = 0.5 if kind == EXPONENTIAL else shape
        wide: Floats = normal / np.sqrt(random.chisquare(2 * smoothness, (count, 1)))
        return wide
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    if kind == HOLE_EFFECT:
        return normal * np.pi
    return normal * _radii(kind, random.uniform(size=count))[:, None]


def _radii(kind: int, probability: Floats) -> Floats:
    """Wavenumbers with given probabilities of being less."""
    waves, cumulated, tail = _table(kind)
    inner = np.interp(np.minimum(probability / (1.0 - tail), 1.0), cumulated, waves)
    if not tail:
        return inner
    # Beyond the table the density falls with the square of the wavenumber.
    outer = waves[-1] * tail / np.maximum(1.0 - probability, 1e-12)
    found: Floats = np.where(probability > 1.0 - tail, outer, inner)
    return found


@lru_cache(maxsize=2)
def _table(kind: int) -> tuple[Floats, Floats, float]:
    """Wavenumbers, their probabilities of not being exceeded, and the probability beyond the last."""
    if kind == SPHERICAL:
        # Of two balls of diameter 1: J_{3/2}(k/2)² / k, which integrates to 1/3.
        waves = np.linspace(1e-6, 2000.0, 100_001)
        half = waves / 2
        density = 4.0 / (np.pi * waves**2) * (np.sin(half) / half - np.cos(half)) ** 2
        tail = 3.0 * 2.0 / (np.pi * waves[-1])
    elif kind == CUBIC:
        waves = np.linspace(1e-6, 200.0, 4001)
        nodes, weights = np.polynomial.legendre.leggauss(200)
        h, q = (nodes + 1) / 2, ((nodes + 1) / 2) ** 2
        correlation = 1.0 - q * (7.0 - h * (8.75 - q * (3.5 - 0.75 * q)))
        density = waves * (np.sin(np.outer(waves, h)) @ (weights * h * correlation))
        density, tail = np.maximum(density, 0.0), 0.0
    else:
        raise ValueError(f"structure {kind} has no table of wavenumbers")
    cumulated = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2 * np.diff(waves))])
    return waves, cumulated / cumulated[-1], tail
