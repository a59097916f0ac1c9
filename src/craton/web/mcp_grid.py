"""A bounded look at a grid: values at points, or a window reduced to few cells, with statistics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pyproj
import xarray as xr

from craton.model import crs as systems
from craton.model.errors import InvalidError
from craton.model.record import Bbox
from craton.store.search import unroll
from craton.web.mcp_tool import Json

MOST_CELLS = 8_000_000
"""Cells of a window that are all read; of a larger one, single cells are taken."""

SAMPLED = 16
"""Rows and columns of single cells taken of a window that is too large."""

MOST_FREQUENT = 12
EDGE = 21
"""Points an edge of a box is divided by when it is transformed."""

ROWS = ("northing", "latitude", "y", "lat")
COLUMNS = ("easting", "longitude", "x", "lon")

Indices = np.ndarray[Any, np.dtype[np.int64]]
Numbers = np.ndarray[Any, np.dtype[np.float64]]


@dataclass
class GridLook:
    """Fields of a grid that are looked at, and what was chosen and left out on the way.

    Parameters
    ----------
    fields : dict of str to DataArray
        Two-dimensional and lazy, all on the same axes.
    crs : str
        Reference system of the axes.
    measured : set of str
        Fields with a unit or quantity, whose numbers may be averaged; of others, if their numbers are whole,
        single cells and frequent values are told.
    """

    fields: dict[str, xr.DataArray]
    crs: str
    measured: set[str]
    selected: dict[str, Any] = field(default_factory=dict)
    cut: list[str] = field(default_factory=list)

    @property
    def dimensions(self) -> tuple[str, str]:
        """Names of the axes: rows, columns."""
        rows, columns = next(iter(self.fields.values())).dims
        return str(rows), str(columns)

    def axis(self, name: str) -> Numbers:
        """Coordinates along an axis."""
        one = next(iter(self.fields.values()))
        if name not in one.coords or one.coords[name].dtype.kind not in "iuf":
            raise InvalidError(f"the axis {name} has no coordinates, so places cannot be found in the grid")
        coordinates: Numbers = one.coords[name].to_numpy().astype(np.float64)
        return coordinates


def look_at(
    dataset: xr.Dataset, names: Sequence[str], measured: set[str], at: dict[str, Any], crs: str
) -> GridLook:
    """Fields `names` of `dataset` where its further axes (time, upward …) are nearest to `at`."""
    arrays = {name: dataset[name] for name in names}
    first = next(iter(arrays.values()))
    plane = _plane(first)
    look = GridLook({}, crs, measured)
    for name in set(at) - set(map(str, first.dims)):
        raise InvalidError(
            f"there is no axis {name!r} to choose on", hint=f"axes: {', '.join(map(str, first.dims))}"
        )
    for axis in (str(d) for d in first.dims if d not in plane):
        place = _place(first, axis, at[axis]) if axis in at else 0
        look.selected[axis] = first.coords[axis].to_numpy()[place] if axis in first.coords else place
        if axis not in at and first.sizes[axis] > 1:
            look.cut.append(f"{axis}: the first of {first.sizes[axis]}; choose another with `at`")
    for name, array in arrays.items():
        if set(array.dims) != set(first.dims):
            look.cut.append(f"{name}: it lies on other axes; ask for it alone")
            continue
        further = {a: _place(first, a, look.selected[a]) for a in look.selected}
        look.fields[name] = array.isel(further).transpose(*plane)
    return look


def _plane(array: xr.DataArray) -> tuple[str, str]:
    """Axes of the map: those of the field's names, else the last two."""
    names = [str(d) for d in array.dims]
    if len(names) < 2:
        raise InvalidError(f"the field {array.name} has {len(names)} axes and is no map")
    rows = next((n for n in ROWS if n in names), names[-2])
    columns = next((n for n in COLUMNS if n in names and n != rows), names[-1])
    return rows, columns


def _place(array: xr.DataArray, axis: str, value: Any) -> int:
    """Index along `axis` of the coordinate nearest to `value`."""
    if axis not in array.coords:
        return min(max(int(value), 0), array.sizes[axis] - 1)
    coordinates = array.coords[axis].to_numpy()
    try:
        if coordinates.dtype.kind == "M":
            return int(np.abs(coordinates - np.datetime64(value)).argmin())
        if coordinates.dtype.kind in "iuf":
            return int(np.abs(coordinates - float(value)).argmin())
    except (TypeError, ValueError) as error:
        raise InvalidError(
            f"`at` {axis} must be a number, or a time such as 2008-05-01, not {value!r}"
        ) from error
    return int((coordinates == value).argmax())


