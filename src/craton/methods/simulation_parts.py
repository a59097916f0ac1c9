"""What the processes of simulation share: samples on cells, realizations, and their grids."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr

from craton.kernels.covariance import Model
from craton.kernels.sequential_simulation import Weights, weights_along_path
from craton.methods.geostatistics import (
    Spots,
    cells_of,
    given_or_fitted,
    spots_of,
)
from craton.methods.kriging import Region, refuse_power
from craton.methods.placement import on_cells
from craton.methods.simulation_scores import Scores, scores_of
from craton.methods.variogram_model import Part, model_words
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import Bounds

MOST_NUMBERS = 1 << 28
"""Cells of all realizations together; they take 1 GB."""

SAME_PLACE = 1e-5
"""Distance in metres up to which the middle of a cell is a sample."""

MOST_SEQUENTIAL = 2_000_000
"""Cells of a grid that is simulated one by one; their weights take 400 MB."""

Realizations = Annotated[int, Bounds(minimum=1, maximum=10_000)]
Seed = Annotated[int, Bounds(minimum=0, maximum=2**32 - 1)]


def prepared(
    id: str, points: gpd.GeoDataFrame, column: str, model: pd.DataFrame | None, *, scores: bool
) -> tuple[Spots, Scores, list[Part]]:
    """Samples as they are simulated, around 0, how to turn them back, and their model."""
    spots = spots_of(id, points, (column,))
    transform = scores_of(spots.values[:, 0], normal=scores)
    spots = spots._replace(values=transform.forth(spots.values))
    parts = given_or_fitted(id, model, spots)
    if scores and model is None:
        # Scores have the variance 1, which a fit to few lags may miss.
        whole = sum(one.sill for one in parts)
        parts = [one._replace(sill=one.sill / whole) for one in parts]
    refuse_power(id, parts)
    return spots, transform, parts


def snapped(
    id: str, spots: Spots, spacing: float, region: Region | None
) -> tuple[xr.DataArray, np.ndarray, np.ndarray]:
    """Grid over the samples, numbers of its cells that have one, and of the sample nearest their middle."""
    template = cells_of(id, spots, spacing, region, 1).template
    if template.size > MOST_SEQUENTIAL:
        allowed = f"so large that there are at most {MOST_SEQUENTIAL:,} cells"
        raise ContractError(id, "spacing", allowed, f"{spacing:g} m, which makes {template.size:,}")
    northing, easting = (template[axis].to_numpy() for axis in template.dims)
    row = np.round((northing[0] - spots.places[:, 1]) / spacing).astype(np.int64)
    column = np.round((spots.places[:, 0] - easting[0]) / spacing).astype(np.int64)
    # A sample on the outer edge belongs to the last cell.
    row, column = (
        np.where(np.abs(one - np.clip(one, 0, count - 1)) <= 1, np.clip(one, 0, count - 1), -1)
        for one, count in zip((row, column), template.shape, strict=True)
    )
    inside = np.flatnonzero((row >= 0) & (column >= 0))
    row, column = row[inside], column[inside]
    away = np.hypot(northing[row] - spots.places[inside, 1], easting[column] - spots.places[inside, 0])
    inside, row, column = (one[away <= spacing] for one in (inside, row, column))
    away = away[away <= spacing]
    order = np.argsort(away, kind="stable")
    cell, first = np.unique((row * template.shape[1] + column)[order], return_index=True)
    return template, cell, inside[order[first]]


def weights_of(
    model: Model, template: xr.DataArray, spacing: float, known: np.ndarray, neighbours: int, seed: int
) -> Weights:
    """Path and weights over the cells of `template` but those `known`."""
    shape = (1, template.shape[0], template.shape[1])
    steps = (1.0, -spacing, spacing)
    return weights_along_path(model, shape, steps, known, neighbours, np.random.default_rng([seed]))


def cells_with_data(spots: Spots, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the places (m, 3) that are a sample's, and of these samples."""
    from scipy.spatial import cKDTree

    away, nearest = cKDTree(spots.places).query(places, distance_upper_bound=SAME_PLACE)
    there = np.flatnonzero(np.isfinite(away))
    return there, nearest[there]


def check_size(id: str, cells: int, realizations: int) -> None:
    """Refuse more numbers than memory is meant for."""
    if cells * realizations > MOST_NUMBERS:
        allowed = f"so few that all grids have at most {MOST_NUMBERS:,} cells"
        raise ContractError(id, "realizations", allowed, f"{realizations} of {cells:,} cells")


def drawn(
    shape: tuple[int, ...], count: int, seed: int, draw: Callable[[np.random.Generator], np.ndarray]
) -> np.ndarray:
    """Fields (count, *shape), each from a generator of its own; see `drawn_by_number`."""
    return drawn_by_number(shape, count, seed, lambda _number, random: draw(random))


def drawn_by_number(
    shape: tuple[int, ...], count: int, seed: int, draw: Callable[[int, np.random.Generator], np.ndarray]
) -> np.ndarray:
    """Fields (count, *shape), each from a generator of its own: more fields change none of the first."""
    fields = np.empty((count, *shape), dtype=np.float64 if count * np.prod(shape) < 1 << 24 else np.float32)
    for number in progress.each(range(count), "realizations"):
        fields[number] = draw(number, np.random.default_rng([seed, number + 1]))
    return fields


def stacked(
    template: xr.DataArray, fields: np.ndarray, name: str, note: dict[str, str], parts: list[Part]
) -> xr.DataArray:
    """Fields (realizations, rows, columns) on the cells of `template`."""
    first = on_cells(template, fields[0], **({"name": name} | note))
    stack = first.expand_dims(realization=np.arange(len(fields))).copy(data=fields)
    return stack.assign_attrs(variogram_model=model_words(parts))
