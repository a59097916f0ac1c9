"""Vector tiles: in process out of an archive, made from features when asked for, and over HTTP from a node."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import inputs
from craton.model.tile_matrix import WEB_MERCATOR_QUAD, WORLD_CRS84_QUAD, tile_range
from craton.store.feature_index import open_features
from craton.store.vector_tiles import VectorTiles, open_tiles
from harness import BENCH, report

FEATURES = int(os.environ.get("BENCH_FEATURES", "200000"))
LEVEL = 10
SECONDS = 5.0
CONNECTIONS = 8
SERVE = "from craton.cli import main; main()"


def places(tiles: VectorTiles, level: int, count: int) -> list[tuple[int, int]]:
    """Rows and columns of tiles of the data, the same every time."""
    assert tiles.bbox is not None
    found = tile_range(WEB_MERCATOR_QUAD, level, tiles.bbox)
    rows = range(found.first_row, found.last_row + 1)
    columns = range(found.first_column, found.last_column + 1)
    draw = random.Random(1)
    return [(draw.choice(rows), draw.choice(columns)) for _ in range(count)]


def in_process(tiles: VectorTiles) -> float:
    """Tiles a second out of the archive."""
    chosen = places(tiles, LEVEL, 20_000)
    start = time.perf_counter()
    for row, column in chosen:
        tiles.tile(WEB_MERCATOR_QUAD, LEVEL, row, column)
    return len(chosen) / (time.perf_counter() - start)


def when_asked(tiles: VectorTiles, level: int) -> float:
    """Median seconds of a tile that is made when it is asked for."""
    assert tiles.bbox is not None
    found = tile_range(WORLD_CRS84_QUAD, level, tiles.bbox)
    chosen = itertools.product(
        range(found.first_row, found.last_row + 1), range(found.first_column, found.last_column + 1)
    )
    times = []
    for row, column in itertools.islice(chosen, 40):
        start = time.perf_counter()
        tiles.tile(WORLD_CRS84_QUAD, level, row, column)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


async def over_http(port: int, paths: list[str]) -> float:
    """Tiles a second of several connections that ask without a pause."""
    end, asked = time.perf_counter() + SECONDS, itertools.cycle(paths)
    done = 0

    async def one() -> None:
        nonlocal done
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < end:
            head = f"GET {next(asked)} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n"
            writer.write(head.encode())
            said = (await reader.readuntil(b"\r\n\r\n")).lower()
            assert b" 200 " in said[:20] or b" 204 " in said[:20], said
            _, found, rest = said.partition(b"content-length: ")
            if found:
                await reader.readexactly(int(rest.partition(b"\r")[0]))
            done += 1
        writer.close()

    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return done / SECONDS


def served(folder: Path, id: str, tiles: VectorTiles) -> float:
    """Tiles a second of a node that serves `folder`."""
    command = [sys.executable, "-c", SERVE, "serve", str(folder), "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert server.stdout is not None
        assert select.select([server.stdout], [], [], 60)[0]
        port = int(server.stdout.readline().strip().rpartition(":")[2])
        paths = [
            f"/collections/{id}/tiles/WebMercatorQuad/{LEVEL}/{row}/{column}"
            for row, column in places(tiles, LEVEL, 5000)
        ]
        asyncio.run(over_http(port, paths[:8]))
        return asyncio.run(over_http(port, paths))
    finally:
        server.terminate()
        server.wait(timeout=60)


def main() -> None:
    """Make the archive once, then ask."""

    import craton

    work = f"{FEATURES:,} polygons of 25 vertices"
    folder = Path(tempfile.mkdtemp(prefix="tiles-", dir=BENCH))
    try:
        with craton.create(folder / "node") as node:
            node.add(inputs.polygons(FEATURES))
            record = node.store.find(limit=1)[0]
            open_features(node.store, record, wait=True)
            tiles = open_tiles(node.store, record)
            tiles.last_level = LEVEL
            while tiles.whole() is None:
                time.sleep(0.2)
            for level in (6, 8, 10):
                report(
                    claim=f"vector-tile-asked-z{level}", ours=when_asked(tiles, level) * 1e3, peer=None,
                    peer_name="", unit="ms", goal="≤ 1000 ms" if level == 6 else "≤ 100 ms",
                    work=f"a tile made of features when asked for, WorldCRS84Quad level {level}; {work}",
                )  # fmt: skip
            report(
                claim="vector-tile-in-process", ours=in_process(tiles), peer=None, peer_name="", unit="tiles/s",
                goal="≥ 20,000", work=f"level {LEVEL} out of the archive; {work}", smaller_is_better=False,
            )  # fmt: skip
            report(
                claim="vector-tile-http", ours=served(folder / "node", record.id, tiles), peer=None, peer_name="",
                unit="tiles/s", goal="≥ 3,000", smaller_is_better=False,
                work=f"level {LEVEL} over HTTP, {CONNECTIONS} connections, the client on the same machine; {work}",
            )  # fmt: skip
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
