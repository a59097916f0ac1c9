"""Surfaces: what the gridding processes share, and how each kind of surface is laid through samples.

A surface is a function of places (m, 2), easting and northing in metres, to values (m,).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import geopandas as gpd
import numpy as np
import xarray as xr

from craton.methods.placement import Region, on_cells
from craton.methods.points_samples import (
    Samples,
    described,
    in_strips,
    mean_samples,
    template_of,
    weighted_samples,
)
from craton.model.errors import ContractError
from craton.process.marks import Bounds, ColumnOf, Table, Unit

Points = Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))]
NumberColumn = Annotated[str, ColumnOf("points", numeric=True)]
Spacing = Annotated[float, Unit("m"), Bounds(above=0)]
Metres = Annotated[float, Unit("m"), Bounds(above=0)]
Edges = Annotated[tuple[float, float, float, float], Unit("m")]
Tension = Annotated[float, Unit("1"), Bounds(minimum=0, maximum=1)]
Reduction = Literal["median", "mean"]

Surface = Callable[[np.ndarray], np.ndarray]

BATCH = 1 << 16
"""Places whose neighbours are looked up at once."""

TUKEY = 4.685 * 1.4826
"""Median absolute residuals beyond which a value does not count in a robust trend."""

MOST_BLOCKS = float(1 << 31)
"""Blocks along one axis, beyond which their size is taken to be a mistake."""


def plane_samples(id: str, points: gpd.GeoDataFrame, column: str, *, every: bool = False) -> Samples:
    """Distinct places with their mean values, or `every` place, in an order of their own; never degrees."""
    samples = (weighted_samples if every else mean_samples)(id, points, column)
    if samples.is_geographic:
        raise ContractError(
            id, "points", "in a projected reference system in metres", "in longitudes and latitudes",
            hint="transform it first, with vector.reproject: a degree has no one length, and a surface would "
            "be torn at the antimeridian",
        )  # fmt: skip
    return samples


def empty_grid(id: str, samples: Samples, spacing: float | None, region: Region | None) -> xr.DataArray:
    """Grid over `region`, or over the samples, in cells of `spacing` or of a suitable round number.

    It states its spacing, which a grid of one row does not show.
    """
    side = spacing or round_spacing(samples.coordinates)
    return template_of(id, samples, side, region).assign_attrs(spacing=side)


def round_spacing(coordinates: np.ndarray) -> float:
    """Half the mean distance between places, down to 1, 2 or 5 times a power of ten."""
    from craton.kernels.thin_plate import mean_distance

    half = mean_distance(coordinates) / 2
    power = 10.0 ** np.floor(np.log10(half))
    return float(power * max(step for step in (1, 2, 5) if step * power <= half * (1 + 1e-9)))


def gridded(
    points: gpd.GeoDataFrame,
    column: str,
    template: xr.DataArray,
    surface: Surface,
    *,
    near: tuple[np.ndarray, float | None] | None = None,
) -> xr.DataArray:
    """`surface` on the cells of `template`, described as `column`; `near` as for `blanked`."""

    def values_at(eastings: np.ndarray, northings: np.ndarray) -> np.ndarray:
        return surface(np.column_stack([eastings.ravel(), northings.ravel()])).reshape(eastings.shape)

    cells = in_strips(template, values_at, "cells")
    if near is not None:
        blanked(cells, template, *near)
    return on_cells(template, cells, **described(points, column))


def blanked(cells: np.ndarray, template: xr.DataArray, places: np.ndarray, distance: float | None) -> None:
    """Set cells to NaN whose middle is farther than `distance` metres from all `places` (n, 2)."""
    if distance is not None:
        cells[distances(template, places, farthest=distance) > distance] = np.nan


def distances(template: xr.DataArray, places: np.ndarray, *, farthest: float = np.inf) -> np.ndarray:
    """Metres (rows, columns) from each cell to the nearest place, infinite beyond `farthest`."""
    from scipy.spatial import cKDTree

    tree = cKDTree(places)
    bound = np.nextafter(farthest, np.inf)

    def values_at(eastings: np.ndarray, northings: np.ndarray) -> np.ndarray:
        found: np.ndarray = tree.query(np.stack([eastings, northings], axis=-1), distance_upper_bound=bound)[
            0
        ]
        return found

    return in_strips(template, values_at, "distances")


def blocks_of(id: str, coordinates: np.ndarray, spacing: float) -> np.ndarray:
    """Number (n,) of the square block of each place, blocks having their corners at whole multiples."""
    cells = np.floor(coordinates / spacing)
    cells -= cells.min(axis=0)
    if not cells.max() < MOST_BLOCKS:
        raise ContractError(id, "spacing", "so large that blocks can be counted", f"{spacing:g} m")
    columns, rows = cells.astype(np.int64).T
    numbers: np.ndarray = rows * (columns.max() + 1) + columns
    return numbers


def curvature_cells(
    id: str,
    samples: Samples,
    template: xr.DataArray,
    *,
    tension: float,
    tolerance: float = 1e-4,
    limits: tuple[float, float] = (-np.inf, np.inf),
    median: bool = True,
    tell: Callable[[int, float], None] = lambda _cycle, _error: None,
) -> np.ndarray:
    """Cells (rows, columns) of the surface of minimum curvature through samples, one a cell."""
    from craton.kernels.block_reduce import reduce_blocks
    from craton.kernels.minimum_curvature import MARGIN, minimum_curvature

    northings, eastings = (template[axis].to_numpy() for axis in template.dims)
    spacing = float(template.attrs["spacing"])
    places = (samples.coordinates - (eastings[0], northings[0])) / (spacing, -spacing)
    places = places[:, ::-1]
    nodes = np.rint(places)
    near = ((nodes > -MARGIN) & (nodes < np.array(template.shape) + MARGIN - 1)).all(axis=1)
    if not near.any():
        raise ContractError(id, "region", "around one of the points at least", "one without a point")
    numbers = (nodes[near] + MARGIN) @ (template.shape[1] + 2 * MARGIN, 1)
    reduced = reduce_blocks(numbers.astype(np.int64), places[near], samples.values[near], median=median)
    return minimum_curvature(
        reduced.coordinates, reduced.values, (template.shape[0], template.shape[1]),
        tension=tension, tolerance=tolerance, limits=limits, tell=tell,
    ).nodes  # fmt: skip


def curvature_surface(
    id: str, samples: Samples, template: xr.DataArray, *, tension: float, tolerance: float = 1e-4
) -> Surface:
    """Surface of minimum curvature, between the cells of `template` by cubic splines."""
    from scipy.ndimage import map_coordinates

    cells = curvature_cells(id, samples, template, tension=tension, tolerance=tolerance)
    northings, eastings = (template[axis].to_numpy() for axis in template.dims)
    spacing = float(template.attrs["spacing"])

    def values_at(places: np.ndarray) -> np.ndarray:
        at = (northings[0] - places[:, 1]) / spacing, (places[:, 0] - eastings[0]) / spacing
        values: np.ndarray = map_coordinates(cells, at, order=3, mode="nearest")
        return values

    return values_at


def spline_surface(samples: Samples, *, damping: float, region: Region) -> Surface:
    """Thin-plate spline through samples, in windows where they are many."""
    from craton.kernels import thin_plate

    if samples.values.size <= thin_plate.WHOLE:
        whole = thin_plate.fit(samples.coordinates, samples.values, damping=damping)
        return lambda places: thin_plate.evaluate(whole, places)
    windows = thin_plate.fit_windows(*samples[:2], np.array(region), damping=damping)
    return lambda places: thin_plate.evaluate_windows(windows, places)


def natural_surface(id: str, samples: Samples) -> Surface:
    """Natural neighbour interpolation of samples."""
    from scipy.spatial import QhullError

    from craton.kernels.natural_neighbour import NaturalNeighbours

    try:
        return NaturalNeighbours(*samples[:2])
    except (QhullError, ValueError, ZeroDivisionError) as error:
        allowed, came = (
            "at least three places that are not on one line",
            f"{len(samples.values)} without a triangle",
        )
        raise ContractError(id, "points", allowed, came, hint="use gridding.minimum_curvature") from error


def weighted_surface(
    samples: Samples, *, power: float, neighbours: int, ratio: float = 1.0, azimuth: float = 0.0
) -> Surface:
    """Mean of the nearest samples by inverse distance; across `azimuth` distances count `ratio` times."""
    from scipy.spatial import cKDTree

    turn = np.radians(azimuth)
    stretch = np.array([[ratio * np.cos(turn), np.sin(turn)], [-ratio * np.sin(turn), np.cos(turn)]])
    middle = samples.coordinates.mean(axis=0)
    tree = cKDTree((samples.coordinates - middle) @ stretch)
    count = min(neighbours, samples.values.size)

    def some(places: np.ndarray) -> np.ndarray:
        away, which = tree.query((places - middle) @ stretch, k=np.arange(1, count + 1))
        # Relative to the nearest, so that no power of a distance overflows.
        nearest = away[:, :1]
        with np.errstate(divide="ignore", invalid="ignore"):
            weights = np.where(nearest > 0, (nearest / away) ** power, away == 0)
        values: np.ndarray = (weights * samples.values[which]).sum(axis=1) / weights.sum(axis=1)
        return values

    def values_at(places: np.ndarray) -> np.ndarray:
        parts = [some(places[start : start + BATCH]) for start in range(0, len(places), BATCH)]
        return np.concatenate(parts) if parts else np.zeros(0)

    return values_at


def trend_surface(id: str, samples: Samples, *, degree: int, robust: bool) -> Surface:
    """Polynomial of `degree` that fits samples best."""
    middle = samples.coordinates.mean(axis=0)
    unit = float(np.abs(samples.coordinates - middle).max()) or 1.0
    powers = [(one, total - one) for total in range(degree + 1) for one in range(total + 1)]

    def terms(places: np.ndarray) -> np.ndarray:
        east, north = ((places - middle) / unit).T
        return np.column_stack([east**one * north**other for one, other in powers])

    if samples.values.size < len(powers):
        allowed, came = f"at least {len(powers)} places for degree {degree}", str(samples.values.size)
        raise ContractError(id, "points", allowed, came, hint="take a lower degree")
    coefficients = _fitted(terms(samples.coordinates), samples.values, robust=robust)

    def values_at(places: np.ndarray) -> np.ndarray:
        parts = [
            terms(places[start : start + BATCH]) @ coefficients for start in range(0, len(places), BATCH)
        ]
        return np.concatenate(parts) if parts else np.zeros(0)

    return values_at


def _fitted(terms: np.ndarray, values: np.ndarray, *, robust: bool) -> np.ndarray:
    """Coefficients of least squares, or with Tukey's weights of residuals; the smallest where many fit."""
    coefficients: np.ndarray = np.linalg.lstsq(terms, values, rcond=1e-10)[0]
    for _ in range(50 if robust else 0):
        left = values - terms @ coefficients
        scale = TUKEY * float(np.median(np.abs(left - np.median(left))))
        if scale <= 1e-12 * float(np.abs(values).max()):
            break
        root = np.clip(1 - (left / scale) ** 2, 0, None)[:, np.newaxis]
        before = coefficients
        coefficients = np.linalg.lstsq(terms * root, values * root[:, 0], rcond=1e-10)[0]
        if np.abs(coefficients - before).max() <= 1e-10 * np.abs(coefficients).max():
            break
    return coefficients
