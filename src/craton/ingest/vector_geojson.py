"""GeoJSON by its standard (RFC 7946): what a text departs in, and a copy with the unreadable parts left out.

Strict types do the checking at the speed of the parser; only a feature that
fails them is taken apart to say what is wrong with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, cast

import msgspec
from msgspec import Meta, Raw, Struct

from craton.ingest.json_text import fits
from craton.model.data import Draft

GEOMETRY_TYPES = (
    "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection",
)  # fmt: skip
TYPES = (*GEOMETRY_TYPES, "Feature", "FeatureCollection")

FOREIGN_MEMBERS = {
    "Feature": ("features", "coordinates", "geometries"),
    "FeatureCollection": ("geometry", "properties", "coordinates", "geometries"),
    **dict.fromkeys(GEOMETRY_TYPES, ("geometry", "properties", "features")),
}
"""Members whose presence would change what an object of the type means (RFC 7946 §7.1)."""

FLAT = tuple[float, float]
HIGH = tuple[float, float, float]
LOOSE = Annotated[list[float], Meta(min_length=2)]

EXAMPLES = 3
"""How many different faults a message names."""

Identifier = str | int | float | None
Box = Annotated[list[float], Meta(min_length=4, max_length=6)] | None


def _geometry_type(position: Any, *, nested: bool) -> Any:
    """Union of strict geometry types over one kind of position."""
    line = Annotated[list[position], Meta(min_length=2)]
    polygon = list[Annotated[list[position], Meta(min_length=4)]]
    shapes = {
        "Point": position,
        "MultiPoint": list[position],
        "LineString": line,
        "MultiLineString": list[line],
        "Polygon": polygon,
        "MultiPolygon": list[polygon],
    }
    members = [_shape(name, [("coordinates", shape)]) for name, shape in shapes.items()]
    collection = _collection(members)
    return _union([*members, _collection([*members, collection]) if nested else collection])


def _collection(members: list[type[Struct]]) -> type[Struct]:
    inner: Any = list.__class_getitem__(_union(members))
    return _shape("GeometryCollection", [("geometries", inner)])


def _shape(name: str, fields: list[tuple[str, Any]]) -> type[Struct]:
    return msgspec.defstruct(name, [*fields, ("bbox", Box, None)], tag_field="type", tag=name)


def _union(types: Iterable[Any]) -> Any:
    first, *rest = types
    for one in rest:
        first |= one
    return first


def _feature_decoder(geometry: Any) -> msgspec.json.Decoder[Any]:
    feature = msgspec.defstruct(
        "Feature",
        [
            ("type", Literal["Feature"]),
            ("geometry", geometry | None),
            ("properties", dict[str, Raw] | None),
            ("id", Identifier, None),
            ("bbox", Box, None),
        ],
    )
    decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(feature)
    return decoder


_GEOMETRIES = {
    "": (_geometry_type(FLAT, nested=False), _geometry_type(HIGH, nested=False)),
    "positions of different length": (_geometry_type(LOOSE, nested=False),),
    "a GeometryCollection within another": (_geometry_type(LOOSE, nested=True),),
}
"""Geometry types by the fault that they let pass, strictest first."""

FEATURE_DECODERS = [(fault, _feature_decoder(one)) for fault, types in _GEOMETRIES.items() for one in types]
STRICT = (0, 1)
"""Indices of the decoders that let nothing pass: all positions flat, or all with a height."""

GEOMETRY_DECODERS = [
    (fault, msgspec.json.Decoder(one)) for fault, types in _GEOMETRIES.items() for one in types
]


@dataclass
class Outcome:
    """What checking a GeoJSON text gave.

    `unread` counts geometries that could not be read, with `reasons` in
    words; `faults` counts other departures by kind; `features` are the rows
    to read instead of the original, where it has parts that cannot be read.
    """

    unread: int = 0
    reasons: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    features: list[Raw | bytes] = field(default_factory=list)
    altered: bool = False
    useful: bool = False

    def note(self, draft: Draft) -> None:
        """Add the departures to `draft`; unread geometries are counted where the column is."""
        if self.unread:
            message = "; ".join(dict.fromkeys(self.reasons[:EXAMPLES]))
            draft.findings = [
                msgspec.structs.replace(f, message=message) if f.code == "geometry-unread" else f
                for f in draft.findings
            ]
        for fault, count in self.faults.items():
            draft.find("structure-nonstandard", count, fault)


def check_features(features: Iterable[Raw | bytes]) -> Outcome:
    """Check the JSON texts of `features` one by one."""
    outcome = Outcome()
    last = 0
    for number, raw in enumerate(features):
        taken = _standard(raw, last, outcome)
        if taken < 0:
            _take_apart(bytes(raw), f"feature {number}", outcome)
        last = taken if taken in STRICT else last
    return outcome


def _standard(raw: Raw | bytes, last: int, outcome: Outcome) -> int:
    """Index of the first decoder that takes the feature, the strict one of the `last` first; -1 for none."""
    order: tuple[int, ...] = (last, 1 - last, *range(2, len(FEATURE_DECODERS)))
    for index in order:
        fault, decoder = FEATURE_DECODERS[index]
        try:
            decoder.decode(raw)
        except (msgspec.DecodeError, RecursionError):
            continue
        if fault:
            outcome.faults[fault] += 1
        outcome.features.append(raw)
        outcome.useful = True
        return index
    return -1


def _take_apart(raw: bytes, where: str, outcome: Outcome) -> None:
    """Keep what can be read of a feature that breaks the standard, and say what it breaks."""
    outcome.altered = True
    if not fits(raw, dict[str, Raw]):
        outcome.faults["a feature is no object"] += 1
        return
    item = msgspec.json.decode(raw, type=dict[str, Raw])
    kept: dict[str, Any] = {"type": "Feature"}
    kept["geometry"] = _geometry(item.get("geometry"), where, outcome)
    kept["properties"] = _properties(item.get("properties"), outcome)
    for fault in _member_faults(item):
        outcome.faults[fault] += 1
    if fits(item.get("id"), Identifier):
        kept["id"] = item.get("id")
    outcome.useful |= bool(kept["properties"]) or kept["geometry"] is not None
    outcome.features.append(
        msgspec.json.encode({k: v for k, v in kept.items() if k != "id" or v is not None})
    )


def _member_faults(item: dict[str, Raw]) -> Iterator[str]:
    if bytes(item.get("type", b"")) != b'"Feature"':
        yield "the type of a feature is not Feature"
    if "geometry" not in item:
        yield "a feature has no geometry member"
    if not fits(item.get("id"), Identifier):
        yield "the id of a feature is neither text nor number"
    if not fits(item.get("bbox"), Box):
        yield "a bbox is not 4 or 6 numbers"


def _properties(raw: Raw | None, outcome: Outcome) -> dict[str, Raw] | None:
    if raw is None:
        outcome.faults["a feature has no properties member"] += 1
        return None
    if not fits(raw, dict[str, Raw] | None):
        outcome.faults["the properties of a feature are no object"] += 1
        return None
    return cast("dict[str, Raw] | None", msgspec.json.decode(raw, type=dict[str, Raw] | None))


def _geometry(raw: Raw | None, where: str, outcome: Outcome) -> Raw | None:
    """`raw` if any decoder takes it, a wrong bbox aside; else `None`, with the fault counted."""
    if raw is None or bytes(raw) == b"null":
        return None
    reason = ""
    for fault, decoder in GEOMETRY_DECODERS:
        try:
            decoder.decode(raw)
        except (msgspec.DecodeError, RecursionError) as error:
            reason = str(error)
            continue
        if fault:
            outcome.faults[fault] += 1
        return raw
    without_box = _without_box(raw)
    if without_box is not None:
        outcome.faults["a bbox is not 4 or 6 numbers"] += 1
        return _geometry(without_box, where, outcome)
    outcome.unread += 1
    outcome.reasons.append(f"{where}: {reason}".replace(" - at `$", " at `geometry"))
    return None


def _without_box(raw: Raw) -> Raw | None:
    """The geometry without its bbox, if that is one that breaks the standard."""
    try:
        members = msgspec.json.decode(raw, type=dict[str, Raw])
    except msgspec.DecodeError:
        return None
    if fits(members.get("bbox"), Box):
        return None
    return Raw(msgspec.json.encode({name: value for name, value in members.items() if name != "bbox"}))
