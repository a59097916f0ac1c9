"""People, their secrets, how often they may ask, and the audit log, without a server."""

import json
import re
import stat
import threading
import time

import pytest
from starlette.requests import Request

from craton.model.errors import ConflictError, InvalidError, NotFoundError
from craton.model.permission import ANYONE, OWNER, Actor, lesser, owns
from craton.web.audit_log import AuditLog, Source, lines, newest, shown_address
from craton.web.identity_people import People
from craton.web.identity_secrets import csrf_token, new_token
from craton.web.rate import Attempts, RateLimits, Rates, house, is_within, networks
from craton.web.session import check_origin, drop_cookie, local, set_cookie
from craton.web.visit import Visit, address_of, kind_of

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


def test_rates_fill_again():
    """A burst is let through, then as much as the rate gives; each visitor has their own."""
    clock = Clock()
    rates = Rates(RateLimits(reading=2, burst_seconds=5, exempt=("10.0.0.0/8",)), clock)
    assert [rates.wait("reading", "a", "1.1.1.1") for _ in range(10)] == [0.0] * 10
    assert rates.wait("reading", "a", "1.1.1.1") == pytest.approx(0.5)
    assert rates.wait("reading", "b", "1.1.1.1") == 0
    clock.time += 0.5
    assert rates.wait("reading", "a", "1.1.1.1") == 0
    assert rates.wait("reading", "a", "1.1.1.1") > 0
    assert rates.wait("reading", "a", "10.1.1.1") == 0
    assert Rates(RateLimits(reading=0)).wait("reading", "a", "1.1.1.1") == 0


def test_rates_forget_who_was_not_seen(monkeypatch):
    """However many visitors come, the memory they take is bounded."""
    monkeypatch.setattr("craton.web.rate.MOST_BUCKETS", 100)
    rates = Rates(RateLimits())
    for number in range(1000):
        rates.wait("reading", str(number), "1.1.1.1")
    assert len(rates._buckets) == 100


def test_wrong_passwords_cost_ever_more_waiting():
    """After five, each wrong one doubles the wait from there; another address is not locked out by it."""
    clock = Clock()
    attempts = Attempts(clock)
    for _ in range(5):
        assert attempts.wait("a", "1.1.1.1") == 0
        attempts.failed("a", "1.1.1.1")
    waits = []
    for _ in range(4):
        waits.append(attempts.wait("a", "1.1.1.1"))
        clock.time += waits[-1]
        attempts.failed("a", "1.1.1.1")
    assert waits == [1, 2, 4, 8]
    assert attempts.wait("a", "2.2.2.2") == 0
    attempts.succeeded("a", "1.1.1.1")
    assert attempts.wait("a", "1.1.1.1") == 0
    for number in range(40):
        attempts.failed(f"name{number}", "3.3.3.3")
    assert attempts.wait("fresh", "3.3.3.3") > 60
    for number in range(60):
        attempts.failed("b", f"4.4.4.{number}")
    assert 0 < attempts.wait("b", "5.5.5.5") <= 60


def test_houses():
    """A household of IPv6 addresses counts as one; what is no address lies nowhere."""
    assert house("2001:db8::1") == house("2001:db8::ffff:2") != house("2001:db8:0:1::1")
    assert house("1.2.3.4") == "1.2.3.4"
    assert house("?") == "?"
    assert not is_within("?", networks(["0.0.0.0/0"]))
    assert is_within("::ffff:10.0.0.1", networks(["10.0.0.0/8"]))


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


def test_the_audit_log_is_only_added_to_and_counts_what_comes_often(tmp_path):
    """First time at once, the rest as one line; one file a month, for the node's own user."""
    log = AuditLog(tmp_path / "audit")
    source = Source(Actor("somchai", "geologist"), "1.2.3.4", "r1")
    for _ in range(1000):
        log.often("read", source, status=200, dataset="a", version=1, door="tiles")
    log.note("job", source, datasets=["a", "b"])
    (path,) = (tmp_path / "audit").iterdir()
    assert re.fullmatch(r"\d{4}-\d\d\.jsonl", path.name)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(path.read_text().splitlines()) == 2
    log.flush()
    told = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line.get("count", 1) for line in told] == [1, 1, 999]
    assert told[0]["address"] == "1.2.3.4"
    with path.open("a") as file:
        file.write('{"time": "20')
    assert len(list(lines(tmp_path / "audit"))) == 3
    assert len(list(lines(tmp_path / "audit", dataset="b"))) == 1
    assert list(lines(tmp_path / "audit", actor="other")) == []
    assert list(lines(tmp_path / "audit", until="2000")) == []
    assert len(newest(tmp_path / "audit", 1)) == 1


def test_several_writers_share_the_audit_log(tmp_path):
    """No line is torn by another."""

    def write(number):
        log = AuditLog(tmp_path)
        for _ in range(100):
            log.note("read", Source(Actor(f"n{number}", "public")), dataset="x" * 500)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(lines(tmp_path))) == 800


def test_an_audit_log_that_cannot_be_written_does_not_stop_the_node(tmp_path, capfd):
    """It is said on standard error, once a minute."""
    (tmp_path / "audit").write_text("not a folder")
    log = AuditLog(tmp_path / "audit")
    for _ in range(3):
        log.note("read", Source(ANYONE))
    assert capfd.readouterr().err.count("audit log") == 1


@pytest.mark.parametrize(
    ("address", "form", "expected"),
    [
        ("1.2.3.4", "full", "1.2.3.4"), ("1.2.3.4", "net", "1.2.3.0/24"), ("1.2.3.4", "none", ""),
        ("2001:db8:1:2::3", "net", "2001:db8:1::/48"), ("?", "net", ""),
    ],
)  # fmt: skip
def test_addresses_in_the_audit_log(address, form, expected):
    """As much is kept as the settings say."""
    assert shown_address(address, form) == expected


def test_the_door_is_a_word_of_the_address():
    """What was read is told by the part of the API it was read through."""
    doors = {
        "/collections/x/items/1": "items", "/collections/x/map/tiles/a/1/2/3": "map", "/datasets/x/data": "data", "/datasets/x/assets/data": "assets", "/collections/map": "collections",
        "/wms": "wms", "/stac/search": "stac", "/jobs/1/results": "results", "/": "",
    }  # fmt: skip
    assert {path: Visit(path=path).door for path in doors} == doors
