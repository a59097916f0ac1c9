"""Volumes as plain lattices of cells: what writers of formats for models need of them, and voxels as CSV."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from craton.model.errors import InvalidError
from craton.store.codec_asset import plain
from craton.store.codec_axis import Coordinates, is_regular, spacing
from craton.store.codec_export_bands import descriptions
from craton.store.codec_grid import COLUMNS, ROWS, nodata_of

UPWARD = "upward"
HINT = "use .nc or .zarr"
COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
GREY = "#b0b0b0"
ROWS_AT_ONCE = 1 << 18
"""Cells turned into text at a time."""

Cells = np.ndarray[Any, Any]


class Classes(NamedTuple):
    """What the codes of a variable stand for, in the order stated."""

    codes: tuple[int, ...]
    names: tuple[str, ...]
    colours: tuple[str, ...]


@dataclass(frozen=True)
class Lattice:
    """Variables of numbers on even cells.

    Parameters
    ----------
    axes : tuple of three arrays
        Middles of cells along easting, northing and upward (in the words of the dataset, `names`),
        all ascending.
    fields : dict of str to DataArray
        By name, on (upward, northing, easting), in the order of the dataset.
    crs : str
        Reference system, empty where none is stated.
    """

    axes: tuple[Coordinates, Coordinates, Coordinates]
    names: tuple[str, str, str]
    fields: dict[str, xr.DataArray]
    crs: str

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Sides of a cell to the east, to the north and upward."""
        east, north, up = (spacing(axis) for axis in self.axes)
        return east, north, up

    @property
    def corner(self) -> tuple[float, float, float]:
        """Lowest south-west corner of the lattice."""
        east, north, up = (
            float(axis[0]) - side / 2 for axis, side in zip(self.axes, self.spacing, strict=True)
        )
        return east, north, up

    @property
    def counts(self) -> tuple[int, int, int]:
        """Cells to the east, to the north and upward."""
        east, north, up = (axis.size for axis in self.axes)
        return east, north, up

    def cells(self, name: str) -> Cells:
        """Values of `name` from the bottom, the south and the west, easting fastest."""
        return np.ascontiguousarray(self.fields[name].to_numpy())


def lattice_of(dataset: xr.Dataset, suffix: str) -> Lattice:
    """Cells of `dataset` as a file of `suffix` needs them.

    Each map of further axes (a realization, a time) is a field of its own, named by its place on them.

    Raises
    ------
    InvalidError
        If it has no two even steps along each axis, or no variable of numbers on all three.
    """
    names = _axis(dataset, COLUMNS, suffix), _axis(dataset, ROWS, suffix), _axis(dataset, (UPWARD,), suffix)
    axes = tuple(np.asarray(dataset[name].to_numpy(), np.float64) for name in names)
    for name, axis in zip(names, axes, strict=True):
        if not is_regular(axis):
            raise InvalidError(f"{suffix} needs two or more even steps, and {name} has not", hint=HINT)
    turned = dataset.isel(
        {name: slice(None, None, -1) for name, axis in zip(names, axes, strict=True) if axis[0] > axis[-1]}
    )
    fields = dict(_fields(turned, names))
    if not fields:
        raise InvalidError(f"{suffix} needs a variable of numbers on {', '.join(names)}", hint=HINT)
    east, north, up = (np.sort(axis) for axis in axes)
    return Lattice((east, north, up), names, fields, str(dataset.attrs.get("crs", "")))


def _axis(dataset: xr.Dataset, known: tuple[str, ...], suffix: str) -> str:
    found = next((name for name in known if name in dataset.dims and name in dataset.coords), None)
    if found is None or dataset[found].dtype.kind not in "iuf":
        raise InvalidError(f"{suffix} needs an axis {known[0]}, which this volume has not", hint=HINT)
    return found


