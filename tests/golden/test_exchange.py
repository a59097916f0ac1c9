"""Formats of geological modelling: what is written is read back, by others' rules where they are public."""

from __future__ import annotations

import base64
import gzip
import io
import json
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
import xarray as xr
from tests.reading import read_source
from tests.staging import Staged, stage

from craton.model.data import Boreholes, Draft, Mesh
from craton.model.errors import InvalidError, RefusedError
from craton.store.codec import suffixes
from craton.web.formats import FORMATS

CRS = "EPSG:28992"
FLAGS = {
    "flag_values": [0, 1, 7],
    "flag_meanings": ["none", "Boxtel Formation", "sand, coarse"],
    "flag_colors": ["#ffffff", "#ffcc00", "#a05020"],
    "standard_name": "geological_unit",
    "long_name": "Geological unit",
}


def model() -> xr.Dataset:
    """A model of 2 × 3 × 4 cells with classes, a field with a gap, and axes as the house has them."""
    rng = np.random.default_rng(7)
    axes = {
        "upward": [-0.75, -1.25],
        "northing": [456_250.0, 456_150.0, 456_050.0],
        "easting": [139_050.0, 139_150.0, 139_250.0, 139_350.0],
    }
    field = rng.normal(size=(2, 3, 4)).astype(np.float32)
    field[0, 1, 2] = np.nan
    levels = '{"Boxtel Formation": 0.25}'
    names = tuple(axes)
    return xr.Dataset(
        {
            "unit": (names, rng.choice([0, 1, 7], (2, 3, 4)).astype(np.uint8), FLAGS),
            "field_upper": (names, field, {"levels": levels, "long_name": "Scalar field upper"}),
        },
        coords=axes,
        attrs={"crs": CRS, "title": "Town"},
    )


def sheets() -> Mesh:
    """Two parts of two triangles far from the origin."""
    corners = np.array([[0, 0, 0], [10, 0, 1.5], [10, 10, 3], [0, 10, 2.25]])
    lower = corners - np.array([0, 0, 25.125])
    vertices = np.concatenate([corners, lower]) + np.array([139_000.123, 456_000.456, -10.0])
    triangles = np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]])
    parts = pd.DataFrame(
        {"part_id": ["top", "base of Boxtel"], "colour": ["#ffcc00", "#a05020"], "age": [1.5, 2.0]}
    )
    return Mesh(vertices, triangles, np.array([0, 0, 1, 1]), parts)


@pytest.fixture
def volume(tmp_path: Path) -> Staged:
    """The model as it lies in a store."""
    return stage(model(), "volume", tmp_path / "s", CRS)


@pytest.fixture
def mesh(tmp_path: Path) -> Staged:
    """The surfaces as they lie in a store."""
    return stage(sheets(), "mesh", tmp_path / "s", CRS)


def read(path: Path, **options: str) -> Draft:
    """The only draft of a file."""
    (draft,) = read_source(path, **options)[1]
    return draft


def codes(draft: Draft) -> list[str]:
    """Codes of the findings."""
    return [one.code for one in draft.findings]


def same_corners(found: Mesh, atol: float) -> None:
    """Whether each triangle has the corners of `sheets`, in their order."""
    order = np.argsort(found.part, kind="stable")
    expected = sheets().vertices[sheets().triangles]
    np.testing.assert_allclose(found.vertices[found.triangles[order]], expected, rtol=0, atol=atol)


@pytest.mark.parametrize("suffix", [".vti", ".omf", ".vo", ".sg", ".csv", ".nc", ".zarr"])
def test_a_model_survives_the_journey(volume: Staged, tmp_path: Path, suffix: str) -> None:
    """Cells, axes, classes and gaps come back equal; colours, levels and system where there is room for them."""
    draft = read(volume.export(tmp_path / f"town{suffix}"))
    found, expected = draft.data, model()
    assert isinstance(found, xr.Dataset)
    assert draft.kind == "volume"
    for axis in ("upward", "northing", "easting"):
        np.testing.assert_allclose(found[axis].to_numpy(), expected[axis].to_numpy(), rtol=0, atol=1e-9)
    np.testing.assert_array_equal(found["unit"].to_numpy(), expected["unit"].to_numpy())
    np.testing.assert_array_equal(found["field_upper"].to_numpy(), expected["field_upper"].to_numpy())
    stated = dict(zip(found["unit"].attrs["flag_values"], found["unit"].attrs["flag_meanings"], strict=True))
    assert {code: stated[code] for code in (1, 7)} == {1: "Boxtel Formation", 7: "sand, coarse"}
    assert found["unit"].dtype == np.uint8
    if suffix != ".csv":
        shades = dict(
            zip(found["unit"].attrs["flag_values"], found["unit"].attrs["flag_colors"], strict=True)
        )
        assert (shades[1], shades[7]) == ("#ffcc00", "#a05020")
        assert draft.crs == CRS
    if suffix in {".vti", ".omf", ".nc", ".zarr"}:
        assert found["field_upper"].attrs["levels"] == '{"Boxtel Formation": 0.25}'


