"""The application: which address is answered by what."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from craton.model.errors import CratonError
from craton.web.areas import AREAS
from craton.web.callbacks import Callbacks
from craton.web.identity import Visitors
from craton.web.operations import Watched
from craton.web.replies import tell_error, tell_fault, tell_http_error
from craton.web.shell import Shell
from craton.web.site import Site

OFTEN = ("/{matrix}/{row}/{column}", "/items")
"""Ends of the addresses that are asked most: of single tiles, and of pages of features."""


def _is_rarer(route: BaseRoute) -> bool:
    """Whether `route` is none of those that are asked most and tried first; no other is like them."""
    return not getattr(route, "path", "").endswith(OFTEN)


def make_app(site: Site, callbacks: Callbacks) -> Starlette:
    """Application that answers for `site`."""
    routes = [route for area in AREAS for route in area.routes]
    app = Starlette(
        routes=sorted(routes, key=_is_rarer),
        middleware=[Middleware(Shell), Middleware(Watched), Middleware(Visitors)],
        exception_handlers={CratonError: tell_error, HTTPException: tell_http_error, Exception: tell_fault},
    )
    app.router.redirect_slashes = False
    app.state.site, app.state.callbacks, app.state.areas = site, callbacks, AREAS
    return app
