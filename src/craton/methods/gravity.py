"""Gravity: processes on grids of the Earth's gravity field."""

from __future__ import annotations

from typing import Annotated

import xarray as xr

from craton.kernels import reduction_to_pole as poles
from craton.methods.potential_field import Padding, continued, prepared
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


PseudoMagneticGrid = Annotated[xr.DataArray, Grid(quantity="pseudo_magnetic_anomaly", unit="nT", plane=True)]
Inclination = Annotated[float, Unit("deg"), Bounds(minimum=-90, maximum=90)]
Declination = Annotated[float, Unit("deg"), Bounds(minimum=-360, maximum=360)]
Density = Annotated[float, Unit("kg/m3"), Bounds(above=0, maximum=25_000)]
Magnetisation = Annotated[float, Unit("A/m"), Bounds(above=0, maximum=1000)]


@process("gravity.pseudo_magnetic", version="1", keywords=("Poisson", "magnetic", "conversion"))
def pseudo_magnetic(
    grid: GravityGrid,
    inclination: Inclination,
    declination: Declination,
    *,
    density: Density = 100.0,
    magnetisation: Magnetisation = 1.0,
    padding: Padding = "mirror",
) -> PseudoMagneticGrid:
    """Magnetic anomaly that the sources of gravity would give, were magnetisation as density.

    Use it to see which gravity anomalies have a magnetic counterpart: compare with the measured anomaly, or
    at the pole with the reduced one. It is a derivative: noise of short waves rises.

    Parameters
    ----------
    grid : DataArray
        Gravity on even rows and columns (northing, easting) in metres. Cells without a value are allowed.
    inclination : float
        Inclination in degrees, positive down, of the main field and of the magnetisation along it; 90 at the
        pole.
    declination : float
        Declination in degrees clockwise from the northing axis.
    density : float
        Density contrast in kg/m³ of a body that has `magnetisation`.
    magnetisation : float
        Magnetisation in A/m.
    padding : str
        How the field goes on beyond its edges: `mirror`, `taper` or `none`, as in
        `gravity.upward_continuation`.

    Returns
    -------
    DataArray
        Pseudo-magnetic anomaly in nT on the cells of `grid`, about a mean of 0.

    Notes
    -----
    Poisson's relation: H = C M / (G ρ) · |k| Θ², C = μ₀ / 4π, Θ = sin I + i cos I cos(φ - D), φ the azimuth
    of the wavenumber. The trend of the grid is left out.

    References
    ----------
    Baranov, V. (1957), A new method for interpretation of aeromagnetic maps: pseudo-gravimetric
    anomalies, Geophysics 22(2), 359-382.
    """
    along = poles.Direction(inclination, declination)
    response = poles.pseudo_magnetic(along, along, density=density, intensity=magnetisation)
    ready = prepared("gravity.pseudo_magnetic", grid, padding)
    return ready.labelled(
        ready.product(response, alone=True), name="pseudo_magnetic_anomaly", unit="nT",
        quantity="pseudo_magnetic_anomaly", title="Pseudo-magnetic anomaly",
    )  # fmt: skip
