"""Orders of records: keys in SQL, and cursors, which say where a page ended."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from craton.model.errors import InvalidError
from craton.model.record import Record
from craton.store.conditions import Condition, joined
from craton.store.entries import COLUMNS, columns, entry
from craton.store.search import UNKNOWN, Key, Query

START = f"coalesce(r.start, {UNKNOWN!r})"
TITLE = "lower(r.title)"

KEYS: dict[str, str] = {
    "id": "r.id",
    "title": TITLE,
    "kind": "r.kind",
    "licence": "r.licence",
    "created": "r.created",
    "updated": "r.updated",
    "datetime": START,
    "version": "r.version",
    "sequence": "r.sequence",
}
"""What records can be sorted by, and how a row `r` of `records` says it."""

_NUMBERS = frozenset({"created", "updated", "datetime", "version", "sequence"})

MOST_CURSOR = 8_000
"""Characters of a cursor."""

_ASCII_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def order_sql(keys: Sequence[Key], name: Callable[[Key], str] = lambda key: KEYS[key.name]) -> str:
    """`ORDER BY` of `keys`, each said by `name`."""
    return ", ".join(f"{name(key)} {'DESC' if key.falls else 'ASC'}" for key in keys)


def cursor_of(query: Query, record: Record) -> str:
    """Where a page of the answers to `query` ended, if `record` was its last."""
    return cursor_at(query, [_value(key.name, record) for key in query.keys])


def cursor_at(query: Query, values: Sequence[object]) -> str:
    """Where a page of the answers to `query` ended, if its last one had these values of the keys."""
    names = [f"{'-' if key.falls else '+'}{key.name}" for key in query.keys]
    return base64.urlsafe_b64encode(msgspec.json.encode([names, values])).rstrip(b"=").decode()


def _value(name: str, record: Record) -> object:
    """Value of a key of `record`, as the database has it."""
    row: dict[str, Any] = dict(zip(COLUMNS, columns(entry(record)), strict=True))
    if name == "title":
        return str(row["title"]).translate(_ASCII_LOWER)
    if name == "datetime":
        return UNKNOWN if row["start"] is None else row["start"]
    return row[name]


def after(query: Query) -> tuple[Condition, ...]:
    """Conditions on what comes after the cursor of `query`; the first one is the bound of an index."""
    if not query.cursor:
        return ()
    values = read_cursor(query)
    ways: list[Condition] = []
    same: list[Condition] = []
    for key, value in zip(query.keys, values, strict=True):
        name, sign = KEYS[key.name], "<" if key.falls else ">"
        ways.append(joined([*same, Condition(f"{name} {sign} ?", (value,))]))
        same.append(Condition(f"{name} = ?", (value,)))
    first = query.keys[0]
    bound = Condition(f"{KEYS[first.name]} {'<=' if first.falls else '>='} ?", (values[0],))
    return (bound, joined(ways, "OR"))


def read_cursor(query: Query) -> list[Any]:
    """Values of the keys in the cursor of `query`; `InvalidError` where it belongs to another order."""
    wrong = InvalidError("the cursor is none that this search gave", hint="begin again without a cursor")
    text = query.cursor
    if len(text) > MOST_CURSOR:
        raise wrong
    try:
        said = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        names, values = msgspec.json.decode(said, type=tuple[list[str], list[float | int | str]])
    except (ValueError, msgspec.DecodeError):
        raise wrong from None
    if names != [f"{'-' if key.falls else '+'}{key.name}" for key in query.keys] or len(values) != len(names):
        raise wrong
    for key, value in zip(query.keys, values, strict=True):
        if isinstance(value, str) == (key.name in _NUMBERS) or _is_too_large(value):
            raise wrong
    return values


def _is_too_large(value: float | str) -> bool:
    return (isinstance(value, float | int) and abs(value) > 1e15) or (
        isinstance(value, str) and "\0" in value
    )


def check_keys(keys: Sequence[Key]) -> None:
    """Refuse keys that records cannot be sorted by."""
    for key in keys:
        if key.name not in KEYS:
            raise InvalidError(
                f"records cannot be sorted by {key.name[:40]!r}", hint=f"but by {', '.join(KEYS)}"
            )
