"""Ranking by criteria: published examples to the printed digits, closed forms, and what is refused."""

import itertools

import numpy as np
import pandas as pd
import pytest

from craton.decide import (
    ranking_balance,
    ranking_consensus,
    ranking_distance,
    ranking_grades,
    ranking_outranking,
    ranking_sensitivity,
    ranking_sums,
)
from craton.kernels import criteria_grades, criteria_outranking, rank_aggregation, score_ranks
from craton.model.errors import ContractError

PLOSKAS = pd.DataFrame(
    [[8, 7, 2, 1], [5, 3, 7, 5], [7, 5, 6, 4], [9, 9, 7, 3], [11, 10, 3, 7], [6, 9, 5, 4]],
    columns=list("abcd"),
)
"""Papathanasiou and Ploskas (2018), Multiple Criteria Decision Aid, the site of a facility."""

DAMS = pd.DataFrame(
    [
        [4184.3, 2914.0, 407.2, 251.0, 195, 244, 15, 2.41],
        [5211.9, 3630.0, 501.7, 308.3, 282, 346, 21, 1.41],
        [5021.3, 3920.5, 504.0, 278.6, 12, 56, 3, 4.42],
        [5566.1, 3957.9, 559.5, 335.3, 167, 268, 16, 3.36],
        [5060.5, 3293.5, 514.1, 284.2, 69, 90, 7, 4.04],
        [4317.9, 2925.9, 432.8, 239.3, 12, 55, 3, 4.36],
    ],
    columns=list("abcdefgh"),
)
"""Opricovic and Tzeng (2007), European Journal of Operational Research 178, 514-529: dams on the Drina."""


def weights(names, values):
    return pd.DataFrame({"indicator": list(names), "weight": values})


PLOSKAS_WEIGHTS = weights("abcd", [0.4, 0.3, 0.1, 0.2])


def test_fighter_aircraft_by_topsis():
    """Hwang and Yoon (1981), pp. 134-136: closeness .643 .268 .613 .312 of four aircraft, price being a cost.

    The print rounds its steps: the third is .6136 without.
    """
    table = pd.DataFrame(
        [[2.0, 1500, 20000, 5.5, 5, 9], [2.5, 2700, 18000, 6.5, 3, 5], [1.8, 2000, 21000, 4.5, 7, 7],
         [2.2, 1800, 20000, 5.0, 5, 5]], columns=list("abcdef"),
    )  # fmt: skip
    shares = weights("abcdef", [0.2, 0.1, 0.1, 0.1, 0.2, 0.3])
    found = ranking_distance.topsis(table, tuple("abcdef"), shares, costs=("d",))
    np.testing.assert_allclose(found["closeness"], [0.643, 0.268, 0.613, 0.312], atol=1e-3)
    assert found["rank"].tolist() == [1, 4, 2, 3]


def test_tzeng_and_huang_by_topsis_and_vikor():
    """Tzeng and Huang (2011): closeness .5037 .6581 .7482 .3340; S, R and Q by hand from the same table."""
    table = pd.DataFrame([[5, 8, 4], [7, 6, 8], [8, 8, 6], [7, 4, 6]], columns=list("abc"))
    shares = weights("abc", [0.3, 0.4, 0.3])
    found = ranking_distance.topsis(table, tuple("abc"), shares)
    np.testing.assert_array_equal(np.round(found["closeness"], 4), [0.5037, 0.6581, 0.7482, 0.3340])
    units, conditions = ranking_distance.vikor(table, tuple("abc"), shares)
    np.testing.assert_allclose(units["utility"], [0.6, 0.3, 0.15, 0.65], atol=1e-12)
    np.testing.assert_allclose(units["regret"], [0.3, 0.2, 0.15, 0.4], atol=1e-12)
    np.testing.assert_allclose(units["compromise"], [0.75, 0.25, 0.0, 1.0], atol=1e-12)
    assert units["in_compromise"].tolist() == [False, True, True, False]
    assert not conditions["acceptable_advantage"][0]
    assert conditions["acceptable_stability"][0]


