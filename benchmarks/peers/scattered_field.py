"""Peer of scattered fields: ferreus_rbf, global radial functions by fast multipoles; kept running, answers requests."""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np
from ferreus_rbf import RBFInterpolator
from ferreus_rbf.interpolant_config import InterpolantSettings, RBFKernelType

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what the package says of its progress is not an answer
for line in sys.stdin:
    request = json.loads(line)
    folder = Path(request["folder"])
    data = np.load(folder / "scattered_field.npz")
    places, values, wanted = data["places"], data["values"], data["wanted"]
    start = time.process_time()
    settings = InterpolantSettings(getattr(RBFKernelType, request["kernel"]))
    found = RBFInterpolator(places, values[:, np.newaxis], settings).evaluate(wanted)
    taken = time.process_time() - start
    np.save(folder / "scattered_field_found.npy", np.asarray(found).ravel())
    print(json.dumps(taken), file=answers, flush=True)
