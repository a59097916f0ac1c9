"""Peer of the transforms of potential fields: harmonica; kept running, answers requests."""

import json
import sys
import time
from pathlib import Path

import harmonica
import numpy as np
import xarray as xr

WORK = {
    "upward": lambda grid, request: harmonica.upward_continuation(
        grid, height_displacement=request["height"]
    ),
    "vertical": lambda grid, request: harmonica.derivative_upward(grid),
    "pole": lambda grid, request: harmonica.reduction_to_pole(
        grid, inclination=request["inclination"], declination=request["declination"]
    ),
    "easting": lambda grid, request: harmonica.derivative_easting(grid, method="fft"),
    "northing": lambda grid, request: harmonica.derivative_northing(grid, method="fft"),
    "easting differences": lambda grid, request: harmonica.derivative_easting(grid),
    "northing differences": lambda grid, request: harmonica.derivative_northing(grid),
}
SETS = {
    "products": ("upward", "vertical", "pole", "easting", "northing"),
    "products by differences": ("upward", "vertical", "pole", "easting differences", "northing differences"),
}

for line in sys.stdin:
    request = json.loads(line)
    folder = Path(request["folder"])
    field = np.load(folder / "field.npy")
    axis = request["spacing"] * np.arange(field.shape[0])
    grid = xr.DataArray(field, {"northing": axis, "easting": axis}, ("northing", "easting"))
    names = SETS.get(request["operation"], (request["operation"],))
    start = time.process_time()
    results = [WORK[name](grid, request) for name in names]
    taken = time.process_time() - start
    if len(names) == 1:
        np.save(folder / f"transformed-{names[0]}.npy", results[0].to_numpy())
    print(json.dumps(taken), flush=True)