def sample(look: GridLook, points: Sequence[Sequence[float]]) -> list[Json]:
    """Values of the cells that hold `points` (longitude, latitude); null outside the grid."""
    rows, columns = look.dimensions
    eastings, northings = _to_axes(look, [p[0] for p in points], [p[1] for p in points])
    down, right = _cells(look.axis(rows), northings), _cells(look.axis(columns), eastings)
    inside = np.flatnonzero((down >= 0) & (right >= 0))
    picked = {
        rows: xr.DataArray(down[inside], dims="point"),
        columns: xr.DataArray(right[inside], dims="point"),
    }
    values = {name: array.isel(picked).to_numpy() for name, array in look.fields.items()}
    found: list[Json] = [
        {"longitude": p[0], "latitude": p[1], "inside": False, "values": dict.fromkeys(look.fields)}
        for p in points
    ]
    for place, number in enumerate(inside):
        found[number]["inside"] = True
        found[number]["values"] = {name: _told(values[name][place]) for name in look.fields}
    return found


def _to_axes(
    look: GridLook, longitudes: Sequence[float] | Numbers, latitudes: Sequence[float] | Numbers
) -> tuple[Numbers, Numbers]:
    """Positions in the axes of the grid, longitudes in the turn the grid is in."""
    x, y = np.asarray(longitudes, np.float64), np.asarray(latitudes, np.float64)
    if not systems.is_placed(look.crs):
        raise InvalidError("the grid states no reference system with a place on the Earth")
    if systems.is_geographic(look.crs):
        axis = look.axis(look.dimensions[1])
        middle = (axis.min() + axis.max()) / 2
        return middle + (x - middle + 180) % 360 - 180, y
    transformer = pyproj.Transformer.from_crs(systems.CRS84, look.crs, always_xy=True)
    east, north = transformer.transform(x, y, errcheck=False)
    return np.asarray(east), np.asarray(north)


def _cells(axis: Numbers, values: Numbers) -> Indices:
    """Index of the cell of each of `values`, −1 outside; an edge reaches half a cell beyond its centre."""
    order = np.argsort(axis)
    centres = axis[order]
    if centres.size == 1:
        return np.where(values == centres[0], 0, -1)
    half = np.diff(centres) / 2
    edges = np.concatenate([[centres[0] - half[0]], centres[:-1] + half, [centres[-1] + half[-1]]])
    place = np.searchsorted(edges, values, side="right") - 1
    place = np.where(values == edges[-1], centres.size - 1, place)
    ok = np.isfinite(values) & (place >= 0) & (place < centres.size)
    return np.where(ok, order[np.where(ok, place, 0)], -1)


def window(look: GridLook, bbox: Bbox, extent: Bbox | None) -> None:
    """Keep of the fields what lies within `bbox`, in degrees."""
    west, south, east, north = unroll(bbox)
    if systems.is_geographic(look.crs):
        (left, *_), _ = _to_axes(look, [(west + east) / 2], [south])
        low = (left - (east - west) / 2, south)
        high = (left + (east - west) / 2, north)
    else:
        edge = np.linspace(0, 1, EDGE)
        x = np.concatenate([west + (east - west) * edge] * 2 + [np.full(EDGE, west), np.full(EDGE, east)])
        y = np.concatenate(
            [np.full(EDGE, south), np.full(EDGE, north)] + [south + (north - south) * edge] * 2
        )
        across, along = _to_axes(look, x, y)
        low, high = (np.nanmin(across), np.nanmin(along)), (np.nanmax(across), np.nanmax(along))
    for side, name in enumerate(reversed(look.dimensions)):
        axis = look.axis(name)
        inside = np.flatnonzero((axis >= low[side]) & (axis <= high[side]))
        if not inside.size:
            raise InvalidError(
                f"no cell of the grid lies within bbox {bbox}", hint=f"the grid covers {extent}"
            )
        kept = slice(int(inside.min()), int(inside.max()) + 1)
        look.fields = {key: array.isel({name: kept}) for key, array in look.fields.items()}


