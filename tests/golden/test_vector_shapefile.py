"""Shapefile sets with members missing, short, damaged or in unstated encodings."""

from __future__ import annotations

import struct
import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from tests.reading import DATA, read_source

from craton.model.data import Draft
from craton.model.errors import RefusedError

SQUARES = [shapely.box(i, 0, i + 1, 1) for i in range(20)]


@pytest.fixture
def squares(tmp_path: Path) -> Path:
    """A shapefile of twenty squares with numbers and a system."""
    path = tmp_path / "squares.shp"
    frame = gpd.GeoDataFrame({"number": np.arange(20)}, geometry=SQUARES, crs=4326)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pyogrio.write_dataframe(frame, path)
    path.with_suffix(".cpg").unlink()
    return path


def only(path: Path, **options: str) -> Draft:
    """The single draft of the file at `path`."""
    (draft,) = read_source(path, **options)[1]
    return draft


def codes(draft: Draft) -> dict[str, int]:
    """Findings of `draft` by code."""
    return {finding.code: finding.count for finding in draft.findings}


def cut(path: Path, size: int) -> None:
    """Shorten the file at `path` to `size` bytes."""
    path.write_bytes(path.read_bytes()[:size])


def test_whole_set(squares: Path) -> None:
    """A sound set has no finding."""
    draft = only(squares)
    assert (draft.data.num_rows, draft.crs, draft.findings) == (20, "EPSG:4326", [])
    assert draft.data["number"].to_pylist() == list(range(20))


def test_missing_index_is_made_anew(squares: Path) -> None:
    """Without the index all shapes are still read."""
    squares.with_suffix(".shx").unlink()
    draft = only(squares)
    assert codes(draft) == {"sidecar-missing": 1}
    assert shapely.total_bounds(shapely.from_wkb(draft.data["geometry"].to_numpy())).tolist() == [0, 0, 20, 1]


@pytest.mark.parametrize("damage", ["short", "absurd"])
def test_damaged_index_is_made_anew(squares: Path, damage: str) -> None:
    """An index that is short or points nowhere does not lose a shape."""
    index = squares.with_suffix(".shx")
    if damage == "short":
        cut(index, 130)
    else:
        index.write_bytes(
            index.read_bytes()[:100] + struct.pack(">ii", 50, 2**31 - 1) + index.read_bytes()[108:]
        )
    draft = only(squares)
    assert draft.data.num_rows == 20
    assert draft.data["geometry"].null_count == 0
    assert codes(draft)["sidecar-conflict"] >= 1


def test_missing_attributes(squares: Path) -> None:
    """Without the attribute table the shapes are read alone."""
    squares.with_suffix(".dbf").unlink()
    draft = only(squares)
    assert (draft.data.num_rows, draft.data.column_names) == (20, ["geometry"])
    assert codes(draft) == {"sidecar-missing": 1}


def test_short_attributes_lose_no_shape(squares: Path) -> None:
    """Rows cut off the attribute table come back empty, beside shapes that are all there."""
    table = squares.with_suffix(".dbf")
    header, row = struct.unpack("<HH", table.read_bytes()[8:12])
    cut(table, header + 5 * row)
    draft = only(squares)
    assert draft.data["number"].to_pylist() == [*range(5), *[None] * 15]
    assert draft.data["geometry"].null_count == 0
    assert codes(draft) == {"truncated": 15}


def test_damaged_attributes_are_left_out(squares: Path) -> None:
    """A table of junk is set aside, not passed off as attributes."""
    squares.with_suffix(".dbf").write_bytes(b"\xee" * 500)
    draft = only(squares)
    assert draft.data.column_names == ["geometry"]
    assert codes(draft) == {"sidecar-conflict": 1}


