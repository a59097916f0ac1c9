"""Desurvey: drill holes as lines and points in space."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from craton.methods.borehole_layers import DrillHoles, ReportTable, numbers, report_of
from craton.methods.borehole_places import Placed, placed_holes
from craton.methods.vector_shapes import noted, notes_of, with_room
from craton.model.data import Boreholes
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, ReferenceSystem, Table, Unit
from craton.process.processes import process

DESURVEY = "boreholes.desurvey"

MOST_POINTS = 20_000_000
"""Points above which the spacing is taken to be a mistake."""

PLACE = (
    Column(name="easting", unit="m", title="Easting"),
    Column(name="northing", unit="m", title="Northing"),
    Column(name="upward", unit="m", title="Height above the datum"),
)

TraceTable = Annotated[
    gpd.GeoDataFrame,
    Table(
        geometry=("LineString",),
        columns=(
            Column(name="hole_id", title="Hole"),
            Column(name="length", unit="m", title="Length along the hole"),
            Column(name="end_easting", unit="m", title="Easting of its end"),
            Column(name="end_northing", unit="m", title="Northing of its end"),
            Column(name="end_upward", unit="m", title="Height of its end"),
            Column(name="drift", unit="m", title="Horizontal distance of its end from the collar"),
        ),
    ),
]

PointTable = Annotated[
    gpd.GeoDataFrame,
    Table(
        geometry=("Point",),
        columns=(
            Column(name="hole_id", title="Hole"),
            Column(name="depth", unit="m", quantity="depth", title="Depth along the hole"),
            *PLACE,
        ),
    ),
]


class Desurveyed(NamedTuple):
    """Holes in space."""

    traces: TraceTable
    points: PointTable
    report: ReportTable


@process(DESURVEY, version="1", keywords=("drill hole", "deviation", "minimum curvature", "3D", "测斜"))
def desurvey(
    boreholes: DrillHoles,
    *,
    table: str = "",
    spacing: Annotated[float, Unit("m"), Bounds(above=0, maximum=10_000)] = 10.0,
    crs: Annotated[str, ReferenceSystem(projected=True)] | None = None,
) -> Desurveyed:
    """Drill holes in space: a 3D line of each hole, and points along it or at its samples.

    Use it to bring what was found along deviated holes into a 3D model or onto a section. Holes without a
    survey are taken as straight down.

    Parameters
    ----------
    boreholes : Boreholes
        Collars with place and elevation, surveys with depth, azimuth from grid north and inclination
        (negative down), and any tables.
    table : str
        Table whose rows become points: intervals at their middles, curves at their depths. Empty for
        points every `spacing` along the holes.
    spacing : float
        Distance along a hole between the points of its line, in metres; survey stations are points too.
    crs : str, optional
        Reference system in metres of the results. Without it that of the collars, or for collars in
        degrees the UTM zone (WGS 84) of their middle.

    Returns
    -------
    traces : GeoDataFrame
        A line (easting, northing, upward) of each hole with a known end: its `length`, where it ends, and
        how far its end has drifted from the vertical.
    points : GeoDataFrame
        Points with `hole_id`, `depth` and place, and the columns of `table`.
    report : DataFrame
        Holes that are left out (without a place, elevation or end) or doubtful (without a survey, upward).

    Notes
    -----
    Between stations the hole is a circular arc (minimum curvature): with tangents t₁, t₂, distance L and
    angle θ between the tangents the step is L/2 · (t₁ + t₂) · tan(θ/2)/(θ/2). Points between stations lie
    on the arc. Above the first and below the last station the hole is straight. Two stations of opposite
    direction fix no arc; the hole has no place from there.

    A hole ends at its `total_depth`, or where that is not stated at its deepest station, interval or
    reading.

    References
    ----------
    Sawaryn, S. J., and Thorogood, J. L. (2005). A compendium of directional calculations based on the
    minimum curvature method. SPE Drilling & Completion 20(1), 24-36. doi:10.2118/84246-PA
    """
    placed = placed_holes(DESURVEY, boreholes, crs)
    ends = _ends(boreholes, placed)
    there = np.isfinite(placed.collars).all(axis=1) & np.isfinite(ends) & (ends > 0)
    if ends[there].sum() / spacing > MOST_POINTS:
        allowed = f"one that gives at most {MOST_POINTS} points"
        raise ContractError(DESURVEY, "spacing", allowed, f"{spacing:g} m")
    number, depth = _vertices(placed, np.flatnonzero(there), ends, spacing)
    places = placed.at(number, depth)
    traces = _traces(placed, number, depth, places)
    if table:
        points = _samples(boreholes, placed, table)
    else:
        frame = pd.DataFrame({"hole_id": placed.names[number], "depth": depth})
        points = points_of(frame, places, placed.crs)
    return Desurveyed(traces, points, report_of(placed.problems))


def _ends(boreholes: Boreholes, placed: Placed) -> np.ndarray:
    """Depth at which each hole ends, NaN where nothing tells."""
    deepest = np.full(len(placed.names), -np.inf)
    np.maximum.at(deepest, placed.hole, placed.depth)
    for frame in (*boreholes.intervals.values(), *boreholes.curves.values()):
        number = placed.number(frame["hole_id"])
        depth = numbers(frame["to_depth" if "to_depth" in frame.columns else "depth"])
        kept = (number >= 0) & np.isfinite(depth)
        np.maximum.at(deepest, number[kept], depth[kept])
    return np.where(placed.depths > 0, placed.depths, deepest)


def _vertices(
    placed: Placed, holes: np.ndarray, ends: np.ndarray, spacing: float
) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of holes and depths of the points of their lines: every `spacing`, stations, and the end."""
    counts = np.ceil(ends[holes] / spacing - 1e-9).astype(np.int64)
    number = np.repeat(holes, counts)
    step = np.arange(number.size) - np.repeat(np.cumsum(counts) - counts, counts)
    stations = np.isin(placed.hole, holes) & (placed.depth < ends[placed.hole])
    number = np.concatenate([number, placed.hole[stations], holes])
    depth = np.concatenate([step * spacing, placed.depth[stations], ends[holes]])
    order = np.lexsort((depth, number))
    number, depth = number[order], depth[order]
    fresh = np.ones(number.size, dtype=bool)
    fresh[1:] = (np.diff(number) > 0) | (np.diff(depth) > 0)
    return number[fresh], depth[fresh]


