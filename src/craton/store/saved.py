"""All that a catalogue keeps, piece by piece, for a copy that any other catalogue can be filled from."""

from __future__ import annotations

from typing import Any

import msgspec

FORMAT = 1
"""Version of the pieces; raised when an older Craton could not read them."""


class SavedHead(msgspec.Struct, frozen=True, kw_only=True, tag="head"):
    """The first piece: identity of the node and number of its newest change."""

    node: str
    sequence: int
    format: int = FORMAT


class SavedRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="record"):
    """The current version of a record, with the tokens that it is found by."""

    record: msgspec.Raw
    tokens: str
    linked: bool = False


class SavedVersion(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="version"):
    """A past version of a record."""

    record: msgspec.Raw
    linked: bool = False


class SavedTombstone(msgspec.Struct, frozen=True, kw_only=True, tag="tombstone"):
    """What stays of a deleted record."""

    tombstone: msgspec.Raw


class SavedSource(msgspec.Struct, frozen=True, kw_only=True, tag="source"):
    """A source, and the records it gave."""

    key: str
    stamp: dict[str, Any]
    records: tuple[str, ...] = ()


Saved = SavedHead | SavedRecord | SavedVersion | SavedTombstone | SavedSource
