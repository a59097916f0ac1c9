"""The audit log without a server."""

import json
import re
import stat
import threading

import pytest

from craton.model.permission import ANYONE, Actor
from craton.web.audit_log import AuditLog, Source, lines, newest, shown_address
from craton.web.visit import Visit


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
