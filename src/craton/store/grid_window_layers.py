"""Layers of a grid (its variables that are maps) and their further axes: time, height, realization."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr

from craton.model import quantities
from craton.model.errors import InvalidError
from craton.model.moments import moment
from craton.model.record import Column, Record
from craton.store.codec_grid import COLUMNS, ROWS, nodata_of
from craton.store.grid_flags import Flags, flags_of, is_nothing, legend_of

MOST_CLASSES = 64
"""Range of whole numbers without unit and quantity up to which they are taken for classes."""

LAST = ("time", "upward")
"""Axes of which the greatest coordinate is shown where none is asked for; of others it is the first."""


@dataclass(frozen=True)
class FurtherAxis:
    """An axis beside those of the map.

    Parameters
    ----------
    name, unit : str
        As in the data.
    coordinates : array or None
        Numbers, times or texts; `None` where its steps are only counted.
    count : int
        Number of steps.
    """

    name: str
    unit: str
    coordinates: np.ndarray[Any, Any] | None
    count: int

    @property
    def is_time(self) -> bool:
        """Whether its coordinates are times."""
        return self.coordinates is not None and self.coordinates.dtype.kind == "M"

    @cached_property
    def default(self) -> int:
        """Step that is shown where none is asked for."""
        if self.coordinates is None or self.name not in LAST or self.coordinates.dtype.kind not in "Miuf":
            return 0
        numbers = self.coordinates.astype(np.float64)
        return int(np.nanargmax(numbers)) if np.isfinite(numbers).any() else 0

    def index(self, value: Any) -> int:
        """Step nearest to `value`, a number, a time or its text.

        Raises
        ------
        InvalidError
            If it is of another kind, or lies beyond the axis by more than half a step.
        """
        if self.coordinates is None:
            return self._counted(value)
        if self.coordinates.dtype.kind not in "Miuf":
            return self._word(value)
        numbers, wanted = self.numbers, self._number(value)
        place = int(np.nanargmin(np.abs(numbers - wanted)))
        if abs(numbers[place] - wanted) > self._reach:
            raise InvalidError(
                f"{self.name} {str(value)[:40]!r} lies outside the data", hint=f"it is from {self.told(0)} to"
                f" {self.told(self.count - 1)}",
            )  # fmt: skip
        return place

    def between(self, low: Any, high: Any) -> list[int]:
        """Steps from `low` to `high`, both included; an open side is `None`."""
        numbers = self.numbers
        first = -np.inf if low is None else self._number(low)
        last = np.inf if high is None else self._number(high, last=True)
        return [int(n) for n in np.flatnonzero((numbers >= first) & (numbers <= last))]

    @cached_property
    def numbers(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Coordinates as numbers; times in seconds since 1970."""
        if self.coordinates is None or self.coordinates.dtype.kind not in "Miuf":
            return np.arange(self.count, dtype=np.float64)
        if self.is_time:
            return self.coordinates.astype("datetime64[ns]").astype(np.int64) / 1e9
        return self.coordinates.astype(np.float64)

    @cached_property
    def _reach(self) -> float:
        """How far beyond a coordinate a value may lie and still be meant by it."""
        steps = np.abs(np.diff(np.sort(self.numbers)))
        day = 86_400.0 if self.is_time else 0.0
        return max(float(steps.max()) / 2 if steps.size else 0.0, day) * (1 + 1e-9)

    def _number(self, value: Any, *, last: bool = False) -> float:
        if self.is_time:
            return moment(str(value), last=last).timestamp()
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = np.nan
        if not np.isfinite(number):
            raise InvalidError(f"{self.name} must be a number, not {str(value)[:40]!r}")
        return number

    def _counted(self, value: Any) -> int:
        text = str(value)
        if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) < self.count):
            raise InvalidError(f"{self.name} must be a whole number below {self.count}, not {text[:40]!r}")
        return int(text)

    def _word(self, value: Any) -> int:
        assert self.coordinates is not None
        found = np.flatnonzero(self.coordinates.astype(str) == str(value))
        if not found.size:
            raise InvalidError(f"{self.name} has no {str(value)[:40]!r}")
        return int(found[0])

    def told(self, step: int) -> Any:
        """Coordinate of `step` as JSON has it; a time in RFC 3339."""
        if self.coordinates is None:
            return step
        value = self.coordinates[step]
        if self.is_time:
            return str(np.datetime_as_string(value.astype("datetime64[ms]"), timezone="UTC"))
        if self.coordinates.dtype.kind in "iu":
            return int(value)
        return float(value) if self.coordinates.dtype.kind == "f" else str(value)


