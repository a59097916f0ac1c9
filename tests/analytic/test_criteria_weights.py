"""Weights of criteria: published examples to the printed digits, closed forms, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from craton.decide import weighting_data, weighting_judged
from craton.kernels import criteria_weights as kernel
from craton.model.errors import ContractError

DRINKS = np.array(
    [
        [1, 9, 5, 2, 1, 1, 1 / 2],
        [0, 1, 1 / 3, 1 / 9, 1 / 9, 1 / 9, 1 / 9],
        [0, 0, 1, 1 / 3, 1 / 4, 1 / 3, 1 / 9],
        [0, 0, 0, 1, 1 / 2, 1, 1 / 3],
        [0, 0, 0, 0, 1, 2, 1 / 2],
        [0, 0, 0, 0, 0, 1, 1 / 3],
        [0, 0, 0, 0, 0, 0, 1],
    ]
)
"""Saaty (2008), table 2: coffee, wine, tea, beer, sodas, milk, water."""

SCHOOL = np.array(
    [
        [1, 4, 3, 1, 3, 4],
        [0, 1, 7, 3, 1 / 5, 1],
        [0, 0, 1, 1 / 5, 1 / 5, 1 / 6],
        [0, 0, 0, 1, 1, 1 / 3],
        [0, 0, 0, 0, 1, 3],
        [0, 0, 0, 0, 0, 1],
    ]
)
"""Saaty (1980): the choice of a school."""


def judgments(upper):
    rows = [(f"c{i}", f"c{j}", upper[i, j]) for i, j in zip(*np.triu_indices(len(upper), 1), strict=True)]
    return pd.DataFrame(rows, columns=["first", "second", "value"])


def frame(rows):
    return pd.DataFrame(np.array(rows, dtype=float)).add_prefix("c")


def names(table):
    return tuple(table.columns)


def of(result):
    return result["weight"].to_numpy()


def test_saaty_drinks():
    """Saaty (2008), table 2: priorities .177 .019 .042 .116 .190 .129 .327, CR .022."""
    found = weighting_judged.analytic_hierarchy(judgments(DRINKS))
    expected = [0.177, 0.019, 0.042, 0.116, 0.190, 0.129, 0.327]
    np.testing.assert_array_equal(np.round(of(found.weights), 3), expected)
    assert round(found.consistency["consistency_ratio"][0], 3) == 0.022


def test_saaty_school_is_refused_with_the_judgment_to_think_about():
    """Saaty (1980): .32 .14 .03 .13 .24 .14. The printed CR of .24 is an approximation; exact it is .229."""
    with pytest.raises(ContractError, match=r"0\.229") as caught:
        weighting_judged.analytic_hierarchy(judgments(SCHOOL))
    found = weighting_judged.analytic_hierarchy(judgments(SCHOOL), largest_ratio=1.0)
    np.testing.assert_allclose(of(found.weights), [0.32, 0.14, 0.03, 0.13, 0.24, 0.14], atol=0.005)
    assert round(found.consistency["eigenvalue"][0], 3) == 7.420
    hint = found.hints.iloc[0]
    assert f"{hint['first']} over {hint['second']}" in caught.value.hint
    assert hint["repaired_ratio"] == found.hints["repaired_ratio"].min() < 0.229
    repaired = judgments(SCHOOL)
    at = (repaired["first"] == hint["first"]) & (repaired["second"] == hint["second"])
    repaired.loc[at, "value"] = hint["fitting_value"]
    again = weighting_judged.analytic_hierarchy(repaired, largest_ratio=1.0).consistency
    np.testing.assert_allclose(again["consistency_ratio"][0], hint["repaired_ratio"], rtol=1e-9)


def test_judgments_of_known_weights_give_them_back_and_find_the_one_that_was_spoilt():
    """a_ij = w_i/w_j: CR 0 and the weights exactly; one judgment 4 times too high is the first hint."""
    weights = np.array([0.4, 0.3, 0.2, 0.1])
    table = judgments(weights[:, None] / weights)
    found = weighting_judged.analytic_hierarchy(table)
    np.testing.assert_allclose(of(found.weights), weights, rtol=1e-12)
    assert found.consistency["consistency_ratio"][0] < 1e-12
    table.loc[4, "value"] *= 4
    hint = weighting_judged.analytic_hierarchy(table, largest_ratio=1.0).hints.iloc[0]
    assert (hint["first"], hint["second"]) == ("c1", "c3")
    np.testing.assert_allclose([hint["fitting_value"], hint["factor"]], [3.0, 4.0], rtol=1e-9)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.iloc[:-1], "none of c2 – c3"),
        (lambda t: pd.concat([t, t.iloc[:1]]), "c0 – c1 again"),
        (lambda t: t.assign(value=0.0), "others for c0 – c1"),
        (lambda t: t.assign(value=1e-320), "others for c0 – c1"),
        (lambda t: t.assign(second=t["first"]), "again"),
        (lambda t: t.iloc[:0], "0"),
    ],
)
def test_judgments_that_are_no_matrix_are_refused(change, words):
    """A pair left out, twice, not above 0 or hardly, an indicator with itself, none at all."""
    with pytest.raises(ContractError) as caught:
        weighting_judged.analytic_hierarchy(change(judgments(np.triu(np.ones((4, 4))))))
    assert words in caught.value.came


@pytest.mark.parametrize(
    ("over", "under", "expected", "misfit"),
    [
        ([2, 1, 4, 2, 8], [4, 8, 2, 4, 1], [0.2105, 0.4211, 0.1053, 0.2105, 0.0526], 0.0),
        ([2, 1, 4, 3, 8], [4, 8, 2, 3, 1], [0.2295, 0.4481, 0.1148, 0.1530, 0.0546], 0.0109),
    ],
)
def test_rezaei_cars(over, under, expected, misfit):
    """Rezaei (2016), tables 2 and 3 and section 4: the linear model's weights and ξ."""
    table = pd.DataFrame({"indicator": list("qpcsy"), "best_over": over, "over_worst": under})
    found = weighting_judged.best_worst(table)
    np.testing.assert_array_equal(np.round(of(found.weights), 4), expected)
    assert round(found.consistency["misfit"][0], 4) == misfit


