"""Kriging with all data at once: the dual form, full systems and exact cross-validation.

With C the covariances of the data, F their drift functions (one column of ones for ordinary kriging, none
for simple kriging), c and f those of a target,

    ẑ = cᵀ b + fᵀ β,   C b + F β = z,   Fᵀ b = 0                                   (dual form)
    σ² = C₀₀ − cᵀ C⁻¹ c + (f − Fᵀ C⁻¹ c)ᵀ (Fᵀ C⁻¹ F)⁻¹ (f − Fᵀ C⁻¹ c)

For a block, c and C₀₀ are means over the block.

References
----------
Wackernagel, H. (2003), Multivariate geostatistics, 3rd ed., Springer, chapters 11 and 38.

Dubrule, O. (1983), Cross validation of kriging in a unique neighborhood, Mathematical Geology 15(6),
687–699, doi:10.1007/BF01033232.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import linalg, sparse
from scipy.spatial import cKDTree

from craton.kernels.covariance import SAME_PLACE, Floats, Model, covariances, total_sill

CHUNK = 1 << 22
"""Covariances between data and targets that are held at once."""

JITTER = 1e-12
"""Part of the sill added to the diagonal of a matrix that rounding has made indefinite."""

LEVEL = 1e-10
"""Part of its length from which on a drift function counts as new beside those before it."""


class Estimate(NamedTuple):
    """Values (m,) and kriging variances (m,) at targets."""

    values: Floats
    variances: Floats


class System:
    """Kriging system of data at places (n, 3), factored once for any number of targets.

    Parameters
    ----------
    model : Model
        Covariance of the first variable, made `for_region` of data and targets.
    places : array (n, 3)
        Distinct places in metres, as of `distinct_places`; each has a nugget of its own.
    values : array (n,)
        Data; for simple kriging with their mean taken off.
    drift : array (n, p)
        Drift functions at the places, linearly independent; p = 0 for simple kriging.
    """

    def __init__(self, model: Model, places: Floats, values: Floats, drift: Floats) -> None:
        self.model, self.places, self.drift = model, places, drift
        matrix = covariances(model, places, places, nugget=False)
        matrix[np.diag_indices(len(matrix))] += model.nugget[0, 0]
        try:
            self.factor = linalg.cho_factor(matrix, lower=True)
        except linalg.LinAlgError:
            matrix[np.diag_indices(len(matrix))] += JITTER * matrix[0, 0] * len(matrix)
            self.factor = linalg.cho_factor(matrix, lower=True)
        self.white = self._whiten(np.column_stack([drift, values]))
        basis = self.white[:, :-1]
        self.normal = basis.T @ basis
        self.trend = linalg.solve(self.normal, basis.T @ self.white[:, -1]) if drift.size else np.zeros(0)
        self.weights = linalg.cho_solve(self.factor, values - drift @ self.trend)

    def _whiten(self, columns: Floats) -> Floats:
        white: Floats = linalg.solve_triangular(self.factor[0], columns, lower=True)
        return white

    def estimate(
        self,
        targets: Floats,
        drift: Floats,
        offsets: Floats | None = None,
        *,
        within: float = 0.0,
        variances: bool = True,
    ) -> Estimate:
        """Values and variances at `targets` (m, 3) with drift (m, p).

        Parameters
        ----------
        offsets : array (q, 3), optional
            Points of a block about its centre; its mean is estimated, without the nugget.
        within : float
            Mean covariance within the block, where there is one.
        variances : bool
            Whether variances are wanted; without, they are NaN and the work is far less.
        """
        values, errors = np.empty(len(targets)), np.full(len(targets), np.nan)
        rows = max(1, CHUNK // len(self.places))
        at_target = float(total_sill(self.model)[0, 0]) if offsets is None else within
        for start in range(0, len(targets), rows):
            part = slice(start, start + rows)
            among = self._to_targets(targets[part], offsets)
            values[part] = self.weights @ among + drift[part] @ self.trend
            if variances:
                errors[part] = at_target - self._explained(among, drift[part])
        return Estimate(values, np.maximum(errors, 0.0))

    def _to_targets(self, targets: Floats, offsets: Floats | None) -> Floats:
        if offsets is None:
            return covariances(self.model, self.places, targets)
        return np.mean(
            [covariances(self.model, self.places, targets + one, nugget=False) for one in offsets], axis=0
        )

    def _explained(self, among: Floats, drift: Floats) -> Floats:
        """What the data take off the variance of the target, less what the unknown drift adds."""
        white = self._whiten(among)
        explained: Floats = np.einsum("ij,ij->j", white, white)
        if self.drift.size:
            rest = drift.T - self.white[:, :-1].T @ white
            explained -= np.einsum("ij,ij->j", rest, linalg.solve(self.normal, rest, assume_a="pos"))
        return explained

    def left_out(self, values: Floats) -> Estimate:
        """What would be estimated at each place without its own value, all from one factor.

        Notes
        -----
        With P = C⁻¹ − C⁻¹ F (Fᵀ C⁻¹ F)⁻¹ Fᵀ C⁻¹, the error at place i is (P z)ᵢ / Pᵢᵢ and its variance
        1 / Pᵢᵢ.
        """
        inverse = linalg.cho_solve(self.factor, np.eye(len(values)))
        if self.drift.size:
            side = inverse @ self.drift
            inverse -= side @ linalg.solve(self.normal, side.T, assume_a="pos")
        spread = np.diag(inverse)
        return Estimate(values - inverse @ values / spread, 1.0 / spread)


def distinct_places(places: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Places (n, d) and values (n, c) in an order that is their own, values at one place averaged.

    Returns
    -------
    tuple of array
        Distinct places (m, d) by northing, easting and further axes, and mean values (m, c). Neither
        depends on the order in which they were given. Places up to the root of `SAME_PLACE` apart are one,
        at the first of them.
    """
    keys = (*values.T, *places.T[2:], places[:, 0], places[:, 1])
    order = np.lexsort(keys)
    places, values = places[order], values[order]
    first = np.concatenate([[True], (np.diff(places, axis=0) != 0).any(axis=1)])
    starts = np.flatnonzero(first)
    counts = np.diff(np.append(starts, len(places)))
    places, sums = places[first], np.add.reduceat(values, starts, axis=0)
    pairs = cKDTree(places).query_pairs(SAME_PLACE**0.5, output_type="ndarray")
    if len(pairs):
        links = sparse.coo_array((np.ones(len(pairs)), pairs.T), shape=(len(places), len(places)))
        groups = sparse.csgraph.connected_components(links, directed=False)[1]
        kept, groups = np.unique(groups, return_index=True, return_inverse=True)[1:]
        # Groups by their first place, which keeps the order.
        order = np.argsort(kept)
        rank = np.argsort(order)[groups]
        places, counts = places[kept[order]], np.bincount(rank, counts)
        sums = np.column_stack([np.bincount(rank, one) for one in sums.T])
    means: Floats = sums / counts[:, None]
    return places, means


