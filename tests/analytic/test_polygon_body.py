"""Polygons and sheets in a section: long prisms, the level layer, known dykes, singular places."""

import numpy as np
import numpy.testing as npt
import pytest

from craton.kernels import constants, prism
from craton.kernels.polygon_body import polygon, sheet

OUTLINE = np.array([[-100.0, -60.0], [50.0, -60.0], [50.0, 90.0], [-100.0, 90.0]])
LONG = np.array([[-100.0, 50.0, -1e7, 1e7, -60.0, 90.0]])


def scattered(count=300):
    """Stations (2, m) in and around the rectangle."""
    return np.random.default_rng(1).uniform(-300, 300, (2, count))


def in_space(stations):
    """Stations of the section in the middle of long prisms."""
    return np.stack([stations[0], np.zeros(stations.shape[1]), stations[1]])


@pytest.mark.parametrize("outline", [OUTLINE, OUTLINE[::-1]])
def test_a_rectangle_is_a_very_long_prism(outline):
    """20,000 km long: attraction to 1e-9 of it, tensor to 1e-9, in and outside, corners in either sense."""
    stations = scattered()
    attraction, tensor = polygon(stations, outline)
    for axis, found in ((0, attraction.real), (2, attraction.imag)):
        expected = prism.gravity(in_space(stations), LONG, [1 / constants.GRAVITATIONAL], axis=axis)
        npt.assert_allclose(found, expected, rtol=0, atol=1e-9 * 500)
    parts = prism.gradients(in_space(stations), LONG, np.eye(6)[None])
    inside = (np.abs(stations[0] + 25) < 75) & (np.abs(stations[1] - 15) < 75)
    npt.assert_allclose(tensor.real - 2 * np.pi * inside, parts[0], rtol=0, atol=1e-9)
    npt.assert_allclose(-tensor.imag, parts[4], rtol=0, atol=1e-9)
    npt.assert_allclose(-tensor.real - 2 * np.pi * inside, parts[2], rtol=0, atol=1e-9)


def test_a_wide_body_is_a_layer():
    """2πGρt over its middle, 2000 km wide: to 1e-4."""
    found = polygon([[0.0], [0.0]], [[-1e6, -1000], [1e6, -1000], [1e6, 0], [-1e6, 0]])[0]
    npt.assert_allclose(found.imag, -2 * np.pi * 1000, rtol=4e-4)


def test_on_edges_and_corners_the_attraction_is_the_limit():
    """It differs from 1 µm away by less than 1e-4 m; the tensor is NaN on corners only."""
    stations = np.array([[-100.0, 50.0, -25.0, 50.0], [-60.0, 90.0, 90.0, 0.0]])
    attraction, tensor = polygon(stations, OUTLINE)
    near = polygon(stations + np.array([[7e-7], [-7e-7]]), OUTLINE)[0]
    npt.assert_allclose(attraction, near, rtol=0, atol=1e-4)
    npt.assert_array_equal(np.isnan(tensor), [True, True, False, False])


def test_a_triangle_is_the_sum_of_two():
    """Cut along a line to a corner."""
    stations = scattered(100)
    whole = polygon(stations, [[0, -100], [200, -150], [90, -20]])
    parts = [polygon(stations, [[0, -100], [100, -125], [90, -20]])]
    parts.append(polygon(stations, [[100, -125], [200, -150], [90, -20]]))
    npt.assert_allclose(parts[0][0] + parts[1][0], whole[0], rtol=0, atol=1e-11)
    npt.assert_allclose(parts[0][1] + parts[1][1], whole[1], rtol=0, atol=1e-12)


def test_a_cylinder_of_many_sides_is_a_line():
    """πa² · 2/d outside a regular polygon of 400 sides: to 1e-4 of it, the area it lacks."""
    around = 2 * np.pi * np.arange(400) / 400
    outline = 30 * np.stack([np.cos(around), np.sin(around)], axis=1) + [0, -100]
    found = polygon([[0.0, 80.0], [0.0, -100.0]], outline)[0]
    npt.assert_allclose([found[0].imag, found[1].real], -np.pi * 900 * 2 / np.array([100, 80]), rtol=1e-4)


def test_a_sheet_is_a_thin_polygon():
    """2 mm thick: to 1e-8 of the field at a few metres and more."""
    stations = scattered(200)
    one, two = np.array([-100.0, -60.0]), np.array([50.0, 90.0])
    across = 1e-3 * np.array([-1, 1]) / np.sqrt(2)
    outline = np.array([one + across, two + across, two - across, one - across])
    for found, thick in zip(sheet(stations, one, two), polygon(stations, outline), strict=True):
        npt.assert_allclose(found, thick / 2e-3, rtol=0, atol=1e-7 * np.abs(found).max())


def test_a_level_sheet_subtends_an_angle():
    """It attracts by twice the angle that it fills at the station; NaN at its edges."""
    attraction = sheet([[0.0, -50.0], [100.0, 0.0]], [-50.0, 0.0], [50.0, 0.0])[0]
    npt.assert_allclose(attraction[0].imag, -2 * 2 * np.arctan(0.5), rtol=1e-14)
    assert np.isnan(attraction[1])


def test_a_vertical_dyke_at_the_pole_has_its_known_anomaly():
    """A deep dyke 2b wide at depth z with M upright: ΔB = (μ₀/4π) 2M [atan((x + b)/z) − atan((x − b)/z)].

    Telford et al. (1990), section 3.6.6; 1000 km deep, its bottom adds 1e-4 of the peak.
    """
    along = np.linspace(-500, 500, 41)
    half, depth = 60.0, 100.0
    outline = [[-half, -depth], [half, -depth], [half, -1e6], [-half, -1e6]]
    tensor = polygon(np.stack([along, np.zeros(41)]), outline)[1]
    upright = -tensor.real
    expected = 2 * (np.arctan((along + half) / depth) - np.arctan((along - half) / depth))
    npt.assert_allclose(upright, expected, rtol=0, atol=3e-4 * expected.max())
