"""Desurvey: from directions measured down a hole to places in space, by minimum curvature.

Between two stations the hole is taken as the circular arc that leaves the
upper one in its direction and arrives at the lower one in its direction.
With unit tangents t₁ and t₂, the distance L along the hole between them and
the dogleg θ, the angle between the tangents,

    Δ = L/2 · (t₁ + t₂) · tan(θ/2) / (θ/2),
    θ = 2 · atan2(|t₂ − t₁|, |t₂ + t₁|),

and at the fraction f of the way the tangent is

    t(f) = [sin((1 − f)θ) · t₁ + sin(fθ) · t₂] / sin θ.

The atan2 form of θ keeps all digits for small doglegs, where an arc cosine
loses half of them. As θ → 0 both quotients are written with sin(x)/x, which
tends to 1 (its series 1 − x²/6 + … is exact to the last digit there), so that
a straight hole needs no special case. θ = 180° fixes no arc: the result is
NaN from there down.

Directions are given as the azimuth in degrees clockwise from grid north and
the inclination in degrees from horizontal, negative down, so

    t = (cos i · sin a, cos i · cos a, sin i)   (easting, northing, upward).

From the collar to the first station the hole goes straight in that station's
direction; past the last station it goes straight on.

Where a hole goes is asked by methods and by what shows holes alike, so it is
told here, on the floor below them all.

References
----------
Sawaryn, S. J., and Thorogood, J. L. (2005). A compendium of directional
calculations based on the minimum curvature method. SPE Drilling & Completion
20(1), 24-36. SPE-84246-PA. doi:10.2118/84246-PA
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

REVERSAL = np.pi - 1e-6
"""Dogleg in radians from which two directions count as opposite."""


class Offsets(NamedTuple):
    """Places relative to the collar, in metres."""

    easting: Floats
    northing: Floats
    upward: Floats


def station_offsets(hole: ArrayLike, depth: ArrayLike, azimuth: ArrayLike, inclination: ArrayLike) -> Offsets:
    """Place of each survey station relative to its hole's collar.

    Use it to draw hole paths; for samples between stations use `offsets_at`.

    Parameters
    ----------
    hole : array-like of int, shape (n,)
        Number of the hole of each station, not decreasing.
    depth : array-like, shape (n,)
        Distance along the hole in metres, not decreasing within a hole.
    azimuth : array-like, shape (n,)
        Direction in degrees clockwise from grid north, 0 to 360.
    inclination : array-like, shape (n,)
        Angle in degrees from horizontal, −90 (straight down) to 90.

    Returns
    -------
    Offsets
        Easting, northing and upward in metres, each of shape (n,).

    Raises
    ------
    ValueError
        If the lengths differ or the stations are out of order.

    Examples
    --------
    A quarter circle from vertical to horizontal, heading east, of radius 100 m:

    >>> offsets = station_offsets([0, 0], [0.0, 50 * np.pi], [90.0, 90.0], [-90.0, 0.0])
    >>> [round(float(part[-1]), 6) for part in offsets]
    [100.0, 0.0, -100.0]
    """
    stations = _Stations.of(hole, depth, azimuth, inclination)
    return _split(stations.place)


def offsets_at(
    hole: ArrayLike,
    depth: ArrayLike,
    azimuth: ArrayLike,
    inclination: ArrayLike,
    *,
    at_hole: ArrayLike,
    at_depth: ArrayLike,
) -> Offsets:
    """Place of any depth of any surveyed hole relative to the hole's collar.

    Exact on the arcs of the minimum-curvature path, not on their chords.

    Parameters
    ----------
    hole, depth, azimuth, inclination : array-like, shape (n,)
        The stations, as in `station_offsets`.
    at_hole : array-like of int, shape (m,)
        Number of the hole wanted, in any order.
    at_depth : array-like, shape (m,)
        Distance along it in metres; above the first station and below the
        last one the hole is straight.

    Returns
    -------
    Offsets
        Easting, northing and upward in metres, each of shape (m,); NaN where
        the hole has no station.

    Raises
    ------
    ValueError
        If the lengths differ or the stations are out of order.

    Examples
    --------
    Halfway down a quarter circle of radius 100 m:

    >>> offsets = offsets_at([0, 0], [0.0, 50 * np.pi], [90.0, 90.0], [-90.0, 0.0],
    ...                      at_hole=[0], at_depth=[25 * np.pi])
    >>> [round(float(part[0]), 6) for part in offsets]
    [29.289322, 0.0, -70.710678]
    """
    stations = _Stations.of(hole, depth, azimuth, inclination)
    wanted = np.asarray(at_hole, dtype=np.int64)
    distance = np.asarray(at_depth, dtype=np.float64)
    if wanted.shape != distance.shape or wanted.ndim != 1:
        raise ValueError("at_hole and at_depth must be one-dimensional and of one length")
    return _split(stations.place_at(wanted, distance))


class _Stations(NamedTuple):
    """Checked survey stations: unit tangents and places of shape (n, 3)."""

    hole: Integers
    depth: Floats
    tangent: Floats
    place: Floats

    @classmethod
    def of(cls, hole: ArrayLike, depth: ArrayLike, azimuth: ArrayLike, inclination: ArrayLike) -> _Stations:
        number = np.asarray(hole, dtype=np.int64)
        columns = [np.asarray(a, dtype=np.float64) for a in (depth, azimuth, inclination)]
        if number.ndim != 1 or any(c.shape != number.shape for c in columns):
            raise ValueError("hole, depth, azimuth and inclination must be one-dimensional and of one length")
        along, around, down = columns
        same = number[1:] == number[:-1]
        if np.any(number[1:] < number[:-1]) or np.any(same & (along[1:] < along[:-1])):
            raise ValueError("stations must be sorted by hole and, within a hole, by depth")
        tangent = _tangents(around, down)
        return cls(number, along, tangent, _places(number, along, tangent))

    def place_at(self, hole: Integers, depth: Floats) -> Floats:
        """Places of shape (m, 3) at `depth` of `hole`."""
        place = np.full((hole.size, 3), np.nan)
        if self.hole.size == 0:
            return place
        above, found = self._station_above(hole, depth)
        below = np.minimum(above + 1, self.hole.size - 1)
        length = np.where(self.hole[below] == self.hole[above], self.depth[below] - self.depth[above], 0.0)
        beyond = depth - self.depth[above]
        bent = (beyond > 0) & (beyond < length)
        fraction = np.divide(beyond, length, out=np.zeros_like(beyond), where=bent)
        step = np.where(
            bent[:, None],
            _arc(self.tangent[above], self.tangent[below], length, fraction),
            beyond[:, None] * self.tangent[above],
        )
        place[found] = (self.place[above] + step)[found]
        return place

    def _station_above(self, hole: Integers, depth: Floats) -> tuple[Integers, NDArray[np.bool_]]:
        """Last station at or above each depth (the hole's first, if none), and whether the hole has any."""
        wanted = np.concatenate([np.zeros(self.hole.size, np.int8), np.ones(hole.size, np.int8)])
        order = np.lexsort((wanted, np.concatenate([self.depth, depth]), np.concatenate([self.hole, hole])))
        rank = np.empty(order.size, np.int64)
        rank[order] = np.cumsum(wanted[order] == 0) - 1
        above = rank[self.hole.size :]
        first = np.searchsorted(self.hole, hole, side="left")
        above = np.minimum(np.maximum(above, first), self.hole.size - 1)
        return above, self.hole[above] == hole


def _tangents(azimuth: Floats, inclination: Floats) -> Floats:
    around, down = np.radians(azimuth), np.radians(inclination)
    return np.column_stack([np.cos(down) * np.sin(around), np.cos(down) * np.cos(around), np.sin(down)])


def _places(hole: Integers, depth: Floats, tangent: Floats) -> Floats:
    """Places of the stations: the sum of arcs since the collar, hole by hole."""
    if hole.size == 0:
        return np.empty((0, 3))
    first = np.concatenate([[True], hole[1:] != hole[:-1]])
    step = depth[:, None] * tangent
    inner = np.flatnonzero(~first)
    length = depth[inner] - depth[inner - 1]
    step[inner] = _arc(tangent[inner - 1], tangent[inner], length, np.ones(inner.size))
    return _sum_by_hole(step, first)


def _sum_by_hole(step: Floats, first: NDArray[np.bool_]) -> Floats:
    """Cumulative sum that starts anew at each `first`; NaN stays within its hole."""
    spoiled = np.isnan(step).any(axis=1)
    total = np.cumsum(np.where(spoiled[:, None], 0.0, step), axis=0)
    start = np.maximum.accumulate(np.where(first, np.arange(first.size), 0))
    place = total - total[start] + np.where(spoiled[:, None], 0.0, step)[start]
    broken = np.cumsum(spoiled)
    place[broken - broken[start] + spoiled[start] > 0] = np.nan
    return place


def _arc(upper: Floats, lower: Floats, length: Floats, fraction: Floats) -> Floats:
    """Displacement over the `fraction` of an arc of `length` between two tangents."""
    dogleg = 2 * np.arctan2(np.linalg.norm(lower - upper, axis=1), np.linalg.norm(lower + upper, axis=1))
    dogleg = np.where(dogleg < REVERSAL, dogleg, np.nan)
    rest = 1 - fraction
    tangent = (
        (rest * _sine_ratio(rest * dogleg))[:, None] * upper
        + (fraction * _sine_ratio(fraction * dogleg))[:, None] * lower
    ) / _sine_ratio(dogleg)[:, None]
    half = fraction * dogleg / 2
    chord = fraction * length / 2 * _sine_ratio(half) / np.cos(half)
    step: Floats = chord[:, None] * (upper + tangent)
    return step


def _sine_ratio(angle: Floats) -> Floats:
    """sin(x)/x, and 1 at x = 0."""
    ratio: Floats = np.sinc(angle / np.pi)
    return ratio


def _split(place: Floats) -> Offsets:
    return Offsets(*np.ascontiguousarray(place.T))
