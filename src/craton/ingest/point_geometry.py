"""Points as an Arrow column of WKB, written by numpy: a point cloud has too many for one object each."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

_WKB_POINT = np.dtype([("order", "u1"), ("type", "<u4"), ("x", "<f8"), ("y", "<f8")])
_LITTLE_ENDIAN, _POINT = 1, 1


def point_column(x: np.ndarray, y: np.ndarray) -> pa.BinaryArray:
    """WKB points (21 bytes each, OGC 06-103r4 §8.2) of `x`, `y` (n,); null where either is not finite.

    `x` is the easting or longitude, `y` the northing or latitude.
    """
    records = np.empty(len(x), dtype=_WKB_POINT)
    records["order"], records["type"] = _LITTLE_ENDIAN, _POINT
    records["x"], records["y"] = x, y
    offsets = np.arange(len(x) + 1, dtype=np.int32) * _WKB_POINT.itemsize
    missing = ~(np.isfinite(records["x"]) & np.isfinite(records["y"]))
    validity = np.packbits(~missing, bitorder="little")
    buffers = [
        pa.py_buffer(validity) if missing.any() else None,
        pa.py_buffer(offsets),
        pa.py_buffer(records),
    ]
    return pa.Array.from_buffers(pa.binary(), len(x), buffers)
