"""What the Web Map Service offers: its layers, in both versions of the standard."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote
from xml.etree.ElementTree import Element

from starlette.responses import Response

from craton.model import crs as systems
from craton.model.permission import visible_to
from craton.model.record import Record
from craton.store.grid_window import FurtherAxis, has_place, open_grid
from craton.store.grid_window_place import MOST_FRAME
from craton.web.picture import TYPES
from craton.web.picture_maps import has_picture, styles_of
from craton.web.site import Site
from craton.web.wms_info import INFO_FORMATS
from craton.web.wms_xml import element, online, xml_reply

VERSIONS = ("1.3.0", "1.1.1")
NAMESPACE = "http://www.opengis.net/wms"
MEDIA_TYPES = ("text/xml", "application/vnd.ogc.wms_xml")
DOCTYPE = (
    '<!DOCTYPE WMT_MS_Capabilities SYSTEM "http://schemas.opengis.net/wms/1.1.1/capabilities_1_1_1.dtd">'
)

MOST_LISTED = 2000
"""Layers that are listed, the newest first; all others can be asked for by name."""

MOST_STEPS = 400
"""Steps of an axis that are listed."""

PLACES = {"time": "time", "upward": "elevation"}
"""Dimensions of the standard by the names of axes."""


def listed(site: Site) -> list[Record]:
    """Datasets with maps that the visitor sees, the newest change first."""
    found = site.store.find(visibility=visible_to(site.actor), limit=MOST_LISTED)
    return [record for record in found if has_picture(record)]


def capabilities(site: Site, base: str, version: str) -> Response:
    """The document of capabilities."""
    is_new = version == VERSIONS[0]
    root = element("WMS_Capabilities" if is_new else "WMT_MS_Capabilities", version=version)
    if is_new:
        root.set("xmlns", NAMESPACE)
    root.append(_service(site, base, is_new=is_new))
    layers = [_layer(site, base, record, is_new=is_new) for record in listed(site)]
    codes = ["CRS:84" if is_new else "EPSG:4326", "EPSG:4326", "EPSG:3857"]
    top = element("Layer", children=[
        element("Title", site.options.title or "A Craton node"),
        *(element("CRS" if is_new else "SRS", code) for code in dict.fromkeys(codes)),
        *layers,
    ])  # fmt: skip
    exceptions = "XML" if is_new else "application/vnd.ogc.se_xml"
    root.append(element("Capability", children=[
        element("Request", children=_requests(base, is_new=is_new)),
        element("Exception", children=[element("Format", exceptions)]),
        top,
    ]))  # fmt: skip
    media_type = MEDIA_TYPES[0] if is_new else MEDIA_TYPES[1]
    response = xml_reply(root, media_type=media_type, doctype="" if is_new else DOCTYPE)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _service(site: Site, base: str, *, is_new: bool) -> Element:
    children = [
        element("Name", "WMS" if is_new else "OGC:WMS"),
        element("Title", site.options.title or "A Craton node"),
        element("Abstract", "Maps of the datasets of a geological survey's node."),
        online(f"{base}/"),
    ]
    if is_new:
        children += [element("MaxWidth", MOST_FRAME), element("MaxHeight", MOST_FRAME)]
    return element("Service", children=children)


def _requests(base: str, *, is_new: bool) -> Iterator[Element]:
    forms = {
        "GetCapabilities": (MEDIA_TYPES[0] if is_new else MEDIA_TYPES[1],), "GetMap": tuple(TYPES.values()),
        "GetFeatureInfo": INFO_FORMATS,
    }  # fmt: skip
    for name, types in forms.items():
        way = element("HTTP", children=[element("Get", children=[online(f"{base}/wms?")])])
        yield element(
            name, children=[*(element("Format", one) for one in types), element("DCPType", children=[way])]
        )


def _layer(site: Site, base: str, record: Record, *, is_new: bool) -> Element:
    made = element("Layer", queryable="1", children=[
        element("Name", record.id), element("Title", record.name() or record.id),
    ])  # fmt: skip
    if words := record.description.get("en") or next(iter(record.description.values()), ""):
        made.append(element("Abstract", words))
    if record.keywords:
        made.append(element("KeywordList", children=[element("Keyword", one) for one in record.keywords]))
    own = system_code(record)
    made.extend(
        element("CRS" if is_new else "SRS", code)
        for code in dict.fromkeys(("EPSG:4326", "EPSG:3857", own))
        if code
    )
    made.extend(_boxes(record, is_new=is_new))
    for axis in axes_of(site, record):
        made.extend(_dimension(axis, is_new=is_new))
    made.extend(_style(base, record, name) for name in styles_of(record))
    return made


def system_code(record: Record) -> str:
    """EPSG code of a dataset's own system, where it has one."""
    return record.crs if record.crs.startswith("EPSG:") and systems.is_placed(record.crs) else ""


def flat_box(record: Record) -> tuple[float, float, float, float]:
    """Box of a dataset with west < east; all longitudes where it crosses the antimeridian."""
    assert record.bbox is not None
    west, south, east, north = record.bbox
    return (-180.0, south, 180.0, north) if west > east else (west, south, east, north)


def _boxes(record: Record, *, is_new: bool) -> Iterator[Element]:
    west, south, east, north = flat_box(record)
    if is_new:
        names = ("westBoundLongitude", "eastBoundLongitude", "southBoundLatitude", "northBoundLatitude")
        values = (west, east, south, north)
        yield element("EX_GeographicBoundingBox", children=[
            element(name, value) for name, value in zip(names, values, strict=True)
        ])  # fmt: skip
        yield element("BoundingBox", CRS="CRS:84", minx=west, miny=south, maxx=east, maxy=north)
        yield element("BoundingBox", CRS="EPSG:4326", minx=south, miny=west, maxx=north, maxy=east)
    else:
        yield element("LatLonBoundingBox", minx=west, miny=south, maxx=east, maxy=north)
        yield element("BoundingBox", SRS="EPSG:4326", minx=west, miny=south, maxx=east, maxy=north)


def axes_of(site: Site, record: Record) -> tuple[FurtherAxis, ...]:
    """Further axes of a grid that are dimensions of the standard: time and height."""
    if not has_place(record) or not any(name in record.shape for name in PLACES):
        return ()
    layer = open_grid(site.store, record).layer()
    return tuple(axis for axis in layer.axes if axis.name in PLACES and axis.coordinates is not None)


def _dimension(axis: FurtherAxis, *, is_new: bool) -> Iterator[Element]:
    name = PLACES[axis.name]
    units = "ISO8601" if axis.is_time else axis.unit or "m"
    steps = range(axis.count) if axis.count <= MOST_STEPS else (0, axis.count - 1)
    values = ("," if axis.count <= MOST_STEPS else "/").join(str(axis.told(step)) for step in steps)
    default = axis.told(axis.default)
    if is_new:
        yield element("Dimension", values, name=name, units=units, default=default, nearestValue="1")
        return
    yield element("Dimension", name=name, units=units)
    yield element("Extent", values, name=name, default=default, nearestValue="1")


def _style(base: str, record: Record, name: str) -> Element:
    address = (
        f"{base}/wms?service=WMS&version=1.3.0&request=GetLegendGraphic&format=image/png"
        f"&layer={quote(record.id)}&style={name}"
    )
    legend = element(
        "LegendURL", width="220", height="196", children=[element("Format", "image/png"), online(address)]
    )
    return element("Style", children=[element("Name", name), element("Title", name), legend])
