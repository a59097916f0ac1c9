"""Inversion, forward: the gravity and magnetic data that a volume of rock would give."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import geopandas as gpd
import numpy as np
import xarray as xr

from craton.kernels.mesh_sensitivity import (
    Floats,
    Mesh,
    gravity_coefficients,
    magnetisation_coefficients,
    susceptibility_coefficients,
)
from craton.kernels.toeplitz_operator import ToeplitzOperator
from craton.methods.inversion import Clearance, Declination, Height, Inclination, Intensity, Predicted
from craton.methods.inversion_mesh import upright
from craton.methods.inversion_stations import MILLIMETRE, Ground, Heights, fitted_table, observations
from craton.methods.inversion_vector import PARTS
from craton.methods.placement import crs_of, same_crs
from craton.model import units
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import ColumnOf, Table, Volume
from craton.process.processes import process

FORWARD = "inversion.forward"


class Rock(NamedTuple):
    """Cells (fields, layers from the top, rows from the south, columns) and how they make data in `unit`."""

    cells: np.ndarray
    mesh: Mesh
    coefficients: Floats
    unit: str
    crs: str


@process(
    FORWARD,
    version="1",
    keywords=("forward model", "synthetic data", "predicted data", "正演", "gravity effect"),
)
def forward(
    model: Annotated[xr.Dataset, Volume()],
    stations: Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))],
    *,
    height_column: Annotated[str, ColumnOf("stations", numeric=True)] | None = None,
    height: Height | None = None,
    sensor_height: Clearance = 0.0,
    field_intensity: Intensity | None = None,
    inclination: Inclination | None = None,
    declination: Declination | None = None,
) -> Predicted:
    """Gravity or magnetic anomaly of a volume at stations.

    Use it to see what data a geological model would give, to check a model that an inversion found, or to
    make synthetic data for planning a survey. The volume is taken to end at its sides: where rock goes on
    beyond them, contrasts are to be against what surrounds it, not densities.

    Parameters
    ----------
    model : Dataset
        A volume of even cells with one field in a unit of density (contrasts), one in SI (susceptibility),
        or `magnetisation_easting`, `magnetisation_northing` and `magnetisation_upward` in A/m. Fields that
        end in `_std` are not looked at; cells without a value count as air.
    stations : GeoDataFrame
        Points in the system of the volume, in metres, outside of cells that have a value other than 0.
    height_column : str
        Column of `stations` with heights in metres. Left out, the points' third coordinate where all have it.
    height : float
        Height of all stations in metres, where none is stated; left out, 0.
    sensor_height : float
        Height of the sensor above the heights stated, in metres.
    field_intensity : float
        Of the ambient field in nT; asked for with susceptibility.
    inclination : float
        Of the ambient field in degrees, positive down; asked for with magnetic fields.
    declination : float
        Of the ambient field in degrees, positive east of the grid's north; asked for with magnetic fields.

    Returns
    -------
    GeoDataFrame
        By station the height and `predicted`: downward gravity in mGal, or the total-field anomaly in nT.

    Notes
    -----
    The sum of the closed forms of right prisms, by Fourier transforms over each layer. It is exact to
    rounding where stations lie at one height in a pattern of the cells; else cells within four sides of a
    station are exact and others interpolated, to 10⁻³ of the largest value and mostly 10⁻⁴.

    References
    ----------
    Nagy, D., Papp, G. and Benedek, J. (2000), The gravitational potential and its derivatives for the
    prism, Journal of Geodesy 74, 552-560, doi:10.1007/s001900000116.

    Blakely, R. J. (1995), Potential theory in gravity and magnetic applications, Cambridge University
    Press, chapters 8 and 9.
    """
    rock = _rock(model, field_intensity, inclination, declination)
    if not same_crs(rock.crs, crs_of(stations)):
        raise ContractError(
            FORWARD, "stations", f"in the system of the volume ({rock.crs[:40] or 'none stated'})",
            f"in {crs_of(stations)[:40] or 'none stated'}", hint="transform them first",
        )  # fmt: skip
    numbered = stations.assign(value=0.0)
    numbered.attrs["columns"] = {**stations.attrs.get("columns", {}), "value": {"unit": rock.unit}}
    data = observations(
        FORWARD, numbered, None, Ground(FORWARD, None), Heights(height_column, height, sensor_height),
        column="value", unit=rock.unit, deviation=1.0, deviation_column=None,
    )  # fmt: skip
    _check_outside(rock, data.places)
    above = data.places.copy()
    steps = (rock.mesh.top - above[:, 2]) / rock.mesh.spacing[0]
    above[np.abs(steps - np.rint(steps)) < 1e-6, 2] += MILLIMETRE
    operator = ToeplitzOperator(
        rock.mesh, above, rock.coefficients, dtype=np.float64,
        report=lambda done: progress.report(0.9 * done, "sensitivities"),
    )  # fmt: skip
    return fitted_table(data, {"predicted": operator.forward(rock.cells)}, rock.unit)


def _rock(
    model: xr.Dataset, intensity: float | None, inclination: float | None, declination: float | None
) -> Rock:
    """The fields of a volume that make data, as its units say."""
    names = [str(name) for name in model.data_vars if not str(name).endswith("_std")]
    if all(name in names for name, _title in PARTS):
        fields = [_in_unit(model[name], "A/m") for name, _title in PARTS]
        along = _given("inclination", inclination), _given("declination", declination)
        return _placed(fields, magnetisation_coefficients(*along), "nT")
    dense = [name for name in names if units.compatible(_unit(model[name]), "kg/m3")]
    magnetic = [name for name in names if units.compatible(_unit(model[name]), "SI")]
    if len(dense) + len(magnetic) != 1:
        raise ContractError(
            FORWARD, "model", "one field of density, one of susceptibility, or magnetisation in three parts",
            f"one with {', '.join(names[:6])}", hint="state its unit, and take one field of it",
        )  # fmt: skip
    if dense:
        return _placed([_in_unit(model[dense[0]], "kg/m3")], gravity_coefficients(), "mGal")
    ambient = (
        _given("field_intensity", intensity),
        _given("inclination", inclination),
        _given("declination", declination),
    )
    return _placed([_in_unit(model[magnetic[0]], "SI")], susceptibility_coefficients(*ambient), "nT")


def _given(parameter: str, value: float | None) -> float:
    """A property of the ambient field, without which magnetic data cannot be told."""
    if value is None:
        raise ContractError(FORWARD, parameter, "given for a volume of magnetic rock", "left out")
    return value


def _unit(field: xr.DataArray) -> str:
    return units.parse(str(field.attrs.get("units", ""))) or ""


def _in_unit(field: xr.DataArray, unit: str) -> xr.DataArray:
    has = _unit(field)
    if not units.compatible(has, unit):
        raise ContractError(FORWARD, "model", f"fields in {unit}", f"{field.name} in {has or 'no unit'}")
    scale, _shift = units.conversion(has, unit)
    return (field * scale).assign_attrs(field.attrs)


def _placed(fields: list[xr.DataArray], coefficients: Floats, unit: str) -> Rock:
    cells = [upright(FORWARD, "model", field) for field in fields]
    cells = [
        one.isel({axis: _descending(one[axis], down=axis == "upward") for axis in one.dims}) for one in cells
    ]
    steps, edges = [], []
    for axis in cells[0].dims:
        places = cells[0][axis].to_numpy().astype(np.float64)
        step = (places[-1] - places[0]) / (places.size - 1)
        steps.append(abs(float(step)))
        edges.append(float(places[0] - 0.5 * step))
    shape = cells[0].shape
    mesh = Mesh(edges[2], edges[1], edges[0], (steps[0], steps[1], steps[2]), (shape[0], shape[1], shape[2]))
    values = np.nan_to_num(np.stack([one.to_numpy().astype(np.float64) for one in cells]))
    return Rock(values, mesh, coefficients, unit, crs_of(fields[0]))


def _descending(axis: xr.DataArray, *, down: bool) -> slice:
    """Slice that turns an axis to fall (`down`) or to rise."""
    falls = bool(axis[0] > axis[-1])
    return slice(None) if falls == down else slice(None, None, -1)


def _check_outside(rock: Rock, places: np.ndarray) -> None:
    """Refuse stations within cells that have a value other than 0."""
    thickness, north, east = rock.mesh.spacing
    inside = np.ones(len(places), dtype=bool)
    index = []
    ways = (
        (rock.mesh.top - places[:, 2]) / thickness,
        (places[:, 1] - rock.mesh.south) / north,
        (places[:, 0] - rock.mesh.west) / east,
    )
    for way, count in zip(ways, rock.mesh.shape, strict=True):
        cell = np.floor(way)
        on_face = np.abs(way - np.rint(way)) < 1e-6
        inside &= (cell >= 0) & (cell < count) & ~on_face
        index.append(np.clip(cell, 0, count - 1).astype(int))
    filled = inside & np.any(rock.cells[:, index[0], index[1], index[2]] != 0, axis=0)
    if filled.any():
        raise ContractError(
            FORWARD, "stations", "outside of cells that have a value", f"{int(filled.sum())} inside of some",
            hint="check heights and their datum",
        )  # fmt: skip