@pytest.mark.parametrize(
    ("suffix", "atol"), [(".vtp", 0), (".vtu", 0), (".omf", 0), (".ts", 0), (".dxf", 0), (".glb", 1e-4)]
)
def test_surfaces_survive_the_journey(mesh: Staged, tmp_path: Path, suffix: str, atol: float) -> None:
    """Every triangle keeps its corners to the last bit (a glTF to a tenth of a millimetre) and its part."""
    draft = read(mesh.export(tmp_path / f"sheets{suffix}"), **({"crs": CRS} if suffix == ".dxf" else {}))
    found = draft.data
    assert isinstance(found, Mesh)
    if suffix == ".dxf":  # layers come in the order of the alphabet
        assert found.parts["part_id"].tolist() == ["BASE_OF_BOXTEL", "TOP"]
        found = Mesh(found.vertices, found.triangles, 1 - found.part, found.parts)
    else:
        assert found.parts["part_id"].tolist() == ["top", "base of Boxtel"]
        assert draft.crs == CRS
    order = np.argsort(found.part, kind="stable")
    corners = found.vertices[found.triangles[order]]
    expected = np.asarray(mesh.read().vertices)[mesh.read().triangles]
    np.testing.assert_allclose(
        np.sort(corners, axis=1), np.sort(expected, axis=1), rtol=0, atol=max(atol, 1e-9)
    )
    if suffix in {".vtp", ".vtu", ".omf", ".ts"}:
        assert found.parts["colour"].tolist() == ["#ffcc00", "#a05020"]
        np.testing.assert_array_equal(corners, expected)


def frame(*shapes: shapely.Geometry) -> gpd.GeoDataFrame:
    """A table with a number, a text and a gap."""
    count = len(shapes)
    return gpd.GeoDataFrame(
        {"grade": [1.5, np.nan, 3.25][:count], "rock": ["a", None, "ວ"][:count], "n": range(count)},
        geometry=list(shapes),
        crs=CRS,
    )


POINTS = (shapely.Point(1.1, 2.2, 3.3), shapely.Point(4, 5, 6), shapely.Point(7, 8, 9))
LINES = (
    shapely.LineString([(0, 0, 0), (1, 1, 1), (2, 0, 0.125)]),
    shapely.LineString([(5, 5, 5), (6, 6, 6)]),
    shapely.LineString([(6, 6, 6), (9, 9, 9)]),
)


@pytest.mark.parametrize(
    ("suffix", "shapes"), [(".omf", POINTS), (".omf", LINES), (".vs", POINTS), (".pl", LINES)]
)
def test_points_and_lines_survive_the_journey(tmp_path: Path, suffix: str, shapes: tuple[Any, ...]) -> None:
    """Places with heights, numbers and gaps come back; texts too where the format has them."""
    draft = read(stage(frame(*shapes), "table", tmp_path / "s").export(tmp_path / f"t{suffix}"))
    found = draft.data
    assert isinstance(found, gpd.GeoDataFrame)
    assert [one.wkt for one in found.geometry] == [one.wkt for one in shapes]
    assert found["grade"].astype(float).round(9).fillna(-1).tolist() == [1.5, -1, 3.25]
    assert draft.crs == CRS
    if suffix == ".omf":
        assert found["rock"].fillna("").tolist() == ["a", "", "ວ"]
        assert found["n"].tolist() == [0, 1, 2]


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # GDAL leaves rings of faces open
def test_drawings_open_elsewhere(mesh: Staged, tmp_path: Path) -> None:
    """GDAL reads the faces as polygons with heights on layers of the parts, and points and lines of a table."""
    drawn = pyogrio.read_dataframe(mesh.export(tmp_path / "m.dxf"))
    assert drawn["Layer"].tolist() == ["TOP", "TOP", "BASE_OF_BOXTEL", "BASE_OF_BOXTEL"]
    assert (
        shapely.get_coordinates(drawn.geometry[0], include_z=True)[1].tolist()
        == mesh.read().vertices[1].tolist()
    )
    table = stage(frame(LINES[0], POINTS[0], shapely.box(0, 0, 2, 2)), "table", tmp_path / "t")
    shapes = pyogrio.read_dataframe(table.export(tmp_path / "t.dxf")).geometry
    assert {one.geom_type for one in shapes} == {"LineString", "Point"}
    assert any(one.equals(LINES[0]) for one in shapes)


