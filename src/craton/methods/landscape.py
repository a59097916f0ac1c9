"""Landscape: patches of a grid of classes, and the metrics of patches, classes and the whole."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr

from craton.kernels import landscape_metrics as metric
from craton.kernels import landscape_patches as kernel
from craton.methods.placement import Place, on_cells, place_of, plane_of
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, Grid, Table, Unit
from craton.process.processes import process

METRICS, PATCHES = "landscape.metrics", "landscape.patches"

SQUARE = 1e-3
"""Part by which the sides of a cell may differ."""

MOST_CLASSES = 1000
"""Classes above which a grid is taken to hold measurements."""

HECTARE = 1e4

ClassGrid = Annotated[xr.DataArray, Grid(plane=True)]
Neighbours = Literal[8, 4]

PatchTable = Annotated[
    gpd.GeoDataFrame,
    Table(
        geometry=("Point",),
        columns=(
            Column(name="patch", unit="1", title="Patch"),
            Column(name="class", unit="1", title="Class"),
            Column(name="class_name", title="Name of the class"),
            Column(name="area", unit="ha", title="Area"),
            Column(name="perimeter", unit="m", title="Perimeter"),
            Column(name="perimeter_area_ratio", unit="m/ha", title="Perimeter by area"),
            Column(name="shape_index", unit="1", title="Shape index"),
            Column(name="fractal_dimension", unit="1", title="Fractal dimension"),
            Column(name="core_area", unit="ha", title="Core area"),
            Column(name="core_area_index", unit="%", title="Core area, part of the area"),
            Column(name="nearest_neighbour", unit="m", title="Distance to the nearest patch of the class"),
        ),
    ),
]

SHARED = (
    Column(name="patches", unit="1", title="Patches"),
    Column(name="patch_density", unit="1/km2", title="Patch density"),
    Column(name="largest_patch_index", unit="%", title="Largest patch, part of the landscape"),
    Column(name="edge_length", unit="m", title="Length of edges"),
    Column(name="edge_density", unit="m/ha", title="Edge density"),
    Column(name="landscape_shape_index", unit="1", title="Landscape shape index"),
    Column(name="mean_area", unit="ha", title="Mean area of patches"),
    Column(name="area_deviation", unit="ha", title="Standard deviation of the areas of patches"),
    Column(name="mean_shape_index", unit="1", title="Mean shape index"),
    Column(name="mean_fractal_dimension", unit="1", title="Mean fractal dimension"),
    Column(name="core_area", unit="ha", title="Core area"),
    Column(name="mean_nearest_neighbour", unit="m", title="Mean distance to the nearest patch"),
    Column(name="mesh_size", unit="ha", title="Effective mesh size"),
    Column(name="division", unit="1", title="Landscape division"),
    Column(name="splitting_index", unit="1", title="Splitting index"),
)

ClassTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="class", unit="1", title="Class"),
            Column(name="class_name", title="Name of the class"),
            Column(name="area", unit="ha", title="Area"),
            Column(name="percentage", unit="%", title="Part of the landscape"),
            *SHARED,
        )
    ),
]

LandscapeTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="area", unit="ha", title="Area"),
            Column(name="classes", unit="1", title="Classes"),
            *SHARED,
            Column(name="contagion", unit="%", title="Contagion"),
            Column(name="shannon_diversity", unit="1", title="Shannon's diversity"),
            Column(name="simpson_diversity", unit="1", title="Simpson's diversity"),
            Column(name="shannon_evenness", unit="1", title="Shannon's evenness"),
            Column(name="simpson_evenness", unit="1", title="Simpson's evenness"),
        )
    ),
]


class LandscapeMetrics(NamedTuple):
    """Metrics of patches, classes and the landscape."""

    patches: PatchTable
    classes: ClassTable
    landscape: LandscapeTable


@process(METRICS, version="1", keywords=("fragmentation", "FRAGSTATS", "patch", "diversity", "connectivity"))
def metrics(
    grid: ClassGrid,
    *,
    neighbours: Neighbours = 8,
    edge_depth: Annotated[float, Unit("m"), Bounds(minimum=0)] | None = None,
    count_boundary: bool = False,
) -> LandscapeMetrics:
    """Landscape metrics of a grid of classes: how large, shaped, split, near and mixed its patches are.

    Use it to compare the same area at two times or under two plans, and areas mapped alike: fragmentation
    of habitat or farmland, effect of land consolidation, connectivity of green space. All of these metrics
    hang on the size of cells and on the extent of the map, so compare grids of one cell size and clipped
    alike only. Not for measured fields: group them in classes first.

    Parameters
    ----------
    grid : DataArray
        Classes as whole numbers on square cells in metres; cells without a value are outside the landscape.
        Names are taken from `flag_values` and `flag_meanings`.
    neighbours : int
        Cells that hang together: 8, across sides and corners, or 4, across sides only.
    edge_depth : float, optional
        How far from a patch's border the edge reaches, from cell centre to cell centre, in metres, at most
        100 cells; one cell where left out. What is further in is core.
    count_boundary : bool
        Whether sides to the outside of the landscape count as edges of classes and landscape. They always
        count in perimeters.

    Returns
    -------
    patches : GeoDataFrame
        A row for each patch, a point at its mean cell; numbers are those of `landscape.patches` with the same
        `neighbours`. The distance to the nearest neighbour is missing for the only patch of a class.
    classes : DataFrame
        A row for each class that occurs. Means are those of its patches.
    landscape : DataFrame
        One row for the whole.

    Notes
    -----
    By the definitions of FRAGSTATS 4. With areas a, the area A of the landscape, shares P of m
    classes: shape index = perimeter / least perimeter of as many cells; fractal dimension = 2 ln(p/4) / ln
    a with p in m and a in m², 1 for one cell; mesh size Σ a² / A; division 1 − Σ (a/A)²; splitting A² / Σ
    a²; the landscape shape index is the shape index of all cells of a class, or of the landscape with all
    its edges. Contagion = 1 + Σ q ln q / (2 ln m), q the share of a class times the part of its sides to
    each class; Shannon −Σ P ln P, Simpson 1 − Σ P². Contagion and evenness are missing for one class.
    Nearest neighbours are exact, between the centres of the nearest cells. Deviations are those of all
    patches, divided by their count.

    References
    ----------
    McGarigal, K., Cushman, S. A. and Ene, E. (2012). FRAGSTATS v4: spatial pattern analysis program for
    categorical and continuous maps. University of Massachusetts, Amherst.

    Jaeger, J. A. G. (2000). Landscape division, splitting index, and effective mesh size: new measures of
    landscape fragmentation. Landscape Ecology 15, 115-130. doi:10.1023/A:1008129329289

    Li, H. and Reynolds, J. F. (1993). A new contagion index to quantify spatial patterns of landscapes.
    Landscape Ecology 8(3), 155-162. doi:10.1007/BF00125347
    """
    place = _square(METRICS, grid)
    codes, values, names = _classes(METRICS, grid)
    side = place.spacing[0]
    depth = 1.0 if edge_depth is None else edge_depth / side
    if depth > 100:
        raise ContractError(
            METRICS, "edge_depth", f"at most 100 cells, {100 * side:g} m", f"{edge_depth:g} m"
        )
    found = kernel.patches(codes, len(values), eight=neighbours == 8, depth=depth)
    patches = _patch_rows(found, side)
    each = [
        {"class": value, "class_name": name, **_class_row(found, patches, number, side, count_boundary)}
        for number, (value, name) in enumerate(zip(values, names, strict=True))
    ]
    kind = found.kind
    patches = patches.assign(**{"class": values[kind], "class_name": np.array(names, object)[kind]})
    ordered = [column.name for column in PatchTable.__metadata__[0].columns]
    at = shapely.points(
        place.first[1] + place.step[1] * found.column, place.first[0] + place.step[0] * found.row
    )
    return LandscapeMetrics(
        gpd.GeoDataFrame(patches[ordered], geometry=at, crs=place.crs or None),
        pd.DataFrame(each),
        pd.DataFrame([_landscape_row(found, patches, side, count_boundary)]),
    )


@process(PATCHES, version="1", keywords=("label", "connected", "regions", "contiguity"))
def patches(grid: ClassGrid, *, neighbours: Neighbours = 8) -> Annotated[xr.DataArray, Grid(unit="1")]:
    """Patches of a grid of classes, each with a number of its own.

    Use it to draw patches, or to ask for other grids within them with `grid.zonal_statistics`. Their
    metrics are those of `landscape.metrics`.

    Parameters
    ----------
    grid : DataArray
        Classes as whole numbers on square cells in metres; cells without a value are outside.
    neighbours : int
        Cells that hang together: 8, across sides and corners, or 4, across sides only.

    Returns
    -------
    DataArray
        Numbers from 1 in the order of the patches' first cells, row by row; 0, declared as no data, outside.

    References
    ----------
    Rosenfeld, A. and Pfaltz, J. L. (1966). Sequential operations in digital picture processing. Journal of
    the ACM 13(4), 471-494. doi:10.1145/321356.321357
    """
    _square(PATCHES, grid)
    codes, values, _names = _classes(PATCHES, grid)
    found = kernel.patches(codes, len(values), eight=neighbours == 8, depth=0.0)
    numbers = on_cells(grid, found.labels + np.int32(1), name="patch", unit="1", title="Patch")
    return numbers.assign_attrs(nodata=0)


def _square(process: str, grid: xr.DataArray) -> Place:
    """Place of `grid`, refused where its cells are not square."""
    place = place_of(process, "grid", grid)
    down, right = place.spacing
    if abs(down - right) > SQUARE * right:
        came = f"cells of {down:g} m by {right:g} m"
        raise ContractError(process, "grid", "a grid of square cells", came, hint="use grid.resample")
    return place


def _classes(process: str, grid: xr.DataArray) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Codes (rows, columns) from 0, −1 for no class, the values they stand for, and their names."""
    cells = plane_of(process, "grid", grid).to_numpy()
    there = np.isfinite(cells)
    values = np.unique(cells[there])
    allowed = f"a grid of classes: at most {MOST_CLASSES} different whole numbers"
    if not values.size:
        raise ContractError(process, "grid", allowed, "one without a value")
    if values.size > MOST_CLASSES or (values != np.round(values)).any():
        came = f"one of {values.size} values such as {values[values.size // 2]:g}"
        raise ContractError(process, "grid", allowed, came, hint="group it in classes with grid.algebra")
    codes = np.where(there, np.searchsorted(values, cells), -1).astype(np.int32)
    words = zip(grid.attrs.get("flag_values", ()), grid.attrs.get("flag_meanings", ()), strict=False)
    named = {int(code): str(word) for code, word in words}
    whole = values.astype(np.int64)
    return codes, whole, [named.get(int(value), str(value)) for value in whole]


