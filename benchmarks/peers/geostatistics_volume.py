"""Peer of geostatistics in volumes: geone (C) on one thread; kept running, answers requests with CPU seconds."""

import json
import os
import resource
import sys
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402 - threads are set before
from geone import covModel  # noqa: E402 - as above
from geone import geosclassicinterface as classic  # noqa: E402 - as above


def used():
    """CPU seconds of this process and its children."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def model(request):
    """Nugget and a spherical structure of the ranges asked for."""
    nugget = request["nugget"]
    parts = [("spherical", {"w": 1.0 - nugget, "r": request["ranges"]}), ("nugget", {"w": nugget})]
    return covModel.CovModel3D(elem=parts)


def place(request):
    """Cells of the box."""
    side = request["side"]
    return {"dimension": (side,) * 3, "spacing": tuple(size / side for size in request["extent"])}


def indicators(request):
    """Ordinary kriging of the indicators of all categories; probabilities (categories, upward, north, east)."""
    places, classes = np.load(Path(request["folder"]) / "volume_classes.npz").values()
    values = np.arange(request["categories"])
    start = used()
    found = classic.estimateIndicator(
        values,
        model(request),
        **place(request),
        method="ordinary_kriging",
        x=places,
        v=classes,
        nneighborMax=request["neighbours"],
        nthreads=1,
        verbose=0,
    )
    taken = used() - start
    np.save(Path(request["folder"]) / "volume_chances.npy", found["image"].val)
    return taken


def simulate(request):
    """Sequential Gaussian simulation given data; fields (realizations, upward, north, east)."""
    places, values = np.load(Path(request["folder"]) / "volume_samples.npz").values()
    start = used()
    found = classic.simulate(
        model(request),
        **place(request),
        method="simple_kriging",
        x=places,
        v=values,
        mean=0.0,
        nneighborMax=request["neighbours"],
        nreal=request["realizations"],
        seed=request["seed"],
        nproc=1,
        nthreads_per_proc=1,
        verbose=0,
    )
    taken = used() - start
    np.save(Path(request["folder"]) / "volume_fields.npy", found["image"].val)
    return taken


TASKS = {"indicators": indicators, "simulate": simulate}

answers = os.fdopen(os.dup(1), "w")
# The library prints of its own.
os.dup2(2, 1)
for line in sys.stdin:
    asked = json.loads(line)
    print(json.dumps(TASKS[asked["task"]](asked)), file=answers, flush=True)
