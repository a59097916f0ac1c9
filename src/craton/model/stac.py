"""Records as STAC items and as OGC API records, and back, without loss.

What a standard has a place for goes there. The document is then read back by
that standard alone, and every field of the record that does not come out as
it went in is added as it is, under `craton:` and its name. So a reader who
knows only the standard gets all it can say, and a Craton node gets the record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args
from urllib.parse import quote

import msgspec

from craton.model.errors import InvalidError
from craton.model.moments import moment, timestamp
from craton.model.record import Asset, Bbox, Kind, LanguageMap, Member, Party, Period, Record

Json = dict[str, Any]
"""A JSON object."""

Href = Callable[[str, str], str]
"""From the name of an asset and of its member (empty for all of it) to its address."""

PREFIX = "craton:"
STAC_VERSION = "1.1.0"
RECORD_CORE = "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/record-core"
UNKNOWN_TIME = "1970-01-01T00:00:00Z"
"""`datetime` of an item about which no time is known at all, for STAC wants one."""

ALWAYS = ("kind", "version")
"""Fields added in any case, by which a reader knows what it has before it."""

FIELDS = frozenset(Record.__struct_fields__)

ROLES = {"producer": "producer", "licensor": "owner", "processor": "processor", "host": "publisher"}
"""Roles of STAC providers and what they are called in a record."""

KINDS: dict[str, Kind] = {
    "image/tiff": "grid",
    "image/jp2": "grid",
    "application/x-netcdf": "grid",
    "application/x-hdf": "grid",
    "application/vnd+zarr": "grid",
    "application/vnd.zarr": "grid",
    "application/vnd.apache.parquet": "table",
    "application/geo+json": "table",
    "application/geopackage+sqlite3": "table",
    "text/csv": "table",
}
"""Kind of data by media type, for items of others."""

_LICENCE = re.compile(r"[\w\-.+]+")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?Z)?")
_CHECKSUM = "1220"
"""Multihash prefix of a SHA-256 of 32 bytes."""

MAX_DEPTH = 8
"""Nesting of coordinates that is followed."""


class _Link(msgspec.Struct):
    href: str
    rel: str = ""
    type: str = ""
    title: str = ""


class _Document(msgspec.Struct):
    """What both standards have in common."""

    id: str
    properties: Json
    geometry: Json | None = None
    bbox: list[float] | None = None
    assets: dict[str, Json] = {}
    links: list[_Link] = []
    time: Json | None = None


def default_href(asset: str, member: str) -> str:
    """Address of an asset or its member relative to the document."""
    return f"./{quote(asset, safe='')}/{quote(member)}"


def to_stac(record: Record, *, href: Href = default_href) -> Json:
    """STAC item (1.1.0) of `record`; links are left to whoever serves it."""
    item: Json = {
        "type": "Feature",
        "stac_version": STAC_VERSION,
        "stac_extensions": [],
        "id": record.id,
        **_place(record),
        "properties": {**_description(record), **_stac_time(record), **_extension_fields(record)},
        "links": [],
        "assets": {name: _stac_asset(name, asset, href) for name, asset in record.assets.items()},
    }
    if providers := [_provider(party) for party in record.parties if party.name]:
        item["properties"]["providers"] = providers
    item["properties"] |= _rest(record, _read_stac(_document(item)))
    return item


def from_stac(item: Mapping[str, Any]) -> Record:
    """Record of a STAC item, ours or someone else's; `InvalidError` where it is none.

    Assets of others become links: their member is named by its address.
    """
    document = _document(item)
    return _completed(_read_stac(document), document.properties)


def to_ogc_record(record: Record, *, href: Href = default_href) -> Json:
    """OGC API record (GeoJSON) of `record`, with its assets as `enclosure` links."""
    document: Json = {
        "id": record.id,
        "type": "Feature",
        "conformsTo": [RECORD_CORE],
        "time": _ogc_time(record.time),
        **_place(record),
        "properties": {"type": "dataset", **_description(record), **_extension_fields(record)},
        "links": [_enclosure(name, asset, href) for name, asset in record.assets.items()],
    }
    if contacts := [{"name": party.name, "roles": [party.role]} for party in record.parties if party.name]:
        document["properties"]["contacts"] = contacts
    if formats := sorted({asset.media_type for asset in record.assets.values()} - {""}):
        document["properties"]["formats"] = [{"mediaType": media_type} for media_type in formats]
    document["properties"] |= _rest(record, _read_ogc(_document(document)))
    return document


def from_ogc_record(document: Mapping[str, Any]) -> Record:
    """Record of an OGC API record, ours or someone else's; `InvalidError` where it is none."""
    read = _document(document)
    return _completed(_read_ogc(read), read.properties)