@pytest.mark.parametrize(
    ("shares", "expected", "compromise"),
    [
        ([1] * 8, [0.991, 1.0, 0.473, 0.670, 0.0, 0.578], [4]),
        ([1, 1, 1, 1, 2, 2, 2, 2], [0.684, 1.0, 0.147, 0.554, 0.041, 0.191], [2, 4, 5]),
    ],
)
def test_drina_dams_by_vikor(shares, expected, compromise):
    """Opricovic and Tzeng (2007), table 3: Q (the print rounds its steps, so to .001), and the compromise."""
    found = ranking_distance.vikor(
        DAMS, tuple("abcdefgh"), weights("abcdefgh", shares), costs=("b", "e", "f", "g")
    )
    np.testing.assert_allclose(found.units["compromise"], expected, atol=1.5e-3)
    assert np.flatnonzero(found.units["in_compromise"]).tolist() == compromise


def test_mountain_climbing_by_vikor():
    """Opricovic and Tzeng (2004), table 2: the middle of three mountains alone, Q 1 0 1."""
    table = pd.DataFrame([[1, 3000.0], [2, 3750], [5, 4500]], columns=["risk", "height"])
    found = ranking_distance.vikor(table, ("risk", "height"), costs=("risk",))
    np.testing.assert_allclose(found.units["compromise"], [1, 0, 1], atol=1e-12)
    assert found.units["in_compromise"].tolist() == [False, True, False]


def test_facility_by_promethee_and_vikor():
    """Papathanasiou and Ploskas (2018): net flows (q 1, p 2) to two digits, Q (v .625) to three."""
    rules = pd.DataFrame(
        {"indicator": list("abcd"), "function": "linear", "indifference": 1, "preference": 2}
    )
    found = ranking_outranking.promethee(PLOSKAS, tuple("abcd"), rules, PLOSKAS_WEIGHTS)
    np.testing.assert_allclose(found["net_flow"], [-0.26, -0.52, -0.22, 0.36, 0.70, -0.06], atol=1e-9)
    units, _ = ranking_distance.vikor(PLOSKAS, tuple("abcd"), PLOSKAS_WEIGHTS, majority=0.625)
    np.testing.assert_array_equal(np.round(units["compromise"], 3), [0.640, 1.0, 0.693, 0.271, 0.0, 0.694])


def test_power_stations_by_promethee():
    """Brans, Vincke and Mareschal (1986), European Journal of Operational Research 24, 228-238: six functions.

    The flows are the means of the rows and columns of the printed preference indices, which have three digits.
    """
    table = pd.DataFrame(
        [[80, 90, 6, 5.4, 8, 5], [65, 58, 2, 9.7, 1, 1], [83, 60, 4, 7.2, 4, 7], [40, 80, 10, 7.5, 7, 10],
         [52, 72, 6, 2.0, 3, 8], [94, 96, 7, 3.6, 5, 6]], columns=list("abcdef"),
    )  # fmt: skip
    rules = pd.DataFrame(
        {"indicator": list("abcdef"),
         "function": ["u_shape", "v_shape", "linear", "level", "usual", "gaussian"],
         "indifference": [10, None, 0.5, 1, None, None], "preference": [None, 30, 5, 6, None, 5]},
    )  # fmt: skip
    printed = np.array(
        [[0, 0.296, 0.250, 0.268, 0.100, 0.185], [0.462, 0, 0.389, 0.333, 0.296, 0.500],
         [0.236, 0.180, 0, 0.333, 0.056, 0.429], [0.399, 0.505, 0.305, 0, 0.223, 0.212],
         [0.444, 0.515, 0.487, 0.380, 0, 0.448], [0.286, 0.399, 0.250, 0.432, 0.133, 0]]
    )  # fmt: skip
    found = ranking_outranking.promethee(table, tuple("abcdef"), rules, costs=("a", "c", "d", "e"))
    np.testing.assert_allclose(found["positive_flow"], printed.sum(axis=1) / 5, atol=6e-4)
    np.testing.assert_allclose(found["negative_flow"], printed.sum(axis=0) / 5, atol=6e-4)
    assert found["rank"].tolist() == [6, 2, 5, 3, 1, 4]


@pytest.mark.parametrize("scale", [1.0, 10.0, 1000.0])
def test_a_difference_of_just_the_threshold_is_none_in_any_unit(scale):
    """.8 − .6 is more than .2 to a computer, 8 − 6 is not more than 2: both are indifferent."""
    table = pd.DataFrame({"a": [0.8 * scale, 0.6 * scale]})
    rules = pd.DataFrame(
        {"indicator": ["a"], "function": "u_shape", "indifference": 0.2 * scale, "preference": 0.2 * scale}
    )
    assert ranking_outranking.promethee(table, ("a",), rules)["net_flow"].tolist() == [0.0, 0.0]
    assert ranking_outranking.electre(table, ("a",), rules).pairs["credibility"].tolist() == [1.0, 1.0]


