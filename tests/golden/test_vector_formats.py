"""Vector formats written here by GDAL and read back: rows, types, systems, layers, titles."""

from __future__ import annotations

import datetime as dt
import struct
import warnings
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import pytest
import shapely
from tests.reading import read_source

from craton.ingest import vector
from craton.ingest.vector_ogr import FORMATS, read_format
from craton.model.data import Draft, TableStream
from craton.model.errors import RefusedError
from craton.process.readers import Source

FRAME = gpd.GeoDataFrame(
    {
        "name": ["ä", "ແຂວງ", None],
        "count": [1, 2, 2**40],
        "grade": [1.5, np.nan, 2.0],
        "slip": ["(2.0,1.0,3.0)", "(0.1,0.4,0.01)", None],
        "seen": pd.to_datetime(["2020-01-01T00:00:00Z", "2021-02-03T04:05:06Z", None]),
    },
    geometry=[shapely.Point(100, 10), shapely.Point(101, 11), None],
    crs="EPSG:4240",
)


def write(path: Path, driver: str, frame: gpd.GeoDataFrame = FRAME, **options: object) -> Path:
    """Write `frame` in the format of `driver`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pyogrio.write_dataframe(frame, path, driver=driver, **options)
    return path


def only(path: Path, **options: str) -> Draft:
    """The single draft of the file at `path`."""
    (draft,) = read_source(path, **options)[1]
    return draft


def attempt(path: Path) -> tuple[str, list[Draft]]:
    """Code of the refusal and no drafts, or an empty code and the drafts."""
    try:
        return "", read_source(path)[1]
    except RefusedError as error:
        return error.code, []


def geometry(draft: Draft) -> np.ndarray:
    """Parsed geometries of a draft's table."""
    return shapely.from_wkb(draft.data["geometry"].to_numpy())


def codes(draft: Draft) -> dict[str, int]:
    """Findings of `draft` by code."""
    return {finding.code: finding.count for finding in draft.findings}


@pytest.mark.parametrize(
    ("driver", "suffix", "reader"),
    [
        ("GPKG", "gpkg", "geopackage"),
        ("FlatGeobuf", "fgb", "flatgeobuf"),
        ("GeoJSON", "geojson", "json"),
        ("ESRI Shapefile", "shp", "shapefile"),
        ("MapInfo File", "tab", "mapinfo-tab"),
        ("MapInfo File", "mif", "mapinfo-mif"),
        ("SQLite", "sqlite", "sqlite"),
        ("GML", "gml", "gml"),
    ],
)
def test_attributes_and_points_survive(tmp_path: Path, driver: str, suffix: str, reader: str) -> None:
    """Texts in any script, numbers, tuples as text, times and points come back as written."""
    frame = FRAME if suffix != "fgb" else FRAME.iloc[:2]
    options = {"SPATIAL_INDEX": "NO"} if suffix == "fgb" else {}
    used, drafts = read_source(
        write(tmp_path / f"sites.{suffix}", driver, frame, encoding="UTF-8", **options)
    )
    table = drafts[0].data
    assert (used, len(drafts), table.num_rows) == (reader, 1, len(frame))
    assert table.column_names[-1] == "geometry"
    assert table["name"].to_pylist()[:2] == ["ä", "ແຂວງ"]
    assert table["count"].to_pylist()[1] == 2
    assert table["grade"].to_pylist()[0] == 1.5
    assert table["slip"].to_pylist()[:2] == ["(2.0,1.0,3.0)", "(0.1,0.4,0.01)"]
    assert str(table["seen"].to_pylist()[1]).startswith("2021-02-03") or suffix == "shp"
    assert [one.wkt for one in geometry(drafts[0])[:2]] == ["POINT (100 10)", "POINT (101 11)"]
    assert codes(drafts[0]).get("geometry-null", 0) == (1 if suffix != "fgb" else 0)


@pytest.mark.parametrize(
    ("driver", "suffix"),
    [("GPKG", "gpkg"), ("FlatGeobuf", "fgb"), ("ESRI Shapefile", "shp"), ("GML", "gml")],
)
def test_system_of_the_file_counts(tmp_path: Path, driver: str, suffix: str) -> None:
    """Thailand's Indian 1975 comes back as its code; a person's other statement is noted as a conflict."""
    path = write(tmp_path / f"sites.{suffix}", driver, FRAME.iloc[:2])
    assert only(path).crs == "EPSG:4240"
    stated = only(path, crs="EPSG:4326")
    assert (stated.crs, codes(stated).get("crs-overridden")) == ("EPSG:4326", 1)


