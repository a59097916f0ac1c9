"""The file of a dataset's features: what it holds of data of every kind, and what it answers."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import math
import os
import re
import threading
import time
from pathlib import Path
from typing import Any

import geopandas as gpd
import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyproj
import pytest
import shapely
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box
from tests.featured import featured, stored
from tests.reading import DATA

from craton.model.cql2 import parse
from craton.model.data import Boreholes, Mesh, Series, TableStream
from craton.model.errors import BeingMadeError, InvalidError, NotFoundError, StorageError
from craton.model.record import Column, Period
from craton.store import feature_index, feature_make, feature_session, feature_source
from craton.store.feature_index import (
    FeatureIndex,
    FeatureQuery,
    GoneError,
    TooLongError,
    features_at_hand,
    make_ready,
    open_features,
)

WITH_DATA = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")

WORLD = (-180.0, -90.0, 180.0, 90.0)


def points(count: int, crs: str = "EPSG:4326") -> gpd.GeoDataFrame:
    """Points strewn over the demo area, in no order."""
    random = np.random.default_rng(0)
    places = gpd.points_from_xy(random.uniform(97, 106, count), random.uniform(16, 26, count))
    return gpd.GeoDataFrame({"sample": np.arange(count)}, geometry=places, crs=crs)


def features(index: FeatureIndex, **query: Any) -> list[dict[str, Any]]:
    """Features of a page, decoded strictly."""
    page = index.page(FeatureQuery(**{"limit": 1000, **query}))
    decoded = [json.loads(body, parse_constant=pytest.fail) for body in page.features]
    assert [feature["id"] for feature in decoded] == page.ids
    return decoded


def filtered(index: FeatureIndex, text: str) -> list[int]:
    """Numbers of the features that pass a filter."""
    return index.page(FeatureQuery(filter=parse(text), limit=1000)).ids


def test_features_are_rows_in_the_order_of_the_source(tmp_path: Path) -> None:
    """Numbers run from 1 in the order in which the rows came, though the file has another one."""
    index = featured(points(3_000), "table", tmp_path / "node", crs="EPSG:4326")
    assert index.count == 3_000
    found = features(index, limit=3_000)
    assert [f["properties"]["sample"] for f in found] == list(range(3_000))
    assert [f["id"] for f in found] == list(range(1, 3_001))
    assert found[0]["type"] == "Feature"
    expected = points(3_000).geometry[0]
    assert found[0]["geometry"] == {
        "type": "Point",
        "coordinates": [round(expected.x, 7), round(expected.y, 7)],
    }
    assert json.loads(index.feature(3_000) or b"")["properties"] == {"sample": 2_999}
    assert index.geometry_types == ("Point",)
    assert index.crs == "EPSG:4326"
    assert index.box == pytest.approx(points(3_000).total_bounds)


def test_a_table_too_large_to_sort_has_the_same_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read in the order of the file, rows keep the numbers of their source."""
    monkeypatch.setattr(feature_source, "AT_ONCE", 0)
    monkeypatch.setattr(feature_source, "BATCH", 100)
    index = featured(points(1_000), "table", tmp_path / "node", crs="EPSG:4326")
    assert [f["properties"]["sample"] for f in features(index)] == list(range(1_000))


def test_a_stream_of_rows_has_features(tmp_path: Path) -> None:
    """A table that was written as it came is read as it lies."""
    frame = points(500)
    table = pa.table(
        {"sample": frame["sample"], "geometry": pa.array(shapely.to_wkb(frame.geometry), pa.binary())}
    )
    stream = TableStream(table.schema, lambda: iter(table.to_batches(max_chunksize=90)))
    index = featured(stream, "table", tmp_path / "node", crs="EPSG:4326")
    assert [f["properties"]["sample"] for f in features(index)] == list(range(500))
    assert index.count_of(FeatureQuery(bbox=(97, 16, 106, 26))) == 500


