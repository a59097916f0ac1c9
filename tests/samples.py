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


def magnetic_points() -> gpd.GeoDataFrame:
    """Points with a magnetic anomaly `value` in nT and the height at which it was flown."""
    frame = table(Table(geometry=("Point",), columns=(Column(name="flying_height", unit="m"),)))
    frame.attrs["columns"]["value"] = {"unit": "nT"}
    return frame


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


def survey() -> gpd.GeoDataFrame:
    """Five survey lines in turns and three tie lines, with a magnetic value, a time in s and a date."""
    lines = [(f"L{n}", 500.0 + 900.0 * n, np.arange(0, 7001, 100.0)[:: 1 - 2 * (n % 2)]) for n in range(5)]
    ties = [(f"T{n}", 800.0 + 2500.0 * n, np.arange(0, 5001, 100.0)[:: 1 - 2 * (n % 2)]) for n in range(3)]
    parts = [
        pd.DataFrame({"line": name, "across": across, "along": along, "tie": name[0] == "T"})
        for name, across, along in (*lines, *ties)
    ]
    frame = pd.concat(parts, ignore_index=True)
    east = WEST + np.where(frame["tie"], frame["along"], frame["across"])
    north = NORTH - 8000 + np.where(frame["tie"], frame["across"], frame["along"])
    number = frame["line"].astype("category").cat.codes
    value = 45_000 + 40 * np.sin(east / 900) * np.cos(north / 1200) + 5 * np.cos(2.0 * number)
    columns = {"line": frame["line"], "value": value, "time": 2.0 * np.arange(len(frame)), "date": 20240517}
    points = gpd.GeoDataFrame(columns, geometry=shapely.points(east, north), crs=CRS)
    points.attrs["columns"] = {"value": {"unit": "nT"}, "time": {"unit": "s"}}
    return points


def base_station() -> pd.DataFrame:
    """Record of a base station over the time of `survey`, a reading a minute."""
    time = np.arange(-60.0, 1500.0, 60.0)
    record = pd.DataFrame({"base_time": time, "base_value": 45_100 + 8 * np.sin(time / 400)})
    record.attrs["columns"] = {"base_time": {"unit": "s"}, "base_value": {"unit": "nT"}}
    return record


def _column(column: Column, numbers: np.ndarray) -> tuple[Any, dict[str, str]]:
    """Values of a column and the note on it; one without a unit holds text."""
    stated = {"unit": column.unit, "quantity": column.quantity}
    if not column.unit:
        return [f"{column.name} {n % 3}" for n in range(len(numbers))], stated
    return numbers / 50 if column.unit == "1" else numbers, stated


def variogram_model() -> pd.DataFrame:
    """A nugget and a spherical structure whose range is longer one way than the other."""
    columns = {"structure": ["nugget", "spherical"], "sill": [10.0, 40.0], "range": [np.nan, 3000.0]}
    frame = pd.DataFrame({**columns, "range_across": [np.nan, 2000.0], "azimuth": [np.nan, 30.0]})
    frame.attrs["columns"] = {name: {"unit": "m"} for name in ("range", "range_across")}
    return frame


def variogram() -> pd.DataFrame:
    """Eight lags that rise to a sill."""
    lag = 500.0 * np.arange(1, 9)
    values = {"lag": lag, "pairs": 40 + np.arange(8), "semivariance": 10 + 40 * (1 - np.exp(-lag / 900))}
    frame = pd.DataFrame(values)
    frame.attrs["columns"] = {"lag": {"unit": "m"}, "pairs": {"unit": "1"}}
    return frame


def bodies() -> gpd.GeoDataFrame:
    """Three spheres below the sample grid, with density and susceptibility."""
    frame = table(Table(columns=(Column(name="density", unit="kg/m3"),)))[:3]
    frame = frame.assign(
        kind="sphere", top=[-300.0, -500.0, -400.0], radius=200.0, density=[300.0, -200.0, 150.0],
        susceptibility=[0.01, 0.02, 0.0],
    )  # fmt: skip
    frame.attrs["columns"] = {**frame.attrs["columns"], "susceptibility": {"unit": "SI"}}
    return frame


