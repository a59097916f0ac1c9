"""Volumes as scenes show them: their lattice, what their cells hold, and bricks of cells at levels of detail.

A brick is a cube of `SIDE` cells, a byte each, from the bottom to the top, from
the south to the north, from the west to the east; beyond the end of the volume
there is nothing (0). All bricks of a variable are made when the first is asked
for, and kept among the copies that can be made again.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import xarray as xr

from craton.model.errors import BeingMadeError, CratonError, InvalidError, NotFoundError, StorageError
from craton.model.record import Member, Record
from craton.store.background import Background
from craton.store.codec import decode
from craton.store.codec_grid import COLUMNS, ROWS
from craton.store.derived import Derived
from craton.store.grid_window_layers import FurtherAxis, Layer, layers_of
from craton.store.recent import Recent
from craton.store.store import Store
from craton.store.volume_bricks_build import (
    Shape,
    Slab,
    brick_at,
    brick_number,
    bricks_along,
    build,
    level_shapes,
)
from craton.store.volume_bricks_place import HEIGHT, VolumePlace, place_of
from craton.store.volume_bricks_values import Cells, Variable, cells_of, valid_cells, variable_of

FORMAT = 2
"""Number of the way in which bricks are made; of another one they are made anew."""

MOST_VARIABLES = 200
"""Variables that are shown."""

SMALL_CELLS = 50_000_000
"""Cells that are looked through, or made into bricks, while who asks waits; more are worked on apart."""

SWIFTER = 4
"""Times as many cells that are looked through as become bricks in the same time, roughly."""

CELLS_PER_SECOND = 5_000_000
"""Cells worked on each second, roughly."""

MOST_SECONDS = 60
"""When to ask again at the latest."""

OPEN_VOLUMES = 64
"""Volumes kept open."""


class Level(NamedTuple):
    """A level of detail: cells, their size, and the lowest south-west corner, each upward, north, east."""

    shape: Shape
    spacing: tuple[float, float, float]
    corner: tuple[float, float, float]


@dataclass(frozen=True)
class Volume:
    """An open volume; may be used from several threads.

    Parameters
    ----------
    record : Record
        The dataset.
    dataset : Dataset
        Its data, lazy.
    place : VolumePlace
        Lattice of the scene.
    layers : mapping
        Variables of the data that lie on all three axes, by name.
    derived : Derived
        Where copies are kept that can be made again.
    """

    record: Record
    dataset: xr.Dataset
    place: VolumePlace
    layers: Mapping[str, Layer]
    derived: Derived

    @cached_property
    def levels(self) -> tuple[Level, ...]:
        """Levels of detail, the finest first; an axis of one cell stays as it is."""
        corner = tuple(axis.low for axis in self.place.axes)
        spacing = tuple(axis.step for axis in self.place.axes)
        found, before = [], self.place.shape
        for shape in level_shapes(self.place.shape):
            spacing = tuple(
                step * 2 if now != then else step
                for step, now, then in zip(spacing, shape, before, strict=True)
            )
            found.append(
                Level(shape, (spacing[0], spacing[1], spacing[2]), (corner[0], corner[1], corner[2]))
            )
            before = shape
        return tuple(found)

    @property
    def axes(self) -> dict[str, FurtherAxis]:
        """Axes beyond the three of space, by name."""
        return {a.name: a for layer in self.layers.values() for a in layer.axes if a.name != HEIGHT}

    @property
    def variables(self) -> tuple[Variable, ...]:
        """Variables in the order of the data.

        Raises
        ------
        BeingMadeError
            While a large volume is looked through.
        """
        found, waiting = [], None
        for name in self.layers:
            try:
                found.append(self.variable(name))
            except BeingMadeError as error:  # all are asked for before the first is waited for
                waiting = error
        if waiting is not None:
            raise waiting
        return tuple(found)

    def variable(self, name: str = "") -> Variable:
        """The variable `name`, the first where none is named.

        Raises
        ------
        InvalidError
            If there is none.
        BeingMadeError
            While a large one is looked through.
        """
        if name and name not in self.layers:
            known = ", ".join(list(self.layers)[:20])
            raise InvalidError(f"{self.record.id} has no variable {name[:60]!r}", hint=f"there are: {known}")
        layer = self.layers[name or next(iter(self.layers))]
        array = self.dataset[layer.name]

        def make(target: Path) -> None:
            target.write_bytes(msgspec.json.encode(cells_of(array, layer)))

        cells = sum(self.dataset[one].size for one in self.layers) // SWIFTER
        path = self._made(f"cells-{FORMAT}-{_short(layer.name)}.json", cells, make)
        found = msgspec.json.decode(path.read_bytes(), type=Cells)
        return variable_of(self.record, array, layer, found)

    def brick(
        self, name: str, level: int, place: tuple[int, int, int], selection: Mapping[str, Any] | None = None
    ) -> bytes:
        """A brick, compressed with gzip.

        Parameters
        ----------
        name : str
            Variable; the first where it is empty.
        level : int
            Level of detail.
        place : tuple of int
            Number of the brick upward, to the north and to the east.
        selection : mapping, optional
            Value along each further axis by its name; the nearest is taken, and a usual one where it is
            left out.

        Raises
        ------
        NotFoundError
            If there is no such brick.
        InvalidError
            If there is no such variable or step.
        BeingMadeError
            While the bricks of a large volume are made.
        """
        self.check(level, place)
        variable = self.variable(name)
        steps = self.steps(variable.name, selection or {})
        text = repr((variable.name, sorted(steps.items())))
        cells = math.prod(self.place.shape)
        path = self._made(
            f"bricks-{FORMAT}-{_short(text)}.bricks",
            cells,
            lambda target: self._build(target, variable, steps),
        )
        return brick_at(path, brick_number(level_shapes(self.place.shape), level, place))

    def check(self, level: int, place: tuple[int, int, int]) -> None:
        """`NotFoundError` where there is no such brick."""
        if not 0 <= level < len(self.levels):
            raise NotFoundError(
                f"there is no level {level}", hint=f"there are levels 0 to {len(self.levels) - 1}"
            )
        along = bricks_along(self.levels[level].shape)
        if not all(0 <= one < count for one, count in zip(place, along, strict=True)):
            told = "/".join(map(str, place))
            counts = " × ".join(map(str, along))
            raise NotFoundError(f"there is no brick {told}", hint=f"level {level} has {counts} bricks")

    def steps(self, name: str, selection: Mapping[str, Any]) -> dict[str, int]:
        """Step along each further axis of a variable that `selection` asks for."""
        found = self.layers[name or next(iter(self.layers))].indices({**selection, HEIGHT: None})
        return {axis: step for axis, step in found.items() if axis != HEIGHT}

    def _made(self, name: str, cells: int, make: Callable[[Path], None]) -> Path:
        """A file made here where it is small, else ordered."""
        content = self.record.content
        found = self.derived.have(content, name)
        if found is not None:
            return found
        if cells <= SMALL_CELLS:
            return self.derived.get(content, name, make)
        key = (str(self.derived.folder), content, name)
        failed = _builder.ask(key, lambda: self.derived.get(content, name, make))
        if isinstance(failed, CratonError):
            raise failed.with_traceback(None)
        if failed is not None:
            raise StorageError(f"the bricks of {self.record.id} were not made: {failed}")
        seconds = min(MOST_SECONDS, 2 + cells // CELLS_PER_SECOND)
        raise BeingMadeError(f"the bricks of {self.record.id} are being made", seconds=seconds)

    def _build(self, target: Path, variable: Variable, steps: Mapping[str, int]) -> None:
        array = self.dataset[variable.name].isel(steps).transpose(*self.place.names)

        def read(slab: Slab) -> np.ndarray[Any, Any]:
            values, valid = self._cells(array, variable.layer, slab)
            return variable.encode(values, valid)

        build(target, self.place.shape, read, is_classes=variable.is_classes)

    def _cells(
        self, array: xr.DataArray, layer: Layer, slab: Slab
    ) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, np.dtype[np.bool_]]]:
        """Cells of a slab and which hold a value; no more of the data is read than around them."""
        layers = self.place.upward.cells[slab.layers]
        rows, columns = np.broadcast_arrays(*self.place.rows_of(slab.rows))
        inside = (rows >= 0) & (columns >= 0)
        if not inside.any():
            nothing = np.zeros((layers.size, *rows.shape), array.dtype)
            return nothing, np.zeros(nothing.shape, bool)
        (up, low), (row, south), (column, west) = (
            _span(one) for one in (layers, rows[inside], columns[inside])
        )
        block = array[up, row, column].to_numpy()
        values = block[
            (layers - low)[:, None, None], np.where(inside, rows - south, 0)[None],
            np.where(inside, columns - west, 0)[None],
        ]  # fmt: skip
        return values, valid_cells(values, layer) & inside


def _span(index: np.ndarray[Any, np.dtype[np.int64]]) -> tuple[slice, int]:
    """Range that holds all of `index`, and its start."""
    low = int(index.min())
    return slice(low, int(index.max()) + 1), low


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


_builder = Background("bricks", threads=1)

_volumes: Recent[tuple[str, str, int, str], Volume] = Recent(OPEN_VOLUMES)


def has_bricks(record: Record) -> bool:
    """Whether `record` is a volume of this node with the three axes of space, told from the record alone."""
    data = record.assets.get("data")
    return (
        record.kind == "volume"
        and bool(record.content)
        and data is not None
        and all(member.sha256 for member in data.members)
        and HEIGHT in record.shape
        and any(name in record.shape for name in ROWS)
        and any(name in record.shape for name in COLUMNS)
    )


def open_volume(store: Store, record: Record) -> Volume:
    """The volume `record`, open for reading bricks.

    Raises
    ------
    NotFoundError
        Where it is none, or its cells lie along no axes.
    """
    if not has_bricks(record):
        raise NotFoundError(f"{record.id} is no volume of cells along axes upward, north and east")
    key = (str(store.derived.folder), record.id, record.version, record.content)
    return _volumes.get(key, lambda: _opened(store, record))


def _opened(store: Store, record: Record) -> Volume:
    def located(member: Member) -> Path:
        path = store.objects.path(member.sha256)
        if path is None:
            raise NotFoundError(f"the data of {record.id} does not lie on a disk of this node")
        return path

    dataset = decode(record.kind, record.assets, located)
    assert isinstance(dataset, xr.Dataset)
    place = place_of(dataset, record.crs)
    shown = {
        name: layer
        for name, layer in layers_of(record, dataset, []).items()
        if layer.axis(HEIGHT) is not None
        and set(layer.plane) == set(place.names[1:])
        and layer.kind in "iufb"
    }
    if not shown:
        raise NotFoundError(f"{record.id} has no variable on the axes upward, north and east")
    names = list(shown)[:MOST_VARIABLES]
    return Volume(record, dataset, place, {name: shown[name] for name in names}, store.derived)
