"""Bodies: gravity and magnetic field of prisms, spheres, cylinders, dykes and polygons, given as a table."""

from __future__ import annotations

from typing import Annotated, Literal

import geopandas as gpd
import numpy as np
import xarray as xr

from craton.kernels import constants, sources
from craton.kernels.sources import Floats
from craton.methods.body_table import (
    at_stations,
    bodies_of,
    column_in,
    magnetic_field,
    magnetisation_of,
    numbers_of,
    refuse_degrees,
)
from craton.methods.placement import crs_of, on_cells, place_of, same_cells
from craton.model.errors import ContractError
from craton.process.data import TEXT_COLUMNS
from craton.process.marks import Bounds, Column, ColumnOf, Grid, Table, Unit
from craton.process.processes import process

Shapes = ("Point", "Polygon")
DenseBodies = Annotated[
    gpd.GeoDataFrame,
    Table(geometry=Shapes, columns=(Column(name="density", unit="kg/m3", title="Density contrast"),)),
]
MagneticBodies = Annotated[
    gpd.GeoDataFrame,
    Table(geometry=Shapes, columns=(Column(name="susceptibility", unit="SI", title="Susceptibility"),)),
]
Cells = Annotated[xr.DataArray, Grid(plane=True)]
Surface = Annotated[xr.DataArray, Grid(quantity=("elevation", "ellipsoidal_height"), unit="m", plane=True)]
Stations = Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))]
HeightColumn = Annotated[str, ColumnOf("stations", numeric=True)]
Height = Annotated[float, Unit("m"), Bounds(minimum=-12_000, maximum=500_000)]
Intensity = Annotated[float, Unit("nT"), Bounds(above=0, maximum=100_000)]
Inclination = Annotated[float, Unit("deg"), Bounds(minimum=-90, maximum=90)]
Declination = Annotated[float, Unit("deg"), Bounds(minimum=-180, maximum=360)]
Component = Literal["total", "east", "north", "down"]
"""Part of the magnetic field: its anomaly along the main field, or along an axis."""

GravityCells = Annotated[xr.DataArray, Grid(quantity="gravity_disturbance", unit="mGal", plane=True)]
MagneticCells = Annotated[xr.DataArray, Grid(quantity="magnetic_anomaly", unit="nT", plane=True)]

PARTS = (
    ("g_ee", 0, 1.0, "east, east"),
    ("g_nn", 1, 1.0, "north, north"),
    ("g_zz", 2, 1.0, "down, down"),
    ("g_en", 3, 1.0, "east, north"),
    ("g_ez", 4, -1.0, "east, down"),
    ("g_nz", 5, -1.0, "north, down"),
)
"""Parts of the tensor with the vertical axis downward: name, place among `sources.PAIRS`, sign, axes."""


@process(
    "gravity.of_bodies",
    version="1",
    keywords=("forward model", "prism", "sphere", "cylinder", "dyke", "正演"),
)
def gravity_of_bodies(
    bodies: DenseBodies, grid: Cells, *, height: Height = 0.0, surface: Surface | None = None
) -> GravityCells:
    """Gravity of bodies of known shape and density, on the cells of a grid.

    Use it to test an idea of what lies below against a measured anomaly, to take the effect of a known
    body (an open pit, an intrusion, a salt dome) from a map, or to plan a survey. The field is that of the
    table alone: what surrounds the bodies has the density contrast 0, and the Earth is flat.

    Parameters
    ----------
    bodies : GeoDataFrame
        One body a row, with its `density` contrast. A polygon stands upright on its outline between the
        columns `bottom` and `top`. A point needs a column `kind` and the sizes of that kind, in metres and
        degrees: `prism` (`width` to the east, `length` to the north, `bottom`, `top`), `cylinder`
        (upright; `radius`, `bottom`, `top`), `sphere` (`radius`, `top`), `rod` (a level cylinder;
        `radius`, `length`, `azimuth`, `top`), `line` (a thin cylinder from its upper end, as a line of
        mass; `radius`, `length`, `azimuth`, `plunge`, `top`), `dyke` (middle of its top edge; `width`
        across it on the level, `length`, `azimuth`, `dip` to the right of the azimuth, `bottom`, `top`).
        `bottom` and `top` are heights above the datum: what lies below it is negative.
    grid : DataArray
        Whose cells are the stations; its values are not used.
    height : float
        Height of the stations above the datum in metres, or above `surface` where that is given.
    surface : DataArray
        Height of the ground on the cells of `grid`, in metres. Left out, stations lie on a level plane.

    Returns
    -------
    DataArray
        Downward attraction in mGal at the middles of the cells. Cells without a `surface` have none, nor
        have those within the radius of a `line`.

    Notes
    -----
    Closed forms, exact to rounding, also on and within bodies: prisms by Nagy, spheres as points, all
    others but lines as polyhedra. Cylinders have 64 sides and the volume of the round one. Where bodies
    overlap, their contrasts add.

    References
    ----------
    Nagy, D., Papp, G., and Benedek, J. (2000), The gravitational potential and its derivatives for the
    prism, Journal of Geodesy 74, 552-560, doi:10.1007/s001900000116.

    Werner, R. A. and Scheeres, D. J. (1997), Exterior gravitation of a polyhedron derived and compared with
    harmonic and mascon gravitation representations of asteroid 4769 Castalia, Celestial Mechanics and
    Dynamical Astronomy 65, 313-344, doi:10.1007/BF00053511.
    """
    id = "gravity.of_bodies"
    stations = cells_of(id, grid, height, surface)
    found = _gravity(id, bodies, stations, crs_of(grid)).reshape(place_of(id, "grid", grid).shape)
    return on_cells(grid, found, name="gravity", unit="mGal", title="Gravity of bodies")


