"""Arrays of VTK's XML files: in text, in base64, or appended after the document; packed in blocks or not."""

from __future__ import annotations

import base64
import binascii
import lzma
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from lxml import etree

from craton.model.errors import RefusedError

TYPES = {
    "Int8": "i1", "UInt8": "u1", "Int16": "i2", "UInt16": "u2", "Int32": "i4", "UInt32": "u4", "Int64": "i8",
    "UInt64": "u8", "Float32": "f4", "Float64": "f8",
}  # fmt: skip
MOST_SWELL = 1100
"""Times by which zlib can make a text shorter at the very most."""

LARGEST = 8 << 30
"""Bytes of one array beyond which a header is not believed."""

APPENDED = re.compile(rb"<AppendedData\b[^>]*>")
UNDERSCORE = re.compile(rb"\s*_?")
"""What stands between the mark of appended data and their first byte."""

HINT = "write it again, with zlib or without compression"


type Content = bytes | memoryview


class Header(NamedTuple):
    """How numbers are written in a file: their byte order, the type of lengths, the packing, the encoding."""

    order: Literal["<", ">"]
    length: np.dtype[np.generic]
    unpack: Callable[[Content, int], bytes] | None
    appended: str


@dataclass(frozen=True)
class Document:
    """The tree of a file, and the bytes after the mark of appended data, which are not copied."""

    root: etree._Element
    header: Header
    tail: memoryview
    name: str
    size: int

    def array(self, element: etree._Element) -> np.ndarray:
        """Values of a `DataArray` one after the other."""
        kind = TYPES.get(element.get("type", ""))
        if kind is None:
            raise self.broken(f"an array of type {element.get('type', '')[:20]!r}")
        dtype = np.dtype(kind).newbyteorder(self.header.order)
        try:
            return self._values(element, dtype).astype(dtype.newbyteorder("="), copy=False)
        except (ValueError, IndexError, OverflowError, binascii.Error, zlib.error, lzma.LZMAError) as error:
            raise self.broken(f"array {element.get('Name', '')[:40]!r} ({str(error)[:80]})") from error

    def _values(self, element: etree._Element, dtype: np.dtype[np.generic]) -> np.ndarray:
        form = element.get("format", "ascii")
        if form == "ascii":
            words = (element.text or "").split()
            return np.array(words, dtype=np.float64 if dtype.kind == "f" else np.int64).astype(dtype)
        if form == "binary":
            return np.frombuffer(
                self._decoded((element.text or "").strip().encode("ascii"), coded=True), dtype
            )
        start = int(element.get("offset", "0"))
        if not 0 <= start <= len(self.tail):
            raise ValueError(f"offset {start} lies outside the file")
        return np.frombuffer(self._decoded(self.tail[start:], coded=self.header.appended == "base64"), dtype)

    def _decoded(self, content: Content, *, coded: bool) -> Content:
        """Bytes of an array from the beginning of `content`."""
        take = _base64 if coded else _raw
        size = self.header.length.itemsize
        if self.header.unpack is None:
            return _plain(content, self.header.length, coded=coded)
        count, block, last = self._lengths(take(content, 0, 3 * size)[0])
        total = block * count if not last else block * (count - 1) + last
        if count > len(content) // size + 1 or total > min(LARGEST, MOST_SWELL * (len(content) + 64)):
            raise ValueError(f"{count} blocks of {total} bytes do not fit the file")
        head, after = take(content, 0, (3 + count) * size)
        packed = self._lengths(head)[3:]
        if sum(packed) > len(content):
            raise ValueError("the blocks are longer than the file")
        body, _ = take(content, after, sum(packed))
        sizes = [block] * count
        if count and last:
            sizes[-1] = last
        pieces, begin = [], 0
        for length, wanted in zip(packed, sizes, strict=True):
            pieces.append(self.header.unpack(body[begin : begin + length], wanted))
            begin += length
        return b"".join(pieces)

    def _lengths(self, content: Content) -> list[int]:
        values: list[int] = np.frombuffer(content, self.header.length).tolist()
        return values

    def broken(self, words: str) -> RefusedError:
        """The error that says what cannot be read."""
        return RefusedError("corrupt", f"{self.name} cannot be read: {words}", hint=HINT)


def _raw(content: Content, start: int, length: int) -> tuple[Content, int]:
    if start + length > len(content):
        raise ValueError("the file ends early")
    return content[start : start + length], start + length


def _base64(content: Content, start: int, length: int) -> tuple[Content, int]:
    end = start + 4 * (-(-length // 3))
    if end > len(content):
        raise ValueError("the file ends early")
    return base64.b64decode(content[start:end], validate=True)[:length], end


def _plain(content: Content, lengths: np.dtype[np.generic], *, coded: bool) -> Content:
    """An array that is not packed: its length, then its bytes; in base64 as one text or as two."""
    size = lengths.itemsize
    take = _base64 if coded else _raw
    head, after = take(content, 0, size)
    length = int(np.frombuffer(head, lengths)[0])
    if length > len(content):
        raise ValueError(f"{length} bytes do not fit the file")
    if not coded or content[after - 1] == ord("="):
        return take(content, after, length)[0]
    return take(content, 0, size + length)[0][size:]


def _inflated(content: Content, wanted: int) -> bytes:
    found = zlib.decompressobj().decompress(content, wanted)
    if len(found) != wanted:
        raise ValueError(f"a block has {len(found)} bytes, not {wanted}")
    return found


def _unpacked_lzma(content: Content, wanted: int) -> bytes:
    found = lzma.LZMADecompressor(memlimit=1 << 28).decompress(content, wanted)
    if len(found) != wanted:
        raise ValueError(f"a block has {len(found)} bytes, not {wanted}")
    return found


PACKINGS: dict[str, Callable[[Content, int], bytes] | None] = {
    "": None, "vtkZLibDataCompressor": _inflated, "vtkLZMADataCompressor": _unpacked_lzma,
}  # fmt: skip


def open_document(path: Path, name: str) -> Document:
    """The document at `path`, refused where it is no sound VTK file."""
    content = path.read_bytes()
    mark = APPENDED.search(content)
    text = content[: mark.start()] + b"</VTKFile>" if mark else content
    # a text of two bytes a character could hide what is looked for
    if (
        b"\0" in text
        or b"<!" in re.sub(rb"<!--.*?-->", b"", content[: 1 << 16], flags=re.DOTALL).partition(b"<VTKFile")[0]
    ):
        raise RefusedError(
            "unsupported", f"{name} declares a document type, which is not followed", hint=HINT
        )
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    try:
        root = etree.fromstring(text, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise RefusedError("corrupt", f"{name} is no sound XML ({str(error)[:80]})", hint=HINT) from error
    begun = UNDERSCORE.match(content, mark.end()) if mark else None
    encoding = re.search(rb"encoding\s*=\s*[\"'](\w+)", mark[0]) if mark else None
    packing = root.get("compressor", "")
    if packing not in PACKINGS:
        raise RefusedError("unsupported", f"{name} is packed by {packing[:40]}", hint=HINT)
    order: Literal["<", ">"] = ">" if root.get("byte_order") == "BigEndian" else "<"
    length = np.dtype("u8" if root.get("header_type") == "UInt64" else "u4").newbyteorder(order)
    header = Header(order, length, PACKINGS[packing], encoding[1].decode() if encoding else "raw")
    tail = memoryview(content)[begun.end() if begun else len(content) :]
    return Document(root, header, tail, name, len(content))
