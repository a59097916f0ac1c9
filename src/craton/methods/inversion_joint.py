"""Inversion, joint: density contrast and susceptibility that explain two surveys and change together."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from craton.kernels.cross_gradient import Structure, joint, unlikeness
from craton.kernels.inversion import Problem, Step, discrepancy
from craton.kernels.mesh_sensitivity import gravity_coefficients, susceptibility_coefficients
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
from craton.methods.inversion_mesh import Body, Sizes, body, dataset
from craton.methods.inversion_run import (
    Choices,
    Found,
    Watched,
    problem_of,
    scale_of,
    steps_table,
    tables,
    watched,
    weights_of,
)
from craton.methods.inversion_stations import Ground, Heights, Observations, merged, observations
from craton.methods.placement import same_crs
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import Bounds, ColumnOf, Unit, Volume
from craton.process.processes import process

JOINT = "inversion.joint"

GravityColumn = Annotated[str, ColumnOf("gravity_stations", numeric=True)]
MagneticColumn = Annotated[str, ColumnOf("magnetic_stations", numeric=True)]


class JointModels(NamedTuple):
    """What a joint inversion gives."""

    density: Annotated[xr.Dataset, Volume(unit="kg/m3")]
    susceptibility: Annotated[xr.Dataset, Volume(unit="SI")]
    gravity_predicted: Predicted
    magnetic_predicted: Predicted
    convergence: Convergence


class _Survey(NamedTuple):
    """One of the two: its data, what is to be explained, and the model of its own with its β and steps."""

    data: Observations
    operator: Watched
    problem: Problem
    cells: np.ndarray
    beta: float
    steps: list[Step]


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
    nothing is shared it does little harm, but also no good.

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
    ground = Ground(JOINT, topography)
    dense = observations(
        JOINT, gravity_stations, gravity_grid, ground,
        Heights(gravity_height_column, gravity_height, gravity_sensor_height), column=gravity_column,
        unit="mGal", deviation=gravity_deviation, deviation_column=gravity_deviation_column,
        prefix="gravity_",
    )  # fmt: skip
    magnetic = observations(
        JOINT, magnetic_stations, magnetic_grid, ground,
        Heights(magnetic_height_column, magnetic_height, magnetic_sensor_height), column=magnetic_column,
        unit="nT", deviation=magnetic_deviation, deviation_column=magnetic_deviation_column,
        prefix="magnetic_",
    )  # fmt: skip
    if not same_crs(dense.crs, magnetic.crs):
        came = f"{dense.crs[:40] or 'none'} and {magnetic.crs[:40] or 'none'}"
        raise ContractError(JOINT, "magnetic_stations", "in the system of the gravity data", came)
    top = float(dense.places[:, 2].min()) - gravity_sensor_height if top is None else top
    both = merged(dense, magnetic)
    sizes = Sizes(spacing, thickness, depth, margin)
    like = gravity_grid if gravity_grid is not None else magnetic_grid
    mesh = body(JOINT, both, ground, sizes, grid=like, sensor=0.0, top=top)
    bounds = (density_lower, density_upper), (susceptibility_lower, susceptibility_upper)
    fields = gravity_coefficients(), susceptibility_coefficients(field_intensity, inclination, declination)
    split = dense.values.size
    surveys = []
    for number, data in enumerate((dense, magnetic)):
        part = mesh._replace(stations=mesh.stations[:split] if number == 0 else mesh.stations[split:])
        chosen = Choices(trend, length_scale, 2.0, *bounds[number], chi_factor, 0, 0, depth_exponent)
        surveys.append(_alone(data, part, fields[number], chosen, number))
    return _together(mesh, surveys, length_scale, depth_exponent, coupling, rounds, chi_factor)


def _alone(
    data: Observations, part: Body, coefficients: np.ndarray, choices: Choices, number: int
) -> _Survey:
    """Model of one survey by itself."""
    message, since = ("gravity alone", "magnetics alone")[number], 0.25 * number
    operator = watched(part, coefficients, message, since=since, share=0.1)
    start = np.zeros((1, *part.mesh.shape), np.float32)
    problem = problem_of(JOINT, data, part, operator, start, choices)

    def told(_step: Step) -> None:
        operator.done = min(operator.done + 0.03, since + 0.25)

    cells, beta, steps = discrepancy(problem, chi_factor=choices.chi_factor, report=told)
    return _Survey(data, operator, problem, cells, beta, steps)


def _together(
    mesh: Body, surveys: list[_Survey], length_scale: float | None, depth_exponent: float, coupling: float,
    rounds: int, chi_factor: float,
) -> JointModels:  # fmt: skip
    """Both models in turn, and the results as labelled data."""
    structure = Structure(mesh.active, scale_of(mesh, length_scale))
    one, other = surveys
    apart = unlikeness(structure, one.cells[0], other.cells[0])
    records = [(number, 0, step, apart) for number, survey in enumerate(surveys) for step in survey.steps]

    def told(turn: int, number: int, step: Step, unlike: float) -> None:
        records.append((number, turn + 1, step, unlike))
        done = 0.5 + 0.5 * (turn + 0.5 * (number + 1)) / rounds
        for survey in surveys:
            survey.operator.done, survey.operator.message = done, "both together"
        progress.report(done, "both together")

    cells = [one.cells, other.cells]
    if coupling > 0:
        cells, _beta = joint(
            (one.problem, other.problem), (one.cells, other.cells), (one.beta, other.beta), structure,
            (weights_of(mesh, depth_exponent),) * 2, coupling=coupling, rounds=rounds,
            chi_factor=chi_factor, report=told,
        )  # fmt: skip
    predicted = [
        tables(survey.data, Found(model, None, survey.problem, []), unit, 1.0)[0]
        for survey, model, unit in zip(surveys, cells, ("mGal", "nT"), strict=True)
    ]
    density = dataset(
        mesh, one.data.crs, cells[0], None, (("density_contrast", "Density contrast"),),
        unit="kg/m3", quantity="density_contrast",
    )  # fmt: skip
    susceptibility = dataset(
        mesh, one.data.crs, cells[1], None, (("magnetic_susceptibility", "Magnetic susceptibility"),),
        unit="SI", quantity="magnetic_susceptibility",
    )  # fmt: skip
    return JointModels(
        density, susceptibility, predicted[0], predicted[1], _convergence(records, surveys, chi_factor)
    )


def _convergence(
    records: list[tuple[int, int, Step, float]], surveys: list[_Survey], chi_factor: float
) -> pd.DataFrame:
    targets = [chi_factor * surveys[number].problem.freedom for number, *_rest in records]
    frame = steps_table([step for _number, _turn, step, _unlike in records], 0.0)
    frame.insert(0, "data", [("gravity", "magnetics")[number] for number, *_rest in records])
    frame.insert(1, "round", [turn for _number, turn, *_rest in records])
    frame["target"] = targets
    frame["unlikeness"] = [unlike for *_rest, unlike in records]
    frame.attrs["columns"] |= {"unlikeness": {"unit": "1"}, "round": {"unit": "1"}}
    return frame
