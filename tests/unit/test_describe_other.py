"""Records of boreholes, series, meshes and documents."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from tests.reading import DATA, read_source

from craton.model.data import Boreholes, Document, Draft, Mesh, Series
from craton.model.describe import describe
from craton.model.errors import InvalidError

HERE = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")


def codes(record):
    return {finding.code: finding.count for finding in record.findings if finding.code != "licence-missing"}


def collars(crs="EPSG:28992", **columns):
    points = gpd.points_from_xy([139_500, 141_300, np.nan], [454_700, 456_100, np.nan])
    points[2] = None
    data = {
        "hole_id": ["a", "b", "c"],
        "elevation": [5.0, 2.0, np.nan],
        "total_depth": [10.0, np.nan, 7.0],
        **columns,
    }
    return gpd.GeoDataFrame(data, geometry=points, crs=crs or None)


def test_boreholes():
    """Holes, intervals and samples are counted; the deepest end of any table bounds the vertical extent."""
    holes = Boreholes(
        collars(),
        surveys=pd.DataFrame({"hole_id": ["a"], "depth": [3.0], "azimuth": [0.0], "inclination": [-90.0]}),
        intervals={
            "geology": pd.DataFrame(
                {"hole_id": ["a", "b"], "from_depth": [0.0, 0], "to_depth": [4.0, 30], "lith": ["x", "y"]}
            )
        },
        curves={
            "log": pd.DataFrame({"hole_id": ["b"] * 3, "depth": [1.0, 2, 3], "gamma": [80.0, np.nan, 95]})
        },
    )
    record = describe(Draft(holes, "boreholes"), id="x")
    assert record.shape == {"hole": 3, "survey": 1, "interval": 2, "sample": 3}
    assert record.crs == "EPSG:28992"
    assert (record.vertical.minimum, record.vertical.maximum) == (-28.0, 5.0)
    assert codes(record) == {"hole-without-location": 1}
    assert {column.table for column in record.columns} == {"collars", "surveys", "geology", "log"}
    gamma = next(column for column in record.columns if column.name == "gamma")
    assert gamma.missing == 1
    west, south, east, north = record.bbox
    assert 5.16 < west < east < 5.20
    assert 52.07 < south < north < 52.10


def test_boreholes_without_system():
    """Located holes call for a system; holes without places do not."""
    assert codes(describe(Draft(Boreholes(collars(crs="")), "boreholes"), id="x"))["crs-missing"] == 1
    nowhere = collars().assign(geometry=None)
    assert "crs-missing" not in codes(describe(Draft(Boreholes(nowhere), "boreholes"), id="x"))


def test_series():
    """Stations and rows are counted, the period is that of the values."""
    values = pd.DataFrame(
        {
            "station": ["p", "p", "q"],
            "time": pd.to_datetime(["2020-01-01", "2020-02-01", "2021-01-01"]),
            "head": [1.0, 2, 3],
        }
    )
    stations = gpd.GeoDataFrame(
        {"station": ["p", "q"]}, geometry=gpd.points_from_xy([100, 101], [18, 19]), crs=4326
    )
    record = describe(Draft(Series(values, stations), "series"), id="x")
    assert record.shape == {"station": 2, "row": 3}
    assert (record.time.start, record.time.end) == ("2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z")
    assert record.bbox == (100, 18, 101, 19)
    assert codes(describe(Draft(Series(values), "series"), id="x")) == {"no-coordinates": 1}


def test_mesh():
    """Parts, triangles and vertices are counted; heights are the vertical extent."""
    vertices = np.array([[500_000, 2_000_000, 10], [500_100, 2_000_000, 12], [500_000, 2_000_100, 30.0]])
    mesh = Mesh(vertices, np.array([[0, 1, 2]]), np.array([0]), pd.DataFrame({"part_id": ["roof"]}))
    record = describe(Draft(mesh, "mesh", crs="EPSG:32648"), id="x")
    assert record.shape == {"part": 1, "triangle": 1, "vertex": 3}
    assert (record.vertical.minimum, record.vertical.maximum) == (10, 30)
    assert record.bbox[0] == pytest.approx(105.0, abs=1e-6)
    assert record.footprint["type"] == "Polygon"


def test_document():
    """A document has a title, and the extent that its reader states."""
    draft = Draft(
        Document("text"), "document", name="report.pdf", geographic_bounds=(170.0, -20.0, 190.0, -10.0)
    )
    record = describe(draft, id="x")
    assert record.title == {"und": "report.pdf"}
    assert record.bbox == (170, -20, -170, -10)
    assert record.footprint["type"] == "MultiPolygon"
    assert record.shape == {}


def test_what_is_no_data():
    """Anything else is refused by name."""
    with pytest.raises(InvalidError, match="list is no kind of data"):
        describe(Draft([], "table"), id="x")


@HERE
def test_utrecht_boreholes():
    """67 holes with 1,398 layers."""
    _, (draft,) = read_source(DATA / "boreholes/utrecht_science_park/boreholes_usp.parquet", crs="EPSG:28992")
    record = describe(draft, id="x")
    assert record.shape["hole"] == 67
    assert record.shape["interval"] == 1398
    assert record.bbox[0] == pytest.approx(5.16, abs=0.02)
    assert record.vertical.maximum == pytest.approx(8.0, abs=0.1)


@HERE
def test_delft_buildings():
    """570 buildings of 3DBAG in EPSG:7415."""
    _, (draft,) = read_source(DATA / "urban/cityjson/delft.json")
    record = describe(draft, id="x")
    assert record.shape["part"] == 570
    assert record.crs == "EPSG:7415"
    assert 4.36 < record.bbox[0] < record.bbox[2] < 4.371
