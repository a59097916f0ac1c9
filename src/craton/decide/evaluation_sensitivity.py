"""What an evaluation hangs on: its weights and errors of its data, by three ways of asking."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count as counting
from typing import Annotated, Literal, NamedTuple

import numpy as np
import pandas as pd

from craton.decide.criteria_table import AnyTable, stated
from craton.decide.evaluation_data import of_table
from craton.decide.evaluation_draws import errors_of
from craton.decide.evaluation_hierarchy import criterion_scores
from craton.decide.evaluation_plan import plan_of
from craton.decide.evaluation_run import carried_out
from craton.decide.evaluation_scores import indicator_scores, indicator_values
from craton.decide.evaluation_work import Work, grades_of
from craton.decide.sensitivity import MOST_POINTS
from craton.kernels import sensitivity as kernel
from craton.kernels.score_ranks import ranks
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import Bounds, Column, Table
from craton.process.processes import process

SENSITIVITY = "evaluation.sensitivity"

FEWEST_POINTS = 16
"""Points of a sample from which on a variance is told."""

MOST_WORK = 400_000_000
"""Units times evaluations above which only some of the units are looked at."""

SURE = 1.959963984540054
"""Standard errors to each side within which 95 % of normal errors lie."""

Outcome = Literal["mean_score", "changed_grades", "rank_shift"]

FactorTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="factor", title="Weight or attribute"),
            Column(name="kind", title="Whether it is a weight or an attribute"),
            Column(name="range", title="From where to where it goes"),
            Column(name="at_low", title="Outcome where it is low and the others are as they are"),
            Column(name="at_high", title="Outcome where it is high"),
            Column(name="mean_size", title="Mean size of its effect, by trajectories"),
            Column(name="deviation", title="Standard deviation of its effect"),
            Column(name="first", unit="1", title="Share of the variance by it alone"),
            Column(name="total", unit="1", title="Share with all it acts together with"),
        )
    ),
]


class _Factor(NamedTuple):
    """A weight of a part of a criterion, or an attribute whose error is one for all units; its range."""

    name: str
    kind: Literal["weight", "attribute"]
    words: str
    half: float
    criterion: str = ""
    part: int = 0


@process(SENSITIVITY, version="1", keywords=("OAT", "Morris", "Sobol", "敏感性分析", "不确定性"))
def sensitivity(
    units: AnyTable,
    *,
    pack: str,
    overlay: str = "",
    scenario: str = "",
    outcome: Outcome = "mean_score",
    trajectories: Annotated[int, Bounds(minimum=0, maximum=1000)] = 20,
    points: Annotated[int, Bounds(minimum=0, maximum=65_536)] = 0,
    seed: Annotated[int, Bounds(minimum=0)] = 0,
) -> FactorTable:
    """Which weights and which data an evaluation hangs on: one at a time, by Morris, by Sobol.

    Use it before the answer is defended, and to see which number is worth measuring better.
    `evaluation.table` tells how sure each unit is; this tells why it is not.

    Parameters
    ----------
    units : DataFrame
        As for `evaluation.table`.
    pack : str
        As for `evaluation.table`. Each weight goes up and down by the spread that its `uncertainty` tells,
        each attribute that states an `error` by 1.96 of it, the same for all units: the error of a laboratory
        or a map, not that of a sample.
    overlay : str
        As for `evaluation.table`.
    scenario : str
        As for `evaluation.table`.
    outcome : str
        `mean_score`: of all units. `changed_grades`: part of the units that get another grade.
        `rank_shift`: mean change of rank, as part of the number of units.
    trajectories : int
        Trajectories of the screening by Morris, 0 for none, else from 2; each takes one evaluation more than
        there are factors.
    points : int
        Points of each sample of the shares of the variance by Sobol, 0 for none, else from 16, best a power
        of 2 from 64; each takes two evaluations more than there are factors.
    seed : int
        As for `evaluation.table`.

    Returns
    -------
    DataFrame
        A row for each factor, that of the greatest effect first. What was not asked for is empty.

    Notes
    -----
    Weights are multiplied and the parts of their criterion brought to the sum 1 again. Where units times
    evaluations are more than 400 million, evenly chosen units stand for all; those at the ends of an
    indicator stay, as scores may be from one end to the other. Units that an error leaves without a score
    count as 0. Attributes are moved as the scenario has them.

    References
    ----------
    Morris, M. D. (1991). Factorial sampling plans for preliminary computational experiments. Technometrics
    33(2), 161-174.

    Saltelli, A., et al. (2010). Variance based sensitivity analysis of model output. Computer Physics
    Communications 181(2), 259-270, table 2.
    """
    plan = plan_of(SENSITIVITY, pack, overlay, scenario, support="table")
    found = carried_out(SENSITIVITY, plan, of_table(SENSITIVITY, units, plan))
    factors = _factors(found)
    if not factors:
        hint = "give the pack `uncertainty.spread`, or its attributes an `error`"
        allowed = "one with weights or errors that vary"
        raise ContractError(SENSITIVITY, "pack", allowed, "one without", hint=hint)
    count = len(factors)
    _require(count, trajectories, points)
    trials = 1 + 2 * count + trajectories * (count + 1) + points * (count + 2)
    model = _heard(_model(found, factors, outcome, _chosen(found, trials)), trials)
    low, high = _one_at_a_time(model, count)
    columns: dict[str, np.ndarray] = {"at_low": low, "at_high": high}
    columns |= _screened(model, count, trajectories, seed) | _divided(model, count, points, seed)
    greatest = np.abs(np.array([low, high]) - model(np.full(count, 0.5))).max(axis=0)
    order = np.argsort(-(columns["mean_size"] if trajectories else greatest), kind="stable")
    told: dict[str, object] = {
        "factor": [factors[at].name for at in order],
        "kind": [factors[at].kind for at in order],
        "range": [factors[at].words for at in order],
    }
    told |= {name: one[order] for name, one in columns.items()}
    return stated(told, {name: {"unit": "1"} for name in columns})


def _require(count: int, trajectories: int, points: int) -> None:
    """Refuse samples that say nothing, and those that memory does not hold."""
    for name, given, least, numbers in (
        ("trajectories", trajectories, 2, trajectories * (count + 1) * count),
        ("points", points, FEWEST_POINTS, points * (count + 2) * count),
    ):
        if 0 < given < least:
            raise ContractError(SENSITIVITY, name, f"0 for none, or at least {least}", str(given))
        if numbers > MOST_POINTS:
            most = MOST_POINTS * given // numbers
            raise ContractError(SENSITIVITY, name, f"at most {most:,} for {count} factors", f"{given:,}")


def _heard(model: Callable[[np.ndarray], float], trials: int) -> Callable[[np.ndarray], float]:
    """A model that tells the progress of `trials` runs of it, after those of the evaluation itself."""
    turns = counting()

    def run(point: np.ndarray) -> float:
        progress.report(0.2 + 0.8 * next(turns) / trials, "evaluations")
        return model(point)

    return run


def _factors(done: Work) -> list[_Factor]:
    """Weights of criteria of several parts, and attributes that state an error."""
    # Below 1, so that the weights of a criterion are never all 0.
    spread = min(done.plan.pack.uncertainty.spread, 1.0 - 1e-9)
    weights = [
        _Factor(f"{id} / {part}", "weight", f"{weight:.3g} ± {spread:.0%}", spread, id, at)
        for id, one in done.weights.items()
        for at, (part, weight) in enumerate(zip(done.plan.criteria[id].parts, one.weights, strict=True))
        if spread > 0 and len(one.weights) > 1
    ]
    attributes = []
    for id in errors_of(done):
        told = done.plan.pack.attributes[id]
        half = SURE * (told.error or 0.0)
        unit = "" if told.unit == "1" else f" {told.unit}"
        words = f"± {100 * half:.3g}%" if told.relative else f"± {half:.3g}{unit}"
        attributes.append(_Factor(id, "attribute", words, half))
    return [*weights, *(one for one in attributes if one.half > 0)]


def _chosen(done: Work, trials: int) -> np.ndarray:
    """Places among the whole units of those that are looked at."""
    count = len(done.score)
    most = max(MOST_WORK // max(trials, 1), 100)
    return np.arange(count) if count <= most else np.linspace(0, count - 1, most).astype(np.int64)


def _model(
    done: Work, factors: list[_Factor], outcome: Outcome, chosen: np.ndarray
) -> Callable[[np.ndarray], float]:
    """The outcome at a point (k,) of the unit cube; its middle is the evaluation as it is."""
    plan = done.plan
    rows, looked = _rows(done, chosen)
    numbers = {id: values[rows] for id, values in done.units.numbers.items()}
    words = {id: one._replace(places=one.places[rows]) for id, one in done.units.words.items()}
    units = done.units._replace(size=len(rows), numbers=numbers, words=words)
    leaves: np.ndarray = done.scored[chosen]

    def leaf_scores(point: np.ndarray) -> np.ndarray:
        moved = {
            one.name: (2 * at - 1) * one.half
            for one, at in zip(factors, point, strict=True)
            if one.kind == "attribute" and at != 0.5
        }
        if not moved:
            return leaves
        shifted = {id: _shifted(done, id, numbers[id], by) for id, by in moved.items()}
        values = indicator_values(plan, units._replace(numbers=numbers | shifted))
        return np.asarray(np.nan_to_num(indicator_scores(plan, values)[looked], nan=0.0))

    def scores(point: np.ndarray) -> np.ndarray:
        weights = {id: one.weights.copy() for id, one in done.weights.items()}
        for one, place in zip(factors, point, strict=True):
            if one.kind == "weight":
                weights[one.criterion][one.part] *= 1 + (2 * place - 1) * one.half
        weights = {id: one / one.sum() for id, one in weights.items()}
        return criterion_scores(plan, leaf_scores(point), lambda id, _parts: weights[id])[plan.pack.goal]

    middle = scores(np.full(len(factors), 0.5))
    grades, rank = grades_of(middle, plan.limits), ranks(middle)

    def at(point: np.ndarray) -> float:
        found = scores(point)
        if outcome == "mean_score":
            return float(found.mean())
        if outcome == "changed_grades":
            return float((grades_of(found, plan.limits) != grades).mean())
        return float(np.abs(ranks(found) - rank).mean() / len(rank))

    return at


def _rows(done: Work, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Units that are worked out, and the places among them of those that are looked at.

    Scores may be from the least to the greatest of an indicator over all units, gaps elsewhere or not.
    """
    wanted = np.flatnonzero(done.whole)[chosen]
    if len(chosen) == len(done.score):
        return np.arange(done.units.size), wanted
    ends = [wanted]
    for id in done.plan.leaves:
        known = np.isfinite(done.values[id])
        least, most = (np.where(known, done.values[id], beyond) for beyond in (np.inf, -np.inf))
        ends.append(np.array([least.argmin(), most.argmax()]))
    rows = np.unique(np.concatenate(ends))
    return rows, np.searchsorted(rows, wanted)


