"""Allocation by areas: parcels of different size, each to one use, as an integer program."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

NODES = 20_000
"""Branches at most that the integer program looks into."""


class Whole(NamedTuple):
    """The use (n,) of each parcel, what one more area of a use is worth (k,), the sum and its bound."""

    use: np.ndarray
    prices: np.ndarray
    total: float
    bound: float


def whole_parcels(
    scores: np.ndarray, area: np.ndarray, least: np.ndarray, most: np.ndarray, tolerance: float
) -> Whole | None:
    """The best use of each parcel, with areas of each use within limits; None where none was found.

    Parameters
    ----------
    scores : array (n, k)
        Score of a whole parcel, better high; -inf where a use is not allowed.
    area : array (n,)
        Above 0.
    least, most : array (k,)
        Areas of each use; infinity for no limit.
    tolerance : float
        Part of the sum by which it may miss the bound.

    Notes
    -----
    Prices are those of the linear program in which parcels may be split: at most one for each limit that is
    met would be.
    """
    from scipy.optimize import Bounds, LinearConstraint, linprog, milp

    parcel, use = np.nonzero(np.isfinite(scores))
    pairs, uses = np.arange(parcel.size), scores.shape[1]
    once = sparse.csr_array((np.ones(parcel.size), (parcel, pairs)), shape=(len(area), parcel.size))
    taken = sparse.csr_array((area[parcel], (use, pairs)), shape=(uses, parcel.size))
    value = -scores[parcel, use]
    upper, lower = np.isfinite(most), least > 0
    above = sparse.vstack([taken[upper], -taken[lower]])
    limits = np.concatenate([most[upper], -least[lower]])
    split = linprog(value, A_ub=above, b_ub=limits, A_eq=once, b_eq=np.ones(len(area)), bounds=(0, 1))
    if split.status != 0:
        return None
    prices, told = np.zeros(uses), -split.ineqlin.marginals
    prices[upper] += told[: upper.sum()]
    prices[lower] -= told[upper.sum() :]
    rules = [LinearConstraint(once, 1, 1), LinearConstraint(above, -np.inf, limits)]
    found = milp(
        value, integrality=np.ones(parcel.size), bounds=Bounds(0, 1), constraints=rules,
        options={"mip_rel_gap": tolerance, "node_limit": NODES},
    )  # fmt: skip
    if found.x is None:
        return None
    chosen = np.full(scores.shape, -1.0)
    chosen[parcel, use] = found.x
    uses_of = chosen.argmax(axis=1)
    total = float(scores[np.arange(len(area)), uses_of].sum())
    return Whole(uses_of, prices, total, max(total, -float(found.mip_dual_bound)))
