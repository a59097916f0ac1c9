"""Identity."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from craton.web.area import Area

AREA = Area("Identity", ())


class Visitors:
    """Middleware that finds out who asks, and writes it to `scope["state"]["actor"]`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._app(scope, receive, send)
