"""Analyses of a table: which columns hold them, in which unit, and what lies below detection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd

from craton.methods.vector_shapes import noted, notes_of, with_room
from craton.model import quantities, units
from craton.model.errors import ContractError
from craton.model.table_context import companion
from craton.process.marks import ColumnOf, Table

AnyTable = Annotated[pd.DataFrame, Table()]

Cells = np.ndarray | pd.api.extensions.ExtensionArray
"""Values of a new column."""

NumberColumns = tuple[Annotated[str, ColumnOf("table", numeric=True)], ...]

SOLID, DISSOLVED = "mg/kg", "mg/L"
"""Units that the analyses of solids and of waters are brought to before parts are compared."""

ANALYTE = "_concentration"
"""End of the quantities of elements and oxides."""

BELOW, LIMIT = "_below_detection", "_detection_limit"
"""Ends of the names of the companions of a column."""


class Censored(NamedTuple):
    """Numbers (n,), the limit where `below`; NaN where nothing is known."""

    values: np.ndarray
    below: np.ndarray

    @property
    def known(self) -> Censored:
        """Those of which something is known."""
        there = np.isfinite(self.values)
        return Censored(self.values[there], self.below[there])

    @property
    def measured(self) -> np.ndarray:
        """Those that are measured."""
        return np.asarray(self.values[np.isfinite(self.values) & ~self.below])


def numbers(table: pd.DataFrame, name: str) -> np.ndarray:
    """Numbers of a column (n,), NaN where it has none that is finite."""
    values = table[name].to_numpy(np.float64, na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan)


def unit_of(table: pd.DataFrame, name: str) -> str:
    """Canonical unit of a column, empty where it states none."""
    text = str(notes_of(table).get(name, {}).get("unit") or "")
    return units.parse(text) or text


def companion_of(table: pd.DataFrame, name: str, suffix: str) -> str:
    """Name of the companion of column `name`, empty where it has none."""
    names = [str(column) for column in table.columns]
    return next((one for one in names if companion(one, names) == (name, suffix)), "")


def censored(table: pd.DataFrame, name: str) -> Censored:
    """Column `name` with what is below detection, as its companions say; without them all is measured.

    A value below detection whose limit is not told is missing.
    """
    values = numbers(table, name)
    flag, limit = (companion_of(table, name, suffix) for suffix in (BELOW, LIMIT))
    if not flag:
        return Censored(values, np.zeros(values.size, bool))
    below = table[flag].to_numpy(np.float64, na_value=0.0) != 0
    limits = numbers(table, limit) if limit else np.full(values.size, np.nan)
    # Where a number stands beside the flag it is the limit itself, or a value put in its place.
    return Censored(np.where(below, np.where(np.isfinite(limits), limits, values), values), below)


def is_analysis(table: pd.DataFrame, name: str) -> bool:
    """Whether column `name` holds concentrations, by its quantity or unit.

    A bare percent is one of an element or oxide only, by quantity or name: recoveries, slopes and moisture
    are in percent too.
    """
    names = [str(column) for column in table.columns]
    if companion(name, names).column or not pd.api.types.is_numeric_dtype(table[name]):
        return False
    if pd.api.types.is_bool_dtype(table[name]):
        return False
    unit, quantity = unit_of(table, name), notes_of(table).get(name, {}).get("quantity", "")
    if unit == "%":
        return quantity_of_column(table, name).endswith(ANALYTE)
    by_unit = unit not in {"", "1"} and (units.compatible(unit, SOLID) or units.compatible(unit, DISSOLVED))
    return by_unit or str(quantity).endswith(ANALYTE)


def chosen(id: str, table: pd.DataFrame, columns: tuple[str, ...], *, least: int = 1) -> tuple[str, ...]:
    """The named `columns`, or all that hold concentrations; `ContractError` where they are too few."""
    names = columns or tuple(str(name) for name in table.columns if is_analysis(table, str(name)))
    if len(set(names)) < max(least, len(names)):
        allowed = f"{least} or more different columns" if least > 1 else "one or more different columns"
        hint = "" if columns else "name them: no column states a unit or quantity of a concentration"
        raise ContractError(id, "columns", allowed, ", ".join(names) or "none", hint=hint)
    return names


def side_by_side(table: pd.DataFrame, names: tuple[str, ...]) -> np.ndarray:
    """Numbers (n, k) of columns, each in its own unit, for what no factor of a column changes."""
    return np.column_stack([numbers(table, name) for name in names])


class Parts(NamedTuple):
    """Numbers (n, k) in one `unit`, NaN where one is missing."""

    values: np.ndarray
    unit: str


def in_one_unit(id: str, table: pd.DataFrame, names: tuple[str, ...]) -> Parts:
    """Columns `names` in one unit: mg/kg, mg/L, or another that all convert to."""
    stated = {name: unit_of(table, name) for name in names}
    lacking = [name for name, unit in stated.items() if not unit]
    if lacking:
        raise ContractError(
            id, "columns", "columns that state their unit", f"{', '.join(lacking[:5])} without one",
            hint="state the units, in NAME.meta.toml beside the file or as attrs['columns'][name]['unit']",
        )  # fmt: skip
    first = stated[names[0]]
    unit = next((one for one in (SOLID, DISSOLVED) if units.compatible(first, one)), first)
    odd = [f"{name} in {one}" for name, one in stated.items() if not units.compatible(one, unit)]
    if odd:
        raise ContractError(id, "columns", f"columns in {unit} or units that convert to it", ", ".join(odd))
    values = [units.convert(numbers(table, name), stated[name], unit) for name in names]
    return Parts(np.column_stack(values), unit)


def complete(id: str, names: tuple[str, ...], parts: np.ndarray, *, least: int) -> np.ndarray:
    """Rows (n,) of `parts` without a gap; refuses zeros, negative numbers and too few rows."""
    low = [name for name, column in zip(names, parts.T, strict=True) if (column <= 0).any()]
    if low:
        raise ContractError(
            id, "columns", "columns of numbers above 0, as ratios need", f"{', '.join(low[:5])} with others",
            hint="replace values below detection first, with geochemistry.below_detection, and filter zeros",
        )  # fmt: skip
    whole: np.ndarray = np.isfinite(parts).all(axis=1)
    if whole.sum() < least:
        raise ContractError(
            id, "table", f"{least} rows or more with a value in all of {len(names)} columns",
            f"{int(whole.sum())} of {len(parts)}",
            hint="leave out columns with gaps, or replace values below detection first",
        )  # fmt: skip
    return whole


def with_columns[F: pd.DataFrame](frame: F, added: Mapping[str, tuple[Cells, dict[str, str]]]) -> F:
    """`frame` with columns and their notes; columns it already has by these names are renamed `name_1`."""
    roomy = with_room(noted(frame, notes_of(frame)), added)
    notes = notes_of(roomy) | {name: note for name, (_values, note) in added.items()}
    return noted(roomy.assign(**{name: values for name, (values, _note) in added.items()}), notes)


def quantity_of_analyte(symbol: str) -> str:
    """Quantity of an element or oxide, such as `lanthanum_concentration` for `La`."""
    return quantities.recognise(symbol, unit=SOLID, chemistry=True).quantity


def quantity_of_column(table: pd.DataFrame, name: str) -> str:
    """Quantity of a column, as it is noted or as its name says."""
    stated = str(notes_of(table).get(name, {}).get("quantity", ""))
    return stated or quantities.recognise(name.strip(), unit=unit_of(table, name), chemistry=True).quantity


def analytes(table: pd.DataFrame, symbols: tuple[str, ...]) -> dict[str, str]:
    """Columns of `table` that hold the elements or oxides `symbols`, by quantity or by name."""
    found: dict[str, str] = {}
    wanted = {quantity_of_analyte(symbol): symbol for symbol in symbols}
    for name in map(str, table.columns):
        if pd.api.types.is_numeric_dtype(table[name]) and not pd.api.types.is_bool_dtype(table[name]):
            quantity = quantity_of_column(table, name)
            if quantity in wanted:
                found.setdefault(wanted[quantity], name)
    return found


def label_of(value: str | float | None) -> str:
    """Name of a sample or standard as text, the same for 905, 905.0 and `905`; empty where it is missing."""
    if pd.isna(value):
        return ""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def with_half_limits(table: pd.DataFrame, name: str) -> np.ndarray:
    """Numbers of a column (n,), those below detection that have no number at half their limit."""
    values, found = numbers(table, name), censored(table, name)
    return np.where(np.isnan(values) & found.below, found.values / 2.0, values)
