"""Werner deconvolution: thin sheets below a profile, from the field in moving windows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

BATCH = 4096
"""Windows solved at once."""


class Sheets(NamedTuple):
    """Solution of each window (n,), in metres; NaN where there is none."""

    distance: Floats
    """Place of the top along the profile."""
    depth: Floats
    """Of the top below the profile."""
    distance_std: Floats
    depth_std: Floats
    middle: Floats
    """Middle of the window along the profile."""
    half: Floats
    """Half the length of the window."""


def thin_sheets(distance: ArrayLike, values: ArrayLike, window: int, *, degree: int = 1) -> Sheets:
    """Top of one thin sheet in each window of a profile.

    Parameters
    ----------
    distance : array (n,)
        Along the profile in metres, ascending; steps may differ.
    values : array (n,)
        Magnetic field along it, of the body's whole strength across the profile; for the edges of thick
        bodies its derivative along the profile. All finite.
    window : int
        Points in a window, more than 5 + `degree`, at most n.
    degree : int
        Of the polynomial that the field of everything else is in the window: 0 or 1.

    Returns
    -------
    Sheets
        One for each window. NaN where no depth solves the equation.

    Notes
    -----
    A thin sheet that goes on downward, of any dip, has the field F = (A (x − x₀) + B z) / ((x − x₀)² + z²),
    so that with a base c₀ + c₁ x

        x² F = a₀ + a₁ x + b₀ F + b₁ x F + c x² + c₁ x³,   x₀ = b₁/2,   z² = −b₀ − x₀².

    The six numbers are found by least squares, x in halves of the window about its middle. Standard
    deviations are those of least squares with what is left over as independent noise.

    References
    ----------
    Werner, S. (1953), Interpretation of magnetic anomalies at sheet-like bodies, Sveriges Geologiska
    Undersökning, Series C 508.

    Hartman, R. R., Teskey, D. J. and Friedberg, J. L. (1971), A system for rapid digital aeromagnetic
    interpretation, Geophysics 36(5), 891-918, doi:10.1190/1.1440223.
    """
    along, field = (np.asarray(one, dtype=np.float64) for one in (distance, values))
    places, windows = sliding_window_view(along, window), sliding_window_view(field, window)
    middle = 0.5 * (places[:, 0] + places[:, -1])
    half = 0.5 * (places[:, -1] - places[:, 0])
    parts = [
        _solved((places[rows] - middle[rows, None]) / half[rows, None], windows[rows], degree)
        for rows in (slice(start, start + BATCH) for start in range(0, len(places), BATCH))
    ]
    place, depth, place_std, depth_std = np.concatenate(parts, axis=1) * half
    return Sheets(place + middle, depth, place_std, depth_std, middle, half)


def _solved(x: Floats, field: Floats, degree: int) -> Floats:
    """Place, depth and their standard deviations (4, windows) in halves of the window."""
    spread = field.std(axis=1, keepdims=True)
    flat = spread <= 1e-12 * np.abs(field).max(axis=1, keepdims=True)
    f = (field - field.mean(axis=1, keepdims=True)) / np.where(flat, 1.0, spread)
    columns = [f, x * f, np.ones_like(x), x, *(x ** (2 + power) for power in range(degree + 1))]
    # Columns of what is wanted come last, so that their part of the triangle stands alone.
    design = np.stack(columns[::-1], axis=-1)
    q, r = np.linalg.qr(design)
    right = np.einsum("nwk,nw->nk", q, x**2 * f)
    broken = flat[:, 0] | (np.abs(np.diagonal(r, axis1=1, axis2=2)).min(axis=1) < 1e-10)
    r[broken] = np.eye(design.shape[-1])
    solution = np.linalg.solve(r, right[..., None])[..., 0]
    left = x**2 * f - np.einsum("nwk,nk->nw", design, solution)
    variance = (left**2).sum(axis=1) / (x.shape[1] - design.shape[-1])
    inverse = np.linalg.inv(r[:, -2:, -2:])
    covariance = variance[:, None, None] * (inverse @ inverse.transpose(0, 2, 1))
    b1, b0 = solution[:, -2], solution[:, -1]
    with np.errstate(invalid="ignore"):
        depth = np.sqrt(-b0 - b1**2 / 4)
        across = covariance[:, 1, 1] + b1 * covariance[:, 0, 1] + b1**2 / 4 * covariance[:, 0, 0]
        depth_std = np.sqrt(np.maximum(across, 0.0)) / (2 * depth)
    found = np.stack([b1 / 2, depth, np.sqrt(covariance[:, 0, 0]) / 2, depth_std])
    found[:, broken | ~(depth > 0)] = np.nan
    return found
