"""Efficiency (CCR by inputs) of 400 units with four inputs and three outputs: the kernel beside Pyfrontier."""

from __future__ import annotations

import os
import time

import numpy as np

from craton.kernels.envelopment import Amounts, envelope
from harness import BENCH, Peer, alternate, report

UNITS = int(os.environ.get("ENVELOPMENT_UNITS", "400"))


def main() -> None:
    """Measure in CPU seconds, and compare the efficiencies."""
    random = np.random.default_rng(1)
    inputs = random.uniform(1, 10, (UNITS, 4))
    outputs = (
        inputs.mean(axis=1)[:, None] * random.uniform(0.5, 1, (UNITS, 3)) * random.uniform(0.3, 1, (UNITS, 1))
    )
    units = Amounts(inputs, outputs)
    np.savez(BENCH / "envelopment_units.npz", inputs=inputs, outputs=outputs)
    found = envelope(units, units, model="input", variable=False).efficiency
    peer = Peer("envelopment.py")

    def ours() -> float:
        start = time.process_time()
        envelope(units, units, model="input", variable=False)
        return time.process_time() - start

    mine, other = alternate(ours, lambda: float(peer.ask(folder=str(BENCH))), times=3)
    peer.close()
    difference = float(np.abs(found - np.load(BENCH / "envelopment.npy")).max())
    assert difference < 1e-5, difference
    report(
        claim="envelopment", ours=mine, peer=other, peer_name="Pyfrontier", unit="CPU s", goal="≥ 20×",
        work=f"CCR of {UNITS} units, 4 inputs and 3 outputs, with slacks; efficiencies agree to {difference:.1g}",
    )  # fmt: skip


if __name__ == "__main__":
    BENCH.mkdir(exist_ok=True)
    main()
