"""The place that is asked about: a point with what lies around it, or an area."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import shapely
from pyproj import CRS, Geod, Transformer
from shapely.errors import GEOSException
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry
from starlette.requests import Request

from craton.model.errors import InvalidError
from craton.model.record import Bbox
from craton.web.replies import Json

RADIUS_METRES = 5_000.0
MOST_METRES = 200_000.0
"""How far around a place may be looked."""

MOST_VERTICES = 10_000
MOST_DEGREES = 20.0
"""Width and height of an area at most."""

MOST_TEXT = 400_000
TYPES = frozenset({"Point", "Polygon", "MultiPolygon"})
ELLIPSOID = Geod(ellps="WGS84")
METRES_PER_DEGREE = 110_500.0
"""Least length of a degree of latitude, so that boxes made with it are never too small."""


@dataclass(frozen=True)
class Place:
    """A point or an area in longitude and latitude, and how far around it is looked, in metres."""

    geometry: BaseGeometry
    radius: float

    @cached_property
    def is_point(self) -> bool:
        """Whether it is a point."""
        return bool(self.geometry.geom_type == "Point")

    @cached_property
    def centre(self) -> tuple[float, float]:
        """Longitude and latitude of the point, or of one within the area."""
        point = self.geometry if self.is_point else self.geometry.representative_point()
        return float(point.x), float(point.y)

    @cached_property
    def bbox(self) -> Bbox:
        """Box in degrees around all that is looked at; its west may lie east of its east."""
        west, south, east, north = self.geometry.bounds
        high = self.radius / METRES_PER_DEGREE
        south, north = max(-90.0, south - high), min(90.0, north + high)
        cosine = math.cos(math.radians(max(abs(south), abs(north))))
        wide = high / cosine if cosine > 1e-3 else 180.0
        if east - west + 2 * wide >= 360:
            return -180.0, south, 180.0, north
        return _turned(west - wide), south, _turned(east + wide), north

    @cached_property
    def _to_metres(self) -> Transformer:
        longitude, latitude = self.centre
        local = CRS.from_dict({"proj": "aeqd", "lon_0": longitude, "lat_0": latitude, "datum": "WGS84"})
        return Transformer.from_crs("OGC:CRS84", local, always_xy=True)

    def in_metres(self, geometries: object) -> object:
        """Geometries in metres around the centre, from which distances hold (azimuthal equidistant)."""
        move = self._to_metres.transform
        return shapely.transform(geometries, move, interleaved=False)

    def bearing(self, longitude: float, latitude: float) -> float:
        """Direction from the centre, in degrees clockwise from north."""
        forward, _, _ = ELLIPSOID.inv(*self.centre, longitude, latitude)
        return float(forward) % 360

    def document(self) -> Json:
        """The place as it is told: geometry, metres around it, square metres of an area."""
        said: Json = {"geometry": mapping(self.geometry), "radius": self.radius}
        if not self.is_point:
            said["area"] = abs(ELLIPSOID.geometry_area_perimeter(self.geometry)[0])
        return said


def place_of(request: Request) -> Place:
    """The place that the query names.

    Raises
    ------
    InvalidError
        If `coords` is no point or polygon in degrees, or `radius` is no number of metres.
    """
    text = request.query_params.get("coords", "")
    geometry = _geometry(text)
    radius = _radius(
        request.query_params.get("radius"), 0.0 if geometry.geom_type != "Point" else RADIUS_METRES
    )
    return Place(geometry, radius)


def _geometry(text: str) -> BaseGeometry:
    allowed = InvalidError(
        "coords must be a point or a polygon in degrees of longitude and latitude (WKT or GeoJSON)",
        hint="write coords=POINT(102.6 17.97)",
    )
    if not text or len(text) > MOST_TEXT:
        raise allowed
    try:
        geometry = shapely.from_geojson(text) if text.lstrip().startswith("{") else shapely.from_wkt(text)
    except (GEOSException, ValueError, TypeError) as error:
        raise allowed from error
    if (
        geometry is None
        or geometry.is_empty
        or geometry.geom_type not in {"Point", "Polygon", "MultiPolygon"}
    ):
        raise allowed
    _check(geometry)
    return shape(mapping(shapely.force_2d(geometry)))


def _check(geometry: BaseGeometry) -> None:
    """Refuse what lies outside the earth, is too large or crosses itself."""
    west, south, east, north = geometry.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise InvalidError("coords must lie within ±180 degrees of longitude and ±90 of latitude")
    if east - west > MOST_DEGREES or north - south > MOST_DEGREES:
        raise InvalidError(
            f"an area may be {MOST_DEGREES:g} degrees wide and high", hint="draw a smaller one"
        )
    if shapely.get_num_coordinates(geometry) > MOST_VERTICES:
        raise InvalidError(f"an area may have {MOST_VERTICES} vertices", hint="simplify it")
    if not geometry.is_valid:
        raise InvalidError(f"the area is not valid: {shapely.is_valid_reason(geometry)}")


def _radius(text: str | None, default: float) -> float:
    if text is None:
        return default
    try:
        radius = float(text)
    except ValueError:
        radius = math.nan
    if not 0 <= radius <= MOST_METRES:
        raise InvalidError(f"radius must be 0 to {MOST_METRES:g} metres, not {text[:40]!r}")
    return radius


def _turned(longitude: float) -> float:
    return (longitude + 180) % 360 - 180
