"""Identity on the web: who asks, by what they are known, and what they then see."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import threading

import httpx
import pytest
from owslib import ogcapi
from owslib.ogcapi.features import Features
from tests.identities import (
    PASSWORD,
    bearer,
    clients_of,
    execute,
    serve_people,
    sign_in,
)
from tests.serving import COMMAND, Served, make_small_node, plugins

import craton
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


def run(folder, *arguments, typed="", status=0):
    """What a command writes."""
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments[:2], str(folder), *arguments[2:]],
        input=typed, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == status, done.stderr
    return done.stdout


def test_commands_about_people(tmp_path):
    """Added, listed, changed and removed; the password comes from standard input and is printed nowhere."""
    folder = tmp_path / "node"
    craton.create(folder).close()
    typed = f"{PASSWORD}\n"
    said = run(
        folder, "user", "add", "somchai", "--role", "geologist", "--title", "ສົມໃຈ", "--json", typed=typed
    )
    assert json.loads(said)["role"] == "geologist"
    assert PASSWORD not in said
    run(folder, "user", "add", "somchai", typed=typed, status=2)
    run(folder, "user", "add", "short", typed="short\n", status=2)
    run(folder, "user", "add", "robot", "--no-password")
    assert [json.loads(x)["name"] for x in run(folder, "user", "ls", "--json").splitlines()] == [
        "robot",
        "somchai",
    ]
    token = run(
        folder, "token", "new", "somchai", "--name", "gdal", "--role", "partner", "--days", "3"
    ).strip()
    run(folder, "token", "new", "somchai", "--role", "manager", status=2)
    (listed,) = (json.loads(line) for line in run(folder, "token", "ls", "--json").splitlines())
    assert token.startswith("ct_")
    assert token not in json.dumps(listed)
    run(folder, "token", "rm", listed["id"])
    assert run(folder, "token", "ls") == ""
    assert json.loads(run(folder, "user", "set", "somchai", "--disable", "--json"))["disabled"] is True
    run(folder, "user", "rm", "somchai")
    run(folder, "user", "rm", "somchai", status=2)
    done = [json.loads(line)["event"] for line in run(folder, "audit", "--json").splitlines()]
    assert done == ["user added", "user added", "token made", "token revoked", "user changed", "user removed"]
    assert stat.S_IMODE((folder / "identity.sqlite").stat().st_mode) == 0o600
    assert PASSWORD not in (folder / "audit").glob("*").__next__().read_text()


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("boss", {"secret-1", "shared-1"}),
        ("geo", {"secret-1", "shared-1"}),
        ("pal", {"shared-1"}),
        ("pub", set()),
    ],
)
def test_each_role_sees_its_own(served, name, seen):
    """Private is for managers and geologists, shared also for partners; in lists as behind addresses."""
    page = served.get("/datasets?limit=1000", headers=bearer(served, name)).json()
    listed = {one["id"] for one in page["features"]}
    assert listed & {"secret-1", "shared-1"} == seen
    assert page["numberMatched"] == len(listed)
    for id in ("secret-1", "shared-1"):
        reply = served.get(f"/datasets/{id}", 200 if id in seen else 404, headers=bearer(served, name))
        if id in seen:
            assert reply.headers["cache-control"] == "private, no-cache"


def test_ways_to_be_known(served, client):
    """Bearer, Basic with the password, Basic with a token, a session."""
    for how, more in {
        "token": {"headers": bearer(served, "geo")}, "password": {"auth": ("geo", PASSWORD)},
    }.items():  # fmt: skip
        said = served.get("/me", **more).json()
        assert (said["name"], said["role"], said["by"]) == ("geo", "geologist", how)
    assert served.get("/me", auth=("geo", served.tokens["geo"])).json()["by"] == "token"
    browser, _ = sign_in(client(), "geo")
    assert browser.get("/me").json()["by"] == "session"
    assert served.get("/me").json()["role"] == "public"


@pytest.mark.parametrize(
    "header",
    [
        "Bearer ct_wrong", "Bearer", "Bearer a.b.c", "Basic", "Basic !!!", "Basic Zm9v", "Basic /w==", "Digest x",
        "Basic Z2VvOndyb25n", "Basic bm9ib2R5Ondyb25n", "Basic OjA=", "\x80", "Bearer ct_" + "x" * 5000,
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused(served, header):
    """A wrong token or password is never taken for nobody's (RFC 9110, 401 with a challenge)."""
    reply = httpx.get(f"{served.address}/datasets", headers={"Authorization": header.encode("latin-1")})
    assert reply.status_code == 401
    assert reply.headers["www-authenticate"].split()[0] in {"Bearer", "Basic"}
    assert reply.headers["content-type"] == "application/problem+json"


