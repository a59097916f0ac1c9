"""Heights whose unit nobody states: metres, where the numbers and the ground they make allow it.

Elevation models mostly come without a unit. Metres are taken where the heights are some that the Earth has
and the ground they make is no steeper than ground is: numbers in feet make it 3.28 times as steep. Where
the plane is in feet, or the reference system is not known, nothing is taken.
"""

from __future__ import annotations

import numpy as np
import rasterio
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader

from craton.model import crs as systems
from craton.model.describe_raster import READING

LOWEST, HIGHEST = -11_100.0, 8_900.0
"""Metres of the deepest sea floor and of the highest ground."""

STEEP, MOST_STEEP = 1.0, 0.1
"""Slope of 45°, and the share of cells that may be steeper: rock and scree stand at 35° and less."""

MOST_ROWS = 1_000
"""Rows and columns that a raster is thinned to."""

METRES_A_DEGREE = 111_195.0


def metres_fit(path: str, driver: str | None, crs: str, nodata: float | None) -> str:
    """Why the heights of a raster file are in metres, in words; empty where they may not be."""
    try:
        with rasterio.Env(**READING), rasterio.open(path, driver=driver) as dataset:
            system = crs or (dataset.crs.to_wkt() if dataset.crs else "")
            spacing = _spacing(dataset, system)
            return _judged(_heights(dataset, nodata), spacing) if spacing else ""
    except RasterioError:
        # `describe_raster` refuses such a file in words.
        return ""


def _judged(heights: np.ndarray, spacing: tuple[float, float]) -> str:
    """Words on heights (rows, columns), NaN where there is none, of cells so far apart in metres."""
    known = heights[np.isfinite(heights)]
    if not known.size or known.min() < LOWEST or known.max() > HIGHEST or min(heights.shape) < 3:
        return ""
    down, right = np.gradient(heights, *spacing)
    slope = np.hypot(down, right)
    slope = slope[np.isfinite(slope)]
    if not slope.size or (slope > STEEP).mean() > MOST_STEEP:
        return ""
    usual, steep = np.degrees(np.arctan(np.quantile(slope, [0.5, 0.99])))
    return (
        f"{known.min():.5g} to {known.max():.5g} taken as metres: the ground is then as steep as "
        f"{usual:.2g}°, {steep:.2g}° at the steepest hundredth"
    )


def _heights(dataset: DatasetReader, nodata: float | None) -> np.ndarray:
    """Thinned heights, NaN where there is none."""
    shape = min(dataset.height, MOST_ROWS), min(dataset.width, MOST_ROWS)
    read = dataset.read(1, out_shape=shape, masked=True).astype(np.float64)
    values: np.ndarray = read.filled(np.nan)
    if nodata is not None:
        values[values == nodata] = np.nan
    scaled: np.ndarray = values * dataset.scales[0] + dataset.offsets[0]
    return scaled


def _spacing(dataset: DatasetReader, system: str) -> tuple[float, float] | None:
    """Metres between thinned rows and columns; none where the plane is not in metres or degrees."""
    if not systems.is_placed(system) or not dataset.transform.is_rectilinear:
        return None
    unit = systems.axes(system).unit
    rows, columns = (max(1.0, size / MOST_ROWS) for size in dataset.shape)
    down, right = abs(dataset.transform.e) * rows, abs(dataset.transform.a) * columns
    if unit == "m":
        return down, right
    if unit != "deg":
        return None
    middle = (dataset.bounds.bottom + dataset.bounds.top) / 2
    return down * METRES_A_DEGREE, right * METRES_A_DEGREE * max(np.cos(np.radians(middle)), 0.01)
