"""Demagnetisation: magnetisation of strongly magnetic bodies, which weaken the field in themselves."""

from __future__ import annotations

from typing import Annotated

import geopandas as gpd
import numpy as np
import shapely

from craton.kernels import demagnetisation, sources
from craton.kernels.sources import Floats
from craton.methods.bodies import Declination, Inclination, Intensity, MagneticBodies
from craton.methods.body_table import bodies_of, column_in, magnetisation_of, numbers_of
from craton.methods.placement import crs_of
from craton.methods.survey_columns import with_columns
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import Column, Table
from craton.process.processes import process

DEMAGNETISED = "magnetics.demagnetised_bodies"

LARGEST = 1e4
"""Susceptibility above which a number is a mistake of units: that of iron is about a hundred to thousands."""


@process(
    DEMAGNETISED, version="1",
    keywords=("self-demagnetisation", "susceptibility", "magnetite", "iron ore", "退磁", "自退磁"),
)  # fmt: skip
def demagnetised_bodies(
    bodies: MagneticBodies, *, intensity: Intensity, inclination: Inclination, declination: Declination
) -> Annotated[
    gpd.GeoDataFrame,
    Table(
        geometry=("Point", "Polygon"),
        columns=(
            Column(name="susceptibility", unit="SI", title="0: what is induced is in the remanence"),
            Column(name="remanence", unit="A/m", title="Whole magnetisation"),
            Column(name="remanence_inclination", unit="deg", title="Its inclination below the horizon"),
            Column(name="remanence_declination", unit="deg", title="Its declination east of north"),
            Column(name="demagnetisation", unit="1", title="Magnetisation over that without demagnetisation"),
        ),
    ),
]:
    """Strongly magnetic bodies with the magnetisation that is left where each weakens the field in itself.

    Use it before `magnetics.of_bodies` on bodies of a susceptibility above about 0.1, such as magnetite ore,
    banded iron formation and massive pyrrhotite: without it anomalies come out too strong, and those of
    sheets with a wrong shape, since magnetisation turns into their plane. Not for bodies close to each other
    beside their size, which magnetise each other too.

    Parameters
    ----------
    bodies : GeoDataFrame
        One body a row, with its `susceptibility` and, where it has one, its `remanence` (A/m) towards
        `remanence_inclination` and `remanence_declination`: the table that `magnetics.of_bodies` takes, in
        which shapes are told as for `gravity.of_bodies`.
    intensity : float
        Of the Earth's field, in nT.
    inclination : float
        Of the Earth's field, in degrees below the horizon.
    declination : float
        Of the Earth's field, in degrees east of the north of the table.

    Returns
    -------
    GeoDataFrame
        `bodies` with their whole magnetisation as remanence and a susceptibility of 0, ready for
        `magnetics.of_bodies`, and the part of it that is left. What was in columns of these names is kept
        with a number added.

    Notes
    -----
    M = (I + χN)⁻¹ (χF/μ₀ + M_r), N the demagnetisation tensor at the middle of the body. Exact for spheres
    (N = 1/3, so that χ acts as χ/(1 + χ/3)), long cylinders (1/2 across, 0 along) and wide thin sheets (1
    across, 0 along); other bodies are taken as magnetised alike throughout, which shifts the field mostly
    beside their edges. A `line` is a long cylinder; of a polygon in several parts the largest counts.

    References
    ----------
    Clark, D. A. and Emerson, D. W. (1999), Self-demagnetisation, Preview 79, 22-25.

    Blakely, R. J. (1995), Potential theory in gravity and magnetic applications, Cambridge University
    Press, section 5.3.
    """
    susceptibility = _susceptibility(bodies)
    crs = crs_of(bodies)
    bodies_of(DEMAGNETISED, bodies, crs)
    tensor = np.stack(
        [_tensor(bodies.iloc[[row]], crs) for row in progress.each(range(len(bodies)), "bodies")]
    )
    main = intensity * sources.unit_vector(inclination, declination)
    without = magnetisation_of(DEMAGNETISED, bodies, main)
    found = demagnetisation.demagnetised(without, susceptibility, tensor)
    size, before = np.linalg.norm(found, axis=1), np.linalg.norm(without, axis=1)
    columns = {
        "susceptibility": np.zeros(len(bodies)),
        "remanence": size,
        "remanence_inclination": np.degrees(np.arctan2(-found[:, 2], np.hypot(found[:, 0], found[:, 1]))),
        "remanence_declination": np.degrees(np.arctan2(found[:, 0], found[:, 1])),
        "demagnetisation": np.divide(size, before, out=np.ones(len(bodies)), where=before > 0),
    }
    return with_columns(bodies, columns, {})


def _susceptibility(bodies: gpd.GeoDataFrame) -> Floats:
    """Susceptibilities (n,), refused where none can be so."""
    values = numbers_of(DEMAGNETISED, bodies, "susceptibility")
    wrong = np.flatnonzero((values <= -1.0) | (values > LARGEST))
    if wrong.size:
        raise ContractError(
            DEMAGNETISED, "bodies", f"susceptibilities above -1 and at most {LARGEST:g}, in SI",
            f"{values[wrong[0]]:g} in row {wrong[0] + 1}",
        )  # fmt: skip
    return values


def _tensor(body: gpd.GeoDataFrame, crs: str) -> Floats:
    """Demagnetisation tensor (3, 3) at the middle of the body of a table of one row."""
    solid = bodies_of(DEMAGNETISED, body, crs)
    place = body.geometry.iloc[0]
    if place.geom_type != "Point":
        middle = _within(place, *(_number(body, name) for name in ("bottom", "top")))
    else:
        kind = str(body["kind"].iloc[0]).strip().lower()
        if kind == "line":
            way = sources.unit_vector(_number(body, "plunge"), _number(body, "azimuth"))
            return demagnetisation.of_long_cylinder(way)
        middle = np.array([place.x, place.y, 0.0]) + _middle(body, kind)
    inside = solid.summed(middle[:, None], np.eye(6)[None])
    tensor: Floats = demagnetisation.tensor_of(inside.T)[0]
    return tensor


def _within(place: shapely.Geometry, bottom: float, top: float) -> Floats:
    """A place within the largest part of a polygon, half way up: its centroid where that lies within."""
    largest = max(shapely.get_parts(place), key=shapely.area)
    middle = largest.centroid if largest.contains(largest.centroid) else largest.representative_point()
    return np.array([middle.x, middle.y, 0.5 * (bottom + top)])


def _middle(body: gpd.GeoDataFrame, kind: str) -> Floats:
    """Middle (3,) of a body at a point, as seen from the point at height 0."""
    top = _number(body, "top")
    if kind in {"sphere", "rod"}:
        return np.array([0.0, 0.0, top - _number(body, "radius")])
    half = 0.5 * (top - _number(body, "bottom"))
    if kind != "dyke":
        return np.array([0.0, 0.0, top - half])
    azimuth, dip = np.radians([_number(body, "azimuth"), _number(body, "dip")])
    shift = half / np.tan(dip)
    return np.array([shift * np.cos(azimuth), -shift * np.sin(azimuth), top - half])


def _number(body: gpd.GeoDataFrame, name: str) -> float:
    unit = "deg" if name in {"azimuth", "dip", "plunge"} else "m"
    return float(column_in(DEMAGNETISED, "bodies", body, name, unit)[0])
