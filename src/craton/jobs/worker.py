"""The reading process: loads the readers once, then forks one limited child a source.

Run as `python -m craton.jobs.worker`. Requests come as JSON lines on standard
input, replies go out as JSON lines on standard output. It ends when its input
closes, and its children with it.
"""

from __future__ import annotations

import os
import selectors
import signal
from pathlib import Path
from typing import BinaryIO

import msgspec

from craton.jobs import plan, sandbox
from craton.jobs.disk import disk_is_full
from craton.jobs.messages import (
    Group,
    PlanReply,
    PlanRequest,
    ReadReply,
    Reply,
    Request,
    Result,
    Task,
)
from craton.jobs.task import disk_full, perform

POLL_SECONDS = 0.02
PLAN_NUMBER = -1


SIGNAL_CODES = {signal.SIGXFSZ: "too-large"}
MESSAGES = {
    "too-slow": (
        "took longer than {seconds:.0f} s to read",
        "raise ingest.seconds in craton.toml if it is sound",
    ),
    "too-large": (
        "needs more than {memory:.0f} MB to read",
        "raise ingest.memory_mb in craton.toml if it is sound",
    ),
    "crashed": ("crashed the library that reads its format", "export it again with another program"),
}


class Worker:
    """Serves requests until its input closes."""

    def __init__(self, requests: BinaryIO, replies: BinaryIO) -> None:
        self._requests = requests
        self._replies = replies
        self._children: dict[int, tuple[sandbox.Child, Request]] = {}

    def serve(self) -> None:
        """Answer requests; watch children in between."""
        os.set_blocking(self._requests.fileno(), False)
        selector = selectors.DefaultSelector()
        selector.register(self._requests, selectors.EVENT_READ)
        buffer = b""
        while True:
            if selector.select(POLL_SECONDS if self._children else None):
                block = os.read(self._requests.fileno(), 1 << 20)
                if not block:
                    return
                *lines, buffer = (buffer + block).split(b"\n")
                for line in lines:
                    self._answer(msgspec.json.decode(line, type=Request))
            self._reap()

    def _answer(self, request: Request) -> None:
        if isinstance(request, PlanRequest):
            self._children[PLAN_NUMBER] = (sandbox.spawn(lambda: _plan(request), request.limits), request)
        else:
            self._children[request.number] = (
                sandbox.spawn(lambda: _read(request.task), request.limits),
                request,
            )

    def _reap(self) -> None:
        for number, (child, request) in list(self._children.items()):
            status = child.finished()
            if status is None:
                child.watch()
                continue
            del self._children[number]
            if isinstance(request, PlanRequest):
                self._reply(_plan_reply(child, status, request))
            else:
                self._reply(ReadReply(number=number, result=_result(child, status, request.task)))

    def _reply(self, reply: Reply) -> None:
        self._replies.write(msgspec.json.encode(reply) + b"\n")
        self._replies.flush()


def _plan(request: PlanRequest) -> None:
    groups = list(plan.plan(request.given, request.skip))
    _answer_path(request.folder).write_bytes(msgspec.json.encode(groups))


def _plan_reply(child: sandbox.Child, status: int, request: PlanRequest) -> PlanReply:
    if child.killed or status:
        return PlanReply(groups=[], failure=child.killed or "crashed")
    return PlanReply(groups=msgspec.json.decode(_answer_path(request.folder).read_bytes(), type=list[Group]))


def _answer_path(folder: str) -> Path:
    return Path(folder) / "answer.json"


def _read(task: Task) -> None:
    _answer_path(task.folder).write_bytes(msgspec.json.encode(perform(task)))


def _result(child: sandbox.Child, status: int, task: Task) -> Result:
    if not child.killed and status == 0:
        return msgspec.json.decode(_answer_path(task.folder).read_bytes(), type=Result)
    if not child.killed and disk_is_full(task.folder):
        return disk_full(task)
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    code = child.killed or SIGNAL_CODES.get(signal.Signals(number) if number else signal.SIGHUP, "crashed")
    words, hint = MESSAGES[code]
    assert child.limits is not None
    text = words.format(seconds=child.limits.seconds, memory=child.limits.memory / 1e6)
    return Result(code=code, message=f"{task.shown} {text}", hint=hint)


def preload() -> None:
    """Import what readers need, once, so that each fork starts warm."""
    import pyogrio  # noqa: F401
    import rasterio  # noqa: F401

    from craton.model.harmonise import warm
    from craton.process.readers import readers

    readers()
    warm()


def main() -> None:
    """Serve on standard input and output."""
    requests, replies = sandbox.line_streams()
    preload()
    Worker(requests, replies).serve()


if __name__ == "__main__":
    main()