def test_layers_become_drafts_with_names(tmp_path: Path) -> None:
    """A GeoPackage of two layers and a plain table gives three drafts, titled as its contents table says."""
    path = tmp_path / "survey.gpkg"
    words = {"IDENTIFIER": "Sampling sites", "DESCRIPTION": "Where samples were taken"}
    write(path, "GPKG", layer="sites", layer_options=words)
    write(path, "GPKG", FRAME.iloc[:1], layer="wells", append=True)
    write(path, "GPKG", pd.DataFrame({"code": ["a"]}), layer="codes", append=True)  # type: ignore[arg-type]
    drafts = {draft.name: draft for draft in read_source(path)[1]}
    assert {name: draft.data.num_rows for name, draft in drafts.items()} == {
        "sites": 3,
        "wells": 1,
        "codes": 1,
    }
    assert (drafts["sites"].title, drafts["sites"].description) == (
        "Sampling sites",
        "Where samples were taken",
    )
    assert drafts["codes"].data.column_names == ["code"]
    assert drafts["codes"].crs == ""


def test_geojson_sequence(tmp_path: Path) -> None:
    """A line that is no JSON is left out with a finding, the others are read."""
    path = write(tmp_path / "sites.geojsonl", "GeoJSONSeq", FRAME.to_crs(4326).iloc[:2])
    with path.open("a") as stream:
        stream.write('{"type": "Feature", "prop')
    draft = only(path)
    assert draft.data.num_rows == 2
    assert codes(draft) == {"crs-assumed-by-format": 1, "format-recovered": 1}


def test_kml_and_kmz(tmp_path: Path) -> None:
    """KML is WGS 84 by its standard; columns of its schema that nobody filled are left out."""
    for name, driver in (("a.kml", "LIBKML"), ("a.kmz", "LIBKML")):
        draft = only(write(tmp_path / name, driver, FRAME.to_crs(4326).iloc[:2]))
        assert draft.crs == "EPSG:4326"
        assert draft.data["Name"].to_pylist() == ["ä", "ແຂວງ"]
        assert not {"tessellate", "extrude", "visibility", "icon"} & set(draft.data.column_names)


def test_gpx_keeps_filled_layers_only(tmp_path: Path) -> None:
    """Of the five layers of GPX those with content become drafts."""
    draft = only(write(tmp_path / "walk.gpx", "GPX", FRAME.to_crs(4326).iloc[:2][["name", "geometry"]]))
    assert (draft.name, draft.data.num_rows, draft.crs) == ("waypoints", 2, "EPSG:4326")
    assert draft.data.column_names == ["name", "geometry"]


def test_dxf_has_no_system(tmp_path: Path) -> None:
    """Drawings state no reference system, which is a finding unless the person states one."""
    path = write(tmp_path / "section.dxf", "DXF", FRAME.iloc[:2][["geometry"]])
    assert codes(only(path))["crs-missing"] == 1
    assert only(path, crs="EPSG:32648").crs == "EPSG:32648"


def test_osm_tags_are_json(tmp_path: Path) -> None:
    """OpenStreetMap XML gives points and lines, further tags as JSON text."""
    path = tmp_path / "map.osm"
    path.write_text(
        "<?xml version='1.0'?><osm version='0.6'>"
        "<node id='1' version='1' lat='18' lon='102'>"
        "<tag k='natural' v='spring'/><tag k='depth' v='3'/></node>"
        "<node id='2' version='1' lat='19' lon='103'/>"
        "<way id='3' version='1'><nd ref='1'/><nd ref='2'/><tag k='highway' v='track'/></way></osm>"
    )
    drafts = {draft.name: draft for draft in read_source(path)[1]}
    assert set(drafts) == {"points", "lines"}
    assert '"depth":"3"' in drafts["points"].data["other_tags"].to_pylist()[0]
    assert [one.wkt for one in geometry(drafts["lines"])] == ["LINESTRING (102 18, 103 19)"]


