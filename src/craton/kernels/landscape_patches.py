"""Patches of a grid of classes: cells of one class that hang together, and what is counted of them.

Cells hang together across their sides, and with eight neighbours also across corners. Patches are numbered
in the order of their first cells, row by row.

The nearest other patch of the same class is found exactly, from cell centre to cell centre. Cells of a row
that follow each other are a run. Rows are looked at further and further from the runs of all patches at
once: at d rows away a patch whose nearest is at most d is done. In a row only two runs count: the nearest
of another patch to the left and to the right.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Classes = NDArray[np.int32]
Whole = NDArray[np.int64]
Floats = NDArray[np.float64]

FAR = np.int64(1 << 62)


class Patches(NamedTuple):
    """What is counted of patches (p,) and of classes (k,): lengths in sides of cells, areas in cells.

    `labels` (rows, columns) numbers the patches from 0, −1 where there is no class; `adjacency` (k, k)
    counts, for the cells of each class, their sides to cells of each class, `outside` (k,) those to no cell
    or one without class.
    """

    labels: Classes
    kind: Whole
    cells: Whole
    sides: Whole
    core: Whole
    row: Floats
    column: Floats
    adjacency: Whole
    outside: Whole


def patches(classes: Classes, kinds: int, *, eight: bool = True, depth: float = 1.0) -> Patches:
    """Patches of `classes` (rows, columns), codes from 0 to `kinds` − 1, below 0 where there is none.

    Parameters
    ----------
    eight : bool
        Whether cells that share a corner hang together.
    depth : float
        Depth of the edge in cells, 0 or more: a cell belongs to the core if all cells whose centres lie at
        most as far from its own are of its class.
    """
    codes = np.ascontiguousarray(classes, np.int32)
    labels, count = _label(codes, eight)
    # Half the width of the disc of this depth in each row away from its middle.
    away = np.arange(int(depth) + 1.0)
    half = np.floor(np.sqrt(depth**2 * (1 + 1e-12) - away**2)).astype(np.int64)
    counted = np.zeros((4, count), np.int64)
    places = np.zeros((2, count))
    adjacency, outside = np.zeros((kinds, kinds), np.int64), np.zeros(kinds, np.int64)
    _count(codes, labels, _within(codes), half, counted, places, adjacency, outside)
    kind, cells, sides, core = counted
    return Patches(labels, kind, cells, sides, core, places[0] / cells, places[1] / cells, adjacency, outside)


def nearest(found: Patches) -> Floats:
    """Distance (p,) in cells from each patch to the nearest other one of its class, NaN for none."""
    runs = _runs(found.labels)
    kind = found.kind[runs[3]]
    order = np.argsort(kind, kind="stable")
    runs = np.ascontiguousarray(runs[:, order])
    kinds = found.outside.size
    firsts = np.searchsorted(kind[order], np.arange(kinds + 1)).astype(np.int64)
    squares = np.full(found.kind.size, FAR)
    many = np.bincount(found.kind, minlength=kinds)
    for one in np.flatnonzero(many > 1):
        part = runs[:, firsts[one] : firsts[one + 1]]
        rows = np.searchsorted(part[0], np.arange(found.labels.shape[0] + 1)).astype(np.int64)
        _nearest(np.ascontiguousarray(part), rows, squares)
    return np.where(squares < FAR, np.sqrt(squares.astype(np.float64)), np.nan)


@njit(nogil=True, cache=True, error_model="numpy")
def _root(parents: Classes, label: int) -> int:
    """First label of the set that `label` belongs to; the way there is made shorter."""
    while parents[label] != label:
        parents[label] = parents[parents[label]]
        label = parents[label]
    return label


@njit(nogil=True, cache=True, error_model="numpy")
def _joined(classes: Classes, labels: Classes, parents: Classes, row: int, column: int, eight: bool) -> int:
    """First label of the cells before this one that it hangs together with, made one set; −1 for none."""
    kind, own = classes[row, column], -1
    last = classes.shape[1] - 1
    for step in range(4 if eight else 2):
        # West, north, and the corners north-west and north-east.
        r = row if step == 0 else row - 1
        c = column if step == 1 else column + 1 if step == 3 else column - 1
        if r < 0 or c < 0 or c > last or classes[r, c] != kind:
            continue
        near = _root(parents, labels[r, c])
        if own >= 0:
            parents[max(own, near)] = min(own, near)
        own = near if own < 0 else min(own, near)
    return own


@njit(nogil=True, cache=True, error_model="numpy")
def _label(classes: Classes, eight: bool) -> tuple[Classes, int]:
    """Numbers of patches, −1 where there is no class, and how many there are."""
    rows, columns = classes.shape
    labels = np.full((rows, columns), np.int32(-1))
    parents = np.empty(rows * columns, np.int32)
    count = 0
    for row in range(rows):
        for column in range(columns):
            if classes[row, column] < 0:
                continue
            own = _joined(classes, labels, parents, row, column, eight)
            if own < 0:
                own = count
                parents[count] = count
                count += 1
            labels[row, column] = own
    return labels, _renumber(labels, parents, count)


@njit(nogil=True, cache=True, error_model="numpy")
def _renumber(labels: Classes, parents: Classes, count: int) -> int:
    """Number the sets of labels from 0 in their order; how many there are."""
    numbers = np.empty(count, np.int32)
    found = 0
    for label in range(count):
        if parents[label] == label:
            numbers[label] = found
            found += 1
        else:
            numbers[label] = numbers[_root(parents, label)]
    for row in range(labels.shape[0]):
        for column in range(labels.shape[1]):
            if labels[row, column] >= 0:
                labels[row, column] = numbers[labels[row, column]]
    return found


@njit(nogil=True, cache=True, error_model="numpy")
def _within(classes: Classes) -> Classes:
    """Cells from each to the nearer end of the run of its class in its row, 0 at an end."""
    rows, columns = classes.shape
    within = np.empty((rows, columns), np.int32)
    for row in range(rows):
        start = 0
        while start < columns:
            end = start
            while end + 1 < columns and classes[row, end + 1] == classes[row, start]:
                end += 1
            for column in range(start, end + 1):
                within[row, column] = min(column - start, end - column)
            start = end + 1
    return within


@njit(nogil=True, cache=True, error_model="numpy")
def _is_core(classes: Classes, within: Classes, half: Whole, row: int, column: int) -> bool:
    """Whether all cells of the disc about a cell are of its class; rows at i are as wide as `half` at i."""
    kind = classes[row, column]
    for away in range(half.size):
        for near in (row - away, row + away):
            if near < 0 or near >= classes.shape[0] or classes[near, column] != kind:
                return False
            if within[near, column] < half[away]:
                return False
    return True


@njit(nogil=True, cache=True, error_model="numpy")
def _count(
    classes: Classes,
    labels: Classes,
    within: Classes,
    half: Whole,
    counted: Whole,
    places: Floats,
    adjacency: Whole,
    outside: Whole,
) -> None:
    """Count class, cells, sides and core of patches into `counted`, and sides between classes."""
    rows, columns = classes.shape
    for row in range(rows):
        for column in range(columns):
            kind = classes[row, column]
            if kind < 0:
                continue
            patch = labels[row, column]
            counted[0, patch] = kind
            counted[1, patch] += 1
            places[0, patch] += row
            places[1, patch] += column
            for side in range(4):
                r = row + (side == 0) - (side == 1)
                c = column + (side == 2) - (side == 3)
                other = classes[r, c] if 0 <= r < rows and 0 <= c < columns else -1
                if other >= 0:
                    adjacency[kind, other] += 1
                else:
                    outside[kind] += 1
                counted[2, patch] += other != kind
            counted[3, patch] += _is_core(classes, within, half, row, column)


@njit(nogil=True, cache=True, error_model="numpy")
def _runs(labels: Classes) -> Whole:
    """Row, first and last column, and patch of each run: array (4, n), row by row."""
    rows, columns = labels.shape
    count = 0
    for row in range(rows):
        for column in range(columns):
            if labels[row, column] >= 0 and (column == 0 or labels[row, column - 1] != labels[row, column]):
                count += 1
    runs = np.empty((4, count), np.int64)
    found = -1
    for row in range(rows):
        for column in range(columns):
            label = labels[row, column]
            if label < 0:
                continue
            if column == 0 or labels[row, column - 1] != label:
                found += 1
                runs[0, found], runs[1, found], runs[3, found] = row, column, label
            runs[2, found] = column
    return runs


@njit(nogil=True, cache=True, error_model="numpy")
def _nearest(runs: Whole, rows: Whole, squares: Whole) -> None:
    """Squared distances of the patches of one class, whose runs of each row begin at `rows` (r + 1,)."""
    row, first, last, patch = runs[0], runs[1], runs[2], runs[3]
    count = row.size
    before, behind = _others(row, patch)
    active = np.arange(count)
    left, away = count, 0
    while left > 0 and away < rows.size - 1:
        kept = 0
        for place in range(left):
            run = active[place]
            if squares[patch[run]] <= away * away:
                continue
            active[kept] = run
            kept += 1
            for way in range(2 if away > 0 else 1):
                target = row[run] + (away if way == 0 else -away)
                if 0 <= target < rows.size - 1 and rows[target] < rows[target + 1]:
                    gap = _gap(run, rows[target], rows[target + 1], first, last, patch, before, behind)
                    if gap >= 0:
                        squares[patch[run]] = min(squares[patch[run]], away * away + gap * gap)
        left = kept
        away += 1


@njit(nogil=True, cache=True, error_model="numpy")
def _others(row: Whole, patch: Whole) -> tuple[Whole, Whole]:
    """The last run before each run, and the first behind it, of another patch in its row; −1 for none."""
    count = row.size
    before, behind = np.full(count, -1), np.full(count, -1)
    for run in range(1, count):
        if row[run] == row[run - 1]:
            before[run] = run - 1 if patch[run] != patch[run - 1] else before[run - 1]
    for run in range(count - 2, -1, -1):
        if row[run] == row[run + 1]:
            behind[run] = run + 1 if patch[run] != patch[run + 1] else behind[run + 1]
    return before, behind


@njit(nogil=True, cache=True, error_model="numpy")
def _gap(
    run: int, start: int, high: int, first: Whole, last: Whole, patch: Whole, before: Whole, behind: Whole
) -> int:
    """Columns from a run to the nearest run of another patch among those of one row, −1 for none."""
    low, end = start, high
    while low < end:
        middle = (low + end) // 2
        if last[middle] < first[run]:
            low = middle + 1
        else:
            end = middle
    found = np.int64(-1)
    # `low` is now the first run that does not end before this one begins.
    right, left = low, low - 1
    if right < high and patch[right] == patch[run]:
        right = behind[right]
        right = high if right < 0 else right
    if right < high:
        found = max(first[right] - last[run], np.int64(0))
    if left >= start and patch[left] == patch[run]:
        left = before[left]
    if left >= start:
        away = first[run] - last[left]
        found = away if found < 0 else min(found, away)
    return int(found)
