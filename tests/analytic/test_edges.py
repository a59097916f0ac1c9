"""Crests, lines and clusters against shapes that are known."""

import numpy as np
import numpy.testing as npt
import pytest

from craton.kernels.edges import crest_points, join_points
from craton.kernels.point_clusters import crowds
from craton.kernels.worms import sheets


def away_from_line(row, column, angle):
    """Distance, in cells, from a line through (30.3, 29.6) whose normal has `angle`."""
    return (row - 30.3) * np.cos(angle) + (column - 29.6) * np.sin(angle)


@pytest.mark.parametrize("angle", np.radians([0.0, 17.0, 45.0, 80.0, 90.0, 120.0]))
def test_the_crest_of_a_ridge_is_found_between_cells(angle):
    """Over a ridge 1/(1 + (s/4)²), of any direction, crest points lie within 0.05 cells of its line.

    A parabola through three cells misses the top of that shape by 0.02 cells at most.
    """
    row, column = np.mgrid[:60, :60]
    crests = crest_points(1 / (1 + (away_from_line(row, column, angle) / 4) ** 2))
    assert crests.row.size > 50
    npt.assert_allclose(away_from_line(crests.row, crests.column, angle), 0.0, atol=0.05)
    npt.assert_allclose(crests.height, 1.0, atol=0.01)
    (line,) = join_points(crests.row, crests.column)
    ends = np.hypot(np.ptp(crests.row[line]), np.ptp(crests.column[line]))
    length = np.hypot(np.diff(crests.row[line]), np.diff(crests.column[line])).sum()
    npt.assert_allclose(length, ends, rtol=2e-3)


def test_a_peak_is_greatest_in_all_directions_and_a_parabola_is_exact():
    """The top of a paraboloid is found exactly, in four directions."""
    row, column = np.mgrid[:9, :9]
    crests = crest_points(5 - (row - 4.25) ** 2 - 2 * (column - 3.8) ** 2, least=4)
    npt.assert_array_equal(crests.directions, [4])
    npt.assert_allclose(abs(crests.row - 4.25) + abs(crests.column - 3.8), 0.25, atol=0.25)


def test_a_crest_half_way_between_cells_is_found_once():
    """Of two equal neighbours one is taken, and the crest lies between them."""
    field = np.tile([0.0, 1.0, 2.0, 2.0, 1.0, 0.0], (7, 1))
    crests = crest_points(field)
    npt.assert_array_equal(crests.column, 2.5)
    npt.assert_array_equal(np.sort(crests.row), np.arange(1, 6))


def test_flat_gappy_and_thin_fields():
    """A flat field has no crest, cells without a value are none, one row has no inside."""
    assert crest_points(np.full((8, 9), 3.0), least=1).row.size == 0
    assert crest_points(np.ones((1, 50))).row.size == 0
    field = np.tile([0.0, 1.0, 2.0, 1.0, 0.0], (7, 1))
    field[3] = np.nan
    npt.assert_array_equal(np.unique(crest_points(field, least=1).row), [1, 2, 4, 5])


def test_points_around_a_ring_are_one_line():
    """Its length is that of the ring but for one gap."""
    angle = np.radians(np.arange(0, 360, 4.0))
    row, column = 50 + 20 * np.sin(angle), 50 + 20 * np.cos(angle)
    order = np.random.default_rng(1).permutation(angle.size)
    (line,) = join_points(row[order], column[order])
    places = np.column_stack([row, column])[order][line]
    steps = np.hypot(*np.diff(places, axis=0).T)
    npt.assert_allclose(steps.sum(), 2 * 20 * np.sin(np.radians(2)) * 89, rtol=1e-12)


def test_lines_that_meet_part_where_they_meet_and_far_ones_are_apart():
    """A T is its bar and its stem; points three cells off are another line; single points are none."""
    bar = [(0, column) for column in range(21)]
    stem = [(row, 10) for row in range(1, 8)]
    other = [(3, 30), (4, 31)]
    places = np.array([*bar, *stem, *other, (40, 40)], dtype=float)
    lines = sorted((places[line].tolist() for line in join_points(*places.T)), key=len, reverse=True)
    assert [len(line) for line in lines] == [21, 8, 2]
    assert [0.0, 10.0] in (lines[1][0], lines[1][-1])
    assert join_points([1.0], [2.0]) == []


def test_crowds_are_found_whatever_the_order():
    """Two crowds of 50 and 30 points among 20 strays; the larger is number 1; order makes no difference."""
    random = np.random.default_rng(4)
    places = np.concatenate(
        [
            random.normal((100, 100, 100), 1.0, (50, 3)),
            random.normal((200, 100, 50), 1.0, (30, 3)),
            random.uniform(-1000, -500, (20, 3)),
        ]
    )
    expected = np.repeat([1, 2, 0], [50, 30, 20])
    npt.assert_array_equal(crowds(places, 5.0, 10), expected)
    order = random.permutation(100)
    npt.assert_array_equal(crowds(places[order], 5.0, 10), expected[order])
    assert crowds(np.zeros((0, 3)), 5.0, 2).size == 0
    npt.assert_array_equal(crowds([[0.0, 0.0]], 1.0, 2), [0])


def test_sheets_follow_lines_from_height_to_height():
    """A line that moves 5 m a step stays one sheet; one 300 m away is another; heights may be empty."""
    north = np.arange(0.0, 1000.0, 100.0)
    levels = [
        np.column_stack([np.r_[np.full(10, 5.0 * n), np.full(10, 300.0)], np.tile(north, 2)])
        for n in range(4)
    ]
    of_line = [np.repeat([0, 1], 10)] * 4
    found = sheets([*levels, np.zeros((0, 2))], [*of_line, np.zeros(0, np.int64)], [50.0] * 4)
    assert [one.tolist() for one in found] == [[1, 2]] * 4 + [[]]
