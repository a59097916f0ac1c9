"""Order of survey lines: which rows of a table make up which line, in which order, and where they lie."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from craton.kernels.survey_lines import Floats, Integers
from craton.methods.placement import crs_of
from craton.methods.vector_shapes import metres_of
from craton.model import crs as systems
from craton.model.errors import ContractError

WIDEST = 1_500_000.0
"""Metres from its middle to which a survey in degrees may reach; lengths are true within 1 percent."""

DIGITS = re.compile(r"(\d+)")

TIE_WORDS = ("tie", "control", "cross")
"""Words with which the kind of a tie line begins, in any case; so does `T` alone."""


@dataclass(frozen=True)
class Lines:
    """Rows of a survey table by line and, within it, in the order in which they were measured.

    Parameters
    ----------
    rows : array (n,)
        Row of the table of each point.
    starts : array (lines + 1,)
        Where each line begins among the points.
    names : list
        What each line is called, in natural order (2 before 10).
    places : array (n, 2)
        Points in metres of a plane.
    distance : array (n,)
        Metres along the line from its first point.
    own : array (n, 2)
        Points in the reference system of the table; longitudes run on across the antimeridian.
    """

    rows: Integers
    starts: Integers
    names: list[Any]
    places: Floats
    distance: Floats
    own: Floats

    @property
    def count(self) -> int:
        """Number of lines."""
        return len(self.names)

    @property
    def parts(self) -> list[slice]:
        """Points of each line."""
        return [slice(int(a), int(b)) for a, b in zip(self.starts[:-1], self.starts[1:], strict=True)]

    @property
    def line(self) -> Integers:
        """Number of the line of each point."""
        return np.repeat(np.arange(self.count), np.diff(self.starts))

    @property
    def steps(self) -> Floats:
        """Metres from the point before on its line; 0 for the first."""
        return np.diff(self.distance, prepend=0.0) * ~np.isin(np.arange(self.rows.size), self.starts[:-1])

    def between(self, values: Floats, points: Integers, parts: Floats) -> Floats:
        """Values of the points (n,) or (n, k) some way on to the next ones of `points`."""
        if values.ndim > 1:
            parts = parts[:, None]
        return values[points] * (1.0 - parts) + values[points + 1] * parts

    def spread(self, values: np.ndarray, count: int) -> np.ndarray:
        """Values of the points as a column of `count` rows, NaN in rows that are in no line."""
        column = np.full((count, *values.shape[1:]), np.nan)
        column[self.rows] = values
        return column


def lines_of(id: str, table: gpd.GeoDataFrame, line: str, order: str | None) -> Lines:
    """Lines of a survey table; rows without place or without line are in none.

    Rows of a line are put in the order of the column `order`, or left as they come. Equal ones go along the
    direction of travel, from the place of the key before to that of the key after.
    """
    places = _places(id, table)
    names = table[line]
    used = np.flatnonzero(np.isfinite(places).all(axis=1) & names.notna().to_numpy())
    if not used.size:
        allowed = "a table of at least one point with a place and a line"
        raise ContractError(id, "table", allowed, f"one of {len(table)} rows without")
    labels = names.iloc[used]
    found, number = np.unique(labels.astype(str).to_numpy(dtype=object), return_inverse=True)
    natural = sorted(range(found.size), key=lambda one: _natural(str(found[one])))
    rank = np.empty(found.size, dtype=np.int64)
    rank[natural] = np.arange(found.size)
    number = rank[number]
    first = {int(one): row for row, one in zip(used[::-1], number[::-1], strict=True)}
    plane = _plane(id, table, places[used])
    keys = _order_keys(id, table, order, used)
    sequence = np.lexsort((_progress(plane, keys, number), keys, number))
    starts = np.searchsorted(number[sequence], np.arange(found.size + 1))
    ordered = plane[sequence]
    steps = np.hypot(*np.diff(ordered, axis=0, prepend=ordered[:1]).T)
    steps[starts[:-1]] = 0.0
    travelled = np.cumsum(steps)
    distance = travelled - np.repeat(travelled[starts[:-1]], np.diff(starts))
    values = [names.iloc[first[one]] for one in range(found.size)]
    own = places[used[sequence]]
    if systems.is_geographic(crs_of(table)):
        for start, end in itertools.pairwise(starts):
            own[start:end, 0] = np.unwrap(own[start:end, 0], period=360.0)
    return Lines(used[sequence], starts, values, np.ascontiguousarray(ordered), distance, own)


def _progress(plane: Floats, keys: np.ndarray, number: Integers) -> Floats:
    """How far rows (n,) of one key and line lie along the direction of travel; 0 where there is none.

    The direction goes from the middle of the rows of the key before to that of the key after, on the line.
    """
    sequence = np.lexsort((keys, number))
    fresh = np.ones(sequence.size, dtype=bool)
    fresh[1:] = (np.diff(keys[sequence]) != 0) | (np.diff(number[sequence]) != 0)
    group = np.empty(sequence.size, dtype=np.int64)
    group[sequence] = np.cumsum(fresh) - 1
    counts = np.bincount(group)
    middles = np.column_stack([np.bincount(group, side) / counts for side in plane.T])
    line = number[sequence[fresh]]
    same = np.diff(line) == 0
    places = np.arange(line.size)
    before, after = places - np.append(False, same), places + np.append(same, False)
    direction = middles[after] - middles[before]
    along: Floats = ((plane - middles[group]) * direction[group]).sum(axis=1)
    return np.where(counts[group] > 1, along, 0.0)


def _natural(text: str) -> tuple[Any, ...]:
    """Key by which `L2` comes before `L10`."""
    return tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part) for part in DIGITS.split(text) if part
    )


def _order_keys(id: str, table: gpd.GeoDataFrame, order: str | None, used: Integers) -> np.ndarray:
    """What rows are put in order by."""
    if order is None:
        return used
    column = table[order].iloc[used]
    numeric = pd.api.types.is_numeric_dtype(column)
    times = column if numeric else pd.to_datetime(column, utc=True, errors="coerce", format="ISO8601")
    missing = int(times.isna().sum())
    if missing:
        raise ContractError(
            id, "order", "a column of numbers or times in every row that has a place",
            f"{order!r} with {missing} rows without", hint="leave out those rows, with table.filter",
        )  # fmt: skip
    keys: np.ndarray = times.to_numpy(dtype=np.float64) if numeric else times.astype("int64").to_numpy()
    return keys


def _places(id: str, table: gpd.GeoDataFrame) -> Floats:
    """Coordinates (n, 2) of each row as they are, NaN where it has no place."""
    shapes = table.geometry.to_numpy()
    if (shapely.get_type_id(shapes) > int(shapely.GeometryType.POINT)).any():
        raise ContractError(
            id, "table", "a table of single points", "one of multipoints", hint="take them apart first"
        )
    return np.column_stack([shapely.get_x(shapes), shapely.get_y(shapes)])


def _plane(id: str, table: gpd.GeoDataFrame, places: Floats) -> Floats:
    """Places in metres: of the system itself, or of an azimuthal plane about the middle of degrees."""
    crs = crs_of(table)
    if not systems.is_geographic(crs):
        return places * metres_of(crs)
    angles = np.radians(places)
    mean = np.array([np.exp(1j * angles[:, 0]).mean(), np.exp(1j * angles[:, 1]).mean()])
    longitude, latitude = np.degrees(np.angle(mean))
    local = pyproj.CRS.from_dict({
        "proj": "aeqd", "lon_0": longitude, "lat_0": latitude, "datum": "WGS84", "units": "m"
    })  # fmt: skip
    own = pyproj.CRS(crs)
    to_plane = pyproj.Transformer.from_crs(own.geodetic_crs or own, local, always_xy=True)
    plane = np.column_stack(to_plane.transform(*places.T))
    reach = float(np.hypot(*plane.T).max()) if np.isfinite(plane).all() else np.inf
    if reach > WIDEST:
        raise ContractError(
            id, "table", f"a survey within {WIDEST / 1000:g} km of its middle",
            f"one that reaches {reach / 1000:.0f} km from it",
            hint="part it, or transform it to a projected system with vector.reproject",
        )  # fmt: skip
    return plane


def headings(lines: Lines) -> Floats:
    """Direction (lines,) from the first to the last point in degrees clockwise from grid north.

    NaN for lines that end where they begin or have one point.
    """
    first, last = lines.places[lines.starts[:-1]], lines.places[lines.starts[1:] - 1]
    east, north = (last - first).T
    turned = np.degrees(np.arctan2(east, north)) % 360.0
    return np.where(np.hypot(east, north) > 0, turned, np.nan)


def kinds(table: gpd.GeoDataFrame, lines: Lines, kind: str | None) -> np.ndarray:
    """`survey`, `tie` or `other` for each line: as the column `kind` says, or by direction.

    Notes
    -----
    The axis of the survey is the direction in which most was flown, ½ arg Σ L exp(2iθ) with the distance L
    between the ends of each line and its heading θ. Lines within 45° of it are survey lines, others tie
    lines. A line of one place, or whose ends are less than half its length apart, is of another kind.
    """
    if kind is not None:
        firsts = table[kind].iloc[lines.rows[lines.starts[:-1]]].astype(str).str.strip().str.casefold()
        return np.where(firsts.str.startswith(TIE_WORDS) | (firsts == "t"), "tie", "survey").astype(object)
    heading = np.radians(headings(lines))
    last = lines.starts[1:] - 1
    apart = np.hypot(*(lines.places[last] - lines.places[lines.starts[:-1]]).T)
    straight = (apart > 0) & (apart >= 0.5 * lines.distance[last])
    axis = 0.5 * np.angle(np.sum((apart * np.exp(2j * heading))[straight])) if straight.any() else 0.0
    along = np.abs(np.cos(np.nan_to_num(heading) - axis)) >= np.sqrt(0.5) - 1e-12
    return np.where(straight, np.where(along, "survey", "tie"), "other").astype(object)


def points_of(table: gpd.GeoDataFrame, coordinates: Floats) -> np.ndarray:
    """Points (n,) in the reference system of `table`, longitudes within the turn."""
    places = coordinates.copy()
    if systems.is_geographic(crs_of(table)):
        beyond = np.abs(places[:, 0]) > 180.0
        if np.nanmax(shapely.get_x(table.geometry.to_numpy()), initial=0.0) <= 180.0:
            places[beyond, 0] = (places[beyond, 0] + 180.0) % 360.0 - 180.0
    points: np.ndarray = shapely.points(places)
    return points
