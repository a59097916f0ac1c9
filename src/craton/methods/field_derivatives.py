"""Derivatives of potential fields, and the gradients that are made of them."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import xarray as xr

from craton.kernels import wavenumber
from craton.methods.potential_field import (
    FieldGrid,
    Padding,
    PlaneGrid,
    angle_grid,
    gradient_grid,
    horizontal_gradient_of,
    magnitude,
    prepared,
)
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Grid, Unit
from craton.process.processes import process

Order = Annotated[int, Bounds(minimum=0, maximum=6)]
Azimuth = Annotated[float, Unit("deg"), Bounds(minimum=-360, maximum=360)]


@process("potential_field.derivative", version="1", keywords=("gradient", "vertical", "horizontal", "filter"))
def derivative(
    grid: FieldGrid,
    *,
    easting: Order = 0,
    northing: Order = 0,
    upward: Order = 1,
    padding: Padding = "mirror",
) -> PlaneGrid:
    """Derivative of a gravity or magnetic field, of any order in each direction.

    Use the upward derivative to sharpen shallow sources and part neighbours, the horizontal ones to find
    edges. Do not take orders above 2 of measured data without continuing upward by a spacing or two
    first: each order multiplies noise by its wavenumber once more.

    Parameters
    ----------
    grid : DataArray
        Field on even rows and columns (northing, easting) in metres. Cells without a value are allowed.
    easting : int
        Order of the derivative to the east.
    northing : int
        Order of the derivative to the north.
    upward : int
        Order of the derivative upward. Over the peak of a field whose source is below, the first is negative:
        it is not the derivative with depth.
    padding : str
        How the field goes on beyond its edges: `mirror` reflects it, `taper` lets its reflection fade to
        the trend, `none` takes it to repeat itself.

    Returns
    -------
    DataArray
        Derivative on the cells of `grid`, in its unit per metre to the power of the sum of the orders;
        cells without a value there have none here.

    Notes
    -----
    Each wave is multiplied by (i k_east)ᵃ (i k_north)ᵇ (-|k|)ᶜ. The plane that fits best is taken off before,
    and its own derivative is put back.

    References
    ----------
    Blakely, R. J. (1995), Potential theory in gravity and magnetic applications, Cambridge University
    Press, pp. 324-326.
    """
    id = "potential_field.derivative"
    order = easting + northing + upward
    if not order:
        raise ContractError(id, "upward", "an order of 1 or more in one direction at least", "0 in all three")
    ready = prepared(id, grid, padding)
    values = ready.derivative(easting=easting, northing=northing, upward=upward, alone=True)
    return gradient_grid(ready, values, "derivative", "Derivative", order)


@process("potential_field.directional_derivative", version="1", keywords=("gradient", "horizontal", "shadow"))
def directional_derivative(
    grid: FieldGrid, azimuth: Azimuth = 0.0, *, padding: Padding = "mirror"
) -> PlaneGrid:
    """Horizontal derivative of a gravity or magnetic field towards an azimuth.

    Use it to bring out features that run across the azimuth. Those that run along it vanish, so that one
    such map never shows all; `potential_field.horizontal_gradient` does.

    Parameters
    ----------
    grid : DataArray
        Field on even rows and columns (northing, easting) in metres. Cells without a value are allowed.
    azimuth : float
        Direction in degrees clockwise from the northing axis.
    padding : str
        How the field goes on beyond its edges; see `potential_field.derivative`.

    Returns
    -------
    DataArray
        Derivative on the cells of `grid`, in its unit per metre.

    Notes
    -----
    Each wave is multiplied by i (k_east sin azimuth + k_north cos azimuth).

    References
    ----------
    Blakely, R. J. (1995), Potential theory in gravity and magnetic applications, Cambridge University
    Press, pp. 324-326.
    """
    ready = prepared("potential_field.directional_derivative", grid, padding)
    values = ready.product(wavenumber.along(azimuth), alone=True)
    east, north = np.sin(np.radians(azimuth)), np.cos(np.radians(azimuth))
    values += values.dtype.type(east * ready.slope(easting=1) + north * ready.slope(northing=1))
    return gradient_grid(ready, values, "directional_derivative", "Directional derivative", 1)


@process(
    "potential_field.horizontal_gradient", version="1", keywords=("edge", "contact", "THG", "derivative")
)
def horizontal_gradient(grid: FieldGrid, *, padding: Padding = "mirror") -> PlaneGrid:
    """Total horizontal gradient of a gravity or magnetic field.

    Use it on gravity, pseudo-gravity or magnetic data reduced to the pole: its crests follow steep
    contacts. Do not use it on magnetic data as measured at low latitude, whose crests lie off the edges.

    Parameters
    ----------
    grid : DataArray
        Field on even rows and columns (northing, easting) in metres. Cells without a value are allowed.
    padding : str
        How the field goes on beyond its edges; see `potential_field.derivative`.

    Returns
    -------
    DataArray
        Gradient on the cells of `grid`, 0 or more, in its unit per metre.

    Notes
    -----
    √((∂f/∂e)² + (∂f/∂n)²).

    References
    ----------
    Cordell, L. and Grauch, V. J. S. (1985), Mapping basement magnetization zones from aeromagnetic data
    in the San Juan Basin, New Mexico, in The utility of regional gravity and magnetic anomaly maps,
    Society of Exploration Geophysicists, 181-197.
    """
    ready = prepared("potential_field.horizontal_gradient", grid, padding)
    return gradient_grid(
        ready, horizontal_gradient_of(ready), "horizontal_gradient", "Total horizontal gradient", 1
    )


@process("potential_field.total_gradient", version="1", keywords=("analytic signal", "edge", "contact"))
def total_gradient(grid: FieldGrid, *, padding: Padding = "mirror") -> PlaneGrid:
    """Total gradient (amplitude of the analytic signal) of a gravity or magnetic field.

    Use it on magnetic data where remanence or a low latitude makes reduction to the pole unsure: it peaks
    near edges and over narrow sources whatever the inclination. In three dimensions it is not free of the
    direction of magnetisation, only less bound to it. Do not use it to part sources closer together than
    they are deep.

    Parameters
    ----------
    grid : DataArray
        Field on even rows and columns (northing, easting) in metres. Cells without a value are allowed.
    padding : str
        How the field goes on beyond its edges; see `potential_field.derivative`.

    Returns
    -------
    DataArray
        Gradient on the cells of `grid`, 0 or more, in its unit per metre.

    Notes
    -----
    √((∂f/∂e)² + (∂f/∂n)² + (∂f/∂up)²).

    References
    ----------
    Roest, W. R., Verhoef, J. and Pilkington, M. (1992), Magnetic interpretation using the 3-D analytic
    signal, Geophysics 57(1), 116-125.
    """
    ready = prepared("potential_field.total_gradient", grid, padding)
    values = magnitude(horizontal_gradient_of(ready), ready.derivative(upward=1))
    return gradient_grid(ready, values, "total_gradient", "Total gradient", 1)


@process("potential_field.gradients", version="1", keywords=("derivative", "edge", "analytic signal", "tilt"))
def gradients(grid: FieldGrid, *, padding: Padding = "mirror") -> Annotated[xr.Dataset, Grid(plane=True)]:
    """The three first derivatives of a field, and the maps that are made of them, in one go.

    Use it when several of these maps are wanted: the field is transformed once, not once a map. See each
    map's own process for what it shows.

    Parameters
    ----------
    grid : DataArray
        Field on even rows and columns (northing, easting) in metres. Cells without a value are allowed.
    padding : str
        How the field goes on beyond its edges; see `potential_field.derivative`.

    Returns
    -------
    Dataset
        `easting_derivative`, `northing_derivative`, `upward_derivative`, `horizontal_gradient` and
        `total_gradient` in the unit of `grid` per metre, `tilt` in degrees.

    References
    ----------
    Blakely, R. J. (1995), Potential theory in gravity and magnetic applications, Cambridge University
    Press, pp. 324-326.
    """
    ready = prepared("potential_field.gradients", grid, padding)
    east, north, up = ready.derivative(easting=1), ready.derivative(northing=1), ready.derivative(upward=1)
    level = magnitude(east, north)
    named = {
        "easting_derivative": (east, "Derivative to the east"),
        "northing_derivative": (north, "Derivative to the north"),
        "upward_derivative": (up, "Upward derivative"),
        "horizontal_gradient": (level, "Total horizontal gradient"),
        "total_gradient": (magnitude(level, up), "Total gradient"),
    }
    fields = {name: gradient_grid(ready, values, name, title, 1) for name, (values, title) in named.items()}
    fields["tilt"] = angle_grid(ready, -up, level, "Tilt angle")
    return xr.Dataset(fields, attrs={"crs": grid.attrs["crs"]} if grid.attrs.get("crs") else {})
