"""Inversion for vectors: magnetisation of any direction from magnetic data."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import xarray as xr

from craton.kernels.mesh_sensitivity import magnetisation_coefficients
from craton.methods.inversion import (
    ChiFactor,
    Clearance,
    Convergence,
    Declination,
    DepthExponent,
    Height,
    Inclination,
    MagneticGrid,
    Metres,
    Norm,
    NumberColumn,
    Predicted,
    Realizations,
    Seed,
    Stations,
    Topography,
    Trend,
)
from craton.methods.inversion_mesh import Sizes, body, dataset, volume
from craton.methods.inversion_run import Choices, fit, tables
from craton.methods.inversion_stations import Ground, Heights, observations
from craton.process.marks import Bounds, Unit, Volume
from craton.process.processes import process

VECTOR = "inversion.magnetic_vector"

PARTS = (
    ("magnetisation_easting", "Magnetisation to the east"),
    ("magnetisation_northing", "Magnetisation to the north"),
    ("magnetisation_upward", "Magnetisation upward"),
)
"""Names and titles of the fields of the result, in the order of the sensitivities."""

AMPLITUDE = "magnetisation_amplitude"


class MagnetisationModel(NamedTuple):
    """What an inversion for a vector gives."""

    model: Annotated[xr.Dataset, Volume(unit="A/m")]
    predicted: Predicted
    convergence: Convergence


@process(
    VECTOR,
    version="1",
    keywords=("3D inversion", "MVI", "remanence", "remanent magnetisation", "三维反演", "磁化矢量反演"),
)
def magnetic_vector(
    stations: Stations | None = None,
    column: NumberColumn | None = None,
    grid: MagneticGrid | None = None,
    topography: Topography | None = None,
    *,
    inclination: Inclination,
    declination: Declination,
    deviation: Annotated[float, Unit("nT"), Bounds(above=0)] = 5.0,
    deviation_column: NumberColumn | None = None,
    height_column: NumberColumn | None = None,
    height: Height | None = None,
    sensor_height: Clearance = 0.0,
    top: Height | None = None,
    spacing: Metres | None = None,
    thickness: Metres | None = None,
    depth: Metres | None = None,
    margin: Clearance | None = None,
    trend: Trend = "constant",
    length_scale: Metres | None = None,
    depth_exponent: DepthExponent = 2.0,
    norm: Norm = 2.0,
    chi_factor: ChiFactor = 1.0,
    realizations: Realizations = 0,
    seed: Seed = 0,
) -> MagnetisationModel:
    """Volume of magnetisation, in strength and direction, that explains a magnetic survey.

    Use it where remanence is strong or not known, as at low latitudes or over volcanic rock. With three
    unknowns in every cell the data say less of each than in `inversion.magnetics`, so take that where
    remanence is weak. The amplitude is more to be trusted than the direction, and the direction more over
    the middle of a body than at its edges; a low `norm` makes bodies compact and their direction clearer.

    Parameters
    ----------
    stations : GeoDataFrame
        Points in metres with values; rows without place, height or value are left out. Give these or `grid`.
    column : str
        Column of `stations` with the anomaly of the total field, in nT or a unit that converts to it.
    grid : DataArray
        Anomaly on even rows and columns; cells without a value are left out. The mesh takes its cells.
    topography : DataArray
        Elevation of the ground, which must reach under all stations; cells above it are air.
    inclination : float
        Of the ambient field in degrees, positive down; the anomaly is taken along it.
    declination : float
        Of the ambient field in degrees, positive east of the grid's north.
    deviation : float
        Standard deviation of the data's errors in nT, of what the mesh cannot explain included.
    deviation_column : str
        Column of `stations` with a standard deviation for each datum, in place of `deviation`.
    height_column : str
        Column of `stations` with heights in metres. Left out, the points' third coordinate where all have it.
    height : float
        Height of all stations in metres, where none is stated; left out, they lie on `topography`, or at 0.
    sensor_height : float
        Height of the sensor above the heights stated, in metres.
    top : float
        Height of flat ground in metres; left out, of the lowest station less `sensor_height`.
    spacing : float
        Horizontal side of a cell in metres; left out, that of `grid` or the mean distance of stations.
    thickness : float
        Thickness of a layer in metres; left out, half of the shorter side.
    depth : float
        Depth of the mesh below the lowest ground in metres; left out, half of the survey's longer side.
    margin : float
        Width by which the mesh reaches beyond the stations in metres; left out, three cells.
    trend : str
        What of the data is not explained by the mesh but fitted along: `none`, a `constant`, or a `plane`.
    length_scale : float
        Length in metres over which the model is smooth; left out, two cells.
    depth_exponent : float
        How fast weights fall with depth; more puts structure deeper. 2 is a good choice for both kinds of
        data; Li and Oldenburg (1996) take 3 for magnetic data, and 0 leaves everything at the surface.
    norm : float
        2 for small, smooth magnetisation everywhere; 1 for blocks, towards 0 for few cells that are not
        zero and sharp edges.
    chi_factor : float
        Misfit that is aimed at: the mean square of residuals over deviations.
    realizations : int
        Models drawn for the standard deviation of the result: 0 for none, else 2 or more.
    seed : int
        Of random numbers.

    Returns
    -------
    model : Dataset
        `magnetisation_easting`, `magnetisation_northing`, `magnetisation_upward` and their length
        `magnetisation_amplitude` in A/m, NaN in the air; with `realizations` also `_std` of the three parts.
        Induced magnetisation is part of it: κ F/μ₀, about 40 A/m for 1 SI in 50,000 nT.
    predicted : GeoDataFrame
        By station the height, observed and predicted value, trend, residual, and residual over deviation.
    convergence : DataFrame
        By step the trade-off β, χ² and its target, the functional and iterations.

    Notes
    -----
    As `inversion.magnetics`, for three fields T = μ₀/4π Σ fᵢ Mⱼ ∂ᵢ∂ⱼ ∫ dv/r. The functional is the sum of
    those of the three; powers other than 2 are of the length of the vector, so that the result does not
    depend on the axes.

    References
    ----------
    Lelièvre, P. G. and Oldenburg, D. W. (2009), A 3D total magnetization inversion applicable when
    significant, complicated remanence is present, Geophysics 74(3), L21-L30, doi:10.1190/1.3103249.
    """
    ground, heights = Ground(VECTOR, topography), Heights(height_column, height, sensor_height)
    data = observations(
        VECTOR, stations, grid, ground, heights, column=column, unit="nT", deviation=deviation,
        deviation_column=deviation_column,
    )  # fmt: skip
    sizes = Sizes(spacing, thickness, depth, margin)
    mesh = body(VECTOR, data, ground, sizes, grid=grid, sensor=sensor_height, top=top)
    choices = Choices(
        trend, length_scale, norm, None, None, chi_factor, realizations, seed,
        depth_exponent,
    )  # fmt: skip
    start = np.zeros((3, *mesh.mesh.shape), np.float32)
    found = fit(VECTOR, data, mesh, magnetisation_coefficients(inclination, declination), start, choices)
    model = dataset(mesh, data.crs, found.cells, found.deviation, PARTS, unit="A/m", quantity="magnetisation")
    length = np.sqrt(np.sum(found.cells**2, axis=0))
    model[AMPLITUDE] = volume(
        mesh, length, data.crs, name=AMPLITUDE, unit="A/m", quantity="magnetisation", title="Magnetisation"
    )
    return MagnetisationModel(model, *tables(data, found, "nT", chi_factor * found.problem.freedom))
