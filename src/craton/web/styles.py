"""Styles and legends of datasets: how they are drawn, chosen from what they tell, and what is in view."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from craton.model.errors import InvalidError, NotFoundError
from craton.model.record import Record
from craton.model.style import MOST_RANGES, VectorStyle
from craton.store.feature_index import FeatureIndex, open_features
from craton.store.feature_source import KINDS
from craton.store.grid_window import has_place
from craton.store.vector_tiles import open_tiles
from craton.web.area import Area, asking
from craton.web.collections import collection_record
from craton.web.maps_wish import WISH_NAMES, wish_of
from craton.web.negotiation import languages_of
from craton.web.picture_style import STYLES, Wish, style_of
from craton.web.queries import check_query, number_of
from craton.web.replies import Json, link, path_of, reply
from craton.web.site import Site
from craton.web.styles_choose import asked_style, chosen_style
from craton.web.styles_legend import legend_of, view_of
from craton.web.styles_maplibre import raster_document, vector_document
from craton.web.styles_openapi import style_paths

MAPLIBRE = "application/vnd.mapbox.style+json"
DEFAULT = "default"
FORMS = ("json", "html", "mapbox")
ASKED = ("column", "scheme", "classes")
"""Parameters by which features are styled in another way."""


def vector_style(site: Site, index: FeatureIndex, record: Record) -> Json:
    """The look of features as pictures and legends read it.

    Returns
    -------
    dict
        `{"type": "single", "title", "colour"}`,
        `{"type": "categories", "column", "title", "order", "classes": [[value, "#rrggbb", label], …]}`, or
        `{"type": "ramp", "column", "unit", "title", "stops": [[value, "#rrggbb"], …]}`.
    """
    del site
    return _plain(chosen_style(index, record))


def _plain(style: VectorStyle) -> Json:
    said: Json = {"type": style.type, "title": style.title}
    if style.type == "single":
        return said | {"colour": style.colour}
    said |= {"column": style.column, "unit": style.unit, "order": style.order}
    if style.type == "ramp":
        return said | {"stops": [list(stop) for stop in style.stops]}
    if style.type == "categories":
        return said | {
            "classes": [[one.value, one.colour, one.label] for one in style.classes],
            "ages": [one.age for one in style.classes] if style.order == "age" else [],
        }
    return said | {"ranges": [msgspec.to_builtins(one) for one in style.classes]}


def _styled(site: Site, request: Request) -> Record:
    """The dataset that is asked for, which this visitor may read, and which can be drawn."""
    record = collection_record(site, request.path_params["collection"])
    record = site.record(record.id, "read")
    if record.kind not in KINDS and not has_place(record):
        raise NotFoundError(f"{record.id} is not drawn on maps")
    return record


def list_styles(site: Site, request: Request) -> Response:
    """List the styles of a dataset."""
    check_query(request)
    record = _styled(site, request)
    own = site.base(request) + _path(record)
    names = STYLES if has_place(record) else (DEFAULT,)
    styles = [
        {
            "id": name, "title": name,
            "links": [
                link(f"{own}/{name}", "stylesheet", "as plain data"),
                link(f"{own}/{name}?f=mapbox", "stylesheet", "for MapLibre", MAPLIBRE),
            ],
        }
        for name in names
    ]  # fmt: skip
    return reply(
        request, {"styles": styles, "default": DEFAULT, "links": [link(own, "self", "this document")]}
    )


def _path(record: Record, *more: str) -> str:
    return path_of("collections", record.id, "styles", *more)


def show_style(site: Site, request: Request) -> Response:
    """Give a style: as plain data, or as a document of MapLibre (`f=mapbox`)."""
    check_query(request, "f", *ASKED)
    form = request.query_params.get("f", "json")
    if form not in FORMS:
        raise InvalidError(f"f must be one of {', '.join(FORMS)}, not {form[:40]!r}")
    record = _styled(site, request)
    name = request.path_params["style"]
    if name not in (STYLES if has_place(record) else (DEFAULT,)):
        raise NotFoundError(f"{record.id} has no style {name[:40]!r}", hint=f"see {_path(record)}")
    base = site.base(request)
    if has_place(record):
        _refuse_asked(request)
        query = "" if name == DEFAULT else f"style={name}"
        if form == "mapbox":
            return reply(request, raster_document(base, record, query), media_type=MAPLIBRE)
        return reply(request, style_of(site.store, record, Wish(name=name)))
    index = open_features(site.store, record)
    style = _asked(request, index, record)
    if form == "mapbox":
        document = vector_document(base, record, open_tiles(site.store, record), style)
        return reply(request, document, media_type=MAPLIBRE)
    return reply(request, _plain(style))


def _asked(request: Request, index: FeatureIndex, record: Record) -> VectorStyle:
    given = request.query_params
    classes = number_of(request, "classes", 0, least=1) if "classes" in given else 0
    if classes > MOST_RANGES:
        raise InvalidError(f"classes must be 1 to {MOST_RANGES}, not {classes}")
    return asked_style(
        index, record, column=given.get("column", ""), scheme=given.get("scheme", ""), classes=classes
    )


def _refuse_asked(request: Request, *more: str) -> None:
    """Refuse what only features can be asked."""
    for name in (*ASKED, *more):
        if name in request.query_params:
            raise InvalidError(f"{name} is asked of features, and this is a grid")


def show_legend(site: Site, request: Request) -> Response:
    """Tell what the colours of a dataset mean, of what is in view."""
    check_query(request, *ASKED, *WISH_NAMES, "bbox", "filter", "datetime")
    record = _styled(site, request)
    if has_place(record):
        _refuse_asked(request, "filter")
        return reply(request, style_of(site.store, record, wish_of(request)))
    for name in WISH_NAMES:
        if name in request.query_params:
            raise InvalidError(f"{name} is asked of grids, and these are features")
    index = open_features(site.store, record)
    style = _asked(request, index, record)
    return reply(request, legend_of(index, record, style, view_of(request, index), languages_of(request)))


def _collection(_site: Site, base: str, record: Record) -> Json:
    """Links of a collection to its styles."""
    if record.kind not in KINDS and not has_place(record):
        return {}
    own = base + path_of("collections", record.id)
    return {
        "links": [
            link(f"{own}/styles", "http://www.opengis.net/def/rel/ogc/1.0/styles", "styles"),
            link(f"{own}/legend", "http://www.opengis.net/def/rel/ogc/1.0/legend", "legend"),
        ]
    }


AREA = Area(
    "Styles",
    (
        asking("/collections/{collection}/styles", list_styles),
        asking("/collections/{collection}/styles/{style}", show_style),
        asking("/collections/{collection}/legend", show_legend),
    ),
    paths=style_paths,
    collection=_collection,
)
