"""A helper process that is asked and answers in lines of JSON, and dies with its parent."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from contextlib import suppress
from typing import IO, Any

import msgspec

ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
"""Forked children must not inherit thread pools; a fixed hash seed keeps encoded bytes equal."""


class LineProcess:
    """A process `python -m MODULE`, started when first needed.

    Parameters
    ----------
    module : str
        Module to run.
    reply : type
        Type of its replies.
    """

    def __init__(self, module: str, reply: Any) -> None:
        self._module, self._reply = module, reply
        self._process: subprocess.Popen[bytes] | None = None
        self._replies: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._writing = threading.Lock()

    def start(self) -> None:
        """Start the process if it does not run yet."""
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603 - this Python, a module of ours
                [sys.executable, "-P", "-m", self._module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, **ENVIRONMENT},
            )
            self._taker = threading.Thread(
                target=self._take_replies, args=(self._process.stdout,), daemon=True
            )
            self._taker.start()

    def send(self, request: msgspec.Struct) -> bool:
        """Send one request; False when the process is gone."""
        with self._writing:
            self.start()
            assert self._process is not None
            assert self._process.stdin is not None
            try:
                self._process.stdin.write(msgspec.json.encode(request) + b"\n")
                self._process.stdin.flush()
            except (BrokenPipeError, ValueError):
                return False
        return True

    def receive(self) -> Any:
        """Wait for the next reply; `None` when the process has ended."""
        line = self._replies.get()
        return msgspec.json.decode(line, type=self._reply) if line else None

    def close(self) -> None:
        """Kill the process and all it started."""
        process = self._process
        if process is None:
            return
        process.kill()
        process.wait()
        self._taker.join()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()

    def _take_replies(self, stream: IO[bytes]) -> None:
        """Empty the pipe as it fills, so that neither side ever waits for the other to read."""
        for line in stream:
            self._replies.put(line)
        self._replies.put(b"")
