"""A node in operation: its log, its numbers, whether it is alive and ready, its end; and edits of its records."""

from __future__ import annotations

import json
import os
import socket
import threading
import time

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient
from tests.persons import add_people, clients
from tests.serving import Served, make_node, plugins

import craton
from craton.web.app import make_app
from craton.web.operations_log import RequestLog
from craton.web.site import Site, SiteOptions

SITES = {"table": "sites-1"}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return plugins(tmp_path_factory.mktemp("web") / "plugins")


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    folder = make_node(tmp_path_factory.mktemp("operations") / "node")
    return folder, add_people(folder)


@pytest.fixture(scope="module")
def served(node, path):
    with Served(node[0], path) as server:
        yield server


@pytest.fixture(scope="module")
def people(served, node):
    found = clients(served, node[1])
    yield found
    for client in found.values():
        client.close()


def _numbers(text):
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_health_and_readiness(served):
    """The server tells that it answers, and that the node can do its work."""
    assert served.get("/health").json() == {"status": "alive"}
    assert served.get("/ready").json() == {"status": "ready", "reasons": []}
    assert served.client.head("/health").status_code == 200
    served.get("/health?x=1", 400)
    assert served.client.post("/ready").status_code == 405


def test_numbers(served):
    """What was asked is counted by route, method and status; the node's own numbers stand beside."""
    before = _numbers(served.get("/metrics").text)
    for _ in range(3):
        served.get("/datasets/sites-1")
    served.get("/datasets/nothing", 404)
    served.get("/no/such/place", 404)
    reply = served.get("/metrics")
    assert reply.headers["content-type"].startswith("text/plain")
    after = _numbers(reply.text)

    def more(name, **labels):
        key = (name, *sorted(labels.items()))
        return after[key] - before.get(key, 0)

    route = {"route": "/datasets/{dataset}", "method": "GET"}
    assert more("craton_http_requests_total", status="200", **route) == 3
    assert more("craton_http_requests_total", status="404", **route) == 1
    assert more("craton_http_request_seconds_count", **route) == 4
    assert more("craton_http_requests_total", status="404", route="(none)", method="GET") == 1
    assert after["craton_catalogue_sequence",] > 0
    assert after["craton_records", ("kind", "grid")] >= 2
    assert after["craton_jobs", ("state", "running")] == 0
    assert after["craton_disk_free_bytes",] > 0
    assert after["process_resident_memory_bytes",] > 1e6
    assert after["craton_http_in_flight",] == 1


def test_numbers_are_for_this_machine_and_managers(served, people):
    """A request that came through a proxy is not of this machine; a manager's is welcome from anywhere."""
    through = {"X-Forwarded-For": "203.0.113.7"}
    assert served.get("/metrics", 403, headers=through).json()["type"] == "urn:craton:problem:forbidden"
    assert people["boss"].get("/metrics", headers=through).status_code == 200
    assert people["gea"].get("/metrics", headers=through).status_code == 403


def test_request_identifiers(served):
    """Each reply names its request; a sound identifier of who asks is taken over, another one is not."""
    assert served.get("/health", headers={"X-Request-Id": "abc-1.2"}).headers["x-request-id"] == "abc-1.2"
    made = {served.get("/health").headers["x-request-id"] for _ in range(3)}
    assert len(made) == 3
    for odd in ("", "a b", "x" * 65, "é", 'a"b', "<script>"):
        told = served.get("/health", headers={b"X-Request-Id": odd.encode()}).headers["x-request-id"]
        assert told != odd


@pytest.mark.parametrize("form", ["json", "text"])
def test_log(node, path, form):
    """The log has a line for each request, whatever the address says, with who asked and how it went."""
    server = Served(node[0], path, settings={"CRATON_WEB_LOG": form})
    server.start()
    headers = {"Authorization": f"Bearer {node[1]['gea']}", "X-Request-Id": "mine"}
    server.get("/datasets/secret-1", headers=headers)
    server.get("/datasets/a%0Afake%1b[31m", 404)
    lines = [line for line in server.end().splitlines() if "/datasets/" in line]
    assert len(lines) == 2
    if form == "json":
        first, second = map(json.loads, lines)
        wanted = {
            "method": "GET", "route": "/datasets/{dataset}", "path": "/datasets/secret-1", "status": 200,
            "actor": "gea", "id": "mine", "event": "request",
        }  # fmt: skip
        assert wanted.items() <= first.items()
        assert first["ms"] > 0 < first["bytes"]
        assert second["path"] == "/datasets/a\nfake\x1b[31m"
    else:
        assert "200 GET /datasets/secret-1 route=/datasets/{dataset}" in lines[0]
        assert "actor=gea id=mine" in lines[0]
        assert r"a\nfake\x1b[31m" in lines[1]


