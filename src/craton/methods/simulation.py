"""Geostatistical simulation: fields that vary as the ground does, and go through the data."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import xarray as xr

from craton.kernels import kriging_groups as near
from craton.kernels.covariance import Model
from craton.kernels.random_field import MOST_CELLS, Bands, Embedding, torus_cells
from craton.kernels.sequential_simulation import draw_gaussian
from craton.methods.geostatistics import (
    cells_of,
    covariance_model,
    estimated,
)
from craton.methods.kriging import NumberColumn, Points, Region, Spacing, nothing, refuse_power
from craton.methods.placement import new_grid
from craton.methods.points_samples import described
from craton.methods.simulation_parts import (
    Realizations,
    Seed,
    cells_with_data,
    check_size,
    drawn,
    drawn_by_number,
    prepared,
    snapped,
    stacked,
    weights_of,
)
from craton.methods.variogram_model import ModelTable, parts_of
from craton.model.errors import ContractError, InvalidError
from craton.process.marks import Bounds, Grid, ReferenceSystem
from craton.process.processes import process

FIELD, CONDITIONAL, GAUSSIAN = (
    "geostatistics.random_field", "geostatistics.conditional_simulation", "geostatistics.sequential_gaussian",
)  # fmt: skip

Neighbours = Annotated[int, Bounds(minimum=1, maximum=500)]
SimulatedGrid = Annotated[xr.DataArray, Grid()]


@process(
    FIELD, version="1", keywords=("simulation", "Gaussian", "circulant embedding", "turning bands", "随机场")
)
def random_field(
    model: ModelTable,
    region: Region,
    spacing: Spacing,
    crs: Annotated[str, ReferenceSystem(projected=True)],
    *,
    mean: float = 0.0,
    realizations: Realizations = 1,
    method: Literal["circulant", "turning_bands"] = "circulant",
    lines: Annotated[int, Bounds(minimum=10, maximum=100_000)] = 1000,
    seed: Seed = 0,
) -> SimulatedGrid:
    """Random fields with a given variogram, not tied to data.

    Use it to see what a variogram model looks like, to test methods on fields whose truth is known, and as
    input of flow or inversion studies. For fields that go through measurements take
    `geostatistics.conditional_simulation`.

    Parameters
    ----------
    model : DataFrame
        Variogram model with a sill.
    region : tuple
        West, south, east and north edge of the grid in metres.
    spacing : float
        Side of a cell in metres. With `circulant`, the torus may have 67 million cells.
    crs : str
        Reference system of the grid, in metres.
    mean : float
        Mean of the fields.
    realizations : int
        Number of fields.
    method : str
        `circulant` is exact and fast; `turning_bands` sums cosines, and serves where the range is much longer
        than the grid.
    lines : int
        Cosines of each structure, for turning bands.
    seed : int
        Number that the fields are drawn from; the same number gives the same fields.

    Returns
    -------
    DataArray
        Fields by `realization`, northing and easting. `variance_left_out` in the attributes is 0 where the
        covariance is exact.

    Notes
    -----
    The covariance on a torus that is wider than the grid by the range is turned into waves by a Fourier
    transform, which are given random amplitudes. Where the torus would have to be more than three grids wide,
    negative variances of waves are set to zero and the rest scaled to the sill (FFT-MA).

    References
    ----------
    Dietrich, C. R., and Newsam, G. N. (1997). Fast and exact simulation of stationary Gaussian processes
    through circulant embedding of the covariance matrix. SIAM Journal on Scientific Computing 18(4),
    1088-1107. doi:10.1137/S1064827592240555

    Emery, X., and Lantuéjoul, C. (2006). TBSIM: a computer program for conditional simulation of
    three-dimensional Gaussian random fields via the turning bands method. Computers and Geosciences 32(10),
    1615-1628. doi:10.1016/j.cageo.2006.03.001
    """
    parts = parts_of(FIELD, "model", model)
    refuse_power(FIELD, parts)
    west, south, east, north = region
    if not (west < east and south < north):
        raise ContractError(
            FIELD, "region", "west, south, east, north with west < east, south < north", f"{region}"
        )
    try:
        template = new_grid(region, spacing, crs)
    except InvalidError as error:
        raise ContractError(FIELD, "spacing", "large enough for the region", f"{spacing:g} m") from error
    check_size(FIELD, template.size, realizations)
    covariance, left_out = covariance_model(parts), 0.0
    axes = tuple(template[axis].to_numpy() for axis in template.dims)
    if method == "circulant":
        embedding = _embedding(covariance, (axes[0].size, axes[1].size), spacing)
        left_out = embedding.error

        def draw(random: np.random.Generator) -> np.ndarray:
            cells: np.ndarray = embedding.draw(random)[0]
            return cells
    else:

        def draw(random: np.random.Generator) -> np.ndarray:
            field = Bands(covariance, random, lines).on_grid(np.zeros(1), axes[0], axes[1])[0]
            noise = random.standard_normal(field.shape)
            cells: np.ndarray = field + np.sqrt(covariance.nugget[0, 0]) * noise
            return cells

    fields = drawn(template.shape, realizations, seed, lambda random: mean + draw(random))
    result = stacked(template, fields, "random_field", {}, parts)
    return result.assign_attrs(variance_left_out=left_out)


def _embedding(covariance: Model, shape: tuple[int, int], spacing: float) -> Embedding:
    """Covariance on a grid of rows and columns, where memory has room for its torus."""
    whole, steps = (1, *shape), (1.0, -spacing, spacing)
    needed = torus_cells(covariance, whole, steps)
    if needed > MOST_CELLS:
        raise ContractError(
            FIELD, "spacing", f"so large that the torus of `circulant` has at most {MOST_CELLS:,} cells",
            f"{spacing:g} m, which makes {needed:,}", hint="take turning_bands, or a larger spacing",
        )  # fmt: skip
    return Embedding(covariance, whole, steps)


@process(
    CONDITIONAL, version="1", keywords=("realization", "ensemble", "uncertainty", "turning bands", "条件模拟")
)
def conditional_simulation(
    points: Points,
    column: NumberColumn,
    spacing: Spacing,
    *,
    model: ModelTable | None = None,
    realizations: Realizations = 20,
    scores: bool = True,
    neighbours: Neighbours = 32,
    lines: Annotated[int, Bounds(minimum=10, maximum=100_000)] = 1000,
    region: Region | None = None,
    seed: Seed = 0,
) -> SimulatedGrid:
    """Ensemble of grids that go through the data and vary as the ground does.

    Use it where a kriged map is too smooth: volumes above a limit, connected pathways, the spread of a total.
    Each grid may be the true one; what they share is known, what differs is not. About 20 show the spread,
    100 or more give its tails.

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
        Variogram model with a sill: with `scores`, of the normal scores of the values (its sill and nugget
        adding up to 1), else of the values. Left out, it is fitted.
    realizations : int
        Number of grids.
    scores : bool
        Whether values are turned into normal scores first and back in the end, so that the histogram is that
        of the data. Without, they are taken as normal around their mean.
    neighbours : int
        Number of nearest data that each tile of cells is tied to.
    lines : int
        Cosines of each structure.
    region : tuple
        West, south, east and north edge of the grid. Left out, the extent of the points.
    seed : int
        Number that the grids are drawn from; the same number gives the same grids.

    Returns
    -------
    DataArray
        Values by `realization`, northing and easting, with the unit and quantity of `column`.

    Notes
    -----
    A free field by turning bands is drawn at cells and data alike; simple kriging of the differences at the
    data, added to it, ties it to them: z(x) = s(x) + Σ λᵢ(x) (zᵢ − s(xᵢ)). All grids share the weights. The
    nugget counts as true variation, and a cell whose middle is a datum has its value.

    References
    ----------
    Journel, A. G. (1974). Geostatistics for conditional simulation of ore bodies. Economic Geology 69(5),
    673-687. doi:10.2113/gsecongeo.69.5.673

    Emery, X., and Lantuéjoul, C. (2006). TBSIM: a computer program for conditional simulation of
    three-dimensional Gaussian random fields via the turning bands method. Computers and Geosciences 32(10),
    1615-1628. doi:10.1016/j.cageo.2006.03.001
    """
    spots, transform, parts = prepared(CONDITIONAL, points, column, model, scores=scores)
    cells = cells_of(CONDITIONAL, spots, spacing, region, neighbours)
    check_size(CONDITIONAL, cells.template.size, realizations)
    covariance = covariance_model(parts)
    axes = tuple(cells.template[axis].to_numpy() for axis in cells.template.dims)
    nugget = np.sqrt(covariance.nugget[0, 0])
    at_data = np.empty((len(spots.places), realizations))

    def draw(number: int, random: np.random.Generator) -> np.ndarray:
        bands = Bands(covariance, random, lines)
        noise = random.standard_normal(len(spots.places))
        at_data[:, number] = spots.values[:, 0] - bands.at(spots.places) - nugget * noise
        field = bands.on_grid(np.zeros(1), axes[0], axes[1])[0]
        free: np.ndarray = field + nugget * random.standard_normal(field.shape)
        return free

    fields = drawn_by_number(cells.template.shape, realizations, seed, draw)
    data = near.Data(spots.places, np.zeros(len(spots.places), np.int64), nothing(spots.places), at_data)
    targets = near.Targets(cells.places, nothing(cells.places), cells.tiles)
    tied = estimated(covariance, data, targets, neighbours).values
    # The nugget of the free field blurs cells whose middle is a sample.
    own, datum = cells_with_data(spots, cells.places)
    for number in range(realizations):
        fields[number] += tied[:, number].reshape(cells.template.shape)
        fields[number].reshape(-1)[own] = spots.values[datum, 0]
        fields[number] = transform.back(fields[number])
    return stacked(cells.template, fields, column, described(points, column), parts)


@process(GAUSSIAN, version="1", keywords=("SGS", "realization", "ensemble", "uncertainty", "序贯高斯模拟"))
def sequential_gaussian(
    points: Points,
    column: NumberColumn,
    spacing: Spacing,
    *,
    model: ModelTable | None = None,
    realizations: Realizations = 20,
    scores: bool = True,
    neighbours: Annotated[int, Bounds(minimum=1, maximum=64)] = 16,
    region: Region | None = None,
    seed: Seed = 0,
) -> SimulatedGrid:
    """Ensemble of grids that go through the data, drawn cell by cell (sequential Gaussian simulation).

    Use it where this method is asked for, as in resource reports. `geostatistics.conditional_simulation` does
    the same without moving data to the middles of cells and keeps long ranges better.

    Parameters
    ----------
    points : GeoDataFrame
        Places in a reference system in metres; several values at one place are averaged.
    column : str
        Column of the values.
    spacing : float
        Side of a cell in metres; at most 2 million cells.
    model : DataFrame
        Variogram model with a sill: with `scores`, of the normal scores of the values, else of the values.
        Left out, it is fitted.
    realizations : int
        Number of grids.
    scores : bool
        Whether values are turned into normal scores first and back in the end. Without, they are taken as
        normal around their mean.
    neighbours : int
        Number of nearest cells, with data or drawn before, that each cell leans on.
    region : tuple
        West, south, east and north edge of the grid. Left out, the extent of the points.
    seed : int
        Number that the path and the grids are drawn from.

    Returns
    -------
    DataArray
        Values by `realization`, northing and easting, with the unit and quantity of `column`.

    Notes
    -----
    A datum is moved to the middle of its cell; of several in one cell the nearest to the middle counts. Cells
    are visited from a coarse grid to the full one, at random within each, on one path for all grids; each is
    drawn from the normal distribution that simple kriging gives it.

    References
    ----------
    Deutsch, C. V., and Journel, A. G. (1998). GSLIB: geostatistical software library and user's guide, 2nd
    edition. Oxford University Press, section V.2.3.

    Nussbaumer, R., Mariethoz, G., Gravey, M., Gloaguen, E., and Holliger, K. (2018). Accelerating sequential
    Gaussian simulation with a constant path. Computers and Geosciences 112, 121-132.
    doi:10.1016/j.cageo.2017.12.006
    """
    spots, transform, parts = prepared(GAUSSIAN, points, column, model, scores=scores)
    template, cell, datum = snapped(GAUSSIAN, spots, spacing, region)
    check_size(GAUSSIAN, template.size, realizations)
    weights = weights_of(covariance_model(parts), template, spacing, cell, neighbours, seed)
    known = spots.values[datum, 0]

    def draw(random: np.random.Generator) -> np.ndarray:
        field = np.zeros(template.size)
        field[cell] = known
        draw_gaussian(*weights, random.standard_normal(weights.path.size), field)
        return transform.back(field.reshape(template.shape))

    fields = drawn(template.shape, realizations, seed, draw)
    return stacked(template, fields, column, described(points, column), parts)
