"""Equivalent sources to a grid: the checked process beside harmonica's gradient-boosted ones.

The field is that of 800 point masses with random signs, 4 to 20 km deep and
as far as one half of the survey beyond it. Stations lie at random over
100 km by 100 km on relief from 200 to 1,000 m, with noise of 0.05 mGal; the
grid of 200 by 200 cells lies at their mean height of 600 m, where the field
is known exactly. Seconds are of the processor, as both run on one core.
`CRATON_BENCH_STATIONS` chooses other numbers of stations, such as "5000".
"""

from __future__ import annotations

import os
import resource
import statistics
import time

import geopandas as gpd
import numpy as np
import shapely

from craton.methods.equivalent_sources import equivalent_sources
from harness import BENCH, Peer, report

HALF, HEIGHT, NOISE = 50_000.0, 600.0, 0.05
CELLS = 200
COUNTS = tuple(int(one) for one in os.environ.get("CRATON_BENCH_STATIONS", "20000,100000").split(","))
LARGE = int(os.environ.get("CRATON_BENCH_LARGE", "1000000"))
WITHOUT_BLOCKS = {"depth": 8000.0, "damping": 1e-3}
BLOCKED = tuple(
    {"depth": depth, "damping": damping, "block_size": 2000.0, "window_size": window}
    for depth in (5000.0, 8000.0)
    for damping in (1e-3, 1e-5)
    for window in ("default", 20_000.0)
)


def field(east: np.ndarray, north: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Attraction of the point masses in mGal."""
    random = np.random.default_rng(7)
    places = random.uniform(-2 * HALF, 2 * HALF, (2, 800))
    depths = random.uniform(4e3, 20e3, 800)
    peaks = random.normal(0, 8, 800) * np.sqrt(depths / 5e3)
    total = np.zeros(east.shape)
    for (easting, northing), depth, peak in zip(places.T, depths, peaks, strict=True):
        rise = up + depth
        total += peak * depth**2 * rise / ((east - easting) ** 2 + (north - northing) ** 2 + rise**2) ** 1.5
    return total


def survey(count: int) -> gpd.GeoDataFrame:
    """Stations with values and heights."""
    random = np.random.default_rng(0)
    east, north = random.uniform(-HALF, HALF, (2, count))
    up = 600 + 300 * np.sin(east / 7e3) * np.cos(north / 9e3) + 100 * np.sin(east / 2.3e3 + north / 3.1e3)
    values = field(east, north, up) + random.normal(0, NOISE, count)
    columns = {"anomaly": values, "height": up}
    points = gpd.GeoDataFrame(columns, geometry=shapely.points(east + 5e5, north + 2e6), crs="EPSG:32648")
    points.attrs["columns"] = {"anomaly": {"unit": "mGal"}, "height": {"unit": "m"}}
    return points


def truth() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Eastings, northings and field of the cells, rows from the north."""
    axis = (np.arange(CELLS) + 0.5) * (2 * HALF / CELLS) - HALF
    east, north = np.meshgrid(axis, axis[::-1])
    return east, north, field(east, north, np.full(east.shape, HEIGHT))


def ours(points: gpd.GeoDataFrame, exact: np.ndarray) -> tuple[float, float]:
    """Seconds and error of one call."""
    region = (5e5 - HALF, 2e6 - HALF, 5e5 + HALF, 2e6 + HALF)
    start = time.process_time()
    result = equivalent_sources(points, "anomaly", "height", 2 * HALF / CELLS, height=HEIGHT, region=region)
    taken = time.process_time() - start
    return taken, float(np.sqrt(np.mean((result.field.to_numpy() - exact) ** 2)))


def beside(count: int, peer: Peer) -> None:
    """One number of stations: ours, the peer without blocks, and the best of its settings with blocks."""
    points = survey(count)
    east, north, exact = truth()
    np.savez(
        BENCH / "equivalent_sources.npz", east=points.geometry.x - 5e5, north=points.geometry.y - 2e6,
        up=points["height"], values=points["anomaly"], easting=east, northing=north, truth=exact,
    )  # fmt: skip
    ours(points, exact)
    runs = [ours(points, exact) for _ in range(3)]
    mine, error = statistics.median(run[0] for run in runs), runs[0][1]

    def ask(**options: object) -> dict[str, float]:
        answer: dict[str, float] = peer.ask(folder=str(BENCH), height=HEIGHT, options=options)
        return answer

    blocked = [ask(**options) for options in BLOCKED]
    good = min(blocked, key=lambda one: one["error"])
    fast = min(blocked, key=lambda one: one["seconds"])
    common = f"{count:,} stations at 200 to 1,000 m to 200² cells at 600 m, noise 0.05 mGal; one thread"
    report(
        claim=f"equivalent-sources-blocks-{count // 1000}k", ours=mine, peer=fast["seconds"],
        peer_name="harmonica, blocks of 2 km", unit="s", goal="≥ 2× the fastest at no more than half of the best error",
        work=f"{common}; error {error:.3g} mGal, the peer's best of {len(BLOCKED)} settings {good['error']:.3g}",
        error=round(error, 5), peer_error=round(good["error"], 5),
        gradient_too="ours gives the upward derivative and the misfit as well",
    )  # fmt: skip
    default = ask(**WITHOUT_BLOCKS)
    report(
        claim=f"equivalent-sources-{count // 1000}k", ours=mine, peer=default["seconds"], peer_name="harmonica",
        unit="s", goal="≥ 10×", work=f"{common}; error {error:.3g} mGal, the peer {default['error']:.3g}",
        error=round(error, 5), peer_error=round(default["error"], 5),
    )  # fmt: skip


def large() -> None:
    """A million stations, in seconds on the clock and memory."""
    points = survey(LARGE)
    exact = truth()[2]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    error = ours(points, exact)[1]
    taken = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report(
        claim="equivalent-sources-million", ours=taken, peer=None, peer_name="", unit="s",
        goal="≤ 120 s and ≤ 1 GiB", work=f"{LARGE:,} stations to 200² cells; error {error:.3g} mGal; the peer needs "
        "windows or blocks", peak_gib=round(peak / 2**20, 3), of_it_before=round(before / 2**20, 3),
    )  # fmt: skip


def main() -> None:
    """Measure."""
    if LARGE:
        large()
    peer = Peer("equivalent_sources.py")
    for count in COUNTS:
        beside(count, peer)
    peer.close()


if __name__ == "__main__":
    BENCH.mkdir(exist_ok=True)
    main()
