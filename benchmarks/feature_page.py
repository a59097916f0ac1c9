"""Features of a layer of 200,000 polygons: making them ready, and pages of 100 of them, in process."""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from craton.model.cql2 import parse
from craton.model.record import Asset, Bbox, Member, Record
from craton.store.codec import encode
from craton.store.feature_index import FeatureIndex, FeatureQuery, open_features
from craton.store.objects import hash_file
from craton.store.store import Store
from harness import BENCH, report, seconds

FEATURES = 200_000
VERTICES = 25
LIMIT = 100
QUERIES = 400
REGION: Bbox = (95.0, 5.0, 110.0, 25.0)
SIDE = 1.0
"""Degrees of the boxes that are asked for."""

QUESTIONS = {
    "plain": {},
    "filter": {"filter": parse("lithology = 'granite' AND rank < 500")},
    "columns": {"properties": ("name", "rank")},
}


def layer(count: int = FEATURES) -> gpd.GeoDataFrame:
    """Round polygons of the region with four columns, the same every time."""
    random = np.random.default_rng(4)
    turn = np.linspace(0, 2 * np.pi, VERTICES)[None, :]
    radius = random.uniform(0.01, 0.05, (count, 1))
    east = random.uniform(REGION[0], REGION[2], (count, 1)) + radius * np.cos(turn)
    north = random.uniform(REGION[1], REGION[3], (count, 1)) + radius * np.sin(turn)
    east[:, -1], north[:, -1] = east[:, 0], north[:, 0]
    rocks = np.array(["granite", "basalt", "limestone", "shale"])
    return gpd.GeoDataFrame(
        {
            "name": [f"unit {n}" for n in range(count)],
            "rank": random.integers(0, 1000, count),
            "grade": random.normal(size=count),
            "lithology": rocks[random.integers(0, len(rocks), count)],
        },
        geometry=shapely.polygons(np.stack([east, north], axis=-1)),
        crs="EPSG:4326",
    )


def stored(frame: gpd.GeoDataFrame, folder: Path) -> tuple[Store, Record]:
    """`frame` as the one dataset of a new store."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    store = Store.create(folder)
    with store.transaction() as transaction:
        encoded = encode(frame, "table", transaction.folder, crs="EPSG:4326")["data"]
        ((name, path),) = encoded.members.items()
        sha256, size = hash_file(path)
        member = Member(name=name, sha256=sha256, size=size)
        asset = Asset(media_type=encoded.media_type, roles=encoded.roles, members=(member,))
        record = Record(
            id="layer", kind="table", title={"en": "Layer"}, crs="EPSG:4326", content=sha256,
            bbox=REGION, shape={"row": len(frame)}, assets={"data": asset},
        )  # fmt: skip
        store.commit(transaction, [record], {sha256: path})
    return store, store.get("layer")


def boxes(count: int, side: float = SIDE) -> Iterator[Bbox]:
    """Boxes of `side` degrees within the region, the same every time."""
    random = np.random.default_rng(5)
    for _ in range(count):
        west = float(random.uniform(REGION[0], REGION[2] - side))
        south = float(random.uniform(REGION[1], REGION[3] - side))
        yield west, south, west + side, south + side


def page_seconds(index: FeatureIndex, **question: object) -> list[float]:
    """Time of each of `QUERIES` pages in different boxes."""
    times = []
    for box in boxes(QUERIES):
        query = FeatureQuery(bbox=box, limit=LIMIT, **question)  # type: ignore[arg-type]
        start = time.perf_counter()
        page = index.page(query)
        times.append(time.perf_counter() - start)
        assert len(page.features) == LIMIT or question
    return times


def walk_seconds(index: FeatureIndex) -> list[float]:
    """Time of each page of a walk through all features."""
    times, after, more = [], 0, True
    while more:
        start = time.perf_counter()
        page = index.page(FeatureQuery(after=after, limit=LIMIT))
        times.append(time.perf_counter() - start)
        after, more = page.ids[-1], page.more
    return times


def main() -> None:
    """Build once, then ask."""
    store, record = stored(layer(), BENCH / "features")
    work = f"{FEATURES:,} polygons of {VERTICES} vertices, 4 columns"
    report(
        claim="features-build", ours=seconds(lambda: open_features(store, record, wait=True)), peer=None, peer_name="",
        unit="s", goal="≤ 10 s", work=f"{work}, from GeoParquet",
    )  # fmt: skip
    index = open_features(store, record, wait=True)
    report(
        claim="features-walk", ours=statistics.median(walk_seconds(index)) * 1e3, peer=None, peer_name="",
        unit="ms", goal="≤ 0.3 ms", work=f"pages of {LIMIT} one after the other, in process; {work}",
    )  # fmt: skip
    for name, question in QUESTIONS.items():
        times = page_seconds(index, **question)
        report(
            claim=f"features-box-{name}", ours=statistics.median(times) * 1e3, peer=None, peer_name="", unit="ms",
            goal="≤ 0.5 ms" if name == "plain" else "≤ 3 ms",
            work=f"a page of {LIMIT} in a box of {SIDE:g}°, {QUERIES} boxes, in process; {work}",
        )  # fmt: skip


if __name__ == "__main__":
    main()
