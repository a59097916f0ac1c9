"""Small labelled data and values for any mark of a process: for tests that walk the registry."""

from __future__ import annotations

import copy
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr

from craton.model import quantities, units
from craton.model.data import Boreholes, Document, Mesh, Series
from craton.process.marks import Column, Data, Grid, Holes, Stations, Table, Volume
from craton.process.reference import example_number
from craton.process.spec import Param, Spec

CRS = "EPSG:32648"
"""UTM zone 48 north: the sample lies in Laos."""

WEST, NORTH = 250_000.0, 1_990_000.0
SPACING = (400.0, 500.0)
"""Metres from row to row and from column to column."""

ROWS, COLUMNS = 22, 18
COUNT = 12
"""Rows of a sample table."""


def arguments(spec: Spec, **given: Any) -> dict[str, Any]:
    """Every parameter of `spec`: what is `given` (a value, or what makes one), else a sample or its default."""
    sample = {param.name: value_of(spec, param) for param in spec.params}
    return sample | {name: value() if callable(value) else value for name, value in given.items()}


def value_of(spec: Spec, param: Param) -> Any:
    """Sample for one parameter: labelled data that must be given, else its default, else a legal value."""
    if param.data is not None:
        return None if not param.required else data_of(spec, param)
    if not param.required:
        return param.default
    one = _plain(spec, param)
    return (one,) * (param.length or 1) if param.many else one


def data_of(spec: Spec, param: Param) -> Any:
    """Labelled data that fits the mark of `param`, also where it may be left out."""
    assert param.data is not None
    one = labelled(param.data, param.base, margin=spec.halo or 0)
    return (one, copy.deepcopy(one)) if param.many else one


def _plain(spec: Spec, param: Param) -> Any:
    if param.choices:
        return param.choices[0]
    if param.column_of:
        return "value"
    if param.system:
        return CRS
    if param.base is str:
        return "value"
    return False if param.base is bool else example_number(param)


def labelled(mark: Data, base: type, *, margin: int = 0) -> Any:
    """Labelled data of the form `base` that keeps what `mark` asks for; grids grow with `margin`."""
    if isinstance(mark, Volume):
        return _of_base(base, volume(mark))
    if isinstance(mark, Grid):
        return _of_base(base, grid(mark, margin=margin))
    if isinstance(mark, Table):
        return table(mark, geometry=base is gpd.GeoDataFrame)
    if isinstance(mark, Holes):
        return boreholes(mark)
    if isinstance(mark, Stations):
        return series(mark)
    return mesh() if base is Mesh else Document(text="Report", media_type="text/plain")


def _of_base(base: type, field: xr.DataArray) -> xr.DataArray | xr.Dataset:
    if base is xr.DataArray:
        return field
    second = (field * 2 + 1).assign_attrs(field.attrs)
    return xr.Dataset({"first": field, "second": second}, attrs={"crs": CRS})


def quantity_and_unit(mark: Grid) -> tuple[str, str]:
    """First quantity of a grid mark that goes with its unit, and the unit."""
    for name in mark.quantities:
        own = quantities.canonical_unit(name)
        if not mark.unit or units.compatible(own, mark.unit):
            return name, mark.unit or own
    return next(iter(mark.quantities), ""), mark.unit or "mGal"


def grid(mark: Grid = Grid(), *, margin: int = 0) -> xr.DataArray:  # noqa: B008 - marks are frozen
    """A smooth field of positive numbers, rows from north to south, in UTM."""
    rows, columns = ROWS + 6 * margin, COLUMNS + 6 * margin
    northing = NORTH - SPACING[0] * np.arange(rows)
    easting = WEST + SPACING[1] * np.arange(columns)
    down, right = np.meshgrid(np.linspace(0, 3, rows), np.linspace(0, 2, columns), indexing="ij")
    cells = 40 + 9 * np.sin(2 * down) * np.cos(3 * right) + 2 * right + down
    quantity, unit = quantity_and_unit(mark)
    stated = {"units": unit, "standard_name": quantity, "crs": CRS}
    return xr.DataArray(
        cells, {"northing": northing, "easting": easting}, ("northing", "easting"), name="field",
        attrs={key: text for key, text in stated.items() if text},
    )  # fmt: skip


def volume(mark: Grid) -> xr.DataArray:
    """A small block of numbers, upward first."""
    flat = grid(mark)[:6, :5]
    stack = xr.concat([flat + level for level in range(4)], dim="upward")
    return stack.assign_coords(upward=-100.0 * np.arange(4)).assign_attrs(flat.attrs)


