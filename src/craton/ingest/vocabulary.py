"""Vocabularies: SKOS concept schemes in any RDF syntax, as one row a concept with its labels by language."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec
import pandas as pd
import pyoxigraph as ox

from craton.ingest import json_text
from craton.ingest.vector_metadata import state_licence
from craton.model.data import ColumnNote, Document, Draft
from craton.model.errors import RefusedError
from craton.model.record import LanguageMap, Party
from craton.process.readers import Source, reader

SYNTAXES = {
    ".ttl": (ox.RdfFormat.TURTLE, "text/turtle"),
    ".nt": (ox.RdfFormat.N_TRIPLES, "application/n-triples"),
    ".nq": (ox.RdfFormat.N_QUADS, "application/n-quads"),
    ".trig": (ox.RdfFormat.TRIG, "application/trig"),
    ".rdf": (ox.RdfFormat.RDF_XML, "application/rdf+xml"),
    ".owl": (ox.RdfFormat.RDF_XML, "application/rdf+xml"),
    ".skos": (ox.RdfFormat.RDF_XML, "application/rdf+xml"),
    ".jsonld": (ox.RdfFormat.JSON_LD, "application/ld+json"),
}

STATEMENT_LIMIT = 2_000_000
TEXT_BYTES = 1 << 20
ENTITY_WITHIN = re.compile(rb"<!ENTITY\s+\S+\s+(?:SYSTEM|PUBLIC|\"[^\"]*&|'[^']*&)", re.IGNORECASE)
"""An entity made of entities, or taken from elsewhere: neither is followed."""

SKOS = "http://www.w3.org/2004/02/skos/core#"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
TERMS = "http://purl.org/dc/terms/"
SCHEMA = "https://schema.org/"
TIME = "http://www.w3.org/2006/time#"

LABEL, ALTERNATIVE = f"{SKOS}prefLabel", f"{SKOS}altLabel"
CONCEPT, SCHEME = f"{SKOS}Concept", f"{SKOS}ConceptScheme"
DEFINITIONS = (f"{SKOS}definition", f"{TERMS}description", "http://www.w3.org/2000/01/rdf-schema#comment")

RELATIONS = {
    "notation": f"{SKOS}notation",
    "broader": f"{SKOS}broader",
    "scheme": f"{SKOS}inScheme",
    "top_concept_of": f"{SKOS}topConceptOf",
    "exact_match": f"{SKOS}exactMatch",
    "close_match": f"{SKOS}closeMatch",
    "rank": "http://resource.geosciml.org/ontology/timescale/gts#rank",
    "order": "http://www.w3.org/ns/shacl#order",
    "color": f"{SCHEMA}color",
}
"""Columns of a concept that hold identifiers or short texts, several of them apart by a blank."""

AGE_BOUNDS = {"beginning": f"{TIME}hasBeginning", "end": f"{TIME}hasEnd"}
AGES = ("http://resource.geosciml.org/classifier/ics/ischart/inMYA", f"{TIME}numericPosition")
AGE_MARGIN = f"{SCHEMA}marginOfError"
POSITION = f"{TIME}inTemporalPosition"

CHART_TITLE = "http://resource.geosciml.org/ontology/ics-visual-chart/ChartTitle"
"""Where the chronostratigraphic chart keeps its title: its concept scheme has no label."""

SCHEME_LICENCES = (f"{TERMS}license", f"{SCHEMA}license", f"{TERMS}rights")
SCHEME_PROPERTIES = {
    "created": f"{TERMS}created",
    "modified": f"{TERMS}modified",
    "version": "http://www.w3.org/2002/07/owl#versionInfo",
}
PUBLISHERS = (f"{TERMS}publisher", f"{TERMS}creator")
NAMES = (f"{SCHEMA}name", "http://xmlns.com/foaf/0.1/name", "http://www.w3.org/2000/01/rdf-schema#label")

KEPT = {
    TYPE, LABEL, ALTERNATIVE, AGE_MARGIN, POSITION, f"{SKOS}hasTopConcept", *DEFINITIONS, *RELATIONS.values(),
    *AGE_BOUNDS.values(), *AGES, *SCHEME_LICENCES, *SCHEME_PROPERTIES.values(), *PUBLISHERS, *NAMES,
}  # fmt: skip

SCRIPTS = {"lo": (0x0E80, 0x0EFF), "km": (0x1780, 0x17FF), "th": (0x0E00, 0x0E7F), "my": (0x1000, 0x109F)}
"""Unicode block of a language's letters; text without any of them was typed for a legacy font."""

LANGUAGE_TAG = re.compile(r"[a-z]{2,3}(-[a-z]{4})?(-([a-z]{2}|\d{3}))?(-[a-z\d]{4,8})*", re.IGNORECASE)


class Term(NamedTuple):
    """The object of a statement: an identifier, or a text with its language."""

    text: str
    language: str = ""


