"""Filters of the older services (FES 2.0) as CQL2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lxml import etree

from craton.model.cql2 import Expression, parse
from craton.model.errors import InvalidError
from craton.web.crs_negotiation import box_of
from craton.web.replies import Json
from craton.web.wfs_types import FES, GEOMETRY, LATITUDE_FIRST, FeatureType, ServiceError, system_named

MOST_BYTES = 64 << 10
"""Bytes of a filter in an address."""

COMPARISONS = {
    "PropertyIsEqualTo": "=", "PropertyIsNotEqualTo": "<>", "PropertyIsLessThan": "<",
    "PropertyIsGreaterThan": ">", "PropertyIsLessThanOrEqualTo": "<=", "PropertyIsGreaterThanOrEqualTo": ">=",
}  # fmt: skip
FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
REFERENCES = frozenset({"ValueReference", "PropertyName"})
NULLS = frozenset({"PropertyIsNull", "PropertyIsNil"})
BOXES = frozenset({"BBOX", "Intersects"})
IDS = frozenset({"ResourceId", "FeatureId", "GmlObjectId"})

Node = etree._Element  # noqa: SLF001 - lxml has no other name for it


def parse_xml(data: bytes, locator: str = "request") -> Node:
    """Root of a document of a client: no entities, no document type, nothing from elsewhere."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True,
        remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ServiceError("OperationParsingFailed", locator, f"this is not XML: {error}") from error
    if root is None or root.getroottree().docinfo.internalDTD is not None:
        raise ServiceError("OperationParsingFailed", locator, "a document type is not taken")
    return root


def tag_of(node: Node) -> str:
    """Name of an element without its namespace."""
    return etree.QName(node).localname


def text_of(node: Node) -> str:
    """All text of an element."""
    return "".join(str(part) for part in node.itertext())


class Filter:
    """What a filter says: an expression, and identifiers of features."""

    def __init__(self, expression: Expression | None, ids: tuple[str, ...]) -> None:
        self.expression, self.ids = expression, ids


def filter_of(node: Node, kind: FeatureType) -> Filter:
    """Read the element `Filter`."""
    inner = list(node)
    ids = tuple(
        one.get("rid") or one.get("fid") or one.get("id") or "" for one in inner if tag_of(one) in IDS
    )
    if ids and len(ids) != len(inner):
        raise _wrong("identifiers stand beside other conditions")
    if ids:
        return Filter(None, ids)
    if len(inner) != 1:
        raise _wrong("a filter has one condition")
    try:
        return Filter(parse(_condition(inner[0], kind), "cql2-json"), ())
    except ServiceError:
        raise
    except (InvalidError, RecursionError) as error:
        raise _wrong(str(error)) from error


def _wrong(message: str) -> ServiceError:
    return ServiceError("InvalidParameterValue", "filter", message)


def _condition(node: Node, kind: FeatureType) -> Json:
    name = tag_of(node)
    if name in COMPARISONS:
        return _compared(node, kind, COMPARISONS[name])
    if name in {"And", "Or"}:
        if len(node) < 2:
            raise _wrong(f"{name} joins two conditions or more")
        return {"op": name.lower(), "args": [_condition(one, kind) for one in node]}
    if name == "Not" and len(node) == 1:
        return {"op": "not", "args": [_condition(node[0], kind)]}
    if name in NULLS and len(node) == 1:
        return {"op": "isNull", "args": [_reference(node[0], kind)[0]]}
    reader = READERS.get(name)
    if reader is None:
        raise _wrong(f"{name} is not known here")
    return reader(node, kind)


def _reference(node: Node, kind: FeatureType) -> tuple[Json, str]:
    """A property, and the type of its values."""
    if tag_of(node) not in REFERENCES:
        raise _wrong(f"a property is wanted, not {tag_of(node)}")
    column = kind.column(node.text or "")
    return {"property": column.name}, column.type


