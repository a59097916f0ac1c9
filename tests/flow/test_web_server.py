"""A node on the web under stress: what may not be seen, malformed requests, waiting, callbacks, ends of all kinds."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time

import httpx
import pytest
from tests.serving import COMMAND, Listener, Served, make_node, plugins

import craton

SITES = {"table": "sites-1"}
QUEUE = 40


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return plugins(tmp_path_factory.mktemp("web") / "plugins")


@pytest.fixture(scope="module")
def served(tmp_path_factory, path):
    folder = tmp_path_factory.mktemp("web")
    scratch = folder / "scratch"
    scratch.mkdir()
    settings = {"CRATON_WEB_QUEUE": str(QUEUE), "CRATON_JOBS_WORKERS": "2", "TMPDIR": str(scratch)}
    with Served(make_node(folder / "node"), path, settings=settings) as server:
        yield server


@pytest.fixture
def node(tmp_path):
    """Folder of a node of the test's own."""
    return make_node(tmp_path / "node")


def test_private_records_do_not_exist(served):
    """What a visitor may not see is not listed, counted, found, given, used or told apart from what is not there."""
    page = served.get("/datasets").json()
    ids = [one["id"] for one in page["features"]]
    assert "secret-1" not in ids
    assert page["numberMatched"] == len(ids)
    for more in ("", "@1", "/provenance", "/data", "/assets/data", "/assets/data/data.parquet"):
        hidden, absent = (served.get(f"/datasets/{id}{more}", 404).json() for id in ("secret-1", "nothing-1"))
        assert json.dumps(hidden).replace("secret-1", "nothing-1") == json.dumps(absent)
    hidden, absent = (
        served.run("misbehaving.count", {"table": id}, status=404).json() for id in ("secret-1", "nothing-1")
    )
    assert json.dumps(hidden).replace("secret-1", "nothing-1") == json.dumps(absent)


def test_jobs_of_others_do_not_exist(served):
    """Jobs that were not asked for on the web are not listed, told, or stopped."""
    with craton.open(served.folder) as node:
        from craton.jobs.job import Job

        job = node.queue.put(Job(id="", process="misbehaving.count", key="of-the-owner", state="failed"))
    assert job.id not in [one["jobID"] for one in served.get("/jobs?limit=1000").json()["jobs"]]
    served.get(f"/jobs/{job.id}", 404)
    served.get(f"/jobs/{job.id}/results", 404)
    assert served.client.delete(f"/jobs/{job.id}").status_code == 404


def test_steps_of_an_application_are_no_jobs_of_their_own(served):
    """A step is told within its application's job only."""
    with craton.open(served.folder) as node:
        from craton.jobs.job import Job
        from craton.model.permission import ANYONE

        parent = node.queue.put(Job(id="", app="hazard-exposure", actor=ANYONE, state="failed"))
        step = node.queue.put(
            Job(
                id="", process="misbehaving.count", actor=ANYONE, parent=parent.id, step="one", state="failed"
            )
        )
    assert served.get(f"/jobs/{parent.id}").json()["steps"][0]["step"] == "one"
    assert step.id not in [one["jobID"] for one in served.get("/jobs?limit=1000").json()["jobs"]]
    served.get(f"/jobs/{step.id}", 404)


def test_provenance(served):
    """The result tells its run in three forms; visitors are `anyone` in it."""
    wish = {"result": {"transmissionMode": "reference"}}
    said = served.run("misbehaving.count", {**SITES, "number": 5}, outputs=wish, response="document").json()
    address = said["result"]["href"]
    graph = served.get(address + "/provenance").json()
    assert [node["title"] for node in graph["nodes"] if node["type"] == "run"] == ["misbehaving.count"]
    prov = served.get(address + "/provenance?f=prov").json()
    assert prov["prefix"]["dataset"] == f"{served.address}/datasets/"
    assert "anyone" in json.dumps(prov["agent"])
    assert served.get(address + "/provenance?f=ro-crate").json()["@context"]
    served.get(address + "/provenance?f=none", 400)