def test_nothing_goes_beyond_the_best_over_the_worst():
    """Best over worst is 3 times, so the best cannot be 9 times as important as another: refused by name."""
    table = pd.DataFrame({"indicator": list("abc"), "best_over": [1, 9, 3], "over_worst": [3, 2, 1]})
    with pytest.raises(ContractError, match="more for b"):
        weighting_judged.best_worst(table)


def test_comparisons_that_contradict_too_much_are_refused_with_the_indicator():
    """Liang and others (2020), table 3: of three indicators and 8 times a ratio of .1309 is acceptable.

    2 and 7 times give 14 in place of 8: (14 − 8)/(64 − 8) = .107 is taken; 3 and 7 give 13/56 = .232.
    """
    table = pd.DataFrame({"indicator": list("abc"), "best_over": [1, 2, 8], "over_worst": [8, 7, 1]})
    found = weighting_judged.best_worst(table).consistency
    np.testing.assert_allclose(found["consistency_ratio"], 6 / 56, rtol=1e-12)
    assert found["acceptable_ratio"][0] == 0.1309
    table.loc[1, "best_over"] = 3
    with pytest.raises(ContractError, match=r"0\.232") as caught:
        weighting_judged.best_worst(table)
    assert "b: 3 times and 7 times" in caught.value.hint
    assert len(weighting_judged.best_worst(table, largest_ratio=1.0).weights) == 3


def test_best_and_worst_must_agree():
    """8 times one way and 7 times the other is refused by name."""
    table = pd.DataFrame({"indicator": ["a", "b"], "best_over": [1, 8], "over_worst": [7, 1]})
    with pytest.raises(ContractError, match="a over b"):
        weighting_judged.best_worst(table)


