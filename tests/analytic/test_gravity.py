"""Normal gravity against published constants and the second-order series."""

import numpy as np
import numpy.testing as npt
import pytest

from craton.kernels.gravity import WGS84, normal_gravity


@pytest.mark.parametrize(
    ("latitude", "expected"),
    [(0.0, 978032.53359), (90.0, 983218.49378), (-90.0, 983218.49378)],
)
def test_normal_gravity_equals_the_published_constants_on_the_ellipsoid(latitude, expected):
    """Equator and poles equal the derived constants of NGA.STND.0036 to their last digit (0.00001 mGal)."""
    npt.assert_allclose(normal_gravity(latitude, 0.0), expected, atol=2e-5)


def test_normal_gravity_equals_somigliana_on_the_ellipsoid():
    """At height zero the closed form is Somigliana's formula; both are exact, so 1e-4 mGal is rounding."""
    latitude = np.linspace(-90, 90, 181)
    k, e2 = 0.00193185265241, 0.00669437999014
    sin2 = np.sin(np.radians(latitude)) ** 2
    somigliana = 978032.53359 * (1 + k * sin2) / np.sqrt(1 - e2 * sin2)
    npt.assert_allclose(normal_gravity(latitude, 0.0), somigliana, atol=1e-4)


def test_normal_gravity_follows_the_free_air_series_near_the_ellipsoid():
    """To 2 km the second-order series of Heiskanen & Moritz (2-123) leaves a third-order rest below 0.02 mGal."""
    a, f, gm, omega = WGS84
    m = omega**2 * a**3 * (1 - f) / gm
    latitude, height = np.meshgrid(np.linspace(-90, 90, 19), np.linspace(0, 2000, 5))
    sin2 = np.sin(np.radians(latitude)) ** 2
    series = normal_gravity(latitude, 0.0) * (
        1 - 2 / a * (1 + f + m - 2 * f * sin2) * height + 3 * height**2 / a**2
    )
    npt.assert_allclose(normal_gravity(latitude, height), series, atol=0.02)
