"""Makes the file of a dataset's features; `python -m craton.store.feature_make` does as it is ordered."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from craton.model.record import Record
from craton.store.apart import run_apart, stand_back
from craton.store.feature_build import build
from craton.store.feature_source import local_file, members_of
from craton.store.store import Store

SMALL_ROWS = 20_000
SMALL_BYTES = 16 << 20
"""Rows, and bytes of its objects, of data whose file is made while who asks waits."""

ROWS_PER_SECOND = 20_000
"""Rows written each second, roughly."""

MOST_SECONDS = 60
"""When to ask again at the latest."""


class Order(msgspec.Struct, frozen=True):
    """What is to be made: of `record`, whose objects lie in `files`, the file `target`."""

    record: Record
    files: dict[str, str]
    target: str
    parent: int


def is_small(record: Record) -> bool:
    """Whether the file of `record` is soon made."""
    return (record.rows or 0) <= SMALL_ROWS and sum(m.size for m in members_of(record)) <= SMALL_BYTES


def seconds_of(record: Record) -> int:
    """Seconds after which to ask for the file of `record` again."""
    return min(MOST_SECONDS, 2 + (record.rows or 0) // ROWS_PER_SECOND)


def make(store: Store, record: Record, target: Path) -> None:
    """Write the features of `record` to the file `target`."""
    with _copies(target) as folder:
        build(record, lambda member: local_file(store, member, folder), target)


def make_apart(store: Store, record: Record, target: Path) -> None:
    """The same in a process of its own; `StorageError` where it could not."""
    with _copies(target) as folder:
        files = {m.sha256: str(local_file(store, m, folder).absolute()) for m in members_of(record)}
        order = Order(record, files, str(target.absolute()), os.getpid())
        run_apart(__name__, msgspec.json.encode(order), what=f"the features of {record.id}")


@contextmanager
def _copies(target: Path) -> Iterator[Path]:
    """A folder for copies of objects that lie elsewhere."""
    folder = target.with_name(f"{target.name}.objects")
    folder.mkdir(exist_ok=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Do what standard input orders."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    stand_back(order.parent)
    build(order.record, lambda member: Path(order.files[member.sha256]), Path(order.target))


if __name__ == "__main__":
    main()
