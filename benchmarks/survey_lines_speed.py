"""The main field at many places beside GMT's mgd77magref, and crossings of survey lines beside its x2sys_cross."""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from craton.kernels import geomagnetic, survey_lines
from craton.methods.geomagnetic_model import model_named
from harness import alternate, report

PLACES = int(os.environ.get("BENCH_PLACES", "1000000"))
LINES = int(os.environ.get("BENCH_LINES", "40"))
TIES = 20
AGREES_NT, AGREES_M = 0.05, 0.01


def processor(work: Callable[[], object]) -> float:
    """CPU seconds of one call in this process."""
    start = time.process_time()
    work()
    return time.process_time() - start


def child_processor(command: str, folder: Path) -> float:
    """CPU seconds of one shell command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, shell=True, check=True, cwd=folder, env={**os.environ, "X2SYS_HOME": str(folder)})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main_field(folder: Path) -> None:
    """Three components of the IGRF at scattered places of one date; GMT reads and writes binary files."""
    random = np.random.default_rng(1)
    low, high = (-180, -80, 0, 2012.5), (180, 80, 5, 2012.5)
    places = random.uniform(low, high, (PLACES, 4))
    places.tofile(folder / "places.bin")
    command = "gmt mgd77magref places.bin -bi4d -bo -A+y -Fxyz/0 > field.bin"
    model = model_named("igrf14")
    longitude, latitude, height, year = np.ascontiguousarray(places.T)

    def ours() -> np.ndarray:
        return geomagnetic.field(model, latitude, longitude, 1000 * height, year)

    mine = ours()
    child_processor(command, folder)
    theirs = np.fromfile(folder / "field.bin").reshape(PLACES, 3)
    difference = float(np.abs(mine[:, :3] - theirs).max())
    assert difference < AGREES_NT
    own, other = alternate(lambda: processor(ours), lambda: child_processor(command, folder), times=3)
    report(
        claim="main-magnetic-field", ours=own, peer=other, peer_name="GMT mgd77magref", unit="CPU s", goal="≥ 1.5×",
        work=f"X, Y, Z at {PLACES:,} places and heights, and here their rates too; GMT with binary files; agree to "
        f"{difference:.2g} nT (IGRF-13 and 14 have the same field in 2012.5)",
    )  # fmt: skip


def crossings(folder: Path) -> None:
    """Crossings of lines of 2,000 points with ties; GMT reads a text file a line."""
    random = np.random.default_rng(2)
    along = np.arange(0, 40_000, 20.0)
    wander = random.normal(0, 0.3, (LINES + TIES, along.size)).cumsum(axis=1)
    lines = [np.column_stack([500 + 37_000 * n / LINES + wander[n], along]) for n in range(LINES)]
    lines += [np.column_stack([along, 507 + 1900 * n + wander[LINES + n]]) for n in range(TIES)]
    for number, line in enumerate(lines):
        np.savetxt(folder / f"L{number:04d}.xyz", np.column_stack([line, line[:, 0]]), fmt="%.6f")
    (folder / "tracks.txt").write_text("".join(f"L{n:04d}\n" for n in range(len(lines))))
    child_processor("gmt x2sys_init TAG -Dxyz -Exyz -F -R-1000/45000/-1000/45000 -Nse -Nde", folder)
    command = "gmt x2sys_cross =tracks.txt -TTAG -Qe -Vq > crossings.txt"
    places, starts = np.concatenate(lines), np.arange(len(lines) + 1) * along.size
    meet = np.ones((len(lines), len(lines)), dtype=bool)

    def ours() -> survey_lines.Crossings:
        return survey_lines.crossings(places, starts, meet)

    found = ours()
    child_processor(command, folder)
    theirs = np.loadtxt(folder / "crossings.txt", comments=("#", ">"), usecols=(0, 1))
    step = places[found.first_point + 1] - places[found.first_point]
    mine = places[found.first_point] + found.first_part[:, None] * step
    assert len(mine) == len(theirs)
    apart = np.abs(_sorted(mine) - _sorted(theirs)).max()
    assert apart < AGREES_M
    own, other = alternate(lambda: processor(ours), lambda: child_processor(command, folder), times=3)
    report(
        claim="line-crossings", ours=own, peer=other, peer_name="GMT x2sys_cross", unit="CPU s", goal="≥ 20×",
        work=f"{len(mine):,} crossings of {len(lines)} lines of {along.size:,} points; GMT reads text files and "
        f"interpolates one value; places agree to {apart:.1g} m",
    )  # fmt: skip


def _sorted(points: np.ndarray) -> np.ndarray:
    """Points by row of 100 m to the north and then to the east."""
    return points[np.lexsort((points[:, 0], np.round(points[:, 1] / 950)))]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        main_field(Path(scratch))
        crossings(Path(scratch))