def test_a_drawing_of_faces_and_lines(tmp_path: Path) -> None:
    """Faces become a mesh, a polyface mesh too; the line beside them a table."""
    face = "0\n3DFACE\n8\nF\n" + "".join(
        f"{10 + i}\n{x}\n{20 + i}\n{y}\n{30 + i}\n{z}\n"
        for i, (x, y, z) in enumerate([(0, 0, 0), (2, 0, 0), (2, 2, 1), (0, 2, 1)])
    )
    mesh = "0\nPOLYLINE\n8\nP\n66\n1\n70\n64\n71\n3\n72\n1\n" + "".join(
        f"0\nVERTEX\n8\nP\n10\n{x}\n20\n{y}\n30\n0\n70\n192\n" for x, y in [(0, 0), (1, 0), (0, 1)]
    )
    mesh += "0\nVERTEX\n8\nP\n10\n0\n20\n0\n30\n0\n70\n128\n71\n1\n72\n-2\n73\n3\n0\nSEQEND\n"
    line = "0\nLINE\n8\nL\n10\n0\n20\n0\n30\n0\n11\n5\n21\n5\n31\n5\n"
    path = tmp_path / "a.dxf"
    path.write_text(f"0\nSECTION\n2\nENTITIES\n{face}{mesh}{line}0\nENDSEC\n0\nEOF\n")
    surfaces, drawing = read_source(path)[1]
    assert surfaces.data.parts["part_id"].tolist() == ["F", "P"]
    assert len(surfaces.data.triangles) == 3
    assert drawing.data.num_rows == 1


HOLES = Boreholes(
    collars=gpd.GeoDataFrame(
        {"hole_id": ["B1", "B2"], "elevation": [10.0, np.nan], "total_depth": [30.0, 12.5]},
        geometry=gpd.points_from_xy([501_000.25, 502_000], [205_000.5, 206_000]),
        crs="EPSG:27700",
    ),
    surveys=pd.DataFrame(
        {
            "hole_id": ["B1", "B1"],
            "depth": [0.0, 20.0],
            "azimuth": [90.0, 90.0],
            "inclination": [-60.0, -60.0],
        }
    ),
    intervals={
        "geology": pd.DataFrame(
            {
                "hole_id": ["B1", "B1", "B2"],
                "from_depth": [0.0, 12.125, 0.0],
                "to_depth": [12.125, 30.0, 12.5],
                "description": ['Firm "blue" CLAY', "Sand", None],
                "unit": ["LC", "TG", "LC"],
            }
        )
    },
    curves={
        "log": pd.DataFrame({"hole_id": ["B1"] * 3, "depth": [1.0, 1.5, 2.0], "gamma": [50.5, np.nan, 61.25]})
    },
)


def test_holes_go_to_ags_and_back(tmp_path: Path) -> None:
    """Places, depths, directions, descriptions and units come back; the grid is named; no fault is told."""
    draft = read(stage(HOLES, "boreholes", tmp_path / "s").export(tmp_path / "a.ags"))
    found = draft.data
    assert isinstance(found, Boreholes)
    assert found.collars["hole_id"].tolist() == ["B1", "B2"]
    assert [(p.x, p.y) for p in found.collars.geometry] == [(501_000.25, 205_000.5), (502_000, 206_000)]
    assert found.surveys["inclination"].tolist() == [-60.0, -60.0]
    geology = found.intervals["geology"]
    assert geology["to_depth"].tolist() == [12.125, 30.0, 12.5]
    assert geology["GEOL_DESC"].fillna("").tolist() == ['Firm "blue" CLAY', "Sand", ""]
    assert geology["GEOL_GEOL"].tolist() == ["LC", "TG", "LC"]
    assert "structure-nonstandard" not in codes(draft)


def test_logs_go_to_las_and_back(tmp_path: Path) -> None:
    """A file a hole, with its place and height; gaps stay gaps."""
    target = stage(HOLES, "boreholes", tmp_path / "s").export(tmp_path / "a.las.zip")
    with zipfile.ZipFile(target) as archive:
        assert len(archive.namelist()) == 1
        path = tmp_path / "b1.las"
        path.write_bytes(archive.read(archive.namelist()[0]))
    found = read(path).data
    assert isinstance(found, Boreholes)
    assert found.collars["hole_id"].tolist() == ["B1"]
    assert (found.collars.geometry[0].x, found.collars["elevation"][0]) == (501_000.25, 10.0)
    log = found.curves["log"]
    assert log["depth"].tolist() == [1.0, 1.5, 2.0]
    assert log["gamma"].fillna(-1).tolist() == [50.5, -1, 61.25]


def test_holes_go_to_omf_as_pieces_in_space(tmp_path: Path) -> None:
    """A straight hole of 60 degrees to the east is where trigonometry puts it."""
    collars, geology = read_source(stage(HOLES, "boreholes", tmp_path / "s").export(tmp_path / "a.omf"))[1]
    assert collars.data["hole_id"].tolist() == ["B1", "B2"]
    end = shapely.get_coordinates(geology.data.geometry[1], include_z=True)[-1]
    np.testing.assert_allclose(end, [501_000.25 + 30 * 0.5, 205_000.5, 10 - 30 * np.sqrt(0.75)], atol=1e-9)
    assert geology.data["unit"].tolist() == ["LC", "TG", "LC"]


