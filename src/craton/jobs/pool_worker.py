"""The warm process of the pool: it forks children that run jobs.

It imports what all processes stand on once, and the module of a process when that is first asked for, so
that a child starts with everything.

Run as `python -m craton.jobs.pool_worker`. Requests come as JSON lines on
standard input, replies go out on standard output. It ends when its input
closes, and its children with it.
"""

from __future__ import annotations

import os
import resource
import selectors
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

import msgspec

from craton.jobs import sandbox
from craton.jobs.job import Fault
from craton.jobs.pool import ProgressReply, Reply, Request, RunReply, RunRequest, StopRequest
from craton.jobs.run import perform
from craton.jobs.run_task import RunResult, RunTask
from craton.process.processes import find_process

POLL_SECONDS = 0.05
RUNS_EACH = 100
"""Runs after which a child is replaced, so that what one leaves behind does not add up."""

GROWTH = 256 << 20
"""Bytes by which a child may have grown between runs before it is replaced."""

REPORTS_A_SECOND = 10

FAULTS = {
    "too-slow": ("took longer than its {seconds:.0f} s", "raise jobs.seconds, or take a part of the data"),
    "too-large": (
        "used more than its {memory:.0f} MB of memory", "raise jobs.memory_mb, or take a part of the data",
    ),
    "crashed": ("ended its own process", "tell those who wrote the process"),
    "stopped": ("was stopped", ""),
}  # fmt: skip


class Worker:
    """A child, seen from the warm process."""

    def __init__(self, let_go: Callable[[], None]) -> None:
        ours, theirs = socket.socketpair()
        self.socket, self.buffer, self.runs = ours, b"", 0
        self.request: RunRequest | None = None
        self.foreign = False

        def serve() -> None:
            ours.close()
            let_go()
            _serve(theirs)

        self.child = sandbox.fork(serve)
        theirs.close()
        self.resident = sandbox.resident(self.child.pid)

    def give(self, request: RunRequest, *, foreign: bool) -> None:
        """Let the child run `request`, which may be of a `foreign` process."""
        self.request, self.runs = request, self.runs + 1
        self.foreign = self.foreign or foreign
        self.child.limit(request.limits)
        self.socket.sendall(msgspec.json.encode(request) + b"\n")

    def is_worn(self) -> bool:
        """Whether it should be replaced before the next run; after a process of others, always.

        They may have changed what other processes stand on.
        """
        if self.foreign:
            return True
        grown = sandbox.resident(self.child.pid) - self.resident
        return self.runs >= RUNS_EACH or grown > GROWTH

    def lines(self) -> list[bytes] | None:
        """Whole lines the child has written, `None` when it is gone."""
        try:
            block = self.socket.recv(1 << 20)
        except ConnectionResetError:
            block = b""
        if not block:
            return None
        *lines, self.buffer = (self.buffer + block).split(b"\n")
        return lines

    def retire(self) -> None:
        """Let it end."""
        self.socket.close()


