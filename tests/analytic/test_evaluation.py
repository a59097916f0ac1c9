"""Evaluations against sums worked out by hand, and against the single processes in a chain."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from tests.evaluation_packs import RICH, rich

from craton.decide import evaluation, ranking_balance, ranking_distance, ranking_sums, weighting_judged
from craton.decide.evaluation_cells import grid, volume
from craton.decide.evaluation_compare import compare
from craton.decide.pack_test import run_oracles, run_properties
from craton.kernels import score_draws
from craton.model.errors import ContractError, InvalidError
from craton.model.evaluation import MEDIA_TYPE, read_evaluation
from craton.model.pack_text import decoded

TITLE = RICH["title"]
COMBINED = (
    "weighted_sum", "weighted_product", "ordered_weighted_average", "limiting_factor", "topsis",
    "grey_relation", "coupling_coordination",
)  # fmt: skip


def land(**more):
    """Four parcels; the last has no depth, its slope is out of bounds."""
    frame = pd.DataFrame(
        {
            "name": ["A", "B", "C", "D"], "slope": [5.0, 15.0, 25.0, 100.0], "soil_depth": [0.4, 0.8, 1.2, np.nan],
            "acidity": [6.5, 5.0, 7.5, 6.0], "distance": [0.0, 1.0, 3.0, 1.0],
            "texture": ["sand", "loam", "clay", "sand"],
        } | more
    )  # fmt: skip
    frame.attrs["columns"] = {
        "slope": {"unit": "deg"}, "soil_depth": {"unit": "m"}, "acidity": {"unit": "1"}, "distance": {"unit": "km"},
    }  # fmt: skip
    return frame


def two(combine, **more):
    """Text of a pack of two scores as they are under one goal."""
    names = ("one", "other")
    return json.dumps({
        **{key: RICH[key] for key in ("id", "version", "title", "question", "description", "limits", "grades")},
        "goal": "whole", "attributes": {name: {"unit": "1", "title": TITLE} for name in ("a", "b")},
        "indicators": {
            name: {"title": TITLE, "formula": own, "direction": "benefit", "score": {"method": "as_it_is"}}
            for name, own in zip(names, ("a", "b"), strict=True)
        },
        "criteria": {
            "whole": {
                "title": TITLE, "parts": list(names), "combine": combine,
                "weights": {"method": "given", "values": {"one": 3.0, "other": 1.0}}, **more,
            }
        },
    })  # fmt: skip


SCORES = pd.DataFrame({"a": [0.9, 0.2, 0.5], "b": [0.1, 0.6, 0.5]})
WEIGHTS = pd.DataFrame({"indicator": ["a", "b"], "weight": [0.75, 0.25]})


def test_scores_of_a_hierarchy_worked_out_by_hand():
    """Three parcels of the rich pack.

    Rooting 40, 80, 120 cm scores 0, 0.6, 1; pH 6.5, 5, 7.5 scores 1, 0.25, 0.5; soil is 0.6 and 0.4 of them.
    Slopes score 1, 0.5, 0; access 1/(1 + d) is 1, 0.5, 0.25; ease 0.4, 0.4, 0.3 scores 0.32, 0.32, 0.24;
    best-worst weights of consistent judgments 1:2:4 are 4/7, 2/7, 1/7. Soil weighs 3/4.
    """
    found = evaluation.table(land(), pack=rich(problems={}), draws=0)
    soil = np.array([0.4, 0.46, 0.8])
    place = np.array([4 + 2 + 0.32, 2 + 1 + 0.32, 0.5 + 0.24]) / 7
    units = found.units
    np.testing.assert_allclose(units["score_soil"][:3], soil, rtol=1e-12)
    np.testing.assert_allclose(units["score_place"][:3], place, rtol=1e-9)
    np.testing.assert_allclose(units["score"][:3], 0.75 * soil + 0.25 * place, rtol=1e-9)
    assert units["grade"].tolist()[:3] == ["Fair", "Fair", "Fair"]
    assert units["rank"].tolist()[:3] == [2, 3, 1]
    assert units["advice"].tolist() == ["keep", "lime", "keep", "keep"]
    # Lacks: rooting 0.45·(1 − 0), 0.45·0.4; slope 1/7·(1 − 0) against reaction 0.3·0.5.
    assert units["limiting"].tolist()[:3] == ["rooting", "reaction", "reaction"]
    assert units[["score", "grade", "rank", "limiting"]].iloc[3].isna().all()
    assert "1 of 4 units have a gap" in units.attrs["columns"]["score"]["title"]
    assert units.attrs["columns"]["rooting"]["unit"] == "cm"


def test_contributions_and_obstacles_add_up():
    """What indicators bring adds up to the score, obstacles to 1, and each is told down to its column."""
    found = evaluation.table(land(), pack=rich(problems={}), draws=0)
    told = found.contributions.groupby("label", sort=False)[["contribution", "obstacle"]].sum()
    assert told.index.tolist() == ["C", "A", "B"]
    np.testing.assert_allclose(told["contribution"], found.units["score"].iloc[[2, 0, 1]], rtol=1e-12)
    np.testing.assert_allclose(told["obstacle"], 1.0, rtol=1e-12)
    ease = found.contributions.query("label == 'C' and indicator == 'ease'").iloc[0]
    assert ease["from"] == "depth = 1.2 m [column soil_depth]; distance = 3 km [column distance]"
    whole = found.weights.set_index("part")["whole_weight"]
    assert whole[["rooting", "reaction", "gentle", "access", "ease"]].sum() == pytest.approx(1.0, abs=1e-12)
    assert found.weights["consistency_ratio"].dropna().tolist() == [0.0, 0.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("combine", COMBINED)
def test_each_way_of_combining_is_that_of_its_process(combine):
    """The score of a criterion is what the single process gives of the same scores and weights."""
    names = ("a", "b")
    chained = {
        "weighted_sum": lambda: ranking_sums.weighted_sum(SCORES, names, WEIGHTS, scored_already=True)["score"],
        "weighted_product": lambda: ranking_sums.weighted_product(SCORES, names, WEIGHTS)["score"],
        "ordered_weighted_average": lambda: ranking_sums.ordered_weighted_average(
            SCORES, names, WEIGHTS, power=2.0, scored_already=True
        )["score"],
        "limiting_factor": lambda: ranking_balance.limiting_factor(SCORES, names, WEIGHTS, strictness=0.5)["score"],
        "topsis": lambda: ranking_distance.topsis(SCORES, names, WEIGHTS)["closeness"],
        "grey_relation": lambda: ranking_distance.grey_relation(
            SCORES, names, WEIGHTS, contrast=0.5, scored_already=True
        )["grade"],
        "coupling_coordination": lambda: ranking_balance.coupling_coordination(SCORES, names, WEIGHTS)["coordination"],
    }  # fmt: skip
    found = evaluation.table(SCORES, pack=two(combine, power=2.0, strictness=0.5), draws=0).units
    np.testing.assert_allclose(found["score"], chained[combine](), rtol=1e-12)


def test_combining_by_hand():
    """Scores 0.9 and 0.1 that weigh 3/4 and 1/4, in figures."""
    expected = {
        "weighted_sum": 0.7, "weighted_product": 0.9**0.75 * 0.1**0.25,
        "ordered_weighted_average": 0.75**2 * 0.9 + (1 - 0.75**2) * 0.1,
        "limiting_factor": np.sqrt(0.1 * 0.9**0.75 * 0.1**0.25),
        "coupling_coordination": np.sqrt(2 * np.sqrt(0.09) / 1.0 * 0.7),
    }  # fmt: skip
    for combine, score in expected.items():
        found = evaluation.table(SCORES, pack=two(combine, power=2.0, strictness=0.5), draws=0).units
        assert found["score"].iloc[0] == pytest.approx(score, rel=1e-12), combine


def test_weights_by_the_scores_are_those_of_their_process():
    """Entropy, CRITIC, spread, components and their mean, of the scores of the units."""
    from craton.decide import weighting_data

    data = pd.DataFrame({"a": [0.9, 0.2, 0.5, 0.4], "b": [0.1, 0.6, 0.55, 0.8]})
    each = {
        "entropy": weighting_data.entropy(data, ("a", "b")), "critic": weighting_data.critic(data, ("a", "b")),
        "spread": weighting_data.spread(data, ("a", "b")),
        "principal_components": weighting_data.principal_components(data, ("a", "b")).weights,
    }  # fmt: skip
    for method, told in each.items():
        found = evaluation.table(data, pack=two("weighted_sum", weights={"method": method}), draws=0).weights
        np.testing.assert_allclose(found["weight"], told["weight"], rtol=1e-12, err_msg=method)
    weights = {"method": "combined", "of": ["entropy", "spread"]}
    found = evaluation.table(data, pack=two("weighted_sum", weights=weights), draws=0).weights
    mean = (each["entropy"]["weight"] + each["spread"]["weight"]) / 2
    np.testing.assert_allclose(found["weight"], mean, rtol=1e-12)


def test_judged_weights_are_those_of_their_process():
    """The analytic hierarchy of the pack gives the weights and the ratio of the process."""
    judgments = [["rooting", "reaction", 2.0], ["rooting", "extra", 5.0], ["reaction", "extra", 3.0]]
    extra = {**RICH["indicators"]["access"]}
    text = rich(
        indicators__extra=extra, criteria__soil__parts=["rooting", "reaction", "extra"], problems={},
        criteria__soil__weights={"method": "analytic_hierarchy", "judgments": judgments},
    )  # fmt: skip
    found = evaluation.table(land(), pack=text, draws=0).weights.query("criterion == 'soil'")
    told = weighting_judged.analytic_hierarchy(pd.DataFrame(judgments, columns=["first", "second", "value"]))
    np.testing.assert_allclose(found["weight"], told.weights["weight"], rtol=1e-12)
    ratio = told.consistency["consistency_ratio"].iloc[0]
    assert found["consistency_ratio"].iloc[0] == pytest.approx(ratio, abs=1e-12)


@pytest.mark.parametrize("run", [grid, volume])
def test_cells_have_the_scores_of_rows(run):
    """A table, a grid and a volume of the same numbers give the same scores, grades, ranks and answers."""
    made = evaluation.made_data(pack=rich(), seed=3)
    rows = evaluation.table(pd.DataFrame(made.drop(columns="geometry")), pack=rich(), draws=30, seed=1)
    axes = {"northing": 100.0 * np.arange(6), "easting": 50.0 * np.arange(5)}
    if run is volume:
        axes = {"upward": [0.0, 5.0], "northing": 100.0 * np.arange(3), "easting": 50.0 * np.arange(5)}
    shape = tuple(len(one) for one in axes.values())
    codes = np.where(made["texture"] == "sand", 1, 2).reshape(shape)
    fields = {
        name: (tuple(axes), made[name].to_numpy().reshape(shape), {"units": RICH["attributes"][name]["unit"]})
        for name in ("slope", "depth", "acidity", "distance")
    }  # fmt: skip
    flags = {"flag_values": [1, 2], "flag_meanings": ["sand", "clay"]}
    cells = xr.Dataset({**fields, "texture": (tuple(axes), codes, flags)}, axes, {"crs": "EPSG:32648"})
    found = run(cells, pack=rich(), draws=30, seed=1)
    for name in (
        "score",
        "score_soil",
        "score_ease",
        "rooting",
        "rank",
        "grade_number",
        "best_rank",
        "efficiency",
    ):
        np.testing.assert_array_equal(found.cells[name].to_numpy().ravel(), rows.units[name].to_numpy(), name)
    words = ["none", *decoded(rich()).rules["advice"].answers]
    titles = {"lime": "Lime", "keep": "Keep"}
    told = [
        found.cells["advice"].attrs["flag_meanings"][code]
        for code in found.cells["advice"].to_numpy().ravel()
    ]
    assert told == [titles[one] for one in rows.units["advice"]]
    assert len(words) == len(found.cells["advice"].attrs["flag_values"])
    answer = read_evaluation(found.answer.content)
    assert answer.supports == ("grid" if run is grid else "volume")
    assert answer.area == (30 * 5000.0 if run is grid else None)


def test_data_in_other_units_and_by_other_names():
    """Centimetres and metres of distance convert; a column of the attribute's name may lack a unit."""
    first = evaluation.table(land(), pack=rich(problems={}), draws=0).units
    other = land().rename(columns={"soil_depth": "Depth"})
    other["Depth"] *= 100.0
    other.attrs["columns"] = {"Depth": {"unit": "cm"}}
    second = evaluation.table(other, pack=rich(problems={}), draws=0)
    np.testing.assert_allclose(second.units["score"][:3], first["score"][:3], rtol=1e-12)
    told = {one.id: one for one in read_evaluation(second.answer.content).attributes}
    assert (told["depth"].column, told["depth"].found_unit, told["slope"].found_unit) == ("Depth", "cm", "")
    assert (told["slope"].refused, told["slope"].values.gaps) == (1, 1)
    assert told["texture"].words == {"clay": 1, "loam": 1, "sand": 2}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda one: one.drop(columns="slope"), "data without slope"),
        (lambda one: one.assign(slope="steep"), "words"),
        (lambda one: one.rename(columns={"slope": "Slope"}).assign(SLOPE=1.0), "Slope, SLOPE"),
        (lambda one: one.iloc[:0], "empty"),
        (lambda one: one.assign(slope=np.nan), "gentle in 4"),
    ],
)
def test_data_that_cannot_be_judged_are_refused(change, words):
    """A missing attribute, words for numbers, two columns for one attribute, no row, gaps everywhere."""
    with pytest.raises(ContractError, match=words):
        evaluation.table(change(land()), pack=rich(problems={}), draws=0)


