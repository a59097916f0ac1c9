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