def test_classes_by_electre_hang_on_neither_order_nor_unit_of_criteria():
    """Weights in twentieths give credibilities that are just λ − s(λ) apart: rounding decides about none."""
    random = np.random.default_rng(0)
    for _ in range(60):
        values, order = random.integers(0, 10, (6, 5)) / 10, random.permutation(5)
        shares = random.multinomial(20, np.full(5, 0.2)) / 20

        def classes(values, shares, scale=1.0):
            limits = [np.full(5, limit * scale) for limit in (0.1, 0.3, np.inf)]
            credible = criteria_outranking.credibility(values * scale, shares, *limits)
            return criteria_outranking.distillation(credible, descending=True, alpha=0.3, beta=-0.15).tolist()

        assert classes(values, shares) == classes(values[:, order], shares[order], 100.0)


@pytest.mark.parametrize("function", list(criteria_outranking.FUNCTIONS))
def test_preference_sums_are_those_over_all_pairs(function):
    """Each of the six functions of Brans and Vincke (1985) against its definition, pair by pair."""
    values = np.random.default_rng(2).normal(size=40).round(1)
    low, high = 0.35, 1.15
    ahead = values[:, None] - values[None, :]
    by_hand = {
        "usual": ahead > 0,
        "u_shape": ahead > low,
        "v_shape": np.clip(ahead / high, 0, 1),
        "level": np.where(ahead > high, 1, np.where(ahead > low, 0.5, 0)),
        "linear": np.clip((ahead - low) / (high - low), 0, 1),
        "gaussian": np.where(ahead > 0, 1 - np.exp(-(ahead**2) / (2 * high**2)), 0),
    }[function].sum(axis=1)
    found = criteria_outranking.preference_sums(values, function, low, high)
    np.testing.assert_allclose(found, by_hand, atol=1e-12)


def test_waste_incineration_by_electre():
    """Wang and Triantaphyllou (2008), pp. 51-53 (data of Rogers and others 1999): credibilities and both orders.

    Thresholds are parts of the numbers of the row for some criteria, as the paper has them.
    """
    table = np.array(
        [
            [125, 866, 9.81, 218, 1.41, 542, 483, 23, 1.5, 1, 1],
            [11980, 900, 11.45, 189, 1.45, 452, 303, 12, 1.5, 6, 6],
            [31054, 883, 9.86, 172, 1.82, 341, 311, 0, 0, 3, 3],
            [28219, 840, 10.38, 171, 1.95, 339, 318, 0, 0, 3, 3],
            [31579, 903, 10.74, 165, 1.7, 312, 281, 0, 0, 5, 5],
            [39364, 922, 13.87, 167, 1.65, 287, 269, 0, 0, 8, 7],
            [125, 769, 9.33, 182, 1.64, 458, 180, 0, 1.5, 1, 1],
            [8075, 896, 9.82, 172, 1.7, 408, 121, 0, 1.5, 6, 6],
            [3089, 770, 9.39, 177, 1.9, 430, 228, 0, 1, 2, 2],
            [6449, 766, 7.22, 172, 1.65, 401, 157, 0, 1, 4, 4],
            [12074, 897, 10.61, 169, 1.65, 378, 162, 0, 1, 7, 6],
        ]
    )
    shares = np.array([0.16, 0.033, 0.033, 0.097, 0.097, 0.16, 0.097, 0.16, 0.033, 0.033, 0.097])
    parts = np.isin(np.arange(11), [1, 2, 4, 5, 6])
    low = np.where(parts, 0.1 * table, [1000, 0, 0, 5, 0, 0, 0, 2, 0.2, 0, 0])[:, None]
    high = np.where(parts, 0.2 * table, [2000, 0, 0, 10, 0, 0, 0, 4, 0.4, 1, 1])[:, None]
    better = np.where(np.isin(np.arange(11), [1, 5, 6]), table, -table)
    found = criteria_outranking.credibility(better, shares, low, high, np.full_like(high, np.inf))
    ninth = [0.35, 0.78, 0.85, 0.85, 0.74, 0.73, 0.67, 0.97, 1.0, 0.94, 0.89]
    np.testing.assert_array_equal(np.round(found[8], 2), ninth)
    down, up = (
        criteria_outranking.distillation(found, descending=way, alpha=0.3, beta=-0.15)
        for way in (True, False)
    )
    assert down.tolist() == [6, 7, 5, 2, 5, 8, 3, 5, 1, 4, 5]
    assert up.tolist() == [1, 5, 6, 3, 5, 8, 1, 7, 2, 4, 6]


