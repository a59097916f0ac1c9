"""Files of models as other programs write them, and ours as other programs want them."""

from __future__ import annotations

import base64
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import geopandas as gpd
import lasio
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import shapely
import xarray as xr
from tests.golden.test_exchange import CRS, HOLES, codes, omf, read
from tests.reading import read_source
from tests.staging import stage

from craton.ingest.shape_drafts import shape_drafts
from craton.ingest.shapes import Attribute, Blocks, Shapes, classes_of
from craton.model.data import Boreholes, Mesh
from craton.model.errors import InvalidError, RefusedError
from craton.process.readers import Options, Source

SYSTEM = "GOCAD_ORIGINAL_COORDINATE_SYSTEM\nNAME Default\nAXIS_UNIT {}\nZPOSITIVE {}\nEND_ORIGINAL_COORDINATE_SYSTEM\n"
TRIANGLE = "TFACE\nVRTX 1 1 2 3\nVRTX 2 2 2 3\nVRTX 3 1 3 3\nTRGL 1 2 3\n"


def written(path: Path, text: str | bytes) -> Path:
    """A file of `text`."""
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def volume(name: str, values: np.ndarray, attributes: dict[str, Any] | None = None) -> xr.Dataset:
    """A volume of 2 × 3 × 4 cells."""
    axes = {"upward": [1.5, 0.5], "northing": [30.0, 20.0, 10.0], "easting": [1.0, 2.0, 3.0, 4.0]}
    data = {name: (tuple(axes), values.reshape(2, 3, 4), attributes or {})}
    return xr.Dataset(data, coords=axes, attrs={"crs": CRS})


@pytest.mark.parametrize("suffix", [".omf", ".vo", ".sg", ".vti", ".csv"])
def test_cells_without_a_class_do_not_become_the_class_of_code_0(tmp_path: Path, suffix: str) -> None:
    """Where 0 stands for sand, cells that are none keep a code of their own, which `nodata` tells."""
    classes = {"flag_values": [0, 1], "flag_meanings": ["sand", "clay"], "nodata": 255}
    values = np.array([0] * 10 + [1] * 8 + [255] * 6, np.uint8)
    staged = stage(volume("rock", values, classes), "volume", tmp_path / "s", CRS)
    found = read(staged.export(tmp_path / f"m{suffix}")).data["rock"]
    none = found.attrs["nodata"]
    assert none not in found.attrs["flag_values"]
    assert np.where(found == none, 255, found).ravel().tolist() == values.tolist()


@pytest.mark.parametrize("suffix", [".vti", ".vo", ".3dtiles.zip"])
def test_halves_of_floats_are_written(tmp_path: Path, suffix: str) -> None:
    """float16, which none of the formats has, is written as float32, its gaps as the number of none."""
    values = np.arange(24, dtype=np.float16)
    values[3] = np.nan
    path = stage(volume("v", values), "volume", tmp_path / "s", CRS).export(tmp_path / f"m{suffix}")
    if suffix != ".3dtiles.zip":
        np.testing.assert_array_equal(read(path).data["v"].to_numpy().ravel(), values.astype(np.float32))
    else:
        with zipfile.ZipFile(path) as archive:
            assert np.float32(-9999).tobytes() in archive.read("tiles/0/0/0/0.glb")


@pytest.mark.parametrize("suffix", [".vo", ".sg"])
def test_names_that_are_no_names_of_files(tmp_path: Path, suffix: str) -> None:
    """A field called `Au g/t` has a file beside it."""
    staged = stage(volume("Au g/t", np.arange(24.0)), "volume", tmp_path / "s", CRS)
    assert read(staged.export(tmp_path / f"m{suffix}")).data["Au_g/t"].to_numpy().ravel().tolist() == list(
        range(24)
    )


def test_braces_in_a_name_do_not_end_the_header(tmp_path: Path) -> None:
    """The reference system after a name with braces is still read, and letters of any script are kept."""
    parts = pd.DataFrame({"part_id": ["sand {fine} 砂"]})
    mesh = Mesh(np.eye(3), np.array([[0, 1, 2]]), np.array([0]), parts)
    draft = read(stage(mesh, "mesh", tmp_path / "s", CRS).export(tmp_path / "m.ts"))
    assert (draft.crs, draft.data.parts["part_id"].tolist()) == (CRS, ["sand (fine) 砂"])


