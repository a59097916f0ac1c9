"""Slope, aspect and shade against planes, cones and hemispheres, and their symmetries."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest

from craton.kernels import terrain

METHODS = [terrain.HORN, terrain.ZEVENBERGEN_THORNE]
INNER = (slice(1, -1), slice(1, -1))
LIGHT = terrain.light(315.0, 45.0)

NORTHING = 2_000_000.0 - 30.0 * np.arange(41)
EASTING = 500_000.0 + 20.0 * np.arange(31)


def plane(east_slope: float, north_slope: float) -> np.ndarray:
    """Heights of an inclined plane (rows, columns), exact to the last digits of 64 bits."""
    return 100.0 + east_slope * (EASTING - EASTING[0]) + north_slope * (NORTHING - NORTHING[0])[:, np.newaxis]


def steps() -> terrain.Steps:
    """Steps of the grid of these tests."""
    return terrain.plane_steps(NORTHING, EASTING)


@pytest.mark.parametrize("weights", METHODS)
@pytest.mark.parametrize(("p", "q"), [(0.3, 0.0), (0.0, -0.2), (-0.5, 0.7), (1e-3, 2e-3), (2.0, -3.0)])
def test_planes_have_their_closed_forms(weights: tuple[float, float], p: float, q: float) -> None:
    """Slope arctan √(p² + q²), aspect atan2(−p, −q) and grey 1 + 254 n·s hold for every plane, to 32 bits."""
    cells = plane(p, q)
    slope = terrain.steepness(cells, steps(), weights)[INNER]
    aspect = terrain.facing(cells, steps(), weights)[INNER]
    shade = terrain.shade(cells, steps(), weights, LIGHT)[INNER]
    east, north, up = LIGHT
    lit = (up - east * p - north * q) / np.sqrt(1 + p**2 + q**2)
    np.testing.assert_allclose(slope, np.degrees(np.arctan(np.hypot(p, q))), rtol=1e-6)
    np.testing.assert_allclose(aspect, np.degrees(np.arctan2(-p, -q)) % 360, rtol=1e-6)
    assert np.unique(shade).tolist() == [int(np.floor(1.5 + 254 * max(0.0, lit)))]


def test_a_level_plain_is_lit_by_the_sine_of_the_altitude() -> None:
    """Level ground has slope 0, no aspect, and 1 + 254 sin h: 181 at 45°, 255 under the zenith."""
    cells = plane(0.0, 0.0)
    assert (terrain.steepness(cells, steps(), terrain.HORN)[INNER] == 0).all()
    assert np.isnan(terrain.facing(cells, steps(), terrain.HORN)).all()
    assert (terrain.shade(cells, steps(), terrain.HORN, LIGHT)[INNER] == 181).all()
    assert (terrain.shade(cells, steps(), terrain.HORN, terrain.light(0, 90))[INNER] == 255).all()


@pytest.mark.parametrize(
    ("azimuth", "expected"), [(0, (0, 1, 0)), (90, (1, 0, 0)), (180, (0, -1, 0)), (270, (-1, 0, 0))]
)
def test_the_light_comes_from_its_azimuth(azimuth: float, expected: tuple[float, float, float]) -> None:
    """Azimuths run clockwise from north; at the zenith the light is straight up."""
    np.testing.assert_allclose(terrain.light(azimuth, 0), expected, atol=1e-15)
    np.testing.assert_allclose(terrain.light(azimuth, 90), (0, 0, 1), atol=1e-15)


@pytest.mark.parametrize("weights", METHODS)
def test_a_cone_faces_away_from_its_top_everywhere(weights: tuple[float, float]) -> None:
    """A cone of slope 0.5 has arctan 0.5 all around and faces outwards.

    Its second derivative across is 0.5/r, so at 60 cells from the top central
    differences are off by a relative (Δ/r)² ≈ 3·10⁻⁴: 0.02° is allowed.
    """
    axis = np.arange(-100.0, 101.0)
    east, north = np.meshgrid(axis, -axis)
    radius = np.hypot(east, north)
    cone = -0.5 * radius
    grid = terrain.plane_steps(-axis, axis)
    far = (radius > 60) & (radius < 99)
    slope, aspect = terrain.steepness(cone, grid, weights), terrain.facing(cone, grid, weights)
    np.testing.assert_allclose(slope[far], np.degrees(np.arctan(0.5)), atol=0.02)
    outward = np.degrees(np.arctan2(east, north)) % 360
    assert np.abs((aspect - outward + 180) % 360 - 180)[far].max() < 0.02


@pytest.mark.parametrize("weights", METHODS)
def test_a_hemisphere_has_the_slope_of_its_radius(weights: tuple[float, float]) -> None:
    """On a sphere of radius R the slope at distance r from the middle is arcsin r/R (within (Δ/R)²)."""
    axis = np.arange(-300.0, 301.0, 3.0)
    east, north = np.meshgrid(axis, axis)
    distance = np.hypot(east, north)
    sphere = np.sqrt(np.maximum(500.0**2 - distance**2, 0))
    slope = terrain.steepness(sphere, terrain.plane_steps(axis, axis), weights)
    inside = (distance < 290) & np.isfinite(slope)
    np.testing.assert_allclose(slope[inside], np.degrees(np.arcsin(distance[inside] / 500.0)), atol=0.02)


def test_the_error_falls_with_the_square_of_the_spacing() -> None:
    """Central differences are of second order: half the spacing, a quarter of the error."""
    errors = []
    for count in (101, 201, 401):
        axis = np.linspace(-1, 1, count)
        slope = terrain.steepness(
            np.exp(axis) + np.sin(2 * axis)[:, np.newaxis], terrain.plane_steps(axis, axis), terrain.HORN
        )
        true = np.degrees(np.arctan(np.hypot(np.exp(axis), 2 * np.cos(2 * axis)[:, np.newaxis])))
        errors.append(np.abs(slope - true)[INNER].max())
    np.testing.assert_allclose(np.log2(np.array(errors[:-1]) / errors[1:]), 2.0, atol=0.1)


def rough(seed: int = 3) -> np.ndarray:
    """Heights without any symmetry, 32 bits."""
    return np.random.default_rng(seed).normal(0, 40, (33, 33)).astype(np.float32)


SQUARE = 10.0 * np.arange(33)


@pytest.mark.parametrize("weights", METHODS)
def test_a_turned_surface_has_a_turned_aspect_and_the_same_slope(weights: tuple[float, float]) -> None:
    """A quarter turn clockwise turns slopes along with it, bit by bit, and adds 90° to the aspect."""
    grid = terrain.plane_steps(-SQUARE, SQUARE)
    cells = rough()
    turned = np.ascontiguousarray(np.rot90(cells, -1))
    slope, aspect = terrain.steepness(cells, grid, weights), terrain.facing(cells, grid, weights)
    np.testing.assert_array_equal(terrain.steepness(turned, grid, weights), np.rot90(slope, -1))
    difference = terrain.facing(turned, grid, weights) - np.rot90(aspect, -1)
    np.testing.assert_allclose(difference[INNER] % 360, 90.0, atol=1e-4)
    shade = terrain.shade(cells, grid, weights, terrain.light(20, 40))
    turned_shade = terrain.shade(turned, grid, weights, terrain.light(110, 40))
    assert np.abs(turned_shade.astype(int) - np.rot90(shade, -1)).max() <= 1


@pytest.mark.parametrize("kernel", [terrain.steepness, terrain.facing])
def test_rows_and_columns_may_run_either_way(kernel) -> None:
    """Flipped together with its axes, a grid gives the same results bit by bit."""
    cells, north, east = rough(), -SQUARE, SQUARE * 2
    expected = kernel(cells, terrain.plane_steps(north, east), terrain.HORN)
    for rows, columns in ((-1, 1), (1, -1), (-1, -1)):
        flipped = np.ascontiguousarray(cells[::rows, ::columns])
        found = kernel(flipped, terrain.plane_steps(north[::rows], east[::columns]), terrain.HORN)
        np.testing.assert_array_equal(found[::rows, ::columns], expected)


@pytest.mark.parametrize("weights", METHODS)
@pytest.mark.parametrize("gap", [np.nan, np.inf, -np.inf])
def test_a_gap_takes_its_neighbours_with_it(weights: tuple[float, float], gap: float) -> None:
    """A missing or infinite cell leaves the nine around it without result, and no other."""
    cells = rough()
    cells[10, 20] = gap
    lost = np.zeros(cells.shape, bool)
    lost[9:12, 19:22] = True
    lost[[0, -1], :] = lost[:, [0, -1]] = True
    grid = terrain.plane_steps(-SQUARE, SQUARE)
    np.testing.assert_array_equal(np.isnan(terrain.steepness(cells, grid, weights)), lost)
    np.testing.assert_array_equal(np.isnan(terrain.facing(cells, grid, weights)), lost)
    np.testing.assert_array_equal(terrain.shade(cells, grid, weights, LIGHT) == terrain.NO_SHADE, lost)


def test_aspects_stay_below_a_full_turn() -> None:
    """A direction a hair west of north is 0 in 32 bits, not 360."""
    grid = terrain.plane_steps(NORTHING, EASTING)
    aspect = terrain.facing(plane(1e-12, -1.0), grid, terrain.ZEVENBERGEN_THORNE)[INNER]
    assert (aspect < 360).all()
    assert (np.minimum(aspect, 360 - aspect) < 1e-6).all()


@pytest.mark.parametrize(
    ("kernel", "more"), [(terrain.shade, (LIGHT,)), (terrain.steepness, ()), (terrain.facing, ())]
)
def test_compiled_and_plain_python_agree(kernel, more: tuple) -> None:
    """The compiled kernel gives what its Python source gives."""
    cells = rough()[:9, :8]
    cells[2, 2], cells[5:8, 4:7] = np.nan, 3.0
    grid = terrain.plane_steps(-SQUARE[:9], SQUARE[:8])
    with np.errstate(invalid="ignore"):
        expected = kernel.py_func(cells, grid, terrain.HORN, *more)
    found = kernel(cells, grid, terrain.HORN, *more)
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_degrees_are_as_long_as_geodesics_say() -> None:
    """One degree of latitude and of longitude agree with PROJ's geodesics on WGS 84, pole to pole.

    Over 10⁻⁴ degree a geodesic and a parallel differ by less than 10⁻⁹ of their length below 85°;
    geodesics themselves are good to some nanometres, 10⁻⁹ of ten metres.
    """
    geod = pyproj.Geod(ellps="WGS84")
    latitude = np.linspace(-85, 85, 35)
    meridian, parallel = terrain.metres_per_degree(latitude)
    half = np.full(latitude.size, 5e-5)
    zero = np.zeros(latitude.size)
    along = geod.inv(zero, latitude - half, zero, latitude + half)[2]
    across = geod.inv(-half, latitude, half, latitude)[2]
    np.testing.assert_allclose(along / 1e-4, meridian, rtol=1e-8)
    np.testing.assert_allclose(across / 1e-4, parallel, rtol=1e-8)


def test_published_lengths_of_a_degree() -> None:
    """At the equator and the pole of WGS 84: 110.574 and 111.320 km, 111.694 and 0 km (NGA's tables)."""
    meridian, parallel = terrain.metres_per_degree(np.array([0.0, 90.0]))
    np.testing.assert_allclose(meridian, [110_574.3, 111_693.9], atol=0.1)
    np.testing.assert_allclose(parallel, [111_319.5, 0.0], atol=0.1)


def test_rows_at_a_pole_have_no_result() -> None:
    """Where all longitudes meet there is no slope to the east."""
    latitude, longitude = np.arange(92.0, 86.0, -1.0), np.arange(6.0)
    slope = terrain.steepness(np.ones((6, 6)), terrain.geographic_steps(latitude, longitude), terrain.HORN)
    assert np.isnan(slope[1:3]).all()
    assert (slope[3:-1, 1:-1] == 0).all()
