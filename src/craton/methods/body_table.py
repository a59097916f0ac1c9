"""Tables of bodies: rows of prisms, spheres, cylinders, dykes and polygons read as bodies with a field.

Each row is a solid between `bottom` and `top`, heights in metres above the datum. A polygon stands upright
on its outline; a point is the place of the body that the column `kind` names (`KINDS`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from craton.kernels import constants, polyhedron, prism, sources, sphere
from craton.kernels.sources import Floats
from craton.methods.placement import brought_to, crs_of
from craton.model import crs as systems
from craton.model import units
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.data import TEXT_COLUMNS

KINDS = {
    "prism": ("top", "bottom", "width", "length"),
    "cylinder": ("top", "bottom", "radius"),
    "sphere": ("top", "radius"),
    "rod": ("top", "radius", "length", "azimuth"),
    "line": ("top", "radius", "length", "azimuth", "plunge"),
    "dyke": ("top", "bottom", "width", "length", "azimuth", "dip"),
}
"""Columns that each kind of body at a point needs."""

POSITIVE = ("width", "length", "radius")
ANGLES = ("azimuth", "plunge", "dip")

PAIRS_AT_ONCE = 20_000_000
"""Pairs of station and body between two reports of progress."""

Field = Callable[[Floats], tuple[Floats, Floats]]
"""Attraction (3, m) and tensor (6, m) at stations (3, m), for density 1 and G = 1."""


@dataclass(frozen=True)
class Bodies:
    """Prisms, which go through together, and other bodies, each with the row that it comes from.

    Parameters
    ----------
    prisms, prism_rows : array (n, 6), array (n,)
        Sides of the prisms, and their rows.
    others : tuple
        Row, sign (−1 for the holes of polygons) and field of each.
    origin : array (3,)
        What coordinates are counted from, so that large ones keep their digits.
    """

    prisms: Floats
    prism_rows: np.ndarray
    others: tuple[tuple[int, float, Field], ...]
    origin: Floats

    def gravity(self, stations: Floats, density: Floats) -> Floats:
        """Downward gravity (1, m) in m/s² of bodies of `density` (rows,) at `stations` (3, m)."""
        at = stations - self.origin[:, None]
        total = -prism.gravity(at, self.prisms, density[self.prism_rows])
        for row, sign, field in self.others:
            total -= constants.GRAVITATIONAL * density[row] * sign * field(at)[0][2]
        return total[None]

    def summed(self, stations: Floats, weights: Floats) -> Floats:
        """Sums (q, m) of the tensors with `weights` (rows, q, 6)."""
        at = stations - self.origin[:, None]
        total = prism.gradients(at, self.prisms, weights[self.prism_rows])
        for row, sign, field in self.others:
            total += sign * weights[row] @ field(at)[1]
        return total


def at_stations(work: Callable[[Floats], Floats], stations: Floats, bodies: Bodies, rows: int) -> Floats:
    """`work` (rows, m) at stations (3, m), part by part; NaN at those that have no place."""
    out = np.full((rows, stations.shape[1]), np.nan)
    known = np.flatnonzero(np.isfinite(stations).all(axis=0))
    step = max(1, PAIRS_AT_ONCE // max(1, len(bodies.prisms) + 64 * len(bodies.others)))
    for start in progress.each(range(0, known.size, step), "stations"):
        chosen = known[start : start + step]
        out[:, chosen] = work(np.ascontiguousarray(stations[:, chosen]))
    return out


def magnetic_field(
    bodies: Bodies, magnetisation: Floats, stations: Floats, main: Floats, component: str
) -> Floats:
    """Magnetic field (m,) in nT of bodies of `magnetisation` (rows, 3) in A/m at stations (3, m).

    `component` is `east`, `north`, `down`, or `total` for that along the Earth's field `main`.
    """
    axes = {"east": (1.0, 0.0, 0.0), "north": (0.0, 1.0, 0.0), "down": (0.0, 0.0, -1.0)}
    direction = np.asarray(axes.get(component, main / np.linalg.norm(main)))
    weights = sources.magnetic_weights(magnetisation, direction)
    field: Floats = at_stations(lambda at: bodies.summed(at, weights), stations, bodies, 1)[0]
    return field * constants.NANOTESLA


def bodies_of(process: str, table: gpd.GeoDataFrame, crs: str) -> Bodies:
    """Bodies of `table`, the parameter `bodies`, in the reference system `crs` of the stations."""
    if table.empty:
        raise ContractError(process, "bodies", "a table of at least one body", "one of none")
    if table.geometry.isna().any() or table.geometry.is_empty.any():
        row = int(np.flatnonzero(table.geometry.isna() | table.geometry.is_empty)[0]) + 1
        raise ContractError(process, "bodies", "a table with a place in every row", f"row {row} without")
    refuse_degrees(process, "bodies", crs_of(table))
    frame = brought_to(process, "bodies", table, crs)
    places = frame.geometry.to_numpy()
    corner = shapely.bounds(places).min(axis=0)
    origin = np.array([corner[0], corner[1], 0.0])
    builder = _Builder(process, frame, origin)
    for row, place in enumerate(places):
        builder.add(row, place)
    return builder.bodies()


def refuse_degrees(process: str, name: str, crs: str) -> None:
    """Refuse a table whose coordinates are not in metres."""
    unit = systems.axes(crs).unit
    if unit != "m":
        raise ContractError(
            process, name, "in a reference system in metres", f"in one in {unit}",
            hint="transform it first, with vector.reproject",
        )  # fmt: skip


class _Builder:
    """Makes bodies of the rows of a table."""

    def __init__(self, process: str, frame: gpd.GeoDataFrame, origin: Floats) -> None:
        self.process, self.frame, self.origin = process, frame, origin
        self.numbers: dict[str, Floats] = {}
        self.prisms: list[tuple[float, ...]] = []
        self.prism_rows: list[int] = []
        self.others: list[tuple[int, float, Field]] = []

    def bodies(self) -> Bodies:
        """What was made."""
        sides = np.array(self.prisms, dtype=np.float64).reshape(-1, 6)
        return Bodies(sides, np.array(self.prism_rows, dtype=np.int64), tuple(self.others), self.origin)

    def add(self, row: int, place: shapely.Geometry) -> None:
        """Make the body of one row."""
        if place.geom_type in {"Polygon", "MultiPolygon"}:
            self._upright(row, place)
            return
        kind = self._kind(row)
        size = {name: self._number(row, name, kind) for name in KINDS[kind]}
        if "bottom" in size:
            self._check_span(row, size["bottom"], size["top"])
        if place.geom_type != "Point":
            raise self._wrong(row, "one point or polygon a row", f"a {place.geom_type}")
        east, north = place.x - self.origin[0], place.y - self.origin[1]
        if kind == "prism":
            half, deep = size["width"] / 2, size["length"] / 2
            sides = (east - half, east + half, north - deep, north + deep, size["bottom"], size["top"])
            self.prisms.append(sides)
            self.prism_rows.append(row)
        else:
            self.others.append((row, 1.0, _BODIES[kind](east, north, size)))

    def _upright(self, row: int, place: shapely.Geometry) -> None:
        """An upright body on each part of a polygon, less one on each hole."""
        bottom, top = (self._number(row, name, "polygon") for name in ("bottom", "top"))
        self._check_span(row, bottom, top)
        if not place.is_valid or place.area == 0.0:
            raise self._wrong(row, "outlines that do not cross themselves", "one that does or has no area")
        for part in shapely.get_parts(place):
            for number, ring in enumerate((part.exterior, *part.interiors)):
                outline = shapely.get_coordinates(ring)[:-1] - self.origin[:2]
                outline = outline[np.any(outline != np.roll(outline, 1, axis=0), axis=1)]
                body = polyhedron.extruded(outline, bottom, top)
                self.others.append((row, -1.0 if number else 1.0, field_of(body)))

    def _kind(self, row: int) -> str:
        came = str(self.frame["kind"].iloc[row]).strip().lower() if "kind" in self.frame.columns else ""
        if came not in KINDS:
            allowed = f"a column `kind` of {', '.join(KINDS)}"
            raise self._wrong(row, allowed, repr(came) if came else "without")
        return came

    def _number(self, row: int, name: str, kind: str) -> float:
        """Number of a row in metres or degrees."""
        if name not in self.numbers:
            self.numbers[name] = self._column(name, kind)
        number = float(self.numbers[name][row])
        if not np.isfinite(number) or (name in POSITIVE and number <= 0.0):
            allowed = f"`{name}` of every {kind}" + (" above 0" if name in POSITIVE else "")
            raise self._wrong(row, allowed, f"{number:g}")
        return number

    def _column(self, name: str, kind: str) -> Floats:
        if name not in self.frame.columns:
            needed = ", ".join(KINDS.get(kind, ("top", "bottom")))
            raise ContractError(
                self.process, "bodies", f"a table with the columns {needed} for a {kind}",
                f"one without `{name}`",
            )  # fmt: skip
        return column_in(self.process, "bodies", self.frame, name, "deg" if name in ANGLES else "m")

    def _check_span(self, row: int, bottom: float, top: float) -> None:
        if not bottom < top:
            raise self._wrong(
                row, "bodies whose bottom is below their top", f"{bottom:g} to {top:g}",
                hint="both are heights above the datum, so that depths are negative",
            )  # fmt: skip

    def _wrong(self, row: int, allowed: str, came: str, *, hint: str = "") -> ContractError:
        return ContractError(self.process, "bodies", allowed, f"{came} in row {row + 1}", hint=hint)


def column_in(process: str, parameter: str, frame: pd.DataFrame, name: str, unit: str) -> Floats:
    """Numbers of a column in `unit`; where it states none, they are taken to be in it."""
    try:
        values: Floats = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        allowed = f"a table with numbers in `{name}`"
        raise ContractError(process, parameter, allowed, "one with text") from error
    stated = str(frame.attrs.get(TEXT_COLUMNS, {}).get(name, {}).get("unit") or "")
    own = units.parse(stated) if stated else unit
    if own is None or not units.compatible(own, unit):
        allowed = f"a table with `{name}` in {unit}"
        raise ContractError(process, parameter, allowed, f"one with it in {stated}")
    return values if own == unit else np.asarray(units.convert(values, own, unit), dtype=np.float64)


def magnetisation_of(id: str, bodies: pd.DataFrame, main: Floats) -> Floats:
    """Magnetisation (n, 3) in A/m, induced by the Earth's field `main` in nT and remanent."""
    scale = sources.PERMEABILITY * constants.NANOTESLA
    induced = numbers_of(id, bodies, "susceptibility")[:, None] * main / scale
    if "remanence" not in bodies.columns:
        return induced
    strength = np.nan_to_num(column_in(id, "bodies", bodies, "remanence", "A/m"))
    angles = []
    for name in ("remanence_inclination", "remanence_declination"):
        if name not in bodies.columns:
            raise ContractError(id, "bodies", f"a table with `{name}` beside `remanence`", "one without")
        angles.append(column_in(id, "bodies", bodies, name, "deg"))
        if not np.isfinite(angles[-1][strength != 0.0]).all():
            raise ContractError(id, "bodies", f"a table with `{name}` of every remanence", "one with gaps")
    directions = sources.unit_vector(*np.nan_to_num(angles))
    return induced + strength[:, None] * directions.T


