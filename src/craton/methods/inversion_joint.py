"""Inversion, joint: density contrast and susceptibility that explain two surveys and change together."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import xarray as xr

from craton.kernels.cross_gradient import Structure, joint, unlikeness
from craton.kernels.inversion import Step
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
from craton.methods.inversion_mesh import Sizes
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
from craton.methods.inversion_run import LENGTH_CELLS
from craton.methods.inversion_stations import Heights
from craton.process.marks import Bounds, Unit, Volume
from craton.process.processes import process

JOINT = "inversion.joint"


class JointModels(NamedTuple):
    """What a joint inversion gives."""

    density: Annotated[xr.Dataset, Volume(unit="kg/m3")]
    susceptibility: Annotated[xr.Dataset, Volume(unit="SI")]
    gravity_predicted: Predicted
    magnetic_predicted: Predicted
    convergence: Convergence


@process(
    JOINT, version="1", keywords=("3D inversion", "cross-gradient", "joint inversion", "联合反演", "交叉梯度")
)
def joint_inversion(
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
    susceptibility_lower: Susceptibility | None = 0.0,
    susceptibility_upper: Susceptibility | None = None,
    coupling: Annotated[float, Bounds(minimum=0, maximum=1e6)] = 30.0,
    rounds: Annotated[int, Bounds(minimum=1, maximum=200)] = 12,
    chi_factor: ChiFactor = 1.0,
) -> JointModels:
    """Volumes of density contrast and susceptibility that explain two surveys and have like structure.

    Use it where one body is likely to make both anomalies, as intrusions, skarns and iron ore do: what one
    survey resolves then helps the other. It asks that both models change in the same places and
    directions, not that their values go together; one may also be flat where the other changes. Where
    nothing is shared it does little harm, but also no good. Where the rocks' properties are known, take
    `inversion.petrophysical`.

    Parameters
    ----------
    gravity_stations : GeoDataFrame
        Points in metres with gravity; rows without place, height or value are left out. Give these or
        `gravity_grid`.
    gravity_column : str
        Column of `gravity_stations` with the anomaly, in mGal or a unit that converts to it.
    gravity_grid : DataArray
        Gravity anomaly on even rows and columns; cells without a value are left out.
    magnetic_stations : GeoDataFrame
        Points in the same system with magnetic data. Give these or `magnetic_grid`.
    magnetic_column : str
        Column of `magnetic_stations` with the anomaly of the total field, in nT or a unit that converts.
    magnetic_grid : DataArray
        Magnetic anomaly on even rows and columns; cells without a value are left out.
    topography : DataArray
        Elevation of the ground, which must reach under all stations; cells above it are air.
    field_intensity : float
        Of the ambient field at the time of the survey, in nT.
    inclination : float
        Of the ambient field in degrees, positive down.
    declination : float
        Of the ambient field in degrees, positive east of the grid's north.
    gravity_deviation : float
        Standard deviation of the errors of gravity in mGal.
    magnetic_deviation : float
        Standard deviation of the errors of magnetic data in nT.
    gravity_deviation_column : str
        Column with a standard deviation for each gravity datum.
    magnetic_deviation_column : str
        Column with a standard deviation for each magnetic datum.
    gravity_height_column : str
        Column of `gravity_stations` with heights in metres. Left out, the points' third coordinate.
    magnetic_height_column : str
        Column of `magnetic_stations` with heights in metres. Left out, the points' third coordinate.
    gravity_height : float
        Height of gravity stations in metres, where none is stated; left out, on `topography`, or 0.
    magnetic_height : float
        Height of magnetic stations in metres, where none is stated; left out, on `topography`, or 0.
    gravity_sensor_height : float
        Height of the gravimeter above the heights stated, in metres.
    magnetic_sensor_height : float
        Height of the magnetometer above the heights stated, in metres.
    top : float
        Height of flat ground in metres; left out, of the lowest gravity station less its sensor's height.
    spacing : float
        Horizontal side of a cell in metres; left out, that of a grid or the mean distance of stations.
    thickness : float
        Thickness of a layer in metres; left out, half of the shorter side.
    depth : float
        Depth of the mesh below the lowest ground in metres; left out, half of the surveys' longer side.
    margin : float
        Width by which the mesh reaches beyond the stations in metres; left out, three cells.
    trend : str
        What of either survey is not explained by the mesh but fitted along.
    length_scale : float
        Length in metres over which models are smooth; left out, two cells.
    depth_exponent : float
        How fast weights fall with depth; more puts structure deeper. 2 is a good choice for both kinds of
        data; Li and Oldenburg (1996) take 3 for magnetic data, and 0 leaves everything at the surface.
    density_lower : float
        Least density contrast in kg/m³; left out, none.
    density_upper : float
        Greatest density contrast in kg/m³; left out, none.
    susceptibility_lower : float
        Least susceptibility in SI; left out, none.
    susceptibility_upper : float
        Greatest susceptibility in SI; left out, none.
    coupling : float
        Weight of the cross gradient beside that of smoothness; 0 gives two inversions that do not meet.
    rounds : int
        Turns of both models at most.
    chi_factor : float
        Misfit that is aimed at: the mean square of residuals over deviations.

    Returns
    -------
    density : Dataset
        `density_contrast` in kg/m³ on upward, northing, easting, NaN in the air.
    susceptibility : Dataset
        `magnetic_susceptibility` in SI on the same cells.
    gravity_predicted : GeoDataFrame
        By gravity station the observed and predicted value, trend, residual, and residual over deviation.
    magnetic_predicted : GeoDataFrame
        The same of magnetic stations.
    convergence : DataFrame
        By step the data, β, χ² and its target, and `unlikeness`, the mean sine of the angle between the
        gradients of the two models weighted by their lengths.

    Notes
    -----
    Each survey is inverted alone first. Then in turn each model m minimises χ² + β (Φ + c Σ w² |L∇m x v|²),
    where v is the gradient of the other model over its largest length: the cross gradient of Gallardo and
    Meju (2003), linear in the model whose turn it is. β follows the misfit so that both surveys stay
    explained within their errors.

    References
    ----------
    Gallardo, L. A. and Meju, M. A. (2003), Characterization of heterogeneous near-surface materials by
    joint 2D inversion of dc resistivity and seismic data, Geophysical Research Letters 30(13), 1658,
    doi:10.1029/2003GL017370.
    """
    gravity = Asked(
        gravity_stations, gravity_column, gravity_grid,
        Heights(gravity_height_column, gravity_height, gravity_sensor_height), gravity_deviation,
        gravity_deviation_column, (density_lower, density_upper),
    )  # fmt: skip
    magnetic = Asked(
        magnetic_stations, magnetic_column, magnetic_grid,
        Heights(magnetic_height_column, magnetic_height, magnetic_sensor_height), magnetic_deviation,
        magnetic_deviation_column, (susceptibility_lower, susceptibility_upper),
    )  # fmt: skip
    alike = Alike(trend, length_scale, LENGTH_CELLS, depth_exponent, chi_factor)
    pair = pair_of(
        JOINT, gravity, magnetic, topography, Ambient(field_intensity, inclination, declination),
        Sizes(spacing, thickness, depth, margin), top, alike,
    )  # fmt: skip
    cells, records = _together(pair, coupling, rounds, chi_factor)
    return JointModels(
        *volumes(pair, cells), *predictions(pair, cells),
        convergence_of(pair, records, chi_factor, "unlikeness"),
    )  # fmt: skip


def _together(
    pair: Pair, coupling: float, rounds: int, chi_factor: float
) -> tuple[list[np.ndarray], list[Record]]:
    """Both models in turn, and the steps."""
    structure = Structure(pair.mesh.active, pair.scale)
    apart = unlikeness(structure, *(cells[0] for cells in pair.models))
    records = [
        Record(number, 0, step, apart) for number, survey in enumerate(pair.surveys) for step in survey.steps
    ]

    def told(turn: int, number: int, step: Step, unlike: float) -> None:
        records.append(Record(number, turn + 1, step, unlike))
        told_together(pair, turn, number, rounds)

    if coupling == 0:
        return list(pair.models), records
    cells, _beta = joint(
        pair.problems, pair.models, pair.betas, structure, (pair.weights, pair.weights), coupling=coupling,
        rounds=rounds, chi_factor=chi_factor, report=told,
    )  # fmt: skip
    return cells, records
