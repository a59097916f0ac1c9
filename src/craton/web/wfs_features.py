"""Features of the Web Feature Service: pages of them as GML or GeoJSON, or how many there are."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace
from urllib.parse import urlencode
from xml.etree.ElementTree import Element, SubElement

import msgspec
from starlette.responses import Response

from craton.model.crs import is_placed
from craton.model.errors import InvalidError
from craton.store.feature_index import FeaturePage, FeatureQuery
from craton.web.crs_negotiation import DEFAULT, System, box_of, geometries_in
from craton.web.features_items import RawFeature
from craton.web.site import Site
from craton.web.wfs_capabilities import GML_FORMAT, GML_FORMATS, JSON_FORMATS, wfs
from craton.web.wfs_filter import Filter, filter_in_address, filter_of
from craton.web.wfs_gml import members
from craton.web.wfs_request import BY_ID, DEFAULT_COUNT, Asked
from craton.web.wfs_types import (
    GEOMETRY,
    LATITUDE_FIRST,
    FeatureType,
    ServiceError,
    feature_type,
    local,
    system_named,
)
from craton.web.wms_xml import xml_reply

MOST_IDS = 1000
"""Features that can be named in one request."""

_read = msgspec.json.Decoder(RawFeature).decode


@dataclass(frozen=True)
class Wanted:
    """What is wanted: of which type, which features, and where they are told to be."""

    kind: FeatureType
    query: FeatureQuery
    system: System
    names: tuple[str, ...]


def give_features(site: Site, address: str, asked: Asked) -> Response:
    """Reply to `GetFeature`; `address` is that of the service."""
    wanted = _wanted(site, asked)
    matched = wanted.kind.index.count_of(wanted.query)
    if asked.get("resultType", "results") == "hits":
        return _collection([], matched, 0)
    if asked.get("resultType", "results") != "results":
        raise ServiceError("InvalidParameterValue", "resultType", "resultType must be results or hits")
    form = asked.get("outputFormat", GML_FORMAT)
    page = wanted.kind.index.page(wanted.query)
    if _is_json(form):
        return _geojson(wanted, page, matched)
    links = _links(address, asked, wanted.query, page)
    return _gml(wanted, page, matched, links, alone=bool(asked.get("storedQuery_id")))


def _is_json(form: str) -> bool:
    bare = form.lower().replace(" ", "").replace("+xml", "xml")
    if bare in JSON_FORMATS or form.lower() in JSON_FORMATS:
        return True
    if form.partition(";")[0].strip().lower() in {one.partition(";")[0] for one in GML_FORMATS}:
        return False
    message = f"outputFormat must be one of {', '.join((*GML_FORMATS, *JSON_FORMATS))}, not {form[:60]!r}"
    raise ServiceError("InvalidParameterValue", "outputFormat", message)


def _wanted(site: Site, asked: Asked) -> Wanted:
    if asked.get("storedQuery_id"):
        return _by_id(site, asked)
    names = asked.words("typeNames")
    ids = asked.words("resourceId")
    if not names and ids:
        names = [ids[0].rpartition(".")[0]]
    if not names:
        raise ServiceError("MissingParameterValue", "typeNames", "typeNames is missing")
    if len(names) > 1:
        raise ServiceError("OptionNotSupported", "typeNames", "a query is of one feature type here")
    kind = feature_type(site, names[0])
    found = _filter(asked, kind)
    query = FeatureQuery(
        filter=found.expression,
        ids=_numbers(kind, [*ids, *found.ids]),
        bbox=None,
        sort=_sort(asked, kind),
        offset=asked.number("startIndex", 0),
        limit=min(asked.number("count", DEFAULT_COUNT), DEFAULT_COUNT),
        strict=True,
    )
    return Wanted(kind, _boxed(query, asked), system_named(asked.srs), _properties(asked, kind))


def _by_id(site: Site, asked: Asked) -> Wanted:
    """The feature that the stored query asks for."""
    if asked.get("storedQuery_id") != BY_ID:
        message = f"there is no stored query {asked.get('storedQuery_id')[:80]!r}"
        raise ServiceError("InvalidParameterValue", "storedQuery_id", message)
    id = asked.get("id")
    if not id:
        raise ServiceError("MissingParameterValue", "id", "id is missing")
    kind = feature_type(site, id.rpartition(".")[0], "id")
    query = FeatureQuery(ids=_numbers(kind, [id]), limit=1)
    if not kind.index.count_of(query):
        raise ServiceError("NotFound", "id", f"there is no feature {id[:80]!r}")
    return Wanted(kind, query, system_named(asked.srs), (*kind.elements, GEOMETRY))


def _filter(asked: Asked, kind: FeatureType) -> Filter:
    text = asked.get("filter")
    given = [bool(text) or asked.filter is not None, bool(asked.get("bbox")), bool(asked.get("resourceId"))]
    if sum(given) > 1:
        message = "filter, bbox and resourceId exclude one another"
        raise ServiceError("InvalidParameterValue", "filter", message)
    if asked.filter is not None:
        return filter_of(asked.filter, kind)
    return filter_in_address(text.strip().strip("()"), kind) if text else Filter(None, ())


def _numbers(kind: FeatureType, ids: list[str]) -> tuple[int, ...]:
    """Numbers of features of `kind`; one that cannot be leads to none."""
    if len(ids) > MOST_IDS:
        raise ServiceError("InvalidParameterValue", "resourceId", f"at most {MOST_IDS} features are named")
    numbers = []
    for id in ids:
        name, _dot, number = local(id).rpartition(".")
        known = name in {kind.name, kind.record.id} and re.fullmatch(r"[0-9]{1,15}", number)
        numbers.append(int(number) if known else 0)
    return tuple(numbers)


def _boxed(query: FeatureQuery, asked: Asked) -> FeatureQuery:
    text = asked.get("bbox")
    if not text:
        return query
    parts = text.split(",")
    name = ",".join(parts[4:]).strip() or LATITUDE_FIRST
    try:
        return replace(query, bbox=box_of(",".join(parts[:4]), system_named(name, "bbox")))
    except ServiceError:
        raise
    except InvalidError as error:
        raise ServiceError("InvalidParameterValue", "bbox", error.message) from error


def _sort(asked: Asked, kind: FeatureType) -> tuple[tuple[str, bool], ...]:
    """Columns to sort by, and whether they fall: `name DESC`, `name D`, `name`."""
    found = []
    for text in filter(None, asked.get("sortBy").split(",")):
        name, _space, order = text.strip().partition(" ")
        found.append((kind.column(name).name, order.strip().upper() in {"D", "DESC"}))
    return tuple(found)


def _properties(asked: Asked, kind: FeatureType) -> tuple[str, ...]:
    """Elements that are wanted."""
    wanted = {local(one) for one in asked.words("propertyName") if one != "*"}
    if not wanted:
        return (*kind.elements, GEOMETRY)
    for name in wanted - {GEOMETRY}:
        kind.column(name)
    return tuple(
        name for name, column in kind.elements.items() if name in wanted or column.name in wanted
    ) + ((GEOMETRY,) if GEOMETRY in wanted else ())


def _places(wanted: Wanted, page: FeaturePage, system: System) -> list[bytes]:
    """Geometries of a page as GeoJSON in `system`."""
    if GEOMETRY not in wanted.names or not is_placed(wanted.kind.index.crs):
        return [b"null"] * len(page.ids)
    if system == DEFAULT:
        return [bytes(_read(feature).geometry) for feature in page.features]
    index = wanted.kind.index
    return geometries_in(index.geometries(page.ids), index.crs, system)


def _geojson(wanted: Wanted, page: FeaturePage, matched: int) -> Response:
    """A page as GeoJSON, in which east comes before north in every system."""
    places = _places(wanted, page, replace(wanted.system, is_swapped=False))
    kept = {wanted.kind.elements[name].name for name in wanted.names if name in wanted.kind.elements}
    whole = len(kept) == len(wanted.kind.elements)
    features = [
        _feature(wanted.kind, number, feature, place, None if whole else kept)
        for number, feature, place in zip(page.ids, page.features, places, strict=True)
    ]
    head = msgspec.json.encode({
        "type": "FeatureCollection", "numberMatched": matched, "numberReturned": len(features),
        "timeStamp": _now(),
    })  # fmt: skip
    body = b'%b,"features":[%b]}' % (head[:-1], b",".join(features))
    return Response(body, media_type="application/json")


def _feature(kind: FeatureType, number: int, feature: bytes, place: bytes, kept: set[str] | None) -> bytes:
    properties = bytes(_read(feature).properties)
    if kept is not None:
        said = msgspec.json.decode(properties)
        properties = msgspec.json.encode({name: value for name, value in said.items() if name in kept})
    id = msgspec.json.encode(f"{kind.name}.{number}")
    return b'{"type":"Feature","id":%b,"geometry":%b,"properties":%b}' % (id, place, properties)


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _gml(
    wanted: Wanted, page: FeaturePage, matched: int, links: dict[str, str], *, alone: bool
) -> Response:  # fmt: skip
    srs = _told(wanted.system)
    found = members(
        wanted.kind, page.features, _places(wanted, page, wanted.system), srs, wanted.names
    )  # fmt: skip
    if alone:
        return xml_reply(found[0], media_type="text/xml; subtype=gml/3.2")
    return _collection(found, matched, len(found), links)


def _told(system: System) -> str:
    """Name of a system whose order of axes is the one of the positions."""
    authority, _colon, code = system.name.partition(":")
    if authority == "OGC":
        return f"urn:ogc:def:crs:OGC:1.3:{code}"
    is_short = not system.is_swapped and system_named(f"urn:ogc:def:crs:{authority}::{code}").is_swapped
    return f"{authority}:{code}" if is_short else f"urn:ogc:def:crs:{authority}::{code}"


def _collection(
    found: list[Element], matched: int, returned: int, links: dict[str, str] | None = None
) -> Response:
    root = Element(wfs("FeatureCollection"), {
        "timeStamp": _now(), "numberMatched": str(matched), "numberReturned": str(returned), **(links or {}),
    })  # fmt: skip
    for one in found:
        SubElement(root, wfs("member")).append(one)
    return xml_reply(root, media_type="text/xml; subtype=gml/3.2")


def _links(address: str, asked: Asked, query: FeatureQuery, page: FeaturePage) -> dict[str, str]:
    """Addresses of the next and the previous page, which only a request by address has."""
    if asked.filter is not None:
        return {}

    def at(start: int) -> str:
        given = {**asked.given, "startindex": str(start), "count": str(query.limit)}
        return f"{address}?{urlencode(given)}"

    links = {"next": at(query.offset + len(page.ids))} if page.more else {}
    if query.offset:
        links["previous"] = at(max(0, query.offset - query.limit))
    return links
