"""Applications on the sample: from files to a picture, with one provenance graph."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from tests.plugin import install

import craton
from craton.jobs.manager import Manager, submit
from craton.jobs.pool import InProcess
from craton.jobs.submission import Request
from craton.model.errors import ContractError, JobError
from craton.process.app import read_app
from craton.process.processes import _load_plugins

SAMPLE = Path(__file__).parents[2] / "demo" / "sample"
SHARED = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture(scope="module")
def node(sample_node, tmp_path_factory):
    with craton.open(shutil.copytree(sample_node, tmp_path_factory.mktemp("apps") / "node")) as opened:
        yield opened


def test_regional_gravity_map(node):
    """Projected, continued, subtracted, contoured, drawn; the residual is what its definition says."""
    results = node.run("regional-gravity-map", height="20 km", interval=10)
    assert list(results) == ["map", "residual", "regional", "contours"]
    residual, regional = (results[name].read() for name in ("residual", "regional"))
    graph = results["residual"].provenance("graph")
    projected = next(n for n in graph["nodes"] if n.get("title") == "Gravity in metres")
    original = node[projected["id"]].read()["gravity_disturbance"]
    difference = original - regional["gravity_disturbance"]
    found = next(iter(residual.data_vars.values()))
    np.testing.assert_allclose(found, difference, atol=1e-9)
    levels = results["contours"].read()["level"]
    assert set(levels % 10) == {0}
    assert results["map"].export(node.folder.parent / "map.png").read_bytes()[:4] == b"\x89PNG"


def test_one_provenance_graph_leads_from_the_picture_to_the_files(node):
    """Every step, parameter and source file is an ancestor of the picture, and names the application."""
    picture = node.run("regional-gravity-map", height="20 km", interval=10)["map"]
    graph = picture.provenance("graph")
    runs = [n["title"] for n in graph["nodes"] if n["type"] == "run"]
    assert runs == [
        "grid.reproject", "gravity.upward_continuation", "grid.algebra", "grid.contour", "map.picture",
    ]  # fmt: skip
    assert any(n["type"] == "file" and "gravity" in n["title"] for n in graph["nodes"])
    run = picture.record.lineage.run
    assert run.app == "regional-gravity-map@1"
    assert run.environment
    assert picture.record.licence == "CC-BY-4.0"


def test_regional_gravity_map_without_towns(tmp_path):
    """What is optional may be missing: the map is drawn without labels of towns."""
    with craton.create(tmp_path / "bare") as bare:
        bare.add(SAMPLE / "geophysics", language="en")
        assert bare.run("regional-gravity-map")["map"].record.kind == "document"


def test_hazard_exposure_by_cell(node):
    """All landslides are counted once; rank 1 has the highest score."""
    ranked = node.run("hazard-exposure", cell_size=2)["ranked"].read()
    slides = next(r for r in node.find(text="landslides") if r.lineage.run is None and r.kind == "table")
    assert ranked["landslide_count"].sum() == slides.rows
    assert ranked["rank"].iloc[0] == 1
    assert ranked["score"].is_monotonic_decreasing


def test_hazard_exposure_by_province(node):
    """With areas given the cells are left out, and the areas keep their names."""
    source = SHARED / "basemap/geoboundaries_laos"
    if not source.is_dir():
        pytest.skip(f"the shared data is not here: {source}")
    node.add(source, licence="CC-BY-4.0")
    areas = next(r for r in node.find(bbox=(100, 14, 108, 23), kind="table") if r.rows == 18)
    ranked = node.run("hazard-exposure", areas=areas.id)["ranked"]
    assert len(ranked.read()) == 18
    runs = [n["title"] for n in ranked.provenance("graph")["nodes"] if n["type"] == "run"]
    assert "vector.cells" not in runs


def test_an_app_asked_again_gives_the_same_results_at_once(node):
    """Every step is reused."""
    first = node.run("hazard-exposure", cell_size=2)
    with Manager(node.store, node.queue, InProcess()) as manager:
        request = Request(process="hazard-exposure", parameters={"cell_size": 2})
        job = manager.wait(manager.submit(request).id, 60)
    assert job.reused
    assert job.results["ranked"] == first["ranked"].record.id


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"height": "-1 km"}, "above 0 m"),
        ({"heights": 3}, "one of its parameters"),
        ({"gravity": "nothing-1"}, "no dataset"),
    ],
)
def test_wrong_requests_are_refused(node, given, words):
    """Parameters are checked as their process checks them; inputs by kind and quantity."""
    with pytest.raises(Exception, match=words):
        node.run("regional-gravity-map", **given)


def test_a_dataset_of_another_quantity_is_refused(node):
    """The relief is no gravity grid."""
    relief = next(r for r in node.find(quantity="elevation") if r.lineage.run is None)
    with pytest.raises(ContractError, match="gravity"):
        node.run("regional-gravity-map", gravity=relief.id)


def test_missing_and_ambiguous_data_is_told(node, tmp_path):
    """An empty node says what is missing; with two gravity grids a person has to choose."""
    with craton.create(tmp_path / "empty") as empty:
        with pytest.raises(ContractError, match="none in the catalogue"):
            empty.run("regional-gravity-map")
        for name in ("one", "two"):
            copy = tmp_path / name / "gravity_disturbance.nc"
            copy.parent.mkdir()
            copy.write_bytes((SAMPLE / "geophysics/gravity_disturbance_10km.nc").read_bytes())
            empty.add(copy)
        with pytest.raises(ContractError, match="--input gravity=ID"):
            empty.run("regional-gravity-map")


FAILING = """
id = "doomed"
version = "1"
title.en = "Doomed"
question.en = "What when a step fails?"
description.en = "The second step fails."
needs.table = { kind = "table", quantity = ["magnitude"], title.en = "Table" }
steps = [
  { id = "first", process = "misbehaving.count", title.en = "First", inputs.table = ["table"] },
  { id = "second", process = "misbehaving.raises", title.en = "Second", inputs.table = ["first"] },
  { id = "third", process = "misbehaving.count", title.en = "Third", inputs.table = ["second"] },
]
show.results = ["third"]
"""


def test_a_step_that_fails_ends_its_app_with_the_reason(node, tmp_path, monkeypatch):
    """The application's job says which step failed and why; later steps are not begun; earlier results stay."""
    plugins = install(tmp_path / "plugins", "misbehaving")
    monkeypatch.syspath_prepend(str(plugins))
    _load_plugins.cache_clear()
    doomed = read_app(FAILING, "test")
    monkeypatch.setattr("craton.jobs.app_run.has_app", lambda id: id == doomed.id)
    monkeypatch.setattr("craton.jobs.app_run.find_app", lambda id: doomed)
    monkeypatch.setattr("craton.cli.runs.find_app", lambda id: doomed)
    with pytest.raises(JobError, match="step second: "):
        node.run("doomed")
    job = node.queue.find(process="doomed", parent="")[0]
    assert [s.state for s in node.queue.steps(job.id)] == ["successful", "failed"]
    with Manager(node.store, node.queue, InProcess()) as manager:
        again = manager.wait(manager.retry(job.id).id, 60)
    assert again.state == "failed"
    assert [s.attempts for s in node.queue.steps(job.id)] == [1, 1]
    assert node.check() == []


