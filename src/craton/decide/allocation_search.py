"""Allocation for many objectives, neighbours of one use among them: a front of plans by search."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from craton.decide.allocation import MOST_USES, LimitTable, Problem, no_whole, problem_of
from craton.decide.criteria_table import AnyTable, numbers, shown, stated, with_results
from craton.decide.zone_links import linked
from craton.kernels import allocation_flow as flow
from craton.kernels import allocation_search as kernel
from craton.kernels.allocation_selection import reference_directions
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import Bounds, Column, Table
from craton.process.processes import process

SEARCH = "allocation.search"

MOST_OBJECTIVES, MOST_SEARCHED = 8, 50_000
"""Objectives and parcels at most."""

MIXTURES, NEAREST = 15, 8
"""Mixtures of objectives to begin with; neighbours where the nearest count."""

JOINED = "together"
"""Name of the objective of neighbours of one use."""

TAKEN = ("plan", JOINED, "balance", "balanced")
"""Columns of the plans that no objective may be called by."""

WorthTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="objective", title="Objective"),
            Column(name="use", title="Use"),
            Column(name="column", title="Column of the table with the worth, better high"),
        )
    ),
]


class Searched(NamedTuple):
    """The plans of the front, and the parcels with their use in each."""

    plans: AnyTable
    parcels: AnyTable


@process(
    SEARCH, version="2", keywords=("NSGA-II", "NSGA-III", "Pareto", "compactness", "多目标优化", "集中连片")
)
def search(
    table: AnyTable,
    worths: WorthTable,
    limits: LimitTable | None = None,
    *,
    together: bool = False,
    contact: Literal["queen", "rook", "nearest"] = "rook",
    plans: Annotated[int, Bounds(minimum=4, maximum=500)] = 60,
    generations: Annotated[int, Bounds(minimum=1, maximum=10_000)] = 100,
    seed: Annotated[int, Bounds(minimum=0)] = 0,
) -> Searched:
    """Plans for many objectives, or for uses that shall lie together, of which none is better in all.

    Use it where `allocation.trade_off` cannot: with more than two objectives, or where neighbours shall have
    one use. It searches, so it proves nothing: a longer search may find better plans. It starts from exact
    optima of sums of the objectives, which is what makes it quick.

    Parameters
    ----------
    table : DataFrame
        A row for each parcel, at most 50,000; with geometry where uses shall lie together. Parcels count
        alike.
    worths : DataFrame
        A row for each objective and use: `objective`, `use`, and the `column` of `table` with its worth,
        better high. Every objective tells every use, 2 to 12 uses and at most 8 objectives. A gap forbids the
        use on the parcel.
    limits : DataFrame, optional
        As for `allocation.trade_off`.
    together : bool
        Whether pairs of neighbours of one use are an objective more.
    contact : str
        Which parcels are neighbours, as for `zone.neighbours`; `nearest` takes the nearest 8, or all
        where there are fewer.
    plans : int
        Plans that are kept, 4 to 500.
    generations : int
        How often as many new plans are made.
    seed : int
        Of the draws: the same seed gives the same result.

    Returns
    -------
    plans : DataFrame
        A row for each plan: `plan`, the total of each objective, `together` (pairs of neighbours of one use)
        where asked, `balance` (the least of its values brought to 0 to 1 over the plans) and `balanced`, the
        plan in which that is greatest.
    parcels : DataFrame
        The rows and columns of `table`, `use` in the balanced plan, and `plan_1`, `plan_2` …: the use in
        each.

    Notes
    -----
    NSGA-II for two values, NSGA-III with even reference directions for more, where the best of each value
    always stays; a new plan takes a patch of one plan into another and is bettered by moves and exchanges for
    weights of its own, within the limits. Of plans that are alike in all values one is told.

    References
    ----------
    Deb, K., and Jain, H. (2014). An evolutionary many-objective optimization algorithm using
    reference-point-based nondominated sorting approach, part I. IEEE Transactions on Evolutionary Computation
    18(4), 577-601.

    Deb, K., Pratap, A., Agarwal, S., and Meyarivan, T. (2002). A fast and elitist multiobjective genetic
    algorithm: NSGA-II. IEEE Transactions on Evolutionary Computation 6(2), 182-197.
    """
    objectives, uses, columns = _asked(table, worths)
    scores = np.stack([np.column_stack([numbers(table, name) for name in one]) for one in columns])
    scores = np.where(np.isfinite(scores).all(axis=0), scores, -np.inf)
    _first, problem = problem_of(SEARCH, table, scores[0], uses, limits, None)
    if problem.whole.sum() > MOST_SEARCHED:
        came = f"{int(problem.whole.sum()):,}"
        raise ContractError(SEARCH, "table", f"at most {MOST_SEARCHED:,} parcels", came)
    scores = scores[:, problem.whole]
    found = kernel.search(
        scores, _begun(scores, *problem.counts), *problem.counts, plans=plans, seed=seed,
        turns=progress.each(range(generations)),
        neighbours=_neighbours(table, problem.whole, contact) if together else None,
    )  # fmt: skip
    return _told(table, problem, [*objectives, *([JOINED] if together else [])], found)


def _asked(
    table: pd.DataFrame, worths: pd.DataFrame
) -> tuple[tuple[str, ...], tuple[str, ...], list[list[str]]]:
    """Objectives, uses, and for each objective the column of each use."""
    rows = [tuple(str(one) for one in row) for row in worths[["objective", "use", "column"]].to_numpy()]
    objectives = tuple(dict.fromkeys(row[0] for row in rows))
    uses = tuple(dict.fromkeys(row[1] for row in rows))
    found = {row[:2]: row[2] for row in rows}
    if not 2 <= len(uses) <= MOST_USES or len(objectives) > MOST_OBJECTIVES:
        allowed = f"2 to {MOST_USES} uses and at most {MOST_OBJECTIVES} objectives"
        raise ContractError(SEARCH, "worths", allowed, f"{len(uses)} and {len(objectives)}")
    if taken := [name for name in objectives if name in TAKEN]:
        raise ContractError(SEARCH, "worths", f"objectives of other names than {shown(TAKEN)}", shown(taken))
    if len(rows) != len(found) or len(found) != len(objectives) * len(uses):
        came = f"{len(rows)} rows for {len(objectives)} objectives and {len(uses)} uses"
        raise ContractError(SEARCH, "worths", "a row for each use of each objective", came)
    unknown = [name for name in found.values() if name not in table.columns]
    if unknown:
        raise ContractError(SEARCH, "worths", "columns of `table`", shown(unknown))
    words = [
        name for name in found.values() if table[name].notna().any() and np.isnan(numbers(table, name)).all()
    ]
    if words:
        raise ContractError(SEARCH, "worths", "columns of numbers", f"{shown(words)} without any")
    return objectives, uses, [[found[objective, use] for use in uses] for objective in objectives]


def _begun(scores: np.ndarray, least: np.ndarray, most: np.ndarray) -> np.ndarray:
    """Exact optima (p, n) of each objective alone, and of mixtures of them on one scale."""
    alone = [_best(one, least, most) for one in scores]
    values = kernel.values_of(np.array(alone), scores, None)
    span = np.ptp(values, axis=0)
    finite = np.where(np.isfinite(scores), scores, 0.0) / np.where(span > 0, span, 1.0)[:, None, None]
    mixed = []
    for shares in reference_directions(len(scores), MIXTURES):
        worth = np.where(np.isfinite(scores[0]), (shares[:, None, None] * finite).sum(axis=0), -np.inf)
        mixed.append(_best(worth, least, most))
    return np.unique(np.array([*alone, *mixed]), axis=0)


def _best(worth: np.ndarray, least: np.ndarray, most: np.ndarray) -> np.ndarray:
    found = flow.assignment(worth, least, most)
    if found is None:
        raise no_whole(SEARCH)
    return found.use


def _neighbours(table: pd.DataFrame, whole: np.ndarray, contact: str) -> kernel.Neighbours:
    """Links among the parcels that take part, both ways; those without a geometry have none."""
    if not isinstance(table, gpd.GeoDataFrame):
        raise ContractError(
            SEARCH, "table", "a table with geometry, so that neighbours are known", "one without"
        )
    count = int((whole & ~(table.geometry.isna() | table.geometry.is_empty)).sum())
    if contact == "nearest" and count < 2:
        raise ContractError(SEARCH, "table", "two parcels or more with a geometry", str(count))
    found = linked(SEARCH, table, whole, contact, min(NEAREST, count - 1), None)
    places = np.flatnonzero(found.taken[whole])
    one, other = found.links.nonzero()
    one, other = places[one], places[other]
    pairs = np.unique(np.concatenate([np.c_[one, other], np.c_[other, one]]), axis=0)
    starts = np.concatenate([[0], np.cumsum(np.bincount(pairs[:, 0], minlength=int(whole.sum())))])
    return kernel.Neighbours(starts, np.ascontiguousarray(pairs[:, 1]))


def _told(table: pd.DataFrame, problem: Problem, names: list[str], found: kernel.Plans) -> Searched:
    """Plans from the best to the poorest of the first objective, and parcels with their uses."""
    order = np.lexsort(-found.values.T[::-1])
    use, values = found.use[order], found.values[order]
    width = np.ptp(values, axis=0)
    balance = np.where(width > 0, (values - values.min(axis=0)) / np.where(width > 0, width, 1.0), 1.0).min(
        axis=1
    )
    best = int(balance.argmax())
    told = {"plan": np.arange(1, len(use) + 1)} | dict(zip(names, values.T, strict=True))
    told |= {"balance": balance, "balanced": np.arange(len(use)) == best}
    pure = {name: {"unit": "1"} for name in ("plan", "balance", *([JOINED] if JOINED in names else []))}
    uses = np.array(problem.uses, dtype=object)
    added = {"use": (uses[use[best]], f"Use in the balanced plan, {best + 1}")}
    added |= {
        f"plan_{number}": (uses[one], f"Use in plan {number}") for number, one in enumerate(use, start=1)
    }
    return Searched(stated(told, pure), with_results(table, problem.whole, added))
