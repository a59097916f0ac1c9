"""CQL2, the filter language of OGC API: text or JSON to a tree of checked expressions.

The form of the text is read by `cql2_text`, values by `cql2_values`; here the
tree is checked: each operator has as many arguments as it takes, each of a
sort that it takes.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from typing import Any
from typing import Literal as OneOf

import msgspec
from shapely.geometry.base import BaseGeometry

from craton.model.cql2_text import MOST_DEPTH, SHAPES, to_tree
from craton.model.cql2_tree import (
    ARITHMETIC,
    COMPARISONS,
    PREDICATES,
    SPATIAL,
    TEMPORAL,
    TEXT,
    Expression,
    Literal,
    Moment,
    Moments,
    Operation,
    Place,
    Property,
    parts,
    properties_of,
    rename,
)
from craton.model.cql2_values import Project, box_of, instant_of, interval_of, moment_of, place_of
from craton.model.errors import InvalidError

__all__ = [
    "ARITHMETIC",
    "COMPARISONS",
    "PREDICATES",
    "SPATIAL",
    "TEMPORAL",
    "TEXT",
    "Expression",
    "Literal",
    "Moment",
    "Moments",
    "Operation",
    "Place",
    "Property",
    "parse",
    "parts",
    "properties_of",
    "rename",
]

MOST_BYTES = 64 << 10
"""Length of a filter."""

MOST_PARTS = 20_000
"""Operations, properties and values of a filter."""

MOST_BRACKETS = 2 * MOST_DEPTH + 10
"""Depth of JSON: an object and an array for each level of the expression, and the numbers of a geometry."""

WHOLE = 2**63
"""Whole numbers from here on become decimal."""

type Tree = Any
"""CQL2 JSON as plain values, with Shapely's geometries where they were written as WKT."""


def parse(
    text: str | bytes | dict[str, Any],
    language: OneOf["cql2-text", "cql2-json"] = "cql2-text",
    *,
    project: Project | None = None,
) -> Expression:
    """Read a filter.

    Parameters
    ----------
    text : str, bytes or dict
        A dict is CQL2 JSON that was decoded already.
    language : str
        `cql2-text` or `cql2-json`.
    project : callable
        From positions (n, 2) of the literals to longitude and latitude, where they are not in CRS84.

    Raises
    ------
    InvalidError
        With what is wrong: syntax, a wrong argument, an unknown function, too long or too deep.
    """
    tree = _tree(text, language)
    return _Checker(project).boolean(tree, 0)


def _tree(text: str | bytes | dict[str, Any], language: str) -> Tree:
    if language not in {"cql2-text", "cql2-json"}:
        raise InvalidError(f"the filter language must be cql2-text or cql2-json, not {language[:40]!r}")
    if isinstance(text, dict):
        return _of_json(_encoded(text))
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(data) > MOST_BYTES:
        raise InvalidError(f"the filter has {len(data)} bytes; {MOST_BYTES} are allowed")
    if language == "cql2-json":
        return _of_json(data)
    try:
        plain = data.decode()
    except UnicodeDecodeError:
        raise InvalidError("the filter is not UTF-8") from None
    if not plain.strip():
        raise InvalidError("the filter is empty")
    return to_tree(plain)


def _encoded(tree: dict[str, Any]) -> bytes:
    try:
        data = msgspec.json.encode(tree)
    except (RecursionError, TypeError, ValueError):
        raise InvalidError("the filter is not JSON, or nested too deep") from None
    if len(data) > MOST_BYTES:
        raise InvalidError(f"the filter has {len(data)} bytes; {MOST_BYTES} are allowed")
    return data


def _of_json(data: bytes) -> Tree:
    if _depth(data) > MOST_BRACKETS:
        raise InvalidError(f"the filter is nested more than {MOST_DEPTH} levels deep")
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidError(f"the filter is not JSON ({str(error)[:120]})") from None


def _depth(data: bytes) -> int:
    """Deepest level of brackets outside of texts."""
    depth = deepest = 0
    outside = data.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2]
    for byte in b"".join(outside):
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


Sort = Callable[[Tree, int], Expression]


