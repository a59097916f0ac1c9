"""CSW in the definition of the API."""

from __future__ import annotations

from craton.web.csw_query import PARAMETERS
from craton.web.csw_xml import MEDIA_TYPE
from craton.web.openapi_parts import operation, query_parameter
from craton.web.openapi_schemas import TEXT
from craton.web.replies import Json

SPELLED = {
    "acceptversions": "acceptVersions", "updatesequence": "updateSequence", "acceptformats": "acceptFormats",
    "typename": "typeName", "typenames": "typeNames", "schemalanguage": "schemaLanguage",
    "outputformat": "outputFormat", "outputschema": "outputSchema", "elementsetname": "elementSetName",
    "elementname": "elementName", "constraintlanguage": "constraintLanguage", "sortby": "sortBy",
    "startposition": "startPosition", "maxrecords": "maxRecords", "resulttype": "resultType",
    "requestid": "requestId", "distributedsearch": "distributedSearch", "hopcount": "hopCount",
    "responsehandler": "responseHandler",
}  # fmt: skip
"""Names of parameters as the standard writes them; they are taken in any case."""

CSW_SCHEMAS: dict[str, Json] = {}


def csw_paths() -> Json:
    """Paths of CSW."""
    required = {"service", "request"}
    parameters = [
        {**query_parameter(SPELLED.get(name, name), _schema(name)), "required": name in required}
        for name in PARAMETERS
    ]
    body = {"required": True, "content": {name: {"schema": TEXT} for name in (MEDIA_TYPE, "text/xml")}}
    return {
        "/csw": {
            "get": {**operation("getCsw", "CSW", "CSW 2.0.2", parameters), "responses": _replies(400)},
            "post": {
                **operation("postCsw", "CSW", "CSW 2.0.2, asked in XML"), "requestBody": body,
                "responses": _replies(400, 408, 413),
            },
        }
    }  # fmt: skip


def _schema(name: str) -> Json:
    words = {
        "service": ["CSW"],
        "request": ["GetCapabilities", "DescribeRecord", "GetRecords", "GetRecordById"],
    }
    return {"type": "string", "enum": words[name]} if name in words else TEXT


def _replies(*statuses: int) -> Json:
    """Replies, all of them XML."""
    said = {200: "a document of CSW", **dict.fromkeys(statuses, "an exception report of OWS")}
    content = {MEDIA_TYPE: {"schema": TEXT}}
    return {str(status): {"description": words, "content": content} for status, words in said.items()}
