"""Geological models in time: updated where new data bear on them, and laid side by side."""

from __future__ import annotations

import datetime as dt
import json
from typing import Annotated, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr

from craton.methods.geomodel_ask_model import Model
from craton.methods.geomodel_cells import CellPlaces, undone_cells, values_on
from craton.methods.geomodel_column import ColumnTable, StratigraphicColumn, column_of
from craton.methods.geomodel_compare import CHANGES, compare
from craton.methods.geomodel_data import contacts_of, limits_of
from craton.methods.geomodel_faults import FaultData, Undone, faults_of
from craton.methods.geomodel_fit import Choices, OwnFit
from craton.methods.geomodel_ground import Terrain
from craton.methods.geomodel_inputs import ContactTable, Elevation, FaultTable, PointTable, data_of, under
from craton.methods.geomodel_output import DATA, DISTANCE, fingerprint, model_of
from craton.methods.geomodel_refit import Former, Refit, kept_of
from craton.methods.geomodel_series import Data
from craton.methods.geomodel_stack import (
    Cells,
    Stack,
    build,
    choices_of,
    classified,
    named_surfaces,
    nearer_to_data,
    values_of,
)
from craton.methods.geomodel_volume import Lattice, cells_of, lattice_of
from craton.methods.placement import brought_to, crs_of
from craton.model.errors import ContractError
from craton.process.marks import Column, ColumnOf, Table, Volume
from craton.process.processes import process

UPDATE = "geomodel.update"
ADDED, FIRST = "added", "first"
"""Columns of contacts: when they were added, and whether coarse fields are made of them."""

LATER = "later"
"""What is told of data added at a time that is not stated."""


class Updated(NamedTuple):
    """The new model, what changed, and all data it rests on."""

    model: Annotated[xr.Dataset, Volume()]
    changes: Annotated[pd.DataFrame, Table(columns=CHANGES)]
    cells: Annotated[xr.Dataset, Volume()]
    contacts: Annotated[
        gpd.GeoDataFrame,
        Table(
            geometry=("Point", "LineString"),
            columns=(
                Column(name=ADDED, title="When it was added"),
                Column(name=FIRST, title="Whether the coarse field is made of it"),
            ),
        ),
    ]


@process(
    UPDATE, version="1", keywords=("4D", "new borehole", "monitoring", "local update", "更新", "动态建模")
)
def update(
    model: Model,
    contacts: ContactTable,
    column: ColumnTable,
    new_contacts: ContactTable,
    orientations: PointTable | None = None,
    faults: FaultTable | None = None,
    topography: Elevation | None = None,
    limits: PointTable | None = None,
    lines: PointTable | None = None,
    *,
    time: str = "",
    unit_column: Annotated[str, ColumnOf("contacts")] = "unit",
) -> Updated:
    """A geological model with new contacts, recomputed only where they bear on it, and what moved.

    Use it when a hole is drilled or a survey repeated: with local fields only the surroundings change, and
    the rest of the model stays as it was, to the bit. Give the same column, orientations, faults,
    topography, limits and lines as the model was built from; where those have changed, build it anew.

    Parameters
    ----------
    model : Dataset
        A model of `geomodel.structural` with `keep_fields`, or of an earlier update.
    contacts : GeoDataFrame
        Contacts that it was built from; after an update, those that the update gave.
    column : DataFrame
        Its stratigraphic column.
    new_contacts : GeoDataFrame
        Contacts that are new, in the same columns. Rows that state a `side` (`above`, `below`, `in`) are
        limits, as in the `limits` of `geomodel.structural`: what is known of a unit away from contacts.
    orientations : GeoDataFrame
        Those that it was built from.
    faults : GeoDataFrame
        Those that it was built from.
    topography : DataArray
        That which it was built with.
    limits : GeoDataFrame
        Those that it was built from.
    lines : GeoDataFrame
        Those that it was built from.
    time : str
        Date of the new model, as 2024-05-17; told in its attribute `time`.
    unit_column : str
        Column of contacts, old and new, that has the units.

    Returns
    -------
    model : Dataset
        The new model on the same cells. Its attribute `update` tells of each field whether it is unchanged,
        changed in part (and in how many cells), or was fitted anew.
    changes : DataFrame
        What moved by unit, and by how much, as `geomodel.compare` gives it.
    cells : Dataset
        Where the unit changed, as `geomodel.compare` gives it.
    contacts : GeoDataFrame
        All contacts, for the next update: `added` is the time of those that came by updates, `first` is
        whether the coarse fields are made of them.

    Notes
    -----
    Local fields keep their coarse field, which is made again from the contacts that the model was first
    built from, and so their levels; new contacts change the patches that they lie in. The result in the
    boxes that changed is that of a build with this coarse field. A series that was fitted as a whole, or
    that gains a unit, is fitted anew, and may change everywhere. Contacts of another column than that of
    the model, or other than it was built from, are refused.

    References
    ----------
    Wendland, H. (2002), Fast evaluation of radial basis functions: methods based on partition of unity,
    Approximation Theory X, 473-483, Vanderbilt University Press.
    """
    kept, units, when = kept_of(UPDATE, model), column_of(UPDATE, column), _date(UPDATE, time)
    lattice, ground = lattice_of(model, process=UPDATE), Terrain(UPDATE, topography)
    ground.check(lattice.crs)
    joined = _joined(contacts, new_contacts, lattice.crs, when)
    sets = _sets(units, joined, len(contacts), (orientations, limits, lines), ground, unit_column)
    _check(model, sets.first)
    broken = [] if faults is None else faults_of(UPDATE, faults, ground, lattice.crs)
    choices = choices_of(
        lattice, sets.first, error=float(model.attrs["contact_error"]), method=str(model.attrs["method"]),
        dip_error=float(model.attrs["dip_error"]), stretch=float(model.attrs["vertical_stretch"]),
    )  # fmt: skip
    refit = Refit(UPDATE, units, choices, kept, Former({}, {}), Former({}, {}), {})
    stack = _built(refit, sets, broken, lattice)
    found, told = _cells(refit, stack, lattice, model)
    found = found._replace(codes=under(ground, lattice, found.codes))
    anew = all(change.boxes is None for change in refit.changes.values())
    joined[FIRST] |= anew
    away = None
    if DISTANCE in model:
        away = nearer_to_data(lattice, cells_of(model[DISTANCE], process=UPDATE), sets.added)
    after = _written(model_of(stack, lattice, found, sets.new, distance=away), refit, told, when)
    after.attrs[DATA] = fingerprint(sets.new if anew else sets.first)
    changes, cells = compare(model, after)
    return Updated(after, changes, cells, joined)


