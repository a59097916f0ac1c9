"""Parts of the web room by themselves: queries, preferences, addresses, callbacks, watching, openness of schemas."""

from __future__ import annotations

import asyncio
import threading
import time

import msgspec
import pytest
from starlette.requests import Request

from craton.jobs.conditions import Range
from craton.jobs.job import Job, changed
from craton.jobs.queue import JobQueue
from craton.model.errors import ContractError, InvalidError
from craton.process.processes import processes
from craton.web.areas import AREAS
from craton.web.callbacks import Callbacks, check_callbacks, post
from craton.web.execution import _dataset, _seconds, preferences_of
from craton.web.formats import CSV, FORMATS, GEOTIFF
from craton.web.queries import page_links, times_of
from craton.web.replies import link_header, path_of
from craton.web.watching import StoppedError, Watcher

BASE = "https://node.example/craton"


def _request(query="", headers=(), path="/jobs"):
    pairs = [(k.lower().encode(), v.encode()) for k, v in headers]
    scope = {"type": "http", "method": "GET", "path": path, "query_string": query.encode(), "headers": pairs}
    return Request(scope)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026-03-28", "2026-03-28T00:00:00.000Z", "2026-03-28T23:59:59.999Z"),
        ("2026-03", "2026-03-01T00:00:00.000Z", "2026-03-31T23:59:59.999Z"),
        ("2026-03-28T10:00:00%2B07:00/..", "2026-03-28T03:00:00.000Z", ""),
        ("../0999", "", "0999-12-31T23:59:59.999Z"),
        ("/2026-03-28T10:00:00.250Z", "", "2026-03-28T10:00:00.250Z"),
        ("", "", ""),
    ],
)
def test_times(text, start, end):
    """A moment or an interval is its first and last millisecond in UTC, as jobs keep them."""
    assert times_of(_request(f"datetime={text}")) == (start, end)


def test_page_links_keep_the_rest_of_the_query():
    """`next` and `prev` change limit and offset only."""
    links = page_links(
        _request("status=failed&status=running&limit=5&offset=3"), BASE, limit=5, offset=3, more=True
    )
    by_relation = {one["rel"]: one["href"] for one in links}
    assert by_relation["next"] == f"{BASE}/jobs?status=failed&status=running&limit=5&offset=8"
    assert by_relation["prev"] == f"{BASE}/jobs?status=failed&status=running&limit=5&offset=0"


def test_preferences():
    """Preferences of one or several headers, in any case, the first of a name counting (RFC 7240)."""
    said = preferences_of(
        _request(headers=[("Prefer", 'Respond-Async, wait="7"; x=y'), ("Prefer", "wait=9, a=b")])
    )
    assert said == {"respond-async": "", "wait": "7", "a": "b"}
    assert [_seconds({"wait": text}) for text in ("7", "-1", "x", "", "9999999")] == [7, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("sites-1", "sites-1"),
        ("sites-1@2#gold", "sites-1@2#gold"),
        ({"href": f"{BASE}/datasets/sites-1"}, "sites-1"),
        ({"href": f"{BASE}/datasets/sites%2D1@2"}, "sites-1@2"),
        ({"href": f"{BASE}/datasets/sites-1/data?f=csv"}, "sites-1"),
        ({"href": f"{BASE}/datasets/relief#elevation"}, "relief#elevation"),
        ({"href": "/craton/datasets/sites-1"}, "sites-1"),
        ({"value": {"href": f"{BASE}/datasets/sites-1"}}, "sites-1"),
    ],
)
def test_a_dataset_is_named(value, text):
    """A dataset is named by its identifier or by a link that this node gave."""
    assert _dataset("a.b", "table", value, BASE) == text


@pytest.mark.parametrize(
    "value",
    [
        "", 3, True, [], {}, {"href": 3}, {"href": "https://node.example/datasets/sites-1"},
        {"href": "https://node.example.evil/craton/datasets/sites-1"}, {"href": "file:///craton/datasets/x"},
        {"href": "//evil.example/craton/datasets/x"}, {"type": "FeatureCollection", "features": []},
    ],
)  # fmt: skip
def test_what_names_no_dataset_is_refused(value):
    """Links to elsewhere and data in the request are refused; nothing is fetched."""
    with pytest.raises(ContractError, match="a dataset of this node"):
        _dataset("a.b", "table", value, BASE)


ALLOWED = ("portal.example", "other.example:8080", "[2001:db8::1]:81")


@pytest.mark.parametrize(
    "address",
    [
        "http://portal.example/a?b=c", "https://portal.example", "http://PORTAL.example:80/", "http://[2001:db8::1]:81/",
        "https://portal.example:443/", "http://other.example:8080/x",
    ],
)  # fmt: skip
def test_callbacks_allowed(address):
    """A host without a port stands for the port of the scheme."""
    check_callbacks(ALLOWED, {"successUri": address})


@pytest.mark.parametrize(
    "address",
    [
        "http://portal.example:8080/", "http://other.example/", "http://portal.example.evil/", "http://evil.example/",
        "http://portal.example@evil.example/", "http://evil.example\\@portal.example/", "http://portal.example#@evil/",
        "http://2001:db8::1/", "http://portal.example:99999/", "http://portal.example:x/", "gopher://portal.example/",
        "http://portal.example /", "http://portal.example/\n", "http://pörtal.example/", "http:///a", "portal.example",
    ],
)  # fmt: skip
def test_callbacks_not_allowed(address):
    """Nothing else is called, however it is written."""
    with pytest.raises(InvalidError, match=r"subscriber\.failedUri"):
        check_callbacks(ALLOWED, {"successUri": "http://portal.example/", "failedUri": address})


