"""What is asked of a map: its extent, system, size, colours and form, read from the query and the headers."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from craton.model import crs as systems
from craton.model.errors import InvalidError
from craton.model.record import Record
from craton.store.grid_window import Frame
from craton.store.grid_window_place import MOST_FRAME, transformer
from craton.web.crs_negotiation import CRS84, DEFAULT, System, address_of, numbers_of, system_of
from craton.web.maps_wish import WISH_NAMES, wish_of
from craton.web.negotiation import quality_of, wishes_of
from craton.web.picture import JPEG, TYPES, check_size
from craton.web.picture_maps import Look

LOOK_NAMES = ("time", "datetime", "upward", "subset", *WISH_NAMES)
"""Parameters that say how a picture looks."""

MAP_NAMES = (*LOOK_NAMES, "bbox", "bbox-crs", "crs", "width", "height", "bgcolor", "transparent")

DEFAULT_SIDE = 1024
"""Pixels along the longer side of a map where no size is asked for."""

EDGE_POINTS = 21

COLOURS: Mapping[str, str] = {
    "white": "ffffff", "black": "000000", "red": "ff0000", "green": "008000", "blue": "0000ff",
    "grey": "808080", "gray": "808080", "yellow": "ffff00",
}  # fmt: skip
_HEX = re.compile(r"(?i)(0x|#)?(?P<digits>[0-9a-f]{6})")
_SUBSET = re.compile(r"(?P<axis>[\w.\- ]{1,80})\((?P<value>[^()]{1,80})\)")


def look_of(request: Request) -> Look:
    """Style and steps of further axes that the query asks for."""
    query = request.query_params
    selection = {axis: value for axis in ("time", "upward") if (value := query.get(axis, "")) != ""}
    if "datetime" in query:
        selection["time"] = query["datetime"]
    selection |= subset_values(query.get("subset", ""))
    return Look(wish_of(request), selection)


def subset_values(text: str) -> dict[str, Any]:
    """Values by axis of `axis(value),…`; texts may stand in double quotes."""
    return {axis: value.strip('"') for axis, value in subset_parts(text).items()}


def subset_parts(text: str) -> dict[str, str]:
    """What stands in brackets, by axis, as it is written."""
    if not text:
        return {}
    parts = [part.strip() for part in text.split("),")]
    parts = [part if part.endswith(")") else f"{part})" for part in parts]
    found = [_SUBSET.fullmatch(part) for part in parts]
    if len(text) > 1000 or not all(found):
        raise InvalidError(f"subset must be axis(value) or several parted by commas, not {text[:60]!r}")
    return {one["axis"].strip(): one["value"].strip() for one in found if one is not None}


def media_type_of(request: Request) -> str:
    """Form of a picture: what `f` says, else what the header `Accept` wants most, else PNG."""
    form = request.query_params.get("f")
    if form is not None:
        return media_type_named(form)
    wishes = wishes_of(request.headers.get("accept", ""))
    # Browsers name WebP before anything else, but a PNG is sharper and sooner made.
    stated = {wish.value for wish in wishes}
    wanted = [one for one in TYPES.values() if one in stated] if TYPES["png"] not in stated else []
    if wanted and "image/*" not in stated and "*/*" not in stated:
        return max(wanted, key=lambda one: quality_of(wishes, one))
    return TYPES["png"]


def media_type_named(form: str) -> str:
    """Media type of a short name, or of itself."""
    found = TYPES.get(form.lower()) or (JPEG if form.lower() == "jpg" else "")
    if not found and form.lower() in TYPES.values():
        found = form.lower()
    if not found:
        raise InvalidError(f"f must be one of {', '.join(TYPES)}, not {form[:40]!r}")
    return found


def frame_of(request: Request, record: Record) -> tuple[Frame, System]:
    """Extent and size of a map, and the system it is drawn in."""
    query = request.query_params
    box_system = system_of(query.get("bbox-crs", CRS84), "bbox-crs")
    text = query.get("bbox")
    system = system_of(query["crs"]) if "crs" in query else own_system(record)
    if text is None:
        bounds = bounds_of(record, system)
    else:
        bounds = moved_bounds(stated_bounds(text, box_system), box_system, system)
    width, height = _size(query, bounds)
    check_size(width, height)
    return Frame(bounds, system.name, width, height), system


def own_system(record: Record) -> System:
    """System in which a map is drawn where none is asked for: the dataset's own, if it can be named."""
    address = address_of(record.crs) if systems.is_placed(record.crs) else ""
    try:
        return system_of(address) if address else DEFAULT
    except InvalidError:
        return DEFAULT


