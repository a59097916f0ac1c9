"""Rock properties of a geological model as volumes, and fields of it beside what was measured."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, NamedTuple, TypedDict, Unpack

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr

from craton.methods.geomodel_ask_model import Asked, asked_of
from craton.methods.inversion_forward import forward
from craton.methods.inversion_mesh import MOST_CELLS
from craton.methods.inversion_stations import numbers
from craton.methods.placement import crs_of, on_cells, place_of, plane_of, with_crs
from craton.methods.vector_shapes import notes_of
from craton.model import units as measures
from craton.model.errors import ContractError
from craton.process.data import TEXT_COLUMNS
from craton.process.marks import Column, Grid, Table

MARGIN = 3.0
"""Heights of the model by which it is continued beyond its sides where no margin is given."""

UNITS = {"density": "kg/m3", "susceptibility": "SI"}
FIELDS = {"density": "mGal", "susceptibility": "nT"}
"""Units of the fields that rock of a property makes."""

QUANTITIES = {"density": "density_contrast", "susceptibility": "magnetic_susceptibility"}

FITTED = (Column(name="height", unit="m", quantity="elevation", title="Height of the station"),)
Fitted = Annotated[gpd.GeoDataFrame, Table(geometry=("Point",), columns=FITTED)]

MISFIT = (
    Column(name="stations", unit="1", title="Stations"),
    Column(name="shift", title="Constant added to the predicted field"),
    Column(name="root_mean_square", title="Root mean square of the residual"),
    Column(name="largest", title="Largest residual, without sign"),
    Column(name="explained", unit="1", title="Share of the variance that is explained"),
)


class FieldAtStations(NamedTuple):
    """Field of a model at stations, and how well it agrees with what was measured."""

    stations: Fitted
    misfit: Annotated[pd.DataFrame, Table(columns=MISFIT)]


class FieldOnGrid(NamedTuple):
    """Field of a model on a grid, and how well it agrees with what was measured."""

    fields: Annotated[xr.Dataset, Grid(plane=True)]
    misfit: Annotated[pd.DataFrame, Table(columns=MISFIT)]


class Rock(NamedTuple):
    """A model and a property of its rocks: its name, and the value of each class, 0 for none."""

    asked: Asked
    name: str
    values: np.ndarray


class Options(TypedDict, total=False):
    """What `inversion.forward` is asked with."""

    height_column: str | None
    height: float | None
    sensor_height: float
    field_intensity: float
    inclination: float
    declination: float


def rock_of(
    id: str, model: xr.Dataset, properties: pd.DataFrame, rock: str, variable: str, background: float
) -> Rock:
    """Property of each unit, as contrast to `background`; units with cells must have one."""
    asked = asked_of(id, model, variable=variable)
    stated = _stated(id, properties, rock)
    names = [str(name).strip().casefold() for name in properties["unit"]]
    known = {name: value for name, value in zip(names, stated, strict=True) if np.isfinite(value)}
    twice = sorted(
        {name for name in known if len({*stated[np.isfinite(stated) & (np.array(names) == name)]}) > 1}
    )
    if twice:
        raise ContractError(
            id, "properties", f"a table with one {rock} for each unit", f"several for {', '.join(twice[:8])}"
        )
    values = np.array([known.get(name.strip().casefold(), np.nan) for name in asked.units.names])
    occurring = np.zeros(values.size, dtype=bool)
    occurring[np.unique(asked.classes[asked.classes > 0]) - 1] = True
    missing = [asked.units.names[row] for row in np.flatnonzero(occurring & ~np.isfinite(values))]
    if missing:
        raise ContractError(
            id, "properties", f"a table with a {rock} of every unit of the model",
            f"one without {', '.join(missing[:8])}",
        )  # fmt: skip
    return Rock(asked, rock, np.concatenate([[0.0], np.nan_to_num(values - background)]))


def _stated(id: str, properties: pd.DataFrame, rock: str) -> np.ndarray:
    """Column of a property in its unit."""
    if rock not in properties.columns:
        came = ", ".join(map(str, properties.columns[:12]))
        raise ContractError(id, "properties", f"a table with the column `{rock}`", f"one with {came}")
    if not pd.api.types.is_numeric_dtype(properties[rock]):
        raise ContractError(id, "properties", f"a table with numbers in `{rock}`", "one with text there")
    unit = measures.parse(str(notes_of(properties).get(rock, {}).get("unit", ""))) or ""
    if not unit or not measures.compatible(unit, UNITS[rock]):
        raise ContractError(
            id, "properties", f"a table with `{rock}` in {UNITS[rock]} or a unit that converts",
            f"one with it in {unit or 'no stated unit'}",
            hint="state the unit in NAME.meta.toml beside the file, or in attrs['columns']",
        )  # fmt: skip
    values = properties[rock].to_numpy(np.float64, na_value=np.nan)
    return np.asarray(measures.convert(values, unit, UNITS[rock]))


def at_stations(
    id: str,
    rock: Rock,
    stations: gpd.GeoDataFrame,
    column: str | None,
    margin: float | None,
    **asked: Unpack[Options],
) -> FieldAtStations:
    """Field of rock at stations beside what was measured there."""
    extended, used = _extended(id, rock, margin), _used(id, stations, column, asked["height_column"])
    with told_by(id):
        found = forward(extended, used, **asked)
    return _compared(id, used, found, column, FIELDS[rock.name])


def on_grid(
    id: str, rock: Rock, grid: xr.DataArray, margin: float | None, **asked: Unpack[Options]
) -> FieldOnGrid:
    """Field of rock on a grid of what was measured."""
    extended, cells = _extended(id, rock, margin), _cell_stations(id, grid)
    with told_by(id):
        found = forward(extended, cells, **asked)
    return _gridded(id, grid, cells, found, FIELDS[rock.name])


def _extended(id: str, rock: Rock, margin: float | None) -> xr.Dataset:
    """The property as a volume, continued beyond the sides of the model as it is there."""
    asked = rock.asked
    up, north, east = asked.lattice.spacing
    reach = MARGIN * up * asked.lattice.shape[0] if margin is None else margin
    more = int(np.ceil(reach / north - 1e-9)), int(np.ceil(reach / east - 1e-9))
    layers, rows, columns = asked.classes.shape
    count = float(layers) * (rows + 2 * more[0]) * (columns + 2 * more[1])
    if count > MOST_CELLS:
        raise ContractError(
            id, "margin", f"one that gives at most {MOST_CELLS} cells", f"one that gives {count:.3g}"
        )
    cells = np.pad(rock.values[asked.classes], ((0, 0), (more[0],) * 2, (more[1],) * 2), mode="edge")
    return rock_volume(rock, cells, rock.name, "", more).to_dataset()


def rock_volume(rock: Rock, cells: np.ndarray, name: str, title: str, more: tuple[int, int]) -> xr.DataArray:
    """Cells from the bottom and the south as a volume, with `more` rows and columns on every side."""
    lattice = rock.asked.lattice
    axes: dict[str, tuple[str, np.ndarray, dict[str, str]]] = {
        "upward": ("upward", lattice.upward, {"units": "m", "positive": "up"})
    }
    for axis, places, extra, sign in (
        ("northing", lattice.northing, more[0], -1), ("easting", lattice.easting, more[1], 1)
    ):  # fmt: skip
        side = lattice.spacing[1 if axis == "northing" else 2]
        steps = np.arange(-extra, places.size + extra)
        axes[axis] = (axis, places[0] + sign * side * steps if extra else places, {"units": "m"})
    attrs: dict[str, Any] = {"units": UNITS[rock.name], "standard_name": QUANTITIES[rock.name]}
    if title:
        attrs["long_name"] = title
    volume = xr.DataArray(cells[::-1, ::-1], axes, tuple(axes), name=name, attrs=attrs)
    return with_crs(volume, lattice.crs)


@contextmanager
def told_by(id: str) -> Iterator[None]:
    """Refusals of the forward model are told as those of process `id`."""
    try:
        yield
    except ContractError as error:
        raise ContractError(id, error.parameter, error.allowed, error.came, hint=error.hint) from error


def _used(
    id: str, stations: gpd.GeoDataFrame, column: str | None, height_column: str | None
) -> gpd.GeoDataFrame:
    """Stations with place, height and value."""
    shapes = stations.geometry.to_numpy()
    kept = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    for name in (column, height_column):
        if name is not None:
            kept &= np.isfinite(stations[name].to_numpy(np.float64, na_value=np.nan))
    if not kept.any():
        allowed = "a table of at least one station with place and value"
        raise ContractError(id, "stations", allowed, "one of none")
    used = stations[kept].reset_index(drop=True)
    used.attrs = dict(stations.attrs)
    return used


def _compared(
    id: str, used: gpd.GeoDataFrame, found: gpd.GeoDataFrame, column: str | None, unit: str
) -> FieldAtStations:
    """The field beside the data."""
    if column is None:
        return FieldAtStations(found, _misfit(found["predicted"].to_numpy(), None, unit))
    observed = numbers(id, "column", used, column, unit)
    misfit = _misfit(found["predicted"].to_numpy(), observed, unit)
    residual = observed - found["predicted"].to_numpy() - float(misfit["shift"].iloc[0])
    table = found.assign(observed=observed, residual=residual)
    notes = dict(found.attrs.get(TEXT_COLUMNS, {}))
    table.attrs[TEXT_COLUMNS] = notes | {name: {"unit": unit} for name in ("observed", "residual")}
    return FieldAtStations(table, misfit)


def _misfit(predicted: np.ndarray, observed: np.ndarray | None, unit: str) -> pd.DataFrame:
    """The table of one row."""
    told = dict.fromkeys(("shift", "root_mean_square", "largest", "explained"), float("nan"))
    if observed is not None:
        shift = float((observed - predicted).mean())
        left = observed - predicted - shift
        spread = float(((observed - observed.mean()) ** 2).mean())
        told = {
            "shift": shift, "root_mean_square": float(np.sqrt((left**2).mean())),
            "largest": float(np.abs(left).max()),
            "explained": 1.0 - float((left**2).mean()) / spread if spread > 0 else float("nan"),
        }  # fmt: skip
    frame = pd.DataFrame([{"stations": predicted.size, **told}])
    in_unit = ("shift", "root_mean_square", "largest")
    frame.attrs[TEXT_COLUMNS] = {
        one.name: {"unit": unit if one.name in in_unit else "1", "title": one.title} for one in MISFIT
    }
    return frame


def _cell_stations(id: str, grid: xr.DataArray) -> gpd.GeoDataFrame:
    """Middles of the cells of a grid that have a value, with that value."""
    cells = plane_of(id, "grid", grid)
    place = place_of(id, "grid", cells)
    values = cells.to_numpy().astype(np.float64).ravel()
    north, east = np.meshgrid(cells[place.rows].to_numpy(), cells[place.columns].to_numpy(), indexing="ij")
    there = np.isfinite(values)
    if not there.any():
        raise ContractError(id, "grid", "a grid with a value in at least one cell", "one without")
    points = shapely.points(east.ravel()[there], north.ravel()[there])
    return gpd.GeoDataFrame(
        {"cell": np.flatnonzero(there), "observed": values[there]}, geometry=points, crs=crs_of(grid) or None
    )


def _gridded(
    id: str, grid: xr.DataArray, cells: gpd.GeoDataFrame, found: gpd.GeoDataFrame, unit: str
) -> FieldOnGrid:
    """The field on the cells of the data."""
    plane = plane_of(id, "grid", grid)
    predicted, observed = found["predicted"].to_numpy(), cells["observed"].to_numpy()
    misfit = _misfit(predicted, observed, unit)
    parts = {
        "predicted": (predicted, "Field of the model"),
        "residual": (observed - predicted - float(misfit["shift"].iloc[0]), "Measured less predicted field"),
    }
    made = {}
    for name, (values, title) in parts.items():
        full = np.full(plane.size, np.nan)
        full[cells["cell"].to_numpy()] = values
        made[name] = on_cells(plane, full.reshape(plane.shape), name=name, unit=unit, title=title)
    return FieldOnGrid(with_crs(xr.Dataset(made), crs_of(grid)), misfit)
