"""Records as STAC items (1.1.0), and back, without loss; see `craton.model.exchange` for how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from craton.model.errors import InvalidError
from craton.model.exchange import (
    CHECKSUM,
    PREFIX,
    Document,
    Href,
    address_of,
    completed,
    default_href,
    description,
    extension_fields,
    is_timestamp,
    kind_of,
    linked,
    parse,
    read_description,
    read_parties,
    rest,
    side,
    text_of,
    texts_of,
)
from craton.model.exchange_place import Json, place
from craton.model.record import Asset, Member, Party, Period, Record

STAC_VERSION = "1.1.0"

UNKNOWN_TIME = "1970-01-01T00:00:00Z"
"""`datetime` of an item about which no time is known at all, for STAC wants one."""

ROLES = {"producer": "producer", "licensor": "owner", "processor": "processor", "host": "publisher"}
"""Roles of STAC providers and what they are called in a record."""

_KEPT = ("roles", PREFIX + "members")
"""Parts of an asset that are told also when they are empty."""


def to_stac(record: Record, *, href: Href = default_href) -> Json:
    """STAC item (1.1.0) of `record`; links are left to whoever serves it."""
    item: Json = {
        "type": "Feature",
        "stac_version": STAC_VERSION,
        "stac_extensions": [],
        "id": record.id,
        **place(record),
        "properties": {**description(record), **_stac_time(record), **extension_fields(record)},
        "links": [],
        "assets": {name: _stac_asset(name, asset, href) for name, asset in record.assets.items()},
    }
    if providers := [_provider(party) for party in record.parties if party.name]:
        item["properties"]["providers"] = providers
    item["properties"] |= rest(record, _read_stac(parse(item)))
    return dict(msgspec.to_builtins(item))


def from_stac(item: Mapping[str, Any]) -> Record:
    """Record of a STAC item, ours or someone else's; `InvalidError` where it is none.

    Assets of others become links: their member is named by its address.
    """
    document = parse(item)
    return completed(_read_stac(document), document.properties)


def _read_stac(document: Document) -> Record:
    """Record of what a STAC item says in standard fields."""
    said = document.properties
    start, end = (
        text_of(said.get(key) or said.get("datetime")) for key in ("start_datetime", "end_datetime")
    )
    assets = {name: _read_asset(asset) for name, asset in document.assets.items() if "href" in asset}
    return Record(
        **read_description(document),
        kind=kind_of(assets),
        time=Period(start=start, end=end) if start or end else None,
        parties=tuple(read_parties(said.get("providers"), ROLES)),
        assets=assets,
    )


def _provider(party: Party) -> Json:
    """STAC provider of a party."""
    roles = [role for role, ours in ROLES.items() if ours == party.role]
    address = {"url": party.contact} if party.contact.startswith(("http://", "https://")) else {}
    return {"name": party.name, **({"roles": roles} if roles else {}), **address}


def _stac_asset(name: str, asset: Asset, href: Href) -> Json:
    """STAC asset; one of several members is addressed as a folder."""
    said: Json = {
        "href": address_of(name, asset, href),
        "title": asset.title,
        "type": asset.media_type,
        "roles": list(asset.roles),
        PREFIX + "members": msgspec.to_builtins(asset.members),
    }
    if len(asset.members) == 1:
        said["file:size"] = asset.size
        said["file:checksum"] = CHECKSUM + asset.members[0].sha256 if asset.members[0].sha256 else ""
    return {key: value for key, value in said.items() if value or key in _KEPT}


def _read_asset(asset: Json) -> Asset:
    """Asset of a STAC asset; that of others is a link."""
    try:
        members = msgspec.convert(asset.get(PREFIX + "members"), tuple[Member, ...] | None)
    except msgspec.ValidationError as error:
        raise InvalidError(f"the members of an asset are wrong: {error}") from error
    return Asset(
        media_type=text_of(asset.get("type")),
        members=(linked(text_of(asset["href"]), asset),) if members is None else members,
        roles=texts_of(asset["roles"]) if "roles" in asset else ("data",),
        title=text_of(asset.get("title")),
    )


def _stac_time(record: Record) -> Json:
    """STAC wants a `datetime`, or both ends of a span; half a span and no time at all are told beside it."""
    start, end = (side(record.time, last=last) for last in (False, True))
    if start and end and start != end:
        return {"datetime": None, "start_datetime": start, "end_datetime": end}
    known = (text for text in (record.updated, record.created) if is_timestamp(text))
    return {"datetime": start or end or next(known, UNKNOWN_TIME)}
