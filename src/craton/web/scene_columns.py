"""Columns of tables as scenes colour by them: numbers with their range, and texts as classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from craton.model.ages import age_of
from craton.model.record import Column, Record
from craton.web.colour import class_colour
from craton.web.replies import Json
from craton.web.styles_ages import LEAST, colours_of

MOST_CLASSES = 250
"""Texts of a column that are told apart, the most frequent ones; all others are one class."""

LEAST_SHOWN = 0.5
"""Part of the rows that these must be; else the column tells rows apart, or holds sentences."""

MOST_COLUMNS = 40
"""Columns of a table that are told."""

LONGEST = 120
"""Characters of a text that are told."""

OTHER = "other"

DIGITS = 7
"""Significant digits of numbers."""


def class_documents(titles: Iterable[tuple[int, str, str]]) -> list[Json]:
    """Classes of a value, a title and a colour each; those without a colour get that of their age, or any."""
    entries = list(titles)
    ages = [age_of(title) if len(title) >= LEAST else None for _, title, _ in entries]
    colours = colours_of(ages, [class_colour(place) for place in range(len(entries))])
    return [
        {"value": value, "title": title, "colour": stated or colour}
        for (value, title, stated), colour in zip(entries, colours, strict=True)
    ]


def columns_of(
    record: Record, frame: pd.DataFrame, table: str, hidden: frozenset[str]
) -> tuple[list[Json], dict[str, list[Any]]]:
    """What is told of the columns of `frame`, and their values by name.

    Parameters
    ----------
    record : Record
        Tells titles and units.
    frame : DataFrame
        The rows.
    table : str
        Name of the table in the record, empty where it has one only.
    hidden : frozenset of str
        Columns that are left out.
    """
    known = {column.name: column for column in record.columns if column.table in {table, ""}}
    told: list[Json] = []
    values: dict[str, list[Any]] = {}
    for name in map(str, frame.columns):
        if name in hidden or len(told) == MOST_COLUMNS:
            continue
        found = _column(frame[name], known.get(name) or Column(name=name, type=""))
        if found is not None:
            told.append(found[0])
            values[name] = found[1]
    return told, values


def _column(series: pd.Series, column: Column) -> tuple[Json, list[Any]] | None:
    said: Json = {
        "name": column.name, "title": column.title or column.name.replace("_", " "), "unit": column.unit,
    }  # fmt: skip
    if pd.api.types.is_bool_dtype(series.dtype) or not pd.api.types.is_numeric_dtype(series.dtype):
        return _classes(series, said)
    numbers = series.to_numpy(dtype=np.float64, na_value=np.nan)
    there = np.isfinite(numbers)
    if not there.any():
        return None
    ends = rounded(np.array([numbers[there].min(), numbers[there].max()]))
    return {**said, "type": "number", "range": ends}, rounded(numbers)


def rounded(numbers: np.ndarray[Any, Any]) -> list[float | None]:
    """Numbers with as many digits as are told; `None` where there is none."""
    there = np.isfinite(numbers) & (numbers != 0)
    power = np.zeros(numbers.shape)
    np.log10(np.abs(numbers), out=power, where=there)
    scale = 10.0 ** (DIGITS - 1 - np.floor(power))
    with np.errstate(invalid="ignore", over="ignore"):
        short = np.where(there, np.rint(numbers * scale) / scale, numbers)
    short = np.where(np.isfinite(short), short, numbers)
    return [None if number != number or abs(number) == np.inf else number for number in short.tolist()]  # noqa: PLR0124 - NaN differs from itself


def _classes(series: pd.Series, said: Json) -> tuple[Json, list[Any]] | None:
    """A column of texts: each row has the value of its class."""
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        return None
    gone = series.isna().to_numpy()
    cells = zip(series.to_numpy(dtype=object), gone, strict=True)
    texts = ["" if missing else str(value).strip() for value, missing in cells]
    counts = Counter(text for text in texts if text)
    most = counts.most_common(MOST_CLASSES)
    if sum(count for _, count in most) <= LEAST_SHOWN * counts.total():
        return None
    shown = sorted(text for text, _ in most)
    values = {text: place for place, text in enumerate(shown, 1)}
    entries = [(value, text[:LONGEST], "") for text, value in values.items()]
    if len(counts) > MOST_CLASSES:
        entries.append((len(shown) + 1, OTHER, ""))
    codes = [values.get(text, len(shown) + 1) if text else None for text in texts]
    return {**said, "type": "class", "classes": class_documents(entries)}, codes
