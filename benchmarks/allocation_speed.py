"""Front of two objectives for 10,000 parcels and four uses: 50 exact points beside 500 generations of NSGA-II."""

from __future__ import annotations

import os
import time

import numpy as np

from craton.kernels.allocation_front import front, hypervolume
from harness import BENCH, Peer, report

PARCELS = int(os.environ.get("ALLOCATION_PARCELS", "10000"))
GENERATIONS = int(os.environ.get("ALLOCATION_GENERATIONS", "500"))
USES, POINTS = 4, 50


def main() -> None:
    """Measure in CPU seconds, and compare the hypervolumes above a plan drawn at random."""
    random = np.random.default_rng(7)
    first, second = random.random((2, PARCELS, USES))
    least, most = np.full(USES, PARCELS // 10), np.full(USES, PARCELS)
    plan = random.integers(0, USES, PARCELS)
    reference = np.array([one[np.arange(PARCELS), plan].sum() for one in (first, second)])
    np.savez(BENCH / "allocation.npz", first=first, second=second, least=least)
    front(first[:50], second[:50], least * 0, most, 5)
    start = time.process_time()
    found = front(first, second, least, most, POINTS)
    assert len(found) == POINTS
    ours = time.process_time() - start
    peer = Peer("allocation.py")
    other = float(peer.ask(folder=str(BENCH), generations=GENERATIONS))
    peer.close()
    gap = max(abs(point.found.gap) for point in found)
    assert gap < 1e-6, gap
    exact = hypervolume(np.array([point.values for point in found]), reference)
    reached = hypervolume(np.load(BENCH / "allocation_front.npy"), reference) / exact
    assert reached <= 1.0, reached
    report(
        claim="allocation-front", ours=ours, peer=other, peer_name="pymoo NSGA-II", unit="CPU s", goal="≥ 50×",
        work=f"{PARCELS:,} parcels, {USES} uses of 10 % or more; {len(found)} points, duality gap {gap:.1g}, beside "
        f"{GENERATIONS} generations of 100, which reach {reached:.2%} of their hypervolume",
    )  # fmt: skip


if __name__ == "__main__":
    BENCH.mkdir(exist_ok=True)
    main()
