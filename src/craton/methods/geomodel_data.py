"""Data of geological models: contacts, orientations, limits and lines read from tables, sorted and checked.

Places are easting, northing and upward in metres, to the millimetre, in an order that does not hang on
the order of the rows, so that no result does.
"""

from __future__ import annotations

from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from craton.methods.body_table import column_in, refuse_degrees
from craton.methods.geomodel_column import StratigraphicColumn
from craton.methods.geomodel_ground import Terrain
from craton.methods.placement import brought_to, crs_of
from craton.model.errors import ContractError
from craton.process.data import TEXT_COLUMNS

HEIGHTS = ("upward", "elevation", "height", "altitude", "z", "Z")
"""Columns that hold heights of points whose geometry has none."""

DECIMALS = 3
SIDES = {"above": 1, "below": -1, "in": 0, "": 0}
"""Which side of the base of its unit a limit lies on; 0 is within the unit."""

OTHER_NAMES = {
    "dip_direction": ("dip_dir", "dipdir", "azimuth"),
    "trend": ("azimuth", "plunge_direction"),
    "dip": (),
    "plunge": (),
    "polarity": (),
}


class Places(NamedTuple):
    """Places (n, 3) in metres, and the rows (n,) of the table and corners (n,) of all that they come from."""

    at: np.ndarray
    source: np.ndarray
    corner: np.ndarray


class Contacts(NamedTuple):
    """Places on the bases of units.

    Parameters
    ----------
    places : array (n, 3)
        Easting, northing, upward in metres.
    units : array (n,)
        Row in the column of the unit whose base it is.
    below : array (n,)
        Row of the unit beneath it, −1 where it is not stated.
    source : array (n,)
        Row of the table.
    """

    places: np.ndarray
    units: np.ndarray
    below: np.ndarray
    source: np.ndarray

    def of(self, chosen: np.ndarray) -> Contacts:
        """Those that are `chosen`."""
        return Contacts(*(part[chosen] for part in self))


class Orientations(NamedTuple):
    """Places (m, 3), unit vectors (m, 3) towards younger rocks, series, whether that sense was stated."""

    places: np.ndarray
    poles: np.ndarray
    series: np.ndarray
    told: np.ndarray

    def of(self, chosen: np.ndarray) -> Orientations:
        """Those that are `chosen`."""
        return Orientations(*(part[chosen] for part in self))


class Limits(NamedTuple):
    """Places (p, 3), rows of units in the column, and sides of the base: 1 above, −1 below, 0 in the unit."""

    places: np.ndarray
    units: np.ndarray
    sides: np.ndarray


class Lines(NamedTuple):
    """Places (t, 3), unit vectors (t, 3) along the layers such as fold axes, and series (t,)."""

    places: np.ndarray
    along: np.ndarray
    series: np.ndarray


NO_ORIENTATIONS = Orientations(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(0, np.int64), np.zeros(0, bool))
NO_LIMITS = Limits(np.zeros((0, 3)), np.zeros(0, np.int64), np.zeros(0, np.int64))
NO_LINES = Lines(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(0, np.int64))


def places_of(process: str, parameter: str, frame: gpd.GeoDataFrame, ground: Terrain, crs: str) -> Places:
    """Places of points, and of all corners of lines, with heights; rows without a place are left out.

    The height of each is that of the geometry, else of a column (`HEIGHTS`, or one of the quantity upward or
    elevation), else that of the ground.
    """
    refuse_degrees(process, parameter, crs_of(frame))
    placed = brought_to(process, parameter, frame, crs).geometry.to_numpy()
    flat, rows = shapely.get_coordinates(placed, return_index=True)
    if not len(flat):
        raise ContractError(process, parameter, "a table with at least one place", "one with none")
    upward = _heights(process, parameter, frame, placed, rows, ground)
    at = np.round(np.column_stack([flat, upward]), DECIMALS) + 0.0
    known = np.isfinite(at).all(axis=1)
    if not known.any():
        raise ContractError(process, parameter, "a table with at least one place and height", "one with none")
    return Places(at[known], rows[known], np.flatnonzero(known))


