"""Labelled data of parameters and results: kind, quantity, unit, axes and columns checked and converted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr

from craton.model import crs, quantities, units
from craton.model.data import Boreholes, Document, Mesh, Series
from craton.model.errors import ContractError
from craton.process.marks import Column, Grid, Holes, Stations, Table
from craton.process.spec import Param

KINDS: dict[type, str] = {
    xr.DataArray: "a grid", xr.Dataset: "a grid", gpd.GeoDataFrame: "a table with geometry",
    pd.DataFrame: "a table", Boreholes: "drill holes", Mesh: "a mesh", Series: "a series",
    Document: "a document",
}  # fmt: skip
"""What each form of labelled data is called in messages."""

HORIZONTAL = (("northing", "easting"), ("latitude", "longitude"), ("row", "column"))
EVEN = 1e-4
"""Part of the mean step by which the steps of an evenly spaced axis may differ."""

TEXT_COLUMNS = "columns"
"""Key of `attrs` of a table: by column, its `unit`, `quantity` and `title`."""


def check_data(process: str, param: Param, value: object) -> Any:
    """`value` as the process takes it, in the declared units; `ContractError` if it is another thing."""
    if value is None and param.optional:
        return None
    if param.many:
        if not isinstance(value, list | tuple):
            raise _wrong(process, param, f"several of {KINDS[param.base]}", _kind_of(value))
        return tuple(_check_one(process, param, part) for part in value)
    return _check_one(process, param, value)


def masked(value: Any) -> Any:
    """A field of whole numbers that declares nodata, with NaN there, as the store would give it."""
    if not isinstance(value, xr.DataArray) or value.dtype.kind not in "iu" or "nodata" not in value.attrs:
        return value
    fractions = value.astype(np.result_type(value.dtype, np.float32))
    found = fractions.where(value != value.attrs["nodata"])
    found.attrs = {k: v for k, v in value.attrs.items() if k != "nodata"}
    return found


def _check_one(process: str, param: Param, value: Any) -> Any:
    fits = isinstance(value, param.base)
    if not fits:
        raise _wrong(process, param, KINDS[param.base], _kind_of(value))
    mark = param.data
    if isinstance(mark, Grid):
        return _grid(process, param, mark, value)
    if isinstance(mark, Table):
        return _table(process, param, mark, value)
    if isinstance(mark, Holes):
        return _holes(process, param, mark, value)
    if isinstance(mark, Stations):
        return _stations(process, param, mark, value)
    return value


def _wrong(process: str, param: Param, allowed: str, came: str, hint: str = "") -> ContractError:
    return ContractError(process, param.name, allowed, came, hint=hint)


def _kind_of(value: object) -> str:
    for form, words in KINDS.items():
        if isinstance(value, form):
            return words
    return "nothing" if value is None else f"a {type(value).__name__}"


def _grid(process: str, param: Param, mark: Grid, value: Any) -> Any:
    if isinstance(value, xr.Dataset):
        if not value.data_vars:
            raise _wrong(process, param, "a grid of at least one field", "one without")
        _check_axes(process, param, mark, value)
        other = [name for name in value.data_vars if not _is_as_declared(mark, value.variables[name].attrs)]
        changed = {name: _field(process, param, mark, value[name]) for name in other}
        return value.assign(changed) if changed else value
    _check_axes(process, param, mark, value)
    return _field(process, param, mark, value)


def _is_as_declared(mark: Grid, attrs: Mapping[str, Any]) -> bool:
    """Whether a field of attributes `attrs` needs no look: its quantity and unit are those of `mark`."""
    quantity = attrs.get("standard_name", "")
    return (not mark.unit or attrs.get("units") == mark.unit) and (
        not quantity or not mark.quantities or quantity in mark.quantities
    )


def _field(process: str, param: Param, mark: Grid, field: xr.DataArray) -> xr.DataArray:
    """One field with its quantity checked and its numbers in the unit of `mark`."""
    stated = str(field.attrs.get("standard_name", ""))
    if mark.quantities and stated and stated not in mark.quantities:
        raise _wrong(process, param, f"a grid of {' or '.join(mark.quantities)}", f"one of {stated}")
    if not mark.unit:
        return field
    has = field.attrs.get("units")
    if has == mark.unit:
        return field
    source = units.parse(str(has)) if has else None
    if source == mark.unit:
        return field.assign_attrs(units=mark.unit)
    if not has:
        raise _wrong(
            process, param, f"a grid in {mark.unit} or a unit that converts to it", "one without a unit",
            hint="state the unit in NAME.meta.toml beside the file, or as attrs['units']",
        )  # fmt: skip
    if source is None or not units.compatible(source, mark.unit):
        raise _wrong(process, param, f"a grid in {mark.unit} or a unit that converts to it", f"one in {has}")
    scale, shift = units.conversion(source, mark.unit)
    kind = field.dtype.type if field.dtype.kind == "f" else np.float64
    converted = field * kind(scale) + kind(shift) if shift else field * kind(scale)
    return converted.assign_attrs({**field.attrs, "units": mark.unit}).rename(field.name)


def horizontal(process: str, name: str, grid: xr.DataArray | xr.Dataset) -> tuple[str, str]:
    """Names of the axes of `grid` that run along rows to the north, and along columns to the east."""
    for rows, columns in HORIZONTAL:
        if rows in grid.dims and columns in grid.dims:
            return rows, columns
    came = ", ".join(map(str, grid.dims)) or "none"
    raise ContractError(process, name, "a grid with axes northing, easting or latitude, longitude", came)


def _check_axes(process: str, param: Param, mark: Grid, value: xr.DataArray | xr.Dataset) -> None:
    if not mark.plane:
        return
    allowed = "a grid with evenly spaced northing and easting in metres"
    if "northing" not in value.dims or "easting" not in value.dims:
        came = "longitude and latitude" if "longitude" in value.dims else ", ".join(map(str, value.dims))
        raise _wrong(
            process, param, allowed, f"one with axes {came}", hint="reproject it first, with grid.reproject"
        )
    system = str(value.attrs.get("crs", ""))
    if system and not crs.is_local(system) and crs.axes(system).unit != "m":
        raise _wrong(process, param, allowed, f"one in {crs.axes(system).unit}", hint="use grid.reproject")
    for name in ("northing", "easting"):
        _check_even(process, param, allowed, name, value[name].to_numpy())


def _check_even(process: str, param: Param, allowed: str, name: str, axis: np.ndarray) -> None:
    if axis.size < 2:
        raise _wrong(process, param, allowed, f"one of {axis.size} cells along {name}")
    step = np.diff(axis.astype(np.float64))
    mean = step.mean()
    if mean == 0 or np.abs(step - mean).max() > EVEN * abs(mean):
        raise _wrong(process, param, allowed, f"one uneven along {name}", hint="resample it first")


def _table(process: str, param: Param, mark: Table, frame: pd.DataFrame) -> pd.DataFrame:
    if param.base is gpd.GeoDataFrame and mark.geometry:
        allowed = f"a table of {' or '.join(mark.geometry)} geometries"
        types = {str(t).removeprefix("Multi") for t in frame.geometry.geom_type.dropna().unique()}
        if types - set(mark.geometry):
            raise _wrong(process, param, allowed, f"one of {', '.join(sorted(types))}")
    return _columns(process, param, mark.columns, frame)


def _columns(process: str, param: Param, columns: tuple[Column, ...], frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` with the declared columns, each in its unit."""
    notes = frame.attrs.get(TEXT_COLUMNS, {})
    for column in columns:
        if column.name not in frame.columns:
            came = ", ".join(map(str, frame.columns[:12])) or "none"
            raise _wrong(process, param, f"a table with the column `{column.name}`", f"one with {came}")
        has = units.parse(notes.get(column.name, {}).get("unit", "")) or ""
        if column.unit in {"", has} or (column.unit == "1" and not has):
            continue
        if not has or not units.compatible(has, column.unit):
            raise _wrong(
                process, param, f"a table with `{column.name}` in {column.unit} or a unit that converts",
                f"one with it in {has or 'no stated unit'}",
            )  # fmt: skip
        frame = frame.assign(**{column.name: units.convert(frame[column.name].to_numpy(), has, column.unit)})
        notes = {**notes, column.name: {**notes[column.name], "unit": column.unit}}
        frame.attrs[TEXT_COLUMNS] = notes
    return frame


