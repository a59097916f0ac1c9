"""Grids brought to other cells: another spacing, the cells of another grid, another reference system."""

from __future__ import annotations

import warnings
from typing import Annotated

import numpy as np
import pyproj
import xarray as xr

from craton.kernels import resample as kernel
from craton.methods.map_zone import zone_of
from craton.methods.placement import (
    Place,
    new_grid,
    on_cells,
    place_of,
    plane_of,
    same_crs,
    within_turn,
)
from craton.model import crs as systems
from craton.model import quantities
from craton.model.errors import ContractError, InvalidError
from craton.process.marks import Bounds, Grid, ReferenceSystem
from craton.process.processes import process

AnyGrid = Annotated[xr.DataArray, Grid()]
LikeGrid = Annotated[xr.DataArray, Grid(like="grid")]
Side = Annotated[float | None, Bounds(above=0)]

TOLERANCE = 0.01
"""Error, in cells of the source, with which positions are interpolated between transformed ones."""

FAR = 3.0
"""Times the extent of a system's area of use that a grid may reach in it."""


@process("grid.resample", version="1", keywords=("interpolate", "regrid", "align", "downsample"))
def resample(
    grid: AnyGrid,
    like: Annotated[xr.DataArray | None, Grid()] = None,
    *,
    spacing: Side = None,
    method: kernel.Method = "bilinear",
) -> LikeGrid:
    """Grid with its values on other cells in the same reference system.

    Use it to bring grids onto the same cells before `grid.algebra`, or to coarsen one. To a coarser
    grid take `average`, which uses every cell; for classes take `nearest`. To change the reference
    system use `grid.reproject`.

    Parameters
    ----------
    grid : DataArray
        Any evenly spaced grid of two axes. Cells without a value are left out of the weights of others.
    like : DataArray
        Grid whose cells are taken; in the same reference system.
    spacing : float
        Side of the new cells where `like` is left out, in the unit of the axes (metres, or degrees);
        they cover the region of `grid` from its north-west corner.
    method : str
        `bilinear` and `cubic` interpolate between cell centres; `nearest` keeps values as they are;
        `average` is the mean of the cells below, weighted by overlap.

    Returns
    -------
    DataArray
        The same quantity. A cell has a value where cells with one have half of its weight or more.
        Whole numbers become floats unless they are taken by `nearest` and every cell has one.

    Notes
    -----
    result = Σ w v / Σ w over the cells v that have a value. `bilinear` is exact for planes, `cubic`
    (Keys' convolution) for quadratics, away from edges and gaps; `average` keeps the mean.

    References
    ----------
    Keys, R. G. (1981), Cubic convolution interpolation for digital image processing, IEEE Transactions
    on Acoustics, Speech, and Signal Processing 29(6), 1153–1160, doi:10.1109/TASSP.1981.1163711.
    """
    name = "grid.resample"
    if (like is None) == (spacing is None):
        came = "both" if like is not None else "neither"
        raise ContractError(name, "spacing", "given, or else `like`", came)
    _refuse_classes(name, grid, method)
    source = place_of(name, "grid", grid)
    template = _cells_of(name, source, like, spacing)
    target = place_of(name, "like", template)
    cells = source.upright(plane_of(name, "grid", grid).to_numpy())
    values = kernel.resample(cells, *_edges(source, target), method)
    return _labelled(grid, template, target.upright(values), method)


def _cells_of(name: str, source: Place, like: xr.DataArray | None, spacing: float | None) -> xr.DataArray:
    """Grid whose cells are taken: `like`, or a new one over the region of `source`."""
    if like is None:
        assert spacing is not None
        return _turned_as(source, _new(name, source.region, spacing, source.crs))
    if same_crs(place_of(name, "like", like).crs, source.crs):
        return like
    allowed = "in the reference system of `grid`"
    raise ContractError(name, "like", allowed, "in another", hint="use grid.reproject")


def _edges(source: Place, target: Place) -> tuple[np.ndarray, np.ndarray]:
    """Edges of the rows and columns of `target`, from the north-west, counted in cells of `source`."""
    (west, _, _, north), (left, _, _, top) = source.region, target.region
    rows = (north - top + target.spacing[0] * np.arange(target.shape[0] + 1)) / source.spacing[0]
    columns = (left - west + target.spacing[1] * np.arange(target.shape[1] + 1)) / source.spacing[1]
    return rows - 0.5, columns - 0.5


@process("grid.reproject", version="1", keywords=("project", "transform", "coordinate system", "warp"))
def reproject(
    grid: AnyGrid,
    *,
    crs: Annotated[str, ReferenceSystem()] = "",
    spacing: Side = None,
    method: kernel.Method = "bilinear",
) -> LikeGrid:
    """Grid in another reference system.

    Use it to bring a grid in longitude and latitude to metres, as transforms of potential fields and
    measures of length and area need, or layers of different zones to one. Each time, values are
    interpolated anew: go from the original, once. To stay in the system use `grid.resample`.

    Parameters
    ----------
    grid : DataArray
        Evenly spaced grid of two axes in a stated reference system.
    crs : str
        The system of the result, such as `EPSG:32648`; empty for the UTM zone of the centre (polar
        stereographic near the poles).
    spacing : float
        Side of the new cells in the unit of the new axes (metres, or degrees of a geographic system);
        left out, about as many cells as before.
    method : str
        `bilinear` or `cubic` between cell centres, `nearest` for classes, `average` by overlap to
        coarser cells.

    Returns
    -------
    DataArray
        The same quantity, rows from north to south. Cells outside `grid` have no value. Whole numbers
        become floats unless they are taken by `nearest` and every cell has one.

    Notes
    -----
    Positions of new cell centres are transformed by PROJ, exactly for some and interpolated between to
    within 0.01 of a source cell. Quantities that hang on direction, such as aspect, are not turned.
    """
    name = "grid.reproject"
    _refuse_classes(name, grid, method)
    grid = within_turn(name, "grid", grid)
    source = place_of(name, "grid", grid)
    if not systems.is_placed(source.crs):
        came = "one of no place" if source.crs else "one that states none"
        raise ContractError(name, "grid", "a grid in a reference system of the Earth", came)
    target = crs or zone_of(name, "grid", source.crs, source.region)
    template = _template(name, source, target, spacing)
    target_place = place_of(name, "grid", template)
    values = _warped(source.upright(plane_of(name, "grid", grid).to_numpy()), source, target_place, method)
    return _labelled(grid, template, values, method)


