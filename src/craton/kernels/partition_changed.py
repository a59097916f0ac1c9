"""A field of many data where others were added: only the patches that bear on what changed.

`partition_field.PartitionField.updated` needs the field that is to be changed at hand. A model that was
stored has its values only, and the data it was built from; the boxes of both sets of data are parted again,
which is cheap, and what differs is solved.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from craton.kernels.implicit_checks import Constraints, checked
from craton.kernels.implicit_field import Drift
from craton.kernels.partition_boxes import Floats, bounds, matches, part
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
from craton.kernels.partition_rows import Lattice, same_rows, table_of


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

    It costs a small part of either field: nothing is solved but the patches that bear on what changed.

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
    tables = [
        table_of(
            checked(one._replace(levels=bare.levels_for(one))), coarse.levels,
            noise_of(nuggets[0], len(one.points)), nuggets[1], lattice,
        )
        for one in (old, new)
    ]  # fmt: skip
    before, boxes = (
        part(one.rows[:, :3].copy(), limit=settings.limit, reach=settings.reach) for one in tables
    )
    twins = matches(boxes, before, same_rows(tables[1], tables[0]))
    changed = changed_boxes(boxes, before, twins, settings)
    needed = _meeting(bounds(boxes, np.arange(len(boxes.depths)), settings.overlap), changed)
    needed &= np.diff(boxes.starts) > 0
    marks = np.full(len(tables[1].rows), UNUSED, dtype=np.int64)
    marks[boxes.members[np.repeat(needed, np.diff(boxes.starts))]] = NEW
    rows = residuals(bare, tables[1], marks)
    patches = empty_patches(boxes, rows)
    leaves = np.flatnonzero(needed)
    solve(patches, boxes, rows, leaves, reach=settings.reach, smooth=settings.smooth)
    field = bare._replace(table=tables[1], rows=rows, boxes=boxes, patches=patches)
    return field, lattice.origin + lattice.side * changed


def _meeting(covered: Floats, changed: Floats) -> NDArray[np.bool_]:
    """Which of boxes (n, 2, 3) meet any of others (b, 2, 3)."""
    found = np.zeros(len(covered), dtype=bool)
    for low, high in changed:
        found |= ((covered[:, 0] <= high) & (covered[:, 1] >= low)).all(axis=1)
    return found
