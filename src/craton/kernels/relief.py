"""Relief of an interface: its gravity and magnetic field by wavenumber, and its depth from gravity.

Parker's series. Material of density ρ lies between a level plane at height 0 and the relief h, counted
negative where h is below. At the height z₀, above all of it, with k the length of the wavenumber vector,

    F[g_down] = 2πG ρ exp(−k z₀) Σ_{n≥1} kⁿ⁻¹/n! F[hⁿ].

The series is the faster the smaller h is beside z₀, so h is taken from the middle of its range, and the
level layer up to there added as 2πG ρ times its thickness. It converges where max|h| < z₀.

Columns. For basins that reach the surface, where the series fails, the field of a column of one cell down to
a depth d, K(d), is known in closed form. Interpolated between nodes of d by cubics, it is
K(d) = Σ K(d_j) l_j(d), and the field of all columns is a sum of convolutions, which are products of spectra.

References
----------
Parker, R. L. (1973), The rapid calculation of potential anomalies, Geophysical Journal of the Royal
Astronomical Society 31, 447-455, doi:10.1111/j.1365-246X.1973.tb06513.x.

Oldenburg, D. W. (1974), The inversion and interpretation of gravity anomalies, Geophysics 39(4), 526-536,
doi:10.1190/1.1440444.

Bott, M. H. P. (1960), The use of rapid digital computing methods for direct gravity interpretation of
sedimentary basins, Geophysical Journal of the Royal Astronomical Society 3, 63-67,
doi:10.1111/j.1365-246X.1960.tb00065.x.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice, pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from craton.kernels import prism
from craton.kernels.constants import GRAVITATIONAL, VACUUM
from craton.kernels.sources import Floats
from craton.kernels.threads import THREADS

ENOUGH = 1e-7
"""Share of the sum below which a term ends the series."""

MOST_TERMS = 40
"""Terms after which a series is said not to converge."""

NODES = 28
"""Depths between which columns are interpolated."""

SMOOTH = 0.1
"""Change of the logarithm of density within a layer of constant density."""


def gravity(
    relief: Floats,
    step: tuple[float, float],
    height: float,
    contrast: float,
    *,
    most_terms: int = MOST_TERMS,
) -> Floats:
    """Downward gravity of a relief by Parker's series.

    Parameters
    ----------
    relief : array (rows, columns)
        Height of the interface above the level plane in metres, finite. Beyond the edges it goes on as its
        mirror image.
    step : tuple of float
        Signed distance of rows (to the north) and of columns (to the east), in metres.
    height : float
        Height of the stations above the level plane, in metres, above all of the relief.
    contrast : float
        Density below less density above the interface, in kg/m³.
    most_terms : int
        Terms after which the series is said not to converge.

    Returns
    -------
    array (rows, columns)
        In m/s².

    Raises
    ------
    ValueError
        If the series does not converge.
    """
    middle = 0.5 * (float(relief.min()) + float(relief.max()))
    padded = _mirrored(relief - middle)
    waves = _summed(padded, step, height - middle, most_terms)
    field = fft.irfft2(waves, s=padded.shape, workers=THREADS)[: relief.shape[0], : relief.shape[1]] + middle
    attraction: Floats = 2.0 * np.pi * GRAVITATIONAL * contrast * field
    return attraction


def magnetic(
    relief: Floats, step: tuple[float, float], height: float, magnetisation: Floats, direction: Floats
) -> Floats:
    """Magnetic field along a direction of the relief of a uniformly magnetised layer.

    Parameters
    ----------
    relief, step, height
        As in `gravity`.
    magnetisation : array (3,)
        Magnetisation below less that above the interface, to the east, north and up, in A/m.
    direction : array (3,)
        Unit vector on which the field is projected.

    Returns
    -------
    array (rows, columns)
        In T. A level layer has none.

    Notes
    -----
    With D = (i k_e, i k_n, −k), F[B] = (μ₀/4π) (direction·D)(magnetisation·D) F[U], where U is the potential
    of the layer of density 1 for G = 1.
    """
    middle = 0.5 * (float(relief.min()) + float(relief.max()))
    padded = _mirrored(relief - middle)
    north, east, length = _wavenumbers(padded.shape, step)
    waves = 2.0 * np.pi * _summed(padded, step, height - middle, MOST_TERMS)
    for vector in (magnetisation, direction):
        waves *= 1j * (vector[0] * east + vector[1] * north[:, None]) - vector[2] * length
    length[0, 0] = np.inf
    waves /= length
    field: Floats = (
        VACUUM * fft.irfft2(waves, s=padded.shape, workers=THREADS)[: relief.shape[0], : relief.shape[1]]
    )
    return field


def _mirrored(field: Floats) -> Floats:
    """`field` with its mirror images to the east and north, so that it repeats itself without a seam."""
    return np.pad(field, [(0, side) for side in field.shape], mode="symmetric")


def _wavenumbers(shape: tuple[int, ...], step: tuple[float, float]) -> tuple[Floats, Floats, Floats]:
    """Wavenumbers of rows (n,) and columns (m,), signed, and their length (n, m), in rad/m."""
    north = 2.0 * np.pi * fft.fftfreq(shape[0], step[0])
    east = 2.0 * np.pi * fft.rfftfreq(shape[1], step[1])
    return north, east, np.hypot(north[:, None], east)


def _summed(
    relief: Floats, step: tuple[float, float], height: float, most_terms: int
) -> NDArray[np.complex128]:
    """exp(−k z₀) Σ kⁿ⁻¹/n! F[hⁿ]."""
    length = _wavenumbers(relief.shape, step)[2]
    total = np.zeros(length.shape, dtype=np.complex128)
    decay = np.exp(-length * height)
    largest, small = 0.0, 0
    for term in islice(_terms(relief, length, decay), most_terms):
        total += term
        size = float(np.abs(term).max())
        largest = max(largest, size)
        # Of a relief of two levels the even powers are level, and every other term nothing.
        small = small + 1 if size <= ENOUGH * largest else 0
        if small == 2:
            return total
    raise ValueError("Parker's series does not converge: the stations are too near the relief")


def _terms(relief: Floats, length: Floats, decay: Floats, first: int = 1) -> Iterator[NDArray[np.complex128]]:
    """Terms kⁿ⁻¹/n! F[hⁿ] exp(−k z₀) from the one numbered `first`."""
    # Powers are taken of the part of the largest, which stays in bounds.
    most = float(np.abs(relief).max()) or 1.0
    power, factor = np.ones_like(relief), decay * most
    for number in count(1):
        power *= relief / most
        factor /= number
        if number >= first:
            waves: NDArray[np.complex128] = fft.rfft2(power, workers=THREADS)
            yield waves * factor
        factor *= length * most


def interface(
    field: Floats, step: tuple[float, float], height: float, contrast: float, *, cutoff: tuple[float, float]
) -> Floats:
    """Relief of an interface from its gravity, by Oldenburg's iteration of Parker's series.

    Parameters
    ----------
    field : array (rows, columns)
        Downward gravity in m/s², of zero mean level where the relief is 0.
    step : tuple of float
        As in `gravity`.
    height : float
        Height of the stations above the mean level of the interface, in metres.
    contrast : float
        Density below less density above the interface, in kg/m³.
    cutoff : tuple of float
        Wavelengths in metres: waves shorter than the first are left out, longer than the second kept.

    Returns
    -------
    array (rows, columns)
        Height of the interface above its mean level in metres.

    Raises
    ------
    ValueError
        If the iteration does not settle.
    """
    padded = _mirrored(field / (2.0 * np.pi * GRAVITATIONAL * contrast))
    length = _wavenumbers(padded.shape, step)[2]
    kept = _low_pass(length, cutoff)
    observed = np.asarray(fft.rfft2(padded, workers=THREADS))
    observed *= kept * np.exp(np.minimum(length * height, 700.0))
    relief = fft.irfft2(observed, s=padded.shape, workers=THREADS)
    for _ in range(MOST_TERMS):
        if not float(np.abs(relief).max()) < height:
            break
        waves, small = observed.copy(), 0
        for term in islice(_terms(relief, length, kept, first=2), MOST_TERMS - 1):
            waves -= term
            is_small = float(np.abs(term).max()) <= ENOUGH * float(np.abs(observed).max())
            small = small + 1 if is_small else 0
            if small == 2:
                break
        before, relief = relief, fft.irfft2(waves, s=padded.shape, workers=THREADS)
        if float(np.abs(relief - before).max()) <= 1e-4 * max(float(np.abs(relief).max()), 1.0):
            return np.asarray(relief[: field.shape[0], : field.shape[1]])
    raise ValueError("the iteration does not settle: leave out more short waves, or give a larger contrast")


def _low_pass(length: Floats, cutoff: tuple[float, float]) -> Floats:
    """1 for long waves, 0 for short ones, half a cosine between."""
    high, low = (2.0 * np.pi / wave for wave in cutoff)
    share = np.clip((length - low) / (high - low), 0.0, 1.0)
    kept: Floats = 0.5 + 0.5 * np.cos(np.pi * share)
    return kept


class Columns:
    """Gravity of columns of one cell each, from the surface down to any depth.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns of cells; beyond them there are no columns.
    spacing : tuple of float
        Sides of a cell to the north and east, in metres.
    height : float
        Height of the stations, over the middles of the cells, above the tops of the columns, in metres.
    contrast, decay : float
        Density of the columns at their tops in kg/m³; it falls as exp(−decay · depth), decay in 1/m.
    deepest : float
        Largest depth in metres.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        spacing: tuple[float, float],
        *,
        height: float,
        contrast: float,
        decay: float,
        deepest: float,
    ) -> None:
        self.shape, self.spacing, self.contrast, self.decay = shape, spacing, contrast, decay
        self.size = tuple(fft.next_fast_len(2 * side - 1, real=True) for side in shape)
        shallow = min(0.1 * (min(spacing) + height), 0.1 * deepest)
        self.depths = np.concatenate([[0.0], np.geomspace(shallow, deepest, NODES - 1)])
        field = np.zeros(shape)
        self.spectra = []
        for top, bottom in pairwise(self.depths):
            field = field + self._slice(height, top, bottom)
            self.spectra.append(self._spectrum(field))

    def density(self, depth: Floats) -> Floats:
        """Density in kg/m³ at depths in metres."""
        rho: Floats = self.contrast * np.exp(-self.decay * depth)
        return rho

    def gravity(self, depth: Floats) -> Floats:
        """Downward gravity (rows, columns) in m/s² of columns down to `depth` (rows, columns)."""
        waves = np.zeros((self.size[0], self.size[1] // 2 + 1), dtype=np.complex128)
        cell = np.clip(np.searchsorted(self.depths, depth) - 2, 0, NODES - 4)
        for node in range(1, NODES):
            weights = self._weights(depth, cell, node)
            if weights.any():
                waves += fft.rfft2(weights, s=self.size, workers=THREADS) * self.spectra[node - 1]
        field: Floats = fft.irfft2(waves, s=self.size, workers=THREADS)[: self.shape[0], : self.shape[1]]
        return field

    def _weights(self, depth: Floats, cell: NDArray[np.int64], node: int) -> Floats:
        """Cubic weights of one node in the interpolation at `depth`, between nodes `cell` to `cell` + 3."""
        weights = np.where((cell <= node) & (node <= cell + 3), 1.0, 0.0)
        for other in range(4):
            place = self.depths[cell + other]
            apart = np.where(cell + other == node, 1.0, self.depths[node] - place)
            weights *= np.where(cell + other == node, 1.0, (depth - place) / apart)
        return weights

    def _slice(self, height: float, top: float, bottom: float) -> Floats:
        """Gravity of a slice of the column of the first cell, at all cells."""
        (rows, columns), spacing = self.shape, self.spacing
        north, east = np.meshgrid(
            spacing[0] * np.arange(rows), spacing[1] * np.arange(columns), indexing="ij"
        )
        stations = np.stack([east.ravel(), north.ravel(), np.full(east.size, height)])
        layers = max(1, int(np.ceil(self.decay * (bottom - top) / SMOOTH)))
        ends = np.linspace(top, bottom, layers + 1)
        sides = [-0.5 * spacing[1], 0.5 * spacing[1], -0.5 * spacing[0], 0.5 * spacing[0]]
        boxes = np.array([[*sides, -low, -high] for high, low in pairwise(ends)])
        middles, halves = 0.5 * (ends[1:] + ends[:-1]), 0.5 * np.diff(ends)
        # The mean of the exponential over a layer is that at its middle times sinh(x)/x.
        mean = self.density(middles) * (1.0 + (self.decay * halves) ** 2 / 6.0)
        return -prism.gravity(stations, boxes, mean).reshape(self.shape)

    def _spectrum(self, field: Floats) -> NDArray[np.float32]:
        """Spectrum of the field of a column, even in both axes and so real."""
        around = [np.minimum(np.arange(size), size - np.arange(size)) for size in self.size]
        reached = [np.minimum(index, side - 1) for index, side in zip(around, self.shape, strict=True)]
        waves: NDArray[np.complex128] = fft.rfft2(field[np.ix_(*reached)], workers=THREADS)
        return waves.real.astype(np.float32)


def basement(
    field: Floats, columns: Columns, *, iterations: int, tolerance: float
) -> Iterator[tuple[Floats, Floats]]:
    """Depths of columns that explain a gravity field, step by step, after Bott.

    Parameters
    ----------
    field : array (rows, columns)
        Downward gravity in m/s², finite.
    columns : Columns
        Of the cells of `field`.
    iterations : int
        Steps at most.
    tolerance : float
        Largest misfit in m/s² with which the iteration ends.

    Yields
    ------
    tuple of array
        Depth in metres, 0 to the largest of `columns`, and what `field` exceeds the gravity of it by.

    Notes
    -----
    d ← d + (g − g(d)) / (2πG ρ(d)), as if the misfit were that of a level layer.
    """
    deepest = float(columns.depths[-1])
    depth = np.zeros(field.shape)
    rest = field
    for _ in range(iterations):
        # Where density fades with depth a step is held below the depth that there is.
        change = rest / (2.0 * np.pi * GRAVITATIONAL * columns.density(depth))
        limit = np.maximum(depth, 0.25 * deepest)
        depth = np.clip(depth + np.clip(change, -limit, limit), 0.0, deepest)
        rest = field - columns.gravity(depth)
        yield depth, rest
        if float(np.abs(rest).max()) <= tolerance:
            return