def test_types_of_columns_and_their_values(tmp_path: Path) -> None:
    """Every type of Arrow has a type of JSON, values that JSON has, and is asked for in filters."""
    day, moment = dt.date(2020, 2, 29), pd.Timestamp(2020, 2, 29, 6, 30)
    table = pa.table(
        {
            "text": pa.array(["a", None]),
            "coded": pa.array(["x", "x"]).dictionary_encode(),
            "whole": pa.array([-(2**63), None], pa.int64()),
            "huge": pa.array([2**64 - 1, 1], pa.uint64()),
            "single": pa.array([0.1, math.nan], pa.float32()),
            "double": pa.array([math.inf, 1e-7]),
            "exact": pa.array([decimal.Decimal("1.25"), None]),
            "flag": pa.array([True, None]),
            "day": pa.array([day, None]),
            "second": pa.array([moment, None], pa.timestamp("s")),
            "zoned": pa.array([moment, None], pa.timestamp("ns", "Asia/Bangkok")),
            "fine": pa.array([pd.Timestamp("2020-01-01T00:00:00.000001"), None], pa.timestamp("us")),
            "clock": pa.array([dt.time(6, 30), None]),
            "span": pa.array([dt.timedelta(minutes=1), None]),
            "raw": pa.array([b"\x00\xff", None]),
            "list": pa.array([[1, None], None]),
            "object": pa.array([{"a": 1, "b": "é"}, None]),
            "nothing": pa.nulls(2),
        }
    )
    index = featured(table, "table", tmp_path / "node")
    assert {c.name: c.type for c in index.columns} == {
        "text": "string", "coded": "string", "whole": "integer", "huge": "integer", "single": "number",
        "double": "number", "exact": "number", "flag": "boolean", "day": "date", "second": "date-time",
        "zoned": "date-time", "fine": "date-time", "clock": "string", "span": "number", "raw": "string",
        "list": "string", "object": "string", "nothing": "string",
    }  # fmt: skip
    first, second = features(index)
    assert first["geometry"] is None
    assert first["properties"] == {
        "text": "a", "coded": "x", "whole": -(2**63), "huge": 2**64 - 1, "single": 0.1, "double": None, "exact": 1.25,
        "flag": True, "day": "2020-02-29", "second": "2020-02-29T06:30:00Z", "zoned": "2020-02-29T06:30:00Z",
        "fine": "2020-01-01T00:00:00.000001Z", "clock": "06:30:00", "span": 60.0, "raw": "AP8=", "list": "[1,null]",
        "object": '{"a":1,"b":"é"}', "nothing": None,
    }  # fmt: skip
    assert {k for k, v in second["properties"].items() if v is not None} == {"coded", "huge", "double"}
    for text in (
        "text='a'", f"whole={-(2**63)}", "huge > 1e19", "single=0.1", "exact=1.25", "flag", "day=DATE('2020-02-29')", "span=60",
        "second=TIMESTAMP('2020-02-29T06:30:00Z')", "fine > TIMESTAMP('2020-01-01T00:00:00Z')", "clock='06:30:00'", "list LIKE '[1%'",
        "double IS NULL", "day='2020-02-29'", "second > '2020-02-29'  OR second >= '2020-02-29'",
    ):  # fmt: skip
        assert filtered(index, text) == [1], text


def test_columns_may_be_called_anything(tmp_path: Path) -> None:
    """Names that repeat, are empty, or look like SQL, are names."""
    names = ["a", "a", "", 'q"uote', "id", "west", "x; DROP TABLE value", "ชื่อ", "[b]", "geometry.x", "rowid"]
    table = pa.table([pa.array([n]) for n in range(len(names))], names=names)
    index = featured(table, "table", tmp_path / "node")
    found = [column.name for column in index.columns]
    assert found == ["a", "a_2", *names[2:]]
    assert list(features(index)[0]["properties"]) == found
    for number, name in enumerate(found):
        quoted = name.replace('"', '""')
        assert filtered(index, f'"{quoted}" = {number}') == [1]
        assert index.page(
            FeatureQuery(sort=((name, True),), equal=((name, str(number)),), properties=(name,))
        ).ids == [1]
        assert index.values(name, most=5) == [(number, 1)]
        assert index.range(name) == (number, number)


def test_a_table_of_thousands_of_columns_is_kept_whole(tmp_path: Path) -> None:
    """More columns than a table of SQLite may have are all told; the first ones can be asked for."""
    table = pa.table({f"b{n}": pa.array([n]) for n in range(2_500)})
    index = featured(table, "table", tmp_path / "node")
    assert features(index)[0]["properties"]["b2499"] == 2_499
    assert filtered(index, "b1899 = 1899") == [1]
    for query in (FeatureQuery(filter=parse("b2499 = 2499")), FeatureQuery(sort=(("b2499", True),))):
        with pytest.raises(InvalidError, match="b2499"):
            index.page(query)


def test_an_empty_table_has_no_features(tmp_path: Path) -> None:
    """Nothing is found in nothing."""
    index = featured(points(0), "table", tmp_path / "node", crs="EPSG:4326")
    assert (index.count, index.box, index.geometry_types) == (0, None, ())
    assert features(index) == features(index, bbox=WORLD) == features(index, filter=parse("sample > 1")) == []
    assert index.feature(1) is None
    assert index.range("sample") is None
    assert index.values("sample", most=3) == []


