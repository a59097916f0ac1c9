"""Sensitivity: trajectories, elementary effects and shares of the variance against closed forms."""

from __future__ import annotations

import copy
import json
import re

import numpy as np
import pandas as pd
import pytest

from craton.decide.evaluation_sensitivity import sensitivity
from craton.decide.sensitivity import one_at_a_time, screening, variance
from craton.kernels.sensitivity import elementary_effects, paired_design, trajectories, variance_shares
from craton.model.errors import ContractError
from craton.process import progress


def test_trajectories_change_one_factor_at_a_time():
    """Each of k steps changes another factor by p / (2 (p − 1)), and all points lie on the levels (Morris 1991)."""
    design = trajectories(50, 6, levels=4, seed=3)
    steps = np.diff(design, axis=1)
    assert ((steps != 0).sum(axis=2) == 1).all()
    assert np.abs(steps).max(axis=2) == pytest.approx(np.full((50, 6), 2 / 3))
    assert (np.sort(np.abs(steps).argmax(axis=2), axis=1) == np.arange(6)).all()
    assert np.unique(np.round(design * 3, 9)).tolist() == [0, 1, 2, 3]


def test_effects_of_a_plane_and_of_a_product():
    """A plane has its slopes as effects and no spread; a product has a spread in both factors."""
    design = trajectories(40, 3, seed=1)
    plane = elementary_effects(design, design @ np.array([3.0, -2.0, 0.0]) + 7)
    assert plane.mean == pytest.approx([3, -2, 0], abs=1e-12)
    assert plane.mean_size == pytest.approx([3, 2, 0], abs=1e-12)
    assert plane.deviation == pytest.approx([0, 0, 0], abs=1e-12)
    product = elementary_effects(design, design[:, :, 0] * design[:, :, 1])
    assert (product.deviation[:2] > 0.2).all()
    assert product.mean[:2] == pytest.approx([0.5, 0.5], abs=0.1)


def ishigami(points):
    x = np.pi * (2 * points - 1)
    return np.sin(x[..., 0]) + 7 * np.sin(x[..., 1]) ** 2 + 0.1 * x[..., 2] ** 4 * np.sin(x[..., 0])


def test_ishigami():
    """Ishigami & Homma (1990), a = 7, b = 0.1: first 0.3139 0.4424 0, total 0.5576 0.4424 0.2437 (closed form)."""
    found = variance_shares(ishigami(paired_design(8192, 3, seed=2)))
    assert found.first == pytest.approx([0.31390519, 0.44241114, 0], abs=0.01)
    assert found.total == pytest.approx([0.55758886, 0.44241114, 0.24368366], abs=0.01)
    assert found.mean == pytest.approx(3.5, abs=0.01)
    assert found.variance == pytest.approx(0.5 + 49 / 8 + 0.1 * np.pi**4 / 5 + 0.01 * np.pi**8 / 18, rel=0.01)
    assert (np.abs(found.first - [0.31390519, 0.44241114, 0]) < 3 * found.first_error).all()


def test_the_g_function():
    """Sobol's g of a = 0, 1, 4.5, 9: V_i = 1 / (3 (1 + a_i)²), V = Π (1 + V_i) − 1 (Saltelli and Sobol 1995)."""
    a = np.array([0, 1, 4.5, 9.0])
    points = paired_design(8192, 4, seed=5)
    found = variance_shares(((np.abs(4 * points - 2) + a) / (1 + a)).prod(axis=-1))
    parts = 1 / (3 * (1 + a) ** 2)
    whole = np.prod(1 + parts) - 1
    others = np.array([np.prod(1 + np.delete(parts, i)) for i in range(4)])
    assert found.first == pytest.approx(parts / whole, abs=0.01)
    assert found.total == pytest.approx(parts * others / whole, abs=0.01)


def test_nothing_varies():
    """Where the output is one number all shares are 0."""
    found = variance_shares(np.full((5, 64), 4.2))
    assert (found.first == 0).all()
    assert (found.total == 0).all()
    assert (found.mean, found.variance) == (pytest.approx(4.2), 0.0)


@pytest.mark.parametrize(("size", "offset"), [(1e-9, 0), (1e160, 0), (10.0, 1e9)])
def test_shares_do_not_hang_on_the_unit_of_the_result(size, offset):
    """Very small and very large results, and small changes of a large one, have the shares of the plain one."""
    outputs = paired_design(64, 2) @ np.array([3.0, 1.0])
    plain, other = variance_shares(outputs), variance_shares(outputs * size + offset)
    assert other.first == pytest.approx(plain.first, rel=1e-6)
    assert other.total_error == pytest.approx(plain.total_error, rel=1e-6)


