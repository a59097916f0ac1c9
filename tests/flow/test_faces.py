"""One third-party file, every face: the process of the manual, installed as the manual says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.plugin import install_text

import craton
from craton.process.processes import _load_plugins, find_process

ROOT = Path(__file__).parents[2]
CRATON = [sys.executable, "-c", "from craton.cli import main; main()"]
MANUAL = ROOT / "docs/do/write-a-process.md"


@pytest.fixture(scope="module")
def module_text():
    """The first block of Python in the manual."""
    return re.search(r"```python\n(.*?)```", MANUAL.read_text(encoding="utf-8"), re.DOTALL)[1]


@pytest.fixture
def plugin(module_text, tmp_path, monkeypatch):
    folder = install_text(tmp_path / "plugins", "survey_tools", module_text)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.syspath_prepend(str(folder))
    _load_plugins.cache_clear()
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Folder of a node with a relief, which each test has a copy of."""
    folder = tmp_path_factory.mktemp("made") / "node"
    with craton.create(folder) as node:
        node.add(ROOT / "demo/sample/elevation", language="en")
    return folder


@pytest.fixture
def node(tmp_path, made, plugin):
    with craton.open(shutil.copytree(made, tmp_path / "node")) as opened:
        yield opened


def _craton(*arguments):
    done = subprocess.run([*CRATON, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_is_short(module_text):
    """The whole plugin is about thirty lines."""
    assert len(module_text.splitlines()) < 40


def test_python(node):
    """A call is checked; through the node it is a dataset whose numbers are those of the call."""
    import survey_tools

    relief = node.find(kind="grid")[0]
    result = node.run("coast.flooded", elevation=relief, level="90 cm")["result"]
    elevation = next(iter(node[relief.id].read().data_vars.values()))
    expected = survey_tools.flooded(elevation, level=0.9)
    np.testing.assert_array_equal(result.read()["flood_depth"], expected)
    assert result.record.quantities[0].name == "flood_depth"
    assert result.record.lineage.run.parameters == {"level": 0.9}


def test_command_line_and_manual(node):
    """Listed, described with unit and range, run."""
    relief = node.find(kind="grid")[0].id
    assert "coast.flooded" in _craton("processes")
    card = _craton("processes", "coast.flooded")
    assert "a number in m at least 0 m and at most 100 m; default 1.0" in card
    job = json.loads(
        _craton(
            "run",
            node.folder,
            "coast.flooded",
            "--input",
            f"elevation={relief}",
            "--set",
            "level=3ft",
            "--json",
        )
    )
    assert job["state"] == "successful"
    assert job["parameters"]["level"] == pytest.approx(0.9144)


def test_schema_and_reference_page(plugin):
    """The schema of its form and its page in the manual carry the same unit, range and words."""
    from craton.process.ogc import description
    from craton.process.reference import pages
    from craton.process.schema import input_schema

    spec = find_process("coast.flooded")
    schema = input_schema(spec)
    assert schema["properties"]["level"]["x-craton"]["unit"] == "m"
    assert "Rise of the sea, in metres." in json.dumps(description(spec))
    assert "Rise of the sea, in metres." in "".join(pages([spec]).values())
