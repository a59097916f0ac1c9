"""Vector formats that OGR reads as they are: how each is recognised and what is particular to it."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pyarrow as pa

from craton.ingest import vector, vector_metadata
from craton.ingest.vector import Layer, layer_draft
from craton.model.data import Draft
from craton.model.errors import RefusedError
from craton.process.readers import Candidate, Matches, Source, reader

SQLITE = b"SQLite format 3\0"

ROOT = re.compile(rb"<(?![?!])(?:[\w.-]+:)?([\w.-]+)")
ENTITY = b"<!ENTITY"
METADATA_DRIVERS = ("GPKG", "FlatGeobuf")
"""Drivers that keep a layer's title and description."""

FIXED_LAYERS = ("OSM", "GPX")
"""Drivers whose layers are called alike in every file, so that a title needs the file's name too."""

UNPACKED_LIMIT = 512 << 20

SYSTEM_TABLES = re.compile(
    r"(gpkg|rtree|sqlite|idx|spatialite|geometry_columns|views_geometry|virts_geometry|vector_layers|spatial_ref|layer_sta"
    r"|raster_coverages|data_licenses|stored_|sql_statements|elementarygeometries|knn)\w*|layer_styles|qgis_projects",
    re.IGNORECASE,
)

XML_COMPANIONS = ("{stem}.license", "{stem}.licence", "{name}.xml", "{stem}.qmd")
SQLITE_COMPANIONS = (*XML_COMPANIONS, "{name}-wal", "{name}-shm")


@dataclass(frozen=True)
class Format:
    """A vector format.

    Parameters
    ----------
    driver : str
        The GDAL driver that reads it.
    suffixes : tuple of str
        Lower-case suffixes.
    matches : callable
        Signature check on the first bytes.
    layered : bool
        Whether one file may hold several layers; their names then tell the drafts apart.
    assumed_crs : str
        System that the format's standard fixes.
    options : dict
        Open options of the driver.
    companions : tuple of str
        Companion file patterns.
    """

    driver: str
    suffixes: tuple[str, ...]
    matches: Matches
    layered: bool = False
    assumed_crs: str = ""
    options: dict[str, str] = field(default_factory=dict)
    companions: tuple[str, ...] = XML_COMPANIONS


def starts(*signatures: bytes) -> Matches:
    """Match files that begin with one of `signatures`, white space and a byte order mark aside."""
    return lambda candidate: candidate.head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(signatures)


def xml_root(*names: str) -> Matches:
    """Match XML whose outermost element has one of the local `names`."""
    return lambda candidate: root_name(candidate.head) in names


def root_name(head: bytes) -> str:
    """Local name of the outermost element in the first bytes of an XML file; empty for anything else."""
    bare = re.sub(rb"<!--.*?-->", b"", head, flags=re.DOTALL).replace(b"\0", b"")
    found = ROOT.search(bare) if bare.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<") else None
    return found.group(1).decode("ascii", "replace") if found else ""


def _is_gml(candidate: Candidate) -> bool:
    return b"opengis.net/gml" in candidate.head and root_name(candidate.head) == "FeatureCollection"


def _is_dxf(candidate: Candidate) -> bool:
    return candidate.head.startswith(b"AutoCAD Binary DXF") or bool(
        re.match(rb"\s*(999\r?\n[^\n]*\n\s*)*0\r?\n\s*SECTION", candidate.head)
    )


def _is_osm(candidate: Candidate) -> bool:
    return root_name(candidate.head) == "osm" or b"OSMHeader" in candidate.head[:64]


LOCKED_GML = {"DOWNLOAD_SCHEMA": "NO", "WRITE_GFS": "NO"}
TAB_COMPANIONS = ("{stem}.dat", "{stem}.map", "{stem}.id", "{stem}.ind", "{stem}.dbf")
WGS84 = "EPSG:4326"

FORMATS: dict[str, Format] = {
    "geopackage": Format("GPKG", (".gpkg",), starts(SQLITE), layered=True, companions=SQLITE_COMPANIONS),
    "sqlite": Format(
        "SQLite", (".sqlite", ".sqlite3", ".db"), starts(SQLITE), layered=True, companions=SQLITE_COMPANIONS
    ),
    "flatgeobuf": Format("FlatGeobuf", (".fgb",), starts(b"fgb\x03")),
    "kml": Format("LIBKML", (".kml",), xml_root("kml"), layered=True, assumed_crs=WGS84),
    "kmz": Format("LIBKML", (".kmz",), starts(b"PK\x03\x04"), layered=True, assumed_crs=WGS84),
    "gpx": Format("GPX", (".gpx",), xml_root("gpx"), layered=True, assumed_crs=WGS84),
    "gml": Format("GML", (".gml", ".xml"), _is_gml, layered=True, options=LOCKED_GML),
    "dxf": Format("DXF", (".dxf",), _is_dxf),
    "mapinfo-tab": Format("MapInfo File", (".tab",), starts(b"!table", b"!TABLE"), companions=TAB_COMPANIONS),
    "mapinfo-mif": Format(
        "MapInfo File", (".mif",), starts(b"Version", b"VERSION", b"version"), companions=("{stem}.mid",)
    ),
    "openstreetmap": Format(
        "OSM", (".osm", ".pbf"), _is_osm, layered=True, assumed_crs=WGS84, options={"TAGS_FORMAT": "JSON"}
    ),
}


