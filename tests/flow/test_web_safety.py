"""A node among people who mean it no good: every address as every role, broken requests, floods, slow readers."""

from __future__ import annotations

import contextlib
import re
import resource
import socket
import time
from urllib.parse import quote

import httpx
import pytest
from tests.serving import Served, make_small_node, plugins

from craton.web.identity_people import People

ROLES = {"boss": "manager", "geo": "geologist", "pal": "partner", "pub": "public"}
SECRET = "secret-1"
IDLE = 1000

VALUES = {
    "dataset": "sites-1", "datasetID": "sites-1", "collectionId": "sites-1", "collection": "sites-1", "processID": "misbehaving.count",
    "asset": "data", "member": "data.parquet",
}  # fmt: skip
"""What stands for a part of an address; any other part is a word that is likely not there."""

NASTY = (
    "' OR 1=1 --", '"; DROP TABLE jobs; --', "1); DELETE FROM records; --", "%00", "\U0001f600", "-1", "1e309",
    "nan", "../../etc/passwd", "<script>alert(1)</script>", "${jndi:ldap://x}", "a" * 3000, "{{7*7}}", "\r\nX-Evil: 1",
)  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    folder = tmp_path_factory.mktemp("safety")
    node = make_small_node(folder / "node")
    people, tokens = People(node / "identity.sqlite"), {"": ""}
    for name, role in ROLES.items():
        people.add(name, role=role)
        _, tokens[name] = people.new_token(name, name="tests")
    people.close()
    with Served(node, plugins(folder / "plugins"), settings={"CRATON_WEB_LOG": "off"}) as server:
        server.tokens = tokens
        yield server
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def headers_of(served, name):
    return {"Authorization": f"Bearer {served.tokens[name]}"} if name else {}


@pytest.fixture(scope="module")
def document(served):
    return served.get("/api", headers={"Accept": "application/vnd.oai.openapi+json;version=3.0"}).json()


def addresses(document, id):
    """Every path of the API that is read, about dataset `id`."""
    for path, item in document["paths"].items():
        if "get" in item:
            yield re.sub(
                r"\{(\w+)\}", lambda m: id if VALUES.get(m[1]) == "sites-1" else VALUES.get(m[1], "0"), path
            )


def place(served):
    host, _, port = served.address.removeprefix("http://").partition(":")
    return host, int(port)


def connect(served, timeout=10):
    return socket.create_connection(place(served), timeout=timeout)


def is_well(served):
    """Whether the node answers, however busy the machine: who is held up by others gets nothing for minutes."""
    return httpx.get(f"{served.address}/datasets", timeout=30).status_code == 200


@pytest.mark.parametrize("name", ["", *ROLES])
def test_every_address_as_every_role(served, document, name):
    """No address is answered by a fault, and none tells partners and the public of a private dataset."""
    told = {"/": served.get("/", headers=headers_of(served, name)).text}
    for path in [*addresses(document, "sites-1"), *addresses(document, SECRET)]:
        reply = served.client.get(path, headers=headers_of(served, name))
        assert reply.status_code < 500 or "/oidc" in path, (path, reply.text)
        told[path] = reply.text
        if reply.status_code >= 400:
            assert reply.headers["content-type"].startswith(
                ("application/problem+json", "application/xml", "text/xml")
            ), path
    for path, text in told.items():
        asked = path.replace(SECRET, "")
        if name in {"", "pub", "pal"} and SECRET not in path:
            assert SECRET not in text, asked
    hidden = [path for path in told if SECRET in path]
    if name in {"", "pub", "pal"}:
        found = [
            path
            for path in hidden
            if served.client.get(path, headers=headers_of(served, name)).status_code == 200
        ]
        assert found == []


def test_private_is_open_to_those_who_may(served):
    """The walk above would find it, were it there: a geologist does."""
    assert served.get(f"/datasets/{SECRET}", headers=headers_of(served, "geo")).json()["id"] == SECRET