def numbers_of(id: str, bodies: pd.DataFrame, name: str) -> Floats:
    """Numbers of a column of which no row may be without."""
    try:
        values: Floats = bodies[name].to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ContractError(id, "bodies", f"a table with numbers in `{name}`", "one with text") from error
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values))[0]) + 1
        raise ContractError(id, "bodies", f"a table with `{name}` of every body", f"one without in row {row}")
    return values


def field_of(body: polyhedron.Polyhedron) -> Field:
    """Field of a polyhedron."""
    return lambda stations: polyhedron.field(stations, body)


def _moved(body: polyhedron.Polyhedron, frame: Floats, place: Floats) -> Field:
    """Field of a body with its axes along the columns of `frame`, its origin at `place`."""
    return field_of(polyhedron.Polyhedron(body.corners @ frame.T + place, body.faces))


def _cylinder(east: float, north: float, size: dict[str, float]) -> Field:
    middle = np.array([east, north, 0.0])
    return _moved(polyhedron.cylinder(size["radius"], size["bottom"], size["top"]), np.eye(3), middle)


def _sphere(east: float, north: float, size: dict[str, float]) -> Field:
    centre = np.array([east, north, size["top"] - size["radius"]])
    return lambda stations: sphere.sphere(stations, centre, size["radius"])


