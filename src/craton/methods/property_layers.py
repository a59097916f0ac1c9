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

MOST_STEEP = 0.1
"""Part of a unit with layers too steep to their mean plane, or turned over, above which no field is taken."""


class Placing(NamedTuple):
    """How places (n, 3) as easting, northing, upward come to layer coordinates (n, 3).

    Parameters
    ----------
    kind : str
        The layering in words.
    forth : callable
        From places to coordinates.
    axes : array (3, 3)
        Directions in space of the axes of the coordinates, as far as they have one.
    """

    kind: str
    forth: Callable[[np.ndarray], np.ndarray]
    axes: np.ndarray = layers.LEVEL

    def __call__(self, places: np.ndarray) -> np.ndarray:
        """Layer coordinates of places."""
        return self.forth(places)


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
        return _as_in_space("none")
    fields = [name for name in map(str, ground.volume.data_vars) if name.startswith(FIELD)]
    wants_field = layering in {"automatic", "field"}
    field = _field_of(ground, fields, ground.units.names[row]) if wants_field else None
    if layering == "field" and field is None:
        raise ContractError(
            process, "layering", "one that the model has a field for, of the series of each unit",
            f"field, without one for {ground.units.names[row]}", hint="take proportional",
        )  # fmt: skip
    if field is not None:
        found = _along_field(ground.lattice, field, inside)
        if found is None and layering == "field":
            raise ContractError(
                process, "layering", "field for units whose layers lie near one plane",
                f"field for {ground.units.names[row]}, whose layers lie too far from one",
                hint="take none, or name other `units`",
            )  # fmt: skip
        return found or _as_in_space("none, as its layers lie too far from one plane")
    if layering == "automatic" and fields:
        # A unit that no field of the model layers, such as a basement, has no layers.
        return _as_in_space("none")
    return (_along_plane if layering == "plane" else _along_columns)(ground.lattice, inside)


def _field_of(ground: Ground, fields: list[str], name: str) -> np.ndarray | None:
    """Scalar field of the series whose levels name the unit `name`."""
    for variable in (ground.volume[one] for one in fields):
        levels = variable.attrs.get("levels", "{}")
        named = json.loads(levels) if isinstance(levels, str) else dict(levels)
        if name.strip().casefold() in {str(one).strip().casefold() for one in named}:
            return layers.filled(cells_of(variable).astype(np.float64))
    return None


def _as_in_space(kind: str) -> Placing:
    return Placing(kind, lambda places: places)


def _along_field(lattice: Lattice, field: np.ndarray, inside: np.ndarray) -> Placing | None:
    """Coordinates in the mean plane of the layers and across; none where too many do not lie in one."""
    first, steps = _origin(lattice)
    slopes = layers.gradients(field, inside, steps)
    normal, steep = layers.mean_normal(slopes)
    if steep > MOST_STEEP:
        return None
    # Rounding does not tell up from down for layers that stand on end.
    sign = -1.0 if normal[2] < -1e-9 else 1.0
    axes = layers.turned_to(sign * normal)
    metres = sign * float(np.median(1.0 / np.linalg.norm(slopes, axis=1)))
    middle = float(np.median(field[inside]))

    def forth(places: np.ndarray) -> np.ndarray:
        values = layers.at_places(field, first, steps, places[:, ::-1], straight=True)
        return np.column_stack([places @ axes[:2].T, (values - middle) * metres])

    return Placing("field", forth, axes)


def _origin(lattice: Lattice) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """First cell and signed steps, along upward, northing and easting."""
    axes = (lattice.upward, lattice.northing, lattice.easting)
    return tuple(float(axis[0]) for axis in axes), tuple(float(axis[1] - axis[0]) for axis in axes)


def _along_columns(lattice: Lattice, inside: np.ndarray) -> Placing:
    first, steps = _origin(lattice)
    base, top = layers.column_edges(inside, lattice.upward)
    thickness = float((top - base)[inside.any(axis=0)].mean())
    least = layers.LEAST * lattice.spacing[0]

    def forth(places: np.ndarray) -> np.ndarray:
        low, high = (layers.at_places(one, first[1:], steps[1:], places[:, 1::-1]) for one in (base, top))
        across = layers.proportional(places[:, 2], low, high, thickness, least)
        return np.column_stack([places[:, :2], across])

    return Placing("proportional", forth)


def _along_plane(lattice: Lattice, inside: np.ndarray) -> Placing:
    base, top = layers.column_edges(inside, lattice.upward)
    row, column = np.nonzero(inside.any(axis=0))
    middle = ((base + top) / 2)[row, column]
    level, north, east = layers.plane_through(
        lattice.easting[column], lattice.northing[row], middle
    )[[0, 2, 1]]  # fmt: skip

    def forth(places: np.ndarray) -> np.ndarray:
        across = places[:, 2] - level - east * places[:, 0] - north * places[:, 1]
        return np.column_stack([places[:, :2], across])

    return Placing("plane", forth)
