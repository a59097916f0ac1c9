"""Table: statistics of columns, rows ranked by several of them, rows chosen by a condition."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import numpy as np
import pandas as pd

from craton.methods.vector_shapes import COLUMNS, noted, notes_of, with_room
from craton.model import units
from craton.model.errors import ContractError, InvalidError
from craton.model.expression import CONSTANTS, FUNCTIONS, NAME, parse
from craton.process.marks import Bounds, Column, ColumnOf, Table
from craton.process.processes import process

STATISTICS, RANK, FILTER = "table.statistics", "table.rank", "table.filter"

AnyTable = Annotated[pd.DataFrame, Table()]

DIGITS = 12
"""Decimals of a score that count, so that the last bits of a sum decide about no rank."""

StatisticsTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="column", title="Column"),
            Column(name="unit", title="Unit of the column"),
            Column(name="count", unit="1", title="Values"),
            Column(name="missing", unit="1", title="Rows without a value"),
            Column(name="minimum", title="Minimum"),
            Column(name="maximum", title="Maximum"),
            Column(name="mean", title="Mean"),
            Column(name="standard_deviation", title="Standard deviation"),
            Column(name="lower_quartile", title="Lower quartile"),
            Column(name="median", title="Median"),
            Column(name="upper_quartile", title="Upper quartile"),
        )
    ),
]


@process(STATISTICS, version="1", keywords=("summary", "mean", "median", "quartiles"))
def statistics(
    table: AnyTable,
    *,
    columns: tuple[Annotated[str, ColumnOf("table", numeric=True)], ...] = (),
    group: Annotated[str, ColumnOf("table")] | None = None,
) -> StatisticsTable:
    """Count, range, mean, spread and quartiles of numeric columns, as a whole or by group.

    Use it to look at a table before mapping it, or for the table of a report. Not for the statistics of
    a grid within zones.

    Parameters
    ----------
    table : DataFrame
        Any table, with or without geometry.
    columns : tuple of str
        Numeric columns; empty for all of them.
    group : str, optional
        Column by whose values the rows are parted; rows without one are a group of their own, the last.

    Returns
    -------
    DataFrame
        A row for each column, and for each group in the order of their values: `column`, its `unit`,
        with `group` that value as text (empty where it is missing), and the statistics.

    Notes
    -----
    Infinite values count as missing. The standard deviation is that of a sample, divided by n − 1, and
    missing for one value. Quartiles are linear between the values (type 7 of Hyndman and Fan 1996).

    References
    ----------
    Hyndman, R. J., and Fan, Y. (1996). Sample quantiles in statistical packages. The American
    Statistician 50(4), 361-365. doi:10.1080/00031305.1996.10473566
    """
    names = columns or tuple(str(name) for name in table.columns if _is_measured(table[name]))
    if not names:
        raise ContractError(STATISTICS, "table", "a table with a numeric column", "one without")
    notes = notes_of(table)
    rows = [
        {
            **({} if group is None else {"group": label}),
            "column": name, "unit": notes.get(name, {}).get("unit", ""), **_described(_numbers(part[name])),
        }
        for label, part in _parts(table, group)
        for name in names
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _is_measured(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _numbers(column: pd.Series) -> np.ndarray:
    """Numbers of a column (n,), NaN where it has none that is finite."""
    values = column.to_numpy(np.float64, na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan)


def _parts(table: pd.DataFrame, group: str | None) -> list[tuple[str, pd.DataFrame]]:
    """Rows by group, with its name as text."""
    frame = pd.DataFrame(table)
    if group is None:
        return [("", frame)]
    found = list(frame.groupby(frame[group], sort=True, dropna=False, observed=True))
    return [("" if pd.isna(label) else str(label), part) for label, part in found]


def _described(values: np.ndarray) -> dict[str, float]:
    there = values[~np.isnan(values)]
    counts = {"count": there.size, "missing": values.size - there.size}
    names = ("minimum", "lower_quartile", "median", "upper_quartile", "maximum")
    marks = np.quantile(there, [0, 0.25, 0.5, 0.75, 1]) if there.size else np.full(5, np.nan)
    at = dict(zip(names, map(float, marks), strict=True))
    spread = {
        "mean": float(there.mean()) if there.size else np.nan,
        "standard_deviation": float(there.std(ddof=1)) if there.size > 1 else np.nan,
    }
    ordered = (
        "minimum",
        "maximum",
        "mean",
        "standard_deviation",
        "lower_quartile",
        "median",
        "upper_quartile",
    )
    return counts | {name: (at | spread)[name] for name in ordered}


RankTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="score", unit="1", title="Score from 0 to 1"),
            Column(name="rank", unit="1", title="Rank, 1 the highest score"),
        )
    ),
]


@process(RANK, version="1", keywords=("score", "priority", "weights", "multi-criteria"))
def rank(
    table: AnyTable,
    columns: tuple[Annotated[str, ColumnOf("table", numeric=True)], ...],
    *,
    weights: tuple[Annotated[float, Bounds(minimum=0)], ...] = (),
    smaller_is_better: tuple[Annotated[str, ColumnOf("table", numeric=True)], ...] = (),
    scale: Literal["range", "rank"] = "range",
    missing: Literal["worst", "left_out"] = "worst",
) -> RankTable:
    """Rows scored by the weighted sum of several numeric columns, the highest first.

    Use it for a first order of priority: districts by events and people, prospects by anomaly and
    access. A weighted sum lets a strong column make up for a weak one; where that is not meant, filter
    the rows first.

    Parameters
    ----------
    table : DataFrame
        Any table, with or without geometry.
    columns : tuple of str
        Numeric columns that make up the score.
    weights : tuple of float
        Weight of each column, 0 or more, not all 0; empty for equal ones. Only their ratio matters.
    smaller_is_better : tuple of str
        Those of `columns` of which a small value scores high, such as a distance.
    scale : str
        How each column is brought to 0 to 1: `range` linearly from its least to its greatest value, which
        one outlier can press together; `rank` by its place among the others, ties at their middle place.
    missing : str
        Whether a missing or infinite value counts as the worst (0), or its row is left out.

    Returns
    -------
    DataFrame
        The rows of `table`, the highest score first, ties in their former order, with `score` and `rank`.
        Ties share the best rank (1, 2, 2, 4). A column of the table with one of these names is renamed to
        `name_1`.

    Notes
    -----
    s = sum(w_j x_j) / sum(w_j) over the columns j, where x_j = (v − min) / (max − min) for `range`, and
    (place − 1) / (n − 1) for `rank`; 1 − x_j where smaller is better. A column of one value gives 0.5 to
    all rows that have it. Scores are equal if they agree to 12 decimals.

    References
    ----------
    Malczewski, J. (2000). On the use of weighted linear combination method in GIS: common and best
    practice approaches. Transactions in GIS 4(1), 5-22. doi:10.1111/1467-9671.00035
    """
    parts = _weights(columns, weights, smaller_is_better)
    values = np.column_stack([_numbers(table[name]) for name in columns])
    kept = ~np.isnan(values).any(axis=1) if missing == "left_out" else np.ones(len(table), bool)
    frame, values = table[kept], values[kept]
    scaled = np.column_stack([
        _scaled(values[:, number], by_rank=scale == "rank", reverse=name in smaller_is_better)
        for number, name in enumerate(columns)
    ])  # fmt: skip
    score = np.round(scaled @ parts, DIGITS)
    place = pd.Series(-score).rank(method="min").astype(np.int64).to_numpy()
    result = with_room(noted(frame, notes_of(table)), ("score", "rank"))
    result = noted(result.assign(score=score, rank=place), result.attrs[COLUMNS])
    ordered: pd.DataFrame = result.iloc[np.argsort(place, kind="stable")].reset_index(drop=True)
    return ordered


def _weights(
    columns: tuple[str, ...], weights: tuple[float, ...], smaller_is_better: tuple[str, ...]
) -> np.ndarray:
    """Share of each column in the score; they add up to 1."""
    if not columns or len(set(columns)) < len(columns):
        came = ", ".join(columns) or "none"
        raise ContractError(RANK, "columns", "one or more different columns", came)
    if weights and (len(weights) != len(columns) or not any(weights)):
        allowed = f"{len(columns)} weights, one for each column, not all 0"
        raise ContractError(RANK, "weights", allowed, str(weights))
    if set(smaller_is_better) - set(columns):
        raise ContractError(
            RANK, "smaller_is_better", f"some of {', '.join(columns)}", ", ".join(smaller_is_better)
        )
    shares = np.array(weights or (1.0,) * len(columns))
    return np.asarray(shares / shares.sum())


def _scaled(values: np.ndarray, *, by_rank: bool, reverse: bool) -> np.ndarray:
    """Values (n,) brought to 0 to 1, the missing ones 0."""
    numbers = pd.Series(values).rank(method="average").to_numpy() if by_rank else values
    there = ~np.isnan(numbers)
    least, most = (1.0, float(there.sum())) if by_rank else _range(numbers[there])
    spread = most - least
    share = (numbers - least) / spread if spread > 0 else np.full(values.shape, 0.5)
    return np.where(there, 1.0 - share if reverse else share, 0.0)


def _range(values: np.ndarray) -> tuple[float, float]:
    return (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)


@process(FILTER, version="1", keywords=("select", "where", "query", "subset"))
def filter_rows(
    table: AnyTable,
    expression: str = "",
    *,
    column: Annotated[str, ColumnOf("table")] | None = None,
    values: tuple[str, ...] = (),
) -> AnyTable:
    """Rows of a table for which a condition holds.

    Use it to keep what matters before counting, ranking or drawing. To choose by place use `vector.clip`
    or `vector.spatial_join`.

    Parameters
    ----------
    table : DataFrame
        Any table, with or without geometry.
    expression : str
        Condition on numeric columns, such as `magnitude >= 5 and depth_m < '30 km'`. A column whose name
        has other signs than letters, digits and `_` is written with `_` in their place. Units are
        converted where columns state them.
    column : str, optional
        Column whose value, as text, must be one of `values`. Where an expression is given too, both must
        hold.
    values : tuple of str
        Texts to be kept.

    Returns
    -------
    DataFrame
        The rows that are kept, in their order, with all columns.

    Notes
    -----
    A row of which a value in the expression is missing is left out, unless `missing(name)` asks for it. An
    expression that gives a number holds where that is not 0.
    """
    if not expression.strip() and column is None:
        raise ContractError(FILTER, "expression", "given, or `column` with `values`", "nothing")
    if (column is None) != (not values):
        raise ContractError(FILTER, "values", "given together with `column`", str(values))
    kept = np.ones(len(table), bool)
    if expression.strip():
        kept &= _holds(table, expression)
    if column is not None:
        texts = pd.Series(table[column])
        kept &= texts.notna().to_numpy() & texts.astype(str).isin(values).to_numpy()
    return noted(table[kept].reset_index(drop=True), notes_of(table))


def _holds(table: pd.DataFrame, text: str) -> np.ndarray:
    """Whether the condition `text` holds, by row."""
    names = _expressible(table)
    notes = notes_of(table)
    try:
        condition = parse(text, names)
        stated = {one: units.parse(notes.get(names[one], {}).get("unit", "")) for one in condition.names}
        found = condition.evaluate(
            {one: table[names[one]].to_numpy(np.float64, na_value=np.nan) for one in condition.names},
            {one: unit for one, unit in stated.items() if unit},
        )
    except InvalidError as error:
        raise ContractError(
            FILTER,
            "expression",
            "a condition on numeric columns",
            f"{text!r}: {error.message}",
            hint=error.hint,
        ) from error
    if not condition.names:
        raise ContractError(FILTER, "expression", "one that names a column", repr(text))
    return np.asarray((found != 0) & ~np.isnan(found))


def _expressible(table: pd.DataFrame) -> dict[str, str]:
    """Numeric columns by the name they have in an expression; those that would share one have none."""
    plain: dict[str, list[str]] = {}
    for name in map(str, table.columns):
        if pd.api.types.is_numeric_dtype(table[name]):
            plain.setdefault(re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_"), []).append(name)
    return {
        one: names[0]
        for one, names in plain.items()
        if len(names) == 1 and NAME.fullmatch(one) and one not in {*FUNCTIONS, *CONSTANTS}
    }