def test_a_log_that_nobody_reads_holds_nothing_up():
    """Lines for which there is no room are left out and counted; who logs never waits."""
    reading, writing = os.pipe()
    log = RequestLog("json", descriptor=writing)
    start = time.monotonic()
    for number in range(60_000):
        log.request({"time": 0.0, "event": "request", "id": str(number)})
    assert time.monotonic() - start < 30
    assert log.dropped > 0
    threading.Thread(target=lambda: [None for _ in iter(lambda: os.read(reading, 1 << 16), b"")]).start()
    log.close()
    os.close(writing)


@pytest.fixture
def faulty(node, capfd):
    """A client of an application in this process, one of whose parts is broken; it logs to standard error."""
    with craton.open(node[0]) as opened, opened.manager() as manager:
        site = Site(opened.store, manager, None, SiteOptions(log="json"))
        app = make_app(site, None)
        broken = next(route for route in app.router.routes if getattr(route, "path", "") == "/health")

        async def fault(scope, receive, send):
            raise ValueError("a secret of the machine")

        broken.app = fault
        with TestClient(app, raise_server_exceptions=False) as client:
            yield client, site
        site.operations.close()


def test_faults_are_in_the_log_and_not_in_the_reply(faulty, capfd):
    """A fault of ours is told by the request's identifier only; the log has the traceback under it."""
    client, site = faulty
    reply = client.get("/health", headers={"X-Request-Id": "r-1"})
    assert reply.status_code == 500
    assert reply.headers["x-request-id"] == "r-1"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.json()["instance"] == "urn:craton:request:r-1"
    assert "secret" not in reply.text
    site.operations.close()
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if line.startswith("{")]
    (fault,) = (line for line in lines if line["event"] == "fault")
    assert fault["id"] == "r-1"
    assert fault["error"] == "ValueError: a secret of the machine"
    assert "Traceback" in fault["traceback"]
    assert [line["status"] for line in lines if line["event"] == "request"] == [500]


def test_numbers_for_anyone(faulty):
    """The setting `web.metrics = "open"` opens the numbers; without it, who is elsewhere gets none."""
    client, site = faulty
    assert client.get("/metrics").status_code == 403
    site.operations.openness = "open"
    assert client.get("/metrics").status_code == 200


def test_a_node_that_is_not_ready_says_why(faulty, monkeypatch):
    """Without room on the disk, without a manager, or while it ends, the node is not ready."""
    client, site = faulty
    monkeypatch.setattr("craton.web.operations_node.LEAST_FREE", 1 << 62)
    (why,) = client.get("/ready").json()["reasons"]
    assert "are free on the node's disk" in why
    monkeypatch.undo()
    site.operations.end()
    reply = client.get("/ready")
    assert (reply.status_code, reply.json()["reasons"]) == (503, ["the node is ending"])
    refused = client.get("/datasets")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")
    assert client.get("/metrics").status_code == 403


def test_what_is_being_sent_is_finished(node, tmp_path, path):
    """Asked to end, the server sends a file that was begun to its end; new connections are not taken."""
    folder = node[0]
    big = tmp_path / "big.bin"
    big.write_bytes(os.urandom(24 << 20))
    with craton.open(folder) as opened:
        (outcome,) = opened.add(big)
    server = Served(folder, path)
    server.start()
    host, _, port = server.address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as slow:
        slow.sendall(f"GET /datasets/{outcome.record}/assets/source HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        head = slow.recv(1 << 16)
        ending = threading.Thread(target=server.end)
        ending.start()
        time.sleep(0.5)
        got = len(head.partition(b"\r\n\r\n")[2])
        while got < 24 << 20:
            block = slow.recv(1 << 18)
            assert block, f"cut after {got} bytes"
            got += len(block)
            time.sleep(0.005)
    ending.join()
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.address)


# Edits.


def test_edits_stay_when_the_source_is_added_again(tmp_path):
    """What a manager says of a dataset stands when its source changes, and goes when it is deleted."""
    from craton.model.edits import edits_of

    source = tmp_path / "wells.csv"
    source.write_text("lon,lat,depth_m\n101,18,20\n102,19,30\n")
    with craton.create(tmp_path / "node") as node:
        (outcome,) = node.add(source)
        patch = {"title": {"en": "Wells"}, "visibility": "private", "licence": "CC BY 4.0", "keywords": ["w"]}
        edited = node.store.edit(outcome.record, edits_of(node[outcome.record].record, patch))
        assert edited.version == 2
        source.write_text("lon,lat,depth_m\n101,18,20\n102,19,31\n")
        (again,) = node.add(source)
        record = node[again.record].record
        assert (again.outcome, record.version) == ("updated", 3)
        assert record.title["en"] == "Wells"
        assert (record.visibility, record.licence, record.keywords) == ("private", "CC-BY-4.0", ("w",))
        assert "licence-missing" not in {finding.code for finding in record.findings}
        assert node.check() == []
        node.remove(record.id)
        node.add(source)
        assert node[record.id].record.visibility == "public"