def test_projected_data_is_given_in_longitude_and_latitude(tmp_path: Path) -> None:
    """Features are in CRS84, geometries by number in the system of the data, both to the millimetre."""
    random = np.random.default_rng(1)
    east, north, up = random.uniform(2e5, 8e5, 50), random.uniform(1.8e6, 2.6e6, 50), random.uniform(0, 9, 50)
    frame = gpd.GeoDataFrame({"n": range(50)}, geometry=gpd.points_from_xy(east, north, up), crs="EPSG:32648")
    index = featured(frame, "table", tmp_path / "node", crs="EPSG:32648")
    longitude, latitude = pyproj.Transformer.from_crs(32648, "OGC:CRS84", always_xy=True).transform(
        east, north
    )
    found = np.array([f["geometry"]["coordinates"] for f in features(index)])
    assert found == pytest.approx(np.column_stack([longitude, latitude, up]), abs=6e-8)
    native = shapely.from_wkb(index.geometries(list(range(1, 51))))
    assert shapely.get_coordinates(native, include_z=True) == pytest.approx(
        np.column_stack([east, north, up])
    )
    near = (longitude[7] - 1e-6, latitude[7] - 1e-6, longitude[7] + 1e-6, latitude[7] + 1e-6)
    assert index.page(FeatureQuery(bbox=near)).ids == [8]


def test_geometries_with_and_without_heights_stay_so(tmp_path: Path) -> None:
    """Heights are kept where there are any, in a projected system too."""
    shapes = [Point(5e5, 2e6, 10), Point(5e5, 2e6), LineString([(5e5, 2e6, 1), (5.1e5, 2e6, 2)]), None]
    index = featured(
        gpd.GeoDataFrame(geometry=shapes, crs="EPSG:32648"), "table", tmp_path / "node", crs="EPSG:32648"
    )
    heights = [
        None if f["geometry"] is None else np.shape(f["geometry"]["coordinates"])[-1] for f in features(index)
    ]
    assert heights == [3, 2, 3, None]
    assert index.geometries([4, 2, 99, -1])[0] is None


def test_rings_are_wound_as_geojson_asks(tmp_path: Path) -> None:
    """Outer rings run against the clock, holes with it."""
    hole = Polygon([(0, 0), (0, 9), (9, 9), (9, 0)], [[(1, 1), (2, 1), (2, 2), (1, 2)]])
    index = featured(
        gpd.GeoDataFrame(geometry=[hole], crs="EPSG:4326"), "table", tmp_path / "node", crs="EPSG:4326"
    )
    outer, inner = features(index)[0]["geometry"]["coordinates"]
    assert shapely.LinearRing(outer).is_ccw
    assert not shapely.LinearRing(inner).is_ccw


def test_data_past_the_antimeridian_is_cut_there(tmp_path: Path) -> None:
    """Longitudes past 180° come back within the map, and are found from either side."""
    shapes = [
        box(170, -5, 190, 5),
        Point(190, 0),
        box(185, -5, 195, 5),
        LineString([(-175, 0), (-185, 0)]),
        box(0, 0, 1, 1),
    ]
    index = featured(
        gpd.GeoDataFrame(geometry=shapes, crs="EPSG:4326"), "table", tmp_path / "node", crs="EPSG:4326"
    )
    found = [f["geometry"] for f in features(index)]
    assert [g["type"] for g in found] == ["MultiPolygon", "Point", "Polygon", "MultiLineString", "Polygon"]
    assert (
        np.abs(np.concatenate([shapely.get_coordinates(shapely.geometry.shape(g)) for g in found])).max()
        <= 180
    )
    assert index.page(FeatureQuery(bbox=(-172, -1, -168, 1))).ids == [1, 2, 3]
    assert index.page(FeatureQuery(bbox=(178, -1, 179, 1))).ids == [1, 4]
    assert index.page(FeatureQuery(bbox=(179, -1, -179, 1))).ids == [1, 4]
    assert filtered(index, "S_INTERSECTS(geometry,BBOX(179,-1,-179,1))") == [1, 4]
    assert index.page(FeatureQuery(bbox=(10, -1, 20, 1))).ids == []
    assert shapely.from_wkb(index.geometries([1])[0]).bounds == (170, -5, 190, 5)


def test_projected_data_across_the_antimeridian_is_cut(tmp_path: Path) -> None:
    """A square in metres around 180° becomes two parts, not a belt around the Earth."""
    square = box(-2e5, -1e5, 2e5, 1e5)  # Fiji Map Grid has its origin at 178°45' east.
    frame = gpd.GeoDataFrame(geometry=[shapely.affinity.translate(square, 2.1e6, 4e6)], crs="EPSG:3460")
    index = featured(frame, "table", tmp_path / "node", crs="EPSG:3460")
    found = shapely.geometry.shape(features(index)[0]["geometry"])
    assert isinstance(found, MultiPolygon)
    assert found.area < 10
    assert index.page(FeatureQuery(bbox=(-100, -90, 100, 90))).ids == []


