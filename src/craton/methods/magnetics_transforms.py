"""Magnetics: components of the field, pseudo-gravity, and the usual maps of a grid in one go."""

from __future__ import annotations

from typing import Annotated, Literal

import xarray as xr

from craton.kernels import reduction_to_pole as poles
from craton.kernels import wavenumber
from craton.kernels.reduction_to_pole import Direction, Stabiliser
from craton.methods.magnetics import MagneticGrid
from craton.methods.magnetics_reduction import (
    Declination,
    Inclination,
    PseudoInclination,
    magnetisation_of,
    pole_grid,
)
from craton.methods.potential_field import Padding, gradient_grid, prepared
from craton.process.marks import Bounds, Grid, Unit
from craton.process.processes import process

Density = Annotated[float, Unit("kg/m3"), Bounds(above=0, maximum=25_000)]
Magnetisation = Annotated[float, Unit("A/m"), Bounds(above=0, maximum=1000)]
Height = Annotated[float, Unit("m"), Bounds(minimum=0, maximum=50_000)]

ComponentGrid = Annotated[xr.DataArray, Grid(quantity="magnetic_component", unit="nT", plane=True)]
PseudoGravityGrid = Annotated[xr.DataArray, Grid(quantity="pseudo_gravity", unit="mGal", plane=True)]

COMPONENTS = {"north": Direction(0.0, 0.0), "east": Direction(0.0, 90.0), "down": poles.DOWN}


@process("magnetics.component", version="1", keywords=("vector", "Hax", "Hay", "Za", "conversion"))
def component(
    grid: MagneticGrid,
    inclination: Inclination,
    declination: Declination,
    component: Literal["down", "north", "east"] = "down",
    *,
    pseudo_inclination: PseudoInclination = 20.0,
    padding: Padding = "mirror",
) -> ComponentGrid:
    """Component of the anomalous magnetic field from the total-field anomaly.

    Use it to compare with vector or borehole measurements, or where a method wants the vertical component.
    It needs no direction of magnetisation. At low latitude the vertical component is stabilised as in
    `magnetics.reduction_to_pole`. Do not use it where the anomaly is not small against the main field.

    Parameters
    ----------
    grid : DataArray
        Total-field anomaly on even rows and columns (northing, easting) in metres. Cells without a value
        are allowed.
    inclination : float
        Inclination of the main field in degrees, positive down.
    declination : float
        Declination of the main field in degrees clockwise from the northing axis.
    component : str
        `down`, `north` (along the northing axis) or `east`.
    pseudo_inclination : float
        Inclination in degrees that limits the amplitude of waves along the meridian.
    padding : str
        How the field goes on beyond its edges; see `potential_field.derivative`.

    Returns
    -------
    DataArray
        Component in nT on the cells of `grid`, about a mean of 0 and without a trend.

    Notes
    -----
    H = Θ_wanted / Θ_field, Θ(v) = i (k · v) / |k| + v_down.

    References
    ----------
    Lourenço, J. S. and Morrison, H. F. (1973), Vector magnetic anomalies derived from measurements of a
    single component of the field, Geophysics 38(2), 359-368.
    """
    ready = prepared("magnetics.component", grid, padding)
    stabiliser = Stabiliser("pseudo_inclination", pseudo_inclination)
    response = poles.component(Direction(inclination, declination), COMPONENTS[component], stabiliser)
    return ready.labelled(
        ready.product(response, alone=True), name=f"{component}_component", unit="nT",
        quantity="magnetic_component",
        title=f"Component {component} of the anomalous magnetic field",
    )  # fmt: skip


