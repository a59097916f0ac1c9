"""Spheres and lines of mass: closed forms, prisms, the laws of the field."""

import numpy as np
import numpy.testing as npt

from craton.kernels import constants, prism, sources
from craton.kernels.sphere import line, sphere

CENTRE, RADIUS = np.array([30.0, -20.0, -500.0]), 200.0


def test_outside_a_sphere_is_a_point():
    """There g = m/d² towards the centre, and the dipole tensor with 2m/d³ along the way to it."""
    stations = CENTRE[:, None] + np.array([[0.0], [0.0], [700.0]])
    attraction, tensor = sphere(stations, CENTRE, RADIUS)
    mass = 4 / 3 * np.pi * RADIUS**3
    npt.assert_allclose(attraction[:, 0], [0, 0, -mass / 700**2], rtol=1e-14)
    npt.assert_allclose(tensor[:, 0], mass / 700**3 * np.array([-1, -1, 2, 0, 0, 0]), rtol=1e-14)


def test_inside_a_sphere_only_the_mass_below_attracts():
    """There g = (4π/3) r, V = −(4π/3) I, and no attraction at the centre."""
    stations = CENTRE[:, None] + np.array([[0.0, 100.0], [0.0, 0.0], [0.0, 0.0]])
    attraction, tensor = sphere(stations, CENTRE, RADIUS)
    npt.assert_allclose(attraction, np.array([[0, -1], [0, 0], [0, 0]]) * 4 / 3 * np.pi * 100, atol=1e-12)
    npt.assert_allclose(tensor, np.array([[-4 / 3 * np.pi] * 2] * 3 + [[0, 0]] * 3), atol=1e-14)


def test_the_magnetic_field_of_a_sphere_is_that_of_a_dipole():
    """On the axis μ₀ 2m/4πd³ along the moment, beside it μ₀ m/4πd³ against it (Blakely 1995, eq. 4.14)."""
    stations = CENTRE[:, None] + np.array([[0.0, 900.0], [0.0, 0.0], [900.0, 0.0]])
    tensor = sphere(stations, CENTRE, RADIUS)[1]
    field = sources.magnetic_weights([[0.0, 0.0, 2.5]])[0] @ tensor
    moment = 2.5 * 4 / 3 * np.pi * RADIUS**3
    npt.assert_allclose(field[2], 1e-7 * moment / 900**3 * np.array([2.0, -1.0]), rtol=1e-13)
    npt.assert_allclose(field[:2], 0.0, atol=1e-20)


def test_a_line_is_a_thin_prism():
    """10 cm wide, at 5 m and more: attraction and tensor to 1e-3 of (width/distance)² and better."""
    stations = np.random.default_rng(1).uniform(-300, 300, (3, 300))
    stations = stations[:, np.hypot(stations[0], stations[1]) > 5]
    thin = np.array([[-0.05, 0.05, -0.05, 0.05, -100.0, 200.0]])
    attraction, tensor = line(stations, [0.0, 0, -100], [0.0, 0, 200])
    factor = [0.01**-1 / constants.GRAVITATIONAL]
    expected = np.stack([prism.gravity(stations, thin, factor, axis=axis) for axis in range(3)])
    npt.assert_allclose(attraction, expected, rtol=0, atol=1e-4 * np.abs(expected).max())
    parts = prism.gradients(stations, thin, 100 * np.eye(6)[None])
    npt.assert_allclose(tensor, parts, rtol=0, atol=1e-4 * np.abs(parts).max())
    npt.assert_allclose(tensor[:3].sum(axis=0), 0.0, atol=1e-14)


def test_a_long_line_attracts_as_one_over_distance():
    """2/d for one kilogram a metre and G = 1, the field of an infinite level cylinder; NaN on the line."""
    attraction, _tensor = line([[0.0, 3.0], [0.0, 0.0], [50.0, 0.0]], [-1e7, 0, 0], [1e7, 0, 0])
    npt.assert_allclose(attraction[2, 0], -2 / 50, rtol=1e-10)
    assert np.isnan(attraction[:, 1]).all()
