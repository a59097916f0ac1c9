"""Change points, effects of interventions and effect sizes: published results and closed forms."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tests.analytic.test_trend_tests import RAIN

from craton.kernels import change_points as changes
from craton.kernels import effect_sizes as sizes
from craton.kernels import intervention_effects as effects
from craton.methods.trend_change import change_point
from craton.methods.trend_effect_sizes import effect_sizes, pooled_effect
from craton.methods.trend_effects import before_after_control_impact, difference_in_differences
from craton.model.errors import ContractError

NILE = """1120 1160 963 1210 1160 1160 813 1230 1370 1140 995 935 1110 994 1020 960 1180 799 958 1140 1100 1210 1150
1250 1260 1220 1030 1100 774 840 874 694 940 833 701 916 692 1020 1050 969 831 726 456 824 702 1120 1100 832 764 821 768
845 864 862 698 845 744 796 1040 759 781 865 845 944 984 897 822 1010 771 676 649 846 812 742 801 1040 860 874 848 890
744 749 838 1050 918 986 797 923 975 815 1020 906 901 1170 912 746 919 718 714 740"""
"""Flow of the Nile at Aswan, 1871 to 1970, in 1e8 m³ (Cobb 1978)."""

PETTITT = """-1.05 0.96 1.22 0.58 -0.98 -0.03 -1.54 -0.71 -0.35 0.66 0.44 0.91 -0.02 -1.42 1.26 -1.02 -0.81 1.66
1.05 0.97 2.14 1.22 -0.24 1.60 0.72 -0.12 0.44 0.03 0.66 0.56 1.37 1.66 0.10 0.80 1.29 0.49 -0.07 1.18 3.29 1.84"""
"""Pettitt (1979), table 1."""

ORGANS = """7500 7700 7700 7800 7800 7900  2634 2092 2261 2503 2351 2587  2666 2731 2743 2636 2607 2641
6653 6674 6736 6715 6699 6594  3905 3853 3952 4031 3864 3984  3319 2866 2951 4024 3791 3646  3753 3795 3947 4181 4037 4070
4170 4105 4271 4294 4307 4108  5372 5460 5619 5949 5510 5486  4635 4529 4679 4590 4950 4560  1563 1491 1923 2461 2294 4216
5358 5173 5202 5246 5280 5398  4025 3987 4063 4089 4150 4127  6429 6406 6578 6683 6674 6523  4541 4337 4360 4405 4389 4519
5576 5594 5643 5334 5248 5253  3037 3109 3039 3109 3127 3334  1249 1267 1314 1451 1277 1229  5239 5190 5320 5340 5284 5126
5545 5593 5701 5701 5751 5645  4531 4536 4553 4559 4551 4527  3083 2617 2556 2641 2966 2280  3268 3249 3382 3428 3385 3400
2645 3623 3455 3590 3443 3701  5811 5893 5882 5846 5842 5947  5735 5710 5720 5688 5660 5814  5931 5946 5937 5911 5854 5881"""
"""Kessler and Roth (2014): part in 10,000 who register as donors of organs, in 27 states in six quarters from the last
of 2010; California, the third, asked in another way from the fourth on."""

TESTS = """94 22 60 92 20 60  98 21 65 92 22 65  98 28 40 88 26 40  94 19 200 82 17 200  98 21 50 88 22 45
96 21 85 92 22 85"""
"""Borenstein et al. (2009), table 14.1: mean, deviation and number, treated and control, of six studies."""

BCG = """4 119 11 128  6 300 29 274  3 228 11 209  62 13536 248 12619  33 5036 47 5761  180 1361 372 1079
8 2537 10 619  505 87886 499 87892  29 7470 45 7232  17 1699 65 1600  186 50448 141 27197  5 2493 3 2338
27 16886 29 17825"""
"""Colditz et al. (1994): with and without tuberculosis, vaccinated and not, in 13 trials."""


def test_published_change_points():
    """Pettitt's own example, K 232 and p 0.0146 after 17; the Nile after 28 years (1898) by all tests.

    Sup F 75.93 and the OLS-CUSUM 2.9518 with p 5.409e-8 are those of R's strucchange; Pettitt's U of the Nile is
    compared with its double sum.
    """
    found = changes.pettitt(np.array(PETTITT.split(), float))
    assert (found.statistic, round(found.p, 4), found.place) == (232, 0.0146, 17)
    flow = np.array(NILE.split(), float)
    largest, summed, ranked = changes.largest_f(flow), changes.cumulated(flow), changes.pettitt(flow)
    assert (round(largest.statistic, 2), largest.place, largest.p < 2.2e-16 * 2) == (75.93, 28, True)
    assert (round(summed.statistic, 4), f"{summed.p:.3e}", summed.place) == (2.9518, "5.409e-08", 28)
    signs = np.sign(np.subtract.outer(flow, flow))
    sums = [abs(signs[:k, k:].sum()) for k in range(1, 100)]
    assert (ranked.statistic, ranked.place) == (max(sums), 1 + int(np.argmax(sums)))


def test_pettitt_of_the_rain_of_bogra():
    """As pyHomogeneity's test suite has it: U 2716, means 157.872852 and 120.935484 on both sides."""
    rain = RAIN[~np.isnan(RAIN)]
    found = changes.pettitt(rain)
    means = rain[: found.place].mean(), rain[found.place :].mean()
    assert (found.statistic, *means) == (2716, 157.87285223367698, 120.93548387096774)


