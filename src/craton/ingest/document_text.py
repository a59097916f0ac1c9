"""Text and title of documents: PDF, Word, HTML, XML, Markdown and plain text, each within bounds."""

from __future__ import annotations

import codecs
import re
import struct
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import lxml.html
from lxml import etree
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from craton.ingest.document_types import WORD
from craton.ingest.table_text import guess_encoding, stated_encoding, wide_encoding
from craton.model.errors import RefusedError
from craton.model.record import Finding

MAX_TEXT = 200_000
"""Characters kept for the search."""
READ_BYTES = 4 * MAX_TEXT
MAX_MARKUP_BYTES = 4 << 20
MAX_PART_BYTES = 32 << 20
"""Unpacked size of a part of a Word document that is read."""
MAX_PAGES = 300
MAX_SECONDS = 5.0
TAIL_BYTES = 2048
MAX_TITLE = 300

PDF_ERRORS = (
    PyPdfError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, AssertionError,
    RecursionError, NotImplementedError, OSError, EOFError, zlib.error, struct.error,
)  # fmt: skip
"""What the library raises on malformed PDF."""
ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    struct.error,
)

_WORD_SPACE = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_TITLE_TAG = "{http://purl.org/dc/elements/1.1/}title"
_NO_TITLE = re.compile(
    r"(?i)untitled|^microsoft \w+ - |\.(?:docx?|dvi|indd|qxd|tex|ps|cdr|pptx?|xlsx?)$|^slide \d+$|^\W*$"
)
_HEADING = re.compile(
    r"^#{1,3}\s+(.+?)\s*#*\s*$|^(\S.*?)\s*\n[=-]{3,}\s*$|<h1[^>]*>([^<]+)</h1>", re.MULTILINE
)
_CONTROLS = dict.fromkeys(set(range(32)) - {ord("\t"), ord("\n")})
_MARKS = re.compile(r"[*_`]|!?\[([^\]]*)\]\([^)]*\)")
_BLANKS = re.compile(r"[^\S\n]+")
_BREAKS = re.compile(r"\n\s*\n\s*")


class Content(NamedTuple):
    """What a document says: its text, its title where it has a sane one, and what was found."""

    text: str = ""
    title: str = ""
    findings: tuple[Finding, ...] = ()


def read_content(path: Path, media: str) -> Content:
    """Content of the document at `path`; empty with a finding where no text can be taken from it."""
    is_text = media.startswith("text/") or media.endswith(("json", "yaml"))
    extractor = EXTRACTORS.get(media, _plain if is_text else _nothing)
    content = extractor(path)
    text = _BREAKS.sub("\n\n", _BLANKS.sub(" ", _storable(content.text))).strip()[:MAX_TEXT]
    findings = content.findings
    if not text and not media.startswith("image/") and not any(f.code == "text-missing" for f in findings):
        findings = (*findings, Finding(code="text-missing"))
    return Content(text, _sane(content.title), findings)


def _storable(text: str) -> str:
    """`text` without control characters and halves of characters, which no store takes."""
    return text.translate(_CONTROLS).encode("utf-8", "ignore").decode()


def _sane(title: str) -> str:
    words = " ".join(_storable(title).split())
    return "" if len(words) > MAX_TITLE or _NO_TITLE.search(words) else words


def _missing(reason: str) -> Content:
    return Content(findings=(Finding(code="text-missing", message=reason),))


def _nothing(_path: Path) -> Content:
    return Content()


def _plain(path: Path) -> Content:
    text, findings = bounded_text(path)
    return Content(text, "", findings)


def _markdown(path: Path) -> Content:
    text, findings = bounded_text(path)
    found = _HEADING.search(text)
    title = next((part for part in found.groups() if part), "") if found else ""
    return Content(text, _MARKS.sub(r"\1", title[: 2 * MAX_TITLE]), findings)


def bounded_text(path: Path) -> tuple[str, tuple[Finding, ...]]:
    """Text of the first `READ_BYTES` of the file, in whatever encoding it is."""
    with path.open("rb") as stream:
        content = stream.read(READ_BYTES)
    encoding = stated_encoding(content) or wide_encoding(content) or "utf-8"
    try:
        text = codecs.getincrementaldecoder(encoding)("strict").decode(content)
        return text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}"), ()
    except UnicodeDecodeError:
        foreign = b"\n".join(line for line in content.splitlines() if not line.isascii())
        encoding = guess_encoding(foreign)
        return content.decode(encoding, "replace"), (Finding(code="encoding-guessed", message=encoding),)


