"""Search in SQLite: newest records first, soon also where a million are kept.

Three ways lead to the newest answers, and the sizes of the candidate sets,
counted no further than `FEW`, choose between them. Rowids are sequence
numbers, so all walks go backwards from the newest and stop early.

1. Words: walk the postings of the words. If one of the other conditions is
   met by few records, their numbers are gathered first and the walk only
   asks whether a posting is among them, else the record is looked up.
2. No words, one condition met by few: look up these few.
3. No words, all conditions met by many: walk the records.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from craton.model.text import MIN_PREFIX, Phrase
from craton.store.search import Box, Query, Span
from craton.store.sql import Row, Session

FEW = 8_000
"""Records whose numbers are gathered at once when searching (some milliseconds)."""

FEW_TO_COUNT = 100_000
"""The same when counting, which cannot stop early."""

MAX_WORDS = 48
"""Words that the beginning of a word is replaced by; if there are more, FTS5 merges their postings itself."""

TIME_UNIT = 1e7
"""Seconds that weigh as much as a degree where the R-tree groups its boxes: a hundred years are 316."""

NOWHERE = (1e4, 1e4, 1e4, 1e4)
NEVER = (-1e4, -1e4)
"""West, east, south, north in degrees and time in units where no query looks: for records without box or time."""



class Condition(NamedTuple):
    """Part of a `WHERE` or a subquery, with its values."""

    sql: str
    values: tuple[object, ...] = ()


class Walk(NamedTuple):
    """A way through the records: the tables, the column that is the sequence number, what must hold."""

    tables: str
    key: str
    conditions: tuple[Condition, ...]

    @property
    def sql(self) -> str:
        """`FROM` and `WHERE`."""
        return f"FROM {self.tables} WHERE {' AND '.join(one.sql for one in self.conditions) or 'true'}"

    @property
    def values(self) -> list[object]:
        """Values of `sql`."""
        return [value for one in self.conditions for value in one.values]


def extent(box: Box | None, span: Span | None) -> tuple[float, ...]:
    """West, east, south, north, start and end as the R-tree keeps them, in 32 bits rounded outward."""
    place = (box.west, box.east, box.south, box.north) if box else NOWHERE
    return (*place, *((span.start / TIME_UNIT, span.end / TIME_UNIT) if span else NEVER))


def find_records(session: Session, query: Query) -> list[Row]:
    """JSON of the records that answer `query`, one a row."""
    walk = _walk(session, query, FEW)
    if walk is None:
        return []
    sign, direction = ("<", "DESC") if query.order == "newest" else (">", "ASC")
    after = f" AND {walk.key} {sign} ?" if query.after is not None else ""
    return session.rows(
        f"SELECT d.json FROM (SELECT {walk.key} AS key {walk.sql}{after} ORDER BY 1 {direction} LIMIT ? OFFSET ?) k"
        f" JOIN documents d ON d.sequence = k.key ORDER BY k.key {direction}",
        *walk.values,
        *((query.after,) if after else ()),
        query.limit,
        query.offset,
    )


def count_records(session: Session, query: Query) -> int:
    """Number of records that answer `query`."""
    walk = _walk(session, query, FEW_TO_COUNT)
    return int(session.rows(f"SELECT count(*) {walk.sql}", *walk.values)[0][0]) if walk else 0


def _walk(session: Session, query: Query, few: int) -> Walk | None:
    """The way to the answers of `query`, `None` where no record has such words."""
    match = _match(session, query.phrases)
    if match is None:
        return None
    exact, set_ = tuple(_exact(query)), _smallest_set(session, query, few)
    if match:
        # The plus keeps SQLite from asking FTS5 for one number after the other, which is slow.
        among = (Condition(f"+s.rowid IN ({set_.sql})", set_.values),) if set_ else ()
        words = Condition("search MATCH ?", (match,))
        return Walk("search s CROSS JOIN records r ON r.sequence = s.rowid", "s.rowid", (words, *among, *exact))
    if set_:
        return Walk("records r", "r.sequence", (Condition(f"r.sequence IN ({set_.sql})", set_.values), *exact))
    if query.quantity:
        named = Condition("q.name = ?", (query.quantity,))
        return Walk("quantities q CROSS JOIN records r ON r.sequence = q.sequence", "q.sequence", (named, *exact))
    return Walk("records r", "r.sequence", exact)


def _exact(query: Query) -> Iterator[Condition]:
    """Conditions of `query` on a record, words aside; the plus keeps SQLite from walking their index instead."""
    if query.boxes:
        sides = " OR ".join(["(r.west <= ? AND r.east >= ? AND r.south <= ? AND r.north >= ?)"] * len(query.boxes))
        yield Condition(f"({sides})", tuple(value for box in query.boxes for value in _touching(box)))
    if query.span:
        yield Condition("r.start <= ? AND r.stop >= ?", (query.span.end, query.span.start))
    if query.kind is not None:
        yield Condition("+r.kind = ?", (query.kind,))
    if query.visibility is not None:
        yield Condition(f"+r.visibility IN ({_marks(query.visibility)})", query.visibility)
    if query.quantity:
        sql = "EXISTS (SELECT 1 FROM quantities e WHERE e.name = ? AND e.sequence = r.sequence)"
        yield Condition(sql, (query.quantity,))


def _sets(query: Query) -> Iterator[Condition]:
    """Subqueries for the numbers of the records that meet one condition of `query`, perhaps of a few more."""
    if query.boxes or query.span:
        yield _touched(query.boxes, query.span)
    if query.kind is not None:
        yield Condition("SELECT sequence FROM records WHERE kind = ?", (query.kind,))
    if query.visibility is not None:
        sql = f"SELECT sequence FROM records WHERE visibility IN ({_marks(query.visibility)})"
        yield Condition(sql, query.visibility)
    if query.quantity:
        yield Condition("SELECT sequence FROM quantities WHERE name = ?", (query.quantity,))


def _touched(boxes: tuple[Box, ...], span: Span | None) -> Condition:
    """Records whose box and time in the R-tree touch those asked for."""
    time = "start <= ? AND stop >= ?" if span else ""
    times = (span.end / TIME_UNIT, span.start / TIME_UNIT) if span else ()
    if not boxes:
        return Condition(f"SELECT sequence FROM extents WHERE {time}", times)
    place = "west <= ? AND east >= ? AND south <= ? AND north >= ?"
    one = f"SELECT sequence FROM extents WHERE {place}{' AND ' + time if time else ''}"
    values = tuple(value for box in boxes for value in (*_touching(box), *times))
    return Condition(" UNION ALL ".join([one] * len(boxes)), values)


def _touching(box: Box) -> tuple[float, float, float, float]:
    """Limits on west, east, south and north of what touches `box`."""
    return box.east, box.west, box.north, box.south


def _smallest_set(session: Session, query: Query, few: int) -> Condition | None:
    """The set with the fewest records, `None` if all have more than `few`."""
    sized = [(_size(session, one, few), one) for one in _sets(query)]
    size, smallest = min(sized, key=lambda pair: pair[0], default=(few + 1, None))
    return smallest if size <= few else None


def _size(session: Session, one: Condition, few: int) -> int:
    """Number of records in the set, counted to `few` and one more."""
    return int(session.rows(f"SELECT count(*) FROM (SELECT 1 FROM ({one.sql}) LIMIT ?)", *one.values, few + 1)[0][0])


def _match(session: Session, phrases: Iterable[Phrase]) -> str | None:
    """FTS5 expression for all `phrases`, `None` if one of them stands nowhere."""
    terms = [_term(session, phrase) for phrase in phrases]
    return " AND ".join(terms) if all(terms) else None


def _term(session: Session, phrase: Phrase) -> str:
    """FTS5 expression for `phrase`; the beginning of a word becomes the words that begin so, where these are few."""
    beginning = phrase.tokens[0]
    if phrase.prefix and len(phrase.tokens) == 1 and len(beginning) >= MIN_PREFIX:
        sql = "SELECT word FROM words WHERE word >= ? AND word < ? LIMIT ?"
        words = session.rows(sql, beginning, beginning + "\U0010ffff", MAX_WORDS + 1)
        if len(words) <= MAX_WORDS:
            return f"({' OR '.join(_quoted(word) for (word,) in words)})" if words else ""
    return _quoted(" ".join(phrase.tokens)) + ("*" if phrase.prefix else "")


def _quoted(tokens: str) -> str:
    return f'"{tokens}"'


def _marks(values: tuple[str, ...]) -> str:
    return ", ".join("?" * len(values))
