"""Zones: statistics of a grid within polygons."""

from __future__ import annotations

from typing import Annotated

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
import xarray as xr

from craton.methods.placement import brought_to, place_of, plane_of, within_turn
from craton.model import units
from craton.model.errors import ContractError
from craton.process.marks import Grid, Table
from craton.process.processes import process

STATISTICS = ("mean", "min", "max", "stdev", "count", "sum")
"""Columns that are added, all but `count` in the unit of the grid."""

WEIGHED = frozenset({"mean", "stdev"})
"""Statistics that on a geographic grid weigh cells by their area on the sphere."""


@process(
    "grid.zonal_statistics", version="1", keywords=("zones", "summary", "average", "districts", "coverage")
)
def zonal_statistics(
    zones: Annotated[gpd.GeoDataFrame, Table(geometry=("Polygon",))],
    grid: Annotated[xr.DataArray, Grid()],
    *,
    prefix: str = "",
) -> Annotated[gpd.GeoDataFrame, Table(geometry=("Polygon",))]:
    """Mean, range, deviation, count and sum of a grid within each of many polygons.

    Use it to bring measurements to districts, basins or rock units. Cells on an edge count with the
    part that lies within, so small polygons are safe. For classes the mean says nothing.

    Parameters
    ----------
    zones : GeoDataFrame
        Polygons; brought to the reference system of `grid` for the measure, and given back as they
        came. Where they overlap, each is measured for itself.
    grid : DataArray
        Evenly spaced grid of two axes. Cells without a value do not count.
    prefix : str
        Put before the names of the new columns, such as `gravity_`.

    Returns
    -------
    GeoDataFrame
        `zones` with the columns `mean`, `min`, `max`, `stdev`, `sum` in the unit of the grid and `count`
        in cells, with fractions; a polygon without cells has count 0 and no other number.

    Notes
    -----
    With c the exact part of each cell within the polygon, count = Σ c, sum = Σ c v, mean = sum / count,
    stdev² = Σ c (v - mean)² / count. On a grid in longitude and latitude, mean and stdev weigh with
    c times the area of the cell on the sphere, while count and sum are those of cells.

    References
    ----------
    Tomlin, C. D. (1990), Geographic information systems and cartographic modeling, Prentice Hall.
    """
    name = "grid.zonal_statistics"
    columns = [f"{prefix}{one}" for one in STATISTICS]
    taken = [one for one in columns if one in zones.columns]
    if taken:
        raise ContractError(
            name, "prefix", "such that new columns have names of their own", f"{taken[0]!r} again"
        )
    grid = within_turn(name, "grid", grid)
    place = place_of(name, "grid", grid)
    shapes = brought_to(name, "zones", zones, place.crs).geometry
    cells = place.upright(plane_of(name, "grid", grid).to_numpy())
    usable = ~(shapes.isna() | shapes.is_empty).to_numpy()
    measured = _measured(cells, place.region, shapes[usable], place.crs, geographic=place.is_geographic)
    numbers = pd.DataFrame(np.nan, index=zones.index, columns=list(STATISTICS))
    numbers["count"] = 0.0
    numbers.iloc[np.flatnonzero(usable)] = measured[list(STATISTICS)].to_numpy()
    result = zones.assign(**{f"{prefix}{one}": numbers[one].to_numpy() for one in STATISTICS})
    result.attrs = {**zones.attrs, "columns": {**zones.attrs.get("columns", {}), **_notes(grid, prefix)}}
    return result


def _measured(
    cells: np.ndarray,
    region: tuple[float, float, float, float],
    shapes: gpd.GeoSeries,
    crs: str,
    *,
    geographic: bool,
) -> pd.DataFrame:
    """Statistics of each of `shapes`, in their order."""
    from exactextract import exact_extract
    from exactextract.feature import GeoPandasFeatureSource
    from exactextract.raster import NumPyRasterSource

    if shapes.empty:
        return pd.DataFrame(columns=list(STATISTICS), dtype=np.float64)
    wkt = pyproj.CRS(crs).to_wkt() if crs else None
    whole = shapely.make_valid(shapes.to_numpy(), method="structure", keep_collapsed=False)
    frame = gpd.GeoDataFrame({"row": np.arange(len(shapes))}, geometry=whole, crs=wkt)
    values = np.ma.masked_invalid(np.ascontiguousarray(cells, dtype=np.float64))
    if values.mask.all():  # exactextract does not survive it
        empty = pd.DataFrame(np.nan, index=range(len(shapes)), columns=list(STATISTICS))
        return empty.assign(count=0.0)
    raster = NumPyRasterSource(values, *region, srs_wkt=wkt)
    weight = "(coverage_weight=area_spherical_m2)" if geographic else ""
    wanted = [f"{one}={one}{weight if one in WEIGHED else ''}" for one in STATISTICS]
    found = exact_extract(raster, GeoPandasFeatureSource(frame), wanted, output="pandas")
    numbers: pd.DataFrame = found.astype(np.float64)
    # Without a cell there is no sum.
    numbers.loc[numbers["count"] == 0, [c for c in STATISTICS if c != "count"]] = np.nan
    return numbers


def _notes(grid: xr.DataArray, prefix: str) -> dict[str, dict[str, str]]:
    """Unit, quantity and title of the new columns."""
    unit = units.parse(str(grid.attrs.get("units", ""))) or ""
    quantity = str(grid.attrs.get("standard_name", ""))
    titles = dict(
        zip(STATISTICS, ("Mean", "Minimum", "Maximum", "Standard deviation", "Cells", "Sum"), strict=True)
    )
    notes = {}
    for one, title in titles.items():
        same = one in {"mean", "min", "max"}
        note = {"unit": "1" if one == "count" else unit, "quantity": quantity if same else "", "title": title}
        notes[f"{prefix}{one}"] = {key: text for key, text in note.items() if text}
    return notes
