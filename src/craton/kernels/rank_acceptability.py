"""How ranks change with the weights: many sets of weights drawn, and the ranks that each thing gets."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from craton.kernels.score_ranks import ranks
from craton.kernels.threads import share

TOGETHER = 8
"""Sets of weights whose scores are added up in one pass over the table."""


class Acceptability(NamedTuple):
    """Of each thing: how often (n, b) its rank lies in each band, its best, worst and mean rank (n,)."""

    bands: np.ndarray
    best: np.ndarray
    worst: np.ndarray
    mean: np.ndarray


def drawn_weights(
    count: int, draws: int, random: np.random.Generator, around: np.ndarray | None, spread: float
) -> np.ndarray:
    """Sets of weights (draws, count), each adding up to 1.

    Parameters
    ----------
    around : array (count,), optional
        Weights that each is drawn around, evenly from 1 − `spread` to 1 + `spread` times itself; None for
        all weights alike (even on the simplex, as in SMAA).
    """
    if around is None:
        found = random.standard_exponential((draws, count))
    else:
        found = around * random.uniform(1.0 - spread, 1.0 + spread, (draws, count))
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def acceptability(scores: np.ndarray, weights: np.ndarray, ends: np.ndarray) -> Acceptability:
    """Ranks by weighted sums of scores (n, k) under each of several sets of weights (m, k).

    Parameters
    ----------
    ends : array (b,)
        Last rank of each band, rising; the last is n.

    References
    ----------
    Lahdelma, R., and Salminen, P. (2001). SMAA-2: stochastic multicriteria acceptability analysis for group
    decision making. Operations Research 49(3), 444-454. doi:10.1287/opre.49.3.444.11220
    """
    table = np.ascontiguousarray(scores, dtype=np.float64)
    rank_band = np.searchsorted(ends, np.arange(len(table) + 1)).astype(np.uint16)
    # The halves are counted apart and added, so the number of threads changes nothing.
    halves = [half for half in np.array_split(weights, 2) if len(half)]
    found = list(share(lambda half: _counted(table, half, rank_band, ends.size), halves))
    counts = sum((one.bands for one in found), np.zeros((len(table), ends.size)))
    return Acceptability(
        counts / len(weights),
        np.minimum.reduce([one.best for one in found]),
        np.maximum.reduce([one.worst for one in found]),
        sum((one.mean for one in found), np.zeros(len(table))) / len(weights),
    )


def _counted(scores: np.ndarray, weights: np.ndarray, rank_band: np.ndarray, bands: int) -> Acceptability:
    """Counts instead of parts, and the sum instead of the mean."""
    count = len(scores)
    found = Acceptability(
        np.zeros((count, bands), np.uint32), np.full(count, count, np.int32), np.zeros(count, np.int32),
        np.zeros(count, np.int64),
    )  # fmt: skip
    for start in range(0, len(weights), TOGETHER):
        for sums in _weighted_sums(scores, np.ascontiguousarray(weights[start : start + TOGETHER].T)).T:
            _count(ranks(sums), rank_band, *found)
    return found


@njit(nogil=True, cache=True, error_model="numpy")
def _weighted_sums(scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Sums (n, m) of scores (n, k) by weights (k, m), added in the order of the criteria."""
    count, width = scores.shape
    found = np.zeros((count, weights.shape[1]))
    for row in range(count):
        for column in range(width):
            value = scores[row, column]
            for draw in range(weights.shape[1]):
                found[row, draw] += value * weights[column, draw]
    return found


@njit(nogil=True, cache=True, error_model="numpy")
def _count(
    places: np.ndarray, rank_band: np.ndarray, bands: np.ndarray, best: np.ndarray, worst: np.ndarray,
    total: np.ndarray,
) -> None:  # fmt: skip
    """Take the ranks of one set of weights into account."""
    for row in range(places.size):
        place = places[row]
        bands[row, rank_band[place]] += 1
        best[row] = min(best[row], place)
        worst[row] = max(worst[row], place)
        total[row] += place