def _written(model: xr.Dataset, refit: Refit, told: list[str], when: str) -> xr.Dataset:
    """The model with what an update tells of itself."""
    for name, change in refit.changes_by_name().items():
        kept = refit.kept.get(name)
        if change.boxes is not None and kept is not None and kept.nuggets is not None:
            model[name].attrs["nuggets"] = json.dumps(kept.nuggets)
    model.attrs |= {"update": "; ".join(told), "title": f"Model of {when}" if when else "Updated model"}
    if when:
        model.attrs["time"] = when
    return model


class _Sets(NamedTuple):
    """Data that a model was first built from, those of now, and with the new ones; places (n, 3) of these."""

    first: Data
    former: Data
    new: Data
    added: np.ndarray


def _date(process: str, time: str) -> str:
    """A date as year-month-day, empty where none is stated."""
    if not time.strip():
        return ""
    try:
        return dt.date.fromisoformat(time.strip()).isoformat()
    except ValueError as error:
        raise ContractError(process, "time", "a date such as 2024-05-17", time) from error


def _joined(contacts: gpd.GeoDataFrame, new: gpd.GeoDataFrame, crs: str, when: str) -> gpd.GeoDataFrame:
    """Contacts and the new ones below them, with when they came."""
    old = brought_to(UPDATE, "contacts", contacts, crs).copy()
    if ADDED not in old.columns:
        old[ADDED] = ""
    if FIRST not in old.columns:
        old[FIRST] = True
    came = brought_to(UPDATE, "new_contacts", new, crs).copy()
    came[ADDED], came[FIRST] = when or LATER, False
    joined = pd.concat([old, came], ignore_index=True)
    return gpd.GeoDataFrame(joined, geometry="geometry", crs=crs or None)


def _sets(
    column: StratigraphicColumn,
    joined: gpd.GeoDataFrame,
    old_count: int,
    others: tuple[gpd.GeoDataFrame | None, gpd.GeoDataFrame | None, gpd.GeoDataFrame | None],
    ground: Terrain,
    unit_column: str,
) -> _Sets:
    """The three sets of data; `others` are orientations, limits and lines."""
    orientations, limits, lines = others
    is_limit = _is_limit(joined)
    frame, bounds = joined[~is_limit], joined[is_limit].rename(columns={unit_column: "unit"})
    crs = crs_of(joined)
    read = contacts_of(UPDATE, frame, column, ground, unit_column=unit_column)
    old = np.arange(len(joined)) < old_count
    if not (~old[is_limit]).any() and not (~old[~is_limit][read.source]).any():
        raise ContractError(
            UPDATE, "new_contacts", "a contact with a unit, place and height that `contacts` does not have",
            "none", hint="heights are to be in the geometry of both tables, or in one column of both",
        )  # fmt: skip

    def of(chosen: np.ndarray) -> Data:
        own = read.of(chosen[~is_limit][read.source])
        sides = _stacked(limits, bounds[chosen[is_limit]])
        return data_of(UPDATE, column, own, ground, orientations, sides, lines, crs)[0]

    first = joined[FIRST].astype(bool).to_numpy() & old
    built, added = of(first), [read.of(~old[~is_limit][read.source]).places]
    if (is_limit & ~old).any():
        added.append(limits_of(UPDATE, bounds[~old[is_limit]], column, ground, crs).places)
    former = built if (first == old).all() else of(old)
    return _Sets(built, former, of(np.ones(len(joined), bool)), np.concatenate(added))


