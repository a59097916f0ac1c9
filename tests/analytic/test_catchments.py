"""Flow directions: planes, pits, craters and lakes, where every drop leaves the grid and none is lost."""

import numpy as np
import numpy.testing as npt
import pytest

from craton.kernels import catchments

EVEN = np.full(40, 10.0)


def drained(elevation):
    """Drainage on cells of 10 m, and the cells upstream of each."""
    drainage = catchments.drainage(elevation, 10.0, EVEN[: elevation.shape[0]])
    counts = catchments.upstream_sum(*drainage, np.ones(elevation.size))
    return drainage, counts.reshape(elevation.shape)


def test_a_plane_drains_along_its_rows():
    """Down to the east, each cell holds those to the west of it."""
    _drainage, counts = drained(np.tile(-np.arange(9.0), (5, 1)))
    npt.assert_array_equal(counts, np.tile(np.arange(1.0, 10.0), (5, 1)))


def test_the_steepest_way_counts_the_distance():
    """A drop of 1.3 to a corner is less steep than one of 1 to a side (√2), one of 1.5 steeper."""
    for drop, expected in ((1.3, 5), (1.5, 8)):
        elevation = np.full((3, 3), 9.0)
        elevation[1, 1], elevation[1, 2], elevation[2, 2] = 8.0, 7.0, 8.0 - drop
        receivers = catchments.drainage(elevation, 10.0, EVEN[:3]).receivers
        assert receivers[4] == expected


def rough(seed=5):
    """A slope with much noise, so with many pits, and a gap."""
    random = np.random.default_rng(seed)
    elevation = np.add.outer(np.arange(30.0), 0.5 * np.arange(25.0)) + random.uniform(0, 6, (30, 25))
    elevation[12:15, 8:11] = np.nan
    return elevation


def test_every_cell_drains_out_and_none_is_lost():
    """The cells that leave hold all cells between them, and each comes after the one that it drains to."""
    elevation = rough()
    drainage, counts = drained(elevation)
    assert counts.ravel()[drainage.receivers == catchments.OUT].sum() == np.isfinite(elevation).sum()
    assert sorted(drainage.order) == sorted(np.flatnonzero(np.isfinite(elevation)))
    place = np.full(elevation.size, -1)
    place[drainage.order] = np.arange(drainage.order.size)
    down = drainage.receivers[drainage.order]
    assert (place[np.maximum(down, 0)] < np.arange(down.size))[down >= 0].all()
    assert (drainage.receivers[np.isnan(elevation).ravel()] == catchments.NO_CELL).all()


def test_a_way_out_climbs_no_more_than_it_must():
    """A crater with a notch: all that falls within leaves through the notch."""
    axis = np.arange(-8, 9)
    distance = np.maximum(np.abs(axis[:, None]), np.abs(axis))
    elevation = np.where(distance == 5, 100.0, np.where(distance < 5, 10.0 + distance, 60.0 - distance))
    elevation[8, 13] = 40.0
    _drainage, counts = drained(elevation)
    assert counts[8, 13] >= 81
    level = drained(np.full((12, 12), 3.0))[0]
    assert (level.receivers == catchments.OUT).sum() == 44


@pytest.mark.parametrize("turn", [np.flipud, np.fliplr, np.transpose])
def test_directions_do_not_matter_where_slopes_differ(turn):
    """Turned, the same cells hold the same area; without equal slopes there is nothing to choose."""
    elevation = rough()
    npt.assert_array_equal(drained(turn(elevation))[1], turn(drained(elevation)[1]))


def test_nested_catchments_part_the_ground():
    """Own ground of an outlet is its whole catchment less those of the next outlets upstream."""
    elevation = rough()
    drainage, counts = drained(elevation)
    outlets = np.argsort(counts.ravel())[[-1, -5, -30, -60, -90]]
    labels = catchments.labels_of(*drainage, outlets)
    below = catchments.downstream_of(drainage.receivers, labels, outlets)
    own = np.bincount(labels[labels >= 0], minlength=5).astype(float)
    whole = counts.ravel()[outlets]
    for number in range(5):
        assert own[number] == whole[number] - whole[below == number].sum()
    assert (labels[outlets] == np.arange(5)).all()
