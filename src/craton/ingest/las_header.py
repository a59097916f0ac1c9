"""Headers of LAS point clouds: what they declare, checked against the bytes that are there.

Layout after ASPRS LAS specification 1.4-R15, table 3; the compression marks
in the point format are those of LASzip.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import laspy
import numpy as np
import pyproj
from pyproj.exceptions import CRSError

from craton.model.crs import identify
from craton.model.errors import InvalidError, RefusedError

SIGNATURE = b"LASF"
HEADER_SIZE = {0: 227, 1: 227, 2: 227, 3: 235, 4: 375}
"""Least header size in bytes, by minor version."""
POINT_SIZE = (20, 28, 26, 34, 57, 63, 30, 36, 38, 59, 67)
"""Least record size in bytes, by point format."""
RECORD_HEADER, EXTENDED_RECORD_HEADER = 54, 60
COMPRESSED = 0xC0
STREAMED = -1
"""Place of the chunk table in a file written without seeking; the place then stands at the file's end."""
_OFFSET, _CHUNK_TABLE = struct.Struct("<q"), struct.Struct("<II")

VERTICAL_UNITS_KEY = 4099
LINEAR_UNITS = {9001: ("m", 1.0), 9002: ("ft", 0.3048), 9003: ("ftUS", 1200 / 3937)}
"""Unit and length in metres of the linear units GeoTIFF keys name (EPSG codes)."""


@dataclass(frozen=True)
class Layout:
    """Where the points lie, by the header, and how many of them the file can hold.

    `whole` is below `points` when an uncompressed file ends early.
    """

    points: int
    whole: int
    record_size: int
    extended_records_sound: bool


@dataclass(frozen=True)
class Heights:
    """What heights are measured in and from: unit, metres per unit, whether it is stated, datum."""

    unit: str = "m"
    metres: float = 1.0
    stated: bool = False
    datum: str = ""


