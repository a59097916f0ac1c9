"""Places by name: features whose name columns hold the words that are asked for."""

from __future__ import annotations

import time
from collections.abc import Iterator

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from craton.model.cql2 import parse
from craton.model.errors import CratonError, InvalidError
from craton.model.permission import visible_to
from craton.model.record import Kind, Record
from craton.store.feature_index import FeatureIndex, FeatureQuery, open_features
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
    found = sorted(_found(site, words, limit), key=lambda one: _rank(one["properties"]["name"], words))
    return reply(request, {"type": "FeatureCollection", "features": found[:limit]}, media_type=GEOJSON)


def _rank(name: str, words: str) -> tuple[bool, bool, int, str]:
    folded, asked = name.casefold(), words.casefold()
    return folded != asked, not folded.startswith(asked), len(name), name


def _found(site: Site, words: str, limit: int) -> Iterator[Json]:
    end = time.monotonic() + SECONDS
    for kind in KINDS:
        for record in site.store.find(kind=kind, visibility=visible_to(site.actor), limit=MOST_DATASETS):
            if time.monotonic() > end:
                return
            try:
                yield from _places_of(site, record, words, limit)
            except CratonError:  # data that cannot be read has no places
                continue


def _places_of(site: Site, record: Record, words: str, limit: int) -> Iterator[Json]:
    if record.bbox is None or not _may_have_names(record):
        return
    index = open_features(site.store, record)
    columns = name_columns(index)
    if not columns:
        return
    filter_ = parse(_like(columns, words), "cql2-json")
    for feature in index.page(FeatureQuery(filter=filter_, limit=limit)).features:
        place = _place(record, msgspec.json.decode(feature), columns, words)
        if place:
            yield place


def _may_have_names(record: Record) -> bool:
    return record.kind == "boreholes" or any(_is_name(column.name) for column in record.columns)


def _is_name(column: str) -> bool:
    return column.casefold().startswith(NAMES)


def name_columns(index: FeatureIndex) -> list[str]:
    """Columns of text that hold names."""
    return [c.name for c in index.columns if c.type == "string" and _is_name(c.name)][:MOST_COLUMNS]


def _like(columns: list[str], words: str) -> Json:
    """CQL2 for: one of the columns holds the words, in letters of either case."""
    for special in "\\%_":
        words = words.replace(special, f"\\{special}")
    pattern = {"op": "casei", "args": [f"%{words}%"]}
    tests: list[Json] = [
        {"op": "like", "args": [{"op": "casei", "args": [{"property": name}]}, pattern]} for name in columns
    ]
    return tests[0] if len(tests) == 1 else {"op": "or", "args": tests}


def _place(record: Record, feature: Json, columns: list[str], words: str) -> Json | None:
    names = [str(feature["properties"].get(column) or "") for column in columns]
    name = next((one for one in names if words.casefold() in one.casefold()), "")
    if not name or not feature["geometry"]:
        return None
    said = {"name": name, "dataset": record.id, "title": record.name("en")}
    return {"type": "Feature", "id": f"{record.id}/{feature['id']}", "geometry": feature["geometry"],
            "properties": said}  # fmt: skip
