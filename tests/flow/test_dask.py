"""The same job on a Dask cluster: equal results, and a clean end when workers die."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest
import xarray as xr
from tests.plugin import install

import craton
from craton.cli.settings import JobSettings
from craton.jobs.assets import content_hash, stage_assets
from craton.jobs.manager import Manager
from craton.jobs.pool import Pool
from craton.jobs.submission import Request
from craton.model.data import Draft
from craton.model.describe import describe
from craton.process.processes import _load
from craton.store.codec import encode

distributed = pytest.importorskip("distributed")
SIDE = 4096


@pytest.fixture(scope="module")
def plugins(tmp_path_factory):
    return install(tmp_path_factory.mktemp("plugins"), "misbehaving")


@pytest.fixture(scope="module")
def cluster(plugins):
    """A scheduler and two worker processes on the loopback, which know the plugin."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(plugins)
    sys.path.insert(0, str(plugins))  # what a spawned worker starts with
    try:
        with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, memory_limit=None
        ) as made:
            yield made
    finally:
        sys.path.remove(str(plugins))
        os.environ.pop("PYTHONPATH")
        if before is not None:
            os.environ["PYTHONPATH"] = before


def _relief():
    """Elevation in m on 10 m cells, smooth and not symmetric."""
    northing, easting = np.arange(SIDE) * 10.0 + 2e6, np.arange(SIDE) * 10.0 + 5e5
    heights = 500 + 300 * np.sin(northing / 7000)[:, None] + 200 * np.cos(easting / 5000)[None, :]
    attributes = {"units": "m", "standard_name": "elevation"}
    field = (("northing", "easting"), heights.astype(np.float32), attributes)
    return xr.Dataset(
        {"elevation": field}, {"northing": northing[::-1], "easting": easting}, {"crs": "EPSG:32648"}
    )


def _put(node, dataset, id):
    """Store `dataset` as grid `id`, as a job would."""
    with node.store.transaction() as transaction:
        folder = transaction.folder / "made"
        folder.mkdir()
        assets, staged = stage_assets(encode(dataset, "grid", folder))
        record = describe(Draft(data=dataset, kind="grid", title=id, licence="CC0-1.0"), id=id)
        record = msgspec.structs.replace(record, assets=assets, content=content_hash(assets))
        node.store.commit(transaction, [record], {k: Path(v) for k, v in staged.items()})


@pytest.fixture
def node(tmp_path, plugins, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(plugins))
    monkeypatch.syspath_prepend(str(plugins))
    _load.cache_clear()
    with craton.create(tmp_path / "node") as made:
        _put(made, _relief(), "relief")
        yield made


def _manager(node, address=""):
    options = msgspec.structs.replace(node.settings.manager_options(), scheduler=address)
    return Manager(node.store, node.queue, Pool(), options)


@pytest.mark.parametrize(
    ("process", "name", "parameters"),
    [
        ("terrain.slope", "elevation", {}),
        ("grid.algebra", "a", {"expression": "a * 2"}),
        ("grid.statistics", "grid", {}),
    ],
)
def test_results_on_one_machine_and_on_dask_are_equal(node, cluster, process, name, parameters):
    """A process in blocks, and one called as a whole, give the same bytes in the pool and on the cluster."""
    request = Request(process=process, inputs={name: "relief"}, parameters=parameters)
    contents = []
    for address in ("", cluster.scheduler_address):
        with _manager(node, address) as manager:
            job = manager.wait(manager.submit(request).id, 200)
        assert job.state == "successful", job.fault
        assert not job.reused
        contents.append(node[job.results["result"]].record.content)
        node.remove(job.results["result"])
    assert contents[0] == contents[1]
    assert node.check() == []


def test_a_worker_killed_in_the_middle(node, cluster):
    """One worker dies while it computes: another takes its work, and the result is right."""
    request = Request(
        process="misbehaving.slow_double", inputs={"table": _table(node)}, parameters={"wait": 4}
    )
    with _manager(node, cluster.scheduler_address) as manager:
        job = manager.submit(request)
        _kill_a_busy_worker(cluster)
        ended = manager.wait(job.id, 200)
    assert ended.state == "successful", ended.fault
    assert node[ended.results["result"]].read()["rows"].tolist() == [2]
    assert node.check() == []


def test_a_process_that_kills_every_worker_fails_cleanly(node, cluster):
    """Workers that die of a process again and again end its job with a reason, and the cluster works on."""
    with _manager(node, cluster.scheduler_address) as manager:
        bad = manager.submit(Request(process="misbehaving.exits", inputs={"table": _table(node)}))
        ended = manager.wait(bad.id, 250)
        good = manager.submit(Request(process="misbehaving.count", inputs={"table": _table(node)}))
        assert manager.wait(good.id, 200).state == "successful"
    assert ended.state == "failed"
    assert "workers" in ended.fault.message
    assert node.check() == []


def test_no_cluster_at_the_address_is_said(node):
    """A job for a cluster that is not there fails with the address and what to do."""
    with _manager(node, "tcp://127.0.0.1:9") as manager:
        job = manager.submit(Request(process="misbehaving.count", inputs={"table": _table(node)}))
        ended = manager.wait(job.id, 100)
    assert ended.state == "failed"
    assert "tcp://127.0.0.1:9" in ended.fault.message


def test_the_address_is_a_setting():
    """`jobs.dask` reaches the manager."""
    from craton.cli.settings import Settings

    assert (
        Settings(jobs=JobSettings(dask="tcp://there:8786")).manager_options().scheduler == "tcp://there:8786"
    )


def _table(node):
    known = node.find(kind="table", limit=1)
    if not known:
        source = node.folder.parent / "sites.csv"
        source.write_text("site,longitude,latitude\nA,101,18\n")
        node.add(source)
    return node.find(kind="table", limit=1)[0].id


def _kill_a_busy_worker(cluster):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for address, state in cluster.scheduler.workers.items():
            if state.processing:
                _kill(cluster, address)
                return
        time.sleep(0.1)
    pytest.fail("no worker got work")


def _kill(cluster, address):
    time.sleep(1)
    worker = next(w for w in cluster.workers.values() if w.worker_address == address)
    os.kill(worker.pid, signal.SIGKILL)