@pytest.mark.parametrize("method", ["linear", "target"])
def test_a_constant_indicator_that_units_are_scored_by_is_refused(method):
    """Where all have one number, scores of units by each other say nothing; ends of their own do."""
    score = {"method": method, **({"target": 3.0} if method == "target" else {})}
    text = rich(
        indicators__gentle__score=score,
        indicators__gentle__direction="target" if method == "target" else "cost",
    )
    with pytest.raises(ContractError, match=r"indicators\.gentle\.score: all 4 units have the number"):
        evaluation.table(land(slope=[7.0] * 4), pack=text, draws=0)
    assert (
        evaluation.table(land(slope=[7.0] * 4), pack=rich(problems={}), draws=0).units["score"].notna().sum()
        == 3
    )


def test_a_wrong_unit_is_refused():
    """A slope in metres."""
    wrong = land()
    wrong.attrs["columns"]["slope"] = {"unit": "m"}
    with pytest.raises(ContractError, match="`slope` in deg"):
        evaluation.table(wrong, pack=rich(), draws=0)


def test_a_pack_with_faults_is_refused_with_the_place():
    """The process says where and why; the check gives all faults as rows."""
    text = rich(criteria__soil__weights__values__rooting=-1.0)
    with pytest.raises(
        ContractError, match=r"criteria\.soil\.weights\.values\.rooting: a weight is at least 0"
    ):
        evaluation.table(land(), pack=text)
    assert evaluation.check(pack=text)["place"].tolist() == ["criteria.soil.weights.values.rooting"]
    assert evaluation.check(pack=rich()).empty