def read_format(format: Format, source: Source) -> Iterator[Draft]:
    """Read all layers of `source` that hold anything."""
    _check_safe(source)
    path = str(_visible(source))
    names = [n for n in vector.layer_names(path, source.name) if not SYSTEM_TABLES.fullmatch(n)]
    if not names:
        raise RefusedError(
            "no-data", f"{source.name} holds no vector layer", hint="check the export that made it"
        )
    layers = [Layer(path, format.driver, name=name, options=format.options) for name in names]
    known = vector.information(layers[0], source.name)
    filled = 0
    for layer in layers:
        if format.driver in METADATA_DRIVERS and layer is not layers[0]:
            known = vector.information(layer, source.name)
        draft = _read_layer(format, source, layer, known["layer_metadata"] or {})
        if format.driver in FIXED_LAYERS and not draft.title:
            draft.title = f"{source.stem} {layer.name.replace('_', ' ')}"
        if len(names) == 1 or not _is_empty(draft):
            filled += 1
            yield draft
    if not filled:
        raise RefusedError(
            "no-data", f"all layers of {source.name} are empty", hint="check the export that made it"
        )


def _is_empty(draft: Draft) -> bool:
    return isinstance(draft.data, pa.Table) and draft.data.num_rows == 0


def _read_layer(format: Format, source: Source, layer: Layer, metadata: dict[str, str]) -> Draft:
    draft = layer_draft(
        source, layer, name=layer.name if format.layered else "", assumed_crs=format.assumed_crs
    )
    if format.driver in METADATA_DRIVERS:
        _state_title(draft, metadata)
    vector_metadata.apply(draft, source)
    tidy = TIDY.get(format.driver)
    return tidy(draft) if tidy else draft


def _state_title(draft: Draft, metadata: dict[str, str]) -> None:
    stated = {key.upper(): value for key, value in metadata.items()}
    title = stated.get("IDENTIFIER") or stated.get("TITLE") or ""
    draft.title = title if title != draft.name else ""
    draft.description = stated.get("DESCRIPTION", "")


def _visible(source: Source) -> Path:
    """Where GDAL opens the file: in scratch, companions beside it, so that it never writes in the source."""
    folder = source.scratch / "layers"
    for path in source.files[1:]:
        if path.name.lower().startswith(source.path.stem.lower()) and not (folder / path.name).exists():
            vector.link_into(folder, path.name, path)
    return vector.link_into(folder, source.path.name, source.path)


def _check_safe(source: Source) -> None:
    """Refuse XML with entities of its own, and packed files that would swell beyond reason."""
    if source.path.suffix.lower() == ".kmz":
        _check_packed(source)
        return
    with source.path.open("rb") as stream:
        head = stream.read(1 << 16)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and ENTITY in head.upper():
        raise RefusedError(
            "unsupported",
            f"{source.name} declares XML entities of its own, which are not followed",
            hint=vector.REEXPORT,
        )


def _check_packed(source: Source) -> None:
    try:
        with zipfile.ZipFile(source.path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise RefusedError(
            "corrupt", f"{source.name} cannot be unpacked ({error})", hint=vector.REEXPORT
        ) from error
    if sum(member.file_size for member in members) > UNPACKED_LIMIT:
        raise RefusedError(
            "unsafe-archive", f"{source.name} unpacks to an unreasonable size", hint="unpack it by hand"
        )
    if any(member.flag_bits & 1 for member in members):
        raise RefusedError(
            "encrypted", f"{source.name} is locked by a password", hint="save it without a password"
        )


def _without_blank(names: tuple[str, ...], blanks: set[object]) -> Callable[[Draft], Draft]:
    """A clean-up that leaves out the columns `names` where they hold nothing but `blanks`."""

    def tidy(draft: Draft) -> Draft:
        if isinstance(draft.data, pa.Table):
            present = [name for name in names if name in draft.data.column_names]
            blank = [n for n in present if set(draft.data[n].unique().to_pylist()) <= blanks]
            draft.data = draft.data.drop_columns(blank)
        return draft

    return tidy


KML_COLUMNS = (
    "id", "description", "timestamp", "begin", "end", "altitudeMode", "tessellate", "extrude", "visibility",
    "drawOrder", "icon", "snippet",
)  # fmt: skip
GPX_COLUMNS = (
    "ele", "time", "magvar", "geoidheight", "name", "cmt", "desc", "src", "number", "sym", "type", "fix",
    "sat", "hdop", "vdop", "pdop", "ageofdgpsdata", "dgpsid",
    *(f"link{number}_{part}" for number in (1, 2) for part in ("href", "text", "type")),
)  # fmt: skip
TIDY: dict[str, Callable[[Draft], Draft]] = {
    "LIBKML": _without_blank(KML_COLUMNS, {None, "", 0, -1}),
    "GPX": _without_blank(GPX_COLUMNS, {None, ""}),
}
"""Clean-ups by driver: KML and GPX layers come with every column of their schema, used or not."""

for _id, _format in FORMATS.items():
    reader(_id, suffixes=_format.suffixes, order=20, matches=_format.matches, companions=_format.companions)(
        partial(read_format, _format)
    )
