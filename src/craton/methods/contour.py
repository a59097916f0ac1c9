"""Contours: lines of equal value of a grid, and the bands between them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

import geopandas as gpd
import numpy as np
import shapely
import xarray as xr

from craton.methods.placement import crs_of, plane_of
from craton.model import units
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.data import horizontal
from craton.process.marks import Bounds, Grid, Table
from craton.process.processes import process

if TYPE_CHECKING:
    from contourpy import ContourGenerator

LEVELS = 10
"""Levels, at most, where no interval is given."""

MOST_LEVELS = 1000
"""Levels above which the interval is taken to be a mistake."""

ROUNDING = 1e-9
"""Part of an interval that is rounding of a level."""

Shapes = Annotated[gpd.GeoDataFrame, Table(geometry=("LineString", "Polygon"))]


@process("grid.contour", version="1", keywords=("isoline", "isolines", "contour lines", "bands", "isogal"))
def contour(
    grid: Annotated[xr.DataArray, Grid()],
    *,
    interval: Annotated[float | None, Bounds(above=0)] = None,
    levels: tuple[float, ...] = (),
    filled: bool = False,
) -> Shapes:
    """Lines of equal value of a grid, or the bands between them.

    Use it for maps and to hand a surface to programs that take lines. Do not use it to measure: areas
    and statistics come straight from the grid, with `grid.zonal_statistics` or `grid.statistics`.
    Noisy grids give ragged lines; continue or average them first.

    Parameters
    ----------
    grid : DataArray
        Grid of two axes, which may be unevenly spaced. Lines end at cells without a value.
    interval : float
        Distance of levels in the unit of the grid; they are its multiples. Left out, a round one that
        gives about ten.
    levels : tuple of float
        The levels themselves, in place of `interval`, in the unit of the grid.
    filled : bool
        Give polygons of the bands between neighbouring levels in place of lines.

    Returns
    -------
    GeoDataFrame
        One row a line with the column `level`, higher ground to its left; or one row a polygon with the
        columns `lower` and `upper`, in the unit of the grid. Ascending by level, in the reference
        system of the grid.

    Notes
    -----
    Values are interpolated linearly along the edges between cell centres, so nothing is drawn in the
    outer half of the outermost cells. A band holds values above `lower` up to `upper`; the lowest also
    those equal to `lower`.

    References
    ----------
    Lorensen, W. E. and Cline, H. E. (1987), Marching cubes: a high resolution 3D surface construction
    algorithm, Computer Graphics 21(4), 163–169, doi:10.1145/37402.37422 (here in two dimensions).
    """
    name = "grid.contour"
    if interval is not None and levels:
        raise ContractError(name, "interval", "left out where `levels` are given", "given")
    rows, columns = horizontal(name, "grid", grid)
    upright = plane_of(name, "grid", grid).sortby([rows, columns])
    values = np.ma.masked_invalid(upright.to_numpy().astype(np.float64))
    if values.count() == 0 or min(values.shape) < 2:
        raise ContractError(name, "grid", "a grid with values in two rows and columns or more", "one without")
    steps = _levels(name, interval, levels, float(values.min()), float(values.max()), filled=filled)
    lines = _generator(upright[columns].to_numpy(), upright[rows].to_numpy(), values)
    found = _bands(lines, steps) if filled else _lines(lines, steps)
    return _table(grid, found, ["lower", "upper"] if filled else ["level"])


def _levels(
    name: str, interval: float | None, levels: tuple[float, ...], low: float, high: float, *, filled: bool
) -> np.ndarray:
    """Ascending levels; those of an interval between lowest and highest value, or around them if `filled`."""
    if levels:
        return np.unique(np.array(levels, dtype=np.float64))
    interval = interval or _round_interval(high - low)
    if (high - low) / interval > MOST_LEVELS:
        allowed = f"an interval that gives at most {MOST_LEVELS} levels from {low:g} to {high:g}"
        raise ContractError(name, "interval", allowed, f"{interval:g}")
    down, up = (np.floor, np.ceil) if filled else (np.ceil, np.floor)
    away = -ROUNDING if filled else ROUNDING
    first, last = int(down(low / interval - away)), int(up(high / interval + away))
    steps: np.ndarray = np.arange(first, max(last, first + filled) + 1) * interval
    return steps


def _round_interval(reach: float) -> float:
    """Smallest of 1, 2, 5 times a power of ten that parts `reach` into at most ten."""
    if not reach:
        return 1.0
    power = 10.0 ** np.floor(np.log10(reach / LEVELS))
    return float(next(step * power for step in (1, 2, 5, 10) if step * power * LEVELS >= reach))


def _generator(eastings: np.ndarray, northings: np.ndarray, values: np.ndarray) -> ContourGenerator:
    from contourpy import FillType, LineType, contour_generator

    return contour_generator(
        eastings.astype(np.float64), northings.astype(np.float64), values,
        name="serial", line_type=LineType.Separate, fill_type=FillType.OuterOffset,
    )  # fmt: skip


Found = list[tuple[tuple[float, ...], Any]]
"""Level, or lower and upper level, of each shape."""


def _lines(generator: ContourGenerator, levels: np.ndarray) -> Found:
    found: Found = []
    for level in progress.each(levels.tolist(), "contouring"):
        for points in generator.lines(level):
            line = shapely.LineString(points)
            if line.length > 0:
                found.append(((level,), line))
    return found


def _bands(generator: ContourGenerator, levels: np.ndarray) -> Found:
    found: Found = []
    pairs = list(pairwise(levels.tolist()))
    for number, (lower, upper) in enumerate(progress.each(pairs, "contouring")):
        # A flat area at the lowest level would belong to no band.
        bottom = lower if number else float(np.nextafter(lower, -np.inf))
        for points, offsets in zip(*generator.filled(bottom, upper), strict=True):
            found.extend(((lower, upper), part) for part in _polygons(points, offsets))
    return found


def _polygons(points: np.ndarray, offsets: np.ndarray) -> Iterable[shapely.Polygon]:
    """Valid polygons of one outer ring and its holes."""
    shell, *holes = (points[a:b] for a, b in pairwise(offsets))
    whole = shapely.Polygon(shell, holes)
    # Rings of a level that runs through cell centres may touch themselves.
    parts = shapely.get_parts(whole if whole.is_valid else shapely.make_valid(whole))
    flat = shapely.get_parts(parts)
    return [part for part in flat if isinstance(part, shapely.Polygon) and part.area > 0]


def _table(grid: xr.DataArray, found: Found, columns: list[str]) -> gpd.GeoDataFrame:
    shapes = [shape for _levels, shape in found]
    numbers = {column: [levels[n] for levels, _shape in found] for n, column in enumerate(columns)}
    frame = gpd.GeoDataFrame(numbers, geometry=shapes, crs=crs_of(grid) or None)
    unit = units.parse(str(grid.attrs.get("units", ""))) or ""
    note = {"unit": unit, "quantity": str(grid.attrs.get("standard_name", ""))}
    stated = {key: text for key, text in note.items() if text}
    frame.attrs["columns"] = {c: {**stated, "title": c.capitalize()} for c in columns}
    return frame.astype(dict.fromkeys(columns, np.float64))
