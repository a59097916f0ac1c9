"""Block means and medians against plain loops."""

import numpy as np
import numpy.testing as npt
import pytest

from craton.kernels.block_reduce import reduce_blocks


def points(count=400, blocks=30, seed=8):
    """Points with ties of values and places."""
    random = np.random.default_rng(seed)
    return (
        random.integers(0, blocks, count),
        random.integers(0, 50, (count, 2)) * 1.0,
        random.integers(0, 20, count) * 0.5,
    )


@pytest.mark.parametrize("blocks", [30, 2])
def test_means_medians_and_spreads_are_those_of_numpy(blocks):
    """By block, with few points (sorted by insertion) and with many."""
    block, places, values = points(blocks=blocks)
    mean = reduce_blocks(block, places, values, median=False)
    median = reduce_blocks(block, places, values, median=True)
    npt.assert_array_equal(mean.block, np.unique(block))
    for number, one in enumerate(mean.block):
        mine = block == one
        npt.assert_allclose(mean.values[number], values[mine].mean(), rtol=1e-14)
        npt.assert_allclose(mean.coordinates[number], places[mine].mean(axis=0), rtol=1e-14)
        npt.assert_allclose(mean.spread[number], values[mine].std(ddof=1), rtol=1e-12)
        assert mean.points[number] == mine.sum()
        assert median.values[number] == np.median(values[mine])


@pytest.mark.parametrize("median", [True, False])
def test_a_plane_stays_a_plane_in_any_order(median):
    """Values on a plane are on it after; shuffled points give the same bits."""
    block, places, _values = points()
    values = 3 + places @ (0.25, -2.0)
    reduced = reduce_blocks(block, places, values, median=median)
    npt.assert_allclose(reduced.values, 3 + reduced.coordinates @ (0.25, -2.0), atol=1e-12)
    order = np.random.default_rng(1).permutation(block.size)
    again = reduce_blocks(block[order], places[order], values[order], median=median)
    for one, other in zip(reduced, again, strict=True):
        npt.assert_array_equal(one, other)


def test_one_point_has_no_spread():
    """A standard deviation needs two."""
    reduced = reduce_blocks(np.array([4]), np.array([[1.0, 2.0]]), np.array([3.0]), median=True)
    assert np.isnan(reduced.spread[0])
    assert (reduced.block[0], reduced.values[0], reduced.points[0]) == (4, 3.0, 1)
