"""A field of many data where others were added: only the patches that bear on what changed.

`partition_field.PartitionField.updated` needs the field that is to be changed at hand. A model that was
stored has its values only, and the data it was built from. Whether a box is cut hangs on nothing but the
data in its surroundings, so that the boxes near what changed can be found from the data near it: those of a
window, which is widened until it holds the surroundings of every box that is needed. The data beyond are not
even sorted.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from craton.kernels.implicit_checks import Constraints, checked
from craton.kernels.implicit_field import Drift
from craton.kernels.partition_boxes import Boxes, Floats, Whole, bounds, matches, part
from craton.kernels.partition_coarse import Coarse
from craton.kernels.partition_field import (
    NEW,
    UNUSED,
    PartitionField,
    Settings,
    changed_boxes,
    empty_field,
    noise_of,
    residuals,
)
from craton.kernels.partition_patches import empty_patches, solve
from craton.kernels.partition_rows import Lattice, Table, same_rows, table_of

FIRST, SAMPLE = 6, 2000
"""Data of the first window over those of a patch at most, and contacts by which its size is found."""

RIM = 1e-6
"""Part of a side at the rim of a window that does not count: places are rounded within the table."""

KINDS = (
    ("points", "surface"),
    ("orientation_points", "gradients"),
    ("inequality_points", "inequality_surface", "inequality_sign"),
    ("tangent_points", "tangents"),
)
"""Parts of constraints that belong together, the places first."""


def fit_changed(
    coarse: Coarse,
    old: Constraints,
    new: Constraints,
    *,
    lattice: Lattice,
    drift: Drift | None = None,
    nuggets: tuple[float, float] = (0.0, 0.0),
    settings: Settings | None = None,
) -> tuple[PartitionField, Floats]:
    """The field of new constraints where it differs from that of old ones, which need not be at hand.

    It costs a small part of either field where what changed lies together: nothing but the data near it is
    sorted, and nothing is solved but the patches that bear on it.

    Parameters
    ----------
    coarse : Coarse
        That of both fields.
    old, new : Constraints
        All data of either; no surface that the coarse field does not know.
    lattice, drift, settings
        As in `fit_partition`; the steps are known at the places of both.
    nuggets : tuple of float
        Of contacts, and of slopes.

    Returns
    -------
    field : PartitionField
        To be asked within `changed` only, where it is equal to the bit to a fit of the new constraints on
        this coarse field and lattice.
    changed : array (b, 2, 3)
        Lowest and highest corners in metres of boxes, outside which the two fields are equal to the bit.
    """
    settings = settings or Settings()
    bare = empty_field(coarse, lattice, settings, nuggets, drift)
    both = [checked(one._replace(levels=bare.levels_for(one))) for one in (old, new)]
    places = lattice.scaled(_differing(*both))
    if not len(places):
        return bare, np.zeros((0, 2, 3))
    window = _Window.about(places, both[1], lattice, FIRST * settings.limit)
    found = _found(bare, [window.of(one, lattice) for one in both])
    while not window.holds(found.asked):
        window = window.wider(found.asked)
        found = _found(bare, [window.of(one, lattice) for one in both])
    table, boxes, leaves = found.table, found.boxes, found.needed
    marks = np.full(len(table.rows), UNUSED, dtype=np.int64)
    for leaf in leaves:
        marks[boxes.members[boxes.starts[leaf] : boxes.starts[leaf + 1]]] = NEW
    rows = residuals(bare, table, marks)
    patches = empty_patches(boxes, rows)
    solve(patches, boxes, rows, leaves, reach=settings.reach, smooth=settings.smooth)
    field = bare._replace(table=table, rows=rows, boxes=boxes, patches=patches)
    return field, lattice.origin + lattice.side * found.changed


def _differing(old: Constraints, new: Constraints) -> Floats:
    """Places (k, 3) in metres of the data that only one of two sets has, or not as often."""
    found = [np.empty((0, 3))]
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
        found.append(rows[np.bincount(group, sign)[group] != 0.0, :3])
    return np.concatenate(found)


def _alike(one: list[NDArray[Any]], other: list[NDArray[Any]]) -> int:
    """How many rows of arrays that belong together are the same from the first on."""
    count = min(len(one[0]), len(other[0]))
    for own, twin in zip(one, other, strict=True):
        differs = (own[:count] != twin[:count]).ravel()
        if differs.any():
            count = int(differs.argmax()) // (differs.size // count)
    return count


class _Window(NamedTuple):
    """Corners (3,) in sides of a part of space."""

    low: Floats
    high: Floats

    @classmethod
    def about(cls, places: Floats, given: Constraints, lattice: Lattice, count: int) -> _Window:
        """That which holds `places` in sides, and about `count` of the contacts."""
        low, high = places.min(axis=0), places.max(axis=0)
        some = lattice.scaled(given.points[:: max(len(given.points) // SAMPLE, 1)])
        if len(some) < SAMPLE // 2:
            return cls(np.full(3, -np.inf), np.full(3, np.inf))
        away = np.maximum(low - some, some - high).max(axis=1)
        wanted = min(count * len(some) // len(given.points), len(some) - 1)
        width = max(float(np.partition(away, wanted)[wanted]), 0.0) + RIM
        return cls(low - width, high + width)

    def holds(self, boxes: Floats) -> bool:
        """Whether boxes (m, 2, 3) lie within, clear of the rim."""
        return bool((boxes[:, 0] > self.low + RIM).all() and (boxes[:, 1] < self.high - RIM).all())

    def wider(self, boxes: Floats) -> _Window:
        """A window that holds boxes as well."""
        low, high = boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)
        return _Window(np.minimum(self.low, low - 2 * RIM), np.maximum(self.high, high + 2 * RIM))

    def of(self, given: Constraints, lattice: Lattice) -> Constraints:
        """Those of the constraints that lie within."""
        low, high = (lattice.origin + lattice.side * corner for corner in self)
        parts: dict[str, NDArray[Any]] = {}
        for kind in KINDS:
            places = getattr(given, kind[0])
            inside = np.ones(len(places), dtype=bool)
            for axis in range(3):
                inside &= (places[:, axis] >= low[axis]) & (places[:, axis] <= high[axis])
            own = np.flatnonzero(inside)
            parts |= {name: getattr(given, name)[own] for name in kind}
        return given._replace(**parts)


class _Found(NamedTuple):
    """Table and boxes of new data, corners (b, 2, 3) of what changed, and the leaves that bear on it.

    `asked` are corners (m, 2, 3) of what all those boxes, old and new, have their data in.
    """

    table: Table
    boxes: Boxes
    changed: Floats
    needed: Whole
    asked: Floats


def _found(bare: PartitionField, both: list[Constraints]) -> _Found:
    """What changed from one set of data to another, taken as all there is."""
    settings, nuggets = bare.settings, bare.nuggets
    before, after = (
        table_of(one, bare.levels, noise_of(nuggets[0], len(one.points)), nuggets[1], bare.lattice)
        for one in both
    )
    old, new = (
        part(one.rows[:, :3].copy(), limit=settings.limit, reach=settings.reach) for one in (before, after)
    )
    twins = matches(new, old, same_rows(after, before))
    changed = changed_boxes(new, old, twins, settings)
    meets = np.flatnonzero(_meeting(bounds(new, np.arange(len(new.depths)), settings.overlap), changed))
    gone = np.setdiff1d(np.arange(len(old.depths)), twins)
    asked = np.concatenate([bounds(new, meets, settings.reach), bounds(old, gone, settings.reach)])
    return _Found(after, new, changed, meets[np.diff(new.starts)[meets] > 0], asked)


def _meeting(covered: Floats, changed: Floats) -> NDArray[np.bool_]:
    """Which of boxes (n, 2, 3) meet any of others (b, 2, 3)."""
    found = np.zeros(len(covered), dtype=bool)
    for low, high in changed:
        found |= ((covered[:, 0] < high) & (covered[:, 1] > low)).all(axis=1)
    return found
