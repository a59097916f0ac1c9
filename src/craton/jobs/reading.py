"""The parent's end of the reading process: send requests, take replies, survive its death."""

from __future__ import annotations

import os
import subprocess
import sys
from types import TracebackType
from typing import Self

import msgspec

from craton.jobs.messages import PlanReply, PlanRequest, ReadReply, ReadRequest, Reply
from craton.model.errors import CratonError

ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
"""Forked children must not inherit thread pools; a fixed hash seed keeps encoded bytes equal."""


class Reading:
    """A reading process, started when first needed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()

    def send(self, request: PlanRequest | ReadRequest) -> None:
        """Send one request."""
        stdin = self._started().stdin
        assert stdin is not None
        stdin.write(msgspec.json.encode(request) + b"\n")
        stdin.flush()

    def receive(self) -> PlanReply | ReadReply:
        """Wait for the next reply, in the order in which requests are done."""
        stdout = self._started().stdout
        assert stdout is not None
        line = stdout.readline()
        if not line:
            raise CratonError(
                "the reading process ended", hint="see the messages above; run the same command again"
            )
        reply: PlanReply | ReadReply = msgspec.json.decode(line, type=Reply)
        return reply

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "craton.jobs.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, **ENVIRONMENT},
            )
        return self._process