def factors(**ranges):
    rows = [(name, low, high) for name, (low, high) in ranges.items()]
    return pd.DataFrame(rows, columns=["factor", "low", "high"])


def test_processes_agree_on_a_plane():
    """On a plane the swing, the mean effect and the root of the variance shares all tell the slopes over the ranges."""
    table, formula = factors(a=(0, 2), b=(10, 11), c=(-1, 1)), "3 * a - 4 * b + 0 * c"
    swings = one_at_a_time(table, formula).set_index("factor")["swing"]
    assert swings.to_dict() == pytest.approx({"a": 6, "b": -4, "c": 0})
    found = screening(table, formula).set_index("factor")
    assert found["mean_effect"].to_dict() == pytest.approx({"a": 6, "b": -4, "c": 0}, abs=1e-9)
    assert found["deviation"].to_numpy() == pytest.approx([0, 0, 0], abs=1e-9)
    shares = variance(table, formula).set_index("factor")["total"]
    assert shares.to_dict() == pytest.approx({"a": 36 / 52, "b": 16 / 52, "c": 0}, abs=0.01)


def test_units_of_factors_go_through_the_formula():
    """Metres and kilometres are one: the result is in the unit of the formula, as `notes` say."""
    table = factors(depth=(1, 2), width=(1, 2)).assign(unit=["km", "m"])
    found = one_at_a_time(table, "depth + width").set_index("factor")
    assert found.loc["width", "swing"] == pytest.approx(0.001)
    assert found.attrs["columns"]["swing"]["unit"] == "km"


@pytest.mark.parametrize(
    ("table", "formula", "words"),
    [
        (factors(a=(1, 1)), "a", "others for a"),
        (factors(a=(0, 1)), "a + b", "'b', which is not given"),
        (factors(a=(-1, 1)), "log(a)", "none at a"),
        (factors(a=(0, 1)).assign(unit="smoots"), "a", "smoots"),
        (factors(sin=(0, 1)), "sin", "`factors` must be names that a formula can have"),
    ],
)
def test_refusals(table, formula, words):
    """Empty ranges, unknown names, formulas without a result and unknown units are named."""
    with pytest.raises(ContractError, match=re.escape(words)):
        variance(table, formula)


PACK = {
    "id": "two-parts", "version": "1", "goal": "both",
    **{name: {"en": "x", "zh": "x"} for name in ("title", "question", "description", "limits")},
    "attributes": {
        name: {"title": {"en": name, "zh": name}, "unit": "1", "error": error, "lowest": 0.0}
        for name, error in (("a", 0.01), ("b", 0.02))
    },
    "indicators": {
        name: {
            "title": {"en": name, "zh": name}, "definition": {"en": name, "zh": name}, "unit": "1",
            "formula": name, "direction": "benefit", "reference": "made",
            "score": {"method": "linear", "worst": 0.0, "best": 1.0, "source": "made"},
        }
        for name in ("a", "b")
    },
    "criteria": {
        "both": {
            "title": {"en": "x", "zh": "x"}, "parts": ["a", "b"],
            "weights": {"method": "given", "values": {"a": 0.75, "b": 0.25}, "source": "made"},
        }
    },
    "grades": [
        {"title": {"en": "poor", "zh": "差"}},
        {"title": {"en": "good", "zh": "好"}, "from_score": 0.5},
    ],
    "uncertainty": {"spread": 0.2},
}  # fmt: skip


def test_too_many_factors_for_one_table_are_refused():
    """20,000 factors would make a table of 800 million numbers."""
    table = pd.DataFrame({"factor": [f"x{at}" for at in range(20_000)], "low": 0.0, "high": 1.0})
    with pytest.raises(ContractError, match="at most 20,000,000"):
        one_at_a_time(table, "x1")


def changed(**told):
    """The pack with ranges of the data instead of bounds, and other changes."""
    pack = copy.deepcopy(PACK)
    for one in pack["indicators"].values():
        one["score"] = {"method": "linear"}
    return json.dumps(pack | told)


