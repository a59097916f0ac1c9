"""The patches of a partition blended into one field, at any place.

The boxes whose patches count at a place are found from the roots down: a part of a box covers no place that
the box, enlarged by the same factor, does not cover. They are met in an order that the lattice alone gives,
and the sum hangs on none but them, so that it is the same to the bit whatever happened elsewhere.
"""

from __future__ import annotations

from typing import TypedDict, Unpack

import numpy as np
from numba import njit

from craton.kernels.partition_boxes import DEEPEST, HALVES, Boxes, Floats, Whole, near_roots
from craton.kernels.partition_kernel import SHAPES, gradient_of, value_of
from craton.kernels.partition_patches import Patches, radii
from craton.kernels.threads import do_all

MOST = 8 * (DEEPEST + 1)
"""Boxes that cover a place at most: two along each axis, of each size."""

BLOCK = 4096
"""Places that one thread evaluates at a time."""

CELLS, SPAN = 64.0, 2.0**20
"""Cells by side of a root by which places are put together, and more than there are along an axis."""


class Sizes(TypedDict):
    """Sizes of what patches count in and of what their data lie in, over those of boxes; smoothness."""

    overlap: float
    reach: float
    smooth: int


def values_at(
    places: Floats, steps: Floats, boxes: Boxes, patches: Patches, **sizes: Unpack[Sizes]
) -> Floats:
    """Values (k,) of the blend at places (k, 3) in sides of a root, where the steps are (k, d)."""
    found = np.empty(len(places))
    scales, shape, overlap = radii(sizes["reach"]), SHAPES[sizes["smooth"]], sizes["overlap"]

    def part(own: Whole) -> None:
        into = np.empty(own.size)
        _values(places[own], steps[own], boxes, patches, overlap, scales, shape, into)
        found[own] = into

    do_all(part, _near_each_other(places))
    return found


def gradients_at(
    places: Floats, steps: Floats, boxes: Boxes, patches: Patches, **sizes: Unpack[Sizes]
) -> Floats:
    """Gradients (k, 3) of the blend, by sides of a root; steps themselves have none."""
    found = np.empty((len(places), 3))
    scales, shape, overlap = radii(sizes["reach"]), SHAPES[sizes["smooth"]], sizes["overlap"]

    def part(own: Whole) -> None:
        into = np.empty((own.size, 3))
        _gradients(places[own], steps[own], boxes, patches, overlap, scales, shape, into)
        found[own] = into

    do_all(part, _near_each_other(places))
    return found


def _near_each_other(places: Floats) -> list[Whole]:
    """Numbers of the places in blocks; those of a block lie together, as patches are then read but once."""
    cells = np.floor(places * CELLS)
    order = np.argsort((cells[:, 0] * SPAN + cells[:, 1]) * SPAN + cells[:, 2], kind="stable")
    return [order[first : first + BLOCK] for first in range(0, len(order), BLOCK)]


@njit(nogil=True, cache=True, error_model="numpy")
def _covering(place: Floats, boxes: Boxes, overlap: float, waiting: Floats, found: Floats) -> int:
    """Write leaf, depth and middle of the leaves that cover a place into `found` (m, 5); how many there are.

    Parameters
    ----------
    waiting : array (m, 5)
        Room for nodes, depths and corners still to be looked at.
    """
    count, first, shape = 0, boxes.first, boxes.shape
    i_low, i_high = near_roots(place[0] - first[0], overlap, shape[0])
    j_low, j_high = near_roots(place[1] - first[1], overlap, shape[1])
    k_low, k_high = near_roots(place[2] - first[2], overlap, shape[2])
    for number in range(max(i_high - i_low, 0) * max(j_high - j_low, 0) * max(k_high - k_low, 0)):
        i = i_low + number // ((j_high - j_low) * (k_high - k_low))
        j = j_low + number // (k_high - k_low) % (j_high - j_low)
        k = k_low + number % (k_high - k_low)
        waiting[0, 0], waiting[0, 1] = (i * shape[1] + j) * shape[2] + k, 0.0
        waiting[0, 2], waiting[0, 3], waiting[0, 4] = first[0] + i, first[1] + j, first[2] + k
        left = 1
        while left > 0:
            left -= 1
            node, depth = int(waiting[left, 0]), int(waiting[left, 1])
            child = boxes.children[node]
            if child < 0:
                found[count, 0], found[count, 1] = -1 - child, depth
                for axis in range(3):
                    found[count, 2 + axis] = waiting[left, 2 + axis] + HALVES[depth, axis]
                count += 1
                continue
            left = _wait(place, overlap, waiting, left, child, depth)
    return count


