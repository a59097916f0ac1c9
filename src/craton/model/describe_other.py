"""Describe boreholes, time series and meshes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from craton.model import crs as systems
from craton.model.columns import summarise
from craton.model.data import Boreholes, Draft, Mesh, Series
from craton.model.describe_table import add_columns, arrow_columns, frame_crs, geometry_of
from craton.model.description import Description, settle_crs
from craton.model.locate import locate
from craton.model.places import Places
from craton.model.record import Column, Interval

DEPTHS = ("to_depth", "depth")
"""Columns that say how far down a hole a row reaches."""


def describe_boreholes(draft: Draft, holes: Boreholes, description: Description) -> None:
    """Describe drill holes; the vertical extent takes them as straight down, the most they can reach."""
    shapes = geometry_of(holes.collars)
    crs = settle_crs(draft, frame_crs(holes.collars), description, placed=_any_place(shapes))
    tables = {"collars": holes.collars, "surveys": holes.surveys, **holes.intervals, **holes.curves}
    for name, table in tables.items():
        add_frame(draft, table, name, description)
    description.shape = {
        "hole": len(holes.collars),
        "survey": len(holes.surveys),
        "interval": sum(len(table) for table in holes.intervals.values()),
        "sample": sum(len(table) for table in holes.curves.values()),
    }
    description.find("table-empty", not len(holes.collars))
    _locate_shapes(shapes, crs, description, missing="hole-without-location")
    description.vertical = _reach(holes) or description.vertical


def _any_place(shapes: np.ndarray | None) -> bool:
    return shapes is not None and any(shape is not None for shape in shapes)


def _locate_shapes(shapes: np.ndarray | None, crs: str, description: Description, *, missing: str) -> None:
    if shapes is None:
        return
    places = Places(systems.is_geographic(crs), expected=len(shapes))
    places.add_shapes(shapes)
    description.find(missing, places.missing)
    places.missing = 0
    locate(places, crs, description)


def add_frame(draft: Draft, frame: pd.DataFrame, table: str, description: Description) -> None:
    """Add the columns of one of several tables."""
    summaries = {name: summarise(column) for name, column in arrow_columns(frame).items()}
    add_columns(draft, summaries, description, table)
    shapes = geometry_of(frame)
    if shapes is not None:
        missing = sum(shape is None for shape in shapes)
        description.columns.append(Column(name="geometry", type="geometry", table=table, missing=missing))


def _reach(holes: Boreholes) -> Interval | None:
    """From the highest collar to the deepest end, in metres; `None` where no collar states its elevation."""
    collars = holes.collars
    if not {"elevation", "hole_id"} <= set(collars) or not pd.api.types.is_numeric_dtype(
        collars["elevation"]
    ):
        return None
    tops = collars["elevation"].to_numpy(np.float64, na_value=np.nan)
    if not np.isfinite(tops).any():
        return None
    depths = collars["hole_id"].astype(str).map(_deepest(holes)).to_numpy(np.float64)
    ends = tops - np.nan_to_num(depths, nan=0.0, posinf=0.0, neginf=0.0)
    known = np.isfinite(tops)
    return Interval(minimum=float(ends[known].min()), maximum=float(tops[known].max()))


def _deepest(holes: Boreholes) -> pd.Series:
    """Depth by hole: the stated one, or what any table reaches where that is deeper."""
    stated = _by_hole(holes.collars, "total_depth")
    reached = [
        _by_hole(table, name)
        for table in (holes.surveys, *holes.intervals.values(), *holes.curves.values())
        for name in DEPTHS
    ]
    known = [one for one in (stated, *reached) if len(one)]
    return pd.concat(known).groupby(level=0).max() if known else pd.Series(dtype=np.float64)


def _by_hole(table: pd.DataFrame, name: str) -> pd.Series:
    if "hole_id" not in table or name not in table or not pd.api.types.is_numeric_dtype(table[name]):
        return pd.Series(dtype=np.float64)
    numbers = table[name].astype(np.float64)
    return numbers.groupby(table["hole_id"].astype(str)).max()


def describe_series(draft: Draft, series: Series, description: Description) -> None:
    """Describe measurements over time at stations."""
    shapes = geometry_of(series.stations) if series.stations is not None else None
    found = frame_crs(series.stations) if series.stations is not None else ""
    crs = settle_crs(draft, found, description, placed=_any_place(shapes))
    add_frame(draft, series.values, "", description)
    if series.stations is not None:
        add_frame(draft, series.stations, "stations", description)
    values = series.values
    stations = len(series.stations) if series.stations is not None else 0
    named = values["station"].astype(str).nunique() if "station" in values else int(len(values) > 0)
    description.shape = {"station": max(stations, int(named)), "row": len(values)}
    description.find("table-empty", not len(values))
    if _any_place(shapes):
        _locate_shapes(shapes, crs, description, missing="coordinate-missing")
    else:
        description.find("no-coordinates")


def describe_mesh(draft: Draft, mesh: Mesh, description: Description) -> None:
    """Describe triangulated surfaces."""
    vertices = np.asarray(mesh.vertices, np.float64).reshape(-1, 3)
    crs = settle_crs(draft, "", description, placed=len(vertices) > 0)
    add_frame(draft, mesh.parts, "", description)
    description.shape = {"part": len(mesh.parts), "triangle": len(mesh.triangles), "vertex": len(vertices)}
    description.find("table-empty", not len(mesh.triangles))
    places = Places(systems.is_geographic(crs))
    places.add_points(vertices)
    description.find("coordinate-missing", places.missing)
    places.missing = 0
    locate(places, crs, description)
    description.properties.pop("geometry_types", None)
