"""What a geological map tells of its units: made maps whose dykes, groups and valley fills are known."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr
from tests import truth_models as truths

from craton.methods.geomodel_map import Mapped, contacts_of_map
from craton.model.errors import ContractError

STRIP, HIGH = 1000.0, 4000.0
"""Width of the outcrop of a bed, and height of the map, in metres."""

BEDS = {"A": (10.0, 20.0), "B": (20.0, 30.0), "C": (30.0, 40.0), "D": (40.0, 50.0)}
"""Beds from the east to the west, with their ages in Ma."""


def ground(rise: float = 0.0) -> xr.DataArray:
    """Level ground, or ground that rises by `rise` a metre away from the middle line of the map."""
    axes = {"northing": np.arange(HIGH - 25, 0, -50), "easting": np.arange(25.0, 4 * STRIP, 50)}
    across = np.abs(axes["northing"] - HIGH / 2)[:, None] * np.ones(len(axes["easting"]))
    return xr.DataArray(500.0 + rise * across, axes, tuple(axes), attrs={"units": "m", "crs": truths.CRS})


def mapped(
    shape: shapely.Geometry, ages: tuple[float, float], *, rise: float = 0.0, **given: object
) -> Mapped:
    """Contacts of four beds that crop out in strips, cut out by a unit X of a shape and ages."""
    rows = [
        {"name": name, "young": young, "old": old, "geometry": shapely.difference(
            shapely.box(STRIP * place, 0, STRIP * (place + 1), HIGH), shape)}
        for place, (name, (young, old)) in enumerate(reversed(BEDS.items()))
    ]  # fmt: skip
    rows.append({"name": "X", "young": ages[0], "old": ages[1], "geometry": shape})
    geology = gpd.GeoDataFrame(rows, geometry="geometry", crs=truths.CRS)
    names = {"unit_column": "name", "youngest_age": "young", "oldest_age": "old", "spacing": 200.0}
    return contacts_of_map(geology, ground(rise), **{**names, **given})


def note(found: Mapped) -> str:
    """Why X is left out, empty where it is a layer."""
    report = found.report.set_index("unit")
    assert (report["part"] == "left out").sum() == bool(report.loc["X", "note"])
    return report.loc["X", "note"]


DYKE = shapely.LineString([(0, 500), (4 * STRIP, 3500)]).buffer(40, cap_style="flat")
VALLEY = shapely.box(0, 1500, 4 * STRIP, 2500)
BED = shapely.box(2 * STRIP, 0, 2 * STRIP + 60, HIGH)


def test_a_dyke_across_beds_is_no_layer() -> None:
    """A ribbon with the same bed on both sides, of four beds: left out, and the beds meet as without it."""
    found = mapped(DYKE, (5.0, 6.0))
    assert "a dyke" in note(found)
    assert list(found.column["unit"]) == list(BEDS)
    assert set(found.contacts["unit"]) == {"A", "B", "C"}


def test_a_thin_bed_and_the_core_of_a_fold_are_layers() -> None:
    """As narrow as a dyke, but between an older and a younger bed, or within one bed alone."""
    assert note(mapped(BED, (30.0, 30.0))) == ""
    core = shapely.box(2 * STRIP + 300, 0, 2 * STRIP + 360, HIGH)
    assert note(mapped(core, (12.0, 14.0), neighbours_only=False)) == ""


def test_the_fill_of_a_valley_is_cover_and_the_cap_of_a_ridge_is_a_layer() -> None:
    """The same young polygon over four beds: low between its edges it is left out, high it stays."""
    assert "cover" in note(mapped(VALLEY, (0.0, 1.0), rise=0.1))
    assert note(mapped(VALLEY, (0.0, 1.0), rise=-0.1)) == ""


def test_a_group_mapped_undivided_has_no_place_among_its_formations() -> None:
    """Ages of 20 to 40 Ma hold those of B and C, which follow one another; of 20 to 32 Ma those of B alone."""
    patch = shapely.box(1200, 1200, 2800, 2800)
    assert "B, C, which follow one another" in note(mapped(patch, (20.0, 40.0)))
    assert note(mapped(patch, (20.0, 32.0))) == ""


def test_what_is_stated_of_units_counts() -> None:
    """`kept` and `intrusive` hold what the map would leave out; a column decides alone, by `cover` too."""
    assert note(mapped(DYKE, (5.0, 6.0), kept=("x",))) == ""
    body = mapped(DYKE, (5.0, 6.0), intrusive=("X",))
    assert body.report.set_index("unit").loc["X", "part"] == "intrusion"
    assert "ignored" in note(mapped(BED, (30.0, 30.0), ignored=("X",)))
    column = pd.DataFrame({"unit": ["X", *BEDS], "series": ["young", *["beds"] * 4]})
    assert note(mapped(DYKE, (5.0, 6.0), column=column)) == ""
    covered = column.assign(relation=["cover", *["erode"] * 4])
    assert "cover, by its relation" in note(mapped(BED, (30.0, 30.0), column=covered))
    assert note(mapped(DYKE, (5.0, 6.0), column=column[1:])) == "not in the column"


def test_units_without_ages_are_left_out_or_refused() -> None:
    """One among dated ones has no place; it is refused where it is to be a layer all the same."""
    none = (float("nan"), float("nan"))
    assert "no age" in note(mapped(BED, none))
    with pytest.raises(ContractError, match="ages of the units"):
        mapped(BED, none, kept=("X",))
