"""Mann–Kendall, Sen, seasons and pre-whitening: identities, exact variances, and published results."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from craton.kernels import trend_tests as kernel
from craton.methods import trend_tests as methods
from craton.methods.trend_series import per_year
from craton.model.errors import ContractError

BOGRA = """
32 20 25 189 240 193 379 278 301 0 0 82  0 4 nan nan 121 234 360 262 120 30 11 1
7 3 31 31 355 102 248 274 308 nan 5 26  11 16 6 48 388 539 431 272 404 186 0 2
0 4 1 54 272 459 235 164 365 135 2 nan  nan 4 0 128 210 163 446 225 462 467 19 13
0 3 17 132 178 338 525 623 145 31 19 3  0 29 25 87 259 756 486 180 292 43 92 1
0 16 2 0 130 253 594 111 273 30 0 4  0 27 24 41 292 378 499 265 320 227 4 0
4 14 8 48 416 240 404 207 733 105 0 112  0 14 0 30 140 202 289 159 424 106 3 0
65 3 14 58 268 466 432 266 240 95 1 0  10 26 4 114 94 289 173 208 263 156 5 0
16 16 14 0 111 475 534 432 471 117 70 1  3 28 7 401 184 283 338 171 335 176 0 0
10 11 9 140 102 208 298 245 220 29 2 27  10 13 26 84 143 367 749 563 283 353 10 0
0 0 0 9 246 265 343 429 168 133 17 0  18 35 76 158 272 250 190 289 466 84 0 0
0 0 0 22 217 299 185 115 344 203 8 nan  nan 0 5 284 123 254 476 496 326 27 20 0
4 53 72 113 214 364 219 220 156 264 0 13  0 0 45 90 137 638 529 261 206 251 0 0
5 9 58 72 138 130 471 328 356 523 0 1  0 0 12 143 193 184 192 138 174 69 1 0
0 18 25 28 92 732 320 256 302 131 15 0  27 0 22 20 213 393 474 374 109 159 0 0
0 3 3 49 205 128 194 570 169 89 0 0  0 0 0 26 185 286 92 225 244 190 3 20
"""
"""Monthly rain at Bogra, Bangladesh, 1981 to 2010, in mm: test data of pyMannKendall (MIT licence)."""

RAIN = np.array(BOGRA.split(), float)


def one(values, times=None, **options):
    """Trend of one series."""
    times = np.arange(len(values)) if times is None else times
    found = kernel.mann_kendall(np.array([values], float), np.array(times, float), **options)
    return kernel.Trend(*(part[0] for part in found))


def rain(**more):
    """Table of `RAIN` by month."""
    return pd.DataFrame(
        {"date": pd.date_range("1981-01", periods=RAIN.size, freq="MS"), "rain": RAIN, **more}
    )


def test_rain_of_bogra_as_pymannkendall_has_it():
    """S, var S, z, p and tau of its test suite for the whole series, for months and for whitened series.

    Slope and start are those of its fixture that keeps the times of gaps. The slope of months is the median of all
    pairs as defined, −2/23 mm a year, where its own is −1/6.
    """
    found = one(RAIN)
    assert (found.score, found.tau) == (-1959.0, pytest.approx(-0.03153167653875869, rel=1e-14))
    np.testing.assert_allclose(found.variance, 4889800.333333333, rtol=1e-14)
    np.testing.assert_allclose([found.z, found.p], [-0.8854562842589916, 0.37591058740506833], rtol=1e-13)
    np.testing.assert_allclose(
        [found.slope, found.start], [-0.006369426751592357, 96.15286624203821], rtol=1e-13
    )
    months = methods.mann_kendall(rain(), "rain", "date", seasons=12).iloc[0]
    expected = [-399.0, 34702.333333333336, -2.136504114534638, 0.03263834596177739, -0.0794979079497908]
    names = ["score", "score_variance", "z_score", "p_value", "tau"]
    np.testing.assert_allclose(months[names].astype(float), expected, rtol=1e-13)
    table = RAIN.reshape(30, 12)
    first, second = np.triu_indices(30, 1)
    assert months["slope"] == np.nanmedian((table[second] - table[first]) / (second - first)[:, None])
    assert (months["trend"], months["count"], months["missing"]) == ("decreasing", 353, 7)
    there = RAIN[~np.isnan(RAIN)]
    plain = one(there, whitening=kernel.WHITENED, only_sure=False)
    np.testing.assert_allclose([plain.score, plain.variance], [-219, 4865719], rtol=1e-14)
    free = one(there, whitening=kernel.TREND_FREE, only_sure=False)
    assert free.variance == pytest.approx(4866576, rel=1e-14)
    # Two pairs of whitened values differ by rounding only, each of which may turn the score −632 by 1 or −1.
    assert free.score == pytest.approx(-632, abs=2)


def test_an_example_by_hand():
    """J. Little's (Holy Cross) fourteen values, counted pair by pair: S 54, one tie, Z 2.9058."""
    values = "12.9 14.8 13.2 15.7 13.8 15.6 12.9 11.0 17.3 15.9 19.0 18.3 20.1 21.7"
    found = one(np.array(values.split(), float))
    assert (found.score, found.variance * 18, round(found.z, 4)) == (54, 14 * 13 * 33 - 2 * 9, 2.9058)


