"""Gravity: closed-form fields of the reference ellipsoid.

Symbols follow Li & Götze (2001): a, b semi-axes, E linear eccentricity, β
reduced latitude; a prime marks the confocal ellipsoid through the point.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from craton.kernels.constants import GRAVITATIONAL, MGAL

AIR_TOP = 10_000.0
"""Height in metres up to which the polynomial of the atmosphere holds."""

AIR_SCALE = 6_350.0
"""Metres in which the pressure of the lower stratosphere, at 217 K, falls by e."""


class Ellipsoid(NamedTuple):
    """A level ellipsoid: semi-major axis (m), flattening, GM (m³/s²), angular velocity (rad/s)."""

    semimajor_axis: float
    flattening: float
    geocentric_grav_const: float
    angular_velocity: float


WGS84 = Ellipsoid(6378137.0, 1 / 298.257223563, 3986004.418e8, 7292115e-11)
"""NGA.STND.0036 (2014), table 3.1."""

GRS80 = Ellipsoid(6378137.0, 1 / 298.257222101, 3986005e8, 7292115e-11)
"""Moritz (2000), Journal of Geodesy 74, 128-133."""

GRS67 = Ellipsoid(6378160.0, 1 / 298.247167427, 398603e9, 7.2921151467e-5)
"""International Association of Geodesy (1971), Geodetic Reference System 1967."""

SERIES = {
    "international-1930": (978_049.0, 0.0052884, -0.0000059),
    "helmert-1901": (978_030.0, 0.005302, -0.000007),
}
"""Gravity on the equator (mGal) and factors of sin²φ and sin²2φ of formulas on the Potsdam datum."""

ELLIPSOIDS = {"WGS84": WGS84, "GRS80": GRS80, "GRS67": GRS67}

MEAN_RADIUS = 6_371_000.0
"""Radius in metres of the Earth of the Bullard B correction."""

CAP_RADIUS = 166_735.0
"""Outer radius in metres, along the ground, of Hayford and Bowie's zone O, where a Bouguer cap ends."""


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


def normal_gravity_of(formula: str, latitude: ArrayLike, height: ArrayLike) -> NDArray[np.float64]:
    """Normal gravity by the name of an ellipsoid or of a historic series.

    Parameters
    ----------
    formula : str
        A name in `ELLIPSOIDS` or `SERIES`.
    latitude, height : array
        As for `normal_gravity`.

    Returns
    -------
    array
        In mGal; of a series with the decrease upward of GRS80, which differs by less than 10⁻⁴ of it.

    Notes
    -----
    The series are γ = γₑ (1 + a sin²φ + b sin²2φ). Both stand on the Potsdam datum, about 14 mGal above
    IGSN71; gravity that they are taken from must, too.

    References
    ----------
    Heiskanen, W. A., and Moritz, H. (1967), Physical geodesy, Freeman, p. 79.
    """
    if formula in ELLIPSOIDS:
        return normal_gravity(latitude, height, ELLIPSOIDS[formula])
    equator, single, double = SERIES[formula]
    phi = np.radians(np.asarray(latitude, dtype=np.float64))
    ground = equator * (1 + single * np.sin(phi) ** 2 + double * np.sin(2 * phi) ** 2)
    return ground + normal_gravity(latitude, height, GRS80) - normal_gravity(latitude, 0.0, GRS80)


def slab(thickness: ArrayLike, density: ArrayLike) -> NDArray[np.float64]:
    """Attraction in mGal of an endless flat slab (Bullard A): 2πGρh, for `thickness` in m, kg/m³."""
    product = np.asarray(thickness, dtype=np.float64) * np.asarray(density, dtype=np.float64)
    attraction: NDArray[np.float64] = 2 * np.pi * GRAVITATIONAL * MGAL * product
    return attraction