def geometries(kind: str) -> np.ndarray:
    """Points, lines or polygons scattered over the sample grid."""
    random = np.random.default_rng(7)
    east = WEST + SPACING[1] * COLUMNS * random.uniform(0.1, 0.8, COUNT)
    north = NORTH - SPACING[0] * ROWS * random.uniform(0.2, 0.9, COUNT)
    points = shapely.points(east, north)
    if kind == "Point":
        return points
    if kind == "LineString":
        return shapely.linestrings([[(e, n), (e + 900, n + 700)] for e, n in zip(east, north, strict=True)])
    return shapely.box(east, north, east + 1100, north + 900)


def table(mark: Table = Table(), *, geometry: bool = True) -> pd.DataFrame:  # noqa: B008 - marks are frozen
    """Rows with a number `value`, a text `name` and the columns of `mark`, each in its unit."""
    numbers = np.round(20 + 10 * np.sin(np.arange(COUNT) * 1.7), 6)
    columns: dict[str, Any] = {"name": [f"row {n % 5}" for n in range(COUNT)], "value": numbers}
    notes: dict[str, dict[str, str]] = {"value": {"unit": "m"}}
    for column in mark.columns:
        columns[column.name], notes[column.name] = _column(column, numbers)
    frame = pd.DataFrame(columns)
    if geometry:
        shapes = geometries(mark.geometry[0] if mark.geometry else "Point")
        frame = gpd.GeoDataFrame(frame, geometry=shapes, crs=CRS)
    frame.attrs["columns"] = notes
    return frame


def _column(column: Column, numbers: np.ndarray) -> tuple[Any, dict[str, str]]:
    """Values of a column and the note on it; one without a unit holds text."""
    stated = {"unit": column.unit, "quantity": column.quantity}
    if not column.unit:
        return [f"{column.name} {n % 3}" for n in range(len(numbers))], stated
    return numbers / 50 if column.unit == "1" else numbers, stated


def boreholes(mark: Holes) -> Boreholes:
    """Three holes with the tables of `mark`."""
    at = shapely.points(WEST + 1000.0 * np.arange(3), np.full(3, NORTH - 3000))
    collars = gpd.GeoDataFrame(
        {"hole_id": ["A", "B", "C"], "elevation": [200.0, 210.0, 220.0], "total_depth": [30.0, 40.0, 50.0]},
        geometry=at, crs=CRS,
    )  # fmt: skip
    surveys = pd.DataFrame(
        {"hole_id": ["A", "B", "C"], "depth": [0.0] * 3, "azimuth": [0.0] * 3, "inclination": [-90.0] * 3}
    )
    layers = pd.DataFrame(
        {
            "hole_id": ["A", "A", "B", "C"], "from_depth": [0.0, 10.0, 0.0, 0.0],
            "to_depth": [10.0, 30.0, 40.0, 50.0], "value": [1.0, 2.0, 3.0, 4.0],
            "lithology": ["sand", "clay", "sand", "rock"],
        }
    )  # fmt: skip
    names = mark.tables or ("geology",)
    return Boreholes(collars, surveys, {name: layers.copy() for name in names})


def series(mark: Stations) -> Series:
    """Two stations over thirty days, with the columns of `mark`."""
    days = pd.date_range("2020-01-01", periods=30, tz="UTC")
    values = pd.DataFrame({"station": np.repeat(["P", "Q"], 30), "time": days.append(days)})
    numbers = 10 + np.sin(np.arange(60) / 5)
    notes = {}
    for column in mark.columns or (Column(name="value", unit="m"),):
        values[column.name], notes[column.name] = _column(column, numbers)
    values.attrs["columns"] = notes
    at = shapely.points([WEST, WEST + 500], [NORTH, NORTH - 500])
    return Series(values, gpd.GeoDataFrame({"station": ["P", "Q"]}, geometry=at, crs=CRS))


def mesh() -> Mesh:
    """Two triangles of one part."""
    corners = np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 1]])
    vertices = corners + np.array([WEST, NORTH, 100])
    triangles = np.array([[0, 1, 2], [0, 2, 3]], dtype=np.int32)
    return Mesh(vertices, triangles, np.zeros(2, np.int32), pd.DataFrame({"part_id": ["fault"]}))


def other_unit(unit: str) -> str:
    """Another unit of the same kind, or an empty text where there is none."""
    table = units.units()
    kind = table[unit].kind if unit in table else None
    same = [symbol for symbol, one in table.items() if one.kind == kind and symbol != unit]
    return min(same, key=lambda symbol: (_oddness(symbol, unit), symbol)) if same else ""


