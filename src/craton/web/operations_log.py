"""The log of the web: a line for each request, and what went wrong, on standard error.

Lines are written by a thread of their own, so that a terminal or a pipe that
nobody reads never holds up a reply; lines for which there is no room are
counted and left out.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal

import msgspec

Form = Literal["json", "text", "off"]
Said = dict[str, Any]

MOST_WAITING = 20_000
"""Lines that may wait to be written."""

BATCH = 500
"""Lines written in one go."""

STDERR = 2
ENDING_SECONDS = 1.0


class RequestLog:
    """Writes lines in one form; faults are written even where requests are not (`off`)."""

    def __init__(self, form: Form = "off", *, descriptor: int = STDERR) -> None:
        self.form, self.dropped = form, 0
        self._descriptor = descriptor
        self._lines: queue.SimpleQueue[Said | None] = queue.SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def request(self, said: Said) -> None:
        """Log a request that was answered."""
        if self.form != "off":
            self._put(said)

    def fault(self, error: BaseException, request: str) -> None:
        """Log what went wrong in `request`, with where it did."""
        where = "".join(traceback.format_exception(error))
        said = {"level": "error", "event": "fault", "id": request, "error": _named(error), "traceback": where}
        self._put({"time": time.time(), **said})

    def close(self) -> None:
        """Write what waits, and end."""
        if self._thread is not None:
            self._lines.put(None)
            self._thread.join(ENDING_SECONDS)

    def _put(self, said: Said) -> None:
        if self._thread is None:
            self._start()
        if self._lines.qsize() >= MOST_WAITING:
            self.dropped += 1
            return
        self._lines.put(said)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._write, name="log", daemon=True)
                self._thread.start()

    def _write(self) -> None:
        form = _json if self.form == "json" else _text
        while (first := self._lines.get()) is not None:
            lines, ended = self._batch(first, form)
            try:
                _write_all(self._descriptor, b"".join(lines))
            except OSError:  # standard error is gone: nobody can be told
                self.dropped += len(lines)
            if ended:
                return

    def _batch(self, first: Said, form: Callable[[Said], bytes]) -> tuple[list[bytes], bool]:
        """Lines that wait, and whether the end came after them."""
        lines = [form(first)]
        while len(lines) < BATCH and not self._lines.empty():
            said = self._lines.get()
            if said is None:
                return lines, True
            lines.append(form(said))
        return lines, False


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _write_all(descriptor: int, block: bytes) -> None:
    if descriptor == STDERR:
        sys.stderr.flush()
    while block:
        block = block[os.write(descriptor, block) :]


def _moment(seconds: float) -> str:
    return f"{_second(int(seconds))}.{int(seconds % 1 * 1000):03}Z"


@lru_cache(maxsize=4)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def _json(said: Said) -> bytes:
    return msgspec.json.encode({**said, "time": _moment(said["time"])}) + b"\n"


def _text(said: Said) -> bytes:
    moment = _moment(said["time"])
    if said["event"] == "fault":
        return f"{moment} fault id={said['id']}\n{said['traceback']}".encode("utf-8", "backslashreplace")
    line = (
        f"{moment} {said['status']} {said['method']} {said['path']} route={said['route']} {said['ms']:.1f} ms"
        f" {said['bytes']} B actor={said['actor']} id={said['id']}"
    )
    return _one_line(line).encode("utf-8", "backslashreplace")


def _one_line(line: str) -> str:
    """`line` with what would start another one, or steer a terminal, made visible."""
    if line.isprintable():
        return line + "\n"
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line) + "\n"