def _patch_rows(found: kernel.Patches, side: float) -> pd.DataFrame:
    """Metrics of patches, without their classes."""
    area = (found.cells * side**2).astype(np.float64)
    perimeter = (found.sides * side).astype(np.float64)
    return pd.DataFrame({
        "patch": np.arange(1, found.cells.size + 1),
        "area": area / HECTARE,
        "perimeter": perimeter,
        "perimeter_area_ratio": perimeter / area * HECTARE,
        "shape_index": metric.shape_index(found.sides, found.cells),
        "fractal_dimension": metric.fractal_dimension(perimeter, area),
        "core_area": found.core * side**2 / HECTARE,
        "core_area_index": 100.0 * found.core / found.cells,
        "nearest_neighbour": kernel.nearest(found) * side,
    })  # fmt: skip


def _class_row(
    found: kernel.Patches, patches: pd.DataFrame, number: int, side: float, boundary: bool
) -> dict[str, float]:
    """Metrics of class `number`."""
    own = found.kind == number
    edges = found.adjacency[number].sum() - found.adjacency[number, number]
    all_edges = edges + found.outside[number]
    cells = found.cells[own].sum()
    total = found.cells.sum() * side**2 / HECTARE
    shape = float(metric.shape_index(np.array(all_edges), np.array(cells)))
    length = (all_edges if boundary else edges) * side
    area = cells * side**2 / HECTARE
    head = {"area": area, "percentage": 100.0 * area / total}
    return head | _shared(patches[own], total, length, shape)