def test_errors_move_units_along_the_range_of_all_units():
    """An error that is one for all units moves none along the range of the data, one with a gap elsewhere included."""
    units = pd.DataFrame({"a": [0.3, 0.5, 0.7, 100.0], "b": [0.6, 0.2, 0.1, np.nan]})
    found = sensitivity(units, pack=changed(uncertainty={"spread": 0.0}), trajectories=0)
    mean = 0.75 * 0.2 / 99.7 + 0.25 * 0.6 / 1.5
    assert found[["at_low", "at_high"]].to_numpy() == pytest.approx(np.full((2, 2), mean))


def test_a_choice_of_units_keeps_the_range_of_all(monkeypatch):
    """With 100 of 3,000 units looked at, an error common to all still moves none."""
    monkeypatch.setattr("craton.decide.evaluation_sensitivity.MOST_WORK", 1)
    units = pd.DataFrame(np.random.default_rng(1).uniform(1, 2, (3000, 2)) ** 4, columns=["a", "b"])
    found = sensitivity(units, pack=changed(), trajectories=0).set_index("factor")
    assert found.loc["a", "at_low"] == pytest.approx(found.loc["a", "at_high"], abs=1e-12)
    assert found.loc["both / a", "at_low"] != found.loc["both / a", "at_high"]


def test_weights_that_may_vanish_leave_a_number():
    """With a spread of 1 all weights of a criterion may be as low as can be at once: they are alike then."""
    units = pd.DataFrame({"a": [0.3, 0.5], "b": [0.6, 0.2]})
    found = sensitivity(units, pack=json.dumps(PACK | {"uncertainty": {"spread": 1.0}}))
    assert np.isfinite(found["mean_size"]).all()


def test_ranges_are_told_in_the_unit_and_progress_goes_up():
    """1.96 of an error of 1 m is ± 1.96 m; what is heard never goes back."""
    pack = copy.deepcopy(PACK)
    pack["attributes"]["a"] |= {"error": 1.0, "unit": "m"}
    pack["indicators"]["a"]["unit"] = "m"
    heard = []
    with progress.listening(lambda share, _words: heard.append(share)):
        found = sensitivity(pd.DataFrame({"a": [0.3], "b": [0.6]}), pack=json.dumps(pack), points=16)
    assert found.set_index("factor").loc["a", "range"] == "± 1.96 m"
    assert heard == sorted(heard)


@pytest.mark.parametrize(("name", "count"), [("points", 15), ("trajectories", 1)])
def test_samples_that_say_nothing_are_refused(name, count):
    """A variance of a few points, a deviation of one trajectory."""
    with pytest.raises(ContractError, match="0 for none, or at least"):
        sensitivity(pd.DataFrame({"a": [0.3], "b": [0.6]}), pack=json.dumps(PACK), **{name: count})


def test_an_evaluation_hangs_on_its_weights_and_errors_as_worked_out_by_hand():
    """Mean score .75 a + .25 b: errors move it by 1.96 w e; a weight of .75 ± 20 % becomes .9/1.15 or .6/.85."""
    units = pd.DataFrame({"a": [0.3, 0.5, 0.7], "b": [0.6, 0.2, 0.1]})
    found = sensitivity(units, pack=json.dumps(PACK), trajectories=30, points=256).set_index("factor")
    mean = 0.75 * 0.5 + 0.25 * 0.3
    assert set(found.index) == {"both / a", "both / b", "a", "b"}
    assert found.loc["a", "at_high"] == pytest.approx(mean + 0.75 * 1.96 * 0.01, abs=1e-6)
    assert found.loc["b", "at_low"] == pytest.approx(mean - 0.25 * 1.96 * 0.02, abs=1e-6)
    heavy, light = 0.9 / 1.15, 0.6 / 0.85
    assert found.loc["both / a", "at_high"] == pytest.approx(heavy * 0.5 + (1 - heavy) * 0.3)
    assert found.loc["both / a", "at_low"] == pytest.approx(light * 0.5 + (1 - light) * 0.3)
    assert found.loc["a", "mean_size"] == pytest.approx(0.75 * 2 * 1.96 * 0.01, rel=0.05)
    assert found.index[0] == "a"
    assert found["total"].sum() == pytest.approx(1, abs=0.05)
    changed = sensitivity(units, pack=json.dumps(PACK), outcome="changed_grades", trajectories=0)
    assert changed["at_low"].max() == 0.0
    assert changed["mean_size"].isna().all()
