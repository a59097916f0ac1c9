"""Arrow columns as the readers of tables handle them: masks, blanks, single pieces."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def mask(truths: pa.Array) -> np.ndarray:
    """Truths (n,) as numpy booleans; what is missing is not true."""
    filled: np.ndarray = pc.fill_null(truths, fill_value=False).to_numpy(zero_copy_only=False)
    return np.array(filled, dtype=bool)


def count(truths: pa.Array) -> int:
    """How many are true."""
    return int(pc.sum(truths).as_py() or 0)


def matches(cells: pa.Array, pattern: str) -> int:
    """How many of the texts match the regular expression `pattern` (RE2)."""
    return count(pc.match_substring_regex(cells, pattern))


def integers(array: pa.Array) -> np.ndarray:
    """Whole numbers (n,) as int64; there must be no missing one."""
    return np.array(array.to_numpy(zero_copy_only=False), dtype=np.int64)


def floats(array: pa.Array) -> np.ndarray:
    """Numbers (n,) as float64, NaN for a missing one."""
    return np.array(pc.cast(array, pa.float64()).to_numpy(zero_copy_only=False))


def blank_to_null(cells: pa.Array) -> pa.Array:
    """`cells` with null for the empty text."""
    blank = pc.equal(cells, "")
    return pc.if_else(blank, None, cells) if pc.any(blank).as_py() else cells


def is_number(kind: pa.DataType) -> bool:
    """Whether a column of this type holds numbers."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def is_empty(column: pa.Array | pa.ChunkedArray) -> bool:
    """Whether a column holds no value."""
    return bool(column.null_count == len(column))


def flat(column: pa.ChunkedArray) -> pa.Array:
    """A column in one piece."""
    whole = column.combine_chunks()
    return whole if isinstance(whole, pa.Array) else pa.concat_arrays(column.chunks)
