"""Surface nets: closed forms of volume and area, topology, and what the surfaces of neighbours share."""

import numpy as np
import numpy.testing as npt
import pytest

from craton.kernels.surface_nets import Contacts, surface_nets, triangles


def closed(nets, wanted):
    """Triangles around one class, anticlockwise from outside."""
    faces = triangles(nets.vertices, nets.quadrangles)
    sides = np.repeat(nets.sides, 2, axis=0)
    return np.concatenate([faces[sides[:, 0] == wanted], faces[sides[:, 1] == wanted][:, ::-1]])


def volume_and_area(vertices, faces):
    """By the divergence theorem, and as the sum over triangles."""
    first, second, third = (vertices[faces[:, corner]] for corner in range(3))
    normal = np.cross(second - first, third - first)
    return (first * normal).sum() / 6, np.linalg.norm(normal, axis=1).sum() / 2


def edges_of(faces):
    """Directed edges of triangles."""
    return np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])


def assert_watertight(faces):
    """Every edge is met once in each direction for each time it is used."""
    edges = edges_of(faces)
    forward, count = np.unique(edges, axis=0, return_counts=True)
    back, other = np.unique(edges[:, ::-1], axis=0, return_counts=True)
    npt.assert_array_equal(forward, back)
    npt.assert_array_equal(count, other)


def ball(cells, radius=0.4):
    """Distance to the middle of a unit box less the radius, at middles of cells."""
    axis = (np.arange(cells) + 0.5) / cells - 0.5
    up, north, east = np.meshgrid(axis, axis, axis, indexing="ij")
    return np.sqrt(up**2 + north**2 + east**2) - radius


def of_field(field):
    """Class 1 where the field is below 0, class 2 elsewhere, with the level of class 1 at 0."""
    classes = np.where(field < 0, 1, 2).astype(np.int32)
    own = np.array([[-1], [0], [-1]], dtype=np.int32)
    levels = np.zeros((3, 1))
    return classes, Contacts(field[None].astype(np.float32), own, levels, np.arange(3, dtype=np.int32))


@pytest.mark.parametrize("rounds", [0, 10])
def test_blocks_are_closed_and_share_their_boundaries(rounds):
    """Random classes: all are watertight; without smoothing their volumes are exactly those of their cells.

    Smoothed or not the volumes add up to that of the box less the air: what one class loses another gains.
    """
    random = np.random.default_rng(5)
    classes = np.kron(random.integers(0, 4, (4, 5, 3)), np.ones((3, 3, 3))).astype(np.int32)
    nets = surface_nets(classes, rounds=rounds)
    total = 0.0
    for one in np.unique(classes):
        faces = closed(nets, one)
        if one > 0:
            assert_watertight(faces)
            total += volume_and_area(nets.vertices, faces)[0]
    air = volume_and_area(nets.vertices, closed(nets, 0))[0]
    counts = np.bincount(classes.ravel())
    if rounds == 0:
        npt.assert_allclose(total, counts[1:].sum(), rtol=1e-12)
        for one in (1, 2, 3):
            npt.assert_allclose(volume_and_area(nets.vertices, closed(nets, one))[0], counts[one], rtol=1e-12)
    if not air:
        npt.assert_allclose(total, classes.size, rtol=1e-12)
    assert nets.vertices.min() == 0.0
    npt.assert_array_equal(nets.vertices.max(axis=0), classes.shape[::-1])


def test_a_box_full_of_one_class_is_that_box():
    """Smoothing moves no vertex off the sides of the box, so that its volume and area are exact."""
    nets = surface_nets(np.ones((4, 5, 6), dtype=np.int32))
    volume, area = volume_and_area(nets.vertices, closed(nets, 1))
    npt.assert_allclose((volume, area), (120.0, 2 * (20 + 24 + 30)), rtol=1e-12)


