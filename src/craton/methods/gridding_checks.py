"""How good a grid of scattered values is: predictions at points that were held back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from craton.methods.gridding_surfaces import (
    Edges,
    Metres,
    NumberColumn,
    Points,
    Spacing,
    Surface,
    Tension,
    blocks_of,
    curvature_surface,
    empty_grid,
    gridded,
    natural_surface,
    plane_samples,
    round_spacing,
    spline_surface,
    trend_surface,
    weighted_surface,
)
from craton.methods.placement import Region
from craton.methods.points_samples import Samples, described
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.data import TEXT_COLUMNS
from craton.process.marks import Bounds, Column, Grid, Table, Unit
from craton.process.processes import process

Method = Literal["minimum_curvature", "spline", "natural_neighbour", "inverse_distance", "polynomial_trend"]
Folds = Annotated[int, Bounds(minimum=2, maximum=100)]
Seed = Annotated[int, Bounds(minimum=0)]
Degree = Annotated[int, Bounds(minimum=0, maximum=8)]
Damping = Annotated[float, Unit("1"), Bounds(minimum=0, maximum=1e6)]
Power = Annotated[float, Unit("1"), Bounds(above=0, maximum=20)]

FEWEST_POINTS = 4
"""Points of which some can be held back and the rest still give a surface."""


class Candidate(NamedTuple):
    """One way to lay a surface: its method, its setting in words, and what lays it through samples."""

    method: str
    setting: str
    lay: Callable[[Samples], Surface]


@process(
    "gridding.cross_validation",
    version="1",
    keywords=("leave-out", "k-fold", "blocked", "compare gridding methods", "交叉验证"),
)
def cross_validation(
    points: Points,
    column: NumberColumn,
    *,
    methods: tuple[Method, ...] = ("minimum_curvature", "spline", "natural_neighbour", "inverse_distance"),
    tensions: tuple[Tension, ...] = (0.0, 0.25, 0.5),
    dampings: tuple[Damping, ...] = (0.0, 0.1),
    powers: tuple[Power, ...] = (2.0, 4.0),
    degrees: tuple[Degree, ...] = (1, 2),
    spacing: Spacing | None = None,
    folds: Folds = 5,
    block: Metres | None = None,
    seed: Seed = 0,
) -> Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="method", title="Process, without gridding."),
            Column(name="setting", title="Setting"),
            Column(name="points", unit="1", title="Points predicted"),
            Column(name="rmse", title="Root mean square error"),
            Column(name="mae", title="Mean absolute error"),
            Column(name="bias", title="Mean error"),
            Column(name="r2", unit="1", title="Part of the variance predicted"),
            Column(name="best", title="Whether it has the least root mean square error"),
        )
    ),
]:
    """Table of how well each way of gridding predicts points that were held back, best first.

    Use it to choose a method and its setting from the data, and to tell users
    what error to expect. Points are held back in whole blocks: single points
    beside others are easy to predict, and would flatter every method.

    Parameters
    ----------
    points : GeoDataFrame
        Places with values, four or more, in a projected system in metres. Rows without place or value are
        left out; several values at one place are averaged.
    column : str
        Column of the values.
    methods : tuple
        Methods to compare: those of the processes `gridding.*` of the same names.
    tensions : tuple
        Tensions to try with `minimum_curvature`.
    dampings : tuple
        Dampings to try with `spline`.
    powers : tuple
        Powers to try with `inverse_distance`.
    degrees : tuple
        Degrees to try with `polynomial_trend`.
    spacing : float
        Side of the cells of `minimum_curvature`. Left out, half the mean distance between points, as a round
        number.
    folds : int
        Parts into which the blocks are dealt; each part is predicted from all others.
    block : float
        Side of a block. It should be about as wide as the gaps that the grid has to fill. Left out, twice
        the mean distance between points.
    seed : int
        Which blocks go into which part; the same seed gives the same table.

    Returns
    -------
    DataFrame
        One row for each method and setting, by rising root mean square error, which together with the mean
        absolute error and the bias (predicted less observed) is in the unit of `column`. `r2` is 1 for
        perfect and 0 or below for no better than the mean. All rows count the same points: those that
        every method could predict (natural neighbours do not reach outside their outline).

    Notes
    -----
    The error between measured points is what is told, for the spacing and clustering of these points; where
    a survey has a hole wider than a block the error is larger.

    References
    ----------
    Roberts, D. R., and others (2017). Cross-validation strategies for data with temporal, spatial,
    hierarchical, or phylogenetic structure. Ecography 40(8), 913-929. doi:10.1111/ecog.02881
    """
    id = "gridding.cross_validation"
    samples = plane_samples(id, points, column)
    if not methods:
        raise ContractError(id, "methods", "one method or more", "none")
    cells = spacing or round_spacing(samples.coordinates)
    settings = {
        "minimum_curvature": tensions, "spline": dampings, "inverse_distance": powers,
        "polynomial_trend": degrees,
    }  # fmt: skip
    tried = [
        one for method in methods for one in _candidates(id, method, settings.get(method), cells, samples)
    ]
    part = _parts(id, samples, folds, block, seed)
    predicted = np.stack([_predicted(one, samples, part) for one in progress.each(tried, "methods")])
    counted = np.isfinite(predicted).all(axis=0)
    if not counted.any():
        raise ContractError(id, "methods", "methods that can predict points held back", "none could")
    errors = predicted[:, counted] - samples.values[counted]
    return _table(tried, errors, samples.values[counted], described(points, column)["unit"])


@process(
    "gridding.error_map", version="1", keywords=("uncertainty", "jackknife", "interpolation error", "误差")
)
def error_map(
    points: Points,
    column: NumberColumn,
    spacing: Spacing | None = None,
    *,
    method: Method = "minimum_curvature",
    estimate: Literal["jackknife", "distance"] = "jackknife",
    neighbours: Annotated[int, Bounds(minimum=1, maximum=1000)] = 16,
    folds: Folds = 5,
    block: Metres | None = None,
    seed: Seed = 0,
    region: Edges | None = None,
) -> Annotated[xr.DataArray, Grid()]:
    """Grid of the error to expect of a grid, from points that were held back.

    Use it to show where a map can be trusted and where to measure next. It is an
    estimate from the data themselves, with no model of the field: an anomaly that
    no point has touched it cannot know of. With a model, kriging says more.

    Parameters
    ----------
    points : GeoDataFrame
        As for `gridding.cross_validation`.
    column : str
        Column of the values.
    spacing : float
        Side of a cell, also of the grids tried. Left out, half the mean distance between points, as a round
        number.
    method : str
        Method of the grid whose error is asked for, with its usual settings (tension 0.25, no damping,
        power 2, degree 1).
    estimate : str
        `jackknife` takes the errors of the nearest points that were held back: high where values are rough
        or wild. `distance` takes how the error grows with the distance to the nearest point, over all
        points: high where points are far.
    neighbours : int
        Nearest points of which `jackknife` takes the error.
    folds : int
        As for `gridding.cross_validation`.
    block : float
        As for `gridding.cross_validation`. It sets from how far points were predicted.
    seed : int
        As for `gridding.cross_validation`.
    region : tuple
        As for `gridding.minimum_curvature`.

    Returns
    -------
    DataArray
        Root mean square error in the unit of `column`; the first row in the north.

    Notes
    -----
    With the error eᵢ of point i predicted without its part of the blocks: `jackknife` is √(Σ wᵢ eᵢ² / Σ wᵢ)
    over the nearest points, wᵢ = 1 / (dᵢ² + s²) with the mean distance s between points. As whole blocks were
    held back it is rather too large on the points themselves. `distance` is √f(d), with f the rising
    (isotonic) regression of eᵢ² on the distance from point i to the nearest that was not held back; beyond
    the largest of these distances it stays the same, and is too small.

    References
    ----------
    Efron, B. (1982). The jackknife, the bootstrap and other resampling plans. SIAM.
    doi:10.1137/1.9781611970319

    Barlow, R. E., and others (1972). Statistical inference under order restrictions. Wiley.
    """
    id = "gridding.error_map"
    samples = plane_samples(id, points, column)
    template = empty_grid(id, samples, spacing, region)
    usual = {"minimum_curvature": 0.25, "spline": 0.0, "inverse_distance": 2.0, "polynomial_trend": 1}
    only = (usual[method],) if method in usual else None
    (candidate,) = _candidates(id, method, only, float(template.attrs["spacing"]), samples)
    part = _parts(id, samples, folds, block, seed)
    squares = (_predicted(candidate, samples, part) - samples.values) ** 2
    known = np.isfinite(squares)
    if not known.any():
        raise ContractError(id, "method", "one that can predict points held back", method)
    held = Samples(samples.coordinates[known], squares[known], samples.crs)
    surface = (
        _near_errors(held, neighbours)
        if estimate == "jackknife"
        else _errors_by_distance(samples, held, part, known)
    )
    grid = gridded(points, column, template, surface)
    kept = {"units": grid.attrs["units"]} if "units" in grid.attrs else {}
    grid.attrs = {"crs": grid.attrs.get("crs", ""), **kept, "long_name": f"Error of {column}"}
    return grid.rename("error")


def _candidates(
    id: str, method: str, settings: tuple[float, ...] | None, spacing: float, samples: Samples
) -> list[Candidate]:
    """Each setting of a method; the region is that of all samples, also where some are held back."""
    template = empty_grid(id, samples, spacing, None)
    low, high = samples.coordinates.min(axis=0), samples.coordinates.max(axis=0)
    region: Region = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))

    def lay(some: Samples, setting: float) -> Surface:
        if method == "minimum_curvature":
            return curvature_surface(id, some, template, tension=setting)
        if method == "spline":
            return spline_surface(some, damping=setting, region=region)
        if method == "inverse_distance":
            return weighted_surface(some, power=setting, neighbours=12)
        if method == "polynomial_trend":
            return trend_surface(id, some, degree=int(setting), robust=False)
        return natural_surface(id, some)

    names = {
        "minimum_curvature": "tension", "spline": "damping", "inverse_distance": "power",
        "polynomial_trend": "degree",
    }  # fmt: skip
    if settings is None:
        return [Candidate(method, "", lambda some: lay(some, 0.0))]
    return [
        Candidate(method, f"{names[method]} {setting:g}", lambda some, setting=setting: lay(some, setting))  # type: ignore[misc]
        for setting in dict.fromkeys(settings)
    ]


def _parts(id: str, samples: Samples, folds: int, block: float | None, seed: int) -> np.ndarray:
    """Part (n,) that each sample is held back with: whole blocks, dealt by chance."""
    if samples.values.size < max(FEWEST_POINTS, folds):
        allowed = f"at least {max(FEWEST_POINTS, folds)} distinct places with values"
        raise ContractError(id, "points", allowed, str(samples.values.size))
    from craton.kernels.thin_plate import mean_distance

    side = block or 2 * mean_distance(samples.coordinates)
    blocks = np.unique(blocks_of(id, samples.coordinates, side), return_inverse=True)[1]
    while block is None and blocks.max() + 1 < folds:
        side /= 2
        blocks = np.unique(blocks_of(id, samples.coordinates, side), return_inverse=True)[1]
    if blocks.max() + 1 < folds:
        allowed = f"so small that there are {folds} blocks with points"
        raise ContractError(id, "block", allowed, f"{side:g} m, with {blocks.max() + 1}")
    dealt = np.random.default_rng(seed).permutation(np.arange(blocks.max() + 1) % folds)
    part: np.ndarray = dealt[blocks]
    return part


def _predicted(candidate: Candidate, samples: Samples, part: np.ndarray) -> np.ndarray:
    """Value (n,) that each sample is given by the samples of the other parts; NaN where none is."""
    values = np.full(samples.values.size, np.nan)
    for held in range(part.max() + 1):
        away = part == held
        rest = Samples(samples.coordinates[~away], samples.values[~away], samples.crs)
        values[away] = candidate.lay(rest)(samples.coordinates[away])
    return values


def _table(tried: list[Candidate], errors: np.ndarray, values: np.ndarray, unit: str) -> pd.DataFrame:
    """Measures of the errors (candidates, points) against the true values, best first."""
    spread = float(((values - values.mean()) ** 2).sum())
    squares = (errors**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        explained = np.where(spread > 0, 1 - squares / spread, np.nan)
    frame = pd.DataFrame(
        {
            "method": [one.method for one in tried],
            "setting": [one.setting for one in tried],
            "points": values.size,
            "rmse": np.sqrt(squares / values.size),
            "mae": np.abs(errors).mean(axis=1),
            "bias": errors.mean(axis=1),
            "r2": explained,
        }
    ).sort_values("rmse", kind="stable", ignore_index=True)
    frame["best"] = frame.index == 0
    frame.attrs[TEXT_COLUMNS] = {
        **{name: {"unit": unit} for name in ("rmse", "mae", "bias")},
        **{name: {"unit": "1"} for name in ("points", "r2")},
    }
    return frame


def _near_errors(held: Samples, neighbours: int) -> Surface:
    """Root of the weighted mean of the nearest squares."""
    from scipy.spatial import cKDTree

    from craton.kernels.thin_plate import mean_distance

    tree = cKDTree(held.coordinates)
    near = mean_distance(held.coordinates)
    count = min(neighbours, held.values.size)

    def values_at(places: np.ndarray) -> np.ndarray:
        away, which = tree.query(places, k=np.arange(1, count + 1))
        weights = 1 / (away**2 + near**2)
        errors: np.ndarray = np.sqrt((weights * held.values[which]).sum(axis=1) / weights.sum(axis=1))
        return errors

    return values_at


def _errors_by_distance(samples: Samples, held: Samples, part: np.ndarray, known: np.ndarray) -> Surface:
    """Root of the rising regression of squares on the distance to the nearest sample not held back."""
    from scipy.optimize import isotonic_regression
    from scipy.spatial import cKDTree

    away = np.empty(part.size)
    for number in range(part.max() + 1):
        out = part == number
        away[out] = cKDTree(samples.coordinates[~out]).query(samples.coordinates[out])[0]
    order = np.lexsort((held.values, away[known]))
    rising = isotonic_regression(held.values[order]).x
    tree = cKDTree(samples.coordinates)

    def values_at(places: np.ndarray) -> np.ndarray:
        errors: np.ndarray = np.sqrt(np.interp(tree.query(places)[0], away[known][order], rising))
        return errors

    return values_at
