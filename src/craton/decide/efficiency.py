"""Efficiency of units: data envelopment with constant and variable returns, by slacks, and over time."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
import pandas as pd

from craton.decide.criteria_table import AnyTable, Indicators, shown, stated
from craton.decide.efficiency_units import (
    Efficiencies,
    EvaluationUnits,
    UnitColumn,
    efficiencies,
    evaluation_units,
)
from craton.kernels import envelopment as kernel
from craton.model.errors import ContractError
from craton.process.marks import Column, Table
from craton.process.processes import process

FRONTIER, SLACKS = "efficiency.frontier", "efficiency.slacks_based"
SUPER, MALMQUIST = "efficiency.super_efficiency", "efficiency.malmquist"

Returns = Literal["constant", "variable"]

ChangeTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="unit", title="Unit"),
            Column(name="from_period", title="Period before"),
            Column(name="to_period", title="Period after"),
            Column(name="malmquist", unit="1", title="Change of productivity"),
            Column(name="efficiency_change", unit="1", title="Change of efficiency: catching up"),
            Column(name="technical_change", unit="1", title="Change of the frontier"),
            Column(name="pure_efficiency_change", unit="1", title="Change of efficiency at variable returns"),
            Column(name="scale_change", unit="1", title="Change of efficiency by size"),
        )
    ),
]


@process(FRONTIER, version="2", keywords=("DEA", "CCR", "BCC", "data envelopment", "数据包络分析"))
def frontier(
    table: AnyTable,
    inputs: Indicators,
    outputs: Indicators,
    *,
    unit: UnitColumn | None = None,
    returns: Returns = "constant",
    orientation: Literal["input", "output"] = "input",
) -> Efficiencies:
    """How efficient each unit is beside the best (data envelopment, CCR and BCC), with targets and peers.

    Use it where units turn several means into several ends and no weights can be agreed on: each is judged by
    those that favour it most. It needs many more units than inputs and outputs together, three times as many
    at least, or most come out as efficient; one wrong number on the frontier shifts all that it is a peer
    of.

    Parameters
    ----------
    table : DataFrame
        A row for each unit; rows with a gap in one of the columns get none. At most 20,000 rows without a
        gap.
    inputs : tuple of str
        What a unit uses up, better low: land, water, money. None below 0, and some above 0 in each row.
    outputs : tuple of str
        What it gives, better high. None below 0, and some above 0 in each row.
    unit : str, optional
        Column of names by which the peers are told; left out, the number of the row from 1.
    returns : str
        `constant`: the size of a unit does not matter (CCR). `variable`: each is held against a mixture of
        units of its size (BCC). The quotient of the two efficiencies is what the size costs.
    orientation : str
        `input`: by which factor all inputs could shrink for the same outputs. `output`: the inverse of the
        factor by which all outputs could grow with the same inputs. The same with constant returns.

    Returns
    -------
    units : DataFrame
        The rows and columns of `table`; `efficiency` from 0 to 1; `efficient`, whether it is 1 with nothing
        to save or to add in any single column; `rank` by efficiency; and `target_NAME` of each input and
        output.
    peers : DataFrame
        Each unit with the efficient units that make up its target, and the weight of each.

    Notes
    -----
    Input: min θ with Xλ + s⁻ = θ x, Yλ − s⁺ = y, λ, s ≥ 0, and Σλ = 1 with variable returns; then the
    greatest sum of slacks s with θ held, each as a part of the mean of its column. Output: Xλ + s⁻ = x, Yλ −
    s⁺ = φ y with the greatest φ, efficiency 1/φ. Targets are Xλ and Yλ. Optima are proved by their prices.
    Peers and targets of units that have several optima are one of them. Numbers above 0 of one column may
    differ by a factor of 1e9.

    References
    ----------
    Charnes, A., Cooper, W. W., and Rhodes, E. (1978). Measuring the efficiency of decision making units.
    European Journal of Operational Research 2(6), 429-444. doi:10.1016/0377-2217(78)90138-8

    Banker, R. D., Charnes, A., and Cooper, W. W. (1984). Some models for estimating technical and scale
    inefficiencies in data envelopment analysis. Management Science 30(9), 1078-1092.
    doi:10.1287/mnsc.30.9.1078
    """
    found = evaluation_units(FRONTIER, table, inputs, outputs, unit)
    told = kernel.envelope(found.amounts, found.amounts, model=orientation, variable=returns == "variable")
    return efficiencies(table, found, told)


@process(SLACKS, version="2", keywords=("DEA", "SBM", "Tone", "slacks", "非径向"))
def slacks_based(
    table: AnyTable,
    inputs: Indicators,
    outputs: Indicators,
    *,
    unit: UnitColumn | None = None,
    returns: Returns = "constant",
) -> Efficiencies:
    """Efficiency by every single excess and shortfall of a unit (slacks-based measure of Tone).

    Use it where inputs need not shrink together: a unit that wastes one of them is not efficient, which
    `efficiency.frontier` shows only beside its number. Never above the efficiency by that.

    Parameters
    ----------
    table : DataFrame
        As for `efficiency.frontier`.
    inputs : tuple of str
        What a unit uses up, better low, all above 0.
    outputs : tuple of str
        What it gives, better high, all above 0.
    unit : str, optional
        As for `efficiency.frontier`.
    returns : str
        `constant`: the size of a unit does not matter. `variable`: each is held against a mixture of units
        of its size.

    Returns
    -------
    units : DataFrame
        The rows and columns of `table`; `efficiency` from above 0 to 1; `efficient`, whether it is 1; `rank`
        by efficiency; and `target_NAME` of each input and output.
    peers : DataFrame
        Each unit with the efficient units that make up its target, and the weight of each.

    Notes
    -----
    The least (1 − mean s⁻/x)/(1 + mean s⁺/y) with Xλ + s⁻ = x, Yλ − s⁺ = y, λ, s ≥ 0, and Σλ = 1 with
    variable returns; a linear program after Charnes and Cooper. Targets are Xλ and Yλ, of several optima
    that with the least growth of the outputs.

    References
    ----------
    Tone, K. (2001). A slacks-based measure of efficiency in data envelopment analysis. European Journal of
    Operational Research 130(3), 498-509. doi:10.1016/S0377-2217(99)00407-5
    """
    found = evaluation_units(SLACKS, table, inputs, outputs, unit)
    for parameter, values in (("inputs", found.amounts.inputs), ("outputs", found.amounts.outputs)):
        if (values <= 0).any():
            hint = "efficiency.frontier takes zeros"
            raise ContractError(SLACKS, parameter, "columns of numbers above 0", "a 0 among them", hint=hint)
    told = kernel.envelope(found.amounts, found.amounts, model="slacks", variable=returns == "variable")
    return efficiencies(table, found, told)


@process(SUPER, version="2", keywords=("DEA", "Andersen", "Petersen", "超效率"))
def super_efficiency(
    table: AnyTable,
    inputs: Indicators,
    outputs: Indicators,
    *,
    unit: UnitColumn | None = None,
    returns: Returns = "constant",
    orientation: Literal["input", "output"] = "input",
) -> Efficiencies:
    """Efficiency of each unit beside all others but itself, so that the efficient ones are ranked too.

    Use it to tell the best apart, and to find units so far beyond the others (2 and more) that their numbers
    want a check.

    Parameters
    ----------
    table : DataFrame
        As for `efficiency.frontier`. Two or more rows without a gap.
    inputs : tuple of str
        As for `efficiency.frontier`.
    outputs : tuple of str
        As for `efficiency.frontier`.
    unit : str, optional
        As for `efficiency.frontier`.
    returns : str
        As for `efficiency.frontier`.
    orientation : str
        As for `efficiency.frontier`.

    Returns
    -------
    units : DataFrame
        The rows and columns of `table`; `efficiency`, above 1 for a unit beyond the frontier of the others,
        and missing where no mixture of them reaches it at all; `efficient`, whether it is not below 1;
        `rank` by efficiency, missing with it; and `target_NAME` of each input and output.
    peers : DataFrame
        Each unit with those of the others that make up its target, and the weight of each.

    Notes
    -----
    As `efficiency.frontier` with the unit itself left out of X and Y. With variable returns the largest units
    often have no solution, nor with zeros that no other unit has.

    References
    ----------
    Andersen, P., and Petersen, N. C. (1993). A procedure for ranking efficient units in data envelopment
    analysis. Management Science 39(10), 1261-1264. doi:10.1287/mnsc.39.10.1261
    """
    found = evaluation_units(SUPER, table, inputs, outputs, unit, rows=2)
    told = kernel.envelope(
        found.amounts, found.amounts, model=orientation, variable=returns == "variable", apart=True
    )
    return efficiencies(table, found, told, apart=True)


@process(MALMQUIST, version="2", keywords=("DEA", "productivity", "TFP", "全要素生产率"))
def malmquist(
    table: AnyTable,
    inputs: Indicators,
    outputs: Indicators,
    unit: UnitColumn,
    period: UnitColumn,
) -> ChangeTable:
    """Change of productivity between periods (Malmquist): catching up, and the shift of the frontier.

    Use it to part what a unit did itself from what became possible for all. Each period needs enough units to
    span a frontier, as `efficiency.frontier` says.

    Parameters
    ----------
    table : DataFrame
        A row for each unit and period; rows with a gap in one of the columns are left out.
    inputs : tuple of str
        As for `efficiency.frontier`.
    outputs : tuple of str
        As for `efficiency.frontier`.
    unit : str
        Column of the names of the units, once in each period.
    period : str
        Column of two or more periods, which follow each other in the order of their values.

    Returns
    -------
    DataFrame
        A row for each unit that is in two periods that follow each other: `malmquist`, above 1 for better,
        which is `efficiency_change` times `technical_change`; the former is `pure_efficiency_change` times
        `scale_change`. Missing where a frontier cannot reach a unit.

    Notes
    -----
    With the output distance D at constant returns: efficiency change D²(2)/D¹(1); technical change
    √(D¹(2)/D²(2) · D¹(1)/D²(1)). Pure: efficiency change at variable returns; scale: the quotient. All units
    of a period span its frontier, those without a partner in the other period too.

    References
    ----------
    Färe, R., Grosskopf, S., Norris, M., and Zhang, Z. (1994). Productivity growth, technical progress, and
    efficiency change in industrialized countries. American Economic Review 84(1), 66-83.
    """
    found = evaluation_units(MALMQUIST, table, inputs, outputs, unit)
    times = table[period].to_numpy()[found.whole]
    there = ~(pd.isna(times) | pd.isna(table[unit].to_numpy()[found.whole]))
    every = _in_order(times[there])
    if every.size < 2:
        raise ContractError(MALMQUIST, "period", "a column of two or more periods", shown(map(str, every)))
    parts = [_of_period(found, there & (times == one)) for one in every]
    rows = [
        _changes(before, after, (str(every[place]), str(every[place + 1])))
        for place, (before, after) in enumerate(pairwise(parts))
    ]
    notes = {name: {"unit": "1"} for name in list(rows[0])[3:]}
    return stated({name: np.concatenate([row[name] for row in rows]) for name in rows[0]}, notes)


def _in_order(times: np.ndarray) -> np.ndarray:
    """Periods that differ, in the order of their values; refuses those that have no order."""
    try:
        return np.asarray(pd.unique(pd.Series(times).convert_dtypes().sort_values()))
    except TypeError as error:
        allowed = "a column of numbers, of dates or of texts"
        raise ContractError(MALMQUIST, "period", allowed, f"several of them: {shown(times)}") from error


def _of_period(found: EvaluationUnits, there: np.ndarray) -> tuple[np.ndarray, kernel.Amounts]:
    """Names and amounts of the units of one period."""
    labels = found.labels[there]
    if len(set(labels)) < labels.size:
        listed = list(labels)
        twice = sorted({one for one in listed if listed.count(one) > 1})
        raise ContractError(MALMQUIST, "unit", "each unit once in a period", f"{shown(twice)} more often")
    return labels, kernel.Amounts(*(part[there] for part in found.amounts))


def _changes(
    before: tuple[np.ndarray, kernel.Amounts], after: tuple[np.ndarray, kernel.Amounts], span: tuple[str, str]
) -> dict[str, np.ndarray]:
    """Columns of the changes from one period to the next, in the order of the units before."""
    place = {label: number for number, label in enumerate(after[0])}
    both = np.array([label in place for label in before[0]], bool)
    second = np.array([place[label] for label in before[0][both]], np.int64)
    told = kernel.Change(*(np.empty(0),) * 5)
    if both.any():
        own = kernel.Amounts(*(part[both] for part in before[1]))
        later = kernel.Amounts(*(part[second] for part in after[1]))
        told = kernel.malmquist(own, later, before[1], after[1])
    return {
        "unit": before[0][both], "from_period": np.full(second.size, span[0], object),
        "to_period": np.full(second.size, span[1], object),
        "malmquist": told.malmquist, "efficiency_change": told.efficiency,
        "technical_change": told.technical, "pure_efficiency_change": told.pure, "scale_change": told.scale,
    }  # fmt: skip
