"""Grids in a scene: their cells as a lattice of numbers, at levels of detail or for any extent.

A lattice comes from the south to the north, within a row from the west to the
east, as 32-bit floating-point numbers, the lowest byte first; NaN is nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from starlette.requests import Request

from craton.model import crs as systems
from craton.model.crs import Bounds
from craton.model.errors import InvalidError, NotFoundError
from craton.model.record import Record
from craton.store.grid_flags import Flag
from craton.store.grid_window import Frame, Grid, Layer, open_grid
from craton.store.grid_window_place import moved_points
from craton.store.volume_bricks_place import METRES_PER_DEGREE, flat, metres_across, metric_crs
from craton.web.crs_negotiation import numbers_of, system_of
from craton.web.picture_statistics import statistics
from craton.web.queries import number_of
from craton.web.replies import Json
from craton.web.scene_columns import class_documents
from craton.web.scene_place import DIGITS, Extent
from craton.web.site import Site

MOST_SIDE = 2048
"""Rows and columns of a lattice at most."""

COARSEST = 64
"""Rows and columns of the last level at most."""

EDGE_POINTS = 33

HEIGHT_QUANTITIES = frozenset({"elevation", "ellipsoidal_height", "bathymetry"})
"""Quantities whose numbers are heights."""


@dataclass(frozen=True)
class Lattice:
    """Even points in a system in metres: rows and columns of the finest level, and its extent."""

    crs: str
    bounds: Bounds
    rows: int
    columns: int

    @property
    def levels(self) -> tuple[tuple[int, int], ...]:
        """Rows and columns of each level, the finest first."""
        found = [(self.rows, self.columns)]
        while max(found[-1]) > COARSEST:
            found.append(((found[-1][0] + 1) // 2, (found[-1][1] + 1) // 2))
        return tuple(found)

    def frame(self, level: int) -> Frame:
        """The picture of a level."""
        rows, columns = self.levels[level]
        return Frame(self.bounds, self.crs, columns, rows)


def lattice_of(grid: Grid) -> Lattice:
    """Lattice about as fine as the cells of a grid, at most `MOST_SIDE` along each side."""
    bounds = _bounds(grid)
    system = metric_crs(grid.crs, bounds)
    if system != flat(grid.crs):
        bounds = _moved(grid.crs, system, bounds)
    west, south, east, north = bounds
    step = grid.place.cell_width * metres_across(grid.crs)
    if systems.is_geographic(grid.crs):
        step *= METRES_PER_DEGREE * math.cos(math.radians(_latitude(grid)))
    step = max(step, (east - west) / MOST_SIDE, (north - south) / MOST_SIDE)
    rows, columns = (max(1, min(MOST_SIDE, round(side / step))) for side in (north - south, east - west))
    return Lattice(system, bounds, rows, columns)


def _bounds(grid: Grid) -> Bounds:
    """West, south, east, north of the edges of its cells."""
    place = grid.place
    if place.transform is not None:
        corners = [place.transform * (x, y) for x in (0, place.width) for y in (0, place.height)]
        east, north = zip(*corners, strict=True)
    else:
        assert place.eastings is not None
        assert place.northings is not None
        east, north = tuple(place.eastings), tuple(place.northings)
    return float(min(east)), float(min(north)), float(max(east)), float(max(north))


def _latitude(grid: Grid) -> float:
    _, south, _, north = _bounds(grid)
    return max(-85.0, min(85.0, (south + north) / 2))


def _moved(crs: str, system: str, bounds: Bounds) -> Bounds:
    west, south, east, north = bounds
    grid = np.meshgrid(np.linspace(west, east, EDGE_POINTS), np.linspace(south, north, EDGE_POINTS))
    moved = np.array(moved_points(crs, system, grid[0].ravel(), grid[1].ravel()))
    moved = moved[:, np.isfinite(moved).all(axis=0)]
    if not moved.size:
        raise NotFoundError("the grid lies where it cannot be projected, so there is no scene of it")
    low, high = moved.min(axis=1), moved.max(axis=1)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def grid_document(site: Site, record: Record) -> Json:
    """System, extent, levels and variables of a grid."""
    grid = open_grid(site.store, record)
    lattice = lattice_of(grid)
    variables = [_variable(site, record, grid, layer) for layer in list(grid.layers.values())]
    west, south, east, north = (round(side, DIGITS) for side in lattice.bounds)
    heights = next((one for one in variables if one["is_height"] and one["type"] == "number"), None)
    upward = tuple(heights["range"]) if heights else (0.0, 0.0)
    extent = Extent((west, east), (south, north), (upward[0], upward[1]))
    levels = [_level(lattice, level) for level in range(len(lattice.levels))]
    return {
        "crs": lattice.crs, "origin": extent.origin, "extent": extent, "variables": variables,
        "levels": levels, **_times(grid),
    }  # fmt: skip


def _level(lattice: Lattice, level: int) -> Json:
    rows, columns = lattice.levels[level]
    west, south, east, north = lattice.bounds
    return {
        "level": level, "shape": [1, rows, columns],
        "spacing": [0.0, (north - south) / rows, (east - west) / columns], "corner": [0.0, south, west],
    }  # fmt: skip


def _variable(site: Site, record: Record, grid: Grid, layer: Layer) -> Json:
    found = statistics(site.store, record, grid, layer)
    said: Json = {
        "name": layer.name, "title": layer.title, "unit": layer.unit, "probability_of": None,
        "is_height": layer.quantity in HEIGHT_QUANTITIES,
    }  # fmt: skip
    if layer.is_classes and found.classes:
        shown = sorted(filter(layer.has_class, found.classes))
        entries = [(int(value), *layer.flags.get(value, Flag(f"{value:g}"))) for value in shown]
        return {**said, "type": "class", "classes": class_documents(entries)}
    return {**said, "type": "number", "range": [found.minimum, found.maximum]}


def _times(grid: Grid) -> Json:
    axes = {axis.name: axis for layer in grid.layers.values() for axis in layer.axes}
    return {
        "times": [
            axis.told(step) for name, axis in axes.items() if name == "time" for step in range(axis.count)
        ]
    }


def heights_of(
    site: Site, record: Record, request: Request, selection: Mapping[str, Any]
) -> tuple[bytes, Json]:
    """Bytes of the lattice that is asked for, and headers that tell its shape, extent and system.

    Raises
    ------
    NotFoundError
        If there is no such level.
    InvalidError
        If another part of the question cannot be used.
    """
    grid = open_grid(site.store, record)
    layer = grid.layer(request.query_params.get("variable", ""))
    frame = _frame(grid, request)
    pixels = grid.window([layer.name], frame, nearest=layer.is_classes, selection=selection)[0]
    valid = pixels.valid if layer.has_class(0.0) else pixels.valid & (pixels.values != 0)
    cells = np.where(valid, pixels.values, np.nan).astype("<f4")[::-1]
    headers = {
        "Content-Bbox": ",".join(f"{number:.12g}" for number in frame.bounds),
        "Lattice-Shape": f"{frame.height},{frame.width}",
    }
    return cells.tobytes(), headers


def _frame(grid: Grid, request: Request) -> Frame:
    query = request.query_params
    if "bbox" not in query:
        if {"crs", "width", "height"} & set(query):
            raise InvalidError("crs, width and height go with bbox", hint="give bbox too, or level alone")
        lattice = lattice_of(grid)
        level = number_of(request, "level", 0)
        if level >= len(lattice.levels):
            last = len(lattice.levels) - 1
            raise NotFoundError(f"there is no level {level}", hint=f"there are levels 0 to {last}")
        return lattice.frame(level)
    if "level" in query:
        raise InvalidError("give level or bbox, not both")
    system = system_of(query["crs"]).name if "crs" in query else metric_crs(grid.crs, _bounds(grid))
    west, south, east, north = numbers_of(query["bbox"], "bbox", 4)
    if not (west < east and south < north):
        raise InvalidError("bbox must be west, south, east, north in the axes of crs, easting first")
    columns, rows = (number_of(request, name, 256, least=1) for name in ("width", "height"))
    if max(columns, rows) > MOST_SIDE:
        raise InvalidError(f"width and height may be {MOST_SIDE} at most")
    return Frame((west, south, east, north), system, columns, rows)
