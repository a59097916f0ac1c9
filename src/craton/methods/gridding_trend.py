"""Trends: a polynomial surface through scattered values, and what is left of them."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
import xarray as xr

from craton.methods.gridding_surfaces import (
    Edges,
    NumberColumn,
    Points,
    Spacing,
    empty_grid,
    gridded,
    plane_samples,
    trend_surface,
)
from craton.methods.points_samples import described
from craton.process.data import TEXT_COLUMNS
from craton.process.marks import Bounds, Grid, Table
from craton.process.processes import process

Degree = Annotated[int, Bounds(minimum=0, maximum=8)]


class Trend(NamedTuple):
    """What `polynomial_trend` gives."""

    trend: Annotated[xr.DataArray, Grid()]
    residuals: Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))]


@process(
    "gridding.polynomial_trend",
    version="1",
    keywords=("trend surface", "regional", "residual", "趋势面", "趋势分析"),
)
def polynomial_trend(
    points: Points,
    column: NumberColumn,
    spacing: Spacing | None = None,
    *,
    degree: Degree = 1,
    robust: bool = False,
    region: Edges | None = None,
) -> Trend:
    """Polynomial trend of scattered values, and what each value differs from it by.

    Use it to part a regional field or a regional background from local
    anomalies, or to take out a trend before kriging. Beyond the points, and near
    the edges with a high degree, polynomials run away.

    Parameters
    ----------
    points : GeoDataFrame
        Places with values, in a projected system in metres. Rows without place or value are left out;
        several values at one place are averaged.
    column : str
        Column of the values.
    spacing : float
        As for `gridding.minimum_curvature`.
    degree : int
        Greatest sum of the powers of easting and northing: 0 a constant, 1 a plane, 2 a paraboloid.
    robust : bool
        Whether wild values lose their weight, so that anomalies do not pull the trend to them.
    region : tuple
        As for `gridding.minimum_curvature`.

    Returns
    -------
    trend : DataArray
        The trend with the unit and quantity of `column`; the first row in the north.
    residuals : GeoDataFrame
        One row a place: `column`, `trend` and `residual`, the value less the trend, in the unit of `column`.

    Notes
    -----
    Least squares over (1, x, y, x², x y, …), with x and y from the middle of the points in lengths of their
    extent; where points do not fix all terms, the smallest coefficients. Robust: weights (1 - (r/4.685 s)²)²
    of the residuals r with s = 1.4826 times their median absolute deviation, anew until they stay.

    References
    ----------
    Davis, J. C. (2002). Statistics and data analysis in geology, 3rd edition. Wiley, chapter 5.

    Beaton, A. E., and Tukey, J. W. (1974). The fitting of power series, meaning polynomials, illustrated on
    band-spectroscopic data. Technometrics 16(2), 147-185. doi:10.1080/00401706.1974.10489171
    """
    id = "gridding.polynomial_trend"
    samples = plane_samples(id, points, column)
    surface = trend_surface(id, samples, degree=degree, robust=robust)
    grid = gridded(points, column, empty_grid(id, samples, spacing, region), surface)
    fitted: np.ndarray = surface(samples.coordinates)
    said = described(points, column)
    frame = gpd.GeoDataFrame(
        {column: samples.values, "trend": fitted, "residual": samples.values - fitted},
        geometry=shapely.points(samples.coordinates), crs=points.crs,
    )  # fmt: skip
    frame.attrs[TEXT_COLUMNS] = {
        column: {key: said[key] for key in ("unit", "quantity", "title") if said[key]},
        "trend": {"unit": said["unit"], "title": "Trend"},
        "residual": {"unit": said["unit"], "title": "Value less trend"},
    }
    return Trend(grid, frame)