def rocks() -> pd.DataFrame:
    """A host and a heavy, magnetic rock."""
    columns = {
        "density_contrast": ([0.0, 300.0], "kg/m3"), "density_spread": ([20.0, 40.0], "kg/m3"),
        "susceptibility": ([0.001, 0.03], "SI"), "susceptibility_spread": ([0.002, 0.006], "SI"),
        "share": ([0.9, 0.1], "1"),
    }  # fmt: skip
    frame = pd.DataFrame(
        {"rock": ["host", "gabbro"], **{name: values for name, (values, _) in columns.items()}}
    )
    frame.attrs["columns"] = {name: {"unit": unit} for name, (_, unit) in columns.items()}
    return frame


def section() -> pd.DataFrame:
    """Two polygons below a profile, with density and susceptibility."""
    frame = pd.DataFrame(
        {
            "body": ["basin"] * 3 + ["dyke"] * 4,
            "distance": [0.0, 4000.0, 2000.0, 2400.0, 2500.0, 2500.0, 2400.0],
            "depth": [100.0, 100.0, 900.0, 200.0, 200.0, 3000.0, 3000.0],
            "density": [-300.0] * 3 + [250.0] * 4,
            "susceptibility": [0.0] * 3 + [0.03] * 4,
        }
    )
    units_of = {"distance": "m", "depth": "m", "density": "kg/m3", "susceptibility": "SI"}
    frame.attrs["columns"] = {name: {"unit": unit} for name, unit in units_of.items()}
    return frame


def blocks() -> pd.DataFrame:
    """Two blocks of crust, by longitude and latitude."""
    frame = pd.DataFrame(
        {
            "west": [100.0, 101.0], "east": [101.0, 102.0], "south": [16.0, 17.0], "north": [17.0, 18.0],
            "bottom": [-30_000.0, -35_000.0], "top": [0.0, 500.0], "density": [2670.0, 2700.0],
        }
    )  # fmt: skip
    in_degrees = dict.fromkeys(("west", "east", "south", "north"), "deg")
    units_of = {**in_degrees, "bottom": "m", "top": "m", "density": "kg/m3"}
    frame.attrs["columns"] = {name: {"unit": unit} for name, unit in units_of.items()}
    return frame


def degrees() -> xr.DataArray:
    """A grid over longitude and latitude."""
    field = grid()[:6, :5]
    axes = {"latitude": 19.0 - 0.5 * np.arange(6), "longitude": 100.0 + 0.5 * np.arange(5)}
    return xr.DataArray(field.to_numpy(), axes, tuple(axes), name="field", attrs={"crs": "EPSG:4326"})


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


def wireframe() -> Mesh:
    """A closed body of four corners below the sample grid."""
    corners = np.array([[300.0, -300, -400], [900, -300, -400], [300, -900, -400], [500, -500, -100]])
    triangles = np.array([[0, 1, 2], [0, 3, 1], [0, 2, 3], [1, 3, 2]], dtype=np.int32)
    parts = pd.DataFrame({"part_id": ["ore"]})
    return Mesh(corners + np.array([WEST, NORTH, 0.0]), triangles, np.zeros(4, np.int32), parts)


def wireframe_properties() -> pd.DataFrame:
    """Density and susceptibility of the body of `wireframe`."""
    frame = pd.DataFrame({"part_id": ["ore"], "density": [900.0], "susceptibility": [0.05]})
    frame.attrs["columns"] = {"density": {"unit": "kg/m3"}, "susceptibility": {"unit": "SI"}}
    return frame


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


def gravity_stations() -> gpd.GeoDataFrame:
    """Stations with gravity and heights as they are at 18° N."""
    frame = table(Table(geometry=("Point",)))
    frame["gravity"] = 978_500 + frame["value"]
    frame["elevation"] = 40 + frame["value"]
    frame["geoid_height"] = -30.0
    frame.attrs["columns"] |= {
        "gravity": {"unit": "mGal", "quantity": "gravity"},
        "elevation": {"unit": "m", "quantity": "elevation"},
        "geoid_height": {"unit": "m", "quantity": "geoid_height"},
    }
    return frame


