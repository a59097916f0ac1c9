"""What is under a site: values, features and logs at a place, each against what the sample holds there."""

from __future__ import annotations

import json

import geopandas as gpd
import httpx
import numpy as np
import pytest
import shapely
from pyproj import Geod
from tests.serving import Served, make_node, put

import craton
from craton.model.data import Boreholes

SITE = (101.0, 18.0)


def _holes():
    import pandas as pd

    collars = gpd.GeoDataFrame(
        {"hole_id": ["DDH-1", "DDH-2"], "elevation": [200.0, 210.0], "total_depth": [50.0, 80.0]},
        geometry=gpd.points_from_xy([101.01, 101.3], [18.0, 18.2]), crs="EPSG:4326",
    )  # fmt: skip
    geology = pd.DataFrame(
        {"hole_id": ["DDH-1", "DDH-1", "DDH-2"], "from_depth": [10.0, 0.0, 0.0], "to_depth": [50.0, 10.0, 80.0],
         "lithology": ["granite", "clay", "sand"]}
    )  # fmt: skip
    return Boreholes(collars, intervals={"geology": geology})


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = make_node(tmp_path_factory.mktemp("under") / "node")
    square = gpd.GeoDataFrame(
        {"unit": ["Nam Khong"]}, geometry=[shapely.box(100.9, 17.9, 101.1, 18.1)], crs="EPSG:4326"
    )
    with craton.open(folder) as node:
        put(node, _holes(), "boreholes", id="holes-1")
        put(node, square, "table", id="units-1")
    with Served(folder, "") as server:
        yield server


def _ask(served, **query):
    answer = served.get("/under", params=query).json()
    return {
        one["id"]: {**one, "topic": topic["topic"]} for topic in answer["topics"] for one in topic["datasets"]
    }


def test_a_point_is_told_by_each_dataset(served):
    """Grids give the cell's value, areas contain the point, points are as far as the geodesic says."""
    found = _ask(served, coords="POINT(101 18)", radius=60_000)
    relief = next(one for id, one in found.items() if id.startswith("relief"))
    with craton.open(served.folder) as node:
        grid = node[relief["id"]].read().load()
    name = next(iter(grid.data_vars))
    expected = grid[name].sel(longitude=SITE[0], latitude=SITE[1], method="nearest").item()
    assert relief["values"][0]["value"] == pytest.approx(expected, rel=1e-6)
    assert relief["topic"] == "terrain"
    assert found["units-1"]["features"][0]["inside"] is True
    sites = found["sites-1"]
    assert [f["properties"]["site"] for f in sites["features"]] == ["S2", "S1", "S3"]
    assert sites["count"] == 3
    geodesic = Geod(ellps="WGS84").inv(*SITE, 100.5, 18.0)
    nearest = sites["features"][1]
    assert nearest["distance"] == pytest.approx(
        geodesic[2], rel=1e-4
    )  # the local projection is exact from its centre
    assert nearest["bearing"] == pytest.approx(geodesic[0] % 360, abs=0.2)


def test_the_nearest_borehole_comes_with_its_log(served):
    """The log runs from the top, and is that of the nearest hole only."""
    holes = _ask(served, coords="POINT(101 18)", radius=5_000)["holes-1"]
    assert holes["count"] == 1
    assert holes["topic"] == "boreholes"
    log = [(one["from_depth"], one["to_depth"], one["lithology"]) for one in holes["logs"]["geology"]]
    assert log == [(0.0, 10.0, "clay"), (10.0, 50.0, "granite")]


def test_an_area_is_told_by_its_spread(served):
    """Least, mean and largest of the cells whose nearest pixels lie in the area."""
    found = _ask(served, coords="POLYGON((100 17, 102 17, 102 19, 100 19, 100 17))")
    relief = next(one for id, one in found.items() if id.startswith("relief"))
    with craton.open(served.folder) as node:
        grid = node[relief["id"]].read().load()
    name = next(iter(grid.data_vars))
    cells = (
        grid[name].sel(longitude=slice(100, 102)).where((grid.latitude > 17) & (grid.latitude < 19)).values
    )
    value = relief["values"][0]
    assert value["minimum"] >= np.nanmin(grid[name])
    assert value["minimum"] <= value["mean"] <= value["maximum"]
    # pixels along the edge show cells whose centres lie outside, so the mean agrees within a few percent only
    assert value["mean"] == pytest.approx(np.nanmean(cells), rel=0.1)
    assert found["sites-1"]["count"] == 5


def test_where_nothing_is_known_nothing_is_told(served):
    """A place in the ocean has an empty answer."""
    assert _ask(served, coords="POINT(-140 -40)") == {}


@pytest.mark.parametrize(
    "query",
    [{}, {"coords": "POINT(1 2"}, {"coords": "POINT(200 2)"}, {"coords": "LINESTRING(0 0, 1 1)"},
     {"coords": "POINT(nan 1)"}, {"coords": "POINT(1 2)", "radius": "-1"}, {"coords": "POINT(1 2)", "radius": "1e9"},
     {"coords": "POLYGON((0 0, 1 1, 1 0, 0 1, 0 0))"}, {"coords": "POLYGON((0 0, 90 0, 90 90, 0 0))"},
     {"coords": "POINT EMPTY"}, {"coords": '{"type":"Point"}'}, {"coords": "POINT(1 2)", "wrong": "1"}],
)  # fmt: skip
def test_what_is_no_place_is_refused(served, query):
    """A wrong place is a problem that says what is allowed."""
    problem = served.get("/under", status=400, params=query).json()
    assert problem["status"] == 400
    assert problem["detail"]


def test_places_are_found_by_name(served):
    """A town is found by part of its name in any case; what looks like SQL or a pattern is only a name."""
    vientiane = served.get("/places", params={"q": "vientian"}).json()["features"][0]
    assert vientiane["properties"]["name"].startswith("Vientiane")
    assert vientiane["geometry"]["type"] == "Point"
    assert vientiane["properties"]["point"] == vientiane["geometry"]["coordinates"][:2]
    for words in ("%", "_", "' OR 1=1 --", "\\", "ດດດ"):
        reply = served.client.get("/places", params={"q": words})
        assert reply.status_code == httpx.codes.OK
        assert reply.json()["features"] == []
    assert served.get("/places", params={"q": "DDH-2"}).json()["features"][0]["properties"]["name"] == "DDH-2"
    served.get("/places", status=400)


def test_what_is_read_is_in_the_audit_log(served):
    """Places that are found and data that is told of are noted as read, by their dataset."""
    served.get("/places", params={"q": "DDH-1"})
    served.get("/under", params={"coords": "POINT(101.01 18)"})
    logs = [path.read_text() for path in served.folder.glob("audit/*.jsonl")]
    lines = [json.loads(line) for log in logs for line in log.splitlines()]
    read = {(line["door"], line["dataset"]) for line in lines if line["event"] == "read"}
    assert {("places", "holes-1"), ("under", "holes-1")} <= read
