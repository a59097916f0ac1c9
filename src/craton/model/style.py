"""Looks of features as plain data: one colour, categories, a ramp, or ranges of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from craton.model.errors import InvalidError
from craton.model.record import Noun

Value = str | float | bool

Scheme = Literal["categories", "quantiles", "equal", "natural"]

SCHEMES: tuple[Scheme, ...] = ("categories", "quantiles", "equal", "natural")
"""Ways to part the values of a column into classes."""

MOST_RANGES = 12
"""Ranges of numbers that can be told apart by their colours."""

DISTINCT = 400
"""Different numbers from which natural breaks are sought; more are thinned first."""


class StyleClass(Noun, frozen=True, kw_only=True, omit_defaults=True):
    """What one colour stands for.

    Parameters
    ----------
    colour : str
        As `#rrggbb`.
    label : str
        Words for it.
    value : str, float, bool or None
        Value of a category.
    minimum, maximum : float or None
        Ends of a range, the lower one inside; the upper one too, of the last range.
    age : tuple or None
        Start and end in Ma, where it stands for an age.
    """

    colour: str
    label: str
    value: Value | None = None
    minimum: float | None = None
    maximum: float | None = None
    age: tuple[float, float] | None = None


class VectorStyle(Noun, frozen=True, kw_only=True, omit_defaults=True):
    """How features are drawn.

    Parameters
    ----------
    type : str
        One colour, categories by value, a ramp of numbers, or ranges of numbers.
    title : str
        What the colours tell of.
    column, unit : str
        Column that the colours are taken from, and unit of its numbers.
    order : str
        What the classes are in the order of.
    colour : str
        The only colour.
    classes : tuple of StyleClass
        Of categories and ranges.
    stops : tuple of (float, str)
        Numbers of a ramp with their colours.
    """

    type: Literal["single", "categories", "ramp", "ranges"]
    title: str
    column: str = ""
    unit: str = ""
    order: Literal["", "age", "value", "count"] = ""
    colour: str = ""
    classes: tuple[StyleClass, ...] = ()
    stops: tuple[tuple[float, str], ...] = ()


def breaks(values: Sequence[float], counts: Sequence[int], scheme: Scheme, number: int) -> list[float]:
    """Ends of `number` ranges, or fewer, that part `values`.

    Parameters
    ----------
    values, counts : sequence
        Different numbers, and how often each occurs.
    scheme : str
        `quantiles`: ranges hold about as many values; `equal`: ranges are equally long; `natural`:
        values in a range differ least (Fisher 1958).
    number : int
        Ranges, from 1 to `MOST_RANGES`.

    Returns
    -------
    list of float
        Rising; one more than there are ranges. The last two are equal where the last range is one number.
    """
    if not 1 <= number <= MOST_RANGES:
        raise InvalidError(f"there can be 1 to {MOST_RANGES} classes, not {number}")
    order = np.argsort(np.asarray(values, np.float64))
    numbers, weights = np.asarray(values, np.float64)[order], np.asarray(counts, np.float64)[order]
    if not numbers.size:
        return []
    if numbers[0] == numbers[-1]:
        return [float(numbers[0])] * 2
    ends = {"equal": _equal, "natural": _natural}.get(scheme, _quantiles)(numbers, weights, number)
    return [*map(float, np.unique(ends[:-1])), float(ends[-1])]


Floats = np.ndarray[Any, np.dtype[np.float64]]


def _equal(numbers: Floats, _weights: Floats, number: int) -> Floats:
    return np.linspace(numbers[0], numbers[-1], number + 1)


def _quantiles(numbers: Floats, weights: Floats, number: int) -> Floats:
    shares = np.cumsum(weights) / weights.sum()
    places = np.searchsorted(shares, np.arange(1, number) / number).clip(0, len(numbers) - 1)
    return np.concatenate([numbers[:1], numbers[places], numbers[-1:]])


def _natural(numbers: Floats, weights: Floats, number: int) -> Floats:
    """Ends of ranges whose sum of squared differences from their means is least."""
    if len(numbers) > DISTINCT:
        places = np.unique(np.linspace(0, len(numbers) - 1, DISTINCT).astype(int))
        weights = np.add.reduceat(weights, places)
        numbers = numbers[places]
    count = len(numbers)
    weight, first, second = (
        np.append(0.0, np.cumsum(values)) for values in (weights, weights * numbers, weights * numbers**2)
    )
    starts, ends = np.arange(count)[:, np.newaxis], np.arange(1, count + 1)[np.newaxis, :]
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = (
            second[ends]
            - second[starts]
            - (first[ends] - first[starts]) ** 2 / (weight[ends] - weight[starts])
        )
    spread = np.where(ends > starts, spread, np.inf)
    best, chosen = spread[0], []
    for _ in range(min(number, count) - 1):
        # A range from `start` to each end, after the best parting of all before `start`.
        total = np.append(np.inf, best[:-1])[:, np.newaxis] + spread
        chosen.append(total.argmin(axis=0))
        best = total.min(axis=0)
    cuts, end = [], count - 1
    for starts_of_last in reversed(chosen):
        cuts.append(int(starts_of_last[end]))
        end = cuts[-1] - 1
    return np.array([numbers[0], *numbers[np.array(sorted(cuts), np.int64)], numbers[-1]])


def ranges_of(ends: Sequence[float]) -> list[tuple[float, float]]:
    """Ranges between `ends`."""
    return list(pairwise(ends))