def test_omf_is_laid_down_as_its_standard_says(volume: Staged, tmp_path: Path) -> None:
    """Members are stored, the comment names the version, columns have the names and types of the standard."""
    path = volume.export(tmp_path / "m.omf")
    with zipfile.ZipFile(path) as archive:
        assert archive.comment == b"Open Mining Format 2.0"
        assert {one.compress_type for one in archive.infolist()} == {zipfile.ZIP_STORED}
        index = json.loads(gzip.decompress(archive.read("index.json.gz")))
        element = index["elements"][0]
        assert element["geometry"]["orient"]["origin"] == [139_000.0, 456_000.0, -1.5]
        assert element["geometry"]["grid"] == {
            "type": "Regular",
            "size": [100.0, 100.0, 0.5],
            "count": [4, 3, 2],
        }
        unit = element["attributes"][0]["data"]
        values = pq.read_table(io.BytesIO(archive.read(unit["values"]["filename"])))
        assert values.schema.field("index").type == pa.uint32()
        names = pq.ParquetFile(io.BytesIO(archive.read(unit["names"]["filename"]))).schema_arrow
        assert not names.field("name").nullable
        lowest = model()["unit"].isel(upward=-1, northing=-1).to_numpy()
        expected = [None if code == 0 else [1, 7].index(code) for code in lowest]
        assert values.column("index").to_pylist()[:4] == expected


def omf(tmp_path: Path, index: dict[str, Any] | bytes, **arrays: pa.Table) -> Path:
    """An OMF file of an index and arrays."""
    path = tmp_path / "x.omf"
    with zipfile.ZipFile(path, "w") as archive:
        for name, table in arrays.items():
            content = io.BytesIO()
            pq.write_table(table, content, compression="gzip")
            archive.writestr(f"{name}.parquet", content.getvalue())
        text = index if isinstance(index, bytes) else gzip.compress(json.dumps(index).encode())
        archive.writestr("index.json.gz", text)
        archive.comment = b"Open Mining Format 2.0"
    return path


def surface(count: int = 3) -> dict[str, Any]:
    """A surface element of arrays `v` and `t`."""
    return {
        "name": "s",
        "color": [1, 2, 3, 255],
        "geometry": {
            "type": "Surface",
            "origin": [0.0, 0.0, 5.0],
            "vertices": {"filename": "v.parquet", "item_count": count},
            "triangles": {"filename": "t.parquet", "item_count": 1},
        },
    }


CORNERS = pa.table({"x": pa.array([0.0, 1.0, 0.0], pa.float32()), "y": [0.0, 0.0, 1.0], "z": [0.0, 0.0, 0.0]})
CORNERS = CORNERS.cast(pa.schema([(name, pa.float32()) for name in "xyz"]))
ONE = pa.table({name: pa.array([number], pa.uint32()) for number, name in enumerate("abc")})


def test_omf_of_others(tmp_path: Path) -> None:
    """Origins are added, composites opened, sub-blocks told by name, what is not known too."""
    blocks = {
        "type": "BlockModel",
        "orient": {"origin": [0, 0, 0]},
        "grid": {"type": "Regular", "size": [1, 1, 1], "count": [1, 1, 1]},
        "subblocks": {"type": "Freeform"},
    }
    index = {
        "date": "2024-01-01T00:00:00Z",
        "origin": [100, 200, 300],
        "elements": [
            {"name": "c", "geometry": {"type": "Composite", "elements": [surface()]}},
            {"name": "b", "geometry": blocks},
        ],
    }
    draft = read(omf(tmp_path, index, v=CORNERS, t=ONE))
    assert draft.data.vertices.tolist() == [[100, 200, 305], [101, 200, 305], [100, 201, 305]]
    assert draft.data.parts["colour"].tolist() == ["#010203"]
    assert "sub-blocks" in next(one.message for one in draft.findings if one.code == "part-skipped")
    with pytest.raises(RefusedError, match="only a block model with sub-blocks") as refused:
        read(omf(tmp_path, index | {"elements": index["elements"][1:]}))
    assert refused.value.kind == "refused"


