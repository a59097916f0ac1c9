"""Ranks of scores: 1 is the highest, equal scores share the better rank."""

from __future__ import annotations

import numpy as np
from numba import njit

DIGITS = 1e12
"""Part of the largest score that counts, so that the last bits of a sum decide about no rank."""

CROWD = 64
"""Most scores in one of the even parts of their range for which sorting part by part is fast."""


def ranks(scores: np.ndarray) -> np.ndarray:
    """Rank (n,) of finite `scores` (n,), 1 for the highest; those that are equal share the better rank.

    Scores are compared to 12 digits of the largest of them.
    """
    keys, low, high = _keys(np.ascontiguousarray(scores, dtype=np.float64), DIGITS)
    order, fits = _spread_out(keys, low, high, CROWD)
    return _places(keys, order if fits else np.argsort(-keys, kind="stable"))


@njit(nogil=True, cache=True, error_model="numpy")
def _keys(scores: np.ndarray, digits: float) -> tuple[np.ndarray, np.int64, np.int64]:
    """Scores as whole numbers, and the range of these."""
    largest = 0.0
    for score in scores:
        largest = max(largest, abs(score))
    scale = digits / largest if largest > 0 else 0.0
    keys = np.empty(scores.size, np.int64)
    low, high = np.int64(2**62), np.int64(-(2**62))
    for row in range(scores.size):
        key = np.int64(np.rint(scores[row] * scale))
        keys[row] = key
        low, high = min(low, key), max(high, key)
    return keys, low, high


@njit(nogil=True, cache=True, error_model="numpy")
def _spread_out(keys: np.ndarray, low: np.int64, high: np.int64, crowd: int) -> tuple[np.ndarray, bool]:
    """Rows from the highest key down: dealt to even parts of the range, then each carried to its place."""
    count = keys.size
    order = np.empty(count, np.int32)
    starts = np.zeros(count + 2, np.int32)
    scale = (count - 1) / max(float(high - low), 1.0)
    for key in keys:
        starts[np.int64((high - key) * scale) + 2] += 1
    for part in range(2, count + 2):
        if starts[part] > crowd:
            return order, False
        starts[part] += starts[part - 1]
    for row in range(count):
        slot = np.int64((high - keys[row]) * scale) + 1
        order[starts[slot]] = row
        starts[slot] += 1
    for here in range(1, count):
        carried, at = order[here], here
        while at > 0 and keys[order[at - 1]] < keys[carried]:
            order[at] = order[at - 1]
            at -= 1
        order[at] = carried
    return order, True


@njit(nogil=True, cache=True, error_model="numpy")
def _places(keys: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Rank of each row from the rows in order."""
    found = np.empty(keys.size, np.int32)
    place, before = np.int32(0), np.int64(0)
    for at in range(keys.size):
        key = keys[order[at]]
        if at == 0 or key != before:
            place, before = np.int32(at + 1), key
        found[order[at]] = place
    return found
