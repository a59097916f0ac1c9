"""Text of a table: which encoding, and a clean UTF-8 file for the parsers that follow."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from charset_normalizer import from_bytes

from craton.model.errors import RefusedError
from craton.model.record import Finding

CHUNK = 8 << 20
"""Bytes read at a time."""

EVIDENCE = 1 << 16
"""Bytes of lines with foreign characters by which an unstated encoding is judged."""

BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
"""Marks in the order in which they must be tried: that of UTF-32 begins like that of UTF-16."""

CODE_PAGES = (
    "cp1252", "gb18030", "cp1251", "cp874", "big5", "shift_jis", "euc_kr", "cp1258", "cp1250", "cp1253",
    "cp1254", "koi8_r", "mac_roman", "cp850", "cp437",
)  # fmt: skip
"""Encodings of files that are not Unicode, the likelier first."""

BINARY_SHARE, STRAY = 0.05, 4
"""Share and number of control characters up to which bytes are still a text."""

REPAIRABLE = 10
"""Well-formed characters a broken one needs beside it for the file still to count as UTF-8."""

LEAST_EVIDENCE = 8
"""Foreign bytes below which nothing can be said about their encoding."""

FOREIGN = bytes(range(128, 256))
UNDEFINED = frozenset(b"\x81\x8d\x8f\x90\x9d")
"""Bytes without a character in the first of `CODE_PAGES`."""

CONTROL = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b"))


@dataclass(frozen=True)
class Text:
    """A file of clean UTF-8 whose content starts at byte `offset`, and how it became so."""

    path: Path
    offset: int = 0
    findings: tuple[Finding, ...] = ()


def looks_like_text(head: bytes) -> bool:
    """Whether `head`, the first bytes of a file, can be those of a text in any encoding."""
    if not head or stated_encoding(head) or wide_encoding(head):
        return True
    strange = len(head) - len(head.translate(None, CONTROL))
    return strange <= max(STRAY, BINARY_SHARE * len(head))


def head_text(head: bytes) -> str:
    """`head` as text, foreign characters replaced where the encoding is not stated."""
    mark = next((mark for mark in BYTE_ORDER_MARKS if head.startswith(mark)), b"")
    encoding = stated_encoding(head) or wide_encoding(head) or "utf-8"
    return head[len(mark) :].decode(encoding, "replace").replace("\0", "")


def stated_encoding(head: bytes) -> str:
    """Encoding named by a byte order mark, else empty."""
    return next((name for mark, name in BYTE_ORDER_MARKS.items() if head.startswith(mark)), "")


def wide_encoding(head: bytes) -> str:
    """UTF-16 without a mark: every other byte of mostly Latin text is then zero."""
    pairs = len(head) // 2
    if pairs < 2:
        return ""
    even, odd = head[: 2 * pairs : 2].count(0), head[1 : 2 * pairs : 2].count(0)
    if odd > 0.8 * pairs and not even:
        return "utf-16-le"
    return "utf-16-be" if even > 0.8 * pairs and not odd else ""


def open_text(path: Path, scratch: Path) -> Text:
    """The text of `path` as clean UTF-8, written below `scratch` where the file itself is not.

    Raises
    ------
    RefusedError
        `empty` for a file without bytes, `corrupt` for one that is no text.
    """
    with path.open("rb") as file:
        head = file.read(EVIDENCE)
    if not head.strip(b"\0 \t\r\n\x1a"):
        raise RefusedError("empty", f"{path.name} has no content", hint="check the export that made it")
    if not looks_like_text(head):
        raise RefusedError("corrupt", f"{path.name} is not text", hint="check what format it is")
    if (stated := stated_encoding(head)) not in {"", "utf-8"}:
        return _transcode(path, scratch, stated)
    if wide := wide_encoding(head):
        return _transcode(path, scratch, wide, Finding(code="encoding-guessed", message=wide))
    return _open_narrow(path, scratch, len(codecs.BOM_UTF8) if stated else 0)


def _open_narrow(path: Path, scratch: Path, offset: int) -> Text:
    """The text of a file of bytes: UTF-8 if it can be, else a code page."""
    if _is_clean(path):
        return Text(path, offset)
    foreign, broken = _characters(path)
    if foreign >= REPAIRABLE * broken:
        return _transcode(path, scratch, "utf-8")
    encoding = guess_encoding(_evidence(path))
    return _transcode(path, scratch, encoding, Finding(code="encoding-guessed", message=encoding))


def _is_clean(path: Path) -> bool:
    """Whether the file is UTF-8 without NUL characters."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    try:
        for chunk in _chunks(path):
            decoder.decode(chunk)
            if b"\0" in chunk:
                return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _characters(path: Path) -> tuple[int, int]:
    """How many characters beyond ASCII are well-formed UTF-8, and how many bytes are none."""
    foreign = broken = 0
    for text in _decoded(path, "utf-8", "surrogateescape"):
        sound = text.encode("utf-8", "ignore").decode()
        broken += len(text) - len(sound)
        foreign += len(sound) - len(sound.encode("ascii", "ignore"))
    return foreign, broken


def _evidence(path: Path) -> bytes:
    """The first lines that hold more than ASCII."""
    lines = bytearray()
    with path.open("rb") as file:
        while len(lines) < EVIDENCE and (line := file.readline(EVIDENCE)):
            if not line.isascii():
                lines += line
    return bytes(lines)


def guess_encoding(evidence: bytes) -> str:
    """The likeliest of `CODE_PAGES` for `evidence`, lines that are not UTF-8; the first if it is little."""
    if len(evidence) - len(evidence.translate(None, FOREIGN)) < LEAST_EVIDENCE:
        return "latin-1" if set(evidence) & UNDEFINED else CODE_PAGES[0]
    ranked = [
        (round(match.chaos, 2), -round(match.coherence, 1), CODE_PAGES.index(name), name)
        for match in from_bytes(evidence, cp_isolation=list(CODE_PAGES))
        for name in {match.encoding, *match.could_be_from_charset}
        if name in CODE_PAGES
    ]
    return min(ranked)[-1] if ranked else "latin-1"


def _transcode(path: Path, scratch: Path, encoding: str, *findings: Finding) -> Text:
    """A UTF-8 copy of `path` without byte order mark and NUL characters."""
    target = scratch / "text.utf8"
    replaced = nul = 0
    with target.open("w", encoding="utf-8", newline="") as out:
        for text in _decoded(path, encoding, "replace"):
            replaced += text.count("\N{REPLACEMENT CHARACTER}")
            nul += text.count("\0")
            out.write(text.replace("\0", "").removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}"))
    repairs = ((replaced, ""), (nul, "NUL characters were taken out"))
    found = [
        Finding(code="encoding-repaired", count=count, message=words) for count, words in repairs if count
    ]
    return Text(target, 0, (*findings, *found))


def _decoded(path: Path, encoding: str, errors: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    for chunk in _chunks(path):
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
