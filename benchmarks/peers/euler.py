"""Peer of Euler deconvolution: harmonica, one window a call; kept running, answers requests."""

import json
import sys
import time
from pathlib import Path

import harmonica
import numpy as np

for line in sys.stdin:
    request = json.loads(line)
    folder, window = Path(request["folder"]), request["window"]
    values, east, north, up = np.load(folder / "euler.npy")
    axis = request["spacing"] * np.arange(values.shape[0])
    easting, northing = np.meshgrid(axis, axis)
    upward = np.zeros_like(easting)
    starts = np.load(folder / "windows.npy")
    places = np.empty((len(starts), 3))
    begin = time.process_time()
    for number, (row, column) in enumerate(starts):
        part = np.s_[row : row + window, column : column + window]
        found = harmonica.EulerDeconvolution(structural_index=request["index"])
        found.fit(
            (easting[part], northing[part], upward[part]),
            tuple(one[part] for one in (values, east, north, up)),
        )
        places[number] = found.location_
    taken = time.process_time() - begin
    np.save(folder / "places.npy", places)
    print(json.dumps(taken), flush=True)
