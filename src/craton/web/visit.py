"""A visit: one request with who makes it, from where, what kind it is, and what it opened."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.types import Scope

from craton.model.permission import ANYONE, Action, Actor
from craton.model.record import Record
from craton.web.audit_log import AuditLog, Source
from craton.web.rate import Kind, Network, is_within

FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
"""Headers of a request that came through another machine or program."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

MOST_SHOWN = 80
"""Characters of a name that someone tried that are kept."""

SEARCHES = re.compile(r"/(collections(/[^/]+/items)?|stac/search|wfs|csw|datasets|under|places)/?")
"""Addresses that ask an index; their parts, and all others, are read."""

UPLOADS = "/uploads/"
"""Start of the addresses that take a file in many parts."""

WHOLE = frozenset({"data", "results"})
"""Doors through which a dataset is given whole: each time is a line of its own in the audit log."""

DOORS = WHOLE | {
    "assets", "items", "tiles", "map", "position", "area", "radius", "trajectory", "coverage", "execution",
    "wms", "wmts", "wfs", "under",
}  # fmt: skip
"""Words of an address behind which data is given, rather than told of."""


NAMING = frozenset({"datasets", "collections", "processes", "apps", "jobs"})
"""First words of addresses whose second part is a name, and whose third is the door."""


@dataclass
class Visit:
    """One request.

    Parameters
    ----------
    log : AuditLog or None
        Where it is noted.
    request : str
        Identifier of the request.
    address : str
        Where it comes from.
    method, path : str
        What is asked.
    actor : Actor
        Who asks.
    cookies : list of str
        Cookies that go with the reply.
    opened : dict
        What was done to which records.
    is_passed_on : bool
        Whether it came through a proxy whose word is not taken, so that `address` is not the visitor's.
    """

    log: AuditLog | None = None
    request: str = ""
    address: str = ""
    method: str = "GET"
    path: str = "/"
    actor: Actor = ANYONE
    cookies: list[str] = field(default_factory=list)
    opened: dict[tuple[str, int], Action] = field(default_factory=dict)
    is_passed_on: bool = False

    @property
    def kind(self) -> Kind:
        """Kind of the request, for the limits of how often it may come."""
        return kind_of(self.method, self.path)

    @property
    def source(self) -> Source:
        """Who does what is noted."""
        return Source(self.actor, self.address, self.request)

    @property
    def door(self) -> str:
        """Word of the address that tells how data is given."""
        parts = self.path.strip("/").split("/")
        return parts[2] if len(parts) > 2 and parts[0] in NAMING else parts[0]

    def open(self, record: Record, action: Action) -> None:
        """Keep in mind that `record` was opened."""
        key = (record.id, record.version)
        if action != "see" or key not in self.opened:
            self.opened[key] = action

    def note(self, event: str, **about: object) -> None:
        """Write what was done to the audit log."""
        if self.log is not None:
            self.log.note(event, self.source, **about)  # type: ignore[arg-type]

    def answered(self, status: int) -> None:
        """Note the data that was read, now that it is known how it went."""
        if self.log is None or not self.opened:
            return
        door = self.door
        note = self.log.note if door in WHOLE else self.log.often
        for (dataset, version), action in self.opened.items():
            if action == "read" or (action == "see" and door in DOORS):
                note("read", self.source, status=status, dataset=dataset, version=version, door=door)
        self.opened.clear()


def kind_of(method: str, path: str) -> Kind:
    """Kind of a request, for the limits of how often it may come."""
    if method not in SAFE_METHODS and not path.startswith(UPLOADS):
        return "signing_in" if path.startswith("/login") else "running"
    return "searching" if SEARCHES.fullmatch(path) else "reading"


def is_passed_on(scope: Scope, proxies: Sequence[Network]) -> bool:
    """Whether a request came through a proxy whose word on where it comes from is not taken."""
    client = scope.get("client")
    if client and is_within(str(client[0]), proxies):
        return False
    headers = Headers(scope=scope)
    return any(name in headers for name in FORWARDED)


def address_of(scope: Scope, proxies: Sequence[Network]) -> str:
    """Address that a request comes from: that of the peer, or what a proxy that is trusted tells of it.

    Proxies add to the end of the list, so it is read from there to the first that is not trusted.
    """
    client = scope.get("client")
    address = str(client[0]) if client else ""
    if not proxies:
        return address
    told = ",".join(Headers(scope=scope).getlist("x-forwarded-for")).split(",")
    hops = [hop.strip() for hop in told if hop.strip()]
    while hops and is_within(address, proxies):
        address = hops.pop()
    return address[:MOST_SHOWN]
