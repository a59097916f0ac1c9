"""Search in SQLite: newest records first, soon also where a million are kept.

Several ways lead to the newest answers, and the sizes of the sets of records
that meet one condition, counted no further than `FEW`, choose between them.
Rowids are sequence numbers, so all walks go backwards from the newest and
stop early.

1. One condition met by very few: look these up, and the words in their texts.
2. Words: walk their postings. If another condition is met by few, their
   numbers are gathered first and the walk only asks whether a posting is
   among them, else the record is looked up.
3. No words, one condition met by few: look these up.
4. No words, all conditions met by many: walk the records.

In another order than that of the changes, a set of few is sorted, else the
index of the order is walked and every record on the way is looked at.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from craton.model.text import MIN_PREFIX, Phrase
from craton.store.conditions import NEVER, TIME_UNIT, Condition, joined, marks, touching
from craton.store.dialects import SQLITE
from craton.store.entries import LISTS
from craton.store.record_conditions import exact_conditions
from craton.store.record_order import KEYS, after, order_sql
from craton.store.search import Box, Key, Query, Span
from craton.store.session import Row, Session, newest_sequence

FEW = 8_000
"""Records whose numbers are gathered at once when searching (some milliseconds)."""

TIMELESS = Span(NEVER[0] * TIME_UNIT, NEVER[1] * TIME_UNIT)
"""Where the tree has records whose time is not known."""

VERY_FEW = 700
"""Records whose texts are read sooner than the postings of a common word are walked."""

FEW_TO_COUNT = 100_000
"""The same when counting, which cannot stop early."""

FEW_TO_SORT = 20_000
"""The same when another order is asked for, which an index gives record by record."""

INDEXES = {
    "id": "sqlite_autoindex_records_1", "title": "records_title", "kind": "records_kind",
    "created": "records_created", "updated": "records_updated", "datetime": "records_start",
}  # fmt: skip
"""Indexes of the keys of an order."""

MAX_WORDS = 48
"""Words that the beginning of a word is replaced by; if there are more, FTS5 merges their postings itself."""


MOST_SIZES = 256
"""Sizes of sets that are remembered: a page is searched, then its answers are counted, from the same sets."""


class Sizes:
    """Sizes of sets of records, remembered until the catalogue changes."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[object, ...], int] = OrderedDict()

    def of(self, session: Session, one: Condition, few: int) -> int:
        """Number of records in the set, counted to `few` and one more."""
        key = (newest_sequence(session), one.sql, one.values, few)
        size = self._known.get(key)
        if size is None:
            sql = f"SELECT count(*) FROM (SELECT 1 FROM ({one.sql}) LIMIT ?)"  # noqa: S608 - our own words, values apart
            size = self._known[key] = int(session.rows(sql, *one.values, few + 1)[0][0])
            while len(self._known) > MOST_SIZES:
                self._known.popitem(last=False)
        return size


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


def find_records(session: Session, sizes: Sizes, query: Query) -> list[Row]:
    """JSON of the records that answer `query`, one a row."""
    keys = query.keys
    is_plain = keys[0].name == "sequence"
    walk = _walk(session, sizes, query, FEW) if is_plain else _sorted_walk(session, sizes, query)
    if walk is None:
        return []
    names = [walk.key if key.name == "sequence" else KEYS[key.name] for key in keys]
    begun = joined([*_begun(query, walk)])
    rank = order_sql(keys, lambda key: str(1 + keys.index(key)))
    return session.rows(
        f"SELECT d.json FROM"  # noqa: S608 - our own words, values apart
        f" (SELECT {', '.join(f'{name} AS k{n}' for n, name in enumerate(names))} {walk.sql} AND {begun.sql}"
        f" ORDER BY {rank} LIMIT ? OFFSET ?) k"
        f" JOIN documents d ON d.sequence = k.k{_place_of_sequence(keys)}"
        f" ORDER BY {order_sql(keys, lambda key: f'k.k{keys.index(key)}')}",
        *walk.values,
        *begun.values,
        query.limit,
        query.offset,
    )


def _place_of_sequence(keys: tuple[Key, ...]) -> int:
    return next(n for n, key in enumerate(keys) if key.name == "sequence")


def _begun(query: Query, walk: Walk) -> Iterator[Condition]:
    """Conditions on what comes after the page before."""
    for one in after(query):
        yield Condition(one.sql.replace(KEYS["sequence"], walk.key), one.values)
    if query.after is not None:
        yield Condition(f"{walk.key} {'<' if query.order == 'newest' else '>'} ?", (query.after,))


