"""Places of drill holes: collars in metres, and any depth of any hole in space by minimum curvature."""

from __future__ import annotations

from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj

from craton.methods.borehole_layers import Layers, Problem, numbers
from craton.methods.map_zone import zone_of
from craton.methods.placement import crs_of
from craton.model import crs as systems
from craton.model import desurvey
from craton.model.data import Boreholes
from craton.model.errors import ContractError

STRAIGHT_DOWN = -90.0

DIGITS = 6
"""Decimals of metres to which heights are compared, so that a level hole neither rises nor falls."""


class Placed(NamedTuple):
    """Holes in space.

    Parameters
    ----------
    crs : str
        Reference system in metres, empty where the collars state none.
    names : Index
        Names of the holes, as the collars stand.
    collars : array (n, 3)
        Easting, northing and upward of the collars in metres; NaN where not known.
    depths : array (n,)
        Stated ends of the holes in metres along them, NaN where not stated.
    hole, depth, azimuth, inclination : array (m,)
        Survey stations, of holes by number; a hole without one gets one straight down.
    surveyed : array of bool (n,)
        Whether the hole has stations of its own.
    problems : list of Problem
        Holes without a place, a height or a survey, and holes that go up.
    """

    crs: str
    names: pd.Index
    collars: np.ndarray
    depths: np.ndarray
    hole: np.ndarray
    depth: np.ndarray
    azimuth: np.ndarray
    inclination: np.ndarray
    surveyed: np.ndarray
    problems: list[Problem]

    def number(self, holes: pd.Series | np.ndarray) -> np.ndarray:
        """Numbers (k,) of holes by name, −1 for those without a collar."""
        return self.names.get_indexer(pd.Index(np.asarray(holes, dtype=object).astype(str)))

    def at(self, number: np.ndarray, depth: np.ndarray) -> np.ndarray:
        """Places (k, 3) of depths along holes; NaN where the hole has no place."""
        offsets = desurvey.offsets_at(
            self.hole, self.depth, self.azimuth, self.inclination, at_hole=number, at_depth=depth
        )
        collar = np.where((number >= 0)[:, None], self.collars[number], np.nan)
        return collar + np.stack(offsets, axis=1)


def placed_holes(process: str, boreholes: Boreholes, crs: str | None) -> Placed:
    """Places of `boreholes`, the parameter of that name, in `crs`.

    Without `crs` it is the collars' own system; where that is in degrees, the UTM zone of their middle.
    """
    collars = boreholes.collars
    names = _names(process, collars)
    system, east, north = _plane(process, collars, crs)
    height = _column(collars, "elevation")
    places = np.column_stack([east, north, np.where(np.isfinite(height), height, np.nan)])
    stations = _stations(boreholes.surveys, names)
    problems = [*_doubtful(stations, names), *_unplaced(names, places)]
    return Placed(
        system, names, places, _column(collars, "total_depth"), stations.hole, stations.depth,
        stations.azimuth, stations.inclination, stations.surveyed, problems,
    )  # fmt: skip


def _names(process: str, collars: gpd.GeoDataFrame) -> pd.Index:
    """Names of the holes, each of which only one may have."""
    if not len(collars):
        raise ContractError(process, "boreholes", "drill holes with collars", "a set without a hole")
    names: pd.Index = pd.Index(collars["hole_id"].astype(str).astype(object))
    if not names.is_unique:
        twice = ", ".join(sorted(set(names[names.duplicated()]))[:5])
        raise ContractError(process, "boreholes", "holes with names of their own", f"{twice} twice")
    return names


def upward_of(process: str, boreholes: Boreholes, holes: pd.Series, depth: np.ndarray) -> np.ndarray:
    """Heights (k,) of depths along holes, which need no place; NaN where the elevation is not known."""
    names = _names(process, boreholes.collars)
    stations = _stations(boreholes.surveys, names)
    number = names.get_indexer(pd.Index(holes.astype(str)))
    elevation = np.append(_column(boreholes.collars, "elevation"), np.nan)[number]
    offsets = desurvey.offsets_at(*stations[:4], at_hole=number, at_depth=depth)
    return np.where(np.isfinite(elevation), elevation, np.nan) + offsets.upward


def rising(boreholes: Boreholes, layers: Layers) -> np.ndarray:
    """Whether the hole rises (n,) along each interval, so that its end lies above its start."""
    start, end = _rise(boreholes, layers)
    found: np.ndarray = end > start
    return found


def from_the_top(boreholes: Boreholes, layers: Layers) -> Layers:
    """Layers with the intervals of each hole from the highest, so that a hole that rises is turned."""
    rows = np.lexsort((-_rise(boreholes, layers).max(axis=0), layers.hole))
    return layers._replace(frame=layers.frame.iloc[rows].reset_index(drop=True), rows=layers.rows[rows])


