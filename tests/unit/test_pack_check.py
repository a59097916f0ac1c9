"""Every fault of a pack is told with its place and its reason, all of them at once, and none by a traceback."""

from __future__ import annotations

import json
from itertools import pairwise

import msgspec
import pytest
from tests.evaluation_packs import RICH, rich

from craton.model.errors import InvalidError
from craton.model.indicator_library import library
from craton.model.pack import Pack, Weights
from craton.model.pack_check import check, resolved
from craton.model.pack_check_weights import check_weights
from craton.model.pack_findings import Faults
from craton.model.pack_resolved import ring
from craton.model.pack_text import decoded

CONTRADICTING = [["gentle", "access", 5.0], ["access", "ease", 5.0], ["gentle", "ease", 0.2]]

FAULTS = [
    ({"id": "Rich!"}, "id", "small letters"),
    ({"title__zh": None}, "title", "'zh'"),
    ({"indicators__gentle__title": {"en": "Slope"}}, "indicators.gentle.title", "'zh'"),
    ({"goal": "gold"}, "goal", "no criterion"),
    ({"area": "slope"}, "area", "no area"),
    ({"attributes__slope__unit": "degrees of arc"}, "attributes.slope.unit", "canonical"),
    ({"attributes__depth__quantity": "soil_acidity_of_mars"}, "attributes.depth.quantity", "no quantity"),
    ({"attributes__slope__highest": -1.0}, "attributes.slope", "below `highest`"),
    ({"attributes__texture__error": 0.1}, "attributes.texture", "neither bounds"),
    ({"attributes__slope__highest": float("nan")}, "attributes.slope.highest", "finite"),
    ({"attributes__score": {"unit": "m", "title": RICH["title"]}}, "attributes.score", "scores are called so"),
    ({"indicators__gentle__library": "slope_of_mars"}, "indicators.gentle", "library has no indicator"),
    ({"indicators__gentle__formula": "steepness"}, "indicators.gentle", "'steepness'"),
    ({"indicators__gentle__formula": None}, "indicators.gentle", "no formula"),
    ({"indicators__gentle__unit": "m"}, "indicators.gentle", "no m"),
    ({"indicators__gentle__formula": "slope + depth"}, "indicators.gentle", "put together"),
    ({"indicators__gentle__formula": "texture"}, "indicators.gentle", "words, no number"),
    ({"indicators__gentle__formula": "open('/etc/passwd')"}, "indicators.gentle", "no function"),
    ({"indicators__gentle__direction": None}, "indicators.gentle", "no direction"),
    ({"indicators__access__formula": "ease / depth"}, "indicators.access", "access → ease → access"),
    ({"indicators__rank": RICH["indicators"]["gentle"]}, "indicators.rank", "called so already"),
    ({"indicators__gentle__score__best": 30.0}, "indicators.gentle.score", "opposite"),
    ({"indicators__gentle__score__best": None}, "indicators.gentle.score", "both told or neither"),
    ({"indicators__gentle__score__bounds": [1.0]}, "indicators.gentle.score.bounds", "none of it"),
    ({"indicators__rooting__score__bounds": [100.0, 50.0]}, "indicators.rooting.score.bounds", "rise"),
    ({"indicators__rooting__score__scores": [0.0, 1.0]}, "indicators.rooting.score.scores", "3 classes"),
    ({"indicators__rooting__score__scores": [0.0, 0.6, 1.5]}, "indicators.rooting.score.scores", "not 1.5"),
    ({"indicators__rooting__score__scores": [1.0, 0.6, 0.0]}, "indicators.rooting.score.scores", "opposite"),
    ({"indicators__reaction__score__target": None}, "indicators.reaction.score.target", "missing"),
    ({"indicators__ease__score__at": [0.0, 1.0]}, "indicators.ease.score.scores", "2 numbers and 3"),
    ({"indicators__gentle__score": {"method": "as_it_is"}}, "indicators.gentle.score", "unit 1"),
    ({"criteria__soil__parts": []}, "criteria.soil.parts", "no part"),
    ({"criteria__soil__parts": ["rooting", "gold"]}, "criteria.soil.parts", "'gold'"),
    ({"criteria__soil__parts": ["rooting", "gentle"]}, "criteria.place.parts", "part of 'soil' too"),
    ({"criteria__land__parts": ["soil"]}, "criteria.place", "does not lead to it"),
    ({"criteria__soil__parts": ["rooting", "reaction", "land"]}, "criteria.land", "part of itself"),
    ({"criteria__soil__strictness": 2.0}, "criteria.soil.strictness", "0 to 1"),
    ({"criteria__soil__weights__values__rooting": -1.0}, "criteria.soil.weights.values.rooting", "at least 0"),
    ({"criteria__soil__weights__values__rooting": None}, "criteria.soil.weights.values", "'rooting'"),
    ({"criteria__soil__weights__values__gold": 1.0}, "criteria.soil.weights.values", "'gold'"),
    ({"criteria__land__weights__judgments": []}, "criteria.land.weights.judgments", "not judged"),
    ({"criteria__land__weights__judgments": [["soil", "place", -3.0]]}, "criteria.land.weights.judgments", "above 0"),
    ({"criteria__place__weights": {"method": "analytic_hierarchy", "judgments": CONTRADICTING}},
     "criteria.place.weights.judgments", "consistency ratio"),
    ({"criteria__place__weights__best_over__gentle": 2.0}, "criteria.place.weights.best_over", "best part has 1"),
    ({"criteria__place__weights__over_worst__gentle": 3.0}, "criteria.place.weights", "told twice and differs"),
    ({"criteria__soil__weights": {"method": "combined", "of": ["equal"]}}, "criteria.soil.weights.of", "two or more"),
    ({"grades": []}, "grades", "none"),
    ({"grades__0__from_score": 0.1}, "grades", "begins at the score 0"),
    ({"grades__2__from_score": 0.3}, "grades", "higher score"),
    ({"grades__0__colour": "red"}, "grades.0.colour", "#rrggbb"),
    ({"rules__advice__rules__0__when": "acidity"}, "rules.advice.rules.0.when", "no condition"),
    ({"rules__advice__rules__0__when": "class('soil', 'sand')"}, "rules.advice.rules.0.when", "no attribute"),
    ({"rules__advice__rules__0__when": "gold > 1"}, "rules.advice.rules.0.when", "'gold'"),
    ({"rules__advice__rules__0__when": "slope > '1 m'"}, "rules.advice.rules.0.when", "put together"),
    ({"rules__advice__rules__0__then": "pray"}, "rules.advice.rules.0.then", "'pray'"),
    ({"rules__advice__answers__burn": RICH["title"]}, "rules.advice.answers.burn", "no rule gives it"),
    ({"scenarios__limed__set": {"gold": "1"}}, "scenarios.limed.set", "'gold'"),
    ({"scenarios__limed__set": {"slope": "depth"}}, "scenarios.limed.set.slope", "in m"),
    ({"scenarios__access_first__weights": {"gold": {}}}, "scenarios.access_first.weights", "'gold'"),
    ({"uncertainty__spread": 3.0}, "uncertainty.spread", "0 to 1"),
    ({"frontier__inputs": ["gold"]}, "frontier.inputs", "'gold'"),
    ({"frontier__outputs": ["distance"]}, "frontier", "twice"),
    ({"problems__use__uses__crops__least": 0.8}, "problems.use.uses.crops", "above the most"),
    ({"problems__use__uses__forest__most": 0.3}, "problems.use.uses", "less than all"),
    ({"problems__use__uses__crops__worth": "depth"}, "problems.use.uses", "one unit"),
    ({"workflow__states__lost": RICH["title"]}, "workflow.states.lost", "no step leads to it"),
    ({"workflow__ends": ["asked"]}, "workflow.states.done", "to an end"),
    ({"oracles__0__given__slope": [1.0, 2.0]}, "oracles.0", "one length"),
    ({"oracles__0__expect__gold": [1.0]}, "oracles.0.expect", "'gold'"),
    ({"oracles__0__given__slope": None}, "oracles.0.given", "lacks the attribute 'slope'"),
    ({"oracles__0__given__texture": [3.0]}, "oracles.0.given.texture", "words"),
    ({"synthetic__attributes__slope": None}, "synthetic.attributes", "'slope'"),
    ({"synthetic__attributes__depth__formula": "slope"}, "synthetic.attributes.depth.formula", "in deg"),
    ({"synthetic__attributes__texture__method": "normal"}, "synthetic.attributes.texture.method", "words"),
    ({"synthetic__crs": "EPSG:1"}, "synthetic.crs", "not known"),
]  # fmt: skip


