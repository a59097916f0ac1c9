"""How grades and ranks of weighted sums change with their weights, counted draw by draw."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import NamedTuple

import numpy as np
from numba import njit

from craton.kernels.score_ranks import ranks
from craton.kernels.threads import share

TOGETHER = 16
"""Sets of weights whose scores are added up in one pass over the table."""

EXACT = 20_000
"""Units up to which ranks are those of the scores to 12 digits."""

STEPS = 2**16
"""Even steps from 0 to 1 by which more units than `EXACT` are ranked; scores of one step share a rank."""

EQUAL = 5e-10
"""What a score may lie below the beginning of a grade and still count, as where scores have 9 digits."""


class Counts(NamedTuple):
    """Of each unit (n,): draws in which it kept its grade, came first, was among the top; extreme ranks."""

    kept: np.ndarray
    first: np.ndarray
    top: np.ndarray
    best: np.ndarray
    worst: np.ndarray


def no_counts(count: int) -> Counts:
    """Counts before the first draw."""
    kept, first, top, worst = np.zeros((4, count), np.int32)
    return Counts(kept, first, top, np.full(count, count, np.int32), worst)


def added_up(counts: Iterable[Counts]) -> Counts:
    """Counts of several parts of the draws together."""
    return reduce(_both, counts)


def _both(one: Counts, other: Counts) -> Counts:
    return Counts(
        one.kept + other.kept, one.first + other.first, one.top + other.top,
        np.minimum(one.best, other.best), np.maximum(one.worst, other.worst),
    )  # fmt: skip


def counted(scores: np.ndarray, weights: np.ndarray, low: np.ndarray, high: np.ndarray, top: int) -> Counts:
    """Counts under each of several sets of weights (m, k) of scores (n, k) from 0 to 1.

    Parameters
    ----------
    low, high : array (n,)
        Score from which the grade of the unit counts, and from which the next does.
    top : int
        Last rank of those that are among the top.

    Notes
    -----
    The halves of the draws are counted apart and added, so the number of threads changes nothing. Rank 1 is
    the highest; those that are equal share the better rank.
    """
    table = np.ascontiguousarray(scores, dtype=np.float64)
    work = _exact if len(table) <= EXACT else _by_steps
    halves = [half for half in np.array_split(weights, 2) if len(half)]
    return added_up(share(lambda half: work(table, half, low, high, top), halves))


def count_draw(found: Counts, score: np.ndarray, low: np.ndarray, high: np.ndarray, top: int) -> None:
    """Take the scores (n,) of one draw into account."""
    _count(score, ranks(score), low, high, top, *found)


def _exact(scores: np.ndarray, weights: np.ndarray, low: np.ndarray, high: np.ndarray, top: int) -> Counts:
    found = no_counts(len(scores))
    for one in weights:
        count_draw(found, _sums(scores, one), low, high, top)
    return found


def _by_steps(scores: np.ndarray, weights: np.ndarray, low: np.ndarray, high: np.ndarray, top: int) -> Counts:
    found = no_counts(len(scores))
    steps = np.empty((len(scores), TOGETHER), np.int32)
    for start in range(0, len(weights), TOGETHER):
        several = np.ascontiguousarray(weights[start : start + TOGETHER].T)
        above = np.zeros((STEPS + 2, several.shape[1]), np.int32)
        _step(scores, several, low, high, steps, above, found.kept)
        _add_from_above(above)
        _look_up(steps, above, top, *found[1:])
    return found


@njit(nogil=True, cache=True, error_model="numpy")
def _sums(scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted sums (n,), added in the order of the criteria."""
    found = np.zeros(len(scores))
    for row in range(len(scores)):
        for column in range(weights.size):
            found[row] += scores[row, column] * weights[column]
    return found


@njit(nogil=True, cache=True, error_model="numpy")
def _count(
    score: np.ndarray, places: np.ndarray, low: np.ndarray, high: np.ndarray, top: int,
    kept: np.ndarray, first: np.ndarray, among: np.ndarray, best: np.ndarray, worst: np.ndarray,
) -> None:  # fmt: skip
    """Take the scores and ranks of one draw into account."""
    for row in range(score.size):
        value, place = score[row] + EQUAL, places[row]
        kept[row] += low[row] <= value < high[row]
        first[row] += place == 1
        among[row] += place <= top
        best[row] = min(best[row], place)
        worst[row] = max(worst[row], place)


@njit(nogil=True, cache=True, error_model="numpy")
def _step(
    scores: np.ndarray, weights: np.ndarray, low: np.ndarray, high: np.ndarray, steps: np.ndarray,
    above: np.ndarray, kept: np.ndarray,
) -> None:  # fmt: skip
    """Step of each unit (n, m) in each of m draws, units of each step, and how often a grade was kept."""
    count, width = scores.shape
    draws = weights.shape[1]
    sums = np.empty(draws)
    for row in range(count):
        sums[:] = EQUAL
        for column in range(width):
            value = scores[row, column]
            for draw in range(draws):
                sums[draw] += value * weights[column, draw]
        for draw in range(draws):
            # Rounded, so that rounding does not part equal scores at round numbers such as a half.
            step = np.int64(min(max(sums[draw], 0.0), 1.0) * STEPS + 0.5)
            steps[row, draw] = step
            above[step, draw] += 1
            kept[row] += low[row] <= sums[draw] < high[row]


@njit(nogil=True, cache=True, error_model="numpy")
def _add_from_above(above: np.ndarray) -> None:
    """From units of each step to those above it."""
    steps, draws = above.shape
    total = np.zeros(draws, np.int32)
    for step in range(steps - 1, -1, -1):
        for draw in range(draws):
            here = above[step, draw]
            above[step, draw] = total[draw]
            total[draw] += here


@njit(nogil=True, cache=True, error_model="numpy")
def _look_up(
    steps: np.ndarray, above: np.ndarray, top: int, first: np.ndarray, among: np.ndarray,
    best: np.ndarray, worst: np.ndarray,
) -> None:  # fmt: skip
    """Take the ranks of several draws into account."""
    draws = above.shape[1]
    for row in range(len(steps)):
        least, most = best[row], worst[row]
        for draw in range(draws):
            place = above[steps[row, draw], draw] + 1
            first[row] += place == 1
            among[row] += place <= top
            least, most = min(least, place), max(most, place)
        best[row], worst[row] = least, most
