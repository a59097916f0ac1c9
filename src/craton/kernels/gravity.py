"""Gravity: closed-form fields of the reference ellipsoid.

Symbols follow Li & Götze (2001): a, b semi-axes, E linear eccentricity, β
reduced latitude; a prime marks the confocal ellipsoid through the point.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

MGAL = 1e5
"""Milligal in one metre per second squared."""


class Ellipsoid(NamedTuple):
    """A level ellipsoid: semi-major axis (m), flattening, GM (m³/s²), angular velocity (rad/s)."""

    semimajor_axis: float
    flattening: float
    geocentric_grav_const: float
    angular_velocity: float


WGS84 = Ellipsoid(6378137.0, 1 / 298.257223563, 3986004.418e8, 7292115e-11)
"""NGA.STND.0036 (2014), table 3.1."""


def normal_gravity(
    latitude: ArrayLike, height: ArrayLike, ellipsoid: Ellipsoid = WGS84
) -> NDArray[np.float64]:
    """Magnitude of normal gravity at any height above the ellipsoid, without series.

    Parameters
    ----------
    latitude : array
        Geodetic latitude in degrees, −90 to 90.
    height : array
        Height above the ellipsoid in metres, above the sphere of radius E
        (about 522 km from the centre); broadcast against `latitude`.
    ellipsoid : Ellipsoid
        The level ellipsoid.

    Returns
    -------
    array
        Normal gravity in mGal.

    Notes
    -----
    With β the reduced latitude and b′, β′ those of the confocal ellipsoid
    through the point,

        γ = 1/W [ GM/(b′²+E²) + ω²a²E q′ / ((b′²+E²) q₀) (½ sin²β′ − ⅙) − ω² b′ cos²β′ ]

    The component along β′ is left out; it changes the magnitude by less than
    10⁻³ mGal below 100 km.

    References
    ----------
    Li, X. and Götze, H.-J. (2001), Ellipsoid, geoid, gravity, geodesy, and
    geophysics, Geophysics 66(6), 1660–1668, doi:10.1190/1.1487109.
    """
    a, flattening, gm, omega = ellipsoid
    b = a * (1 - flattening)
    e2 = a**2 - b**2
    e = np.sqrt(e2)
    phi = np.radians(np.asarray(latitude, dtype=np.float64))
    h = np.asarray(height, dtype=np.float64)
    beta = np.arctan2(b * np.sin(phi), a * np.cos(phi))
    z = b * np.sin(beta) + h * np.sin(phi)
    r = a * np.cos(beta) + h * np.cos(phi)
    big_r, big_d = (r**2 + z**2) / e2, (r**2 - z**2) / e2
    cos2 = 0.5 + big_r / 2 - np.sqrt(0.25 + big_r**2 / 4 - big_d / 2)
    sin2 = 1 - cos2
    b1 = np.sqrt(r**2 + z**2 - e2 * cos2)
    u2 = b1**2 + e2
    w = np.sqrt((b1**2 + e2 * sin2) / u2)
    q0 = 0.5 * ((1 + 3 * b**2 / e2) * np.arctan2(e, b) - 3 * b / e)
    q1 = 3 * (1 + b1**2 / e2) * (1 - b1 / e * np.arctan2(e, b1)) - 1
    potential = gm / u2 + omega**2 * a**2 * e * q1 / (u2 * q0) * (sin2 / 2 - 1 / 6)
    gravity: NDArray[np.float64] = (potential - omega**2 * b1 * cos2) / w * MGAL
    return gravity