def test_a_pack_without_faults_has_none():
    """The pack that has everything a pack can have."""
    assert check(decoded(rich())) == []


@pytest.mark.parametrize(("changes", "place", "words"), FAULTS, ids=[f"{one[1]}-{one[2]}" for one in FAULTS])
def test_a_fault_is_told_with_its_place(changes, place, words):
    """One change to the sound pack gives a finding at that place with these words."""
    text = rich(**changes).replace("NaN", "1e999")
    found = check(_decoded(text))
    assert [one for one in found if one.place == place and words in one.reason], found


def _decoded(text):
    """As TOML would give it where JSON has no such number."""
    return msgspec.convert(json.loads(text), type=Pack)


def test_all_faults_are_told_at_once():
    """Three changes give three findings."""
    found = check(decoded(rich(goal="gold", grades=[], uncertainty__spread=3.0)))
    assert {"goal", "grades", "uncertainty.spread"} <= {one.place for one in found}


def test_the_pair_to_think_about_again_is_named():
    """Of parts that weigh 8, 4, 2 and 1, c over d is judged 1/4: the five others say 2."""
    pairs = [
        ["a", "b", 2.0],
        ["a", "c", 4.0],
        ["a", "d", 8.0],
        ["b", "c", 2.0],
        ["b", "d", 4.0],
        ["c", "d", 0.25],
    ]
    weights = msgspec.convert({"method": "analytic_hierarchy", "judgments": pairs}, type=Weights)
    faults = Faults()
    check_weights(faults, weights, ("a", "b", "c", "d"), "criteria.x.weights")
    (one,) = faults.found
    assert one.hint == (
        "think again about c over d: 0.25 stands there, the others say 2, and so the ratio is 0.000"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "pack: "),
        ("id = ", "pack: "),
        (rich(gold=1), "gold"),
        (rich(goal=7), "goal"),
        (rich(indicators__gentle__score__method="magic"), "magic"),
    ],
)
def test_a_text_that_is_no_pack_is_refused(text, words):
    """Broken text, an unknown key, a wrong type, an unknown method: with the place."""
    with pytest.raises(InvalidError, match=words):
        decoded(text)


