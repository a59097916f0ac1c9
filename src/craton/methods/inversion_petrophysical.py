"""Inversion, petrophysical: two surveys explained by rocks of known density and susceptibility."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from craton.kernels import petrophysical_inversion as mixture
from craton.kernels.inversion import Step
from craton.kernels.petrophysical_inversion import Rocks
from craton.methods.geomodel_volume import UNIT, UnitTable, colour_of, flags
from craton.methods.inversion import (
    ChiFactor,
    Clearance,
    Contrast,
    Convergence,
    Declination,
    DepthExponent,
    GravityGrid,
    Height,
    Inclination,
    Intensity,
    MagneticGrid,
    Metres,
    Predicted,
    Stations,
    Susceptibility,
    Topography,
    Trend,
)
from craton.methods.inversion_mesh import Sizes, volume
from craton.methods.inversion_pair import (
    Alike,
    Ambient,
    Asked,
    GravityColumn,
    MagneticColumn,
    Pair,
    Record,
    convergence_of,
    pair_of,
    predictions,
    told_together,
    volumes,
)
from craton.methods.inversion_rocks import COLUMNS, bounds_of, stated
from craton.methods.inversion_stations import Heights
from craton.methods.placement import with_crs
from craton.process.data import TEXT_COLUMNS
from craton.process.marks import Bounds, Column, Table, Unit, Volume
from craton.process.processes import process

PETROPHYSICAL = "inversion.petrophysical"

LENGTH_CELLS = 0.5
"""Length over which models are smooth where none is given, in longer horizontal sides of cells."""

FOUND = (
    Column(name="share_found", unit="1", title="Part of the volume found"),
    Column(name="density_found", unit="kg/m3", title="Mean density contrast found"),
    Column(name="susceptibility_found", unit="SI", title="Mean susceptibility found"),
)
"""Columns that a result has besides."""

RockTable = Annotated[pd.DataFrame, Table(columns=COLUMNS)]


class RockModels(NamedTuple):
    """What a petrophysical inversion gives."""

    density: Annotated[xr.Dataset, Volume(unit="kg/m3")]
    susceptibility: Annotated[xr.Dataset, Volume(unit="SI")]
    units: Annotated[xr.Dataset, Volume()]
    rocks: Annotated[
        pd.DataFrame,
        Table(columns=(*COLUMNS, *FOUND)),
    ]
    gravity_predicted: Predicted
    magnetic_predicted: Predicted
    convergence: Convergence


@process(
    PETROPHYSICAL, version="1",
    keywords=("3D inversion", "joint inversion", "PGI", "petrophysics", "联合反演", "岩石物性约束"),
)  # fmt: skip
def petrophysical_inversion(
    rocks: RockTable,
    gravity_stations: Stations | None = None,
    gravity_column: GravityColumn | None = None,
    gravity_grid: GravityGrid | None = None,
    magnetic_stations: Stations | None = None,
    magnetic_column: MagneticColumn | None = None,
    magnetic_grid: MagneticGrid | None = None,
    topography: Topography | None = None,
    *,
    field_intensity: Intensity,
    inclination: Inclination,
    declination: Declination,
    gravity_deviation: Annotated[float, Unit("mGal"), Bounds(above=0)] = 0.1,
    magnetic_deviation: Annotated[float, Unit("nT"), Bounds(above=0)] = 5.0,
    gravity_deviation_column: GravityColumn | None = None,
    magnetic_deviation_column: MagneticColumn | None = None,
    gravity_height_column: GravityColumn | None = None,
    magnetic_height_column: MagneticColumn | None = None,
    gravity_height: Height | None = None,
    magnetic_height: Height | None = None,
    gravity_sensor_height: Clearance = 0.0,
    magnetic_sensor_height: Clearance = 0.0,
    top: Height | None = None,
    spacing: Metres | None = None,
    thickness: Metres | None = None,
    depth: Metres | None = None,
    margin: Clearance | None = None,
    trend: Trend = "constant",
    length_scale: Metres | None = None,
    depth_exponent: DepthExponent = 2.0,
    density_lower: Contrast | None = None,
    density_upper: Contrast | None = None,
    susceptibility_lower: Susceptibility | None = None,
    susceptibility_upper: Susceptibility | None = None,
    rounds: Annotated[int, Bounds(minimum=1, maximum=200)] = 30,
    chi_factor: ChiFactor = 1.0,
) -> RockModels:
    """Volumes of density, susceptibility and rock that explain a gravity and a magnetic survey.

    Use it where samples or logs tell what the rocks of an area weigh and how magnetic they are, and the
    question is which rock lies where: two bodies that make the same gravity are told apart by their
    magnetism. Cells are drawn to the pairs of values that rocks have, so that contrasts come out whole and
    not blurred. Rocks that are not in the table cannot be found, and a table that is wrong gives models
    that are wrong and explain the data all the same: compare with `inversion.joint`, which asks for like
    structure only.

    Parameters
    ----------
    rocks : DataFrame
        One rock a row, its host included, which has contrasts of about 0: `rock`, its name;
        `density_contrast` and `susceptibility`, the means; `density_spread` and `susceptibility_spread`,
        standard deviations above 0; and `share`, the part of the volume that it is expected to take up,
        above 0 (parts are divided by their sum). A column `correlation` of the two properties, between -1
        and 1, may be added.
    gravity_stations : GeoDataFrame
        As for `inversion.joint`.
    gravity_column : str
        As for `inversion.joint`.
    gravity_grid : DataArray
        As for `inversion.joint`.
    magnetic_stations : GeoDataFrame
        As for `inversion.joint`.
    magnetic_column : str
        As for `inversion.joint`.
    magnetic_grid : DataArray
        As for `inversion.joint`.
    topography : DataArray
        As for `inversion.joint`.
    field_intensity : float
        As for `inversion.joint`.
    inclination : float
        As for `inversion.joint`.
    declination : float
        As for `inversion.joint`.
    gravity_deviation : float
        As for `inversion.joint`.
    magnetic_deviation : float
        As for `inversion.joint`.
    gravity_deviation_column : str
        As for `inversion.joint`.
    magnetic_deviation_column : str
        As for `inversion.joint`.
    gravity_height_column : str
        As for `inversion.joint`.
    magnetic_height_column : str
        As for `inversion.joint`.
    gravity_height : float
        As for `inversion.joint`.
    magnetic_height : float
        As for `inversion.joint`.
    gravity_sensor_height : float
        As for `inversion.joint`.
    magnetic_sensor_height : float
        As for `inversion.joint`.
    top : float
        As for `inversion.joint`.
    spacing : float
        As for `inversion.joint`.
    thickness : float
        As for `inversion.joint`.
    depth : float
        As for `inversion.joint`.
    margin : float
        As for `inversion.joint`.
    trend : str
        As for `inversion.joint`.
    length_scale : float
        Length in metres over which models are smooth within a rock; left out, half a cell, as contacts of
        rocks are sharp.
    depth_exponent : float
        As for `inversion.joint`.
    density_lower : float
        Least density contrast in kg/m³; left out, the least of the rocks' means and 0, or
        none where these means are equal.
    density_upper : float
        Greatest density contrast in kg/m³; left out, the greatest of the rocks' means and 0, or
        none where these means are equal.
    susceptibility_lower : float
        Least susceptibility in SI; left out, the least of the rocks' means and 0, or
        none where these means are equal.
    susceptibility_upper : float
        Greatest susceptibility in SI; left out, the greatest of the rocks' means and 0, or
        none where these means are equal.
    rounds : int
        As for `inversion.joint`.
    chi_factor : float
        As for `inversion.joint`.

    Returns
    -------
    density : Dataset
        As for `inversion.joint`.
    susceptibility : Dataset
        As for `inversion.joint`.
    units : Dataset
        `unit`, the most probable rock of each cell as the units of a geological model are told, 0 in the
        air, and its `probability` among the rocks of the table, 0 to 1.
    rocks : DataFrame
        The table with `share_found`, the part of the ground that is found to be of each, and
        `density_found` and `susceptibility_found`, the means there.
    gravity_predicted : GeoDataFrame
        As for `inversion.joint`.
    magnetic_predicted : GeoDataFrame
        As for `inversion.joint`.
    convergence : DataFrame
        By step the data, round, β, χ² and its target, the functional and iterations.

    Notes
    -----
    The values (a, b) of a cell are those of a mixture, Σⱼ pⱼ N((a, b); μⱼ, Σⱼ). Each survey is inverted alone
    first. Then, round by round, the probability rⱼ of each rock follows from both values of a cell, and
    each model in turn minimises χ² + β Σ w² (s² Σⱼ rⱼ |m - μⱼ|² / σⱼ² + L² |∇(m - m₀)|²), where s² is the
    mean variance of rocks, m₀ the mean that the rocks' probabilities give, and σⱼ² and μⱼ those for the
    value of the other property where the two are correlated. These squares lie above -2 s² ln of the
    mixture and touch it, so that each round lowers that functional. β follows the misfit. Weights by depth
    weigh the logarithm of the mixture here; Astic and Oldenburg (2019) let them widen the rocks instead.
    One rock without correlation gives two inversions that do not meet, drawn to its means. The
    probability says how well the values found tell rocks from one another, and not how well the data do.

    References
    ----------
    Astic, T. and Oldenburg, D. W. (2019), A framework for petrophysically and geologically guided
    geophysical inversion using a dynamic Gaussian mixture model prior, Geophysical Journal International
    219(3), 1989-2012, doi:10.1093/gji/ggz389.

    Astic, T., Heagy, L. J. and Oldenburg, D. W. (2021), Petrophysically and geologically guided
    multi-physics inversion using a dynamic Gaussian mixture model, Geophysical Journal International
    224(1), 40-68, doi:10.1093/gji/ggaa378.
    """
    classes = stated(PETROPHYSICAL, rocks)
    bounds = [
        bounds_of(PETROPHYSICAL, rocks, "density_contrast", density_lower, density_upper),
        bounds_of(PETROPHYSICAL, rocks, "susceptibility", susceptibility_lower, susceptibility_upper),
    ]
    gravity = Asked(
        gravity_stations, gravity_column, gravity_grid,
        Heights(gravity_height_column, gravity_height, gravity_sensor_height), gravity_deviation,
        gravity_deviation_column, bounds[0],
    )  # fmt: skip
    magnetic = Asked(
        magnetic_stations, magnetic_column, magnetic_grid,
        Heights(magnetic_height_column, magnetic_height, magnetic_sensor_height), magnetic_deviation,
        magnetic_deviation_column, bounds[1],
    )  # fmt: skip
    alike = Alike(trend, length_scale, LENGTH_CELLS, depth_exponent, chi_factor)
    pair = pair_of(
        PETROPHYSICAL, gravity, magnetic, topography, Ambient(field_intensity, inclination, declination),
        Sizes(spacing, thickness, depth, margin), top, alike,
    )  # fmt: skip
    found, records = _together(pair, classes, rounds, chi_factor)
    return RockModels(
        *volumes(pair, found.cells), _units(pair, found, rocks), _table(pair, found, rocks),
        *predictions(pair, found.cells), convergence_of(pair, records, chi_factor),
    )  # fmt: skip


class _Found(NamedTuple):
    """Both models, and the probability (k, layers, rows, columns) of each rock."""

    cells: list[np.ndarray]
    belongs: np.ndarray


def _together(pair: Pair, classes: Rocks, rounds: int, chi_factor: float) -> tuple[_Found, list[Record]]:
    """Both models in turn, drawn to the rocks, and the steps."""
    records = [Record(number, 0, step) for number, survey in enumerate(pair.surveys) for step in survey.steps]

    def told(turn: int, number: int, step: Step) -> None:
        records.append(Record(number, turn + 1, step))
        told_together(pair, turn, number, rounds)

    found = mixture.together(
        pair.problems, pair.models, pair.betas, mixture.Ground(pair.weights, pair.mesh.active, pair.scale),
        classes, rounds=rounds, chi_factor=chi_factor, report=told,
    )  # fmt: skip
    return _Found(*found), records


def _units(pair: Pair, found: _Found, table: pd.DataFrame) -> xr.Dataset:
    """Most probable rock of each cell and its probability."""
    crs = pair.surveys[0].data.crs
    codes = volume(
        pair.mesh, found.belongs.argmax(axis=0) + 1, crs, name=UNIT, unit="", quantity="", title=""
    )
    names = tuple(table["rock"].astype(str).str.strip())
    units = UnitTable(
        np.arange(1, len(names) + 1), names, tuple(colour_of(row) for row in range(len(names))), UNIT
    )
    codes = codes.fillna(0).astype(np.uint8)
    codes.attrs = flags(units)
    probability = volume(
        pair.mesh, found.belongs.max(axis=0), crs, name="probability", unit="1", quantity="",
        title="Probability of the rock",
    )  # fmt: skip
    return with_crs(xr.Dataset({UNIT: codes, "probability": probability}), crs)


def _table(pair: Pair, found: _Found, table: pd.DataFrame) -> pd.DataFrame:
    """The table of rocks with what was found of each; a rock that was not found has no means."""
    active = pair.mesh.active
    rock = found.belongs.argmax(axis=0)[active]
    counts = np.bincount(rock, minlength=len(table))
    sums = [np.bincount(rock, cells[0][active], minlength=len(table)) for cells in found.cells]
    density, susceptibility = (np.where(counts, one / np.maximum(counts, 1), np.nan) for one in sums)
    columns = {"density_found": density, "susceptibility_found": susceptibility}
    filled = table.assign(share_found=counts / counts.sum(), **columns)
    notes = {column.name: {"unit": column.unit} for column in FOUND}
    filled.attrs = {TEXT_COLUMNS: {**table.attrs.get(TEXT_COLUMNS, {}), **notes}}
    return filled