@pytest.mark.parametrize(
    ("text", "corner"),
    [
        (f"GOCAD TSURF 1.0\nHEADER {{name:a}}\n{TRIANGLE}END\n", (1, 2, 3)),
        (f"GOCAD TSurf 1\nHEADER {{name:a}}\n{SYSTEM.format('" km " " km " " m "', 'Elevation')}{TRIANGLE}END\n", (1000, 2000, 3)),
        (f"GOCAD TSurf 1\nHEADER {{name:a}}\n{SYSTEM.format('"m" "m" "ft"', 'Depth')}{TRIANGLE}END\n", (1, 2, -0.9144)),
        (
            (
                f"GOCAD HomogeneousGroup 1\nHEADER {{name:g}}\n{SYSTEM.format('m m m', 'Depth')}BEGIN_MEMBERS\n"
                f"GOCAD TSurf 1\nHEADER {{name:a}}\n{TRIANGLE}END\nEND_MEMBERS\nEND\n"
            ),
            (1, 2, -3),
        ),
        (f"GOCAD TSurf 1\nHEADER {{name:a}}\n{TRIANGLE.replace('VRTX 1 1 2 3', 'PVRTX 1 1 2 3 CNXYZ 1.#INF 7')}END\n", (1, 2, 3)),
    ],
    ids=["capitals", "kilometres", "feet of depth", "group", "control nodes"],
)  # fmt: skip
def test_surfaces_of_gocad_as_programs_write_them(
    tmp_path: Path, text: str, corner: tuple[float, ...]
) -> None:
    """Kinds in capitals, units by axis, the system of a group, marks of control nodes, infinities in C's words."""
    draft = read(written(tmp_path / "a.ts", text))
    np.testing.assert_allclose(draft.data.vertices[0], corner, rtol=1e-12)
    assert "unit-unknown" not in codes(draft)


def test_parts_of_a_line_that_number_their_vertices_anew(tmp_path: Path) -> None:
    """A second ILINE that counts from 1 again does not move the first."""
    part = "ILINE\nVRTX 1 {0} 0 0\nVRTX 2 {0} 1 0\nSEG 1 2\n"
    text = f"GOCAD PLine 1\nHEADER {{name:a}}\n{part.format(0)}{part.format(5)}END\n"
    lines = read(written(tmp_path / "a.pl", text)).data
    assert [one.wkt for one in lines.geometry] == [
        "LINESTRING Z (0 0 0, 0 1 0)",
        "LINESTRING Z (5 0 0, 5 1 0)",
    ]


VOXET = "GOCAD Voxet 1\nHEADER {name:v}\nAXIS_O 0 0 0\nAXIS_U 1 0 0\nAXIS_V 0 1 0\nAXIS_W 0 0 1\nAXIS_N 2 1 1\nPROPERTY 1 a\n"


@pytest.mark.parametrize(
    ("told", "content", "values"),
    [
        ("PROP_ESIZE 1 1\nPROP_STORAGE_TYPE 1 Octet\nPROP_SIGNED 1 1\nPROP_NO_DATA_VALUE 1 -99", b"\x07\x9d", [7, None]),
        ("PROP_ESIZE 1 2\nPROP_STORAGE_TYPE 1 Short\nPROP_SIGNED 1 0", b"\x00\x01\xea\x60", [1, 60_000]),
        ("PROP_ESIZE 1 4\nPROP_STORAGE_TYPE 1 RGBA", b"\x01" * 8, "no plain numbers"),
        ("PROP_ESIZE 1 4\nPROP_FORMAT 1 SEGY", b"\x01" * 8, "no plain numbers"),
    ],
    ids=["octets with a sign", "shorts without", "colours", "seismic"],
)  # fmt: skip
def test_numbers_of_voxets(tmp_path: Path, told: str, content: bytes, values: list[int] | str) -> None:
    """Signs are as stated; colours and seismic records are refused by name, not taken as floats."""
    written(tmp_path / "v@@", content)
    path = written(tmp_path / "v.vo", f"{VOXET}{told}\nPROP_FILE 1 v@@\nEND\n")
    if isinstance(values, str):
        with pytest.raises(RefusedError, match=values):
            read(path)
        return
    found = read(path).data["a"].to_numpy().ravel().tolist()
    assert [None if one != one else one for one in found] == values  # noqa: PLR0124 - NaN alone is unlike itself


