"""Geological model: units in space from contacts, orientations, faults and the stratigraphic column."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr

from craton.methods.geomodel_column import ColumnTable, StratigraphicColumn, column_of
from craton.methods.geomodel_data import Contacts, contacts_of
from craton.methods.geomodel_faults import faults_of
from craton.methods.geomodel_ground import Terrain
from craton.methods.geomodel_inputs import (
    Box,
    ContactTable,
    DipError,
    Edges,
    Elevation,
    Error,
    FaultTable,
    Height,
    Method,
    PointTable,
    Side,
    Stretch,
    UnitColumn,
    cells_for,
    data_of,
    error_of,
    under,
)
from craton.methods.geomodel_output import model_of
from craton.methods.geomodel_series import Data
from craton.methods.geomodel_stack import Stack, build, cells, choices_of, limits_met, residuals
from craton.methods.geomodel_volume import Lattice
from craton.methods.placement import crs_of
from craton.process.marks import Column, Table, Volume
from craton.process.processes import process

STRUCTURAL = "geomodel.structural"


class Built(NamedTuple):
    """A model, how well contacts are met, and what each unit came to."""

    model: Annotated[xr.Dataset, Volume()]
    contacts: Annotated[
        gpd.GeoDataFrame,
        Table(
            geometry=("Point",),
            columns=(
                Column(name="unit", quantity="geological_unit", title="Unit whose base it is"),
                Column(name="residual", unit="m", title="Distance of the contact above the modelled base"),
            ),
        ),
    ]
    report: Annotated[
        pd.DataFrame,
        Table(
            columns=(
                Column(name="unit", quantity="geological_unit", title="Unit"),
                Column(name="volume", unit="m3", title="Volume"),
                Column(name="thickness", unit="m", title="Mean vertical thickness where present"),
                Column(name="misfit", unit="m", title="Root mean square misfit of contacts"),
            )
        ),
    ]


@process(
    STRUCTURAL,
    version="3",
    keywords=("3D geology", "implicit modelling", "fault", "unconformity", "intrusion", "三维地质建模"),
)
def structural(
    contacts: ContactTable,
    column: ColumnTable,
    orientations: PointTable | None = None,
    faults: FaultTable | None = None,
    topography: Elevation | None = None,
    limits: PointTable | None = None,
    lines: PointTable | None = None,
    *,
    unit_column: UnitColumn = "unit",
    region: Edges | None = None,
    bottom: Height | None = None,
    top: Height | None = None,
    spacing: Side | None = None,
    thickness: Side | None = None,
    error: Error | None = None,
    dip_error: DipError = 10.0,
    method: Method = "auto",
    vertical_stretch: Stretch | None = None,
    keep_fields: bool = False,
) -> Built:
    """Three-dimensional model of geological units from contacts, orientations and faults.

    Use it to build a model from boreholes, a geological map, sections, or all of them, with beds that are
    folded, faulted, cut by unconformities or intruded. It takes the smoothest shapes that honour the data:
    where data are sparse the model is smooth, not certain (see `distance_to_data`). It is not for rocks
    without layers, such as melange, or facies that change within a unit; take simulation for those.

    Parameters
    ----------
    contacts : GeoDataFrame
        Points, or corners of lines, on the bases of units: `unit` is the unit whose base it is. Heights are
        those of the geometry, else of a column `upward`, `elevation`, `height` or `z`, in metres, else
        those of `topography`, row by row. A column `below`, the unit beneath, tells contacts on an older
        series apart. Rows without unit or place are left out; those beyond the box are used. Contacts of a
        map and of holes are put in one table with `vector.append`.
    column : DataFrame
        Stratigraphic column: one row a unit, from the youngest to the oldest, with `unit` and, where they
        are wanted, `series` (units of one shape), `relation` of the series to what is older (`onlap`, its
        layers end against a floor of its own; `erode`, its layers follow its base, which cuts what is older;
        `intrude`, a body; `cover`, as `erode`), `colour`, `code`.
    orientations : GeoDataFrame
        Points with `dip` and `dip_direction` in degrees (or `strike`, the dip to the right of it). A dip
        over 90, or `polarity` -1, is a bed that lies upside down; with a dip over 90 the direction is the
        one the bed had before it was turned past the vertical. The younger side of an intrusion is its
        inside; where no polarity of it is -1, its margins are taken to face its middle. `unit` or `series`
        says what was measured; left out, that of the nearest contact.
    faults : GeoDataFrame
        Points or traces with `fault` (its name; a row without is one of its own), and where known `dip`
        (90 where no row of it has one), `dip_direction` (at a trace the side it dips to; to the right where
        it is not), `slip` in metres (above 0 for a normal fault), `rake` in degrees (-90 normal, 90 reverse,
        0 left lateral, 180 right lateral), `length` in metres, and `order`, 1 the youngest (that of the rows
        where no fault has one). A fault of known slip is undone; of unknown slip, the data decide how far
        beds are offset. One traced over less than half of the model ends where its trace does.
    topography : DataArray
        Height of the ground in metres; beyond its edges and in its gaps the nearest height counts. Cells
        above it have no unit.
    limits : GeoDataFrame
        Points whose `unit` is known though they lie on no contact. `side` is `above` or `below` for the
        base of the unit, or `in` (as where it is left out) for a place within the unit.
    lines : GeoDataFrame
        Points with `trend` and `plunge` in degrees of lines that lie in the beds, such as fold axes.
    unit_column : str
        Column of `contacts` that has the units.
    region : tuple
        West, south, east, north edges of the model in metres. Left out, the extent of contacts and
        orientations and a twentieth more on each side.
    bottom : float
        Height of the lower face in metres. Left out, a tenth of their height below the data, or a twentieth
        of their width below those of a map.
    top : float
        Height of the upper face in metres. Left out, the highest ground, or a tenth of their height
        above the data.
    spacing : float
        Level side of the cells in metres. Left out, the longer side of the region has 50 of them.
    thickness : float
        Height of the cells in metres. Left out, there are 50 layers.
    error : float
        Standard deviation of the position of contacts in metres. With 0 surfaces go through all of them;
        else they are as smooth as that misfit allows. Of a map it is about half a millimetre at its scale.
        Left out, the root mean square of the column `error` of `contacts`, which `geomodel.contact_error`
        estimates, or 0 without that column.
    dip_error : float
        Standard deviation of dips in degrees, which counts where `error` is above 0: a dip at one place
        stands for the beds around it.
    method : str
        `global`: every datum is felt everywhere; `local`: near it, for many thousands of data; `auto`
        takes what fits their number.
    vertical_stretch : float
        Factor of heights while surfaces are fitted: beds in a flat basin go on further than they are thick.
        Left out, 1 for a box at least half as high as wide, more for a flatter one with gentle dips.
    keep_fields : bool
        Whether to keep the scalar field of each series, and its fit: the data it was fitted to and, of a
        local field, the weights of its parts. `geomodel.update` needs the field, and with the fit solves
        anew only what new data change.

    Returns
    -------
    model : Dataset
        `unit` (codes of the column; 0 above ground and where nothing is known), `distance_to_data` in
        metres, and, where they are kept, `field_SERIES` with their `levels` and their fits, as bytes in the
        coordinates `fit_of_field_SERIES`.
    contacts : GeoDataFrame
        Contacts with the distance in metres by which each lies above the modelled base of its unit.
    report : DataFrame
        By unit: cells, volume, mean thickness, contacts, contacts beyond the box, orientations of its
        series, misfit, and what was assumed, left out or not met.

    Notes
    -----
    Each series is a scalar field whose levels are the bases of its units: the field of least bending among
    those that honour contacts, orientations, limits and lines (Lajaunie et al. 1997; Hillier et al. 2014).
    Faults are fields too. A cell is tried from the youngest series: above its base it is in that series,
    else in an older one. A series without any orientation takes its dip from its contacts, or lies flat; an
    intrusion without one closes around its contacts; `report` tells. Of contacts of several units of one
    series at one place, where the units between have no thickness, the youngest counts. A unit without
    contacts is not in the model, but for the oldest, which needs none. A cell whose middle lies on a base
    is in the unit above. The result does not depend on the order of rows.

    References
    ----------
    Lajaunie, C., Courrioux, G. and Manuel, L. (1997), Foliation fields and 3D cartography in geology:
    principles of a method based on potential interpolation, Mathematical Geology 29(4), 571-584,
    doi:10.1007/BF02775087.

    Hillier, M. J., Schetselaar, E. M., de Kemp, E. A. and Perron, G. (2014), Three-dimensional modelling of
    geological surfaces using generalized interpolation with radial basis functions, Mathematical
    Geosciences 46(8), 931-953, doi:10.1007/s11004-014-9540-3.

    Grose, L., Ailleres, L., Laurent, G., Caumon, G., Jessell, M. and Armit, R. (2021), Modelling of faults in
    LoopStructural 1.0, Geoscientific Model Development 14(10), 6197-6213, doi:10.5194/gmd-14-6197-2021.
    """
    units, ground = column_of(STRUCTURAL, column), Terrain(STRUCTURAL, topography)
    read = contacts_of(STRUCTURAL, contacts, units, ground, unit_column=unit_column)
    crs = crs_of(contacts)
    ground.check(crs)
    data, unread = data_of(STRUCTURAL, units, read, ground, orientations, limits, lines, crs)
    lattice = cells_for(STRUCTURAL, data, ground, crs, Box(region, bottom, top, spacing, thickness))
    broken = [] if faults is None else faults_of(STRUCTURAL, faults, ground, crs)
    off, words = error_of(STRUCTURAL, contacts, read, error)
    stack = build(
        STRUCTURAL, units, data, broken,
        choices_of(lattice, data, error=off, dip_error=dip_error, method=method, stretch=vertical_stretch),
        box=lattice.diagonal,
    )  # fmt: skip
    found = cells(stack, lattice, keep=keep_fields)
    found = found._replace(codes=under(ground, lattice, found.codes))
    away = residuals(stack, read)
    told = _report(stack, lattice, found.codes, read, away, data, [words, *_unread(unread)])
    return Built(model_of(stack, lattice, found, data), _residual_table(units, read, away, crs), told)


def _residual_table(
    column: StratigraphicColumn, read: Contacts, away: np.ndarray, crs: str
) -> gpd.GeoDataFrame:
    """Contacts with their residuals."""
    names = np.array(column.order, dtype=object)[read.units]
    columns = {"unit": names, "residual": away, "row": read.source + 1}
    return gpd.GeoDataFrame(columns, geometry=shapely.points(read.places), crs=crs or None)


def _report(
    stack: Stack,
    lattice: Lattice,
    codes: np.ndarray,
    read: Contacts,
    away: np.ndarray,
    data: Data,
    general: list[str],
) -> pd.DataFrame:
    """One row a unit, the first with what is to be told in `general`."""
    west, south, low, east, north, high = lattice.extent
    least, most = np.array([west, south, low]), np.array([east, north, high])
    beyond = ((read.places < least) | (read.places > most)).any(axis=1)
    rows, met = [], limits_met(stack, data.limits)
    cell = float(np.prod(lattice.spacing))
    for row, unit in enumerate(stack.column.units):
        own, inside = read.units == row, codes == unit.code
        columns = int(inside.any(axis=0).sum())
        known = own & np.isfinite(away)
        rows.append({
            "unit": unit.name, "code": unit.code, "series": unit.series, "cells": int(inside.sum()),
            "volume": float(inside.sum()) * cell,
            "thickness": float(inside.sum()) * lattice.spacing[0] / columns if columns else 0.0,
            "contacts": int(own.sum()), "contacts_beyond": int((own & beyond).sum()),
            "orientations": int((data.orientations.series == stack.column.series_of(row)).sum()),
            "misfit": float(np.sqrt(np.mean(away[known] ** 2))) if known.any() else np.nan,
            "note": _note(stack, row, int(own.sum()), data, met),
        })  # fmt: skip
    rows[0]["note"] = "; ".join(filter(None, [str(rows[0]["note"]), *general]))
    return pd.DataFrame(rows)


def _unread(count: int) -> list[str]:
    return [f"{count} orientations without a place, dip or direction left out"] if count else []


def _note(stack: Stack, row: int, contacts: int, data: Data, met: np.ndarray) -> str:
    """What was assumed of a unit, why it is absent, and how many of its limits are not met."""
    told = list(dict.fromkeys(stack.notes.get(row, [])))
    if not contacts and row < len(stack.column.units) - 1:
        told.append("no contacts: not in the model")
    used = int((data.contacts.units == row).sum())
    if used < contacts:
        told.append(f"{contacts - used} of {contacts} contacts left out: others lie at the same place")
    own = data.limits.units == row
    if (own & ~met).any():
        told.append(f"{int((own & ~met).sum())} of {int(own.sum())} limits not met")
    return "; ".join(told)