@pytest.mark.parametrize(("veto", "expected"), [(9.0, 0.5), (7.0, 0.0), (np.nan, 0.6)])
def test_veto(veto, expected):
    """By hand: C = .6, D = (7 − 3)/(9 − 3) = 2/3 > C, so S = .6 (1 − 2/3)/(1 − .6) = .5; D = 1 forbids."""
    table = pd.DataFrame({"a": [10, 8], "b": [0, 7]})
    limits = pd.DataFrame({"indicator": ["a", "b"], "indifference": 1, "preference": 3, "veto": [20.0, veto]})
    found = ranking_outranking.electre(table, ("a", "b"), limits, weights("ab", [0.6, 0.4]))
    np.testing.assert_allclose(found.pairs["credibility"][0], expected, atol=1e-12)


def test_grey_relation_by_hand():
    """Scores 1 and ½ by one, 0 and 1 by the other: Δmax 1, ρ ½ gives ξ = 1, ½; ⅓, 1."""
    table = pd.DataFrame({"a": [1.0, 0.5], "b": [0.0, 1.0]})
    found = ranking_distance.grey_relation(table, ("a", "b"), weights("ab", [3, 1]), scored_already=True)
    np.testing.assert_allclose(found["grade"], [0.75 + 0.25 / 3, 0.375 + 0.25], rtol=1e-14)


def test_grey_relation_as_another_programme_has_it():
    """Five offers by six criteria: grades .525 .70071 .54643 .57628 .65095 (JMcDM's own example)."""
    table = pd.DataFrame(
        {"a": [105000.0, 120000, 150000, 115000, 135000], "b": [105.0, 110, 120, 105, 115],
         "c": [10.0, 15, 12, 20, 15], "d": [4.0, 4, 3, 4, 5], "e": [300.0, 500, 550, 600, 400],
         "f": [10.0, 8, 12, 9, 9]},
    )  # fmt: skip
    shares = weights("abcdef", [0.05, 0.20, 0.10, 0.15, 0.10, 0.40])
    found = ranking_distance.grey_relation(table, tuple("abcdef"), shares, costs=("a", "c", "f"))
    np.testing.assert_allclose(found["grade"], [0.525, 0.7007143, 0.5464286, 0.5762821, 0.6509524], atol=1e-7)


def test_sum_product_and_ordered_average():
    """By hand, of .2 and .8 with ¼ and ¾: .65, .2^¼ .8^¾; ordered with power 2: (9/16) .8 + (7/16) .2."""
    table, shares = pd.DataFrame({"a": [0.2], "b": [0.8]}), weights("ab", [1, 3])
    columns = ("a", "b")
    added = ranking_sums.weighted_sum(table, columns, shares, scored_already=True)["score"][0]
    product = ranking_sums.weighted_product(table, columns, shares)["score"][0]
    ordered = ranking_sums.ordered_weighted_average(table, columns, shares, power=2.0, scored_already=True)
    np.testing.assert_allclose([added, product], [0.65, 0.2**0.25 * 0.8**0.75], rtol=1e-15)
    np.testing.assert_allclose(ordered["score"][0], (9 * 0.8 + 7 * 0.2) / 16, rtol=1e-14)
    ends = [
        ranking_sums.ordered_weighted_average(table, columns, power=p, scored_already=True)["score"][0]
        for p in (1e-9, 1000.0)
    ]
    np.testing.assert_allclose(ends, [0.8, 0.2], atol=1e-8)


def test_yager_quantifier_most():
    """Fullér (1996), OWA operators in decision making: r^1.2 of six has weights .116 .151 .168 .180 .189 .196."""
    falling = np.tri(6)
    table = pd.DataFrame(falling).add_prefix("c")
    found = ranking_sums.ordered_weighted_average(table, tuple(table.columns), power=1.2, scored_already=True)
    steps = np.diff(found["score"], prepend=0.0)
    np.testing.assert_allclose(steps, [0.116, 0.151, 0.168, 0.180, 0.189, 0.196], atol=6e-4)


