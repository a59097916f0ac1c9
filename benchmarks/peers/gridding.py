"""Peer of minimum curvature: verde's trend, block medians and bi-harmonic spline; answers requests."""

import json
import os
import sys
import time
from pathlib import Path

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[threads] = "1"

import numpy as np  # noqa: E402 - threads are set before it loads
import verde  # noqa: E402 - as above

for line in sys.stdin:
    request = json.loads(line)
    folder = Path(request["folder"])
    easting, northing, values = np.load(folder / "points.npy").T
    step = request["extent"] / request["side"]
    centres = (np.arange(request["side"]) + 0.5) * step
    verde.Spline(damping=1e-8).fit((easting[:50], northing[:50]), values[:50]).predict((easting, northing))
    start = time.process_time()
    chain = verde.Chain(
        [
            ("trend", verde.Trend(degree=1)),
            ("blocks", verde.BlockReduce(np.median, spacing=request["block"])),
            ("spline", verde.Spline(damping=1e-8)),
        ]
    )
    chain.fit((easting, northing), values)
    grid = chain.predict(np.meshgrid(centres, centres))
    taken = time.process_time() - start
    np.save(folder / "spline.npy", grid)
    print(json.dumps(taken), flush=True)
