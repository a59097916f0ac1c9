"""Directions of field and magnetisation: reduction to the pole and the equator, components, pseudo-gravity.

Inclinations are in degrees, positive down; declinations in degrees clockwise from the northing axis of
the grid. With v = (v_east, v_north, v_up) a unit vector, the derivative along it is |k| Θ on each wave,

    Θ(v) = i (k_east v_east + k_north v_north) / |k| - v_up

and the anomaly of a source with magnetisation along m in a field along f is proportional to Θ(f) Θ(m).
"""

from __future__ import annotations

from functools import reduce
from typing import Literal, NamedTuple

import numpy as np

from craton.kernels.constants import GRAVITATIONAL, MGAL, NANOTESLA, VACUUM
from craton.kernels.wavenumber import EVEN, Factors, Reals, Response, length

Stabilisation = Literal["pseudo_inclination", "wiener", "none"]
"""How waves that a low latitude hardly lets through are kept from being blown up."""


class Direction(NamedTuple):
    """Direction of a vector: inclination in degrees, positive down, and declination in degrees."""

    inclination: float
    declination: float

    @property
    def vector(self) -> tuple[float, float, float]:
        """Unit vector to the east, to the north and upward."""
        dip, azimuth = np.radians(self.inclination), np.radians(self.declination)
        level = np.cos(dip)
        return float(level * np.sin(azimuth)), float(level * np.cos(azimuth)), -float(np.sin(dip))


DOWN = Direction(90.0, 0.0)


class Stabiliser(NamedTuple):
    """How the division by Θ is bounded.

    Parameters
    ----------
    kind : str
        `pseudo_inclination` lets the amplitude be that of a field no flatter than `inclination`;
        `wiener` weighs signal against noise; `none` divides.
    inclination : float
        Pseudo-inclination in degrees, above 0 and at most 90.
    noise : float
        Noise over signal in amplitude, above 0, for `wiener`.
    """

    kind: Stabilisation = "pseudo_inclination"
    inclination: float = 20.0
    noise: float = 0.1


def theta(direction: Direction, north: Reals, east: Reals) -> Factors:
    """Factor Θ of each wave; at k = 0, where it has no direction, its real part alone."""
    real, imaginary = theta_parts(direction, north, east)
    factor = np.empty(imaginary.shape, dtype=np.result_type(imaginary.dtype, np.complex64))
    factor.real, factor.imag = real, imaginary
    return factor


def theta_parts(direction: Direction, north: Reals, east: Reals) -> tuple[float, Reals]:
    """Real part of Θ, the same for every wave, and imaginary part."""
    to_east, to_north, up = direction.vector
    lengths = length(north, east)
    np.maximum(lengths, np.finfo(lengths.dtype).tiny, out=lengths)
    imaginary: Reals = np.divide(to_east * east + to_north * north, lengths, out=lengths)
    return -up, imaginary


def redirection(
    field: Direction,
    magnetisation: Direction,
    stabiliser: Stabiliser,
    *,
    to_field: Direction = DOWN,
    to_magnetisation: Direction = DOWN,
) -> Response:
    """Anomaly as it would be with other directions of the field and of the magnetisation.

    Notes
    -----
    H = Θ(f′) Θ(m′) / (Θ(f) Θ(m)); the mean (k = 0), which has no direction, is kept. With both
    directions vertical it is the reduction to the pole. Stabilised, 1/Θ is replaced by

        pseudo-inclination: conj Θ / (|Θ| |Θ′|), Θ′ with the inclination raised to I′ where |I| < I′
        Wiener, on both factors at once: conj(Θ Θ) / (|Θ Θ|² + (noise / signal)²)

    For the pole and induced magnetisation the first is MacLeod's operator. Where Θ = 0 the wave cannot
    be known and is left out. Without stabilisation a wave that is let through by less than 1e-3 is
    taken to be let through by that.

    References
    ----------
    Blakely, R. J. (1995), Potential theory in gravity and magnetic applications, Cambridge University
    Press, pp. 330-331, eq. 12.31.

    MacLeod, I. N., Jones, K. and Dai, T. F. (1993), 3-D analytic signal in the interpretation of total
    magnetic field data at low magnetic latitudes, Exploration Geophysics 24, 679-688.

    Hansen, R. O. and Pawlowski, R. S. (1989), Reduction to the pole at low latitudes by Wiener
    filtering, Geophysics 54(12), 1607-1613.
    """

    def factors(north: Reals, east: Reals) -> Factors:
        factor = _inverse((field, magnetisation), stabiliser, north, east)
        for wanted in (to_field, to_magnetisation):
            if wanted != DOWN:
                factor *= theta(wanted, north, east)
        return _at_mean(factor, north, east, 1.0)

    return Response(factors)


