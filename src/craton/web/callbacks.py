"""Calling back: telling other programs how their jobs go, at addresses that the node's settings allow.

A job keeps whom to call until the call was made, so that a node that ends in
between calls when it is back. A call may then come twice; its `Link` names the
job.
"""

from __future__ import annotations

import http.client
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Self
from urllib.parse import SplitResult, urlsplit

import msgspec

from craton.jobs.job import Job
from craton.jobs.queue import JobQueue
from craton.model.errors import InvalidError, NotFoundError
from craton.web.replies import JSON, link_header
from craton.web.watching import Watcher

Document = Callable[[Job], Any]
"""Gives what is sent about a job."""

SUCCESS, PROGRESS, FAILURE = "successUri", "inProgressUri", "failedUri"
NAMES = (SUCCESS, PROGRESS, FAILURE)

TIMEOUT_SECONDS = 10.0
DELAYS = (1.0, 5.0, 20.0)
"""Seconds before each further try of a call about the end of a job."""

PROGRESS_SECONDS = 2.0
"""Least time between two calls about how far a job is."""

CALLERS = 4
"""Calls made at a time."""

PORTS = {"http": 80, "https": 443}

MOST_PENDING = 1000
"""Newest jobs looked at, when the node starts, for calls that were not made."""


def check_callbacks(allowed: Sequence[str], subscriber: Mapping[str, str]) -> None:
    """Refuse addresses that the settings do not allow: the node must not be made to call any other.

    Raises
    ------
    InvalidError
        If a name, an address or a host may not be given.
    """
    for name, address in subscriber.items():
        if name not in NAMES:
            raise InvalidError(f"subscriber.{name[:40]} is not known", hint=f"there are: {', '.join(NAMES)}")
        _check(allowed, name, address)
    if subscriber and SUCCESS not in subscriber:
        raise InvalidError(f"subscriber needs {SUCCESS}")


def _check(allowed: Sequence[str], name: str, address: str) -> None:
    parts, host = _split(address)
    if parts is None or parts.username is not None or parts.password is not None or parts.fragment:
        raise InvalidError(
            f"subscriber.{name} must be an http or https address of plain letters, not {address[:60]!r}"
        )
    if host not in {_with_port(one, parts.scheme) for one in allowed}:
        words = ", ".join(allowed) or "none"
        raise InvalidError(
            f"subscriber.{name} is at {host}, which this node may not call; it may call: {words}",
            hint="whoever runs the node can allow it with web.callback_hosts in craton.toml",
        )


def _split(address: str) -> tuple[SplitResult | None, str]:
    """Parts of an address and its host with port; nothing where it is no address that may be called."""
    if not all("!" <= c <= "~" for c in address):
        return None, ""
    try:
        parts = urlsplit(address)
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        return None, ""
    if parts.scheme not in PORTS or not parts.hostname:
        return None, ""
    return parts, f"{_bracketed(parts.hostname)}:{port}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _with_port(host: str, scheme: str) -> str:
    """A host of the settings with the port it means."""
    named = host.lower()
    has_port = named.rpartition("]")[2].startswith(":") if "]" in named else ":" in named
    return named if has_port else f"{named}:{PORTS[scheme]}"


class Callbacks:
    """Makes the calls of jobs; use as a context manager.

    Parameters
    ----------
    queue, watcher
        Where jobs are, and what tells of them.
    address : str
        Address of the list of jobs.
    status, results : callable
        Give what is sent about a job: how far it is or why it failed; its results, as references.
    """

    def __init__(
        self, queue: JobQueue, watcher: Watcher, address: str, status: Document, results: Document
    ) -> None:
        self._queue, self._watcher, self._address = queue, watcher, address
        self._status, self._results = status, results
        self._calls: SimpleQueue[tuple[Job, str] | None] = SimpleQueue()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._call_all, daemon=True) for _ in range(CALLERS)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        for job in self._queue.find(limit=MOST_PENDING):
            self.follow(job)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for _thread in self._threads:
            self._calls.put(None)

    def follow(self, job: Job) -> None:
        """Call back about `job`, if it says whom."""
        if job.subscriber:
            self._watcher.watch(job.id, _Teller(self._calls))

    def _call_all(self) -> None:
        while (call := self._calls.get()) is not None and not self._stopping.is_set():
            try:
                self._call(*call)
            except Exception as error:  # noqa: BLE001 - one call must not end the thread
                _log(f"job {call[0].id} was not called back about: {type(error).__name__}: {error}")

    def _call(self, job: Job, name: str) -> None:
        if name == PROGRESS and not self._queue.is_running(job.id):
            return
        if address := job.subscriber.get(name, ""):
            body = msgspec.json.encode(self._results(job) if name == SUCCESS else self._status(job))
            monitor = link_header(f"{self._address}/{job.id}", "monitor")
            if not self._send(address, body, monitor, () if name == PROGRESS else DELAYS):
                if self._stopping.is_set():
                    return
                _log(f"job {job.id} called {address} in vain")
        if job.is_over:
            self._forget_subscriber(job)

    def _send(self, address: str, body: bytes, monitor: str, delays: Sequence[float]) -> bool:
        """Whether the call was taken; it is tried again while that may help."""
        for delay in (*delays, None):
            status = post(address, body, monitor)
            if 200 <= status < 300:
                return True
            if 300 <= status < 500 or delay is None or self._stopping.wait(delay):
                return False
        return False

    def _forget_subscriber(self, job: Job) -> None:
        """Note that nobody is to be called about `job` any more."""
        with suppress(NotFoundError):
            self._queue.update(job.id, lambda one: msgspec.structs.replace(one, subscriber={}))


class _Teller:
    """Asks for the calls of one job as it goes on."""

    def __init__(self, calls: SimpleQueue[tuple[Job, str] | None]) -> None:
        self._calls, self._later = calls, 0.0

    def __call__(self, job: Job) -> None:
        if job.is_over:
            self._calls.put((job, SUCCESS if job.state == "successful" else FAILURE))
        elif job.state == "running" and PROGRESS in job.subscriber and time.monotonic() >= self._later:
            self._later = time.monotonic() + PROGRESS_SECONDS
            self._calls.put((job, PROGRESS))


def post(address: str, body: bytes, link: str = "") -> int:
    """Status of a POST of JSON to `address`, 0 where there was no answer; redirects are not followed."""
    parts = urlsplit(address)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"Content-Type": JSON, "User-Agent": "craton", **({"Link": link} if link else {})}
    try:
        connection.request("POST", path, body, headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _log(message: str) -> None:
    sys.stderr.write(message + "\n")
