"""What lies at or near a place: rows of tables, boreholes, stations, parts of meshes."""

from __future__ import annotations

import msgspec
import numpy as np
import shapely

from craton.model.record import Record
from craton.store.feature_index import FeatureIndex, FeatureQuery, open_features
from craton.web.replies import Json
from craton.web.site import Site
from craton.web.under_logs import logs_of
from craton.web.under_place import Place

MOST_LOOKED_AT = 5_000
"""Features in the box around the place whose distance is measured."""

MOST_TOLD = 5
"""Features told, the nearest first."""

TOUCHING_METRES = 0.5
"""As near as this is at the place: coordinates are kept to a tenth of a metre."""


def features_near(site: Site, record: Record, place: Place) -> Json:
    """Features at the place or within its radius: how many, and the nearest ones.

    `count` is exact unless `more` is true; `distance` is in metres, `bearing` in degrees from north.
    """
    index = open_features(site.store, record)
    if index.box is None:
        return {}
    page = index.page(FeatureQuery(bbox=place.bbox, limit=MOST_LOOKED_AT, strict=True))
    features = [msgspec.json.decode(one) for one in page.features]
    features = [one for one in features if one["geometry"]]
    if not features:
        return {}
    distances = _distances(place, [one["geometry"] for one in features])
    near = [n for n in np.argsort(distances, kind="stable") if distances[n] <= place.radius + TOUCHING_METRES]
    if not near:
        return {}
    told = [_told(place, features[n], float(distances[n])) for n in near[:MOST_TOLD]]
    said: Json = {"count": len(near), "more": page.more, "features": told, "columns": _columns(index)}
    if record.kind == "boreholes":
        said["logs"] = logs_of(site, record, told[0]["properties"].get("hole_id"))
    return said


def _distances(place: Place, geometries: list[Json]) -> np.ndarray:
    """Distance of each geometry from the place in metres, shape (n,); 0 where they touch in degrees.

    The sides of an area are straight in degrees, so whether something lies in it is asked there.
    """
    shapes = shapely.from_geojson([msgspec.json.encode(one) for one in geometries])
    here = place.in_metres(np.array([place.geometry], dtype=object))
    there = place.in_metres(shapes)
    metres = np.asarray(shapely.distance(there, here[0]))  # type: ignore[index]
    return np.where(shapely.intersects(shapes, place.geometry), 0.0, metres)


def _told(place: Place, feature: Json, distance: float) -> Json:
    inside = distance <= TOUCHING_METRES
    said: Json = {"id": feature["id"], "inside": inside, "properties": feature["properties"]}
    if feature["geometry"]["type"] == "Point":
        said["geometry"] = feature["geometry"]
    if not inside:
        point = _nearest(place, feature["geometry"])
        said |= {"distance": round(distance, 1), "bearing": round(place.bearing(*point), 1)}
    return said


def _nearest(place: Place, geometry: Json) -> tuple[float, float]:
    """The point of `geometry` that lies nearest to the centre, in degrees."""
    line = shapely.shortest_line(
        shapely.Point(place.centre), shapely.from_geojson(msgspec.json.encode(geometry))
    )
    longitude, latitude = line.coords[-1][:2]
    return float(longitude), float(latitude)


def _columns(index: FeatureIndex) -> Json:
    """Title and unit of the columns that have any."""
    said = {c.name: {k: v for k, v in (("title", c.title), ("unit", c.unit)) if v} for c in index.columns}
    return {name: one for name, one in said.items() if one}
