"""CQL2 text to the form of CQL2 JSON, in time that grows with the length of the text and nothing else.

Operators bind, from weak to strong: OR, AND, NOT, comparison, sum, product,
power, sign. What may stand where is checked on the result, for both languages
alike.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import shapely
from shapely.errors import ShapelyError

from craton.model.cql2_tree import SPATIAL, TEMPORAL, TEXT
from craton.model.errors import InvalidError

MOST_DEPTH = 100
"""Levels of an expression within an expression."""

LONGEST_WHOLE = 18
"""Digits of a whole number that is kept exactly; longer ones become decimal."""

_TOKEN = re.compile(
    r"""(?x) \s*+ (?:
        (?P<text>'(?>[^']|'')*+')
      | (?P<quoted>"(?>[^"]|"")*+")
      | (?P<number>(?:\d++(?:\.\d*+)?+|\.\d++)(?:[eE][+-]?\d++)?+)
      | (?P<word>(?:[A-Za-z_:]|(?!\s)[^\x00-\x7f])(?:[\w.:]|(?!\s)[^\x00-\x7f])*+)
      | (?P<sign><=|>=|<>|!=|[-=<>+*/%^(),])
      | (?P<end>\Z) )"""
)

OR, AND, NOT, COMPARE, SUM, PRODUCT, POWER, SIGN = range(1, 9)

BINDING = {
    "or": OR, "and": AND, "=": COMPARE, "<>": COMPARE, "!=": COMPARE, "<": COMPARE, ">": COMPARE,
    "<=": COMPARE, ">=": COMPARE, "like": COMPARE, "between": COMPARE, "in": COMPARE, "is": COMPARE,
    "not": COMPARE, "+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "%": PRODUCT, "div": PRODUCT, "^": POWER,
}  # fmt: skip

FUNCTIONS = {name.lower(): name for name in SPATIAL | TEMPORAL | TEXT}

SHAPES = frozenset(
    "point linestring polygon multipoint multilinestring multipolygon geometrycollection".split()  # noqa: SIM905
)

RESERVED = frozenset({"and", "or", "not", "like", "between", "in", "is", "div"})


class Token(NamedTuple):
    """A word, number, text or sign; `name` is the word in lower case or the sign, else empty."""

    kind: str
    value: str
    name: str
    start: int
    end: int


def to_tree(text: str) -> Any:
    """`text` in the form of CQL2 JSON, geometries of WKT as Shapely's; `InvalidError` where it is none."""
    reader = _Reader(text, _tokens(text))
    tree = reader.expression()
    if reader.here.kind != "end":
        raise reader.unexpected("an operator or the end")
    return tree


def _tokens(text: str) -> list[Token]:
    tokens: list[Token] = []
    place = 0
    while not tokens or tokens[-1].kind != "end":
        found = _TOKEN.match(text, place)
        if found is None:
            place += len(text[place:]) - len(text[place:].lstrip())
            came = repr(text[place : place + 20])
            raise InvalidError(f"the filter cannot be read from character {place + 1} on: {came}")
        kind = str(found.lastgroup)
        value = found[kind]
        name = value.lower() if kind in {"word", "sign"} else ""
        tokens.append(Token(kind, value, name, found.start(kind), found.end()))
        place = found.end()
    return tokens


