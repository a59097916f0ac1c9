"""Geochemistry: one campaign brought to the level of another."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from craton.kernels import levelling_factors as kernel
from craton.kernels.robust_scale import least_squares
from craton.methods.geochemistry_columns import (
    LIMIT,
    AnyTable,
    Censored,
    NumberColumns,
    censored,
    chosen,
    companion_of,
    label_of,
    numbers,
    quantity_of_column,
    unit_of,
)
from craton.methods.placement import brought_to, crs_of
from craton.methods.vector_shapes import noted, notes_of
from craton.model import units
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, ColumnOf, Table
from craton.process.processes import process

LEVEL = "geochemistry.level"

Method = Literal["standard", "standards", "reanalysis", "percentiles", "scores"]

FEWEST = {"standard": 3, "standards": 2, "reanalysis": 3, "percentiles": 20, "scores": 10}
"""Analyses, standards, samples that a method needs of each campaign."""

MOST_BELOW = 0.25
"""Share below detection up to which the distribution of a campaign is used."""

FACTOR_COLUMNS = (
    Column(name="element", title="Element"),
    Column(name="unit", title="Unit"),
    Column(name="count", unit="1", title="Analyses, standards or samples of the campaign that were used"),
    Column(name="reference_count", unit="1", title="Those of the reference"),
    Column(name="median", title="Median of the campaign in them"),
    Column(name="reference_median", title="Median of the reference in them"),
    Column(name="slope", unit="1", title="Factor"),
    Column(name="intercept", title="What is added after the factor"),
    Column(name="determination", unit="1", title="Squared correlation"),
    Column(name="p_value", unit="1", title="Chance of such a difference in one population"),
    Column(name="lost", unit="1", title="Values that came out at or below 0 and are missing"),
    Column(name="applied", title="Whether the column was levelled, or why not"),
)

FactorsTable = Annotated[pd.DataFrame, Table(columns=FACTOR_COLUMNS)]


class Levelled(NamedTuple):
    """The levelled campaign, and what was done to each column."""

    levelled: AnyTable
    factors: FactorsTable


class Fit(NamedTuple):
    """What levels one column: a line, or with `quantiles` the values of both campaigns."""

    used: int = 0
    reference_count: int = 0
    median: float = np.nan
    reference_median: float = np.nan
    slope: float = np.nan
    intercept: float = 0.0
    determination: float = np.nan
    p_value: float = np.nan
    why_not: str = ""
    quantiles: tuple[np.ndarray, np.ndarray] | None = None

    def of(self, values: np.ndarray) -> np.ndarray:
        """Values (n,) at the level of the reference."""
        if self.quantiles is not None:
            return kernel.quantile_map(values, *self.quantiles)
        return self.slope * values + self.intercept


@process(LEVEL, version="1", keywords=("levelling", "batch correction", "merge surveys", "系统误差", "调平"))
def level(
    table: AnyTable,
    reference: AnyTable,
    *,
    method: Method = "standard",
    columns: NumberColumns = (),
    sample: Annotated[str, ColumnOf("table")] | None = None,
    reference_sample: Annotated[str, ColumnOf("reference")] | None = None,
    standards: tuple[str, ...] = (),
    repeats: Annotated[int, Bounds(minimum=2, maximum=1000)] = 4,
    significance: Annotated[float, Bounds(above=0, maximum=1)] = 0.05,
    within_overlap: bool = True,
) -> Levelled:
    """Analyses of one campaign brought to the level of another.

    Use it before surveys of different years or laboratories share a map, where steps follow the edges of
    surveys rather than the geology. Prefer standards or re-analysed samples: `percentiles` and `scores`
    take for granted that both campaigns sampled the same geology, and level real differences away where
    they did not.

    Parameters
    ----------
    table : DataFrame
        Campaign to be levelled, with its standards or re-analysed samples among the rows.
    reference : DataFrame
        Campaign at whose level the result shall be. Columns are matched by name, else by quantity, and
        brought to the units of `table`.
    method : str
        `standard`: one factor from the medians of one standard that both analysed. `standards`: a line
        through the medians of several. `reanalysis`: a line through samples that both analysed.
        `percentiles`: each value goes to the same percentile of the reference. `scores`: the same median
        and robust spread.
    columns : tuple of str
        Numeric columns to be levelled; empty for all concentrations that both have.
    sample : str, optional
        Column of `table` with the names of standards or samples, which the first three methods need.
    reference_sample : str, optional
        Column of `reference` with those names, spelled the same.
    standards : tuple of str
        Names of the standards; empty for all that stand at least `repeats` times in both campaigns.
    repeats : int
        Rows of a name from which it is taken for a standard.
    significance : float
        With `standard`, a column is levelled only where the analyses of both campaigns differ at this
        level (two-sided test of Kolmogorov and Smirnov); 1 levels all.
    within_overlap : bool
        With `percentiles` and `scores`, whether only those samples count that lie in the convex outline of
        the other campaign too.

    Returns
    -------
    levelled : DataFrame
        The rows of `table` with levelled columns and detection limits.
    factors : DataFrame
        A row for each column: its line, and `yes` or the reason why it was left as it is. A column without
        a line is left as it is.

    Notes
    -----
    levelled = slope · value + intercept. `standard`: slope = median of the reference / median of the
    campaign, intercept 0; `standards` and `reanalysis`: least squares of the reference over the campaign;
    `scores`: slope = ratio of the scaled median absolute deviations. A median below detection gives no
    factor; re-analysed samples below detection in either campaign are left out; where more than a quarter
    of a campaign is below detection, its distribution is not used.

    References
    ----------
    Main, P. T., and Champion, D. C. (2022). Levelling of multi-generational and spatially isolated
    geochemical surveys. Journal of Geochemical Exploration 240, 107028. doi:10.1016/j.gexplo.2022.107028

    Daneshfar, B., and Cameron, E. (1998). Leveling geochemical data between map sheets. Journal of
    Geochemical Exploration 63(3), 189-201. doi:10.1016/S0375-6742(98)00014-4
    """
    names = _partners(table, reference, chosen(LEVEL, table, columns), asked=bool(columns))
    rows, other_rows = _chosen_rows(
        table, reference, method, (sample, reference_sample), standards, repeats, within_overlap
    )
    result, factors = noted(table, notes_of(table)), []
    for name, partner in names.items():
        own, other = censored(table, name), _converted(table, name, reference, partner)
        fit = _fit(method, [_part(own, one) for one in rows], [_part(other, one) for one in other_rows])
        if method == "standard" and not fit.why_not and fit.p_value > significance:
            fit = fit._replace(why_not="no significant difference")
        lost = 0
        if not fit.why_not:
            changed = fit.of(numbers(table, name))
            lost = int((changed <= 0).sum())
            result = result.assign(**{name: np.where(changed > 0, changed, np.nan)})
            limit = companion_of(table, name, LIMIT)
            if limit:
                moved = fit.of(numbers(table, limit))
                result = result.assign(**{limit: np.where(moved > 0, moved, numbers(table, limit))})
        told = {k: v for k, v in fit._asdict().items() if k not in {"used", "why_not", "quantiles"}}
        factors.append({
            "element": name, "unit": unit_of(table, name), "count": fit.used, **told, "lost": lost,
            "applied": fit.why_not or "yes",
        })  # fmt: skip
    result = noted(result, notes_of(table))
    return Levelled(result, pd.DataFrame(factors, columns=[column.name for column in FACTOR_COLUMNS]))


def _partners(
    table: pd.DataFrame, reference: pd.DataFrame, names: tuple[str, ...], *, asked: bool
) -> dict[str, str]:
    """Column of `reference` for each of `names`."""
    there = [str(one) for one in reference.columns if pd.api.types.is_numeric_dtype(reference[one])]
    by_quantity = {q: one for one in reversed(there) if (q := quantity_of_column(reference, one))}
    found = {
        name: name if name in there else by_quantity.get(quantity_of_column(table, name), "")
        for name in names
    }
    lacking = [name for name, partner in found.items() if not partner]
    kept = {name: partner for name, partner in found.items() if partner}
    if (asked and lacking) or not kept:
        came = f"one without {', '.join(lacking[:5])}"
        raise ContractError(LEVEL, "reference", "a table with the columns of `table`", came)
    return kept


def _converted(table: pd.DataFrame, name: str, reference: pd.DataFrame, partner: str) -> Censored:
    """Column of `reference` in the unit of its partner in `table`."""
    found, own, other = censored(reference, partner), unit_of(table, name), unit_of(reference, partner)
    if bool(own) != bool(other) or (own and not units.compatible(own, other)):
        came = f"it in {other or 'no stated unit'}"
        raise ContractError(LEVEL, "reference", f"{partner} in {own or 'no unit, as in `table`'}", came)
    return Censored(units.convert(found.values, other, own), found.below) if own else found


def _part(column: Censored, rows: np.ndarray) -> Censored:
    return Censored(column.values[rows], column.below[rows])


def _chosen_rows(
    table: pd.DataFrame, reference: pd.DataFrame, method: str, samples: tuple[str | None, str | None],
    standards: tuple[str, ...], repeats: int, within_overlap: bool,
) -> tuple[list[np.ndarray], list[np.ndarray]]:  # fmt: skip
    """Rows of both campaigns that are compared: a set for each standard, or one for all."""
    if method in {"percentiles", "scores"}:
        if within_overlap:
            return _overlapping(table, reference)
        return [np.arange(len(table))], [np.arange(len(reference))]
    if samples[0] is None or samples[1] is None:
        lacking = "sample" if samples[0] is None else "reference_sample"
        raise ContractError(LEVEL, lacking, f"given for the method `{method}`", "nothing")
    own, other = _rows_by_name(table[samples[0]]), _rows_by_name(reference[samples[1]])
    shared = [name for name in own if name in other]
    if method == "reanalysis":
        pairs = [name for name in shared if len(own[name]) == len(other[name]) == 1]
        if len(pairs) < FEWEST[method]:
            allowed = f"{FEWEST[method]} samples or more that both campaigns analysed once"
            raise ContractError(LEVEL, "reference_sample", allowed, str(len(pairs)))
        return [np.array([own[n][0] for n in pairs])], [np.array([other[n][0] for n in pairs])]
    found = [name for name in standards or shared if len(own.get(name, ())) and len(other.get(name, ()))]
    if not standards:
        found = [name for name in found if min(len(own[name]), len(other[name])) >= repeats]
    lacking_standards = [name for name in standards if name not in found]
    one = method == "standard"
    if lacking_standards or (len(found) != 1 if one else len(found) < FEWEST[method]):
        allowed = "one standard" if one else f"{FEWEST[method]} standards or more"
        came = ", ".join(lacking_standards or found) or "none"
        raise ContractError(LEVEL, "standards", f"{allowed} that both campaigns analysed", came)
    return [np.array(own[n]) for n in found], [np.array(other[n]) for n in found]


def _rows_by_name(column: pd.Series) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = {}
    for row, value in enumerate(column):
        if not pd.isna(value):
            rows.setdefault(label_of(value), []).append(row)
    return rows


def _overlapping(table: pd.DataFrame, reference: pd.DataFrame) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Rows of each campaign within the convex outline of the other."""
    for name, frame in (("table", table), ("reference", reference)):
        if not isinstance(frame, gpd.GeoDataFrame):
            hint = "set within_overlap to false to compare all samples"
            raise ContractError(LEVEL, name, "a table with geometry", "one without", hint=hint)
    assert isinstance(table, gpd.GeoDataFrame)
    assert isinstance(reference, gpd.GeoDataFrame)
    moved = brought_to(LEVEL, "reference", reference, crs_of(table))
    outlines = [
        shapely.convex_hull(shapely.union_all(f.geometry.dropna().to_numpy())) for f in (table, moved)
    ]
    shared = shapely.intersection(*outlines)
    rows = [np.flatnonzero(shapely.intersects(shared, f.geometry.to_numpy())) for f in (table, moved)]
    if min(map(len, rows)) == 0:
        raise ContractError(LEVEL, "reference", "a campaign that overlaps with `table`", "one apart from it")
    return [rows[0]], [rows[1]]


