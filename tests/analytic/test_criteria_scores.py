"""Scores of indicators: closed forms at the ends, the middle and beyond, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from craton.decide import scoring, scoring_shapes
from craton.model.errors import ContractError

TABLE = pd.DataFrame({"x": [-1.0, 0.0, 2.5, 5.0, 10.0, 12.0, np.nan]})


def scores(result):
    return result["x_score"].to_numpy()


def test_lines():
    """Ends of the table, given ends that fall, and a column of one number; a gap stays one."""
    np.testing.assert_allclose(scores(scoring.linear(TABLE, ("x",)))[:-1], (TABLE["x"][:-1] + 1) / 13)
    ends = pd.DataFrame({"indicator": ["x"], "worst": [10.0], "best": [0.0]})
    found = scores(scoring.linear(TABLE, ("x",), ends))
    np.testing.assert_array_equal(found, [1, 1, 0.75, 0.5, 0, 0, np.nan])
    one = scoring.linear(pd.DataFrame({"x": [3.0, 3.0]}), ("x",), costs=("x",), suffix="")
    assert one["x"].tolist() == [1.0, 1.0]


def test_target_classes_and_knots():
    """1 at the target and 0 at the reach; a threshold begins its class; knots are met and held."""
    np.testing.assert_allclose(
        scores(scoring.target(TABLE, "x", 5.0, reach=5.0)), [0, 0, 0.5, 1, 0, 0, np.nan]
    )
    rules = pd.DataFrame(
        {"indicator": "x", "class": ["high", "low"], "from_value": [5.0, 0.0], "score": [0.9, 0.2]}
    )
    found = scoring.classes(TABLE, rules)
    np.testing.assert_array_equal(scores(found), [np.nan, 0.2, 0.2, 0.9, 0.9, 0.9, np.nan])
    assert found["x_class"].tolist()[1:4] == ["low", "low", "high"]
    knots = pd.DataFrame({"indicator": "x", "value": [10.0, 0.0], "score": [100.0, 20.0]})
    np.testing.assert_array_equal(scores(scoring.piecewise(TABLE, knots)), [20, 20, 40, 60, 100, 100, np.nan])


@pytest.mark.parametrize(
    ("shape", "points", "expected"),
    [
        ("triangle", (0.0, 5.0, 10.0), [0, 0, 0.5, 1, 0, 0]),
        ("trapezoid", (0.0, 5.0, 10.0, 14.0), [0, 0, 0.5, 1, 1, 0.5]),
        ("trapezoid", (0.0, 0.0, 5.0, 5.0), [0, 1, 1, 1, 0, 0]),
        ("gaussian", (5.0, 5.0), np.exp(-0.5 * np.array([1.2, 1, 0.5, 0, 1, 1.4]) ** 2)),
        ("sigmoid", (5.0, -1.0), 1 / (1 + np.exp(np.array([-6, -5, -2.5, 0, 5, 7])))),
        ("bell", (5.0, 5.0, 2.0), 1 / (1 + np.array([1.2, 1, 0.5, 0, 1, 1.4]) ** 4)),
        ("bell", (5.0, 4.0, 1e6), [0, 0, 1, 1, 0, 0]),
    ],
)
def test_memberships(shape, points, expected):
    """Each shape by its formula."""
    found = scores(scoring_shapes.membership(TABLE, "x", shape, points))
    np.testing.assert_allclose(found[:-1], expected, atol=1e-15)
    assert np.isnan(found[-1])


def test_utility():
    """By hand at ½ with r = 2 ln 2: (1 − ½)/(1 − ¼) = ⅔; r = 0 is the line; −r is the mirror."""
    table = pd.DataFrame({"x": [0.0, 0.5, 1.0]})
    half = {
        r: scoring_shapes.utility(table, ("x",), aversion=r)["x_utility"].tolist() for r in (1.0, 0.0, -1.0)
    }
    found = scoring_shapes.utility(table, ("x",), aversion=2 * np.log(2))["x_utility"]
    np.testing.assert_allclose(found, [0, 2 / 3, 1], rtol=1e-14)
    assert half[0.0] == [0.0, 0.5, 1.0]
    np.testing.assert_allclose(half[1.0][1] + half[-1.0][1], 1.0, rtol=1e-14)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: scoring.linear(TABLE, ("x",), pd.DataFrame({"indicator": ["x"], "worst": [1], "best": [1]})), "x"),
        (lambda: scoring.linear(TABLE, ("x",), costs=("y",)), "y"),
        (lambda: scoring.classes(TABLE, pd.DataFrame(
            {"indicator": ["y"], "class": "a", "from_value": 1.0, "score": 1.0})), "y"),
        (lambda: scoring.classes(TABLE, pd.DataFrame(
            {"indicator": ["x"], "class": "a", "from_value": "4,0", "score": 1.0})), "4,0"),
        (lambda: scoring.classes(TABLE, pd.DataFrame(
            {"indicator": ["x"], "class": "a", "from_value": 1.0, "score": 1.0}), suffix="_class"), "_class"),
        (lambda: scoring.piecewise(TABLE, pd.DataFrame({"indicator": ["x"], "value": 1.0, "score": 1.0})), "1"),
        (lambda: scoring_shapes.membership(TABLE, "x", "triangle", (3.0, 2.0, 1.0)), "3.0"),
        (lambda: scoring_shapes.membership(TABLE, "x", "bell", (3.0, 2.0)), "2"),
        (lambda: scoring_shapes.utility(TABLE, ("x",)), "x"),
    ],
)  # fmt: skip
def test_what_is_no_scale_is_refused(call, words):
    """Equal ends, lacking columns, a word for a start, one name for two columns, one knot, no shape, no scores."""
    with pytest.raises(ContractError) as caught:
        call()
    assert words in caught.value.came