class Warm:
    """Serves requests until its input closes."""

    def __init__(self, requests: BinaryIO, replies: BinaryIO) -> None:
        self._requests, self._replies = requests, replies
        self._selector = selectors.DefaultSelector()
        self._idle: list[Worker] = []
        self._busy: dict[int, Worker] = {}
        self._ending: list[sandbox.Child] = []

    def serve(self) -> None:
        """Answer requests; watch children in between."""
        os.set_blocking(self._requests.fileno(), False)
        self._selector.register(self._requests, selectors.EVENT_READ)
        buffer = b""
        while True:
            for key, _ in self._selector.select(POLL_SECONDS if self._busy or self._ending else None):
                if key.data is not None:
                    self._hear(key.data)
                    continue
                block = os.read(self._requests.fileno(), 1 << 20)
                if not block:
                    return
                *lines, buffer = (buffer + block).split(b"\n")
                for line in lines:
                    self._answer(msgspec.json.decode(line, type=Request))
            self._watch()

    def _answer(self, request: RunRequest | StopRequest) -> None:
        if isinstance(request, StopRequest):
            if request.number in self._busy:
                self._busy[request.number].child.kill("stopped")
            return
        foreign = _is_foreign(request.process)  # before a child is forked: this imports the process
        worker = self._idle.pop() if self._idle else self._new_worker()
        self._busy[request.number] = worker
        with suppress(OSError):  # it has died; that is heard at its socket, and told
            worker.give(request, foreign=foreign)

    def _new_worker(self) -> Worker:
        worker = Worker(self._let_go)
        self._selector.register(worker.socket, selectors.EVENT_READ, worker)
        return worker

    def _let_go(self) -> None:
        """Close, in a new child, what belongs to the others, or it would stay open with the child."""
        self._selector.close()
        self._replies.close()
        for other in (*self._idle, *self._busy.values()):
            other.socket.close()

    def _hear(self, worker: Worker) -> None:
        lines = worker.lines()
        if lines is None:
            self._bury(worker)
            return
        for line in lines:
            try:
                reply: Reply = msgspec.json.decode(line, type=Reply)
            except msgspec.DecodeError:
                worker.child.kill("crashed")
                return
            if isinstance(reply, RunReply):
                self._rest(worker)
            self._reply(reply)

    def _rest(self, worker: Worker) -> None:
        """Take back a child that has done its run."""
        assert worker.request is not None
        del self._busy[worker.request.number]
        worker.request = None
        worker.child.unlimit()
        if worker.child.killed or worker.is_worn():
            self._selector.unregister(worker.socket)
            worker.retire()
            self._ending.append(worker.child)
        else:
            self._idle.append(worker)

    def _bury(self, worker: Worker) -> None:
        """A child has gone: tell why the run it had has failed."""
        self._selector.unregister(worker.socket)
        worker.retire()
        self._ending.append(worker.child)
        if worker in self._idle:
            self._idle.remove(worker)
        request = worker.request
        if request is None:
            return
        del self._busy[request.number]
        code = worker.child.killed or "crashed"
        words, hint = FAULTS[code]
        text = words.format(seconds=request.limits.seconds, memory=request.limits.memory / (1 << 20))
        fault = Fault(kind=code, message=f"{request.process} {text}", hint=hint)
        self._reply(_run_reply(request.number, RunResult(fault=fault)))

    def _watch(self) -> None:
        for worker in list(self._busy.values()):
            if worker.child.finished() is not None:
                # something it started may hold its end of the socket open, so that no end is heard
                self._bury(worker)
            else:
                worker.child.watch()
        self._ending = [child for child in self._ending if child.finished() is None]

    def _reply(self, reply: ProgressReply | RunReply) -> None:
        self._replies.write(msgspec.json.encode(reply) + b"\n")
        self._replies.flush()


def _serve(requests: socket.socket) -> None:
    """Run what is asked for, in a child, until the other end closes."""
    with requests.makefile("rb") as lines:
        for line in lines:
            request = msgspec.json.decode(line, type=RunRequest)
            _confine(request.limits)
            task = msgspec.json.decode(request.task, type=RunTask)
            result = perform(task, _listener(requests, request.number))
            requests.sendall(msgspec.json.encode(_run_reply(request.number, result)) + b"\n")


def _is_foreign(process: str) -> bool:
    """Whether `process` is not one of ours, or cannot even be imported, which the child will tell."""
    try:
        return not find_process(process).function.__module__.startswith("craton.")
    except Exception:  # noqa: BLE001 - whatever a module throws at its import ends its own job only
        return True


def _run_reply(number: int, result: RunResult) -> RunReply:
    return RunReply(number, msgspec.Raw(msgspec.json.encode(result)))


def _confine(limits: sandbox.Limits) -> None:
    """Set the soft limits of this process for one run."""
    data = sandbox.resident(os.getpid()) + limits.memory
    for kind, limit in ((resource.RLIMIT_DATA, data), (resource.RLIMIT_FSIZE, limits.file_size)):
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))


class _listener:  # noqa: N801 - used as a function with a memory
    """Sends progress, a few times a second at most."""

    def __init__(self, replies: socket.socket, number: int) -> None:
        self._replies, self._number, self._next = replies, number, 0.0

    def __call__(self, fraction: float, message: str) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + 1 / REPORTS_A_SECOND
        reply = ProgressReply(self._number, fraction, message)
        self._replies.sendall(msgspec.json.encode(reply) + b"\n")


def preload() -> None:
    """Import what all runs need, once, so that each child starts warm."""
    import dask.array  # noqa: F401
    import pyogrio  # noqa: F401
    import rasterio  # noqa: F401
    import zarr  # noqa: F401

    from craton.model.harmonise import warm
    from craton.process.provenance import environment

    environment()
    warm()


def main() -> None:
    """Serve on standard input and output."""
    requests, replies = sandbox.line_streams()
    preload()
    Warm(requests, replies).serve()


if __name__ == "__main__":
    main()
