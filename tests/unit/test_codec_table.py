"""GeoParquet: validity, order, hidden columns, columns of all types, streams."""

from __future__ import annotations

import datetime as dt
import decimal
import json
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from shapely.geometry import LineString, MultiPolygon, Point, box
from tests.reading import DATA
from tests.staging import hashes, stage

from craton.model.data import TableStream
from craton.model.errors import InvalidError
from craton.store.codec import encode
from craton.store.codec_table import ROW_GROUP

WITH_DATA = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")


def points(count: int, crs: str = "EPSG:4326") -> gpd.GeoDataFrame:
    """Points strewn over the demo area, in no order."""
    random = np.random.default_rng(0)
    places = gpd.points_from_xy(random.uniform(97, 106, count), random.uniform(16, 26, count))
    return gpd.GeoDataFrame({"sample": np.arange(count)}, geometry=places, crs=crs)


def metadata(path: Path, key: str = "geo") -> dict:
    """JSON under `key` in the file's metadata."""
    return json.loads(pq.read_metadata(path).metadata[key.encode()])


def test_metadata_are_those_of_geoparquet_1_1(tmp_path: Path) -> None:
    """Version, column, encoding, types, PROJJSON, bounds and covering are as the standard writes them."""
    geo = metadata(stage(points(10), "table", tmp_path / "s").path)
    bounds = points(10).total_bounds.tolist()
    assert geo["version"] == "1.1.0"
    assert geo["primary_column"] == "geometry"
    column = geo["columns"]["geometry"]
    assert column["encoding"] == "WKB"
    assert column["geometry_types"] == ["Point"]
    assert pyproj.CRS.from_json_dict(column["crs"]) == pyproj.CRS("EPSG:4326")
    assert column["bbox"] == bounds
    assert column["covering"]["bbox"] == {
        corner: ["bbox", corner] for corner in ("xmin", "ymin", "xmax", "ymax")
    }


def test_other_libraries_read_and_filter_it(tmp_path: Path) -> None:
    """Geopandas opens it as GeoParquet and finds by rectangle exactly the rows that lie in it."""
    source = points(5000)
    path = stage(source, "table", tmp_path / "s").path
    whole = gpd.read_parquet(path)
    assert whole.crs == "EPSG:4326"
    assert sorted(whole["sample"]) == list(range(5000))
    window = (100.0, 18.0, 101.0, 19.0)
    found = gpd.read_parquet(path, bbox=window)
    assert set(found["sample"]) == set(source[source.within(box(*window))]["sample"])
    assert 0 < len(found) < 100


def test_rows_lie_along_a_curve_and_come_back_in_their_order(tmp_path: Path) -> None:
    """In the file, neighbours follow each other; reading gives the source's order."""
    source = points(4000)
    staged = stage(source, "table", tmp_path / "s")
    stored = gpd.read_parquet(staged.path).geometry.to_numpy()
    assert shapely.distance(stored[:-1], stored[1:]).mean() < 0.25
    assert_geodataframe_equal(staged.read(), source)
    assert pq.read_schema(staged.path).names == ["sample", "geometry", "source_row", "bbox"]


def test_a_view_touches_few_row_groups(tmp_path: Path) -> None:
    """Of four row groups, at most two overlap a hundredth of the area."""
    path = stage(points(4 * ROW_GROUP - 5), "table", tmp_path / "s").path
    file = pq.ParquetFile(path)
    assert [file.metadata.row_group(i).num_rows for i in range(4)] == [ROW_GROUP] * 3 + [ROW_GROUP - 5]
    names = [file.metadata.row_group(0).column(i).path_in_schema for i in range(7)]

    def limits(group: int) -> list[float]:
        columns = {n: file.metadata.row_group(group).column(i).statistics for i, n in enumerate(names)}
        return [
            columns["bbox.xmin"].min,
            columns["bbox.ymin"].min,
            columns["bbox.xmax"].max,
            columns["bbox.ymax"].max,
        ]

    touched = [group for group in range(4) if box(*limits(group)).intersects(box(97.1, 16.1, 98, 17))]
    assert len(touched) <= 2


def test_boxes_hold_their_geometries(tmp_path: Path) -> None:
    """Each float32 `bbox` contains the exact bounds and is larger by less than a millionth."""
    source = points(300).to_crs("EPSG:32648")
    source["geometry"] = source.buffer(1.0)
    table = pq.read_table(stage(source, "table", tmp_path / "s").path)
    boxes = np.array([list(one.values()) for one in table["bbox"].to_pylist()])
    exact = shapely.bounds(shapely.from_wkb(table["geometry"].to_numpy()))
    assert (boxes[:, :2] <= exact[:, :2]).all()
    assert (boxes[:, 2:] >= exact[:, 2:]).all()
    assert (np.abs(boxes - exact) <= np.abs(exact) * 3e-7).all()