def test_yager_importances():
    """Yager (1996), with Q(r) = r² and importances 1, .6, .5, .9: .609 and .566 (cut after three digits)."""
    table = pd.DataFrame({"a": [0.7, 0.6], "b": [1.0, 0.3], "c": [0.5, 0.9], "d": [0.6, 1.0]})
    found = ranking_sums.ordered_weighted_average(
        table, tuple("abcd"), weights("abcd", [1, 0.6, 0.5, 0.9]), power=2.0, scored_already=True
    )
    np.testing.assert_array_equal(np.floor(found["score"] * 1000), [609, 566])


def test_normal_cloud():
    """μ = exp(−½) one En from the middle without He; 10⁵ drops of Ex 50, En 5, He ½ give these back."""
    grades = pd.DataFrame({"indicator": "x", "grade": ["I", "II"], "low": [0.0, 6.0], "high": [6.0, 12.0]})
    table = pd.DataFrame({"x": [3.0, 4.0, 9.0]})
    found = ranking_grades.cloud_model(table, ("x",), grades, hyper_entropy=0.0)
    np.testing.assert_allclose(found["certainty_I"][:2], [1.0, np.exp(-0.5)], rtol=1e-14)
    assert found["grade"].tolist() == ["I", "I", "II"]
    drops = criteria_grades.drops(criteria_grades.Cloud(50.0, 5.0, 0.5), 100_000, np.random.default_rng(1))
    back = criteria_grades.cloud_of_sample(drops)
    # He² is the difference of two variances of about 25, each known to 0.5 %.
    np.testing.assert_allclose(back, [50.0, 5.0, 0.5], atol=0.15)


def test_open_and_falling_grades():
    """Beyond the first and the last grade certainty is 1; grades whose numbers fall do alike."""
    rising = pd.DataFrame(
        {"indicator": "x", "grade": list("abc"), "low": [np.nan, 2.0, 8.0], "high": [2.0, 8.0, np.nan]}
    )
    falling = rising.iloc[::-1].assign(grade=list("abc"))
    table = pd.DataFrame({"x": [-5.0, 5.0, 99.0]})
    one = ranking_grades.cloud_model(table, ("x",), rising, hyper_entropy=0.0)
    other = ranking_grades.cloud_model(table, ("x",), falling, hyper_entropy=0.0)
    assert one["grade"].tolist() == ["a", "b", "c"]
    assert other["grade"].tolist() == ["c", "b", "a"]
    np.testing.assert_allclose(one["certainty_a"], other["certainty_c"], rtol=1e-15)
    assert one["certainty_c"][2] == 1.0


def test_clouds_part_where_grades_meet():
    """A number is of the grade it lies in, open ones included; beyond a narrow last grade it stays of it."""
    table = pd.DataFrame({"x": [1.9, 2.1, 3.4, 7.9, 8.1, 30.0]})
    grades = pd.DataFrame(
        {"indicator": "x", "grade": list("abc"), "low": [None, 2.0, 8.0], "high": [2.0, 8.0, None]}
    )
    found = ranking_grades.cloud_model(table, ("x",), grades, hyper_entropy=0.0)
    assert "".join(found["grade"]) == "abbbcc"
    narrow = grades.assign(low=[0.0, 2.0, 8.0], high=[2.0, 8.0, 8.2])
    assert ranking_grades.cloud_model(table, ("x",), narrow)["grade"].tolist()[-1] == "c"


def test_order_of_indicators_does_not_change_certainties():
    """The same draws serve all indicators; what is left is the order in which they are added."""
    grades = pd.DataFrame(
        {"indicator": list("xxyy"), "grade": ["I", "II"] * 2, "low": [0.0, 4, 9, 5], "high": [4.0, 9, 5, 0]}
    )
    table = pd.DataFrame({"x": [3.0, 5.0], "y": [6.0, 1.0]})
    one, other = (
        ranking_grades.cloud_model(table, names, grades, draws=20) for names in (("x", "y"), ("y", "x"))
    )
    np.testing.assert_allclose(one["certainty_I"], other["certainty_I"], rtol=1e-14)


def test_matter_element():
    """By hand of 3 in grades 0-4 and 4-10: K = 1/4; ρ = 1 and ρ_whole = −3 give 1/(−3 − 1) = −1/4."""
    grades = pd.DataFrame({"indicator": "x", "grade": ["I", "II"], "low": [0.0, 4.0], "high": [4.0, 10.0]})
    found = ranking_grades.matter_element(pd.DataFrame({"x": [3.0, 10.0, -7.0]}), ("x",), grades)
    np.testing.assert_allclose(found["degree_I"], [0.25, -1.0, 0.0], atol=1e-14)
    np.testing.assert_allclose(found["degree_II"], [-0.25, 0.0, -1.0], atol=1e-14)


