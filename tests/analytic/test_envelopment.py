"""Data envelopment against printed examples, an independent solver, and what must not change its numbers."""

import numpy as np
import pandas as pd
import pytest

from craton.decide import efficiency
from craton.kernels.envelopment import Amounts, envelope, malmquist, on_frontier
from craton.kernels.small_programs import Program, by_highs, by_simplex, optimum
from craton.model.errors import ContractError

SIX = Amounts(np.array([[4.0, 3], [7, 3], [8, 1], [4, 2], [2, 4], [10, 1]]), np.ones((6, 1)))
"""Units A to F of two inputs and one output: Cooper, Seiford and Tone (2007), Data Envelopment Analysis, ch. 2."""

STORES = Amounts(
    np.array([[2.0], [3], [3], [4], [5], [5], [6], [8]]),
    np.array([[1.0], [3], [2], [3], [4], [2], [3], [5]]),
)
"""Employees and sales of eight stores: Cooper, Seiford and Tone (2007), table 1.1."""

FIVE = Amounts(
    np.array([[4.0, 3], [6, 3], [8, 1], [8, 1], [2, 4]]), np.array([[2.0, 3], [2, 3], [6, 2], [6, 1], [1, 4]])
)
"""Tone (2001), EJOR 130, table 1."""

TONE = {"input": [0.9, 0.833, 1, 1, 1], "slacks": [0.798, 0.568, 1, 0.667, 1]}

YEARS = [
    Amounts(np.array([[2.0], [4], [3], [5], [6]]), np.array([[1.0], [2], [3], [4], [5]])),
    Amounts(np.array([[2.0], [4], [3], [5], [5]]), np.array([[1.0], [3], [4], [3], [5]])),
]
"""Coelli (1996), A guide to DEAP version 2.1, example 4: five firms, the first two of three years."""

PRINTED = np.array([
    [1.000, 0.750, 1.333, 1.000, 0.750],
    [1.500, 1.125, 1.333, 1.222, 0.920],
    [1.333, 1.000, 1.333, 1.000, 1.000],
    [0.750, 0.562, 1.333, 0.650, 0.865],
    [1.200, 0.900, 1.333, 1.000, 0.900],
])  # fmt: skip
"""Its Malmquist summary of year 2: tfpch, effch, techch, pech, sech."""

MODELS = [(model, variable) for model in ("input", "output", "slacks") for variable in (False, True)]


def found(units, model="input", *, variable=False, apart=False):
    return envelope(units, units, model=model, variable=variable, apart=apart)


def random_units(seed, count=30, *, rounded=False):
    random = np.random.default_rng(seed)
    size = random.uniform(0.5, 5, (count, 1))
    amounts = random.uniform(1, 9, (count, 3)) * size, random.uniform(1, 9, (count, 2)) * size
    return Amounts(*(np.round(part) + 1 if rounded else part for part in amounts))


@pytest.mark.parametrize("model", ["input", "output"])
def test_six_units_of_the_textbook(model):
    """CCR of A to F is .8571 .6316 1 1 1 1 either way; F lies on the frontier but wastes an input."""
    told = found(SIX, model)
    np.testing.assert_allclose(told.efficiency, [0.8571, 0.6316, 1, 1, 1, 1], atol=5e-5)
    assert on_frontier(SIX, told).tolist() == [False, False, True, True, True, False]
    of_a = {int(p): w for u, p, w in zip(told.unit, told.peer, told.weight, strict=True) if u == 0}
    assert of_a.keys() == {3, 4}
    np.testing.assert_allclose(of_a[3] / of_a[4], 5 / 2, rtol=1e-12)


def test_the_stores_with_constant_and_variable_returns():
    """CCR is .5 1 .667 .75 .8 .4 .5 .625; BCC by inputs 1 1 .8333 .75 1 .5 .5 1."""
    np.testing.assert_allclose(
        found(STORES).efficiency, [0.5, 1, 0.667, 0.75, 0.8, 0.4, 0.5, 0.625], atol=5e-4
    )
    told = found(STORES, variable=True).efficiency
    np.testing.assert_allclose(told, [1, 1, 0.8333, 0.75, 1, 0.5, 0.5, 1], atol=5e-5)


def test_firms_of_the_guide_to_deap():
    """DEAP prints VRS efficiencies by outputs of 1 .545 1 .923 1, and .6 for firm 4 in year 2."""
    first, second = (found(year, "output", variable=True).efficiency for year in YEARS)
    np.testing.assert_allclose(first, [1, 0.545, 1, 0.923, 1], atol=5e-4)
    np.testing.assert_allclose(second, [1, 0.667, 1, 0.6, 1], atol=5e-4)


@pytest.mark.parametrize(("model", "printed"), TONE.items())
def test_the_example_of_tone(model, printed):
    """CCR is .9 .833 1 1 1 and the measure by slacks .798 .568 1 .667 1."""
    np.testing.assert_allclose(found(FIVE, model).efficiency, printed, atol=5e-4)


