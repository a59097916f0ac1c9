"""Compositing: means of values along drill holes over lengths of one size.

Over a composite from a to b, values xᵢ of intervals that overlap it by lᵢ, with weights wᵢ (1 unless density
or recovery of core count), give

    x̄ = Σ wᵢ lᵢ xᵢ / Σ wᵢ lᵢ,   recovery = Σ lᵢ / (b − a)

over the intervals that have a value.

References
----------
Rossi, M. E. and Deutsch, C. V. (2014), Mineral resource estimation, Springer, section 5.3.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


def cut(
    hole: Whole, start: Floats, end: Floats, length: float, *, even: bool
) -> tuple[Whole, Floats, Floats]:
    """Composites within stretches of holes: row of its stretch (m,), from (m,) and to (m,).

    Parameters
    ----------
    hole, start, end : array (n,)
        Stretches, from and to in metres.
    length : float
        Length of a composite.
    even : bool
        Whether the composites of a stretch share its length evenly, as near to `length` as may be. Else they
        have `length` and the last one of a stretch what is left.
    """
    ratio = (end - start) / length
    # A hair below a whole number is that number.
    counts = np.maximum(np.rint(ratio) if even else np.ceil(ratio - 1e-9), 1).astype(np.int64)
    stretch = np.repeat(np.arange(hole.size), counts)
    number = np.arange(stretch.size) - np.repeat(np.cumsum(counts) - counts, counts)
    step = ((end - start) / counts)[stretch] if even else np.full(stretch.size, length)
    first = start[stretch] + number * step
    last = np.where(number + 1 == counts[stretch], end[stretch], first + step)
    return stretch, first, last


def overlap_sums(
    holes: tuple[Whole, Whole], wanted: tuple[Floats, Floats], known: tuple[Floats, Floats], values: Floats
) -> Floats:
    """Σ lᵢ xᵢ (m, c) over intervals that overlap each of the wanted ones in the same hole.

    Parameters
    ----------
    holes : tuple of array (m,), (n,)
        Numbers of the holes of wanted and of known intervals.
    wanted, known : tuple of array
        From and to of both, in metres; known ones sorted by hole and from, of some length, not overlapping.
    values : array (n, c)
        Values x of the known intervals.
    """
    if not known[0].size:
        return np.zeros((wanted[0].size, values.shape[1]))
    low = min(float(one.min(initial=0.0)) for one in (wanted[0], known[0]))
    high = max(float(one.max(initial=0.0)) for one in (wanted[1], known[1]))
    # Holes one after the other on one axis, with room between them.
    room = high - low + 1.0
    breaks = np.column_stack([known[0], known[1]]).ravel() + room * np.repeat(holes[1], 2)
    edges = [one + room * holes[0] for one in wanted]
    sums = np.empty((wanted[0].size, values.shape[1]))
    for column, one in enumerate(values.T):
        amounts = (known[1] - known[0]) * one
        total = np.zeros(breaks.size)
        total[1::2] = np.cumsum(amounts)
        total[2::2] = total[1:-1:2]
        first, last = (np.interp(edge, breaks, total) for edge in edges)
        sums[:, column] = last - first
    return sums


def without_overlap(hole: Whole, start: Floats, end: Floats) -> Floats:
    """Beginnings (n,) of intervals sorted by hole and from, moved down to where those above them end.

    An interval that lies wholly within those above it gets no length.
    """
    moved = start.copy()
    edges = [0, *(np.flatnonzero(np.diff(hole)) + 1), hole.size]
    for first, last in pairwise(edges):
        reach = np.maximum.accumulate(end[first:last])[:-1]
        below = slice(first + 1, last)
        moved[below] = np.minimum(np.maximum(start[below], reach), end[below])
    return moved
