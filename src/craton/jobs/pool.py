"""The pool: runs in limited child processes of one warm process, watched, stopped, replaced.

The warm process (`craton.jobs.pool_worker`) has all processes imported; a
child is forked from it in milliseconds, serves several runs one after another,
and is killed when a run breaks a limit or is dismissed.
"""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

import msgspec

from craton.jobs.job import Fault
from craton.jobs.line_process import LineProcess
from craton.jobs.run_task import RunResult, RunTask
from craton.jobs.sandbox import Limits
from craton.model.errors import CancelledError
from craton.process.progress import Listener

POOL_ENDED = "pool-ended"
"""Kind of the fault of a run whose warm process was killed, perhaps by a neighbour: it is run again."""

TICK_SECONDS = 0.2
"""How often a running job is looked at for having been dismissed."""

REST_SECONDS = 600.0
"""Time without a run after which the warm process is let go, with the memory it holds."""


class RunRequest(msgspec.Struct, frozen=True, tag="run"):
    """Ask for one run in a child; `task`, a `RunTask`, passes through the warm process as it is."""

    number: int
    process: str
    limits: Limits
    task: msgspec.Raw


class StopRequest(msgspec.Struct, frozen=True, tag="stop"):
    """Kill the child of the run of that number."""

    number: int


class ProgressReply(msgspec.Struct, frozen=True, tag="progress"):
    """How far a run is."""

    number: int
    fraction: float
    message: str


class RunReply(msgspec.Struct, frozen=True, tag="ran"):
    """What a run gave; `result`, a `RunResult`, passes through the warm process as it is."""

    number: int
    result: msgspec.Raw


Request = RunRequest | StopRequest
Reply = ProgressReply | RunReply


class Executor(Protocol):
    """Where runs happen."""

    def start(self) -> None:
        """Make ready for a run that may soon be asked for, without waiting for it."""

    def rest(self) -> None:
        """Let go of what has not been used for long."""

    def run(
        self, task: RunTask, limits: Limits, listener: Listener, goes_on: Callable[[], bool]
    ) -> RunResult:
        """Run `task` and wait; `CancelledError` when `goes_on` says that it was dismissed."""

    def close(self) -> None:
        """Stop everything."""


class InProcess:
    """Runs in the calling thread, without limits; a process is stopped where it reports progress."""

    def start(self) -> None:
        """Nothing to make ready."""

    def rest(self) -> None:
        """Nothing to let go of."""

    def run(
        self, task: RunTask, limits: Limits, listener: Listener, goes_on: Callable[[], bool]
    ) -> RunResult:
        """Run `task` here."""
        from craton.jobs.run import perform

        del limits

        def report(fraction: float, message: str) -> None:
            if not goes_on():
                raise CancelledError("the job was dismissed")
            listener(fraction, message)

        return perform(task, report)

    def close(self) -> None:
        """Nothing to stop."""


class _Waiting(NamedTuple):
    """A run that waits for replies of a warm process."""

    process: LineProcess
    replies: queue.SimpleQueue[Reply | None]


class Pool:
    """Runs in children of a warm process; a new one is started if that should die, or has gone to rest."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._waiting: dict[int, _Waiting] = {}
        self._process: LineProcess | None = None
        self._used = 0.0
        self._closed = False

    def start(self) -> None:
        """Begin to start the warm process."""
        with self._lock:
            self._warm()

    def _warm(self) -> LineProcess | None:
        self._used = time.monotonic()
        if self._process is None and not self._closed:
            self._process = LineProcess("craton.jobs.pool_worker", Reply)
            self._process.start()
            threading.Thread(target=self._deliver, args=(self._process,), daemon=True).start()
        return self._process

    def rest(self) -> None:
        """End the warm process if nothing ran for `REST_SECONDS`."""
        with self._lock:
            process = self._process
            if process is None or self._waiting or time.monotonic() < self._used + REST_SECONDS:
                return
            self._process = None
        process.close()

    def run(
        self, task: RunTask, limits: Limits, listener: Listener, goes_on: Callable[[], bool]
    ) -> RunResult:
        """Run `task` in a child under `limits` and wait for it."""
        number, replies = next(self._numbers), queue.SimpleQueue[Reply | None]()
        with self._lock:
            process = self._warm()
            if process is None:
                return _died()
            self._waiting[number] = _Waiting(process, replies)
        try:
            request = RunRequest(number, task.process, limits, msgspec.Raw(msgspec.json.encode(task)))
            if not process.send(request):
                return _died()
            return self._follow(process, number, replies, listener, goes_on)
        finally:
            with self._lock:
                self._waiting.pop(number, None)
                self._used = time.monotonic()

    def _follow(
        self,
        process: LineProcess,
        number: int,
        replies: queue.SimpleQueue[Reply | None],
        listener: Listener,
        goes_on: Callable[[], bool],
    ) -> RunResult:
        later = 0.0
        try:
            while True:
                if time.monotonic() >= later:
                    later = time.monotonic() + TICK_SECONDS
                    _check(goes_on)
                try:
                    reply = replies.get(timeout=TICK_SECONDS)
                except queue.Empty:
                    continue
                if reply is None:
                    return _died()
                if isinstance(reply, RunReply):
                    return msgspec.json.decode(reply.result, type=RunResult)
                listener(reply.fraction, reply.message)
        except BaseException:
            process.send(StopRequest(number))
            self._await_end(replies)
            raise

    def _await_end(self, replies: queue.SimpleQueue[Reply | None]) -> None:
        """Wait until a stopped run is gone, so that its folder may be removed."""
        while (reply := replies.get()) is not None and not isinstance(reply, RunReply):
            pass

    def close(self) -> None:
        """Kill all runs."""
        with self._lock:
            process, self._process, self._closed = self._process, None, True
        if process is not None:
            process.close()

    def _deliver(self, process: LineProcess) -> None:
        """Hand replies to the threads that wait for them; when the process has ended, tell them all."""
        while (reply := process.receive()) is not None:
            waiting = self._waiting.get(reply.number)
            if waiting is not None:
                waiting.replies.put(reply)
        with self._lock:
            if self._process is process:
                self._process = None
            left = [one.replies for one in self._waiting.values() if one.process is process]
        for replies in left:
            replies.put(None)
        process.close()


def _check(goes_on: Callable[[], bool]) -> None:
    if not goes_on():
        raise CancelledError("the job was dismissed")


def _died() -> RunResult:
    message = "the process that runs jobs ended"
    return RunResult(fault=Fault(kind=POOL_ENDED, message=message, hint="run the job again"))
