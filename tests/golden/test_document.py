"""Documents: text, titles, media types, and files that are not what their names promise."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from pypdf import PdfWriter
from tests.reading import DATA, read_source

from craton.ingest.document_text import MAX_TEXT
from craton.ingest.document_types import PROMISES
from craton.model.data import Document, Draft
from craton.model.errors import RefusedError

needs_data = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")


def read(path: Path) -> tuple[Draft, Document]:
    """Draft of the file at `path` and its document."""
    reader, (draft,) = read_source(path)
    assert reader == "document"
    assert isinstance(draft.data, Document)
    return draft, draft.data


def codes(draft: Draft) -> list[str]:
    """Codes of the findings of `draft`."""
    return [finding.code for finding in draft.findings]


def pdf(words: str, *, title: str = "", password: str = "") -> bytes:
    """A PDF of one page that says `words`."""
    stream = f"BT /F1 12 Tf 50 700 Td ({words}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        f"<< /Title ({title}) >>".encode(),
    ]
    content, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = len(content)
    content += b"xref\n0 7\n0000000000 65535 f \n" + table
    content += b"trailer << /Size 7 /Root 1 0 R /Info 6 0 R >>\nstartxref\n%d\n%%%%EOF\n" % end
    return _locked(content, password) if password else content


def _locked(content: bytes, password: str) -> bytes:
    writer = PdfWriter(io.BytesIO(content))
    writer.encrypt(password, algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def write(tmp_path: Path, name: str, content: bytes | str) -> Path:
    """The file `name` with `content`."""
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_pdf(tmp_path):
    """A PDF gives its text and its title."""
    path = write(tmp_path, "report.pdf", pdf("Copper porphyry of Phu Kham", title="Annual report 2014"))
    draft, document = read(path)
    assert document.text == "Copper porphyry of Phu Kham"
    assert document.media_type == "application/pdf"
    assert draft.title == "Annual report 2014"
    assert codes(draft) == []


@pytest.mark.parametrize(
    "title", ["Microsoft Word - chapter3.doc", "untitled", "report.dvi", "...", "x" * 400]
)
def test_pdf_without_sane_title(tmp_path, title):
    """Titles that a program left behind are not titles."""
    assert read(write(tmp_path, "report.pdf", pdf("words", title=title)))[0].title == ""


def test_locked_pdf(tmp_path):
    """A PDF under a password is kept, without text and with the reason."""
    draft, document = read(write(tmp_path, "report.pdf", pdf("secret", password="open sesame")))
    assert document.text == ""
    assert codes(draft) == ["text-missing"]
    assert "password" in draft.findings[0].message


def test_broken_pdf(tmp_path):
    """A PDF without its end is refused; a whole one that cannot be parsed is kept without text."""
    with pytest.raises(RefusedError) as refused:
        read(write(tmp_path, "cut.pdf", b"%PDF-1.4\n1 0 obj <<"))
    assert refused.value.code == "corrupt"
    draft, _ = read(write(tmp_path, "odd.pdf", b"%PDF-1.4\nnothing to see\n%%EOF\n"))
    assert codes(draft) == ["text-missing"]


def docx(tmp_path: Path, body: str, title: str = "") -> Path:
    """A Word document with `body` as XML."""
    path = tmp_path / "report.docx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(
            "word/document.xml", f'<w:document xmlns:w="{space}"><w:body>{body}</w:body></w:document>'
        )
        core = f'<c xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title></c>'
        archive.writestr("docProps/core.xml", core)
    return path


def test_word(tmp_path):
    """A Word document gives its paragraphs and its title."""
    runs = ("<w:r><w:t>Gold in </w:t></w:r><w:r><w:t>quartz</w:t></w:r>", "<w:r><w:t>Sepon</w:t></w:r>")
    body = "".join(f"<w:p>{run}</w:p>" for run in runs)
    draft, document = read(docx(tmp_path, body, "Field notes"))
    assert document.text == "Gold in quartz\nSepon"
    assert draft.title == "Field notes"
    assert codes(draft) == []


def test_word_bomb(tmp_path):
    """A body that unpacks to more than any report is not unpacked."""
    draft, document = read(docx(tmp_path, " " * (40 << 20)))
    assert document.text == ""
    assert codes(draft) == ["text-missing"]


def test_word_entities(tmp_path):
    """Entities of a Word document, which could name a file of the machine, are not followed."""
    secret = write(tmp_path, "secret.txt", "the secret")
    path = docx(tmp_path, "")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "word/document.xml",
            f'<!DOCTYPE d [<!ENTITY e SYSTEM "file://{secret}">]><w:document xmlns:w="http://schemas.openxmlformats'
            '.org/wordprocessingml/2006/main"><w:p><w:t>open &e; end</w:t></w:p></w:document>',
        )
    assert "the secret" not in read(path)[1].text


def test_html(tmp_path):
    """A page gives its words without tags and scripts, and its title."""
    head = "<head><title>Mines</title><script>alert(1)</script></head>"
    page = f"<html>{head}<body><p>Tin &amp; gold</p></body></html>"
    draft, document = read(write(tmp_path, "page.html", page))
    assert document.text == "Mines\nTin & gold"
    assert draft.title == "Mines"
    assert document.media_type == "text/html"
    assert codes(draft) == []


def test_markdown(tmp_path):
    """A Markdown file is titled by its first heading; README files carry their keyword."""
    draft, document = read(write(tmp_path, "README.md", "intro\n\n## *Stream* sediments\n\ntext\n"))
    assert draft.title == "Stream sediments"
    assert draft.keywords == ("readme",)
    assert document.media_type == "text/markdown"
    assert codes(draft) == []


@needs_data
def test_open_documents():
    """Licences and descriptions beside the open data are documents with words and keywords."""
    draft, document = read(DATA / "boreholes/gswa_drillholes/ATTRIBUTION.md")
    assert (draft.title, draft.keywords) == ("Data Attribution", ("attribution",))
    assert "Geological Survey of Western Australia" in document.text
    licence, text = read(DATA / "geophysics/gpr/LICENSE__NSGeophysics_GPRPy.txt")
    assert licence.keywords == ("licence",)
    assert "Permission is hereby granted" in text.text
    assert codes(draft) == codes(licence) == []


def test_encodings(tmp_path):
    """Text in an older encoding is read, and the guess is said."""
    words = "Геологическая карта листа. Описание буровых скважин и проб.\n" * 5
    draft, document = read(write(tmp_path, "notes.md", words.encode("cp1251")))
    assert "Геологическая карта" in document.text
    assert codes(draft) == ["encoding-guessed"]


def test_long_text(tmp_path):
    """A text longer than is searched is cut, even within a character of several bytes."""
    _, document = read(write(tmp_path, "long.md", "ຄຳ " * MAX_TEXT))
    assert len(document.text) <= MAX_TEXT
    assert document.text.startswith("ຄຳ ຄຳ")


def test_storable(tmp_path):
    """Control characters do not reach the store."""
    _, document = read(write(tmp_path, "odd.md", "a\x00b\x07c\td"))
    assert document.text == "abc d"


def test_unknown_data(tmp_path):
    """What nobody knows is kept, with the advice to install a reader."""
    binary, document = read(write(tmp_path, "model.qqq", bytes(range(256)) * 8))
    assert document.media_type == "application/octet-stream"
    assert codes(binary) == ["text-missing", "no-reader"]
    text, document = read(write(tmp_path, "model.nam", "LIST 2 freyberg.list\n"))
    assert (document.media_type, codes(text)) == ("text/plain", ["no-reader"])


def test_empty(tmp_path):
    """A file without bytes is refused."""
    with pytest.raises(RefusedError) as refused:
        read(write(tmp_path, "empty.qqq", b""))
    assert refused.value.code == "empty"


@pytest.mark.parametrize("suffix", PROMISES)
def test_broken_promise(tmp_path, suffix):
    """Noise under the name of a data format is refused, never kept as a document."""
    with pytest.raises(RefusedError) as refused:
        read_source(write(tmp_path, f"data{suffix}", b"\x01\x02 no such thing \xfe\xff" * 40))
    assert refused.value.code in {"corrupt", "invalid-json", "invalid-structure", "unsupported", "truncated"}
