"""Vector layers: what OGR reads, as Arrow tables with WKB geometry, checked and described.

GDAL is never left to guess: each layer names the one driver that its bytes
were recognised as, and another driver's answer is refused.
"""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError

from craton.ingest import vector_columns, vector_geometry
from craton.ingest.reference import state_crs
from craton.ingest.table_directions import find_directions
from craton.ingest.vector_columns import GEOMETRY
from craton.model import crs as systems
from craton.model.data import Draft, TableStream
from craton.model.errors import InvalidError, RefusedError
from craton.process.readers import Options, Source

STREAM_BYTES = 128 << 20
"""File size from which a layer is read in batches instead of as a whole."""

LAYER_LIMIT = 1_000

GDAL_OPTIONS = {
    # No file may make GDAL open a connection: every request would go to a closed port of this machine.
    "GDAL_HTTP_PROXY": "127.0.0.1:9",
    "GDAL_HTTP_CONNECTTIMEOUT": "1",
    "GDAL_HTTP_MAX_RETRY": "0",
    "GML_SKIP_RESOLVE_ELEMS": "ALL",
    "OGR_SQLITE_LOAD_EXTENSIONS": "",
    "OSM_MAX_TMPFILE_SIZE": "64",
}

pyogrio.set_gdal_config_options(GDAL_OPTIONS)

FAILURES = (
    DataSourceError,
    DataLayerError,
    FeatureError,
    FieldError,
    GeometryError,
    pa.ArrowException,
    UnicodeError,
)
"""What pyogrio and Arrow raise on a file that breaks its format."""

HARMLESS = ("More than one layer found", "does not support open option")

UNCLOSED = "Non closed ring"
"""GDAL's warning of rings that the geometry check closes and counts."""

REEXPORT = "export it again from the program that made it"


@dataclass(frozen=True)
class Layer:
    """One layer to read.

    Parameters
    ----------
    path : str
        File, or driver prefix and file (`GeoJSON:/…`).
    driver : str
        The only GDAL driver that may answer.
    name : str
        Layer name; empty for the only one.
    encoding : str
        Text encoding where the file does not state it.
    options : dict
        Open options of the driver.
    """

    path: str
    driver: str
    name: str = ""
    encoding: str = ""
    options: dict[str, str] = field(default_factory=dict)

    @property
    def arguments(self) -> dict[str, Any]:
        """Keyword arguments of pyogrio's readers."""
        named = {"layer": self.name} if self.name else {}
        return {**named, "encoding": self.encoding or None, **self.options}


class Content(NamedTuple):
    """What a layer holds: plain columns, and the name of its system as the file has it."""

    data: pa.Table | TableStream
    crs: str
    repaired: int = 0
    renamed: int = 0


@contextmanager
def gdal(name: str) -> Iterator[list[str]]:
    """Turn GDAL's failures into refusals of `name`, and collect its warnings."""
    messages: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield messages
        except (*FAILURES, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk's trouble, not the file's: Arrow's own failures carry no number
            message = f"{name} cannot be read ({_one_line(error)})"
            raise RefusedError("corrupt", message, hint=REEXPORT) from error
    texts = dict.fromkeys(
        _one_line(one.message) for one in caught if issubclass(one.category, RuntimeWarning)
    )
    messages += [text for text in texts if not any(words in text for words in HARMLESS)]


def _one_line(error: Exception | str) -> str:
    return " ".join(str(error).split())[:300]


def information(layer: Layer, shown: str) -> dict[str, Any]:
    """Driver, fields, extent and metadata of `layer`; refused when another driver than its own opened it."""
    with gdal(shown):
        found: dict[str, Any] = pyogrio.read_info(layer.path, **layer.arguments)
    if found["driver"] != layer.driver:
        raise RefusedError("corrupt", f"{shown} is not what its name and first bytes say", hint=REEXPORT)
    return found


def layer_names(path: str, shown: str) -> list[str]:
    """Names of all layers at `path`."""
    with gdal(shown):
        names = [str(name) for name, _type in pyogrio.list_layers(path)]
    if len(names) > LAYER_LIMIT:
        raise RefusedError(
            "unsupported", f"{shown} has {len(names)} layers", hint="split it into several files"
        )
    return names


def read(layer: Layer, shown: str, *, stream: bool = False) -> tuple[Content, list[str]]:
    """Columns of `layer` in plain types, as a table or `stream`, and the warnings that reading gave."""
    with gdal(shown) as messages:
        content = _open_stream(layer) if stream else _read_whole(layer)
    return content, messages


def _read_whole(layer: Layer) -> Content:
    meta, table = pyogrio.read_arrow(layer.path, **layer.arguments)
    geometry = _geometry_name(meta)
    empty = vector_columns.plain(_empty_batch(table.schema), geometry)
    plain = [vector_columns.plain(batch, geometry) for batch in table.to_batches()]
    columns = pa.Table.from_batches([one.batch for one in plain], schema=empty.batch.schema)
    if GEOMETRY in columns.column_names and vector_geometry.has_curves(columns[GEOMETRY]):
        columns = _linearised(columns, layer)
    return Content(columns, meta["crs"] or "", sum(one.repaired for one in plain), empty.renamed)


def _geometry_name(meta: dict[str, Any]) -> str:
    return meta["geometry_name"] or "wkb_geometry"


def _empty_batch(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array([], type=field.type) for field in schema], schema=schema)


