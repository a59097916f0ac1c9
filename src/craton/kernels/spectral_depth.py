"""Depths from spectra: the power of a field by wavenumber, and the straight parts of its logarithm."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import fft

Floats = NDArray[np.float64]


class Spectrum(NamedTuple):
    """Power by wavenumber, averaged over rings (n,), from the longest wave to the shortest."""

    wavenumber: Floats
    """Mean of the ring in rad/m."""
    power: Floats
    """Mean power in the square of the unit of the field times m²."""
    log_std: Floats
    """Standard deviation of the natural logarithm of the power."""
    waves: Floats
    """Number of waves in the ring."""


class Lines(NamedTuple):
    """Straight lines fitted to parts of a curve (m,)."""

    first: NDArray[np.int64]
    """First point of each part."""
    last: NDArray[np.int64]
    """Last point of each part."""
    slope: Floats
    intercept: Floats
    slope_std: Floats
    determination: Floats
    """Part of the variance that the line explains, 0 to 1."""


def radial_spectrum(field: NDArray[np.floating], spacing: tuple[float, float]) -> Spectrum:
    """Radially averaged power spectrum of a field.

    Parameters
    ----------
    field : array (rows, columns)
        Less its mean or trend, all cells finite, at least 4 x 4.
    spacing : tuple of float
        Distance of neighbouring rows and of neighbouring columns in metres, above 0.

    Returns
    -------
    Spectrum
        Rings as wide as the lowest wavenumber of the longer side, up to the Nyquist wavenumber of the
        coarser axis. Rings without a wave are left out.

    Notes
    -----
    The field is tapered by half a cosine wave along each axis (Hann), which keeps strong long waves from
    leaking into short ones; the power is divided by that of the taper and by the number of cells, and
    multiplied by the area of one. Half the waves of a ring are the mirror of the other half, and the taper
    makes neighbours alike: each counts for 1/2 · (2/3)², so that the logarithm of their mean has the standard
    deviation √(4.5 / waves).

    References
    ----------
    Spector, A. and Grant, F. S. (1970), Statistical models for interpreting aeromagnetic data, Geophysics
    35(2), 293-302, doi:10.1190/1.1440092.
    """
    rows, columns = field.shape
    tapers = [np.sin(np.pi * (np.arange(count) + 0.5) / count) ** 2 for count in (rows, columns)]
    cells = np.asarray(field, dtype=np.float64) * tapers[0][:, None] * tapers[1]
    scale = spacing[0] * spacing[1] / float((tapers[0] ** 2).sum() * (tapers[1] ** 2).sum())
    power = np.abs(fft.rfft2(cells)) ** 2 * scale
    north = 2 * np.pi * fft.fftfreq(rows, spacing[0])
    east = 2 * np.pi * fft.rfftfreq(columns, spacing[1])
    length = np.hypot(north[:, None], east)
    # A wave along the columns other than the first (and the last of an even count) stands for two.
    times = np.full(columns // 2 + 1, 2.0)
    times[0] = 1.0
    if columns % 2 == 0:
        times[-1] = 1.0
    step = 2 * np.pi / max(rows * spacing[0], columns * spacing[1])
    ring = np.rint(length / step).astype(np.int64)
    inside = (ring > 0) & (length <= np.pi / max(spacing))
    weights = np.broadcast_to(times, ring.shape)[inside]
    sums = [
        np.bincount(ring[inside], weights * one)
        for one in (np.ones(weights.size), length[inside], power[inside])
    ]
    count, lengths, powers = (one[sums[0] > 0] for one in sums)
    return Spectrum(lengths / count, powers / count, np.sqrt(4.5 / count), count)


def straight_line(x: Floats, y: Floats, std: Floats) -> tuple[float, float, float]:
    """Slope, intercept and standard deviation of the slope of the weighted line through points (n,), n ≥ 3.

    The standard deviation is that of the given ones or of the scatter about the line, the larger of both.
    """
    weight = 1 / std**2
    total = float(weight.sum())
    middle, level = float(weight @ x) / total, float(weight @ y) / total
    reach = float(weight @ (x - middle) ** 2)
    slope = float(weight @ ((x - middle) * (y - level))) / reach
    left = y - level - slope * (x - middle)
    scatter = float(weight @ left**2) / (x.size - 2)
    return slope, level - slope * middle, float(np.sqrt(max(scatter, 1.0) / reach))


def straight_parts(x: Floats, y: Floats, std: Floats, *, most: int, least: int, exact: bool = False) -> Lines:
    """Curve cut into parts that are as straight as can be.

    Parameters
    ----------
    x, y, std : array (n,)
        Points in ascending order of x, and the standard deviations of y; n at least `least`.
    most : int
        Parts, at most; fewer where `least` points each do not suffice.
    least : int
        Points in a part, 3 or more.
    exact : bool
        Take as many parts as `most`, and do not choose their number.

    Returns
    -------
    Lines
        The number of parts is that of the smallest Bayesian information criterion χ² + (3m − 1) ln n, with
        the scatter of the finest cutting as the unit of χ² where that is above 1.

    Notes
    -----
    The cuts of least χ² for every number of parts are found by dynamic programming over all cuts.
    """
    size = x.size
    most = max(1, min(most, size // least))
    cost = _costs(x, y, 1 / std**2, least)
    best = np.full((most + 1, size + 1), np.inf)
    best[0, 0] = 0.0
    come = np.zeros((most + 1, size + 1), dtype=np.int64)
    for part in range(1, most + 1):
        total = best[part - 1][:size, None] + cost
        come[part, 1:] = total.argmin(axis=0)
        best[part, 1:] = total.min(axis=0)
    misfit = best[1:, size]
    freedom = max(size - 3 * most + 1, 1)
    unit = max(float(misfit[-1]) / freedom, 1.0)
    criterion = misfit / unit + (3 * np.arange(1, most + 1) - 1) * np.log(size)
    parts = most if exact else int(np.argmin(criterion)) + 1
    ends = [size]
    for part in range(parts, 0, -1):
        ends.append(int(come[part, ends[-1]]))
    edges = np.array(ends[::-1])
    lines = [_line(x[a:b], y[a:b], std[a:b]) for a, b in itertools.pairwise(edges)]
    return Lines(edges[:-1], edges[1:] - 1, *np.array(lines).T)


def _line(x: Floats, y: Floats, std: Floats) -> tuple[float, float, float, float]:
    """Slope, intercept, standard deviation of the slope and determination of one part."""
    slope, intercept, slope_std = straight_line(x, y, std)
    weight = 1 / std**2
    level = float(weight @ y) / float(weight.sum())
    whole = float(weight @ (y - level) ** 2)
    left = float(weight @ (y - intercept - slope * x) ** 2)
    return slope, intercept, slope_std, 1 - left / whole if whole > 0 else 1.0


def _costs(x: Floats, y: Floats, weight: Floats, least: int) -> Floats:
    """χ² of the line through points a … b as element (a, b); infinite for fewer than `least` points."""
    u, v = x - x.mean(), y - y.mean()
    moments = [weight, weight * u, weight * v, weight * u * u, weight * u * v, weight * v * v]
    sums = [np.concatenate([[0.0], np.cumsum(one)]) for one in moments]
    w, wu, wv, uu, uv, vv = (one[None, 1:] - one[:-1, None] for one in sums)
    size = x.size
    long = np.arange(size)[None, :] - np.arange(size)[:, None] + 1 >= least
    w = np.where(long, w, 1.0)
    uu, uv, vv = uu - wu**2 / w, uv - wu * wv / w, vv - wv**2 / w
    bent = np.where(long & (uu > 0), uu, 1.0)
    cost: Floats = np.where(long, np.maximum(vv - uv**2 / bent, 0.0), np.inf)
    return cost
