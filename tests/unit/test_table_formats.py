"""Tables in spreadsheets and in Parquet files, made here with the least that their formats ask for."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import pytest
import shapely
from tests.reading import read_source

from craton.ingest import spreadsheet, table_parquet
from craton.model.data import Draft, Series, TableStream
from craton.model.errors import RefusedError

XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OPEN_XML = "application/vnd.openxmlformats-officedocument."
PACKAGE_TYPE = "application/vnd.openxmlformats-package.relationships+xml"

Sheet = list[list[str | float | None]]


def write_workbook(path: Path, sheets: dict[str, Sheet]) -> Path:
    """An XLSX file of plain cells; a text that begins with `date:` is a serial number with a date format."""
    numbers = range(1, len(sheets) + 1)
    types = [
        ("workbook", "sheet.main"),
        ("styles", "styles"),
        *((f"worksheets/sheet{n}", "worksheet") for n in numbers),
    ]
    overrides = "".join(
        f'<Override PartName="/xl/{part}.xml" ContentType="{OPEN_XML}spreadsheetml.{kind}+xml"/>'
        for part, kind in types
    )
    relations = [_relation(f"r{n}", "worksheet", f"worksheets/sheet{n}.xml") for n in numbers]
    names = "".join(
        f'<sheet name="{escape(name)}" sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(sheets, 1)
    )
    rels = f'<Default Extension="rels" ContentType="{PACKAGE_TYPE}"/>'
    formats = '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">{rels}{overrides}</Types>',
        "_rels/.rels": _relations([_relation("r1", "officeDocument", "xl/workbook.xml")]),
        "xl/_rels/workbook.xml.rels": _relations([*relations, _relation("s", "styles", "styles.xml")]),
        "xl/styles.xml": f"<styleSheet {MAIN}>{formats}</styleSheet>",
        "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{OFFICE}"><sheets>{names}</sheets></workbook>',
    }
    parts |= {f"xl/worksheets/sheet{n}.xml": _sheet(rows) for n, rows in enumerate(sheets.values(), 1)}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in parts.items():
            book.writestr(name, XML + content)
    return path


def _relation(id: str, kind: str, target: str) -> str:
    return f'<Relationship Id="{id}" Type="{OFFICE}/{kind}" Target="{target}"/>'


def _relations(inner: list[str]) -> str:
    return f'<Relationships xmlns="{PACKAGE}/relationships">{"".join(inner)}</Relationships>'


def _sheet(rows: Sheet) -> str:
    body = "".join(
        f'<row r="{r}">{"".join(_cell(cell, r, c) for c, cell in enumerate(row))}</row>'
        for r, row in enumerate(rows, 1)
    )
    return f"<worksheet {MAIN}><sheetData>{body}</sheetData></worksheet>"


def _cell(cell: str | float | None, row: int, column: int) -> str:
    place = f"{chr(65 + column)}{row}"
    if cell is None:
        return ""
    if isinstance(cell, str) and cell.startswith("date:"):
        return f'<c r="{place}" s="1"><v>{cell[5:]}</v></c>'
    if isinstance(cell, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{escape(cell)}</t></is></c>'
    return f'<c r="{place}"><v>{cell}</v></c>'


def codes(draft: Draft) -> dict[str, int]:
    """Findings by code."""
    return {finding.code: finding.count for finding in draft.findings}


def test_every_sheet_with_a_table_is_a_draft(tmp_path: Path) -> None:
    """Two tables give two drafts named by their sheets; a sheet of words becomes notes on both."""
    path = write_workbook(
        tmp_path / "book.xlsx",
        {
            "Read me": [["Samples of 2024"], ["Au by fire assay"]],
            "Samples": [
                ["Survey of 2024"],
                [],
                ["id", "lon", "lat", "Au (ppb)"],
                ["a", 102.5, 18.25, "<1"],
                ["b", 103, 19.5, 4],
            ],
            "Codes": [["code", "rock"], [1, "granite"], [2, "basalt"]],
        },
    )
    reader, drafts = read_source(path)
    assert reader == "spreadsheet"
    assert [draft.name for draft in drafts] == ["Samples", "Codes"]
    assert [draft.title for draft in drafts] == ["book – Samples", "book – Codes"]
    samples = drafts[0]
    assert samples.crs == "EPSG:4326"
    assert samples.data.column("Au (ppb)").to_pylist() == [None, 4.0]
    assert shapely.from_wkb(samples.data.column("geometry")[1].as_py()).wkt == "POINT (103 19.5)"
    assert samples.properties["notes"] == "Samples of 2024\nAu by fire assay"
    assert samples.properties["preamble"] == ["Survey of 2024"]
    assert codes(samples)["sheet-empty"] == 1
    assert codes(samples)["header-rows-skipped"] == 1
    assert drafts[1].data.to_pydict() == {"code": [1, 2], "rock": ["granite", "basalt"]}


def test_dates_of_a_spreadsheet_make_a_series(tmp_path: Path) -> None:
    """Serial numbers with a date format are dates: 45292 is the first of January 2024."""
    rows: Sheet = [["date", "head"], *([f"date:{45292 + day}", 1.5 + day] for day in range(5))]
    (draft,) = read_source(write_workbook(tmp_path / "well.xlsx", {"Sheet1": rows}))[1]
    assert isinstance(draft.data, Series)
    assert draft.data.values["time"].iloc[0].isoformat() == "2024-01-01T00:00:00+00:00"
    assert list(draft.data.values["head"]) == [1.5, 2.5, 3.5, 4.5, 5.5]


def test_open_document_spreadsheets(tmp_path: Path) -> None:
    """An ODS sheet is a table like any other."""
    names = {
        kind: f"urn:oasis:names:tc:opendocument:xmlns:{kind}:1.0" for kind in ("office", "table", "text")
    }
    spaces = " ".join(f'xmlns:{kind}="{name}"' for kind, name in names.items())
    words = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    number = '<table:table-cell office:value-type="float" office:value="{0}"/>'
    rows = [[words.format("rock"), words.format("density")], [words.format("granite"), number.format(2.65)]]
    body = "".join(f"<table:table-row>{''.join(row)}</table:table-row>" for row in rows)
    sheet = f'<office:spreadsheet><table:table table:name="Rocks">{body}</table:table></office:spreadsheet>'
    path = tmp_path / "rocks.ods"
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        manifest = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
        book.writestr("META-INF/manifest.xml", f'{XML}<manifest:manifest xmlns:manifest="{manifest}"/>')
        content = f"<office:body>{sheet}</office:body>"
        book.writestr(
            "content.xml", f"{XML}<office:document-content {spaces}>{content}</office:document-content>"
        )
    (draft,) = read_source(path)[1]
    assert draft.name == "Rocks"
    assert draft.data.to_pydict() == {"rock": ["granite"], "density": [2.65]}


def test_a_workbook_of_words_is_refused(tmp_path: Path) -> None:
    """A workbook without a table holds no data."""
    path = write_workbook(tmp_path / "words.xlsx", {"Sheet1": [["only words"]], "Sheet2": []})
    with pytest.raises(RefusedError) as refused:
        read_source(path)
    assert refused.value.code == "no-data"


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04 not a zip", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600]
)
def test_a_broken_workbook_is_refused(tmp_path: Path, content: bytes) -> None:
    """Bytes that only begin like a workbook are corrupt."""
    path = tmp_path / "broken.xlsx"
    path.write_bytes(content)
    with pytest.raises(RefusedError) as refused:
        read_source(path)
    assert refused.value.code == "corrupt"


def test_a_cut_workbook_is_refused(tmp_path: Path) -> None:
    """Half a workbook is corrupt."""
    path = write_workbook(tmp_path / "cut.xlsx", {"Sheet1": [["a", "b"], [1, 2]]})
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(RefusedError) as refused:
        read_source(path)
    assert refused.value.code == "corrupt"


def test_a_workbook_that_unpacks_without_measure_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What its own directory says it unpacks to is checked before anything is unpacked."""
    path = write_workbook(tmp_path / "bomb.xlsx", {"Sheet1": [["a", "b"], [1, 2]]})
    monkeypatch.setattr(spreadsheet, "UNPACKED_LIMIT", 100)
    with pytest.raises(RefusedError) as refused:
        read_source(path)
    assert refused.value.code == "too-large"