@pytest.mark.parametrize("level", [0.1, 0.3, 7.7])
def test_one_value_is_no_change_and_no_effect(level):
    """Also where the mean of equal values differs from them by rounding; nor are sums of places and times an effect."""
    for size in (10, 13, 20):
        for test in (changes.pettitt, changes.largest_f, changes.cumulated):
            assert test(np.full(size, level)) == (0, 1, 0)
    cells = [np.full(size, level) for size in (10, 3, 6, 7)]
    assert effects.judged(effects.contrast(cells, (-1, 1, 1, -1)), 0.95) == (0, 0, 0, 1)
    steady = [np.full(4, part) for part in (0.1, 0.3, 0.2, 0.4)]
    assert effects.contrast(steady, (-1, 1, 1, -1)) == (0, 0, 12)
    units, times = np.repeat(np.arange(7), 5), np.tile(np.arange(5), 7)
    works = ((units < 3) & (times > 2)).astype(float)
    assert effects.two_way(level * units + 0.3 * times, works, units, times) == (0, 0, 23)


@pytest.mark.parametrize(("statistic", "chance"), [(7.12, 0.10), (8.68, 0.05), (12.16, 0.01)])
def test_largest_f_has_the_critical_values_of_andrews(statistic, chance):
    """Andrews (2003, corrigendum, table 1, one parameter, 15 %): p within 12 % of itself, as the expansion is."""
    step = np.r_[np.zeros(50), np.ones(50)]
    wave = np.tile([1.0, -1.0], 50)
    # A step of a height that has this statistic, on a wave that has no other.
    height = np.sqrt(statistic * 100 / 98 / 25)
    found = changes.largest_f(wave + height * step)
    assert (found.place, found.statistic) == (50, pytest.approx(statistic, rel=1e-9))
    assert found.p == pytest.approx(chance, rel=0.12)


def test_change_points_of_a_table():
    """By group in any order of rows: years of the change, means; a constant has none, and few values are told."""
    flow = pd.DataFrame(
        {"year": np.arange(1871, 1971), "flow": np.array(NILE.split(), float), "river": "Nile"}
    )
    flat = pd.DataFrame({"year": np.arange(20), "flow": 1.0, "river": "flat"})
    table = pd.concat([flow, flat, flat[:3].assign(river="short")]).sample(frac=1, random_state=0)
    found = change_point(table, "flow", "year", group="river", method="largest_f").set_index("group")
    assert found.loc["Nile", ["last_before", "first_after", "change"]].tolist() == [1898, 1899, "yes"]
    assert found.loc["Nile", "difference"] == pytest.approx(849.9722222 - 1097.75)
    assert found.loc["flat", ["p_value", "change"]].tolist() == [1, "no"]
    assert found.loc["short", "change"] == "too few"
    steps = change_point(
        flow.assign(flow=np.r_[np.zeros(40), np.ones(60)]), "flow", "year", method="largest_f"
    )
    assert steps.loc[0, ["statistic", "p_value", "last_before"]].tolist() == [np.inf, 0, 1910]
    with pytest.raises(ContractError, match="one value at each time"):
        change_point(pd.concat([flow, flow]), "flow", "year")


def monitoring():
    """Two sites at eight times: both rise by 1, impact by 3 more."""
    random = np.random.default_rng(5)
    table = pd.DataFrame({"site": ["pit"] * 8 + ["far"] * 8, "time": [*range(8)] * 2})
    later = table["time"] >= 4
    table["phase"] = np.where(later, "after", "before")
    shared = np.tile(random.normal(size=8), 2)
    table["cover"] = (
        5 + shared + later + 3 * (later & (table["site"] == "pit")) + 0.1 * random.normal(size=16)
    )
    return table


