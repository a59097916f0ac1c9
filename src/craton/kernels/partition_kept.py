"""A field as it is kept: its data, its coarse field, and the weights of its patches.

Boxes and the places of the members of patches follow from the data and cost little; the coarse field and the
weights are what costs to find.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from craton.kernels.implicit_checks import Constraints
from craton.kernels.partition_boxes import HALVES, Boxes, Floats, Whole, box_keys, pieces
from craton.kernels.partition_coarse import Coarse
from craton.kernels.partition_field import PartitionField, Settings
from craton.kernels.partition_patches import Patches, Rows, radii
from craton.kernels.partition_rows import Lattice


class Leaves(NamedTuple):
    """Solved patches by the boxes that they belong to, without the places of their members.

    Parameters
    ----------
    depths, corners : array (p,), (p, 3)
        Of the boxes, see `partition_boxes.Boxes`.
    starts : array (p + 1,)
        Where the weights of each start.
    weights : array (starts[-1],)
        Of its members in the order of the data.
    jumps : array (p, d)
        Weights of the step functions.
    """

    depths: Whole
    corners: Floats
    starts: Whole
    weights: Floats
    jumps: Floats

    def of(self, chosen: Whole) -> Leaves:
        """Those whose numbers are `chosen`."""
        members, starts = pieces(self.starts, chosen)
        return Leaves(
            self.depths[chosen], self.corners[chosen], starts, self.weights[members], self.jumps[chosen]
        )

    def joined(self, other: Leaves) -> Leaves:
        """These, and others after them."""
        starts = np.append(self.starts, other.starts[1:] + self.starts[-1])
        pairs = zip(self, other, strict=True)
        depths, corners, _starts, weights, jumps = (np.concatenate(pair) for pair in pairs)
        return Leaves(depths, corners, starts, weights, jumps)


class Kept(NamedTuple):
    """What a field is to be changed from.

    Parameters
    ----------
    given : Constraints
        Its data.
    coarse, lattice, settings, nuggets
        As in `PartitionField`; contacts have one nugget.
    leaves : Leaves
        Those of its patches that have data.
    """

    given: Constraints
    coarse: Coarse
    lattice: Lattice
    settings: Settings
    nuggets: tuple[float, float]
    leaves: Leaves


def kept_of(field: PartitionField, given: Constraints) -> Kept:
    """A field as it is kept, with the data that it was fitted to."""
    leaves = leaves_of(field.boxes, field.patches, np.flatnonzero(np.diff(field.boxes.starts)))
    return Kept(given, field.coarse, field.lattice, field.settings, field.nuggets, leaves)


def leaves_of(boxes: Boxes, patches: Patches, chosen: Whole) -> Leaves:
    """Patches of some boxes by their numbers."""
    every = Leaves(boxes.depths, boxes.corners, boxes.starts, patches.weights, patches.jumps)
    return every.of(chosen)


def found_among(leaves: Leaves, boxes: Boxes, wanted: Whole) -> Whole:
    """Numbers among `leaves` of the `wanted` boxes, −1 where there is none with as many members."""
    found = np.full(wanted.size, -1, dtype=np.int64)
    if not wanted.size:
        return found
    asked = boxes.corners[wanted]
    near = ((leaves.corners >= asked.min(axis=0)) & (leaves.corners <= asked.max(axis=0))).all(axis=1)
    near &= np.isin(leaves.depths, boxes.depths[wanted])
    known = np.flatnonzero(near)
    keys = np.concatenate(
        [
            box_keys(leaves.corners[known], leaves.depths[known], np.diff(leaves.starts)[known]),
            box_keys(asked, boxes.depths[wanted], np.diff(boxes.starts)[wanted]),
        ]
    )
    order = np.lexsort(keys.T)
    twins = np.flatnonzero((keys[order[1:]] == keys[order[:-1]]).all(axis=1))
    found[order[twins + 1] - known.size] = known[order[twins]]
    return found


def put_back(
    patches: Patches, boxes: Boxes, rows: Rows, wanted: Whole, leaves: Leaves, *, reach: float
) -> None:
    """Write known patches to the `wanted` boxes, `leaves` in their order."""
    into, starts = pieces(boxes.starts, wanted)
    counts = np.diff(starts)
    members, middles = boxes.members[into], boxes.corners[wanted] + HALVES[boxes.depths[wanted]]
    scales = np.repeat(radii(reach)[boxes.depths[wanted]], counts)
    patches.weights[into], patches.jumps[wanted] = leaves.weights, leaves.jumps
    off = rows.places[members] - np.repeat(middles, counts, axis=0)
    patches.centres[:, into] = (off / scales[:, None]).T
    if patches.vectors.size:
        patches.vectors[:, into] = rows.directions[members].T
    values = np.append(0, np.cumsum(members < rows.counts[1]))
    patches.slopes[wanted] = boxes.starts[wanted] + np.diff(values[starts])
