"""The GeoJSON checks, the JSON text layer and the geometry column, feature by feature."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import shapely

from craton.ingest import json_text, vector_geometry
from craton.ingest.vector_geojson import check_features
from craton.model.data import Draft
from craton.model.errors import RefusedError


def feature(geometry: object, **members: object) -> bytes:
    """A feature's text with `geometry` and further members."""
    return json.dumps({"type": "Feature", "properties": {}, "geometry": geometry} | members).encode()


def point(*coordinates: object) -> dict[str, object]:
    """A GeoJSON point."""
    return {"type": "Point", "coordinates": list(coordinates)}


@pytest.mark.parametrize(
    "geometry",
    [
        None,
        point(1, 2),
        point(1, 2, 3),
        {"type": "MultiPoint", "coordinates": []},
        {"type": "LineString", "coordinates": [[1, 2], [3, 4]]},
        {"type": "MultiPolygon", "coordinates": [[[[0, 0], [1, 0], [1, 1], [0, 0]]]]},
        {"type": "GeometryCollection", "geometries": [point(1, 2)]},
    ],
)
def test_standard_features_pass(geometry: object) -> None:
    """What RFC 7946 allows is neither counted nor copied."""
    outcome = check_features([feature(geometry)])
    assert (outcome.unread, outcome.altered, outcome.useful, sum(outcome.faults.values())) == (
        0,
        False,
        True,
        0,
    )


@pytest.mark.parametrize(
    ("geometry", "words"),
    [
        (point(1, "2"), "got `str`"),
        (point(1), "length >= 2"),
        (point(1, None), "got `null`"),
        ({"type": "Point"}, "missing required field `coordinates`"),
        ({"type": "LineString", "coordinates": [[1, 2]]}, "length >= 2"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [0, 0]]]}, "length >= 4"),
        ({"type": "polygon", "coordinates": []}, "polygon"),
        ("text", "got `str`"),
        (7, "got `int`"),
    ],
)
def test_unreadable_geometry_keeps_its_row(geometry: object, words: str) -> None:
    """A geometry that breaks the standard becomes null, properties stay, the reason names the place."""
    outcome = check_features([feature(geometry, properties={"a": 1})])
    assert (outcome.unread, outcome.altered, outcome.useful) == (1, True, True)
    assert words in outcome.reasons[0]
    kept = json.loads(bytes(outcome.features[0]))
    assert (kept["geometry"], kept["properties"]) == (None, {"a": 1})


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        ({"id": {}}, "the id of a feature is neither text nor number"),
        ({"bbox": "x"}, "a bbox is not 4 or 6 numbers"),
        ({"properties": [1]}, "the properties of a feature are no object"),
        ({"type": "feature"}, "the type of a feature is not Feature"),
    ],
)
def test_wrong_members_are_set_aside(members: dict[str, object], fault: str) -> None:
    """A wrong member is dropped and counted; the geometry stays."""
    outcome = check_features([feature(point(1, 2), **members)])
    assert dict(outcome.faults) == {fault: 1}
    assert json.loads(bytes(outcome.features[0])) == {
        "type": "Feature", "geometry": point(1, 2), "properties": None if "properties" in members else {},
    }  # fmt: skip


def test_mixed_dimensions_and_nesting_pass_with_a_fault() -> None:
    """Positions of different length and nested collections are readable, but not as the standard has it."""
    ragged = {"type": "LineString", "coordinates": [[1, 2], [3, 4, 5]]}
    nested = {"type": "GeometryCollection", "geometries": [{"type": "GeometryCollection", "geometries": []}]}
    outcome = check_features([feature(ragged), feature(nested)])
    assert sorted(outcome.faults) == ["a GeometryCollection within another", "positions of different length"]
    assert not outcome.altered


def test_what_is_no_object_is_no_row() -> None:
    """Null among the features is counted and leaves no row."""
    outcome = check_features([b"null", feature(point(1, 2))])
    assert (len(outcome.features), dict(outcome.faults)) == (1, {"a feature is no object": 1})


