"""The application: which address is answered by what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from craton.model.errors import CratonError
from craton.web.callbacks import Callbacks
from craton.web.datasets import (
    give_data,
    list_datasets,
    show_asset,
    show_dataset,
    show_member,
    show_provenance,
)
from craton.web.execution import run_app, run_process
from craton.web.jobs import dismiss_job, list_jobs, show_job
from craton.web.landing import show_conformance, show_landing
from craton.web.openapi import show_api
from craton.web.processes import list_apps, list_processes, show_app, show_process
from craton.web.replies import tell_error, tell_fault, tell_http_error
from craton.web.results import show_results
from craton.web.shell import Shell
from craton.web.site import Site, site_of

Act = Callable[[Site, Request], Response]
Endpoint = Callable[[Request], Awaitable[Response]]


def make_app(site: Site, callbacks: Callbacks) -> Starlette:
    """Application that answers for `site`."""
    app = Starlette(
        routes=[
            _get("/", show_landing),
            _get("/conformance", show_conformance),
            _get("/api", show_api),
            _get("/processes", list_processes),
            _get("/processes/{process}", show_process),
            Route("/processes/{process}/execution", run_process, methods=["POST"]),
            _get("/apps", list_apps),
            _get("/apps/{app}", show_app),
            Route("/apps/{app}/execution", run_app, methods=["POST"]),
            _get("/jobs", list_jobs),
            Route("/jobs/{job}", _by_method(GET=show_job, DELETE=dismiss_job), methods=["GET", "DELETE"]),
            Route("/jobs/{job}/results", show_results),
            _get("/datasets", list_datasets),
            _get("/datasets/{dataset}", show_dataset),
            _get("/datasets/{dataset}/provenance", show_provenance),
            Route("/datasets/{dataset}/data", give_data),
            _get("/datasets/{dataset}/assets/{asset}", show_asset),
            _get("/datasets/{dataset}/assets/{asset}/{member:path}", show_member),
        ],
        middleware=[Middleware(Shell)],
        exception_handlers={CratonError: tell_error, HTTPException: tell_http_error, Exception: tell_fault},
    )
    app.router.redirect_slashes = False
    app.state.site, app.state.callbacks = site, callbacks
    return app


def _get(path: str, act: Act) -> Route:
    return Route(path, _apart(act))


def _apart(act: Act) -> Endpoint:
    """Endpoint that lets `act` answer in a thread of the site."""

    @wraps(act)
    async def endpoint(request: Request) -> Response:
        site = site_of(request)
        return await site.read(act, site, request)

    return endpoint


def _by_method(**acts: Act) -> Endpoint:
    """Endpoint that answers each method by its own act; HEAD as GET."""
    endpoints = {method: _apart(act) for method, act in acts.items()}

    async def endpoint(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await endpoints[method](request)

    return endpoint
