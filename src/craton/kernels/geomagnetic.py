"""Geomagnetic field: spherical harmonic models of the Earth's main field at geodetic places.

The potential of a model of degree N at radius r, geocentric colatitude θ and longitude λ is

    V = a Σₙ (a/r)ⁿ⁺¹ Σₘ (gₙᵐ cos mλ + hₙᵐ sin mλ) Pₙᵐ(cos θ),    n = 1…N, m = 0…n,

with a = 6371.2 km and Schmidt semi-normalised Pₙᵐ; the field is B = −∇V.

References
----------
Chulliat, A., Brown, W., Nair, M. and others (2025), The US/UK World Magnetic Model for 2025-2030: Technical
Report, National Centers for Environmental Information, NOAA, equations 4 to 20.

Alken, P., Thébault, E., Beggan, C. D. and others (2021), International Geomagnetic Reference Field: the
thirteenth generation, Earth, Planets and Space 73, 49, doi:10.1186/s40623-020-01288-x.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from craton.kernels.gravity import WGS84
from craton.kernels.threads import do_all

Floats = NDArray[np.float64]

RADIUS = 6_371_200.0
"""Reference radius a of the models, in metres."""

BATCH = 1 << 14
"""Places that a thread takes at a time."""

ELEMENTS = ("X", "Y", "Z", "H", "F", "D", "I")
"""North, east, down, horizontal and total intensity (nT); declination east and inclination down (°)."""


class Model(NamedTuple):
    """Gauss coefficients between epochs, and what the Legendre recursion needs.

    `epochs` (e,) in decimal years; `coefficients` (e - 1, k, 4) as g, dg/dt, h, dh/dt at the start of
    each interval, in nT and nT a year, over orders 0, 1… and for each over its degrees; `recursion`
    (k, 4) with the factors of Pₙ₋₁ and Pₙ₋₂ (where n = m that of Pₘ₋₁ᵐ⁻¹), √(n² − m²) and √(n (n + 1) / 2).
    """

    degree: int
    epochs: Floats
    coefficients: Floats
    recursion: Floats


def model_of(degrees: NDArray[np.int_], orders: NDArray[np.int_], epochs: Floats, values: Floats) -> Model:
    """Model of a table of coefficients.

    Parameters
    ----------
    degrees, orders : array (c,)
        Degree n and order m of each row; negative orders are rows of h.
    epochs : array (e,)
        Decimal years, ascending, two or more. Between them coefficients change evenly.
    values : array (c, e)
        Coefficients in nT.
    """
    degree = int(degrees.max())
    places = [(n, m) for m in range(degree + 1) for n in range(max(m, 1), degree + 1)]
    row = {(int(n), int(m)): number for number, (n, m) in enumerate(zip(degrees, orders, strict=True))}
    rates = np.diff(values, axis=1) / np.diff(epochs)
    coefficients = np.zeros((epochs.size - 1, len(places), 4))
    recursion = np.zeros((len(places), 4))
    for number, (n, m) in enumerate(places):
        for first, order in ((0, m), (2, -m))[: 2 if m else 1]:
            coefficients[:, number, first] = values[row[n, order], :-1]
            coefficients[:, number, first + 1] = rates[row[n, order]]
        root = np.sqrt(n**2 - m**2)
        slope = np.sqrt(n * (n + 1) / 2)
        if root:
            recursion[number] = (2 * n - 1) / root, np.sqrt((n - 1) ** 2 - m**2) / root, root, slope
        else:
            recursion[number] = np.sqrt(1 - 0.5 / m), 0.0, 0.0, slope
    return Model(degree, epochs, coefficients, recursion)


def field(model: Model, latitude: Floats, longitude: Floats, height: Floats, year: Floats) -> Floats:
    """Field and its rate of change at places and dates.

    Parameters
    ----------
    model : Model
        From `model_of`.
    latitude, longitude : array (n,)
        Geodetic, WGS 84, in degrees.
    height : array (n,)
        Above the ellipsoid, in metres.
    year : array (n,)
        Decimal years within the epochs of the model.

    Returns
    -------
    array (n, 6)
        North, east and down component in nT, and their rates in nT a year; NaN where a number is missing.

    Notes
    -----
    With Qₙᵐ = Pₙᵐ / sin θ, which has a recursion of its own, nothing is divided by sin θ, so the poles are
    places as any other. There north and east are those of the longitude given.
    """
    last = model.epochs.size - 2
    interval = np.clip(np.searchsorted(model.epochs, year, side="right") - 1, 0, last)
    elapsed = year - model.epochs[interval]
    vectors = np.empty((latitude.size, 6))

    def part(start: int) -> None:
        rows = slice(start, start + BATCH)
        _synthesise(
            vectors[rows], latitude[rows], longitude[rows], height[rows], interval[rows], elapsed[rows],
            model.coefficients, model.recursion, model.degree,
        )  # fmt: skip

    do_all(part, range(0, latitude.size, BATCH))
    return vectors


def elements(vectors: Floats) -> tuple[Floats, Floats]:
    """The seven elements of a field, and their rates of change.

    Parameters
    ----------
    vectors : array (n, 6)
        As `field` gives them.

    Returns
    -------
    tuple of array (n, 7)
        Elements in the order of `ELEMENTS`, in nT and degrees, and their rates in nT and degrees a year.
        Where the field is vertical, rates of H and D are NaN.
    """
    north, east, down, north_rate, east_rate, down_rate = vectors.T
    level = np.hypot(north, east)
    total = np.hypot(level, down)
    with np.errstate(invalid="ignore", divide="ignore"):
        level_rate = (north * north_rate + east * east_rate) / level
        total_rate = (north * north_rate + east * east_rate + down * down_rate) / total
        turn = (north * east_rate - east * north_rate) / level**2
        tip = (level * down_rate - down * level_rate) / total**2
    angles = np.degrees([np.arctan2(east, north), np.arctan2(down, level)])
    values = np.column_stack([north, east, down, level, total, *angles])
    rates = np.column_stack(
        [north_rate, east_rate, down_rate, level_rate, total_rate, np.degrees(turn), np.degrees(tip)]
    )
    return values, rates


SEMIMAJOR = WGS84.semimajor_axis
ECCENTRICITY2 = WGS84.flattening * (2 - WGS84.flattening)


@njit(nogil=True, cache=True, error_model="numpy")
def _synthesise(
    vectors: Floats,
    latitude: Floats,
    longitude: Floats,
    height: Floats,
    interval: NDArray[np.int_],
    elapsed: Floats,
    coefficients: Floats,
    recursion: Floats,
    degree: int,
) -> None:
    """Field and rates in geodetic axes, written to `vectors` (n, 6)."""
    power = np.empty(degree + 1)
    for number in range(latitude.size):
        phi = np.radians(latitude[number])
        sin_phi, cos_phi = np.sin(phi), np.cos(phi)
        normal = SEMIMAJOR / np.sqrt(1.0 - ECCENTRICITY2 * sin_phi**2)
        axial = (normal * (1.0 - ECCENTRICITY2) + height[number]) * sin_phi
        level = (normal + height[number]) * cos_phi
        radius = np.hypot(axial, level)
        cosine, sine = axial / radius, level / radius
        power[0] = (RADIUS / radius) ** 2
        for n in range(1, degree + 1):
            power[n] = power[n - 1] * (RADIUS / radius)
        block, years = coefficients[interval[number]], elapsed[number]
        lam = np.radians(longitude[number])
        north, east, down, north_rate, east_rate, down_rate = _sums(
            cosine, sine, lam, power, block, years, recursion, degree
        )
        turn_sine = cosine * cos_phi - sine * sin_phi
        turn_cosine = sine * cos_phi + cosine * sin_phi
        vectors[number, 0] = north * turn_cosine - down * turn_sine
        vectors[number, 1] = east
        vectors[number, 2] = north * turn_sine + down * turn_cosine
        vectors[number, 3] = north_rate * turn_cosine - down_rate * turn_sine
        vectors[number, 4] = east_rate
        vectors[number, 5] = north_rate * turn_sine + down_rate * turn_cosine


@njit(nogil=True, cache=True, error_model="numpy")
def _sums(
    cosine: float,
    sine: float,
    longitude: float,
    power: Floats,
    block: Floats,
    years: float,
    recursion: Floats,
    degree: int,
) -> tuple[float, float, float, float, float, float]:
    """North, east and down in geocentric axes and their rates; `power` holds (a/r)ⁿ⁺²."""
    north = east = down = north_rate = east_rate = down_rate = 0.0
    # Down from the zonal terms, P itself; all others carry Q = P / sin θ.
    before, last = 0.0, 1.0
    for n in range(1, degree + 1):
        legendre = recursion[n - 1, 0] * cosine * last - recursion[n - 1, 1] * before
        weight = (n + 1) * power[n] * legendre
        down -= weight * (block[n - 1, 0] + years * block[n - 1, 1])
        down_rate -= weight * block[n - 1, 1]
        before, last = last, legendre
    place, first = degree, 1.0
    cos_1, sin_1 = np.cos(longitude), np.sin(longitude)
    cos_m, sin_m = 1.0, 0.0
    for m in range(1, degree + 1):
        cos_m, sin_m = cos_m * cos_1 - sin_m * sin_1, sin_m * cos_1 + cos_m * sin_1
        if m > 1:
            first *= sine * recursion[place, 0]
        before, last = 0.0, 0.0
        for n in range(m, degree + 1):
            legendre = first
            if n > m:
                legendre = recursion[place, 0] * cosine * last - recursion[place, 1] * before
            g_rate, h_rate = block[place, 1], block[place, 3]
            g, h = block[place, 0] + years * g_rate, block[place, 2] + years * h_rate
            along, along_rate = g * cos_m + h * sin_m, g_rate * cos_m + h_rate * sin_m
            weight = (n + 1) * power[n] * legendre * sine
            down -= weight * along
            down_rate -= weight * along_rate
            weight = power[n] * (n * cosine * legendre - recursion[place, 2] * last)
            north += weight * along
            north_rate += weight * along_rate
            weight = m * power[n] * legendre
            east += weight * (g * sin_m - h * cos_m)
            east_rate += weight * (g_rate * sin_m - h_rate * cos_m)
            if m == 1:
                # dPₙ⁰/dθ = −√(n (n + 1) / 2) Pₙ¹
                weight = -power[n] * recursion[place, 3] * legendre * sine
                north += weight * (block[n - 1, 0] + years * block[n - 1, 1])
                north_rate += weight * block[n - 1, 1]
            before, last = last, legendre
            place += 1
    return north, east, down, north_rate, east_rate, down_rate
