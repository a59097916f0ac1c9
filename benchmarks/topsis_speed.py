"""TOPSIS of a million units by eight criteria, with and without ranks: the kernels beside scikit-criteria."""

from __future__ import annotations

import os
import time

import numpy as np

from craton.kernels import threads
from craton.kernels.criteria_ranking import closeness as closeness_of
from craton.kernels.score_ranks import ranks
from harness import BENCH, Peer, alternate, report

UNITS = int(os.environ.get("TOPSIS_UNITS", "1000000"))
CRITERIA = 8
AGREE = 1e-12
"""Largest difference of two closenesses that are taken for the same."""


def main() -> None:
    """Measure in CPU seconds, from the numbers to closeness and rank, and compare both."""
    random = np.random.default_rng(8)
    values = random.uniform(1.0, 100.0, (UNITS, CRITERIA))
    weights = random.uniform(0.5, 1.5, CRITERIA)
    weights /= weights.sum()
    BENCH.mkdir(exist_ok=True)
    np.savez(BENCH / "topsis.npz", values=values, weights=weights)
    costs = np.zeros(CRITERIA, bool)

    def closeness() -> float:
        start = time.process_time()
        closeness_of(values, weights, costs)
        return time.process_time() - start

    def ranked() -> float:
        start = time.process_time()
        ranks(closeness_of(values, weights, costs))
        return time.process_time() - start

    peer = Peer("topsis.py")

    def theirs(task: str) -> float:
        return float(peer.ask(task=task, folder=str(BENCH)))

    threads.THREADS = 1  # as the peer has
    ranked()
    theirs("ranked")
    mine, other = alternate(closeness, lambda: theirs("closeness"))
    mine_ranked, other_ranked = alternate(ranked, lambda: theirs("ranked"))
    peer.close()
    found, theirs_found = closeness_of(values, weights, costs), np.load(BENCH / "topsis_found.npz")
    difference = float(np.abs(found - theirs_found["closeness"]).max())
    assert difference < AGREE
    same = float((ranks(found) == theirs_found["rank"]).mean())
    report(
        claim="topsis", ours=mine, peer=other, peer_name="scikit-criteria", unit="CPU s", goal="≥ 100×",
        work=f"{UNITS:,} units by {CRITERIA} criteria, from the array (the peer makes its matrix of it) to closeness, less its ranking; agree to {difference:.1g}",
    )  # fmt: skip
    report(
        claim="topsis-ranked", ours=mine_ranked, peer=other_ranked, peer_name="scikit-criteria", unit="CPU s",
        goal="≥ 30×",
        work=f"{UNITS:,} units by {CRITERIA} criteria to closeness and rank; {same:.2%} of ranks are the same",
    )  # fmt: skip


if __name__ == "__main__":
    main()
