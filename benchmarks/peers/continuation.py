"""Peer of upward continuation: harmonica; kept running, answers requests."""

import json
import sys
import time
from pathlib import Path

import harmonica
import numpy as np
import xarray as xr

for line in sys.stdin:
    request = json.loads(line)
    folder = Path(request["folder"])
    field = np.load(folder / "field.npy")
    axis = request["spacing"] * np.arange(field.shape[0])
    grid = xr.DataArray(field, {"northing": axis, "easting": axis}, ("northing", "easting"))
    start = time.perf_counter()
    result = harmonica.upward_continuation(grid, height_displacement=request["height"])
    taken = time.perf_counter() - start
    np.save(folder / "continued.npy", result.to_numpy())
    print(json.dumps(taken), flush=True)