def _shifted(done: Work, id: str, values: np.ndarray, by: float) -> np.ndarray:
    told = done.plan.pack.attributes[id]
    moved = values * (1 + by) if told.relative else values + by
    low = -np.inf if told.lowest is None else told.lowest
    return np.asarray(np.clip(moved, low, np.inf if told.highest is None else told.highest))


def _one_at_a_time(model: Callable[[np.ndarray], float], count: int) -> tuple[np.ndarray, np.ndarray]:
    ends = []
    for end in (0.0, 1.0):
        design = np.full((count, count), 0.5)
        np.fill_diagonal(design, end)
        ends.append(np.array([model(point) for point in design]))
    return ends[0], ends[1]


def _screened(
    model: Callable[[np.ndarray], float], count: int, trajectories: int, seed: int
) -> dict[str, np.ndarray]:
    empty = np.full(count, np.nan)
    if not trajectories:
        return {"mean_size": empty, "deviation": empty}
    design = kernel.trajectories(trajectories, count, seed=seed)
    outputs = [[model(point) for point in one] for one in design]
    found = kernel.elementary_effects(design, np.array(outputs))
    return {"mean_size": found.mean_size, "deviation": found.deviation}


def _divided(
    model: Callable[[np.ndarray], float], count: int, points: int, seed: int
) -> dict[str, np.ndarray]:
    empty = np.full(count, np.nan)
    if not points:
        return {"first": empty, "total": empty}
    design = kernel.paired_design(points, count, seed=seed)
    outputs = [[model(point) for point in one] for one in design]
    found = kernel.variance_shares(np.array(outputs))
    return {"first": found.first, "total": found.total}
