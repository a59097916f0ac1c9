"""People, their secrets, their browsers, and what a request tells, without a server."""

import re
import stat
import time

import pytest
from starlette.requests import Request

from craton.model.errors import ConflictError, InvalidError, NotFoundError
from craton.model.permission import ANYONE, OWNER, Actor, lesser, owns
from craton.web.identity_people import People
from craton.web.identity_secrets import csrf_token, new_token
from craton.web.rate import networks
from craton.web.session import check_origin, drop_cookie, local, set_cookie
from craton.web.visit import address_of, is_passed_on, kind_of

PASSWORD = "correct horse battery"


@pytest.fixture
def people(tmp_path):
    opened = People(tmp_path / "identity.sqlite")
    yield opened
    opened.close()


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self):
        self.time = 1000.0

    def __call__(self):
        """The time it shows."""
        return self.time


def test_people_are_kept_in_a_file_of_their_own_that_others_cannot_read(people, tmp_path):
    """Mode 0600 from the first byte, also of the files that SQLite keeps beside it; reading makes no file."""
    assert people.users() == []
    assert list(tmp_path.iterdir()) == []
    people.add("somchai", role="geologist", password=PASSWORD, title="Somchai \x00J.")
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    assert people.user("somchai").title == "Somchai J."


def test_a_password_is_hashed_by_argon2id_and_nowhere_else(people, tmp_path):
    """The file holds no password, no token and no session, only what is made of them."""
    people.add("somchai", role="geologist", password=PASSWORD)
    _, token = people.new_token("somchai", name="x")
    session = people.begin_session("somchai")
    people.close()
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"$argon2id$" in content
    assert not [secret for secret in (PASSWORD, token, session) if secret.encode() in content]


@pytest.mark.parametrize(
    "name", ["", "A", "a b", "owner", "anyone", "agent", "oidc:x", "é", "x" * 64, "-a", "a\n"]
)
def test_names_that_could_be_mistaken_are_refused(people, name):
    """A name is plain, and never one that the node itself acts under."""
    with pytest.raises(InvalidError):
        people.add(name, role="public")


def test_passwords_that_are_too_short_and_second_people_are_refused(people):
    """Ten characters at least; one person a name."""
    with pytest.raises(InvalidError):
        people.add("a", role="public", password="short")
    people.add("a", role="public")
    with pytest.raises(ConflictError):
        people.add("a", role="public")
    with pytest.raises(InvalidError):
        people.add("b", role="king")


def test_who_signs_in_with_a_password(people):
    """The right one of someone who is not disabled; however its accents were typed."""
    people.add("somchai", role="geologist", password="pass\u0301word-long")
    assert people.by_password("somchai", "pas\u015bword-long").actor == Actor("somchai", "geologist")
    assert people.is_known_password("somchai", "pas\u015bword-long")
    assert people.by_password("somchai", "other password") is None
    assert people.by_password("nobody", "other password") is None
    people.change("somchai", disabled=True)
    assert people.by_password("somchai", "pas\u015bword-long") is None
    assert not people.is_known_password("somchai", "pas\u015bword-long")


def test_someone_without_a_password_cannot_sign_in(people):
    """No password is not an empty password."""
    people.add("robot", role="geologist")
    assert people.by_password("robot", "") is None


def test_a_new_password_ends_what_the_old_one_began(people):
    """Sessions end, and the old one is not remembered."""
    people.add("somchai", role="geologist", password=PASSWORD)
    session = people.begin_session("somchai")
    people.by_password("somchai", PASSWORD)
    people.change("somchai", password="another long one")
    assert people.by_session(session) is None
    assert not people.is_known_password("somchai", PASSWORD)


def test_unknown_people_cost_as_much_as_known_ones(people):
    """How much work a refusal takes does not tell whether there is such a person."""
    people.add("somchai", role="geologist", password=PASSWORD)
    people.by_password("nobody", PASSWORD)
    times = {"somchai": [], "nobody": []}
    for _ in range(5):
        for name, taken in times.items():
            start = time.process_time()
            assert people.by_password(name, "a wrong password") is None
            taken.append(time.process_time() - start)
    assert 0.5 < min(times["somchai"]) / min(times["nobody"]) < 2