def _refuse_classes(name: str, grid: xr.DataArray, method: kernel.Method) -> None:
    """Refuse to mix the numbers of a classification."""
    quantity = quantities.rule(str(grid.attrs.get("standard_name", "")))
    if quantity is not None and not quantity.unit and method != "nearest":
        raise ContractError(name, "method", f"'nearest' for {quantity.name}, which has classes", repr(method))


def _new(name: str, region: tuple[float, float, float, float], spacing: float, crs: str) -> xr.DataArray:
    try:
        return new_grid(region, spacing, crs)
    except InvalidError as error:
        raise ContractError(name, "spacing", "such that the grid has a size", error.message) from error


def _turned_as(source: Place, grid: xr.DataArray) -> xr.DataArray:
    """`grid`, which begins in the north-west, with its axes in the directions and names of `source`."""
    rows, columns = grid.dims
    turned = grid.isel(
        {rows: slice(None, None, -1 if source.step[0] > 0 else 1),
         columns: slice(None, None, -1 if source.step[1] < 0 else 1)}
    )  # fmt: skip
    return turned.rename(
        {a: b for a, b in zip(grid.dims, (source.rows, source.columns), strict=True) if a != b}
    )


def _template(name: str, source: Place, target: str, spacing: float | None) -> xr.DataArray:
    from rasterio.errors import RasterioError
    from rasterio.warp import calculate_default_transform

    rows, columns = source.shape
    try:
        place, width, height = calculate_default_transform(
            _system(source.crs), _system(target), columns, rows, *source.region, resolution=spacing
        )
    except (RasterioError, ValueError) as error:
        raise ContractError(name, "crs", "a system that covers the grid", target[:60]) from error
    region = (place.c, place.f + place.e * height, place.c + place.a * width, place.f)
    _check_reach(name, region, target)
    return _new(name, region, place.a, target)


def _check_reach(name: str, region: tuple[float, float, float, float], target: str) -> None:
    """Refuse a grid that reaches so far beyond where `target` is valid that its cells lose all sense."""
    area = systems.area_of_use(target)
    if area is None or systems.is_geographic(target) or area[0] > area[2]:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        valid = pyproj.Transformer.from_crs("OGC:CRS84", target, always_xy=True).transform_bounds(*area)
    sides = (region[2] - region[0], region[3] - region[1]), (valid[2] - valid[0], valid[3] - valid[1])
    if not all(np.isfinite(valid)):
        return
    if any(here > FAR * there for here, there in zip(*sides, strict=True)):
        raise ContractError(
            name, "crs", "a system that is valid where the grid lies", f"{target[:40]}, far beyond its area",
            hint=f"clip it first to {area[0]:g} to {area[2]:g}° E, {area[1]:g} to {area[3]:g}° N",
        )  # fmt: skip


def _system(crs: str) -> object:
    """Reference system as GDAL takes it; PROJ's own WKT knows systems that no code stands for."""
    from rasterio.crs import CRS

    return CRS.from_wkt(pyproj.CRS(crs).to_wkt())


def _warped(cells: np.ndarray, source: Place, target: Place, method: kernel.Method) -> np.ndarray:
    """Values of `cells` at those of `target`, both from the north-west."""
    from rasterio.warp import Resampling
    from rasterio.warp import reproject as warp

    dtype = cells.dtype if cells.dtype.kind == "f" else np.result_type(cells.dtype, np.float32)
    result = np.full(target.shape, np.nan, dtype=dtype)
    # Left alone, GDAL widens kernels for coarser cells, which then no longer interpolate.
    scale = {} if method == "average" else {"XSCALE": "1", "YSCALE": "1"}
    warp(
        np.ascontiguousarray(cells, dtype=dtype), result,
        src_transform=source.upright_transform, src_crs=_system(source.crs), src_nodata=np.nan,
        dst_transform=target.upright_transform, dst_crs=_system(target.crs), dst_nodata=np.nan,
        resampling=Resampling[method], tolerance=TOLERANCE, num_threads=2, **scale,
    )  # fmt: skip
    return result


def _labelled(grid: xr.DataArray, template: xr.DataArray, values: np.ndarray, method: str) -> xr.DataArray:
    """`values` on the cells of `template`, called and described as `grid`, in a fitting type of number."""
    whole = grid.dtype.kind in "iu"
    dtype = np.result_type(grid.dtype, np.float32) if whole else grid.dtype
    if whole and method == "nearest" and np.isfinite(values).all():
        dtype = grid.dtype
    moved = on_cells(template, values.astype(dtype), name=None if grid.name is None else str(grid.name))
    kept = {key: value for key, value in grid.attrs.items() if key != "crs"}
    return moved.assign_attrs({**kept, **moved.attrs})
