"""Peer of gravity inversion: SimPEG; kept running, answers requests."""

import json
import resource
import sys
import time
import warnings

import discretize
import numpy as np
from simpeg import (
    data,
    data_misfit,
    directives,
    inverse_problem,
    inversion,
    maps,
    optimization,
    regularization,
)
from simpeg.potential_fields import gravity

warnings.filterwarnings("ignore")


def invert(request):
    """Sensitivities and solution of one block model, timed; the model with the layers from the top."""
    case = np.load(request["case"])
    layers, rows, columns = case["shape"]
    side = float(case["side"])
    mesh = discretize.TensorMesh([[(side, columns)], [(side, rows)], [(side, layers)]], origin="00N")
    stations = case["stations"]
    started, used = time.perf_counter(), time.process_time()
    receivers = gravity.receivers.Point(stations, components="gz")
    survey = gravity.survey.Survey(gravity.sources.SourceField(receiver_list=[receivers]))
    simulation = gravity.simulation.Simulation3DIntegral(
        survey=survey, mesh=mesh, rhoMap=maps.IdentityMap(nP=mesh.nC), store_sensitivities="ram", engine="choclo",
    )  # fmt: skip
    observed = data.Data(survey, dobs=-case["data"], standard_deviation=case["deviation"])
    misfit = data_misfit.L2DataMisfit(data=observed, simulation=simulation)
    # Its mesh counts layers from the bottom; its weights multiply squares.
    weights = case["weights"][::-1].ravel() ** 2
    smooth = regularization.WeightedLeastSquares(
        mesh,
        alpha_s=1.0,
        length_scale_x=1.0,
        length_scale_y=1.0,
        length_scale_z=1.0,
        weights={"depth": weights},
    )
    search = optimization.InexactGaussNewton(maxIter=60, maxIterLS=20, cg_maxiter=20, cg_rtol=1e-3)
    search.printers, search.printers_ls = [], []
    problem = inverse_problem.BaseInvProblem(misfit, smooth, search)
    steps = [
        directives.BetaEstimate_ByEig(beta0_ratio=1.0, random_seed=1),
        directives.BetaSchedule(coolingFactor=2.0, coolingRate=1),
        directives.TargetMisfit(chifact=1.0),
        directives.UpdatePreconditioner(),
    ]
    found = inversion.BaseInversion(problem, directiveList=steps).run(np.zeros(mesh.nC))
    taken, spent = time.perf_counter() - started, time.process_time() - used
    # Contrasts come in g/cm³, from the bottom.
    np.save(request["result"], 1000 * found.reshape(layers, rows, columns)[::-1])
    left = (simulation.dpred(found) + case["data"]) / case["deviation"]
    return {
        "seconds": taken, "cpu": spent, "misfit": float(left @ left) / len(left),
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip


for line in sys.stdin:
    out, sys.stdout = sys.stdout, sys.stderr
    answer = invert(json.loads(line))
    sys.stdout = out
    print(json.dumps(answer), flush=True)