def test_an_xls_that_is_text_is_read_as_text(tmp_path: Path) -> None:
    """Many programs give Excel's suffix to tabs and text."""
    path = tmp_path / "export.xls"
    path.write_text("id\tvalue\n1\t2.5\n2\t3.5\n")
    reader, (draft,) = read_source(path)
    assert reader == "text-table"
    assert draft.data.to_pydict() == {"id": [1, 2], "value": [2.5, 3.5]}


def write_parquet(path: Path, table: pa.Table, geo: object = None) -> Path:
    """A Parquet file, with the metadata of GeoParquet where `geo` is given."""
    if geo is not None:
        table = table.replace_schema_metadata({"geo": geo if isinstance(geo, str) else json.dumps(geo)})
    pq.write_table(table, path, row_group_size=50)
    return path


POINTS = shapely.points(np.arange(200) / 10, np.arange(200) / 20)
WKB = pa.table({"id": pa.array(range(200)), "shape": pa.array(shapely.to_wkb(POINTS), type=pa.binary())})


@pytest.mark.parametrize(
    ("crs", "expected"),
    [
        ({"crs": pyproj.CRS("EPSG:32648").to_json_dict()}, "EPSG:32648"),
        ({}, "OGC:CRS84"),
        ({"crs": None}, ""),
        ({"crs": {"type": "nonsense"}}, ""),
    ],
)
def test_geoparquet_states_its_system(tmp_path: Path, crs: dict[str, object], expected: str) -> None:
    """The system is that of the metadata, OGC:CRS84 where it says nothing, none where it says null."""
    geo = {"version": "1.1.0", "primary_column": "shape", "columns": {"shape": {"encoding": "WKB", **crs}}}
    (draft,) = read_source(write_parquet(tmp_path / "t.parquet", WKB, geo))[1]
    assert draft.crs == expected
    assert draft.data.column_names == ["id", "geometry"]
    assert draft.data.column("geometry").to_pylist() == WKB.column("shape").to_pylist()
    assert ("crs-missing" in codes(draft)) is (expected == "")


