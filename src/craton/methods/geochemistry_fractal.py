"""Fractal separation of geochemical populations: concentration against area, number or volume."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from craton.kernels import fractal_area
from craton.methods.geochemistry_cells import row_areas
from craton.methods.placement import is_even, on_cells, place_of, plane_of
from craton.model import units
from craton.model.errors import ContractError
from craton.process.data import TEXT_COLUMNS
from craton.process.marks import Bounds, Column, ColumnOf, Grid, Table, Volume
from craton.process.processes import process

MOST_SEGMENTS = 5
"""Straight lines of a curve, at most."""

Segments = Annotated[int | None, Bounds(minimum=1, maximum=MOST_SEGMENTS)]
Levels = Annotated[int, Bounds(minimum=20, maximum=500)]
Floats = NDArray[np.float64]

Curve = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="value", title="Value"),
            Column(name="amount", title="Area, number or volume at or above the value"),
            Column(name="log10_value", unit="1", title="Logarithm of the value"),
            Column(name="log10_amount", unit="1", title="Logarithm of the amount"),
            Column(name="class", unit="1", title="Class"),
            Column(name="fitted", title="Amount of the fitted lines"),
        )
    ),
]

Thresholds = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="class", unit="1", title="Class"),
            Column(name="lower", title="Value from which the class begins"),
            Column(name="upper", title="Value at which it ends"),
            Column(name="slope", unit="1", title="Slope of the log-log line"),
            Column(name="r2", unit="1", title="Part of the variance explained by the line"),
            Column(name="amount", title="Area, number or volume in the class"),
            Column(name="share", unit="1", title="Part of the whole"),
        )
    ),
]


class AreaClasses(NamedTuple):
    """Curve, thresholds and classes of a grid."""

    curve: Curve
    thresholds: Thresholds
    classes: Annotated[xr.DataArray, Grid(unit="1")]


class NumberClasses(NamedTuple):
    """Curve, thresholds and classes of a table of points."""

    curve: Curve
    thresholds: Thresholds
    points: Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))]


class VolumeClasses(NamedTuple):
    """Curve, thresholds and classes of a volume."""

    curve: Curve
    thresholds: Thresholds
    classes: Annotated[xr.DataArray, Volume(unit="1")]


@process(
    "geochemistry.concentration_area",
    version="1",
    keywords=("C-A", "fractal", "multifractal", "threshold", "background", "anomaly", "含量-面积"),
)
def concentration_area(
    grid: Annotated[xr.DataArray, Grid()], segments: Segments = None, *, levels: Levels = 100
) -> AreaClasses:
    """Thresholds where the area above a concentration breaks from one power law to the next.

    Use it on a gridded element to part background from anomaly by how values are spread in space, not only
    by how often they occur. The grid decides: a smooth interpolation has fewer high cells than the ground,
    so compare maps made in one way. A smooth curve without corners can still be cut into lines; look at the
    curve before you trust a threshold. Not for logarithms or scores, which may be negative.

    Parameters
    ----------
    grid : DataArray
        Concentrations on an evenly spaced grid of two axes, with ten or more different values above 0.
        Cells of 0 or less lie below every threshold; cells without a value are left out.
    segments : int
        Straight lines to fit, 1 to 5. Left out, the number is chosen by the Bayesian information criterion.
    levels : int
        Levels between the least and the largest value, evenly spaced in the logarithm.

    Returns
    -------
    curve : DataFrame
        By ascending value, the area in km² at or above it, logarithms of both to base 10, the class, and
        the area by the fitted line.
    thresholds : DataFrame
        One row a class from the lowest: from which value to which, the slope of its line, and its area in
        km². The first class begins at the least value above 0, the others at thresholds.
    classes : DataArray
        Number of the class of each cell, 1 for the lowest.

    Notes
    -----
    A(≥ ρ) ∝ ρ^(-a) within each class. Lines are parted where the sum of squares over all is least, by
    dynamic programming; a threshold is where two lines cross. Values on a curve of sums are not independent,
    so the criterion tends to many lines: 2 to 4 are usual. Areas of cells in longitude and latitude are those
    on the ellipsoid, others those of the projection.

    References
    ----------
    Cheng, Q., Agterberg, F. P. and Ballantyne, S. B. (1994), The separation of geochemical anomalies from
    background by fractal methods, Journal of Geochemical Exploration 51(2), 109-130,
    doi:10.1016/0375-6742(94)90013-2.
    """
    id = "geochemistry.concentration_area"
    cells = plane_of(id, "grid", grid)
    place = place_of(id, "grid", grid)
    values = cells.to_numpy().astype(np.float64)
    areas = row_areas(id, "grid", place)
    same = None if place.is_geographic else float(areas[0])
    weights = np.broadcast_to(areas[:, None], values.shape)
    found = _parted(id, "grid", values, weights if same is None else None, same or 1.0, segments, levels)
    curve, thresholds = found.tables(str(grid.attrs.get("units", "")), "km2")
    classes = on_cells(cells, found.classes(values), name="class", unit="1", title="Class by value and area")
    return AreaClasses(curve, thresholds, classes.transpose(*grid.dims))


@process(
    "geochemistry.concentration_number",
    version="1",
    keywords=("C-N", "N-S", "fractal", "threshold", "background", "anomaly", "含量-个数"),
)
def concentration_number(
    points: Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))],
    column: Annotated[str, ColumnOf("points", numeric=True)],
    segments: Segments = None,
    *,
    levels: Levels = 100,
) -> NumberClasses:
    """Thresholds where the number of samples above a concentration breaks from one power law to the next.

    Use it on the samples themselves, before any gridding. It knows nothing of where they lie, so samples
    crowded in one place count too much; with a grid use `geochemistry.concentration_area`.

    Parameters
    ----------
    points : GeoDataFrame
        Samples, with ten or more different values above 0. Values of 0 or less lie below every threshold.
    column : str
        Column of concentrations.
    segments : int
        Straight lines to fit, 1 to 5. Left out, the Bayesian information criterion chooses their number.
    levels : int
        Levels of the curve, evenly spaced in the logarithm from the least value to the largest.

    Returns
    -------
    curve : DataFrame
        By ascending value, the number of samples at or above it; see `geochemistry.concentration_area`.
    thresholds : DataFrame
        One row a class from the lowest, with its number of samples.
    points : GeoDataFrame
        `points` with the column `COLUMN_class`; none where there is no value.

    Notes
    -----
    N(≥ ρ) ∝ ρ^(-a) within each class; fitted as in `geochemistry.concentration_area`.

    References
    ----------
    Mandelbrot, B. B. (1983), The fractal geometry of nature, Freeman, San Francisco.

    Hassanpour, S. and Afzal, P. (2013), Application of concentration-number (C-N) multifractal modeling for
    geochemical anomaly separation in Haftcheshmeh porphyry system, NW Iran, Arabian Journal of Geosciences 6,
    957-970.
    """
    id = "geochemistry.concentration_number"
    values = points[column].to_numpy(dtype=np.float64, na_value=np.nan)
    found = _parted(id, "points", values, None, 1.0, segments, levels)
    notes = points.attrs.get(TEXT_COLUMNS, {})
    curve, thresholds = found.tables(str(notes.get(column, {}).get("unit") or ""), "1")
    name = f"{column}_class"
    classed = points.assign(**{name: found.classes(values)})
    note = {"unit": "1", "title": f"Class of {column}"}
    classed.attrs = {**points.attrs, TEXT_COLUMNS: {**notes, name: note}}
    return NumberClasses(curve, thresholds, classed)


@process(
    "geochemistry.concentration_volume",
    version="1",
    keywords=("C-V", "fractal", "ore zones", "grade", "block model", "含量-体积"),
)
def concentration_volume(
    volume: Annotated[xr.DataArray, Volume()], segments: Segments = None, *, levels: Levels = 100
) -> VolumeClasses:
    """Thresholds where the volume above a grade breaks from one power law to the next.

    Use it on a block model to part barren rock, halo and ore zones. See
    `geochemistry.concentration_area` for how far to trust it.

    Parameters
    ----------
    volume : DataArray
        Grades on even axes upward, northing and easting in metres, with ten or more different values above
        0. Blocks of 0 or less lie below every threshold; those without a value are left out.
    segments : int
        Straight lines to fit, 1 to 5. Left out, the Bayesian information criterion chooses their number.
    levels : int
        Levels of the curve, evenly spaced in the logarithm from the least value to the largest.

    Returns
    -------
    curve : DataFrame
        By ascending grade, the volume in m³ at or above it; see `geochemistry.concentration_area`.
    thresholds : DataFrame
        One row a class from the lowest, with its volume in m³.
    classes : DataArray
        Number of the class of each block, 1 for the lowest.

    Notes
    -----
    V(≥ ρ) ∝ ρ^(-a) within each class; fitted as in `geochemistry.concentration_area`.

    References
    ----------
    Afzal, P., Fadakar Alghalandis, Y., Khakzad, A., Moarefvand, P. and Rashidnejad Omran, N. (2011),
    Delineation of mineralization zones in porphyry Cu deposits by fractal concentration-volume modeling,
    Journal of Geochemical Exploration 108(3), 220-232, doi:10.1016/j.gexplo.2011.03.005.
    """
    id = "geochemistry.concentration_volume"
    block = _block(id, volume)
    values = volume.to_numpy().astype(np.float64)
    found = _parted(id, "volume", values, None, block, segments, levels)
    curve, thresholds = found.tables(str(volume.attrs.get("units", "")), "m3")
    classes = volume.copy(data=found.classes(values)).rename("class")
    classes.attrs = {
        key: text for key, text in volume.attrs.items() if key not in {"standard_name", "long_name"}
    }
    return VolumeClasses(curve, thresholds, classes.assign_attrs(units="1", long_name="Class by grade"))


def _block(id: str, volume: xr.DataArray) -> float:
    """Volume of one block in m³."""
    axes = ("upward", "northing", "easting")
    allowed = "a volume on even axes upward, northing and easting in metres"
    block = 1.0
    if set(volume.dims) != set(axes):
        raise ContractError(id, "volume", allowed, f"one on {', '.join(map(str, volume.dims))}")
    for axis in axes:
        steps = volume[axis].to_numpy().astype(np.float64)
        if not is_even(steps):
            raise ContractError(id, "volume", allowed, f"one uneven along {axis}")
        block *= abs(float(steps[-1] - steps[0])) / (steps.size - 1)
    return block


class _Parted(NamedTuple):
    """A curve, the lines along it, and the amount in each class."""

    curve: fractal_area.Curve
    lines: fractal_area.Lines
    within: Floats

    @property
    def limits(self) -> Floats:
        """Thresholds, ascending."""
        return np.asarray(10.0**self.lines.breaks)

    def classes(self, values: Floats) -> Floats:
        """Class of each value from 1; NaN where there is none."""
        found = _class_of(values, self.limits)
        return np.where(np.isfinite(values), found, np.nan).astype(np.float32)

    def tables(self, unit: str, amount: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Curve and thresholds, for values in `unit` and amounts in the unit `amount`."""
        shown = units.parse(unit) or unit
        curve, thresholds = self._curve(), self._thresholds()
        curve.attrs[TEXT_COLUMNS] = _notes({"value": shown, "amount": amount, "fitted": amount})
        thresholds.attrs[TEXT_COLUMNS] = _notes({"lower": shown, "upper": shown, "amount": amount})
        return curve, thresholds

    def _curve(self) -> pd.DataFrame:
        values, amounts = self.curve
        logs = np.log10(values)
        number = np.searchsorted(self.lines.starts, np.arange(values.size), side="right")
        fitted = self.lines.intercepts[number - 1] + self.lines.slopes[number - 1] * logs
        columns = {"value": values, "amount": amounts, "log10_value": logs, "log10_amount": np.log10(amounts)}
        return pd.DataFrame({**columns, "class": number, "fitted": 10.0**fitted})

    def _thresholds(self) -> pd.DataFrame:
        values = self.curve.values
        lower, upper = np.append(values[0], self.limits), np.append(self.limits, values[-1])
        number = np.arange(1, lower.size + 1)
        return pd.DataFrame(
            {
                "class": number, "lower": lower, "upper": upper, "slope": self.lines.slopes,
                "r2": self.lines.r2, "amount": self.within, "share": self.within / self.within.sum(),
            }
        )  # fmt: skip


