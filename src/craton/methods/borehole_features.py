"""Features of intervals of drill holes, from which their units are learned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from craton.methods.borehole_layers import Layers, texts

MOST_KINDS = 24
"""Values of a column of text that are features of their own; rarer ones share one."""

NEAREST = 12
"""Nearest interpreted holes that are asked."""

AT_ONCE = 100_000
"""Intervals whose neighbours are held in memory together."""

FLATNESS = 0.03
"""Weight, as a share of that of all near holes, with which planes through bases are held level."""

VOTERS = 5
"""Holes among them, the nearest that reach the elevation, whose units count."""


@dataclass(frozen=True)
class Samples:
    """Intervals with their places and units.

    Parameters
    ----------
    hole : array of int (n,)
        Number of the hole of each interval, not decreasing; intervals of a hole from its top.
    places : array (n, 3)
        Easting, northing and upward of the middles.
    top, base : array (n,)
        Height of both ends.
    unit : array of int (n,)
        Place of the unit in the order, −1 where it is not known.
    placed : array of bool (n,)
        Whether the interval has a place, so that others may ask it.
    own : array (n, features)
        Features that do not depend on other holes.
    units : int
        Number of units.
    """

    hole: np.ndarray
    places: np.ndarray
    top: np.ndarray
    base: np.ndarray
    unit: np.ndarray
    placed: np.ndarray
    own: np.ndarray
    units: int


def own_features(layers: Layers, places: np.ndarray, rock: str, columns: tuple[str, ...]) -> np.ndarray:
    """Features (n, k) of the intervals themselves and of those above and below.

    Kinds of lithology of the interval, the one above and the one below; thickness, depth, height, place in
    two pairs of axes, share of the way down the hole; and further columns.
    """
    kinds = _kinds(texts(layers.frame[rock]))
    hole = layers.hole
    same = np.concatenate([hole[1:] == hole[:-1], [False]])[:, None]
    above, below = np.zeros_like(kinds), np.zeros_like(kinds)
    above[1:], below[:-1] = kinds[:-1], kinds[1:]
    above[1:] *= same[:-1]
    below *= same
    end = np.repeat(np.maximum.reduceat(layers.frame["to_depth"].to_numpy(), _starts(layers)), layers.counts)
    east, north, up = places.T
    plain = np.column_stack([
        np.log(layers.thickness), layers.middle, up, east, north, east + north, east - north,
        layers.middle / end,
    ])  # fmt: skip
    more = [_further(layers.frame[name]) for name in columns]
    return np.hstack([kinds, above, below, np.nan_to_num(plain), *more])


def _starts(layers: Layers) -> np.ndarray:
    first: np.ndarray = np.cumsum(layers.counts) - layers.counts
    return first


def _kinds(values: np.ndarray) -> np.ndarray:
    """One column for each of the frequent texts, and one for all others that are not empty."""
    kinds, counts = np.unique(values.astype(str), return_counts=True)
    frequent = kinds[np.lexsort((kinds, -counts))]
    frequent = frequent[frequent != ""][:MOST_KINDS]
    found = values.astype(str)[:, None] == frequent
    rare = (values != "") & ~found.any(axis=1)
    return np.column_stack([found, rare]).astype(np.float64)


def _further(column: pd.Series) -> np.ndarray:
    """Numbers with a column that says where they are missing, or kinds of text."""
    if pd.api.types.is_numeric_dtype(column):
        values = column.to_numpy(np.float64, na_value=np.nan)
        known = np.isfinite(values)
        return np.column_stack([np.where(known, values, 0.0), known])
    return _kinds(texts(column))


def neighbour_features(
    samples: Samples, known: np.ndarray, asked: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What other interpreted holes say of intervals.

    Parameters
    ----------
    samples : Samples
        All intervals.
    known : array of bool (n,)
        Intervals whose units may be used; of its own hole an interval uses none.
    asked : array of int (m,)
        Intervals that ask.

    Returns
    -------
    features : array (m, 2 units + 1)
        Share of each unit at the same height, weighted by the inverse of the distance (0 where no hole
        reaches); unit of the nearest hole (−1 for none) and its distance; height above each base of a unit,
        as planes through the bases in near holes have it.
    nearest : array of int (m,)
        Unit of the nearest hole, −1 for none.
    """
    source = np.flatnonzero(known & samples.placed)
    if not source.size:
        return np.zeros((asked.size, 2 * samples.units + 1)), np.full(asked.size, -1)
    holes, position = _positions(samples, source)
    tree, bases = cKDTree(position), _bases(samples, source, holes)
    parts = [
        _asked(samples, source, (holes, position, bases), tree, rows)
        for rows in np.split(asked, range(AT_ONCE, asked.size, AT_ONCE))
    ]
    features, nearest = (np.concatenate(part) for part in zip(*parts, strict=True))
    return features, nearest