def test_files_named_after_a_long_table_of_colours(tmp_path: Path) -> None:
    """A companion is found though its name stands beyond the first bytes of the file."""
    written(tmp_path / "v@@", np.array([1.5, 2.5], ">f4").tobytes())
    colours = f"PROPERTY_CLASS_HEADER 1 a {{\n*colormap*c*colors: {'1 0.5 0.5 0.5 ' * 2000}\n}}\n"
    path = written(tmp_path / "v.vo", f"{VOXET}{colours}PROP_FILE 1 v@@\nEND\n")
    assert read(path).data["a"].to_numpy().ravel().tolist() == [1.5, 2.5]


def test_values_at_the_corners_of_an_sgrid(tmp_path: Path) -> None:
    """Where only the property says that it lies at points, its 8 values are those of the 8 corners."""
    corners = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij")[::-1], axis=-1)
    written(tmp_path / "p@@", corners.astype(">f4").tobytes())
    written(tmp_path / "a@@", np.arange(8, dtype=">f4").tobytes())
    text = "GOCAD SGrid 1\nHEADER {name:g}\nAXIS_N 2 2 2\nPOINTS_FILE p@@\nPROPERTY 1 a\nPROP_ALIGNMENT 1 POINTS\nPROP_FILE 1 a@@\nEND\n"
    found = read(written(tmp_path / "g.sg", text)).data["a"]
    assert float(found.sel(easting=1, northing=0, upward=1)) == 5


def test_texts_of_blocks_become_classes_and_feet_are_told(tmp_path: Path) -> None:
    """Rock types as text are classes of the volume; a project in feet says so."""
    data = {"type": "Text", "values": {"filename": "t.parquet", "item_count": 2}}
    geometry = {
        "type": "BlockModel",
        "orient": {"origin": [0, 0, 0]},
        "grid": {"type": "Regular", "size": [1, 1, 1], "count": [2, 1, 1]},
    }
    attribute = {"name": "rock", "location": "Primitives", "data": data}
    index = {
        "date": "",
        "units": "feet",
        "elements": [{"name": "b", "geometry": geometry, "attributes": [attribute]}],
    }
    draft = read(omf(tmp_path, index, t=pa.table({"text": ["tuff", None]})))
    assert draft.data["rock"].to_numpy().ravel().tolist() == [1, 0]
    assert draft.data["rock"].attrs["flag_meanings"] == ["none", "tuff"]
    assert "unit-unknown" in codes(draft)


