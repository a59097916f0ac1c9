"""Ensemble information: how much knowing one thing tells of all cells of an ensemble of models.

Members of an ensemble that agree on what an observation (a drill hole) would show are a group. With n
members, n_g of them in group g and n_gc of these with class c in a cell, the mean entropy that is left in
the cell once the group is known is

    Σ_g (n_g / n) H_g = (1/n) [Σ_g n_g ln n_g − Σ_g Σ_c n_gc ln n_gc],

and what the observation tells of the cell is the entropy before less that: their mutual information, as
frequencies in the ensemble say. It is never negative. It grows with the number of groups even where cells
have nothing to do with the observation, so members should be several times more than groups.

References
----------
Cover, T. M., and Thomas, J. A. (2006). Elements of information theory, 2nd edition. Wiley, chapter 2.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from craton.kernels.threads import share

Floats = NDArray[np.float64]
Integers = NDArray[np.int32]

ODD = 0x9E3779B97F4A7C15
"""Odd number of 64 bits whose powers mix the members into one key."""


class Patterns(NamedTuple):
    """What cells are in the members (p, members), each pattern once, and how many cells have it (p,)."""

    classes: Integers
    cells: Floats


def patterns_of(classes: Integers) -> Patterns:
    """Different patterns of `classes` (members, cells); cells that are alike in all members are left out."""
    unsure = (classes != classes[:1]).any(axis=0)
    varied = classes[:, unsure]
    key = np.zeros(varied.shape[1], dtype=np.uint64)
    for member in varied:
        key = (key ^ (member.astype(np.uint64) + np.uint64(1))) * np.uint64(ODD)
        key ^= key >> np.uint64(29)
    _keys, first, count = np.unique(key, return_index=True, return_counts=True)
    return Patterns(np.ascontiguousarray(varied[:, first].T), count.astype(np.float64))


def groups_of(seen: Integers) -> Integers:
    """Number of the group of each member, of what each sees (members, readings)."""
    _found, group = np.unique(seen, axis=0, return_inverse=True)
    return np.asarray(group.ravel(), dtype=np.int32)


def entropy_left(patterns: Patterns, groups: Integers) -> Floats:
    """Entropy in nat summed over cells that is left once the group is known, for each row of `groups`.

    Parameters
    ----------
    patterns : Patterns
        Of the ensemble.
    groups : array (candidates, members) of int32
        Group of each member, 0 or more; all 0 gives the entropy of the ensemble itself.
    """
    if not len(patterns.cells):
        return np.zeros(len(groups))
    _names, classes = np.unique(patterns.classes, return_inverse=True)
    numbered = np.ascontiguousarray(classes.reshape(patterns.classes.shape).astype(np.int32))
    count = int(numbered.max()) + 1
    found = share(lambda row: _left(numbered, patterns.cells, row, count), np.ascontiguousarray(groups))
    return np.array(list(found))


@njit(nogil=True, cache=True, error_model="numpy")
def _left(classes: Integers, cells: Floats, groups: Integers, count: int) -> float:
    """Sum over patterns, by a table of group and class that is cleared as it is read."""
    members = groups.size
    table = np.zeros((groups.max() + 1) * count, dtype=np.int32)
    logs = np.zeros(members + 1)
    for n in range(2, members + 1):
        logs[n] = n * np.log(n)
    sizes = np.zeros(groups.max() + 1, dtype=np.int32)
    for member in range(members):
        sizes[groups[member]] += 1
    whole = 0.0
    for size in sizes:
        whole += logs[size]
    total = 0.0
    for pattern in range(len(classes)):
        parted = 0.0
        for member in range(members):
            table[groups[member] * count + classes[pattern, member]] += 1
        for member in range(members):
            place = groups[member] * count + classes[pattern, member]
            parted += logs[table[place]]
            table[place] = 0
        total += cells[pattern] * (whole - parted)
    return total / members
