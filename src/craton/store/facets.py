"""How often each value of a field occurs among the answers to a query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from craton.model.errors import InvalidError
from craton.store.conditions import Condition, marks
from craton.store.entries import COUNTED
from craton.store.search import BEGUN, Query
from craton.store.session import Row, Session

MOST_COUNTED = 20_000
"""Answers whose values are counted one by one; of more, the newest are."""

_LISTS = {"quantity": "quantities", "keyword": "keywords", "party": "parties"}


class Facets(NamedTuple):
    """Values and their numbers by field, the most frequent first.

    `counted` answers were looked at, the newest ones; `whole` tells whether these were all.
    """

    counted: int
    whole: bool
    fields: dict[str, list[tuple[str, int]]]


def check_fields(fields: Sequence[str]) -> None:
    """Refuse fields that are not counted."""
    for field in fields:
        if field not in COUNTED:
            raise InvalidError(f"{field[:40]!r} is not counted", hint=f"but {', '.join(COUNTED)} are")


def whole_facets(session: Session, query: Query, fields: Sequence[str], most: int) -> Facets:
    """Facets of all that the asker may see, from the numbers that are kept."""
    seen = _seen(query)
    rows = session.rows(
        f"SELECT field, value, sum(number) FROM counts WHERE field IN ({marks(fields)}){seen.sql}"  # noqa: S608 - marks
        " GROUP BY field, value",
        *fields,
        *seen.values,
    )
    return Facets(total_of(session, query), whole=True, fields=_most_frequent(rows, fields, most))


def total_of(session: Session, query: Query) -> int:
    """Number of all records that the asker of `query` may see."""
    seen = _seen(query)
    sql = f"SELECT sum(number) FROM counts WHERE field = 'kind'{seen.sql}"  # noqa: S608 - our own words
    return int(session.rows(sql, *seen.values)[0][0] or 0)


def _seen(query: Query) -> Condition:
    if query.visibility is None:
        return Condition("")
    return Condition(f" AND visibility IN ({marks(query.visibility)})", query.visibility)


def counted_facets(
    session: Session, answers: Condition, fields: Sequence[str], most: int, *, decade: str
) -> Facets:
    """Facets of the newest answers.

    Parameters
    ----------
    answers : Condition
        A query for `sequence`, `kind`, `licence` and `start` of the answers, the newest first.
    fields : sequence of str
        Among `COUNTED`.
    most : int
        Values of each field that are told.
    decade : str
        SQL for the first year of the decade of the moment `k.start`.
    """
    parts = [
        "SELECT '' AS field, '' AS value, count(*) AS number FROM k",
        *(_part(f, decade) for f in fields),
    ]
    rows = session.rows(
        f"WITH k AS MATERIALIZED ({answers.sql} LIMIT ?) {' UNION ALL '.join(parts)}",
        *answers.values,
        MOST_COUNTED + 1,
    )
    counted = next(int(number) for field, _, number in rows if not field)
    whole = counted <= MOST_COUNTED
    return Facets(min(counted, MOST_COUNTED), whole, _most_frequent(rows, fields, most))


def _part(field: str, decade: str) -> str:
    """Query for the numbers of one field among the answers `k`."""
    if field in _LISTS:
        among = f"k CROSS JOIN {_LISTS[field]} e WHERE e.sequence = k.sequence"
        return f"SELECT '{field}', e.name, count(*) FROM {among} GROUP BY e.name"  # noqa: S608 - our own words
    if field == "decade":
        known = f"k.start > {BEGUN!r}"
        return f"SELECT 'decade', CAST({decade} AS TEXT), count(*) FROM k WHERE {known} GROUP BY 2"  # noqa: S608 - our words
    return f"SELECT '{field}', k.{field}, count(*) FROM k WHERE k.{field} <> '' GROUP BY k.{field}"  # noqa: S608 - our words


def _most_frequent(rows: Sequence[Row], fields: Sequence[str], most: int) -> dict[str, list[tuple[str, int]]]:
    found: dict[str, list[tuple[str, int]]] = {field: [] for field in fields}
    for field, value, number in rows:
        if field in found:
            found[field].append((value, int(number)))
    return {field: sorted(pairs, key=_rank)[:most] for field, pairs in found.items()}


def _rank(pair: tuple[str, int]) -> tuple[int, str]:
    return -pair[1], pair[0]
