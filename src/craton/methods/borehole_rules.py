"""Rules of interpretation: which intervals each rule of a table holds for."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from craton.methods.borehole_layers import Layers, numbers, texts
from craton.model.errors import ContractError

LIMITS = ("minimum_depth", "maximum_depth", "minimum_elevation", "maximum_elevation")
PLACES = ("above", "below")
OTHERS = ("unit", "lithology", "text", "priority", "confidence", "note")
"""Columns of rules with a meaning of their own; any other is the name of a column of the intervals."""

USUAL = 0.8
"""Confidence of a rule that states none."""

MOST = 0.999
"""Confidence that counts at the most, so that the order can overrule any rule."""


class Rules(NamedTuple):
    """Rules as read: their units and places in the order, priorities, confidences, and the table."""

    frame: pd.DataFrame
    code: np.ndarray
    priority: np.ndarray
    confidence: np.ndarray


def rules_of(process: str, frame: pd.DataFrame, code: np.ndarray) -> Rules:
    """Rules of a table, for units of the places `code` in the order."""
    priority = numbers(frame["priority"]) if "priority" in frame.columns else np.zeros(len(frame))
    confidence = numbers(frame["confidence"]) if "confidence" in frame.columns else np.full(len(frame), USUAL)
    confidence = np.where(np.isnan(confidence), USUAL, confidence)
    if ((confidence <= 0) | (confidence > 1)).any():
        row = int(np.argmax((confidence <= 0) | (confidence > 1)))
        raise ContractError(
            process, "rules", "confidences above 0 and at most 1", f"{confidence[row]:g} in row {row + 1}"
        )
    return Rules(frame, code, np.nan_to_num(priority), np.minimum(confidence, MOST))


def held(
    process: str,
    rules: Rules,
    layers: Layers,
    columns: dict[str, tuple[str, ...]],
    elevation: Callable[[], np.ndarray],
) -> np.ndarray:
    """Whether each rule holds for each interval (rules, n).

    Parameters
    ----------
    process : str
        For refusals.
    rules : Rules
        The rules.
    layers : Layers
        The intervals, `from_the_top`.
    columns : dict
        Columns of the intervals in which the pattern of a column of the rules is looked for.
    elevation : callable
        Gives the height (n,) of the middle of each interval; asked only where a rule needs it.
    """
    found = np.ones((len(rules.frame), len(layers.frame)), dtype=bool)
    for name in rules.frame.columns:
        if name in {"lithology", "text"} or name not in {*LIMITS, *PLACES, *OTHERS}:
            _match(process, rules, layers, found, str(name), columns)
    for quantity, values in (("depth", lambda: layers.middle), ("elevation", elevation)):
        _within(rules, found, quantity, values)
    _placed(process, rules, layers, found)
    return found


def _match(
    process: str, rules: Rules, layers: Layers, found: np.ndarray, name: str,
    columns: dict[str, tuple[str, ...]],
) -> None:  # fmt: skip
    """Cut `found` to the intervals whose text in one of the columns fits the pattern of the rule."""
    patterns = texts(rules.frame[name])
    if not (patterns != "").any():
        return
    where = columns.get(name, (name,))
    missing = [one for one in where if one not in layers.frame.columns]
    if missing or not where:
        has = ", ".join(map(str, layers.frame.columns[3:15]))
        allowed = f"rules whose columns are known or columns of the intervals ({has})"
        raise ContractError(process, "rules", allowed, f"rules with `{name}`")
    coded = [pd.factorize(texts(layers.frame[one])) for one in where]
    for row in np.flatnonzero(patterns != ""):
        fits = _pattern(patterns[row], anywhere=name == "text")
        held_in = [
            np.array([bool(fits(value)) for value in values], dtype=bool)[codes] for codes, values in coded
        ]
        found[row] &= np.logical_or.reduce(held_in)


def _pattern(text: str, *, anywhere: bool) -> Callable[[str], re.Match[str] | None]:
    """Test of a text against patterns parted by `;`, with `*` for any signs and `?` for one."""
    parts = [part.strip().casefold() for part in text.split(";") if part.strip()]
    shapes = [f"*{part}*" if anywhere else part for part in parts]
    # `[` has no meaning of its own here, as descriptions hold brackets.
    translated = "|".join(fnmatch.translate(shape.replace("[", "[[]")) for shape in shapes)
    expression = re.compile(translated)
    return lambda value: expression.match(value.casefold())


def _within(rules: Rules, found: np.ndarray, quantity: str, values: Callable[[], np.ndarray]) -> None:
    """Cut `found` to the intervals whose middles are within the limits of the rules."""
    for name, way in ((f"minimum_{quantity}", 1.0), (f"maximum_{quantity}", -1.0)):
        if name not in rules.frame.columns:
            continue
        limit = numbers(rules.frame[name])[:, None]
        if np.isfinite(limit).any():
            found &= np.isnan(limit) | (way * values()[None] >= way * limit)


def _placed(process: str, rules: Rules, layers: Layers, found: np.ndarray) -> None:
    """Cut `found` to intervals above or below one that other rules name."""
    stated = {name: texts(rules.frame[name]) for name in PLACES if name in rules.frame.columns}
    if not stated:
        return
    plain = np.all([names == "" for names in stated.values()], axis=0)
    sure = surest(rules, found & plain[:, None])
    codes = {
        str(name).casefold(): int(code)
        for name, code in zip(texts(rules.frame["unit"]), rules.code, strict=True)
    }
    hole, place = layers.hole, np.arange(layers.hole.size)
    for name, names in stated.items():
        for row in np.flatnonzero(names != ""):
            code = codes.get(names[row].casefold())
            if code is None:
                raise ContractError(process, "rules", f"units of the rules in `{name}`", repr(names[row]))
            there = sure == code
            edge = np.full(layers.counts.size, -np.inf if name == "above" else np.inf)
            if name == "above":
                np.maximum.at(edge, hole[there], place[there])
                found[row] &= place < edge[hole]
            else:
                np.minimum.at(edge, hole[there], place[there])
                found[row] &= place > edge[hole]


def leading(rules: Rules, found: np.ndarray) -> np.ndarray:
    """Rules that hold and have the highest priority of those that do (rules, n)."""
    rank = np.where(found, rules.priority[:, None], -np.inf)
    first: np.ndarray = found & (rank == rank.max(axis=0))
    return first


def surest(rules: Rules, found: np.ndarray) -> np.ndarray:
    """Unit (n,) that the leading rules name most surely, −1 where none holds or two are as sure."""
    strength = strengths(rules, found)
    best = strength.max(axis=1)
    alone = (strength == best[:, None]).sum(axis=1) == 1
    return np.where((best > 0) & alone, strength.argmax(axis=1), -1)


def strengths(rules: Rules, found: np.ndarray) -> np.ndarray:
    """Confidence (n, units) of the surest leading rule of each unit, 0 where none holds."""
    strength = np.zeros((found.shape[1], int(rules.code.max()) + 1))
    led = leading(rules, found)
    for row, code in enumerate(rules.code):
        strength[:, code] = np.maximum(strength[:, code], rules.confidence[row] * led[row])
    return strength
