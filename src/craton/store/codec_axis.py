"""Axes of maps: whether they are regular, and how their coordinates are written down without losing a bit.

Two grids are only combined where their coordinates are equal, so coordinates
that come back changed in the last bit would no longer meet those of a cube
from the same source.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

Coordinates = np.ndarray[Any, np.dtype[np.float64]]

Note = dict[str, Any]
"""JSON form of an axis: the name of a rule and its numbers."""

REGULAR = 1e-3
"""Distance of a coordinate from its even place, as a share of the spacing, that float32 explains."""


def spacing(axis: Coordinates) -> float:
    """Mean distance of neighbours, negative where `axis` descends."""
    return float(axis[-1] - axis[0]) / (axis.size - 1)


def is_regular(axis: Coordinates) -> bool:
    """Whether `axis` has two or more coordinates, equally far apart."""
    if axis.size < 2 or not np.isfinite(axis).all():
        return False
    step = spacing(axis)
    even = np.linspace(axis[0], axis[-1], axis.size)
    return step != 0 and bool(np.abs(axis - even).max() <= REGULAR * abs(step))


def _between(axis: Coordinates) -> Note:
    return {"rule": "between", "first": float(axis[0]), "last": float(axis[-1])}


def _step(axis: Coordinates) -> Note:
    return {"rule": "step", "first": float(axis[0]), "step": spacing(axis)}


def _round_step(axis: Coordinates) -> Note:
    return {"rule": "step", "first": float(axis[0]), "step": float(f"{spacing(axis):.9g}")}


def _values(axis: Coordinates) -> Note:
    packed = base64.b64encode(zlib.compress(axis.astype("<f8").tobytes(), 9)).decode("ascii")
    return {"rule": "values", "values": packed}


RULES: dict[str, Callable[[Note, int], Coordinates]] = {
    "between": lambda note, count: np.linspace(note["first"], note["last"], count),
    "step": lambda note, count: note["first"] + note["step"] * np.arange(count, dtype=np.float64),
    "values": lambda note, _count: np.frombuffer(zlib.decompress(base64.b64decode(note["values"])), "<f8"),
}
"""How coordinates follow from a note and their number."""


def write_axis(axis: Coordinates) -> Note:
    """Shortest note from which `read_axis` gives exactly `axis`."""
    for write in (_between, _round_step, _step):
        note = write(axis)
        if np.array_equal(read_axis(note, axis.size), axis):
            return note
    return _values(axis)


def read_axis(note: Note, count: int) -> Coordinates:
    """The `count` coordinates of which `note` was taken."""
    return RULES[note["rule"]](note, count)
