"""Data envelopment with undesirable outputs and with bound weights, by hand and by another formulation."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from craton.decide import efficiency, efficiency_limits
from craton.kernels.envelopment import Amounts, envelope
from craton.kernels.envelopment_undesired import directed
from craton.kernels.envelopment_weights import restricted
from craton.model.errors import ContractError

PLANTS = pd.DataFrame({"name": list("ABCD"), "land": 1.0, "ore": [2.0, 4, 2, 1], "waste": [1.0, 4, 3, 4]})
"""On one unit of land A and B span the frontier: ore 2 waste up to A, then 2 + (waste − 1) 2/3 up to B."""

SIX = pd.DataFrame({"x1": [2.0, 3, 6, 3, 6, 6], "x2": [5.0, 3, 1, 8, 4, 2], "y": 1.0})
"""Example of the assurance region .25 ≤ v2/v1 ≤ 1 in the manual of Oh's R package nonparaeff."""


def random_plants(seed=0, count=25):
    random = np.random.default_rng(seed)
    inputs, goods = random.uniform(1, 9, (count, 2)), random.uniform(1, 9, (count, 2))
    bads = goods.sum(axis=1, keepdims=True) * random.uniform(0.3, 1.2, (count, 2))
    bads[3, 0] = 0.0
    return inputs, goods, bads


def gains_by_highs(inputs, goods, bads, *, variable, weak):
    """The greatest β of each unit by HiGHS, from the matrices of Chung and others, and of Kuosmanen."""
    idle = variable and weak
    x, y, b = (
        np.vstack([part, part * (kind == 0)] if idle else [part]).T
        for kind, part in enumerate((inputs, goods, bads))
    )
    found = []
    for one in range(len(inputs)):
        rows = np.vstack([np.column_stack([x, 0 * x[:, 0]]), np.column_stack([-y, goods[one]])])
        right = np.concatenate([inputs[one], -goods[one]])
        waste = np.column_stack([b, bads[one]])
        whole = np.append(np.ones(x.shape[1]), 0.0)[None]
        held = [waste] * weak + [whole] * variable
        limits = [bads[one]] * weak + [np.ones(1)] * variable
        told = linprog(
            np.append(np.zeros(x.shape[1]), -1.0),
            A_ub=rows if weak else np.vstack([rows, waste]),
            b_ub=right if weak else np.append(right, bads[one]),
            A_eq=np.vstack(held) if held else None,
            b_eq=np.concatenate(limits) if held else None,
        )
        found.append(-told.fun)
    return found


def test_plants_by_hand():
    """C meets A–B at β = 1/3 (ore 8/3, waste 2), D the line to A at 7/9; with variable returns and free disposal 3/4."""
    units, peers = efficiency_limits.directional(PLANTS, ("land",), ("ore",), ("waste",), unit="name")
    np.testing.assert_allclose(units["efficiency"], [1, 1, 3 / 4, 9 / 16], rtol=1e-12)
    np.testing.assert_allclose(units.loc[2, ["target_ore", "target_waste"]].tolist(), [8 / 3, 2], rtol=1e-12)
    assert units["efficient"].tolist() == [True, True, False, False]
    assert dict(peers[peers["unit"] == "C"][["peer", "weight"]].to_numpy()) == pytest.approx(
        {"A": 2 / 3, "B": 1 / 3}
    )
    free, _peers = efficiency_limits.directional(
        PLANTS, ("land",), ("ore",), ("waste",), returns="variable", disposal="free"
    )
    np.testing.assert_allclose(free["efficiency"], [1, 1, 3 / 4, 4 / 7], rtol=1e-12)


@pytest.mark.parametrize("variable", [False, True])
@pytest.mark.parametrize("weak", [False, True])
def test_gains_agree_with_another_solver(variable, weak):
    """β of 25 units by HiGHS from the printed matrices; units of measure and order change nothing."""
    inputs, goods, bads = random_plants()
    units = Amounts(inputs, np.hstack([goods, bads]))
    told = directed(units, 2, variable=variable, weak=weak)
    expected = gains_by_highs(inputs, goods, bads, variable=variable, weak=weak)
    np.testing.assert_allclose(1 / told.efficiency - 1, expected, atol=1e-9)
    turned = Amounts(inputs[::-1] * [1e-4, 1], np.hstack([goods, bads])[::-1] * [1, 1e3, 1e-6, 1])
    again = directed(turned, 2, variable=variable, weak=weak)
    np.testing.assert_allclose(again.efficiency[::-1], told.efficiency, rtol=1e-9)


def test_a_weak_frontier_bends_back_and_a_free_one_does_not():
    """A third plant gives 3.9 of ore, less than B, and waste 9: it is efficient weakly, and 3.9/4 with free disposal."""
    more = Amounts(np.ones((3, 1)), np.array([[2.0, 1], [4, 4], [3.9, 9]]))
    weak, free = (directed(more, 1, variable=True, weak=weak).efficiency for weak in (True, False))
    np.testing.assert_allclose([weak[2], free[2]], [1, 3.9 / 4], rtol=1e-12)


