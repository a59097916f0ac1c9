"""Bodies in a vertical section: gravity and magnetic field along a profile, for models edited as a table."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import numpy as np
import pandas as pd
import shapely

from craton.kernels import constants, polygon_body, polyhedron, sources
from craton.kernels.sources import Floats
from craton.methods.body_table import column_in, magnetisation_of, numbers_of
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.data import TEXT_COLUMNS
from craton.process.marks import Bounds, Column, Table, Unit
from craton.process.processes import process

SECTION = (
    Column(name="body", title="Name of the body"),
    Column(name="distance", unit="m", title="Distance along the profile"),
    Column(name="depth", unit="m", title="Depth below the datum"),
)
DenseSection = Annotated[pd.DataFrame, Table(columns=(*SECTION, Column(name="density", unit="kg/m3")))]
MagneticSection = Annotated[pd.DataFrame, Table(columns=(*SECTION, Column(name="susceptibility", unit="SI")))]
Profile = Annotated[pd.DataFrame, Table(columns=(Column(name="distance", unit="m"),))]
HalfStrike = Annotated[float, Unit("m"), Bounds(above=0, maximum=1e6)]
Height = Annotated[float, Unit("m"), Bounds(minimum=-12_000, maximum=500_000)]

GravityProfile = Annotated[pd.DataFrame, Table(columns=(Column(name="gravity_of_bodies", unit="mGal"),))]
MagneticProfile = Annotated[
    pd.DataFrame, Table(columns=(Column(name="magnetic_field_of_bodies", unit="nT"),))
]


@process(
    "gravity.of_section",
    version="1",
    keywords=("forward model", "2D", "2.5D", "Talwani", "polygon", "profile", "剖面", "正演"),
)
def gravity_of_section(
    bodies: DenseSection, stations: Profile, *, half_strike: HalfStrike | None = None, height: Height = 0.0
) -> GravityProfile:
    """Gravity along a profile of bodies drawn as polygons in the section below it.

    Use it to build a model of a profile by hand: change corners or densities in the table, run it, and
    compare the curve with the measured one. Bodies reach far to both sides of the profile (2D), or equally
    far to either side (2.5D); where they do not, use `gravity.of_bodies`.

    Parameters
    ----------
    bodies : DataFrame
        One corner a row, in order around each body: `body` (its name), `distance` along the profile and
        `depth` below the datum in metres, and the `density` contrast, the same in all rows of a body. A
        body of two corners is a thin sheet and needs `thickness` in metres.
    stations : DataFrame
        One station a row with its `distance`, and its `height` above the datum where there is such a
        column, in metres.
    half_strike : float
        How far bodies go on to either side of the profile, in metres. Left out, without end.
    height : float
        Height of stations that state none, and added to those stated, in metres.

    Returns
    -------
    DataFrame
        `stations` with the column `gravity_of_bodies`: downward attraction in mGal.

    Notes
    -----
    Closed forms: sums over the edges of the polygons after Talwani in two dimensions, polyhedra in two and
    a half. Where bodies overlap, their contrasts add. Bodies that reach the ends of the profile should go
    on well beyond them.

    References
    ----------
    Talwani, M., Worzel, J. L., and Landisman, M. (1959), Rapid gravity computations for two-dimensional
    bodies with application to the Mendocino submarine fracture zone, Journal of Geophysical Research 64(1),
    49-59, doi:10.1029/JZ064i001p00049.

    Rasmussen, R. and Pedersen, L. B. (1979), End corrections in potential field modeling, Geophysical
    Prospecting 27(4), 749-760, doi:10.1111/j.1365-2478.1979.tb00994.x.
    """
    id = "gravity.of_section"
    places = _stations(id, stations, height)
    total = np.zeros(places.shape[1])
    for body in progress.each(_bodies(id, bodies, "density"), "bodies"):
        attraction, _tensor = _field(places, body, half_strike)
        total -= constants.GRAVITATIONAL * body.value * attraction[2] * constants.MGAL
    return _with(stations, "gravity_of_bodies", total, "mGal", "Gravity of bodies")


@process(
    "magnetics.of_section",
    version="1",
    keywords=("forward model", "2D", "2.5D", "dyke", "polygon", "profile", "剖面", "正演"),
)
def magnetics_of_section(
    bodies: MagneticSection,
    stations: Profile,
    *,
    azimuth: Annotated[float, Unit("deg"), Bounds(minimum=0, maximum=360)],
    intensity: Annotated[float, Unit("nT"), Bounds(above=0, maximum=100_000)],
    inclination: Annotated[float, Unit("deg"), Bounds(minimum=-90, maximum=90)],
    declination: Annotated[float, Unit("deg"), Bounds(minimum=-180, maximum=360)],
    half_strike: HalfStrike | None = None,
    height: Height = 0.0,
    component: Literal["total", "along", "down"] = "total",
) -> MagneticProfile:
    """Magnetic field along a profile of bodies drawn as polygons in the section below it.

    Use it to build a model of a profile by hand, as `gravity.of_section`. The profile should cross the
    bodies at a right angle: their strike is taken to be across it. Not for susceptibilities above about 0.1.

    Parameters
    ----------
    bodies : DataFrame
        Corners as for `gravity.of_section`, with the `susceptibility` (contrast) of each body. Columns
        `remanence` (A/m), `remanence_inclination` and `remanence_declination` (degrees) add a remanent
        magnetisation.
    stations : DataFrame
        As for `gravity.of_section`.
    azimuth : float
        Direction in which distance grows, in degrees east of north.
    intensity : float
        Of the Earth's field, in nT.
    inclination : float
        Of the Earth's field, in degrees below the horizon.
    declination : float
        Of the Earth's field, in degrees east of north.
    half_strike : float
        How far bodies go on to either side of the profile, in metres. Left out, without end.
    height : float
        Height of stations that state none, and added to those stated, in metres.
    component : str
        `total` for the anomaly of total intensity, or the part of the anomalous field `along` the profile
        or `down`.

    Returns
    -------
    DataFrame
        `stations` with the column `magnetic_field_of_bodies` in nT. On edges of bodies the limit from one
        side, none on corners; within a body it is μ₀ H.

    Notes
    -----
    By Poisson's relation from the same sums as gravity; bodies do not magnetise each other.

    References
    ----------
    Won, I. J. and Bevis, M. (1987), Computing the gravitational and magnetic anomalies due to a polygon:
    algorithms and Fortran subroutines, Geophysics 52(2), 232-238, doi:10.1190/1.1442298.

    Rasmussen, R. and Pedersen, L. B. (1979), End corrections in potential field modeling, Geophysical
    Prospecting 27(4), 749-760, doi:10.1111/j.1365-2478.1979.tb00994.x.
    """
    id = "magnetics.of_section"
    places = _stations(id, stations, height)
    turn = _section_axes(azimuth)
    main = intensity * sources.unit_vector(inclination, declination)
    magnetisation = magnetisation_of(id, bodies, main) @ turn.T
    axes = {"along": np.array([1.0, 0.0, 0.0]), "down": np.array([0.0, 0.0, -1.0])}
    direction = axes.get(component, turn @ main / intensity)
    total = np.zeros(places.shape[1])
    for body in progress.each(_bodies(id, bodies, "susceptibility"), "bodies"):
        tensor = _field(places, body, half_strike)[1]
        weights = sources.magnetic_weights(magnetisation[body.row][None], direction)
        total += weights[0, 0] @ tensor * constants.NANOTESLA
    return _with(stations, "magnetic_field_of_bodies", total, "nT", "Magnetic field of bodies")


class _Body(NamedTuple):
    """Corners (k, 2) as distance and height, what it is made of, its first row, thickness of a sheet."""

    outline: Floats
    value: float
    row: int
    thickness: float


def _section_axes(azimuth: float) -> Floats:
    """Rows that turn (east, north, up) into (along the profile, to its left, up)."""
    along = np.radians(azimuth)
    return np.array(
        [[np.sin(along), np.cos(along), 0.0], [-np.cos(along), np.sin(along), 0.0], [0.0, 0.0, 1.0]]
    )


def _stations(id: str, stations: pd.DataFrame, height: float) -> Floats:
    """Distance and height (2, m)."""
    if stations.empty:
        raise ContractError(id, "stations", "a table of at least one station", "one of none")
    distance = column_in(id, "stations", stations, "distance", "m")
    stated = "height" in stations.columns
    upward = column_in(id, "stations", stations, "height", "m") if stated else np.zeros(len(stations))
    return np.stack([distance, upward + height])


def _bodies(id: str, table: pd.DataFrame, name: str) -> list[_Body]:
    """Bodies of a table of corners, in the order of their first rows."""
    if table.empty:
        raise ContractError(id, "bodies", "a table of at least one body", "one of none")
    values = numbers_of(id, table, name)
    corners = np.stack([numbers_of(id, table, "distance"), -numbers_of(id, table, "depth")], axis=1)
    thick = column_in(id, "bodies", table, "thickness", "m") if "thickness" in table.columns else None
    if table["body"].isna().any():
        raise ContractError(id, "bodies", "a table with the name of a body in every row", "one with gaps")
    found = []
    for label, rows in table.groupby("body", sort=False).indices.items():
        if np.ptp(values[rows]) != 0.0:
            raise ContractError(id, "bodies", f"bodies of one `{name}` each", f"several in {label!r}")
        thickness = float(thick[rows[0]]) if thick is not None else np.nan
        outline = corners[rows]
        _check_outline(id, str(label), outline, thickness)
        if len(outline) > 2 and (outline[0] == outline[-1]).all():
            outline = outline[:-1]
        found.append(_Body(outline, float(values[rows[0]]), int(rows[0]), thickness))
    return found


def _check_outline(id: str, label: str, outline: Floats, thickness: float) -> None:
    """Refuse outlines that enclose nothing, and sheets without thickness."""
    if len(outline) == 2 and not thickness > 0.0:
        allowed = "bodies of three corners or more, or of two and a `thickness`"
        raise ContractError(id, "bodies", allowed, f"two corners without in {label!r}")
    if len(outline) < 2 or (len(outline) == 2 and (outline[0] == outline[1]).all()):
        raise ContractError(id, "bodies", "bodies of several corners", f"one in {label!r}")
    if len(outline) > 2:
        shape = shapely.Polygon(outline) if len(outline) > 3 or len(np.unique(outline, axis=0)) > 2 else None
        if shape is None or not shape.is_valid or shape.area == 0.0:
            raise ContractError(
                id, "bodies", "corners in order around a body whose sides do not cross",
                f"others in {label!r}",
            )  # fmt: skip


def _field(stations: Floats, body: _Body, half_strike: float | None) -> tuple[Floats, Floats]:
    """Attraction (3, m) and tensor (6, m) along the section axes, for density 1 and G = 1."""
    is_sheet = len(body.outline) == 2
    if half_strike is not None:
        return _solid(stations, _thick(body) if is_sheet else body.outline, half_strike)
    if is_sheet:
        attraction, tensor = polygon_body.sheet(stations, *body.outline)
        attraction, tensor = body.thickness * attraction, body.thickness * tensor
        inside = np.zeros(stations.shape[1])
    else:
        attraction, tensor = polygon_body.polygon(stations, body.outline)
        inside = 2.0 * np.pi * shapely.contains_xy(shapely.Polygon(body.outline), *stations)
    none = np.zeros(stations.shape[1])
    parts = [tensor.real - inside, none, -tensor.real - inside, none, -tensor.imag, none]
    return np.stack([attraction.real, none, attraction.imag]), np.stack(parts)


def _thick(body: _Body) -> Floats:
    """Corners of a sheet of its thickness."""
    way = body.outline[1] - body.outline[0]
    across = body.thickness / 2 * np.array([-way[1], way[0]]) / np.linalg.norm(way)
    corners: Floats = np.concatenate([body.outline + across, body.outline[::-1] - across])
    return corners


def _solid(stations: Floats, outline: Floats, half_strike: float) -> tuple[Floats, Floats]:
    """Fields of a polygon that reaches `half_strike` to either side of the section."""
    upright = polyhedron.extruded(outline[:, ::-1], -half_strike, half_strike)
    # Made in (height, distance, across); a cyclic change of axes keeps outside outside.
    body = polyhedron.Polyhedron(upright.corners[:, [1, 2, 0]], upright.faces)
    places = np.stack([stations[0], np.zeros(stations.shape[1]), stations[1]])
    known = np.isfinite(places).all(axis=0)
    attraction, tensor = np.full((3, known.size), np.nan), np.full((6, known.size), np.nan)
    attraction[:, known], tensor[:, known] = polyhedron.field(places[:, known], body)
    return attraction, tensor


def _with(stations: pd.DataFrame, name: str, values: Floats, unit: str, title: str) -> pd.DataFrame:
    """`stations` with one more column."""
    frame = stations.assign(**{name: values})
    frame.attrs[TEXT_COLUMNS] = {**stations.attrs.get(TEXT_COLUMNS, {}), name: {"unit": unit, "title": title}}
    return frame
