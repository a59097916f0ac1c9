"""Edges of sources as lines: crests of gradients, and zero lines of the tilt angle."""

from __future__ import annotations

import itertools
from typing import Annotated, Literal

import geopandas as gpd
import numpy as np
import shapely
from scipy.spatial import cKDTree

from craton.kernels.edges import crest_points, join_points
from craton.methods.field_gradients import (
    FORM,
    Gradient,
    Height,
    at_places,
    gradient_at,
    shape_of,
    slope_notes,
    table_of_lines,
    to_metres,
)
from craton.methods.potential_field import FieldGrid, Padding, Prepared, Values, prepared
from craton.methods.vector_shapes import COLUMNS
from craton.process.marks import Bounds, Column, Table, Unit
from craton.process.processes import process

EDGES = "potential_field.edges"

Method = Literal["horizontal_gradient", "analytic_signal", "theta", "tilt"]
Directions = Annotated[int, Bounds(minimum=1, maximum=4)]
Strength = Annotated[float, Bounds(minimum=0)]
Length = Annotated[float, Unit("m"), Bounds(minimum=0)]

LineTable = Annotated[
    gpd.GeoDataFrame,
    Table(
        geometry=("LineString",),
        columns=(
            Column(name="strength", title="Mean horizontal gradient of the field along the line"),
            *FORM,
        ),
    ),
]


@process(EDGES, version="1", keywords=("lineament", "contact", "fault", "ridge", "boundary", "线性构造"))
def edges(
    grid: FieldGrid,
    method: Method = "horizontal_gradient",
    *,
    minimum_strength: Strength = 0.0,
    minimum_length: Length = 0.0,
    straight_within: Annotated[float | None, Unit("m"), Bounds(above=0)] = None,
    directions: Directions = 2,
    continuation: Height = 0.0,
    padding: Padding = "mirror",
) -> LineTable:
    """Edges of sources as lines, drawn along the crests of a gradient or where the tilt angle is zero.

    Use it on gravity, pseudo-gravity or magnetic data reduced to the pole to draw contacts and faults for a
    map, the same way everywhere and by everyone. `horizontal_gradient` is the one to begin with; `theta` and
    `tilt` draw weak edges as well as strong ones, and noise too: continue upward by one or two cells first.
    `analytic_signal` bears magnetic data that are not reduced to the pole. An edge that dips is shifted down
    its dip, the more the higher the field is continued.

    Parameters
    ----------
    grid : DataArray
        Field on even rows and columns (northing, easting) in metres. Cells without a value are allowed.
    method : str
        Crests of the total `horizontal_gradient`, of the `analytic_signal`, or of the `theta` map, or zero
        lines of the `tilt` angle.
    minimum_strength : float
        Horizontal gradient, in the unit of the field per metre, below which a point is no part of a line.
    minimum_length : float
        Shorter lines are left out, in metres.
    straight_within : float, optional
        Cut lines where they bend, into pieces that are straight within this many metres, as for rose diagrams
        and lineament maps. Left out, a line follows an edge around all its corners.
    directions : int
        For crests: directions of four in which a cell must be a maximum. 1 draws the faintest, 4 only peaks.
    continuation : float
        Metres by which the field is continued upward first.
    padding : str
        How the field goes on beyond its edges; see `potential_field.derivative`.

    Returns
    -------
    GeoDataFrame
        A line for each edge, the strongest first; no rows over a flat field. `strength` is the mean
        horizontal gradient along it whatever the method, in the unit of the field per metre; `azimuth` the
        mean direction in degrees clockwise from grid north, weighted by length.

    Notes
    -----
    Crest points are found between cells by parabolas through neighbours in four directions. They are joined
    by the shortest tree over points up to two cells apart; its longest path is a line, what branches off it
    another. Zero lines of the tilt are those of the vertical derivative. Pieces that are straight are found
    by the method of Douglas and Peucker.

    References
    ----------
    Blakely, R. J. and Simpson, R. W. (1986), Approximating edges of source bodies from magnetic or gravity
    anomalies, Geophysics 51(7), 1494-1498, doi:10.1190/1.1442197.

    Wijns, C., Perez, C. and Kowalczyk, P. (2005), Theta map: edge detection in magnetic data, Geophysics
    70(4), L39-L43.

    Douglas, D. H. and Peucker, T. K. (1973), Algorithms for the reduction of the number of points required to
    represent a digitized line or its caricature, Cartographica 10(2), 112-122.

    Miller, H. G. and Singh, V. (1994), Potential field tilt - a new concept for location of potential field
    sources, Journal of Applied Geophysics 32, 213-217.
    """
    ready = prepared(EDGES, grid, padding)
    gradient = gradient_at(ready, continuation)
    level = gradient.horizontal
    if method == "tilt":
        found = zero_lines(gradient, minimum_strength)
    else:
        found = crest_lines(_crested(method, gradient), level, minimum_strength, directions)
    if straight_within is not None:
        found = [part for line in found for part in _straight(ready, line, straight_within)]
    lines = [to_metres(ready, line) for line in found]
    long = [shape_of(line).length >= max(minimum_length, np.finfo(float).tiny) for line in lines]
    strength = [float(at_places(level, line).mean()) for line in found]
    table = table_of_lines(
        ready,
        [line for line, kept in zip(lines, long, strict=True) if kept],
        strength=[one for one, kept in zip(strength, long, strict=True) if kept],
    )
    table = table.sort_values(["strength", "length"], ascending=False, kind="stable", ignore_index=True)
    table.attrs[COLUMNS] = slope_notes(ready, "strength")
    return table


