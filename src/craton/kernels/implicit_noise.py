"""A field as smooth as the noise of its contacts allows.

How far contacts may be off is known in metres; the nugget that stands for it is not. The least bent field
whose contacts are off by σ in the root of the mean square (Morozov's discrepancy principle) is found by
its nugget λ: the misfit grows steadily with λ, from 0 to that of the least bent field of all.

References
----------
Wahba, G. (1990), Spline models for observational data, SIAM, section 4.8.

Morozov, V. A. (1984), Methods for solving incorrectly posed problems, Springer, chapter 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from craton.kernels.implicit_field import Constraints, Drift, Field, fit

Floats = NDArray[np.float64]

NUGGETS = (-12.0, 2.0)
"""Decimal logarithms of the least and the largest nugget that are tried."""

CLOSE = 0.02
"""How near, in its decimal logarithm, the nugget is found; the misfit is then within 3 percent."""


def fit_within(
    constraints: Constraints, deviation: float, *, drift: Drift | None = None, gradient_nugget: float = 0.0
) -> Field:
    """Fit the least bent field that passes contacts by `deviation`; takes some ten times as long as `fit`.

    Parameters
    ----------
    constraints : Constraints
        As for `fit`.
    deviation : float
        Standard deviation of contacts across the layers, in metres where gradients are of length 1; 0 fits
        them exactly.
    drift, gradient_nugget
        As for `fit`.

    Returns
    -------
    Field
        With the root mean square of its misfits equal to the deviation; where no field is so far off, the
        least bent one of all.
    """
    if not 0.0 <= deviation < np.inf:
        raise ValueError("the standard deviation of contacts must be 0 or more")

    def fitted(logarithm: float) -> Field:
        return fit(constraints, drift=drift, nugget=10.0**logarithm, gradient_nugget=gradient_nugget)

    def excess(logarithm: float) -> float:
        return rms_misfit(fitted(logarithm), constraints) - deviation

    if deviation == 0.0 or not len(constraints.points):
        return fit(constraints, drift=drift, gradient_nugget=gradient_nugget)
    if excess(NUGGETS[1]) <= 0.0:
        return fitted(NUGGETS[1])
    if excess(NUGGETS[0]) >= 0.0:
        return fitted(NUGGETS[0])
    return fitted(brentq(excess, *NUGGETS, xtol=CLOSE))


def rms_misfit(field: Field, constraints: Constraints) -> float:
    """Root mean square of the differences between the field at contacts and their levels."""
    left = field.at(np.asarray(constraints.points)) - field.levels[constraints.surface]
    return float(np.sqrt(np.mean(left**2)))
