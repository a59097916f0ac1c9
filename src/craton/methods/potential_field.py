"""Potential fields on labelled grids: what the transforms of gravity and magnetic grids share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from craton.kernels import field_bands, field_transform, wavenumber
from craton.kernels.potential_field import Edges, fill_nearest, gaps_of, pad_tapered, trend_parts
from craton.kernels.wavenumber import Response
from craton.methods.placement import on_cells, place_of, plane_of
from craton.model import units
from craton.process.marks import Grid

Padding = Literal["mirror", "taper", "none"]
"""How a field goes on beyond its edges while it is transformed."""

FieldGrid = Annotated[xr.DataArray, Grid(plane=True)]
"""A gravity or magnetic field, or another harmonic one, on a horizontal plane."""

PlaneGrid = Annotated[xr.DataArray, Grid(plane=True)]
"""What is made of such a field, in a unit of its own."""

LikeGrid = Annotated[xr.DataArray, Grid(plane=True, like="grid")]
"""The quantity and unit of the parameter `grid`."""

Values = NDArray[Any]

QUANTITIES = {"nT/m": "magnetic_gradient", "mGal/m": "gravity_gradient"}
"""Quantity of a first derivative by its unit."""


@dataclass(frozen=True)
class Prepared:
    """A grid that is ready for transforms, and the way back from them to labelled data."""

    grid: xr.DataArray
    """As it came."""
    cells: xr.DataArray
    """The same as rows along northing, columns along easting."""
    gaps: NDArray[np.bool_] | None
    """Cells without a value, if any."""
    trend: tuple[Values, Values]
    """The plane taken off, as parts by row and by column."""
    spacing: tuple[float, float]
    """Signed steps to the next row and to the next column, in metres."""
    field: Values
    """What is transformed: the cells, or these with gaps filled or wider by a margin."""
    plane: tuple[Values, Values] | None
    """What is to be taken off `field` first."""
    edges: Edges
    inside: tuple[slice, slice]
    """Where the cells lie in `field`."""

    @cached_property
    def level(self) -> Values:
        """The field less its trend, gaps filled; not to be written to."""
        field = self.field if self.plane is None else field_bands.less_plane(self.field, self.plane)
        return field[self.inside]

    @cached_property
    def waves(self) -> field_transform.Waves:
        """Waves of the field, for any number of products."""
        return field_transform.transform(self.field, self.spacing, edges=self.edges, plane=self.plane)

    @cached_property
    def _room(self) -> Values:
        """Memory for products of a repeated field, one after the other."""
        return np.empty_like(self.waves.amplitudes)

    def product(self, response: Response, *, alone: bool = False, whole: bool = False) -> Values:
        """Field (rows, columns) of one response, its trend put back if `whole`.

        Say that it is `alone` where no other is wanted of the grid: it takes less time and memory then.
        """
        # A wider field has no trend beyond the cells.
        add = self.trend if whole and self.field.shape == self.cells.shape else None
        if alone or response.axis is not None:
            found = field_transform.filtered(
                self.field, self.spacing, response, edges=self.edges, plane=self.plane, add=add
            )
        else:
            room = self._room if self.edges == "periodic" else None
            found = field_transform.product(self.waves, response, add=add, room=room)
        found = found[self.inside]
        return self.whole(found) if whole and add is None else found

    def derivative(
        self, *, easting: int = 0, northing: int = 0, upward: int = 0, alone: bool = False
    ) -> Values:
        """Derivative of the whole field, its trend included."""
        result = self.product(wavenumber.derivative(easting, northing, upward), alone=alone)
        slope = field_transform.derivative_of_plane(*self.trend, self.spacing, (easting, northing, upward))
        if slope.any():
            result += slope.astype(result.dtype)
        return result

    def slope(self, *, easting: int = 0, northing: int = 0) -> float:
        """First derivative of the trend."""
        return float(field_transform.derivative_of_plane(*self.trend, self.spacing, (easting, northing, 0)))

    def whole(self, values: Values) -> Values:
        """`values`, changed in place, with the trend put back."""
        field_bands.add_plane(values, self.trend)
        return values

    def like(self, values: Values) -> xr.DataArray:
        """The same quantity on the same cells."""
        return self.cells.copy(data=self._with_gaps(values)).transpose(*self.grid.dims)

    def labelled(
        self, values: Values, *, name: str, unit: str, title: str, quantity: str = ""
    ) -> xr.DataArray:
        """Another quantity on the same cells."""
        field = on_cells(
            self.cells, self._with_gaps(values), name=name, unit=unit, quantity=quantity, title=title
        )
        return field.transpose(*self.grid.dims)

    def _with_gaps(self, values: Values) -> Values:
        if self.gaps is not None:
            values = values.copy() if not values.flags.writeable else values
            values[self.gaps] = np.nan
        return values


def prepared(process: str, grid: xr.DataArray, padding: Padding, *, name: str = "grid") -> Prepared:
    """`grid`, the parameter `name` of `process`, less its trend, without gaps, ready to be made waves.

    Gaps take the value of the nearest cell for the transform; a grid without any value is taken as zero
    and comes back without any.
    """
    cells = plane_of(process, name, grid)
    down, right = place_of(process, name, grid).step
    field = cells.to_numpy()
    trend = trend_parts(field)
    gaps, inside = gaps_of(field), (slice(None), slice(None))
    edges: Edges = "mirror" if padding == "mirror" else "periodic"
    if gaps is None and padding != "taper":
        return Prepared(grid, cells, gaps, trend, (down, right), field, trend, edges, inside)
    level = field_bands.less_plane(field, trend)
    if gaps is not None:
        level = np.zeros_like(level) if gaps.all() else fill_nearest(level, (abs(down), abs(right)))
    if padding == "taper":
        level, inside = pad_tapered(level)
    return Prepared(grid, cells, gaps, trend, (down, right), level, None, edges, inside)


def continued(process: str, grid: xr.DataArray, height: float, padding: Padding) -> xr.DataArray:
    """`grid`, the parameter of that name, continued upward by `height` metres.

    The plane that fits best is removed before and put back after, for it is the same at every height
    and would jump at the edges.
    """
    ready = prepared(process, grid, padding)
    return ready.like(ready.product(wavenumber.upward(height), alone=True, whole=True))


def gradient_unit(unit: str, order: int = 1) -> str:
    """Unit of a derivative of `order` along lengths in metres; empty where the field states none."""
    if not unit or not order:
        return unit
    power = f"{unit}/m{order if order > 1 else ''}"
    return units.parse(power) or power


def unit_of(grid: xr.DataArray) -> str:
    """Unit that a grid states, empty where it states none."""
    return str(grid.attrs.get("units") or "")


def horizontal_gradient_of(ready: Prepared) -> Values:
    """Total horizontal gradient, in the unit of the field per metre."""
    return magnitude(ready.derivative(easting=1), ready.derivative(northing=1))


def magnitude(one: Values, other: Values) -> Values:
    """Length of the vector of two components."""
    squares = one**2 + other**2
    return np.asarray(np.sqrt(squares, out=squares))


def gradient_grid(ready: Prepared, values: Values, name: str, title: str, order: int) -> xr.DataArray:
    """Derivative of `order` as labelled data."""
    unit = gradient_unit(unit_of(ready.grid), order)
    return ready.labelled(values, name=name, unit=unit, quantity=QUANTITIES.get(unit, ""), title=title)


def angle_grid(ready: Prepared, rise: Values, run: Values, title: str) -> xr.DataArray:
    """Angle whose tangent is `rise` over `run`, in degrees, as labelled data."""
    angle = np.degrees(np.arctan2(rise, run))
    return ready.labelled(angle, name="tilt", unit="deg", quantity="tilt_angle", title=title)
