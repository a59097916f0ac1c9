"""Jobs from the command line: run, reused, stopped, taken up again, and left whole by whatever goes wrong."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from tests.plugin import install

import craton
from craton.jobs.job import JobLimits
from craton.jobs.manager import Manager, submit
from craton.jobs.pool import InProcess, Pool
from craton.jobs.submission import Request
from craton.model.errors import ConflictError, ContractError, NotFoundError
from craton.model.permission import ANYONE
from craton.process.processes import _load_plugins

CRATON = [sys.executable, "-c", "from craton.cli import main; main()"]


@pytest.fixture(scope="module")
def plugin_path(tmp_path_factory):
    return install(tmp_path_factory.mktemp("plugins"), "misbehaving")


@pytest.fixture
def environment(plugin_path, monkeypatch):
    """The plugin is installed, for this process and for those it starts."""
    monkeypatch.setenv("PYTHONPATH", str(plugin_path))
    monkeypatch.syspath_prepend(str(plugin_path))
    _load_plugins.cache_clear()


ROWS = "".join(f"S{i},{100 + i / 10},18.5,{i}\n" for i in range(30))
SITES = f"site,longitude,latitude,gold_ppm\n{ROWS}"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Folder of a node with a table, which each test has a copy of."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "sites.csv").write_text(SITES)
    with craton.create(folder / "node") as node:
        node.add(folder / "sites.csv", licence="CC-BY-4.0")
    return folder / "node"


@pytest.fixture
def node(tmp_path, made, environment):
    with craton.open(shutil.copytree(made, tmp_path / "node")) as opened:
        yield opened


class KeptPool(Pool):
    """A pool that outlives the managers that use it."""

    def close(self):
        """Not yet."""


@pytest.fixture(scope="module")
def kept_pool():
    pool = KeptPool()
    yield pool
    Pool.close(pool)


@pytest.fixture
def pool(kept_pool, environment):
    """A pool whose warm process starts, at the first run, where the plugin is installed."""
    return kept_pool


def _table(node):
    return node.find(kind="table", limit=1)[0].id


def _request(node, name, number=0, **more):
    return Request(
        process=f"misbehaving.{name}", inputs={"table": _table(node)}, parameters={"number": number}, **more
    )


def _craton(*arguments, check=True):
    done = subprocess.run([*CRATON, *map(str, arguments)], capture_output=True, text=True)
    if check and done.returncode:
        raise AssertionError(done.stderr)
    return done


def test_a_process_of_a_plugin_runs_like_our_own(node):
    """Listed, described and run from the command line; its result is a dataset with its run; again, it is reused."""
    id = _table(node)
    assert "misbehaving.count" in _craton("processes").stdout
    assert "Tells one run from another." in _craton("processes", "misbehaving.count").stdout
    arguments = (
        "run",
        node.folder,
        "misbehaving.count",
        "--input",
        f"table={id}",
        "--set",
        "number=7",
        "--json",
    )
    first, second = (json.loads(_craton(*arguments).stdout) for _ in range(2))
    assert first["state"] == second["state"] == "successful"
    assert first["results"] == second["results"]
    assert second["reused"]
    record = node[first["results"]["result"]].record
    assert node[record.id].read()["rows"].tolist() == [30]
    assert record.lineage.parents[0].id == id
    assert record.lineage.run.parameters == {"number": 7}
    assert record.licence == "CC-BY-4.0"
    assert node.check() == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("raises", "crashed"),
        ("leaks", "too-large"),
        ("loops", "too-slow"),
        ("exits", "crashed"),
        ("babbles", "crashed"),
        ("leaves_an_orphan", "crashed"),
        ("kills_itself", "crashed"),
    ],
)
def test_a_process_that_misbehaves_fails_its_own_job_only(node, pool, name, kind):
    """Whatever a process does, its job says why it failed, another job runs, and the node is whole."""
    limits = JobLimits(memory_mb=300, seconds=1 if name == "loops" else 30)
    with node.manager(pool) as manager:
        bad = manager.submit(_request(node, name, limits=limits))
        good = manager.submit(_request(node, "count", 1))
        assert manager.wait(good.id, 60).state == "successful"
        ended = manager.wait(bad.id, 60)
    assert ended.state == "failed"
    assert ended.fault.kind in ({kind, "too-large"} if name == "leaks" else {kind})
    assert f"misbehaving.{name}" in ended.fault.message
    assert node.check() == []


@pytest.fixture
def one_worker(node, pool):
    """A manager with a single place to run in."""
    options = msgspec.structs.replace(node.settings.manager_options(), workers=1)
    with Manager(node.store, node.queue, pool, options) as manager:
        yield manager


def _running(manager, job):
    end = time.monotonic() + 60
    while manager.queue.get(job.id).state != "running":
        assert time.monotonic() < end
        time.sleep(0.02)
    return job


@pytest.mark.parametrize("name", ["loops", "chatters"])
def test_a_dismissed_job_really_stops(node, one_worker, name):
    """A job that would go on, silent or reporting all the time, gives its only place to the next at once."""
    job = _running(one_worker, one_worker.submit(_request(node, name, 60)))
    time.sleep(0.5)
    one_worker.dismiss(job.id)
    following = one_worker.submit(_request(node, "count", 2))
    assert one_worker.wait(following.id, 20).state == "successful"
    assert one_worker.queue.get(job.id).state == "dismissed"
    with pytest.raises(ConflictError):
        one_worker.dismiss(job.id)
    assert one_worker.retry(job.id).state in {"accepted", "running"}
    assert node.check() == []


def test_a_job_that_is_being_stopped_is_neither_forgotten_nor_put_back(node, one_worker):
    """Until its run is gone both are refused; afterwards the worker lives and both are possible."""
    job = _running(one_worker, one_worker.submit(_request(node, "loops")))
    node.queue.dismiss(job.id)
    for act in (node.queue.forget, node.queue.retry):
        with pytest.raises(ConflictError, match="still being stopped"):
            act(job.id)
    assert one_worker.wait(one_worker.submit(_request(node, "count", 8)).id, 20).state == "successful"
    node.queue.forget(job.id)
    assert one_worker.wait(one_worker.submit(_request(node, "count", 9)).id, 20).state == "successful"


def test_what_a_foreign_process_changes_does_not_reach_the_next(node, one_worker):
    """A process that changes a module of ours spoils its own child only."""
    for name in ("meddles", "is_meddled_with"):
        request = Request(process=f"misbehaving.{name}", inputs={"table": _table(node)})
        job = one_worker.wait(one_worker.submit(request).id, 60)
    assert node[job.results["result"]].read()["meddled"].tolist() == [False]


def _open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


def test_many_runs_leave_no_open_files(node):
    """Several managers one after the other hold no more descriptors than one."""
    node.run("misbehaving.count", table=_table(node), number=0)
    before = _open_files()
    for number in range(1, 8):
        node.run("misbehaving.count", table=_table(node), number=number)
    assert _open_files() <= before + 2


def test_an_older_version_as_input(node):
    """A dataset opened at a version is run on at that version."""
    source = node.folder.parent / "sites.csv"
    for text in (SITES, "site,longitude,latitude\nA,101,18\n"):
        source.write_text(text)
        node.add(source)
    id = _table(node)
    old, new = (
        node.run("misbehaving.count", table=node[name], number=0)["result"].read()["rows"].tolist()
        for name in (f"{id}@1", id)
    )
    assert (old, new) == ([30], [1])


def test_a_result_is_as_private_as_its_input_is_now(node):
    """When the input is made private, the public result is not given again but made anew, private."""
    first = node.run("misbehaving.count", table=_table(node), number=3)["result"]
    assert first.record.visibility == "public"
    id = _table(node)
    hidden = msgspec.structs.replace(node[id].record, visibility="private")
    with node.store.transaction() as transaction:
        node.store.commit(transaction, [hidden], {})
    second = node.run("misbehaving.count", table=id, number=3)["result"]
    assert second.record.visibility == "private"
    stranger = Request(process="misbehaving.count", inputs={"table": f"{id}@1"}, actor=ANYONE)
    with pytest.raises(NotFoundError, match="no dataset"):
        submit(node.store, node.queue, stranger)


def test_progress_is_told(node, pool):
    """Percent and words of a running job are seen by whoever looks, and an estimate of what is left."""
    told = []
    with node.manager(pool) as manager:
        job = manager.submit(_request(node, "waits", 2))
        manager.wait(job.id, 60, tell=told.append)
    running = [one for one in told if one.message == "waiting"]
    assert running
    assert sorted(one.percent for one in running) == [one.percent for one in running]
    assert any(one.remaining is not None and 0 <= one.remaining < 60 for one in running if one.percent >= 1)
    assert told[-1].percent == 100


def test_in_process_a_job_is_stopped_where_it_reports(node):
    """Without a pool, a dismissed job ends at its next report of progress."""
    with Manager(node.store, node.queue, InProcess()) as manager:
        job = manager.submit(_request(node, "waits", 60))
        while manager.queue.get(job.id).percent == 0:
            time.sleep(0.05)
        manager.dismiss(job.id)
    assert node.queue.get(job.id).state == "dismissed"


def test_equal_jobs_at_the_same_time_make_one_result(node, pool):
    """Five jobs of one key, two workers: one computes, the others take its result."""
    with node.manager(pool) as manager:
        request = Request(
            process="misbehaving.slow_double", inputs={"table": _table(node)}, parameters={"wait": "500 ms"}
        )
        jobs = [manager.submit(request) for _ in range(5)]
        ended = [manager.wait(job.id, 60) for job in jobs]
    assert {job.state for job in ended} == {"successful"}
    assert len({job.results["result"] for job in ended}) == 1
    assert sum(not job.reused for job in ended) == 1
    assert node[ended[0].results["result"]].record.version == 1


def test_a_manager_that_stops_puts_its_jobs_back(node):
    """Closing the manager while a job runs loses nothing: the next one runs it."""
    with node.manager() as manager:
        job = manager.submit(_request(node, "waits", 1))
        while manager.queue.get(job.id).state != "running":
            time.sleep(0.02)
    assert node.queue.get(job.id).state == "accepted"
    with node.manager() as manager:
        assert manager.wait(job.id, 60).state == "successful"


SERVER = """
import sys
import craton
with craton.open(sys.argv[1]) as node, node.manager() as manager:
    print("ready", flush=True)
    sys.stdin.read()