def spherical_cap(
    radius: ArrayLike,
    bottom: ArrayLike,
    top: ArrayLike,
    density: ArrayLike,
    *,
    angle: float = CAP_RADIUS / MEAN_RADIUS,
) -> NDArray[np.float64]:
    """Attraction of a spherical shell cut to a cap, at a point on its axis.

    Parameters
    ----------
    radius : array
        Distance of the point from the centre of the Earth in metres; not between `bottom` and `top`.
    bottom, top : array
        Radii of the shell in metres.
    density : array
        In kg/m³.
    angle : float
        Half the angle of the cap at the centre, in radians.

    Returns
    -------
    array
        In mGal, positive towards the centre: negative for a point below the shell by less than its width.

    Notes
    -----
    With l the distance from the point to the rim at the radius s, and k = r sin α,

        A = 2πGρ/r² [ ∫ s² (s − r cos α)/l ds ± (s₂³ − s₁³)/3 ],

    plus for a point above the shell, minus below it, where with t = s − r cos α

        ∫ s² t/l ds = l³/3 − k² l + r cos α (t l − k² ln(t + l)) + r² cos² α · l.

    For a point on the shell this is LaFehr's 2πGρ[(1 + μ)h − λR]; what it differs from the slab by is
    the Bullard B correction.

    References
    ----------
    LaFehr, T. R. (1991), An exact solution for the gravity curvature (Bullard B) correction, Geophysics
    56(8), 1179-1184, doi:10.1190/1.1443138.
    """
    r, low, high = (np.asarray(one, dtype=np.float64) for one in (radius, bottom, top))
    cosine, k2 = r * np.cos(angle), (r * np.sin(angle)) ** 2

    def integral(s: NDArray[np.float64]) -> NDArray[np.float64]:
        t = s - cosine
        rim = np.sqrt(t**2 + k2)
        part: NDArray[np.float64] = (
            rim**3 / 3 - k2 * rim + cosine * (t * rim - k2 * np.log(t + rim)) + cosine**2 * rim
        )
        return part

    shell = (high**3 - low**3) / 3
    total = integral(high) - integral(low) + np.where(r >= high, shell, -shell)
    attraction: NDArray[np.float64] = (
        2 * np.pi * GRAVITATIONAL * MGAL * np.asarray(density, dtype=np.float64) * total / r**2
    )
    return attraction


def plate(height: ArrayLike, density: ArrayLike, *, spherical: bool) -> NDArray[np.float64]:
    """Attraction in mGal of the ground between sea level and a station at `height` m on it.

    A cap ends 166.735 km away. Below sea level the plate is negative, and the same formula: normal gravity is
    continued down there as if through air, and counts the ground that is missing twice, which is above the
    station once.
    """
    h = np.asarray(height, dtype=np.float64)
    if not spherical:
        return slab(h, density)
    return spherical_cap(MEAN_RADIUS + h, MEAN_RADIUS, MEAN_RADIUS + h, density)


def plate_below(
    height: ArrayLike, thickness: ArrayLike, density: ArrayLike, *, spherical: bool
) -> NDArray[np.float64]:
    """Attraction in mGal of a plate that reaches from a station at `height` m `thickness` m down."""
    if not spherical:
        return slab(thickness, density)
    station = MEAN_RADIUS + np.asarray(height, dtype=np.float64)
    return spherical_cap(station, station - np.asarray(thickness, dtype=np.float64), station, density)


def atmosphere(height: ArrayLike) -> NDArray[np.float64]:
    """Attraction in mGal of the air, which normal gravity holds and gravity at `height` m does not.

    Notes
    -----
    0.874 − 9.9·10⁻⁵ h + 3.56·10⁻⁹ h² from sea level to 10 km. Below sea level it is that of sea level; above
    10 km, where the polynomial would rise again, it fades with the air, by e in `AIR_SCALE`.

    References
    ----------
    Wenzel, H.-G. (1985), Hochauflösende Kugelfunktionsmodelle für das Gravitationspotential der Erde,
    Wissenschaftliche Arbeiten der Fachrichtung Vermessungswesen der Universität Hannover 137; as in Hinze
    et al. (2005), Geophysics 70(4), J25-J32, eq. 5, doi:10.1190/1.1988183.
    """
    h = np.asarray(height, dtype=np.float64)
    within = np.clip(h, 0.0, AIR_TOP)
    fading = np.exp(-np.maximum(h - AIR_TOP, 0.0) / AIR_SCALE)
    attraction: NDArray[np.float64] = (0.874 - 9.9e-5 * within + 3.56e-9 * within**2) * fading
    return attraction