def independent_columns(drift: Floats) -> list[int]:
    """Numbers of the columns of `drift` (n, p) that add something to those before them."""
    basis: list[Floats] = []
    chosen = []
    for number, column in enumerate(drift.T):
        rest = column.copy()
        for _ in range(2):
            for one in basis:
                rest -= (one @ rest) * one
        length = float(np.linalg.norm(rest))
        if length > LEVEL * float(np.linalg.norm(column)):
            basis.append(rest / length)
            chosen.append(number)
    return chosen


def block_offsets(sides: tuple[float, float, float], counts: tuple[int, int, int]) -> Floats:
    """Points (q, 3) that stand for a block about its centre: the middles of its equal parts."""
    axes = [
        side * ((np.arange(count) + 0.5) / count - 0.5) for side, count in zip(sides, counts, strict=True)
    ]
    east, north, up = np.meshgrid(*axes, indexing="ij")
    return np.column_stack([east.ravel(), north.ravel(), up.ravel()])


def mean_covariance(model: Model, sides: tuple[float, float, float], count: int = 12) -> float:
    """Mean covariance between all pairs of points of a block, without the nugget.

    Notes
    -----
    With the lag u along a side of length a, the mean over pairs is the integral of C with the weight
    2 (a − u) / a² over each side, by Gauss–Legendre rules of `count` nodes on four quadrants.
    """
    nodes, weights = np.polynomial.legendre.leggauss(count)
    nodes, weights = (nodes + 1) / 2, weights / 2
    lags, parts = [], []
    for side in sides:
        lags.append(np.concatenate([-side * nodes, side * nodes]) if side > 0 else np.zeros(1))
        parts.append(np.tile(weights * (1 - nodes), 2) if side > 0 else np.ones(1))
    east, north, up = np.meshgrid(*lags, indexing="ij")
    share = parts[0][:, None, None] * parts[1][:, None] * parts[2]
    places = np.column_stack([east.ravel(), north.ravel(), up.ravel()])
    found = covariances(model, np.zeros((1, 3)), places, nugget=False)[0]
    return float(found @ share.ravel())


def ordered_probabilities(probabilities: Floats) -> Floats:
    """Probabilities (t, n) of not exceeding t rising thresholds, made to rise from 0 to 1 with them.

    The mean of the least correction upward and the least downward.
    """
    inside = np.clip(probabilities, 0.0, 1.0)
    upward = np.maximum.accumulate(inside, axis=0)
    downward = np.minimum.accumulate(inside[::-1], axis=0)[::-1]
    corrected: Floats = (upward + downward) / 2
    return corrected
