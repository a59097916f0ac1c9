"""Local anomalies of geochemical maps: each cell against the cells around it."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from craton.kernels import moving_window
from craton.methods.placement import Place, on_cells, place_of, plane_of
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Grid, Unit
from craton.process.processes import process

MOST_WINDOWS = 25
"""Windows of a singularity index, at most; more say nothing new."""

Concentrations = Annotated[xr.DataArray, Grid(plane=True)]
LikeGrid = Annotated[xr.DataArray, Grid(plane=True, like="grid")]
RatioGrid = Annotated[xr.DataArray, Grid(plane=True, unit="1")]
Radius = Annotated[float, Unit("m"), Bounds(above=0)]
Values = NDArray[np.float64]


class Singularity(NamedTuple):
    """Index, its standard error, correlation, and density."""

    singularity: RatioGrid
    standard_error: RatioGrid
    correlation: RatioGrid
    density: LikeGrid


class LocalAnomaly(NamedTuple):
    """Background, threshold, and how far above it a cell lies."""

    background: LikeGrid
    threshold: LikeGrid
    score: RatioGrid


class MedianContrast(NamedTuple):
    """Contrast and the median it is against."""

    contrast: RatioGrid
    median: LikeGrid


@process(
    "geochemistry.singularity",
    version="1",
    keywords=("local singularity", "multifractal", "weak anomaly", "LSA", "奇异性"),
)
def singularity(
    grid: Concentrations, radius: Radius = 5000.0, *, smallest: Radius | None = None
) -> Singularity:
    """Local singularity index: how fast the mean around a cell grows as the window shrinks to it.

    Use it to find weak anomalies, also in low background and under cover, that no one threshold shows: it
    compares each cell with its surroundings only. An index below 2 is enrichment, above 2 depletion, and 2 is
    a level field. Interpolation smooths the smallest windows, so begin at about the distance of the samples.
    Not for logarithms or scores, which may be negative.

    Parameters
    ----------
    grid : DataArray
        Concentrations of 0 or more on even rows and columns in metres.
    radius : float
        Half the side of the largest window, in metres, at least one cell; three are better.
    smallest : float
        Half the side of the smallest window, in metres. Left out, the cell itself.

    Returns
    -------
    singularity : DataArray
        Singularity index α. NaN where the cell has no value or fewer than two windows have a mean above 0.
    standard_error : DataArray
        Standard error of the index; NaN with only two windows.
    correlation : DataArray
        Correlation of the logarithms of mean and size, near -1 or 1 where the power law holds; 0 where the
        field is level.
    density : DataArray
        Fractal density c, the mean that the law gives for a window of 1 km, in the unit of the grid.

    Notes
    -----
    ln mean(ε) = ln c + (α - 2) ln ε is fitted by least squares over windows of side ε = (2h + 1) cells,
    h in whole cells up to the radius, at most 25 of them evenly chosen. Windows over an edge or a gap count
    the cells that have a value; where cells are not square, windows have their shape. Sums come from one
    summed-area table, so wide windows cost no more.

    References
    ----------
    Cheng, Q. (2007), Mapping singularities with stream sediment geochemical data for prediction of
    undiscovered mineral deposits in Gejiu, Yunnan Province, China, Ore Geology Reviews 32, 314-324,
    doi:10.1016/j.oregeorev.2006.10.002.

    Chen, Z., Cheng, Q., Chen, J. and Xie, S. (2007), A novel iterative approach for mapping local
    singularities from geochemical data, Nonlinear Processes in Geophysics 14, 317-324,
    doi:10.5194/npg-14-317-2007.
    """
    id = "geochemistry.singularity"
    cells, place, values = _positive(id, grid)
    side = float(np.sqrt(place.spacing[0] * place.spacing[1]))
    halves = _windows(id, place, side, radius, smallest or 0.0)
    found = moving_window.mean_scaling(values, halves, side / 1e3)
    named = {"unit": "1", "quantity": "singularity_index"}
    index = _layer(cells, found.exponent, "singularity_index", "Singularity index", **named)
    error = _layer(cells, found.error, "standard_error", "Standard error of the singularity index", unit="1")
    correlation = _layer(cells, found.correlation, "correlation", "Correlation of the power law", unit="1")
    density = _layer(
        cells, found.density, "density", "Fractal density", unit=str(grid.attrs.get("units", "")),
        quantity=str(grid.attrs.get("standard_name", "")),
    )  # fmt: skip
    layers = (index, error, correlation, density)
    return Singularity(*(layer.transpose(*grid.dims) for layer in layers))


@process(
    "geochemistry.local_anomaly",
    version="1",
    keywords=("moving window", "local threshold", "moving average", "residual", "移动平均"),
)
def local_anomaly(
    grid: Concentrations,
    radius: Radius = 10_000.0,
    *,
    factor: Annotated[float, Unit("1"), Bounds(minimum=0, maximum=10)] = 2.0,
) -> LocalAnomaly:
    """Threshold that follows the map: local mean plus some standard deviations, in a moving window.

    Use it where the background changes from one rock unit to the next. The window must be wider than the
    anomalies, or they raise their own threshold; `geochemistry.median_contrast` suffers less from this. Take
    the logarithm of skew data first (`grid.algebra`).

    Parameters
    ----------
    grid : DataArray
        Values on even rows and columns in metres.
    radius : float
        Half the side of the square window, in metres, taken to whole cells, at least one.
    factor : float
        Standard deviations above the mean at which a value is anomalous.

    Returns
    -------
    background : DataArray
        Mean in the window.
    threshold : DataArray
        Mean plus `factor` standard deviations.
    score : DataArray
        (value - mean) / standard deviation; anomalous where it is above `factor`. 0 where the window is
        level. All are NaN where the cell has no value, threshold and score also where the window has only
        one.

    Notes
    -----
    Windows over an edge or a gap count the cells that have a value; deviations are divided by their number
    less one. The cost does not grow with the window.

    References
    ----------
    Crow, F. C. (1984), Summed-area tables for texture mapping, Computer Graphics 18(3), 207-212.

    Hawkes, H. E. and Webb, J. S. (1962), Geochemistry in mineral exploration, Harper & Row, New York.
    """
    id = "geochemistry.local_anomaly"
    cells, place, values = _known(id, grid)
    mean, deviation = moving_window.mean_and_deviation(values, _half(id, place, radius))
    gaps = ~np.isfinite(values)
    mean[gaps] = deviation[gaps] = np.nan
    score = np.divide(values - mean, deviation, out=deviation * 0.0, where=deviation > 0)
    threshold = cells.copy(data=mean + factor * deviation).rename("threshold")
    return LocalAnomaly(
        cells.copy(data=mean).rename("background").transpose(*grid.dims),
        threshold.transpose(*grid.dims),
        _layer(cells, score, "score", "Deviations above the local mean", unit="1").transpose(*grid.dims),
    )


@process(
    "geochemistry.median_contrast",
    version="1",
    keywords=("sub-region median contrast filter", "contrast", "weak anomaly", "子区中位数衬值滤波"),
)
def median_contrast(grid: Concentrations, radius: Radius = 10_000.0) -> MedianContrast:
    """Contrast of each cell with the median around it.

    Use it to level out backgrounds of different rocks and to bring forward weak, narrow anomalies: up to half
    of a window can be anomalous before its median follows. Choose the window at least twice as wide as what
    is sought. Values near zero make ratios without meaning.

    Parameters
    ----------
    grid : DataArray
        Concentrations of 0 or more on even rows and columns in metres.
    radius : float
        Half the side of the square window, in metres, taken to whole cells, at least one.

    Returns
    -------
    contrast : DataArray
        Value / median; NaN where the median is 0 or the cell has no value.
    median : DataArray
        Median of the window, in the unit of the grid.

    Notes
    -----
    Windows over an edge or a gap count the cells that have a value. Medians are exact.

    References
    ----------
    Shi, C., Zhang, J. and Huang, X. (1999), Subregion median contrast filtering method and recognition of
    weak anomalies, Geophysical and Geochemical Exploration 23(4), 250-257 (in Chinese).

    Huang, T. S., Yang, G. J. and Tang, G. Y. (1979), A fast two-dimensional median filtering algorithm, IEEE
    Transactions on Acoustics, Speech, and Signal Processing 27(1), 13-18.
    """
    id = "geochemistry.median_contrast"
    cells, place, values = _positive(id, grid)
    median = moving_window.moving_median(values, _half(id, place, radius))
    median[~np.isfinite(values)] = np.nan
    contrast = np.divide(values, median, out=np.full(values.shape, np.nan), where=median > 0)
    layer = _layer(cells, contrast, "contrast", "Contrast with the local median", unit="1")
    return MedianContrast(
        layer.transpose(*grid.dims), cells.copy(data=median).rename("median").transpose(*grid.dims)
    )


def _known(id: str, grid: xr.DataArray) -> tuple[xr.DataArray, Place, Values]:
    """`grid` as rows and columns, its place, and its cells with NaN where there is no value."""
    cells = plane_of(id, "grid", grid)
    values = cells.to_numpy().astype(np.float64)
    values[~np.isfinite(values)] = np.nan
    if np.isnan(values).all():
        raise ContractError(id, "grid", "a grid with values", "one without")
    return cells, place_of(id, "grid", grid), values


def _positive(id: str, grid: xr.DataArray) -> tuple[xr.DataArray, Place, Values]:
    """As `_known`; refused where a value is below 0."""
    known = _known(id, grid)
    low = float(np.nanmin(known[2]))
    if low < 0:
        raise ContractError(
            id, "grid", "a grid of values of 0 or more", f"one down to {low:g}",
            hint="give concentrations, not logarithms; cut small negative ones off with grid.algebra",
        )  # fmt: skip
    return known


def _half(id: str, place: Place, radius: float) -> int:
    """Half width in cells of a window of `radius` metres."""
    side = float(np.sqrt(place.spacing[0] * place.spacing[1]))
    half = round(radius / side)
    if half < 1:
        raise ContractError(id, "radius", f"at least one cell, {side:g} m", f"{radius:g} m")
    return min(half, max(place.shape))


def _windows(id: str, place: Place, side: float, radius: float, smallest: float) -> NDArray[np.int64]:
    """Half widths of the windows, two at least."""
    first, last = round(smallest / side), _half(id, place, radius)
    if last <= first:
        allowed = f"at least one cell, {side:g} m, less than the radius"
        raise ContractError(id, "smallest", allowed, f"{smallest:g} m of {radius:g} m")
    count = min(MOST_WINDOWS, last - first + 1)
    return np.unique(np.linspace(first, last, count).round().astype(np.int64))


def _layer(
    cells: xr.DataArray, values: Values, name: str, title: str, *, unit: str, quantity: str = ""
) -> xr.DataArray:
    return on_cells(cells, values, name=name, unit=unit, quantity=quantity, title=title)
