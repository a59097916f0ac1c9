"""The formats a dataset is given out in: media types, and writing one to a file of the moment."""

from __future__ import annotations

import mimetypes
import tempfile
from dataclasses import dataclass
from pathlib import Path

from craton.model.errors import ContractError, InvalidError
from craton.model.record import Kind, Record
from craton.store.codec import export, suffixes
from craton.web.replies import GEOJSON, Json
from craton.web.site import Site


@dataclass(frozen=True)
class Format:
    """A format: its media type, and the suffix by which the codec knows it."""

    media_type: str
    suffix: str
    other_types: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Short name, as in `?f=geojson`."""
        return self.suffix.lstrip(".")

    def answers(self, asked: str) -> bool:
        """Whether it is what `asked` means: a media type, with or without its parameters, or a short name."""
        said = {_bare(t) for t in (self.media_type, *self.other_types)}
        return _bare(asked) in said or asked.lower() == self.name


GEOJSON_FORMAT = Format(GEOJSON, ".geojson", ("application/vnd.geo+json",))
CSV = Format("text/csv", ".csv")
GEOPACKAGE = Format("application/geopackage+sqlite3", ".gpkg", ("application/x-gpkg",))
PARQUET = Format("application/vnd.apache.parquet", ".parquet", ("application/x-parquet",))
GEOTIFF = Format("image/tiff; application=geotiff", ".tif")
NETCDF = Format("application/x-netcdf", ".nc", ("application/netcdf",))
ZIP = Format("application/zip", ".zip")
GLB = Format("model/gltf-binary", ".glb")
VTI = Format("application/vnd.vtk.imagedata+xml", ".vti")
VTP = Format("application/vnd.vtk.polydata+xml", ".vtp")
VTU = Format("application/vnd.vtk.unstructuredgrid+xml", ".vtu")
OMF = Format("application/vnd.omf", ".omf")
VOXET = Format("application/vnd.gocad.voxet+zip", ".vo.zip")
SGRID = Format("application/vnd.gocad.sgrid+zip", ".sg.zip")
TSURF = Format("application/vnd.gocad.tsurf", ".ts")
PLINE = Format("application/vnd.gocad.pline", ".pl")
VSET = Format("application/vnd.gocad.vset", ".vs")
DXF = Format("image/vnd.dxf", ".dxf", ("application/dxf",))
TILES_3D = Format("application/vnd.3dtiles+zip", ".3dtiles.zip")
AGS = Format("application/vnd.ags", ".ags")
LOGS = Format("application/vnd.las-logs+zip", ".las.zip")

FORMATS: dict[Kind, tuple[Format, ...]] = {
    "table": (GEOJSON_FORMAT, CSV, GEOPACKAGE, PARQUET, OMF, DXF, PLINE, VSET),
    "grid": (GEOTIFF, NETCDF),
    "volume": (NETCDF, GEOTIFF, VTI, OMF, VOXET, SGRID, CSV, TILES_3D),
    "boreholes": (ZIP, GEOPACKAGE, AGS, LOGS, OMF),
    "series": (ZIP, GEOPACKAGE),
    "mesh": (GLB, CSV, VTP, VTU, OMF, TSURF, DXF, TILES_3D),
    "document": (),
}
"""Formats by kind, the one that is given where none is asked for first. A document has its own."""

DOCUMENTS = ("image/png", "application/pdf", "text/html", "text/plain")
"""Media types of documents that processes make."""


def formats_of(site: Site, record: Record) -> tuple[Format, ...]:
    """Formats that `record` can be given in."""
    known = suffixes(record.kind, record.assets, site.locate)
    if record.kind == "document":
        return tuple(Format(_document_type(record, suffix), suffix) for suffix in known)
    is_placed = record.bbox is not None
    return tuple(
        one
        for one in FORMATS[record.kind]
        if one.suffix in known and (is_placed or one is not GEOJSON_FORMAT)
    )


def _document_type(record: Record, suffix: str) -> str:
    made = record.assets.get("data")
    if made is not None and Path(made.members[0].name).suffix.lower() == suffix:
        return made.media_type
    return mimetypes.guess_type(f"document{suffix}")[0] or "application/octet-stream"


def check_format(process: str, output: str, kind: Kind, asked: str) -> None:
    """Refuse a media type in which no dataset of `kind` is given."""
    if not asked or kind == "document":
        return
    if not any(one.answers(asked) for one in FORMATS[kind]):
        allowed = " or ".join(one.media_type for one in FORMATS[kind])
        raise ContractError(process, f"outputs.{output}.format.mediaType", allowed, repr(asked[:60]))


def output_schema(kind: Kind) -> Json:
    """Schema of an output of `kind` given by value, in the words of OpenAPI 3.0 and of the standard."""
    types = [one.media_type for one in FORMATS[kind]] or list(DOCUMENTS)
    forms = [_form(media_type) for media_type in types]
    return forms[0] if len(forms) == 1 else {"oneOf": forms}


def _form(media_type: str) -> Json:
    if media_type == GEOJSON:
        return {"type": "object", "format": "geojson-feature-collection", "contentMediaType": media_type}
    if media_type.startswith("text/"):
        return {"type": "string", "contentMediaType": media_type}
    return {"type": "string", "contentEncoding": "base64", "contentMediaType": media_type}


@dataclass(frozen=True)
class Written:
    """A dataset in a format: a stored object, or a file in a folder that is to be removed after use."""

    path: Path
    media_type: str
    name: str
    etag: str = ""
    folder: tempfile.TemporaryDirectory[str] | None = None

    def close(self) -> None:
        """Remove the file, unless it is the node's own."""
        if self.folder is not None:
            self.folder.cleanup()


def written(site: Site, record: Record, asked: str = "") -> Written:
    """`record` in the format `asked`, or in the first of its kind that can hold it.

    Raises
    ------
    InvalidError
        If it cannot be given so; the message tells how it can.
    """
    known = formats_of(site, record)
    wanted = [one for one in known if one.answers(asked)] if asked else list(known)
    if not wanted:
        allowed = ", ".join(one.media_type for one in known) or "none"
        raise InvalidError(
            f"{record.id} is not given as {asked[:60] or 'data'}", hint=f"its formats: {allowed}"
        )
    for one in wanted[:-1]:
        try:
            return _written(site, record, one)
        except InvalidError:  # such as a table without geometry as GeoJSON: the next format may do
            continue
    return _written(site, record, wanted[-1])


def _written(site: Site, record: Record, format_: Format) -> Written:
    name = f"{record.id}{format_.suffix}"
    if stored := _as_stored(site, record, format_):
        return Written(stored[0], format_.media_type, name, stored[1])
    folder = tempfile.TemporaryDirectory(prefix="craton-web-", ignore_cleanup_errors=True)
    try:
        path = export(record.kind, record.assets, site.locate, Path(folder.name) / f"data{format_.suffix}")
    except BaseException:
        folder.cleanup()
        raise
    return Written(path, format_.media_type, name, folder=folder)


def _as_stored(site: Site, record: Record, format_: Format) -> tuple[Path, str] | None:
    """File and hash of the stored data, where it is in that format already."""
    data = record.assets.get("data")
    if data is None or len(data.members) != 1 or _bare(data.media_type) != _bare(format_.media_type):
        return None
    if format_ == PARQUET:  # stored with notes of ours that others need not see
        return None
    return site.locate(data.members[0]), data.members[0].sha256


def _bare(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()
