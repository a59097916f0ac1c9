"""Sources of gravity and magnetism: constants, and how the field of any body follows from its tensor.

Axes are easting, northing, upward. A body of density 1 (and G = 1) has the potential U = ∫ dV / r; its
attraction is the gradient of U, and its tensor V the second derivatives of U, in the order of `PAIRS`.
By Poisson's relation the magnetic field of a body of uniform magnetisation M is B = μ₀/4π V·M, so that
gravity gradients and magnetic fields of all bodies are sums of V with weights.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from craton.kernels.constants import GRAVITATIONAL, VACUUM
from craton.kernels.threads import THREADS, do_all

Floats = NDArray[np.float64]

PERMEABILITY = 4e-7 * np.pi
"""μ₀ in T m/A, to nine digits."""

PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
"""Axes of the six parts of a symmetric tensor."""

FEW = 20_000
"""Pairs of station and body below which a second thread costs more than it gives."""


def gradient_weights(density: ArrayLike) -> Floats:
    """Weights (n, 6, 6) that give the tensor of bodies of `density` (n,), in kg/m³, part by part in 1/s²."""
    rho = np.asarray(density, dtype=np.float64)
    weights: Floats = GRAVITATIONAL * rho[:, None, None] * np.eye(6)
    return weights


def magnetic_weights(magnetisation: ArrayLike, direction: ArrayLike | None = None) -> Floats:
    """Weights of the magnetic field of bodies of uniform magnetisation.

    Parameters
    ----------
    magnetisation : array (n, 3)
        In A/m, to the east, to the north, upward.
    direction : array (3,), optional
        Unit vector on which the field is projected.

    Returns
    -------
    array (n, 3, 6) or (n, 1, 6)
        Of the three parts of the field in T, or of its part along `direction`.
    """
    moments = np.asarray(magnetisation, dtype=np.float64)
    weights = np.zeros((len(moments), 3, 6))
    for number, (first, second) in enumerate(PAIRS):
        weights[:, first, number] = VACUUM * moments[:, second]
        weights[:, second, number] = VACUUM * moments[:, first]
    if direction is None:
        return weights
    projected: Floats = np.einsum("c,nck->nk", np.asarray(direction, dtype=np.float64), weights)[:, None]
    return projected


def unit_vector(inclination: ArrayLike, declination: ArrayLike) -> Floats:
    """Direction to the east, north and up of an inclination below the horizon and a declination, degrees."""
    down, east = np.radians(np.asarray(inclination)), np.radians(np.asarray(declination))
    return np.array([np.cos(down) * np.sin(east), np.cos(down) * np.cos(east), -np.sin(down)])


def over_stations(work: Callable[[Floats, Floats], None], stations: Floats, out: Floats, bodies: int) -> None:
    """Call `work(stations, out)` on contiguous parts of both, in two threads where that pays.

    Parameters
    ----------
    work : callable
        A kernel that lets go of the interpreter and adds to its second argument.
    stations : array (3, m)
        Easting, northing and upward of each.
    out : array (q, m)
        Changed in place.
    bodies : int
        What each station is paired with.
    """
    count = stations.shape[1]
    if count * bodies < FEW:
        work(stations, out)
        return
    middle = -(-count // THREADS)
    parts = [slice(start, start + middle) for start in range(0, count, middle)]
    sums = [np.ascontiguousarray(out[:, part]) for part in parts]
    do_all(lambda one: work(stations[:, one[0]].copy(), one[1]), zip(parts, sums, strict=True))
    for part, total in zip(parts, sums, strict=True):
        out[:, part] = total
