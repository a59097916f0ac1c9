"""Memory of a raster ingest does not grow with the raster."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import inputs
from harness import ROOT, report

CHILD = """
import json, resource, sys, tempfile
from pathlib import Path
sys.path.insert(0, "benchmarks")
from ingest_speed import ingest
path = Path(sys.argv[1])
ingest(path, Path(tempfile.mkdtemp(dir=path.parent)))
print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))
"""


def peak(path: Path) -> float:
    """Peak resident memory of an ingest of `path` in a new process, in MB."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, path], check=True, capture_output=True, text=True, cwd=ROOT
    )
    return float(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Compare a small and a large raster."""
    small, large = peak(inputs.raster(8192)), peak(inputs.raster(16384))
    report(
        claim="raster-memory", ours=large, peer=small, peer_name="ours on a raster of a quarter the cells", unit="MB",
        goal="does not grow with the raster", work="peak memory: 16384×16384 float32 (1.1 GB) beside 8192×8192 (0.27 GB)",
    )  # fmt: skip


if __name__ == "__main__":
    main()