def equator(
    field: Direction, magnetisation: Direction | None = None, stabiliser: Stabiliser | None = None
) -> Response:
    """Anomaly as it would be at the magnetic equator, with the declination kept.

    Notes
    -----
    H = Θ(f′) Θ(f′) / (Θ(f) Θ(m)) with f′ level. For induced magnetisation |H| ≤ 1 at any inclination, and no
    stabilisation is needed. Anomalies over sources more magnetic than what is around them are negative.
    """
    level = Direction(0.0, field.declination)
    if magnetisation is not None and stabiliser is not None:
        return redirection(field, magnetisation, stabiliser, to_field=level, to_magnetisation=level)

    def factors(north: Reals, east: Reals) -> Factors:
        ahead, whole = theta(level, north, east), theta(field, north, east)
        # A wave along the strike of a level field is zero before and after.
        ratio = np.divide(ahead, whole, out=np.ones_like(whole), where=np.abs(whole) > 0)
        return _at_mean(ratio**2, north, east, 1.0)

    return Response(factors)


def component(field: Direction, wanted: Direction, stabiliser: Stabiliser) -> Response:
    """Component along `wanted` of the anomalous vector field, from its component along `field`.

    Notes
    -----
    H = Θ(wanted) / Θ(field); the mean, which has no direction, is set to 0. Total-field anomalies are
    the component along the main field as far as they are small against it.

    References
    ----------
    Lourenço, J. S. and Morrison, H. F. (1973), Vector magnetic anomalies derived from measurements of a
    single component of the field, Geophysics 38(2), 359-368.
    """

    def factors(north: Reals, east: Reals) -> Factors:
        factor = _inverse((field,), stabiliser, north, east)
        if wanted != DOWN:
            factor *= theta(wanted, north, east)
        return _at_mean(factor, north, east, 0.0)

    return Response(factors)


def pseudo_gravity(
    field: Direction, magnetisation: Direction, stabiliser: Stabiliser, *, density: float, intensity: float
) -> Response:
    """Attraction in mGal of a body of contrast `density` from its magnetic anomaly in nT.

    Parameters
    ----------
    field, magnetisation : Direction
        Of the main field and of the magnetisation.
    stabiliser : Stabiliser
        As in `redirection`.
    density, intensity : float
        Density contrast in kg/m³ and magnetisation in A/m of the same body.

    Notes
    -----
    Poisson's relation: H = G ρ / (C M) · 1 / (|k| Θ(f) Θ(m)), C = μ₀ / 4π. The mean is set to 0.

    References
    ----------
    Baranov, V. (1957), A new method for interpretation of aeromagnetic maps: pseudo-gravimetric
    anomalies, Geophysics 22(2), 359-382.

    Blakely, R. J. (1995), Potential theory in gravity and magnetic applications, Cambridge University
    Press, pp. 343-347, eq. 12.39.
    """
    scale = GRAVITATIONAL * density * MGAL / (VACUUM * intensity * NANOTESLA)

    def factors(north: Reals, east: Reals) -> Factors:
        lengths = length(north, east)
        factor = _inverse((field, magnetisation), stabiliser, north, east)
        factor *= scale / np.maximum(lengths, np.finfo(lengths.dtype).tiny)
        return _at_mean(factor, north, east, 0.0)

    return Response(factors)


def pseudo_magnetic(
    field: Direction, magnetisation: Direction, *, density: float, intensity: float
) -> Response:
    """Magnetic anomaly in nT of a body from its attraction in mGal; the reverse of `pseudo_gravity`."""
    scale = VACUUM * intensity * NANOTESLA / (GRAVITATIONAL * density * MGAL)
    if field == DOWN and magnetisation == DOWN:
        return Response(lambda north, east: scale * length(north, east), EVEN)

    def factors(north: Reals, east: Reals) -> Factors:
        both = theta(field, north, east) * theta(magnetisation, north, east)
        both *= scale * length(north, east)
        return both

    return Response(factors)


