"""What a catalogue is asked, and what of a record answers it: boxes, spans of time, words."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Literal, NamedTuple

from craton.model.errors import InvalidError
from craton.model.moments import moment
from craton.model.record import Bbox, Period, Record
from craton.model.text import Phrase, query_tokens, search_tokens

if TYPE_CHECKING:
    from craton.model.cql2 import Expression

Order = Literal["newest", "oldest"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
END = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""An open side of a period reaches to the first or the last year RFC 3339 can write."""

BEGUN = -62_104_060_800.0
"""Start of the year 2: what begins before it has no beginning."""

UNKNOWN = -1e12
"""Stands for a time that is not known: before all others."""

PROPERTY_DEPTH = 3
"""Nesting of a record's properties within which words are found."""


class Box(NamedTuple):
    """A rectangle in degrees, unrolled: west is −180 to 180, east at least west and up to a turn more."""

    west: float
    south: float
    east: float
    north: float


class Span(NamedTuple):
    """A closed span of time in seconds since 1970."""

    start: float
    end: float


class Key(NamedTuple):
    """One key of an order: its name, see `craton.store.record_order.KEYS`, and whether it falls."""

    name: str
    falls: bool = False


@dataclass(frozen=True)
class Query:
    """Conditions that all must hold; a condition left empty holds always.

    Parameters
    ----------
    bbox : tuple of float
        West, south, east, north in degrees; a record's box must touch it.
    time : Period
        A record's time must touch it.
    told : Period
        The same, and of a record whose time is not known that of its last change.
    text : str
        Words, see `craton.model.text.query_tokens`.
    kind, quantity : str
        Exact names.
    visibility : tuple of str
        What the asker may see.
    after : int
        Only records that come after this sequence number in `order`.
    any_text : tuple of str
        Texts of which one must be said, each as `text`.
    ids, kinds, licences : tuple of str
        A record must have one of them.
    quantities, keywords, parties, identifiers : tuple of str
        A record must have one of these among its own.
    updated, created : Period
        Within which the record changed, or came.
    filter : Expression
        A condition in CQL2 on the properties of `craton.store.record_filter.QUERYABLES`.
    sort : tuple of Key
        Keys to sort by, the first one first, instead of `order`.
    cursor : str
        Only records that come after the one of this cursor, see `craton.store.record_order.cursor_of`.
    """

    bbox: Bbox | None = None
    time: Period | None = None
    text: str = ""
    kind: str | None = None
    quantity: str = ""
    visibility: tuple[str, ...] | None = None
    limit: int = 10
    after: int | None = None
    offset: int = 0
    order: Order = "newest"
    any_text: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    licences: tuple[str, ...] = ()
    quantities: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    parties: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    updated: Period | None = None
    created: Period | None = None
    filter: Expression | None = None
    sort: tuple[Key, ...] = ()
    cursor: str = ""
    told: Period | None = None

    def __post_init__(self) -> None:
        if self.limit < 0 or self.offset < 0:
            raise InvalidError(f"limit and offset must be 0 or more, not {self.limit} and {self.offset}")
        if self.order not in ("newest", "oldest"):
            raise InvalidError(f"order must be newest or oldest, not {self.order!r}")

    @cached_property
    def boxes(self) -> tuple[Box, ...]:
        """The box, and the same a turn to the east and to the west where an unrolled record may touch it."""
        return turned(unroll(self.bbox)) if self.bbox is not None else ()

    @cached_property
    def span(self) -> Span | None:
        """The time in seconds, `None` when not asked for."""
        return whole_span(self.time)

    @cached_property
    def told_span(self) -> Span | None:
        """The time `told` in seconds, `None` when not asked for."""
        return whole_span(self.told)

    @cached_property
    def spans(self) -> dict[str, Span]:
        """Spans of the columns `updated` and `created`, where they are asked for."""
        pairs = (("updated", whole_span(self.updated)), ("created", whole_span(self.created)))
        return {name: asked for name, asked in pairs if asked}

    @cached_property
    def among(self) -> dict[str, tuple[str, ...]]:
        """Words of which a column or a list must have one, by its name."""
        pairs = (
            ("id", self.ids), ("kind", self.kinds), ("licence", self.licences),
            ("quantities", self.quantities), ("keywords", self.keywords), ("parties", self.parties),
            ("identifiers", self.identifiers),
        )  # fmt: skip
        return {name: words for name, words in pairs if words}

    @cached_property
    def groups(self) -> tuple[tuple[Phrase, ...], ...]:
        """The words in the form they are indexed: all phrases of one of the groups must be said."""
        said = query_tokens(self.text)
        if not self.any_text:
            return (said,) if said else ()
        ways = [tokens for text in self.any_text if (tokens := query_tokens(text))]
        return tuple(tuple(dict.fromkeys((*said, *way))) for way in ways)

    @property
    def keys(self) -> tuple[Key, ...]:
        """Keys of the order; the last one is the sequence number, which no two records share."""
        if not self.sort:
            return (Key("sequence", self.order == "newest"),)
        keys: dict[str, Key] = {}
        for key in (*self.sort, Key("sequence", self.sort[0].falls)):
            keys.setdefault(key.name, key)
        return tuple(keys.values())

    @property
    def is_hopeless(self) -> bool:
        """Whether no record can answer: a text without a word, or nothing that the asker may see."""
        is_asked = bool(self.text.strip() or self.any_text)
        return (is_asked and not self.groups) or self.visibility == ()

    @property
    def is_open(self) -> bool:
        """Whether all that the asker may see answers."""
        asked = (
            self.bbox, self.time, self.told, self.kind, self.quantity, self.filter, self.among, self.spans,
        )  # fmt: skip
        return not any(one is not None and bool(one) for one in asked) and not self.groups


