"""What a person states about a file, in a small file beside it: `NAME.meta.toml`.

title.en = "Mineral deposits"
title.lo = "ແຫຼ່ງແຮ່"
description.en = "Deposits and prospects of three compilations."
licence = "CC-BY-4.0"
owner = "Department of Geology and Mines"
crs = "EPSG:32648"
keywords = ["minerals"]

[columns.depth_km]
unit = "km"
quantity = "depth"
title = "Depth of the focus"
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from craton.model.data import ColumnNote, Draft
from craton.model.errors import RefusedError
from craton.model.record import LanguageMap, Party

SUFFIX = ".meta.toml"
SIZE_LIMIT = 1 << 20


class StatedColumn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is stated about one column, band or variable."""

    unit: str = ""
    quantity: str = ""
    title: str = ""


class Statement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything a `.meta.toml` may say; unknown keys are errors."""

    title: LanguageMap = {}
    description: LanguageMap = {}
    licence: str = ""
    owner: str = ""
    crs: str = ""
    keywords: tuple[str, ...] = ()
    columns: dict[str, StatedColumn] = {}


def read_statement(path: Path) -> Statement:
    """Read the statement at `path`.

    Raises
    ------
    RefusedError
        If it is not TOML or says what a statement cannot say.
    """
    return statement_from(path.read_bytes()[:SIZE_LIMIT], path.name)


def statement_from(content: bytes, name: str) -> Statement:
    """The statement that `content` is; see `read_statement`."""
    try:
        return msgspec.convert(tomllib.loads(content.decode("utf-8")), Statement)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError, RecursionError) as error:
        raise RefusedError(
            "invalid-structure",
            f"{name} cannot be understood: {error}",
            hint="see docs/do/describe-data.md",
        ) from error


def written(statement: Statement) -> str:
    """`statement` as the text of a `.meta.toml`."""
    plain: dict[str, Any] = msgspec.to_builtins(statement)
    columns: dict[str, dict[str, str]] = plain.pop("columns")
    lines = [*_pairs({name: value for name, value in plain.items() if value})]
    for name, column in columns.items():
        lines += ["", f"[columns.{_quoted(name)}]", *_pairs({k: v for k, v in column.items() if v})]
    return "\n".join(lines) + "\n"


def _pairs(values: dict[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from (f"{name}.{_quoted(key)} = {_quoted(text)}" for key, text in value.items())
        elif isinstance(value, str):
            yield f"{name} = {_quoted(value)}"
        else:
            yield f"{name} = [{', '.join(map(_quoted, value))}]"


def _quoted(text: str) -> str:
    """`text` between quotation marks, as TOML wants it; JSON escapes the same way."""
    return msgspec.json.encode(text).decode().replace("\x7f", "\\u007f")


def laid_together(before: Statement, more: Statement) -> Statement:
    """Both statements; where they differ, `more`."""
    stated = {name: value for name in Statement.__struct_fields__ if (value := getattr(more, name))}
    for name in ("title", "description", "columns"):
        if name in stated:
            stated[name] = {**getattr(before, name), **stated[name]}
    return msgspec.structs.replace(before, **stated)


def apply(statement: Statement, draft: Draft) -> None:
    """Write what is stated over what the reader found in `draft`."""
    draft.titles = {**draft.titles, **statement.title}
    draft.descriptions = {**draft.descriptions, **statement.description}
    draft.licence = statement.licence or draft.licence
    draft.keywords = tuple(dict.fromkeys((*draft.keywords, *statement.keywords)))
    if statement.owner:
        draft.parties = (Party(name=statement.owner), *draft.parties)
    for name, column in statement.columns.items():
        stated = {k: v for k, v in msgspec.structs.asdict(column).items() if v}
        draft.notes[name] = replace(draft.notes.get(name, ColumnNote()), **stated)
