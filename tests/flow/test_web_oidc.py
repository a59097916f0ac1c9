"""Signing in at an identity provider: a real provider process, and one that lies."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from tests.serving import Served, make_small_node, plugins

from craton.web.audit_log import lines
from craton.web.identity_people import People
from craton.web.oidc import Started, written_started

STARTING_SECONDS = 30
STARTED = written_started(Started(state="y", nonce="x", verifier="x"))


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture(scope="module")
def issuer():
    """Address of a provider that knows three people."""
    port = free_port()
    people = [
        {
            "sub": "alice",
            "name": "Alice A.",
            "email": "alice@survey.example",
            "groups": ["staff", "geologists"],
        },
        {"sub": "bob", "email": "bob@survey.example", "groups": []},
        {"sub": "boss", "name": "Boss", "groups": ["geologists", "heads"]},
    ]
    claims = [part for one in people for part in ("--user-claims", json.dumps(one))]
    command = [sys.executable, "-m", "oidc_provider_mock", "-p", str(port), "-n", "true", *claims]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    end = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < end:
        try:
            httpx.get(address + "/.well-known/openid-configuration").raise_for_status()
            break
        except httpx.HTTPError:
            assert process.poll() is None
            time.sleep(0.1)
    yield address
    process.terminate()
    process.wait()


def settings_of(issuer, **more):
    said = {
        "issuer": f'"{issuer}"', "client_id": '"node"', "client_secret": '"secret"', "role_claim": '"groups"',
        "roles": '{ geologists = "geologist", heads = "manager" }', **more,
    }  # fmt: skip
    return "\n[oidc]\n" + "".join(f"{name} = {value}\n" for name, value in said.items())


def node_of(folder, text):
    made = make_small_node(folder)
    with (made / "craton.toml").open("a") as file:
        file.write(text)
    return made


@pytest.fixture(scope="module")
def served(tmp_path_factory, issuer):
    folder = tmp_path_factory.mktemp("oidc")
    settings = settings_of(issuer, audience='"node"') + "\n[limits]\nsigning_in = 50\n"
    node = node_of(folder / "node", settings)
    with Served(node, plugins(folder / "plugins")) as server:
        yield server


@pytest.fixture
def browser(served):
    with httpx.Client(base_url=served.address, timeout=30) as client:
        yield client


def leave(browser, next_="/datasets"):
    """Address at the provider that the browser is sent to."""
    reply = browser.get("/login/oidc", params={"next": next_})
    assert reply.status_code == 303, reply.text
    return reply.headers["location"]


def consent(address, sub):
    """Address of the node that the provider sends the browser back to, once `sub` signed in there."""
    reply = httpx.post(address, data={"sub": sub})
    assert reply.status_code in {302, 303}, reply.text
    return reply.headers["location"]


@pytest.mark.parametrize(
    ("sub", "role", "title"),
    [
        ("alice", "geologist", "Alice A."),
        ("bob", "public", "bob@survey.example"),
        ("boss", "manager", "Boss"),
    ],
)
def test_signing_in(served, browser, sub, role, title):
    """OpenID Connect Core 3.1 with PKCE: the provider's groups become a role, the browser has a session."""
    address = leave(browser)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert asked["code_challenge_method"] == "S256"
    assert asked["response_type"] == "code"
    back = browser.get(consent(address, sub))
    assert (back.status_code, back.headers["location"]) == (303, f"{served.address}/datasets")
    me = browser.get("/me").json()
    assert (me["name"], me["role"], me["title"], me["by"]) == (f"oidc:{sub}", role, title, "session")
    assert "craton-sign-in" not in browser.cookies


def test_a_token_of_someone_from_the_provider(served, browser):
    """Whoever signed in there has tokens of this node, and can be kept out of it."""
    browser.get(consent(leave(browser), "alice"))
    proof = {"X-CSRF-Token": browser.get("/me").json()["csrfToken"]}
    secret = browser.post("/tokens", json={"name": "qgis"}, headers=proof).json()["token"]
    headers = {"Authorization": f"Bearer {secret}"}
    assert served.get("/me", headers=headers).json()["name"] == "oidc:alice"
    people = People(served.folder / "identity.sqlite")
    people.change("oidc:alice", disabled=True)
    served.get("/me", 401, headers=headers)
    assert browser.get("/me").json()["signedIn"] is False
    refused = browser.get(consent(leave(browser), "alice"))
    assert refused.status_code == 403
    people.change("oidc:alice", disabled=False)
    people.close()