@process("magnetics.pseudo_gravity", version="1", keywords=("Poisson", "gravity", "integration"))
def pseudo_gravity(
    grid: MagneticGrid,
    inclination: Inclination,
    declination: Declination,
    magnetisation_inclination: Inclination | None = None,
    magnetisation_declination: Declination | None = None,
    *,
    density: Density = 100.0,
    magnetisation: Magnetisation = 1.0,
    pseudo_inclination: PseudoInclination = 20.0,
    padding: Padding = "mirror",
) -> PseudoGravityGrid:
    """Gravity anomaly that the magnetic sources would give, were density as magnetisation.

    Use it to compare magnetic with gravity anomalies, to find wide deep sources, or to draw edges by its
    horizontal gradient. It raises the longest waves most: take a regional field off first, and do not trust
    waves as wide as the grid.

    Parameters
    ----------
    grid : DataArray
        Magnetic anomaly on even rows and columns (northing, easting) in metres. Cells without a value are
        allowed.
    inclination : float
        Inclination of the main field in degrees, positive down.
    declination : float
        Declination of the main field in degrees clockwise from the northing axis.
    magnetisation_inclination : float
        Inclination of the total magnetisation in degrees; left out, that of the field. Give both or none.
    magnetisation_declination : float
        Declination of the total magnetisation in degrees; left out, that of the field.
    density : float
        Density contrast in kg/m³ of a body that has `magnetisation`.
    magnetisation : float
        Magnetisation in A/m.
    pseudo_inclination : float
        Inclination in degrees that limits the amplitude; see `magnetics.reduction_to_pole`.
    padding : str
        How the field goes on beyond its edges; see `potential_field.derivative`.

    Returns
    -------
    DataArray
        Pseudo-gravity in mGal on the cells of `grid`, about a mean of 0 and without a trend.

    Notes
    -----
    Poisson's relation: H = G ρ / (C M) · 1 / (|k| Θ_f Θ_m), C = μ₀ / 4π.

    References
    ----------
    Baranov, V. (1957), A new method for interpretation of aeromagnetic maps: pseudo-gravimetric
    anomalies, Geophysics 22(2), 359-382.
    """
    id = "magnetics.pseudo_gravity"
    field = Direction(inclination, declination)
    along = magnetisation_of(id, field, magnetisation_inclination, magnetisation_declination)
    stabiliser = Stabiliser("pseudo_inclination", pseudo_inclination)
    response = poles.pseudo_gravity(field, along, stabiliser, density=density, intensity=magnetisation)
    ready = prepared(id, grid, padding)
    return ready.labelled(
        ready.product(response, alone=True),
        name="pseudo_gravity",
        unit="mGal",
        quantity="pseudo_gravity",
        title="Pseudo-gravity",
    )


@process("magnetics.products", version="1", keywords=("RTP", "derivative", "continuation", "batch"))
def products(
    grid: MagneticGrid,
    inclination: Inclination,
    declination: Declination,
    height: Height = 500.0,
    *,
    pseudo_inclination: PseudoInclination = 20.0,
    padding: Padding = "mirror",
) -> Annotated[xr.Dataset, Grid(plane=True)]:
    """The usual maps of a magnetic grid in one go: three derivatives, continued upward, reduced to the pole.

    Use it for the first set of maps of a survey: the grid is transformed once, not once a map. Magnetisation
    is taken to be along the field.

    Parameters
    ----------
    grid : DataArray
        Magnetic anomaly on even rows and columns (northing, easting) in metres. Cells without a value are
        allowed.
    inclination : float
        Inclination of the main field in degrees, positive down.
    declination : float
        Declination of the main field in degrees clockwise from the northing axis.
    height : float
        Height in metres by which the field is continued upward.
    pseudo_inclination : float
        Inclination in degrees that limits the amplitude; see `magnetics.reduction_to_pole`.
    padding : str
        How the field goes on beyond its edges; see `potential_field.derivative`.

    Returns
    -------
    Dataset
        `easting_derivative`, `northing_derivative` and `upward_derivative` in nT/m, `continued` and
        `reduced_to_pole` in nT.

    References
    ----------
    Blakely, R. J. (1995), Potential theory in gravity and magnetic applications, Cambridge University
    Press, chapter 12.
    """
    field, stabiliser = Direction(inclination, declination), Stabiliser(inclination=pseudo_inclination)
    ready = prepared("magnetics.products", grid, padding)
    derivatives = {
        "easting": ready.derivative(easting=1),
        "northing": ready.derivative(northing=1),
        "upward": ready.derivative(upward=1),
    }
    fields = {
        f"{axis}_derivative": gradient_grid(ready, values, f"{axis}_derivative", f"Derivative, {axis}", 1)
        for axis, values in derivatives.items()
    }
    continued = ready.product(wavenumber.upward(height), whole=True)
    fields["continued"] = ready.like(continued).rename("continued")
    reduced = ready.product(poles.redirection(field, field, stabiliser), whole=True)
    fields["reduced_to_pole"] = pole_grid(ready, reduced)
    return xr.Dataset(fields, attrs={"crs": grid.attrs["crs"]} if grid.attrs.get("crs") else {})
