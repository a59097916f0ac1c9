"""Gravity terrain: terrain corrections of stations from an elevation grid."""

from __future__ import annotations

from typing import Annotated, Literal

import geopandas as gpd
import numpy as np
import pyproj
import xarray as xr

from craton.kernels import gravity as kernel
from craton.kernels import terrain_correction as sums
from craton.kernels import terrain_near, terrain_relief
from craton.methods.gravity_reduction import Density, thickness_of
from craton.methods.gravity_stations import (
    NumberColumn,
    Stations,
    coordinates_in,
    degrees_of,
    heights_of,
    with_columns,
)
from craton.methods.placement import Place, place_of, plane_of
from craton.model import crs as systems
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import Bounds, Column, Grid, Table, Unit
from craton.process.processes import process

TERRAIN = "gravity.terrain_correction"

BATCH = 256
"""Stations between two reports of progress."""

COVERED = 0.995
"""Part of the circle that counts as the whole, as cells do not fill it to the rim."""

FAR_FROM_GROUND = 30.0
"""Metres between a station and the grid that are worth a remark."""

TIDE = 10.0
"""Metres from sea level within which a station may stand on the sea."""

Elevation = Annotated[xr.DataArray, Grid(quantity=("elevation", "ellipsoidal_height"), unit="m")]


