"""Criteria of a table: which rows are whole, which way is better, what each criterion weighs, and results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd

from craton.kernels.score_ranks import ranks
from craton.model.errors import ContractError
from craton.process.marks import Column, ColumnOf, Table

AnyTable = Annotated[pd.DataFrame, Table()]

Indicators = tuple[Annotated[str, ColumnOf("table", numeric=True)], ...]

WeightTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="indicator", title="Indicator"),
            Column(name="weight", unit="1", title="Weight"),
        )
    ),
]

COLUMNS = "columns"
"""Key of `attrs` of a table: by column, its `unit`, `quantity` and `title`."""

SHOWN = 5
"""Names that a message tells at most."""

LARGEST = 1e100
"""Size from which a number counts as none: fill values are such, and squares and sums of them overflow."""


class Criteria(NamedTuple):
    """Numbers (m, k) of the whole rows, which rows (n,) of the table these are, names and costs (k,)."""

    values: np.ndarray
    whole: np.ndarray
    names: tuple[str, ...]
    costs: np.ndarray

    def where(self, wrong: np.ndarray) -> str:
        """Names of the criteria of which `wrong` (k,) holds."""
        return shown(name for name, one in zip(self.names, wrong, strict=True) if one)


def shown(names: Iterable[str]) -> str:
    """Names as a message tells them."""
    told = [str(name) for name in names]
    return ", ".join(told[:SHOWN]) + (" …" if len(told) > SHOWN else "") or "none"


def numbers(table: pd.DataFrame, name: str) -> np.ndarray:
    """Numbers of a column (n,), NaN where it has none below `LARGEST` in size."""
    values = pd.to_numeric(table[name], errors="coerce").to_numpy(np.float64, na_value=np.nan)
    return np.where(np.abs(values) < LARGEST, values, np.nan)


def open_numbers(id: str, parameter: str, rows: pd.DataFrame, name: str) -> np.ndarray:
    """Numbers of a column (n,) whose empty or infinite places, NaN here, mean that there is no limit.

    Words in such a place are refused: a slip of the pen is not to open a limit.
    """
    read = pd.to_numeric(rows[name], errors="coerce")
    words = rows[name][read.isna() & rows[name].notna() & (rows[name].astype(str).str.strip() != "")]
    if len(words):
        raise ContractError(id, parameter, f"numbers in `{name}`, or nothing", shown(words))
    return numbers(rows, name)


def criteria(
    id: str,
    table: pd.DataFrame,
    columns: tuple[str, ...],
    costs: tuple[str, ...] = (),
    *,
    least: int = 1,
    rows: int = 1,
    varied: bool = False,
    lowest: float | None = None,
) -> Criteria:
    """Numbers of the columns in the rows that have all of them; refuses what cannot be judged by them.

    Parameters
    ----------
    least, rows : int
        Fewest columns, and fewest rows without a gap.
    varied : bool
        Whether a column of one number is refused.
    lowest : float, optional
        Number below which none may lie.
    """
    names = distinct(id, "columns", columns, least=least)
    if set(costs) - set(names):
        raise ContractError(id, "costs", f"some of {shown(names)}", shown(set(costs) - set(names)))
    table_of = np.column_stack([numbers(table, name) for name in names])
    whole = np.isfinite(table_of).all(axis=1)
    if whole.sum() < rows:
        empty = [name for name, one in zip(names, table_of.T, strict=True) if not np.isfinite(one).any()]
        hint = f"leave out {shown(empty)}, which have no number" if empty and len(table) else ""
        allowed = f"{rows} or more rows with a number in each of the columns"
        raise ContractError(id, "table", allowed, f"{int(whole.sum())} of {len(table)}", hint=hint)
    found = Criteria(table_of[whole], whole, names, np.isin(names, costs))
    same = found.values.min(axis=0) == found.values.max(axis=0)
    if varied and same.any():
        raise ContractError(
            id, "columns", "columns whose numbers differ", f"{found.where(same)} with one number"
        )
    if lowest is not None and (found.values < lowest).any():
        low = found.where((found.values < lowest).any(axis=0))
        hint = "score them first, as with scoring.linear"
        raise ContractError(
            id, "columns", f"columns of numbers of at least {lowest:g}", f"{low} with less", hint=hint
        )
    return found


def unit_scores(
    id: str, table: pd.DataFrame, columns: tuple[str, ...], costs: tuple[str, ...] = (), *, least: int = 1
) -> Criteria:
    """Scores of the whole rows, refused where one is not from 0 to 1 or is better low."""
    found = criteria(id, table, columns, costs, least=least, lowest=0.0)
    more = (found.values > 1.0 + 1e-9).any(axis=0)
    hint = "score them first, as with scoring.linear"
    if more.any():
        raise ContractError(id, "columns", "scores from 0 to 1", f"{found.where(more)} with more", hint=hint)
    if found.costs.any():
        raise ContractError(id, "costs", "none beside scores, which are better high", shown(costs), hint=hint)
    return found


def distinct(
    id: str, parameter: str, names: tuple[str, ...], *, least: int = 1, what: str = "columns"
) -> tuple[str, ...]:
    """`names`, refused where one comes twice or they are too few."""
    if len(set(names)) < max(least, len(names)):
        allowed = f"{'one' if least == 1 else least} or more different {what}"
        raise ContractError(id, parameter, allowed, ", ".join(names) or "none")
    return names


def weights_of(id: str, weights: pd.DataFrame | None, names: tuple[str, ...]) -> np.ndarray:
    """Share (k,) of each name in a table of weights, alike without one; they add up to 1."""
    if weights is None:
        return np.full(len(names), 1.0 / len(names))
    rows = by_indicator(id, "weights", weights, names)
    found = numbers(rows, "weight")
    if not np.isfinite(found).all() or (found < 0).any() or found.sum() <= 0:
        raise ContractError(
            id, "weights", "weights of at least 0, not all 0", shown(map(str, rows["weight"]))
        )
    return np.asarray(found / found.sum())


def by_indicator(id: str, parameter: str, told: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    """Rows of a table with the column `indicator`, one for each of `names` and in their order."""
    listed = [str(one) for one in told["indicator"]]
    twice = {one for one in listed if listed.count(one) > 1} if len(set(listed)) < len(listed) else set()
    lacking = [name for name in names if name not in listed]
    more = [one for one in listed if one not in names]
    if twice or lacking or more:
        came = "; ".join(
            f"{words} {shown(which)}"
            for words, which in (
                ("none for", lacking),
                ("one too many for", more),
                ("several for", sorted(twice)),
            )
            if which
        )
        raise ContractError(id, parameter, f"one row for each of {shown(names)}", came)
    return told.iloc[[listed.index(name) for name in names]]


def weight_table(names: tuple[str, ...], weights: np.ndarray) -> pd.DataFrame:
    """What every way of weighting gives."""
    return stated({"indicator": list(names), "weight": weights}, {"weight": {"unit": "1"}})


def stated(columns: Mapping[str, object], notes: dict[str, dict[str, str]]) -> pd.DataFrame:
    """A table with notes on its columns."""
    frame = pd.DataFrame(columns)
    frame.attrs[COLUMNS] = notes
    return frame


def with_results[F: pd.DataFrame](
    table: F, whole: np.ndarray, added: Mapping[str, tuple[np.ndarray, str]]
) -> F:
    """`table` with new columns, given (m,) for its whole rows with a title each; the other rows have gaps.

    Columns that the table already has by these names are called `name_1`. The titles tell how many rows
    have a gap.
    """
    taken = {str(name) for name in table.columns} | set(added)
    moved = {name: _free(name, taken) for name in map(str, table.columns) if name in added}
    frame = table.rename(columns=moved)
    notes = {moved.get(name, name): dict(note) for name, note in table.attrs.get(COLUMNS, {}).items()}
    gaps = int((~whole).sum())
    told = f"; {gaps} of {whole.size} rows have a gap in a criterion and none" if gaps else ""
    frame = frame.assign(**{name: _spread(values, whole) for name, (values, _title) in added.items()})
    for name, (values, title) in added.items():
        notes[name] = {"title": title + told} | ({"unit": "1"} if values.dtype.kind in "fiu" else {})
    frame.attrs = {**{k: v for k, v in table.attrs.items() if k != COLUMNS}, COLUMNS: notes}
    return frame


def with_scores(
    table: pd.DataFrame, names: tuple[str, ...], suffix: str, score: Callable[[str, np.ndarray], np.ndarray]
) -> pd.DataFrame:
    """`table` with the scores of each column, gaps where it has none."""
    result = table if suffix else table.drop(columns=list(names))
    for name in names:
        values = numbers(table, name)
        whole = np.isfinite(values)
        added = {f"{name}{suffix}": (score(name, values[whole]), f"Score of {name}")}
        result = with_results(result, whole, added)
    return result if suffix else result[list(table.columns)]


def _free(name: str, taken: set[str]) -> str:
    number = 1
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"


def _spread(values: np.ndarray, whole: np.ndarray) -> np.ndarray | pd.api.extensions.ExtensionArray:
    """Values (m,) at the places where `whole` (n,) holds, gaps elsewhere."""
    if values.dtype.kind == "f":
        found = np.full(whole.size, np.nan)
        found[whole] = values
        return found
    places = np.where(whole, np.cumsum(whole) - 1, -1)
    if values.dtype.kind in "iu":
        return pd.array(values, dtype="Int64").take(places, allow_fill=True)
    if values.dtype.kind == "b":
        return pd.array(values, dtype="boolean").take(places, allow_fill=True)
    return pd.array(values.astype(object), dtype="string").take(places, allow_fill=True)


def scored(name: str, score: np.ndarray, title: str) -> dict[str, tuple[np.ndarray, str]]:
    """Columns of a score, higher is better, and of the rank by it."""
    return {name: (score, title), "rank": (ranks(score), "Rank, 1 the best")}
