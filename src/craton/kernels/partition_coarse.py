"""The coarse field under a partition: of a part of the data, chosen by a lattice."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from craton.kernels.implicit_checks import Constraints, Frame
from craton.kernels.implicit_field import Background, Drift, fit
from craton.kernels.partition_boxes import Floats, Whole
from craton.kernels.partition_rows import Lattice

STEPS = (-16, 60)
"""Cells from 256 sides down to a thousand millionth of one."""

FLAT = 1e-10
"""Part of the squared spread along the longest axis up to which there is none along another."""

SCATTER = np.int64(-7046029254386353131)
"""An odd number without pattern: 2⁶⁴ over the golden ratio."""


class Coarse(Protocol):
    """A field that others are built upon."""

    @property
    def frame(self) -> Frame:
        """What scales its nugget."""

    @property
    def levels(self) -> Floats:
        """Values (s,) of the field on the surfaces."""

    def at(self, places: Floats) -> Floats:
        """Values (k,) at places (k, 3) in metres."""

    def gradient(self, places: Floats) -> Floats:
        """Gradients (k, 3) at places (k, 3), by metre."""


class Plane(NamedTuple):
    """The field of a plane: what it is at the middle of the frame, its slopes (3,) by length; levels."""

    frame: Frame
    constant: float
    slopes: Floats
    levels: Floats

    def at(self, places: Floats) -> Floats:
        """Values (k,) at places (k, 3) in metres."""
        values: Floats = self.frame.scaled(places) @ self.slopes + self.constant
        return values

    def gradient(self, places: Floats) -> Floats:
        """Gradients (k, 3), by metre."""
        return np.tile(self.slopes / self.frame.length, (len(places), 1))


def plane_of(places: Floats, values: Floats) -> Plane:
    """Plane nearest to values (n,) at places (n, 3); flat across directions in which they do not spread."""
    order = np.lexsort((values, *places.T))
    places, values = places[order], values[order]
    frame, spread, turn = _spread(places)
    wide = spread > FLAT * spread[-1]
    scaled, constant = frame.scaled(places), float(values.mean())
    slopes = turn[:, wide] @ ((turn[:, wide].T @ (scaled.T @ (values - constant))) / spread[wide])
    return Plane(frame, constant, slopes, values[:0])


def _spread(places: Floats) -> tuple[Frame, Floats, Floats]:
    """Frame of places, how much they spread about its middle along three axes, rising, and those axes."""
    middle = places.mean(axis=0)
    frame = Frame(middle, float(np.linalg.norm(places - middle, axis=1).max()) or 1.0)
    scaled = frame.scaled(places)
    spread, turn = np.linalg.eigh(scaled.T @ scaled)
    return frame, spread, turn


def coarse_of_values(given: Constraints, lattice: Lattice, noise: Floats, *, most: int) -> Coarse:
    """Dense field of at most `most` values; of values that are one, or on a plane or line, a plane."""
    assert given.levels is not None
    spread = _spread(given.points)[1]
    if spread[0] <= FLAT * spread[-1] or np.ptp(given.levels) == 0.0:
        return plane_of(given.points, given.levels)
    return dense_of(given, lattice, noise, 0.0, most=most, drift=None)


def dense_of(
    given: Constraints,
    lattice: Lattice,
    noise: Floats,
    gradient_noise: float,
    *,
    most: int,
    drift: Drift | None,
    background: Background | None = None,
) -> Coarse:
    """Dense field of at most `most` contacts and a quarter as many of each other kind."""
    part, contacts = part_of(given, lattice, most=most)
    nugget = noise[contacts]
    return fit(part, drift=drift, background=background, nugget=nugget, gradient_nugget=gradient_noise)


def part_of(given: Constraints, lattice: Lattice, *, most: int) -> tuple[Constraints, Whole]:
    """At most `most` contacts and a quarter as many of each other kind, and the numbers of those contacts."""
    assert given.levels is not None
    known = np.isfinite(given.levels)
    groups = np.where(known[given.surface], -1, given.surface).astype(np.int64)
    contacts = thinned(lattice.scaled(given.points), groups, most)
    one = np.zeros(max(len(given.gradients), len(given.tangents)), dtype=np.int64)
    slopes = thinned(lattice.scaled(given.orientation_points), one[: len(given.gradients)], most // 4)
    bound = 2 * given.inequality_surface + (given.inequality_sign > 0)
    sides = thinned(lattice.scaled(given.inequality_points), bound, most // 4)
    lines = thinned(lattice.scaled(given.tangent_points), one[: len(given.tangents)], most // 4)
    part = Constraints(
        given.points[contacts],
        given.surface[contacts],
        given.orientation_points[slopes],
        given.gradients[slopes],
        given.inequality_points[sides],
        given.inequality_surface[sides],
        given.inequality_sign[sides],
        given.tangent_points[lines],
        given.tangents[lines],
        given.levels,
    )
    return part, contacts


def thinned(places: Floats, groups: Whole, most: int) -> Whole:
    """Numbers of one place in each cell and group, the cells as small as gives at most `most` of them.

    Cells are cubes of side 2^(−k/2), where places are in sides; of each group one place at least is taken.
    Of a cell the place nearest to its middle is taken, of equal ones the lowest, southernmost, westernmost.
    """
    if len(places) <= most:
        return np.arange(len(places))
    low, high = STEPS
    while high - low > 1:
        middle = (low + high) // 2
        if np.unique(_cells(places, groups, middle)[0]).size > most:
            high = middle
        else:
            low = middle
    keys, off = _cells(places, groups, low)
    order = np.lexsort((*places.T, off, keys))
    return np.sort(order[np.append(True, np.diff(keys[order]) != 0)])


def _cells(places: Floats, groups: Whole, step: int) -> tuple[Whole, Floats]:
    """A number (n,) of the cell and group of each place, and its squared distance from the cell's middle."""
    side = 0.5 ** (step / 2)
    cells = np.floor(places / side)
    off: Floats = ((places - (cells + 0.5) * side) ** 2).sum(axis=1)
    keys = np.zeros(len(places), dtype=np.int64)
    for numbers in (groups, *cells.T):
        # Scattered over 64 bits, wrapped around; that two cells meet is as good as impossible.
        keys = (keys + numbers.astype(np.int64)) * SCATTER
        keys ^= keys >> 29
    return keys, off
