"""Peers of geostatistics: GSTools and PyKrige on one thread; kept running, answers requests with CPU seconds."""

import json
import os
import sys
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ[variable] = "1"

import gstools  # noqa: E402 - threads are set before
import numpy as np  # noqa: E402 - as above
from pykrige.ok import OrdinaryKriging  # noqa: E402 - as above


def variogram(request):
    """Variogram of all pairs."""
    east, north, values = np.load(Path(request["folder"]) / "variogram_points.npy").T
    edges = np.linspace(0, request["reach"], request["lags"] + 1)
    start = time.process_time()
    _centres, found = gstools.vario_estimate((east, north), values, edges)
    taken = time.process_time() - start
    np.save(Path(request["folder"]) / "variogram.npy", found)
    return taken


def kriging(request):
    """Ordinary kriging from the nearest points with the C backend."""
    east, north, values = np.load(Path(request["folder"]) / "kriging_points.npy").T
    axis = (np.arange(request["side"]) + 0.5) * request["extent"] / request["side"]
    model = {"psill": 1.0, "range": request["range"], "nugget": request["nugget"]}
    start = time.process_time()
    system = OrdinaryKriging(east, north, values, variogram_model="spherical", variogram_parameters=model)
    found, _variance = system.execute("grid", axis, axis, backend="C", n_closest_points=request["neighbours"])
    taken = time.process_time() - start
    np.save(Path(request["folder"]) / "kriged.npy", np.asarray(found))
    return taken


def field(request):
    """One unconditional field."""
    axis = np.arange(float(request["side"]))
    start = time.process_time()
    gstools.SRF(gstools.Spherical(dim=2, var=1, len_scale=request["range"]), seed=1).structured((axis, axis))
    return time.process_time() - start


def tied(request):
    """Seconds of a conditioned field after the first."""
    east, north, values = np.load(Path(request["folder"]) / "tied_points.npy").T
    axis = np.arange(request["side"]) + 0.5
    model = gstools.Spherical(dim=2, var=1, len_scale=request["range"])
    fields = gstools.CondSRF(gstools.krige.Ordinary(model, (east, north), values))
    fields.set_pos((axis, axis), "structured")
    fields(seed=0, store=False)
    start = time.process_time()
    for seed in range(1, request["realizations"] + 1):
        fields(seed=seed, store=[f"field_{seed}", False, False])
    return (time.process_time() - start) / request["realizations"]


TASKS = {"variogram": variogram, "kriging": kriging, "field": field, "tied": tied}

for line in sys.stdin:
    asked = json.loads(line)
    print(json.dumps(TASKS[asked["task"]](asked)), flush=True)
