"""What is asked of CSW, by an address or a body, as a query of the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from lxml import etree

from craton.model.cql2 import Expression, Literal, Operation, Property, parts
from craton.model.permission import visible_to
from craton.store.record_filter import check_filter, conjuncts
from craton.store.record_order import KEYS
from craton.store.search import Key, Query
from craton.web.csw_filter import ANY_TEXT, expression_of, expression_of_text, own_name
from craton.web.csw_xml import CSW, GMD, OwsError, local, parse, text
from craton.web.queries import MOST
from craton.web.site import Site, is_number

SCHEMAS = {CSW: "csw:Record", GMD: "gmd:MD_Metadata"}
"""Schemas of records, and the type of each."""

ELEMENT_SETS = ("brief", "summary", "full")
RESULT_TYPES = ("hits", "results", "validate")

PARAMETERS = (
    "service", "version", "request", "acceptversions", "sections", "updatesequence", "acceptformats",
    "namespace", "typename", "typenames", "schemalanguage", "outputformat", "outputschema", "elementsetname",
    "elementname", "constraintlanguage", "constraint_language_version", "constraint", "sortby",
    "startposition", "maxrecords", "resulttype", "requestid", "distributedsearch", "hopcount",
    "responsehandler", "id",
)  # fmt: skip
"""Parameters of CSW, of all its requests, in small letters."""

DEFAULT_RECORDS = 10


@dataclass(frozen=True)
class AskedCsw:
    """What is asked of CSW.

    Parameters
    ----------
    request : str
        Name of the operation.
    given : mapping
        Its parameters by their names in small letters.
    condition : Expression or None
        Condition on the records.
    """

    request: str
    given: Mapping[str, str]
    condition: Expression | None = None

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        """One of some words."""
        value = self.given.get(name) or default
        if value not in allowed:
            raise OwsError("InvalidParameterValue", f"{name} must be one of {', '.join(allowed)}", name)
        return value

    def number(self, name: str, default: int, least: int) -> int:
        """A whole number."""
        value = self.given.get(name) or str(default)
        if not is_number(value) or int(value) < least:
            raise OwsError("InvalidParameterValue", f"{name} must be a whole number, at least {least}", name)
        return int(value)

    @property
    def schema(self) -> str:
        """Schema that records are wanted in."""
        return self.choice("outputschema", tuple(SCHEMAS), CSW)


def asked_of_pairs(pairs: list[tuple[str, str]]) -> AskedCsw:
    """What the query of an address asks."""
    given = {name.lower(): value for name, value in pairs}
    unknown = sorted(set(given) - set(PARAMETERS))
    if unknown:
        raise OwsError(
            "InvalidParameterValue", f"{unknown[0][:40]!r} is no parameter of CSW", unknown[0][:40]
        )
    if given.get("service", "CSW").upper() != "CSW":
        raise OwsError("InvalidParameterValue", "service must be CSW", "service")
    if "service" not in given:
        raise OwsError("MissingParameterValue", "service=CSW is missing", "service")
    if not given.get("request"):
        raise OwsError("MissingParameterValue", "request is missing", "request")
    condition = None
    if said := given.get("constraint"):
        language = given.get("constraintlanguage", "CQL_TEXT").upper()
        if language not in {"CQL_TEXT", "FILTER"}:
            raise OwsError(
                "InvalidParameterValue", "constraintLanguage is CQL_TEXT or FILTER", "constraintLanguage"
            )
        is_text = language == "CQL_TEXT"
        condition = (
            expression_of_text(said) if is_text else expression_of(parse(said.encode("utf-8", "replace")))
        )
    return AskedCsw(given["request"], given, condition)


def asked_of_xml(body: bytes) -> AskedCsw:
    """What was posted."""
    document = parse(body)
    given = {str(key).lower(): str(value) for key, value in document.attrib.items() if "{" not in str(key)}
    if given.get("service", "CSW").upper() != "CSW":
        raise OwsError("InvalidParameterValue", "service must be CSW", "service")
    condition = None
    for one in document.iter():
        word = local(one)
        if word == "Query":
            given["typenames"] = one.get("typeNames", "")
        elif word in {"ElementSetName", "ElementName", "OutputSchema", "TypeName"}:
            given[word.lower()] = text(one)
        elif word == "Id":
            given["id"] = ",".join(filter(None, (given.get("id", ""), text(one))))
        elif word == "SortProperty":
            given["sortby"] = ",".join(filter(None, (given.get("sortby", ""), _sort_word(one))))
        elif word == "Constraint":
            condition = _constraint(one)
    return AskedCsw(local(document), given, condition)


def _sort_word(one: etree._Element) -> str:
    said = {local(part): text(part) for part in one}
    return f"{said.get('PropertyName', '')}:{(said.get('SortOrder') or 'ASC')[:1].upper()}"


def _constraint(one: etree._Element) -> Expression:
    for part in one:
        if local(part) == "Filter":
            return expression_of(part)
        if local(part) == "CqlText":
            return expression_of_text(text(part))
    raise OwsError("InvalidParameterValue", "a constraint is a Filter or CqlText", "Constraint")


def query_of(site: Site, asked: AskedCsw) -> Query:
    """Query for the records that are wanted."""
    most = min(asked.number("maxrecords", DEFAULT_RECORDS, 0), MOST)
    query = Query(
        visibility=visible_to(site.actor),
        limit=most,
        offset=asked.number("startposition", 1, 1) - 1,
        sort=_sort(asked.given.get("sortby", "")),
    )
    if asked.condition is None:
        return query
    texts, condition = _split(asked.condition)
    if condition is not None:
        check_filter(condition)
    return replace(query, text=" ".join(texts), filter=condition)


def _sort(words: str) -> tuple[Key, ...]:
    """Keys of `title:A,modified:D`."""
    keys = []
    for word in filter(None, (word.strip() for word in words.split(","))):
        name, _, direction = word.rpartition(":")
        if direction.upper() not in {"A", "D", "ASC", "DESC"}:
            name, direction = word, "A"
        own = own_name(name)
        own = "datetime" if own == "time" else own
        if own not in KEYS:
            raise OwsError("InvalidParameterValue", f"records cannot be sorted by {name[:40]!r}", "sortBy")
        keys.append(Key(own, direction.upper().startswith("D")))
    return tuple(keys)


def _split(condition: Expression) -> tuple[list[str], Expression | None]:
    """Words that must be said somewhere, which the index of words answers, and the rest."""
    texts: list[str] = []
    others: list[Expression] = []
    for one in conjuncts(condition):
        said = _words(one)
        if said is None:
            others.append(_without_any_text(one))
        elif said:
            texts.append(said)
    if len(others) > 1:
        return texts, Operation("and", tuple(others))
    return texts, others[0] if others else None


def _words(one: Expression) -> str | None:
    """Words that a condition on any text asks for; `None` for another condition."""
    if not isinstance(one, Operation) or one.op not in {"like", "="}:
        return None
    names = [part.name for part in parts(one.args[0]) if isinstance(part, Property)]
    values = [part.value for part in parts(one.args[1]) if isinstance(part, Literal)]
    if names != [ANY_TEXT] or len(values) != 1 or not isinstance(values[0], str):
        return None
    return values[0].replace("%", " ").replace("_", " ").replace("\\", " ").strip()


def _without_any_text(one: Expression) -> Expression:
    """A condition within others in which any text is one of those that are kept apart."""
    if not isinstance(one, Operation):
        return one
    if _words(one) is not None:
        return Operation("or", tuple(_about(one, name) for name in ("title", "description", "keywords")))
    return Operation(one.op, tuple(_without_any_text(part) for part in one.args))


def _about(one: Operation, name: str) -> Operation:
    _, pattern = one.args
    return Operation(one.op, (Operation("casei", (Property(name),)), Operation("casei", (pattern,))))
