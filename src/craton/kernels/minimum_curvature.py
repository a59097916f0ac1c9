"""Minimum curvature: the smoothest surface through scattered values, on the nodes of a grid.

The surface u minimises (1 - T) times its bending energy and T times its
stretching energy, in lengths of the spacing h,

    (1 - T) Σ (u_xx² + 2 u_xy² + u_yy²) + T Σ (u_x² + u_y²),

so that away from data (1 - T) h⁴ ∇⁴u - T h² ∇²u = 0 and along the edges the
surface is free (no moment, no shear; the natural conditions of the energy). A
plane has no bending energy, so any plane is kept where T = 0; it is taken out
beforehand so that it is kept for all T.

The node nearest to a datum w at (ξ, η) spacings from it also feels a force that
pulls the value there, by the Taylor series of second order over the 3 x 3 nodes
around, to w. Its strength is that with which the datum enters the Laplacian of
Briggs (1974), e = 4 / ((|ξ| + |η|)(1 + |ξ| + |η|)); on the node itself w is kept
exactly. A datum that stands alone pulls up to `ALONE` times as strongly, as it
contradicts no other.

Solved by multigrid: a first guess from coarse to fine; then V-cycles of red and
black relaxation within rows, which a processor does several columns at a time.
Coarse levels hold still around the data, so that no correction is too large.

References
----------
Briggs, I. C. (1974). Machine contouring using minimum curvature. Geophysics 39(1), 39-48.
doi:10.1190/1.1440410

Smith, W. H. F., and Wessel, P. (1990). Gridding with continuous curvature splines in tension. Geophysics
55(3), 293-305. doi:10.1190/1.1442837

Trottenberg, U., Oosterlee, C. W., and Schüller, A. (2001). Multigrid. Academic Press, chapters 2 and 5.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse import linalg

from craton.kernels.curvature_relaxation import (
    RIM,
    Data,
    Equation,
    Limits,
    add_refined,
    gather,
    relax,
    residual,
)

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MARGIN = 4
"""Nodes around the grid that are worked out too, so that its edges do not feel the edge of the work."""

FEWEST_NODES = 5
"""Nodes along the shorter side of the coarsest level, at least."""

SWEEPS = 3
"""Relaxations before and after each correction."""

FIRST_SWEEPS = 12
"""Relaxations of each level for the first guess."""

ALONE = 16.0
"""How much more strongly than by Briggs' weight a datum pulls that has no other within two nodes."""

MOST_RATIO = 0.99
"""Ratio of the changes of two cycles that is taken for the worst in estimating the error."""

MOST_CYCLES = 200
"""Cycles after which to stop in any case."""

HALF = 0.5 - 1e-9
"""Offset of a datum from its node, at most."""

ON_NODE = 1e9
"""Largest strength, at which a datum is as good as on its node."""

NO_LIMITS = Limits(-np.inf, np.inf, 0.0, 0.0, 0.0, 0, 0, 0, 0)

LEVEL = 0.01
"""Tension that lays a surface level across data that lie on one line, about which it could turn freely."""


class Solution(NamedTuple):
    """A solved surface: `nodes` (rows, columns), the `cycles` taken and the `error` left, estimated."""

    nodes: Floats
    cycles: int
    error: float