def test_cut_main_file(squares: Path) -> None:
    """Shapes beyond the end of the main file are counted as lost, their attributes stay."""
    size = squares.stat().st_size
    cut(squares, size - 3 * (size - 100) // 20)
    draft = only(squares)
    assert draft.data["geometry"].null_count == 3
    assert codes(draft) == {"truncated": 3, "geometry-unread": 3}


def test_garbled_records_are_told_from_null_shapes(squares: Path) -> None:
    """A record of a strange type is unread; a null shape is a shape that is null."""
    data = bytearray(squares.read_bytes())
    size = (len(data) - 100) // 20
    data[108:112] = struct.pack("<i", 77)
    data[108 + size : 112 + size] = struct.pack("<i", 0)
    squares.write_bytes(data)
    assert codes(only(squares)) == {"geometry-unread": 1, "geometry-null": 1}


def test_unknown_system_is_said(squares: Path) -> None:
    """A .prj that is not understood is a finding, not silence."""
    squares.with_suffix(".prj").write_text("GARBAGE[")
    draft = only(squares)
    assert draft.crs == ""
    assert "crs-unknown" in codes(draft)


def test_upper_case_members_are_found(squares: Path) -> None:
    """SQUARES.DBF beside squares.shp belongs to it."""
    for suffix in (".dbf", ".shx", ".prj"):
        squares.with_suffix(suffix).rename(squares.with_name(f"SQUARES{suffix.upper()}"))
    draft = only(squares)
    assert (draft.crs, draft.findings) == ("EPSG:4326", [])
    assert draft.data["number"].to_pylist()[-1] == 19


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "ຫຼວງພະບາງ"),
        ("cp1252", "Oudômxai"),
        ("cp874", "ไทย หินแกรนิต ภาคเหนือ จังหวัดเชียงใหม่ หินทราย หินปูน"),
        ("gb18030", "花岗岩 云南省 地质图 石灰岩 玄武岩 断层"),
    ],
)
def test_unstated_encoding_is_found_by_looking(tmp_path: Path, encoding: str, text: str) -> None:
    """Without .cpg the region's encodings are recognised, and the guess is said."""
    path = tmp_path / "names.dbf"
    path.write_bytes(dbase([text.encode(encoding)]))
    draft = only(path)
    assert draft.data["name"].to_pylist() == [text]
    assert codes(draft) == {"encoding-guessed": 1}


def test_stated_encoding_is_taken(tmp_path: Path) -> None:
    """A .cpg file ends the guessing."""
    path = tmp_path / "names.dbf"
    path.write_bytes(dbase(["หิน".encode("cp874")]))
    path.with_suffix(".cpg").write_text("874")
    draft = only(path)
    assert (draft.data["name"].to_pylist(), draft.findings) == (["หิน"], [])


def test_wrong_encoding_is_repaired_and_counted(tmp_path: Path) -> None:
    """Bytes that break the stated encoding are replaced, never passed on as broken text."""
    path = tmp_path / "names.dbf"
    path.write_bytes(dbase([b"good", b"b\xffd"]))
    path.with_suffix(".cpg").write_text("UTF-8")
    draft = only(path)
    assert codes(draft) == {"encoding-repaired": 1}
    assert draft.data["name"].to_pylist() == ["good", "b�d"]


def dbase(texts: list[bytes]) -> bytes:
    """A dBASE III table with one text column that states no language."""
    width = 200
    column = b"name".ljust(11, b"\0") + b"C" + bytes(4) + bytes([width, 0]) + bytes(14)
    rows = b"".join(b" " + text.ljust(width) for text in texts)
    return (
        bytes([3, 99, 1, 1])
        + struct.pack("<IHH", len(texts), 65, width + 1)
        + bytes(20)
        + column
        + b"\r"
        + rows
    )


@pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")
@pytest.mark.parametrize(
    ("name", "rows", "expected"),
    [
        ("corrupt_too_long.shp", 10, {"crs-missing": 1, "format-recovered": 1}),
        ("latin1.shp", 1, {"crs-missing": 1, "sidecar-missing": 1, "encoding-guessed": 1}),
    ],
)
def test_bad_shapefiles_are_read_with_findings(name: str, rows: int, expected: dict[str, int]) -> None:
    """A file longer than its header says and a set without index or encoding are read, and say so."""
    draft = only(DATA / "bad_input" / "shapefile_bad" / name)
    assert (draft.data.num_rows, codes(draft)) == (rows, expected)


def test_header_without_records(tmp_path: Path) -> None:
    """A main file shorter than its header is refused as truncated."""
    path = tmp_path / "a.shp"
    path.write_bytes(b"\x00\x00\x27\x0a" + bytes(20))
    with pytest.raises(RefusedError) as caught:
        read_source(path)
    assert caught.value.code == "truncated"
