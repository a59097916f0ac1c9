"""Work in a process of its own: it dies with its parent, gives way to everyone else, and is kept small."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import sys

from craton.model.errors import StorageError

MOST_MEMORY = 4 << 30
"""Bytes of memory that a process may take."""

PATIENCE = 3600
"""Seconds that the work may take."""

PR_SET_PDEATHSIG = 1

KINDNESS = 5
"""How far it stands back behind other processes."""


def run_apart(module: str, order: bytes, *, what: str) -> None:
    """Run our own `module` in a process that reads `order` from standard input, and wait for it.

    Raises
    ------
    StorageError
        If `what` was not made.
    """
    try:
        subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-P", "-m", module], input=order, check=True, capture_output=True,
            timeout=PATIENCE,
        )  # fmt: skip
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip().splitlines()
        raise StorageError(f"{what} were not made: {said[-1] if said else error}") from error
    except subprocess.TimeoutExpired as error:
        raise StorageError(f"{what} were not made within {PATIENCE} s") from error


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process when `parent` dies (Linux; elsewhere pipes closing must do)."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def stand_back(parent: int) -> None:
    """Make this process one that dies with `parent`, gives way to all others and stays small."""
    die_with_parent(parent)
    os.nice(KINDNESS)
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
