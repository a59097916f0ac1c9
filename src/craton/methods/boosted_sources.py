"""Gradient-boosted equivalent sources: a survey fitted by point sources, one window after the other."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import xarray as xr

from craton.kernels.boosted_sources import Box, boost, field_of, place_sources, windows, within
from craton.kernels.equivalent_layer import Stations
from craton.methods.equivalent_survey import (
    HIGHEST,
    Metres,
    NumberColumn,
    Points,
    StationTable,
    Survey,
    station_table,
    survey_of,
    template_over,
)
from craton.methods.placement import Region, on_cells
from craton.methods.points_samples import described, in_strips
from craton.model import units
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import Bounds, Grid, Unit
from craton.process.processes import process

ID = "gridding.boosted_sources"

IN_WINDOW, MOST_IN_WINDOW = 1000, 5000
"""Stations of a window: on the whole unless its side is given, and at most, whose matrices take 400 MB."""

DEPTHS = 4.5
"""Depth of the sources, in distances of one source from its nearest."""


class Boosted(NamedTuple):
    """Field, its slope upward, and how it fits."""

    field: Annotated[xr.DataArray, Grid()]
    upward_derivative: Annotated[xr.DataArray, Grid()]
    stations: StationTable


@process(
    ID,
    version="1",
    keywords=(
        "equivalent layer",
        "gradient boosting",
        "gridding",
        "reduction to a plane",
        "等效源",
        "曲化平",
    ),
)
def boosted_sources(
    points: Points,
    column: NumberColumn,
    height_column: NumberColumn,
    spacing: Annotated[float, Unit("m"), Bounds(above=0)],
    *,
    height: Annotated[float, Unit("m"), Bounds(minimum=-HIGHEST, maximum=HIGHEST)] | None = None,
    region: Region | None = None,
    depth: Metres | None = None,
    block: Metres | None = None,
    window: Metres | None = None,
    damping: Annotated[float, Bounds(above=0, maximum=1)] = 1e-5,
    seed: Annotated[int, Bounds(minimum=0)] = 0,
) -> Boosted:
    """Gravity or magnetic grid on one level from stations at different heights, by gradient-boosted sources.

    Use it where sources are to follow the ground, as over high relief, or to compare with others who work by
    this method. `gridding.equivalent_sources` is faster, finds depth and noise itself, and over moderate
    relief is the more accurate. As with it, take anomalies that obey Laplace's equation, of surveys that
    were levelled to each other; not radiometrics or geochemistry.

    Parameters
    ----------
    points : GeoDataFrame
        At least four stations in a reference system in metres, in any order. Rows without place, value or
        height are left out.
    column : str
        Column of the anomaly, in any unit.
    height_column : str
        Column of the heights of the stations above any one level, positive up, in a unit of length.
    spacing : float
        Side of a cell of the result in metres.
    height : float
        Height of the result in metres above the same level. Left out, the mean height of the stations.
    region : tuple
        West, south, east and north edge of the grid. Left out, the extent of the stations.
    depth : float
        Depth of each source below the stations above it, in metres. Left out, 4.5 times the mean distance of
        a source from its nearest.
    block : float
        Side in metres of the blocks of which each has one source, below the mean place of its stations. Left
        out, the mean distance of stations.
    window : float
        Side of a window in metres; the wider, the closer to the fit of all at once, and the slower. Left out,
        such that a window holds about 1,000 stations.
    damping : float
        How much strong sources are held down, 0 to 1; raise it for noisy data.
    seed : int
        Number that sets the random order of the windows.

    Returns
    -------
    field : DataArray
        The anomaly in the unit of `column` at `height`; the first row in the north.
    upward_derivative : DataArray
        Its change per metre upward there.
    stations : GeoDataFrame
        The stations that were used, with the field of the sources at each and the difference.

    Notes
    -----
    The field is the mean of the data and Σ c / r of the sources. Windows overlap by half and come in random
    order. In each, c makes Σ (left - field)² + damping n Σ (s c)² least, where left is what the windows
    before have not explained and s c the root mean square effect of a source on the n stations of the window.
    Memory is that of one window; the time grows with the square of the number of stations. The order of
    the stations makes no difference.

    References
    ----------
    Soler, S. R., and Uieda, L. (2021). Gradient-boosted equivalent sources. Geophysical Journal International
    227(3), 1768-1783. doi:10.1093/gji/ggab297

    Cooper, G. R. J. (2000). Gridding gravity data using an equivalent layer. Computers & Geosciences 26(2),
    227-233. doi:10.1016/S0098-3004(99)00089-8
    """
    survey = _sorted(survey_of(ID, points, column, height_column))
    template = template_over(ID, survey, spacing, region)
    sources = _sources(survey.stations, depth, block)
    level = _level(survey, sources, height)
    mean = float(survey.values.mean())
    boxes = _windows(survey.stations, window, seed)
    strengths, left = boost(
        survey.stations, survey.values - mean, sources, progress.each(boxes, "windows"), damping=damping
    )
    about = described(points, column)
    field, slope = (_cells(template, level, sources, strengths, slope=slope) for slope in (False, True))
    per_metre = units.parse(f"{about['unit']}/m") if about["unit"] else ""
    return Boosted(
        on_cells(template, (field + mean).astype(np.float32), **about),
        on_cells(
            template, slope.astype(np.float32), name="upward_derivative", unit=per_metre or "",
            title=f"{column}, change upward",
        ),
        station_table(survey, survey.values - left, about["unit"]),
    )  # fmt: skip


def _sorted(survey: Survey) -> Survey:
    """Stations in an order that does not hang on that of the table."""
    places = survey.stations
    order = np.lexsort((survey.values, places.upward, places.easting, places.northing))
    stations = Stations(*(axis[order] for axis in places))
    return survey._replace(
        stations=stations, values=survey.values[order], frame=survey.frame.iloc[order].reset_index(drop=True)
    )


def _sources(stations: Stations, depth: float | None, block: float | None) -> Stations:
    """Sources under the stations."""
    from scipy.spatial import cKDTree

    size = block or _distance(stations)
    level = place_sources(stations, block=size, depth=0.0)
    if depth is None:
        places = np.column_stack(level[:2])
        nearest = cKDTree(places).query(places, k=2)[0][:, 1] if len(places) > 1 else np.array([size])
        depth = DEPTHS * float(nearest.mean())
    return level._replace(upward=level.upward - depth)


def _distance(stations: Stations) -> float:
    """Mean distance of stations, over an area or along a line."""
    sides = np.array([np.ptp(axis) for axis in stations[:2]])
    count = stations.northing.size
    return float(max(np.sqrt(sides.prod() / count), sides.max() / count))


def _level(survey: Survey, sources: Stations, height: float | None) -> float:
    """Height of the result, not nearer to a source than half of its depth."""
    level = float(survey.stations.upward.mean()) if height is None else height
    ground, highest = float(survey.stations.upward.max()), float(sources.upward.max())
    least = (ground + highest) / 2
    if level < least:
        raise ContractError(
            ID, "height", f"at least {least:.6g} m, half-way from the highest source to the highest station",
            f"{level:.6g} m", hint="give a greater height, or a greater depth of the sources",
        )  # fmt: skip
    return level


def _windows(stations: Stations, side: float | None, seed: int) -> list[Box]:
    """Windows that hold few enough stations."""
    extent = max(float(np.ptp(axis)) for axis in stations[:2])
    wanted = side or min(extent, _distance(stations) * np.sqrt(IN_WINDOW))
    while True:
        boxes = windows(stations, wanted, seed=seed)
        most = max(within(stations, box).size for box in boxes)
        if most <= MOST_IN_WINDOW:
            return boxes
        if side is not None:
            allowed = f"small enough for {MOST_IN_WINDOW:,} stations in each window"
            raise ContractError(ID, "window", allowed, f"{side:g} m, with {most:,} stations in one")
        wanted /= 2


def _cells(
    template: xr.DataArray, level: float, sources: Stations, strengths: np.ndarray, *, slope: bool
) -> np.ndarray:
    """Field of the sources, or its slope, on the cells of `template`."""

    def values_at(eastings: np.ndarray, northings: np.ndarray) -> np.ndarray:
        places = Stations(northings.ravel(), eastings.ravel(), np.full(eastings.size, level))
        return field_of(sources, strengths, places, slope=slope).reshape(eastings.shape)

    return in_strips(template, values_at, "grid")