def test_before_after_control_impact():
    """Four means by hand, Welch's error; in pairs it is Welch's test of the differences (scipy)."""
    table = monitoring()
    given = {"site": "site", "impact": "pit", "period": "phase", "after": "after"}
    found = before_after_control_impact(table, ("cover",), **given).iloc[0]
    cells = [
        c.to_numpy() for _, c in table.groupby(["site", "phase"])["cover"]
    ]  # far after, far before, pit …
    effect = cells[2].mean() - cells[3].mean() - cells[0].mean() + cells[1].mean()
    assert found["effect"] == pytest.approx(effect, rel=1e-12)
    assert found["standard_error"] == pytest.approx(np.sqrt(sum(c.var(ddof=1) / 4 for c in cells)), rel=1e-12)
    paired = before_after_control_impact(
        table.sample(frac=1, random_state=2), ("cover",), **given, pair="time"
    )
    apart = table["cover"][:8].to_numpy() - table["cover"][8:].to_numpy()
    known = stats.ttest_ind(apart[4:], apart[:4], equal_var=False)
    limits = known.confidence_interval(0.95)
    names = ["effect", "t", "degrees_of_freedom", "p_value", "lower", "upper"]
    expected = [effect, known.statistic, known.df, known.pvalue, limits.low, limits.high]
    np.testing.assert_allclose(paired.loc[0, names].astype(float), expected, rtol=1e-9)
    assert paired.loc[0, "standard_error"] < found["standard_error"] / 3


def test_pairs_of_midges_below_a_mill():
    """Krebs (1999), box 10.3: midges in nine years, the mill since the fourth; Welch's test of yearly log differences.

    That is how C. Schwarz's notes on these designs judge them. A year with one site only does not count.
    """
    upstream, below = (
        np.array([14, 12, 15, 16, 13, 12, 15, 17, 14]),
        np.array([17, 14, 17, 21, 24, 20, 21, 26, 23]),
    )
    table = pd.DataFrame({
        "year": [*range(1988, 1997)] * 2 + [1997], "site": ["up"] * 9 + ["down"] * 10,
        "midges": np.log(np.r_[upstream, below, 99] + 0.5),
    })  # fmt: skip
    table["mill"] = np.where(table["year"] < 1991, "before", "after")
    given = {"site": "site", "impact": "down", "period": "mill", "after": "after", "pair": "year"}
    found = before_after_control_impact(table, ("midges",), **given).iloc[0]
    apart = np.log(below + 0.5) - np.log(upstream + 0.5)
    known = stats.ttest_ind(apart[3:], apart[:3], equal_var=False)
    names = ["t", "degrees_of_freedom", "p_value"]
    np.testing.assert_allclose(
        found[names].astype(float), [known.statistic, known.df, known.pvalue], rtol=1e-12
    )
    assert (found["count"], found["missing"]) == (18, 1)
    means = found["impact_after"] - found["impact_before"] - found["control_after"] + found["control_before"]
    assert found["effect"] == pytest.approx(means, rel=1e-12)


def test_choice_of_donors_in_california():
    """Kessler and Roth's states as Huntington-Klein (2021, The Effect, chapter 18) prints them: −0.022 (0.006)."""
    rates = np.array(ORGANS.split(), float).reshape(27, 6) / 1e4
    table = pd.DataFrame(
        [(s, q, rates[s, q]) for s in range(27) for q in range(6)], columns=["state", "quarter", "rate"]
    )
    table["law"] = ((table["state"] == 2) & (table["quarter"] >= 3)).astype(float)
    given = {"unit": "state", "time": "quarter", "treatment": "law", "cluster": "state"}
    found = difference_in_differences(table, ("rate",), **given).iloc[0]
    assert [round(found[name], 3) for name in ("effect", "standard_error")] == [-0.022, 0.006]


