"""Tesseroids: whole shells, small ones as prisms, another program, and neighbours that add up."""

import numpy as np
import numpy.testing as npt

from craton.kernels import constants, prism
from craton.kernels.points import EARTH_RADIUS
from craton.kernels.tesseroid import gravity


def test_a_whole_shell_attracts_like_a_point_at_its_middle():
    """10 km thick: GM/r² outward of it from 0 to 250 km up, to 1.2e-4; none to the sides."""
    west, south = (axis.ravel() for axis in np.meshgrid(np.arange(-180.0, 180, 30), np.arange(-90.0, 90, 30)))
    full = np.ones(west.size)
    shell = np.stack(
        [west, west + 30, south, south + 30, (EARTH_RADIUS - 1e4) * full, EARTH_RADIUS * full], axis=1
    )
    stations = np.array([[3.0, 7, 100], [0.0, 43, -88], EARTH_RADIUS + np.array([1e3, 1e4, 2.5e5])])
    found = gravity(stations, shell, 2670 * full)
    mass = 4 / 3 * np.pi * 2670 * (EARTH_RADIUS**3 - (EARTH_RADIUS - 1e4) ** 3)
    expected = -constants.GRAVITATIONAL * mass / stations[2] ** 2
    npt.assert_allclose(found[2], expected, rtol=2e-4)
    npt.assert_allclose(found[:2], 0.0, atol=1e-4 * np.abs(expected).max())


def test_a_small_one_is_a_prism():
    """1.1 km wide at the equator and 2 km below: all three parts to 1e-3 of the attraction."""
    half, size = 0.005, np.radians(0.005) * EARTH_RADIUS
    body = np.array([[-half, half, -half, half, EARTH_RADIUS - 1500, EARTH_RADIUS - 1000]])
    stations = np.array([[0.0, 0.01, -0.02], [0.0, 0.004, 0.01], [EARTH_RADIUS + 500] * 3])
    flat = np.array([size / half * stations[0], size / half * stations[1], [500.0] * 3])
    box = np.array([[-size, size, -size, size, -1500.0, -1000.0]])
    expected = np.stack([prism.gravity(flat, box, [400.0], axis=axis) for axis in range(3)])
    found = gravity(stations, body, [400.0])
    npt.assert_allclose(found, expected, rtol=0, atol=1e-3 * np.abs(expected).max())


def test_it_is_that_of_another_program():
    """Two blocks of crust seen from just above, from 10 km and from aside: to 1e-3 (their quadratures differ).

    harmonica 0.7.0, `tesseroid_gravity`.
    """
    blocks = np.array(
        [
            [100.0, 104, 14, 17, EARTH_RADIUS - 3e4, EARTH_RADIUS],
            [104.0, 106, 16, 20, EARTH_RADIUS - 3.5e4, EARTH_RADIUS + 500],
        ]
    )
    stations = np.array([[102.0, 105, 98], [15.0, 19, 20], EARTH_RADIUS + np.array([1e3, 1e4, 50.0])])
    expected = [3117.6255537185166, 272.75627312731336, 14.51469629875512]
    npt.assert_allclose(-gravity(stations, blocks, [2670.0, 200.0])[2] * 1e5, expected, rtol=1e-3)


def test_on_and_within_a_tesseroid_all_is_finite():
    """At a corner, on the top and inside; from the top down the attraction changes sign."""
    body = np.array([[0.0, 1, 0, 1, EARTH_RADIUS - 1e4, EARTH_RADIUS]])
    stations = np.array([[0.0, 0.5, 0.5], [0.0, 0.5, 0.5], EARTH_RADIUS - np.array([0.0, 0.0, 1e4])])
    found = gravity(stations, body, [1000.0])
    assert np.isfinite(found).all()
    assert found[2, 1] < 0 < found[2, 2]
