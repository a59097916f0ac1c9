"""CSW 2.0.2 (OGC 07-006r1) over the catalogue, for harvesters and desktop clients of the older standard."""

from __future__ import annotations

from dataclasses import replace

from lxml import etree
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from craton.model.errors import CratonError, NotFoundError
from craton.model.moments import now
from craton.model.record import Record
from craton.store.search import Query
from craton.web.area import Area, get
from craton.web.csw_capabilities import capabilities, description
from craton.web.csw_iso import iso_metadata
from craton.web.csw_openapi import CSW_SCHEMAS, csw_paths
from craton.web.csw_query import (
    ELEMENT_SETS,
    RESULT_TYPES,
    SCHEMAS,
    AskedCsw,
    asked_of_pairs,
    asked_of_xml,
    query_of,
)
from craton.web.csw_record import dublin_core
from craton.web.csw_xml import CSW, MEDIA_TYPE, VERSION, OwsError, add, report, root, xml_reply
from craton.web.replies import Json, link
from craton.web.shell import read_body
from craton.web.site import Site, site_of

MOST_IDS = 500

TYPES = tuple(SCHEMAS.values())


def answer_address(site: Site, request: Request) -> Response:
    """Answer a request in an address."""
    try:
        return _answer(site, request, asked_of_pairs(request.query_params.multi_items()))
    except CratonError as error:
        return report(error)


async def answer_body(request: Request) -> Response:
    """Answer a request in a body of XML."""
    site = site_of(request)

    def act(body: bytes) -> Response:
        return _answer(site, request, asked_of_xml(body))

    try:
        if request.url.query:
            raise OwsError("InvalidParameterValue", "what is posted has no parameters in its address")
        return await site.read(act, await read_body(request))
    except CratonError as error:
        return report(error)


def _answer(site: Site, request: Request, asked: AskedCsw) -> Response:
    operations = {
        "GetCapabilities": _capabilities, "DescribeRecord": _describe, "GetRecords": _records,
        "GetRecordById": _by_id,
    }  # fmt: skip
    if asked.request not in operations:
        raise OwsError("OperationNotSupported", f"there is no operation {asked.request[:40]!r}", "request")
    if asked.request != "GetCapabilities" and asked.given.get("version", VERSION) != VERSION:
        raise OwsError("InvalidParameterValue", f"version must be {VERSION}", "version")
    return xml_reply(operations[asked.request](site, site.base(request), asked))


def _capabilities(site: Site, base: str, asked: AskedCsw) -> etree._Element:
    accepted = asked.given.get("acceptversions", VERSION).split(",")
    if VERSION not in (one.strip() for one in accepted):
        raise OwsError("VersionNegotiationFailed", f"the version is {VERSION}", "AcceptVersions")
    return capabilities(site, base)


def _describe(_site: Site, _base: str, asked: AskedCsw) -> etree._Element:
    _check_format(asked)
    names = [one.strip() for one in (asked.given.get("typename") or ",".join(TYPES)).split(",")]
    if unknown := [one for one in names if one not in TYPES]:
        raise OwsError("InvalidParameterValue", f"there is no type {unknown[0][:40]!r}", "typeName")
    return description(names)


def _check_format(asked: AskedCsw) -> None:
    asked.choice("outputformat", (MEDIA_TYPE, "text/xml"), MEDIA_TYPE)


def _records(site: Site, base: str, asked: AskedCsw) -> etree._Element:
    _check_format(asked)
    names = asked.given.get("typenames", "")
    if not names:
        raise OwsError("MissingParameterValue", "typeNames is missing", "typeNames")
    if not {one.strip() for one in names.replace(" ", ",").split(",")} - {""} <= set(TYPES):
        raise OwsError("InvalidParameterValue", f"typeNames must be among {', '.join(TYPES)}", "typeNames")
    result = asked.choice("resulttype", RESULT_TYPES, "hits")
    elements = asked.choice("elementsetname", ELEMENT_SETS, "summary")
    query = query_of(site, asked)
    document = root("csw:GetRecordsResponse")
    document.set("version", VERSION)
    if request_id := asked.given.get("requestid"):
        add(document, "csw:RequestId", request_id[:200])
    add(document, "csw:SearchStatus", timestamp=now())
    records = site.store.search(query) if result == "results" else []
    _results(document, site, query, records, asked, elements)
    for record in records:
        _add_record(document[-1], base, record, asked.schema, elements)
    return document


def _results(
    document: etree._Element, site: Site, query: Query, records: list[Record], asked: AskedCsw, elements: str
) -> None:
    """Add how many records answer, and how many are here."""
    matched = site.store.catalogue.count(replace(query, sort=(), offset=0))
    following = query.offset + len(records) + 1
    add(
        document, "csw:SearchResults", numberOfRecordsMatched=matched, numberOfRecordsReturned=len(records),
        nextRecord=following if following <= matched else 0, recordSchema=asked.schema, elementSet=elements,
    )  # fmt: skip


def _add_record(parent: etree._Element, base: str, record: Record, schema: str, elements: str) -> None:
    (dublin_core if schema == CSW else iso_metadata)(parent, base, record, elements)


def _by_id(site: Site, base: str, asked: AskedCsw) -> etree._Element:
    _check_format(asked)
    ids = [one.strip() for one in asked.given.get("id", "").split(",") if one.strip()]
    if not ids:
        raise OwsError("MissingParameterValue", "id is missing", "id")
    if len(ids) > MOST_IDS:
        raise OwsError("InvalidParameterValue", f"{MOST_IDS} identifiers can be asked for", "id")
    elements = asked.choice("elementsetname", ELEMENT_SETS, "summary")
    document = root("csw:GetRecordByIdResponse")
    for id in ids:
        try:
            record = site.record(id, "see")
        except NotFoundError:
            continue
        _add_record(document, base, record, asked.schema, elements)
    return document


def csw_links(base: str) -> list[Json]:
    """Link of the landing page to CSW."""
    return [
        link(f"{base}/csw?service=CSW&request=GetCapabilities", "related", "the catalogue as CSW", MEDIA_TYPE)
    ]


AREA = Area(
    "CSW",
    (Route("/csw", answer_body, methods=["POST"]), get("/csw", answer_address)),
    links=csw_links,
    paths=csw_paths,
    schemas=CSW_SCHEMAS,
)