def _heights(
    process: str, parameter: str, frame: gpd.GeoDataFrame, placed: np.ndarray, rows: np.ndarray,
    ground: Terrain,
) -> np.ndarray:  # fmt: skip
    """Height (n,) of each corner; NaN where nothing tells it."""
    upward: np.ndarray
    east, north, upward = shapely.get_coordinates(placed, include_z=True).T
    column = _height_column(frame)
    if column:
        stated = column_in(process, parameter, frame, column, "m")[rows]
        upward = np.where(np.isfinite(upward), upward, stated)
    if ground:
        bare = np.isfinite(east) & np.isfinite(north) & ~np.isfinite(upward)
        upward[bare] = ground.at(east[bare], north[bare])
    elif not column and not np.isfinite(upward).any():
        raise ContractError(
            process, parameter, "points with a height, or a column of heights", "points without either",
            hint="give `topography` where they lie on the ground, or a column `upward` in metres",
        )  # fmt: skip
    return upward


def _height_column(frame: pd.DataFrame) -> str:
    notes = frame.attrs.get(TEXT_COLUMNS, {})
    named = [name for name in HEIGHTS if name in frame.columns]
    noted = [str(c) for c in frame.columns if notes.get(c, {}).get("quantity") in {"upward", "elevation"}]
    return next(iter([*named, *noted]), "")


def named_column(frame: pd.DataFrame, name: str) -> str:
    """Column of `frame` called `name`, of that quantity, or of another name for it; empty if none."""
    notes = frame.attrs.get(TEXT_COLUMNS, {})
    noted = [str(c) for c in frame.columns if notes.get(c, {}).get("quantity") == name]
    spelled = [one for one in (name, *noted, *OTHER_NAMES.get(name, ())) if one in frame.columns]
    return spelled[0] if spelled else ""


def numbers_in(
    process: str, parameter: str, frame: pd.DataFrame, name: str, unit: str, *, asked: bool = True
) -> np.ndarray:
    """Numbers of a column, NaN where it is absent; refused where it is `asked` for."""
    column = named_column(frame, name)
    if not column and asked:
        came = ", ".join(map(str, frame.columns[:12]))
        raise ContractError(process, parameter, f"a table with the column `{name}`", f"one with {came}")
    return column_in(process, parameter, frame, column, unit) if column else np.full(len(frame), np.nan)


def contacts_of(
    process: str,
    frame: gpd.GeoDataFrame,
    column: StratigraphicColumn,
    ground: Terrain,
    *,
    unit_column: str,
    parameter: str = "contacts",
) -> Contacts:
    """Contacts that have a place and a unit, each once, sorted by place."""
    if unit_column not in frame.columns:
        came = ", ".join(map(str, frame.columns[:12]))
        raise ContractError(
            process, parameter, f"a table with the column `{unit_column}`", f"one with {came}",
            hint="name the column of units with `unit_column`",
        )  # fmt: skip
    places = places_of(process, parameter, frame, ground, crs_of(frame))
    units = column.rows_of(process, parameter, frame[unit_column])[places.source]
    below = np.full(len(units), -1)
    if "below" in frame.columns:
        below = column.rows_of(process, parameter, frame["below"])[places.source]
    found = Contacts(places.at, units, below, places.source).of(units >= 0)
    if not len(found.units):
        raise ContractError(process, parameter, "at least one contact with a unit and a place", "none")
    return _once(found.of(_by_place(found.places, found.units, -found.below)))


def _by_place(places: np.ndarray, *others: np.ndarray) -> np.ndarray:
    """Order by northing, easting, height and `others`; all but northing are looked at where that repeats."""
    order = np.argsort(places[:, 1], kind="stable")
    again = _repeats(places[order, 1])
    tied = np.flatnonzero(np.append(again, False) | np.append(False, again))
    rows = order[tied]
    keys = (*others[::-1], places[:, 2], places[:, 0], places[:, 1])
    order[tied] = rows[np.lexsort(tuple(key[rows] for key in keys))]
    return order