def _rod(east: float, north: float, size: dict[str, float]) -> Field:
    """Level cylinder; its upright pattern is laid along the azimuth."""
    half = size["length"] / 2
    along = sources.unit_vector(0.0, size["azimuth"])
    up = np.array([0.0, 0.0, 1.0])
    frame = np.stack([np.cross(up, along), up, along], axis=1)
    centre = np.array([east, north, size["top"] - size["radius"]])
    return _moved(polyhedron.cylinder(size["radius"], -half, half), frame, centre)


def _line(east: float, north: float, size: dict[str, float]) -> Field:
    """Line of the mass of a cylinder; NaN within its radius."""
    start = np.array([east, north, size["top"]])
    end = start + size["length"] * sources.unit_vector(size["plunge"], size["azimuth"])
    section = np.pi * size["radius"] ** 2

    def field(stations: Floats) -> tuple[Floats, Floats]:
        attraction, tensor = sphere.line(stations, start, end)
        way = (end - start) / size["length"]
        seen = stations - start[:, None]
        place = np.clip(way @ seen, 0.0, size["length"])
        inside = np.linalg.norm(seen - way[:, None] * place, axis=0) < size["radius"]
        return np.where(inside, np.nan, section * attraction), np.where(inside, np.nan, section * tensor)

    return field


def _dyke(east: float, north: float, size: dict[str, float]) -> Field:
    """Parallelepiped whose top edge has its middle at the place, dipping to the right of its azimuth."""
    along = sources.unit_vector(0.0, size["azimuth"])
    right = np.array([along[1], -along[0], 0.0])
    down = size["top"] - size["bottom"]
    shift = down / np.tan(np.radians(size["dip"]))
    half, wide = size["length"] / 2, size["width"] / 2
    outline = [[-wide, -half], [wide, -half], [wide, half], [-wide, half]]
    body = polyhedron.extruded(outline, -down, 0.0)
    body.corners[:, 0] -= shift / down * body.corners[:, 2]
    frame = np.stack([right, along, [0.0, 0.0, 1.0]], axis=1)
    return _moved(body, frame, np.array([east, north, size["top"]]))


_BODIES: dict[str, Callable[[float, float, dict[str, float]], Field]] = {
    "cylinder": _cylinder,
    "sphere": _sphere,
    "rod": _rod,
    "line": _line,
    "dyke": _dyke,
}
