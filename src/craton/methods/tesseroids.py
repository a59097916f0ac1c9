"""Tesseroids: gravity of large bodies on the round Earth."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pandas as pd
import xarray as xr

from craton.kernels import constants, tesseroid
from craton.kernels.points import EARTH_RADIUS
from craton.kernels.sources import Floats
from craton.methods.body_table import numbers_of
from craton.methods.placement import on_cells, place_of
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import Bounds, Column, Grid, Table, Unit
from craton.process.processes import process

EDGES = ("west", "east", "south", "north", "bottom", "top")

Tesseroids = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            *(Column(name=name, unit="deg") for name in EDGES[:4]),
            *(Column(name=name, unit="m") for name in EDGES[4:]),
            Column(name="density", unit="kg/m3"),
        )
    ),
]

STATIONS_AT_ONCE = 2_000
"""Stations between two reports of progress."""


@process(
    "gravity.of_tesseroids", version="1", keywords=("forward model", "spherical", "crust", "Moho", "正演")
)
def gravity_of_tesseroids(
    bodies: Tesseroids,
    grid: Annotated[xr.DataArray, Grid()],
    *,
    height: Annotated[float, Unit("m"), Bounds(minimum=-12_000, maximum=1_000_000)] = 0.0,
) -> Annotated[xr.DataArray, Grid(quantity="gravity_disturbance", unit="mGal")]:
    """Gravity of tesseroids, blocks between meridians, parallels and heights on a round Earth.

    Use it for bodies of a hundred kilometres and more, such as crust, Moho and ice sheets over a country
    or a continent, where the Earth is no plane any more. For smaller ones `gravity.of_bodies` is exact
    and faster.

    Parameters
    ----------
    bodies : DataFrame
        One tesseroid a row: `west`, `east`, `south`, `north` in degrees, `bottom` and `top` as heights above
        the sphere in metres, and the `density` contrast.
    grid : DataArray
        Over longitude and latitude; its cells are the stations, its values are not used.
    height : float
        Height of the stations above the sphere, in metres.

    Returns
    -------
    DataArray
        Attraction towards the middle of the Earth in mGal at the middles of the cells.

    Notes
    -----
    The sphere has the mean radius of the Earth; latitudes are taken as they are. Eight points of mass
    stand for a tesseroid, which is halved until its sides are below 0.4 of its distance: the error is below
    0.1 percent, mostly far below.

    References
    ----------
    Uieda, L., Barbosa, V. C. F., and Braitenberg, C. (2016), Tesseroids: Forward-modeling gravitational
    fields in spherical coordinates, Geophysics 81(5), F41-F48, doi:10.1190/geo2015-0204.1.

    Heck, B. and Seitz, K. (2007), A comparison of the tesseroid, prism and point-mass approaches for mass
    reductions in gravity field modelling, Journal of Geodesy 81, 121-136, doi:10.1007/s00190-006-0094-0.
    """
    id = "gravity.of_tesseroids"
    place = place_of(id, "grid", grid)
    if not place.is_geographic:
        raise ContractError(
            id, "grid", "over longitude and latitude", f"over {place.columns} and {place.rows}",
            hint="use gravity.of_bodies, or grid.reproject first",
        )  # fmt: skip
    bounds = _bounds(id, bodies)
    density = numbers_of(id, bodies, "density")
    north, east = np.meshgrid(grid[place.rows].to_numpy(), grid[place.columns].to_numpy(), indexing="ij")
    stations = np.stack([east.ravel(), north.ravel(), np.full(east.size, EARTH_RADIUS + height)])
    found = np.empty(east.size)
    for start in progress.each(range(0, east.size, STATIONS_AT_ONCE), "stations"):
        part = slice(start, start + STATIONS_AT_ONCE)
        found[part] = -tesseroid.gravity(stations[:, part], bounds, density)[2]
    field = found.reshape(place.shape) * constants.MGAL
    return on_cells(grid, field, name="gravity", unit="mGal", title="Gravity of tesseroids")


def _bounds(id: str, bodies: pd.DataFrame) -> Floats:
    """Degrees and radii (n, 6) of tesseroids."""
    if bodies.empty:
        raise ContractError(id, "bodies", "a table of at least one tesseroid", "one of none")
    bounds = np.stack([numbers_of(id, bodies, name) for name in EDGES], axis=1)
    for low, high in ((0, 1), (2, 3), (4, 5)):
        wrong = np.flatnonzero(bounds[:, low] >= bounds[:, high])
        if wrong.size:
            allowed = f"tesseroids with {EDGES[low]} below {EDGES[high]}"
            raise ContractError(id, "bodies", allowed, f"one without in row {wrong[0] + 1}")
    if np.abs(bounds[:, 2:4]).max() > 90.0 or np.ptp(bounds[:, :2], axis=1).max() > 360.0:
        raise ContractError(id, "bodies", "latitudes to 90 and at most a turn of longitudes", "others")
    if bounds[:, 4].min() <= -EARTH_RADIUS:
        raise ContractError(
            id, "bodies", "heights above the middle of the Earth", f"{bounds[:, 4].min():g} m"
        )
    bounds[:, 4:] += EARTH_RADIUS
    return bounds
