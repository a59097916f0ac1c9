"""The library of indicators: each is sound, what is wrong is refused with its place, plugins add and change."""

from __future__ import annotations

import json
import re
import sys
from importlib.metadata import EntryPoint
from typing import get_args

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from craton.cli.commands import craton as command
from craton.model import indicator_library, units
from craton.model.errors import InvalidError, NotFoundError
from craton.model.expression import FUNCTIONS, parse
from craton.model.indicator_library import find_indicator, library, matching, themes
from craton.model.indicators import LANGUAGES, Support, read_theme

WANTED = {
    "farmland", "water", "ecology", "restoration", "saline_land", "sea_use", "hazard", "mining_investment",
    "built_up_land",
}  # fmt: skip
FEWEST = 120
CHINESE = re.compile(r"[\u4e00-\u9fff]")

GOOD = """
title = { en = "Shade", zh = "荫" }
description = { en = "How much shade there is.", zh = "遮荫多少。" }

[criteria.trees]
title = { en = "Trees", zh = "树木" }

[indicators.crown_cover]
title = { en = "Crown cover", zh = "郁闭度" }
definition = { en = "Part of the ground under crowns.", zh = "树冠垂直投影面积占地面面积的比例。" }
unit = "%"
formula = "crowns / ground"
direction = "benefit"
lowest = 0.0
highest = 100.0
supports = ["parcel", "district"]
aggregate = "ratio_of_sums"
criterion = "trees"
reference = "A. Author (2020). A book, p. 3."
class_source = "A. Author (2020), table 1; replace by your own."
classes = [
  { title = { en = "Open", zh = "疏" } },
  { title = { en = "Closed", zh = "密" }, from_value = 40.0, score = 1.0 },
]

[indicators.crown_cover.inputs]
crowns = { unit = "m2", title = { en = "Area of crowns", zh = "树冠面积" } }
ground = { unit = "ha", title = { en = "Area of ground", zh = "地面面积" } }
"""


def sample_inputs(indicator, factor=1.0, seed=5):
    """Positive numbers for each input, of a size that its unit makes likely."""
    random = np.random.default_rng(seed)
    return {name: factor * random.uniform(0.2, 0.9, 5) for name in sorted(indicator.inputs)}


def numbers(indicator, values):
    """Numbers of an indicator by its formula, in its own unit."""
    stated = {name: one.unit for name, one in indicator.inputs.items()}
    expression = indicator.expression()
    found = np.asarray(expression.evaluate(values, stated), float)
    return units.convert(found, expression.unit(stated), indicator.unit)


def test_there_are_indicators_of_all_that_ministries_ask_for():
    """At least 120 of the nine fields, each criterion of a theme with one."""
    assert set(themes()) >= WANTED
    assert len(library()) >= FEWEST
    for name, theme in themes().items():
        assert {one.criterion for one in theme.indicators.values()} == set(theme.criteria), name


def test_identifiers_and_titles_name_one_indicator():
    """No title stands for two indicators; no identifier is one of the addresses beside them."""
    for language in LANGUAGES:
        titles = [one.title[language].casefold() for one in library().values()]
        assert sorted({title for title in titles if titles.count(title) > 1}) == []
    assert "themes" not in library()


@pytest.mark.parametrize("name", sorted(WANTED))
def test_indicators_of_a_theme_are_told_in_full(name):
    """Both languages in their own script, a source that can be found, full sentences."""
    for id, one in themes()[name].indicators.items():
        assert one.theme == name
        assert set(one.supports) <= set(get_args(Support)), id
        dated = re.search(r"(1[89]|20)\d\d", one.reference) or ". " in one.reference
        assert dated, f"{id}: {one.reference!r} names no year, or author and title"
        assert one.definition["en"].endswith("."), id
        assert one.definition["zh"].endswith("。"), id
        for words in (one.title, one.definition, *(i.title for i in one.inputs.values())):
            assert CHINESE.search(words["zh"]), f"{id}: {words}"
            assert not CHINESE.search(words["en"]), f"{id}: {words}"