def _crested(method: Method, gradient: Gradient) -> Values:
    """The field whose crests are edges."""
    if method == "horizontal_gradient":
        return gradient.horizontal
    total = gradient.total
    if method == "analytic_signal":
        return total
    return np.divide(gradient.horizontal, total, out=np.zeros_like(total), where=total > 0)


def _straight(ready: Prepared, line: Values, within: float) -> list[Values]:
    """Pieces of a line between the corners that Douglas and Peucker keep."""
    metres = to_metres(ready, line)
    corners = shapely.get_coordinates(shapely.LineString(metres).simplify(within))
    at = cKDTree(metres).query(corners)[1]
    cuts = np.unique([0, *at.tolist(), len(line) - 1])
    pieces: list[Values] = [line[a : b + 1] for a, b in itertools.pairwise(cuts.tolist())]
    return pieces


def crest_lines(field: Values, level: Values, minimum: float, directions: int) -> list[Values]:
    """Lines (n, 2), in rows and columns, along the crests of `field` where `level` is `minimum` or more."""
    crests = crest_points(field, least=directions)
    places = np.column_stack([crests.row, crests.column])
    places = places[at_places(level, places) >= minimum]
    return [places[line] for line in join_points(*places.T)]


def zero_lines(gradient: Gradient, minimum: float) -> list[Values]:
    """Lines (n, 2), in rows and columns, of zero vertical derivative, where the horizontal one is enough."""
    from contourpy import LineType, contour_generator

    rise = np.ma.masked_invalid(gradient.upward)
    level = gradient.horizontal
    generator = contour_generator(z=rise, name="serial", line_type=LineType.Separate)
    lines = (np.asarray(line)[:, ::-1] for line in generator.lines(0.0))
    return [part for line in lines for part in _strong(level, line, minimum)]


def _strong(level: Values, line: Values, minimum: float) -> list[Values]:
    """Parts of a line, of two points or more, along which `level` is `minimum` or more."""
    strong = at_places(level, line) >= minimum
    if strong.all():
        return [line]
    cuts = np.flatnonzero(np.diff(strong)) + 1
    runs = zip(np.split(line, cuts), np.split(strong, cuts), strict=True)
    return [run for run, kept in runs if kept[0] and len(run) > 1]
