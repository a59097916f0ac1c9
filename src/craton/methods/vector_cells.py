"""Vector cells: a table of rectangles that cover an area."""

from __future__ import annotations

from typing import Annotated

import geopandas as gpd
import numpy as np
import pyproj
import shapely
import xarray as xr

from craton.methods.placement import Region, crs_of, place_of
from craton.methods.vector_shapes import areas, placed
from craton.model import crs as systems
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, Grid, ReferenceSystem, Table
from craton.process.processes import process

CELLS = "vector.cells"

MOST = 1_000_000
"""Cells of one table."""

WHOLE = 1e-9
"""Part of a cell that a division may be off a whole number."""

CellTable = Annotated[
    gpd.GeoDataFrame,
    Table(
        geometry=("Polygon",),
        columns=(Column(name="cell", title="Cell"), Column(name="area", unit="km2", title="Area")),
    ),
]


@process(CELLS, version="1", keywords=("fishnet", "grid squares", "tessellation"))
def cells(
    width: Annotated[float, Bounds(above=0)],
    height: Annotated[float, Bounds(above=0)] | None = None,
    *,
    region: tuple[float, float, float, float] | None = None,
    crs: Annotated[str, ReferenceSystem()] = "EPSG:4326",
    table: Annotated[gpd.GeoDataFrame, Table()] | None = None,
    grid: Annotated[xr.DataArray, Grid()] | None = None,
) -> CellTable:
    """Rectangular cells that cover a region, or the extent of a table or a grid.

    Use it to count or rank by equal squares (`vector.count_within`, `table.rank`). For numbers on a
    regular grid use a grid, which needs no polygons.

    Parameters
    ----------
    width : float
        Width of a cell in the unit of the reference system: degrees, or metres.
    height : float, optional
        Height of a cell; as `width` where left out.
    region : tuple of float, optional
        West, south, east, north in `crs`. The first cell begins in the south-west corner; where a side
        is no whole number of cells the last one reaches over it. Give this, or `table`, or `grid`.
    crs : str
        Reference system of `region`; a table or grid has its own.
    table : GeoDataFrame, optional
        Table whose extent is covered, by cells whose edges are whole multiples of their sides.
    grid : DataArray, optional
        Evenly spaced grid whose extent (outer edges) is covered likewise.

    Returns
    -------
    GeoDataFrame
        A row for each cell, from north to south and in each row from west to east: `cell`, such as
        `R02C13` for the second row and thirteenth column, `area` in km² on the ellipsoid, and the
        rectangle.

    Notes
    -----
    The area is that of the outline with its sides divided to 0.01° or 1 km and joined by geodesics,
    equal to the area between two parallels and two meridians to about 2e-7. Cells of longitude and
    latitude end at the poles.

    References
    ----------
    Karney, C. F. F. (2013). Algorithms for geodesics. Journal of Geodesy 87, 43-55.
    doi:10.1007/s00190-012-0578-z
    """
    sides = width, height if height is not None else width
    extent, system = _extent(region, crs, table, grid, sides)
    eastings, northings = _edges(extent, sides, geographic=systems.is_geographic(system))
    west, south = np.meshgrid(eastings[:-1], northings[-2::-1])
    east, north = np.meshgrid(eastings[1:], northings[:0:-1])
    boxes = shapely.box(west.ravel(), south.ravel(), east.ravel(), north.ravel())
    names = _names(*west.shape)
    made = gpd.GeoDataFrame({"cell": names}, geometry=boxes, crs=pyproj.CRS(system))
    made.insert(1, "area", areas(CELLS, "crs", made))
    return made


def _extent(
    region: Region | None,
    crs: str,
    table: gpd.GeoDataFrame | None,
    grid: xr.DataArray | None,
    sides: tuple[float, float],
) -> tuple[Region, str]:
    """Extent to be covered, which begins with a cell, and its reference system."""
    given = [name for name, one in (("region", region), ("table", table), ("grid", grid)) if one is not None]
    if len(given) != 1:
        raise ContractError(
            CELLS, "region", "given alone, or `table`, or `grid`", " and ".join(given) or "none of them"
        )
    if region is not None:
        if not (region[0] < region[2] and region[1] < region[3]):
            raise ContractError(CELLS, "region", "west < east and south < north", str(region))
        return region, crs
    found, system = _covered(table, grid)
    if not system:
        raise ContractError(CELLS, given[0], "in a known reference system", "in none", hint="state its crs")
    starts = [np.floor(low / side + WHOLE) * side for low, side in zip(found[:2], sides, strict=True)]
    return (float(starts[0]), float(starts[1]), found[2], found[3]), system


def _covered(table: gpd.GeoDataFrame | None, grid: xr.DataArray | None) -> tuple[Region, str]:
    if grid is not None:
        place = place_of(CELLS, "grid", grid)
        return place.region, place.crs
    assert table is not None
    there = placed(table)
    if there.empty:
        raise ContractError(CELLS, "table", "a table with geometries", "one without")
    west, south, east, north = map(float, there.total_bounds)
    return (west, south, east, north), crs_of(table)


def _edges(extent: Region, sides: tuple[float, float], *, geographic: bool) -> tuple[np.ndarray, np.ndarray]:
    """Edges of columns from west to east, and of rows from south to north."""
    (west, south, east, north), (width, height) = extent, sides
    columns = max(1, int(np.ceil((east - west) / width - WHOLE)))
    rows = max(1, int(np.ceil((north - south) / height - WHOLE)))
    if columns * rows > MOST:
        raise ContractError(
            CELLS, "width", f"so large that there are at most {MOST} cells", f"{columns * rows}"
        )
    eastings, northings = west + width * np.arange(columns + 1), south + height * np.arange(rows + 1)
    return eastings, np.unique(northings.clip(-90, 90)) if geographic else northings


def _names(rows: int, columns: int) -> list[str]:
    down, across = len(str(rows)), len(str(columns))
    return [f"R{r:0{down}d}C{c:0{across}d}" for r in range(1, rows + 1) for c in range(1, columns + 1)]