def _landscape_row(
    found: kernel.Patches, patches: pd.DataFrame, side: float, boundary: bool
) -> dict[str, float]:
    """Metrics of the whole."""
    # Each side between classes is counted from both.
    edges = (found.adjacency.sum() - np.trace(found.adjacency)) // 2
    all_edges = edges + found.outside.sum()
    cells = found.cells.sum()
    total = cells * side**2 / HECTARE
    shares = np.bincount(found.kind, weights=found.cells) / cells
    mixed = metric.diversity(shares)
    shape = float(metric.shape_index(np.array(all_edges), np.array(cells)))
    return {
        "area": total,
        "classes": shares.size,
        **_shared(patches, total, (all_edges if boundary else edges) * side, shape),
        "contagion": 100.0 * metric.contagion(shares, found.adjacency),
        "shannon_diversity": mixed.shannon,
        "simpson_diversity": mixed.simpson,
        "shannon_evenness": mixed.shannon_evenness,
        "simpson_evenness": mixed.simpson_evenness,
    }


def _shared(patches: pd.DataFrame, total: float, edges: float, shape: float) -> dict[str, float]:
    """Metrics that classes and the landscape share, of some patches in a landscape of `total` ha."""
    area = patches["area"].to_numpy()
    split = metric.fragmentation(area, total)
    return {
        "patches": area.size,
        "patch_density": 100.0 * area.size / total,
        "largest_patch_index": 100.0 * float(area.max()) / total,
        "edge_length": float(edges),
        "edge_density": float(edges) / total,
        "landscape_shape_index": shape,
        "mean_area": float(area.mean()),
        "area_deviation": float(area.std()),
        "mean_shape_index": float(patches["shape_index"].mean()),
        "mean_fractal_dimension": float(patches["fractal_dimension"].mean()),
        "core_area": float(patches["core_area"].sum()),
        "mean_nearest_neighbour": float(patches["nearest_neighbour"].mean()),
        "mesh_size": split.mesh,
        "division": split.division,
        "splitting_index": split.splitting,
    }
