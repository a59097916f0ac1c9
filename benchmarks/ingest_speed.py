"""Whole ingest of one file against a bare conversion: raster to COG, vector and CSV to GeoParquet.

Ours is everything a node does with the file once it is staged: recognise, read,
harmonise, describe, check, encode, hash. The peer only converts the bytes.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import rasterio

import inputs
from craton.jobs import plan
from craton.jobs.messages import Task
from craton.jobs.task import perform
from craton.model.record import SourceFile
from craton.store.codec_cog import creation_options
from harness import Peer, alternate, report, seconds


def ours(path: Path) -> float:
    """Seconds of our ingest of `path` in this process."""
    folder = Path(tempfile.mkdtemp(prefix="craton-bench-", dir=path.parent))
    try:
        return seconds(lambda: ingest(path, folder))
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


def versus(peer: Peer, task: str, path: Path, options: dict[str, object]) -> tuple[float, float]:
    """Median seconds of ours and of the peer on `path`."""
    target = path.parent / "peer.out"
    ours(path)
    times = alternate(
        lambda: ours(path), lambda: peer.ask(task=task, source=str(path), target=str(target), options=options)
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
    times = versus(peer, "cog", path, options)
    report(
        claim="raster-to-cog", ours=times[0], peer=times[1], peer_name="GDAL COG driver, same options", unit="s",
        goal="ours ≤ 1.15 × peer (ratio ≥ 0.87)",
        work=f"{size}×{size} float32 GeoTIFF; ours also reads, checks, describes and hashes",
    )  # fmt: skip


def geoparquet(peer: Peer) -> None:
    """Vector to GeoParquet against a bare pyogrio and pyarrow copy with the same compression."""
    count = 200_000
    times = versus(peer, "parquet", inputs.polygons(count), {"compression": "zstd"})
    report(
        claim="vector-to-geoparquet", ours=times[0], peer=times[1], peer_name="pyogrio.read_arrow + pyarrow", unit="s",
        goal="ours ≤ 1.3 × peer (ratio ≥ 0.77)",
        work=f"{count:,} polygons of 25 vertices, GeoPackage; ours also orders, checks, describes and hashes",
    )  # fmt: skip


def csv(peer: Peer) -> None:
    """Rows a second of a survey CSV."""
    rows = 500_000
    times = versus(peer, "csv", inputs.survey_points(rows), {"compression": "zstd"})
    report(
        claim="csv-survey-points", ours=rows / times[0], peer=rows / times[1], peer_name="pyarrow.csv + parquet, no geometry",
        unit="rows/s", goal="≥ 150,000 rows/s", smaller_is_better=False,
        work=f"{rows:,} points, 8 columns; ours also makes geometry, orders, checks, describes and hashes",
    )  # fmt: skip


if __name__ == "__main__":
    main()
