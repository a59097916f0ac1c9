"""Geochemistry, quality: standards against their certified values, and blanks."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd

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
    unit_of,
)
from craton.model import units
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, ColumnOf, Table
from craton.process.processes import process

STANDARDS, BLANKS = "geochemistry.standards", "geochemistry.blanks"

DEVIATION = "_sd"
"""End of the name of the column with the standard deviation of a certified value."""

IN_CONTROL, WARNING, OUT = "in control", "warning", "out of control"

StandardsTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="standard", title="Standard"),
            Column(name="element", title="Element"),
            Column(name="unit", title="Unit"),
            Column(name="count", unit="1", title="Analyses with a measured value"),
            Column(name="below_detection", unit="1", title="Analyses below detection"),
            Column(name="certified", title="Certified value"),
            Column(name="certified_deviation", title="Standard deviation that the limits are drawn from"),
            Column(name="mean", title="Mean"),
            Column(name="standard_deviation", title="Standard deviation"),
            Column(name="relative_deviation", unit="%", title="Relative standard deviation"),
            Column(name="bias", unit="%", title="Bias"),
            Column(name="z_of_mean", unit="1", title="Mean less certified, in certified deviations"),
            Column(name="lower_limit", title="Lower control limit"),
            Column(name="upper_limit", title="Upper control limit"),
            Column(name="beyond_2", unit="1", title="Analyses beyond 2 deviations"),
            Column(name="beyond_3", unit="1", title="Analyses beyond 3 deviations"),
            Column(name="verdict", title="Verdict"),
        )
    ),
]

ScoresTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="standard", title="Standard"),
            Column(name="element", title="Element"),
            Column(name="number", unit="1", title="Number of the analysis of this standard"),
            Column(name="value", title="Value"),
            Column(name="z", unit="1", title="Value less certified, in certified deviations"),
            Column(name="verdict", title="Verdict"),
        )
    ),
]


class StandardsResult(NamedTuple):
    """By standard and element, and analysis by analysis."""

    summary: StandardsTable
    scores: ScoresTable


@process(STANDARDS, version="1", keywords=("QA/QC", "reference material", "bias", "accuracy", "标准样"))
def standards(
    table: AnyTable,
    certified: AnyTable,
    standard: Annotated[str, ColumnOf("table")],
    certified_standard: Annotated[str, ColumnOf("certified")],
    *,
    columns: NumberColumns = (),
    relative_deviation: Annotated[float, Bounds(above=0, maximum=1)] = 0.05,
) -> StandardsResult:
    """Analyses of standards against their certified values: bias, z-scores and control limits.

    Use it for every batch before its numbers are mapped. It judges accuracy where the standards lie; for
    precision over the range of the samples take `geochemistry.duplicates`.

    Parameters
    ----------
    table : DataFrame
        Analyses in the order they were made; rows of other samples are left out.
    certified : DataFrame
        A row for each standard, with columns named as those of `table`. A column `NAME_sd` is the
        certified standard deviation, in the unit of `NAME`.
    standard : str
        Column of `table` that names the standard.
    certified_standard : str
        Column of `certified` that names it, spelled the same.
    columns : tuple of str
        Numeric columns to be judged; empty for all that hold concentrations and are certified.
    relative_deviation : float
        Standard deviation as a share of the certified value where none is certified: 0.05 is 5 percent.

    Returns
    -------
    summary : DataFrame
        A row for each standard and element that is certified and was analysed.
    scores : DataFrame
        A row for each measured value, with its z-score, `in control`, `warning` beyond 2 and `out of
        control` beyond 3 deviations.

    Notes
    -----
    bias = 100 (mean − certified)/certified; z = (value − certified)/deviation; the control limits are the
    certified value ± 3 deviations. The verdict on a standard is `out of control` where a value is beyond 3
    deviations, or two in succession are beyond 2 on the same side; `warning` where one is beyond 2. Values
    below detection are counted, not scored.

    References
    ----------
    Abzalov, M. (2008). Quality control of assay data: a review of procedures for measuring and monitoring
    precision and accuracy. Exploration and Mining Geology 17, 131-144. doi:10.2113/gsemg.17.3-4.131

    Westgard, J. O., Barry, P. L., Hunt, M. R., and others (1981). A multi-rule Shewhart chart for quality
    control in clinical chemistry. Clinical Chemistry 27(3), 493-501. doi:10.1093/clinchem/27.3.493
    """
    names = _certified_columns(table, certified, columns)
    given = _by_name(certified, certified_standard)
    labels = pd.Series(table[standard]).map(label_of).to_numpy()
    rows, scores = [], []
    for label in dict.fromkeys(one for one in labels if one in given):
        for name in names:
            target, deviation = _target(table, certified, given[label], name, relative_deviation)
            found = censored(table, name)
            at = labels == label
            part = Censored(found.values[at], found.below[at])
            if np.isnan(target) or not part.known.values.size:
                continue
            rows.append({
                "standard": label, "element": name, "unit": unit_of(table, name),
                **_judged(part, target, deviation),
            })  # fmt: skip
            scores += _scored(label, name, part, target, deviation)
    if not rows:
        raise ContractError(
            STANDARDS, "standard", "a column with names of certified standards that were analysed",
            f"`{standard}` with none of {', '.join(list(given)[:5])}",
        )  # fmt: skip
    columns_of_scores = ["standard", "element", "number", "value", "z", "verdict"]
    return StandardsResult(pd.DataFrame(rows), pd.DataFrame(scores, columns=columns_of_scores))


def _by_name(certified: pd.DataFrame, column: str) -> dict[str, int]:
    """Row of each standard; `ContractError` where one has two."""
    labels = [label_of(value) for value in certified[column]]
    twice = sorted({label for label in labels if label and labels.count(label) > 1})
    if twice:
        raise ContractError(STANDARDS, "certified", "a table with one row a standard", f"{twice[0]} twice")
    return {label: row for row, label in enumerate(labels) if label}


def _certified_columns(
    table: pd.DataFrame, certified: pd.DataFrame, columns: tuple[str, ...]
) -> tuple[str, ...]:
    """Columns that are certified; a named one that is not, or that has another unit, is refused."""
    there = {str(n) for n in certified.columns if pd.api.types.is_numeric_dtype(certified[n])}
    lacking = [name for name in columns if name not in there]
    names = columns or tuple(name for name in chosen(STANDARDS, table, ()) if name in there)
    if lacking or not names:
        raise ContractError(
            STANDARDS, "certified", "a table with columns named as those of `table`",
            f"one without {', '.join(lacking) or 'any of them'}",
        )  # fmt: skip
    for name in names:
        own, other = unit_of(table, name), unit_of(certified, name)
        if bool(own) != bool(other) or (own and not units.compatible(own, other)):
            came = f"one with it in {other or 'no stated unit'}"
            raise ContractError(STANDARDS, "certified", f"a table with {name} in {own or 'no unit'}", came)
    return names


def _target(
    table: pd.DataFrame, certified: pd.DataFrame, row: int, name: str, relative: float
) -> tuple[float, float]:
    """Certified value and deviation in the unit of `table`; NaN where it is not certified."""
    own, other = unit_of(table, name), unit_of(certified, name)
    scale = units.conversion(other, own)[0] if own else 1.0
    target = float(numbers(certified, name)[row]) * scale
    spread = f"{name}{DEVIATION}"
    given = float(numbers(certified, spread)[row]) if spread in certified.columns else np.nan
    if target <= 0:
        raise ContractError(STANDARDS, "certified", "certified values above 0", f"{name} of {target:g}")
    stated = unit_of(certified, spread) if spread in certified.columns else ""
    if stated and own:
        scale = units.conversion(stated, own)[0] if units.compatible(stated, own) else np.nan
    deviation = given * scale
    return target, deviation if deviation > 0 else relative * target


def _judged(part: Censored, target: float, deviation: float) -> dict[str, float | str]:
    """Statistics of one element of one standard."""
    values = part.measured
    z = (values - target) / deviation
    mean = float(values.mean()) if values.size else np.nan
    spread = float(values.std(ddof=1)) if values.size > 1 else np.nan
    return {
        "count": values.size, "below_detection": int(part.below.sum()),
        "certified": target, "certified_deviation": deviation, "mean": mean, "standard_deviation": spread,
        "relative_deviation": 100.0 * spread / mean if mean else np.nan,
        "bias": 100.0 * (mean - target) / target, "z_of_mean": (mean - target) / deviation,
        "lower_limit": target - 3.0 * deviation, "upper_limit": target + 3.0 * deviation,
        "beyond_2": int((np.abs(z) > 2).sum()), "beyond_3": int((np.abs(z) > 3).sum()),
        "verdict": _verdict(z),
    }  # fmt: skip


def _verdict(z: np.ndarray) -> str:
    """Verdict on z-scores (n,) in the order of analysis; empty where there is none."""
    if not z.size:
        return ""
    twice = any(((side[1:] > 2) & (side[:-1] > 2)).any() for side in (z, -z))
    if twice or (np.abs(z) > 3).any():
        return OUT
    return WARNING if (np.abs(z) > 2).any() else IN_CONTROL


def _scored(
    label: str, name: str, part: Censored, target: float, deviation: float
) -> list[dict[str, float | str]]:
    """Rows of the measured values of one element of one standard."""
    rows: list[dict[str, float | str]] = []
    for number, (value, below) in enumerate(zip(*part, strict=True), start=1):
        if below or np.isnan(value):
            continue
        z = float((value - target) / deviation)
        verdict = OUT if abs(z) > 3 else WARNING if abs(z) > 2 else IN_CONTROL
        rows.append({
            "standard": label, "element": name, "number": number, "value": float(value), "z": z,
            "verdict": verdict,
        })  # fmt: skip
    return rows


BlanksTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="element", title="Element"),
            Column(name="unit", title="Unit"),
            Column(name="count", unit="1", title="Blanks with a result"),
            Column(name="detection_limit", title="Detection limit"),
            Column(name="threshold", title="Highest value that is accepted"),
            Column(name="above_detection", unit="1", title="Blanks at or above detection"),
            Column(name="contaminated", unit="1", title="Blanks above the threshold"),
            Column(name="maximum", title="Highest measured value"),
            Column(name="verdict", title="Verdict"),
        )
    ),
]


@process(BLANKS, version="1", keywords=("QA/QC", "contamination", "detection limit", "空白样"))
def blanks(
    table: AnyTable,
    limits: AnyTable | None = None,
    *,
    columns: NumberColumns = (),
    factor: Annotated[float, Bounds(minimum=1, maximum=100)] = 3.0,
) -> BlanksTable:
    """Blanks against a multiple of the detection limit, which tells contamination.

    Use it on the analyses of blanks of a batch (`table.filter` takes them out of a table). A blank of
    quartz or granite is not free of all elements: leave those out that it contains.

    Parameters
    ----------
    table : DataFrame
        Analyses of blanks only.
    limits : DataFrame, optional
        One row of detection limits, its columns named as those of `table`, in units that convert. Where
        left out, the greatest limit that stands beside a column (`NAME_detection_limit`) counts.
    columns : tuple of str
        Numeric columns to be judged; empty for all that hold concentrations.
    factor : float
        Detection limits that a blank may reach, from 1 to 100.

    Returns
    -------
    DataFrame
        A row for each element; `verdict` is `contaminated` where a blank exceeds the threshold, else
        `clean`.

    Notes
    -----
    threshold = factor × detection limit. A value is compared as reported; one below detection is clean.

    References
    ----------
    Abzalov, M. (2008). Quality control of assay data: a review of procedures for measuring and monitoring
    precision and accuracy. Exploration and Mining Geology 17, 131-144. doi:10.2113/gsemg.17.3-4.131
    """
    if limits is not None and len(limits) != 1:
        raise ContractError(BLANKS, "limits", "a table of one row", f"one of {len(limits)}")
    rows = []
    for name in chosen(BLANKS, table, columns):
        found = censored(table, name).known
        limit = _detection_limit(table, limits, name)
        values = found.measured
        above = int((values > factor * limit).sum())
        rows.append({
            "element": name, "unit": unit_of(table, name), "count": found.values.size,
            "detection_limit": limit, "threshold": factor * limit,
            "above_detection": int((values >= limit).sum()), "contaminated": above,
            "maximum": float(values.max()) if values.size else np.nan,
            "verdict": "contaminated" if above else "clean" if found.values.size else "",
        })  # fmt: skip
    return pd.DataFrame(rows)


def _detection_limit(table: pd.DataFrame, limits: pd.DataFrame | None, name: str) -> float:
    """Detection limit of column `name` in its unit."""
    limit = np.nan
    if limits is not None and name in limits.columns and pd.api.types.is_numeric_dtype(limits[name]):
        own, other = unit_of(table, name), unit_of(limits, name)
        if bool(own) != bool(other) or (own and not units.compatible(own, other)):
            came = f"it in {other or 'no stated unit'}"
            raise ContractError(BLANKS, "limits", f"{name} in {own or 'no unit, as in `table`'}", came)
        limit = float(numbers(limits, name)[0]) * (units.conversion(other, own)[0] if own else 1.0)
    elif beside := companion_of(table, name, LIMIT):
        found = numbers(table, beside)
        limit = float(np.nanmax(found)) if np.isfinite(found).any() else np.nan
    if not limit > 0:
        raise ContractError(
            BLANKS, "limits", f"a detection limit above 0 for {name}", f"{limit:g}",
            hint="give a table with one row of detection limits, or name the columns that have one",
        )  # fmt: skip
    return limit
