"""Broken and hostile rasters end in data with findings or in a refusal, within a reader's limits."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin
from tests.reading import DATA, read_source

from craton.model.errors import RefusedError
from craton.model.findings import FINDINGS, REFUSALS

SECONDS = 10
MEMORY = 1 << 30

DRIVER = """
import json, os, sys, time
from pathlib import Path
from craton.jobs.sandbox import Limits, spawn
from craton.model.errors import RefusedError
from craton.process.readers import readers
from tests.reading import read_source

readers()

def read(path, answer):
    try:
        _, drafts = read_source(Path(path))
        findings = [finding.code for draft in drafts for finding in draft.findings]
        outcome = {"kinds": [draft.kind for draft in drafts], "findings": findings}
    except RefusedError as refusal:
        outcome = {"refused": refusal.code, "message": refusal.message}
    Path(answer).write_text(json.dumps(outcome))

answers = {}
for number, path in enumerate(sys.argv[2:]):
    answer = Path(sys.argv[1]) / f"{number}.json"
    start = time.monotonic()
    child = spawn(lambda: read(path, answer), Limits(memory=MEMORY, seconds=SECONDS, file_size=MEMORY))
    while (status := child.finished()) is None:
        child.watch()
        time.sleep(0.01)
    found = json.loads(answer.read_text()) if answer.exists() else {}
    answers[path] = {**found, "status": status, "killed": child.killed, "seconds": time.monotonic() - start}
print(json.dumps(answers))
"""


def outcomes(paths: list[Path], folder: Path) -> dict[str, dict]:
    """What reading each of `paths` in a limited child of its own ended in."""
    script = DRIVER.replace("MEMORY", str(MEMORY)).replace("SECONDS", str(SECONDS))
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script, folder, *paths],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
        timeout=280,
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def bad_files(tmp_path_factory) -> dict[str, dict]:
    """Outcomes of all files of the two folders of bad TIFFs."""
    if not DATA.exists():
        pytest.skip("the open survey data is not beside this checkout")
    paths = sorted(p for f in ("tiff_fuzz", "tiff_corrupt") for p in (DATA / "bad_input" / f).iterdir())
    paths = [path for path in paths if not path.name.startswith("LICENSE")]
    return {Path(p).name: one for p, one in outcomes(paths, tmp_path_factory.mktemp("answers")).items()}


def test_all_bad_files_end_within_limits(bad_files):
    """None of the 27 bad files hangs, crashes the reader or eats its memory."""
    assert len(bad_files) == 27
    assert {name: one for name, one in bad_files.items() if one["status"] or one["killed"]} == {}
    assert max(one["seconds"] for one in bad_files.values()) < SECONDS


def test_all_bad_files_end_in_a_known_answer(bad_files):
    """Each bad file becomes data with known findings, or is refused by a known code."""
    for one in bad_files.values():
        assert one.get("refused", "corrupt") in REFUSALS
        assert set(one.get("findings", [])) <= FINDINGS.keys()
        assert "refused" in one or one["kinds"]


def test_fuzzed_files_are_refused_as_corrupt(bad_files):
    """Of the 24 fuzzed TIFFs one decodes, to a picture without a place; the others are refused as corrupt."""
    fuzzed = {name: one for name, one in bad_files.items() if "__" in name}
    refused = [one["refused"] for one in fuzzed.values() if "refused" in one]
    [decoded] = [one for one in fuzzed.values() if "refused" not in one]
    assert refused == ["corrupt"] * 23
    assert (decoded["kinds"], decoded["findings"]) == (["document"], ["georeference-missing"])


def test_corrupt_block_is_found_before_the_raster_is_believed(bad_files):
    """A GeoTIFF whose header is whole but one of whose blocks is not is refused."""
    assert bad_files["corrupt.tif"]["refused"] == "corrupt"


def test_hdf5_without_bands_is_a_document(bad_files):
    """HDF5 without a grid is kept as a document."""
    assert bad_files["no_band.h5"]["kinds"] == ["document"]
    assert bad_files["no_band.h5"]["findings"] == ["grid-axes-missing"]


def tiff(width: int, height: int, *, packed: bytes, packing: int = 8, tiled: bool = False) -> bytes:
    """A little-endian TIFF of one 8-bit band that declares its size freely, in one strip or one tile."""
    block = ((322, width), (323, height), (324, 8), (325, len(packed)))
    strip = ((273, 8), (278, height), (279, len(packed)))
    tags = [
        (256, width),
        (257, height),
        (258, 8),
        (259, packing),
        (262, 1),
        (277, 1),
        *(block if tiled else strip),
    ]
    table = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags))
    head = struct.pack("<2sHI", b"II", 42, 8 + len(packed))
    return head + packed + struct.pack("<H", len(tags)) + table + b"\0\0\0\0"


NOTHING = zlib.compress(b"")
BOMBS = {
    "declares 2^31 x 2^31 cells": (tiff(2**31 - 1, 2**31 - 1, packed=NOTHING), "corrupt"),
    "declares one strip of 3.6 GB": (tiff(60_000, 60_000, packed=NOTHING), "corrupt"),
    "declares 4 GB without packing": (tiff(65_000, 65_000, packed=b"\0" * 100, packing=1), "corrupt"),
    "one tile of 400 MB": (
        tiff(20_000, 20_000, packed=zlib.compress(bytes(400_000_000)), tiled=True),
        "too-large",
    ),
    "ends in its header": (tiff(10, 10, packed=b"")[:40], "corrupt"),
}


def test_bombs_are_refused_within_limits(tmp_path):
    """Small files that declare or unpack to far more than memory are refused, not unpacked."""
    paths = []
    for number, (content, _) in enumerate(BOMBS.values()):
        paths.append(tmp_path / f"bomb{number}.tif")
        paths[-1].write_bytes(content)
    answers = outcomes(paths, tmp_path)
    assert [answers[str(path)].get("refused") for path in paths] == [code for _, code in BOMBS.values()]
    assert not any(one["status"] or one["killed"] for one in answers.values())


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_truncated_tiff_is_refused(share, tmp_path):
    """A GeoTIFF cut off anywhere is refused: its last block is always looked at."""
    path = tmp_path / "dem.tif"
    cells = np.random.default_rng(1).integers(0, 30_000, (300, 400)).astype("int16")
    place = from_origin(0, 300, 1, 1)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=400,
        height=300,
        count=1,
        dtype="int16",
        transform=place,
        compress="deflate",
    ) as out:
        out.write(cells, 1)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(RefusedError) as refusal:
        read_source(path)
    assert refusal.value.code == "corrupt"


def test_sparse_raster_is_read(tmp_path):
    """A raster of 1.6 GB whose blocks are mostly left out is sound, and read without unpacking it."""
    path = tmp_path / "sparse.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=20_000, height=20_000, count=1, dtype="float32",
        transform=from_origin(0, 20_000, 1, 1), tiled=True, blockxsize=512, blockysize=512,
        sparse_ok=True, compress="lzw",
    ) as out:  # fmt: skip
        out.write(np.ones((512, 512), "float32"), 1, window=rasterio.windows.Window(0, 0, 512, 512))
    assert path.stat().st_size < 100_000
    _, [draft] = read_source(path)
    assert draft.data.driver == "GTiff"


def test_empty_file_with_the_name_of_a_raster_is_not_claimed(tmp_path):
    """A file without content is no raster whatever it is called."""
    from craton.ingest.raster_formats import raster_format

    assert raster_format("a.tif", b"", tmp_path) is None