def test_an_exclusive_table_whose_rules_meet_is_refused():
    """Two rules hold for parcel B."""
    rules = [{"when": "acidity < 5.5", "then": "lime"}, {"when": "slope > 10", "then": "keep"}]
    with pytest.raises(InvalidError, match=r"rules\.advice: more than one rule holds in 1 units"):
        evaluation.table(
            land(), pack=rich(rules__advice__rules=rules, rules__advice__exclusive=True), draws=0
        )


def test_a_rule_that_is_not_known_gives_no_answer():
    """Without a texture it is not known whether sour soil is sand."""
    found = evaluation.table(
        land(acidity=[5.0] * 4, texture=["sand", None, "clay", ""]), pack=rich(), draws=0
    )
    assert [one if isinstance(one, str) else None for one in found.units["advice"]] == [
        "lime",
        None,
        "keep",
        None,
    ]


def test_scenarios_change_attributes_and_weights():
    """Liming brings pH 5 to 6, which scores 0.75; equal weights of soil are the mean of its parts."""
    limed = evaluation.table(land(), pack=rich(problems={}), scenario="limed", draws=0)
    assert limed.units["score_reaction"].tolist()[:3] == pytest.approx([1.0, 0.75, 0.5])
    assert limed.contributions.query("indicator == 'reaction'")["from"].str.contains("by the scenario").all()
    equal = evaluation.table(land(), pack=rich(problems={}), scenario="access_first", draws=0).units
    assert equal["score_soil"].tolist()[:3] == pytest.approx([0.5, 0.425, 0.75])
    with pytest.raises(ContractError, match="no scenario 'gold'"):
        evaluation.table(land(), pack=rich(), scenario="gold")