def test_esri_json(tmp_path: Path) -> None:
    """Esri JSON states its system by code and its dates in milliseconds."""
    path = tmp_path / "sites.json"
    path.write_text(
        '{"geometryType":"esriGeometryPoint","spatialReference":{"wkid":32648},'
        '"fields":[{"name":"when","type":"esriFieldTypeDate"},{"name":"id","type":"esriFieldTypeString"}],'
        '"features":[{"attributes":{"when":1743142800000,"id":"x"},"geometry":{"x":500000,"y":2000000}}]}'
    )
    draft = only(path)
    assert draft.crs == "EPSG:32648"
    assert geometry(draft)[0].wkt == "POINT (500000 2000000)"
    assert draft.data["when"].to_pylist()[0].replace(tzinfo=dt.UTC) == dt.datetime(
        2025, 3, 28, 6, 20, tzinfo=dt.UTC
    )


def test_topojson_objects(tmp_path: Path) -> None:
    """Each object of a topology is a draft; the system is that of the format."""
    path = tmp_path / "units.json"
    path.write_text(
        '{"type":"Topology","transform":{"scale":[0.5,0.5],"translate":[100,10]},'
        '"arcs":[[[0,0],[2,0],[0,2],[-2,-2]]],"objects":{'
        '"units":{"type":"GeometryCollection","geometries":[{"type":"Polygon","arcs":[[0]],"properties":{"a":1}}]},'
        '"sites":{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[2,2]}]}}}'
    )
    drafts = {draft.name: draft for draft in read_source(path)[1]}
    assert {name: draft.data.num_rows for name, draft in drafts.items()} == {"units": 1, "sites": 1}
    assert geometry(drafts["units"])[0].bounds == (100, 10, 101, 11)
    assert codes(drafts["sites"]) == {"crs-assumed-by-format": 1}


def test_arcs_become_lines(tmp_path: Path) -> None:
    """A circular arc of GML is read as the line string that runs along it."""
    path = tmp_path / "arc.gml"
    path.write_text(
        '<gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:e="http://e">'
        '<gml:featureMember><e:road gml:id="a"><e:g><gml:Curve srsName="EPSG:32648"><gml:segments>'
        "<gml:Arc><gml:posList>0 0 1 1 2 0</gml:posList></gml:Arc></gml:segments></gml:Curve></e:g></e:road>"
        "</gml:featureMember></gml:FeatureCollection>"
    )
    line = geometry(only(path))[0]
    assert line.geom_type == "LineString"
    assert line.length == pytest.approx(np.pi, rel=1e-3)


