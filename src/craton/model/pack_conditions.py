"""Conditions of packs: expressions that hold or not; words are compared by `class('name', 'word')`.

`class` is no word of the expression language: each such call becomes a hidden
name, 1 where the attribute is one of the words, before the text is parsed. An
empty word stands for units without one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from craton.model.errors import InvalidError
from craton.model.expression import Expression, parse

_QUOTED = r"""'[^'\n]*'|"[^"\n]*\""""
_CALL = re.compile(
    rf"(?P<quoted>{_QUOTED})|\bclass\s*\((?P<words>\s*(?:{_QUOTED})\s*(?:,\s*(?:{_QUOTED})\s*)*)\)"
)
_WORD = re.compile(_QUOTED)


class Words(NamedTuple):
    """Words of units: the place (n,) of each in `names`, -1 for a gap."""

    places: np.ndarray
    names: tuple[str, ...]

    def among(self, words: tuple[str, ...]) -> np.ndarray:
        """1 for units (n,) of one of the `words`, 0 for others; gaps are NaN, or 1 where `""` is a word."""
        held = np.isin(self.places, [place for place, name in enumerate(self.names) if name in words])
        gap = 1.0 if "" in words else np.nan
        return np.where(self.places < 0, gap, held.astype(np.float64))


@dataclass(frozen=True)
class Condition:
    """A checked condition.

    Parameters
    ----------
    expression : Expression
        1 where it holds, 0 where not, not a number where that is not known.
    units : mapping of str to str
        Unit of each name.
    classes : mapping of str to tuple
        By hidden name, the attribute of words and the words that are meant.
    """

    expression: Expression
    units: Mapping[str, str]
    classes: Mapping[str, tuple[str, tuple[str, ...]]]

    def evaluate(self, numbers: Mapping[str, np.ndarray], words: Mapping[str, Words]) -> np.ndarray:
        """1, 0, or not a number, for each unit; `numbers` by name in their units."""
        hidden = {name: words[attribute].among(meant) for name, (attribute, meant) in self.classes.items()}
        found: np.ndarray = self.expression.evaluate({**numbers, **hidden}, self.units)
        return found


def condition(text: str, units: Mapping[str, str], words: frozenset[str]) -> Condition:
    """Checked condition of `text`.

    Parameters
    ----------
    units : mapping of str to str
        Names of numbers that may occur, with their units.
    words : frozenset of str
        Attributes of words.

    Raises
    ------
    InvalidError
        Where the text is no condition over these names.
    """
    plain, classes = _without_classes(text, units, words)
    known = {**units, **dict.fromkeys(classes, "1")}
    parse(plain, known)
    expression = parse(f"where({plain}, 1, 0)", known)
    expression.unit(known)
    return Condition(expression, {name: known[name] for name in expression.names}, classes)


def number(text: str, units: Mapping[str, str]) -> tuple[Expression, str]:
    """Checked formula of `text` that is no condition, and its unit."""
    found = parse(text, units)
    parse(f"abs({text})", units).unit(units)
    return found, found.unit(units)


def _without_classes(
    text: str, units: Mapping[str, str], words: frozenset[str]
) -> tuple[str, dict[str, tuple[str, tuple[str, ...]]]]:
    """The text with a hidden condition for each comparison of words, and what these mean."""
    classes: dict[str, tuple[str, tuple[str, ...]]] = {}
    prefix = "class_is_"
    while any(name.startswith(prefix) for name in units):
        prefix += "x_"

    def replaced(found: re.Match[str]) -> str:
        if found["quoted"] is not None:
            return found[0]
        attribute, *meant = (one[1:-1] for one in _WORD.findall(found["words"]))
        if attribute not in words:
            said = "an attribute of numbers" if attribute in units else "no attribute of words"
            raise InvalidError(
                f"class('{attribute[:40]}', …): {attribute[:40]!r} is {said}",
                hint=f"attributes of words: {', '.join(sorted(words)) or 'none'}",
            )
        if not meant:
            raise InvalidError(f"class('{attribute}') names no word", hint="write class('name', 'word', …)")
        name = f"{prefix}{len(classes) + 1}"
        classes[name] = (attribute, tuple(meant))
        return f"({name} > 0.5)"

    plain = _CALL.sub(replaced, text)
    if re.search(r"\bclass\s*\(", _WORD.sub("", plain)):
        raise InvalidError(
            "class(…) takes the name of an attribute and words, each in quotes",
            hint="such as class('soil_type', 'sand', 'loam')",
        )
    return plain, classes
