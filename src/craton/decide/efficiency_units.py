"""Units whose efficiency is judged: their amounts, and the tables that tell of it."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd

from craton.decide.criteria_table import AnyTable, criteria, distinct, shown, stated, with_results
from craton.kernels import envelopment as kernel
from craton.kernels.score_ranks import ranks
from craton.model.errors import ContractError
from craton.process.marks import Column, ColumnOf, Table

MOST = 20_000
"""Units at most: each is held against all."""

WIDEST = 1e9
"""Factor by which numbers of a column may differ at most, so that the programs can be solved."""

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


class Efficiencies(NamedTuple):
    """Units with efficiency and targets, and their peers."""

    units: AnyTable
    peers: PeerTable


class EvaluationUnits(NamedTuple):
    """Amounts of the whole rows, which rows (n,) these are, and names of the columns and rows."""

    amounts: kernel.Amounts
    whole: np.ndarray
    names: tuple[str, ...]
    labels: np.ndarray


def evaluation_units(
    id: str,
    table: pd.DataFrame,
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    unit: str | None,
    *,
    undesired: tuple[str, ...] = (),
    rows: int = 1,
) -> EvaluationUnits:
    """Amounts of the whole rows, `undesired` as the last outputs; refuses what cannot be judged."""
    distinct(id, "inputs", inputs)
    distinct(id, "outputs", outputs)
    if set(inputs) & set(outputs):
        raise ContractError(id, "outputs", "other columns than `inputs`", shown(set(inputs) & set(outputs)))
    found = criteria(id, table, (*inputs, *outputs, *undesired), rows=rows)
    if len(found.values) > MOST:
        raise ContractError(id, "table", f"at most {MOST:,} rows", f"{len(found.values):,}")
    split = len(inputs)
    amounts = kernel.Amounts(found.values[:, :split], found.values[:, split:])
    labels = np.arange(1, len(table) + 1).astype(str) if unit is None else table[unit].astype(str).to_numpy()
    labels = labels.astype(object)[found.whole]
    wanted = amounts.outputs[:, : len(outputs)]
    bad = amounts.outputs[:, len(outputs) :]
    for parameter, values in (("inputs", amounts.inputs), ("outputs", wanted), ("undesired", bad)):
        _refuse(id, parameter, (values < 0).any(axis=1), "numbers of at least 0", "less", labels)
        tiny = ((values > 0) & (values * WIDEST < values.max(axis=0))).any(axis=1)
        allowed = f"numbers above 0 that differ by less than a factor of {WIDEST:g}"
        _refuse(id, parameter, tiny, allowed, "far too little beside the others", labels)
    for parameter, values in (("inputs", amounts.inputs), ("outputs", wanted)):
        _refuse(id, parameter, (values == 0).all(axis=1), "a number above 0 in each row", "none", labels)
    return EvaluationUnits(amounts, found.whole, found.names, labels)


def _refuse(id: str, parameter: str, wrong: np.ndarray, allowed: str, came: str, labels: np.ndarray) -> None:
    if wrong.any():
        raise ContractError(id, parameter, allowed, f"{came} in {shown(labels[wrong])}")


def efficiencies(
    table: pd.DataFrame, found: EvaluationUnits, told: kernel.Envelope, *, apart: bool = False
) -> Efficiencies:
    """What a process gives of the units that it has judged."""
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
