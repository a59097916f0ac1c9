"""Trend, effects: what an intervention did, by before and after, with controls."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pandas as pd

from craton.kernels import intervention_effects as kernel
from craton.methods.vector_shapes import notes_of
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, ColumnOf, Table, Unit
from craton.process.processes import process

BACI, PANEL = "trend.before_after_control_impact", "trend.difference_in_differences"

AnyTable = Annotated[pd.DataFrame, Table()]
NumberColumn = Annotated[str, ColumnOf("table", numeric=True)]
AnyColumn = Annotated[str, ColumnOf("table")]
Confidence = Annotated[float, Unit("1"), Bounds(above=0, below=1)]

MOST = 1 << 27
"""Units times times of a panel."""

EFFECT = (
    Column(name="column", title="Column"),
    Column(name="unit", title="Unit of the column"),
    Column(name="effect", title="Effect"),
    Column(name="standard_error", title="Standard error of the effect"),
    Column(name="lower", title="Lower limit of the effect"),
    Column(name="upper", title="Upper limit of the effect"),
    Column(name="degrees_of_freedom", unit="1", title="Degrees of freedom"),
    Column(name="t", unit="1", title="Effect by its standard error"),
    Column(name="p_value", unit="1", title="Probability of such an effect by chance"),
    Column(name="count", unit="1", title="Rows that count"),
    Column(name="missing", unit="1", title="Rows that do not count"),
)

CELLS = ("impact_before", "impact_after", "control_before", "control_after")
SIGNS = (-1.0, 1.0, 1.0, -1.0)


@process(
    BACI, version="2", keywords=("BACI", "BACIP", "impact assessment", "restoration effect", "monitoring")
)
def before_after_control_impact(
    table: AnyTable,
    columns: tuple[NumberColumn, ...],
    *,
    site: AnyColumn,
    impact: str,
    period: AnyColumn,
    after: str,
    pair: AnyColumn | None = None,
    confidence: Confidence = 0.95,
) -> Annotated[
    pd.DataFrame,
    Table(columns=(*EFFECT, *(Column(name=name, title=f"Mean, {name.replace('_', ' ')}") for name in CELLS))),
]:
    """Before–after–control–impact: what changed where something was done, beyond what changed elsewhere.

    Use it for the effect of restoration, mining or building from monitoring before and after, with controls
    that would have gone the same way. Without controls it says nothing of causes. For many units with their
    own times use `trend.difference_in_differences`.

    Parameters
    ----------
    table : DataFrame
        A row for each observation.
    columns : tuple of str
        Observed values, each judged for itself.
    site : str
        Column that tells impact from control.
    impact : str
        Its value, as text, where the intervention was made; all other rows with a value are controls.
    period : str
        Column that tells before from after.
    after : str
        Its value, as text, after the intervention; all other rows with a value are before.
    pair : str, optional
        Column of the times (or campaigns) at which impact and control were observed together. Their
        differences are then what is compared, so that what both share at a time does not count as scatter;
        times with one of the two only do not count, and the means are those of all such times.
    confidence : float
        Of the limits, above 0 and below 1.

    Returns
    -------
    DataFrame
        A row for each of `columns` in its unit. A cell of the design (with `pair` a period) of one
        observation leaves the error and the limits missing.

    Notes
    -----
    Effect = (impact after − impact before) − (control after − control before) of means. Its
    variance is Σ s²/n over the four cells, or over the two periods of paired differences; degrees of
    freedom after Welch and Satterthwaite, limits and p by Student's law. Observations of one place at many
    times are no replicates of places.

    References
    ----------
    Stewart-Oaten, A., Murdoch, W. W. and Parker, K. R. (1986). Environmental impact assessment:
    "pseudoreplication" in time? Ecology 67(4), 929-940. doi:10.2307/1939815

    Welch, B. L. (1947). The generalization of "Student's" problem when several different population
    variances are involved. Biometrika 34, 28-35. doi:10.2307/2332510
    """
    if not columns:
        raise ContractError(BACI, "columns", "one numeric column or more", "none")
    known = table[[site, period, *([pair] if pair else [])]].notna().all(axis=1).to_numpy()
    treated = _is(BACI, "impact", table[site], impact)
    later = _is(BACI, "after", table[period], after)
    notes = notes_of(table)
    rows = []
    for name in dict.fromkeys(columns):
        values = _numbers(table[name])
        there = known & ~np.isnan(values)
        place = (treated, ~treated)
        groups = [there & where & when for where in place for when in (~later, later)]
        empty = [
            cell.replace("_", " ") for cell, rows_of in zip(CELLS, groups, strict=True) if not rows_of.any()
        ]
        if empty:
            raise ContractError(BACI, "columns", f"columns with values {empty[0]}", f"{name!r} without")
        if pair:
            groups, cells = _together(values, table[pair], groups)
            found = kernel.contrast((cells[0] - cells[2], cells[1] - cells[3]), (-1.0, 1.0))
        else:
            cells = [values[rows_of] for rows_of in groups]
            found = kernel.contrast(cells, SIGNS)
        means = {cell: float(part.mean()) for cell, part in zip(CELLS, cells, strict=True)}
        used = sum(int(rows_of.sum()) for rows_of in groups)
        counts = used, len(table) - used
        rows.append(_row(name, notes, found, confidence, counts) | means)
    return pd.DataFrame(rows)


@process(
    PANEL,
    version="2",
    keywords=("DiD", "two-way fixed effects", "policy effect", "panel", "clustered errors"),
)
def difference_in_differences(
    table: AnyTable,
    columns: tuple[NumberColumn, ...],
    *,
    unit: AnyColumn,
    time: AnyColumn,
    treatment: NumberColumn,
    cluster: AnyColumn | None = None,
    confidence: Confidence = 0.95,
) -> Annotated[pd.DataFrame, Table(columns=EFFECT)]:
    """Difference in differences with effects of units and times: what a measure did to those it reached.

    Use it for panels: parcels, villages or districts over years, of which some came under a measure. It
    holds if those reached would have gone the way of the others: look at the years before. Where the
    measure began at different times and works more with time, this estimate mixes early and late ones and
    can mislead.

    Parameters
    ----------
    table : DataFrame
        A row for each unit and time; not all need be there.
    columns : tuple of str
        Observed values, each judged for itself.
    unit : str
        Column that tells the units apart; each keeps a level of its own.
    time : str
        Column that tells the times apart; each has a level that all units share.
    treatment : str
        Column that is 1 where and when the measure works, and else 0.
    cluster : str, optional
        Column of groups whose errors go together, most often that of `unit` itself; units must lie within
        groups. Errors are taken as independent and of one scatter where it is left out, which in panels is
        mostly too bold.
    confidence : float
        Of the limits, above 0 and below 1.

    Returns
    -------
    DataFrame
        A row for each of `columns` in its unit.

    Notes
    -----
    Least squares of y = a(unit) + b(time) + effect · treatment + e. The variance is s² / Σ d̃²,
    with d̃ the treatment less what units and times tell of it; with clusters G/(G−1) · (n−1)/(n−T−1) · Σ (Σ
    d̃ e)² / (Σ d̃²)², the inner sum over each cluster, T the number of times, and G − 1 degrees of freedom;
    rough for fewer than 30 clusters.

    References
    ----------
    Angrist, J. D. and Pischke, J.-S. (2009). Mostly harmless econometrics. Princeton University Press,
    section 5.2.

    Bertrand, M., Duflo, E. and Mullainathan, S. (2004). How much should we trust differences-in-differences
    estimates? Quarterly Journal of Economics 119(1), 249-275. doi:10.1162/003355304772839588
    """
    if not columns:
        raise ContractError(PANEL, "columns", "one numeric column or more", "none")
    works = _numbers(table[treatment])
    if not np.isin(works[~np.isnan(works)], (0.0, 1.0)).all():
        raise ContractError(PANEL, "treatment", "a column of 0 and 1", repr(treatment))
    places = [unit, time, *([cluster] if cluster else [])]
    known = table[places].notna().all(axis=1).to_numpy() & ~np.isnan(works)
    notes = notes_of(table)
    rows = []
    for name in dict.fromkeys(columns):
        values = _numbers(table[name])
        there = known & ~np.isnan(values)
        found = _panel(table[there], values[there], works[there], unit, time, cluster)
        counts = int(there.sum()), int((~there).sum())
        rows.append(_row(name, notes, found, confidence, counts))
    return pd.DataFrame(rows)


def _panel(
    table: pd.DataFrame, values: np.ndarray, works: np.ndarray, unit: str, time: str, cluster: str | None
) -> kernel.Effect:
    """Effect in a panel without gaps."""
    units, times = (pd.factorize(table[name], sort=True)[0].astype(np.int64) for name in (unit, time))
    groups = pd.factorize(table[cluster], sort=True)[0].astype(np.int64) if cluster else None
    if not values.size:
        raise ContractError(PANEL, "columns", "columns with a value where all else is known", "one without")
    if (int(units.max()) + 1) * (int(times.max()) + 1) > MOST:
        came = f"{units.max() + 1} times {times.max() + 1}"
        raise ContractError(PANEL, "table", f"at most {MOST:,} units times times", came)
    if groups is not None and (pd.Series(groups).groupby(units).nunique() > 1).any():
        raise ContractError(PANEL, "cluster", "a column of one value in each unit", repr(cluster))
    found = kernel.two_way(values, works, units, times, clusters=groups)
    if found is None:
        allowed = "a column that changes in some units while it stays in others"
        raise ContractError(PANEL, "treatment", allowed, "one that units and times explain")
    return found


def _together(
    values: np.ndarray, pair: pd.Series, groups: list[np.ndarray]
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Of four cells the rows at times when impact and control were observed, and their mean at each time."""
    codes = pd.factorize(pair, sort=True)[0]
    seen = [np.isin(codes, codes[rows]) for rows in groups]
    rows_of = [rows & seen[cell % 2] & seen[cell % 2 + 2] for cell, rows in enumerate(groups)]
    if not all(rows.any() for rows in rows_of):
        allowed = "a column with a time before and one after at which impact and control were observed"
        raise ContractError(BACI, "pair", allowed, repr(str(pair.name)))
    means = [pd.Series(values[rows]).groupby(codes[rows]).mean().to_numpy() for rows in rows_of]
    return rows_of, means


def _is(process: str, name: str, column: pd.Series, value: str) -> np.ndarray:
    """Where `column` is `value`, as text."""
    found = column.astype("string").str.strip().eq(value.strip()).fillna(value=False).to_numpy(bool)
    if not found.any():
        shown = ", ".join(map(str, column.dropna().unique()[:5]))
        raise ContractError(process, name, f"a value of the column `{column.name}`: {shown}", repr(value))
    return np.asarray(found)


def _numbers(column: pd.Series) -> np.ndarray:
    """Numbers of a column (n,), NaN where it has none that is finite."""
    values = column.to_numpy(np.float64, na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan)


def _row(
    name: str,
    notes: dict[str, dict[str, str]],
    found: kernel.Effect,
    confidence: float,
    counts: tuple[int, int],
) -> dict[str, object]:
    """One row of the result."""
    judged = kernel.judged(found, confidence)
    return {
        "column": name, "unit": notes.get(name, {}).get("unit", ""), "effect": found.effect,
        "standard_error": found.error, "lower": judged.lower, "upper": judged.upper,
        "degrees_of_freedom": found.freedom, "t": judged.t, "p_value": judged.p,
        "count": counts[0], "missing": counts[1],
    }  # fmt: skip
