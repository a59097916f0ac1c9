"""What the files beside a Geosoft grid say of it: title and reference system."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from lxml import etree

from craton.model import crs as systems
from craton.model.errors import InvalidError

METADATA_BYTES = 8 << 20
"""Largest metadata file in bytes that is read."""

NO_SYSTEM = {"unknown", "none", ""}
GEOSOFT = "{http://www.geosoft.com/schema/geo}"


class Metadata(NamedTuple):
    """Title and reference system; `crs_unknown` is what was stated but not understood."""

    title: str = ""
    crs: str = ""
    crs_unknown: str = ""


def metadata_of(companions: Iterable[Path]) -> Metadata:
    """Metadata in the `.xml`, else in the `.prj` or `.gi` among `companions`."""
    by_suffix = {path.suffix.lower(): path for path in companions if path.stat().st_size <= METADATA_BYTES}
    title, stated = "", ""
    if ".xml" in by_suffix:
        title, stated = _from_xml(by_suffix[".xml"].read_bytes())
    if not stated and ".prj" in by_suffix:
        stated = by_suffix[".prj"].read_text("utf-8", "replace").strip()
    if not stated and ".gi" in by_suffix:
        stated = _from_binary(by_suffix[".gi"].read_bytes())
    if not stated:
        return Metadata(title)
    try:
        return Metadata(title, systems.normalise(stated))
    except InvalidError:
        return Metadata(title, crs_unknown=stated[:120])


def _from_xml(content: bytes) -> tuple[str, str]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True)
    try:
        root = etree.fromstring(content, parser)
    except etree.LxmlError:
        return "", ""
    if root is None:
        return "", ""
    title = (root.findtext(f".//{GEOSOFT}title") or "").strip()
    projection = root.find(f".//{GEOSOFT}projection")
    return title, "" if projection is None else _named(projection)


def _named(projection: etree._Element) -> str:
    """System by EPSG code, else by its name, else empty."""
    code = (projection.get("wellknown_epsg") or "").strip()
    if code.isdigit():
        return f"EPSG:{code}"
    name = (projection.get("name") or "").strip()
    unknown = (projection.get("type") or "").lower() in NO_SYSTEM or name.lower() in NO_SYSTEM
    return "" if unknown else name


def _from_binary(content: bytes) -> str:
    """System in the Geosoft XML that the binary companion may embed."""
    found = re.search(rb'wellknown_epsg="(\d{4,6})"', content)
    return f"EPSG:{found[1].decode()}" if found else ""
