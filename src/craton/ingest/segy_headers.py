"""Headers of SEG-Y files: text, binary and trace headers, checked against the bytes that are there.

Places of fields after the SEG-Y standard, revisions 0 to 2.1; bytes of trace
headers are counted from 1, as the standard does.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from craton.model.errors import RefusedError

TEXT_SIZE, BINARY_SIZE, TRACE_HEADER_SIZE = 3200, 400, 240
HEADER_SIZE = TEXT_SIZE + BINARY_SIZE
MAX_TEXT_HEADERS = 100
BLOCK_BYTES = 16 << 20
EBCDIC_SPACE, EBCDIC_C, ASCII_SPACE, ASCII_C = 0x40, 0xC3, 0x20, 0x43
END_TEXT = "((SEG: EndText))"
LAYOUT_STANZA = "((SEG:Layout"
REVISION_2 = 2


class SampleFormat(NamedTuple):
    """How samples are stored: numpy type of one sample without byte order, type it is read as."""

    stored: str
    read: str


FORMATS: dict[int, SampleFormat] = {
    1: SampleFormat("u4", "f4"), 2: SampleFormat("i4", "i4"), 3: SampleFormat("i2", "i2"),
    5: SampleFormat("f4", "f4"), 6: SampleFormat("f8", "f8"), 8: SampleFormat("i1", "i1"),
    9: SampleFormat("i8", "i8"), 10: SampleFormat("u4", "u4"), 11: SampleFormat("u2", "u2"),
    12: SampleFormat("u8", "u8"), 16: SampleFormat("u1", "u1"),
}  # fmt: skip
"""Sample formats by their code; 1 is the IBM floating point of four bytes."""
IBM_FLOAT = 1
OTHER_FORMATS = {4: "fixed point with gain", 7: "integers of three bytes", 15: "integers of three bytes"}

TRACE_FIELDS: dict[str, tuple[int, str]] = {
    "field_record": (9, "i4"), "ensemble": (21, "i4"), "offset": (37, "i4"), "coordinate_scalar": (71, "i2"),
    "source_x": (73, "i4"), "source_y": (77, "i4"), "receiver_x": (81, "i4"), "receiver_y": (85, "i4"),
    "coordinate_unit": (89, "i2"), "delay": (109, "i2"), "sample_count": (115, "u2"),
    "sample_interval": (117, "u2"), "ensemble_x": (181, "i4"), "ensemble_y": (185, "i4"),
    "inline": (189, "i4"), "crossline": (193, "i4"), "time_scalar": (215, "i2"),
}  # fmt: skip
"""Fields read of each trace header: first byte and type."""


@dataclass(frozen=True)
class Layout:
    """How the file is laid out.

    Parameters
    ----------
    order : str
        Byte order as numpy writes it, `>` or `<`.
    format : int
        Key of `FORMATS`.
    samples : int
        Samples a trace.
    interval : float
        Sample interval of the binary header in microseconds; not positive when it states none.
    revision : float
        Revision of the standard, 0.0 where none is stated.
    start : int
        Byte of the first trace.
    header_size : int
        Bytes of header before each trace's samples.
    traces : int
        Whole traces in the file.
    rest : int
        Bytes after the last whole trace.
    """

    order: str
    format: int
    samples: int
    interval: float
    revision: float
    start: int
    header_size: int = TRACE_HEADER_SIZE
    traces: int = 0
    rest: int = 0

    @property
    def trace(self) -> np.dtype[np.void]:
        """Type of one trace as stored."""
        samples = (self.order + FORMATS[self.format].stored, (self.samples,))
        return np.dtype([("header", f"V{self.header_size}"), ("samples", *samples)])


def byte_order(head: bytes) -> str:
    """Byte order in which the binary header of `head` makes sense; empty when in none."""
    if len(head) < HEADER_SIZE:
        return ""
    for order in ">", "<":
        samples, _, format_code = struct.unpack_from(order + "HHH", head, TEXT_SIZE + 20)
        if format_code in FORMATS | OTHER_FORMATS and (samples or _revision(head, order) >= REVISION_2):
            return order
    return ""


def _revision(head: bytes, order: str) -> float:
    """Revision as stored: one byte before and one after the point (a whole in revision 1 was 0x0100)."""
    major, minor = head[TEXT_SIZE + 300], head[TEXT_SIZE + 301]
    if order == "<" and minor and not major:
        major, minor = minor, major
    return major + minor / 10 if major < 10 and minor < 10 else 0.0


def looks_like_cards(head: bytes) -> bool:
    """Whether `head` begins with lines of 80 characters that start with C, in EBCDIC or ASCII."""
    starts = set(head[: 80 * 10 : 80])
    return starts in ({EBCDIC_C}, {ASCII_C})


def read_layout(path: Path) -> tuple[Layout, list[str]]:
    """Layout and text headers of the file at `path`; `RefusedError` where no whole trace can be read."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(HEADER_SIZE)
        order = byte_order(head)
        if not order:
            raise RefusedError("corrupt", "the binary header names no sample format of the SEG-Y standard")
        texts = [head[:TEXT_SIZE], *_extended_texts(stream, head, order, size)]
        layout = _declared(head, order, len(texts) - 1)
        if layout.samples == 0:
            stream.seek(layout.start)
            first = stream.read(TRACE_HEADER_SIZE).ljust(TRACE_HEADER_SIZE, b"\0")
            layout = replace(layout, samples=struct.unpack_from(order + "H", first, 114)[0])
    return _fitted(layout, size), [_decoded(text) for text in texts]


