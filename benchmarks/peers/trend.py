"""Mann–Kendall by pyMannKendall: CPU seconds for all series of a file, its numbers written beside it."""

import json
import sys
import time
from pathlib import Path

import numpy as np
import pymannkendall

for line in sys.stdin:
    folder = Path(json.loads(line)["folder"])
    series = np.load(folder / "trend_series.npy")
    start = time.process_time()
    found = [pymannkendall.original_test(one) for one in series]
    taken = time.process_time() - start
    numbers = [(one.s, one.var_s, one.z, one.p, one.Tau, one.slope) for one in found]
    np.save(folder / "trend_found.npy", np.array(numbers, float))
    print(json.dumps(taken), flush=True)
