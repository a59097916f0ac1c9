"""Anamorphosis: between values and standard normal scores, and from points to blocks.

Hermite polynomials are normalised: H₀ = 1, H₁ = −y, H_{n+1} = −(y Hₙ + √n H_{n−1}) / √(n+1), so that
E[Hₙ(Y) Hₘ(Y)] is 1 for n = m and 0 else.

References
----------
Chilès, J.-P. and Delfiner, P. (2012), Geostatistics: modeling spatial uncertainty, 2nd ed., Wiley,
sections 6.2 and 6.8 (discrete Gaussian model).

Deutsch, C. V. and Journel, A. G. (1998), GSLIB: geostatistical software library and user's guide, 2nd
ed., Oxford University Press, section VI.2.3 (normal scores).
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri

from craton.kernels.covariance import Floats

TERMS = 100
"""Hermite polynomials of a point distribution."""


def normal_scores(values: Floats) -> Floats:
    """Standard normal scores (n,) of values (n,); equal values get the score of their mean rank."""
    from scipy.stats import rankdata  # a large import, which who only lists processes need not wait for

    scores: Floats = ndtri((rankdata(values) - 0.5) / values.size)
    return scores


def from_scores(
    scores: Floats, values: Floats, minimum: float | None = None, maximum: float | None = None
) -> Floats:
    """Values of `scores` in the distribution of the sample `values` (n,), linear between its scores.

    A value that the sample has several times comes from all scores between those of its first and its last
    rank, so that it keeps its share.

    Parameters
    ----------
    minimum, maximum : float, optional
        Values at scores of −5 and 5, to which the tails go linearly; left out, the least and greatest of
        the sample, so that the tails are level.
    """
    table = np.sort(values)
    edge = np.diff(table) > 0
    # The first and the last of each run of equal values.
    ends = np.flatnonzero(np.append(True, edge) | np.append(edge, True))
    table, at = table[ends], ndtri((ends + 0.5) / values.size)
    low, high = (table[0] if minimum is None else minimum), (table[-1] if maximum is None else maximum)
    at = np.concatenate([[min(-5.0, at[0] - 1.0)], at, [max(5.0, at[-1] + 1.0)]])
    found: Floats = np.interp(scores, at, np.concatenate([[low], table, [high]]))
    return found


def hermite(scores: Floats, terms: int) -> Floats:
    """Normalised Hermite polynomials (terms, n) at `scores` (n,)."""
    found = np.empty((terms, scores.size))
    found[0] = 1.0
    if terms > 1:
        found[1] = -scores
    for n in range(1, terms - 1):
        found[n + 1] = -(scores * found[n] + np.sqrt(n) * found[n - 1]) / np.sqrt(n + 1)
    return found


def hermite_coefficients(values: Floats, terms: int = TERMS) -> Floats:
    """Coefficients φ (terms,) of the anamorphosis of a sample (n,): z = Σ φₙ Hₙ(y).

    φ₀ is the mean; φₙ = Σⱼ (zⱼ − zⱼ₊₁) H_{n−1}(yⱼ) g(yⱼ) / √n over the sorted sample, with yⱼ the score of
    j / N and g the normal density.
    """
    ordered = np.sort(values)
    scores = ndtri(np.arange(1, values.size) / values.size)
    density = np.exp(-(scores**2) / 2) / np.sqrt(2 * np.pi)
    found = np.empty(terms)
    found[0] = ordered.mean()
    steps = (ordered[:-1] - ordered[1:]) * density
    found[1:] = hermite(scores, terms - 1) @ steps / np.sqrt(np.arange(1, terms))
    return found


def support_coefficient(coefficients: Floats, ratio: float) -> float:
    """r, 0 to 1, for which Σ φₙ² r²ⁿ is `ratio` times the variance Σ φₙ² of points."""
    powers = coefficients[1:] ** 2
    orders = 2 * np.arange(1, coefficients.size)
    if ratio >= 1.0:
        return 1.0
    return float(brentq(lambda r: powers @ r**orders - ratio * powers.sum(), 0.0, 1.0, xtol=1e-14))


def block_values(coefficients: Floats, support: float, probabilities: Floats) -> Floats:
    """Quantiles (m,) of block values in the discrete Gaussian model: Σ φₙ rⁿ Hₙ(y)."""
    scaled = coefficients * support ** np.arange(coefficients.size)
    values: Floats = scaled @ hermite(ndtri(probabilities), coefficients.size)
    return np.maximum.accumulate(values)
