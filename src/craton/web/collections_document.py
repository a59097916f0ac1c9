"""The document of a collection: what a dataset is, where and when, and all ways to ask for its data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from craton.model.record import Period, Record
from craton.web.area import Area
from craton.web.crs_negotiation import CRS84, address_of, addresses_of
from craton.web.formats import formats_of
from craton.web.negotiation import text_in
from craton.web.replies import GEOJSON, JSON, Json, link, path_of
from craton.web.site import Site

GREGORIAN = f"{CRS84.partition('/def/')[0]}/def/uom/ISO-8601/0/Gregorian"
PROVENANCE = "http://www.w3.org/ns/prov#has_provenance"
LICENCES = "https://spdx.org/licenses/"

WITH_FEATURES = frozenset({"table", "boreholes", "series", "mesh"})
"""Kinds of data that have features."""

WITHOUT_COLLECTION = "document"
"""The kind of dataset that is told of in the catalogue only."""

FEATURE = "feature"

KINDS = ("grid", "table", "boreholes", "volume", "mesh", "series")
"""Kinds of data that are collections."""


def collection_path(record: Record, *more: str) -> str:
    """Where the collection of a dataset is told of."""
    return path_of("collections", record.id, *more)


def collection_document(
    site: Site, base: str, record: Record, areas: Iterable[Area], languages: Sequence[str]
) -> Json:
    """All about the collection of `record`, joined from what each area offers of it."""
    title, _ = text_in(record.title, languages)
    words, _ = text_in(record.description, languages)
    document: Json = {
        "id": record.id, "title": title or record.id, "description": words, "keywords": list(record.keywords),
        "extent": _extent(record), "crs": list(addresses_of(record)), "storageCrs": address_of(record.crs),
        "kind": record.kind, "created": record.created, "updated": record.updated,
        "links": _links(site, base, record),
    }  # fmt: skip
    if record.bbox is None or document["storageCrs"] not in document["crs"]:
        document["storageCrs"] = ""
    for area in areas:
        _join(document, area.collection(site, base, record))
    return {name: said for name, said in document.items() if said not in ("", [], {})}


def _join(document: Json, more: Json) -> None:
    """Add what another area says: lists grow, objects are joined, other keys stand beside."""
    for name, said in more.items():
        known = document.get(name)
        if isinstance(known, list) and isinstance(said, list):
            document[name] = [*known, *(one for one in said if one not in known)]
        elif isinstance(known, dict) and isinstance(said, dict):
            document[name] = known | said
        else:
            document[name] = said


def _extent(record: Record) -> Json:
    extent: Json = {}
    if record.bbox is not None:
        extent["spatial"] = {"bbox": [list(record.bbox)], "crs": CRS84}
    if record.time is not None and (record.time.start or record.time.end):
        extent["temporal"] = {"interval": [_interval(record.time)], "trs": GREGORIAN}
    return extent


def _interval(period: Period) -> list[str | None]:
    return [_moment(period.start), _moment(period.end)]


def _moment(text: str) -> str | None:
    """A moment as the standard wants it: with a time."""
    if not text:
        return None
    return text if "T" in text else f"{text}T00:00:00Z" if len(text) == len("2025-03-28") else text


def _links(site: Site, base: str, record: Record) -> list[Json]:
    own = base + collection_path(record)
    dataset = base + path_of("datasets", record.id)
    return [
        link(own, "self", "this collection"),
        link(f"{base}/collections", "up", "all collections"),
        link(dataset, "describedby", "the dataset", GEOJSON),
        link(f"{dataset}/provenance", PROVENANCE, "how it came to be", JSON),
        *_licence(record),
        *(
            link(f"{dataset}/data?f={one.name}", "enclosure", f"the data as {one.name}", one.media_type)
            for one in formats_of(site, record)
        ),
    ]


def _licence(record: Record) -> list[Json]:
    if not record.licence or not record.licence.isascii() or " " in record.licence:
        return []
    return [link(f"{LICENCES}{record.licence}", "license", record.licence, "text/html")]
