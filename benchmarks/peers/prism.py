"""Peer of prism fields: harmonica in two threads; kept running, answers requests."""

import json
import sys
import time
from pathlib import Path

import harmonica
import numba
import numpy as np

numba.set_num_threads(min(2, numba.config.NUMBA_NUM_THREADS))
for line in sys.stdin:
    request = json.loads(line)
    folder = Path(request["folder"])
    case = np.load(folder / "prism_case.npz")
    prisms, density = case["prisms"], case["density"]
    stations, moments = tuple(case["stations"]), tuple(case["magnetisation"].T)
    start = time.perf_counter()
    if request["what"] == "b":
        result = harmonica.prism_magnetic(stations, prisms, moments, field="b")
    else:
        result = harmonica.prism_gravity(stations, prisms, density, field=request["what"])
    taken = time.perf_counter() - start
    np.save(folder / "prism_result.npy", np.asarray(result))
    print(json.dumps(taken), flush=True)