@process(
    TERRAIN, version="1",
    keywords=("topography", "DEM", "prism", "Hammer", "Hayford-Bowie", "Bullard C", "地形改正"),
)  # fmt: skip
def terrain_correction(
    stations: Stations,
    relief: Elevation,
    height: NumberColumn = "elevation",
    *,
    density: Density = 2670.0,
    water_density: Density = 1027.0,
    radius: Annotated[float, Unit("m"), Bounds(above=0, maximum=500_000)] = kernel.CAP_RADIUS,
    curvature: bool = True,
    surface: Literal["smooth", "flat-cells"] = "smooth",
    on_ground: bool = True,
    sea: bool = True,
    water_depth: NumberColumn | None = None,
) -> Annotated[
    gpd.GeoDataFrame,
    Table(
        geometry=("Point",),
        columns=(
            Column(name="terrain_correction", unit="mGal", quantity="terrain_correction"),
            Column(name="terrain_coverage", unit="1", title="Part of the circle that the relief covers"),
            Column(name="height_above_relief", unit="m", title="Height of the station above the relief"),
            Column(name="terrain_remark", title="What is doubtful about the correction"),
        ),
    ),
]:
    """Terrain corrections of gravity stations from an elevation grid, out to 166.735 km.

    Use it before `gravity.bouguer_anomaly`, with a grid that is fine near the stations (30 m in hills, 90 m
    in plains) and reaches the radius around them. Run it twice to join a fine grid near the stations with
    a coarse one: the fine with its radius, then the coarse with both radii, and add what they differ by.

    Parameters
    ----------
    stations : GeoDataFrame
        Stations in any reference system on the Earth.
    relief : DataArray
        Elevation above sea level, below 0 at sea, on evenly spaced axes, projected in metres or longitude
        and latitude. Cells at most an eighth of the radius wide. Cells without a value are left out, as if
        they were level with the station.
    height : str
        Column of heights of stations in any unit of length, above the same sea level as `relief`; without a
        column of that name, the one of elevations.
    density : float
        Of the ground.
    water_density : float
        Of the sea.
    radius : float
        How far the relief counts. The standard is that of the cap of `gravity.bouguer_anomaly`.
    curvature : bool
        Whether far ground falls away with the Earth, as goes with a spherical cap; without it the
        correction goes with the slab.
    surface : str
        The relief within eight cells: `smooth` runs through the middles of cells, `flat-cells` has a level
        top on each.
    on_ground : bool
        Whether stations stand on the ground: the surface is then brought to their heights within two
        cells. Without it, the gap to the relief counts as air or rock.
    sea : bool
        Whether ground below 0 lies under the sea; without it, it is dry.
    water_depth : str
        Column of the depth of water under stations on the sea, within 10 m of height 0, in any unit of
        length, positive; 0 or nothing on land. Depths under stations on lakes above or below the sea are
        refused, as the floor of a lake is not in `relief`: leave them empty, here and for
        `gravity.bouguer_anomaly`, so that the water counts as ground in both.

    Returns
    -------
    GeoDataFrame
        `stations` with `terrain_correction` in mGal, to be added to Bouguer anomalies; `terrain_coverage`,
        the part of the circle that cells with a value fill (1 is all of it); `height_above_relief` in
        metres; and `terrain_remark`: `outside` the grid or beside a gap (no correction), `incomplete` (the
        grid does not fill the circle), `height` (more than 30 m from the relief), `at-sea` (over the sea and
        no depth given).

    Notes
    -----
    Flat: Gρ ∬ (1/d − 1/√(d² + Δ²)) dA, with Δ the height of the relief above the station. On the Earth each
    column is a piece of a radius (see `craton.kernels.terrain_correction`). Within eight cells the bilinear
    surface is integrated along 72 rays; beyond, cells are joined into squares of 2, 4, 8 … cells that are a
    quarter of their distance wide or less, with second moments of their elevations. Against the sum of all
    prisms that is right to 0.01 mGal. Far ground below the falling horizon has a negative correction.

    References
    ----------
    Nowell, D. A. G. (1999). Gravity terrain corrections: an overview. Journal of Applied Geophysics 42(2),
    117-134. doi:10.1016/S0926-9851(99)00028-2

    Hammer, S. (1939). Terrain corrections for gravimeter stations. Geophysics 4(3), 184-194.
    doi:10.1190/1.1440495

    Hinze, W. J., et al. (2005), New standards for reducing gravity data: The North American gravity
    database, Geophysics 70(4), J25-J32, doi:10.1190/1.1988183.
    """
    place = place_of(TERRAIN, "relief", relief)
    cells = plane_of(TERRAIN, "relief", relief).to_numpy().astype(np.float64)
    cells[~np.isfinite(cells)] = np.nan
    _refuse_relief(place, cells, radius)
    pyramid = _pyramid(place, cells, sea=sea)
    given, inside = _given(stations, place, height, water_depth, curvature=curvature)
    surface_height = np.full(len(stations), np.nan)
    surface_height[inside] = terrain_near.surface_at(cells, given.rows[inside], given.columns[inside])
    inside &= np.isfinite(surface_height)
    if not inside.any():
        raise ContractError(
            TERRAIN, "relief", "a grid with elevations at the stations", "one that holds none of them"
        )
    settings = terrain_near.Settings(radius, density, water_density, surface == "smooth", on_ground)
    values, area = _summed(pyramid, given, settings, inside)
    circle = 2 * np.pi * kernel.MEAN_RADIUS**2 * (1 - np.cos(radius / kernel.MEAN_RADIUS))
    coverage, above = area / circle, given.heights - surface_height
    remarks = _remarks(coverage, above, surface_height, given, inside)
    result: dict[str, tuple[np.ndarray, dict[str, str]]] = {
        "terrain_correction": (values, {}), "terrain_coverage": (np.minimum(coverage, 1.0), {}),
        "height_above_relief": (above, {}), "terrain_remark": (remarks, {}),
    }  # fmt: skip
    return with_columns(stations, result)


def _refuse_relief(place: Place, cells: np.ndarray, radius: float) -> None:
    if not np.isfinite(cells).any() or min(cells.shape) < 2:
        raise ContractError(TERRAIN, "relief", "a grid of two by two cells with values", "one without")
    unit = systems.axes(place.crs).unit if place.crs else ""
    if unit not in {"m", "deg"}:
        allowed = "a grid in metres or degrees that states its reference system"
        raise ContractError(TERRAIN, "relief", allowed, f"one in {unit or 'an unknown system'}")
    side = max(place.spacing)
    if place.is_geographic:
        side = place.spacing[0] * np.pi / 180 * kernel.MEAN_RADIUS
    if side * sums.NEAR > radius:
        raise ContractError(
            TERRAIN, "relief", f"cells of at most {radius / sums.NEAR:.0f} m, an eighth of the radius",
            f"cells of {side:.0f} m", hint="take a finer grid",
        )  # fmt: skip


def _pyramid(place: Place, cells: np.ndarray, *, sea: bool) -> terrain_relief.Relief:
    rows, columns = (
        first + step * np.arange(count, dtype=np.float64)
        for first, step, count in zip(place.first, place.step, place.shape, strict=True)
    )
    return terrain_relief.relief_of(cells, rows, columns, sea=sea, ellipsoid=_ellipsoid(place))