def _holes(process: str, param: Param, mark: Holes, holes: Boreholes) -> Boreholes:
    has = {*holes.intervals, *holes.curves}
    if set(mark.tables) - has:
        allowed = f"drill holes with the tables {', '.join(mark.tables)}"
        raise _wrong(process, param, allowed, f"holes with {', '.join(sorted(has)) or 'none'}")
    return holes


def _stations(process: str, param: Param, mark: Stations, series: Series) -> Series:
    values = _columns(process, param, mark.columns, series.values)
    return series if values is series.values else Series(values=values, stations=series.stations)


def check_column(process: str, param: Param, name: str, frame: pd.DataFrame) -> None:
    """Refuse `name` where it names no column of `frame`, or one that is not numeric where it must be."""
    assert param.column_of is not None
    fit = [
        str(c) for c in frame.columns
        if c != getattr(frame, "_geometry_column_name", None)
        and (not param.column_of.numeric or pd.api.types.is_numeric_dtype(frame[c]))
    ]  # fmt: skip
    if name not in fit:
        kind = "numeric column" if param.column_of.numeric else "column"
        allowed = f"a {kind} of `{param.column_of.table}`: {', '.join(fit) or 'it has none'}"
        raise ContractError(process, param.name, allowed, repr(name))


def finish(process: str, output: Param, value: object, given: dict[str, Any]) -> Any:
    """A result with the quantity and unit that its mark states; `ContractError` where it is another thing."""
    checked = _check_result(process, output, value, given)
    if isinstance(checked, xr.DataArray) and checked.name is None:
        checked = checked.rename(str(checked.attrs.get("standard_name") or output.name))
    if isinstance(checked, xr.DataArray) and checked.name in checked.coords:
        return checked.rename(f"{checked.name}_value")
    if isinstance(checked, pd.DataFrame) and not checked.columns.is_unique:
        twice = ", ".join(map(str, checked.columns[checked.columns.duplicated()][:5]))
        raise _wrong(
            process, output, "a table whose columns have names of their own", f"one with {twice} twice"
        )
    return checked


