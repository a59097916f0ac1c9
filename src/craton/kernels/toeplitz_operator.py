"""Toeplitz operator: fields of a regular mesh at stations, and the adjoint, by transforms of its layers.

The matrix of sensitivities is never formed.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import fft

from craton.kernels.lattice_interpolation import Plan, gather, places_on, plan, scatter
from craton.kernels.mesh_neighbourhood import middle_of, near_adjoint, near_forward, neighbourhood
from craton.kernels.mesh_sensitivity import Floats, Mesh, field_on_lattice
from craton.kernels.threads import THREADS

Array = NDArray[Any]


SMALL = 1 << 16
"""Products of one application below which a second thread costs more than it brings; results are the same."""


def _silent(_done: float) -> None:
    """Report to nobody."""


class ToeplitzOperator:
    """Linear map from cells (fields, layers, rows, columns) to stations (n,), and its adjoint.

    Parameters
    ----------
    mesh : Mesh
        Cells of one size; its west and south edges are in the same axes as `stations`.
    stations : array (n, 3)
        Easting, northing, upward in metres; outside the cells that are not zero.
    coefficients : array (fields, 7)
        As for `field_on_lattice`.
    dtype : dtype
        `float32` halves time and memory; results agree with `float64` to 1e-6 of the largest value.
    report : callable, optional
        Called with the part done, 0 to 1, while the operator is set up.

    Notes
    -----
    A layer seen from a plane is a two-dimensional convolution: one transform by layer, one product by
    layer and plane. Stations at the centres of cells (or all at another place of theirs) and at one height
    need one plane and are exact. Others are interpolated by Lagrange weights on 6 x 6 nodes as far apart
    as the cells, and from four planes at most half a side apart; cells within four sides of a station
    are exact, in place of what interpolation gives of them. What is left is within 1e-3 of the largest
    value, mostly within 1e-4.

    References
    ----------
    Zhang, Y., Wong, Y. S. (2015), BTTB-based numerical schemes for three-dimensional gravity field
    inversion, Geophysical Journal International 203(1), 243-256, doi:10.1093/gji/ggv301.
    """

    def __init__(
        self,
        mesh: Mesh,
        stations: Floats,
        coefficients: Floats,
        *,
        dtype: Any = np.float32,
        report: Callable[[float], None] = _silent,
    ) -> None:
        self.mesh, self.count, self.dtype = mesh, len(stations), np.dtype(dtype)
        self.shape = (len(coefficients), *mesh.shape)
        places = places_on(mesh, stations)
        self._plan = plan(mesh, places)
        rows, columns = (n + m - 1 for n, m in zip(mesh.shape[1:], self._plan.shape, strict=True))
        self._size = (fft.next_fast_len(rows), fft.next_fast_len(columns, real=True))
        products = int(np.prod(self.shape[:2])) * self._plan.planes.size * self._size[0] * self._size[1] // 2
        self._threads = 1 if products < SMALL else THREADS
        self._pool = ThreadPoolExecutor(THREADS)
        middles = self._set_kernels(coefficients, report)
        self._near = None
        if not self._plan.is_exact:
            self._near = neighbourhood(
                mesh, places, self._plan, coefficients, np.stack(middles), dtype=self.dtype,
                report=lambda done: report(0.5 + 0.5 * done),
            )  # fmt: skip

    @property
    def nbytes(self) -> int:
        """Bytes that the operator keeps."""
        return int(self._kernels.nbytes) + (int(self._near.excess.nbytes) if self._near else 0)

    def __sizeof__(self) -> int:
        """Bytes too, for whoever weighs moving it against moving what it is applied to."""
        return self.nbytes

    def __getstate__(self) -> dict[str, Any]:
        """All but the threads, which do not go along to another process."""
        return {name: value for name, value in self.__dict__.items() if name != "_pool"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _pool=ThreadPoolExecutor(THREADS))

    def forward(self, cells: Array) -> Array:
        """Values at the stations (n,) of `cells` (fields, layers, rows, columns)."""
        cells = np.ascontiguousarray(cells, self.dtype).reshape(self.shape)
        waves = self._waves(cells)
        summed = np.zeros((self._kernels.shape[1], *waves.shape[-2:]), waves.dtype)
        self._in_rows(_add_up, waves, summed)
        data = np.zeros(self.count, self.dtype)
        gather(self._back(summed, self._plan.shape), *self._plan.nodes, data)
        if self._near is not None:
            near = self._near
            self._in_parts(lambda part: near_forward(cells, *near, part, THREADS, data))
        return data

    def adjoint(self, data: Array) -> Array:
        """Cells (fields, layers, rows, columns) to which the adjoint takes `data` (n,)."""
        values = np.ascontiguousarray(data, self.dtype)
        planes = np.zeros((self._kernels.shape[1], *self._plan.shape), self.dtype)
        scatter(values, *self._plan.nodes, planes)
        waves = self._waves(planes)
        spread = np.empty((*self.shape[:2], *waves.shape[-2:]), waves.dtype)
        self._in_rows(_spread, waves, spread)
        cells = self._back(spread, self.mesh.shape[1:])
        if self._near is not None:
            near = self._near
            self._in_parts(lambda part: near_adjoint(values, *near, part, THREADS, cells))
        return cells

    def _set_kernels(self, coefficients: Floats, report: Callable[[float], None]) -> list[Floats]:
        """Transform the kernels of each plane; returns the middle of each where it is needed."""
        planes = self._plan.planes
        shape = (len(coefficients), planes.size, self.mesh.shape[0], self._size[0], self._size[1] // 2 + 1)
        self._kernels = np.empty(shape, np.result_type(self.dtype, np.complex64))
        middles = []
        for number, height in enumerate(planes):
            report(0.5 * number / planes.size)
            kernels = _plane_kernels(self.mesh, self._plan, height, coefficients)
            if not self._plan.is_exact:
                middles.append(middle_of(kernels, self.mesh, self._plan))
            self._kernels[:, number] = self._transformed(kernels)
        return middles

    def _transformed(self, kernels: Floats) -> Array:
        """Transforms of kernels (fields, layers, rows, columns), offset 0 brought to the first element."""
        rows, columns = (self.mesh.shape[1] - 1, self.mesh.shape[2] - 1)
        padded = np.zeros((*kernels.shape[:2], *self._size), self.dtype)
        padded[:, :, : kernels.shape[2] - rows, : kernels.shape[3] - columns] = kernels[:, :, rows:, columns:]
        if rows:
            padded[:, :, -rows:, : kernels.shape[3] - columns] = kernels[:, :, :rows, columns:]
        if columns:
            padded[:, :, : kernels.shape[2] - rows, -columns:] = kernels[:, :, rows:, :columns]
        if rows and columns:
            padded[:, :, -rows:, -columns:] = kernels[:, :, :rows, :columns]
        waves: Array = fft.rfft2(padded, workers=self._threads)
        return waves

    def _waves(self, fields: Array) -> Array:
        """Transforms of padded fields; rows of padding are not transformed along themselves."""
        along = fft.rfft(fields, self._size[1], axis=-1, workers=self._threads)
        waves: Array = fft.fft(along, self._size[0], axis=-2, workers=self._threads, overwrite_x=True)
        return waves

    def _back(self, waves: Array, shape: tuple[int, ...]) -> Array:
        """The first `shape` elements of inverse transforms; `waves` is overwritten."""
        along = fft.ifft(waves, axis=-2, workers=self._threads, overwrite_x=True)[..., : shape[0], :]
        whole = fft.irfft(along, self._size[1], axis=-1, workers=self._threads)
        return np.ascontiguousarray(whole[..., : shape[1]])

    def _in_parts(self, work: Callable[[int], None]) -> None:
        """Call `work` with each part from 0 to `THREADS`."""
        list(self._pool.map(work, range(THREADS)))

    def _in_rows(self, work: Callable[[Array, Array, Array], None], waves: Array, out: Array) -> None:
        """Call `work` on bands of rows of the kernels, `waves` and `out`."""
        edges = np.linspace(0, out.shape[-2], self._threads + 1).astype(int)
        bands = [slice(low, high) for low, high in itertools.pairwise(edges)]
        parts = [(self._kernels[..., band, :], waves[..., band, :], out[..., band, :]) for band in bands]
        if len(parts) == 1:
            work(*parts[0])
        else:
            list(self._pool.map(work, *zip(*parts, strict=True)))


def _plane_kernels(mesh: Mesh, plan: Plan, height: float, coefficients: Floats) -> Floats:
    """Kernels (fields, layers, rows, columns) of one plane by offset from cell to node, ascending."""
    corners: list[Floats] = []
    for axis in (0, 1):
        side, cells = mesh.spacing[1 + axis], mesh.shape[1 + axis]
        offset = np.arange(cells + plan.shape[axis]) - (cells - 1) + plan.start[axis]
        corners.append(-(offset - 0.5) * side - plan.shift[axis])
    edges = -mesh.spacing[0] * np.arange(mesh.shape[0] + 1, dtype=np.float64) - height
    return field_on_lattice(corners[1], corners[0], edges, coefficients)


@njit(nogil=True, cache=True, error_model="numpy")
def _add_up(kernels: Array, waves: Array, out: Array) -> None:
    """Add to each plane of `out` the products of its kernels and the waves of all layers."""
    fields, planes, layers, rows, columns = kernels.shape
    for row in range(rows):
        for plane in range(planes):
            for field in range(fields):
                for layer in range(layers):
                    for column in range(columns):
                        out[plane, row, column] += (
                            kernels[field, plane, layer, row, column] * waves[field, layer, row, column]
                        )


@njit(nogil=True, cache=True, error_model="numpy")
def _spread(kernels: Array, waves: Array, out: Array) -> None:
    """Set each layer of `out` to the sum over planes of conjugate kernels times the waves of the plane."""
    fields, planes, layers, rows, columns = kernels.shape
    for row in range(rows):
        for field in range(fields):
            for layer in range(layers):
                for column in range(columns):
                    total = np.conj(kernels[field, 0, layer, row, column]) * waves[0, row, column]
                    for plane in range(1, planes):
                        total += (
                            np.conj(kernels[field, plane, layer, row, column]) * waves[plane, row, column]
                        )
                    out[field, layer, row, column] = total
