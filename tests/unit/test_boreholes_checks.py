"""Checks on drill holes, and the building blocks of their tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from craton.model.boreholes import check, dips_downward, distinct, make_collars, same_place, sound_surveys
from craton.model.data import Boreholes
from craton.model.findings import FINDINGS

COLLARS = make_collars(["A", "B"], x=[0, 10], y=[0, 10], total_depth=[100, np.nan])


def _intervals(*rows: tuple[str, float, float]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["hole_id", "from_depth", "to_depth"])


def _counts(data: Boreholes, **options: object) -> dict[str, int]:
    found = check(data, **options)
    assert {f.code for f in found} <= set(FINDINGS)
    return {f.code: f.count for f in found if f.code != "survey-missing"}


def test_a_sound_hole_has_no_finding():
    """Intervals that meet within a millimetre, down to the end, are sound."""
    geology = _intervals(("A", 0, 10.0004), ("A", 10, 100.0005), ("B", 0, 5000))
    assert _counts(Boreholes(COLLARS, intervals={"geology": geology})) == {}


def test_steps_are_taken_within_a_hole_and_in_order_of_depth():
    """Rows in any order, and the last of one hole before the first of the next, make no gap."""
    geology = _intervals(("B", 0, 5), ("A", 10, 20), ("A", 0, 10), ("B", 5, 6))
    assert _counts(Boreholes(COLLARS, intervals={"geology": geology})) == {}


def test_each_fault_is_counted_once_and_placed():
    """One finding a code, with its tables and its first place."""
    tables = {
        "geology": _intervals(("A", 0, 10), ("A", 9, 20), ("A", 25, 120)),
        "assay": _intervals(("A", 5, 4)),
    }
    found = {f.code: f for f in check(Boreholes(COLLARS, intervals=tables))}
    assert (found["interval-overlap"].count, found["interval-gap"].count) == (1, 1)
    assert (found["interval-reversed"].message, found["interval-reversed"].where) == (
        "assay 1",
        "hole A at 5 m",
    )
    assert found["interval-below-end"].where == "hole A at 25 m"


def test_tables_that_need_not_fill_the_hole():
    """Gaps and overlaps count only in the tables named."""
    tables = {"samples": _intervals(("A", 0, 10), ("A", 5, 7), ("A", 50, 51))}
    assert _counts(Boreholes(COLLARS, intervals=tables), layered=("geology",)) == {}


def test_open_ends_are_no_faults():
    """An interval without a base has no gap after it."""
    tables = {"geology": _intervals(("A", 0, np.nan), ("A", 50, 60))}
    assert _counts(Boreholes(COLLARS, intervals=tables)) == {}


def test_rows_of_unknown_holes():
    """Rows of holes without collar, or without a name at all, are counted over all tables."""
    surveys = pd.DataFrame(
        {"hole_id": ["A", "X"], "depth": [0, 0], "azimuth": [0, 0], "inclination": [-90, -90]}
    )
    curves = {"log": pd.DataFrame({"hole_id": ["Y", None], "depth": [-1.0, 2.0]})}
    assert _counts(Boreholes(COLLARS, surveys, curves=curves)) == {
        "hole-without-collar": 3,
        "depth-negative": 1,
    }


def test_a_hole_out_of_place():
    """Of nine holes one lies a hundred times farther off than the others lie apart."""
    x = [0, 10, 20, 30, 40, 50, 60, 70, 400_000]
    collars = make_collars([str(n) for n in range(9)], x=x, y=[0] * 9)
    assert _counts(Boreholes(collars)) == {"location-outlier": 1}
    assert _counts(Boreholes(make_collars(["1", "2", "3"], x=[0, 1, 1e6], y=[0, 0, 0]))) == {}


def test_collars_without_one_coordinate_have_no_geometry():
    """Half a place is none, and text is no number."""
    collars = make_collars(["A", "B", "C"], x=["1.5", None, "x"], y=[2, 3, 4], crs="EPSG:28350")
    assert collars.geometry.notna().tolist() == [True, False, False]
    assert (collars.geometry[0].x, collars.crs.to_epsg()) == (1.5, 28350)
    assert len(make_collars([])) == 0


def test_names_told_apart():
    """The first keeps its name; others are numbered."""
    names, renamed = distinct(pd.Series(["A", "B", "A", "A"], dtype="str"))
    assert (names.tolist(), renamed) == (["A", "B", "A#2", "A#3"], 2)


@pytest.mark.parametrize(
    ("angles", "open_zero", "expected", "code"),
    [
        ([-60, -90, 0], False, [-60, -90, 0], None),
        ([60, 90, 0], False, [-60, -90, 0], "dip-turned"),
        ([60, -60], False, [60, -60], "dip-ambiguous"),
        ([2, 5], True, [-88, -85], "dip-ambiguous"),
        ([85, 60], True, [-85, -60], "dip-ambiguous"),
        ([-60, -90], True, [-60, -90], None),
        ([], False, [], None),
    ],
)
def test_angles_point_down(angles, open_zero, expected, code):
    """The sign most angles have means down; what cannot be told is a doubt."""
    dips = dips_downward(angles, from_vertical_possible=open_zero)
    assert dips.inclination.tolist() == expected
    assert [f.code for f in dips.findings] == ([code] if code else [])


def test_surveys_are_sorted_and_sound():
    """Impossible directions go, azimuths turn into 0–360, the first station of a depth stays."""
    surveys = pd.DataFrame(
        {
            "hole_id": ["B", "A", "A", "A", "A", "A"],
            "depth": [0, 20, 10, 10, 30, np.nan],
            "azimuth": [360, -90, 5, 6, 400, 5],
            "inclination": [-60, -60, -60, -61, -60, -60],
        }
    )
    sound, found = sound_surveys(surveys)
    assert sound[["hole_id", "depth", "azimuth"]].to_numpy().tolist() == [
        ["A", 10, 5],
        ["A", 20, 270],
        ["B", 0, 0],
    ]
    assert {f.code: f.count for f in found} == {
        "survey-out-of-range": 2,
        "azimuth-wrapped": 1,
        "survey-duplicate": 1,
    }


def test_one_place_in_degrees_and_in_metres():
    """Thirty metres are one place, three hundred are not, in either kind of coordinates."""
    near, far = 30 / 111_195, 300 / 111_195
    assert same_place(make_collars(["A", "B"], x=[119, 119], y=[-32, -32 + near]), geographic=True)
    assert not same_place(make_collars(["A", "B"], x=[119, 119], y=[-32, -32 + far]), geographic=True)
    assert same_place(make_collars(["A", "B"], x=[0, 30], y=[0, 0]), geographic=False)
    assert not same_place(make_collars(["A", "B"]), geographic=False)
