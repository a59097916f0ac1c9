"""Magnetics: processes on grids of the Earth's magnetic field."""

from __future__ import annotations

from typing import Annotated

import xarray as xr

from craton.methods.potential_field import Padding, continued
from craton.process.marks import Bounds, Grid, Unit
from craton.process.processes import process

MagneticGrid = Annotated[
    xr.DataArray,
    Grid(
        quantity=("magnetic_anomaly", "total_magnetic_intensity", "reduced_to_pole_magnetic_anomaly"),
        unit="nT",
        plane=True,
    ),
]
"""Intensity of the magnetic field, or its anomaly, on a horizontal plane."""

ContinuedGrid = Annotated[xr.DataArray, Grid(unit="nT", plane=True, like="grid")]

Height = Annotated[float, Unit("m"), Bounds(above=0, maximum=50_000)]


@process(
    "magnetics.upward_continuation", version="1", keywords=("regional", "residual", "filter", "wavenumber")
)
def upward_continuation(
    grid: MagneticGrid, height: Height = 500.0, *, padding: Padding = "mirror"
) -> ContinuedGrid:
    """Magnetic field as it would be measured at a greater flying height.

    Use it to bring surveys flown at different heights to one, to part deep sources from shallow ones,
    or to calm noise of near-surface sources. Do not use it where the aircraft draped rough ground
    (bring the field to a plane first), or with heights beyond about a tenth of the grid's width: what
    lies outside the grid is then felt inside.

    Parameters
    ----------
    grid : DataArray
        Magnetic field or anomaly on even rows and columns (northing, easting) in metres, in either
        direction; the two spacings may differ. Cells without a value are allowed.
    height : float
        Height by which the field is continued upward, in metres.
    padding : str
        How the field goes on beyond its edges: `mirror` reflects it, `taper` lets its reflection fade
        to the trend over a quarter of each side, `none` takes it to repeat itself.

    Returns
    -------
    DataArray
        The same quantity in nT on the cells of `grid`; cells without a value there have none here.

    Notes
    -----
    The wave of wavenumber k decays by exp(-|k| h). A least-squares plane is removed before and put
    back after, so constants and planes are unchanged. Gaps take the value of their nearest cell for
    the transform; near wide gaps and edges, within about one `height`, the result is less sure. Total
    intensity is harmonic as far as the anomaly is small against the main field.

    References
    ----------
    Blakely, R. J. (1995), Potential theory in gravity and magnetic applications, Cambridge
    University Press, p. 315, eq. 12.8.
    """
    return continued("magnetics.upward_continuation", grid, height, padding)
