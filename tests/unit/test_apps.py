"""Applications as data: what is refused when one is loaded, and what the shipped ones promise."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from craton.jobs.app_run import column_named
from craton.model.errors import InvalidError, NotFoundError
from craton.model.pack_text import decoded
from craton.process.app import read_app
from craton.process.apps import _written, apps, find_app, packs

OURS = "regional-gravity-map"

GOOD = """
id = "slope-map"
version = "1"
title.en = "Slope map"
question.en = "Where is it steep?"
description.en = "Slope of the relief."

[needs.relief]
kind = "grid"
quantity = ["elevation"]
title.en = "Relief"

[parameters.how]
of = ["slope.method"]

[[steps]]
id = "slope"
process = "terrain.slope"
title.en = "Slope"
inputs.elevation = ["relief"]

[[steps]]
id = "map"
process = "map.picture"
title.en = "Slope map"
inputs.grid = ["slope"]
set.grid_palette = "heat"

[show]
results = ["map", "slope"]
"""


def test_a_sound_app_is_read():
    """Needs, steps and parameters come out as written; a parameter's default is that of its process."""
    app = read_app(GOOD, "here")
    assert [step.id for step in app.steps] == ["slope", "map"]
    assert app.default("how") == "horn"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('version = "1"', 'version = "1"\ncolour = "red"', "colour"),
        ("terrain.slope", "terrain.steepness", "no process"),
        ("inputs.elevation", "inputs.relief", "has no input 'relief'"),
        ('inputs.grid = ["slope"]', 'inputs.grid = ["aspect"]', "no need and no earlier step"),
        ('inputs.elevation = ["relief"]', 'inputs.elevation = ["map"]', "no need and no earlier step"),
        ('set.grid_palette = "heat"', 'set.palette = "heat"', "has no parameter 'palette'"),
        ('set.grid_palette = "heat"', 'set.grid_palette = "pink"', "must be one of"),
        ('inputs.elevation = ["relief"]', "", "needs elevation"),
        ('of = ["slope.method"]', 'of = ["slope.angle"]', "no step's parameter"),
        ('of = ["slope.method"]', 'of = ["slope.method"]\ndefault = "best"', "must be one of"),
        ('results = ["map", "slope"]', 'results = ["picture"]', "no step or need"),
        ('id = "slope-map"', 'id = "Slope Map"', "like-this"),
        ('id = "map"', 'id = "slope"', "two things are called"),
        ('kind = "grid"', 'kind = "image"', "kind"),
        ('title.en = "Slope"', 'title.en = "Slope"\ngiven = "rain"', "hangs on 'rain'"),
        ('title.en = "Slope"', 'title.en = "Slope"\nunless = "relief.slope"', "hangs on 'relief.slope'"),
        ("[show]", "[show", "here"),
    ],
)
def test_an_app_that_does_not_fit_together_is_refused(old, new, words):
    """Unknown keys, processes, inputs, parameters and values, and steps in the wrong order, are named."""
    assert old in GOOD
    with pytest.raises(InvalidError) as caught:
        read_app(GOOD.replace(old, new, 1), "here")
    assert words in str(caught.value)
    assert str(caught.value).startswith("here: ")


def test_steps_hang_on_needs_and_on_what_those_carry():
    """`given` wants a need or a quantity of it, `unless` leaves the step out where it is there."""
    given = read_app(
        GOOD.replace('title.en = "Slope"', 'title.en = "Slope"\ngiven = "relief.elevation"', 1), ""
    )
    slope = given.step("slope")
    assert slope.is_wanted({"relief", "relief.elevation"})
    assert not slope.is_wanted({"relief"})
    unless = read_app(GOOD.replace('title.en = "Slope"', 'title.en = "Slope"\nunless = "relief"', 1), "")
    assert not unless.step("slope").is_wanted({"relief"})
    assert unless.step("slope").is_wanted(set())


def test_a_parameter_without_any_default_has_to_be_given():
    """The element of a geochemical map is a column of its samples, and nobody but a person can know it."""
    app = find_app("geochemical-anomaly-map")
    assert app.is_required("element")
    assert app.default("element") is None
    assert app.table_of("element") == "samples"
    assert not app.is_required("crs")
    assert app.table_of("crs") == ""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("grav", "grav"),
        ("magnetic_anomaly", "tfa"),
        ("magnetic_anomaly_levelled", "tfa_levelled"),
        ("gravity", "gravity"),
        ("tilt_angle", "tilt_angle"),
    ],
)
def test_a_column_can_be_named_by_its_quantity(value, expected):
    """The name first, then the only column of the quantity, with what a process added; else as it was said."""
    columns = {
        "grav": "gravity",
        "gobs": "gravity",
        "tfa": "magnetic_anomaly",
        "tfa_levelled": "",
        "line": "",
    }
    assert column_named(value, columns) == expected


def test_the_shipped_apps_are_sound_and_told_in_english_and_chinese():
    """The applications load, and every title is there in both languages."""
    assert {"regional-gravity-map", "hazard-exposure"} <= apps().keys()
    for app in apps().values():
        texts = [app.title, app.question, app.description, *(s.title for s in app.steps)]
        texts += [need.title for need in app.needs.values()]
        assert all({"en", "zh"} <= text.keys() for text in texts)


def test_an_unknown_app_is_told_with_those_there_are():
    """The hint lists the applications."""
    with pytest.raises(NotFoundError, match="regional-gravity-map"):
        find_app("no-such-app")


def test_apps_of_a_plugin_that_cannot_be_read_take_nothing_from_ours(tmp_path, monkeypatch):
    """One in another encoding and one with the name of ours are left out with a warning that names the plugin."""
    for folder, content in (
        ("latin", b'id = "\xe9t\xe9"'),
        ("twin", GOOD.replace("slope-map", OURS).encode()),
    ):
        place = tmp_path / "elsewhere_apps" / folder
        place.mkdir(parents=True)
        (place / "app.toml").write_bytes(content)
    (tmp_path / "elsewhere_apps" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    ours = [EntryPoint(name="craton", value="craton.apps", group="craton.apps")]
    theirs = [EntryPoint(name="elsewhere", value="elsewhere_apps", group="craton.apps")]
    monkeypatch.setattr("craton.process.apps.entry_points", lambda group: theirs + ours)
    with pytest.warns(UserWarning, match="plugin 'elsewhere'") as warned:
        found = _written.__wrapped__()
    assert {words for one in warned for words in ("utf-8", "two apps") if words in str(one.message)} == {
        "utf-8",
        "two apps",
    }
    assert found[OURS].point.name == "craton"


EVALUATION = """
id = "trial"
version = "1"
title.en = "Trial"
question.en = "?"
description.en = "."

[needs.units]
kind = "table"
title.en = "Units"

[[steps]]
id = "found"
process = "evaluation.table"
tables = "pack"
title.en = "Evaluation"
inputs.units = ["units"]

[show]
results = ["found.units"]
"""


def test_a_step_takes_the_pack_beside_its_app():
    """The text of the pack is the parameter of the step; without one the app is refused by its step."""
    app = read_app(EVALUATION, "here", "id = 'x'")
    assert app.steps[0].set == {"pack": "id = 'x'"}
    with pytest.raises(
        InvalidError, match=r"step found: it takes the pack beside it, and there is no pack\.toml"
    ):
        read_app(EVALUATION, "here")


def test_packs_of_the_apps_are_told_without_their_processes():
    """Each is one text that holds all its tables."""
    found = packs()
    assert "saline-alkali-land" in found
    assert all(decoded(text).oracles for text in found.values())
