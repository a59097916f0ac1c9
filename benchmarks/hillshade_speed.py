"""Hillshade of a grid larger than its blocks, from COG to COG, beside gdaldem."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
from rasterio.transform import from_origin

from harness import ROOT, alternate, report, seconds
from inputs import made

SIDE = 20_000
TIMES = int(os.environ.get("BENCH_TIMES", "3"))

CHILD = """
import json, resource, sys, time
from pathlib import Path
from craton.methods.terrain import hillshade
from craton.store.codec import encode
from craton.store.codec_cog import decode_cog
start = time.perf_counter()
elevation = decode_cog(Path(sys.argv[1]))["band_1"].assign_attrs(units="m")
encode(hillshade(elevation).to_dataset(), "grid", Path(sys.argv[2]))
spent = time.perf_counter() - start
print(json.dumps([spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""
PEER_OPTIONS = {
    "COMPRESS": "DEFLATE", "PREDICTOR": "YES", "OVERVIEWS": "AUTO", "OVERVIEW_RESAMPLING": "AVERAGE",
    "NUM_THREADS": "2", "BIGTIFF": "IF_SAFER",
}  # fmt: skip


def elevation() -> Path:
    """A relief of hills, gullies and noise in tenths of a metre, as a COG with overviews."""
    path = made(f"relief-{SIDE}-cog.tif")
    if path.exists():
        return path
    plain = path.with_suffix(".plain.tif")
    profile = {
        "driver": "GTiff", "width": SIDE, "height": SIDE, "count": 1, "dtype": "float32", "crs": "EPSG:32648",
        "transform": from_origin(200_000, 2_400_000, 10, 10), "nodata": np.nan,
        "tiled": True, "blockxsize": 512, "blockysize": 512,
    }  # fmt: skip
    random = np.random.default_rng(4)
    with rasterio.open(plain, "w", **profile) as out:
        for _, window in out.block_windows(1):
            rows = np.arange(window.row_off, window.row_off + window.height)[:, np.newaxis]
            columns = np.arange(window.col_off, window.col_off + window.width)
            relief = 900 + 600 * np.sin(rows / 700) * np.cos(columns / 900)
            relief = relief + 60 * np.sin((rows + 2 * columns) / 90) + 8 * np.cos((3 * rows - columns) / 25)
            relief = relief + random.normal(0, 0.5, relief.shape)
            out.write(np.round(relief, 1).astype("float32"), 1, window=window)
    options = {"compress": "DEFLATE", "predictor": "YES", "num_threads": "ALL_CPUS", "bigtiff": "IF_SAFER"}
    part = path.with_suffix(".part.tif")
    rasterio.shutil.copy(plain, part, driver="COG", **options)
    plain.unlink()
    return part.rename(path)


def ours(source: Path, memory: list[float]) -> float:
    """Seconds from opening the COG to the finished COG, in a new process; its peak memory is noted."""
    with tempfile.TemporaryDirectory(dir=source.parent) as folder:
        done = subprocess.run(
            [sys.executable, "-c", CHILD, source, folder],
            check=True,
            capture_output=True,
            text=True,
            cwd=ROOT,
        )
    spent, peak = json.loads(done.stdout.splitlines()[-1])
    memory.append(peak)
    return float(spent)


def peer(source: Path, *, direct: bool = False) -> float:
    """Seconds of GDAL's tools with two threads.

    Straight to COG gdaldem shades twice, once for the overviews; through a tiled raster it is faster.
    """
    options = [part for key, value in PEER_OPTIONS.items() for part in ("-co", f"{key}={value}")]
    environment = {**os.environ, "GDAL_NUM_THREADS": "2"}
    with tempfile.TemporaryDirectory(dir=source.parent) as folder:
        plain, cog = f"{folder}/plain.tif", f"{folder}/cog.tif"
        shade = ["gdaldem", "hillshade", str(source)]
        steps = [[*shade, cog, "-q", "-of", "COG", *options]]
        if not direct:
            copy = ["gdal_translate", "-q", "-of", "COG", *options, plain, cog]
            steps = [[*shade, plain, "-q", "-co", "TILED=YES"], copy]
        run = partial(subprocess.run, check=True, env=environment, capture_output=True)
        return seconds(lambda: [run(step) for step in steps])


def main() -> None:
    """Time both in turns, or ours alone where there is no gdaldem."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    source = elevation()
    memory: list[float] = []
    gdaldem = shutil.which("gdaldem")
    more: dict[str, float] = {}
    if gdaldem:
        time_ours, time_peer = alternate(lambda: ours(source, memory), lambda: peer(source), TIMES)
        more["gdaldem_straight_to_cog_s"] = round(peer(source, direct=True), 1)
        version = subprocess.run([gdaldem, "--version"], capture_output=True, text=True).stdout.split(",")[0]
    else:
        print("gdaldem is not installed (apt-get install gdal-bin): ours is measured alone")
        time_ours, time_peer, version = ours(source, memory), None, "GDAL"
    report(
        claim="hillshade-blocks", ours=time_ours, peer=time_peer, peer_name=f"gdaldem and gdal_translate, {version}", unit="s",
        goal="≤ 1.3× the time of gdaldem, ≤ 1024 MiB of memory",
        work=f"hillshade of {SIDE}×{SIDE} float32, COG to COG with overviews, two cores; ours without its imports",
        peak_memory_mib=round(max(memory)),
        **more,
    )  # fmt: skip


if __name__ == "__main__":
    main()