Graph = dict[str, dict[str, list[Term]]]
"""Subject → predicate → objects, for the predicates in `KEPT`."""


class Parsed(NamedTuple):
    """Statements of a file, and the fault that strict parsing met."""

    graph: Graph
    fault: str


@reader("vocabulary", suffixes=tuple(SYNTAXES), order=20)
def read_vocabulary(source: Source) -> Iterator[Draft]:
    """Read a SKOS vocabulary as a table; RDF of another kind stays a document."""
    syntax, media_type = SYNTAXES[source.path.suffix.lower()]
    _check_safe(source, syntax)
    graph, fault = parse(source, syntax)
    concepts = [
        subject for subject, facts in graph.items() if any(t.text == CONCEPT for t in facts.get(TYPE, ()))
    ]
    draft = _table(graph, concepts) if concepts else _document(source, media_type)
    _describe(draft, graph)
    if fault:
        draft.find("format-recovered", message=fault)
    yield draft


def _check_safe(source: Source, syntax: ox.RdfFormat) -> None:
    if syntax == ox.RdfFormat.JSON_LD:
        json_text.check(json_text.open_json(source.path, source.scratch).data)
    if syntax == ox.RdfFormat.RDF_XML:
        with source.path.open("rb") as stream:
            if ENTITY_WITHIN.search(stream.read(TEXT_BYTES)):
                raise RefusedError(
                    "unsupported",
                    f"{source.name} declares XML entities that are made of others",
                    hint="save it as Turtle",
                )


def parse(source: Source, syntax: ox.RdfFormat) -> Parsed:
    """Statements of `source`: strictly, else past small faults such as malformed language tags.

    Raises
    ------
    RefusedError
        `corrupt` when it is not RDF, `unsupported` when its JSON-LD context
        is elsewhere (nothing is fetched), `too-large` past the limit.
    """
    try:
        return Parsed(_graph(source, syntax, lenient=False), "")
    except SyntaxError as error:
        fault = " ".join(str(error).split())
    try:
        return Parsed(_graph(source, syntax, lenient=True), fault)
    except SyntaxError as error:
        raise _refusal(source, fault) from error


def _refusal(source: Source, fault: str) -> RefusedError:
    if "LoadDocumentCallback" in fault:
        return RefusedError(
            "unsupported",
            f"{source.name} keeps its JSON-LD context elsewhere",
            hint="write the context into the file",
        )
    if not source.path.stat().st_size:
        return RefusedError("empty", f"{source.name} has no content", hint="export it again")
    return RefusedError(
        "corrupt", f"{source.name} is not RDF ({fault})", hint="correct that place, or export it again"
    )


def _graph(source: Source, syntax: ox.RdfFormat, *, lenient: bool) -> Graph:
    graph: Graph = defaultdict(lambda: defaultdict(list))
    statements = ox.parse(path=str(source.path), format=syntax, lenient=lenient, base_iri="urn:craton:file")
    for number, statement in enumerate(statements):
        if number >= STATEMENT_LIMIT:
            raise RefusedError(
                "too-large", f"{source.name} has more than {STATEMENT_LIMIT:,} statements", hint="split it"
            )
        if statement.predicate.value in KEPT:
            term = statement.object
            language = term.language or "" if isinstance(term, ox.Literal) else ""
            graph[_name(statement.subject)][statement.predicate.value].append(Term(_name(term), language))
    return {subject: dict(facts) for subject, facts in graph.items()}


def _name(term: Any) -> str:
    return str(term.value) if hasattr(term, "value") else str(term)


def _document(source: Source, media_type: str) -> Draft:
    with source.path.open("rb") as stream:
        text = stream.read(TEXT_BYTES).decode("utf-8", "ignore")
    return Draft(data=Document(text=text, media_type=media_type), kind="document")


def _table(graph: Graph, concepts: list[str]) -> Draft:
    tops = {t.text for facts in graph.values() for t in facts.get(f"{SKOS}hasTopConcept", ())}
    rows = [_row(graph, concept, concept in tops) for concept in concepts]
    present = {column for row in rows for column, value in row.items() if value is not None}
    table = pd.DataFrame(rows)
    draft = Draft(data=table[[c for c in _ordered(table.columns) if c in present]], kind="table")
    _note_ages(draft, present)
    _note_scripts(draft, graph, concepts)
    return draft


def _ordered(columns: Iterable[str]) -> list[str]:
    """Columns with identifiers first, then labels (English before the others), then the rest as they came."""
    first = ["uri", "name", "notation", "label", "label_en"]
    names = list(columns)
    labels = sorted(name for name in names if name.startswith("label_") and name not in first)
    head = [name for name in first if name in names] + labels
    return head + [name for name in names if name not in head]


