"""Efficiency of units: data envelopment with constant and variable returns, by slacks, and over time."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, NamedTuple

import numpy as np
import pandas as pd

from craton.decide.criteria_table import AnyTable, Indicators, criteria, distinct, shown, stated, with_results
from craton.kernels import envelopment as kernel
from craton.kernels.score_ranks import ranks
from craton.model.errors import ContractError
from craton.process.marks import Column, ColumnOf, Table
from craton.process.processes import process

FRONTIER, SLACKS = "efficiency.frontier", "efficiency.slacks_based"
SUPER, MALMQUIST = "efficiency.super_efficiency", "efficiency.malmquist"

MOST = 20_000
"""Units at most: each is held against all."""

Returns = Literal["constant", "variable"]

UnitColumn = Annotated[str, ColumnOf("table")]

PeerTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="unit", title="Unit"),
            Column(name="peer", title="Unit on the frontier that it is held against"),
            Column(name="weight", unit="1", title="Part that the peer has in the target"),
        )
    ),
]

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


class Efficiencies(NamedTuple):
    """Units with efficiency and targets, and their peers."""

    units: AnyTable
    peers: PeerTable


class _Units(NamedTuple):
    """Amounts of the whole rows, which rows (n,) these are, and names of the columns and rows."""

    amounts: kernel.Amounts
    whole: np.ndarray
    names: tuple[str, ...]
    labels: np.ndarray


@process(FRONTIER, version="1", keywords=("DEA", "CCR", "BCC", "data envelopment", "数据包络分析"))
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
    Peers and targets of units that have several optima are one of them.

    References
    ----------
    Charnes, A., Cooper, W. W., and Rhodes, E. (1978). Measuring the efficiency of decision making units.
    European Journal of Operational Research 2(6), 429-444. doi:10.1016/0377-2217(78)90138-8

    Banker, R. D., Charnes, A., and Cooper, W. W. (1984). Some models for estimating technical and scale
    inefficiencies in data envelopment analysis. Management Science 30(9), 1078-1092.
    doi:10.1287/mnsc.30.9.1078
    """
    found = _units(FRONTIER, table, inputs, outputs, unit)
    told = kernel.envelope(found.amounts, found.amounts, model=orientation, variable=returns == "variable")
    return _results(table, found, told)


@process(SLACKS, version="1", keywords=("DEA", "SBM", "Tone", "slacks", "非径向"))
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
    found = _units(SLACKS, table, inputs, outputs, unit)
    for parameter, values in (("inputs", found.amounts.inputs), ("outputs", found.amounts.outputs)):
        if (values <= 0).any():
            hint = "efficiency.frontier takes zeros"
            raise ContractError(SLACKS, parameter, "columns of numbers above 0", "a 0 among them", hint=hint)
    told = kernel.envelope(found.amounts, found.amounts, model="slacks", variable=returns == "variable")
    return _results(table, found, told)


@process(SUPER, version="1", keywords=("DEA", "Andersen", "Petersen", "超效率"))
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
    found = _units(SUPER, table, inputs, outputs, unit, rows=2)
    told = kernel.envelope(
        found.amounts, found.amounts, model=orientation, variable=returns == "variable", apart=True
    )
    return _results(table, found, told, apart=True)


@process(MALMQUIST, version="1", keywords=("DEA", "productivity", "TFP", "全要素生产率"))
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
    found = _units(MALMQUIST, table, inputs, outputs, unit)
    times = table[period].to_numpy()[found.whole]
    there = ~(pd.isna(times) | pd.isna(table[unit].to_numpy()[found.whole]))
    every = np.asarray(pd.unique(pd.Series(times[there]).sort_values()))
    if every.size < 2:
        raise ContractError(MALMQUIST, "period", "a column of two or more periods", shown(map(str, every)))
    parts = [_of_period(found, there & (times == one)) for one in every]
    rows = [
        _changes(before, after, (str(every[place]), str(every[place + 1])))
        for place, (before, after) in enumerate(pairwise(parts))
    ]
    notes = {name: {"unit": "1"} for name in list(rows[0])[3:]}
    return stated({name: np.concatenate([row[name] for row in rows]) for name in rows[0]}, notes)


def _of_period(found: _Units, there: np.ndarray) -> tuple[np.ndarray, kernel.Amounts]:
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


def _units(
    id: str,
    table: pd.DataFrame,
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    unit: str | None,
    *,
    rows: int = 1,
) -> _Units:
    """Amounts of the whole rows; refuses what cannot be judged by them."""
    distinct(id, "inputs", inputs)
    distinct(id, "outputs", outputs)
    if set(inputs) & set(outputs):
        raise ContractError(id, "outputs", "other columns than `inputs`", shown(set(inputs) & set(outputs)))
    found = criteria(id, table, (*inputs, *outputs), rows=rows)
    if len(found.values) > MOST:
        raise ContractError(id, "table", f"at most {MOST:,} rows", f"{len(found.values):,}")
    split = len(inputs)
    amounts = kernel.Amounts(found.values[:, :split], found.values[:, split:])
    labels = np.arange(1, len(table) + 1).astype(str) if unit is None else table[unit].astype(str).to_numpy()
    labels = labels.astype(object)[found.whole]
    for parameter, values in zip(("inputs", "outputs"), amounts, strict=True):
        _refuse(id, parameter, (values < 0).any(axis=1), "numbers of at least 0", "less", labels)
        _refuse(id, parameter, (values == 0).all(axis=1), "a number above 0 in each row", "none", labels)
    return _Units(amounts, found.whole, found.names, labels)


def _refuse(id: str, parameter: str, wrong: np.ndarray, allowed: str, came: str, labels: np.ndarray) -> None:
    if wrong.any():
        raise ContractError(id, parameter, allowed, f"{came} in {shown(labels[wrong])}")


def _results(
    table: pd.DataFrame, found: _Units, told: kernel.Envelope, *, apart: bool = False
) -> Efficiencies:
    efficient = ~(told.efficiency < 1.0) if apart else kernel.on_frontier(found.amounts, told)
    targets = np.hstack([told.targets.inputs, told.targets.outputs])
    added = {
        "efficiency": (told.efficiency, "Efficiency"),
        "efficient": (efficient, "Whether it is efficient"),
        "rank": (_ranked(told.efficiency), "Rank, 1 the most efficient"),
        **{
            f"target_{name}": (values, f"Target of {name}")
            for name, values in zip(found.names, targets.T, strict=True)
        },
    }
    peers = {
        "unit": found.labels[told.unit],
        "peer": found.labels[told.peer],
        "weight": told.weight,
    }
    return Efficiencies(with_results(table, found.whole, added), stated(peers, {"weight": {"unit": "1"}}))


def _ranked(efficiency: np.ndarray) -> np.ndarray:
    """Ranks, missing with the efficiency."""
    there = np.isfinite(efficiency)
    if there.all():
        return ranks(efficiency)
    found = np.full(efficiency.size, np.nan)
    found[there] = ranks(efficiency[there])
    return found
