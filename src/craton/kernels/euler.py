"""Euler deconvolution: the places of sources from a homogeneous field and its gradient, in moving windows.

A field f of a simple source at (x₀, y₀, z₀) obeys Euler's equation with the structural index N, the rate at
which it falls off with distance, and a base level b:

    (x − x₀) ∂f/∂x + (y − y₀) ∂f/∂y + (z − z₀) ∂f/∂z = N (b − f).

In a window of cells that is a linear least-squares problem for x₀, y₀, z₀ and c = N b (for N = 0, a contact,
c is the constant of Reid et al.).

How it is computed. The sums of products that make the normal equations are kept by column: upward from a row
that all windows of a tile cross, and downward from it; a window is one of each. Across, it is put together
from sums of 1, 2, 4, 8… columns. So a window costs nearly the same whatever its size, any number of indices
share the sums, and as nothing is taken off again, a strong source leaves no rounding in quiet windows beside
it. Coordinates are about the middle of a tile.

References
----------
Thompson, D. T. (1982), EULDPH: a new technique for making computer-assisted depth estimates from magnetic
data, Geophysics 47(1), 31-37, doi:10.1190/1.1441278.

Reid, A. B., Allsop, J. M., Granser, H., Millett, A. J. and Somerton, I. W. (1990), Magnetic interpretation
in three dimensions using Euler deconvolution, Geophysics 55(1), 80-91, doi:10.1190/1.1442774.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from craton.kernels.threads import do_all

Floats = NDArray[np.float64]

TILE_COLUMNS = 256
"""Windows in a row of a tile, which has as many rows as a window: they stay in the second cache."""

PAIRS = np.array(
    [
        (0, 5), (1, 5), (2, 5), (3, 5), (4, 5), (0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2), (0, 3),
        (1, 3), (2, 3), (0, 4), (1, 4), (2, 4), (3, 3), (3, 4), (4, 4),
    ]
)  # fmt: skip
"""Products that are summed of the gradient to the east (0), north (1) and upward (2), its moment
q = x ∂f/∂x + y ∂f/∂y (3), the field (4) and 1 (5)."""

RIDGE = 1e-12
"""Part of the gradient's power added to its diagonal; what that is blind to is taken from the middle."""


class Solutions(NamedTuple):
    """Solution of each window (rows, columns): lengths in metres; NaN where there is none."""

    easting: Floats
    """Of the source from the middle of the window."""
    northing: Floats
    upward: Floats
    """From the plane of the field: negative for a source below."""
    constant: Floats
    """c = N b in the unit of the field."""
    structural_index: Floats
    """Structural index that fits best of those given."""
    horizontal_std: Floats
    upward_std: Floats
    misfit: Floats
    """Root mean square of what the equation is off by, in the unit of the field."""


class Field(NamedTuple):
    """A field on a plane and its gradient, float64 (rows, columns), rows along northing."""

    values: Floats
    easting: Floats
    northing: Floats
    upward: Floats