def _inverse(directions: tuple[Direction, ...], stabiliser: Stabiliser, north: Reals, east: Reals) -> Factors:
    """Bounded 1 / Θ, or 1 / (Θ Θ), of each wave."""
    heads = _heads(directions, north, east)
    raised = tuple(_raised(direction, stabiliser.inclination) for direction in directions)
    if stabiliser.kind == "pseudo_inclination" and len(set(directions)) == 1 and raised == directions:
        return _plain_inverse(directions[0], heads[0], squared=len(directions) == 2)
    real, imaginary = _conjugate(directions, heads)
    size = _sizes(directions, directions, heads)
    if stabiliser.kind == "wiener":
        weight = 1 / (size**2 + stabiliser.noise**2)
    else:
        # Far enough from the least number there is that what follows does not overflow.
        weight = 1 / np.maximum(size, 1e6 * np.finfo(size.dtype).tiny)
        if stabiliser.kind == "none":
            weight /= np.maximum(size, 1e-3)
        else:
            weight /= size if raised == directions else _sizes(directions, raised, heads)
    factor = np.empty(real.shape, dtype=np.result_type(real.dtype, np.complex64))
    np.multiply(real, weight, out=factor.real)
    np.multiply(imaginary, weight, out=factor.imag)
    return factor


def _plain_inverse(direction: Direction, head: Reals, *, squared: bool) -> Factors:
    """1 / Θ, or its square, of a direction that is steep enough, of the imaginary part of Θ."""
    dip = -direction.vector[2]
    inverse = head * head
    inverse += dip * dip
    np.divide(1, inverse, out=inverse)
    head = np.multiply(head, inverse, out=head)
    inverse *= dip
    factor = np.empty(head.shape, dtype=np.result_type(head.dtype, np.complex64))
    if not squared:
        factor.real, factor.imag = inverse, -head
        return factor
    np.multiply(inverse, head, out=factor.imag)
    factor.imag *= -2
    inverse *= inverse
    head *= head
    np.subtract(inverse, head, out=factor.real)
    return factor


def _heads(directions: tuple[Direction, ...], north: Reals, east: Reals) -> list[Reals]:
    """Imaginary part of Θ of each direction; one that comes twice is worked out once."""
    found: dict[Direction, Reals] = {}
    for direction in directions:
        if direction not in found:
            found[direction] = theta_parts(direction, north, east)[1]
    return [found[direction] for direction in directions]


def _conjugate(directions: tuple[Direction, ...], heads: list[Reals]) -> tuple[Reals, Reals]:
    """Real and imaginary part of conj Θ, or of conj (Θ Θ)."""
    dips = [-direction.vector[2] for direction in directions]
    if len(directions) == 1:
        return np.full_like(heads[0], dips[0]), -heads[0]
    (first, second), (one, other) = dips, heads
    if directions[0] == directions[1]:
        return first * first - one * one, (-2 * first) * one
    return first * second - one * other, -(first * other + second * one)


def _sizes(directions: tuple[Direction, ...], steep: tuple[Direction, ...], heads: list[Reals]) -> Reals:
    """|Θ|, or |Θ Θ|, of directions made as steep as `steep`, of those given and their imaginary parts."""
    squares: dict[Direction, Reals] = {}
    for direction, raised, head in zip(directions, steep, heads, strict=True):
        if raised not in squares:
            narrowed = 1.0
            if raised != direction:
                flatter = float(np.cos(np.radians(direction.inclination)))
                narrowed = float(np.cos(np.radians(raised.inclination))) / flatter
            squares[raised] = (narrowed * head) ** 2 + raised.vector[2] ** 2
    if len(directions) == 2 and len(squares) == 1:
        return squares[steep[0]]
    return np.asarray(np.sqrt(reduce(np.multiply, squares.values())))


def _raised(direction: Direction, least: float) -> Direction:
    """Direction as steep as `least` degrees at least."""
    steep = max(abs(direction.inclination), least)
    return Direction(steep if direction.inclination >= 0 else -steep, direction.declination)


def _at_mean(factor: Factors, north: Reals, east: Reals, value: float) -> Factors:
    """`factor` with `value` for the mean, which is in the corner where it is among the waves."""
    rows, columns = np.flatnonzero(north.ravel() == 0), np.flatnonzero(east.ravel() == 0)
    if rows.size and columns.size:
        factor[rows[0], columns[0]] = value
    return factor