def test_a_host_that_does_not_answer():
    """No answer is status 0, and no error."""
    assert post("http://127.0.0.1:9/", b"{}") == 0


def test_link_headers_hold_no_foreign_signs():
    """What would end a quoted string or a line is left out."""
    header = link_header("http://a/b", "item", title='a"b\r\nSet-Cookie: x\\é')
    assert header == '<http://a/b>; rel="item"; title="abSet-Cookie: x"'
    assert path_of("datasets", "a/b@1?c") == "/datasets/a%2Fb@1%3Fc"


def test_formats():
    """A media type is known with and without its parameters, and by its short name."""
    assert GEOTIFF.answers("image/tiff; application=geotiff; profile=cloud-optimized")
    assert GEOTIFF.answers("TIF")
    assert not CSV.answers("image/tiff")
    assert all(formats or kind == "document" for kind, formats in FORMATS.items())


def test_every_process_has_an_address_of_its_own():
    """The API definition has a path for each process, no operation twice, and refers to schemas it has."""
    said = {path: told for area in AREAS for path, told in area.paths().items()}
    assert {f"/processes/{spec.id}/execution" for spec in processes()} <= set(said)
    ids = [op["operationId"] for path in said.values() for op in path.values()]
    assert len(ids) == len(set(ids))
    schemas = {name: schema for area in AREAS for name, schema in area.schemas.items()}
    text = msgspec.json.encode([said, schemas]).decode()
    named = {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= set(schemas)
    assert len(schemas) == sum(len(area.schemas) for area in AREAS)


@pytest.fixture
def queue(tmp_path):
    made = JobQueue(tmp_path)
    yield made
    made.close()


def _put(queue, **more):
    return queue.put(Job(id="", process="a.b", key=str(time.time_ns()), **more))


def _end(queue, job):
    queue.update(job.id, lambda one: changed(one, state="successful"))


def test_many_wait_for_one_thread(queue):
    """Two hundred wait for their jobs, each is told of its own, and nothing is left over."""
    jobs = [_put(queue) for _ in range(200)]

    async def wait():
        waiting = [asyncio.create_task(watcher.over(job.id)) for job in jobs]
        await asyncio.sleep(0.1)
        thread = threading.Thread(target=lambda: [_end(queue, job) for job in jobs])
        thread.start()
        ended = await asyncio.wait_for(asyncio.gather(*waiting), 30)
        thread.join()
        return ended

    with Watcher(queue) as watcher:
        assert [job.id for job in asyncio.run(wait())] == [job.id for job in jobs]
        assert watcher._watched == watcher._last == watcher._stops == {}


def test_waiting_ends(queue):
    """By the end of time, by the asker's leaving, by the watcher's end; for a job that is over at once."""
    waiting, over = _put(queue), _put(queue, state="failed")

    async def leave():
        await asyncio.sleep(0.05)

    async def wait():
        assert (await watcher.over(over.id)).state == "failed"
        assert await watcher.over(waiting.id, 0.1) is None
        assert await watcher.over(waiting.id, 60, leave) is None
        task = asyncio.create_task(watcher.over(waiting.id))
        await asyncio.sleep(0.1)
        watcher.stop()
        with pytest.raises(StoppedError):
            await task
        with pytest.raises(StoppedError):
            await watcher.over(waiting.id)

    with Watcher(queue) as watcher:
        asyncio.run(wait())


def test_a_job_that_is_forgotten_is_not_watched_on(queue):
    """Removing a job from the list ends the watching of it."""
    job, told = _put(queue), []
    with Watcher(queue) as watcher:
        watcher.watch(job.id, told.append)
        _until(lambda: told)
        queue.update(job.id, lambda one: changed(one, state="failed"))
        queue.forget(job.id)
        _until(lambda: not watcher._watched)


def test_a_subscriber_is_forgotten_once_called(queue, monkeypatch):
    """Calls are tried again, a job that ended meanwhile is called about, and then nobody is to be called."""
    statuses, bodies = [0, 503, 200], []

    def answer(address, body, link):
        bodies.append((address, body, link))
        return statuses.pop(0)

    monkeypatch.setattr("craton.web.callbacks.post", answer)
    monkeypatch.setattr("craton.web.callbacks.DELAYS", (0.01, 0.01))
    job = _put(queue, state="successful", subscriber={"successUri": "http://portal.example/"})
    with Watcher(queue) as watcher, Callbacks(
        queue, watcher, f"{BASE}/jobs", status=lambda job: {"status": job.state}, results=lambda job: {"a": 1}
    ):  # fmt: skip
        _until(lambda: not queue.get(job.id).subscriber)
    assert bodies == [("http://portal.example/", b'{"a":1}', f'<{BASE}/jobs/{job.id}>; rel="monitor"')] * 3


def _until(true, seconds=20):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_jobs_by_their_length(queue):
    """Seconds a job took, or has run so far; one that never ran is left out."""
    day = "2026-03-28T10:00:"
    took = _put(queue, state="successful", started=f"{day}00.000Z", ended=f"{day}05.500Z")
    runs = _put(queue, state="running", started="2026-03-28T09:00:00.000Z")
    _put(queue, state="accepted", started=f"{day}00.000Z")
    _put(queue, state="dismissed", ended=f"{day}00.000Z")

    def ids(least=None, most=None):
        return [job.id for job in queue.find(seconds=Range(least, most))]

    assert ids(0) == [runs.id, took.id]
    assert ids(5.4, 5.6) == [took.id]
    assert ids(None, 5.4) == []
    assert ids(10) == [runs.id]
    assert len(queue.find(process=["a.b", "c.d"])) == 4
    assert queue.find(process=["c.d"]) == []