def test_only_the_browser_that_left_comes_back(served, browser):
    """A code that someone else begun with, or that comes twice, signs nobody in."""
    back = consent(leave(browser), "alice")
    with httpx.Client(base_url=served.address) as other:
        assert other.get(back).status_code == 400
        leave(other)
        assert other.get(back).status_code == 401
        assert other.get("/me").json()["signedIn"] is False
    assert browser.get(back).status_code == 303
    assert browser.get(back).status_code == 400


def test_a_code_is_used_once(served, browser):
    """The same answer of the provider again, with the browser's own state, is refused by the provider."""
    kept = leave(browser)
    cookie = browser.cookies["craton-sign-in"]
    back = consent(kept, "alice")
    assert browser.get(back).status_code == 303
    again = httpx.get(back, cookies={"craton-sign-in": cookie})
    assert again.status_code == 401


@pytest.mark.parametrize(
    "query",
    [
        {}, {"state": "x"}, {"code": "x"}, {"error": "access_denied"}, {"code": "x", "state": "STATE"},
        {"error": "access_denied", "state": "STATE"}, {"code": "x", "state": "STATE", "iss": "http://evil.example"},
        {"code": "\x00", "state": "é"},
    ],
)  # fmt: skip
def test_answers_that_are_wrong(browser, query):
    """Whatever comes back, nobody is signed in, and it is said why."""
    state = parse_qs(urlsplit(leave(browser)).query)["state"][0]
    query = {name: value.replace("STATE", state) for name, value in query.items()}
    reply = browser.get(f"/login/oidc/callback?{urlencode(query)}")
    assert reply.status_code == 401
    assert reply.headers["content-type"] == "application/problem+json"
    assert browser.get("/me").json()["signedIn"] is False


@pytest.mark.parametrize("cookie", ["", "x", "e30=", "bnVsbA==", "W10=", "%ff"])
def test_cookies_that_are_wrong(served, cookie):
    """What a browser kept is checked as anything else."""
    reply = httpx.get(
        f"{served.address}/login/oidc/callback?code=a&state=b", headers={"Cookie": f"craton-sign-in={cookie}"}
    )
    assert reply.status_code == 400


def test_where_one_is_led_afterwards(served, browser):
    """To this node only."""
    back = browser.get(consent(leave(browser, "https://evil.example/"), "alice"))
    assert back.headers["location"] == f"{served.address}/"


def test_signing_in_is_noted(served, browser):
    """In the audit log, with the name that the provider gave."""
    browser.get(consent(leave(browser), "boss"))
    assert [line for line in lines(served.folder / "audit", actor="oidc:boss") if line["event"] == "login"]


