"""Depth rules: depths along profiles from half-widths of gravity and half-slopes of magnetic anomalies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from craton.kernels import depth_rules as kernel
from craton.kernels.survey_lines import Floats
from craton.methods.field_gradients import Height
from craton.methods.placement import crs_of
from craton.methods.survey_columns import numbers_of
from craton.methods.survey_line_order import Lines, lines_of, points_of
from craton.methods.survey_lines import LineColumn, OrderColumn, SurveyTable, ValueColumn
from craton.process import progress
from craton.process.marks import Bounds, Column, Table
from craton.process.processes import process

HALF_WIDTH, HALF_SLOPE = "gravity.half_width_depth", "magnetics.half_slope_depth"

GAP = 5.0
"""Median steps of a line above which a step is a gap that no spline spans."""

Part = Annotated[float, Bounds(minimum=0, maximum=1)]

PLACE = (
    Column(name="line", title="Line"),
    Column(name="distance_m", unit="m", title="Distance along the line"),
)
WIDTHS = (
    *PLACE,
    Column(name="depth", unit="m", quantity="depth", title="Depth of the middle below the ground"),
    Column(name="greatest_top", unit="m", title="Depth below which the top cannot lie"),
    Column(name="half_width", unit="m", title="Half the width at half the height"),
    Column(name="asymmetry", unit="1", title="Difference of both sides over their sum"),
    Column(name="height", title="Height of the anomaly, below 0 over a low"),
)
SLOPES = (
    *PLACE,
    Column(name="depth", unit="m", quantity="depth", title="Depth of the top below the ground"),
    Column(name="depth_of_sheet", unit="m", title="Depth were it a thin sheet"),
    Column(name="depth_of_contact", unit="m", title="Depth were it a contact"),
    Column(name="length", unit="m", title="Distance of the places of half slope"),
    Column(name="change", title="Change of the field between them, above 0 where it rises"),
)


@process(
    HALF_WIDTH, version="1",
    keywords=("depth rule", "profile", "limiting depth", "Bott and Smith", "半宽", "半宽度法", "深度估计"),
)  # fmt: skip
def half_width_depth(
    table: SurveyTable,
    line: LineColumn,
    value: ValueColumn,
    shape: Literal["sphere", "cylinder"] = "sphere",
    *,
    order: OrderColumn | None = None,
    smallest: Part = 0.1,
    height: Height = 0.0,
) -> Annotated[gpd.GeoDataFrame, Table(geometry=("Point",), columns=WIDTHS)]:
    """Depths of compact masses along gravity profiles from the half-width, and the limit of their tops.

    Use it on lines of a residual, which is about 0 away from anomalies, for a first depth of each high and
    low: caves, lenses, plutons, buried channels. Take the regional off before, with
    `gridding.polynomial_trend`: what is left of it makes depths too large. Not for neighbours whose anomalies
    run into each other, nor for thin sheets.

    Parameters
    ----------
    table : GeoDataFrame
        Points of readings, in metres or degrees.
    line : str
        Column of the number or name of the line.
    value : str
        Numeric column of the residual anomaly of gravity.
    shape : str
        `sphere` for compact bodies, `cylinder` for long level ones that the line crosses at a right angle.
    order : str, optional
        Column of fiducials or times by which a line is ordered. Left out, rows stay in their order.
    smallest : float
        Height of an anomaly that counts, as a part of the largest of its line.
    height : float
        Height of the meter above the ground, in metres, which is taken off depths.

    Returns
    -------
    GeoDataFrame
        A point for each high and low that falls to half its height on both sides, with depths in metres. The
        depth of the middle stands as long as the `asymmetry` is well below 1; `greatest_top` holds for any
        body of one sign of density.

    Notes
    -----
    z = x½/√(2^⅔ − 1) = 1.305 x½ for spheres and z = x½ for cylinders, x½ half the width at half the height.
    The top lies no deeper than C |g|max/|g′|max with C = 48/(25√5) = 0.859, and 3√3/8 = 0.650 where the body
    goes on along strike; the greatest slope is sought within a half-width beyond the half-height. A cubic
    spline joins readings; lines are parted where a step is more than five median steps.

    References
    ----------
    Bott, M. H. P. and Smith, R. A. (1958), The estimation of the limiting depth of gravitating bodies,
    Geophysical Prospecting 6(1), 1-10, doi:10.1111/j.1365-2478.1958.tb01639.x.

    Telford, W. M., Geldart, L. P., and Sheriff, R. E. (1990), Applied geophysics, 2nd edition, Cambridge
    University Press, section 2.7.
    """
    return _along_lines(
        HALF_WIDTH, table, (line, value, order), WIDTHS,
        lambda curve, largest: _widths(curve, shape, smallest * largest, height),
        lambda field: float(np.abs(field).max()),
    )  # fmt: skip


@process(
    HALF_SLOPE, version="1",
    keywords=("depth rule", "profile", "Peters", "basement", "半斜率", "彼得斯法", "切线法", "深度估计"),
)  # fmt: skip
def half_slope_depth(
    table: SurveyTable,
    line: LineColumn,
    value: ValueColumn,
    source: Literal["sheet", "dyke", "contact"] = "dyke",
    *,
    order: OrderColumn | None = None,
    smallest: Part = 0.1,
    height: Height = 0.0,
) -> Annotated[gpd.GeoDataFrame, Table(geometry=("Point",), columns=SLOPES)]:
    """Depths of magnetic sources along profiles from the flanks of their anomalies (Peters' half-slope rule).

    Use it on smooth lines across strike, for a depth that can be checked with pencil and ruler, beside
    `magnetics.werner_deconvolution`. The rule is of upright bodies magnetised upright: away from the magnetic
    poles take lines from a grid reduced to the pole. Not for noisy lines: smooth them first, with
    `survey_lines.filter`. Where a line crosses strike at an angle depths come out too large, by one over the
    sine of it.

    Parameters
    ----------
    table : GeoDataFrame
        Points of readings, in metres or degrees.
    line : str
        Column of the number or name of the line.
    value : str
        Numeric column of the magnetic anomaly.
    source : str
        `sheet` (much thinner than its depth; index 1.2), `dyke` (about twice as wide as deep; 1.6), or
        `contact` (much wider; 2.0).
    order : str, optional
        Column of fiducials or times by which a line is ordered. Left out, rows stay in their order.
    smallest : float
        Change of the field along a flank that counts, as a part of the range of its line.
    height : float
        Height of the sensor above the ground, in metres, which is taken off depths.

    Returns
    -------
    GeoDataFrame
        A point for each flank whose slope falls to half on both sides, at its steepest place, with the depth
        of the top in metres, and between what depths it lies whatever the width of the body.

    Notes
    -----
    Depth is the distance of the two places with half the greatest slope of the flank, over the index of
    Peters. Over a thin sheet that distance is 1.21 depths, over a contact 2, both exactly so at the pole.
    Both flanks of one body tell its depth; where they differ, the body dips or is not magnetised upright. A
    cubic spline joins readings; lines are parted where a step is more than five median steps.

    References
    ----------
    Peters, L. J. (1949), The direct approach to magnetic interpretation and its practical application,
    Geophysics 14(3), 290-320, doi:10.1190/1.1437537.
    """
    return _along_lines(
        HALF_SLOPE, table, (line, value, order), SLOPES,
        lambda curve, largest: _slopes(curve, source, smallest * largest, height),
        lambda field: float(np.ptp(field)),
    )  # fmt: skip


def _widths(curve: kernel.Curve, shape: str, smallest: float, height: float) -> pd.DataFrame:
    """Highs and lows of a curve."""
    parts = []
    for sign in (1.0, -1.0):
        found = kernel.humps(curve.distance, sign * curve.value, smallest)
        half = 0.5 * (found.right - found.left)
        sides = (np.searchsorted(curve.distance, one) for one in (found.left - half, found.right + half))
        steepest = np.array([np.abs(curve.slope[a:b]).max() for a, b in zip(*sides, strict=True)])
        columns = {
            "distance_m": found.place,
            "depth": kernel.HALF_WIDTHS[shape] * half - height,
            "greatest_top": kernel.LIMITS[shape] * found.height / steepest - height,
            "half_width": half,
            "asymmetry": np.abs(found.right + found.left - 2.0 * found.place) / (2.0 * half),
            "height": sign * found.height,
        }
        parts.append(pd.DataFrame(columns, dtype=np.float64))
    return pd.concat(parts).sort_values("distance_m")


def _slopes(curve: kernel.Curve, source: str, smallest: float, height: float) -> pd.DataFrame:
    """Rising and falling flanks of a curve."""
    parts = []
    for sign in (1.0, -1.0):
        found = kernel.humps(curve.distance, sign * curve.slope)
        before, after = (np.interp(side, curve.distance, curve.value) for side in (found.left, found.right))
        length = found.right - found.left
        depths = {name: length / index - height for name, index in kernel.PETERS.items()}
        columns = {
            "distance_m": found.place,
            "depth": depths[source],
            "depth_of_sheet": depths["sheet"],
            "depth_of_contact": depths["contact"],
            "length": length,
            "change": after - before,
        }
        parts.append(pd.DataFrame(columns, dtype=np.float64)[np.abs(after - before) >= smallest])
    return pd.concat(parts).sort_values("distance_m")


class _Piece(NamedTuple):
    """Readings one after the other without a gap: number of the line, its points, distances and values."""

    line: int
    points: np.ndarray
    distance: Floats
    field: Floats


def _pieces(lines: Lines, field: Floats) -> Iterator[list[_Piece]]:
    """Pieces of each line; readings without a value, or at the place of the one before, are left out."""
    for number, part in enumerate(lines.parts):
        points = np.arange(part.start, part.stop)[np.isfinite(field[part])]
        points = points[np.diff(lines.distance[points], prepend=-np.inf) > 0]
        steps = np.diff(lines.distance[points])
        usual = np.median(steps) if steps.size else 0.0
        cuts = np.flatnonzero(steps > GAP * usual) + 1
        yield [
            _Piece(number, own, lines.distance[own], field[own])
            for own in np.split(points, cuts)
            if own.size >= kernel.FEWEST
        ]


def _along_lines(
    id: str,
    table: gpd.GeoDataFrame,
    columns: tuple[str, str, str | None],
    kept: tuple[Column, ...],
    rule: Callable[[kernel.Curve, float], pd.DataFrame],
    size: Callable[[Floats], float],
) -> gpd.GeoDataFrame:
    """Points that `rule` finds on curves of all lines, for the `size` of each line's field."""
    line, value, order = columns
    lines = lines_of(id, table, line, order)
    field = numbers_of(table, value)[lines.rows]
    found = []
    for pieces in progress.each(list(_pieces(lines, field)), "lines"):
        largest = max((size(one.field) for one in pieces), default=0.0)
        for piece in pieces if largest > 0.0 else []:
            rows = rule(kernel.curve_of(piece.distance, piece.field), largest)
            rows = rows[rows["depth"] > 0]
            east, north = (
                np.interp(rows["distance_m"], piece.distance, lines.own[piece.points, axis])
                for axis in (0, 1)
            )
            found.append(rows.assign(line=lines.names[piece.line], east=east, north=north))
    names = [column.name for column in kept]
    rows = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=[*names, "east", "north"])
    rows = rows.astype(dict.fromkeys([*names[1:], "east", "north"], np.float64))
    points = points_of(table, rows[["east", "north"]].to_numpy())
    return gpd.GeoDataFrame(rows[names], geometry=points, crs=crs_of(table) or None)
