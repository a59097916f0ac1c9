"""Allocation by areas: parcels of different size, each to one use, as an integer program."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

NODES = 20_000
"""Branches at most that the integer program looks into."""


OPEN = 10
"""Parcels for each use that are tried again once the best plan with split parcels is known."""


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
    met would be. The tolerances of the solver are for numbers near 1, so that scores and areas are divided by
    the largest of them. Few parcels are split, so that a plan within the tolerance is mostly found among
    those that keep the uses of all parcels but the few that prices say least about; else all are tried.
    """
    finite = np.abs(scores[np.isfinite(scores)])
    worth, size = float(finite.max(initial=0.0)) or 1.0, float(area.max())
    found = _solved(scores / worth, area / size, least / size, most / size, tolerance)
    if found is None:
        return None
    total = float(scores[np.arange(len(area)), found.use].sum())
    return Whole(found.use, found.prices * worth / size, total, max(total, found.bound * worth))


def _solved(
    scores: np.ndarray, area: np.ndarray, least: np.ndarray, most: np.ndarray, tolerance: float
) -> Whole | None:
    """The same of scores and areas of at most 1."""
    split = _split(scores, area, least, most)
    if split is None:
        return None
    shares, prices, bound = split
    open_ = _open(shares, scores - area[:, None] * prices)
    if tolerance > 0 and len(open_) < len(area):
        use = shares.argmax(axis=1)
        held = np.ones(len(area), bool)
        held[open_] = False
        sure = np.bincount(use[held], weights=area[held], minlength=len(prices))
        fixed = float(scores[held, use[held]].sum())
        spare = 0.5 * tolerance * abs(bound) / max(abs(bound - fixed), 1e-9)
        found = _integer(scores[open_], area[open_], least - sure, most - sure, min(spare, 0.5))
        if found is not None and fixed + found.total >= bound - tolerance * abs(bound):
            use[open_] = found.use
            return Whole(use, prices, fixed + found.total, bound)
    found = _integer(scores, area, least, most, tolerance)
    return None if found is None else found._replace(prices=prices, bound=min(bound, found.bound))


def _open(shares: np.ndarray, worth: np.ndarray) -> np.ndarray:
    """Parcels that are split or whose two best uses are worth most alike, so few that all can be tried."""
    split = shares.max(axis=1) < 1 - 1e-6
    best = np.sort(worth, axis=1)[:, -2:]
    order = np.lexsort((best[:, 1] - best[:, 0], ~split))
    return np.sort(order[: max(int(split.sum()), OPEN * worth.shape[1])])


class _Program(NamedTuple):
    """Parcel and use of each variable, what it costs, and the rules: one use for each parcel, limits."""

    parcel: np.ndarray
    use: np.ndarray
    cost: np.ndarray
    once: sparse.csr_array
    above: sparse.csr_array
    limits: np.ndarray


def _program(scores: np.ndarray, area: np.ndarray, least: np.ndarray, most: np.ndarray) -> _Program:
    parcel, use = np.nonzero(np.isfinite(scores))
    pairs = np.arange(parcel.size)
    once = sparse.csr_array((np.ones(parcel.size), (parcel, pairs)), shape=(len(area), parcel.size))
    taken = sparse.csr_array((area[parcel], (use, pairs)), shape=(scores.shape[1], parcel.size))
    upper, lower = np.isfinite(most), least > 0
    above = sparse.vstack([taken[upper], -taken[lower]])
    limits = np.concatenate([most[upper], -least[lower]])
    return _Program(parcel, use, -scores[parcel, use], once, above, limits)


def _split(
    scores: np.ndarray, area: np.ndarray, least: np.ndarray, most: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float] | None:
    """Shares (n, k) of parcels that may be split, prices (k,) and the sum; None without any."""
    from scipy.optimize import linprog

    told = _program(scores, area, least, most)
    found = linprog(
        told.cost, A_ub=told.above, b_ub=told.limits, A_eq=told.once, b_eq=np.ones(len(area)), bounds=(0, 1)
    )
    if found.status != 0:
        return None
    upper, lower = np.isfinite(most), least > 0
    prices, worth = np.zeros(len(least)), -found.ineqlin.marginals
    prices[upper] += worth[: upper.sum()]
    prices[lower] -= worth[upper.sum() :]
    shares = np.zeros(scores.shape)
    shares[told.parcel, told.use] = found.x
    return shares, prices, -float(found.fun)


def _integer(
    scores: np.ndarray, area: np.ndarray, least: np.ndarray, most: np.ndarray, tolerance: float
) -> Whole | None:
    """The best use of each parcel, without prices; None where none was found."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    told = _program(scores, area, least, most)
    rules = [LinearConstraint(told.once, 1, 1), LinearConstraint(told.above, -np.inf, told.limits)]
    found = milp(
        told.cost, integrality=np.ones(told.cost.size), bounds=Bounds(0, 1), constraints=rules,
        options={"mip_rel_gap": tolerance, "node_limit": NODES},
    )  # fmt: skip
    if found.x is None:
        return None
    chosen = np.full(scores.shape, -1.0)
    chosen[told.parcel, told.use] = found.x
    use = chosen.argmax(axis=1)
    return Whole(use, np.zeros(len(least)), -float(found.fun), -float(found.mip_dual_bound))