TENNESSEE = pd.DataFrame({"m": [1, 2, 4, 3], "n": [4, 1, 3, 2], "c": [4, 3, 2, 1], "k": [4, 3, 1, 2]})
"""Memphis, Nashville, Knoxville, Chattanooga as four parts of the voters rank them."""


@pytest.mark.parametrize("method", ["borda", "copeland", "kemeny"])
def test_capital_of_tennessee(method):
    """42, 26, 15 and 17 %: Nashville, Chattanooga, Knoxville, Memphis (Borda: Memphis before Knoxville)."""
    voices = weights("mnck", [42, 26, 15, 17])
    found = ranking_consensus.consensus(TENNESSEE, tuple("mnck"), voices, method=method).units
    expected = {"borda": [3, 1, 4, 2]}.get(method, [4, 1, 3, 2])
    assert found["rank"].tolist() == expected
    if method == "borda":
        np.testing.assert_allclose(found["points"], [1.26, 1.94, 1.07, 1.73], rtol=1e-12)


def test_borda_gives_the_places_of_his_own_example():
    """Borda (1784): 1 abc, 7 acb, 7 bca, 6 cba give 37, 42 and 47 by 3, 2, 1; by 2, 1, 0 that is 21 less."""
    table = pd.DataFrame({"p": [1, 2, 3], "q": [1, 3, 2], "r": [3, 1, 2], "s": [3, 2, 1]})
    found = ranking_consensus.consensus(table, tuple("pqrs"), weights("pqrs", [1, 7, 7, 6])).units
    np.testing.assert_allclose(found["points"] * 21, [37 - 21, 42 - 21, 47 - 21], rtol=1e-12)


@pytest.mark.parametrize(
    ("before", "order", "against"),
    [
        ([[0, 8, 6], [5, 0, 11], [7, 2, 0]], [0, 1, 2], 14),
        ([[0, 12, 15, 17], [13, 0, 16, 11], [10, 9, 0, 18], [8, 14, 7, 0]], [1, 0, 2, 3], 60),
        ([[0, 23, 29], [37, 0, 29], [31, 31, 0]], [2, 1, 0], 81),
    ],
)
def test_votes_of_young(before, order, against):
    """Young (1988), American Political Science Review 82, 1231-1244, tables 1, 2 and 4: the likeliest orders.

    In the last, c wins both duels by 31 to 29 though b has the most points by Borda. The votes against each
    order were added up by hand.
    """
    before = np.array(before, dtype=float)
    found, weight = rank_aggregation.kemeny(before)
    assert (found.tolist(), weight) == (order, against)
    if against == 81:
        assert rank_aggregation.copeland(before).tolist() == [-2.0, 0.0, 2.0]
        assert before.sum(axis=1).tolist() == [52, 66, 62]


def test_kemeny_is_the_best_of_all_orders():
    """Against all 120 orders of five things, with a cycle: 25 ABC, 40 BCA, 35 CAB gives BCA at 120."""
    cycle = np.array([[1, 3, 2], [2, 1, 3], [3, 2, 1]], dtype=float)
    order, weight = rank_aggregation.kemeny(rank_aggregation.duels(cycle, np.array([25.0, 40, 35])))
    assert (order.tolist(), weight) == ([1, 2, 0], 120.0)
    before = np.random.default_rng(4).random((5, 5))
    _, least = rank_aggregation.kemeny(before)
    by_hand = min(
        sum(before[later, earlier] for earlier, later in itertools.combinations(one, 2))
        for one in itertools.permutations(range(5))
    )
    np.testing.assert_allclose(least, by_hand, rtol=1e-12)


