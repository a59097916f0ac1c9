"""The same node on PostgreSQL and S3, by settings alone."""

import os
import subprocess
import sys
from pathlib import Path

import craton

SAMPLE = Path(__file__).resolve().parents[2] / "demo" / "sample"
CRATON = Path(sys.executable).with_name("craton")


def test_a_node_on_postgresql_and_s3_is_made_filled_read_and_checked(
    tmp_path, monkeypatch, postgis_address, s3_endpoint, s3_bucket
):
    """`init`, `add`, `find`, `read` and `check` work, and neither catalogue nor objects lie in the folder."""
    settings = {
        "CRATON_STORE_CATALOGUE": postgis_address,
        "CRATON_STORE_OBJECTS": f"s3://{s3_bucket}/node",
        "CRATON_STORE_S3_ENDPOINT": s3_endpoint,
        "CRATON_STORE_S3_ACCESS_KEY_ID": "test",
        "CRATON_STORE_S3_SECRET_ACCESS_KEY": "test",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "node"
    for command in (["init", folder], ["add", folder, SAMPLE], ["check", folder]):
        done = subprocess.run([CRATON, *command], capture_output=True, text=True, timeout=240, env=os.environ)
        assert done.returncode == 0, done.stderr
    with craton.open(folder) as node:
        [quakes] = node.find(text="地震")
        assert len(node[quakes.id].read()) == 71
        assert len(node.find()) == 9
    assert not (folder / "catalogue.sqlite").exists()
    assert not (folder / "objects").exists()