def test_two_results_are_compared():
    """Liming raises B by 0.75·0.4·0.5 and no other; rows may be in any order where a column names them."""
    first, second = (
        evaluation.table(land(), pack=rich(problems={}), scenario=one, draws=0).units for one in ("", "limed")
    )
    turned = second.iloc[::-1].reset_index(drop=True)
    turned.attrs = second.attrs
    found = compare(first, turned, by="name")
    assert found.units["score_difference"].tolist()[:3] == pytest.approx([0.0, 0.15, 0.0])
    assert [one if isinstance(one, str) else None for one in found.units["change"]] == [
        "same",
        "better",
        "same",
        None,
    ]
    assert found.units["rank_change"].tolist()[:3] == [-1, 1, 0]
    assert found.summary[["units", "better", "worse"]].sum().tolist() == [3, 1, 0]
    with pytest.raises(ContractError, match="same 4 rows"):
        compare(first, second.iloc[:2])


def test_draws_of_a_sum_agree_with_drawing_it_out():
    """Counts of a weighted sum are those of the whole hierarchy worked out anew for each draw."""
    made = pd.DataFrame(evaluation.made_data(pack=rich(), seed=5).drop(columns="geometry"))
    sums = rich(attributes__acidity__error=None, problems={}, uncertainty__draws=200)
    # A product of one part is that part: the score is the same, but counted by the other way.
    parts = rich(
        attributes__acidity__error=None, problems={}, uncertainty__draws=200,
        criteria__soil__parts=["rooting", "only"], criteria__soil__weights__values={"rooting": 3.0, "only": 2.0},
        criteria__only={"title": TITLE, "parts": ["reaction"], "combine": "weighted_product"},
    )  # fmt: skip
    one, other = (evaluation.table(made, pack=text, seed=7).units for text in (sums, parts))
    np.testing.assert_allclose(one["score"], other["score"], rtol=1e-12)
    assert np.abs(one["grade_probability"] - other["grade_probability"]).max() < 0.15
    assert one["first_probability"].sum() == pytest.approx(1.0, abs=1e-9)
    assert ((one["best_rank"] <= one["rank"]) & (one["rank"] <= one["worst_rank"])).all()