def test_the_same_table_gives_the_same_bytes(tmp_path: Path) -> None:
    """Encoding twice gives one hash."""
    first, second = (hashes(stage(points(3000), "table", tmp_path / name).assets) for name in "12")
    assert first == second


def test_geometry_of_all_kinds_survives(tmp_path: Path) -> None:
    """Mixed types, heights, holes, empty and missing geometries come back exactly, in their order."""
    holed = shapely.Polygon([(0, 0), (9, 0), (9, 9), (0, 9)], [[(1, 1), (2, 1), (2, 2)]])
    geometries = [
        Point(1, 2), None, LineString([(0, 0, 5), (1, 1, 7)]), holed,
        MultiPolygon([box(0, 0, 1, 1), box(5, 5, 6, 6)]), Point(), shapely.MultiPoint([(1, 1), (2, 3)]),
        shapely.GeometryCollection([Point(3, 3), box(0, 0, 2, 2)]),
        shapely.MultiLineString([[(0, 0), (1, 5)]]), shapely.Polygon(), Point(1, 2, 3), MultiPolygon([holed]),
    ]  # fmt: skip
    source = gpd.GeoDataFrame({"n": range(len(geometries))}, geometry=geometries, crs="EPSG:32648")
    staged = stage(source, "table", tmp_path / "s")
    found = staged.read()
    assert shapely.to_wkt(found.geometry.to_numpy()).tolist() == shapely.to_wkt(np.array(geometries)).tolist()
    column = metadata(staged.path)["columns"]["geometry"]
    assert column["geometry_types"] == sorted(
        [
            "GeometryCollection",
            "LineString Z",
            "MultiLineString",
            "MultiPoint",
            "MultiPolygon",
            "Point",
            "Point Z",
            "Polygon",
        ]
    )
    assert column["bbox"] == [0, 0, 3, 9, 9, 7]
    boxes = pq.read_table(staged.path, columns=["n", "bbox"]).to_pylist()
    assert {row["n"] for row in boxes if row["bbox"] is None} == {1, 5, 9}


@pytest.mark.parametrize("count", [0, 1, 2])
def test_tables_of_few_rows(tmp_path: Path, count: int) -> None:
    """Tables of no, one and two rows keep columns and system."""
    source = points(count)
    found = stage(source, "table", tmp_path / "s").read()
    assert found.crs == "EPSG:4326"
    assert_geodataframe_equal(found, source, check_dtype=count > 0)


def test_coordinates_beyond_all_measure_do_not_harm_the_others(tmp_path: Path) -> None:
    """A vertex at infinity or beyond float32 is kept, and the file stays valid."""
    source = gpd.GeoDataFrame({"n": [0, 1, 2]}, geometry=shapely.points([[1e300, 1], [np.inf, 2], [3, 4]]))
    staged = stage(source, "table", tmp_path / "s")
    assert shapely.get_x(staged.read().geometry.to_numpy()).tolist() == [1e300, np.inf, 3]
    assert "bbox" not in metadata(staged.path)["columns"]["geometry"]


def test_all_geometry_missing(tmp_path: Path) -> None:
    """A table whose geometries are all missing stays a geographic table."""
    source = gpd.GeoDataFrame({"n": [1, 2]}, geometry=[None, None], crs="EPSG:4326")
    staged = stage(source, "table", tmp_path / "s")
    assert staged.read().geometry.isna().all()
    assert "bbox" not in metadata(staged.path)["columns"]["geometry"]


def test_columns_named_like_ours_survive(tmp_path: Path) -> None:
    """A source's own `bbox`, `source_row` and `BBOX_2` stay; the hidden columns take other names."""
    source = points(50).assign(bbox="a", source_row=np.arange(50)[::-1], BBOX_2=1.5)
    staged = stage(source, "table", tmp_path / "s")
    assert_geodataframe_equal(staged.read(), source, check_like=True)
    assert metadata(staged.path, "craton")["hidden"] == ["bbox_3", "source_row_2"]
    assert len(gpd.read_parquet(staged.path, bbox=(97, 16, 100, 20))) > 0


def test_an_attribute_named_geometry_is_no_geometry(tmp_path: Path) -> None:
    """Text in a column `geometry` stays text, and the geometry keeps the name it has."""
    source = points(5).rename_geometry("shape").assign(geometry=["good", "bad", "good", None, "good"])
    found = stage(source, "table", tmp_path / "s").read()
    assert found.active_geometry_name == "shape"
    assert found["geometry"].isna().tolist() == [False, False, False, True, False]
    plain = stage(pa.table({"geometry": ["a", "b"]}), "table", tmp_path / "p").read()
    assert not isinstance(plain, gpd.GeoDataFrame)


