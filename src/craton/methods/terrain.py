"""Terrain: shade, slope and aspect of elevation grids of any size.

All three look at the three by three cells around each cell (see
`craton.kernels.terrain` for the formulas), so a grid that is larger than
memory goes through in blocks and gives the same cells as one in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import numpy as np
import xarray as xr

from craton.methods.placement import Place, on_cells, place_of
from craton.model import crs as systems
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Grid, Unit
from craton.process.processes import process

Elevation = Annotated[
    xr.DataArray, Grid(quantity=("elevation", "ellipsoidal_height", "hydraulic_head"), unit="m")
]
"""Height of a surface, positive up."""

Slope = Annotated[xr.DataArray, Grid(quantity="slope", unit="deg")]
Aspect = Annotated[xr.DataArray, Grid(quantity="aspect", unit="deg")]

Method = Literal["horn", "zevenbergen-thorne"]


@process(
    "terrain.hillshade",
    version="1",
    halo=1,
    keywords=("relief", "shading", "DEM", "山体阴影"),
)
def hillshade(
    elevation: Elevation,
    *,
    azimuth: Annotated[float, Unit("deg"), Bounds(minimum=0, maximum=360)] = 315.0,
    altitude: Annotated[float, Unit("deg"), Bounds(minimum=0, maximum=90)] = 45.0,
    vertical_exaggeration: Annotated[float, Unit("1"), Bounds(above=0, maximum=1000)] = 1.0,
    method: Method = "horn",
) -> Annotated[xr.DataArray, Grid()]:
    """Shaded relief of an elevation grid under a distant light.

    Use it as a backdrop of maps and to see faults, terraces and artefacts in
    elevation data. It is a picture, not a measurement: for angles take
    `terrain.slope` and `terrain.aspect`. Features that run towards the light
    stay unseen; look at a second azimuth before you say that there is none.

    Parameters
    ----------
    elevation : DataArray
        Height in metres on evenly spaced axes, northing and easting in metres or latitude and longitude
        in degrees, in any direction. At least 3 by 3 cells.
    azimuth : float
        Direction to the light, clockwise from north.
    altitude : float
        Angle of the light above the horizon.
    vertical_exaggeration : float
        Number that heights are multiplied with before they are lit.
    method : str
        `horn` smooths over the neighbouring rows and columns; `zevenbergen-thorne` keeps more detail and
        more noise.

    Returns
    -------
    DataArray
        Grey values of eight bits on the cells of `elevation`: 1 where the ground turns away from the
        light to 255 where it faces it; 0, stated as `nodata`, where there is none.

    Notes
    -----
    With p and q the slopes to the east and to the north, the normal n = (−p, −q, 1) / √(1 + p² + q²) and
    the unit vector s to the light, grey = 1 + 254 · max(0, n · s), rounded. Cast shadows are not drawn.

    A cell has no value where it or one of its eight neighbours has none, and so have the outermost rows
    and columns. Degrees are turned into metres row by row with the curvature of the WGS 84 ellipsoid;
    across the antimeridian a grid is not closed, and rows at a pole have no value.

    References
    ----------
    Horn, B. K. P. (1981). Hill shading and the reflectance map. Proceedings of the IEEE 69(1), 14-47.
    doi:10.1109/PROC.1981.11918

    Zevenbergen, L. W., and Thorne, C. R. (1987). Quantitative analysis of land surface topography. Earth
    Surface Processes and Landforms 12(1), 47-56. doi:10.1002/esp.3290120107
    """
    from craton.kernels import terrain

    def lit(cells: np.ndarray, steps: terrain.Steps, weights: tuple[float, float]) -> np.ndarray:
        north, east = steps.north * vertical_exaggeration, steps.east * vertical_exaggeration
        scaled = terrain.Steps(north, east, steps.shrink)
        shaded: np.ndarray = terrain.shade(cells, scaled, weights, terrain.light(azimuth, altitude))
        return shaded

    shaded = _around_each("terrain.hillshade", elevation, method, lit, unit="1", title="Shaded relief")
    return shaded.assign_attrs(nodata=terrain.NO_SHADE)


@process("terrain.slope", version="1", halo=1, keywords=("gradient", "steepness", "DEM", "坡度"))
def slope(
    elevation: Elevation, *, method: Method = "horn"
) -> Annotated[xr.DataArray, Grid(quantity="slope")]:
    """Steepness of the ground from an elevation grid.

    Use it for landslide, erosion, access and cost studies. It depends on the
    cell size: coarse cells are flatter, so compare only slopes from grids of
    one spacing.

    Parameters
    ----------
    elevation : DataArray
        As for `terrain.hillshade`.
    method : str
        As for `terrain.hillshade`.

    Returns
    -------
    DataArray
        Angle from the horizontal in degrees, 0 to 90, on the cells of `elevation`; NaN where a neighbour
        is missing (see `terrain.hillshade`).

    Notes
    -----
    slope = arctan √(p² + q²), with p and q the slopes to the east and to the north.

    References
    ----------
    Horn, B. K. P. (1981). Hill shading and the reflectance map. Proceedings of the IEEE 69(1), 14-47.
    doi:10.1109/PROC.1981.11918

    Zevenbergen, L. W., and Thorne, C. R. (1987). Quantitative analysis of land surface topography. Earth
    Surface Processes and Landforms 12(1), 47-56. doi:10.1002/esp.3290120107
    """
    from craton.kernels import terrain

    return _around_each(
        "terrain.slope", elevation, method, terrain.steepness, unit="deg", quantity="slope", title="Slope"
    )


@process("terrain.aspect", version="1", halo=1, keywords=("exposition", "slope direction", "DEM", "坡向"))
def aspect(
    elevation: Elevation, *, method: Method = "horn"
) -> Annotated[xr.DataArray, Grid(quantity="aspect")]:
    """Direction that the ground faces, from an elevation grid.

    Use it for solar exposure, vegetation and slope stability. On nearly level
    ground it shows noise; look at it together with `terrain.slope`. It is an
    angle around the compass: average it as a direction, never as a number.

    Parameters
    ----------
    elevation : DataArray
        As for `terrain.hillshade`.
    method : str
        As for `terrain.hillshade`.

    Returns
    -------
    DataArray
        Direction of steepest descent in degrees clockwise from north (grid north on a projected grid),
        from 0 up to but not 360, on the cells of `elevation`; NaN where the ground is level or a
        neighbour is missing (see `terrain.hillshade`).

    Notes
    -----
    aspect = atan2(−p, −q), with p and q the slopes to the east and to the north.

    References
    ----------
    Horn, B. K. P. (1981). Hill shading and the reflectance map. Proceedings of the IEEE 69(1), 14-47.
    doi:10.1109/PROC.1981.11918

    Zevenbergen, L. W., and Thorne, C. R. (1987). Quantitative analysis of land surface topography. Earth
    Surface Processes and Landforms 12(1), 47-56. doi:10.1002/esp.3290120107
    """
    from craton.kernels import terrain

    return _around_each(
        "terrain.aspect", elevation, method, terrain.facing, unit="deg", quantity="aspect", title="Aspect"
    )


def _around_each(
    process: str, elevation: xr.DataArray, method: str, kernel: Callable[..., np.ndarray], **described: str
) -> xr.DataArray:
    """`kernel` on the cells of `elevation` with their neighbours; also called on a block of a larger grid."""
    from craton.kernels import terrain

    place = _checked_place(process, elevation)
    weights = {"horn": terrain.HORN, "zevenbergen-thorne": terrain.ZEVENBERGEN_THORNE}[method]
    axes = place.rows, place.columns
    northings, eastings = (elevation[axis].to_numpy().astype(np.float64) for axis in axes)
    steps = (terrain.geographic_steps if place.is_geographic else terrain.plane_steps)(northings, eastings)
    cells = _cells(elevation.transpose(*axes).to_numpy())
    name = process.partition(".")[2]
    result = on_cells(elevation, kernel(cells, steps, weights), name=name, **described)
    return result.transpose(*elevation.dims)


def _checked_place(process: str, elevation: xr.DataArray) -> Place:
    """Place of `elevation`, in metres or degrees, with a cell that has all its neighbours."""
    from craton.kernels.terrain import FEWEST

    if elevation.ndim != 2:
        raise ContractError(process, "elevation", "a grid of two axes", f"one of {elevation.ndim}")
    if min(elevation.shape) < FEWEST:
        came = " by ".join(map(str, elevation.shape))
        raise ContractError(process, "elevation", f"a grid of at least {FEWEST} by {FEWEST} cells", came)
    place = place_of(process, "elevation", elevation)
    unit = systems.axes(place.crs).unit if place.crs else "m"
    if not place.is_geographic and unit != "m":
        raise ContractError(
            process, "elevation", "on axes in metres or degrees", f"on axes in {unit}",
            hint="reproject it first, with grid.reproject",
        )  # fmt: skip
    return place


def _cells(values: Any) -> np.ndarray:
    """Cells in the smallest fraction that holds them, 32 bits at least, in rows one after the other."""
    return np.ascontiguousarray(values, dtype=np.result_type(values.dtype, np.float32))
