"""Open Mining Format 2.0: volumes as block models, meshes as surfaces, tables as points and lines.

A zip of uncompressed members: `index.json.gz` and one Parquet file an array;
the comment of the zip names format and version (Global Mining Guidelines
Group, Open Mining Format 2, https://github.com/gmggroup/omf-rust).
"""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
import xarray as xr

from craton.model.data import Mesh
from craton.model.errors import InvalidError
from craton.store.codec_asset import NOTE, plain
from craton.store.codec_columns import is_missing
from craton.store.codec_export_lattice import Cells, Classes, classes_of, lattice_of, numbers_of
from craton.store.codec_export_mesh import crs_of, facts_of, parts_of, red_green_blue

VERSION = "Open Mining Format 2.0"
INDEX = "index.json.gz"

Json = dict[str, Any]


@dataclass
class Project:
    """An archive as it is written: arrays one by one, the index at the end."""

    target: Path
    name: str
    crs: str
    elements: list[Json] = field(default_factory=list)
    count: int = 0

    def __enter__(self) -> Self:
        self._archive = zipfile.ZipFile(self.target, "w", zipfile.ZIP_STORED)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._archive.writestr(INDEX, gzip.compress(json.dumps(self._index()).encode("utf-8")))
            self._archive.comment = VERSION.encode("ascii")
        self._archive.close()

    def _index(self) -> Json:
        index: Json = {
            "name": self.name,
            "application": NOTE,
            "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "elements": self.elements,
        }
        # a reference system says itself what its coordinates are in
        return index | ({"coordinate_reference_system": self.crs} if self.crs else {"units": "metres"})

    def array(self, fields: Sequence[pa.Field], columns: Sequence[Any]) -> Json:
        """Add an array; what the index says of it."""
        self.count += 1
        name = f"{self.count}.parquet"
        arrays = [
            values if isinstance(values, pa.Array) else pa.array(values, one.type)
            for one, values in zip(fields, columns, strict=True)
        ]
        table = pa.Table.from_arrays(arrays, schema=pa.schema(fields))
        content = io.BytesIO()
        pq.write_table(table, content, compression="gzip", store_schema=False)
        self._archive.writestr(name, content.getvalue())
        return {"filename": name, "item_count": table.num_rows}

    def columns(self, names: str, kind: pa.DataType, values: Cells) -> Json:
        """Add an array (n, k) whose columns are called by the letters of `names`."""
        fields = [pa.field(name, kind, nullable=False) for name in names]
        return self.array(fields, [np.ascontiguousarray(column) for column in values.T])

    def vertices(self, places: Cells) -> Json:
        """Add places (n, 3)."""
        return self.columns("xyz", pa.float64(), np.asarray(places, np.float64))

    def gradient(self, colours: Sequence[str]) -> Json:
        """Add colours."""
        values = np.array([(*red_green_blue(one), 255) for one in colours], np.uint8).reshape(-1, 4)
        return self.columns("rgba", pa.uint8(), values)

    def numbers(self, values: Cells, missing: Cells) -> Json:
        """Add numbers, some of which are none."""
        kind = _number_type(values)
        return self.array([pa.field("number", kind)], [pa.array(values.astype(_numpy(kind)), mask=missing)])

    def texts(self, values: Sequence[str | None]) -> Json:
        """Add texts, some of which may be none."""
        return self.array([pa.field("text", pa.string())], [values])

    def categories(self, index: Cells, missing: Cells, classes: Classes) -> Json:
        """Data of an attribute of classes: names, colours, and the codes they have in the source."""
        codes = self.numbers(np.array(classes.codes, np.int64), np.zeros(len(classes.codes), bool))
        return {
            "type": "Category",
            "values": self.array(
                [pa.field("index", pa.uint32())], [pa.array(index.astype(np.uint32), mask=missing)]
            ),
            "names": self.array([pa.field("name", pa.string(), nullable=False)], [_distinct(classes.names)]),
            "gradient": self.gradient(classes.colours),
            "attributes": [
                {"name": "code", "location": "Categories", "data": {"type": "Number", "values": codes}}
            ],
        }


def _number_type(values: Cells) -> pa.DataType:
    if values.dtype.kind == "f":
        return pa.float32() if values.dtype.itemsize <= 4 else pa.float64()
    return pa.int64()


def _numpy(kind: pa.DataType) -> np.dtype[Any]:
    dtype: np.dtype[Any] = np.dtype(kind.to_pandas_dtype())
    return dtype


def _distinct(names: Sequence[str]) -> list[str]:
    """Names that are neither empty nor repeated, as the format wants them."""
    told: list[str] = []
    for place, name in enumerate(names):
        wanted = name or f"class {place + 1}"
        told.append(wanted if wanted not in told else f"{wanted} ({place + 1})")
    return told


def write_blocks(dataset: xr.Dataset, target: Path) -> None:
    """Write a volume as one block model; classes become categories with names, colours and codes.

    Blocks run to the east first, then to the north, then upward. A code of 0 named `none`, and one that
    is no class, is a block without a category. The other attributes of a field are its metadata.
    """
    lattice = lattice_of(dataset, ".omf")
    title = str(dataset.attrs.get("title") or "") or target.stem
    with Project(target, title, lattice.crs) as project:
        attributes = []
        for name, array in lattice.fields.items():
            cells, missing = (one.ravel() for one in numbers_of(lattice, name))
            told = {key: value for key, value in plain(array.attrs).items() if not key.startswith("flag_")}
            attributes.append(
                {
                    "name": name,
                    "description": str(told.get("long_name", "")),
                    "units": str(told.get("units", "")),
                    "metadata": told,
                    "location": "Primitives",
                    "data": _cell_data(project, cells, missing, classes_of(array)),
                }
            )
        project.elements.append(
            {
                "name": title,
                "attributes": attributes,
                "geometry": {
                    "type": "BlockModel",
                    "orient": {"origin": list(lattice.corner)},
                    "grid": {"type": "Regular", "size": list(lattice.spacing), "count": list(lattice.counts)},
                },
            }
        )


