"""Makes an archive of tiles in a process of its own: `python -m craton.store.tile_archive_build`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import msgspec

from craton.model.record import Bbox
from craton.store.apart import run_apart, stand_back
from craton.store.tile_archive_make import make_archive
from craton.store.vector_tile_source import all_features

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
    run_apart(__name__, order, what="tiles")


def main() -> None:
    """Do what standard input orders."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    stand_back(order.parent)
    make(Path(order.features), Path(order.target), order.last, order.metadata)


if __name__ == "__main__":
    main()
