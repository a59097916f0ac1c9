"""Map tiles of a large grid, asked of a node over HTTP as a map in a browser asks."""

from __future__ import annotations

import http.client
import os
import random
import select
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
from rasterio.transform import from_origin
from rasterio.warp import transform_bounds

from harness import report
from inputs import made

SIDE = 8192
LEVELS = range(7, 12)
TILES = int(os.environ.get("BENCH_TILES", "600"))
CONNECTIONS = 4
SERVE = "from craton.cli import main; main()"


def relief() -> Path:
    """A relief of 8192 × 8192 float32 as a COG with ZSTD and overviews."""
    path = made(f"relief-{SIDE}-zstd-cog.tif")
    if path.exists():
        return path
    plain = path.with_suffix(".plain.tif")
    profile = {
        "driver": "GTiff", "width": SIDE, "height": SIDE, "count": 1, "dtype": "float32", "crs": "EPSG:32648",
        "transform": from_origin(200_000, 2_200_000, 60, 60), "nodata": -9999, "tiled": True,
        "blockxsize": 512, "blockysize": 512,
    }  # fmt: skip
    noise = np.random.default_rng(5)
    with rasterio.open(plain, "w", **profile) as out:
        for _, window in out.block_windows(1):
            rows = np.arange(window.row_off, window.row_off + window.height)[:, np.newaxis]
            columns = np.arange(window.col_off, window.col_off + window.width)
            cells = (
                900
                + 600 * np.sin(rows / 700) * np.cos(columns / 900)
                + 60 * np.sin((rows + 2 * columns) / 90)
            )
            out.write(
                np.round(cells + noise.normal(0, 1, cells.shape), 1).astype("float32"), 1, window=window
            )
    part = path.with_suffix(".part.tif")
    rasterio.shutil.copy(plain, part, driver="COG", compress="ZSTD", predictor="YES")
    plain.unlink()
    return part.rename(path)


def tiles(source: Path) -> list[tuple[int, int, int]]:
    """Tiles (level, row, column) within the grid, in an order that a seed decides."""
    with rasterio.open(source) as grid:
        west, south, east, north = transform_bounds(grid.crs, "EPSG:3857", *grid.bounds)
    half = 20037508.342789244
    found = []
    for level in LEVELS:
        side = 2 * half / 2**level
        columns = range(int((west + half) / side), int((east + half) / side) + 1)
        rows = range(int((half - north) / side), int((half - south) / side) + 1)
        found += [(level, row, column) for row in rows for column in columns]
    random.Random(7).shuffle(found)
    return found[:TILES]


def asked(host: str, path: str, wanted: list[tuple[int, int, int]]) -> float:
    """Seconds until all tiles are there, over a few connections."""

    def ask(part: list[tuple[int, int, int]]) -> None:
        connection = http.client.HTTPConnection(host)
        for level, row, column in part:
            connection.request("GET", path.format(z=level, y=row, x=column))
            reply = connection.getresponse()
            assert reply.status == 200, reply.read()
            assert len(reply.read()) > 100

    start = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(ask, [wanted[n::CONNECTIONS] for n in range(CONNECTIONS)]))
    return time.perf_counter() - start


def spent(pid: int) -> float:
    """Seconds of processor time of a process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    ticks = [
        sum(map(int, Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()[11:13]))
        for one in (pid, *children)
    ]
    return sum(ticks) / os.sysconf("SC_CLK_TCK")


def ours(source: Path, wanted: list[tuple[int, int, int]]) -> tuple[float, float]:
    """Tiles a second of a node that holds the grid, none asked for twice, and processor milliseconds a tile."""
    with tempfile.TemporaryDirectory(dir=source.parent) as folder:
        inbox, node = Path(folder, "in"), Path(folder, "node")
        inbox.mkdir()
        shutil.copy(source, inbox / "grid.tif")
        for words in (["init", node], ["add", node, inbox]):
            subprocess.run([sys.executable, "-c", SERVE, *map(str, words)], check=True, capture_output=True)
        listed = subprocess.run(
            [sys.executable, "-c", SERVE, "ls", str(node), "--json"],
            check=True,
            capture_output=True,
            text=True,
        )
        id_ = listed.stdout.split('"id"')[1].split('"')[1]
        server = subprocess.Popen(
            [sys.executable, "-c", SERVE, "serve", str(node), "--port", "0"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        try:
            select.select([server.stdout], [], [], 60)
            host = server.stdout.readline().strip().removeprefix("http://")
            path = f"/collections/{id_}/map/tiles/WebMercatorQuad/{{z}}/{{y}}/{{x}}?f=png"
            asked(host, path, wanted[-4:])
            before, count = spent(server.pid), len(wanted) - 4
            seconds = asked(host, path, wanted[:-4])
            return count / seconds, 1000 * (spent(server.pid) - before) / count
        finally:
            server.terminate()
            server.wait(timeout=30)


def main() -> None:
    """Measure ours; the peer is measured by hand, for it cannot be installed beside the others."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    source = relief()
    rate, milliseconds = ours(source, tiles(source))
    report(
        claim="raster-tile", ours=rate, peer=None, peer_name="TiTiler, 2 workers",
        unit="tiles/s", goal="≥ 3× TiTiler", smaller_is_better=False,
        work=f"PNG tiles of 256 pixels, levels {LEVELS.start}–{LEVELS.stop - 1}, of {SIDE}×{SIDE} float32, two cores,"
        f" {CONNECTIONS} connections, each tile once",
        processor_ms_per_tile=round(milliseconds, 1),
    )  # fmt: skip


if __name__ == "__main__":
    main()
