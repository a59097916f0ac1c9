"""Provenance documents, read back with libraries that others wrote."""

from __future__ import annotations

import json
from importlib.metadata import version

import msgspec
import pytest
from prov.model import (
    ProvActivity,
    ProvAgent,
    ProvAssociation,
    ProvDerivation,
    ProvDocument,
    ProvEntity,
    ProvUsage,
)
from rocrate.rocrate import ROCrate

from craton.model.record import Asset, Lineage, Member, Parent, Party, Record, Run, SourceFile
from craton.process.provenance import ancestry, environment, graph, name_of, run_name, to_prov
from craton.process.ro_crate import METADATA, path_in_crate, to_crate


def record(id, **fields):
    """A record with a content hash."""
    return Record(
        **{"id": id, "kind": "grid", "title": {"en": f"Title of {id}"}, "content": f"hash of {id}"} | fields
    )


def parent(of, **fields):
    """What a child writes down of `of`."""
    return Parent(id=of.id, version=of.version, content=of.content, **fields)


def run(process, **inputs):
    """A run on `inputs`."""
    return Run(
        process=process, process_version="1", software="craton 0.1.0", parameters={"height": 5000.0, "padding": "mirror", "region": [1.0, 2.0], "mask": None},
        units={"height": "m"}, inputs={name: tuple(map(parent, given)) for name, given in inputs.items()}, output="result",
        key="ab" * 32, actor="vilay@example.org", started="2024-05-06T07:08:09.123Z", ended="2024-05-06T07:08:19Z",
        environment="cd" * 32, job="job-1", app="prospect@2",
    )  # fmt: skip


FILE = SourceFile(path="survey/loei.grd", sha256="11" * 32, size=7)
RAW = record(
    "loei", version=3, lineage=Lineage(files=(FILE,), reader="geosoft@1"), created="2024-05-01T00:00:00Z"
)
GONE = record("gone")
UP_RUN = run("gravity.upward_continuation", grid=[RAW])
UP = record("up", lineage=Lineage(parents=(parent(RAW),), run=UP_RUN))
BYTES = {"data.tif": b"abc", "c/0 1": b"d", "c/1": b"ef"}
ASSETS = {
    "data": Asset(media_type="image/tiff", members=(Member(name="data.tif", sha256="aa" * 32, size=3),)),
    "cube": Asset(
        media_type="application/vnd.zarr",
        members=tuple(
            Member(name=n, sha256=f"{i}" * 64, size=len(BYTES[n])) for i, n in enumerate(("c/0 1", "c/1"))
        ),
    ),
}
LAST = record(
    "residual of grids/1", description={"en": "What is left."}, licence="CC-BY-4.0", assets=ASSETS, updated="2024-05-06T07:08:20Z",
    parties=(Party(name="DGM"),), lineage=Lineage(run=run("grid.algebra", grids=[RAW, UP, GONE])),
)  # fmt: skip
STORE = {(one.id, one.version): one for one in (RAW, UP, LAST)}


def get(id, version):
    """A store that has lost `gone`."""
    return STORE.get((id, version))


HISTORY = ancestry(LAST, get)


def test_all_ancestors_come_before_their_children_and_lost_ones_are_told():
    """Each version once, parents first; what is gone is known by what its child wrote down."""
    assert [one.id for one in HISTORY.records] == ["loei", "up", LAST.id]
    assert HISTORY.missing == (parent(GONE),)


def test_circles_and_long_chains_end():
    """A record that is its own ancestor, and a chain longer than the stack of calls is deep."""
    one, other = record("one"), record("other")
    one = msgspec.structs.replace(one, lineage=Lineage(parents=(parent(other), parent(one))))
    other = msgspec.structs.replace(other, lineage=Lineage(parents=(parent(one),)))
    circle = ancestry(one, lambda id, _: {"one": one, "other": other}[id])
    assert {record.id for record in circle.records} == {"one", "other"}
    assert graph(circle)["edges"]
    to_prov(circle)
    chain = [record("0")]
    for number in range(1, 3000):
        chain.append(record(str(number), lineage=Lineage(parents=(parent(chain[-1]),))))
    long = ancestry(chain[-1], lambda id, _: chain[int(id)])
    assert [one.id for one in long.records] == [str(number) for number in range(3000)]


