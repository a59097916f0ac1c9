"""A report as PDF/A-2a and PDF/UA-1 (ISO 19005-2, ISO 14289-1), set by Typst with the package's own fonts."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from craton.model.errors import NotFoundError
from craton.web.report_content import ReportContent
from craton.web.report_fonts_folder import FONTS
from craton.web.report_typst import moment_of, typst_source

if TYPE_CHECKING:
    import typst

STANDARDS: list[typst.PDFStandard] = ["a-2a", "ua-1"]


def pdf_report(content: ReportContent) -> bytes:
    """The PDF of a report: the same bytes for the same content."""
    import typst  # 34 MB that a node needs only once somebody asks for a PDF

    if not FONTS.is_dir():
        raise NotFoundError("the fonts of reports are not built in this installation", hint="make portal")
    compiled = typst.compile(
        typst_source(content).encode(), font_paths=_fonts(), pdf_standards=STANDARDS,
        timestamp=moment_of(content.date), format="pdf",
    )  # fmt: skip
    assert isinstance(compiled, bytes)
    return compiled


@cache
def _fonts() -> typst.Fonts:
    """The fonts of the package and those within Typst; none of the machine."""
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[FONTS])
