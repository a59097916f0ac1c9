"""Geomagnetic reference: the Earth's main field at stations and on grids, and anomalies from it."""

from __future__ import annotations

from typing import Annotated, Literal

import geopandas as gpd
import numpy as np
import shapely
import xarray as xr

from craton.kernels import geomagnetic as kernel
from craton.methods.geomagnetic_model import (
    COUNTED_FROM,
    GRID_NORTH,
    STRIP_CELLS,
    TRUE_NORTH,
    ModelName,
    check_years,
    checked_year,
    convergence,
    field_at,
    geodetic,
)
from craton.methods.placement import crs_of, on_cells, place_of, plane_of
from craton.methods.survey_columns import numbers_in, with_columns, years_of
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import Bounds, Column, ColumnOf, Grid, Table, Unit
from craton.process.processes import process

FIELD, FIELD_GRID = "magnetics.reference_field", "magnetics.reference_field_grid"
ANOMALY, ANOMALY_GRID = "magnetics.anomaly", "magnetics.anomaly_grid"

Stations = Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))]
Height = Annotated[float, Unit("m"), Bounds(minimum=-10_000, maximum=1_000_000)]
HeightColumn = Annotated[str, ColumnOf("stations", numeric=True)]
DateColumn = Annotated[str, ColumnOf("stations")]
COMPONENTS = ("north", "east", "down", "horizontal", "total", "declination", "inclination")
Component = Literal["total", "north", "east", "down", "horizontal", "declination", "inclination"]

COLUMNS = tuple(f"field_{one}" if one not in COMPONENTS[5:] else one for one in COMPONENTS)
UNITS = ("nT",) * 5 + ("deg",) * 2
QUANTITIES = {
    "field_total": "total_magnetic_intensity",
    "declination": "magnetic_declination",
    "inclination": "magnetic_inclination",
}
TITLES = (
    "Main field, north", "Main field, east", "Main field, down", "Main field, horizontal intensity",
    "Main field, total intensity", "Declination, east of true north", "Inclination, down from horizontal",
)  # fmt: skip

FieldTable = Annotated[
    gpd.GeoDataFrame,
    Table(
        geometry=("Point",),
        columns=tuple(
            Column(name=name, unit=unit, quantity=QUANTITIES.get(name, ""), title=title)
            for name, unit, title in zip(COLUMNS, UNITS, TITLES, strict=True)
        )
        + tuple(
            Column(name=f"{name}_rate", unit=f"{unit}/a", title=f"Secular variation: {title}")
            for name, unit, title in zip(COLUMNS, UNITS, TITLES, strict=True)
        ),
    ),
]


@process(FIELD, version="1", keywords=("IGRF", "WMM", "DGRF", "declination", "secular variation", "正常场"))
def reference_field(
    stations: Stations,
    *,
    date: str | None = None,
    date_column: DateColumn | None = None,
    height: Height = 0.0,
    height_column: HeightColumn | None = None,
    model: ModelName = "igrf14",
) -> FieldTable:
    """The Earth's main magnetic field at stations: components, intensity, angles and their yearly change.

    Use it for the declination of compasses and boreholes, for the inclination that reduction to the pole
    asks for, and to judge a survey. The models hold the field of the core (waves beyond 3000 km): no
    rocks, no daily variation, no storms. For what a survey measured less this field use
    `magnetics.anomaly`.

    Parameters
    ----------
    stations : GeoDataFrame
        Points in any reference system with a place on the Earth. Rows without place or date get no value.
    date : str, optional
        One date for all rows, such as `2024-05-17` (its beginning, UTC) or the decimal year `2024.5`.
    date_column : str, optional
        Column of dates, of whole numbers such as 20240517, or of decimal years. Give this or `date`.
    height : float
        Height of all rows above the WGS 84 ellipsoid, in metres. Height above the sea differs by up to
        100 m, which is about 2 nT.
    height_column : str, optional
        Column of heights in a unit of length, instead of `height`.
    model : str
        `igrf14` from 1900 to 2030, or `wmm2025` from 2025 to 2030, which navigation uses.

    Returns
    -------
    GeoDataFrame
        `stations` with `field_north`, `field_east`, `field_down`, `field_horizontal`, `field_total` in nT,
        `declination` and `inclination` in degrees, and for each a `_rate`, its change a year. At a pole
        north and east are those of the longitude that the row states. Where the field is vertical, the
        rates of declination and horizontal intensity have no value.

    Notes
    -----
    B = −∇V with V = a Σₙ (a/r)ⁿ⁺¹ Σₘ (gₙᵐ cos mλ + hₙᵐ sin mλ) Pₙᵐ(cos θ), a = 6371.2 km, turned from
    geocentric to geodetic axes. Coefficients change evenly between epochs five years apart. IGRF-14 is
    definitive until 2020; its rounding alone is 0.1 nT a coefficient, and 1 nT before 2000. Models are
    good to some 10 nT globally; the crust, which they leave out, makes up to thousands.

    References
    ----------
    IAGA Division V-MOD (2024), International Geomagnetic Reference Field, 14th generation,
    doi:10.5281/zenodo.14012302.

    Chulliat, A., Brown, W., Nair, M. and others (2025), The US/UK World Magnetic Model for 2025-2030:
    Technical Report, National Centers for Environmental Information, NOAA.
    """
    vectors = _at_stations(FIELD, stations, date, date_column, height, height_column, model)
    values, rates = kernel.elements(vectors)
    columns = {name: values[:, number] for number, name in enumerate(COLUMNS)}
    columns |= {f"{name}_rate": rates[:, number] for number, name in enumerate(COLUMNS)}
    return with_columns(stations, columns, {})