def read_layout(path: Path) -> Layout:
    """Layout of the file at `path`; `RefusedError` when its sizes cannot be true."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(HEADER_SIZE[4])
        minor = head[25] if len(head) > 25 else 0
        if len(head) < HEADER_SIZE.get(minor, HEADER_SIZE[4]):
            raise RefusedError("truncated", "the file ends within its header", hint="copy it again")
        header_size, data_offset, records = struct.unpack_from("<HII", head, 94)
        point_format, record_size, points = struct.unpack_from("<BHI", head, 104)
        extended_offset, extended_records = 0, 0
        if minor >= 4:
            extended_offset, extended_records, points = struct.unpack_from("<QIQ", head, 235)
        _check_sizes(minor, header_size, data_offset, records, size)
        _check_record(point_format & ~COMPRESSED, record_size)
        if point_format & COMPRESSED:
            _check_chunk_table(stream, data_offset, points, size)
        sound = _extended_sound(stream, extended_offset, extended_records, size)
    if points == 0:
        raise RefusedError("no-data", "the point cloud holds no point", hint="check the export that made it")
    room = points if point_format & COMPRESSED else (size - data_offset) // record_size
    return Layout(points, min(points, room), record_size, sound)


def _check_sizes(minor: int, header_size: int, data_offset: int, records: int, size: int) -> None:
    if header_size < HEADER_SIZE.get(minor, HEADER_SIZE[4]) or data_offset < header_size:
        raise RefusedError(
            "corrupt", f"the header declares {header_size} bytes and points from byte {data_offset} on"
        )
    if data_offset > size:
        message = f"the points begin at byte {data_offset}, but the file has {size} bytes"
        raise RefusedError("truncated", message, hint="copy or export it again")
    if records * RECORD_HEADER > data_offset - header_size:
        raise RefusedError("corrupt", f"{records} header records do not fit before byte {data_offset}")


def _check_record(point_format: int, record_size: int) -> None:
    if point_format >= len(POINT_SIZE):
        raise RefusedError(
            "unsupported", f"point format {point_format} is not one of 0 to {len(POINT_SIZE) - 1}"
        )
    if record_size < POINT_SIZE[point_format]:
        least = POINT_SIZE[point_format]
        raise RefusedError(
            "corrupt", f"points of format {point_format} take {least} bytes at least, not {record_size}"
        )


def _check_chunk_table(stream: BinaryIO, data_offset: int, points: int, size: int) -> None:
    """Refuse a table of more chunks than bytes or points: the library allocates what it declares."""
    for place in (data_offset, size - _OFFSET.size):
        stream.seek(place)
        place_of_table = _OFFSET.unpack(stream.read(_OFFSET.size).ljust(_OFFSET.size, b"\0"))[0]
        if place_of_table != STREAMED:
            break
    if not data_offset < place_of_table <= size - _CHUNK_TABLE.size:
        raise RefusedError(
            "truncated", "the table of compressed chunks is not in the file", hint="copy it again"
        )
    stream.seek(place_of_table)
    _version, chunks = _CHUNK_TABLE.unpack(stream.read(_CHUNK_TABLE.size))
    if not 1 <= chunks <= min(points, size):
        raise RefusedError(
            "corrupt", f"{chunks} compressed chunks are declared for {points} points in {size} bytes"
        )


def _extended_sound(stream: BinaryIO, offset: int, records: int, size: int) -> bool:
    """Whether the records after the points lie within the file."""
    if records * EXTENDED_RECORD_HEADER + offset > size:
        return False
    for _ in range(records):
        stream.seek(offset)
        head = stream.read(EXTENDED_RECORD_HEADER)
        if len(head) < EXTENDED_RECORD_HEADER:
            return False
        offset += EXTENDED_RECORD_HEADER + int(struct.unpack_from("<Q", head, 20)[0])
        if offset > size:
            return False
    return True


def reference(header: laspy.LasHeader) -> tuple[str, Heights, str]:
    """Horizontal system, heights, and what is wrong with the system (empty when nothing is)."""
    try:
        system = header.parse_crs()
    except (CRSError, ValueError, KeyError, IndexError, TypeError) as error:
        return "", Heights(), str(error)[:200]
    if system is None:
        return "", _stated_heights(header) or Heights(), ""
    parts = [_unbound(part) for part in (system.sub_crs_list if system.is_compound else [system])]
    heights = _vertical_part(parts) or _stated_heights(header) or _horizontal_heights(parts[0])
    try:
        return identify(parts[0].to_wkt()), heights, ""
    except InvalidError as error:
        return "", heights, error.message


def _unbound(system: pyproj.CRS) -> pyproj.CRS:
    """The system itself where a transformation to WGS 84 is tied to it."""
    return system.source_crs if system.is_bound and system.source_crs else system


def _vertical_part(parts: list[pyproj.CRS]) -> Heights | None:
    if len(parts) == 1 or not parts[1].axis_info:
        return None
    unit, metres = _unit(parts[1])
    return Heights(unit, metres, stated=True, datum=parts[1].name)


def _stated_heights(header: laspy.LasHeader) -> Heights | None:
    """Heights by the GeoTIFF key of the vertical unit."""
    for directory in header.vlrs.get("GeoKeyDirectoryVlr"):
        for key in directory.geo_keys:
            if key.id == VERTICAL_UNITS_KEY and key.value_offset in LINEAR_UNITS:
                return Heights(*LINEAR_UNITS[key.value_offset], stated=True)
    return None


def _horizontal_heights(system: pyproj.CRS) -> Heights:
    """Heights in the unit of the plane, as is the custom where none is stated."""
    return Heights(*_unit(system)) if system.is_projected else Heights()


def _unit(system: pyproj.CRS) -> tuple[str, float]:
    axis = system.axis_info[0]
    for code, metres in LINEAR_UNITS.values():
        if np.isclose(axis.unit_conversion_factor, metres, rtol=1e-9):
            return code, metres
    return axis.unit_name, axis.unit_conversion_factor
