"""Earth tide: vertical attraction of Moon and Sun by Longman's series.

The series of the Moon holds the equation of the centre, the evection and the
variation. Over a year it differs from longer series of Moon and Sun by less
than 5 µGal, with a standard deviation of 1 µGal. The masses and the distance of
the Sun are those of today.

References
----------
Longman, I. M. (1959). Formulas for computing the tidal accelerations due to
the Moon and the Sun. Journal of Geophysical Research 64(12), 2351-2355.
doi:10.1029/JZ064i012p02351
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from craton.kernels.constants import MGAL

Floats = NDArray[np.float64]

EPOCH = np.datetime64("1899-12-31T12:00:00")
"""Noon of 31 December 1899, from which centuries are counted."""

MOON = 4.9028e12
SUN = 1.32712e20
"""Newton's constant times the mass of the Moon and of the Sun, m³/s²."""

MOON_DISTANCE = 3.84402e8
SUN_DISTANCE = 1.495978707e11
"""Mean distances in metres."""

EQUATOR = 6_378_137.0
SECOND_ECCENTRICITY2 = 0.00673950
MOON_ECCENTRICITY = 0.05490
MOTIONS = 0.074804
"""Ratio of the mean motions of the Sun and the Moon."""

MOON_INCLINATION = np.radians(5.145)
OBLIQUITY = np.radians(23.452)

ELASTIC = 1.16
"""Tide on the yielding Earth over that on a rigid one: 1 + h − 3k/2 of its Love numbers."""


class _Angles(NamedTuple):
    """Mean longitudes in radians: Moon, its perigee and node, Sun, its perigee; eccentricity of the Sun."""

    moon: Floats
    perigee: Floats
    node: Floats
    sun: Floats
    sun_perigee: Floats
    eccentricity: Floats


def tide_correction(
    time: ArrayLike,
    latitude: ArrayLike,
    longitude: ArrayLike,
    height: ArrayLike = 0.0,
    *,
    amplitude: float = ELASTIC,
) -> Floats:
    """What is added to gravity to free it of the tide of the solid Earth.

    Parameters
    ----------
    time : array of datetime64
        Universal time.
    latitude, longitude : array
        Degrees, east positive.
    height : array
        Above sea level in metres.
    amplitude : float
        Gravimetric factor; 1 for a rigid Earth.

    Returns
    -------
    array
        In mGal, positive with the Moon overhead or underfoot, when gravity is less. The constant part of
        the tide is in it, so that corrected gravity is free of all tide.

    Notes
    -----
    With θ and φ the zenith distances of Moon and Sun at the distances d and D, r that of the place from
    the centre of the Earth,

        g = δ [ G M r/d³ (3 cos²θ − 1) + 3/2 G M r²/d⁴ (5 cos³θ − 3 cos θ) + G S r/D³ (3 cos²φ − 1) ].
    """
    days = (np.asarray(time, dtype="datetime64[ns]") - EPOCH) / np.timedelta64(1, "D")
    angles = _angles(days / 36525.0)
    # Hour angle of the mean Sun; the epoch is at noon.
    hour = 2 * np.pi * (days % 1.0) + np.radians(np.asarray(longitude, dtype=np.float64))
    phi = np.radians(np.asarray(latitude, dtype=np.float64))
    radius = EQUATOR / np.sqrt(1 + SECOND_ECCENTRICITY2 * np.sin(phi) ** 2) + np.asarray(height)
    moon, moon_distance = _moon(angles, phi, hour + angles.sun)
    sun, sun_distance = _sun(angles, phi, hour + angles.sun)
    lunar = MOON * radius / moon_distance**3 * (3 * moon**2 - 1)
    lunar += 1.5 * MOON * radius**2 / moon_distance**4 * (5 * moon**3 - 3 * moon)
    solar = SUN * radius / sun_distance**3 * (3 * sun**2 - 1)
    correction: Floats = amplitude * MGAL * (lunar + solar)
    return correction


def _angles(t: Floats) -> _Angles:
    """Longman's equations 10 to 12, 19, 26 and 27, at `t` centuries."""

    def turned(*terms: float) -> Floats:
        return np.asarray(np.polynomial.polynomial.polyval(t, terms), dtype=np.float64)

    return _Angles(
        moon=turned(4.72000889397, 8399.70927456, 3.45575191895e-05, 3.49065850399e-08),
        perigee=turned(5.83515162814, 71.0180412089, -1.80108282532e-4, -1.74532925199e-07),
        node=turned(4.52360161181, -33.757146295, 3.6264063347e-05, 3.39369576777e-08),
        sun=turned(4.88162798259, 628.331950894, 5.23598775598e-06),
        sun_perigee=turned(4.90822941839, 0.0300025492114, 7.85398163397e-06, 5.3329504922e-08),
        eccentricity=turned(0.01675104, -0.00004180, -0.000000126),
    )


def _moon(angles: _Angles, phi: Floats, meridian: Floats) -> tuple[Floats, Floats]:
    """Cosine of the zenith distance of the Moon, and its distance in metres; eq. 7 to 16, 24, 28 to 34.

    `meridian` is the right ascension of the meridian of the place.
    """
    node, anomaly = angles.node, angles.moon - angles.perigee
    evection = angles.moon - 2 * angles.sun + angles.perigee
    variation = 2 * (angles.moon - angles.sun)
    tilt = np.arccos(
        np.cos(OBLIQUITY) * np.cos(MOON_INCLINATION)
        - np.sin(OBLIQUITY) * np.sin(MOON_INCLINATION) * np.cos(node)
    )
    crossing = np.arcsin(np.sin(MOON_INCLINATION) * np.sin(node) / np.sin(tilt))
    sine = np.sin(OBLIQUITY) * np.sin(node) / np.sin(tilt)
    cosine = np.cos(node) * np.cos(crossing) + np.sin(node) * np.sin(crossing) * np.cos(OBLIQUITY)
    e, m = MOON_ECCENTRICITY, MOTIONS
    orbit = angles.moon - node + np.arctan2(sine, cosine)
    orbit = orbit + 2 * e * np.sin(anomaly) + 1.25 * e**2 * np.sin(2 * anomaly)
    orbit = orbit + 3.75 * m * e * np.sin(evection) + 1.375 * m**2 * np.sin(variation)
    near = e * np.cos(anomaly) + e**2 * np.cos(2 * anomaly)
    near = near + 1.875 * m * e * np.cos(evection) + m**2 * np.cos(variation)
    distance = MOON_DISTANCE / (1 + near / (1 - e**2))
    return _zenith(phi, tilt, orbit, meridian - crossing), distance


def _sun(angles: _Angles, phi: Floats, meridian: Floats) -> tuple[Floats, Floats]:
    """Cosine of the zenith distance of the Sun, and its distance in metres; eq. 9, 25, 29."""
    e, anomaly = angles.eccentricity, angles.sun - angles.sun_perigee
    distance = SUN_DISTANCE / (1 + e * np.cos(anomaly) / (1 - e**2))
    return _zenith(phi, OBLIQUITY, angles.sun + 2 * e * np.sin(anomaly), meridian), distance


def _zenith(phi: Floats, tilt: Floats | float, orbit: Floats, meridian: Floats) -> Floats:
    """Cosine of a zenith distance, of a body `orbit` along a way that is tilted to the equator."""
    turned = np.cos(tilt / 2) ** 2 * np.cos(orbit - meridian)
    turned = turned + np.sin(tilt / 2) ** 2 * np.cos(orbit + meridian)
    cosine: Floats = np.sin(phi) * np.sin(tilt) * np.sin(orbit) + np.cos(phi) * turned
    return cosine