@process(FIELD_GRID, version="1", keywords=("IGRF", "WMM", "declination", "inclination", "正常场"))
def reference_field_grid(
    grid: Annotated[xr.DataArray, Grid()],
    date: str,
    *,
    component: Component = "total",
    secular_variation: bool = False,
    grid_north: bool = False,
    height: Height = 0.0,
    model: ModelName = "igrf14",
) -> Annotated[xr.DataArray, Grid()]:
    """One component of the Earth's main magnetic field on the cells of a grid.

    Use it to map declination or inclination over a region, or its yearly change. For stations use
    `magnetics.reference_field`; to take the field from a grid of total intensity use
    `magnetics.anomaly_grid`.

    Parameters
    ----------
    grid : DataArray
        Grid whose cells are used, its values are not; in a reference system with a place on the Earth.
    date : str
        Such as `2024-05-17` (its beginning, UTC) or the decimal year `2024.5`.
    component : str
        `total` or `horizontal` intensity, the `north`, `east` or `down` component, `declination` (east
        positive) or `inclination` (down positive).
    secular_variation : bool
        Give its change a year instead.
    grid_north : bool
        Count the declination from the northing axis of the grid, as reductions to the pole take it.
    height : float
        Height above the WGS 84 ellipsoid, in metres.
    model : str
        `igrf14` from 1900 to 2030, or `wmm2025` from 2025 to 2030.

    Returns
    -------
    DataArray
        On the cells of `grid`, in nT or degrees, or nT or degrees a year. A declination states in its
        attribute `counted_from` whether it is from `true north` or `grid north`.

    Notes
    -----
    As `magnetics.reference_field`. North is true north; `grid_north` takes the convergence of meridians
    off the declination.

    References
    ----------
    IAGA Division V-MOD (2024), International Geomagnetic Reference Field, 14th generation,
    doi:10.5281/zenodo.14012302.
    """
    year = checked_year(FIELD_GRID, date, model)
    if grid_north and component != "declination":
        raise ContractError(FIELD_GRID, "grid_north", "given with the declination", f"with {component!r}")
    wanted = COMPONENTS.index(component)
    turned = grid_north and not secular_variation
    cells = _on_grid(FIELD_GRID, grid, year, height, model, wanted, rate=secular_variation, turned=turned)
    name = COLUMNS[wanted]
    if secular_variation:
        return on_cells(
            grid, cells, name=f"{name}_rate", unit=f"{UNITS[wanted]}/a",
            title=f"Secular variation: {TITLES[wanted]}",
        )  # fmt: skip
    title = "Declination, clockwise from grid north" if grid_north else TITLES[wanted]
    found = on_cells(
        grid, cells, name=name, unit=UNITS[wanted], quantity=QUANTITIES.get(name, ""), title=title
    )
    if component == "declination":
        found.attrs[COUNTED_FROM] = GRID_NORTH if grid_north else TRUE_NORTH
    return found


AnomalyTable = Annotated[
    gpd.GeoDataFrame,
    Table(
        geometry=("Point",),
        columns=(
            Column(name="reference_field", unit="nT", title="Total intensity of the main field"),
            Column(name="magnetic_anomaly", unit="nT", quantity="magnetic_anomaly", title="Magnetic anomaly"),
        ),
    ),
]


@process(ANOMALY, version="1", keywords=("IGRF removal", "residual", "TMI", "磁异常"))
def anomaly(
    stations: Stations,
    value: Annotated[str, ColumnOf("stations", numeric=True)],
    *,
    date: str | None = None,
    date_column: DateColumn | None = None,
    height: Height = 0.0,
    height_column: HeightColumn | None = None,
    model: ModelName = "igrf14",
) -> AnomalyTable:
    """Magnetic anomaly: total intensity less the main field at the place and date of each row.

    Use it once the daily variation is out of the readings, before levelling and gridding. With
    `date_column` surveys of many seasons come to one datum; a survey of a few weeks takes one `date`.
    What is left holds the rocks, and a constant and a slow trend by which the model misses the core field.

    Parameters
    ----------
    stations : GeoDataFrame
        Points of readings. Rows without place, date or reading get no anomaly.
    value : str
        Column of total magnetic intensity, in nT or a unit that converts to it.
    date : str, optional
        One date for all rows, such as `2024-05-17` (its beginning, UTC) or the decimal year `2024.5`.
    date_column : str, optional
        Column of dates, of whole numbers such as 20240517, or of decimal years. Give this or `date`.
    height : float
        Height of all rows above the WGS 84 ellipsoid, in metres.
    height_column : str, optional
        Column of heights in a unit of length, instead of `height`.
    model : str
        `igrf14` from 1900 to 2030, or `wmm2025` from 2025 to 2030.

    Returns
    -------
    GeoDataFrame
        `stations` with `reference_field` and `magnetic_anomaly` in nT.

    Notes
    -----
    Anomaly = T − F(place, height, date), with F of `magnetics.reference_field`.

    References
    ----------
    Reeves, C. (2005), Aeromagnetic surveys: principles, practice and interpretation, Geosoft, chapter 3.

    IAGA Division V-MOD (2024), International Geomagnetic Reference Field, 14th generation,
    doi:10.5281/zenodo.14012302.
    """
    measured = numbers_in(ANOMALY, "value", stations, value, "nT")
    vectors = _at_stations(ANOMALY, stations, date, date_column, height, height_column, model)
    main = np.sqrt((vectors[:, :3] ** 2).sum(axis=1))
    return with_columns(stations, {"reference_field": main, "magnetic_anomaly": measured - main}, {})


