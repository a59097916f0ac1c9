"""Every file of the open survey data ends in a dataset or a document, and the bad ones end well."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.reading import DATA

import craton
from craton.model.findings import FINDINGS, REFUSALS

pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")
CRATON = Path(sys.executable).with_name("craton")


@pytest.fixture(scope="session")
def published(tmp_path_factory):
    """A node with all the good data, and the outcome of each file."""
    folder = tmp_path_factory.mktemp("published") / "node"
    craton.create(folder).close()
    good = [p for p in sorted(DATA.iterdir()) if p.name != "bad_input"]
    done = subprocess.run(
        [CRATON, "add", folder, *good, "--json"], capture_output=True, text=True, timeout=1200
    )
    return folder, done, [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.slow
@pytest.mark.timeout(1300)
def test_no_good_file_is_dropped_or_refused(published):
    """One outcome a file, none refused, exit status 0."""
    _folder, done, outcomes = published
    files = {str(p) for p in DATA.rglob("*") if p.is_file() and not p.is_relative_to(DATA / "bad_input")}
    assert [(o["path"], o["message"]) for o in outcomes if o["outcome"] == "refused"] == []
    assert {o["path"] for o in outcomes} == files
    assert done.returncode == 0


@pytest.mark.slow
@pytest.mark.timeout(1300)
def test_each_published_dataset_reads_and_the_node_is_whole(published):
    """Every record gives its data back, its findings are known codes, and check finds nothing."""
    folder, _done, _outcomes = published
    with craton.open(folder) as node:
        for record in node.find():
            node[record.id].read()
            assert {f.code for f in record.findings} <= FINDINGS.keys()
        assert node.check() == []


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_bad_input_ends_in_findings_or_refusals_within_its_limits(tmp_path):
    """Each file ends within ten seconds, with a known code and one sentence; nothing partial stays."""
    folder = tmp_path / "node"
    craton.create(folder).close()
    done = subprocess.run(
        [CRATON, "add", folder, DATA / "bad_input", "--json"], capture_output=True, text=True, timeout=900
    )
    outcomes = [json.loads(line) for line in done.stdout.splitlines()]
    assert {o["path"] for o in outcomes} == {str(p) for p in (DATA / "bad_input").rglob("*") if p.is_file()}
    refused = [o for o in outcomes if o["outcome"] == "refused"]
    assert done.returncode == 1
    assert len(refused) > 150
    assert {o["code"] for o in refused} <= REFUSALS.keys()
    assert all(o["message"] and o["seconds"] < 10 for o in refused)
    assert not [o["path"] for o in refused if "/good/" in o["path"] or "/y_" in o["path"]]
    with craton.open(folder) as node:
        assert node.check() == []
        assert len(node.find()) == len(
            {i for o in outcomes for i in o["records"] if o["outcome"] != "refused"}
        )
