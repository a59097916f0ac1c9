"""Inversion: volumes of density contrast, susceptibility and magnetisation from gravity and magnetic data."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import geopandas as gpd
import pandas as pd
import xarray as xr

from craton.kernels.mesh_sensitivity import gravity_coefficients, susceptibility_coefficients
from craton.methods.inversion_mesh import Sizes, body, dataset, sampled
from craton.methods.inversion_run import Choices, fit, tables
from craton.methods.inversion_stations import Ground, Heights, observations
from craton.process.marks import Bounds, ColumnOf, Grid, Table, Unit, Volume
from craton.process.processes import process

GRAVITY, MAGNETICS, VECTOR = "inversion.gravity", "inversion.magnetics", "inversion.magnetic_vector"

Stations = Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))]
NumberColumn = Annotated[str, ColumnOf("stations", numeric=True)]
GravityGrid = Annotated[
    xr.DataArray,
    Grid(
        quantity=(
            "gravity_disturbance", "gravity_anomaly", "free_air_anomaly", "bouguer_anomaly",
            "complete_bouguer_anomaly", "isostatic_anomaly",
        ),
        unit="mGal",
        plane=True,
    ),
]  # fmt: skip
MagneticGrid = Annotated[xr.DataArray, Grid(quantity="magnetic_anomaly", unit="nT", plane=True)]
Topography = Annotated[xr.DataArray, Grid(quantity="elevation", unit="m", plane=True)]
Metres = Annotated[float, Unit("m"), Bounds(above=0)]
Height = Annotated[float, Unit("m"), Bounds(minimum=-12_000, maximum=100_000)]
Clearance = Annotated[float, Unit("m"), Bounds(minimum=0, maximum=100_000)]
Trend = Literal["none", "constant", "plane"]
DepthExponent = Annotated[float, Bounds(minimum=0, maximum=6)]
Norm = Annotated[float, Bounds(minimum=0, maximum=2)]
ChiFactor = Annotated[float, Bounds(minimum=0.01, maximum=100)]
Realizations = Annotated[int, Bounds(minimum=0, maximum=10_000)]
Seed = Annotated[int, Bounds(minimum=0, maximum=2**31 - 1)]
Contrast = Annotated[float, Unit("kg/m3"), Bounds(minimum=-20_000, maximum=20_000)]
Susceptibility = Annotated[float, Unit("SI"), Bounds(minimum=-1, maximum=100)]
Intensity = Annotated[float, Unit("nT"), Bounds(minimum=1000, maximum=100_000)]
Inclination = Annotated[float, Unit("deg"), Bounds(minimum=-90, maximum=90)]
Declination = Annotated[float, Unit("deg"), Bounds(minimum=-180, maximum=360)]
Predicted = Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))]
Convergence = Annotated[pd.DataFrame, Table()]


class DensityModel(NamedTuple):
    """What an inversion of gravity gives."""

    model: Annotated[xr.Dataset, Volume(unit="kg/m3")]
    predicted: Predicted
    convergence: Convergence


class SusceptibilityModel(NamedTuple):
    """What an inversion of magnetics gives."""

    model: Annotated[xr.Dataset, Volume(unit="SI")]
    predicted: Predicted
    convergence: Convergence


class MagnetisationModel(NamedTuple):
    """What an inversion of magnetics for a vector gives."""

    model: Annotated[xr.Dataset, Volume(unit="A/m")]
    predicted: Predicted
    convergence: Convergence


@process(
    GRAVITY,
    version="1",
    keywords=("3D inversion", "density", "density contrast", "Bouguer", "三维反演", "密度反演"),
)
def gravity(
    stations: Stations | None = None,
    column: NumberColumn | None = None,
    grid: GravityGrid | None = None,
    topography: Topography | None = None,
    reference: Annotated[xr.DataArray, Volume(unit="kg/m3")] | None = None,
    *,
    deviation: Annotated[float, Unit("mGal"), Bounds(above=0)] = 0.1,
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
    lower: Contrast | None = None,
    upper: Contrast | None = None,
    chi_factor: ChiFactor = 1.0,
    realizations: Realizations = 0,
    seed: Seed = 0,
) -> DensityModel:
    """Volume of density contrast that explains a gravity survey.

    Use it on anomalies from which terrain and the regional field have been taken (complete Bouguer or
    residual anomalies), to see where under a survey dense and light rock lies. Many models explain the
    same data; this is the simplest of them in the sense of the options, blurred and with contrasts too low
    unless bounds, a reference or sparse norms say more. Depth is known least. Errors that are stated too
    small give models full of false detail, and too large ones give empty models.

    Parameters
    ----------
    stations : GeoDataFrame
        Points in metres with values; rows without place, height or value are left out. Give these or `grid`.
    column : str
        Column of `stations` with the anomaly, in mGal or a unit that converts to it.
    grid : DataArray
        Anomaly on even rows and columns; cells without a value are left out. The mesh takes its cells.
    topography : DataArray
        Elevation of the ground, which must reach under all stations; cells above it are air. Left out, the
        ground is flat, at `top`.
    reference : DataArray
        Density contrast to which the result is drawn where the data do not say otherwise, such as that of a
        geological model; on any even volume, of whose cells the nearest are taken, and 0 beyond it.
    deviation : float
        Standard deviation of the data's errors in mGal, of what the mesh cannot explain included.
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
        Length in metres over which the model is smooth; left out, two cells. Longer gives smoother models.
    depth_exponent : float
        How fast weights fall with depth; more puts structure deeper. 2 is a good choice for both kinds of
        data; Li and Oldenburg (1996) take 3 for magnetic data, and 0 leaves everything at the surface.
    norm : float
        2 for small, smooth contrasts everywhere; 1 for blocks, towards 0 for few cells that are not zero
        and sharp edges. Below 1 the result hangs on where the search began: compare with 1 or more.
    lower : float
        Least contrast in kg/m³; left out, none.
    upper : float
        Greatest contrast in kg/m³; left out, none.
    chi_factor : float
        Misfit that is aimed at: the mean square of residuals over deviations.
    realizations : int
        Models drawn for the standard deviation of the result: 0 for none, else 2 or more; 30 and more for
        figures to rely on. Each takes about as long as the last steps of the search.
    seed : int
        Of random numbers.

    Returns
    -------
    model : Dataset
        `density_contrast` in kg/m³ on upward, northing, easting, NaN in the air; with `realizations` also
        `density_contrast_std`.
    predicted : GeoDataFrame
        By station the height, observed and predicted value, trend, residual, and residual over deviation.
    convergence : DataFrame
        By step the trade-off β, χ² and its target, the functional and iterations. Where the last χ² is
        above its target the data could not be explained within their errors.

    Notes
    -----
    Minimises χ² + β Φ, with χ² = Σ ((d - G m)/σ)² and Φ = Σ w² (|m - m₀|² + L² |∇(m - m₀)|²), where the
    weights w fall with depth z as (z + z₀)^(-ν/2), ν being `depth_exponent`. β is lowered until χ² is no
    more than `chi_factor` times the number of data. Powers other than 2 come by reweighting, bounds by
    projected conjugate gradients. Sensitivities are those of right prisms, applied by Fourier transforms in
    single precision: exact to 10⁻⁶ of the largest value where stations lie at one height in a pattern of
    the cells, else to 10⁻³.
    The standard deviation is that of models for data with errors added anew and for draws of the prior
    that β Φ stands for; it holds for the options chosen and not for what they leave out.

    References
    ----------
    Li, Y. and Oldenburg, D. W. (1998), 3-D inversion of gravity data, Geophysics 63(1), 109-119,
    doi:10.1190/1.1444302.

    Fournier, D. and Oldenburg, D. W. (2019), Inversion using spatially variable mixed lp norms, Geophysical
    Journal International 218(1), 268-282, doi:10.1093/gji/ggz156.

    Zhang, Y. and Wong, Y. S. (2015), BTTB-based numerical schemes for three-dimensional gravity field
    inversion, Geophysical Journal International 203(1), 243-256, doi:10.1093/gji/ggv301.
    """
    ground, heights = Ground(GRAVITY, topography), Heights(height_column, height, sensor_height)
    data = observations(
        GRAVITY, stations, grid, ground, heights, column=column, unit="mGal", deviation=deviation,
        deviation_column=deviation_column,
    )  # fmt: skip
    sizes = Sizes(spacing, thickness, depth, margin)
    mesh = body(GRAVITY, data, ground, sizes, grid=grid, sensor=sensor_height, top=top)
    start = sampled(GRAVITY, "reference", reference, mesh, data.crs)
    choices = Choices(
        trend, length_scale, norm, lower, upper, chi_factor, realizations, seed,
        depth_exponent,
    )  # fmt: skip
    found = fit(GRAVITY, data, mesh, gravity_coefficients(), start, choices)
    model = dataset(
        mesh, data.crs, found.cells, found.deviation, (("density_contrast", "Density contrast"),),
        unit="kg/m3", quantity="density_contrast",
    )  # fmt: skip
    return DensityModel(model, *tables(data, found, "mGal", chi_factor * found.problem.freedom))


@process(
    MAGNETICS,
    version="1",
    keywords=("3D inversion", "susceptibility", "induced magnetisation", "三维反演", "磁化率反演"),
)
def magnetics(
    stations: Stations | None = None,
    column: NumberColumn | None = None,
    grid: MagneticGrid | None = None,
    topography: Topography | None = None,
    reference: Annotated[xr.DataArray, Volume(unit="SI")] | None = None,
    *,
    field_intensity: Intensity,
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
    lower: Susceptibility | None = 0.0,
    upper: Susceptibility | None = None,
    chi_factor: ChiFactor = 1.0,
    realizations: Realizations = 0,
    seed: Seed = 0,
) -> SusceptibilityModel:
    """Volume of magnetic susceptibility that explains a magnetic survey.

    Use it on total-field anomalies where rock is magnetised along today's field. Where remanence is
    strong (anomalies whose highs and lows lie the wrong way round, basalts, gabbros, pyrrhotite) the model
    will be wrong: take `inversion.magnetic_vector`. Demagnetisation is left out, so that susceptibilities
    above about 0.2 SI come out too low. For the rest it is as `inversion.gravity`.

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
    reference : DataArray
        Susceptibility to which the result is drawn where the data do not say otherwise.
    field_intensity : float
        Of the ambient field at the time of the survey, in nT.
    inclination : float
        Of the ambient field in degrees, positive down.
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
        2 for small, smooth contrasts everywhere; 1 for blocks, towards 0 for few cells that are not zero
        and sharp edges.
    lower : float
        Least susceptibility in SI.
    upper : float
        Greatest susceptibility in SI; left out, none.
    chi_factor : float
        Misfit that is aimed at: the mean square of residuals over deviations.
    realizations : int
        Models drawn for the standard deviation of the result: 0 for none, else 2 or more.
    seed : int
        Of random numbers.

    Returns
    -------
    model : Dataset
        `magnetic_susceptibility` in SI on upward, northing, easting, NaN in the air; with `realizations`
        also `magnetic_susceptibility_std`.
    predicted : GeoDataFrame
        By station the height, observed and predicted value, trend, residual, and residual over deviation.
    convergence : DataFrame
        By step the trade-off β, χ² and its target, the functional and iterations.

    Notes
    -----
    As `inversion.gravity`, with the total-field anomaly T = κ F/4π Σ fᵢ fⱼ ∂ᵢ∂ⱼ ∫ dv/r of right prisms
    in an ambient field F along f.

    References
    ----------
    Li, Y. and Oldenburg, D. W. (1996), 3-D inversion of magnetic data, Geophysics 61(2), 394-408,
    doi:10.1190/1.1443968.
    """
    ground, heights = Ground(MAGNETICS, topography), Heights(height_column, height, sensor_height)
    data = observations(
        MAGNETICS, stations, grid, ground, heights, column=column, unit="nT", deviation=deviation,
        deviation_column=deviation_column,
    )  # fmt: skip
    sizes = Sizes(spacing, thickness, depth, margin)
    mesh = body(MAGNETICS, data, ground, sizes, grid=grid, sensor=sensor_height, top=top)
    start = sampled(MAGNETICS, "reference", reference, mesh, data.crs)
    choices = Choices(
        trend, length_scale, norm, lower, upper, chi_factor, realizations, seed,
        depth_exponent,
    )  # fmt: skip
    coefficients = susceptibility_coefficients(field_intensity, inclination, declination)
    found = fit(MAGNETICS, data, mesh, coefficients, start, choices)
    model = dataset(
        mesh, data.crs, found.cells, found.deviation,
        (("magnetic_susceptibility", "Magnetic susceptibility"),),
        unit="SI", quantity="magnetic_susceptibility",
    )  # fmt: skip
    return SusceptibilityModel(model, *tables(data, found, "nT", chi_factor * found.problem.freedom))
