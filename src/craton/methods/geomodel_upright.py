"""Beds that lie the right way up: fields that turn over where no datum says so are held upright.

Far from data the smoothest field may bend over, so that the youngest unit comes again beneath the oldest.
Where no bed is known to lie upside down, places at which the field falls upward become orientations of
flat beds, and it is fitted again.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.spatial import cKDTree

from craton.kernels.implicit_field import Constraints
from craton.methods.geomodel_fit import Choices, ScalarField

NODES = (13, 13, 13)
"""Places by easting, northing and upward at which a field is looked at."""

LEAST = 0.1
"""Slope upward in the usual length of the gradient below which a field is taken to turn over."""

CLEAR = 0.015
"""Distance from data in the diagonal of the box within which a field is left as the data have it."""

MOST_ADDED, ROUNDS = 60, 4
"""Orientations added at once, and how often."""


def upright(
    fit: Callable[[Constraints], ScalarField],
    field: ScalarField,
    constraints: Constraints,
    choices: Choices,
) -> tuple[ScalarField, int]:
    """The field that `fit` made of constraints, held upright, and the number of orientations that took."""
    nodes, added = _clear_nodes(constraints, choices), 0
    for _round in range(ROUNDS):
        usual = float(np.median(np.linalg.norm(field.gradient(constraints.points), axis=1)))
        wrong = np.flatnonzero(field.gradient(nodes)[:, 2] < LEAST * usual) if len(nodes) else np.arange(0)
        if not wrong.size:
            break
        chosen = nodes[wrong[_spread(wrong.size)]]
        flat = np.tile([0.0, 0.0, usual], (len(chosen), 1))
        constraints = constraints._replace(
            orientation_points=np.concatenate([constraints.orientation_points, chosen]),
            gradients=np.concatenate([constraints.gradients, flat]),
        )
        added += len(chosen)
        field = fit(constraints)
    return field, added


def _spread(count: int) -> np.ndarray:
    """At most `MOST_ADDED` numbers below `count`, evenly over them."""
    return np.unique(np.linspace(0, count - 1, min(count, MOST_ADDED)).astype(np.int64))


def _clear_nodes(constraints: Constraints, choices: Choices) -> np.ndarray:
    """Places of the box that are clear of all data."""
    axes = [np.linspace(low, high, count) for low, high, count in zip(*choices.box, NODES, strict=True)]
    nodes = np.stack([one.ravel() for one in np.meshgrid(*axes, indexing="ij")], axis=1)
    known = np.concatenate([constraints.points, constraints.orientation_points])
    far = cKDTree(known).query(nodes)[0] > CLEAR * float(np.linalg.norm(choices.box[1] - choices.box[0]))
    clear: np.ndarray = nodes[far]
    return clear
