"""Survey lines: readings along them cleaned of spikes, smoothed, and brought to even steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from craton.kernels import survey_lines as kernel
from craton.methods.survey_columns import numbers_of, with_columns
from craton.methods.survey_line_crossings import usual_gaps
from craton.methods.survey_line_order import Lines, lines_of, points_of
from craton.methods.survey_lines import Gap, LineColumn, OrderColumn, SurveyTable, ValueColumn
from craton.methods.vector_shapes import COLUMNS, notes_of
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import Bounds, Column, Table, Unit
from craton.process.processes import process

DESPIKE, FILTER, RESAMPLE = "survey_lines.despike", "survey_lines.filter", "survey_lines.resample"

MOST_POINTS = 1 << 26
"""Points of a resampled survey above which the spacing is taken to be a mistake."""

LinePoints = Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))]


def along_lines(
    lines: Lines, values: np.ndarray, work: Callable[[np.ndarray, slice], np.ndarray], message: str
) -> np.ndarray:
    """Values of the points (n,), those of each line that are known worked on by themselves."""
    result = values.copy()
    for part in progress.each(lines.parts, message):
        known = np.flatnonzero(np.isfinite(values[part])) + part.start
        if known.size:
            result[known] = work(known, part)
    return result


@process(DESPIKE, version="1", keywords=("spikes", "Naudy", "fourth difference", "QC", "去噪"))
def despike(
    table: SurveyTable,
    line: LineColumn,
    value: ValueColumn,
    *,
    order: OrderColumn | None = None,
    method: Literal["fourth_difference", "non_linear"] = "fourth_difference",
    threshold: Annotated[float, Bounds(above=0)] = 8.0,
    smallest: Annotated[float, Bounds(minimum=0)] = 0.0,
    width: Annotated[int, Bounds(minimum=1, maximum=1000)] = 1,
) -> LinePoints:
    """Readings along survey lines with spikes taken out.

    Use it before any filter or interpolation, which would smear a spike. `fourth_difference` finds single
    wild readings by themselves; `non_linear` cuts off any feature up to a width and above a height that
    you state, and leaves longer ones as they are. Look at what was removed: over shallow sources sharp
    anomalies are real.

    Parameters
    ----------
    table : GeoDataFrame
        Points of readings at about even steps along each line.
    line : str
        Column of the number or name of the line.
    value : str
        Numeric column to be cleaned.
    order : str, optional
        Column of fiducials or times by which a line is ordered. Left out, rows stay in their order.
    method : str
        `fourth_difference` or `non_linear`.
    threshold : float
        For `fourth_difference`: how many robust deviations of the fourth differences of the line a spike
        has.
    smallest : float
        Height, in the unit of the column, below which nothing is a spike. `non_linear` needs one above 0.
    width : int
        For `non_linear`: readings that the widest feature to be removed has.

    Returns
    -------
    GeoDataFrame
        `table` with `VALUE_despiked` and `VALUE_spike`, what was taken away. Rows without a reading have
        none after.

    Notes
    -----
    Fourth difference: δ⁴ = vᵢ₋₂ − 4vᵢ₋₁ + 6vᵢ − 4vᵢ₊₁ + vᵢ₊₂; where |δ⁴| exceeds the threshold times
    1.4826 MAD and is the largest among five readings, v becomes v − δ⁴/6, the cubic through its
    neighbours; this is repeated until no spike is left, ten times at most. The two readings at either end
    of a line and beside missing ones are not judged. Non-linear, in the manner of Naudy and Dreyer: for
    widths w = 1…`width`, w readings that all stand above the higher of the readings before and behind them,
    or below the lower, by more than `smallest`, are put on the straight line between these two. Readings
    on either side of missing ones count as neighbours.

    References
    ----------
    Naudy, H. and Dreyer, H. (1968), Essai de filtrage non-linéaire appliqué aux profils aéromagnétiques,
    Geophysical Prospecting 16(2), 171-178, doi:10.1111/j.1365-2478.1968.tb01969.x.
    """
    if method == "non_linear" and smallest == 0:
        raise ContractError(DESPIKE, "smallest", "above 0 for the method non_linear", "0")
    lines = lines_of(DESPIKE, table, line, order)
    values = numbers_of(table, value)[lines.rows]

    cleaned = values.copy()
    if method == "fourth_difference":
        for part in progress.each(lines.parts, "taking out spikes"):
            cleaned[part] = kernel.without_spikes(values[part], threshold, smallest)
    else:
        cleaned = along_lines(
            lines,
            values,
            lambda known, _part: kernel.without_narrow(values[known], width, smallest),
            "taking out spikes",
        )
    return beside_value(table, lines, value, {"despiked": cleaned, "spike": values - cleaned})


def beside_value(table: gpd.GeoDataFrame, lines: Lines, value: str, columns: dict[str, np.ndarray]) -> Any:
    """`table` with columns `VALUE_…` of the points of lines, in the unit of the column `value`."""
    named = {f"{value}_{word}": lines.spread(one, len(table)) for word, one in columns.items()}
    note = notes_of(table).get(value, {})
    return with_columns(
        table, named, {name: {k: v for k, v in note.items() if k != "title"} for name in named}
    )


@process(FILTER, version="1", keywords=("low pass", "high pass", "smooth", "noise", "滤波"))
def filter_lines(
    table: SurveyTable,
    line: LineColumn,
    value: ValueColumn,
    wavelength: Annotated[float, Unit("m"), Bounds(above=0, maximum=1e7)],
    *,
    order: OrderColumn | None = None,
    keep: Literal["long", "short"] = "long",
) -> LinePoints:
    """Readings smoothed along survey lines, or what smoothing takes away.

    Use it to calm the noise of the instrument, or to see the drift or the noise alone (`short`). It
    measures in metres along the line, so uneven steps and missing readings do no harm. Take spikes out
    first. It does not change what lies across lines: for that see `magnetics.microlevelling`.

    Parameters
    ----------
    table : GeoDataFrame
        Points of readings along lines.
    line : str
        Column of the number or name of the line.
    value : str
        Numeric column to be filtered.
    wavelength : float
        Wavelength along the line, in metres, of which half is kept.
    order : str, optional
        Column of fiducials or times by which a line is ordered. Left out, rows stay in their order.
    keep : str
        `long` waves, or `short` ones: the readings less the long waves.

    Returns
    -------
    GeoDataFrame
        `table` with the column `VALUE_filtered` in the unit of `value`; rows without a reading have none.

    Notes
    -----
    At each reading the straight line fitted with weights exp(−s²/2σ²) to all within 4σ, σ = 0.187 λ: a
    Gaussian filter of response exp(−ln 2 (λ/wave)²) inside a line, which keeps constants and slopes up to
    its ends. With a wavelength below about three steps nothing changes.

    References
    ----------
    Cleveland, W. S. (1979), Robust locally weighted regression and smoothing scatterplots, Journal of the
    American Statistical Association 74(368), 829-836, doi:10.1080/01621459.1979.10481038.
    """
    lines = lines_of(FILTER, table, line, order)
    values = numbers_of(table, value)[lines.rows]
    smooth = smoothed_along(lines, values, wavelength)
    return beside_value(table, lines, value, {"filtered": smooth if keep == "long" else values - smooth})


def smoothed_along(lines: Lines, values: np.ndarray, wavelength: float) -> np.ndarray:
    """Values of the points (n,) with waves along the line shorter than `wavelength` metres calmed."""
    deviation = kernel.HALF_AT_CUTOFF * wavelength

    def smooth(known: np.ndarray, _part: slice) -> np.ndarray:
        return np.asarray(kernel.smoothed(lines.distance[known], values[known], deviation))

    return along_lines(lines, values, smooth, "smoothing lines")


ResampledTable = Annotated[
    gpd.GeoDataFrame,
    Table(
        geometry=("Point",),
        columns=(Column(name="distance_m", unit="m", title="Distance along the line"),),
    ),
]


@process(RESAMPLE, version="1", keywords=("interpolate", "even spacing", "thin out", "densify", "重采样"))
def resample(
    table: SurveyTable,
    line: LineColumn,
    values: tuple[ValueColumn, ...],
    spacing: Annotated[float, Unit("m"), Bounds(above=0)],
    *,
    order: OrderColumn | None = None,
    interpolation: Literal["linear", "akima"] = "linear",
    maximum_gap: Gap | None = None,
) -> ResampledTable:
    """Readings at even steps along survey lines.

    Use it before filters that want even steps, to bring sensors of different rates together, or to thin a
    survey. Going to wider steps, filter first with a wavelength of two steps, or short waves come back as
    long ones.

    Parameters
    ----------
    table : GeoDataFrame
        Points of readings along lines.
    line : str
        Column of the number or name of the line.
    values : tuple of str
        One or more numeric columns.
    spacing : float
        Step along the line, in metres.
    order : str, optional
        Column of fiducials or times by which a line is ordered. Left out, rows stay in their order.
    interpolation : str
        `linear`, or the smoother `akima`, which does not swing beside steps.
    maximum_gap : float, optional
        Between readings farther apart than this, in metres, there is no value. Left out, five times the
        median step of the line.

    Returns
    -------
    GeoDataFrame
        Points at 0, 1, 2… steps from the first reading of each line, with the column `line`,
        `distance_m`, and each of `values`.

    Notes
    -----
    Readings at one place are averaged. Places are straight between readings.

    References
    ----------
    Akima, H. (1970), A new method of interpolation and smooth curve fitting based on local procedures,
    Journal of the ACM 17(4), 589-602, doi:10.1145/321607.321609.
    """
    if not values:
        raise ContractError(RESAMPLE, "values", "one or more numeric columns", "none")
    lines = lines_of(RESAMPLE, table, line, order)
    ends = lines.distance[lines.starts[1:] - 1]
    if float((ends / spacing + 1).sum()) > MOST_POINTS:
        raise ContractError(
            RESAMPLE, "spacing", f"large enough for at most {MOST_POINTS} points", f"{spacing:g} m"
        )
    limits = usual_gaps(lines) if maximum_gap is None else np.full(lines.count, maximum_gap)
    steps = [np.minimum(spacing * np.arange(int(end / spacing * (1 + 1e-12)) + 1), end) for end in ends]
    columns: dict[str, Any] = {
        line: [name for name, at in zip(lines.names, steps, strict=True) for _ in at],
        "distance_m": np.concatenate(steps),
    }
    own = [
        np.column_stack([np.interp(at, lines.distance[part], lines.own[part, side]) for side in (0, 1)])
        for at, part in zip(steps, lines.parts, strict=True)
    ]
    for name in values:
        readings = numbers_of(table, name)[lines.rows]
        columns[name] = np.concatenate([
            _interpolated(lines.distance[part], readings[part], at, interpolation, limit)
            for at, part, limit in zip(steps, lines.parts, limits, strict=True)
        ])  # fmt: skip
    frame = gpd.GeoDataFrame(columns, geometry=points_of(table, np.concatenate(own)), crs=table.crs)
    frame.attrs[COLUMNS] = {name: note for name, note in notes_of(table).items() if name in columns}
    return frame


def _interpolated(
    distance: np.ndarray, values: np.ndarray, at: np.ndarray, interpolation: str, limit: float
) -> np.ndarray:
    """Values at the places `at` along a line, NaN on gaps longer than `limit`."""
    known = np.isfinite(values)
    if not known.any():
        return np.full(at.size, np.nan)
    means = pd.Series(values[known]).groupby(distance[known]).mean()
    nodes, readings = means.index.to_numpy(np.float64), means.to_numpy()
    if interpolation == "akima" and nodes.size > 2:
        from scipy.interpolate import Akima1DInterpolator

        found = np.asarray(Akima1DInterpolator(nodes, readings)(at))
    else:
        found = np.interp(at, nodes, readings, left=np.nan, right=np.nan)
    after = np.clip(np.searchsorted(nodes, at), 0, nodes.size - 1)
    before = np.clip(np.searchsorted(nodes, at, side="right") - 1, 0, nodes.size - 1)
    return np.where(nodes[after] - nodes[before] <= limit, found, np.nan)
