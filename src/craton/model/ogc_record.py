"""Records as OGC API records (GeoJSON), and back, without loss; see `craton.model.exchange` for how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from craton.model.exchange import (
    DATE,
    Document,
    Href,
    address_of,
    completed,
    default_href,
    description,
    extension_fields,
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
from craton.model.record import Asset, Period, Record

RECORD_CORE = "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/record-core"

ENCLOSED = frozenset({"enclosure", "data", "item"})
"""Relations of links that lead to the data."""

OPEN = ".."
"""An open side of an interval."""


def to_ogc_record(record: Record, *, href: Href = default_href) -> Json:
    """OGC API record (GeoJSON) of `record`, with its assets as `enclosure` links."""
    document: Json = {
        "id": record.id,
        "type": "Feature",
        "conformsTo": [RECORD_CORE],
        "time": _time(record.time),
        **place(record),
        "properties": {"type": "dataset", **description(record), **extension_fields(record)},
        "links": [_enclosure(name, asset, href) for name, asset in record.assets.items()],
    }
    if contacts := [{"name": party.name, "roles": [party.role]} for party in record.parties if party.name]:
        document["properties"]["contacts"] = contacts
    if formats := sorted({asset.media_type for asset in record.assets.values()} - {""}):
        document["properties"]["formats"] = [{"mediaType": media_type} for media_type in formats]
    document["properties"] |= rest(record, _read(parse(document)))
    return dict(msgspec.to_builtins(document))


def from_ogc_record(document: Mapping[str, Any]) -> Record:
    """Record of an OGC API record, ours or someone else's; `InvalidError` where it is none."""
    read = parse(document)
    return completed(_read(read), read.properties)


def _read(document: Document) -> Record:
    """Record of what an OGC API record says in standard fields."""
    enclosures = [link for link in document.links if link.rel in ENCLOSED]
    assets = {
        f"link-{number}": Asset(
            media_type=link.type or "", members=(linked(link.href),), title=link.title or ""
        )
        for number, link in enumerate(enclosures, start=1)
    }
    return Record(
        **read_description(document),
        kind=kind_of(assets),
        time=_read_time(document.time),
        parties=tuple(read_parties(document.properties.get("contacts"), {})),
        assets=assets,
    )


def _enclosure(name: str, asset: Asset, href: Href) -> Json:
    """OGC link to an asset."""
    said: Json = {
        "rel": "enclosure",
        "href": address_of(name, asset, href),
        "type": asset.media_type,
        "title": asset.title or name,
        "length": asset.size,
    }
    return {key: value for key, value in said.items() if value}


def _time(period: Period | None) -> Json | None:
    """OGC time of a period: a date, a time, or an interval with `..` at an open side."""
    start, end = (_side(period, last=last) for last in (False, True))
    if start == end:
        return {"timestamp" if "T" in start else "date": start} if start != OPEN else None
    return {"interval": [start, end]}


def _side(period: Period | None, *, last: bool) -> str:
    text = (period.end if last else period.start) if period else ""
    return text if DATE.fullmatch(text) and side(period, last=last) else side(period, last=last) or OPEN


def _read_time(time: Json | None) -> Period | None:
    if not time:
        return None
    if interval := texts_of(time.get("interval")):
        start, end = (("" if side == OPEN else side) for side in (interval[0], interval[-1]))
        return Period(start=start, end=end)
    text = text_of(time.get("timestamp")) or text_of(time.get("date"))
    return Period(start=text, end=text) if text else None