def test_deep_nesting_ends() -> None:
    """A geometry nested a hundred thousand deep is unread, not a crash."""
    deep = b'{"type":"Feature","properties":{"a":1},"geometry":{"type":"Point","coordinates":' + b"[" * 10**5
    with pytest.raises(RefusedError) as caught:
        json_text.check(deep + b"]" * 10**5 + b"}}")
    assert caught.value.code == "too-deep"


@pytest.mark.parametrize(
    ("text", "place"),
    [(b'{"a": 1,\n "b": NaN}', "line 2, column 7"), (b'{"a": 1', "line 1, column 8"), (b"[1]\n]", "line 2")],
)
def test_error_names_line_and_column(text: bytes, place: str) -> None:
    """What is no JSON is refused with the place where it stops being it."""
    with pytest.raises(RefusedError, match=place) as caught:
        json_text.check(text)
    assert caught.value.code == "invalid-json"


def test_repeated_members_are_counted() -> None:
    """Each name that repeats one of its own object counts, however deep."""
    assert json_text.duplicate_members(b'{"a":1,"a":2,"b":[{"c":1,"c":2,"c":3},{"c":1}]}') == 3


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_marked_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    """JSON with a byte order mark is read; anything but UTF-8 is said to break the standard."""
    path = tmp_path / "a.json"
    path.write_bytes('{"a":"ລາວ"}'.encode(encoding))
    text = json_text.open_json(path, tmp_path)
    assert json_text.parse(text.data) == {"a": "ລາວ"}
    assert [one.code for one in text.findings] == (
        [] if encoding == "utf-8-sig" else ["structure-nonstandard"]
    )


def column(*wkts: str | None) -> pa.ChunkedArray:
    """A WKB column of geometries given as WKT."""
    wkb = [None if wkt is None else shapely.to_wkb(shapely.from_wkt(wkt), flavor="iso") for wkt in wkts]
    return pa.chunked_array([pa.array(wkb[:1], pa.binary()), pa.array(wkb[1:], pa.binary())])


def examined(
    *wkts: str | None, crs: str = "EPSG:4326", winding: bool = False
) -> tuple[list[str | None], dict[str, int]]:
    """Geometries after examination, as WKT, and the findings by code."""
    draft = Draft(data=pa.table({}), kind="table")
    result = vector_geometry.examine(column(*wkts), crs, draft, winding=winding)
    shapes = shapely.from_wkb(result.to_numpy())
    return [None if one is None else one.wkt for one in shapes], {f.code: f.count for f in draft.findings}


def test_sound_geometry_is_left_alone() -> None:
    """Valid geometry in range comes back untouched and without findings."""
    wkts: list[str | None] = ["POINT (100 10)", "POINT Z (101 11 5)"]
    assert examined(*wkts) == (wkts, {})


def test_null_and_mixed_geometry_is_counted() -> None:
    """Null geometries and different families are said; multipart and single parts are one family."""
    assert examined("POINT (1 1)", None, "LINESTRING (1 1, 2 2)")[1] == {
        "geometry-null": 1,
        "geometry-mixed": 1,
    }
    assert examined("POINT (1 1)", "MULTIPOINT ((1 1), (2 2))")[1] == {}


def test_invalid_geometry_is_kept_as_it_came() -> None:
    """A self-crossing ring is counted, not changed."""
    bow = "POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))"
    assert examined(bow, "POINT (1 1)", crs="EPSG:32648") == (
        [bow, "POINT (1 1)"],
        {"geometry-mixed": 1, "geometry-invalid": 1},
    )


def test_winding_counts_each_ring() -> None:
    """A clockwise shell and a counter-clockwise hole are two rings the wrong way round."""
    shell, hole = "0 0, 0 9, 9 9, 9 0, 0 0", "1 1, 2 1, 2 2, 1 2, 1 1"
    assert examined(f"POLYGON (({shell}), ({hole}))", crs="EPSG:32648", winding=True)[1] == {
        "geometry-winding": 2
    }
    turned = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), (1 1, 1 2, 2 2, 2 1, 1 1))"
    assert examined(turned, crs="EPSG:32648", winding=True)[1] == {}


