"""From a record to the rows a catalogue keeps of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from numbers import Integral, Real
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from craton.model.errors import InvalidError
from craton.model.moments import timestamp
from craton.model.record import Record, Tombstone
from craton.store.search import Box, Span, searchable, span, unroll

MAX_ID = 255
"""Characters of a record's id."""

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
    )


def quantity_names(record: Record) -> set[str]:
    """Names of the quantities of `record`, as they are indexed."""
    return {quantity.name.replace("\0", "") for quantity in record.quantities}


def refs(record: Record) -> Iterator[tuple[str, str, int, int]]:
    """Hash, record id, version and size in bytes of each object `record` needs."""
    sizes = {member.sha256: member.size for asset in record.assets.values() for member in asset.members}
    return ((sha256, record.id, record.version, size) for sha256, size in sizes.items())


def now() -> str:
    """Now, as RFC 3339 in UTC."""
    return timestamp(datetime.now(UTC).replace(microsecond=0))
