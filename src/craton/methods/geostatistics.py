"""What the geostatistical processes share: samples in metres, models fitted to them, kriging in batches."""

from __future__ import annotations

from typing import Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr

from craton.kernels import covariance as cov
from craton.kernels import kriging as dense
from craton.kernels import kriging_groups as near
from craton.kernels import kriging_local as local
from craton.kernels import variogram as pairs
from craton.kernels import variogram_fit as fitting
from craton.methods.placement import crs_of
from craton.methods.points_samples import Samples, described, template_of
from craton.methods.variogram_model import NUGGET, Part, parts_of
from craton.model import crs as systems
from craton.model import units
from craton.model.errors import ContractError
from craton.process import progress

BATCH = 1 << 14
"""Groups of cells between two looks at who listens."""

LAGS = 15
"""Lags of a variogram that nobody chose."""

CUTOFF = 3.0
"""Part of the diagonal of the data that such a variogram reaches: one in so many."""

AUTOMATIC = ("spherical", "exponential", "gaussian")
"""Structures of which the best is taken where none is named."""

FEWEST_LAGS = 3
"""Lags with pairs that a fit needs."""

PER_FUNCTION = 2
"""Neighbours for each drift function that are the fewest: with as many as functions, errors of data grow."""

MOST_FITTED = 5000
"""Places that are used for a variogram nobody asked for; of more, so many are drawn."""

MOST_AT_ONCE = 8000
"""Places that are kriged all at once; their matrix has 512 MB."""

BLOCK_POINTS = 4
"""Points along each side of a block that stand for it."""

Sides = tuple[float, float, float]
"""Sides of a block to the east, to the north and upward, in metres; 0 where it is flat."""

Weights = Literal["cressie", "pairs", "pairs_by_distance", "equal"]


class Spots(NamedTuple):
    """Distinct places (n, 3) as easting, northing, upward in metres, their values (n, c), and the system."""

    places: np.ndarray
    values: np.ndarray
    crs: str


def spots_of(
    id: str,
    points: gpd.GeoDataFrame,
    columns: tuple[str, ...],
    upward: str | None = None,
    *,
    mean: bool = True,
) -> Spots:
    """Places of `points` with all of `columns`, in an order of their own, values at one place averaged.

    Rows without a place or a value are left out. With `mean` false, values at one place stay apart.
    """
    crs = crs_of(points)
    if systems.axes(crs).unit != "m":
        raise ContractError(
            id, "points", "in a reference system in metres", f"in one in {systems.axes(crs).unit}",
            hint="transform it first, with vector.reproject",
        )  # fmt: skip
    coordinates, row = shapely.get_coordinates(points.geometry.to_numpy(), return_index=True)
    heights = _numbers(points, upward)[row] if upward else np.zeros(len(row))
    places = np.column_stack([coordinates, heights])
    values = np.column_stack([_numbers(points, one)[row] for one in columns])
    used = np.isfinite(places).all(axis=1) & np.isfinite(values).all(axis=1)
    if not used.any():
        raise ContractError(id, "points", "a table of at least one point with a value", "one of none")
    places, values = places[used] + 0.0, values[used]
    if mean:
        return Spots(*dense.distinct_places(places, values), crs)
    order = np.lexsort((*values.T, *places.T[2:], places[:, 0], places[:, 1]))
    return Spots(places[order], values[order], crs)


def _numbers(table: pd.DataFrame, column: str) -> np.ndarray:
    numbers: np.ndarray = table[column].to_numpy(dtype=np.float64, na_value=np.nan)
    return numbers


def extent_of(*places: np.ndarray) -> float:
    """Diagonal of the box around all places (n, 3), in metres."""
    low = np.min([one.min(axis=0) for one in places], axis=0)
    high = np.max([one.max(axis=0) for one in places], axis=0)
    return float(np.linalg.norm(high - low))


def covariance_model(parts: list[Part]) -> cov.Model:
    """The model that the rows of a table describe."""
    nugget = sum(one.sill for one in parts if one.structure == NUGGET)
    rest = [one for one in parts if one.structure != NUGGET and one.sill > 0]
    kinds = [cov.NAMES.index("power" if one.structure == "linear" else one.structure) for one in rest]
    shapes = [
        one.shape if kind in {cov.MATERN, cov.POWER} else 0.0 for kind, one in zip(kinds, rest, strict=True)
    ]
    matrices = [
        cov.reduction(kind, shape, (one.range, one.range_across, one.range_vertical), one.azimuth, one.dip)
        for kind, shape, one in zip(kinds, shapes, rest, strict=True)
    ]
    return cov.Model(
        np.array(kinds, dtype=np.int64), np.array(shapes, dtype=np.float64), np.ones(len(rest)),
        np.array(matrices, dtype=np.float64).reshape(len(rest), 3, 3),
        np.array([one.sill for one in rest], dtype=np.float64).reshape(len(rest), 1, 1),
        np.array([[float(nugget)]]),
    )  # fmt: skip


