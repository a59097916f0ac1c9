"""Data sent over the web: in parts, cut short, too much, with tricks; added, asked back about, answered, added again."""

from __future__ import annotations

import io
import json
import shutil
import socket
import threading
import time
import zipfile
from pathlib import Path

import httpx
import pytest
from tests.persons import add_people, clients
from tests.serving import SAMPLE, Served

import craton

CSV = b"hole,x,y,au\n" + b"".join(
    b"H%d,%d,%d,%d\n" % (n, 200000 + 50 * n, 1900000 + 30 * n, n) for n in range(900)
)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("uploads") / "node"
    craton.create(folder, title="Node").close()
    tokens = add_people(folder)
    with Served(folder, "", settings={"CRATON_WEB_UPLOAD_GB": "0.05"}) as server:
        server.tokens = tokens
        server.people = clients(server, tokens)
        yield server
        for client in server.people.values():
            client.close()


@pytest.fixture
def gea(served):
    return served.people["gea"]


def begin(client, files, **more):
    """Path of a new upload of `files`, names and bytes."""
    said = {"files": [{"name": name, "size": len(content)} for name, content in files.items()], **more}
    reply = client.post("/uploads", json=said)
    assert reply.status_code == 201, reply.text
    return reply.headers["location"]


def send(client, address, files):
    for name, content in files.items():
        reply = client.put(f"{address}/files/{name}", content=content)
        assert reply.status_code == 200, reply.text


