"""Peer of allocation: NSGA-II of pymoo on one thread; kept running, answers with CPU seconds."""

import json
import os
import sys
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402 - threads are set before
from pymoo.algorithms.moo.nsga2 import NSGA2  # noqa: E402 - as above
from pymoo.core.problem import Problem  # noqa: E402 - as above
from pymoo.operators.crossover.sbx import SBX  # noqa: E402 - as above
from pymoo.operators.mutation.pm import PM  # noqa: E402 - as above
from pymoo.operators.repair.rounding import RoundingRepair  # noqa: E402 - as above
from pymoo.operators.sampling.rnd import IntegerRandomSampling  # noqa: E402 - as above
from pymoo.optimize import minimize  # noqa: E402 - as above


class Allocation(Problem):
    """A use for each parcel, with at least so many parcels of each use."""

    def __init__(self, first, second, least):
        parcels, uses = first.shape
        super().__init__(n_var=parcels, n_obj=2, n_ieq_constr=uses, xl=0, xu=uses - 1, vtype=int)
        self.scores, self.least, self.rows = (first, second), least, np.arange(parcels)

    def _evaluate(self, plans, out, *_given, **_named):
        out["F"] = np.column_stack([-one[self.rows, plans].sum(axis=1) for one in self.scores])
        taken = [(plans == use).sum(axis=1) for use in range(len(self.least))]
        out["G"] = self.least - np.column_stack(taken)


def front(request):
    """Points after so many generations of 100, with pymoo's operators for whole numbers."""
    folder = Path(request["folder"])
    with np.load(folder / "allocation.npz") as stored:
        problem = Allocation(stored["first"], stored["second"], stored["least"])
    search = NSGA2(
        pop_size=100, sampling=IntegerRandomSampling(), crossover=SBX(repair=RoundingRepair(), vtype=float),
        mutation=PM(repair=RoundingRepair(), vtype=float), eliminate_duplicates=False,
    )  # fmt: skip
    start = time.process_time()
    found = minimize(problem, search, ("n_gen", request["generations"]), seed=1)
    taken = time.process_time() - start
    np.save(folder / "allocation_front.npy", -np.atleast_2d(found.F))
    return taken


for line in sys.stdin:
    print(json.dumps(front(json.loads(line))), flush=True)