@process(ANOMALY_GRID, version="1", keywords=("IGRF removal", "residual", "TMI", "磁异常"))
def anomaly_grid(
    grid: Annotated[xr.DataArray, Grid(quantity="total_magnetic_intensity", unit="nT")],
    date: str,
    *,
    height: Height = 0.0,
    model: ModelName = "igrf14",
) -> Annotated[xr.DataArray, Grid(quantity="magnetic_anomaly", unit="nT")]:
    """Magnetic anomaly of a grid of total intensity: the Earth's main field of one date taken away.

    Use it for grids that state the date of their main field. Readings of many dates are better reduced
    row by row, with `magnetics.anomaly`, before they are gridded.

    Parameters
    ----------
    grid : DataArray
        Total magnetic intensity on even rows and columns, in a reference system with a place on the Earth.
    date : str
        Such as `2024-05-17` (its beginning, UTC) or the decimal year `2024.5`.
    height : float
        Height above the WGS 84 ellipsoid, in metres.
    model : str
        `igrf14` from 1900 to 2030, or `wmm2025` from 2025 to 2030.

    Returns
    -------
    DataArray
        Anomaly in nT on the cells of `grid`.

    Notes
    -----
    Anomaly = T − F(place, height, date), with F of `magnetics.reference_field`.

    References
    ----------
    IAGA Division V-MOD (2024), International Geomagnetic Reference Field, 14th generation,
    doi:10.5281/zenodo.14012302.
    """
    plane = plane_of(ANOMALY_GRID, "grid", grid)
    year = checked_year(ANOMALY_GRID, date, model)
    main = _on_grid(ANOMALY_GRID, plane, year, height, model, COMPONENTS.index("total"), rate=False)
    left = plane.to_numpy().astype(np.float64) - main
    return on_cells(grid, left, unit="nT", quantity="magnetic_anomaly", title="Magnetic anomaly")


def _at_stations(
    id: str,
    stations: gpd.GeoDataFrame,
    date: str | None,
    date_column: str | None,
    height: float,
    height_column: str | None,
    model: str,
) -> np.ndarray:
    """Field and rates (n, 6) at each row."""
    if (date is None) == (date_column is None):
        came = "neither" if date is None else "both"
        raise ContractError(id, "date", "given, or `date_column` instead", came)
    count = len(stations)
    if date_column is not None:
        years = years_of(id, "date_column", stations, date_column)
        check_years(id, "date_column", years, model)
    else:
        years = np.full(count, checked_year(id, str(date), model))
    heights = np.full(count, height)
    if height_column is not None:
        heights = numbers_in(id, "height_column", stations, height_column, "m")
    shapes = stations.geometry.to_numpy()
    longitude, latitude = geodetic(
        id, "stations", crs_of(stations), shapely.get_x(shapes), shapely.get_y(shapes)
    )
    return field_at(model, latitude, longitude, heights, years)


def _on_grid(
    id: str,
    grid: xr.DataArray,
    year: float,
    height: float,
    model: str,
    component: int,
    *,
    rate: bool,
    turned: bool = False,
) -> np.ndarray:
    """One element of the field, or its rate, on the cells of `grid`, some rows at a time.

    An angle that is `turned` counts from the northing axis.
    """
    place = place_of(id, "grid", grid)
    rows, columns = place.shape
    north, east = (
        first + step * np.arange(count)
        for first, step, count in zip(place.first, place.step, place.shape, strict=True)
    )
    cells = np.empty(place.shape)
    strip = max(1, STRIP_CELLS // columns)
    for top in progress.each(range(0, rows, strip), "main field"):
        eastings, northings = (part.ravel() for part in np.meshgrid(east, north[top : top + strip]))
        longitude, latitude = geodetic(id, "grid", place.crs, eastings, northings)
        heights, years = np.full(latitude.size, height), np.full(latitude.size, year)
        found = kernel.elements(field_at(model, latitude, longitude, heights, years))[int(rate)]
        angles = convergence(place.crs, longitude, latitude) if turned else 0.0
        cells[top : top + strip] = (found[:, component] - angles).reshape(-1, columns)
    return cells
