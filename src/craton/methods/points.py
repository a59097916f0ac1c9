"""Points: from values at places, and from places alone, to grids."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import geopandas as gpd
import numpy as np
import xarray as xr

from craton.methods.placement import on_cells
from craton.methods.points_samples import (
    Samples,
    described,
    in_strips,
    mean_samples,
    template_of,
    weighted_samples,
)
from craton.model import units
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import Bounds, ColumnOf, Grid, Table, Unit
from craton.process.processes import process

BATCH_POINTS = 1 << 14
"""Points whose kernels are added between two reports of progress."""

FEWEST_CELLS = 3.0
"""Cells within the bandwidth from which the sum over cells is the number of points, within 0.25 percent."""

Points = Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))]
NumberColumn = Annotated[str, ColumnOf("points", numeric=True)]
Spacing = Annotated[float, Bounds(above=0)]
Edges = tuple[float, float, float, float]
Metres = Annotated[float, Unit("m"), Bounds(above=0)]


@process(
    "points.to_grid_nearest", version="1", keywords=("interpolation", "nearest neighbour", "gridding", "插值")
)
def to_grid_nearest(
    points: Points,
    column: NumberColumn,
    spacing: Spacing,
    *,
    region: Edges | None = None,
    maximum_distance: Metres | None = None,
) -> Annotated[xr.DataArray, Grid()]:
    """Grid whose cells have the value of the nearest point.

    Use it for classes, codes and angles, which must not be mixed, and for a
    first look at where data is dense. For quantities that vary smoothly take
    `points.to_grid_linear` or kriging: nearest values make steps.

    Parameters
    ----------
    points : GeoDataFrame
        Places with values. Rows without place or value are left out; several values at one place are
        averaged.
    column : str
        Column of the values.
    spacing : float
        Side of a cell, in the unit of the table's reference system: metres, or degrees.
    region : tuple
        West, south, east and north edge of the grid in that unit; east may be past 180°. Left out, the
        extent of the points, out to whole multiples of the spacing.
    maximum_distance : float
        Distance from the nearest point beyond which a cell has no value. Left out, all cells have one.

    Returns
    -------
    DataArray
        Values with the unit and quantity of `column`; the first row in the north.

    Notes
    -----
    Distances are from the middle of a cell: straight in a plane, great circles over degrees. Of points
    that are equally far, one is taken that does not depend on the order of rows.
    """
    samples = mean_samples("points.to_grid_nearest", points, column)
    template = template_of("points.to_grid_nearest", samples, spacing, region)
    nearest = _Nearest(samples, maximum_distance)

    def values_at(eastings: np.ndarray, northings: np.ndarray) -> np.ndarray:
        values: np.ndarray = np.append(samples.values, np.nan)[nearest.index(eastings, northings)]
        return values

    return on_cells(template, in_strips(template, values_at, "nearest points"), **described(points, column))


@process(
    "points.to_grid_linear",
    version="1",
    keywords=("interpolation", "triangulation", "TIN", "Delaunay", "插值"),
)
def to_grid_linear(
    points: Points,
    column: NumberColumn,
    spacing: Spacing,
    *,
    region: Edges | None = None,
    maximum_distance: Metres | None = None,
) -> Annotated[xr.DataArray, Grid()]:
    """Grid of values interpolated linearly in the triangles between points.

    Use it for dense, clean data such as soundings, spot heights or flight
    lines: it goes through every point and never beyond the range of its
    neighbours. It does not smooth noise and has kinks along triangle edges. Not
    for classes or angles around the compass.

    Parameters
    ----------
    points : GeoDataFrame
        Places with values, at least three of them not on one line. Rows without place or value are left
        out; several values at one place are averaged.
    column : str
        Column of the values.
    spacing : float
        Side of a cell, in the unit of the table's reference system: metres, or degrees.
    region : tuple
        Edges of the grid, as for `points.to_grid_nearest`.
    maximum_distance : float
        Distance from the nearest point beyond which a cell has no value, which cuts off long triangles
        across gaps. Left out, all cells within the outline of the points have one.

    Returns
    -------
    DataArray
        Values with the unit and quantity of `column`, NaN outside the convex outline of the points; the
        first row in the north.

    Notes
    -----
    In the Delaunay triangle around the middle of a cell, value = Σ bᵢ · valueᵢ with the barycentric
    coordinates bᵢ of its corners. Degrees of longitude are shortened by the cosine of the middle latitude
    before triangles are formed.

    References
    ----------
    Barber, C. B., Dobkin, D. P., and Huhdanpaa, H. (1996). The Quickhull algorithm for convex hulls. ACM
    Transactions on Mathematical Software 22(4), 469-483. doi:10.1145/235815.235821
    """
    samples = mean_samples("points.to_grid_linear", points, column)
    template = template_of("points.to_grid_linear", samples, spacing, region)
    interpolate = _triangles("points.to_grid_linear", samples, template)
    nearest = _Nearest(samples, maximum_distance) if maximum_distance else None

    def values_at(eastings: np.ndarray, northings: np.ndarray) -> np.ndarray:
        values = interpolate(eastings, northings)
        if nearest is not None:
            values[nearest.index(eastings, northings) == samples.values.size] = np.nan
        return values

    return on_cells(template, in_strips(template, values_at, "triangles"), **described(points, column))


@process("points.density", version="1", keywords=("heat map", "kernel density", "point density", "核密度"))
def density(
    points: Points,
    spacing: Spacing,
    bandwidth: Annotated[float, Unit("m"), Bounds(above=0, maximum=1e6)],
    *,
    weight: NumberColumn | None = None,
    region: Edges | None = None,
) -> Annotated[xr.DataArray, Grid()]:
    """Number of points per square kilometre, spread by a smooth kernel.

    Use it to show where deposits, earthquakes or samples cluster. The picture
    depends on the bandwidth more than on anything else: try several. It shows
    where was looked as much as where things are, and is no probability.

    Parameters
    ----------
    points : GeoDataFrame
        Places; rows without place (or without weight) are left out.
    spacing : float
        Side of a cell, in the unit of the table's reference system: metres, or degrees.
    bandwidth : float
        Radius of the kernel around each point; at least three cells.
    weight : str
        Column of what each point counts for. Left out, each counts for one.
    region : tuple
        West, south, east and north edge of the grid in the unit of the reference system; points outside
        count as far as their kernels reach in. Left out, the extent of the points and their kernels, out
        to whole multiples of the spacing.

    Returns
    -------
    DataArray
        Points, or units of `weight`, per km²; the first row in the north. Summed over the area of all
        cells that is the number of points, or the sum of weights, as far as their kernels lie within
        (within 0.25 percent for a bandwidth of three cells, 0.01 percent for eight).

    Notes
    -----
    density(x) = Σ wᵢ · K(|x − xᵢ|) with the quartic kernel K(d) = 3/(πh²) · (1 − d²/h²)² within the
    bandwidth h. Distances are straight in a plane, great circles over degrees.

    References
    ----------
    Silverman, B. W. (1986). Density estimation for statistics and data analysis. Chapman and Hall,
    equation 4.5. doi:10.1201/9781315140919
    """
    samples = weighted_samples("points.density", points, weight)
    template = template_of("points.density", samples, spacing, region, margin=bandwidth)
    _check_bandwidth(samples, spacing, bandwidth)
    cells = _summed(samples, template, bandwidth)
    unit = described(points, weight)["unit"] if weight else "1"
    per_area = "1/km2" if unit == "1" else units.parse(f"{unit}/km2") if unit else ""
    title = f"{weight} per square kilometre" if weight else "Points per square kilometre"
    return on_cells(template, cells, name="density", unit=per_area or "", title=title)


class _Nearest:
    """Finds the sample nearest to a place, within a distance in metres."""

    def __init__(self, samples: Samples, maximum_distance: float | None) -> None:
        from scipy.spatial import cKDTree

        from craton.kernels.points import chord

        self.geographic = samples.is_geographic
        distance = np.inf if maximum_distance is None else maximum_distance
        reach = chord(distance) if self.geographic else distance
        # The tree leaves out what is exactly as far as allowed.
        self.reach = np.nextafter(reach, np.inf)
        self.tree = cKDTree(self._places(*samples.coordinates.T))

    def _places(self, eastings: np.ndarray, northings: np.ndarray) -> np.ndarray:
        from craton.kernels.points import on_sphere

        stack = on_sphere if self.geographic else (lambda *both: np.stack(both, axis=-1))
        return stack(eastings, northings)

    def index(self, eastings: np.ndarray, northings: np.ndarray) -> np.ndarray:
        """Number of the nearest sample, the number of all samples where none is near enough."""
        found: np.ndarray = self.tree.query(
            self._places(eastings, northings), distance_upper_bound=self.reach, workers=-1
        )[1]
        return found


def _triangles(
    id: str, samples: Samples, template: xr.DataArray
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Interpolation in the Delaunay triangles of the samples, in the turn of longitude of `template`."""
    from scipy.interpolate import LinearNDInterpolator
    from scipy.spatial import QhullError

    places = samples.coordinates
    shrink = 1.0
    if samples.is_geographic:
        middle = float(template["longitude"].mean())
        turned = places[:, 0] - 360.0 * np.round((places[:, 0] - middle) / 360.0)
        places = np.column_stack([turned, places[:, 1]])
        shrink = max(float(np.cos(np.radians(places[:, 1].mean()))), 1e-3)
    # Near the origin triangles keep all digits of their corners.
    origin = places.mean(axis=0)
    try:
        inside = LinearNDInterpolator((places - origin) * (shrink, 1.0), samples.values)
    except (QhullError, ValueError) as error:
        allowed, came = "at least three places that are not on one line", f"{len(places)} without a triangle"
        raise ContractError(id, "points", allowed, came, hint="use points.to_grid_nearest") from error

    def interpolate(eastings: np.ndarray, northings: np.ndarray) -> np.ndarray:
        values: np.ndarray = inside((eastings - origin[0]) * shrink, northings - origin[1])
        return values

    return interpolate


