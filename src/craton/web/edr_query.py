"""What is asked of the data of a grid: parameters, place in WKT, heights, times, reference system, form."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from pyproj import Geod
from shapely.errors import GEOSException
from shapely.geometry.base import BaseGeometry
from starlette.requests import Request

from craton.model.errors import InvalidError, NotFoundError
from craton.store.grid_window import FurtherAxis, Grid, Layer
from craton.web.crs_negotiation import DEFAULT, System, system_of
from craton.web.maps_query import subset_parts

MOST_TEXT = 200_000
MOST_VERTICES = 10_000

MOST_CIRCLE = 500_000.0
"""Metres of the radius of a circle at most."""

METRES: Mapping[str, float] = {
    "m": 1.0, "metre": 1.0, "metres": 1.0, "meter": 1.0, "meters": 1.0, "km": 1000.0, "kilometre": 1000.0,
    "kilometres": 1000.0, "kilometers": 1000.0, "mi": 1609.344, "miles": 1609.344, "ft": 0.3048,
}  # fmt: skip

FORMS = ("CoverageJSON", "GeoJSON", "csv")
COVERAGE_JSON = "application/prs.coverage+json"

COMMON = ("parameter-name", "datetime", "z", "crs", "f", "subset")
"""Parameters of every query."""

_SIDE = r'(?:"(?P<{0}>[^"]*)"|(?P<{0}_plain>[^":]+)|\*)'
_INTERVAL = re.compile(_SIDE.format("low") + r"(?P<more>:" + _SIDE.format("high") + ")?")
_RECURRING = re.compile(r"(?i)R(?P<count>\d{1,4})/(?P<start>[^/]+)/(?P<step>[^/]+)")
_ELLIPSOID = Geod(ellps="WGS84")


@dataclass(frozen=True)
class Asked:
    """Layers that are asked for, and the steps along their further axes.

    Parameters
    ----------
    layers : tuple of Layer
        They have the same further axes.
    steps : dict
        Steps along each further axis.
    system : System
        In which places are asked for and told.
    form : str
        One of `FORMS`.
    """

    layers: tuple[Layer, ...]
    steps: Mapping[str, list[int]]
    system: System
    form: str

    @property
    def axes(self) -> tuple[FurtherAxis, ...]:
        """Further axes of the layers."""
        return self.layers[0].axes


def asked_of(request: Request, grid: Grid) -> Asked:
    """What a query asks for beside its place."""
    query = request.query_params
    layers = _layers(grid, query.get("parameter-name"))
    system = system_of(query["crs"]) if "crs" in query else DEFAULT
    steps = {axis.name: list(range(axis.count)) for axis in layers[0].axes}
    if "datetime" in query:
        steps["time"] = _times(_axis(layers, "time", "datetime", grid), query["datetime"])
    if "z" in query:
        steps["upward"] = _heights(_axis(layers, "upward", "z", grid), query["z"])
    for name, text in subset_parts(query.get("subset", "")).items():
        steps[name] = steps_within(_axis(layers, name, "subset", grid), text)
    empty = next((name for name, chosen in steps.items() if not chosen), None)
    if empty is not None:
        raise NotFoundError(f"{grid.id} has no data at that {empty}")
    form = form_of(request, FORMS)
    if form == "GeoJSON" and not system.is_default:
        raise InvalidError("GeoJSON is in longitude and latitude only", hint="leave crs out")
    return Asked(layers, steps, system, form)


def steps_within(axis: FurtherAxis, text: str) -> list[int]:
    """Steps of `value` (the nearest) or `low:high`, `*` being an open side; times stand in quotes."""
    if axis.is_time and '"' not in text and ("T" in text or ":" not in text) and text != "*":
        return [axis.index(text)]
    found = _INTERVAL.fullmatch(text)
    if found is None:
        raise InvalidError(f"subset of {axis.name} must be a value or low:high, not {text[:40]!r}")
    low, high = (found[side] or found[f"{side}_plain"] for side in ("low", "high"))
    if found["more"] is None and text != "*":
        return [axis.index(low)]
    return axis.between(low, high)


def form_of(request: Request, forms: Sequence[str]) -> str:
    """One of `forms`, whatever its case; the first where none is asked for."""
    stated = request.query_params.get("f")
    if stated is None:
        accept = request.headers.get("accept", "")
        if "text/csv" in accept and "csv" in forms:
            return "csv"
        return "GeoJSON" if "application/geo+json" in accept and "GeoJSON" in forms else forms[0]
    short = {"covjson": "CoverageJSON", COVERAGE_JSON: "CoverageJSON", "text/csv": "csv"}
    wanted = short.get(stated.lower(), stated)
    found = next((form for form in forms if form.lower() == wanted.lower()), None)
    if found is None:
        raise InvalidError(f"f must be one of {', '.join(forms)}, not {stated[:40]!r}")
    return found


def _layers(grid: Grid, text: str | None) -> tuple[Layer, ...]:
    """Layers of the parameters named, all where none is; of those with other axes only when named alone."""
    names = [one for one in text.split(",") if one] if text is not None else list(grid.layers)
    known = ", ".join(list(grid.layers)[:20])
    if not names or len(names) > 1000:
        raise InvalidError("parameter-name must name parameters", hint=f"there are: {known}")
    unknown = next((name for name in names if name not in grid.layers), None)
    if unknown is not None:
        raise InvalidError(f"{grid.id} has no parameter {unknown[:60]!r}", hint=f"there are: {known}")
    layers = [grid.layer(name) for name in dict.fromkeys(names)]
    shape = [(axis.name, axis.count) for axis in layers[0].axes]
    alike = [one for one in layers if [(axis.name, axis.count) for axis in one.axes] == shape]
    if text is not None and len(alike) != len(layers):
        raise InvalidError("these parameters lie on different axes", hint="ask for each by itself")
    return tuple(alike)


def _axis(layers: Sequence[Layer], name: str, parameter: str, grid: Grid) -> FurtherAxis:
    axis = layers[0].axis(name)
    if axis is None:
        raise InvalidError(f"{parameter} cannot be chosen: {grid.id} has no axis {name[:40]!r}")
    return axis


def _times(axis: FurtherAxis, text: str) -> list[int]:
    """Steps of a moment (the nearest), or within an interval with `..` at an open side."""
    start, stroke, end = text.partition("/")
    if not stroke:
        return [axis.index(start)]
    if start in {"", ".."} and end in {"", ".."}:
        raise InvalidError(
            "datetime must have a start or an end", hint="write 2026-01-01/.. or ../2026-01-31"
        )
    return axis.between(*(None if side in {"", ".."} else side for side in (start, end)))


def _heights(axis: FurtherAxis, text: str) -> list[int]:
    """Steps of one height, a list, `least/greatest`, or `R20/least/step`."""
    if recurring := _RECURRING.fullmatch(text):
        start, step = (float_of(recurring[name], "z") for name in ("start", "step"))
        heights = start + step * np.arange(int(recurring["count"]))
        return list(dict.fromkeys(axis.index(float(height)) for height in heights))
    low, stroke, high = text.partition("/")
    if stroke:
        ends = [None if side in {"", ".."} else float_of(side, "z") for side in (low, high)]
        if None not in ends:
            ends.sort(key=lambda end: end or 0.0)
        return axis.between(*ends)
    parts = text.split(",")
    if len(parts) > MOST_VERTICES:
        raise InvalidError("z names too many heights")
    return list(dict.fromkeys(axis.index(float_of(part, "z")) for part in parts))


def float_of(text: str, name: str) -> float:
    """A finite number."""
    try:
        number = float(text)
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        raise InvalidError(f"{name} must be a number, not {text[:40]!r}")
    return number


def geometry_of(request: Request, system: System, *kinds: str) -> BaseGeometry:
    """Geometry `coords` of the query, its positions east or longitude first; one of `kinds`."""
    text = request.query_params.get("coords", "")
    allowed = InvalidError(
        f"coords must be {' or '.join(kinds)} in well-known text", hint="write coords=POINT(102.6 17.97)"
    )
    if not text or len(text) > MOST_TEXT:
        raise allowed
    try:
        shape = shapely.from_wkt(text)
    except (GEOSException, ValueError) as error:
        raise allowed from error
    if shape is None or shape.is_empty or shape.geom_type not in kinds:
        raise allowed
    positions = shapely.get_coordinates(shape)
    if len(positions) > MOST_VERTICES or not np.isfinite(positions).all():
        raise InvalidError(f"coords must be finite, and of at most {MOST_VERTICES} positions")
    if not system.is_swapped:
        return shape
    return shapely.transform(shape, lambda at: at[:, [1, 0]])


def circle_of(request: Request, centre: tuple[float, float]) -> BaseGeometry:
    """Circle of `within` `within-units` around `centre` in degrees, as a polygon."""
    query = request.query_params
    unit = query.get("within-units", "").lower()
    if unit not in METRES:
        raise InvalidError(f"within-units must be one of {', '.join(METRES)}, not {unit[:20]!r}")
    radius = float_of(query.get("within", ""), "within") * METRES[unit]
    if not 0 < radius <= MOST_CIRCLE:
        raise InvalidError(f"within must be above 0 and at most {MOST_CIRCLE / 1000:g} km")
    bearings = np.linspace(0, 360, 181)[:-1]
    count = bearings.size
    east, north, _ = _ELLIPSOID.fwd(
        np.full(count, centre[0]), np.full(count, centre[1]), bearings, np.full(count, radius)
    )
    east = centre[0] + (np.asarray(east) - centre[0] + 180.0) % 360.0 - 180.0
    return shapely.Polygon(np.column_stack([east, north]))
