"""Surface bodies: gravity and magnetic field of bodies within closed triangulated surfaces."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pandas as pd

from craton.kernels import constants, sources
from craton.kernels.polyhedron import Polyhedron
from craton.kernels.sources import Floats
from craton.methods.bodies import (
    Cells,
    Component,
    Declination,
    GravityCells,
    Height,
    Inclination,
    Intensity,
    MagneticCells,
    Surface,
    cells_of,
)
from craton.methods.body_table import (
    Bodies,
    Field,
    at_stations,
    field_of,
    magnetic_field,
    magnetisation_of,
    numbers_of,
    refuse_degrees,
)
from craton.methods.placement import crs_of, on_cells, place_of, same_crs
from craton.model.data import Mesh
from craton.model.errors import ContractError
from craton.process.marks import Column, Surfaces, Table
from craton.process.processes import process

GRAVITY, MAGNETICS = "gravity.of_surfaces", "magnetics.of_surfaces"

PART = Column(name="part_id", title="Name of the part")
WORDS = ("forward model", "polyhedron", "wireframe", "mesh", "正演", "多面体", "三角网")

Wireframe = Annotated[Mesh, Surfaces()]
Densities = Annotated[
    pd.DataFrame, Table(columns=(PART, Column(name="density", unit="kg/m3", title="Density contrast")))
]
Susceptibilities = Annotated[
    pd.DataFrame, Table(columns=(PART, Column(name="susceptibility", unit="SI", title="Susceptibility")))
]


@process(GRAVITY, version="1", keywords=WORDS)
def gravity_of_surfaces(
    surfaces: Wireframe,
    grid: Cells,
    properties: Densities,
    *,
    height: Height = 0.0,
    surface: Surface | None = None,
) -> GravityCells:
    """Gravity of bodies within closed triangulated surfaces, on the cells of a grid.

    Use it for ore bodies, salt and intrusions that were drawn as wireframes in a mining program, or for units
    that `geomodel.surfaces` gives. For whole geological models `geomodel.gravity_grid` is quicker. Not for
    open surfaces, such as faults or a single horizon: they bound no body.

    Parameters
    ----------
    surfaces : Mesh
        One part a body, closed, with triangles that run one way about it.
    grid : DataArray
        Whose cells are the stations; its values are not used.
    properties : DataFrame
        `part_id` and `density` contrast of each body. Parts that it does not name are left out.
    height : float
        Height of the stations above the datum in metres, or above `surface` where that is given.
    surface : DataArray
        Height of the ground on the cells of `grid`, in metres. Left out, stations lie on a level plane.

    Returns
    -------
    DataArray
        Downward attraction in mGal at the middles of the cells. Cells without a `surface` have none.

    Notes
    -----
    Closed form of polyhedra, exact to rounding, also on and within bodies. Where bodies overlap, their
    contrasts add. The time goes with triangles times cells, about twenty million of them a second.

    References
    ----------
    Werner, R. A. and Scheeres, D. J. (1997), Exterior gravitation of a polyhedron derived and compared with
    harmonic and mascon gravitation representations of asteroid 4769 Castalia, Celestial Mechanics and
    Dynamical Astronomy 65, 313-344, doi:10.1007/BF00053511.
    """
    stations = cells_of(GRAVITY, grid, height, surface)
    solid, rows = _solids(GRAVITY, surfaces, properties, crs_of(grid))
    density = numbers_of(GRAVITY, properties, "density")[rows]
    found = at_stations(lambda at: solid.gravity(at, density), stations, solid, 1)[0] * constants.MGAL
    shape = place_of(GRAVITY, "grid", grid).shape
    return on_cells(grid, found.reshape(shape), name="gravity", unit="mGal", title="Gravity of bodies")


@process(MAGNETICS, version="1", keywords=(*WORDS, "susceptibility", "remanence"))
def magnetics_of_surfaces(
    surfaces: Wireframe,
    grid: Cells,
    properties: Susceptibilities,
    *,
    intensity: Intensity,
    inclination: Inclination,
    declination: Declination,
    height: Height = 0.0,
    surface: Surface | None = None,
    component: Component = "total",
) -> MagneticCells:
    """Magnetic field of bodies within closed triangulated surfaces, on the cells of a grid.

    Use it as `gravity.of_surfaces`, with susceptibilities. Not for susceptibilities above about 0.1: bodies
    do not weaken the field within themselves here, nor magnetise each other.

    Parameters
    ----------
    surfaces : Mesh
        One part a body, closed, with triangles that run one way about it.
    grid : DataArray
        Whose cells are the stations; its values are not used.
    properties : DataFrame
        `part_id` and `susceptibility` (contrast) of each body. Columns `remanence` (A/m),
        `remanence_inclination` and `remanence_declination` (degrees) add a remanent magnetisation. Parts that
        it does not name are left out.
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
        `total` for the anomaly of total intensity, or the part of the anomalous field to the `east`, `north`
        or `down`.

    Returns
    -------
    DataArray
        In nT at the middles of the cells. On faces of bodies the limit from outside; none on edges and
        corners. Within a body it is μ₀ H, without its own magnetisation.

    Notes
    -----
    By Poisson's relation from the tensors of polyhedra, as `magnetics.of_bodies`.

    References
    ----------
    Tsoulis, D. (2012), Analytical computation of the full gravity tensor of a homogeneous arbitrarily shaped
    polyhedral source using line integrals, Geophysics 77(2), F1-F11, doi:10.1190/geo2010-0334.1.
    """
    stations = cells_of(MAGNETICS, grid, height, surface)
    solid, rows = _solids(MAGNETICS, surfaces, properties, crs_of(grid))
    main = intensity * sources.unit_vector(inclination, declination)
    magnetisation = magnetisation_of(MAGNETICS, properties, main)[rows]
    found = magnetic_field(solid, magnetisation, stations, main, component)
    title = "Magnetic field of bodies" + ("" if component == "total" else f" ({component})")
    shape = place_of(MAGNETICS, "grid", grid).shape
    return on_cells(grid, found.reshape(shape), name="magnetic_field", unit="nT", title=title)


def _solids(id: str, surfaces: Mesh, properties: pd.DataFrame, crs: str) -> tuple[Bodies, np.ndarray]:
    """Bodies of the parts that have properties, and the row of the properties of each."""
    refuse_degrees(id, "grid", crs)
    if surfaces.crs and not same_crs(surfaces.crs, crs):
        allowed = "in the reference system of `grid`"
        raise ContractError(id, "surfaces", allowed, f"in {surfaces.crs}, where `grid` is in {crs}")
    named = pd.Index(properties["part_id"].astype(str))
    if named.has_duplicates:
        twice = named[named.duplicated()][0]
        raise ContractError(id, "properties", "a table with each part once", f"{twice!r} twice")
    names = surfaces.parts["part_id"].astype(str).tolist()
    rows = named.get_indexer(pd.Index(names))
    if (rows < 0).all():
        allowed = f"a table that names parts of `surfaces`, such as {', '.join(names[:8])}"
        raise ContractError(id, "properties", allowed, f"{len(named)} others")
    if not np.isfinite(surfaces.vertices).all():
        raise ContractError(id, "surfaces", "a mesh whose vertices all have a place", "one without")
    origin = surfaces.vertices.min(axis=0)
    # Triangles of one part often have vertices of their own in a file: those at one place are one.
    places, number = np.unique(surfaces.vertices - origin, axis=0, return_inverse=True)
    faces = number.reshape(-1)[surfaces.triangles]
    solids: list[tuple[int, float, Field]] = []
    for part in np.flatnonzero(rows >= 0):
        body = _closed(id, places, faces[surfaces.part == part], names[part])
        solids.append((len(solids), 1.0, field_of(body)))
    none = np.empty((0, 6)), np.empty(0, np.int64)
    return Bodies(*none, tuple(solids), origin), rows[rows >= 0]


def _closed(id: str, places: Floats, faces: np.ndarray, name: str) -> Polyhedron:
    """Body within the triangles of a part, outside out; refused where they leave a gap."""
    first, second, third = (places[faces[:, corner]] for corner in range(3))
    area = np.cross(second - first, third - first)
    # Of a triangle of no area the edges still count, so that what it joins stays closed.
    ahead = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    ahead = ahead[ahead[:, 0] != ahead[:, 1]]
    sign = np.where(ahead[:, 0] < ahead[:, 1], 1, -1)
    _, edge = np.unique(np.sort(ahead, axis=1), axis=0, return_inverse=True)
    open_edges = int(np.count_nonzero(np.bincount(edge.reshape(-1), sign))) if len(edge) else 1
    if open_edges:
        raise ContractError(
            id, "surfaces", "closed surfaces whose triangles run one way about the body",
            f"{open_edges} edges of {name!r} that are open or turned",
            hint="close the wireframe and make its normals agree in the program that drew it",
        )  # fmt: skip
    kept = np.linalg.norm(area, axis=1) > 1e-12 * np.ptp(places[faces], axis=(0, 1)).max() ** 2
    volume = float((first * area).sum()) / 6.0
    if not kept.any() or volume == 0.0:
        raise ContractError(id, "surfaces", "surfaces with a volume within", f"{name!r} of none")
    outward = faces[kept] if volume > 0.0 else faces[kept][:, ::-1]
    return Polyhedron(places, tuple(outward.astype(np.int64)))