@dataclass(frozen=True)
class Layer:
    """A variable that is a map, or one for each step of its further axes.

    Parameters
    ----------
    name, title, unit, quantity : str
        What is known of it.
    number : int
        Its place among the variables, from 1: the band in a COG.
    plane : tuple of str
        Names of its axes of rows and columns.
    axes : tuple of FurtherAxis
        Its other axes.
    kind : str
        Letter of NumPy for the type of the stored numbers.
    is_classes : bool
        Whether its numbers stand for classes and are never interpolated.
    nodata : int or None
        Whole number that stands for no value and is not masked when it is read.
    flags : mapping
        What is said of its classes, by code; empty where nothing is, or where it measures.
    """

    name: str
    title: str
    unit: str
    quantity: str
    number: int
    plane: tuple[str, str]
    axes: tuple[FurtherAxis, ...]
    kind: str
    is_classes: bool
    nodata: int | None
    flags: Flags = field(default_factory=dict)

    def word(self, value: float | None) -> str:
        """What the class of a value is called, empty where nothing is said of it."""
        return self.flags[value].title if value is not None and value in self.flags else ""

    def has_class(self, value: float) -> bool:
        """Whether a value stands for a class, not for none of them."""
        return not is_nothing(self.flags, value)

    def axis(self, name: str) -> FurtherAxis | None:
        """Its further axis `name`."""
        return next((one for one in self.axes if one.name == name), None)

    def indices(self, selection: Mapping[str, Any]) -> dict[str, int]:
        """Step along each further axis; `selection` may name axes of other variables too."""
        return {
            axis.name: axis.default if selection.get(axis.name) is None else axis.index(selection[axis.name])
            for axis in self.axes
        }


def layers_of(record: Record, dataset: xr.Dataset, kinds: Sequence[str]) -> dict[str, Layer]:
    """Variables of `dataset` that are maps; `kinds` are the types of the stored numbers, where known."""
    columns = {column.name: column for column in record.columns}
    stated = {str(name): flags_of(array.attrs) for name, array in dataset.data_vars.items()}
    # A legend of several variables is of one that it does not name, unless they tell their own.
    legend = {} if any(stated.values()) else legend_of(record)
    layers = {}
    for number, (name, array) in enumerate(dataset.data_vars.items(), 1):
        plane = _plane(array, rotated=bool(kinds))
        kind = kinds[number - 1] if kinds else _stored_kind(array)
        if plane is None or kind not in "iufcb":
            continue
        column = columns.get(str(name)) or Column(name=str(name), type="")
        unit = column.unit or str(array.attrs.get("units", ""))
        quantity = column.quantity or str(array.attrs.get("standard_name", ""))
        flags = stated[str(name)] or legend
        has_legend = bool(legend) and len(dataset.data_vars) == 1
        classes = (
            has_legend
            or _are_of_classes(stated[str(name)], unit, quantity)
            or _is_classes(record, dataset, str(name), unit, quantity, kind)
        )
        axes = tuple(_further(dataset, array, str(d)) for d in array.dims if d not in plane)
        layers[str(name)] = Layer(
            str(name), _title(column, array, quantity), unit, quantity, number, plane, axes, kind, classes,
            nodata_of(array), flags if classes else {},
        )  # fmt: skip
    return layers


def _plane(array: xr.DataArray, *, rotated: bool) -> tuple[str, str] | None:
    """Axes of rows and columns; those of a turned raster have no coordinates."""
    names = [str(d) for d in array.dims]
    rows = next((n for n in ROWS if n in names), "")
    columns = next((n for n in COLUMNS if n in names), "")
    if rows and columns:
        return rows, columns
    return ("row", "column") if rotated and names == ["row", "column"] else None


def _stored_kind(array: xr.DataArray) -> str:
    stored = array.encoding.get("dtype")
    return (np.dtype(stored) if stored is not None else array.dtype).kind


def _are_of_classes(flags: Flags, unit: str, quantity: str) -> bool:
    """Whether a variable with flags is one of classes; one with a unit measures, and marks some values."""
    known = quantities.rule(quantity)
    return bool(flags) and unit in {"", "1"} and not (known and known.unit not in {"", "1"})


def _is_classes(record: Record, dataset: xr.Dataset, name: str, unit: str, quantity: str, kind: str) -> bool:
    if known := quantities.rule(quantity):
        return not known.unit
    if unit or quantity or kind not in "iub" or len(dataset.data_vars) > 1:
        return False
    found = next((q for q in record.quantities if q.variable == name), None)
    if found is None or found.minimum is None or found.maximum is None:
        return kind == "b"
    return found.maximum - found.minimum < MOST_CLASSES


def _title(column: Column, array: xr.DataArray, quantity: str) -> str:
    known = quantities.rule(quantity)
    stated = column.title or str(array.attrs.get("long_name", ""))
    return stated or (known.title["en"] if known else column.name.replace("_", " "))


def _further(dataset: xr.Dataset, array: xr.DataArray, name: str) -> FurtherAxis:
    coordinate = array.coords.get(name)
    if coordinate is None or coordinate.ndim != 1:
        return FurtherAxis(name, "", None, dataset.sizes[name])
    unit = "" if coordinate.dtype.kind == "M" else str(coordinate.attrs.get("units", ""))
    if name == "upward" and not unit:
        unit = "m"
    return FurtherAxis(name, unit, coordinate.to_numpy(), dataset.sizes[name])