def _rise(boreholes: Boreholes, layers: Layers) -> np.ndarray:
    """Heights (2, n) over the collars of both ends of each interval."""
    names: pd.Index = pd.Index([name for name, _intervals in layers.holes()])
    stations = _stations(boreholes.surveys, names)
    ends = (layers.frame[end].to_numpy() for end in ("from_depth", "to_depth"))
    if not (stations.inclination > 0).any():
        return np.stack([-end for end in ends])
    upward = [desurvey.offsets_at(*stations[:4], at_hole=layers.hole, at_depth=end).upward for end in ends]
    return np.round(np.stack(upward), DIGITS)


def _column(collars: gpd.GeoDataFrame, name: str) -> np.ndarray:
    return numbers(collars[name]) if name in collars.columns else np.full(len(collars), np.nan)


def _plane(process: str, collars: gpd.GeoDataFrame, crs: str | None) -> tuple[str, np.ndarray, np.ndarray]:
    """Reference system in metres, and easting and northing in it, NaN where a hole has no place."""
    if collars.active_geometry_name is None or not collars.geometry.notna().any():
        raise ContractError(
            process, "boreholes", "holes of which one at least has a place", "holes without",
            hint="give the collars columns of easting and northing",
        )  # fmt: skip
    own = crs_of(collars)
    wanted = _wanted(process, collars, own, crs)
    points = collars.geometry
    if wanted != own:
        if not own or systems.is_local(own):
            allowed = "holes that state their reference system where `crs` is given"
            raise ContractError(process, "boreholes", allowed, "holes that state none")
        points = points.to_crs(pyproj.CRS(wanted))
    there = (points.notna() & ~points.is_empty).to_numpy()
    east, north = np.full(len(points), np.nan), np.full(len(points), np.nan)
    east[there], north[there] = points[there].x, points[there].y
    lost = ~(np.isfinite(east) & np.isfinite(north))
    east[lost] = north[lost] = np.nan
    return wanted, east, north


def _wanted(process: str, collars: gpd.GeoDataFrame, own: str, crs: str | None) -> str:
    if crs:
        return systems.normalise(crs)
    if not own or systems.is_local(own) or systems.axes(own).unit == "m":
        return own
    west, south, east, north = (float(one) for one in collars.total_bounds)
    return zone_of(process, "set of holes", own, (west, south, east, north))


class _Stations(NamedTuple):
    """Survey stations sorted by hole (number) and depth, and which holes have some of their own."""

    hole: np.ndarray
    depth: np.ndarray
    azimuth: np.ndarray
    inclination: np.ndarray
    surveyed: np.ndarray


def _stations(surveys: pd.DataFrame, names: pd.Index) -> _Stations:
    """Sound stations, and one straight down for each hole that has none."""
    columns = ("depth", "azimuth", "inclination")
    numbered = np.empty((4, 0))
    if len(surveys) and {"hole_id", *columns} <= set(surveys.columns):
        hole = names.get_indexer(pd.Index(surveys["hole_id"].astype(str)))
        numbered = np.stack([hole, *(numbers(surveys[name]) for name in columns)])
        numbered = numbered[:, (hole >= 0) & np.isfinite(numbered).all(axis=0) & (numbered[1] >= 0)]
    surveyed = np.zeros(len(names), dtype=bool)
    surveyed[numbered[0].astype(np.int64)] = True
    bare = np.flatnonzero(~surveyed)
    zeros = np.zeros(bare.size)
    numbered = np.hstack([numbered, np.stack([bare, zeros, zeros, zeros + STRAIGHT_DOWN])])
    numbered = numbered[:, np.lexsort((numbered[1], numbered[0]))]
    return _Stations(numbered[0].astype(np.int64), numbered[1], numbered[2], numbered[3], surveyed)


def _doubtful(stations: _Stations, names: pd.Index) -> list[Problem]:
    """Holes that go up, and where others have a survey, those without."""
    up = names[np.unique(stations.hole[stations.inclination > 0])]
    bare = names[~stations.surveyed] if stations.surveyed.any() else names[:0]
    return [
        *(Problem(str(one), np.nan, "", "hole goes upward", "inclinations are negative down") for one in up),
        *(Problem(str(one), np.nan, "", "hole without a survey", "taken as straight down") for one in bare),
    ]


def _unplaced(names: pd.Index, places: np.ndarray) -> list[Problem]:
    nowhere = np.isnan(places[:, :2]).any(axis=1)
    flat = ~nowhere & ~np.isfinite(places[:, 2])
    return [
        *(Problem(str(one), np.nan, "", "hole without a place") for one in names[nowhere]),
        *(Problem(str(one), np.nan, "", "hole without an elevation") for one in names[flat]),
    ]
