"""Windows of stored grids and volumes: pixels of a picture, values at points, parts of the data.

A COG is read from its overviews. A plane of a Zarr store is held in memory,
or, where it is large, copied once into a COG among the copies that can be made
again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from rasterio.transform import Affine

from craton.model import crs as systems
from craton.model.errors import InvalidError, NotFoundError
from craton.model.record import Record
from craton.store.codec import decode
from craton.store.codec_asset import COG, only_member
from craton.store.codec_axis import is_regular, spacing
from craton.store.codec_grid import COLUMNS, ROWS, plane_of, write_plane
from craton.store.derived import Derived
from craton.store.grid_window_layers import FurtherAxis, Layer, layers_of
from craton.store.grid_window_levels import (
    ArrayPlane,
    CogFile,
    CogPlane,
    CopiedPlane,
    Part,
    Plane,
    coarsest_of,
)
from craton.store.grid_window_place import Cells, Frame, Numbers, Place, locate
from craton.store.grid_window_resample import Pixels, draw
from craton.store.recent import Recent
from craton.store.store import Store

__all__ = ["Frame", "FurtherAxis", "Grid", "Layer", "Pixels", "Selection", "has_place", "open_grid"]

OPEN_GRIDS = 64
"""Grids kept open."""

PLANE_BYTES = 256 << 20
"""Memory for planes of grids that have no overviews."""

OPEN_COPIES = 64
"""Planes kept open that were copied into COGs; each holds some of the process's files."""

MEMORY_CELLS = 4_000_000
"""Cells up to which such a plane is held in memory; a larger one becomes a COG."""

UNEVEN_CELLS = 16_000_000
"""Cells up to which a plane that cannot become a COG is held in memory; of a larger one every n-th cell."""

PLANE_FILE = "plane-2"

Selection = Mapping[str, Any]
"""Value along each further axis (`time`, `upward`, `realization` …) by its name; the nearest is taken."""