@pytest.mark.parametrize("name", sorted(WANTED))
def test_indicators_of_a_theme_can_be_computed(name):
    """A formula gives numbers for positive inputs, in a unit that is the indicator's or converts to it."""
    for id, one in themes()[name].indicators.items():
        found = numbers(one, sample_inputs(one))
        assert found.shape == (5,), id
        assert np.isfinite(found).any(), f"{id}: {one.formula} is nowhere a number"


def test_ratios_of_sums_do_not_hang_on_size():
    """Of an indicator that is rolled up as a ratio of sums, inputs k times as large give the same number."""
    wrong = []
    for id, one in library().items():
        if one.aggregate == "ratio_of_sums":
            small, large = numbers(one, sample_inputs(one)), numbers(one, sample_inputs(one, 7.0))
            if not np.allclose(small, large, rtol=1e-9, equal_nan=True):
                wrong.append(f"{id}: {one.formula}")
    assert wrong == []


def test_sums_grow_with_their_inputs():
    """Of an indicator that is summed, the formula of the sums is the sum of the formulas where it is linear."""
    for id, one in library().items():
        if one.aggregate == "sum" and len(one.inputs) == 1:
            values = sample_inputs(one)
            total = numbers(one, {name: v.sum() for name, v in values.items()})
            assert np.isclose(total, numbers(one, values).sum(), rtol=1e-9), f"{id}: {one.formula}"


FULL_SLOPE = {"cohesion": 0, "unit_weight": 19.62, "saturated_share": 1, "thickness": 2, "slope": 15, "friction_angle": 30}  # fmt: skip
DRY_SLOPE = {"cohesion": 5, "unit_weight": 20, "saturated_share": 0, "thickness": 1, "slope": 30, "friction_angle": 30}  # fmt: skip
SETTING_7D6 = {
    "depth_rating": 7, "recharge_rating": 6, "aquifer_rating": 6, "soil_rating": 4, "topography_rating": 10,
    "vadose_rating": 6, "conductivity_rating": 4,
}  # fmt: skip
METALS = ("mercury", "cadmium", "arsenic", "copper", "lead", "chromium", "zinc")
USES = ("residential", "commercial", "industrial", "public", "green")