def count_records(session: Session, sizes: Sizes, query: Query, most: int | None = None) -> int:
    """Number of records that answer `query`; no more than `most` are counted."""
    walk = _walk(session, sizes, query, FEW_TO_COUNT if most is None else FEW)
    if walk is None:
        return 0
    if most is None:
        return int(session.rows(f"SELECT count(*) {walk.sql}", *walk.values)[0][0])
    sql = f"SELECT count(*) FROM (SELECT 1 {walk.sql} LIMIT ?)"  # noqa: S608 - our own words, values apart
    return int(session.rows(sql, *walk.values, most)[0][0])


def newest_answers(session: Session, sizes: Sizes, query: Query) -> Condition | None:
    """Query for what is counted of the answers to `query`, newest first; `None` where there are none."""
    walk = _walk(session, sizes, query, FEW)
    if walk is None:
        return None
    sql = f"SELECT r.sequence, r.kind, r.licence, r.start {walk.sql} ORDER BY {walk.key} DESC"
    return Condition(sql, tuple(walk.values))


def _walk(session: Session, sizes: Sizes, query: Query, few: int) -> Walk | None:
    """The way to the answers of `query`, `None` where no record has such words."""
    size, numbers = _smallest_set(session, sizes, query, few)
    exact = tuple(exact_conditions(query, SQLITE, "+"))
    if numbers and size <= (VERY_FEW if query.groups else few):
        among = Condition(f"r.sequence IN ({numbers.sql})", numbers.values)
        return Walk("records r", "r.sequence", (among, *exact, *_said(query.groups)))
    if query.groups:
        match = _match(session, query.groups)
        return _walk_postings(match, numbers if size <= few else None, exact) if match else None
    if query.quantity:
        named = Condition("q.name = ?", (query.quantity,))
        return Walk(
            "quantities q CROSS JOIN records r ON r.sequence = q.sequence", "q.sequence", (named, *exact)
        )
    return Walk("records r", "r.sequence", exact)


def _sorted_walk(session: Session, sizes: Sizes, query: Query) -> Walk | None:
    """The way to the answers of `query` in the order of its keys."""
    first = query.keys[0].name
    match = _match(session, query.groups) if query.groups else ""
    if match is None:
        return None
    sets = [Condition("SELECT rowid FROM search WHERE search MATCH ?", (match,))] if match else []
    size, numbers = _smallest_set(session, sizes, query, FEW_TO_SORT, sets)
    exact = (*exact_conditions(query, SQLITE, "+", walked=first), *_said(query.groups))
    if numbers and size <= FEW_TO_SORT:
        among = Condition(f"r.sequence IN ({numbers.sql})", numbers.values)
        return Walk("records r NOT INDEXED", "r.sequence", (among, *exact))
    index = f" INDEXED BY {INDEXES[first]}" if first in INDEXES else ""
    return Walk(f"records r{index}", "r.sequence", exact)


def _walk_postings(match: str, numbers: Condition | None, exact: tuple[Condition, ...]) -> Walk:
    # The plus keeps SQLite from asking FTS5 for one number after the other, which is slow.
    among = (Condition(f"+s.rowid IN ({numbers.sql})", numbers.values),) if numbers else ()
    words = Condition("search MATCH ?", (match,))
    return Walk("search s CROSS JOIN records r ON r.sequence = s.rowid", "s.rowid", (words, *among, *exact))


def _said(groups: tuple[tuple[Phrase, ...], ...]) -> tuple[Condition, ...]:
    """Whether all phrases of one of the groups stand in the text of a record."""
    ways = [joined([_says(phrase) for phrase in phrases]) for phrases in groups]
    return (joined(ways, "OR"),) if ways else ()


def _says(phrase: Phrase) -> Condition:
    """Whether the text of a record, tokens with one space between them, has `phrase`."""
    wanted = f" {' '.join(phrase.tokens)}{'' if phrase.prefix else ' '}"
    said = "SELECT 1 FROM texts t WHERE t.sequence = r.sequence AND instr(' ' || t.tokens || ' ', ?) > 0"
    return Condition(f"EXISTS ({said})", (wanted,))