def test_an_app_that_is_gone_fails_its_job_and_not_the_node(node, monkeypatch):
    """A queued run of an application that is not installed any more ends with that reason."""
    job = submit(node.store, node.queue, Request(process="hazard-exposure", parameters={"cell_size": 3}))
    monkeypatch.setattr("craton.process.apps._written", dict)
    with Manager(node.store, node.queue, InProcess()) as manager:
        ended = manager.wait(job.id, 30)
    assert ended.state == "failed"
    assert "hazard-exposure" in ended.message


SERVER = """
import sys
import craton
with craton.open(sys.argv[1]) as node, node.manager() as manager:
    print("ready", flush=True)
    sys.stdin.read()
"""


def test_an_app_goes_on_after_the_node_was_killed(node):
    """`kill -9` between two steps: the restarted node does the rest and repeats nothing."""
    job = submit(
        node.store, node.queue, Request(process="regional-gravity-map", parameters={"height": "7 km"})
    )
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, node.folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    end = time.monotonic() + 60
    while not any(s.state == "successful" for s in node.queue.steps(job.id)):
        assert time.monotonic() < end
        time.sleep(0.01)
    os.kill(server.pid, signal.SIGKILL)
    server.communicate()
    done = {s.id: s.ended for s in node.queue.steps(job.id) if s.state == "successful"}
    with node.manager() as manager:
        assert manager.wait(job.id, 120).state == "successful"
    after = {s.id: s.ended for s in node.queue.steps(job.id)}
    assert {id: after[id] for id in done} == done
    assert len(after) == 5
    assert node.check() == []