WORKED = [
    # Saline land. The water is in meq/L 7.73 Na, 2.32 Ca, 1.44 Mg; mmol/L of calcium and magnesium are half of that.
    ("sodium_adsorption_ratio", {"sodium": 7.73, "calcium": 1.16, "magnesium": 0.72}, 7.73 / 1.88**0.5, "Handbook 60, p. 26: Na / root of half of Ca + Mg in meq/L"),
    ("residual_sodium_carbonate", {"carbonate": 0.42, "bicarbonate": 3.66, "calcium": 2.32, "magnesium": 1.44}, 0.32, "Eaton (1950): 4.08 less 3.76"),
    ("exchangeable_sodium_percentage", {"exchangeable_sodium": 4.5, "exchange_capacity": 30}, 15.0, "Handbook 60: 100 Na / CEC"),
    ("estimated_exchangeable_sodium", {"adsorption_ratio": 13}, 100 * 0.17915 / 1.17915, "Handbook 60, p. 26: ratio 13, the limit of sodic soil, is 15 per cent"),
    ("cation_ratio_of_structural_stability", {"sodium": 8, "potassium": 5, "calcium": 4, "magnesium": 10}, 10.8 / 5**0.5, "Rengasamy and Marchuk (2011): (8 + 2.8) / root of (4 + 6) / 2"),
    ("leaching_requirement", {"water_conductivity": 1.2, "tolerated_conductivity": 2.5}, 1.2 / 11.3, "FAO 29: ECw / (5 ECe - ECw)"),
    ("salinity_relative_yield", {"conductivity": 2.5, "threshold": 1.7, "yield_loss": 12}, 90.4, "Maas and Hoffman (1977): maize, 100 - 12 (2.5 - 1.7); FAO 29, table 4, has 90 at 2.5"),
    ("gypsum_requirement", {"exchange_factor": 1, "depth": 0.3, "bulk_density": 1.4, "exchange_capacity": 20, "sodium_now": 25, "sodium_aimed": 10}, 10.836, "4200 t of soil with 30 mmol/kg to replace, 86 g of gypsum each mole of charge"),
    # Farmland.
    ("slope_length_steepness_factor", {"slope_length": 22.13, "slope": 5.1427646}, 0.99932, "Handbook 537: the unit plot of 9 per cent is one, to the rounding of the coefficients"),
    ("slope_length_steepness_factor", {"slope_length": 60.96, "slope": 2.29061}, 0.528, "Handbook 537, table 3: 4 per cent, 200 ft, 0.528"),
    ("total_available_water", {"field_capacity": 0.32, "wilting_point": 0.15, "root_depth": 1.2}, 204.0, "FAO 56, eq. 82: 1000 x 0.17 x 1.2"),
    ("soil_organic_carbon_stock", {"organic_carbon": 20, "bulk_density": 1.3, "layer_thickness": 30, "stone_share": 0.1}, 70.2, "3900 t/ha of soil, a tenth stones, 2 per cent carbon"),
    ("soil_pollution_nemerow", {"mean_ratio": 1, "largest_ratio": 2}, 2.5**0.5, "HJ/T 166-2004: root of (1 + 4) / 2"),
    # Water.
    ("falkenmark_indicator", {"renewable_water": 1, "population": 600}, 1666.6667, "Falkenmark (1989): 600 people to a flow unit of 1 hm3 is the limit told as 1700"),
    ("water_exploitation_index_plus", {"abstraction": 120, "returned_water": 80, "renewable_water": 200}, 20.0, "Faergemann (2012): (120 - 80) / 200"),
    ("water_stress_level", {"withdrawal": 40, "renewable_water": 120, "environmental_flow": 40}, 50.0, "SDG 6.4.2: 40 / (120 - 40)"),
    ("tennant_flow_share", {"flow": 1.5, "mean_flow": 5}, 30.0, "Tennant (1976): 1.5 of 5"),
    ("water_quality_amplitude", {"excursion_sum": 0.25}, 20.0, "CCME (2001): nse / (0.01 nse + 0.01)"),
    ("water_quality_index", {"scope": 20, "frequency": 4, "amplitude": 3}, 100 - 425**0.5 / 1.732, "CCME (2001): root of 400 + 16 + 9"),
    ("water_quality_index", {"scope": 100, "frequency": 100, "amplitude": 100}, -0.00293, "CCME (2001): the worst is nil, to the rounding of 1.732"),
    ("trophic_state_index", {"chlorophyll": 20}, 60.0, "Carlson (1977), table 1: 20 mg/m3 of chlorophyll is 60"),
    ("depth_to_water_rating", {"depth_to_water": 3}, 9.0, "Aller et al. (1987): 3 m lie in 5 to 15 ft"),
    ("net_recharge_rating", {"net_recharge": 150}, 6.0, "Aller et al. (1987): 150 mm lie in 4 to 7 in"),
    ("drastic_index", SETTING_7D6, 137.0, "Ohio Department of Natural Resources, pollution potential maps, setting 7D6"),
    # Ecosystems and restoration.
    ("vegetation_index", {"near_infrared": 0.5, "red": 0.1}, 2 / 3, "Rouse et al. (1974): 0.4 / 0.6"),
    ("fractional_vegetation_cover", {"index": 0.455, "index_of_soil": 0.05, "index_of_vegetation": 0.86}, 0.5, "Gutman and Ignatov (1998): midway of the ends"),
    ("hill_number_one", {"entropy": float(np.log(4))}, 4.0, "Hill (1973): four species alike; Shannon's entropy is log 4"),
    ("pielou_evenness", {"entropy": float(np.log(4)), "species": 4}, 1.0, "Pielou (1966): four species alike"),
    ("standardised_restoration_effect", {"restored": 12, "control": 10, "pooled_deviation": 2, "degrees_of_freedom": 18}, 68 / 71, "Hedges (1981): 1 - 3 / 71"),
    ("ecosystem_resistance", {"control": 8, "disturbed": 6}, 0.6, "Orwin and Wardle (2004): 1 - 2 x 2 / 10"),
    ("ecosystem_resilience", {"control_first": 8, "disturbed_first": 5, "control_later": 8, "disturbed_later": 7}, 0.5, "Orwin and Wardle (2004): 2 x 3 / 4 - 1"),
    ("azti_marine_biotic_index", {"group_one": 0.2, "group_two": 0.2, "group_three": 0.2, "group_four": 0.2, "group_five": 0.2}, 3.0, "Borja et al. (2000): five groups alike"),
    # Hazard.
    ("infinite_slope_safety_factor", FULL_SLOPE, 0.5 * np.tan(np.pi / 6) / np.tan(np.pi / 12), "Skempton and DeLory (1957): half the weight floats"),
    ("infinite_slope_safety_factor", DRY_SLOPE, 1 + 5 / (20 * 0.4330127), "Skempton and DeLory (1957): dry at its friction angle, one and what cohesion adds"),
    ("melton_ratio", {"relief": 600, "area": 1e6}, 0.6, "Melton (1965): 600 m over the root of 1 km2"),
    ("rainfall_threshold_ratio", {"intensity": 7.41, "duration": 1}, 0.5, "Caine (1980): 14.82 mm/h at one hour"),
    ("newmark_displacement", {"critical_acceleration": 0.1, "peak_acceleration": 0.2}, 10**0.215 * 0.5**0.903, "Jibson (2007): both brackets are a half"),
    # Mined land.
    ("geoaccumulation_index", {"content": 90, "background": 30}, 1.0, "Müller (1979): log2 of 3 / 1.5"),
    ("potential_ecological_risk", dict.fromkeys(METALS, 1), 93.0, "Håkanson (1980): the sum of the toxic response factors"),
    ("neutralisation_potential_ratio", {"neutralisation_potential": 62.5, "sulfide_sulfur": 1}, 2.0, "Sobek et al. (1978): 31.25 kg/t of calcium carbonate a per cent of sulfur"),
    # Built-up land and investment.
    ("land_consumption_to_population_growth", {"area_at_start": 100, "area_at_end": 120, "population_at_start": 1e6, "population_at_end": 1.1e6}, 0.2 / np.log(1.1), "SDG 11.3.1"),
    ("land_use_mix_entropy", dict.fromkeys(USES, 3), 1.0, "Cervero and Kockelman (1997): five uses alike"),
    ("contained_metal", {"tonnage": 2, "grade": 1.5}, 3.0, "2 Mt at 1.5 g/t are 3 t"),
]  # fmt: skip
"""Indicator, inputs in their units, number in its unit, and why: the source's print or the arithmetic by hand."""


