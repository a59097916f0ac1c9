"""Potential fields on a plane made ready for transforms: trend, gaps and edges.

Fields are sampled evenly over a horizontal plane, rows along one axis and
columns along the other; neither order nor direction matters to what is here.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import fft, ndimage

from craton.kernels.threads import do_all

Floats = NDArray[np.float64]

Edges = Literal["periodic", "mirror"]
"""What lies beyond the edges of a field: itself again, or its mirror image."""

TAPER = 0.25
"""Part of a side by which `pad_tapered` widens a field at either end, at least."""

SUMMED = 256
"""Rows that a thread sums at a time."""


def linear_trend(field: NDArray[np.floating]) -> Floats:
    """Plane that fits the finite cells of `field` best.

    Parameters
    ----------
    field : array (rows, columns)
        Cells that are not finite are left out.

    Returns
    -------
    array (rows, columns)
        Least-squares plane over all cells; zero where no cell is finite. Where the finite cells lie
        on one line, the flattest of the planes that fit.
    """
    cells = np.asarray(field, dtype=np.float64)
    rows, columns = trend_parts(cells)
    plane: Floats = rows[:, None] + columns
    return plane


def trend_parts(field: NDArray[np.floating]) -> tuple[Floats, Floats]:
    """Part by row and part by column whose sum is `linear_trend`, for large fields."""
    cells = np.asarray(field, dtype=field.dtype.newbyteorder("="))
    sums, moments = _sums(cells)
    if np.isfinite(sums).all():
        by_row, by_column = (np.full(n, m) for n, m in (cells.shape, cells.shape[::-1]))
    else:
        weights = np.isfinite(cells)
        by_row, by_column = weights.sum(axis=1), weights.sum(axis=0)
        sums, moments = _sums(np.where(weights, cells, 0.0))
    count = int(by_row.sum())
    if not count:
        return np.zeros(cells.shape[0]), np.zeros(cells.shape[1])
    north, east = (_centred(side) for side in (by_row, by_column))
    total = float(sums.sum())
    mean = total / count
    cross = 0.0 if count == cells.size else float(north @ weights @ east)
    normal = np.array([[by_row @ north**2, cross], [cross, by_column @ east**2]])
    # Moments are about the middle row; weighted rows lie about their mean.
    right = [float(moments.sum()) + (north[0] + 0.5) * total, east @ (sums - mean * by_column)]
    slopes = np.linalg.pinv(normal) @ right
    return mean + slopes[0] * north, slopes[1] * east


def _sums(cells: NDArray[np.floating]) -> tuple[Floats, Floats]:
    """Sums of columns, and their moments about the middle in lengths of a column, in one pass over memory."""
    rows, columns = cells.shape
    bands = range(0, rows, SUMMED)
    sums, moments = np.zeros((2, len(bands), columns))

    def add(number: int) -> None:
        band = slice(bands[number], bands[number] + SUMMED)
        _add_rows(cells[band], (np.arange(rows) / rows - 0.5)[band], sums[number], moments[number])

    do_all(add, range(len(bands)))
    return sums.sum(axis=0), moments.sum(axis=0)


@njit(nogil=True, cache=True, error_model="numpy")
def _add_rows(cells: NDArray[np.floating], places: Floats, sums: Floats, moments: Floats) -> None:
    """Add rows to sums, and each times its place to moments."""
    for row in range(cells.shape[0]):
        for column in range(cells.shape[1]):
            value = np.float64(cells[row, column])
            sums[column] += value
            moments[column] += places[row] * value


def _centred(weights: NDArray[np.int_]) -> Floats:
    """Positions of rows or columns about their mean over the weighted cells, in lengths of the side."""
    places = np.arange(weights.size) / weights.size
    centred: Floats = places - weights @ places / weights.sum()
    return centred


def gaps_of(field: NDArray[np.floating]) -> NDArray[np.bool_] | None:
    """Cells that are not finite, or None where all are."""
    known = np.isfinite(field)
    return None if known.all() else ~known


def fill_nearest[F: np.floating](field: NDArray[F], spacing: tuple[float, float]) -> NDArray[F]:
    """`field` (rows, columns) with each cell that is not finite given the value of the nearest that is.

    At least one cell must be finite.
    """
    cells = np.asarray(field)
    gaps = ~np.isfinite(cells)
    if not gaps.any():
        return cells
    nearest = ndimage.distance_transform_edt(
        gaps, sampling=spacing, return_distances=False, return_indices=True
    )
    filled: NDArray[F] = cells[tuple(nearest)]
    return filled


def pad_tapered[F: np.floating](field: NDArray[F]) -> tuple[NDArray[F], tuple[slice, slice]]:
    """`field` widened by its mirror image, which fades to zero outward, to a size good for transforms.

    Returns
    -------
    array
        Each side longer by a part of at least 2 `TAPER`; zero along its outer edges.
    tuple of slice
        Where in it the field lies.
    """
    cells = np.asarray(field)
    sizes = [fft.next_fast_len(int(np.ceil(side * (1 + 2 * TAPER))) + 2, real=True) for side in cells.shape]
    widths = [
        ((good - side) // 2, good - side - (good - side) // 2)
        for good, side in zip(sizes, cells.shape, strict=True)
    ]
    padded = np.pad(cells, widths, mode="symmetric")
    for axis, (before, after) in enumerate(widths):
        fade = np.ones(padded.shape[axis], dtype=padded.dtype)
        fade[:before] = _rise(before)
        fade[fade.size - after :] = _rise(after)[::-1]
        padded *= fade[:, None] if axis == 0 else fade
    inside = tuple(slice(w[0], w[0] + side) for w, side in zip(widths, cells.shape, strict=True))
    return padded, (inside[0], inside[1])


def _rise(count: int) -> Floats:
    """Half a cosine wave from 0 to just below 1."""
    rise: Floats = 0.5 - 0.5 * np.cos(np.pi * np.arange(count) / count)
    return rise