def solve_windows(
    field: Field,
    spacing: tuple[float, float],
    window: int,
    indices: tuple[float, ...],
    *,
    rows: slice | None = None,
) -> Solutions:
    """Solution in every window of `window` x `window` cells.

    Parameters
    ----------
    field : Field
        Any cell may be NaN; a window with such a cell has no solution.
    spacing : tuple of float
        Step from row to row (to the north) and from column to column (to the east) in metres, not 0;
        negative where an axis runs to the south or to the west.
    window : int
        Cells along a side, 3 to the shorter side of the field.
    indices : tuple of float
        Structural indices, 0 to 3. Of several, each window gets the one of the smallest misfit.
    rows : slice, optional
        First rows of the windows that are wanted; left out, all. Begun at multiples of `window`, parts have
        the same bits as the whole.

    Returns
    -------
    Solutions
        Window (i, j) has cells i … i + window − 1 and j … j + window − 1.

    Notes
    -----
    With the gradients centred on their means in the window, A e = r for e = (x₀, y₀, z₀), solved by LDLᵀ. The
    standard deviations are those of least squares, s² A⁻¹ with s² = misfit² n/(n − 4), n cells in the window:
    they take what is left over as independent noise and the gradients as free of error. A is raised by 10⁻¹²
    of its trace: along the strike of a long source, where nothing varies, the solution is beside the middle
    of the window, and elsewhere it hardly changes. A window where the gradient does not vary has no solution.
    """
    height, width = (side - window + 1 for side in field.values.shape)
    first, last, _step = (rows or slice(0, height)).indices(height)
    out = np.full((len(Solutions._fields), last - first, width + 1), np.nan)[..., :-1]
    # Never contiguous, so that there is one kind of array to compile for.
    cells = np.empty((len(field), field.values.shape[0], field.values.shape[1] + 1))[..., :-1]
    cells[...] = field
    options = np.array(indices, dtype=np.float64)
    tiles = [(top, left) for top in range(first, last, window) for left in range(0, width, TILE_COLUMNS)]

    def work(tile: tuple[int, int]) -> None:
        top, left = tile
        down, right = min(window, last - top), min(TILE_COLUMNS, width - left)
        part = np.s_[top : top + down + window - 1, left : left + right + window - 1]
        target = out[:, top - first : top - first + down, left : left + right]
        field_part, east, north, up = (one[part] for one in cells)
        _tile(field_part, east, north, up, spacing[0], spacing[1], window, options, target)

    if len(tiles) == 1:
        work(tiles[0])
    else:
        do_all(work, tiles)
    gaps = ~whole_windows(field, window)[first:last]
    if gaps.any():
        out[:, gaps] = np.nan
    return Solutions(*out)


def whole_windows(field: Field, window: int) -> NDArray[np.bool_]:
    """Whether all cells of each window have a value."""
    gaps = ~np.isfinite(field.values + field.easting + field.northing + field.upward)
    if not gaps.any():
        return np.ones([side - window + 1 for side in gaps.shape], dtype=bool)
    below = np.pad(np.cumsum(np.cumsum(gaps, axis=0, dtype=np.int64), axis=1), ((1, 0), (1, 0)))
    count = below[window:, window:] - below[:-window, window:] - below[window:, :-window]
    whole: NDArray[np.bool_] = count + below[:-window, :-window] == 0
    return whole


@njit(nogil=True, cache=True, error_model="numpy")
def _tile(
    field: Floats, east: Floats, north: Floats, up: Floats, down: float, right: float, window: int,
    indices: Floats, out: Floats,
) -> None:  # fmt: skip
    """Solutions of all windows of one tile."""
    rows, columns = field.shape
    sums = PAIRS.shape[0]
    below, above = np.zeros((window + 1, sums, columns)), np.zeros((sums, columns))
    windows_sums, work, parts = np.empty((sums, columns)), np.empty(columns), np.empty((6, columns))
    middle = 0.5 * (rows - 1)
    for row in range(window - 1, -1, -1):
        for number in range(sums):
            for j in range(columns):
                below[row, number, j] = below[row + 1, number, j]
        _add(field[row], east[row], north[row], up[row], (row - middle) * down, right, parts, below[row])
    for row in range(rows - window + 1):
        if row > 0:
            new = row + window - 1
            _add(field[new], east[new], north[new], up[new], (new - middle) * down, right, parts, above)
        for number in range(sums):
            for j in range(columns):
                below[row, number, j] += above[number, j]
            _across(below[row, number], window, work, windows_sums[number])
        place = (row + 0.5 * (window - 1) - middle) * down
        _solve(windows_sums, place, right, 0.5 * (window - columns), window * window, indices, out[:, row])


@njit(nogil=True, cache=True, error_model="numpy")
def _add(
    field: Floats,
    east: Floats,
    north: Floats,
    up: Floats,
    y: float,
    right: float,
    parts: Floats,
    sums: Floats,
) -> None:
    """Add the products of one row to the sums by column; `parts` (6, columns) is room to work in."""
    middle = 0.5 * (field.size - 1)
    for j in range(field.size):
        f, a, b, c = field[j], east[j], north[j], up[j]
        if not np.isfinite(f + a + b + c):
            f, a, b, c = 0.0, 0.0, 0.0, 0.0
        parts[0, j], parts[1, j], parts[2, j], parts[4, j] = a, b, c, f
        parts[3, j] = (j - middle) * right * a + y * b
        parts[5, j] = 1.0
    for number in range(PAIRS.shape[0]):
        one, other, total = parts[PAIRS[number, 0]], parts[PAIRS[number, 1]], sums[number]
        for j in range(field.size):
            total[j] += one[j] * other[j]