def _check_result(process: str, output: Param, value: object, given: dict[str, Any]) -> Any:
    mark = output.data
    if isinstance(mark, Grid) and isinstance(value, xr.DataArray):
        value = _labelled(mark, value, given)
    if isinstance(mark, Table | Stations) and isinstance(value, pd.DataFrame):
        value = _noted(mark.columns, value)
    return check_data(process, output, value)


def _labelled(mark: Grid, value: xr.DataArray, given: dict[str, Any]) -> xr.DataArray:
    """`value` with the unit and quantity of its mark, or of the grid it is like, where it states none.

    Arithmetic carries the attributes of a grid along; a quantity that came that way gives place to the
    declared one.
    """
    pattern = given.get(mark.like)
    like = pattern.attrs if isinstance(pattern, xr.DataArray) else {}
    quantity = mark.quantities[0] if len(mark.quantities) == 1 else ""
    unit = mark.unit or like.get("units", "") or (quantities.canonical_unit(quantity) if quantity else "")
    stated = {"units": unit, "standard_name": quantity or like.get("standard_name", "")}
    if quantity and value.attrs.get("standard_name") in _quantities_of(given) - {quantity}:
        kept = {k: v for k, v in value.attrs.items() if k not in {"standard_name", "long_name"}}
        value = value.rename(quantity)
        value.attrs = kept
    missing = {k: v for k, v in stated.items() if v and not value.attrs.get(k)}
    if mark.like and isinstance(pattern, xr.DataArray) and value.name is None:
        value = value.rename(pattern.name)
    return value.assign_attrs(missing) if missing else value


def _quantities_of(given: dict[str, Any]) -> set[str]:
    fields = (one for one in given.values() if isinstance(one, xr.DataArray))
    return {str(one.attrs.get("standard_name", "")) for one in fields}


def _noted(columns: tuple[Column, ...], frame: pd.DataFrame) -> pd.DataFrame:
    notes = dict(frame.attrs.get(TEXT_COLUMNS, {}))
    for c in columns:
        stated = {"unit": c.unit, "quantity": c.quantity, "title": c.title}
        notes[c.name] = {**{k: v for k, v in stated.items() if v}, **notes.get(c.name, {})}
    if notes != frame.attrs.get(TEXT_COLUMNS, {}):
        frame = frame.copy(deep=False)
        frame.attrs[TEXT_COLUMNS] = notes
    return frame