def _extended_texts(stream: BinaryIO, head: bytes, order: str, size: int) -> Iterator[bytes]:
    """Text headers after the binary one; −1 of them means as many as come before the end mark."""
    count = struct.unpack_from(order + "h", head, TEXT_SIZE + 304)[0]
    room = (size - HEADER_SIZE) // TEXT_SIZE
    if count > min(room, MAX_TEXT_HEADERS):
        raise RefusedError(
            "corrupt", f"{count} extended text headers are declared, the file has room for {room}"
        )
    for _ in range(count if count >= 0 else min(room, MAX_TEXT_HEADERS)):
        text = stream.read(TEXT_SIZE)
        yield text
        if count < 0 and END_TEXT in _decoded(text):
            return


def _decoded(text: bytes) -> str:
    ebcdic = text.count(EBCDIC_SPACE) > text.count(ASCII_SPACE) or text[:1] == bytes([EBCDIC_C])
    return text.decode("cp037" if ebcdic else "latin-1")


def _declared(head: bytes, order: str, extended_texts: int) -> Layout:
    """Layout as the binary header states it, before it is compared with the file."""
    interval, samples, format_code = struct.unpack_from(f"{order}h2xH2xH", head, TEXT_SIZE + 16)
    if format_code in OTHER_FORMATS:
        words = OTHER_FORMATS[format_code]
        raise RefusedError(
            "unsupported", f"samples are {words} (format {format_code})", hint="export as format 5"
        )
    layout = Layout(
        order=order,
        format=format_code,
        samples=samples,
        interval=float(interval),
        revision=_revision(head, order),
        start=HEADER_SIZE + extended_texts * TEXT_SIZE,
    )
    if layout.revision < REVISION_2:
        return layout
    long_samples, long_interval = struct.unpack_from(order + "Id", head, TEXT_SIZE + 68)
    more_headers = struct.unpack_from(order + "i", head, TEXT_SIZE + 306)[0]
    start = struct.unpack_from(order + "Q", head, TEXT_SIZE + 320)[0]
    return replace(
        layout,
        samples=long_samples or samples,
        interval=long_interval if long_interval > 0 and np.isfinite(long_interval) else layout.interval,
        start=start or layout.start,
        header_size=TRACE_HEADER_SIZE * (1 + max(more_headers, 0)),
    )


def _fitted(layout: Layout, size: int) -> Layout:
    """`layout` with the traces that `size` bytes hold."""
    if layout.samples == 0:
        raise RefusedError(
            "corrupt", "neither the binary nor the first trace header states how many samples a trace has"
        )
    step = layout.header_size + layout.samples * np.dtype(FORMATS[layout.format].stored).itemsize
    traces, rest = divmod(max(size - layout.start, 0), step)
    if traces == 0:
        message = f"{size} bytes hold no whole trace of {layout.samples} samples"
        raise RefusedError("truncated", message, hint="copy or export it again")
    return replace(layout, traces=traces, rest=rest)


def read_trace_fields(path: Path, layout: Layout) -> dict[str, np.ndarray]:
    """Fields of all trace headers, (traces,) each, read in blocks."""
    names = list(TRACE_FIELDS)
    field_type = np.dtype(
        {
            "names": names,
            "formats": [layout.order + TRACE_FIELDS[name][1] for name in names],
            "offsets": [TRACE_FIELDS[name][0] - 1 for name in names],
            "itemsize": layout.header_size,
        }
    )
    fields = {name: np.empty(layout.traces, dtype=TRACE_FIELDS[name][1]) for name in names}
    step = max(1, BLOCK_BYTES // layout.trace.itemsize)
    for first in range(0, layout.traces, step):
        count = min(step, layout.traces - first)
        headers = read_block(path, layout, first, count)["header"].copy().view(field_type)
        for name in names:
            fields[name][first : first + count] = headers[name]
    return fields


def read_block(path: Path, layout: Layout, first: int, count: int) -> np.ndarray:
    """Traces `first` to `first + count` as stored; `RefusedError` when they are no longer there."""
    offset = layout.start + first * layout.trace.itemsize
    traces = np.fromfile(path, dtype=layout.trace, count=count, offset=offset)
    if len(traces) < count:
        raise RefusedError("truncated", f"the file ended while trace {first + len(traces)} was read")
    return traces
