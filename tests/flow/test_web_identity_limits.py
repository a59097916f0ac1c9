"""How often visitors may try and ask, and what is noted of it all."""

from __future__ import annotations

import json
import time

import httpx
import pytest
from tests.identities import PASSWORD, bearer, clients_of, events, execute, serve_people
from tests.serving import plugins

from craton.web.identity_people import People

WRONG = "ct_" + 43 * "x"


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return plugins(tmp_path_factory.mktemp("identity") / "plugins")


@pytest.fixture(scope="module")
def served(tmp_path_factory, path):
    with serve_people(tmp_path_factory.mktemp("identity") / "node", path) as server:
        yield server


@pytest.fixture
def client(served):
    with clients_of(served) as make:
        yield make


def test_guessing_passwords(served):
    """After a few wrong ones even the right one must wait; another name is served meanwhile."""
    people = People(served.folder / "identity.sqlite")
    people.add("victim", role="public", password=PASSWORD)
    people.close()
    replies = [
        httpx.post(f"{served.address}/login", json={"name": "victim", "password": f"wrong {n}"})
        for n in range(8)
    ]
    assert 429 in {reply.status_code for reply in replies[5:]}
    locked = next(reply for reply in replies if reply.status_code == 429)
    assert int(locked.headers["retry-after"]) >= 1
    assert served.get("/me", headers=bearer(served, "geo")).json()["name"] == "geo"


def test_the_audit_log(served, client):
    """Each reading, job, and signing in is noted with who, when and from where; managers read it."""
    start = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    served.get("/datasets/secret-1/data?f=csv", headers=bearer(served, "geo"))
    served.get("/datasets/secret-1/data?f=csv", 404, headers=bearer(served, "pal"))
    for _ in range(50):
        served.get("/datasets/sites-1/assets/data", headers={**bearer(served, "geo"), "X-Request-Id": "my-1"})
    execute(client(headers=bearer(served, "geo")), number=77)
    noted = events(served, since=start)
    (data,) = (line for line in noted if line.get("door") == "data")
    assert (data["actor"], data["role"], data["dataset"], data["status"]) == (
        "geo",
        "geologist",
        "secret-1",
        200,
    )
    assert data["address"] == "127.0.0.1"
    read = [line for line in noted if line.get("door") == "assets"]
    assert sum(line.get("count", 1) for line in read) == 50
    assert len(read) <= 4
    assert read[0]["request"] == "my-1"
    assert [line["datasets"] for line in noted if line["event"] == "job"] == [["sites-1"]]
    assert not [line for line in noted if line["actor"] == "pal" and line["event"] == "read"]
    failed = [line for line in events(served) if line["event"] == "login failed"]
    assert all(PASSWORD not in json.dumps(line) for line in failed)
    told = served.get("/audit?actor=geo&dataset=secret-1&limit=5", headers=bearer(served, "boss")).json()[
        "lines"
    ]
    assert told
    assert {line["actor"] for line in told} == {"geo"}
    served.get("/audit", 403, headers=bearer(served, "geo"))
    served.get("/audit", 401)
    served.get("/audit?datetime=x", 400, headers=bearer(served, "boss"))


def test_each_page_of_features_is_noted(served):
    """Private data read again is noted again, also where the collection is kept in memory."""
    start = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    for address in ("items", "items", "items/1", "items/1"):
        served.get(f"/collections/secret-1/{address}", headers=bearer(served, "boss"))
    time.sleep(1)
    told = [line for line in events(served, since=start) if line.get("door") == "items"]
    assert told
    for _ in range(3):
        served.get("/collections/secret-1/items", headers=bearer(served, "geo"))
    told = [line for line in events(served, since=start, actor="geo") if line.get("door") == "items"]
    assert told
    assert {line["dataset"] for line in told} == {"secret-1"}


def test_jobs_are_for_no_cache_that_others_use(served):
    """The list is that of the visitor whose cookie is shown."""
    reply = served.get("/jobs")
    assert "private" in reply.headers["cache-control"]
    assert "Cookie" in reply.headers["vary"]
    assert "private" not in served.get("/collections").headers.get("cache-control", "")


def test_wrong_tokens_are_counted_and_a_proxy_is_not_exempt(tmp_path, path):
    """Through a proxy that the settings do not name, limits hold though it is on this machine."""
    settings = {"CRATON_LIMITS_READING": "0.01", "CRATON_LIMITS_BURST_SECONDS": "500"}
    with serve_people(tmp_path / "node", path, settings=settings) as limited:
        passed_on = {"X-Forwarded-For": "1.1.1.1"}

        def ask(token, **headers):
            return httpx.get(f"{limited.address}/me", headers={"Authorization": f"Bearer {token}", **headers})

        assert [ask(WRONG).status_code for _ in range(8)] == [401] * 8
        assert [ask(WRONG, **passed_on).status_code for _ in range(7)] == [401] * 5 + [429] * 2
        assert ask(limited.tokens["geo"], **passed_on).status_code == 429
        assert ask(limited.tokens["geo"]).status_code == 200
