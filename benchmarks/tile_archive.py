"""An archive of vector tiles of 200,000 polygons, against GDAL's PMTiles driver on the same data and levels.

Ours is made as a node makes it: by a process of its own, from the file of
features, from level 0 on; GDAL begins at level 4.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import geopandas as gpd
import pyogrio

import inputs
from craton.store.feature_build import FORMAT
from craton.store.feature_index import open_features
from craton.store.tile_archive import TileArchive
from craton.store.tile_archive_build import make_apart
from feature_page import stored
from harness import BENCH, report, seconds

FEATURES = int(os.environ.get("BENCH_FEATURES", "200000"))
VERTICES = 25
FIRST, LAST = 4, 10


def main() -> None:
    """Make both once: each runs for a long time."""
    frame = gpd.read_file(inputs.polygons(FEATURES, VERTICES))
    store, record = stored(frame, BENCH / "tiles")
    open_features(store, record, wait=True)
    features = store.derived.path(record.content, f"features-{FORMAT}.sqlite")
    with tempfile.TemporaryDirectory(dir=BENCH) as folder:
        ours, theirs = Path(folder, "ours.pmtiles"), Path(folder, "gdal.pmtiles")
        said = {"format": "pbf", "vector_layers": []}
        took = seconds(lambda: make_apart(features, ours, LAST, said))
        options = {"MINZOOM": str(FIRST), "MAXZOOM": str(LAST)}
        peer = seconds(lambda: pyogrio.write_dataframe(frame, theirs, driver="PMTiles", **options))
        archive = TileArchive.open(ours)
        report(
            claim="tile-archive", ours=took, peer=peer, peer_name="GDAL PMTiles", unit="s", goal="≥ 4 times faster",
            work=f"{FEATURES:,} polygons of {VERTICES} vertices, levels {FIRST} to {LAST} (ours from 0)",
            our_bytes=ours.stat().st_size, peer_bytes=theirs.stat().st_size, levels=archive.last_level + 1,
        )  # fmt: skip


if __name__ == "__main__":
    main()
