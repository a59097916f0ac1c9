"""Peer of terrain corrections: harmonica's layer of prisms; answers requests."""

import json
import sys
import time

import harmonica
import numpy as np

for line in sys.stdin:
    request = json.loads(line)
    data = np.load(request["file"])
    axis, cells, heights = data["axis"], data["cells"], data["heights"]
    east, north = axis[data["columns"]], axis[data["rows"]]
    layer = harmonica.prism_layer(
        (axis, axis),
        surface=cells,
        reference=0.0,
        properties={"density": np.full(cells.shape, request["density"])},
    )
    # The first call compiles.
    layer.prism_layer.gravity((east[:2], north[:2], heights[:2]), field="g_z")
    start = time.process_time()
    pull = layer.prism_layer.gravity((east, north, heights), field="g_z")
    taken = time.process_time() - start
    # The correction is the plate of rock up to each station less the relief.
    half = (axis[1] - axis[0]) / 2
    sides = [axis[0] - half, axis[-1] + half]
    plates = [
        float(
            harmonica.prism_gravity(
                ([e], [n], [h]), [[*sides, *sides, 0.0, h]], [request["density"]], field="g_z"
            )[0]
        )
        for e, n, h in zip(east, north, heights, strict=True)
    ]
    print(json.dumps({"seconds": taken, "corrections": list(np.array(plates) - pull)}), flush=True)
