"""Records of CSW as ISO 19139 (`gmd:MD_Metadata`)."""

from __future__ import annotations

from lxml import etree

from craton.model.record import Party, Record
from craton.store.entries import external_identifiers
from craton.web.csw_record import references
from craton.web.csw_xml import GCO, GMD, GML, XLINK, add, name

CODES = "http://standards.iso.org/iso/19139/resources/gmxCodelists.xml"
NAMESPACES = {"gmd": GMD, "gco": GCO, "gml": GML, "xlink": XLINK}

REPRESENTATIONS = {"grid": "grid", "volume": "grid", "mesh": "tin", "table": "vector", "boreholes": "vector"}

LANGUAGES = {
    "en": "eng", "lo": "lao", "km": "khm", "my": "mya", "zh": "zho", "ms": "msa", "id": "ind", "fr": "fra",
    "de": "deu", "es": "spa", "ja": "jpn", "ko": "kor", "ru": "rus",
    "th": "tha", "vi": "vie",  # codespell:ignore tha,vie - codes, not misspelt words
}  # fmt: skip
"""Three letters of a language (ISO 639-2) by the two that are usual."""

ROLES = {"owner": "owner", "publisher": "publisher", "author": "author", "processor": "processor",
         "producer": "originator"}  # fmt: skip


def iso_metadata(parent: etree._Element, base: str, record: Record, elements: str) -> None:
    """Add a record to `parent`; brief ones end after the identification."""
    made = etree.SubElement(parent, name("gmd:MD_Metadata"), nsmap=NAMESPACES)
    _text(made, "gmd:fileIdentifier", record.id)
    _code(made, "gmd:language", "LanguageCode", _language(record))
    _code(made, "gmd:characterSet", "MD_CharacterSetCode", "utf8")
    _code(made, "gmd:hierarchyLevel", "MD_ScopeCode", "dataset")
    for party in record.parties or (Party(name="unknown", role="owner"),):
        _party(add(made, "gmd:contact"), party)
    _date(made, "gmd:dateStamp", record.updated or record.created)
    _text(made, "gmd:metadataStandardName", "ISO 19115:2003/19139")
    _text(made, "gmd:metadataStandardVersion", "1.0")
    if record.crs and elements != "brief":
        system = add(add(made, "gmd:referenceSystemInfo"), "gmd:MD_ReferenceSystem")
        identifier = add(add(system, "gmd:referenceSystemIdentifier"), "gmd:RS_Identifier")
        _text(identifier, "gmd:code", record.crs[:200])
    _identification(add(made, "gmd:identificationInfo"), record, elements)
    if elements != "brief":
        _distribution(add(made, "gmd:distributionInfo"), base, record)
    if elements == "full":
        _lineage(add(made, "gmd:dataQualityInfo"), record)


def _language(record: Record) -> str:
    language = next((code for code, said in record.title.items() if said == record.name()), "und")
    return LANGUAGES.get(language.split("-")[0], "und")


def _text(parent: etree._Element, word: str, said: str) -> None:
    add(add(parent, word), "gco:CharacterString", said)


def _code(parent: etree._Element, word: str, kind: str, value: str) -> None:
    add(add(parent, word), f"gmd:{kind}", value, codeList=f"{CODES}#{kind}", codeListValue=value)


def _date(parent: etree._Element, word: str, moment: str) -> None:
    """A date, or a date and a time; nothing where there is none."""
    if moment:
        add(add(parent, word), "gco:DateTime" if "T" in moment else "gco:Date", moment.removesuffix("Z"))


def _party(parent: etree._Element, party: Party) -> None:
    made = add(parent, "gmd:CI_ResponsibleParty")
    _text(made, "gmd:organisationName", party.name or "unknown")
    if party.contact:
        contact = add(add(made, "gmd:contactInfo"), "gmd:CI_Contact")
        if "@" in party.contact:
            address = add(add(contact, "gmd:address"), "gmd:CI_Address")
            _text(address, "gmd:electronicMailAddress", party.contact)
        else:
            resource = add(add(contact, "gmd:onlineResource"), "gmd:CI_OnlineResource")
            add(add(resource, "gmd:linkage"), "gmd:URL", party.contact)
    _code(made, "gmd:role", "CI_RoleCode", ROLES.get(party.role, "pointOfContact"))


