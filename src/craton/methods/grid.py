"""Grids: arithmetic on cells, and the part of a grid within a region or an area."""

from __future__ import annotations

from typing import Annotated

import geopandas as gpd
import numpy as np
import xarray as xr

from craton.methods.placement import (
    brought_to,
    crs_of,
    inside,
    place_of,
    same_cells,
    same_crs,
    with_crs,
)
from craton.model import quantities, units
from craton.model.errors import ContractError, InvalidError
from craton.model.expression import Expression, parse
from craton.process.data import horizontal
from craton.process.marks import Grid, Table
from craton.process.processes import process

AnyGrid = Annotated[xr.DataArray, Grid()]
OtherGrid = Annotated[xr.DataArray | None, Grid()]
Areas = Annotated[gpd.GeoDataFrame | None, Table(geometry=("Polygon",))]


@process(
    "grid.algebra", version="1", keywords=("calculator", "expression", "formula", "map algebra", "raster")
)
def algebra(
    a: AnyGrid,
    b: OtherGrid = None,
    c: OtherGrid = None,
    d: OtherGrid = None,
    *,
    expression: str = "a",
    quantity: str = "",
) -> AnyGrid:
    """Grid worked out cell by cell from a formula of up to four grids.

    Use it for differences, ratios, indices and masks. Units go through the formula: heights are not
    added to anomalies. Do not use it for what needs neighbours' cells, such as slopes.

    Parameters
    ----------
    a : DataArray
        First grid; the result lies on its cells.
    b : DataArray
        Grid on the same cells as `a`, in either direction of rows and columns.
    c : DataArray
        Grid on the same cells, as `b`.
    d : DataArray
        Grid on the same cells, as `b`.
    expression : str
        Formula over `a` to `d`, such as `a - b`, `sqrt(a**2 + b**2)`, `where(a > 0, a, 0)`,
        `log10(number(a, 'ohm.m'))`. A bare number counts in the unit of the other side; a quantity
        is written in quotes, as in `a > '2 km'`.
    quantity : str
        Standard name of the result where it is one, such as `gravity_anomaly`; its unit must agree.

    Returns
    -------
    DataArray
        In the unit that the formula gives, or the unit `quantity` is kept in. Cells have no value where
        one of the grids that the formula names has none or the result is not finite. Conditions are
        1 and 0. Grids that are not in memory give one that is not.

    Notes
    -----
    The language is told in `craton.model.expression`. Numbers are worked out in double precision and
    kept in that of the grids.

    References
    ----------
    Tomlin, C. D. (1990), Geographic information systems and cartographic modeling, Prentice Hall.
    """
    name = "grid.algebra"
    given = {key: grid for key, grid in (("a", a), ("b", b), ("c", c), ("d", d)) if grid is not None}
    grids = {key: _on_same_cells(name, key, grid, a) for key, grid in given.items()}
    formula, unit = _formula(name, expression, grids)
    values = formula.evaluate({key: grids[key].data for key in formula.names}, _units(grids))
    if quantity:
        scale, shift = _into(name, quantity, unit)
        values, unit = values * scale + shift, quantities.canonical_unit(quantity)
    if not formula.names:
        values = np.full(a.shape, float(values))
    dtype = np.result_type(*(grids[key].dtype for key in formula.names or "a"), np.float32)
    attrs = {"units": unit, "standard_name": quantity, "long_name": expression.strip()}
    return _called(a.copy(data=values.astype(dtype)), quantity or "result", attrs)


def _called(grid: xr.DataArray, name: str, attrs: dict[str, str]) -> xr.DataArray:
    """`grid` under a new name and with new attributes, those that are empty left out."""
    crs = crs_of(grid)
    named = grid.rename(name)
    named.attrs = {key: text for key, text in attrs.items() if text}
    return with_crs(named, crs)


def _on_same_cells(name: str, key: str, grid: xr.DataArray, first: xr.DataArray) -> xr.DataArray:
    """`grid` with its axes in the order and direction of `first`; refused where it has other cells."""
    hint = "bring it onto the cells of `a` with grid.resample, or grid.reproject before"
    allowed = "on the same cells as `a`"
    if set(grid.dims) != set(first.dims):
        raise ContractError(name, key, allowed, f"with axes {', '.join(map(str, grid.dims))}", hint=hint)
    turned = grid.transpose(*first.dims)
    for axis in horizontal(name, key, grid):
        if axis in grid.coords and axis in first.coords and _descends(grid, axis) != _descends(first, axis):
            turned = turned.isel({axis: slice(None, None, -1)})
    if not same_crs(crs_of(grid), crs_of(first)):
        came = f"in {crs_of(grid)[:40] or 'no stated system'}"
        raise ContractError(
            name, key, f"in the reference system of `a` ({crs_of(first)[:40]})", came, hint=hint
        )
    further = [d for d in first.dims if d in first.coords and d not in horizontal(name, key, grid)]
    if not same_cells(first, turned) or any(not first[d].equals(turned[d]) for d in further):
        raise ContractError(
            name, key, f"{allowed} ({_sizes(first)})", f"on others ({_sizes(grid)})", hint=hint
        )
    return turned


