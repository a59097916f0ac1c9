"""Layers of a model: its units, and how places come to coordinates along the layers of one of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
import xarray as xr

from craton.kernels import layer_coordinates as layers
from craton.methods.geomodel_volume import (
    Lattice,
    UnitTable,
    cells_of,
    codes_of,
    lattice_of,
    units_of,
)
from craton.model.errors import ContractError

FIELD = "field_"
"""Beginning of the name of a scalar field of a model."""

Layering = Literal["automatic", "field", "proportional", "plane", "none"]

Placing = Callable[[np.ndarray], np.ndarray]
"""From places (n, 3) as easting, northing, upward to layer coordinates (n, 3)."""


class Ground(NamedTuple):
    """A model: its volume, cells, units and codes (levels, rows, columns)."""

    volume: xr.Dataset
    lattice: Lattice
    units: UnitTable
    codes: np.ndarray


def ground_of(process: str, volume: xr.Dataset, *, parameter: str = "volume") -> Ground:
    """The model in `volume`."""
    units = units_of(volume, process=process, parameter=parameter)
    lattice = lattice_of(volume, process=process, parameter=parameter)
    codes = codes_of(volume, units, process=process)
    if not codes.any():
        raise ContractError(
            process, parameter, "a model with cells of at least one unit", "one of none",
        )  # fmt: skip
    return Ground(volume, lattice, units, codes)


def placing_of(process: str, ground: Ground, row: int, layering: Layering) -> Placing:
    """How places come to layer coordinates of the unit in `row`."""
    inside = ground.codes == ground.units.codes[row]
    if layering == "none" or not inside.any():
        return lambda places: places
    fields = [name for name in map(str, ground.volume.data_vars) if name.startswith(FIELD)]
    wants_field = layering in {"automatic", "field"}
    field = _field_of(ground, fields, ground.units.names[row]) if wants_field else None
    if layering == "field" and field is None:
        raise ContractError(
            process, "layering", "one that the model has a field for, of the series of each unit",
            f"field, without one for {ground.units.names[row]}", hint="take proportional",
        )  # fmt: skip
    if field is not None:
        return _along_field(ground.lattice, field, inside)
    if layering == "automatic" and fields:
        # A unit that no field of the model layers, such as a basement, has no layers.
        return lambda places: places
    return (_along_plane if layering == "plane" else _along_columns)(ground.lattice, inside)


def _field_of(ground: Ground, fields: list[str], name: str) -> np.ndarray | None:
    """Scalar field of the series whose levels name the unit `name`."""
    for variable in (ground.volume[one] for one in fields):
        levels = variable.attrs.get("levels", "{}")
        named = json.loads(levels) if isinstance(levels, str) else dict(levels)
        if name.strip().casefold() in {str(one).strip().casefold() for one in named}:
            return layers.filled(cells_of(variable).astype(np.float64))
    return None


def _along_field(lattice: Lattice, field: np.ndarray, inside: np.ndarray) -> Placing:
    first, steps = _origin(lattice)
    metres = layers.metres_per_step(field, inside, (steps[0], steps[1], steps[2]))
    middle = float(np.median(field[inside]))

    def placing(places: np.ndarray) -> np.ndarray:
        values = layers.at_places(field, first, steps, places[:, ::-1])
        return np.column_stack([places[:, :2], (values - middle) * metres])

    return placing


def _origin(lattice: Lattice) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """First cell and signed steps, along upward, northing and easting."""
    axes = (lattice.upward, lattice.northing, lattice.easting)
    return tuple(float(axis[0]) for axis in axes), tuple(float(axis[1] - axis[0]) for axis in axes)


def _along_columns(lattice: Lattice, inside: np.ndarray) -> Placing:
    first, steps = _origin(lattice)
    base, top = layers.column_edges(inside, lattice.upward)
    thickness = float((top - base)[inside.any(axis=0)].mean())
    least = layers.LEAST * lattice.spacing[0]

    def placing(places: np.ndarray) -> np.ndarray:
        low, high = (layers.at_places(one, first[1:], steps[1:], places[:, 1::-1]) for one in (base, top))
        across = layers.proportional(places[:, 2], low, high, thickness, least)
        return np.column_stack([places[:, :2], across])

    return placing


def _along_plane(lattice: Lattice, inside: np.ndarray) -> Placing:
    base, top = layers.column_edges(inside, lattice.upward)
    row, column = np.nonzero(inside.any(axis=0))
    middle = ((base + top) / 2)[row, column]
    level, north, east = layers.plane_through(
        lattice.easting[column], lattice.northing[row], middle
    )[[0, 2, 1]]  # fmt: skip

    def placing(places: np.ndarray) -> np.ndarray:
        across = places[:, 2] - level - east * places[:, 0] - north * places[:, 1]
        return np.column_stack([places[:, :2], across])

    return placing
