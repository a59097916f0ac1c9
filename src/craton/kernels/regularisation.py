"""Regularisation: what makes one model of a mesh more likely than another before data are looked at.

The functional is a sum over cells, Σ w² [r₀ (m - m₀)² + Σᵢ rᵢ (L/hᵢ)² (δᵢ(m - m₀))²]: small, and smooth
over a length L, with weights w by depth, and r that make it sparse.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import fft

from craton.kernels.mesh_sensitivity import Floats
from craton.kernels.threads import THREADS

Array = NDArray[Any]

SMALL = 1 << 15
"""Cells below which a second thread costs more than it brings; results are the same."""


class Regularisation(NamedTuple):
    """Weights (layers, rows, columns) of squares of cells, and of differences to the next along each axis.

    The last weight along an axis is 0, as is every weight of a cell that is not active.
    """

    small: Array
    down: Array
    north: Array
    east: Array

    def product(self, cells: Array) -> Array:
        """Half the gradient at `cells` (fields, layers, rows, columns); linear."""
        out = np.empty_like(cells)
        for field in range(cells.shape[0]):
            _product(cells[field], self.small, self.down, self.north, self.east, out[field])
        return out

    def value(self, cells: Array) -> float:
        """The functional at `cells`."""
        return inner(cells, self.product(cells))

    def diagonal(self) -> Array:
        """Diagonal (layers, rows, columns) of the linear map `product`."""
        total = self.small.copy()
        for axis, faces in enumerate(self[1:]):
            total += faces
            ahead, behind = _shifted(axis)
            total[ahead] += faces[behind]
        return total

    def noise(self, random: np.random.Generator, fields: int) -> Array:
        """Random cells (fields, layers, rows, columns) whose covariance is the linear map `product`."""
        shape = (fields, *self.small.shape)
        total = np.sqrt(self.small) * random.standard_normal(shape, np.float32)
        for axis, faces in enumerate(self[1:]):
            part = np.sqrt(faces) * random.standard_normal(shape, np.float32)
            ahead, behind = _shifted(axis)
            total -= part
            total[:, *ahead] += part[:, *behind]
        return total.astype(self.small.dtype)


def _shifted(axis: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """All cells but the first along an axis, and all but the last."""
    ahead, behind = [slice(None)] * 3, [slice(None)] * 3
    ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
    return tuple(ahead), tuple(behind)


def depth_weights(depth: Floats, exponent: float, offset: float) -> Floats:
    """Weights that fall with depth as the field of a cell does, 1 at depth 0.

    Parameters
    ----------
    depth : array
        Of cells below where the field is measured, in metres; less than 0 is taken as 0.
    exponent : float
        At least 0; 2 for gravity, 2 to 3 for magnetics.
    offset : float
        In metres, above 0: half a layer, or the clearance of the sensor.

    Notes
    -----
    w = ((z + z₀)/z₀)^(-ν/2), which offsets the decay of sensitivities, so that structure is not drawn to
    the stations.

    References
    ----------
    Li, Y., Oldenburg, D. W. (1996), 3-D inversion of magnetic data, Geophysics 61(2), 394-408,
    doi:10.1190/1.1443968.

    Li, Y., Oldenburg, D. W. (1998), 3-D inversion of gravity data, Geophysics 63(1), 109-119,
    doi:10.1190/1.1444302.
    """
    weights: Floats = ((np.maximum(depth, 0.0) + offset) / offset) ** (-0.5 * exponent)
    return weights


def regularisation(
    weights: Floats,
    active: NDArray[np.bool_],
    scale: tuple[float, float, float],
    *,
    sparsity: Sequence[Array] | None = None,
    dtype: Any = np.float32,
) -> Regularisation:
    """Weights of the functional.

    Parameters
    ----------
    weights : array (layers, rows, columns)
        By depth; see `depth_weights`. Between cells the mean of their squares counts.
    active : array (layers, rows, columns)
        Cells that are ground.
    scale : tuple of float
        Length over which the model is smooth, in cells, along each axis.
    sparsity : sequence of arrays, optional
        Further weights, of cells and of the differences along each axis; see `sparse_weights`.
    dtype : dtype
        Of the result.
    """
    squares = np.where(active, np.asarray(weights, np.float64) ** 2, 0.0)
    parts = [squares.copy()]
    for axis, cells in enumerate(scale):
        faces = np.zeros_like(squares)
        ahead, behind = _shifted(axis)
        both = active[ahead] & active[behind]
        faces[behind] = np.where(both, cells**2 * 0.5 * (squares[ahead] + squares[behind]), 0.0)
        parts.append(faces)
    if sparsity is not None:
        parts = [part * sparse for part, sparse in zip(parts, sparsity, strict=True)]
    return Regularisation(*(np.ascontiguousarray(part, dtype) for part in parts))


def sparse_weights(size: Array, norm: float, threshold: float) -> Array:
    """Weights that turn squares into powers of `norm`, for sizes (any shape) of a model or of its steps.

    Notes
    -----
    r = (1 + x²/ε²)^(p/2 - 1): 1 where x is far below the threshold ε, and x²r grows as |x|ᵖ far above it;
    p = 2 is the square itself, p near 0 counts what is not zero.

    References
    ----------
    Fournier, D., Oldenburg, D. W. (2019), Inversion using spatially variable mixed lp norms, Geophysical
    Journal International 218(1), 268-282, doi:10.1093/gji/ggz156.
    """
    ratio = np.asarray(size, np.float64) / threshold
    weights: Array = (1.0 + ratio * ratio) ** (0.5 * norm - 1.0)
    return weights


def steps(cells: Array) -> tuple[Array, Array, Array]:
    """Sizes of the difference of each cell (fields, layers, rows, columns) to the next, along each axis."""
    found = []
    for axis in range(3):
        step = np.zeros(cells.shape[1:], np.float64)
        ahead, behind = _shifted(axis)
        step[behind] = np.sqrt(np.sum((cells[:, *ahead] - cells[:, *behind]) ** 2, axis=0, dtype=np.float64))
        found.append(step)
    return found[0], found[1], found[2]


class Smoother:
    """Inverse of a smooth functional with nearly the weights of another, for preconditioning.

    Notes
    -----
    With D² the diagonal of the functional over that of 1 + Σ Lᵢ² Δᵢ, the map D (1 + Σ Lᵢ² Δᵢ) D is inverted
    by cosine transforms, in which the differences Δ of a mesh without flow over its edges are diagonal.
    """

    def __init__(self, weights: Regularisation, scale: tuple[float, float, float]) -> None:
        size = weights.diagonal() / (1 + 2 * sum(cells**2 for cells in scale))
        self._scale = np.where(size > 0, 1 / np.sqrt(np.where(size > 0, size, 1)), 0).astype(
            weights.small.dtype
        )
        shape = size.shape
        waves = [
            (2 * s * np.sin(0.5 * np.pi * np.arange(n) / n)) ** 2 for s, n in zip(scale, shape, strict=True)
        ]
        total = 1 + waves[0][:, None, None] + waves[1][:, None] + waves[2]
        self._threads = 1 if size.size < SMALL else THREADS
        self._inverse = (1 / total).astype(weights.small.dtype)

    def __call__(self, cells: Array) -> Array:
        """The inverse applied to `cells` (fields, layers, rows, columns)."""
        waves = fft.dctn(
            cells * self._scale, axes=(1, 2, 3), norm="ortho", workers=self._threads, overwrite_x=True
        )
        waves *= self._inverse
        smooth: Array = fft.idctn(
            waves, axes=(1, 2, 3), norm="ortho", workers=self._threads, overwrite_x=True
        )
        smooth *= self._scale
        return smooth


def inner(one: Array, other: Array) -> float:
    """Inner product, summed in float64 in an order of its own."""
    return float(_inner(one.ravel(), other.ravel()))


@njit(nogil=True, cache=True, error_model="numpy")
def _inner(one: Array, other: Array) -> float:
    """Eight sums side by side."""
    sums = np.zeros(8)
    whole = one.size // 8 * 8
    for start in range(0, whole, 8):
        for n in range(8):
            sums[n] += np.float64(one[start + n]) * np.float64(other[start + n])
    total = sums.sum()
    for n in range(whole, one.size):
        total += np.float64(one[n]) * np.float64(other[n])
    return total


@njit(nogil=True, cache=True, error_model="numpy")
def _product(cells: Array, small: Array, down: Array, north: Array, east: Array, out: Array) -> None:
    """Seven-point stencil."""
    layers, rows, columns = cells.shape
    for layer in range(layers):
        for row in range(rows):
            for column in range(columns):
                out[layer, row, column] = small[layer, row, column] * cells[layer, row, column]
            for column in range(columns - 1):
                flow = east[layer, row, column] * (cells[layer, row, column + 1] - cells[layer, row, column])
                out[layer, row, column] -= flow
                out[layer, row, column + 1] += flow
            if row > 0:
                for column in range(columns):
                    flow = north[layer, row - 1, column] * (
                        cells[layer, row, column] - cells[layer, row - 1, column]
                    )
                    out[layer, row - 1, column] -= flow
                    out[layer, row, column] += flow
            if layer > 0:
                for column in range(columns):
                    flow = down[layer - 1, row, column] * (
                        cells[layer, row, column] - cells[layer - 1, row, column]
                    )
                    out[layer - 1, row, column] -= flow
                    out[layer, row, column] += flow
