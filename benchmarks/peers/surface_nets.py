"""Peer of unit surfaces: VTK's surface nets, by pyvista; kept running, answers requests."""

import json
import os
import sys
import time
from pathlib import Path

os.environ["VTK_SMP_MAX_THREADS"] = "2"

import numpy as np
import pyvista

for line in sys.stdin:
    request = json.loads(line)
    classes = np.load(Path(request["folder"]) / "classes.npy")
    image = pyvista.ImageData(dimensions=classes.shape[::-1])
    image.point_data["classes"] = classes.ravel()
    start = time.perf_counter()
    surface = image.contour_labels(
        "all", background_value=0, scalars="classes", smoothing=True, smoothing_iterations=request["rounds"],
        output_mesh_type="triangles",
    )  # fmt: skip
    taken = time.perf_counter() - start
    answer = {"seconds": taken, "triangles": int(surface.n_cells), "area": float(surface.area)}
    print(json.dumps(answer), flush=True)
