"""Shapefiles: the set of files that makes one layer, with its missing and damaged members.

GDAL reads past damage without a word, so what a set holds is worked out from
its headers first (ESRI Shapefile Technical Description, 1998; dBASE III+).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyogrio

from craton.ingest import vector, vector_metadata
from craton.ingest.table_text import guess_encoding
from craton.ingest.vector import Layer, layer_draft
from craton.model.data import Draft
from craton.model.errors import RefusedError
from craton.process.readers import Candidate, Source, reader

DRIVER = "ESRI Shapefile"

MAGIC = b"\x00\x00\x27\x0a"
HEADER_BYTES = 100
"""Length of the header of `.shp` and `.shx`; all lengths in them count 16-bit words."""

RECORD_HEADER_BYTES = 8
NULL_SHAPE = 0

PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
"""What GDAL needs to see; indexes are left out, for a stale one hides features."""

COMPANION_SUFFIXES = (
    ".shx", ".dbf", ".prj", ".qpj", ".cpg", ".cst", ".sbn", ".sbx", ".qix", ".fbn", ".fbx", ".ain",
    ".aih", ".atx", ".ixs", ".mxs", ".idm", ".ind", ".shp.xml", ".qmd", ".qml", ".sld", ".lyr", ".license",
    ".licence",
)  # fmt: skip
COMPANIONS = tuple(f"{{stem}}{suffix}" for suffix in COMPANION_SUFFIXES)

DBASE_VERSIONS = frozenset(bytes.fromhex("0203040530313243637b838b8ccbe5f5fb"))
"""First bytes of the dialects of dBASE and FoxPro tables."""

DBASE_HEADER = 32
UNSTATED_LANGUAGES = (0x00, 0x57)
"""Language driver bytes that name no code page: none, and "ANSI", which is whatever the machine used."""

SAMPLE_BYTES = 1 << 16
WESTERN = "cp1252"
GDAL_NAMES = {"latin-1": "iso-8859-1", "mac_roman": "macintosh"}
"""Code pages that GDAL knows by another name than Python."""
FOREIGN_RUN = re.compile(rb"[\x80-\xff]{2}")


@dataclass(frozen=True)
class Attributes:
    """Header of a dBASE table: rows, header and row length in bytes, and the language byte."""

    rows: int
    header: int
    row: int
    language: int

    @property
    def size(self) -> int:
        """File length that the header promises, in bytes."""
        return self.header + self.rows * self.row


def _is_shapefile(candidate: Candidate) -> bool:
    return candidate.head[:4] == MAGIC or not candidate.head.strip(b"\0")


def _is_dbase(candidate: Candidate) -> bool:
    return candidate.head[:1] != b"" and candidate.head[0] in DBASE_VERSIONS


@reader("shapefile", suffixes=(".shp",), order=20, matches=_is_shapefile, companions=COMPANIONS)
def read_shapefile(source: Source) -> Iterator[Draft]:
    """Read a shapefile set as one table."""
    index = _index(source)
    main = _assemble(source)
    attributes = _attributes(main.with_suffix(".dbf"))
    encoding, guessed = _encoding(main, attributes)
    damage = Draft(data=pa.table({}), kind="table")
    unread = _check_main(source, index, damage)
    _check_attributes(source, main, attributes, index, damage)
    draft = _read(source, Layer(str(main), DRIVER, encoding=encoding), unread)
    draft.findings += damage.findings
    if guessed:
        draft.find("encoding-guessed", message=f"read as {encoding}")
    if source.sibling(".prj", ".qpj") and not draft.crs:
        draft.find("crs-unknown", message="the .prj file is not understood")
    vector_metadata.apply(draft, source)
    yield draft


@reader("dbase", suffixes=(".dbf",), order=21, matches=_is_dbase, companions=("{stem}.cpg", "{stem}.dbf.xml"))
def read_dbase(source: Source) -> Iterator[Draft]:
    """Read a dBASE file that belongs to no shapefile as a table without geometry."""
    main = _assemble(source)
    attributes = _attributes(main)
    if attributes is None:
        raise RefusedError("corrupt", f"{source.name} has no dBASE header", hint=vector.REEXPORT)
    encoding, guessed = _encoding(main, attributes)
    draft = layer_draft(source, Layer(str(main), DRIVER, encoding=encoding))
    if guessed:
        draft.find("encoding-guessed", message=f"read as {encoding}")
    missing = _missing_rows(main, attributes)
    if missing:
        draft.find("truncated", missing)
    yield draft


def _assemble(source: Source) -> Path:
    """Bring the parts of the set together in scratch under one plain name; the main part."""
    folder = source.scratch / "shapefile"
    for path in source.files:
        suffix = path.suffix.lower()
        if suffix in PARTS and path.stat().st_size and not (folder / f"layer{suffix}").exists():
            vector.link_into(folder, f"layer{suffix}", path)
    return folder / f"layer{source.path.suffix.lower()}"


def _index(source: Source) -> np.ndarray:
    """Offset and length in bytes of each record of the main file; no rows without an index."""
    size = source.path.stat().st_size
    if size < HEADER_BYTES:
        code = "truncated" if size else "empty"
        raise RefusedError(
            code, f"{source.name} has {size} bytes, its header alone has {HEADER_BYTES}", hint="copy it again"
        )
    path = source.sibling(".shx")
    body = path.read_bytes()[HEADER_BYTES:] if path is not None else b""
    words = np.frombuffer(body[: len(body) // 8 * 8], ">i4").reshape(-1, 2).astype(np.int64)
    return words * 2


def _check_main(source: Source, index: np.ndarray, draft: Draft) -> int:
    """Compare main file and index, note what differs; how many geometries lie in damaged records."""
    data = np.memmap(source.path, np.uint8, "r")
    declared = int(data[24:28].view(">i4")[0]) * 2
    if declared < data.size:
        draft.find(
            "format-recovered", message=f"{data.size - declared} bytes follow the declared end of the file"
        )
    elif declared > data.size and not len(index):
        draft.find("truncated", message=f"{declared - data.size} bytes are missing")
    ends = index.sum(axis=1) + RECORD_HEADER_BYTES
    inside = (index[:, 0] >= HEADER_BYTES) & (index[:, 1] >= 4) & (ends <= data.size)
    if not inside.all():
        draft.find(
            "truncated", int((~inside).sum()), "records of the index lie beyond the end of the main file"
        )
    types = _shape_types(data, index[inside])
    strange = ~np.isin(types, (NULL_SHAPE, data[32:36].view("<i4")[0]))
    return int((~inside).sum() + strange.sum())


def _shape_types(data: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Type code at the head of each record's content."""
    places = index[:, 0, None] + RECORD_HEADER_BYTES + np.arange(4)
    return data[places].view("<i4").ravel()


