"""Gravity: processes on grids of the Earth's gravity field."""

from __future__ import annotations

from typing import Annotated

import xarray as xr

from craton.methods.potential_field import Padding, continued
from craton.process.marks import Bounds, Grid, Unit
from craton.process.processes import process

GravityGrid = Annotated[
    xr.DataArray,
    Grid(
        quantity=(
            "gravity_disturbance", "gravity_anomaly", "free_air_anomaly", "bouguer_anomaly",
            "complete_bouguer_anomaly", "isostatic_anomaly", "gravity",
        ),
        unit="mGal",
        plane=True,
    ),
]  # fmt: skip
"""Gravity, or what is left of it after a reduction, on a horizontal plane."""

ContinuedGrid = Annotated[xr.DataArray, Grid(unit="mGal", plane=True, like="grid")]

Height = Annotated[float, Unit("m"), Bounds(above=0, maximum=50_000)]


@process(
    "gravity.upward_continuation", version="1", keywords=("regional", "residual", "filter", "wavenumber")
)
def upward_continuation(
    grid: GravityGrid, height: Height = 1000.0, *, padding: Padding = "mirror"
) -> ContinuedGrid:
    """Gravity as it would be measured higher above the ground.

    Use it to bring out deep, wide sources (the regional field), to bring surveys flown or levelled at
    different heights to one, or to calm noise before derivatives are taken. Do not use it where the
    grid follows rough ground (reduce it to a plane first), where sources lie above the grid, or with
    heights beyond about a tenth of the grid's width: what lies outside the grid is then felt inside.

    Parameters
    ----------
    grid : DataArray
        Gravity on even rows and columns (northing, easting) in metres, in either direction; the two
        spacings may differ. Cells without a value are allowed.
    height : float
        Height by which the field is continued upward, in metres.
    padding : str
        How the field goes on beyond its edges: `mirror` reflects it, `taper` lets its reflection fade
        to the trend over a quarter of each side, `none` takes it to repeat itself.

    Returns
    -------
    DataArray
        The same quantity in mGal on the cells of `grid`; cells without a value there have none here.

    Notes
    -----
    The wave of wavenumber k decays by exp(-|k| h). A least-squares plane is removed before and put
    back after, so constants and planes are unchanged. Gaps take the value of their nearest cell for
    the transform; near wide gaps and edges, within about one `height`, the result is less sure.

    References
    ----------
    Blakely, R. J. (1995), Potential theory in gravity and magnetic applications, Cambridge
    University Press, p. 315, eq. 12.8.
    """
    return continued("gravity.upward_continuation", grid, height, padding)