def test_data_without_a_system_has_properties_and_its_geometry_in_it(tmp_path: Path) -> None:
    """Where positions mean no place, features have none, and a box says nothing of them."""
    frame = points(20).set_crs(None, allow_override=True)
    index = featured(frame, "table", tmp_path / "node")
    assert index.box is None
    assert {f["geometry"] for f in features(index)} == {None}
    assert index.count_of(FeatureQuery(bbox=(0, 0, 1, 1))) == 20
    assert index.count_of(FeatureQuery(bbox=(0, 0, 1, 1), strict=True)) == 0
    assert shapely.from_wkb(index.geometries([1])[0]).equals(frame.geometry[0])


@pytest.mark.parametrize("crs", ["EPSG:3031", "EPSG:3857", "EPSG:4326"])
def test_positions_that_are_none_have_no_place(tmp_path: Path, crs: str) -> None:
    """Infinite, empty, and impossible positions are features without a place."""
    shapes = [
        Point(0, 0),
        Point(math.inf, 1),
        Point(1, -math.inf),
        Polygon(),
        Point(1e300, 1e300),
        None,
        Point(0, -89),
    ]
    index = featured(
        gpd.GeoDataFrame({"n": range(7)}, geometry=shapes, crs=crs), "table", tmp_path / "node", crs=crs
    )
    found = [f["geometry"] is not None for f in features(index)]
    assert found == [True, False, False, False, False, False, True]
    assert index.page(FeatureQuery(bbox=WORLD, strict=True)).ids == [1, 7]
    assert index.page(FeatureQuery(bbox=WORLD)).ids == list(range(1, 8))
    assert index.page(FeatureQuery(bbox=(50, 50, 51, 51))).ids == [2, 3, 4, 5, 6]


def test_pages_by_cursor_and_by_offset_join_to_the_whole(tmp_path: Path) -> None:
    """Page after page gives every feature once, whatever is asked."""
    index = featured(points(1_500), "table", tmp_path / "node", crs="EPSG:4326")
    for query in (
        {},
        {"bbox": (98, 17, 105, 25)},
        {"filter": parse("sample % 3 = 1")},
        {"bbox": (98, 17, 98.5, 17.5)},
    ):
        found, after, more = [], None, True
        while more:
            page = index.page(FeatureQuery(after=after, limit=70, **query))
            found += page.ids
            after, more = (page.ids or [0])[-1], page.more
        by_offset = [
            id
            for n in range(0, 1_500, 130)
            for id in index.page(FeatureQuery(offset=n, limit=130, **query)).ids
        ]
        assert found == by_offset == sorted(set(found))
        assert len(found) == index.count_of(FeatureQuery(**query))
    assert index.page(FeatureQuery(limit=0)).features == []
    assert index.page(FeatureQuery(limit=0)).more
    assert not index.page(FeatureQuery(offset=1_500)).more


def test_periods_ask_every_column_of_times(tmp_path: Path) -> None:
    """A feature answers a period with any of its times, with an interval of two, and without any."""
    days = pd.to_datetime(["2020-01-01", "2020-06-01T12:00:00Z", None], utc=True, format="ISO8601")
    index = featured(pd.DataFrame({"observed": days}), "table", tmp_path / "a")
    assert index.time_columns == ("observed",)
    assert index.times("observed") == ("2020-01-01T00:00:00Z", "2020-06-01T12:00:00Z")

    def found(index: FeatureIndex, start: str, end: str, *, strict: bool = True) -> list[int]:
        return index.page(FeatureQuery(period=Period(start=start, end=end), strict=strict)).ids

    assert found(index, "2020-06-01", "2020-06-01") == [2]
    assert found(index, "2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z") == [1]
    assert found(index, "", "2020-05-31") == [1]
    assert found(index, "2020-02-01", "") == [2]
    assert found(index, "2021", "", strict=False) == [3]
    spans = pd.DataFrame(
        {
            "start_date": [dt.date(2000, 1, 1), dt.date(2010, 1, 1), None, None],
            "end_date": [dt.date(2020, 1, 1), None, dt.date(1990, 1, 1), None],
        }
    )
    index = featured(spans, "table", tmp_path / "b")
    assert found(index, "2005-01-01", "2006-01-01") == [1]
    assert found(index, "2030-01-01", "") == [2]
    assert found(index, "", "1980-01-01") == [3]
    assert found(index, "2020-01-01T18:00:00Z", "2020-01-01T19:00:00Z", strict=False) == [1, 2, 4]
    for start, end in (("2021-01-01", "2020-01-01"), ("soon", "")):
        with pytest.raises(InvalidError):
            found(index, start, end)
    index = featured(pd.DataFrame({"a": [1]}), "table", tmp_path / "c")
    assert found(index, "2020", "2021", strict=False) == [1]
    assert found(index, "2020", "2021") == []


