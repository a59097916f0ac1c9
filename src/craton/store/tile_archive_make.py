"""An archive of vector tiles made of features: level by level, from the whole world down.

Each level is cut out of the one above, so that no vertex is looked at for
tiles far from it; the four quarters of a batch part when it is large, so that
what is worked on stays small.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from craton.model.record import Bbox
from craton.model.tile_matrix import WEB_MERCATOR_QUAD
from craton.store.tile_archive_write import ArchiveWriter
from craton.store.vector_tile_clip import children
from craton.store.vector_tile_drawn import drawn
from craton.store.vector_tile_place import Geometries, in_tile, shapes_of
from craton.store.vector_tile_shapes import Integers, Shapes, joined
from craton.store.vector_tile_values import Attributes
from craton.store.vector_tile_write import written

BATCH = 1 << 19
"""Vertices that are worked on at a time, where the tiles of a batch can be parted."""

LAYER = "features"
"""Name of the layer of all tiles."""


@dataclass(frozen=True)
class Features:
    """Features to be tiled.

    Parameters
    ----------
    geometries : array of shapely geometries
        One a feature, in CRS84; `None` where there is none.
    ids : array
        Their identifiers.
    attributes : Attributes
        Their attributes.
    """

    geometries: Geometries
    ids: Integers
    attributes: Attributes


def make_archive(features: Features, path: Path, *, last: int, bbox: Bbox, metadata: dict[str, Any]) -> None:
    """Write the archive of `features` to `path`.

    Parameters
    ----------
    last : int
        Last level.
    bbox : tuple
        Extent in degrees, as the archive tells it.
    metadata : dict
        What the archive is to say of itself.
    """
    whole = shapes_of(features.geometries, WEB_MERCATOR_QUAD)
    writer = ArchiveWriter(path.parent)
    _levels(in_tile(whole, WEB_MERCATOR_QUAD, 0, 0, 0), 0, last, features, writer)
    west, south, east, north = bbox
    box = (-180.0, south, 180.0, north) if west > east else bbox
    writer.close(path, levels=(0, last), bbox=box, metadata=metadata)


def _levels(shapes: Shapes, z: int, last: int, features: Features, writer: ArchiveWriter) -> None:
    """Tiles of level `z` and all below it."""
    drawing = drawn(shapes, last=z == last)
    writer.add(z, list(written(drawing, features.attributes, features.ids, LAYER)))
    if z == last or not len(shapes.features):
        return
    parts = list(children(shapes))
    del shapes, drawing
    if sum(len(part.x) for part in parts) <= BATCH:
        parts = [joined(parts)] if parts else []
    while parts:
        _levels(parts.pop(), z + 1, last, features, writer)
