"""What a pack asks beyond scores: the efficiency of units, and the best use of each."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from craton.decide import allocation, efficiency, efficiency_limits
from craton.decide.efficiency_units import MOST as MOST_JUDGED
from craton.decide.evaluation_work import NONE, Work, holds
from craton.kernels.envelopment import Amounts, envelope
from craton.model.errors import InvalidError
from craton.model.pack import Problem, Use
from craton.model.pack_conditions import number
from craton.model.record import LanguageMap

AREA = "area of the unit"
"""Column of areas, which no use can be called."""


class Uses(NamedTuple):
    """Place (n,) of the use of each unit, `NONE` without one, and the worth of all."""

    places: np.ndarray
    worth: float


class Further(NamedTuple):
    """Efficiency (n,) of units, uses by problem, and what was left out and why."""

    efficiency: np.ndarray | None
    uses: Mapping[str, Uses]
    notes: tuple[LanguageMap, ...]


def further(done: Work, areas: np.ndarray | None, wanted: Collection[str] | None = None) -> Further:
    """Frontier and problems of a pack; what is too large for them is left out and told.

    Parameters
    ----------
    wanted : collection of str, optional
        Columns of the result that are asked for; all where left out.
    """
    notes: list[LanguageMap] = []
    judged = done.plan.pack.frontier is not None and (wanted is None or "efficiency" in wanted)
    found = _frontier(done, notes) if judged else None
    uses = {}
    for id, problem in done.plan.pack.problems.items():
        if wanted is not None and id not in wanted:
            continue
        told = _problem(done, id, problem, areas, notes)
        if told is not None:
            uses[id] = told
    return Further(found, uses, tuple(notes))


def _frontier(done: Work, notes: list[LanguageMap]) -> np.ndarray | None:
    asked = done.plan.pack.frontier
    assert asked is not None
    names = (*asked.inputs, *asked.outputs, *asked.undesirable)
    # Named by their places, so that no result of the process is called like one of them.
    columns = {f"amount {at}": done.named(name) for at, name in enumerate(names)}
    table = pd.DataFrame(columns)
    used, given = len(asked.inputs), len(asked.inputs) + len(asked.outputs)
    # One that uses nothing, or gives nothing, cannot be held against others.
    idle = ~((table.iloc[:, :used] != 0).any(axis=1) & (table.iloc[:, used:given] != 0).any(axis=1))
    table[idle] = np.nan
    whole = table.notna().all(axis=1).to_numpy()
    if not whole.any():
        notes.append({
            "en": "The efficiency was left out: no unit uses and gives something.",
            "zh": "未计算效率：没有既有投入又有产出的单元。",
        })  # fmt: skip
        return None
    if whole.sum() > MOST_JUDGED:
        notes.append({
            "en": f"The efficiency was left out: {int(whole.sum()):,} units, at most {MOST_JUDGED:,}.",
            "zh": f"未计算效率：共 {int(whole.sum()):,} 个单元，最多 {MOST_JUDGED:,} 个。",
        })  # fmt: skip
        return None
    listed = tuple(columns)
    inputs, outputs, bad = listed[:used], listed[used:given], listed[given:]
    try:
        if bad:
            told = efficiency_limits.directional(
                table, inputs, outputs, bad,
                returns="variable" if asked.returns == "variable" else "constant",
            ).units  # fmt: skip
            return told["efficiency"].to_numpy(np.float64)
        constant, variable = (
            efficiency.frontier(table, inputs, outputs, returns=one).units["efficiency"].to_numpy(np.float64)
            for one in ("constant", "variable")
        )
    except InvalidError as error:
        words = error.message
        for column, name in zip(listed, names, strict=True):
            words = words.replace(column, name)
        raise InvalidError(f"frontier: {words}", hint=error.hint) from error
    if asked.returns in {"constant", "variable"}:
        return constant if asked.returns == "constant" else variable
    return _one_sided(table, inputs, outputs, whole, constant, variable, asked.returns == "decreasing")


def _one_sided(
    table: pd.DataFrame, inputs: tuple[str, ...], outputs: tuple[str, ...], whole: np.ndarray,
    constant: np.ndarray, variable: np.ndarray, decreasing: bool,
) -> np.ndarray:  # fmt: skip
    """Efficiency (n,) with returns that only fall, Σλ ≤ 1, or only rise, Σλ ≥ 1, with the size.

    A unit that uses and gives nothing takes up what is missing to Σλ = 1. The least θ is convex in Σλ, so one
    of the two is that of constant returns and the other that of variable ones.
    """
    amounts = Amounts(*(table.loc[whole, list(one)].to_numpy(np.float64) for one in (inputs, outputs)))
    references = Amounts(*(np.vstack([one, np.zeros(one.shape[1])]) for one in amounts))
    falling = np.full(len(table), np.nan)
    falling[whole] = envelope(amounts, references, model="input", variable=True).efficiency
    return falling if decreasing else constant + variable - falling


def _problem(
    done: Work, id: str, problem: Problem, areas: np.ndarray | None, notes: list[LanguageMap]
) -> Uses | None:
    area = done.units.numbers[problem.area] if problem.area else areas
    area = np.ones(done.units.size) if area is None else area
    table = pd.DataFrame({use: _worth(done, told, area) for use, told in problem.uses.items()})
    there = table.notna().any(axis=1).to_numpy()
    if not there.any():
        notes.append({
            "en": f"{problem.title.get('en', id)} was left out: no use is allowed on any unit.",
            "zh": f"未求解“{problem.title.get('zh', id)}”：没有任何单元允许任何用途。",
        })  # fmt: skip
        return None
    known = area[there]
    total = float(known.sum())
    most = (
        allocation.MOST_PARCELS if np.allclose(known, total / max(known.size, 1)) else allocation.MOST_SPLIT
    )
    if known.size > most:
        notes.append({
            "en": f"{problem.title.get('en', id)} was left out: {known.size:,} units, at most {most:,}.",
            "zh": f"未求解“{problem.title.get('zh', id)}”：共 {known.size:,} 个单元，最多 {most:,} 个。",
        })  # fmt: skip
        return None
    shares = ((name, *(np.nan if one is None else one * total for one in (use.least, use.most)))
              for name, use in problem.uses.items())  # fmt: skip
    limits = pd.DataFrame(shares, columns=["use", "least", "most"])
    try:
        found = allocation.assign(table.assign(**{AREA: area}), tuple(problem.uses), limits, area=AREA)
    except InvalidError as error:
        raise InvalidError(f"problems.{id}: {error.message}", hint=error.hint) from error
    given = found.parcels["use"]
    places = given.map({name: at for at, name in enumerate(problem.uses)}).fillna(NONE).to_numpy(np.int64)
    return Uses(places, float(found.proof["total_score"].iloc[0]))


def _worth(done: Work, use: Use, area: np.ndarray) -> np.ndarray:
    """Worth (n,) of a use for each unit of area, NaN where it is not allowed."""
    names = done.plan.names.numbers
    expression, _unit = number(use.worth, names)
    told = {name: names[name] for name in expression.names}
    worth = expression.evaluate({name: done.named(name) for name in told}, told)
    allowed = area > 0
    if use.allowed:
        allowed &= holds(done, use.allowed) == 1
    return np.where(allowed, worth, np.nan)
