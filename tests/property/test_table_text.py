"""Invariants of reading tables of text: no cell is lost, no bytes break it, points are the columns."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from craton.ingest.table import is_table, read_delimited, read_text_table
from craton.model.data import Draft
from craton.model.errors import RefusedError
from craton.model.findings import FINDINGS, REFUSALS
from craton.process.readers import Candidate, Source

QUIET = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def read(content: bytes, name: str = "t.csv") -> Draft:
    """The draft of a file of `content`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        source = Source(path=path, files=(path,), name=name, scratch=Path(folder))
        reader = read_delimited if name.endswith(".csv") else read_text_table
        (draft,) = reader(source)
        return draft


def refusal(content: bytes, name: str = "t.csv") -> str:
    """Code of the refusal a file of `content` ends in; empty where it is read, with known findings."""
    try:
        draft = read(content, name)
    except RefusedError as error:
        return error.code
    unknown = {finding.code for finding in draft.findings} - FINDINGS.keys()
    return f"unknown findings {unknown}" if unknown else ""


def written(rows: list[list[str]], delimiter: str = ",") -> bytes:
    """`rows` as a delimited text."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(rows)
    return out.getvalue().encode()


WORDS = st.text(
    st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="\N{ZERO WIDTH NO-BREAK SPACE}"),
    max_size=12,
)
CELLS = WORDS.map(lambda text: f"w{text}w")


@QUIET
@given(
    rows=st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=12),
    delimiter=st.sampled_from(",;\t|"),
)
def test_texts_come_back_as_they_were(rows: list[list[str]], delimiter: str) -> None:
    """Cells of words, whatever signs they hold, are the same after reading."""
    content = written(
        [["first", "second", "number"], *([*row[:2], str(i)] for i, row in enumerate(rows))], delimiter
    )
    table = read(content).data
    assert table.column("first").to_pylist() == [row[0] for row in rows]
    assert table.column("second").to_pylist() == [row[1] for row in rows]
    assert table.column("number").to_pylist() == list(range(len(rows)))


def cells(table: pa.Table) -> list[float]:
    """Numbers of the column `value`, those taken for marks of missing values from the column beside."""
    values = table.column("value").to_pylist()
    if "value_original" not in table.column_names:
        return values
    texts = table.column("value_original").to_pylist()
    return [json.loads(text) if value is None else value for value, text in zip(values, texts, strict=True)]


FLOATS = st.floats(-1e15, 1e15, allow_nan=False).filter(lambda x: x == 0 or abs(x) > 1e-300)


@QUIET
@given(values=st.lists(FLOATS, min_size=2, max_size=40))
def test_numbers_are_exact(values: list[float]) -> None:
    """A float written in full comes back bit by bit, unless it is a mark of a missing value kept beside."""
    table = read(written([["id", "value"], *([f"s{i}", repr(x)] for i, x in enumerate(values))])).data
    assert cells(table) == values


@QUIET
@given(values=st.lists(st.integers(-(10**18) + 1, 10**18 - 1), min_size=2, max_size=40))
def test_whole_numbers_are_exact(values: list[int]) -> None:
    """Whole numbers of up to eighteen digits do not pass through floats; longer ones are identifiers."""
    table = read(written([["id", "value"], *([f"s{i}", str(x)] for i, x in enumerate(values))])).data
    assert cells(table) == values


@QUIET
@given(
    places=st.lists(st.tuples(st.floats(-180, 180), st.floats(-89, 89)), min_size=1, max_size=30),
    spaced=st.booleans(),
)
def test_points_are_the_columns(places: list[tuple[float, float]], spaced: bool) -> None:
    """Each point is its row's longitude and latitude, also where only spaces part the columns."""
    lines = [f"{lon!r} {lat!r} {i}" for i, (lon, lat) in enumerate(places)]
    content = (
        "\n".join(["lon lat count", *lines])
        if spaced
        else "\n".join(["lon,lat,count", *(x.replace(" ", ",") for x in lines)])
    )
    draft = read(content.encode(), "t.dat" if spaced else "t.csv")
    found = shapely.get_coordinates(shapely.from_wkb(draft.data.column("geometry").to_pylist()))
    assert np.array_equal(found, np.array(places))


@QUIET
@given(content=st.binary(max_size=400), name=st.sampled_from(["t.csv", "t.dat"]))
def test_random_bytes_end_in_a_table_or_a_refusal(content: bytes, name: str) -> None:
    """Whatever the bytes, the reader gives rows with known findings or a refusal with a known code."""
    assert refusal(content, name) in {"", *REFUSALS}


SIGNS = st.text("0123456789.,;:-+<>=\"' \t\n\r#%/ENSWabcdeNA°\\", max_size=300)


@QUIET
@given(text=SIGNS)
def test_random_signs_end_in_a_table_or_a_refusal(text: str) -> None:
    """Texts of the signs that tables are made of are harder than bytes, and end the same way."""
    assert refusal(text.encode()) in {"", *REFUSALS}


@QUIET
@given(head=st.binary(max_size=300) | SIGNS.map(str.encode))
def test_looking_at_a_head_never_fails(head: bytes) -> None:
    """Whether a file is a table is answered for any bytes."""
    assert is_table(Candidate(Path("t.txt"), "t.txt", head)) in {True, False}


@pytest.mark.parametrize(
    "content",
    [
        b"1" + b" " * 200_000 + b"x\n2,3\n",
        b'"' * 100_001,
        b"a," * 5_000 + b"\n" + b"1," * 5_000,
        b"<" * 100_000,
        b"9" * 100_000,
    ],
    ids=["spaces", "quotes", "columns", "signs", "digits"],
)
@pytest.mark.timeout(20)
def test_hostile_texts_end_in_time(content: bytes) -> None:
    """Texts made to keep patterns busy are done in seconds."""
    assert refusal(content) in {"", *REFUSALS}
