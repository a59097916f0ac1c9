"""Trend: Mann–Kendall test and Sen's slope of series of a table, of its rows, and of each cell of a grid."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import xarray as xr

from craton.kernels import trend_tests as kernel
from craton.methods.placement import on_cells
from craton.methods.trend_series import (
    LONGEST,
    per_year,
    placed,
    seasons_of,
    series_of,
    times_of_names,
    years_of_axis,
)
from craton.methods.vector_shapes import COLUMNS, noted, notes_of, with_room
from craton.model import units
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.data import horizontal
from craton.process.marks import Bounds, Column, ColumnOf, Grid, Table, Unit
from craton.process.processes import process

LONG, ROWS, GRID = "trend.mann_kendall", "trend.mann_kendall_of_rows", "trend.mann_kendall_grid"

PIECE = 1 << 16
"""Cells that are looked at together."""

AnyTable = Annotated[pd.DataFrame, Table()]
Confidence = Annotated[float, Unit("1"), Bounds(above=0, below=1)]
Seasons = Literal[1, 2, 4, 12]
Whitening = Literal["none", "von_storch", "trend_free"]

WAYS = {"none": kernel.NOT_WHITENED, "von_storch": kernel.WHITENED, "trend_free": kernel.TREND_FREE}

COLUMNS_OF_TREND = (
    Column(name="count", unit="1", title="Values"),
    Column(name="score", unit="1", title="Mann–Kendall score S"),
    Column(name="score_variance", unit="1", title="Variance of the score"),
    Column(name="z_score", unit="1", title="Standardised score"),
    Column(name="p_value", unit="1", title="Probability of such a score without a trend"),
    Column(name="tau", unit="1", title="Kendall's tau"),
    Column(name="slope", title="Sen's slope"),
    Column(name="slope_lower", title="Lower limit of the slope"),
    Column(name="slope_upper", title="Upper limit of the slope"),
    Column(name="start_value", title="Value of Sen's line at the first time"),
    Column(name="autocorrelation", unit="1", title="Autocorrelation of neighbours in time"),
    Column(name="trend", title="Trend"),
)
NAMES = tuple(column.name for column in COLUMNS_OF_TREND)
TrendTable = Annotated[pd.DataFrame, Table(columns=COLUMNS_OF_TREND)]


@process(LONG, version="2", keywords=("Sen", "Theil", "monotonic", "seasonal Kendall", "pre-whitening"))
def mann_kendall(
    table: AnyTable,
    column: Annotated[str, ColumnOf("table", numeric=True)],
    time: Annotated[str, ColumnOf("table")],
    *,
    group: Annotated[str, ColumnOf("table")] | None = None,
    seasons: Seasons = 1,
    pre_whitening: Whitening = "none",
    only_significant: bool = True,
    confidence: Confidence = 0.95,
    fewest: Annotated[int, Bounds(minimum=4)] = 8,
) -> TrendTable:
    """Mann–Kendall trend test and Sen's slope of series: is there a trend, how steep, how sure.

    Use it for monitoring of any kind: water levels, quality, vegetation, settlement. It takes any
    distribution, outliers and gaps, and asks for a trend in one direction only. Values near in time that
    are alike make chance look like a trend: use pre-whitening or means of longer times. Not for a step
    (`trend.change_point`).

    Parameters
    ----------
    table : DataFrame
        A row for each observation.
    column : str
        Observed values. Rows without a value or a time do not count.
    time : str
        Times: dates, or numbers such as years.
    group : str, optional
        Column that tells the series apart, such as a station; one series where left out. Of a dataset of
        series `series.to_table` makes such a table.
    seasons : int
        Seasons of the year that are tested each for itself and added up: 12 months, 4 quarters, 2 halves from
        January, or 1 for none. Numbers as times must then be years with a fraction; the last three days
        before a season count to it, as rounded fractions fall short of it.
    pre_whitening : str
        What is done about autocorrelation before the test: `none`; `von_storch` takes it from the series,
        `trend_free` from the series without Sen's trend, which keeps more of the power of the test. Not with
        seasons, and only for one value at a time; the step of time is the median one.
    only_significant : bool
        Whether only an autocorrelation beyond its 95 % limits is taken out.
    confidence : float
        Of the limits of the slope; the trend is told where p is at most 1 less this. Above 0, below 1.
    fewest : int
        Fewest values of a series that is tested, at least 4; the normal law is rough below 10.

    Returns
    -------
    DataFrame
        A row for each series, with its `group` as text, and the column `missing` of rows that do not count;
        at its place, where the rows of a series lie at one.
        The slope is per year for dates, else per unit of the times, and with its limits that of the series
        as it is. `trend` is increasing, decreasing, none, or too few.

    Notes
    -----
    S = Σ sgn(x_j − x_i) over pairs i < j; z = (S − sgn S) / √var S, with ties of values and of
    times in var S (Kendall); p is two-sided; τ = S / pairs. Slope: the median of (x_j − x_i) / (t_j − t_i);
    limits: the slopes of rank (N ∓ z √var S) / 2, missing where so few pairs give none. With seasons only
    values of one season and of different years are pairs. A series of one value has p 1. Autocorrelation r
    = Σ (x_i − m)(x_{i−1} − m) / Σ (x_i − m)², of neighbours at most 1.5 steps apart; with gaps the sum of
    k pairs of n values counts (n − 1) / k times. Dates count a month as a twelfth of a year.

    References
    ----------
    Mann, H. B. (1945). Nonparametric tests against trend. Econometrica 13(3), 245-259. doi:10.2307/1907187

    Sen, P. K. (1968). Estimates of the regression coefficient based on Kendall's tau. Journal of the American
    Statistical Association 63, 1379-1389. doi:10.1080/01621459.1968.10480934

    Hirsch, R. M., Slack, J. R. and Smith, R. A. (1982). Techniques of trend analysis for monthly water
    quality data. Water Resources Research 18(1), 107-121. doi:10.1029/WR018i001p00107

    Gilbert, R. O. (1987). Statistical methods for environmental pollution monitoring. Van Nostrand Reinhold,
    chapters 16 and 17.

    von Storch, H. (1995). Misuses of statistical analysis in climate research. In: Analysis of climate
    variability, Springer, 11-26.

    Yue, S., Pilon, P., Phinney, B. and Cavadias, G. (2002). The influence of autocorrelation on the ability
    to detect trend in hydrological series. Hydrological Processes 16, 1807-1829. doi:10.1002/hyp.1095
    """
    options = _options(LONG, seasons, pre_whitening, only_significant, confidence, fewest)
    found, dated = series_of(LONG, table, column, time, group)
    rows = []
    for one in progress.each(found, "testing series"):
        if pre_whitening != "none" and (np.diff(one.times) == 0).any():
            came = f"two at one time in {one.group!r}" if group else "two at one time"
            raise ContractError(LONG, "pre_whitening", "none, or one value at each time", came)
        found_here = _kernel(one.values[None], one.times, seasons, options, dated=dated)
        part = _columns(found_here, confidence)
        head = {} if group is None else {"group": one.group}
        rows.append(pd.concat([pd.DataFrame([head]), part.assign(missing=one.missing)], axis=1))
    unit = notes_of(table).get(column, {}).get("unit", "")
    return _noted(placed(pd.concat(rows, ignore_index=True), table, found), unit, dated)


@process(ROWS, version="2", keywords=("Sen", "Theil", "parcels", "units", "wide table"))
def mann_kendall_of_rows(
    table: AnyTable,
    columns: tuple[Annotated[str, ColumnOf("table", numeric=True)], ...],
    *,
    times: tuple[float, ...] = (),
    seasons: Seasons = 1,
    pre_whitening: Whitening = "none",
    only_significant: bool = True,
    confidence: Confidence = 0.95,
    fewest: Annotated[int, Bounds(minimum=4)] = 8,
) -> TrendTable:
    """Mann–Kendall trend test and Sen's slope of each row of a table, along several of its columns.

    Use it for evaluation units (parcels, basins, districts) with a column for each year. For a row for each
    observation use `trend.mann_kendall`, which also says what the test is good for.

    Parameters
    ----------
    table : DataFrame
        A row for each series.
    columns : tuple of str
        Columns of numbers in one unit, one for each time. Missing values do not count.
    times : tuple of float
        Time of each column, all different; where left out, the last number in its name, such as 2001 in
        `ndvi_2001`.
    seasons : int
        As for `trend.mann_kendall`.
    pre_whitening : str
        As for `trend.mann_kendall`.
    only_significant : bool
        As for `trend.mann_kendall`.
    confidence : float
        As for `trend.mann_kendall`.
    fewest : int
        Fewest values of a row that is tested, at least 4.

    Returns
    -------
    DataFrame
        The rows of `table` with the columns of the trend; a column of the table with such a name is renamed
        to `name_1`. The slope is per unit of the times.

    Notes
    -----
    See `trend.mann_kendall`. Rows with too few values get `too few` and no numbers beside their count.

    References
    ----------
    Mann, H. B. (1945). Nonparametric tests against trend. Econometrica 13(3), 245-259. doi:10.2307/1907187

    Sen, P. K. (1968). Estimates of the regression coefficient based on Kendall's tau. Journal of the American
    Statistical Association 63, 1379-1389. doi:10.1080/01621459.1968.10480934
    """
    options = _options(ROWS, seasons, pre_whitening, only_significant, confidence, fewest)
    if len(set(columns)) < max(len(columns), fewest):
        allowed = f"{fewest} or more different columns"
        raise ContractError(ROWS, "columns", allowed, ", ".join(columns) or "none")
    when = np.array(times) if times else times_of_names(ROWS, columns)
    if when.size != len(columns) or np.unique(when).size < when.size:
        allowed = f"{len(columns)} different times, one for each column"
        raise ContractError(ROWS, "times" if times else "columns", allowed, str(tuple(when.tolist())))
    values = np.column_stack([table[name].to_numpy(np.float64, na_value=np.nan) for name in columns])
    values = np.where(np.isfinite(values), values, np.nan)
    order = np.argsort(when, kind="stable")
    part = _columns(_kernel(values[:, order], when[order], seasons, options, dated=False), confidence)
    stated = {notes_of(table).get(name, {}).get("unit", "") for name in columns}
    if len(stated) > 1:
        raise ContractError(ROWS, "columns", "columns in one unit", ", ".join(sorted(stated)))
    result = with_room(noted(table, notes_of(table)), NAMES).reset_index(drop=True)
    notes = result.attrs[COLUMNS]
    result = noted(result.assign(**{name: part[name] for name in NAMES}), notes)
    return _noted(result, stated.pop(), dated=False)


@process(GRID, version="2", keywords=("Sen", "Theil", "NDVI", "images", "greening", "pixel"))
def mann_kendall_grid(
    grid: Annotated[xr.DataArray, Grid()],
    *,
    seasons: Seasons = 1,
    pre_whitening: Whitening = "none",
    only_significant: bool = True,
    confidence: Confidence = 0.95,
    fewest: Annotated[int, Bounds(minimum=4)] = 8,
) -> Annotated[xr.Dataset, Grid()]:
    """Mann–Kendall trend test and Sen's slope of each cell of a grid with time.

    Use it for stacks of images and of monitoring grids: greening, water area, night light, ground motion.
    What the test is good for is said with `trend.mann_kendall`. Of many cells some seem sure by chance: at
    95 % one in twenty without any trend.

    Parameters
    ----------
    grid : DataArray
        Field on `time` and two horizontal axes; cells without a value at a time do not count there.
    seasons : int
        As for `trend.mann_kendall`.
    pre_whitening : str
        As for `trend.mann_kendall`.
    only_significant : bool
        As for `trend.mann_kendall`.
    confidence : float
        Of the limits of the slope, above 0 and below 1.
    fewest : int
        Fewest values of a cell that is tested, at least 4.

    Returns
    -------
    Dataset
        `slope`, `slope_lower`, `slope_upper` (per year for dates, else per unit of the time axis),
        `start_value`, `tau`, `z_score`, `p_value`, `count`, and with pre-whitening `autocorrelation`. Cells
        with too few values have only a count.

    Notes
    -----
    See `trend.mann_kendall`.

    References
    ----------
    Mann, H. B. (1945). Nonparametric tests against trend. Econometrica 13(3), 245-259. doi:10.2307/1907187

    Sen, P. K. (1968). Estimates of the regression coefficient based on Kendall's tau. Journal of the American
    Statistical Association 63, 1379-1389. doi:10.1080/01621459.1968.10480934
    """
    options = _options(GRID, seasons, pre_whitening, only_significant, confidence, fewest)
    times, cells, dated = _stack(grid)
    flat = cells.reshape(times.size, -1)
    found = np.full((len(NAMES) - 1, flat.shape[1]), np.nan)
    for first in progress.each(range(0, flat.shape[1], PIECE), "testing cells"):
        piece = flat[:, first : first + PIECE].T.astype(np.float64)
        piece[~np.isfinite(piece)] = np.nan
        found[:, first : first + PIECE] = _kernel(piece, times, seasons, options, dated=dated)
    wanted = [*NAMES[6:10], "tau", "z_score", "p_value", "count"]
    wanted += ["autocorrelation"] if pre_whitening != "none" else []
    unit = units.parse(str(grid.attrs.get("units", ""))) or ""
    stated = dict.fromkeys(NAMES[6:9], per_year(unit, dated)) | {"start_value": unit}
    titles = {column.name: column.title for column in COLUMNS_OF_TREND}
    fields = {
        name: on_cells(
            grid, found[NAMES.index(name)].reshape(cells.shape[1:]), name=name, unit=stated.get(name, "1"),
            title=titles[name],
        )
        for name in wanted
    }  # fmt: skip
    return xr.Dataset(fields, attrs={"crs": grid.attrs["crs"]} if "crs" in grid.attrs else {})


def _options(
    process: str, seasons: int, whitening: str, only_significant: bool, confidence: float, fewest: int
) -> dict[str, Any]:
    """Arguments of the kernel."""
    if whitening != "none" and seasons > 1:
        raise ContractError(process, "pre_whitening", "none with seasons", repr(whitening))
    return {
        "whitening": WAYS[whitening],
        "only_sure": only_significant,
        "confidence": confidence,
        "least": fewest,
    }


def _kernel(
    values: np.ndarray, times: np.ndarray, seasons: int, options: dict[str, Any], *, dated: bool
) -> kernel.Trend:
    if seasons == 1:
        return kernel.mann_kendall(values, times, **options)
    later, codes = seasons_of(times, seasons, dated=dated)
    return kernel.mann_kendall(values, later, seasons=codes, **options)


def _columns(tested: kernel.Trend, confidence: float) -> pd.DataFrame:
    """Columns of the trend of each series."""
    found = pd.DataFrame(dict(zip(NAMES, tested, strict=False)))
    way = np.where(found["z_score"] > 0, "increasing", "decreasing")
    sure = (found["p_value"] <= 1 - confidence) & (found["z_score"] != 0)
    words = np.where(sure, way, np.where(found["p_value"].isna(), "too few", "none"))
    return found.assign(count=found["count"].astype(np.int64), trend=words)


def _noted(frame: pd.DataFrame, unit: str, dated: bool) -> pd.DataFrame:
    """`frame` with the units of what is in that of the values."""
    rate = per_year(unit, dated)
    stated = {"slope": rate, "slope_lower": rate, "slope_upper": rate, "start_value": unit}
    notes = notes_of(frame) | {name: {"unit": one} for name, one in stated.items() if one}
    return noted(frame, notes)


def _stack(grid: xr.DataArray) -> tuple[np.ndarray, np.ndarray, bool]:
    """Times in order, cells (time, rows, columns), and whether times are dates."""
    axes = horizontal(GRID, "grid", grid)
    allowed = "a grid of time and two horizontal axes"
    if set(grid.dims) != {"time", *axes}:
        raise ContractError(GRID, "grid", allowed, f"one of {', '.join(map(str, grid.dims))}")
    times, dated = years_of_axis(grid["time"].to_numpy())
    if np.isnan(times).any() or np.unique(times).size < times.size or times.size > LONGEST:
        came = f"one of {times.size} times, of which {np.unique(times).size} are different"
        raise ContractError(GRID, "grid", f"{allowed}, at most {LONGEST:,} different times", came)
    order = np.argsort(times, kind="stable")
    cells = grid.transpose("time", *axes).to_numpy()
    return times[order], cells if (np.diff(order) == 1).all() else cells[order], dated