def test_a_second_geometry_keeps_its_own_system(tmp_path: Path) -> None:
    """Two geometry columns in two systems both come back."""
    source = points(5)
    source["utm"] = source.geometry.to_crs("EPSG:32648")
    found = stage(source, "table", tmp_path / "s").read()
    assert found.crs == "EPSG:4326"
    assert found["utm"].crs == "EPSG:32648"
    assert found["utm"].geom_equals_exact(source["utm"], 0).all()


def test_values_of_all_types_survive(tmp_path: Path) -> None:
    """Missing whole numbers and truth values, dates, times, zones, categories, lists, bytes and decimals."""
    source = pd.DataFrame(
        {
            "whole": pd.array([1, None, 2**60 + 1], "Int64"),
            "truth": pd.Series([True, None, False], dtype=object),
            "text": pd.Series(["ກ", None, ""], dtype="str"),
            "fraction": [1.5, np.nan, -0.0],
            "date": pd.Series([dt.date(2020, 1, 1), None, dt.date(1969, 12, 31)], dtype=object),
            "time": pd.to_datetime(["2020-01-01T00:00:00.123456", None, "1950-01-01T00:00:00.000001"]),
            "zoned": pd.to_datetime(["2020-01-01", None, "2020-06-01"]).tz_localize("Asia/Vientiane"),
            "class": pd.Categorical(["b", "a", None], categories=["b", "a"], ordered=True),
            "list": pd.Series([[1, 2], None, []], dtype=object),
            "bytes": pd.Series([b"\0\xff", None, b""], dtype=object),
            "decimal": pd.Series([decimal.Decimal("1.10"), None, decimal.Decimal(2)], dtype=object),
            "empty": pd.Series([None, None, None], dtype=object),
            "tiny": np.array([1, 2, 3], "uint8"),
            "lapse": pd.to_timedelta([1, None, 3], unit="s"),
        }
    )
    found = stage(source, "table", tmp_path / "s").read()
    assert found["whole"].tolist() == [1, pd.NA, 2**60 + 1]
    assert found["truth"].tolist() == [True, pd.NA, False]
    assert found["text"].isna().tolist() == [False, True, False]
    assert np.signbit(found["fraction"][2])
    assert found["date"].tolist() == source["date"].tolist()
    pd.testing.assert_frame_equal(
        found[["time", "zoned", "class", "tiny", "lapse"]],
        source[["time", "zoned", "class", "tiny", "lapse"]],
    )
    assert [None if v is None else list(v) for v in found["list"]] == [[1, 2], None, []]
    assert found["bytes"].tolist() == [b"\0\xff", None, b""]
    assert found["decimal"].tolist() == source["decimal"].tolist()
    assert found["empty"].isna().all()


def test_mixed_values_survive_as_json(tmp_path: Path) -> None:
    """Numbers, texts, lists and objects in one column come back as they were; others read JSON text."""
    mixed = [1, "a", 2.5, None, True, [1, "x"], {"k": 2**80}, "\ud800"]
    staged = stage(pd.DataFrame({"mixed": pd.Series(mixed, dtype=object)}), "table", tmp_path / "s")
    assert staged.read()["mixed"].tolist() == mixed
    assert pq.read_table(staged.path)["mixed"].to_pylist()[:3] == ["1", '"a"', "2.5"]


def test_names_that_repeat_differ_in_case_or_are_numbers_survive(tmp_path: Path) -> None:
    """Repeated, caseless-equal, dotted, empty and numeric column names come back as text, in their order."""
    names = ["a", "a", "A", "a_2", "", " ", "x.y", 7, "ຊື່"]
    source = pd.DataFrame(np.arange(18).reshape(2, 9), columns=names)
    found = stage(source, "table", tmp_path / "s").read()
    assert list(found.columns) == [str(name) for name in names]
    assert found.iloc[1].tolist() == list(range(9, 18))


def test_a_named_index_becomes_a_column(tmp_path: Path) -> None:
    """The index is data where it has a name, and row numbers where it has none."""
    source = pd.DataFrame({"v": [1, 2]}, index=pd.Index(["a", "b"], name="hole"))
    assert list(stage(source, "table", tmp_path / "1").read().columns) == ["hole", "v"]
    unnamed = pd.DataFrame({"v": [1, 2]}, index=[5, 9])
    assert stage(unnamed, "table", tmp_path / "2").read().index.tolist() == [0, 1]


def arrow_points(count: int) -> pa.Table:
    """`points` as Arrow with WKB."""
    source = points(count)
    return pa.table({"sample": source["sample"], "geometry": shapely.to_wkb(source.geometry.to_numpy())})


