"""Expressions: small formulas over named numbers with units, such as `where(a > 0, sqrt(a**2 + b**2), 0)`.

```python
excess = parse("density - '2.67 g/cm3'", ["density"])
excess.unit({"density": "kg/m3"})                               # "kg/m3"
excess.evaluate({"density": array}, {"density": "kg/m3"})
```

The language: names, numbers, quoted quantities (`'5 km'`), `pi`, `+ - * / **`,
comparisons, `and or not`, and the functions of `FUNCTIONS`. Nothing else is
taken, and text is never run as Python.

How units go through it:

- sums, differences, comparisons, `minimum`, `maximum`, `clip`, `hypot`, `where`
  take units of one kind; numbers are brought to the unit of the first that states one;
- a bare number counts in the unit of the other side: `height > 100` is in the unit of height;
- products and powers give the unit they must; units of one kind cancel;
- `exp`, `log` and their like take pure numbers only, `sin` and its like angles or radians;
- `number(x, 'unit')` is the plain number of x in a unit, for formulas found by experience, and
  `convert(x, 'unit')` brings x to another unit;
- a name without a stated unit goes with bare numbers and with others without; nothing is made up for it.

A cell without a value (NaN) has none in the result, comparisons included,
unless `missing` asks for it. What is not finite, as after a division by
zero, becomes such a cell too.
"""

from __future__ import annotations

import ast
import math
import re
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from keyword import iskeyword
from typing import Any

import numpy as np

from craton.model.errors import InvalidError
from craton.model.expression_units import Term, Worker

LONGEST = 2000
"""Characters of an expression."""

DEEPEST = 100
"""Levels of nesting, each term of a long sum being one."""

ARGUMENTS: dict[str, tuple[int, int]] = {
    **dict.fromkeys(("abs", "sign", "sqrt", "exp", "log", "log2", "log10", "floor", "ceil", "round"), (1, 1)),
    **dict.fromkeys(("sin", "cos", "tan", "arcsin", "arccos", "arctan", "tanh", "missing"), (1, 1)),
    **dict.fromkeys(("arctan2", "hypot", "convert", "number"), (2, 2)),
    **dict.fromkeys(("minimum", "maximum"), (2, 16)),
    **dict.fromkeys(("where", "clip"), (3, 3)),
}
"""Fewest and most arguments of each function."""

FUNCTIONS = tuple(sorted(ARGUMENTS))
"""Names of the functions."""

LARGEST = 2.0**1023
"""Bound of the numbers of an expression."""

IN_QUOTES = frozenset({"convert", "number"})
"""Functions whose last argument is a unit in quotes."""

CONSTANTS = {"pi": math.pi}

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")

_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)
_COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
_SIGNS = (ast.UAdd, ast.USub, ast.Not)


@dataclass(frozen=True)
class Expression:
    """A checked formula.

    Parameters
    ----------
    text : str
        As it was written.
    names : tuple of str
        Names that occur in it, in alphabetic order.
    tree : ast.expr
        Its parts, all of which are of the language.
    """

    text: str
    names: tuple[str, ...]
    tree: ast.expr

    def unit(self, units: Mapping[str, str]) -> str:
        """Canonical unit of the result, `"1"` for a pure number, empty where the names state none.

        Raises
        ------
        InvalidError
            Where the units do not go together.
        """
        return self._term(units).stated

    def evaluate(self, values: Mapping[str, Any], units: Mapping[str, str] | None = None) -> Any:
        """Result for `values`, in the unit that `unit` tells.

        Parameters
        ----------
        values : mapping of str to array or number
            By name; numpy or dask arrays of one shape, or numbers. A dask array gives a dask array.
        units : mapping of str to str
            Canonical units of the names; those left out state none.

        Returns
        -------
        array
            In double precision; conditions are 1 and 0.
        """
        term = self._term(units or {})
        given = {name: values[name] for name in self.names}
        lazy = [one for one in given.values() if hasattr(one, "dask")]
        return _in_blocks(self, given, dict(units or {})) if lazy else _run(term, given)

    def _term(self, units: Mapping[str, str]) -> Term:
        return Worker(self.names, units).term(self.tree)


def parse(text: str, names: Collection[str]) -> Expression:
    """Checked formula of `text`.

    Parameters
    ----------
    text : str
        At most `LONGEST` characters.
    names : collection of str
        Names that may occur in it.

    Raises
    ------
    InvalidError
        Where the text is not of the language, or uses another name.
    """
    if len(text) > LONGEST:
        raise InvalidError(f"an expression has at most {LONGEST} characters, not {len(text)}")
    taken = sorted(name for name in names if not _is_free(name))
    if taken:
        raise InvalidError(f"{taken[0]!r} cannot be a name in an expression")
    tree = _tree(text)
    found: set[str] = set()
    _check(tree, frozenset(names), found, 0)
    return Expression(text, tuple(sorted(found)), tree)


def _is_free(name: str) -> bool:
    """Whether `name` may stand for numbers."""
    return bool(NAME.fullmatch(name)) and not (name in ARGUMENTS or name in CONSTANTS or iskeyword(name))


def _tree(text: str) -> ast.expr:
    try:
        with warnings.catch_warnings():
            # Python warns of code that it would run; this is refused below.
            warnings.simplefilter("ignore")
            return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        said = error.msg if isinstance(error, SyntaxError) else "it is nested too deeply"
        raise InvalidError(f"the expression {_shown(text)} cannot be read: {said}") from error


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:59]}…")


