"""Feature types of the Web Feature Service: names that XML takes, for datasets and for their columns."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property

from craton.model.errors import CratonError, InvalidError
from craton.model.record import Record
from craton.store.feature_columns import FeatureColumn
from craton.store.feature_index import FeatureIndex
from craton.web.crs_negotiation import System, system_of
from craton.web.features_open import opened
from craton.web.site import Site

PREFIX = "craton"
NAMESPACE = "urn:craton:features"
GEOMETRY = "geometry"

GML = "http://www.opengis.net/gml/3.2"
WFS = "http://www.opengis.net/wfs/2.0"
FES = "http://www.opengis.net/fes/2.0"

LATITUDE_FIRST = "urn:ogc:def:crs:EPSG::4326"
"""System of positions where none is asked for: latitude comes first in it."""

_UNFIT = re.compile(r"[^\w.-]")


class ServiceError(InvalidError):
    """What goes wrong in the words of OWS: a code of theirs, and the parameter that is at fault."""

    def __init__(self, code: str, locator: str, message: str) -> None:
        super().__init__(message)
        self.code, self.locator = code, locator


def xml_name(text: str) -> str:
    """`text` as a name in XML: letters, digits, `_`, `-` and `.`, a letter or `_` first."""
    name = _UNFIT.sub("_", text)
    return name if re.match(r"[^\W\d]", name) else f"_{name}"


@dataclass(frozen=True)
class FeatureType:
    """One dataset as a type of features."""

    record: Record
    index: FeatureIndex

    @property
    def name(self) -> str:
        """Name without its prefix."""
        return xml_name(self.record.id)

    @cached_property
    def elements(self) -> dict[str, FeatureColumn]:
        """Columns by the name of their element; all differ, also from that of the geometry."""
        found: dict[str, FeatureColumn] = {}
        for column in self.index.columns:
            name, number = xml_name(column.name), 1
            while name in found or name == GEOMETRY:
                number += 1
                name = f"{xml_name(column.name)}_{number}"
            found[name] = column
        return found

    def column(self, name: str) -> FeatureColumn:
        """Column that a client names, with or without a prefix."""
        bare = local(name)
        by_own = {column.name: column for column in self.index.columns}
        column = self.elements.get(bare) or by_own.get(bare)
        if column is None:
            raise ServiceError(
                "InvalidParameterValue", "valueReference", f"{self.name} has no property {bare[:60]!r}"
            )
        return column


def local(name: str) -> str:
    """A name without its prefix, and without a path before it."""
    return name.strip().rpartition("/")[2].rpartition(":")[2]


def feature_type(site: Site, name: str, locator: str = "typeNames") -> FeatureType:
    """Feature type `name`, if this visitor may read it."""
    bare = local(name)
    for id in (bare, bare.removeprefix("_")):
        try:
            found = opened(site, id)
        except CratonError:
            continue
        site.visit.open(found.record, "read")
        return FeatureType(found.record, found.index)
    raise ServiceError("InvalidParameterValue", locator, f"there is no feature type {name[:80]!r}")


def system_named(text: str, locator: str = "srsName") -> System:
    """System that a client names; `EPSG:n` puts east first, URN and URI have the order of the authority."""
    try:
        found = system_of(text.replace("http://www.opengis.net/gml/srs/epsg.xml#", "EPSG:"), locator)
    except InvalidError as error:
        raise ServiceError("InvalidParameterValue", locator, error.message) from error
    is_short = text.upper().startswith("EPSG:") or "epsg.xml#" in text
    return replace(found, is_swapped=False) if is_short else found


def urn_of(system: System) -> str:
    """URN of a system."""
    authority, _colon, code = system.name.partition(":")
    return f"urn:ogc:def:crs:{authority}:{'1.3' if authority == 'OGC' else ''}:{code}"
