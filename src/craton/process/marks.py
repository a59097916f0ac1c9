"""Marks: what a process declares of its parameters and results, inside `Annotated`.

```python
Height = Annotated[float, Unit("m"), Bounds(above=0)]
Field = Annotated[xr.DataArray, Grid(quantity="gravity_disturbance", plane=True)]
```

A data mark names the kind of labelled data (`craton.model.data`); a `Unit`,
`Bounds`, `ColumnOf` or `ReferenceSystem` mark belongs to a plain value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import geopandas as gpd
import pandas as pd
import xarray as xr

from craton.model.data import Boreholes, Document, Mesh, Series
from craton.model.record import Kind


@dataclass(frozen=True)
class Unit:
    """Canonical unit of a number; inside the process the number is a plain float in it."""

    symbol: str


@dataclass(frozen=True)
class Bounds:
    """Range of a number, or of each number of a tuple: closed `minimum`, `maximum`, open `above`, `below`."""

    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    below: float | None = None

    def hold(self, number: float) -> bool:
        """Whether `number` is in range."""
        return (
            (self.minimum is None or number >= self.minimum)
            and (self.maximum is None or number <= self.maximum)
            and (self.above is None or number > self.above)
            and (self.below is None or number < self.below)
        )

    def words(self, unit: str = "") -> str:
        """The range in words, such as `above 0 m and at most 50000 m`."""
        limits = [
            (self.minimum, "at least"),
            (self.above, "above"),
            (self.maximum, "at most"),
            (self.below, "below"),
        ]
        return " and ".join(f"{word} {limit:g} {unit}".strip() for limit, word in limits if limit is not None)


@dataclass(frozen=True)
class ColumnOf:
    """A text that names a column of the table parameter `table`; `numeric` asks for a column of numbers."""

    table: str
    numeric: bool = False


@dataclass(frozen=True)
class ReferenceSystem:
    """A text that names a coordinate reference system, such as `EPSG:32648`."""

    projected: bool = False
    """Whether it must be a projected system in metres."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column that a table must have (or a result has): its unit, quantity and what it means."""

    name: str
    unit: str = ""
    quantity: str = ""
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class Data:
    """Base of the marks of labelled data."""

    kind: ClassVar[Kind]
    bases: ClassVar[tuple[type, ...]]


@dataclass(frozen=True, kw_only=True)
class Grid(Data):
    """A grid: one field (`xr.DataArray`) or all fields of a dataset (`xr.Dataset`).

    Parameters
    ----------
    quantity : str or tuple of str
        Standard names one of which the field may state; empty for any. A field that states none is
        taken by its unit.
    unit : str
        Unit its numbers are in inside the process (compatible ones are converted); empty for any
        unit, stated or not.
    plane : bool
        Whether the axes must be northing and easting in metres, evenly spaced.
    like : str
        Of a result: the grid parameter whose quantity and unit it shares.
    """

    kind: ClassVar[Kind] = "grid"
    bases: ClassVar[tuple[type, ...]] = (xr.DataArray, xr.Dataset)

    quantity: str | tuple[str, ...] = ()
    unit: str = ""
    plane: bool = False
    like: str = ""

    @property
    def quantities(self) -> tuple[str, ...]:
        """Standard names allowed, none for any."""
        return (self.quantity,) if isinstance(self.quantity, str) else self.quantity


@dataclass(frozen=True, kw_only=True)
class Volume(Grid):
    """A volume: `upward`, `northing`, `easting`, and further axes."""

    kind: ClassVar[Kind] = "volume"


@dataclass(frozen=True, kw_only=True)
class Table(Data):
    """A table, with geometry (`GeoDataFrame`) or without (`DataFrame`).

    Parameters
    ----------
    geometry : tuple of str
        Types its geometries may have, of `Point`, `LineString`, `Polygon` (their Multi kinds
        included); empty for any.
    columns : tuple of Column
        Columns it must have, in their units; of a result, the columns it has.
    """

    kind: ClassVar[Kind] = "table"
    bases: ClassVar[tuple[type, ...]] = (gpd.GeoDataFrame, pd.DataFrame)

    geometry: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Holes(Data):
    """Drill holes; `tables` names the interval tables or curves they must have."""

    kind: ClassVar[Kind] = "boreholes"
    bases: ClassVar[tuple[type, ...]] = (Boreholes,)

    tables: tuple[str, ...] = field(default=())


@dataclass(frozen=True, kw_only=True)
class Surfaces(Data):
    """Triangulated surfaces."""

    kind: ClassVar[Kind] = "mesh"
    bases: ClassVar[tuple[type, ...]] = (Mesh,)


@dataclass(frozen=True, kw_only=True)
class Stations(Data):
    """Measurements over time at stations, with the value columns they must have, in their units."""

    kind: ClassVar[Kind] = "series"
    bases: ClassVar[tuple[type, ...]] = (Series,)

    columns: tuple[Column, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Paper(Data):
    """A document: a picture, a report, a text."""

    kind: ClassVar[Kind] = "document"
    bases: ClassVar[tuple[type, ...]] = (Document,)