def test_bytes_of_an_asset(served):
    """Stored bytes are given whole, in ranges, and not again to who has them."""
    address = "/datasets/sites-1/assets/data"
    whole = served.get(address)
    tag = whole.headers["etag"]
    assert whole.content[:4] == whole.content[-4:] == b"PAR1"
    record = served.get("/datasets/sites-1").json()
    (link,) = (one for one in record["links"] if one["href"].endswith("/assets/data/data.parquet"))
    assert served.get(link["href"]).content == whole.content
    part = served.get(address, 206, headers={"Range": "bytes=0-3"})
    assert part.content == b"PAR1"
    assert part.headers["content-range"] == f"bytes 0-3/{len(whole.content)}"
    assert served.get(address, 206, headers={"Range": "bytes=-4"}).content == b"PAR1"
    several = served.get(address, 206, headers={"Range": "bytes=0-3,8-9"})
    assert several.headers["content-type"].startswith("multipart/byteranges")
    served.get(address, 416, headers={"Range": "bytes=99999999-"})
    assert served.get(address, 304, headers={"If-None-Match": tag}).content == b""
    assert (
        served.get(address, 200, headers={"Range": "bytes=0-3", "If-Range": '"other"'}).content
        == whole.content
    )
    assert served.client.head(address).headers["content-length"] == str(len(whole.content))
    served.get("/datasets/sites-1/assets/none", 404)
    served.get("/datasets/sites-1/assets/data/none", 404)


@pytest.mark.parametrize(
    ("form", "media_type", "start"),
    [
        ("", "application/geo+json", b"{"),
        ("geojson", "application/geo+json", b"{"),
        ("application/geo%2Bjson", "application/geo+json", b"{"),
        ("csv", "text/csv", b"site,"),
        ("gpkg", "application/geopackage+sqlite3", b"SQLite"),
        ("parquet", "application/vnd.apache.parquet", b"PAR1"),
    ],
)
def test_data_in_formats(served, form, media_type, start):
    """A dataset is given in each format of its kind, and nothing stays on disk afterwards."""
    reply = served.get(f"/datasets/sites-1/data?f={form}" if form else "/datasets/sites-1/data")
    assert reply.headers["content-type"].partition(";")[0] == media_type
    assert reply.content.startswith(start)
    served.get("/datasets/sites-1/data?f=exe", 400)
    end = time.monotonic() + 10
    while left := list((served.folder.parent / "scratch").iterdir()):
        assert time.monotonic() < end, left
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", {}, 400),
        (b"{", {}, 400),
        (b"[]", {}, 400),
        (b"null", {}, 400),
        (b'{"inputs": []}', {}, 400),
        (b'{"inputs": {"table": "sites-1", "number": NaN}}', {}, 400),
        (b'{"inputs": {"table": "sites-1", "number": 1e999}}', {}, 400),
        (b'{"inputs": {"table": "\\ud800"}}', {}, 400),
        (b'{"inputs": {"table": "\xff"}}', {}, 400),
        (b'{"inputs": {"table": "sites-1@99999999999999999999"}}', {}, 404),
        (b'{"inputs": {"table": "sites-1@' + b"9" * 5000 + b'"}}', {}, 404),
        (b'{"inputs": {"table": "a\\u0000b"}}', {}, 404),
        (b'{"outputs": null}', {}, 400),
        (b'{"response": "both"}', {}, 400),
        (b'{"outputs": {"result": {"transmissionMode": "mail"}}}', {}, 400),
        (b'{"subscriber": {"successUri": 3}}', {}, 400),
        (b"[" * 200_000, {}, 400),
        (b'{"a":' * 100_000, {}, 400),
        (b"x" * (1 << 20) + b"x", {}, 413),
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"{}", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ],
)
def test_malformed_bodies(served, body, headers, status):
    """No body whatever is answered by anything but what is wrong with it."""
    headers = {"Content-Type": "application/json", **headers}
    reply = served.client.post("/processes/misbehaving.count/execution", content=body, headers=headers)
    assert reply.status_code == status, reply.text
    assert reply.json()["status"] == status


def test_a_body_without_a_stated_length_is_measured(served):
    """A body sent in pieces is refused once it is too large."""
    pieces = (b" " * 65536 for _ in range(40))
    reply = served.client.post(
        "/processes/misbehaving.count/execution", content=pieces, headers={"Content-Type": "application/json"}
    )
    assert reply.status_code == 413


@pytest.mark.parametrize(
    "address",
    [
        "/datasets/%00", "/datasets/%ff", "/datasets/..%2f..%2fetc%2fpasswd", "/datasets/sites-1@x",
        "/datasets/sites-1@99999999999999999999", "/datasets/sites-1@" + "9" * 5000,
        "/datasets/sites-1/assets/data/..%2f..%2fcraton.toml", "/datasets/sites-1/assets/..%2f/x",
        "/jobs/%00", "/jobs/%ff%fe", "/processes/%00", "/apps/%ff", "/jobs/%e2%80%ae", "/datasets/" + "a" * 4000,
        "/processes/..%2f", "/datasets//data", "/jobs/", "/datasets/sites-1/assets/data/",
    ],
)  # fmt: skip
def test_malformed_addresses(served, address):
    """No address is answered by a fault."""
    assert served.get(address, 404).json()["status"] == 404


