"""Drill holes in a scene: their paths by minimum curvature, and what was found along them, by table."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import numpy as np
import pandas as pd
import shapely

from craton.model.data import Boreholes
from craton.model.desurvey import offsets_at
from craton.model.errors import NotFoundError
from craton.model.record import Record
from craton.store.codec import decode
from craton.web.replies import Json
from craton.web.scene_columns import columns_of, rounded
from craton.web.scene_place import DIGITS, Extent, Numbers, placed
from craton.web.site import Site

MOST_HOLES = 50_000
"""Holes that are told, the first of the data."""

MOST_ROWS = 400_000
"""Rows of one table that are told, those of the first holes."""

MOST_SAMPLES = 400
"""Rows of a log told of one hole; more are brought together by their means."""

DOGLEG = 3.0
"""Degrees by which a path turns from vertex to vertex at most."""

MOST_PIECES = 64
"""Parts that the path between two stations is divided into at most."""

HIDDEN = frozenset(
    {"hole_id", "source_row", "bbox", "geometry", "from_depth", "to_depth", "depth", "survey_id"}
)

Index = np.ndarray[Any, np.dtype[np.int64]]


class _Holes(NamedTuple):
    """Holes with a place: names, numbers as features, collars (n, 3), and ends in metres down the hole."""

    names: pd.Index
    features: Index
    collars: Numbers
    ends: Numbers
    assumed: np.ndarray[Any, np.dtype[np.bool_]]
    crs: str

    def numbers(self, table: pd.DataFrame) -> Index:
        """Number of the hole of each row; −1 for one without a place."""
        return np.asarray(self.names.get_indexer(pd.Index(table["hole_id"].astype(str))), np.int64)


def holes_document(site: Site, record: Record) -> Json:
    """Paths of the holes of `record`, and their tables.

    Raises
    ------
    NotFoundError
        If none of them has a place.
    """
    found = decode(record.kind, record.assets, site.locate)
    assert isinstance(found, Boreholes)
    holes = _located(found, record.crs)
    number, depth = _depths(holes, found.surveys)
    places = holes.collars[number] + _offsets(holes, found.surveys, number, depth)
    known = np.isfinite(places).all(axis=1)
    number, depth, places = number[known], depth[known], places[known]
    extent = Extent.of(places)
    path = np.round(np.column_stack([places - extent.origin, depth]), DIGITS)
    starts = np.searchsorted(number, np.arange(len(holes.names) + 1))
    return {
        "crs": holes.crs, "origin": extent.origin, "extent": msgspec.to_builtins(extent),
        "holes": [
            _hole(holes, place, path[starts[place] : starts[place + 1]]) for place in range(len(holes.names))
        ],
        "tables": _tables(record, found, holes),
        "left_out": len(found.collars) - len(holes.names),
    }  # fmt: skip


def _hole(holes: _Holes, number: int, path: Numbers) -> Json:
    said: Json = {
        "id": str(holes.names[number]), "feature": int(holes.features[number]), "path": path.tolist(),
    }  # fmt: skip
    return {**said, "assumed": ["elevation"]} if holes.assumed[number] else said


def _located(boreholes: Boreholes, crs: str) -> _Holes:
    """Holes whose collars have a place, in the system of the scene; a height that is not stated is 0."""
    collars = boreholes.collars
    if "geometry" not in collars or not len(collars):
        raise NotFoundError("no hole has a place, so there is no scene of them")
    points = shapely.centroid(np.asarray(collars["geometry"].to_numpy(), dtype=object))
    system, easting, northing = placed(crs, shapely.get_x(points), shapely.get_y(points))
    kept = np.flatnonzero(np.isfinite(easting) & ~collars["hole_id"].astype(str).duplicated())[:MOST_HOLES]
    elevation = _numbers(collars, "elevation")[kept]
    names = pd.Index(collars["hole_id"].astype(str).iloc[kept])
    assumed = ~np.isfinite(elevation)
    places = np.column_stack([easting[kept], northing[kept], np.where(assumed, 0.0, elevation)])
    ends = _ends(boreholes, names, _numbers(collars, "total_depth")[kept])
    return _Holes(names, kept + 1, places, ends, assumed, system)


def _numbers(frame: pd.DataFrame, name: str) -> Numbers:
    if name not in frame:
        return np.full(len(frame), np.nan)
    return pd.to_numeric(frame[name], errors="coerce").to_numpy(np.float64, na_value=np.nan)


def _ends(boreholes: Boreholes, names: pd.Index, stated: Numbers) -> Numbers:
    """Depth of each hole: as stated, or that of the deepest that is told of it."""
    ends = np.where(np.isfinite(stated) & (stated > 0), stated, 0.0)
    tables = [boreholes.surveys, *boreholes.intervals.values(), *boreholes.curves.values()]
    for table in tables:
        if "hole_id" not in table or not len(table):
            continue
        depths = [_numbers(table, name) for name in ("depth", "from_depth", "to_depth") if name in table]
        number = names.get_indexer(pd.Index(table["hole_id"].astype(str)))
        for depth in depths:
            known = (number >= 0) & np.isfinite(depth)
            np.maximum.at(ends, number[known], depth[known])
    return ends


class _Stations(NamedTuple):
    """Survey stations by hole and depth."""

    hole: Index
    depth: Numbers
    azimuth: Numbers
    inclination: Numbers


def _stations(holes: _Holes, surveys: pd.DataFrame) -> _Stations:
    """Stations with a direction, of holes with a place."""
    if not len(surveys) or "hole_id" not in surveys:
        nothing = np.empty(0)
        return _Stations(np.empty(0, np.int64), nothing, nothing, nothing)
    hole = holes.numbers(surveys)
    numbers = [_numbers(surveys, name) for name in ("depth", "azimuth", "inclination")]
    known = (hole >= 0) & np.isfinite(numbers).all(axis=0)
    hole, depth, azimuth, inclination = hole[known], *(one[known] for one in numbers)
    order = np.lexsort((depth, hole))
    return _Stations(hole[order], depth[order], azimuth[order], inclination[order])


def _depths(holes: _Holes, surveys: pd.DataFrame) -> tuple[Index, Numbers]:
    """Hole and depth of the vertices of all paths: collar, stations and what lies between them, end."""
    stations = _stations(holes, surveys)
    every = np.arange(len(holes.names))
    between = _bends(stations)
    hole = np.concatenate([every, every, stations.hole, between[0]])
    depth = np.concatenate([np.zeros(every.size), holes.ends, stations.depth, between[1]])
    pairs = np.unique(np.column_stack([hole, np.round(np.maximum(depth, 0.0), DIGITS)]), axis=0)
    return pairs[:, 0].astype(np.int64), pairs[:, 1]


def _bends(stations: _Stations) -> tuple[Index, Numbers]:
    """Hole and depth of vertices between stations from which the path turns by more than `DOGLEG`."""
    around, down = np.radians(stations.azimuth), np.radians(stations.inclination)
    tangent = np.column_stack([np.cos(down) * np.sin(around), np.cos(down) * np.cos(around), np.sin(down)])
    cosine = (tangent[1:] * tangent[:-1]).sum(axis=1).clip(-1, 1)
    pieces = np.ceil(np.degrees(np.arccos(cosine)) / DOGLEG).clip(1, MOST_PIECES).astype(np.int64)
    bent = np.flatnonzero((stations.hole[1:] == stations.hole[:-1]) & (pieces > 1))
    holes, depths = [np.empty(0, np.int64)], [np.empty(0)]
    for place in bent:
        shares = np.arange(1, pieces[place]) / pieces[place]
        top, bottom = stations.depth[place : place + 2]
        depths.append(top + shares * (bottom - top))
        holes.append(np.full(shares.size, stations.hole[place]))
    return np.concatenate(holes), np.concatenate(depths)


def _offsets(holes: _Holes, surveys: pd.DataFrame, number: Index, depth: Numbers) -> Numbers:
    """Places (n, 3) relative to the collar; a hole without a survey goes straight down."""
    stations = _stations(holes, surveys)
    found = np.column_stack(offsets_at(*stations, at_hole=number, at_depth=depth))
    straight = ~np.isin(number, stations.hole)
    found[straight] = np.column_stack([np.zeros((straight.sum(), 2)), -depth[straight]])
    return found


def _tables(record: Record, boreholes: Boreholes, holes: _Holes) -> Json:
    tables: Json = {}
    for name, table in boreholes.intervals.items():
        if {"hole_id", "from_depth", "to_depth"} <= set(table):
            ends = _numbers(table, "from_depth"), _numbers(table, "to_depth")
            tables[name] = _table(record, name, table, holes.numbers(table), *ends)
    for name, table in boreholes.curves.items():
        if {"hole_id", "depth"} <= set(table):
            thin, ends = _thinned(table, holes.numbers(table))
            key = name if name not in tables else f"{name} (log)"
            tables[key] = _table(record, name, thin, holes.numbers(thin), *ends)
    return tables


def _table(record: Record, name: str, table: pd.DataFrame, hole: Index, start: Numbers, end: Numbers) -> Json:
    """One table, hole by hole from the top; rows without a place are left out."""
    kept = np.flatnonzero((hole >= 0) & np.isfinite(start) & np.isfinite(end))
    kept = kept[np.lexsort((start[kept], hole[kept]))]
    shown = kept[:MOST_ROWS]
    told, values = columns_of(record, table.iloc[shown], name, HIDDEN)
    rows = {
        "hole": hole[shown].tolist(), "from": rounded(start[shown]), "to": rounded(end[shown]),
        "values": values,
    }  # fmt: skip
    return {"columns": told, "rows": rows, "left_out": int(kept.size - shown.size)}


def _thinned(table: pd.DataFrame, hole: Index) -> tuple[pd.DataFrame, tuple[Numbers, Numbers]]:
    """Rows of a log, those of long ones brought together by their means, and where each begins and ends."""
    depth = _numbers(table, "depth")
    known = np.flatnonzero((hole >= 0) & np.isfinite(depth))
    order = known[np.lexsort((depth[known], hole[known]))]
    table, hole, depth = table.iloc[order].reset_index(drop=True), hole[order], depth[order]
    counts = np.bincount(hole, minlength=1)
    starts = np.concatenate([[0], np.cumsum(counts)])
    step = np.ceil(counts / MOST_SAMPLES).clip(1)[hole].astype(np.int64)
    group = pd.Series((np.arange(hole.size) - starts[hole]) // step + hole * (MOST_SAMPLES + 1))
    depths = pd.Series(depth).groupby(group)
    ends = _floats(depths.min()), _floats(depths.max())
    if hole.size == len(ends[0]):
        return table, ends
    numbers = table.select_dtypes(include="number").groupby(group).mean()
    numbers["hole_id"] = table["hole_id"].groupby(group).first()
    return numbers.reset_index(drop=True), ends


def _floats(series: pd.Series) -> Numbers:
    return np.asarray(series, np.float64)
