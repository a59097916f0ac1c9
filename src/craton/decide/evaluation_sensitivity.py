"""What an evaluation hangs on: its weights and errors of its data, by three ways of asking."""

from __future__ import annotations

from collections.abc import Callable
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
from craton.kernels import sensitivity as kernel
from craton.kernels.score_ranks import ranks
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import Bounds, Column, Table
from craton.process.processes import process

SENSITIVITY = "evaluation.sensitivity"

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
        Trajectories of the screening by Morris, 0 for none; each takes one evaluation more than there are
        factors.
    points : int
        Points of each sample of the shares of the variance by Sobol, 0 for none, best a power of 2 from 64;
        each takes two evaluations more than there are factors.
    seed : int
        As for `evaluation.table`.

    Returns
    -------
    DataFrame
        A row for each factor, that of the greatest effect first. What was not asked for is empty.

    Notes
    -----
    Weights are multiplied and the parts of their criterion brought to the sum 1 again. Where units times
    evaluations are more than 400 million, evenly chosen units stand for all. Units that an error leaves
    without a score count as 0.

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
    trials = 2 * count + trajectories * (count + 1) + points * (count + 2)
    model = _model(found, factors, outcome, _chosen(found, trials))
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


def _factors(done: Work) -> list[_Factor]:
    """Weights of criteria of several parts, and attributes that state an error."""
    spread = min(done.plan.pack.uncertainty.spread, 1.0)
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
        words = f"± {half:.0%}" if told.relative else f"± {half:.3g} {told.unit}".replace(" 1", "")
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
    plan, rows = done.plan, np.flatnonzero(done.whole)[chosen]
    numbers = {id: values[rows] for id, values in done.units.numbers.items()}
    words = {id: one._replace(places=one.places[rows]) for id, one in done.units.words.items()}
    units = done.units._replace(size=len(rows), numbers=numbers, words=words)
    leaves: np.ndarray = done.scored[chosen]
    score = done.score[chosen]
    grades, rank = grades_of(score, plan.limits), ranks(score)

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
        return np.asarray(np.nan_to_num(indicator_scores(plan, values), nan=0.0))

    def at(point: np.ndarray) -> float:
        weights = {id: one.weights.copy() for id, one in done.weights.items()}
        for one, place in zip(factors, point, strict=True):
            if one.kind == "weight":
                weights[one.criterion][one.part] *= 1 + (2 * place - 1) * one.half
        weights = {id: one / one.sum() for id, one in weights.items()}
        found = criterion_scores(plan, leaf_scores(point), lambda id, _parts: weights[id])[plan.pack.goal]
        if outcome == "mean_score":
            return float(found.mean())
        if outcome == "changed_grades":
            return float((grades_of(found, plan.limits) != grades).mean())
        return float(np.abs(ranks(found) - rank).mean() / len(rank))

    return at


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
        ends.append(np.array([model(point) for point in progress.each(list(design), "one at a time")]))
    return ends[0], ends[1]


def _screened(
    model: Callable[[np.ndarray], float], count: int, trajectories: int, seed: int
) -> dict[str, np.ndarray]:
    empty = np.full(count, np.nan)
    if not trajectories:
        return {"mean_size": empty, "deviation": empty}
    design = kernel.trajectories(trajectories, count, seed=seed)
    outputs = [[model(point) for point in one] for one in progress.each(list(design), "trajectories")]
    found = kernel.elementary_effects(design, np.array(outputs))
    return {"mean_size": found.mean_size, "deviation": found.deviation}


def _divided(
    model: Callable[[np.ndarray], float], count: int, points: int, seed: int
) -> dict[str, np.ndarray]:
    empty = np.full(count, np.nan)
    if not points:
        return {"first": empty, "total": empty}
    design = kernel.paired_design(points, count, seed=seed)
    turns = progress.each(list(design), "shares of the variance")
    outputs = [[model(point) for point in one] for one in turns]
    found = kernel.variance_shares(np.array(outputs))
    return {"first": found.first, "total": found.total}