def _identification(parent: etree._Element, record: Record, elements: str) -> None:
    made = add(parent, "gmd:MD_DataIdentification")
    citation = add(add(made, "gmd:citation"), "gmd:CI_Citation")
    _text(citation, "gmd:title", record.name())
    for moment, kind in ((record.created, "creation"), (record.updated, "revision")):
        if moment:
            date = add(add(citation, "gmd:date"), "gmd:CI_Date")
            _date(date, "gmd:date", moment)
            _code(date, "gmd:dateType", "CI_DateTypeCode", kind)
    for scheme, value in (("", record.id), *external_identifiers(record)):
        identifier = add(add(citation, "gmd:identifier"), "gmd:MD_Identifier")
        _text(identifier, "gmd:code", f"{scheme}:{value}" if scheme else value)
    _text(made, "gmd:abstract", next(iter(record.description.values()), "") or record.name())
    if elements != "brief":
        _words(made, record)
    _code(made, "gmd:spatialRepresentationType", "MD_SpatialRepresentationTypeCode",
          REPRESENTATIONS.get(record.kind, "textTable"))  # fmt: skip
    _code(made, "gmd:language", "LanguageCode", _language(record))
    add(add(made, "gmd:topicCategory"), "gmd:MD_TopicCategoryCode", "geoscientificInformation")
    _extent(made, record)


def _words(made: etree._Element, record: Record) -> None:
    """Who is asked, keywords, and what may be done with it."""
    for party in record.parties:
        _party(add(made, "gmd:pointOfContact"), party)
    words = [*record.keywords, *(quantity.name for quantity in record.quantities)]
    if words:
        keywords = add(add(made, "gmd:descriptiveKeywords"), "gmd:MD_Keywords")
        for word in words:
            _text(keywords, "gmd:keyword", word)
    if record.licence:
        constraints = add(add(made, "gmd:resourceConstraints"), "gmd:MD_LegalConstraints")
        _code(constraints, "gmd:useConstraints", "MD_RestrictionCode", "otherRestrictions")
        _text(constraints, "gmd:otherConstraints", record.licence)


def _extent(made: etree._Element, record: Record) -> None:
    if record.bbox is None and record.time is None:
        return
    extent = add(add(made, "gmd:extent"), "gmd:EX_Extent")
    if record.bbox is not None:
        west, south, east, north = record.bbox
        box = add(add(extent, "gmd:geographicElement"), "gmd:EX_GeographicBoundingBox")
        sides = {"westBoundLongitude": west, "eastBoundLongitude": east, "southBoundLatitude": south,
                 "northBoundLatitude": north}  # fmt: skip
        for side, degrees in sides.items():
            add(add(box, f"gmd:{side}"), "gco:Decimal", repr(float(degrees)))
    if record.time is not None and (record.time.start or record.time.end):
        inner = add(add(add(extent, "gmd:temporalElement"), "gmd:EX_TemporalExtent"), "gmd:extent")
        period = add(inner, "gml:TimePeriod")
        period.set(name("gml:id"), f"time-{record.sequence}")
        for word, moment in (("gml:beginPosition", record.time.start), ("gml:endPosition", record.time.end)):
            add(period, word, moment, **({} if moment else {"indeterminatePosition": "unknown"}))


def _distribution(parent: etree._Element, base: str, record: Record) -> None:
    made = add(parent, "gmd:MD_Distribution")
    options = add(add(made, "gmd:transferOptions"), "gmd:MD_DigitalTransferOptions")
    for address, media_type in references(base, record):
        resource = add(add(options, "gmd:onLine"), "gmd:CI_OnlineResource")
        add(add(resource, "gmd:linkage"), "gmd:URL", address)
        _text(resource, "gmd:protocol", "WWW:LINK-1.0-http--link")
        _text(resource, "gmd:name", media_type)


def _lineage(parent: etree._Element, record: Record) -> None:
    made = add(parent, "gmd:DQ_DataQuality")
    scope = add(add(made, "gmd:scope"), "gmd:DQ_Scope")
    _code(scope, "gmd:level", "MD_ScopeCode", "dataset")
    lineage = add(add(made, "gmd:lineage"), "gmd:LI_Lineage")
    run = record.lineage.run
    files = ", ".join(file.path for file in record.lineage.files)
    said = (
        f"made by {run.process} {run.process_version}"
        if run
        else f"read from {files}"
        if files
        else "not stated"
    )
    _text(lineage, "gmd:statement", said)
