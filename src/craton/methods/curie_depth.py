"""Curie depth: bottom and top of magnetic crust from the spectra of windows of a magnetic grid."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr

from craton.kernels.spectral_depth import Spectrum, straight_line
from craton.methods.field_depths import MagneticGrid
from craton.methods.field_gradients import Height
from craton.methods.field_spectrum import Fractal, spectrum_of_field
from craton.methods.placement import Place, crs_of, place_of, plane_of
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import Bounds, Column, Table, Unit
from craton.process.processes import process

CURIE = "magnetics.curie_depth"

GAPS = 0.1
"""Part of the cells of a window that may be missing."""

FEWEST = 3
"""Points of the spectrum, at least, in a band."""

Length = Annotated[float, Unit("m"), Bounds(above=0)]
Band = Annotated[tuple[float, float], Unit("m"), Bounds(above=0)]

CurieTable = Annotated[
    gpd.GeoDataFrame,
    Table(
        geometry=("Point",),
        columns=(
            Column(
                name="curie_depth",
                unit="m",
                quantity="depth",
                title="Bottom of magnetic sources",
            ),
            Column(name="curie_depth_std", unit="m", title="Standard deviation of the depth of the bottom"),
            Column(name="top_depth", unit="m", title="Depth of the top of magnetic sources"),
            Column(name="top_depth_std", unit="m", title="Standard deviation of the depth of the top"),
            Column(name="centroid_depth", unit="m", title="Depth of the middle of magnetic sources"),
            Column(
                name="centroid_depth_std", unit="m", title="Standard deviation of the depth of the middle"
            ),
            Column(name="finding", title="What speaks against the depth"),
        ),
    ),
]


@process(CURIE, version="1", keywords=("Curie point", "heat flow", "geothermal", "centroid", "居里深度"))
def curie_depth(
    grid: MagneticGrid,
    window: Length = 200_000.0,
    *,
    step: Length | None = None,
    top_wavelengths: Band = (15_000.0, 60_000.0),
    centroid_wavelengths: Band = (60_000.0, 200_000.0),
    fractal: Fractal = 0.0,
    height: Height = 0.0,
) -> CurieTable:
    """Depth to the bottom of magnetic sources, window by window, by the centroid method.

    Use it on regional compilations for a map of the depth at which crust stops being magnetic, which is near
    580 °C where magnetite carries it. Windows must be wide: ten times the depth looked for, if they can be.
    Look at `potential_field.spectrum` of a part first and set both bands where the curves are straight: the
    result hangs on them, and on `fractal`, far more than the standard deviations say. Do not use it on grids
    joined from surveys whose long waves were taken out.

    Parameters
    ----------
    grid : DataArray
        Magnetic anomaly, also reduced to the pole, on even rows and columns (northing, easting) in metres.
    window : float
        Side of a window in metres.
    step : float, optional
        Distance of neighbouring windows in metres. Left out, half of `window`.
    top_wavelengths : tuple of float
        Shortest and longest wave, in metres, from which the depth of the top is taken.
    centroid_wavelengths : tuple of float
        Shortest and longest wave, in metres, from which the depth of the middle is taken: waves longer than
        about five times the thickness of magnetic crust.
    fractal : float
        Exponent β by which the power of the magnetisation falls with the wavenumber, k⁻ᵝ, taken off the
        spectrum before: 0 for random magnetisation (Tanaka et al.), about 1 to 3 for fractal sources.
    height : float
        Height of the plane of the field above the ground, in metres, which is taken off depths.

    Returns
    -------
    GeoDataFrame
        A point in the middle of each window with the three depths in metres and their standard deviations.
        Windows with more than a tenth of their cells missing, or flat, are left out. `finding` says `bottom
        above top` where the slopes give that, and `top above the ground`.

    Notes
    -----
    With the radially averaged power P and k in rad/m, ½ ln(P kᵝ) = a − k z_t in the band of the top and
    ½ ln(P kᵝ) − ln k = b − k z₀ in that of the centroid; z_b = 2 z₀ − z_t, with the variance 4σ₀² + σ_t². The
    line of the centroid leaves out the thickness Δ, which bends the curve: it puts the centroid too high by
    about k Δ²/12 at the middle k of its band, a tenth of Δ for waves of five times Δ, and the bottom by twice
    that.

    References
    ----------
    Tanaka, A., Okubo, Y. and Matsubayashi, O. (1999), Curie point depth based on spectrum analysis of the
    magnetic anomaly data in East and Southeast Asia, Tectonophysics 306(3-4), 461-470,
    doi:10.1016/S0040-1951(99)00072-4.

    Salem, A., Green, C., Ravat, D., Singh, K. H., East, P., Fairhead, J. D., Mogren, S. and Biegert, E.
    (2014), Depth to Curie temperature across the central Red Sea from magnetic data using the de-fractal
    method, Tectonophysics 624-625, 75-86, doi:10.1016/j.tecto.2014.04.027.
    """
    for name, band in (("top_wavelengths", top_wavelengths), ("centroid_wavelengths", centroid_wavelengths)):
        if band[0] >= band[1]:
            raise ContractError(
                CURIE, name, "the shortest wave and then a longer one", f"{band[0]:g}, {band[1]:g} m"
            )
    place = place_of(CURIE, "grid", grid)
    cells = plane_of(CURIE, "grid", grid).to_numpy()
    windows = _windows(place, window, window / 2 if step is None else step)
    rows: list[tuple[float | str, ...]] = []
    for part in progress.each(windows, "windows"):
        field = cells[part]
        if not np.isfinite(field).mean() >= 1 - GAPS:
            continue
        found = spectrum_of_field(field, place.spacing)
        if found.power.size and (found.power > 0).all():
            top = _band(found, top_wavelengths, fractal, 0.0, "top_wavelengths")
            middle = _band(found, centroid_wavelengths, fractal, 1.0, "centroid_wavelengths")
            rows.append((*_middle(place, part), *_depths(top, middle, height)))
    return _table(grid, rows)


class Line(NamedTuple):
    """A depth from a slope, and its standard deviation, in metres."""

    depth: float
    std: float


def _windows(place: Place, window: float, step: float) -> list[tuple[slice, slice]]:
    """Cells of each window, in the middle of the grid where they do not fill it."""
    sides = []
    for count, spacing in zip(place.shape, place.spacing, strict=True):
        cells = round(window / spacing)
        if not 16 <= cells <= count:
            allowed = f"between 16 cells, {16 * spacing:g} m, and the side of the grid, {count * spacing:g} m"
            raise ContractError(CURIE, "window", allowed, f"{window:g} m")
        stride = max(1, round(step / spacing))
        first = (count - cells) % stride // 2
        sides.append([slice(start, start + cells) for start in range(first, count - cells + 1, stride)])
    return [(row, column) for row in sides[0] for column in sides[1]]


def _band(found: Spectrum, wavelengths: tuple[float, float], fractal: float, order: float, name: str) -> Line:
    """Depth from the slope of ½ ln(P kᵝ) − order · ln k between two wavelengths."""
    k = found.wavenumber
    used = (2 * np.pi / k >= wavelengths[0]) & (2 * np.pi / k <= wavelengths[1])
    if used.sum() < FEWEST:
        allowed = f"a band of {FEWEST} points of a window's spectrum, {2 * np.pi / k[0]:.0f} m and shorter"
        raise ContractError(
            CURIE, name, allowed, f"{wavelengths[0]:g}, {wavelengths[1]:g} m, which holds {used.sum()}"
        )
    log_amplitude = 0.5 * np.log(found.power) + (0.5 * fractal - order) * np.log(k)
    slope, _intercept, std = straight_line(k[used], log_amplitude[used], 0.5 * found.log_std[used])
    return Line(-slope, std)


def _depths(top: Line, middle: Line, height: float) -> tuple[float, float, float, float, float, float, str]:
    """Depth and standard deviation of bottom, top and middle, and what is odd about them."""
    bottom = 2 * middle.depth - top.depth
    std = float(np.hypot(2 * middle.std, top.std))
    finding = "" if top.depth > height else "top above the ground"
    if bottom <= top.depth:
        finding = "bottom above top"
    return (
        bottom - height, std, top.depth - height, top.std, middle.depth - height, middle.std, finding
    )  # fmt: skip


def _middle(place: Place, part: tuple[slice, slice]) -> tuple[float, float]:
    """Easting and northing of the middle of a window."""
    north, east = (
        first + step * 0.5 * (side.start + side.stop - 1)
        for first, step, side in zip(place.first, place.step, part, strict=True)
    )
    return east, north


def _table(grid: xr.DataArray, rows: list[tuple[float | str, ...]]) -> gpd.GeoDataFrame:
    names = (
        "easting", "northing", "curie_depth", "curie_depth_std", "top_depth", "top_depth_std",
        "centroid_depth", "centroid_depth_std", "finding",
    )  # fmt: skip
    kinds = dict.fromkeys(names, np.float64) | {"finding": object}
    frame = pd.DataFrame(rows, columns=list(names)).astype(kinds)
    points = shapely.points(frame["easting"], frame["northing"])
    return gpd.GeoDataFrame(
        frame.drop(columns=["easting", "northing"]), geometry=points, crs=crs_of(grid) or None
    )
