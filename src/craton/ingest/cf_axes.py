"""Which variable is which axis, by the CF conventions and by the names people use."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Literal

import numpy as np
import xarray as xr

Role = Literal["x", "y", "longitude", "latitude", "vertical", "time", "realization"]

EASTWARD = (
    "degrees_east", "degree_east", "degree_E", "degrees_E", "degreesE",
    "degreeE",  # codespell:ignore degreee
)  # fmt: skip
NORTHWARD = ("degrees_north", "degree_north", "degree_N", "degrees_N", "degreeN", "degreesN")
"""Units that only longitudes and only latitudes have."""

ROLE_OF_UNIT: dict[str, Role] = {
    **{unit.lower(): "longitude" for unit in EASTWARD},
    **{unit.lower(): "latitude" for unit in NORTHWARD},
}
ROLE_OF_STANDARD_NAME: dict[str, Role] = {
    "longitude": "longitude",
    "latitude": "latitude",
    "projection_x_coordinate": "x",
    "projection_y_coordinate": "y",
    "grid_longitude": "x",
    "grid_latitude": "y",
    "time": "time",
    "realization": "realization",
    **dict.fromkeys(
        (
            "height", "depth", "altitude", "elevation", "height_above_mean_sea_level", "depth_below_geoid",
            "height_above_reference_ellipsoid", "height_above_geopotential_datum", "depth_below_surface",
        ),
        "vertical",
    ),
}  # fmt: skip
ROLE_OF_AXIS: dict[str, Role] = {"x": "x", "y": "y", "z": "vertical", "t": "time"}
ROLE_OF_NAME: dict[str, Role] = {
    **dict.fromkeys(("lon", "long", "longitude", "longitudes", "lons", "nav_lon", "xlong"), "longitude"),
    **dict.fromkeys(("lat", "latitude", "latitudes", "lats", "nav_lat", "xlat"), "latitude"),
    **dict.fromkeys(("x", "easting", "eastings", "east", "xc", "x_coordinate", "rlon"), "x"),
    **dict.fromkeys(("y", "northing", "northings", "north", "yc", "y_coordinate", "rlat"), "y"),
    **dict.fromkeys(("z", "depth", "height", "altitude", "upward", "elevation"), "vertical"),
    **dict.fromkeys(("time", "date", "datetime"), "time"),
    **dict.fromkeys(("realization", "realisation", "ensemble", "member"), "realization"),
}

HORIZONTAL: tuple[tuple[Role, Role], ...] = (("y", "x"), ("latitude", "longitude"))
"""Roles of the two horizontal axes, rows first."""

PLANE_NODES = 1 << 26
"""Nodes up to which coordinates given at every node are looked at."""

METRES: dict[str, float] = {
    **dict.fromkeys(("m", "meter", "meters", "metre", "metres"), 1.0),
    **dict.fromkeys(("km", "kilometer", "kilometers", "kilometre", "kilometres"), 1000.0),
    **dict.fromkeys(("cm", "centimeter", "centimeters", "centimetre", "centimetres"), 0.01),
    **dict.fromkeys(("ft", "foot", "feet"), 0.3048),
}
"""Metres in one unit of a vertical axis."""


def role_of(name: Hashable, attributes: Mapping[str, object]) -> Role | None:
    """The axis that variable `name` with `attributes` is, or `None`."""
    unit, standard, axis = (
        str(attributes.get(key, "")).strip().lower() for key in ("units", "standard_name", "axis")
    )
    return (
        ROLE_OF_UNIT.get(unit)
        or ROLE_OF_STANDARD_NAME.get(standard)
        or ("time" if " since " in unit else None)
        or ROLE_OF_AXIS.get(axis)
        or ROLE_OF_NAME.get(str(name).lower())
    )


def find_axes(dataset: xr.Dataset) -> tuple[xr.Dataset, dict[Role, str]]:
    """Dimensions of `dataset` by the axis they are, each with its coordinate variable.

    A coordinate that goes by another name than its dimension (`lat(nlat)`)
    gives the dimension its own.
    """
    dataset = _name_dimensions(_separate(dataset))
    axes: dict[Role, str] = {}
    for name in dataset.dims:
        if name not in dataset.variables or dataset[name].dtype.kind not in "iufM":
            continue
        role = role_of(name, dataset[name].attrs)
        if role is not None and role not in axes:
            axes[role] = str(name)
    return dataset, axes


def _separate(dataset: xr.Dataset) -> xr.Dataset:
    """Coordinates given at every node of a plane as one axis each, where they vary along one only."""
    flat = {
        role_of(name, variable.attrs): name
        for name, variable in dataset.variables.items()
        if variable.ndim == 2 and variable.dtype.kind in "iuf" and variable.size <= PLANE_NODES
    }
    rows, columns = flat.get("latitude"), flat.get("longitude")
    if rows is None or columns is None or dataset[rows].dims != dataset[columns].dims:
        return dataset
    down, across = (str(name) for name in dataset[rows].dims)
    if down in dataset.variables or across in dataset.variables:
        return dataset
    if not (_constant(dataset[rows], across) and _constant(dataset[columns], down)):
        return dataset
    axes = {
        rows: dataset[rows].variable.isel({across: 0}),
        columns: dataset[columns].variable.isel({down: 0}),
    }
    return dataset.drop_vars([rows, columns]).assign(axes)


def _constant(coordinate: xr.DataArray, along: str) -> bool:
    spread = coordinate.max(along) - coordinate.min(along)
    return bool((spread <= 1e-6 * float(np.ptp(coordinate.to_numpy()))).all())


def _name_dimensions(dataset: xr.Dataset) -> xr.Dataset:
    """`dataset` with each dimension called by its one coordinate, where that has another name."""
    named: dict[Hashable, list[Hashable]] = {}
    for name, variable in dataset.variables.items():
        if variable.ndim == 1 and variable.dims[0] != name and role_of(name, variable.attrs):
            named.setdefault(variable.dims[0], []).append(name)
    lone = {dim: names[0] for dim, names in named.items() if len(names) == 1 and dim not in dataset.variables}
    for dimension, name in lone.items():
        dataset = dataset.set_coords(name).swap_dims({dimension: name})
    return dataset


def horizontal(axes: Mapping[Role, str]) -> tuple[str, str] | None:
    """Dimensions of the rows and the columns, `None` unless both are known."""
    for rows, columns in HORIZONTAL:
        if rows in axes and columns in axes:
            return axes[rows], axes[columns]
    return None


def upward(coordinate: xr.DataArray) -> tuple[np.ndarray, bool] | None:
    """Coordinate in metres, positive up, and whether its unit was another; `None` where it is no length."""
    unit = str(coordinate.attrs.get("units", "")).strip().lower()
    positive = str(coordinate.attrs.get("positive", "")).lower()
    standard = str(coordinate.attrs.get("standard_name", coordinate.name)).lower()
    if unit not in METRES:
        return None
    down = positive == "down" or (not positive and standard.startswith("depth"))
    values = coordinate.to_numpy().astype(np.float64) * METRES[unit]
    return (0.0 - values if down else values), METRES[unit] != 1
