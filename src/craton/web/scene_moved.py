"""Holes and points in the system of another dataset's scene, so that both are drawn together."""

from __future__ import annotations

from itertools import chain

import msgspec
import numpy as np

from craton.model.errors import InvalidError
from craton.store.grid_window_place import moved_points
from craton.web.replies import Json
from craton.web.scene_place import DIGITS, Extent


def moved(said: Json, system: str) -> Json:
    """A document of holes or points with its places in `system`; heights and depths stay.

    Raises
    ------
    InvalidError
        If a place lies where `system` has none.
    """
    paths = [one["path"] for one in (*said.get("holes", ()), *said.get("lines", ()))]
    points = [place for place in said.get("points", ()) if place is not None]
    vertices = [*chain.from_iterable(paths), *points]
    local = np.array([vertex[:3] for vertex in vertices], np.float64).reshape(-1, 3)
    places = local + said["origin"]
    places[:, 0], places[:, 1] = moved_points(said["crs"], system, places[:, 0], places[:, 1])
    if not np.isfinite(places).all():
        raise InvalidError(
            f"crs {system} has no place for some of the data", hint=f"it lies in {said['crs']}"
        )
    extent = Extent.of(places)
    for vertex, place in zip(vertices, np.round(places - extent.origin, DIGITS).tolist(), strict=True):
        vertex[:3] = place
    return {**said, "crs": system, "origin": extent.origin, "extent": msgspec.to_builtins(extent)}