def test_malformed_queries(served):
    """No query is answered by a fault."""
    for query in ("limit=%ff", "limit=%00", "offset=1e9", "offset=٣", "limit=²", "limit=", "f=xml", "%00=1"):
        served.get(f"/datasets?{query}", 400)
    served.get("/jobs?processID=%00,%ff")
    for query in ("datetime=%00", "datetime=9999-99-99/..", "minDuration=nan", "minDuration=1e999"):
        served.get(f"/jobs?{query}", 400)
    assert served.get("/datasets?offset=999999999").json()["features"] == []


def test_a_full_queue_is_told(served):
    """With as many jobs waiting as may wait, the next is refused with when to ask again."""
    jobs, refused = [], None
    for number in range(QUEUE + 10):
        inputs = {**SITES, "wait": 30 + number / 1000}
        body = {"inputs": inputs}
        reply = served.client.post(
            "/processes/misbehaving.slow_double/execution", json=body, headers={"Prefer": "respond-async"}
        )
        if reply.status_code == 503:
            refused = reply
            break
        jobs.append(reply.json()["jobID"])
    for id in jobs:
        assert served.client.delete(f"/jobs/{id}").status_code == 200
    assert QUEUE <= len(jobs) <= QUEUE + 2
    assert refused.headers["retry-after"] == "30"
    assert refused.json()["type"] == "urn:craton:problem:busy"


def test_many_who_wait_do_not_hold_up_the_rest(served):
    """While thirty clients wait for their results, another is answered at once; all get their own."""
    replies: dict[int, httpx.Response] = {}

    def ask(number):
        body = {"inputs": {**SITES, "wait": 0.2 + number / 1000}}
        replies[number] = httpx.post(
            f"{served.address}/processes/misbehaving.slow_double/execution", json=body, timeout=60
        )

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    start = time.monotonic()
    for _ in range(20):
        served.get("/datasets")
    elapsed = time.monotonic() - start
    for thread in threads:
        thread.join()
    assert [replies[n].status_code for n in range(30)] == [200] * 30
    assert len({reply.text for reply in replies.values()}) == 30
    assert elapsed < 5


def test_who_goes_away_is_not_waited_for(served):
    """A client that leaves ends its waiting; its job goes on, and asking again gives the result."""
    inputs = {**SITES, "wait": 1.5}
    served.job("misbehaving.count", SITES)  # gives the client the cookie that its jobs are known by
    with pytest.raises(httpx.ReadTimeout):
        served.client.post(
            "/processes/misbehaving.slow_double/execution", json={"inputs": inputs}, timeout=0.5
        )
    (job,) = served.get("/jobs?processID=misbehaving.slow_double&status=running&limit=1").json()["jobs"]
    assert served.wait(job)["status"] == "successful"
    assert served.wait(served.job("misbehaving.slow_double", inputs))["reused"] is True


def _allow(node, listener):
    settings = (node / "craton.toml").read_text()
    (node / "craton.toml").write_text(f'{settings}\n[web]\ncallback_hosts = ["{listener.host}"]\n')


def test_callbacks(node, path):
    """/req/callback/job-callback: the allowed host hears of progress and of the end, even where it fails first."""
    with Listener(500) as listener:
        _allow(node, listener)
        with Served(node, path) as served:
            names = {"successUri": "/done?token=1", "failedUri": "/failed", "inProgressUri": "/progress"}
            subscriber = {name: f"http://{listener.host}{place}" for name, place in names.items()}
            only_end = {"successUri": subscriber["successUri"]}
            job = served.job("misbehaving.count", SITES, subscriber=only_end)
            first, again = listener.wait("/done?token=1", 2)
            assert first[1] == again[1]
            assert again[1]["result"]["href"].startswith(served.address + "/datasets/count-")
            assert again[2]["Link"] == f'<{served.address}/jobs/{job["jobID"]}>; rel="monitor"'
            served.job("misbehaving.raises", SITES, subscriber=subscriber)
            ((_, failed, _),) = listener.wait("/failed")
            assert (failed["status"], failed["processID"]) == ("failed", "misbehaving.raises")
            served.job("misbehaving.waits", {**SITES, "number": 3}, subscriber=subscriber)
            assert listener.wait("/progress")[-1][1]["status"] == "running"
            assert len(listener.wait("/done?token=1", 3)) == 3