def test_super_efficiency_by_hand():
    """E = (2, 4) leaves D as the nearest, (4, 2): 2.0; C stands 8/7, D 5/4 beyond; the others stay as they were."""
    told = found(SIX, apart=True)
    np.testing.assert_allclose(told.efficiency, [6 / 7, 12 / 19, 8 / 7, 1.25, 2, 1], rtol=1e-12)
    assert np.all(told.unit != told.peer)


@pytest.mark.parametrize("model", ["input", "output"])
def test_what_nobody_else_gives_has_no_super_efficiency(model):
    """A alone gives the first output, so it has none; of the two others that give the second B needs half of C."""
    units = Amounts(np.array([[1.0], [1], [2]]), np.array([[1.0, 0], [0, 1], [0, 1]]))
    np.testing.assert_allclose(found(units, model, apart=True).efficiency, [np.nan, 2, 0.5], rtol=1e-12)


@pytest.mark.parametrize("size", [1e-10, 1e-6, 1e6, 1e10])
def test_a_unit_of_any_size_shows_what_it_wastes(size):
    """F of the textbook, made that many times larger in all, still wastes 2 of its 10 of the first input."""
    grown = np.array([1.0, 1, 1, 1, 1, size])[:, None]
    units = Amounts(SIX.inputs * grown, SIX.outputs * grown)
    told = found(units)
    assert on_frontier(units, told).tolist() == [False, False, True, True, True, False]
    np.testing.assert_allclose(told.targets.inputs[5], [8 * size, size], rtol=1e-9)


def test_peers_of_unlike_size_are_all_told():
    """(3, 3) is half (1, 3), made 1e-5 times as large, and half (3, 1), made 1e4 times: the target is (2, 2)."""
    inputs = np.array([[1.0, 3], [3, 1], [3, 3]]) * [[1e-5], [1e4], [1]]
    told = found(Amounts(inputs, np.array([[1e-5], [1e4], [1.0]])))
    np.testing.assert_allclose(told.efficiency, [1, 1, 2 / 3], rtol=1e-9)
    assert told.peer[told.unit == 2].tolist() == [0, 1]
    np.testing.assert_allclose(told.weight[told.unit == 2], [0.5e5, 0.5e-4], rtol=1e-9)


def test_super_efficiency_that_nobody_reaches_is_missing():
    """With variable returns the store with the greatest sales has no mixture of the others that sells as much."""
    told = found(STORES, variable=True, apart=True)
    assert np.isnan(told.efficiency).tolist() == [False] * 7 + [True]
    assert np.isnan(told.targets.outputs[7]).all()


def test_malmquist_of_the_guide_to_deap():
    """Index and parts as printed to three decimals."""
    told = np.column_stack(malmquist(*YEARS, *YEARS))
    np.testing.assert_allclose(told, PRINTED, atol=6e-4)


@pytest.mark.parametrize(("model", "variable"), MODELS)
def test_it_agrees_with_another_solver(model, variable, monkeypatch):
    """HiGHS gives the same efficiencies and the same units on the frontier, ties and whole numbers included."""
    units = random_units(1, rounded=True)
    told = found(units, model, variable=variable)
    monkeypatch.setattr("craton.kernels.envelopment.optimum", by_highs)
    other = found(units, model, variable=variable)
    np.testing.assert_allclose(told.efficiency, other.efficiency, atol=1e-8)
    assert on_frontier(units, told).tolist() == on_frontier(units, other).tolist()


@pytest.mark.parametrize(("model", "variable"), MODELS)
def test_units_of_measure_and_order_change_nothing(model, variable):
    """Efficiencies by columns in any unit and rows in any order are the same to rounding."""
    units = random_units(2)
    turn = np.random.default_rng(0).permutation(30)
    other = Amounts(units.inputs[turn] * [1e-6, 1.0, 1e5], units.outputs[turn] * [1e4, 1e-3])
    told, again = (found(one, model, variable=variable) for one in (units, other))
    np.testing.assert_allclose(again.efficiency, told.efficiency[turn], rtol=1e-9)
    np.testing.assert_allclose(again.targets.inputs, told.targets.inputs[turn] * [1e-6, 1, 1e5], rtol=1e-7)


@pytest.mark.parametrize(("model", "variable"), MODELS)
def test_targets_lie_on_the_frontier_and_dominate(model, variable):
    """Each target needs no more, gives no less, is efficient itself; SBM ≤ CCR ≤ BCC; peers are efficient."""
    units = random_units(3)
    told = found(units, model, variable=variable)
    assert (told.targets.inputs <= units.inputs * (1 + 1e-9)).all()
    assert (told.targets.outputs >= units.outputs * (1 - 1e-9)).all()
    there = envelope(told.targets, units, model=model, variable=variable)
    np.testing.assert_allclose(there.efficiency, 1, rtol=1e-7)
    assert on_frontier(units, told)[told.peer].all()
    assert (found(units, "slacks", variable=variable).efficiency <= told.efficiency + 1e-9).all()
    assert (told.efficiency <= found(units, model, variable=True).efficiency + 1e-9).all()


