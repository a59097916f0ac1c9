"""Attribute columns of vector layers: to the plain types that every store and client knows."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import pyarrow as pa

GEOMETRY = "geometry"


class Plain(NamedTuple):
    """A batch of plain columns, how many texts were repaired and how many columns renamed in it."""

    batch: pa.RecordBatch
    repaired: int
    renamed: int


def plain(batch: pa.RecordBatch, geometry: str) -> Plain:
    """Bring `batch` to plain types, its column `geometry` last and named so.

    Lists, structures and maps become JSON text, coded values their labels,
    text that is not UTF-8 is repaired. An attribute that is itself called
    `geometry` gets a number.
    """
    attributes = [name for name in batch.schema.names if name != geometry]
    names: list[str] = []
    for name in attributes:
        names.append(_free_name(name, names))
    cleaned = [_plain_column(batch.column(name)) for name in attributes]
    columns = [column for column, _ in cleaned]
    renamed = sum(new != old for new, old in zip(names, attributes, strict=True))
    if geometry in batch.schema.names:
        names.append(GEOMETRY)
        columns.append(_storage(batch.column(geometry)).cast(pa.binary()))
    repaired = sum(bad for _, bad in cleaned)
    return Plain(pa.RecordBatch.from_arrays(columns, names=names), repaired, renamed)


def _free_name(name: str, taken: list[str]) -> str:
    """`name`, numbered where it is taken or reserved."""
    candidate, number = name, 1
    while candidate == GEOMETRY or candidate in taken:
        number += 1
        candidate = f"{name}_{number}"
    return candidate


def _plain_column(column: pa.Array) -> tuple[pa.Array, int]:
    column = _storage(column)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_nested(column.type):
        return _to_json(column), 0
    if pa.types.is_string(column.type):
        return _valid_text(column)
    return column, 0


def _storage(column: pa.Array) -> pa.Array:
    return column.storage if isinstance(column, pa.ExtensionArray) else column


def _to_json(column: pa.Array) -> pa.Array:
    texts = [None if value is None else msgspec.json.encode(value).decode() for value in column.to_pylist()]
    return pa.array(texts, type=pa.string())


def _valid_text(column: pa.Array) -> tuple[pa.Array, int]:
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return _repair_text(column)
    return column, 0


def _repair_text(column: pa.Array) -> tuple[pa.Array, int]:
    raw = column.view(pa.binary()).to_pylist()
    texts = [None if value is None else value.decode("utf-8", "replace") for value in raw]
    repaired = sum(text is not None and "�" in text for text in texts)
    return pa.array(texts, type=pa.string()), repaired
