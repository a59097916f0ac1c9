"""Features as GML 3.2 simple features, and the schema that describes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from xml.etree.ElementTree import Element, SubElement, register_namespace

import msgspec

from craton.store.feature_columns import FeatureColumn
from craton.web.wfs_types import GEOMETRY, GML, NAMESPACE, PREFIX, WFS, FeatureType
from craton.web.wms_xml import plain

XSD = "http://www.w3.org/2001/XMLSchema"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

for _prefix, _uri in (("wfs", WFS), ("gml", GML), (PREFIX, NAMESPACE), ("xsd", XSD), ("xsi", XSI)):
    register_namespace(_prefix, _uri)

TYPES = {
    "string": "string", "integer": "long", "number": "double", "boolean": "boolean", "date": "date",
    "date-time": "dateTime",
}  # fmt: skip

PROPERTY_TYPES = {
    "Point": "PointPropertyType", "MultiPoint": "MultiPointPropertyType",
    "LineString": "CurvePropertyType", "MultiLineString": "MultiCurvePropertyType",
    "Polygon": "SurfacePropertyType", "MultiPolygon": "MultiSurfacePropertyType",
}  # fmt: skip
"""Type of the geometry's property by the only type of geometry that there is."""

SEVERAL = {
    "MultiPoint": ("MultiPoint", "pointMember", "Point"),
    "MultiLineString": ("MultiCurve", "curveMember", "LineString"),
    "MultiPolygon": ("MultiSurface", "surfaceMember", "Polygon"),
}


class _Feature(msgspec.Struct):
    id: int
    properties: dict[str, Any]


_read = msgspec.json.Decoder(_Feature).decode


def members(
    kind: FeatureType, features: Iterable[bytes], geometries: Iterable[bytes], srs: str, names: Sequence[str]
) -> list[Element]:
    """Features as elements of a collection.

    Parameters
    ----------
    features : iterable of bytes
        As GeoJSON; their properties are used.
    geometries : iterable of bytes
        Geometries of the same, as GeoJSON in the order of axes of `srs`.
    names : sequence of str
        Elements that are wanted.
    """
    columns = {name: kind.elements[name] for name in names if name in kind.elements}
    return [
        _member(kind, _read(feature), msgspec.json.decode(geometry), srs, columns)
        for feature, geometry in zip(features, geometries, strict=True)
    ]


def _member(
    kind: FeatureType, feature: _Feature, geometry: Any, srs: str, columns: dict[str, FeatureColumn]
) -> Element:
    id = f"{kind.name}.{feature.id}"
    made = Element(f"{{{NAMESPACE}}}{kind.name}", {f"{{{GML}}}id": id})
    for name, column in columns.items():
        value = feature.properties.get(column.name)
        if value is not None:
            SubElement(made, f"{{{NAMESPACE}}}{name}").text = _text(value)
    if geometry is not None:
        place = SubElement(made, f"{{{NAMESPACE}}}{GEOMETRY}")
        place.append(_geometry(geometry, f"{id}.g", {"srsName": srs, "srsDimension": _dimension(geometry)}))
    return made


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return plain(repr(value) if isinstance(value, float) else value)


def _dimension(geometry: Any) -> str:
    """Numbers of a position of the geometry."""
    inner = geometry
    while isinstance(inner, dict):
        parts = inner.get("geometries")
        inner = (parts or [{}])[0] if parts is not None else inner.get("coordinates", [])
    while isinstance(inner, list) and inner and isinstance(inner[0], list):
        inner = inner[0]
    return str(max(2, min(3, len(inner)))) if isinstance(inner, list) else "2"


def _gml(name: str, id: str = "", attributes: dict[str, str] | None = None) -> Element:
    said = {f"{{{GML}}}id": id} if id else {}
    return Element(f"{{{GML}}}{name}", said | (attributes or {}))


def _geometry(geometry: Any, id: str, attributes: dict[str, str]) -> Element:
    kind = geometry["type"]
    if kind == "GeometryCollection":
        whole = _gml("MultiGeometry", id, attributes)
        for number, part in enumerate(geometry["geometries"], 1):
            SubElement(whole, f"{{{GML}}}geometryMember").append(_geometry(part, f"{id}.{number}", {}))
        return whole
    if kind in SEVERAL:
        name, member, single = SEVERAL[kind]
        whole = _gml(name, id, attributes)
        for number, part in enumerate(geometry["coordinates"], 1):
            SubElement(whole, f"{{{GML}}}{member}").append(_single(single, part, f"{id}.{number}", {}))
        return whole
    return _single(kind, geometry["coordinates"], id, attributes)


def _single(kind: str, coordinates: Any, id: str, attributes: dict[str, str]) -> Element:
    made = _gml(kind, id, attributes)
    if kind == "Point":
        SubElement(made, f"{{{GML}}}pos").text = " ".join(map(repr, coordinates))
    elif kind == "LineString":
        SubElement(made, f"{{{GML}}}posList").text = _positions(coordinates)
    else:
        for number, ring in enumerate(coordinates):
            side = SubElement(made, f"{{{GML}}}{'interior' if number else 'exterior'}")
            line = SubElement(side, f"{{{GML}}}LinearRing")
            SubElement(line, f"{{{GML}}}posList").text = _positions(ring)
    return made


def _positions(coordinates: Any) -> str:
    return " ".join(repr(number) for position in coordinates for number in position)


def schema(kinds: Sequence[FeatureType]) -> Element:
    """Schema of feature types."""
    root = Element(f"{{{XSD}}}schema", {
        "targetNamespace": NAMESPACE, "elementFormDefault": "qualified", "version": "1",
    })  # fmt: skip
    # Prefixes that only stand in the values of attributes are not declared by the writer.
    root.set(f"xmlns:{PREFIX}", NAMESPACE)
    root.set("xmlns:gml", GML)
    SubElement(root, f"{{{XSD}}}import", {
        "namespace": GML, "schemaLocation": "http://schemas.opengis.net/gml/3.2.1/gml.xsd",
    })  # fmt: skip
    for kind in kinds:
        _describe(root, kind)
    return root


def _describe(root: Element, kind: FeatureType) -> None:
    SubElement(root, f"{{{XSD}}}element", {
        "name": kind.name, "type": f"{PREFIX}:{kind.name}Type", "substitutionGroup": "gml:AbstractFeature",
    })  # fmt: skip
    made = SubElement(root, f"{{{XSD}}}complexType", {"name": f"{kind.name}Type"})
    content = SubElement(made, f"{{{XSD}}}complexContent")
    extension = SubElement(content, f"{{{XSD}}}extension", {"base": "gml:AbstractFeatureType"})
    sequence = SubElement(extension, f"{{{XSD}}}sequence")
    for name, column in kind.elements.items():
        SubElement(sequence, f"{{{XSD}}}element", {
            "name": name, "type": f"xsd:{TYPES[column.type]}", "minOccurs": "0", "nillable": "true",
        })  # fmt: skip
    if kind.index.geometry_types:
        only = kind.index.geometry_types[0] if len(kind.index.geometry_types) == 1 else ""
        type_ = PROPERTY_TYPES.get(only, "GeometryPropertyType")
        SubElement(
            sequence, f"{{{XSD}}}element", {"name": GEOMETRY, "type": f"gml:{type_}", "minOccurs": "0"}
        )
