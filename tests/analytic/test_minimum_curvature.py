"""Minimum curvature against biharmonic functions, its own equation, and what must not change."""

import numpy as np
import numpy.testing as npt
import pytest
from scipy import ndimage

from craton.kernels.minimum_curvature import minimum_curvature

BIHARMONIC = np.array(
    [[0, 0, 1, 0, 0], [0, 2, -8, 2, 0], [1, -8, 20, -8, 1], [0, 2, -8, 2, 0], [0, 0, 1, 0, 0]], float
)
LAPLACE = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]], float)


def scattered(count, shape, seed=3):
    """Places at random, no two nearest to one node."""
    random = np.random.default_rng(seed)
    nodes = random.choice(shape[0] * shape[1], count, replace=False)
    offsets = random.uniform(-0.5, 0.5, (count, 2))
    return np.column_stack(np.unravel_index(nodes, shape)) + offsets


def on_nodes(count, shape, seed=3):
    """Places on nodes."""
    return np.rint(scattered(count, shape, seed))


def smooth(row, column, length=40.0):
    """A field of waves."""
    return np.sin(row / length + 0.4) * np.cos(column / length * 1.3) + 0.5 * np.cos(
        (row - 2 * column) / length / 2
    )


def rings(count):
    """Places of the two outermost rings of nodes."""
    ring = np.ones((count, count), bool)
    ring[2:-2, 2:-2] = False
    return np.argwhere(ring).astype(float)


@pytest.mark.parametrize("tension", [0.0, 0.25, 1.0])
@pytest.mark.parametrize("shape", [(40, 61), (1, 30), (5, 200)])
def test_planes_come_back_at_any_tension(tension, shape):
    """A plane through scattered data is itself, to rounding, also where the grid is one row."""
    places = scattered(25, shape)
    values = 1e5 + 3 * places[:, 0] - 7 * places[:, 1]
    row, column = np.indices(shape)
    found = minimum_curvature(places, values, shape, tension=tension).nodes
    npt.assert_allclose(found, 1e5 + 3 * row - 7 * column, atol=1e-8)


@pytest.mark.parametrize(
    "polynomial",
    [
        lambda y, x: x**2 + y**2,
        lambda y, x: x**3 - 3 * x * y**2,
        lambda y, x: x**2 * y + y**3 - x * y,
    ],
)
def test_cubic_polynomials_are_biharmonic(polynomial):
    """Held at two rings of nodes, the inside is the polynomial: the stencil is exact for its third order."""
    places = rings(30)
    row, column = np.indices((30, 30)) / 10.0
    values = polynomial(*(places / 10.0).T)
    found = minimum_curvature(places, values, (30, 30), tolerance=1e-9).nodes
    expected = polynomial(row, column)
    npt.assert_allclose(found, expected, atol=1e-7 * np.ptp(expected))


@pytest.mark.parametrize("tension", [0.0, 1.0])
def test_the_error_falls_with_the_square_of_the_spacing(tension):
    """eˣ sin y is harmonic, y times it biharmonic; held at the rings, halving the spacing quarters the error."""
    errors = []
    for count in (13, 25, 49):
        step = 2.0 / (count - 1)
        places = rings(count)
        row, column = np.indices((count, count)) * step
        truth = np.exp(column) * np.sin(row) * (row if tension == 0 else 1)
        values = truth[tuple(places.astype(int).T)]
        found = minimum_curvature(places, values, (count, count), tension=tension, tolerance=1e-9).nodes
        errors.append(np.abs(found - truth).max())
    npt.assert_allclose(np.log2(np.array(errors[:-1]) / errors[1:]), 2, atol=0.5)


@pytest.mark.parametrize("tension", [0.0, 0.3, 1.0])
def test_the_equation_holds_away_from_data(tension):
    """(1 - T) δ⁴u - T δ²u = 0 at every inner node that has no datum, to the tolerance of solving.

    The tolerance 1e-9 bounds the error of the nodes; the stencil's weights sum to 80.
    """
    shape = (50, 60)
    places = on_nodes(40, shape)
    values = np.random.default_rng(1).normal(size=40)
    found = minimum_curvature(places, values, shape, tension=tension, tolerance=1e-9).nodes
    left = (1 - tension) * ndimage.convolve(found, BIHARMONIC) - tension * ndimage.convolve(found, LAPLACE)
    free = np.ones(shape, bool)
    free[tuple(places.astype(int).T)] = False
    free[:2] = free[-2:] = free[:, :2] = free[:, -2:] = False
    assert np.abs(left[free]).max() < 80e-9 * np.ptp(values)
    assert np.abs(left[~free]).max() > 0.1


def test_data_on_nodes_are_kept_and_others_nearly():
    """On a node the value is the datum; off nodes a cubic through the nodes passes it, the closer the finer.

    The Taylor series that passes the datum is of second order: of a wave twice as long in nodes, an eighth
    is left; a factor of 5 is asked for, as the pull is not without limit.
    """
    shape = (60, 70)
    places = on_nodes(80, shape)
    values = np.random.default_rng(2).normal(size=80)
    found = minimum_curvature(places, values, shape, tension=0.25, tolerance=1e-8).nodes
    npt.assert_allclose(found[tuple(places.astype(int).T)], values, atol=1e-3)
    missed = []
    for length in (8.0, 16.0):
        places = scattered(600, shape)
        values = smooth(*places.T, length)
        found = minimum_curvature(places, values, shape, tolerance=1e-6).nodes
        inner = ((places > 2) & (places < np.array(shape) - 3)).all(axis=1)
        passed = ndimage.map_coordinates(found, places[inner].T, order=3, mode="nearest")
        missed.append(np.sqrt(np.mean((passed - values[inner]) ** 2)))
    assert missed[0] < 0.03
    assert missed[1] < missed[0] / 5


