"""Factor rotation: loadings turned so that each variable loads on few factors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_ROUNDS = 500


def varimax(loadings: Floats) -> tuple[Floats, Floats]:
    """Loadings rotated to the greatest variance of their squares.

    Parameters
    ----------
    loadings : array (variables, factors)
        Unrotated loadings.

    Returns
    -------
    rotated : array (variables, factors)
        Rotated loadings.
    rotation : array (factors, factors)
        Orthogonal matrix with rotated = loadings · rotation.

    Notes
    -----
    Rows are scaled to length 1 while they are turned (Kaiser's normalisation), so that each variable
    counts alike. Pairs of factors are turned in a plane by the angle that is best for both, until none
    moves by more than 1e-12.

    References
    ----------
    Kaiser, H. F. (1958), The varimax criterion for analytic rotation in factor analysis, Psychometrika 23,
    187-200, doi:10.1007/BF02289233.
    """
    length = np.sqrt((loadings**2).sum(axis=1, keepdims=True))
    turned = loadings / np.where(length > 0.0, length, 1.0)
    factors = loadings.shape[1]
    rotation = np.eye(factors)
    for _round in range(MOST_ROUNDS):
        most = 0.0
        for one, other in zip(*np.triu_indices(factors, 1), strict=True):
            angle = _best_angle(turned[:, one], turned[:, other])
            most = max(most, abs(angle))
            cosine, sine = np.cos(angle), np.sin(angle)
            plane = np.array([[cosine, -sine], [sine, cosine]])
            turned[:, [one, other]] = turned[:, [one, other]] @ plane
            rotation[:, [one, other]] = rotation[:, [one, other]] @ plane
        if most < 1e-12:
            break
    return loadings @ rotation, rotation


def _best_angle(one: Floats, other: Floats) -> float:
    """Angle in radians that turns two columns to the greatest variance of their squares."""
    u, v = one**2 - other**2, 2.0 * one * other
    count = one.size
    across = 2.0 * (float(u @ v) - float(u.sum() * v.sum()) / count)
    along = float(u @ u - v @ v) - float(u.sum() ** 2 - v.sum() ** 2) / count
    return float(np.arctan2(across, along)) / 4.0