def _check_attributes(
    source: Source, main: Path, attributes: Attributes | None, index: np.ndarray, draft: Draft
) -> None:
    """Note a missing or short attribute table; a short one is filled with blanks so that no shape is lost."""
    if source.sibling(".shx") is None:
        draft.find("sidecar-missing", message="the index (.shx) was made anew")
    if source.sibling(".dbf") is None:
        draft.find("sidecar-missing", message="there is no attribute table (.dbf)")
    elif attributes is None:
        draft.find("sidecar-conflict", message="the attribute table (.dbf) is damaged and was left out")
        main.with_suffix(".dbf").unlink(missing_ok=True)
    else:
        _complete(main.with_suffix(".dbf"), attributes, len(index), draft)


def _complete(path: Path, attributes: Attributes, shapes: int, draft: Draft) -> None:
    missing = _missing_rows(path, attributes)
    if missing and attributes.rows == shapes:
        whole = path.with_suffix(".whole")
        shutil.copyfile(path, whole)
        with whole.open("ab") as stream:
            stream.write(b" " * (attributes.size - whole.stat().st_size))
        path.unlink()
        whole.rename(path)
    if missing:
        draft.find("truncated", missing, "rows of the attribute table are missing")
    elif shapes and attributes.rows != shapes:
        draft.find("sidecar-conflict", message=f"{shapes} shapes but {attributes.rows} rows of attributes")


def _missing_rows(path: Path, attributes: Attributes) -> int:
    present = (path.stat().st_size - attributes.header) // attributes.row
    return max(attributes.rows - max(present, 0), 0)


def _attributes(path: Path) -> Attributes | None:
    """Header of the dBASE file at `path`; `None` where there is none or it makes no sense."""
    if not path.exists():
        return None
    with path.open("rb") as stream:
        head = stream.read(DBASE_HEADER)
    if len(head) < DBASE_HEADER or head[0] not in DBASE_VERSIONS:
        return None
    rows, header, row = (int.from_bytes(head[a:b], "little") for a, b in ((4, 8), (8, 10), (10, 12)))
    found = Attributes(rows, header, row, head[29])
    sensible = header > DBASE_HEADER and row > 0 and header <= path.stat().st_size
    return found if sensible else None


def _encoding(main: Path, attributes: Attributes | None) -> tuple[str, bool]:
    """Code page of the attribute texts where no file states it, and whether it had to be guessed."""
    stated = main.with_suffix(".cpg").exists()
    if stated or attributes is None or attributes.language not in UNSTATED_LANGUAGES:
        return "", False
    texts = _foreign_rows(main.with_suffix(".dbf"), attributes)
    if not texts:
        return "", False
    try:
        texts.decode("utf-8")
    except UnicodeDecodeError:
        return _guess(texts), True
    return "utf-8", True


def _guess(texts: bytes) -> str:
    """Code page of `texts`: Western where foreign letters stand alone among ASCII, else what they spell."""
    found = guess_encoding(texts) if FOREIGN_RUN.search(texts) else WESTERN
    return GDAL_NAMES.get(found, found.replace("_", "-"))


def _foreign_rows(path: Path, attributes: Attributes) -> bytes:
    """The rows that hold bytes beyond ASCII, up to a sample; field by field they are padded with blanks."""
    data = np.memmap(path, np.uint8, "r")[attributes.header :]
    rows = data[: data.size // attributes.row * attributes.row].reshape(-1, attributes.row)
    foreign = rows[(rows > 127).any(axis=1)]
    return foreign[: max(SAMPLE_BYTES // attributes.row, 1)].tobytes()


def _read(source: Source, layer: Layer, unread: int) -> Draft:
    """Read the assembled set, with a new index where the old one is missing or of no use."""
    index = Path(layer.path).with_suffix(".shx")
    if not index.exists():
        return _restored(source, layer)
    try:
        return layer_draft(source, layer, unread=unread)
    except RefusedError:
        index.unlink()
    draft = _restored(source, layer)
    draft.find("sidecar-conflict", message="the index (.shx) is damaged and was made anew")
    return draft


def _restored(source: Source, layer: Layer) -> Draft:
    pyogrio.set_gdal_config_options({"SHAPE_RESTORE_SHX": "YES"})
    try:
        return layer_draft(source, layer)
    finally:
        pyogrio.set_gdal_config_options({"SHAPE_RESTORE_SHX": None})
