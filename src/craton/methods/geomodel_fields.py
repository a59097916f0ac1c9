"""Gravity and magnetics of a geological model, misfit to data, and the model as reference of inversion."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import pandas as pd
import xarray as xr

from craton.methods.geomodel_ask_model import Model
from craton.methods.geomodel_rock import (
    FieldAtStations,
    FieldOnGrid,
    at_stations,
    on_grid,
    rock_of,
    rock_volume,
)
from craton.methods.inversion import (
    Clearance,
    Declination,
    Height,
    Inclination,
    Intensity,
    NumberColumn,
    Stations,
)
from craton.process.marks import Bounds, Column, Grid, Table, Unit, Volume
from craton.process.processes import process

GRAVITY, GRAVITY_GRID = "geomodel.gravity", "geomodel.gravity_grid"
MAGNETICS, MAGNETICS_GRID = "geomodel.magnetics", "geomodel.magnetics_grid"
REFERENCE = "geomodel.reference_model"

RockTable = Annotated[
    pd.DataFrame, Table(columns=(Column(name="unit", quantity="geological_unit", title="Unit"),))
]
Reach = Annotated[float, Unit("m"), Bounds(minimum=0, maximum=1_000_000)]
Density = Annotated[float, Unit("kg/m3"), Bounds(minimum=0, maximum=25_000)]


@process(GRAVITY, version="1", keywords=("forward model", "gravity effect", "misfit", "正演", "重力"))
def gravity(
    model: Model,
    properties: RockTable,
    stations: Stations,
    *,
    column: NumberColumn | None = None,
    height_column: NumberColumn | None = None,
    height: Height | None = None,
    sensor_height: Clearance = 0.0,
    background: Density = 2670.0,
    margin: Reach | None = None,
    variable: str = "",
) -> FieldAtStations:
    """Gravity of a geological model at stations, and its misfit to what was measured there.

    Use it to test a model built from maps and holes against gravity that it does not know. For measured
    Bouguer anomalies let `background` be their reduction density; for free-air anomalies or disturbances 0.

    Parameters
    ----------
    model : Dataset
        A geological model, or another volume of classes such as GeoTOP.
    properties : DataFrame
        A row a unit of the model: `unit` (its name) and `density`, in kg/m3 or a unit that converts.
    stations : GeoDataFrame
        Points in the system of the model, above its cells.
    column : str, optional
        Column of `stations` with the measured anomaly, in mGal or a unit that converts. Left out, nothing is
        compared.
    height_column : str, optional
        Column of `stations` with heights in metres. Left out, the points' third coordinate where all have it.
    height : float, optional
        Height of all stations in metres, where none is stated; left out, 0.
    sensor_height : float
        Height of the sensor above the heights stated, in metres.
    background : float
        Density in kg/m3 against which those of the units are contrasts; cells without a unit have none.
    margin : float, optional
        Distance in metres by which the model is continued beyond its sides as it is there; left out, three
        times its height. Without it the model's edge makes an anomaly.
    variable : str
        Variable of the model with the classes; left out, `unit`, else the first that has classes.

    Returns
    -------
    stations : GeoDataFrame
        Stations with place, height and value: `predicted`, downward in mGal, and where `column` is given
        `observed` and `residual`, observed less predicted less the best constant shift.
    misfit : DataFrame
        One row: number of stations, that shift, root mean square and largest residual in mGal, and the share
        of the variance of the data that the model explains; missing without `column`.

    Notes
    -----
    As for `inversion.forward`. The shift is the mean of observed less predicted, which takes up the level of
    the data and what lies below and beyond the model.

    References
    ----------
    Nagy, D., Papp, G. and Benedek, J. (2000), The gravitational potential and its derivatives for the
    prism, Journal of Geodesy 74, 552-560, doi:10.1007/s001900000116.
    """
    rock = rock_of(GRAVITY, model, properties, "density", variable, background)
    return at_stations(
        GRAVITY, rock, stations, column, margin,
        height_column=height_column, height=height, sensor_height=sensor_height,
    )  # fmt: skip


@process(MAGNETICS, version="1", keywords=("forward model", "magnetic effect", "misfit", "正演", "磁"))
def magnetics(
    model: Model,
    properties: RockTable,
    stations: Stations,
    *,
    field_intensity: Intensity,
    inclination: Inclination,
    declination: Declination,
    column: NumberColumn | None = None,
    height_column: NumberColumn | None = None,
    height: Height | None = None,
    sensor_height: Clearance = 0.0,
    margin: Reach | None = None,
    variable: str = "",
) -> FieldAtStations:
    """Magnetic anomaly of a geological model at stations, and its misfit to what was measured there.

    Use it to test a model built from maps and holes against magnetic data that it does not know. Rocks are
    taken to be magnetised along today's field only; for remanence make volumes for `inversion.forward`.

    Parameters
    ----------
    model : Dataset
        A geological model, or another volume of classes such as GeoTOP.
    properties : DataFrame
        A row a unit of the model: `unit` (its name) and `susceptibility`, in SI or a unit that converts.
    stations : GeoDataFrame
        Points in the system of the model, above its cells.
    field_intensity : float
        Of the ambient field in nT.
    inclination : float
        Of the ambient field in degrees, positive down.
    declination : float
        Of the ambient field in degrees, positive east of the grid's north.
    column : str, optional
        Column of `stations` with the measured anomaly, in nT or a unit that converts. Left out, nothing is
        compared.
    height_column : str, optional
        Column of `stations` with heights in metres. Left out, the points' third coordinate where all have it.
    height : float, optional
        Height of all stations in metres, where none is stated; left out, 0.
    sensor_height : float
        Height of the sensor above the heights stated, in metres.
    margin : float, optional
        Distance in metres by which the model is continued beyond its sides; left out, three times its height.
    variable : str
        Variable of the model with the classes; left out, `unit`, else the first that has classes.

    Returns
    -------
    stations : GeoDataFrame
        Stations with place, height and value: `predicted`, the total-field anomaly in nT, and where `column`
        is given `observed` and `residual`, observed less predicted less the best constant shift.
    misfit : DataFrame
        One row: number of stations, that shift, root mean square and largest residual in nT, and the share
        of the variance of the data that the model explains; missing without `column`.

    Notes
    -----
    As for `inversion.forward` and `geomodel.gravity`.

    References
    ----------
    Blakely, R. J. (1995), Potential theory in gravity and magnetic applications, Cambridge University
    Press, chapters 8 and 9.
    """
    rock = rock_of(MAGNETICS, model, properties, "susceptibility", variable, 0.0)
    return at_stations(
        MAGNETICS, rock, stations, column, margin,
        height_column=height_column, height=height, sensor_height=sensor_height,
        field_intensity=field_intensity, inclination=inclination, declination=declination,
    )  # fmt: skip


@process(GRAVITY_GRID, version="1", keywords=("forward model", "gravity effect", "misfit", "正演", "重力"))
def gravity_grid(
    model: Model,
    properties: RockTable,
    grid: Annotated[xr.DataArray, Grid(unit="mGal", plane=True)],
    *,
    height: Height = 0.0,
    background: Density = 2670.0,
    margin: Reach | None = None,
    variable: str = "",
) -> FieldOnGrid:
    """Gravity of a geological model on a grid of measured gravity, and its misfit to that.

    Use it as `geomodel.gravity`, for data that are gridded at one height.

    Parameters
    ----------
    model : Dataset
        A geological model, or another volume of classes such as GeoTOP.
    properties : DataFrame
        A row a unit of the model: `unit` (its name) and `density`, in kg/m3 or a unit that converts.
    grid : DataArray
        Measured anomaly in mGal; its cells with a value are the stations.
    height : float
        Height of the data above the datum in metres, above the cells of the model.
    background : float
        Density in kg/m3 against which those of the units are contrasts.
    margin : float, optional
        Distance in metres by which the model is continued beyond its sides; left out, three times its height.
    variable : str
        Variable of the model with the classes; left out, `unit`, else the first that has classes.

    Returns
    -------
    fields : Dataset
        `predicted`, and `residual`: measured less predicted less the best constant shift, in mGal.
    misfit : DataFrame
        One row: number of cells, that shift, root mean square and largest residual in mGal, and the share of
        the variance of the data that the model explains.

    Notes
    -----
    As for `geomodel.gravity`.

    References
    ----------
    Nagy, D., Papp, G. and Benedek, J. (2000), The gravitational potential and its derivatives for the
    prism, Journal of Geodesy 74, 552-560, doi:10.1007/s001900000116.
    """
    rock = rock_of(GRAVITY_GRID, model, properties, "density", variable, background)
    return on_grid(GRAVITY_GRID, rock, grid, margin, height=height)


@process(MAGNETICS_GRID, version="1", keywords=("forward model", "magnetic effect", "misfit", "正演", "磁"))
def magnetics_grid(
    model: Model,
    properties: RockTable,
    grid: Annotated[xr.DataArray, Grid(unit="nT", plane=True)],
    *,
    field_intensity: Intensity,
    inclination: Inclination,
    declination: Declination,
    height: Height = 0.0,
    margin: Reach | None = None,
    variable: str = "",
) -> FieldOnGrid:
    """Magnetic anomaly of a geological model on a grid of measured anomaly, and its misfit to that.

    Use it as `geomodel.magnetics`, for data that are gridded at one height.

    Parameters
    ----------
    model : Dataset
        A geological model, or another volume of classes such as GeoTOP.
    properties : DataFrame
        A row a unit of the model: `unit` (its name) and `susceptibility`, in SI or a unit that converts.
    grid : DataArray
        Measured anomaly in nT; its cells with a value are the stations.
    field_intensity : float
        Of the ambient field in nT.
    inclination : float
        Of the ambient field in degrees, positive down.
    declination : float
        Of the ambient field in degrees, positive east of the grid's north.
    height : float
        Height of the data above the datum in metres, above the cells of the model.
    margin : float, optional
        Distance in metres by which the model is continued beyond its sides; left out, three times its height.
    variable : str
        Variable of the model with the classes; left out, `unit`, else the first that has classes.

    Returns
    -------
    fields : Dataset
        `predicted`, and `residual`: measured less predicted less the best constant shift, in nT.
    misfit : DataFrame
        One row: number of cells, that shift, root mean square and largest residual in nT, and the share of
        the variance of the data that the model explains.

    Notes
    -----
    As for `geomodel.magnetics`.

    References
    ----------
    Blakely, R. J. (1995), Potential theory in gravity and magnetic applications, Cambridge University
    Press, chapters 8 and 9.
    """
    rock = rock_of(MAGNETICS_GRID, model, properties, "susceptibility", variable, 0.0)
    return on_grid(
        MAGNETICS_GRID, rock, grid, margin, height=height,
        field_intensity=field_intensity, inclination=inclination, declination=declination,
    )  # fmt: skip


@process(REFERENCE, version="1", keywords=("starting model", "density model", "constraint", "参考模型"))
def reference_model(
    model: Model,
    properties: RockTable,
    *,
    rock: Literal["density", "susceptibility"] = "density",
    background: Density = 2670.0,
    variable: str = "",
) -> Annotated[xr.DataArray, Volume()]:
    """Density contrast or susceptibility of a geological model, as reference of an inversion.

    Use it as `reference` of `inversion.gravity` or `inversion.magnetics`, so that what the data cannot tell
    stays as geology says; and as `model` of `inversion.forward`.

    Parameters
    ----------
    model : Dataset
        A geological model, or another volume of classes such as GeoTOP.
    properties : DataFrame
        A row a unit of the model: `unit` (its name) and `density` or `susceptibility` in a unit that
        converts to kg/m3 or SI.
    rock : str
        Which property.
    background : float
        Density in kg/m3 that is taken from those of the units; not used for susceptibility.
    variable : str
        Variable of the model with the classes; left out, `unit`, else the first that has classes.

    Returns
    -------
    DataArray
        Density contrast in kg/m3, or susceptibility in SI; missing in cells without a unit.

    Notes
    -----
    Each cell has the property of its unit.

    References
    ----------
    Li, Y. and Oldenburg, D. W. (1998), 3-D inversion of gravity data, Geophysics 63(1), 109-119,
    doi:10.1190/1.1444302.
    """
    found = rock_of(REFERENCE, model, properties, rock, variable, background if rock == "density" else 0.0)
    title = "Density contrast of units" if rock == "density" else "Susceptibility of units"
    cells = np.where(found.asked.classes > 0, found.values[found.asked.classes], np.nan).astype(np.float32)
    name = "density_contrast" if rock == "density" else "susceptibility"
    return rock_volume(found, cells, name, title, (0, 0))
