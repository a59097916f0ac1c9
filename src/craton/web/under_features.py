"""What lies at or near a place: rows of tables, boreholes, stations, parts of meshes."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import shapely
from shapely.geometry import mapping

from craton.model.cql2 import parse
from craton.model.record import Record
from craton.store.feature_index import FeatureIndex, FeaturePage, FeatureQuery, open_features
from craton.web.replies import Json
from craton.web.site import Site
from craton.web.under_logs import logs_of
from craton.web.under_place import Place

MOST_LOOKED_AT = 5_000
"""Features in the box around the place whose distance is measured."""

ENOUGH = 50
"""Features in a smaller box that hold the nearest ones, where more than can be looked at lie in the whole."""

LEAST_METRES = 4.0
"""Difference of two radii from which features are as near as each other."""

MOST_TOLD = 5
"""Features told, the nearest first."""

TOUCHING_METRES = 0.5
"""As near as this is at the place: coordinates are kept to a tenth of a metre."""


def features_near(site: Site, record: Record, place: Place) -> Json:
    """Features at the place or within its radius: how many, and the nearest ones.

    `count` is exact unless `more` is true, which tells that there are at least so many; `distance` is in
    metres, `bearing` in degrees from north.
    """
    index = open_features(site.store, record)
    if index.box is None:
        return {}
    page = _page(index, place)
    near = _near(place, page)
    count = len(near)
    if page.more:
        near = _nearest_of_many(index, place) or near
        count = max(count, len(near))
    if not near:
        return {}
    told = [_told(place, feature, distance) for distance, feature in near[:MOST_TOLD]]
    said: Json = {"count": count, "more": page.more, "features": told, "columns": _columns(index)}
    if record.kind == "boreholes":
        said["logs"] = logs_of(site, record, told[0]["properties"].get("hole_id"))
    return said


def _page(index: FeatureIndex, place: Place) -> FeaturePage:
    return index.page(FeatureQuery(bbox=place.bbox, limit=MOST_LOOKED_AT, strict=True))


def _near(place: Place, page: FeaturePage) -> list[tuple[float, Json]]:
    """Features of `page` within the radius of the place, the nearest first, each after its distance."""
    features = [one for one in map(msgspec.json.decode, page.features) if one["geometry"]]
    if not features:
        return []
    distances = _distances(place, [one["geometry"] for one in features])
    order = np.argsort(distances, kind="stable")
    return [
        (float(distances[n]), features[n]) for n in order if distances[n] <= place.radius + TOUCHING_METRES
    ]


def _nearest_of_many(index: FeatureIndex, place: Place) -> list[tuple[float, Json]]:
    """The nearest features, found in a smaller box in which all can be looked at.

    The radius is halved until that holds, and grows by half of what is left where too few are found.
    In an area, those that meet it come first.
    """
    if not place.is_point and (near := _near(replace(place, radius=0.0), _meeting(index, place))):
        return near
    best: list[tuple[float, Json]] = []
    low, high = 0.0, place.radius
    while high - low > LEAST_METRES:
        inner = replace(place, radius=(low + high) / 2)
        page = _page(index, inner)
        if page.more:
            high = inner.radius
            continue
        low, best = inner.radius, _near(inner, page)
        if len(best) >= ENOUGH:
            break
    return best or _near(place, _page(index, replace(place, radius=high)))


def _meeting(index: FeatureIndex, place: Place) -> FeaturePage:
    """Features that meet the area."""
    area = parse(
        {"op": "s_intersects", "args": [{"property": "geometry"}, mapping(place.geometry)]}, "cql2-json"
    )
    return index.page(
        FeatureQuery(bbox=replace(place, radius=0.0).bbox, filter=area, limit=MOST_LOOKED_AT, strict=True)
    )


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