def test_arrays_that_unpack_to_far_more_are_refused(tmp_path: Path) -> None:
    """A member of a zip that is a thousand times larger than it looks is refused before it is unpacked."""
    path = tmp_path / "x.omf"
    element = {
        "name": "p",
        "geometry": {"type": "PointSet", "vertices": {"filename": "v.parquet", "item_count": 1}},
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("v.parquet", bytes(8 << 20))
        packer = zlib.compressobj(wbits=31)
        archive.writestr(
            "index.json.gz", packer.compress(json.dumps({"elements": [element]}).encode()) + packer.flush()
        )
    with pytest.raises(RefusedError) as refused:
        read(path)
    assert refused.value.code == "too-large"


def test_a_document_type_hidden_in_wide_characters_is_refused(tmp_path: Path) -> None:
    """Two bytes a character cannot smuggle in entities behind a comment that looks like the first element."""
    hidden = b"<VTKFile".decode("utf-16-le")
    text = f'\ufeff<?xml version="1.0"?><!--{hidden} --><!DOCTYPE a [<!ENTITY b "c">]><VTKFile type="&b;"/>'
    with pytest.raises(RefusedError, match="declares a document type"):
        read(written(tmp_path / "a.vti", text.encode("utf-16-le")))


PLACES = np.array([[0, 0, 0, 0], [32767, 0, 0, 0], [0, 32767, 0, 0]], "<i2").tobytes()
QUANTISED: dict[str, Any] = {
    "asset": {"version": "2.0"}, "extensionsRequired": ["KHR_mesh_quantization"],
    "nodes": [{"children": [1], "scale": [10, 10, 10]}, {"mesh": 0}],
    "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
    "accessors": [{"bufferView": 0, "componentType": 5122, "normalized": True, "count": 3, "type": "VEC3"}],
    "bufferViews": [{"buffer": 0, "byteLength": 24, "byteStride": 8}],
    "buffers": [{"byteLength": 24, "uri": "data:;base64," + base64.b64encode(PLACES).decode()}],
}  # fmt: skip


def test_gltf_with_small_numbers_and_no_scene(tmp_path: Path) -> None:
    """Numbers that stand for shares of one are such shares; without a scene the nodes on no other are drawn."""
    found = read(written(tmp_path / "a.gltf", json.dumps(QUANTISED))).data
    assert found.vertices.tolist() == [[0, 0, 0], [10, 0, 0], [0, 0, 10]]
    moved = QUANTISED | {"extensionsRequired": ["CESIUM_RTC"]}
    with pytest.raises(RefusedError, match="without CESIUM_RTC"):
        read(written(tmp_path / "b.gltf", json.dumps(moved)))


def dxf(entities: str, blocks: str = "") -> str:
    """A drawing."""
    head = "0\nSECTION\n2\nHEADER\n9\n$ACADVER\n1\nAC1015\n0\nENDSEC\n"
    return f"{head}{blocks}0\nSECTION\n2\nENTITIES\n{entities}0\nENDSEC\n0\nEOF\n"


def corner(x: float, y: float, z: float) -> str:
    """A place."""
    return f"10\n{x}\n20\n{y}\n30\n{z}\n"


def test_meshes_of_dxf(tmp_path: Path) -> None:
    """A MESH of a quadrilateral and a triangle, and a polyface mesh of release 12, each alone in a drawing."""
    places = "".join(corner(*one) for one in [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (2, 2, 5)])
    faces = "".join(f"90\n{one}\n" for one in [4, 0, 1, 2, 3, 3, 1, 4, 2])
    mesh = f"0\nMESH\n5\nA1\n100\nAcDbEntity\n8\nM\n100\nAcDbSubDMesh\n71\n2\n91\n0\n92\n5\n{places}93\n9\n{faces}94\n0\n"
    found = read(written(tmp_path / "m.dxf", dxf(mesh))).data
    assert len(found.triangles) == 3
    assert found.vertices[:, 2].max() == 5
    vertices = "".join(
        f"0\nVERTEX\n8\nP\n{corner(*one)}70\n192\n" for one in [(0, 0, 3), (1, 0, 3), (0, 1, 3)]
    )
    face = f"0\nVERTEX\n8\nP\n{corner(0, 0, 0)}70\n128\n71\n1\n72\n2\n73\n3\n0\nSEQEND\n"
    polyface = f"0\nPOLYLINE\n8\nP\n66\n1\n{corner(0, 0, 0)}70\n64\n{vertices}{face}"
    assert read(written(tmp_path / "p.dxf", dxf(polyface).replace("AC1015", "AC1009"))).data.parts[
        "part_id"
    ].tolist() == ["P"]


def test_faces_within_blocks_do_not_lose_the_drawing(tmp_path: Path) -> None:
    """A drawing whose faces lie in a block that is inserted is still read, moved to where it is inserted."""
    sides = "".join(
        f"{10 + n}\n{x}\n{20 + n}\n{y}\n{30 + n}\n0\n"
        for n, (x, y) in enumerate([(0, 0), (2, 0), (2, 2), (0, 2)])
    )
    block = f"0\nSECTION\n2\nBLOCKS\n0\nBLOCK\n8\n0\n2\nB\n70\n0\n{corner(0, 0, 0)}3\nB\n0\n3DFACE\n8\nF\n{sides}0\nENDBLK\n8\n0\n0\nENDSEC\n"
    table = read(written(tmp_path / "b.dxf", dxf(f"0\nINSERT\n8\nI\n2\nB\n{corner(100, 0, 0)}", block))).data
    assert shapely.from_wkb(table.column("geometry")[0].as_py()).bounds == (100, 0, 102, 2)


def test_reference_systems_of_holes_survive(tmp_path: Path) -> None:
    """AGS and LAS name the system by its code and so bring it back, whatever its country."""
    collars = HOLES.collars.set_crs(CRS, allow_override=True)
    staged = stage(
        Boreholes(collars, HOLES.surveys, HOLES.intervals, HOLES.curves), "boreholes", tmp_path / "s"
    )
    draft = read(staged.export(tmp_path / "a.ags"))
    assert (draft.crs, int(draft.data.collars.geometry.notna().sum())) == (CRS, 2)
    with zipfile.ZipFile(staged.export(tmp_path / "a.las.zip")) as archive:
        (name,) = archive.namelist()
        path = Path(archive.extract(name, tmp_path / "las"))
    assert read(path).crs == CRS
    assert lasio.read(path).well["CRS"].value == CRS


def test_ags_keeps_to_the_order_of_its_dictionary(tmp_path: Path) -> None:
    """Headings come in the standard's order, those it does not have are explained, who receives is stated."""
    collars = HOLES.collars.assign(LOCA_CHKG=["x", "y"], LOCA_TYPE=["CP", "RC"])
    geology = HOLES.intervals["geology"].assign(GEOL_GEO3="z", GEOL_BGS="LC")
    holes = Boreholes(gpd.GeoDataFrame(collars), HOLES.surveys, {"geology": geology}, {})
    path = stage(holes, "boreholes", tmp_path / "s").export(tmp_path / "a.ags")
    lines = path.read_text().splitlines()
    heading = {one.split(",")[1]: one for one in lines if one.startswith('"HEADING"')}
    assert [word.strip('"') for word in heading['"LOCA_ID"'].split(",")[1:4]] == [
        "LOCA_ID",
        "GEOL_TOP",
        "GEOL_BASE",
    ]
    location = next(one for one in lines if '"LOCA_NATE"' in one)
    assert location.index("LOCA_TYPE") < location.index("LOCA_NATE") < location.index("LOCA_CHKG")
    explained = [one for one in lines if one.startswith('"DATA","HEADING"')]
    assert [one.split(",")[3] for one in explained] == ['"LOCA_CHKG"', '"GEOL_GEO3"']
    assert any('"TRAN_RECV"' in one for one in lines)
    assert read_source(path)[1][0].data.collars["LOCA_CHKG"].tolist() == ["x", "y"]


def test_a_corner_that_is_no_number_is_not_evened_out(tmp_path: Path) -> None:
    """An SGrid one of whose corners is NaN or infinite has no straight rows: its cells become points."""
    for number, none in enumerate((np.nan, np.inf)):
        corners = np.stack(np.meshgrid(*[np.arange(3.0)] * 3, indexing="ij")[::-1], axis=-1)
        corners[2, 1, 1] = none
        written(tmp_path / f"p{number}@@", corners.astype(">f8").tobytes())
        written(tmp_path / f"a{number}@@", np.arange(8, dtype=">f4").tobytes())
        text = f"GOCAD SGrid 1\nHEADER {{name:g}}\nAXIS_N 3 3 3\nPOINTS_FILE p{number}@@\nPROPERTY 1 a\nPROP_FILE 1 a{number}@@\nEND\n"
        draft = read(written(tmp_path / f"g{number}.sg", text))
        assert draft.kind == "table"


@pytest.mark.parametrize("number", ["1e400", "-1e30", "3e18"])
def test_numbers_of_faces_that_no_list_can_have(tmp_path: Path, number: str) -> None:
    """A face of a vertex, flags or a length of a list beyond all numbers costs that face only."""
    head = f"0\nPOLYLINE\n8\nP\n66\n1\n{corner(0, 0, 0)}70\n64\n"
    vertices = "".join(
        f"0\nVERTEX\n8\nP\n{corner(*one)}70\n192\n" for one in [(0, 0, 3), (1, 0, 3), (0, 1, 3)]
    )
    face = f"0\nVERTEX\n8\nP\n{corner(0, 0, 0)}70\n{{}}\n71\n1\n72\n2\n73\n3\n{{}}"
    faces = face.format(128, "") + face.format(128, f"74\n{number}\n") + face.format(number, "")
    polyface = f"{head}{vertices}{faces}0\nSEQEND\n"
    places = "".join(corner(*one) for one in [(0, 0, 0), (1, 0, 0), (1, 1, 0)])
    listed = "".join(f"90\n{one}\n" for one in [3, 0, 1, 2, number, 0, 1, 2])
    mesh = f"0\nMESH\n8\nM\n100\nAcDbSubDMesh\n{places}93\n{number.removeprefix('-')}\n{listed}"
    assert len(read(written(tmp_path / "p.dxf", dxf(polyface + mesh))).data.triangles) == 2


def test_cells_whose_code_no_class_can_have(tmp_path: Path) -> None:
    """Infinite and huge codes are cells without a class, and that has a code, however large others are."""
    attributes = {"flag_values": [0, 2**63 - 1], "flag_meanings": ["sand", "clay"], "nodata": 7}
    values = np.array([0] * 12 + [7] * 12, np.int64)
    staged = stage(volume("rock", values, attributes), "volume", tmp_path / "s", CRS)
    found = read(staged.export(tmp_path / "m.csv")).data["rock"]
    none = found.attrs["nodata"]
    assert none not in found.attrs["flag_values"]
    assert found.to_numpy().ravel().tolist() == [0] * 12 + [none] * 12
    classes = {"flag_values": [0, 1], "flag_meanings": ["sand", "clay"]}
    codes_of = np.array([0.0, 1.0, np.inf, -np.inf, 1e30, -1e30])
    blocks = Blocks("b", np.zeros(3), np.eye(3), (np.arange(6.0), np.zeros(1), np.zeros(1)))
    blocks.attributes = [Attribute("rock", codes_of, np.zeros(6, bool), classes=classes_of(classes))]
    (draft,) = shape_drafts(Shapes(items=[blocks]), Source(tmp_path, (), "b", tmp_path, Options()))
    found = draft.data["rock"]
    assert found.to_numpy().ravel().tolist() == [0, 1] + [found.attrs["nodata"]] * 4


def test_cells_without_a_class_are_told_where_0_is_free(tmp_path: Path) -> None:
    """Cells that are none become 0, and `nodata` says 0, whatever number it was before."""
    attributes = {"flag_values": [1, 2], "flag_meanings": ["sand", "clay"], "nodata": 255}
    values = np.array([1] * 10 + [2] * 8 + [255] * 6, np.uint8)
    staged = stage(volume("rock", values, attributes), "volume", tmp_path / "s", CRS)
    for suffix in (".omf", ".vo", ".csv"):
        found = read(staged.export(tmp_path / f"m{suffix}")).data["rock"]
        assert (int(found[-1, -1, -1]), found.attrs["nodata"]) == (0, 0)


def test_holes_in_systems_that_are_no_metric_grid(tmp_path: Path) -> None:
    """Metres are not called degrees because a header names such a system, and feet are not written as metres."""
    collars = HOLES.collars.set_crs("EPSG:2263", allow_override=True)
    staged = stage(
        Boreholes(collars, HOLES.surveys, HOLES.intervals, HOLES.curves), "boreholes", tmp_path / "s"
    )
    with pytest.raises(InvalidError, match="metres"):
        staged.export(tmp_path / "a.ags")
    with zipfile.ZipFile(staged.export(tmp_path / "a.las.zip")) as archive:
        (name,) = archive.namelist()
        path = Path(archive.extract(name, tmp_path / "las"))
    draft = read(path)
    assert (draft.crs, draft.data.collars.geometry[0].x) == ("EPSG:2263", 501_000.25)
    in_metres = written(tmp_path / "m.las", path.read_text().replace("X.", "X.M").replace("Y.", "Y.M"))
    in_degrees = written(tmp_path / "d.las", path.read_text().replace("2263", "4326"))
    assert [read(one).crs for one in (in_metres, in_degrees)] == ["", ""]
    ags = stage(HOLES, "boreholes", tmp_path / "t").export(tmp_path / "b.ags")
    for code in ("EPSG:4326", "EPSG:4978", "EPSG:2263"):
        draft = read(written(tmp_path / "c.ags", ags.read_text().replace('"OSGB"', f'"{code}"')))
        assert draft.crs == ""
        assert "crs-unknown" in codes(draft)


def test_directions_of_holes_that_are_not_known(tmp_path: Path) -> None:
    """A bearing that is none is an empty cell, not a word; stations without a depth are left out; depths may be whole."""
    surveys = HOLES.surveys.assign(azimuth=[np.nan, 90.0], inclination=[-90.0, 0.0])
    lost = pd.concat([surveys, surveys.assign(depth=np.nan)], ignore_index=True)
    collars = HOLES.collars.assign(total_depth=pd.array([30, None], "Int64"))
    path = stage(Boreholes(collars, lost, HOLES.intervals, {}), "boreholes", tmp_path / "s").export(
        tmp_path / "a.ags"
    )
    text = path.read_text()
    assert '"DATA","B1","0.000","20.000","","90.0"' in text
    assert '"DATA","B1","20.000","30.000","90.0","0.0"' in text
    assert "nan" not in text