class _Level:
    """One grid of the hierarchy; see the module for the equation."""

    def __init__(self, shape: tuple[int, int], tension: float, depth: int) -> None:
        self.equation = Equation(*_bands(shape[0]), *_bands(shape[1]), 1.0 - tension, tension * 4.0**depth)
        self.nodes = np.zeros((shape[0] + 2 * RIM, shape[1] + 2 * RIM))
        self.force = np.zeros(shape)
        self.free = np.ones(shape, np.float32)
        self.factors: linalg.SuperLU | None = None
        self.data = Data(np.zeros(shape[0] + 1, np.int64), np.zeros(0, np.int64), *[np.zeros(0)] * 4)

    @property
    def inner(self) -> Floats:
        """The nodes without their rim."""
        return self.nodes[RIM:-RIM, RIM:-RIM]

    def relax(self, times: int, limits: Limits = NO_LIMITS) -> None:
        """Relax all free nodes and all data `times` times."""
        for _ in range(times):
            relax(self.nodes, self.force, self.free, self.equation, self.data, limits)

    def residual(self, nodes: Floats, force: Floats) -> Floats:
        """What is left of a force at free nodes, less what the surface `nodes` answers."""
        left = np.empty(self.force.shape)
        residual(nodes, force, self.free, self.equation, left)
        return left

    def solve(self, fixed: Floats) -> None:
        """Solve outright, with the values `fixed` (rows, columns) where nodes are not free."""
        if self.factors is None:
            self.factors = linalg.splu(self._matrix())
        wanted = np.where(self.free > 0, self.force, fixed).ravel()
        self.inner[:] = self.factors.solve(wanted).reshape(self.force.shape)

    def _matrix(self) -> sparse.csc_matrix:
        """The equation of free nodes, and of the others that they stay."""
        rows_bend, rows_stretch, columns_bend, columns_stretch = map(_banded, self.equation[:4])
        one, other = (sparse.identity(side) for side in self.force.shape)
        matrix = sparse.kron(rows_bend, other) + sparse.kron(one, columns_bend)
        matrix = self.equation.bending * (matrix + 2 * sparse.kron(rows_stretch, columns_stretch))
        # A trace of tension holds the surface where coarse data do not.
        pull = max(self.equation.stretching, 1e-2 * self.equation.bending)
        matrix = matrix + pull * (sparse.kron(rows_stretch, other) + sparse.kron(one, columns_stretch))
        free = sparse.diags(self.free.ravel().astype(np.float64))
        return sparse.csc_matrix(free @ matrix + sparse.identity(self.free.size) - free)


def minimum_curvature(
    places: Floats,
    values: Floats,
    shape: tuple[int, int],
    *,
    tension: float = 0.0,
    tolerance: float = 1e-4,
    limits: tuple[float, float] = (-np.inf, np.inf),
    tell: Callable[[int, float], None] = lambda _cycle, _error: None,
) -> Solution:
    """Surface of minimum curvature through scattered values.

    Parameters
    ----------
    places : array (n, 2)
        Row and column of the data, as fractions of nodes, no two nearest to one node. In any order. Those
        farther than `MARGIN` less one outside the nodes are left out; one at least must remain.
    values : array (n,)
        Finite data.
    shape : tuple of int
        Rows and columns of nodes, 1 or more each.
    tension : float
        T, 0 for minimum curvature to 1 for a membrane.
    tolerance : float
        Error at which to stop, as a share of the range of the data.
    limits : tuple of float
        Least and greatest value that a node may have.
    tell : callable
        Called after each cycle with its number and the error left as a share of the range.

    Returns
    -------
    Solution
        In the unit of the values. The error is the estimate d q / (1 - q) from the largest change d of the
        last cycle and the ratio q of the last two.

    Notes
    -----
    One datum gives a constant, data on one line the flattest plane plus what bends along it. With T = 1 no
    node lies outside the range of data on nodes (the maximum principle); off nodes, the Taylor series can
    overshoot by a small part of the range.
    """
    near = (np.abs(places - (np.array(shape) - 1) / 2) <= (np.array(shape) - 1) / 2 + MARGIN - 1).all(axis=1)
    order = np.flatnonzero(near)[np.lexsort((places[near, 1], places[near, 0]))]
    places, values = places[order], values[order]
    constant, slopes, rank = _plane(places, values)
    tension = tension if rank == 2 else max(tension, LEVEL)
    left = values - constant - places @ slopes
    trend = constant + slopes[0] * np.arange(shape[0])[:, np.newaxis] + slopes[1] * np.arange(shape[1])
    if np.ptp(left) <= 1e-14 * np.abs(values).max():
        return Solution(np.clip(trend, *limits), 0, 0.0)
    levels, corner = _hierarchy(shape, tension)
    # Halfway between nodes a datum must not change its node by the rounding of a sum.
    near_node = np.rint(places)
    near_node += corner + np.clip(places - near_node, -HALF, HALF)
    _first_guess(levels, near_node, left)
    levels[0].data = _data(near_node, left, levels[0], tension)
    _hold_around_data(levels)
    goal = tolerance * float(np.ptp(values))
    inside = tuple(slice(start, start + side) for start, side in zip(corner, shape, strict=True))
    wanted = levels[0].inner[inside]
    solved = _iterate(levels, wanted, goal, NO_LIMITS, tell)
    if np.isfinite(limits).any():
        offset = constant - float(slopes @ corner)
        ends = (inside[0].start, inside[0].stop, inside[1].start, inside[1].stop)
        bound = Limits(*limits, offset, float(slopes[0]), float(slopes[1]), *ends)
        solved = _iterate(levels[:1], wanted, goal, bound, tell)
    return Solution(np.clip(wanted + trend, *limits), *solved)


