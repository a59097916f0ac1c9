"""Field of many data: a coarse dense field, and what is left of it in patches that overlap.

The dense field of `implicit_field` costs the cube of the number of data. Here it is fitted to a part of
them only, chosen by a lattice; that fixes the levels of the surfaces, and the field far from data. What the
data have left over is interpolated in boxes of some hundred data each (`partition_boxes`), one small system
a box (`partition_patches`), and blended (`partition_blend`). Time and memory grow with the number of data,
the time to evaluate at a place hardly at all.

A datum is felt only in the boxes near it. With the coarse field kept, `PartitionField.updated` solves those
alone, and the field elsewhere is the same to the bit, also that of a fit from scratch on the same coarse
field.

References
----------
Wendland, H. (2002), Fast evaluation of radial basis functions: methods based on partition of unity,
Approximation Theory X, 473-483, Vanderbilt University Press.

Cuomo, S., Galletti, A., Giunta, G. and Starace, A. (2013), Surface reconstruction from scattered point via
RBF interpolation on GPU, Federated Conference on Computer Science and Information Systems, 433-440.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from craton.kernels import partition_blend
from craton.kernels.implicit_checks import Constraints, checked
from craton.kernels.implicit_field import Background, Drift
from craton.kernels.partition_again import part_again
from craton.kernels.partition_blend import Sizes
from craton.kernels.partition_boxes import Boxes, Floats, Whole, bounds, matches, part
from craton.kernels.partition_coarse import Coarse, coarse_of_values, dense_of
from craton.kernels.partition_patches import Patches, Rows, copy, empty_patches, solve
from craton.kernels.partition_rows import LABEL, NOISE, SIGN, Lattice, Table, lattice_of, same_rows, table_of

__all__ = [
    "Constraints",
    "Lattice",
    "PartitionField",
    "Settings",
    "fit_partition",
    "fit_values",
]

NEW, UNUSED = -1, -2
"""Marks of rows that are not in an earlier table: to be computed, and not needed."""


class Settings(NamedTuple):
    """How a field is parted.

    Parameters
    ----------
    limit : int
        Data of a patch at most; a slope counts as one, a gradient as three.
    reach : float
        Size of what the data of a patch lie in, over that of its box; 1 to 3. The larger, the less the
        field of a patch lacks at its rim.
    overlap : float
        Size of what a patch counts in, over that of its box; above 1, below 2, at most `reach`.
    smooth : int
        1 for patches like cubic splines, 2 for quintic ones: those are the better for values of a smooth
        function, and swing more where data are rough.
    coarse : int
        Contacts of the coarse field at most.
    """

    limit: int = 200
    reach: float = 1.65
    overlap: float = 1.5
    smooth: int = 1
    coarse: int = 600


class PartitionField(NamedTuple):
    """A fitted field; see `fit_partition`.

    Parameters
    ----------
    coarse : Coarse
        The field below, with the levels.
    lattice : Lattice
        Where the boxes hang.
    settings : Settings
        How the field is parted.
    nuggets : tuple of float
        Of contacts, where they are given none of their own, and of slopes.
    drift : callable or None
        Step functions (k, d) at places (k, 3).
    table, rows : Table, Rows
        The data, as given and as the patches see them.
    boxes, patches : Boxes, Patches
        The boxes and their solved patches.
    """

    coarse: Coarse
    lattice: Lattice
    settings: Settings
    nuggets: tuple[float, float]
    drift: Drift | None
    table: Table
    rows: Rows
    boxes: Boxes
    patches: Patches

    @property
    def levels(self) -> Floats:
        """Value of the field on each surface (s,)."""
        return self.coarse.levels

    def at(self, places: Floats) -> Floats:
        """Values (k,) at places (k, 3) in metres."""
        return self.coarse.at(places) + partition_blend.values_at(*self._asked(places), **self._sizes())

    def gradient(self, places: Floats) -> Floats:
        """Gradients (k, 3) at places (k, 3), in units of the field per metre; steps have none."""
        patches = partition_blend.gradients_at(*self._asked(places), **self._sizes())
        return self.coarse.gradient(places) + patches / self.lattice.side

    def updated(
        self, constraints: Constraints, *, nugget: float | Floats | None = None
    ) -> tuple[PartitionField, Floats]:
        """The field of other constraints on the same coarse field, and where it may differ from this one.

        Parameters
        ----------
        constraints : Constraints
            All data, not only those that are new; no surface that the coarse field does not know.
        nugget : float or array (n,), optional
            As in `fit_partition`; left out, that of this field if it was one number.

        Returns
        -------
        field : PartitionField
            Equal to the bit to a fit from scratch with `coarse=self.coarse` and this lattice.
        changed : array (b, 2, 3)
            Lowest and highest corners in metres of the boxes outside which nothing changed.
        """
        given = checked(constraints._replace(levels=self.levels_for(constraints)))
        noise = noise_of(self.nuggets[0] if nugget is None else nugget, len(given.points))
        table = table_of(given, self.levels, noise, self.nuggets[1], self.lattice)
        return _built(self, table)

    def updated_values(self, places: Floats, values: Floats) -> tuple[PartitionField, Floats]:
        """As `updated`, for a field of `fit_values`, with all places (n, 3) and values (n,)."""
        given = _of_values(places, values)
        noise = noise_of(self.nuggets[0], len(values))
        assert given.levels is not None
        return _built(self, table_of(given, given.levels, noise, 0.0, self.lattice))

    def levels_for(self, constraints: Constraints) -> Floats:
        """The levels, refused where constraints name a surface that has none."""
        named = np.concatenate([np.ravel(constraints.surface), np.ravel(constraints.inequality_surface)])
        if named.size and named.max() >= self.levels.size:
            raise ValueError(f"surface {int(named.max())} is not in the coarse field: fit it anew")
        return self.levels

    def _asked(self, places: Floats) -> tuple[Floats, Floats, Boxes, Patches]:
        """Places in sides, step functions there, boxes and patches."""
        scaled = np.ascontiguousarray(self.lattice.scaled(places))
        return scaled, _steps(self.drift, places), self.boxes, self.patches

    def _sizes(self) -> Sizes:
        """Settings of the blend."""
        settings = self.settings
        return Sizes(overlap=settings.overlap, reach=settings.reach, smooth=settings.smooth)


def fit_partition(
    constraints: Constraints,
    *,
    drift: Drift | None = None,
    nugget: float | Floats = 0.0,
    gradient_nugget: float = 0.0,
    lattice: Lattice | None = None,
    coarse: Coarse | None = None,
    settings: Settings | None = None,
    background: Background | None = None,
) -> PartitionField:
    """Fit a field to many constraints.

    For up to about 2,000 data `implicit_field.fit` is as fast, and the smoothest of all fields.

    Parameters
    ----------
    constraints : Constraints
        Contacts, orientations, inequalities, tangents, known levels; places in metres.
    drift : callable, optional
        From places (k, 3) to step functions (k, d), such as 1 on one side of a fault and 0 on the other;
        the steps of the coarse field are the same everywhere, each patch adds its own.
    nugget, gradient_nugget : float or array (n,), float
        Noise of contacts and of slopes, in the meaning of `implicit_field.fit` with the extent of the
        coarse field.
    lattice : Lattice, optional
        Where the boxes hang; left out, one cube that holds all data. Two fits on one lattice and one
        coarse field differ only near the data that differ.
    coarse : Coarse, optional
        A coarse field to build upon; left out, a dense fit of a part of the data.
    settings : Settings, optional
        How the field is parted.
    background : Background, optional
        Field from which the coarse one is to bend away as little as it can; unused with `coarse`.

    Returns
    -------
    PartitionField
        Honours contacts, orientations and inequalities as the dense field does.

    Raises
    ------
    ValueError
        If the data are not numbers, contradict each other at one place, or leave the field open.
    """
    settings = settings or Settings()
    given = checked(constraints)
    lattice = lattice or lattice_of(given)
    noise = noise_of(nugget, len(given.points))
    if coarse is None:
        coarse = dense_of(
            given, lattice, noise, gradient_nugget, most=settings.coarse, drift=drift, background=background
        )
    table = table_of(given, coarse.levels, noise, gradient_nugget, lattice)
    own = float(nugget) if np.ndim(nugget) == 0 else 0.0
    return _built(empty_field(coarse, lattice, settings, (own, gradient_nugget), drift), table)[0]


def fit_values(
    places: Floats,
    values: Floats,
    *,
    nugget: float = 0.0,
    lattice: Lattice | None = None,
    coarse: Coarse | None = None,
    settings: Settings | None = None,
) -> PartitionField:
    """Fit a field to values (n,) at places (n, 3) in metres, such as grades.

    Values that are all one, or lie on a plane or a line, have a plane for a coarse field.

    Parameters
    ----------
    nugget : float
        Weight of bending against squared misfit, in the cube of the extent of the data (the fifth power
        with smoothness 2), 0 to go through the values.
    lattice, coarse, settings
        As in `fit_partition`; smoothness is 2 where no settings are given.

    Raises
    ------
    ValueError
        If the data are not numbers, or differ at one place without a nugget.
    """
    given = _of_values(places, values)
    assert given.levels is not None
    settings = settings or Settings(smooth=2)
    lattice = lattice or lattice_of(given)
    noise = noise_of(nugget, len(given.points))
    if coarse is None:
        coarse = coarse_of_values(given, lattice, noise, most=settings.coarse)
    table = table_of(given, given.levels, noise, 0.0, lattice)
    return _built(empty_field(coarse, lattice, settings, (nugget, 0.0), None), table)[0]


def _of_values(places: Floats, values: Floats) -> Constraints:
    """Values at places as contacts, each on a level of its own."""
    places = np.asarray(places, dtype=np.float64).reshape(-1, 3)
    values = np.asarray(values, dtype=np.float64).ravel()
    if not len(places) or len(places) != len(values):
        raise ValueError(f"there are {len(places)} places and {len(values)} values")
    if not (np.isfinite(places).all() and np.isfinite(values).all()):
        raise ValueError("places and values must be finite numbers")
    # Each value is a level, and levels are numbered: in an order of their own, for no result to hang on it.
    order = np.lexsort((values, *places.T))
    return Constraints(places[order], np.arange(len(values)), levels=values[order])


def noise_of(nugget: float | Floats, count: int) -> Floats:
    """Nugget of each of `count` contacts."""
    noise: NDArray[np.float64] = np.broadcast_to(np.asarray(nugget, dtype=np.float64), (count,))
    if not (np.isfinite(noise).all() and (noise >= 0).all()):
        raise ValueError("a nugget must be a number of 0 or more")
    return noise


def _steps(drift: Drift | None, places: Floats) -> Floats:
    """Step functions (k, d) at places (k, 3)."""
    if drift is None:
        return np.zeros((len(places), 0))
    return np.ascontiguousarray(drift(places), dtype=np.float64)


def empty_field(
    coarse: Coarse, lattice: Lattice, settings: Settings, nuggets: tuple[float, float], drift: Drift | None
) -> PartitionField:
    """A field without data."""
    table = Table(np.empty((0, 9)), np.zeros(2, dtype=np.int64))
    nothing = np.empty(0)
    steps = _steps(drift, np.empty((0, 3)))
    rows = Rows(np.empty((0, 3)), np.empty((0, 3)), nothing, nothing, nothing, steps, table.counts)
    none = np.empty(0, dtype=np.int64)
    boxes = Boxes(
        none, none, none, none, np.empty((0, 3)), np.zeros(1, dtype=np.int64), np.empty(0, dtype=np.int32)
    )
    return PartitionField(
        coarse, lattice, settings, nuggets, drift, table, rows, boxes, empty_patches(boxes, rows)
    )


def _built(old: PartitionField, table: Table) -> tuple[PartitionField, Floats]:
    """The field of a table, what it shares with that of `old` taken from there; and where they differ."""
    settings = old.settings
    same = same_rows(table, old.table)
    rows = residuals(old, table, same)
    boxes, twins = _parted(old, rows.places, same)
    patches = empty_patches(boxes, rows)
    copy(patches, boxes, twins, old.patches, old.boxes)
    new = np.flatnonzero((twins < 0) & (np.diff(boxes.starts) > 0))
    solve(patches, boxes, rows, new, reach=settings.reach, smooth=settings.smooth)
    field = old._replace(table=table, rows=rows, boxes=boxes, patches=patches)
    changed = changed_boxes(boxes, old.boxes, twins, settings)
    return field, old.lattice.origin + old.lattice.side * changed


def _parted(old: PartitionField, places: Floats, same: Whole) -> tuple[Boxes, Whole]:
    """Boxes of data of which some are the `same` as those of `old`, and the leaves of `old` that they are."""
    limit, reach = old.settings.limit, old.settings.reach
    again = None
    if len(old.table.rows) == int((same >= 0).sum()) > 0:
        again = part_again(old.boxes, places, same, limit=limit, reach=reach)
    if again is not None:
        return again
    boxes = part(places, limit=limit, reach=reach)
    return boxes, matches(boxes, old.boxes, same)


def residuals(old: PartitionField, table: Table, same: Whole) -> Rows:
    """The rows of a table, less the coarse field; those that are the `same` as in `old` are copied.

    Those that are neither there nor `NEW` have no target.
    """
    places, directions = table.rows[:, :3].copy(), table.rows[:, 3:6].copy()
    first_slope = table.counts[1]
    targets, steps = np.zeros(len(places)), np.zeros((len(places), old.rows.steps.shape[1]))
    kept, new = np.flatnonzero(same >= 0), np.flatnonzero(same == NEW)
    targets[kept], steps[kept] = old.rows.targets[same[kept]], old.rows.steps[same[kept]]
    values, slopes = new[new < first_slope], new[new >= first_slope]
    at = old.lattice.origin + old.lattice.side * places
    targets[values] = table.rows[values, LABEL] - old.coarse.at(at[values])
    rise = (old.coarse.gradient(at[slopes]) * directions[slopes]).sum(axis=1)
    targets[slopes] = (table.rows[slopes, LABEL] - rise) * old.lattice.side
    steps[values], steps[slopes] = _steps(old.drift, at[values]), 0.0
    noise = table.rows[:, NOISE].copy()
    for own, power in ((slice(first_slope), 0.0), (slice(first_slope, None), 2.0)):
        odd = 2.0 * old.settings.smooth + 1.0
        noise[own] *= (old.coarse.frame.length / old.lattice.side) ** (odd - power)
    return Rows(places, directions, targets, noise, table.rows[:, SIGN].copy(), steps, table.counts)


def changed_boxes(boxes: Boxes, before: Boxes, twins: Whole, settings: Settings) -> Floats:
    """Corners (b, 2, 3) of what boxes that are new or gone cover."""
    new = np.flatnonzero((twins < 0) & (np.diff(boxes.starts) > 0))
    gone = np.setdiff1d(np.arange(len(before.depths)), twins)
    covered = [bounds(boxes, new, settings.overlap), bounds(before, gone, settings.overlap)]
    return np.unique(np.concatenate(covered), axis=0)
