"""Patches: small fields, each from the data around one box, blended so that they sum to one field.

Within a patch the field is a Hermite interpolant of least norm, f(x) = Σ wᵢ Lᵢ φ(|x − xᵢ| / R), where Lᵢ
is the value at xᵢ or the slope there along gᵢ, φ a Wendland function and R a length `STRETCH` times the half
diagonal of what the data lie in, so that φ is positive for every pair and its matrix is positive definite
whatever the places: one datum, all on a line, none. Near 0 the function of smoothness 1 is an even
polynomial and 20 (r/R)³, that of smoothness 2 one and −448/3 (r/R)⁵; dense data see a cubic or quintic
spline, and sparse ones a field that falls back to 0.

Blended, with u the place from the middle of a box in half sides of what it covers,

    f = Σ wₖ fₖ / Σ wₖ,   wₖ = Π (1 − u²)³,

which is twice differentiable. Faults add the product of step functions, Σ hⱼ(x) hⱼ(y), to φ, so that each
patch has a step of its own. Inequalities are met by an active set: those that the field breaks become
values, those that pull the wrong way are let go.

References
----------
Wendland, H. (2002), Fast evaluation of radial basis functions: methods based on partition of unity,
Approximation Theory X, 473-483, Vanderbilt University Press.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from craton.kernels.kriging_local import factor, whiten
from craton.kernels.partition_boxes import HALVES, Boxes, Floats, Numbers, Whole, pieces
from craton.kernels.partition_kernel import LEADING, SHAPES, fill, value_of
from craton.kernels.threads import THREADS, do_all

STRETCH = 8.0
"""R over the half diagonal of the surroundings; at least 2, for then |x − y| < R for all pairs."""

ROUNDS = 12
"""Changes of the active set at most; in the last half none is let go."""


class Rows(NamedTuple):
    """Data of the patches, in sides of a root: first n values, then p inequalities, then slopes.

    Parameters
    ----------
    places, directions : array (N, 3)
        Where; and of slopes, along what.
    targets : array (N,)
        What the patches are to have there.
    noise : array (N,)
        Variance of noise, where φ has the factor 1 at its first odd power and lengths are in sides of a root.
    signs : array (N,)
        Of inequalities, +1 for above and −1 for below; else 0.
    steps : array (N, d)
        Step functions at the places.
    counts : array (2,)
        n and n + p.
    """

    places: Floats
    directions: Floats
    targets: Floats
    noise: Floats
    signs: Floats
    steps: Floats
    counts: Whole


class Local(NamedTuple):
    """Rows of one patch in R from its middle; places, directions and steps are (3, N) and (d, N)."""

    at: Floats
    along: Floats
    steps: Floats
    targets: Floats
    noise: Floats
    signs: Floats
    active: Whole


class Patches(NamedTuple):
    """Solved patches, in the order of the leaves.

    Parameters
    ----------
    centres : array (3, M)
        Places of all members, from the middle of their box in R.
    vectors : array (3, M)
        Directions of slopes.
    weights : array (M,)
        Weights w of the members.
    slopes : array (leaves,)
        Number of the first member of a leaf that is a slope.
    jumps : array (leaves, d)
        Weights of the step functions.
    """

    centres: Floats
    vectors: Floats
    weights: Floats
    slopes: Whole
    jumps: Floats


def radii(reach: float) -> Floats:
    """R of a patch by depth of its box, in sides of a root."""
    found: Floats = STRETCH * reach * np.linalg.norm(HALVES, axis=1)
    return found


def empty_patches(boxes: Boxes, rows: Rows) -> Patches:
    """Room for the patches of boxes."""
    size = len(boxes.members)
    return Patches(
        np.empty((3, size)),
        np.zeros((3, size if len(rows.places) > rows.counts[1] else 0)),
        np.zeros(size),
        np.zeros(len(boxes.depths), dtype=np.int64),
        np.zeros((len(boxes.depths), rows.steps.shape[1])),
    )


def solve(patches: Patches, boxes: Boxes, rows: Rows, leaves: Whole, *, reach: float, smooth: int) -> None:
    """Solve the patches of some leaves, in parts shared among the threads."""
    if not leaves.size:
        return
    order = leaves[np.argsort(-np.diff(boxes.starts)[leaves], kind="stable")]
    middles = boxes.corners + HALVES[boxes.depths]
    scales = radii(reach)[boxes.depths]
    shares = min(8 * THREADS, len(leaves))

    def part(number: int) -> None:
        _solve_leaves(
            order[number::shares].copy(), boxes.starts, boxes.members, middles, scales, rows,
            SHAPES[smooth], (2 * smooth + 1, LEADING[smooth]), patches,
        )  # fmt: skip

    do_all(part, range(shares))


def copy(patches: Patches, boxes: Boxes, twins: Whole, old: Patches, old_boxes: Boxes) -> None:
    """Copy the patches of those leaves that have a twin among `old_boxes`."""
    kept = np.flatnonzero(twins >= 0)
    moved = boxes.starts[kept] - old_boxes.starts[twins[kept]]
    # Leaves that follow one another in both lie in one piece.
    breaks = np.flatnonzero((np.diff(kept) != 1) | (np.diff(twins[kept]) != 1)) + 1
    for piece in np.split(kept, breaks) if kept.size else ():
        first, last = boxes.starts[piece[0]], boxes.starts[piece[-1] + 1]
        start, stop = old_boxes.starts[twins[piece[0]]], old_boxes.starts[twins[piece[-1]] + 1]
        patches.weights[first:last] = old.weights[start:stop]
        patches.centres[:, first:last] = old.centres[:, start:stop]
    if patches.vectors.size and old.vectors.size:
        # Of values there is none: it stays 0.
        sloping = kept[old.slopes[twins[kept]] < old_boxes.starts[twins[kept] + 1]]
        into, own = pieces(boxes.starts, sloping)[0], pieces(old_boxes.starts, twins[sloping])[0]
        patches.vectors[:, into] = old.vectors[:, own]
    patches.slopes[kept] = old.slopes[twins[kept]] + moved
    patches.jumps[kept] = old.jumps[twins[kept]]


@njit(nogil=True, cache=True, error_model="numpy")
def _solve_rows(matrix: Floats, size: int, right: Floats, weights: Floats) -> None:
    """Weights (size,) from the upper half of a matrix and right sides (size, 1); both are used up."""
    factor(matrix, size)
    whiten(matrix, size, right)
    for row in range(size - 1, -1, -1):
        total = right[row, 0]
        for other in range(row + 1, size):
            total -= matrix[row, other] * weights[other]
        weights[row] = total / matrix[row, row] if matrix[row, row] > 0.0 else 0.0


@njit(nogil=True, cache=True, error_model="numpy")
def _pack(local: Local, slopes: int, into: Local) -> tuple[int, int]:
    """Put the active rows one after the other `into` others; how many there are, and how many are values."""
    size = values = 0
    for row in range(local.active.size):
        if local.active[row] == 0:
            continue
        for axis in range(3):
            into.at[axis, size], into.along[axis, size] = local.at[axis, row], local.along[axis, row]
        for step in range(local.steps.shape[0]):
            into.steps[step, size] = local.steps[step, row]
        into.targets[size], into.noise[size] = local.targets[row], local.noise[row]
        into.active[size] = row
        size += 1
        values += 1 if row < slopes else 0
    return size, values


@njit(nogil=True, cache=True, error_model="numpy")
def _solve_active(
    local: Local, packed: Local, weights: Floats, slopes: int, shape: Floats, matrix: Floats
) -> None:
    """Weights (N,) of the active rows, those from `slopes` on slopes; 0 for the others."""
    size, values = _pack(local, slopes, packed)
    sides, solved = np.empty((size, 1)), np.empty(size)
    fill(matrix, size, values, packed.at, packed.along, packed.steps, shape)
    for row in range(size):
        matrix[row, row] += packed.noise[row]
        sides[row, 0] = packed.targets[row]
    for row in range(size):
        # The factor compares what is left of the diagonal with what it was.
        matrix[size, row] = matrix[row, row]
    _solve_rows(matrix, size, sides, solved)
    for row in range(weights.size):
        weights[row] = 0.0
    for row in range(size):
        weights[packed.active[row]] = solved[row]


@njit(nogil=True, cache=True, error_model="numpy")
def _jumps(steps: Floats, weights: Floats, slopes: int, found: Floats) -> None:
    """Weights (d,) of step functions into `found`."""
    for step in range(found.size):
        found[step] = 0.0
        for row in range(slopes):
            found[step] += steps[step, row] * weights[row]


@njit(nogil=True, cache=True, error_model="numpy")
def _change(local: Local, weights: Floats, slopes: int, shape: Floats, jumps: Floats, release: bool) -> bool:
    """Take in the inequalities that are broken, let go those that pull the wrong way; whether any changed."""
    # A 0 written out would have `value_of` compiled once more, for that number.
    changed, first, last = False, slopes - slopes, weights.size
    for row in range(slopes):
        sign = local.signs[row]
        if sign == 0.0:
            continue
        if local.active[row] != 0:
            if release and sign * weights[row] < 0.0:
                local.active[row] = 0
                changed = True
            continue
        x, y, z = local.at[0, row], local.at[1, row], local.at[2, row]
        value = value_of(x, y, z, local.at, local.along, weights, first, slopes, last, shape)
        for step in range(jumps.size):
            value += jumps[step] * local.steps[step, row]
        if sign * (value - local.targets[row]) < 0.0:
            local.active[row] = 1
            changed = True
    return changed


@njit(nogil=True, cache=True, error_model="numpy")
def _gather(
    rows: Rows, own: Numbers, middle: Floats, scale: float, odd: tuple[int, float], local: Local
) -> int:
    """Rows of one patch in its own units into `local`; the first that is a slope.

    Parameters
    ----------
    odd : tuple
        First odd power of the kernel and its factor.
    """
    slopes = own.size
    for row in range(own.size):
        number = own[row]
        is_slope = number >= rows.counts[1]
        if is_slope:
            slopes = min(slopes, row)
        for axis in range(3):
            local.at[axis, row] = (rows.places[number, axis] - middle[axis]) / scale
            local.along[axis, row] = rows.directions[number, axis]
        for step in range(local.steps.shape[0]):
            local.steps[step, row] = rows.steps[number, step]
        local.targets[row] = rows.targets[number] * (scale if is_slope else 1.0)
        local.noise[row] = rows.noise[number] * odd[1] / scale ** (odd[0] - (2 if is_slope else 0))
        local.signs[row] = rows.signs[number]
        local.active[row] = 1 if rows.signs[number] == 0.0 else 0
    return slopes


@njit(nogil=True, cache=True, error_model="numpy")
def _room(count: int, steps: int) -> Local:
    """Room for `count` rows."""
    return Local(
        np.empty((3, count)), np.empty((3, count)), np.empty((steps, count)), np.empty(count),
        np.empty(count), np.empty(count), np.empty(count, np.int64),
    )  # fmt: skip


@njit(nogil=True, cache=True, error_model="numpy")
def _solve_leaves(
    leaves: Whole, starts: Whole, members: Numbers, middles: Floats, scales: Floats, rows: Rows,
    shape: Floats, odd: tuple[int, float], patches: Patches,
) -> None:  # fmt: skip
    """Solve the patches of some leaves, those with most members first."""
    most = starts[leaves[0] + 1] - starts[leaves[0]]
    matrix = np.empty((most + 1, most))
    for leaf in leaves:
        first, count = starts[leaf], starts[leaf + 1] - starts[leaf]
        own, jumps, weights = members[first : first + count], patches.jumps[leaf], np.zeros(count)
        local, packed = _room(count, rows.steps.shape[1]), _room(count, rows.steps.shape[1])
        slopes = _gather(rows, own, middles[leaf], scales[leaf], odd, local)
        for turn in range(ROUNDS):
            _solve_active(local, packed, weights, slopes, shape, matrix)
            _jumps(local.steps, weights, slopes, jumps)
            if turn == ROUNDS - 1 or not _change(local, weights, slopes, shape, jumps, 2 * turn < ROUNDS):
                break
        patches.slopes[leaf] = first + slopes
        for row in range(count):
            patches.weights[first + row] = weights[row]
            for axis in range(3):
                patches.centres[axis, first + row] = local.at[axis, row]
                if patches.vectors.size > 0:
                    patches.vectors[axis, first + row] = local.along[axis, row]