def test_replies_carry_what_keeps_browsers_safe(served):
    """Type, referrer, policies of content, opener and embedding; nobody's page reads with a visitor's name."""
    for path in ("/", "/datasets", "/nothing", "/login"):
        headers = httpx.get(f"{served.address}{path}", headers={"Origin": "https://evil.example"}).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert "permissions-policy" in headers
        assert headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in headers
    asked = served.client.options(
        "/jobs", headers={"Origin": "https://e.example", "Access-Control-Request-Method": "POST"}
    )
    assert asked.headers["access-control-allow-methods"] == "GET, HEAD"
    allowed = {name.strip() for name in asked.headers["access-control-allow-headers"].lower().split(",")}
    assert {"authorization", "prefer", "if-match", "if-none-match", "range"} <= allowed
    assert "content-type" not in allowed  # a browser lets any POST pass, so JSON would run jobs
    assert "access-control-allow-credentials" not in asked.headers
    posted = served.client.post("/login", json={}, headers={"Origin": "https://evil.example"})
    assert posted.status_code == 403
    assert "access-control-allow-origin" not in posted.headers
    private = served.get("/datasets", headers=headers_of(served, "geo")).headers
    assert private["cross-origin-resource-policy"] == "same-origin"


def test_a_page_of_another_host_reads_with_a_token_and_tries_no_password(served):
    """A token is of who gave it to the page, and so is the reply; a name and a password are for pages of the node."""
    foreign = {"Origin": "https://e.example"}
    shown = served.get(f"/datasets/{SECRET}", headers=headers_of(served, "geo") | foreign)
    assert shown.headers["access-control-allow-origin"] == "*"
    token = served.tokens["geo"]
    refused = served.client.get("/datasets", auth=("geo", token), headers=foreign)
    assert refused.status_code == 403
    assert refused.json()["type"].endswith("foreign-page")
    assert served.client.get("/datasets", auth=("geo", token)).status_code == 200


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/datasets?" + "a" * 20_000, {}, 414),
        ("/" + "a" * 20_000, {}, 414),
        ("/datasets", {f"X-{n}": "1" for n in range(200)}, 431),
        ("/datasets", {"X-A": "a" * 40_000}, 431),
        ("/datasets", {"Cookie": "; ".join(f"a{n}=b" for n in range(5000))}, 431),
    ],
)
def test_long_requests(served, path, headers, status):
    """An address or headers that are too long are refused before anything else is done."""
    reply = served.client.get(path, headers=headers)
    assert reply.status_code == status
    assert is_well(served)


def test_header_bombs(served):
    """Megabytes of headers, or a header without end, are cut off; the node goes on."""
    with connect(served) as bomb:
        with contextlib.suppress(OSError):
            bomb.sendall(
                b"GET / HTTP/1.1\r\nHost: x\r\n"
                + b"".join(b"X-%d: %s\r\n" % (n, b"a" * 1000) for n in range(3000))
            )
            bomb.sendall(b"\r\n")
        assert b" 4" in _received(bomb)[:16] or not _received(bomb)
    with connect(served) as endless, contextlib.suppress(OSError):
        endless.sendall(b"GET / HTTP/1.1\r\nX: ")
        for _ in range(2000):
            endless.sendall(b"a" * 1000)
    assert is_well(served)


def _received(connection):
    try:
        return connection.recv(4096)
    except OSError:
        return b""


@pytest.mark.parametrize(
    "id",
    [
        "..%2f..%2fcraton.toml", "%2e%2e/%2e%2e/craton.toml", "....//craton.toml", "..%5c..%5c", "%252e%252e%252f",
        "identity.sqlite", "..%2fidentity.sqlite%00", "/etc/passwd", "%c0%ae%c0%ae%2f",
    ],
)  # fmt: skip
def test_paths_in_names(served, document, id):
    """No name leads to a file of the node that is no dataset."""
    for path in document["paths"]:
        if not path.endswith("}") or "get" not in document["paths"][path] or path.startswith("/portal/"):
            continue  # any address below /portal/ is the page of the portal
        reply = served.client.get(
            re.sub(r"\{\w+\}$", id, re.sub(r"\{(\w+)\}(?=.)", lambda m: VALUES.get(m[1], "0"), path))
        )
        assert reply.status_code in {400, 401, 403, 404, 301, 302, 303, 405}, (
            path,
            reply.status_code,
            reply.text[:200],
        )
        assert b"SQLite format" not in reply.content
        assert "[node]" not in reply.text
        assert "root:" not in reply.text


