"""Peer of TOPSIS: scikit-criteria; kept running, answers requests."""

import json
import sys
import time
from pathlib import Path

import numpy as np
import skcriteria
from skcriteria.agg.similarity import TOPSIS
from skcriteria.preprocessing.scalers import VectorScaler
from skcriteria.utils import rank

for line in sys.stdin:
    request = json.loads(line)
    folder = Path(request["folder"])
    given = dict(np.load(folder / "topsis.npz"))
    start = time.process_time()
    matrix = skcriteria.mkdm(
        given["values"], objectives=[max] * given["values"].shape[1], weights=given["weights"]
    )
    result = TOPSIS().evaluate(VectorScaler(target="matrix").transform(matrix))
    taken = time.process_time() - start
    if request["task"] == "closeness":
        start = time.process_time()
        rank.rank_values(result.e_.similarity, reverse=True)
        taken -= time.process_time() - start
    np.savez(folder / "topsis_found.npz", closeness=result.e_.similarity, rank=result.rank_)
    print(json.dumps(taken), flush=True)