def test_longitudes_beyond_180_are_wrapped() -> None:
    """Whole geometries east of 180° move by a turn, heights kept; those across it stay and are said."""
    wkts = ["POINT (190 5)", "POINT Z (-200 5 7)", "LINESTRING (170 0, 190 0)"]
    shapes, found = examined(*wkts)
    assert shapes == ["POINT (-170 5)", "POINT Z (160 5 7)", "LINESTRING (170 0, 190 0)"]
    assert found["antimeridian-crossed"] == 1
    assert found["longitude-wrapped"] == 1


def test_a_few_impossible_coordinates_are_set_aside() -> None:
    """One point off the Earth among sound ones becomes null; if most are off, the system is what is wrong."""
    shapes, found = examined("POINT (100 10)", "POINT (100 95)", "POINT (101 11)")
    assert (shapes[1], found) == (None, {"coordinate-out-of-range": 1})
    metres = ["POINT (500000 2000000)", "POINT (500100 2000000)"]
    assert examined(*metres) == (metres, {"extent-outside-crs": 2})
    assert examined(*metres, crs="EPSG:32648") == (metres, {})


def test_null_island_is_doubted() -> None:
    """Points at 0°, 0° are counted in a geographic system only."""
    assert examined("POINT (0 0)", "POINT (1 1)")[1] == {"coordinate-zero": 1}
    assert examined("POINT (0 0)", "POINT (1 1)", crs="EPSG:32648")[1] == {}


def test_open_rings_are_closed() -> None:
    """A ring that does not end where it began is closed and counted."""
    ring = np.array([[0, 0], [4, 0], [4, 4], [0, 4]], dtype="<f8")
    wkb = b"\1" + np.array([3, 1, 4], "<u4").tobytes() + ring.tobytes()
    draft = Draft(data=pa.table({}), kind="table")
    result = vector_geometry.examine(pa.chunked_array([pa.array([wkb], pa.binary())]), "EPSG:32648", draft)
    assert shapely.from_wkb(result[0].as_py()).area == 16
    assert [(f.code, f.count) for f in draft.findings] == [("geometry-repaired", 1)]


def test_broken_wkb_is_unread() -> None:
    """Bytes that are no WKB become null and are counted."""
    draft = Draft(data=pa.table({}), kind="table")
    result = vector_geometry.examine(
        pa.chunked_array([pa.array([b"\1\1\0\0\0junk"], pa.binary())]), "", draft
    )
    assert result.null_count == 1
    assert [(f.code, f.count) for f in draft.findings] == [("geometry-unread", 1)]


def test_surfaces_become_polygons() -> None:
    """A TIN and a polyhedral surface are read as multipolygons of the same area."""
    ring = np.array([[0, 0, 0], [2, 0, 1], [0, 2, 1], [0, 0, 0]], dtype="<f8").tobytes()
    triangle = b"\1" + np.array([1017, 1, 4], "<u4").tobytes() + ring
    polygon = b"\1" + np.array([1003, 1, 4], "<u4").tobytes() + ring
    tin = b"\1" + np.array([1016, 2], "<u4").tobytes() + 2 * triangle
    surface = b"\1" + np.array([1015, 1], "<u4").tobytes() + polygon
    draft = Draft(data=pa.table({}), kind="table")
    column = pa.chunked_array([pa.array([tin, surface, triangle], pa.binary())])
    shapes = shapely.from_wkb(vector_geometry.examine(column, "", draft).to_numpy())
    assert [one.geom_type for one in shapes] == ["MultiPolygon", "MultiPolygon", "Polygon"]
    assert shapely.area(shapes).tolist() == [4, 2, 2]
    assert all(shapely.has_z(shapes))


def test_codes_are_read_from_headers_in_either_byte_order() -> None:
    """Type, height and measure come out of the WKB headers of big- and little-endian rows."""
    big = shapely.to_wkb(shapely.Point(1, 2), byte_order=0)
    little = shapely.to_wkb(shapely.from_wkt("LINESTRING Z (0 0 0, 1 1 1)"), flavor="iso", byte_order=1)
    found = vector_geometry.codes(pa.chunked_array([pa.array([None, big, little], pa.binary())]))
    assert (found.base.tolist(), found.has_z, found.has_m) == ([1, 2], True, False)
