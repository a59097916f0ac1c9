"""Peer of zoning: the max-p heuristic of spopt on one thread; answers requests with CPU seconds."""

import json
import os
import sys
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import geopandas  # noqa: E402 - threads are set before
import libpysal  # noqa: E402 - as above
import numpy as np  # noqa: E402 - as above
import shapely  # noqa: E402 - as above
from spopt.region import MaxPHeuristic  # noqa: E402 - as above


def max_p(request):
    """Zones of a lattice of squares with rook neighbours."""
    data = np.load(Path(request["folder"]) / "zoning.npz")
    rows, columns = request["rows"], request["columns"]
    names = [f"attribute_{number}" for number in range(data["attributes"].shape[1])]
    row, column = np.divmod(np.arange(rows * columns), columns)
    frame = geopandas.GeoDataFrame(
        dict(zip(names, data["attributes"].T, strict=True)),
        geometry=shapely.box(column, row, column + 1, row + 1),
    ).assign(size=data["sizes"])
    links = libpysal.weights.lat2W(rows, columns)
    np.random.seed(0)  # noqa: NPY002 - the peer draws from it
    start = time.process_time()
    model = MaxPHeuristic(
        frame, links, names, "size", request["least"], 2,
        max_iterations_construction=request["iterations"], max_iterations_sa=request["iterations"],
    )  # fmt: skip
    model.solve()
    taken = time.process_time() - start
    np.save(Path(request["folder"]) / "zoning_labels.npy", np.asarray(model.labels_))
    return taken


for line in sys.stdin:
    print(json.dumps(max_p(json.loads(line))), flush=True)
