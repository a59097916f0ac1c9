"""Whole ingest of one file against a bare conversion: raster to COG, vector and CSV to GeoParquet.

Ours is everything a node does with the file once it is staged: recognise, read,
harmonise, describe, check, encode, hash. The peer only converts the bytes.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from harness import Peer, alternate, report, seconds

from craton.jobs import plan
from craton.jobs.messages import Task
from craton.jobs.task import perform


def ours(path: Path) -> float:
    """Seconds of our ingest of `path` in this process."""
    folder = Path(tempfile.mkdtemp(prefix="craton-bench-", dir=path.parent))
    try:
        return seconds(lambda: ingest(path, folder))
    finally:
        shutil.rmtree(folder)


def ingest(path: Path, folder: Path) -> None:
    """Plan and perform the task of one staged file."""
    [group] = plan.plan([str(path)], [])
    task = Task(
        key=group.main, shown=group.shown, reader=group.reader, folder=str(folder), main=str(path),
        files=(), sources=(), 
    )  # fmt: skip
    result = perform(task)
    assert not result.code, result.message


def versus(peer: Peer, task: str, path: Path, options: dict[str, object]) -> tuple[float, float]:
    """Median seconds of ours and of the peer on `path`."""
    target = path.parent / "peer.out"
    ours(path)
    times = alternate(
        lambda: ours(path), lambda: peer.ask(task=task, source=str(path), target=str(target), options=options)
    )
    target.unlink()
    return times
