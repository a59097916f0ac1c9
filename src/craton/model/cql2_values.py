"""Values of CQL2 that are more than a number or a text: places and times, checked."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from craton.model.cql2_tree import Moment, Moments, Place, Property
from craton.model.errors import InvalidError

Project = Callable[[np.ndarray], np.ndarray]
"""Positions (n, 2) in the order of the literal's system to longitudes and latitudes (n, 2)."""

HALF_TURN, FULL_TURN = 180.0, 360.0

TURNS = (0.0, FULL_TURN, -FULL_TURN)
"""Degrees by which parts beyond the antimeridian are brought back."""

OPEN = frozenset({"..", ""})
"""How an open side of an interval is written."""

EDGE = 16
"""Pieces into which the side of a box is cut before it is bent by a change of projection."""

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def place_of(value: Any, project: Project | None = None) -> Place:
    """Place of a GeoJSON geometry, or of a Shapely one; `project` where it is not in CRS84."""
    geometry = value if isinstance(value, BaseGeometry) else _of_geojson(value)
    if geometry.is_empty:
        raise InvalidError("a geometry of the filter is empty")
    return Place(_placed(shapely.force_2d(geometry), project))


def _of_geojson(value: Any) -> BaseGeometry:
    try:
        return shapely.from_geojson(msgspec.json.encode(value))
    except (ShapelyError, RecursionError, ValueError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InvalidError(f"a geometry of the filter is not GeoJSON ({reason})") from None


def box_of(value: Any, project: Project | None = None) -> Place:
    """Place of the numbers of a box: west, south, east, north, with heights between where there are six.

    West > east crosses the antimeridian.
    """
    if not isinstance(value, list) or len(value) not in {4, 6} or not all(map(_is_finite, value)):
        raise InvalidError("a box of the filter must be 4 or 6 numbers: west, south, east, north")
    west, south, east, north = (value[i] for i in ((0, 1, 2, 3) if len(value) == 4 else (0, 1, 3, 4)))
    if south > north or (west > east and project is not None):
        raise InvalidError("the south of a box lies north of its north, or its west east of its east")
    east += FULL_TURN * (west > east)
    box = shapely.envelope(shapely.multipoints([(west, south), (east, north)]))
    bent = box if project is None else shapely.segmentize(box, max(east - west, north - south) / EDGE or 1.0)
    return Place(_placed(bent, project))


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _placed(geometry: BaseGeometry, project: Project | None) -> BaseGeometry:
    """`geometry` valid and within the map."""
    if project is not None:
        geometry = shapely.transform(geometry, project)
    west, south, east, north = geometry.bounds
    if not np.isfinite(shapely.get_coordinates(geometry)).all():
        raise InvalidError("a geometry of the filter has a coordinate that is no place")
    if south < -90 or north > 90 or west < -HALF_TURN - FULL_TURN or east > HALF_TURN + FULL_TURN:
        raise InvalidError("a geometry of the filter lies outside ±180° of longitude and ±90° of latitude")
    if not geometry.is_valid:
        reason = shapely.is_valid_reason(geometry)
        raise InvalidError(f"a geometry of the filter is not valid ({str(reason)[:80]})")
    return geometry if west >= -HALF_TURN and east <= HALF_TURN else _cut(geometry)


def _cut(geometry: BaseGeometry) -> BaseGeometry:
    """`geometry` cut at the antimeridian, all parts within ±180°."""
    parts = []
    for turn in TURNS:
        window = shapely.box(-HALF_TURN + turn, -90, HALF_TURN + turn, 90)
        part = shapely.intersection(geometry, window)
        parts.append(shapely.transform(part, lambda positions, turn=turn: positions - [turn, 0.0]))
    return shapely.union_all([part for part in parts if not part.is_empty])


def moment_of(text: Any) -> Moment:
    """Date, or time in UTC, of RFC 3339 text."""
    if isinstance(text, str):
        try:
            if _DATE.fullmatch(text):
                return dt.date.fromisoformat(text)
            if _TIMESTAMP.fullmatch(text):
                return dt.datetime.fromisoformat(text.upper()).astimezone(dt.UTC)
        except (ValueError, OverflowError):
            pass
    raise InvalidError(
        f"{str(text)[:40]!r} is not a time of RFC 3339", hint="write it as 2025-03-28 or 2025-03-28T06:20:52Z"
    )


def instant_of(kind: Any, text: Any) -> Moments:
    """A date or a timestamp, as `kind` says."""
    moment = moment_of(text)
    is_date = not isinstance(moment, dt.datetime)
    if is_date != (kind == "date"):
        raise InvalidError(f"{str(text)[:40]!r} is no {kind}")
    return Moments(moment, moment, kind)


def interval_of(sides: Any) -> Moments:
    """Interval of two sides: text of RFC 3339, `..`, or a property."""
    if not isinstance(sides, list) or len(sides) != 2:
        raise InvalidError("an interval of the filter must have two sides")
    start, end = map(_side, sides)
    known = [side for side in (start, end) if isinstance(side, dt.date)]
    if len(known) == 2 and first_second(known[0]) > last_second(known[1]):
        raise InvalidError(f"an interval of the filter ends before it starts: {sides[0]!r}, {sides[1]!r}")
    return Moments(start, end)


def _side(value: Any) -> Moment | Property | None:
    if isinstance(value, str) and value in OPEN:
        return None
    if isinstance(value, dict) and len(value) == 1:
        ((key, inner),) = value.items()
        if key == "property" and isinstance(inner, str):
            return Property(inner)
        if key in {"date", "timestamp"}:
            return instant_of(key, inner).start
    return moment_of(value)


def first_second(moment: Moment) -> dt.datetime:
    """Beginning of `moment`."""
    if isinstance(moment, dt.datetime):
        return moment
    return dt.datetime(moment.year, moment.month, moment.day, tzinfo=dt.UTC)


def last_second(moment: Moment) -> dt.datetime:
    """End of `moment`: the last microsecond of a date."""
    if isinstance(moment, dt.datetime):
        return moment
    return dt.datetime.combine(moment, dt.time.max, tzinfo=dt.UTC)
