"""Conditional random fields: exact ensembles of Gaussian fields on a lattice that go through data.

On a torus wide enough that the lattice does not feel where it closes (see `kernels.random_field`), a field
is a sum of independent waves. Complex noise η with the variances λ of the waves gives two independent
fields at once, the real and the imaginary part of

    s = F⁻¹(√λ η).

Kriging of the misfits at the data ties a field to them: z = s + C_· C_dd⁻¹ (d − s_d). The sum over data is
a convolution of spikes with the covariance, which the same waves give: F⁻¹(λ F(b)) with b = C_dd⁻¹(d − s_d)
at the data. All data serve every cell, and the cost does not hang on their number but for one factor of
C_dd. So mean, variance and variogram of the ensemble are those of the model given the data, unlike those of
sequential simulation from a few neighbours.

Data lie on cells of the lattice. Where the torus is too small for the covariance, negative λ are set to
zero (`error` of the embedding); C_dd is taken from the torus, so that data are met all the same.

References
----------
Journel, A. G. (1974), Geostatistics for conditional simulation of ore bodies, Economic Geology 69(5),
673–687, doi:10.2113/gsecongeo.69.5.673.

Dietrich, C. R. and Newsam, G. N. (1996), A fast and exact method for multidimensional Gaussian stochastic
simulations: extension to realizations conditioned on direct and indirect measurements, Water Resources
Research 32(6), 1643–1652, doi:10.1029/96WR00322.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft, linalg

from craton.kernels.covariance import Floats, Model, Whole
from craton.kernels.kriging import JITTER
from craton.kernels.random_field import Embedding, Shape
from craton.kernels.threads import THREADS

Fields = NDArray[np.float32]
"""Fields (count, cells)."""

LOST = 1e-4
"""Part of the standard deviation that single precision may lose where spikes cancel each other."""


class ConditionalField:
    """Ensembles on the cells of one lattice; `error` is that of the embedding, 0 where they are exact.

    Parameters
    ----------
    model : Model
        Covariance without power structures, of fields of mean 0.
    shape : tuple of int
        Levels, rows, columns.
    spacing : tuple of float
        Signed distances in metres from level to level, row to row, column to column.
    """

    def __init__(self, model: Model, shape: Shape, spacing: tuple[float, float, float]) -> None:
        embedding = Embedding(model, shape, spacing)
        self.shape, self.torus, self.error = shape, embedding.torus, embedding.error
        self.covariance: Floats = fft.irfftn(embedding.amplitudes**2, s=self.torus, workers=THREADS)
        waves = np.maximum(fft.fftn(self.covariance, workers=THREADS).real, 0.0)
        self._waves = waves.astype(np.float32)
        self._amplitudes = np.sqrt(self._waves)

    def draw(self, count: int, seed: tuple[int, ...]) -> Fields:
        """Free fields (count, cells); more of them change none of the first."""
        found = np.empty((count, int(np.prod(self.shape))), np.float32)
        for first in range(0, count, 2):
            random = np.random.default_rng([*seed, first])
            noise = np.empty((*self.torus, 2), np.float32)
            random.standard_normal(out=noise, dtype=np.float32)
            waves = noise.view(np.complex64)[..., 0]
            waves *= self._amplitudes
            self._keep(
                fft.ifftn(waves, norm="ortho", workers=THREADS, overwrite_x=True), found[first:], add=False
            )
        return found

    def tie(self, fields: Fields, cells: Whole, values: Floats, *, known_mean: bool = True) -> None:
        """Tie `fields` (count, cells) in place to `values` (c,) at the different `cells` (c,).

        Without a known mean that of the misfits is estimated along (ordinary kriging), and its doubt is in
        the fields.
        """
        factor = self._factor(cells)
        misfits = values[:, None] - fields[:, cells].T.astype(np.float64)
        if not known_mean:
            white = linalg.cho_solve(factor, np.ones(cells.size))
            mean = (white @ misfits) / white.sum()
            misfits -= mean
            fields += mean.astype(np.float32)[:, None]
        self.add_spread(fields, cells, linalg.cho_solve(factor, misfits, overwrite_b=True))
        fields[:, cells] = values

    def mean(self, cells: Whole, values: Floats) -> Floats:
        """What the fields tied to data have as their mean (cells,): simple kriging with all data."""
        spikes = np.zeros(self.torus)
        spikes[self._on_torus(cells)] = linalg.cho_solve(self._factor(cells), values)
        waves = fft.rfftn(spikes, workers=THREADS)
        waves *= fft.rfftn(self.covariance, workers=THREADS).real
        levels, rows, columns = self.shape
        field = fft.irfftn(waves, s=self.torus, workers=THREADS)[:levels, :rows, :columns].ravel()
        field[cells] = values
        kept: Floats = field
        return kept

    def among(self, cells: Whole) -> Floats:
        """Covariances (c, c) of cells."""
        lags = [np.subtract.outer(axis, axis) for axis in np.unravel_index(cells, self.shape)]
        found: Floats = self.covariance[lags[0], lags[1], lags[2]]
        return found

    def add_spread(self, fields: Fields, cells: Whole, weights: Floats) -> None:
        """Add to each of `fields` covariances with `cells`, weighted by a column of `weights` (c, count)."""
        # Weights of close data cancel each other; what is lost shows against the standard deviation.
        largest = float(np.abs(weights).max(initial=0.0)) * self.covariance.flat[0] ** 0.5
        kind = np.complex64 if largest * np.finfo(np.float32).eps < LOST else np.complex128
        waves = self._waves if kind == np.complex64 else fft.fftn(self.covariance, workers=THREADS).real
        place = self._on_torus(cells)
        for first in range(0, len(fields), 2):
            spikes = np.zeros(self.torus, kind)
            spikes.real[place] = weights[:, first]
            if first + 1 < len(fields):
                spikes.imag[place] = weights[:, first + 1]
            spread = fft.fftn(spikes, workers=THREADS, overwrite_x=True)
            spread *= waves
            self._keep(fft.ifftn(spread, workers=THREADS, overwrite_x=True), fields[first:], add=True)

    def _factor(self, cells: Whole) -> Any:
        matrix = self.among(cells)
        # What rounding has made indefinite is lifted by some digits of its last place.
        matrix[np.diag_indices(len(matrix))] += JITTER * matrix.flat[0] * len(matrix)
        return linalg.cho_factor(matrix, lower=True, overwrite_a=True, check_finite=False)

    def _on_torus(self, cells: Whole) -> tuple[Whole, ...]:
        return np.unravel_index(cells, self.shape)

    def _keep(self, found: NDArray[np.complexfloating[Any, Any]], fields: Fields, *, add: bool) -> None:
        """Write the lattice of a pair of fields, or add it to what is there."""
        levels, rows, columns = self.shape
        part = found[:levels, :rows, :columns]
        for row, one in zip(fields[:2], (part.real, part.imag), strict=False):
            lattice = row.reshape(self.shape)
            lattice[...] = lattice + one if add else one
