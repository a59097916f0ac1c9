"""Line levelling: survey and tie lines corrected until they agree where they cross."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy import sparse

from craton.kernels import line_levelling as kernel
from craton.methods.survey_columns import numbers_of, unit_of
from craton.methods.survey_line_crossings import Crossed, crossed, statistics_of
from craton.methods.survey_line_order import Lines, kinds, lines_of
from craton.methods.survey_line_values import beside_value
from craton.methods.survey_lines import (
    Gap,
    KindColumn,
    LineColumn,
    MistieTable,
    OrderColumn,
    SurveyTable,
    ValueColumn,
)
from craton.methods.vector_shapes import COLUMNS
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, Table
from craton.process.processes import process

LEVEL = "magnetics.tie_line_levelling"

Form = Literal["constant", "linear", "quadratic", "spline"]
ORDERS = {"constant": 0, "linear": 1, "quadratic": 2, "spline": 1}

BAD_WEIGHT = 0.1
"""Weight below which a crossing is counted as left out, and no spline goes through it."""

CLOSE = 0.1
"""Part of the mean distance of a line's crossings below which two of them are one to its spline."""

LevelledTable = Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))]

CorrectionTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="line_kind", title="Kind of line: survey, tie or other"),
            Column(
                name="network",
                unit="1",
                title="Network of crossing lines, 0 without crossings",
            ),
            Column(name="crossings", unit="1", title="Crossings"),
            Column(name="left_out", unit="1", title="Crossings left out as wild"),
            Column(name="correction", title="Mean correction"),
            Column(name="root_mean_square_before", title="Root mean square mistie before"),
            Column(name="root_mean_square_after", title="Root mean square mistie after"),
            Column(name="finding", title="What is odd about the line"),
        )
    ),
]


class Levelled(NamedTuple):
    """Readings after, the correction of each line, and statistics of the misties."""

    points: LevelledTable
    lines: CorrectionTable
    statistics: MistieTable


