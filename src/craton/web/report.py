"""Reports of evaluations: the answer, why it is so, the data, and how to repeat it, as a page or as PDF/A."""

from __future__ import annotations

import hashlib
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from craton.model.errors import InvalidError
from craton.model.record import Record
from craton.store.recent import Recent
from craton.web.area import Area, asking
from craton.web.files import matches
from craton.web.negotiation import HTML, VARY, languages_of, quality_of, wishes_of
from craton.web.picture_maps import caching
from craton.web.queries import check_query
from craton.web.report_build import report_content
from craton.web.report_html import POLICY, html_report
from craton.web.report_openapi import FORMS, PDF, report_paths
from craton.web.report_pdf import pdf_report
from craton.web.report_source import Source, open_source
from craton.web.report_speech import LANGUAGES
from craton.web.site import Site

FORM = "1"
"""Changes when reports of the same answer change."""

KEPT_BYTES = 16 << 20
"""Bytes of reports kept in memory."""

NAMES = {"en": "English", "zh": "中文"}

_made: Recent[tuple[str, ...], bytes] = Recent(KEPT_BYTES, weigh=len)


def show_report(site: Site, request: Request) -> Response:
    """Tell the answer of the evaluation that a dataset is a result of."""
    check_query(request, "f", "lang")
    form, language = _form(request), _language(request)
    record = site.record(request.path_params["dataset"], "read")
    source = open_source(site.store, lambda name: site.record(name, "read"), record)
    base = site.base(request)
    tag = _tag(site, source, form, language, base)
    headers = {
        "ETag": tag, "Cache-Control": caching(_strictest(source, record)), "Vary": VARY,
        "Content-Language": language,
    }  # fmt: skip
    if matches(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    key = (str(site.store.derived.folder), request.url.path, tag)
    body = _made.get(key, lambda: _written(site, source, request.url.path, form, language, base))
    if form == "pdf":
        name = f"{source.answer.id}-{language}.pdf"
        return Response(body, 200, {**headers, "Content-Disposition": f'inline; filename="{name}"'}, PDF)
    return Response(body, 200, {**headers, "Content-Security-Policy": POLICY}, f"{HTML}; charset=utf-8")


def _written(site: Site, source: Source, path: str, form: str, language: str, base: str) -> bytes:
    content = report_content(source, language, node=site.options.title, base=base)
    if form == "pdf":
        return pdf_report(content)
    others = [one for one in LANGUAGES if one != language]
    other = [("PDF", _address(base, path, "pdf", language))]
    other += [(NAMES[one], _address(base, path, "html", one)) for one in others]
    return html_report(content, other=other).encode()


def _address(base: str, path: str, form: str, language: str) -> str:
    return f"{base}{path}?{urlencode({'f': form, 'lang': language})}"


def _form(request: Request) -> str:
    """What `f` says, else PDF where the header `Accept` wants that more than a page."""
    form = request.query_params.get("f")
    if form is None:
        wishes = wishes_of(request.headers.get("accept", ""))
        return "pdf" if quality_of(wishes, PDF) > quality_of(wishes, HTML) else "html"
    if form not in FORMS:
        raise InvalidError(f"f must be one of {', '.join(FORMS)}, not {form[:40]!r}")
    return form


def _language(request: Request) -> str:
    """What `lang` says, else the first language of the visitor that there are words in, else English."""
    language = request.query_params.get("lang")
    if language is None:
        return next((one for one in languages_of(request) if one in LANGUAGES), LANGUAGES[0])
    if language not in LANGUAGES:
        raise InvalidError(f"lang must be one of {', '.join(LANGUAGES)}, not {language[:40]!r}")
    return language


def _tag(site: Site, source: Source, form: str, language: str, base: str) -> str:
    """Entity tag: it changes with all that the report tells, and with what the visitor may see of it."""
    records = [source.answer, *source.siblings.values(), *source.history.records]
    seen = [(one.id, one.version, one.content, one.sequence) for one in records]
    said = (
        FORM,
        seen,
        source.history.missing,
        form,
        language,
        base,
        site.options.title,
        site.options.version,
    )
    return f'"{hashlib.sha256(repr(said).encode()).hexdigest()[:32]}"'


def _strictest(source: Source, record: Record) -> Record:
    """One of the records of a report that not everybody may see, if there is any."""
    told = (record, source.answer, *source.siblings.values(), *source.history.records)
    return next((one for one in told if one.visibility != "public"), record)


AREA = Area("Reports", (asking("/datasets/{dataset}/report", show_report),), paths=report_paths)
