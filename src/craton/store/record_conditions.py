"""Conditions of a query on a row of records in SQL, words aside: what all SQL catalogues share."""

from __future__ import annotations

from collections.abc import Iterator

from craton.store.conditions import Condition, marks, touching
from craton.store.dialects import Dialect
from craton.store.entries import LISTS
from craton.store.search import Query


def exact_conditions(
    query: Query, dialect: Dialect, shield: str = "", walked: str = ""
) -> Iterator[Condition]:
    """Conditions of `query` on a row `r` of `records`, words aside.

    `shield` is put before a column that has an index which must not be used: any but that of `walked`.
    """
    yield from _where_and_when(query, shield)
    if query.kind is not None:
        yield Condition(f"{shield}r.kind = ?", (query.kind,))
    if query.visibility is not None:
        yield Condition(f"{shield}r.visibility IN ({marks(query.visibility)})", query.visibility)
    if query.quantity:
        yield _listed("quantities", "= ?", (query.quantity,))
    for name, words in query.among.items():
        if name in LISTS:
            yield _listed(name, f"IN ({marks(words)})", words)
        else:
            yield Condition(f"{shield}r.{name} IN ({marks(words)})", words)
    for name, asked in query.spans.items():
        yield Condition(f"{'' if name == walked else shield}r.{name} BETWEEN ? AND ?", asked)
    if query.filter is not None:
        from craton.store.record_filter import Columns, filter_condition

        yield filter_condition(query.filter, Columns(dialect, shield, walked))


def _where_and_when(query: Query, shield: str) -> Iterator[Condition]:
    """Conditions of place and time."""
    if query.boxes:
        sides = " OR ".join(
            ["(r.west <= ? AND r.east >= ? AND r.south <= ? AND r.north >= ?)"] * len(query.boxes)
        )
        yield Condition(f"({sides})", tuple(value for box in query.boxes for value in touching(box)))
    if query.span:
        yield Condition("r.start <= ? AND r.stop >= ?", (query.span.end, query.span.start))
    if query.told_span:
        start, end = query.told_span
        changed = f"(r.start IS NULL AND {shield}r.updated BETWEEN ? AND ?)"
        yield Condition(f"((r.start <= ? AND r.stop >= ?) OR {changed})", (end, start, start, end))


def _listed(table: str, test: str, values: tuple[object, ...]) -> Condition:
    """Whether a name of a row `r` of `records` in one of the lists passes `test`."""
    sql = f"EXISTS (SELECT 1 FROM {table} e WHERE e.name {test} AND e.sequence = r.sequence)"  # noqa: S608 - our words
    return Condition(sql, values)