def test_the_graph_is_in_order_from_the_sources_down():
    """Nodes and edges for a drawing: files, readings, datasets, runs, and what is missing."""
    drawn = graph(HISTORY)
    types = {node["id"]: node["type"] for node in drawn["nodes"]}
    assert types == {
        "gone@1": "missing", "11" * 32: "file", "read-loei@3": "reading", "loei@3": "dataset", run_name(UP_RUN): "run",
        "up@1": "dataset", run_name(LAST.lineage.run): "run", "residual%20of%20grids/1@1": "dataset",
    }  # fmt: skip
    assert {"from": "loei@3", "to": run_name(UP_RUN), "role": "grid"} in drawn["edges"]
    assert {edge["from"] for edge in drawn["edges"]} | {edge["to"] for edge in drawn["edges"]} == types.keys()
    node = next(node for node in drawn["nodes"] if node["id"] == run_name(UP_RUN))
    assert (node["parameters"]["height"], node["units"]["height"]) == (5000.0, "m")
    json.dumps(drawn)


def test_prov_json_is_read_by_the_prov_library():
    """Entities, activities, agents and their relations are those of the history."""
    document = ProvDocument.deserialize(
        content=json.dumps(to_prov(HISTORY, base="https://node.example/datasets/")), format="json"
    )
    entities = {one.identifier.uri: one for one in document.get_records(ProvEntity)}
    base = "https://node.example/datasets/"
    assert {uri for uri in entities if uri.startswith(base)} == {
        base + name for name in ("loei@3", "up@1", "gone@1", "residual%20of%20grids/1@1")
    }
    assert "urn:craton:file:" + "11" * 32 in entities
    assert "urn:craton:process:gravity.upward_continuation@1" in entities
    term = document.valid_qualified_name("craton:sha256")
    assert entities[base + "up@1"].get_attribute(term) == {"hash of up"}
    assert entities[base + "gone@1"].get_attribute(term) == {"hash of gone"}

    activities = {one.identifier.localpart: one for one in document.get_records(ProvActivity)}
    upward = activities[run_name(UP_RUN)]
    assert upward.get_startTime().isoformat() == "2024-05-06T07:08:09.123000+00:00"
    assert upward.get_endTime().isoformat() == "2024-05-06T07:08:19+00:00"
    assert upward.get_attribute(document.valid_qualified_name("parameter:height")) == {5000.0}
    assert upward.get_attribute(document.valid_qualified_name("unit:height")) == {"m"}
    assert upward.get_attribute(document.valid_qualified_name("parameter:region")) == {"[1.0,2.0]"}

    agents = {one.identifier.uri for one in document.get_records(ProvAgent)}
    assert agents == {
        "urn:craton:software:craton-0.1.0", "urn:craton:agent:vilay@example.org", "urn:craton:software:geosoft@1",
    }  # fmt: skip
    usages = {(str(one.args[0].localpart), one.args[1].localpart) for one in document.get_records(ProvUsage)}
    assert (run_name(UP_RUN), "loei@3") in usages
    assert (run_name(LAST.lineage.run), "gone@1") in usages
    derived = {(one.args[0].localpart, one.args[1].localpart) for one in document.get_records(ProvDerivation)}
    assert {("up@1", "loei@3"), ("residual%20of%20grids/1@1", "up@1"), ("loei@3", "11" * 32)} <= derived
    plans = {
        (one.args[0].localpart, one.args[2].localpart)
        for one in document.get_records(ProvAssociation)
        if one.args[2]
    }
    assert (run_name(UP_RUN), "gravity.upward_continuation@1") in plans


def test_outputs_of_one_run_share_its_activity():
    """Two results of one run were generated by one activity; a later run is another one."""
    one = record("one", lineage=Lineage(run=UP_RUN))
    other = record("other", lineage=Lineage(run=msgspec.structs.replace(UP_RUN, output="second")))
    both = record("both", lineage=Lineage(parents=(parent(one), parent(other))))
    document = to_prov(ancestry(both, lambda id, _: {"one": one, "other": other}.get(id)))
    assert len(document["activity"]) == 1
    assert len(document["wasGeneratedBy"]) == 2
    assert run_name(UP_RUN) != run_name(msgspec.structs.replace(UP_RUN, started="2025-01-01T00:00:00Z"))