@pytest.mark.parametrize(
    ("rows", "expected", "digits"),
    [
        # Xu (2004), European Journal of Operational Research 156, 530-532.
        ([[30, 30, 38, 29], [19, 54, 86, 29], [19, 15, 85, 28.9], [68, 70, 60, 29]],
         [0.4630, 0.3992, 0.1378, 0.0], 4),
        # Zavadskas and Podvezko (2016), Int. J. Information Technology & Decision Making 15, 267-283.
        ([[3.0, 100, 10, 7], [2.5, 80, 8, 5], [1.8, 50, 20, 11], [2.2, 70, 12, 9]],
         [0.1146, 0.1981, 0.4185, 0.2689], 4),
    ],
)  # fmt: skip
def test_published_entropy_weights(rows, expected, digits):
    """To the printed digits."""
    table = frame(rows)
    np.testing.assert_array_equal(np.round(of(weighting_data.entropy(table, names(table))), digits), expected)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # Diakoulaki, Mavrotas and Papayannakis (1995), Computers & Operations Research 22, 763-770.
        ([[61, 1.08, 4.33], [20.7, 0.26, 4.34], [16.3, 1.98, 2.53], [9, 3.29, 1.65], [5.4, 2.77, 2.33],
          [4, 4.12, 1.21], [-6.1, 3.52, 2.10], [-34.6, 3.31, 0.98]], [0.202, 0.481, 0.317]),
        # Tuş and Aytaç Adalı (2019), Opsearch 56, 528-538, as it prints them: cost not turned.
        ([[5000, 3, 3, 4, 3, 2], [680, 5, 3, 2, 2, 1], [2000, 3, 2, 3, 4, 3], [600, 4, 3, 1, 2, 2],
          [800, 2, 4, 3, 3, 4]], [0.157, 0.249, 0.168, 0.121, 0.154, 0.151]),
    ],
)  # fmt: skip
def test_published_critic_weights(rows, expected):
    """To three digits."""
    table = frame(rows)
    np.testing.assert_array_equal(np.round(of(weighting_data.critic(table, names(table))), 3), expected)


def test_weights_by_spread():
    """Jahan and Edwards (2013): .35 .31 .34; coefficients of variation by hand: √2/3 against √2/9 is 3 to 1."""
    rows = [[0, 0, 0], [0.39, 0.3, 0.77], [0.17, 0.36, 0.8], [0.35, 0.29, 0.93], [0.3, 0.4, 0.94],
            [0.84, 0.71, 1], [1, 1, 0.99]]  # fmt: skip
    table = frame(rows)
    np.testing.assert_array_equal(
        np.round(of(weighting_data.spread(table, names(table))), 2), [0.35, 0.31, 0.34]
    )
    two = frame([[1, 4], [2, 5]])
    found = weighting_data.spread(two, names(two), measure="coefficient_of_variation")
    np.testing.assert_allclose(of(found), [0.75, 0.25], rtol=1e-12)


def test_components_of_two_correlated_columns_and_one_apart():
    """Correlation r and 0, 0: eigenvalues 1 + r, 1, 1 − r; the first explains the pair alone, half each."""
    angle = 2 * np.pi * np.arange(8) / 8
    first, second = np.cos(angle), np.cos(2 * angle)
    table = frame(np.column_stack([first, 0.6 * first + 0.8 * np.sin(angle), second]))
    found = weighting_data.principal_components(table, names(table), share=0.5)
    np.testing.assert_allclose(found.components["eigenvalue"], [1.6, 1.0, 0.4], rtol=1e-12)
    np.testing.assert_allclose(of(found.weights), [0.5, 0.5, 0.0], atol=1e-12)
    every = weighting_data.principal_components(table, names(table), share=1.0)
    np.testing.assert_allclose(of(every.weights), 1 / 3, rtol=1e-12)


def test_components_that_are_equal_are_kept_together():
    """Ten columns without any correlation: which nine of the equal components explain .85 is not determined."""
    signs = np.array([[(-1.0) ** (row & column).bit_count() for column in range(1, 11)] for row in range(16)])
    table = frame(signs)
    found = weighting_data.principal_components(table, names(table))
    np.testing.assert_allclose(of(found.weights), 0.1, rtol=1e-9)
    assert found.components["kept"].all()


