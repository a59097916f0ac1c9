"""Makes an archive of tiles in a process of its own: `python -m craton.store.tile_archive_build`.

It dies with its parent, gives way to everyone else, and stops where it needs too much memory.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

from craton.model.errors import StorageError
from craton.model.record import Bbox
from craton.store.tile_archive_make import make_archive
from craton.store.vector_tile_source import all_features

MOST_MEMORY = 4 << 30
"""Bytes of memory that a process may take."""

PATIENCE = 3600
"""Seconds that making an archive may take."""

PR_SET_PDEATHSIG = 1

KINDNESS = 5
"""How far it stands back behind other processes."""

NOWHERE: Bbox = (0.0, 0.0, 0.0, 0.0)


class Order(msgspec.Struct, frozen=True):
    """What is to be made: of the features in a file, an archive with this last level and metadata."""

    features: str
    target: str
    last: int
    metadata: dict[str, Any]
    parent: int


def make(features: Path, target: Path, last: int, metadata: dict[str, Any]) -> None:
    """Make the archive in this process."""
    found, meta = all_features(features)
    make_archive(found, target, last=last, bbox=meta.box or NOWHERE, metadata=metadata)


def make_apart(features: Path, target: Path, last: int, metadata: dict[str, Any]) -> None:
    """Make the archive in a process of its own, and wait for it.

    Raises
    ------
    StorageError
        If it could not be made.
    """
    order = msgspec.json.encode(Order(str(features), str(target), last, metadata, os.getpid()))
    try:
        subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-P", "-m", __name__], input=order, check=True, capture_output=True,
            timeout=PATIENCE,
        )  # fmt: skip
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip().splitlines()
        raise StorageError(f"tiles were not made: {said[-1] if said else error}") from error
    except subprocess.TimeoutExpired as error:
        raise StorageError(f"tiles were not made within {PATIENCE} s") from error


def main() -> None:
    """Do what standard input orders."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != order.parent:
        return
    os.nice(KINDNESS)
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
    make(Path(order.features), Path(order.target), order.last, order.metadata)


if __name__ == "__main__":
    main()
