"""Inversion mesh: the cells beneath stations, and volumes to and from them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr

from craton.kernels.mesh_sensitivity import Mesh
from craton.methods.inversion_stations import MILLIMETRE, Ground, Observations
from craton.methods.placement import crs_of, place_of, same_crs, with_crs
from craton.model.errors import ContractError

MOST_CELLS = 50_000_000
"""Cells of a mesh above which its spacing is taken to be a mistake."""

MARGIN_CELLS = 3
"""Cells by which the mesh reaches beyond the stations where no margin is given."""


class Sizes(NamedTuple):
    """Sides of cells, depth of the mesh and its margin in metres; None where stations decide."""

    spacing: float | None
    thickness: float | None
    depth: float | None
    margin: float | None


class Body(NamedTuple):
    """The mesh under stations: cells about a corner of its own, which are ground, and how deep they lie.

    `corner` is easting, northing and upward of the south-west corner at the top. `stations` (n, 3) are
    relative to it. Arrays have layers from the top, rows from the south.
    """

    mesh: Mesh
    corner: tuple[float, float, float]
    stations: np.ndarray
    active: np.ndarray
    depth: np.ndarray
    clearance: float


def body(
    process: str,
    data: Observations,
    ground: Ground,
    sizes: Sizes,
    *,
    grid: xr.DataArray | None,
    sensor: float,
    top: float | None,
) -> Body:
    """Mesh that reaches under all stations, with the cells of `grid` where no spacing is given."""
    low, high = data.places[:, :2].min(axis=0), data.places[:, :2].max(axis=0)
    if grid is not None and sizes.spacing is None:
        north, east = place_of(process, "grid", grid).spacing
    else:
        north = east = sizes.spacing or _spacing(data)
    thickness = sizes.thickness or 0.5 * min(north, east)
    depth = sizes.depth or max(0.5 * float((high - low).max()), 4 * thickness)
    if depth < thickness:
        raise ContractError(process, "depth", f"at least one layer, {thickness:g} m", f"{depth:g} m")
    margins = [
        MARGIN_CELLS if sizes.margin is None else int(np.ceil(sizes.margin / side)) for side in (north, east)
    ]
    columns = int(np.rint((high[0] - low[0]) / east)) + 1 + 2 * margins[1]
    rows = int(np.rint((high[1] - low[1]) / north)) + 1 + 2 * margins[0]
    west, south = low[0] - (margins[1] + 0.5) * east, low[1] - (margins[0] + 0.5) * north
    _check_count(process, rows * columns * (depth / thickness))
    surface = _surface(process, data, ground, (west, south), (north, east), (rows, columns), sensor, top)
    summit = float(surface.max())
    layers = int(np.ceil((summit - float(surface.min()) + depth) / thickness - 1e-6))
    _check_count(process, rows * columns * layers)
    mesh = Mesh(0.0, 0.0, 0.0, (thickness, north, east), (layers, rows, columns))
    return _filled(process, data, mesh, (west, south, summit), surface, ground)


def _check_count(process: str, cells: float) -> None:
    if cells > MOST_CELLS:
        raise ContractError(
            process, "spacing", f"one that gives at most {MOST_CELLS} cells", f"one that gives {cells:.3g}",
            hint="give a greater spacing or thickness, or less depth",
        )  # fmt: skip


def _spacing(data: Observations) -> float:
    """Mean distance of stations, to two digits."""
    extent = np.ptp(data.places[:, :2], axis=0)
    side = max(float(np.sqrt(max(extent[0] * extent[1], extent.max() ** 2 / 10) / len(data.values))), 1.0)
    return float(f"{side:.2g}")


def _surface(
    process: str, data: Observations, ground: Ground, corner: tuple[float, float], sides: tuple[float, float],
    shape: tuple[int, int], sensor: float, top: float | None,
) -> np.ndarray:  # fmt: skip
    """Height of the ground at the middle of each column (rows, columns)."""
    if ground.grid is not None:
        east = corner[0] + (np.arange(shape[1]) + 0.5) * sides[1]
        north = corner[1] + (np.arange(shape[0]) + 0.5) * sides[0]
        columns, rows = np.meshgrid(east, north)
        return ground.at(columns, rows)
    lowest = float(data.places[:, 2].min())
    level = round(lowest - sensor if top is None else top, 3)
    if level > lowest + MILLIMETRE:
        below = int((data.places[:, 2] < level - MILLIMETRE).sum())
        raise ContractError(
            process, "top", f"at or below the lowest station, at {lowest:g} m",
            f"{level:g} m, so that {below} stations would lie inside the mesh", hint="give `topography`",
        )  # fmt: skip
    return np.full(shape, level)


def _filled(
    process: str, data: Observations, mesh: Mesh, corner: tuple[float, float, float], surface: np.ndarray,
    ground: Ground,
) -> Body:  # fmt: skip
    thickness, north, east = mesh.spacing
    tops = corner[2] - thickness * np.arange(mesh.shape[0])
    stations = np.round(data.places - corner, 3)
    row = np.clip((stations[:, 1] / north).astype(int), 0, mesh.shape[1] - 1)
    column = np.clip((stations[:, 0] / east).astype(int), 0, mesh.shape[2] - 1)
    at_station = surface[row, column] if ground.grid is None else ground.at(*data.places[:, :2].T)
    deep = data.places[:, 2] < at_station - thickness
    if deep.any():
        raise ContractError(
            process, "topography", "at most one layer above the stations",
            f"{int(deep.sum())} stations further under it", hint="check heights and their datum",
        )  # fmt: skip
    # A station stands in the air, whatever the ground between samples of topography says.
    lowest = np.full(surface.shape, np.inf)
    np.minimum.at(lowest, (row, column), data.places[:, 2] + MILLIMETRE)
    middles = tops[:, None, None] - 0.5 * thickness
    active = (middles <= surface + MILLIMETRE) & (tops[:, None, None] <= lowest)
    # On the boundary of two layers second derivatives jump; just above it they are those of the air.
    stations[np.abs(np.remainder(stations[:, 2], thickness)) < 0.5 * MILLIMETRE, 2] += MILLIMETRE
    depth = np.maximum(surface - middles, 0.5 * thickness)
    clearance = float(np.maximum(data.places[:, 2] - at_station, 0.0).mean())
    return Body(mesh, corner, stations, active, depth, clearance)


def volume(
    found: Body, cells: np.ndarray, crs: str, *, name: str, unit: str, quantity: str, title: str
) -> xr.DataArray:
    """Cells (layers, rows from the south, columns) as a volume, rows from the north, NaN in the air."""
    thickness, north, east = found.mesh.spacing
    layers, rows, columns = found.mesh.shape
    west, south, summit = found.corner
    axes = {
        "upward": (
            "upward",
            summit - thickness * (np.arange(layers) + 0.5),
            {"units": "m", "positive": "up"},
        ),
        "northing": ("northing", south + north * (np.arange(rows)[::-1] + 0.5), {"units": "m"}),
        "easting": ("easting", west + east * (np.arange(columns) + 0.5), {"units": "m"}),
    }
    values = np.where(found.active, cells, np.nan).astype(np.float32)[:, ::-1]
    attrs = {"units": unit, "standard_name": quantity, "long_name": title}
    return with_crs(xr.DataArray(values, axes, tuple(axes), name=name, attrs=attrs), crs)


def sampled(process: str, parameter: str, model: xr.DataArray | None, found: Body, crs: str) -> np.ndarray:
    """Values (1, layers, rows, columns) of the nearest cells of a volume; 0 where it has none."""
    shape = found.mesh.shape
    if model is None:
        return np.zeros((1, *shape), np.float32)
    own = crs_of(model)
    if not same_crs(own, crs):
        raise ContractError(
            process,
            parameter,
            f"in the system of the stations ({crs[:40] or 'none stated'})",
            f"in {own[:40] or 'none'}",
        )
    wanted = (
        found.corner[2] - found.mesh.spacing[0] * (np.arange(shape[0]) + 0.5),
        found.corner[1] + found.mesh.spacing[1] * (np.arange(shape[1]) + 0.5),
        found.corner[0] + found.mesh.spacing[2] * (np.arange(shape[2]) + 0.5),
    )
    cells = upright(process, parameter, model)
    index, inside = zip(*(
        _nearest(cells[axis].to_numpy(), places) for axis, places in zip(cells.dims, wanted, strict=True)
    ), strict=True)  # fmt: skip
    values = cells.to_numpy()[np.ix_(*index)].astype(np.float32)
    values[~(inside[0][:, None, None] & inside[1][:, None] & inside[2])] = 0.0
    return np.where(found.active, np.nan_to_num(values), 0.0).astype(np.float32)[None]


def upright(process: str, parameter: str, model: xr.DataArray) -> xr.DataArray:
    """A volume as (upward, northing, easting), each of even steps; refused where it is not one."""
    axes = ("upward", "northing", "easting")
    if set(model.dims) != set(axes):
        came = ", ".join(map(str, model.dims))
        raise ContractError(process, parameter, "a volume of upward, northing, easting", f"one of {came}")
    cells = model.transpose(*axes)
    for axis in axes:
        places = cells[axis].to_numpy().astype(np.float64) if axis in cells.coords else np.arange(0)
        steps = np.diff(places)
        if places.size < 2 or steps[0] == 0 or np.abs(steps - steps.mean()).max() > 1e-3 * abs(steps.mean()):
            raise ContractError(
                process, parameter, "two or more even steps along each axis", f"other along {axis}"
            )
    return cells


def _nearest(axis: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Index on an even axis of the nearest cell, and whether it reaches there."""
    step = (float(axis[-1]) - float(axis[0])) / (axis.size - 1)
    index = (places - float(axis[0])) / step
    inside = (index > -0.5 - 1e-6) & (index < axis.size - 0.5 + 1e-6)
    return np.clip(np.rint(index).astype(int), 0, axis.size - 1), inside


def dataset(
    found: Body,
    crs: str,
    cells: np.ndarray,
    deviation: np.ndarray | None,
    names: tuple[tuple[str, str], ...],
    *,
    unit: str,
    quantity: str,
) -> xr.Dataset:
    """Fields (fields, layers, rows, columns) by name and title, and their deviations as `NAME_std`."""
    fields = {}
    for number, (name, title) in enumerate(names):
        fields[name] = volume(found, cells[number], crs, name=name, unit=unit, quantity=quantity, title=title)
        if deviation is not None:
            spread = f"{title}, standard deviation"
            fields[f"{name}_std"] = volume(
                found, deviation[number], crs, name=f"{name}_std", unit=unit, quantity="", title=spread
            )
    return with_crs(xr.Dataset(fields), crs)