@dataclass(frozen=True)
class Grid:
    """An open grid or volume; may be used from several threads.

    Parameters
    ----------
    id, content : str
        The record it was opened for, and the hash of its data.
    dataset : Dataset
        Lazy, its rows and columns in the order of the source.
    place : Place
        Where its cells lie.
    layers : dict of str to Layer
        Variables that are maps, by name.
    turned : tuple of bool
        Whether the rows of `dataset` run to the north, and its columns to the west.
    file : CogFile or None
        The COG it lies in; `None` for Zarr.
    derived : Derived
        Where copies are kept that can be made again.
    """

    id: str
    content: str
    dataset: xr.Dataset
    place: Place
    layers: Mapping[str, Layer]
    turned: tuple[bool, bool]
    file: CogFile | None
    derived: Derived

    @property
    def crs(self) -> str:
        """Reference system of its axes."""
        return self.place.crs

    def layer(self, name: str = "") -> Layer:
        """The layer `name`, the first where none is named; its number, from 1, names it too."""
        if not name:
            return next(iter(self.layers.values()))
        if name not in self.layers:
            if (found := next((o for o in self.layers.values() if str(o.number) == name), None)) is not None:
                return found
            known = ", ".join(list(self.layers)[:20])
            raise InvalidError(f"{self.id} has no variable {name[:60]!r}", hint=f"there are: {known}")
        return self.layers[name]

    def window(
        self, names: Sequence[str], frame: Frame, *, nearest: bool = False, selection: Selection | None = None
    ) -> list[Pixels]:
        """Pixels of `frame`, of each variable.

        Parameters
        ----------
        names : sequence of str
            Variables.
        frame : Frame
            Extent, reference system and size of the picture.
        nearest : bool
            Take the nearest cell; else numbers are interpolated. Classes are never interpolated.
        selection : mapping, optional
            See `Selection`; where an axis is left out, its default is taken.
        """
        layers = [self.layer(name) for name in names]
        cells = self._locate(frame)
        planes = [self._plane(layer, layer.indices(selection or {})) for layer in layers]
        return [
            draw(plane, cells, nearest=nearest or layer.is_classes)
            for plane, layer in zip(planes, layers, strict=True)
        ]

    def _locate(self, frame: Frame) -> Cells:
        return locate(frame, self.place)

    def overview(self, name: str, cells: int, *, selection: Selection | None = None) -> Any:
        """Values of a variable, those that are there, from about `cells` cells spread over all of it."""
        layer = self.layer(name)
        plane = self._plane(layer, layer.indices(selection or {}))
        level = coarsest_of(plane.sizes, cells)
        size = plane.sizes[level]
        values, valid = plane.read(level, Part(0, 0, size.height, size.width))
        step = max(1, round((values.size / cells) ** 0.5))
        values, valid = values[::step, ::step], None if valid is None else valid[::step, ::step]
        there = values[valid] if valid is not None else values.ravel()
        return there[np.isfinite(there)] if there.dtype.kind == "f" else there

    def _plane(self, layer: Layer, indices: Mapping[str, int]) -> Plane:
        if self.file is not None:
            return CogPlane(self.file, layer.number)
        key = (str(self.derived.folder), self.content, layer.name, tuple(sorted(indices.items())))
        if (kept := _copies.have(key) or _planes.have(key)) is not None:
            return kept
        array = self.dataset[layer.name].isel(indices).transpose(*layer.plane)
        if array.size > MEMORY_CELLS and (copy := self._copier(array, layer, indices)) is not None:
            return _copies.get(key, lambda: CopiedPlane(copy))
        return _planes.get(key, lambda: self._in_memory(array, layer))

    def _in_memory(self, array: xr.DataArray, layer: Layer) -> ArrayPlane:
        step = max(1, int(np.ceil((array.size / UNEVEN_CELLS) ** 0.5)))
        cells = array[::step, ::step].to_numpy()
        if self.place.transform is not None:
            cells = cells[:: -1 if self.turned[0] else 1, :: -1 if self.turned[1] else 1]
        return ArrayPlane(_numbers(cells, layer), average=not layer.is_classes)

    def _copier(
        self, array: xr.DataArray, layer: Layer, indices: Mapping[str, int]
    ) -> Callable[[], CogFile] | None:
        """What opens the copy of a plane as a COG, making it where it is not there; `None` without a COG."""
        plain = array.drop_vars(set(array.coords) - set(layer.plane)).to_dataset(name=layer.name)
        plane = plane_of(plain)
        if plane is None:
            return None
        text = json.dumps([layer.name, sorted(indices.items())])
        name = f"{PLANE_FILE}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.tif"
        derived, content, crs = self.derived, self.content, self.crs

        def make(target: Path) -> None:
            write_plane(plain, plane, target, crs)

        return lambda: CogFile(derived.get(content, name, make))

    def close(self) -> None:
        """Close idle handles of its file."""
        if self.file is not None:
            self.file.close()


def _numbers(cells: np.ndarray[Any, Any], layer: Layer) -> np.ndarray[Any, Any]:
    """Cells as numbers that a picture can be made of; whole ones without a value become NaN."""
    if layer.nodata is not None and cells.dtype.kind in "iu":
        return np.where(cells == layer.nodata, np.nan, cells.astype(np.float32))
    if cells.dtype.kind in "iub" and cells.dtype.itemsize <= 2:
        return cells
    if cells.dtype.kind == "c":
        return np.abs(cells).astype(np.float32)
    return cells.astype(np.float32)


_grids: Recent[tuple[str, str], Grid] = Recent(OPEN_GRIDS, release=Grid.close)
_planes: Recent[tuple[Any, ...], ArrayPlane] = Recent(PLANE_BYTES, weigh=lambda plane: plane.bytes)
_copies: Recent[tuple[Any, ...], CopiedPlane] = Recent(OPEN_COPIES, release=CopiedPlane.close)