def test_the_error_to_the_truth_falls_as_data_grow():
    """Four times the points halve their distance; the error falls by 4 at least, where the field is smooth."""
    shape = (100, 100)
    row, column = np.indices(shape)
    errors = []
    for count in (150, 600, 2400):
        places = scattered(count, shape)
        found = minimum_curvature(places, smooth(*places.T), shape, tolerance=1e-5).nodes
        errors.append(np.sqrt(np.mean((found - smooth(row, column))[10:-10, 10:-10] ** 2)))
    assert errors[0] > 4 * errors[1] > 16 * errors[2]


def test_a_membrane_has_its_extremes_at_the_data():
    """T = 1: the maximum principle."""
    shape = (64, 50)
    places = on_nodes(30, shape)
    values = np.random.default_rng(5).normal(size=30)
    found = minimum_curvature(places, values, shape, tension=1.0, tolerance=1e-8).nodes
    assert values.min() - 1e-4 <= found.min()
    assert found.max() <= values.max() + 1e-4


def test_scale_shift_and_turn_change_nothing():
    """a·d + b gives a·u + b; rows and columns turned round or swapped give the same, so turned."""
    shape = (45, 60)
    places = scattered(200, shape)
    values = smooth(*places.T, 10.0)
    plain = minimum_curvature(places, values, shape, tolerance=1e-9).nodes
    close = {"atol": 2e-8 * np.ptp(values)}
    scaled = minimum_curvature(places, 1024.0 * values + 5000.0, shape, tolerance=1e-9).nodes
    npt.assert_allclose((scaled - 5000.0) / 1024.0, plain, **close)
    upside = minimum_curvature((44, 0) + (-1, 1) * places, values, shape, tolerance=1e-9).nodes
    npt.assert_allclose(upside[::-1], plain, **close)
    swapped = minimum_curvature(places[:, ::-1], values, shape[::-1], tolerance=1e-9).nodes
    npt.assert_allclose(swapped.T, plain, **close)


def test_the_order_of_data_does_not_matter():
    """Shuffled, the same bits."""
    places = scattered(100, (30, 30))
    values = smooth(*places.T, 9.0)
    order = np.random.default_rng(0).permutation(100)
    one, other = (
        minimum_curvature(places[some], values[some], (30, 30), tension=0.25).nodes
        for some in (slice(None), order)
    )
    npt.assert_array_equal(one, other)


@pytest.mark.parametrize("tension", [0.0, 0.5, 1.0])
def test_few_data_and_data_on_a_line_have_a_level_surface(tension):
    """One datum gives a constant; two a plane that is level across; a bent line bends along itself only."""
    npt.assert_array_equal(
        minimum_curvature(np.array([[3.2, 4.0]]), np.array([7.0]), (9, 8), tension=tension).nodes, 7.0
    )
    two = minimum_curvature(np.array([[2.0, 2], [2, 6]]), np.array([0.0, 4]), (9, 9), tension=tension)
    npt.assert_allclose(two.nodes, np.tile(np.arange(9.0) - 2, (9, 1)), atol=1e-12)
    line = np.column_stack([np.full(7, 20.0), np.arange(5, 40, 5)])
    found = minimum_curvature(line, np.array([0.0, 1, 0, 2, 0, 1, 0]), (41, 45), tension=tension)
    assert np.isfinite(found.nodes).all()
    npt.assert_allclose(found.nodes, found.nodes[::-1], atol=1e-3)


def test_limits_are_kept_and_free_parts_stay_smooth():
    """No node leaves the limits; where they do not bind nothing changes."""
    shape = (40, 40)
    places = on_nodes(40, shape)
    values = np.random.default_rng(9).normal(size=40)
    free = minimum_curvature(places, values, shape, tolerance=1e-6).nodes
    bound = minimum_curvature(places, values, shape, limits=(-1.0, 1.0), tolerance=1e-6).nodes
    assert (bound.min(), bound.max()) == (-1.0, 1.0)
    loose = minimum_curvature(
        places, values, shape, limits=(free.min() - 1, free.max() + 1), tolerance=1e-6
    ).nodes
    npt.assert_allclose(loose, free, atol=1e-5)


def test_the_error_told_is_of_the_size_of_the_error():
    """Against a solution 100 times finer, the error left is below three times the tolerance asked for."""
    shape = (60, 70)
    places = scattered(150, shape)
    values = np.random.default_rng(4).normal(size=150)
    for tension in (0.0, 0.25):
        fine = minimum_curvature(places, values, shape, tension=tension, tolerance=1e-6).nodes
        coarse = minimum_curvature(places, values, shape, tension=tension, tolerance=1e-4)
        assert coarse.error <= 1e-4 * np.ptp(values)
        assert np.abs(coarse.nodes - fine).max() < 3e-4 * np.ptp(values)
