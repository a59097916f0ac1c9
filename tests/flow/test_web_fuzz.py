"""Every question that the definition of the API allows, and many that it does not, by schemathesis."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pytest
from tests.persons import add_people
from tests.serving import SAMPLE, Served, put

import craton

CLIENTS = Path(__file__).parents[1] / "clients"
SETTINGS = {
    "CRATON_LIMITS_SIGNING_IN": "0",
    "CRATON_LIMITS_RUNNING": "0",
    "CRATON_LIMITS_SEARCHING": "0",
    "CRATON_LIMITS_READING": "0",
}
GRID_QUERIES = ("position", "area", "radius", "trajectory", "cube", "coverage", "heights")
SAME_FOR_ALL = (
    "^/(wms|wmts|wfs|csw|places|tileMatrixSets|login|portal|processes|apps)"
    "|/(map|tiles|styles|legend|position|area|radius|cube|trajectory|coverage|scene|bricks|holes|points|heights|mesh)"
)
"""Addresses at which a manager is answered by the same lines as everyone."""

RUN = (
    "grid.algebra", "geostatistics.fit_variogram", "gravity.drift_and_tide", "gridding.cross_validation", "inversion.joint",
    "magnetics.reference_field", "map.picture", "survey_lines.crossovers", "table.filter", "vector.buffer",
)  # fmt: skip
"""Processes that are asked to run: all are served by the same lines, these have every kind of parameter."""

OTHERS = rf"^/processes/(?!({'|'.join(map(re.escape, RUN))})/)[a-z_]+\.[a-z_0-9]+/execution"
"""Addresses at which the others run. `CRATON_FUZZ_ALL=1` asks them too, which takes very long."""

ASKED = () if os.environ.get("CRATON_FUZZ_ALL") else ("--exclude-path-regex", OTHERS)

SPARE = ["spare-1", "spare-2"]
SECONDS = 280


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    places = gpd.points_from_xy([100.0, 100.5, 101.0, 101.5, 102.0], [18.0] * 5)
    sites = gpd.GeoDataFrame(
        {"site": [f"S{n}" for n in range(5)], "gold_ppm": [0.1 * n for n in range(5)]},
        geometry=places, crs="EPSG:4326",
    )  # fmt: skip
    with craton.create(folder / "node", title="Node") as node:
        node.add(SAMPLE / "elevation")
        for id in ("sites-1", *SPARE):
            put(node, sites, "table", id=id)
        put(node, sites, "table", id="secret-1", visibility="private")
    tokens = add_people(folder / "node")
    with Served(folder / "node", folder, settings=SETTINGS) as server:
        server.headers = {"Authorization": f"Bearer {tokens['boss']}"}
        yield server


@pytest.fixture(scope="module")
def words(served):
    """Values of parameters of paths that lead somewhere."""
    records = served.get("/datasets").json()["features"]
    grid = next(one["id"] for one in records if one["properties"]["craton:kind"] == "grid")
    job = served.job("terrain.slope", {"elevation": grid})["jobID"]
    body = {"files": [{"name": "rocks.csv", "size": 12}]}
    uploads = [
        served.client.post("/uploads", json=body, headers=served.headers).json()["id"] for _ in range(2)
    ]
    ids = ["sites-1", grid]
    return {
        "datasetID": ids, "patch datasetID": SPARE, "delete datasetID": SPARE, "asset": ["data"],
        "recordId": ids, "collectionId": ids, "featureId": ["1", "5"], "stacCollectionId": ["table", "grid"],
        "stacItemId": ids, "jobID": [job], "uploadID": uploads[:1], "delete uploadID": uploads[1:], "layer": ids,
        "coords of position": ["POINT(102 18)", "MULTIPOINT((101 18),(102 19))"],
        "coords of radius": ["POINT(102 18)"], "coords of under": ["POINT(101 18)"],
        "coords of area": ["POLYGON((101 17,103 17,102 19,101 17))"],
        "coords of trajectory": ["LINESTRING(101 17,102 18,103 18)"],
        **{f"collectionId of {name}": [grid] for name in GRID_QUERIES}, "name": ["rocks.csv"],
        "styleId": ["default"], "style": ["default"], "tileMatrixSet": ["WebMercatorQuad"],
        "examples": {"tileMatrix": "2", "tileRow": "1", "tileCol": "3", "file": "3.png",
                     "member": "data.parquet", "path": "index.html"},
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "choice"),
    [
        ("anyone", ("--phases", "coverage,fuzzing", *ASKED)),
        ("manager", ("--phases", "coverage", "--exclude-path-regex", SAME_FOR_ALL)),
    ],
    ids=("anyone", "manager"),
)
def test_schemathesis_finds_no_fault(served, words, tmp_path, name, choice):
    """No fault of the node, no status, type, header or document that is not told, nothing wrong taken."""
    headers = served.headers if name == "manager" else {}
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(CLIENTS / "fuzz.toml"), "run",
        f"{served.address}/api", *choice, *(f"--header={key}:{value}" for key, value in headers.items()),
    ]  # fmt: skip
    environment = {
        **os.environ, "PYTHONPATH": str(CLIENTS), "SCHEMATHESIS_HOOKS": "fuzz_hooks",
        "CRATON_FUZZ_WORDS": json.dumps(words),
    }  # fmt: skip
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=SECONDS
    )
    assert done.returncode == 0, done.stdout + done.stderr