"""


def test_a_killed_node_loses_no_job_and_makes_no_second_result(node):
    """`kill -9` with 20 jobs queued and 2 running: after the restart all are done, each result once."""
    jobs = [
        submit(node.store, node.queue, Request(
            process="misbehaving.slow_double", inputs={"table": _table(node)},
            parameters={"wait": 0.3 + number / 1000},
        ))
        for number in range(22)
    ]  # fmt: skip
    for _ in range(2):
        server = subprocess.Popen(
            [sys.executable, "-c", SERVER, node.folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        server.stdout.readline()
        end = time.monotonic() + 60
        while node.queue.count("running") < 2 or node.queue.count("successful") < 1:
            assert time.monotonic() < end
            time.sleep(0.02)
        time.sleep(0.1)
        os.kill(server.pid, signal.SIGKILL)
        server.communicate()
    with node.manager() as manager:
        ended = [manager.wait(job.id, 120) for job in jobs]
    assert [job.state for job in ended] == ["successful"] * 22
    records = [node[job.results["result"]].record for job in ended]
    assert {record.version for record in records} == {1}
    assert len({record.id for record in records}) == 22
    assert node.check() == []


def test_a_pool_whose_process_is_killed_is_started_again(node):
    """Killing the warm process costs no job: the one that ran is run again, and others follow."""
    pool = Pool()
    with Manager(node.store, node.queue, pool) as manager:
        assert manager.wait(manager.submit(_request(node, "count", 3)).id, 60).state == "successful"
        job = _running(manager, manager.submit(_request(node, "waits", 2)))
        time.sleep(0.3)
        os.kill(pool._process._process.pid, signal.SIGKILL)
        ended = manager.wait(job.id, 60)
        assert (ended.state, ended.attempts) == ("successful", 2)
        assert manager.wait(manager.submit(_request(node, "count", 4)).id, 60).state == "successful"
    assert node.check() == []


def test_an_unused_pool_goes_to_rest_and_wakes(node, monkeypatch):
    """Without runs for long the warm process ends, and not before; the next job starts it again."""
    pool = Pool()
    with Manager(node.store, node.queue, pool) as manager:
        assert pool._process is None
        assert manager.wait(manager.submit(_request(node, "count", 3)).id, 60).state == "successful"
        pool.rest()
        process = pool._process._process
        assert process.poll() is None
        monkeypatch.setattr("craton.jobs.pool.REST_SECONDS", 0.0)
        pool.rest()
        assert process.poll() is not None
        assert pool._process is None
        ended = manager.wait(manager.submit(_request(node, "count", 4)).id, 60)
        assert (ended.state, ended.attempts) == ("successful", 1)


@pytest.mark.parametrize(
    ("name", "inputs", "parameters", "error", "words"),
    [
        ("none", {}, {}, NotFoundError, "no process"),
        ("count", {}, {}, ContractError, "`table` must be given: the id of a table, not left out"),
        ("count", {"table": "nothing-1"}, {}, NotFoundError, "no dataset"),
        ("count", {"tables": "x"}, {}, ContractError, "one of its inputs: table"),
        ("count", {"table": ["TABLE", "TABLE"]}, {}, ContractError, "one dataset"),
        ("count", {"table": "TABLE@9"}, {}, NotFoundError, "no dataset"),
        ("count", {"table": "TABLE@x"}, {}, NotFoundError, "no dataset"),
        ("count", {"table": "TABLE"}, {"number": "-1"}, ContractError, "a whole number at least 0"),
        ("count", {"table": "TABLE"}, {"number": "1.5"}, ContractError, "a whole number at least 0"),
        ("count", {"table": "TABLE"}, {"numbers": "1"}, ContractError, "one of its parameters: number"),
        ("slow_double", {"table": "TABLE"}, {"wait": "3 km"}, ContractError, "a number in s"),
    ],
)
def test_wrong_requests_are_refused_before_they_are_queued(node, name, inputs, parameters, error, words):
    """Unknown process, input, parameter and dataset are refused with what is allowed; nothing is queued."""
    id = _table(node)
    filled = {
        k: v.replace("TABLE", id) if isinstance(v, str) else [one.replace("TABLE", id) for one in v]
        for k, v in inputs.items()
    }
    with pytest.raises(error) as caught:
        submit(
            node.store,
            node.queue,
            Request(process=f"misbehaving.{name}", inputs=filled, parameters=parameters),
        )
    assert words in str(caught.value)
    assert node.queue.find() == []


def test_a_wrong_command_ends_in_a_message(node):
    """What the process does not take is told on standard error with exit status 2, without a traceback."""
    done = _craton("run", node.folder, "misbehaving.count", "--input", "tables=x", check=False)
    assert done.returncode == 2
    assert "must be one of its inputs: table" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("seconds", [0.0, 1.5])
def test_ctrl_c_stops_the_job_and_the_command(node, seconds):
    """One interrupt, early or late, dismisses the job; the command ends with status 1 and no traceback."""
    arguments = ["run", node.folder, "misbehaving.loops", "--input", f"table={_table(node)}"]
    command = subprocess.Popen([*CRATON, *map(str, arguments)], stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 60
    while not node.queue.find():
        assert time.monotonic() < end
        time.sleep(0.02)
    time.sleep(seconds)
    command.send_signal(signal.SIGINT)
    _, said = command.communicate(timeout=60)
    assert command.returncode == 1
    assert "dismissed" in said
    assert "Traceback" not in said
    assert node.queue.find()[0].state == "dismissed"
    assert node.check() == []


def test_a_deleted_result_is_made_again(node, pool):
    """After `rm` of a result the same request computes it anew."""
    with node.manager(pool) as manager:
        first = manager.wait(manager.submit(_request(node, "count", 5)).id, 60)
        node.remove(first.results["result"])
        second = manager.wait(manager.submit(_request(node, "count", 5)).id, 60)
    assert second.state == "successful"
    assert not second.reused
    assert node[second.results["result"]].read()["number"].tolist() == [5]
