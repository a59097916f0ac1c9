"""Werner deconvolution of magnetic profiles."""

from __future__ import annotations

from typing import Annotated, Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from craton.kernels.werner import Sheets, thin_sheets
from craton.methods.field_gradients import Height
from craton.methods.placement import crs_of
from craton.methods.potential_field import Values
from craton.methods.survey_columns import numbers_of
from craton.methods.survey_line_order import Lines, lines_of, points_of
from craton.methods.survey_lines import LineColumn, OrderColumn, SurveyTable, ValueColumn
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import Bounds, Column, Table, Unit
from craton.process.processes import process

WERNER = "magnetics.werner_deconvolution"

GAP = 5.0
"""Median steps of a line above which a step is a gap that no window spans."""

FEWEST, LARGEST = 8, 1001
"""Points in a window: more than there are unknowns, and fewer than a mistake."""

Depth = Annotated[float, Unit("m"), Bounds(above=0)]

SheetTable = Annotated[
    gpd.GeoDataFrame,
    Table(
        geometry=("Point",),
        columns=(
            Column(name="line", title="Line"),
            Column(name="distance_m", unit="m", title="Distance along the line"),
            Column(name="depth", unit="m", quantity="depth", title="Depth below the ground"),
            Column(name="depth_std", unit="m", title="Standard deviation of the depth"),
            Column(name="distance_std", unit="m", title="Standard deviation of the distance"),
            Column(name="window", unit="1", title="Points in the window"),
        ),
    ),
]


@process(WERNER, version="1", keywords=("depth", "profile", "dyke", "thin sheet", "contact", "维尔纳反褶积"))
def werner_deconvolution(
    table: SurveyTable,
    line: LineColumn,
    value: ValueColumn,
    model: Literal["sheet", "contact"] = "sheet",
    *,
    order: OrderColumn | None = None,
    windows: Annotated[tuple[int, ...], Bounds(minimum=FEWEST, maximum=LARGEST)] = (11, 21, 41),
    tolerance: Annotated[float, Bounds(above=0, maximum=10)] = 0.1,
    maximum_depth: Depth | None = None,
    height: Height = 0.0,
) -> SheetTable:
    """Depths of dykes and contacts along magnetic profiles, by Werner deconvolution.

    Use it on survey lines that cross strike at a steep angle, before or beside grids, whose depths are dulled
    by gridding. A sheet is thinner than its depth, reaches deep and goes on along strike; the edges of
    thicker bodies are contacts. Depths along a line that crosses strike at an angle come out too large, by
    one over the sine of it.

    Parameters
    ----------
    table : GeoDataFrame
        Points of readings, in metres or degrees.
    line : str
        Column of the number or name of the line.
    value : str
        Numeric column of the magnetic field.
    model : str
        `sheet` takes the field as it is, `contact` its derivative along the line.
    order : str, optional
        Column of fiducials or times by which a line is ordered. Left out, rows stay in their order.
    windows : tuple of int
        Points in the moving windows, one pass for each. A window should be about as long as two to four
        depths.
    tolerance : float
        Largest standard deviation of a depth that is kept, as a part of the depth below the sensor.
    maximum_depth : float, optional
        Largest depth below the ground that is kept, in metres. Left out, what lies deeper than the window is
        long.
    height : float
        Height of the sensor above the ground, in metres, which is taken off depths.

    Returns
    -------
    GeoDataFrame
        A point for each window that is kept, by line, window and distance, with the depth in metres and
        standard deviations. No rows for flat lines, and none for lines shorter than a window.

    Notes
    -----
    F = (A (x − x₀) + B z) / ((x − x₀)² + z²) + c₀ + c₁ x is made linear in six unknowns and solved by least
    squares in each window. Solutions must lie within their window. Readings without a value or at the place
    of the one before are left out; windows over a step of more than five median steps of the line too.

    References
    ----------
    Werner, S. (1953), Interpretation of magnetic anomalies at sheet-like bodies, Sveriges Geologiska
    Undersökning, Series C 508.

    Hartman, R. R., Teskey, D. J. and Friedberg, J. L. (1971), A system for rapid digital aeromagnetic
    interpretation, Geophysics 36(5), 891-918, doi:10.1190/1.1440223.
    """
    if not windows:
        raise ContractError(WERNER, "windows", "one number of points or more", "none")
    lines = lines_of(WERNER, table, line, order)
    field = numbers_of(table, value)[lines.rows]
    found: list[pd.DataFrame] = []
    for number, part in enumerate(progress.each(lines.parts, "lines")):
        points = np.arange(part.start, part.stop)[np.isfinite(field[part])]
        away = lines.distance[points]
        points = points[np.diff(away, prepend=-np.inf) > 0]
        away = lines.distance[points]
        profile = field[points]
        if model == "contact" and away.size > 2:
            profile = np.gradient(profile, away)
        for window in windows:
            if window <= away.size:
                sheets = thin_sheets(away, profile, window)
                kept = _kept(sheets, away, window, tolerance, maximum_depth, height)
                found.append(_rows(lines, number, points, away, sheets, kept, window, height))
    return _table(table, found)


def _kept(
    sheets: Sheets, away: Values, window: int, tolerance: float, maximum: float | None, height: float
) -> np.ndarray:
    """Which solutions stand."""
    steps = np.diff(away)
    gaps = np.concatenate([[0], np.cumsum(steps > GAP * np.median(steps))])
    whole = gaps[window - 1 :] == gaps[: gaps.size - window + 1]
    deepest = 2 * sheets.half if maximum is None else maximum + height
    inside = np.abs(sheets.distance - sheets.middle) <= sheets.half
    kept: np.ndarray = (
        whole & inside & (sheets.depth > height) & (sheets.depth <= deepest)
        & (sheets.depth_std <= tolerance * sheets.depth)
    )  # fmt: skip
    return kept


def _rows(
    lines: Lines, number: int, points: Values, away: Values, sheets: Sheets, kept: np.ndarray, window: int,
    height: float,
) -> pd.DataFrame:  # fmt: skip
    """Solutions of one line and window as rows, with their places."""
    distance = sheets.distance[kept]
    places = [np.interp(distance, away, lines.own[points, axis]) for axis in (0, 1)]
    return pd.DataFrame(
        {
            "line": [lines.names[number]] * distance.size, "distance_m": distance,
            "depth": sheets.depth[kept] - height, "depth_std": sheets.depth_std[kept],
            "distance_std": sheets.distance_std[kept], "window": np.full(distance.size, window),
            "east": places[0], "north": places[1],
        }
    )  # fmt: skip


def _table(table: gpd.GeoDataFrame, found: list[pd.DataFrame]) -> gpd.GeoDataFrame:
    numbers = ("distance_m", "depth", "depth_std", "distance_std", "east", "north")
    kinds = dict.fromkeys(numbers, np.float64) | {"window": np.int64}
    filled = [one for one in found if len(one)]
    rows = pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=["line", *kinds])
    rows = rows[["line", "distance_m", "depth", "depth_std", "distance_std", "window", "east", "north"]]
    rows = rows.astype(kinds)
    points = points_of(table, rows[["east", "north"]].to_numpy())
    return gpd.GeoDataFrame(rows.drop(columns=["east", "north"]), geometry=points, crs=crs_of(table) or None)
