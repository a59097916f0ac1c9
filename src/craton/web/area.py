"""An area: a standard, or another part of the API, with all that the rest of the node must know of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from craton.model.record import Record
from craton.web.replies import Json
from craton.web.site import Site, site_of

Act = Callable[[Site, Request], Response]
"""Answers a request, in a thread of the site."""

Endpoint = Callable[[Request], Awaitable[Response]]


def _no_links(_base: str) -> list[Json]:
    return []


def _no_paths() -> Json:
    return {}


def _no_collection(_site: Site, _base: str, _record: Record) -> Json:
    return {}


@dataclass(frozen=True)
class Area:
    """One part of the API.

    Parameters
    ----------
    name : str
        Its tag in the definition of the API.
    routes : sequence of route
        What it answers.
    conformance : sequence of str
        Conformance classes that it keeps.
    links : callable
        From the node's address to links of the landing page.
    paths : callable
        Its paths in the definition of the API (OpenAPI 3.0).
    schemas : mapping
        Schemas by name that `paths` refer to.
    collection : callable
        What it adds to the document of a collection: its `links` are joined with those of the other
        areas, other keys stand beside them.
    """

    name: str
    routes: tuple[BaseRoute, ...]
    conformance: tuple[str, ...] = ()
    links: Callable[[str], list[Json]] = _no_links
    paths: Callable[[], Json] = _no_paths
    schemas: Mapping[str, Json] = field(default_factory=dict)
    collection: Callable[[Site, str, Record], Json] = _no_collection


def areas_of(request: Request) -> tuple[Area, ...]:
    """All areas of the application that `request` came to."""
    areas: tuple[Area, ...] = request.app.state.areas
    return areas


def get(path: str, act: Act) -> Route:
    """Route that `act` answers for GET and HEAD."""
    return Route(path, in_thread(act))


def by_method(path: str, **acts: Act) -> Route:
    """Route whose methods are answered each by its own act; HEAD as GET."""
    endpoints = {method: in_thread(act) for method, act in acts.items()}

    async def endpoint(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await endpoints[method](request)

    return Route(path, endpoint, methods=list(acts))


def asking(path: str, act: Act) -> Route:
    """Route for GET and HEAD whose `act` asks the data of datasets and may take long, see `Site.ask`."""

    @wraps(act)
    async def endpoint(request: Request) -> Response:
        site = site_of(request)
        return await site.ask(act, site, request)

    return Route(path, endpoint)


def in_thread(act: Act) -> Endpoint:
    """Endpoint that lets `act` answer in a thread of the site, as the visitor sees it."""

    @wraps(act)
    async def endpoint(request: Request) -> Response:
        site = site_of(request)
        return await site.read(act, site, request)

    return endpoint
