"""Asked model: a volume of classes or numbers laid out for questions, with fields that place contacts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import numpy as np
import xarray as xr

from craton.kernels.surface_nets import Contacts
from craton.kernels.volume_questions import cell_edges
from craton.methods.geomodel_volume import (
    AXES,
    QUANTITY,
    Lattice,
    UnitTable,
    cells_of,
    codes_of,
    lattice_of,
    units_of,
)
from craton.methods.placement import with_crs
from craton.model import units as measures
from craton.model.errors import ContractError
from craton.process.marks import Volume

Model = Annotated[xr.Dataset, Volume()]
"""Mark of a parameter that is a model: a volume with units, or another volume of classes."""

FIELD, CHANCE = "field_", ("probability_", "kans_")
"""Beginnings of the names of scalar fields, and of probabilities by code (our own, and GeoTOP's)."""

FEW = 60
"""Different whole numbers up to which an unnamed variable is taken to be a classification."""


@dataclass(frozen=True)
class Asked:
    """A model of classes: 0 is none, n the unit in row n − 1 of `units`.

    Parameters
    ----------
    volume : Dataset
        As it was given.
    lattice : Lattice
        Its cells.
    units : UnitTable
        Its units.
    classes : array (layers, rows, columns) of int32
        From the bottom, the south and the west.
    contacts : Contacts or None
        Scalar fields and the levels of contacts, in the same order.
    """

    volume: xr.Dataset
    lattice: Lattice
    units: UnitTable
    classes: np.ndarray
    contacts: Contacts | None

    @property
    def corner(self) -> np.ndarray:
        """Easting, northing, upward of the lowest south-west corner."""
        return np.array(self.lattice.extent[:3])

    @property
    def sides(self) -> np.ndarray:
        """Sides of a cell to the east, to the north and upward in metres."""
        return np.array(self.lattice.spacing[::-1])

    def inward(self, places: np.ndarray) -> np.ndarray:
        """Places (n, 3) of easting, northing, upward in sides of cells from the corner."""
        return np.asarray((places - self.corner) / self.sides)

    def height(self, edges: np.ndarray) -> np.ndarray:
        """Elevation in metres of heights in sides of cells."""
        return np.asarray(self.corner[2] + self.sides[2] * np.asarray(edges, dtype=np.float64))

    def edges(self) -> np.ndarray:
        """Heights of the ends of cells in sides of cells."""
        return cell_edges(self.classes, self.contacts)

    def row(self, process: str, name: str, parameter: str = "unit") -> int:
        """Row of a unit by its name or code; refused with the names there are."""
        row = self.units.row(name)
        if row < 0 and name.strip().isdigit():
            found = np.flatnonzero(self.units.codes == int(name))
            row = int(found[0]) if found.size else -1
        if row < 0:
            known = ", ".join(self.units.names[:20])
            raise ContractError(process, parameter, f"a unit of the model: {known}", repr(name))
        return row

    def codes(self, classes: np.ndarray) -> np.ndarray:
        """Codes of classes, 0 for none, in the least type that holds them."""
        table = np.concatenate([[0], self.units.codes])
        return np.asarray(table[np.maximum(classes, 0)].astype(code_type(self.units)))

    def names(self, classes: np.ndarray) -> list[str]:
        """Names of classes, empty for none."""
        table = ("", *self.units.names)
        return [table[max(int(one), 0)] for one in classes]

    def colours(self, classes: np.ndarray) -> np.ndarray:
        """Colours (..., 4) of classes, transparent for none."""
        from matplotlib.colors import to_rgba_array

        table = np.vstack([np.zeros((1, 4)), to_rgba_array(list(self.units.colours) or ["#ffffff"])])
        return np.asarray(table[np.maximum(classes, 0)])

    def chances(self) -> list[np.ndarray | None]:
        """Probability (0 to 1) by unit in the order of `classes`, None for units without one."""
        found = [
            next((p + str(int(code)) for p in CHANCE if p + str(int(code)) in self.volume.data_vars), None)
            for code in self.units.codes
        ]
        cells = {name: upright_cells(self.volume[name]).astype(np.float64) for name in found if name}
        units = {name: measures.parse(str(self.volume[name].attrs.get("units", ""))) or "" for name in cells}
        bare = [name for name, unit in units.items() if not (unit and measures.compatible(unit, "1"))]
        # GeoTOP states no unit for its chances in percent; where all are rare, that one is none.
        percent = any(float(np.nanmax(cells[name], initial=0.0)) > 1.0 for name in bare)
        units |= dict.fromkeys(bare, "%" if percent else "1")
        return [None if name is None else measures.convert(cells[name], units[name], "1") for name in found]


def code_type(units: UnitTable) -> type[np.unsignedinteger]:
    """Type of numbers that holds the codes."""
    return np.uint8 if not units.codes.size or int(units.codes.max()) < 256 else np.uint16


def upright_cells(field: xr.DataArray, process: str = "geomodel", parameter: str = "model") -> np.ndarray:
    """Values (layers, rows, columns) from the bottom, the south and the west."""
    return np.ascontiguousarray(cells_of(field, process=process, parameter=parameter)[::-1, ::-1])


def asked_of(process: str, volume: xr.Dataset, *, variable: str = "", parameter: str = "model") -> Asked:
    """`volume` laid out for questions; refused where it has no classes."""
    lattice = lattice_of(volume, process=process, parameter=parameter)
    units = units_of(volume, variable=variable, process=process, parameter=parameter)
    codes = codes_of(volume, units, process=process)[::-1, ::-1]
    classes = np.ascontiguousarray(classes_of(units, codes))
    if not (classes > 0).any():
        raise ContractError(
            process, parameter, "a model with a unit in at least one cell", "one without a unit anywhere"
        )
    return Asked(volume, lattice, units, classes, _contacts(volume, units))


def classes_of(units: UnitTable, codes: np.ndarray) -> np.ndarray:
    """Classes of codes: 0 for none and what is no unit's code, n for the unit in row n − 1."""
    order = np.argsort(units.codes)
    place = np.searchsorted(units.codes[order], codes).clip(0, order.size - 1)
    known = units.codes[order][place] == codes
    return np.where(known, order[place] + 1, 0).astype(np.int32)


def _contacts(volume: xr.Dataset, units: UnitTable) -> Contacts | None:
    """Fields with the levels at which units have their base, where the model keeps them."""
    named = {
        name: _levels(volume[name])
        for name in map(str, volume.data_vars)
        if name.startswith(FIELD) and set(volume[name].dims) == set(AXES)
    }
    named = {name: levels for name, levels in named.items() if levels}
    found: list[list[tuple[int, float]]] = [[] for _row in range(len(units.names) + 1)]
    for number, levels in enumerate(named.values()):
        for unit, level in levels.items():
            row = units.row(unit)
            if row >= 0:
                found[row + 1].append((number, level))
    most = max(map(len, found))
    if not most:
        return None
    field = np.full((len(found), most), -1, dtype=np.int32)
    levels_of = np.zeros((len(found), most))
    for row, pairs in enumerate(found):
        for place, (number, value) in enumerate(pairs):
            field[row, place], levels_of[row, place] = number, value
    cells = np.stack([upright_cells(volume[name]).astype(np.float32) for name in named])
    return Contacts(cells, field, levels_of, np.arange(len(found), dtype=np.int32))


def _levels(field: xr.DataArray) -> dict[str, float]:
    """Levels by the name of the unit whose base they are; none where they cannot be read."""
    stated = field.attrs.get("levels", {})
    try:
        told = json.loads(stated) if isinstance(stated, str) else dict(stated)
        return {str(name): float(value) for name, value in told.items()}
    except (TypeError, ValueError, AttributeError):
        return {}


def on_plane(lattice: Lattice, cells: np.ndarray, name: str, attrs: dict[str, Any]) -> xr.DataArray:
    """Values (rows from the south, columns) as a grid, its first row in the north."""
    axes = {
        "northing": ("northing", lattice.northing, {"units": "m"}),
        "easting": ("easting", lattice.easting, {"units": "m"}),
    }
    return with_crs(xr.DataArray(cells[::-1], axes, tuple(axes), name=name, attrs=attrs), lattice.crs)


def is_classes(volume: xr.Dataset, variable: str) -> bool:
    """Whether `variable` holds classes rather than numbers; so does a volume of which none is named."""
    if not variable or variable not in volume.data_vars:
        return True
    attrs = volume[variable].attrs
    if "flag_values" in attrs or attrs.get("standard_name") == QUANTITY:
        return True
    if variable.startswith(CHANCE) or attrs.get("units"):
        return False
    values = np.unique(volume[variable].to_numpy())
    values = values[np.isfinite(values)]
    return bool(values.size <= FEW and (values == np.rint(values)).all())


class Numbers(NamedTuple):
    """Numbers of a volume at places: values (NaN outside), whether inside, attributes and name."""

    cells: np.ndarray
    inside: np.ndarray
    attrs: dict[str, Any]
    name: str


def number_cells(
    process: str,
    volume: xr.Dataset,
    variable: str,
    lattice: Lattice,
    places: np.ndarray,
    shape: tuple[int, ...],
) -> Numbers:
    """Numbers of the cells that places (n, 3) lie in, of a `shape` of n."""
    field = volume[variable]
    values = upright_cells(field, process)
    inward = (places - np.array(lattice.extent[:3])) / np.array(lattice.spacing[::-1])
    sizes = np.array(values.shape[::-1])
    inside = ((inward >= 0) & (inward <= sizes)).all(axis=1)
    i, j, k = np.clip(np.floor(inward), 0, sizes - 1).astype(int).T
    cells = np.where(inside, values[k, j, i].astype(np.float32), np.float32(np.nan)).reshape(shape)
    kept = {key: field.attrs[key] for key in ("units", "standard_name", "long_name") if key in field.attrs}
    return Numbers(cells, inside.reshape(shape), kept, variable)