def _pdf(path: Path) -> Content:
    """Text of the first pages of a PDF, as far as time and length allow."""
    try:
        document = PdfReader(path, strict=False)
        if document.is_encrypted and not document.decrypt(""):
            return _missing("the PDF is locked by a password")
        pages = len(document.pages)
    except PDF_ERRORS as error:
        if not _ends_like_pdf(path):
            raise RefusedError(
                "corrupt", f"{path.name} is a PDF without its end", hint="copy it again"
            ) from error
        return _missing(f"the PDF cannot be parsed ({str(error)[:100]})")
    texts, length, deadline = [], 0, time.monotonic() + MAX_SECONDS
    for number in range(min(pages, MAX_PAGES)):
        texts.append(_page_text(document, number))
        length += len(texts[-1])
        if length > MAX_TEXT or time.monotonic() > deadline:
            break
    return Content("\n".join(texts), _pdf_title(document))


def _ends_like_pdf(path: Path) -> bool:
    with path.open("rb") as stream:
        stream.seek(max(path.stat().st_size - TAIL_BYTES, 0))
        return b"%%EOF" in stream.read()


def _page_text(document: PdfReader, number: int) -> str:
    try:
        return document.pages[number].extract_text() or ""
    except PDF_ERRORS:
        return ""


def _pdf_title(document: PdfReader) -> str:
    try:
        return str((document.metadata and document.metadata.title) or "")
    except PDF_ERRORS:
        return ""


def _word(path: Path) -> Content:
    """Text of the body of a Word document, a line a paragraph."""
    try:
        with zipfile.ZipFile(path) as archive:
            body = _part(archive, "word/document.xml")
            core = _part(archive, "docProps/core.xml")
    except ZIP_ERRORS as error:
        raise RefusedError(
            "corrupt", f"{path.name} cannot be unpacked ({str(error)[:80]})", hint="save it again"
        ) from error
    if body is None:
        return _missing("the Word document has no body that can be read")
    paragraphs = (
        "".join(word.text or "" for word in p.iter(f"{_WORD_SPACE}t")) for p in body.iter(f"{_WORD_SPACE}p")
    )
    title = core.findtext(_TITLE_TAG) if core is not None else ""
    return Content("\n".join(paragraphs), title or "")


def _part(archive: zipfile.ZipFile, name: str) -> etree._Element | None:
    """Root of an XML part of the archive; `None` where it is absent, too long or no XML."""
    try:
        info = archive.getinfo(name)
    except KeyError:
        return None
    if info.file_size > MAX_PART_BYTES:
        return None
    with archive.open(info) as stream:
        return _parsed(stream.read(MAX_PART_BYTES))


def _parsed(content: bytes) -> etree._Element | None:
    """Root of `content` as XML, entities left alone, mended where it breaks; `None` where nothing is left."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True, huge_tree=False)
    try:
        return etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def _html(path: Path) -> Content:
    with path.open("rb") as stream:
        content = stream.read(MAX_MARKUP_BYTES)
    try:
        page = lxml.html.document_fromstring(content)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return _plain(path)
    etree.strip_elements(page, "script", "style", etree.Comment, with_tail=False)
    return Content(
        "\n".join(str(text) for text in page.itertext() if text.strip()), page.findtext(".//title") or ""
    )


def _xml(path: Path) -> Content:
    with path.open("rb") as stream:
        root = _parsed(stream.read(MAX_MARKUP_BYTES))
    if root is None:
        return _plain(path)
    words = (str(text).strip() for text in root.itertext(tag=etree.Element) if text.strip())
    return Content("\n".join(words))


EXTRACTORS: dict[str, Callable[[Path], Content]] = {
    "application/pdf": _pdf,
    WORD: _word,
    "text/html": _html,
    "application/xml": _xml,
    "text/xml": _xml,
    "image/svg+xml": _xml,
    "text/markdown": _markdown,
    "text/x-rst": _markdown,
}
"""How text is taken from each media type; other text is taken as it is."""
