"""Kriging of measured values to grids: simple, ordinary, universal, and of block means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr

from craton.kernels import kriging_groups as near
from craton.methods.geostatistics import (
    Cells,
    Sides,
    Spots,
    cells_of,
    check_drift,
    covariance_model,
    estimated,
    estimated_at_once,
    given_or_fitted,
    is_far,
    spots_of,
)
from craton.methods.placement import on_cells
from craton.methods.points_samples import described
from craton.methods.variogram_model import ModelTable, Part, model_words
from craton.model.errors import ContractError
from craton.process.marks import Bounds, ColumnOf, Grid, Table, Unit
from craton.process.processes import process

SIMPLE, ORDINARY, UNIVERSAL, BLOCK = (
    "geostatistics.simple_kriging", "geostatistics.ordinary_kriging", "geostatistics.universal_kriging",
    "geostatistics.block_kriging",
)  # fmt: skip

Points = Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))]
NumberColumn = Annotated[str, ColumnOf("points", numeric=True)]
Spacing = Annotated[float, Unit("m"), Bounds(above=0)]
Neighbours = Annotated[int, Bounds(minimum=1, maximum=500)]
Region = tuple[float, float, float, float]
Metres = Annotated[float, Unit("m"), Bounds(above=0)]
KrigedGrid = Annotated[xr.Dataset, Grid()]

Drift = Callable[[np.ndarray], np.ndarray]
"""Drift functions (n, p) at places (n, 3), the first of them constant."""


def constant(places: np.ndarray) -> np.ndarray:
    """The drift of ordinary kriging."""
    return np.ones((len(places), 1))


def nothing(places: np.ndarray) -> np.ndarray:
    """The drift of simple kriging."""
    return np.empty((len(places), 0))


@process(ORDINARY, version="1", keywords=("interpolation", "gridding", "geostatistics", "克里金", "插值"))
def ordinary_kriging(
    points: Points,
    column: NumberColumn,
    spacing: Spacing,
    *,
    model: ModelTable | None = None,
    neighbours: Neighbours | None = 32,
    region: Region | None = None,
    maximum_distance: Metres | None = None,
) -> KrigedGrid:
    """Best grid of measured values when their mean is not known, with its uncertainty.

    Use it for contents, levels and thicknesses that vary without a trend: it weighs samples by the variogram,
    allows for clusters, and says how far to trust each cell. It smooths: high and low values are fewer than
    in truth, so take `geostatistics.conditional_simulation` for risks and for what exceeds a limit. Where
    values rise to one side take `geostatistics.universal_kriging`. Very skew values are better kriged as
    normal scores or indicators.

    Parameters
    ----------
    points : GeoDataFrame
        Places in a reference system in metres. Rows without a place or a value are left out; several values
        at one place are averaged.
    column : str
        Column of the values.
    spacing : float
        Side of a cell in metres.
    model : DataFrame
        Variogram model, from `geostatistics.fit_variogram` or `geostatistics.variogram_model`. Left out, the
        best of spherical, exponential and gaussian is fitted, and told in the attributes of the result.
    neighbours : int
        Number of nearest data that each cell, or small tile of cells, is estimated from; near is by the
        ranges of the model. Given as nothing, all data serve every cell, at most 8000 places.
    region : tuple
        West, south, east and north edge of the grid. Left out, the extent of the points.
    maximum_distance : float
        Distance from the nearest datum beyond which a cell has no value. Left out, all have one.

    Returns
    -------
    Dataset
        The estimate, named as `column` is, and its standard deviation, named so with `_std`; the first row in
        the north.

    Notes
    -----
    ẑ = Σ λᵢ zᵢ with Σ λᵢ = 1 and the least variance σ² of the error under the model. At a datum the estimate
    is the datum and σ is 0; far from all data it is the mean of the neighbours. The nugget counts as true
    variation of the points. A datum that says nothing that nearer ones do not say already gets no weight.
    Cells of a tile, up to 8 by 8, share their neighbours, and tiles are made smaller where data are dense.

    References
    ----------
    Matheron, G. (1963). Principles of geostatistics. Economic Geology 58(8), 1246-1266.

    Isaaks, E. H., and Srivastava, R. M. (1989). An introduction to applied geostatistics. Oxford University
    Press, chapter 12.
    """
    return _kriged(
        ORDINARY, points, column, spacing, model, neighbours, region, maximum_distance, drift=constant
    )


@process(SIMPLE, version="1", keywords=("interpolation", "gridding", "geostatistics", "克里金", "插值"))
def simple_kriging(
    points: Points,
    column: NumberColumn,
    spacing: Spacing,
    *,
    mean: float | None = None,
    model: ModelTable | None = None,
    neighbours: Neighbours | None = 32,
    region: Region | None = None,
    maximum_distance: Metres | None = None,
) -> KrigedGrid:
    """Best grid of measured values when their mean is known, with its uncertainty.

    Use it for normal scores, residuals of a trend, and wherever the mean is known from elsewhere; far from
    data it goes to that mean. If the mean is not known, `geostatistics.ordinary_kriging` is safer.

    Parameters
    ----------
    points : GeoDataFrame
        Places in a reference system in metres; several values at one place are averaged.
    column : str
        Column of the values.
    spacing : float
        Side of a cell in metres.
    mean : float
        Known mean in the unit of the values. Left out, that of the data.
    model : DataFrame
        Variogram model of the values, without `linear` and `power` structures, which have no covariance. Left
        out, the best of spherical, exponential and gaussian is fitted.
    neighbours : int
        Number of nearest data that each tile of cells is estimated from. Given as nothing, all data serve
        every cell, at most 8000 places.
    region : tuple
        West, south, east and north edge of the grid. Left out, the extent of the points.
    maximum_distance : float
        Distance from the nearest datum beyond which a cell has no value. Left out, all have one.

    Returns
    -------
    Dataset
        As from `geostatistics.ordinary_kriging`.

    Notes
    -----
    ẑ = m + Σ λᵢ (zᵢ − m) with the least variance of the error: λ = C⁻¹ c, σ² = C(0) − cᵀ C⁻¹ c.

    References
    ----------
    Wackernagel, H. (2003). Multivariate geostatistics, 3rd edition. Springer, chapter 4.
    doi:10.1007/978-3-662-05294-5
    """
    return _kriged(
        SIMPLE, points, column, spacing, model, neighbours, region, maximum_distance, drift=nothing, mean=mean
    )


@process(UNIVERSAL, version="1", keywords=("trend", "drift", "interpolation", "泛克里金", "插值"))
def universal_kriging(
    points: Points,
    column: NumberColumn,
    spacing: Spacing,
    *,
    drift: Literal["linear", "quadratic"] = "linear",
    model: ModelTable | None = None,
    neighbours: Neighbours | None = 32,
    region: Region | None = None,
    maximum_distance: Metres | None = None,
) -> KrigedGrid:
    """Best grid of measured values that follow a plane or a bent surface, with its uncertainty.

    Use it for water levels, depths of a horizon and regional fields, which rise to one side. Give a model of
    what is left when the trend is taken off: the variogram of the values themselves rises too steeply. Beyond
    the data the trend goes on, a quadratic one soon wildly.

    Parameters
    ----------
    points : GeoDataFrame
        Places in a reference system in metres, not all on one line. Several values at one place are averaged.
    column : str
        Column of the values.
    spacing : float
        Side of a cell in metres.
    drift : str
        `linear`: a plane, or `quadratic`: a surface of second order; fitted anew among the neighbours.
    model : DataFrame
        Variogram model of what the trend leaves. Left out, one is fitted to what a trend by least squares
        leaves.
    neighbours : int
        Number of nearest data that each tile of cells is estimated from. Given as nothing, all data serve
        every cell, at most 8000 places. At least 6 for a linear and 12 for a quadratic drift.
    region : tuple
        West, south, east and north edge of the grid. Left out, the extent of the points.
    maximum_distance : float
        Distance from the nearest datum beyond which a cell has no value. Left out, all have one.

    Returns
    -------
    Dataset
        As from `geostatistics.ordinary_kriging`.

    Notes
    -----
    Σ λᵢ fₗ(xᵢ) = fₗ(x) for each drift function fₗ: 1, easting, northing and, quadratic, their squares and
    product. Among neighbours on one line, functions that they do not tell apart are left out.

    References
    ----------
    Wackernagel, H. (2003). Multivariate geostatistics, 3rd edition. Springer, chapter 38.
    doi:10.1007/978-3-662-05294-5
    """
    functions = polynomial(points, order=1 if drift == "linear" else 2)
    return _kriged(
        UNIVERSAL, points, column, spacing, model, neighbours, region, maximum_distance, drift=functions
    )


@process(BLOCK, version="1", keywords=("block model", "resource", "support", "块段克里金", "插值"))
def block_kriging(
    points: Points,
    column: NumberColumn,
    spacing: Spacing,
    *,
    block: Metres | None = None,
    model: ModelTable | None = None,
    neighbours: Neighbours | None = 32,
    region: Region | None = None,
    maximum_distance: Metres | None = None,
) -> KrigedGrid:
    """Best grid of mean values over square blocks, with its uncertainty.

    Use it where a decision falls on blocks: mining units, fields to be cleaned, cells of a coarse model. The
    means of blocks vary less than points do and are known better. It does not go through the data.

    Parameters
    ----------
    points : GeoDataFrame
        Places in a reference system in metres; several values at one place are averaged.
    column : str
        Column of the values, which must be one that may be averaged: a content, not its logarithm.
    spacing : float
        Distance of the middles of blocks in metres.
    block : float
        Side of a block in metres. Left out, `spacing`, so that blocks touch.
    model : DataFrame
        Variogram model of the values. Left out, the best of spherical, exponential and gaussian is fitted.
    neighbours : int
        Number of nearest data that each tile of cells is estimated from. Given as nothing, all data serve
        every cell, at most 8000 places.
    region : tuple
        West, south, east and north edge of the grid. Left out, the extent of the points.
    maximum_distance : float
        Distance from the nearest datum beyond which a block has no value. Left out, all have one.

    Returns
    -------
    Dataset
        As from `geostatistics.ordinary_kriging`.

    Notes
    -----
    Covariances with the block are means over 4 by 4 points of it, and the one within the block is that of all
    pairs of these points. The nugget averages out over a block and is left out of both.

    References
    ----------
    Isaaks, E. H., and Srivastava, R. M. (1989). An introduction to applied geostatistics. Oxford University
    Press, chapter 13.
    """
    side = block or spacing
    return _kriged(
        BLOCK, points, column, spacing, model, neighbours, region, maximum_distance, drift=constant,
        block=(side, side, 0.0),
    )  # fmt: skip


def polynomial(points: gpd.GeoDataFrame, *, order: int) -> Drift:
    """Drift functions of first or second order about the middle of the points, of size one over them."""
    west, south, east, north = points.total_bounds
    half = max(east - west, north - south, 1.0) / 2

    def functions(places: np.ndarray) -> np.ndarray:
        x, y = (places[:, 0] - (west + east) / 2) / half, (places[:, 1] - (south + north) / 2) / half
        columns = [np.ones_like(x), x, y]
        return np.column_stack(columns if order == 1 else [*columns, x * x, x * y, y * y])

    return functions


def _kriged(
    id: str,
    points: gpd.GeoDataFrame,
    column: str,
    spacing: float,
    model: pd.DataFrame | None,
    neighbours: int | None,
    region: Region | None,
    maximum_distance: float | None,
    *,
    drift: Drift,
    mean: float | None = None,
    block: Sides | None = None,
) -> xr.Dataset:
    spots = spots_of(id, points, (column,))
    functions = drift(spots.places)
    check_drift(id, functions, neighbours)
    parts = given_or_fitted(id, model, without_trend(spots, functions))
    if not functions.shape[1]:
        refuse_power(id, parts)
    level = 0.0 if functions.shape[1] else float(spots.values.mean() if mean is None else mean)
    cells = cells_of(id, spots, spacing, region, neighbours or len(spots.places))
    data = near.Data(spots.places, np.zeros(len(spots.places), np.int64), functions, spots.values - level)
    targets = near.Targets(cells.places, drift(cells.places), cells.tiles)
    if neighbours is None:
        found = estimated_at_once(id, covariance_model(parts), data, targets, block=block)
    else:
        found = estimated(covariance_model(parts), data, targets, neighbours, block=block)
    values = found.values[:, 0] + level
    return kriged_grid(points, column, spots, cells, values, found.variances, parts, maximum_distance)


def without_trend(spots: Spots, functions: np.ndarray) -> Spots:
    """Samples whose first values have their drift by least squares taken off."""
    if functions.shape[1] < 2:
        return spots
    trend = functions @ np.linalg.lstsq(functions, spots.values[:, :1], rcond=None)[0]
    return spots._replace(values=spots.values - trend)


def refuse_power(id: str, parts: list[Part]) -> None:
    """Refuse structures that have no covariance."""
    unbounded = [one.structure for one in parts if one.structure in {"power", "linear"}]
    if unbounded:
        raise ContractError(id, "model", "of structures that reach a sill", f"one with {unbounded[0]}")


def kriged_grid(
    points: gpd.GeoDataFrame,
    column: str,
    spots: Spots,
    cells: Cells,
    values: np.ndarray,
    variances: np.ndarray,
    parts: list[Part],
    maximum_distance: float | None = None,
) -> xr.Dataset:
    """Estimates (m,) and standard deviations on the cells, with the model told."""
    spreads = np.sqrt(variances)
    if maximum_distance is not None:
        far = is_far(spots, cells.places, maximum_distance)
        values, spreads = np.where(far, np.nan, values), np.where(far, np.nan, spreads)
    note = described(points, column)
    shape = cells.template.shape
    estimate = on_cells(cells.template, values.reshape(shape), **note)
    spread = on_cells(
        cells.template, spreads.reshape(shape), name=f"{column}_std", unit=note["unit"],
        title=f"Standard deviation of {note['title'] or column}",
    )  # fmt: skip
    attrs = {"crs": estimate.attrs.get("crs", ""), "variogram_model": model_words(parts)}
    return xr.Dataset({column: estimate, f"{column}_std": spread}, attrs=attrs)


def is_level(values: np.ndarray) -> bool:
    """Whether all values are one."""
    return bool((values == values.flat[0]).all())