def meter_readings() -> gpd.GeoDataFrame:
    """Counter readings at five stations, on a way that comes back to the first."""
    frame = table(Table(geometry=("Point",)))
    frame["station"] = [f"S{number % 5}" for number in range(COUNT)]
    frame["time"] = pd.date_range("2024-05-03 08:00", periods=COUNT, freq="23min", tz="UTC")
    frame["reading"] = 1500 + frame["value"]
    frame.attrs["columns"]["reading"] = {"unit": "1"}
    return frame


def gravity_bases() -> pd.DataFrame:
    """One base of `meter_readings`."""
    frame = pd.DataFrame({"station": ["S0"], "gravity": [978_500.0]})
    frame.attrs["columns"] = {"gravity": {"unit": "mGal", "quantity": "gravity"}}
    return frame


def meter_calibration() -> pd.DataFrame:
    """Table of a meter, from counter units to mGal."""
    frame = pd.DataFrame({"counter": [1400.0, 1500.0, 1600.0], "value": [1450.0, 1553.0, 1656.5]})
    frame.attrs["columns"] = {"counter": {"unit": "1"}, "value": {"unit": "mGal"}}
    return frame


def analyses() -> gpd.GeoDataFrame:
    """Analyses of forty samples: traces and main oxides, copper with values below detection, and names."""
    random = np.random.default_rng(11)
    count = 40
    wet = random.normal(size=(count, 12))
    levels = {
        "Cu": 30.0,
        "Pb": 20.0,
        "Zn": 80.0,
        "La": 30.0,
        "Ce": 60.0,
        "Pr": 7.0,
        "Sm": 5.0,
        "Eu": 1.0,
        "Gd": 4.0,
    }
    frame = pd.DataFrame(
        {name: np.round(level * np.exp(0.3 * wet[:, n]), 4) for n, (name, level) in enumerate(levels.items())}
    )
    oxides = {"SiO2": 62.0, "Al2O3": 16.0, "FeOT": 6.0, "MgO": 3.0, "CaO": 5.0, "Na2O": 3.5, "K2O": 2.0}
    for n, (name, level) in enumerate(oxides.items()):
        frame[name] = np.round(level * (1 + 0.05 * wet[:, n]), 4)
    frame["Cu_below_detection"] = np.arange(count) % 10 == 3
    frame["Cu_detection_limit"] = np.where(frame["Cu_below_detection"], 15.0, np.nan)
    frame.loc[frame["Cu_below_detection"], "Cu"] = np.nan
    frame["name"] = [f"row {n % 20}" for n in range(count)]
    at = shapely.points(WEST + 100.0 * np.arange(count) % 900, NORTH - 150.0 * (np.arange(count) // 7))
    points = gpd.GeoDataFrame(frame, geometry=at, crs=CRS)
    points.attrs["columns"] = {name: {"unit": "mg/kg"} for name in levels}
    points.attrs["columns"] |= {name: {"unit": "wt%"} for name in oxides}
    points.attrs["columns"]["Cu_detection_limit"] = {"unit": "mg/kg"}
    return points


def certified() -> pd.DataFrame:
    """Certified lead and zinc of two of the names of `analyses`."""
    frame = pd.DataFrame(
        {"name": ["row 0", "row 1"], "Pb": [20.0, 21.0], "Pb_sd": [4.0, np.nan], "Zn": [80.0, 85.0]}
    )
    frame.attrs["columns"] = {name: {"unit": "mg/kg"} for name in ("Pb", "Pb_sd", "Zn")}
    return frame


def component_loadings() -> pd.DataFrame:
    """Loadings of three elements on two columns that `analyses` has."""
    return pd.DataFrame({"element": ["Cu", "Pb", "Zn"], "Pb": [0.5, -0.2, 0.4], "Zn": [0.1, 0.9, -0.5]})


def soundings() -> pd.DataFrame:
    """Two electrical soundings over ground whose resistivity rises with depth."""
    spacing = np.tile(np.geomspace(1.0, 100.0, 7), 2)
    resistivity = 20 + 80 * spacing / (spacing + 10)
    frame = pd.DataFrame({"name": np.repeat(["V1", "V2"], 7), "spacing": spacing, "inner": spacing / 5})
    frame = frame.assign(apparent_resistivity=resistivity, error=3.0)
    units_of = {"spacing": "m", "inner": "m", "apparent_resistivity": "ohm.m", "error": "%"}
    frame.attrs["columns"] = {name: {"unit": unit} for name, unit in units_of.items()}
    return frame


def impedances() -> pd.DataFrame:
    """A magnetotelluric station over ground of nearly one dimension, with variances."""
    frequency = np.geomspace(1000.0, 0.1, 12)
    size = np.sqrt(5 * frequency * (50 + 10 * np.log10(frequency)))
    plain = {"xx": 0.05 + 0.04j, "xy": 1 + 1.1j, "yx": -1.05 - 1.2j, "yy": -0.06 - 0.03j}
    frame = pd.DataFrame({"name": "S1", "frequency": frequency})
    for part, tensor in plain.items():
        value = size * tensor / np.sqrt(2)
        frame[f"z{part}_real"], frame[f"z{part}_imaginary"] = value.real, value.imag
        frame[f"z{part}_variance"] = (0.03 * size) ** 2
    frame.attrs["columns"] = {"frequency": {"unit": "Hz"}}
    for name in frame.columns[2:]:
        frame.attrs["columns"][name] = {"unit": "mV2/km2/nT2" if name.endswith("variance") else "mV/km/nT"}
    return frame


def static_shifts() -> pd.DataFrame:
    """Shifts of the station of `impedances`."""
    frame = pd.DataFrame({"station": ["S1"], "shift_xy": [2.0], "shift_yx": [0.5]})
    frame.attrs["columns"] = {name: {"unit": "1"} for name in frame.columns[1:]}
    return frame


def electrodes() -> pd.DataFrame:
    """Places of the electrodes of `electrode_readings`, whose names are their distances."""
    frame = pd.DataFrame({"electrode": 5 * np.arange(12), "distance": 5.0 * np.arange(12)})
    frame.attrs["columns"] = {"distance": {"unit": "m"}}
    return frame


def electrode_readings() -> pd.DataFrame:
    """Wenner readings of twelve electrodes 5 m apart over nearly plain ground."""
    rows = [(first, size) for size in (1, 2, 3) for first in range(12 - 3 * size)]
    first, size = np.array(rows, dtype=float).T
    frame = pd.DataFrame({"a": 5 * first, "m": 5 * (first + size), "n": 5 * (first + 2 * size)})
    frame["b"] = 5 * (first + 3 * size)
    frame["resistance"] = (100 + 20 * np.sin(first)) / (2 * np.pi * 5 * size)
    frame.attrs["columns"] = {"resistance": {"unit": "ohm"}}
    return frame


def polarised_readings() -> pd.DataFrame:
    """The same with a chargeability."""
    frame = electrode_readings()
    frame["chargeability"] = 10 + 3 * np.cos(frame["a"] / 10)
    frame.attrs["columns"] = {**frame.attrs["columns"], "chargeability": {"unit": "mV/V"}}
    return frame


def resistivity_section() -> pd.DataFrame:
    """Two blocks of resistivity below the line of `electrode_readings`."""
    frame = pd.DataFrame({"from_distance": 0.0, "to_distance": 55.0, "top": [0.0, 3.0], "bottom": [3.0, 8.0]})
    frame["resistivity"] = [120.0, 80.0]
    frame.attrs["columns"] = {name: {"unit": "m"} for name in frame.columns[:4]}
    frame.attrs["columns"]["resistivity"] = {"unit": "ohm.m"}
    return frame


def use_worths() -> pd.DataFrame:
    """Columns of `evaluated` with the worth of two uses for two objectives."""
    rows = [
        ("yield", "crop", "value"),
        ("yield", "wood", "soil"),
        ("water", "crop", "road"),
        ("water", "wood", "value"),
    ]
    return pd.DataFrame(rows, columns=["objective", "use", "column"])


def factors() -> pd.DataFrame:
    """Factors of a formula, with the ranges they may have."""
    names = ["depth", "density", "rate"]
    return pd.DataFrame({"factor": names, "low": [1.0, 2.2, 0.0], "high": [3.0, 2.8, 5.0]})


def catchments() -> gpd.GeoDataFrame:
    """Six strips of ground, each draining to the next, with a rock and a value."""
    east = WEST + SPACING[1] * 3.0 * np.arange(6)
    names = [f"C{n}" for n in range(1, 7)]
    frame = gpd.GeoDataFrame(
        {
            "catchment": names, "name": ["granite", "schist"] * 3, "downstream": [*names[1:], ""],
            "area": 4.0 + np.arange(6),
            "upstream_area": np.cumsum(4.0 + np.arange(6)), "value": [20.0, 35.0, 15.0, 60.0, 22.0, 31.0],
        },
        geometry=shapely.box(east, NORTH - 8000, east + 1500, NORTH), crs=CRS,
    )  # fmt: skip
    frame.attrs["columns"] = {
        "area": {"unit": "km2"},
        "upstream_area": {"unit": "km2"},
        "value": {"unit": "m"},
    }
    return frame


def geological_model(level: float = -160.0) -> xr.Dataset:
    """Sand on rock whose top falls to the east, in even cells."""
    cells = volume(Grid())
    over = cells["upward"] - level + 0.05 * (cells["easting"] - WEST) + 0.0 * cells["northing"]
    flags = {
        "flag_values": [0, 1, 2],
        "flag_meanings": ["none", "sand", "rock"],
        "flag_colors": ["#ffffff", "#e0c060", "#808080"],
    }
    units = xr.where(over > 0, 1, 2).transpose("upward", "northing", "easting").astype(np.uint8)
    return units.assign_attrs(flags).to_dataset(name="unit").assign_attrs(crs=CRS)


def geological_models() -> tuple[xr.Dataset, ...]:
    """Three models that differ."""
    return tuple(geological_model(level) for level in (-160.0, -240.0, -60.0))


def rock_properties() -> pd.DataFrame:
    """Density and susceptibility of the units of `geological_model`."""
    frame = pd.DataFrame(
        {"unit": ["sand", "rock"], "density": [2000.0, 2700.0], "susceptibility": [0.0, 0.02]}
    )
    frame.attrs["columns"] = {"density": {"unit": "kg/m3"}, "susceptibility": {"unit": "SI"}}
    return frame


def stratigraphy() -> pd.DataFrame:
    """A column of sand and clay on rock."""
    return pd.DataFrame({"unit": ["sand", "clay", "rock"], "series": ["beds", "beds", "base"]})


def contacts() -> gpd.GeoDataFrame:
    """Six contacts each on the bases of sand and of clay, 40 m and 90 m down, with heights."""
    at = shapely.get_coordinates(geometries("Point"))
    down = np.repeat([-40.0, -90.0], COUNT // 2) + 0.005 * (at[:, 0] - WEST)
    columns = {"name": "hole", "unit": ["sand"] * (COUNT // 2) + ["clay"] * (COUNT // 2)}
    return gpd.GeoDataFrame(columns, geometry=shapely.points(np.column_stack([at, down])), crs=CRS)


def built_model() -> xr.Dataset:
    """The model built from `contacts`, with its fields."""
    from craton.methods.geomodel import structural

    return structural(contacts(), stratigraphy(), spacing=800.0, thickness=50.0, keep_fields=True).model


def new_contacts() -> gpd.GeoDataFrame:
    """Two contacts of a hole in `built_model`, 10 m deeper than the others."""
    points = shapely.points([[WEST + 900.0, NORTH - 900.0, -46.0], [WEST + 900.0, NORTH - 900.0, -96.0]])
    return gpd.GeoDataFrame({"name": "hole", "unit": ["sand", "clay"]}, geometry=points, crs=CRS)


def geological_map() -> gpd.GeoDataFrame:
    """Two polygons side by side, of sand and of rock, with ages in Ma."""
    boxes = [
        shapely.box(WEST, NORTH - 6000, WEST + 4000, NORTH),
        shapely.box(WEST + 4000, NORTH - 6000, WEST + 8000, NORTH),
    ]
    ages = {"youngest": [1.0, 300.0], "oldest": [2.0, 400.0]}
    return gpd.GeoDataFrame({"name": ["sand", "rock"], **ages}, geometry=boxes, crs=CRS)


def assays() -> gpd.GeoDataFrame:
    """Points within `geological_model`, with a grade `value` in %, a rock and heights."""
    random = np.random.default_rng(3)
    east, north = WEST + random.uniform(0, 2000, 40), NORTH - random.uniform(0, 2000, 40)
    columns = {"value": 5 + random.random(40), "rock": [f"rock {n % 2}" for n in range(40)]}
    frame = gpd.GeoDataFrame(
        {**columns, "upward": random.uniform(-330, 30, 40)}, geometry=shapely.points(east, north), crs=CRS
    )
    frame.attrs["columns"] = {"value": {"unit": "%"}, "upward": {"unit": "m"}}
    return frame


def ore_blocks() -> xr.Dataset:
    """Blocks of ore of 100 %, with a grade `value`, and what classes are made from."""
    grade = volume(Grid(unit="%"))
    numbers = {"percent": 100.0, "density": 3.0, "holes": 3.0, "distance": 0.2, "slope": 0.95}
    fields = {name: xr.full_like(grade, number) for name, number in numbers.items()}
    classes = xr.full_like(grade, 1).astype(np.uint8)
    return xr.Dataset({"value": grade, **fields, "resource_class": classes}, attrs={"crs": CRS})


def evaluated() -> pd.DataFrame:
    """Twelve units with a name and three scores from 0 to 1 that differ."""
    number = np.arange(COUNT)
    scores = {"value": 0.5 + 0.4 * np.sin(number), "road": 0.1 + 0.07 * number, "soil": number % 4 / 4 + 0.1}
    frame = pd.DataFrame({"name": [f"row {n % 5}" for n in number], **scores})
    frame.attrs["columns"] = {name: {"unit": "1"} for name in scores}
    return frame


def water_samples() -> pd.DataFrame:
    """Ions of twelve waters by place, and how much land each waters."""
    number = np.arange(COUNT)
    ions = {"sodium": 2.0 + number, "calcium": 3.0 + number % 5, "magnesium": 1.0 + 0.2 * number}
    frame = pd.DataFrame({"name": [f"row {n % 5}" for n in number], **ions, "watered": 5.0 + number % 3})
    frame.attrs["columns"] = {**{name: {"unit": "mmol/L"} for name in ions}, "watered": {"unit": "ha"}}
    return frame


EVALUATION_PACK = """
id = "sample"
version = "1"
title = { en = "Sample", zh = "示例" }
question = { en = "Which unit is best?", zh = "哪个单元最好？" }
description = { en = "Three numbers.", zh = "三个数。" }
limits = { en = "For tests.", zh = "仅供测试。" }
goal = "worth"
label = ["name"]
grades = [
  { title = { en = "Poor", zh = "差" } },
  { title = { en = "Good", zh = "好" }, from_score = 0.5 },
]

[attributes]
value = { unit = "1", title = { en = "Value", zh = "值" } }
road = { unit = "1", title = { en = "Road", zh = "路" } }
soil = { unit = "1", title = { en = "Soil", zh = "土" } }

[indicators.worth_of_value]
title = { en = "Worth", zh = "价值" }
formula = "value"
direction = "benefit"
score = { worst = 0.0, best = 1.0 }

[indicators.way]
title = { en = "Way", zh = "道路" }
formula = "road + soil"
direction = "benefit"

[criteria.worth]
title = { en = "Worth", zh = "价值" }
parts = ["worth_of_value", "way"]
weights = { method = "given", values = { worth_of_value = 2.0, way = 1.0 } }

[rules.advice]
title = { en = "Advice", zh = "建议" }
answers.keep = { en = "Keep", zh = "保留" }
answers.change = { en = "Change", zh = "改变" }
rules = [{ when = "score > 0.5", then = "keep" }]
otherwise = "change"

[synthetic]
rows = 4
columns = 3
[synthetic.attributes]
value = { method = "uniform", low = 0.0, high = 1.0 }
road = { method = "normal", mean = 0.5, deviation = 0.1, smooth = 1.0 }
soil = { method = "lognormal", mean = 0.0, deviation = 0.2 }
"""
"""A pack of two indicators over the columns of `evaluated`."""


def evaluation_pack() -> str:
    """Text of a small pack."""
    return EVALUATION_PACK


def evaluation_cells() -> xr.Dataset:
    """The attributes of the pack on a grid, with a gap."""
    return _attributes_on(grid(Grid(unit="1"))[:6, :5])


def evaluation_volume() -> xr.Dataset:
    """The attributes of the pack in a volume, with a gap."""
    return _attributes_on(volume(Grid(unit="1")))


def _attributes_on(field: xr.DataArray) -> xr.Dataset:
    attrs = {"units": "1"}
    part = (field - field.min()) / (field.max() - field.min())
    value = part.copy()
    value[dict.fromkeys(field.dims, 0)] = np.nan
    fields = {"value": value, "road": 1.0 - part, "soil": part**2}
    return xr.Dataset({name: one.assign_attrs(attrs) for name, one in fields.items()}, attrs={"crs": CRS})


def evaluation_units() -> pd.DataFrame:
    """Units as `evaluation.table` gives them."""
    from craton.decide.evaluation import table

    return table(evaluated(), pack=EVALUATION_PACK, draws=0).units


def use_limits() -> pd.DataFrame:
    """Limits of two uses named after scores of `evaluated`."""
    return pd.DataFrame({"use": ["soil", "road"], "least": [1.0, 1.0], "most": [4.0, np.nan]})


def weight_limits() -> pd.DataFrame:
    """Limits of the weights of two outputs named after scores of `evaluated`."""
    columns = {"column": ["soil", "road"], "per": ["road", np.nan]}
    return pd.DataFrame({**columns, "least": [0.5, 0.2], "most": [np.nan, 0.9]})


def criteria_weights() -> pd.DataFrame:
    """Weights of the scores of `evaluated`."""
    frame = pd.DataFrame({"indicator": ["value", "road", "soil"], "weight": [0.5, 0.3, 0.2]})
    frame.attrs["columns"] = {"weight": {"unit": "1"}}
    return frame


def criteria_judgments() -> pd.DataFrame:
    """Judgments of pairs of three indicators that agree nearly."""
    pairs = {"first": ["value", "value", "road"], "second": ["road", "soil", "soil"]}
    frame = pd.DataFrame({**pairs, "value": [2.0, 5.0, 3.0]})
    frame.attrs["columns"] = {"value": {"unit": "1"}}
    return frame


def criteria_comparisons() -> pd.DataFrame:
    """The best of three indicators over the others, and these over the worst."""
    columns = {"best_over": [1.0, 2.0, 8.0], "over_worst": [8.0, 3.0, 1.0]}
    frame = pd.DataFrame({"indicator": ["value", "road", "soil"], **columns})
    frame.attrs["columns"] = {name: {"unit": "1"} for name in columns}
    return frame


def criteria_grades() -> pd.DataFrame:
    """Three grades of each score of `evaluated`."""
    rows = [(name, grade, low, low + 0.4) for name in ("value", "road", "soil")
            for grade, low in (("poor", 0.0), ("fair", 0.4), ("good", 0.8))]  # fmt: skip
    return pd.DataFrame(rows, columns=["indicator", "grade", "low", "high"])


def criteria_classes() -> pd.DataFrame:
    """Two classes of a score of `evaluated`, the first open below."""
    columns = {"class": ["S2", "S1"], "from_value": [np.nan, 0.4], "score": [0.5, 1.0]}
    frame = pd.DataFrame({"indicator": "road", **columns})
    frame.attrs["columns"] = {"score": {"unit": "1"}}
    return frame


def criteria_knots() -> pd.DataFrame:
    """Two knots of a score of `evaluated`."""
    frame = pd.DataFrame({"indicator": "road", "value": [0.2, 0.6], "score": [0.0, 1.0]})
    frame.attrs["columns"] = {"score": {"unit": "1"}}
    return frame


def land_cover() -> xr.DataArray:
    """Three classes on square cells of 400 m, with a corner outside."""
    rows, columns = np.indices((ROWS, COLUMNS))
    cells = 1.0 + (rows // 4 + columns // 3) % 3
    cells[:2, :3] = np.nan
    axes = {"northing": NORTH - 400.0 * np.arange(ROWS), "easting": WEST + 400.0 * np.arange(COLUMNS)}
    return xr.DataArray(cells, axes, ("northing", "easting"), name="cover", attrs={"crs": CRS})


def yearly_grid() -> xr.DataArray:
    """A field over twelve years that rises to the east."""
    flat = grid()[:5, :6]
    years = np.arange(2001, 2013)
    steps = (years - 2000.0)[:, None, None]
    cells = flat.to_numpy() + steps * np.arange(6) + np.cos(3.0 * steps)
    axes = {"time": years, "northing": flat["northing"], "easting": flat["easting"]}
    return xr.DataArray(cells, axes, ("time", "northing", "easting"), name="field", attrs=flat.attrs)


def panel() -> pd.DataFrame:
    """Six villages over ten years, of which three came under a measure in the sixth; with a yearly `value`."""
    village, year = np.divmod(np.arange(60), 10)
    reached = (village < 3) & (year >= 5)
    frame = pd.DataFrame(
        {
            "village": [f"village {n}" for n in village], "year": 2001 + year,
            "site": np.where(village < 3, "measure", "none"), "period": np.where(year >= 5, "after", "before"),
            "reached": reached.astype(float), "name": "row",
            "value": np.round(village + np.sin(1.7 * year) + 2 * reached + np.cos(3.1 * np.arange(60)), 6),
        }
    )  # fmt: skip
    frame.attrs["columns"] = {"value": {"unit": "m"}}
    return frame


def yearly_columns() -> pd.DataFrame:
    """Nine units with a `value` of each of ten years."""
    values = np.round(np.sin(np.arange(90.0).reshape(9, 10)), 3)
    return pd.DataFrame(values, columns=[f"value_{year}" for year in range(2001, 2011)]).assign(name="row")


def study_results() -> pd.DataFrame:
    """Means, deviations and counts of four studies, with effects and variances."""
    return pd.DataFrame({
        "mean": [12.0, 9.0, 15.0, 11.0], "deviation": [2.0, 1.5, 3.0, 2.5], "count": [10.0, 8.0, 20.0, 5.0],
        "control_mean": [10.0, 9.5, 11.0, 8.0], "value": [0.2, -0.1, 0.3, 0.3],
        "spread": [0.01, 0.02, 0.01, 0.04], "name": "row",
    })  # fmt: skip


def districts() -> gpd.GeoDataFrame:
    """The units of `evaluated` as four by three squares that touch."""
    frame = evaluated()
    column, row = np.arange(COUNT) % 4, np.arange(COUNT) // 4
    west, south = WEST + 1000.0 * column, NORTH - 1000.0 * row
    squares = gpd.GeoDataFrame(frame, geometry=shapely.box(west, south, west + 1000, south + 1000), crs=CRS)
    squares.attrs = frame.attrs
    return squares
