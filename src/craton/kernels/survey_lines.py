"""Survey lines: readings one after another along a line; spikes, smoothing, and where lines cross.

Lines lie one behind the other in flat arrays: line l holds the points `starts[l]` to `starts[l + 1]`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MAD_TO_DEVIATION = 1.482602218505602
"""Standard deviation of a normal distribution, in median absolute deviations."""

PASSES = 10
"""Most rounds in which spikes are looked for."""

ROUNDING = 1e-12
"""Part of the largest value below which a difference is rounding."""

HALF_AT_CUTOFF = float(np.sqrt(np.log(2.0) / 2.0) / np.pi)
"""Deviation of a Gaussian, in wavelengths, that halves a wave."""

TOUCH = 1e-9
"""Part of a step by which a crossing may lie beyond its end, for rounding."""

REACH = 4.0
"""Deviations beyond which the Gaussian counts as zero."""


def fourth_differences(values: Floats) -> Floats:
    """Fourth difference about each value (n,) of a line, NaN at the two first and last and beside gaps.

    Notes
    -----
    δ⁴ᵢ = vᵢ₋₂ − 4 vᵢ₋₁ + 6 vᵢ − 4 vᵢ₊₁ + vᵢ₊₂; it is zero for cubics and 6 A for a spike of height A.
    """
    differences = np.full(values.size, np.nan)
    differences[2:-2] = (
        values[:-4] - 4.0 * values[1:-3] + 6.0 * values[2:-2] - 4.0 * values[3:-1] + values[4:]
    )
    return differences


def without_spikes(values: Floats, threshold: float, smallest: float) -> Floats:
    """Values (n,) of a line with single-reading spikes replaced by the cubic through their neighbours.

    Parameters
    ----------
    values : array (n,)
        Evenly spaced readings in order; NaN where there is none.
    threshold : float
        Robust deviations of the fourth difference beyond which a reading is a spike.
    smallest : float
        Height below which nothing is a spike, in the unit of the values.

    Notes
    -----
    In each round the readings whose |δ⁴| exceeds the threshold times 1.4826 median |δ⁴ − median δ⁴|, and is
    the largest within two readings either side, become vᵢ − δ⁴ᵢ/6; rounds end when none is found.
    """
    clean = values.copy()
    largest = np.nanmax(np.abs(values), initial=0.0)
    for _ in range(PASSES if values.size >= 5 else 0):
        differences = fourth_differences(clean)
        known = differences[np.isfinite(differences)]
        if not known.size:
            break
        scale = MAD_TO_DEVIATION * np.median(np.abs(known - np.median(known)))
        limit = max(threshold * scale, 6.0 * smallest, 64.0 * ROUNDING * largest)
        size = np.where(np.isfinite(differences), np.abs(differences), 0.0)
        around = np.max([np.roll(size, step) for step in (-2, -1, 1, 2)], axis=0)
        spikes = (size > limit) & (size >= around)
        if not spikes.any():
            break
        clean[spikes] -= differences[spikes] / 6.0
    return clean


@njit(nogil=True, cache=True, error_model="numpy")
def without_narrow(values: Floats, width: int, tolerance: float) -> Floats:
    """Values (n,) of a line with narrow features cut off at the chord between their shoulders.

    Parameters
    ----------
    values : array (n,)
        Readings in order, all finite.
    width : int
        Readings that the widest feature to be removed has, 1 or more.
    tolerance : float
        Height beyond both shoulders, in the unit of the values, that a feature may have.

    Notes
    -----
    For widths w = 1 … `width` and each i, the readings i … i + w − 1 are replaced by the straight line
    from reading i − 1 to i + w where all stand above the higher of these two, or all below the lower, by
    more than the tolerance.
    """
    clean = values.copy()
    for w in range(1, width + 1):
        for first in range(1, clean.size - w):
            left, right = clean[first - 1], clean[first + w]
            above = below = 0
            for step in range(w):
                above += clean[first + step] > max(left, right) + tolerance
                below += clean[first + step] < min(left, right) - tolerance
            if w in (above, below):
                for step in range(w):
                    clean[first + step] = left + (right - left) * (step + 1) / (w + 1)
    return clean


@njit(nogil=True, cache=True, error_model="numpy")
def smoothed(distance: Floats, values: Floats, deviation: float) -> Floats:
    """Values (n,) along a line smoothed by a Gaussian of distance, ends and uneven steps included.

    Parameters
    ----------
    distance : array (n,)
        Along the line in metres, not descending.
    values : array (n,)
        NaN where there is none; those take a smoothed value too, where a reading is within reach.
    deviation : float
        Standard deviation of the Gaussian, in metres.

    Notes
    -----
    At each place the straight line fitted with Gaussian weights to the readings around is taken, so that
    straight lines are kept also at the ends. Inside, waves of length λ are multiplied by
    exp(−2π²σ²/λ²).
    """
    result = np.full(values.size, np.nan)
    first = 0
    for place in range(values.size):
        while distance[first] < distance[place] - REACH * deviation:
            first += 1
        s0 = s1 = s2 = t0 = t1 = 0.0
        other = first
        while other < values.size and distance[other] <= distance[place] + REACH * deviation:
            if not np.isnan(values[other]):
                apart = (distance[other] - distance[place]) / deviation
                weight = np.exp(-0.5 * apart * apart)
                s0 += weight
                s1 += weight * apart
                s2 += weight * apart * apart
                t0 += weight * values[other]
                t1 += weight * apart * values[other]
            other += 1
        spread = s0 * s2 - s1 * s1
        if spread > 1e-9 * s0 * s0:
            result[place] = (s2 * t0 - s1 * t1) / spread
        elif s0 > 0.0:
            result[place] = t0 / s0
    return result


class Crossings(NamedTuple):
    """Where lines cross.

    The numbers of the two lines, the point before the crossing on each, and how far along the step to the
    next point it lies (0 to 1).
    """

    first_line: Integers
    second_line: Integers
    first_point: Integers
    second_point: Integers
    first_part: Floats
    second_part: Floats


def crossings(places: Floats, starts: Integers, meet: NDArray[np.bool_]) -> Crossings:
    """All crossings of lines with one another, by first line, second line and place along the first.

    Parameters
    ----------
    places : array (n, 2)
        Points in metres of a plane.
    starts : array (lines + 1,)
        Where each line begins.
    meet : array (lines, lines)
        Which pairs of lines are looked at; only pairs with the first number less than the second.

    Notes
    -----
    Each line has a binary tree of the bounding boxes of its steps. Two trees are descended together where
    boxes overlap. A crossing at a point of a line counts once; lines that run along each other do not
    cross.
    """
    sizes = np.diff(starts)
    leaves = np.array([1 << max(int(size) - 2, 0).bit_length() for size in sizes], dtype=np.int64)
    offsets = np.concatenate([[0], np.cumsum(2 * leaves)])
    boxes = _boxes(places, starts, leaves, offsets)
    found = _crossings(places, starts, leaves, offsets, boxes, meet)
    numbers = found[:, :4].astype(np.int64)
    positions = numbers[:, 2:] + found[:, 4:]
    order = np.lexsort((*positions.T[::-1], numbers[:, 1], numbers[:, 0]))
    numbers, found, positions = numbers[order], found[order], positions[order]
    same_lines = (np.diff(numbers[:, :2], axis=0) == 0).all(axis=1)
    again = same_lines & (np.abs(np.diff(positions, axis=0)) <= 2.0 * TOUCH).all(axis=1)
    kept = np.concatenate([np.ones(min(1, len(found)), dtype=bool), ~again])
    return Crossings(*numbers[kept].T, *found[kept, 4:].T)


@njit(nogil=True, cache=True, error_model="numpy")
def _boxes(places: Floats, starts: Integers, leaves: Integers, offsets: Integers) -> Floats:
    """West, south, east, north of each node of the trees; node k of a line has the children 2k and 2k + 1."""
    boxes = np.empty((offsets[-1], 4))
    boxes[:, :2], boxes[:, 2:] = np.inf, -np.inf
    for line in range(leaves.size):
        root, wide = offsets[line], leaves[line]
        for step in range(starts[line + 1] - starts[line] - 1):
            one, two = places[starts[line] + step], places[starts[line] + step + 1]
            leaf = boxes[root + wide + step]
            leaf[0], leaf[2] = min(one[0], two[0]), max(one[0], two[0])
            leaf[1], leaf[3] = min(one[1], two[1]), max(one[1], two[1])
        for node in range(wide - 1, 0, -1):
            left, right = boxes[root + 2 * node], boxes[root + 2 * node + 1]
            for side in range(2):
                boxes[root + node, side] = min(left[side], right[side])
                boxes[root + node, side + 2] = max(left[side + 2], right[side + 2])
    return boxes


@njit(nogil=True, cache=True, error_model="numpy")
def _crossings(
    places: Floats,
    starts: Integers,
    leaves: Integers,
    offsets: Integers,
    boxes: Floats,
    meet: NDArray[np.bool_],
) -> Floats:
    """Rows of the two lines, the two points and the two parts, in no special order."""
    found, count = np.empty((1024, 6)), 0
    stack = np.empty((256, 2), dtype=np.int64)
    for one in range(leaves.size):
        for two in range(one + 1, leaves.size):
            if not meet[one, two]:
                continue
            stack[0], depth = 1, 1
            while depth:
                depth -= 1
                left, right = stack[depth]
                if _apart(boxes[offsets[one] + left], boxes[offsets[two] + right]):
                    continue
                if left < leaves[one] and (right >= leaves[two] or left <= right):
                    stack[depth, 0], stack[depth, 1] = 2 * left, right
                    stack[depth + 1, 0], stack[depth + 1, 1] = 2 * left + 1, right
                    depth += 2
                elif right < leaves[two]:
                    stack[depth, 0], stack[depth, 1] = left, 2 * right
                    stack[depth + 1, 0], stack[depth + 1, 1] = left, 2 * right + 1
                    depth += 2
                else:
                    first = starts[one] + left - leaves[one]
                    second = starts[two] + right - leaves[two]
                    meets, part, other = _meeting(places, first, second)
                    if meets:
                        if count == found.shape[0]:
                            found = np.concatenate((found, np.empty_like(found)))
                        found[count, 0], found[count, 1] = one, two
                        found[count, 2], found[count, 3] = first, second
                        found[count, 4], found[count, 5] = part, other
                        count += 1
    return found[:count]


@njit(nogil=True, cache=True, error_model="numpy")
def _apart(one: Floats, two: Floats) -> bool:
    """Whether two boxes do not meet."""
    return bool(one[0] > two[2] or two[0] > one[2] or one[1] > two[3] or two[1] > one[3])


@njit(nogil=True, cache=True, error_model="numpy")
def _meeting(places: Floats, first: int, second: int) -> tuple[bool, float, float]:
    """Whether two steps cross or touch, and the parts of each at which they do."""
    east, north = places[first + 1] - places[first]
    east_2, north_2 = places[second + 1] - places[second]
    gap_east, gap_north = places[second] - places[first]
    cross = east * north_2 - north * east_2
    if cross == 0.0:
        return False, 0.0, 0.0
    part = (gap_east * north_2 - gap_north * east_2) / cross
    other = (gap_east * north - gap_north * east) / cross
    meets = abs(part - 0.5) <= 0.5 + TOUCH and abs(other - 0.5) <= 0.5 + TOUCH
    return meets, min(max(part, 0.0), 1.0), min(max(other, 0.0), 1.0)
