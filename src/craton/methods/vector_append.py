"""Vector: tables of one kind of feature put one below the other."""

from __future__ import annotations

from typing import Annotated

import geopandas as gpd
import numpy as np
import pandas as pd

from craton.methods.placement import brought_to, crs_of
from craton.methods.vector_shapes import dimension, noted, notes_of
from craton.model import units as measures
from craton.model.errors import ContractError
from craton.process.marks import Table
from craton.process.processes import process

APPEND = "vector.append"
Features = Annotated[gpd.GeoDataFrame, Table()]
Notes = dict[str, dict[str, str]]

NUMBERS, TEXT = "numbers", "text"


@process(
    APPEND, version="1", keywords=("concatenate", "merge tables", "stack", "union all", "追加", "合并表")
)
def append(
    tables: tuple[Features, ...], *, source_column: str = "", sources: tuple[str, ...] = ()
) -> Features:
    """Rows of two or more tables of features in one table.

    Use it where a process takes one table and the data lie in several, such as contacts of a geological map
    and of drill holes for one `geomodel.structural`, or a survey that came in sheets. Columns are matched by
    their names. To put the columns of one table beside those of another take `vector.spatial_join`.

    Parameters
    ----------
    tables : tuple of GeoDataFrame
        Two tables or more, all of points, all of lines or all of polygons. They are brought to the reference
        system of the first.
    source_column : str
        Name of a new column that says which table a row came from; empty for none.
    sources : tuple of str
        What it says, a word or name for each table in turn; left out, 1 for the first, 2 for the second.

    Returns
    -------
    GeoDataFrame
        The rows of the first table, then those of the second, and so on. A column that only some tables have
        is empty in the rows of the others. Numbers are in the unit of the first table that has the column.

    Notes
    -----
    Refused by name: a column that is text in one table and numbers in another, one of another quantity, and
    one whose unit does not convert or is stated in one table only. Columns of coordinates are not changed
    where a table is brought to another reference system; its geometries are.
    """
    if len(tables) < 2:
        raise ContractError(APPEND, "tables", "two tables or more", f"{len(tables)}")
    crs = crs_of(tables[0])
    placed = [brought_to(APPEND, "tables", table, crs) for table in tables]
    _check_shapes(placed)
    parts = [(pd.DataFrame(one.drop(columns=one.active_geometry_name)), notes_of(one)) for one in tables]
    names = list(dict.fromkeys(str(name) for part, _notes in parts for name in part.columns))
    notes = {
        name: _note(name, [told.get(name, {}) for part, told in parts if name in part]) for name in names
    }
    columns = {name: _column(name, parts, notes[name]) for name in names}
    if source_column:
        columns[source_column] = _told(source_column, [len(one) for one in tables], sources, names)
    shapes = np.concatenate([one.geometry.to_numpy() for one in placed])
    joined = gpd.GeoDataFrame(columns, geometry=shapes, crs=tables[0].crs)
    return noted(joined, {name: note for name, note in notes.items() if note})


def _check_shapes(tables: list[gpd.GeoDataFrame]) -> None:
    """Refuse tables of different kinds of geometry."""
    kinds: dict[int, int] = {}
    for number, table in enumerate(tables):
        there = table[~(table.geometry.isna() | table.geometry.is_empty)]
        if len(there):
            kinds.setdefault(dimension(APPEND, "tables", there), number)
    if len(kinds) > 1:
        words = [f"{('points', 'lines', 'polygons')[kind]} in table {row + 1}" for kind, row in kinds.items()]
        raise ContractError(APPEND, "tables", "tables of one kind of geometry", ", ".join(words))


def _note(name: str, told: list[dict[str, str]]) -> dict[str, str]:
    """What is noted of a column, of which the tables that have it tell this; refused where they disagree."""
    quantities = list(dict.fromkeys(note["quantity"] for note in told if note.get("quantity")))
    if len(quantities) > 1:
        raise ContractError(
            APPEND, "tables", f"one quantity in the column `{name}`", " and ".join(quantities),
            hint="rename one of the columns",
        )  # fmt: skip
    joined: dict[str, str] = {}
    for note in told:
        joined = {**note, **joined}
    return joined


def _column(name: str, parts: list[tuple[pd.DataFrame, Notes]], note: dict[str, str]) -> pd.Series:
    """One column of all tables, empty where a table has none."""
    kinds = dict.fromkeys(_kind(part[name]) for part, _notes in parts if name in part)
    kinds.pop("", None)
    if len(kinds) > 1:
        raise ContractError(
            APPEND, "tables", f"one kind of values in the column `{name}`", " and ".join(kinds),
            hint="rename one of the columns",
        )  # fmt: skip
    kind = next(iter(kinds), TEXT)
    if kind == NUMBERS:
        return _numbers(name, parts, note.get("unit", ""))
    held = [
        part[name].astype(object).to_numpy() if name in part else np.full(len(part), None, dtype=object)
        for part, _notes in parts
    ]
    return pd.Series(np.concatenate(held)).infer_objects()


def _kind(values: pd.Series) -> str:
    """What a column holds; empty for nothing."""
    if not values.notna().any():
        return ""
    if pd.api.types.is_bool_dtype(values):
        return "yes or no"
    if pd.api.types.is_numeric_dtype(values):
        return NUMBERS
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return "times with a time zone"
    return "times" if pd.api.types.is_datetime64_dtype(values) else TEXT


def _numbers(name: str, parts: list[tuple[pd.DataFrame, Notes]], unit: str) -> pd.Series:
    """Numbers of all tables in `unit`, NaN where a table has none; whole where all of them are."""
    held = [part[name] if name in part else pd.Series(np.nan, part.index) for part, _notes in parts]
    stated = [notes.get(name, {}).get("unit", "") for _part, notes in parts]
    if (
        all(pd.api.types.is_integer_dtype(one) and not one.isna().any() for one in held)
        and len({*stated}) == 1
    ):
        return pd.Series(np.concatenate([one.to_numpy(np.int64) for one in held]))
    found = []
    for number, ((part, _notes), values, own) in enumerate(zip(parts, held, stated, strict=True)):
        plain = values.to_numpy(np.float64, na_value=np.nan)
        counts = name in part and np.isfinite(plain).any()
        found.append(_converted(name, plain, number, own, unit) if counts else plain)
    return pd.Series(np.concatenate(found))


def _converted(name: str, values: np.ndarray, number: int, own: str, unit: str) -> np.ndarray:
    """Numbers of the table `number` in `unit`, of which they state `own`."""
    if own == unit:
        return values
    source, target = (measures.parse(text) if text else None for text in (own, unit))
    if source is None or target is None or not measures.compatible(source, target):
        raise ContractError(
            APPEND, "tables", f"the column `{name}` in {unit}, or in a unit that converts",
            f"{own or 'no stated unit'} in table {number + 1}",
            hint="state the unit of the column, or rename it",
        )  # fmt: skip
    return np.asarray(measures.convert(values, source, target), dtype=np.float64)


def _told(column: str, counts: list[int], sources: tuple[str, ...], names: list[str]) -> pd.Series:
    """Column of the table that each row came from."""
    if column in names:
        raise ContractError(APPEND, "source_column", "the name of no column of the tables", column)
    if sources and len(sources) != len(counts):
        raise ContractError(APPEND, "sources", f"{len(counts)} words, one for each table", f"{len(sources)}")
    told = sources or tuple(str(number + 1) for number in range(len(counts)))
    return pd.Series(np.repeat(np.array(told, dtype=object), counts))