def test_properties_are_chosen_and_the_rest_left_as_it_is(tmp_path: Path) -> None:
    """A choice of properties keeps order, numbers and geometry to the letter."""
    frame = points(5).assign(a=2**60 + 1, b="é", c=0.1)
    index = featured(frame, "table", tmp_path / "node", crs="EPSG:4326")
    (whole,), (some,) = (
        index.page(FeatureQuery(limit=1)).features,
        index.page(FeatureQuery(limit=1, properties=("c", "a"))).features,
    )
    assert some == whole.replace(b'"sample":0,', b"").replace(',"b":"é"'.encode(), b"")
    assert features(index, properties=())[0]["properties"] == {}
    with pytest.raises(InvalidError, match="no property 'd'"):
        index.page(FeatureQuery(properties=("d",)))


def test_values_in_the_address_are_read_as_their_column(tmp_path: Path) -> None:
    """`property=value` compares numbers as numbers, times as times; what is none is refused."""
    frame = pd.DataFrame(
        {
            "n": [1, 2],
            "x": [0.5, 1.0],
            "s": ["1", "two"],
            "b": [True, False],
            "t": pd.to_datetime(["2020-01-01T05:00", "2021-01-01T00:00"]),
        }
    )
    index = featured(frame, "table", tmp_path / "node")
    for name, text, expected in (
        ("n", "2", [2]), ("n", "2.0", [2]), ("x", "5e-1", [1]), ("s", "1", [1]), ("s", "x' OR '1'='1", []), ("b", "TRUE", [1]),
        ("t", "2020-01-01", [1]), ("t", "2021-01-01T00:00:00Z", [2]),
    ):  # fmt: skip
        assert index.page(FeatureQuery(equal=((name, text),))).ids == expected
    for name, text in (
        ("n", "two"),
        ("n", "nan"),
        ("n", "1e999"),
        ("b", "1"),
        ("t", "soon"),
        ("z", "1"),
        ("geometry", "1"),
    ):
        with pytest.raises(InvalidError, match=name if name != "t" else "time"):
            index.page(FeatureQuery(equal=((name, text),)))


@pytest.mark.parametrize(
    ("text", "said"),
    [("z = 1", "no property 'z'[^$]*sample"), ("sample = 'a'", "number.*text"), ("sample LIKE 'a'", "LIKE is for text"), ("sample", "no condition"),
     ("name + 1 = 2", "no number"), ("casei(sample) = 'a'", "casei is for text"), ("t_after(sample, DATE('2020-01-01'))", "no time"),
     ("s_intersects(shape, POINT(1 1))", "geometry is called geometry"), ("geometry = 1", "no property 'geometry'"), ("name > DATE('2020-01-01')", "no time"),
     ("flag = 1", "true or false"), ("name LIKE '" + "x" * 11_000 + "'", "10000")],
)  # fmt: skip
def test_what_cannot_be_compared_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """The reason names the property, and which ones there are."""
    frame = points(3).assign(name="a", flag=True)
    index = featured(frame, "table", tmp_path / "node", crs="EPSG:4326")
    with pytest.raises(InvalidError) as caught:
        filtered(index, text)
    assert re.search(said, str(caught.value))


def test_sqlites_own_limits_are_no_failure_of_ours(tmp_path: Path) -> None:
    """Long and deep filters are answered, or refused as too much."""
    index = featured(points(10).assign(name="x"), "table", tmp_path / "node", crs="EPSG:4326")
    assert filtered(index, " OR ".join(f"sample={n}" for n in range(4_000))) == list(range(1, 11))
    assert filtered(index, f"sample IN ({','.join(map(str, range(9_000)))})") == list(range(1, 11))
    assert filtered(
        index, " AND ".join("S_INTERSECTS(geometry,BBOX(0,0,180,90))" for _ in range(500))
    ) == list(range(1, 11))
    for deep in (
        "NOT " * 95 + "sample=1",
        "(" * 95 + "sample=1" + ")" * 95,
        "sample=" + "(1+" * 45 + "1" + ")" * 45,
    ):
        try:
            filtered(index, deep)
        except InvalidError as error:
            assert "more than can be answered" in str(error)  # noqa: PT017 - either is right
    assert index.count_of(FeatureQuery(ids=tuple(range(1, 20_000)))) == 10
    assert index.page(FeatureQuery(ids=(3, 1, 99, -5))).ids == [1, 3]
    for query in ({"limit": -1}, {"limit": 10**9}, {"offset": -1}, {"offset": 1 << 70}, {"after": 1 << 70}, {"ids": (1 << 70,)},
                  {"bbox": (0, 5, 1, 4)}, {"bbox": (math.nan, 0, 1, 1)}, {"bbox": (0, 0, math.inf, 1)}):  # fmt: skip
        with pytest.raises(InvalidError):
            index.page(FeatureQuery(**query))


