"""What the grids say of a place: the value at a point, or how values in an area are spread."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from craton.model.record import Record
from craton.store.grid_window import Frame, Grid, Layer, Pixels, has_place, open_grid
from craton.web.replies import Json
from craton.web.site import Site
from craton.web.under_place import Place

MOST_LAYERS = 12
"""Variables of one dataset that are told."""

POINT_DEGREES = 1e-7
"""Side of the picture of one pixel that is taken at a point: a hundredth of a metre."""

PIXELS = 256
"""Along the longer side of the picture from which an area is told."""

LONGITUDE_LATITUDE = "OGC:CRS84"


def values_at(site: Site, record: Record, place: Place) -> Json:
    """Values of each variable: that of the cell at a point; least, mean and largest in an area.

    The values of an area come from a picture of it of at most `PIXELS` along a side, whose pixels hold the
    nearest cell; `cells` is the number of pixels. Nothing where the grid has no value there.
    """
    if not has_place(record):
        return {}
    grid = open_grid(site.store, record)
    layers = list(grid.layers.values())[:MOST_LAYERS]
    frame = _frame(place)
    told = [_told(record, place, layer, pixels) for layer, pixels in _drawn(grid, layers, frame)]
    values = [one for one in told if one]
    return {"values": values} if values else {}


def _drawn(grid: Grid, layers: list[Layer], frame: Frame) -> list[tuple[Layer, Pixels]]:
    names = [layer.name for layer in layers]
    return list(zip(layers, grid.window(names, frame, nearest=True), strict=True))


def _frame(place: Place) -> Frame:
    if place.is_point:
        longitude, latitude = place.centre
        half = POINT_DEGREES / 2
        bounds = (longitude - half, latitude - half, longitude + half, latitude + half)
        return Frame(bounds, LONGITUDE_LATITUDE, 1, 1)
    west, south, east, north = place.geometry.bounds
    step = max(east - west, north - south) / PIXELS
    columns, rows = (max(1, round(side / step)) for side in (east - west, north - south))
    return Frame((west, south, east, north), LONGITUDE_LATITUDE, columns, rows)


def _told(record: Record, place: Place, layer: Layer, pixels: Pixels) -> Json:
    valid = pixels.valid if place.is_point else pixels.valid & _within(place, pixels)
    there = pixels.values[valid]
    if not there.size:
        return {}
    said: Json = {name: getattr(layer, name) for name in ("title", "unit", "quantity")}
    said |= {"variable": layer.name}
    said |= _class(layer, there[0]) if place.is_point else _spread(layer, there)
    for known in record.quantities:
        if known.name == layer.quantity and known.variable in {"", layer.name} and known.maximum is not None:
            said["range"] = [known.minimum, known.maximum]
    return {name: value for name, value in said.items() if value != ""}


def _within(place: Place, pixels: Pixels) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Pixels (height, width) whose centre lies in the area; all where none does, for it is a narrow one."""
    height, width = pixels.values.shape
    columns, rows = Frame(place.geometry.bounds, LONGITUDE_LATITUDE, width, height).centres()
    inside = shapely.contains_xy(place.geometry, *np.meshgrid(columns, rows))
    return inside if inside.any() else np.ones_like(inside)


def _spread(layer: Layer, values: np.ndarray[Any, Any]) -> Json:
    if layer.is_classes:
        classes, counts = np.unique(values, return_counts=True)
        order = np.argsort(-counts, kind="stable")[:10]
        shares = {n: round(float(counts[n] / values.size), 4) for n in order}
        told = [{**_class(layer, classes[n]), "share": share} for n, share in shares.items()]
        return {"classes": told, "cells": int(values.size)}
    return {
        "minimum": _plain(values.min()), "mean": float(values.mean(dtype=np.float64)),
        "maximum": _plain(values.max()), "cells": int(values.size),
    }  # fmt: skip


def _class(layer: Layer, value: Any) -> Json:
    """A value, and what its class is called, where that is said."""
    word = layer.word(float(value)) if layer.flags else ""
    return {"value": _plain(value), **({"label": word} if word else {})}


def _plain(value: Any) -> Any:
    """A number as JSON has it; a 32-bit one with the digits it holds."""
    if isinstance(value, np.floating):
        return float(f"{value:.7g}") if value.dtype.itemsize <= 4 else float(value)
    return value.item() if isinstance(value, np.generic) else value
