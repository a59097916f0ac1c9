"""Transforms of a large magnetic grid: the checked processes beside harmonica, in CPU seconds."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

import numpy as np
import xarray as xr
from scipy import fft

from craton.kernels import wavenumber
from craton.kernels.field_transform import product, transform
from craton.kernels.reduction_to_pole import Direction, Stabiliser, redirection
from craton.methods.field_derivatives import derivative
from craton.methods.magnetics import upward_continuation
from craton.methods.magnetics_reduction import reduction_to_pole
from craton.methods.magnetics_transforms import products
from harness import BENCH, Peer, alternate, report

SIDE = int(os.environ.get("TRANSFORM_SIDE", "4096"))
TIMES = int(os.environ.get("TRANSFORM_TIMES", "3"))
SPACING, HEIGHT, INCLINATION, DECLINATION = 100.0, 1000.0, 45.0, 10.0
SHORTEST = 16
"""Spacings of the shortest wave of the field."""

FIELD = Direction(INCLINATION, DECLINATION)
RESPONSES = {
    "upward": wavenumber.upward(HEIGHT),
    "vertical": wavenumber.derivative(upward=1),
    "pole": redirection(FIELD, FIELD, Stabiliser()),
}
PROCESSES: dict[str, Callable[[xr.DataArray], object]] = {
    "upward": lambda grid: upward_continuation(grid, HEIGHT, padding="none"),
    "vertical": lambda grid: derivative(grid, upward=1, padding="none"),
    "pole": lambda grid: reduction_to_pole(grid, INCLINATION, DECLINATION, padding="none"),
    "products": lambda grid: products(grid, INCLINATION, DECLINATION, HEIGHT, padding="none"),
}


def field() -> np.ndarray:
    """Twelve waves that fit the grid, so that no edge makes a difference between the programs."""
    random = np.random.default_rng(3)
    place = 2 * np.pi * np.arange(SIDE) / SIDE
    total = np.zeros((SIDE, SIDE))
    for _ in range(12):
        north, east = random.integers(1, SIDE // SHORTEST, 2)
        phase = random.uniform(0, 6)
        total += random.uniform(10, 50) * np.cos(north * place[:, None] + east * place + phase)
    return total


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU time of one call, all threads together."""
    start = time.process_time()
    work()
    return time.process_time() - start


def there_and_back(values: np.ndarray) -> np.ndarray:
    """The two Fourier transforms that each product needs, as scipy does them, and nothing else."""
    waves = fft.rfft2(values, workers=2)
    back: np.ndarray = fft.irfft2(waves, s=values.shape, workers=2, overwrite_x=True)
    return back


def difference(values: np.ndarray, operation: str) -> float:
    """Greatest difference between ours and the peer's result of the same field, as a part of the greatest value."""
    ours = product(transform(values, (SPACING, SPACING), edges="periodic"), RESPONSES[operation])
    theirs = np.load(BENCH / f"transformed-{operation}.npy")
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


def main() -> None:
    """Measure both precisions of each transform, and the five products."""
    values = field()
    np.save(BENCH / "field.npy", values)
    axis = SPACING * np.arange(SIDE)
    attributes = {"units": "nT", "standard_name": "magnetic_anomaly", "crs": "EPSG:32648"}
    grid = xr.DataArray(
        values, {"northing": axis, "easting": axis}, ("northing", "easting"), attrs=attributes
    )
    grids = {"float32": grid.astype("float32"), "float64": grid}
    peer = Peer("transforms.py")

    def theirs(operation: str) -> float:
        return float(
            peer.ask(
                folder=str(BENCH), spacing=SPACING, height=HEIGHT, inclination=INCLINATION,
                declination=DECLINATION, operation=operation,
            )
        )  # fmt: skip

    for kind, goal in (("float32", "≥ 10×"), ("float64", "≥ 6×")):
        bare = statistics.median(
            cpu_seconds(lambda k=kind: there_and_back(grids[k].to_numpy())) for _ in range(TIMES)
        )
        for operation in ("upward", "vertical", "pole"):
            ours, other = measured(PROCESSES[operation], grids[kind], lambda op=operation: theirs(op))
            lack = difference(grids[kind].to_numpy(), operation)
            report(
                claim=f"transform-{operation}-{kind}", ours=ours, peer=other, peer_name="harmonica", unit="s CPU",
                goal=goal, work=f"{operation} of a magnetic grid of {SIDE:,}² cells, {kind} (the peer float64), no "
                f"padding; contract checked, gaps looked for, trend removed; same field to {lack:.1g} of its peak",
                bare_transforms=round(bare, 3), ratio_of_bare_transforms=round(other / bare, 2),
            )  # fmt: skip
    ours, other = measured(PROCESSES["products"], grids["float32"], lambda: theirs("products"))
    report(
        claim="transform-products", ours=ours, peer=other, peer_name="harmonica", unit="s CPU", goal="≥ 15×",
        work=f"three derivatives, upward and pole of a magnetic grid of {SIDE:,}² cells, float32, from one forward "
        "transform; the peer one by one, float64",
        peer_with_horizontal_derivatives_by_differences=round(theirs("products by differences"), 3),
        float64=round(cpu_seconds(lambda: PROCESSES["products"](grid)), 3),
        with_mirror_padding=round(
            cpu_seconds(lambda: products(grids["float32"], INCLINATION, DECLINATION, HEIGHT)), 3
        ),
    )  # fmt: skip
    peer.close()


def measured(
    work: Callable[[xr.DataArray], object], grid: xr.DataArray, theirs: Callable[[], float]
) -> tuple[float, float]:
    """Medians of ours and the peer's, after one run of each that is not counted."""
    theirs()
    work(grid)
    return alternate(lambda: cpu_seconds(lambda: work(grid)), theirs, times=TIMES)


if __name__ == "__main__":
    BENCH.mkdir(exist_ok=True)
    main()
