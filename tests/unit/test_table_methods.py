"""Statistics, ranks and conditions: hand-made tables whose results can be checked by eye."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
import shapely

from craton.methods.table import filter_rows, rank, statistics
from craton.model.errors import ContractError


@pytest.fixture
def districts():
    """Five districts with a gap."""
    table = gpd.GeoDataFrame(
        {
            "name": ["a", "b", "c", "d", "e"],
            "events": [0, 10, 5, 10, 5],
            "distance": [0.0, 100.0, 50.0, 100.0, np.nan],
            "zone": ["north", "north", "south", None, "south"],
        },
        geometry=shapely.points(np.arange(10.0).reshape(5, 2)),
        crs=4326,
    )
    table.attrs["columns"] = {"distance": {"unit": "km", "title": "Distance"}}
    return table


def test_statistics_are_those_of_the_textbook():
    """Of 2, 4, 4, 4, 5, 5, 7, 9: mean 5, sample deviation √(32/7), quartiles 4, 4.5, 5.5 (type 7)."""
    table = pd.DataFrame({"x": [2, 4, 4, 4, 5, 5, 7, 9, np.nan, np.inf], "text": "a"})
    (row,) = statistics(table).to_dict("records")
    assert (row["column"], row["count"], row["missing"]) == ("x", 8, 2)
    assert (row["minimum"], row["maximum"], row["mean"], row["median"]) == (2, 9, 5, 4.5)
    npt.assert_allclose(row["standard_deviation"], np.sqrt(32 / 7))
    npt.assert_allclose([row["lower_quartile"], row["upper_quartile"]], [4.0, 5.5])


def test_statistics_by_group_end_with_the_rows_of_none(districts):
    """Groups come in the order of their names, those without a name last; one value has no deviation."""
    found = statistics(districts, columns=("distance",), group="zone")
    assert found["group"].tolist() == ["north", "south", ""]
    assert found["count"].tolist() == [2, 1, 1]
    assert found["missing"].tolist() == [0, 1, 0]
    assert found["unit"].tolist() == ["km"] * 3
    assert found["standard_deviation"].isna().tolist() == [False, True, True]


def test_statistics_equal_those_of_pandas():
    """Random numbers by group give what pandas describes, an independent path to the same definitions."""
    rng = np.random.default_rng(5)
    table = pd.DataFrame({"g": rng.integers(0, 4, 500), "v": rng.normal(size=500)})
    found = statistics(table, columns=("v",), group="g")
    expected = table.groupby("g")["v"].describe()
    names = {
        "mean": "mean",
        "standard_deviation": "std",
        "median": "50%",
        "lower_quartile": "25%",
        "maximum": "max",
    }
    for ours, theirs in names.items():
        npt.assert_allclose(found[ours], expected[theirs])


def test_rank_follows_the_hand_made_example(districts):
    """Weights 3 : 1; b and d tie at 1 and share rank 1, c is third, a last; the gap counts as worst."""
    found = rank(districts, ("events", "distance"), weights=(3.0, 1.0))
    assert found["name"].tolist() == ["b", "d", "c", "e", "a"]
    assert found["rank"].tolist() == [1, 1, 3, 4, 5]
    npt.assert_allclose(found["score"], [1, 1, 0.5, 0.375, 0])
    assert isinstance(found, gpd.GeoDataFrame)
    assert found.attrs["columns"]["distance"]["unit"] == "km"


def test_rank_turns_columns_round_and_leaves_gaps_out(districts):
    """Where a small distance is better a (0 km, no events) and b (far, many) both score one half."""
    found = rank(districts, ("events", "distance"), smaller_is_better=("distance",), missing="left_out")
    assert found["name"].tolist() == ["a", "b", "c", "d"]
    npt.assert_allclose(found["score"], 0.5)
    assert found["rank"].tolist() == [1, 1, 1, 1]
    worst = rank(districts, ("distance",), smaller_is_better=("distance",))
    assert worst["name"].tolist() == ["a", "c", "b", "d", "e"]
    assert worst["score"].tolist() == [1.0, 0.5, 0.0, 0.0, 0.0]


def test_rank_by_place_is_not_moved_by_an_outlier():
    """Values 1, 2, 2, 1000 have places 1, 2.5, 2.5, 4 and scores 0, 0.5, 0.5, 1."""
    table = pd.DataFrame({"v": [1.0, 1000.0, 2.0, 2.0], "rank": [9, 9, 9, 9], "same": 3})
    found = rank(table, ("v",), scale="rank")
    assert found["v"].tolist() == [1000, 2, 2, 1]
    npt.assert_allclose(found["score"], [1, 0.5, 0.5, 0])
    assert found["rank"].tolist() == [1, 2, 2, 4]
    assert found["rank_1"].tolist() == [9] * 4
    assert rank(table, ("same",))["score"].tolist() == [0.5] * 4


def test_ranks_do_not_hang_on_the_last_bit():
    """0.1 + 0.2 and 0.3 are a tie, whatever the order of the sum."""
    table = pd.DataFrame({"a": [0, 0.1, 0.3, 1], "b": [0, 0.2, 0.0, 1], "c": [0, 0.0, 0.0, 1]})
    assert rank(table, ("a", "b", "c"))["rank"].tolist() == [1, 2, 2, 4]


@pytest.mark.parametrize(
    "given",
    [
        {"columns": ()},
        {"columns": ("events", "events")},
        {"columns": ("name",)},
        {"columns": ("events",), "weights": (1.0, 2.0)},
        {"columns": ("events",), "weights": (0.0,)},
        {"columns": ("events",), "weights": (-1.0,)},
        {"columns": ("events",), "smaller_is_better": ("distance",)},
    ],
)
def test_rank_refuses_what_gives_no_score(districts, given):
    """No, repeated or textual columns, and weights that do not fit, are refused."""
    with pytest.raises(ContractError):
        rank(districts, **given)


def test_conditions_keep_rows_and_convert_units(districts):
    """60 000 m is 60 km; a gap holds for nothing; rows keep their order, columns and notes."""
    assert filter_rows(districts, "distance > '60000 m'")["name"].tolist() == ["b", "d"]
    assert filter_rows(districts, "events == 5 and not missing(distance)")["name"].tolist() == ["c"]
    found = filter_rows(districts, "events >= 5", column="zone", values=("north", "south"))
    assert found["name"].tolist() == ["b", "c", "e"]
    assert found.index.tolist() == [0, 1, 2]
    assert found.attrs["columns"]["distance"]["unit"] == "km"
    assert found.crs == districts.crs


def test_columns_with_other_signs_are_named_with_underscores():
    """`Cu (ppm)` is `Cu_ppm`; two columns that would share a name have none."""
    table = pd.DataFrame({"Cu (ppm)": [1, 200], "a b": [1, 2], "a-b": [1, 2]})
    assert filter_rows(table, "Cu_ppm > 100")["Cu (ppm)"].tolist() == [200]
    with pytest.raises(ContractError, match="a_b"):
        filter_rows(table, "a_b > 1")


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"expression": "depth > 3"},
        {"expression": "__import__('os')"},
        {"expression": "1 > 0"},
        {"expression": "distance > '3 kg'"},
        {"column": "zone"},
        {"values": ("north",)},
    ],
)
def test_conditions_that_cannot_hold_are_refused(districts, given):
    """Nothing, unknown names, foreign code, constants, other units and half a choice are refused."""
    with pytest.raises(ContractError):
        filter_rows(districts, **given)
