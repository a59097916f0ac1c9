"""Terrain near a station: the relief within a few cells, along rays or as prisms, and one column of it.

On the Earth, of curvature k, a column from the level of the station to the
relief is a piece of a radius. With c the chord at sea level, a = 1 + k · height
of the station and t = 1 + k · elevation, its attraction over G, density and
area is, without an approximation,

    F = 1/(a c) − (t/a) / √(Δ² + a t c²),

taken so that it is positive for hills and valleys alike.

References
----------
Nagy, D. (1966). The gravitational attraction of a right rectangular prism.
Geophysics 31(2), 362-371. doi:10.1190/1.1439779
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from craton.kernels.terrain_relief import Floats, Relief

FADE = 2.0
"""Cells over which the relief is brought to the height of the station."""

PANELS = np.concatenate([[0.0], 2.0 ** np.array([-12.0, -10, -8, -7, -6, -5, -4]), np.arange(1, 9) / 8])
"""Parts of a ray, finest at the station, where a gap of a metre to the relief must be seen."""

SECTORS = 6
GAUSS = np.array([0.5 - np.sqrt(0.15), 0.5, 0.5 + np.sqrt(0.15)])
GAUSS_WEIGHTS = np.array([5 / 18, 8 / 18, 5 / 18])


class Stations(NamedTuple):
    """Where stations stand: as rows and columns (fractions of cells), as places of `Relief`, and in height.

    `places` (n, 4) are two numbers of `Relief.rows` and two of `Relief.columns`; `depths` is the depth of
    water from a station at sea down, which the plate under it holds, else 0; `curvatures` is one over the
    radius of the Earth, or 0.
    """

    rows: Floats
    columns: Floats
    places: Floats
    heights: Floats
    depths: Floats
    curvatures: Floats


class Settings(NamedTuple):
    """Outer `radius` (m), `density` of rock and of `water` (kg/m³), form of the surface near a station.

    With `smooth` the relief near a station is a bilinear surface, else each cell has a flat top. With
    `on_ground` that surface is brought to the height of the station within two cells.
    """

    radius: float
    density: float
    water: float
    smooth: bool
    on_ground: bool


@njit(nogil=True, cache=True, error_model="numpy")
def column_pull(chord2: float, rise: float, height: float, curvature: float) -> float:
    """F of the module's words, for a column to the elevation `height` + `rise`."""
    above = 1.0 + height * curvature
    top = above + rise * curvature
    pull: float = 1.0 / (above * np.sqrt(chord2)) - top / above / np.sqrt(rise * rise + above * top * chord2)
    return pull


@njit(nogil=True, cache=True, error_model="numpy")
def _weighted(
    chord2: float,
    elevation: float,
    height: float,
    depth: float,
    curvature: float,
    settings: Settings,
    sea: bool,
) -> float:
    """Sum of F times density, of rock and of water in its place, at one place of the relief."""
    value = settings.density * column_pull(
        chord2, (max(elevation, 0.0) if sea else elevation) - height, height, curvature
    )
    contrast = settings.density - settings.water
    if sea and elevation < 0.0:
        floor = column_pull(chord2, elevation - height, height, curvature)
        value += contrast * (floor - column_pull(chord2, -height, height, curvature))
    if depth > 0.0:
        value -= contrast * column_pull(chord2, -depth, height, curvature)
    return value


@njit(nogil=True, cache=True, error_model="numpy")
def rays(
    relief: Relief, stations: Stations, settings: Settings, station: int, block: tuple[int, int, int, int]
) -> tuple[float, float]:
    """Sum and area of `block`, a bilinear surface, along rays from the station to its four sides.

    F times the distance is smooth down to no distance at all, where it depends on the slope alone.
    """
    row, column = stations.rows[station], stations.columns[station]
    middle = min(max(round(row), 0), relief.sizes[0, 0] - 1)
    down, right = relief.rows[middle, 2], relief.rows[middle, 3]
    # Edges as distances along the rows and columns, in the order down, right, up, left.
    edges = (
        (block[1] + 0.5 - row) * abs(down), (block[3] + 0.5 - column) * abs(right),
        (row - block[0] + 0.5) * abs(down), (column - block[2] + 0.5) * abs(right),
    )  # fmt: skip
    misfit = 0.0
    if settings.on_ground and stations.depths[station] == 0.0:
        misfit = stations.heights[station] - _surface(relief.cells, row, column)
    value = area = 0.0
    for side in range(4):
        ahead = edges[side]
        if ahead <= 0.0:
            continue
        start = np.arctan(-edges[(side + 3) % 4] / ahead)
        turn = np.arctan(edges[(side + 1) % 4] / ahead) - start
        for sector in range(SECTORS):
            for point in range(3):
                angle = start + turn * (sector + GAUSS[point]) / SECTORS
                weight = turn * GAUSS_WEIGHTS[point] / SECTORS
                reach = min(ahead / np.cos(angle), settings.radius)
                heading = angle + 0.5 * np.pi * side
                steps = (np.cos(heading) / abs(down), np.sin(heading) / abs(right))
                part, part_area = _ray(relief, stations, settings, station, steps, reach, misfit)
                value += weight * part
                area += weight * part_area
    return value, area