def _linearised(columns: pa.Table, layer: Layer) -> pa.Table:
    """`columns` with arcs replaced by the line strings GDAL draws them with."""
    _meta, _fids, wkb, _fields = pyogrio.raw.read(layer.path, columns=[], **layer.arguments)
    return columns.set_column(columns.column_names.index(GEOMETRY), GEOMETRY, pa.array(wkb, type=pa.binary()))


def _open_stream(layer: Layer) -> Content:
    with pyogrio.raw.open_arrow(layer.path, use_pyarrow=True, **layer.arguments) as (meta, reader):
        geometry, source_schema = _geometry_name(meta), reader.schema
    empty = vector_columns.plain(_empty_batch(source_schema), geometry)

    def batches() -> Iterator[pa.RecordBatch]:
        with pyogrio.raw.open_arrow(layer.path, use_pyarrow=True, **layer.arguments) as (_, reader):
            for batch in reader:
                yield vector_columns.plain(batch, geometry).batch

    return Content(TableStream(empty.batch.schema, batches), meta["crs"] or "", 0, empty.renamed)


def layer_draft(
    source: Source,
    layer: Layer,
    *,
    name: str = "",
    assumed_crs: str = "",
    states_crs: bool = True,
    unread: int = 0,
    winding: bool = False,
) -> Draft:
    """Draft of `layer`: read, its reference system settled, its geometry checked.

    Parameters
    ----------
    name : str
        Name within the source, for formats of several layers.
    assumed_crs : str
        System that the format's standard fixes where the file states none.
    states_crs : bool
        False where the system that OGR gives is its own assumption, by the format's standard.
    unread, winding
        See `vector_geometry.examine`.
    """
    large = source.path.is_file() and source.path.stat().st_size > STREAM_BYTES
    content, messages = read(layer, source.name, stream=large)
    draft = Draft(data=content.data, kind="table", name=name)
    if GEOMETRY in content.data.schema.names:
        stated, assumed = (content.crs, assumed_crs) if states_crs else ("", content.crs or assumed_crs)
        settle_crs(draft, stated, source.options, assumed=assumed)
        _examine(draft, unread=unread, winding=winding)
    _note_reading(draft, content, messages)
    find_directions(draft)
    return draft


def _examine(draft: Draft, *, unread: int, winding: bool) -> None:
    if not isinstance(draft.data, pa.Table):
        draft.steps.append("geometry was not repaired, for the layer is read in batches")
        return
    table = draft.data
    column = vector_geometry.examine(table[GEOMETRY], draft.crs, draft, unread=unread, winding=winding)
    draft.data = table.set_column(table.column_names.index(GEOMETRY), GEOMETRY, column)
    codes = [finding.code for finding in draft.findings]
    if "extent-outside-crs" in codes and "crs-assumed-by-format" in codes:
        draft.crs = ""
        draft.findings = [f for f in draft.findings if f.code != "crs-assumed-by-format"]
        draft.find("crs-missing")


def _note_reading(draft: Draft, content: Content, messages: list[str]) -> None:
    if content.repaired:
        draft.find("encoding-repaired", content.repaired)
    if content.renamed:
        draft.find("header-repaired", content.renamed)
    if any(finding.code == "geometry-repaired" for finding in draft.findings):
        messages = [text for text in messages if UNCLOSED not in text]
    if messages:
        draft.find("format-recovered", len(messages), messages[0])
    if isinstance(content.data, pa.Table) and content.data.num_rows == 0:
        draft.find("table-empty")


def settle_crs(draft: Draft, found: str, options: Options, *, assumed: str = "") -> None:
    """Set `draft.crs` from the file, the person who adds the data, and what the format fixes.

    Parameters
    ----------
    found : str
        Name or WKT of the system in the file; empty when it states none.
    assumed : str
        System fixed by the format's standard.

    Raises
    ------
    RefusedError
        `crs-invalid` when the system that the person stated is not known.
    """
    in_file = _known(found, draft) if found else ""
    if in_file or options.crs or not assumed:
        state_crs(draft, in_file, options)
        return
    draft.crs = assumed
    draft.find("crs-assumed-by-format")


def _known(found: str, draft: Draft) -> str:
    try:
        return systems.normalise(found) if ":" in found[:12] else systems.identify(found)
    except InvalidError as error:
        draft.find("crs-unknown", message=_one_line(error.message))
        return ""


def link_into(folder: Path, name: str, path: Path) -> Path:
    """Make `path` appear as `folder/name`, where GDAL may write beside it; linked if the system can."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / name
    if target.exists():
        return target
    try:
        target.symlink_to(path.resolve())
    except OSError:
        shutil.copyfile(path, target)
    return target
