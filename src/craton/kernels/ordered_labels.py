"""Ordered labels: the likeliest sequence of labels down a hole whose order is known, and how sure it is.

The labels k = 0, 1, … of a sequence (units of a stratigraphic column, youngest first) at the places
i = 1 … n (intervals, from the top) have the weight

    w(k) = Π_i E_i(k_i) · Π_i T(k_i, k_{i+1}),
    T(a, b) = 1 where b = a, `change` where b > a, `reversal` where b < a,

with the evidence E_i(k) for each label at each place. `decode` finds the sequence of greatest weight
(Viterbi 1967), `marginals` the sum of the weights of all sequences that have label k at place i, as a share
of the sum of all (forward–backward). As T takes only three values, both cost places × labels, not
places × labels², by running maxima and sums. With `reversal` 0 no sequence goes back up the order.

References
----------
Viterbi, A. J. (1967). Error bounds for convolutional codes and an asymptotically optimum decoding algorithm.
IEEE Transactions on Information Theory 13(2), 260-269. doi:10.1109/TIT.1967.1054010
Rabiner, L. R. (1989). A tutorial on hidden Markov models and selected applications in speech recognition.
Proceedings of the IEEE 77(2), 257-286. doi:10.1109/5.18626
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LEAST = -100.0
"""Logarithm below which evidence, relative to the best of its place, counts as this: no label is excluded
by evidence alone, so that a sequence in order always exists."""


def decode(evidence: Floats, counts: Integers, *, change: float = 0.2, reversal: float = 0.0) -> Integers:
    """Label of each place in the sequence of greatest weight.

    Parameters
    ----------
    evidence : array, shape (n, labels)
        Logarithm of the evidence, finite; the places of one sequence stand together, from its top.
    counts : array of int, shape (sequences,)
        Places of each sequence, 1 or more; their sum is n.
    change, reversal : float
        Weight of a step to a later label (above 0) and to an earlier one (0 forbids it), where staying
        weighs 1.

    Returns
    -------
    array of int, shape (n,)
        Of sequences of equal weight, the one that stays rather than changes, and skips fewer labels.
    """
    if not counts.size:
        return np.empty(0, np.int64)
    sound = _clipped(evidence)
    steps = _steps(counts)
    back = np.zeros(sound.shape, np.int32)
    score = sound[steps[0]]
    for rows in steps[1:]:
        best, back[rows] = _best_before(score[: rows.size], change, reversal)
        score[: rows.size] = best + sound[rows]
    label = np.argmax(score, axis=1)
    found = np.empty(len(sound), np.int64)
    for rows in reversed(steps):
        found[rows] = label[: rows.size]
        label[: rows.size] = back[rows, label[: rows.size]]
    return found


def marginals(evidence: Floats, counts: Integers, *, change: float = 0.2, reversal: float = 0.0) -> Floats:
    """Probability (n, labels) of each label at each place, over all sequences; parameters as of `decode`."""
    if not counts.size:
        return np.empty((0, evidence.shape[1]))
    weight = _clipped(evidence)
    steps = _steps(counts)
    # Logarithms, as a long stretch of evidence against the order is beyond the range of numbers.
    ahead = np.empty_like(weight)
    ahead[steps[0]] = weight[steps[0]]
    for before, rows in pairwise(steps):
        ahead[rows] = _summed(ahead[before[: rows.size]], change, reversal) + weight[rows]
    behind = np.zeros((counts.size, weight.shape[1]))
    found = np.empty_like(weight)
    for rows in reversed(steps):
        found[rows] = _shares(ahead[rows] + behind[: rows.size])
        behind[: rows.size] = _summed(weight[rows] + behind[: rows.size], reversal, change)
    return found


def _clipped(evidence: Floats) -> Floats:
    """Evidence relative to the best label of each place, not below `LEAST`."""
    return np.maximum(evidence - evidence.max(axis=1, keepdims=True), LEAST)


def _steps(counts: Integers) -> list[Integers]:
    """Rows of the first, second, … place of all sequences that have one, the longest sequence first."""
    order = np.argsort(-counts, kind="stable")
    start = (np.cumsum(counts) - counts)[order]
    longest = int(counts.max())
    having = np.searchsorted(-counts[order], -np.arange(longest), side="left")
    return [start[: having[step]] + step for step in range(longest)]


def _best_before(score: Floats, change: float, reversal: float) -> tuple[Floats, Integers]:
    """Best score of the place before each label with the step to it, and the label it comes from."""
    labels = np.broadcast_to(np.arange(score.shape[1]), score.shape)
    best, source = score.copy(), labels.copy()
    for turn, factor in ((1, change), (-1, reversal)):
        if factor <= 0:
            continue
        line = score[:, ::turn]
        highest = np.maximum.accumulate(line, axis=1)
        where = np.maximum.accumulate(np.where(line >= highest, labels, 0), axis=1)
        value = np.full_like(score, -np.inf)
        value[:, 1:] = highest[:, :-1] + np.log(factor)
        origin = np.zeros_like(source)
        origin[:, 1:] = where[:, :-1]
        value, origin = value[:, ::turn], origin[:, ::turn]
        origin = origin if turn == 1 else score.shape[1] - 1 - origin
        better = value > best
        best, source = np.where(better, value, best), np.where(better, origin, source)
    return best, source


def _summed(weight: Floats, later: float, earlier: float) -> Floats:
    """Logarithm of Σ_a w(a) · T(a, b) for each b, of ln w; steps to `later` and `earlier` labels."""
    total = weight.copy()
    if later > 0:
        sums = np.logaddexp.accumulate(weight, axis=1)[:, :-1]
        total[:, 1:] = np.logaddexp(total[:, 1:], np.log(later) + sums)
    if earlier > 0:
        sums = np.logaddexp.accumulate(weight[:, ::-1], axis=1)[:, ::-1][:, 1:]
        total[:, :-1] = np.logaddexp(total[:, :-1], np.log(earlier) + sums)
    return total


def _shares(weight: Floats) -> Floats:
    """Shares of the sum, of logarithms."""
    plain = np.exp(weight - weight.max(axis=1, keepdims=True))
    shares: Floats = plain / plain.sum(axis=1, keepdims=True)
    return shares
