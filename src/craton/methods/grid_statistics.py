"""Statistics of grids: one row a field."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, product
from typing import Annotated

import numpy as np
import pandas as pd
import xarray as xr

from craton.kernels import order_statistics as kernel
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import Bounds, Column, Grid, Table
from craton.process.processes import process

PIECE = 1 << 22
"""Cells of a grid in memory that are looked at in one piece."""

Summary = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="field", title="Field"),
            Column(name="unit", title="Unit"),
            Column(name="quantity", title="Quantity"),
            Column(name="count", title="Cells with a value"),
            Column(name="missing", title="Cells without a value"),
            Column(name="minimum", title="Minimum"),
            Column(name="maximum", title="Maximum"),
            Column(name="mean", title="Mean"),
            Column(name="standard_deviation", title="Standard deviation"),
            Column(name="median", title="Median"),
        )
    ),
]


@process("grid.statistics", version="1", keywords=("summary", "describe", "histogram", "mean", "median"))
def statistics(
    grid: Annotated[xr.Dataset, Grid()],
    *,
    quantiles: Annotated[tuple[float, ...], Bounds(minimum=0, maximum=1)] = (0.05, 0.25, 0.75, 0.95),
) -> Summary:
    """Count, range, mean, deviation and quantiles of each field of a grid.

    Use it to learn what a grid holds, and to choose thresholds and colours. Every cell counts alike,
    so on a grid in longitude and latitude those near the poles count too much for means by area:
    reproject it to an equal-area system, or use `grid.zonal_statistics`.

    Parameters
    ----------
    grid : Dataset
        Fields of numbers on any axes; others are left out. Read piece by piece, three times.
    quantiles : tuple of float
        Quantiles that are told besides the median, each from 0 to 1.

    Returns
    -------
    DataFrame
        One row a field, its numbers in the unit of the column `unit`; a column `quantile_25` and so
        on for each of `quantiles`. Infinite cells count as missing. NaN where a field has no value.

    Notes
    -----
    The deviation is that of the cells themselves, divided by their count. Quantiles are exact,
    interpolated linearly between ranks.

    References
    ----------
    Hyndman, R. J. and Fan, Y. (1996), Sample quantiles in statistical packages, The American
    Statistician 50(4), 361–365, doi:10.2307/2684934.
    """
    fields = [field for field in grid.data_vars.values() if field.dtype.kind in "iufb"]
    if not fields:
        raise ContractError("grid.statistics", "grid", "a grid with a field of numbers", "one without")
    rows = [_row(field, quantiles) for field in progress.each(fields, "summing up")]
    return pd.DataFrame(rows)


def _row(field: xr.DataArray, quantiles: tuple[float, ...]) -> dict[str, object]:
    def pieces() -> Iterator[np.ndarray]:
        return _pieces(field)

    known = kernel.moments(pieces)
    values = kernel.quantiles(pieces, np.array([0.5, *quantiles]), known)
    return {
        "field": str(field.name),
        "unit": str(field.attrs.get("units", "")),
        "quantity": str(field.attrs.get("standard_name", "")),
        "count": known.number,
        "missing": known.missing,
        "minimum": known.minimum,
        "maximum": known.maximum,
        "mean": known.mean,
        "standard_deviation": known.deviation,
        "median": values[0],
        **{_name(p): value for p, value in zip(quantiles, values[1:], strict=True)},
    }


def _name(probability: float) -> str:
    return f"quantile_{probability * 100:g}".replace(".", "_")


def _pieces(field: xr.DataArray) -> Iterator[np.ndarray]:
    """Cells of `field`, by its blocks, or by slabs where it is in memory."""
    if field.chunks is None:
        cells = field.to_numpy().reshape(-1)
        yield from (_floats(cells[start : start + PIECE]) for start in range(0, cells.size, PIECE))
        return
    edges = [np.concatenate([[0], np.cumsum(sides)]) for sides in field.chunks]
    for corner in product(*(pairwise(map(int, one)) for one in edges)):
        block = field.isel({d: slice(*ends) for d, ends in zip(field.dims, corner, strict=True)})
        yield _floats(block.to_numpy())


def _floats(cells: np.ndarray) -> np.ndarray:
    return cells if cells.dtype.kind == "f" else cells.astype(np.float64)