def _sets(session: Session, query: Query) -> Iterator[Condition]:
    """Subqueries for the numbers of the records that meet one condition of `query`, perhaps of a few more."""
    if query.span or (query.boxes and not query.told_span):
        yield _touched(query.boxes, query.span)
    if query.told_span:
        known, unknown = _touched(query.boxes, query.told_span), _touched(query.boxes, TIMELESS)
        yield Condition(f"{known.sql} UNION ALL {unknown.sql}", known.values + unknown.values)
    if query.kind is not None:
        yield Condition("SELECT sequence FROM records WHERE kind = ?", (query.kind,))
    if query.visibility is not None and _visible(session, query.visibility) <= FEW_TO_COUNT:
        sql = f"SELECT sequence FROM records WHERE visibility IN ({marks(query.visibility)})"  # noqa: S608 - marks
        yield Condition(sql, query.visibility)
    if query.quantity:
        yield Condition("SELECT sequence FROM quantities WHERE name = ?", (query.quantity,))
    for name, words in query.among.items():
        column, table = ("name", name) if name in LISTS else (name, "records")
        if column != "licence":
            yield Condition(f"SELECT sequence FROM {table} WHERE {column} IN ({marks(words)})", words)  # noqa: S608 - our own words
    for name, asked in query.spans.items():
        yield Condition(f"SELECT sequence FROM records WHERE {name} BETWEEN ? AND ?", asked)  # noqa: S608 - our own words
    if query.filter is not None:
        from craton.store.record_filter_sets import filter_sets

        yield from filter_sets(query.filter, SQLITE, lambda boxes: _touched(boxes, None))


def _visible(session: Session, visibility: tuple[str, ...]) -> int:
    """Number of records of these visibilities, which is kept."""
    sql = (
        "SELECT coalesce(sum(number), 0) FROM counts"  # noqa: S608 - marks
        f" WHERE field = 'kind' AND visibility IN ({marks(visibility)})"
    )
    return int(session.rows(sql, *visibility)[0][0])


def _touched(boxes: tuple[Box, ...], span: Span | None) -> Condition:
    """Records whose box and time in the R-tree touch those asked for."""
    place = "west <= ? AND east >= ? AND south <= ? AND north >= ?" if boxes else "true"
    time = "start <= ? AND stop >= ?" if span else "true"
    times = (span.end / TIME_UNIT, span.start / TIME_UNIT) if span else ()
    values = [(*(touching(box) if box else ()), *times) for box in boxes or (None,)]
    one = f"SELECT sequence FROM extents WHERE {place} AND {time}"  # noqa: S608 - our own words, values apart
    return Condition(
        " UNION ALL ".join([one] * len(values)), tuple(value for some in values for value in some)
    )


def _smallest_set(
    session: Session, sizes: Sizes, query: Query, few: int, more: Iterable[Condition] = ()
) -> tuple[int, Condition | None]:
    """The smallest set of records that meet a condition, and its size, counted to `few` and one more."""
    size, smallest = few + 1, None
    for one in (*_sets(session, query), *more):
        # Of a set that is not smaller than the smallest so far it need not be known how large it is.
        found = sizes.of(session, one, size - 1)
        if smallest is None or found < size:
            size, smallest = found, one
    return (size, smallest) if smallest else (0, None)


def _match(session: Session, groups: Iterable[Iterable[Phrase]]) -> str | None:
    """FTS5 expression for all phrases of one of the groups, `None` if none can be met."""
    ways = [[_term(session, phrase) for phrase in phrases] for phrases in groups]
    found = [f"({' AND '.join(terms)})" for terms in ways if all(terms)]
    return " OR ".join(found) or None


def _term(session: Session, phrase: Phrase) -> str:
    """FTS5 expression for `phrase`; the beginning of a word becomes the words that begin so, if few."""
    beginning = phrase.tokens[0]
    if phrase.prefix and len(phrase.tokens) == 1 and len(beginning) >= MIN_PREFIX:
        sql = "SELECT word FROM words WHERE word >= ? AND word < ? LIMIT ?"
        words = session.rows(sql, beginning, beginning + "\U0010ffff", MAX_WORDS + 1)
        if len(words) <= MAX_WORDS:
            return f"({' OR '.join(_quoted(word) for (word,) in words)})" if words else ""
    return _quoted(" ".join(phrase.tokens)) + ("*" if phrase.prefix else "")


def _quoted(tokens: str) -> str:
    return f'"{tokens}"'
