"""Gridding: from values at scattered places to the smooth surfaces that maps and filters need.

Places are in a projected reference system, in metres. `points.to_grid_nearest`
and `points.to_grid_linear` are the simple ways.
"""

from __future__ import annotations

from typing import Annotated

import geopandas as gpd
import numpy as np
import shapely
import xarray as xr

from craton.methods.gridding_surfaces import (
    Edges,
    Metres,
    NumberColumn,
    Points,
    Reduction,
    Spacing,
    Tension,
    blanked,
    blocks_of,
    curvature_cells,
    empty_grid,
    gridded,
    natural_surface,
    plane_samples,
    spline_surface,
    weighted_surface,
)
from craton.methods.placement import on_cells
from craton.methods.points_samples import described
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.data import TEXT_COLUMNS
from craton.process.marks import Bounds, Grid, Table, Unit
from craton.process.processes import process

Share = Annotated[float, Unit("1"), Bounds(minimum=1e-9, maximum=0.1)]


@process(
    "gridding.block_reduce",
    version="1",
    keywords=("decimation", "block mean", "block median", "blockmedian", "抽稀"),
)
def block_reduce(
    points: Points, column: NumberColumn, spacing: Spacing, *, reduction: Reduction = "median"
) -> Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))]:
    """One point for all the points in each square block.

    Use it before gridding where points are far denser than the cells wanted, as
    along flight lines and ship tracks: otherwise short waves along the lines fold
    back as false long ones. `gridding.minimum_curvature` does this by itself.

    Parameters
    ----------
    points : GeoDataFrame
        Places with values, in a projected system in metres. Rows without place or value are left out.
    column : str
        Column of the values.
    spacing : float
        Side of a block; blocks have their corners at whole multiples of it. The spacing of the grid wanted
        is a good choice.
    reduction : str
        `median` takes the value in the middle at its own place (of an even number, the mean of the two in
        the middle), which a wild value cannot move; `mean` the mean value at the mean place.

    Returns
    -------
    GeoDataFrame
        One row a block that has points, from south to north and west to east: `column`; `points`, their
        number; and `spread`, the standard deviation of their values in the unit of `column`, none where
        there is one point.

    Notes
    -----
    The result does not depend on the order of rows. Values that lie on a plane over the places do so after.

    References
    ----------
    Smith, W. H. F., and Wessel, P. (1990). Gridding with continuous curvature splines in tension.
    Geophysics 55(3), 293-305. doi:10.1190/1.1442837
    """
    from craton.kernels.block_reduce import reduce_blocks

    samples = plane_samples("gridding.block_reduce", points, column, every=True)
    blocks = blocks_of("gridding.block_reduce", samples.coordinates, spacing)
    reduced = reduce_blocks(blocks, *samples[:2], median=reduction == "median")
    said = described(points, column)
    frame = gpd.GeoDataFrame(
        {column: reduced.values, "points": reduced.points, "spread": reduced.spread},
        geometry=shapely.points(reduced.coordinates), crs=points.crs,
    )  # fmt: skip
    frame.attrs[TEXT_COLUMNS] = {
        column: {key: said[key] for key in ("unit", "quantity", "title") if said[key]},
        "points": {"unit": "1", "title": "Points in the block"},
        "spread": {"unit": said["unit"], "title": "Standard deviation in the block"},
    }
    return frame


