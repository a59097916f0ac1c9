"""Jobs: what a checked call costs, how soon a job starts, how many tiny ones a node does."""

from __future__ import annotations

import datetime as dt
import shutil
import statistics
import time
from typing import Annotated

import numpy as np
import xarray as xr

import craton
from craton.process.marks import Bounds, Grid, Unit
from craton.process.processes import process
from harness import BENCH, Peer, report

NODE = BENCH / "job-node"
TINY = 1000
CALLS = 2000


@process("benchmark.nothing", version="1")
def nothing(
    grid: Annotated[xr.Dataset, Grid(quantity="gravity_anomaly", unit="mGal")],
    height: Annotated[float, Unit("m"), Bounds(above=0, maximum=1e5)] = 100.0,  # noqa: ARG001 - checked, not used
) -> Annotated[xr.Dataset, Grid(like="grid")]:
    """Nothing.

    Parameters
    ----------
    grid : Dataset
        Any.
    height : float
        Any.

    Returns
    -------
    Dataset
        The same.
    """
    return grid


def call_overhead() -> None:
    """A checked call of a process that does nothing, over the bare function."""
    attributes = {"units": "mGal", "standard_name": "gravity_anomaly"}
    cells = np.zeros((64, 64), np.float32)
    axes = {"northing": np.arange(64.0), "easting": np.arange(64.0)}
    fields = {f"field_{i}": (("northing", "easting"), cells, attributes) for i in range(10)}
    data = xr.Dataset(fields, axes, {"crs": "EPSG:32648"})
    bare = nothing.__wrapped__  # type: ignore[attr-defined]
    cost = statistics.median(
        _per_call(lambda: nothing(data)) - _per_call(lambda: bare(data)) for _ in range(5)
    )
    report(
        claim="process-call-overhead", ours=cost * 1e3, peer=None, peer_name="", unit="ms", goal="≤ 0.3 ms",
        work="a checked call of a no-op process on a dataset of 10 fields, less the bare call; median of 5 × 2,000",
    )  # fmt: skip


def _per_call(call) -> float:
    start = time.perf_counter()
    for _ in range(CALLS):
        call()
    return (time.perf_counter() - start) / CALLS


def jobs() -> None:
    """Latency and throughput of the pool, beside a durable queue that keeps no data and no provenance."""
    shutil.rmtree(NODE, ignore_errors=True)
    from craton.jobs.submission import Request

    source = BENCH / "job-table.csv"
    source.write_text("sample,gold\nA,0.3\nB,1.2\n", encoding="utf-8")
    with craton.create(NODE) as node:
        node.add(source)
        table = node.find()[0].id

        def ask(number: int) -> Request:
            return Request(
                process="table.filter", inputs={"table": table}, parameters={"expression": f"gold > {number}"}
            )

        with node.manager() as manager:
            for number in range(4):  # the pool and its children are warm
                manager.wait(manager.submit(ask(number)).id)
            waits = [_wait_to_start(manager, ask(10 + number)) for number in range(50)]
            start = time.perf_counter()
            made = [manager.submit(ask(1000 + number)) for number in range(TINY)]
            ended = [manager.wait(job.id) for job in made]
            ours = time.perf_counter() - start
        assert all(job.state == "successful" and not job.reused for job in ended)
        assert node.check(deep=False) == []
    report(
        claim="job-submit-to-start", ours=statistics.median(waits) * 1e3, peer=None, peer_name="", unit="ms",
        goal="≤ 20 ms", work="from asking for a job to its process having begun, idle warm node; median of 50",
    )  # fmt: skip
    peer = Peer("huey_queue.py")
    theirs = float(peer.ask(folder=str(BENCH), jobs=TINY, workers=2))
    peer.close()
    report(
        claim="thousand-tiny-jobs", ours=ours, peer=theirs, peer_name="huey, SQLite, 2 processes", unit="s", goal="≤ 10 s",
        work="1,000 jobs that filter two rows, the peer's do nothing, 2 workers; ours also checks, stores and catalogues 1,000 results with provenance",
    )  # fmt: skip


def _wait_to_start(manager, request) -> float:
    asked = dt.datetime.now(dt.UTC)
    job = manager.wait(manager.submit(request).id)
    record = manager.store.get(job.results["result"])
    return (dt.datetime.fromisoformat(record.lineage.run.started) - asked).total_seconds()


if __name__ == "__main__":
    call_overhead()
    jobs()
