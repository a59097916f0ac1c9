"""Compositions: parts of a whole, of which only the ratios say anything, brought to real coordinates.

Rows are samples, columns the parts, all above 0 and in one unit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def closed(parts: Floats, total: float = 1.0) -> Floats:
    """Parts (n, k) scaled so that each row adds up to `total`."""
    shares: Floats = parts * (total / parts.sum(axis=1, keepdims=True))
    return shares


def centred(parts: Floats) -> Floats:
    """Centred log-ratios (n, k): the logarithm of each part over the geometric mean of its row.

    Notes
    -----
    clrᵢ = ln(xᵢ) − (1/k) Σ ln(xⱼ). They add up to 0 in each row, so their covariance is singular.

    References
    ----------
    Aitchison, J. (1986), The Statistical Analysis of Compositional Data, Chapman and Hall, chapter 4.
    """
    logs = np.log(parts)
    ratios: Floats = logs - logs.mean(axis=1, keepdims=True)
    return ratios


def additive(parts: Floats, divisor: int) -> Floats:
    """Additive log-ratios (n, k − 1): the logarithm of each other part over part number `divisor`.

    References
    ----------
    Aitchison (1986), as for `centred`.
    """
    logs = np.log(parts)
    ratios: Floats = np.delete(logs - logs[:, [divisor]], divisor, axis=1)
    return ratios


def balances(signs: NDArray[np.int_]) -> Floats:
    """Basis (k, k − 1) of isometric log-ratios from a sequential binary partition.

    Parameters
    ----------
    signs : array (k − 1, k) of int
        For each step 1 for parts above, −1 for parts below, 0 for parts not in it.

    Returns
    -------
    array (k, k − 1)
        Orthonormal columns that add up to 0; coordinates are clr · basis.

    Notes
    -----
    With r parts above and s below, the step is √(rs/(r+s)) · ln(g₊/g₋) of the geometric means of both.

    References
    ----------
    Egozcue, J. J., Pawlowsky-Glahn, V., Mateu-Figueras, G. and Barceló-Vidal, C. (2003), Isometric
    logratio transformations for compositional data analysis, Mathematical Geology 35(3), 279-300,
    doi:10.1023/A:1023818214614.

    Egozcue, J. J. and Pawlowsky-Glahn, V. (2005), Groups of parts and their balances in compositional data
    analysis, Mathematical Geology 37(7), 795-828, doi:10.1007/s11004-005-7381-9.
    """
    above, below = (signs > 0).sum(axis=1), (signs < 0).sum(axis=1)
    up = np.sqrt(below / (above * (above + below)))
    down = np.sqrt(above / (below * (above + below)))
    basis: Floats = np.where(signs > 0, up[:, None], np.where(signs < 0, -down[:, None], 0.0)).T
    return basis


def pivot_signs(parts: int) -> NDArray[np.int_]:
    """Signs (k − 1, k) of the partition that parts each part from all that follow it."""
    rows, columns = np.indices((parts - 1, parts))
    return np.where(columns == rows, 1, np.where(columns > rows, -1, 0))


def is_partition(signs: NDArray[np.int_]) -> bool:
    """Whether steps (k − 1, k) divide all parts one by one: each step halves one group of those before."""
    groups = {frozenset(range(signs.shape[1]))}
    for step in signs:
        group = frozenset(np.flatnonzero(step).tolist())
        if group not in groups or not (step > 0).any() or not (step < 0).any():
            return False
        groups.discard(group)
        groups |= {frozenset(np.flatnonzero(step == sign).tolist()) for sign in (1, -1)}
    return all(len(group) == 1 for group in groups)


def isometric(parts: Floats, basis: Floats) -> Floats:
    """Isometric log-ratios (n, k − 1) in an orthonormal `basis` (k, k − 1) from `balances`."""
    coordinates: Floats = centred(parts) @ basis
    return coordinates


def from_isometric(coordinates: Floats, basis: Floats) -> Floats:
    """Parts (n, k) that add up to 1, from their isometric log-ratios."""
    return closed(np.exp(coordinates @ basis.T))
