"""Features on the web (OGC API – Features 1 to 3, Common 2): the collections, their features, filters."""

from __future__ import annotations

from starlette.routing import Route

from craton.model.record import Record
from craton.web.area import Area, asking, get
from craton.web.collections import list_collections, show_collection
from craton.web.collections_document import FEATURE, WITH_FEATURES, collection_path
from craton.web.features_items import QUERYABLES, list_features, show_feature
from craton.web.features_openapi import FEATURE_SCHEMAS, feature_paths
from craton.web.features_schema import SCHEMA, show_queryables, show_schema, show_sortables
from craton.web.negotiation import HTML
from craton.web.replies import GEOJSON, Json, link
from craton.web.site import Site

SORTABLES = "http://www.opengis.net/def/rel/ogc/1.0/sortables"
DESCRIPTION = "http://www.opengis.net/def/rel/ogc/1.0/schema"
DATA = "http://www.opengis.net/def/rel/ogc/1.0/data"

SPECIFICATIONS = "http://www.opengis.net/spec/"

CLASSES = {
    "ogcapi-common-2/1.0": ("collections",),
    "ogcapi-features-1/1.0": ("core", "oas30", "html", "geojson"),
    "ogcapi-features-2/1.0": ("crs",),
    "ogcapi-features-3/1.0": ("queryables", "queryables-query-parameters", "filter", "features-filter"),
    "cql2/1.0": (
        "cql2-text", "cql2-json", "basic-cql2", "advanced-comparison-operators",
        "case-insensitive-comparison", "accent-insensitive-comparison", "basic-spatial-functions",
        "basic-spatial-functions-plus", "spatial-functions", "temporal-functions", "arithmetic",
        "property-property",
    ),
}  # fmt: skip
"""Conformance classes by the standard."""


def collection_links(base: str) -> list[Json]:
    """Links of the landing page to the collections."""
    return [
        link(f"{base}/collections", "data", "collections"),
        link(f"{base}/collections", DATA, "collections"),
    ]


def feature_collection(_site: Site, base: str, record: Record) -> Json:
    """What is said of the features in the document of a collection."""
    if record.kind not in WITH_FEATURES or not record.assets:
        return {}
    own = base + collection_path(record)
    links = [
        link(f"{own}/items", "items", "features", GEOJSON),
        link(f"{own}/items?f=html", "items", "features, as a page", HTML),
        link(f"{own}/queryables", QUERYABLES, "what a filter can ask", SCHEMA),
        link(f"{own}/sortables", SORTABLES, "what can be sorted by", SCHEMA),
        link(f"{own}/schema", DESCRIPTION, "what a feature says", SCHEMA),
    ]
    return {"itemType": FEATURE, "links": links}


AREA = Area(
    "Features",
    (
        get("/collections", list_collections),
        get("/collections/{collection}", show_collection),
        Route("/collections/{collection}/items", list_features),
        Route("/collections/{collection}/items/{feature}", show_feature),
        asking("/collections/{collection}/queryables", show_queryables),
        asking("/collections/{collection}/sortables", show_sortables),
        asking("/collections/{collection}/schema", show_schema),
    ),
    conformance=tuple(
        f"{SPECIFICATIONS}{standard}/conf/{name}" for standard, names in CLASSES.items() for name in names
    ),
    links=collection_links,
    paths=feature_paths,
    schemas=FEATURE_SCHEMAS,
    collection=feature_collection,
)
