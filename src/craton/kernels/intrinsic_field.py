"""Random field of covariance r³, known but for planes: what a surface through few data may do between them.

The smoothest field through data (`implicit_field`) is the mean of a Gaussian random field whose generalized
covariance is σ² |h|³ (intrinsic of order 1: only what is blind to planes has a variance). Here such a field
is drawn as a sum of plane waves. The spectral density of |h|³ in space is 12 / (π² |ω|⁶); with |ω| drawn
evenly in its logarithm over a range of ratio e^L, directions even over the sphere and phases even,

    X(x) = Σ √(2 w_m / M) cos(ω_m · x + φ_m),   w = σ² (48 / π) L |ω|⁻³.

Waves much longer than the data look like planes, which count for nothing, and shorter ones have little
power, so that the range may be cut at both ends.

References
----------
Matheron, G. (1973), The intrinsic random functions and their applications, Advances in Applied Probability
5(3), 439-468. doi:10.2307/1425829

Emery, X. and Lantuéjoul, C. (2006), TBSIM: a computer program for conditional simulation of three-dimensional
Gaussian random fields via the turning bands method, Computers & Geosciences 32(10), 1615-1628.
doi:10.1016/j.cageo.2006.03.001
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from craton.kernels.implicit_checks import Frame
from craton.kernels.threads import do_all

Floats = NDArray[np.float64]

WAVES = 240
"""Waves of a field."""

LONGEST, SHORTEST = 0.3, 100.0
"""Least and greatest |ω|, in radians by length of the frame."""

BLOCK = 4096
"""Places that one thread evaluates at a time."""


class IntrinsicField(NamedTuple):
    """A field that was drawn.

    Parameters
    ----------
    frame : Frame
        Middle and length that scale places and values.
    waves : array (3, m)
        Cycles by length of the frame, along easting, northing and upward.
    phases, amplitudes : array (m,)
        Cycles at the middle of the frame, and amplitudes in lengths of the frame.
    """

    frame: Frame
    waves: Floats
    phases: Floats
    amplitudes: Floats

    def at(self, places: Floats) -> Floats:
        """Values (k,) at places (k, 3) in metres."""
        scaled = np.ascontiguousarray(self.frame.scaled(places))
        found = np.empty(len(scaled))

        def part(first: int) -> None:
            own = slice(first, first + BLOCK)
            _waves(scaled[own], self.waves, self.phases, self.amplitudes, found[own])

        if len(scaled) <= BLOCK:
            part(0)
        else:
            do_all(part, range(0, len(scaled), BLOCK))
        found *= self.frame.length
        return found

    def gradient(self, places: Floats) -> Floats:
        """Gradients (k, 3) at places (k, 3), in units of the field per metre."""
        scaled = np.ascontiguousarray(self.frame.scaled(places))
        found = np.empty((len(scaled), 3))
        _wave_slopes(scaled, self.waves, self.phases, self.amplitudes, found)
        return found


def intrinsic_field(frame: Frame, variance: float, random: np.random.Generator) -> IntrinsicField:
    """Draw a field of generalized covariance `variance` |h|³, lengths and values in lengths of the frame."""
    span = np.log(SHORTEST / LONGEST)
    # One wave in each of as many equal parts of the range, so that no draw lacks long ones.
    even = (np.arange(WAVES) + random.random(WAVES)) / WAVES
    speeds = LONGEST * np.exp(span * even)
    ways = random.standard_normal((3, WAVES))
    ways /= np.linalg.norm(ways, axis=0)
    power = variance * 48.0 / np.pi * span * speeds**-3
    return IntrinsicField(
        frame,
        np.ascontiguousarray(ways * speeds / (2.0 * np.pi)),
        random.random(WAVES),
        np.sqrt(2.0 * power / WAVES),
    )


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz", "arcp"})
def _cosine(turns: float) -> float:
    """Cosine of 2π turns: the Taylor series of the sine to the eleventh power within a quarter turn.

    It is right to 6e-8.
    """
    angle = 2.0 * np.pi * (0.25 - abs(turns - np.rint(turns)))
    square = angle * angle
    series = 1.0 - square / 110.0
    series = 1.0 - square / 72.0 * series
    series = 1.0 - square / 42.0 * series
    series = 1.0 - square / 20.0 * series
    found: float = angle * (1.0 - square / 6.0 * series)
    return found


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz", "arcp"})
def _waves(places: Floats, waves: Floats, phases: Floats, amplitudes: Floats, found: Floats) -> None:
    """Write Σ amplitude · cos(2π (wave · x + phase)) at places (k, 3) into `found` (k,)."""
    for number in range(places.shape[0]):
        east, north, up = places[number]
        total = 0.0
        for wave in range(phases.size):
            turn = waves[0, wave] * east + waves[1, wave] * north + waves[2, wave] * up + phases[wave]
            total += amplitudes[wave] * _cosine(turn)
        found[number] = total


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz", "arcp"})
def _wave_slopes(places: Floats, waves: Floats, phases: Floats, amplitudes: Floats, found: Floats) -> None:
    """Write the gradients of the sum of `_waves` at places (k, 3) into `found` (k, 3)."""
    for number in range(places.shape[0]):
        east, north, up = places[number]
        eastward, northward, upward = 0.0, 0.0, 0.0
        for wave in range(phases.size):
            turn = waves[0, wave] * east + waves[1, wave] * north + waves[2, wave] * up + phases[wave]
            fall = amplitudes[wave] * _cosine(turn + 0.25)
            eastward += fall * waves[0, wave]
            northward += fall * waves[1, wave]
            upward += fall * waves[2, wave]
        found[number, 0] = 2.0 * np.pi * eastward
        found[number, 1] = 2.0 * np.pi * northward
        found[number, 2] = 2.0 * np.pi * upward