def test_tokens(people):
    """A token has 256 random bits, a role no higher than its owner's, an end, and can be taken back."""
    people.add("somchai", role="geologist")
    token, secret = people.new_token("somchai", name="gdal", role="partner")
    assert re.fullmatch(r"ct_[0-9A-Za-z]{43}", secret)
    assert people.by_token(secret).actor == Actor("somchai", "partner")
    assert people.tokens("somchai")[0].used
    people.change("somchai", role="public")
    assert people.by_token(secret).actor.role == "public"
    with pytest.raises(InvalidError):
        people.new_token("somchai", name="x", role="manager")
    with pytest.raises(NotFoundError):
        people.revoke(token.id, "other")
    people.revoke(token.id, "somchai")
    assert people.by_token(secret) is None
    assert people.by_token("ct_") is None


def test_a_token_that_is_over_is_of_no_use(people, monkeypatch):
    """After its end it is as if there were none."""
    people.add("somchai", role="geologist")
    _, secret = people.new_token("somchai", name="x", days=1)
    monkeypatch.setattr("craton.web.identity_people.now", lambda: "2999-01-01T00:00:00.000Z")
    assert people.by_token(secret) is None


def test_sessions_slide_and_end(tmp_path, monkeypatch):
    """A session lasts while it is used, but not beyond its end; it ends with its person."""
    people = People(tmp_path / "identity.sqlite", idle_seconds=100, lasting_seconds=1000)
    clock = Clock()
    monkeypatch.setattr("craton.web.identity_people.time.time", clock)
    people.add("somchai", role="geologist")
    one = people.begin_session("somchai")
    for _ in range(9):
        clock.time += 99
        assert people.by_session(one).how == "session"
    clock.time += 99 + 11
    assert people.by_session(one) is None
    other = people.begin_session("somchai")
    clock.time += 101
    assert people.by_session(other) is None
    third = people.begin_session("somchai")
    people.remove("somchai")
    assert people.by_session(third) is None
    people.close()


def test_someone_a_provider_names_is_never_one_of_the_node(people):
    """A provider's word changes its own people only, and cannot let in whom the node keeps out."""
    people.add("somchai", role="manager")
    people.admit("oidc:a", title="A", role="public", issuer="https://one")
    assert people.admit("oidc:a", title="A", role="geologist", issuer="https://one").role == "geologist"
    for name, issuer in (("oidc:a", "https://two"), ("somchai", "https://one")):
        with pytest.raises(NotFoundError):
            people.admit(name, title="", role="manager", issuer=issuer)
    people.change("oidc:a", disabled=True)
    with pytest.raises(NotFoundError):
        people.admit("oidc:a", title="A", role="geologist", issuer="https://one")
    with pytest.raises(InvalidError):
        people.change("oidc:a", password="a long password")


def test_people_of_another_provider_are_shut_out(people):
    """A provider that took the place of another does not name the people of the other."""
    people.admit("oidc:a", title="A", role="geologist", issuer="https://one")
    assert not people.is_shut_out("oidc:a", "https://one")
    assert people.is_shut_out("oidc:a", "https://two")
    assert not people.is_shut_out("oidc:new", "https://two")
    people.change("oidc:a", disabled=True)
    assert people.is_shut_out("oidc:a", "https://one")


def test_tokens_of_people_whom_a_provider_knows_end_when_they_stay_away(people, monkeypatch):
    """The node does not learn who left: 30 days after the last signing in the token is of no use, until the next."""
    people.admit("oidc:a", title="A", role="geologist", issuer="https://one")
    people.add("own", role="geologist")
    (_, secret), (_, own) = people.new_token("oidc:a", name="x"), people.new_token("own", name="x")
    assert people.by_token(secret)
    monkeypatch.setattr("craton.web.identity_people._age", lambda _moment: 31 * 86400.0)
    assert people.by_token(secret) is None
    assert people.by_token(own)


