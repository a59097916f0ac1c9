"""Normal gravity and Bouguer plates against published constants, series, and quadrature."""

import numpy as np
import numpy.testing as npt
import pytest
from scipy.integrate import quad

from craton.kernels.gravity import (
    CAP_RADIUS,
    GRAVITATIONAL,
    MEAN_RADIUS,
    MGAL,
    WGS84,
    atmosphere,
    normal_gravity,
    normal_gravity_of,
    plate,
    plate_below,
    slab,
    spherical_cap,
)


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


@pytest.mark.parametrize(
    ("formula", "equator", "pole"),
    [
        ("GRS80", 978032.67715, 983218.63685),
        ("GRS67", 978031.84558, 983217.72792),
        ("WGS84", 978032.53359, 983218.49378),
    ],
)
def test_normal_gravity_equals_the_constants_of_each_system(formula, equator, pole):
    """Moritz (2000), IAG (1971) and NGA (2014) print both to 0.00001 mGal."""
    npt.assert_allclose(normal_gravity_of(formula, [0.0, 90.0], 0.0), [equator, pole], atol=2e-5)


def test_grs67_follows_its_printed_series():
    """978031.846 (1 + 0.005278895 sin²φ + 0.000023462 sin⁴φ) is printed for it; it is short by 0.008 mGal."""
    latitude = np.linspace(-90, 90, 37)
    square = np.sin(np.radians(latitude)) ** 2
    series = 978031.846 * (1 + 0.005278895 * square + 0.000023462 * square**2)
    npt.assert_allclose(normal_gravity_of("GRS67", latitude, 0.0), series, atol=0.01)


@pytest.mark.parametrize(
    ("formula", "equator", "middle", "pole"),
    [
        # γ(45°) = γₑ (1 + a/2 + b), γ(90°) = γₑ (1 + a)
        ("international-1930", 978049.0, 978049.0 * (1 + 0.0052884 / 2 - 0.0000059), 978049.0 * 1.0052884),
        ("helmert-1901", 978030.0, 978030.0 * (1 + 0.005302 / 2 - 0.000007), 978030.0 * 1.005302),
    ],
)
def test_historic_series_are_what_was_printed(formula, equator, middle, pole):
    """On the ellipsoid exactly; above it they decrease by 0.3086 mGal/m within 0.2 percent."""
    npt.assert_allclose(normal_gravity_of(formula, [0, 45, 90], 0.0), [equator, middle, pole], atol=1e-6)
    fall = normal_gravity_of(formula, 45.0, 0.0) - normal_gravity_of(formula, 45.0, 100.0)
    npt.assert_allclose(fall, 30.86, rtol=2e-3)


def test_slab_is_0_1119_mgal_a_metre_of_common_rock():
    """2πG · 2670 kg/m³ with G of CODATA 2018."""
    npt.assert_allclose(slab(1.0, 2670.0), 0.111968, atol=1e-6)


HEIGHTS = np.array([100.0, 1000, 2000, 3000, 4000, 5000])


def lafehr(height):
    """Bullard B of LaFehr (1991), equation by equation: 2πGρ (μh − λR)."""
    alpha, outer = 166.735 / 6371, 6.371e6 + height
    delta, eta = 6.371e6 / outer, height / outer
    d, f, k = 3 * np.cos(alpha) ** 2 - 2, np.cos(alpha), np.sin(alpha) ** 2
    half = np.sin(alpha / 2)
    p = -6 * np.cos(alpha) ** 2 * half + 4 * half**3
    m, n = -3 * np.sin(alpha) ** 2 * np.cos(alpha), 2 * (half - half**2)
    root = np.sqrt((f - delta) ** 2 + k)
    mu = eta**2 / 3 - eta
    lam = ((d + f * delta + delta**2) * root + p + m * np.log(n / (f - delta + root))) / 3
    return 2 * np.pi * GRAVITATIONAL * MGAL * 2670 * (mu * height - lam * outer)


def test_the_cap_less_the_slab_is_lafehrs_bullard_b():
    """The general cap and LaFehr's formula are both exact; 1e-9 mGal is rounding."""
    npt.assert_allclose(
        plate(HEIGHTS, 2670.0, spherical=True) - slab(HEIGHTS, 2670.0), lafehr(HEIGHTS), atol=1e-9
    )


def test_bullard_b_is_that_of_the_printed_power_series():
    """1.464139e-3 h − 3.533047e-7 h² + 1.002709e-13 h³ + 3.002407e-18 h⁴ (Nowell 1999): 1.5 mGal near 2 km, and 0 near 4.2 km.

    It was fitted with a G that is smaller by 6e-4, so that 1e-3 of the greatest value is its tolerance.
    """
    series = (
        1.464139e-3 * HEIGHTS
        - 3.533047e-7 * HEIGHTS**2
        + 1.002709e-13 * HEIGHTS**3
        + 3.002407e-18 * HEIGHTS**4
    )
    npt.assert_allclose(plate(HEIGHTS, 2670.0, spherical=True) - slab(HEIGHTS, 2670.0), series, atol=1.6e-3)


