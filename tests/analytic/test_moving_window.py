"""Moving windows: the singularity of exact fields, and means, deviations and medians one by one."""

import warnings

import numpy as np
import numpy.testing as npt
import pytest

from craton.kernels import moving_window

HALVES = np.arange(10)


def peak(index, reach=12):
    """Field whose squares of side 2h + 1 about the middle hold (2h + 1)^index: index there is exact."""
    axis = np.abs(np.arange(-reach, reach + 1))
    ring = np.maximum(axis[:, None], axis)
    inner = np.where(ring > 0, np.maximum(2.0 * ring - 1, 0.0) ** index, 0.0)
    return ((2.0 * ring + 1) ** index - inner) / np.maximum(8 * ring, 1)


@pytest.mark.parametrize("index", [0.5, 1.3, 2.0, 2.6])
def test_the_index_of_a_power_law(index):
    """Mass (side)^α about the middle gives α, c = 1 for cells of 1, no error, and a correlation of -1 or 1."""
    found = moving_window.mean_scaling(peak(index), HALVES, 1.0)
    at = (12, 12)
    npt.assert_allclose(found.exponent[at], index, rtol=1e-10)
    npt.assert_allclose(found.density[at], 1.0, rtol=1e-9)
    npt.assert_allclose(found.error[at], 0.0, atol=1e-7)
    npt.assert_allclose(found.correlation[at], np.sign(index - 2), atol=1e-9)


def test_a_level_field_has_index_two():
    """No change with size: 2, no error, no correlation, and the density is the field."""
    found = moving_window.mean_scaling(np.full((20, 15), 7.7), HALVES, 250.0)
    npt.assert_allclose(found.exponent, 2.0, rtol=0, atol=1e-12)
    npt.assert_allclose(found.density, 7.7, rtol=1e-12)
    assert not found.error.any()
    assert not found.correlation.any()


def test_the_cascade():
    """A multiplicative cascade of 3 × 3 parts: in the part of weight p throughout, α = -ln p / ln 3.

    Windows of 1, 3, 9 and 27 cells about the middle are its parts at four steps.
    """
    weights = np.array([[0.05, 0.1, 0.05], [0.1, 0.4, 0.1], [0.05, 0.1, 0.05]])
    field = np.ones((1, 1))
    for _ in range(4):
        field = np.kron(field, weights)
    found = moving_window.mean_scaling(field, np.array([0, 1, 4, 13]), 1.0)
    npt.assert_allclose(found.exponent[40, 40], -np.log(0.4) / np.log(3), rtol=1e-10)
    npt.assert_allclose(found.correlation[40, 40], -1.0, rtol=1e-10)


def test_neither_units_nor_cell_size_change_the_index():
    """A field in other units, on cells of another length: the same index; density as the law says."""
    field = np.random.default_rng(1).lognormal(size=(30, 40))
    one, other = (
        moving_window.mean_scaling(field, HALVES, 1.0),
        moving_window.mean_scaling(1e4 * field, HALVES, 5.0),
    )
    npt.assert_allclose(other.exponent, one.exponent, rtol=1e-10)
    npt.assert_allclose(other.density, 1e4 * one.density * 5.0 ** (2 - one.exponent), rtol=1e-8)


def test_the_fit_is_that_of_least_squares():
    """Slope and standard error of one cell against a textbook regression, with gaps in the windows."""
    random = np.random.default_rng(6)
    field = random.lognormal(size=(25, 25))
    field[random.random(field.shape) < 0.2] = np.nan
    field[12, 12] = 3.0
    x = np.log(2 * HALVES + 1.0)
    y = np.array([np.log(np.nanmean(field[12 - h : 13 + h, 12 - h : 13 + h])) for h in HALVES])
    (slope, level), covariance = np.polyfit(x, y, 1, cov=True)
    found = moving_window.mean_scaling(field, HALVES, 1.0)
    npt.assert_allclose(found.exponent[12, 12], 2 + slope, rtol=1e-9)
    npt.assert_allclose(found.density[12, 12], np.exp(level), rtol=1e-9)
    npt.assert_allclose(found.error[12, 12], np.sqrt(covariance[0, 0]), rtol=1e-8)
    npt.assert_allclose(found.correlation[12, 12], np.corrcoef(x, y)[0, 1], rtol=1e-8)


def test_zeros_and_gaps_have_no_index():
    """Where fewer than two windows have anything in them; a cell of 0 beside others has one from wider windows."""
    assert np.isnan(moving_window.mean_scaling(np.zeros((9, 9)), HALVES, 1.0).exponent).all()
    field = np.ones((9, 9))
    field[4, 4], field[0, 0] = 0.0, np.nan
    index = moving_window.mean_scaling(field, HALVES, 1.0).exponent
    assert index[4, 4] > 2
    assert np.isnan(index[0, 0])
    alone = np.full((9, 9), np.nan)
    assert np.isnan(moving_window.mean_scaling(alone, HALVES, 1.0).exponent).all()


def test_windows_of_zeros_do_not_count():
    """In a hole of zeros among large numbers the line is that of the windows which reach out of it."""
    field = np.random.default_rng(3).lognormal(6.0, 3.0, (500, 500))
    field[365:386, 365:386] = 0.0
    found = moving_window.mean_scaling(field, np.arange(16), 1.0)
    row, column = 366, 384
    halves = np.arange(2, 16)
    means = [field[row - h : row + h + 1, column - h : column + h + 1].mean() for h in halves]
    slope = np.polyfit(np.log(2 * halves + 1), np.log(means), 1)[0]
    npt.assert_allclose(found.exponent[row, column], 2.0 + slope, rtol=1e-7)


@pytest.mark.parametrize("half", [1, 3, 20])
def test_means_deviations_and_medians_one_by_one(half):
    """Every cell against numpy on its own window, with gaps, ties and windows wider than the grid."""
    random = np.random.default_rng(half)
    field = random.lognormal(size=(17, 13)).round(1)
    field[random.random(field.shape) < 0.3] = np.nan
    field[:6, :6] = np.nan
    mean, deviation = moving_window.mean_and_deviation(field, half)
    median = moving_window.moving_median(field, half)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for row, column in np.ndindex(field.shape):
            window = field[max(row - half, 0) : row + half + 1, max(column - half, 0) : column + half + 1]
            npt.assert_equal(median[row, column], np.nanmedian(window))
            npt.assert_allclose(mean[row, column], np.nanmean(window), rtol=1e-11)
            spread = np.nanstd(window, ddof=1) if np.isfinite(window).sum() > 1 else np.nan
            npt.assert_allclose(deviation[row, column], spread, rtol=1e-9, atol=1e-9)


def test_a_level_field_does_not_deviate():
    """Rounding of large sums is no deviation."""
    mean, deviation = moving_window.mean_and_deviation(np.full((50, 50), 1e6 / 3), 4)
    npt.assert_allclose(mean, 1e6 / 3, rtol=1e-14)
    assert not deviation.any()
