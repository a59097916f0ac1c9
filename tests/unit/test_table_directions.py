"""Tables without a header that hold zones or degrees, directions beyond the compass, titles of model files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import xarray as xr
from tests.reading import DATA, read_source

from craton.ingest.table_directions import find_directions
from craton.model.data import Draft
from craton.model.describe import describe


@pytest.mark.parametrize(
    ("name", "values", "count"),
    [
        ("azimuth", [0.0, 360.0, 442.0, None], 1),
        ("Azimuth2", [435, -181, 10], 2),
        ("Dip_Dir", [-90.0, 361.0], 1),
        ("dip", [361.0], 0),
        ("azimuth", [0.0, 360.0, -180.0], 0),
        ("azimuth", ["400"], 0),
    ],
)
def test_directions_beyond_the_compass_are_told(name: str, values: list[object], count: int) -> None:
    """Numbers outside -180 to 360 in a column of directions are counted and kept."""
    draft = Draft(pa.table({name: values}), "table")
    find_directions(draft)
    assert [(one.code, one.count) for one in draft.findings] == (
        [("azimuth-out-of-range", count)] if count else []
    )
    assert draft.data[name].to_pylist() == values


def test_zones_without_a_header(tmp_path: Path) -> None:
    """Zone, easting and northing are named by what they hold, and left without geometry as zones differ."""
    path = tmp_path / "a.csv"
    path.write_text(
        "A1,56,386930.017,7327717.501\nB2,55,753485.014,7176122.976\nC3,54,463370.544,6206209.200\n"
    )
    _, (draft,) = read_source(path)
    assert draft.data.column_names[1:] == ["zone", "easting", "northing"]
    assert {one.code for one in draft.findings} >= {"header-missing", "coordinate-zones"}


def test_degrees_without_a_header(tmp_path: Path) -> None:
    """Latitude and longitude that can be told by their values are named, with their unit."""
    path = tmp_path / "a.csv"
    path.write_text("A1,-24.09324,151.53131\nB2,-25.30376,149.31192\nC3,-34.17047,140.36072\n")
    _, (draft,) = read_source(path)
    assert draft.data.column_names[1:] == ["latitude", "longitude", "geometry"]
    assert draft.notes["latitude"].unit == "deg"


@pytest.mark.parametrize(("suffix", "title"), [(".wth", "field wth"), (".csv", "field")])
def test_parts_of_a_model_are_told_apart(tmp_path: Path, suffix: str, title: str) -> None:
    """Files of one stem that are parts of a model carry their suffix in the title."""
    path = tmp_path / f"field{suffix}"
    path.write_text("a,b\n1,2\n3,4\n5,6\n")
    assert read_source(path)[1][0].title == title


@pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")
@pytest.mark.parametrize(
    ("package", "day"),
    [
        ("Example_AeroMag_MuppetTown_2009", "2009-12-02T00:00:00Z"),
        ("Example_Rad_BowsersCastle_2012", "2011-06-16T00:00:00Z"),
        ("Example_Mag_HillValley_1985", None),
    ],
)
def test_day_of_a_flight_is_its_time(package: str, day: str | None) -> None:
    """Days written YYYYMMDD are the time of the survey; six digits may mean more than one day."""
    _, (draft,) = read_source(DATA / f"geophysics/aseg_gdf2/{package}.dfn")
    assert (draft.time.start if draft.time else None) == day


@pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")
def test_network_far_off_its_zone_is_doubted() -> None:
    """A UTM system without a code has the area of its zone; eastings near 0 lie outside of it."""
    _, (draft,) = read_source(DATA / "urban/opendrive/e6mini.xodr")
    messages = {one.code: one.message for one in describe(draft, id="x").findings}
    assert messages["extent-outside-crs"] == "UTM zone 32N is made for 6 to 12° E, 0 to 84° N"


@pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")
def test_series_of_maps_is_no_title() -> None:
    """A title of a whole series of maps becomes the description."""
    path = next((DATA / "hydrology/lisflood_nam_ngum_laos").rglob("gwbodies.nc"))
    _, (draft,) = read_source(path)
    assert draft.title == ""
    assert draft.description.splitlines()[0] == "3arcmin maps, GLOBAL domain"


@pytest.mark.parametrize(("first", "top"), [(-179.5, 90.0), (-180.0, 89.5)])
def test_cells_round_the_earth_reach_to_their_edges(first: float, top: float) -> None:
    """Longitudes in the middle of cells make latitudes reach half a step further; nodes keep theirs."""
    latitude, longitude = np.arange(-89.5, 90, 1.0), first + np.arange(360.0)
    axes = {"latitude": latitude, "longitude": longitude}
    grid = xr.Dataset({"height": (tuple(axes), np.ones((180, 360)))}, axes, {"crs": "EPSG:4326"})
    assert describe(Draft(grid, "grid"), id="x").bbox == (-180.0, -top, 180.0, top)