def _asked(
    samples: Samples,
    source: np.ndarray,
    interpreted: tuple[np.ndarray, np.ndarray, np.ndarray],
    tree: cKDTree,
    asked: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Features of some intervals from interpreted holes, their places and bases of units."""
    holes, position, bases = interpreted
    reach, near = tree.query(samples.places[asked, :2], k=min(NEAREST + 1, holes.size))
    near = near.reshape(asked.size, -1)
    # Infinitely far from itself.
    reach = np.where(holes[near] == samples.hole[asked, None], np.inf, reach.reshape(asked.size, -1))
    votes, nearest = _votes(samples, source, holes, (reach, near), asked)
    levels = _planes(samples.places[asked, :2], position, bases, reach, near)
    # To a micrometre, so that trees see the same numbers on every machine.
    return np.round(np.hstack([votes, samples.places[asked, 2, None] - levels]), 6), nearest


def _votes(
    samples: Samples, source: np.ndarray, holes: np.ndarray, near: tuple[np.ndarray, np.ndarray],
    asked: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Shares of units at the same height with the nearest unit and its distance, and that unit."""
    reach, which = near
    votes = np.zeros((asked.size, samples.units))
    nearest, distance = np.full(asked.size, -1), np.full(asked.size, -1.0)
    heard = np.zeros(asked.size, np.int64)
    for turn in range(which.shape[1]):
        found = _unit_at(samples, source, holes[which[:, turn]], samples.places[asked, 2])
        found[np.isinf(reach[:, turn]) | (heard >= VOTERS)] = -1
        rows = np.flatnonzero(found >= 0)
        votes[rows, found[rows]] += 1.0 / (reach[rows, turn] + 1.0)
        first = rows[heard[rows] == 0]
        nearest[first], distance[first] = found[first], reach[first, turn]
        heard[rows] += 1
    total = votes.sum(axis=1, keepdims=True)
    shares = np.divide(votes, total, out=votes, where=total > 0)
    return np.column_stack([shares, nearest, distance]), nearest


def _bases(samples: Samples, source: np.ndarray, holes: np.ndarray) -> np.ndarray:
    """Height (holes, units − 1) below which a hole has only older units, NaN where it does not tell."""
    row = np.searchsorted(holes, samples.hole[source])
    unit = samples.unit[source]
    lowest = np.full((holes.size, samples.units), np.inf)
    np.minimum.at(lowest, (row, unit), samples.base[source])
    down = np.minimum.accumulate(lowest, axis=1)[:, :-1]
    oldest = np.zeros(holes.size, np.int64)
    np.maximum.at(oldest, row, unit)
    tells = np.isfinite(down) & (np.arange(samples.units - 1) < oldest[:, None])
    return np.where(tells, down, np.nan)


def _planes(
    places: np.ndarray, position: np.ndarray, bases: np.ndarray, reach: np.ndarray, near: np.ndarray
) -> np.ndarray:
    """Heights (m, units − 1) of bases at places (m, 2), by planes fitted to those of near holes.

    Weights fall with the square of the distance; slopes are held down a little, so that few holes or holes
    in a row do not tilt a plane. Where no near hole tells, the middle of all.
    """
    usual = np.nan_to_num([np.nanmedian(one) if np.isfinite(one).any() else 0.0 for one in bases.T])
    side = float(np.median(reach[np.isfinite(reach)])) if np.isfinite(reach).any() else 1.0
    away = (position[near] - places[:, None]) / max(side, 1e-6)
    level = bases[near] - usual
    closeness = 1.0 / (np.minimum(reach / max(side, 1e-6), 1e6) ** 2 + 0.01)
    weight = np.where(np.isfinite(level) & np.isfinite(reach)[..., None], closeness[..., None], 0.0)
    shape = np.concatenate([np.ones((*away.shape[:2], 1)), away], axis=2)
    normal = np.einsum("mhl,mha,mhb->mlab", weight, shape, shape, optimize=True)
    right = np.einsum("mhl,mha->mla", weight * np.nan_to_num(level), shape, optimize=True)
    total = weight.sum(axis=1)
    normal[..., 0, 0] += np.where(total > 0, 0.0, 1.0)
    slack = np.where(total > 0, FLATNESS * total, 1.0)
    normal[..., 1, 1] += slack
    normal[..., 2, 2] += slack
    found: np.ndarray = np.linalg.solve(normal, right[..., None])[..., 0, 0] + usual
    return found


def _positions(samples: Samples, source: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Holes with known units, and the mean place (holes, 2) of these intervals."""
    holes, inverse, counts = np.unique(samples.hole[source], return_inverse=True, return_counts=True)
    sums = [np.bincount(inverse, samples.places[source, axis], holes.size) for axis in (0, 1)]
    return holes, np.column_stack(sums) / counts[:, None]


def _unit_at(samples: Samples, source: np.ndarray, hole: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Known unit (m,) at heights of holes, −1 where the hole has none there.

    Intervals follow each other in one line of numbers: the hole, and how far down in it.
    """
    summit = float(samples.top[source].max())
    span = summit - float(samples.base[source].min()) + 1.0
    start = samples.hole[source] * span + (summit - samples.top[source])
    wanted = hole * span + np.clip(summit - height, 0.0, span - 1.0)
    row = np.searchsorted(start, wanted, side="right") - 1
    inside = (row >= 0) & (samples.hole[source][row] == hole)
    inside &= (height <= samples.top[source][row]) & (height >= samples.base[source][row])
    return np.where(inside, samples.unit[source][row], -1)
