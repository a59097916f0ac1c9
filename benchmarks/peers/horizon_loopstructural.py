"""Peer of horizons from picks: LoopStructural, finite differences; kept running, answers requests."""

import json
import os
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from LoopStructural import GeologicalModel

warnings.simplefilter("ignore")
ELEMENTS = 10_000

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what the package says of itself is not an answer
for line in sys.stdin:
    request = json.loads(line)
    picks = dict(np.load(Path(request["folder"]) / "horizon.npz"))
    points, values = picks["points"], picks["values"]
    low, high = points.min(axis=0), points.max(axis=0)
    count, cells = request["count"], request["cells"]
    axes = [
        first + (last - first) / cells * (np.arange(cells) + 0.5)
        for first, last in zip(low, high, strict=True)
    ]
    places = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    start = time.process_time()
    contacts = pd.DataFrame(points[:count], columns=["X", "Y", "Z"]).assign(val=values[:count])
    slopes = np.hstack([picks["orientation_points"], picks["gradients"]])
    normals = pd.DataFrame(slopes, columns=["X", "Y", "Z", "nx", "ny", "nz"])
    model = GeologicalModel(low, high)
    model.data = pd.concat([contacts, normals], ignore_index=True).assign(feature_name="layers", coord=0)
    model.create_and_add_foliation("layers", nelements=ELEMENTS)
    model.evaluate_feature_value("layers", places)
    taken = time.process_time() - start
    held, wanted = points[-request["held_out"] :], values[-request["held_out"] :]
    steepness = np.linalg.norm(model.evaluate_feature_gradient("layers", held), axis=1)
    off = np.abs(model.evaluate_feature_value("layers", held) - wanted) / steepness
    print(json.dumps([taken, float(np.nanmean(off))]), file=answers, flush=True)
