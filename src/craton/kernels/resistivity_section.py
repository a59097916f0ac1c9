"""Resistivity sections: geometric factors, depths of investigation and reciprocal errors of four electrodes.

Electrodes A and B give current, M and N take the potential. One at infinity has no finite position.

References
----------
Edwards, L. S. (1977), A modified pseudosection for resistivity and IP, Geophysics 42(5), 1020-1036,
doi:10.1190/1.1440762.

Roy, A. and Apparao, A. (1971), Depth of investigation in direct current methods, Geophysics 36(5), 943-959,
doi:10.1190/1.1440226.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from craton.kernels.resistivity_layers import Floats

DEPTHS = np.geomspace(1e-4, 1e2, 241)
"""Depths between which the median one is sought, over the largest distance of the array."""


def distances(electrodes: ArrayLike) -> Floats:
    """Distances from A to M, B to M, A to N and B to N.

    Parameters
    ----------
    electrodes : array (4, n, d)
        Positions of A, B, M and N in metres; NaN for electrodes at infinity.

    Returns
    -------
    array (n, 4)
        In metres, infinite to and from electrodes at infinity.
    """
    a, b, m, n = np.asarray(electrodes, np.float64)
    lengths = np.stack(
        [np.linalg.norm(one - two, axis=-1) for one, two in ((a, m), (b, m), (a, n), (b, n))], -1
    )
    return np.where(np.isnan(lengths), np.inf, lengths)


def geometric_factor(between: ArrayLike) -> Floats:
    """Geometric factor 2π / (1/AM − 1/BM − 1/AN + 1/BN) on a half-space.

    Parameters
    ----------
    between : array (n, 4)
        Distances as of `distances`.

    Returns
    -------
    array (n,)
        In metres, negative where M and N stand the other way round; NaN where no difference of potential
        can be measured (M and N at equal potential), or electrodes coincide.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.array([1.0, -1.0, -1.0, 1.0]) / np.asarray(between, np.float64)
        uniform = shares.sum(axis=1)
        lost = ~(np.abs(uniform) > 1e-9 * np.abs(shares).max(axis=1))
        factor: Floats = np.where(lost, np.nan, 2.0 * np.pi / uniform)
    factor[~np.isfinite(factor)] = np.nan
    return factor


def median_depth(between: ArrayLike) -> Floats:
    """Depth above which half of the apparent resistivity of uniform ground comes from.

    Parameters
    ----------
    between : array (n, 4)
        Distances as of `distances`.

    Returns
    -------
    array (n,)
        In metres; of arrays whose parts cancel, the least such depth. NaN where the geometric factor is.

    Notes
    -----
    What lies below the depth z gives the part Σ s/√(r² + 4z²) / Σ s/r of it, by images: for two electrodes
    half comes from below r √3/2.
    """
    four = np.asarray(between, np.float64)
    known = np.isfinite(geometric_factor(four))
    result = np.full(len(four), np.nan)
    if not known.any():
        return result
    four = four[known]
    reach = np.where(np.isfinite(four), four, 0.0).max(axis=1)
    shares = _from_below(four, reach[:, None] * DEPTHS)
    row, first = np.arange(len(four)), (shares < 0.5).argmax(axis=1)
    low, high = reach * DEPTHS[np.maximum(first - 1, 0)], reach * DEPTHS[first]
    for _ in range(45):
        middle = 0.5 * (low + high)
        deep = _from_below(four, middle[:, None])[row, 0] >= 0.5
        low, high = np.where(deep, middle, low), np.where(deep, high, middle)
    result[known] = 0.5 * (low + high)
    return result


def _from_below(four: Floats, depth: Floats) -> Floats:
    """Part (n, k) of the apparent resistivity that comes from below depths (n, k)."""
    signs = np.array([1.0, -1.0, -1.0, 1.0])
    uniform = (signs / four).sum(axis=1)
    seen = (signs[:, None] / np.sqrt(four[:, :, None] ** 2 + 4.0 * depth[:, None] ** 2)).sum(axis=1)
    part: Floats = seen / uniform[:, None]
    return part


def reciprocal_error(names: ArrayLike, resistance: ArrayLike) -> Floats:
    """Difference of readings whose current and potential electrodes are exchanged, over their mean.

    Parameters
    ----------
    names : array (n, 4)
        Numbers that name electrodes A, B, M and N; those at infinity too.
    resistance : array (n,)
        Potential difference over current.

    Returns
    -------
    array (n,)
        |R − R′| / |R + R′| · 2, R′ the mean of the exchanged readings; NaN where there is none.
    """
    electrodes = np.asarray(names)
    value = np.asarray(resistance, np.float64)
    current, potential = np.sort(electrodes[:, :2], axis=1), np.sort(electrodes[:, 2:], axis=1)
    turned = (electrodes[:, 0] > electrodes[:, 1]) != (electrodes[:, 2] > electrodes[:, 3])
    upright = np.where(turned, -value, value)
    both = np.concatenate([np.hstack([current, potential]), np.hstack([potential, current])])
    _, number = np.unique(both, axis=0, return_inverse=True)
    own, other = np.split(number.reshape(-1), 2)
    counted = np.isfinite(upright)
    total = np.bincount(own[counted], upright[counted], minlength=number.max() + 1 if number.size else 0)
    count = np.bincount(own[counted], minlength=len(total))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (total / count)[other]
        error: Floats = 2.0 * np.abs(upright - mean) / np.abs(upright + mean)
    return np.where(np.isfinite(error), error, np.nan)
