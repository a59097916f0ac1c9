"""A field of many data where others were added: only the patches that bear on what changed.

`partition_field.PartitionField.updated` needs the field that is to be changed at hand, all of it. A field
that was stored is kept as its data, coarse field and weights (`partition_kept`). Whether a box is cut hangs
on nothing but the data in its surroundings, so that the boxes near what changed can be found from the data
near it: those of a window, which is widened until it holds the surroundings of every box that is needed.
The data beyond are not even sorted. Patches near what changed whose own data are as they were are not
solved again.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from craton.kernels.implicit_checks import Constraints, checked
from craton.kernels.implicit_field import Drift
from craton.kernels.partition_boxes import Boxes, Floats, Whole, bounds, matches, part, pieces
from craton.kernels.partition_field import (
    NEW,
    UNUSED,
    PartitionField,
    changed_boxes,
    empty_field,
    noise_of,
    residuals,
)
from craton.kernels.partition_kept import Kept, Leaves, found_among, leaves_of, put_back
from craton.kernels.partition_patches import empty_patches, solve
from craton.kernels.partition_rows import Lattice, Table, same_rows, table_of

FIRST, SAMPLE = 20, 2000
"""Data of the first region over those of a patch at most, and contacts by which its size is found."""

RIM = 1e-6
"""Part of a side at the rim of a region that does not count: places are rounded within the table."""

KINDS = (
    ("points", "surface"),
    ("orientation_points", "gradients"),
    ("inequality_points", "inequality_surface", "inequality_sign"),
    ("tangent_points", "tangents"),
)
"""Parts of constraints that belong together, the places first."""


class Changed(NamedTuple):
    """A field that was changed.

    Parameters
    ----------
    field : PartitionField
        To be asked within `boxes` only, where it is equal to the bit to a fit of the new constraints on
        the same coarse field and lattice.
    boxes : array (b, 2, 3)
        Lowest and highest corners in metres of boxes, outside which the two fields are equal to the bit.
    kept : Kept
        The whole of it as it is kept.
    """

    field: PartitionField
    boxes: Floats
    kept: Kept


def fit_changed(kept: Kept, new: Constraints, *, drift: Drift | None = None) -> Changed:
    """The field of new constraints where it differs from one that is kept.

    It costs a small part of either field where what changed lies together: nothing but the data near it is
    sorted, and nothing is solved but the patches whose data changed.

    Parameters
    ----------
    kept : Kept
        The field that is to be changed.
    new : Constraints
        All data, not only those that are new; no surface that the coarse field does not know.
    drift : callable, optional
        As in `fit_partition`, known at the places of both; that of the kept field at its places.
    """
    lattice, settings = kept.lattice, kept.settings
    bare = empty_field(kept.coarse, lattice, settings, kept.nuggets, drift)
    levels = bare.levels_for(new)
    old, new = kept.given._replace(levels=levels), checked(new._replace(levels=levels))
    places = lattice.scaled(differing(old, new).places)
    if not len(places):
        return Changed(bare, np.zeros((0, 2, 3)), kept)
    region = _Region.about(places, new, lattice, FIRST * settings.limit)
    found = _found(bare, [region.of(one, lattice) for one in (old, new)])
    while len(lacking := region.lacks(found.asked)):
        region = region.wider(lacking)
        found = _found(bare, [region.of(one, lattice) for one in (old, new)])
    field = _solved(bare, found, kept.leaves)
    leaves = np.delete(np.arange(len(kept.leaves.depths)), found_among(kept.leaves, found.before, found.gone))
    joined = kept.leaves.of(leaves).joined(leaves_of(field.boxes, field.patches, found.new))
    boxes = lattice.origin + lattice.side * found.changed
    return Changed(field, boxes, kept._replace(given=new, leaves=joined))


def _solved(bare: PartitionField, found: _Found, leaves: Leaves) -> PartitionField:
    """The field within what changed, patches that are known put back and the others solved."""
    table, boxes, settings = found.table, found.boxes, bare.settings
    # A box that is there as it was has the data that it had.
    at = np.where(np.isin(found.needed, found.new), -1, found_among(leaves, boxes, found.needed))
    unknown = found.needed[at < 0]
    marks = np.full(len(table.rows), UNUSED, dtype=np.int64)
    marks[boxes.members[pieces(boxes.starts, unknown)[0]]] = NEW
    rows = residuals(bare, table, marks)
    patches = empty_patches(boxes, rows)
    put_back(patches, boxes, rows, found.needed[at >= 0], leaves.of(at[at >= 0]), reach=settings.reach)
    solve(patches, boxes, rows, unknown, reach=settings.reach, smooth=settings.smooth)
    return bare._replace(table=table, rows=rows, boxes=boxes, patches=patches)


class Differing(NamedTuple):
    """Places (k, 3) in metres of data that another set does not have, or not as often, and of its own."""

    gone: Floats
    added: Floats

    @property
    def places(self) -> Floats:
        """All of them."""
        return np.concatenate([self.gone, self.added])


def differing(old: Constraints, new: Constraints) -> Differing:
    """Data that only one of two sets has."""
    gone, added = [np.empty((0, 3))], [np.empty((0, 3))]
    for kind in KINDS:
        one, other = ([getattr(given, name) for name in kind] for given in (old, new))
        first = _alike(one, other)
        last = _alike(*([own[first:][::-1] for own in parts] for parts in (one, other)))
        ends = [len(parts[0]) - last for parts in (one, other)]
        rows = np.concatenate(
            [
                np.column_stack([own[first:end] for own in parts])
                for parts, end in zip((one, other), ends, strict=True)
            ]
        )
        if not len(rows):
            continue
        group = np.unique(rows, axis=0, return_inverse=True)[1].ravel()
        sign = np.where(np.arange(len(rows)) < ends[0] - first, -1.0, 1.0)
        balance = np.bincount(group, sign)[group]
        gone.append(rows[(balance < 0.0) & (sign < 0.0), :3])
        added.append(rows[(balance > 0.0) & (sign > 0.0), :3])
    return Differing(np.concatenate(gone), np.concatenate(added))


def _alike(one: list[NDArray[Any]], other: list[NDArray[Any]]) -> int:
    """How many rows of arrays that belong together are the same from the first on."""
    count = min(len(one[0]), len(other[0]))
    for own, twin in zip(one, other, strict=True):
        differs = (own[:count] != twin[:count]).ravel()
        if differs.any():
            count = int(differs.argmax()) // (differs.size // count)
    return count


class _Region(NamedTuple):
    """Boxes (r, 2, 3) in sides whose data are looked at."""

    boxes: Floats

    @classmethod
    def about(cls, places: Floats, given: Constraints, lattice: Lattice, count: int) -> _Region:
        """One box that holds `places` in sides, and about `count` of the contacts."""
        low, high = places.min(axis=0), places.max(axis=0)
        some = lattice.scaled(given.points[:: max(len(given.points) // SAMPLE, 1)])
        if len(some) < SAMPLE // 2:
            return cls(np.array([[[-np.inf] * 3, [np.inf] * 3]]))
        away = np.maximum(low - some, some - high).max(axis=1)
        wanted = min(count * len(some) // len(given.points), len(some) - 1)
        width = max(float(np.partition(away, wanted)[wanted]), 0.0) + RIM
        return cls(np.stack([low - width, high + width])[None])

    def lacks(self, boxes: Floats) -> Floats:
        """Those of boxes (m, 2, 3) that lie in none of its own, clear of the rim."""
        return boxes[~_within(boxes, self.boxes, RIM)]

    def wider(self, boxes: Floats) -> _Region:
        """A region that holds boxes as well, or as much of them as lies within twice its size.

        At its rim boxes seem to be large, as the data that would cut them are not looked at.
        """
        low, high = self.boxes[:, 0].min(axis=0), self.boxes[:, 1].max(axis=0)
        half = (high - low) / 2.0
        near = np.unique(np.clip(boxes, low - half, high + half), axis=0)
        larger = near[np.argsort(-np.prod(near[:, 1] - near[:, 0], axis=1), kind="stable")]
        kept = [box for number, box in enumerate(larger) if not _within(box[None], larger[:number], 0.0)[0]]
        rim = 2.0 * RIM * np.array([[-1.0], [1.0]])
        return _Region(np.concatenate([self.boxes, np.stack(kept) + rim]))

    def of(self, given: Constraints, lattice: Lattice) -> Constraints:
        """Those of the constraints that lie within."""
        corners = lattice.origin + lattice.side * self.boxes
        parts: dict[str, NDArray[Any]] = {}
        for kind in KINDS:
            own = _inside(getattr(given, kind[0]), corners)
            parts |= {name: getattr(given, name)[own] for name in kind}
        return given._replace(**parts)


def _within(boxes: Floats, others: Floats, rim: float) -> NDArray[np.bool_]:
    """Which of boxes (m, 2, 3) lie within any of others (r, 2, 3) less their rim."""
    above = (boxes[:, None, 0] >= others[None, :, 0] + rim).all(axis=2)
    below = (boxes[:, None, 1] <= others[None, :, 1] - rim).all(axis=2)
    found: NDArray[np.bool_] = (above & below).any(axis=1)
    return found


def _inside(places: Floats, boxes: Floats) -> Whole:
    """Numbers of the places (n, 3) that lie in any of boxes (r, 2, 3)."""
    found = np.zeros(len(places), dtype=np.bool_)
    _mark(places, boxes, boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0), found)
    return np.flatnonzero(found)


@njit(nogil=True, cache=True, error_model="numpy")
def _mark(places: Floats, boxes: Floats, low: Floats, high: Floats, found: NDArray[np.bool_]) -> None:
    """Mark the places (n, 3) that lie in any of boxes (r, 2, 3), which lie between two corners (3,)."""
    for number in range(places.shape[0]):
        x, y, z = places[number, 0], places[number, 1], places[number, 2]
        if not (low[0] <= x <= high[0] and low[1] <= y <= high[1] and low[2] <= z <= high[2]):
            continue
        for box in range(boxes.shape[0]):
            own = boxes[box]
            within = own[0, 0] <= x <= own[1, 0] and own[0, 1] <= y <= own[1, 1]
            if within and own[0, 2] <= z <= own[1, 2]:
                found[number] = True
                break


class _Found(NamedTuple):
    """What changed from one set of data to another.

    Parameters
    ----------
    table, boxes : Table, Boxes
        Of the new data.
    before : Boxes
        Of the old data.
    changed : array (b, 2, 3)
        Corners of what differs.
    new, gone : array
        Leaves of `boxes` that have data and are new, and those of `before` that are no longer.
    needed : array
        Leaves of `boxes` that have data and bear on what differs.
    asked : array (m, 2, 3)
        Corners of what all those boxes have their data in.
    """

    table: Table
    boxes: Boxes
    before: Boxes
    changed: Floats
    new: Whole
    gone: Whole
    needed: Whole
    asked: Floats


def _found(bare: PartitionField, both: list[Constraints]) -> _Found:
    """What changed from one set of data to another, taken as all there is."""
    settings, nuggets = bare.settings, bare.nuggets
    before, after = (
        table_of(one, bare.levels, noise_of(nuggets[0], len(one.points)), nuggets[1], bare.lattice)
        for one in both
    )
    old, boxes = (
        part(one.rows[:, :3].copy(), limit=settings.limit, reach=settings.reach) for one in (before, after)
    )
    twins = matches(boxes, old, same_rows(after, before))
    filled, gone = np.diff(boxes.starts) > 0, np.setdiff1d(np.arange(len(old.depths)), twins)
    changed = changed_boxes(boxes, old, twins, settings)
    meets = np.flatnonzero(_meeting(bounds(boxes, np.arange(len(twins)), settings.overlap), changed))
    asked = np.concatenate([bounds(boxes, meets, settings.reach), bounds(old, gone, settings.reach)])
    new = np.flatnonzero((twins < 0) & filled)
    return _Found(after, boxes, old, changed, new, gone, meets[filled[meets]], asked)


def _meeting(covered: Floats, changed: Floats) -> NDArray[np.bool_]:
    """Which of boxes (n, 2, 3) meet any of others (b, 2, 3)."""
    found = np.zeros(len(covered), dtype=bool)
    for low, high in changed:
        found |= ((covered[:, 0] < high) & (covered[:, 1] > low)).all(axis=1)
    return found
