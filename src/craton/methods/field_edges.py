"""Maps of edges, by ratios of the derivatives of a potential field that even out its amplitude."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage

from craton.kernels import wavenumber
from craton.methods.potential_field import (
    FieldGrid,
    Padding,
    angle_grid,
    horizontal_gradient_of,
    magnitude,
    prepared,
)
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Grid
from craton.process.processes import process

AngleGrid = Annotated[xr.DataArray, Grid(quantity="tilt_angle", unit="deg", plane=True)]
RatioGrid = Annotated[xr.DataArray, Grid(unit="1", plane=True)]
Window = Annotated[int, Bounds(minimum=3, maximum=101)]


@process("potential_field.tilt", version="1", keywords=("tilt derivative", "edge", "contact", "depth"))
def tilt(grid: FieldGrid, *, padding: Padding = "mirror") -> AngleGrid:
    """Tilt angle of a gravity or magnetic field.

    Use it to see weak and strong, shallow and deep sources alike: it is positive over them and zero near
    their edges; over a vertical contact, pole-reduced, the distance from 0 to 45 degrees is the depth. It
    evens out noise as well: do not read anything into it where the field is quiet.

    Parameters
    ----------
    grid : DataArray
        Field on even rows and columns (northing, easting) in metres. Cells without a value are allowed.
    padding : str
        How the field goes on beyond its edges; see `potential_field.derivative`.

    Returns
    -------
    DataArray
        Angle in degrees on the cells of `grid`, -90 to 90; 0 where all derivatives are.

    Notes
    -----
    atan((-∂f/∂up) / √((∂f/∂e)² + (∂f/∂n)²)): the derivative with depth, so that it is positive over sources.

    References
    ----------
    Miller, H. G. and Singh, V. (1994), Potential field tilt - a new concept for location of potential
    field sources, Journal of Applied Geophysics 32, 213-217.

    Salem, A., Williams, S., Fairhead, J. D., Ravat, D. and Smith, R. (2007), Tilt-depth method: a simple
    depth estimation method using first-order magnetic derivatives, The Leading Edge 26(12), 1502-1505.
    """
    ready = prepared("potential_field.tilt", grid, padding)
    return angle_grid(ready, -ready.derivative(upward=1), horizontal_gradient_of(ready), "Tilt angle")


@process("potential_field.theta_map", version="1", keywords=("edge", "contact", "cos theta"))
def theta_map(grid: FieldGrid, *, padding: Padding = "mirror") -> RatioGrid:
    """Theta map of a magnetic or gravity field: horizontal over total gradient.

    Use it at low latitudes and for weak contacts: it is 1 on edges, whatever the amplitude. Like the tilt
    it evens out noise.

    Parameters
    ----------
    grid : DataArray
        Field on even rows and columns (northing, easting) in metres. Cells without a value are allowed.
    padding : str
        How the field goes on beyond its edges; see `potential_field.derivative`.

    Returns
    -------
    DataArray
        cos θ on the cells of `grid`, 0 to 1; 0 where all derivatives are.

    Notes
    -----
    cos θ = √((∂f/∂e)² + (∂f/∂n)²) / √((∂f/∂e)² + (∂f/∂n)² + (∂f/∂up)²).

    References
    ----------
    Wijns, C., Perez, C. and Kowalczyk, P. (2005), Theta map: edge detection in magnetic data, Geophysics
    70(4), L39-L43.
    """
    ready = prepared("potential_field.theta_map", grid, padding)
    level = horizontal_gradient_of(ready)
    total = magnitude(level, ready.derivative(upward=1))
    values = np.divide(level, total, out=np.zeros_like(level), where=total > 0)
    return ready.labelled(values, name="theta_map", unit="1", title="Theta map")


@process("potential_field.horizontal_gradient_tilt", version="1", keywords=("TAHG", "edge", "contact"))
def horizontal_gradient_tilt(grid: FieldGrid, *, padding: Padding = "mirror") -> AngleGrid:
    """Tilt angle of the total horizontal gradient.

    Use it to draw edges of shallow and deep sources at once: it is greatest right on them. It is a third
    derivative in effect: continue noisy data upward first.

    Parameters
    ----------
    grid : DataArray
        Field on even rows and columns (northing, easting) in metres. Cells without a value are allowed.
    padding : str
        How the field goes on beyond its edges; see `potential_field.derivative`.

    Returns
    -------
    DataArray
        Angle in degrees on the cells of `grid`, -90 to 90.

    Notes
    -----
    The tilt angle with the total horizontal gradient in place of the field.

    References
    ----------
    Ferreira, F. J. F., de Souza, J., de B. e S. Bongiolo, A. and de Castro, L. G. (2013), Enhancement of
    the total horizontal gradient of magnetic anomalies using the tilt angle, Geophysics 78(3), J33-J41.
    """
    id = "potential_field.horizontal_gradient_tilt"
    ready = prepared(id, grid, padding)
    steep = prepared(id, ready.cells.copy(data=horizontal_gradient_of(ready)), padding)
    return angle_grid(
        ready,
        -steep.derivative(upward=1),
        horizontal_gradient_of(steep),
        "Tilt angle of the horizontal gradient",
    )


@process("potential_field.normalised_standard_deviation", version="1", keywords=("edge", "NSTD", "texture"))
def normalised_standard_deviation(
    grid: FieldGrid, window: Window = 5, *, padding: Padding = "mirror"
) -> RatioGrid:
    """Normalised standard deviation of the derivatives of a field, which is great on edges.

    Use it to bring out edges of strong and weak anomalies alike with less noise than a higher derivative.
    Do not use a window wider than the features looked for.

    Parameters
    ----------
    grid : DataArray
        Field on even rows and columns (northing, easting) in metres. Cells without a value are allowed.
    window : int
        Side of the moving square in cells, an odd number.
    padding : str
        How the field goes on beyond its edges; see `potential_field.derivative`.

    Returns
    -------
    DataArray
        Ratio on the cells of `grid`, 0 to 1; 0 where no derivative varies.

    Notes
    -----
    σ(∂f/∂up) / (σ(∂f/∂e) + σ(∂f/∂n) + σ(∂f/∂up)), σ the standard deviation in the window.

    References
    ----------
    Cooper, G. R. J. and Cowan, D. R. (2008), Edge enhancement of potential-field data using normalized
    statistics, Geophysics 73(3), H1-H4.
    """
    id = "potential_field.normalised_standard_deviation"
    if window % 2 == 0:
        raise ContractError(id, "window", "an odd number of cells", str(window))
    ready = prepared(id, grid, padding)
    # The slope of the trend is the same in every window.
    east, north, up = (
        _deviation(ready.product(wavenumber.derivative(**{axis: 1})), window)
        for axis in ("easting", "northing", "upward")
    )
    total = east + north + up
    values = np.divide(up, total, out=np.zeros_like(total), where=total > 0)
    return ready.labelled(
        values, name="normalised_deviation", unit="1", title="Normalised standard deviation"
    )


def _deviation(values: NDArray[Any], window: int) -> NDArray[Any]:
    """Standard deviation in a moving square, reflected at the edges."""
    centred = values.astype(np.float64) - float(values.mean())
    mean, square = (_local_mean(one, window) for one in (centred, centred**2))
    return np.asarray(np.sqrt(np.maximum(square - mean**2, 0)), dtype=values.dtype)


def _local_mean(values: NDArray[Any], window: int) -> NDArray[Any]:
    """Mean in a moving square."""
    # Summed anew at each cell: running sums would carry their rounding into quiet parts.
    weights = np.full(window, 1 / window)
    for axis in (0, 1):
        values = ndimage.correlate1d(values, weights, axis, mode="reflect")
    return values