@pytest.mark.parametrize(("id", "values", "expected", "why"), WORKED)
def test_worked_numbers_of_formulas(id, values, expected, why):
    """Known numbers come out, to one in a thousand, for some sources print three digits only."""
    assert expected == pytest.approx(numbers(library()[id], values), rel=1e-3, abs=1e-5), why


def test_finding_by_words_theme_and_support():
    """All words count, in either language and any case; a filter narrows; nothing found is empty."""
    assert "sodium_adsorption_ratio" in matching("SODIUM adsorption")
    assert "sodium_adsorption_ratio" in matching("钠吸附比")
    assert matching("sodium nonesuch") == {}
    assert set(matching(theme="saline_land")) == set(themes()["saline_land"].indicators)
    assert all("basin" in one.supports for one in matching(support="basin").values())
    assert all(one.direction == "cost" for one in matching(direction="cost").values())
    with pytest.raises(NotFoundError, match="no indicator 'nonesuch'"):
        find_indicator("nonesuch")


def test_a_sound_theme_is_read():
    """The pattern that the refusals below are changes of."""
    theme = read_theme(GOOD, "shade")
    assert theme.indicators["crown_cover"].theme == "shade"
    one = theme.indicators["crown_cover"]
    assert numbers(one, {"crowns": 5000.0, "ground": 1.0}) == pytest.approx(50.0, rel=1e-12)


INDICATOR = "indicators shade: indicator crown_cover: "


