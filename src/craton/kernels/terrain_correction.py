"""Terrain correction: attraction of the ground between a station's level and the relief around it.

Lengths are in metres, `height` and elevations above sea level. Summed over
cells of area A at the distance d, with the relief at the height Δ above or
below the station, in the flat limit

    correction = G ρ Σ A (1/d − 1/√(d² + Δ²)),

which is positive for hills and valleys alike; on the curved Earth each column
is that of `craton.kernels.terrain_near`.

Near the station the relief is a bilinear surface through the centres of
cells, integrated along rays; far away, cells come in squares of 2, 4, 8 …
cells with the mean and the second moments of their elevations.

References
----------
Hammer, S. (1939). Terrain corrections for gravimeter stations. Geophysics
4(3), 184-194. doi:10.1190/1.1440495
"""

from __future__ import annotations

import numpy as np
from numba import njit

from craton.kernels.constants import GRAVITATIONAL, MGAL
from craton.kernels.terrain_near import Settings, Stations, column_pull, prisms, rays
from craton.kernels.terrain_relief import Floats, Integers, Relief
from craton.kernels.threads import THREADS, do_all

NEAR = 8
"""Cells around the station's own, along the wider side, in which the relief is a surface."""

OPENING = 4.0
"""Distance of a square, in its sides, from which it is taken as one."""

EDGE = 200.0
"""Part of the radius to which squares across the rim are cut."""


def terrain_corrections(relief: Relief, stations: Stations, settings: Settings) -> tuple[Floats, Floats]:
    """Terrain corrections in mGal, and the area in m² that cells with a value cover within the radius."""
    count = stations.rows.size
    result = np.zeros((count, 2))
    parts = np.array_split(np.arange(count), THREADS)

    def work(part: Integers) -> None:
        if part.size:
            _sums(relief, stations, settings, int(part[0]), int(part[-1]) + 1, result)

    do_all(work, parts)
    return GRAVITATIONAL * MGAL * result[:, 0], result[:, 1]


@njit(nogil=True, cache=True, error_model="numpy")
def _sums(
    relief: Relief, stations: Stations, settings: Settings, first: int, last: int, result: Floats
) -> None:
    """Sum over density, and area, of the stations from `first` to before `last`."""
    rows, columns = relief.cells.shape
    for station in range(first, last):
        row, column = round(stations.rows[station]), round(stations.columns[station])
        row, column = min(max(row, 0), rows - 1), min(max(column, 0), columns - 1)
        down, right = abs(relief.rows[row, 2]), abs(relief.rows[row, 3])
        reach = NEAR * max(down, right)
        high, wide = int(np.ceil(reach / down)), int(np.ceil(reach / right))
        block = (
            max(row - high, 0),
            min(row + high, rows - 1),
            max(column - wide, 0),
            min(column + wide, columns - 1),
        )
        if settings.smooth:
            near, near_area = rays(relief, stations, settings, station, block)
        else:
            near, near_area = prisms(relief, stations, settings, station, block)
        far, far_area = _squares(relief, stations, settings, station, block)
        result[station, 0] = near + far
        result[station, 1] = near_area + far_area


@njit(nogil=True, cache=True, error_model="numpy")
def _square(
    chord2: float, mean: tuple[float, float, float, float], away: tuple[float, float],
    sides: tuple[float, float], steps: tuple[float, float], height: float, curvature: float,
) -> float:  # fmt: skip
    """Mean of F over a square: its Taylor series to second order about the middle.

    `mean` holds the moments of elevation, `away` is the middle seen from the station and `sides` are those
    of the square, north and east in metres; `steps` are the metres of a row and of a column.
    """
    rise = mean[0] - height
    value: float = column_pull(chord2, rise, height, curvature)
    low = -0.5 * chord2 * curvature
    top = rise + low
    near, far = 1.0 / (chord2 + low * low), 1.0 / (chord2 + top * top)
    near3, far3 = near * np.sqrt(near), far * np.sqrt(far)
    near_turn, far_turn = 1.0 - low * curvature, 1.0 - top * curvature
    # Derivatives by the squared distance, along which the level of the station falls away.
    first = -0.5 * (near3 * near_turn - far3 * far_turn)
    second = 0.75 * (near3 * near * near_turn * near_turn - far3 * far * far_turn * far_turn)
    north, east = away[0] * away[0] * sides[0] * sides[0], away[1] * away[1] * sides[1] * sides[1]
    value += first * (sides[0] * sides[0] + sides[1] * sides[1]) / 12.0 + second * (north + east) / 6.0
    value += 0.5 * mean[1] * (far3 - 3.0 * top * top * far3 * far)
    slope = (
        -0.5 * curvature * far3 - 1.5 * top * far3 * far * far_turn + 1.5 * top * top * curvature * far3 * far
    )
    value += 2.0 * slope * (away[0] * steps[0] * mean[2] + away[1] * steps[1] * mean[3])
    return value


@njit(nogil=True, cache=True, error_model="numpy")
def _chord2(relief: Relief, place: Floats, row: int, column: int, curvature: float) -> float:
    """Square of the straight distance at sea level from a station to a row and column of the tables."""
    north = relief.rows[row, 0] - place[0]
    if relief.geographic:
        up = relief.rows[row, 1] - place[1]
        turn = relief.columns[column, 0] * place[3] - relief.columns[column, 1] * place[2]
        chord2: float = north * north + up * up + 4.0 * place[0] * relief.rows[row, 0] * turn * turn
        return chord2
    east = relief.columns[column, 0] - place[2]
    arc2 = north * north + east * east
    flat: float = arc2 * (1.0 - arc2 * curvature * curvature / 12.0)
    return flat


