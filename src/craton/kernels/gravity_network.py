"""Gravity network: readings of relative meters adjusted to known gravity by least squares.

A loop is a stretch of readings of one meter between which it drifts smoothly.
The reading of loop l at station s and time t, free of tide, is

    reading = g(s) + offset(l) + Σ drift(l, n) τⁿ + error,

with τ the time from the middle of the loop in units of half its length.
Known gravity enters as a further observation with a weight of its own, or, if
it has no standard deviation, as it stands. Stations are eliminated first, so
that the system to be solved is as large as the number of loops.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse
from scipy.sparse import csgraph

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SINGULAR = 1e-10
"""Eigenvalue, as a part of the largest, of a combination of drifts that no reading determines."""


class Readings(NamedTuple):
    """Readings (n,) in mGal free of tide, with numbers of their stations and loops, and times in hours."""

    stations: Integers
    loops: Integers
    hours: Floats
    values: Floats


class Adjusted(NamedTuple):
    """Result of `adjust`: see there."""

    gravity: Floats
    gravity_std: Floats
    drift: Floats
    rate: Floats
    rate_std: Floats
    residuals: Floats
    standardised: Floats
    unit_std: float
    freedom: int


def components(readings: Readings, known: NDArray[np.bool_]) -> Integers:
    """Stations (k,) that no chain of readings joins to one of the `known` (stations,)."""
    count = known.size
    size = count + int(readings.loops.max(initial=-1)) + 1
    links = sparse.coo_matrix(
        (np.ones(readings.stations.size), (readings.stations, count + readings.loops)), shape=(size, size)
    )
    part = csgraph.connected_components(links, directed=False)[1]
    return np.flatnonzero(~np.isin(part[:count], part[:count][known]))


def undetermined(readings: Readings, known: Floats, known_std: Floats, degree: int) -> Integers:
    """Loops whose drift the readings do not determine; see `adjust` for the parameters."""
    design, _middles = _loop_design(readings, degree)
    normal = _Normal(readings, design, known, known_std, 1.0)
    values, vectors = linalg.eigh(normal.reduced)
    weak = vectors[:, values < SINGULAR * max(float(values.max(initial=0.0)), 1.0)]
    return np.unique(np.flatnonzero((np.abs(weak) > 0.05).any(axis=1)) // (degree + 1))


def adjust(
    readings: Readings, known: Floats, known_std: Floats, *, degree: int = 1, reading_std: float = 0.02
) -> Adjusted:
    """Gravity of all stations and drift of all loops, by least squares.

    Parameters
    ----------
    readings : Readings
        At least one; every station joined to a known one, every drift determined (`components`,
        `undetermined`).
    known : array (stations,)
        Known gravity in mGal, NaN where there is none.
    known_std : array (stations,)
        Its standard deviation in mGal; 0 keeps it as it stands.
    degree : int
        Of the polynomial of the drift; 0 for none.
    reading_std : float
        Standard deviation of one reading in mGal.

    Returns
    -------
    Adjusted
        `gravity` and `gravity_std` (stations,) in mGal; `drift` (n,) at each reading, 0 in the middle of
        its loop; `rate` and `rate_std` (loops,) of the linear part in mGal/h; `residuals` (n,) reading
        less adjusted; `standardised` (n,) residuals over their own standard deviation, NaN for readings
        that nothing controls; `unit_std`, the standard deviation of unit weight after over before, 1
        without redundancy; `freedom`, the redundant observations. Standard deviations are multiplied
        with `unit_std` where it is above 1.
    """
    design, spans = _loop_design(readings, degree)
    # Near its size numbers keep their digits.
    datum = float(np.nanmean(known))
    normal = _Normal(readings, design, known - datum, known_std, reading_std)
    inverse = linalg.pinvh(normal.reduced)
    loops = inverse @ normal.right
    gravity = normal.solve_stations(loops)
    drift_part = design.copy()
    drift_part[np.arange(len(design)), readings.loops * (degree + 1)] = 0.0
    residuals = readings.values - gravity[readings.stations] - design @ loops
    fitted = design - normal.weighted[readings.stations]
    variance = normal.inverse[readings.stations] + np.einsum("ij,jk,ik->i", fitted, inverse, fitted)
    observed = np.isfinite(known) & (known_std > 0)
    freedom = len(residuals) + int(observed.sum()) - int((normal.inverse > 0).sum()) - design.shape[1]
    squares = (residuals / reading_std) ** 2
    prior = ((known - datum - gravity)[observed] / known_std[observed]) ** 2
    unit = float(np.sqrt((squares.sum() + prior.sum()) / freedom)) if freedom > 0 else 1.0
    left = np.sqrt(np.maximum(reading_std**2 - variance, 0.0))
    controlled = left > 1e-4 * reading_std
    standardised = np.where(controlled, residuals / np.where(controlled, left, 1.0), np.nan)
    scale = max(unit, 1.0)
    station_variance = normal.inverse + np.einsum("ij,jk,ik->i", normal.weighted, inverse, normal.weighted)
    linear = np.arange(design.shape[1] // (degree + 1)) * (degree + 1) + 1
    rate = loops[linear] / spans if degree else np.zeros(linear.size)
    rate_std = np.sqrt(np.diag(inverse)[linear]) / spans * scale if degree else np.zeros(linear.size)
    return Adjusted(
        gravity + datum, np.sqrt(station_variance) * scale, drift_part @ loops, rate, rate_std,
        residuals, standardised, unit, freedom,
    )  # fmt: skip


def _loop_design(readings: Readings, degree: int) -> tuple[Floats, Floats]:
    """Offset and powers of the time of each reading (n, loops × (degree + 1)), and half lengths (h)."""
    count = int(readings.loops.max()) + 1
    first, last = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(first, readings.loops, readings.hours)
    np.maximum.at(last, readings.loops, readings.hours)
    half = np.where(last > first, (last - first) / 2, 1.0)
    time = (readings.hours - ((first + last) / 2)[readings.loops]) / half[readings.loops]
    design = np.zeros((readings.values.size, count * (degree + 1)))
    rows = np.arange(readings.values.size)
    for power in range(degree + 1):
        design[rows, readings.loops * (degree + 1) + power] = time**power
    return design, half


class _Normal:
    """Normal equations with the stations eliminated.

    `inverse` (stations,) is that of the block of stations, 0 where gravity is fixed; `weighted` (stations,
    loops) what a station hands on to the loops; `reduced` and `right` the system of the loops.
    """

    def __init__(
        self, readings: Readings, design: Floats, known: Floats, known_std: Floats, reading_std: float
    ) -> None:
        weight = 1.0 / reading_std**2
        fixed = np.isfinite(known) & (known_std <= 0)
        prior = np.zeros(known.size)
        observed = np.isfinite(known) & (known_std > 0)
        prior[observed] = 1.0 / known_std[observed] ** 2
        count = np.bincount(readings.stations, minlength=known.size)
        total = weight * count + prior
        self.inverse = np.where(fixed | (total == 0), 0.0, 1.0 / np.where(total > 0, total, 1.0))
        self.fixed = np.where(fixed, known, 0.0)
        values = readings.values - self.fixed[readings.stations]
        pick = sparse.csr_matrix(
            (np.ones(values.size), (np.arange(values.size), readings.stations)),
            shape=(values.size, known.size),
        )
        cross = weight * (pick.T @ design)
        self.weighted = self.inverse[:, None] * cross
        self.given = weight * (pick.T @ values) + prior * np.where(observed, known, 0.0)
        self.reduced = weight * design.T @ design - cross.T @ self.weighted
        self.right = weight * design.T @ values - self.weighted.T @ self.given

    def solve_stations(self, loops: Floats) -> Floats:
        """Gravity of all stations, given offsets and drifts."""
        gravity: Floats = self.fixed + self.inverse * self.given - self.weighted @ loops
        return gravity
