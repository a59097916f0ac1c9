"""Trend, effect sizes: effects of studies or sites on one scale, and their pooling."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from craton.kernels import effect_sizes as kernel
from craton.methods.vector_shapes import COLUMNS, noted, notes_of, with_room
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, ColumnOf, Table, Unit
from craton.process.processes import process

SIZES, POOLED = "trend.effect_sizes", "trend.pooled_effect"

AnyTable = Annotated[pd.DataFrame, Table()]
NumberColumn = Annotated[str, ColumnOf("table", numeric=True)]
Confidence = Annotated[float, Unit("1"), Bounds(above=0, below=1)]

LIMITS = (
    Column(name="effect", unit="1", title="Effect"),
    Column(name="variance", unit="1", title="Variance of the effect"),
    Column(name="standard_error", unit="1", title="Standard error of the effect"),
    Column(name="lower", unit="1", title="Lower limit of the effect"),
    Column(name="upper", unit="1", title="Upper limit of the effect"),
)
NAMES = tuple(column.name for column in LIMITS)


@process(SIZES, version="1", keywords=("lnRR", "response ratio", "Hedges", "standardised mean difference"))
def effect_sizes(
    table: AnyTable,
    *,
    mean: NumberColumn,
    deviation: NumberColumn,
    count: NumberColumn,
    control_mean: NumberColumn,
    control_deviation: NumberColumn,
    control_count: NumberColumn,
    measure: Literal["log_response_ratio", "hedges_g"] = "log_response_ratio",
    confidence: Confidence = 0.95,
) -> Annotated[pd.DataFrame, Table(columns=LIMITS)]:
    """Effect size of each row from means, deviations and counts of treatment and control.

    Use it to put restored sites or studies with different measures on one scale, then pool them with
    `trend.pooled_effect`. The response ratio is for quantities with a true zero, such as biomass or yield.

    Parameters
    ----------
    table : DataFrame
        A row for each study or site.
    mean : str
        Column of the means under treatment.
    deviation : str
        Column of their standard deviations, 0 or more.
    count : str
        Column of their numbers of observations, 2 or more for Hedges' g, else 1 or more.
    control_mean : str
        Column of the means of controls.
    control_deviation : str
        Column of the standard deviations of controls.
    control_count : str
        Column of the numbers of observations of controls.
    measure : str
        `log_response_ratio`, the natural logarithm of mean over control mean; or `hedges_g`, their
        difference in pooled standard deviations, corrected for small samples.
    confidence : float
        Of the limits, above 0 and below 1.

    Returns
    -------
    DataFrame
        The rows of `table` with the effect and its limits; a column of the table with such a name is
        renamed to `name_1`. Rows with a gap, with means of different sign or zero (response ratio), or
        without any scatter (Hedges' g) get no effect.

    Notes
    -----
    ln R = ln(m / m_c), variance s²/(n m²) + s_c²/(n_c m_c²). g = J (m − m_c)/s_p with J = 1 −
    3/(4(n+n_c−2) − 1), variance J² [(n+n_c)/(n n_c) + d²/(2(n+n_c))], d = g/J. Limits by the normal law.

    References
    ----------
    Hedges, L. V., Gurevitch, J. and Curtis, P. S. (1999). The meta-analysis of response ratios in
    experimental ecology. Ecology 80(4), 1150-1156. doi:10.2307/177062

    Borenstein, M., Hedges, L. V., Higgins, J. P. T. and Rothstein, H. R. (2009). Introduction to
    meta-analysis. Wiley, chapter 4.
    """
    least = 2 if measure == "hedges_g" else 1
    treated = _side(table, ("deviation", "count"), (mean, deviation, count), least)
    names = control_mean, control_deviation, control_count
    control = _side(table, ("control_deviation", "control_count"), names, least)
    _in_one_unit(table, (mean, deviation, control_mean, control_deviation))
    if measure == "hedges_g":
        effect, variance = kernel.hedges_g(treated, control)
    else:
        effect, variance = kernel.log_response_ratio(treated, control)
    error = np.sqrt(variance)
    reach = float(ndtri(0.5 + confidence / 2)) * error
    result = with_room(noted(table, notes_of(table)), NAMES)
    told = (effect, variance, error, effect - reach, effect + reach)
    return noted(result.assign(**dict(zip(NAMES, told, strict=True))), result.attrs[COLUMNS])


@process(POOLED, version="1", keywords=("meta-analysis", "random effects", "DerSimonian", "heterogeneity"))
def pooled_effect(
    table: AnyTable,
    *,
    effect: NumberColumn,
    variance: NumberColumn,
    group: Annotated[str, ColumnOf("table")] | None = None,
    confidence: Confidence = 0.95,
) -> Annotated[
    pd.DataFrame,
    Table(
        columns=(
            *(Column(name=one.name, title=one.title) for one in LIMITS),
            Column(name="z", unit="1", title="Effect by its standard error"),
            Column(name="p_value", unit="1", title="Probability of such an effect by chance"),
            Column(name="count", unit="1", title="Effects that are pooled"),
            Column(name="missing", unit="1", title="Rows that do not count"),
            Column(name="between_variance", title="Variance between studies"),
            Column(name="heterogeneity", unit="1", title="Heterogeneity Q"),
            Column(name="heterogeneity_p", unit="1", title="Probability of such a Q by chance"),
            Column(name="inconsistency", unit="%", title="Inconsistency I²"),
        )
    ),
]:
    """Mean effect of studies or sites that need not share one true effect (random effects).

    Use it for one answer from many sites, with the scatter between them told beside it: a large
    inconsistency asks why sites differ rather than for their mean. Rough for fewer than five effects.

    Parameters
    ----------
    table : DataFrame
        A row for each study or site.
    effect : str
        Column of effects on one scale.
    variance : str
        Column of their variances, above 0.
    group : str, optional
        Column whose values are pooled each for itself.
    confidence : float
        Of the limits, above 0 and below 1.

    Returns
    -------
    DataFrame
        A row for each group in the order of their names (as text in `group`), or one. One effect alone is
        given back as it is.

    Notes
    -----
    DerSimonian and Laird: with w = 1/v and Q = Σ w (y − ȳ)², τ² = max(0, (Q − k + 1)/(Σ w − Σ w²/Σ w)); the
    pooled effect has weights 1/(v + τ²) and the variance 1/Σ of these. I² = max(0, (Q − k + 1)/Q). Limits
    and p by the normal law, Q by χ² of k − 1 degrees of freedom.

    References
    ----------
    DerSimonian, R. and Laird, N. (1986). Meta-analysis in clinical trials. Controlled Clinical Trials 7(3),
    177-188. doi:10.1016/0197-2456(86)90046-2

    Higgins, J. P. T. and Thompson, S. G. (2002). Quantifying heterogeneity in a meta-analysis. Statistics
    in Medicine 21, 1539-1558. doi:10.1002/sim.1186
    """
    effects, variances = (_finite(table[name]) for name in (effect, variance))
    there = ~np.isnan(effects) & ~np.isnan(variances)
    if (variances[there] <= 0).any():
        came = f"{variances[there].min():g}"
        raise ContractError(POOLED, "variance", "a column of numbers above 0", came)
    if not there.any():
        raise ContractError(
            POOLED, "effect", "a column with a value where there is a variance", "one without"
        )
    quantile = float(ndtri(0.5 + confidence / 2))
    rows = []
    labels = None if group is None else table[group].astype("string").fillna("")
    for label in [None] if labels is None else sorted(labels.unique()):
        own = np.ones(len(table), bool) if labels is None else (labels == label).to_numpy(bool)
        head = {} if labels is None else {"group": str(label)}
        used = own & there
        rows.append(head | _pooled_row(effects[used], variances[used], int((own & ~there).sum()), quantile))
    return pd.DataFrame(rows)


def _pooled_row(
    effects: np.ndarray, variances: np.ndarray, missing: int, quantile: float
) -> dict[str, float]:
    """Pooled effect of one group; only counts where it has none."""
    counts = {"count": effects.size, "missing": missing}
    others = ("z", "p_value", "between_variance", "heterogeneity", "heterogeneity_p", "inconsistency")
    if not effects.size:
        return dict.fromkeys((*NAMES, *others), np.nan) | counts
    found = kernel.pool(effects, variances)
    error = float(np.sqrt(found.variance))
    z = found.effect / error
    return {
        "effect": found.effect, "variance": found.variance, "standard_error": error,
        "lower": found.effect - quantile * error, "upper": found.effect + quantile * error,
        "z": z, "p_value": 2.0 * float(ndtr(-abs(z))), **counts, "between_variance": found.between,
        "heterogeneity": found.heterogeneity, "heterogeneity_p": found.heterogeneity_p,
        "inconsistency": 100.0 * found.inconsistency,
    }  # fmt: skip


def _side(
    table: pd.DataFrame, parameters: tuple[str, str], names: tuple[str, str, str], least: int
) -> kernel.Side:
    """Means, deviations and counts of three columns; wrong ones are refused."""
    mean, deviation, count = (_finite(table[name]) for name in names)
    if (deviation < 0).any():
        raise ContractError(
            SIZES, parameters[0], "a column of numbers of 0 or more", f"{np.nanmin(deviation):g}"
        )
    if (count < least).any():
        came = f"{np.nanmin(count):g}"
        raise ContractError(SIZES, parameters[1], f"a column of numbers of {least} or more", came)
    return kernel.Side(mean, deviation, count)


def _in_one_unit(table: pd.DataFrame, names: tuple[str, ...]) -> None:
    """Refuse columns that state different units; one that states none is taken to be in that of others."""
    stated = {name: notes_of(table).get(name, {}).get("unit", "") for name in names}
    if len({unit for unit in stated.values() if unit}) > 1:
        came = ", ".join(f"{name} in {unit or 'no stated unit'}" for name, unit in stated.items())
        raise ContractError(SIZES, "control_mean", "means and deviations in one unit", came)


def _finite(column: pd.Series) -> np.ndarray:
    """Numbers of a column (n,), NaN where it has none that is finite."""
    values = column.to_numpy(np.float64, na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan)
