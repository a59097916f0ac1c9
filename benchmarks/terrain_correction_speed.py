"""Terrain corrections of many stations: the sums of our kernel beside harmonica's layer of prisms."""

from __future__ import annotations

import os
import time

import numpy as np

from craton.kernels import terrain_correction as sums
from craton.kernels.terrain_near import Settings, Stations
from craton.kernels.terrain_relief import relief_of
from harness import BENCH, Peer, report

SIDE = int(os.environ.get("TERRAIN_SIDE", "500"))
STATIONS = int(os.environ.get("TERRAIN_STATIONS", "1000"))
SPACING = 100.0
DENSITY = 2670.0
GATE = 0.01


def main() -> None:
    """Measure the CPU time of both on the same prisms, and the error against the sum of all of them."""
    axis = SPACING * np.arange(SIDE)
    east, north = np.meshgrid(axis, axis)
    cells = 800 + 400 * np.sin(east / 3000) * np.cos(north / 4000) + 100 * np.sin(east / 500 + north / 700)
    random = np.random.default_rng(0)
    rows, columns = random.integers(0, SIDE, (2, STATIONS))
    heights = cells[rows, columns] + 1.0
    np.savez(BENCH / "terrain.npz", axis=axis, cells=cells, rows=rows, columns=columns, heights=heights)
    zero = np.zeros(STATIONS)
    stations = Stations(
        rows.astype(float), columns.astype(float), np.column_stack([axis[rows], zero, axis[columns], zero]),
        heights, zero, zero,
    )  # fmt: skip

    def ours(smooth: bool) -> tuple[float, np.ndarray]:
        start = time.process_time()
        relief = relief_of(cells, axis, axis)
        found = sums.terrain_corrections(relief, stations, Settings(1e7, DENSITY, 1027.0, smooth, False))[0]
        return time.process_time() - start, found

    ours(smooth=False), ours(smooth=True)
    taken, found = min((ours(smooth=False) for _ in range(5)), key=lambda pair: pair[0])
    smooth = min(ours(smooth=True)[0] for _ in range(5))
    peer = Peer("terrain_correction.py")
    answer = peer.ask(file=str(BENCH / "terrain.npz"), density=DENSITY, stations=STATIONS)
    peer.close()
    whole = float(np.abs(found - np.array(answer["corrections"])).max())
    if whole > GATE:
        raise SystemExit(f"the corrections differ by {whole:.3g} mGal")
    report(
        claim="terrain-correction", ours=taken, peer=float(answer["seconds"]), peer_name="harmonica", unit="CPU s",
        goal="≥ 50× at ≤ 0.01 mGal",
        work=f"{STATIONS:,} stations on a relief of {SIDE}² cells, each with the attraction of all cells as prisms; CPU "
        f"seconds of all threads, the pyramid included; greatest difference {whole:.2g} mGal",
        with_smooth_surface=round(smooth, 4),
    )  # fmt: skip


if __name__ == "__main__":
    BENCH.mkdir(exist_ok=True)
    main()
