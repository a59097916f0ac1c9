"""What the metadata files beside a vector file say: title, abstract, keywords, licence."""

from __future__ import annotations

from pathlib import Path

from lxml import etree

from craton.model.data import Draft
from craton.model.licences import licence_from_text
from craton.process.readers import Source

METADATA_BYTES = 4 << 20
TEXT_LIMIT = 5_000
SHORT_LICENCE = 80

XML_PLACES = {
    "title": ("citation/citeinfo/title", "idCitation/resTitle", "CI_Citation/title", "qgis/title"),
    "description": (
        "descript/abstract",
        "dataIdInfo/idAbs",
        "MD_DataIdentification/abstract",
        "qgis/abstract",
    ),
    "licence": ("idinfo/useconst", "Consts/useLimit", "MD_LegalConstraints/useLimitation", "qgis/license"),
    "keywords": ("theme/themekey", "searchKeys/keyword", "MD_Keywords/keyword", "qgis/keywords/keyword"),
}
"""Where FGDC, Esri, ISO 19139 and QGIS metadata keep each thing: the last steps of the path."""

METADATA_SUFFIXES = (".shp.xml", ".xml", ".qmd")
LICENCE_SUFFIXES = (".license", ".licence")


def apply(draft: Draft, source: Source) -> None:
    """Complete `draft` with what the metadata and licence files of `source` say."""
    metadata = source.sibling(*METADATA_SUFFIXES)
    if metadata is not None:
        _apply_xml(draft, metadata)
    licence = source.sibling(*LICENCE_SUFFIXES)
    if licence is not None:
        state_licence(draft, licence.read_bytes()[:METADATA_BYTES].decode("utf-8", "replace"))


def state_licence(draft: Draft, text: str) -> None:
    """Set the licence that `text` names, if it is a known one or short enough to be a name."""
    text = " ".join(text.split())
    known = licence_from_text(text)
    draft.licence = draft.licence or known or (text if len(text) <= SHORT_LICENCE else "")


def safe_parser(*, recover: bool = False) -> etree.XMLParser:
    """A parser that looks up no entity, inside or outside, and gives up on unreasonable nesting."""
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=recover
    )


def _apply_xml(draft: Draft, path: Path) -> None:
    if path.stat().st_size > METADATA_BYTES:
        return
    try:
        root = etree.fromstring(path.read_bytes(), safe_parser())
    except etree.XMLSyntaxError as error:
        draft.find("metadata-invalid", message=f"{path.name} is not XML ({error.msg})", where=path.name)
        return
    found = {key: _texts(root, places) for key, places in XML_PLACES.items()}
    draft.title = draft.title or next(iter(found["title"]), "")
    draft.description = draft.description or next(iter(found["description"]), "")
    draft.keywords = draft.keywords or tuple(dict.fromkeys(found["keywords"]))
    if found["licence"]:
        state_licence(draft, found["licence"][0])


def _texts(root: etree._Element, places: tuple[str, ...]) -> list[str]:
    """Texts of the elements whose path ends as one of `places` does, namespaces aside."""
    paths = [place.split("/") for place in places]
    chosen = [one for one in root.iter(etree.Element) if any(_ends_with(one, path) for path in paths)]
    texts = [" ".join("".join(str(text) for text in one.itertext()).split())[:TEXT_LIMIT] for one in chosen]
    return [text for text in texts if text]


def _ends_with(element: etree._Element, steps: list[str]) -> bool:
    current: etree._Element | None = element
    for step in reversed(steps):
        if current is None or etree.QName(current).localname != step:
            return False
        current = current.getparent()
    return True
