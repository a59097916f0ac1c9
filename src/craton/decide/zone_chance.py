"""What tests of spatial autocorrelation share: numbers of linked units, scores, chances, results."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pandas as pd
from scipy.special import ndtr

from craton.decide.criteria_table import numbers, stated, with_results
from craton.decide.zone_links import Linked, connected, linked
from craton.kernels.spatial_autocorrelation import TIE
from craton.model.errors import ContractError
from craton.process.marks import Bounds, ColumnOf, Unit

Numeric = Annotated[str, ColumnOf("table", numeric=True)]

Significance = Annotated[float, Unit("1"), Bounds(above=0, below=1)]

FEWEST = 4
"""Units from which the moments of the statistics are defined."""


def measured(
    id: str,
    table: pd.DataFrame,
    column: str,
    contact: str,
    neighbours: int,
    distance: float | None,
    *,
    parameter: str = "column",
) -> tuple[Linked, np.ndarray]:
    """Units that have a number, their links, and their numbers; refuses too few and all alike."""
    values = numbers(table, column)
    found = linked(id, table, np.isfinite(values), contact, neighbours, distance)
    inner = connected(found)
    if inner.taken.sum() < FEWEST:
        hint = f"{int(found.islands.sum())} units have no neighbour: look at zone.neighbours"
        allowed = f"{FEWEST} or more units that have a number and a neighbour"
        raise ContractError(id, "table", allowed, str(int(inner.taken.sum())), hint=hint)
    x = values[inner.taken]
    if x.min() == x.max():
        raise ContractError(
            id,
            parameter,
            "numbers that differ",
            f"{column}: all {x[0]:g}",
        )
    return found, values


def two_sided(score: float | np.ndarray) -> np.ndarray:
    """Chance of a standard normal number as far from 0."""
    return np.asarray(2.0 * ndtr(-np.abs(score)))


def by_column(rows: list[dict[str, object]]) -> pd.DataFrame:
    """A table of results by column, whose numbers have the unit 1."""
    names = rows[0]
    columns = {name: [row[name] for row in rows] for name in names}
    return stated(columns, {name: {"unit": "1"} for name in names if name != "column"})


def standard_score(value: float, expected: float, variance: float) -> float:
    """Standard score, missing where the variance is nothing but rounding of the expected value's square."""
    return (value - expected) / variance**0.5 if variance > TIE * expected**2 else float("nan")


def significant(chance: np.ndarray, level: float, discovery_rate: bool) -> np.ndarray:
    """Whether chances (m,) are at most `level`, or as Benjamini and Hochberg (1995) bound the false ones."""
    if not discovery_rate:
        return np.asarray(chance <= level)
    tested = np.sort(chance[np.isfinite(chance)])
    passed = tested <= level * np.arange(1, tested.size + 1) / max(tested.size, 1)
    return np.asarray(chance <= tested[passed].max(initial=-1.0))


def with_islands(
    table: pd.DataFrame, found: Linked, added: dict[str, tuple[np.ndarray, str]]
) -> pd.DataFrame:
    """`table` with columns given for units that have neighbours; islands have no number and say so."""
    islands = found.islands
    told = f"; {int(islands.sum())} islands have none" if islands.any() else ""
    spread = {}
    for name, (values, title) in added.items():
        text = values.dtype == object
        whole = np.full(islands.size, "island" if text else np.nan, dtype=object if text else np.float64)
        whole[~islands] = values
        spread[name] = (whole, title + told)
    return with_results(table, found.taken, spread)