def test_a_query_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a limit of time, and the index goes on to answer."""
    index = featured(points(2_000).assign(name="x" * 100), "table", tmp_path / "node", crs="EPSG:4326")
    monkeypatch.setattr(feature_session, "MOST_SECONDS", 0.0)
    monkeypatch.setattr(feature_session, "STEPS", 100)
    with pytest.raises(InvalidError, match="longer than"):
        featured(points(2_000), "table", tmp_path / "other", crs="EPSG:4326").count_of(
            FeatureQuery(filter=parse("sample * 2 > 5"))
        )
    monkeypatch.undo()
    assert index.count_of(FeatureQuery(filter=parse("sample * 2 > 5"))) == 1_997


def test_many_threads_share_an_index(tmp_path: Path) -> None:
    """Threads get the answers they asked for."""
    store, record = stored(points(2_000), "table", tmp_path / "node", crs="EPSG:4326")
    wrong: list[object] = []

    def ask(number: int) -> None:
        index = open_features(store, record)
        for k in range(30):
            n = number * 30 + k
            if filtered(index, f"sample = {n} AND S_INTERSECTS(geometry, BBOX(90,10,110,30))") != [n + 1]:
                wrong.append(n)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert open_features(store, record) is open_features(store, record)


def test_what_was_made_is_made_again_when_it_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Removing the derived file loses nothing; few files are held open."""
    store, record = stored(points(50), "table", tmp_path / "node", crs="EPSG:4326")
    open_features(store, record)
    store.derived.clear()
    monkeypatch.setattr(feature_index, "MOST_OPEN", 1)
    assert len(features(open_features(store, record))) == 50
    assert len(list(store.derived.folder.rglob("*.sqlite"))) == 1
    other = featured(points(60), "table", tmp_path / "other", crs="EPSG:4326")
    assert len(features(other)) == 60
    assert len(feature_index._open) == 1
    assert len(features(open_features(store, record))) == 50


def test_an_open_index_outlives_its_file(tmp_path: Path) -> None:
    """A file that was removed is made again by whoever needs it, but never by who cannot wait."""
    store, record = stored(points(50), "table", tmp_path / "node", crs="EPSG:4326")
    index = open_features(store, record)
    index._pool.close()
    store.derived.clear()
    with pytest.raises(GoneError):
        index.page(FeatureQuery(), seconds=1.0)
    assert len(features(index)) == 50
    assert len(features(open_features(store, record))) == 50


def test_a_file_in_use_counts_as_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking for open features marks their file now and then; those whose file is gone are not at hand."""
    store, record = stored(points(50), "table", tmp_path / "node", crs="EPSG:4326")
    assert features_at_hand(store, record) is None
    index = open_features(store, record)
    path = store.derived.path(record.content, feature_index.FILE)
    os.utime(path, (0, 0))
    assert features_at_hand(store, record) is index
    assert path.stat().st_mtime == 0
    monkeypatch.setattr(feature_index, "SEEN_SECONDS", 0.0)
    assert features_at_hand(store, record) is index
    assert path.stat().st_mtime > 0
    path.unlink()
    assert features_at_hand(store, record) is None
    assert open_features(store, record) is not index


@pytest.mark.parametrize("names", [None, ("sample",)])
def test_a_page_ends_before_it_is_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...] | None
) -> None:
    """No more is fetched than may be sent, and one feature always; page after page gives all."""
    index = featured(points(30).assign(text="x" * 1_000), "table", tmp_path / "node", crs="EPSG:4326")
    monkeypatch.setattr(feature_index, "MOST_BYTES", 5_000)
    first = index.page(FeatureQuery(limit=30, properties=names))
    assert (first.ids, first.more) == ([1, 2, 3, 4], True)
    page = index.page(FeatureQuery(limit=30, properties=names, after=28))
    assert (page.ids, page.more) == ([29, 30], False)
    monkeypatch.setattr(feature_index, "MOST_BYTES", 10)
    assert index.page(FeatureQuery(limit=30, properties=names)).ids == [1]


def test_a_query_may_be_given_little_time(tmp_path: Path) -> None:
    """A box that asks for the geometry of many features ends soon after its time."""
    circle = shapely.get_coordinates(shapely.Point(0, 0).buffer(1, quad_segs=2_000))
    shapes = [MultiPolygon([Polygon(circle * 40), Polygon(circle + np.array([60, 0]))])] * 1_000
    frame = gpd.GeoDataFrame(geometry=shapes, crs="EPSG:4326")
    index = featured(frame, "table", tmp_path / "node", crs="EPSG:4326")
    thin = FeatureQuery(bbox=(50.0, -30.0, 50.001, 30.0))
    start = time.perf_counter()
    with pytest.raises(TooLongError):
        index.page(thin, seconds=0.02)
    assert time.perf_counter() - start < 3
    assert index.page(FeatureQuery(limit=2), seconds=0.02).ids == [1, 2]


def test_a_large_table_is_made_ready_by_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks is told to come back, while nothing is made in this process; then all is there."""
    store, record = stored(points(3_000), "table", tmp_path / "node", crs="EPSG:4326")
    monkeypatch.setattr(feature_make, "SMALL_BYTES", 0)
    monkeypatch.setattr(feature_index, "make", lambda *_: pytest.fail("made by who asked"))
    make_ready(store, record)
    with pytest.raises(BeingMadeError, match="being made ready") as told:
        open_features(store, record)
    assert told.value.seconds > 0
    end = time.monotonic() + 60
    while store.derived.have(record.content, feature_index.FILE) is None:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert open_features(store, record).count == 3_000


