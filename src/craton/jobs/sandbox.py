"""Children with limits: a process that may crash, hang or overeat without harm to its parent."""

from __future__ import annotations

import math
import os
import resource
import signal
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from craton.store.apart import die_with_parent

PAGE = resource.getpagesize()


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one child may use: resident memory and written file size in bytes, wall time in seconds."""

    memory: int
    seconds: float
    file_size: int


@dataclass
class Child:
    """A running child, its limits if it has any now, and when it must be done."""

    pid: int
    limits: Limits | None = None
    deadline: float = math.inf
    killed: str = ""
    status: int | None = None

    def limit(self, limits: Limits) -> None:
        """Put the child under `limits` from now on."""
        self.limits, self.deadline = limits, time.monotonic() + limits.seconds

    def unlimit(self) -> None:
        """Let the child wait for as long as it likes."""
        self.limits, self.deadline = None, math.inf

    def watch(self) -> None:
        """Kill the child when it is over a limit; `killed` then names the refusal code."""
        if time.monotonic() > self.deadline:
            self.kill("too-slow")
        elif self.limits and resident(self.pid) > self.limits.memory:
            self.kill("too-large")

    def kill(self, code: str) -> None:
        """Kill the child; the first `code` given counts as the reason."""
        self.killed = self.killed or code
        for kill in (os.killpg, os.kill):
            with suppress(ProcessLookupError, PermissionError):
                kill(self.pid, signal.SIGKILL)

    def finished(self) -> int | None:
        """Wait status once the child has ended, else `None`."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = status if pid else None
        return self.status


def spawn(work: Callable[[], None], limits: Limits) -> Child:
    """Fork a child that does `work` under `limits` and exits."""

    def confined() -> None:
        confine(limits)
        work()

    child = fork(confined)
    child.limit(limits)
    return child


def fork(work: Callable[[], None]) -> Child:
    """Fork a child that does `work` and exits, and that dies with this process."""
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return Child(pid=pid)
    status = 1
    try:
        detach(parent)
        work()
        status = 0
    except BaseException as error:  # noqa: BLE001 - a forked child must never return into its parent's stack
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        sys.stderr.flush()
    finally:
        os._exit(status)


def confine(limits: Limits) -> None:
    """Put this process under `limits`, for good."""
    data = resident(os.getpid()) + limits.memory
    resource.setrlimit(resource.RLIMIT_DATA, (data, data))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.file_size, limits.file_size))


def detach(parent: int) -> None:
    """Make this process die with `parent`, and let go of its standard input and output."""
    die_with_parent(parent)
    # a group of its own, so that what it starts is killed with it
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)


def line_streams() -> tuple[BinaryIO, BinaryIO]:
    """Make this process the helper of its parent: requests and replies; what a library prints goes to stderr.

    It dies with its parent, whose Ctrl-C is not for it.
    """
    die_with_parent(os.getppid())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore")
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return sys.stdin.buffer, replies


def resident(pid: int) -> int:
    """Resident memory of process `pid` in bytes; 0 when it is gone or the system does not tell."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except (OSError, IndexError, ValueError):
        return 0