def _cell_data(project: Project, cells: Cells, missing: Cells, classes: Classes | None) -> Json:
    if classes is None:
        return {"type": "Number", "values": project.numbers(cells, missing)}
    kept = [
        place
        for place, (code, name) in enumerate(zip(classes.codes, classes.names, strict=True))
        if (code, name) != (0, "none")
    ]
    shown = Classes(
        tuple(classes.codes[place] for place in kept),
        tuple(classes.names[place] for place in kept),
        tuple(classes.colours[place] for place in kept),
    )
    index, known = _index_of(cells, shown.codes)
    return project.categories(index, missing | ~known, shown)


def _index_of(cells: Cells, codes: Sequence[int]) -> tuple[Cells, Cells]:
    """Place of each cell among `codes`, and whether it is there."""
    if not codes:
        return np.zeros(cells.shape, np.int64), np.zeros(cells.shape, bool)
    order = np.argsort(codes, kind="stable")
    wanted = np.asarray(codes)[order]
    place = np.searchsorted(wanted, cells).clip(0, wanted.size - 1)
    return order[place], wanted[place] == cells


def write_surfaces(mesh: Mesh, crs: str, target: Path) -> None:
    """Write a mesh as a surface a part, named and coloured as the part, its attributes as metadata."""
    with Project(target, target.stem, crs) as project:
        for part in parts_of(mesh):
            project.elements.append(
                {
                    "name": part.name,
                    "color": [*red_green_blue(part.colour), 255],
                    "metadata": facts_of(mesh, part.row),
                    "geometry": {
                        "type": "Surface",
                        "vertices": project.vertices(part.vertices),
                        "triangles": project.columns("abc", pa.uint32(), part.triangles.astype(np.uint32)),
                    },
                }
            )


def write_shapes(frame: pd.DataFrame, target: Path) -> None:
    """Write a table of points as a point set, one of lines as a line set, both as two elements.

    Heights that are not stated are 0. An attribute of a line is that of each of its segments. Polygons are
    refused: the format has none.
    """
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
        raise InvalidError("the table has no geometry, which .omf needs", hint="use .csv or .parquet")
    located = frame[frame.geometry.notna() & ~frame.geometry.is_empty]
    parts = located.explode(ignore_index=True) if len(located) else located
    kinds = set(parts.geometry.geom_type)
    if not kinds or kinds - {"Point", "LineString", "LinearRing"}:
        found = ", ".join(sorted(kinds - {"Point", "LineString", "LinearRing"})) or "no geometry"
        raise InvalidError(f"OMF holds points and lines, this table has {found}", hint="use .gpkg")
    crs = crs_of(frame)
    is_point = parts.geometry.geom_type == "Point"
    with Project(target, target.stem, crs) as project:
        for chosen, add in ((parts[is_point], _points), (parts[~is_point], _lines)):
            if len(chosen):
                project.elements.append(add(project, chosen))


def _points(project: Project, frame: gpd.GeoDataFrame) -> Json:
    places = np.nan_to_num(shapely.get_coordinates(frame.geometry, include_z=True))
    geometry = {"type": "PointSet", "vertices": project.vertices(places)}
    attributes = list(table_attributes(project, frame, "Vertices"))
    return {"name": project.name, "attributes": attributes, "geometry": geometry}


def _lines(project: Project, frame: gpd.GeoDataFrame) -> Json:
    places, line = shapely.get_coordinates(frame.geometry, include_z=True, return_index=True)
    starts = np.flatnonzero(line[1:] == line[:-1])
    geometry = {
        "type": "LineSet",
        "vertices": project.vertices(np.nan_to_num(places)),
        "segments": project.columns("ab", pa.uint32(), np.column_stack([starts, starts + 1])),
    }
    attributes = list(table_attributes(project, frame.iloc[line[starts]], "Primitives"))
    return {"name": f"{project.name} lines", "attributes": attributes, "geometry": geometry}


def table_attributes(project: Project, frame: pd.DataFrame, location: str) -> Iterator[Json]:
    """Columns of `frame` as attributes: numbers, truths and times as such, all else as text."""
    for name in frame.columns:
        if not isinstance(frame[name].dtype, gpd.array.GeometryDtype):
            yield {"name": str(name), "location": location, "data": _column(project, frame[name])}


def _column(project: Project, values: pd.Series[Any]) -> Json:
    missing = values.isna().to_numpy()
    if pd.api.types.is_bool_dtype(values.dtype):
        told = [None if gone else bool(one) for one, gone in zip(values, missing, strict=True)]
        return {"type": "Boolean", "values": project.array([pa.field("bool", pa.bool_())], [told])}
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        times = pd.to_datetime(values, utc=True).dt.as_unit("us")
        kind = pa.timestamp("us", tz="UTC")
        column = pa.array(times.to_numpy("datetime64[us]"), kind, mask=missing)
        return {"type": "Number", "values": project.array([pa.field("number", kind)], [column])}
    if pd.api.types.is_integer_dtype(values.dtype):
        whole = values.fillna(0).to_numpy(np.int64)
        return {"type": "Number", "values": project.numbers(whole, missing)}
    if pd.api.types.is_float_dtype(values.dtype):
        return {
            "type": "Number",
            "values": project.numbers(values.to_numpy(np.float64, na_value=np.nan), missing),
        }
    texts = [None if is_missing(one) else _text(one) for one in values.tolist()]
    return {"type": "Text", "values": project.texts(texts)}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(plain(value), ensure_ascii=False)