def test_a_crate_is_read_by_the_rocrate_library(tmp_path):
    """Files with their hashes, runs with tool, inputs, parameters, times and agent; the folder can be written again."""
    folder = tmp_path / "crate"
    for name, asset in ASSETS.items():
        for member in asset.members:
            path = folder / path_in_crate(name, member.name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(BYTES[member.name])
    metadata = to_crate(HISTORY)
    (folder / METADATA).write_text(json.dumps(metadata), encoding="utf-8")
    crate = ROCrate(folder)
    assert (crate.name, crate.description) == ("Title of residual of grids/1", "What is left.")
    assert crate.license.id == "https://spdx.org/licenses/CC-BY-4.0"
    assert crate.root_dataset["conformsTo"].id == "https://w3id.org/ro/wfrun/process/0.5"
    file = crate.get("data/data.tif")
    assert (file["sha256"], file["contentSize"], file["encodingFormat"]) == ("aa" * 32, "3", "image/tiff")
    assert {part.id for part in crate.root_dataset["hasPart"]} >= {"data/data.tif", "cube/"}
    assert {part.id for part in crate.get("cube/")["hasPart"]} == {"cube/c/0%201", "cube/c/1"}
    actions = {entity.id: entity for entity in crate.contextual_entities if entity.type == "CreateAction"}
    assert {mentioned.id for mentioned in crate.root_dataset["mentions"]} == set(actions)
    last = actions[f"#run/{run_name(LAST.lineage.run)}"]
    assert [one.id for one in last["result"]] == ["data/data.tif", "cube/"]
    assert last["instrument"].type == "SoftwareApplication"
    assert (last["instrument"]["name"], last["instrument"]["softwareVersion"]) == ("grid.algebra", "1")
    assert last["instrument"]["softwareRequirements"]["name"] == "craton"
    assert (last["agent"]["name"], last["endTime"]) == ("vilay@example.org", "2024-05-06T07:08:19Z")
    objects = {one.id: one for one in last["object"]}
    assert {"urn:craton:dataset:gone@1", "urn:craton:dataset:up@1"} <= objects.keys()
    height = next(one for one in objects.values() if one["name"] == "height")
    assert (height.type, height["value"], height["unitText"]) == ("PropertyValue", 5000.0, "m")
    crate.write(tmp_path / "again")
    assert (tmp_path / "again" / "cube" / "c" / "0 1").read_bytes() == b"d"


def test_every_reference_in_a_crate_leads_to_an_entity():
    """No entity is named that is not told of, save the profile's own words."""
    entities = {entity["@id"]: entity for entity in to_crate(HISTORY)["@graph"]}

    def references(value):
        if isinstance(value, dict):
            yield from (
                [value["@id"]]
                if set(value) == {"@id"}
                else [r for v in value.values() for r in references(v)]
            )
        elif isinstance(value, list):
            yield from (r for one in value for r in references(one))

    named = {
        r for entity in entities.values() for r in references([v for k, v in entity.items() if k != "@id"])
    }
    assert named - entities.keys() == {"https://w3id.org/ro/crate/1.1"}


def test_a_dataset_that_was_only_added_has_a_crate_too(tmp_path):
    """Its reading is the action, its source file in the crate what was read."""
    source = Asset(
        media_type="application/octet-stream",
        members=(Member(name="loei.grd", sha256=FILE.sha256, size=7),),
        roles=("source",),
    )
    added = msgspec.structs.replace(RAW, assets={"source": source, "data": ASSETS["data"]})
    entities = {entity["@id"]: entity for entity in to_crate(ancestry(added, get))["@graph"]}
    action = entities["#run/read-loei@3"]
    assert (action["object"], action["result"]) == ([{"@id": "source/loei.grd"}], [{"@id": "data/data.tif"}])
    assert entities["./"]["license"] == "not stated"


def test_records_of_older_versions_still_open():
    """Fields of a lineage that are no more are passed over; a record without a run has none."""
    old = b'{"id":"a","kind":"grid","title":{"en":"A"},"lineage":{"reader":"raster@1","process":"x","parameters":{}}}'
    opened = msgspec.json.decode(old, type=Record)
    assert (opened.lineage.reader, opened.lineage.run) == ("raster@1", None)
    assert msgspec.json.decode(msgspec.json.encode(LAST), type=Record) == LAST


def test_the_environment_names_what_is_installed():
    """Every package once, with its version, and a hash over them; asked once."""
    assert f"numpy=={version('numpy')}" in environment().packages
    assert list(environment().packages) == sorted(set(environment().packages))
    assert len(environment().hash) == 64
    assert environment() is environment()


@pytest.mark.parametrize("id", ["plain-1a2b", "with space", "ünï", "a/b:c@d", "100%"])
def test_any_identifier_makes_a_qualified_name(id):
    """Names in documents stay readable and are read back as they were."""
    document = to_prov(ancestry(record(id), get))
    back = ProvDocument.deserialize(content=json.dumps(document), format="json")
    (entity,) = back.get_records(ProvEntity)
    assert entity.identifier.localpart == name_of(record(id))