@pytest.mark.parametrize(
    ("radius", "bottom", "top"),
    [(6.372e6, 6.371e6, 6.372e6), (6.37e6, 6.37e6, 6.371e6), (6.38e6, 6.36e6, 6.37e6)],
)
def test_the_cap_is_the_sum_of_its_rings(radius, bottom, top):
    """∫∫ s² sin θ (r − s cos θ)/l³ by quadrature, for points on, under and above the shell; 1e-7 of it."""

    def ring(s):
        # Over θ the integral is known; over s it is left to quadrature.
        far = np.sqrt(radius**2 + s**2 - 2 * radius * s * np.cos(CAP_RADIUS / MEAN_RADIUS))
        near = abs(radius - s)
        primitive = [far - (radius**2 - s**2) / far, near - np.sign(radius - s) * (radius + s)]
        return s / (2 * radius**2) * (primitive[0] - primitive[1])

    expected = 2 * np.pi * GRAVITATIONAL * MGAL * 2670 * quad(ring, bottom, top, epsrel=1e-12)[0]
    npt.assert_allclose(spherical_cap(radius, bottom, top, 2670.0), expected, rtol=1e-7)


def test_a_cap_that_goes_all_around_is_a_shell():
    """4πGρ(s₂³ − s₁³)/3r² above it, and nothing within it."""
    above = 4 / 3 * np.pi * GRAVITATIONAL * MGAL * 2670 * (6.372e6**3 - 6.371e6**3) / 6.38e6**2
    npt.assert_allclose(spherical_cap(6.38e6, 6.371e6, 6.372e6, 2670.0, angle=np.pi), above, rtol=1e-9)
    npt.assert_allclose(spherical_cap(6.3e6, 6.371e6, 6.372e6, 2670.0, angle=np.pi), 0.0, atol=1e-6 * above)


@pytest.mark.parametrize("spherical", [True, False])
def test_the_plate_goes_through_zero_at_sea_level(spherical):
    """Odd in the height, but for what the cap's rim gives, 0.3 percent at 400 m."""
    up, down = plate([400.0, -400.0], 2670.0, spherical=spherical)
    npt.assert_allclose(down, -up, rtol=4e-3)
    npt.assert_allclose(plate([1e-6, -1e-6, 0.0], 2670.0, spherical=spherical), 0.0, atol=1e-6)


def test_below_sea_level_the_plate_is_twice_a_shell_less_the_cap_above():
    """Normal gravity continued through rock is 4πGρh too great; the ground above a station pulls up by the cap.

    A whole shell, from within, pulls nothing, and from outside 4πGρh (1 + h/R): the terms agree to 1e-4.
    """
    bottom = MEAN_RADIUS - 400.0
    above = spherical_cap(bottom, bottom, MEAN_RADIUS, 2670.0)
    expected = -2 * slab(400.0, 2670.0) - above
    npt.assert_allclose(plate(-400.0, 2670.0, spherical=True), expected, rtol=3e-4)


def test_water_under_a_ship_is_a_plate_of_the_contrast():
    """Flat: 2πG (ρ − ρw) d. A cap of 4 km differs by 0.05 percent."""
    npt.assert_allclose(plate_below(0.0, 4000.0, 1643.0, spherical=False), slab(4000.0, 1643.0), rtol=1e-15)
    npt.assert_allclose(plate_below(0.0, 4000.0, 1643.0, spherical=True), slab(4000.0, 1643.0), rtol=1e-3)


def test_the_air_is_that_of_the_standard():
    """Hinze et al. (2005), equation 5: 0.874 mGal at sea level, 0.779 at 1 km."""
    npt.assert_allclose(atmosphere([0.0, 1000.0, 2000.0]), [0.874, 0.77856, 0.69024], atol=1e-9)


def test_the_air_is_held_below_the_sea_and_fades_above_ten_kilometres():
    """The polynomial, which rises again above 14 km, is left outside of its range without a jump."""
    npt.assert_array_equal(atmosphere([-500.0, -4000.0]), 0.874)
    heights = np.array([9_999.99, 10_000.0, 10_000.01, 14_000.0, 20_000.0, 30_000.0])
    found = atmosphere(heights)
    npt.assert_allclose(found[:3], 0.24, atol=1e-5)
    assert (np.diff(found) < 0).all()
    assert found[-1] < 0.02