def test_counts_by_steps_are_those_of_exact_ranks(monkeypatch):
    """Grades are the same to the last draw; ranks by steps of 1/65,536 differ by those in one step."""
    random = np.random.default_rng(2)
    scores, weights = random.random((600, 6)), random.dirichlet(np.ones(6), 20)
    limits = np.array([0.0, 0.45, 0.55, np.inf])
    grades = np.searchsorted(limits, scores @ weights[0], side="right") - 1
    given = (scores, weights, limits[grades], limits[grades + 1], 60)
    exact = score_draws.counted(*given)
    monkeypatch.setattr(score_draws, "EXACT", 0)
    steps = score_draws.counted(*given)
    np.testing.assert_array_equal(steps.kept, exact.kept)
    sums = scores @ weights.T
    in_grade = (limits[grades][:, None] <= sums) & (sums < limits[grades + 1][:, None])
    np.testing.assert_array_equal(exact.kept, in_grade.sum(axis=1))
    places = (sums[None] > sums[:, None]).sum(axis=1) + 1
    np.testing.assert_array_equal(exact.best, places.min(axis=1))
    np.testing.assert_array_equal(exact.worst, places.max(axis=1))
    assert np.abs(steps.best - exact.best).max() <= 3
    assert (steps.best <= exact.best).all()
    np.testing.assert_array_equal(exact.first, (places == 1).sum(axis=1))
    np.testing.assert_array_equal(exact.top, (places <= 60).sum(axis=1))


