"""What is under a site: all that the node knows at a point or in an area, by topic, each with its source."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from craton.model.errors import BeingMadeError, CratonError, NotFoundError
from craton.model.permission import visible_to
from craton.model.record import Record
from craton.model.topics import topic_of
from craton.web.area import Area, asking
from craton.web.negotiation import languages_of
from craton.web.places import find_places
from craton.web.queries import check_query
from craton.web.replies import Json, link, path_of, reply
from craton.web.site import Site
from craton.web.under_features import features_near
from craton.web.under_grid import values_at
from craton.web.under_openapi import SCHEMAS, under_paths
from craton.web.under_place import Place, place_of

MOST_DATASETS = 200
"""Datasets that are asked, the newest first."""

SECONDS = 15.0
"""When no further dataset is asked; those left are named."""


@dataclass(frozen=True)
class Found:
    """What one dataset says of the place: its topic, and its part of the document."""

    record: Record
    topic: str
    said: Json


def show_under(site: Site, request: Request) -> Response:
    """Tell all that is known at a place."""
    check_query(request, "coords", "radius", "lang")
    place = place_of(request)
    found, left = _ask(site, place)
    base, languages = site.base(request), _languages(request)
    topics: dict[str, list[Json]] = {}
    for one in found:
        topics.setdefault(one.topic, []).append(_entry(base, languages, one))
    return reply(
        request,
        {
            "place": place.document(),
            "topics": [{"topic": topic, "datasets": entries} for topic, entries in sorted(topics.items())],
            "notAsked": left,
            "links": [link(str(request.url), "self", "this document")],
        },
    )


def _ask(site: Site, place: Place) -> tuple[list[Found], list[str]]:
    """What the datasets around the place say, and the ids of those that were not asked.

    They are those for which no time was left, or which are being made ready.
    """
    records = site.store.find(bbox=place.bbox, visibility=visible_to(site.actor), limit=MOST_DATASETS)
    end = time.monotonic() + SECONDS
    found: list[Found] = []
    left: list[str] = []
    for record in records:
        if time.monotonic() > end:
            left.append(record.id)
            continue
        try:
            found += _asked(site, place, record)
        except BeingMadeError:
            left.append(record.id)
    return found, left


def _asked(site: Site, place: Place, record: Record) -> Iterator[Found]:
    """What `record` says of the place; one whose data cannot be read says that."""
    try:
        said = _said(site, place, record)
    except NotFoundError:
        return
    except BeingMadeError:
        raise
    except CratonError as error:
        said = {"problem": error.message}
    if said:
        yield Found(record, topic_of(record), said)


def _said(site: Site, place: Place, record: Record) -> Json:
    if record.kind == "document":
        return {"covers": True} if record.bbox else {}
    opened = site.record(record.id, "read")
    if record.kind in {"grid", "volume"}:
        return values_at(site, opened, place)
    return features_near(site, opened, place)


def _entry(base: str, languages: tuple[str, ...], found: Found) -> Json:
    record = found.record
    address = base + path_of("datasets", record.id)
    source = next((party.name for party in record.parties), "")
    said = {
        "id": record.id, "title": record.name(*languages), "kind": record.kind, "source": source,
        "licence": record.licence, "updated": record.updated, "derived": record.lineage.run is not None,
    }  # fmt: skip
    links = [
        link(address, "item", "the dataset"),
        link(f"{address}/provenance", "http://www.w3.org/ns/prov#has_provenance", "how it came to be"),
    ]
    if record.kind != "document":
        links.append(link(base + path_of("collections", record.id), "collection", "its data"))
    return {**{k: v for k, v in said.items() if v != ""}, **found.said, "links": links}


def _languages(request: Request) -> tuple[str, ...]:
    asked = request.query_params.get("lang", "")
    return (asked, *languages_of(request)) if asked else languages_of(request)


def _links(base: str) -> list[Json]:
    return [
        link(f"{base}/under", "related", "what is under a site"),
        link(f"{base}/places", "related", "places by name"),
    ]


AREA = Area(
    "Ground",
    (asking("/under", show_under), asking("/places", find_places)),
    links=_links,
    paths=under_paths,
    schemas=SCHEMAS,
)
