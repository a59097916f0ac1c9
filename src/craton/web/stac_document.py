"""Documents of STAC: the landing page, collections, items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from craton.model.record import Record
from craton.model.stac import STAC_VERSION, to_stac
from craton.web.landing import OPENAPI_TYPE
from craton.web.negotiation import HTML
from craton.web.records_document import (
    CATALOGUE_PATH,
    QUERYABLES_RELATION,
    SCHEMA_TYPE,
    Bounds,
    asset_href,
    bounds_of,
    extent_of,
    translate,
)
from craton.web.replies import GEOJSON, Json, link, path_of
from craton.web.site import Site
from craton.web.stac_projection import add_projection

STAC_PATH = "/stac"

TITLES = {
    "grid": ("Grids", "Fields on regular cells: relief, geophysics, imagery."),
    "table": ("Tables", "Rows with geometry or without: maps, samples, occurrences."),
    "boreholes": ("Boreholes", "Collars, surveys, intervals and logs."),
    "volume": ("Volumes", "Fields on cells in three dimensions."),
    "mesh": ("Meshes", "Surfaces of bodies and layers."),
    "series": ("Series", "Stations with values over time."),
    "document": ("Documents", "Reports, sheets and other files."),
}
"""Title and description of the collection of each kind."""

API = "https://api.stacspec.org/"
OGC = "http://www.opengis.net/spec/"

STAC_CLASSES = (
    *(f"{API}v1.0.0/{name}" for name in (
        "core", "collections", "ogcapi-features", "item-search", "item-search#fields", "item-search#sort",
        "item-search#filter", "ogcapi-features#fields", "ogcapi-features#sort", "ogcapi-features#filter",
    )),
    *(f"{API}v1.0.0-rc.1/{name}" for name in (
        "item-search#free-text", "ogcapi-features#free-text", "collection-search",
        "collection-search#free-text", "collection-search#fields", "collection-search#sort",
    )),
    *(f"{API}v1.0.0-rc.3/{name}" for name in ("item-search#filter", "ogcapi-features#filter")),
    *(f"{OGC}ogcapi-features-1/1.0/conf/{name}" for name in ("core", "oas30", "geojson")),
    *(f"{OGC}ogcapi-features-3/1.0/conf/{name}" for name in ("filter", "features-filter")),
    f"{OGC}ogcapi-common-2/1.0/conf/simple-query",
    *(f"{OGC}cql2/1.0/conf/{name}" for name in (
        "cql2-text", "cql2-json", "basic-cql2", "advanced-comparison-operators",
        "case-insensitive-comparison",
        "accent-insensitive-comparison", "basic-spatial-functions", "basic-spatial-functions-plus",
        "spatial-functions", "temporal-functions", "basic-spatial-operators", "temporal-operators",
    )),
)  # fmt: skip
"""Conformance classes; those of CQL2 also under the names of its draft, which clients know."""


def landing_document(site: Site, base: str) -> Json:
    """Where STAC clients begin."""
    own = base + STAC_PATH
    children = [
        link(f"{own}/collections/{kind}", "child", TITLES.get(kind, (kind, ""))[0])
        for kind in bounds_of(site)
    ]
    return {
        "stac_version": STAC_VERSION,
        "type": "Catalog",
        "id": "craton",
        "title": site.options.title or "A Craton node",
        "description": "Datasets of a geological survey's node.",
        "conformsTo": list(STAC_CLASSES),
        "links": [
            link(own, "root", "this catalogue"),
            link(own, "self", "this catalogue"),
            link(f"{base}/api", "service-desc", "what can be asked here", OPENAPI_TYPE),
            link(f"{base}/api?f=html", "service-doc", "the same as a page", HTML),
            link(f"{own}/conformance", "conformance", "standards kept"),
            link(f"{own}/collections", "data", "collections"),
            {**link(f"{own}/search", "search", "search", GEOJSON), "method": "GET"},
            {**link(f"{own}/search", "search", "search", GEOJSON), "method": "POST"},
            link(f"{own}/queryables", QUERYABLES_RELATION, "what a filter can ask", SCHEMA_TYPE),
            link(base + CATALOGUE_PATH, "alternate", "the catalogue of OGC API – Records"),
            *children,
        ],
    }


def collection_document(base: str, kind: str, bounds: Bounds) -> Json:
    """Collection of all datasets of a kind."""
    own = f"{base}{STAC_PATH}/collections/{kind}"
    title, words = TITLES.get(kind, (kind, kind))
    return {
        "type": "Collection",
        "stac_version": STAC_VERSION,
        "stac_extensions": [],
        "id": kind,
        "title": title,
        "description": words,
        "license": "other",
        "keywords": [kind],
        "extent": _stac_extent(bounds),
        "summaries": {"craton:kind": [kind]},
        "links": [
            link(base + STAC_PATH, "root", "the catalogue"),
            link(base + STAC_PATH, "parent", "the catalogue"),
            link(own, "self", "this collection"),
            link(f"{own}/items", "items", "its items", GEOJSON),
            link(f"{own}/queryables", QUERYABLES_RELATION, "what a filter can ask", SCHEMA_TYPE),
        ],
    }


def _stac_extent(bounds: Bounds) -> Json:
    """Extent without the reference systems, which are always the same in STAC."""
    extent = extent_of([bounds])
    return {
        "spatial": {"bbox": extent["spatial"]["bbox"]},
        "temporal": {"interval": extent["temporal"]["interval"]},
    }


def item_document(site: Site, base: str, record: Record, languages: Sequence[str] = ()) -> dict[str, Any]:
    """A dataset as an item."""
    item = to_stac(record, href=asset_href(base, record))
    translate(item["properties"], record, languages)
    collection = f"{base}{STAC_PATH}/collections/{record.kind}"
    own = collection + path_of("items", record.id)
    item["collection"] = record.kind
    add_projection(site, record, item)
    item["links"] = [
        link(own, "self", "this item", GEOJSON),
        link(base + STAC_PATH, "root", "the catalogue"),
        link(collection, "parent", "its collection"),
        link(collection, "collection", "its collection"),
        link(base + CATALOGUE_PATH + path_of("items", record.id), "alternate", "as a record", GEOJSON),
        link(base + path_of("datasets", record.id), "via", "the dataset", GEOJSON),
    ]
    return item
