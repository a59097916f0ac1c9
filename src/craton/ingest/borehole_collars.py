"""Collars out of a table of their own, or out of a table that repeats them in each row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from craton.ingest.borehole_keys import identifier, names_of
from craton.ingest.borehole_names import GEOGRAPHIC, bare
from craton.ingest.borehole_tables import HoleTable
from craton.model.boreholes import RESERVED, distinct, make_collars

PLACE = ("x", "y", "elevation", "total_depth", "end_level")
"""Meanings that belong to the hole."""

LONGEST, STEEPEST = 360.0, 90.0
"""Largest longitude and latitude in degrees, east longitudes up to a full turn included."""


@dataclass(frozen=True)
class Collars:
    """Holes, and how other tables find them.

    Parameters
    ----------
    holes : GeoDataFrame
        Collar table with unique `hole_id`.
    table : HoleTable
        Where they come from.
    geographic : bool
        Whether their coordinates are longitudes and latitudes.
    used : frozenset of str
        Columns of `table` that went into the fixed columns.
    repeated : bool
        Whether `table` is one of layers or readings.
    """

    holes: gpd.GeoDataFrame
    table: HoleTable
    geographic: bool
    used: frozenset[str]
    repeated: bool = False


def collars_of(table: HoleTable) -> Collars:
    """Collars of a table with one row a hole; rows without a name are left out and told."""
    key = identifier(table)
    named = names_of(table.frame, key).notna()
    if not named.all():
        table.find("structure-nonstandard", int((~named).sum()), "collars without a hole name were left out")
    table.frame = table.frame[named].reset_index(drop=True)
    hole_id, renamed = distinct(names_of(table.frame, key))
    if renamed:
        table.find("hole-id-duplicate", renamed, f"column {key}")
    x, y, outside = _coordinates(table)
    used = {key, *used_columns(table, PLACE)}
    if outside.any():
        used -= used_columns(table, ("x", "y"))
    extra = {_free(name): table.frame[name].array for name in map(str, table.frame) if name not in used}
    depth, level = table.lengths("total_depth"), table.lengths("elevation")
    holes = make_collars(hole_id, x=x, y=y, elevation=level, total_depth=depth, extra=extra)
    return Collars(holes, table, is_geographic(table), frozenset(used))


def repeated_collars(table: HoleTable) -> Collars:
    """Collars of a table of layers or readings: the first row of each hole."""
    names = names_of(table.frame, table.columns["hole_id"])
    first = names[names.notna() & ~names.duplicated()]
    x, y, _ = _coordinates(table)
    places = pd.DataFrame({"x": x, "y": y}).groupby(names).nunique(dropna=False)
    moving = int((places > 1).any(axis=1).sum())
    if moving:
        table.find(
            "structure-nonstandard", moving, "holes change their place from row to row; the first was taken"
        )
    level = _at(table.lengths("elevation"), first)
    holes = make_collars(first, x=x[first.index], y=y[first.index], elevation=level)
    holes["total_depth"] = _end_depth(table, names, first, level)
    used = frozenset({table.columns["hole_id"], *used_columns(table, PLACE)})
    return Collars(holes, table, is_geographic(table), used, repeated=True)


def used_columns(table: HoleTable, meanings: Iterable[str]) -> set[str]:
    """Columns of `table` that have one of `meanings`."""
    return {table.columns[meaning] for meaning in meanings if meaning in table.columns}


def is_geographic(table: HoleTable) -> bool:
    """Whether the columns of place are called longitude and latitude."""
    return bare(table.columns.get("x", "")) in GEOGRAPHIC


def _free(name: str) -> str:
    return f"{name}_of_source" if name in RESERVED else name


def _coordinates(table: HoleTable) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Numbers east and north, without those no longitude or latitude can have, and the mask of these."""
    x, y = (_numbers(table, meaning) for meaning in ("x", "y"))
    if not is_geographic(table):
        return x, y, pd.Series(data=False, index=x.index)
    outside = (x.abs() > LONGEST) | (y.abs() > STEEPEST)
    zero = (x == 0) & (y == 0)
    for code, mask in (("coordinate-out-of-range", outside), ("coordinate-zero", zero)):
        if mask.any():
            table.find(code, int(mask.sum()))
    return x.mask(outside), y.mask(outside), outside


def _numbers(table: HoleTable, meaning: str) -> pd.Series:
    column = table.column(meaning)
    if column is None:
        return pd.Series(np.nan, index=table.frame.index)
    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    unread = int((column.notna() & numbers.isna()).sum())
    if unread:
        table.find("number-text", unread, f"column {column.name}")
    return numbers


def _at(values: pd.Series | None, rows: pd.Series) -> pd.Series | None:
    return None if values is None else values[rows.index]


def _end_depth(table: HoleTable, names: pd.Series, first: pd.Series, level: pd.Series | None) -> np.ndarray:
    """Depth of the holes' ends in metres, NaN where not stated.

    An `end` is a level or a depth: whichever agrees better with the deepest
    row of each hole.
    """
    own = table.columns.get("total_depth")
    if own is not None and own != table.columns.get("depth"):
        return _values(_at(table.lengths("total_depth"), first), first)
    end = _values(_at(table.lengths("end_level"), first), first)
    if level is None:
        return end
    deepest = _values(table.lengths("to" if "to" in table.columns else "depth"), names).astype(float)
    reached = pd.Series(deepest).groupby(names.to_numpy()).max().reindex(first.to_numpy()).to_numpy(float)
    below = level.to_numpy(float) - end
    as_level, as_depth = np.nanmedian(np.abs(below - reached)), np.nanmedian(np.abs(end - reached))
    return below if as_level <= as_depth else end


def _values(column: pd.Series | None, like: pd.Series) -> np.ndarray:
    return np.full(len(like), np.nan) if column is None else column.to_numpy(dtype=float)
