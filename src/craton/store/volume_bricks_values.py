"""What the cells of a volume hold: classes or numbers, and the byte that each becomes in a brick.

A byte of 0 is nothing. A class is its code where all codes fit into a byte,
else its rank among the codes, from 1. A number is parted evenly into 1 to 255
from the least value of the variable to the greatest.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import xarray as xr

from craton.model import quantities
from craton.model.record import Record
from craton.store.grid_flags import Flag, Flags, flags_of, is_nothing, legend_of
from craton.store.grid_window_layers import Layer

MOST_CLASSES = 255
"""Classes of a variable at most; with more, it is shown as a number."""

FEW = 64
"""Range of whole numbers without unit and quantity below which they are taken for classes."""

COUNTED = 1 << 20
"""Range of whole numbers up to which they are found, and turned into bytes, by counting."""

GREATEST = 1 << 31
"""Whole numbers beyond it are no codes."""

BLOCK_CELLS = 8_000_000
"""Cells that are looked at at a time."""

CLASS_NAME = re.compile(
    r"(?i)(^|_)(unit|units|strat\w*|lith\w*|facies|class\w*|formation|rock\w*|geol\w*|soil\w*|code)(_|\d|$)"
)
"""Names of variables of classes."""

PROBABILITY_NAME = re.compile(r"probability_(\d{1,9})")
"""Names of variables of the probability of the class of that code."""

Values = np.ndarray[Any, Any]
Mask = np.ndarray[Any, np.dtype[np.bool_]]
Bytes = np.ndarray[Any, np.dtype[np.uint8]]


class Cells(msgspec.Struct, frozen=True):
    """What the values of a variable are like.

    Parameters
    ----------
    minimum, maximum : float or None
        `None` where there is no value.
    codes : tuple of int or None
        The different values, rising, where all are whole and they are few; `None` otherwise.
    """

    minimum: float | None = None
    maximum: float | None = None
    codes: tuple[int, ...] | None = None


class ClassOf(msgspec.Struct, frozen=True):
    """A class: its byte in bricks, its code in the data, and what the data says of it."""

    byte: int
    code: int
    title: str
    colour: str = ""


@dataclass(frozen=True)
class Variable:
    """A variable of a volume, as bricks show it.

    Parameters
    ----------
    layer : Layer
        The variable in the data.
    classes : tuple of ClassOf
        Classes by rising code; empty for numbers.
    low, high : float
        Ends of the range of numbers.
    probability_of : int or None
        Code of the class whose probability it is.
    """

    layer: Layer
    classes: tuple[ClassOf, ...] = ()
    low: float = 0.0
    high: float = 0.0
    probability_of: int | None = None

    @property
    def name(self) -> str:
        """Name of the variable."""
        return self.layer.name

    @property
    def is_classes(self) -> bool:
        """Whether it shows classes."""
        return bool(self.classes)

    def encode(self, values: Values, valid: Mask) -> Values:
        """Cells on the scale of bricks: bytes of classes, or numbers from 0 to 254 with NaN for nothing."""
        if self.is_classes:
            return self._class_bytes(values, valid)
        width = self.high - self.low
        scaled = (values.astype(np.float64) - self.low) * (254.0 / width if width > 0 else 0.0)
        return np.where(valid, scaled, np.nan).astype(np.float32)

    def _class_bytes(self, values: Values, valid: Mask) -> Bytes:
        codes = np.array([one.code for one in self.classes], np.int64)
        bytes_ = np.array([one.byte for one in self.classes], np.uint8)
        within = valid & (values >= codes[0]) & (values <= codes[-1])
        numbers = np.where(within, values, codes[0]).astype(np.int64)
        if codes[-1] - codes[0] < COUNTED:
            table = np.zeros(int(codes[-1] - codes[0]) + 1, np.uint8)
            table[codes - codes[0]] = bytes_
            found = table[numbers - codes[0]]
        else:
            rank = np.searchsorted(codes, numbers)
            found = np.where(codes[rank] == numbers, bytes_[rank], 0).astype(np.uint8)
        return np.where(within, found, np.uint8(0))


def to_bytes(scaled: Values) -> Bytes:
    """Bytes of cells on the scale of `Variable.encode`."""
    if scaled.dtype == np.uint8:
        return scaled
    there = np.isfinite(scaled)
    return np.where(there, np.rint(np.where(there, scaled, 0)).clip(0, 254) + 1, 0).astype(np.uint8)


def valid_cells(values: Values, layer: Layer) -> Mask:
    """Cells of `layer` that hold a value."""
    if values.dtype.kind == "f":
        return np.isfinite(values)
    if layer.nodata is None:
        return np.ones(values.shape, bool)
    return np.asarray(values != layer.nodata)


def cells_of(array: xr.DataArray, layer: Layer) -> Cells:
    """What the values of `array` are like, looked at block by block."""
    ends = [math.inf, -math.inf]
    codes: set[int] | None = set()
    for block in _blocks(array):
        values = block[valid_cells(block, layer)]
        if not values.size:
            continue
        ends = [min(ends[0], float(values.min())), max(ends[1], float(values.max()))]
        codes = _joined(codes, values)
    if ends[0] > ends[1]:
        return Cells()
    return Cells(ends[0], ends[1], None if codes is None else tuple(sorted(codes)))


def _joined(codes: set[int] | None, values: Values) -> set[int] | None:
    """`codes` with those among `values`; `None` where some are no codes, or there are too many."""
    if codes is None:
        return None
    low, high = float(values.min()), float(values.max())
    if max(-low, high) > GREATEST or not _are_whole(values[:1000]) or not _are_whole(values):
        return None
    if high - low < COUNTED:
        first = int(low)
        counts = np.bincount(values.astype(np.int64) - first)
        found = np.flatnonzero(counts) + first
    else:
        found = np.unique(values).astype(np.int64)
    joined = codes.union(found.tolist())
    return joined if len(joined) <= MOST_CLASSES else None


def _are_whole(values: Values) -> bool:
    return values.dtype.kind in "iub" or bool((values == np.rint(values)).all())


def _blocks(array: xr.DataArray) -> Iterator[Values]:
    """All cells of `array`, in parts along its first axis."""
    if not array.ndim:
        yield np.atleast_1d(array.to_numpy())
        return
    step = max(1, BLOCK_CELLS // max(1, array.size // array.shape[0]))
    for start in range(0, array.shape[0], step):
        yield array[start : start + step].to_numpy()


def variable_of(record: Record, array: xr.DataArray, layer: Layer, cells: Cells) -> Variable:
    """How a variable is shown."""
    match = PROBABILITY_NAME.fullmatch(layer.name)
    code = int(match[1]) if match else None
    flags = _whole(flags_of(array.attrs))
    classes = _classes(record, layer, flags, cells) if _is_classes(record, layer, flags, cells) else ()
    return Variable(layer, classes, cells.minimum or 0.0, cells.maximum or 0.0, code)


def _is_classes(record: Record, layer: Layer, flags: dict[int, Flag], cells: Cells) -> bool:
    if cells.codes is None:
        return False
    if flags or layer.kind == "b":
        return True
    if known := quantities.rule(layer.quantity):
        return not known.unit
    if layer.unit or PROBABILITY_NAME.fullmatch(layer.name):
        return False
    if record.properties.get("legend") and layer.is_classes:
        return True
    is_narrow = layer.kind in "iu" and cells.codes[-1] - cells.codes[0] < FEW
    return is_narrow or bool(CLASS_NAME.search(layer.name))


def _whole(flags: Flags) -> dict[int, Flag]:
    """Classes of whole codes."""
    return {int(code): flag for code, flag in flags.items() if code.is_integer()}


def _classes(record: Record, layer: Layer, flags: dict[int, Flag], cells: Cells) -> tuple[ClassOf, ...]:
    """Classes that are stated or found, with their bytes."""
    known = flags or _whole(legend_of(record))
    codes = set(cells.codes or ()) | set(flags)
    if len(codes) > MOST_CLASSES:
        codes = set(cells.codes or ())
    if _is_zero_nothing(layer, flags):
        codes.discard(0)
    fit = all(1 <= code <= MOST_CLASSES for code in codes)
    return tuple(
        ClassOf(code if fit else rank, code, *known.get(code, Flag(str(code))))
        for rank, code in enumerate(sorted(codes), 1)
    )


def _is_zero_nothing(layer: Layer, flags: dict[int, Flag]) -> bool:
    """Whether the code 0 stands for no class: it is not among those stated, or is told to be nothing."""
    if 0 in flags:
        return is_nothing({0.0: flags[0]}, 0)
    return bool(flags) or layer.quantity == "geological_unit"