def test_steps_without_compiling(monkeypatch):
    """The same functions as plain Python, by 512 steps: grades as compiled, ranks no worse than exact."""
    random = np.random.default_rng(3)
    scores, weights = random.random((60, 3)), random.dirichlet(np.ones(3), 5)
    given = (scores, weights, np.full(60, 0.4), np.full(60, 0.6), 6)
    exact = score_draws.counted(*given)
    monkeypatch.setattr(score_draws, "EXACT", 0)
    monkeypatch.setattr(score_draws, "STEPS", 512)
    for name in ("_step", "_add_from_above", "_look_up"):
        monkeypatch.setattr(score_draws, name, getattr(score_draws, name).py_func)
    steps = score_draws.counted(*given)
    np.testing.assert_array_equal(steps.kept, exact.kept)
    assert ((steps.best <= exact.best) & (exact.best <= steps.best + 3)).all()
    assert ((steps.worst <= exact.worst) & (exact.worst <= steps.worst + 3)).all()


def test_an_error_of_the_data_shakes_only_what_is_near_a_limit():
    """PH 6.5 ± 0.2 of one part that scores 1 − |pH − 6.5|/2: the grade from 0.7 holds to three deviations."""
    text = two("weighted_sum").replace('"unit": "1"', '"unit": "1", "error": 0.02', 1)
    data = pd.DataFrame({"a": [0.5, 0.401, 0.9], "b": [0.5, 0.401, 0.9]})
    units = evaluation.table(data, pack=text, draws=2000, seed=1).units
    assert units["grade_probability"].iloc[0] == 1.0
    # The score is 0.401 + 0.75·0.02·z and a little of the weights: it stays above 0.4 where z > −1/15.
    assert units["grade_probability"].iloc[1] == pytest.approx(0.5266, abs=0.03)
    answer = read_evaluation(evaluation.table(data, pack=text, draws=50).answer.content)
    assert answer.robustness.errors == {"a": "0.02"}


@pytest.mark.parametrize(
    ("returns", "expected"),
    [
        ("constant", [0.5, 1.0, 0.75, 2 / 3]), ("variable", [1.0, 1.0, 1.0, 5 / 6]),
        ("decreasing", [0.5, 1.0, 1.0, 2 / 3]), ("increasing", [1.0, 1.0, 0.75, 5 / 6]),
    ],
)  # fmt: skip
def test_returns_to_scale_of_a_frontier_by_hand(returns, expected):
    """Inputs 2, 3, 8, 3 and outputs 1, 3, 6, 2.

    The most output for an input is 1, of the second. With variable returns the frontier goes through the first
    three; output 2 takes 2.5 there.
    """
    frontier = {"inputs": ["distance"], "outputs": ["depth"], "returns": returns}
    data = land(distance=[2.0, 3.0, 8.0, 3.0], soil_depth=[1.0, 3.0, 6.0, 2.0])
    found = evaluation.table(data, pack=rich(frontier=frontier, problems={}), draws=0)
    assert found.units["efficiency"].tolist() == pytest.approx(expected, abs=1e-9)
    told = read_evaluation(found.answer.content).frontier
    assert told.efficient == sum(one == 1.0 for one in expected)


