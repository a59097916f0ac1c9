"""Which rows of a table are neighbours: by what they share, by distance, by number."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from scipy.sparse import csr_array

from craton.kernels import spatial_weights as kernel
from craton.model import crs as systems
from craton.model import units
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Table, Unit

Units = Annotated[gpd.GeoDataFrame, Table()]

Contact = Literal["queen", "rook", "nearest", "distance"]

Count = Annotated[int, Bounds(minimum=1, maximum=1000)]

Distance = Annotated[float, Unit("m"), Bounds(above=0)]

MOST_LINKS = 50_000_000
"""Links above which a distance is taken to be a mistake."""

EARTH = 6_371_008.8
"""Mean radius of the Earth in m."""


class Linked(NamedTuple):
    """Rows (n,) of the table that take part, and the links (m, m) among those m."""

    taken: np.ndarray
    links: csr_array

    @property
    def islands(self) -> np.ndarray:
        """Whether each of the m rows has no neighbour."""
        return np.asarray(kernel.degrees(self.links) == 0)


def linked(
    id: str,
    table: gpd.GeoDataFrame,
    whole: np.ndarray,
    contact: str,
    count: int,
    distance: float | None,
) -> Linked:
    """Links, each of weight 1, among the rows (n,) that are `whole` and have a geometry."""
    if table.active_geometry_name is None:
        raise ContractError(id, "table", "a table with geometry", "one without")
    shapes = table.geometry.to_numpy()
    taken = whole & ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    shapes = shapes[taken]
    if not shapes.size:
        raise ContractError(id, "table", "rows with a geometry and a number", "none")
    if contact in {"queen", "rook"}:
        return Linked(taken, _sharing(id, shapes, contact))
    places = places_of(table, shapes)
    if contact == "nearest":
        if count >= shapes.size:
            allowed = f"less than the {shapes.size} rows that take part"
            raise ContractError(id, "neighbours", allowed, str(count))
        return Linked(taken, kernel.nearest(places, count))
    if distance is None:
        raise ContractError(id, "distance", "given where `contact` is distance", "left out")
    reach = 2 * EARTH * np.sin(min(distance / (2 * EARTH), np.pi / 2)) if places.shape[1] > 2 else distance
    if (pairs := kernel.pairs_within(places, reach)) > MOST_LINKS:
        allowed = f"such that there are at most {MOST_LINKS:,} links"
        raise ContractError(id, "distance", allowed, f"{distance:g} m, which makes {pairs:,}")
    return Linked(taken, kernel.within(places, reach))


def connected(found: Linked) -> Linked:
    """The same without islands."""
    kept = ~found.islands
    taken = found.taken.copy()
    taken[taken] = kept
    return Linked(taken, kernel.among(found.links, kept))


def _sharing(id: str, shapes: np.ndarray, contact: str) -> csr_array:
    """Links between polygons that share a corner or an edge."""
    if (shapely.get_dimensions(shapes) != 2).any():
        hint = "take `contact` nearest or distance for points and lines"
        raise ContractError(
            id, "contact", "nearest or distance, or a table of polygons only", contact, hint=hint
        )
    parts, part_of = shapely.get_parts(shapes, return_index=True)
    rings, ring_of = shapely.get_rings(parts, return_index=True)
    places, ring = shapely.get_coordinates(rings, return_index=True)
    owners = part_of[ring_of][ring]
    if contact == "queen":
        return kernel.by_corners(places, owners, shapes.size)
    return kernel.by_edges(places, ring, owners, shapes.size)


def places_of(table: gpd.GeoDataFrame, shapes: np.ndarray) -> np.ndarray:
    """Centroids in metres (n, 2) of the plane, or (n, 3) of a sphere from longitude and latitude."""
    crs = systems.normalise(table.crs.to_string()) if table.crs is not None else ""
    at = shapely.get_coordinates(shapely.centroid(shapes))
    if systems.is_geographic(crs):
        longitude, latitude = np.radians(at).T
        level = np.cos(latitude)
        return EARTH * np.column_stack(
            [level * np.cos(longitude), level * np.sin(longitude), np.sin(latitude)]
        )
    return np.asarray(units.convert(at, systems.axes(crs).unit, "m"))
