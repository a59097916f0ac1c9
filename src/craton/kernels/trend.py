"""Trends: polynomials of any order fitted to a field, by least squares or robustly."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BISQUARE = 4.685
"""Tukey's constant: 95 % efficient where errors are normal."""

NORMAL = 0.6745
"""Median absolute deviation of the normal distribution."""

ROUNDS = 30
TOLERANCE = 1e-6
"""Rounds of reweighting at most, and part of the spread below which a change ends them."""


def polynomial_trend(field: NDArray[Any], order: int, *, robust: bool = False) -> Floats:
    """Polynomial of total order `order` in rows and columns that fits the finite cells of a field.

    Parameters
    ----------
    field : array (rows, columns)
        Cells that are not finite are left out.
    order : int
        0 or more: 0 the mean, 1 a plane, 2 a bowl.
    robust : bool
        Whether cells far from the trend, the anomalies, lose their weight.

    Returns
    -------
    array (rows, columns)
        Trend over all cells; zero where no cell is finite. Where the cells do not settle a coefficient,
        the smallest of those that fit.

    Notes
    -----
    The basis is P_a(y) P_b(x), a + b ≤ order, of Legendre polynomials over the sides as -1 to 1, which keeps
    high orders well conditioned. Robust: weights (1 - (r / c s)²)² of residuals r below c s and 0 beyond,
    c = 4.685, s = median |r - median r| / 0.6745, repeated until the trend stands still.

    References
    ----------
    Beaton, A. E. and Tukey, J. W. (1974), The fitting of power series, meaning polynomials, illustrated
    on band-spectroscopic data, Technometrics 16(2), 147-185.

    Agocs, W. B. (1951), Least squares residual anomaly determination, Geophysics 16(4), 686-696.
    """
    cells = np.asarray(field)
    known = np.isfinite(cells)
    values = np.where(known, cells, 0.0).astype(np.float64)
    bases: list[Floats] = [
        np.asarray(legendre.legvander(_places(count), order), dtype=np.float64) for count in cells.shape
    ]
    pairs = [(a, b) for a in range(order + 1) for b in range(order + 1 - a)]
    weights = known.astype(np.float64)
    trend = _fitted(values, weights, bases, pairs)
    if not robust or not known.any():
        return trend
    for _ in range(ROUNDS):
        residuals = values - trend
        centre = np.median(residuals[known])
        spread = float(np.median(np.abs(residuals[known] - centre))) / NORMAL
        if spread <= TOLERANCE * float(np.abs(values[known]).max()):
            return trend
        before = trend
        near = np.maximum(1 - (residuals / (BISQUARE * spread)) ** 2, 0.0)
        trend = _fitted(values, known * near**2, bases, pairs)
        if np.abs(trend - before).max() <= TOLERANCE * spread:
            break
    return trend


def _places(count: int) -> Floats:
    """Cells of a side from -1 to 1."""
    return np.linspace(-1.0, 1.0, count) if count > 1 else np.zeros(1)


def _fitted(values: Floats, weights: Floats, bases: list[Floats], pairs: list[tuple[int, int]]) -> Floats:
    """Weighted least-squares trend, by normal equations summed side by side."""
    rows, columns = bases
    size = rows.shape[1]
    squares = [(one[:, :, None] * one[:, None, :]).reshape(len(one), -1) for one in bases]
    sums = (squares[0].T @ (weights @ squares[1])).reshape(size, size, size, size)
    moments = rows.T @ ((weights * values) @ columns)
    a, b = np.array(pairs).T
    normal = sums[a[:, None], a, b[:, None], b]
    found = np.linalg.pinv(normal, rcond=1e-12, hermitian=True) @ moments[a, b]
    table = np.zeros((size, size))
    table[a, b] = found
    trend: Floats = rows @ table @ columns.T
    return trend