def test_arrow_tables_are_taken_as_they_are(tmp_path: Path) -> None:
    """Arrow in several chunks, with WKB of either byte order or with flags, becomes standard WKB."""
    source = points(6)
    shapes = source.geometry.to_numpy()
    chunks = [
        pa.array(shapely.to_wkb(shapes[:2], byte_order=0), pa.binary()),
        pa.array(
            shapely.to_wkb(shapely.set_srid(shapes[2:4], 4326), include_srid=True, flavor="extended"),
            pa.binary(),
        ),
        pa.array(shapely.to_wkb(shapes[4:]), pa.binary()).slice(0),
    ]
    table = pa.table({"sample": pa.array(source["sample"]), "geometry": pa.chunked_array(chunks)})
    staged = stage(table, "table", tmp_path / "s", "EPSG:4326")
    assert_geodataframe_equal(staged.read(), source)
    stored = pq.read_table(staged.path)["geometry"].to_pylist()
    assert {wkb[:5] for wkb in stored} == {b"\1\1\0\0\0"}


def test_large_and_view_types_are_taken(tmp_path: Path) -> None:
    """Geometry as large binary, and texts as large or view types, are stored."""
    table = arrow_points(4)
    table = table.set_column(1, "geometry", table["geometry"].cast(pa.large_binary()))
    table = table.append_column("text", pa.array(["a", "b", None, "d"]).cast(pa.string_view()))
    found = stage(table, "table", tmp_path / "s", "EPSG:4326").read()
    assert found.geometry.geom_equals_exact(points(4).geometry, 0).all()
    assert found["text"].tolist()[:2] == ["a", "b"]


@pytest.mark.parametrize(
    "wkb",
    [b"", b"\1\1", b"\1\1\0\0\0" + b"\0" * 8, b"\1\2\0\0\0\xff\xff\xff\xff", b"\1\x63\0\0\0" + b"\0" * 40],
)
def test_broken_geometry_is_refused(tmp_path: Path, wkb: bytes) -> None:
    """Bytes that are too short, claim more points than they have, or are of no known type are refused."""
    table = pa.table({"geometry": pa.array([wkb], pa.binary())})
    with pytest.raises(InvalidError):
        encode(table, "table", tmp_path, crs="EPSG:4326")


def test_a_stream_is_written_in_its_order(tmp_path: Path) -> None:
    """Batches of odd sizes become even row groups; order, extent, types and system are complete."""
    table = arrow_points(ROW_GROUP + 1000)
    largest = []

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in table.to_batches(max_chunksize=7000):
            largest.append(batch.num_rows)
            yield batch

    staged = stage(TableStream(table.schema, batches), "table", tmp_path / "s", "EPSG:4326")
    file = pq.ParquetFile(staged.path)
    assert [file.metadata.row_group(i).num_rows for i in range(2)] == [ROW_GROUP, 1000]
    assert_geodataframe_equal(staged.read(), points(ROW_GROUP + 1000))
    assert (
        metadata(staged.path)["columns"]["geometry"]["bbox"] == points(ROW_GROUP + 1000).total_bounds.tolist()
    )
    assert len(gpd.read_parquet(staged.path, bbox=(100, 18, 101, 19))) > 0
    assert max(largest) == 7000


def test_an_empty_stream_keeps_its_columns(tmp_path: Path) -> None:
    """A stream without batches becomes an empty table of its schema."""
    schema = pa.schema([("sample", pa.int64()), ("geometry", pa.binary())])
    found = stage(TableStream(schema, lambda: iter(())), "table", tmp_path / "s", "EPSG:4326").read()
    assert list(found.columns) == ["sample", "geometry"]
    assert len(found) == 0
    assert found.crs == "EPSG:4326"


def test_long_rows_make_short_row_groups(tmp_path: Path) -> None:
    """Rows of a megabyte are not put into one group of hundreds of megabytes."""
    text = "x" * (1 << 20)
    path = stage(pa.table({"text": [f"{i}{text}" for i in range(130)]}), "table", tmp_path / "s").path
    assert pq.read_metadata(path).num_row_groups == 3


@WITH_DATA
def test_real_faults_keep_every_value(tmp_path: Path) -> None:
    """10,057 global active faults, three without a line: rows and vertices come back in the file's order."""
    source = gpd.read_file(f"zip://{DATA}/geology/gem_active_faults/gem_active_faults.geojson.zip")
    staged = stage(source, "table", tmp_path / "s")
    found = staged.read()
    assert len(found) == 10_057
    assert found.geometry.isna().sum() == 3
    assert (shapely.to_wkb(found.geometry.to_numpy()) == shapely.to_wkb(source.geometry.to_numpy())).all()
    assert found["name"].fillna("").tolist() == source["name"].fillna("").tolist()
    assert staged.assets["data"].size < 6_000_000
