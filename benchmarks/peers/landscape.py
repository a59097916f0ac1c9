"""Patch metrics by PyLandStats: CPU seconds, and the numbers of each patch written beside the map."""

import json
import sys
import time
from pathlib import Path

import numpy as np
import pylandstats

for line in sys.stdin:
    asked = json.loads(line)
    folder, size = Path(asked["folder"]), asked["size"]
    classes = np.load(folder / "landscape.npy")
    start = time.process_time()
    landscape = pylandstats.Landscape(classes, res=(size, size), nodata=0)
    wanted = ["area", "perimeter", "fractal_dimension", "euclidean_nearest_neighbor"]
    found = landscape.compute_patch_metrics_df(metrics=wanted)
    taken = time.process_time() - start
    # It tells areas in hectares.
    columns = [found["class_val"], found["area"] * 1e4, *(found[name] for name in wanted[1:])]
    np.save(folder / "landscape_found.npy", np.column_stack(columns).astype(float))
    print(json.dumps(taken), flush=True)