@njit(nogil=True, cache=True, error_model="numpy")
def _across(line: Floats, window: int, work: Floats, out: Floats) -> None:
    """Sums of `window` neighbours; the last `window` − 1 places of `out` mean nothing."""
    for j in range(line.size):
        work[j] = line[j]
        out[j] = 0.0
    size, start, left = 1, 0, window
    while left > 0:
        if left & 1:
            for j in range(line.size - start):
                out[j] += work[j + start]
            start += size
        for j in range(line.size - size):
            work[j] += work[j + size]
        size *= 2
        left >>= 1


@njit(nogil=True, cache=True, error_model="numpy")
def _solve(
    sums: Floats, y: float, right: float, first: float, cells: int, indices: Floats, out: Floats
) -> None:
    """Solutions of the windows of one row from their sums; the middle of window j is (j + first, y)."""
    per = 1.0 / cells
    for j in range(out.shape[1]):
        x = (j + first) * right
        a, b, c, f = sums[0, j], sums[1, j], sums[2, j], sums[4, j]
        aa, ab, ac = sums[5, j] - a * a * per, sums[6, j] - a * b * per, sums[7, j] - a * c * per
        bb, bc, cc = sums[8, j] - b * b * per, sums[9, j] - b * c * per, sums[10, j] - c * c * per
        q = sums[3, j]
        # Moments about the middle of the window.
        aq = sums[11, j] - a * q * per - x * aa - y * ab
        bq = sums[12, j] - b * q * per - x * ab - y * bb
        cq = sums[13, j] - c * q * per - x * ac - y * bc
        af, bf, cf = sums[14, j] - a * f * per, sums[15, j] - b * f * per, sums[16, j] - c * f * per
        qf = sums[18, j] - q * f * per - x * af - y * bf
        qq = sums[17, j] - q * q * per - x * (aq + sums[11, j] - a * q * per)
        qq -= y * (bq + sums[12, j] - b * q * per)
        ff = sums[19, j] - f * f * per
        q -= x * a + y * b
        ridge = RIDGE * (aa + bb + cc)
        d0 = aa + ridge
        l10, l20 = ab / d0, ac / d0
        d1 = bb + ridge - l10 * ab
        l21 = (bc - l20 * ab) / d1
        d2 = cc + ridge - l20 * ac - l21 * l21 * d1
        best = np.inf
        for number in range(indices.size):
            n = indices[number]
            r0, r1, r2 = aq + n * af, bq + n * bf, cq + n * cf
            s1 = r1 - l10 * r0
            s2 = r2 - l20 * r0 - l21 * s1
            z0 = s2 / d2
            y0 = s1 / d1 - l21 * z0
            x0 = r0 / d0 - l10 * y0 - l20 * z0
            left = max(qq + n * (2.0 * qf + n * ff) - x0 * r0 - y0 * r1 - z0 * r2, 0.0)
            if left < best:
                best = left
                out[0, j], out[1, j], out[2, j] = x0, y0, z0
                out[3, j] = (q + n * f - x0 * a - y0 * b - z0 * c) * per
                out[4, j] = n
        variance = best / (cells - 4)
        k = l10 * l21 - l20
        out[5, j] = np.sqrt(variance * (1.0 / d0 + (1.0 + l10 * l10) / d1 + (k * k + l21 * l21) / d2))
        out[6, j] = np.sqrt(variance / d2)
        out[7, j] = np.sqrt(best * per)
        if not (d0 > 0.0 and d1 > 0.0 and d2 > 0.0 and best < np.inf):
            for number in range(out.shape[0]):
                out[number, j] = np.nan