def _fields(dataset: xr.Dataset, names: tuple[str, str, str]) -> Iterator[tuple[str, xr.DataArray]]:
    for name, array in dataset.data_vars.items():
        if array.dtype.kind not in "biuf" or not set(names) <= set(array.dims):
            continue
        cells = array.transpose(..., *reversed(names))
        leading: list[Hashable] = list(cells.dims[:-3])
        if not leading:
            yield str(name), cells
            continue
        places = np.ndindex(*(cells.sizes[axis] for axis in leading))
        labels = descriptions(cells[..., 0])
        for place, label in zip(places, labels, strict=True):
            yield label, cells[place]


def classes_of(array: xr.DataArray) -> Classes | None:
    """Classes of a variable of codes; `None` where it measures."""
    codes, names = array.attrs.get("flag_values"), array.attrs.get("flag_meanings")
    if codes is None or names is None or array.dtype.kind not in "iuf":
        return None
    numbers = [int(code) for code in np.atleast_1d(np.asarray(codes)).tolist()]
    words = names.split() if isinstance(names, str) else [str(name) for name in names]
    if len(words) != len(numbers):
        return None
    stated = array.attrs.get("flag_colors", [])
    told = stated.split() if isinstance(stated, str) else [str(colour) for colour in stated]
    colours = [told[row] if row < len(told) else "" for row in range(len(numbers))]
    return Classes(tuple(numbers), tuple(words), tuple(c if COLOUR.fullmatch(c) else GREY for c in colours))


def note_of(lattice: Lattice) -> dict[str, Any]:
    """Reference system and attributes of the fields, as JSON, for formats with room for a text."""
    told = {name: plain(array.attrs) for name, array in lattice.fields.items()}
    return {"crs": lattice.crs, "fields": told}


def numbers_of(lattice: Lattice, name: str) -> tuple[Cells, Cells]:
    """Values of `name`, and which of them are none: NaN, or the number stated as `nodata`.

    They are as they are, but for truths, which become 0 and 1, and halves of floats, which become float32.
    """
    cells = lattice.cells(name)
    wider = {"bool": np.uint8, "float16": np.float32}.get(cells.dtype.name)
    cells = cells if wider is None else cells.astype(wider)
    if cells.dtype.kind == "f":
        return cells, np.isnan(cells)
    stated = nodata_of(lattice.fields[name])
    return cells, cells == stated if stated is not None else np.zeros(cells.shape, bool)


def write_voxels(dataset: xr.Dataset, target: Path) -> None:
    """Write a volume as CSV: a row a cell, its middle and its values, easting fastest, from the bottom.

    The columns of place are named as the axes. Values are as in other tables of CSV, those that are none
    are empty. A variable with classes has a column beside it, `NAME_name`, with what its code stands for.
    """
    lattice = lattice_of(dataset, ".csv")
    columns = {name: numbers_of(lattice, name) for name in lattice.fields}
    classes = {name: classes_of(array) for name, array in lattice.fields.items()}
    total = int(np.prod(lattice.counts))
    with target.open("w", encoding="utf-8", newline="") as stream:
        for first in range(0, total, ROWS_AT_ONCE):
            rows = np.arange(first, min(first + ROWS_AT_ONCE, total))
            _block(lattice, columns, classes, rows).to_csv(
                stream, index=False, header=first == 0, lineterminator="\n"
            )


def _block(
    lattice: Lattice,
    columns: dict[str, tuple[Cells, Cells]],
    classes: dict[str, Classes | None],
    rows: np.ndarray[Any, np.dtype[np.int64]],
) -> pd.DataFrame:
    up, north, east = np.unravel_index(rows, lattice.counts[::-1])
    places = (lattice.axes[0][east], lattice.axes[1][north], lattice.axes[2][up])
    table: dict[str, Any] = dict(zip(lattice.names, places, strict=True))
    for name, (cells, missing) in columns.items():
        values = pd.Series(cells.ravel()[rows])
        empty = missing.ravel()[rows]
        kind = classes[name]
        table[name] = values.astype(object).where(~empty, None) if empty.any() else values
        if kind is not None:
            table[f"{name}_name"] = values.map(dict(zip(kind.codes, kind.names, strict=True)))
    return pd.DataFrame(table)
