"""The same job on a Dask cluster: equal results, and a clean end when workers die."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time

import msgspec
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from tests.plugin import install
from tests.serving import put

import craton
from craton.cli.settings import JobSettings
from craton.jobs.cluster import ClusterWorkers
from craton.jobs.manager import Manager
from craton.jobs.pool import Pool
from craton.jobs.submission import Request
from craton.kernels.mesh_sensitivity import Mesh, gravity_coefficients
from craton.methods import inversion_slabs
from craton.methods.inversion import gravity
from craton.methods.inversion_slabs import SlabOperator
from craton.process import workers
from craton.process.processes import _load_plugins

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
            n_workers=2,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            memory_limit=None,
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


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Folder of a node with a table and grids, which each test has a copy of."""
    folder = tmp_path_factory.mktemp("made") / "node"
    with craton.create(folder) as node:
        put(node, pd.DataFrame({"site": ["A"], "gold": [0.2]}), "table", id="sites")
        put(node, _relief(), "grid", id="relief")
        put(node, _anomaly(), "grid", id="anomaly")
    return folder


@pytest.fixture
def node(tmp_path, made, plugins, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(plugins))
    monkeypatch.syspath_prepend(str(plugins))
    _load_plugins.cache_clear()
    with craton.open(shutil.copytree(made, tmp_path / "node")) as opened:
        yield opened


def _anomaly():
    """Gravity in mGal of a body, on 7 x 6 cells."""
    northing, easting = np.arange(7)[::-1] * 100.0 + 2e6, np.arange(6) * 100.0 + 5e5
    field = np.exp(-((northing[:, None] - 2.0003e6) ** 2 + (easting[None, :] - 5.0025e5) ** 2) / 4e4)
    attributes = {"units": "mGal", "standard_name": "bouguer_anomaly"}
    return xr.Dataset(
        {"anomaly": (("northing", "easting"), field, attributes)},
        {"northing": northing, "easting": easting}, {"crs": "EPSG:32648"},
    )  # fmt: skip


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


def test_an_inversion_shares_out_its_work(node, cluster):
    """A job whose process asks for workers, on the cluster: the same volume to the byte, and no worker waits."""
    request = Request(process="inversion.gravity", inputs={"grid": "anomaly"}, parameters={"margin": 100.0})
    contents = []
    for address in ("", cluster.scheduler_address):
        with _manager(node, address) as manager:
            job = manager.wait(manager.submit(request).id, 200)
        assert job.state == "successful", job.fault
        contents.append([node[id].record.content for id in job.results.values()])
        for id in job.results.values():
            node.remove(id)
    assert contents[0] == contents[1]


def test_slabs_on_a_cluster_are_those_of_one_process(cluster, monkeypatch):
    """A plain call whose mesh is in four slabs: equal to the last digit, also when a worker dies on the way."""
    monkeypatch.setattr(inversion_slabs, "SLAB", 250)
    field = _anomaly()["anomaly"].assign_attrs(crs="EPSG:32648")
    options = {"grid": field, "margin": 100.0, "deviation": 0.02, "trend": "none", "height": 2.0, "top": 0.0}
    alone = gravity(**options).model
    with distributed.Client(cluster) as client, workers.given(ClusterWorkers(client)):
        shared = gravity(**options).model
        operator = SlabOperator(
            Mesh(0.0, 0.0, 0.0, (10.0, 10.0, 10.0), (8, 9, 9)), np.array([[40.0, 40.0, 2.0]]),
            gravity_coefficients(),
        )  # fmt: skip
        first = operator.adjoint(np.ones(1, np.float32))
        _kill(cluster, next(iter(cluster.scheduler.workers)))
        again = operator.adjoint(np.ones(1, np.float32))
    xr.testing.assert_identical(shared, alone)
    np.testing.assert_array_equal(first, again)


class _Slow:
    """What a worker keeps."""

    def wait(self, seconds):
        """Answer after a while."""
        time.sleep(seconds)


def _ask_for_long():
    with workers.given(ClusterWorkers()):
        kept = workers.current().keep(_Slow, [()])
        for _ in range(400):
            workers.current().ask(kept, "wait", [0.05])


def test_a_dismissed_job_asks_no_more(cluster):
    """When whoever waits for a task goes away, its shared work ends soon and nothing of it is kept."""
    with distributed.Client(cluster) as watcher:

        def tasks():
            held = watcher.run(lambda dask_worker: list(map(str, dask_worker.state.tasks)))
            return [name for names in held.values() for name in names if "_ask_for_long" in name]

        with distributed.Client(cluster, set_as_default=False) as dismissed:
            future = dismissed.submit(_ask_for_long, pure=False)
            assert _soon(tasks, bool)
            del future
        assert _soon(tasks, lambda names: not names)


def _soon(told, wanted):
    """Whether what `told` gives is as `wanted` within a few seconds."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if wanted(told()):
            return True
        time.sleep(0.1)
    return False


def test_a_worker_killed_in_the_middle(node, cluster):
    """One worker dies while it computes: another takes its work, and the result is right."""
    request = Request(process="misbehaving.slow_double", inputs={"table": "sites"}, parameters={"wait": 4})
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
        bad = manager.submit(Request(process="misbehaving.exits", inputs={"table": "sites"}))
        ended = manager.wait(bad.id, 250)
        good = manager.submit(Request(process="misbehaving.count", inputs={"table": "sites"}))
        assert manager.wait(good.id, 200).state == "successful"
    assert ended.state == "failed"
    assert "workers" in ended.fault.message
    assert node.check() == []


def test_no_cluster_at_the_address_is_said(node):
    """A job for a cluster that is not there fails with the address and what to do."""
    with _manager(node, "tcp://127.0.0.1:9") as manager:
        job = manager.submit(Request(process="misbehaving.count", inputs={"table": "sites"}))
        ended = manager.wait(job.id, 100)
    assert ended.state == "failed"
    assert "tcp://127.0.0.1:9" in ended.fault.message


def test_the_address_is_a_setting():
    """`jobs.dask` reaches the manager."""
    from craton.cli.settings import Settings

    assert (
        Settings(jobs=JobSettings(dask="tcp://there:8786")).manager_options().scheduler == "tcp://there:8786"
    )


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