def test_tokens_differ():
    """No two are alike, and all have one length."""
    tokens = {new_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert {len(one) for one in tokens} == {46}
    assert csrf_token("a") != csrf_token("b")


def test_whose_jobs():
    """One's own by name; without a name by the same secret only; managers all."""
    a, b = Actor("anyone", "public", "1"), Actor("anyone", "public", "2")
    assert owns(a, a)
    assert not owns(a, b)
    assert not owns(ANYONE, ANYONE)
    assert not owns(a, Actor("somchai", "geologist", "1"))
    assert owns(Actor("somchai", "public"), Actor("somchai", "geologist"))
    assert not owns(Actor("somchai", "geologist"), OWNER)
    assert owns(Actor("boss", "manager"), OWNER)
    assert lesser("manager", "public") == "public"


def scope(headers=(), client="127.0.0.1", method="POST", scheme="http"):
    return {
        "type": "http", "method": method, "scheme": scheme, "path": "/", "query_string": b"", "client": (client, 1),
        "server": ("node.example", 80), "headers": [(k.encode(), v.encode()) for k, v in headers],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("client", "told", "trusted", "expected"),
    [
        ("9.9.9.9", ["1.1.1.1"], [], "9.9.9.9"),
        ("9.9.9.9", ["1.1.1.1"], ["10.0.0.1"], "9.9.9.9"),
        ("10.0.0.1", ["1.1.1.1"], ["10.0.0.1"], "1.1.1.1"),
        ("10.0.0.1", ["6.6.6.6, 1.1.1.1"], ["10.0.0.1"], "1.1.1.1"),
        ("10.0.0.1", ["6.6.6.6", "1.1.1.1, 10.0.0.2"], ["10.0.0.0/8"], "1.1.1.1"),
        ("10.0.0.1", [], ["10.0.0.1"], "10.0.0.1"),
    ],
)
def test_where_a_request_comes_from(client, told, trusted, expected):
    """Only proxies of the settings are believed, and of what they tell only what they themselves saw."""
    headers = [("x-forwarded-for", one) for one in told]
    assert address_of(scope(headers, client), networks(trusted)) == expected


@pytest.mark.parametrize(
    ("client", "headers", "trusted", "expected"),
    [
        ("127.0.0.1", [], [], False),
        ("127.0.0.1", [("x-forwarded-for", "1.1.1.1")], [], True),
        ("127.0.0.1", [("forwarded", "for=1.1.1.1")], ["10.0.0.1"], True),
        ("127.0.0.1", [("x-real-ip", "1.1.1.1")], ["127.0.0.1"], False),
    ],
)
def test_what_comes_through_a_proxy_that_is_not_trusted(client, headers, trusted, expected):
    """The address is then the proxy's, which tells nothing of who asks: no limit is waived for it."""
    assert is_passed_on(scope(headers, client), networks(trusted)) is expected


def test_kinds_of_requests():
    """Signing in, running, searching and reading are told apart."""
    assert kind_of("POST", "/login") == "signing_in"
    assert kind_of("POST", "/processes/x/execution") == "running"
    assert kind_of("GET", "/collections/x/items") == "searching"
    assert kind_of("GET", "/collections/x/tiles/a/1/2/3") == "reading"
    assert kind_of("PATCH", "/uploads/1") == "reading"


@pytest.mark.parametrize(
    "path",
    ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:x", "/a b", "/\r\nX: y", ""],
)
def test_nobody_is_led_elsewhere(path):
    """After signing in one stays at this node."""
    assert local(path) == "/"
    assert local("/collections?x=1") == "/collections?x=1"


def test_cookies():
    """Never read by scripts or sent along by other hosts; bound to the host where it is https."""
    said = set_cookie("https://node.example", "a", "b", seconds=5)
    assert said == "__Host-a=b; Path=/; HttpOnly; SameSite=Lax; Max-Age=5; Secure"
    assert "Secure" not in drop_cookie("http://node.example", "a")


@pytest.mark.parametrize(
    ("headers", "is_own"),
    [
        ([], True),
        (
            [("sec-fetch-site", "same-origin"), ("origin", "http://node.example"), ("host", "node.example")],
            True,
        ),
        ([("sec-fetch-site", "cross-site")], False),
        ([("sec-fetch-site", "same-site")], False),
        ([("origin", "http://evil.example")], False),
        ([("origin", "null")], False),
        ([("origin", "http://[")], False),
        ([("origin", "http://data.example")], True),
    ],
)
def test_pages_of_other_hosts(headers, is_own):
    """A change that a browser says another host's page asks for is refused."""
    request = Request(scope(headers))
    if is_own:
        check_origin(request, "http://data.example")
    else:
        with pytest.raises(Exception, match="another host"):
            check_origin(request, "http://data.example")
