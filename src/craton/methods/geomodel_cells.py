"""Fields of a geological model on cells: where each cell was before the faults, and values of fields there.

Blocks of cells that faults of known slip moved as a whole see a field on a lattice moved with them, which
goes by splines; cells within a fault that ends, and fields parted by faults, are evaluated one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from craton.kernels import implicit_fault
from craton.kernels.field_lattice import on_lattice
from craton.kernels.implicit_field import Field
from craton.methods.geomodel_faults import Fault
from craton.methods.geomodel_fit import Choices, ScalarField, stepped
from craton.methods.geomodel_series import Surfaces
from craton.methods.geomodel_volume import Lattice

FINE = 100
"""Cells along the longest side from which every fourth is a node of the splines, and no cell beside a level
is evaluated anew: the error of the splines is then far below a cell. Below, every second is a node."""

BATCH = 1 << 20
"""Cells that are evaluated one by one at a time."""

ALONE = -1


class CellPlaces(NamedTuple):
    """Cells of a lattice without the faults of known slip.

    Parameters
    ----------
    lattice : Lattice
        The cells, n of them.
    places : array (n, 3) or None
        Where their rock was before; None where nothing has moved.
    block : array (n,) or None
        Number of the block that a cell was moved with, −1 where it was moved by itself.
    steps : array (n, faults) of float32
        Share of each fault of unknown slip.
    """

    lattice: Lattice
    places: np.ndarray | None
    block: np.ndarray | None
    steps: np.ndarray


def undone_cells(faults: list[Fault], lattice: Lattice) -> CellPlaces:
    """Undo faults, from the youngest, at the cells of a lattice."""
    count = int(np.prod(lattice.shape))
    # Shares are 0 and 1, or true to far below a cell as float32; there may be many faults.
    steps = np.zeros((count, sum(not fault.slip_known for fault in faults)), np.float32)
    here, known = CellPlaces(lattice, None, None, steps), 0
    for fault in faults:
        values = _values(fault.field, here, lambda places: places, np.zeros(1))
        if fault.slip_known:
            here = _moved(here, fault, values > 0.0)
        else:
            places = lattice.places() if here.places is None else here.places
            steps[:, known] = fault.share(places, values)
            known += 1
    return here


def values_on(surfaces: Surfaces, here: CellPlaces, choices: Choices) -> np.ndarray:
    """Values (n,) of float32 of a field at cells that are undone, with its steps."""
    field, levels = surfaces.field, surfaces.levels
    if not here.steps.shape[1]:
        return _values(field, here, choices.scaled, levels)
    if not isinstance(field, Field):
        return _one_by_one(field, here, choices.scaled)
    # On the other side of a fault the surface is where the field without steps has another value.
    sides = np.unique(here.steps[: 1 << 16] @ field.steps) if _is_rigid(here.steps) else np.zeros(1)
    near = np.unique(np.subtract.outer(levels, np.append(sides, field.steps.sum())))
    smooth = _values(field._replace(drift=None), here, choices.scaled, near)
    stepped_up: np.ndarray = smooth + here.steps @ field.steps.astype(np.float32)
    return stepped_up


def _is_rigid(steps: np.ndarray) -> bool:
    return bool(((steps == 0.0) | (steps == 1.0)).all())


def _values(
    field: ScalarField, here: CellPlaces, scaled: Callable[[np.ndarray], np.ndarray], near: np.ndarray
) -> np.ndarray:
    """Values (n,) of a field without steps, exact beside the levels `near`."""
    if here.places is None or here.block is None:
        return _on_block(field, here.lattice, np.zeros(3), scaled, near).ravel()
    found = np.empty(len(here.places), np.float32)
    blocks = here.block.reshape(here.lattice.shape)
    for number in range(int(here.block.max()) + 1):
        own = blocks == number
        if own.any():
            found.reshape(own.shape)[own] = _in_block(field, here, own, scaled, near)
    alone = np.flatnonzero(here.block == ALONE)
    for first in range(0, alone.size, BATCH):
        part = alone[first : first + BATCH]
        found[part] = field.at(scaled(here.places[part]))
    return found


def _in_block(
    field: ScalarField,
    here: CellPlaces,
    own: np.ndarray,
    scaled: Callable[[np.ndarray], np.ndarray],
    near: np.ndarray,
) -> np.ndarray:
    """Values of the cells of one block, on the part of the lattice that holds it."""
    assert here.places is not None
    sides = tuple(
        slice(int(held[0]), int(held[-1]) + 1)
        for held in (np.flatnonzero(own.any(axis=other)) for other in ((1, 2), (0, 2), (0, 1)))
    )
    layers, rows, columns = sides
    whole = here.lattice
    lattice = Lattice(whole.upward[layers], whole.northing[rows], whole.easting[columns], "")
    first = int(np.flatnonzero(own.ravel())[0])
    layer, row, column = np.unravel_index(first, own.shape)
    at = whole.easting[column], whole.northing[row], whole.upward[layer]
    values = _on_block(field, lattice, here.places[first] - np.array(at), scaled, near)
    inner: np.ndarray = values[own[sides]]
    return inner


def _on_block(
    field: ScalarField,
    lattice: Lattice,
    shift: np.ndarray,
    scaled: Callable[[np.ndarray], np.ndarray],
    near: np.ndarray,
) -> np.ndarray:
    """Values (layers, rows, columns) on a lattice moved by `shift`."""
    sizes = lattice.shape
    corners = np.zeros((max(sizes), 3))
    for axis, places in zip((2, 1, 0), lattice[:3], strict=True):
        corners[: len(places), axis] = places + shift[axis]
    moved = scaled(corners)
    axes = (moved[: sizes[0], 2], moved[: sizes[1], 1], moved[: sizes[2], 0])
    fine = max(sizes) >= FINE
    return on_lattice(field, axes, every=4 if fine else 2, near=None if fine else near, dtype=np.float32)


def _one_by_one(
    field: ScalarField, here: CellPlaces, scaled: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Values (n,) of a field with its steps at every cell."""
    places = here.lattice.places() if here.places is None else here.places
    found = np.empty(len(places), np.float32)
    for first in range(0, len(places), BATCH):
        part = slice(first, first + BATCH)
        found[part] = stepped(field, here.steps[part]).at(scaled(places[part]))
    return found


def _moved(here: CellPlaces, fault: Fault, hanging: np.ndarray) -> CellPlaces:
    """Cells with a fault of known slip undone."""
    places = here.lattice.places() if here.places is None else here.places
    block = np.zeros(len(places), np.int64) if here.block is None else here.block
    if fault.is_finite:
        back = implicit_fault.restored(fault.moved, places)
        return here._replace(places=back, block=np.where((back != places).any(axis=1), ALONE, block))
    parted = np.where(block == ALONE, ALONE, 2 * block + hanging)
    held = np.bincount(parted[parted >= 0], minlength=1) > 0
    numbered = np.append(np.cumsum(held) - 1, ALONE)
    return here._replace(places=places - hanging[:, None] * fault.moved.slip, block=numbered[parted])
