"""Distances on the sphere, and kernels that sum to the number of points."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
from scipy.integrate import quad

from craton.kernels import points as kernels


def quartic(distance: np.ndarray, bandwidth: float) -> np.ndarray:
    """The kernel as it is written down."""
    return 3 / (np.pi * bandwidth**2) * np.maximum(1 - (distance / bandwidth) ** 2, 0) ** 2


def test_the_kernel_holds_one_point() -> None:
    """Integrated over its disc the quartic kernel is 1; over a cap it is 1 with the curvature term."""
    assert quad(lambda d: 2 * np.pi * d * quartic(d, 3.0), 0, 3)[0] == pytest.approx(1, abs=1e-12)
    for reach in (0.01, 0.05, 0.157):
        cap = quad(lambda d, h=reach: 2 * np.pi * np.sin(d) * quartic(d, h), 0, reach)[0]
        assert cap / (1 - reach**2 / 24) == pytest.approx(1, abs=reach**4 / 1000)


def test_chords_are_those_of_great_circles() -> None:
    """Distances of places on the unit sphere, as chords, agree with PROJ's geodesics on that sphere."""
    random = np.random.default_rng(2)
    longitude, latitude = random.uniform(-180, 180, (2, 50)), random.uniform(-90, 90, (2, 50))
    geod = pyproj.Geod(a=kernels.EARTH_RADIUS, b=kernels.EARTH_RADIUS)
    distance = geod.inv(longitude[0], latitude[0], longitude[1], latitude[1])[2]
    one, other = (kernels.on_sphere(*place) for place in zip(longitude, latitude, strict=True))
    expected = [kernels.chord(d) for d in distance]
    np.testing.assert_allclose(np.linalg.norm(one - other, axis=1), expected, atol=1e-12)
    assert kernels.chord(1e9) == 2.0


def test_values_at_one_place_are_averaged_in_any_order() -> None:
    """Places come by northing and easting with the mean of their values, bit by bit in any order."""
    coordinates = np.array([[2.0, 1.0], [1.0, 1.0], [2.0, 1.0], [5.0, 0.0], [2.0, 1.0]])
    values = np.array([0.1, 4.0, 0.2, 7.0, 0.3])
    expected = kernels.mean_of_places(coordinates, values)
    assert expected[0].tolist() == [[5, 0], [1, 1], [2, 1]]
    np.testing.assert_allclose(expected[1], [7.0, 4.0, 0.2])
    for seed in range(20):
        order = np.random.default_rng(seed).permutation(5)
        found = kernels.mean_of_places(coordinates[order], values[order])
        np.testing.assert_array_equal(found[0], expected[0])
        np.testing.assert_array_equal(found[1], expected[1])


def test_densities_on_a_plane_are_sums_of_kernels() -> None:
    """Window by window, the sum is the one of all points at all cells; compiled or not."""
    random = np.random.default_rng(3)
    northing, easting = np.arange(0.0, 50.0, 1.5), np.arange(-20.0, 30.0, 0.8)
    points, weights = random.uniform(-15, 45, (30, 2)), random.uniform(-1, 3, 30)
    east, north = np.meshgrid(easting, northing)
    expected = sum(
        weight * quartic(np.hypot(east - x, north - y), 6.0)
        for (x, y), weight in zip(points, weights, strict=True)
    )
    for kernel in (kernels.add_on_plane, kernels.add_on_plane.py_func):
        found = np.zeros(expected.shape)
        kernel(found, northing, easting, points, weights, 6.0)
        np.testing.assert_allclose(found, expected, atol=1e-15)


@pytest.mark.parametrize("reach", [0.02, 0.15])
def test_densities_on_the_sphere_are_sums_of_kernels(reach: float) -> None:
    """Around the antimeridian and the poles too, each cell has the kernels of all points near it."""
    random = np.random.default_rng(4)
    latitude = np.radians(np.arange(-89.5, 90, 1.0))
    longitude = np.radians(np.arange(-179.5, 180, 1.0))
    points = np.radians(
        np.array(
            [[179.9, 10], [-179.9, -40], [0, 89.9], [120, -88], [60, 84], [105, 18], [200, 3], [-350, 0]]
        )
    )
    weights = random.uniform(0.5, 2, len(points))
    lam, phi = np.meshgrid(longitude, latitude)
    cells = kernels.on_sphere(np.degrees(lam), np.degrees(phi))
    expected = np.zeros(lam.shape)
    for place, weight in zip(kernels.on_sphere(*np.degrees(points).T), weights, strict=True):
        angle = np.arctan2(np.linalg.norm(np.cross(cells, place), axis=-1), cells @ place)
        expected += weight * quartic(angle, reach) / (1 - reach**2 / 24)
    for kernel in (kernels.add_on_sphere, kernels.add_on_sphere.py_func):
        found = np.zeros(expected.shape)
        kernel(found, latitude, longitude, points, weights, reach)
        np.testing.assert_allclose(found, expected, atol=1e-9 * expected.max())
