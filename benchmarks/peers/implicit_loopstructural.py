"""Peer of implicit models: LoopStructural, finite differences; kept running, answers requests.

It cannot find the slip of a fault from contacts, and is given it, and the values of the levels.
"""

import json
import os
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from LoopStructural import GeologicalModel
from LoopStructural.modelling.features.fault._fault_function import FaultDisplacement, Ones, Zeros

warnings.simplefilter("ignore")
ELEMENTS = 10_000
FEATURES = {
    "intrusion": {"intrusion": 0.0},
    "fault": {"fault": 0.0},
    "upper": {"A": 120.0, "B": 0.0},
    "lower": {"C": 0.0, "D": -150.0},
}


def table(picks):
    """Contacts with values and orientations with normals, as it reads them."""
    rows = []
    for feature, surfaces in FEATURES.items():
        for surface, value in surfaces.items():
            contacts = pd.DataFrame(picks[f"{surface}_points"], columns=["X", "Y", "Z"])
            normals = np.hstack([picks[f"{surface}_orientation_points"], picks[f"{surface}_normals"]])
            rows.append(contacts.assign(feature_name=feature, val=value))
            slopes = pd.DataFrame(normals, columns=["X", "Y", "Z", "nx", "ny", "nz"])
            rows.append(slopes.assign(feature_name=feature))
    return pd.concat(rows, ignore_index=True).assign(coord=0)


def units(picks, cells):
    """Unit of each cell, easting slowest; the slip it takes is that of the foot wall."""
    low, high, slip = picks["low"], picks["high"], picks["slip"]
    model = GeologicalModel(low, high)
    model.data = table(picks)
    model.create_and_add_foliation("intrusion", nelements=ELEMENTS)
    far = 10.0 * float((high - low).max())
    model.create_and_add_fault(
        "fault",
        float(np.linalg.norm(slip)),
        nelements=ELEMENTS,
        fault_slip_vector=-slip / np.linalg.norm(slip),
        fault_center=(low + high) / 2,
        major_axis=far,
        minor_axis=far,
        intermediate_axis=far,
        faultfunction=FaultDisplacement(hw=Ones(), fw=Zeros()),
    )
    model.create_and_add_foliation("upper", nelements=ELEMENTS)
    model.create_and_add_foliation("lower", nelements=ELEMENTS)
    axes = [
        first + (last - first) / cells * (np.arange(cells) + 0.5)
        for first, last in zip(low, high, strict=True)
    ]
    places = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    inside, above, below = (
        model.evaluate_feature_value(name, places) for name in ("intrusion", "upper", "lower")
    )
    cases = [inside > 0, above > 120.0, above > 0.0, below > 0.0, below > -150.0]
    return np.select(cases, [1, 2, 3, 4, 5], 6).astype(np.int8)


answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what the package says of itself is not an answer
for line in sys.stdin:
    request = json.loads(line)
    folder, cells = Path(request["folder"]), request["cells"]
    picks = dict(np.load(folder / "implicit.npz"))
    start = time.process_time()
    result = units(picks, cells)
    taken = time.process_time() - start
    np.save(folder / "implicit_units.npy", result.reshape((cells,) * 3).transpose(2, 1, 0))
    print(json.dumps(taken), file=answers, flush=True)
