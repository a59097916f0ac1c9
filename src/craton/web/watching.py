"""Waiting for jobs without a thread for each who waits.

One thread asks the queue whether anything changed, by a number that costs
microseconds, so that jobs run by another process of the node are seen too.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
import traceback
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Self

from craton.jobs.job import Job
from craton.jobs.queue import JobQueue
from craton.model.errors import CratonError, NotFoundError

POLL_SECONDS = 0.05
"""How often the queue is asked while someone waits."""

Told = Callable[[Job], None]


class StoppedError(CratonError):
    """The node ends while someone waits; the job stays in the queue."""

    kind = "stopped"


class Watcher:
    """Tells of changes of jobs until they are over; use as a context manager.

    What is told is called in the watcher's own thread and must not block.
    """

    def __init__(self, queue: JobQueue) -> None:
        self._queue = queue
        self._numbers = itertools.count()
        self._watched: dict[int, tuple[str, Told]] = {}
        self._last: dict[int, Job] = {}
        self._look = threading.Event()
        self._stopping = False
        self._stops: dict[int, Callable[[], None]] = {}
        self._thread = threading.Thread(target=self._watch, name="watcher", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._thread.join()

    def stop(self) -> None:
        """End; whoever waits is told with a `StoppedError`."""
        self._stopping = True
        self._look.set()
        for stop in list(self._stops.values()):
            stop()

    def changed(self, job: Job) -> None:
        """Look now: `job` changed here."""
        del job
        self._look.set()

    def watch(self, id: str, told: Told) -> Callable[[], None]:
        """Have `told` hear of job `id` as it is now and of each change; call what this gives to end it."""
        number = next(self._numbers)
        self._watched[number] = (id, told)
        self._look.set()
        return lambda: self._forget(number)

    def _forget(self, number: int) -> None:
        self._watched.pop(number, None)
        self._last.pop(number, None)

    def _watch(self) -> None:
        version = -1
        while not self._stopping:
            self._look.wait(POLL_SECONDS if self._watched else None)
            self._look.clear()
            try:
                version = self._look_at(version)
            except Exception as error:  # noqa: BLE001 - one look that fails must not end the watching
                traceback.print_exception(error)
                time.sleep(POLL_SECONDS)

    def _look_at(self, version: int) -> int:
        """Tell of all changes if there were any since `version`; the version now."""
        now = self._queue.version()
        for number, (id, told) in list(self._watched.items()):
            if now != version or number not in self._last:
                self._tell(number, id, told)
        return now

    def _tell(self, number: int, id: str, told: Told) -> None:
        try:
            job = self._queue.get(id)
        except NotFoundError:  # forgotten meanwhile: nothing more will be told
            self._forget(number)
            return
        if job == self._last.get(number):
            return
        self._last[number] = job
        if job.is_over or number not in self._watched:
            self._forget(number)
        told(job)

    async def over(
        self, id: str, seconds: float = float("inf"), gone: Callable[[], Awaitable[None]] | None = None
    ) -> Job | None:
        """Job `id` once it is over; `None` after `seconds`, or when `gone` returns because the asker left.

        Raises
        ------
        StoppedError
            If the node ends first.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Job] = loop.create_future()
        number = next(self._numbers)
        self._stops[number] = lambda: _soon(loop, _fail, future)
        end = self.watch(id, lambda job: _soon(loop, _settle, future, job) if job.is_over else None)
        left = loop.create_task(_left(gone)) if gone else None
        waited: set[asyncio.Future[Job] | asyncio.Task[None]] = {future, left} if left else {future}
        if self._stopping:
            _fail(future)
        try:
            timeout = None if seconds == float("inf") else seconds
            await asyncio.wait(waited, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            return future.result() if future.done() else None
        finally:
            end()
            self._stops.pop(number, None)
            if left:
                left.cancel()


async def _left(gone: Callable[[], Awaitable[None]]) -> None:
    await gone()


def _soon(loop: asyncio.AbstractEventLoop, act: Callable[..., None], *arguments: object) -> None:
    with suppress(RuntimeError):  # the loop is closed: nobody waits
        loop.call_soon_threadsafe(act, *arguments)


def _settle(future: asyncio.Future[Job], job: Job) -> None:
    if not future.done():
        future.set_result(job)


def _fail(future: asyncio.Future[Job]) -> None:
    if not future.done():
        future.set_exception(
            StoppedError("the node is ending; the job stays in its queue", hint="ask again later")
        )