def _descends(grid: xr.DataArray, axis: str) -> bool:
    return bool(grid[axis][-1] < grid[axis][0])


def _sizes(grid: xr.DataArray) -> str:
    return " x ".join(f"{count} {axis}" for axis, count in grid.sizes.items())


def _units(grids: dict[str, xr.DataArray]) -> dict[str, str]:
    """Canonical unit of each grid, empty where none is stated or it is not known."""
    return {key: units.parse(str(grid.attrs.get("units", ""))) or "" for key, grid in grids.items()}


def _formula(name: str, text: str, grids: dict[str, xr.DataArray]) -> tuple[Expression, str]:
    """Formula of `text`, and the unit of its result."""
    try:
        formula = parse(text, list(grids))
        return formula, formula.unit(_units(grids))
    except InvalidError as error:
        allowed = f"a formula of {', '.join(grids)} whose units agree"
        raise ContractError(
            name, "expression", allowed, f"{text[:60]!r}: {error.message}", hint=error.hint
        ) from (error)


def _into(name: str, quantity: str, unit: str) -> tuple[float, float]:
    """Scale and shift that bring numbers in `unit` to the unit `quantity` is kept in."""
    rule = quantities.rule(quantity)
    if rule is None:
        raise ContractError(name, "quantity", "a standard name of the registry", repr(quantity[:40]))
    if not rule.unit or not unit or not units.compatible(unit, rule.unit):
        allowed = f"a quantity kept in a unit that {unit or 'a result without a stated unit'} converts to"
        raise ContractError(name, "quantity", allowed, f"{quantity}, in {rule.unit or 'classes'}")
    return units.conversion(unit, rule.unit)


@process("grid.clip", version="1", keywords=("crop", "mask", "cut", "extract", "window"))
def clip(
    grid: AnyGrid,
    area: Areas = None,
    *,
    region: tuple[float, float, float, float] | None = None,
) -> Annotated[xr.DataArray, Grid(like="grid")]:
    """Part of a grid within a region, an area, or both.

    Use it to cut a national grid to a sheet or a province before heavier work. To bring it to other
    cells too, use `grid.resample`.

    Parameters
    ----------
    grid : DataArray
        Any grid; one that is not in memory gives one that is not.
    area : GeoDataFrame
        Polygons; cells whose centre lies in none of them lose their value. They are brought to the
        reference system of `grid` first, which must then be evenly spaced.
    region : tuple of float
        West, south, east, north in the reference system of `grid`; cells whose centre lies within
        them or on their edges are kept.

    Returns
    -------
    DataArray
        The cells of the smallest rectangle that holds what is kept, as they were. Whole numbers become
        floats where `area` is given.
    """
    name = "grid.clip"
    if area is None and region is None:
        raise ContractError(name, "region", "given, or else `area`", "neither")
    kept = grid if region is None else _within(name, grid, region)
    if area is None:
        return kept
    shapes = brought_to(name, "area", area, crs_of(grid)).geometry
    cells = inside(place_of(name, "grid", kept), shapes[~(shapes.isna() | shapes.is_empty)].to_numpy())
    if not cells.any():
        raise ContractError(name, "area", "polygons that hold the centre of a cell", "others")
    rows, columns = horizontal(name, "grid", grid)
    masked = kept.where(xr.DataArray(cells, dims=(rows, columns)))
    return masked.isel({rows: _span(cells.any(axis=1)), columns: _span(cells.any(axis=0))})


def _span(held: np.ndarray) -> slice:
    """From the first to the last that is held."""
    places = np.flatnonzero(held)
    return slice(int(places[0]), int(places[-1]) + 1)


def _within(name: str, grid: xr.DataArray, region: tuple[float, float, float, float]) -> xr.DataArray:
    """Cells of `grid` whose centres are within `region`."""
    rows, columns = horizontal(name, "grid", grid)
    west, south, east, north = region
    if not (west < east and south < north):
        raise ContractError(name, "region", "west, south, east, north, with west < east", str(region))
    slices = {}
    for axis, low, high in ((rows, south, north), (columns, west, east)):
        centres = grid[axis].to_numpy()
        held = (centres >= low) & (centres <= high)
        if not held.any():
            ends = f"{centres.min():g} to {centres.max():g}"
            came = f"{low:g} to {high:g}"
            raise ContractError(name, "region", f"over cells of the grid ({axis} {ends})", came)
        slices[axis] = _span(held)
    return grid.isel(slices)
