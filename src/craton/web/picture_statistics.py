"""What the cells of a grid are like, by which its colours are chosen: found once for each content."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import numpy as np

from craton.model.record import Record
from craton.store.grid_window import Grid, Layer
from craton.store.store import Store

CELLS = 300_000
"""Cells of a plane that are looked at."""

PLANES = 6
"""Planes of a cube that are looked at, spread over its steps."""

TAIL = 1.0
"""Percent at each end of the values that ramps leave out."""

STRETCH_TAIL = 2.0
"""Percent at each end of the values that pictures of several bands leave out."""

SHARES = 200
"""Parts, each of as many values, into which the values are divided to tell their quantiles."""

MOST_CLASSES = 250
"""Classes that are told apart."""

FILE = "statistics-3"


class Statistics(msgspec.Struct, frozen=True):
    """Spread of the values of a variable.

    Parameters
    ----------
    minimum, low, stretch_low, stretch_high, high, maximum : float
        Least value, lower percentiles (`TAIL`, `STRETCH_TAIL`), upper ones, greatest value.
    classes : tuple of float
        The different values, most frequent first, where they are few; empty otherwise.
    quantiles : tuple of float
        `SHARES` + 1 values from the least to the greatest, with as many values between each two.
    """

    minimum: float = 0.0
    low: float = 0.0
    stretch_low: float = 0.0
    stretch_high: float = 1.0
    high: float = 1.0
    maximum: float = 1.0
    classes: tuple[float, ...] = ()
    quantiles: tuple[float, ...] = ()


def statistics(store: Store, record: Record, grid: Grid, layer: Layer) -> Statistics:
    """Spread of the values of `layer`, from its overview, over all steps of its further axes."""
    if not record.content:
        return _found(grid, layer)
    name = f"{FILE}-{hashlib.sha256(layer.name.encode()).hexdigest()[:16]}.json"

    def make(target: Path) -> None:
        target.write_bytes(msgspec.json.encode(_found(grid, layer)))

    return msgspec.json.decode(store.derived.get(record.content, name, make).read_bytes(), type=Statistics)


def _found(grid: Grid, layer: Layer) -> Statistics:
    parts = [grid.overview(layer.name, CELLS, selection=selection) for selection in _selections(layer)]
    values = np.concatenate([np.asarray(part, np.float64) for part in parts])
    if not values.size:
        return Statistics()
    shares = [0, TAIL, STRETCH_TAIL, 100 - STRETCH_TAIL, 100 - TAIL, 100]
    ends = [float(end) for end in np.percentile(values, shares)]
    classes: tuple[float, ...] = ()
    if layer.is_classes:
        numbers, counts = np.unique(values, return_counts=True)
        order = np.lexsort((numbers, -counts))[:MOST_CLASSES]
        classes = tuple(float(numbers[place]) for place in order)
    least, low, stretch_low, stretch_high, high, most = ends
    quantiles = tuple(float(one) for one in np.quantile(values, np.linspace(0, 1, SHARES + 1)))
    return Statistics(least, low, stretch_low, stretch_high, high, most, classes, quantiles)


def _selections(layer: Layer) -> list[dict[str, object]]:
    """Some steps of the further axes, from the first to the last."""
    if not layer.axes:
        return [{}]
    shares = np.linspace(0, 1, PLANES)
    chosen = {tuple(round(share * (axis.count - 1)) for axis in layer.axes) for share in shares}
    return [
        {axis.name: axis.told(step) for axis, step in zip(layer.axes, steps, strict=True)}
        for steps in sorted(chosen)
    ]