def test_a_token_is_of_no_use_once_it_was_taken_back(served, client):
    """At once, also when another program took it back; likewise someone who was disabled."""
    people = People(served.folder / "identity.sqlite")
    people.add("passing", role="geologist", password=PASSWORD)
    token, secret = people.new_token("passing", name="x")
    headers = {"Authorization": f"Bearer {secret}"}
    browser, _ = sign_in(client(), "passing")
    assert served.get("/me", headers=headers).json()["name"] == "passing"
    people.revoke(token.id)
    served.get("/me", 401, headers=headers)
    served.get("/me", auth=("passing", PASSWORD))
    people.change("passing", disabled=True)
    served.get("/me", 401, auth=("passing", PASSWORD))
    assert browser.get("/me").json()["signedIn"] is False
    people.close()


def test_owslib_with_a_password(monkeypatch, served):
    """A client of ours in no way sees with a password what it does not see without."""
    # The library adds the headers of one client to those of all later ones.
    monkeypatch.setattr(ogcapi, "REQUEST_HEADERS", dict(ogcapi.REQUEST_HEADERS))
    known = Features(served.address, auth=None, headers=bearer(served, "geo"))
    assert known.links
    said = httpx.get(f"{served.address}/datasets/secret-1", auth=("geo", PASSWORD))
    assert said.status_code == 200


def test_many_requests_at_once_with_one_password(served):
    """A program that sends its password with thirty requests at once is not taken for one that guesses."""
    replies = []
    threads = [
        threading.Thread(
            target=lambda: replies.append(
                httpx.get(f"{served.address}/me", auth=("pal", PASSWORD), timeout=60)
            )
        )
        for _ in range(30)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {reply.status_code for reply in replies} == {200}


def test_sessions(served, client):
    """The cookie is out of reach of scripts; signing out ends it; a new one is begun at each signing in."""
    browser = client()
    reply = browser.post("/login", json={"name": "geo", "password": PASSWORD})
    cookie = reply.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert reply.headers["cache-control"] == "no-store"
    first = browser.cookies["craton-session"]
    token = browser.post("/login", json={"name": "geo", "password": PASSWORD}).json()["csrfToken"]
    second = browser.cookies["craton-session"]
    assert first != second
    assert httpx.get(f"{served.address}/me", cookies={"craton-session": first}).json()["signedIn"] is False
    assert browser.post("/logout").status_code == 403
    assert browser.post("/logout", headers={"X-CSRF-Token": token}).status_code == 204
    gone = httpx.get(f"{served.address}/me", cookies={"craton-session": second})
    assert gone.json()["signedIn"] is False
    assert "Max-Age=0" in gone.headers["set-cookie"]


def test_cookies_of_an_https_address(tmp_path, path):
    """Behind https the cookie is bound to the host, and browsers are told to use https only where that is set."""
    folder = make_small_node(tmp_path / "node")
    people = People(folder / "identity.sqlite")
    people.add("geo", role="geologist", password=PASSWORD)
    people.close()
    settings = {
        "CRATON_WEB_ADDRESS": "https://node.example",
        "CRATON_ACCESS_HSTS_SECONDS": "3600",
        "CRATON_WEB_LOG": "off",
    }
    listening = Served(folder, path, settings=settings)
    port = _start(listening)
    try:
        reply = httpx.post(f"http://127.0.0.1:{port}/login", json={"name": "geo", "password": PASSWORD})
        assert reply.headers["set-cookie"].startswith("__Host-craton-session=")
        assert "Secure" in reply.headers["set-cookie"]
        assert reply.headers["strict-transport-security"] == "max-age=3600"
    finally:
        listening.process.terminate()
        listening.process.communicate(timeout=30)


def _start(listening):
    """Port of a server that tells another address than where it listens."""
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    listening.process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, "serve", str(listening.folder), "--port", str(port)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=listening._environment,
    )  # fmt: skip
    assert listening.process.stdout.readline().strip() == "https://node.example"
    return port


