"""Units by rules: the stratigraphic unit of each interval of drill holes, in the order of the column."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd

from craton.kernels import ordered_labels
from craton.methods.borehole_layers import (
    LITHOLOGY,
    UNITS,
    DrillHoles,
    Layers,
    Problem,
    ReportTable,
    layers_of,
    report_of,
    texts,
    with_table,
)
from craton.methods.borehole_places import from_the_top, upward_of
from craton.methods.borehole_rules import OTHERS, Rules, held, rules_of, strengths
from craton.methods.geomodel_column import ColumnTable, column_of
from craton.model.data import Boreholes
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, Table, Unit
from craton.process.processes import process

RULES = "boreholes.units_by_rules"

RuleTable = Annotated[
    pd.DataFrame, Table(columns=(Column(name="unit", quantity="geological_unit", title="Unit"),))
]

Reversals = Annotated[float, Unit("1"), Bounds(minimum=0, maximum=1)]
"""Weight of a step to a younger unit downward, where staying in a unit weighs 1."""

CHANGE = 1.0
"""Weight of a step to an older unit, where staying in a unit weighs 1: rules alone tell where units end."""


class Interpreted(NamedTuple):
    """Holes with their units, and where rules and order disagree."""

    boreholes: DrillHoles
    conflicts: ReportTable


@process(RULES, version="1", keywords=("stratigraphy", "interpretation", "lithology", "Viterbi", "地层划分"))
def units_by_rules(
    boreholes: DrillHoles,
    rules: RuleTable,
    column: ColumnTable | None = None,
    *,
    table: str = "",
    lithology: str = "",
    texts_in: tuple[str, ...] = (),
    reversals: Reversals = 0.0,
) -> Interpreted:
    """Stratigraphic unit of each interval by a table of rules, with units in order from the top of each hole.

    Use it where units can be told from what was described: lithology, colour, remarks, depth. Rules are
    evidence, not commands: where they put an older unit above a younger one the likeliest sequence in
    order is taken, and told. Intervals for which no rule holds get the unit that their neighbours allow,
    those of a hole in which none holds get none. Where interpreted holes are at hand,
    `boreholes.units_by_learning` needs no rules.

    Parameters
    ----------
    boreholes : Boreholes
        Holes with a table of intervals.
    rules : DataFrame
        A row a rule: the `unit`, and the conditions that all must hold. `lithology` (and any column named
        as one of the intervals' own, such as a colour): patterns parted by `;`, with `*` for any signs and
        `?` for one, capitals not counting. `text`: the same, found anywhere in the columns `texts_in`.
        `minimum_depth`, `maximum_depth`, `minimum_elevation`, `maximum_elevation` in metres, of the middle
        of the interval. `above`, `below`: a unit that rules without these two find deeper, or higher, in
        the same hole. Of rules that hold only those of the highest `priority` (0 where not stated) count,
        by their `confidence` (above 0 to 1; 0.8 where not stated).
    column : DataFrame, optional
        Stratigraphic column, `unit` from the youngest. Without it units are in the order in which the
        rules first name them.
    table : str
        Table of intervals; empty for the first with a lithology.
    lithology : str
        Its column of lithology; empty for the first whose name says so.
    texts_in : tuple of str
        Columns in which `text` is looked for; empty for the column of lithology.
    reversals : float
        Weight of a step down to a younger unit, where any other step weighs 1. 0 forbids it; with 0.1 a
        repeat by a fault or fold stands where a rule of confidence 0.8 speaks for it.

    Returns
    -------
    boreholes : Boreholes
        The holes with one more table, `units`: the interval, its `unit`, `confidence` from 0 to 1,
        `basis` (`rule`, `order` where the rule was overruled, `neighbours` where none holds, `none` where
        none holds in the whole hole) and the columns that rules look at.
    conflicts : DataFrame
        Intervals whose rules were overruled, for which none holds or rules name two units, and intervals
        that overlap or have no thickness (these get no unit).

    Notes
    -----
    With c the confidence of a unit's surest leading rule, the evidence for it is c/max(1, Σc); what is
    left to 1 is shared by the other units. Evidence is raised to the power 2t/(t + m) by the interval's
    thickness t and the median thickness m, so that thin intervals yield to thick ones. `unit` is the
    sequence of greatest weight (Viterbi), `confidence` the probability of that unit at the interval over
    all sequences in order (forward–backward).

    References
    ----------
    Viterbi, A. J. (1967). Error bounds for convolutional codes and an asymptotically optimum decoding
    algorithm. IEEE Transactions on Information Theory 13(2), 260-269. doi:10.1109/TIT.1967.1054010
    """
    layers, rock = layers_of(
        RULES, boreholes, table, lithology, meaning=LITHOLOGY, parameter="lithology" if lithology else "table"
    )
    layers = from_the_top(boreholes, layers)
    order, ruled = _ordered(rules, column)
    found = held(
        RULES, ruled, layers, {"lithology": (rock,), "text": texts_in or (rock,)},
        lambda: upward_of(RULES, boreholes, layers.frame["hole_id"], layers.middle),
    )  # fmt: skip
    strength = strengths(ruled, found)
    evidence = _evidence(strength, layers.thickness)
    code = ordered_labels.decode(evidence, layers.counts, change=CHANGE, reversal=reversals)
    told = np.logical_or.reduceat(strength.max(axis=1) > 0, np.cumsum(layers.counts) - layers.counts)
    code = np.where(np.repeat(told, layers.counts), code, -1)
    chance = ordered_labels.marginals(evidence, layers.counts, change=CHANGE, reversal=reversals)
    best = strength.max(axis=1)
    agreed = np.take_along_axis(strength, code[:, None], axis=1)[:, 0] == best
    basis = np.where(best == 0, "neighbours", np.where(agreed, "rule", "order"))
    basis = np.where(code < 0, "none", basis)
    kept = [rock, *(name for name in _used(rules, layers, texts_in) if name != rock)]
    interpreted = with_units(boreholes, layers, code, chance, order, basis, kept)
    return Interpreted(interpreted, report_of([*layers.problems, *_conflicts(layers, order, code, strength)]))


def _ordered(rules: pd.DataFrame, column: pd.DataFrame | None) -> tuple[tuple[str, ...], Rules]:
    """Names of the units that have rules, from the youngest, and the rules."""
    names = texts(rules["unit"])
    if not len(names) or (names == "").any():
        came = f"row {int(np.argmax(names == '')) + 1} without" if len(names) else "no rule"
        raise ContractError(RULES, "rules", "a table with a `unit` in each row", came)
    if column is None:
        order = tuple(dict.fromkeys(names))
        code = np.array([order.index(name) for name in names])
    else:
        whole = column_of(RULES, column)
        rows = whole.rows_of(RULES, "rules", rules["unit"])
        used = np.unique(rows)
        order, code = tuple(whole.order[row] for row in used), np.searchsorted(used, rows)
    return order, rules_of(RULES, rules, code)


def _used(rules: pd.DataFrame, layers: Layers, texts_in: tuple[str, ...]) -> list[str]:
    """Columns of the intervals that the rules look at."""
    own = [str(name) for name in rules.columns if name in layers.frame.columns and name not in OTHERS]
    return list(dict.fromkeys([*own, *texts_in]))


def _evidence(strength: np.ndarray, thickness: np.ndarray) -> np.ndarray:
    """Logarithm of the evidence (n, units) for each unit."""
    total = strength.sum(axis=1, keepdims=True)
    share = strength / np.maximum(total, 1.0)
    free = strength == 0
    rest = np.maximum(1.0 - share.sum(axis=1, keepdims=True), 1e-3)
    shared = rest / np.maximum(free.sum(axis=1, keepdims=True), 1)
    weight = 2 * thickness / (thickness + np.median(thickness))
    found: np.ndarray = weight[:, None] * np.log(np.where(free, shared, share))
    return found


def with_units(
    boreholes: Boreholes,
    layers: Layers,
    code: np.ndarray,
    chance: np.ndarray,
    order: tuple[str, ...],
    basis: np.ndarray,
    kept: list[str],
) -> Boreholes:
    """The holes with a table `units` of interpreted intervals, after which stand the columns `kept`."""
    taken = {"hole_id", "from_depth", "to_depth", "unit", "confidence", "basis"}
    frame = pd.DataFrame({
        "hole_id": layers.frame["hole_id"].astype("str"), "from_depth": layers.frame["from_depth"],
        "to_depth": layers.frame["to_depth"],
        "unit": pd.Series(np.array([*order, None], dtype=object)[code], dtype="str"),
        "confidence": np.where(code < 0, np.nan, np.take_along_axis(chance, code[:, None], axis=1)[:, 0]),
        "basis": pd.Series(basis, dtype="str"),
        **{name: layers.frame[name] for name in kept if name not in taken},
    })  # fmt: skip
    frame = frame.iloc[np.lexsort((frame["to_depth"], frame["from_depth"], layers.hole))]
    frame = frame.reset_index(drop=True)
    frame.attrs["columns"] = {
        "unit": {"quantity": "geological_unit"},
        "confidence": {"unit": "1", "title": "Probability of the unit"},
    }  # fmt: skip
    return with_table(boreholes, UNITS, frame, layers.table)


def _conflicts(
    layers: Layers, order: tuple[str, ...], code: np.ndarray, strength: np.ndarray
) -> list[Problem]:
    """Intervals whose unit is not the one that its rules name most surely."""
    names, depth = layers.frame["hole_id"].to_numpy(), layers.frame["from_depth"].to_numpy()
    best = strength.max(axis=1)
    leads = (strength == best[:, None]) & (best[:, None] > 0)
    followed = np.take_along_axis(leads, code[:, None], axis=1)[:, 0]
    problems = []
    for row in np.flatnonzero((leads.sum(axis=1) != 1) | ~followed):
        told = " or ".join(order[one] for one in np.flatnonzero(leads[row]))
        if not told:
            problem, detail = "no rule holds", ""
        elif followed[row]:
            problem, detail = "rules name several units", f"they say {told}"
        else:
            problem, detail = "rule overruled by the order", f"its rule says {told}"
        unit = order[code[row]] if code[row] >= 0 else ""
        problems.append(Problem(str(names[row]), float(depth[row]), unit, problem, detail))
    return problems
