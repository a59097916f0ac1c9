"""Cells: range, gaps and outline of the values of a grid, gathered block by block."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from craton.model.columns import ColumnSummary
from craton.model.footprint import CELLS

BLOCK_CELLS = 1 << 22
"""Cells looked at in one piece, so that memory does not grow with the grid."""


@dataclass
class CellSummary:
    """What the cells of one band or variable hold.

    Parameters
    ----------
    rows, columns : int
        Size of the horizontal plane.
    count, missing, infinite : int
        Cells seen, those without a value, and infinite ones.
    minimum, maximum : float
        Of finite values; NaN where there is none.
    mask : array (up to `CELLS`, up to `CELLS`)
        Whether any cell of a part of the plane holds a value.
    """

    rows: int
    columns: int
    count: int = 0
    missing: int = 0
    infinite: int = 0
    minimum: float = np.nan
    maximum: float = np.nan
    mask: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.mask = np.zeros((min(self.rows, CELLS), min(self.columns, CELLS)), bool)

    @property
    def valid(self) -> int:
        """Cells with a finite value."""
        return self.count - self.missing - self.infinite

    def add(
        self, values: np.ndarray, first_row: int, first_column: int, *, nodata: float | None = None
    ) -> None:
        """Take in a block.

        Parameters
        ----------
        values : array (..., rows, columns)
            Leading axes are time, height and the like. Masked cells, NaN and
            `nodata` hold no value.
        first_row, first_column : int
            Place of the block in the plane.
        """
        valid = _valid(values, nodata)
        plain = np.ma.getdata(values)
        self.count += plain.size
        held = int(np.count_nonzero(valid))
        self.missing += plain.size - held
        if held:
            self._widen(plain if held == plain.size else plain[valid])
            self._mark(valid.reshape(-1, *valid.shape[-2:]).any(axis=0), first_row, first_column)

    def _widen(self, values: np.ndarray) -> None:
        low, high = values.min(), values.max()
        if values.dtype.kind == "f" and not (np.isfinite(low) and np.isfinite(high)):
            finite = values[np.isfinite(values)]
            self.infinite += values.size - finite.size
            if not finite.size:
                return
            low, high = finite.min(), finite.max()
        self.minimum, self.maximum = float(np.fmin(self.minimum, low)), float(np.fmax(self.maximum, high))

    def _mark(self, valid: np.ndarray, first_row: int, first_column: int) -> None:
        """Mark the parts of the plane that `valid` (rows, columns) touches."""
        height, width = self.mask.shape
        row_bins = (np.arange(first_row, first_row + valid.shape[0]) * height) // self.rows
        column_bins = (np.arange(first_column, first_column + valid.shape[1]) * width) // self.columns
        row_starts = np.flatnonzero(np.diff(row_bins, prepend=-1))
        column_starts = np.flatnonzero(np.diff(column_bins, prepend=-1))
        by_column = np.logical_or.reduceat(valid, column_starts, axis=1)
        touched = np.logical_or.reduceat(by_column, row_starts, axis=0)
        self.mask[np.ix_(row_bins[row_starts], column_bins[column_starts])] |= touched

    def as_column(self, type: str, scale: float = 1.0, offset: float = 0.0) -> ColumnSummary:
        """The summary as that of a column; values are `stored * scale + offset`."""
        if not self.valid:
            return ColumnSummary(type, self.count, self.missing, self.infinite)
        ends = sorted((self.minimum * scale + offset, self.maximum * scale + offset))
        return ColumnSummary(type, self.count, self.missing, self.infinite, ends[0], ends[1])


def _valid(values: np.ndarray, nodata: float | None) -> np.ndarray:
    plain = np.ma.getdata(values)
    valid = ~np.isnan(plain) if plain.dtype.kind in "fc" else np.ones(plain.shape, bool)
    if isinstance(values, np.ma.MaskedArray):
        valid &= ~np.ma.getmaskarray(values)
    if nodata is not None and not np.isnan(nodata):
        valid &= plain != _as_stored(nodata, plain.dtype)
    return np.asarray(valid)


def _as_stored(nodata: float, dtype: np.dtype) -> float:
    """`nodata` as rounded to the numbers of `dtype`, so that −3.4028235e38 is found among 32-bit floats."""
    if dtype.kind != "f":
        return nodata
    with np.errstate(over="ignore"):
        return float(dtype.type(nodata))