@njit(nogil=True, cache=True, error_model="numpy")
def _wait(place: Floats, overlap: float, waiting: Floats, left: int, child: int, depth: int) -> int:
    """Put those halves of the box in row `left` that cover a place in its stead; the row after them."""
    axis = depth % 3
    half = HALVES[depth, axis]
    x, y, z = waiting[left, 2], waiting[left, 3], waiting[left, 4]
    corner = waiting[left, 2 + axis]
    for side in range(2):
        if abs(place[axis] - corner - (side + 0.5) * half) < 0.5 * overlap * half:
            waiting[left, 0], waiting[left, 1] = child + side, depth + 1
            waiting[left, 2], waiting[left, 3], waiting[left, 4] = x, y, z
            waiting[left, 2 + axis] = corner + side * half
            left += 1
    return left


@njit(nogil=True, cache=True, error_model="numpy")
def _share(place: Floats, middle: Floats, depth: int, overlap: float, slopes: Floats) -> float:
    """Weight of a box at a place, and how it changes with it, into `slopes` (3,)."""
    share = 1.0
    for axis in range(3):
        size = overlap * HALVES[depth, axis]
        off = (place[axis] - middle[axis]) / size
        left = max(1.0 - off * off, 0.0)
        share *= left * left * left
        slopes[axis] = -6.0 * off / (left * size) if left > 0.0 else 0.0
    for axis in range(3):
        slopes[axis] *= share
    return share


@njit(nogil=True, cache=True, error_model="numpy")
def _values(
    places: Floats, steps: Floats, boxes: Boxes, patches: Patches, overlap: float, scales: Floats,
    shape: Floats, found: Floats,
) -> None:  # fmt: skip
    """Write values of the blend at places (k, 3) into `found` (k,)."""
    waiting, leaves, slopes = np.empty((MOST, 5)), np.empty((MOST, 5)), np.empty(3)
    for number in range(places.shape[0]):
        place, total, shares = places[number], 0.0, 0.0
        for cover in range(_covering(place, boxes, overlap, waiting, leaves)):
            leaf, depth, middle = int(leaves[cover, 0]), int(leaves[cover, 1]), leaves[cover, 2:]
            share, scale = _share(place, middle, depth, overlap, slopes), scales[depth]
            shares += share
            first, last = boxes.starts[leaf], boxes.starts[leaf + 1]
            if first == last or share == 0.0:
                continue
            x, y, z = (
                (place[0] - middle[0]) / scale,
                (place[1] - middle[1]) / scale,
                (place[2] - middle[2]) / scale,
            )
            own = patches.centres, patches.vectors, patches.weights, first, patches.slopes[leaf], last, shape
            value = value_of(x, y, z, *own)
            for step in range(steps.shape[1]):
                value += patches.jumps[leaf, step] * steps[number, step]
            total += share * value
        found[number] = total / shares if total != 0.0 else 0.0


@njit(nogil=True, cache=True, error_model="numpy")
def _gradients(
    places: Floats, steps: Floats, boxes: Boxes, patches: Patches, overlap: float, scales: Floats,
    shape: Floats, found: Floats,
) -> None:  # fmt: skip
    """Write gradients of the blend at places (k, 3) into `found` (k, 3)."""
    waiting, leaves, slopes = np.empty((MOST, 5)), np.empty((MOST, 5)), np.empty(3)
    pull, rise = np.empty(3), np.empty(3)
    for number in range(places.shape[0]):
        place, total, shares = places[number], 0.0, 0.0
        pull[:], rise[:] = 0.0, 0.0
        for cover in range(_covering(place, boxes, overlap, waiting, leaves)):
            leaf, depth, middle = int(leaves[cover, 0]), int(leaves[cover, 1]), leaves[cover, 2:]
            share, scale = _share(place, middle, depth, overlap, slopes), scales[depth]
            first, last = boxes.starts[leaf], boxes.starts[leaf + 1]
            shares += share
            pull += slopes
            if first == last or share == 0.0:
                continue
            x, y, z = (
                (place[0] - middle[0]) / scale,
                (place[1] - middle[1]) / scale,
                (place[2] - middle[2]) / scale,
            )
            own = patches.centres, patches.vectors, patches.weights, first, patches.slopes[leaf], last, shape
            value, gradient = value_of(x, y, z, *own), gradient_of(x, y, z, *own)
            for step in range(steps.shape[1]):
                value += patches.jumps[leaf, step] * steps[number, step]
            total += share * value
            for axis in range(3):
                rise[axis] += slopes[axis] * value + share * gradient[axis] / scale
        for axis in range(3):
            found[number, axis] = (rise[axis] - total / shares * pull[axis]) / shares if shares > 0.0 else 0.0
