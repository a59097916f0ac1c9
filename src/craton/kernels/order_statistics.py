"""Statistics of numbers that come piece by piece, so that memory does not grow with their count."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Pieces = Callable[[], Iterable[NDArray[np.floating]]]
"""Gives the same pieces, of any shape, each time it is called; what is not finite is missing."""

BINS = 1 << 16
"""Classes by which the numbers around a quantile are found."""


class Moments(NamedTuple):
    """Numbers seen, those missing, range, mean, and sum of squared distances from the mean."""

    number: int = 0
    missing: int = 0
    minimum: float = np.nan
    maximum: float = np.nan
    mean: float = np.nan
    squares: float = np.nan

    @property
    def deviation(self) -> float:
        """Standard deviation of the numbers themselves (divided by their count)."""
        return float(np.sqrt(self.squares / self.number)) if self.number else np.nan


def moments(pieces: Pieces) -> Moments:
    """Moments of all finite numbers; NaN where there is none.

    Notes
    -----
    Pieces are joined by M = M₁ + M₂ + δ² n₁n₂/(n₁+n₂), which loses no digits to a large mean.

    References
    ----------
    Chan, T. F., Golub, G. H. and LeVeque, R. J. (1983), Algorithms for computing the sample variance:
    analysis and recommendations, The American Statistician 37(3), 242–247, doi:10.2307/2683386.
    """
    total = Moments()
    for piece in pieces():
        total = _joined(total, _moments_of(piece))
    return total


def _moments_of(piece: NDArray[np.floating]) -> Moments:
    values = _finite(piece)
    missing = piece.size - values.size
    if not values.size:
        return Moments(missing=missing)
    mean = float(values.mean())
    squares = float(((values - mean) ** 2).sum())
    return Moments(values.size, missing, float(values.min()), float(values.max()), mean, squares)


def _joined(one: Moments, other: Moments) -> Moments:
    missing = one.missing + other.missing
    if not (one.number and other.number):
        return (one if one.number else other)._replace(missing=missing)
    count = one.number + other.number
    apart = other.mean - one.mean
    return Moments(
        count, missing, min(one.minimum, other.minimum), max(one.maximum, other.maximum),
        one.mean + apart * other.number / count,
        one.squares + other.squares + apart**2 * (one.number / count) * other.number,
    )  # fmt: skip


def quantiles(pieces: Pieces, probabilities: Floats, known: Moments) -> Floats:
    """Exact quantiles of all finite numbers.

    Parameters
    ----------
    pieces : callable
        Called twice: the numbers are counted in classes, then those of the classes that hold a
        quantile are sorted.
    probabilities : array (n,)
        From 0 to 1.
    known : Moments
        Those of the same pieces.

    Returns
    -------
    array (n,)
        Interpolated linearly between the two numbers next to rank p (count - 1), as definition 7 of
        Hyndman and Fan; NaN where there is no number.

    References
    ----------
    Hyndman, R. J. and Fan, Y. (1996), Sample quantiles in statistical packages, The American
    Statistician 50(4), 361–365, doi:10.2307/2684934.
    """
    if not known.number or known.minimum == known.maximum:
        return np.full(probabilities.shape, known.minimum)
    ranks = probabilities * (known.number - 1)
    low = np.floor(ranks).astype(np.int64)
    wanted = np.unique([low, np.minimum(low + 1, known.number - 1)])
    values = _of_rank(pieces, wanted, known)
    below = values[np.searchsorted(wanted, low)]
    above = values[np.searchsorted(wanted, np.minimum(low + 1, known.number - 1))]
    between: Floats = below + (above - below) * (ranks - low)
    return between


def _of_rank(pieces: Pieces, ranks: NDArray[np.int64], known: Moments) -> Floats:
    """Numbers of ascending `ranks`, counted from 0."""
    counts = np.zeros(BINS, dtype=np.int64)
    for piece in pieces():
        counts += np.bincount(_bins(_finite(piece), known), minlength=BINS)
    holding = np.zeros(BINS, dtype=bool)
    bins = np.searchsorted(np.cumsum(counts), ranks, side="right")
    holding[bins] = True
    kept = np.sort(np.concatenate([_held(_finite(piece), holding, known) for piece in pieces()]))
    left_out = np.cumsum(np.where(holding, 0, counts))
    values: Floats = kept[ranks - left_out[bins]]
    return values


def _held(values: Floats, holding: NDArray[np.bool_], known: Moments) -> Floats:
    held: Floats = values[holding[_bins(values, known)]]
    return held


def _bins(values: Floats, known: Moments) -> NDArray[np.int64]:
    """Class of each number, which ascends with the numbers."""
    part = (values - known.minimum) / (known.maximum - known.minimum)
    return np.minimum((part * BINS).astype(np.int64), BINS - 1)


def _finite(piece: NDArray[np.floating]) -> Floats:
    values: Floats = piece[np.isfinite(piece)].astype(np.float64)
    return values