def _document(given: Mapping[str, Any]) -> _Document:
    try:
        return msgspec.convert(given, _Document)
    except msgspec.ValidationError as error:
        raise InvalidError(f"this is no STAC item and no OGC API record: {error}") from error


def _rest(record: Record, read: Record) -> Json:
    """Fields of `record` that did not come out as they went in, and some that are always told."""
    pairs = ((name, getattr(record, name), getattr(read, name)) for name in Record.__struct_fields__)
    return {
        PREFIX + name: msgspec.to_builtins(value)
        for name, value, known in pairs
        if name in ALWAYS or msgspec.to_builtins(value) != msgspec.to_builtins(known)
    }


def _completed(read: Record, properties: Json) -> Record:
    """`read` with the fields that stand under `craton:`."""
    told = {name: properties[PREFIX + name] for name in FIELDS if PREFIX + name in properties}
    if not told:
        return read
    try:
        return msgspec.convert({**msgspec.to_builtins(read), **told}, Record)
    except msgspec.ValidationError as error:
        raise InvalidError(f"a field of the record is wrong: {error}") from error


def _description(record: Record) -> Json:
    """Title, description and what else both standards write in the same way."""
    language = next((code for code, text in record.title.items() if text == record.name()), "und")
    said: Json = {
        "title": record.name(),
        "description": record.description.get(language, ""),
        "keywords": list(record.keywords),
        "language": {"code": language} if language != "und" else {},
        "languages": [{"code": code} for code in record.title] if len(record.title) > 1 else [],
        "license": _licence(record.licence),
        "created": record.created if _is_timestamp(record.created) else "",
        "updated": record.updated if _is_timestamp(record.updated) else "",
    }
    return {key: value for key, value in said.items() if value}


def _licence(licence: str) -> str:
    if not licence:
        return ""
    return licence if _LICENCE.fullmatch(licence) else "other"


def _extension_fields(record: Record) -> Json:
    """Properties that are fields of some extension of STAC: those with a prefix."""
    return {key: value for key, value in record.properties.items() if _is_extension(key)}


def _is_extension(key: str) -> bool:
    return ":" in key and not key.startswith(PREFIX)


def _read_description(document: _Document) -> dict[str, Any]:
    """Fields of a record that both standards write in the same way."""
    said = document.properties
    language = said.get("language")
    code = language.get("code") if isinstance(language, dict) else None
    code = code if isinstance(code, str) and code else "und"
    return {
        "id": document.id,
        "title": _text_map(code, said.get("title")) or {"und": document.id},
        "description": _text_map(code, said.get("description")),
        "keywords": _texts(said.get("keywords")),
        "licence": _text(said.get("license")),
        "created": _text(said.get("created")),
        "updated": _text(said.get("updated")),
        "bbox": _flat(document.bbox),
        "footprint": _read_footprint(document),
        "properties": {key: value for key, value in said.items() if _is_extension(key)},
    }


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(filter(None, map(_text, value))) if isinstance(value, list) else ()


