"""What a file that no other reader took may be: media types by signature and suffix, and broken promises."""

from __future__ import annotations

import fnmatch
from mimetypes import MimeTypes

from craton.process.readers import split_suffix

SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"SQLite format 3\0", "application/vnd.sqlite3"),
    (b"{\\rtf", "application/rtf"),
)
"""First bytes that tell what a file is, whatever its name."""

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SUFFIXES = {
    ".docx": WORD,
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".rst": "text/x-rst",
    ".xml": "application/xml",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".xhtml": "text/html",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
"""Media types that Python's own list lacks or names otherwise."""

WRITTEN = frozenset({
    "application/pdf", WORD, "text/plain", "text/markdown", "text/x-rst", "text/html", "image/png",
    "image/jpeg", "image/gif", "image/svg+xml",
})  # fmt: skip
"""Media types that are documents by nature, so that nobody need look for another reader."""
WRITTEN_SUFFIXES = frozenset({
    "", ".txt", ".text", ".md", ".markdown", ".rst", ".html", ".htm", ".xhtml", ".pdf", ".docx", ".png",
    ".jpg", ".jpeg", ".gif", ".svg", ".license", ".licence", ".qmd",
})  # fmt: skip
"""Suffixes under which such documents go; plain text under another is data that no reader knows."""

PROMISES = {
    ".tif": "a TIFF image", ".tiff": "a TIFF image", ".gtiff": "a TIFF image", ".shp": "a shapefile",
    ".gpkg": "a GeoPackage", ".geojson": "GeoJSON", ".topojson": "TopoJSON", ".kml": "KML",
    ".kmz": "a zipped KML", ".gml": "GML", ".gpx": "GPX", ".dxf": "DXF", ".mif": "a MapInfo file",
    ".dbf": "dBASE", ".fgb": "FlatGeobuf", ".parquet": "Parquet", ".geoparquet": "GeoParquet",
    ".nc": "netCDF", ".nc4": "netCDF", ".h5": "HDF5", ".hdf5": "HDF5", ".he5": "HDF5",
    ".las": "a LAS point cloud or well log", ".laz": "a LAZ point cloud", ".sgy": "SEG-Y", ".segy": "SEG-Y",
    ".xlsx": "an Excel workbook", ".xls": "an Excel workbook", ".xlsm": "an Excel workbook",
    ".ods": "a spreadsheet",
    ".ags": "AGS", ".gef": "GEF", ".edi": "a magnetotelluric EDI file", ".dfn": "an ASEG-GDF2 definition",
    ".dzt": "a GSSI radargram", ".hgt": "an SRTM tile", ".ttl": "Turtle", ".xodr": "OpenDRIVE",
    ".osm": "OpenStreetMap XML", ".cityjson": "CityJSON", ".jp2": "a JPEG 2000 image", ".json": "JSON",
    ".pdf": "PDF", ".docx": "a Word document", ".png": "a PNG image", ".jpg": "a JPEG image",
    ".jpeg": "a JPEG image",
}  # fmt: skip
"""What a suffix says a file is, for formats that are told by their content; a file without it is broken."""

KEYWORDS = (
    ("licen[cs]e*", "licence"), ("copying*", "licence"), ("*.licen[cs]e", "licence"),
    ("attribution*", "attribution"), ("readme*", "readme"),
)  # fmt: skip
"""Keywords of documents by patterns of their names in lower case."""

_BUILT_IN = MimeTypes()


def media_type(name: str, head: bytes, *, is_text: bool) -> str:
    """Media type of a file called `name` that begins with `head`; the machine's own lists are not asked."""
    signed = next((media for mark, media in SIGNATURES if head.lstrip(b"\xef\xbb\xbf").startswith(mark)), "")
    suffix = split_suffix(name)[1]
    if signed or not suffix:
        return signed or ("text/plain" if is_text else "application/octet-stream")
    if suffix == ".docx" and not head.startswith(b"PK"):
        return "application/octet-stream"
    guessed = SUFFIXES.get(suffix) or _BUILT_IN.guess_type(f"file{suffix}")[0] or ""
    if _is_markup(head):
        return "text/html"
    if is_text:
        return (
            guessed
            if guessed.startswith("text/") or guessed.endswith(("xml", "yaml", "json"))
            else "text/plain"
        )
    return guessed if guessed and not guessed.startswith(("text/", "image/")) else "application/octet-stream"


def _is_markup(head: bytes) -> bool:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:20].lower()
    return start.startswith((b"<!doctype html", b"<html"))


def broken_promise(name: str, media: str) -> str:
    """What a file called `name` should be and, being of type `media`, is not; empty where it is."""
    suffix = split_suffix(name)[1]
    kept = {
        ".pdf": "application/pdf",
        ".docx": WORD,
        ".png": "image/png",
        ".jpg": "image/jpeg",
        ".jpeg": "image/jpeg",
    }
    return "" if kept.get(suffix) == media else PROMISES.get(suffix, "")


def is_written(name: str, media: str) -> bool:
    """Whether the file is a document by nature, not data that no reader knows."""
    return media in WRITTEN and (split_suffix(name)[1] in WRITTEN_SUFFIXES or keywords(name) != ())


def keywords(name: str) -> tuple[str, ...]:
    """Keywords that the name of a document gives."""
    return tuple(
        dict.fromkeys(word for pattern, word in KEYWORDS if fnmatch.fnmatchcase(name.lower(), pattern))
    )