class Liar:
    """A provider whose keys and tokens the test makes; answers from `documents` by path."""

    def __init__(self):
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        self.asked = []
        liar = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                liar.asked.append(self.path)
                body = json.dumps(liar.documents.get(self.path, {})).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        self.documents = {
            "/.well-known/openid-configuration": {
                "issuer": self.issuer, "authorization_endpoint": self.issuer + "/authorize",
                "token_endpoint": self.issuer + "/token", "jwks_uri": self.issuer + "/keys",
            },
            "/keys": {"keys": [self.key.as_dict(private=False)]},
        }  # fmt: skip
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def token(self, key=None, header=None, **claims):
        """A token with these claims beside the usual ones; `None` leaves one out."""
        said = {
            "iss": self.issuer, "aud": "api", "sub": "robot", "exp": int(time.time()) + 60, "groups": "geologists", **claims,
        }  # fmt: skip
        said = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(header or {"alg": "RS256", "kid": "one"}, said, key or self.key)

    def close(self):
        """End it."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture(scope="module")
def liar():
    made = Liar()
    yield made
    made.close()


@pytest.fixture(scope="module")
def bearing(tmp_path_factory, liar):
    folder = tmp_path_factory.mktemp("bearing")
    text = settings_of(liar.issuer, audience='"api"', default_role='""')
    with Served(node_of(folder / "node", text), plugins(folder / "plugins")) as server:
        yield server


def me(served, token):
    return httpx.get(f"{served.address}/me", headers={"Authorization": f"Bearer {token}"}, timeout=30)


def test_tokens_of_the_provider(bearing, liar):
    """A program shows a token that the provider made for this node's audience; a minute of skew is forgiven."""
    said = me(bearing, liar.token()).json()
    assert (said["name"], said["role"], said["by"]) == ("oidc:robot", "geologist", "provider")
    assert me(bearing, liar.token(exp=int(time.time()) - 30)).status_code == 200
    assert me(bearing, liar.token(nbf=int(time.time()) + 30, aud=["x", "api"])).status_code == 200
    made = httpx.post(
        f"{bearing.address}/tokens", json={"name": "x"}, headers={"Authorization": f"Bearer {liar.token()}"}
    )
    assert made.status_code == 403


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "node"}, {"aud": None}, {"aud": []}, {"iss": "http://evil.example"}, {"iss": None}, {"exp": 1000},
        {"exp": None}, {"exp": "soon"}, {"nbf": 4_000_000_000}, {"sub": None}, {"sub": ["a"]}, {"sub": "a\nb"},
        {"sub": "x" * 500}, {"sub": ""}, {"groups": "strangers"}, {"groups": None}, {"groups": [["geologists"]]},
        {"groups": {"geologists": True}},
    ],
)  # fmt: skip
def test_tokens_that_are_not_for_here_or_now(bearing, liar, claims):
    """Issuer, audience, time, subject and role must all be there and right."""
    reply = me(bearing, liar.token(**claims))
    assert reply.status_code == 401
    assert 'error="invalid_token"' in reply.headers["www-authenticate"]


def test_tokens_that_the_provider_did_not_sign(bearing, liar):
    """Another key, a shared secret, no signature, a changed body: none is taken; keys are not asked for each time."""
    other = RSAKey.generate_key(2048, {"kid": "one"})
    forged = [liar.token(key=other), liar.token(key=other, header={"alg": "RS256"})]
    head, body, signature = liar.token().split(".")
    none = "eyJhbGciOiJub25lIn0"
    forged += [
        f"{none}.{body}.{signature}",
        f"{none}.{body}.",
        f"{head}.{body[:-4]}AAAA.{signature}",
        f"{head}.{body}.AAAA",
    ]
    secret = OctKey.import_key("a secret that both could know, long enough")
    forged.append(liar.token(key=secret, header={"alg": "HS256", "kid": "one"}))
    before = len(liar.asked)
    assert [me(bearing, token).status_code for token in forged * 3] == [401] * len(forged) * 3
    assert len(liar.asked) - before <= 2
    assert me(bearing, liar.token()).status_code == 200


def test_coming_back_again_and_again_is_limited(bearing):
    """The cookie can be made up, and each time the provider is asked: that is for nobody to do at will."""
    said = [
        httpx.get(
            f"{bearing.address}/login/oidc/callback?code=x&state=x", cookies={"craton-sign-in": STARTED}
        )
        for _ in range(15)
    ]
    assert {reply.status_code for reply in said} == {401, 429}
    assert all("retry-after" in reply.headers for reply in said if reply.status_code == 429)


def test_a_provider_that_cannot_be_asked(tmp_path, served):
    """The node answers all the same; who wants to sign in there is asked to come later."""
    text = settings_of(f"http://127.0.0.1:{free_port()}", audience='"api"')
    with Served(node_of(tmp_path / "node", text), plugins(tmp_path / "plugins")) as server:
        assert server.get("/login/oidc", 503).headers["retry-after"]
        assert me(server, "eyJh.eyJh.eyJh").status_code == 503
        server.get("/datasets")
