"""Several models of one place: their units under one numbering, on the same cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from craton.methods.geomodel_ask_model import Asked, asked_of
from craton.methods.geomodel_volume import AXES, MOST_CODE, Lattice, UnitTable, units_of
from craton.methods.placement import same_crs
from craton.model.errors import ContractError
from craton.process import progress

REALIZATION = "realization"

NEAR = 1e-3
"""Share of a cell by which cells may lie apart and still be the same."""


class Ensemble(NamedTuple):
    """Members on one lattice: classes (members, layers, rows, columns), from the bottom and the south.

    0 is none, n the unit in row n − 1.
    """

    lattice: Lattice
    units: UnitTable
    classes: np.ndarray


def ensemble_of(process: str, models: Sequence[xr.Dataset], *, variable: str, least: int = 2) -> Ensemble:
    """Members of `models`: several models, or one or more with an axis `realization`."""
    members: list[np.ndarray] = []
    first: Asked | None = None
    joined: UnitTable | None = None
    for one in progress.each(list(_members(process, models, variable)), "reading models"):
        asked = asked_of(process, one, variable=variable, parameter="models")
        first = first or asked
        if not same_cells(asked.lattice, first.lattice):
            raise ContractError(
                process, "models", "models on the same cells, in one reference system", "some on others",
                hint="build them with the same extent and spacing",
            )  # fmt: skip
        joined, table = joined_units(joined, asked.units)
        members.append(table[asked.classes])
    if first is None or joined is None or len(members) < least:
        raise ContractError(
            process, "models", f"{least} models or realizations, or more", f"{len(members)}",
            hint="give several models, or one with an axis `realization`",
        )  # fmt: skip
    return Ensemble(first.lattice, joined, np.stack(members))


def _members(process: str, models: Sequence[xr.Dataset], variable: str) -> Iterator[xr.Dataset]:
    for model in models:
        if REALIZATION not in model.dims:
            yield model
            continue
        wanted = variable or _with_members(model)
        name = units_of(model, variable=wanted, process=process, parameter="models").variable
        field = model[name]
        if set(field.dims) != {REALIZATION, *AXES}:
            came = ", ".join(map(str, field.dims))
            raise ContractError(
                process, "models", f"{REALIZATION}, upward, northing, easting of `{name}`", came
            )
        for number in range(model.sizes[REALIZATION]):
            yield field.isel({REALIZATION: number}, drop=True).to_dataset(name=name).assign_attrs(model.attrs)


def _with_members(model: xr.Dataset) -> str:
    """Variable of classes with an axis of members, empty where none or more have one."""
    names = [
        str(name) for name, one in model.data_vars.items()
        if REALIZATION in one.dims and "flag_values" in one.attrs
    ]  # fmt: skip
    return names[0] if len(names) == 1 else ""


def same_cells(one: Lattice, other: Lattice) -> bool:
    """Whether two lattices have the same cells."""
    if one.shape != other.shape or not same_crs(one.crs, other.crs):
        return False
    ends = np.abs(np.subtract(one.extent, other.extent)).reshape(2, 3) / np.array(one.spacing[::-1])
    return bool((ends < NEAR).all())


def joined_units(joined: UnitTable | None, units: UnitTable) -> tuple[UnitTable, np.ndarray]:
    """`joined` with the units of another model that it lacks by name, and their classes in it (n + 1,).

    A new unit keeps its code where that is free.
    """
    if joined is None:
        return units, np.arange(len(units.names) + 1, dtype=np.int16)
    codes, names, colours = list(joined.codes), list(joined.names), list(joined.colours)
    table = np.zeros(len(units.names) + 1, dtype=np.int16)
    for row, name in enumerate(units.names):
        at = joined.row(name)
        if at < 0:
            taken = set(codes)
            own = int(units.codes[row])
            free = own if own not in taken else next(c for c in range(1, MOST_CODE) if c not in taken)
            codes.append(free)
            names.append(name)
            colours.append(units.colours[row])
            at = len(names) - 1
        table[row + 1] = at + 1
    return UnitTable(np.array(codes, dtype=np.int64), tuple(names), tuple(colours), joined.variable), table


def codes_by_class(units: UnitTable) -> np.ndarray:
    """Code of each class, 0 for none."""
    return np.concatenate([[0], units.codes]).astype(np.int32)
