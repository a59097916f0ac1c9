"""Indicators of units and their scores, as a pack tells them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from craton.decide.evaluation_plan import Plan
from craton.kernels import criteria_scores as kernel
from craton.model import units
from craton.model.errors import InvalidError
from craton.model.expression import Expression, parse
from craton.model.pack import Score
from craton.model.pack_conditions import Words
from craton.model.pack_resolved import ResolvedIndicator

EQUAL = 1e-9
"""What a score may lie beyond 0 or 1 by rounding."""


class Units(NamedTuple):
    """Attributes of `size` units: numbers (n,) in the units of the pack, NaN for gaps, and words.

    `beyond` tells how many numbers a scenario has brought out of the bounds of an attribute: they are gaps.
    """

    size: int
    numbers: Mapping[str, np.ndarray]
    words: Mapping[str, Words]
    beyond: Mapping[str, int] = MappingProxyType({})


def under_scenario(plan: Plan, given: Units) -> Units:
    """Units with the attributes that the scenario of a plan changes."""
    if not plan.scenario:
        return given
    numbers, beyond = dict(given.numbers), dict[str, int]()
    known = plan.names.attributes
    for name, text in plan.pack.scenarios[plan.scenario].set.items():
        expression = parse(text, known)
        told = {one: known[one] for one in expression.names}
        values = expression.evaluate({one: given.numbers[one] for one in told}, told)
        values = _converted(values, expression.unit(told), known[name])
        numbers[name], beyond[name] = within(np.broadcast_to(values, given.size), plan, name)
    return given._replace(numbers=numbers, beyond=beyond)


def within(values: np.ndarray, plan: Plan, name: str) -> tuple[np.ndarray, int]:
    """Numbers of an attribute without those out of its bounds, and how many these are."""
    told = plan.pack.attributes[name]
    wrong = np.zeros(values.shape, bool)
    if told.lowest is not None:
        wrong |= values < told.lowest
    if told.highest is not None:
        wrong |= values > told.highest
    return (np.where(wrong, np.nan, values), int(wrong.sum())) if wrong.any() else (values, 0)


def indicator_values(plan: Plan, given: Units) -> dict[str, np.ndarray]:
    """Numbers (n,) of every indicator in its unit, NaN for gaps."""
    found: dict[str, np.ndarray] = {}
    for id, one in plan.indicators.items():
        inputs = {}
        for name, source in one.inputs.items():
            attribute = source in plan.pack.attributes
            unit = plan.pack.attributes[source].unit if attribute else plan.indicators[source].unit
            values = given.numbers[source] if attribute else found[source]
            inputs[name] = _converted(values, unit, one.input_units[name])
        expression = _parsed(one.formula, tuple(one.inputs))
        values = expression.evaluate(inputs, one.input_units)
        values = _converted(values, expression.unit(one.input_units), one.unit)
        found[id] = values if np.ndim(values) else np.full(given.size, float(values))
    return found


@lru_cache(maxsize=1024)
def _parsed(formula: str, names: tuple[str, ...]) -> Expression:
    """A formula, read once for all draws."""
    return parse(formula, names)


def _converted(values: np.ndarray, one: str, other: str) -> np.ndarray:
    return values if one == other else units.convert(values, one, other)


def indicator_scores(plan: Plan, values: Mapping[str, np.ndarray]) -> np.ndarray:
    """Scores (n, k) of the leaves of a plan from 0 to 1, NaN for gaps."""
    count = len(next(iter(values.values())))
    found = np.empty((count, len(plan.leaves)))
    for column, id in enumerate(plan.leaves):
        found[:, column] = scored(values[id], plan.indicators[id])
    return found


def scored(values: np.ndarray, one: ResolvedIndicator) -> np.ndarray:
    """Scores of the numbers (n,) of an indicator.

    Raises
    ------
    InvalidError
        Where units are scored by each other and all have the same number.
    """
    try:
        return _METHODS[one.score.method](values, one.score, one.direction == "cost")
    except InvalidError as error:
        raise InvalidError(f"indicators.{one.id}.score: {error.message}", hint=error.hint) from error


def _linear(values: np.ndarray, score: Score, cost: bool) -> np.ndarray:
    if score.worst is not None and score.best is not None:
        return kernel.between(values, score.worst, score.best)
    known = np.isfinite(values)
    found = np.full(values.shape, np.nan)
    if known.any():
        _refuse_alike(values[known], "tell `worst` and `best`")
        found[known] = kernel.by_range(values[known, None], np.array([cost]))[:, 0]
    return found


def _refuse_alike(values: np.ndarray, hint: str) -> None:
    """Units cannot be scored by each other where they are alike."""
    if values.min() == values.max():
        said = f"all {values.size} units have the number {values[0]:.6g}, so none is better or worse"
        raise InvalidError(said, hint=hint)


def _target(values: np.ndarray, score: Score, _cost: bool) -> np.ndarray:
    target = score.target or 0.0
    if score.reach is not None:
        return kernel.near_target(values, target, score.reach)
    known = np.abs(values[np.isfinite(values)] - target)
    if not known.size:
        return np.full(values.shape, np.nan)
    _refuse_alike(known, "tell `reach`")
    return kernel.near_target(values, target, float(known.max()))


def _classes(values: np.ndarray, score: Score, _cost: bool) -> np.ndarray:
    steps = kernel.in_steps(values, np.array(score.bounds)) + 1
    return np.where(np.isnan(values), np.nan, np.array(score.scores)[steps])


def _piecewise(values: np.ndarray, score: Score, _cost: bool) -> np.ndarray:
    return kernel.along_knots(values, np.array(score.at), np.array(score.scores))


def _membership(values: np.ndarray, score: Score, _cost: bool) -> np.ndarray:
    return _SHAPES[score.shape](values, score.points)


_SHAPES: dict[str, Callable[[np.ndarray, tuple[float, ...]], np.ndarray]] = {
    "triangle": lambda values, at: kernel.trapezoid(values, (at[0], at[1], at[1], at[2])),
    "trapezoid": lambda values, at: kernel.trapezoid(values, (at[0], at[1], at[2], at[3])),
    "gaussian": lambda values, at: kernel.gaussian(values, at[0], at[1]),
    "sigmoid": lambda values, at: kernel.sigmoid(values, at[0], at[1]),
    "bell": lambda values, at: kernel.bell(values, at[0], at[1], at[2]),
}


def _as_it_is(values: np.ndarray, _score: Score, _cost: bool) -> np.ndarray:
    """Scores as they are; those that are none are gaps."""
    held = (values >= -EQUAL) & (values <= 1.0 + EQUAL)
    return np.where(held, np.clip(values, 0.0, 1.0), np.nan)


_METHODS = {
    "linear": _linear, "target": _target, "classes": _classes, "piecewise": _piecewise,
    "membership": _membership, "as_it_is": _as_it_is,
}  # fmt: skip