def test_measures_are_left_out_with_a_finding(tmp_path: Path) -> None:
    """Measures (M) are dropped and counted, heights stay."""
    path = tmp_path / "measured.shp"
    point = struct.pack("<i4d", 11, 500000.0, 2000000.0, 350.0, 12.5)
    records = struct.pack(">2i", 1, len(point) // 2) + point
    size, bounds = (100 + len(records)) // 2, struct.pack("<8d", *[0.0] * 8)
    header = struct.pack(">7i", 9994, 0, 0, 0, 0, 0, size) + struct.pack("<2i", 1000, 11) + bounds
    path.write_bytes(header + records)
    draft = only(path, crs="EPSG:32648")
    assert codes(draft)["geometry-measures"] == 1
    assert geometry(draft)[0].wkt == "POINT Z (500000 2000000 350)"


def test_lists_and_objects_become_json_text(tmp_path: Path) -> None:
    """Lists and nested objects of attributes are kept as JSON text."""
    path = tmp_path / "nested.geojson"
    path.write_text(
        '{"type":"Feature","geometry":{"type":"Point","coordinates":[1,2]},'
        '"properties":{"codes":["a","b"],"owner":{"name":"x"},"geometry":"text"}}'
    )
    draft = only(path)
    assert draft.data["codes"].to_pylist() == ['["a","b"]']
    assert draft.data["owner"].to_pylist()[0].replace(" ", "") == '{"name":"x"}'
    assert draft.data["geometry_2"].to_pylist() == ["text"]
    assert codes(draft)["header-repaired"] == 1


def test_large_layers_are_streamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the size limit a layer is a stream that can be read twice, with the columns of the table."""
    path = write(tmp_path / "sites.gpkg", "GPKG")
    whole = only(path).data
    monkeypatch.setattr(vector, "STREAM_BYTES", 10)
    stream = only(path).data
    assert isinstance(stream, TableStream)
    for _ in range(2):
        assert pa.Table.from_batches(stream.batches(), schema=stream.schema).equals(whole)


def test_metadata_beside_the_file(tmp_path: Path) -> None:
    """Title, abstract, keywords and licence come from the metadata file beside a shapefile."""
    path = write(tmp_path / "geo_l48.shp", "ESRI Shapefile", FRAME.iloc[:2])
    (tmp_path / "geo_l48.shp.xml").write_text(
        "<metadata><idinfo><citation><citeinfo><title>Geology of sheet L-48</title></citeinfo></citation>"
        "<descript><abstract>Mapped in 1985.</abstract></descript>"
        "<keywords><theme><themekey>geology</themekey></theme></keywords>"
        "<useconst>CC BY 4.0</useconst></idinfo></metadata>"
    )
    draft = only(path)
    assert (draft.title, draft.description, draft.keywords) == (
        "Geology of sheet L-48",
        "Mapped in 1985.",
        ("geology",),
    )
    assert draft.licence


def test_entities_in_metadata_are_not_looked_up(tmp_path: Path) -> None:
    """A metadata file cannot draw other files into the catalogue."""
    (tmp_path / "secret").write_text("secret words")
    path = write(tmp_path / "a.shp", "ESRI Shapefile", FRAME.iloc[:2])
    (tmp_path / "a.shp.xml").write_text(
        f'<!DOCTYPE m [<!ENTITY s SYSTEM "file://{tmp_path}/secret">]>'
        "<metadata><idinfo><citation><citeinfo><title>x&s;</title></citeinfo></citation></idinfo></metadata>"
    )
    assert "secret" not in only(path).title


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.gpkg", b"SQLite format 3\0" + bytes(84) + b"junk" * 100),
        ("a.sqlite", b"SQLite format 3\0" + b"\xff" * 500),
        ("a.fgb", b"fgb\x03fgb\x00" + b"\xff" * 500),
        ("a.kml", b"<kml><Document><Placemark>"),
        ("a.kmz", b"PK\x03\x04" + b"\0" * 100),
        ("a.gpx", b"<gpx><wpt lat="),
        ("a.gml", b'<gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml"><gml:featureMember>'),
        ("a.dxf", b"0\nSECTION\n2\nENTITIES\n0\nPOINT\n10\n"),
        ("a.tab", b"!table\n!version 300\n"),
        ("a.mif", b"Version 300\nColumns 99999999\n"),
        ("a.osm", b"<osm><node id='1' lat="),
        ("a.shp", b"\x00\x00\x27\x0a" + b"\xff" * 200),
        ("a.dbf", b"\x03" + b"\xff" * 200),
        ("a.shp", b""),
        ("a.geojson", b""),
        ("a.geojson", b'{"type":"FeatureCollection","features":['),
        ("a.topojson", b'{"type":"Topology","objects":{"a":{"type":"Polygon","arcs":[[9]]}},"arcs":7}'),
    ],
)
def test_junk_is_refused_or_empty_with_a_finding(tmp_path: Path, name: str, content: bytes) -> None:
    """Bytes that only begin like a format end in a refusal, or in data that says it is damaged or empty."""
    path = tmp_path / name
    path.write_bytes(content)
    refusal, drafts = attempt(path)
    assert refusal in {"", "corrupt", "truncated", "empty", "invalid-json", "invalid-structure", "no-data"}
    assert all(draft.findings for draft in drafts)


def test_another_driver_is_refused(tmp_path: Path) -> None:
    """A file that GDAL would open with another driver than its name promises is refused."""
    secret = write(tmp_path / "secret.gpkg", "GPKG")
    path = tmp_path / "a.gml"
    path.write_text(
        '<OGRVRTDataSource><!-- <gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml"> -->'
        f'<OGRVRTLayer name="sites"><SrcDataSource>{secret}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'
    )
    source = Source(path=path, files=(path,), name="a.gml", scratch=tmp_path / "scratch")
    with pytest.raises(RefusedError):
        list(read_format(FORMATS["gml"], source))


def test_entities_of_xml_formats_are_refused(tmp_path: Path) -> None:
    """KML that declares entities is refused before any library expands them."""
    path = tmp_path / "a.kml"
    path.write_text('<!DOCTYPE kml [<!ENTITY a "aaaa">]><kml><Document><name>&a;</name></Document></kml>')
    with pytest.raises(RefusedError, match="entities"):
        read_source(path)


def test_swelling_kmz_is_refused(tmp_path: Path) -> None:
    """A KMZ that would unpack to more than any map is refused unread."""
    path = tmp_path / "bomb.kmz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("doc.kml", "w") as member:
        for _ in range(600):
            member.write(bytes(1 << 20))
    with pytest.raises(RefusedError) as caught:
        read_source(path)
    assert caught.value.code == "unsafe-archive"
