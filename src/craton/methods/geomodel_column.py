"""Stratigraphic column: units from the youngest to the oldest, in series, and how series meet.

A column is a table of one row a unit. Units of one `series` were laid down one on the other and have one
shape; `relation` says how a series meets what is older.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from itertools import pairwise
from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd

from craton.methods.geomodel_volume import MOST_CODE, UnitTable, colour_of
from craton.model.errors import ContractError
from craton.process.marks import Column, Table

ColumnTable = Annotated[
    pd.DataFrame, Table(columns=(Column(name="unit", quantity="geological_unit", title="Unit"),))
]
"""Mark of a parameter that is a stratigraphic column."""

RELATIONS = ("onlap", "erode", "intrude", "cover", "basement")
_ALONE = "series"
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_UNKNOWN = {"", "nan", "none", "<na>", "nat"}


class Unit(NamedTuple):
    """One unit: name, code (1 to 65,535), series, colour, ages in Ma (NaN where not stated), lithology."""

    name: str
    code: int
    series: str
    colour: str
    age_top: float
    age_base: float
    lithology: str


class Series(NamedTuple):
    """Units of one shape.

    Parameters
    ----------
    name : str
        Its name.
    relation : str
        To what is older: `onlap` (its layers end against its base, which has a shape of its own), `erode`
        (its layers follow its base, which cuts what is older), `intrude` (a body within what is older),
        `cover` (as `erode`, but its boundaries on a map are no contacts).
    rows : tuple of int
        Its units as rows of the column, from the youngest.
    """

    name: str
    relation: str
    rows: tuple[int, ...]


class StratigraphicColumn(NamedTuple):
    """Units and series, both from the youngest to the oldest."""

    units: tuple[Unit, ...]
    series: tuple[Series, ...]

    @property
    def order(self) -> tuple[str, ...]:
        """Names of the units from the youngest to the oldest."""
        return tuple(unit.name for unit in self.units)

    @property
    def table(self) -> UnitTable:
        """Codes, names and colours of the units."""
        codes = np.array([unit.code for unit in self.units], dtype=np.int64)
        return UnitTable(codes, self.order, tuple(unit.colour for unit in self.units))

    def series_of(self, row: int) -> int:
        """Place in `series` of the unit in `row`."""
        return next(place for place, one in enumerate(self.series) if row in one.rows)

    def rows_of(self, process: str, parameter: str, names: pd.Series) -> np.ndarray:
        """Row of each name in the column (spaces around it and capitals do not count), −1 where none is said.

        A name that the column does not have is refused with those that are like it.
        """
        known = {unit.name.casefold(): row for row, unit in enumerate(self.units)}
        # Tables have many rows of few names.
        number, different = pd.factorize(names, use_na_sentinel=False)
        spelled = _texts(pd.Series(different))
        folded = spelled.str.casefold()
        unknown = sorted(set(spelled[~folded.isin(known) & (spelled != "")]))
        if unknown:
            raise _unknown(process, parameter, unknown, self.order)
        rows = np.array([known.get(name, -1) for name in folded], dtype=np.int64)
        return rows[number]


def _unknown(process: str, parameter: str, unknown: list[str], order: tuple[str, ...]) -> ContractError:
    like = get_close_matches(unknown[0], order, 1)
    return ContractError(
        process, parameter, f"units of the column: {', '.join(order[:20])}", ", ".join(unknown[:8]),
        hint=f"{like[0]!r} is like {unknown[0]!r}" if like else "add them to the column, or leave them out",
    )  # fmt: skip


def column_of(process: str, table: pd.DataFrame, *, parameter: str = "column") -> StratigraphicColumn:
    """Column read from a table.

    Parameters
    ----------
    process, parameter : str
        Named where it is refused.
    table : DataFrame
        One row a unit from the youngest to the oldest: `unit`, and where stated `series`, `relation`,
        `colour`, `code`, `age_top`, `age_base`, `lithology`.
    """
    names = _names(process, parameter, table)
    text = {key: _column(table, key) for key in ("series", "relation", "colour", "lithology")}
    codes = _codes(process, parameter, table)
    ages = {key: _numbers(process, parameter, table, key) for key in ("age_top", "age_base")}
    units = tuple(
        Unit(
            name, codes[row], text["series"][row] or _ALONE, _shade(text["colour"][row], row),
            float(ages["age_top"][row]), float(ages["age_base"][row]), text["lithology"][row],
        )
        for row, name in enumerate(names)
    )  # fmt: skip
    relations = [word.casefold() for word in text["relation"]]
    read = StratigraphicColumn(units, _series(process, parameter, units, relations))
    _check_ages(process, parameter, read)
    return read


def _check_ages(process: str, parameter: str, column: StratigraphicColumn) -> None:
    """Refuse a series that is listed from the oldest unit. Series may lie thrust upon younger ones."""
    for series in column.series:
        ages = np.array([(column.units[row].age_top + column.units[row].age_base) / 2 for row in series.rows])
        aged = np.flatnonzero(np.isfinite(ages))
        for above, below in pairwise(aged):
            if ages[below] < ages[above]:
                upper, lower = (column.units[series.rows[place]].name for place in (above, below))
                raise ContractError(
                    process, parameter, f"the units of the series {series.name!r} from the youngest",
                    f"{lower!r} ({ages[below]:g} Ma) below {upper!r} ({ages[above]:g} Ma)",
                    hint="turn the table upside down, or leave the ages out",
                )  # fmt: skip


def _names(process: str, parameter: str, table: pd.DataFrame) -> list[str]:
    """Names of the units, each once."""
    if "unit" not in table.columns or not len(table):
        raise ContractError(process, parameter, "a table with a row and a column `unit`", "one without")
    names = list(_texts(table["unit"]))
    if "" in names:
        raise ContractError(process, parameter, "a name in every row", f"row {names.index('') + 1} without")
    folded = [name.casefold() for name in names]
    twice = sorted({names[row] for row, name in enumerate(folded) if folded.index(name) != row})
    if twice:
        raise ContractError(process, parameter, "every unit once", f"{', '.join(twice[:5])} twice")
    return names


def _texts(values: pd.Series) -> pd.Series:
    text = values.astype("string").fillna("").str.strip().astype(object)
    return text.where(~text.str.casefold().isin(_UNKNOWN), "")


def _column(table: pd.DataFrame, name: str) -> list[str]:
    return list(_texts(table[name])) if name in table.columns else [""] * len(table)


def _numbers(process: str, parameter: str, table: pd.DataFrame, name: str) -> np.ndarray:
    if name not in table.columns:
        return np.full(len(table), np.nan)
    try:
        return table[name].to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ContractError(process, parameter, f"numbers in `{name}`", "text") from error


def _codes(process: str, parameter: str, table: pd.DataFrame) -> list[int]:
    """Codes as stated, or 1, 2, 3 … from the youngest."""
    stated = _numbers(process, parameter, table, "code")
    if not np.isfinite(stated).any():
        return list(range(1, len(table) + 1))
    whole = np.isfinite(stated) & (stated == np.rint(stated)) & (stated >= 1) & (stated <= MOST_CODE)
    if not whole.all() or np.unique(stated).size < stated.size:
        raise ContractError(
            process, parameter, f"a whole number from 1 to {MOST_CODE} in `code`, other in every row",
            ", ".join(f"{value:g}" for value in stated[:8]), hint="leave the column out to have them counted",
        )  # fmt: skip
    return [int(value) for value in stated]


def _shade(text: str, row: int) -> str:
    """Colour as #rrggbb, one of our own where none or another form is stated."""
    spelled = text if text.startswith("#") or not text else f"#{text}"
    return spelled.lower() if _COLOUR.fullmatch(spelled) else colour_of(row)


def _series(
    process: str, parameter: str, units: tuple[Unit, ...], relations: list[str]
) -> tuple[Series, ...]:
    """Series with their relations; each must lie together."""
    names = list(dict.fromkeys(unit.series for unit in units))
    made = []
    for name in names:
        rows = tuple(row for row, unit in enumerate(units) if unit.series == name)
        if rows[-1] - rows[0] != len(rows) - 1:
            between = next(units[row].name for row in range(rows[0], rows[-1]) if row not in rows)
            raise ContractError(
                process, parameter, f"the units of the series {name!r} one below the other",
                f"{between!r} of another series between them",
            )  # fmt: skip
        made.append(Series(name, _relation(process, parameter, name, [relations[row] for row in rows]), rows))
    return tuple(made)


def _relation(process: str, parameter: str, name: str, stated: list[str]) -> str:
    told = sorted({word for word in stated if word})
    wrong = [word for word in told if word not in RELATIONS]
    if wrong or len(set(told) - {"basement"}) > 1:
        raise ContractError(
            process, parameter, f"one relation a series, of {', '.join(RELATIONS)}",
            f"{', '.join(wrong or told)} in the series {name!r}",
        )  # fmt: skip
    return next((word for word in told if word != "basement"), "basement" if told else "onlap")