def _traces(placed: Placed, number: np.ndarray, depth: np.ndarray, places: np.ndarray) -> gpd.GeoDataFrame:
    """Lines of the holes; one whose survey fixes no path has none."""
    known = np.isfinite(places).all(axis=1)
    number, depth, places = number[known], depth[known], places[known]
    holes, first, counts = np.unique(number, return_index=True, return_counts=True)
    kept = counts > 1
    lines = [
        shapely.LineString(places[start : start + count])
        for start, count in zip(first[kept], counts[kept], strict=True)
    ]
    last = (first + counts - 1)[kept]
    end, collar = places[last], placed.collars[holes[kept]]
    frame = pd.DataFrame({
        "hole_id": placed.names[holes[kept]].astype(str), "length": depth[last], "end_easting": end[:, 0],
        "end_northing": end[:, 1], "end_upward": end[:, 2],
        "drift": np.hypot(*(end - collar)[:, :2].T),
    })  # fmt: skip
    return gpd.GeoDataFrame(frame, geometry=np.asarray(lines, dtype=object), crs=placed.crs or None)


def _samples(boreholes: Boreholes, placed: Placed, name: str) -> gpd.GeoDataFrame:
    """Rows of a table as points."""
    tables = {**boreholes.intervals, **boreholes.curves}
    if name not in tables:
        raise ContractError(DESURVEY, "table", f"a table: {', '.join(tables) or 'there is none'}", repr(name))
    frame = tables[name]
    if name in boreholes.intervals:
        depth = 0.5 * (numbers(frame["from_depth"]) + numbers(frame["to_depth"]))
    else:
        depth = numbers(frame["depth"])
    number = placed.number(frame["hole_id"])
    kept = (number >= 0) & np.isfinite(depth)
    places = np.full((len(frame), 3), np.nan)
    places[kept] = placed.at(number[kept], depth[kept])
    kept &= np.isfinite(places).all(axis=1)
    plain = with_room(
        frame.drop(columns="depth", errors="ignore"), ("easting", "northing", "upward", "geometry")
    )
    rest = plain.drop(columns="hole_id")[kept].reset_index(drop=True)
    first = pd.DataFrame({"hole_id": placed.names[number[kept]], "depth": depth[kept]})
    told = pd.concat([first, rest], axis=1)
    return noted(points_of(told, places[kept], placed.crs), notes_of(plain))


def points_of(frame: pd.DataFrame, places: np.ndarray, crs: str) -> gpd.GeoDataFrame:
    """Rows at `places` (n, 3) as a table of 3D points, without those that have none."""
    known = np.isfinite(places).all(axis=1)
    kept = (
        frame[known].reset_index(drop=True).assign(hole_id=frame["hole_id"][known].astype("str").to_numpy())
    )
    for name, values in zip(("easting", "northing", "upward"), places[known].T, strict=True):
        kept[name] = values
    return gpd.GeoDataFrame(kept, geometry=shapely.points(places[known]), crs=crs or None)
