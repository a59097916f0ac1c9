"""Whose jobs are whose, and who may run any."""

from __future__ import annotations

import httpx
import pytest
from tests.identities import PASSWORD, bearer, clients_of, execute, serve_people
from tests.serving import Served, make_small_node, plugins

from craton.web.identity_people import People


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


def test_a_job_is_dismissed_by_who_asked_for_it_only(served, client):
    """Visitors without a name are told apart: they neither list nor stop the jobs of one another."""
    one, other = (client() for _ in range(2))
    first = execute(one, "misbehaving.waits", number=901).json()["jobID"]
    second = execute(other, "misbehaving.waits", number=902).json()["jobID"]
    assert one.get("/jobs").json()["jobs"][0]["jobID"] == first
    assert first not in other.get("/jobs").text
    assert httpx.get(f"{served.address}/jobs").json()["jobs"] == []
    for stranger in (
        other,
        client(),
        client(auth=("geo", PASSWORD)),
    ):
        assert stranger.delete(f"/jobs/{first}").status_code == 403
    assert one.get(f"/jobs/{first}").json()["status"] in {"accepted", "running"}
    assert one.delete(f"/jobs/{first}").json()["status"] == "dismissed"
    assert other.delete(f"/jobs/{second}").json()["status"] == "dismissed"


def test_jobs_of_people_with_names(served, client):
    """One's own by name, however one is known; nobody else's, unless one is a manager."""
    geo, pal, boss = (client(auth=(name, PASSWORD)) for name in ("geo", "pal", "boss"))
    job = execute(geo, "misbehaving.waits", number=903).json()["jobID"]
    for stranger in (pal, client()):
        assert stranger.get(f"/jobs/{job}").status_code == 404
        assert stranger.get(f"/jobs/{job}/results").status_code == 404
        assert stranger.delete(f"/jobs/{job}").status_code == 404
        assert job not in stranger.get("/jobs?limit=1000").text
    assert served.get(f"/jobs/{job}", headers=bearer(served, "geo")).json()["jobID"] == job
    assert job in geo.get("/jobs").text
    assert job in boss.get("/jobs?limit=1000").text
    assert boss.delete(f"/jobs/{job}").json()["status"] == "dismissed"


def test_results_of_private_data_are_private(served, client):
    """Who may see private data runs processes on it; the result is not there for others."""
    geo = client(auth=("geo", PASSWORD))
    body = {"inputs": {"table": "secret-1", "number": 7}, "response": "document",
            "outputs": {"result": {"transmissionMode": "reference"}}}  # fmt: skip
    said = geo.post("/processes/misbehaving.count/execution", json=body)
    assert said.status_code == 200, said.text
    address = said.json()["result"]["href"]
    assert geo.get(address).status_code == 200
    assert httpx.get(address).status_code == 404
    assert httpx.get(address, headers=bearer(served, "pal")).status_code == 404


def test_visitors_without_a_name_may_be_kept_from_running(tmp_path, path):
    """`anonymous_jobs = false`: they are asked for a name; people with one run."""
    folder = make_small_node(tmp_path / "node")
    people = People(folder / "identity.sqlite")
    people.add("geo", role="geologist", password=PASSWORD)
    people.close()
    with Served(folder, path, settings={"CRATON_ACCESS_ANONYMOUS_JOBS": "false"}) as served:
        refused = execute(served.client)
        assert refused.status_code == 401
        assert "www-authenticate" in refused.headers
        assert served.get("/me").json()["mayRun"] is False
        with httpx.Client(base_url=served.address, auth=("geo", PASSWORD)) as known:
            assert execute(known).status_code == 201
