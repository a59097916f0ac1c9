"""Packs on the web: the check with its places, saved packs and who may see them, in the definition of the API."""

from __future__ import annotations

import json
import time

import jsonschema
import pytest
from tests.packs import small_pack
from tests.persons import add_people, clients
from tests.serving import Served

import craton
from craton.process.apps import packs

NAME = "gold-sites.pack.json"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packs") / "node"
    craton.create(folder, title="Node").close()
    tokens = add_people(folder)
    with Served(folder, "") as server:
        server.people = clients(server, tokens)
        yield server
        for client in server.people.values():
            client.close()


@pytest.fixture(scope="module")
def api(served):
    return served.get("/api").json()


def conforms(api, document, name):
    """The document, after a check against its schema in the definition of the API."""
    schema = {"components": api["components"], "$ref": f"#/components/schemas/{name}"}
    jsonschema.Draft202012Validator(schema).validate(document)
    return document


def checked(served, pack, status=200, **more):
    reply = served.client.post("/pack-check", json={"pack": pack, **more})
    assert reply.status_code == status, reply.text
    return reply.json()


def places(found):
    return [one["place"] for one in found["findings"]]


def save(client, pack):
    """The dataset of a pack that is uploaded."""
    content = json.dumps(pack).encode()
    said = {"files": [{"name": NAME, "size": len(content)}], "collection": "packs", "licence": "CC-BY-4.0"}
    address = client.post("/uploads", json=said).headers["location"]
    assert client.put(f"{address}/files/{NAME}", content=content).status_code == 200
    assert client.post(f"{address}/add").status_code == 202
    for _ in range(300):
        upload = client.get(address).json()
        if upload["state"] in {"added", "failed"}:
            return upload["outcomes"][0]["records"][0]
        time.sleep(0.1)
    raise AssertionError(upload)


def test_a_sound_pack_tells_what_it_becomes(served, api):
    """Units of formulas, weights beside each other and in the whole; text in TOML is read as JSON is."""
    found = conforms(api, checked(served, small_pack()), "packChecked")
    assert (found["sound"], found["findings"]) == (True, [])
    resolved = found["resolved"]
    assert resolved["indicators"]["gold"]["unit"] == "mg/kg"
    assert resolved["indicators"]["gold"]["score"] == {"method": "linear"}
    weights = {one["id"]: one["wholeWeight"] for one in resolved["criteria"]["overall"]["parts"]}
    assert weights == {"gold": 0.75, "shallow": 0.25}
    assert resolved["names"]["numbers"]["score_overall"] == "1"
    overlay = 'title.en = "Gold of our country"\n[[grades]]\ntitle = { en = "One", zh = "一" }\n'
    found = checked(served, json.dumps(small_pack()), overlay=overlay)
    assert found["sound"]
    assert found["overlay"]["title"] == {"en": "Gold of our country"}


def test_faults_are_told_with_their_place(served):
    """Of form: all at once, down to the key. Of sense: the unit of a formula, weights, grades."""
    pack = small_pack(extra=1)
    del pack["goal"]
    pack["attributes"]["depth"]["lowest"] = "deep"
    pack["grades"][1]["from_score"] = None
    found = checked(served, pack)
    assert places(found) == ["goal", "attributes.depth.lowest", "grades.1.from_score", "extra"]
    assert found["resolved"] == {}
    pack = small_pack()
    pack["indicators"]["shallow"]["unit"] = "kg"
    pack["criteria"]["overall"]["weights"]["values"] = {"gold": -1.0, "shallow": 2.0}
    pack["grades"][0]["colour"] = "red"
    found = checked(served, pack)
    assert set(places(found)) == {
        "indicators.shallow", "criteria.overall.weights.values.gold", "grades.0.colour"
    }  # fmt: skip
    assert all(one["reason"] for one in found["findings"])
    assert list(found["resolved"]["indicators"]) == ["gold"]
    found = checked(served, "id = ", overlay="{")
    assert places(found) == ["pack", "overlay"]
    checked(served, "id = 'a'", 400, overlay=5)


def test_judgments_tell_their_ratio_and_the_repair(served):
    """Contradicting judgments have weights and a ratio all the same, and a hint which one to think about again."""
    pack = small_pack()
    pack["indicators"]["third"] = {**pack["indicators"]["gold"], "formula": "2 * gold"}
    overall = pack["criteria"]["overall"]
    overall["parts"] = ["gold", "shallow", "third"]
    judgments = [["gold", "shallow", 9], ["gold", "third", 0.2], ["shallow", "third", 5]]
    overall["weights"] = {"method": "analytic_hierarchy", "judgments": judgments}
    found = checked(served, pack)
    assert places(found) == ["criteria.overall.weights.judgments"]
    assert found["findings"][0]["hint"].startswith("think again about gold over shallow")
    told = found["resolved"]["criteria"]["overall"]
    assert told["consistencyRatio"] > 0.1
    assert sum(one["weight"] for one in told["parts"]) == pytest.approx(1, abs=1e-12)
    judgments[0][2], judgments[2][2] = 2, 0.1
    found = checked(served, pack)
    assert found["sound"]
    assert found["resolved"]["criteria"]["overall"]["consistencyRatio"] == pytest.approx(0, abs=1e-9)


def test_what_is_no_request_is_refused(served):
    """Too large, another type than JSON, other keys; a page of another host cannot ask in a person's name."""
    assert "most" in checked(served, "#" * (300 << 10), status=413)["detail"]
    assert "nonsense" in checked(served, {}, status=400, nonsense=1)["detail"]
    assert served.client.post("/pack-check", json={}).status_code == 400
    plain = served.client.post("/pack-check", content="{}", headers={"Content-Type": "text/plain"})
    assert plain.status_code == 415
    assert "access-control-allow-origin" not in plain.headers
    assert served.get("/packs/nonesuch", status=404).json()["detail"].startswith("there is no pack")


def test_packs_of_applications_are_listed_and_sound(served, api):
    """Each pack of an installed application is in the list, is given as JSON, and has no fault."""
    found = conforms(api, served.get("/packs").json(), "packs")["packs"]
    ours = [one for one in found if one["source"] == "application"]
    assert len(ours) == len(packs()) > 0
    for one in ours:
        pack = served.get(f"/packs/{one['name']}").json()
        assert pack["id"] == one["id"]
        assert checked(served, pack)["sound"]


def test_a_saved_pack_is_a_dataset_with_versions(served):
    """It has the pack's title and question; saved again it is the next version; faults are findings; others see none."""
    gea = served.people["gea"]
    first = save(gea, small_pack())
    record = gea.get(f"/datasets/{first}").json()["properties"]
    assert record["craton:title"]["zh"] == "金矿点评价"
    assert record["craton:kind"] == "document"
    (told,) = (one for one in gea.get("/packs").json()["packs"] if one["source"] == "dataset")
    assert (told["name"], told["id"], told["version"]) == (first, "gold-sites", "1")
    assert gea.get(f"/packs/{first}").json() == small_pack()
    assert served.get(f"/packs/{first}", status=404)
    assert [one for one in served.get("/packs").json()["packs"] if one["source"] == "dataset"] == []
    broken = small_pack(version="2")
    broken["criteria"]["overall"]["parts"] = ["gold"]
    assert save(gea, broken) == first
    record = gea.get(f"/datasets/{first}").json()["properties"]
    assert record["craton:version"] == 2
    (finding,) = (one for one in record["craton:findings"] if one["code"] == "pack-fault")
    assert "criteria.overall.weights.values" in finding["message"]
    assert gea.get(f"/packs/{first}@1").json()["version"] == "1"
