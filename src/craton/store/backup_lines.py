"""Files of lines, packed with Zstandard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from craton.model.errors import StorageError

BLOCK = 1 << 20


def write_lines(path: Path, lines: Iterable[bytes]) -> None:
    """Write each of `lines`, which hold no line break."""
    with pa.CompressedOutputStream(str(path), "zstd") as stream:
        waiting = bytearray()
        for line in lines:
            waiting += line + b"\n"
            if len(waiting) >= BLOCK:
                stream.write(bytes(waiting))
                waiting.clear()
        stream.write(bytes(waiting))


def read_lines(path: Path) -> Iterator[bytes]:
    """The lines of a file; `StorageError` where it is damaged."""
    try:
        with pa.input_stream(str(path), compression="zstd") as stream:
            rest = b""
            while block := stream.read(BLOCK):
                *lines, rest = (rest + block).split(b"\n")
                yield from lines
    except (OSError, pa.ArrowException) as error:
        raise StorageError(f"{path} cannot be read: {error}") from error
    if rest:
        raise StorageError(f"{path} ends within a line")