def test_slopes_by_game_theory():
    """Hou and Wang (2021), Journal of Safety and Environment 21(6), 2443-2451: judged and CRITIC weights.

    The judged weights add up to .998 as printed, so the mixture is known to .0003. The printed shares .4953 and
    .5047 do not solve the printed equations, which give .4940 and .5060.
    """
    judged = [0.1691, 0.0764, 0.0828, 0.0533, 0.2469, 0.0828, 0.0763, 0.0553, 0.0553, 0.0111, 0.0887]
    data = [0.0209, 0.0495, 0.0565, 0.0390, 0.0351, 0.1682, 0.1766, 0.1899, 0.0209, 0.1217, 0.1217]
    printed = [0.0943, 0.0628, 0.0695, 0.0461, 0.1400, 0.1259, 0.1269, 0.1232, 0.0379, 0.0669, 0.1054]
    shares = kernel.game_theory_shares(np.array([judged, data]))
    np.testing.assert_array_equal(np.round(shares, 4), [0.4940, 0.5060])
    sets = tuple(pd.DataFrame({"indicator": list("abcdefghijk"), "weight": one}) for one in (judged, data))
    found = weighting_judged.combined(sets, method="game_theory")
    np.testing.assert_allclose(of(found), printed, atol=3e-4)


def test_combined_weights():
    """By hand: mean and product of .6 .4 and .2 .8; game theory of a set with itself is that set."""
    first, second = (pd.DataFrame({"indicator": ["a", "b"], "weight": w}) for w in ([3.0, 2.0], [0.2, 0.8]))
    np.testing.assert_allclose(of(weighting_judged.combined((first, second))), [0.4, 0.6], rtol=1e-15)
    product = weighting_judged.combined((first, second), method="product")
    np.testing.assert_allclose(of(product), [0.12 / 0.44, 0.32 / 0.44], rtol=1e-14)
    same = weighting_judged.combined((first, first), method="game_theory")
    np.testing.assert_allclose(of(same), [0.6, 0.4], rtol=1e-12)
    # Σ a_j w_i·w_j = w_i·w_i: .52 a + .44 b = .52, .44 a + .68 b = .68 gives a = .0544/.16, b = .1248/.16.
    shares = np.array([0.0544, 0.1248]) / (0.0544 + 0.1248)
    mixed = weighting_judged.combined((first, second), method="game_theory")
    np.testing.assert_allclose(of(mixed), shares @ [[0.6, 0.4], [0.2, 0.8]], rtol=1e-12)


def test_what_tells_nothing_apart_is_refused_or_gets_nothing():
    """A constant column has no entropy weight; only constant ones, negative shares and gaps are refused."""
    table = pd.DataFrame({"a": [1.0, 2, 3], "b": [5.0, 5, 5], "c": [-1.0, 0, 1], "d": [np.nan] * 3})
    assert of(weighting_data.entropy(table, ("a", "b"))).tolist() == [1.0, 0.0]
    for call, words in (
        (lambda: weighting_data.entropy(table, ("b",)), "tells the rows apart"),
        (lambda: weighting_data.entropy(table, ("a", "c")), "c with less"),
        (lambda: weighting_data.entropy(table, ("a", "d")), "0 of 3"),
        (lambda: weighting_data.critic(table, ("a", "b")), "b with one number"),
        (lambda: weighting_data.critic(table, ("a", "a")), "different columns"),
        (lambda: weighting_data.critic(table, ("a", "c")), "all say the same"),
        (lambda: weighting_data.spread(table, ("c",), measure="coefficient_of_variation"), "above 0"),
    ):
        with pytest.raises(ContractError, match=words):
            call()


def test_entropy_of_even_and_single_values():
    """1 for even shares, 0 for all in one row, ln 2/ln 4 for two even ones of four."""
    values = np.array([[1.0, 0, 1], [1, 0, 1], [1, 7, 0], [1, 0, 0]])
    np.testing.assert_allclose(kernel.entropies(values), [1.0, 0.0, 0.5], atol=1e-15)