def test_a_large_table_that_cannot_be_made_ready_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """What went wrong in the other process is told, and not tried again at once."""
    store, record = stored(points(50), "table", tmp_path / "node", crs="EPSG:4326")
    monkeypatch.setattr(feature_make, "SMALL_BYTES", 0)
    path = store.objects.path(record.assets["data"].members[0].sha256)
    path.chmod(0o644)
    path.write_bytes(b"junk")
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            open_features(store, record)
        except BeingMadeError:
            time.sleep(0.05)
        except StorageError as error:
            assert "were not made" in error.message  # noqa: PT017 - one of two errors is waited for
            return
    pytest.fail("nothing was told")


def test_a_broken_file_is_told_as_such(tmp_path: Path) -> None:
    """Damage of the derived file is an error of storage, not of the query."""
    store, record = stored(points(50), "table", tmp_path / "node", crs="EPSG:4326")
    path = store.derived.get(
        record.content,
        f"features-{feature_index.FORMAT}.sqlite",
        lambda target: target.write_bytes(b"junk" * 5_000) and None,
    )
    with pytest.raises(StorageError, match="cannot be read"):
        open_features(store, record)
    path.unlink()
    assert open_features(store, record).count == 50


def test_a_failed_build_leaves_nothing(tmp_path: Path) -> None:
    """Where the data cannot be read, no half file stays."""
    store, record = stored(points(50), "table", tmp_path / "node", crs="EPSG:4326")
    path = store.objects.path(record.assets["data"].members[0].sha256)
    path.chmod(0o644)
    path.write_bytes(b"junk")
    with pytest.raises((InvalidError, StorageError)):
        open_features(store, record)
    assert [p for p in store.derived.folder.rglob("*.sqlite*") if p.suffix != ".lock"] == []


def test_columns_carry_what_the_record_says(tmp_path: Path) -> None:
    """Unit, title and quantity come from the record."""
    noted = (Column(name="sample", type="integer", unit="m", title="Sample", quantity="depth"),)
    index = featured(points(2), "table", tmp_path / "node", crs="EPSG:4326", columns=noted)
    assert index.columns == (("sample", "integer", "m", "Sample", "depth"),)


def test_values_and_ranges(tmp_path: Path) -> None:
    """Most frequent values first, ties in order; ranges of numbers alone."""
    frame = pd.DataFrame(
        {
            "c": ["b", "b", "a", "a", "c", None],
            "x": [3.0, 1.0, math.nan, 2.0, 2.0, 2.0],
            "d": [dt.date(2020, 1, n) for n in (1, 1, 2, 3, 4, 5)],
            "f": [True] * 6,
        }
    )
    index = featured(frame, "table", tmp_path / "node")
    assert index.values("c", most=2) == [("a", 2), ("b", 2)]
    assert index.values("x", most=1) == [(2.0, 3)]
    assert index.values("d", most=1) == [("2020-01-01", 2)]
    assert index.values("f", most=5) == [(True, 6)]
    assert index.range("x") == (1.0, 3.0)
    assert index.range("c") is index.range("d") is index.range("f") is index.times("x") is None
    for ask in (index.range, index.times, lambda name: index.values(name, most=1)):
        with pytest.raises(InvalidError, match="no property"):
            ask("z")


def test_boreholes_are_their_collars(tmp_path: Path) -> None:
    """Each hole is a feature at its collar."""
    collars = gpd.GeoDataFrame(
        {"hole_id": ["A", "B"], "elevation": [1.0, 2.0], "total_depth": [9.0, 8.0]},
        geometry=[Point(100, 15), None],
        crs="EPSG:4326",
    )
    index = featured(Boreholes(collars), "boreholes", tmp_path / "node", crs="EPSG:4326")
    assert [f["properties"]["hole_id"] for f in features(index)] == ["A", "B"]
    assert index.page(FeatureQuery(bbox=(99, 14, 101, 16), strict=True)).ids == [1]


