"""What lies under a pixel of a map: values of grids, properties of features; as JSON, text or a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import msgspec
import numpy as np
from starlette.responses import Response

from craton.model import crs as systems
from craton.model.record import Record
from craton.store.feature_index import FeatureQuery
from craton.store.grid_window import Frame, has_place, open_grid
from craton.store.grid_window_parts import sample, spots
from craton.store.grid_window_place import moved_points
from craton.web.picture_maps import Look, features_of
from craton.web.picture_vector import bbox_of
from craton.web.replies import Json
from craton.web.site import Site

INFO_FORMATS = ("application/json", "text/plain", "text/html", "application/geo+json")

PAGE_START = '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Here</title></head><body>'

REACH = 4
"""Pixels around the one that is asked about in which features are found."""


@dataclass(frozen=True)
class Click:
    """A pixel of a map, and the number of features of a layer that are told."""

    frame: Frame
    column: int
    row: int
    most: int

    @property
    def place(self) -> tuple[float, float]:
        """Position of the middle of the pixel."""
        across, down = self.frame.centres()
        return float(across[self.column]), float(down[self.row])


def told_at(
    site: Site, layers: Sequence[tuple[Record, Look]], click: Click, media_type: str, caching: str
) -> Response:
    """What the layers hold under a pixel."""
    east, north = (np.array([one]) for one in click.place)
    moved = moved_points(click.frame.crs, systems.CRS84, east, north)
    longitude, latitude = float(moved[0][0]), float(moved[1][0])
    if not np.isfinite([longitude, latitude]).all():
        return _written([], media_type, caching)
    features: list[Json] = []
    for record, look in layers:
        if has_place(record):
            features += _of_grid(site, record, look, longitude, latitude)
        else:
            features += _of_features(site, record, click)
    return _written(features, media_type, caching)


def _of_grid(site: Site, record: Record, look: Look, longitude: float, latitude: float) -> list[Json]:
    """Values of the cell under the pixel, of all variables or the one that is drawn."""
    grid = open_grid(site.store, record)
    where = spots(grid, np.array([longitude]), np.array([latitude]), systems.CRS84)
    if not where.inside.any():
        return []
    layers = [grid.layer(look.wish.variable)] if look.wish.variable else list(grid.layers.values())[:50]
    values: Json = {}
    for layer in layers:
        steps = {name: [step] for name, step in layer.indices(look.selection).items()}
        value = float(sample(grid, layer, where, steps).ravel()[0])
        values[layer.name] = value if np.isfinite(value) else None
        if word := layer.word(value):
            values[f"{layer.name}_name"] = word
        if layer.unit:
            values[f"{layer.name}_unit"] = layer.unit
    point = {"type": "Point", "coordinates": [round(longitude, 8), round(latitude, 8)]}
    return [{"type": "Feature", "id": record.id, "layer": record.id, "geometry": point, "properties": values}]


def _of_features(site: Site, record: Record, click: Click) -> list[Json]:
    """Features near the pixel, as the dataset has them."""
    across, down = click.frame.pixel
    east, north = click.place
    box = (east - REACH * across, north - REACH * down, east + REACH * across, north + REACH * down)
    bbox = bbox_of(Frame(box, click.frame.crs, 1, 1))
    if bbox is None:
        return []
    page = features_of(site, record).page(FeatureQuery(bbox=bbox, limit=click.most))
    return [{**msgspec.json.decode(one), "layer": record.id} for one in page.features]


def _written(features: list[Json], media_type: str, caching: str) -> Response:
    headers = {"Cache-Control": caching}
    if media_type.endswith("json"):
        document = {"type": "FeatureCollection", "features": features}
        return Response(msgspec.json.encode(document), headers=headers, media_type=media_type)
    rows = [
        (one["layer"], name, value) for one in features for name, value in (one["properties"] or {}).items()
    ]
    if media_type == "text/html":
        cells = "".join(
            f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows
        )
        page = f"{PAGE_START}<table>{cells}</table></body></html>"
        return Response(page, headers=headers, media_type="text/html")
    text = "\n".join(f"{layer}: {name} = {value}" for layer, name, value in rows) or "nothing here"
    return Response(text + "\n", headers=headers, media_type="text/plain")