def test_rotated_blocks_become_points(tmp_path: Path) -> None:
    """Blocks turned by 90 degrees are a volume with its axes exchanged; by 45 degrees the points of their middles."""
    values = pa.table({"number": pa.array([1.0, None], pa.float64())})

    def turned(u: list[float], v: list[float]) -> Draft:
        geometry = {
            "type": "BlockModel",
            "orient": {"origin": [0, 0, 0], "u": u, "v": v},
            "grid": {"type": "Regular", "size": [2, 2, 2], "count": [2, 1, 1]},
        }
        attribute = {
            "name": "Au",
            "location": "Primitives",
            "units": "g/t",
            "data": {"type": "Number", "values": {"filename": "n.parquet", "item_count": 2}},
        }
        index = {"date": "", "elements": [{"name": "b", "geometry": geometry, "attributes": [attribute]}]}
        return read(omf(tmp_path, index, n=values))

    quarter = turned([0, 1, 0], [-1, 0, 0])
    assert quarter.data["northing"].to_numpy().tolist() == [3.0, 1.0]
    assert quarter.data["easting"].to_numpy().tolist() == [-1.0]
    assert np.isnan(quarter.data["Au"].to_numpy().ravel()[0])
    half = float(np.sqrt(0.5))
    aslant = turned([half, half, 0], [-half, half, 0])
    assert aslant.kind == "table"
    assert "raster-rotated" in codes(aslant)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"PK\x03\x04 broken", "corrupt"),
        (b"\x84\x83\x82\x81OMF", "truncated"),
        (
            b"\x84\x83\x82\x81" + b"OMF-v0.9.0".ljust(32, b"\0") + bytes(16) + struct.pack("<Q", 1 << 40),
            "truncated",
        ),
    ],
    ids=["archive", "header", "index"],
)
def test_broken_omf_is_refused(tmp_path: Path, content: bytes, code: str) -> None:
    """Bytes that are no archive, headers cut off, and indices beyond the end are refused by code."""
    path = tmp_path / "x.omf"
    path.write_bytes(content)
    with pytest.raises(RefusedError) as refused:
        read(path)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("index", "code"),
    [
        (b"not gzip", "corrupt"),
        (gzip.compress(b"[1]"), "invalid-structure"),
        ({"date": "", "elements": [surface(4)]}, "invalid-structure"),
        ({"date": "", "elements": []}, "no-data"),
    ],
    ids=["unpacked", "a list", "counts", "nothing"],
)
def test_indices_that_lie_are_refused(tmp_path: Path, index: dict[str, Any] | bytes, code: str) -> None:
    """An index that is no gzip, no project, tells another number of vertices, or nothing at all."""
    with pytest.raises(RefusedError) as refused:
        read(omf(tmp_path, index, v=CORNERS, t=ONE))
    assert refused.value.code == code


def legacy(tmp_path: Path) -> Path:
    """A file of version 1 with a volume of 2 × 1 × 3 cells whose last axis runs fastest."""
    packed = zlib.compress(np.arange(6, dtype="<f8").tobytes())
    ids = [f"00000000-0000-0000-0000-00000000000{n}" for n in range(6)]
    objects = {
        ids[0]: {"__class__": "Project", "name": "old", "elements": [ids[1]]},
        ids[1]: {"__class__": "VolumeElement", "name": "blocks", "geometry": ids[2], "data": [ids[3]]},
        ids[2]: {
            "__class__": "VolumeGridGeometry",
            "tensor_u": [1.0, 1.0],
            "tensor_v": [5.0],
            "tensor_w": [2.0, 2.0, 2.0],
        },
        ids[3]: {"__class__": "ScalarData", "name": "Cu", "location": "cells", "array": ids[4]},
        ids[4]: {"__class__": "ScalarArray", "array": {"start": 60, "length": len(packed), "dtype": "<f8"}},
    }
    head = (
        b"\x84\x83\x82\x81" + b"OMF-v0.9.0".ljust(32, b"\0") + bytes(16) + struct.pack("<Q", 60 + len(packed))
    )
    path = tmp_path / "old.omf"
    path.write_bytes(head + packed + json.dumps(objects).encode())
    return path


def test_omf_of_version_1(tmp_path: Path) -> None:
    """Cells of the old version run upward first, then to the north, then to the east."""
    found = read(legacy(tmp_path)).data
    assert found["upward"].to_numpy().tolist() == [5.0, 3.0, 1.0]
    assert found["Cu"].isel(northing=0, easting=0).to_numpy().tolist() == [2.0, 1.0, 0.0]
    assert found["Cu"].isel(northing=0, easting=1).to_numpy().tolist() == [5.0, 4.0, 3.0]


def vti(body: str, more: str = "", extent: str = "0 2 0 1 0 1", head: str = "") -> str:
    """Image data of two cells."""
    return (
        f'<VTKFile type="ImageData" version="1.0" byte_order="LittleEndian" {head}>'
        f'<ImageData WholeExtent="{extent}" Origin="10 20 30" Spacing="1 2 4">'
        f'<Piece Extent="{extent}"><CellData>{body}</CellData></Piece></ImageData>{more}</VTKFile>'
    )


