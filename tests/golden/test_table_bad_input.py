"""Every file of the public suites of bad CSV: refused, or read with its faults told."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from tests.reading import DATA, read_source

from craton.ingest.table import is_table
from craton.model.data import Draft
from craton.model.describe import describe
from craton.model.errors import RefusedError
from craton.model.findings import FINDINGS
from craton.process.readers import Candidate

pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")

BAD = DATA / "bad_input"
EXPECTED: dict[str, tuple[int, int, dict[str, int]]] = {
    "ascii-notvalid.csv": (1, 3, {}),
    "blank-cells.csv": (5, 2, {}),
    "blank-headers.csv": (2, 3, {"header-repaired": 1}),
    "blank-rows.csv": (2, 3, {"row-blank": 1}),
    "bom.csv": (2, 2, {}),
    "defective-rows.csv": (2, 4, {"row-ragged": 2}),
    "doublequote.csv": (5, 17, {}),
    "duplicate-headers.csv": (2, 5, {"header-repaired": 2}),
    "duplicate-rows.csv": (3, 3, {}),
    "encoding-issue-274.csv": (507, 17, {"column-empty": 11}),
    "invalid.csv": (3, 5, {"header-repaired": 2, "row-ragged": 3, "row-blank": 1}),
    "issue-1066-largecellsize.csv": (19, 2, {}),
    "latin1.csv": (2, 2, {"encoding-guessed": 1}),
    "leading-zeros.csv": (3, 1, {}),
    "long.csv": (6, 2, {}),
    "sheet2.xlsx": (2, 2, {"sheet-empty": 1}),
    "table-with-accents.csv": (
        638, 9, {"encoding-guessed": 1, "date-ambiguous": 583, "date-century": 638, "number-comma": 1_914},
    ),
}  # fmt: skip
"""Rows, columns and findings of the frictionless suite; the two files left out are refused."""

DUPLICATES = {"duplicate-rows.csv": 1, "invalid.csv": 1, "issue-1066-largecellsize.csv": 18}
"""Rows that copy others, which the description of any table counts."""

REFUSED = {"empty.csv": "empty", "merged-cells.xls": "no-data"}


def one_draft(path: Path) -> Draft:
    """The only draft of a file."""
    (draft,) = read_source(path)[1]
    return draft


def test_the_whole_suite_is_tried() -> None:
    """No file of the suite is forgotten in this list."""
    names = {path.name for path in (BAD / "csv_frictionless").iterdir() if path.suffix != ".md"}
    assert names == EXPECTED.keys() | REFUSED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_frictionless_files_are_read_with_their_faults_told(name: str) -> None:
    """Rows, columns and the count of every finding are as expected, and no finding is unknown."""
    draft = one_draft(BAD / "csv_frictionless" / name)
    rows, columns, findings = EXPECTED[name]
    assert (draft.data.num_rows, draft.data.num_columns) == (rows, columns)
    assert {f.code: f.count for f in draft.findings} == findings
    assert {f.code for f in draft.findings} <= FINDINGS.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_copies_of_rows_are_told(name: str) -> None:
    """The record counts rows that are exact copies of others."""
    record = describe(one_draft(BAD / "csv_frictionless" / name), id="test")
    found = {f.code: f.count for f in record.findings}
    assert found.get("row-duplicate", 0) == DUPLICATES.get(name, 0)


@pytest.mark.parametrize("name", REFUSED)
def test_frictionless_files_without_a_table_are_refused(name: str) -> None:
    """A file without content, and a workbook of one cell, hold no table."""
    with pytest.raises(RefusedError) as refused:
        read_source(BAD / "csv_frictionless" / name)
    assert refused.value.code == REFUSED[name]


CONTENTS = {
    "bom.csv": {"id": [1, 2], "name": ["english", "中国人"]},
    "defective-rows.csv": {
        "id": [1101, 1102], "name": ["John", "Julie"], "age": [None, 26], "extra_cells": [None, "Potatoes"],
    },
    "duplicate-headers.csv": {
        "id": [1101, 1102], "name": ["John", "Julie"], "id_2": [0, 0], "age": [30, 26],
        "id_3": ["001101", "001102"],
    },
    "latin1.csv": {"id": [1, 2], "name": ["english", "©"]},
    "leading-zeros.csv": {"value": ["01", "002", "00003"]},
    "sheet2.xlsx": {"id": [1, 2], "name": ["english", "中国人"]},
}  # fmt: skip


@pytest.mark.parametrize("name", CONTENTS)
def test_frictionless_cells_are_whole(name: str) -> None:
    """Cells too many are kept, cells too few are empty, codes keep their zeros, encodings are found."""
    assert one_draft(BAD / "csv_frictionless" / name).data.to_pydict() == CONTENTS[name]


def test_a_code_page_is_found_by_its_words() -> None:
    """The accents of the Luxembourg hotel statistics are right, and so are its decimal commas."""
    table = one_draft(BAD / "csv_frictionless" / "table-with-accents.csv").data
    assert "Année" in table.column_names
    assert table.column("Occupancy rate")[0].as_py() == 0.611553068


@pytest.mark.parametrize(
    "path", sorted((BAD / "csv_spectrum/csvs").glob("*.csv")), ids=lambda path: path.stem
)
def test_csv_spectrum_agrees_with_its_expected_json(path: Path) -> None:
    """Every cell is what the suite expects, as text; a blank one is missing.

    This copy of the suite has lost its carriage returns, so they are taken out of the expected text too.
    """
    wanted = (BAD / "csv_spectrum/json" / f"{path.stem}.json").read_text("utf-8").replace(r"\r\n", r"\n")
    expected = json.loads(wanted)
    rows = one_draft(path).data.to_pylist()
    assert [
        {name: "" if cell is None else str(cell) for name, cell in row.items()} for row in rows
    ] == expected


def test_naughty_strings_are_no_table() -> None:
    """The list of naughty strings is prose to the reader of tables, which leaves it to others."""
    path = BAD / "naughty_strings/blns.txt"
    assert not is_table(Candidate(path, path.name, path.read_bytes()[:16_384]))


def test_naughty_strings_survive_in_cells(tmp_path: Path) -> None:
    """Every naughty string put into a cell comes back as it was, save marks of missing values."""
    strings = json.loads((BAD / "naughty_strings/blns.json").read_text("utf-8"))
    strings = [
        text.replace("\r", "").replace("\0", "")
        for text in strings
        if text.encode("utf-8", "ignore").decode() == text
    ]
    path = tmp_path / "naughty.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("number", "text"), *((i, f"{text}") for i, text in enumerate(strings))])
    draft = one_draft(path)
    found = draft.data.column("text").to_pylist()
    assert len(found) == len(strings) > 400
    missing = {text for text, cell in zip(strings, found, strict=True) if cell is None}
    assert missing <= {"", "NULL", "null", "NaN", "nan", "N/A", "\\N"}
    assert all(cell == text for text, cell in zip(strings, found, strict=True) if cell is not None)
    assert {"formula-text", "missing-mark"} <= {f.code for f in draft.findings}