def test_hostile_values_in_every_parameter(served, document):
    """SQL, templates, control characters, huge numbers in each parameter of each address: never a fault."""
    start = time.monotonic()
    for path, item in document["paths"].items():
        address = re.sub(r"\{(\w+)\}", lambda m: VALUES.get(m[1], "0"), path)
        for parameter in item.get("get", {}).get("parameters", ()):
            if parameter.get("in") != "query":
                continue
            for value in NASTY:
                reply = served.client.get(f"{address}?{parameter['name']}={quote(value, safe='%')}")
                assert reply.status_code < 500, (address, parameter["name"], value, reply.text[:300])
                assert "x-evil" not in reply.headers
                assert "sqlite3." not in reply.text
        if time.monotonic() - start > 60:
            pytest.fail("the node answers too slowly")
    assert served.get("/datasets").json()["numberMatched"] > 0


def test_half_requests(served):
    """A request that is cut off anywhere leaves nothing behind."""
    whole = (b"POST /processes/misbehaving.count/execution HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
             b"Content-Length: 30\r\n\r\n" + b'{"inputs": {"table": "sites-1')  # fmt: skip
    for end in range(1, len(whole), 7):
        with connect(served) as one:
            one.sendall(whole[:end])
    assert is_well(served)


@pytest.mark.parametrize(
    "request_",
    [
        b"\x00\x01\x02\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n bad\r\n\r\n",
        b"POST /login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\nZZ\r\n",
        b"POST /login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)  # fmt: skip
def test_what_is_no_request(served, request_):
    """Bytes that are no HTTP, or contradict themselves, are refused; the next visitor is served."""
    with connect(served, timeout=2) as one:
        one.sendall(request_)
        answer = _received(one)
        assert not answer.startswith(b"HTTP/1.1 5")
    assert is_well(served)


def test_idle_connections(served):
    """A thousand connections that say nothing, and hundreds that begin a body, keep nobody else out."""
    with contextlib.ExitStack() as stack:
        for number in range(IDLE):
            one = stack.enter_context(connect(served))
            if number % 4 == 0:
                one.sendall(b"POST /processes/misbehaving.count/execution HTTP/1.1\r\nHost: x\r\nContent-Type: "
                            b"application/json\r\nContent-Length: 1000\r\n\r\n{")  # fmt: skip
        assert is_well(served)
        assert is_well(served)


def test_slow_readers(served):
    """Those who ask for much and read nothing hold up nobody."""
    with contextlib.ExitStack() as stack:
        for _ in range(64):
            one = stack.enter_context(connect(served))
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            one.sendall(b"GET /api HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
        assert is_well(served)
        assert is_well(served)


def test_who_asks_too_often_is_told_to_wait(tmp_path):
    """Beyond the burst the reply is 429 with when to ask again; people with a name have their own allowance."""
    node = make_small_node(tmp_path / "node")
    people = People(node / "identity.sqlite")
    people.add("geo", role="geologist")
    _, token = people.new_token("geo", name="x")
    people.close()
    settings = {
        "CRATON_LIMITS_EXEMPT": "[]", "CRATON_LIMITS_SEARCHING": "1", "CRATON_LIMITS_BURST_SECONDS": "5",
        "CRATON_ACCESS_TRUSTED_PROXIES": '["127.0.0.1"]', "CRATON_WEB_LOG": "off",
    }  # fmt: skip
    with Served(node, plugins(tmp_path / "plugins"), settings=settings) as served:
        replies = [served.client.get("/datasets") for _ in range(12)]
        assert [reply.status_code for reply in replies][:5] == [200] * 5
        refused = [reply for reply in replies if reply.status_code == 429]
        assert refused
        assert refused[0].headers["retry-after"] == "1"
        assert refused[0].json()["type"] == "urn:craton:problem:too-often"
        served.get("/datasets", headers={"Authorization": f"Bearer {token}"})
        served.get("/datasets", headers={"X-Forwarded-For": "5.5.5.5"})
        served.get("/processes")


def test_a_flood_of_sign_ins_is_bounded(served):
    """A hundred wrong passwords for as many names: soon refused without any work, and the node answers."""
    start = time.monotonic()
    statuses = [
        served.client.post("/login", json={"name": f"n{number}", "password": "wrong password"}).status_code
        for number in range(100)
    ]
    assert set(statuses) == {401, 429}
    assert statuses.count(401) < 40
    assert time.monotonic() - start < 30
    assert is_well(served)