def _compared(node: Node, kind: FeatureType, op: str) -> Json:
    if len(node) != 2:
        raise _wrong(f"{tag_of(node)} compares two values")
    first, second = node
    if tag_of(first) not in REFERENCES:
        first, second, op = second, first, FLIPPED.get(op, op)
    left, column_type = _reference(first, kind)
    right = _reference(second, kind)[0] if tag_of(second) in REFERENCES else _literal(second, column_type)
    if column_type == "string" and node.get("matchCase", "true") in {"false", "0"}:
        left, right = {"op": "casei", "args": [left]}, {"op": "casei", "args": [right]}
    return {"op": op, "args": [left, right]}


def _literal(node: Node, column_type: str) -> Any:
    """Value of an element `Literal`, read as the type that it is compared with."""
    text = text_of(node).strip()
    if column_type in {"integer", "number"}:
        return _number(text)
    if column_type == "boolean":
        if text.lower() not in {"true", "false", "1", "0"}:
            raise _wrong(f"{text[:40]!r} is neither true nor false")
        return text.lower() in {"true", "1"}
    if column_type == "date":
        return {"date": text[:10]}
    return {"timestamp": text if "T" in text else f"{text}T00:00:00Z"} if column_type == "date-time" else text


def _number(text: str) -> float:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        raise _wrong(f"{text[:40]!r} is no number") from None


def _like(node: Node, kind: FeatureType) -> Json:
    if len(node) != 2:
        raise _wrong("PropertyIsLike compares a property with a pattern")
    left, column_type = _reference(node[0], kind)
    if column_type != "string":
        raise _wrong("PropertyIsLike is for texts")
    marks = (node.get("wildCard", "*"), node.get("singleChar", "?"), node.get("escapeChar", "\\"))
    pattern: Any = _pattern(text_of(node[1]), *marks)
    if node.get("matchCase", "true") in {"false", "0"}:
        left, pattern = {"op": "casei", "args": [left]}, {"op": "casei", "args": [pattern]}
    return {"op": "like", "args": [left, pattern]}


def _pattern(text: str, many: str, one: str, escape: str) -> str:
    """A pattern with the marks of CQL2 in place of the client's."""
    out, place = "", 0
    while place < len(text):
        character = text[place]
        if character == escape and place + 1 < len(text):
            place += 1
            character = _escaped(text[place])
        elif character in {many, one}:
            character = "%" if character == many else "_"
        else:
            character = _escaped(character)
        out, place = out + character, place + 1
    return out


def _escaped(character: str) -> str:
    return f"\\{character}" if character in "%_\\" else character


def _between(node: Node, kind: FeatureType) -> Json:
    if len(node) != 3 or len(node[1]) != 1 or len(node[2]) != 1:
        raise _wrong("PropertyIsBetween has a property, LowerBoundary and UpperBoundary")
    left, column_type = _reference(node[0], kind)
    low, high = (_literal(side[0], column_type) for side in (node[1], node[2]))
    args = [{"op": ">=", "args": [left, low]}, {"op": "<=", "args": [left, high]}]
    return {"op": "and", "args": args}


def _box(node: Node, _kind: FeatureType) -> Json:
    envelope = next((one for one in node if tag_of(one) == "Envelope"), None)
    if envelope is None:
        raise _wrong(f"{tag_of(node)} takes an Envelope here")
    corners = {tag_of(one): (one.text or "").split() for one in envelope}
    numbers = ",".join([*corners.get("lowerCorner", [])[:2], *corners.get("upperCorner", [])[:2]])
    try:
        box = box_of(numbers, system_named(envelope.get("srsName") or LATITUDE_FIRST))
    except InvalidError as error:
        raise _wrong(error.message) from error
    return {"op": "s_intersects", "args": [{"property": GEOMETRY}, {"bbox": list(box)}]}


READERS: dict[str, Callable[[Node, FeatureType], Json]] = {
    "PropertyIsLike": _like, "PropertyIsBetween": _between, **dict.fromkeys(BOXES, _box),
}  # fmt: skip


def filter_in_address(text: str, kind: FeatureType) -> Filter:
    """Filter that an address has as the text of an element."""
    if len(text.encode()) > MOST_BYTES:
        raise _wrong("the filter is too long")
    root = parse_xml(text.encode(), "filter")
    if tag_of(root) != "Filter":
        raise _wrong(f"the filter must be an element Filter of {FES}")
    return filter_of(root, kind)
