"""Kriging with the help of a second quantity: external drift, cokriging, collocated cokriging."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr

from craton.kernels import kriging_groups as near
from craton.kernels import variogram as pairs
from craton.kernels import variogram_fit as fitting
from craton.kernels.covariance import Model
from craton.kernels.covariance import variogram as semivariances
from craton.kernels.kriging import independent_columns
from craton.methods.geostatistics import (
    CUTOFF,
    LAGS,
    Cells,
    Spots,
    cells_of,
    cells_on,
    check_drift,
    covariance_model,
    estimated,
    extent_of,
    given_or_fitted,
    spots_of,
)
from craton.methods.kriging import (
    KrigedGrid,
    Metres,
    NumberColumn,
    Points,
    Region,
    Spacing,
    kriged_grid,
    refuse_power,
    without_trend,
)
from craton.methods.placement import crs_of, place_of, plane_of, same_crs
from craton.methods.variogram_model import NUGGET, ModelTable, Part
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, Grid, Table
from craton.process.processes import process

EXTERNAL, COKRIGING, COLLOCATED = (
    "geostatistics.external_drift_kriging", "geostatistics.cokriging", "geostatistics.collocated_cokriging",
)  # fmt: skip

ClosestCount = Annotated[int, Bounds(minimum=1, maximum=500)]
PlaneGrid = Annotated[xr.DataArray, Grid(plane=True)]


class Cokriged(NamedTuple):
    """Estimates, and the sills that they stand on."""

    grid: KrigedGrid
    coregionalisation: Annotated[
        pd.DataFrame,
        Table(
            columns=(
                Column(name="structure", title="Structure"),
                Column(name="range", unit="m", title="Range"),
                Column(name="first", title="First quantity"),
                Column(name="second", title="Second quantity"),
                Column(name="sill", title="Sill of their cross-variogram"),
            )
        ),
    ]


@process(EXTERNAL, version="1", keywords=("KED", "covariate", "auxiliary", "外部漂移", "插值"))
def external_drift_kriging(
    points: Points,
    column: NumberColumn,
    drift: PlaneGrid,
    *,
    model: ModelTable | None = None,
    neighbours: ClosestCount = 32,
) -> KrigedGrid:
    """Kriging that follows a grid which is known everywhere, such as elevation or a seismic horizon.

    Use it where the values go up and down with the grid in a straight way: rain with height, a horizon in
    few wells with its travel time. The grid must be smooth and known at all samples; a weak relation makes
    the map worse, not better: compare both with `geostatistics.cross_validation`.

    Parameters
    ----------
    points : GeoDataFrame
        Places in a reference system in metres, that of `drift`. Rows without a place or a value are left out,
        and so are those where `drift` has none.
    column : str
        Column of the values.
    drift : DataArray
        The grid that is followed, on even rows and columns in metres.
    model : DataFrame
        Variogram model of what the relation leaves. Left out, fitted to what a straight line leaves.
    neighbours : int
        Number of nearest data that each tile of cells is estimated from, at least 4.

    Returns
    -------
    Dataset
        As from `geostatistics.ordinary_kriging`, on the cells of `drift`; none where it has none.

    Notes
    -----
    Universal kriging with the drift functions 1 and s(x), the grid, which is interpolated linearly at the
    samples. The relation is fitted anew among the neighbours of each tile.

    References
    ----------
    Wackernagel, H. (2003). Multivariate geostatistics, 3rd edition. Springer, chapter 37.
    doi:10.1007/978-3-662-05294-5
    """
    spots, at_spots, plane = _on_grid(EXTERNAL, points, column, "drift", drift)
    functions = np.column_stack([np.ones(len(at_spots)), at_spots])
    if len(independent_columns(functions)) < 2:
        raise ContractError(
            EXTERNAL, "drift", "a grid of differing values at the samples", "one of a single value"
        )
    check_drift(EXTERNAL, functions, neighbours)
    parts = given_or_fitted(EXTERNAL, model, without_trend(spots, functions))
    cells = cells_on(plane, len(spots.places), neighbours)
    field = plane.to_numpy().astype(np.float64).ravel()
    known = np.isfinite(field)
    data = near.Data(spots.places, np.zeros(len(spots.places), np.int64), functions, spots.values)
    followed = np.column_stack([np.ones(known.sum()), field[known]])
    targets = near.Targets(cells.places[known], followed, cells.tiles[known])
    found = estimated(covariance_model(parts), data, targets, neighbours)
    return _on_known(points, column, spots, cells, known, found.values[:, 0], found.variances, parts)


@process(COLLOCATED, version="1", keywords=("secondary variable", "Markov model", "同位协同克里金", "插值"))
def collocated_cokriging(
    points: Points,
    column: NumberColumn,
    secondary: PlaneGrid,
    *,
    correlation: Annotated[float, Bounds(above=-1, below=1)] | None = None,
    mean: float | None = None,
    model: ModelTable | None = None,
    neighbours: ClosestCount = 32,
) -> KrigedGrid:
    """Kriging of few good values with a dense grid that is only correlated with them.

    Use it where the second quantity is noisy or its relation loose, and its scale does not matter: an element
    with an airborne channel, porosity with an attribute. Of the grid, only the cell itself counts. Where the
    relation is close and smooth, `geostatistics.external_drift_kriging` uses it more fully.

    Parameters
    ----------
    points : GeoDataFrame
        Places in a reference system in metres, that of `secondary`. Those where it has no value are left out.
    column : str
        Column of the values.
    secondary : DataArray
        Grid of the second quantity, on even rows and columns in metres.
    correlation : float
        Correlation of both quantities at one place. Left out, that of the samples.
    mean : float
        Known mean in the unit of the values. Left out, that of the data.
    model : DataFrame
        Variogram model of the values, with a sill. Left out, it is fitted.
    neighbours : int
        Number of nearest data that each tile of cells is estimated from.

    Returns
    -------
    Dataset
        As from `geostatistics.ordinary_kriging`, on the cells of `secondary`; none where it has none.

    Notes
    -----
    Under the Markov model C₁₂(h) = ρ C₁(h) the second quantity at a cell, brought to mean 0 and variance 1 as
    y, adds to the simple kriging m, s² (values brought to the same scale) as a measurement of its own:
    1/σ² = 1/s² + ρ²/(1 − ρ²), ẑ = σ² (m/s² + ρ y/(1 − ρ²)).

    References
    ----------
    Xu, W., Tran, T. T., Srivastava, R. M., and Journel, A. G. (1992). Integrating seismic data in reservoir
    modeling: the collocated cokriging alternative. SPE 24742, 833-842. doi:10.2118/24742-MS
    """
    spots, at_spots, plane = _on_grid(COLLOCATED, points, column, "secondary", secondary)
    parts = given_or_fitted(COLLOCATED, model, spots)
    refuse_power(COLLOCATED, parts)
    rho = _correlation(spots.values[:, 0], at_spots) if correlation is None else correlation
    level = float(spots.values.mean() if mean is None else mean)
    sill = sum(one.sill for one in parts)
    cells = cells_on(plane, len(spots.places), neighbours)
    field = plane.to_numpy().astype(np.float64).ravel()
    known = np.isfinite(field)
    data = near.Data(
        spots.places,
        np.zeros(len(spots.places), np.int64),
        np.empty((len(spots.places), 0)),
        spots.values - level,
    )
    targets = near.Targets(cells.places[known], np.empty((known.sum(), 0)), cells.tiles[known])
    found = estimated(covariance_model(parts), data, targets, neighbours)
    spread = float(field[known].std())
    other = (field[known] - field[known].mean()) / spread if spread > 0 else np.zeros(known.sum())
    # Written so that a variance of 0, at a datum, needs no division.
    simple, share = found.variances / sill, rho**2 / (1 - rho**2)
    variances = simple / (1 + simple * share)
    scaled = (found.values[:, 0] / np.sqrt(sill) + simple * rho * other / (1 - rho**2)) / (1 + simple * share)
    values = level + np.sqrt(sill) * scaled
    return _on_known(points, column, spots, cells, known, values, variances * sill, parts)


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    if one.std() == 0 or other.std() == 0:
        return 0.0
    return float(np.clip(np.corrcoef(one, other)[0, 1], -0.999, 0.999))


def _on_grid(
    id: str, points: gpd.GeoDataFrame, column: str, name: str, grid: xr.DataArray
) -> tuple[Spots, np.ndarray, xr.DataArray]:
    """Samples where `grid` has a value, those values by linear interpolation, and the grid as a plane."""
    from scipy.interpolate import RegularGridInterpolator

    spots = spots_of(id, points, (column,))
    own = crs_of(grid)
    if own and not same_crs(spots.crs, own):
        raise ContractError(
            id, "points", f"in the reference system of `{name}`, {own[:40]}", f"in {spots.crs[:40]}",
            hint="transform one of them, with vector.reproject or grid.reproject",
        )  # fmt: skip
    plane = plane_of(id, name, grid)
    place_of(id, name, plane)
    upright = plane.sortby([str(axis) for axis in plane.dims])
    axes = tuple(upright[axis].to_numpy().astype(np.float64) for axis in upright.dims)
    interpolate = RegularGridInterpolator(
        axes, upright.to_numpy().astype(np.float64), bounds_error=False, fill_value=np.nan
    )
    values = interpolate(spots.places[:, 1::-1])
    there = np.isfinite(values)
    if not there.any():
        raise ContractError(id, "points", f"places within `{name}`, where it has values", "none there")
    return Spots(spots.places[there], spots.values[there], spots.crs), values[there], plane


def _on_known(
    points: gpd.GeoDataFrame,
    column: str,
    spots: Spots,
    cells: Cells,
    known: np.ndarray,
    values: np.ndarray,
    variances: np.ndarray,
    parts: list[Part],
) -> xr.Dataset:
    whole = np.full((2, known.size), np.nan)
    whole[0, known], whole[1, known] = values, variances
    return kriged_grid(points, column, spots, cells, whole[0], whole[1], parts)


@process(COKRIGING, version="1", keywords=("multivariate", "coregionalisation", "协同克里金", "插值"))
def cokriging(
    points: Points,
    column: NumberColumn,
    secondary: tuple[NumberColumn, ...],
    spacing: Spacing,
    *,
    model: ModelTable | None = None,
    neighbours: Annotated[int, Bounds(minimum=1, maximum=150)] = 24,
    region: Region | None = None,
    maximum_distance: Metres | None = None,
) -> Cokriged:
    """Kriging of one quantity with the help of others that were measured at more places.

    Use it where the quantity that matters is dear and another, correlated with it, is cheap: a full analysis
    at some places, a field instrument at many. Where all are measured everywhere it hardly differs from
    `geostatistics.ordinary_kriging`.

    Parameters
    ----------
    points : GeoDataFrame
        Places in a reference system in metres. A row may miss some of the quantities. Some places must have
        all of them, for their cross-variograms.
    column : str
        Column of the quantity that is estimated.
    secondary : tuple of str
        Columns of the others, three at most.
    spacing : float
        Side of a cell in metres.
    model : DataFrame
        Model whose structures and ranges all quantities share; its sills do not count. Left out, that which
        fits the first quantity best.
    neighbours : int
        Number of nearest data of each quantity.
    region : tuple
        West, south, east and north edge of the grid. Left out, the extent of the points.
    maximum_distance : float
        Distance from the nearest datum of the first quantity beyond which a cell has no value.

    Returns
    -------
    grid : Dataset
        As from `geostatistics.ordinary_kriging`.
    coregionalisation : DataFrame
        Sills of all structures for all pairs of quantities.

    Notes
    -----
    Ordinary cokriging: Σ λ = 1 over the data of the quantity itself, Σ λ = 0 over those of each other one.
    Cross-covariances are a linear model of coregionalisation, Cᵢⱼ(h) = Σₛ bᵢⱼˢ ρₛ(h), its matrices fitted to
    all variograms and cross-variograms by weighted least squares and kept positive semidefinite.

    References
    ----------
    Goulard, M., and Voltz, M. (1992). Linear coregionalization model: tools for estimation and choice of
    cross-variogram matrix. Mathematical Geology 24(3), 269-286. doi:10.1007/BF00893750

    Wackernagel, H. (2003). Multivariate geostatistics, 3rd edition. Springer, chapters 24 to 26.
    doi:10.1007/978-3-662-05294-5
    """
    if not 1 <= len(secondary) <= 3:
        raise ContractError(COKRIGING, "secondary", "one to three columns", str(len(secondary)))
    names = (column, *secondary)
    each = [spots_of(COKRIGING, points, (name,)) for name in names]
    parts = given_or_fitted(COKRIGING, model, each[0])
    refuse_power(COKRIGING, parts)
    joint = _joint_model(spots_of(COKRIGING, points, names), parts)
    counts = [len(one.places) for one in each]
    variables = np.repeat(np.arange(len(names)), counts)
    drift = np.column_stack([np.ones(variables.size), *(variables == n for n in range(1, len(names)))])
    data = near.Data(
        np.concatenate([one.places for one in each]), variables, drift.astype(np.float64),
        np.concatenate([one.values for one in each]),
    )  # fmt: skip
    cells = cells_of(COKRIGING, each[0], spacing, region, neighbours)
    unbiased = np.zeros((len(cells.places), len(names)))
    unbiased[:, 0] = 1.0
    found = estimated(joint, data, near.Targets(cells.places, unbiased, cells.tiles), neighbours)
    grid = kriged_grid(
        points, column, each[0], cells, found.values[:, 0], found.variances, parts, maximum_distance
    )
    return Cokriged(grid, _sills(joint, parts, names))


def _joint_model(spots: Spots, parts: list[Part]) -> Model:
    """The structures of `parts` and a nugget with sills by pair of quantities, fitted to `spots`."""
    width = extent_of(spots.places) / CUTOFF / LAGS
    count = spots.values.shape[1]
    if not width > 0:
        raise ContractError(
            COKRIGING, "points", "two places or more that have all quantities", "a table of one"
        )
    crossed = np.empty((LAGS, count, count))
    number = distances = np.zeros(LAGS)
    for one in range(count):
        for other in range(count):
            first, second = (np.ascontiguousarray(spots.values[:, n]) for n in (one, other))
            number, distances, products = pairs.pair_sums(
                spots.places, first, second, width, LAGS, pairs.EVERYWHERE, pairs.SQUARED
            )
            crossed[:, one, other] = pairs.matheron(number, products)
    there = number > 0
    model = covariance_model(parts)
    vectors = np.zeros((int(there.sum()), 3))
    vectors[:, 0] = distances[there] / number[there]
    alone = [
        model._replace(
            kinds=model.kinds[[s]], shapes=model.shapes[[s]], shifts=model.shifts[[s]],
            matrices=model.matrices[[s]], sills=np.ones((1, 1, 1)), nugget=np.zeros((1, 1)),
        )
        for s in range(model.kinds.size)
    ]  # fmt: skip
    shapes = np.array([np.ones(len(vectors)), *(semivariances(one, vectors) for one in alone)])
    sills = fitting.coregionalisation(shapes, crossed[there], number[there])
    return model._replace(sills=sills[1:], nugget=sills[0])


def _sills(joint: Model, parts: list[Part], names: tuple[str, ...]) -> pd.DataFrame:
    structures = [(NUGGET, np.nan, joint.nugget)]
    shown = [one for one in parts if one.structure != NUGGET and one.sill > 0]
    structures += [(one.structure, one.range, sills) for one, sills in zip(shown, joint.sills, strict=True)]
    rows = [
        (structure, range_, names[one], names[other], float(sills[one, other]))
        for structure, range_, sills in structures
        for one in range(len(names))
        for other in range(one, len(names))
    ]
    return pd.DataFrame(rows, columns=["structure", "range", "first", "second", "sill"])