def _ellipsoid(place: Place) -> tuple[float, float] | None:
    """Semi-major axis and squared eccentricity of a grid in degrees."""
    if not place.is_geographic:
        return None
    figure = pyproj.CRS(place.crs).ellipsoid
    assert figure is not None
    return float(figure.semi_major_metre), 1 - (figure.semi_minor_metre / figure.semi_major_metre) ** 2


def _given(
    stations: gpd.GeoDataFrame, place: Place, height: str, water_depth: str | None, *, curvature: bool
) -> tuple[terrain_near.Stations, np.ndarray]:
    """Stations as the sums see them, and which of them stand within the grid and have a height."""
    degrees_of(TERRAIN, stations)
    where = coordinates_in(TERRAIN, stations, place.crs)
    if place.is_geographic:
        middle = place.region[0] + (place.region[2] - place.region[0]) / 2
        where[:, 0] -= 360.0 * np.round((where[:, 0] - middle) / 360.0)
    heights = heights_of(TERRAIN, stations, height)
    depths = np.zeros(len(stations))
    if water_depth is not None:
        depths = thickness_of(TERRAIN, stations, "water_depth", water_depth)
        _refuse_lakes(heights, depths)
    rows = (where[:, 1] - place.first[0]) / place.step[0]
    columns = (where[:, 0] - place.first[1]) / place.step[1]
    inside = (
        (rows >= -0.5)
        & (rows <= place.shape[0] - 0.5)
        & (columns >= -0.5)
        & (columns <= place.shape[1] - 0.5)
    )
    inside &= np.isfinite(heights)
    ellipsoid = _ellipsoid(place)
    if ellipsoid is None:
        zero = np.zeros(len(rows))
        places = np.column_stack([where[:, 1], zero, where[:, 0], zero])
    else:
        places = np.column_stack(
            [terrain_relief.meridian_places(where[:, 1], ellipsoid), terrain_relief.half_turns(where[:, 0])]
        )
    bend = np.full(len(rows), 1.0 / kernel.MEAN_RADIUS if curvature else 0.0)
    return terrain_near.Stations(rows, columns, places, heights, depths, bend), inside


def _refuse_lakes(heights: np.ndarray, depths: np.ndarray) -> None:
    """Refuse depths of water under stations that do not stand on the sea."""
    odd = np.flatnonzero((depths > 0) & (np.abs(heights) > TIDE))
    if odd.size:
        raise ContractError(
            TERRAIN, "water_depth", f"depths under stations on the sea, within {TIDE:g} m of height 0",
            f"one at {heights[odd[0]]:g} m in row {odd[0]} ({odd.size} such)",
            hint="leave depths of lakes empty, here and in gravity.bouguer_anomaly",
        )  # fmt: skip


def _summed(
    relief: terrain_relief.Relief,
    given: terrain_near.Stations,
    settings: terrain_near.Settings,
    inside: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Corrections in mGal, NaN where there is none, and areas covered, in batches of stations."""
    values, area = np.full(inside.size, np.nan), np.zeros(inside.size)
    rows = np.flatnonzero(inside)
    for start in progress.each(range(0, rows.size, BATCH), "terrain corrections"):
        part = rows[start : start + BATCH]
        batch = terrain_near.Stations(*(np.ascontiguousarray(one[part]) for one in given))
        values[part], area[part] = sums.terrain_corrections(relief, batch, settings)
    return values, area


def _remarks(
    coverage: np.ndarray,
    above: np.ndarray,
    surface: np.ndarray,
    given: terrain_near.Stations,
    inside: np.ndarray,
) -> np.ndarray:
    """What is doubtful of each station, in words joined by commas; empty where nothing is."""
    at_sea = (surface < 0) & (given.depths == 0) & (np.abs(given.heights) < 1.0)
    doubts = {
        "outside": ~inside, "incomplete": inside & (coverage < COVERED),
        "height": inside & ~at_sea & (given.depths == 0) & (np.abs(above) > FAR_FROM_GROUND),
        "at-sea": inside & at_sea,
    }  # fmt: skip
    lists = [[word for word, where in doubts.items() if where[row]] for row in range(inside.size)]
    return np.array([", ".join(words) for words in lists], dtype=object)