def has_place(record: Record) -> bool:
    """Whether `record` is a grid or volume of this node that lies on the Earth, row by row.

    It is told from the record alone, so that it can be asked of many.
    """
    data = record.assets.get("data")
    return (
        record.kind in {"grid", "volume"}
        and record.bbox is not None
        and data is not None
        and all(member.sha256 for member in data.members)
        and any(name in record.shape for name in ROWS)
        and any(name in record.shape for name in COLUMNS)
        and systems.is_placed(record.crs)
    )


def open_grid(store: Store, record: Record) -> Grid:
    """The data of `record`, open for reading windows.

    Raises
    ------
    NotFoundError
        Where it is no grid, or its cells have no place on the Earth, or lie on curved rows.
    """
    if not has_place(record):
        raise NotFoundError(f"{record.id} is no grid or volume whose cells have a place on the Earth")
    key = (str(store.derived.folder), record.content or f"{record.id}@{record.version}")
    return _grids.get(key, lambda: _opened(store, record))


def _opened(store: Store, record: Record) -> Grid:
    def located(member: Any) -> Path:
        path = store.objects.path(member.sha256)
        if path is None:
            raise NotFoundError(f"the data of {record.id} does not lie on a disk of this node")
        return path

    dataset = decode(record.kind, record.assets, located)
    assert isinstance(dataset, xr.Dataset)
    asset = record.assets["data"]
    file = CogFile(located(only_member(asset))) if asset.media_type == COG else None
    layers = layers_of(record, dataset, [] if file is None else [t.kind for t in file.types])
    if not layers:
        raise NotFoundError(f"{record.id} has no variable that is a map")
    place = _place_of_file(file, record.crs) if file is not None else _place_of(dataset, record)
    turned = _turned(dataset, next(iter(layers.values())).plane)
    return Grid(record.id, record.content, dataset, place, layers, turned, file, store.derived)


def _turned(dataset: xr.Dataset, plane: tuple[str, str]) -> tuple[bool, bool]:
    """Whether rows run to the north, and columns to the west."""
    ends = [dataset[name].to_numpy()[[0, -1]] if name in dataset.coords else (0, 0) for name in plane]
    return bool(ends[0][1] > ends[0][0]), bool(ends[1][1] < ends[1][0])


def _place_of_file(file: CogFile, crs: str) -> Place:
    height, width = file.sizes[0]
    return Place(crs, width, height, file.transform)


def _place_of(dataset: xr.Dataset, record: Record) -> Place:
    """Place of a Zarr store."""
    rows = next((name for name in ROWS if name in dataset.coords), "")
    columns = next((name for name in COLUMNS if name in dataset.coords), "")
    if not rows or not columns or dataset[rows].dims != (rows,) or dataset[columns].dims != (columns,):
        raise NotFoundError(f"the rows of {record.id} do not run along axes, so there are no maps of it")
    northings, eastings = (dataset[name].to_numpy().astype(np.float64) for name in (rows, columns))
    if not (is_regular(northings) and is_regular(eastings)):
        return _uneven(northings, eastings, record)
    return Place(record.crs, eastings.size, northings.size, _transform(northings, eastings))


def _transform(northings: Numbers, eastings: Numbers) -> Affine:
    """Geotransform with the first row in the north and the first column in the west."""
    across, down = abs(spacing(eastings)), abs(spacing(northings))
    return Affine(across, 0.0, eastings.min() - across / 2, 0.0, -down, northings.max() + down / 2)


def _uneven(northings: Numbers, eastings: Numbers, record: Record) -> Place:
    for axis in (northings, eastings):
        steps = np.diff(axis)
        if axis.size < 2 or not ((steps > 0).all() or (steps < 0).all()):
            raise NotFoundError(f"the axes of {record.id} are not in order, so there are no maps of it")
    return Place(record.crs, eastings.size, northings.size, None, eastings, northings)