def test_a_sphere_converges_to_its_volume_and_area_and_has_one_piece():
    """With its distance as field, volume and area tend to 4/3 π r³ and 4 π r² with the square of the cell.

    Halving the cell leaves a quarter of the error, 0.3 for what staircases of cells vary about that; the
    Euler characteristic V − E + F of a sphere is 2.
    """
    radius, errors = 0.4, []
    truth = np.array([4 / 3 * np.pi * radius**3, 4 * np.pi * radius**2])
    for cells in (20, 40):
        classes, contacts = of_field(ball(cells, radius))
        nets = surface_nets(classes, contacts=contacts)
        faces = closed(nets, 1)
        assert_watertight(faces)
        found = np.array(volume_and_area(nets.vertices / cells, faces))
        errors.append(np.abs(found / truth - 1))
        edges = np.unique(np.sort(edges_of(faces), axis=1), axis=0)
        assert np.unique(faces).size - len(edges) + len(faces) == 2
    assert (errors[1] < 0.3 * errors[0]).all()
    assert (errors[1] < 0.005).all()


def test_smoothing_takes_the_steps_off_a_sphere_of_classes():
    """Without a field the area of blocks is 3/2 too large however fine; smoothed it is within 5 %, and so is volume."""
    cells, radius = 40, 0.4
    classes = np.where(ball(cells, radius) < 0, 1, 2).astype(np.int32)
    truth = np.array([4 / 3 * np.pi * radius**3, 4 * np.pi * radius**2])
    rough, smooth = (surface_nets(classes, rounds=rounds) for rounds in (0, 10))
    ratio = volume_and_area(rough.vertices / cells, closed(rough, 1)) / truth
    npt.assert_allclose(ratio, (1.0, 1.5), rtol=0.02)
    ratio = volume_and_area(smooth.vertices / cells, closed(smooth, 1)) / truth
    npt.assert_allclose(ratio, 1.0, atol=0.05)
    corners = np.rint(rough.vertices)
    assert np.abs(smooth.vertices - corners).max() <= 0.5


def test_a_torus_keeps_its_hole():
    """V − E + F of a torus is 0."""
    axis = np.arange(30) - 14.5
    up, north, east = np.meshgrid(axis[8:22], axis, axis, indexing="ij")
    field = np.hypot(np.hypot(east, north) - 9.0, up) - 4.0
    classes, contacts = of_field(field)
    faces = closed(surface_nets(classes, contacts=contacts), 1)
    edges = np.unique(np.sort(edges_of(faces), axis=1), axis=0)
    assert np.unique(faces).size - len(edges) + len(faces) == 0


def test_a_dipping_plane_is_plane():
    """Where a linear field has its level, vertices away from the sides lie on the plane to single precision."""
    k, j, i = np.meshgrid(np.arange(12), np.arange(10), np.arange(11), indexing="ij")
    field = (k + 0.5) - 0.3 * (i + 0.5) - 0.2 * (j + 0.5) - 2.3
    classes, contacts = of_field(field)
    nets = surface_nets(classes, contacts=contacts)
    between = nets.quadrangles[(nets.sides > 0).all(axis=1)]
    east, north, up = nets.vertices[np.unique(between)].T
    inner = (east % 11 > 0) & (north % 10 > 0)
    npt.assert_allclose((up - 0.3 * east - 0.2 * north)[inner], 2.3, atol=1e-5)


def test_numbers_of_cells_do_not_hang_on_the_names_of_classes():
    """Classes under other numbers give the same vertices, in the same order."""
    random = np.random.default_rng(1)
    classes = random.integers(1, 4, (5, 6, 7)).astype(np.int32)
    one, other = surface_nets(classes), surface_nets(np.array([0, 7, 3, 11], dtype=np.int32)[classes])
    npt.assert_array_equal(one.vertices, other.vertices)
    npt.assert_array_equal(one.quadrangles, other.quadrangles)


def test_air_has_no_wall_against_the_outside():
    """A box of nothing has no surface."""
    nets = surface_nets(np.zeros((3, 3, 3), dtype=np.int32))
    assert len(nets.quadrangles) == 0
