"""Geosoft binary grids, plain and packed.

The format, as published in Geosoft's own description: a header of 512 bytes
(`HEADER`), then vectors of equally spaced elements; a packed grid holds blocks
of vectors, each a zlib stream behind 16 bytes of its own, found by a table of
64-bit places and 32-bit sizes.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import dask.array as da
import numpy as np
import rasterio
from rasterio.transform import Affine
from rasterio.windows import Window

from craton.ingest.geosoft_metadata import metadata_of
from craton.ingest.grid_axes import count_missing, lattice, regular_grid, settle_longitudes
from craton.ingest.raster_gdal import BLOCK_BYTES, GDAL_OPTIONS
from craton.ingest.raw_rows import CHUNK_BYTES, RawRows, turn
from craton.model.data import Band, Draft, RasterFile
from craton.model.errors import RefusedError
from craton.process.readers import Candidate, Source, reader

HEADER = struct.Struct("<5i7d")
HEADER_BYTES = 512
LEAST_MULTIPLIER = 1e-30
"""Size of the multiplier below which single precision has no number for what is divided by it."""

PACKED_FLAG = 1024
"""Added to the element size where the vectors are packed."""

TABLE = struct.Struct("<4i")
BLOCK_HEADER_BYTES = 16
ZLIB_PACKING = 2
PIECE = 1 << 20

NUMBERS: dict[tuple[int, int], tuple[str, float]] = {
    (1, 0): ("<u1", 255),
    (1, 1): ("<i1", -127),
    (2, 0): ("<u2", 65535),
    (2, 1): ("<i2", -32767),
    (4, 0): ("<u4", 4294967295),
    (4, 1): ("<i4", -2147483647),
    (4, 2): ("<f4", -1e32),
    (8, 2): ("<f8", -1e32),
}
"""Type and dummy value by element size in bytes and sign flag (0 unsigned, 1 signed, 2 real)."""

ROWS_ALONG_X, ROWS_ALONG_Y = 1, -1
"""Ordering: whether a vector runs along x (a row) or along y (a column)."""


@dataclass(frozen=True)
class Header:
    """What the first 512 bytes state; `rotation` is in degrees counterclockwise."""

    element_bytes: int
    sign: int
    elements: int
    vectors: int
    ordering: int
    element_spacing: float
    vector_spacing: float
    x_origin: float
    y_origin: float
    rotation: float
    base: float
    multiplier: float

    @property
    def packed(self) -> bool:
        """Whether the vectors are packed."""
        return self.element_bytes >= PACKED_FLAG

    @property
    def number(self) -> tuple[str, float] | None:
        """Type of the elements and their dummy value, `None` for colours."""
        return NUMBERS.get((self.element_bytes % PACKED_FLAG, self.sign))

    @property
    def plausible(self) -> bool:
        """Whether these can be the first bytes of such a grid."""
        spacings = (self.element_spacing, self.vector_spacing)
        return (
            self.element_bytes % PACKED_FLAG in {1, 2, 4, 8}
            and self.element_bytes < 2 * PACKED_FLAG
            and self.sign in range(4)
            and self.ordering in {ROWS_ALONG_X, ROWS_ALONG_Y}
            and min(self.elements, self.vectors) > 0
            and all(np.isfinite(spacing) and 0 < spacing < 1e12 for spacing in spacings)
            and bool(
                np.isfinite([self.x_origin, self.y_origin, self.rotation, self.base, self.multiplier]).all()
            )
        )


def parse_header(head: bytes) -> Header | None:
    """Header in the first bytes of a grid, `None` when they are not one."""
    if len(head) < HEADER_BYTES:
        return None
    header = Header(*HEADER.unpack_from(head))
    return header if header.plausible else None


def _is_geosoft(candidate: Candidate) -> bool:
    return parse_header(candidate.head) is not None


@reader(
    "geosoft-grid",
    suffixes=(".grd",),
    order=25,
    matches=_is_geosoft,
    companions=("{name}.gi", "{name}.xml", "{stem}.gi", "{stem}.prj"),
)
def read_geosoft(source: Source) -> Iterator[Draft]:
    """Read a Geosoft grid."""
    with source.path.open("rb") as stream:
        header = parse_header(stream.read(HEADER_BYTES))
    if header is None:
        raise RefusedError("corrupt", f"{source.path.name} has no Geosoft header", hint="export it again")
    rows = _plain_rows(source.path, header, source.scratch)
    if header.ordering == ROWS_ALONG_Y:
        rows = turn(rows, source.scratch / "rows")
    values = _values(header, rows)
    metadata = metadata_of(source.files[1:])
    if header.rotation:
        draft = _rotated(header, values, source, metadata.crs)
    else:
        draft = _upright(header, values, source.stem, metadata.crs)
    draft.title, draft.properties = metadata.title, {"format": "Geosoft grid"}
    if metadata.crs_unknown:
        draft.find("crs-unknown", message=metadata.crs_unknown)
    yield draft


def _plain_rows(path: Path, header: Header, scratch: Path) -> RawRows:
    """The vectors as plain numbers: in the file, or unpacked into `scratch`."""
    if header.number is None:
        raise RefusedError(
            "unsupported", f"{path.name} holds colours, not numbers", hint="export the data grid"
        )
    if abs(header.multiplier) < LEAST_MULTIPLIER:
        message = f"{path.name} states a multiplier of {header.multiplier:g}"
        raise RefusedError("corrupt", message, hint="export it again")
    shape, dtype = (header.vectors, header.elements), np.dtype(header.number[0])
    wanted = header.vectors * header.elements * dtype.itemsize
    if header.packed:
        unpacked = scratch / f"{path.stem}.vectors"
        _unpack(path, unpacked, wanted)
        return RawRows(unpacked, shape, dtype)
    if path.stat().st_size < HEADER_BYTES + wanted:
        raise RefusedError(
            "truncated",
            f"{path.name} declares {header.elements} x {header.vectors} cells, which its bytes do not hold",
            hint="copy or export it again",
        )
    return RawRows(path, shape, dtype, HEADER_BYTES)


def _unpack(path: Path, target: Path, wanted: int) -> None:
    try:
        with path.open("rb") as stream, target.open("wb") as out:
            for place, size in _blocks(stream, path.stat().st_size):
                stream.seek(place)
                for piece in _inflate(stream.read(size), wanted - out.tell()):
                    out.write(piece)
            written = out.tell()
    except (zlib.error, struct.error, ValueError) as error:
        raise RefusedError(
            "corrupt", f"a block of {path.name} cannot be unpacked ({error})", hint="export it again"
        ) from error
    if written != wanted:
        raise RefusedError(
            "corrupt", f"{path.name} unpacks to {written} bytes instead of {wanted}", hint="export it again"
        )


def _blocks(stream: BinaryIO, file_bytes: int) -> list[tuple[int, int]]:
    """Place and size in bytes of the zlib stream of each block."""
    stream.seek(HEADER_BYTES)
    _, packing, count, _ = TABLE.unpack(stream.read(TABLE.size))
    if packing != ZLIB_PACKING:
        raise RefusedError(
            "unsupported", "the grid is packed for speed, which is not published", hint="export it unpacked"
        )
    if not 0 < count <= file_bytes // 12:
        raise ValueError(f"{count} blocks are declared")
    places = np.frombuffer(stream.read(8 * count), dtype="<i8")
    sizes = np.frombuffer(stream.read(4 * count), dtype="<i4")
    if (
        places.size != count
        or sizes.size != count
        or (places < HEADER_BYTES).any()
        or (sizes < BLOCK_HEADER_BYTES).any()
    ):
        raise ValueError("the table of blocks is damaged")
    if sizes.max() > BLOCK_BYTES or (places > file_bytes - sizes).any():
        raise ValueError("a block reaches beyond the file")
    return [
        (int(place) + BLOCK_HEADER_BYTES, int(size) - BLOCK_HEADER_BYTES)
        for place, size in zip(places, sizes, strict=True)
    ]


def _inflate(packed: bytes, limit: int) -> Iterator[bytes]:
    """Unpack a zlib stream in pieces, of at most `limit` bytes together."""
    inflater = zlib.decompressobj()
    while not inflater.eof:
        piece = inflater.decompress(packed, PIECE)
        packed = inflater.unconsumed_tail
        limit -= len(piece)
        if limit < 0:
            raise ValueError("it holds more cells than declared")
        if not piece and not packed:
            raise ValueError("it ends early")
        yield piece


def _values(header: Header, rows: RawRows) -> da.Array:
    """Values by row from the south and by column from the west, NaN for dummies."""
    assert header.number is not None
    dummy = header.number[1]
    plain = (header.base, header.multiplier) == (0.0, 1.0)
    dtype = rows.dtype if rows.dtype.kind == "f" else np.dtype(np.float64)

    def decode(stored: np.ndarray) -> np.ndarray:
        missing = stored <= dummy if stored.dtype.kind == "f" else stored == dummy
        values = stored.astype(dtype.newbyteorder("="))
        if not plain:
            with np.errstate(over="ignore", invalid="ignore"):  # what is infinite is told
                values = values / dtype.type(header.multiplier) + dtype.type(header.base)
        values[missing] = np.nan
        return values

    return rows.lazy(decode, dtype.newbyteorder("="))


def _spacing(header: Header) -> tuple[float, float]:
    """Distance between columns and between rows."""
    if header.ordering == ROWS_ALONG_X:
        return header.element_spacing, header.vector_spacing
    return header.vector_spacing, header.element_spacing


def _upright(header: Header, values: da.Array, name: str, crs: str) -> Draft:
    across, along = _spacing(header)
    rows, columns = values.shape
    grid = regular_grid(
        values,
        lattice(header.y_origin, along, rows),
        lattice(header.x_origin, across, columns),
        name=name,
        crs=crs,
    )
    grid, findings = settle_longitudes(grid)
    draft = Draft(grid, kind="grid", crs=crs, findings=findings)
    if missing := count_missing(grid, [name]):
        draft.find("nodata-declared", missing)
    return draft


def _placing(header: Header, rows: int) -> Affine:
    """Place of cells by column and by row from the top.

    Columns go along (cos r, sin r) and rows, upward, along (−sin r, cos r) for
    a rotation r about the first node, which is the centre of the lowest left cell.
    """
    across, along = _spacing(header)
    cosine, sine = np.cos(np.radians(header.rotation)), np.sin(np.radians(header.rotation))
    right, up = -across / 2, (rows - 0.5) * along
    return Affine(
        across * cosine,
        along * sine,
        header.x_origin + right * cosine - up * sine,
        across * sine,
        -along * cosine,
        header.y_origin + right * sine + up * cosine,
    )


def _rotated(header: Header, values: da.Array, source: Source, crs: str) -> Draft:
    """A rotated grid has no axes of its own; it becomes a raster, which can be placed turned."""
    place = _placing(header, values.shape[0])
    rows, columns = values.shape
    target = source.scratch / f"{source.stem}.tif"
    profile = {"width": columns, "height": rows, "count": 1, "dtype": values.dtype.name, "nodata": np.nan}
    with (
        rasterio.Env(**GDAL_OPTIONS),
        rasterio.open(target, "w", driver="GTiff", transform=place, bigtiff="IF_SAFER", **profile) as out,
    ):
        step = max(1, CHUNK_BYTES // (columns * values.dtype.itemsize))
        for first in range(0, rows, step):
            block = values[first : first + step].compute()
            out.write(block[::-1], 1, window=Window(0, rows - first - len(block), columns, len(block)))
    data = RasterFile(str(target), (Band(source.stem),), crs=crs or None, driver="GTiff")
    return Draft(data, kind="grid", crs=crs)