def test_the_page_to_sign_in_with(served, client):
    """A form without scripts, whose policy lets it lead to this node only; wrong passwords are told in it."""
    page = served.get("/login?next=/datasets", headers={"Accept": "text/html"})
    assert "<form" in page.text
    assert "form-action 'self'" in page.headers["content-security-policy"]
    assert "script" not in page.text
    browser = client()
    own = {"Origin": served.address}
    fields = {"name": "geo", "password": PASSWORD, "next": "/datasets"}
    assert browser.post("/login", data=fields).status_code == 403
    assert browser.post("/login", data=fields, headers={"Origin": "http://evil.example"}).status_code == 403
    wrong = browser.post("/login", data={**fields, "password": "wrong<b>"}, headers=own)
    assert wrong.status_code == 401
    assert 'role="alert"' in wrong.text
    assert browser.cookies == {}
    right = browser.post("/login", data=fields, headers=own)
    assert (right.status_code, right.headers["location"]) == (303, f"{served.address}/datasets")
    assert browser.get("/me").json()["name"] == "geo"
    led = browser.post("/login", data={**fields, "next": "//evil.example"}, headers=own)
    assert led.headers["location"] == f"{served.address}/"


def test_changes_in_a_session_are_asked_for_by_own_pages_only(served, client):
    """Neither a page of another host, nor one that does not know the token, changes anything in a session."""
    browser, proof = sign_in(client(), "geo")
    body = {"name": "x"}
    assert browser.post("/tokens", json=body).status_code == 403
    for header in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://e.example"},
    ):
        assert browser.post("/tokens", json=body, headers={**proof, **header}).status_code == 403
    assert browser.post("/tokens", json=body, headers={"X-CSRF-Token": "0" * 64}).status_code == 403
    assert execute(browser).status_code == 403
    made = browser.post("/tokens", json=body, headers={**proof, "Origin": served.address})
    assert made.status_code == 201
    assert browser.delete(f"/tokens/{made.json()['id']}").status_code == 403
    assert browser.delete(f"/tokens/{made.json()['id']}", headers=proof).status_code == 204
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert execute(served.client, headers={**foreign}).status_code in {200, 201}
    basic = httpx.post(f"{served.address}/tokens", json=body, auth=("geo", PASSWORD), headers=foreign)
    assert basic.status_code == 403


def test_tokens_on_the_web(served):
    """Made with a password or in a session, not with a token; listed without the secret; one's own only."""
    auth = ("pal", PASSWORD)
    made = httpx.post(f"{served.address}/tokens", json={"name": "qgis", "days": 2}, auth=auth)
    assert made.status_code == 201
    secret = made.json()["token"]
    assert served.get("/me", headers={"Authorization": f"Bearer {secret}"}).json()["role"] == "partner"
    listed = served.get("/tokens", auth=auth)
    assert made.json()["id"] in [one["id"] for one in listed.json()["tokens"]]
    assert secret not in listed.text
    for wrong, status in (
        ({"name": "x", "role": "manager"}, 400),
        ({"name": ""}, 400),
        ({"name": "x", "days": 0}, 400),
    ):
        assert httpx.post(f"{served.address}/tokens", json=wrong, auth=auth).status_code == status
    again = httpx.post(
        f"{served.address}/tokens", json={"name": "x"}, headers={"Authorization": f"Bearer {secret}"}
    )
    assert again.status_code == 403
    address = f"{served.address}/tokens/{made.json()['id']}"
    assert httpx.delete(address, auth=("geo", PASSWORD)).status_code == 404
    assert httpx.delete(address, auth=auth).status_code == 204
    served.get("/tokens", 401)
    assert httpx.post(f"{served.address}/tokens", json={"name": "x"}).status_code == 401


def test_what_a_provider_would_be_asked_is_not_there_without_one(served):
    """Without an identity provider its addresses do not exist."""
    served.get("/login/oidc", 404)
    served.get("/login/oidc/callback?code=x&state=y", 404)
    assert served.get("/login").json()["links"]