def _text_map(code: str, value: object) -> LanguageMap:
    return {code: value} if isinstance(value, str) and value else {}


def _read_stac(document: _Document) -> Record:
    """Record of what a STAC item says in standard fields."""
    said = document.properties
    start, end = (_text(said.get(key) or said.get("datetime")) for key in ("start_datetime", "end_datetime"))
    assets = {name: _read_asset(asset) for name, asset in document.assets.items() if "href" in asset}
    return Record(
        **_read_description(document),
        kind=_kind(assets),
        time=Period(start=start, end=end) if start or end else None,
        parties=tuple(_read_parties(said.get("providers"), ROLES)),
        assets=assets,
    )


def _read_ogc(document: _Document) -> Record:
    """Record of what an OGC API record says in standard fields."""
    enclosures = [link for link in document.links if link.rel in {"enclosure", "data", "item"}]
    assets = {
        f"link-{number}": Asset(media_type=link.type, members=(_linked(link.href),), title=link.title)
        for number, link in enumerate(enclosures, start=1)
    }
    return Record(
        **_read_description(document),
        kind=_kind(assets),
        time=_read_ogc_time(document.time),
        parties=tuple(_read_parties(document.properties.get("contacts"), {})),
        assets=assets,
    )


def _kind(assets: Mapping[str, Asset]) -> Kind:
    """Kind of data as the media types of the data tell it."""
    types = [asset.media_type.split(";")[0].strip() for asset in assets.values() if "data" in asset.roles]
    return next((KINDS[media_type] for media_type in types if media_type in KINDS), get_args(Kind)[-1])


def _provider(party: Party) -> Json:
    """STAC provider of a party."""
    roles = [role for role, ours in ROLES.items() if ours == party.role]
    address = {"url": party.contact} if party.contact.startswith(("http://", "https://")) else {}
    return {"name": party.name, **({"roles": roles} if roles else {}), **address}


def _read_parties(given: object, roles: Mapping[str, str]) -> Iterator[Party]:
    """Parties of STAC providers or of OGC contacts; `roles` translates what they are called."""
    for one in given if isinstance(given, list) else ():
        name = _text(one.get("name") or one.get("organization")) if isinstance(one, dict) else ""
        if name:
            role = next(iter(_texts(one.get("roles"))), "")
            yield Party(name=name, role=roles.get(role, role) or "owner", contact=_text(one.get("url")))


def _stac_asset(name: str, asset: Asset, href: Href) -> Json:
    """STAC asset; one of several members is addressed as a folder."""
    said: Json = {
        "href": _address(name, asset, href),
        "title": asset.title,
        "type": asset.media_type,
        "roles": list(asset.roles),
        PREFIX + "members": msgspec.to_builtins(asset.members),
    }
    if len(asset.members) == 1:
        said["file:size"] = asset.size
        said["file:checksum"] = _CHECKSUM + asset.members[0].sha256 if asset.members[0].sha256 else ""
    return {key: value for key, value in said.items() if value or key == "roles"}


def _address(name: str, asset: Asset, href: Href) -> str:
    """Address of an asset: a link's own, or the one `href` gives."""
    member = asset.members[0].name if len(asset.members) == 1 else ""
    return member if "://" in member else href(name, member)


def _read_asset(asset: Json) -> Asset:
    """Asset of a STAC asset; that of others is a link."""
    said = asset.get(PREFIX + "members")
    try:
        members = msgspec.convert(said, tuple[Member, ...]) if said else ()
    except msgspec.ValidationError as error:
        raise InvalidError(f"the members of an asset are wrong: {error}") from error
    if PREFIX + "members" not in asset and not _is_ours(asset):
        members = (_linked(_text(asset["href"]), asset),)
    roles = asset.get("roles")
    return Asset(
        media_type=_text(asset.get("type")),
        members=members,
        roles=_texts(roles) if isinstance(roles, list) else ("data",),
        title=_text(asset.get("title")),
    )
