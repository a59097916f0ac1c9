"""Efficiency of units with outputs that nobody wants, and with limits on what weighs how much."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import pandas as pd

from craton.decide.criteria_table import AnyTable, Indicators, distinct, shown
from craton.decide.efficiency_units import Efficiencies, UnitColumn, efficiencies, evaluation_units
from craton.kernels import envelopment_undesired, envelopment_weights
from craton.model.errors import ContractError
from craton.process.marks import Column, Table
from craton.process.processes import process

DIRECTIONAL, RESTRICTED = "efficiency.directional", "efficiency.restricted_weights"

WeightLimits = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="column", title="Input or output whose weight is bound"),
            Column(name="per", title="The one that it is held against, empty for all of its side"),
            Column(name="least", title="Least, empty for none"),
            Column(name="most", title="Most, empty for no limit"),
        )
    ),
]


@process(DIRECTIONAL, version="1", keywords=("DEA", "DDF", "pollution", "非期望产出", "方向距离函数"))
def directional(
    table: AnyTable,
    inputs: Indicators,
    outputs: Indicators,
    undesired: Indicators,
    *,
    unit: UnitColumn | None = None,
    returns: Literal["constant", "variable"] = "constant",
    disposal: Literal["weak", "free"] = "weak",
) -> Efficiencies:
    """Efficiency of units that also give what nobody wants: more of the good and less of the bad at once.

    Use it where waste, emissions or damage come with what is wanted, as in mining, farming and energy, and a
    unit that pollutes less for the same product is to stand better. Without undesirable outputs use
    `efficiency.frontier`.

    Parameters
    ----------
    table : DataFrame
        As for `efficiency.frontier`.
    inputs : tuple of str
        As for `efficiency.frontier`.
    outputs : tuple of str
        As for `efficiency.frontier`.
    undesired : tuple of str
        What it gives besides, better low: waste water, emissions, subsided land. None below 0.
    unit : str, optional
        As for `efficiency.frontier`.
    returns : str
        As for `efficiency.frontier`.
    disposal : str
        `weak`: undesirable outputs fall only together with the wanted ones, as where cleaning costs product.
        `free`: they count like inputs, and any lesser amount can be had.

    Returns
    -------
    units : DataFrame
        The rows and columns of `table`; `efficiency` from above 0 to 1; `efficient`, whether it is 1 with
        nothing to save or to add in any single column; `rank` by efficiency; and `target_NAME` of each input
        and output.
    peers : DataFrame
        As for `efficiency.frontier`.

    Notes
    -----
    The greatest β with Xλ ≤ x, Yλ ≥ (1 + β) y, Bλ = (1 − β) b, λ ≥ 0; the efficiency is 1/(1 + β). Free: Bλ ≤
    (1 − β) b. With variable returns Σλ = 1, and in the weak case each peer may abate by itself, as Kuosmanen
    (2005) has it. A weak frontier may bend back: a unit of great undesirable outputs that no mixture of
    others has can come out as efficient; `free` shows it.

    References
    ----------
    Chung, Y. H., Färe, R., and Grosskopf, S. (1997). Productivity and undesirable outputs: a directional
    distance function approach. Journal of Environmental Management 51(3), 229-240.
    doi:10.1006/jema.1997.0146

    Kuosmanen, T. (2005). Weak disposability in nonparametric production analysis with undesirable outputs.
    American Journal of Agricultural Economics 87(4), 1077-1082. doi:10.1111/j.1467-8276.2005.00788.x
    """
    distinct(DIRECTIONAL, "undesired", undesired)
    if set(undesired) & {*inputs, *outputs}:
        came = shown(set(undesired) & {*inputs, *outputs})
        raise ContractError(DIRECTIONAL, "undesired", "other columns than `inputs` and `outputs`", came)
    found = evaluation_units(DIRECTIONAL, table, inputs, outputs, unit, undesired=undesired)
    told = envelopment_undesired.directed(
        found.amounts, len(undesired), variable=returns == "variable", weak=disposal == "weak"
    )
    return efficiencies(table, found, told)


@process(RESTRICTED, version="1", keywords=("DEA", "assurance region", "weight bounds", "权重约束"))
def restricted_weights(
    table: AnyTable,
    inputs: Indicators,
    outputs: Indicators,
    limits: WeightLimits,
    *,
    unit: UnitColumn | None = None,
) -> Efficiencies:
    """Efficiency of units where no input or output may weigh next to nothing, or all (assurance region).

    Use it where experts agree about what counts more, or by how much: without limits a unit may look
    efficient by one column alone. Limits only lower efficiencies. Where the weights are known exactly use
    `ranking.weighted_sum`.

    Parameters
    ----------
    table : DataFrame
        As for `efficiency.frontier`.
    inputs : tuple of str
        As for `efficiency.frontier`.
    outputs : tuple of str
        As for `efficiency.frontier`.
    limits : DataFrame
        A row for each limit, with `column`, `per`, `least` and `most`; an empty cell is no limit. With
        another column in `per`, both inputs or both outputs, `least` and `most` bind the quotient of the two
        weights, each for one of its column's unit. With `per` empty they bind the part, from 0 to 1, that
        the column has in the weighted sum of the inputs, or of the outputs, of the unit that is judged.
    unit : str, optional
        As for `efficiency.frontier`.

    Returns
    -------
    units : DataFrame
        The rows and columns of `table`; `efficiency` from above 0 to 1, missing where the limits leave a unit
        no weights, as where it has nothing of what must have a part; `efficient`, whether it is 1 with
        nothing to save or to add in any single column; `rank`; and `target_NAME` of each input and output.
    peers : DataFrame
        As for `efficiency.frontier`.

    Notes
    -----
    The greatest u·y with v·x = 1 and u·y ≤ v·x for all units, u, v ≥ 0, and least ≤ w_i/w_j ≤ most for
    quotients, or least ≤ w_i z_i/Σ w z ≤ most for parts of the amounts z. Constant returns. Targets follow
    the prices within the limits, so they may ask for more of one column against less of another.

    References
    ----------
    Thompson, R. G., Singleton, F. D., Thrall, R. M., and Smith, B. A. (1986). Comparative site evaluations
    for locating a high-energy physics lab in Texas. Interfaces 16(6), 35-49. doi:10.1287/inte.16.6.35

    Wong, Y.-H. B., and Beasley, J. E. (1990). Restricting weight flexibility in data envelopment analysis.
    Journal of the Operational Research Society 41(9), 829-835. doi:10.1057/jors.1990.120
    """
    found = evaluation_units(RESTRICTED, table, inputs, outputs, unit)
    told = envelopment_weights.restricted(found.amounts, *_bound(limits, inputs, outputs))
    if np.isnan(told.efficiency).all():
        hint = "leave more room between least and most"
        raise ContractError(RESTRICTED, "limits", "limits that leave some weights", "none", hint=hint)
    return efficiencies(table, found, told)


def _bound(
    limits: pd.DataFrame, inputs: tuple[str, ...], outputs: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Limits on quotients (k, p + q) and on parts (m, p + q), as rows of factors."""
    names = (*inputs, *outputs)
    place = {name: number for number, name in enumerate(names)}
    side = np.isin(names, inputs)
    low, high = (_numbers(limits, name) for name in ("least", "most"))
    quotients, parts = [np.empty((0, len(names)))], [np.empty((0, len(names)))]
    for number, (name, other) in enumerate(zip(limits["column"], limits["per"], strict=True)):
        told = None if pd.isna(other) or str(other) == "" else str(other)
        _refuse(str(name), told, (low[number], high[number]), (inputs, outputs))
        own = np.eye(len(names))[place[str(name)]]
        whole = 1.0 * (side == side[place[str(name)]])
        base = whole if told is None else np.eye(len(names))[place[told]]
        rows = [own - low[number] * base] if low[number] > 0 else []
        rows += [high[number] * base - own] if np.isfinite(high[number]) else []
        (parts if told is None else quotients).extend(row[None] for row in rows)
    return np.vstack(quotients), np.vstack(parts)


