"""Resampling against closed forms and against the implementation of SciPy."""

import numpy as np
import numpy.testing as npt
import pytest
from scipy.interpolate import RegularGridInterpolator

from craton.kernels.resample import resample


def edges(start, side, count):
    return start + side * np.arange(count + 1)


def at_centres(function, rows, columns):
    return function(*np.meshgrid((rows[1:] + rows[:-1]) / 2, (columns[1:] + columns[:-1]) / 2, indexing="ij"))


@pytest.mark.parametrize(
    ("method", "function"),
    [
        ("bilinear", lambda n, e: 3 + 0.5 * n - 0.2 * e),
        ("bilinear", lambda n, e: 3 + 0.5 * n - 0.2 * e + 0.1 * n * e),
        ("cubic", lambda n, e: 3 + 0.5 * n - 0.2 * e + 0.3 * n**2 - 0.1 * n * e),
    ],
)
@pytest.mark.parametrize("side", [0.3, 0.7, 1.0, 2.5])
def test_polynomials_are_exact(method, function, side):
    """Planes (and their product) under bilinear, quadratics under cubic, away from the edge, to rounding."""
    cells = function(*np.mgrid[:30, :40].astype(float))
    rows, columns = edges(2.0, side, int(24 / side)), edges(2.0, side, int(34 / side))
    npt.assert_allclose(
        resample(cells, rows, columns, method), at_centres(function, rows, columns), atol=1e-11
    )


def test_bilinear_equals_the_interpolator_of_scipy():
    """Between centres both take the four cells around, so only rounding differs."""
    cells = np.random.default_rng(1).normal(size=(20, 25))
    rows, columns = edges(0.13, 0.37, 50), edges(0.21, 0.41, 55)
    other = RegularGridInterpolator((np.arange(20), np.arange(25)), cells)
    expected = at_centres(lambda n, e: other((n, e)), rows, columns)
    npt.assert_allclose(resample(cells, rows, columns, "bilinear"), expected, atol=1e-13)


def test_nearest_takes_the_cell_that_holds_the_centre():
    """Twice as many cells repeat each value twice."""
    cells = np.arange(12.0).reshape(3, 4)
    found = resample(cells, edges(-0.5, 0.5, 6), edges(-0.5, 0.5, 8), "nearest")
    npt.assert_array_equal(found, np.repeat(np.repeat(cells, 2, axis=0), 2, axis=1))


def test_average_of_whole_blocks_is_the_mean_of_their_cells():
    """A new cell over 3 by 4 old ones is their mean."""
    cells = np.random.default_rng(2).normal(size=(12, 20))
    found = resample(cells, edges(-0.5, 3, 4), edges(-0.5, 4, 5), "average")
    npt.assert_allclose(found, cells.reshape(4, 3, 5, 4).mean(axis=(1, 3)), atol=1e-14)


def test_average_weighs_by_overlap_and_keeps_the_sum():
    """Over cells of 1.6 the integral over the whole stays the same."""
    cells = np.random.default_rng(3).normal(size=(16, 24))
    found = resample(cells, edges(-0.5, 1.6, 10), edges(-0.5, 1.6, 15), "average")
    npt.assert_allclose(found.sum() * 1.6**2, cells.sum(), rtol=1e-12)


@pytest.mark.parametrize("method", ["nearest", "bilinear", "cubic", "average"])
def test_the_same_cells_give_the_same_values(method):
    """Onto its own cells a grid is unchanged, gaps included."""
    cells = np.random.default_rng(4).normal(size=(9, 8))
    cells[3:5, 2:6] = np.nan
    npt.assert_allclose(resample(cells, edges(-0.5, 1, 9), edges(-0.5, 1, 8), method), cells, atol=1e-14)


@pytest.mark.parametrize("method", ["nearest", "bilinear", "cubic", "average"])
def test_outside_and_within_gaps_there_is_no_value(method):
    """Cells beyond the edge and in the middle of a gap are missing; constants stay constant around it."""
    cells = np.full((10, 10), 7.0)
    cells[4:7, 4:7] = np.nan
    found = resample(cells, edges(-2.5, 0.5, 30), edges(-2.5, 0.5, 30), method)
    assert np.isnan(found[:4]).all()
    assert np.isnan(found[:, -4:]).all()
    assert np.isnan(found[14:18, 14:18]).all()
    npt.assert_allclose(found[np.isfinite(found)], 7.0, atol=1e-13)
    assert np.isfinite(found[4:24, 4:24]).sum() >= 20 * 20 - 7 * 7


def test_half_the_weight_decides():
    """A new cell over two old ones has a value where one of the two has, and not over one of three."""
    cells = np.array([[1.0, np.nan, np.nan, 5.0, np.nan, np.nan]] * 2)
    two = resample(cells, edges(-0.5, 2, 1), edges(-0.5, 2, 3), "average")
    npt.assert_array_equal(two, [[1.0, 5.0, np.nan]])
    three = resample(cells, edges(-0.5, 2, 1), edges(-0.5, 3, 2), "average")
    npt.assert_array_equal(three, [[np.nan, np.nan]])