@process("gravity.of_bodies_at_stations", version="1", keywords=("forward model", "profile", "正演"))
def gravity_at_stations(
    bodies: DenseBodies,
    stations: Stations,
    *,
    height_column: HeightColumn | None = None,
    height: Height = 0.0,
) -> Annotated[gpd.GeoDataFrame, Table(columns=(Column(name="gravity_of_bodies", unit="mGal"),))]:
    """Gravity of bodies of known shape and density, at stations with heights of their own.

    Use it beside measured values, to see how far a model explains them: the stations may stand on rough
    ground, in a mine, or in a borehole.

    Parameters
    ----------
    bodies : GeoDataFrame
        As for `gravity.of_bodies`.
    stations : GeoDataFrame
        Points in metres.
    height_column : str
        Column of their heights above the datum; metres where it states no unit. Left out, 0.
    height : float
        Added to those heights, in metres.

    Returns
    -------
    GeoDataFrame
        `stations` with the column `gravity_of_bodies`: downward attraction in mGal, none for stations
        without place or height.

    Notes
    -----
    As for `gravity.of_bodies`.

    References
    ----------
    Nagy, D., Papp, G., and Benedek, J. (2000), The gravitational potential and its derivatives for the
    prism, Journal of Geodesy 74, 552-560, doi:10.1007/s001900000116.
    """
    id = "gravity.of_bodies_at_stations"
    places = _places(id, stations, height_column, height)
    found = _gravity(id, bodies, places, crs_of(stations))
    return _with(stations, "gravity_of_bodies", found, "mGal", "Gravity of bodies")


@process(
    "gravity.gradients_of_bodies", version="1", keywords=("forward model", "gradiometry", "tensor", "正演")
)
def gradients_of_bodies(
    bodies: DenseBodies, grid: Cells, *, height: Height = 0.0, surface: Surface | None = None
) -> Annotated[xr.Dataset, Grid(unit="Eo", plane=True)]:
    """Gradients of the gravity of bodies, on the cells of a grid.

    Use it to compare a model with gradiometer surveys, or with derivatives of a gravity grid. Gradients
    show edges and shallow parts, and hardly anything that is deep.

    Parameters
    ----------
    bodies : GeoDataFrame
        As for `gravity.of_bodies`.
    grid : DataArray
        Whose cells are the stations; its values are not used.
    height : float
        Height of the stations above the datum in metres, or above `surface` where that is given.
    surface : DataArray
        Height of the ground on the cells of `grid`, in metres. Left out, stations lie on a level plane.

    Returns
    -------
    Dataset
        The six parts of the symmetric tensor in Eötvös, `g_ee`, `g_nn`, `g_zz`, `g_en`, `g_ez`, `g_nz`, with
        e to the east, n to the north and z downward. On faces of bodies the limit from outside; none on
        edges and corners, where it is infinite.

    Notes
    -----
    g_ee + g_nn + g_zz = 0 outside bodies, and −4πGρ within.

    References
    ----------
    Nagy, D., Papp, G., and Benedek, J. (2000), The gravitational potential and its derivatives for the
    prism, Journal of Geodesy 74, 552-560, doi:10.1007/s001900000116.
    """
    id = "gravity.gradients_of_bodies"
    stations = cells_of(id, grid, height, surface)
    solid = bodies_of(id, bodies, crs_of(grid))
    weights = sources.gradient_weights(numbers_of(id, bodies, "density"))
    found = at_stations(lambda at: solid.summed(at, weights), stations, solid, 6) * constants.EOTVOS
    shape = place_of(id, "grid", grid).shape
    fields = {
        name: on_cells(
            grid, sign * found[number].reshape(shape), name=name, unit="Eo",
            title=f"Gravity gradient ({axes})",
            quantity="vertical_gravity_gradient" if name == "g_zz" else "gravity_gradient",
        )
        for name, number, sign, axes in PARTS
    }  # fmt: skip
    crs = crs_of(grid)
    return xr.Dataset(fields, attrs={"crs": crs} if crs else {})


