"""Polyhedra against prisms and spheres, in and outside, on faces, edges and corners."""

import numpy as np
import numpy.testing as npt
import pytest

from craton.kernels import constants, prism, sources
from craton.kernels.polyhedron import Polyhedron, cylinder, extruded, field

BOX = np.array([[-100.0, 50.0, -80.0, 120.0, -60.0, 90.0]])
OUTLINE = [[-100.0, -80.0], [50.0, -80.0], [50.0, 120.0], [-100.0, 120.0]]


def of_prism():
    """The box as a polyhedron."""
    return extruded(OUTLINE, -60.0, 90.0)


def prism_field(stations):
    """Attraction and tensor of the box as a prism."""
    attraction = [prism.gravity(stations, BOX, [1 / constants.GRAVITATIONAL], axis=axis) for axis in range(3)]
    return np.stack(attraction), prism.gradients(stations, BOX, np.eye(6)[None])


def test_a_box_is_a_prism():
    """Attraction and tensor agree to rounding around and inside the box."""
    stations = np.random.default_rng(1).uniform(-300, 300, (3, 300))
    for found, expected in zip(field(stations, of_prism()), prism_field(stations), strict=True):
        npt.assert_allclose(found, expected, rtol=0, atol=1e-14 * 300 * np.abs(expected).max())


def test_a_turned_box_is_a_turned_prism():
    """With body and stations turned alike, the attraction turns with them: no axis is special."""
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    stations = np.random.default_rng(3).uniform(-300, 300, (3, 100))
    body = of_prism()
    found, parts = field(turn @ stations, Polyhedron(body.corners @ turn.T, body.faces))
    expected, tensor = prism_field(stations)
    npt.assert_allclose(found, turn @ expected, rtol=0, atol=1e-11)
    full = np.empty((3, 3, 100))
    for number, (a, b) in enumerate(sources.PAIRS):
        full[a, b] = full[b, a] = tensor[number]
    turned = np.einsum("ia,jb,abm->ijm", turn, turn, full)
    npt.assert_allclose(parts, [turned[a, b] for a, b in sources.PAIRS], rtol=0, atol=1e-11)


def test_on_faces_edges_and_corners_it_is_the_prism():
    """The attraction is that of the prism; the tensor has the outer limit on a face, NaN on edge and corner."""
    stations = np.array([[-100.0, 50.0, 0.0, 50.0], [-80.0, 120.0, 0.0, 10.0], [-60.0, 20.0, 90.0, -10.0]])
    attraction, tensor = field(stations, of_prism())
    expected, parts = prism_field(stations)
    npt.assert_allclose(attraction, expected, rtol=0, atol=1e-10)
    npt.assert_array_equal(np.isnan(tensor).any(axis=0), [True, True, False, False])
    npt.assert_allclose(tensor[:, 2:], parts[:, 2:], rtol=0, atol=1e-11)


def test_an_outline_with_a_bay_is_the_sum_of_its_parts():
    """An L of two boxes, its corners in either sense: faces need not be convex."""
    bay = [[0.0, 0.0], [200.0, 0.0], [200.0, 100.0], [80.0, 100.0], [80.0, 300.0], [0.0, 300.0]]
    boxes = np.array([[0.0, 200, 0, 100, -50, 0], [0.0, 80, 100, 300, -50, 0]])
    stations = np.random.default_rng(4).uniform(-100, 400, (3, 200))
    expected = prism.gradients(stations, boxes, np.tile(np.eye(6), (2, 1, 1)))
    for outline in (bay, bay[::-1]):
        found = field(stations, extruded(outline, -50.0, 0.0))[1]
        npt.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_an_octahedron_has_the_symmetry_of_its_corners():
    """Exchanging axes exchanges parts; the trace is 0 outside and −4π inside."""
    corners = np.array([[1.0, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]])
    faces = [[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]]
    body = Polyhedron(corners, tuple(np.array(face) for face in faces))
    stations = np.random.default_rng(5).uniform(-2, 2, (3, 300))
    attraction, tensor = field(stations, body)
    npt.assert_allclose(field(stations[[1, 2, 0]], body)[0], attraction[[1, 2, 0]], rtol=0, atol=1e-12)
    inside = np.abs(stations).sum(axis=0) < 1
    npt.assert_allclose(tensor[:3].sum(axis=0), -4 * np.pi * inside, atol=1e-11)


@pytest.mark.parametrize("depth", [0.0, 10.0, 100.0])
def test_a_cylinder_has_the_attraction_on_its_axis(depth):
    """2π [h + √(a² + d²) − √(a² + (d + h)²)]; 64 sides of equal area err by less than 2e-4 at the rim's height."""
    radius, height = 40.0, 150.0
    body = cylinder(radius, -depth - height, -depth)
    found = -field(np.zeros((3, 1)), body)[0][2, 0]
    expected = 2 * np.pi * (height + np.hypot(radius, depth) - np.hypot(radius, depth + height))
    npt.assert_allclose(found, expected, rtol=2e-4)
