"""Responses: what a transform of a potential field does to each wave of it.

A response is a factor of the angular wavenumbers to the north and to the east (rad/m). The field is
taken on a horizontal plane with its sources below, so that a wave of wavenumber k = |k| goes up as
exp(-k up). Responses of real fields have the symmetry H(-k) = conj H(k).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[Any]
"""Real array in single or double precision."""

Factors = NDArray[Any]
"""Real or complex array in the precision of the wavenumbers."""

Parity = tuple[bool, bool]
"""Whether a factor turns its sign with the wavenumber to the north, and with that to the east."""

EVEN: Parity = (False, False)


@dataclass(frozen=True)
class Response:
    """Factor of each wave.

    Parameters
    ----------
    of : callable
        Called with wavenumbers to the north (rows, 1) and to the east (columns,), both in rad/m; gives
        factors (rows, columns), real or complex, in their precision, finite for every wave, k = 0 too.
    parity : tuple of bool, optional
        Of a response that is either even or odd in each of the two wavenumbers (then real or purely
        imaginary); none where it is a mixture.
    axis : int, optional
        Of a response with a parity that hangs on one wavenumber alone: 0 for that to the north, 1 for
        that to the east.
    """

    of: Callable[[Reals, Reals], Factors]
    parity: Parity | None = None
    axis: int | None = None

    def __mul__(self, other: Response) -> Response:
        """One response after the other."""
        parity = None
        if self.parity and other.parity:
            parity = self.parity[0] != other.parity[0], self.parity[1] != other.parity[1]
        return Response(lambda north, east: self.of(north, east) * other.of(north, east), parity)

    def rest(self) -> Response:
        """What this response holds back: 1 less it."""
        return Response(
            lambda north, east: 1 - self.of(north, east), self.parity if self.parity == EVEN else None
        )


def radial(factor: Callable[[Reals], Reals]) -> Response:
    """Response that hangs only on the length |k| of the wavenumber (rad/m), which `factor` may overwrite."""
    return Response(lambda north, east: factor(length(north, east)), EVEN)


def length(north: Reals, east: Reals) -> Reals:
    """Length |k| of the wavenumber."""
    squares = north**2 + east**2
    lengths: Reals = np.sqrt(squares, out=squares)
    return lengths


def upward(height: float) -> Response:
    """Continuation upward by `height` metres, exp(-k h); below 0 it is downward and knows no bounds."""
    return radial(lambda k: np.exp(np.multiply(k, -float(height), out=k), out=k))


def derivative(easting: int = 0, northing: int = 0, upward: int = 0) -> Response:
    """Derivative of the given orders: (i k_east)ᵃ (i k_north)ᵇ (-k)ᶜ, in 1/m to the sum of the orders.

    The mean has derivative 0; all orders 0 leave the field as it is.
    """
    phase = 1j ** ((easting + northing) % 4)
    sign = float((phase.real or phase.imag) * (-1) ** upward)

    def factors(north: Reals, east: Reals) -> Factors:
        powers: Reals = sign * _power(east, easting)
        if northing:
            powers = powers * _power(north, northing)
        if upward:
            powers = powers * _power(length(north, east), upward)
        elif not northing:
            powers = np.broadcast_to(powers, np.broadcast_shapes(north.shape, east.shape))
        return _turned(powers) if (easting + northing) % 2 else powers

    axis = None if upward or (easting and northing) else 1 if easting else 0 if northing else None
    return Response(factors, (northing % 2 == 1, easting % 2 == 1), axis)


def _power(values: Reals, order: int) -> Reals:
    """`values` to a whole power; by multiplication, which is far faster than a power of any order."""
    powers = np.ones_like(values)
    for _ in range(order):
        powers *= values
    return powers


def _turned(parts: Reals) -> Factors:
    """Imaginary numbers of the given parts."""
    turned = np.zeros(parts.shape, dtype=np.result_type(parts.dtype, np.complex64))
    turned.imag = parts
    return turned


def along(azimuth: float) -> Response:
    """First horizontal derivative towards `azimuth`, in degrees clockwise from northing."""
    east, north = float(np.sin(np.radians(azimuth))), float(np.cos(np.radians(azimuth)))
    return Response(lambda k_north, k_east: _turned(east * k_east + north * k_north))


def downward_tikhonov(height: float, shortest: float) -> Response:
    """Regularised continuation downward by `height` metres.

    Parameters
    ----------
    height : float
        In metres, above 0.
    shortest : float
        Wavelength in metres, above 0, of which half is left of what the unbounded continuation gives.

    Notes
    -----
    H = 1 / (exp(-k h) + α k² exp(k h)), which minimises the misfit upward plus α |∇f|². With
    k_c = 2π / shortest, α = exp(-2 k_c h) / k_c².

    References
    ----------
    Pašteka, R., Karcol, R., Kušnirák, D. and Mojzeš, A. (2012), REGCONT: a Matlab based program for
    stable downward continuation of geophysical potential fields using Tikhonov regularization,
    Computers & Geosciences 49, 278-289.
    """
    cut = 2 * float(np.pi) / float(shortest)

    def factor(k: Reals) -> Reals:
        # Where k h is beyond this, the factor is zero in either precision, and exp must not overflow.
        rise = np.exp(np.minimum(k * float(height), 40.0))
        weight = (
            (k / cut) ** 2 * np.exp(-2 * cut * float(height)) if cut * height < 40.0 else np.zeros_like(k)
        )
        return np.asarray(1 / (1 / rise + weight * rise), dtype=k.dtype)

    return radial(factor)


def downward_iterative(height: float, iterations: int) -> Response:
    """Continuation downward by `height` metres in `iterations` corrections of the field itself.

    Notes
    -----
    Starting from f = g, each correction adds what the field continued back upward lacks,
    f ← f + (g - U f) with U = exp(-k h). After n of them H = (1 - (1 - U)ⁿ⁺¹) / U, which stays
    below n + 1 for every wave.

    References
    ----------
    Xu, S., Yang, J., Yang, C., Xiao, P., Chen, S. and Guo, Z. (2007), The iteration method for downward
    continuation of a potential field from a horizontal plane, Geophysical Prospecting 55, 883-889.
    """

    def factor(k: Reals) -> Reals:
        up = np.exp(np.maximum(-k * float(height), -80.0))
        with np.errstate(divide="ignore"):
            left = np.expm1((iterations + 1) * np.log1p(-up))
        return np.asarray(-left / up, dtype=k.dtype)

    return radial(factor)
