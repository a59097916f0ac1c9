"""Peer of equivalent sources: harmonica's, gradient-boosted; kept running, answers requests."""

import json
import sys
import time
from pathlib import Path

import harmonica
import numpy as np

for line in sys.stdin:
    request = json.loads(line)
    data = np.load(Path(request["folder"]) / "equivalent_sources.npz")
    cells = (
        data["easting"].ravel(),
        data["northing"].ravel(),
        np.full(data["truth"].size, request["height"]),
    )
    start = time.process_time()
    sources = harmonica.EquivalentSourcesGB(random_state=1, **request["options"])
    sources.fit((data["east"], data["north"], data["up"]), data["values"])
    found = sources.predict(cells)
    taken = time.process_time() - start
    error = float(np.sqrt(np.mean((found - data["truth"].ravel()) ** 2)))
    print(json.dumps({"seconds": taken, "error": error}), flush=True)