def test_series_are_their_stations(tmp_path: Path) -> None:
    """Each station is a feature, with its place where that is known."""
    values = pd.DataFrame(
        {"station": ["b", "a", "b"], "time": pd.to_datetime(["2020-01-01"] * 3), "head": [1.0, 2.0, 3.0]}
    )
    index = featured(Series(values), "series", tmp_path / "a")
    assert [f["properties"] for f in features(index)] == [{"station": "b"}, {"station": "a"}]
    stations = gpd.GeoDataFrame(
        {"station": ["a", "b"]}, geometry=[Point(100, 15), Point(101, 15)], crs="EPSG:4326"
    )
    index = featured(Series(values, stations), "series", tmp_path / "b", crs="EPSG:4326")
    assert [f["geometry"]["coordinates"] for f in features(index)] == [[100.0, 15.0], [101.0, 15.0]]


def test_meshes_are_the_footprints_of_their_parts(tmp_path: Path) -> None:
    """A box of walls and roof is the square it stands on; a wall alone a line; a part without triangles nothing."""
    square = ((0, 0), (10, 0), (10, 10), (0, 10))
    corners = np.array([(5e5 + x, 2e6 + y, z) for z in (0, 3) for x, y in square])
    roof, wall = [(4, 5, 6), (4, 6, 7)], [(0, 1, 5), (0, 5, 4)]
    mesh = Mesh(
        corners,
        np.array([*roof, *wall, *wall]),
        np.array([0, 0, 0, 0, 1, 1]),
        pd.DataFrame({"part_id": ["house", "wall", "gone"]}),
    )
    index = featured(mesh, "mesh", tmp_path / "node", crs="EPSG:32648")
    assert [f["properties"]["part_id"] for f in features(index)] == ["house", "wall", "gone"]
    house, wall_line = shapely.from_wkb(index.geometries([1, 2]))
    assert house.equals(box(5e5, 2e6, 5e5 + 10, 2e6 + 10))
    assert wall_line.length == pytest.approx(10)
    assert features(index)[2]["geometry"] is None


def test_grids_and_documents_have_no_features(tmp_path: Path) -> None:
    """Where there are none, that is said."""
    store, record = stored(points(2), "table", tmp_path / "node", crs="EPSG:4326")
    for changed in ({"kind": "grid"}, {"kind": "document"}, {"assets": {}}, {"content": ""}):
        with pytest.raises(NotFoundError, match="no features"):
            open_features(store, msgspec.structs.replace(record, **changed))


def test_box_and_geometry_are_told_apart(tmp_path: Path) -> None:
    """A feature whose box touches the query's, but not itself, is not found."""
    ring = LineString([(0, 0), (10, 0), (10, 10)])
    index = featured(
        gpd.GeoDataFrame(geometry=[ring, box(0, 0, 1, 1)], crs="EPSG:4326"),
        "table",
        tmp_path / "node",
        crs="EPSG:4326",
    )
    assert index.page(FeatureQuery(bbox=(-1, 5, 3, 12))).ids == []
    assert index.page(FeatureQuery(bbox=(-1, 5, 10, 12))).ids == [1]
    assert index.page(FeatureQuery(bbox=(1, 1, 2, 2))).ids == [2]
    assert index.page(FeatureQuery(bbox=(5, 0, 5, 0))).ids == [1]


@WITH_DATA
@pytest.mark.parametrize(
    "name",
    [
        "geology/plate_boundaries_pb2002",
        "geology/hamersley_wa",
        "urban/building_footprints_jakarta_osm",
        "geology/geologic_provinces",
    ],
)
def test_real_layers_are_answered_as_geopandas_answers(tmp_path: Path, name: str) -> None:
    """For layers of surveys, boxes and numbers of features are those that GeoPandas finds."""
    paths = [
        p
        for p in sorted((DATA / name).rglob("*"))
        if p.suffix in {".geojson", ".shp"} or ("pb2002" in p.name.lower() and p.suffix == ".json")
    ]
    assert paths
    for number, path in enumerate(paths[:3]):
        frame = gpd.read_file(path)
        if frame.crs is None or frame.empty:
            continue
        crs = f"EPSG:{frame.crs.to_epsg()}"
        index = featured(frame, "table", tmp_path / f"node{number}", crs=crs)
        plain = frame.to_crs("OGC:CRS84")
        assert index.count == len(frame)
        west, south, east, north = plain.total_bounds
        window = (west + (east - west) / 3, south + (north - south) / 3, east - (east - west) / 3, north)
        expected = (np.flatnonzero(plain.intersects(box(*window))) + 1).tolist()
        assert index.page(FeatureQuery(bbox=window, limit=10_000, strict=True)).ids == pytest.approx(expected)
