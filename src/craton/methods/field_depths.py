"""Depths of sources from the phase of a field: tilt-depth and source-parameter imaging."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import xarray as xr

from craton.kernels import wavenumber
from craton.kernels.edges import crest_points
from craton.kernels.local_wavenumber import Derivatives, local_wavenumber
from craton.methods.field_edge_lines import Strength, zero_lines
from craton.methods.field_gradients import (
    FORM,
    Height,
    at_places,
    gradient_at,
    is_plane,
    slope_notes,
    table_of_lines,
    table_of_points,
    to_metres,
)
from craton.methods.potential_field import Padding, Prepared, Values, prepared
from craton.methods.vector_shapes import COLUMNS
from craton.process.marks import Bounds, Column, Grid, Table, Unit
from craton.process.processes import process

TILT, SPI = "magnetics.tilt_depth", "magnetics.source_parameter_imaging"

MagneticGrid = Annotated[
    xr.DataArray,
    Grid(
        quantity=("reduced_to_pole_magnetic_anomaly", "magnetic_anomaly", "total_magnetic_intensity"),
        unit="nT",
        plane=True,
    ),
]
Depth = Annotated[float, Unit("m"), Bounds(above=0)]

PART_OF_GRID = 0.25
"""Part of the shorter side of a grid down to which depths are kept where no limit is given."""

DEPTH = Column(name="depth", unit="m", quantity="depth", title="Depth below the ground")

TiltPoints = Annotated[
    gpd.GeoDataFrame,
    Table(
        geometry=("Point",),
        columns=(
            DEPTH,
            Column(name="strength", title="Horizontal gradient of the field"),
            Column(name="line", unit="1", title="Number of the contact"),
        ),
    ),
]
TiltLines = Annotated[
    gpd.GeoDataFrame,
    Table(
        geometry=("LineString",),
        columns=(
            Column(name="line", unit="1", title="Number of the contact"),
            Column(name="depth", unit="m", quantity="depth", title="Median depth below the ground"),
            Column(name="depth_spread", unit="m", title="Half the range of the middle two thirds of depths"),
            Column(name="strength", title="Mean horizontal gradient of the field"),
            *FORM,
        ),
    ),
]
SourcePoints = Annotated[
    gpd.GeoDataFrame,
    Table(
        geometry=("Point",),
        columns=(
            DEPTH,
            Column(name="strength", title="Analytic signal of the field"),
            Column(name="directions", unit="1", title="Directions in which the wavenumber is greatest"),
        ),
    ),
]


class Contacts(NamedTuple):
    """Depths along contacts, and the contacts."""

    points: TiltPoints
    lines: TiltLines


@process(TILT, version="1", keywords=("depth", "contact", "basement", "magnetic", "tilt angle", "倾斜角深度"))
def tilt_depth(
    grid: MagneticGrid,
    *,
    minimum_strength: Strength = 0.0,
    maximum_depth: Depth | None = None,
    height: Height = 0.0,
    continuation: Height = 0.0,
    padding: Padding = "mirror",
) -> Contacts:
    """Depth of the top of vertical contacts, along the zero lines of the tilt angle.

    Use it on magnetic data reduced to the pole for the depth of basement along contacts that stand out. It
    takes contacts for vertical, deep-reaching, magnetised along the field, and far from others: where
    neighbours are nearer than a few depths, or bodies thin, depths are too small. Compare it with
    `potential_field.euler` before believing either.

    Parameters
    ----------
    grid : DataArray
        Magnetic field reduced to the pole, on even rows and columns (northing, easting) in metres. Cells
        without a value are allowed.
    minimum_strength : float
        Horizontal gradient, in nT/m, below which a place has no depth.
    maximum_depth : float, optional
        Depths below the ground that are larger are left out, in metres. If not given, a quarter of the
        shorter side of the grid: what is deeper has no shape in it.
    height : float
        Height of the plane of the field above the ground, in metres, which is taken off depths.
    continuation : float
        Metres by which the field is continued upward first, which calms noise; depths stay those below the
        ground.
    padding : str
        How the field goes on beyond its edges; see `potential_field.derivative`.

    Returns
    -------
    points : GeoDataFrame
        A point for each place where a zero line crosses between two cells, with its depth in metres (below
        0 where it comes out above the ground), the horizontal gradient there and the number of its line.
    lines : GeoDataFrame
        The zero lines with their median depth and its spread. No rows over a flat field.

    Notes
    -----
    Over a vertical contact the tilt angle is atan(x/z), z below the plane of the field, so that the distance
    from −45° to 45° is 2z and the slope at 0 is 1/z. Here the slope is taken, which needs no neighbour to be
    2z away: z = h / |∇v|, h the horizontal gradient and v the vertical derivative.

    References
    ----------
    Salem, A., Williams, S., Fairhead, J. D., Ravat, D. and Smith, R. (2007), Tilt-depth method: a simple
    depth estimation method using first-order magnetic derivatives, The Leading Edge 26(12), 1502-1505,
    doi:10.1190/1.2821934.
    """
    ready = prepared(TILT, grid, padding)
    gradient = gradient_at(ready, continuation)
    second = _second(ready, continuation)
    level = gradient.horizontal
    turn = np.hypot(second["east_up"], second["north_up"])
    depth = np.divide(level, turn, out=np.full_like(level, np.nan), where=turn > 0) - height - continuation
    parts = []
    for line in zero_lines(gradient, minimum_strength):
        below = at_places(depth, line)
        kept = np.isfinite(below) & (below <= _deepest(ready, maximum_depth))
        if kept.sum() > 1:
            parts.append((line[kept], below[kept]))
    return Contacts(_tilt_points(ready, level, parts), _tilt_lines(ready, level, parts))


Contour = tuple[Values, Values]
"""A line in rows and columns (n, 2), and depths along it (n,)."""


def _tilt_points(ready: Prepared, level: Values, parts: list[Contour]) -> gpd.GeoDataFrame:
    places = np.concatenate([np.zeros((0, 2)), *(line for line, _below in parts)])
    sizes = [len(line) for line, _below in parts]
    table = table_of_points(
        ready, places, depth=np.concatenate([np.zeros(0), *(below for _line, below in parts)]),
        strength=at_places(level, places), line=np.repeat(np.arange(1, len(parts) + 1), sizes),
    )  # fmt: skip
    table.attrs[COLUMNS] = slope_notes(ready, "strength")
    return table


def _tilt_lines(ready: Prepared, level: Values, parts: list[Contour]) -> gpd.GeoDataFrame:
    limits = [np.percentile(below, [100 / 6, 50, 500 / 6]) for _line, below in parts]
    table = table_of_lines(
        ready,
        [to_metres(ready, line) for line, _below in parts],
        depth=[float(one[1]) for one in limits],
        depth_spread=[float(one[2] - one[0]) / 2 for one in limits],
        strength=[float(at_places(level, line).mean()) for line, _below in parts],
    )
    table.insert(0, "line", np.arange(1, len(parts) + 1))
    table.attrs[COLUMNS] = slope_notes(ready, "strength")
    return table


Model = Literal["contact", "sheet", "cylinder"]
INDEX = {"contact": 1, "sheet": 2, "cylinder": 3}
"""Local wavenumber over a source of each kind, times its depth."""


@process(SPI, version="1", keywords=("SPI", "depth", "local wavenumber", "contact", "dyke", "局部波数"))
def source_parameter_imaging(
    grid: MagneticGrid,
    model: Model = "contact",
    *,
    minimum_strength: Strength = 0.0,
    maximum_depth: Depth | None = None,
    height: Height = 0.0,
    continuation: Height | None = None,
    directions: Annotated[int, Bounds(minimum=1, maximum=4)] = 2,
    padding: Padding = "mirror",
) -> SourcePoints:
    """Depths of magnetic sources from the crests of the local wavenumber (source-parameter imaging, SPI).

    Use it for depths of contacts, dykes and pipes that lie along strike, whatever their dip and the direction
    of the magnetic field. It stands on second derivatives: continue noisy data upward first. Do not use it
    where anomalies of neighbours run into one another.

    Parameters
    ----------
    grid : DataArray
        Magnetic field, as measured or reduced to the pole, on even rows and columns (northing, easting) in
        metres. Cells without a value are allowed.
    model : str
        What sources are taken for: `contact`, thin `sheet` (a dyke), or horizontal `cylinder`. A contact
        gives half the depth of a sheet.
    minimum_strength : float
        Analytic signal, in nT/m, below which a place has no depth.
    maximum_depth : float, optional
        Depths below the ground that are larger are left out, in metres. If not given, a quarter of the
        shorter side of the grid: what is deeper has no shape in it.
    height : float
        Height of the plane of the field above the ground, in metres, which is taken off depths.
    continuation : float, optional
        Metres by which the field is continued upward first; depths stay those below the ground. Left out, the
        longer side of a cell, without which second derivatives ripple from cell to cell.
    directions : int
        Directions of four in which the local wavenumber must be a maximum; see `potential_field.edges`.
    padding : str
        How the field goes on beyond its edges; see `potential_field.derivative`.

    Returns
    -------
    GeoDataFrame
        A point for each crest of the local wavenumber with the depth in metres. No rows over a flat field.

    Notes
    -----
    The tilt angle turns with the local wavenumber k along the profile; over a contact, sheet or cylinder
    its greatest value is n/z with n = 1, 2 or 3, right above the source. Here k is the length of the
    horizontal gradient of the tilt angle.

    References
    ----------
    Thurston, J. B. and Smith, R. S. (1997), Automatic conversion of magnetic data to depth, dip, and
    susceptibility contrast using the SPI method, Geophysics 62(3), 807-813, doi:10.1190/1.1444190.

    Smith, R. S., Thurston, J. B., Dai, T.-F. and MacLeod, I. N. (1998), iSPI - the improved source parameter
    imaging method, Geophysical Prospecting 46(2), 141-151, doi:10.1046/j.1365-2478.1998.00084.x.
    """
    ready = prepared(SPI, grid, padding)
    up = max(map(abs, ready.spacing)) if continuation is None else continuation
    gradient = gradient_at(ready, up)
    turn = local_wavenumber(Derivatives(*gradient[1:], **_second(ready, up)))
    crests = crest_points(turn, least=directions)
    places = np.column_stack([crests.row, crests.column])
    depth = INDEX[model] / crests.height - height - up
    strength = at_places(gradient.total, places)
    kept = (strength >= minimum_strength) & (depth <= _deepest(ready, maximum_depth))
    table = table_of_points(
        ready, places[kept], depth=depth[kept], strength=strength[kept], directions=crests.directions[kept]
    )
    table.attrs[COLUMNS] = slope_notes(ready, "strength")
    return table


def _deepest(ready: Prepared, maximum: float | None) -> float:
    """Greatest depth that is kept."""
    sides = (count * abs(step) for count, step in zip(ready.cells.shape, ready.spacing, strict=True))
    return min(sides) * PART_OF_GRID if maximum is None else maximum


def _second(ready: Prepared, continuation: float) -> dict[str, Values]:
    """Second derivatives at a height by their names in `Derivatives`; 0 of a plane."""
    orders = {
        "east_east": (2, 0, 0), "east_north": (1, 1, 0), "north_north": (0, 2, 0), "east_up": (1, 0, 1),
        "north_up": (0, 1, 1),
    }  # fmt: skip
    up = wavenumber.upward(continuation)
    if is_plane(ready):
        return {name: np.zeros(ready.cells.shape) for name in orders}
    return {
        name: np.asarray(ready.product(up * wavenumber.derivative(*order)), dtype=np.float64)
        for name, order in orders.items()
    }