def _notes(found: dict[str, str]) -> dict[str, dict[str, Any]]:
    return {name: {"unit": unit} for name, unit in found.items() if unit}


FEWEST = 10
"""Different values of which a curve can be drawn."""


def _parted(
    id: str, name: str, values: Floats, weights: Floats | None, size: float, segments: int | None, levels: int
) -> _Parted:
    """Curve of `values`, each counting for its weight times `size`, and the lines along it."""
    used = np.isfinite(values) & (values > 0)
    counted = None if weights is None else weights[used]
    curve = fractal_area.area_above(values[used], counted, levels) if used.any() else None
    if curve is None or curve.values.size < FEWEST:
        came = f"one of {0 if curve is None else curve.values.size}"
        kind = {"grid": "a grid", "points": "a table", "volume": "a volume"}[name]
        raise ContractError(id, name, f"{kind} with {FEWEST} or more different values above 0", came)
    curve = fractal_area.Curve(curve.values, curve.areas * size)
    lines = fractal_area.piecewise_lines(
        np.log10(curve.values), np.log10(curve.areas), count=segments, most=MOST_SEGMENTS
    )
    known = np.isfinite(values)
    number = _class_of(values[known], 10.0**lines.breaks)
    counted = None if weights is None else weights[known]
    within = np.bincount(number, counted, lines.starts.size + 1)[1:].astype(np.float64) * size
    return _Parted(curve, lines, within)


def _class_of(values: Floats, limits: Floats) -> NDArray[np.intp]:
    """Class of each value from 1: a threshold belongs to the class above it."""
    return np.searchsorted(limits, values, side="right") + 1
