"""Serving a node: the web server, the jobs' manager and what waits for them, begun and ended together."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.applications import Starlette

from craton.jobs.manager import Hook, Manager
from craton.jobs.queue import JobQueue
from craton.model.errors import SettingError
from craton.store.store import Store
from craton.web.app import make_app
from craton.web.callbacks import Callbacks
from craton.web.gate import Gate
from craton.web.jobs import status_document
from craton.web.operations_state import Operations
from craton.web.results import references
from craton.web.site import Site, SiteOptions
from craton.web.uploads_desk import UploadDesk
from craton.web.warming import Warmer
from craton.web.watching import Watcher

GRACE_SECONDS = 5.0
"""How long the node that ends waits for a reply of which nothing moves."""

MOST_GRACE_SECONDS = 60.0
"""How long it waits for replies that move."""

STOP_SECONDS = 3.0
"""How long the server may take to end once nothing is waited for, and it was handed no file lately."""

LATELY_SECONDS = 1800.0

DRAIN_SECONDS = 0.02
"""How often it looks whether they are sent."""

BACKLOG = 1024

MakeManager = Callable[[Hook], Manager]
"""Makes the manager of the node's jobs, which calls the hook with each job that changes."""


def serve(
    store: Store,
    queue: JobQueue,
    make_manager: MakeManager,
    options: SiteOptions,
    host: str,
    port: int,
    ready: Callable[[str], None],
) -> None:
    """Serve until a signal to end comes.

    Parameters
    ----------
    store, queue
        The node's datasets and jobs.
    make_manager : callable
        Makes what runs the jobs.
    options : SiteOptions
        How the node shows itself.
    host, port
        Where to listen; port 0 takes a free one.
    ready : callable
        Called with the address once it answers.
    """
    port = free_port(host, port)
    address = f"http://{_shown(host)}:{port}"
    with ExitStack() as stack:
        site, callbacks = _site(stack, store, queue, make_manager, options, address)
        app = make_app(site, callbacks)
        ended = asyncio.run(_listen(app, site, host, port, lambda: ready(options.address or address)))
    if not ended:  # threads of the server still send to someone who hardly reads
        sys.stdout.flush()
        os._exit(0)


def _site(
    stack: ExitStack,
    store: Store,
    queue: JobQueue,
    make_manager: MakeManager,
    options: SiteOptions,
    address: str,
) -> tuple[Site, Callbacks]:
    """Site and callbacks, which end with `stack` in the opposite order."""
    watcher = Watcher(queue)
    manager = stack.enter_context(make_manager(watcher.changed))
    stack.enter_context(watcher)
    gate = stack.enter_context(Gate(options.gate)) if options.gate else None
    site = Site(store, manager, watcher, options, gate)
    stack.callback(site.operations.close)
    if options.uploads is not None:
        site.desk = stack.enter_context(UploadDesk(store, options.uploads))
    stack.callback(site.close)
    stack.enter_context(Warmer(store))
    base = options.address.rstrip("/") or address
    callbacks = Callbacks(
        queue, watcher, f"{base}/jobs",
        status=lambda job: status_document(base, job),
        results=lambda job: references(site.seen_by(job.actor), base, job),
    )  # fmt: skip
    return site, stack.enter_context(callbacks)


def free_port(host: str, port: int) -> int:
    """`port`, or a free one for 0; `SettingError` where nothing can listen there.

    The server shares a port with whoever listens there already; so it is asked for before.
    """
    try:
        family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
            return int(probe.getsockname()[1])
    except OSError as error:
        raise SettingError(
            f"{host}:{port} cannot be listened at: {error.strerror or error}",
            hint="choose another with --host and --port, or web.host and web.port in craton.toml",
        ) from error


def _shown(host: str) -> str:
    """Host as it stands in an address; one that means all of this machine's is told as its own."""
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        return "localhost"
    return f"[{host}]" if ":" in host else host


async def _listen(app: Starlette, site: Site, host: str, port: int, ready: Callable[[], None]) -> bool:
    """Answer until a signal comes; whether all replies ended in time."""
    server = Server(
        app, address=host, port=port, interface=Interfaces.ASGINL, websockets=False, log_enabled=False,
        backlog=BACKLOG,
    )  # fmt: skip
    ending = asyncio.Event()
    with _signals(ending):
        serving = asyncio.ensure_future(server.serve())
        answering = asyncio.ensure_future(_await_port(host, port))
        stopped = asyncio.ensure_future(ending.wait())
        await asyncio.wait({serving, answering, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if answering.done() and not ending.is_set():
            ready()
            await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
        answering.cancel()
        site.operations.end()
        site.watcher.stop()
        end = time.monotonic() + MOST_GRACE_SECONDS
        await _drain(site.operations, end)
        server.stop()  # type: ignore[no-untyped-call]
        done, _ = await asyncio.wait({serving}, timeout=_patience(site.operations, end))
        stopped.cancel()
        if done:
            serving.result()
        return bool(done)


async def _drain(operations: Operations, end: float) -> None:
    """Wait for the replies that are being sent, as long as something moves, until `end`."""
    # Whether something moves is asked of counters that no event tells of.
    while operations.in_flight and time.monotonic() < min(end, operations.moved + GRACE_SECONDS):  # noqa: ASYNC110 - see above
        await asyncio.sleep(DRAIN_SECONDS)


def _patience(operations: Operations, end: float) -> float:
    """Seconds for the server to end; a file that was handed to it is sent out of our sight."""
    if time.monotonic() - operations.handed > LATELY_SECONDS:
        return STOP_SECONDS
    return max(STOP_SECONDS, end - time.monotonic())


@contextmanager
def _signals(ending: asyncio.Event) -> Iterator[None]:
    """Have `ending` set by Ctrl-C and by the signal to end, during the block."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, ending.set)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


async def _await_port(host: str, port: int) -> None:
    """Return once something answers at the port."""
    while True:
        try:
            _, writer = await asyncio.open_connection(_near(host), port)
        except OSError:
            await asyncio.sleep(0.02)
            continue
        writer.close()
        return


def _near(host: str) -> str:
    """Where this machine reaches itself, for a host that means all of its addresses."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
