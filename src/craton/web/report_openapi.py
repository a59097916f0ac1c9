"""Reports of evaluations in the definition of the API."""

from __future__ import annotations

from craton.web.negotiation import HTML
from craton.web.openapi_parts import FILE, operation, path_parameter, problems, query_parameter
from craton.web.openapi_schemas import TEXT
from craton.web.replies import Json
from craton.web.report_speech import LANGUAGES

PDF = "application/pdf"
FORMS = ("html", "pdf")


def report_paths() -> Json:
    """The path of reports."""
    form: Json = {"type": "string", "enum": list(FORMS)}
    language: Json = {"type": "string", "enum": list(LANGUAGES)}
    said = operation(
        "getReport", "Reports", "The report of the evaluation that a dataset is a result of",
        [
            path_parameter("datasetID"),
            query_parameter("f", form, "a page that stands by itself, or PDF/A; else Accept decides"),
            query_parameter("lang", language, "language; else Accept-Language decides"),
        ],
    )  # fmt: skip
    found = {"description": "the report", "content": {HTML: {"schema": TEXT}, PDF: {"schema": FILE}}}
    changed = {"description": "whoever asks has it already"}
    replies = {"200": found, "304": changed, **problems(400, 404)}
    return {"/datasets/{datasetID}/report": {"get": said | {"responses": replies}}}