@pytest.mark.parametrize(
    ("old", "new", "place", "reason"),
    [
        ('unit = "%"', 'unit = "%"\ncolour = "red"', INDICATOR, "unknown field `colour`"),
        ('unit = "%"', "", INDICATOR, "required field `unit`"),
        ('direction = "benefit"', 'direction = "up"', INDICATOR, "Invalid enum value 'up'"),
        ('["parcel", "district"]', '["parcel", "planet"]', INDICATOR, "Invalid enum value 'planet'"),
        ('["parcel", "district"]', "[]", INDICATOR, "one or more units of evaluation"),
        ('["parcel", "district"]', '["parcel", "parcel"]', INDICATOR, "each once"),
        ('unit = "%"', 'unit = "kg"', INDICATOR, "which is no kg"),
        ('unit = "%"', 'unit = "percent"', INDICATOR, "'percent' is no canonical spelling"),
        ('unit = "%"', 'unit = ""', INDICATOR, "no canonical spelling"),
        ('unit = "ha"', 'unit = "ha", quantity = "shadiness"', INDICATOR, "no quantity the registry knows"),
        ('unit = "ha"', 'unit = "ha", quantity = "elevation"', INDICATOR, "is kept in m, not ha"),
        ('en = "Crown cover", zh = "郁闭度"', 'en = "Crown cover"', INDICATOR, "lack the language 'zh'"),
        ('zh = "地面面积"', 'lo = "ດິນ"', INDICATOR, "lack the language 'zh'"),
        ('{ en = "Open", zh = "疏" }', '{ zh = "疏" }', INDICATOR, "lack the language 'en'"),
        ('{ en = "Trees", zh = "树木" }', '{ en = "Trees" }', "indicators shade", "lack the language 'zh'"),
        ("from_value = 40.0, score", "score", INDICATOR, "only the first class"),
        ('zh = "疏" } }', 'zh = "疏" }, from_value = 50.0 }', INDICATOR, "limits of the classes rise"),
        ('zh = "疏" } }', 'zh = "疏" }, from_value = nan }', INDICATOR, "limits of the classes rise"),
        ("score = 1.0", "score = 2.0", INDICATOR, "from 0 to 1"),
        ("class_source", "target = [3.0]\nclass_source", INDICATOR, "`target` is one number or two"),
        ('"benefit"', '"target"\ntarget = [3.0, 1.0]', INDICATOR, "`target` rise"),
        ('"benefit"', '"target"\ntarget = [inf]', INDICATOR, "finite numbers"),
        ("highest = 100.0", "highest = 0.0", INDICATOR, "`lowest` is below `highest`"),
        ('criterion = "trees"', 'criterion = "bushes"', INDICATOR, "its criterion 'bushes'"),
        ('"A. Author (2020). A book, p. 3."', '" "', INDICATOR, "`reference` says nothing"),
        ("crowns / ground", "crowns / crowns", INDICATOR, "input ground is not in the formula"),
        ("crowns / ground", "crown_cover", INDICATOR, "'crown_cover', which is not given"),
        ("crowns / ground", "crowns / ground / roots", INDICATOR, "'roots', which is not given"),
        ("crowns / ground", "crowns.real / ground", INDICATOR, "cannot have a dot"),
        ("crowns / ground", "__import__('os').system('id')", INDICATOR, "is no function of expressions"),
        ("crowns / ground", "open('/etc/passwd') + crowns / ground", INDICATOR, "'open' is no function"),
        ("crowns / ground", "'/etc/passwd' + crowns / ground", INDICATOR, "/etc/passwd"),
        ("crowns / ground", "[c for c in crowns]", INDICATOR, "cannot have ListComp"),
        ("crowns / ground", "crowns[0] / ground", INDICATOR, "square brackets"),
        ("crowns / ground", "crowns + ground / ground", INDICATOR, "1 cannot be put together with m2"),
        ("[indicators.crown_cover]", "[indicators.Crown-Cover]", "indicator Crown-Cover", "small letters"),
        ("[criteria.trees]", "mood = 1\n[criteria.trees]", "indicators shade", "unknown field `mood`"),
        ("[criteria.trees]", "[criteria.trees", "indicators shade", "line 5"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_refused_with_place_and_reason(old, new, place, reason):
    """The message names the theme, the indicator, and what is wrong."""
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    if "Crown-Cover" in new:
        text = text.replace("crown_cover.inputs", "Crown-Cover.inputs")
    with pytest.raises(InvalidError) as refused:
        read_theme(text, "shade")
    assert refused.value.message.startswith("indicators shade"), refused.value.message
    assert place in refused.value.message
    assert reason in refused.value.message, refused.value.message


def test_classes_without_a_source_are_refused():
    """A threshold must say whose it is."""
    text = GOOD.replace('class_source = "A. Author (2020), table 1; replace by your own."', "")
    with pytest.raises(InvalidError, match="classes need `class_source`"):
        read_theme(text, "shade")


WORDS = (
    "crowns",
    "ground",
    "7",
    "'5 m2'",
    "'/etc/passwd'",
    "__class__",
    "os",
    "lambda x: x",
    "import os",
    *FUNCTIONS,
)
JOINTS = ("+", "-", "*", "/", "**", "(", ")", ",", ".", "[", "]", " and ", " not ", " < ", " if ", " else ", ":=", "{", "}")  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=40),
        st.lists(st.sampled_from((*WORDS, *JOINTS)), max_size=9).map("".join),
    )
)
def test_any_text_as_a_formula_is_a_number_or_refused(text):
    """Nothing else happens: no other error, no file opened, no module imported."""
    values, stated = (
        {"crowns": np.array([1.0, 2.0]), "ground": np.array([3.0, 4.0])},
        {"crowns": "m2", "ground": "m2"},
    )
    before, happened = set(sys.modules), []
    AUDITED.append(happened)
    try:
        found = parse(text, values).evaluate(values, stated)
    except InvalidError:
        return
    finally:
        AUDITED.remove(happened)
    assert np.asarray(found).dtype == np.float64
    assert happened == []
    assert {name for name in set(sys.modules) - before if not name.startswith(("pint", "numpy"))} == set()