def test_vtk_of_others(tmp_path: Path) -> None:
    """Text, base64 in one piece or two, packed or not, in either byte order: the numbers are the same."""
    numbers = np.array([1.5, -2.0])
    raw = numbers.astype("<f8").tobytes()
    packed = zlib.compress(raw)
    head = struct.pack("<4I", 1, 16, 0, len(packed))
    told = {
        "ascii": ('format="ascii">1.5 -2', "", ""),
        "one": ('format="binary">' + base64.b64encode(struct.pack("<I", 16) + raw).decode(), "", ""),
        "two": ('format="binary">' + base64.b64encode(struct.pack("<I", 16)).decode() + base64.b64encode(raw).decode(), "", ""),
        "packed": (
            'format="binary">' + base64.b64encode(head).decode() + base64.b64encode(packed).decode(), "",
            'compressor="vtkZLibDataCompressor"',
        ),
        "appended": (
            'format="appended" offset="0">',
            '<AppendedData encoding="base64">_' + base64.b64encode(struct.pack("<I", 16) + raw).decode() + "</AppendedData>", "",
        ),
    }  # fmt: skip
    for name, (body, more, settings) in told.items():
        path = tmp_path / f"{name}.vti"
        path.write_text(vti(f'<DataArray type="Float64" Name="v" {body}</DataArray>', more, head=settings))
        found = read(path).data
        assert found["v"].to_numpy().ravel().tolist() == numbers.tolist(), name
        assert found["easting"].to_numpy().tolist() == [10.5, 11.5]
        assert (float(found["northing"][0]), float(found["upward"][0])) == (21.0, 32.0)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (vti("", extent="0 900000 0 900000 0 900000"), "corrupt"),
        (vti('<DataArray type="Float64" Name="v" format="ascii">1</DataArray>'), "corrupt"),
        (vti('<DataArray type="Float64" Name="v" format="ascii">1 x</DataArray>'), "corrupt"),
        (vti('<DataArray type="Float64" Name="v" format="appended" offset="99"/>'), "corrupt"),
        (vti("", head='compressor="vtkLZ4DataCompressor"'), "unsupported"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><VTKFile type="ImageData"/>', "unsupported"),
        ('<VTKFile type="MultiBlock"/>', "unsupported"),
        ("<VTKFile", "corrupt"),
    ],
    ids=["extent", "short", "word", "offset", "packing", "entity", "kind", "cut"],
)
def test_broken_vtk_is_refused(tmp_path: Path, text: str, code: str) -> None:
    """Counts that lie, numbers that are none, offsets outside, packings not known, entities, cut files."""
    path = tmp_path / "x.vti"
    path.write_text(text)
    with pytest.raises(RefusedError) as refused:
        read(path)
    assert refused.value.code == code


def test_cells_of_several_kinds(tmp_path: Path) -> None:
    """Quadrilaterals are cut in two, lines and points become tables with the values of their cells."""
    text = (
        '<VTKFile type="UnstructuredGrid" byte_order="LittleEndian"><UnstructuredGrid><Piece NumberOfPoints="5" NumberOfCells="3">'
        '<CellData><DataArray type="Int32" Name="unit" format="ascii">4 5 6</DataArray></CellData>'
        '<Points><DataArray type="Float32" NumberOfComponents="3" format="ascii">0 0 0 1 0 0 1 1 0 0 1 0 9 9 9</DataArray></Points>'
        '<Cells><DataArray type="Int32" Name="connectivity" format="ascii">0 1 2 3 0 1 2 4</DataArray>'
        '<DataArray type="Int32" Name="offsets" format="ascii">4 7 8</DataArray>'
        '<DataArray type="UInt8" Name="types" format="ascii">9 4 1</DataArray></Cells></Piece></UnstructuredGrid></VTKFile>'
    )
    path = tmp_path / "a.vtu"
    path.write_text(text)
    surfaces, lines, points = read_source(path)[1]
    assert surfaces.data.triangles.tolist() == [[0, 1, 2], [0, 2, 3]]
    assert surfaces.data.parts["part_id"].tolist() == ["unit 4"]
    assert [one.wkt for one in lines.data.geometry] == ["LINESTRING Z (0 0 0, 1 0 0, 1 1 0)"]
    assert (lines.data["unit"].tolist(), points.data["unit"].tolist()) == ([5], [6])


def test_gocad_of_others(tmp_path: Path) -> None:
    """Depths turn to heights, atoms share a place, several objects in one file keep their names."""
    text = """GOCAD TSurf 1
HEADER {
name:fault A
*solid*color:1 0 0 1
}
GOCAD_ORIGINAL_COORDINATE_SYSTEM
NAME Default
AXIS_UNIT "m" "m" "m"
ZPOSITIVE Depth
END_ORIGINAL_COORDINATE_SYSTEM
PROPERTIES grade
TFACE
PVRTX 1 0 0 100 1.5
PVRTX 2 1 0 100 -99999
PVRTX 7 0 1 110 2.5
ATOM 9 1
TRGL 1 2 7
TRGL 9 7 2
TRGL 1 2 55
END
GOCAD PLine 1
HEADER {name:trace}
ILINE
VRTX 1 0 0 0
VRTX 2 1 0 0
VRTX 3 1 1 0
SEG 1 2
SEG 2 3
SEG 3 1
END
"""
    path = tmp_path / "a.ts"
    path.write_text(text)
    surfaces, line = read_source(path)[1]
    assert surfaces.data.parts[["part_id", "colour"]].to_numpy().tolist() == [["fault A", "#ff0000"]]
    assert sorted(set(surfaces.data.vertices[:, 2].tolist())) == [-110, -100]
    assert len(surfaces.data.triangles) == 2
    assert {"geometry-unread", "part-skipped", "crs-missing"} <= set(codes(surfaces))
    assert line.name == "trace"
    assert line.data.geometry[0].is_closed