def _numbers(limits: pd.DataFrame, name: str) -> np.ndarray:
    """A column of limits, 0 or infinite where it is empty."""
    values = pd.to_numeric(limits[name], errors="coerce")
    if (values.isna() & limits[name].notna()).any():
        raise ContractError(RESTRICTED, "limits", "numbers or empty cells in `least` and `most`", "a text")
    return values.fillna(0.0 if name == "least" else np.inf).to_numpy(np.float64)


def _refuse(
    name: str,
    per: str | None,
    limit: tuple[float, float],
    sides: tuple[tuple[str, ...], tuple[str, ...]],
) -> None:
    """Refuse a row of limits that names no column, mixes inputs and outputs, or leaves no room."""
    own = [side for side in sides if name in side]
    if not own:
        raise ContractError(RESTRICTED, "limits", f"some of {shown(sum(sides, ()))} in `column`", name)
    if per is not None and (per not in own[0] or per == name):
        allowed = f"another of {shown(own[0])} in `per` of {name}, or an empty cell"
        raise ContractError(RESTRICTED, "limits", allowed, per)
    top = np.inf if per is not None else 1.0
    if not (0 <= limit[0] <= min(limit[1], top) and np.isfinite(limit[0]) and limit[1] > 0):
        allowed = "a least of at least 0, a most above 0 and not below it, and parts from 0 to 1"
        raise ContractError(RESTRICTED, "limits", allowed, f"{limit[0]:g} to {limit[1]:g} for {name}")