def _check(node: ast.expr, names: frozenset[str], found: set[str], depth: int) -> None:
    """Refuse what is not of the language; the names that occur go to `found`."""
    if depth > DEEPEST:
        raise InvalidError(f"an expression is nested at most {DEEPEST} levels deep", hint="write it in parts")
    match node:
        case ast.Constant(value=value):
            parts: list[ast.expr] = []
            _check_constant(value)
        case ast.Name(id=name):
            parts = []
            _check_name(name, names, found)
        case ast.BinOp(left=left, op=op, right=right) if isinstance(op, _OPERATORS):
            parts = [left, right]
        case ast.UnaryOp(op=op, operand=operand) if isinstance(op, _SIGNS):
            parts = [operand]
        case ast.Compare(left=left, ops=ops, comparators=others) if all(
            isinstance(o, _COMPARISONS) for o in ops
        ):
            parts = [left, *others]
        case ast.BoolOp(values=parts):
            pass
        case ast.Call():
            parts = _arguments(node)
        case _:
            raise _foreign(node)
    for part in parts:
        _check(part, names, found, depth + 1)


def _foreign(node: ast.expr) -> InvalidError:
    words = {ast.Attribute: "a dot", ast.Subscript: "square brackets", ast.Lambda: "lambda", ast.IfExp: "if"}
    hint = "a choice is written where(condition, value, other)" if isinstance(node, ast.IfExp) else ""
    if isinstance(node, ast.BinOp | ast.UnaryOp):
        hint = "conditions are joined by `and`, `or`, `not`; powers are written **"
    return InvalidError(f"an expression cannot have {words.get(type(node), type(node).__name__)}", hint=hint)


def _check_constant(value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise InvalidError(f"an expression has numbers and quantities in quotes, not {value!r:.60}")
    # Above 2^1023 a whole number has no double; 1e999 is infinite already.
    if not isinstance(value, str) and not abs(value) < LARGEST:
        raise InvalidError("a number of the expression is too large")


def _check_name(name: str, names: frozenset[str], found: set[str]) -> None:
    if name in names:
        found.add(name)
    elif name not in CONSTANTS:
        known = ", ".join(sorted(names)) or "none"
        hint = f"a function is written {name}(…)" if name in ARGUMENTS else f"names are: {known}"
        raise InvalidError(f"the expression names {name[:40]!r}, which is not given", hint=hint)


def _arguments(node: ast.Call) -> list[ast.expr]:
    """Arguments that are expressions themselves, after a check of the function and their number."""
    function = node.func.id if isinstance(node.func, ast.Name) else ""
    if function not in ARGUMENTS:
        shown = repr(function[:40]) if function else "what stands before the bracket"
        raise InvalidError(
            f"{shown} is no function of expressions", hint=f"there are: {', '.join(FUNCTIONS)}"
        )
    fewest, most = ARGUMENTS[function]
    if node.keywords or not fewest <= len(node.args) <= most:
        count = str(fewest) if fewest == most else f"{fewest} to {most}"
        raise InvalidError(f"{function} takes {count} values, parted by commas, not {len(node.args)}")
    if function not in IN_QUOTES:
        return node.args
    last = node.args[-1]
    if not (isinstance(last, ast.Constant) and isinstance(last.value, str)):
        raise InvalidError(f"the last value of {function} is a unit in quotes, such as 'km'")
    return node.args[:-1]


def _run(term: Term, values: Mapping[str, Any]) -> Any:
    """Numbers of `term`, not a number where they are not finite."""
    floats = {name: np.asarray(value, dtype=np.float64) for name, value in values.items()}
    shapes = {one.shape for one in floats.values() if one.ndim}
    if len(shapes) > 1:
        raise InvalidError(f"arrays of an expression are of one shape, not {sorted(shapes)}")
    with np.errstate(all="ignore"):
        result = np.asarray(term.compute(floats), dtype=np.float64)
    return np.where(np.isfinite(result), result, np.nan)


@dataclass(frozen=True)
class _Block:
    """Computes an expression on the blocks of arrays; can be sent to another machine."""

    text: str
    names: tuple[str, ...]
    units: Mapping[str, str]
    numbers: Mapping[str, float]

    def __call__(self, *blocks: np.ndarray) -> np.ndarray:
        arrays = [name for name in self.names if name not in self.numbers]
        values = {**self.numbers, **dict(zip(arrays, blocks, strict=True))}
        result: np.ndarray = parse(self.text, self.names).evaluate(values, self.units)
        return result


def _in_blocks(expression: Expression, given: Mapping[str, Any], units: Mapping[str, str]) -> Any:
    import dask.array as da

    numbers = {name: float(value) for name, value in given.items() if np.ndim(value) == 0}
    arrays = [da.asarray(value) for name, value in given.items() if name not in numbers]  # type: ignore[no-untyped-call]
    if len({one.shape for one in arrays}) > 1:
        raise InvalidError(
            f"arrays of an expression are of one shape, not {sorted({a.shape for a in arrays})}"
        )
    pieces = [one.rechunk(arrays[0].chunks) for one in arrays]
    block = _Block(expression.text, expression.names, units, numbers)
    meta = np.empty((0,) * arrays[0].ndim)
    return da.map_blocks(block, *pieces, dtype=np.float64, meta=meta)  # type: ignore[no-untyped-call]
