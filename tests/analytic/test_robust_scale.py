"""Robust spread, thresholds, precision of pairs, levelling lines and rotation: closed forms and books."""

import numpy as np
import pytest
from scipy.stats import norm

from craton.kernels import levelling_factors, robust_scale
from craton.kernels.factor_rotation import varimax

NORMAL = norm.ppf((np.arange(2000) + 0.5) / 2000)
"""Normal scores: a sample whose quantiles are those of the distribution."""


def test_spreads_of_a_normal_sample():
    """The scaled median deviation is 1; the inner fence is at 2.698; both within the sample's steps."""
    assert robust_scale.median_deviation(NORMAL)[1] == pytest.approx(1.0, abs=2e-3)
    limits = robust_scale.fences(NORMAL, 1.5)
    assert limits.upper == pytest.approx(4 * norm.ppf(0.75), abs=2e-3)
    assert limits.lower == pytest.approx(-limits.upper, abs=1e-12)


def test_outliers_move_the_mean_but_not_the_median():
    """A tenth of huge values: the median limit moves by less than half a deviation, the mean's by many."""
    dirty = np.append(NORMAL, np.full(200, 1000.0))
    assert robust_scale.around_median(dirty, 2).upper < 2.5
    assert robust_scale.deviations_from_mean(dirty, 2).upper > 100


def test_clipping_ends_where_nothing_is_beyond():
    """One round takes the outliers away, further ones the tails, until all are within three deviations."""
    limits, kept = robust_scale.clipped(np.append(NORMAL, [50.0, 60.0]), 3.0, 2.0)
    inside = NORMAL[np.abs(NORMAL) <= 3 * limits.spread]
    assert kept == inside.size
    assert limits.upper == pytest.approx(inside.mean() + 2 * inside.std(ddof=1), rel=1e-12)


def test_median_difference_of_pairs_is_0954_deviations():
    """The constant of Thompson and Howarth: √2 times the quartile of the normal distribution."""
    expected = 1 / (np.sqrt(2) * norm.ppf(0.75))
    np.testing.assert_allclose(robust_scale.NORMAL_DIFFERENCE, expected, rtol=1e-9)


def test_thompson_howarth_recovers_a_line():
    """20000 pairs with errors 0.5 + 0.05 c: intercept within 0.05, slope within 2 percent of it."""
    random = np.random.default_rng(5)
    level = random.uniform(0, 100, 20000)
    error = 0.5 + 0.05 * level
    first, second = (level + error * random.normal(size=level.size) for _time in range(2))
    found = robust_scale.thompson_howarth(first, second, 101)
    assert found.at_zero == pytest.approx(0.5, abs=0.05)
    assert found.slope == pytest.approx(0.05, rel=0.02)


def test_precision_is_never_a_line_below_zero():
    """Errors that fall with concentration, and ones that vanish at 10: a level, a line through 0."""
    level = np.repeat([10.0, 20.0], 11)
    falling = robust_scale.thompson_howarth(level, level + np.repeat([2.0, 1.0], 11))
    assert falling.slope == 0.0
    rising = robust_scale.thompson_howarth(level, level + np.repeat([0.0, 2.0], 11))
    assert (rising.at_zero, rising.slope > 0) == (0.0, True)
    assert np.isnan(robust_scale.thompson_howarth(level[:11], level[:11]).slope)


def test_lines_through_pairs():
    """Exact lines come out exactly; with noise the reduced axis is the same after x and y change places."""
    x = np.array([1.0, 2.0, 4.0, 8.0])
    assert robust_scale.least_squares(x, 3 * x + 1) == pytest.approx((3, 1, 1), rel=1e-14)
    y = 2 * x + np.array([1.0, -1.0, 1.0, -1.0])
    there, back = robust_scale.reduced_major_axis(x, y), robust_scale.reduced_major_axis(y, x)
    assert there.slope * back.slope == pytest.approx(1.0, rel=1e-14)
    assert np.isnan(robust_scale.reduced_major_axis(np.ones(4), x).slope)


def test_median_below_a_limit_is_not_known():
    """Two of five below leave the median; three do not; a limit above it takes it away."""
    values = np.array([1.0, 1.0, 3.0, 5.0, 7.0])
    assert levelling_factors.censored_median(values, np.array([1, 1, 0, 0, 0], bool)) == 3.0
    assert np.isnan(levelling_factors.censored_median(values, np.array([1, 1, 1, 0, 0], bool)))
    high = np.array([6.0, 1.0, 3.0, 5.0, 7.0])
    assert np.isnan(levelling_factors.censored_median(high, np.array([1, 0, 0, 0, 0], bool)))


def test_quantile_levelling_undoes_a_rising_change():
    """A campaign that is the reference squared comes back, but between the percentiles and beyond."""
    reference = np.random.default_rng(6).lognormal(size=4000)
    marks = np.quantile(reference, np.linspace(0, 1, 101))
    found = levelling_factors.quantile_map(marks**2, reference**2, reference)
    np.testing.assert_allclose(found, marks, rtol=2e-3)
    assert levelling_factors.quantile_map(np.array([4.0]), np.array([1.0, 2.0]), np.array([3.0, 6.0])) == 12.0


def test_score_levelling_undoes_a_line():
    """Median and spread of 3 x + 2 come back to those of x exactly."""
    own = 3 * NORMAL + 2
    np.testing.assert_allclose(levelling_factors.score_line(own, NORMAL), (1 / 3, -2 / 3), rtol=1e-12)
    assert np.isnan(levelling_factors.score_line(np.ones(9), NORMAL)[0])


def test_varimax_of_a_published_example():
    """Five socio-economic variables (Harman 1976), rotated as the manual of SAS PROC FACTOR prints."""
    unrotated = np.array(
        [
            [0.62533, 0.76621],
            [0.71370, -0.55515],
            [0.71447, 0.67936],
            [0.87899, -0.15847],
            [0.74215, -0.57806],
        ]
    )
    printed = [
        [0.02255, 0.98874], [0.90419, 0.00055], [0.14625, 0.97499], [0.79085, 0.41509], [0.94072, -0.00004],
    ]  # fmt: skip
    rotated, rotation = varimax(unrotated)
    # The unrotated loadings are printed with five decimals.
    np.testing.assert_allclose(rotated, printed, atol=2e-5)
    np.testing.assert_allclose(rotation.T @ rotation, np.eye(2), atol=1e-14)


def test_rotation_keeps_what_is_explained_and_finds_a_simple_structure():
    """Loadings turned away from simple ones come back, and communalities stay."""
    simple = np.array([[0.9, 0, 0], [0.8, 0, 0], [0, 0.7, 0], [0, 0.9, 0], [0, 0, 0.6], [0, 0, 0.8]])
    turn = np.linalg.qr(np.random.default_rng(7).normal(size=(3, 3)))[0]
    rotated = varimax(simple @ turn)[0]
    np.testing.assert_allclose((rotated**2).sum(axis=1), (simple**2).sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(np.sort(np.abs(rotated), axis=1)[:, :2], 0.0, atol=1e-6)
