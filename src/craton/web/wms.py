"""Web Map Service 1.3.0 and 1.1.1: maps of all datasets for older clients."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PIL import Image
from starlette.requests import Request
from starlette.responses import Response

from craton.model.errors import CratonError, InvalidError, NotFoundError
from craton.model.record import Record
from craton.store.grid_window import Frame
from craton.web.area import Area, asking
from craton.web.crs_negotiation import System, numbers_of, system_of
from craton.web.maps_query import background_of, media_type_named, whole_of
from craton.web.picture import Painted, Picture, check_size, encode
from craton.web.picture_legend import legend_image
from craton.web.picture_maps import Look, check_look, draw, legend_style, pictured, styles_of
from craton.web.picture_style import DEFAULT, Wish
from craton.web.replies import Json, link
from craton.web.site import Site
from craton.web.wms_capabilities import VERSIONS, capabilities
from craton.web.wms_info import INFO_FORMATS, Click, told_at
from craton.web.wms_openapi import wms_paths
from craton.web.wms_xml import element, parameters_of, status_of, xml_reply

MOST_LAYERS = 10
"""Layers of one map."""

EXCEPTION = "http://www.opengis.net/ogc"
OLD = "1.1.1"

Parameters = Mapping[str, str]


class ServiceError(InvalidError):
    """What goes wrong in the words of the standard: `code` is one of its own."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def answer(site: Site, request: Request) -> Response:
    """Answer what `request` names; what goes wrong is told in XML."""
    given = parameters_of(request)
    version = OLD if given.get("version", "").startswith("1.1") else VERSIONS[0]
    try:
        if given.get("service", "WMS").upper() != "WMS":
            raise InvalidError("service must be WMS")
        name = given.get("request", "")
        act = next((act for key, act in REQUESTS.items() if key.lower() == name.lower()), None)
        if act is None:
            raise ServiceError("OperationNotSupported", f"request must be one of {', '.join(REQUESTS)}")
        return act(site, request, given, version)
    except CratonError as error:
        return _exception(error, version)


def _exception(error: CratonError, version: str) -> Response:
    """A service exception."""
    status = status_of(error)
    code = getattr(error, "code", "LayerNotDefined" if isinstance(error, NotFoundError) else "")
    said = element("ServiceException", str(error).replace("\n\n", "; "))
    if code:
        said.set("code", code)
    if version == OLD:
        root = element("ServiceExceptionReport", children=[said], version=version)
        return xml_reply(root, media_type="application/vnd.ogc.se_xml", status=status)
    root = element("ServiceExceptionReport", children=[said], version=version, xmlns=EXCEPTION)
    return xml_reply(root, status=status)


def _capabilities(site: Site, request: Request, _given: Parameters, version: str) -> Response:
    return capabilities(site, site.base(request), version)


@dataclass(frozen=True)
class _Asked:
    """A map that is asked for: its layers from the lowest up, how each looks, and where."""

    layers: tuple[tuple[Record, Look], ...]
    frame: Frame


def _asked(site: Site, given: Parameters, version: str) -> _Asked:
    names = _names(given, "layers")
    styles = given.get("styles", "").split(",")
    if len(styles) not in {1, len(names)} or (len(styles) == 1 and styles[0] and len(names) > 1):
        raise ServiceError("StyleNotDefined", "styles must be as many as layers, or empty")
    styles = styles if len(styles) == len(names) else [""] * len(names)
    layers = []
    for name, style in zip(names, styles, strict=True):
        record = pictured(site, name)
        if style and style not in styles_of(record):
            raise ServiceError("StyleNotDefined", f"{name} has no style {style[:40]!r}")
        look = Look(Wish(given.get("variable", ""), style), _selection(given))
        _check(site, record, look)
        layers.append((record, look))
    return _Asked(tuple(layers), _frame(given, version))


def _check(site: Site, record: Record, look: Look) -> None:
    try:
        check_look(site, record, look)
    except InvalidError as error:
        raise ServiceError("InvalidDimensionValue", error.message) from error


def _names(given: Parameters, parameter: str) -> list[str]:
    names = [one for one in given.get(parameter, "").split(",") if one]
    if not 1 <= len(names) <= MOST_LAYERS:
        raise ServiceError("LayerNotDefined", f"{parameter} must name 1 to {MOST_LAYERS} layers")
    return names


def _selection(given: Parameters) -> dict[str, str]:
    """Steps of further axes; `current` and `default` are what is shown without them."""
    stated = {"time": given.get("time", ""), "upward": given.get("elevation", "")}
    stated |= {name.removeprefix("dim_"): value for name, value in given.items() if name.startswith("dim_")}
    return {name: value for name, value in stated.items() if value and value not in {"current", "default"}}


