"""Sets of records that an index gives for the parts of a filter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from craton.model.cql2 import SPATIAL, Expression, Literal, Operation, Property
from craton.store.conditions import Condition
from craton.store.dialects import Dialect
from craton.store.entries import LISTS
from craton.store.record_filter import Columns, conjuncts, filter_condition, name_of
from craton.store.record_filter_place import box_of, relation_of
from craton.store.search import Box, turned

Touched = Callable[[tuple[Box, ...]], Condition]
"""Records whose box touches one of some boxes."""

INDEXED = frozenset({"id", "kind", "created", "updated"})
"""Columns of records that have an index a comparison can use."""

_NEAR = SPATIAL - {"s_disjoint"}
"""Relations of places whose boxes touch."""

_SIMPLE = frozenset(
    {"=", "in", "<", ">", "<=", ">=", "between", "t_after", "t_before", "t_during", "t_intersects"}
)


def filter_sets(expression: Expression, dialect: Dialect, touched: Touched) -> Iterator[Condition]:
    """Subqueries for the numbers of the records that meet one part of a filter, perhaps of a few more."""
    for one in conjuncts(expression):
        if not isinstance(one, Operation):
            continue
        if one.op in _NEAR:
            yield touched(turned(box_of(relation_of(one)[1])))
        elif one.op in _SIMPLE and isinstance(one.args[0], Property):
            yield from _plain(one, dialect)


def filter_boxes(expression: Expression) -> Iterator[tuple[Box, ...]]:
    """Boxes that the place of a record must touch, for each part of a filter that is about places."""
    for one in conjuncts(expression):
        if isinstance(one, Operation) and one.op in _NEAR:
            yield turned(box_of(relation_of(one)[1]))


def _plain(one: Operation, dialect: Dialect) -> Iterator[Condition]:
    name = name_of(one.args[0].name if isinstance(one.args[0], Property) else "")
    if any(isinstance(part, Property | Operation) for part in one.args[1:]):
        return
    if name in LISTS and one.op in {"=", "in"}:
        values = _texts(one.args[1:])
        marks = ", ".join("?" * len(values))
        yield Condition(f"SELECT sequence FROM {name} WHERE name IN ({marks})", values)  # noqa: S608 - our own words
    elif name in INDEXED:
        said = filter_condition(one, Columns(dialect))
        yield Condition(f"SELECT r.sequence FROM records r WHERE {said.sql}", said.values)  # noqa: S608 - our own words


def _texts(parts: Sequence[Expression]) -> tuple[object, ...]:
    return tuple(part.value for part in parts if isinstance(part, Literal))
