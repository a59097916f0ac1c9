"""The audit log as managers read it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from craton.web.audit_log import FOLDER, newest
from craton.web.identity_check import forbidden, unauthorised
from craton.web.queries import DEFAULT_LIMIT, MOST, check_query, number_of, times_of
from craton.web.replies import reply
from craton.web.site import Site


def show_audit(site: Site, request: Request) -> Response:
    """Tell the newest lines that meet what is asked, newest first."""
    check_query(request, "datetime", "actor", "dataset", "event", "limit")
    limit = number_of(request, "limit", DEFAULT_LIMIT, least=1, most=MOST)
    since, until = times_of(request)
    conditions = {name: request.query_params.get(name, "") for name in ("actor", "dataset", "event")}
    gate = site.gate
    if gate is None or site.actor.role != "manager":
        raise forbidden("the audit log is for managers") if site.is_named else unauthorised("who asks?")
    gate.audit.flush()
    lines = newest(gate.options.folder / FOLDER, limit, since=since, until=until, **conditions)
    return reply(request, {"lines": lines}, headers={"Cache-Control": "no-store"})
