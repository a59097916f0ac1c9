"""Error of contacts: how far they are off the surfaces of a geological model, as they themselves tell."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from craton.kernels.field_noise import halved, noise_of
from craton.kernels.implicit_field import fit
from craton.kernels.partition_field import fit_partition
from craton.methods.geomodel_column import ColumnTable, StratigraphicColumn, column_of
from craton.methods.geomodel_data import Contacts, contacts_of
from craton.methods.geomodel_faults import faults_of
from craton.methods.geomodel_fit import Asked, Choices, ScalarField, is_whole
from craton.methods.geomodel_ground import Terrain
from craton.methods.geomodel_inputs import (
    ERROR,
    Box,
    ContactTable,
    DipError,
    Elevation,
    FaultTable,
    PointTable,
    UnitColumn,
    cells_for,
    data_of,
)
from craton.methods.geomodel_stack import build, choices_of
from craton.methods.placement import crs_of
from craton.process.marks import Column, Table
from craton.process.processes import process

CONTACT_ERROR = "geomodel.contact_error"
BLOCKS, BLOCK = 8, 500
"""Blocks of neighbouring contacts that are looked at, and contacts of each, at most."""

SLIGHT = 1e-6
"""Nugget of the fields that tell which units have a place: it keeps contradictions from being refused."""


class Judged(NamedTuple):
    """Contacts with their error, and how it was found for each series."""

    contacts: Annotated[
        gpd.GeoDataFrame,
        Table(
            geometry=("Point", "LineString"),
            columns=(Column(name=ERROR, unit="m", title="Standard deviation of the contact"),),
        ),
    ]
    report: Annotated[
        pd.DataFrame,
        Table(
            columns=(
                Column(name="series", title="Series"),
                Column(name="surface", title="Layers, or the floor of the series"),
                Column(name="contacts", title="Contacts that were judged"),
                Column(name=ERROR, unit="m", title="Error that foretells contacts best"),
                Column(name="missed", unit="m", title="Median miss of contacts left out, with that error"),
                Column(name="without", unit="m", title="Median miss of contacts left out, without error"),
                Column(name="note", title="In words"),
            )
        ),
    ]


@process(CONTACT_ERROR, version="1", keywords=("nugget", "cross-validation", "3D geology", "误差估计"))
def contact_error(
    contacts: ContactTable,
    column: ColumnTable,
    orientations: PointTable | None = None,
    faults: FaultTable | None = None,
    topography: Elevation | None = None,
    *,
    unit_column: UnitColumn = "unit",
    dip_error: DipError = 10.0,
) -> Judged:
    """Error of contacts, in metres, with which they foretell each other best.

    Use it where nobody states how good contacts are, before `geomodel.structural`, which takes the error
    from the column `error` of its contacts. Where the error is known, as from the scale of a map, state that
    instead. It is not for a handful of contacts: they tell nothing of each other.

    Parameters
    ----------
    contacts : GeoDataFrame
        Contacts as for `geomodel.structural`.
    column : DataFrame
        Stratigraphic column.
    orientations : GeoDataFrame
        Dips of beds, as for `geomodel.structural`.
    faults : GeoDataFrame
        Faults, as for `geomodel.structural`.
    topography : DataArray
        Height of the ground in metres, for contacts without heights.
    unit_column : str
        Column of `contacts` that has the units.
    dip_error : float
        Standard deviation of dips in degrees.

    Returns
    -------
    contacts : GeoDataFrame
        The contacts with `error` in metres: that of their series, or that of all where their series has too
        few; 0 where contacts are foretold as well without.
    report : DataFrame
        By series: contacts that were left out in turn, the error that foretells them best, and how far the
        middle one of them is from where it is foretold, with that error and without.

    Notes
    -----
    Fields that miss their contacts by an error in the mean square are fitted as `geomodel.structural` does,
    each time without a fifth of the contacts, by squares twice as wide as half of the places of the map are
    far from their nearest contact: so contacts are foretold from about as far as a model foretells (Milà et
    al. 2022). Errors from 1/10,000 of the extent of the data on, each twice the last, are tried, up to that
    by which contacts are foretold. The largest of those that are not surely worse than the best is taken, as
    that of the smoothest model (Breiman et al. 1984); 0 where the best is not surely better than none. Surely
    is: nearer at more than half of the contacts by two standard errors. Two parts of 500 neighbours a series
    are judged, so that longer tables take hardly longer. It is the error that counts for a smooth model:
    slips of the map, and beds that are rougher than contacts can show. It is found to a factor of about 1.4.

    References
    ----------
    Breiman, L., Friedman, J. H., Olshen, R. A. and Stone, C. J. (1984), Classification and regression trees,
    Wadsworth, section 3.4.

    Milà, C., Mateu, J., Pebesma, E. and Meyer, H. (2022), Nearest neighbour distance matching leave-one-out
    cross-validation for map validation, Methods in Ecology and Evolution 13(6), 1304-1316,
    doi:10.1111/2041-210X.13851.
    """
    units, crs = column_of(CONTACT_ERROR, column), crs_of(contacts)
    ground = Terrain(CONTACT_ERROR, topography)
    read = contacts_of(CONTACT_ERROR, contacts, units, ground, unit_column=unit_column)
    ground.check(crs)
    few = read.of(_few(read.places))
    data, _unread = data_of(CONTACT_ERROR, units, few, ground, orientations, None, None, crs)
    lattice = cells_for(CONTACT_ERROR, data, ground, crs, Box(None, None, None, None, None))
    choices = choices_of(lattice, data, error=0.0, dip_error=dip_error, method="auto", stretch=None)
    seen = _Seen(choices, {})
    broken = [] if faults is None else faults_of(CONTACT_ERROR, faults, ground, crs)
    build(CONTACT_ERROR, units, data, broken, choices._replace(own_fit=seen.fit), box=lattice.diagonal)
    report = _report(units, seen.found, float(np.radians(dip_error)), choices.stretch)
    judged = contacts.assign(**{ERROR: _errors(units, read, report, len(contacts))})
    return Judged(judged, report.drop(columns="place"))


class _Seen(NamedTuple):
    """Fits fields that need not be good, and keeps what was asked for first of each surface."""

    choices: Choices
    found: dict[tuple[int, bool], Asked]

    def fit(self, asked: Asked) -> ScalarField:
        """A field close to the data."""
        kept = self.found.get((asked.place, asked.floor))
        if kept is None or kept.rows != asked.rows:
            self.found[asked.place, asked.floor] = asked
        if is_whole(CONTACT_ERROR, asked.constraints, self.choices):
            return fit(asked.constraints, drift=asked.drift, nugget=SLIGHT, gradient_nugget=SLIGHT)
        return fit_partition(
            asked.constraints, drift=asked.drift, nugget=SLIGHT, gradient_nugget=SLIGHT,
            lattice=self.choices.boxes,
        )  # fmt: skip


def _few(places: np.ndarray) -> np.ndarray:
    """Numbers of the contacts of a few blocks of neighbours, evenly through all."""
    blocks = halved(places, BLOCK)
    kept = np.unique(np.linspace(0, len(blocks) - 1, min(len(blocks), BLOCKS)).astype(int))
    return np.sort(np.concatenate([blocks[number] for number in kept]))


def _report(
    units: StratigraphicColumn, found: dict[tuple[int, bool], Asked], dip_error: float, stretch: float
) -> pd.DataFrame:
    """One row a field."""
    rows = []
    for (place, floor), asked in sorted(found.items()):
        noise = noise_of(asked.constraints, dip_error=dip_error, stretch=stretch, drift=asked.drift)
        rows.append({
            "place": place, "series": units.series[place].name, "surface": "floor" if floor else "layers",
            "contacts": noise.contacts, ERROR: noise.error, "missed": noise.missed,
            "without": noise.without,
            "note": _words(noise.error, noise.contacts),
        })  # fmt: skip
    return pd.DataFrame(rows)


def _words(error: float, contacts: int) -> str:
    if not np.isfinite(error):
        return "too few contacts and dips to tell"
    told = "as well without error" if error == 0.0 else "best with this error"
    return f"{contacts} contacts left out in turn are foretold {told}"


def _errors(units: StratigraphicColumn, read: Contacts, report: pd.DataFrame, count: int) -> np.ndarray:
    """Error (count,) of each row: that of its series, else the mean square of all; NaN of rows not read."""
    told = report[np.isfinite(report[ERROR])]
    square, weight = told[ERROR].to_numpy() ** 2, told["contacts"].to_numpy(float)
    usual = float(np.sqrt((square * weight).sum() / weight.sum())) if len(told) else 0.0
    own = np.full(len(units.series), usual)
    for place in told["place"].unique():
        here = (told["place"] == place).to_numpy()
        own[place] = np.sqrt((square[here] * weight[here]).sum() / weight[here].sum())
    series = np.array([units.series_of(row) for row in range(len(units.units))])
    errors = np.full(count, np.nan)
    errors[read.source] = own[series[read.units]]
    return errors
