"""Data of grids and volumes at places (OGC API – Environmental Data Retrieval 1.1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import shapely
import xarray as xr
from shapely.geometry.base import BaseGeometry
from starlette.requests import Request
from starlette.responses import Response

from craton.model import crs as systems
from craton.model.errors import InvalidError
from craton.model.moments import timestamp
from craton.store.grid_window import Grid, Layer, open_grid
from craton.store.grid_window_parts import Box, box_of, cut, sample, spots, too_many
from craton.store.grid_window_place import moved_points
from craton.web.area import Area, asking
from craton.web.crs_negotiation import numbers_of
from craton.web.edr_collection import edr_collection, gridded
from craton.web.edr_coverage import Spread, written
from craton.web.edr_openapi import edr_paths
from craton.web.edr_query import COMMON, Asked, asked_of, circle_of, geometry_of
from craton.web.picture_maps import data_reply, picture_tag, unchanged
from craton.web.queries import check_query
from craton.web.site import Site

EDR = "http://www.opengis.net/spec/ogcapi-edr-1/1.1/conf/"
CLASSES = tuple(
    EDR + name for name in ("core", "collections", "json", "geojson", "covjson", "oas30", "queries")
)

MOST_CELLS = 1_000_000
"""Values of an answer at most, of all parameters and steps."""

MOST_POINTS = 10_000
"""Points along a line at most."""

DEGREES = frozenset({"OGC:CRS84", "EPSG:4326"})
"""Systems whose positions are the same numbers, east first."""

Made = Callable[[Grid, Asked, Request], Spread]


def _answer(site: Site, request: Request, names: tuple[str, ...], make: Made) -> Response:
    """Reply with what `make` finds in the grid of a collection."""
    check_query(request, *names)
    record = gridded(site, request.path_params["collection"])
    grid = open_grid(site.store, record)
    asked = asked_of(request, grid)
    tag = picture_tag(site, record, request.url.path, sorted(request.query_params.multi_items()), asked.form)
    headers = {"Content-Crs": f"<{asked.system.address}>"}
    if unchanged(request, tag):
        return data_reply(request, record, b"", "", tag=tag, headers=headers)
    body, media_type = written(make(grid, asked, request), asked.form)
    return data_reply(request, record, body, media_type, tag=tag, headers=headers)


def show_position(site: Site, request: Request) -> Response:
    """Values at one point or several."""
    return _answer(site, request, ("coords", *COMMON), _at_points)


def show_area(site: Site, request: Request) -> Response:
    """Values of the cells within an area."""
    return _answer(site, request, ("coords", *COMMON), _in_area)


def show_radius(site: Site, request: Request) -> Response:
    """Values of the cells within a circle."""
    return _answer(site, request, ("coords", "within", "within-units", *COMMON), _in_circle)


def show_cube(site: Site, request: Request) -> Response:
    """Values of the cells within a box."""
    return _answer(site, request, ("bbox", *COMMON), _in_box)


def show_trajectory(site: Site, request: Request) -> Response:
    """Values along a line."""
    return _answer(site, request, ("coords", *COMMON), _along_line)


def _check_count(asked: Asked, cells: int) -> None:
    count = cells * len(asked.layers)
    for steps in asked.steps.values():
        count *= len(steps)
    if count > MOST_CELLS:
        raise too_many(count, MOST_CELLS)


def _at_points(grid: Grid, asked: Asked, request: Request) -> Spread:
    shape = geometry_of(request, asked.system, "Point", "MultiPoint")
    positions = shapely.get_coordinates(shape)
    return _sampled(grid, asked, positions)


def _sampled(grid: Grid, asked: Asked, positions: np.ndarray) -> Spread:
    _check_count(asked, len(positions))
    where = spots(grid, positions[:, 0], positions[:, 1], asked.system.name)
    values = [sample(grid, layer, where, asked.steps) for layer in asked.layers]
    axes = [(axis, asked.steps[axis.name]) for axis in asked.axes]
    east, north = positions.T
    return Spread("points", east, north, asked.layers, values, axes, asked.system)


def _along_line(grid: Grid, asked: Asked, request: Request) -> Spread:
    """Values along a line, as far apart as the cells; where it has M, at each vertex at its own time."""
    shape = geometry_of(request, asked.system, "LineString", "MultiLineString")
    if shape.has_m:
        return _at_moments(grid, asked, shape)
    if not shape.length:
        raise InvalidError("coords is a line without length")
    if shape.has_z:
        raise InvalidError("a line with heights is not taken", hint="choose heights with z")
    positions = shapely.get_coordinates(shapely.segmentize(shape, _step(grid, asked, shape)))
    if len(positions) > MOST_POINTS:
        raise too_many(len(positions), MOST_POINTS)
    return _sampled(grid, asked, positions)


def _step(grid: Grid, asked: Asked, shape: BaseGeometry) -> float:
    """Distance from point to point along a line, in the system it is asked in: about a cell."""
    middle = shape.interpolate(0.5, normalized=True)
    width = grid.place.cell_width
    east, north = moved_points(asked.system.name, grid.crs, np.array([middle.x]), np.array([middle.y]))
    back = moved_points(grid.crs, asked.system.name, east + np.array([0.0, width]), np.repeat(north, 2))
    step = float(np.hypot(*(one[1] - one[0] for one in back)))
    least = shape.length / MOST_POINTS
    return float(max(step, least) if np.isfinite(step) and step > 0 else max(least, 1e-12))


def _at_moments(grid: Grid, asked: Asked, shape: BaseGeometry) -> Spread:
    """Values at the vertices of a line, each at its own time: M in seconds since 1970."""
    axis = next((axis for axis in asked.axes if axis.is_time), None)
    if axis is None:
        raise InvalidError(f"{grid.id} has no axis of time for a line with M")
    positions = shapely.get_coordinates(shape, include_m=True)
    seconds = positions[:, -1]
    if not np.isfinite(seconds).all() or np.abs(seconds).max() > 2e11:
        raise InvalidError("M must be seconds since 1970")
    moments = [timestamp(datetime.fromtimestamp(float(one), UTC)) for one in seconds]
    chosen = [axis.index(one) for one in moments]
    steps = {**asked.steps, axis.name: sorted(set(chosen))}
    spread = _sampled(grid, Asked(asked.layers, steps, asked.system, asked.form), positions[:, :2])
    at = [steps[axis.name].index(one) for one in chosen]
    place = [one.name for one in asked.axes].index(axis.name)
    values = [
        np.stack([np.take(row, step, axis=place) for row, step in zip(one, at, strict=True)])
        for one in spread.values
    ]
    rest = [pair for pair in spread.axes if pair[0] is not axis]
    return replace(spread, values=values, axes=rest, moments=tuple(moments))


def _in_area(grid: Grid, asked: Asked, request: Request) -> Spread:
    shape = geometry_of(request, asked.system, "Polygon", "MultiPolygon")
    if not shape.is_valid:
        raise InvalidError("the outline of coords crosses itself")
    return _within(grid, asked, shape)


def _in_circle(grid: Grid, asked: Asked, request: Request) -> Spread:
    point = geometry_of(request, asked.system, "Point")
    east, north = moved_points(asked.system.name, systems.CRS84, np.array([point.x]), np.array([point.y]))
    circle = circle_of(request, (float(east[0]), float(north[0])))
    moved = shapely.transform(
        circle, lambda at: np.column_stack(moved_points(systems.CRS84, asked.system.name, at[:, 0], at[:, 1]))
    )
    return _within(grid, asked, moved)


def _in_box(grid: Grid, asked: Asked, request: Request) -> Spread:
    numbers = numbers_of(request.query_params.get("bbox", ""), "bbox", 4, 6)
    flat = numbers if len(numbers) == 4 else [*numbers[:2], *numbers[3:5]]
    if asked.system.is_swapped:
        flat = [flat[1], flat[0], flat[3], flat[2]]
    west, south, east, north = flat
    box = box_of(grid, (west, south, east, north), asked.system.name)
    return _of_box(grid, asked, box)


def _within(grid: Grid, asked: Asked, shape: BaseGeometry) -> Spread:
    """Values of the cells whose centre lies in `shape`."""
    box = box_of(grid, shape.bounds, asked.system.name)
    across, down = np.meshgrid(box.eastings, box.northings)
    moved = moved_points(grid.crs, asked.system.name, across.ravel(), down.ravel())
    easting = _near(moved[0], shape) if systems.is_geographic(asked.system.name) else moved[0]
    inside = shapely.contains_xy(shape, easting, moved[1]).reshape(across.shape)
    if inside.size == 1:  # an area that is smaller than a cell has the one that holds it
        inside = np.ones_like(inside)
    return _of_box(grid, asked, box, inside)


def _near(longitudes: np.ndarray, shape: BaseGeometry) -> np.ndarray:
    """Longitudes in the turn that `shape` lies in."""
    west, _, east, _ = shape.bounds
    with np.errstate(invalid="ignore"):
        return np.asarray(longitudes - 360.0 * np.round((longitudes - (west + east) / 2) / 360.0))


def _of_box(grid: Grid, asked: Asked, box: Box, inside: np.ndarray | None = None) -> Spread:
    """Values of the cells of a box, none where not `inside`.

    They are in rows and columns where the system that is asked for is that of the grid; else a row of
    cells, whose centres are no longer in rows.
    """
    _check_count(asked, box.size)
    found = cut(grid, [layer.name for layer in asked.layers], box, asked.steps, most=MOST_CELLS)
    values = [_numbers(found[layer.name], layer) for layer in asked.layers]
    axes = [(axis, asked.steps[axis.name]) for axis in asked.axes]
    if asked.system.name == grid.crs or {asked.system.name, grid.crs} <= DEGREES:
        for one in values:
            if inside is not None:
                one[~inside] = np.nan
        return Spread("grid", box.eastings, box.northings, asked.layers, values, axes, asked.system)
    chosen = np.ones((box.rows.size, box.columns.size), bool) if inside is None else inside
    across, down = np.meshgrid(box.eastings, box.northings)
    east, north = moved_points(grid.crs, asked.system.name, across[chosen], down[chosen])
    rounded = np.round(east, asked.system.digits), np.round(north, asked.system.digits)
    return Spread("points", *rounded, asked.layers, [one[chosen] for one in values], axes, asked.system)


def _numbers(array: xr.DataArray, layer: Layer) -> np.ndarray:
    """Values (rows, columns, steps …); NaN where there is none."""
    values = array.transpose(*layer.plane, *(axis.name for axis in layer.axes)).to_numpy()
    numbers = np.abs(values) if values.dtype.kind == "c" else values.astype(np.float64)
    return numbers if layer.nodata is None else np.where(values == layer.nodata, np.nan, numbers)


AREA = Area(
    "EDR",
    (
        asking("/collections/{collection}/position", show_position),
        asking("/collections/{collection}/area", show_area),
        asking("/collections/{collection}/radius", show_radius),
        asking("/collections/{collection}/cube", show_cube),
        asking("/collections/{collection}/trajectory", show_trajectory),
    ),
    conformance=CLASSES,
    paths=edr_paths,
    collection=edr_collection,
)
