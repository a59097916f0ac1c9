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
from dataclasses import replace
from pathlib import Path

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
    try:
        text = path.read_bytes()[:SIZE_LIMIT].decode("utf-8")
        return msgspec.convert(tomllib.loads(text), Statement)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError, RecursionError) as error:
        raise RefusedError(
            "invalid-structure",
            f"{path.name} cannot be understood: {error}",
            hint="see docs/do/describe-data.md",
        ) from error


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
