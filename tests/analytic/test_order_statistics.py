"""Statistics taken piece by piece equal those of numpy on the whole."""

import numpy as np
import numpy.testing as npt
import pytest

from craton.kernels.order_statistics import moments, quantiles

PROBABILITIES = np.array([0.0, 0.01, 0.25, 0.5, 0.75, 0.999, 1.0])

CASES = {
    "normal about a large mean": np.random.default_rng(1).normal(1e6, 2.0, 50_000),
    "heavy tail": np.random.default_rng(2).lognormal(0, 3, 50_000),
    "few classes": np.random.default_rng(3).integers(0, 4, 50_000).astype(float),
    "two numbers": np.array([1.0, 2.0]),
    "gaps": np.where(np.random.default_rng(4).random(20_000) < 0.3, np.nan, np.arange(20_000.0)),
}


def pieces_of(values):
    return lambda: iter(np.array_split(values, 7))


@pytest.mark.parametrize("values", CASES.values(), ids=CASES)
def test_moments_equal_those_of_the_whole(values):
    """Count, range, mean and deviation agree with numpy to 1e-11, though the mean is far from zero."""
    known = moments(pieces_of(values))
    assert (known.number, known.missing) == (np.isfinite(values).sum(), np.isnan(values).sum())
    assert (known.minimum, known.maximum) == (np.nanmin(values), np.nanmax(values))
    npt.assert_allclose([known.mean, known.deviation], [np.nanmean(values), np.nanstd(values)], rtol=1e-11)


@pytest.mark.parametrize("values", CASES.values(), ids=CASES)
def test_quantiles_are_exact(values):
    """Linear interpolation between ranks gives what numpy gives, to rounding."""
    found = quantiles(pieces_of(values), PROBABILITIES, moments(pieces_of(values)))
    npt.assert_allclose(found, np.nanquantile(values, PROBABILITIES), rtol=1e-12)


def test_constants_and_nothing():
    """A constant is its own quantile; without a number all is missing."""
    same = pieces_of(np.full(30, 4.0))
    npt.assert_array_equal(quantiles(same, PROBABILITIES, moments(same)), np.full(7, 4.0))
    nothing = pieces_of(np.array([np.nan, np.inf]))
    assert moments(nothing).missing == 2
    assert np.isnan(quantiles(nothing, PROBABILITIES, moments(nothing))).all()
