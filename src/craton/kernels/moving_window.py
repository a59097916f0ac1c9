"""Moving windows on grids with gaps: sums of any size at one cost, scaling of the mean, exact medians.

Windows are squares of 2h + 1 cells about a cell; where they reach over an edge or a gap only the cells with a
value count.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from craton.kernels.threads import THREADS, do_all

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LEVEL = 1e-12
"""Relative change of the mean over all windows below which a field counts as level."""


class Sums(NamedTuple):
    """Summed-area tables (rows + 1, columns + 1) of values less `origin`, of their squares, and of cells."""

    origin: float
    values: Floats
    squares: Floats
    counts: Integers


def summed(field: Floats) -> Sums:
    """Summed-area tables of a field (rows, columns), whose gaps are NaN and count nothing.

    Notes
    -----
    The sum over any rectangle is S(d, r) - S(u, r) - S(d, l) + S(u, l) (Crow 1984). The mean of the field is
    taken off first, so that large sums do not swallow the digits of small ones.

    References
    ----------
    Crow, F. C. (1984), Summed-area tables for texture mapping, Computer Graphics 18(3), 207-212.
    """
    known = np.isfinite(field)
    origin = float(field[known].mean()) if known.any() else 0.0
    level = np.where(known, field - origin, 0.0)
    return Sums(origin, _table(level), _table(level**2), _table(known.astype(np.int64)))


def _table[N: np.generic](cells: NDArray[N]) -> NDArray[N]:
    table = np.zeros((cells.shape[0] + 1, cells.shape[1] + 1), dtype=cells.dtype)
    np.cumsum(np.cumsum(cells, axis=0), axis=1, out=table[1:, 1:])
    return table


def window_sums(table: NDArray[np.generic], half: int) -> NDArray[np.generic]:
    """Sum over the window of half width `half` about each cell."""
    rows, columns = (np.arange(side - 1) for side in table.shape)
    up, left = (np.maximum(axis - half, 0) for axis in (rows, columns))
    down, right = np.minimum(rows + half + 1, rows.size), np.minimum(columns + half + 1, columns.size)
    lower, upper = table[down], table[up]
    found: NDArray[np.generic] = (lower[:, right] - lower[:, left]) - (upper[:, right] - upper[:, left])
    return found


def mean_and_deviation(field: Floats, half: int) -> tuple[Floats, Floats]:
    """Mean and standard deviation (by count less one) in the window about each cell.

    NaN where the window has no value, or for the deviation only one.
    """
    sums = summed(field)
    counts = window_sums(sums.counts, half).astype(np.float64)
    total, squares = (window_sums(one, half).astype(np.float64) for one in (sums.values, sums.squares))
    mean = np.divide(total, counts, out=np.full(field.shape, np.nan), where=counts > 0)
    spread = np.maximum(squares - np.where(counts > 0, mean, 0.0) * total, 0.0)
    # What is left of a level field is rounding of the tables.
    scale = max(abs(sums.origin), float(np.sqrt(sums.squares[-1, -1] / max(sums.counts[-1, -1], 1))))
    spread[spread <= counts * (LEVEL * scale) ** 2] = 0.0
    variance = np.divide(spread, counts - 1, out=np.full(field.shape, np.nan), where=counts > 1)
    return mean + sums.origin, np.sqrt(variance)


class Scaling(NamedTuple):
    """Power law of the mean by window size at each cell (rows, columns)."""

    exponent: Floats
    density: Floats
    error: Floats
    correlation: Floats


def mean_scaling(field: Floats, halves: Integers, side: float) -> Scaling:
    """Local singularity index of a field: how the mean over a window grows as it shrinks.

    Parameters
    ----------
    field : array (rows, columns)
        Values of 0 or more; gaps are NaN.
    halves : array (k,)
        Half widths of the windows in cells, different, 0 or more.
    side : float
        Length of a cell.

    Returns
    -------
    Scaling
        `exponent` α; `density` c, the mean in a window of length 1; `error`, the standard error of α; and
        `correlation` of ln mean with ln size, 0 where the field is level. NaN in gaps and where fewer than
        two windows (three for the error) have a mean above 0.

    Notes
    -----
    A line ln mean(ε) = ln c + (α - 2) ln ε is fitted by least squares over windows of side ε = (2h + 1)
    cells; see Cheng (2007). The cost does not grow with the size of the windows.

    References
    ----------
    Cheng, Q. (2007), Mapping singularities with stream sediment geochemical data for prediction of
    undiscovered mineral deposits in Gejiu, Yunnan Province, China, Ore Geology Reviews 32, 314-324.
    """
    sums = summed(field)
    sizes = np.log((2 * halves + 1) * side)
    results = np.full((4, *field.shape), np.nan)
    known = np.isfinite(field)

    filled = _table((known & (field != 0.0)).astype(np.int64))
    tables = (sums.values, sums.counts, filled)

    def strip(first: int) -> None:
        _scaling(*tables, sums.origin, known, halves, sizes, results, first, THREADS, LEVEL)

    do_all(strip, range(THREADS))
    return Scaling(*results)


@njit(nogil=True, cache=True, error_model="numpy")
def _scaling(
    values: Floats, counts: Integers, filled: Integers, origin: float, known: NDArray[np.bool_],
    halves: Integers, sizes: Floats, results: Floats, first: int, step: int, level: float,
) -> None:  # fmt: skip
    rows, columns = known.shape
    middle = sizes.mean()
    for row in range(first, rows, step):
        for column in range(columns):
            if not known[row, column]:
                continue
            n = sx = sy = sxx = sxy = syy = base = 0.0
            for k in range(halves.size):
                half = halves[k]
                up, down = max(row - half, 0), min(row + half + 1, rows)
                left, right = max(column - half, 0), min(column + half + 1, columns)
                count = counts[down, right] - counts[down, left] - counts[up, right] + counts[up, left]
                # Sums of zeros alone would be the rounding of the table.
                if filled[down, right] - filled[down, left] - filled[up, right] + filled[up, left] == 0:
                    continue
                total = (values[down, right] - values[down, left]) - (values[up, right] - values[up, left])
                mean = total / count + origin
                # A mean of no more than rounding is that of zeros.
                if mean > level * origin:
                    # Against the first of them, so that a small change keeps its digits.
                    base = mean if n == 0.0 else base
                    x, y = sizes[k] - middle, np.log(mean / base)
                    n += 1.0
                    sx += x
                    sy += y
                    sxx += x * x
                    sxy += x * y
                    syy += y * y
            if n < 2.0:
                continue
            xx, xy, yy = sxx - sx * sx / n, sxy - sx * sy / n, syy - sy * sy / n
            slope = xy / xx
            results[0, row, column] = 2.0 + slope
            results[1, row, column] = base * np.exp(sy / n - slope * (sx / n + middle))
            flat = yy <= n * level**2
            results[3, row, column] = 0.0 if flat else max(-1.0, min(1.0, xy / np.sqrt(xx * yy)))
            if n > 2.0:
                results[2, row, column] = 0.0 if flat else np.sqrt(max(yy - slope * xy, 0.0) / (n - 2.0) / xx)


def moving_median(field: Floats, half: int) -> Floats:
    """Median in the window about each cell; NaN where the window has no value.

    Notes
    -----
    Exact. Values are replaced by their ranks, of which two histograms, a fine and a coarse one, are kept as
    the window slides along a row (Huang, Yang and Tang 1979): the cost by cell grows with the side of the
    window, not with its area.

    References
    ----------
    Huang, T. S., Yang, G. J. and Tang, G. Y. (1979), A fast two-dimensional median filtering algorithm, IEEE
    Transactions on Acoustics, Speech, and Signal Processing 27(1), 13-18.
    """
    known = np.isfinite(field)
    distinct, inverse = np.unique(field[known], return_inverse=True)
    ranks = np.full(field.shape, -1, dtype=np.int64)
    ranks[known] = inverse
    medians = np.full(field.shape, np.nan)
    if not distinct.size:
        return medians

    def strip(first: int) -> None:
        _medians(ranks, distinct, half, medians, first, THREADS)

    do_all(strip, range(THREADS))
    return medians


@njit(nogil=True, cache=True, error_model="numpy")
def _medians(ranks: Integers, distinct: Floats, half: int, medians: Floats, first: int, step: int) -> None:
    rows, columns = ranks.shape
    width = int(np.sqrt(distinct.size)) + 1
    fine = np.zeros(distinct.size, np.int64)
    coarse = np.zeros(distinct.size // width + 1, np.int64)
    for row in range(first, rows, step):
        up, down = max(row - half, 0), min(row + half + 1, rows)
        count = 0
        # Past the end of the row all columns leave again, so that the histograms are empty for the next.
        for edge in range(-half, columns + half + 1):
            for entering in (True, False):
                column = edge + half if entering else edge - half - 1
                change = 1 if entering else -1
                if column < 0 or column >= columns:
                    continue
                for line in range(up, down):
                    rank = ranks[line, column]
                    if rank >= 0:
                        fine[rank] += change
                        coarse[rank // width] += change
                        count += change
            if 0 <= edge < columns and count > 0:
                low = _ranked(fine, coarse, width, (count - 1) // 2)
                high = low if count % 2 else _ranked(fine, coarse, width, count // 2)
                medians[row, edge] = distinct[low] / 2 + distinct[high] / 2


@njit(nogil=True, cache=True, error_model="numpy")
def _ranked(fine: Integers, coarse: Integers, width: int, place: int) -> int:
    """Rank of the value that has `place` values below it in its window."""
    below, box = 0, 0
    while below + coarse[box] <= place:
        below += coarse[box]
        box += 1
    rank = box * width
    while below + fine[rank] <= place:
        below += fine[rank]
        rank += 1
    return rank