def test_months_of_numbers_are_those_of_dates():
    """Months as dates, as sums of twelfths, cut to two decimals, and as days of the year, are the same seasons.

    The line of a series that rises steadily starts at its first value.
    """
    dates = pd.date_range("2000-01", periods=120, freq="MS")
    days = dates.year + (dates.day_of_year - 1) / np.where(dates.is_leap_year, 366, 365)
    table = pd.DataFrame({
        "date": dates, "sums": np.arange(120) * (1 / 12) + 2000, "cut": np.floor((2000 + np.arange(120) / 12) * 100) / 100,
        "days": days, "level": np.random.default_rng(8).normal(size=120), "steady": 5 + np.arange(120) / 12,
    })  # fmt: skip
    known = methods.mann_kendall(table, "level", "date", seasons=12).iloc[0]
    for time in ("sums", "cut", "days"):
        found = methods.mann_kendall(table, "level", time, seasons=12).iloc[0]
        assert (found["score"], found["slope"]) == (known["score"], known["slope"])
    line = methods.mann_kendall(table, "steady", "date", seasons=12).iloc[0]
    assert (line["slope"], line["start_value"]) == (pytest.approx(1), pytest.approx(5))


@pytest.mark.parametrize(
    ("values", "times", "most"),
    [([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6], 15), ([1, 1, 2, 3, 3, 3], [1, 2, 2, 3, 4, 4], 10)],
)
def test_the_variance_is_that_of_all_orders(values, times, most):
    """Mean of S² over all 720 orders of six values, without and with equal values and times; S of them in order."""
    later = np.subtract.outer(times, times) > 0
    scores = [(np.sign(np.subtract.outer(x, x)) * later).sum() for x in permutations(values)]
    found = one(values, times)
    assert found.variance == pytest.approx(np.mean(np.square(scores)), rel=1e-14)
    assert found.score == most
    assert one(range(10)).variance == 125


def test_slope_and_limits_are_ranks_of_all_slopes():
    """Against sorting all pairs, for values with and without equal ones, in uneven time; limits linear by rank."""
    random = np.random.default_rng(1)
    for size, digits in ((5, 9), (30, 0), (31, 9), (90, 1)):
        x, t = np.round(random.normal(size=size).cumsum(), digits), np.sort(random.uniform(0, 9, size))
        first, second = np.triu_indices(size, 1)
        slopes = np.sort((x[second] - x[first]) / (t[second] - t[first]))
        found = one(x, t)
        assert found.slope == np.median(slopes)
        spread = 1.959963984540054 * np.sqrt(found.variance)
        ranks = np.array([(slopes.size - spread) / 2 - 1, (slopes.size + spread) / 2])
        expected = np.interp(ranks, np.arange(slopes.size), slopes) if ranks[0] >= 0 else [np.nan] * 2
        np.testing.assert_allclose([found.lower, found.upper], expected, rtol=1e-12)
        assert found.start == pytest.approx(np.median(x) + found.slope * (t[0] - np.median(t)), rel=1e-12)


def test_turns_and_units():
    """Reversed time turns the sign of S and slope; units scale the slope; neither touches p; threads neither."""
    x = np.random.default_rng(2).normal(size=(40, 20)).cumsum(axis=1)
    t = np.arange(20.0)
    plain = kernel.mann_kendall(x, t)
    back, scaled = kernel.mann_kendall(x[:, ::-1], t), kernel.mann_kendall(3 * x + 7, 12 * t)
    np.testing.assert_array_equal(plain.score, -back.score)
    np.testing.assert_allclose(plain.slope, -back.slope, rtol=1e-12)
    np.testing.assert_allclose(scaled.slope, plain.slope / 4, rtol=1e-11, atol=1e-14)
    np.testing.assert_array_equal(plain.p, scaled.p)
    np.testing.assert_array_equal(plain.slope, [one(row).slope for row in x])