AUDITED: list[list[str]] = []


def _note(event, arguments):
    if event in {"open", "os.system", "subprocess.Popen", "socket.connect", "exec"} and AUDITED:
        for one in AUDITED:
            one.append(f"{event} {arguments!r:.80}")


sys.addaudithook(_note)


OVERLAY = """
over = "saline_land"
title = { lo = "ດິນເຄັມ" }
criteria.soil = { lo = "ດິນ" }

[indicators.sodium_adsorption_ratio]
title = { en = "Sodium hazard" }
inputs.sodium = { lo = "ໂຊດຽມ" }
class_source = "A country (2024), decree 7."
classes = [
  { title = { en = "Fit", zh = "适宜" } },
  { title = { en = "Unfit", zh = "不宜" }, from_value = 13.0 },
]
"""
FURTHER = GOOD.replace("crown_cover", "shade_of_crowns")


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """Lays files into a plugin; gives the themes there are with it, and what was warned of."""
    folder = tmp_path / "country_indicators"
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    points = [EntryPoint(name="country", value="country_indicators", group=indicator_library.GROUP)]
    monkeypatch.setattr(indicator_library, "entry_points", lambda group: points)

    def read(**texts):
        for name, text in texts.items():
            (folder / f"{name}.toml").write_text(text, encoding="utf-8")
        return themes.__wrapped__()

    yield read
    sys.modules.pop("country_indicators", None)


def test_a_plugin_brings_a_theme_and_changes_words_and_classes(plugin):
    """Its theme stands beside ours; its overlay adds a language, renames, and replaces classes with their source."""
    found = plugin(shade=FURTHER, changes=OVERLAY)
    assert "shade_of_crowns" in found["shade"].indicators
    saline = found["saline_land"]
    assert (saline.title["lo"], saline.criteria["soil"].title["lo"]) == ("ດິນເຄັມ", "ດິນ")
    one, ours = saline.indicators["sodium_adsorption_ratio"], library()["sodium_adsorption_ratio"]
    assert one.title == {"en": "Sodium hazard", "zh": ours.title["zh"]}
    assert one.inputs["sodium"].title["lo"] == "ໂຊດຽມ"
    assert [(c.title["en"], c.from_value) for c in one.classes] == [("Fit", None), ("Unfit", 13.0)]
    assert one.class_source == "A country (2024), decree 7."
    assert (one.formula, one.unit, one.reference) == (ours.formula, ours.unit, ours.reference)