@process(
    "gridding.minimum_curvature",
    version="1",
    keywords=("interpolation", "spline in tension", "surface", "Briggs", "最小曲率", "插值"),
)
def minimum_curvature(
    points: Points,
    column: NumberColumn,
    spacing: Spacing | None = None,
    *,
    region: Edges | None = None,
    tension: Tension = 0.25,
    reduction: Reduction = "median",
    lower: float | None = None,
    upper: float | None = None,
    maximum_distance: Metres | None = None,
    tolerance: Share = 1e-4,
) -> Annotated[xr.DataArray, Grid()]:
    """Grid of the smoothest surface through scattered values, under tension.

    Use it for gravity, magnetic, geochemical and elevation data that vary
    smoothly: it is fast with millions of points. Between distant points it swings
    freely: raise the tension where it overshoots, and leave out with
    `maximum_distance` what no data support. Not for classes or angles, and not
    across faults that part the values.

    Parameters
    ----------
    points : GeoDataFrame
        Places with values, in a projected system in metres. Rows without place or value are left out;
        points more than three cells outside the grid are not used.
    column : str
        Column of the values.
    spacing : float
        Side of a cell. Left out, half the mean distance between points, as a round number.
    region : tuple
        West, south, east and north edge of the grid. Left out, the extent of the points, out to whole
        multiples of the spacing.
    tension : float
        0 for minimum curvature, 1 for a membrane, which does not swing but has a sharp tip at each datum;
        0.25 suits potential fields, 0.35 steep terrain.
    reduction : str
        How the points in one cell become one: see `gridding.block_reduce`.
    lower : float
        Least value that the surface may have, in the unit of `column`; left out, no limit.
    upper : float
        Greatest value that the surface may have, in the unit of `column`; left out, no limit.
    maximum_distance : float
        Distance from the nearest point beyond which a cell has no value. Left out, all cells have one.
    tolerance : float
        Estimated error of solving at which to stop, as a share of the range of the values.

    Returns
    -------
    DataArray
        Values with the unit and quantity of `column`; the first row in the north.

    Notes
    -----
    The surface u minimises (1 - T) ∫ (u_xx² + 2 u_xy² + u_yy²) h² + T ∫ (u_x² + u_y²) with the tension T and
    the spacing h, has free edges, and passes the points by the second-order weights of Briggs (1974), those
    that stand alone more strictly. Planes come back exactly at any tension. One point gives a constant;
    points on one line give the flattest surface. Solved by multigrid.

    As the tension is counted in lengths of the spacing, a finer grid at the same tension is stiffer.

    References
    ----------
    Briggs, I. C. (1974). Machine contouring using minimum curvature. Geophysics 39(1), 39-48.
    doi:10.1190/1.1440410

    Smith, W. H. F., and Wessel, P. (1990). Gridding with continuous curvature splines in tension.
    Geophysics 55(3), 293-305. doi:10.1190/1.1442837
    """
    id = "gridding.minimum_curvature"
    limits = (-np.inf if lower is None else lower, np.inf if upper is None else upper)
    if limits[0] >= limits[1]:
        raise ContractError(id, "lower", f"below `upper`, {upper:g}", f"{lower:g}")
    samples = plane_samples(id, points, column, every=True)
    template = empty_grid(id, samples, spacing, region)
    cells = curvature_cells(
        id, samples, template, tension=tension, tolerance=tolerance, limits=limits,
        median=reduction == "median",
        tell=lambda cycle, error: progress.report(cycle / (cycle + 10), f"cycle {cycle}, error {error:.2g}"),
    )  # fmt: skip
    blanked(cells, template, samples.coordinates, maximum_distance)
    return on_cells(template, cells, **described(points, column))


@process(
    "gridding.spline",
    version="1",
    keywords=("thin plate", "biharmonic", "radial basis function", "interpolation", "薄板样条", "插值"),
)
def spline(
    points: Points,
    column: NumberColumn,
    spacing: Spacing | None = None,
    *,
    damping: Annotated[float, Unit("1"), Bounds(minimum=0, maximum=1e6)] = 0.0,
    region: Edges | None = None,
    maximum_distance: Metres | None = None,
) -> Annotated[xr.DataArray, Grid()]:
    """Grid of the thin-plate spline through scattered values, or near noisy ones.

    Use it for up to some hundred thousand points where the surface shall go
    exactly through the values whatever the spacing, or where `damping` shall
    smooth noise. It is `gridding.minimum_curvature` without tension, solved at
    the points instead of the cells. Between distant points it swings.

    Parameters
    ----------
    points : GeoDataFrame
        Places with values, in a projected system in metres. Rows without place or value are left out;
        several values at one place are averaged.
    column : str
        Column of the values.
    spacing : float
        As for `gridding.minimum_curvature`.
    damping : float
        0 goes through the values; above it, larger is smoother: 0.01 is a little, 1 much. Choose it with
        `gridding.cross_validation`.
    region : tuple
        As for `gridding.minimum_curvature`.
    maximum_distance : float
        As for `gridding.minimum_curvature`.

    Returns
    -------
    DataArray
        Values with the unit and quantity of `column`; the first row in the north.

    Notes
    -----
    u(x) = c + a · x + Σ wᵢ r² log r, with Σ wᵢ = 0 and Σ wᵢ xᵢ = 0; distances are counted in the mean
    distance between points, so that `damping` has no unit. Up to 2,000 points are solved at once. More are
    solved in overlapping windows of about 270 and blended, which keeps every value and all planes; over
    gaps wider than a window the result then follows the points of one side.

    References
    ----------
    Duchon, J. (1977). Splines minimizing rotation-invariant semi-norms in Sobolev spaces. Lecture Notes in
    Mathematics 571, 85-100. doi:10.1007/BFb0086566

    Sandwell, D. T. (1987). Biharmonic spline interpolation of GEOS-3 and SEASAT altimeter data.
    Geophysical Research Letters 14(2), 139-142. doi:10.1029/GL014i002p00139
    """
    id = "gridding.spline"
    samples = plane_samples(id, points, column)
    template = empty_grid(id, samples, spacing, region)
    northings, eastings = (template[axis].to_numpy() for axis in template.dims)
    surface = spline_surface(
        samples, damping=damping, region=(eastings[0], northings[-1], eastings[-1], northings[0])
    )
    return gridded(points, column, template, surface, near=(samples.coordinates, maximum_distance))


