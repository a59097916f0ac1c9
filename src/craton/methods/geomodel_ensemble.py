"""Ensemble of geological models: all that the data and their errors allow, and what it says of each cell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from craton.kernels.volume_questions import entropy_of
from craton.methods.geomodel_column import ColumnTable, StratigraphicColumn, column_of
from craton.methods.geomodel_data import contacts_of
from craton.methods.geomodel_doubt import Drawn, Errors, Mean
from craton.methods.geomodel_faults import FaultData, faults_of
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
    under,
)
from craton.methods.geomodel_members import REALIZATION
from craton.methods.geomodel_moved import (
    FaultErrors,
    Moves,
    moved,
    moved_faults,
    row_confidence,
    row_errors,
    row_holes,
)
from craton.methods.geomodel_series import Data
from craton.methods.geomodel_stack import Stack, build, cells, choices_of, distance_to_data
from craton.methods.geomodel_volume import AXES, Lattice, flags, volume_of
from craton.methods.placement import crs_of
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.data import TEXT_COLUMNS
from craton.process.marks import Bounds, Column, ColumnOf, Table, Unit, Volume
from craton.process.processes import process

ENSEMBLE = "geomodel.ensemble"
MEMBERS = "member_unit"
"""Variable with the units of all members."""

MOST_KEPT = 2_000_000_000
"""Cells times members that may be kept."""

VOLUMES = (
    Column(name="unit", quantity="geological_unit", title="Unit"),
    Column(name="code", unit="1", title="Code"),
    Column(name="volume_mean", unit="m3", title="Mean volume"),
    Column(name="volume_std", unit="m3", title="Standard deviation of the volume"),
    Column(name="volume_10", unit="m3", title="Volume that 10 % of the members stay below"),
    Column(name="volume_50", unit="m3", title="Median volume"),
    Column(name="volume_90", unit="m3", title="Volume that 90 % of the members stay below"),
    Column(name="share_present", unit="1", title="Share of the members that have it"),
)


class Doubt(NamedTuple):
    """Probabilities by cell, and volumes by unit."""

    model: Annotated[xr.Dataset, Volume()]
    report: Annotated[pd.DataFrame, Table(columns=VOLUMES)]


@process(
    ENSEMBLE,
    version="2",
    keywords=("uncertainty", "probability", "Monte Carlo", "entropy", "不确定性", "三维地质建模"),
)
def ensemble(
    contacts: ContactTable,
    column: ColumnTable,
    orientations: PointTable | None = None,
    faults: FaultTable | None = None,
    topography: Elevation | None = None,
    limits: PointTable | None = None,
    lines: PointTable | None = None,
    *,
    members: Annotated[int, Bounds(minimum=2, maximum=1000)] = 50,
    seed: Annotated[int, Bounds(minimum=0, maximum=2**31 - 1)] = 0,
    error: Error = 0.0,
    error_column: Annotated[str, ColumnOf("contacts", numeric=True)] | None = None,
    error_direction: Literal["any", "vertical"] = "any",
    hole_correlation: Annotated[float, Unit("1"), Bounds(minimum=0, maximum=1)] = 0.0,
    dip_error: DipError = 10.0,
    fault_error: Error = 0.0,
    fault_dip_error: DipError = 0.0,
    slip_error: Error = 0.0,
    between_data: bool = True,
    keep_members: bool = False,
    unit_column: UnitColumn = "unit",
    region: Edges | None = None,
    bottom: Height | None = None,
    top: Height | None = None,
    spacing: Side | None = None,
    thickness: Side | None = None,
    method: Method = "auto",
    vertical_stretch: Stretch | None = None,
) -> Doubt:
    """Probability of each unit in every cell, from many models that the data and their errors allow.

    Use it where a decision rests on a geological model: it tells where the model is sure, between which
    volumes a unit lies, and feeds `geomodel.best_next_borehole`. Doubt about the column itself, about which
    units lie in which order, and about faults that nobody has mapped, is not in it.

    Parameters
    ----------
    contacts : GeoDataFrame
        As for `geomodel.structural`. A column `confidence` (0 to 1) is the probability that the contact is
        what it is said to be: it is left out of as many members. Rows of one `hole_id` belong together.
    column : DataFrame
        Stratigraphic column, as for `geomodel.structural`.
    orientations : GeoDataFrame
        Dips and dip directions, as for `geomodel.structural`.
    faults : GeoDataFrame
        Faults with dip, dip direction and slip, as for `geomodel.structural`.
    topography : DataArray
        Height of the ground in metres. Cells above it have no unit.
    limits : GeoDataFrame
        Places whose unit is known, as for `geomodel.structural`; they are taken to be right.
    lines : GeoDataFrame
        Lines that lie in the beds, as for `geomodel.structural`; they do not vary.
    members : int
        How many models. With 50, a probability is known to 0.07.
    seed : int
        Of the random numbers: the same seed gives the same ensemble.
    error : float
        Standard deviation of the position of contacts in metres.
    error_column : str
        Column of `contacts` with it by row; rows without a number have `error`.
    error_direction : str
        `any`: contacts are wrong in all directions alike, as those of a map; `vertical`: up and down only,
        as depths in upright holes.
    hole_correlation : float
        Part of the variance of the error that all contacts of a hole have in common, as by a wrong collar
        height.
    dip_error : float
        Standard deviation of orientations in degrees, about each of two axes: a von Mises-Fisher
        distribution of concentration 1/σ² with σ in radians. A dip at one place stands for the beds around.
    fault_error : float
        Standard deviation in metres by which a fault may lie to either side, all of it together.
    fault_dip_error : float
        Standard deviation of the dip of a fault in degrees, about its middle.
    slip_error : float
        Standard deviation in metres of slips that are known.
    between_data : bool
        Whether surfaces also vary between the data, by as much as the data show that they bend. Without it
        only the errors count, and a place far from any datum looks far too sure.
    keep_members : bool
        Whether to keep the units of all members.
    unit_column : str
        Column of `contacts` that has the units.
    region : tuple
        West, south, east, north edges of the model in metres; left out, as for `geomodel.structural`.
    bottom : float
        Height of the lower face in metres; left out, as for `geomodel.structural`.
    top : float
        Height of the upper face in metres; left out, as for `geomodel.structural`.
    spacing : float
        Level side of the cells in metres; left out, a fiftieth of the longer side.
    thickness : float
        Height of the cells in metres; left out, there are 50 layers.
    method : str
        `global`, `local` or `auto`, as for `geomodel.structural`.
    vertical_stretch : float
        Factor of heights while surfaces are fitted, as for `geomodel.structural`.

    Returns
    -------
    model : Dataset
        `unit`, the likeliest in each cell; `probability_CODE` by code (0 to 1); `entropy` (0 where all
        members agree, 1 where all units are equally likely); `distance_to_data` in metres; with
        `keep_members`, `member_unit` with an axis `realization`.
    report : DataFrame
        By unit: mean and standard deviation of its volume, the volumes that 10, 50 and 90 percent of the
        members stay below, and the share of members that have it.

    Notes
    -----
    The field of a series is taken to be a random field with the generalized covariance σ² h³, whose mean
    is the smoothest field through the data; errors of data are added to their variances. σ² is such that
    four of five contacts lie within the interval of 80 percent that the data give which are not of their
    hole or line; where errors of the data are most of that, the likeliest σ² of all data counts by as much.
    So intervals of 80 percent hold 75 to 85 percent of depths, on average over truths of a kind, smooth or
    rough, in a dozen holes or more or scattered over a map, exact or with errors stated. They hold fewer
    with eight holes (some 73 percent), and between a few densely picked parallel sections (50 to 75), across
    which the data say next to nothing of how beds bend.
    A member is a field drawn without data, bent as little as can be to honour data that are moved by their
    errors, so that it goes through contacts without error. Where errors are stated, the mean is about, not
    exactly, that of `geomodel.structural`, which sets its smoothness otherwise. Fields are stationary:
    where beds bend in one part only, the other part looks less sure than it is. A series of level or evenly
    dipping beds shows no bending, and is sure everywhere.

    References
    ----------
    Chilès, J.-P., Aug, C., Guillen, A. and Lees, T. (2004), Modelling of geometry and geological units and
    their uncertainty in 3D from structural data: the potential-field method, in Orebody Modelling and
    Strategic Mine Planning, AusIMM, 313-320.

    Pakyuz-Charrier, E., Lindsay, M., Ogarko, V., Giraud, J. and Jessell, M. (2018), Monte Carlo simulation
    for uncertainty estimation on structural data in implicit 3-D geological modeling, a guide for
    disturbance distribution selection and parameterization, Solid Earth 9(2), 385-402,
    doi:10.5194/se-9-385-2018.

    Wellmann, J. F. and Caumon, G. (2018), 3-D structural geological models: concepts, methods, and
    uncertainties, Advances in Geophysics 59, 1-121, doi:10.1016/bs.agph.2018.09.001.
    """
    units, ground = column_of(ENSEMBLE, column), Terrain(ENSEMBLE, topography)
    read = contacts_of(ENSEMBLE, contacts, units, ground, unit_column=unit_column)
    crs = crs_of(contacts)
    ground.check(crs)
    data = data_of(ENSEMBLE, units, read, ground, orientations, limits, lines, crs)[0]
    lattice = cells_for(ENSEMBLE, data, ground, crs, Box(region, bottom, top, spacing, thickness))
    if keep_members and members * float(np.prod(lattice.shape)) > MOST_KEPT:
        raise ContractError(
            ENSEMBLE, "keep_members", f"cells times members of at most {MOST_KEPT:.3g}",
            f"{members} times {np.prod(lattice.shape)}", hint="take fewer members, or larger cells",
        )  # fmt: skip
    errors = row_errors(ENSEMBLE, contacts, error_column, error)
    moves = Moves(
        errors, error_direction == "vertical", row_holes(contacts), hole_correlation,
        row_confidence(ENSEMBLE, contacts), float(np.radians(dip_error)),
        FaultErrors(fault_error, float(np.radians(fault_dip_error)), slip_error),
    )  # fmt: skip
    choices = choices_of(lattice, data, error=0.0, dip_error=0.0, method=method, stretch=vertical_stretch)
    mean = Mean(ENSEMBLE, choices, Errors(errors, moves.dip), {})
    broken = [] if faults is None else faults_of(ENSEMBLE, faults, ground, crs)
    given = _Given(units, data, broken, moves, mean, lattice.diagonal)
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it has no types

    # The systems of members are so small that threads cost more than they give.
    with threadpool_limits(1):
        stacks = drawn(given, members, seed, between=between_data)
        counted = _counted(stacks, ground, lattice, keep=keep_members)
    return Doubt(_model(units, lattice, counted, data), _report(units, lattice, counted))


class _Given(NamedTuple):
    """What members are made from."""

    column: StratigraphicColumn
    data: Data
    faults: list[FaultData]
    moves: Moves
    mean: Mean
    box: float


def drawn(given: _Given, members: int, seed: int, *, between: bool) -> Iterator[Stack]:
    """Fitted members, one by one; the numbers of each hang on the seed and its own number only."""
    mean = given.mean
    own = mean.choices._replace(own_fit=mean.fit)
    build(ENSEMBLE, given.column, given.data, given.faults, own, box=given.box)
    for member in range(members):
        progress.report(member / members, f"member {member + 1} of {members}")
        random = np.random.default_rng([seed, member])
        fields = Drawn(mean, seed, member, between)
        with progress.listening(None):
            yield build(
                ENSEMBLE, given.column, moved(given.data, given.moves, random),
                moved_faults(given.faults, given.moves.faults, random),
                mean.choices._replace(own_fit=fields.fit), box=given.box,
            )  # fmt: skip


class _Counted(NamedTuple):
    """Members counted: by code and cell, cells by member and code, and their codes where they are kept."""

    codes: np.ndarray
    counts: np.ndarray
    cells: np.ndarray
    kept: list[np.ndarray]


def _counted(stacks: Iterator[Stack], ground: Terrain, lattice: Lattice, *, keep: bool) -> _Counted:
    codes = counts = None
    held, kept = [], []
    for stack in stacks:
        if codes is None or counts is None:
            codes = np.append(0, stack.column.table.codes)
            counts = np.zeros((codes.size, *lattice.shape), np.uint16)
        with progress.listening(None):
            found = under(ground, lattice, cells(stack, lattice).codes)
        here = [found == code for code in codes]
        for row, own in enumerate(here):
            counts[row] += own
        held.append([int(own.sum()) for own in here])
        if keep:
            kept.append(found.astype(np.uint8 if codes.max() < 256 else np.uint16))
    assert codes is not None
    assert counts is not None
    return _Counted(codes, counts, np.array(held), kept)


def _model(column: StratigraphicColumn, lattice: Lattice, counted: _Counted, data: Data) -> xr.Dataset:
    """The ensemble as a dataset; of units that are equally likely the youngest, of none and a unit none."""
    members = len(counted.cells)
    likeliest = counted.codes[counted.counts.argmax(axis=0)]
    shares = counted.counts / np.float32(members)
    told = shares if counted.counts[0].any() else shares[1:]
    fields: dict[str, tuple[np.ndarray, dict[str, Any]]] = {
        f"probability_{unit.code}": (
            shares[row + 1], {"units": "1", "long_name": f"Probability of {unit.name}"}
        )
        for row, unit in enumerate(column.units)
    }  # fmt: skip
    fields["entropy"] = (
        entropy_of(told).astype(np.float32),
        {"units": "1", "long_name": f"Entropy of the unit, 1 where all {len(told)} are equally likely"},
    )
    places = np.concatenate([data.contacts.places, data.orientations.places, data.limits.places])
    far = {"units": "m", "long_name": "Distance to the nearest datum"}
    fields["distance_to_data"] = distance_to_data(lattice, places), far
    title = f"Likeliest unit of {members} models"
    model = volume_of(lattice, likeliest, column.table, fields=fields, title=title)
    if not counted.kept:
        return model
    words = {**flags(column.table), "long_name": "Geological unit of each member"}
    every = xr.DataArray(np.stack(counted.kept), dims=(REALIZATION, *AXES), attrs=words)
    return model.assign({MEMBERS: every.assign_coords({REALIZATION: np.arange(members)})})


def _report(column: StratigraphicColumn, lattice: Lattice, counted: _Counted) -> pd.DataFrame:
    """One row a unit."""
    volumes = counted.cells[:, 1:] * float(np.prod(lattice.spacing))
    low, middle, high = np.quantile(volumes, (0.1, 0.5, 0.9), axis=0, method="weibull")
    frame = pd.DataFrame({
        "unit": column.order, "code": [unit.code for unit in column.units],
        "volume_mean": volumes.mean(axis=0), "volume_std": volumes.std(axis=0, ddof=1),
        "volume_10": low, "volume_50": middle, "volume_90": high,
        "share_present": (volumes > 0).mean(axis=0),
    })  # fmt: skip
    frame.attrs[TEXT_COLUMNS] = {
        one.name: {"unit": one.unit, "title": one.title} for one in VOLUMES if one.unit
    }
    return frame