def _repeats(*columns: np.ndarray) -> np.ndarray:
    """Whether each row after the first (n − 1,) is as the one before it, in all columns (n,)."""
    same: np.ndarray = columns[0][1:] == columns[0][:-1]
    for column in columns[1:]:
        same &= column[1:] == column[:-1]
    return same


def _once(found: Contacts) -> Contacts:
    """Sorted contacts without repeats of one place, unit and unit beneath."""
    return found.of(np.append(True, ~_repeats(*found.places.T, found.units, found.below)))


def without_pinched(found: Contacts, column: StratigraphicColumn) -> Contacts:
    """Sorted contacts of which no two of one series share a place: the youngest stays.

    Where bases of several units of a series are told of one place, the units between have no thickness
    there: what is seen is the base of the youngest. By place and unit they are sorted by series too.
    """
    series = np.array([column.series_of(int(row)) for row in range(len(column.units))])[found.units]
    return found.of(np.append(True, ~_repeats(*found.places.T, series)))


def orientations_of(
    process: str,
    frame: gpd.GeoDataFrame,
    column: StratigraphicColumn,
    ground: Terrain,
    contacts: Contacts,
    crs: str,
) -> tuple[Orientations, int]:
    """Orientations that have a place, dip and direction, and how many rows have not."""
    name = "orientations"
    dip = numbers_in(process, name, frame, "dip", "deg")
    direction = _dip_direction(process, name, frame)
    polarity = numbers_in(process, name, frame, "polarity", "1", asked=False)
    check_dips(process, name, dip, 180.0)
    _check_polarity(process, name, dip, polarity)
    # A level bed dips nowhere.
    direction = np.where(dip == 0.0, 0.0, direction)
    places = places_of(process, name, frame, ground, crs)
    poles = pole(dip, direction) * np.where(polarity < 0, -1.0, 1.0)[:, None]
    series = series_at(process, name, frame, column, places, contacts)
    told = np.isfinite(polarity) | (dip > 90.0)
    every = Orientations(places.at, poles[places.source], series, told[places.source])
    found = every.of(np.isfinite(every.poles).all(axis=1))
    found = found.of(_by_place(found.places, *np.round(found.poles, 9).T, found.series))
    first = np.append(True, ~_repeats(*found.places.T, found.series))
    return _averaged(found, first), len(frame) - np.unique(places.source).size + int(
        (~np.isfinite(every.poles).all(axis=1)).sum()
    )


def _check_polarity(process: str, parameter: str, dip: np.ndarray, polarity: np.ndarray) -> None:
    """Refuse beds that are turned over twice."""
    twice = (dip > 90.0) & (polarity < 0)
    if twice.any():
        row = int(np.flatnonzero(twice)[0])
        raise ContractError(
            process, parameter, "a dip over 90 degrees or a `polarity` of -1 for a bed that lies upside down",
            f"both in row {row + 1}", hint="with a polarity give the dip from 0 to 90 degrees",
        )  # fmt: skip


def _dip_direction(process: str, parameter: str, frame: pd.DataFrame) -> np.ndarray:
    """Dip direction in degrees (n,), or that to the right of the strike in rows that state only that."""
    strike = numbers_in(process, parameter, frame, "strike", "deg", asked=False)
    asked = not named_column(frame, "strike")
    direction = numbers_in(process, parameter, frame, "dip_direction", "deg", asked=asked)
    return np.where(np.isfinite(direction), direction, strike + 90.0)


def _averaged(found: Orientations, first: np.ndarray) -> Orientations:
    """Orientations measured at one place as their mean; of opposite ones, which have none, the first."""
    if not len(first) or first.all():
        return found
    starts = np.flatnonzero(first)
    mean = np.add.reduceat(found.poles, starts)
    length = np.linalg.norm(mean, axis=1, keepdims=True)
    poles = np.where(length > 1e-6, mean / np.maximum(length, 1e-6), found.poles[starts])
    return found.of(starts)._replace(poles=poles)


def check_dips(process: str, parameter: str, dip: np.ndarray, greatest: float) -> None:
    """Refuse dips beyond 0 to `greatest` degrees."""
    wrong = np.isfinite(dip) & ((dip < 0) | (dip > greatest))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ContractError(
            process, parameter, f"`dip` from 0 to {greatest:g} degrees", f"{dip[row]:g} in row {row + 1}",
            hint="-999 and the like for unknown dips must be empty",
        )  # fmt: skip


