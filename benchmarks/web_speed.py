"""The node over HTTP beside servers of others, on the same data: pages of features, vector tiles, raster tiles."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import geopandas as gpd

import craton
import inputs
import raster_tile
from craton.model.tile_matrix import WEB_MERCATOR_QUAD, tile_range
from harness import BENCH, report
from load import rate, served
from peers import web_servers

FEATURES = int(os.environ.get("BENCH_FEATURES", "200000"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "8"))
CONNECTIONS = 8
LEVEL = 8
REPEATED = 2


def boxes(frame: gpd.GeoDataFrame, count: int = 400) -> list[str]:
    """Boxes of one degree within the data, the same every time."""
    west, south, east, north = frame.total_bounds
    draw = random.Random(2)
    corners = [(draw.uniform(west, east - 1), draw.uniform(south, north - 1)) for _ in range(count)]
    return [f"{x:.4f},{y:.4f},{x + 1:.4f},{y + 1:.4f}" for x, y in corners]


def tiles(frame: gpd.GeoDataFrame, level: int, count: int = 400) -> list[tuple[int, int]]:
    """Rows and columns of tiles of the data, the same every time."""
    found = tile_range(WEB_MERCATOR_QUAD, level, tuple(map(float, frame.total_bounds)))
    draw = random.Random(1)
    rows, columns = (found.first_row, found.last_row), (found.first_column, found.last_column)
    return [(draw.randint(*rows), draw.randint(*columns)) for _ in range(count)]


def measured(port: int, paths: list[str], encoding: str = "identity") -> float:
    """Requests a second, the best of some runs, since a busy moment only ever slows one."""
    return max(
        rate(port, paths, connections=CONNECTIONS, seconds=SECONDS, encoding=encoding)
        for _ in range(REPEATED)
    )


def features(folder: Path) -> None:
    """Pages of 100 features in a box, and vector tiles of level 8."""
    source = inputs.polygons(FEATURES)
    frame = gpd.read_file(source)
    work = f"{FEATURES:,} polygons of 25 vertices; {CONNECTIONS} connections"
    asked, places = boxes(frame), tiles(frame, LEVEL)
    with craton.create(folder / "node") as node:
        node.add(source)
        id = node.find(limit=1)[0].id
    with served(folder / "node") as (port, _pid):
        await_ready(port, f"/collections/{id}/items?limit=1", f"/collections/{id}/tiles.pmtiles")
        ours = measured(port, [f"/collections/{id}/items?limit=100&bbox={box}" for box in asked])
        our_tiles = measured(
            port, [f"/collections/{id}/tiles/WebMercatorQuad/{LEVEL}/{r}/{c}" for r, c in places], "gzip"
        )
    with web_servers.postgis() as database:
        web_servers.load(database, frame)
        with web_servers.tipg(database) as port:
            start = "/collections/public.polygons"
            tipg = measured(port, [f"{start}/items?limit=100&f=geojson&bbox={box}" for box in asked])
            tipg_tiles = measured(
                port, [f"{start}/tiles/WebMercatorQuad/{LEVEL}/{c}/{r}" for r, c in places], "gzip"
            )
        with web_servers.pygeoapi(database) as port:
            start = "/collections/polygons/items?f=json&limit=100&bbox="
            pygeoapi = measured(port, [start + quote(box) for box in asked])
    page = {"unit": "pages/s", "work": f"100 features in a box of 1°; {work}", "smaller_is_better": False}
    report(claim="feature-page-pygeoapi", ours=ours, peer=pygeoapi, peer_name="pygeoapi, PostGIS, 2 workers",
           goal="≥ 50 times", **page)  # fmt: skip
    report(claim="feature-page-tipg", ours=ours, peer=tipg, peer_name="TiPg, PostGIS, 2 workers",
           goal="≥ 20 times", **page)  # fmt: skip
    report(claim="vector-tile-z8", ours=our_tiles, peer=tipg_tiles, peer_name="TiPg, PostGIS, 2 workers",
           unit="tiles/s", goal="≥ 50 times", work=f"level {LEVEL}; {work}", smaller_is_better=False)  # fmt: skip


def await_ready(port: int, *paths: str) -> None:
    """Return once the node has made what it serves these from."""
    from http.client import HTTPConnection

    for path in paths:
        while True:
            connection = HTTPConnection("127.0.0.1", port, timeout=120)
            connection.request("HEAD", path)
            status = connection.getresponse().status
            connection.close()
            if status == 200:
                break
            time.sleep(1)


def rasters(folder: Path) -> None:
    """Tiles of 256 pixels of a large relief, each asked for once, as PNG."""
    source = raster_tile.relief()
    asked = raster_tile.tiles(source)
    with craton.create(folder / "raster") as node:
        node.add(source)
        id = node.find(limit=1)[0].id
    span = "range=200,1600"
    with served(folder / "raster") as (port, _pid):
        start = f"/collections/{id}/map/tiles/WebMercatorQuad"
        ours = once(
            port, [f"{start}/{z}/{row}/{column}?f=png&style=viridis&{span}" for z, row, column in asked]
        )
    with web_servers.titiler() as port:
        end = f"?url={quote(str(source))}&rescale=200,1600&colormap_name=viridis"
        peer = once(port, [f"/tiles/WebMercatorQuad/{z}/{column}/{row}.png{end}" for z, row, column in asked])
    report(
        claim="raster-tile", ours=ours, peer=peer, peer_name="TiTiler, 2 workers", unit="tiles/s", goal="≥ 3 times",
        work=f"{len(asked)} different tiles of levels 7 to 11 of an 8192² float32 COG, PNG; {CONNECTIONS} connections;"
        " ours interpolated, 255 colours, TiTiler's of the nearest cells, RGBA, as they come",
        smaller_is_better=False,
    )  # fmt: skip


def once(port: int, paths: list[str]) -> float:
    """Requests a second where no address is asked for twice."""
    import asyncio

    from load import _exchange

    waiting = list(paths)

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while waiting:
            await _exchange(reader, writer, waiting.pop())
        writer.close()

    async def run() -> float:
        start = time.perf_counter()
        await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
        return len(paths) / (time.perf_counter() - start)

    return asyncio.run(run())


def main() -> None:
    """Measure all, in a folder that goes afterwards."""
    BENCH.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="web-", dir=BENCH))
    try:
        features(folder)
        rasters(folder)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