def test_limiting_factor_coupling_and_obstacles():
    """By hand of .16 and .64: least and geometric mean; C = .8, D = √(.8 · .4); obstacles .7 and .3."""
    table, columns = pd.DataFrame({"a": [0.16], "b": [0.64]}), ("a", "b")
    limit = ranking_balance.limiting_factor(table, columns, strictness=0.5)
    np.testing.assert_allclose(limit["score"], np.sqrt(0.16) * np.sqrt(0.32), rtol=1e-14)
    assert limit["limiting_factor"][0] == "a"
    both = ranking_balance.coupling_coordination(table, columns)
    np.testing.assert_allclose(both["coupling"], 0.8, rtol=1e-14)
    np.testing.assert_allclose(both["coordination"], np.sqrt(0.32), rtol=1e-14)
    assert both["coordination_grade"][0] == "bare coordination"
    apart = ranking_balance.coupling_coordination(table, columns, form="deviation")
    np.testing.assert_allclose(apart["coupling"], np.sqrt((1 - 0.48) * 0.25), rtol=1e-14)
    found = ranking_balance.obstacles(table, columns)
    np.testing.assert_allclose(found[["a_obstacle", "b_obstacle"]], [[0.7, 0.3]], rtol=1e-14)
    assert found["main_obstacle"][0] == "a"


def test_zhangye_coupling():
    """Tang and Qin (2020), Arid Land Geography, table 7: coupling of towns and ecology 2006-2017.

    The paper prints the coupling under the name of the coordination. Its indices have three digits, so the
    coupling is known to .001.
    """
    table = pd.DataFrame(
        {"towns": [0.070, 0.114, 0.155, 0.183, 0.246, 0.327, 0.412, 0.555, 0.651, 0.758, 0.885, 0.928],
         "ecology": [0.583, 0.617, 0.597, 0.622, 0.599, 0.397, 0.390, 0.440, 0.513, 0.527, 0.739, 0.794]},
    )  # fmt: skip
    printed = [0.619, 0.726, 0.810, 0.838, 0.909, 0.995, 1.000, 0.993, 0.993, 0.984, 0.996, 0.997]
    found = ranking_balance.coupling_coordination(table, ("towns", "ecology"))
    np.testing.assert_allclose(found["coupling"], printed, atol=1.1e-3)


def test_main_obstacle_of_equal_ones_is_the_first():
    """Lacks of .1 · .3 and .3 · .1 are equal, whatever rounding did; `main` would name two columns alike."""
    table, shares = pd.DataFrame({"a": [0.9], "b": [0.7]}), weights("ab", [0.3, 0.1])
    for columns in (("a", "b"), ("b", "a")):
        assert ranking_balance.obstacles(table, columns, shares)["main_obstacle"][0] == columns[0]
    with pytest.raises(ContractError, match="main_obstacle"):
        ranking_balance.obstacles(table.rename(columns={"a": "main"}), ("main", "b"))


def test_vikor_of_two_that_are_best_together_hangs_on_no_order():
    """The first two share Q .05 (v .9); one of them is the best by S, so the best is stable in any order."""
    behind = pd.DataFrame(
        [[2.0, 0, 0], [1.55, 0.625, 0], [1, 1, 1], [3, 3, 3], [0, 3, 3]], columns=list("abc")
    )
    for table in (behind, behind.iloc[[1, 0, 2, 3, 4]]):
        found = ranking_distance.vikor(table, tuple("abc"), majority=0.9, costs=tuple("abc"))
        np.testing.assert_allclose(found.units["compromise"][[0, 1]], 0.05, atol=1e-12)
        assert found.conditions["acceptable_stability"][0]


def test_part_that_is_the_top_is_not_lost_by_rounding():
    """.29 of 100 units are 29, though .29 · 100 is less to a computer."""
    table = pd.DataFrame({"a": np.arange(100.0)})
    found = ranking_sensitivity.acceptability(table, ("a",), top=0.29, draws=2)
    assert found["top_probability"].sum() == 29


def test_scores_that_rounding_puts_over_1():
    """1 + 1e−15 is a score of 1 for the grey relation as for the others; 1.2 is refused by name."""
    table = pd.DataFrame({"a": [1.0 + 1e-15, 0.5]})
    found = ranking_distance.grey_relation(table, ("a",), scored_already=True)
    np.testing.assert_allclose(found["grade"], [1.0, 1 / 3], rtol=1e-12)
    with pytest.raises(ContractError, match="a with more"):
        ranking_distance.grey_relation(table * 1.2, ("a",), scored_already=True)


