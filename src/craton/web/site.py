"""The node as its visitors meet it: what they may see, and where it is."""

from __future__ import annotations

import asyncio
import copy
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, cast

from starlette.requests import Request

from craton.jobs.job import Job, JobLimits
from craton.jobs.manager import Manager
from craton.model.errors import NotFoundError
from craton.model.permission import ANYONE, Action, Actor, owns
from craton.model.record import Member, Record
from craton.store.access import permitted
from craton.store.store import Store
from craton.web.gate import Gate, GateOptions
from craton.web.operations_log import Form
from craton.web.operations_state import Openness, Operations
from craton.web.uploads_desk import UploadDesk, UploadOptions
from craton.web.visit import Visit
from craton.web.watching import Watcher

READERS = 8
"""Requests answered at a time. The threads stay, for each holds connections to catalogue and jobs."""

ASKERS = 8
"""Requests answered at a time that may take long: nobody who asks for anything else waits behind them."""

WRITERS = 2
"""Datasets written in other formats at a time; each may take a grid's worth of memory."""


@dataclass(frozen=True)
class SiteOptions:
    """How the node shows itself.

    Parameters
    ----------
    title, version : str
        Name of the node, and version of the program.
    address : str
        Where visitors reach it, such as `https://data.survey.example`; empty takes what they asked for.
    callback_hosts : tuple of str
        Hosts, or hosts and ports, that jobs may call back.
    waiting : int
        Number of jobs that may wait.
    limits : JobLimits
        What a job of a visitor may use.
    gate : GateOptions
        How it treats its visitors; without it, nobody has a name.
    log, metrics : str
        Form of the log of requests, and who may read numbers about the node.
    uploads : UploadOptions
        How it takes uploads; without it, it takes none.
    """

    title: str = ""
    version: str = ""
    address: str = ""
    callback_hosts: tuple[str, ...] = ()
    waiting: int = 1000
    limits: JobLimits = field(default_factory=JobLimits)
    log: Form = "off"
    metrics: Openness = "local"
    uploads: UploadOptions | None = None
    gate: GateOptions | None = None


class Site:
    """One node on the web, as `actor` sees it."""

    def __init__(
        self,
        store: Store,
        manager: Manager,
        watcher: Watcher,
        options: SiteOptions,
        gate: Gate | None = None,
    ) -> None:
        self.store, self.manager, self.watcher, self.options = store, manager, watcher, options
        self.gate = gate
        self.actor: Actor = ANYONE
        self.visit = Visit()
        self.desk: UploadDesk | None = None
        self.operations = Operations(options.version, options.log, options.metrics)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="web")
        self._askers = ThreadPoolExecutor(ASKERS, thread_name_prefix="web-ask")
        self._writers = ThreadPoolExecutor(WRITERS, thread_name_prefix="web-write")

    def seen_by(self, actor: Actor, visit: Visit | None = None) -> Self:
        """The same node, as `actor` sees it; what they read is noted in `visit`."""
        view = copy.copy(self)
        view.actor, view.visit = actor, visit or Visit()
        return view

    @property
    def is_named(self) -> bool:
        """Whether who asks has a name."""
        return self.actor.name != ANYONE.name

    @property
    def may_have_jobs(self) -> bool:
        """Whether any jobs can be those of who asks: without a name, only one who ran some before has any."""
        return self.is_named or bool(self.actor.visitor)

    def close(self) -> None:
        """Let go of the threads."""
        for threads in (self._readers, self._askers, self._writers):
            threads.shutdown(wait=False, cancel_futures=True)

    async def read[T](self, act: Callable[..., T], *arguments: object) -> T:
        """Result of `act`, which asks catalogue or queue, in a thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, functools.partial(act, *arguments))

    async def ask[T](self, act: Callable[..., T], *arguments: object) -> T:
        """Result of `act`, which asks the data of datasets and may take long, in a thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._askers, functools.partial(act, *arguments))

    async def write[T](self, act: Callable[..., T], *arguments: object) -> T:
        """Result of `act`, which writes data in another format, in one of few threads."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writers, functools.partial(act, *arguments))

    def record(self, name: str, action: Action = "see") -> Record:
        """Record of `ID` or `ID@VERSION`; what the visitor may not see does not exist."""
        record = permitted(self.store, self.actor, action, name, hint="the list is at /datasets")
        self.visit.open(record, action)
        return record

    def job(self, id: str) -> Job:
        """Job `id`, if who asks may look at it; `NotFoundError` otherwise.

        A job that someone without a name asked for is open to whoever was given its identifier.
        """
        absent = NotFoundError(f"there is no job {id!r}", hint="the list is at /jobs")
        try:
            job = self.manager.queue.get(id)
        except NotFoundError:
            raise absent from None
        if job.parent or not (job.actor.name == ANYONE.name or owns(self.actor, job.actor)):
            raise absent
        return job

    def locate(self, member: Member) -> Path:
        """Local file of a stored object."""
        path = self.store.objects.path(member.sha256) if member.sha256 else None
        if path is None:
            raise NotFoundError(
                f"{member.name} is not on this node", hint="the record tells where the data lies"
            )
        return path

    def base(self, request: Request) -> str:
        """Address of the node as it is told to who asks, without a stroke at its end."""
        state = request.scope.setdefault("state", {})
        if "base" not in state:  # asked for several times in a request
            state["base"] = (self.options.address or str(request.base_url)).rstrip("/")
        return cast("str", state["base"])


MOST_DIGITS = 9
"""Digits of a number in an address: enough for every version, and no database's integer is exceeded."""


def is_number(text: str) -> bool:
    """Whether `text` is a whole number of a sensible size, in plain digits."""
    return text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS


def site_of(request: Request) -> Site:
    """The site that `request` came to, as the visitor sees it."""
    site = cast("Site", request.app.state.site)
    state = request.state
    return site.seen_by(getattr(state, "actor", ANYONE), getattr(state, "visit", None))