@process(
    "magnetics.of_bodies",
    version="1",
    keywords=("forward model", "susceptibility", "remanence", "total field", "正演"),
)
def magnetics_of_bodies(
    bodies: MagneticBodies,
    grid: Cells,
    *,
    intensity: Intensity,
    inclination: Inclination,
    declination: Declination,
    height: Height = 0.0,
    surface: Surface | None = None,
    component: Component = "total",
) -> MagneticCells:
    """Magnetic field of bodies of known shape and magnetisation, on the cells of a grid.

    Use it to test an idea of what lies below against a measured anomaly, or to see what a body looks like at
    another latitude. Bodies of a susceptibility above about 0.1 weaken the field within themselves: give it
    what `magnetics.demagnetised_bodies` makes of them. Bodies do not magnetise each other here.

    Parameters
    ----------
    bodies : GeoDataFrame
        One body a row, in shape as for `gravity.of_bodies`, with its `susceptibility` (contrast). Columns
        `remanence` (A/m), `remanence_inclination` and `remanence_declination` (degrees, below the horizon
        and east of north) add a remanent magnetisation; rows without one have none.
    grid : DataArray
        Whose cells are the stations; its values are not used.
    intensity : float
        Of the Earth's field, in nT.
    inclination : float
        Of the Earth's field, in degrees below the horizon.
    declination : float
        Of the Earth's field, in degrees east of the north of the grid.
    height : float
        Height of the stations above the datum in metres, or above `surface` where that is given.
    surface : DataArray
        Height of the ground on the cells of `grid`, in metres. Left out, stations lie on a level plane.
    component : str
        `total` for the anomaly of total intensity, which is the part along the Earth's field, or the part
        of the anomalous field to the `east`, `north` or `down`.

    Returns
    -------
    DataArray
        In nT at the middles of the cells. On faces of bodies the limit from outside; none on edges and
        corners. Within a body it is μ₀ H, without its own magnetisation.

    Notes
    -----
    M = χ F/μ₀ + M_r, and by Poisson's relation B = μ₀/4π V·M with the tensor V of the body for density 1 and
    G = 1. The anomaly of total intensity is taken to be f·B with the direction f of the Earth's field, which
    holds while B is small against it.

    References
    ----------
    Blakely, R. J. (1995), Potential theory in gravity and magnetic applications, Cambridge University
    Press, sections 5.2, 8.3 and 9.3.

    Bhattacharyya, B. K. (1964), Magnetic anomalies due to prism-shaped bodies with arbitrary polarization,
    Geophysics 29(4), 517-531, doi:10.1190/1.1439386.
    """
    id = "magnetics.of_bodies"
    stations = cells_of(id, grid, height, surface)
    main = intensity * sources.unit_vector(inclination, declination)
    found = _magnetic(id, bodies, stations, crs_of(grid), main, component)
    title = "Magnetic field of bodies" + ("" if component == "total" else f" ({component})")
    shape = place_of(id, "grid", grid).shape
    return on_cells(grid, found.reshape(shape), name="magnetic_field", unit="nT", title=title)