def turned(box: Box) -> tuple[Box, ...]:
    """`box`, and the same a turn to the east and to the west where an unrolled record may touch it."""
    west, south, east, north = box
    turns = (0, 360, -360) if east >= 180 else (0, 360)
    return tuple(Box(west + turn, south, east + turn, north) for turn in turns)


def unroll(bbox: Bbox) -> Box:
    """Box of `bbox` with its east made larger than its west; `InvalidError` for numbers that make no box.

    Longitudes beyond ±180, as in grids from 0 to 360, are turned back.
    """
    if len(bbox) != 4 or not all(map(math.isfinite, bbox)):
        raise InvalidError(f"bbox must be four finite numbers, not {bbox}")
    west, south, east, north = bbox
    if south > north:
        raise InvalidError(f"bbox is west, south, east, north; south {south} lies above north {north}")
    if max(abs(west), abs(east)) > 540:
        raise InvalidError(f"bbox longitudes must be within ±540 degrees, not {west} and {east}")
    if east < west:
        east += 360
    if east - west >= 360:
        return Box(-180.0, south, 180.0, north)
    turn = -360 if west > 180 else 360 if west < -180 else 0
    return Box(west + turn, south, east + turn, north)


def span(period: Period) -> Span | None:
    """Seconds of `period`, `None` where both sides are open; `InvalidError` where it is no RFC 3339."""
    if not period.start and not period.end:
        return None
    start = moment(period.start) if period.start else BEGINNING
    end = moment(period.end, last=True) if period.end else END
    if end < start:
        raise InvalidError(f"time ends ({period.end}) before it starts ({period.start})")
    return Span(_seconds(start), _seconds(end))


def whole_span(period: Period | None) -> Span | None:
    """Seconds of `period`, of all time where both sides are open; `None` without a period."""
    if period is None:
        return None
    return span(period) or Span(_seconds(BEGINNING), _seconds(END))


@lru_cache(maxsize=1024)
def seconds(text: str) -> float:
    """Seconds of a time since 1970, `UNKNOWN` where it is none."""
    try:
        return _seconds(moment(text)) if text else UNKNOWN
    except InvalidError:
        return UNKNOWN


def _seconds(time: datetime) -> float:
    return (time - EPOCH).total_seconds()


def searchable(record: Record, more: str = "") -> str:
    """Search tokens of what is said in `record`, followed by those of `more`."""
    texts = list(_texts(record))
    plain = "\n".join(filter(str.isascii, texts))
    other = "\n".join([text for text in texts if not text.isascii()])
    return " ".join(filter(None, map(search_tokens, (plain, other, more))))


def _texts(record: Record) -> Iterator[str]:
    yield record.kind
    yield from record.title.values()
    yield from record.description.values()
    yield from record.keywords
    yield from (party.name for party in record.parties)
    yield from (quantity.name for quantity in record.quantities)
    for column in record.columns:
        yield column.name
        yield column.title
    yield from (PurePath(file.path).name for file in record.lineage.files)
    yield from _strings(record.properties, PROPERTY_DEPTH)


def _strings(value: object, depth: int) -> Iterator[str]:
    """Texts among the values of nested objects and lists."""
    if isinstance(value, str):
        yield value
    elif depth and isinstance(value, dict):
        for part in value.values():
            yield from _strings(part, depth - 1)
    elif depth and isinstance(value, list | tuple):
        for part in value:
            yield from _strings(part, depth - 1)