def over(client, address, seconds=90):
    """The upload once it is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        said = client.get(address).json()
        if said["state"] in {"added", "failed"}:
            return said
        time.sleep(0.1)
    raise AssertionError(said)


def add(client, files, **more):
    """An upload of `files` that was added, and its address."""
    address = begin(client, files, **more)
    send(client, address, files)
    assert client.post(f"{address}/add").status_code == 202
    return over(client, address), address


def test_from_file_to_dataset_with_questions_and_answers(served, gea):
    """A file is sent in parts, followed while it is added, asked about, and read again with the answers."""
    address = begin(gea, {"holes.csv": CSV}, owner="DGM", collection="field")
    place = f"{address}/files/holes.csv"
    part = gea.put(place, content=CSV[:999], headers={"Content-Range": f"bytes 0-998/{len(CSV)}"})
    assert part.json() == {"name": "holes.csv", "size": len(CSV), "received": 999}
    assert gea.head(place).headers["upload-offset"] == "999"
    early = gea.post(f"{address}/add")
    assert (early.status_code, early.json()["type"]) == (409, "urn:craton:problem:conflict")
    gea.put(f"{place}?offset=999", content=CSV[999:])
    events = []

    def follow():
        with gea.stream("GET", f"{address}/events") as stream:
            events.extend(stream.iter_lines())

    following = threading.Thread(target=follow)
    following.start()
    assert gea.post(f"{address}/add").status_code == 202
    following.join()
    names = [line.removeprefix("event: ") for line in events if line.startswith("event: ")]
    assert names[0] == "file"
    assert {"state", "outcome", "questions"} <= set(names)
    assert names[-1] == "end"
    outcome = next(json.loads(line[6:]) for line in events if '"outcome":"added"' in line)
    assert {"crs-missing", "licence-missing"} <= {one["code"] for one in outcome["findings"]}
    assert all(one["meaning"] and one["todo"] for one in outcome["findings"])
    said = gea.get(address).json()
    assert [one["ask"] for one in said["questions"]] == ["crs", "licence", "title"]
    assert all(one["file"] == "holes.csv" and one["why"] for one in said["questions"])
    (id,) = said["outcomes"][0]["records"]
    answers = {"crs": "32648", "licence": "CC BY 4.0", "title": {"en": "Drill holes"}}
    answers["columns"] = {"au": {"unit": "ppm", "title": "Gold"}}
    assert gea.patch(address, json=answers).status_code == 200
    said = over(gea, address)
    assert (said["questions"], said["outcomes"][0]["outcome"]) == ([], "updated")
    with craton.open(served.folder) as node:
        record = node[id].record
        assert node.check() == []
    assert (record.version, record.crs, record.licence) == (2, "EPSG:32648", "CC-BY-4.0")
    assert (record.title["en"], record.visibility, record.parties[0].name) == (
        "Drill holes",
        "private",
        "DGM",
    )
    assert next(column for column in record.columns if column.name == "au").unit == "mg/kg"
    assert not list(served.folder.glob("uploads/*/upload/holes.csv"))


def test_the_same_name_in_the_same_collection_is_the_same_dataset(served, gea):
    """A new file is a new version, with earlier answers; another collection or person makes another dataset."""
    first, address = add(
        gea, {"a.csv": b"lon,lat\n101,18\n"}, collection="c", title="Places", crs="EPSG:4326"
    )
    assert gea.delete(address).status_code == 204
    second, _ = add(gea, {"a.csv": b"lon,lat\n101,19\n"}, collection="c")
    apart, _ = add(gea, {"a.csv": b"lon,lat\n101,20\n"})
    other, _ = add(served.people["geo"], {"a.csv": b"lon,lat\n101,21\n"}, collection="c")
    ids = [said["outcomes"][0]["records"][0] for said in (first, second, apart, other)]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3
    assert [said["outcomes"][0]["outcome"] for said in (first, second, apart, other)] == [
        "added", "updated", "added", "added",
    ]  # fmt: skip
    record = gea.get(f"/datasets/{ids[0]}").json()["properties"]
    assert (record["title"], record["craton:version"]) == ("Places", 2)
    unchanged, _ = add(gea, {"a.csv": b"lon,lat\n101,19\n"}, collection="c")
    assert unchanged["outcomes"][0]["outcome"] == "unchanged"


def test_who_may_upload(served, gea):
    """Geologists and managers upload; what they send is private unless a manager says otherwise."""
    said = {"files": [{"name": "a.csv", "size": 4}]}
    assert served.client.post("/uploads", json=said).status_code == 401
    assert served.client.get("/uploads/x/events").status_code == 401
    assert served.people["ally"].post("/uploads", json=said).status_code == 403
    assert gea.post("/uploads", json={**said, "visibility": "public"}).status_code == 400
    done, address = add(served.people["boss"], {"open.csv": b"lon,lat\n101,18\n"}, visibility="public")
    served.get(f"/datasets/{done['outcomes'][0]['records'][0]}")
    place = address.removeprefix(served.address)
    for act in (gea.get, gea.delete):
        assert act(place).status_code == 404
    mine = begin(gea, {"a.csv": b"x"}).removeprefix(served.address)
    assert served.people["geo"].get(mine).status_code == 404
    assert served.people["boss"].get(mine).status_code == 200
    assert mine.rpartition("/")[2] not in served.people["geo"].get("/uploads").text
    assert gea.delete(mine).status_code == 204


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "..", "../a.csv", "a/b.csv", "a\\b.csv", "/etc/passwd", "C:x", "a\u0000b", "a\nb", "con.csv",
        " a.csv", "a.csv ", "x" * 201, "ກ" * 80, "a\u202eb", ".meta.toml", "a*b", "a?b", "trail.",
    ],
)  # fmt: skip
def test_names_that_are_no_names(gea, name):
    """A name that leads elsewhere, or is none on some system, is refused."""
    reply = gea.post("/uploads", json={"files": [{"name": name, "size": 1}]})
    assert (reply.status_code, reply.json()["type"]) == (400, "urn:craton:problem:invalid")


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({}, 400), ({"files": []}, 400), ({"files": "a"}, 400), ({"files": [{"name": "a"}]}, 400),
        ({"files": [{"name": "a", "size": -1}]}, 400), ({"files": [{"name": "a", "size": 1e400}]}, 400),
        ({"files": [{"name": "a", "size": 10_000_000_000}]}, 413),
        ({"files": [{"name": "a", "size": 10**30}]}, 413),
        ({"files": [{"name": "a", "size": 1}, {"name": "A", "size": 1}]}, 400),
        ({"files": [{"name": "a", "size": 1, "sha256": "x"}]}, 400),
        ({"files": [{"name": "a", "size": 1}], "crs": "EPSG:0"}, 400),
        ({"files": [{"name": "a", "size": 1}], "crs": "x" * 5000}, 400),
        ({"files": [{"name": "a", "size": 1}], "licence": "whatever I like, really"}, 400),
        ({"files": [{"name": "a", "size": 1}], "language": "no language"}, 400),
        ({"files": [{"name": "a", "size": 1}], "collection": "../x"}, 400),
        ({"files": [{"name": "a", "size": 1}], "colour": "red"}, 400),
    ],
)  # fmt: skip
def test_uploads_that_cannot_be(gea, said, status):
    """What cannot be an upload is refused before anything is sent."""
    content = json.dumps(said).replace("Infinity", "1e400")
    reply = gea.post("/uploads", content=content, headers={"Content-Type": "application/json"})
    assert reply.status_code == status, reply.text


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ("?offset=2", {}, 416), ("?offset=-1", {}, 400), ("?offset=x", {}, 400), ("?offset=" + "9" * 30, {}, 400),
        ("?other=1", {}, 400), ("", {"Content-Range": "bytes 0-3/9"}, 400),
        ("", {"Content-Range": "bytes 3-0/4"}, 400), ("", {"Content-Range": "lines 0-3/4"}, 400),
        ("", {"Content-Range": "bytes 0-2/4"}, 400), ("?offset=1", {"Content-Range": "bytes 0-3/4"}, 400),
        ("?offset=0", {"Content-Range": "bytes 0-3/*"}, 200),
    ],
)  # fmt: skip
def test_parts_that_do_not_fit(gea, query, headers, status):
    """A part that does not follow what has come is refused, and what has come stays."""
    address = begin(gea, {"a.csv": b"1234"})
    content = b"34" if status == 416 else b"1234"
    assert gea.put(f"{address}/files/a.csv{query}", content=content, headers=headers).status_code == status
    assert gea.get(f"{address}/files/a.csv").json()["received"] == (4 if status == 200 else 0)
    assert gea.put(f"{address}/files/other.csv", content=b"1").status_code == 404
    assert gea.delete(address).status_code == 204


def test_more_than_was_told(gea):
    """More bytes than the file was to have are refused, told or not; earlier ones stay."""
    address = begin(gea, {"a.csv": b"1234"})
    place = f"{address}/files/a.csv"
    gea.put(place, content=b"12", headers={"Content-Range": "bytes 0-1/4"})
    assert gea.put(f"{place}?offset=2", content=b"345").status_code == 413
    assert gea.put(f"{place}?offset=2", content=iter([b"3", b"4", b"5"])).status_code == 413
    assert gea.get(place).json()["received"] == 2
    assert gea.put(f"{place}?offset=2", content=iter([b"3", b"4"])).json()["received"] == 4


def _half_sent(served, address, length, content):
    """A connection on which a part of a body was sent."""
    host, _, port = served.address.removeprefix("http://").partition(":")
    line = socket.create_connection((host, int(port)))
    path = address.removeprefix(served.address)
    line.sendall(
        f"PUT {path}/files/a.bin HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {served.tokens['gea']}\r\n"
        f"Content-Length: {length}\r\n\r\n".encode()
        + content
    )
    return line


def test_a_cut_connection_loses_little(served, gea):
    """What came before the line was cut is kept, and the rest can be sent."""
    content = bytes(range(256)) * 16_384
    address = begin(gea, {"a.bin": content})
    with _half_sent(served, address, len(content), content[:3_000_000]):
        time.sleep(1)
        busy = gea.put(f"{address}/files/a.bin", content=content)
        assert (busy.status_code, busy.json()["type"]) == (409, "urn:craton:problem:conflict")
        assert gea.delete(address).status_code == 409
    end = time.monotonic() + 20
    while True:
        got = int(gea.head(f"{address}/files/a.bin").headers["upload-offset"])
        reply = gea.put(f"{address}/files/a.bin?offset={got}", content=content[got:])
        if reply.status_code != 409:
            break
        assert time.monotonic() < end
        time.sleep(0.1)
    assert got > 1_000_000
    assert reply.json()["received"] == len(content)
    assert (next(served.folder.glob("uploads/*/upload/a.bin"))).read_bytes() == content
    assert gea.delete(address).status_code == 204


def _zip(members, method=zipfile.ZIP_DEFLATED):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def test_archives_and_odd_files(served, gea):
    """A good archive is added with its answers, a bomb and rubbish are refused with what to do, nothing leaks."""
    folder = SAMPLE / "geography"
    good = _zip({path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()})
    slip = _zip({"../../../tmp/slipped.csv": b"lon,lat\n1,2\n", "in.csv": b"lon,lat\n101,18\n"})
    files = {
        "good.zip": good, "slip.zip": slip, "bomb.zip": _zip({"a.csv": b"0" * (80 << 20)}, zipfile.ZIP_BZIP2),
        "broken.geojson": b'{"type": "FeatureCollection", "features": [', "empty.csv": b"",
        "odd.xyz1": b"\x00\x01\x02 of no format at all",
    }  # fmt: skip
    said, address = add(gea, files, licence="CC0-1.0")
    found = {one["name"]: one for one in said["outcomes"]}
    assert set(found) == set(files)
    assert found["good.zip"]["outcome"] == "added"
    assert found["odd.xyz1"]["outcome"] == "document"
    assert {found[name]["code"] for name in ("bomb.zip", "empty.csv")} == {"unsafe-archive", "empty"}
    assert found["broken.geojson"]["outcome"] == "refused"
    assert all(found[name]["message"] and found[name]["todo"] for name in ("bomb.zip", "broken.geojson"))
    assert "archive-member-skipped" in {one["code"] for one in found["slip.zip"]["findings"]}
    assert not Path("/tmp/slipped.csv").exists()
    assert str(served.folder) not in json.dumps(said)
    with craton.open(served.folder) as node:
        for id in found["good.zip"]["records"]:
            assert node[id].record.licence == "CC0-1.0"
            assert node[id].record.visibility == "private"
    assert gea.patch(address, json={"title": "one for all"}).status_code == 400


def test_a_set_of_files_is_one_dataset(gea):
    """Files that belong together are one dataset, as they are in a folder."""
    sites = {"places.geojson": b'{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"n":1},'
             b'"geometry":{"type":"Point","coordinates":[101,18]}}]}'}  # fmt: skip
    licence = {"LICENSE.txt": b"CC-BY-4.0"}
    said, _ = add(gea, {**sites, **licence})
    assert {one["name"] for one in said["outcomes"]} == {"places.geojson", "LICENSE.txt"}
    assert "licence" not in {one["ask"] for one in said["questions"] if one["file"] == "places.geojson"}


def test_two_at_once(served, gea):
    """Uploads of two people are added one after the other; neither disturbs the other."""
    geo = served.people["geo"]
    files = {"two.csv": b"lon,lat\n101,18\n"}
    addresses = [(client, begin(client, files)) for client in (gea, geo)]
    for client, address in addresses:
        send(client, address, files)
    for client, address in addresses:
        assert client.post(f"{address}/add").status_code == 202
    assert gea.post(f"{addresses[0][1]}/add").status_code in {202, 409}
    ids = {over(client, address)["outcomes"][0]["records"][0] for client, address in addresses}
    assert len(ids) == 2


def test_no_room(gea, served, tmp_path):
    """An upload for which the disk has no room is refused at once."""
    free = shutil.disk_usage(served.folder).free
    from craton.jobs.upload import UploadFile, UploadRequest
    from craton.model.permission import Actor
    from craton.store.store import Store
    from craton.web.uploads_desk import NoRoomError, UploadDesk, UploadOptions

    with Store.create(tmp_path / "node") as store:
        desk = UploadDesk(store, UploadOptions(tmp_path / "uploads", most_bytes=10 * free))
        request = UploadRequest(files=(UploadFile(name="a", size=free // 2),))
        with pytest.raises(NoRoomError):
            desk.begin(Actor("gea", "geologist"), request)
        assert not list((tmp_path / "uploads").glob("*"))


def test_a_node_that_ends_while_it_adds_goes_on_the_next_time(served, gea):
    """An upload that was being added when the node ended, or was killed, is added when it runs again."""
    for stop in (served.end, served.kill):
        files = {"late.csv": CSV}
        address = begin(gea, files).removeprefix(served.address)
        send(gea, address, files)
        assert gea.post(f"{address}/add").status_code == 202
        time.sleep(0.3)
        stop()
        served.start()
        for name, client in clients(served, served.tokens).items():
            served.people[name].close()
            served.people[name] = client
        gea = served.people["gea"]
        said = over(gea, address)
        # Where the node ended between the commit and the note of it, the next one finds the dataset there.
        assert (said["state"], said["outcomes"][0]["outcome"]) in {("added", "added"), ("added", "unchanged")}
        assert len(said["outcomes"][0]["records"]) == 1
    with craton.open(served.folder) as node:
        assert node.check() == []


def test_what_is_being_read_can_be_stopped(gea):
    """An upload that waits or is read is forgotten when it is taken away, and the next one is read."""
    long = {"long.csv": CSV * 800}
    first, second, last = begin(gea, long), begin(gea, {"b.csv": CSV}), begin(gea, {"c.csv": CSV})
    for address, files in ((first, long), (second, {"b.csv": CSV}), (last, {"c.csv": CSV})):
        send(gea, address, files)
        assert gea.post(f"{address}/add").status_code == 202
    assert [gea.delete(address).status_code for address in (second, first)] == [204, 204]
    assert [gea.get(address).status_code for address in (first, second)] == [404, 404]
    said = over(gea, last)
    assert (said["state"], said["outcomes"][0]["outcome"]) == ("added", "added")


def test_unknown_uploads(gea):
    """What is not there is told in the same words, whatever is asked of it."""
    for path in ("/uploads/none", "/uploads/none/events", "/uploads/none/files/a"):
        assert gea.get(path).status_code == 404
    assert gea.post("/uploads/none/add").status_code == 404
    assert gea.put("/uploads/none/files/a", content=b"x").status_code == 404
    assert gea.patch("/uploads/none", json={}).status_code == 404
    assert gea.put("/uploads/none", content=b"x").status_code == 405
    with pytest.raises(httpx.HTTPStatusError):
        gea.get("/uploads?state=added").raise_for_status()