def reduce(look: GridLook, rows: int, columns: int) -> tuple[dict[str, list[Any]], list[Json]]:
    """Axes and fields in at most `rows` by `columns` cells.

    Returns
    -------
    axes : dict of str to list
        Coordinates of the middle of each block of cells, by axis.
    fields : list of dict
        Of each field its values (the mean of each block, or the cell in its middle), statistics and words.
    """
    names = look.dimensions
    sizes = tuple(next(iter(look.fields.values())).shape)
    large = sizes[0] * sizes[1] > MOST_CELLS
    if large:
        rows, columns = min(rows, SAMPLED), min(columns, SAMPLED)
        look.cut.append(
            f"cells: of {sizes[0]}×{sizes[1]}, single ones were taken; statistics are of these alone"
        )
    edges = [_edges(size, count) for size, count in zip(sizes, (rows, columns), strict=True)]
    middles = [(e[:-1] + e[1:] - 1) // 2 for e in edges]
    axes = {name: _coordinates(look, name, edge) for name, edge in zip(names, edges, strict=True)}
    told = []
    for name, array in look.fields.items():
        picked = array.isel({names[0]: middles[0], names[1]: middles[1]}) if large else array
        cells = picked.to_numpy()
        told.append(_reduced(name, cells, None if large else edges, middles, measured=name in look.measured))
    return axes, told


def _edges(size: int, count: int) -> Indices:
    """Edges of `count` blocks of nearly even size."""
    return np.linspace(0, size, min(size, count) + 1).round().astype(np.int64)


def _coordinates(look: GridLook, name: str, edges: Indices) -> list[Any]:
    try:
        axis = look.axis(name)
    except InvalidError:
        return [int(e) for e in edges[:-1]]
    return [rounded((axis[a] + axis[b - 1]) / 2, 9) for a, b in pairwise(edges)]


def rounded(value: float, digits: int = 6) -> float:
    """`value` with so many significant digits."""
    return float(f"{value:.{digits}g}")


def _reduced(
    name: str,
    cells: np.ndarray[Any, Any],
    edges: list[Indices] | None,
    middles: list[Indices],
    *,
    measured: bool,
) -> Json:
    """One field: its blocks and statistics."""
    averaged = cells.dtype.kind in "iuf" and (measured or _has_fractions(cells))
    said: Json = {"name": name, "statistics": _statistics(cells, measured=averaged)}
    if edges is None:
        shown, said["each_value"] = cells, "a single cell"
    elif averaged:
        shown, said["each_value"] = _means(cells.astype(np.float64), edges), "the mean of a block of cells"
    else:
        shown, said["each_value"] = cells[np.ix_(*middles)], "the cell in the middle of a block"
    if all(e.size - 1 == n for e, n in zip(edges or (), cells.shape, strict=False)) and edges:
        said["each_value"] = "a cell"
    floats = shown.dtype.kind == "f"
    said["values"] = [[_number(v) if floats else v for v in row] for row in shown.tolist()]
    return said


def _number(value: float) -> float | None:
    return rounded(value) if np.isfinite(value) else None


def _told(value: Any) -> Any:
    """A cell as it is told: fractions with the digits that their type holds."""
    if not isinstance(value, np.floating):
        return value
    return rounded(float(value), np.finfo(value.dtype).precision + 1) if np.isfinite(value) else None


def _has_fractions(cells: np.ndarray[Any, Any]) -> bool:
    """Whether cells without unit and quantity are measured all the same: class numbers are whole."""
    valid = cells[np.isfinite(cells)] if cells.dtype.kind == "f" else cells[:0]
    return bool((valid != np.floor(valid)).any())


def _means(cells: Numbers, edges: list[Indices]) -> Numbers:
    """Mean of the valid cells of each block, NaN where there is none."""
    valid = np.isfinite(cells)
    sums, counts = np.where(valid, cells, 0.0), valid.astype(np.float64)
    for axis, edge in enumerate(edges):
        sums = np.add.reduceat(sums, edge[:-1], axis=axis)
        counts = np.add.reduceat(counts, edge[:-1], axis=axis)
    return np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)


def _statistics(cells: np.ndarray[Any, Any], *, measured: bool) -> Json:
    """Counts of a field, with range and mean of a measured one, or the frequent values of another."""
    valid = cells[np.isfinite(cells)] if cells.dtype.kind == "f" else cells.ravel()
    said: Json = {"cells": int(cells.size), "valid_cells": int(valid.size)}
    if not valid.size:
        return said
    if measured:
        numbers = valid.astype(np.float64)
        parts = {"minimum": numbers.min(), "maximum": numbers.max(), "mean": numbers.mean()}
        parts["standard_deviation"] = numbers.std()
        return said | {key: rounded(float(value), 9) for key, value in parts.items()}
    if valid.dtype.kind == "O":
        counted = Counter(map(str, valid)).most_common(MOST_FREQUENT)
    else:
        values, counts = np.unique(valid, return_counts=True)
        first = np.argsort(-counts, kind="stable")[:MOST_FREQUENT]
        counted = [(v.item(), int(n)) for v, n in zip(values[first], counts[first], strict=True)]
    return said | {"frequent_values": [[v, n] for v, n in counted]}
