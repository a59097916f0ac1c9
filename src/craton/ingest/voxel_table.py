"""Voxels as CSV: a row a cell with the place of its middle and its values, which fill a regular lattice."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc

from craton.ingest.shape_drafts import shape_drafts
from craton.ingest.shapes import Attribute, Blocks, Classes, Shapes, worded
from craton.ingest.table import read_delimited
from craton.model.data import Draft
from craton.process.readers import Candidate, Source, reader

PLACES = (
    ("easting", "northing", "upward"), ("x", "y", "z"), ("xc", "yc", "zc"), ("xcentre", "ycentre", "zcentre"),
    ("longitude", "latitude", "upward"), ("easting", "northing", "elevation"), ("x", "y", "elevation"),
)  # fmt: skip
"""Names of the columns of place, in small letters."""

LEAST_ROWS = 8
SAME = 1e-4
"""How far a coordinate may be off its even place, as a share of the step."""

MOST_ON_AXIS = 100_000
NAME_END = "_name"
"""End of the column that says in words what a code beside it stands for."""

DATE = re.compile(r"\d{4}-\d\d-\d\d")


def _header(head: bytes) -> list[str]:
    line = re.split(rb"[\r\n]", head, maxsplit=1)[0].decode("utf-8", "replace").lstrip("\ufeff").strip()
    return [cell.strip().lower() for cell in next(csv.reader([line]), [])] if line else []


def _is_voxels(candidate: Candidate) -> bool:
    """Whether columns of place come first, others follow, and the first rows step along one axis alone."""
    names = _header(candidate.head)
    if tuple(names[:3]) not in PLACES or len(names) < 4 or len(set(names)) != len(names):
        return False
    lines = candidate.head.split(b"\n")[1:]
    rows = [
        line.split(b",")[:3] for line in lines[: -1 if len(candidate.head) >= 1024 else None] if line.strip()
    ]
    try:
        places = np.array([[float(cell.strip(b' "\r')) for cell in row] for row in rows], np.float64)
    except ValueError:
        return False
    return places.shape[0] >= LEAST_ROWS and places.shape[1:] == (3,) and _steps_evenly(places)


def _steps_evenly(places: np.ndarray) -> bool:
    """Whether places go along one axis by one step, and only now and then to the next row."""
    steps = np.diff(places, axis=0)
    moved = np.abs(steps) > 0
    alone = moved.sum(axis=1) == 1
    if not alone.any():
        return False
    fastest = int(moved[alone][0].argmax())
    along = steps[alone & moved[:, fastest], fastest]
    ends = int((~(alone & moved[:, fastest])).sum())
    return bool(np.ptp(along) <= SAME * abs(float(along[0])) and ends < len(places) / 2)


@reader("voxel-table", suffixes=(".csv",), order=38, matches=_is_voxels)
def read_voxels(source: Source) -> Iterator[Draft]:
    """Read a CSV whose rows fill a regular lattice of cells as a volume; any other stays a table."""
    found = _found(source)
    if found is None:
        yield from read_delimited(source)
        return
    blocks, first = found
    blocks.name = source.stem
    shapes = Shapes([blocks], title=source.stem)
    if first.strip().lower() == "longitude":
        shapes.crs = "EPSG:4326"
        shapes.findings.append(("crs-from-names", ""))
    yield from shape_drafts(shapes, source)


def _found(source: Source) -> tuple[Blocks, str] | None:
    """Blocks of a table and the name of its first column; `None` where the text is none that Arrow reads."""
    try:
        table = pc.read_csv(source.path)
        blocks = _blocks(table)
        return (blocks, str(table.column_names[0])) if blocks is not None else None
    except (pa.ArrowException, UnicodeDecodeError, OSError):
        return None


def _blocks(table: pa.Table) -> Blocks | None:
    """The lattice that all rows fill, each cell once; `None` where they do not."""
    columns = [table.column(number) for number in range(3)]
    if not all(pa.types.is_integer(one.type) or pa.types.is_floating(one.type) for one in columns):
        return None
    places = [one.to_numpy().astype(np.float64) for one in columns]
    axes, rows = [], []
    for place in places:
        if not np.isfinite(place).all():
            return None
        axis, row = np.unique(place, return_inverse=True)
        if not 2 <= axis.size <= MOST_ON_AXIS or np.ptp(np.diff(axis)) > SAME * 10 * float(
            np.diff(axis).mean()
        ):
            return None
        axes.append(axis)
        rows.append(row)
    counts = [axis.size for axis in axes]
    if int(np.prod(counts, dtype=object)) != table.num_rows:
        return None
    cell = np.ravel_multi_index((rows[2], rows[1], rows[0]), (counts[2], counts[1], counts[0]))
    order = np.argsort(cell, kind="stable")
    if not np.array_equal(cell[order], np.arange(cell.size)):
        return None
    blocks = Blocks("", np.zeros(3), np.eye(3), (axes[0], axes[1], axes[2]))
    blocks.attributes = list(_attributes(table, order))
    return blocks if blocks.attributes else None


def _attributes(table: pa.Table, order: np.ndarray) -> Iterator[Attribute]:
    names = table.column_names
    for number in range(3, table.num_columns):
        column = table.column(number)
        name = names[number]
        if name.endswith(NAME_END) and name.removesuffix(NAME_END) in names[3:]:
            continue
        if pa.types.is_boolean(column.type):
            column = column.cast(pa.uint8())
        if pa.types.is_string(column.type):
            told = _of_words(name, column, order)
            if told is not None:
                yield told
        elif pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
            beside = f"{name}{NAME_END}"
            classes = _named(column, table.column(beside)) if beside in names else None
            whole = pa.types.is_integer(column.type)
            values = (column.fill_null(0) if whole else column).to_numpy()[order]
            missing = column.is_null().to_numpy()[order]
            if not whole:
                missing |= np.isnan(values)
            yield Attribute(name, values, missing, classes=classes)


def _named(codes: pa.ChunkedArray, words: pa.ChunkedArray) -> Classes | None:
    """What codes stand for by the words beside them; `None` where one code has several."""
    if not pa.types.is_integer(codes.type):
        return None
    pairs = (
        pa.table({"code": codes, "word": words.cast(pa.string())}).group_by(["code", "word"]).aggregate([])
    )
    told = [
        (code, word)
        for code, word in zip(*(pairs.column(n).to_pylist() for n in ("code", "word")), strict=True)
        if code is not None and word
    ]
    if not told or len({code for code, _ in told}) != len(told):
        return None
    told.sort()
    return Classes(tuple(code for code, _ in told), tuple(word for _, word in told), ("",) * len(told))


def _of_words(name: str, column: pa.ChunkedArray, order: np.ndarray) -> Attribute | None:
    """Words as classes; `None` where there are too many, and for dates."""
    words = np.array(column.to_pylist(), object)[order]
    told = worded(Attribute(name, words))
    if told is None or told.classes is None or DATE.match(told.classes.names[1]):
        return None
    return told
