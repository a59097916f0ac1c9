"""Labelled data: what readers give, processes take, and the store keeps.

| kind | in memory | conventions |
|---|---|---|
| grid, volume | `xarray.Dataset` | see `GRID_DIMENSIONS`; `attrs["crs"]` |
| table | `GeoDataFrame`, `DataFrame`, `pyarrow.Table`, `TableStream` | column `geometry` |
| boreholes | `Boreholes` | `hole_id`, depths in metres down the hole |
| series | `Series` | long table: `station`, `time`, values |
| mesh | `Mesh` | vertices in metres of the CRS |
| document | `Document` | plain text for search |
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import xarray as xr

from craton.model.record import Bbox, Finding, Interval, Kind, LanguageMap, Party, Period

GRID_DIMENSIONS = ("realization", "time", "upward", "northing", "easting", "latitude", "longitude")
"""Names of grid axes: `northing, easting` in metres for a projected CRS,
`latitude, longitude` in degrees for a geographic one, `upward` in metres
positive up, `time` as datetime64. Other axes keep their own name."""


@dataclass(frozen=True)
class Band:
    """One band of a `RasterFile`, with what the reader found out about it."""

    name: str
    unit: str = ""
    quantity: str = ""
    title: str = ""


@dataclass(frozen=True)
class RasterFile:
    """A grid that stays in the file GDAL reads, so that memory does not grow with it.

    `crs` and `nodata` override those of the file where the reader knows better;
    `None` keeps the file's own. `driver` is GDAL's name of the format: open the
    file with it and no other, so that its content cannot choose one.
    """

    path: str
    bands: tuple[Band, ...]
    crs: str | None = None
    nodata: float | None = None
    driver: str | None = None


@dataclass(frozen=True)
class TableStream:
    """A table too long for memory: `batches()` yields record batches of `schema`.

    Geometry, if any, is WKB in the column `geometry`.
    """

    schema: pa.Schema
    batches: Callable[[], Iterator[pa.RecordBatch]]


@dataclass(frozen=True)
class Boreholes:
    """Drill holes: where they start, where they go, what was found along them.

    Parameters
    ----------
    collars : GeoDataFrame
        One row a hole: `hole_id` (unique), `elevation` (m), `total_depth`
        (m), `geometry` (Point or None), and what else the source says.
    surveys : DataFrame
        `hole_id`, `depth` (m along the hole), `azimuth` (degrees clockwise
        from grid north, 0–360), `inclination` (degrees from horizontal,
        negative down, −90 is vertical).
    intervals : dict of str to DataFrame
        By table name (`geology`, `assay`…): `hole_id`, `from_depth`,
        `to_depth` (m) and the observed columns.
    curves : dict of str to DataFrame
        By log name: `hole_id`, `depth` (m) and the measured columns.
    """

    collars: gpd.GeoDataFrame
    surveys: pd.DataFrame = field(default_factory=pd.DataFrame)
    intervals: dict[str, pd.DataFrame] = field(default_factory=dict)
    curves: dict[str, pd.DataFrame] = field(default_factory=dict)


@dataclass(frozen=True)
class Series:
    """Measurements over time: `values` has `station`, `time` (UTC) and value columns.

    `stations` has one row a station: `station`, `geometry` where known.
    """

    values: pd.DataFrame
    stations: gpd.GeoDataFrame | None = None


@dataclass(frozen=True)
class Mesh:
    """Triangulated surfaces by part (a building, a fault, a unit).

    Parameters
    ----------
    vertices : array (n, 3)
        Easting, northing, upward in the units of the CRS (float64).
    triangles : array (m, 3)
        Vertex indices.
    part : array (m,)
        Row of `parts` each triangle belongs to.
    parts : DataFrame
        One row a part: `part_id` and attributes.
    crs : str
        Reference system, where a process states it; of what a reader gives, its draft does.
    """

    vertices: np.ndarray
    triangles: np.ndarray
    part: np.ndarray
    parts: pd.DataFrame
    crs: str = ""


@dataclass(frozen=True)
class Document:
    """A file kept as it is, with the text a search may find in it.

    `content` is the file itself where a process made it; of one that was added
    it is empty, its bytes are the original in the store. `titles` are what a
    process calls it, by language.
    """

    text: str = ""
    media_type: str = "application/octet-stream"
    content: bytes = field(default=b"", repr=False)
    titles: Mapping[str, str] = field(default_factory=dict)


type Data = (
    xr.Dataset
    | gpd.GeoDataFrame
    | pd.DataFrame
    | pa.Table
    | RasterFile
    | TableStream
    | Boreholes
    | Series
    | Mesh
    | Document
)


@dataclass(frozen=True)
class ColumnNote:
    """What the reader knows of one column beyond its name."""

    unit: str = ""
    quantity: str = ""
    title: str = ""
    original_unit: str = ""


@dataclass
class Draft:
    """One dataset as a reader hands it over: labelled data and what the source says of it.

    `name` tells apart several datasets of one source (a layer, a sheet); it is
    part of the dataset's identity, so it must not change when the file is
    read again. `crs` is an authority code or WKT, empty when not found.
    `notes` are by column, band or variable name, as `table.column` in
    boreholes. `geographic_bounds` states the extent where the data has no
    coordinates of its own. Bounds, footprint, columns and counts are found by
    `model.describe`, not by the reader.
    """

    data: Data
    kind: Kind
    name: str = ""
    title: str = ""
    titles: LanguageMap = field(default_factory=dict)
    description: str = ""
    descriptions: LanguageMap = field(default_factory=dict)
    crs: str = ""
    licence: str = ""
    time: Period | None = None
    vertical: Interval | None = None
    geographic_bounds: Bbox | None = None
    notes: dict[str, ColumnNote] = field(default_factory=dict)
    parties: tuple[Party, ...] = ()
    keywords: tuple[str, ...] = ()
    findings: list[Finding] = field(default_factory=list)
    properties: dict[str, Any] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)

    def find(self, code: str, count: int = 1, message: str = "", where: str = "") -> None:
        """Add a quality finding; `code` must be a key of `model.findings.FINDINGS`."""
        self.findings.append(Finding(code=code, count=int(count), message=message, where=where))


__all__ = [
    "GRID_DIMENSIONS",
    "Band",
    "Boreholes",
    "ColumnNote",
    "Data",
    "Document",
    "Draft",
    "Mesh",
    "Path",
    "RasterFile",
    "Series",
    "TableStream",
]