def _fit(method: str, own: list[Censored], other: list[Censored]) -> Fit:
    """What levels a column, from its numbers in each set of rows."""
    medians = [kernel.censored_median(*part.known) for part in own]
    targets = [kernel.censored_median(*part.known) for part in other]
    sizes = sum(p.known.values.size for p in own), sum(p.known.values.size for p in other)
    if method == "standard":
        return _by_ratio(own[0].known, other[0].known, Fit(*sizes, medians[0], targets[0]))
    if method == "standards":
        x, y = np.array(medians), np.array(targets)
        both = np.isfinite(x) & np.isfinite(y)
        return _by_line(x[both], y[both], Fit(*sizes), FEWEST[method])
    if method == "reanalysis":
        x, y = (np.where(part.below | ~(part.values > 0), np.nan, part.values) for part in (own[0], other[0]))
        both = np.isfinite(x) & np.isfinite(y)
        return _by_line(x[both], y[both], Fit(int(both.sum()), int(both.sum())), FEWEST[method])
    return _by_distribution(method, own[0].known, other[0].known, Fit(*sizes, medians[0], targets[0]))


def _by_ratio(own: Censored, other: Censored, fit: Fit) -> Fit:
    from scipy.stats import ks_2samp

    if min(own.values.size, other.values.size) < FEWEST["standard"]:
        return fit._replace(why_not=f"fewer than {FEWEST['standard']} analyses")
    if not (fit.median > 0 and fit.reference_median > 0):
        return fit._replace(why_not="median below detection")
    # What lies below the highest limit of either cannot be told apart.
    limit = max((float(part.values[part.below].max(initial=0.0)) for part in (own, other)), default=0.0)
    cut = [np.where(part.below | (part.values < limit), 0.0, part.values) for part in (own, other)]
    p_value = float(ks_2samp(*cut, method="exact").pvalue)
    return fit._replace(slope=fit.reference_median / fit.median, p_value=p_value)


def _by_line(x: np.ndarray, y: np.ndarray, fit: Fit, fewest: int) -> Fit:
    if x.size < fewest:
        return fit._replace(why_not=f"fewer than {fewest} that are above detection in both")
    line = least_squares(x, y)
    fit = fit._replace(
        median=float(np.median(x)), reference_median=float(np.median(y)), slope=line.slope,
        intercept=line.intercept, determination=line.determination,
    )  # fmt: skip
    return fit if line.slope > 0 else fit._replace(why_not="no line that rises")


def _by_distribution(method: str, own: Censored, other: Censored, fit: Fit) -> Fit:
    if min(own.values.size, other.values.size) < FEWEST[method]:
        return fit._replace(why_not=f"fewer than {FEWEST[method]} samples")
    if max(own.below.mean(), other.below.mean()) > MOST_BELOW:
        return fit._replace(why_not="more than a quarter below detection")
    if method == "percentiles":
        return fit._replace(slope=np.nan, intercept=np.nan, quantiles=(own.values, other.values))
    slope, intercept = kernel.score_line(own.values, other.values)
    fit = fit._replace(slope=slope, intercept=intercept)
    return fit if slope > 0 else fit._replace(why_not="no spread")