def test_geometries_as_lists_of_coordinates(tmp_path: Path) -> None:
    """The native encoding of GeoParquet 1.1 becomes WKB."""
    shapes = pa.StructArray.from_arrays([pa.array([1.0, 3.0]), pa.array([2.0, 4.0])], names=["x", "y"])
    geo = {"version": "1.1.0", "primary_column": "shape", "columns": {"shape": {"encoding": "point"}}}
    path = write_parquet(tmp_path / "t.parquet", pa.table({"id": [1, 2], "shape": shapes}), geo)
    (draft,) = read_source(path)[1]
    assert [shapely.from_wkb(one).wkt for one in draft.data.column("geometry").to_pylist()] == [
        "POINT (1 2)",
        "POINT (3 4)",
    ]


@pytest.mark.parametrize("geo", ["not json", '{"columns": 5}', "[1]", '{"primary_column": "absent"}'])
def test_broken_metadata_leaves_a_plain_table(tmp_path: Path, geo: str) -> None:
    """Metadata of GeoParquet that cannot be understood does not stop the rows."""
    (draft,) = read_source(write_parquet(tmp_path / "t.parquet", pa.table({"a": [1], "b": ["x"]}), geo))[1]
    assert draft.data.to_pydict() == {"a": [1], "b": ["x"]}


def test_columns_of_coordinates_in_parquet_become_points(tmp_path: Path) -> None:
    """Longitude and latitude of a plain Parquet table make points, as in a text table."""
    table = pa.table({"lon": [102.5, None], "lat": [18.5, 19.0], "tags": [["a"], ["b", "c"]]})
    (draft,) = read_source(write_parquet(tmp_path / "t.parquet", table))[1]
    assert draft.crs == "EPSG:4326"
    assert draft.data.column("geometry").null_count == 1
    assert codes(draft)["coordinate-missing"] == 1
    assert draft.data.column("tags").to_pylist() == ['["a"]', '["b","c"]']


@pytest.mark.parametrize("geo", [True, False])
def test_long_parquet_files_are_streamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, geo: bool) -> None:
    """Read in batches, a table has the rows it has when read at once."""
    table = (
        WKB if geo else pa.table({"id": range(200), "lon": np.arange(200) * 1.0, "lat": np.arange(200) / 10})
    )
    metadata = {"primary_column": "shape", "columns": {"shape": {"encoding": "WKB"}}} if geo else None
    path = write_parquet(tmp_path / "t.parquet", table, metadata)
    (whole,) = read_source(path)[1]
    monkeypatch.setattr(table_parquet, "STREAM_FROM", 1)
    monkeypatch.setattr(table_parquet, "BATCH_ROWS", 32)
    (stream,) = read_source(path)[1]
    assert isinstance(stream.data, TableStream)
    batches = list(stream.data.batches())
    assert len(batches) > 4
    assert pa.Table.from_batches(batches, stream.data.schema).to_pylist() == whole.data.to_pylist()
    assert codes(stream) == codes(whole)
    assert stream.crs == whole.crs


@pytest.mark.parametrize("cut", [10, -5, -40])
def test_broken_parquet_files_are_refused(tmp_path: Path, cut: int) -> None:
    """A Parquet file that ends early is corrupt."""
    path = write_parquet(tmp_path / "t.parquet", WKB)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(RefusedError) as refused:
        read_source(path)
    assert refused.value.code == "corrupt"