def test_a_plugin_tells_the_source_of_classes_in_a_further_language(plugin):
    """As long as the classes are the same, its words are added to those that are there."""
    text = 'over = "saline_land"\n[indicators.sodium_adsorption_ratio]\nclass_source = { lo = "ຕົວຢ່າງ" }\n'
    one = plugin(changes=text)["saline_land"].indicators["sodium_adsorption_ratio"]
    assert one.class_source == {**library()["sodium_adsorption_ratio"].class_source, "lo": "ຕົວຢ່າງ"}


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("broken", "title = ", "country/broken"),
        ("saline_land", FURTHER, "two themes are called 'saline_land'"),
        ("twin", GOOD.replace("crown_cover", "sodium_adsorption_ratio"), "two indicators are called"),
        ("lost", OVERLAY.replace('"saline_land"', '"moon"'), "there is no theme 'moon'"),
        ("other", OVERLAY.replace("[indicators.sodium_", "[indicators.lithium_"), "has no 'lithium_"),
        ("formula", OVERLAY + 'formula = "sodium"', "unknown field `formula`"),
        ("source", OVERLAY.replace('class_source = "A country (2024), decree 7."', ""), "`class_source`"),
        ("input", OVERLAY.replace("inputs.sodium", "inputs.lithium"), "it has no input 'lithium'"),
        ("fall", OVERLAY.replace("13.0 },", "13.0 },\n{ title = { en = 'a', zh = '甲' }, from_value = 2.0 },"), "rise"),
        ("part", OVERLAY.replace('= "A country (2024), decree 7."', '= { en = "A country" }'), "lack the language 'zh'"),
        ("half", OVERLAY.replace(', zh = "不宜"', ""), "lack the language 'zh'"),
    ],
)  # fmt: skip
def test_a_wrong_file_of_a_plugin_is_a_named_warning(plugin, name, text, reason):
    """It takes nothing from ours, nor from the plugin's other files."""
    with pytest.warns(UserWarning, match="plugin 'country'") as warned:
        found = plugin(**{name: text, "zz_shade": FURTHER})
    assert [str(one.message) for one in warned if reason in str(one.message)], [
        str(w.message) for w in warned
    ]
    assert found["saline_land"] == themes()["saline_land"]
    assert "zz_shade" in found


def test_an_overlay_may_be_of_a_theme_that_comes_later(plugin):
    """Files are told by name, `changes` before `shade`; themes are there before any overlay is laid."""
    found = plugin(changes='over = "shade"\ntitle = { lo = "ຮົ່ມ" }', shade=FURTHER)
    assert found["shade"].title["lo"] == "ຮົ່ມ"


def test_a_plugin_that_cannot_be_imported_is_a_named_warning(monkeypatch):
    """The library is there without it."""
    points = [EntryPoint(name="gone", value="no_such_module_here", group=indicator_library.GROUP)]
    monkeypatch.setattr(indicator_library, "entry_points", lambda group: points)
    with pytest.warns(UserWarning, match="plugin 'gone'"):
        assert themes.__wrapped__().keys() == themes().keys()


def told(*arguments, status=0):
    """What the command says."""
    done = CliRunner().invoke(command, ["indicators", *arguments], standalone_mode=False)
    assert (done.exit_code, done.exception and type(done.exception)) == (
        status,
        None if not status else NotFoundError,
    )
    return done.stdout if not status else done.exception.message


def test_the_command_lists_and_tells_indicators():
    """Words and filters narrow the list; one identifier tells its formula, inputs, classes and source; JSON is whole."""
    listed = told("salt", "--theme", "saline_land", "--direction", "cost")
    ids = list(matching("salt", theme="saline_land", direction="cost"))
    assert [line.split()[0] for line in listed.splitlines()[1:]] == ids
    card = told("sodium_adsorption_ratio")
    for words in ("calcium [mmol/L]: Calcium", "less is better", "from 10", "Handbook 60", "sqrt("):
        assert words in card, words
    whole = [json.loads(line) for line in told("--json").splitlines()]
    assert [one["id"] for one in whole] == list(library())
    assert "no theme 'moon'" in told("--theme", "moon", status=1)
    assert told("nonesuch") == ""
