"""Documents of the catalogue: records, tombstones, the catalogue itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from urllib.parse import quote

import msgspec

from craton.model.moments import timestamp
from craton.model.ogc_record import to_ogc_record
from craton.model.permission import visible_to
from craton.model.record import Record, Tombstone
from craton.store.entries import external_identifiers
from craton.store.recent import Recent
from craton.store.search import BEGINNING, END, EPOCH
from craton.web.crs_negotiation import CRS84
from craton.web.negotiation import text_in
from craton.web.replies import GEOJSON, Json, link, path_of
from craton.web.site import Site

CATALOGUE = "catalogue"
"""The collection of all records; no dataset has this identifier."""

CATALOGUE_PATH = f"/collections/{CATALOGUE}"

QUERYABLES_RELATION = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
SORTABLES_RELATION = "http://www.opengis.net/def/rel/ogc/1.0/sortables"
SCHEMA_TYPE = "application/schema+json"


def asset_href(base: str, record: Record) -> Callable[[str, str], str]:
    """Address of an asset of this version of a record, or of one of its members."""
    address = base + path_of("datasets", f"{record.id}@{record.version}", "assets")

    def href(asset: str, member: str) -> str:
        return address + path_of(asset) + ("/" + quote(member) if member else "")

    return href


def record_document(base: str, record: Record, languages: Sequence[str] = ()) -> Json:
    """A record in the language that the visitor reads, with the texts in all others beside it."""
    document = to_ogc_record(record, href=asset_href(base, record))
    translate(document["properties"], record, languages)
    if identifiers := [*external_identifiers(record)]:
        document["properties"]["externalIds"] = [
            {"value": value, **({"scheme": scheme} if scheme else {})} for scheme, value in identifiers
        ]
    document["links"] = [*_record_links(base, record), *document["links"]]
    return document


def translate(properties: Json, record: Record, languages: Sequence[str]) -> None:
    """Choose title and description; the originals are told too where a reader would take others."""
    title, language = text_in(record.title, languages)
    words, _ = text_in(record.description, languages)
    if not languages or (title, words) == (properties.get("title", ""), properties.get("description", "")):
        return
    properties["title"] = title or record.id
    properties["craton:title"] = dict(record.title)
    if words:
        properties["description"] = words
        properties["craton:description"] = dict(record.description)
    if language != "und":
        properties["language"] = {"code": language}


def _record_links(base: str, record: Record) -> list[Json]:
    own = base + CATALOGUE_PATH + path_of("items", record.id)
    item = base + path_of("stac", "collections", record.kind, "items", record.id)
    links = [
        link(own, "self", "this record", GEOJSON),
        link(base + CATALOGUE_PATH, "collection", "the catalogue"),
        link(item, "alternate", "as a STAC item", GEOJSON),
        link(base + path_of("datasets", record.id), "describedby", "the dataset", GEOJSON),
    ]
    if record.kind != "document":
        links.append(link(base + path_of("collections", record.id), "related", "the data as a collection"))
    return links


def tombstone_document(base: str, grave: Tombstone) -> Json:
    """What stays of a deleted record."""
    properties = {
        "type": "tombstone", "title": grave.id, "updated": grave.deleted, "deleted": grave.deleted,
        "craton:version": grave.version, "craton:sequence": grave.sequence, "description": grave.reason,
    }  # fmt: skip
    return {
        "id": grave.id, "type": "Feature", "time": None, "geometry": None,
        "properties": {name: said for name, said in properties.items() if said != ""},
        "links": [link(base + CATALOGUE_PATH, "collection", "the catalogue")],
    }  # fmt: skip


def catalogue_document(site: Site, base: str) -> Json:
    """All about the catalogue."""
    own = base + CATALOGUE_PATH
    return {
        "id": CATALOGUE,
        "type": "Collection",
        "title": site.options.title or "Catalogue",
        "description": "Records of all datasets of the node.",
        "itemType": "record",
        "extent": extent_of(bounds_of(site).values()),
        "crs": [CRS84],
        "defaultSortOrder": [{"field": "updated", "direction": "desc"}],
        "links": [
            link(own, "self", "the catalogue"),
            link(f"{own}/items", "items", "all records", GEOJSON),
            link(f"{own}/queryables", QUERYABLES_RELATION, "what a filter can ask", SCHEMA_TYPE),
            link(f"{own}/sortables", SORTABLES_RELATION, "what can be sorted by", SCHEMA_TYPE),
            link(f"{own}/facets", "related", "how often each value occurs"),
            link(f"{base}/stac", "alternate", "as a STAC catalogue"),
            link(f"{base}/csw?service=CSW&request=GetCapabilities", "alternate", "as CSW", "application/xml"),
            link(f"{base}/collections", "up", "all collections"),
        ],
    }


Bounds = tuple[object, ...]
"""Number of records, west, south, east, north, start and end of some records."""


def bounds_of(site: Site) -> dict[str, Bounds]:
    """Bounds of each kind, as the visitor may see them; found once for each state of the catalogue."""
    visibility = visible_to(site.actor)
    key = site.store.catalogue.node, site.store.sequence(), visibility
    return _KEPT.get(key, lambda: site.store.catalogue.bounds(visibility))


MOST_KEPT = 16
"""States of catalogues whose bounds are kept."""

_KEPT = Recent[tuple[str, int, tuple[str, ...]], dict[str, Bounds]](MOST_KEPT)


def extent_of(bounds: Iterable[Bounds]) -> Json:
    """Extent of some bounds together; the whole world and all time where nothing is known."""
    sides = [
        [side for side in column if isinstance(side, int | float)] for column in zip(*bounds, strict=True)
    ]
    if not sides:
        sides = [[] for _ in range(7)]
    _, west, south, east, north, start, end = sides
    box = [min(west), min(south), max(east), max(north)] if west else [-180.0, -90.0, 180.0, 90.0]
    if box[2] - box[0] >= 360:
        box[0], box[2] = -180.0, 180.0
    elif box[2] > 180:
        box[2] -= 360
    interval = [_moment(min(start)) if start else None, _moment(max(end)) if end else None]
    return {
        "spatial": {"bbox": [box], "crs": CRS84},
        "temporal": {"interval": [interval], "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"},
    }


def _moment(seconds: float) -> str | None:
    """Text of a moment; an open side is none."""
    time = EPOCH + timedelta(seconds=seconds)
    return None if time in {BEGINNING, END} else timestamp(time.replace(microsecond=0))


def tag_of(site: Site, record: Record, *more: str) -> str:
    """Entity tag of a document about `record`: another one after each change of it."""
    said = msgspec.json.encode([site.store.catalogue.node, record.sequence, *more])
    return f'W/"{hash_of(said)}"'


def hash_of(said: bytes) -> str:
    """Short digest."""
    import hashlib

    return hashlib.sha256(said).hexdigest()[:32]
