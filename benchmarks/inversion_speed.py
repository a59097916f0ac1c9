"""Inversion of gravity in three dimensions beside SimPEG, and time and memory as problems grow.

`CRATON_INVERSION_CASES` (such as `40x40x20,60x60x30`), `CRATON_INVERSION_SCALING` (cells of a side, layers, stations,
as `100x100x100/20000`) and `CRATON_INVERSION_TIMES` change what is run.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time

import numpy as np

import inversion_plot
from craton.kernels.inversion import Problem, discrepancy
from craton.kernels.mesh_sensitivity import Mesh, gravity_coefficients
from craton.kernels.regularisation import Smoother, depth_weights, regularisation
from craton.kernels.toeplitz_operator import ToeplitzOperator
from harness import BENCH, ROOT, Peer, report

SIDE = 50.0
CASES = os.environ.get("CRATON_INVERSION_CASES", "40x40x20,60x60x30")
SCALING = os.environ.get(
    "CRATON_INVERSION_SCALING", "40x40x20/1600,100x100x25/10000,100x100x100/20000,200x200x25/100000"
)
TIMES = int(os.environ.get("CRATON_INVERSION_TIMES", "3"))
CLAIMS = {"40x40x20": ("gravity-inversion-32k", "≥ 10×"), "60x60x30": ("gravity-inversion-108k", "≥ 20×")}


def block(mesh: Mesh) -> np.ndarray:
    """A block of 400 kg/m³ a tenth to a quarter of the width deep."""
    _layers, rows, columns = mesh.shape
    width = columns * SIDE
    down, north, east = (SIDE * (np.arange(n) + 0.5) for n in mesh.shape)
    cells = np.zeros((1, *mesh.shape), np.float32)
    inside = (
        (down > 0.1 * width) & (down < 0.25 * width), abs(north - rows * SIDE / 2) < 0.08 * width,
        abs(east - columns * SIDE / 2) < 0.12 * width,
    )  # fmt: skip
    cells[0][np.ix_(*inside)] = 400.0
    return cells


def shape_of(text: str) -> tuple[int, int, int]:
    """Layers, rows, columns of `COLUMNSxROWSxLAYERS`."""
    columns, rows, layers = map(int, text.split("x"))
    return layers, rows, columns


def search(operator, mesh, data, deviation, weights, active):
    """Model and misfit over the number of data."""
    scale = (1.0, 1.0, 1.0)
    functional = regularisation(weights, active, scale)
    task = Problem(
        operator,
        data,
        deviation,
        functional,
        Smoother(functional, scale),
        np.zeros((1, *mesh.shape), np.float32),
    )
    cells, _beta, steps = discrepancy(task, report=lambda _step: None)
    return cells, steps[-1].misfit / data.size


def beside_simpeg(text: str, peer: Peer) -> None:
    """One size, both in turns: the same data, depth weights, smallness, smoothness and target."""
    mesh = Mesh(0.0, 0.0, 0.0, (SIDE, SIDE, SIDE), shape_of(text))
    centres = [SIDE * (np.arange(n) + 0.5) for n in mesh.shape]
    east, north = np.meshgrid(centres[2], centres[1])
    stations = np.column_stack([east.ravel(), north.ravel(), np.full(east.size, 10.0)])
    truth = block(mesh)
    exact = ToeplitzOperator(mesh, stations, gravity_coefficients(), dtype=np.float64).forward(truth)
    deviation = np.full(exact.size, 0.02 * np.abs(exact).max())
    data = exact + deviation * np.random.default_rng(0).normal(size=exact.size)
    weights = depth_weights(
        np.broadcast_to(centres[0][:, None, None] - SIDE / 2, mesh.shape), 2.0, SIDE / 2 + 10
    )
    case, result = BENCH / f"inversion-{text}.npz", BENCH / f"inversion-{text}.npy"
    np.savez(
        case, shape=mesh.shape, side=SIDE, stations=stations, data=data, deviation=deviation, weights=weights
    )
    mine, theirs = [], []
    for _time in range(TIMES):
        started, used = time.perf_counter(), time.process_time()
        operator = ToeplitzOperator(mesh, stations, gravity_coefficients())
        cells, misfit = search(operator, mesh, data, deviation, weights, np.ones(mesh.shape, bool))
        mine.append((time.perf_counter() - started, time.process_time() - used))
        theirs.append(peer.ask(case=str(case), result=str(result)))
    other = np.load(result)
    likeness = [float(np.corrcoef(one.ravel(), truth.ravel())[0, 1]) for one in (cells, other)]
    claim, goal = CLAIMS.get(text, (f"gravity-inversion-{text}", "≥ 10×"))
    report(
        claim=claim, ours=statistics.median(one[0] for one in mine),
        peer=statistics.median(one["seconds"] for one in theirs), peer_name="SimPEG 0.26", unit="s", goal=goal,
        work=f"gravity of {exact.size} stations to {truth.size} cells, smallness and smoothness of the same weights, 2 % "
        f"errors: sensitivities and search to χ² ≤ N, 2 threads each; χ²/N {misfit:.3f} and {theirs[-1]['misfit']:.3f}, "
        f"correlation with the truth {likeness[0]:.3f} and {likeness[1]:.3f}, of the two {np.corrcoef(cells.ravel(), other.ravel())[0, 1]:.3f}",
        cpu_seconds=round(statistics.median(one[1] for one in mine), 3),
        peer_cpu_seconds=round(statistics.median(one["cpu"] for one in theirs), 3),
        operator_megabytes=round(operator.nbytes / 2**20, 1), peer_megabytes=round(theirs[-1]["memory"]),
        cells=truth.size, data=exact.size,
    )  # fmt: skip


def at_size(text: str) -> None:
    """One size by itself: stations anywhere on ground of 200 m relief; prints one line of JSON."""
    import resource

    size, count = text.split("/")
    mesh = Mesh(0.0, 0.0, 0.0, (SIDE / 2, SIDE, SIDE), shape_of(size))
    layers, rows, columns = mesh.shape
    random = np.random.default_rng(0)
    east, north = (random.uniform(3 * SIDE, (n - 3) * SIDE, int(count)) for n in (columns, rows))

    def ground(x, y):
        return 100 * np.sin(x / 900) * np.cos(y / 1100) - 100

    stations = np.column_stack([east, north, ground(east, north) + 5])
    down = -SIDE / 2 * (np.arange(layers) + 0.5)
    surface = ground(SIDE * (np.arange(columns) + 0.5), SIDE * (np.arange(rows)[:, None] + 0.5))
    active = np.broadcast_to(down[:, None, None], mesh.shape) < surface - SIDE / 2
    started, used = time.perf_counter(), time.process_time()
    operator = ToeplitzOperator(mesh, stations, gravity_coefficients())
    ready = time.perf_counter() - started
    truth = block(mesh) * active
    exact = operator.forward(truth)
    deviation = np.full(exact.size, 0.02 * np.abs(exact).max())
    data = exact + deviation * random.normal(size=exact.size)
    weights = depth_weights(surface - down[:, None, None], 2.0, SIDE / 4 + 5)
    cells, misfit = search(operator, mesh, data, deviation, weights, active)
    print(
        json.dumps(
            {
                "cells": int(np.prod(mesh.shape)), "data": int(count), "seconds": round(time.perf_counter() - started, 2),
                "cpu_seconds": round(time.process_time() - used, 2), "sensitivities": round(ready, 2),
                "megabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
                "chi_squared_by_n": round(misfit, 3),
                "correlation": round(float(np.corrcoef(cells[0][active], truth[0][active])[0, 1]), 3),
            }
        )
    )  # fmt: skip


def main() -> None:
    """Both against the peer, then alone as size grows, each size in a process of its own."""
    peer = Peer("inversion.py")
    for text in filter(None, CASES.split(",")):
        beside_simpeg(text, peer)
    peer.close()
    sizes = []
    for text in filter(None, SCALING.split(",")):
        run = subprocess.run(
            [sys.executable, __file__, text],
            check=True,
            capture_output=True,
            text=True,
            cwd=ROOT / "benchmarks",
        )
        sizes.append(json.loads(run.stdout))
        print(sizes[-1], flush=True)
    if not sizes:
        return
    million = next((one for one in sizes if one["cells"] >= 10**6), sizes[-1])
    report(
        claim="gravity-inversion-million", ours=million["seconds"], peer=None, peer_name="SimPEG 0.26 (80 GiB of matrix)",
        unit="s", goal="≤ 120 s, ≤ 4 GiB", sizes=sizes,
        work=f"gravity of {million['data']} stations anywhere on ground of 200 m relief to {million['cells']} cells, "
        f"sensitivities and search, 2 threads; χ²/N {million['chi_squared_by_n']}, {million['megabytes']} MB; the same by size",
    )  # fmt: skip
    inversion_plot.draw()


if __name__ == "__main__":
    BENCH.mkdir(exist_ok=True)
    if len(sys.argv) > 1:
        at_size(sys.argv[1])
    else:
        main()
