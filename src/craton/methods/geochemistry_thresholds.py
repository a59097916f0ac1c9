"""Geochemistry, background: thresholds of anomalies, and classes of a map."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, NamedTuple

import numpy as np
import pandas as pd

from craton.kernels import robust_scale as kernel
from craton.methods.geochemistry_columns import (
    AnyTable,
    NumberColumns,
    censored,
    chosen,
    unit_of,
    with_columns,
    with_half_limits,
)
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, ColumnOf, Table
from craton.process.processes import process

THRESHOLDS, CLASSES = "geochemistry.thresholds", "geochemistry.classes"

Method = Literal["mean", "fence", "median", "percentile"]

FACTORS = {"mean": 2.0, "fence": 1.5, "median": 2.0, "percentile": 98.0}
"""Factor, or percentile, that each method takes where none is given."""

FEWEST = 5
"""Values that a threshold needs."""

THRESHOLD_COLUMNS = (
    Column(name="element", title="Element"),
    Column(name="unit", title="Unit"),
    Column(name="count", unit="1", title="Values"),
    Column(name="below_detection", unit="1", title="Values below detection"),
    Column(name="kept", unit="1", title="Values left after clipping"),
    Column(name="centre", title="Mean, median, or geometric mean with logarithms"),
    Column(name="spread", title="Spread, with logarithms as a factor"),
    Column(name="lower", title="Lower threshold"),
    Column(name="upper", title="Upper threshold"),
    Column(name="above", unit="1", title="Values above the upper threshold"),
    Column(name="beneath", unit="1", title="Values beneath the lower threshold"),
)


class Thresholds(NamedTuple):
    """Thresholds by element, and the samples above them."""

    thresholds: Annotated[pd.DataFrame, Table(columns=THRESHOLD_COLUMNS)]
    samples: AnyTable


@process(THRESHOLDS, version="1", keywords=("background", "anomaly", "MAD", "Tukey", "outlier", "异常下限"))
def thresholds(
    table: AnyTable,
    *,
    columns: NumberColumns = (),
    method: Method = "median",
    factor: Annotated[float, Bounds(above=0, maximum=100)] | None = None,
    clip: Annotated[float, Bounds(minimum=0, maximum=10)] = 0.0,
    logarithm: bool = True,
) -> Thresholds:
    """Upper and lower threshold of background for each element, and the samples beyond.

    Use it to pick out samples to look at. A threshold is a statistic, not a border in nature: several
    kinds of rock need one each (filter the table first), and `geochemistry.concentration_area` takes the
    place of samples into account.

    Parameters
    ----------
    table : DataFrame
        Analyses. A value below detection counts as half its limit.
    columns : tuple of str
        Numeric columns; empty for all that hold concentrations.
    method : str
        `mean`: mean ± `factor` standard deviations, which anomalies themselves raise. `median`: median ±
        `factor` scaled median absolute deviations. `fence`: quartiles ± `factor` times their distance.
        `percentile`: the percentile `factor`, and the one as far from the other end.
    factor : float, optional
        2 for `mean` and `median`, 1.5 for `fence` (the inner fence of the box plot), 98 for `percentile`
        (50 to 100) where left out.
    clip : float
        With `mean`, values beyond this many standard deviations are left out round by round until none
        is; 0 for none, mostly 3.
    logarithm : bool
        Whether the threshold is drawn for logarithms, as suits most traces, or for the values.

    Returns
    -------
    thresholds : DataFrame
        A row for each element.
    samples : DataFrame
        The rows and columns of `table`, and for each element `NAME_above`: true above the upper threshold.

    Notes
    -----
    The scaled median absolute deviation is 1.4826 times the median distance from the median. With
    logarithms limits are carried back, and `spread` is the factor exp(s). Where half the values are equal
    (as below one detection limit) spreads around the median are 0 and the threshold means nothing: such a
    column is refused by `median` and `fence`.

    References
    ----------
    Reimann, C., Filzmoser, P., and Garrett, R. G. (2005). Background and threshold: critical comparison of
    methods of determination. Science of the Total Environment 346, 1-16. doi:10.1016/j.scitotenv.2004.11.023

    Tukey, J. W. (1977). Exploratory Data Analysis. Addison-Wesley, chapter 2.
    """
    strength = FACTORS[method] if factor is None else factor
    if method == "percentile" and not 50 <= strength <= 100:
        raise ContractError(THRESHOLDS, "factor", "a percentile from 50 to 100", f"{strength:g}")
    rows, added = [], {}
    for name in chosen(THRESHOLDS, table, columns):
        values = with_half_limits(table, name)
        there = np.isfinite(values)
        numbers = _checked(name, values[there], logarithm)
        limits, kept = _limits(method, np.log(numbers) if logarithm else numbers, strength, clip)
        if method in {"median", "fence"} and limits.spread == 0:
            raise ContractError(THRESHOLDS, "columns", "columns of which half the values differ", name)
        told = [float(np.exp(one)) if logarithm else one for one in limits]
        rows.append({
            "element": name, "unit": unit_of(table, name), "count": numbers.size,
            "below_detection": int(censored(table, name).below.sum()), "kept": kept,
            "centre": told[0], "spread": told[1], "lower": told[2], "upper": told[3],
            "above": int((numbers > told[3]).sum()), "beneath": int((numbers < told[2]).sum()),
        })  # fmt: skip
        flag = pd.array(values > told[3], dtype="boolean")
        flag[~there] = pd.NA
        added[f"{name}_above"] = (flag, {"title": f"{name} above its threshold"})
    return Thresholds(pd.DataFrame(rows), with_columns(table, added))


def _checked(name: str, numbers: np.ndarray, logarithm: bool) -> np.ndarray:
    """`numbers` (n,), enough of them and above 0 where logarithms are taken."""
    if numbers.size < FEWEST or np.ptp(numbers) == 0:
        allowed = f"columns of {FEWEST} or more values that differ"
        raise ContractError(
            THRESHOLDS, "columns", allowed, f"{name} with {np.unique(numbers).size} different ones"
        )
    if logarithm and numbers.min() <= 0:
        raise ContractError(
            THRESHOLDS, "columns", "columns of numbers above 0, as logarithms need",
            f"{name} down to {numbers.min():g}", hint="set logarithm to false, or filter zeros first",
        )  # fmt: skip
    return numbers


def _limits(method: str, numbers: np.ndarray, factor: float, clip: float) -> tuple[kernel.Limits, int]:
    """Limits of numbers (n,), and how many of them were used."""
    if method == "mean" and clip > 0:
        return kernel.clipped(numbers, clip, factor)
    if method == "percentile":
        share = factor / 100.0
        lower, middle, upper = np.quantile(numbers, (1.0 - share, 0.5, share)).tolist()
        return kernel.Limits(middle, upper - lower, lower, upper), numbers.size
    drawn = {
        "mean": kernel.deviations_from_mean,
        "fence": kernel.fences,
        "median": kernel.around_median,
    }
    return drawn[method](numbers, factor), numbers.size


class Classes(NamedTuple):
    """Samples with their class, and the classes."""

    samples: AnyTable
    classes: Annotated[
        pd.DataFrame,
        Table(
            columns=(
                Column(name="class", unit="1", title="Class"),
                Column(name="lower", title="Least value"),
                Column(name="upper", title="Value that it stays below"),
                Column(name="label", title="Label"),
                Column(name="count", unit="1", title="Samples"),
            )
        ),
    ]


@process(CLASSES, version="1", keywords=("percentiles", "breaks", "map classes", "分级"))
def classes(
    table: AnyTable,
    column: Annotated[str, ColumnOf("table", numeric=True)],
    *,
    percentiles: tuple[Annotated[float, Bounds(above=0, below=100)], ...] = (
        25.0,
        50.0,
        75.0,
        90.0,
        95.0,
        98.0,
    ),
    breaks: tuple[float, ...] = (),
) -> Classes:
    """Samples in classes by percentiles or given limits, as for a map of symbols.

    Use it for maps whose classes each hold a known share of the samples, which one extreme value does not
    squeeze together. For classes that follow the shape of the distribution take
    `geochemistry.concentration_area`.

    Parameters
    ----------
    table : DataFrame
        Analyses. A value below detection counts as half its limit; a row without a value has no class.
    column : str
        Numeric column.
    percentiles : tuple of float
        Percentiles that part the classes, rising.
    breaks : tuple of float
        Values that part the classes, rising, in the unit of the column; where given they count instead.

    Returns
    -------
    samples : DataFrame
        The rows and columns of `table`, and `class`, numbered from 1 at the lowest.
    classes : DataFrame
        A row for each class: from `lower` to below `upper`.

    Notes
    -----
    Percentiles are linear between values (type 7 of Hyndman and Fan 1996). A value at a limit is in the
    class above it. Limits that fall together leave an empty class between them.

    References
    ----------
    Reimann, C., Filzmoser, P., Garrett, R. G., and Dutter, R. (2008). Statistical Data Analysis Explained.
    Wiley, chapter 5. doi:10.1002/9780470987605
    """
    values = with_half_limits(table, column)
    there = np.isfinite(values)
    if not there.any():
        raise ContractError(CLASSES, "column", "a column with values", f"`{column}` without any")
    by_rank = not breaks
    given, parameter = (percentiles, "percentiles") if by_rank else (breaks, "breaks")
    if not given or (np.diff(given) <= 0).any():
        raise ContractError(CLASSES, parameter, "numbers that rise", ", ".join(f"{one:g}" for one in given))
    edges = np.quantile(values[there], np.array(given) / 100.0) if by_rank else np.array(given)
    place = np.searchsorted(edges, values, side="right") + 1
    number = pd.array(place, dtype="Int64")
    number[~there] = pd.NA
    ends = np.concatenate([[-np.inf], edges, [np.inf]])
    words = [f"{one:g} %" if by_rank else f"{one:g}" for one in given]
    labels = [
        f"below {words[0]}",
        *(f"{low} to {high}" for low, high in pairwise(words)),
    ]
    told = pd.DataFrame({
        "class": np.arange(1, ends.size), "lower": np.where(np.isinf(ends[:-1]), np.nan, ends[:-1]),
        "upper": np.where(np.isinf(ends[1:]), np.nan, ends[1:]), "label": [*labels, f"{words[-1]} and above"],
        "count": np.bincount(place[there], minlength=ends.size)[1:],
    })  # fmt: skip
    unit = unit_of(table, column)
    told.attrs["columns"] = {name: {"unit": unit} for name in ("lower", "upper") if unit}
    return Classes(with_columns(table, {"class": (number, {"title": f"Class of {column}"})}), told)
