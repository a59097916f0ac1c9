"""Large fields a band at a time, and planes taken off them and put on them, without a copy of the whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from craton.kernels.threads import do_all

Reals = NDArray[Any]
"""Real array in single or double precision."""

BLOCK = 1 << 15
"""Waves whose factors are worked out at once, so that they stay in the cache."""

ROW_BLOCK = 1 << 18
"""Cells in rows that are transformed at once."""

COLUMN_BYTES = 1 << 20
"""Memory of the columns that are transformed at once, which a core keeps close."""

Plane = tuple[Reals, Reals]
"""Parts by row and by column whose sum is a plane."""

Part = tuple[slice, slice]
"""Rows and columns of a field."""


def kind_of(field: NDArray[np.floating]) -> type[np.floating]:
    """Precision that a field is worked in."""
    return np.float32 if field.dtype == np.float32 else np.float64


def leveller(field: NDArray[np.floating], plane: Plane | None) -> Callable[[Part], Reals]:
    """Parts of `field` less `plane`, in the precision that is worked in."""
    cells: Reals = field.astype(kind_of(field), copy=False)
    if plane is None:
        return lambda part: cells[part]
    rows, columns = (side.astype(cells.dtype) for side in plane)

    def level(part: Part) -> Reals:
        values: Reals = cells[part] - rows[part[0], None]
        values -= columns[part[1]]
        return values

    return level


def less_plane(field: NDArray[np.floating], plane: Plane) -> Reals:
    """`field` less `plane`, in the precision that is worked in."""
    return leveller(field, plane)((slice(None), slice(None)))


def add_plane(values: Reals, plane: Plane) -> None:
    """Add `plane` to `values` in place."""
    each_band(row_bands(values.shape, BLOCK), lambda band: add_part(values, plane, (band, slice(None))))


def add_part(values: Reals, plane: Plane | None, part: Part) -> None:
    """Add a part of a plane, if there is one, to that of `values` in place."""
    if plane is None:
        return
    rows, columns = (side[some].astype(values.dtype) for side, some in zip(plane, part, strict=True))
    values[part] += rows[:, None]
    values[part] += columns


def row_bands(shape: tuple[int, ...], size: int) -> list[slice]:
    """Bands of rows of about `size` cells."""
    rows, columns = shape
    step = max(1, size // max(columns, 1))
    return [slice(start, min(start + step, rows)) for start in range(0, rows, step)]


def column_bands(field: NDArray[Any]) -> list[slice]:
    """Bands of columns of about `COLUMN_BYTES`, wide enough to read memory in whole lines."""
    rows, columns = field.shape
    step = max(16, COLUMN_BYTES // max(rows * field.itemsize, 1))
    return [slice(start, min(start + step, columns)) for start in range(0, columns, step)]


def each_band(bands: list[slice], work: Callable[[slice], None]) -> None:
    """`work` on every band, in threads if there are several; each touches only its own band."""
    if len(bands) == 1:
        work(bands[0])
        return
    do_all(work, bands)