def test_programs_without_a_solution_or_a_bound_have_none():
    """x₁ = 1 and x₁ = 2 cannot be; −x₂ has no least with x₂ free; repeated rows are no trouble."""
    cannot = Program(np.array([[1.0, 0], [1, 0]]), np.array([1.0, 2]), np.ones((1, 2)))
    endless = Program(np.array([[1.0, 0]]), np.array([1.0]), np.array([[0.0, -1]]))
    twice = Program(np.array([[1.0, 1], [1, 1]]), np.array([1.0, 1]), np.array([[1.0, 2], [0, 0]]))
    assert [optimum(one) is None for one in (cannot, endless)] == [True, True]
    assert by_simplex(twice).tolist() == optimum(twice).tolist() == [1, 0]


def stores():
    columns = {"employees": STORES.inputs[:, 0], "sales": STORES.outputs[:, 0]}
    return pd.DataFrame({"name": list("ABCDEFGH"), **columns})


def test_a_row_with_a_gap_gets_none_and_counts_for_nothing():
    """The others are as without it, and the titles tell of it."""
    table = pd.concat([pd.DataFrame({"name": ["Z"], "employees": [1.0]}), stores()], ignore_index=True)
    units, peers = efficiency.frontier(table, ("employees",), ("sales",), unit="name")
    assert np.isnan(units["efficiency"][0])
    np.testing.assert_allclose(units["efficiency"][1:], found(STORES).efficiency)
    assert "1 of 9 rows" in units.attrs["columns"]["efficiency"]["title"]
    assert set(peers["peer"]) == {"B"}
    assert units["rank"].tolist()[1:] == [6, 1, 4, 3, 2, 8, 6, 5]


def test_periods_follow_each_other_and_need_no_partner():
    """Three years give two rows a firm; a firm that comes only in the last has none."""
    years = [*YEARS, YEARS[1]]
    table = pd.concat(
        pd.DataFrame({"firm": list("abcde"), "year": 3 - n, "x": one.inputs[:, 0], "y": one.outputs[:, 0]})
        for n, one in enumerate(reversed(years))
    )
    late = pd.DataFrame({"firm": ["f"], "year": [3], "x": [9.0], "y": [1.0]})
    told = efficiency.malmquist(pd.concat([table, late]), ("x",), ("y",), "firm", "year")
    assert told["from_period"].tolist() == ["1"] * 5 + ["2"] * 5
    np.testing.assert_allclose(told.iloc[:5, 3:], PRINTED, atol=6e-4)
    np.testing.assert_allclose(told.iloc[5:, 3:], 1, rtol=1e-9)


@pytest.mark.parametrize(
    ("change", "outputs", "parameter"),
    [
        ({"sales": [-1.0] + [1.0] * 7}, ("sales",), "outputs"),
        ({"sales": [0.0] + [1.0] * 7}, ("sales",), "outputs"),
        ({"employees": 0.0}, ("sales",), "inputs"),
        ({"employees": np.nan}, ("sales",), "table"),
        ({"employees": [1e-9] + [2.0] * 7}, ("sales",), "inputs"),
        ({}, ("employees",), "outputs"),
        ({}, ("sales", "sales"), "outputs"),
    ],
)
def test_what_cannot_be_judged_is_refused_by_name(change, outputs, parameter):
    """Numbers below 0, a unit that gives or uses nothing, no whole row, one next to nothing, a column twice."""
    with pytest.raises(ContractError) as caught:
        efficiency.frontier(stores().assign(**change), ("employees",), outputs)
    assert caught.value.parameter == parameter


def test_zeros_and_repeated_periods_are_refused_where_they_cannot_be():
    """The measure by slacks divides by each number; a unit stands once in a period; periods have an order."""
    table = stores().assign(year=[1, 1, 1, 1, 2, 2, 2, 2], other=[0.0, *[1.0] * 7])
    with pytest.raises(ContractError, match="above 0"):
        efficiency.slacks_based(table, ("employees",), ("sales", "other"))
    with pytest.raises(ContractError, match="once in a period"):
        efficiency.malmquist(table.assign(name="A"), ("employees",), ("sales",), "name", "year")
    mixed = table.assign(year=pd.Series([1, "b"] * 4, dtype=object))
    with pytest.raises(ContractError, match="numbers, of dates or of texts"):
        efficiency.malmquist(mixed, ("employees",), ("sales",), "name", "year")


def test_what_no_frontier_of_a_period_gives_has_no_change():
    """Each of two units gives an output that the other period lacks: no frontier reaches the other."""
    first = Amounts(np.ones((1, 1)), np.array([[1.0, 0]]))
    second = Amounts(np.ones((1, 1)), np.array([[0.0, 1]]))
    told = malmquist(first, second, first, second)
    assert np.isnan(told.malmquist).all()
    assert told.efficiency.tolist() == [1.0]
