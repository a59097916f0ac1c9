"""Survey lines: their order, direction, kind and gaps, and where they cross one another."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from craton.methods.survey_columns import numbers_of, seconds_of, unit_of, with_columns
from craton.methods.survey_line_crossings import crossed, statistics_of
from craton.methods.survey_line_order import Lines, headings, kinds, lines_of, points_of
from craton.methods.vector_shapes import COLUMNS
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, ColumnOf, Table, Unit
from craton.process.processes import process

ARRANGE, CROSSOVERS = "survey_lines.arrange", "survey_lines.crossovers"

SurveyTable = Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))]
LineColumn = Annotated[str, ColumnOf("table")]
OrderColumn = Annotated[str, ColumnOf("table")]
KindColumn = Annotated[str, ColumnOf("table")]
ValueColumn = Annotated[str, ColumnOf("table", numeric=True)]
Gap = Annotated[float, Unit("m"), Bounds(above=0)]

BACKWARD = 90.0
"""Degrees off the heading of its line from which on a step goes back."""

ArrangedTable = Annotated[
    gpd.GeoDataFrame,
    Table(
        geometry=("Point",),
        columns=(
            Column(name="line_kind", title="Kind of line: survey, tie or other"),
            Column(name="distance_m", unit="m", title="Distance along the line"),
            Column(name="step_m", unit="m", title="Distance from the reading before"),
            Column(name="speed_m_per_s", unit="m/s", title="Speed since the reading before"),
            Column(name="finding", title="What is odd about the reading"),
        ),
    ),
]

LineTable = Annotated[
    gpd.GeoDataFrame,
    Table(
        geometry=("LineString",),
        columns=(
            Column(name="line_kind", title="Kind of line: survey, tie or other"),
            Column(name="points", unit="1", title="Readings"),
            Column(name="length_m", unit="m", title="Length along the line"),
            Column(name="heading", unit="deg", title="Heading from grid north, first to last reading"),
            Column(name="median_step_m", unit="m", title="Median distance of readings"),
            Column(name="largest_step_m", unit="m", title="Largest distance of readings"),
            Column(name="duplicates", unit="1", title="Readings at the place of the one before"),
            Column(name="gaps", unit="1", title="Gaps"),
            Column(name="speed_spikes", unit="1", title="Readings reached too fast"),
            Column(name="reversals", unit="1", title="Steps against the heading"),
            Column(name="finding", title="What is odd about the line"),
        ),
    ),
]


class Arranged(NamedTuple):
    """Readings in order, and the lines."""

    points: ArrangedTable
    lines: LineTable


@process(ARRANGE, version="1", keywords=("flight lines", "tie lines", "traverse", "QC", "测线"))
def arrange(
    table: SurveyTable,
    line: LineColumn,
    *,
    order: OrderColumn | None = None,
    time: Annotated[str, ColumnOf("table")] | None = None,
    kind: KindColumn | None = None,
    gap: Annotated[float, Bounds(above=1)] = 5.0,
    speed: Annotated[float, Bounds(above=1)] = 1.5,
) -> Arranged:
    """Readings put in order along their survey lines, with what is odd about each reading and line.

    Use it first on every airborne, marine or ground survey: it shows gaps, repeated readings, jumps of the
    navigation, and lines that are no lines. It changes no reading; what it finds is for
    a person to judge.

    Parameters
    ----------
    table : GeoDataFrame
        Points of readings in a system in metres, or in degrees (then lengths are measured in a plane about
        the middle of the survey, also across the antimeridian). Rows without place or line are left out.
    line : str
        Column of the number or name of the line.
    order : str, optional
        Column of fiducials or times by which a line is ordered. Left out, rows stay in their order.
    time : str, optional
        Column of times, or of numbers in a unit of time, from which the speed is taken. `order` is not
        needed then.
    kind : str, optional
        Column that says which lines are tie lines (a text that begins with `tie`, `control`, `cross`, or
        `T`). Left out, it is told from the directions.
    gap : float
        Steps longer than this many median steps of the line are gaps.
    speed : float
        Speeds above this many median speeds of the line are spikes.

    Returns
    -------
    points : GeoDataFrame
        Rows by line, in order, with `line_kind`, `distance_m` along the line, `step_m`, `speed_m_per_s`
        and `finding`: `duplicate`, `gap`, `speed`, `reversal`, or nothing.
    lines : GeoDataFrame
        A line through the readings of each, with its kind, length, heading and counts. `finding` says
        `single point`, `one place`, `not straight` or nothing. Lines of a single point have no geometry.

    Notes
    -----
    The axis of the survey is ½ arg Σ L exp(2iθ) over lines of length L and heading θ; lines within 45° of
    it are survey lines, others tie lines, those whose ends are less than half their length apart `other`.
    A step is a reversal where it goes more than 90° off the heading of its line.

    References
    ----------
    Reeves, C. (2005), Aeromagnetic surveys: principles, practice and interpretation, Geosoft, chapter 3.
    """
    lines = lines_of(ARRANGE, table, line, order or time)
    kind_of_line = kinds(table, lines, kind)
    steps, found = lines.steps, _oddities(lines, gap)
    rates = np.full(lines.rows.size, np.nan)
    if time is not None:
        seconds = seconds_of(ARRANGE, "time", table, time)[lines.rows]
        rates = _speeds(lines, seconds)
        found["speed"] = rates > speed * _by_line(lines, rates)
    words = pd.Series([""] * lines.rows.size, dtype=object)
    for word, where in found.items():
        words[where] = words[where].map(lambda said, word=word: f"{said}; {word}" if said else word)
    arranged = with_columns(
        table.iloc[lines.rows].reset_index(drop=True),
        {
            "line_kind": kind_of_line[lines.line], "distance_m": lines.distance, "step_m": steps,
            "speed_m_per_s": rates, "finding": words.to_numpy(),
        },
        {},
    )  # fmt: skip
    return Arranged(arranged, _line_table(table, line, lines, kind_of_line, found))


def _oddities(lines: Lines, gap: float) -> dict[str, np.ndarray]:
    """Points by what is odd about the step to them."""
    steps = lines.steps
    first = np.zeros(steps.size, dtype=bool)
    first[lines.starts[:-1]] = True
    moved = np.where(steps > 0, steps, np.nan)
    east, north = np.diff(lines.places, axis=0, prepend=lines.places[:1]).T
    turn = np.degrees(np.arctan2(east, north)) - headings(lines)[lines.line]
    off = np.abs((turn + 180.0) % 360.0 - 180.0)
    return {
        "duplicate": (steps == 0) & ~first,
        "gap": steps > gap * _by_line(lines, moved),
        "speed": np.zeros(steps.size, dtype=bool),
        "reversal": (off > BACKWARD) & (steps > 0) & ~first,
    }


def _by_line(lines: Lines, values: np.ndarray) -> np.ndarray:
    """Median of the values of its line for each point; infinite where there is none."""
    medians = pd.Series(values).groupby(lines.line).transform("median")
    return medians.fillna(np.inf).to_numpy()


def _speeds(lines: Lines, seconds: np.ndarray) -> np.ndarray:
    """Speed since the point before; infinite where no time has passed on the way, missing at first points."""
    passed = np.diff(seconds, prepend=np.nan)
    passed[lines.starts[:-1]] = np.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        speeds: np.ndarray = lines.steps / passed
    return speeds


def _line_table(
    table: gpd.GeoDataFrame, line: str, lines: Lines, kind: np.ndarray, found: dict[str, np.ndarray]
) -> gpd.GeoDataFrame:
    steps, numbers = lines.steps, lines.line
    counts = {
        word: np.bincount(numbers, where, lines.count).astype(np.int64) for word, where in found.items()
    }
    sizes = np.diff(lines.starts)
    length = lines.distance[lines.starts[1:] - 1]
    moved = [steps[part][steps[part] > 0] for part in lines.parts]
    said = np.where(kind == "other", "not straight", "").astype(object)
    said[length == 0], said[sizes == 1] = "one place", "single point"
    name = line if line not in LINE_COLUMNS else f"{line}_1"
    frame = gpd.GeoDataFrame(
        {
            name: lines.names, "line_kind": kind, "points": sizes, "length_m": length,
            "heading": headings(lines),
            "median_step_m": [float(np.median(one)) if one.size else np.nan for one in moved],
            "largest_step_m": [float(one.max()) if one.size else np.nan for one in moved],
            "duplicates": counts["duplicate"], "gaps": counts["gap"], "speed_spikes": counts["speed"],
            "reversals": counts["reversal"], "finding": said,
        },
        geometry=[
            shapely.linestrings(lines.own[part]) if size > 1 else None
            for part, size in zip(lines.parts, sizes, strict=True)
        ],
        crs=table.crs,
    )  # fmt: skip
    frame.attrs[COLUMNS] = {name: dict(table.attrs.get(COLUMNS, {}).get(line, {}))}
    return frame


LINE_COLUMNS = frozenset({
    "line_kind", "points", "length_m", "heading", "median_step_m", "largest_step_m", "duplicates", "gaps",
    "speed_spikes", "reversals", "finding", "geometry",
})  # fmt: skip
"""Columns of the table of lines beside the name of the line."""

CrossingTable = Annotated[
    gpd.GeoDataFrame,
    Table(
        geometry=("Point",),
        columns=(
            Column(name="line_1", title="First line"),
            Column(name="line_2", title="Second line"),
            Column(name="kind_1", title="Kind of the first line"),
            Column(name="kind_2", title="Kind of the second line"),
            Column(name="distance_1_m", unit="m", title="Distance along the first line"),
            Column(name="distance_2_m", unit="m", title="Distance along the second line"),
        ),
    ),
]

MistieTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="column", title="Column"),
            Column(name="unit", title="Unit of the column"),
            Column(name="count", unit="1", title="Crossings"),
            Column(name="mean", title="Mean mistie"),
            Column(name="standard_deviation", title="Standard deviation"),
            Column(name="root_mean_square", title="Root mean square"),
            Column(name="median", title="Median"),
            Column(name="robust_deviation", title="1.4826 times the median absolute deviation"),
            Column(name="largest", title="Largest absolute mistie"),
        )
    ),
]


class Crossovers(NamedTuple):
    """Crossings, and statistics of their misties."""

    crossings: CrossingTable
    statistics: MistieTable


@process(CROSSOVERS, version="1", keywords=("mistie", "intersections", "tie lines", "levelling", "交点差"))
def crossovers(
    table: SurveyTable,
    line: LineColumn,
    values: tuple[ValueColumn, ...],
    *,
    order: OrderColumn | None = None,
    kind: KindColumn | None = None,
    pairs: Annotated[str, ColumnOf("table")] | None = None,
    maximum_gap: Gap | None = None,
) -> Crossovers:
    """Every crossing of survey lines, with the readings there and how far they disagree.

    Use it to judge a survey before levelling and after: name the columns of both in `values`, and compare
    their statistics. Readings change along a line between the two nearest, so crossings on gaps are left
    out.

    Parameters
    ----------
    table : GeoDataFrame
        Points of readings, in metres or degrees.
    line : str
        Column of the number or name of the line.
    values : tuple of str
        One or more numeric columns.
    order : str, optional
        Column of fiducials or times by which a line is ordered. Left out, rows stay in their order.
    kind : str, optional
        Column that says which lines are tie lines. Left out, it is told from the directions.
    pairs : str, optional
        Column of blocks or flights: only lines of different ones are compared. Left out, all lines are.
    maximum_gap : float, optional
        Readings farther apart than this, in metres, have no crossing between them. Left out, five times
        the median step of the line.

    Returns
    -------
    crossings : GeoDataFrame
        A point for each crossing with the two lines, their kinds, the distances along them, and for each
        column its values `NAME_1`, `NAME_2` and the mistie `NAME_mistie` = first less second.
    statistics : DataFrame
        For each column the count, mean, deviation, root mean square, median, robust deviation and largest
        of its misties.

    Notes
    -----
    Steps p + t u and q + s v cross at t = (q − p) × v / u × v, s = (q − p) × u / u × v where both are from
    0 to 1; values are v₀ (1 − t) + v₁ t. Crossings of a line with itself are not looked for.

    References
    ----------
    Luyendyk, A. P. J. (1997), Processing of airborne magnetic data, AGSO Journal of Australian Geology and
    Geophysics 17(2), 31-38.
    """
    if not values:
        raise ContractError(CROSSOVERS, "values", "one or more numeric columns", "none")
    lines = lines_of(CROSSOVERS, table, line, order)
    kind_of_line = kinds(table, lines, kind)
    meet = np.ones((lines.count, lines.count), dtype=bool)
    if pairs is not None:
        block = table[pairs].iloc[lines.rows[lines.starts[:-1]]].astype(str).to_numpy(dtype=object)
        meet = block[:, None] != block[None, :]
    found = crossed(lines, meet, maximum_gap)
    names = np.array([str(one) for one in lines.names], dtype=object)
    along = found.between(lines.distance)
    columns: dict[str, np.ndarray] = {
        "line_1": names[found.lines[:, 0]], "line_2": names[found.lines[:, 1]],
        "kind_1": kind_of_line[found.lines[:, 0]], "kind_2": kind_of_line[found.lines[:, 1]],
        "distance_1_m": along[:, 0], "distance_2_m": along[:, 1],
    }  # fmt: skip
    notes: dict[str, dict[str, str]] = {}
    misties = []
    for name in values:
        readings = found.between(numbers_of(table, name)[lines.rows])
        misties.append(readings[:, 0] - readings[:, 1])
        both = {f"{name}_1": readings[:, 0], f"{name}_2": readings[:, 1], f"{name}_mistie": misties[-1]}
        columns |= both
        notes |= {one: {"unit": unit_of(table, name)} for one in both}
    places = lines.between(lines.own, found.points[:, 0], found.parts[:, 0])
    crossings = gpd.GeoDataFrame(columns, geometry=points_of(table, places), crs=table.crs)
    crossings.attrs[COLUMNS] = notes
    unit = [unit_of(table, name) for name in values]
    return Crossovers(crossings, statistics_of(list(values), unit, misties))
