"""Describe grids and volumes in memory or read lazily: `xarray.Dataset`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from craton.model import crs as systems
from craton.model import footprint
from craton.model.cells import BLOCK_CELLS, CellSummary
from craton.model.columns import ColumnSummary, rfc3339
from craton.model.data import Draft
from craton.model.description import Description, joined, note_of, quantity_of, settle_crs
from craton.model.errors import InvalidError
from craton.model.extent import geographic_bbox, merge_arcs, outward
from craton.model.locate import locate, set_bbox, state_native_bounds
from craton.model.places import Places
from craton.model.record import Bbox, Column, Interval

ROWS = ("northing", "latitude", "y", "lat")
COLUMNS = ("easting", "longitude", "x", "lon")

IRREGULAR = 1e-2
"""Spread of the spacing, as a share of it, from which an axis is called irregular."""

SAMPLED_CELLS = 1 << 29
"""Cells of a variable up to which each is looked at; of more, every n-th along its first axis."""

FULL_TURN = 360.0

TYPES = {
    "i": "integer", "u": "integer", "f": "number", "b": "boolean",
    "M": "datetime", "m": "duration", "c": "complex",
}  # fmt: skip
"""Name of a variable's type by NumPy's letter for it."""

_MISSING = ("_FillValue", "missing_value", "nodata")


def describe_dataset(draft: Draft, dataset: xr.Dataset, description: Description) -> None:
    """Describe a grid, cube or volume."""
    rows, columns = _axis(dataset, ROWS), _axis(dataset, COLUMNS)
    points = None if rows and columns else _positions(dataset)
    crs = settle_crs(
        draft,
        str(dataset.attrs.get("crs", "")),
        description,
        placed=bool(rows and columns) or points is not None,
    )
    used = [name for name in dataset.dims if any(name in array.dims for array in dataset.data_vars.values())]
    description.shape = {str(name): dataset.sizes[name] for name in used or dataset.dims}
    mask = _add_variables(draft, dataset, (rows, columns), description)
    _set_vertical_and_time(dataset, description)
    if rows and columns:
        _locate_axes(dataset, (rows, columns), mask, crs, description)
    elif points is not None:
        places = Places(systems.is_geographic(crs))
        places.add_points(points)
        locate(places, crs, description)
        description.properties.pop("geometry_types", None)


def _axis(dataset: xr.Dataset, names: tuple[str, ...]) -> str:
    """Name of the horizontal axis that has coordinates; empty where there is none."""
    for name in names:
        if (
            name in dataset.dims
            and name in dataset.coords
            and dataset[name].dtype.kind in "iuf"
            and dataset.sizes[name]
        ):
            return name
    return ""


def _positions(dataset: xr.Dataset) -> np.ndarray | None:
    """Positions (n, 2) of grids whose rows are not along an axis: traces, swaths, station grids."""
    names = {str(name): dataset.coords[name] for name in dataset.coords if dataset.coords[name].ndim}
    for east, north in zip(COLUMNS, ROWS, strict=True):
        if east in names and north in names and names[east].dims == names[north].dims:
            return np.column_stack([np.asarray(names[axis], np.float64).ravel() for axis in (east, north)])
    return None


def _add_variables(
    draft: Draft, dataset: xr.Dataset, plane: tuple[str, str], description: Description
) -> np.ndarray | None:
    """Add each variable as column and quantity; gives the parts of the plane where any holds a value."""
    masks = []
    summaries = []
    for name, array in dataset.data_vars.items():
        summary, mask = _summarise(array, plane, description)
        note = note_of(draft, str(name))
        description.columns.append(
            Column(
                name=str(name), type=summary.type, title=note.title, unit=note.unit, quantity=note.quantity,
                missing=summary.missing,
            )
        )  # fmt: skip
        if summary.type in {"integer", "number"}:
            description.quantities.append(quantity_of(str(name), summary, note))
            summaries.append(summary)
        if mask is not None:
            masks.append(mask)
    find_cell_doubts(summaries, description)
    return np.logical_or.reduce(masks) if masks and len({mask.shape for mask in masks}) == 1 else None


def find_cell_doubts(summaries: list[ColumnSummary], description: Description) -> None:
    """Find grids without any value, and infinite values."""
    filled = [one for one in summaries if one.rows]
    description.find("nodata-all", bool(filled) and not any(one.valid for one in filled))
    description.find("value-infinite", sum(one.infinite for one in summaries), "they count as no value")


def _summarise(
    array: xr.DataArray, plane: tuple[str, str], description: Description
) -> tuple[ColumnSummary, np.ndarray | None]:
    kind = TYPES.get(array.dtype.kind, "string")
    if kind not in {"integer", "number"}:
        return ColumnSummary(kind, array.size), None
    flat = array.transpose(..., *(name for name in plane if name in array.dims))
    on_plane = all(name in array.dims for name in plane)
    sizes = tuple(flat.shape[-2:]) if on_plane else (1, flat.shape[-1] if flat.ndim else 1)
    found = CellSummary(*sizes)
    nodata = _nodata(array)
    for values, row, column in _blocks(flat, description, on_plane=on_plane):
        found.add(values, row, column, nodata=nodata)
    return found.as_column(kind), found.mask if on_plane else None


def _nodata(array: xr.DataArray) -> float | None:
    stated = [place.get(key) for place in (array.attrs, array.encoding) for key in _MISSING]
    for value in stated:
        number = np.asarray(value).ravel() if value is not None else np.empty(0)
        if number.size == 1 and number.dtype.kind in "iuf":
            return float(number[0])
    return None


def _blocks(
    array: xr.DataArray, description: Description, *, on_plane: bool
) -> Iterator[tuple[np.ndarray, int, int]]:
    """Blocks (..., rows, columns) of `array` with their first row and column, of bounded size."""
    if not array.ndim or not array.size:
        yield np.asarray(array.to_numpy()).reshape(1, -1), 0, 0
        return
    step = max(1, -(-array.size // SAMPLED_CELLS))
    description.find(
        "statistics-sampled",
        step > 1 and not any(f.code == "statistics-sampled" for f in description.findings),
    )
    for slices in _slices(array, step):
        values = np.asarray(array[slices].to_numpy())
        if on_plane:
            yield values, slices[-2].start or 0, slices[-1].start or 0
        else:
            yield values.reshape(*values.shape[:-1], 1, values.shape[-1]), 0, slices[-1].start or 0


def _slices(array: xr.DataArray, step: int) -> Iterator[tuple[slice, ...]]:
    """Slices of at most about `BLOCK_CELLS` cells, along chunks where the array has them."""
    extents = _extents(array)
    grids = [range(0, size, extent) for size, extent in zip(array.shape, extents, strict=True)]
    for number, index in enumerate(np.ndindex(*(len(grid) for grid in grids))):
        if number % step == 0:
            starts = [grid[i] for grid, i in zip(grids, index, strict=True)]
            yield tuple(slice(start, start + extent) for start, extent in zip(starts, extents, strict=True))


def _extents(array: xr.DataArray) -> list[int]:
    """Cells along each axis of a block: a chunk, or as much of the last axes as `BLOCK_CELLS` allows."""
    chunks = array.chunks or tuple((size,) for size in array.shape)
    extents = [max(sizes) for sizes in chunks]
    for axis in range(array.ndim):
        cells = int(np.prod(extents))
        if cells > BLOCK_CELLS:
            extents[axis] = max(1, extents[axis] * BLOCK_CELLS // cells)
    return extents


def _set_vertical_and_time(dataset: xr.Dataset, description: Description) -> None:
    if "upward" in dataset.coords and dataset["upward"].dtype.kind in "iuf" and dataset["upward"].size:
        heights = dataset["upward"].to_numpy()
        if np.isfinite(heights).any():
            description.vertical = Interval(
                minimum=float(np.nanmin(heights)), maximum=float(np.nanmax(heights))
            )
    if "time" in dataset.coords and dataset["time"].dtype.kind == "M" and dataset["time"].size:
        times = dataset["time"].to_numpy().ravel()
        times = times[~np.isnat(times)]
        if times.size:
            start, end = rfc3339(times.min()), rfc3339(times.max())
            description.time = joined(None, start or "", end or "")


def _locate_axes(
    dataset: xr.Dataset, plane: tuple[str, str], mask: np.ndarray | None, crs: str, description: Description
) -> None:
    north, east = (np.asarray(dataset[name].to_numpy(), np.float64) for name in plane)
    if not (np.isfinite(north).all() and np.isfinite(east).all()):
        description.find("axis-irregular", message="an axis has gaps in its coordinates")
        return
    irregular = [name for name, axis in zip(plane, (north, east), strict=True) if not _is_regular(axis)]
    description.find("axis-irregular", bool(irregular), ", ".join(irregular))
    bounds = (float(east.min()), float(north.min()), float(east.max()), float(north.max()))
    if not systems.is_placed(crs):
        state_native_bounds(bounds, description)
        return
    try:
        bbox = _bbox(east, north, crs, description)
    except InvalidError as error:
        description.find("extent-outside-crs", message=error.message)
        state_native_bounds(bounds, description)
        return
    set_bbox(bbox, crs, description)
    whole = np.ones((1, 1), bool) if mask is None else mask

    def project(cells: np.ndarray) -> np.ndarray:
        return systems.to_crs84(
            crs, _along(east, cells[:, 0] / whole.shape[1]), _along(north, cells[:, 1] / whole.shape[0])
        )

    description.footprint = footprint.of_mask(whole, project, bbox)


def _along(axis: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Coordinates at shares (0 to 1) of the cells of an axis, within its first and last coordinate."""
    return np.asarray(np.interp(share * axis.size - 0.5, np.arange(axis.size), axis))


