"""Thin-plate splines: the surface of least bending through scattered values, exact off any grid.

    u(x) = c + a·x + Σ wᵢ φ(|x - xᵢ|),   φ(r) = r² log r,   Σ wᵢ = 0,  Σ wᵢ xᵢ = 0

is the Green's function solution of the biharmonic equation with point loads;
it minimises ∫ (u_xx² + 2 u_xy² + u_yy²). With damping λ it minimises that
energy times λ plus the squares of the misfits.

Up to `WHOLE` points are solved at once. More are parted into windows of about
`LEAF` points, each solved with its surroundings, and blended with weights that
sum to one (a partition of unity): work and memory then grow with the number of
points, and the surface stays as smooth as its pieces.

References
----------
Duchon, J. (1977). Splines minimizing rotation-invariant semi-norms in Sobolev spaces. Lecture Notes in
Mathematics 571, 85-100. doi:10.1007/BFb0086566

Sandwell, D. T. (1987). Biharmonic spline interpolation of GEOS-3 and SEASAT altimeter data. Geophysical
Research Letters 14(2), 139-142. doi:10.1029/GL014i002p00139

Wendland, H. (2002). Fast evaluation of radial basis functions: methods based on partition of unity.
Approximation Theory X, 473-483, Vanderbilt University Press.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import linalg

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

WHOLE = 2000
"""Points up to which one spline is solved for all."""

LEAF = 120
"""Points of a window without its surroundings, at most."""

BLOCK = 64
"""Columns that LAPACK works on at once; with its default of one, threads wait for one another."""

OVERLAP = 1.5
"""Size of a window with its surroundings over that without."""


class Spline(NamedTuple):
    """A solved spline: places (n, 2), weights (n,) and the plane (3,) about `middle`, in lengths `unit`."""

    places: Floats
    weights: Floats
    plane: Floats
    middle: Floats
    unit: float


class Window(NamedTuple):
    """A spline and the rectangle it counts in: its middle (2,) and half sides (2,)."""

    spline: Spline
    middle: Floats
    half: Floats


def fit(places: Floats, values: Floats, *, damping: float = 0.0, unit: float | None = None) -> Spline:
    """Spline through values, or near them.

    Parameters
    ----------
    places : array (n, 2)
        Distinct places, one or more. On one line, or fewer than three, the flattest plane is taken.
    values : array (n,)
        Finite values.
    damping : float
        λ, 0 to go through the values; it has no unit, as lengths are counted in `unit`.
    unit : float
        Length that counts as 1; left out, the mean distance between neighbours, √(area / n).
    """
    middle = places.mean(axis=0)
    unit = unit or mean_distance(places)
    scaled = (places - middle) / unit
    flat = np.column_stack([np.ones(len(places)), scaled])
    basis, sizes, turned = np.linalg.svd(flat, full_matrices=False)
    rank = int((sizes > 1e-10 * sizes[0]).sum())
    basis = basis[:, :rank]
    matrix = np.zeros((len(places) + rank,) * 2)
    matrix[: len(places), : len(places)] = _green(scaled) + damping * np.eye(len(places))
    matrix[: len(places), len(places) :] = basis
    matrix[len(places) :, : len(places)] = basis.T
    right = np.append(values, np.zeros(rank))
    # LAPACK itself, as places that nearly coincide are a matter of the data and not worth a warning.
    solved, failed = linalg.lapack.dsysv(matrix, right, lwork=BLOCK * len(matrix))[2:]
    if failed:
        solved = linalg.lstsq(matrix, right)[0]
    plane = turned[:rank].T @ (solved[len(places) :] / sizes[:rank])
    return Spline(scaled, solved[: len(places)], plane, middle, unit)


def evaluate(spline: Spline, places: Floats) -> Floats:
    """Values (m,) of a spline at places (m, 2)."""
    values = np.zeros(len(places))
    _add_spline(values, np.ones(len(places)), (places - spline.middle) / spline.unit, spline[:3])
    return values


def fit_windows(places: Floats, values: Floats, region: Floats, *, damping: float = 0.0) -> list[Window]:
    """Splines of windows that together cover `region` (west, south, east, north) and all places."""
    unit = mean_distance(places)
    low = np.minimum(places.min(axis=0), region[:2]) - unit
    high = np.maximum(places.max(axis=0), region[2:]) + unit
    order = np.argsort(places[:, 0], kind="stable")
    windows = []
    for south_west, north_east in _leaves(places, low, high):
        middle, half = (south_west + north_east) / 2, (north_east - south_west) / 2 * OVERLAP
        first, last = np.searchsorted(
            places[order, 0], (middle[0] - half[0], middle[0] + half[0]), side="right"
        )
        near = np.sort(order[first:last])
        near = near[np.abs(places[near, 1] - middle[1]) < half[1]]
        windows.append(Window(fit(places[near], values[near], damping=damping, unit=unit), middle, half))
    return windows


def evaluate_windows(windows: list[Window], places: Floats) -> Floats:
    """Values (m,) at places (m, 2) of the windows blended; NaN where none counts."""
    total, weights = np.zeros(len(places)), np.zeros(len(places))
    order = np.argsort(places[:, 0], kind="stable")
    eastings = places[order, 0]
    for spline, middle, half in windows:
        first, last = np.searchsorted(eastings, (middle[0] - half[0], middle[0] + half[0]))
        near = order[first:last]
        inside = np.abs(places[near] - middle) / half
        near, inside = near[inside[:, 1] < 1], inside[inside[:, 1] < 1]
        share = np.prod((1 - inside**2) ** 2, axis=1)
        part = np.zeros(near.size)
        _add_spline(part, share, (places[near] - spline.middle) / spline.unit, spline[:3])
        total[near] += part
        weights[near] += share
    with np.errstate(invalid="ignore"):
        blended: Floats = total / weights
    return blended


def mean_distance(places: Floats) -> float:
    """Length √(area / n) of the extent of n places; of places on one line, their mean distance."""
    sides = np.ptp(places, axis=0)
    area = float(np.sqrt(sides[0] * sides[1] / len(places)))
    return max(area, float(sides.max()) / len(places)) or 1.0


def _leaves(places: Floats, low: Floats, high: Floats) -> list[tuple[Floats, Floats]]:
    """Rectangles of at most `LEAF` places, cut at medians, that tile the one from `low` to `high`."""
    waiting, leaves = [(places, low, high)], []
    while waiting:
        some, south_west, north_east = waiting.pop()
        axis = int(np.argmax(north_east - south_west))
        cut = float(np.median(some[:, axis]))
        below = some[:, axis] < cut
        if len(some) <= LEAF or not below.any():
            leaves.append((south_west, north_east))
            continue
        upper, lower = north_east.copy(), south_west.copy()
        upper[axis] = lower[axis] = cut
        waiting += [(some[below], south_west, upper), (some[~below], lower, north_east)]
    return leaves


def _green(places: Floats) -> Floats:
    """φ of the distances between places (n, n)."""
    square = ((places[:, np.newaxis] - places) ** 2).sum(axis=-1)
    green: Floats = 0.5 * square * np.log(np.where(square > 0, square, 1.0))
    return green


@njit(nogil=True, cache=True, error_model="numpy")
def _add_spline(total: Floats, share: Floats, places: Floats, spline: tuple[Floats, Floats, Floats]) -> None:
    """Add `share` (m,) of the values of a spline at scaled places (m, 2) to `total` (m,)."""
    centres, weights, plane = spline
    for place in range(places.shape[0]):
        east, north = places[place]
        value = plane[0] + plane[1] * east + plane[2] * north
        for centre in range(centres.shape[0]):
            square = (east - centres[centre, 0]) ** 2 + (north - centres[centre, 1]) ** 2
            if square > 0.0:
                value += 0.5 * weights[centre] * square * np.log(square)
        total[place] += share[place] * value
