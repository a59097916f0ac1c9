"""Records of CSW: Dublin Core (`csw:Record`, brief, summary and full)."""

from __future__ import annotations

from lxml import etree

from craton.model.record import Record
from craton.store.entries import external_identifiers
from craton.web.csw_xml import add, name
from craton.web.records_document import CATALOGUE_PATH, asset_href
from craton.web.replies import GEOJSON, path_of

EPSG_4326 = "urn:ogc:def:crs:EPSG::4326"
"""Latitude before longitude."""

ROLES = {"publisher": "dc:publisher", "owner": "dc:creator", "author": "dc:creator", "creator": "dc:creator"}

WORDS = {"brief": "csw:BriefRecord", "summary": "csw:SummaryRecord", "full": "csw:Record"}


def dublin_core(parent: etree._Element, base: str, record: Record, elements: str) -> None:
    """Add a record to `parent`, with as much as `elements` says."""
    made = etree.SubElement(parent, name(WORDS[elements]))
    add(made, "dc:identifier", record.id)
    add(made, "dc:title", record.name())
    add(made, "dc:type", "dataset")
    if elements != "brief":
        _summary(made, record)
    if elements == "full":
        _full(made, base, record)
    _box(made, record)


def _summary(made: etree._Element, record: Record) -> None:
    for word in record.keywords:
        add(made, "dc:subject", word)
    for media_type in sorted({asset.media_type for asset in record.assets.values()} - {""}):
        add(made, "dc:format", media_type)
    for scheme, value in external_identifiers(record):
        add(made, "dc:relation", f"{scheme}:{value}" if scheme else value)
    if record.updated:
        add(made, "dct:modified", record.updated)
    if words := _description(record):
        add(made, "dct:abstract", words)


def _description(record: Record) -> str:
    """Description in the language of the title, else any."""
    language = next((code for code, said in record.title.items() if said == record.name()), "")
    return record.description.get(language) or next(iter(record.description.values()), "")


def _full(made: etree._Element, base: str, record: Record) -> None:
    if record.created:
        add(made, "dct:created", record.created)
    for party in record.parties:
        add(made, ROLES.get(party.role, "dc:contributor"), party.name)
    for language in record.title:
        if language != "und":
            add(made, "dc:language", language)
    if record.licence:
        add(made, "dc:rights", record.licence)
    if record.time and (record.time.start or record.time.end):
        add(made, "dct:temporal", f"{record.time.start}/{record.time.end}")
    for address, scheme in references(base, record):
        add(made, "dct:references", address, scheme=scheme)


def references(base: str, record: Record) -> list[tuple[str, str]]:
    """Addresses of a record and its files, and what they are."""
    href = asset_href(base, record)
    files = [
        (href(asset, ""), said.media_type or "application/octet-stream")
        for asset, said in record.assets.items()
    ]
    own = base + CATALOGUE_PATH + path_of("items", record.id)
    return [(own, GEOJSON), (base + path_of("datasets", record.id), GEOJSON), *files]


def _box(made: etree._Element, record: Record) -> None:
    if record.bbox is None:
        return
    west, south, east, north = record.bbox
    box = add(made, "ows:BoundingBox", crs=EPSG_4326, dimensions=2)
    add(box, "ows:LowerCorner", f"{south!r} {west!r}")
    add(box, "ows:UpperCorner", f"{north!r} {east!r}")
