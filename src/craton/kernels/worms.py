"""Worms: crests of gradients at many heights, and the sheets that they make from height to height."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def sheets(levels: Sequence[Floats], lines: Sequence[Integers], reach: Sequence[float]) -> list[Integers]:
    """Sheet of each line of crests, joined from each height to the next.

    Parameters
    ----------
    levels : sequence of array (n, 2)
        Eastings and northings of the crest points of each height, in metres, from the lowest up.
    lines : sequence of array (n,)
        Line of each point, counted from 0 at each height.
    reach : sequence of float
        Metres within which a crest is looked for on the next height; one fewer than there are heights.

    Returns
    -------
    list of array
        For each height the number of the sheet of each of its lines, from 1 for the sheet of most points.

    Notes
    -----
    A line goes on in the line of the next height below that has the nearest points for most of its own;
    half of them, at least, must have one within reach. So sheets part downward, as edges do, and never grow
    together by touching.
    """
    counts = [int(of.max()) + 1 if of.size else 0 for of in lines]
    starts = np.concatenate([[0], np.cumsum(counts)])
    links = [
        (starts[n + 1] + upper, starts[n] + lower)
        for n in range(len(levels) - 1)
        for upper, lower in _descents(levels[n + 1], lines[n + 1], levels[n], lines[n], reach[n])
    ]
    pairs = np.array(links, dtype=np.int64).reshape(-1, 2)
    size = int(starts[-1])
    graph = sparse.coo_array((np.ones(len(pairs)), pairs.T), shape=(size, size))
    part = sparse.csgraph.connected_components(graph, directed=False)[1] if size else np.zeros(0, np.int64)
    points = np.concatenate(
        [np.zeros(0, np.int64), *(start + of for start, of in zip(starts, lines, strict=False))]
    )
    weight = np.bincount(part[points], minlength=int(part.max(initial=-1)) + 1)
    rank = np.empty(weight.size, dtype=np.int64)
    rank[np.argsort(-weight, kind="stable")] = np.arange(1, weight.size + 1)
    return [rank[part[a:b]] for a, b in itertools.pairwise(starts)]


def _descents(
    upper: Floats, upper_line: Integers, lower: Floats, lower_line: Integers, reach: float
) -> list[tuple[int, int]]:
    """Pairs of a line and the one that it goes on in on the next height below."""
    if not len(upper) or not len(lower):
        return []
    away, nearest = cKDTree(lower).query(upper, distance_upper_bound=reach)
    pairs = []
    for line in range(int(upper_line.max()) + 1):
        own = upper_line == line
        met = lower_line[nearest[own & np.isfinite(away)]]
        if met.size and 2 * met.size >= int(own.sum()):
            pairs.append((line, int(np.bincount(met).argmax())))
    return pairs