def test_fill_values_are_gaps():
    """The largest number there is and infinity mark gaps: they are counted, and overflow nothing."""
    table = pd.DataFrame({"a": [1.0, 2.0, np.finfo(float).max, np.inf], "b": [1.0, 2.0, 3.0, 4.0]})
    found = ranking_distance.topsis(table, ("a", "b"))
    np.testing.assert_array_equal(found["closeness"], [0, 1, np.nan, np.nan])
    assert "2 of 4 rows" in found.attrs["columns"]["closeness"]["title"]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ranking_outranking.electre(
            PLOSKAS, ("a",), pd.DataFrame({"indicator": ["a"], "indifference": 1, "preference": 2, "veto": "7 m"})
        ), "7 m"),
        (lambda: ranking_grades.matter_element(PLOSKAS, ("a",), pd.DataFrame(
            {"indicator": "a", "grade": ["I", "II"], "low": [0, 6], "high": ["6", "1O"]})), "1O"),
    ],
)  # fmt: skip
def test_words_in_place_of_a_limit_open_none(call, words):
    """A slip of the pen in a veto or an end of a grade is refused; only an empty place means no limit."""
    with pytest.raises(ContractError) as caught:
        call()
    assert words in caught.value.came


def test_acceptability_of_two_that_cross():
    """(1, 0) beats (.4, .4) where w_1 > .4: for .6 of all weights; what is dominated never comes first."""
    table = pd.DataFrame({"a": [1.0, 0.4, 0.3], "b": [0.0, 0.4, 0.0]})
    found = ranking_sensitivity.acceptability(table, ("a", "b"), draws=20_000, scored_already=True)
    # Three standard errors of 20,000 draws are .0104.
    np.testing.assert_allclose(found["first_probability"], [0.6, 0.4, 0.0], atol=0.0104)
    assert found["worst_rank"].tolist() == [2, 2, 3]
    sure = ranking_sensitivity.acceptability(
        table, ("a", "b"), weights("ab", [0.8, 0.2]), spread=0.1, scored_already=True, draws=200
    )
    assert sure["first_probability"].tolist() == [1.0, 0.0, 0.0]


def test_ranks_of_many_and_of_crowded_scores():
    """Ranks to 12 digits as counted by hand, of scores that are even, crowded into one end, equal, or one."""
    random = np.random.default_rng(5)
    for scores in (random.random(999), random.random(999) ** 40, np.round(random.random(999), 1), np.ones(1)):
        told = np.rint(scores / scores.max() * 1e12)
        by_hand = [1 + int((told > one).sum()) for one in told]
        np.testing.assert_array_equal(score_ranks.ranks(scores), by_hand)


def test_a_third_that_turns_two():
    """In TOPSIS a poor third row turns the order of two that are near; with two or fewer rows it is refused."""
    table = pd.DataFrame({"a": [1.0, 4.0, 4.6], "b": [3.0, 2.0, 0.1]})
    found = ranking_consensus.rank_reversal(table, ("a", "b"))
    places = ranking_distance.topsis(table, ("a", "b"))["rank"].tolist()
    for row in range(3):
        left = ranking_distance.topsis(table.drop(row), ("a", "b"))["rank"].tolist()
        rest = [place for other, place in enumerate(places) if other != row]
        assert found["reversed_pairs"][row] == int((rest[0] < rest[1]) != (left[0] < left[1]))
    with pytest.raises(ContractError, match="3 or more rows"):
        ranking_consensus.rank_reversal(table[:2], ("a", "b"))


def test_gaps_stay_and_are_counted():
    """A row with a gap has none of the results, takes no part in them, and the titles tell."""
    table = PLOSKAS.astype(float)
    table.loc[6] = [np.nan, 99, 99, 99]
    found = ranking_distance.topsis(table, tuple("abcd"), PLOSKAS_WEIGHTS)
    whole = ranking_distance.topsis(PLOSKAS, tuple("abcd"), PLOSKAS_WEIGHTS)
    assert np.isnan(found["closeness"][6])
    assert found["rank"].isna().tolist() == [False] * 6 + [True]
    np.testing.assert_array_equal(found["closeness"][:6], whole["closeness"])
    assert "1 of 7 rows" in found.attrs["columns"]["closeness"]["title"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (weights("abc", [1, 1, 1]), "none for d"),
        (weights("abcde", [1] * 5), "one too many for e"),
        (weights("aabcd", [1] * 5), "several for a"),
        (weights("abcd", [1, -1, 1, 1]), "-1"),
        (weights("abcd", [0] * 4), "0, 0"),
        (weights("abcd", list("wxyz")), "w, x"),
    ],
)
def test_wrong_weights_are_refused(given, words):
    """Left out, too many, twice, negative, all 0, no numbers."""
    with pytest.raises(ContractError) as caught:
        ranking_sums.weighted_sum(PLOSKAS, tuple("abcd"), given)
    assert caught.value.parameter == "weights"
    assert words in caught.value.came
