"""Resampling: values of evenly spaced cells at other evenly spaced cells of the same plane.

Each axis has a sparse matrix of weights; the two are applied one after the
other, so the kernels are products of one along each axis.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]

Method = Literal["nearest", "bilinear", "cubic", "average"]

LEAST = 0.5
"""Weight of cells with a value from which a new cell has one."""

ROUNDING = 1e-9
"""Part of a cell that is rounding of coordinates."""


def resample(cells: NDArray[np.floating], rows: Floats, columns: Floats, method: Method) -> Floats:
    """Values at new cells.

    Parameters
    ----------
    cells : array (n, m)
        Values; what is not finite is no value.
    rows, columns : array (i + 1,), (j + 1,)
        Edges of the new cells, ascending, counted in cells: the first cell reaches from -0.5 to 0.5.
        Nearest and interpolated values are those at the centres.
    method : str
        `nearest`; `bilinear` between the four centres around, constant in the half cell along an edge;
        `cubic` by the convolution of Keys over sixteen, bilinear where one of them has no value;
        `average` by overlap.

    Returns
    -------
    array (i, j)
        NaN where cells with a value have less than half of the weight.

    Notes
    -----
    With w the weights and v the cells that have a value, result = Σ w v / Σ w. Keys' kernel has
    a = -1/2, with which quadratics are exact.

    References
    ----------
    Keys, R. G. (1981), Cubic convolution interpolation for digital image processing, IEEE Transactions
    on Acoustics, Speech, and Signal Processing 29(6), 1153–1160, doi:10.1109/TASSP.1981.1163711.
    """
    weigh = {"nearest": _nearest, "bilinear": _linear, "cubic": _cubic, "average": _overlap}[method]
    known = np.isfinite(cells)
    north, east = weigh(rows, cells.shape[0]), weigh(columns, cells.shape[1])
    if method == "cubic":
        smooth = _apply(north, east, np.where(known, cells, 0.0))
        # Weights that are partly negative cannot be brought back to a sum of one safely.
        whole = _apply(_touched(north, 4), _touched(east, 4), known.astype(np.float64)) > 1 - ROUNDING
        return np.where(whole, smooth, resample(cells, rows, columns, "bilinear"))
    weight = _apply(north, east, known.astype(np.float64))
    total = _apply(north, east, np.where(known, cells, 0.0))
    enough = weight >= LEAST - ROUNDING
    return np.where(enough, total / np.where(enough, weight, 1.0), np.nan)


def _apply(north: sparse.csr_array, east: sparse.csr_array, cells: Floats) -> Floats:
    return np.asarray(north @ np.ascontiguousarray((east @ cells.T).T), dtype=np.float64)


def _touched(weights: sparse.csr_array, count: int) -> sparse.csr_array:
    """The same cells with equal weights that sum to one where there are `count` of them."""
    return sparse.csr_array(
        (np.full(weights.nnz, 1.0 / count), weights.indices, weights.indptr), weights.shape
    )


def _matrix(
    taps: NDArray[np.int_], weights: Floats, valid: NDArray[np.bool_], count: int
) -> sparse.csr_array:
    """Weights (new, taps) of cells `taps`, those that are not `valid` left out."""
    numbers = np.broadcast_to(np.arange(taps.shape[0])[:, None], taps.shape)
    place = (weights[valid], (numbers[valid], taps[valid]))
    return sparse.csr_array(sparse.coo_array(place, shape=(taps.shape[0], count)))


def _centres(edges: Floats, count: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Centres of new cells, and which of them lie within the old ones."""
    centres = (edges[:-1] + edges[1:]) / 2
    return centres, (centres >= -0.5 - ROUNDING) & (centres <= count - 0.5 + ROUNDING)


def _nearest(edges: Floats, count: int) -> sparse.csr_array:
    centres, inside = _centres(edges, count)
    taps = np.clip(np.floor(centres + 0.5 + ROUNDING), 0, count - 1).astype(int)[:, None]
    return _matrix(taps, np.ones(taps.shape), inside[:, None], count)


def _linear(edges: Floats, count: int) -> sparse.csr_array:
    centres, inside = _centres(edges, count)
    within = np.clip(centres, 0, count - 1)
    first = np.minimum(np.floor(within), max(count - 2, 0)).astype(int)
    part = within - first
    taps = np.minimum(np.stack([first, first + 1], axis=1), count - 1)
    weights = np.stack([1 - part, part], axis=1)
    return _matrix(taps, weights, inside[:, None] & (weights != 0), count)


def _cubic(edges: Floats, count: int) -> sparse.csr_array:
    centres, _inside = _centres(edges, count)
    first = np.floor(centres + ROUNDING).astype(int)
    part = np.maximum(centres - first, 0.0)[:, None]
    taps = first[:, None] + np.arange(-1, 3)
    weights = _keys(np.abs(part - np.arange(-1, 3)))
    return _matrix(taps, weights, (taps >= 0) & (taps < count), count)


def _keys(distance: Floats) -> Floats:
    """Keys' kernel with a = -1/2."""
    near = (1.5 * distance - 2.5) * distance**2 + 1
    far = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
    weights: Floats = np.where(distance <= 1, near, np.where(distance < 2, far, 0.0))
    return weights


def _overlap(edges: Floats, count: int) -> sparse.csr_array:
    """Part of each new cell that lies in each old one."""
    low, high = edges[:-1], edges[1:]
    width = int(np.ceil((high - low).max())) + 1
    taps = np.floor(low + 0.5 + ROUNDING).astype(int)[:, None] + np.arange(width)
    overlap = np.minimum(high[:, None], taps + 0.5) - np.maximum(low[:, None], taps - 0.5)
    weights = overlap / (high - low)[:, None]
    return _matrix(taps, weights, (weights > ROUNDING) & (taps >= 0) & (taps < count), count)
