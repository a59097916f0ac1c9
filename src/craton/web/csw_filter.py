"""Conditions of CSW: OGC Filter 1.1 in XML, and CQL text, as CQL2."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import shapely
from lxml import etree
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from craton.model.cql2 import Expression, Literal, Operation, Place, Property, parse, rename
from craton.model.cql2_values import place_of
from craton.model.errors import InvalidError
from craton.web.crs_negotiation import DEFAULT, System, system_of, to_default
from craton.web.csw_xml import GML, OwsError, local, text

ANY_TEXT = "anytext"

NAMES = {
    "title": "title", "identifier": "id", "abstract": "description", "description": "description",
    "type": "type", "subject": "keywords", "modified": "updated", "date": "updated", "created": "created",
    "creationdate": "created", "creator": "parties", "publisher": "parties", "contributor": "parties",
    "organisationname": "parties", "rights": "licence", "boundingbox": "geometry", "spatial": "geometry",
    "temporal": "time", "tempextent_begin": "time", "tempextent_end": "time", "relation": "identifiers",
    ANY_TEXT: ANY_TEXT,
}  # fmt: skip
"""Our names of the queryables of CSW, which are written without prefix and in small letters."""

COMPARISONS = {
    "PropertyIsEqualTo": "=", "PropertyIsNotEqualTo": "<>", "PropertyIsLessThan": "<",
    "PropertyIsGreaterThan": ">", "PropertyIsLessThanOrEqualTo": "<=", "PropertyIsGreaterThanOrEqualTo": ">=",
}  # fmt: skip

RELATIONS = {
    "BBOX": "s_intersects", "Intersects": "s_intersects", "Within": "s_within", "Contains": "s_contains",
    "Disjoint": "s_disjoint", "Touches": "s_touches", "Overlaps": "s_overlaps", "Crosses": "s_crosses",
    "Equals": "s_equals",
}  # fmt: skip

MOST_COORDINATES = 20_000

_BOX = re.compile(
    r"(?i)\bBBOX\s*\(\s*[\w:.]*[a-z_][\w:.]*\s*,\s*([-+.\deE]+(?:\s*,\s*[-+.\deE]+){3})\s*(?:,[^)]*)?\)"
)
"""A box of CQL, which names the property first."""


def expression_of(filter_: etree._Element) -> Expression:
    """Condition of an `ogc:Filter`."""
    children = [one for one in filter_ if isinstance(one.tag, str)]
    if len(children) != 1:
        raise OwsError("InvalidParameterValue", "a filter has one condition", "Filter")
    return _condition(children[0])


def expression_of_text(words: str) -> Expression:
    """Condition of CQL text."""
    return rename(parse(_BOX.sub(r"S_INTERSECTS(BoundingBox, BBOX(\1))", words)), own_name)


def own_name(name: str) -> str:
    """Our name of a queryable."""
    plain = name.rsplit("/", maxsplit=1)[-1].rsplit(":", maxsplit=1)[-1].lower()
    if plain not in NAMES:
        raise OwsError("InvalidParameterValue", f"records have no property {name[:60]!r}", "PropertyName")
    return NAMES[plain]


def _condition(one: etree._Element) -> Expression:
    word = local(one)
    children = [child for child in one if isinstance(child.tag, str)]
    if word in {"And", "Or"} and len(children) > 1:
        return Operation(word.lower(), tuple(map(_condition, children)))
    if word in {"And", "Or"} and children:
        return _condition(children[0])
    if word == "Not" and len(children) == 1:
        return Operation("not", (_condition(children[0]),))
    if word in COMPARISONS:
        return _comparison(one, COMPARISONS[word])
    special: dict[str, Callable[[etree._Element], Expression]] = {
        "PropertyIsLike": _like, "PropertyIsNull": _null, "PropertyIsBetween": _between,
    }  # fmt: skip
    if word in special:
        return special[word](one)
    if word in RELATIONS:
        return Operation(RELATIONS[word], (Property("geometry"), Place(_geometry(children))))
    raise OwsError("InvalidParameterValue", f"{word[:40]} is not understood in a filter", "Filter")


def _child(one: etree._Element, word: str) -> etree._Element:
    """The only child of that name."""
    found = [child for child in one if isinstance(child.tag, str) and local(child) == word]
    if len(found) != 1:
        raise OwsError("InvalidParameterValue", f"{local(one)} must have one {word}", "Filter")
    return found[0]


def _property(one: etree._Element) -> Property:
    return Property(own_name(text(_child(one, "PropertyName"))))


def _literal(one: etree._Element) -> Literal:
    value = text(one)
    if "\0" in value:
        raise OwsError("InvalidParameterValue", "a text has a character that no text has", "Literal")
    return Literal(value)


def _comparison(one: etree._Element, sign: str) -> Expression:
    left: Expression = _property(one)
    right: Expression = _literal(_child(one, "Literal"))
    if one.get("matchCase", "true").lower() in {"false", "0"} and left not in (
        Property("updated"),
        Property("created"),
    ):
        left, right = Operation("casei", (left,)), Operation("casei", (right,))
    return Operation(sign, (left, right))


def _like(one: etree._Element) -> Expression:
    pattern = text(_child(one, "Literal"))
    signs = {one.get("wildCard", "*"): "%", one.get("singleChar", "?"): "_"}
    escape = one.get("escapeChar") or one.get("escape") or "\\"
    said = _pattern(pattern, signs, escape)
    name = _property(one)
    if one.get("matchCase", "false" if name.name == ANY_TEXT else "true").lower() in {"false", "0"}:
        return Operation("like", (Operation("casei", (name,)), Operation("casei", (Literal(said),))))
    return Operation("like", (name, Literal(said)))


def _pattern(pattern: str, signs: dict[str, str], escape: str) -> str:
    """A pattern in the signs of CQL2."""
    found: list[str] = []
    characters = iter(pattern)
    for sign in characters:
        if sign == escape:
            sign = next(characters, escape)  # noqa: PLW2901 - the sign that is meant
            found.append(f"\\{sign}" if sign in "%_\\" else sign)
        else:
            found.append(signs.get(sign) or (f"\\{sign}" if sign in "%_\\" else sign))
    return "".join(found)


def _null(one: etree._Element) -> Expression:
    return Operation("isNull", (_property(one),))


def _between(one: etree._Element) -> Expression:
    sides = (_literal(_child(_child(one, side), "Literal")) for side in ("LowerBoundary", "UpperBoundary"))
    return Operation("between", (_property(one), *sides))


def _geometry(children: list[etree._Element]) -> BaseGeometry:
    """Geometry among the operands of a relation; the property stands beside it, if it is named."""
    for child in children:
        if local(child) == "PropertyName":
            if own_name(text(child)) != "geometry":
                raise OwsError("InvalidParameterValue", "places are asked of BoundingBox", "PropertyName")
        elif etree.QName(child).namespace == GML or local(child) in _SHAPES:
            return _shape(child)
    raise OwsError("InvalidParameterValue", "a relation of places needs a geometry in GML", "Filter")


_SHAPES = frozenset({"Envelope", "Box", "Point", "LineString", "Polygon"})


def _shape(one: etree._Element) -> BaseGeometry:
    """Geometry of GML 3 or 2."""
    word = local(one)
    if word not in _SHAPES:
        raise OwsError("InvalidParameterValue", f"{word[:40]} is no geometry that is understood", "Filter")
    system = _system(one.get("srsName", ""))
    rings = [_positions(ring) for ring in _rings(one, word)]
    if not rings:
        raise OwsError("InvalidParameterValue", f"{word} has no coordinates", "Filter")
    try:
        made = _made(word, [to_default(ring, system) for ring in rings])
    except (ValueError, shapely.errors.ShapelyError) as error:
        raise OwsError(
            "InvalidParameterValue", f"{word} is no geometry: {str(error)[:80]}", "Filter"
        ) from None
    return place_of(made).geometry


def _system(stated: str) -> System:
    """System of a geometry; one that is named in the short old way has longitude first."""
    if not stated:
        return DEFAULT
    system = system_of(stated, "srsName")
    is_old = not stated.lower().startswith(("urn:", "http:", "https:"))
    return System(system.address, system.name) if is_old else system


def _rings(one: etree._Element, word: str) -> list[etree._Element]:
    """Elements whose coordinates belong together."""
    if word != "Polygon":
        return [one]
    return [ring for ring in one.iter() if isinstance(ring.tag, str) and local(ring) == "LinearRing"]


def _positions(one: etree._Element) -> NDArray[np.float64]:
    """Positions (n, 2) written within an element."""
    words = [
        text(part)
        for part in one.iter()
        if isinstance(part.tag, str)
        and local(part) in {"lowerCorner", "upperCorner", "pos", "posList", "coordinates"}
    ]
    try:
        numbers = [float(number) for number in " ".join(words).replace(",", " ").split()]
    except ValueError:
        numbers = []
    if not numbers or len(numbers) % 2 or len(numbers) > MOST_COORDINATES or not np.isfinite(numbers).all():
        raise OwsError("InvalidParameterValue", "coordinates must be pairs of numbers", "Filter")
    return np.array(numbers).reshape(-1, 2)


def _made(word: str, rings: list[NDArray[np.float64]]) -> BaseGeometry:
    first = rings[0]
    if word == "Point":
        return shapely.Point(first[0])
    if word == "LineString":
        return shapely.LineString(first)
    if word == "Polygon":
        return shapely.Polygon(first, rings[1:])
    if len(first) != 2:
        raise InvalidError("a box has two corners")
    (west, south), (east, north) = first
    if south > north or west > east:
        raise InvalidError("the upper corner of a box must lie north and east of the lower one")
    return shapely.box(west, south, east, north)