class _Reader:
    """Reads tokens from left to right."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self._text, self._tokens = text, tokens
        self._place = self._depth = 0

    @property
    def here(self) -> Token:
        return self._tokens[self._place]

    def unexpected(self, wanted: str) -> InvalidError:
        token = self.here
        came = f"{token.value[:20]!r} at character {token.start + 1}" if token.value else "the end"
        return InvalidError(f"the filter should have {wanted}, not {came}")

    def _take(self) -> Token:
        token = self.here
        self._place += 1
        return token

    def _accept(self, name: str) -> bool:
        found = self.here.name == name
        self._place += found
        return found

    def _expect(self, name: str) -> None:
        if not self._accept(name):
            raise self.unexpected(repr(name.upper()))

    def expression(self, above: int = 0) -> Any:
        """Expression of operators that bind more strongly than `above`."""
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise InvalidError(f"the filter is nested more than {MOST_DEPTH} levels deep")
        left = self._operand()
        while (strength := BINDING.get(self.here.name, 0)) > above:
            left = self._operation(left, strength)
        self._depth -= 1
        return left

    def _operation(self, left: Any, strength: int) -> Any:
        name = self._take().name
        if name in {"and", "or"}:
            args = [left, self.expression(strength)]
            while self._accept(name):
                args.append(self.expression(strength))
            return {"op": name, "args": args}
        if name == "not":
            if self.here.name not in {"like", "between", "in"}:
                raise self.unexpected("LIKE, BETWEEN or IN after NOT")
            return {"op": "not", "args": [self._operation(left, strength)]}
        if name in {"is", "between", "in"}:
            return {"is": self._is, "between": self._between, "in": self._in}[name](left)
        # A power is worked out from the right, all else from the left.
        right = self.expression(strength - (name == "^"))
        return {"op": "<>" if name == "!=" else name, "args": [left, right]}

    def _is(self, left: Any) -> Any:
        negated = self._accept("not")
        self._expect("null")
        tree = {"op": "isNull", "args": [left]}
        return {"op": "not", "args": [tree]} if negated else tree

    def _between(self, left: Any) -> Any:
        low = self.expression(COMPARE)
        self._expect("and")
        return {"op": "between", "args": [left, low, self.expression(COMPARE)]}

    def _in(self, left: Any) -> Any:
        self._expect("(")
        return {"op": "in", "args": [left, self._list()]}

    def _list(self) -> list[Any]:
        """Expressions up to a closing bracket, at least one."""
        items = [self.expression()]
        while self._accept(","):
            items.append(self.expression())
        self._expect(")")
        return items

    def _operand(self) -> Any:
        token = self.here
        if token.kind == "word":
            return self._word()
        if token.kind in {"text", "quoted"}:
            self._place += 1
            mark = token.value[0]
            plain = token.value[1:-1].replace(mark * 2, mark)
            return plain if token.kind == "text" else {"property": plain}
        if token.kind == "number":
            return _number(self._take().value)
        if self._accept("("):
            inner = self.expression()
            self._expect(")")
            return inner
        if token.name in {"-", "+"}:
            return self._signed()
        raise self.unexpected("a property, a value or a bracket")

    def _signed(self) -> Any:
        negative = self._take().name == "-"
        value = self.expression(SIGN)
        if not negative:
            return value
        return -value if _is_number(value) else {"op": "*", "args": [-1, value]}

    def _word(self) -> Any:
        token = self._take()
        name = token.name
        if name == "not":
            return {"op": "not", "args": [self.expression(NOT)]}
        if name in {"true", "false", "null"}:
            return {"true": True, "false": False, "null": None}[name]
        if name in SHAPES:
            return self._shape(token)
        if self.here.name == "(":
            return self._call(token)
        if name in RESERVED:
            self._place -= 1
            raise self.unexpected("a property, a value or a bracket")
        return {"property": token.value}

    def _call(self, token: Token) -> Any:
        name = token.name
        self._expect("(")
        if name not in {*FUNCTIONS, "bbox", "date", "timestamp", "interval"}:
            raise InvalidError(
                f"the filter asks for the function {token.value[:40]!r}, which there is not",
                hint=f"there are {', '.join(sorted(FUNCTIONS.values()))}",
            )
        items = self._list()
        if name in FUNCTIONS:
            return {"op": FUNCTIONS[name], "args": items}
        if name in {"bbox", "interval"}:
            return {name: items}
        if len(items) != 1:
            raise InvalidError(f"{name.upper()} takes one text, not {len(items)} values")
        return {name: items[0]}

    def _shape(self, first: Token) -> Any:
        """Geometry of well-known text, which goes on to the bracket that closes it."""
        if self.here.name in {"z", "m", "zm"}:
            self._place += 1
        if self.here.name != "(":
            raise self.unexpected(f"a bracket after {first.value}")
        depth = 0
        while True:
            token = self._take()
            depth += (token.name == "(") - (token.name == ")")
            if token.kind == "end" or depth > MOST_DEPTH:
                raise InvalidError(f"the geometry from character {first.start + 1} on is not closed")
            if depth == 0:
                return _of_wkt(self._text[first.start : token.end])


def _number(text: str) -> float:
    return int(text) if text.isdecimal() and len(text) <= LONGEST_WHOLE else float(text)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _of_wkt(text: str) -> Any:
    try:
        return shapely.from_wkt(text)
    except ShapelyError as error:
        reason = " ".join(str(error).split())[:80]
        raise InvalidError(f"{text[:40]!r} is no geometry in well-known text ({reason})") from None
