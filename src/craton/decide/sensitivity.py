"""Sensitivity of a formula to its factors: one at a time, by trajectories, by shares of the variance."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd

from craton.decide.criteria_table import numbers, shown, stated
from craton.kernels import sensitivity as kernel
from craton.model import units
from craton.model.errors import ContractError, InvalidError
from craton.model.expression import Expression, parse
from craton.process.marks import Bounds, Column, Table
from craton.process.processes import process

ONE, SCREENING, VARIANCE = "sensitivity.one_at_a_time", "sensitivity.screening", "sensitivity.variance"

MOST_POINTS = 20_000_000
"""Numbers of a design at most, points times factors."""

FactorTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="factor", title="Factor"),
            Column(name="low", title="Least number"),
            Column(name="high", title="Greatest number"),
        )
    ),
]
Swings = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="factor", title="Factor"),
            Column(name="at_low", title="Result where the factor is low"),
            Column(name="at_high", title="Result where the factor is high"),
            Column(name="swing", title="Difference of the two"),
        )
    ),
]
Screened = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="factor", title="Factor"),
            Column(name="mean_effect", title="Mean effect"),
            Column(name="mean_size", title="Mean size of the effect"),
            Column(name="deviation", title="Standard deviation of the effect"),
        )
    ),
]
Divided = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="factor", title="Factor"),
            Column(name="first", unit="1", title="Share of the variance by the factor alone"),
            Column(name="total", unit="1", title="Share with all it acts together with"),
            Column(name="first_std", unit="1", title="Standard error of the first share"),
            Column(name="total_std", unit="1", title="Standard error of the total share"),
        )
    ),
]


class _Model(NamedTuple):
    """A formula over factors (k,) between `low` and `high`, and the unit of its result."""

    formula: Expression
    names: tuple[str, ...]
    low: np.ndarray
    high: np.ndarray
    units: dict[str, str]
    unit: str

    def outputs(self, id: str, design: np.ndarray) -> np.ndarray:
        """Results (…) at points (…, k) of the unit cube; refused where the formula has none."""
        points = (self.low + design * (self.high - self.low)).reshape(-1, len(self.names))
        given = dict(zip(self.names, points.T, strict=True))
        found = np.broadcast_to(self.formula.evaluate(given, self.units), len(points))
        if not np.isfinite(found).all():
            at = points[int((~np.isfinite(found)).argmax())]
            told = ", ".join(f"{name} {value:.6g}" for name, value in zip(self.names, at, strict=True))
            raise ContractError(
                id, "formula", "a formula with a result all over the ranges", f"none at {told}"
            )
        return found.reshape(design.shape[:-1])


def _model(id: str, factors: pd.DataFrame, formula: str) -> _Model:
    names = tuple(str(name).strip() for name in factors["factor"])
    if not names or len(set(names)) < len(names):
        raise ContractError(id, "factors", "a row for each factor, each once", shown(names))
    try:
        parse("0", names)
    except InvalidError as error:
        hint = "letters, digits and _, after a letter; no name of a function or constant"
        raise ContractError(
            id, "factors", "names that a formula can have", f"so: {error.message}", hint=hint
        ) from error
    low, high = numbers(factors, "low"), numbers(factors, "high")
    wrong = [name for name, is_right in zip(names, low < high, strict=True) if not is_right]
    if wrong:
        raise ContractError(id, "factors", "rows with `low` below `high`", f"others for {shown(wrong)}")
    stated_units = _units(id, factors, names)
    try:
        expression = parse(formula, names)
        unit = expression.unit(stated_units)
    except InvalidError as error:
        raise ContractError(
            id, "formula", "an expression over the factors", error.message, hint=error.hint
        ) from error
    return _Model(expression, names, low, high, stated_units, unit)


def _units(id: str, factors: pd.DataFrame, names: tuple[str, ...]) -> dict[str, str]:
    """Units of the factors by name, from the column `unit` where there is one."""
    if "unit" not in factors:
        return {}
    told = ["" if pd.isna(one) else str(one) for one in factors["unit"]]
    found = [units.parse(one) for one in told]
    wrong = [one for one, unit in zip(told, found, strict=True) if unit is None]
    if wrong:
        raise ContractError(id, "factors", "units such as `m` or `kg/m3` in the column `unit`", shown(wrong))
    return {name: unit or "" for name, unit in zip(names, found, strict=True)}


def _few(id: str, parameter: str, points: int, factors: int) -> None:
    if points * factors > MOST_POINTS:
        allowed = f"so few that points times factors are at most {MOST_POINTS:,}"
        raise ContractError(id, parameter, allowed, f"{points * factors:,}")


@process(ONE, version="1", keywords=("OAT", "tornado", "swing", "敏感性分析", "龙卷风图"))
def one_at_a_time(factors: FactorTable, formula: str) -> Swings:
    """How far a result swings when one factor goes from low to high and the others stay in the middle.

    Use it first, as it is read at a glance. It sees nothing of what factors do together: see
    `sensitivity.variance`.

    Parameters
    ----------
    factors : DataFrame
        A row for each factor: its name, `low` and `high`; a column `unit` where the formula needs units.
    formula : str
        Expression over the factors, such as `depth * density`.

    Returns
    -------
    DataFrame
        A row for each factor, the greatest swing first, in the unit of the formula.

    Notes
    -----
    The middle is half way from `low` to `high`; swing = f(high) − f(low).

    References
    ----------
    Saltelli, A., et al. (2008). Global sensitivity analysis: the primer. Wiley, section 1.2.
    """
    model = _model(ONE, factors, formula)
    count = len(model.names)
    _few(ONE, "factors", 2 * count, count)
    design = np.full((2, count, count), 0.5)
    design[0][np.diag_indices(count)], design[1][np.diag_indices(count)] = 0.0, 1.0
    low, high = model.outputs(ONE, design)
    values = {"at_low": low, "at_high": high, "swing": high - low}
    return _sorted(model, values, np.abs(high - low), tuple(values))


@process(SCREENING, version="1", keywords=("Morris", "elementary effects", "Morris 筛选法"))
def screening(
    factors: FactorTable,
    formula: str,
    *,
    trajectories: Annotated[int, Bounds(minimum=2, maximum=100_000)] = 50,
    levels: Annotated[int, Bounds(minimum=2, maximum=100)] = 4,
    seed: Annotated[int, Bounds(minimum=0)] = 0,
) -> Screened:
    """Which of many factors matter, and which act together or not straight, by few trials (Morris).

    Use it where there are many factors and each trial costs; then look closer at those that matter with
    `sensitivity.variance`.

    Parameters
    ----------
    factors : DataFrame
        As for `sensitivity.one_at_a_time`.
    formula : str
        As for `sensitivity.one_at_a_time`.
    trajectories : int
        Number of trajectories, from 2; each takes one trial more than there are factors.
    levels : int
        Levels of each factor, an even number.
    seed : int
        Of the draws: the same seed gives the same result.

    Returns
    -------
    DataFrame
        A row for each factor, the greatest mean size first: what a step over the whole range changes, in the
        unit of the formula.

    Notes
    -----
    EE = Δf/Δx with x from 0 to 1 over the range of the factor; its mean, the mean of its size (μ*), and its
    standard deviation, which is 0 only where the factor acts alone and straight.

    References
    ----------
    Morris, M. D. (1991). Factorial sampling plans for preliminary computational experiments. Technometrics
    33(2), 161-174.

    Campolongo, F., Cariboni, J., and Saltelli, A. (2007). An effective screening design for sensitivity
    analysis of large models. Environmental Modelling and Software 22(10), 1509-1518.
    """
    model = _model(SCREENING, factors, formula)
    count = len(model.names)
    if levels % 2:
        raise ContractError(SCREENING, "levels", "an even number", str(levels))
    _few(SCREENING, "trajectories", trajectories * (count + 1), count)
    design = kernel.trajectories(trajectories, count, levels=levels, seed=seed)
    found = kernel.elementary_effects(design, model.outputs(SCREENING, design))
    values = {"mean_effect": found.mean, "mean_size": found.mean_size, "deviation": found.deviation}
    return _sorted(model, values, found.mean_size, tuple(values))


@process(VARIANCE, version="2", keywords=("Sobol", "Saltelli", "global sensitivity", "全局敏感性"))
def variance(
    factors: FactorTable,
    formula: str,
    *,
    points: Annotated[int, Bounds(minimum=16, maximum=1_048_576)] = 4096,
    seed: Annotated[int, Bounds(minimum=0)] = 0,
) -> Divided:
    """How much of the variance of a result is due to each factor, alone and with the others (Sobol).

    Use it to say which number is worth measuring better (a great first share), and which may be fixed
    anywhere in its range (a total share near 0). Factors are taken as independent and even over their ranges.

    Parameters
    ----------
    factors : DataFrame
        As for `sensitivity.one_at_a_time`.
    formula : str
        As for `sensitivity.one_at_a_time`.
    points : int
        Points of each of the two samples, from 16, best a power of 2; two trials more than there are factors
        are made for each.
    seed : int
        As for `sensitivity.screening`.

    Returns
    -------
    DataFrame
        A row for each factor, the greatest total share first. First shares add up to at most 1, total shares
        to at least 1, but for what the number of points leaves open: see the standard errors.

    Notes
    -----
    With samples A and B and A_i, which is A with factor i of B: S_i = mean(f_B (f_Ai − f_A)) / V and
    S_Ti = mean((f_A − f_Ai)²) / (2 V). A result that never changes has shares of 0.

    References
    ----------
    Sobol', I. M. (1993). Sensitivity estimates for nonlinear mathematical models. Mathematical Modelling and
    Computational Experiments 1, 407-414.

    Saltelli, A., et al. (2010). Variance based sensitivity analysis of model output. Computer Physics
    Communications 181(2), 259-270, table 2.
    """
    model = _model(VARIANCE, factors, formula)
    count = len(model.names)
    _few(VARIANCE, "points", points * (count + 2), count)
    found = kernel.variance_shares(model.outputs(VARIANCE, kernel.paired_design(points, count, seed=seed)))
    values = {
        "first": found.first, "total": found.total,
        "first_std": found.first_error, "total_std": found.total_error,
    }  # fmt: skip
    return _sorted(model, values, found.total, ())


def _sorted(
    model: _Model, values: dict[str, np.ndarray], by: np.ndarray, in_unit: tuple[str, ...]
) -> pd.DataFrame:
    """A row for each factor, the greatest of `by` first."""
    order = np.argsort(-by, kind="stable")
    unit = {"unit": model.unit} if model.unit else {}
    notes = {name: dict(unit) if name in in_unit else {"unit": "1"} for name in values}
    columns = {"factor": [model.names[at] for at in order]} | {
        name: one[order] for name, one in values.items()
    }
    return stated(columns, notes)
