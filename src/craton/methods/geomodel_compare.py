"""Two versions of a geological model: what changed, and by how much."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from scipy.ndimage import map_coordinates

from craton.kernels.surface_nets import Contacts
from craton.kernels.volume_questions import Columns, cell_edges, classes_at, columns_of
from craton.methods.geomodel_ask_model import Asked, Model, asked_of
from craton.methods.geomodel_members import codes_by_class, joined_units, same_cells
from craton.methods.geomodel_volume import UnitTable, flags, volume_of
from craton.methods.placement import same_crs
from craton.model.errors import ContractError
from craton.process.data import TEXT_COLUMNS
from craton.process.marks import Column, Table, Volume
from craton.process.processes import process

COMPARE = "geomodel.compare"

CHANGES = (
    Column(name="unit", quantity="geological_unit", title="Unit"),
    Column(name="code", unit="1", title="Code"),
    Column(name="volume_before", unit="m3", title="Volume before"),
    Column(name="volume_after", unit="m3", title="Volume after"),
    Column(name="cells_gained", unit="1", title="Cells gained"),
    Column(name="cells_lost", unit="1", title="Cells lost"),
    Column(name="volume_gained", unit="m3", title="Volume of the cells gained"),
    Column(name="volume_lost", unit="m3", title="Volume of the cells lost"),
    Column(name="gained_from", quantity="geological_unit", title="Unit that most was gained from"),
    Column(name="lost_to", quantity="geological_unit", title="Unit that most was lost to"),
    Column(name="base_moved_mean", unit="m", title="Mean rise of the base"),
    Column(name="base_moved_up", unit="m", title="Greatest rise of the base"),
    Column(name="base_moved_down", unit="m", title="Greatest fall of the base"),
    Column(name="top_moved_mean", unit="m", title="Mean rise of the top"),
    Column(name="columns_gained", unit="1", title="Columns of cells in which it is new"),
    Column(name="columns_lost", unit="1", title="Columns of cells in which it is gone"),
)

NONE = "none"


class Comparison(NamedTuple):
    """What changed, by unit and by cell."""

    changes: Annotated[pd.DataFrame, Table(columns=CHANGES)]
    cells: Annotated[xr.Dataset, Volume()]


@process(COMPARE, version="1", keywords=("change", "difference", "version", "4D", "变化", "update report"))
def compare(before: Model, after: Model, *, variable: str = "") -> Comparison:
    """What changed from one version of a geological model to the next.

    Use it as the report of an update: which units grew or shrank after new holes, where, and how far their
    bases moved. Also for two authors' models, or a model and GeoTOP, if their units have the same names.

    Parameters
    ----------
    before : Dataset
        The earlier model, on whose cells the two are compared.
    after : Dataset
        The later model. On other cells, it is read at the middles of those of `before`; cells that it does
        not reach are left out of both. Units are matched by name.
    variable : str
        Variable of both models with the classes; left out, `unit`, else the first that has classes.

    Returns
    -------
    changes : DataFrame
        A row a unit: its volume before and after, cells gained and lost with their volume and the unit that
        most of them came from or went to (`none` for air and outside), mean, greatest rise and greatest
        fall of its base and mean rise of its top, in metres, over columns of cells that have it in both.
    cells : Dataset
        Where something changed, `unit` after and `unit_before`, and 0 in both elsewhere; `changed` is 1
        there, 0 where both agree.

    Notes
    -----
    Volumes before and after, and moves, are within cells where the models keep their scalar fields; of a
    later model on other cells, by its fields at the middles of those of the earlier one. Cells gained and
    lost are whole ones.

    References
    ----------
    Wellmann, J. F. and Caumon, G. (2018), 3-D structural geological models: concepts, methods, and
    uncertainties, Advances in Geophysics 59, 1-121, doi:10.1016/bs.agph.2018.09.001.
    """
    one = asked_of(COMPARE, before, variable=variable, parameter="before")
    two = asked_of(COMPARE, after, variable=variable, parameter="after")
    units, first = joined_units(None, one.units)
    units, second = joined_units(units, two.units)
    old = first[one.classes]
    alike = same_cells(one.lattice, two.lattice)
    read, later = (two.classes, two.edges()) if alike else _read(one, two)
    new = np.where(read >= 0, second[np.maximum(read, 0)], -1)
    old = np.where(new >= 0, old, -1)
    pair = _Pair.of((old, one.edges()), (new, later))
    rows = [_row(one, units, pair, row) for row in range(len(units.names))]
    table = pd.DataFrame(rows)
    table.attrs[TEXT_COLUMNS] = {c.name: {"unit": c.unit, "title": c.title} for c in CHANGES if c.unit}
    return Comparison(table, _changed(one, units, old, new))


def _read(one: Asked, two: Asked) -> tuple[np.ndarray, np.ndarray]:
    """Later model in the cells of the earlier one: classes at their middles, −1 beyond it, and their ends."""
    if not same_crs(one.lattice.crs, two.lattice.crs):
        raise ContractError(
            COMPARE, "after", f"in the system of `before` ({one.lattice.crs[:40] or 'none stated'})",
            f"in {two.lattice.crs[:40] or 'none stated'}",
        )  # fmt: skip
    places = two.inward(one.lattice.places())
    shape = one.classes.shape
    cells = classes_at(two.classes, places, two.contacts).reshape(shape)[::-1, ::-1]
    if not (cells >= 0).any():
        raise ContractError(COMPARE, "after", "a model that overlaps with `before`", "one beside it")
    contacts = None if two.contacts is None else _contacts_at(two.contacts, places, shape)
    return cells, cell_edges(np.maximum(cells, 0), contacts)


def _contacts_at(contacts: Contacts, places: np.ndarray, shape: tuple[int, ...]) -> Contacts:
    """Contacts with their fields at places, linear between the middles of cells."""
    layers_rows_columns = places.T[::-1] - 0.5
    fields = [
        map_coordinates(field, layers_rows_columns, order=1, mode="nearest").reshape(shape)[::-1, ::-1]
        for field in contacts.fields
    ]
    return contacts._replace(fields=np.stack(fields))


class _Pair(NamedTuple):
    """Two versions laid side by side.

    Parameters
    ----------
    before, after : tuple of array
        Classes and ends of the cells of either.
    was, now : array (m,)
        Classes of the cells whose class differs.
    differs : array (rows, columns)
        Whether anything does in a column of cells.
    """

    before: tuple[np.ndarray, np.ndarray]
    after: tuple[np.ndarray, np.ndarray]
    was: np.ndarray
    now: np.ndarray
    differs: np.ndarray

    @classmethod
    def of(cls, before: tuple[np.ndarray, np.ndarray], after: tuple[np.ndarray, np.ndarray]) -> _Pair:
        """Two versions by classes and ends of their cells."""
        moved = before[0] != after[0]
        differs = moved.any(axis=0) | (before[1] != after[1]).any(axis=0)
        return cls(before, after, before[0][moved], after[0][moved], differs)

    def columns(self, wanted: int) -> tuple[Columns, Columns]:
        """A class in the columns of both; those of the later version are looked at where they differ."""
        was = columns_of(*self.before, wanted)
        classes, edges = (part[:, self.differs][..., None] for part in self.after)
        own = columns_of(classes, edges, wanted)
        now = Columns(*(part.copy() for part in was))
        for part, changed in zip(now, own, strict=True):
            part[self.differs] = changed[:, 0]
        return was, now


def _row(one: Asked, units: UnitTable, pair: _Pair, row: int) -> dict[str, Any]:
    """Row of the report of one unit."""
    cell = float(np.prod(one.sides))
    was, now = pair.columns(row + 1)
    gained, lost = pair.was[pair.now == row + 1], pair.now[pair.was == row + 1]
    rise = one.sides[2] * (now.base - was.base)
    rise = rise[np.isfinite(rise)]
    top = one.sides[2] * (now.top - was.top)
    top = top[np.isfinite(top)]
    had, has = np.isfinite(was.top), np.isfinite(now.top)
    return {
        "unit": units.names[row], "code": int(units.codes[row]),
        "volume_before": float(was.thickness.sum()) * cell, "volume_after": float(now.thickness.sum()) * cell,
        "cells_gained": gained.size, "cells_lost": lost.size,
        "volume_gained": gained.size * cell, "volume_lost": lost.size * cell,
        "gained_from": _most(units, gained), "lost_to": _most(units, lost),
        "base_moved_mean": _of(rise, np.mean), "base_moved_up": _of(np.maximum(rise, 0), np.max),
        "base_moved_down": _of(np.maximum(-rise, 0), np.max), "top_moved_mean": _of(top, np.mean),
        "columns_gained": int((has & ~had).sum()), "columns_lost": int((had & ~has).sum()),
    }  # fmt: skip


def _of(values: np.ndarray, what: Any) -> float:
    return round(float(what(values)), 6) if values.size else float("nan")


def _most(units: UnitTable, classes: np.ndarray) -> str:
    """Name of the most frequent class, empty where there is none."""
    if not classes.size:
        return ""
    most = int(np.bincount(classes).argmax())
    return (NONE, *units.names)[most]


def _changed(one: Asked, units: UnitTable, old: np.ndarray, new: np.ndarray) -> xr.Dataset:
    """Cells that changed, with their unit after and before."""
    moved = new != old
    codes = codes_by_class(units)
    after, before = (np.where(moved, codes[np.maximum(part, 0)], 0)[::-1, ::-1] for part in (new, old))
    kind = np.uint8 if int(codes.max()) < 256 else np.uint16
    words = {**flags(units), "long_name": "Geological unit before, where it changed"}
    state = {"flag_values": [0, 1], "flag_meanings": ["same", "changed"], "long_name": "Change of unit"}
    fields: dict[str, tuple[np.ndarray, dict[str, Any]]] = {
        "unit_before": (before.astype(kind), words),
        "changed": (moved[::-1, ::-1].astype(np.uint8), state),
    }
    return volume_of(one.lattice, after, units, fields=fields, title="Changes of a geological model")