def test_callbacks_that_are_not_allowed(served):
    """An address that the settings do not name is refused before anything runs."""
    before = len(served.get("/jobs?limit=1000").json()["jobs"])
    for address in (
        "http://127.0.0.1:9/", "http://localhost/", "ftp://allowed.example/", "file:///etc/passwd", "//x", "",
        "http://user@allowed.example/", "http://allowed.example\r\nX: y/", "http://[::1/",
    ):  # fmt: skip
        said = served.run("misbehaving.count", SITES, subscriber={"successUri": address}, status=400).json()
        assert "subscriber.successUri" in said["detail"]
    served.run("misbehaving.count", SITES, subscriber={"otherUri": "http://a/"}, status=400)
    assert len(served.get("/jobs?limit=1000").json()["jobs"]) == before


def test_a_callback_is_not_led_elsewhere(node, path):
    """A redirect of the allowed host is not followed."""
    with Listener() as other, Listener(302, location=f"http://{other.host}/") as listener:
        _allow(node, listener)
        with Served(node, path) as served:
            subscriber = {"successUri": f"http://{listener.host}/done"}
            served.wait(served.job("misbehaving.count", SITES, subscriber=subscriber))
            listener.wait("/done")
        assert other.calls == []


def test_a_callback_is_made_after_a_restart(node, path):
    """A server killed before the end of a job calls back about it when it runs again."""
    with Listener() as listener:
        _allow(node, listener)
        with Served(node, path) as served:
            subscriber = {"successUri": f"http://{listener.host}/done"}
            job = served.job("misbehaving.slow_double", {**SITES, "wait": 2}, subscriber=subscriber)
            served.wait(job, "running")
            served.kill()
            served.start()
            assert served.wait(job)["status"] == "successful"
            listener.wait("/done")


def test_a_killed_server_loses_no_job_and_makes_no_second_result(node, path):
    """`kill -9` with jobs queued and running: after the restart all are done, each result once."""
    with Served(node, path, settings={"CRATON_JOBS_WORKERS": "2"}) as served:
        wish = {"result": {"transmissionMode": "reference"}}
        jobs = [
            served.job(
                "misbehaving.slow_double",
                {**SITES, "wait": 0.3 + n / 1000},
                response="document",
                outputs=wish,
            )
            for n in range(12)
        ]
        for _ in range(2):
            served.wait(jobs[-1], "accepted", "running")
            time.sleep(0.5)
            served.kill()
            served.start()
        ended = [served.wait(job, seconds=120) for job in jobs]
        assert [job["status"] for job in ended] == ["successful"] * 12
        results = [served.get(f"/jobs/{job['jobID']}/results").json()["result"]["href"] for job in jobs]
        records = [served.get(address).json() for address in results]
    assert len({record["id"] for record in records}) == 12
    assert {record["properties"]["craton:version"] for record in records} == {1}
    with craton.open(node) as opened:
        assert opened.check() == []


def test_a_server_that_ends_puts_its_jobs_back(node, path):
    """Asked to end, the server tells who waits, puts running jobs back, and ends soon; the next one goes on."""
    with Served(node, path) as served:
        job = served.job("misbehaving.slow_double", {**SITES, "wait": 4})
        served.wait(job, "running")
        waiting: list[httpx.Response] = []
        body = {"inputs": {**SITES, "wait": 5}}
        address = f"{served.address}/processes/misbehaving.slow_double/execution"
        thread = threading.Thread(target=lambda: waiting.append(httpx.post(address, json=body, timeout=60)))
        thread.start()
        time.sleep(0.7)
        start = time.monotonic()
        served.end()
        assert time.monotonic() - start < 8
        thread.join()
        assert (waiting[0].status_code, waiting[0].headers["retry-after"]) == (503, "30")
        with craton.open(node) as opened:
            assert opened.queue.get(job["jobID"]).state == "accepted"
            assert opened.queue.get(job["jobID"]).attempts == 0
        served.start()
        assert served.wait(job)["status"] == "successful"


def test_who_hardly_sends_does_not_keep_the_server_from_ending(node, path):
    """A client that begins a request and sends no more is left when the server ends."""
    with Served(node, path) as served:
        host, _, port = served.address.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port))) as half:
            half.sendall(b"POST /processes/misbehaving.count/execution HTTP/1.1\r\nHost: x\r\nContent-Type: "
                         b"application/json\r\nContent-Length: 100\r\n\r\n{")  # fmt: skip
            time.sleep(0.3)
            served.end()


def test_a_port_that_is_taken_is_told(served):
    """A second server at the same port is refused, with what to do; it never shares it."""
    port = served.address.rpartition(":")[2]
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, "serve", str(served.folder), "--port", port],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert "cannot be listened at" in done.stderr
    assert "Traceback" not in done.stderr
