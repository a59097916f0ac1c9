"""Geological models in time: updated where new data bear on them, and laid side by side."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr

from craton.methods.geomodel_ask_model import Model
from craton.methods.geomodel_cells import CellPlaces, undone_cells, values_on
from craton.methods.geomodel_column import ColumnTable, StratigraphicColumn, column_of
from craton.methods.geomodel_compare import CHANGES, compare
from craton.methods.geomodel_data import contacts_of
from craton.methods.geomodel_faults import Undone, faults_of
from craton.methods.geomodel_fit import Choices
from craton.methods.geomodel_ground import Terrain
from craton.methods.geomodel_inputs import (
    ContactTable,
    Elevation,
    FaultTable,
    PointTable,
    UnitColumn,
    data_of,
    under,
)
from craton.methods.geomodel_output import DATA, DISTANCE, fingerprint, model_of, places_of
from craton.methods.geomodel_refit import Change, Refit
from craton.methods.geomodel_series import Data
from craton.methods.geomodel_stack import (
    Cells,
    Stack,
    build,
    choices_of,
    classified,
    named_surfaces,
    nearer_to_data,
    told_of,
    values_of,
)
from craton.methods.geomodel_volume import Lattice, cells_of, lattice_of
from craton.methods.placement import brought_to, crs_of
from craton.model.errors import ContractError
from craton.process.marks import Column, Table, Volume
from craton.process.processes import process

UPDATE = "geomodel.update"
ADDED = "added"
"""Column of contacts: when they were added."""

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
            columns=(Column(name=ADDED, title="When it was added"),),
        ),
    ]


@process(
    UPDATE, version="2", keywords=("4D", "new borehole", "monitoring", "local update", "更新", "动态建模")
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
    unit_column: UnitColumn = "unit",
) -> Updated:
    """A geological model with new contacts, recomputed only where they bear on it, and what moved.

    Use it when a hole is drilled or a survey repeated: with local fields only the surroundings change, and
    the rest of the model stays as it was, to the bit. Give the column, orientations, faults, topography,
    limits and lines that the model was built from; what is other than it was is found and refitted too.

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
        changed in part (in how many cells, and whether data of the model are no longer given), or was fitted
        anew, and why.
    changes : DataFrame
        What moved by unit, and by how much, as `geomodel.compare` gives it.
    cells : Dataset
        Where the unit changed, as `geomodel.compare` gives it.
    contacts : GeoDataFrame
        All contacts, for the next update: `added` is the time of those that came by updates.

    Notes
    -----
    A model with `keep_fields` keeps beside each local field the data, coarse field and patches that it was
    fitted with. The coarse field stays that of the first build, and with it the levels; the patches whose
    data differ are solved again. The result within the boxes that changed is, to the bit, that of a build
    with this coarse field, elsewhere the model as it was. A dip that was assumed, for want of orientations,
    stays as it was too. A field is fitted anew, and may change everywhere, where its series was fitted as a
    whole, where its units or the faults are others, where more than a tenth of its data differ, or where the
    model does not keep its fit: it was cut, resampled or edited since, or written by an earlier version.

    References
    ----------
    Wendland, H. (2002), Fast evaluation of radial basis functions: methods based on partition of unity,
    Approximation Theory X, 473-483, Vanderbilt University Press.
    """
    units, when = column_of(UPDATE, column), _date(UPDATE, time)
    lattice, ground = lattice_of(model, process=UPDATE), Terrain(UPDATE, topography)
    ground.check(lattice.crs)
    joined = _joined(contacts, new_contacts, lattice.crs, when)
    data, was = _data(units, joined, len(contacts), (orientations, limits, lines), ground, unit_column)
    broken = [] if faults is None else faults_of(UPDATE, faults, ground, lattice.crs)
    choices = _choices(model, lattice, data)
    refit = Refit.of(UPDATE, model, units, choices, told_of(broken))
    fitting = choices._replace(own_fit=refit.fit)
    stack = build(UPDATE, units, data, broken, fitting, box=lattice.diagonal)._replace(choices=choices)
    found, told = _cells(refit, stack, lattice)
    found = found._replace(codes=under(ground, lattice, found.codes))
    away = _distance(model, lattice, data, was)
    after = model_of(stack, lattice, found, data, distance=away, fits=refit.fits(stack))
    after.attrs |= {"update": "; ".join(told), "title": f"Model of {when}" if when else "Updated model"}
    if when:
        after.attrs["time"] = when
    changes, cells = compare(model, after)
    return Updated(after, changes, cells, joined)


def _choices(model: xr.Dataset, lattice: Lattice, data: Data) -> Choices:
    """How the fields of a model were fitted."""
    told = model.attrs
    try:
        return choices_of(
            lattice, data, error=float(told["contact_error"]), dip_error=float(told["dip_error"]),
            method=str(told["method"]), stretch=float(told["vertical_stretch"]),
        )  # fmt: skip
    except KeyError as error:
        raise ContractError(
            UPDATE, "model", "a model of geomodel.structural, which tells how it was made",
            f"one without the attribute {error}",
        ) from error  # fmt: skip


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
    came = brought_to(UPDATE, "new_contacts", new, crs).copy()
    came[ADDED] = when or LATER
    joined = pd.concat([old, came], ignore_index=True)
    return gpd.GeoDataFrame(joined, geometry="geometry", crs=crs or None)


def _data(
    column: StratigraphicColumn,
    joined: gpd.GeoDataFrame,
    old_count: int,
    others: tuple[gpd.GeoDataFrame | None, gpd.GeoDataFrame | None, gpd.GeoDataFrame | None],
    ground: Terrain,
    unit_column: str,
) -> tuple[Data, np.ndarray]:
    """All data, and which of their contacts are old; `others` are orientations, limits and lines."""
    orientations, limits, lines = others
    is_limit = _is_limit(joined)
    bare = not is_limit.any()
    frame, bounds = (joined, None) if bare else (joined[~is_limit], joined[is_limit])
    if bounds is not None:
        limits = _stacked(limits, bounds.rename(columns={unit_column: "unit"}))
    read = contacts_of(UPDATE, frame, column, ground, unit_column=unit_column)
    old = np.arange(len(joined)) < old_count
    if not (~old[is_limit]).any() and not (~old[~is_limit][read.source]).any():
        raise ContractError(
            UPDATE, "new_contacts", "a contact with a unit, place and height that `contacts` does not have",
            "none", hint="heights are to be in the geometry of both tables, or in one column of both",
        )  # fmt: skip
    data = data_of(UPDATE, column, read, ground, orientations, limits, lines, crs_of(joined))[0]
    return data, old[~is_limit][data.contacts.source]


def _distance(model: xr.Dataset, lattice: Lattice, data: Data, old: np.ndarray) -> np.ndarray | None:
    """Distance of cells from data by that of the model, where all but new contacts are its own."""
    own = data._replace(contacts=data.contacts.of(old))
    if DISTANCE not in model or model.attrs.get(DATA) != fingerprint(places_of(own)):
        return None
    before = cells_of(model[DISTANCE], process=UPDATE)
    return nearer_to_data(lattice, before, data.contacts.places[~old])


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


def _cells(refit: Refit, stack: Stack, lattice: Lattice) -> tuple[Cells, list[str]]:
    """Cells of the new model, those of fields taken from the former where they do not differ."""
    here, choices = undone_cells(stack.faults, lattice), stack.choices
    values: dict[int, np.ndarray] = {}
    fields, told = {}, []
    for name, surfaces in named_surfaces(stack).items():
        change = refit.changes[name]
        if change.boxes is None:
            own = values_on(surfaces, here, choices)
            told.append(f"{name}: fitted anew, as {change.why}")
        else:
            own = refit.cells[name].ravel().copy()
            inside = _within(here, change.boxes, choices)
            if inside.size:
                own[inside] = values_of(surfaces, _undone_at(here, inside), choices)
            told.append(f"{name}: {_words(change, inside.size)}")
        values[id(surfaces)] = own
        fields[name] = own.reshape(lattice.shape)
    codes = classified(stack, len(here.steps), lambda surfaces: values[id(surfaces)])
    return Cells(codes.reshape(lattice.shape), fields), told


def _words(change: Change, cells: int) -> str:
    if change.boxes is None or not len(change.boxes):
        return "unchanged"
    gone = f", {change.gone} of the data of the model are no longer given" if change.gone else ""
    return f"changed within {cells} cells{gone}"


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