@njit(nogil=True, cache=True, error_model="numpy")
def _squares(
    relief: Relief, stations: Stations, settings: Settings, station: int, block: tuple[int, int, int, int]
) -> tuple[float, float]:
    """Sum and area of the cells outside `block` (first and last row, first and last column)."""
    sizes = relief.sizes
    top_level = sizes.shape[0] - 1
    rows, columns = sizes[top_level]
    stack = np.empty((rows * columns + 4 * top_level, 3), np.int64)
    size = 0
    for row in range(rows):
        for column in range(columns):
            stack[size] = top_level, row, column
            size += 1
    value = area = 0.0
    while size:
        size -= 1
        level, row, column = stack[size]
        kept, part, part_area = _one(relief, stations, settings, station, block, level, row, column)
        if kept:
            value += part * part_area
            area += part_area
        elif part_area > 0.0:
            for down in range(2):
                for right in range(2):
                    if 2 * row + down < sizes[level - 1, 0] and 2 * column + right < sizes[level - 1, 1]:
                        stack[size] = level - 1, 2 * row + down, 2 * column + right
                        size += 1
    return value, area


@njit(nogil=True, cache=True, error_model="numpy")
def _one(
    relief: Relief, stations: Stations, settings: Settings, station: int, block: tuple[int, int, int, int],
    level: int, row: int, column: int,
) -> tuple[bool, float, float]:  # fmt: skip
    """Whether a square is taken as one, its sum of F times density, and its area; no area to pass over it."""
    index = relief.starts[level, 0] + row * relief.sizes[level, 1] + column
    count = int(np.isfinite(relief.cells[row, column])) if level == 0 else relief.counts[index]
    if count == 0:
        return False, 0.0, 0.0
    table_row, table_column = relief.starts[level, 1] + row, relief.starts[level, 2] + column
    high, wide = relief.rows[table_row, 4], relief.columns[table_column, 2]
    first, left = row << level, column << level
    last, right = first + high - 1.0, left + wide - 1.0
    apart = last < block[0] or first > block[1] or right < block[2] or left > block[3]
    if not apart and first >= block[0] and last <= block[1] and left >= block[2] and right <= block[3]:
        return False, 0.0, 0.0
    down, across = relief.rows[table_row, 2], relief.rows[table_row, 3]
    sides = (high * down, wide * across)
    longest = max(abs(sides[0]), abs(sides[1]))
    half = 0.5 * np.sqrt(sides[0] * sides[0] + sides[1] * sides[1])
    chord2 = _chord2(relief, stations.places[station], table_row, table_column, stations.curvatures[station])
    distance = np.sqrt(chord2)
    if distance - half > settings.radius:
        return False, 0.0, 0.0
    area = abs(sides[0] * sides[1])
    if level > 0:
        rim = distance + half > settings.radius and longest * EDGE > settings.radius
        if count < high * wide or not apart or distance < OPENING * longest or rim:
            return False, 0.0, area
    if distance > settings.radius:
        return False, 0.0, 0.0
    away = (
        (0.5 * (first + last) - stations.rows[station]) * down,
        (0.5 * (left + right) - stations.columns[station]) * across,
    )
    part = _layers(
        relief, stations, settings, station, level, index, row, column, chord2, away, sides, (down, across)
    )
    return True, part, area


@njit(nogil=True, cache=True, error_model="numpy")
def _layers(
    relief: Relief, stations: Stations, settings: Settings, station: int, level: int, index: int,
    row: int, column: int, chord2: float, away: tuple[float, float], sides: tuple[float, float],
    steps: tuple[float, float],
) -> float:  # fmt: skip
    """Sum of F times density over a square: its land, and its water where it has any."""
    height, depth = stations.heights[station], stations.depths[station]
    curvature = stations.curvatures[station]
    sea = relief.lower.shape[0] > 0
    elevation = relief.cells[row, column] if level == 0 else 0.0
    upper = _moments(relief.upper, level, index, max(elevation, 0.0) if sea else elevation)
    value: float = settings.density * _square(chord2, upper, away, sides, steps, height, curvature)
    contrast = settings.density - settings.water
    if sea:
        lower = _moments(relief.lower, level, index, min(elevation, 0.0))
        if lower[0] < 0.0:
            surface = (0.0, 0.0, 0.0, 0.0)
            value += contrast * _square(chord2, lower, away, sides, steps, height, curvature)
            value -= contrast * _square(chord2, surface, away, sides, steps, height, curvature)
    if depth > 0.0:
        plate = (height - depth, 0.0, 0.0, 0.0)
        value -= contrast * _square(chord2, plate, away, sides, steps, height, curvature)
    above = 1.0 + 0.5 * curvature * (height + upper[0])
    value *= above * above
    return value


@njit(nogil=True, cache=True, error_model="numpy")
def _moments(table: Floats, level: int, index: int, elevation: float) -> tuple[float, float, float, float]:
    """Moments of a square; those of a single cell are its elevation alone."""
    if level == 0:
        return elevation, 0.0, 0.0, 0.0
    return table[index, 0], table[index, 1], table[index, 2], table[index, 3]
