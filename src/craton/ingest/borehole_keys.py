"""Which column joins a table to its collars, and which hole each row then belongs to."""

from __future__ import annotations

from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from craton.ingest.borehole_tables import HoleTable
from craton.model.boreholes import same_place
from craton.model.record import Finding


class Key(NamedTuple):
    """A pair of columns that joins a table to its collars, and how well it does.

    Parameters
    ----------
    of_collars, of_table : str
        The columns.
    known : float
        Share of the table's hole names that the collars know.
    unique : float
        Share of the collars' names that are unlike all others.
    """

    of_collars: str
    of_table: str
    known: float
    unique: float


def names_of(frame: pd.DataFrame, column: str) -> pd.Series:
    """Hole names as text without padding; blank ones are missing."""
    names = frame[column].astype("str").str.strip()
    return names.mask(names == "")


def identifier(collars: HoleTable) -> str:
    """Column that identifies the holes: the first that is complete and unique, else the likeliest."""
    for key in collars.keys:
        names = names_of(collars.frame, key)
        if names.notna().all() and names.is_unique:
            return key
    return collars.keys[0]


def best_key(collars: HoleTable, table: HoleTable) -> Key:
    """The pair of columns that knows most holes; among equals the more unique, then the likelier by name."""
    choices = [_tried(collars, here, table, there) for there in table.keys for here in collars.keys]
    return max(choices, key=lambda key: (round(key.known, 2), key.unique, -choices.index(key)))


def _tried(collars: HoleTable, here: str, table: HoleTable, there: str) -> Key:
    known = names_of(collars.frame, here)
    wanted = pd.Series(names_of(table.frame, there).dropna().unique())
    share = float(wanted.isin(known).mean()) if len(wanted) else 0.0
    return Key(here, there, share, known.nunique() / max(len(known), 1))


def hole_ids(
    holes: gpd.GeoDataFrame, names: pd.Series, wanted: pd.Series, key: Key, *, geographic: bool
) -> tuple[pd.Series, list[Finding]]:
    """Hole of each row of a table.

    A name that several holes share leads to the first of them if they all lie
    at one place, for then one hole was reported more than once. If they lie
    apart nothing tells which is meant, and the name is left as it is.

    Parameters
    ----------
    holes : GeoDataFrame
        Collars with unique `hole_id`.
    names : Series
        Names of `holes` in the column of the key, by the same index.
    wanted : Series
        Names in the table's column of the key.
    key : Key
        The columns, for the words of the finding.
    geographic : bool
        Whether coordinates are degrees.
    """
    count = names.map(names.value_counts())
    single = dict(zip(names[count == 1], holes.loc[count == 1, "hole_id"], strict=True))
    shared = names[(count > 1) & names.isin(wanted)]
    groups = {str(name): holes.loc[rows.index] for name, rows in shared.groupby(shared)}
    first = {
        name: group["hole_id"].iloc[0]
        for name, group in groups.items()
        if same_place(group, geographic=geographic)
    }
    found = wanted.map({**single, **first}).fillna(wanted).astype("str")
    return found, _ambiguous(names, wanted, set(groups), set(first), key)


def _ambiguous(
    names: pd.Series, wanted: pd.Series, shared: set[str], placed: set[str], key: Key
) -> list[Finding]:
    rows = int(wanted.isin(shared).sum())
    if not rows:
        return []
    given = int(wanted.isin(placed).sum())
    repeats = int(np.sum(names.duplicated()))
    words = (
        f"{key.of_table} is the only key, and {key.of_collars} repeats {repeats} times "
        f"among {len(names)} collars; "
        f"{given} rows were given to the first of several holes at one place, {rows - given} to none"
    )
    return [Finding(code="hole-key-ambiguous", count=rows, message=words)]
