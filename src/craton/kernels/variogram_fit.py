"""Models fitted to variograms by weighted least squares.

With γ̂ₖ the variogram of lag k, from Nₖ pairs hₖ apart, and γ the model, the sum over the lags of

| weights | term |
|---|---|
| cressie | Nₖ (γ̂ₖ / γ(hₖ) − 1)² |
| pairs | Nₖ (γ̂ₖ − γ(hₖ))² |
| pairs_by_distance | Nₖ / hₖ² (γ̂ₖ − γ(hₖ))² |
| equal | (γ̂ₖ − γ(hₖ))² |

is made least.

References
----------
Cressie, N. (1985), Fitting variogram models by weighted least squares, Mathematical Geology 17(5),
563–586, doi:10.1007/BF01032109.

Goulard, M. and Voltz, M. (1992), Linear coregionalization model: tools for estimation and choice of
cross-variogram matrix, Mathematical Geology 24(3), 269–286, doi:10.1007/BF00893750.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import least_squares, nnls

from craton.kernels.covariance import POWER, Floats, Model, reduction, variogram

STARTS = (0.1, 0.2, 0.35, 0.6, 1.0)
"""Ranges, in largest lags, from which a fit begins."""

BEST_STARTS = 2
"""Starts that are followed to their end."""

SHORTEST, LONGEST = 0.02, 20.0
"""Limits of fitted ranges, in smallest and in largest lags."""

FIXED = np.array([-1e-9, 1e-9])
"""Limits about an unknown that is set, so narrow that it does not move."""

FLATTEST = 0.02
"""Least ratio of fitted ranges of two directions."""


class Lags(NamedTuple):
    """A variogram: lag vectors (n, 3) in metres, semivariances (n,) and pairs (n,)."""

    vectors: Floats
    values: Floats
    pairs: Floats


class Shape(NamedTuple):
    """What is fitted: structures, their smoothness, whether ranges differ by direction, and a nugget.

    A given `azimuth` in degrees is that of one of the horizontal axes; else it is fitted. Two azimuths
    cannot tell it along with both ranges. Where ranges do not differ vertically, the vertical one is the
    longer horizontal one.
    """

    kinds: tuple[int, ...]
    shapes: tuple[float, ...]
    horizontal: bool = False
    vertical: bool = False
    nugget: bool = True
    azimuth: float | None = None


class Fit(NamedTuple):
    """A fitted model: nugget, sills (s,), ranges (s, 3) along, across and third, azimuth, and the misfit."""

    nugget: float
    sills: Floats
    ranges: Floats
    azimuth: float
    misfit: float


def weigh(weights: str, lags: Lags, model: Floats) -> Floats:
    """Residuals (n,) whose squares add up to the misfit."""
    rest = lags.values - model
    if weights == "cressie":
        return np.sqrt(lags.pairs) * rest / np.maximum(model, 1e-9 * lags.values.max())
    if weights == "pairs":
        return np.sqrt(lags.pairs) * rest
    if weights == "pairs_by_distance":
        return np.sqrt(lags.pairs) / np.linalg.norm(lags.vectors, axis=1) * rest
    return rest


def fit(lags: Lags, shape: Shape, weights: str) -> Fit:
    """The nugget and structures of `shape` that fit best.

    Parameters
    ----------
    lags : Lags
        At least one lag with a semivariance above 0.
    """
    distances = np.linalg.norm(lags.vectors, axis=1)
    low, high = SHORTEST * distances.min(), LONGEST * distances.max()
    scale = float(lags.values.max())

    def residuals(unknown: Floats) -> Floats:
        return weigh(weights, lags, _variogram(_read(unknown, shape, scale), shape, lags.vectors))

    bounds = _bounds(shape, low, high)
    for number in np.flatnonzero(np.array(shape.kinds) == POWER):
        # Sill and range of a power structure say one thing twice; the range is set.
        for bound, hair in zip(bounds, FIXED, strict=True):
            bound[1 + len(shape.kinds) + number] = np.log(distances.max()) + hair
    begun = [_start(lags, shape, weights, part * distances.max(), scale, bounds) for part in STARTS]
    begun.sort(key=lambda one: float(np.sum(residuals(one) ** 2)))
    found = [
        least_squares(residuals, one, bounds=bounds, x_scale="jac", xtol=1e-12, ftol=1e-12, gtol=1e-12)
        for one in begun[:BEST_STARTS]
    ]
    best = min(found, key=lambda one: float(one.cost))
    return _read(best.x, shape, scale)._replace(misfit=2 * float(best.cost))


def _bounds(shape: Shape, low: float, high: float) -> tuple[Floats, Floats]:
    count = len(shape.kinds)
    least, most = [0.0] * (1 + count) + [np.log(low)] * count, [np.inf] * (1 + count) + [np.log(high)] * count
    if shape.horizontal:
        turn = (-np.inf, np.inf) if shape.azimuth is None else shape.azimuth / 90.0 + FIXED
        least, most = [*least, turn[0], np.log(FLATTEST)], [*most, turn[1], -np.log(FLATTEST)]
    if shape.vertical:
        least, most = [*least, 2 * np.log(FLATTEST)], [*most, -np.log(FLATTEST)]
    if not shape.nugget:
        most[0] = 1e-12
    return np.array(least), np.array(most)


def _start(
    lags: Lags, shape: Shape, weights: str, longest: float, scale: float, bounds: tuple[Floats, Floats]
) -> Floats:
    """Unknowns with a given longest range, and the nugget and sills that then fit best."""
    count = len(shape.kinds)
    ranges = longest / 3.0 ** np.arange(count)[::-1]
    more = [(shape.azimuth or 0.0) / 90.0, -0.1] * shape.horizontal + [-0.1] * shape.vertical
    columns = [np.ones(lags.values.size)]
    for number in range(count):
        sills = np.zeros(count)
        sills[number] = 1.0
        unknown = np.concatenate([[0.0], sills, np.log(ranges), more])
        columns.append(_variogram(_read(unknown, shape, 1.0), shape, lags.vectors))
    spread = np.abs(weigh(weights if weights != "cressie" else "pairs", lags, lags.values - 1.0))
    if weights == "cressie":
        spread /= np.maximum(lags.values, 1e-3 * scale)
    parts = nnls(np.column_stack(columns) * spread[:, None], lags.values * spread)[0] / scale
    # Away from the bounds, where no gradient could lead off again.
    unknown = np.concatenate([np.maximum(parts, 0.01), np.log(ranges), more])
    begun: Floats = np.clip(unknown, bounds[0] + 1e-13, bounds[1] - 1e-13)
    return begun


def _read(unknown: Floats, shape: Shape, scale: float) -> Fit:
    """Parameters of a model from the vector of unknowns; the longer horizontal range comes first."""
    count = len(shape.kinds)
    ranges = np.repeat(np.exp(unknown[1 + count : 1 + 2 * count])[:, None], 3, axis=1)
    more, azimuth = list(unknown[1 + 2 * count :]), 0.0
    if shape.vertical:
        ranges[:, 2] *= np.exp(more[-1])
    if shape.horizontal:
        azimuth, across = 90.0 * more[0], float(np.exp(more[1]))
        ranges[:, 1] *= across
        if across > 1.0:
            azimuth, ranges[:, :2] = azimuth + 90.0, ranges[:, 1::-1]
    if not shape.vertical:
        ranges[:, 2] = ranges[:, 0]
    nugget = float(unknown[0]) * scale if shape.nugget else 0.0
    return Fit(nugget, unknown[1 : 1 + count] * scale, ranges, azimuth % 180.0, 0.0)


def model_of(found: Fit, shape: Shape) -> Model:
    """Covariance of the first variable of a fit."""
    matrices = [
        reduction(kind, extra, (float(one[0]), float(one[1]), float(one[2])), found.azimuth)
        for kind, extra, one in zip(shape.kinds, shape.shapes, found.ranges, strict=True)
    ]
    count = len(shape.kinds)
    return Model(
        np.array(shape.kinds, dtype=np.int64), np.array(shape.shapes, dtype=np.float64), np.ones(count),
        np.array(matrices).reshape(count, 3, 3), found.sills.reshape(count, 1, 1).astype(np.float64),
        np.array([[found.nugget]]),
    )  # fmt: skip


def _variogram(found: Fit, shape: Shape, vectors: Floats) -> Floats:
    return variogram(model_of(found, shape), vectors)


def coregionalisation(structures: Floats, crossed: Floats, pairs: Floats, rounds: int = 500) -> Floats:
    """Sill matrices of several variables that share structures.

    Parameters
    ----------
    structures : array (s, n)
        Variogram of each structure (the nugget is one) for a sill of 1, at n lags.
    crossed : array (n, v, v)
        Variograms and cross-variograms.
    pairs : array (n,)
        Pairs of each lag, its weight.

    Returns
    -------
    array (s, v, v)
        Symmetric and positive semidefinite, with the least sum of weighted squares over all variograms,
        each divided by the spread of its variables.

    Notes
    -----
    Each matrix in turn is fitted to what the others leave, and its negative eigenvalues are set to zero.
    """
    spread = np.sqrt(np.maximum(np.einsum("nii->ni", crossed).max(axis=0), 1e-300))
    scaled = crossed / np.outer(spread, spread)
    weights = pairs / pairs.sum()
    sills = np.zeros((len(structures), *crossed.shape[1:]))
    for _ in range(rounds):
        before = sills.copy()
        for number, one in enumerate(structures):
            rest = scaled - np.tensordot(structures.T, sills, 1) + one[:, None, None] * sills[number]
            norm = float(weights @ one**2)
            free = np.tensordot(weights * one, rest, 1) / norm if norm > 0 else np.zeros_like(sills[0])
            values, vectors = np.linalg.eigh((free + free.T) / 2)
            sills[number] = (vectors * np.maximum(values, 0.0)) @ vectors.T
        if np.abs(sills - before).max() < 1e-10:
            break
    return sills * np.outer(spread, spread)


def lag_vectors(distances: Floats, azimuths: Floats, dips: Floats) -> Floats:
    """Lag vectors (n, 3) of distances along directions in degrees; NaN stands for any direction."""
    turn, fall = np.radians(np.nan_to_num(azimuths)), np.radians(np.nan_to_num(dips))
    units = np.column_stack([np.sin(turn) * np.cos(fall), np.cos(turn) * np.cos(fall), -np.sin(fall)])
    return units * distances[:, None]


def distinct_azimuths(azimuths: Floats) -> Floats:
    """Sorted azimuths in degrees, below 180, of which no two are one direction; NaN left out."""
    found: Floats = np.unique(np.round(azimuths[np.isfinite(azimuths)] % 180.0, 6) % 180.0)
    return found


def directions_differ(angles: Floats) -> bool:
    """Whether angles in degrees (NaN left out) name more than one direction."""
    return np.unique(np.round(angles[np.isfinite(angles)] % 180.0, 6)).size > 1