@process(LEVEL, version="1", keywords=("tie lines", "crossover adjustment", "network", "levelling", "调平"))
def tie_line_levelling(
    table: SurveyTable,
    line: LineColumn,
    value: ValueColumn,
    *,
    order: OrderColumn | None = None,
    kind: KindColumn | None = None,
    form: Form = "constant",
    adjust: Literal["both", "survey", "tie"] = "both",
    robust: bool = True,
    tension: Annotated[float, Bounds(minimum=0, maximum=100)] = 5.0,
    maximum_gap: Gap | None = None,
    uncrossed: Literal["refuse", "keep"] = "refuse",
) -> Levelled:
    """Survey and tie lines corrected by smooth curves so that readings agree where lines cross.

    Use it after the daily variation, lag and heading are corrected, for what these leave. Begin with
    `constant`, look at the misties (the statistics, or `survey_lines.crossovers` with both columns), and
    raise the form only as long as they ask for it. Crossings on steep anomalies disagree because of small
    errors of position; `robust` weighs them down. What no tie line sees is left to
    `magnetics.microlevelling`. It suits any quantity measured along lines.

    Parameters
    ----------
    table : GeoDataFrame
        Points of readings, in metres or degrees.
    line : str
        Column of the number or name of the line.
    value : str
        Numeric column to be levelled.
    order : str, optional
        Column of fiducials or times by which a line is ordered. Left out, rows stay in their order.
    kind : str, optional
        Column that says which lines are tie lines. Left out, it is told from the directions.
    form : str
        Correction of each line: `constant`, `linear` or `quadratic` in the distance along it, or `spline`:
        linear, and then along each survey line a curve through the misties that are left.
    adjust : str
        Which lines move: `both`, only `survey` lines (tie lines are right), or only `tie` lines (a first
        step before the survey lines are brought to them).
    robust : bool
        Weigh down crossings that disagree with the others.
    tension : float
        For `spline`: 0 for a natural cubic spline, large for nearly straight lines between crossings.
        Crossings closer than a tenth of their mean distance are averaged for it.
    maximum_gap : float, optional
        Readings farther apart than this, in metres, have no crossing between them. Left out, five times
        the median step of the line.
    uncrossed : str
        Whether a survey of which no survey line crosses a tie line is refused, or keeps its readings.

    Returns
    -------
    points : GeoDataFrame
        `table` with `VALUE_level`, the correction, and `VALUE_levelled`, the reading less it. Lines that
        cross no other have the correction 0.
    lines : DataFrame
        For each line its kind, network, crossings, wild ones among them, mean correction, and misties
        before and after. `finding` says `no crossing`, `single crossing` (nothing checks it), `few
        crossings` (the form was lowered), `all crossings wild`, or nothing.
    statistics : DataFrame
        Misties of all crossings of survey with tie lines, before (row `VALUE`) and after
        (`VALUE_levelled`).

    Notes
    -----
    Minimises Σ wₖ (mₖ − c(sₖ) + d(tₖ))² / σ² + Σ a² / τ² over the crossings k of survey lines with
    corrections c and tie lines with corrections d, Legendre polynomials of the distance scaled to −1…1
    with coefficients a. τ is the root mean square mistie, and σ = 1.4826 times the median of the largest
    residuals, as many as there are more crossings than coefficients; so what crossings hardly determine
    stays small. With `both` a constant common to a network cannot be seen, nor, with higher forms,
    surfaces that both directions could take up: they stay as they are. Weights are Huber's, then Tukey's.
    A line with n crossings has at most n − 1 coefficients, or one.

    References
    ----------
    Yarger, H. L., Robertson, R. R. and Wentland, R. L. (1978), Diurnal drift removal from aeromagnetic
    data using least squares, Geophysics 43(6), 1148-1156, doi:10.1190/1.1440884.

    Luyendyk, A. P. J. (1997), Processing of airborne magnetic data, AGSO Journal of Australian Geology and
    Geophysics 17(2), 31-38.

    Cline, A. K. (1974), Scalar- and planar-valued curve fitting using splines under tension,
    Communications of the ACM 17(4), 218-220, doi:10.1145/360924.360971.
    """
    if form == "spline" and adjust == "tie":
        raise ContractError(LEVEL, "adjust", "survey or both for the form spline", "'tie'")
    lines = lines_of(LEVEL, table, line, order)
    kind_of_line = kinds(table, lines, kind)
    values = numbers_of(table, value)[lines.rows]
    found, misties = _network(lines, kind_of_line, values, maximum_gap, refuse=uncrossed == "refuse")
    at = _scaled(lines)
    places = found.between(at)
    moved = np.isin(kind_of_line, ("survey", "tie") if adjust == "both" else (adjust,))
    count = np.bincount(found.lines.ravel(), minlength=lines.count)
    # With as many crossings as coefficients nothing would check them.
    orders = np.where(moved & (count > 0), np.minimum(ORDERS[form], np.maximum(count - 2, 0)), -1)
    net = kernel.Crossed(found.lines[:, 0], found.lines[:, 1], places[:, 0], places[:, 1], misties)
    coefficients, weights = kernel.level(net, orders, robust=robust)
    correction = (kernel.polynomials(at, 2) * coefficients[lines.line]).sum(axis=1)
    if form == "spline":
        correction += _splines(lines, found, kind_of_line, misties, weights, correction, tension)
    change = found.between(correction)
    after = misties - change[:, 0] + change[:, 1]
    levelled = beside_value(table, lines, value, {"level": correction, "levelled": values - correction})
    summary = _summary(table, line, lines, kind_of_line, found, (misties, after), weights, correction)
    lowered = moved & (count > 0) & (orders < ORDERS[form])
    summary.loc[lowered & (summary["finding"] == ""), "finding"] = "few crossings"
    summary.loc[moved & (count == 1), "finding"] = "single crossing"
    unit = unit_of(table, value)
    statistics = statistics_of([value, f"{value}_levelled"], [unit, unit], [misties, after])
    return Levelled(levelled, summary, statistics)


def _network(
    lines: Lines, kind: np.ndarray, values: np.ndarray, maximum_gap: float | None, *, refuse: bool
) -> tuple[Crossed, np.ndarray]:
    """Crossings of survey with tie lines that have readings, and their misties, first less second."""
    survey, tie = kind == "survey", kind == "tie"
    if refuse and not (survey.any() and tie.any()):
        found = f"{int(survey.sum())} survey and {int(tie.sum())} tie lines"
        raise ContractError(
            LEVEL, "table", "a survey with survey lines and tie lines that cross them", f"one of {found}",
            hint="give the column that tells tie lines apart as `kind`",
        )  # fmt: skip
    meet = (survey[:, None] & tie[None, :]) | (tie[:, None] & survey[None, :])
    every = crossed(lines, meet, maximum_gap)
    readings = every.between(values)
    known = np.isfinite(readings).all(axis=1)
    if refuse and not known.any():
        raise ContractError(
            LEVEL,
            "table",
            "a survey with survey lines and tie lines that cross them",
            "one without crossings",
        )
    readings = readings[known]
    return every.chosen(known), readings[:, 0] - readings[:, 1]


