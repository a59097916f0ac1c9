"""Demagnetisation: how a strongly magnetic body weakens the field within itself.

The magnetisation of a body makes a field −N M within it, N the demagnetisation tensor, of trace 1. Then

    M = χ (H − N M) + M_r,     M = (I + χ N)⁻¹ (χ H + M_r).

In a body with the tensor V for density 1 and G = 1 (see `sources`) N = −V/(4π). It is the same at all places
of an ellipsoid, for which this is exact: 1/3 on all axes of a sphere, 1/2 across and 0 along a long cylinder,
1 across and 0 along a thin sheet. In others it changes from place to place, and that of the middle stands for
it.

References
----------
Blakely, R. J. (1995), Potential theory in gravity and magnetic applications, Cambridge University Press,
section 5.3.

Clark, D. A. and Emerson, D. W. (1999), Self-demagnetisation, Preview 79, 22-25.

Joseph, R. I. and Schlömann, E. (1965), Demagnetizing field in nonellipsoidal bodies, Journal of Applied
Physics 36(5), 1579-1593, doi:10.1063/1.1703091.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from craton.kernels.sources import PAIRS, Floats


def tensor_of(inside: ArrayLike) -> Floats:
    """Demagnetisation tensors (n, 3, 3) from tensors (n, 6) within bodies of density 1, for G = 1."""
    parts = np.asarray(inside, dtype=np.float64)
    tensor = np.empty((len(parts), 3, 3))
    for number, (one, other) in enumerate(PAIRS):
        tensor[:, one, other] = tensor[:, other, one] = parts[:, number] / (-4.0 * np.pi)
    return tensor


def of_long_cylinder(way: ArrayLike) -> Floats:
    """Demagnetisation tensor (3, 3) of a cylinder much longer than wide, along the unit vector `way` (3,)."""
    along = np.asarray(way, dtype=np.float64)
    tensor: Floats = 0.5 * (np.eye(3) - np.outer(along, along))
    return tensor


def demagnetised(magnetisation: ArrayLike, susceptibility: ArrayLike, tensor: ArrayLike) -> Floats:
    """Magnetisation of bodies that weaken the field within themselves.

    Parameters
    ----------
    magnetisation : array (n, 3)
        χ H + M_r, without that, in A/m.
    susceptibility : array (n,)
        In SI, above −1.
    tensor : array (n, 3, 3)
        Demagnetisation tensors.

    Returns
    -------
    array (n, 3)
        In A/m.
    """
    left = np.eye(3) + np.asarray(susceptibility)[:, None, None] * np.asarray(tensor)
    found: Floats = np.linalg.solve(left, np.asarray(magnetisation)[:, :, None])[:, :, 0]
    return found
