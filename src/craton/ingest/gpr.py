"""Ground-penetrating radar: radargrams of GSSI instruments (`.dzt`).

Places of fields after the manufacturer's published file header (RADAN
manual, appendix "DZT file format").
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import dask.array as da
import numpy as np
import xarray as xr
from dask.delayed import delayed

from craton.ingest.gps_time import rfc3339
from craton.model.data import ColumnNote, Draft
from craton.model.errors import RefusedError
from craton.model.record import Period
from craton.process.readers import Candidate, Source, reader

HEADER_SIZE = 1024
BLOCK_BYTES = 16 << 20
MAX_CHANNELS = 8
SAMPLE_TYPES = {8: "u1", 16: "<u2", 32: "<i4"}
"""Stored type by bits a sample; the unsigned ones have their zero in the middle."""
MAX_TOPOGRAPHY_BYTES = 4 << 20


@dataclass(frozen=True)
class Header:
    """What the first kilobyte states.

    Parameters
    ----------
    start : int
        Byte of the first scan.
    samples, bits, channels : int
        Samples a scan, bits a sample, antennas that take turns.
    scans_per_metre : float
        Zero where the profile was taken by time.
    position, window : float
        First sample and length of the recorded window in nanoseconds.
    permittivity : float
        Relative dielectric permittivity set in the field.
    antenna : str
    created : datetime or None
        Local time of the instrument.
    """

    start: int
    samples: int
    bits: int
    channels: int
    scans_per_metre: float
    position: float
    window: float
    permittivity: float
    antenna: str
    created: datetime | None

    @property
    def scan(self) -> np.dtype[np.void]:
        """Type of one scan of all channels as stored."""
        return np.dtype((np.void, self.channels * self.samples * self.bits // 8))


def _matches(candidate: Candidate) -> bool:
    return candidate.suffix == ".dzt" and _parsed(candidate.head) is not None


def _parsed(head: bytes) -> Header | None:
    """Header of a file that begins with `head`; `None` where it makes no sense."""
    if len(head) < HEADER_SIZE:
        return None
    data, samples, bits = struct.unpack_from("<HHH", head, 2)
    scans_per_metre, _, position, window = struct.unpack_from("<ffff", head, 14)
    channels, permittivity = struct.unpack_from("<Hf", head, 52)
    sound = samples > 0 and bits in SAMPLE_TYPES and 1 <= channels <= MAX_CHANNELS
    if not (sound and np.isfinite([scans_per_metre, position, window, permittivity]).all() and window > 0):
        return None
    return Header(
        start=HEADER_SIZE * (data if 0 < data < HEADER_SIZE else channels),
        samples=samples,
        bits=bits,
        channels=channels,
        scans_per_metre=scans_per_metre,
        position=position,
        window=window,
        permittivity=permittivity,
        antenna=head[98:112].split(b"\0")[0].decode("ascii", "replace").strip(),
        created=_moment(struct.unpack_from("<I", head, 32)[0]),
    )


def _moment(packed: int) -> datetime | None:
    """Moment packed into 32 bits: seconds/2 (5), minute (6), hour (5), day (5), month (4), year−1980 (7)."""
    seconds, minute, hour = packed & 0x1F, packed >> 5 & 0x3F, packed >> 11 & 0x1F
    day, month, year = packed >> 16 & 0x1F, packed >> 21 & 0x0F, packed >> 25
    try:
        return datetime(1980 + year, month, day, hour, minute, 2 * seconds)  # noqa: DTZ001 - the zone is not stated
    except ValueError:
        return None


@reader("gpr-gssi", order=20, suffixes=(".dzt",), matches=_matches, companions=("{stem}.txt",))
def read_radargram(source: Source) -> Iterator[Draft]:
    """One grid a file: (trace, two_way_time), with `channel` first where there are several antennas."""
    with source.path.open("rb") as stream:
        header = _parsed(stream.read(HEADER_SIZE))
    if header is None:
        raise RefusedError("corrupt", "the first kilobyte is not the header of a radargram")
    size = source.path.stat().st_size
    traces, rest = divmod(max(size - header.start, 0), header.scan.itemsize)
    if traces == 0:
        raise RefusedError(
            "truncated", f"{size} bytes hold no whole scan of {header.samples} samples", hint="copy it again"
        )
    radargram = _radargram(source.path, header, traces)
    draft = Draft(data=radargram, kind="grid")
    draft.notes = {"echo": ColumnNote(unit="1", title="amplitude of the radar echo")}
    if rest:
        draft.find("truncated", message=f"{rest} bytes after {traces} whole scans are part of another")
    _note_header(draft, header)
    draft.data = _with_topography(radargram, draft, source)
    yield draft


def _radargram(path: Path, header: Header, traces: int) -> xr.Dataset:
    step = max(1, BLOCK_BYTES // header.scan.itemsize)
    shape, dtype = (header.channels, header.samples), np.dtype(_read_type(header.bits))
    blocks: list[da.Array] = []
    for first in range(0, traces, step):
        count = min(step, traces - first)
        scans = delayed(_scans, pure=True)(path, header, first, count)
        blocks.append(da.from_delayed(scans, (count, *shape), dtype))  # type: ignore[no-untyped-call] # dask is partly typed
    echo: da.Array = da.concatenate(blocks, axis=0).transpose(1, 0, 2)  # type: ignore[no-untyped-call] # dask is partly typed
    number = np.arange(traces)
    data = xr.Dataset(
        {"echo": (("channel", "trace", "two_way_time"), echo)},
        coords={
            "channel": np.arange(1, header.channels + 1),
            "trace": number + 1,
            "two_way_time": header.position + np.arange(header.samples) * header.window / header.samples,
        },
    )
    data["two_way_time"].attrs["units"] = "ns"
    if header.scans_per_metre > 0:
        data = data.assign_coords(distance=("trace", number / header.scans_per_metre, {"units": "m"}))
    return data if header.channels > 1 else data.squeeze("channel", drop=True)


def _read_type(bits: int) -> str:
    return {8: "i1", 16: "i2", 32: "i4"}[bits]


def _scans(path: Path, header: Header, first: int, count: int) -> np.ndarray:
    """Samples (count, channels, samples) of `count` scans from `first` on, about zero."""
    stored_type = np.dtype(SAMPLE_TYPES[header.bits])
    wanted = count * header.channels * header.samples
    offset = header.start + first * header.scan.itemsize
    stored = np.fromfile(path, dtype=stored_type, count=wanted, offset=offset)
    if len(stored) < wanted:
        raise RefusedError("truncated", f"the file ended while scan {first + 1} was read")
    scans = stored.reshape(count, header.channels, header.samples)
    if stored_type.kind == "u":
        scans = scans ^ stored_type.type(1 << (header.bits - 1))
    return scans.astype(stored_type.newbyteorder("=")).view(_read_type(header.bits))


def _note_header(draft: Draft, header: Header) -> None:
    draft.properties = {
        "instrument_format": "GSSI DZT",
        "antenna": header.antenna,
        "bits": header.bits,
        "scans_per_metre": header.scans_per_metre,
        "relative_permittivity": header.permittivity,
    }
    draft.find("no-coordinates", message="a radargram knows only the distance along its profile")
    if header.created is not None:
        draft.time = Period(start=rfc3339(header.created), end=rfc3339(header.created))
        draft.find("time-assumed-utc")


def _with_topography(radargram: xr.Dataset, draft: Draft, source: Source) -> xr.Dataset:
    """Radargram with the elevation along the profile out of the text file of the same name, in metres."""
    beside = source.sibling(".txt")
    if beside is None or "distance" not in radargram.coords:
        return radargram
    table = _two_columns(beside)
    if table is None:
        draft.find("sidecar-conflict", message=f"{beside.name} is not a table of distance and elevation")
        return radargram
    elevation = np.interp(radargram["distance"].values, table[:, 0], table[:, 1])
    draft.steps.append(f"elevation along the profile interpolated from {len(table)} points of {beside.name}")
    return radargram.assign_coords(elevation=("trace", elevation, {"units": "m"}))


def _two_columns(path: Path) -> np.ndarray | None:
    """Numbers (n, 2) of a text with ascending first column; `None` where it is something else."""
    if path.stat().st_size > MAX_TOPOGRAPHY_BYTES:
        return None
    try:
        rows = [
            [float(cell) for cell in line.split()]
            for line in path.read_text("ascii").splitlines()
            if line.strip()
        ]
        table = np.array(rows, dtype=np.float64)
    except ValueError:
        return None
    sound = table.ndim == 2 and table.shape[1] == 2 and np.isfinite(table).all()
    return table if sound and np.all(np.diff(table[:, 0]) > 0) else None
