"""What is asked of the Web Feature Service: an address or a document, read into the same form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from craton.web.wfs_filter import Node, parse_xml, tag_of, text_of
from craton.web.wfs_types import LATITUDE_FIRST, ServiceError

BY_ID = "urn:ogc:def:query:OGC-WFS::GetFeatureById"

DEFAULT_COUNT = 10_000
"""Features of a reply at most."""

MOST_DIGITS = 15

OLD_NAMES = {
    "typename": "typenames", "maxfeatures": "count", "featureid": "resourceid",
    "storedqueryid": "storedquery_id",
}  # fmt: skip
"""Names of parameters in older versions."""


@dataclass
class Asked:
    """One request.

    Parameters
    ----------
    given : mapping
        Parameters by their names in lower case.
    filter : element or None
        Filter of a document.
    """

    given: Mapping[str, str]
    filter: Node | None = field(default=None)

    def get(self, name: str, default: str = "") -> str:
        """Value of a parameter."""
        return self.given.get(name.lower(), default)

    def words(self, name: str) -> list[str]:
        """Words of a parameter that lists them."""
        return [one for one in re.split(r"[,\s]+", self.get(name).replace("(", " ").replace(")", " ")) if one]

    def number(self, name: str, default: int) -> int:
        """Whole number of a parameter."""
        text = self.get(name)
        if not text:
            return default
        if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
            raise ServiceError(
                "InvalidParameterValue", name, f"{name} must be a whole number, not {text[:40]!r}"
            )
        return int(text)

    @property
    def srs(self) -> str:
        """System of the positions of the reply."""
        return self.get("srsName") or LATITUDE_FIRST


def of_address(given: Mapping[str, str]) -> Asked:
    """Request of the parameters of an address."""
    return Asked({OLD_NAMES.get(name, name): value for name, value in given.items()})


def of_document(data: bytes) -> Asked:
    """Request of a document."""
    root = parse_xml(data)
    attributes = {str(name).lower(): str(value) for name, value in root.attrib.items()}
    given = {OLD_NAMES.get(name, name): value for name, value in attributes.items()}
    given["request"] = tag_of(root)
    queries = [one for one in root if tag_of(one) in {"Query", "StoredQuery"}]
    if len(queries) > 1:
        raise ServiceError("OptionNotSupported", "Query", "a request has one query here")
    names = [one.text or "" for one in root if tag_of(one) in {"TypeName", "StoredQueryId"}]
    if names:
        given["storedquery_id" if tag_of(root) == "DescribeStoredQueries" else "typenames"] = ",".join(names)
    return _of_query(queries[0], given) if queries else Asked(given)


def _of_query(query: Node, given: dict[str, str]) -> Asked:
    if tag_of(query) == "StoredQuery":
        given["storedquery_id"] = query.get("id") or ""
        for one in query:
            given[(one.get("name") or "").lower()] = text_of(one).strip()
        return Asked(given)
    given["typenames"] = query.get("typeNames") or query.get("typeName") or ""
    if query.get("srsName"):
        given["srsname"] = query.get("srsName") or ""
    given["propertyname"] = ",".join(one.text or "" for one in query if tag_of(one) == "PropertyName")
    given["sortby"] = ",".join(
        " ".join(filter(None, (part.text for part in one)))
        for sort in query if tag_of(sort) == "SortBy" for one in sort
    )  # fmt: skip
    return Asked(given, next((one for one in query if tag_of(one) == "Filter"), None))