def test_difference_in_differences_is_least_squares_with_dummies():
    """Against dense least squares on an uneven panel with a staggered start: effect, plain and clustered errors."""
    random = np.random.default_rng(6)
    table = pd.DataFrame([(u, t) for u in range(12) for t in range(6)], columns=["village", "year"])
    table["reached"] = ((table["village"] < 5) & (table["year"] >= 2 + table["village"] % 3)).astype(float)
    table["income"] = table["village"] + table["year"] ** 2 + 4 * table["reached"] + random.normal(size=72)
    table = table.drop(index=[3, 17, 40, 71]).sample(frac=1, random_state=3).reset_index(drop=True)
    x = np.column_stack(
        [table["reached"], pd.get_dummies(table["village"]), pd.get_dummies(table["year"]).iloc[:, 1:]]
    )
    x = x.astype(float)
    solution = np.linalg.lstsq(x, table["income"], rcond=None)[0]
    errors = table["income"].to_numpy() - x @ solution
    inverse = np.linalg.inv(x.T @ x)
    given = {"unit": "village", "time": "year", "treatment": "reached"}
    found = difference_in_differences(table, ("income",), **given).iloc[0]
    freedom = len(x) - x.shape[1]
    expected = [solution[0], np.sqrt(errors @ errors / freedom * inverse[0, 0]), freedom]
    np.testing.assert_allclose(
        found[["effect", "standard_error", "degrees_of_freedom"]].astype(float), expected
    )
    clustered = difference_in_differences(table, ("income",), **given, cluster="village").iloc[0]
    sums = np.array([x[rows].T @ errors[rows] for rows in table.groupby("village").indices.values()])
    variance = (inverse @ (sums.T @ sums) @ inverse)[0, 0] * 12 / 11 * 67 / (68 - 7)
    np.testing.assert_allclose(clustered["standard_error"], np.sqrt(variance))
    assert clustered["degrees_of_freedom"] == 11


def test_two_by_two_is_the_difference_of_changes():
    """Card and Krueger (1994), table 3: employment 20.44 → 21.03 and 23.33 → 21.17 give 2.75 (2.76 unrounded).

    So do before and after with a control, of the same four means.
    """
    table = pd.DataFrame({
        "state": ["NJ", "NJ", "PA", "PA"], "time": [0, 1, 0, 1], "law": [0.0, 1, 0, 0],
        "jobs": [20.44, 21.03, 23.33, 21.17],
    })  # fmt: skip
    found = difference_in_differences(table, ("jobs",), unit="state", time="time", treatment="law")
    assert found.loc[0, "effect"] == pytest.approx(2.75, abs=1e-12)
    assert np.isnan(found.loc[0, "standard_error"])
    given = {"site": "state", "impact": "NJ", "period": "time", "after": "1"}
    same = before_after_control_impact(table, ("jobs",), **given)
    assert same.loc[0, "effect"] == pytest.approx(2.75, abs=1e-12)


def test_what_tells_of_no_effect_is_refused():
    """A treatment that units explain, one beside 0 and 1, clusters within units, an empty cell, an unknown site."""
    table = monitoring().assign(level=np.arange(16.0), law=[1.0] * 8 + [0.0] * 8)
    panel = {"unit": "site", "time": "time"}
    design = {"site": "site", "period": "phase", "after": "after"}
    for call in (
        lambda: difference_in_differences(table, ("cover",), **panel, treatment="law"),
        lambda: difference_in_differences(table, ("cover",), **panel, treatment="level"),
        lambda: difference_in_differences(
            table.assign(law=(table["law"] * (table["time"] > 3))),
            ("cover",),
            **panel,
            treatment="law",
            cluster="time",
        ),
        lambda: before_after_control_impact(table[4:], ("cover",), **design, impact="pit"),
        lambda: before_after_control_impact(table, ("cover",), **design, impact="mine"),
    ):
        with pytest.raises(ContractError):
            call()


def test_effect_sizes_of_borenstein():
    """Borenstein et al. (2009), chapter 4: g 0.5924, variance 0.0411 ; ln R 0.1871, variance 0.0246.

    The book takes the logarithm of the rounded ratio 1.2058, so that its last digit is one less.
    """
    ones = np.ones(1)
    g = sizes.hedges_g(
        sizes.Side(103 * ones, 5.5 * ones, 50 * ones), sizes.Side(100 * ones, 4.5 * ones, 50 * ones)
    )
    assert [round(float(part[0]), 4) for part in g] == [0.5924, 0.0411]
    spread = 19.475 * ones
    ratio = sizes.log_response_ratio(
        sizes.Side(61.515 * ones, spread, 10 * ones), sizes.Side(51.015 * ones, spread, 10 * ones)
    )
    np.testing.assert_allclose([float(part[0]) for part in ratio], [0.1871, 0.0246], atol=1e-4)


