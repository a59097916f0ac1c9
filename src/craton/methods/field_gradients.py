"""Fields with their gradients on a plane, and lines on it in metres: what interpretations share."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from scipy import ndimage

from craton.kernels import wavenumber
from craton.methods.placement import crs_of
from craton.methods.potential_field import Prepared, Values, gradient_unit, magnitude, unit_of
from craton.process.marks import Bounds, Column, Unit

Height = Annotated[float, Unit("m"), Bounds(minimum=0, maximum=100_000)]

FORM = (
    Column(name="length", unit="m", title="Length of the line"),
    Column(name="azimuth", unit="deg", title="Direction from grid north, 0 to 180"),
    Column(name="straightness", unit="1", title="Distance of the ends over the length"),
)
"""Columns that `table_of_lines` adds."""

ROUNDINGS = 64
"""Roundings of its largest number by which a field may be off a plane and still be one."""


class Gradient(NamedTuple):
    """A field on a plane and its derivatives, float64 (rows, columns), rows along northing; NaN in gaps."""

    values: Values
    easting: Values
    northing: Values
    upward: Values

    @property
    def horizontal(self) -> Values:
        """Total horizontal gradient."""
        return magnitude(self.easting, self.northing)

    @property
    def total(self) -> Values:
        """Length of the whole gradient, which is the analytic signal."""
        return magnitude(self.horizontal, self.upward)


def gradient_at(ready: Prepared, continuation: float) -> Gradient:
    """Field and gradient, all continued upward by `continuation` metres.

    A field that is a plane but for its rounding has the gradient of the plane and nothing else.
    """
    up = wavenumber.upward(continuation)
    slopes = {"easting": ready.slope(easting=1), "northing": ready.slope(northing=1), "upward": 0.0}
    flat = is_plane(ready)
    parts = [np.asarray(ready.product(up, whole=True), dtype=np.float64)]
    for axis, slope in slopes.items():
        wave = 0.0 if flat else ready.product(up * wavenumber.derivative(**{axis: 1}))
        parts.append(np.full(ready.cells.shape, slope) + wave)
    if ready.gaps is not None:
        for part in parts:
            part[ready.gaps] = np.nan
    return Gradient(*parts)


def is_plane(ready: Prepared) -> bool:
    """Whether a prepared field is a plane, see `is_plane_field`."""
    return is_plane_field(ready.cells.to_numpy(), ready.level)


def is_plane_field(field: Values, level: Values) -> bool:
    """Whether a field is a plane, `level` being the rest of it, but for rounding; one without values is."""
    largest = float(np.nanmax(np.abs(field), initial=0.0))
    rounding = ROUNDINGS * float(np.finfo(level.dtype).eps) * largest
    return float(np.nanmax(np.abs(level), initial=0.0)) <= rounding


def to_metres(ready: Prepared, places: Values) -> Values:
    """Eastings and northings (n, 2) of places (n, 2) in rows and columns."""
    north, east = (ready.cells[dim].to_numpy().astype(np.float64)[0] for dim in ready.cells.dims)
    metres: Values = np.column_stack(
        [east + places[:, 1] * ready.spacing[1], north + places[:, 0] * ready.spacing[0]]
    )
    return metres


def at_places(field: Values, places: Values) -> Values:
    """Values of a field (rows, columns) at places (n, 2) in rows and columns, NaN beside a gap."""
    values: Values = ndimage.map_coordinates(field, np.transpose(places), order=1, mode="nearest")
    return values


class Shape(NamedTuple):
    """Form of a line in a plane."""

    length: float
    azimuth: float
    """Mean direction of its pieces weighted by their length, degrees from grid north, 0 to 180."""
    straightness: float
    """Distance of its ends over its length."""


def shape_of(line: Values) -> Shape:
    """Form of a line through places (n, 2) in metres."""
    east, north = np.diff(line, axis=0).T
    steps = np.hypot(east, north)
    length = float(steps.sum())
    # Twice the angle, so that both senses of a line are one direction.
    double = np.arctan2(east, north) * 2
    azimuth = np.degrees(0.5 * np.angle(np.sum(steps * np.exp(1j * double)))) % 180.0
    # A hair below 0 is rounded to 180.
    azimuth = 0.0 if azimuth == 180.0 else azimuth
    ends = float(np.hypot(*(line[-1] - line[0])))
    return Shape(length, float(azimuth), ends / length if length else 0.0)


def table_of_lines(ready: Prepared, lines: list[Values], **columns: list[float]) -> gpd.GeoDataFrame:
    """Lines through places (n, 2) in metres with `columns` and the form of each."""
    shapes = np.array([shape_of(line) for line in lines]).reshape(-1, 3)
    form = dict(zip(Shape._fields, shapes.T, strict=True))
    numbers = {name: np.asarray(values, dtype=np.float64) for name, values in columns.items()}
    strings = [shapely.LineString(line) for line in lines]
    return gpd.GeoDataFrame({**numbers, **form}, geometry=strings, crs=crs_of(ready.grid) or None)


def table_of_points(ready: Prepared, places: Values, **columns: Values) -> gpd.GeoDataFrame:
    """Points at places (n, 2) in rows and columns with `columns`."""
    metres = to_metres(ready, places)
    return gpd.GeoDataFrame(columns, geometry=shapely.points(metres), crs=crs_of(ready.grid) or None)


def slope_notes(ready: Prepared, *columns: str) -> dict[str, dict[str, str]]:
    """Notes of columns in the unit of the field per metre."""
    unit = gradient_unit(unit_of(ready.grid))
    return {name: {"unit": unit} for name in columns if unit}
