"""Reader of Parquet tables, with geometry (GeoParquet) or without."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import shapely
from pyproj.exceptions import CRSError

from craton.ingest.reference import state_crs
from craton.ingest.table_arrays import flat
from craton.ingest.table_coordinates import Places
from craton.ingest.table_draft import GEOMETRY, Made, Recipe, finish, place, table_of, to_draft
from craton.ingest.table_values import Values
from craton.ingest.vector_columns import plain
from craton.model.crs import CRS84, identify
from craton.model.data import Draft, TableStream
from craton.model.errors import RefusedError
from craton.process.readers import Candidate, Source, reader

SUFFIXES = (".parquet", ".geoparquet", ".parq", ".pq")
SIGNATURE = b"PAR1"
STREAM_FROM = 128 << 20
"""Bytes of values, unpacked, from which a table is not held in memory."""

BATCH_ROWS = 1 << 16
HEADER_LIMIT = 64 << 20
"""Bytes a text or a list in the file's own description may take."""

INDEX = re.compile(r"__index_level_\d+__")
"""Columns in which pandas keeps row numbers."""


@dataclass(frozen=True)
class GeoColumn:
    """The main geometry column of a file: its name, how it is written, its reference system."""

    name: str
    encoding: str = "WKB"
    crs: str = ""
    is_default: bool = False


def _matches(candidate: Candidate) -> bool:
    return candidate.head.startswith(SIGNATURE)


@reader("parquet", suffixes=SUFFIXES, order=50, matches=_matches)
def read_parquet(source: Source) -> Iterator[Draft]:
    """Read a Parquet file; coordinates in columns of numbers become points where no geometry is stated."""
    file = _open(source)
    try:
        yield (
            _with_geometry(file, source, geo) if (geo := _geometry(file)) else _without_geometry(file, source)
        )
    except (pa.ArrowException, OSError, shapely.errors.ShapelyError) as error:
        raise _broken(source, error) from error


def _broken(source: Source, error: Exception) -> RefusedError:
    return RefusedError("corrupt", f"{source.name} cannot be read ({error})", hint="copy or export it again")


def _open(source: Source) -> pq.ParquetFile:
    limits = {"thrift_string_size_limit": HEADER_LIMIT, "thrift_container_size_limit": HEADER_LIMIT // 64}
    try:
        return pq.ParquetFile(source.path, **limits)
    except (pa.ArrowException, OSError) as error:
        raise _broken(source, error) from error


def _is_long(file: pq.ParquetFile) -> bool:
    groups = range(file.metadata.num_row_groups)
    return bool(sum(file.metadata.row_group(group).total_byte_size for group in groups) > STREAM_FROM)


def _geometry(file: pq.ParquetFile) -> GeoColumn | None:
    """What the file says of its geometry, `None` where it has none."""
    names = file.schema_arrow.names
    try:
        stated = json.loads((file.schema_arrow.metadata or {}).get(b"geo", b"{}"))
        name = str(stated.get("primary_column", GEOMETRY))
        column = dict(stated.get("columns", {}).get(name, {}))
    except (ValueError, AttributeError, TypeError, RecursionError):
        return None
    if name not in names or not column:
        return None
    crs = column.get("crs", CRS84)
    return GeoColumn(name, str(column.get("encoding", "WKB")), _crs(crs), is_default="crs" not in column)


def _crs(stated: object) -> str:
    """Authority code or WKT of a PROJJSON; empty where it is null or not understood."""
    if stated == CRS84:
        return CRS84
    if not isinstance(stated, dict):
        return ""
    try:
        return identify(pyproj.CRS.from_json_dict(stated).to_wkt())
    except CRSError:
        return ""


def _with_geometry(file: pq.ParquetFile, source: Source, geo: GeoColumn) -> Draft:
    if geo.encoding.upper() == "WKB" and _is_long(file):
        draft = Draft(data=_geo_stream(file, geo.name), kind="table", title=source.stem)
    else:
        pieces = [plain(batch, geo.name) for batch in _batches(_as_wkb(file.read(), geo, source.path))]
        table = pa.Table.from_batches([piece.batch for piece in pieces])
        draft = Draft(data=table, kind="table", title=source.stem)
        if repaired := sum(piece.repaired for piece in pieces):
            draft.find("encoding-repaired", repaired)
    if geo.is_default and not source.options.crs:
        draft.find("crs-assumed-by-format", message="GeoParquet without a reference system is OGC:CRS84")
    state_crs(draft, geo.crs, source.options)
    return draft


def _geo_stream(file: pq.ParquetFile, name: str) -> TableStream:
    def batches() -> Iterator[pa.RecordBatch]:
        for batch in file.iter_batches(batch_size=BATCH_ROWS):
            yield plain(batch, name).batch

    return TableStream(next(batches()).schema, batches)


def _batches(table: pa.Table) -> list[pa.RecordBatch]:
    """`table` in batches; one empty batch where it has no rows."""
    empty = [pa.array([], type=kind) for kind in table.schema.types]
    return table.to_batches(max_chunksize=BATCH_ROWS) or [
        pa.RecordBatch.from_arrays(empty, schema=table.schema)
    ]


def _as_wkb(table: pa.Table, geo: GeoColumn, path: Path) -> pa.Table:
    """`table` with its main geometry as WKB, also where it is written as lists of coordinates."""
    if geo.encoding.upper() == "WKB":
        return table
    import geopandas as gpd

    shapes = gpd.read_parquet(path, columns=[geo.name]).geometry.to_numpy()
    binary = pa.array(shapely.to_wkb(shapes), type=pa.binary())
    return table.set_column(table.column_names.index(geo.name), geo.name, binary)


def _without_geometry(file: pq.ParquetFile, source: Source) -> Draft:
    names = [name for name in file.schema_arrow.names if not INDEX.fullmatch(name)]
    if not names:
        raise RefusedError("no-data", f"{source.name} has no columns", hint="check the export that made it")
    if _is_long(file):
        return _long(file, source, names)
    return to_draft(_made(file.read(columns=names), None), source)


def _made(table: pa.Table, places: Places | None, *, settled: bool = False) -> Made:
    whole = pa.Table.from_batches([plain(batch, "").batch for batch in _batches(table)])
    columns = {
        name: _plain_text(column) for name, column in zip(whole.column_names, whole.columns, strict=True)
    }
    return place(Made(Values(columns), Recipe(places=places, settled=settled)), places)


def _plain_text(column: pa.ChunkedArray) -> pa.Array:
    """A column in one piece; one of nulls counts as text, of which there is none."""
    array = flat(column)
    return (
        array.cast(pa.string())
        if pa.types.is_large_string(array.type) or pa.types.is_null(array.type)
        else array
    )


def _long(file: pq.ParquetFile, source: Source, names: list[str]) -> Draft:
    """The draft of a table that stays in its file; its coordinates alone are looked through at once."""
    first = _made(
        pa.Table.from_batches([next(file.iter_batches(batch_size=BATCH_ROWS, columns=names))]), None
    )
    places = first.recipe.places

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=names):
            made = _made(pa.Table.from_batches([batch]), places, settled=True)
            yield from table_of(made).cast(schema).to_batches()

    schema = table_of(first).schema
    draft = Draft(data=TableStream(schema, batches), kind="table", title=source.stem)
    if places is not None:
        needed = sorted({name for pair in places.points for name in pair})
        draft.findings = _made(file.read(columns=needed), places, settled=True).findings
    finish(draft, first, source, ())
    return draft
