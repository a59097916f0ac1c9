"""Natural neighbours against Sibson's definition by counting, planes, and lattices."""

import numpy as np
import numpy.testing as npt
import pytest
from scipy.spatial import QhullError, cKDTree

from craton.kernels.natural_neighbour import NaturalNeighbours


def plane(places):
    """A plane of large numbers."""
    return 1e5 + 0.02 * places[:, 0] - 0.5 * places[:, 1]


def test_planes_are_exact_and_nothing_lies_outside():
    """Among points in metres far from the origin, to 1e-9; NaN exactly outside the outline."""
    random, corner = np.random.default_rng(0), np.array([5e5, 2e6])
    places = random.uniform(0, 1000, (300, 2)) + corner
    wanted = random.uniform(-50, 1050, (5000, 2)) + corner
    surface = NaturalNeighbours(places, plane(places))
    found = surface(wanted)
    inside = surface.triangles.find_simplex((wanted - surface.middle) / surface.unit) >= 0
    npt.assert_array_equal(np.isfinite(found), inside)
    npt.assert_allclose(found[inside], plane(wanted[inside]), atol=1e-8)


def test_lattices_whose_circles_hold_four_points_are_exact():
    """Squares have two triangulations: planes come back inside, on sides, on middles and on the outline."""
    lattice = np.stack(np.meshgrid(np.arange(12.0), np.arange(9.0)), axis=-1).reshape(-1, 2)
    surface = NaturalNeighbours(lattice, plane(lattice))
    random = np.random.default_rng(1)
    for wanted in (
        random.uniform((0, 0), (11, 8), (2000, 2)), lattice[:-9] * (10 / 11, 1) + (0.5, 0), lattice,
        np.column_stack([random.uniform(0, 11, 50), np.zeros(50)]),
        np.stack(np.meshgrid(np.arange(11) + 0.5, np.arange(8) + 0.5), axis=-1).reshape(-1, 2),
    ):  # fmt: skip
        npt.assert_allclose(surface(wanted), plane(wanted), atol=1e-9)


def test_it_is_the_mean_over_the_stolen_area():
    """Sibson's definition by half a million random places nearer to x than to any point: to their chance, 0.01."""
    random = np.random.default_rng(2)
    places, values = random.random((12, 2)), random.random(12)
    surface = NaturalNeighbours(places, values)
    cloud = random.random((500_000, 2)) * 3 - 1
    distance, nearest = cKDTree(places).query(cloud)
    for wanted in ([0.5, 0.5], [0.4, 0.6], [0.55, 0.35]):
        stolen = ((cloud - wanted) ** 2).sum(axis=1) < distance**2
        npt.assert_allclose(surface(np.array([wanted]))[0], values[nearest[stolen]].mean(), atol=0.01)


def test_it_is_continuous_passes_the_points_and_stays_within_their_range():
    """Along a line, halved steps halve the largest jump; at a point and 1e-7 beside it stands its value."""
    random = np.random.default_rng(3)
    places, values = random.random((60, 2)), random.normal(size=60)
    surface = NaturalNeighbours(places, values)
    jumps = []
    for count in (2001, 4001, 8001):
        along = np.linspace(0.3, 0.7, count)
        found = surface(np.column_stack([along, 0.25 + 0.5 * along]))
        jumps.append(np.abs(np.diff(found)).max())
        assert values.min() <= found.min()
        assert found.max() <= values.max()
    npt.assert_allclose(np.array(jumps[:-1]) / jumps[1:], 2, rtol=0.15)
    npt.assert_allclose(surface(places), values, atol=1e-14)
    middle = np.abs(places - 0.5).max(axis=1) < 0.3
    npt.assert_allclose(surface(places[middle] + 1e-7), values[middle], atol=1e-4)


def test_points_on_a_line_form_no_triangle():
    """They are refused by name."""
    line = np.column_stack([np.arange(5.0), np.arange(5.0)])
    with pytest.raises(QhullError):
        NaturalNeighbours(line, np.arange(5.0))
