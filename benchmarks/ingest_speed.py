"""Raster to COG, vector and CSV to GeoParquet, against a bare conversion of the same file.

Two figures each: the conversion alone (our reader and encoder against the
peer's), and the whole ingest, which is everything a node does with the file
once it is staged: recognise, read, harmonise, describe, check, encode, hash.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import rasterio

import inputs
from craton.jobs import plan
from craton.jobs.messages import Task
from craton.jobs.task import perform
from craton.model.record import SourceFile
from craton.process import readers
from craton.store.codec import encode
from craton.store.codec_cog import creation_options
from harness import Peer, alternate, report, seconds


def ours(path: Path, work: Callable[[Path, Path], None]) -> float:
    """Seconds of `work` on `path` in this process."""
    folder = Path(tempfile.mkdtemp(prefix="craton-bench-", dir=path.parent))
    try:
        return seconds(lambda: work(path, folder))
    finally:
        shutil.rmtree(folder)


def ingest(path: Path, folder: Path) -> None:
    """Plan and perform the task of one staged file."""
    [group] = plan.plan([str(path)], [])
    staged = folder / "source" / path.name
    staged.parent.mkdir()
    staged.hardlink_to(path)
    source = SourceFile(path=path.name, sha256="", size=path.stat().st_size)
    task = Task(
        key=group.main,
        shown=group.shown,
        reader=group.reader,
        folder=str(folder),
        main=str(staged),
        files=(str(staged),),
        sources=(source,),
    )
    result = perform(task)
    assert not result.code, result.message


def convert(path: Path, folder: Path) -> None:
    """Read and encode one file, without the checks and the description."""
    [group] = plan.plan([str(path)], [])
    source = readers.Source(path=path, files=(path,), name=path.name, scratch=folder)
    for number, draft in enumerate(readers.read(group.reader, source)):
        encoded = folder / str(number)
        encoded.mkdir()
        encode(draft.data, draft.kind, encoded, crs=draft.crs)


def versus(
    peer: Peer, task: str, path: Path, options: dict[str, object], work: Callable[[Path, Path], None]
) -> tuple[float, float]:
    """Median seconds of our `work` and of the peer on `path`."""
    target = path.parent / "peer.out"
    ours(path, work)
    times = alternate(
        lambda: ours(path, work),
        lambda: peer.ask(task=task, source=str(path), target=str(target), options=options),
    )
    target.unlink()
    return times


def main() -> None:
    """Measure all three."""
    peer = Peer("copies.py")
    cog(peer)
    geoparquet(peer)
    csv(peer)
    peer.close()


def cog(peer: Peer) -> None:
    """Raster to COG against GDAL's own COG driver with the same creation options."""
    size = 8192
    path = inputs.raster(size)
    with rasterio.open(path) as source:
        options = creation_options(source, average=True)
    for claim, work, goal in (
        ("raster-to-cog", convert, "ours ≤ 1.15 × peer (ratio ≥ 0.87)"),
        ("raster-whole-ingest", ingest, "none; what reading, checking, describing and hashing add"),
    ):
        times = versus(peer, "cog", path, options, work)
        report(
            claim=claim, ours=times[0], peer=times[1], peer_name="GDAL COG driver, same options", unit="s",
            goal=goal, work=f"{size}×{size} float32 GeoTIFF (0.27 GB), all cores",
        )  # fmt: skip


def geoparquet(peer: Peer) -> None:
    """Vector to GeoParquet against a bare pyogrio and pyarrow copy with the same compression."""
    count = 200_000
    for claim, work, goal in (
        ("vector-to-geoparquet", convert, "ours ≤ 1.3 × peer (ratio ≥ 0.77)"),
        ("vector-whole-ingest", ingest, "none; what checking, describing and hashing add"),
    ):
        times = versus(peer, "parquet", inputs.polygons(count), {"compression": "zstd"}, work)
        report(
            claim=claim, ours=times[0], peer=times[1], peer_name="pyogrio.read_arrow + pyarrow", unit="s",
            goal=goal, work=f"{count:,} polygons of 25 vertices, GeoPackage; ours in Hilbert order with bbox column",
        )  # fmt: skip


def csv(peer: Peer) -> None:
    """Rows a second of a survey CSV."""
    rows = 500_000
    times = versus(peer, "csv", inputs.survey_points(rows), {"compression": "zstd"}, ingest)
    report(
        claim="csv-survey-points", ours=rows / times[0], peer=rows / times[1], peer_name="pyarrow.csv + parquet, no geometry",
        unit="rows/s", goal="≥ 150,000 rows/s", smaller_is_better=False,
        work=f"{rows:,} points, 8 columns; ours also makes geometry, orders, checks, describes and hashes",
    )  # fmt: skip


if __name__ == "__main__":
    main()