def test_a_problem_keeps_its_shares():
    """Crops on at most half of the land go where they gain most over forest; areas weigh."""
    made = evaluation.made_data(pack=rich())
    found = evaluation.table(made, pack=rich(), draws=0)
    gain = found.units["score_soil"] - (1 - found.units["score_place"])
    best = gain.nlargest(15)
    expected = set(best[best > 0].index)
    assert set(found.units.index[found.units["use"] == "crops"]) == expected
    (told,) = read_evaluation(found.answer.content).problems
    assert told.areas["crops"] == pytest.approx(len(expected) * 250_000.0)
    assert sum(told.counts.values()) == 30


def test_the_answer_says_everything():
    """The document reads back: shares, hierarchy, best unit, rules, areas, robustness, key of the pack."""
    made = evaluation.made_data(pack=rich(), seed=2)
    found = evaluation.table(made, pack=rich(), seed=4)
    assert found.answer.media_type == MEDIA_TYPE
    told = read_evaluation(found.answer.content)
    assert (told.units, told.evaluated, told.pack) == (30, 30, "rich")
    assert sum(one.share for one in told.grades) == pytest.approx(1.0)
    assert sum(one.area for one in told.grades) == pytest.approx(told.area) == pytest.approx(30 * 250_000.0)
    assert [one.id for one in told.nodes if one.parent == "land"] == ["soil", "place"]
    assert told.best[0].rank == 1
    assert told.best[0].label == found.units.loc[found.units["rank"] == 1, "name"].iloc[0]
    assert sum(one.contribution for one in told.best[0].contributions) == pytest.approx(told.best[0].score)
    assert 102 < told.best[0].position[0] < 103
    assert sum(one.obstacle for one in told.indicators) == pytest.approx(1.0)
    assert sum(one.count for one in told.rules) == 30
    assert (told.robustness.draws, told.robustness.seed) == (50, 4)
    assert told.scores.count == sum(told.scores.bins) == 30
    assert len(told.key) == 64
    assert told.key != read_evaluation(evaluation.table(made, pack=rich(version="2")).answer.content).key


def test_made_data_are_repeatable_and_as_told():
    """The same seed gives the same; words come in their shares; formulas convert; limits are kept."""
    text = rich(synthetic__rows=60, synthetic__columns=50)
    one, other = (evaluation.made_data(pack=text, seed=9) for _ in range(2))
    pd.testing.assert_frame_equal(one, other)
    assert (one["texture"] == "sand").mean() == pytest.approx(0.25, abs=0.03)
    assert 0.2 <= one["depth"].min() < one["depth"].max() <= 1.7
    assert "wet" not in one.columns
    assert one.geometry.area.iloc[0] == 250_000.0
    assert one.attrs["columns"]["depth"]["unit"] == "m"


def test_oracles_and_properties_are_run():
    """A right example passes, a wrong one says what came; all properties hold on made data."""
    pack = decoded(rich())
    assert [one.passed for one in run_oracles(pack)] == [True]
    (wrong,) = run_oracles(decoded(rich(oracles__0__expect__ease=[0.7])))
    assert not wrong.passed
    assert "ease of unit 1: expected 0.7, came 0.6" in wrong.came
    assert [one for one in run_properties(pack) if not one.passed] == []
    # One parcel cannot be half of the crops, which the example does not ask for; the made data can.
    shares = decoded(rich(problems__use__uses__crops__least=0.5))
    assert [one.passed for one in run_oracles(shares)] == [True]
    assert [one for one in run_properties(shares) if not one.passed] == []