class _Checker:
    """Makes expressions of a tree, each of the sort that is asked for."""

    def __init__(self, project: Project | None) -> None:
        self._project, self._count = project, 0

    def boolean(self, tree: Tree, depth: int) -> Expression:
        if isinstance(tree, bool) or tree is None:
            return self._kept(Literal(tree))
        if _name(tree) in PREDICATES:
            return self._operation(tree, depth)
        return self._property(tree, "a condition")

    def scalar(self, tree: Tree, depth: int) -> Expression:
        """A text, number, truth value or instant."""
        if isinstance(tree, str | int | float) or tree is None:
            return self._kept(_literal(tree))
        if isinstance(tree, dict) and ("date" in tree or "timestamp" in tree):
            return self.moments(tree, depth)
        if _name(tree) in ARITHMETIC | TEXT:
            return self._operation(tree, depth)
        return self._property(tree, "a value")

    def number(self, tree: Tree, depth: int) -> Expression:
        if isinstance(tree, int | float) and not isinstance(tree, bool):
            return self._kept(_literal(tree))
        if _name(tree) in ARITHMETIC:
            return self._operation(tree, depth)
        return self._property(tree, "a number")

    def text(self, tree: Tree, depth: int) -> Expression:
        if isinstance(tree, str):
            return self._kept(_literal(tree))
        if _name(tree) in TEXT:
            return self._operation(tree, depth)
        return self._property(tree, "a text")

    def pattern(self, tree: Tree, depth: int) -> Expression:
        """Text of LIKE, which must be known beforehand."""
        found = self.text(tree, depth)
        if properties_of(found):
            raise InvalidError("LIKE takes a pattern as text, not a property")
        return found

    def place(self, tree: Tree, _depth: int) -> Expression:
        if isinstance(tree, BaseGeometry):
            return self._kept(place_of(tree, self._project))
        if isinstance(tree, dict) and "bbox" in tree and "type" not in tree:
            return self._kept(box_of(tree["bbox"], self._project))
        if isinstance(tree, dict) and str(tree.get("type", "")).lower() in SHAPES:
            return self._kept(place_of(tree, self._project))
        return self._property(tree, "a geometry")

    def moments(self, tree: Tree, _depth: int) -> Expression:
        if isinstance(tree, str):
            moment = moment_of(tree)
            return self._kept(instant_of("timestamp" if isinstance(moment, dt.datetime) else "date", tree))
        if isinstance(tree, dict) and len(tree) == 1:
            ((kind, value),) = tree.items()
            if kind in {"date", "timestamp"}:
                return self._kept(instant_of(kind, value))
            if kind == "interval":
                return self._kept(interval_of(value))
        return self._property(tree, "a time")

    def _property(self, tree: Tree, wanted: str) -> Expression:
        if isinstance(tree, dict) and isinstance(tree.get("property"), str) and len(tree) == 1:
            return self._kept(Property(tree["property"]))
        raise InvalidError(f"the filter should have {wanted}, or a property, in place of {_shown(tree)}")

    def _operation(self, tree: Tree, depth: int) -> Expression:
        if depth >= MOST_DEPTH:
            raise InvalidError(f"the filter is nested more than {MOST_DEPTH} levels deep")
        op, args = tree["op"], tree.get("args")
        if not isinstance(args, list) or not tree.keys() <= {"op", "args"}:
            raise InvalidError(f"{op!r} must have `args`, an array, and nothing else")
        if op == "in":
            args = _choices(args)
        sorts = self._sorts(op, len(args))
        made = tuple(sort(arg, depth + 1) for sort, arg in zip(sorts, args, strict=True))
        return self._kept(Operation(op, made))

    def _sorts(self, op: str, count: int) -> tuple[Sort, ...]:
        """Sort of each argument; `InvalidError` where `op` does not take `count` of them."""
        some = {"and": self.boolean, "or": self.boolean, "in": self.scalar}
        if op in some and count > 1:
            return (some[op],) * count
        sorts = _table(self).get(op, ())
        if len(sorts) != count:
            wanted = "two or more arguments" if op in some else f"{len(sorts)} argument(s)"
            raise InvalidError(f"{op!r} takes {wanted}, not {count}")
        return sorts

    def anything(self, tree: Tree, depth: int) -> Expression:
        """What may be NULL."""
        return self.boolean(tree, depth) if _name(tree) in PREDICATES else self.scalar(tree, depth)

    def _kept[Part: Expression](self, part: Part) -> Part:
        self._count += 1
        if self._count > MOST_PARTS:
            raise InvalidError(f"the filter has more than {MOST_PARTS} parts")
        return part


def _table(checker: _Checker) -> dict[str, tuple[Sort, ...]]:
    """Sorts of the arguments of each operator that takes a fixed number."""
    return {
        **_each(COMPARISONS, (checker.scalar,) * 2),
        **_each(ARITHMETIC, (checker.number,) * 2),
        **_each(SPATIAL, (checker.place,) * 2),
        **_each(TEMPORAL, (checker.moments,) * 2),
        **_each(TEXT, (checker.text,)),
        "not": (checker.boolean,),
        "like": (checker.text, checker.pattern),
        "between": (checker.scalar,) * 3,
        "isNull": (checker.anything,),
    }


def _each(names: frozenset[str], sorts: tuple[Sort, ...]) -> dict[str, tuple[Sort, ...]]:
    return dict.fromkeys(names, sorts)


def _name(tree: Tree) -> str:
    """Operator of `tree`; `InvalidError` for one that there is not."""
    op = tree.get("op") if isinstance(tree, dict) else None
    if op is None:
        return ""
    known = PREDICATES | ARITHMETIC | TEXT
    if not isinstance(op, str) or op not in known:
        raise InvalidError(
            f"the filter asks for {str(op)[:40]!r}, which there is not",
            hint=f"there are {', '.join(sorted(known))}",
        )
    return op


def _choices(args: list[Tree]) -> list[Tree]:
    """The value of IN and what it may be, as one list."""
    if len(args) != 2 or not isinstance(args[1], list) or not args[1]:
        raise InvalidError("'in' takes a value and a list of at least one")
    return [args[0], *args[1]]


def _literal(value: Any) -> Literal:
    if isinstance(value, int) and not -WHOLE <= value < WHOLE:
        value = float(value) if abs(value) < 10**308 else math.inf
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidError("a number of the filter is too large")
    if isinstance(value, str) and "\0" in value:
        raise InvalidError("a text of the filter has a character that no text has (NUL)")
    return Literal(value)


def _shown(tree: Tree) -> str:
    if isinstance(tree, BaseGeometry):
        return "a geometry"
    if isinstance(tree, dict):
        return f"{{{', '.join(repr(key)[:20] for key in list(tree)[:3])}…}}"
    return repr(tree)[:40]
