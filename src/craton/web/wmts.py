"""Web Map Tile Service 1.0.0: tiles of maps of all datasets, by query and by address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element

from starlette.requests import Request
from starlette.responses import Response

from craton.model.errors import CratonError, InvalidError, NotFoundError
from craton.model.record import Record
from craton.model.tile_matrix import (
    TILE_MATRIX_SETS,
    TILE_PIXELS,
    TileMatrixSet,
    limits,
    tile_bbox,
    tile_bounds,
    tile_matrix_set,
)
from craton.store.grid_window import Frame
from craton.web.area import Area, asking
from craton.web.maps_query import media_type_named
from craton.web.maps_tiles import levels_of, tile_of
from craton.web.picture import TYPES
from craton.web.picture_maps import (
    Look,
    check_look,
    data_reply,
    picture_tag,
    pictured,
    styles_of,
    tile_bytes,
    unchanged,
)
from craton.web.picture_style import DEFAULT, Wish
from craton.web.replies import Json, link, problem_of
from craton.web.site import Site
from craton.web.wms_capabilities import flat_box, listed
from craton.web.wms_openapi import wmts_paths
from craton.web.wms_xml import OWS, XLINK, element, parameters_of, status_of, xml_reply

NAMESPACE = "http://www.opengis.net/wmts/1.0"
VERSION = "1.0.0"

URNS = {"EPSG:3857": "urn:ogc:def:crs:EPSG::3857", "OGC:CRS84": "urn:ogc:def:crs:OGC:1.3:CRS84"}

FINEST = 20
"""Finest level of the sets that is listed."""

Parameters = Mapping[str, str]


class ServiceError(InvalidError):
    """What goes wrong in the words of the standard: its code, and the parameter."""

    def __init__(self, code: str, locator: str, message: str) -> None:
        super().__init__(message)
        self.code, self.locator = code, locator


def answer(site: Site, request: Request) -> Response:
    """Answer a request by query; what goes wrong is told in XML."""
    given = parameters_of(request)
    try:
        if given.get("service", "WMTS").upper() != "WMTS":
            raise ServiceError("InvalidParameterValue", "service", "service must be WMTS")
        name = given.get("request", "").lower()
        if name == "getcapabilities":
            return _capabilities(site, site.base(request))
        if name == "gettile":
            return _tile(site, request, _stated(given))
        raise ServiceError("OperationNotSupported", "request", "request must be GetCapabilities or GetTile")
    except CratonError as error:
        return _exception(error, status_of(error))


def answer_capabilities(site: Site, request: Request) -> Response:
    """Give the document of capabilities by its address."""
    return _capabilities(site, site.base(request))


def answer_tile(site: Site, request: Request) -> Response:
    """Give the tile that an address names."""
    given = dict(request.path_params)
    row_column, dot, form = given.pop("file").rpartition(".")
    try:
        if not dot:
            raise NotFoundError("a tile is named COLUMN.png, COLUMN.webp or COLUMN.jpeg")
        return _tile(site, request, {**given, "column": row_column, "format": form})
    except CratonError as error:
        return _exception(error, problem_of(error).status)


def _stated(given: Parameters) -> dict[str, str]:
    """Parameters of a tile by query, by the names of those by address."""
    names = {
        "layer": "layer", "style": "style", "set": "tilematrixset", "matrix": "tilematrix", "row": "tilerow",
        "column": "tilecol", "format": "format",
    }  # fmt: skip
    for key in names.values():
        if key not in given and key not in {"style", "format"}:
            raise ServiceError("MissingParameterValue", key, f"{key} is missing")
    return {name: given.get(key, "") for name, key in names.items()}


def _tile(site: Site, request: Request, stated: Parameters) -> Response:
    record = pictured(site, stated["layer"])
    style = stated["style"] or DEFAULT
    if style not in styles_of(record):
        raise ServiceError("InvalidParameterValue", "style", f"there is no style {style[:40]!r}")
    tms = tile_matrix_set(stated["set"])
    try:
        place = tile_of(tms, stated["matrix"].rpartition(":")[2], stated["row"], stated["column"])
    except NotFoundError as error:
        raise ServiceError("TileOutOfRange", "tilerow", error.message) from error
    media_type = media_type_named(stated["format"].partition(";")[0].strip() or "png")
    look = Look(Wish(name=style))
    check_look(site, record, look)
    tag = picture_tag(site, record, tms.id, place, TILE_PIXELS, look.key, media_type)
    if unchanged(request, tag):
        return data_reply(request, record, b"", media_type, tag=tag)
    frame = Frame(tile_bounds(tms, *place), tms.crs, TILE_PIXELS, TILE_PIXELS)
    body = tile_bytes(site, record, frame, tile_bbox(tms, *place), look, media_type, tag)
    return data_reply(request, record, body, media_type, tag=tag)


def _exception(error: CratonError, status: int) -> Response:
    code = getattr(error, "code", "InvalidParameterValue")
    text = element(_ows("ExceptionText"), str(error).replace("\n\n", "; "))
    said = element(_ows("Exception"), children=[text], exceptionCode=code)
    said.set("locator", getattr(error, "locator", "layer"))
    root = element(_ows("ExceptionReport"), children=[said], version="1.1.0")
    return xml_reply(root, status=status)


def _ows(name: str) -> str:
    return f"{{{OWS}}}{name}"


def _capabilities(site: Site, base: str) -> Response:
    root = element("Capabilities", xmlns=NAMESPACE, version=VERSION)
    root.append(element(_ows("ServiceIdentification"), children=[
        element(_ows("Title"), site.options.title or "A Craton node"),
        element(_ows("ServiceType"), "OGC WMTS"), element(_ows("ServiceTypeVersion"), VERSION),
    ]))  # fmt: skip
    root.append(element(_ows("OperationsMetadata"), children=[
        _operation(name, f"{base}/wmts?") for name in ("GetCapabilities", "GetTile")
    ]))  # fmt: skip
    layers = [_layer(site, base, record) for record in listed(site)]
    sets = [_set(tms) for tms in TILE_MATRIX_SETS.values()]
    root.append(element("Contents", children=[*layers, *sets]))
    where = element("ServiceMetadataURL")
    where.set(f"{{{XLINK}}}href", f"{base}/wmts/WMTSCapabilities.xml")
    root.append(where)
    response = xml_reply(root, media_type="text/xml")
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _operation(name: str, address: str) -> Element:
    value = element(_ows("AllowedValues"), children=[element(_ows("Value"), "KVP")])
    way = element(_ows("Get"), children=[element(_ows("Constraint"), children=[value], name="GetEncoding")])
    way.set(f"{{{XLINK}}}href", address)
    http = element(_ows("HTTP"), children=[way])
    return element(_ows("Operation"), children=[element(_ows("DCP"), children=[http])], name=name)


def _layer(site: Site, base: str, record: Record) -> Element:
    west, south, east, north = flat_box(record)
    made = element("Layer", children=[
        element(_ows("Title"), record.name() or record.id),
        element(_ows("WGS84BoundingBox"), children=[
            element(_ows("LowerCorner"), f"{west:.9g} {south:.9g}"),
            element(_ows("UpperCorner"), f"{east:.9g} {north:.9g}"),
        ]),
        element(_ows("Identifier"), record.id),
    ])  # fmt: skip
    for name in styles_of(record):
        style = element("Style", children=[element(_ows("Identifier"), name)])
        if name == DEFAULT:
            style.set("isDefault", "true")
        made.append(style)
    made.extend(element("Format", media_type) for media_type in TYPES.values())
    made.extend(_set_link(site, record, tms) for tms in TILE_MATRIX_SETS.values())
    made.extend(_addresses(base, record))
    return made


def _set_link(site: Site, record: Record, tms: TileMatrixSet) -> Element:
    assert record.bbox is not None
    last = min(FINEST, levels_of(site, record, tms)[1])
    children = [
        element("TileMatrixLimits", children=[
            element("TileMatrix", one["tileMatrix"]), element("MinTileRow", one["minTileRow"]),
            element("MaxTileRow", one["maxTileRow"]), element("MinTileCol", one["minTileCol"]),
            element("MaxTileCol", one["maxTileCol"]),
        ])
        for one in limits(tms, record.bbox, 0, last)
    ]  # fmt: skip
    told = element("TileMatrixSetLimits", children=children)
    return element("TileMatrixSetLink", children=[element("TileMatrixSet", tms.id), told])


def _addresses(base: str, record: Record) -> Iterator[Element]:
    for name, media_type in TYPES.items():
        place = "{Style}/{TileMatrixSet}/{TileMatrix}/{TileRow}/{TileCol}"
        template = f"{base}/wmts/{record.id}/{place}.{name}"
        yield element("ResourceURL", format=media_type, resourceType="tile", template=template)


def _set(tms: TileMatrixSet) -> Element:
    made = element("TileMatrixSet", children=[
        element(_ows("Identifier"), tms.id), element(_ows("SupportedCRS"), URNS[tms.crs]),
    ])  # fmt: skip
    for level in range(min(FINEST + 1, tms.levels)):
        rows, columns = tms.size(level)
        made.append(element("TileMatrix", children=[
            element(_ows("Identifier"), level), element("ScaleDenominator", repr(tms.scale(level))),
            element("TopLeftCorner", f"{tms.west!r} {tms.north!r}"),
            element("TileWidth", TILE_PIXELS), element("TileHeight", TILE_PIXELS),
            element("MatrixWidth", columns), element("MatrixHeight", rows),
        ]))  # fmt: skip
    return made


def _links(base: str) -> list[Json]:
    return [link(f"{base}/wmts/WMTSCapabilities.xml", "related", "Web Map Tile Service", "text/xml")]


ROUTES = (
    asking("/wmts", answer),
    asking("/wmts/WMTSCapabilities.xml", answer_capabilities),
    asking("/wmts/{layer}/{style}/{set}/{matrix}/{row}/{file}", answer_tile),
)

AREA = Area("WMTS", ROUTES, links=_links, paths=wmts_paths)