def _plane(places: Floats, values: Floats) -> tuple[float, Floats, int]:
    """Constant and slopes (2,) of the flattest plane that fits best, and the dimensions of the places."""
    middle, mean = places.mean(axis=0), float(values.mean())
    centred = places - middle
    slopes, _left, rank, _sizes = np.linalg.lstsq(centred, values - mean, rcond=1e-7)
    return mean - float(middle @ slopes), slopes, int(rank)


def _hierarchy(shape: tuple[int, int], tension: float) -> tuple[list[_Level], Integers]:
    """Levels from fine to coarse, each of every second node of the last; and where the grid begins."""
    wide = [side + 2 * MARGIN for side in shape]
    depth = 0
    while _is_worth(wide, depth + 1):
        depth += 1
    sides = [_rounded(side, depth) for side in wide]
    levels = [
        _Level(((sides[0] - 1 >> step) + 1, (sides[1] - 1 >> step) + 1), tension, step)
        for step in range(depth + 1)
    ]
    return levels, (np.array(sides, np.int64) - np.array(shape, np.int64)) // 2


def _rounded(side: int, depth: int) -> int:
    """Nodes, `side` at least, that can be halved `depth` times with both ends kept."""
    halved = 1 << depth
    return -(-(side - 1) // halved) * halved + 1


def _is_worth(wide: list[int], depth: int) -> bool:
    """Whether one more level leaves enough nodes, and no third more to work out for round numbers."""
    sides = [_rounded(side, depth) for side in wide]
    grown = sides[0] * sides[1] <= 1.3 * wide[0] * wide[1] or max(sides) <= 65
    return grown and (min(sides) - 1) >> depth >= FEWEST_NODES - 1


def _first_guess(levels: list[_Level], places: Floats, values: Floats) -> None:
    """Surface from coarse to fine through the mean of the data around each node, put on the node."""
    for step in reversed(range(len(levels))):
        level = levels[step]
        nodes = np.rint(places / 2**step).astype(np.int64)
        flat = nodes[:, 0] * level.force.shape[1] + nodes[:, 1]
        count = np.bincount(flat, minlength=level.force.size).reshape(level.force.shape)
        sums = np.bincount(flat, values, minlength=level.force.size).reshape(level.force.shape)
        fixed = sums / np.maximum(count, 1)
        level.free[:] = count == 0
        if step == len(levels) - 1:
            level.solve(fixed)
            continue
        level.inner[:] = fixed
        add_refined(levels[step + 1].inner, level.free, level.inner)
        level.relax(FIRST_SWEEPS)


def _data(places: Floats, values: Floats, level: _Level, tension: float) -> Data:
    """Data in order of rows and columns, with their offsets and the strength of their pull."""
    nodes = np.rint(places).astype(np.int64)
    order = np.lexsort((nodes[:, 1], nodes[:, 0]))
    nodes, values = nodes[order], values[order]
    north, east = (places[order] - nodes).T.copy()
    start = np.searchsorted(nodes[:, 0], np.arange(level.force.shape[0] + 1))
    occupied = (level.free == 0).astype(np.float32)
    others = np.rint(25 * ndimage.uniform_filter(occupied, 5, mode="constant"))[tuple(nodes.T)] - 1
    away = np.abs(north) + np.abs(east)
    with np.errstate(divide="ignore"):
        strength = np.maximum(ALONE / 4.0**others, 1.0) * 4 / (away * (1 + away))
    strength = np.minimum(strength, ON_NODE) * (4 * (1 - tension) + tension)
    return Data(start, nodes[:, 1].copy(), east, north, values, strength)


def _hold_around_data(levels: list[_Level]) -> None:
    """Let nodes of a coarse level move only where all nodes of the finer one around them do."""
    for fine, coarse in pairwise(levels):
        coarse.free[:] = ndimage.minimum_filter(fine.free, 3, mode="nearest")[::2, ::2]
        coarse.factors = None


def _iterate(
    levels: list[_Level], wanted: Floats, goal: float, limits: Limits, tell: Callable[[int, float], None]
) -> tuple[int, float]:
    """Cycles until the error of the nodes `wanted` is estimated below `goal`; their number, and the estimate.

    The margin around the grid, where a free corner hangs far from data, is not waited for.
    """
    before, error = np.inf, np.inf
    corrected = len(levels) > 1
    for number in range(1, MOST_CYCLES + 1):
        last = wanted.copy()
        if corrected:
            _cycle(levels, 0)
        else:
            levels[0].relax(2 * SWEEPS, limits)
        np.subtract(last, wanted, out=last)
        change = max(float(last.max()), -float(last.min()))
        ratio = min(change / before, MOST_RATIO)
        error = change * ratio / (1 - ratio)
        if number > 2:
            tell(number, error)
            if error <= goal:
                return number, error
        corrected = corrected and not change > 2 * before
        before = change
    return MOST_CYCLES, error


def _cycle(levels: list[_Level], step: int) -> None:
    """One V-cycle from the level `step` down."""
    level = levels[step]
    if step and step == len(levels) - 1:
        level.solve(np.zeros(level.force.shape))
        return
    level.relax(SWEEPS)
    coarse = levels[step + 1]
    left = level.residual(level.nodes, level.force)
    gather(left, coarse.free, coarse.force)
    coarse.inner[:] = 0.0
    _cycle(levels, step + 1)
    way = np.zeros_like(level.nodes)
    add_refined(coarse.inner, level.free, way[RIM:-RIM, RIM:-RIM])
    level.inner[:] += _length(level, way, left) * way[RIM:-RIM, RIM:-RIM]
    level.relax(SWEEPS)


def _length(level: _Level, way: Floats, left: Floats) -> float:
    """How far to go the way of a correction so that the energy becomes least, or 0 where it would not fall.

    A coarse level can be softer than the finer one, where the surface hangs free between data and the edge;
    gone in full, its corrections would then be too large.
    """
    inner = way[RIM:-RIM, RIM:-RIM]
    answer = -float(np.vdot(inner, level.residual(way, np.zeros_like(level.force))))
    return float(np.vdot(inner, left)) / answer if answer > 0 else 0.0


def _bands(count: int) -> tuple[Floats, Floats]:
    """Gram matrices of the differences of `count` nodes with free ends, by rows."""
    bend = np.tile([1.0, -4.0, 6.0, -4.0, 1.0], (count, 1))
    bend[0], bend[1] = (0, 0, 1, -2, 1), (0, -2, 5, -4, 1)
    bend[-2:] = bend[1::-1, ::-1]
    stretch = np.tile([-1.0, 2.0, -1.0], (count, 1))
    stretch[0], stretch[-1] = (0, 1, -1), (-1, 1, 0)
    return bend, stretch


def _banded(rows: Floats) -> sparse.spmatrix:
    """Sparse matrix of the rows of a band."""
    count, reach = rows.shape[0], rows.shape[1] // 2
    offsets = range(-reach, reach + 1)
    diagonals = [rows[max(0, -by) : count - max(0, by), reach + by] for by in offsets]
    return sparse.diags(diagonals, list(offsets), shape=(count, count))
