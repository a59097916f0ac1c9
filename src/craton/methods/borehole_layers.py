"""Layers of drill holes: the sound intervals of one table, hole by hole from the top, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd

from craton.methods.vector_shapes import noted, notes_of
from craton.model import quantities
from craton.model.boreholes import TOLERANCE
from craton.model.data import Boreholes
from craton.model.errors import ContractError
from craton.process.marks import Column, Holes, Table

DrillHoles = Annotated[Boreholes, Holes()]
"""Mark of a parameter or result that is drill holes."""

UNIT = "geological_unit"
LITHOLOGY = "lithology"

UNITS = "units"
"""Name of the table of units that interpretation adds to holes."""

NO_TEXT = {"", "nan", "none", "<na>", "nat"}
"""What stands for no value in columns of text."""

REPORT = (
    Column(name="hole_id", title="Hole"),
    Column(name="depth", unit="m", quantity="depth", title="Depth along the hole"),
    Column(name="unit", quantity="geological_unit", title="Unit"),
    Column(name="problem", title="What is wrong or doubtful"),
    Column(name="detail", title="More about it"),
)

ReportTable = Annotated[pd.DataFrame, Table(columns=REPORT)]
"""Mark of a result that says, row by row, what is wrong or doubtful in holes."""


class Problem(NamedTuple):
    """One row of a report; `depth` NaN where it is about the whole hole."""

    hole_id: str
    depth: float
    unit: str
    problem: str
    detail: str = ""


def report_of(problems: Iterable[Problem]) -> pd.DataFrame:
    """Problems as a table, by hole and depth."""
    rows = sorted(problems, key=lambda one: (one.hole_id, np.nan_to_num(one.depth, nan=-1.0), one.problem))
    frame = pd.DataFrame(rows, columns=list(Problem._fields))
    texts = {name: "str" for name in Problem._fields if name != "depth"}
    return frame.astype({**texts, "depth": float})


class Layers(NamedTuple):
    """Intervals of one table, sorted by hole and depth.

    Parameters
    ----------
    table : str
        Name of the table.
    frame : DataFrame
        Its sound rows, numbered from 0; `hole_id`, `from_depth`, `to_depth` and what else it has.
    rows : array of int
        The row of the table that each comes from.
    counts : array of int, shape (holes,)
        Intervals of each hole that has any.
    problems : list of Problem
        What was left out or looks wrong.
    """

    table: str
    frame: pd.DataFrame
    rows: np.ndarray
    counts: np.ndarray
    problems: list[Problem]

    @property
    def middle(self) -> np.ndarray:
        """Depth along the hole of the middle of each interval."""
        return 0.5 * (self.frame["from_depth"] + self.frame["to_depth"]).to_numpy()

    @property
    def thickness(self) -> np.ndarray:
        """Length along the hole of each interval."""
        return (self.frame["to_depth"] - self.frame["from_depth"]).to_numpy()

    @property
    def hole(self) -> np.ndarray:
        """Number of the hole of each interval, as in `counts`."""
        return np.repeat(np.arange(self.counts.size), self.counts)

    def holes(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """Name and intervals of each hole."""
        ends = np.cumsum(self.counts)
        for start, end in zip(ends - self.counts, ends, strict=True):
            part = self.frame.iloc[start:end]
            yield str(part["hole_id"].iloc[0]), part


def layers_of(
    process: str, boreholes: Boreholes, table: str, column: str, *, meaning: str, parameter: str
) -> tuple[Layers, str]:
    """Layers of a table that has a column, and the name of that column.

    Parameters
    ----------
    process, parameter : str
        Process that asks, and its parameter for `column`, for refusals.
    boreholes : Boreholes
        The holes, the parameter `boreholes`.
    table : str
        Name of the table; empty for the first that has the column.
    column : str
        Name of the column; empty for the first whose name says `meaning`.
    meaning : str
        Standard name of the quantity.
    """
    if table and table not in boreholes.intervals:
        allowed = f"a table of intervals: {', '.join(boreholes.intervals) or 'there is none'}"
        raise ContractError(process, "table", allowed, repr(table))
    # A table of interpreted units goes before those that only hold what was observed.
    tables = sorted(boreholes.intervals, key=lambda name: not (meaning == UNIT and name == UNITS))
    for name in [table] if table else tables:
        found = _column(boreholes.intervals[name], column, meaning)
        if found:
            return _sound(process, name, boreholes.intervals[name]), found
    columns = [f"{name}.{one}" for name, part in boreholes.intervals.items() for one in part.columns[3:]]
    allowed = f"a column of a table of intervals ({', '.join(columns[:24]) or 'there is none'})"
    raise ContractError(
        process, parameter, allowed, repr(column) if column else "left out where none says so"
    )


def _column(frame: pd.DataFrame, column: str, meaning: str) -> str:
    if column:
        return column if column in frame.columns else ""
    return column_of_meaning(frame, meaning)


def column_of_meaning(frame: pd.DataFrame, meaning: str) -> str:
    """First column whose name says the quantity `meaning`, or `unit` where units are meant; empty if none."""
    if meaning == UNIT and "unit" in frame.columns:
        return "unit"
    said = (str(name) for name in frame.columns if quantities.recognise(str(name)).quantity == meaning)
    return next(said, "")


def _sound(process: str, name: str, table: pd.DataFrame) -> Layers:
    missing = [one for one in ("hole_id", "from_depth", "to_depth") if one not in table.columns]
    if missing:
        raise ContractError(process, "boreholes", f"holes whose table {name} has `{missing[0]}`", "without")
    frame = table.assign(
        hole_id=table["hole_id"].astype(str).astype(object),
        from_depth=numbers(table["from_depth"]),
        to_depth=numbers(table["to_depth"]),
    )
    thick = (frame["to_depth"] - frame["from_depth"]).to_numpy()
    sound = np.isfinite(thick) & (thick > 0)
    problems = [
        Problem(str(hole), float(top), "", "interval without a thickness", f"to {base:g} m")
        for hole, top, base in frame.loc[~sound, ["hole_id", "from_depth", "to_depth"]].to_numpy()
    ]
    number = np.unique(frame["hole_id"].to_numpy().astype(str), return_inverse=True)[1]
    order = np.lexsort((frame["to_depth"], frame["from_depth"], number))
    order = order[sound[order]]
    if not order.size:
        raise ContractError(
            process, "boreholes", f"holes with intervals in the table {name}", "holes without"
        )
    sorted_ = frame.iloc[order].reset_index(drop=True)
    counts = np.unique(number[order], return_counts=True)[1]
    problems += _overlaps(sorted_)
    return Layers(name, sorted_, order, counts.astype(np.int64), problems)


def _overlaps(frame: pd.DataFrame) -> list[Problem]:
    same = frame["hole_id"].to_numpy()[1:] == frame["hole_id"].to_numpy()[:-1]
    start, end = frame["from_depth"].to_numpy()[1:], frame["to_depth"].to_numpy()[:-1]
    rows = np.flatnonzero(same & (start < end - TOLERANCE)) + 1
    return [
        Problem(str(frame["hole_id"].iloc[row]), float(start[row - 1]), "", "intervals overlap",
                f"the one above reaches to {end[row - 1]:g} m")
        for row in rows
    ]  # fmt: skip


def numbers(column: pd.Series) -> np.ndarray:
    """Numbers of a column, NaN where there is none."""
    found: np.ndarray = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    return found


def texts(column: pd.Series) -> np.ndarray:
    """Texts of a column without spaces around them, empty where there is none."""
    plain = column.astype("string").fillna("").str.strip().astype(object)
    return plain.where(~plain.str.casefold().isin(NO_TEXT), "").to_numpy(dtype=object)


def with_table(boreholes: Boreholes, name: str, frame: pd.DataFrame, source: str) -> Boreholes:
    """The holes with one more table of intervals, whose columns keep the notes they have in `source`."""
    notes: dict[str, Any] = {**notes_of(boreholes.intervals[source]), **notes_of(frame)}
    told = noted(frame, notes)
    return Boreholes(
        boreholes.collars, boreholes.surveys, {**boreholes.intervals, name: told}, boreholes.curves
    )
