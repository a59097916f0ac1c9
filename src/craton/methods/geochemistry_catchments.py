"""Catchments of stream-sediment samples, from an elevation grid."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
import xarray as xr
from numpy.typing import NDArray

from craton.kernels import catchments as kernel
from craton.kernels.terrain import metres_per_degree
from craton.methods.geochemistry_cells import outlines, row_areas
from craton.methods.placement import Place, brought_to, on_cells, place_of, plane_of, within_turn
from craton.methods.vector_shapes import noted, notes_of, with_room
from craton.model import crs as systems
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, Grid, Table, Unit
from craton.process.processes import process

ID = "geochemistry.catchments"

REACH = 2.0
"""Cells within which a stream is looked for, where no distance is given."""

STREAM_CELLS = 50
"""Cells upstream from which a cell is a stream, where no area is given."""

Values = NDArray[np.float64]
Integers = NDArray[np.int64]

CATCHMENT_COLUMNS = (
    Column(name="catchment", title="Catchment"),
    Column(name="downstream", title="Next catchment downstream, empty for none"),
    Column(name="area", unit="km2", title="Area of the catchment less those upstream"),
    Column(name="upstream_area", unit="km2", title="Area of the whole catchment"),
    Column(name="upstream_catchments", unit="1", title="Catchments upstream"),
    Column(name="moved", unit="m", title="Distance from the sample to its stream"),
)


class Catchments(NamedTuple):
    """Catchments, and the area upstream of each cell."""

    catchments: Annotated[gpd.GeoDataFrame, Table(geometry=("Polygon",), columns=CATCHMENT_COLUMNS)]
    upstream_area: Annotated[xr.DataArray, Grid(quantity="upstream_area", unit="km2")]


@process(
    ID,
    version="1",
    keywords=("sample catchment basin", "drainage basin", "stream sediment", "watershed", "D8", "汇水盆地"),
)
def catchments(
    samples: Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))],
    elevation: Annotated[xr.DataArray, Grid(quantity="elevation", unit="m")],
    *,
    snap_distance: Annotated[float | None, Unit("m"), Bounds(minimum=0)] = None,
    stream_area: Annotated[float | None, Unit("km2"), Bounds(above=0)] = None,
) -> Catchments:
    """Catchment of each stream-sediment sample: the ground its sediment came from.

    Use it to map stream sediments by the ground they stand for in place of the points where they were taken,
    and to correct them for dilution with `geochemistry.catchment_anomaly`. It needs an elevation grid whose
    cells are several times smaller than the catchments, and sample sites on the right side of confluences:
    draw the result over `upstream_area` and look at samples that were moved far. Flat ground, lakes and
    canals are not to be trusted.

    Parameters
    ----------
    samples : GeoDataFrame
        Places of the samples; brought to the reference system of the grid.
    elevation : DataArray
        Evenly spaced elevation grid in metres or degrees that reaches beyond the catchments. Water leaves it
        over its edge and into cells without a value.
    snap_distance : float
        Distance in metres within which a sample is moved to a stream. Left out, two cells.
    stream_area : float
        Area upstream in km² from which a cell is a stream. Left out, that of 50 cells.

    Returns
    -------
    catchments : GeoDataFrame
        A row for each sample with its columns, and the polygon of the ground between it and the samples
        next upstream. Samples in one cell share one catchment. A sample without a place, or with no cell
        within reach, has no polygon, an empty `catchment` and no areas.
    upstream_area : DataArray
        Area in km² that drains through each cell, itself included, to see the streams.

    Notes
    -----
    Water flows to the steepest of eight neighbours (D8), and out of depressions the way that climbs least. A
    sample goes to the nearest stream cell within reach; where there is none, to the cell within reach with
    the largest area upstream. `moved` is from the sample to the middle of that cell. Areas are those of
    cells: on the ellipsoid in degrees, else in the projection.

    References
    ----------
    O'Callaghan, J. F. and Mark, D. M. (1984), The extraction of drainage networks from digital elevation
    data, Computer Vision, Graphics, and Image Processing 28(3), 323-344,
    doi:10.1016/S0734-189X(84)80011-0.

    Barnes, R., Lehman, C. and Mulla, D. (2014), Priority-flood: an optimal depression-filling and
    watershed-labeling algorithm for digital elevation models, Computers & Geosciences 62, 117-127,
    doi:10.1016/j.cageo.2013.04.024.

    Carranza, E. J. M. and Hale, M. (1997), A catchment basin approach to the analysis of reconnaissance
    geochemical-geological data from Albay Province, Philippines, Journal of Geochemical Exploration 60(2),
    157-171.
    """
    elevation = within_turn(ID, "elevation", elevation)
    basin = _basin(elevation)
    points = _points(samples, basin.place)
    sides = basin.height, float(basin.widths.mean())
    reach = REACH * max(sides) if snap_distance is None else snap_distance
    enough = STREAM_CELLS * float(basin.areas.mean()) if stream_area is None else stream_area
    spots = [_snapped(basin, point, reach, enough) for point in points]
    cells = np.array([cell for cell, _moved in spots], dtype=np.int64)
    moved = np.array([distance for _cell, distance in spots], dtype=np.float64)
    field = on_cells(
        elevation, basin.place.upright(basin.upstream.reshape(basin.place.shape)), name="upstream_area",
        unit="km2", quantity="upstream_area", title="Upstream area",
    )  # fmt: skip
    return Catchments(_table(samples, basin, cells, moved), field.transpose(*elevation.dims))


class _Basin(NamedTuple):
    """Drainage of a grid whose first row is in the north; areas in km², lengths in metres."""

    place: Place
    drainage: kernel.Drainage
    areas: Values
    upstream: Values
    height: float
    widths: Values


def _basin(elevation: xr.DataArray) -> _Basin:
    place = place_of(ID, "elevation", elevation)
    unit = systems.axes(place.crs).unit if place.crs else "m"
    if not place.is_geographic and unit != "m":
        raise ContractError(
            ID, "elevation", "on axes in metres or degrees", f"on axes in {unit}",
            hint="reproject it first, with grid.reproject",
        )  # fmt: skip
    cells = place.upright(plane_of(ID, "elevation", elevation).to_numpy()).astype(np.float64)
    cells[~np.isfinite(cells)] = np.nan
    if np.isnan(cells).all():
        raise ContractError(ID, "elevation", "a grid with values", "one without")
    height, widths = _lengths(place)
    drainage = kernel.drainage(cells, height, widths)
    areas = row_areas(ID, "elevation", place)[:: -1 if place.step[0] > 0 else 1]
    upstream = kernel.upstream_sum(*drainage, np.repeat(areas, place.shape[1]))
    upstream[drainage.receivers == kernel.NO_CELL] = np.nan
    return _Basin(place, drainage, areas, upstream, height, widths)


def _lengths(place: Place) -> tuple[float, Values]:
    """Metres from row to row, and from column to column in each row from the north."""
    down, right = place.spacing
    if not place.is_geographic:
        return down, np.full(place.shape[0], right)
    north = place.region[3]
    latitudes = np.clip(north - down * (np.arange(place.shape[0]) + 0.5), -90, 90)
    along_meridian, along_parallel = metres_per_degree(latitudes)
    # At a pole columns meet; a metre keeps slopes finite.
    return float(along_meridian.mean()) * down, np.maximum(along_parallel * right, 1.0)


def _points(samples: gpd.GeoDataFrame, place: Place) -> Values:
    """Easting and northing of each row, NaN where it has none; a multipoint counts by its middle."""
    shapes = brought_to(ID, "samples", samples, place.crs).geometry.to_numpy()
    middles = shapely.centroid(shapes)
    return np.column_stack([shapely.get_x(middles), shapely.get_y(middles)])


def _snapped(basin: _Basin, point: Values, reach: float, enough: float) -> tuple[int, float]:
    """Cell of a sample and its distance, `NO_CELL` where none is within reach."""
    (west, _south, _east, north), (down, right) = basin.place.region, basin.place.spacing
    row, column = (north - point[1]) / down - 0.5, (point[0] - west) / right - 0.5
    rows, columns = basin.place.shape
    if not (-0.5 <= row <= rows - 0.5 and -0.5 <= column <= columns - 0.5):
        return kernel.NO_CELL, np.nan
    width = float(basin.widths[min(max(round(row), 0), rows - 1)])
    # Its own cell is always within reach.
    high, wide = max(reach / basin.height, 0.5), max(reach / width, 0.5)
    down_to = np.arange(max(int(np.ceil(row - high)), 0), min(int(np.floor(row + high)), rows - 1) + 1)
    along = np.arange(max(int(np.ceil(column - wide)), 0), min(int(np.floor(column + wide)), columns - 1) + 1)
    r, c = (one.ravel() for one in np.meshgrid(down_to, along, indexing="ij"))
    distance = np.hypot((r - row) * basin.height, (c - column) * width)
    near = r * columns + c
    own = (np.abs(r - row) <= 0.5) & (np.abs(c - column) <= 0.5)
    held = np.isfinite(basin.upstream[near]) & (own | (distance <= reach))
    near, distance = near[held], distance[held]
    if not near.size:
        return kernel.NO_CELL, np.nan
    area = basin.upstream[near]
    stream = area >= enough
    order = np.lexsort((near, distance, ~stream)) if stream.any() else np.lexsort((near, distance, -area))
    return int(near[order[0]]), float(distance[order[0]])


def _table(samples: gpd.GeoDataFrame, basin: _Basin, cells: Integers, moved: Values) -> gpd.GeoDataFrame:
    """`samples` with their catchments."""
    outlets, number = np.unique(cells[cells >= 0], return_inverse=True)
    # Catchments are numbered by the first sample in each.
    first = np.full(outlets.size, cells.size)
    np.minimum.at(first, number, np.flatnonzero(cells >= 0))
    outlets = outlets[np.argsort(first)]
    receivers, order = basin.drainage
    labels = kernel.labels_of(receivers, order, outlets)
    below = kernel.downstream_of(receivers, labels, outlets)
    weights = np.repeat(basin.areas, basin.place.shape[1])
    area = np.bincount(labels + 1, weights, outlets.size + 1)[1:]
    shapes = outlines((labels + 1).reshape(basin.place.shape).astype(np.int32), basin.place, outlets.size)
    names = np.array([f"C{n}" for n in range(1, outlets.size + 1)] + [""], dtype=object)
    # Samples without a catchment take the row after the last.
    row = {int(cell): n for n, cell in enumerate(outlets)}
    at = np.array([row.get(int(cell), outlets.size) for cell in cells], dtype=np.intp)
    upstream = np.append(basin.upstream[outlets], np.nan)
    frame = with_room(samples, [column.name for column in CATCHMENT_COLUMNS])
    frame = frame.assign(
        catchment=names[at], downstream=np.append(names[below], "")[at], area=np.append(area, np.nan)[at],
        upstream_area=upstream[at], upstream_catchments=_counts(below, upstream)[at], moved=moved,
    )  # fmt: skip
    polygons = gpd.GeoSeries(
        np.append(shapes, np.array([None]))[at], frame.index, crs=basin.place.crs or None
    )
    return noted(frame.set_geometry(polygons), notes_of(frame))


def _counts(below: Integers, upstream: Values) -> Values:
    """Catchments upstream of each, and none for samples without one."""
    counts = np.zeros(below.size)
    for one in np.argsort(upstream[:-1], kind="stable"):
        if below[one] >= 0:
            counts[below[one]] += counts[one] + 1
    return np.append(counts, np.nan)
