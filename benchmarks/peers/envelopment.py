"""Peer of data envelopment: Pyfrontier with its own solver; kept running, answers with CPU seconds."""

import json
import os
import resource
import sys
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402 - threads are set before
from Pyfrontier.frontier_model import EnvelopDEA  # noqa: E402 - as above


def spent():
    """CPU seconds of this process and of the solvers that it has started."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, kinds))


def frontier(request):
    """CCR by inputs, with slacks."""
    folder = Path(request["folder"])
    with np.load(folder / "envelopment_units.npz") as units:
        inputs, outputs = units["inputs"], units["outputs"]
    start = spent()
    model = EnvelopDEA("CRS", "in")
    model.fit(inputs, outputs)
    taken = spent() - start
    np.save(folder / "envelopment.npy", np.array([one.score for one in model.result]))
    return taken


for line in sys.stdin:
    print(json.dumps(frontier(json.loads(line))), flush=True)