def test_six_studies_of_borenstein():
    """Borenstein et al. (2009), table 14.1 and worked example: g and 1/variance of each, then pooled.

    M 0.3582, its variance 0.0111, τ² 0.0373 and Q 12.0033.
    """
    names = ["mean", "deviation", "count", "control_mean", "control_deviation", "control_count"]
    table = pd.DataFrame(np.array(TESTS.split(), float).reshape(-1, 6), columns=names)
    found = effect_sizes(table, **{name: name for name in names}, measure="hedges_g")
    assert found["effect"].round(3).tolist() == [0.095, 0.277, 0.367, 0.664, 0.462, 0.185]
    printed = [30.352, 32.568, 20.048, 95.111, 23.439, 42.698]
    np.testing.assert_allclose(1 / found["variance"], printed, atol=6e-4)
    whole = pooled_effect(found, effect="effect", variance="variance").iloc[0]
    names = ["effect", "variance", "between_variance", "heterogeneity"]
    assert [round(whole[name], 4) for name in names] == [0.3582, 0.0111, 0.0373, 12.0033]


def test_pooled_measurements_of_kacker():
    """Nine results of one quantity (Kacker 2004), as R's metafor pools them (test data of statsmodels)."""
    table = pd.DataFrame({
        "y": [61.0, 61.4, 62.21, 62.3, 62.34, 62.6, 62.7, 62.84, 65.9],
        "v": [0.2025, 1.21, 0.09, 0.2025, 0.3844, 0.5625, 0.0676, 0.0225, 1.8225],
    })  # fmt: skip
    found = pooled_effect(table, effect="y", variance="v").iloc[0]
    names = [
        "effect",
        "standard_error",
        "lower",
        "upper",
        "between_variance",
        "heterogeneity",
        "heterogeneity_p",
    ]
    expected = [62.3901386044504, 0.245749668040304, 61.9084781058787, 62.8717991030221, 0.288049246973751]
    expected += [24.801897741835, 0.00167935146372742]
    np.testing.assert_allclose(found[names], expected, rtol=1e-9)
    assert found["inconsistency"] == pytest.approx(67.744403741711, rel=1e-9)


def test_pooled_effect_of_the_vaccine_trials():
    """Risk ratios of 13 BCG trials after DerSimonian and Laird, as R's metafor prints them."""
    ill, well, ill_without, well_without = np.array(BCG.split(), float).reshape(-1, 4).T
    effect = np.log(ill / (ill + well)) - np.log(ill_without / (ill_without + well_without))
    variance = 1 / ill - 1 / (ill + well) + 1 / ill_without - 1 / (ill_without + well_without)
    found = pooled_effect(pd.DataFrame({"y": effect, "v": variance}), effect="y", variance="v").iloc[0]
    names = ["effect", "standard_error", "lower", "upper", "between_variance", "heterogeneity"]
    assert [round(found[name], 4) for name in names] == [-0.7141, 0.1787, -1.0644, -0.3638, 0.3088, 152.2330]
    assert round(found["inconsistency"], 2) == 92.12


def test_pooling_of_one_and_of_equal_effects():
    """One effect is given back; equal ones have no variance between; gaps are counted; a variance of 0 is refused."""
    table = pd.DataFrame({"y": [2.0, 1, 1, np.nan], "v": [4.0, 1, 1, 1], "zone": ["a", "b", "b", "b"]})
    found = pooled_effect(table, effect="y", variance="v", group="zone")
    assert found[["effect", "variance", "between_variance", "missing"]].to_numpy().tolist() == [
        [2, 4, 0, 0],
        [1, 0.5, 0, 1],
    ]
    with pytest.raises(ContractError, match="above 0"):
        pooled_effect(table.assign(v=0.0), effect="y", variance="v")


def test_rows_without_an_effect():
    """A mean of 0 has no ratio; no scatter no g; a negative deviation is refused."""
    table = pd.DataFrame({"m": [2.0, 0.0], "s": [0.0, 0.0], "n": [3, 3], "c": [1.0, 1.0]})
    names = {"mean": "m", "deviation": "s", "count": "n", "control_mean": "c", "control_deviation": "s"}
    ratio = effect_sizes(table, **names, control_count="n")["effect"]
    assert (ratio[0], np.isnan(ratio[1])) == (np.log(2), True)
    assert effect_sizes(table, **names, control_count="n", measure="hedges_g")["effect"].isna().all()
    with pytest.raises(ContractError, match="0 or more"):
        effect_sizes(table.assign(s=-1.0), **names, control_count="n")
    table.attrs["columns"] = {"m": {"unit": "kg"}, "c": {"unit": "g"}}
    with pytest.raises(ContractError, match="one unit"):
        effect_sizes(table, **names, control_count="n")


def test_limits_without_scatter():
    """No error: an effect of 0 has p 1, another p 0."""
    assert effects.judged(effects.Effect(0.0, 0.0, 3.0), 0.95) == (0, 0, 0, 1)
    assert effects.judged(effects.Effect(2.0, 0.0, 3.0), 0.95)[3] == 0