@process("magnetics.of_bodies_at_stations", version="1", keywords=("forward model", "profile", "正演"))
def magnetics_at_stations(
    bodies: MagneticBodies,
    stations: Stations,
    *,
    intensity: Intensity,
    inclination: Inclination,
    declination: Declination,
    height_column: HeightColumn | None = None,
    height: Height = 0.0,
    component: Component = "total",
) -> Annotated[gpd.GeoDataFrame, Table(columns=(Column(name="magnetic_field_of_bodies", unit="nT"),))]:
    """Magnetic field of bodies of known shape and magnetisation, at stations with heights of their own.

    Use it beside measured values along flight lines or on the ground, to see how far a model explains them.

    Parameters
    ----------
    bodies : GeoDataFrame
        As for `magnetics.of_bodies`.
    stations : GeoDataFrame
        Points in metres.
    intensity : float
        Of the Earth's field, in nT.
    inclination : float
        Of the Earth's field, in degrees below the horizon.
    declination : float
        Of the Earth's field, in degrees east of the north of the grid.
    height_column : str
        Column of their heights above the datum; metres where it states no unit. Left out, 0.
    height : float
        Added to those heights, in metres.
    component : str
        Part of the field, as for `magnetics.of_bodies`.

    Returns
    -------
    GeoDataFrame
        `stations` with the column `magnetic_field_of_bodies` in nT, none for stations without place or
        height.

    Notes
    -----
    As for `magnetics.of_bodies`.

    References
    ----------
    Blakely, R. J. (1995), Potential theory in gravity and magnetic applications, Cambridge University
    Press, sections 5.2, 8.3 and 9.3.
    """
    id = "magnetics.of_bodies_at_stations"
    places = _places(id, stations, height_column, height)
    main = intensity * sources.unit_vector(inclination, declination)
    found = _magnetic(id, bodies, places, crs_of(stations), main, component)
    return _with(stations, "magnetic_field_of_bodies", found, "nT", "Magnetic field of bodies")


def _gravity(id: str, bodies: gpd.GeoDataFrame, stations: Floats, crs: str) -> Floats:
    solid = bodies_of(id, bodies, crs)
    density = numbers_of(id, bodies, "density")
    attraction: Floats = at_stations(lambda at: solid.gravity(at, density), stations, solid, 1)[0]
    return attraction * constants.MGAL


def _magnetic(
    id: str, bodies: gpd.GeoDataFrame, stations: Floats, crs: str, main: Floats, component: Component
) -> Floats:
    """Part of the magnetic field in nT; `main` is the Earth's field in nT."""
    solid = bodies_of(id, bodies, crs)
    return magnetic_field(solid, magnetisation_of(id, bodies, main), stations, main, component)


def cells_of(id: str, grid: xr.DataArray, height: float, surface: xr.DataArray | None) -> Floats:
    """Middles of the cells of `grid` as stations (3, m)."""
    place = place_of(id, "grid", grid)
    north, east = np.meshgrid(grid[place.rows].to_numpy(), grid[place.columns].to_numpy(), indexing="ij")
    upward = np.full(place.shape, height)
    if surface is not None:
        if surface.ndim != 2 or not same_cells(grid, surface):
            raise ContractError(
                id, "surface", "on the cells of `grid`", "on others", hint="use grid.resample with `like`"
            )
        upward = upward + surface.transpose(place.rows, place.columns).to_numpy()
    return np.stack([east.ravel(), north.ravel(), upward.ravel()]).astype(np.float64)


def _places(id: str, stations: gpd.GeoDataFrame, column: str | None, height: float) -> Floats:
    """Places of a table as stations (3, m)."""
    if stations.empty:
        raise ContractError(id, "stations", "a table of at least one station", "one of none")
    refuse_degrees(id, "stations", crs_of(stations))
    if (stations.geometry.geom_type == "MultiPoint").any():
        raise ContractError(id, "stations", "one point a row", "several", hint="part them first")
    upward = column_in(id, "height_column", stations, column, "m") if column else np.zeros(len(stations))
    return np.stack([stations.geometry.x.to_numpy(), stations.geometry.y.to_numpy(), upward + height])


def _with(stations: gpd.GeoDataFrame, name: str, values: Floats, unit: str, title: str) -> gpd.GeoDataFrame:
    """`stations` with one more column."""
    frame = stations.assign(**{name: values})
    frame.attrs[TEXT_COLUMNS] = {**stations.attrs.get(TEXT_COLUMNS, {}), name: {"unit": unit, "title": title}}
    return frame