def test_an_overlay_changes_thresholds_and_language():
    """A country's file replaces single values and adds a language."""
    overlay = json.dumps({"title": {"lo": "ທີ່ດິນ"}, "indicators": {"gentle": {"score": {"worst": 35.0}}}})
    pack = decoded(rich(), overlay)
    assert check(pack) == []
    assert (pack.title["lo"], pack.title["en"]) == ("ທີ່ດິນ", "Land")
    assert (pack.indicators["gentle"].score.worst, pack.indicators["gentle"].score.best) == (35.0, 5.0)


def test_the_library_fills_in_what_a_pack_leaves_out():
    """Title, unit, formula, direction and classes come from the library; inputs are mapped and converted."""
    told = {
        "library": "sodium_adsorption_ratio",
        "inputs": {"sodium": "na", "calcium": "ca", "magnesium": "mg"},
    }
    salts = {name: {"unit": "mmol/L", "title": RICH["title"]} for name in ("na", "ca", "mg")}
    made = {name: {"method": "uniform", "low": 1.0, "high": 9.0} for name in salts}
    pack = decoded(
        rich(
            indicators={"sodicity": told}, attributes=salts, rules={}, scenarios={}, problems={}, oracles=[],
            frontier=None, workflow=None, synthetic__attributes=made,
            criteria={"land": {"title": RICH["title"], "parts": ["sodicity"]}},
        )
    )  # fmt: skip
    assert check(pack) == []
    one = resolved(pack)["sodicity"]
    assert (one.unit, one.direction, one.inputs["sodium"]) == ("1", "cost", "na")
    assert (one.score.method, one.score.bounds) == ("classes", (10.0, 18.0, 26.0))
    assert one.score_source == library()["sodium_adsorption_ratio"].class_source
    assert "Salinity Laboratory" in one.score_source["zh"]


def test_sources_are_one_text_or_texts_by_language():
    """One text counts for all languages; texts by language are told in each that a pack must have."""
    told = {"en": "Ours, 2026.", "zh": "本包所定，2026 年。"}
    for source, by_language in (("FAO 29", {"und": "FAO 29"}), (told, told), ("", {}), ({}, {})):
        pack = decoded(rich(indicators__gentle__score__source=source))
        assert check(pack) == []
        assert resolved(pack)["gentle"].score_source == by_language
    half = rich(indicators__gentle__score__source={"en": "Ours."}, rules__advice__source={"zh": "本包所定。"})
    assert [(one.place, one.reason) for one in check(decoded(half))] == [
        ("indicators.gentle.score.source", "it lacks the language 'zh'"),
        ("rules.advice.source", "it lacks the language 'en'"),
    ]
    with pytest.raises(InvalidError, match="source"):
        decoded(rich(indicators__gentle__score__source=7))


def test_indicators_come_after_what_they_need():
    """Ease is worked out of access, whatever the order they are told in."""
    turned = dict(reversed(RICH["indicators"].items()))
    order = list(resolved(decoded(rich(indicators=turned))))
    assert order.index("access") < order.index("ease")


def test_a_ring_is_found():
    """A ring of three is told in the order in which each needs the next."""
    found = ring({"a": ("b",), "b": ("c",), "c": ("a",), "d": ("a",)})
    assert found[0] == found[-1]
    assert set(pairwise(found)) == {("a", "b"), ("b", "c"), ("c", "a")}
    assert ring({"a": ("b",), "b": ()}) == ()
