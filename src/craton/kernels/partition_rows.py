"""The data of a partition as one table in an order of its own, so that no result hangs on the order given."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from craton.kernels.implicit_checks import Constraints
from craton.kernels.partition_boxes import Floats, Whole

FINEST = 2.0**31
"""Parts of a side that places are rounded to, so that what differs by rounding is one place."""

LABEL, NOISE, SIGN = 6, 7, 8
"""Columns of a table after place (0 to 2) and direction (3 to 5)."""


class Lattice(NamedTuple):
    """Where boxes hang: a corner (3,) and the side of the cubes that are cut into boxes, in metres."""

    origin: Floats
    side: float

    def scaled(self, places: Floats) -> Floats:
        """Places (k, 3) in metres as sides from the corner."""
        scaled: Floats = (places - self.origin) / self.side
        return scaled


class Table(NamedTuple):
    """Values, then inequalities, then slopes, each in rising order of place, direction and the rest.

    Parameters
    ----------
    rows : array (N, 9)
        Place in sides, direction of a slope, what the field is to be (slopes: by metre), noise in the
        units of the constraints, sign of an inequality.
    counts : array (2,)
        Number of values, and of values and inequalities.
    """

    rows: Floats
    counts: Whole


def lattice_of(constraints: Constraints) -> Lattice:
    """The lattice of one cube that holds all places in the middle of its thirds.

    Halved ever so often, a cube has its thirds at a third of a part: boxes are never cut along the rim of
    the data, where those outside would be as many again and have data on one side only.
    """
    places = np.concatenate(
        [
            constraints.points,
            constraints.orientation_points,
            constraints.tangent_points,
            constraints.inequality_points,
        ]
    )
    low = places.min(axis=0)
    extent = float((places.max(axis=0) - low).max()) or 1.0
    return Lattice(low - extent, 3.0 * extent)


def table_of(
    given: Constraints, levels: Floats, noise: Floats, gradient_noise: float, lattice: Lattice
) -> Table:
    """Constraints on a field whose levels (s,) are known as a table.

    Parameters
    ----------
    noise : array (n,)
        Nugget of each contact.

    Raises
    ------
    ValueError
        If exact contacts of two surfaces share a place.
    """
    values = _rows(lattice.scaled(given.points), levels[given.surface], noise)
    sides = _rows(lattice.scaled(given.inequality_points), levels[given.inequality_surface])
    sides[:, SIGN] = given.inequality_sign
    places = np.concatenate([np.repeat(given.orientation_points, 3, axis=0), given.tangent_points])
    slopes = _rows(
        lattice.scaled(places),
        np.append(given.gradients.ravel(), np.zeros(len(given.tangents))),
        np.full(3 * len(given.gradients) + len(given.tangents), gradient_noise),
    )
    lengths = np.linalg.norm(given.tangents, axis=1, keepdims=True)
    slopes[:, 3:6] = np.concatenate([np.tile(np.eye(3), (len(given.gradients), 1)), given.tangents / lengths])
    values, sides, slopes = _merged(_ordered(values)), np.unique(sides, axis=0), _merged(_ordered(slopes))
    counts = np.array([len(values), len(values) + len(sides)], dtype=np.int64)
    return Table(np.concatenate([values, sides, slopes]), counts)


def same_rows(new: Table, old: Table) -> Whole:
    """By row of `new`, the number of the same row of `old`, or −1."""
    edges = [np.concatenate([[0], table.counts, [len(table.rows)]]) for table in (new, old)]
    found = np.full(len(new.rows), -1, dtype=np.int64)
    for kind in range(3):
        first, last, old_first, old_last = *edges[0][kind : kind + 2], *edges[1][kind : kind + 2]
        _walk(new.rows, old.rows, first, last, old_first, old_last, found)
    return found


def _rows(places: Floats, labels: Floats, noise: Floats | float = 0.0) -> Floats:
    """Rows (k, 9) of places in sides without direction and sign."""
    rows = np.zeros((len(places), 9))
    # Adding 0 makes one of 0 and −0.
    rows[:, :3] = np.rint(places * FINEST) / FINEST + 0.0
    rows[:, LABEL], rows[:, NOISE] = labels, noise
    return rows


def _ordered(rows: Floats) -> Floats:
    """Rows in rising order; columns are looked at only where those before them repeat."""
    rows = rows[np.argsort(np.ascontiguousarray(rows[:, 0]))]
    for column in range(1, rows.shape[1]):
        same = _repeats(rows, column)
        if not same.any():
            break
        tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
        run = np.cumsum(np.append(True, ~same)[tied])
        rows[tied] = rows[tied[np.lexsort((rows[tied, column], run))]]
    return rows


def _repeats(rows: Floats, columns: int) -> NDArray[np.bool_]:
    """Whether each row after the first (n − 1,) is as the one before it in its first `columns`."""
    same: NDArray[np.bool_] = rows[1:, 0] == rows[:-1, 0]
    for column in range(1, columns):
        if not same.any():
            break
        same &= rows[1:, column] == rows[:-1, column]
    return same


def _merged(rows: Floats) -> Floats:
    """Rows of one place and direction made one: the mean by 1/noise, of those without noise if there are any.

    Raises
    ------
    ValueError
        If values without noise differ at one place.
    """
    new = ~np.append(np.zeros(min(len(rows), 1), bool), _repeats(rows, 6))
    if new.all():
        return rows
    starts = np.flatnonzero(new)
    group = np.cumsum(new) - 1
    exact = np.logical_or.reduceat(rows[:, NOISE] == 0.0, starts)[group]
    with np.errstate(divide="ignore"):
        share = np.where(exact, rows[:, NOISE] == 0.0, 1.0 / rows[:, NOISE])
    merged, total = rows[starts], np.add.reduceat(share, starts)
    # About the first label, so that equal ones stay what they are.
    base = rows[starts, LABEL]
    off = np.where(share > 0.0, rows[:, LABEL] - base[group], 0.0)
    exact_here = exact[starts]
    merged[:, LABEL] = base + np.add.reduceat(share * off, starts) / total
    merged[:, NOISE] = np.where(exact_here, 0.0, 1.0 / total)
    _refuse_contradiction(rows, group, merged)
    return merged


def _refuse_contradiction(rows: Floats, group: Whole, merged: Floats) -> None:
    """Refuse values without noise that differ at one place; slopes that do are averaged."""
    off = np.abs(rows[:, LABEL] - merged[group, LABEL])
    wrong = (rows[:, NOISE] == 0.0) & (rows[:, 3:6] == 0.0).all(axis=1)
    wrong &= off > 1e-9 * np.abs(rows[:, LABEL]).max()
    if wrong.any():
        raise ValueError(
            f"{int(np.unique(group[wrong]).size)} places have exact contacts of two surfaces, or two values; "
            "give them noise, or keep one of each"
        )


@njit(nogil=True, cache=True, error_model="numpy")
def _walk(
    new: Floats, old: Floats, first: int, last: int, old_first: int, old_last: int, found: Whole
) -> None:
    """Number of the equal row of `old` for each row of `new`, both rising, into `found`."""
    other = old_first
    for row in range(first, last):
        while other < old_last:
            sign = 0
            for column in range(new.shape[1]):
                if old[other, column] != new[row, column]:
                    sign = -1 if old[other, column] < new[row, column] else 1
                    break
            if sign == 0:
                found[row] = other
            if sign >= 0:
                break
            other += 1