def _bbox(east: np.ndarray, north: np.ndarray, crs: str, description: Description) -> Bbox:
    """Extent of the coordinates themselves, which for grids of nodes is that of the grid.

    Longitudes that close the circle with one more step go round the Earth;
    where they are the middles of cells, latitudes reach to the cells' edges as
    well. Rasters that GDAL reads (`describe_raster`) always have the extent of
    their cells' edges.
    """
    south, top = float(north.min()), float(north.max())
    if not systems.is_geographic(crs):
        return outward(systems.to_crs84_bounds(crs, (float(east.min()), south, float(east.max()), top)))
    span = float(np.ptp(east))
    description.find("longitude-duplicate-column", abs(span - FULL_TURN) < 1e-6)
    step = span / (east.size - 1) if east.size > 1 else 0.0
    if span + step >= FULL_TURN - 1e-6:
        if _is_centred(float(east.min()), step):
            half = abs(float(np.median(np.diff(north)))) / 2 if north.size > 1 else 0.0
            south, top = max(south - half, -90.0), min(top + half, 90.0)
        return outward(systems.to_crs84_bounds(crs, (-180.0, south, 180.0, top)))
    arcs = merge_arcs(np.array([[float(east.min()), float(east.max())]]))
    return outward(geographic_bbox(crs, arcs, south, top))


def _is_centred(longitude: float, step: float) -> bool:
    """Whether `longitude` lies half a `step` off the multiples of `step`: in the middle of a cell."""
    return step > 0 and abs(longitude % step / step - 0.5) < IRREGULAR


def _is_regular(axis: np.ndarray) -> bool:
    if axis.size < 3:
        return True
    steps = np.diff(axis)
    return bool(np.ptp(steps) <= IRREGULAR * abs(np.median(steps)))
