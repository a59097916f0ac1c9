"""From a record to the rows a catalogue keeps of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from numbers import Integral, Real
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from craton.model.errors import InvalidError
from craton.model.moments import timestamp
from craton.model.record import Record, Tombstone
from craton.store.search import BEGUN, EPOCH, Box, Span, searchable, seconds, span, unroll

MAX_ID = 255
"""Characters of a record's id."""

MAX_NAME = 500
"""Characters of a name that are indexed: keywords of others can be whole texts."""

_ID = re.compile(rf"[^\s\x00-\x1f\x7f\ud800-\udfff]{{1,{MAX_ID}}}")


def _plain(value: object) -> float:
    """Number of a kind JSON does not know (numpy's scalars)."""
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    raise TypeError(f"values of type {type(value).__name__} cannot be written")


encode = msgspec.json.Encoder(enc_hook=_plain).encode
decode_record = msgspec.json.Decoder(Record).decode
decode_tombstone = msgspec.json.Decoder(Tombstone).decode
decode_stamp = msgspec.json.Decoder(dict[str, Any]).decode


class Entry(NamedTuple):
    """A record with all that the indexes hold of it."""

    record: Record
    json: bytes
    tokens: str
    box: Box | None
    span: Span | None
    linked: bool
    names: dict[str, set[str]]


class Old(NamedTuple):
    """The current version of a record, as it is stored."""

    sequence: int
    version: int
    linked: bool
    json: bytes


def entry(record: Record, more: str = "", linked: bool = False) -> Entry:
    """What is to be written of `record`; `InvalidError` where it could not be read back or found again."""
    return Entry(
        record,
        to_json(record),
        searchable(record, more),
        unroll(record.bbox) if record.bbox else None,
        span(record.time) if record.time else None,
        linked,
        names(record),
    )


def to_json(record: Record) -> bytes:
    """JSON of `record`; `InvalidError` where that would not give the record back."""
    if not _ID.fullmatch(record.id):
        raise InvalidError(f"a record id is 1 to {MAX_ID} characters without spaces, not {record.id[:40]!r}")
    try:
        json = encode(record)
        # Numbers that JSON has no word for are written as null, which not every field can be read from.
        if b"null" in json:
            decode_record(json)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise InvalidError(f"record {record.id} cannot be written as JSON: {error}") from error
    return json


def successor(record: Record, old: Old | None, grave: int, sequence: int, time: str) -> Record:
    """`record` as the version that follows `old`, or the last version before it was deleted."""
    version = (old.version if old else grave) + 1
    created = decode_record(old.json).created if old else record.created or time
    return replace(record, version=version, sequence=sequence, created=created, updated=time)


def unchanged(record: Record, old: Old, linked: bool) -> Record | None:
    """The stored record if `record` says the same, version, sequence, `created` and `updated` aside."""
    if old.linked != linked:
        return None
    stored = decode_record(old.json)
    same = replace(
        record,
        version=stored.version,
        sequence=stored.sequence,
        created=stored.created,
        updated=stored.updated,
    )
    json = to_json(same)
    return stored if json == old.json or decode_record(json) == stored else None


COLUMNS = (
    "sequence", "id", "version", "kind", "visibility", "linked", "west", "south", "east", "north", "start",
    "stop", "title", "licence", "crs", "row_count", "created", "updated",
)  # fmt: skip
"""Columns of the table `records`."""

LISTS = ("quantities", "keywords", "parties", "identifiers")
"""Tables of names, of which a record has several; each has the columns `name` and `sequence`."""

COUNTED = ("kind", "licence", "quantity", "keyword", "party", "decade")
"""Fields whose values are counted, for each visibility."""

_PLURALS = {"quantity": "quantities", "keyword": "keywords", "party": "parties"}


def columns(one: Entry) -> Sequence[object]:
    """Row of the table `records`."""
    record = one.record
    return (
        record.sequence,
        record.id,
        record.version,
        record.kind,
        record.visibility,
        int(one.linked),
        *(one.box or (None, None, None, None)),
        *(one.span or (None, None)),
        _plain_text(record.name()),
        _plain_text(record.licence),
        _plain_text(record.crs),
        record.rows,
        seconds(record.created),
        seconds(record.updated),
    )


def _plain_text(text: str) -> str:
    """`text` as every database can keep it."""
    return text.replace("\0", "")


def names(record: Record) -> dict[str, set[str]]:
    """Names in each of `LISTS`, as they are indexed."""
    lists = (
        (quantity.name for quantity in record.quantities),
        record.keywords,
        (party.name for party in record.parties),
        _identifiers(record),
    )
    return {
        table: {_plain_text(name)[:MAX_NAME] for name in found if name}
        for table, found in zip(LISTS, lists, strict=True)
    }


def _identifiers(record: Record) -> Iterator[str]:
    """Identifiers given elsewhere, alone and with their scheme before a colon."""
    for scheme, value in external_identifiers(record):
        yield value
        if scheme:
            yield f"{scheme}:{value}"


def external_identifiers(record: Record) -> Iterator[tuple[str, str]]:
    """Scheme, empty where there is none, and value of the identifiers a record has elsewhere."""
    doi = record.properties.get("sci:doi")
    if isinstance(doi, str) and doi:
        yield "doi", doi
    given = record.properties.get("externalIds")
    for one in given if isinstance(given, list | tuple) else ():
        value = one.get("value") if isinstance(one, dict) else one
        scheme = one.get("scheme") if isinstance(one, dict) else ""
        if isinstance(value, str) and value:
            yield (scheme if isinstance(scheme, str) else ""), value


def counted(record: Record, lists: Mapping[str, set[str]], found: Span | None) -> Iterator[tuple[str, str]]:
    """Fields of `COUNTED` and the values of `record`; `lists` are its names, `found` is its span of time."""
    yield "kind", record.kind
    if record.licence:
        yield "licence", _plain_text(record.licence)
    for field, table in _PLURALS.items():
        for name in lists[table]:
            yield field, name
    if found and found.start > BEGUN:
        yield "decade", str((EPOCH + timedelta(seconds=found.start)).year // 10 * 10)


def refs(record: Record) -> Iterator[tuple[str, str, int, int]]:
    """Hash, record id, version and size in bytes of each object `record` needs."""
    sizes = {member.sha256: member.size for asset in record.assets.values() for member in asset.members}
    return ((sha256, record.id, record.version, size) for sha256, size in sizes.items())


def now() -> str:
    """Now, as RFC 3339 in UTC."""
    return timestamp(datetime.now(UTC).replace(microsecond=0))
