"""Magnetic surveys: daily variation, lag and heading taken out of readings along lines."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy import sparse

from craton.kernels.line_levelling import robust_solution
from craton.methods.survey_columns import numbers_in, numbers_of, seconds_of, unit_of, with_columns
from craton.methods.survey_line_crossings import crossed, statistics_of, usual_gaps
from craton.methods.survey_line_order import Lines, headings, lines_of
from craton.methods.survey_line_values import beside_value
from craton.methods.survey_lines import Gap, LineColumn, MistieTable, OrderColumn, SurveyTable, ValueColumn
from craton.model import units
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, ColumnOf, Table, Unit
from craton.process.processes import process

DIURNAL, LAG = "magnetics.diurnal_correction", "magnetics.lag_correction"
HEADING = "magnetics.heading_correction"

FEWEST_CROSSINGS = 4
"""Crossings from which on heading errors are estimated."""

MOST_SPREAD = 5.0
"""Difference in nT of readings of a base at one time above which they cannot be of one time."""

USUAL_RUN = 10
"""Readings, on average, between two steps back of the clock, from which on rows are in order."""

LinePoints = Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))]


@process(DIURNAL, version="1", keywords=("base station", "daily variation", "日变改正"))
def diurnal_correction(
    table: Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))],
    base: Annotated[pd.DataFrame, Table()],
    value: ValueColumn,
    time: Annotated[str, ColumnOf("table")],
    base_value: Annotated[str, ColumnOf("base", numeric=True)],
    base_time: Annotated[str, ColumnOf("base")],
    *,
    datum: Annotated[float, Unit("nT")] | None = None,
    lag: Annotated[float, Unit("s")] = 0.0,
    maximum_gap: Annotated[float, Unit("s"), Bounds(above=0)] = 300.0,
    outside: Literal["refuse", "leave_empty"] = "refuse",
) -> LinePoints:
    """Readings less what a base station saw of the daily variation at the same time.

    Use it on ground and airborne surveys with a base within about 50 km; farther off the variation
    differs in size and phase, and tie lines must do the rest. Take spikes out of the base record first.
    On days of storms no correction is good enough: reject the flights.

    Parameters
    ----------
    table : GeoDataFrame
        Points of readings.
    base : DataFrame
        Record of one base station; its rows may be in any order. Readings of one time are averaged, and
        refused where they differ by more than 5 nT, as those of several days do with times of the day.
    value : str
        Column of magnetic intensity in `table`.
    time : str
        Column of times in `table`: dates with times, or numbers in a unit of time.
    base_value : str
        Column of magnetic intensity in `base`.
    base_time : str
        Column of times in `base`, of the same kind as `time` and from the same zero.
    datum : float, optional
        Intensity at the base that stands for no variation, in nT. Left out, the median of the record; give
        one value for all days of a survey.
    lag : float
        Seconds by which the clock of the base is behind that of the survey.
    maximum_gap : float
        Readings of the base farther apart than this, in seconds, are a gap.
    outside : str
        Readings taken on gaps or before and after the record: `refuse` them, or `leave_empty` their
        results.

    Returns
    -------
    GeoDataFrame
        `table` with `VALUE_diurnal`, the variation, and `VALUE_corrected`, the reading less it.

    Notes
    -----
    corrected = T(t) − (B(t) − datum), with B straight between the readings of the base.

    References
    ----------
    Reeves, C. (2005), Aeromagnetic surveys: principles, practice and interpretation, Geosoft, chapter 3.
    """
    measured = numbers_in(DIURNAL, "value", table, value, "nT")
    if pd.api.types.is_numeric_dtype(table[time]) != pd.api.types.is_numeric_dtype(base[base_time]):
        raise ContractError(
            DIURNAL, "base_time", f"a column of the same kind as `time`, {time!r}",
            "one of numbers and one of dates",
        )  # fmt: skip
    clock, record = _record(base, base_value, base_time)
    at = seconds_of(DIURNAL, "time", table, time) - lag
    variation = np.interp(at, clock, record) - (float(np.median(record)) if datum is None else datum)
    after = np.clip(np.searchsorted(clock, at), 0, clock.size - 1)
    before = np.clip(np.searchsorted(clock, at, side="right") - 1, 0, clock.size - 1)
    covered = (at >= clock[0]) & (at <= clock[-1]) & (clock[after] - clock[before] <= maximum_gap)
    bare = ~covered & np.isfinite(at) & np.isfinite(measured)
    if outside == "refuse" and bare.any():
        raise ContractError(
            DIURNAL, "base", "a record that covers all readings",
            f"one that misses {int(bare.sum())} of {bare.size}, the first in row {int(bare.argmax()) + 1}",
            hint="give outside='leave_empty' to go on without them, or a longer maximum_gap",
        )  # fmt: skip
    variation = np.where(covered, variation, np.nan)
    own = unit_of(table, value)
    columns = {f"{value}_diurnal": variation, f"{value}_corrected": measured - variation}
    back = {name: np.asarray(units.convert(one, "nT", own)) for name, one in columns.items()}
    note = {k: v for k, v in table.attrs["columns"][value].items() if k != "title"}
    return with_columns(table, back, dict.fromkeys(back, note))


def _record(base: pd.DataFrame, value: str, time: str) -> tuple[np.ndarray, np.ndarray]:
    """Times in seconds, ascending, and readings in nT of a base station."""
    readings = numbers_in(DIURNAL, "base_value", base, value, "nT")
    seconds = seconds_of(DIURNAL, "base_time", base, time)
    known = np.isfinite(readings) & np.isfinite(seconds)
    _check_clock(readings[known], seconds[known], time)
    means = pd.Series(readings[known]).groupby(seconds[known]).mean()
    if len(means) < 2:
        raise ContractError(
            DIURNAL, "base", "a record of readings at two times or more", f"one of {len(means)}"
        )
    record = means.to_numpy(np.float64)
    if np.ptp(record) == 0:
        raise ContractError(DIURNAL, "base_value", "a record that varies", f"{record[0]:g} nT throughout")
    return means.index.to_numpy(np.float64), record


def _check_clock(readings: np.ndarray, seconds: np.ndarray, time: str) -> None:
    """Refuse a record of several days by the time of the day: its clock goes over the same hours again."""
    hint = "give dates with times, for a record of several days by the time of the day is no record in time"
    groups = pd.Series(readings).groupby(seconds)
    spread = (groups.max() - groups.min()).to_numpy()
    if spread.max(initial=0.0) > MOST_SPREAD:
        raise ContractError(
            DIURNAL, "base", f"a record whose readings of one time agree within {MOST_SPREAD:g} nT",
            f"one with {np.count_nonzero(spread > MOST_SPREAD)} times in {time!r} at which they do not, by "
            f"up to {spread.max():g} nT", hint=hint,
        )  # fmt: skip
    runs = np.split(seconds, np.flatnonzero(np.diff(seconds) < 0) + 1)
    if len(runs) * USUAL_RUN > seconds.size:
        return
    ends = np.array(sorted((run[0], run[-1]) for run in runs))
    again = int(np.count_nonzero(ends[1:, 0] < np.maximum.accumulate(ends[:, 1])[:-1]))
    if again:
        raise ContractError(
            DIURNAL, "base_time", "times that go over each hour once",
            f"{time!r}, which goes over {again} stretches of time again", hint=hint,
        )  # fmt: skip


@process(LAG, version="1", keywords=("parallax", "herringbone", "towed sensor", "滞后改正"))
def lag_correction(
    table: SurveyTable,
    line: LineColumn,
    value: ValueColumn,
    lag: Annotated[float, Bounds(minimum=-1e6, maximum=1e6)],
    *,
    order: OrderColumn | None = None,
    along: Literal["distance", "readings"] = "distance",
    maximum_gap: Gap | None = None,
) -> LinePoints:
    """Readings moved back along their line to where the sensor was.

    Use it where the sensor is towed behind the antenna of the navigation, or its readings are stored late:
    anomalies then shift with the direction of flight, and contours of neighbouring lines make a
    herringbone. Find the lag from a line flown both ways over a sharp anomaly.

    Parameters
    ----------
    table : GeoDataFrame
        Points of readings along lines.
    line : str
        Column of the number or name of the line.
    value : str
        Numeric column to be moved.
    lag : float
        How far the sensor is behind, in metres along the line or in readings; negative where it is ahead.
    order : str, optional
        Column of fiducials or times by which a line is ordered. Left out, rows stay in their order.
    along : str
        Whether `lag` is a `distance` in metres or a number of `readings`.
    maximum_gap : float, optional
        Between readings farther apart than this, in metres, there is no value. Left out, five times the
        median step of the line.

    Returns
    -------
    GeoDataFrame
        `table` with the column `VALUE_lagged`. The last readings of a line (the first, where the lag is
        negative) have none, for their place was not passed by the sensor; nor have those it moves onto gaps.

    Notes
    -----
    v′(s) = v(s + lag), straight between readings.

    References
    ----------
    Reeves, C. (2005), Aeromagnetic surveys: principles, practice and interpretation, Geosoft, chapter 3.
    """
    lines = lines_of(LAG, table, line, order)
    values = numbers_of(table, value)[lines.rows]
    moved = np.full(values.size, np.nan)
    limits = usual_gaps(lines) if maximum_gap is None else np.full(lines.count, maximum_gap)
    for part, limit in zip(lines.parts, limits, strict=True):
        moved[part] = _moved(lines.distance[part], values[part], lag, along, float(limit))
    return beside_value(table, lines, value, {"lagged": moved})


def _moved(distance: np.ndarray, values: np.ndarray, lag: float, along: str, limit: float) -> np.ndarray:
    """Readings (n,) of a line moved by a lag, NaN where it ends on a step longer than `limit` metres.

    Readings that are missing are not counted, so a lag in readings must not reach over such a step either.
    """
    rows = np.arange(distance.size)
    axis = distance if along == "distance" else rows * 1.0
    after = np.clip(np.searchsorted(axis, axis + lag), 0, rows.size - 1)
    before = np.clip(np.searchsorted(axis, axis + lag, side="right") - 1, 0, rows.size - 1)
    if along == "readings":
        before, after = np.minimum(before, rows), np.maximum(after, rows)
    gaps = np.cumsum(np.diff(distance, prepend=distance[:1]) > limit)
    found = np.interp(axis + lag, axis, values, left=np.nan, right=np.nan)
    return np.where(gaps[after] <= gaps[before], found, np.nan)


HeadingTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="heading", unit="deg", title="Heading from grid north"),
            Column(name="correction", title="What the reading is too high on this heading"),
            Column(name="lines", unit="1", title="Lines"),
        )
    ),
]


class HeadingCorrected(NamedTuple):
    """Readings after, the heading effect, and statistics of the misties."""

    points: LinePoints
    headings: HeadingTable
    statistics: MistieTable


@process(HEADING, version="1", keywords=("cloverleaf", "compensation", "manoeuvre noise", "航向改正"))
def heading_correction(
    table: SurveyTable,
    line: LineColumn,
    value: ValueColumn,
    *,
    order: OrderColumn | None = None,
    cloverleaf: Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))] | None = None,
    form: Literal["directions", "sinusoid"] = "directions",
    robust: bool = True,
    maximum_gap: Gap | None = None,
) -> HeadingCorrected:
    """Readings less the error that hangs on the direction of flight.

    Use it where neighbouring lines flown in opposite directions differ by a constant. With a `cloverleaf`,
    passes over one place on the headings of the survey, the error is taken from that; without, from all
    crossings of the survey itself, which asks for lines and tie lines flown both ways.

    Parameters
    ----------
    table : GeoDataFrame
        Points of readings along lines.
    line : str
        Column of the number or name of the line; of `cloverleaf` too.
    value : str
        Numeric column to be corrected; of `cloverleaf` too, in the same unit.
    order : str, optional
        Column of fiducials or times by which a line is ordered; of `cloverleaf` too.
    cloverleaf : GeoDataFrame, optional
        Readings of the test flight, each pass a line of its own.
    form : str
        `directions`: a constant for each of the four quarters about the first axis of the survey and its
        ties. `sinusoid`: a cos h + b sin h + c cos 2h + d sin 2h of the heading h, for surveys of many
        directions.
    robust : bool
        Weigh down crossings that disagree with the others.
    maximum_gap : float, optional
        Readings farther apart than this, in metres, have no crossing between them. Left out, five times
        the median step of the line.

    Returns
    -------
    points : GeoDataFrame
        `table` with `VALUE_heading`, the effect, and `VALUE_heading_corrected`. Lines without a direction
        keep their readings.
    headings : DataFrame
        The effect for each quarter or, for `sinusoid`, for every 15 degrees, with the lines that fly it.
    statistics : DataFrame
        Misties of the crossings that were used, before and after.

    Notes
    -----
    Least squares over crossings of lines of headings h and g: mistie = e(h) − e(g). A constant common to
    all headings cannot be told from the field; the effect of `directions` has the least sum of squares,
    so that its mean is zero.

    References
    ----------
    Reeves, C. (2005), Aeromagnetic surveys: principles, practice and interpretation, Geosoft, chapter 3.
    """
    lines = lines_of(HEADING, table, line, order)
    axis = _axis(lines)
    source, other = (table, lines)
    if cloverleaf is not None:
        source, other = cloverleaf, _cloverleaf_lines(cloverleaf, line, value, order)
    found = crossed(other, np.ones((other.count, other.count), dtype=bool), maximum_gap)
    readings = found.between(numbers_of(source, value)[other.rows])
    basis = _basis(headings(other), axis, form)
    known = np.isfinite(readings).all(axis=1) & np.isfinite(basis[found.lines]).all(axis=(1, 2))
    misties, ends = readings[known, 0] - readings[known, 1], found.lines[known]
    matrix = basis[ends[:, 0]] - basis[ends[:, 1]]
    if np.count_nonzero(np.abs(matrix).max(axis=1, initial=0.0) > 0) < FEWEST_CROSSINGS:
        raise ContractError(
            HEADING, "table" if cloverleaf is None else "cloverleaf",
            f"lines that cross on different headings {FEWEST_CROSSINGS} times or more",
            f"lines with {len(misties)} crossings",
        )  # fmt: skip
    effect = robust_solution(sparse.csr_array(matrix), misties, robust=robust)[0]
    own = np.nan_to_num(_basis(headings(lines), axis, form) @ effect)[lines.line]
    values = numbers_of(table, value)[lines.rows]
    points = beside_value(table, lines, value, {"heading": own, "heading_corrected": values - own})
    after = misties - matrix @ effect
    unit = unit_of(table, value)
    statistics = statistics_of([value, f"{value}_heading_corrected"], [unit] * 2, [misties, after])
    return HeadingCorrected(points, _heading_table(lines, axis, form, effect), statistics)


def _cloverleaf_lines(cloverleaf: gpd.GeoDataFrame, line: str, value: str, order: str | None) -> Lines:
    missing = [name for name in (line, value, order) if name and name not in cloverleaf.columns]
    if missing:
        came = f"one without {missing[0]!r}"
        raise ContractError(HEADING, "cloverleaf", "a table with the columns of `table`", came)
    return lines_of(HEADING, cloverleaf, line, order)


def _axis(lines: Lines) -> float:
    """Direction from −45 to 45 degrees about which the first of the four quarters of headings lies."""
    heading = np.radians(headings(lines))
    weight = np.where(np.isfinite(heading), lines.distance[lines.starts[1:] - 1], 0.0)
    mean = np.sum(weight * np.exp(4j * np.nan_to_num(heading)))
    return float(np.degrees(np.angle(mean)) / 4.0)


def _basis(heading: np.ndarray, axis: float, form: str) -> np.ndarray:
    """Functions of the heading (n, 4), NaN where there is no heading."""
    if form == "sinusoid":
        angle = np.radians(heading)
        return np.column_stack([np.cos(angle), np.sin(angle), np.cos(2 * angle), np.sin(2 * angle)])
    quarter = np.round(((heading - axis) % 360.0) / 90.0) % 4
    basis: np.ndarray = (quarter[:, None] == np.arange(4)).astype(np.float64)
    basis[~np.isfinite(heading)] = np.nan
    return basis


def _heading_table(lines: Lines, axis: float, form: str, effect: np.ndarray) -> pd.DataFrame:
    width = 90.0 if form == "directions" else 15.0
    start = axis if form == "directions" else 0.0
    middles = start + width * np.arange(round(360.0 / width))
    heading = headings(lines)
    place = np.round(((heading[np.isfinite(heading)] - start) % 360.0) / width) % middles.size
    return pd.DataFrame({
        "heading": np.round(middles, 6) % 360.0,
        "correction": _basis(middles, axis, form) @ effect,
        "lines": np.bincount(place.astype(np.int64), minlength=middles.size),
    })  # fmt: skip
