"""What may be asked of the features of a dataset, and how SQLite is asked.

Where a box is given, either the R-tree names all features near it, or rows are
looked at in their order until the page is full. Which of them is sooner
follows from how many features lie in the box, which a net tells roughly.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from craton.model.cql2 import Expression, Literal, Operation, Property
from craton.model.cql2_evaluate import microseconds
from craton.model.cql2_functions import ALWAYS
from craton.model.errors import InvalidError
from craton.model.moments import moment
from craton.model.record import Bbox, Period
from craton.store.conditions import Condition
from craton.store.feature_build import CELLS, Meta
from craton.store.feature_columns import DAY, FeatureColumn
from craton.store.feature_sql import compile_filter, joined, touching, unknown_property

MOST_FEATURES = 100_000
"""Features of a page."""

ROW_COST = 0.1
"""What it costs to look at a row in its order, in what it costs to take one out of the tree."""

FEW = 500
"""Features of a box that are sorted by number in no time."""

SKIP_COST = 60.0
"""A box of h out of n features is paged in the order of the tree as long as h² is at most so many times n.

Its pages pass over h / 2 features on average then. In the order of numbers, each looks at some 100 n / h
rows, which costs a third as much by row.
"""

TREE_MARGIN = 1e-4
"""Degrees by which boxes of the tree may be too large: several times the step of its float32."""

_START = re.compile(r"(?i)(^|_)(start|begin|beginning|from|since|onset)(_|$|date|time)|^(start|begin)")
_END = re.compile(r"(?i)(^|_)(end|stop|until|to|finish)(_|$|date|time)|^(end|stop)")


@dataclass(frozen=True)
class FeatureQuery:
    """Which features, and what of them.

    Parameters
    ----------
    bbox : tuple
        West, south, east, north in CRS84, west > east across the antimeridian: features that touch it,
        and those without a place.
    filter : Expression
        See `model.cql2`; the geometry is called `geometry`.
    period : Period
        Features with a time in it, and those without a time.
    properties : tuple of str
        What to keep of the properties; `None` keeps all.
    sort : tuple of (str, bool)
        Properties and whether they descend; what has none comes last.
    equal : tuple of (str, str)
        Properties and their value as text.
    ids : tuple of int
        Numbers of features; empty asks for any.
    after : int
        Number of the feature after which the page begins, where it is not sorted.
    offset, limit : int
        Features to leave out, and to give at most.
    strict : bool
        Leave out what has no place where there is a `bbox`, and what has no time where there is a `period`.
    any_order : bool
        Whether features of a box may come in the order of the tree where that is sooner by far; pages are
        told apart by `offset` then, and `FeaturePage.in_order` tells which order it was.
    """

    bbox: Bbox | None = None
    filter: Expression | None = None
    period: Period | None = None
    properties: tuple[str, ...] | None = None
    sort: tuple[tuple[str, bool], ...] = ()
    equal: tuple[tuple[str, str], ...] = ()
    ids: tuple[int, ...] = ()
    after: int | None = None
    offset: int = 0
    limit: int = 10
    strict: bool = False
    any_order: bool = False


@dataclass(frozen=True)
class FeaturePage:
    """Some features, each as GeoJSON in CRS84, and whether there are more.

    All pages together are in the order of numbers if `in_order`, else only each by itself.
    """

    features: list[bytes]
    ids: list[int]
    more: bool
    in_order: bool = True


class Statement(NamedTuple):
    """A statement that gives ids, its values, the geometries it names by their number, and its order."""

    sql: str
    values: tuple[object, ...]
    places: list[BaseGeometry]
    in_order: bool = True


class Net:
    """How many features lie where, roughly: counted by the cells of a net over all of them."""

    def __init__(self, meta: Meta) -> None:
        self._box, self.count = meta.box, meta.count
        self._cells = np.array(meta.net or [0] * CELLS**2, np.float64).reshape(CELLS, CELLS)

    def expected(self, boxes: Sequence[Bbox]) -> float:
        """Roughly how many features lie in `boxes`."""
        return sum(self._in(box, self._box) for box in boxes) if self._box else 0.0

    def _in(self, box: Bbox, around: Bbox) -> float:
        (south, north), (west, east) = (
            _cells(box[low], box[high], around[low], around[high]) for low, high in ((1, 3), (0, 2))
        )
        cells = self._cells[int(south) : int(np.ceil(north)), int(west) : int(np.ceil(east))]
        # A box smaller than a cell has its share of it.
        share = min(north - south, 1.0) * min(east - west, 1.0)
        return float(cells.sum()) * share


def _cells(low: float, high: float, first: float, last: float) -> tuple[float, float]:
    """Where a side begins and ends, in cells of the net."""
    size = max(last - first, 1e-9) / CELLS
    begin, end = min(max((low - first) / size, 0.0), CELLS), min(max((high - first) / size, 0.0), CELLS)
    return begin, max(end, begin)


@dataclass
class Plan:
    """A query in parts of SQL.

    Parameters
    ----------
    conditions : list of Condition
        What must hold on a row `v`.
    boxes : list of list of Bbox
        Boxes that the tree may be asked for.
    with_nowhere : bool
        Features without a place belong to what the tree is asked for.
    sure : tuple
        The box and the condition, where one box is all that is asked for.
    places : list of geometry
        What `lie` finds by number.
    """

    conditions: list[Condition] = field(default_factory=list)
    boxes: list[list[Bbox]] = field(default_factory=list)
    with_nowhere: bool = False
    sure: tuple[Bbox, Condition] | None = None
    places: list[BaseGeometry] = field(default_factory=list)


def plan(query: FeatureQuery, meta: Meta, time_columns: Sequence[str]) -> Plan:
    """What `query` asks; `InvalidError` for what cannot be asked."""
    found = Plan()
    if query.bbox is not None:
        _add_box(found, query, meta)
    for expression in _expressions(query, meta.compared):
        made = compile_filter(expression, meta.compared, found.places)
        found.conditions.append(made.condition)
        found.boxes += made.boxes
        found.with_nowhere = found.with_nowhere and not made.boxes
    if query.period is not None:
        found.conditions += _in_period(query.period, meta.compared, time_columns, strict=query.strict)
    if query.ids:
        found.conditions.append(Condition(f"v.id IN ({', '.join('?' * len(query.ids))})", query.ids))
    if found.sure is not None and len(found.conditions) > 1:
        found.sure = None
    return found


def _expressions(query: FeatureQuery, columns: Sequence[FeatureColumn]) -> list[Expression]:
    types = {column.name: column for column in columns}
    stated = [_equality(name, text, types.get(name)) for name, text in query.equal]
    return stated if query.filter is None else [query.filter, *stated]


def _equality(name: str, text: str, column: FeatureColumn | None) -> Expression:
    """Expression that property `name` is `text`, read as the type of its column."""
    value: str | float | bool = text
    if column is not None and column.type == "boolean":
        value = _one_of(name, text, {"true": True, "false": False})
    elif column is not None and column.type in {"integer", "number"}:
        value = _number(name, text)
    return Operation("=", (Property(name), Literal(value)))


def _one_of(name: str, text: str, values: dict[str, bool]) -> bool:
    if text.lower() not in values:
        raise InvalidError(f"{name[:80]!r} must be one of {', '.join(values)}, not {text[:40]!r}")
    return values[text.lower()]


def _number(name: str, text: str) -> float:
    try:
        number: float = int(text) if len(text) < 19 else float(text)
    except ValueError:
        try:
            number = float(text)
        except ValueError:
            number = np.nan
    if not np.isfinite(number):
        raise InvalidError(f"{name[:80]!r} must be a number, not {text[:40]!r}")
    return number


def _add_box(found: Plan, query: FeatureQuery, meta: Meta) -> None:
    assert query.bbox is not None
    if meta.box is None:
        # Without a place there is nothing that could lie elsewhere.
        found.conditions += [Condition("FALSE")] if query.strict else []
        return
    boxes = _parts(query.bbox)
    found.boxes.append(boxes)
    found.with_nowhere = bool(meta.nowhere) and not query.strict
    exact = joined("OR", [_meeting(box, found.places) for box in boxes])
    nowhere = Condition(f"(v.west IS NULL OR {exact.sql})", exact.values)
    found.conditions.append(nowhere if found.with_nowhere else exact)
    if len(boxes) == 1 and not found.with_nowhere:
        found.sure = boxes[0], exact


def _parts(bbox: Bbox) -> list[Bbox]:
    """Boxes of `bbox`: two where it crosses the antimeridian."""
    west, south, east, north = (float(side) for side in bbox)
    if not np.isfinite([west, south, east, north]).all() or south > north:
        raise InvalidError("a box must be west, south, east, north, with the south below the north")
    if west <= east:
        return [(west, south, east, north)]
    return [(west, south, 180.0, north), (-180.0, south, east, north)]


def _meeting(box: Bbox, places: list[BaseGeometry]) -> Condition:
    """Condition that the geometry of a feature meets `box`, which its own box often tells already.

    A geometry in one piece that lies between the western and the eastern side and whose box reaches
    the southern or northern one has a point within: only at the corners is there doubt.
    """
    west, south, east, north = box
    touch = touching([box], "v")
    places.append(_rectangle(box))
    between = "(v.west >= ? AND v.east <= ?)", "(v.south >= ? AND v.north <= ?)"
    doubt = "lie('s_intersects', (SELECT s.wkb FROM shape s WHERE s.id = v.id), ?)"
    sure = f"(v.whole AND ({between[0]} OR {between[1]})) OR ({between[0]} AND {between[1]})"
    sides = (west, east, south, north)
    return Condition(
        f"({touch.sql} AND ({sure} OR {doubt}))", (*touch.values, *sides, *sides, len(places) - 1)
    )


def _rectangle(box: Bbox) -> BaseGeometry:
    """`box` as a polygon; as a line or a point where it has no width or height."""
    west, south, east, north = box
    if west < east and south < north:
        return shapely.box(west, south, east, north)
    return shapely.envelope(shapely.multipoints([(west, south), (east, north)]))


def _in_period(
    period: Period, columns: Sequence[FeatureColumn], time_columns: Sequence[str], *, strict: bool
) -> list[Condition]:
    """Conditions that a feature has a time in `period`."""
    if not time_columns:
        return [Condition("FALSE")] if strict else []
    start = microseconds(moment(period.start)) if period.start else -ALWAYS
    end = microseconds(_last(period.end)) if period.end else ALWAYS
    if start > end:
        raise InvalidError("the period ends before it starts")
    numbers = {column.name: (n, column.type) for n, column in enumerate(columns)}
    sides = [(f"v.c{n}", f"v.c{n} + {DAY - 1}" if kind == "date" else f"v.c{n}") for n, kind in
             (numbers[name] for name in time_columns)]  # fmt: skip
    if _is_interval(time_columns):
        (first, _), (_, last) = sides
        spans = [(f"COALESCE({first}, {-ALWAYS})", f"COALESCE({last}, {ALWAYS})")]
    else:
        spans = sides
    met = joined("OR", [Condition(f"({first} <= ? AND {last} >= ?)", (end, start)) for first, last in spans])
    missing = " AND ".join(f"{first} IS NULL" for first, _ in sides)
    return [
        Condition(f"({met.sql} AND NOT ({missing}))" if strict else f"({met.sql} OR ({missing}))", met.values)
    ]


def _last(text: str) -> dt.datetime:
    """End of the period: the last microsecond of a date."""
    end = moment(text, last=True)
    return end if "T" in text.upper() else end.replace(microsecond=999_999)


def _is_interval(names: Sequence[str]) -> bool:
    """Whether two columns of times are a beginning and an end."""
    return len(names) == 2 and bool(_START.search(names[0])) and bool(_END.search(names[1]))


def page_statement(query: FeatureQuery, meta: Meta, found: Plan, net: Net) -> Statement:
    """Statement that gives the ids of one page, and one more where there are more."""
    limit, offset = _checked(query)
    if not found.conditions and not query.sort:
        # Every number from 1 on is that of a feature.
        first = (query.after or 0) + offset
        return Statement("SELECT v.id FROM value v WHERE v.id > ? ORDER BY v.id LIMIT ?", (first, limit), [])
    if found.sure is not None and _is_near(query, net, found.sure[0]):
        return _tree_statement(query, meta, found, in_order=False)
    order = _order(query, meta.compared)
    later = [] if query.after is None or query.sort else [Condition("v.id > ?", (query.after,))]
    rows = _rows(found, net, wanted=None if query.sort else limit + offset)
    if rows.in_tree and found.sure is not None and not query.sort:
        return _tree_statement(query, meta, found)
    where = joined("AND", [*later, *found.conditions, Condition("TRUE")])
    sql = f"SELECT v.id FROM {rows.table} WHERE {where.sql} ORDER BY {order} LIMIT ? OFFSET ?"  # noqa: S608
    return Statement(sql, (*rows.values, *where.values, limit, offset), found.places)


def _is_near(query: FeatureQuery, net: Net, box: Bbox) -> bool:
    """Whether the pages of `box` come soonest in the order of the tree; the same for all of them."""
    if not query.any_order or query.sort or query.after is not None:
        return False
    hits = net.expected([box])
    return hits > FEW and hits**2 <= SKIP_COST * net.count


def _checked(query: FeatureQuery) -> tuple[int, int]:
    if not 0 <= query.limit <= MOST_FEATURES:
        raise InvalidError(f"a page may have up to {MOST_FEATURES} features, not {query.limit}")
    if not 0 <= query.offset < 1 << 62 or not -(1 << 62) < (query.after or 0) < 1 << 62:
        raise InvalidError("the page begins where no feature can be")
    return query.limit + 1, query.offset


def count_statement(found: Plan, net: Net) -> Statement:
    """Statement that counts the features that `found` asks for."""
    rows = _rows(found, net, wanted=None)
    where = joined("AND", [*found.conditions, Condition("TRUE")])
    sql = f"SELECT count(*) FROM {rows.table} WHERE {where.sql}"  # noqa: S608 - names of our own
    return Statement(sql, (*rows.values, *where.values), found.places)


def _order(query: FeatureQuery, columns: Sequence[FeatureColumn]) -> str:
    numbers = {column.name: n for n, column in enumerate(columns)}
    unknown = [name for name, _ in query.sort if name not in numbers]
    if unknown:
        raise unknown_property(unknown[0], numbers)
    parts = [f"v.c{numbers[name]} {'DESC' if down else 'ASC'} NULLS LAST" for name, down in query.sort]
    return ", ".join([*parts, "v.id"])


class _Rows(NamedTuple):
    """Table to look in, with the values it needs, and whether it is the tree."""

    table: str
    values: tuple[object, ...] = ()
    in_tree: bool = False


def _rows(found: Plan, net: Net, *, wanted: int | None) -> _Rows:
    """Rows `v` in which to look; `wanted` is how many will do, `None` where all are needed."""
    if not found.boxes:
        return _Rows("value v")
    hits, best = min(((net.expected(boxes), boxes) for boxes in found.boxes), key=lambda pair: pair[0])
    looked_at = net.count if wanted is None else min(net.count, wanted * net.count / max(hits, 1.0))
    if looked_at * ROW_COST < hits:
        return _Rows("value v")
    tree = touching(best, "p")
    nowhere = " UNION ALL SELECT id FROM nowhere" if found.with_nowhere else ""
    near = f"(SELECT p.id FROM place p WHERE {tree.sql}{nowhere})"  # noqa: S608 - names of our own
    return _Rows(f"{near} n CROSS JOIN value v ON v.id = n.id", tree.values, in_tree=True)


def _tree_statement(query: FeatureQuery, meta: Meta, found: Plan, *, in_order: bool = True) -> Statement:
    """Page of the features in a box and nothing else: the tree alone knows most of them."""
    limit, offset = _checked(query)
    assert found.sure is not None
    box, exact = found.sure
    tree, sure = touching([box], "p"), _surely(box, whole=meta.whole)
    doubt = f"EXISTS (SELECT 1 FROM value v WHERE v.id = p.id AND {exact.sql})"  # noqa: S608
    later = f"AND p.id > {int(query.after or 0)} " if in_order else ""
    sql = (
        f"SELECT p.id FROM place p WHERE {tree.sql} {later}"  # noqa: S608 - names and a number of our own
        f"AND ({sure.sql} OR {doubt}) {'ORDER BY p.id ' if in_order else ''}LIMIT ? OFFSET ?"
    )
    return Statement(
        sql, (*tree.values, *sure.values, *exact.values, limit, offset), found.places, in_order=in_order
    )


def _surely(box: Bbox, *, whole: bool) -> Condition:
    """Condition on a box of the tree, which is a little too large, that what it holds meets `box`."""
    west, south, east, north = box
    across = "(p.west >= ? AND p.east <= ? AND p.south <= ? AND p.north >= ?)"
    along = "(p.south >= ? AND p.north <= ? AND p.west <= ? AND p.east >= ?)"
    if not whole:
        return Condition(
            "(p.west >= ? AND p.east <= ? AND p.south >= ? AND p.north <= ?)", (west, east, south, north)
        )
    values = (
        west, east, north - TREE_MARGIN, south + TREE_MARGIN,
        south, north, east - TREE_MARGIN, west + TREE_MARGIN,
    )  # fmt: skip
    return Condition(f"({across} OR {along})", values)
