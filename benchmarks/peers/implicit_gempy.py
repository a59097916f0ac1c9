"""Peer of implicit models: GemPy with its numpy engine on a dense grid; kept running, answers requests."""

import contextlib
import json
import os
import sys
import time
import warnings
from pathlib import Path

import numpy as np

with contextlib.redirect_stdout(sys.stderr):  # what the package says of itself is not an answer
    import gempy
    from gempy.core import data as parts
    from gempy.core.data.options import InterpolationOptionsType

warnings.simplefilter("ignore")
GROUPS = {"intrusion": ["intrusion"], "fault": ["fault"], "upper": ["A", "B"], "lower": ["C", "D"]}
UNITS = {"intrusion": 1, "A": 2, "B": 3, "C": 4, "D": 5, "basement": 6}


def element(name, picks, colours):
    """A surface with its contacts and orientations."""
    contacts = parts.SurfacePointsTable.from_arrays(*picks[f"{name}_points"].T, names=name)
    places, normals = picks[f"{name}_orientation_points"].T, picks[f"{name}_normals"].T
    orientations = parts.OrientationsTable.from_arrays(*places, *normals, names=name)
    return parts.StructuralElement(name, contacts, orientations, color=next(colours))


def units(picks, cells):
    """Unit of each cell, easting slowest."""
    colours = parts.ColorsGenerator()
    groups = []
    for name, surfaces in GROUPS.items():
        is_fault = name == "fault"
        relation = parts.StackRelationType.FAULT if is_fault else parts.StackRelationType.ERODE
        elements = [element(surface, picks, colours) for surface in surfaces]
        offsets = parts.FaultsRelationSpecialCase.OFFSET_FORMATIONS if is_fault else None
        groups.append(parts.StructuralGroup(name, elements, relation, fault_relations=offsets))
    model = gempy.create_geomodel(
        extent=np.column_stack([picks["low"], picks["high"]]).ravel().tolist(),
        resolution=[cells] * 3,
        structural_frame=parts.StructuralFrame(groups, colours),
        intpolation_options_tye=InterpolationOptionsType.DENSE_GRID,
    )
    engine = parts.GemPyEngineConfig(backend=parts.AvailableBackends.numpy)
    solution = gempy.compute_model(model, engine_config=engine, validate_serialization=False)
    found = np.asarray(solution.raw_arrays.lith_block).astype(int)
    names = [part.name for part in model.structural_frame.structural_elements]
    codes = np.zeros(len(names) + 1, dtype=np.int8)
    for number, name in enumerate(names, start=1):
        codes[number] = UNITS.get(name, 0)
    return codes[found]


answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
for line in sys.stdin:
    request = json.loads(line)
    folder, cells = Path(request["folder"]), request["cells"]
    picks = dict(np.load(folder / "implicit.npz"))
    start = time.process_time()
    result = units(picks, cells)
    taken = time.process_time() - start
    np.save(folder / "implicit_units.npy", result.reshape((cells,) * 3).transpose(2, 1, 0))
    print(json.dumps(taken), file=answers, flush=True)