def _row(graph: Graph, concept: str, is_top: bool) -> dict[str, Any]:
    facts = graph[concept]
    row: dict[str, Any] = {"uri": concept, "name": re.split(r"[/#]", concept.rstrip("/#"))[-1]}
    for label in facts.get(LABEL, ()):
        column = _label_column(label.language)
        row[column] = f"{row[column]}; {label.text}" if column in row else label.text
    row["alternative_labels"] = _alternatives(facts.get(ALTERNATIVE, []))
    row["definition"] = _preferred([t for predicate in DEFINITIONS for t in facts.get(predicate, ())])
    for column, predicate in RELATIONS.items():
        row[column] = " ".join(t.text for t in facts.get(predicate, ())) or None
    row["top_concept"] = is_top or f"{SKOS}topConceptOf" in facts
    return row | _ages(graph, facts)


def _label_column(language: str) -> str:
    return f"label_{language.lower().replace('-', '_')}" if language else "label"


def _alternatives(labels: list[Term]) -> str | None:
    """Alternative labels as JSON text, by language."""
    by_language: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        by_language[label.language or "und"].append(label.text)
    return msgspec.json.encode(by_language).decode() if by_language else None


def _preferred(terms: list[Term]) -> str | None:
    """The English text, else one without a language, else any."""
    for language in ("en", ""):
        for term in terms:
            if term.language.lower().split("-")[0] == language:
                return term.text
    return terms[0].text if terms else None


def _ages(graph: Graph, facts: dict[str, list[Term]]) -> dict[str, float | None]:
    """Numeric ages of a time unit's bounds in millions of years before present, with their margins."""
    ages: dict[str, float | None] = {}
    for bound, predicate in AGE_BOUNDS.items():
        nodes = [graph.get(t.text, {}) for t in facts.get(predicate, ())]
        nodes += [graph.get(t.text, {}) for node in nodes for t in node.get(POSITION, ())]
        ages[f"{bound}_ma"] = _number(nodes, AGES)
        ages[f"{bound}_margin_ma"] = _number(nodes, (AGE_MARGIN,))
    return ages


def _number(nodes: list[dict[str, list[Term]]], predicates: tuple[str, ...]) -> float | None:
    for text in (t.text for node in nodes for predicate in predicates for t in node.get(predicate, ())):
        try:
            return float(text)
        except ValueError:
            continue
    return None


def _note_ages(draft: Draft, present: set[str]) -> None:
    for bound in AGE_BOUNDS:
        for column, words in ((f"{bound}_ma", "Age"), (f"{bound}_margin_ma", "Margin of the age")):
            if column in present:
                title = f"{words} of the {bound}, millions of years before present"
                draft.notes[column] = ColumnNote(unit="Ma", title=title)


def _note_scripts(draft: Draft, graph: Graph, concepts: list[str]) -> None:
    """Count labels whose text holds no letter of the script their language is written in."""
    labels = [t for c in concepts for predicate in (LABEL, ALTERNATIVE) for t in graph[c].get(predicate, ())]
    for language, (first, last) in SCRIPTS.items():
        own = [t.text for t in labels if t.language.lower().split("-")[0] == language]
        foreign = sum(not any(first <= ord(letter) <= last for letter in text) for text in own)
        if foreign:
            draft.find(
                "label-legacy-font", foreign, f"{foreign} of {len(own)} labels", where=f"language {language}"
            )


def _describe(draft: Draft, graph: Graph) -> None:
    """Title, description, licence and publisher as the concept scheme states them."""
    scheme = next((f for f in graph.values() if any(t.text == SCHEME for t in f.get(TYPE, ()))), {})
    labels = scheme.get(LABEL) or graph.get(CHART_TITLE, {}).get(LABEL, [])
    draft.titles = _languages(labels)
    draft.title = _preferred(labels) or ""
    draft.description = _preferred([t for predicate in DEFINITIONS for t in scheme.get(predicate, ())]) or ""
    for term in (t for predicate in SCHEME_LICENCES for t in scheme.get(predicate, ())):
        state_licence(draft, term.text)
    for key, predicate in SCHEME_PROPERTIES.items():
        if predicate in scheme:
            draft.properties[key] = scheme[predicate][0].text
    draft.parties = tuple(_parties(graph, scheme))


def _languages(labels: list[Term]) -> LanguageMap:
    """Labels by language, those with a malformed language tag left out."""
    sound = [t for t in labels if not t.language or LANGUAGE_TAG.fullmatch(t.language)]
    return {t.language or "und": t.text for t in reversed(sound)}


def _parties(graph: Graph, scheme: dict[str, list[Term]]) -> Iterator[Party]:
    publishers = dict.fromkeys(t.text for predicate in PUBLISHERS[:1] for t in scheme.get(predicate, ()))
    for publisher in publishers:
        facts = graph.get(publisher, {})
        name = _preferred([t for predicate in NAMES for t in facts.get(predicate, ())])
        yield Party(name=name or publisher, role="publisher")
