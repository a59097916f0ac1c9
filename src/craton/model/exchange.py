"""Records in the documents of other standards, and back, without loss.

What a standard has a place for goes there. The document is then read back by
that standard alone, and every field of the record that does not come out as
it went in is added as it is, under `craton:` and its name. So a reader who
knows only the standard gets all it can say, and a Craton node gets the record.
This module holds what STAC and OGC API Records have in common.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from craton.model.errors import InvalidError
from craton.model.exchange_place import Json, flat_box, read_footprint
from craton.model.moments import moment, timestamp
from craton.model.record import Asset, Kind, LanguageMap, Member, Party, Period, Record

Href = Callable[[str, str], str]
"""From the name of an asset and of its member (empty for all of it) to its address."""

PREFIX = "craton:"

ALWAYS = ("kind", "version")
"""Fields added in any case, by which a reader knows what it has before it."""

FIELDS = frozenset(Record.__struct_fields__)

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

OTHER_KIND: Kind = "document"

CHECKSUM = "1220"
"""Multihash prefix of a SHA-256 of 32 bytes."""

DATE = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?Z)?")
"""A date, or a time in UTC."""

_LICENCE = re.compile(r"[\w\-.+]+")


class Link(msgspec.Struct):
    """Link of a document."""

    href: str
    rel: str = ""
    type: str | None = ""
    title: str | None = ""


class Document(msgspec.Struct):
    """What both standards have in common."""

    id: str
    properties: Json
    geometry: Json | None = None
    bbox: list[float] | None = None
    assets: dict[str, Json] = {}
    links: list[Link] = []
    time: Json | None = None


def default_href(asset: str, member: str) -> str:
    """Address of an asset or its member relative to the document."""
    return f"./{quote(asset, safe='')}/{quote(member)}"


def parse(given: Mapping[str, Any]) -> Document:
    """Document of a JSON object; `InvalidError` where a part is not what both standards say it is."""
    try:
        return msgspec.convert(given, Document)
    except msgspec.ValidationError as error:
        raise InvalidError(f"this is no STAC item and no OGC API record: {error}") from error


def rest(record: Record, read: Record) -> Json:
    """Fields of `record` that did not come out as they went in, and some that are always told."""
    pairs = ((name, getattr(record, name), getattr(read, name)) for name in Record.__struct_fields__)
    return {
        PREFIX + name: msgspec.to_builtins(value)
        for name, value, known in pairs
        if name in ALWAYS or value != known
    }


def completed(read: Record, properties: Json) -> Record:
    """`read` with the fields that stand under `craton:`."""
    told = {name: properties[PREFIX + name] for name in FIELDS if PREFIX + name in properties}
    if not told:
        return read
    try:
        return msgspec.convert({**msgspec.to_builtins(read), **told}, Record)
    except msgspec.ValidationError as error:
        raise InvalidError(f"a field of the record is wrong: {error}") from error


def description(record: Record) -> Json:
    """Title, description and what else both standards write in the same way."""
    language = next((code for code, text in record.title.items() if text == record.name()), "und")
    said: Json = {
        "title": record.name(),
        "description": record.description.get(language, ""),
        "keywords": list(record.keywords),
        "language": {"code": language} if language != "und" else {},
        "languages": [{"code": code} for code in record.title] if len(record.title) > 1 else [],
        "license": _licence(record.licence),
        "created": record.created if is_timestamp(record.created) else "",
        "updated": record.updated if is_timestamp(record.updated) else "",
    }
    return {key: value for key, value in said.items() if value}


def _licence(licence: str) -> str:
    if not licence:
        return ""
    return licence if _LICENCE.fullmatch(licence) else "other"


def extension_fields(record: Record) -> Json:
    """Properties that are fields of some extension of STAC: those with a prefix."""
    return {key: value for key, value in record.properties.items() if _is_extension(key)}


def _is_extension(key: str) -> bool:
    return ":" in key and not key.startswith(PREFIX)


def read_description(document: Document) -> dict[str, Any]:
    """Fields of a record that both standards write in the same way."""
    said = document.properties
    language = said.get("language")
    code = language.get("code") if isinstance(language, dict) else None
    code = code if isinstance(code, str) and code else "und"
    return {
        "id": document.id,
        "title": _text_map(code, said.get("title")) or {"und": document.id},
        "description": _text_map(code, said.get("description")),
        "keywords": texts_of(said.get("keywords")),
        "licence": text_of(said.get("license")),
        "created": text_of(said.get("created")),
        "updated": text_of(said.get("updated")),
        "bbox": flat_box(document.bbox),
        "footprint": read_footprint(document.geometry, document.bbox),
        "properties": {key: value for key, value in said.items() if _is_extension(key)},
    }


def text_of(value: object) -> str:
    """`value` if it is a text, else an empty one."""
    return value if isinstance(value, str) else ""


def texts_of(value: object) -> tuple[str, ...]:
    """Texts in `value` if it is a list, else none."""
    return tuple(filter(None, map(text_of, value))) if isinstance(value, list) else ()


def _text_map(code: str, value: object) -> LanguageMap:
    return {code: value} if isinstance(value, str) and value else {}


def kind_of(assets: Mapping[str, Asset]) -> Kind:
    """Kind of data as the media types of the data tell it."""
    types = [asset.media_type.split(";")[0].strip() for asset in assets.values() if "data" in asset.roles]
    return next((KINDS[media_type] for media_type in types if media_type in KINDS), OTHER_KIND)


def read_parties(given: object, roles: Mapping[str, str]) -> Iterator[Party]:
    """Parties of STAC providers or of OGC contacts; `roles` translates what they are called."""
    for one in given if isinstance(given, list) else ():
        name = text_of(one.get("name") or one.get("organization")) if isinstance(one, dict) else ""
        if name:
            role = next(iter(texts_of(one.get("roles"))), "")
            yield Party(name=name, role=roles.get(role, role) or "owner", contact=text_of(one.get("url")))


def address_of(name: str, asset: Asset, href: Href) -> str:
    """Address of an asset: a link's own, or the one `href` gives."""
    member = asset.members[0].name if len(asset.members) == 1 else ""
    return member if "://" in member else href(name, member)


def linked(address: str, said: Mapping[str, Any] | None = None) -> Member:
    """Member that lies elsewhere; hash and size as the file extension of STAC tells them."""
    checksum, size = (said or {}).get("file:checksum"), (said or {}).get("file:size")
    known = (
        isinstance(checksum, str) and checksum.startswith(CHECKSUM) and len(checksum) == len(CHECKSUM) + 64
    )
    return Member(
        name=address,
        sha256=checksum[len(CHECKSUM) :] if isinstance(checksum, str) and known else "",
        size=size if isinstance(size, int) else 0,
    )


def side(period: Period | None, *, last: bool) -> str:
    """One end of a period as a full time in UTC, empty where it is open or no time."""
    text = (period.end if last else period.start) if period else ""
    try:
        return timestamp(moment(text, last=last)) if text else ""
    except InvalidError:
        return ""


def is_timestamp(text: str) -> bool:
    """Whether `text` is a full RFC 3339 time in UTC."""
    try:
        return bool(DATE.fullmatch(text)) and "T" in text and bool(moment(text))
    except InvalidError:
        return False