def test_whitening_takes_chance_and_leaves_trends():
    """Of 400 autocorrelated series without a trend (r 0.6) a tenth at most seem to have one, before it a third.

    The slope stays that of the series; an autocorrelation within its limits is left in.
    """
    random = np.random.default_rng(3)
    x = random.normal(size=(400, 60))
    for step in range(1, 60):
        x[:, step] += 0.6 * x[:, step - 1]
    t = np.arange(60.0)
    plain, white = kernel.mann_kendall(x, t), kernel.mann_kendall(x, t, whitening=kernel.WHITENED)
    assert ((plain.p < 0.05).mean() > 0.3, (white.p < 0.05).mean() < 0.1) == (True, True)
    np.testing.assert_array_equal(plain.slope, white.slope)
    kept = np.abs(white.autocorrelation + 1 / 59) <= kernel.SURE * np.sqrt(58) / 59
    np.testing.assert_array_equal(white.score == plain.score, kept | (white.score == plain.score))


def test_slopes_are_told_in_units_a_year():
    """Of dates; a step of a degree Celsius is a kelvin, microsiemens are no microseconds, per cent stay so."""
    rates = {"m": "m/a", "degC": "K/a", "uS/cm": "uS/cm/a", "%": "%/a", "": "1/a", "mg/L": "mg/L/a"}
    assert {unit: per_year(unit, dated=True) for unit in rates} == rates
    assert per_year("m", dated=False) == ""


def test_gaps_do_not_hide_autocorrelation():
    """Of 300 autocorrelated series (r 0.6) r is found within 0.03 also where 4 values of 10 are missing."""
    random = np.random.default_rng(9)
    x = random.normal(size=(300, 100))
    for step in range(1, 100):
        x[:, step] += 0.6 * x[:, step - 1]
    whole = kernel.mann_kendall(x, np.arange(100.0), whitening=kernel.WHITENED)
    x[random.random(x.shape) < 0.4] = np.nan
    part = kernel.mann_kendall(x, np.arange(100.0), whitening=kernel.WHITENED)
    assert abs(part.autocorrelation.mean() - whole.autocorrelation.mean()) < 0.03
    assert (part.p < 0.05).mean() < 0.1


def test_singular_series():
    """One value: z 0, p 1, slope 0. Too few values: a count only. Whitened of a constant: as it is."""
    flat = one([3.0] * 9, whitening=kernel.TREND_FREE)
    assert (flat.score, flat.z, flat.p, flat.slope, flat.lower, flat.upper) == (0, 0, 1, 0, 0, 0)
    few = one([1.0, np.nan, 2, 3])
    assert (few.number, np.isnan(few.slope), np.isnan(few.p)) == (3, True, True)


def test_table_rows_and_grid_tell_the_same():
    """Long table, wide table and grid of the same series, in any order of rows."""
    random = np.random.default_rng(4)
    x = np.round(random.normal(size=(6, 12)), 1)
    x[0, :6] = np.nan
    years = np.arange(2001, 2013)
    wide = pd.DataFrame(x, columns=[f"ndvi_{year}" for year in years]).assign(slope="own")
    rows = methods.mann_kendall_of_rows(wide, tuple(f"ndvi_{year}" for year in years[::-1]))
    long = pd.DataFrame({"unit": np.repeat(range(6), 12), "year": np.tile(years, 6), "ndvi": x.ravel()})
    series = methods.mann_kendall(long.sample(frac=1, random_state=1), "ndvi", "year", group="unit")
    grid = xr.DataArray(
        x.T.reshape(12, 2, 3), {"time": years, "northing": [1.0, 0], "easting": [0.0, 1, 2]},
        ("time", "northing", "easting"), attrs={"units": "1"},
    )  # fmt: skip
    cells = methods.mann_kendall_grid(grid.isel(time=slice(None, None, -1)))
    for name in ("slope", "slope_upper", "p_value", "tau", "count"):
        np.testing.assert_array_equal(rows[name], series[name])
        np.testing.assert_array_equal(rows[name], cells[name].to_numpy().ravel())
    assert (rows["trend"][0], series["missing"][0], list(rows["slope_1"][:1])) == ("too few", 6, ["own"])


def test_what_cannot_be_tested_is_refused():
    """Whitening with seasons or two values at one time, texts as times, one column, equal times, no time axis."""
    table = rain(name="x")
    twice = pd.concat([table, table])
    for call in (
        lambda: methods.mann_kendall(table, "rain", "date", seasons=12, pre_whitening="trend_free"),
        lambda: methods.mann_kendall(twice, "rain", "date", pre_whitening="trend_free"),
        lambda: methods.mann_kendall(table, "rain", "name"),
        lambda: methods.mann_kendall(table.assign(rain=np.nan), "rain", "date"),
        lambda: methods.mann_kendall_of_rows(table, ("rain",)),
        lambda: methods.mann_kendall_of_rows(
            pd.DataFrame(np.ones((2, 4)), columns=list("abcd")),
            tuple("abcd"),
            times=(1.0, 1.0, 2.0, 3.0),
            fewest=4,
        ),
        lambda: methods.mann_kendall_grid(xr.DataArray(np.ones((2, 2)), dims=("northing", "easting"))),
    ):
        with pytest.raises(ContractError):
            call()
