"""Earth tide: Longman's series against an ephemeris of its own, an independent program, and simple places."""

import numpy as np
import numpy.testing as npt
import pytest

from craton.kernels.earth_tide import ELASTIC, tide_correction

# Meeus, J. (1998), Astronomical algorithms, tables 47.A and 47.B: multiples of D, M, M', F, and coefficients
# of longitude (1e-6 degrees) and distance (m), of latitude (1e-6 degrees).
LONGITUDE = [
    (0, 0, 1, 0, 6288774, -20905355), (2, 0, -1, 0, 1274027, -3699111), (2, 0, 0, 0, 658314, -2955968),
    (0, 0, 2, 0, 213618, -569925), (0, 1, 0, 0, -185116, 48888), (0, 0, 0, 2, -114332, -3149),
    (2, 0, -2, 0, 58793, 246158), (2, -1, -1, 0, 57066, -152138), (2, 0, 1, 0, 53322, -170733),
    (2, -1, 0, 0, 45758, -204586), (0, 1, -1, 0, -40923, -129620), (1, 0, 0, 0, -34720, 108743),
    (0, 1, 1, 0, -30383, 104755), (2, 0, 0, -2, 15327, 10321), (0, 0, 1, 2, -12528, 0),
    (0, 0, 1, -2, 10980, 79661), (4, 0, -1, 0, 10675, -34782), (0, 0, 3, 0, 10034, -23210),
    (4, 0, -2, 0, 8548, -21636), (2, 1, -1, 0, -7888, 24208), (2, 1, 0, 0, -6766, 30824),
]  # fmt: skip
LATITUDE = [
    (0, 0, 0, 1, 5128122), (0, 0, 1, 1, 280602), (0, 0, 1, -1, 277693), (2, 0, 0, -1, 173237),
    (2, 0, -1, 1, 55413), (2, 0, -1, -1, 46271), (2, 0, 0, 1, 32573), (0, 0, 2, 1, 17198),
]  # fmt: skip


def independent(time, latitude, longitude, height):
    """Tide from the places of Moon and Sun in space: the pull on the station less that on the Earth's centre."""
    days = (time - np.datetime64("2000-01-01T12:00:00")) / np.timedelta64(1, "D")
    t = (days + 65 / 86400) / 36525
    arguments = np.array(
        [
            297.8501921 + 445267.1114034 * t, 357.5291092 + 35999.0502909 * t,
            134.9633964 + 477198.8675055 * t, 93.2720950 + 483202.0175233 * t,
        ]
    )  # fmt: skip
    angle = [np.radians(np.array(row[:4]) @ arguments) for row in LONGITUDE]
    moon = (
        218.3164477
        + 481267.88123421 * t
        + 1e-6 * sum(r[4] * np.sin(a) for r, a in zip(LONGITUDE, angle, strict=True))
    )
    distance = 385000560 + sum(r[5] * np.cos(a) for r, a in zip(LONGITUDE, angle, strict=True))
    north = 1e-6 * sum(row[4] * np.sin(np.radians(np.array(row[:4]) @ arguments)) for row in LATITUDE)
    anomaly = np.radians(arguments[1])
    centre = 1.914602 * np.sin(anomaly) + 0.019993 * np.sin(2 * anomaly)
    sun = 280.46646 + 36000.76983 * t + centre
    sun_distance = 1.495978707e11 * (1 - 0.0167**2) / (1 + 0.0167 * np.cos(anomaly + np.radians(centre)))
    bodies = [
        (4.9028e12, _in_space(moon, north, distance, t)),
        (1.32712e20, _in_space(sun, 0 * sun, sun_distance, t)),
    ]
    turned = np.radians(280.46061837 + 360.98564736629 * days + longitude)
    phi = np.radians(latitude)
    normal = 6378137 / np.sqrt(1 - 0.00669438 * np.sin(phi) ** 2)
    up = np.array([np.cos(phi) * np.cos(turned), np.cos(phi) * np.sin(turned), np.sin(phi) + 0 * turned])
    place = up * (normal + height) - [[0], [0], [0.00669438 * normal * np.sin(phi)]]
    pull = sum(
        gm
        * (
            (body - place) / np.linalg.norm(body - place, axis=0) ** 3
            - body / np.linalg.norm(body, axis=0) ** 3
        )
        for gm, body in bodies
    )
    return ELASTIC * 1e5 * (pull * up).sum(axis=0)


def _in_space(longitude, latitude, distance, t):
    lam, beta, tilt = np.radians(longitude), np.radians(latitude), np.radians(23.439291 - 0.0130042 * t)
    x, y, z = np.cos(beta) * np.cos(lam), np.cos(beta) * np.sin(lam), np.sin(beta)
    return distance * np.array([x, y * np.cos(tilt) - z * np.sin(tilt), y * np.sin(tilt) + z * np.cos(tilt)])


@pytest.mark.parametrize(("latitude", "longitude"), [(18.0, 103.0), (60.0, 10.0), (-34.0, 20.0), (90.0, 0.0)])
@pytest.mark.parametrize("year", [1975, 2000, 2024])
def test_the_series_follows_moon_and_sun(year, latitude, longitude):
    """Through a year, of a tide of 200 to 330 µGal, it stays within 5 µGal, and 1.1 µGal in the mean square."""
    time = np.datetime64(f"{year}-01-01T00:00") + np.arange(0, 365 * 24, 3) * np.timedelta64(1, "h")
    expected = independent(time, latitude, longitude, 200.0)
    apart = tide_correction(time, latitude, longitude, 200.0) - expected
    assert np.abs(apart).max() < 5e-3
    assert np.sqrt((apart**2).mean()) < 1.1e-3


def test_it_is_that_of_an_independent_program():
    """State College, Pennsylvania, 2015-04-23 00:00 UTC: 0.0035347 mGal by LongmanTide (Leeman, 2017).

    That takes Longman's masses and the perigee of the Moon with another sign of its square; 0.2 µGal.
    """
    actual = tide_correction(np.datetime64("2015-04-23T00:00:00"), 40.7914, -77.8586, 370.0)
    npt.assert_allclose(actual, 0.00353474727722, atol=2e-4)


def test_gravity_is_less_with_the_moon_overhead():
    """At new moon and noon on the equator, both pull: 0.2 to 0.3 mGal are to be added."""
    noon = tide_correction(np.datetime64("2024-04-08T18:20:00"), 7.0, -95.0)
    evening = tide_correction(np.datetime64("2024-04-09T00:20:00"), 7.0, -95.0)
    assert 0.18 < noon < 0.35
    assert evening < -0.05


def test_the_tide_goes_with_its_factor():
    """A rigid Earth has 1/1.16 of it."""
    time = np.datetime64("2024-04-08T18:20:00")
    npt.assert_allclose(
        tide_correction(time, 7.0, -95.0, amplitude=1.0) * ELASTIC,
        tide_correction(time, 7.0, -95.0),
        rtol=1e-12,
    )