def _oddness(one: str, other: str) -> float:
    """How far the factor between two units is from a thousand; those with a shift come last."""
    scale, shift = units.conversion(other, one)
    return abs(abs(np.log10(abs(scale))) - 3) + (100 if shift else 0)


def alien_unit(unit: str) -> str:
    """A unit that does not convert to `unit`."""
    return next(symbol for symbol in ("kg", "s", "m") if not units.compatible(symbol, unit))


def converted(field: Any, unit: str, other: str) -> Any:
    """A grid in `unit` with its numbers in `other`."""
    if isinstance(field, xr.Dataset):
        return field.map(lambda one: converted(one, unit, other)).assign_attrs(field.attrs)
    scale, shift = units.conversion(unit, other)
    return (field * scale + shift).assign_attrs({**field.attrs, "units": other}).rename(field.name)


def with_column_unit(frame: pd.DataFrame, column: Column, other: str) -> pd.DataFrame:
    """A table with one column in another unit."""
    changed = frame.copy()
    changed[column.name] = units.convert(frame[column.name].to_numpy(), column.unit, other)
    notes = copy.deepcopy(frame.attrs["columns"])
    notes[column.name]["unit"] = other
    changed.attrs["columns"] = notes
    return changed


def assert_equal(one: Any, other: Any, *, rtol: float = 0.0, history: bool = True) -> None:
    """Fail where two pieces of labelled data differ; numbers may by `rtol` of the largest."""
    assert type(one) is type(other)
    if isinstance(one, tuple):
        for left, right in zip(one, other, strict=True):
            assert_equal(left, right, rtol=rtol, history=history)
    elif isinstance(one, xr.DataArray):
        _equal_fields(one, other, rtol, history)
    elif isinstance(one, xr.Dataset):
        assert list(one.data_vars) == list(other.data_vars)
        assert_equal(
            tuple(one.data_vars.values()), tuple(other.data_vars.values()), rtol=rtol, history=history
        )
    elif isinstance(one, pd.DataFrame):
        _equal_frames(one, other, rtol)
    elif isinstance(one, Boreholes | Series):
        for left, right in zip(_frames(one), _frames(other), strict=True):
            _equal_frames(left, right, rtol)
    elif isinstance(one, Mesh):
        np.testing.assert_allclose(one.vertices, other.vertices, rtol=rtol)
        np.testing.assert_array_equal(one.triangles, other.triangles)
    else:
        assert one == other


def _frames(data: Boreholes | Series) -> list[pd.DataFrame]:
    if isinstance(data, Series):
        return [data.values]
    return [data.collars, data.surveys, *data.intervals.values(), *data.curves.values()]


def _equal_fields(one: xr.DataArray, other: xr.DataArray, rtol: float, history: bool) -> None:
    assert (one.name, one.dims, one.dtype) == (other.name, other.dims, other.dtype)
    kept = [{k: v for k, v in field.attrs.items() if history or k != "history"} for field in (one, other)]
    assert kept[0] == kept[1]
    assert set(one.coords) == set(other.coords)
    for name in one.coords:
        np.testing.assert_array_equal(one[name].to_numpy(), other[name].to_numpy())
    _close(one.to_numpy(), other.to_numpy(), rtol)


def _close(one: np.ndarray, other: np.ndarray, rtol: float) -> None:
    if not rtol or one.dtype.kind not in "fiu":
        np.testing.assert_array_equal(one, other)
        return
    size = np.nanmax(np.abs(other.astype(float)), initial=0.0)
    atol = rtol * size if np.isfinite(size) else 0.0
    np.testing.assert_allclose(one.astype(float), other.astype(float), rtol=rtol, atol=atol)


def _equal_frames(one: pd.DataFrame, other: pd.DataFrame, rtol: float) -> None:
    assert list(one.columns) == list(other.columns)
    assert len(one) == len(other)
    assert one.attrs.get("columns", {}) == other.attrs.get("columns", {})
    for name in one.columns:
        left, right = one[name], other[name]
        if isinstance(left, gpd.GeoSeries):
            assert left.crs == right.crs
            assert shapely.equals_exact(left.to_numpy(), right.to_numpy(), 1e-6 if rtol else 0).all()
        elif pd.api.types.is_numeric_dtype(left):
            kinds = [column.to_numpy(np.float64, na_value=np.nan) for column in (left, right)]
            _close(kinds[0], kinds[1], rtol)
        else:
            pd.testing.assert_series_equal(left, right)
