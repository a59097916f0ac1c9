"""Evaluations where numbers lie on limits, units are alike, or data are of an odd kind."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr
from tests.analytic.test_evaluation import TITLE, land, two
from tests.evaluation_packs import rich

from craton.decide import evaluation
from craton.decide.evaluation_answer import spread_of
from craton.decide.evaluation_cells import grid
from craton.decide.evaluation_compare import compare
from craton.model.errors import ContractError
from craton.model.evaluation import read_evaluation

PLAIN = rich(problems={}, frontier=None)


def changed(text, **more):
    """Text of a pack with other top keys."""
    return json.dumps(json.loads(text) | more)


def evaluated(data, text, **more):
    """Units and answer without draws, where none are asked for."""
    found = evaluation.table(data, pack=text, **{"draws": 0} | more)
    return found.units, read_evaluation(found.answer.content)


def alike(values):
    return pd.DataFrame({"a": values, "b": values})


def test_a_score_on_a_limit_of_many_digits_reaches_the_grade():
    """A third is a third, in the grade and in every draw, whatever digits the limit is written with."""
    grades = [{"title": TITLE}, {"title": {"en": "Upper", "zh": "上"}, "from_score": 1 / 3}]
    text = changed(two("weighted_sum"), grades=grades, uncertainty={"spread": 0.0})
    units, _told = evaluated(alike([1 / 3, 1 / 3 - 1e-12, 1 / 3 - 1e-8]), text, draws=3)
    assert units["grade_number"].tolist() == [2, 2, 1]
    assert units["grade_probability"].tolist() == [1.0, 1.0, 1.0]


def test_the_first_seven_of_a_hundred_are_seven():
    """0.07 × 100 is 7.000000000000001 in binary, and seven units all the same."""
    text = changed(two("weighted_sum"), uncertainty={"spread": 0.0, "top": 0.07})
    units, _told = evaluated(alike(np.linspace(0.1, 0.9, 100)), text, draws=2)
    assert units["top_probability"].sum() == 7.0


@pytest.mark.parametrize("high", [0.5 + 4e-16, 0.9])
def test_a_histogram_counts_every_number(high):
    """Also of numbers that 20 steps cannot part."""
    found = spread_of(np.array([0.5, high, high, np.nan]))
    assert (found.count, found.gaps, found.bins[0], found.bins[-1], sum(found.bins)) == (3, 1, 1, 2, 3)


@pytest.mark.parametrize("combine", ["topsis", "grey_relation"])
@pytest.mark.parametrize("count", [1, 3])
def test_units_that_are_judged_by_each_other_must_differ(combine, count):
    """Alike poor units are not the ideal; a sum tells their score."""
    with pytest.raises(
        ContractError, match=rf"criteria\.whole\.combine: {combine} judges units by each other"
    ):
        evaluated(alike([0.1] * count), two(combine))
    units, _told = evaluated(alike([0.1] * count), two("weighted_sum"))
    assert units["score"].tolist() == pytest.approx([0.1] * count)


def test_contributions_add_up_where_all_scores_are_0():
    """Grey relation gives such a unit a score above 0: it is brought in the shares of the weights, 3:1."""
    found = evaluation.table(alike([0.0, 1.0]), pack=two("grey_relation"), draws=0)
    poor = found.contributions.query("row == 1")["contribution"].tolist()
    assert poor == pytest.approx([0.75 / 3, 0.25 / 3])
    assert found.units["score"].iloc[0] == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("column", "came"),
    [
        (pd.to_datetime(["2020-01-01", "2021-01-01"]), "dates"), (pd.to_timedelta([1, 2], unit="s"), "spans"),
        (np.array([1j, 0.5]), "complex"),
    ],
)  # fmt: skip
def test_dates_are_no_numbers(column, came):
    """Else they would count as nanoseconds."""
    with pytest.raises(ContractError, match=f"with numbers in `a`, not {came}"):
        evaluated(pd.DataFrame({"a": column, "b": [0.1, 0.2]}), two("weighted_sum"))


def test_two_columns_of_one_name_are_refused():
    """It is not known which is meant; a pack whose attributes share a name of a column has a fault."""
    with pytest.raises(ContractError, match="b twice"):
        evaluated(pd.DataFrame([[0.1, 0.2, 0.3]], columns=["a", "b", "b"]), two("weighted_sum"))
    faults = evaluation.check(pack=rich(attributes__slope__columns=["Soil_Depth"]))
    assert faults["place"].tolist() == ["attributes.depth.columns"]


@pytest.mark.parametrize("kind", ["float64", "Float64", "category", "object"])
def test_whole_numbers_as_words_have_no_decimal_point(kind):
    """A code 1 is the word 1 however its column is kept."""
    texture = pd.Series([1.0, 2.0, None, 1.0]).astype(kind)
    _units, told = evaluated(land(texture=texture), PLAIN)
    assert told.attributes[-1].words == {"1": 2, "2": 1}


def test_numbers_that_a_scenario_brings_out_of_bounds_are_counted():
    """Slopes of 5, 15, 25 times four: the last is beyond 90 degrees, the fourth was before."""
    text = rich(problems={}, frontier=None, scenarios__steep={"title": TITLE, "set": {"slope": "slope * 4"}})
    _units, told = evaluated(land(), text, scenario="steep")
    assert (told.attributes[0].refused, told.attributes[0].values.gaps) == (2, 2)


def test_errors_that_make_units_alike_do_not_stop_the_draws():
    """Errors bring both units to the bound 0 in a quarter of the draws: then the scores as they are count."""
    told = json.loads(two("weighted_sum"))
    told["attributes"]["a"] |= {"error": 1.0, "lowest": 0.0}
    told["indicators"]["one"] = {"title": TITLE, "formula": "a", "direction": "benefit"}
    units, _told = evaluated(pd.DataFrame({"a": [0.1, 0.2], "b": [0.3, 0.4]}), json.dumps(told), draws=40)
    assert 0.4 < units["first_probability"].iloc[1] < 1.0


def test_what_no_unit_can_have_is_left_out_and_told():
    """No unit uses anything, no use is allowed anywhere: scores are there, and a note says what is not."""
    uses = {use: {"title": TITLE, "worth": "score", "allowed": "slope > 90"} for use in ("crops", "forest")}
    text = rich(problems__use__uses=uses)
    units, told = evaluated(land(distance=[0.0] * 4), text)
    assert units["score"].notna().sum() == 3
    assert (told.frontier, told.problems) == (None, ())
    assert told.note["en"] == (
        "The efficiency was left out: no unit uses and gives something. Use was left out: no use is allowed on "
        "any unit."
    )


def test_grades_are_called_as_in_their_own_table():
    """Two packs that call their grades otherwise."""
    grades = [{"title": {"en": "Bad", "zh": "坏"}}, {"title": {"en": "Well", "zh": "好"}, "from_score": 0.2}]
    data = alike([0.1, 0.5])
    one, other = (
        evaluated(data, text)[0]
        for text in (two("weighted_sum"), changed(two("weighted_sum"), grades=grades))
    )
    found = compare(one, other)
    assert found.units["first_grade"].tolist() == ["Poor", "Fair"] == found.summary["first_grade"].tolist()
    assert found.units["second_grade"].tolist() == ["Bad", "Well"] == found.summary["second_grade"].tolist()


def test_made_data_keep_their_bounds_whatever_their_decimals():
    """0.24 to 0.26 with one decimal would be 0.2 and 0.3, both out of bounds."""
    slope = {"method": "uniform", "low": 0.24, "high": 0.26, "decimals": 1}
    made = evaluation.made_data(pack=rich(synthetic__attributes__slope=slope))["slope"]
    assert set(made) == {0.24, 0.26}


@pytest.mark.parametrize("smooth", [5.0, 1000.0])
def test_smooth_made_data_are_alike_among_neighbours(smooth):
    """Also where they are to hang together over more than the whole lattice."""
    slope = {"method": "uniform", "low": 0.0, "high": 30.0, "smooth": smooth}
    text = rich(synthetic__rows=20, synthetic__columns=20, synthetic__attributes__slope=slope)
    made = evaluation.made_data(pack=text)["slope"].to_numpy().reshape(20, 20)
    assert np.corrcoef(made[:, 1:].ravel(), made[:, :-1].ravel())[0, 1] > 0.9


def test_areas_on_a_mercator_map_are_those_on_the_ground():
    """At 60° such a map shows them four times as large; a transverse one near its meridian as they are."""
    shapes = [shapely.box(10 + east, 60, 10.1 + east, 60.1) for east in (0.0, 0.1)]
    flat = gpd.GeoDataFrame(alike([0.2, 0.3]), geometry=shapes, crs="EPSG:4326")
    areas = {
        system: evaluated(flat.to_crs(system), two("weighted_sum"))[1].area
        for system in ("EPSG:4326", "EPSG:3857", "EPSG:32632")
    }
    assert areas["EPSG:3857"] == pytest.approx(areas["EPSG:4326"], rel=1e-9)
    assert areas["EPSG:32632"] == pytest.approx(areas["EPSG:4326"], rel=1e-3)
    cells = xr.Dataset(
        {name: (("northing", "easting"), [[0.1, 0.2], [0.3, 0.4]], {"units": "1"}) for name in "ab"},
        {"northing": [8.40e6, 8.41e6], "easting": [1.11e6, 1.12e6]}, {"crs": "EPSG:3857"},
    )  # fmt: skip
    told = read_evaluation(grid(cells, pack=two("weighted_sum"), draws=0).answer.content)
    # cos² of the latitude of a northing of 8.405·10⁶ m, 60.06°, on a sphere; the ellipsoid is 0.5 % off.
    latitude = 2 * np.arctan(np.exp(8.405e6 / 6378137.0)) - np.pi / 2
    assert told.area == pytest.approx(4e8 * np.cos(latitude) ** 2, rel=0.01)


def test_cells_of_uneven_rows_reach_halfway_to_their_neighbours():
    """Rows at 0, 100 and 400 m are 100, 200 and 300 m wide; columns 50 m."""
    scores = np.repeat([[0.1], [0.5], [0.9]], 2, axis=1)
    cells = xr.Dataset(
        {name: (("northing", "easting"), scores, {"units": "1"}) for name in "ab"},
        {"northing": [0.0, 100.0, 400.0], "easting": [0.0, 50.0]}, {"crs": "EPSG:32648"},
    )  # fmt: skip
    told = read_evaluation(grid(cells, pack=two("weighted_sum"), draws=0).answer.content)
    assert [one.area for one in told.grades] == [10_000.0, 20_000.0, 30_000.0]


def test_a_map_of_no_place_has_areas_and_no_position():
    """A mine's own grid."""
    mine = gpd.GeoDataFrame(
        alike([0.2]), geometry=[shapely.box(0, 0, 10, 10)], crs='LOCAL_CS["mine",UNIT["metre",1]]'
    )
    _units, told = evaluated(mine, two("weighted_sum"))
    assert (told.area, told.best[0].position) == (100.0, ())


def test_a_field_of_words_is_refused():
    """Attributes of numbers need fields of numbers."""
    cells = xr.Dataset(
        {"a": (("northing", "easting"), [["x", "y"]]), "b": (("northing", "easting"), [[0.1, 0.2]])},
        {"northing": [0.0], "easting": [0.0, 50.0]}, {"crs": "EPSG:32648"},
    )  # fmt: skip
    with pytest.raises(ContractError, match="field of numbers in `a`"):
        grid(cells, pack=two("weighted_sum"), draws=0)


def test_the_history_of_cells_does_not_tell_the_whole_pack():
    """Its start and a hash, on one line."""
    cells = xr.Dataset(
        {name: (("northing", "easting"), [[0.1, 0.2]], {"units": "1"}) for name in "ab"},
        {"northing": [0.0], "easting": [0.0, 50.0]}, {"crs": "EPSG:32648"},
    )  # fmt: skip
    told = grid(cells, pack=two("weighted_sum"), draws=0).cells.attrs["history"]
    assert len(told) < 300
    assert "… (SHA-256 " in told
    assert "\n" not in told
