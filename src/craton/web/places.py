"""Places by name: features whose name columns hold the words that are asked for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress

import msgspec
import shapely
from shapely.errors import GEOSException
from starlette.requests import Request
from starlette.responses import Response

from craton.model.cql2 import parse
from craton.model.errors import CratonError, InvalidError
from craton.model.permission import visible_to
from craton.model.record import Kind, Record
from craton.store.feature_index import FeatureIndex, FeaturePage, FeatureQuery, open_features
from craton.web.queries import check_query, number_of
from craton.web.replies import GEOJSON, Json, reply
from craton.web.site import Site

NAMES = ("name", "title", "place", "town", "village", "station", "site", "hole_id", "名称", "地名")
"""Columns that hold names are called so, or begin so."""

MOST_COLUMNS = 4
MOST_DATASETS = 100
MOST_PLACES = 50
MOST_CHARACTERS = 100
SECONDS = 3.0
KINDS: tuple[Kind, ...] = ("table", "boreholes", "series")


def find_places(site: Site, request: Request) -> Response:
    """Find places by name, those first whose name begins with what is asked for."""
    check_query(request, "q", "limit")
    words = request.query_params.get("q", "").strip()
    if not 0 < len(words) <= MOST_CHARACTERS:
        raise InvalidError(f"q must be 1 to {MOST_CHARACTERS} characters of a name")
    limit = number_of(request, "limit", 10, least=1, most=MOST_PLACES)
    found = sorted(_found(site, words, limit), key=lambda one: _rank(one[1]["properties"]["name"], words))
    for record, _place in found[:limit]:
        site.visit.open(record, "read")
    features = [place for _record, place in found[:limit]]
    return reply(request, {"type": "FeatureCollection", "features": features}, media_type=GEOJSON)


def _rank(name: str, words: str) -> tuple[bool, bool, int, str]:
    folded, asked = name.casefold(), words.casefold()
    return folded != asked, not folded.startswith(asked), len(name), name


def _found(site: Site, words: str, limit: int) -> Iterator[tuple[Record, Json]]:
    """Places, each after the record that it is of."""
    end = time.monotonic() + SECONDS
    for kind in KINDS:
        for record in site.store.find(kind=kind, visibility=visible_to(site.actor), limit=MOST_DATASETS):
            if time.monotonic() > end:
                return
            try:
                yield from ((record, place) for place in _places_of(site, record, words, limit))
            except CratonError:  # data that cannot be read has no places
                continue


def _places_of(site: Site, record: Record, words: str, limit: int) -> Iterator[Json]:
    if record.bbox is None or not _may_have_names(record):
        return
    index = open_features(site.store, record)
    columns = name_columns(index)
    if not columns:
        return
    for feature in _hits(index, columns, words, limit).values():
        place = _place(record, msgspec.json.decode(feature), columns, words)
        if place:
            yield place


def _hits(index: FeatureIndex, columns: list[str], words: str, limit: int) -> dict[int, bytes]:
    """Features whose names hold the words; where they are many, those that are named or begin so as well."""
    text = _escaped(words)
    holding = _page(index, _any("like", columns, f"%{text}%"), limit)
    found = dict(zip(holding.ids, holding.features, strict=True))
    if not holding.more:
        return found
    for test in (_any("=", columns, words), _any("like", columns, f"{text}%")):
        with suppress(InvalidError):  # where it takes too long, what was found before is told
            page = _page(index, test, limit)
            found |= zip(page.ids, page.features, strict=True)
    return found


def _page(index: FeatureIndex, test: Json, limit: int) -> FeaturePage:
    return index.page(FeatureQuery(filter=parse(test, "cql2-json"), limit=limit))


def _may_have_names(record: Record) -> bool:
    return record.kind == "boreholes" or any(_is_name(column.name) for column in record.columns)


def _is_name(column: str) -> bool:
    return column.casefold().startswith(NAMES)


def name_columns(index: FeatureIndex) -> list[str]:
    """Columns of text that hold names."""
    return [c.name for c in index.columns if c.type == "string" and _is_name(c.name)][:MOST_COLUMNS]


def _escaped(words: str) -> str:
    for special in "\\%_":
        words = words.replace(special, f"\\{special}")
    return words


def _any(op: str, columns: list[str], text: str) -> Json:
    """CQL2 for: one of the columns is, or is like, the text in letters of either case."""
    tests: list[Json] = [
        {"op": op, "args": [{"op": "casei", "args": [one]} for one in ({"property": name}, text)]}
        for name in columns
    ]
    return tests[0] if len(tests) == 1 else {"op": "or", "args": tests}


def _place(record: Record, feature: Json, columns: list[str], words: str) -> Json | None:
    names = [str(feature["properties"].get(column) or "") for column in columns]
    holding = (one for one in names if words.casefold() in one.casefold())
    name = min(holding, key=lambda one: _rank(one, words), default="")
    if not name or not feature["geometry"]:
        return None
    point = _point(feature["geometry"])
    if point is None:
        return None
    said = {"name": name, "dataset": record.id, "title": record.name("en"), "point": point}
    return {"type": "Feature", "id": f"{record.id}/{feature['id']}", "geometry": feature["geometry"],
            "properties": said}  # fmt: skip


def _point(geometry: Json) -> list[float] | None:
    """Longitude and latitude of a point on the geometry: the middle vertex of a line, inside an area."""
    shape = shapely.from_geojson(msgspec.json.encode(geometry))
    try:
        point = shape.representative_point()
    except GEOSException:  # an area that crosses itself
        point = shape.envelope.centroid
    return None if point.is_empty else [float(point.x), float(point.y)]