def stated_bounds(text: str, system: System) -> tuple[float, float, float, float]:
    """West, south, east, north of a box of the query; east goes on beyond 180° where it crosses."""
    numbers = numbers_of(text, "bbox", 4, 6)
    flat = numbers if len(numbers) == 4 else [*numbers[:2], *numbers[3:5]]
    if system.is_swapped:
        flat = [flat[1], flat[0], flat[3], flat[2]]
    west, south, east, north = flat
    if systems.is_geographic(system.name):
        if max(abs(south), abs(north)) > 90 or max(abs(west), abs(east)) > 540:
            raise InvalidError("bbox is not one of longitudes and latitudes in degrees, in that order")
        east += 360.0 if east < west else 0.0
    if not (west < east and south < north):
        raise InvalidError("bbox must be a lower corner, then an upper one, west < east and south < north")
    return west, south, east, north


def moved_bounds(
    bounds: tuple[float, float, float, float], source: System, target: System
) -> tuple[float, float, float, float]:
    """Box of `target` around a box of `source`."""
    move = transformer(source.name, target.name)
    if move is None:
        return bounds
    found = move.transform_bounds(*bounds, densify_pts=EDGE_POINTS, errcheck=False)
    west, south, east, north = (float(one) for one in found)
    if systems.is_geographic(target.name) and east < west:
        east += 360.0
    if not all(map(math.isfinite, (west, south, east, north))):
        raise InvalidError(f"bbox cannot be transformed to {target.name}")
    return west, south, east, north


def bounds_of(record: Record, system: System) -> tuple[float, float, float, float]:
    """Box of all of a dataset; a point gets a little room around it."""
    assert record.bbox is not None
    west, south, east, north = record.bbox
    east += 360.0 if east < west else 0.0
    room = max((east - west) / 50, (north - south) / 50, 1e-4)
    if east - west < room / 10:
        west, east = west - room, east + room
    if north - south < room / 10:
        south, north = max(south - room, -90.0), min(north + room, 90.0)
    if system.name == "EPSG:3857":
        south, north = max(south, -85.05), min(north, 85.05)
    return moved_bounds((west, south, east, north), DEFAULT, system)


def _size(query: Mapping[str, str], bounds: tuple[float, float, float, float]) -> tuple[int, int]:
    """Columns and rows; what is not asked for follows from the shape of the box."""
    stated = {name: whole_of(query[name], name) for name in ("width", "height") if name in query}
    shape = (bounds[2] - bounds[0]) / (bounds[3] - bounds[1])
    if "width" in stated and "height" in stated:
        return stated["width"], stated["height"]
    if "width" in stated:
        return stated["width"], _side(stated["width"] / shape)
    if "height" in stated:
        return _side(stated["height"] * shape), stated["height"]
    longer = (DEFAULT_SIDE, DEFAULT_SIDE / shape) if shape >= 1 else (DEFAULT_SIDE * shape, DEFAULT_SIDE)
    return _side(longer[0]), _side(longer[1])


def _side(pixels: float) -> int:
    return min(max(1, round(pixels)), MOST_FRAME)


def whole_of(text: str, name: str, most: int = MOST_FRAME) -> int:
    """Number of pixels."""
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= most):
        raise InvalidError(f"{name} must be a whole number from 1 to {most}, not {text[:20]!r}")
    return int(text)


def background_of(colour: str, transparent: str, *, transparent_default: bool) -> tuple[int, int, int] | None:
    """Colour where there is nothing; `None` is transparent."""
    if transparent and transparent.lower() not in {"true", "false"}:
        raise InvalidError(f"transparent must be true or false, not {transparent[:20]!r}")
    see_through = transparent.lower() == "true" if transparent else transparent_default and not colour
    digits = COLOURS.get(colour.lower(), colour)
    found = _HEX.fullmatch(digits) if colour else None
    if colour and found is None:
        raise InvalidError(f"a colour must be six hexadecimal digits or a name, not {colour[:20]!r}")
    if see_through:
        return None
    digits = found["digits"] if found else "ffffff"
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
