"""Run the benchmarks: all, or those whose file or claim name is given."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
CLAIMS = {
    "ingest_speed": ("raster-to-cog", "vector-to-geoparquet", "csv-survey-points"),
    "catalogue_speed": ("catalogue-load", "catalogue-search-p50", "catalogue-search-p95"),
    "command_speed": ("demo", "ls-cold-start"),
    "raster_memory": ("raster-memory",),
    "hillshade_speed": ("hillshade-blocks",),
    "continuation_speed": ("upward-continuation",),
    "web_speed": ("feature-page-pygeoapi", "feature-page-tipg", "vector-tile-z8", "raster-tile"),
    "node_speed": (
        "portal-entry",
        "node-at-rest",
        "portal-first-map",
        "record-search-http",
        "stac-search-http",
    ),
    "tile_archive": ("tile-archive",),
    "job_speed": ("process-call-overhead", "job-submit-to-start", "thousand-tiny-jobs"),
}


def main(wanted: list[str]) -> int:
    """Run each file that holds a wanted claim, in a process of its own."""
    chosen = [name for name, claims in CLAIMS.items() if not wanted or {name, *claims} & set(wanted)]
    if not chosen:
        print(
            f"no such claim; there are: {', '.join(c for claims in CLAIMS.values() for c in claims)}",
            file=sys.stderr,
        )
        return 1
    return max(subprocess.run([sys.executable, HERE / f"{name}.py"]).returncode for name in chosen)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