def pole(dip: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Upward poles (m, 3) of planes that dip by `dip` towards `direction`, both in degrees (m,)."""
    slope, turn = np.radians(dip), np.radians(direction)
    level = np.sin(slope)
    return np.stack([level * np.sin(turn), level * np.cos(turn), np.cos(slope)], axis=-1)


def series_at(
    process: str,
    parameter: str,
    frame: pd.DataFrame,
    column: StratigraphicColumn,
    places: Places,
    contacts: Contacts,
) -> np.ndarray:
    """Series (n,) of places by their column `series` or `unit`, else that of the nearest contact."""
    found = np.full(len(frame), -1)
    if "series" in frame.columns:
        found = _series_rows(process, parameter, frame["series"], column)
    if "unit" in frame.columns:
        rows = column.rows_of(process, parameter, frame["unit"])
        own = np.array([column.series_of(int(row)) if row >= 0 else -1 for row in rows])
        found = np.where(found < 0, own, found)
    placed: np.ndarray = found[places.source]
    open_ones = placed < 0
    if open_ones.any():
        nearest = cKDTree(contacts.places).query(places.at[open_ones])[1]
        placed[open_ones] = [column.series_of(int(row)) for row in contacts.units[nearest]]
    return placed


def _series_rows(process: str, parameter: str, values: pd.Series, column: StratigraphicColumn) -> np.ndarray:
    known = {one.name.casefold(): place for place, one in enumerate(column.series)}
    spelled = values.astype("string").fillna("").str.strip().str.casefold()
    unknown = sorted(set(spelled[~spelled.isin(known) & (spelled != "")]))
    if unknown:
        names = ", ".join(one.name for one in column.series)
        raise ContractError(process, parameter, f"series of the column: {names}", ", ".join(unknown[:8]))
    return np.array([known.get(name, -1) for name in spelled], dtype=np.int64)


def limits_of(
    process: str, frame: gpd.GeoDataFrame, column: StratigraphicColumn, ground: Terrain, crs: str
) -> Limits:
    """Limits that have a place and a unit, sorted by place."""
    if "unit" not in frame.columns:
        raise ContractError(process, "limits", "a table with the column `unit`", "one without")
    rows = column.rows_of(process, "limits", frame["unit"])
    side = frame["side"] if "side" in frame.columns else pd.Series([""] * len(frame))
    words = side.astype("string").fillna("").str.strip().str.casefold()
    wrong = sorted(set(words[~words.isin(SIDES)]))
    if wrong:
        raise ContractError(
            process, "limits", "above, below or in, in the column `side`", ", ".join(wrong[:5])
        )
    places = places_of(process, "limits", frame, ground, crs)
    sides = words.map(SIDES).to_numpy(dtype=np.int64)[places.source]
    found = Limits(places.at, rows[places.source], sides)
    order = _by_place(found.places, found.units, found.sides)
    order = order[found.units[order] >= 0]
    return Limits(*(part[order] for part in found))


def lines_of(
    process: str,
    frame: gpd.GeoDataFrame,
    column: StratigraphicColumn,
    ground: Terrain,
    contacts: Contacts,
    crs: str,
) -> Lines:
    """Lines along the layers, such as fold axes, that have a place, trend and plunge."""
    trend = np.radians(numbers_in(process, "lines", frame, "trend", "deg"))
    plunge = np.radians(numbers_in(process, "lines", frame, "plunge", "deg"))
    level = np.cos(plunge)
    along = np.stack([level * np.sin(trend), level * np.cos(trend), -np.sin(plunge)], axis=-1)
    places = places_of(process, "lines", frame, ground, crs)
    series = series_at(process, "lines", frame, column, places, contacts)
    found = Lines(places.at, along[places.source], series)
    order = _by_place(found.places, *found.along.T)
    order = order[np.isfinite(found.along[order]).all(axis=1)]
    return Lines(*(part[order] for part in found))
