"""Statistics of numbers below detection against published worked examples."""

import numpy as np
import pytest
from scipy.special import ndtri

from craton.kernels.censored import (
    kaplan_meier,
    mean_and_deviation,
    plotting_positions,
    quantile,
    regression_on_order_statistics,
)


def censored(measured, limits):
    """Measured values and limits as the kernels take them."""
    values = np.array([*limits, *measured], float)
    return values, np.arange(values.size) < len(limits)


OAHU = censored([0.5, 0.5, 0.5, 0.6, 0.7, 0.7, 0.9, 1.5, 1.7, 2.8, 3.2], [0.9, *[1.0] * 4, *[2.0] * 8])
"""Arsenic in ug/L in the Manoa stream, Oahu (Tomlinson 2003), as in Helsel (2012), chapter 6."""

HELSEL_COHN = censored([3, 7, 9, 12, 15, 20, 27, 33, 50], [*[1.0] * 6, *[10.0] * 3])
"""Example of appendix B of Helsel and Cohn (1988)."""


def test_kaplan_meier_of_a_published_example():
    """Oahu arsenic: mean 0.949 and median 0.70 of Helsel (2012), to the digits printed."""
    curve = kaplan_meier(*OAHU)
    assert round(mean_and_deviation(curve, 0.9)[0], 3) == 0.949
    assert quantile(curve, 0.5) == 0.7


def test_kaplan_meier_without_limits_is_the_empirical_distribution():
    """Shares k/n, the plain mean and the deviation divided by n."""
    values = np.array([3.0, 1.0, 2.0, 2.0])
    curve = kaplan_meier(values, np.zeros(4, bool))
    assert curve.shares.tolist() == [0.25, 0.75, 1.0]
    np.testing.assert_allclose(mean_and_deviation(curve, 1.0), (2.0, values.std()), rtol=1e-15)


def test_what_lies_below_all_measured_values_has_no_percentile():
    """Three of four below 1: the quartile is unknown, the mean takes them at the limit."""
    curve = kaplan_meier(*censored([5.0], [1.0, 1.0, 1.0]))
    assert np.isnan(quantile(curve, 0.5))
    assert quantile(curve, 0.9) == 5.0
    assert mean_and_deviation(curve, 1.0)[0] == 2.0


def test_plotting_positions_of_a_published_example():
    """Oahu arsenic: the positions printed in Helsel (2012), to three decimals."""
    printed = [
        0.098, 0.102, 0.157, 0.196, 0.204, 0.295, 0.306, 0.314, 0.344, 0.393, 0.407, 0.471, 0.491, 0.509,
        0.589, 0.611, 0.629, 0.713, 0.737, 0.815, 0.829, 0.873, 0.944, 0.972,
    ]  # fmt: skip
    assert np.sort(plotting_positions(*OAHU)).round(3).tolist() == printed


def test_regression_on_order_statistics_of_published_examples():
    """Oahu: mean 0.972, deviation 0.718 (NADA); Helsel and Cohn: the estimates of their appendix B."""
    filled = regression_on_order_statistics(*OAHU)
    assert (round(filled.mean(), 3), round(filled.std(ddof=1), 3)) == (0.972, 0.718)
    values, below = HELSEL_COHN
    estimates = np.sort(regression_on_order_statistics(values, below)[below])
    # They worked with tables of the normal distribution: the last of two decimals is not certain.
    printed = [0.47, 0.85, 1.11, 1.27, 1.76, 2.34, 2.50, 3.03, 4.80]
    np.testing.assert_allclose(estimates, printed, atol=0.011)


def test_regression_recovers_an_exact_line():
    """Measured values on exp(1 + z/2) of their scores: the estimates lie on it too, to rounding."""
    values, below = censored(np.arange(10.0, 40.0), [9.0] * 12)
    scores = ndtri(plotting_positions(values, below))
    line = np.exp(1.0 + 0.5 * scores)
    limit = np.exp(1.0 + 0.5 * scores[~below].min())
    exact = np.where(below, limit, line)
    np.testing.assert_allclose(regression_on_order_statistics(exact, below), line, rtol=1e-12)


@pytest.mark.parametrize("seed", [0, 1])
def test_order_does_not_matter(seed):
    """Shuffled rows give the same curve and the same set of estimates."""
    values, below = OAHU
    order = np.random.default_rng(seed).permutation(values.size)
    one, other = kaplan_meier(values, below), kaplan_meier(values[order], below[order])
    np.testing.assert_array_equal(one.shares, other.shares)
    filled = [np.sort(regression_on_order_statistics(values[o], below[o])) for o in (np.arange(24), order)]
    np.testing.assert_allclose(*filled, rtol=1e-12)