def test_assurance_region_by_hand():
    """Best of the ratios v2/v1 at .25, .5 (where A and B cross) and 1: 1 1 6/7 .65 .6 .75; without limits CCR."""
    limits = pd.DataFrame({"column": ["x2"], "per": ["x1"], "least": [0.25], "most": [1.0]})
    told, _peers = efficiency_limits.restricted_weights(SIX, ("x1", "x2"), ("y",), limits)
    np.testing.assert_allclose(told["efficiency"], [1, 1, 6 / 7, 0.65, 0.6, 0.75], rtol=1e-12)
    assert told["efficient"].tolist() == [True, True, *[False] * 4]
    free, _peers = efficiency_limits.restricted_weights(SIX, ("x1", "x2"), ("y",), limits.iloc[:0])
    plain, _peers = efficiency.frontier(SIX, ("x1", "x2"), ("y",))
    pd.testing.assert_frame_equal(free, plain)


def test_parts_of_the_sum_by_hand():
    """Half of each unit's sum to each input fixes v = 1/(2 x): the least of Σ v x of all is then the efficiency."""
    limits = pd.DataFrame({"column": ["x1"], "per": [""], "least": [0.5], "most": [0.5]})
    told, _peers = efficiency_limits.restricted_weights(SIX, ("x1", "x2"), ("y",), limits)
    x = SIX[["x1", "x2"]].to_numpy()
    expected = (x / (2 * x[:, None])).sum(axis=2).min(axis=1)
    np.testing.assert_allclose(told["efficiency"], expected, rtol=1e-12)


def test_bound_weights_agree_with_the_program_of_weights():
    """Efficiencies by HiGHS from the weights themselves, with quotients of inputs and parts of outputs bound."""
    inputs, goods, _bads = random_plants(1)
    ratios = np.array([[1, -0.5, 0, 0], [-1, 3, 0, 0]])
    shares = np.array([[0, 0, 0.8, -0.2], [0, 0, -0.4, 0.6]])
    expected = []
    for one, own in enumerate(np.hstack([inputs, goods])):
        told = linprog(
            np.append([0, 0], -goods[one]),
            A_ub=np.vstack([np.hstack([-inputs, goods]), -ratios, -shares * own]),
            b_ub=np.zeros(len(inputs) + 4),
            A_eq=np.append(inputs[one], [0, 0])[None],
            b_eq=[1.0],
        )
        expected.append(-told.fun)
    units = Amounts(inputs, goods)
    found = restricted(units, ratios, shares).efficiency
    np.testing.assert_allclose(found, expected, atol=1e-9)
    assert (found <= envelope(units, units, model="input", variable=False).efficiency + 1e-12).all()


def test_a_unit_without_what_must_weigh_has_no_efficiency():
    """B gives none of y2, which must make up a fifth; limits that nobody can keep are refused."""
    table = pd.DataFrame({"x": [1.0, 1], "y1": [1.0, 9], "y2": [1.0, 0]})
    limits = pd.DataFrame({"column": ["y2"], "per": [np.nan], "least": [0.2], "most": [np.nan]})
    told, _peers = efficiency_limits.restricted_weights(table, ("x",), ("y1", "y2"), limits)
    assert np.isnan(told["efficiency"]).tolist() == [False, True]
    with pytest.raises(ContractError, match="leave some weights"):
        efficiency_limits.restricted_weights(table.assign(y2=0.0), ("x",), ("y1", "y2"), limits)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("z", "", 0.1, 0.2), "some of"),
        (("x1", "y", 0.1, 0.2), "another of"),
        (("x1", "x1", 0.1, 0.2), "another of"),
        (("x1", "x2", 2.0, 1.0), "not below it"),
        (("x1", "", 1.5, np.nan), "from 0 to 1"),
        (("x1", "x2", np.nan, 0.0), "above 0"),
        (("x1", "x2", "much", np.nan), "a text"),
    ],
)
def test_limits_that_cannot_be_are_refused(row, words):
    """Unknown names, an input against an output, least above most, parts above 1, none, and texts."""
    limits = pd.DataFrame([row], columns=["column", "per", "least", "most"])
    with pytest.raises(ContractError, match=words) as caught:
        efficiency_limits.restricted_weights(SIX, ("x1", "x2"), ("y",), limits)
    assert caught.value.parameter == "limits"


def test_undesirable_outputs_that_cannot_be_are_refused():
    """Below 0, and a column that is also wanted."""
    with pytest.raises(ContractError, match="at least 0"):
        efficiency_limits.directional(PLANTS.assign(waste=-1.0), ("land",), ("ore",), ("waste",))
    with pytest.raises(ContractError, match="other columns"):
        efficiency_limits.directional(PLANTS, ("land",), ("ore",), ("ore",))