def test_an_edited_document_is_found_by_its_text(tmp_path):
    """An edit adds words to find a document by, and takes none of its text away."""
    from craton.model.edits import edits_of

    source = tmp_path / "report.txt"
    source.write_text("A report on tourmaline in the pegmatites of the north.\n")
    with craton.create(tmp_path / "node") as node:
        (outcome,) = node.add(source)
        record = node[outcome.record].record
        node.store.edit(record.id, edits_of(record, {"title": {"en": "Geologist's note"}}))
        for text in ("tourmaline", "note"):
            assert [one.id for one in node.find(text=text)] == [record.id]
        assert node.check() == []


def test_editing_on_the_web(served, people):
    """Managers edit, bound to the version that they saw; others learn nothing and change nothing."""
    boss, gea = people["boss"], people["gea"]
    version = boss.get("/datasets/sites-1").json()["properties"]["craton:version"]
    patch = {"title": {"lo": "ສະຖານທີ່"}, "keywords": ["gold"], "parties": [{"name": "DGM"}]}
    assert served.client.patch("/datasets/sites-1", json=patch).status_code == 401
    assert gea.patch("/datasets/sites-1", json=patch).status_code == 403
    assert served.client.patch("/datasets/secret-1", json=patch).status_code == 404
    assert boss.patch("/datasets/none-1", json=patch).status_code == 404
    assert boss.patch("/datasets/sites-1@1", json=patch).status_code == 400
    stale = boss.patch("/datasets/sites-1", json=patch, headers={"If-Match": f'"{version + 7}"'})
    assert (stale.status_code, stale.headers["etag"]) == (412, f'"{version}"')
    done = boss.patch("/datasets/sites-1", json=patch, headers={"If-Match": f'"{version}"'})
    assert (done.status_code, done.headers["etag"]) == (200, f'"{version + 1}"')
    assert done.json()["properties"]["craton:version"] == version + 1
    assert "gold" in served.get("/datasets/sites-1").json()["properties"]["keywords"]
    merge = {"Content-Type": "application/merge-patch+json"}
    same = boss.patch("/datasets/sites-1", content=json.dumps({"keywords": ["gold"]}), headers=merge)
    assert same.headers["etag"] == f'"{version + 1}"'
    hidden = boss.patch("/datasets/sites-1", json={"visibility": "private"})
    assert hidden.status_code == 200
    served.get("/datasets/sites-1", 404)
    assert boss.patch("/datasets/sites-1", json={"visibility": "public"}).status_code == 200
    served.get("/datasets/sites-1")


@pytest.mark.parametrize(
    "patch",
    [
        {"id": "x"}, {"title": None}, {"title": {"en": None, "und": None, "lo": None}},
        {"title": {"e n": "x"}}, {"title": 5}, {"title": "x" * 501}, {"title": {"en": "a\u0000b"}},
        {"licence": "no such licence at all, really"}, {"licence": 5}, {"keywords": "gold"},
        {"keywords": [5]}, {"keywords": ["x"] * 201}, {"parties": [{"role": "owner"}]},
        {"parties": [{"name": "x", "age": 5}]}, {"visibility": "secret"}, {"visibility": None},
        {"description": {"en": 5}}, {"assets": {}},
    ],
)  # fmt: skip
def test_edits_that_cannot_be(people, patch):
    """What cannot be said of a dataset is refused, with what can."""
    reply = people["boss"].patch("/datasets/sites-1", json=patch)
    assert (reply.status_code, reply.json()["type"]) == (400, "urn:craton:problem:invalid")


def test_deleting_on_the_web(served, people, node):
    """Managers delete, with a reason that neighbours hear; others do not."""
    with craton.open(node[0]) as opened:
        import pandas as pd
        from tests.serving import put

        put(opened, pd.DataFrame({"a": [1]}), "table", id="gone-1")
    address = "/datasets/gone-1?reason=wrong"
    assert served.client.delete(address).status_code == 401
    assert people["geo"].delete(address).status_code == 403
    assert people["boss"].delete("/datasets/gone-1", headers={"If-Match": '"9"'}).status_code == 412
    assert people["boss"].delete("/datasets/gone-1?why=x").status_code == 400
    assert people["boss"].delete(address).status_code == 204
    assert people["boss"].delete(address).status_code == 404
    with craton.open(node[0]) as opened:
        (grave,) = (one for one in opened.store.changes(limit=10**6) if one.id == "gone-1")
        assert grave.reason == "wrong"


def test_set_command(node, capsys):
    """`craton set` edits as the web does."""
    from click.testing import CliRunner

    from craton.cli.commands import craton as command

    runner = CliRunner()
    values = ["title.en=Places", "keywords=a, b", "owner=DGM", "visibility=partners"]
    done = runner.invoke(command, ["set", str(node[0]), "sites-1", *values, "--json"])
    assert done.exit_code == 0, done.output
    record = json.loads(done.stdout)
    assert (record["title"]["en"], record["keywords"], record["visibility"]) == (
        "Places",
        ["a", "b"],
        "partners",
    )
    runner.invoke(command, ["set", str(node[0]), "sites-1", "visibility=public"])
    for wrong in ("colour=red", "visibility", "visibility=all", "parties=x"):
        assert runner.invoke(command, ["set", str(node[0]), "sites-1", wrong]).exit_code != 0
