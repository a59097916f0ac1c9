"""JSON text: from a file's bytes to parsed values, safely and with the place of an error."""

from __future__ import annotations

import codecs
import json
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from craton.ingest.table_text import open_text
from craton.model.data import Draft
from craton.model.errors import RefusedError
from craton.model.record import Finding

DUPLICATE_LIMIT = 1 << 20
"""Size in bytes up to which repeated member names are looked for (it takes a second parse)."""


NOT_UTF8 = "JSON is UTF-8 by its standard, this text is not"


class JsonText(NamedTuple):
    """A JSON text as UTF-8 without a mark, and what was found about its encoding."""

    data: bytes
    findings: list[Finding]


def open_json(path: Path, scratch: Path) -> JsonText:
    """The text of the file at `path` as UTF-8, whatever encoding it came in; refused when it is no text."""
    data = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    if is_utf8(data):
        return JsonText(data, [])
    clean = open_text(path, scratch)
    findings = list(clean.findings) or [Finding(code="structure-nonstandard", message=NOT_UTF8)]
    return JsonText(clean.path.read_bytes()[clean.offset :], findings)


def is_utf8(data: bytes) -> bool:
    """Whether `data` is valid UTF-8."""
    try:
        return data.isascii() or bool(data.decode())
    except UnicodeDecodeError:
        return False


def check(data: bytes) -> None:
    """Refuse `data` (UTF-8) unless it is one well-formed JSON value of bearable depth.

    Nothing is built in memory, so the size of the text does not matter.
    """
    if not data.strip():
        raise RefusedError("empty", "the file holds blank space only", hint="export it again")
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
    except RecursionError as error:
        raise _too_deep() from error
    except msgspec.DecodeError as error:
        raise RefusedError(
            "invalid-json",
            f"the text is not JSON: {place(data, str(error))}",
            hint="export it again, or correct that line",
        ) from error


def _too_deep() -> RefusedError:
    return RefusedError("too-deep", "the JSON text nests deeper than any real data", hint="export it again")


def place(data: bytes, message: str) -> str:
    """`message` of the parser with its byte offset turned into line and column."""
    words, _, offset = message.partition(" (byte ")
    words = words.removeprefix("JSON is malformed: ").removeprefix("Input ")
    position = int(offset.rstrip(")")) if offset else len(data)
    before = data[:position]
    line, column = before.count(b"\n") + 1, position - before.rfind(b"\n")
    return f"{words} in line {line}, column {column}"


def parse(data: bytes) -> object:
    """The value of the checked JSON text `data`; numbers beyond float64 become infinite."""
    try:
        return msgspec.json.decode(data)
    except msgspec.DecodeError:
        return json.loads(data, parse_int=float)
    except RecursionError as error:
        raise _too_deep() from error


def fits(data: msgspec.Raw | bytes | None, type: Any) -> bool:
    """Whether the JSON text `data` is a value of `type`; an absent one always is."""
    if data is None:
        return True
    try:
        msgspec.json.decode(data, type=type)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def duplicate_members(data: bytes) -> int:
    """How many member names repeat an earlier one of the same object; 0 for long texts."""
    repeated = 0

    def count(pairs: list[tuple[str, object]]) -> None:
        nonlocal repeated
        repeated += len(pairs) - len({name for name, _ in pairs})

    if len(data) <= DUPLICATE_LIMIT:
        try:
            json.loads(data, object_pairs_hook=count, parse_int=str)
        except RecursionError as error:
            raise _too_deep() from error
    return repeated


def note(draft: Draft, text: JsonText) -> None:
    """Add to `draft` what was found about encoding and repeated names of `text`."""
    draft.findings += text.findings
    repeated = duplicate_members(text.data)
    if repeated:
        draft.find("structure-nonstandard", repeated, "members have the name of another; the last one counts")
