"""Euler deconvolution of gravity and magnetic grids."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr

from craton.kernels import euler as kernel
from craton.kernels.point_clusters import crowds
from craton.methods.field_gradients import Height, gradient_at, to_metres
from craton.methods.placement import crs_of
from craton.methods.potential_field import FieldGrid, Padding, Prepared, prepared, unit_of
from craton.methods.vector_shapes import COLUMNS
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import Bounds, Column, Table, Unit
from craton.process.processes import process

EULER = "potential_field.euler"

SCANNED = (0.0, 1.0, 2.0, 3.0)
"""Structural indices tried where none is given."""

BAND = 256
"""Rows of windows worked on at once."""

MOST = 2_000_000
"""Solutions above which a table of them is taken to be a mistake."""

Index = Annotated[float, Bounds(minimum=0, maximum=3)]
Length = Annotated[float, Unit("m"), Bounds(above=0)]

SolutionTable = Annotated[
    gpd.GeoDataFrame,
    Table(
        geometry=("Point",),
        columns=(
            Column(name="depth", unit="m", quantity="depth", title="Depth below the ground"),
            Column(name="structural_index", unit="1", title="Structural index"),
            Column(name="depth_std", unit="m", title="Standard deviation of the depth"),
            Column(name="horizontal_std", unit="m", title="Standard deviation of the place"),
            Column(name="base_level", title="Base level of the field in the window"),
            Column(name="misfit", title="Root mean square misfit of Euler's equation"),
            Column(name="cluster", unit="1", title="Number of the cluster, 0 for none"),
        ),
    ),
]

SourceTable = Annotated[
    gpd.GeoDataFrame,
    Table(
        geometry=("Point",),
        columns=(
            Column(name="cluster", unit="1", title="Number of the cluster"),
            Column(name="depth", unit="m", quantity="depth", title="Depth below the ground"),
            Column(name="structural_index", unit="1", title="Structural index"),
            Column(name="depth_std", unit="m", title="Standard deviation of depths in the cluster"),
            Column(name="horizontal_std", unit="m", title="Standard deviation of places in the cluster"),
            Column(name="solutions", unit="1", title="Solutions in the cluster"),
        ),
    ),
]


class Found(NamedTuple):
    """Solutions of single windows, and the sources that they crowd around."""

    solutions: SolutionTable
    sources: SourceTable


@process(EULER, version="1", keywords=("depth", "source", "deconvolution", "structural index", "欧拉反褶积"))
def euler(
    grid: FieldGrid,
    structural_index: Index | None = None,
    *,
    window: Annotated[int, Bounds(minimum=3, maximum=1000)] = 10,
    step: Annotated[int, Bounds(minimum=1, maximum=1000)] = 1,
    tolerance: Annotated[float, Bounds(above=0, maximum=10)] = 0.1,
    reach: Annotated[float, Bounds(above=0, maximum=100)] = 1.0,
    minimum_depth: Annotated[float, Unit("m"), Bounds(minimum=0)] = 0.0,
    maximum_depth: Length | None = None,
    height: Height = 0.0,
    continuation: Height = 0.0,
    cluster_distance: Length | None = None,
    cluster_size: Annotated[int, Bounds(minimum=2, maximum=1_000_000)] = 10,
    padding: Padding = "mirror",
) -> Found:
    """Places and depths of sources of a gravity or magnetic field, by Euler deconvolution in moving windows.

    Use it for a first, objective look at where sources lie and how deep, over any number of anomalies; the
    magnetisation needs no assumption and data need not be reduced to the pole. The depth hangs on the
    structural index: magnetic contacts 0 to 1, dykes and sheet edges 1, pipes and horizontal cylinders 2,
    spheres 3; of gravity the index is one less (sheets 0, cylinders 1, spheres 2), and that of a first
    derivative of a field is one more. Choose the window at least as wide as half the depth looked for, and
    narrower than the distance of neighbouring anomalies. Do not use it on wide bodies whose top and bottom
    both are seen, and do not take the standard deviations for the whole error: a wrong index shifts depths
    by far more.

    Parameters
    ----------
    grid : DataArray
        Field on even rows and columns (northing, easting) in metres. Windows with a cell that has no value
        have no solution.
    structural_index : float, optional
        How fast the field falls off with distance. Left out, each window gets the one of 0, 1, 2 and 3
        that misfits least; noise draws that choice towards small indices and shallow depths.
    window : int
        Side of the moving square in cells.
    step : int
        Cells from one window to the next.
    tolerance : float
        Largest standard deviation of a depth that is kept, as a part of the depth under the plane of the
        field. Thompson's limit 20 on depth over (index times standard deviation) is 0.05 for index 1.
    reach : float
        How far from the middle of its window a solution may lie and be kept, in halves of the window's side.
    minimum_depth : float
        Depth below the ground, in metres, below which solutions are kept.
    maximum_depth : float, optional
        Depth below the ground, in metres, down to which solutions are kept; left out, there is no limit.
    height : float
        Height of the plane of the field above the ground, in metres, which is taken off depths.
    continuation : float
        Metres by which the field is continued upward first, which calms noise; depths stay those below the
        ground.
    cluster_distance : float, optional
        Size of the cubes, in metres, in which solutions are crowded together. Left out, two cells.
    cluster_size : int
        Solutions, at least, in a cube and those around it, for them to be a cluster.
    padding : str
        How the field goes on beyond its edges; see `potential_field.derivative`.

    Returns
    -------
    solutions : GeoDataFrame
        A point for each window that is kept, with depth, index, standard deviations in metres, base level
        and misfit in the unit of the field, and the number of its cluster. No rows where no window has a
        solution that is kept, as over a flat field. The base level is empty for index 0.
    sources : GeoDataFrame
        A point for each cluster: the mean of its solutions weighted by 1 over their variance, the spread of
        them, and the median index.

    Notes
    -----
    (x − x₀) ∂f/∂x + (y − y₀) ∂f/∂y + (z − z₀) ∂f/∂z = N (b − f), solved for x₀, y₀, z₀ and N b by least
    squares; derivatives are exact ones of the transformed field, of the same continuation as the field. Along
    the strike of a long source the place is not determined: it is put beside the middle of the window, and
    the standard deviation of the place says so. Misfits of neighbouring cells are taken as independent, which
    they are not in smooth fields: standard deviations are best compared with one another.

    References
    ----------
    Thompson, D. T. (1982), EULDPH: a new technique for making computer-assisted depth estimates from magnetic
    data, Geophysics 47(1), 31-37, doi:10.1190/1.1441278.

    Reid, A. B., Allsop, J. M., Granser, H., Millett, A. J. and Somerton, I. W. (1990), Magnetic
    interpretation in three dimensions using Euler deconvolution, Geophysics 55(1), 80-91,
    doi:10.1190/1.1442774.
    """
    if maximum_depth is not None and maximum_depth <= minimum_depth:
        raise ContractError(
            EULER, "maximum_depth", f"above `minimum_depth` {minimum_depth:g} m", f"{maximum_depth:g} m"
        )
    ready = prepared(EULER, grid, padding)
    if window > min(ready.cells.shape):
        came = f"{window} on a grid of {ready.cells.shape[0]} x {ready.cells.shape[1]} cells"
        raise ContractError(EULER, "window", "no wider than the grid", came)
    indices = SCANNED if structural_index is None else (structural_index,)
    lowest = height + continuation

    def kept(found: kernel.Solutions) -> np.ndarray:
        below = -found.upward
        depth = below - lowest
        half = 0.5 * window * reach
        near = np.abs(found.easting) <= half * abs(ready.spacing[1])
        near &= np.abs(found.northing) <= half * abs(ready.spacing[0])
        deep = (depth > minimum_depth) & (depth <= (np.inf if maximum_depth is None else maximum_depth))
        chosen: np.ndarray = near & deep & (found.upward_std <= tolerance * below)
        return chosen

    field = kernel.Field(*gradient_at(ready, continuation))
    parts, total = [], 0
    band = window * max(1, BAND // window)
    starts = range(0, ready.cells.shape[0] - window + 1, band)
    for start in progress.each(starts, "windows"):
        rows = slice(start, start + band)
        found = kernel.solve_windows(field, ready.spacing, window, indices, rows=rows)
        chosen = kept(found)
        chosen[np.arange(start, start + len(chosen)) % step != 0] = False
        chosen[:, np.arange(chosen.shape[1]) % step != 0] = False
        total += int(chosen.sum())
        if total > MOST:
            raise ContractError(
                EULER,
                "step",
                f"one that keeps at most {MOST} solutions",
                f"{step}",
                hint="or lower `tolerance`",
            )
        parts.append(_places(ready, found, chosen, start, window, lowest))
    solutions = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    side = 2 * max(map(abs, ready.spacing)) if cluster_distance is None else cluster_distance
    space = np.column_stack([solutions[name] for name in ("easting", "northing", "depth")])
    solutions["cluster"] = crowds(space, side, cluster_size)
    return Found(_solution_table(grid, solutions), _source_table(grid, solutions))


def _places(
    ready: Prepared, found: kernel.Solutions, chosen: np.ndarray, start: int, window: int, lowest: float
) -> dict[str, np.ndarray]:
    """Columns of the chosen windows, the first of which are in row `start`."""
    row, column = np.nonzero(chosen)
    middle = 0.5 * (window - 1)
    east, north = to_metres(ready, np.column_stack([row + start + middle, column + middle])).T
    index = found.structural_index[chosen]
    level = np.divide(found.constant[chosen], index, out=np.full(index.shape, np.nan), where=index > 0)
    return {
        "easting": east + found.easting[chosen],
        "northing": north + found.northing[chosen],
        "depth": -found.upward[chosen] - lowest,
        "structural_index": index,
        "depth_std": found.upward_std[chosen],
        "horizontal_std": found.horizontal_std[chosen],
        "base_level": level,
        "misfit": found.misfit[chosen],
    }


def _solution_table(grid: xr.DataArray, columns: dict[str, np.ndarray]) -> gpd.GeoDataFrame:
    numbers = {name: values for name, values in columns.items() if name not in {"easting", "northing"}}
    frame = gpd.GeoDataFrame(
        numbers, geometry=shapely.points(columns["easting"], columns["northing"]), crs=crs_of(grid) or None
    )
    unit = unit_of(grid)
    frame.attrs[COLUMNS] = {name: {"unit": unit} for name in ("base_level", "misfit") if unit}
    return frame


def _source_table(grid: xr.DataArray, columns: dict[str, np.ndarray]) -> gpd.GeoDataFrame:
    """One row for each cluster."""
    inside = columns["cluster"] > 0
    own = {name: values[inside] for name, values in columns.items()}
    cluster = own["cluster"] - 1
    # A solution without a misfit would have all the weight.
    floor = max(1e-3 * float(np.median(own["depth_std"])), 1e-9) if cluster.size else 1.0
    weight = 1 / np.maximum(own["depth_std"], floor) ** 2
    total, count = np.bincount(cluster, weight), np.bincount(cluster)
    mean, spread = {}, {}
    for name in ("easting", "northing", "depth"):
        mean[name] = np.bincount(cluster, weight * own[name]) / total
        spread[name] = np.sqrt(np.bincount(cluster, (own[name] - mean[name][cluster]) ** 2) / count)
    index = pd.Series(own["structural_index"], dtype=np.float64).groupby(cluster).median()
    numbers = {
        "cluster": np.arange(1, count.size + 1), "depth": mean["depth"], "structural_index": index.to_numpy(),
        "depth_std": spread["depth"], "horizontal_std": np.hypot(spread["easting"], spread["northing"]),
        "solutions": count,
    }  # fmt: skip
    places = shapely.points(mean["easting"], mean["northing"])
    return gpd.GeoDataFrame(numbers, geometry=places, crs=crs_of(grid) or None)