@njit(nogil=True, cache=True, error_model="numpy")
def _ray(
    relief: Relief, stations: Stations, settings: Settings, station: int, steps: tuple[float, float],
    reach: float, misfit: float,
) -> tuple[float, float]:  # fmt: skip
    """Integral of F times density times distance, and of distance, along one ray."""
    middle = min(max(round(stations.rows[station]), 0), relief.sizes[0, 0] - 1)
    fade = FADE * max(abs(relief.rows[middle, 2]), abs(relief.rows[middle, 3]))
    sea = relief.lower.shape[0] > 0
    value = area = 0.0
    for panel in range(PANELS.size - 1):
        length = PANELS[panel + 1] - PANELS[panel]
        for point in range(3):
            distance = reach * (PANELS[panel] + length * GAUSS[point])
            weight = reach * length * GAUSS_WEIGHTS[point] * distance
            elevation = _surface(
                relief.cells,
                stations.rows[station] + distance * steps[0],
                stations.columns[station] + distance * steps[1],
            )
            if np.isnan(elevation):
                continue
            elevation += misfit * max(0.0, 1.0 - distance / fade)
            value += weight * _weighted(
                distance * distance, elevation, stations.heights[station], stations.depths[station],
                stations.curvatures[station], settings, sea,
            )  # fmt: skip
            area += weight
    return value, area


@njit(nogil=True, cache=True, error_model="numpy")
def _surface(cells: Floats, row: float, column: float) -> float:
    """Bilinear elevation at a fraction of rows and columns; level beyond the outermost centres."""
    row = min(max(row, 0.0), cells.shape[0] - 1.0)
    column = min(max(column, 0.0), cells.shape[1] - 1.0)
    first, left = min(int(row), cells.shape[0] - 2), min(int(column), cells.shape[1] - 2)
    down, right = row - first, column - left
    upper = (1.0 - right) * cells[first, left] + right * cells[first, left + 1]
    lower = (1.0 - right) * cells[first + 1, left] + right * cells[first + 1, left + 1]
    elevation: float = (1.0 - down) * upper + down * lower
    return elevation


def surface_at(cells: Floats, rows: Floats, columns: Floats) -> Floats:
    """Bilinear elevations (n,) at fractions of rows and columns, as the sums see them."""
    return np.array([_surface(cells, row, column) for row, column in zip(rows, columns, strict=True)])


@njit(nogil=True, cache=True, error_model="numpy")
def prisms(
    relief: Relief, stations: Stations, settings: Settings, station: int, block: tuple[int, int, int, int]
) -> tuple[float, float]:
    """Sum and area of `block` as upright prisms with flat tops; the Earth is flat over so short a way."""
    middle = min(max(round(stations.rows[station]), 0), relief.sizes[0, 0] - 1)
    down, right = abs(relief.rows[middle, 2]), abs(relief.rows[middle, 3])
    sea = relief.lower.shape[0] > 0
    height, depth = stations.heights[station], stations.depths[station]
    contrast = settings.density - settings.water
    value = area = 0.0
    for row in range(block[0], block[1] + 1):
        for column in range(block[2], block[3] + 1):
            elevation = relief.cells[row, column]
            if np.isnan(elevation):
                continue
            north = (row - 0.5 - stations.rows[station]) * down
            east = (column - 0.5 - stations.columns[station]) * right
            sides = (north, north + down, east, east + right)
            value += settings.density * _prism(
                sides, abs((max(elevation, 0.0) if sea else elevation) - height)
            )
            if sea and elevation < 0.0:
                value += contrast * (_prism(sides, abs(elevation - height)) - _prism(sides, abs(height)))
            if depth > 0.0:
                value -= contrast * _prism(sides, depth)
            area += down * right
    return value, area


@njit(nogil=True, cache=True, error_model="numpy")
def _prism(sides: tuple[float, float, float, float], depth: float) -> float:
    """Attraction over G and density of a prism that reaches from the level of the station `depth` down."""
    value = 0.0
    for row in range(2):
        for column in range(2):
            x, y = sides[row], sides[2 + column]
            sign = 1.0 if row == column else -1.0
            flat, slant = np.sqrt(x * x + y * y), np.sqrt(x * x + y * y + depth * depth)
            corner = _edge(x, y, 0.0, flat) - _edge(x, y, depth, slant)
            corner += _edge(y, x, 0.0, flat) - _edge(y, x, depth, slant)
            if depth > 0.0:
                corner += depth * np.arctan2(x * y, depth * slant)
            value += sign * corner
    return value


@njit(nogil=True, cache=True, error_model="numpy")
def _edge(x: float, y: float, depth: float, distance: float) -> float:
    """X ln(y + r), without loss where y is negative, 0 where x is."""
    if x == 0.0:
        return 0.0
    if y < 0.0:
        return float(x * np.log((x * x + depth * depth) / (distance - y)))
    return float(x * np.log(y + distance))
