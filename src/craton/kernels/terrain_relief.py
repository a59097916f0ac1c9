"""Relief: an elevation grid with the moments of its squares of 2, 4, 8 … cells.

For each square the mean elevation, its variance, and its covariances with the
rows and columns are kept, so that a sum over distant cells can be taken
square by square, right to second order.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Relief(NamedTuple):
    """Elevations with their pyramid; made by `relief_of`.

    Parameters
    ----------
    cells : array (rows, columns)
        Elevation in metres; NaN where there is none.
    sizes : array (levels, 2)
        Rows and columns of each level; level l has squares of 2^l cells.
    starts : array (levels, 3)
        Where a level begins in `moments`, `rows` and `columns`.
    counts : array (squares,)
        Cells with a value.
    upper, lower : array (squares, 4)
        Mean, variance and covariance with row and column of max(z, 0) and of min(z, 0); with `lower` of
        no length the elevations are taken as land.
    rows : array (all rows, 5)
        Middle of each row of each level: northing and 0, or distance from the axis of the Earth and from
        the equator; metres from row to row, and from column to column; rows of cells in it.
    columns : array (all columns, 3)
        Easting and 0, or sine and cosine of half the longitude; columns of cells in it.
    geographic : bool
        Whether the axes are latitude and longitude.
    """

    cells: Floats
    sizes: Integers
    starts: Integers
    counts: Integers
    upper: Floats
    lower: Floats
    rows: Floats
    columns: Floats
    geographic: bool


def relief_of(
    cells: Floats,
    rows: Floats,
    columns: Floats,
    *,
    sea: bool = True,
    ellipsoid: tuple[float, float] | None = None,
) -> Relief:
    """Pyramid of an elevation grid.

    Parameters
    ----------
    cells : array (rows, columns)
        Elevation in metres, NaN where there is none.
    rows, columns : array (rows,), (columns,)
        Evenly spaced coordinates in either direction: metres, or degrees where `ellipsoid` is given.
    sea : bool
        Whether elevations below 0 are the floor of the sea.
    ellipsoid : tuple of float
        Semi-major axis (m) and squared eccentricity, for degrees.
    """
    levels = max(1, int(np.ceil(np.log2(max(cells.shape) / 8))))
    spans = [[_spans(side, level) for side in cells.shape] for level in range(levels + 1)]
    row_tables = [_row_table(one[0], rows, columns, ellipsoid) for one in spans]
    column_tables = [_column_table(one[1], columns, ellipsoid) for one in spans]
    sizes = np.array([[len(one[0]), len(one[1])] for one in spans], dtype=np.int64)
    # Level 0 has no moments of its own.
    squares = np.concatenate([[0, 0], np.cumsum(sizes[1:].prod(axis=1))[:-1]]).astype(np.int64)
    starts = np.column_stack([squares, _starts(row_tables), _starts(column_tables)])
    has_sea = sea and bool(np.nanmin(cells, initial=0.0) < 0.0)
    count, upper = _pyramid(np.maximum(cells, 0.0) if has_sea else cells, spans)
    lower = _pyramid(np.minimum(cells, 0.0), spans)[1] if has_sea else np.empty((0, 4))
    return Relief(
        np.ascontiguousarray(cells), sizes, starts, count, upper, lower,
        np.concatenate(row_tables), np.concatenate(column_tables), ellipsoid is not None,
    )  # fmt: skip


def _spans(side: int, level: int) -> Integers:
    """First cell, and one past the last, of each span of 2^level cells of a side; the last may be short."""
    first = np.arange(0, side, 2**level)
    return np.column_stack([first, np.minimum(first + 2**level, side)])


def _middles(spans: Integers) -> Floats:
    """Middles of spans, counted in cells from the centre of the first."""
    middles: Floats = (spans.sum(axis=1) - 1) / 2
    return middles


def _row_table(
    spans: Integers, rows: Floats, columns: Floats, ellipsoid: tuple[float, float] | None
) -> Floats:
    down, right = ((axis[-1] - axis[0]) / (axis.size - 1) for axis in (rows, columns))
    centres, lengths = rows[0] + down * _middles(spans), np.diff(spans)[:, 0]
    if ellipsoid is None:
        zero = np.zeros(centres.size)
        return np.column_stack([centres, zero, zero + down, zero + right, lengths])
    places = meridian_places(centres, ellipsoid)
    squared = 1 - ellipsoid[1] * np.sin(np.radians(centres)) ** 2
    north = ellipsoid[0] * (1 - ellipsoid[1]) / squared**1.5
    return np.column_stack([places, north * np.radians(down), places[:, 0] * np.radians(right), lengths])


def meridian_places(latitudes: Floats, ellipsoid: tuple[float, float]) -> Floats:
    """Distance (n, 2) in metres from the axis of the Earth and from the equator, on the ellipsoid."""
    sine, cosine = np.sin(np.radians(latitudes)), np.cos(np.radians(latitudes))
    normal = ellipsoid[0] / np.sqrt(1 - ellipsoid[1] * sine**2)
    return np.column_stack([normal * cosine, normal * (1 - ellipsoid[1]) * sine])


def _column_table(spans: Integers, columns: Floats, ellipsoid: tuple[float, float] | None) -> Floats:
    centres = columns[0] + (columns[-1] - columns[0]) / (columns.size - 1) * _middles(spans)
    lengths = np.diff(spans)[:, 0]
    if ellipsoid is None:
        return np.column_stack([centres, np.zeros(centres.size), lengths])
    return np.column_stack([half_turns(centres), lengths])


def half_turns(longitudes: Floats) -> Floats:
    """Sine and cosine (n, 2) of half of `longitudes` in degrees."""
    half = np.radians(longitudes) / 2
    return np.column_stack([np.sin(half), np.cos(half)])


def _starts(tables: list[Floats]) -> Integers:
    return np.concatenate([[0], np.cumsum([len(table) for table in tables])[:-1]]).astype(np.int64)


def _pyramid(cells: Floats, spans: list[list[Integers]]) -> tuple[Integers, Floats]:
    """Cells with a value, and moments, of all squares of level 1 and up, level by level.

    The moments of squares with gaps are not used, and NaN.
    """
    moments = [cells, *[np.zeros_like(cells)] * 3]
    count = np.isfinite(cells).astype(np.int64)
    counts, tables = [], []
    for fine, coarse in pairwise(spans):
        moments = _merged(moments, fine, coarse)
        count = _quarters(count).sum(axis=0)
        counts.append(count.ravel())
        tables.append(np.stack(moments, axis=-1).reshape(-1, 4))
    return np.concatenate(counts), np.concatenate(tables)


def _quarters[Number: (np.float64, np.int64)](values: NDArray[Number]) -> NDArray[Number]:
    """Four neighbours (4, rows / 2, columns / 2): upper left, upper right, lower left, lower right."""
    even = np.pad(values, [(0, side % 2) for side in values.shape])
    return np.stack([even[0::2, 0::2], even[0::2, 1::2], even[1::2, 0::2], even[1::2, 1::2]])


def _merged(moments: list[Floats], fine: list[Integers], coarse: list[Integers]) -> list[Floats]:
    """Mean, variance and covariances with row and column of squares made of four smaller ones."""
    heights, widths = (np.diff(one)[:, 0].astype(np.float64) for one in fine)
    weights = _quarters(np.outer(heights, widths))
    weights /= weights.sum(axis=0)
    down, right = (
        _middles(one) - np.repeat(_middles(other), 2)[: len(one)]
        for one, other in zip(fine, coarse, strict=True)
    )
    ones = np.ones((heights.size, widths.size))
    aside = _quarters(down[:, None] * ones), _quarters(right * ones)
    mean, *others = (_quarters(one) for one in moments)
    whole = (weights * mean).sum(axis=0)
    apart = mean - whole
    added = (apart, *aside)
    sums = [(weights * (one + apart * more)).sum(axis=0) for one, more in zip(others, added, strict=True)]
    return [whole, *sums]