def test_gocad_wells(tmp_path: Path) -> None:
    """The path is that of the file to a millimetre; markers keep their depths."""
    text = """GOCAD Well 1
HEADER {
name: W-1
}
WREF 1000 2000 50
PATH 0 50 0 0
PATH 100 -50 0 0
PATH 150 -90 30 0
MRKR Base_K 1 120.5
END
"""
    path = tmp_path / "a.wl"
    path.write_text(text)
    found = read(path).data
    assert isinstance(found, Boreholes)
    assert found.collars[["hole_id", "elevation", "total_depth"]].to_numpy().tolist() == [
        ["W-1", 50.0, 150.0]
    ]
    assert found.curves["markers"][["depth", "marker"]].to_numpy().tolist() == [[120.5, "Base_K"]]
    straight = found.surveys.iloc[[0, 2]][["azimuth", "inclination"]].to_numpy()
    np.testing.assert_allclose(straight, [[0, -90], [90, -np.degrees(np.arctan2(40, 30))]], atol=1e-9)


def test_gocad_binary_files(tmp_path: Path) -> None:
    """A file that is missing or too short is refused; a grid of leaning pillars becomes points."""
    head = "GOCAD Voxet 1\nHEADER {\nname:v\n}\nAXIS_O 0 0 0\nAXIS_U 1 0 0\nAXIS_V 0 1 0\nAXIS_W 0 0 1\nAXIS_N 2 2 2\n"
    path = tmp_path / "v.vo"
    path.write_text(
        head + 'PROPERTY 1 "a"\nPROP_ESIZE 1 1\nPROP_STORAGE_TYPE 1 Octet\nPROP_FILE 1 v_a@@\nEND\n'
    )
    for content, code in ((None, "sidecar-missing"), (b"1234567", "truncated")):
        if content:
            (tmp_path / "v_a@@").write_bytes(content)
        with pytest.raises(RefusedError) as refused:
            read(path)
        assert refused.value.code == code
    (tmp_path / "v_a@@").write_bytes(bytes([0, 1, 2, 3, 4, 5, 6, 255]))
    found = read(path).data
    assert found["a"].sel(upward=0, northing=1, easting=0) == 2
    assert found["a"].dtype == np.uint8
    rows = [f"{x + 0.3 * z} {y} {z} 1.5 {x} {y} {z}" for z in (0, 1) for y in (0, 1) for x in (0, 1)]
    (tmp_path / "g.data").write_text("* X Y Z a I J K\n" + "\n".join(rows))
    grid = tmp_path / "g.sg"
    grid.write_text(
        "GOCAD SGrid 1\nHEADER {\nname:g\n}\nAXIS_N 2 2 2\nPROP_ALIGNMENT CELLS\nASCII_DATA_FILE g.data\nPROPERTY 1 a\nEND\n"
    )
    leaning = read(grid)
    assert leaning.kind == "table"
    assert leaning.data.geometry[0].equals_exact(shapely.Point(0.65, 0.5), 1e-12)


def test_gltf_of_others(tmp_path: Path) -> None:
    """Nodes move their meshes, the second axis is upward, strips are unrolled, and arrays must lie in buffers."""
    places = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]], "<f4").tobytes()
    tree = {
        "asset": {"version": "2.0"},
        "scenes": [{"nodes": [0]}],
        "nodes": [
            {"children": [1], "translation": [10, 0, 0]},
            {"mesh": 0, "name": "wall", "scale": [1, 2, 1]},
        ],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "mode": 5}]}],
        "accessors": [{"bufferView": 0, "componentType": 5126, "count": 4, "type": "VEC3"}],
        "bufferViews": [{"buffer": 0, "byteLength": 48}],
        "buffers": [{"byteLength": 48, "uri": "data:;base64," + base64.b64encode(places).decode()}],
    }
    path = tmp_path / "a.gltf"
    path.write_text(json.dumps(tree))
    found = read(path).data
    assert found.vertices.tolist() == [[10, 0, 0], [11, 0, 0], [10, 0, 2], [11, 0, 2]]
    assert len(found.triangles) == 2
    for change, code in (
        (
            {"accessors": [{"bufferView": 0, "componentType": 5126, "count": 10**9, "type": "VEC3"}]},
            "truncated",
        ),
        ({"nodes": [{"children": [0]}]}, "invalid-structure"),
        ({"extensionsRequired": ["KHR_draco_mesh_compression"]}, "unsupported"),
        ({"meshes": []}, "invalid-structure"),
    ):
        path.write_text(json.dumps(tree | change))
        with pytest.raises(RefusedError) as refused:
            read(path)
        assert refused.value.code == code


def test_rows_that_fill_no_lattice_stay_a_table(volume: Staged, tmp_path: Path) -> None:
    """A CSV of voxels that lacks one cell is the table it always was."""
    lines = volume.export(tmp_path / "a.csv").read_text().splitlines()
    assert lines[0] == "easting,northing,upward,unit,unit_name,field_upper"
    path = tmp_path / "b.csv"
    path.write_text("\n".join(lines[:-1]))
    reader, (draft,) = read_source(path)
    assert (reader, draft.kind) == ("voxel-table", "table")
    assert draft.data.num_rows == 23


def chunk(content: bytes) -> tuple[dict[str, Any], bytes]:
    """Document and numbers of a binary glTF."""
    length = struct.unpack_from("<I", content, 12)[0]
    return json.loads(content[20 : 20 + length]), content[28 + length :]