def system_named(given: Parameters, version: str) -> System:
    """Reference system of a map."""
    name = given.get("crs", given.get("srs", ""))
    try:
        if name.upper() == "CRS:84":
            return system_of("OGC:CRS84")
        return system_of(name, "crs")
    except InvalidError as error:
        raise ServiceError("InvalidSRS" if version == OLD else "InvalidCRS", error.message) from error


def _frame(given: Parameters, version: str) -> Frame:
    system = system_named(given, version)
    numbers = numbers_of(given.get("bbox", ""), "bbox", 4)
    if system.is_swapped and version != OLD:
        numbers = [numbers[1], numbers[0], numbers[3], numbers[2]]
    west, south, east, north = numbers
    width, height = (whole_of(given.get(name, ""), name) for name in ("width", "height"))
    check_size(width, height)
    return Frame((west, south, east, north), system.name, width, height)


def _map(site: Site, _request: Request, given: Parameters, version: str) -> Response:
    media_type = _format(given.get("format", ""))
    background = background_of(
        given.get("bgcolor", ""), given.get("transparent", "").lower(), transparent_default=False
    )
    asked = _asked(site, given, version)
    pictures = [draw(site, record, asked.frame, look) for record, look in asked.layers]
    body = encode(_stacked(pictures), media_type, background=background)
    return Response(body, media_type=media_type, headers={"Cache-Control": _caching(asked)})


def _caching(asked: _Asked) -> str:
    public = all(record.visibility == "public" for record, _ in asked.layers)
    return "no-cache" if public else "private, no-cache"


def _format(text: str) -> str:
    """Media type of a picture; parameters such as `mode=8bit` are left aside."""
    try:
        return media_type_named(text.partition(";")[0].strip() or "png")
    except InvalidError as error:
        raise ServiceError("InvalidFormat", error.message) from error


def _stacked(pictures: list[Picture]) -> Picture:
    """Pictures one over the other."""
    if len(pictures) == 1:
        return pictures[0]
    import numpy as np

    whole = pictures[0].image().convert("RGBA")
    for one in pictures[1:]:
        whole = Image.alpha_composite(whole, one.image().convert("RGBA"))
    return Painted(np.asarray(whole))


def _info(site: Site, _request: Request, given: Parameters, version: str) -> Response:
    """Tell what lies under a pixel."""
    asked = _asked(site, given, version)
    names = _names(given, "query_layers")
    column_name, row_name = ("x", "y") if version == OLD else ("i", "j")
    column, row = (_pixel(given, name, side) for name, side in (
        (column_name, asked.frame.width), (row_name, asked.frame.height)
    ))  # fmt: skip
    layers = [(record, look) for record, look in asked.layers if record.id in names]
    if len(layers) != len(set(names)):
        raise ServiceError("LayerNotQueryable", "query_layers must be among layers")
    form = given.get("info_format", INFO_FORMATS[0])
    if form.partition(";")[0] not in INFO_FORMATS:
        raise ServiceError("InvalidFormat", f"info_format must be one of {', '.join(INFO_FORMATS)}")
    most = whole_of(given.get("feature_count", "1"), "feature_count", 50)
    click = Click(asked.frame, column, row, most)
    return told_at(site, layers, click, form.partition(";")[0], _caching(asked))


def _pixel(given: Parameters, name: str, count: int) -> int:
    text = given.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) < count):
        raise ServiceError("InvalidPoint", f"{name} must be a whole number from 0 to {count - 1}")
    return int(text)


def _legend(site: Site, _request: Request, given: Parameters, _version: str) -> Response:
    """Draw the legend of a layer."""
    record = pictured(site, given.get("layer", ""))
    style = given.get("style", "")
    if style and style not in styles_of(record):
        raise ServiceError("StyleNotDefined", f"{record.id} has no style {style[:40]!r}")
    media_type = _format(given.get("format", ""))
    image = legend_image(legend_style(site, record, "" if style == DEFAULT else style))
    out = io.BytesIO()
    image.save(out, media_type.partition("/")[2].upper())
    return Response(out.getvalue(), media_type=media_type, headers={"Cache-Control": "no-cache"})


REQUESTS: Mapping[str, Callable[[Site, Request, Parameters, str], Response]] = {
    "GetCapabilities": _capabilities, "GetMap": _map, "GetFeatureInfo": _info, "GetLegendGraphic": _legend,
}  # fmt: skip


def _links(base: str) -> list[Json]:
    address = f"{base}/wms?service=WMS&request=GetCapabilities"
    return [link(address, "related", "Web Map Service", "text/xml")]


AREA = Area("WMS", (asking("/wms", answer),), links=_links, paths=wms_paths)
