"""Places in a filter of records: boxes by index, then what lies in them exactly."""

from __future__ import annotations

from functools import lru_cache

import msgspec
import shapely
from shapely.geometry.base import BaseGeometry

from craton.model.cql2 import Operation, Place
from craton.model.errors import InvalidError
from craton.model.exchange_place import place
from craton.model.record import Record
from craton.store.conditions import Condition, joined, touching
from craton.store.dialects import Dialect
from craton.store.entries import decode_record
from craton.store.search import Box, turned

OPPOSITES = {"within": "contains", "contains": "within"}
"""Relations that are others when the two places change sides."""


def relation_of(one: Operation) -> tuple[str, BaseGeometry]:
    """Relation of a record's place to a geometry, as if the record were named first."""
    first, second = one.args
    relation = one.op.removeprefix("s_")
    if isinstance(second, Place) and not isinstance(first, Place):
        return relation, second.geometry
    if isinstance(first, Place) and not isinstance(second, Place):
        return OPPOSITES.get(relation, relation), first.geometry
    raise InvalidError(f"{one.op} compares the geometry of records with one that is written out")


def place_condition(one: Operation, dialect: Dialect) -> Condition:
    """Condition on the place of row `r` of `records`."""
    relation, geometry = relation_of(one)
    if relation == "disjoint":
        touches = _touches("intersects", geometry, dialect)
        return Condition(f"(r.west IS NOT NULL AND NOT {touches.sql})", touches.values)
    return _touches(relation, geometry, dialect)


def _touches(relation: str, geometry: BaseGeometry, dialect: Dialect) -> Condition:
    """Boxes first; a box within a rectangle lies in it without looking closer."""
    boxes = turned(box_of(geometry))
    near = joined(
        [_sides("r.west <= ? AND r.east >= ? AND r.south <= ? AND r.north >= ?", touching(b)) for b in boxes],
        "OR",
    )
    exact = dialect.relate(relation, shapely.to_wkb(geometry))
    if relation in {"intersects", "within"} and _is_rectangle(geometry):
        inside = [
            _sides(
                "r.west > ? AND r.east < ? AND r.south > ? AND r.north < ?",
                (b.west, b.east, b.south, b.north),
            )
            for b in boxes
        ]
        exact = joined([*inside, exact], "OR")
    return joined([near, exact])


def _sides(sql: str, values: tuple[float, ...]) -> Condition:
    return Condition(f"({sql})", values)


def box_of(geometry: BaseGeometry) -> Box:
    """Box of a geometry."""
    return Box(*map(float, geometry.bounds))


def _is_rectangle(geometry: BaseGeometry) -> bool:
    return geometry.geom_type == "Polygon" and bool(shapely.equals(geometry, shapely.box(*geometry.bounds)))


def shape_of(record: Record) -> BaseGeometry | None:
    """Geometry of a record within ±180 degrees, valid; its box where its footprint is no geometry."""
    for one in (record, msgspec.structs.replace(record, footprint=None)):
        try:
            shape = shapely.from_geojson(msgspec.json.encode(place(one)["geometry"]))
        except (shapely.errors.ShapelyError, ValueError, IndexError, TypeError):
            continue
        if shape is not None and not shape.is_empty:
            return shape if shape.is_valid else shapely.make_valid(shape)
    return None


def relates(relation: str, json: bytes, geometry: bytes) -> bool | None:
    """Whether the place of the record in `json` is in a relation to a geometry in WKB."""
    shape = shape_of(decode_record(json))
    if shape is None:
        return None
    # The prepared one is asked, so a relation with sides is asked the other way round.
    name = OPPOSITES.get(relation, relation)
    return bool(getattr(shapely, name)(_prepared(geometry), shape))


@lru_cache(maxsize=16)
def _prepared(geometry: bytes) -> BaseGeometry:
    shape: BaseGeometry = shapely.from_wkb(geometry)
    shapely.prepare(shape)
    return shape