def test_meshes_lie_on_the_globe(mesh: Staged, tmp_path: Path) -> None:
    """A vertex of the tile, moved by its transform, is where pyproj puts it from the Earth's centre."""
    from pyproj import CRS as CRS_OF
    from pyproj import Transformer

    with zipfile.ZipFile(mesh.export(tmp_path / "m.3dtiles.zip")) as archive:
        tileset = json.loads(archive.read("tileset.json"))
        tree, numbers = chunk(archive.read("mesh.glb"))
    view = tree["bufferViews"][tree["meshes"][0]["primitives"][0]["attributes"]["POSITION"]]
    places = np.frombuffer(numbers, "<f4", view["byteLength"] // 4, view["byteOffset"]).reshape(-1, 3)
    upright = np.stack([places[:, 0], -places[:, 2], places[:, 1], np.ones(len(places))], axis=1)
    found = (upright @ np.array(tileset["root"]["transform"]).reshape(4, 4))[:, :3]
    # heights above the ellipsoid of the system itself, as documented
    geographic = Transformer.from_crs(CRS_OF(CRS).to_3d(), "EPSG:4979", always_xy=True)
    earth = Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
    expected = np.column_stack(earth.transform(*geographic.transform(*sheets().vertices[:4].T)))
    np.testing.assert_allclose(found, expected, atol=2e-3)
    assert tree["meshes"][1]["name"] == "base of Boxtel"


def test_voxels_lie_on_the_globe(tmp_path: Path) -> None:
    """The finest tiles hold every cell once, easting fastest, then up, then to the south; classes stay exact."""
    shape = (3, 70, 66)
    cells = (np.arange(np.prod(shape)) % 250).astype(np.uint8).reshape(shape)
    axes = {
        "upward": -0.5 * np.arange(3), "northing": 456_000 - 10.0 * np.arange(70), "easting": 139_000 + 10.0 * np.arange(66),
    }  # fmt: skip
    dataset = xr.Dataset({"unit": (tuple(axes), cells, FLAGS)}, coords=axes, attrs={"crs": CRS})
    with zipfile.ZipFile(
        stage(dataset, "volume", tmp_path / "s", CRS).export(tmp_path / "m.3dtiles.zip")
    ) as archive:
        tileset = json.loads(archive.read("tileset.json"))
        names = archive.namelist()
        tree, numbers = chunk(archive.read("tiles/1/0/0/0.glb"))
    root = tileset["root"]
    assert root["implicitTiling"]["availableLevels"] == 2
    assert root["content"]["extensions"]["3DTILES_content_voxels"]["dimensions"] == [33, 35, 2]
    assert len([name for name in names if name.startswith("tiles/1/")]) == 8
    assert tree["meshes"][0]["primitives"][0]["extensions"]["EXT_primitive_voxels"]["dimensions"] == [
        33,
        2,
        35,
    ]
    found = np.frombuffer(numbers, np.uint8, 33 * 2 * 35).reshape(35, 2, 33)
    np.testing.assert_array_equal(found[::-1].transpose(1, 0, 2), cells[::-1, ::-1][:2, :35, :33])
    half = np.array(root["boundingVolume"]["box"])[[3, 7, 11]]
    np.testing.assert_allclose(half, [330, 350, 1.0], rtol=2e-4)


def test_the_web_gives_every_format(volume: Staged, tmp_path: Path) -> None:
    """What the web lists for a kind the codec writes, each in one file."""
    kept = {"volume": volume, "mesh": stage(sheets(), "mesh", tmp_path / "m", CRS)}
    kept["boreholes"] = stage(HOLES, "boreholes", tmp_path / "h")
    for kind, staged in kept.items():
        known = suffixes(staged.kind, staged.assets, staged.locate)
        assert {one.suffix for one in FORMATS[kind]} <= set(known)
        for one in FORMATS[kind]:
            folder = tmp_path / f"{kind}{one.suffix}"
            staged.export(folder / f"data{one.suffix}")
            assert [path.name for path in folder.iterdir()] == [f"data{one.suffix}"]


def test_what_does_not_fit_is_refused_with_advice(tmp_path: Path) -> None:
    """Uneven axes, polygons in a format of lines, meshes nowhere on the globe: words say what to use."""
    uneven = model().assign_coords(upward=[-0.5, -9.0]).isel(easting=[0, 1, 3])
    with pytest.raises(InvalidError, match="even steps, and easting has not"):
        stage(uneven, "volume", tmp_path / "u", CRS).export(tmp_path / "u.vti")
    areas = stage(frame(shapely.box(0, 0, 1, 1)), "table", tmp_path / "a")
    for suffix in (".omf", ".pl", ".vs"):
        with pytest.raises(InvalidError, match="this table has Polygon"):
            areas.export(tmp_path / f"a{suffix}")
    with pytest.raises(InvalidError, match="no reference system is stated"):
        stage(sheets(), "mesh", tmp_path / "n").export(tmp_path / "n.3dtiles.zip")
