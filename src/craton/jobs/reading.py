"""The parent's end of the reading process: send requests, take replies, survive its death."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from contextlib import suppress
from types import TracebackType
from typing import IO, Self

import msgspec

from craton.jobs.messages import PlanReply, PlanRequest, ReadReply, ReadRequest, Reply
from craton.model.errors import CratonError

ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
"""Forked children must not inherit thread pools; a fixed hash seed keeps encoded bytes equal."""


class Reading:
    """A reading process, started when first needed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._replies: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.kill()
            self._close(self._process)

    def _close(self, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        self._taker.join()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()

    def send(self, request: PlanRequest | ReadRequest) -> None:
        """Send one request."""
        stdin = self._started().stdin
        assert stdin is not None
        try:
            stdin.write(msgspec.json.encode(request) + b"\n")
            stdin.flush()
        except BrokenPipeError as error:
            raise _ended() from error

    def receive(self) -> PlanReply | ReadReply:
        """Wait for the next reply, in the order in which requests are done."""
        self._started()
        line = self._replies.get()
        if not line:
            raise _ended()
        reply: PlanReply | ReadReply = msgspec.json.decode(line, type=Reply)
        return reply

    def _take_replies(self, stream: IO[bytes]) -> None:
        """Empty the pipe as it fills, so that neither side ever waits for the other to read."""
        for line in stream:
            self._replies.put(line)
        self._replies.put(b"")

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "craton.jobs.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, **ENVIRONMENT},
            )
            self._taker = threading.Thread(
                target=self._take_replies, args=(self._process.stdout,), daemon=True
            )
            self._taker.start()
        return self._process


def _ended() -> CratonError:
    return CratonError("the reading process ended", hint="see the messages above; run the same command again")