def _scaled(lines: Lines) -> np.ndarray:
    """Distance along its line of each point, from −1 to 1; 0 on lines of one place."""
    whole = lines.distance[lines.starts[1:] - 1][lines.line]
    return np.where(whole > 0, 2.0 * lines.distance / np.where(whole > 0, whole, 1.0) - 1.0, 0.0)


def _splines(
    lines: Lines,
    found: Crossed,
    kind: np.ndarray,
    misties: np.ndarray,
    weights: np.ndarray,
    correction: np.ndarray,
    tension: float,
) -> np.ndarray:
    """Curves along survey lines through the misties that are left at crossings that are not wild."""
    change = found.between(correction)
    left = misties - change[:, 0] + change[:, 1]
    along = found.between(lines.distance)
    curves = np.zeros(correction.size)
    for number, part in enumerate(lines.parts):
        if kind[number] != "survey":
            continue
        sides = [(found.lines[:, side] == number) & (weights >= BAD_WEIGHT) for side in (0, 1)]
        nodes = np.concatenate([along[sides[0], 0], along[sides[1], 1]])
        wanted = np.concatenate([left[sides[0]], -left[sides[1]]])
        if nodes.size:
            own = np.concatenate([weights[sides[0]], weights[sides[1]]])
            curves[part] = kernel.tension_spline(*_joined(nodes, wanted, own), lines.distance[part], tension)
    return curves


def _joined(nodes: np.ndarray, values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nodes in order, those that lie close together as their weighted mean, with their values."""
    order = np.lexsort((values, nodes))
    nodes, values, weights = nodes[order], values[order], weights[order]
    apart = CLOSE * (nodes[-1] - nodes[0]) / max(nodes.size - 1, 1)
    group = np.cumsum(np.diff(nodes, prepend=nodes[0]) > apart)
    sums = np.bincount(group, weights)
    return np.bincount(group, weights * nodes) / sums, np.bincount(group, weights * values) / sums


def _summary(
    table: gpd.GeoDataFrame,
    line: str,
    lines: Lines,
    kind: np.ndarray,
    found: Crossed,
    misties: tuple[np.ndarray, np.ndarray],
    weights: np.ndarray,
    correction: np.ndarray,
) -> pd.DataFrame:
    """A row for each line."""
    ends = found.lines.ravel()
    count = np.bincount(ends, minlength=lines.count)
    wild = np.bincount(ends, np.repeat(weights < BAD_WEIGHT, 2), lines.count).astype(np.int64)
    graph = sparse.coo_array((np.ones(found.count), found.lines.T), shape=(lines.count, lines.count))
    parts = sparse.csgraph.connected_components(graph, directed=False)[1]
    network = np.zeros(lines.count, dtype=np.int64)
    network[count > 0] = np.unique(parts[count > 0], return_inverse=True)[1] + 1
    finding = np.where(count == 0, "no crossing", np.where(wild == count, "all crossings wild", ""))
    sizes = np.diff(lines.starts)
    with np.errstate(invalid="ignore", divide="ignore"):
        roots = [
            np.sqrt(np.bincount(ends, np.repeat(one**2, 2), lines.count) / np.where(count, count, np.nan))
            for one in misties
        ]
    name = line if line not in SUMMARY_COLUMNS else f"{line}_1"
    frame = pd.DataFrame({
        name: lines.names, "line_kind": kind, "network": network, "crossings": count, "left_out": wild,
        "correction": np.bincount(lines.line, correction, lines.count) / sizes,
        "root_mean_square_before": roots[0], "root_mean_square_after": roots[1],
        "finding": finding.astype(object),
    })  # fmt: skip
    frame.attrs[COLUMNS] = {name: dict(table.attrs.get(COLUMNS, {}).get(line, {}))}
    return frame


SUMMARY_COLUMNS = frozenset({
    "line_kind", "network", "crossings", "left_out", "correction", "root_mean_square_before",
    "root_mean_square_after", "finding",
})  # fmt: skip
"""Columns of the table of lines beside the name of the line."""
