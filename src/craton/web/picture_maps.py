"""Pictures of any dataset: what is asked of one, which datasets have one, and how it is made and kept."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from craton.model import crs as systems
from craton.model.errors import InvalidError, NotFoundError
from craton.model.record import Bbox, Record
from craton.store.feature_index import FeatureIndex, open_features
from craton.store.grid_window import Frame, Grid, has_place, open_grid
from craton.store.recent import Recent
from craton.web.collections import collection_record
from craton.web.collections_document import WITH_FEATURES
from craton.web.picture import Picture, draw_grid, encode, nothing
from craton.web.picture_style import DEFAULT, STYLES, Wish, grid_style, style_of
from craton.web.picture_vector import draw_features
from craton.web.replies import Json
from craton.web.site import Site
from craton.web.styles import vector_style

FORM = "4"
"""Changes when pictures of the same data change."""

KEPT_BYTES = 64 << 20
"""Bytes of tiles kept in memory.

A tile is made in a few milliseconds and browsers keep those they have, so a
copy on disk would cost more than it saves.
"""

EDGE = 1e-6
"""Degrees by which a tile may miss a box and still be looked at."""


@dataclass(frozen=True)
class Look:
    """What is asked of a picture: style, and the values along further axes of a cube."""

    wish: Wish = field(default_factory=Wish)
    selection: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[object, ...]:
        """What tells two looks apart."""
        return self.wish, tuple(sorted((name, str(value)) for name, value in self.selection.items()))


_tiles: Recent[tuple[object, ...], bytes] = Recent(KEPT_BYTES, weigh=len)


def has_picture(record: Record) -> bool:
    """Whether there are maps of `record`, told from the record alone."""
    return has_place(record) or _has_features(record)


def _has_features(record: Record) -> bool:
    data = record.assets.get("data")
    return (
        record.kind in WITH_FEATURES
        and record.bbox is not None
        and systems.is_placed(record.crs)
        and data is not None
        and all(member.sha256 for member in data.members)
    )


def pictured(site: Site, name: str) -> Record:
    """Record of the collection `name`, of which there are maps and which the visitor may read."""
    record = site.record(collection_record(site, name).id, "read")
    if not has_picture(record):
        raise NotFoundError(f"there are no maps of {record.id}")
    return record


def check_look(site: Site, record: Record, look: Look) -> None:
    """Refuse what the dataset does not have: a variable, a style, a step of an axis."""
    if has_place(record):
        grid = open_grid(site.store, record)
        style = grid_style(site.store, record, look.wish)
        names = getattr(style, "variables", None) or (style.variable,)  # type: ignore[union-attr]
        _check_axes(grid, look)
        for name in names:
            grid.layer(name).indices(look.selection)
        return
    if look.selection or replace(look.wish, name="") != Wish():
        raise InvalidError(
            f"{record.id} has features, of which no variable, range, stretch, light or step is chosen"
        )
    if look.wish.name not in {"", DEFAULT}:
        raise InvalidError(f"there is no style {look.wish.name[:40]!r}", hint=f"there is: {DEFAULT}")


def _check_axes(grid: Grid, look: Look) -> None:
    known = {axis.name for layer in grid.layers.values() for axis in layer.axes}
    for name in look.selection:
        if name not in known:
            raise InvalidError(
                f"{grid.id} has no axis {name[:40]!r} to choose on",
                hint=f"there are: {', '.join(sorted(known)) or 'none'}",
            )


def styles_of(record: Record) -> tuple[str, ...]:
    """Names of the styles of `record`."""
    return STYLES if has_place(record) else (DEFAULT,)


def draw(site: Site, record: Record, frame: Frame, look: Look) -> Picture:
    """Picture of `record`."""
    if has_place(record):
        style = grid_style(site.store, record, look.wish)
        return draw_grid(open_grid(site.store, record), style, frame, look.selection)
    index = features_of(site, record)
    return draw_features(index, feature_style(site, index, record), frame)


def features_of(site: Site, record: Record) -> FeatureIndex:
    """Features of `record`."""
    return open_features(site.store, record)


def feature_style(site: Site, index: FeatureIndex, record: Record) -> Json:
    """Style of the features of `record`."""
    return vector_style(site, index, record)


def legend_style(site: Site, record: Record, name: str = "") -> Json:
    """Style of a dataset, as legends are drawn from it."""
    if has_place(record):
        return style_of(site.store, record, Wish(name=name))
    return {"title": record.name(), **feature_style(site, features_of(site, record), record)}


def picture_tag(site: Site, record: Record, *parts: object) -> str:
    """Entity tag of a picture: it changes with the data, with how it is drawn, and with what is asked."""
    style = b""
    if not has_place(record):
        style = msgspec.json.encode(feature_style(site, features_of(site, record), record))
    said = repr((FORM, record.id, record.version, record.content, parts)).encode()
    return f'"{hashlib.sha256(said + style).hexdigest()[:32]}"'


def tile_bytes(
    site: Site, record: Record, frame: Frame, bbox: Bbox, look: Look, media_type: str, tag: str
) -> bytes:
    """Bytes of a tile that covers `bbox`; `tag` is its `picture_tag`."""
    if not touches(_extent(record), bbox):
        key: tuple[object, ...] = ("nothing", frame.width, frame.height, media_type)
        return _tiles.get(key, lambda: encode(nothing(frame.width, frame.height), media_type))
    key = (str(site.store.derived.folder), tag)
    return _tiles.get(key, lambda: encode(draw(site, record, frame, look), media_type))


def _extent(record: Record) -> Bbox | None:
    """Box of a dataset with room for the cells at its edges, of which it may hold the centres only."""
    if record.bbox is None or not has_place(record):
        return record.bbox
    west, south, east, north = record.bbox
    width = (east - west) % 360.0 or 360.0
    counts = [size for size in record.shape.values() if size > 1]
    room = max(width, north - south) / max(1, min(counts, default=2) - 1)
    if width + 2 * room >= 360.0:
        return -180.0, max(south - room, -90.0), 180.0, min(north + room, 90.0)
    west, east = systems.wrap(west - room, west + width + room)
    return west, max(south - room, -90.0), east, min(north + room, 90.0)


def touches(first: Bbox | None, second: Bbox) -> bool:
    """Whether two boxes of degrees have anything in common."""
    if first is None:
        return False
    if first[1] > second[3] + EDGE or second[1] > first[3] + EDGE:
        return False
    return any(
        west <= right + EDGE and left <= east + EDGE
        for west, east in _arcs(first)
        for left, right in _arcs(second)
    )


def _arcs(bbox: Bbox) -> list[tuple[float, float]]:
    west, east = bbox[0], bbox[2]
    return [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]


def unchanged(request: Request, tag: str) -> bool:
    """Whether who asks has this already."""
    stated = request.headers.get("if-none-match", "")
    tags = {one.strip().removeprefix("W/") for one in stated.split(",")}
    return "*" in tags or tag in tags


def data_reply(
    request: Request,
    record: Record,
    body: bytes,
    media_type: str,
    *,
    tag: str,
    headers: Mapping[str, str] = {},
) -> Response:
    """Bytes made of a dataset, with what caches must know; nothing where who asks has them."""
    said = {"Cache-Control": caching(record), "ETag": tag, "Vary": "Accept", **headers}
    if unchanged(request, tag):
        return Response(status_code=304, headers=said)
    return Response(body, headers=said, media_type=media_type)


def caching(record: Record) -> str:
    """What caches may do with data of `record`."""
    return "no-cache" if record.visibility == "public" else "private, no-cache"