def _check_bandwidth(samples: Samples, spacing: float, bandwidth: float) -> None:
    """Refuse kernels so narrow that they could fall between the cells."""
    from craton.kernels.points import EARTH_RADIUS

    side = np.radians(spacing) * EARTH_RADIUS if samples.is_geographic else spacing
    if bandwidth < FEWEST_CELLS * side:
        allowed = f"at least {FEWEST_CELLS:g} cells, {FEWEST_CELLS * side:g} m"
        raise ContractError(
            "points.density", "bandwidth", allowed, f"{bandwidth:g} m", hint="give a finer spacing"
        )


def _summed(samples: Samples, template: xr.DataArray, bandwidth: float) -> np.ndarray:
    """Sum of all kernels on the cells of `template`, per km²."""
    from craton.kernels import points as kernels

    # Kernels are added on axes that ascend; a new grid begins in the north.
    northings = np.ascontiguousarray(template[template.dims[0]].to_numpy()[::-1])
    eastings = template[template.dims[1]].to_numpy()
    cells = np.zeros(template.shape)
    starts = range(0, samples.values.size, BATCH_POINTS)
    for start in progress.each(starts, "kernels"):
        places, weights = (part[start : start + BATCH_POINTS] for part in samples[:2])
        if samples.is_geographic:
            latitude, longitude, angles = np.radians(northings), np.radians(eastings), np.radians(places)
            reach = bandwidth / kernels.EARTH_RADIUS
            kernels.add_on_sphere(cells, latitude, longitude, angles, weights, reach)
        else:
            kernels.add_on_plane(cells, northings, eastings, places, weights, bandwidth)
    area = kernels.EARTH_RADIUS**2 if samples.is_geographic else 1.0
    return (cells[::-1] * (1e6 / area)).astype(np.float32)