def given_or_fitted(id: str, model: pd.DataFrame | None, spots: Spots) -> list[Part]:
    """Structures of `model`, or of the model that fits the first values of `spots` best."""
    if model is not None:
        parts = parts_of(id, "model", model)
        if not any(one.sill > 0 for one in parts):
            raise ContractError(id, "model", "of a sill above 0", "one that is zero everywhere")
        return parts
    return automatic_parts(id, spots)


def automatic_parts(id: str, spots: Spots) -> list[Part]:
    """The best of the usual structures and a nugget, fitted to the variogram of `spots`."""
    places, values = spots.places, spots.values[:, 0]
    if len(places) > MOST_FITTED:
        drawn = np.sort(np.random.default_rng(0).choice(len(places), MOST_FITTED, replace=False))
        places, values = places[drawn], values[drawn]
    width = extent_of(places) / CUTOFF / LAGS
    lags = lags_of(places, values, width) if width > 0 else None
    if lags is None or lags.values.size < FEWEST_LAGS or not lags.values.max() > 0:
        raise ContractError(
            id, "model", "given where a column has one value only, or too few places for a fit",
            f"left out with {len(spots.places)} places", hint="make one with geostatistics.variogram_model",
        )  # fmt: skip
    return fitted_parts(lags, AUTOMATIC, "cressie", single=True)


def check_drift(id: str, functions: np.ndarray, neighbours: int | None, name: str = "points") -> None:
    """Refuse drift functions (n, p) that the places leave open, and too few neighbours to fit them anew."""
    places, wanted = functions.shape
    if wanted < 2:
        return
    if len(dense.independent_columns(functions)) < wanted:
        raise ContractError(
            id, name, f"at least {wanted} places that a drift can be fitted to",
            f"{places} places on a line or curve that leaves it open",
            hint="use geostatistics.ordinary_kriging",
        )  # fmt: skip
    if neighbours is not None and neighbours < min(PER_FUNCTION * wanted, places):
        raise ContractError(
            id, "neighbours", f"{PER_FUNCTION * wanted} or more for a drift of {wanted} functions",
            str(neighbours),
        )  # fmt: skip


def lags_of(places: np.ndarray, values: np.ndarray, width: float, count: int = LAGS) -> fitting.Lags:
    """Classical variogram in all directions, lags without pairs left out."""
    number, distances, squares = pairs.pair_sums(places, values, values, width, count, pairs.EVERYWHERE, 0)
    there = number > 0
    number, distances, squares = number[there], distances[there], squares[there]
    vectors = np.column_stack([distances / number, np.zeros((number.size, 2))])
    return fitting.Lags(vectors, squares / number / 2, number)


def fitted_parts(
    lags: fitting.Lags,
    structures: tuple[str, ...],
    weights: Weights,
    *,
    shape: float | None = None,
    directions: tuple[bool, bool] = (False, False),
    azimuth: float | None = None,
    single: bool = False,
    nugget: bool = True,
) -> list[Part]:
    """Nugget and `structures` fitted to `lags`; with `single`, the one of them that fits best.

    Whether ranges differ by azimuth and by dip is in `directions`; see `kernels.variogram_fit.Shape`.
    """
    choices = [(one,) for one in structures] if single else [structures]
    best: tuple[tuple[str, ...], fitting.Fit] | None = None
    for choice in choices:
        kinds = tuple(cov.NAMES.index("power" if one == "linear" else one) for one in choice)
        shapes = tuple(_shape(one, shape) for one in choice)
        found = fitting.fit(lags, fitting.Shape(kinds, shapes, *directions, nugget, azimuth), weights)
        if best is None or found.misfit < best[1].misfit:
            best = choice, found
    assert best is not None
    names, fit = best
    parts = []
    for name, sill, (along, across, third) in zip(names, fit.sills, fit.ranges, strict=True):
        extra = _shape(name, shape) or np.nan
        ranges = float(along), float(across), float(third)
        parts.append(Part(name, float(sill), *ranges, azimuth=fit.azimuth, shape=extra))
    return [Part(NUGGET, fit.nugget, *[np.nan] * 3), *parts] if fit.nugget > 0 else parts