def _is_limit(frame: gpd.GeoDataFrame) -> np.ndarray:
    """Rows that state a side."""
    if "side" not in frame.columns:
        return np.zeros(len(frame), bool)
    stated: np.ndarray = (frame["side"].astype("string").fillna("").str.strip() != "").to_numpy(dtype=bool)
    return stated


def _stacked(limits: gpd.GeoDataFrame | None, more: gpd.GeoDataFrame) -> gpd.GeoDataFrame | None:
    if not len(more):
        return limits
    if limits is None or not len(limits):
        return more
    moved = brought_to(UPDATE, "limits", limits, crs_of(more))
    return gpd.GeoDataFrame(pd.concat([moved, more], ignore_index=True), geometry="geometry", crs=more.crs)


def _check(model: xr.Dataset, data: Data) -> None:
    """Refuse data that the model was not built from."""
    if model.attrs.get(DATA) != fingerprint(data):
        raise ContractError(
            UPDATE, "contacts", "the contacts, orientations, limits and lines that the model was built from",
            "others", hint="after an update give the contacts that it gave; else build the model anew",
        )  # fmt: skip


def _built(refit: Refit, sets: _Sets, faults: list[FaultData], lattice: Lattice) -> Stack:
    """The stack of all data."""
    west, south, _bottom, east, north, _top = lattice.extent
    box = float(np.hypot(east - west, north - south))

    def build_with(data: Data, own_fit: OwnFit) -> Stack:
        choices = refit.choices._replace(own_fit=own_fit)
        return build(UPDATE, refit.column, data, faults, choices, box=box)

    build_with(sets.first, refit.fit_first)
    if sets.former is sets.first:
        refit.former.asked.update(refit.first.asked)
    else:
        build_with(sets.former, refit.fit_former)
    return build_with(sets.new, refit.fit_new)._replace(choices=refit.choices)


def _cells(refit: Refit, stack: Stack, lattice: Lattice, model: xr.Dataset) -> tuple[Cells, list[str]]:
    """Cells of the new model, those of fields taken from the former where they do not differ."""
    here, choices = undone_cells(stack.faults, lattice), stack.choices
    changes = refit.changes_by_name()
    values: dict[int, np.ndarray] = {}
    fields, told = {}, []
    for name, surfaces in named_surfaces(stack).items():
        boxes = changes[name].boxes
        if boxes is None or name not in refit.kept:
            own = values_on(surfaces, here, choices)
            told.append(f"{name}: fitted anew")
        else:
            own = cells_of(model[name], process=UPDATE).astype(np.float32).ravel()
            inside = _within(here, boxes, choices)
            if inside.size:
                own[inside] = values_of(surfaces, _undone_at(here, inside), choices)
            told.append(f"{name}: changed within {len(inside)} cells" if len(boxes) else f"{name}: unchanged")
        values[id(surfaces)] = own
        fields[name] = own.reshape(lattice.shape)
    codes = classified(stack, len(here.steps), lambda surfaces: values[id(surfaces)])
    return Cells(codes.reshape(lattice.shape), fields), told


def _undone_at(here: CellPlaces, cells: np.ndarray) -> Undone:
    """Some cells by their numbers, without the faults."""
    if here.places is not None:
        return Undone(here.places[cells], here.steps[cells])
    lattice = here.lattice
    layers, rows, columns = np.unravel_index(cells, lattice.shape)
    places = [lattice.easting[columns], lattice.northing[rows], lattice.upward[layers]]
    return Undone(np.stack(places, axis=1), here.steps[cells])


def _within(here: CellPlaces, boxes: np.ndarray, choices: Choices) -> np.ndarray:
    """Numbers of the cells whose rock was, before the faults, in any of the boxes (b, 2, 3)."""
    inside = np.zeros(here.lattice.shape, bool)
    if here.places is None:
        for low, high in boxes:
            inside[np.ix_(*_spans(here.lattice, choices, low, high))] = True
        return np.flatnonzero(inside)
    scaled, flat = choices.scaled(here.places), inside.ravel()
    for low, high in boxes:
        flat |= ((scaled >= low) & (scaled <= high)).all(axis=1)
    return np.flatnonzero(flat)


def _spans(lattice: Lattice, choices: Choices, low: np.ndarray, high: np.ndarray) -> list[np.ndarray]:
    """Numbers of the layers, rows and columns between two corners."""
    found = []
    for number, axis in enumerate((lattice.easting, lattice.northing, lattice.upward)):
        places = np.zeros((len(axis), 3))
        places[:, number] = axis
        scaled = choices.scaled(places)[:, number]
        found.append(np.flatnonzero((scaled >= low[number]) & (scaled <= high[number])))
    return found[::-1]