@process(
    "gridding.natural_neighbour",
    version="1",
    keywords=("Sibson", "Voronoi", "natural neighbor", "interpolation", "自然邻域", "插值"),
)
def natural_neighbour(
    points: Points,
    column: NumberColumn,
    spacing: Spacing | None = None,
    *,
    region: Edges | None = None,
    maximum_distance: Metres | None = None,
) -> Annotated[xr.DataArray, Grid()]:
    """Grid of values weighted by the areas that a cell takes from its neighbours' territories.

    Use it where the surface must not leave the range of the data, and needs no
    setting: soundings, concentrations, heights of uneven density. It is smooth
    but at the points, which stand as tips, and does not extrapolate.

    Parameters
    ----------
    points : GeoDataFrame
        Places with values, at least three of them not on one line, in a projected system in metres. Rows
        without place or value are left out; several values at one place are averaged.
    column : str
        Column of the values.
    spacing : float
        As for `gridding.minimum_curvature`.
    region : tuple
        As for `gridding.minimum_curvature`.
    maximum_distance : float
        As for `gridding.minimum_curvature`.

    Returns
    -------
    DataArray
        Values with the unit and quantity of `column`, NaN outside the convex outline of the points; the
        first row in the north.

    Notes
    -----
    u(x) = Σ aᵢ uᵢ / Σ aᵢ with aᵢ the area that the Voronoi cell of x takes from that of point i. Planes come
    back exactly.

    References
    ----------
    Sibson, R. (1981). A brief description of natural neighbour interpolation. In Barnett, V. (ed.),
    Interpreting multivariate data, 21-36, Wiley.
    """
    id = "gridding.natural_neighbour"
    samples = plane_samples(id, points, column)
    template = empty_grid(id, samples, spacing, region)
    surface = natural_surface(id, samples)
    return gridded(points, column, template, surface, near=(samples.coordinates, maximum_distance))


@process(
    "gridding.inverse_distance",
    version="1",
    keywords=("IDW", "Shepard", "interpolation", "反距离加权", "插值"),
)
def inverse_distance(
    points: Points,
    column: NumberColumn,
    spacing: Spacing | None = None,
    *,
    power: Annotated[float, Unit("1"), Bounds(above=0, maximum=20)] = 2.0,
    neighbours: Annotated[int, Bounds(minimum=1, maximum=1000)] = 12,
    ratio: Annotated[float, Unit("1"), Bounds(minimum=1, maximum=1000)] = 1.0,
    azimuth: Annotated[float, Unit("deg"), Bounds(minimum=0, maximum=360)] = 0.0,
    region: Edges | None = None,
    maximum_distance: Metres | None = None,
) -> Annotated[xr.DataArray, Grid()]:
    """Grid of the mean of the nearest points, weighted by inverse distance.

    Use it for a quick map that stays within the range of the data, or to compare
    with the custom of a country. It makes bull's eyes around points and flats
    between them, and heeds clusters too much: mostly another way is better.

    Parameters
    ----------
    points : GeoDataFrame
        Places with values, in a projected system in metres. Rows without place or value are left out;
        several values at one place are averaged.
    column : str
        Column of the values.
    spacing : float
        As for `gridding.minimum_curvature`.
    power : float
        Power of the distance: larger gives nearer points more weight.
    neighbours : int
        Nearest points that count.
    ratio : float
        How many times longer a distance across `azimuth` counts than one along it; 1 for the same in all
        directions.
    azimuth : float
        Direction of the strike, along which values change least, clockwise from north.
    region : tuple
        As for `gridding.minimum_curvature`.
    maximum_distance : float
        As for `gridding.minimum_curvature`. It is in metres, whatever the `ratio`.

    Returns
    -------
    DataArray
        Values with the unit and quantity of `column`; the first row in the north. On a point, its value.

    Notes
    -----
    u(x) = Σ dᵢ⁻ᵖ uᵢ / Σ dᵢ⁻ᵖ over the nearest points.

    References
    ----------
    Shepard, D. (1968). A two-dimensional interpolation function for irregularly-spaced data. Proceedings of
    the 23rd ACM National Conference, 517-524. doi:10.1145/800186.810616
    """
    id = "gridding.inverse_distance"
    samples = plane_samples(id, points, column)
    template = empty_grid(id, samples, spacing, region)
    surface = weighted_surface(samples, power=power, neighbours=neighbours, ratio=ratio, azimuth=azimuth)
    return gridded(points, column, template, surface, near=(samples.coordinates, maximum_distance))
