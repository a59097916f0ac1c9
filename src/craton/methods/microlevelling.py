"""Microlevelling: stripes that levelling leaves along flight lines, taken out of grids and of lines."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import geopandas as gpd
import numpy as np
import xarray as xr

from craton.kernels import microlevelling as kernel
from craton.methods.magnetics import MagneticGrid
from craton.methods.placement import brought_to, place_of, plane_of
from craton.methods.survey_columns import numbers_in
from craton.methods.survey_line_order import lines_of
from craton.methods.survey_line_values import beside_value, smoothed_along
from craton.methods.survey_lines import LineColumn, OrderColumn, SurveyTable, ValueColumn
from craton.model import units
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Grid, Table, Unit
from craton.process.processes import process

GRID, LINES = "magnetics.microlevelling", "magnetics.microlevelling_lines"

CUTOFF_SPACINGS = 4.0
"""Line spacings of the wavelength below which features across lines belong to the stripes."""

Metres = Annotated[float, Unit("m"), Bounds(above=0, maximum=1e7)]
Limit = Annotated[float, Unit("nT"), Bounds(above=0)]
StripeGrid = Annotated[xr.DataArray, Grid(unit="nT", plane=True)]


class Microlevelled(NamedTuple):
    """The grid after, and the stripes taken out."""

    levelled: Annotated[xr.DataArray, Grid(unit="nT", plane=True, like="grid")]
    stripes: StripeGrid


@process(GRID, version="1", keywords=("decorrugation", "destriping", "levelling noise", "微调平"))
def microlevelling(
    grid: MagneticGrid,
    azimuth: Annotated[float, Unit("deg"), Bounds(minimum=-360, maximum=360)],
    line_spacing: Metres,
    *,
    wavelength: Metres | None = None,
    order: Annotated[int, Bounds(minimum=1, maximum=20)] = 4,
    sharpness: Annotated[float, Bounds(minimum=0, maximum=50)] = 2.0,
    along: Metres | None = None,
    limit: Limit | None = None,
) -> Microlevelled:
    """A grid without the stripes that levelling errors leave along the flight lines.

    Use it as the last step before filters and derivatives, which bring stripes out. Look at `stripes`: if
    geology can be seen in it, lower `limit` or give `along` a greater length. Where geology strikes along
    the lines, it is taken for stripes; level with tie lines instead. To correct the readings themselves
    give `stripes` to `magnetics.microlevelling_lines`.

    Parameters
    ----------
    grid : DataArray
        Magnetic field or anomaly on even rows and columns in metres, in either direction. Cells without a
        value are allowed.
    azimuth : float
        Direction of the flight lines in degrees clockwise from the north of the grid.
    line_spacing : float
        Distance of neighbouring lines, in metres.
    wavelength : float, optional
        Wavelength across lines, in metres, below which features belong to the stripes. Left out, four line
        spacings.
    order : int
        Steepness of the Butterworth filter.
    sharpness : float
        Power of the directional cosine: the greater, the closer to the direction of the lines stripes are.
    along : float, optional
        Length along lines, in metres, of which half is kept in the stripes; shorter features stay in the
        grid. Left out, there is no such limit.
    limit : float, optional
        Greatest height of a stripe, in nT; what is higher is cut off there. Left out, there is none.

    Returns
    -------
    levelled : DataArray
        The grid less the stripes, in nT; cells without a value have none.
    stripes : DataArray
        What was taken out, in nT.

    Notes
    -----
    In the wavenumber domain the field is multiplied by 1 / (1 + (k₀/|k|)²ⁿ) · |k⊥/k|^p, and with `along`
    by exp(−ln 2 (k∥/kₐ)²), where k⊥ and k∥ are the parts of the wavenumber across and along the lines. A
    plane is taken out before, and the field fades beyond its edges, so within about one wavelength of the
    edge less is removed.

    References
    ----------
    Minty, B. R. S. (1991), Simple micro-levelling for aeromagnetic data, Exploration Geophysics 22(4),
    591-592, doi:10.1071/EG991591.

    Ferraccioli, F., Gambetta, M. and Bozzo, E. (1998), Microlevelling procedures applied to regional
    aeromagnetic data: an example from the Transantarctic Mountains (Antarctica), Geophysical Prospecting
    46(2), 177-196, doi:10.1046/j.1365-2478.1998.00080.x.
    """
    cells = plane_of(GRID, "grid", grid)
    place = place_of(GRID, "grid", grid)
    if line_spacing < 2 * max(place.spacing):
        raise ContractError(
            GRID, "line_spacing", f"at least two cells, {2 * max(place.spacing):g} m", f"{line_spacing:g} m",
            hint="grid the survey with cells of a quarter of the line spacing",
        )  # fmt: skip
    field = cells.to_numpy().astype(np.float64)
    noise = np.full(field.shape, np.nan)
    if np.isfinite(field).any():
        # Turned upright, so that the directions of the axes leave no trace in the padding.
        upright = np.ascontiguousarray(place.upright(field))
        found = kernel.stripes(
            upright, (-place.spacing[0], place.spacing[1]), azimuth,
            wavelength or CUTOFF_SPACINGS * line_spacing,
            order=order, sharpness=sharpness, along=along or 0.0,
        )  # fmt: skip
        noise = place.upright(found)
    if limit is not None:
        noise = np.clip(noise, -limit, limit)
    dtype = cells.dtype if cells.dtype.kind == "f" else np.float64
    levelled = cells.copy(data=(field - noise).astype(dtype)).transpose(*grid.dims)
    stripes = cells.copy(data=noise.astype(dtype)).transpose(*grid.dims).rename("stripes")
    stripes.attrs = {key: text for key, text in grid.attrs.items() if key in {"units", "crs"}}
    return Microlevelled(levelled, stripes)


@process(LINES, version="1", keywords=("decorrugation", "levelling noise", "微调平"))
def microlevelling_lines(
    table: SurveyTable,
    stripes: StripeGrid,
    line: LineColumn,
    value: ValueColumn,
    wavelength: Metres,
    *,
    order: OrderColumn | None = None,
    limit: Limit | None = None,
) -> Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))]:
    """Readings along lines without the stripes that were found in their grid.

    Use it to carry the correction of `magnetics.microlevelling` back to the readings, so that they can be
    gridded anew. Only what is long along the line is taken, as levelling errors are; short anomalies keep
    their shape.

    Parameters
    ----------
    table : GeoDataFrame
        Points of readings along lines. They are brought to the reference system of the grid.
    stripes : DataArray
        Second result of `magnetics.microlevelling`.
    line : str
        Column of the number or name of the line.
    value : str
        Column of magnetic intensity or anomaly.
    wavelength : float
        Wavelength along the line, in metres, of which half is kept in the correction.
    order : str, optional
        Column of fiducials or times by which a line is ordered. Left out, rows stay in their order.
    limit : float, optional
        Greatest correction, in nT; what is higher is cut off there before it is smoothed. Left out, there
        is none.

    Returns
    -------
    GeoDataFrame
        `table` with `VALUE_microlevel`, the correction, and `VALUE_microlevelled`, the reading less it, in
        the unit of the column. Readings outside the grid are not corrected.

    Notes
    -----
    The stripes are taken at the readings, bilinear between cells, cut off at the limit, and smoothed along
    each line as by `survey_lines.filter`.

    References
    ----------
    Minty, B. R. S. (1991), Simple micro-levelling for aeromagnetic data, Exploration Geophysics 22(4),
    591-592, doi:10.1071/EG991591.
    """
    cells = plane_of(LINES, "stripes", stripes)
    place = place_of(LINES, "stripes", stripes)
    on_grid = brought_to(LINES, "table", table, place.crs)
    lines = lines_of(LINES, on_grid, line, order)
    values = numbers_in(LINES, "value", table, value, "nT")[lines.rows]
    positions = [
        (lines.own[:, 1 - axis] - first) / step
        for axis, (first, step) in enumerate(zip(place.first, place.step, strict=True))
    ]
    noise = _bilinear(cells.to_numpy().astype(np.float64), *positions)
    if limit is not None:
        noise = np.clip(noise, -limit, limit)
    noise = np.nan_to_num(smoothed_along(lines, noise, wavelength))
    own = units.conversion("nT", str(table.attrs["columns"][value]["unit"]))[0]
    columns = {"microlevel": noise * own, "microlevelled": (values - noise) * own}
    return beside_value(table, lines, value, columns)


def _bilinear(cells: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Values between cells at fractional rows and columns.

    Cells without a value are left out of the weights; where more than half of the weight is theirs, and
    outside, there is no value.
    """
    from scipy.ndimage import map_coordinates

    known = np.isfinite(cells)
    total, weight = (
        map_coordinates(one, [rows, columns], order=1, mode="constant", cval=0.0)
        for one in (np.where(known, cells, 0.0), known.astype(np.float64))
    )
    enough = weight >= 0.5 - 1e-9
    return np.where(enough, total / np.where(enough, weight, 1.0), np.nan)
