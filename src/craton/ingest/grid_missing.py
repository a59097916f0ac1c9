"""Numbers of grids that can only mean "no value", although the file declares none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import dask.array as da
import numpy as np
import xarray as xr

from craton.ingest.grid_axes import COUNTED_CELLS
from craton.ingest.table_missing import CLEAR_GAP, HUGE, NINES, POSITIVE_GAP, SINGLE_GAP
from craton.model.data import Draft

ORIGINAL_MARK = "undeclared_nodata"
"""Attribute of a variable that keeps the number which was made empty."""

Blocks = Callable[[], Iterator[np.ndarray]]


class Mark(NamedTuple):
    """A number that means "no value", and in how many cells it stands."""

    value: float
    cells: int


class _Spread(NamedTuple):
    low: float
    high: float


def undeclared_mark(blocks: Blocks) -> Mark | None:
    """The smallest or largest number of a grid, if it can only be a mark.

    A mark is written with nines alone (-9999, -99999) far from all other
    numbers, or is larger than any measurement (1e30 and beyond).

    Parameters
    ----------
    blocks : callable
        Gives the cells in blocks; it is called up to three times.
    """
    whole = _spread(blocks)
    if whole is None:
        return None
    for end in (whole.low, whole.high):
        if abs(end) >= HUGE or NINES.fullmatch(repr(end)):
            cells = sum(int((block == end).sum()) for block in blocks())
            if _is_mark(end, cells, _spread(blocks, without=end)):
                return Mark(end, cells)
    return None


def _spread(blocks: Blocks, without: float | None = None) -> _Spread | None:
    low, high = np.inf, -np.inf
    for block in blocks():
        known = block[np.isfinite(block) & (block != without)] if without is not None else block
        known = known[np.isfinite(known)]
        if known.size:
            low, high = min(low, float(known.min())), max(high, float(known.max()))
    return _Spread(low, high) if low <= high else None


def _is_mark(mark: float, cells: int, others: _Spread | None) -> bool:
    if abs(mark) >= HUGE:
        return True
    if others is None:
        return mark < 0
    if mark > 0:
        return cells > 1 and mark - others.high > POSITIVE_GAP * mark
    return others.low - mark > (CLEAR_GAP if cells > 1 else SINGLE_GAP) * -mark


def empty_undeclared(draft: Draft, dataset: xr.Dataset, names: list[str]) -> xr.Dataset:
    """`dataset` with undeclared marks of the variables `names` made empty, and the finding about them."""
    found = {name: mark for name in names if (mark := _mark_of(dataset[name])) is not None}
    for name, mark in found.items():
        array = dataset[name]
        emptied = array.where(array != mark.value)
        emptied.attrs = {**array.attrs, ORIGINAL_MARK: f"{mark.value:g}"}
        dataset = dataset.assign({name: emptied})
    find_marks(draft, list(found.values()))
    return dataset


def find_marks(draft: Draft, marks: list[Mark]) -> None:
    """Tell of cells that were taken to hold no value."""
    if marks:
        numbers = ", ".join(sorted({f"{mark.value:g}" for mark in marks}))
        draft.find("nodata-guessed", sum(mark.cells for mark in marks), f"cells of {numbers}")


def _mark_of(array: xr.DataArray) -> Mark | None:
    if array.dtype.kind not in "iuf" or array.dtype.itemsize < 2 or not 0 < array.size <= COUNTED_CELLS:
        return None
    return undeclared_mark(lambda: _blocks(array))


def _blocks(array: xr.DataArray) -> Iterator[np.ndarray]:
    data = array.data
    if not isinstance(data, da.Array):
        yield np.asarray(data)
        return
    for index in np.ndindex(*data.numblocks):
        yield np.asarray(data.blocks[index])