def _shape(structure: str, shape: float | None) -> float:
    if structure == "linear":
        return 1.0
    return (shape or 1.5) if structure in {"matern", "power"} else 0.0


def product_unit(points: pd.DataFrame, one: str, other: str) -> str:
    """Unit of the product of two columns, empty where one of them states none."""
    first, second = (described(points, column)["unit"] for column in (one, other))
    if "1" in {first, second}:
        return first if second == "1" else second
    if first == second:
        return units.parse("/".join(f"{part}2" for part in first.split("/"))) or "" if first else ""
    top, bottom = zip(*(unit.partition("/")[::2] for unit in (first, second)), strict=True)
    below = "".join(f"/{part}" for part in bottom if part)
    return (units.parse(f"{top[0]} {top[1]}{below}") or "") if all(top) else ""


class Cells(NamedTuple):
    """Cells of a new grid: an empty grid of two axes, places of the cells (m, 3) and their tiles (m,)."""

    template: xr.DataArray
    places: np.ndarray
    tiles: np.ndarray


def cells_of(
    id: str, spots: Spots, spacing: float, region: tuple[float, float, float, float] | None, neighbours: int
) -> Cells:
    """Cells over `region`, or over the samples."""
    template = template_of(id, Samples(spots.places[:, :2], spots.values[:, 0], spots.crs), spacing, region)
    return cells_on(template, len(spots.places), neighbours)


def cells_on(template: xr.DataArray, count: int, neighbours: int) -> Cells:
    """Cells of a grid of two axes, in tiles that suit `count` data."""
    northing, easting = (template[axis].to_numpy().astype(np.float64) for axis in template.dims)
    north, east = np.meshgrid(northing, easting, indexing="ij")
    places = np.column_stack([east.ravel(), north.ravel(), np.zeros(east.size)])
    side = near.tile_side(east.size / count, neighbours)
    row, column = np.divmod(np.arange(east.size), easting.size)
    return Cells(template, places, row // side * (easting.size // side + 1) + column // side)


def estimated(
    model: cov.Model,
    data: near.Data,
    targets: near.Targets,
    neighbours: int,
    *,
    block: Sides | None = None,
) -> dense.Estimate:
    """Local kriging of points or blocks in batches, as `kernels.kriging_local.krige`."""
    model = cov.for_region(model, extent_of(data.places, targets.places))
    groups = near.find_groups(data, targets, near.metric(model), neighbours)
    count = len(targets.places)
    offsets, within = _block(model, block)
    into = dense.Estimate(np.empty((count, data.values.shape[1])), np.empty(count))
    for start in progress.each(range(0, len(groups.near), BATCH), "kriging"):
        batch = range(start, min(start + BATCH, len(groups.near)))
        local.krige(model, data, targets, groups, batch, into, offsets=offsets, within=within)
    return into


def estimated_at_once(
    id: str,
    model: cov.Model,
    data: near.Data,
    targets: near.Targets,
    *,
    block: Sides | None = None,
) -> dense.Estimate:
    """Kriging of one variable with all data for every target."""
    if len(data.places) > MOST_AT_ONCE:
        raise ContractError(
            id, "neighbours", f"given where there are more than {MOST_AT_ONCE} places",
            f"left out with {len(data.places)}",
        )  # fmt: skip
    model = cov.for_region(model, extent_of(data.places, targets.places))
    used = dense.independent_columns(data.drift)
    system = dense.System(model, data.places, data.values[:, 0], data.drift[:, used])
    offsets, within = _block(model, block)
    found = system.estimate(targets.places, targets.drift[:, used], offsets, within=within)
    return dense.Estimate(found.values[:, None], found.variances)


def _block(model: cov.Model, block: Sides | None) -> tuple[np.ndarray | None, float]:
    """Points of a block about its centre, and the mean covariance between them.

    Both are of the same points, so that variances are those of one and the same mean.
    """
    if block is None:
        return None, 0.0
    counts = tuple(BLOCK_POINTS if side > 0 else 1 for side in block)
    offsets = dense.block_offsets(block, (counts[0], counts[1], counts[2]))
    return offsets, float(cov.covariances(model, offsets, offsets, nugget=False).mean())


def is_far(spots: Spots, places: np.ndarray, distance: float) -> np.ndarray:
    """Whether places (m, 3) are farther than `distance` metres from every sample."""
    from scipy.spatial import cKDTree

    # The tree leaves out what is exactly as far as allowed.
    reach = np.nextafter(distance, np.inf)
    nearest = cKDTree(spots.places).query(places, distance_upper_bound=reach, workers=2)[1]
    far: np.ndarray = nearest == len(spots.places)
    return far
