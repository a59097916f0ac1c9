"""Columns of survey tables: numbers in a unit, times in seconds, dates in years; new columns beside them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from craton.methods.vector_shapes import COLUMNS, noted, notes_of, with_room
from craton.model import units
from craton.model.errors import ContractError

DATE_WORDS = "a date such as 2024-05-17, or a decimal year such as 2024.5"

FIRST_YEAR, LAST_YEAR = 1800.0, 2200.0
"""Numbers between these are decimal years."""


def numbers_of(frame: pd.DataFrame, column: str) -> np.ndarray:
    """Numbers (n,) of a column, NaN where it has none that is finite."""
    numbers = frame[column].to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def unit_of(frame: pd.DataFrame, column: str) -> str:
    """Unit noted of a column in its canonical spelling, empty where none is known."""
    return units.parse(str(notes_of(frame).get(column, {}).get("unit") or "")) or ""


def numbers_in(id: str, parameter: str, frame: pd.DataFrame, column: str, unit: str) -> np.ndarray:
    """Numbers (n,) of a column converted to `unit`; refused where its own is missing or of another kind."""
    own = unit_of(frame, column)
    if not own or not units.compatible(own, unit):
        raise ContractError(
            id, parameter, f"a column in {unit} or a unit that converts to it",
            f"{column!r} in {own or 'no stated unit'}",
            hint="state the unit of the column in NAME.meta.toml beside the file",
        )  # fmt: skip
    return np.asarray(units.convert(numbers_of(frame, column), own, unit))


def seconds_of(id: str, parameter: str, frame: pd.DataFrame, column: str) -> np.ndarray:
    """Times (n,) of a column in seconds: of dates since 1970 UTC, of numbers by their unit."""
    if pd.api.types.is_numeric_dtype(frame[column]):
        return numbers_in(id, parameter, frame, column, "s")
    return _since_1970(_as_times(id, parameter, frame[column]))


def _as_times(id: str, parameter: str, column: pd.Series) -> pd.Series:
    """Column as times in UTC; what is empty has none, what is no time is refused."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return pd.to_datetime(column, utc=True)
    times = pd.to_datetime(column, utc=True, errors="coerce", format="ISO8601")
    wrong = times.isna() & column.notna() & (column.astype(str).str.strip() != "")
    if wrong.any():
        first = str(column[wrong].iloc[0])
        raise ContractError(id, parameter, "a column of dates such as 2024-05-17", repr(first))
    return times


def _since_1970(times: pd.Series) -> np.ndarray:
    start = pd.Timestamp("1970-01-01", tz="UTC")
    return ((times - start) / pd.Timedelta(seconds=1)).to_numpy(dtype=np.float64, na_value=np.nan)


def years_of(id: str, parameter: str, frame: pd.DataFrame, column: str) -> np.ndarray:
    """Decimal years (n,) of a column of dates, of whole numbers such as 20240517, or of decimal years."""
    values = frame[column]
    if not pd.api.types.is_numeric_dtype(values):
        return _decimal_years(_as_times(id, parameter, _eight_digits(values)))
    numbers = numbers_of(frame, column)
    there = numbers[np.isfinite(numbers)]
    if ((there >= FIRST_YEAR) & (there <= LAST_YEAR)).all():
        return numbers
    texts = pd.Series([f"{one:.0f}" if np.isfinite(one) else None for one in numbers], dtype=object)
    dates = pd.to_datetime(texts, utc=True, errors="coerce", format="%Y%m%d")
    wrong = dates.isna() & texts.notna()
    if wrong.any():
        allowed = "a column of dates, of numbers such as 20240517, or of decimal years"
        raise ContractError(id, parameter, allowed, f"{column!r} with {texts[wrong].iloc[0]}")
    return _decimal_years(dates)


def _eight_digits(column: pd.Series) -> pd.Series:
    """Texts such as 20240517 with dashes put in."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return column
    return column.astype(object).map(
        lambda one: (
            f"{one[:4]}-{one[4:6]}-{one[6:]}"
            if isinstance(one, str) and len(one) == 8 and one.isdigit()
            else one
        )
    )


def year_of(id: str, parameter: str, text: str) -> float:
    """Decimal year of a date in ISO 8601, or of a decimal year."""
    try:
        year = float(text)
    except ValueError:
        pass
    else:
        if FIRST_YEAR <= year <= LAST_YEAR:
            return year
    try:
        stamp = pd.to_datetime(text, utc=True, format="ISO8601")
    except (ValueError, OverflowError) as error:
        raise ContractError(id, parameter, DATE_WORDS, repr(text)) from error
    if pd.isna(stamp):
        raise ContractError(id, parameter, DATE_WORDS, repr(text))
    return float(_decimal_years(pd.Series([stamp]))[0])


def _decimal_years(times: pd.Series) -> np.ndarray:
    """Years, with the part of the year that has passed as a fraction of its own length."""
    year = times.dt.year
    starts, ends = (
        pd.to_datetime({"year": year + more, "month": 1, "day": 1}, utc=True, errors="coerce")
        for more in (0, 1)
    )
    passed = (times - starts) / (ends - starts)
    decimal: np.ndarray = (year + passed).to_numpy(dtype=np.float64, na_value=np.nan)
    return decimal


def with_columns[F: pd.DataFrame](frame: F, columns: dict[str, Any], notes: dict[str, dict[str, str]]) -> F:
    """`frame` with new columns and notes of them; its own of the same names are renamed (`name_1`)."""
    roomy = with_room(noted(frame, notes_of(frame)), columns)
    kept = roomy.attrs[COLUMNS]
    return noted(roomy.assign(**columns), {**kept, **notes})
